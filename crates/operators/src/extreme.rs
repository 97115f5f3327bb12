//! MIN and MAX.
//!
//! Where rows are only added, the best value so far is enough. Where rows are also taken back, all
//! values are kept in order.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BooleanArray, PrimitiveArray, StringArray,
};
use arrow::datatypes::{
    ArrowNativeTypeOp, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalUnit, IntervalYearMonthType, Time32MillisecondType,
    Time32SecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use millstream_types::{Error, Result};

use crate::aggregate::{Aggregate, Groups, GroupsAggregate};
use crate::copies::{Of, copies};

/// The state of MIN, or of MAX when `greatest`.
///
/// # Errors
/// For types without an order.
pub fn extreme(
    argument: &DataType,
    greatest: bool,
    removes: bool,
) -> Result<Box<dyn GroupsAggregate>> {
    fn of<T: ArrowPrimitiveType>(argument: &DataType, greatest: bool) -> Box<dyn GroupsAggregate> {
        Groups::of(Extreme::<T> {
            data_type: argument.clone(),
            greatest,
            of: std::marker::PhantomData,
        })
    }
    if removes {
        return copies(argument, if greatest { Of::Greatest } else { Of::Least });
    }
    Ok(match argument {
        DataType::Int8 => of::<Int8Type>(argument, greatest),
        DataType::Int16 => of::<Int16Type>(argument, greatest),
        DataType::Int32 => of::<Int32Type>(argument, greatest),
        DataType::Int64 => of::<Int64Type>(argument, greatest),
        DataType::Float32 => of::<Float32Type>(argument, greatest),
        DataType::Float64 => of::<Float64Type>(argument, greatest),
        DataType::Decimal128(..) => of::<Decimal128Type>(argument, greatest),
        DataType::Date32 => of::<Date32Type>(argument, greatest),
        DataType::Time32(TimeUnit::Second) => of::<Time32SecondType>(argument, greatest),
        DataType::Time32(_) => of::<Time32MillisecondType>(argument, greatest),
        DataType::Timestamp(TimeUnit::Second, _) => of::<TimestampSecondType>(argument, greatest),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            of::<TimestampMillisecondType>(argument, greatest)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            of::<TimestampMicrosecondType>(argument, greatest)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            of::<TimestampNanosecondType>(argument, greatest)
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            of::<IntervalYearMonthType>(argument, greatest)
        }
        DataType::Utf8 | DataType::Binary | DataType::Boolean => {
            Groups::of(ExtremeBytes { data_type: argument.clone(), greatest })
        }
        other => return Err(Error::Internal(format!("{other} has no order"))),
    })
}

struct Extreme<T> {
    data_type: DataType,
    greatest: bool,
    of: std::marker::PhantomData<fn() -> T>,
}

impl<T: ArrowPrimitiveType> Extreme<T> {
    #[inline]
    fn take(&self, best: &mut Option<T::Native>, value: T::Native) {
        let better = match *best {
            None => true,
            Some(best) if self.greatest => value.is_gt(best),
            Some(best) => value.is_lt(best),
        };
        if better {
            *best = Some(value);
        }
    }
}

impl<T: ArrowPrimitiveType> Aggregate for Extreme<T> {
    type State = Option<T::Native>;
    type Input = PrimitiveArray<T>;
    type Value = Option<T::Native>;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Self::Input> {
        Ok(arguments[0].as_primitive::<T>().clone())
    }

    #[inline]
    fn add(&self, state: &mut Self::State, from: &Self::Input, row: usize, _: i64, _: u64) {
        self.take(state, from.values()[row]);
    }

    fn merge(&self, into: &mut Self::State, from: &Self::State) -> Result<()> {
        if let Some(value) = from {
            self.take(into, *value);
        }
        Ok(())
    }

    fn value(&self, state: &Self::State) -> Self::Value {
        *state
    }

    fn column(&self, values: Vec<Self::Value>) -> Result<ArrayRef> {
        let values: PrimitiveArray<T> = values.into_iter().collect();
        Ok(Arc::new(values.with_data_type(self.data_type.clone())))
    }
}

/// Text, bytes and booleans, compared byte by byte.
struct ExtremeBytes {
    data_type: DataType,
    greatest: bool,
}

type Bytes = Option<Box<[u8]>>;

impl ExtremeBytes {
    fn take(&self, best: &mut Bytes, value: &[u8]) {
        let better = match best.as_deref() {
            None => true,
            Some(best) if self.greatest => value > best,
            Some(best) => value < best,
        };
        if better {
            *best = Some(value.into());
        }
    }
}

impl Aggregate for ExtremeBytes {
    type State = Bytes;
    type Input = ArrayRef;
    type Value = Bytes;

    fn input(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        Ok(Arc::clone(&arguments[0]))
    }

    fn add(&self, state: &mut Bytes, from: &ArrayRef, row: usize, _: i64, _: u64) {
        match self.data_type {
            DataType::Utf8 => self.take(state, from.as_string::<i32>().value(row).as_bytes()),
            DataType::Boolean => self.take(state, &[u8::from(from.as_boolean().value(row))]),
            _ => self.take(state, from.as_binary::<i32>().value(row)),
        }
    }

    fn merge(&self, into: &mut Bytes, from: &Bytes) -> Result<()> {
        if let Some(value) = from {
            self.take(into, value);
        }
        Ok(())
    }

    fn value(&self, state: &Bytes) -> Bytes {
        state.clone()
    }

    fn column(&self, values: Vec<Bytes>) -> Result<ArrayRef> {
        let values = values.iter().map(Option::as_deref);
        Ok(match self.data_type {
            DataType::Utf8 => {
                // They came out of a text column, so they are text.
                let texts = values.map(|value| value.map(String::from_utf8_lossy));
                Arc::new(texts.collect::<StringArray>())
            }
            DataType::Boolean => Arc::new(
                values.map(|value| value.map(|value| value == [1])).collect::<BooleanArray>(),
            ),
            _ => Arc::new(values.collect::<BinaryArray>()),
        })
    }

    fn heap(&self, state: &Bytes) -> usize {
        state.as_ref().map_or(0, |value| value.len())
    }
}
