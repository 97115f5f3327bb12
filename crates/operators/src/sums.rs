//! COUNT, SUM and AVG.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, AsArray, Int64Array, PrimitiveArray};
use arrow::datatypes::{
    ArrowNativeTypeOp, DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, i256,
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

/// How the value of a group follows from sum and count.
type Finish<N> = fn(sum: N, count: i64) -> N;

/// A sum with the number of values in it: NULL when there is none.
struct Sum<T: ArrowPrimitiveType> {
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
weigh!(i8, i16, i32, i64, f32, f64);

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
        (*count != 0).then(|| (self.finish)(*sum, *count))
    }

    fn column(&self, values: Vec<Self::Value>) -> Result<ArrayRef> {
        let values: PrimitiveArray<T> = values.into_iter().collect();
        if self.result == T::DATA_TYPE {
            return Ok(Arc::new(values));
        }
        Ok(arrow::compute::cast(&values, &self.result)?)
    }
}

/// A sum of decimals, or their mean: NULL when there is no value, and when the sum has more digits than a
/// decimal can have.
struct DecimalSum {
    /// That of the arguments.
    scale: i8,
    result: DataType,
    mean: bool,
}

/// A sum that is never out of range, so that values may be taken back from it in any order.
#[derive(Clone, Copy, Default)]
struct Wide {
    /// The sum, wrapped.
    low: i128,
    count: i64,
    /// How often it has wrapped: the sum is `low` and so many times 2^128.
    wraps: i64,
}

impl Wide {
    #[inline]
    fn add(&mut self, value: i128) {
        let (low, wrapped) = self.low.overflowing_add(value);
        self.low = low;
        if wrapped {
            self.wraps = self.wraps.wrapping_add(if value < 0 { -1 } else { 1 });
        }
    }

    fn add_times(&mut self, value: i128, times: i64) {
        match value.checked_mul(times.into()) {
            Some(product) => self.add(product),
            None => {
                let product = i256::from_i128(value).wrapping_mul(i256::from_i128(times.into()));
                let (low, high) = product.to_parts();
                // The upper half of what `low` can be stands for a negative number, and one wrap more.
                let low = low as i128;
                let wraps = (high as i64).wrapping_add(i64::from(low < 0));
                self.wraps = self.wraps.wrapping_add(wraps);
                self.add(low);
            }
        }
    }

    fn value(&self) -> Option<i128> {
        let fits = self.wraps == 0 && self.low.unsigned_abs() < DECIMAL_LIMIT;
        (fits && self.count != 0).then_some(self.low)
    }
}

/// The first number that no decimal holds.
const DECIMAL_LIMIT: u128 = 10_u128.pow(38);

impl Aggregate for DecimalSum {
    type State = Wide;
    type Input = PrimitiveArray<Decimal128Type>;
    type Value = Option<i128>;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Self::Input> {
        let values = arguments[0].as_primitive_opt::<Decimal128Type>();
        values.cloned().ok_or_else(|| Error::Internal("decimals of another type".to_owned()))
    }

    #[inline]
    fn add(&self, state: &mut Wide, from: &Self::Input, row: usize, weight: i64, _: u64) {
        state.count += weight;
        match weight {
            1 => state.add(from.values()[row]),
            _ => state.add_times(from.values()[row], weight),
        }
    }

    fn merge(&self, into: &mut Wide, from: &Wide) -> Result<()> {
        into.add(from.low);
        into.count += from.count;
        into.wraps = into.wraps.wrapping_add(from.wraps);
        Ok(())
    }

    fn value(&self, state: &Wide) -> Option<i128> {
        let DataType::Decimal128(precision, scale) = &self.result else { return None };
        let value = match self.mean {
            true => mean(state.value()?, self.scale, state.count, *scale)?,
            false => state.value()?,
        };
        (value.unsigned_abs() < 10_u128.pow(u32::from(*precision))).then_some(value)
    }

    fn column(&self, values: Vec<Option<i128>>) -> Result<ArrayRef> {
        let values: PrimitiveArray<Decimal128Type> = values.into_iter().collect();
        Ok(Arc::new(values.with_data_type(self.result.clone())))
    }
}

fn groups<T: ArrowPrimitiveType>(
    result: &DataType,
    finish: Finish<T::Native>,
) -> Box<dyn GroupsAggregate>
where
    T::Native: Weigh,
{
    Groups::of(Sum::<T> { result: result.clone(), finish })
}

fn decimals(scale: i8, result: &DataType, mean: bool) -> Box<dyn GroupsAggregate> {
    Groups::of(DecimalSum { scale, result: result.clone(), mean })
}

/// The state of SUM. Integers wrap, decimals that do not fit are NULL.
///
/// # Errors
/// For types that are no numbers.
pub fn sum(argument: &DataType, result: &DataType) -> Result<Box<dyn GroupsAggregate>> {
    fn same<N>(sum: N, _: i64) -> N {
        sum
    }
    Ok(match argument {
        DataType::Int8 => groups::<Int8Type>(result, same),
        DataType::Int16 => groups::<Int16Type>(result, same),
        DataType::Int32 => groups::<Int32Type>(result, same),
        DataType::Int64 => groups::<Int64Type>(result, same),
        DataType::Float32 => groups::<Float32Type>(result, same),
        DataType::Float64 => groups::<Float64Type>(result, same),
        DataType::Decimal128(_, scale) => decimals(*scale, result, false),
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
            groups::<Int64Type>(result, i64::wrapping_div)
        }
        DataType::Float32 | DataType::Float64 => {
            groups::<Float64Type>(result, |sum, count| sum / count as f64)
        }
        DataType::Decimal128(_, scale) => decimals(*scale, result, true),
        other => return Err(Error::Internal(format!("a mean of {other}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_decimals_is_right_again_when_it_fits_again() {
        let big = 9 * 10_i128.pow(37);
        let mut state = Wide::default();
        let mut take = |value: i128, weight: i64| {
            state.count += weight;
            state.add_times(value, weight);
            state.value()
        };
        assert_eq!(take(big, 1), Some(big));
        assert_eq!(take(big, 1), None, "it has 39 digits");
        assert_eq!(take(big, 2), None, "it does not fit 128 bits");
        assert_eq!(take(-big, 1_000_000_000_000), None);
        assert_eq!(take(5, 1), None);
        assert_eq!(take(-big, -1_000_000_000_000), None);
        assert_eq!(take(big, -3), Some(big + 5));
        let mut other = Wide::default();
        (0..7).for_each(|_| other.add(-big));
        let sum = DecimalSum { scale: 0, result: DataType::Decimal128(38, 0), mean: false };
        other.count = 7;
        sum.merge(&mut state, &other).unwrap();
        assert_eq!(sum.value(&state), None);
        (0..6).for_each(|_| state.add(big));
        assert_eq!(sum.value(&state), Some(5));
    }
}
