//! Intervals between two points in time, `(later - earlier) unit`. Source: Apache Calcite's datetime
//! subtraction, as Flink has it: whatever the unit of days to seconds, the interval is all that lies between.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, PrimitiveArray};
use arrow::datatypes::{
    DataType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
};
use chrono_tz::Tz;
use millstream_types::sql_type::type_name;
use millstream_types::{Error, Result};

use crate::calendar::units_between;
use crate::function::{Builtin, Call, Typing};
use crate::temporal::Points;

/// The function that `(later - earlier) SECOND` calls.
pub const DAYS_BETWEEN: &str = "DAYS_BETWEEN";
/// The function that `(later - earlier) MONTH` calls.
pub const MONTHS_BETWEEN: &str = "MONTHS_BETWEEN";

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: DAYS_BETWEEN,
        usage: "(later - earlier) {DAY | HOUR | MINUTE | SECOND}, DAYS_BETWEEN(later, earlier)",
        about: "All that lies between two points in time, as an interval of days to seconds.",
        volatile: false,
        typing: |given| between(given, IntervalUnit::MonthDayNano),
        body: days,
    },
    Builtin {
        name: MONTHS_BETWEEN,
        usage: "(later - earlier) {YEAR | MONTH}, MONTHS_BETWEEN(later, earlier)",
        about: "The whole months between two points in time, as an interval.",
        volatile: false,
        typing: |given| between(given, IntervalUnit::YearMonth),
        body: months,
    },
];

fn between(given: &[DataType], unit: IntervalUnit) -> Result<Typing, String> {
    let [later, earlier] = given else { return Err("it takes two points in time".to_owned()) };
    let alike = match (later, earlier) {
        (DataType::Timestamp(_, a), DataType::Timestamp(_, b)) => a.is_some() == b.is_some(),
        (DataType::Time32(_), DataType::Time32(_)) => unit == IntervalUnit::MonthDayNano,
        (a, b) => a == b && *a == DataType::Date32,
    };
    match alike {
        true => Ok(Typing { arguments: given.to_vec(), result: DataType::Interval(unit) }),
        false => Err(format!(
            "it takes two dates, times or timestamps of one kind, not {} and {}",
            type_name(later),
            type_name(earlier)
        )),
    }
}

/// Two points of a row, the earlier one first.
type Pair = (i128, i128);

/// Both points of each row in the same units, and how many of them a second has.
fn points(call: &Call<'_>, zone: Tz) -> Result<(Vec<Option<Pair>>, i64)> {
    let [later, earlier] = [0, 1].map(|at| Points::of(&call.arguments[at], zone));
    let (later, earlier) = (later?, earlier?);
    let per_second = later.per_second.max(earlier.per_second);
    let point = |of: &Points, row: usize| {
        Some(i128::from(of.get(row)?) * i128::from(per_second / of.per_second))
    };
    let pairs = (0..call.rows).map(|row| point(&earlier, row).zip(point(&later, row)));
    Ok((pairs.collect(), per_second))
}

fn days(call: &Call<'_>) -> Result<ArrayRef> {
    // Between two points on the time line no calendar of a zone counts.
    let (pairs, per_second) = points(call, Tz::UTC)?;
    // Intervals have milliseconds. Those that are written out are nanoseconds alone, and are compared so.
    let interval = |(from, to): Pair| {
        let ms = (to - from) * 1_000 / i128::from(per_second);
        if let Ok(nanos) = i64::try_from(ms * 1_000_000) {
            return Ok(IntervalMonthDayNano::new(0, 0, nanos));
        }
        // Longer than any of those: its days come first where it is compared.
        let days = i32::try_from(ms / 86_400_000).map_err(|_| too_far())?;
        Ok(IntervalMonthDayNano::new(0, days, (ms % 86_400_000) as i64 * 1_000_000))
    };
    let values = pairs.into_iter().map(|pair| pair.map(interval).transpose());
    let values = values.collect::<Result<PrimitiveArray<IntervalMonthDayNanoType>>>()?;
    Ok(Arc::new(values))
}

fn months(call: &Call<'_>) -> Result<ArrayRef> {
    let (pairs, per_second) = points(call, call.zone)?;
    let interval = |(from, to): Pair| {
        let months = units_between("MONTH", from, to, per_second)?;
        i32::try_from(months).map_err(|_| too_far())
    };
    let values = pairs.into_iter().map(|pair| pair.map(interval).transpose());
    let values = values.collect::<Result<PrimitiveArray<IntervalYearMonthType>>>()?;
    Ok(Arc::new(values))
}

/// A unit of each interval of a column, with the sign of the interval.
///
/// # Errors
/// When intervals of the kind have no such unit.
pub(crate) fn part(unit: &str, intervals: &ArrayRef) -> Result<ArrayRef> {
    let none = || {
        let kind = type_name(intervals.data_type());
        Error::Evaluation(format!("EXTRACT: {kind} has no {unit}"))
    };
    let of_months: Option<fn(i32) -> i32> = match unit {
        "YEAR" => Some(|months| months / 12),
        "QUARTER" => Some(|months| (months % 12 + 2) / 3),
        "MONTH" => Some(|months| months % 12),
        _ => None,
    };
    let values: Int64Array = match (intervals.data_type(), of_months) {
        (DataType::Interval(IntervalUnit::YearMonth), Some(of)) => {
            let months = intervals.as_primitive::<IntervalYearMonthType>().iter();
            months.map(|months| months.map(|months| i64::from(of(months)))).collect()
        }
        (DataType::Interval(IntervalUnit::YearMonth), None) => return Err(none()),
        // One that is written out may be of months, too.
        (_, Some(of)) => {
            let intervals = intervals.as_primitive::<IntervalMonthDayNanoType>().iter();
            let months = |interval: IntervalMonthDayNano| {
                let only = interval.days == 0 && interval.nanoseconds == 0;
                only.then(|| i64::from(of(interval.months))).ok_or_else(none)
            };
            intervals.map(|interval| interval.map(months).transpose()).collect::<Result<_>>()?
        }
        (_, None) => {
            let (ms, most) = match unit {
                "DAY" => (86_400_000, i64::MAX),
                "HOUR" => (3_600_000, 24),
                "MINUTE" => (60_000, 60),
                "SECOND" => (1_000, 60),
                _ => return Err(none()),
            };
            let of = |interval: IntervalMonthDayNano| {
                let all = i64::from(interval.days) * 86_400_000 + interval.nanoseconds / 1_000_000;
                all / ms % most
            };
            let intervals = intervals.as_primitive::<IntervalMonthDayNanoType>().iter();
            intervals.map(|interval| interval.map(of)).collect()
        }
    };
    Ok(Arc::new(values))
}

fn too_far() -> Error {
    Error::Evaluation("two points in time are too far apart for an interval".to_owned())
}
