//! COUNT, SUM and AVG.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, AsArray, Int64Array, PrimitiveArray};
use arrow::datatypes::{
    ArrowNativeTypeOp, DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type,
};
use millstream_expr::decimal::mean;
use millstream_types::{Error, Result};

use crate::aggregate::{Aggregate, Groups, GroupsAggregate};

/// The number of rows.
pub struct Count;

impl Aggregate for Count {
    type State = i64;
    type Input = ();
    type Value = i64;

    fn input(&self, _: &[ArrayRef]) -> Result<()> {
        Ok(())
    }

    fn add(&self, state: &mut i64, (): &(), _: usize, weight: i64, _: u64) {
        *state += weight;
    }

    fn merge(&self, into: &mut i64, from: &i64) -> Result<()> {
        *into += from;
        Ok(())
    }

    fn value(&self, state: &i64) -> i64 {
        *state
    }

    fn column(&self, values: Vec<i64>) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(values)))
    }
}

/// How the value of a group follows from sum and count; `None` is NULL.
type Finish<N> = fn(sum: N, count: i64, scale: i8, result: &DataType) -> Option<N>;

/// A sum with the number of values in it: NULL when there is none.
struct Sum<T: ArrowPrimitiveType> {
    /// The scale of decimal arguments.
    scale: i8,
    result: DataType,
    finish: Finish<T::Native>,
}

/// A value taken as many times as its weight says.
trait Weigh: ArrowNativeTypeOp {
    fn weigh(self, weight: i64) -> Self;
}

macro_rules! weigh {
    ($($native:ty),*) => {$(
        impl Weigh for $native {
            #[inline]
            fn weigh(self, weight: i64) -> Self {
                if weight == 1 { self } else { self.mul_wrapping(weight as Self) }
            }
        }
    )*};
}
weigh!(i8, i16, i32, i64, i128, f32, f64);

impl<T: ArrowPrimitiveType> Aggregate for Sum<T>
where
    T::Native: Weigh,
{
    type State = (T::Native, i64);
    type Input = PrimitiveArray<T>;
    type Value = Option<T::Native>;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Self::Input> {
        Ok(match arguments[0].as_primitive_opt::<T>() {
            Some(values) => values.clone(),
            // AVG adds in a wider type than it is given.
            None => arrow::compute::cast(&arguments[0], &T::DATA_TYPE)?.as_primitive::<T>().clone(),
        })
    }

    #[inline]
    fn add(&self, state: &mut Self::State, from: &Self::Input, row: usize, weight: i64, _: u64) {
        state.0 = state.0.add_wrapping(from.values()[row].weigh(weight));
        state.1 += weight;
    }

    fn merge(&self, into: &mut Self::State, from: &Self::State) -> Result<()> {
        into.0 = into.0.add_wrapping(from.0);
        into.1 += from.1;
        Ok(())
    }

    fn value(&self, (sum, count): &Self::State) -> Self::Value {
        if *count == 0 { None } else { (self.finish)(*sum, *count, self.scale, &self.result) }
    }

    fn column(&self, values: Vec<Self::Value>) -> Result<ArrayRef> {
        let values: PrimitiveArray<T> = values.into_iter().collect();
        match self.result {
            DataType::Decimal128(..) => Ok(Arc::new(values.with_data_type(self.result.clone()))),
            _ if self.result == T::DATA_TYPE => Ok(Arc::new(values)),
            _ => Ok(arrow::compute::cast(&values, &self.result)?),
        }
    }
}

fn groups<T: ArrowPrimitiveType>(
    argument: &DataType,
    result: &DataType,
    finish: Finish<T::Native>,
) -> Box<dyn GroupsAggregate>
where
    T::Native: Weigh,
{
    let scale = match argument {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    };
    Groups::of(Sum::<T> { scale, result: result.clone(), finish })
}

/// The state of SUM. Integers wrap, decimals that do not fit are NULL.
///
/// # Errors
/// For types that are no numbers.
pub fn sum(argument: &DataType, result: &DataType) -> Result<Box<dyn GroupsAggregate>> {
    fn same<N>(sum: N, _: i64, _: i8, _: &DataType) -> Option<N> {
        Some(sum)
    }
    Ok(match argument {
        DataType::Int8 => groups::<Int8Type>(argument, result, same),
        DataType::Int16 => groups::<Int16Type>(argument, result, same),
        DataType::Int32 => groups::<Int32Type>(argument, result, same),
        DataType::Int64 => groups::<Int64Type>(argument, result, same),
        DataType::Float32 => groups::<Float32Type>(argument, result, same),
        DataType::Float64 => groups::<Float64Type>(argument, result, same),
        DataType::Decimal128(..) => {
            groups::<Decimal128Type>(argument, result, |sum, _, _, result| {
                let DataType::Decimal128(precision, _) = result else { return None };
                (sum.unsigned_abs() < 10_u128.pow(u32::from(*precision))).then_some(sum)
            })
        }
        other => return Err(Error::Internal(format!("a sum of {other}"))),
    })
}

/// The state of AVG: that of integers is cut off towards zero.
///
/// # Errors
/// For types that are no numbers.
pub fn avg(argument: &DataType, result: &DataType) -> Result<Box<dyn GroupsAggregate>> {
    Ok(match argument {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            groups::<Int64Type>(argument, result, |sum, count, _, _| Some(sum.wrapping_div(count)))
        }
        DataType::Float32 | DataType::Float64 => {
            groups::<Float64Type>(argument, result, |sum, count, _, _| Some(sum / count as f64))
        }
        DataType::Decimal128(..) => {
            groups::<Decimal128Type>(argument, result, |sum, count, scale, result| match result {
                DataType::Decimal128(_, result_scale) => mean(sum, scale, count, *result_scale),
                _ => None,
            })
        }
        other => return Err(Error::Internal(format!("a mean of {other}"))),
    })
}
