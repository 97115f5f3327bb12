//! Periods and lengths of time: `OVERLAPS`, and intervals many times over.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
    IntervalYearMonthType,
};
use millstream_types::sql_type::{type_name, units_per_second};
use millstream_types::{Error, Result};

use crate::calendar::add_months;
use crate::function::{Builtin, Call, Typing};

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "OVERLAPS",
        usage: "(start, end) OVERLAPS (start, end)",
        about: "Whether two periods have a point in time in common; an end may be an interval from the start.",
        volatile: false,
        typing: |given| match given {
            [_, _, _, _] if given.iter().all(|t| t.is_temporal() || t.is_null()) => {
                Ok(Typing { arguments: given.to_vec(), result: DataType::Boolean })
            }
            _ => Err("it takes two periods".to_owned()),
        },
        body: overlaps,
    },
    Builtin {
        name: "INTERVAL_MULTIPLY",
        usage: "",
        about: "",
        volatile: false,
        typing: |given| match given {
            [interval @ DataType::Interval(IntervalUnit::MonthDayNano), by] if by.is_integer() => {
                Ok(Typing {
                    arguments: vec![interval.clone(), DataType::Int64],
                    result: interval.clone(),
                })
            }
            _ => Err("it takes an interval and an integer".to_owned()),
        },
        body: |call| {
            let intervals = call.arguments[0].as_primitive::<IntervalMonthDayNanoType>().iter();
            let by = call.arguments[1].as_primitive::<Int64Type>().iter();
            let product = |(interval, by): (Option<IntervalMonthDayNano>, Option<i64>)| {
                let (interval, by) = interval.zip(by)?;
                Some(IntervalMonthDayNano {
                    months: i32::try_from(i64::from(interval.months).checked_mul(by)?).ok()?,
                    days: i32::try_from(i64::from(interval.days).checked_mul(by)?).ok()?,
                    nanoseconds: interval.nanoseconds.checked_mul(by)?,
                })
            };
            let products: PrimitiveArray<IntervalMonthDayNanoType> =
                intervals.zip(by).map(product).collect();
            Ok(Arc::new(products))
        },
    },
];

/// A point in time of any type in nanoseconds, so that any two can be compared.
fn nanoseconds(points: &ArrayRef) -> Result<Vec<Option<i128>>> {
    let per_unit = match points.data_type() {
        DataType::Null => return Ok(vec![None; points.len()]),
        DataType::Date32 => 86_400_000_000_000,
        DataType::Time32(unit) | DataType::Timestamp(unit, _) => {
            1_000_000_000 / i128::from(units_per_second(unit))
        }
        other => {
            return Err(Error::Evaluation(format!("{} is no point in time", type_name(other))));
        }
    };
    let values = match points.data_type() {
        DataType::Timestamp(..) => cast(points, &DataType::Int64)?,
        _ => cast(&cast(points, &DataType::Int32)?, &DataType::Int64)?,
    };
    let values = values.as_primitive::<Int64Type>().iter();
    Ok(values.map(|value| value.map(|value| i128::from(value) * per_unit)).collect())
}

/// A point in time some months later.
fn later(start: i128, months: i64) -> i128 {
    let furthest = if months < 0 { i64::MIN } else { i64::MAX };
    let moved = add_months(start.div_euclid(1_000_000_000) as i64, months, 1).unwrap_or(furthest);
    i128::from(moved) * 1_000_000_000 + start.rem_euclid(1_000_000_000)
}

/// The ends of periods, which may be lengths.
fn ends(starts: &[Option<i128>], of_day: bool, given: &ArrayRef) -> Result<Vec<Option<i128>>> {
    Ok(match given.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => {
            let months = given.as_primitive::<IntervalYearMonthType>().iter();
            let add = |(start, months): (&Option<i128>, Option<i32>)| {
                let (start, months) = (*start).zip(months)?;
                Some(later(start, i64::from(months)))
            };
            starts.iter().zip(months).map(add).collect()
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let lengths = given.as_primitive::<IntervalMonthDayNanoType>().iter();
            let add = |(start, length): (&Option<i128>, Option<IntervalMonthDayNano>)| {
                let (start, length) = (*start).zip(length)?;
                let days = i128::from(length.days) * 86_400_000_000_000;
                let start = later(start, i64::from(length.months));
                let end = start + days + i128::from(length.nanoseconds);
                // A time of day begins anew after 24 hours.
                Some(if of_day { end.rem_euclid(86_400_000_000_000) } else { end })
            };
            starts.iter().zip(lengths).map(add).collect()
        }
        _ => nanoseconds(given)?,
    })
}

/// The start and the end of a period.
type Period = (Option<i128>, Option<i128>);

fn overlaps(call: &Call<'_>) -> Result<ArrayRef> {
    let period = |at: usize| -> Result<_> {
        let starts = nanoseconds(&call.arguments[at])?;
        let of_day = matches!(call.arguments[at].data_type(), DataType::Time32(_));
        let ends = ends(&starts, of_day, &call.arguments[at + 1])?;
        Ok(starts.into_iter().zip(ends))
    };
    let meets = |((a, b), (c, d)): (Period, Period)| {
        let ((a, b), (c, d)) = (a.zip(b)?, c.zip(d)?);
        Some(a.max(b) >= c.min(d) && c.max(d) >= a.min(b))
    };
    Ok(Arc::new(period(0)?.zip(period(2)?).map(meets).collect::<BooleanArray>()))
}
