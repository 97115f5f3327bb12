//! `MIN` and `MAX` over rows that are only added.

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

use crate::aggregate::{GroupsAggregate, Rows};

/// The state of MIN, or of MAX when `greatest`.
///
/// # Errors
/// For types without an order.
pub fn extreme(argument: &DataType, greatest: bool) -> Result<Box<dyn GroupsAggregate>> {
    fn of<T: ArrowPrimitiveType>(argument: &DataType, greatest: bool) -> Box<dyn GroupsAggregate> {
        Box::new(Extreme::<T> {
            values: Vec::new(),
            present: Vec::new(),
            data_type: argument.clone(),
            greatest,
        })
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
        DataType::Utf8 | DataType::Binary | DataType::Boolean => Box::new(ExtremeBytes {
            values: Vec::new(),
            data_type: argument.clone(),
            greatest,
            heap: 0,
        }),
        other => return Err(Error::Internal(format!("{other} has no order"))),
    })
}

struct Extreme<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    present: Vec<bool>,
    data_type: DataType,
    greatest: bool,
}

impl<T: ArrowPrimitiveType> GroupsAggregate for Extreme<T> {
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()> {
        let given = rows.arguments[0].as_primitive::<T>().values();
        let (values, present, greatest) = (&mut self.values, &mut self.present, self.greatest);
        rows.each(|row, slot, _| {
            let value = given[row];
            let better =
                if greatest { value.is_gt(values[slot]) } else { value.is_lt(values[slot]) };
            if better || !present[slot] {
                values[slot] = value;
                present[slot] = true;
            }
        });
        Ok(())
    }

    fn resize(&mut self, slots: usize) {
        self.values.resize(slots, T::Native::ZERO);
        self.present.resize(slots, false);
    }

    fn values(&self, slots: &[u32]) -> Result<ArrayRef> {
        let value = |slot: &u32| self.present[*slot as usize].then(|| self.values[*slot as usize]);
        let values: PrimitiveArray<T> = slots.iter().map(value).collect();
        Ok(Arc::new(values.with_data_type(self.data_type.clone())))
    }

    fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<T::Native>() + self.present.capacity()
    }
}

/// Text, bytes and booleans, compared byte by byte.
struct ExtremeBytes {
    values: Vec<Option<Box<[u8]>>>,
    data_type: DataType,
    greatest: bool,
    heap: usize,
}

impl GroupsAggregate for ExtremeBytes {
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()> {
        let argument = &rows.arguments[0];
        let flags = argument.as_boolean_opt();
        let texts = argument.as_string_opt::<i32>();
        let bytes = argument.as_binary_opt::<i32>();
        let (values, heap, greatest) = (&mut self.values, &mut self.heap, self.greatest);
        rows.each(|row, slot, _| {
            let flag;
            let value = match (texts, bytes, flags) {
                (Some(texts), ..) => texts.value(row).as_bytes(),
                (_, Some(bytes), _) => bytes.value(row),
                (_, _, Some(flags)) => {
                    flag = [u8::from(flags.value(row))];
                    &flag
                }
                _ => &[],
            };
            let held = &mut values[slot];
            let better = match held.as_deref() {
                None => true,
                Some(held) if greatest => value > held,
                Some(held) => value < held,
            };
            if better {
                *heap += value.len();
                *heap -= held.as_ref().map_or(0, |held| held.len());
                *held = Some(value.into());
            }
        });
        Ok(())
    }

    fn resize(&mut self, slots: usize) {
        self.values.resize(slots, None);
    }

    fn values(&self, slots: &[u32]) -> Result<ArrayRef> {
        let values = slots.iter().map(|slot| self.values[*slot as usize].as_deref());
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

    fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<Option<Box<[u8]>>>() + self.heap
    }
}
