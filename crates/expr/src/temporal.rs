//! Functions over dates, times and points in time.
//!
//! A TIMESTAMP is a calendar reading without a zone; a TIMESTAMP_LTZ is a point on the UTC time line
//! that these functions read in the session's time zone, daylight saving included.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, PrimitiveArray};
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type, Time32SecondType, TimeUnit};
use chrono::{LocalResult, Offset, TimeZone};
use chrono_tz::Tz;
use millstream_types::far_years::in_known_year;
use millstream_types::sql_type::{LTZ_ZONE, units_per_second};
use millstream_types::text::{timestamp_values, zone_offset};
use millstream_types::time::naive;
use millstream_types::{Error, Result};

use crate::calendar::{add_units, extract_one, floor_to, next_unit, units_between};
use crate::cast_time::timestamps;
use crate::clock::now_ms;
use crate::function::{Builtin, Call, Typing, typing};
use crate::{differences, maths, time_values};

const TEXT: DataType = DataType::Utf8;
const BIGINT: DataType = DataType::Int64;
const INT: DataType = DataType::Int32;
const TIMESTAMP_3: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

fn ltz(unit: TimeUnit) -> DataType {
    DataType::Timestamp(unit, Some(LTZ_ZONE.into()))
}

macro_rules! field {
    ($name:literal, $about:literal, $unit:literal) => {
        Builtin {
            name: $name,
            usage: concat!($name, "(date or timestamp)"),
            about: $about,
            volatile: false,
            typing: |given| point_typing(given, BIGINT),
            body: |call| extract(call, $unit, &call.arguments[0]),
        }
    };
}

macro_rules! current {
    ($name:literal, $about:literal, $result:expr, $body:expr) => {
        Builtin {
            name: $name,
            usage: concat!($name, "()"),
            about: $about,
            volatile: true,
            typing: |given| typing::exact(given, &[], $result),
            body: $body,
        }
    };
}

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    field!("YEAR", "The year.", "YEAR"),
    field!("QUARTER", "The quarter, 1 to 4.", "QUARTER"),
    field!("MONTH", "The month, 1 to 12.", "MONTH"),
    field!("WEEK", "The week of the ISO calendar.", "WEEK"),
    field!("DAYOFYEAR", "The day of the year, from 1.", "DOY"),
    field!("DAYOFMONTH", "The day of the month, from 1.", "DAY"),
    field!("DAYOFWEEK", "The day of the week, Sunday is 1.", "DOW"),
    field!("HOUR", "The hour of the day.", "HOUR"),
    field!("MINUTE", "The minute of the hour.", "MINUTE"),
    field!("SECOND", "The second of the minute.", "SECOND"),
    Builtin {
        name: "EXTRACT",
        usage: "EXTRACT(unit FROM date, timestamp or interval)",
        about: "One unit of a point in time or of an interval, as a number.",
        volatile: false,
        typing: |given| match given {
            [DataType::Utf8, interval @ DataType::Interval(_)] => {
                Ok(Typing { arguments: vec![TEXT, interval.clone()], result: BIGINT })
            }
            [DataType::Utf8, point] => {
                let inner = point_typing(std::slice::from_ref(point), BIGINT)?;
                Ok(Typing { arguments: vec![TEXT, inner.arguments[0].clone()], result: BIGINT })
            }
            _ => Err("it takes a unit and a point in time".to_owned()),
        },
        body: |call| {
            let (unit, from) = (unit_of(call, 0)?, &call.arguments[1]);
            match from.data_type() {
                DataType::Interval(_) => differences::part(&unit, from),
                _ => extract(call, &unit, from),
            }
        },
    },
    Builtin {
        name: "FLOOR",
        usage: "FLOOR(number) or FLOOR(timestamp TO unit)",
        about: "The largest whole number, or the unit's start, that is not greater.",
        volatile: false,
        typing: |given| round_typing(given, maths::Step::Floor),
        body: |call| round(call, maths::Step::Floor),
    },
    Builtin {
        name: "CEIL",
        usage: "CEIL(number) or CEIL(timestamp TO unit)",
        about: "The smallest whole number, or the unit's start, that is not less.",
        volatile: false,
        typing: |given| round_typing(given, maths::Step::Ceil),
        body: |call| round(call, maths::Step::Ceil),
    },
    Builtin {
        name: "CEILING",
        usage: "CEILING(number) or CEILING(timestamp TO unit)",
        about: "As CEIL.",
        volatile: false,
        typing: |given| round_typing(given, maths::Step::Ceil),
        body: |call| round(call, maths::Step::Ceil),
    },
    Builtin {
        name: "DATE_FORMAT",
        usage: "DATE_FORMAT(timestamp, format)",
        about: "The point in time in a format of Java's, such as 'yyyy-MM-dd HH:mm'.",
        volatile: false,
        typing: |given| match given {
            [DataType::Timestamp(..) | DataType::Date32 | DataType::Utf8, DataType::Utf8] => {
                Ok(Typing { arguments: given.to_vec(), result: TEXT })
            }
            _ => Err("it takes a timestamp and a format".to_owned()),
        },
        body: time_values::date_format,
    },
    Builtin {
        name: "TO_TIMESTAMP",
        usage: "TO_TIMESTAMP(text[, format])",
        about: "The TIMESTAMP(3) that a text stands for; NULL where it is none.",
        volatile: false,
        typing: |given| typing::between(given, &[TEXT, TEXT], 1, TIMESTAMP_3),
        body: time_values::to_timestamp,
    },
    Builtin {
        name: "TO_DATE",
        usage: "TO_DATE(text[, format])",
        about: "The DATE that a text stands for; NULL where it is none.",
        volatile: false,
        typing: |given| typing::between(given, &[TEXT, TEXT], 1, DataType::Date32),
        body: time_values::to_date,
    },
    Builtin {
        name: "TO_TIMESTAMP_LTZ",
        usage: "TO_TIMESTAMP_LTZ(number[, precision]) or TO_TIMESTAMP_LTZ(text[, format[, zone]])",
        about: "The point in time of a count of seconds (precision 0), ms (3), µs (6) or ns (9) since 1970, or of a text in a zone, UTC unless given.",
        volatile: false,
        typing: |given| match given {
            [DataType::Utf8, ..] => {
                typing::between(given, &[TEXT, TEXT, TEXT], 1, ltz(TimeUnit::Millisecond))
            }
            [number, ..] if number.is_floating() => {
                typing::between(given, &[DataType::Float64, INT], 1, ltz(TimeUnit::Millisecond))
            }
            _ => typing::between(given, &[BIGINT, INT], 1, ltz(TimeUnit::Millisecond)),
        },
        body: time_values::to_timestamp_ltz,
    },
    Builtin {
        name: "FROM_UNIXTIME",
        usage: "FROM_UNIXTIME(seconds[, format])",
        about: "Seconds since 1970 as text in the session's time zone.",
        volatile: false,
        typing: |given| typing::between(given, &[BIGINT, TEXT], 1, TEXT),
        body: time_values::from_unixtime,
    },
    Builtin {
        name: "UNIX_TIMESTAMP",
        usage: "UNIX_TIMESTAMP([text[, format]])",
        about: "Seconds since 1970, of a text in the session's time zone.",
        volatile: true,
        typing: |given| typing::between(given, &[TEXT, TEXT], 0, BIGINT),
        body: time_values::unix_timestamp,
    },
    Builtin {
        name: "TIMESTAMPADD",
        usage: "TIMESTAMPADD(unit, number, timestamp)",
        about: "The point in time that many units later.",
        volatile: false,
        typing: |given| match given {
            [DataType::Utf8, number, point] if number.is_integer() => {
                let point = point_typing(std::slice::from_ref(point), BIGINT)?.arguments[0].clone();
                Ok(Typing { arguments: vec![TEXT, BIGINT, point.clone()], result: point })
            }
            _ => Err("it takes a unit, an integer and a point in time".to_owned()),
        },
        body: timestamp_add,
    },
    Builtin {
        name: "TIMESTAMPDIFF",
        usage: "TIMESTAMPDIFF(unit, from, to)",
        about: "How many whole units lie between two points in time.",
        volatile: false,
        typing: |given| match given {
            [DataType::Utf8, from, to] => {
                let a = point_typing(std::slice::from_ref(from), INT)?.arguments[0].clone();
                let b = point_typing(std::slice::from_ref(to), INT)?.arguments[0].clone();
                Ok(Typing { arguments: vec![TEXT, a, b], result: INT })
            }
            _ => Err("it takes a unit and two points in time".to_owned()),
        },
        body: timestamp_diff,
    },
    Builtin {
        name: "CONVERT_TZ",
        usage: "CONVERT_TZ(text, from zone, to zone)",
        about: "A text 'yyyy-MM-dd HH:mm:ss' moved from one time zone to another.",
        volatile: false,
        typing: |given| typing::exact(given, &[TEXT, TEXT, TEXT], TEXT),
        body: time_values::convert_tz,
    },
    current!("NOW", "The current point in time.", ltz(TimeUnit::Millisecond), |call| now(
        call, true
    )),
    current!(
        "CURRENT_TIMESTAMP",
        "The current point in time.",
        ltz(TimeUnit::Millisecond),
        |call| now(call, true)
    ),
    current!(
        "CURRENT_ROW_TIMESTAMP",
        "The current point in time.",
        ltz(TimeUnit::Millisecond),
        |call| now(call, true)
    ),
    current!(
        "PROCTIME",
        "Processing time: the clock's reading when a row is processed.",
        ltz(TimeUnit::Millisecond),
        |call| now(call, true)
    ),
    current!(
        "LOCALTIMESTAMP",
        "The current calendar reading in the session's time zone.",
        TIMESTAMP_3,
        |call| now(call, false)
    ),
    current!(
        "LOCALTIME",
        "The current time of day in the session's time zone.",
        DataType::Time32(TimeUnit::Second),
        time_of_day
    ),
    current!(
        "CURRENT_TIME",
        "The current time of day in the session's time zone.",
        DataType::Time32(TimeUnit::Second),
        time_of_day
    ),
    current!(
        "CURRENT_DATE",
        "The current date in the session's time zone.",
        DataType::Date32,
        |call| {
            let local = utc_to_local(call.zone, now_ms(), 1_000);
            Ok(Arc::new(PrimitiveArray::<Date32Type>::from_value(
                local.div_euclid(86_400_000) as i32,
                call.rows,
            )))
        }
    ),
];

fn time_of_day(call: &Call<'_>) -> Result<ArrayRef> {
    let seconds = utc_to_local(call.zone, now_ms(), 1_000).rem_euclid(86_400_000) / 1_000;
    Ok(Arc::new(PrimitiveArray::<Time32SecondType>::from_value(seconds as i32, call.rows)))
}

fn now(call: &Call<'_>, utc: bool) -> Result<ArrayRef> {
    let value = if utc { now_ms() } else { utc_to_local(call.zone, now_ms(), 1_000) };
    Ok(timestamps(std::iter::repeat_n(Some(value), call.rows), &TimeUnit::Millisecond, utc))
}

/// A time zone by its name in the IANA database, or as whole hours from GMT: `GMT-08:00`, `GMT+8`.
pub fn zone_named(name: &str) -> Option<Tz> {
    let Some(hours) = name.strip_prefix("GMT").filter(|rest| rest.starts_with(['+', '-'])) else {
        return name.parse().ok();
    };
    let (sign, hours) = hours.split_at(1);
    let hours = hours.strip_suffix(":00").unwrap_or(hours);
    let hours: u32 = hours.parse().ok().filter(|_| hours.len() <= 2)?;
    // Zones of that family count the hours that GMT is ahead of them.
    let behind = if sign == "-" { '+' } else { '-' };
    match hours {
        0 => Some(Tz::UTC),
        _ => format!("Etc/GMT{behind}{hours}").parse().ok(),
    }
}

/// The calendar reading of a zone at a point of the UTC time line, both counted in the same units.
pub fn utc_to_local(zone: Tz, value: i64, per_second: i64) -> i64 {
    value.saturating_add(zone_offset(zone, value, per_second))
}

/// The point of the UTC time line at which a zone's calendar shows a reading. A reading that daylight
/// saving repeats means its first time; one that it skips is moved on by the length of the gap.
pub fn local_to_utc(zone: Tz, value: i64, per_second: i64) -> i64 {
    utc_of(zone, value, per_second, false)
}

/// As [`local_to_utc`], but a reading that daylight saving repeats means its last time.
pub fn local_to_last_utc(zone: Tz, value: i64, per_second: i64) -> i64 {
    utc_of(zone, value, per_second, true)
}

fn utc_of(zone: Tz, value: i64, per_second: i64, last: bool) -> i64 {
    let seconds = in_known_year(zone, value.div_euclid(per_second));
    let Some(reading) = naive(seconds, 0) else { return value };
    let offset = match zone.offset_from_local_datetime(&reading) {
        LocalResult::Ambiguous(_, offset) if last => offset.fix(),
        LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => offset.fix(),
        LocalResult::None => {
            // Gaps are of three hours at most, but where a zone left out a day.
            let before = [3, 27].into_iter().find_map(|hours| {
                let before = reading - chrono::TimeDelta::hours(hours);
                zone.offset_from_local_datetime(&before).earliest()
            });
            match before {
                Some(offset) => offset.fix(),
                None => return value,
            }
        }
    };
    value - i64::from(offset.local_minus_utc()) * per_second
}

/// One point in time; text is read as one.
fn point_typing(given: &[DataType], result: DataType) -> Result<Typing, String> {
    match given {
        [point @ (DataType::Timestamp(..) | DataType::Date32 | DataType::Time32(_))] => {
            Ok(Typing { arguments: vec![point.clone()], result })
        }
        [DataType::Utf8 | DataType::Null] => Ok(Typing { arguments: vec![TIMESTAMP_3], result }),
        _ => Err("it takes a date or timestamp".to_owned()),
    }
}

/// A column of points in time as local calendar readings in seconds and nanoseconds.
pub(crate) struct Points {
    values: Vec<i64>,
    pub(crate) per_second: i64,
    nulls: Option<arrow::buffer::NullBuffer>,
}

impl Points {
    pub(crate) fn of(array: &ArrayRef, zone: Tz) -> Result<Self> {
        let nulls = array.logical_nulls();
        let (values, per_second) = match array.data_type() {
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>().values().iter();
                (days.map(|days| i64::from(*days) * 86_400).collect(), 1)
            }
            DataType::Time32(unit) => {
                let wide = arrow::compute::cast(array, &INT)?;
                let values = wide.as_primitive::<Int32Type>().values().iter();
                (values.map(|value| i64::from(*value)).collect(), units_per_second(unit))
            }
            DataType::Timestamp(unit, ltz) => {
                let per_second = units_per_second(unit);
                let mut values = timestamp_values(array, unit);
                if ltz.is_some() && zone != Tz::UTC {
                    values
                        .iter_mut()
                        .for_each(|value| *value = utc_to_local(zone, *value, per_second));
                }
                (values, per_second)
            }
            other => return Err(Error::Internal(format!("{other} is no point in time"))),
        };
        Ok(Self { values, per_second, nulls })
    }

    pub(crate) fn get(&self, row: usize) -> Option<i64> {
        match &self.nulls {
            Some(nulls) if nulls.is_null(row) => None,
            _ => Some(self.values[row]),
        }
    }
}

/// A unit given as a constant text.
fn unit_of(call: &Call<'_>, argument: usize) -> Result<String> {
    let texts = call.arguments[argument].as_string::<i32>();
    let unit = if texts.is_empty() { "SECOND" } else { texts.value(0) };
    let unit = unit.to_ascii_uppercase();
    let unit = unit.strip_prefix("SQL_TSI_").unwrap_or(&unit);
    Ok(unit.strip_suffix('S').filter(|u| !u.is_empty()).unwrap_or(unit).to_owned())
}

fn extract(call: &Call<'_>, unit: &str, from: &ArrayRef) -> Result<ArrayRef> {
    let points = Points::of(from, call.zone)?;
    let per_second = points.per_second;
    let mut out = Int64Array::builder(call.rows);
    for row in 0..call.rows {
        out.append_option(match points.get(row) {
            Some(value) => Some(extract_one(unit, value, per_second)?),
            None => None,
        });
    }
    Ok(Arc::new(out.finish()))
}

fn round_typing(given: &[DataType], step: maths::Step) -> Result<Typing, String> {
    match given {
        [point, DataType::Utf8] => {
            let typing = point_typing(std::slice::from_ref(point), BIGINT)?;
            let point = typing.arguments[0].clone();
            Ok(Typing { arguments: vec![point.clone(), TEXT], result: point })
        }
        _ => maths::numeric(given, step),
    }
}

fn round(call: &Call<'_>, step: maths::Step) -> Result<ArrayRef> {
    if call.arguments.len() == 1 {
        return maths::step(call, step);
    }
    let unit = unit_of(call, 1)?;
    let points = Points::of(&call.arguments[0], call.zone)?;
    let per_second = points.per_second;
    // Up to an hour the time line is moved along; what is longer is of the calendar, whose days differ.
    let given = match call.arguments[0].data_type() {
        DataType::Timestamp(unit, Some(_)) => Some(timestamp_values(&call.arguments[0], unit)),
        _ => None,
    };
    let on_line = given.filter(|_| {
        matches!(
            &*unit,
            "HOUR" | "MINUTE" | "SECOND" | "MILLISECOND" | "MICROSECOND" | "NANOSECOND"
        )
    });
    let mut values = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        values.push(match points.get(row) {
            Some(value) => {
                let floor = floor_to(&unit, value, per_second)?;
                let stepped = if step == maths::Step::Ceil && floor < value {
                    next_unit(&unit, floor, per_second)?
                } else {
                    floor
                };
                Some(on_line.as_ref().map_or(stepped, |given| given[row] + (stepped - value)))
            }
            None => None,
        });
    }
    let zone = if on_line.is_some() { Tz::UTC } else { call.zone };
    from_local(call, values, per_second, zone)
}

/// Points in time of the call's result type from local calendar readings.
fn from_local(
    call: &Call<'_>,
    values: Vec<Option<i64>>,
    per_second: i64,
    session: Tz,
) -> Result<ArrayRef> {
    Ok(match call.result {
        DataType::Date32 => {
            let days =
                values.into_iter().map(|v| v.map(|v| v.div_euclid(86_400 * per_second) as i32));
            Arc::new(days.collect::<PrimitiveArray<Date32Type>>())
        }
        DataType::Timestamp(unit, zone) => {
            let back = |value| {
                if zone.is_some() { local_to_utc(session, value, per_second) } else { value }
            };
            timestamps(values.into_iter().map(|value| value.map(back)), unit, zone.is_some())
        }
        other => {
            let wide: Int64Array = values.into_iter().collect();
            arrow::compute::cast(&arrow::compute::cast(&wide, &INT)?, other)?
        }
    })
}

fn timestamp_add(call: &Call<'_>) -> Result<ArrayRef> {
    let unit = unit_of(call, 0)?;
    let numbers = call.arguments[1].as_primitive::<Int64Type>();
    let of_date = call.arguments[2].data_type() == &DataType::Date32;
    let given = match call.result {
        DataType::Timestamp(..) if of_date => {
            arrow::compute::cast(&call.arguments[2], call.result)?
        }
        _ => ArrayRef::clone(&call.arguments[2]),
    };
    // As `+ INTERVAL`, it moves along the UTC time line.
    let points = Points::of(&given, Tz::UTC)?;
    // A time of day begins anew after 24 hours.
    let of_day = matches!(call.result, DataType::Time32(_));
    let mut values = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let number = numbers.is_valid(row).then(|| numbers.value(row));
        values.push(match (number, points.get(row)) {
            (Some(number), Some(value)) => {
                let moved = add_units(&unit, number, value, points.per_second)?;
                Some(if of_day { moved.rem_euclid(86_400 * points.per_second) } else { moved })
            }
            _ => None,
        });
    }
    from_local(call, values, points.per_second, Tz::UTC)
}

fn timestamp_diff(call: &Call<'_>) -> Result<ArrayRef> {
    let unit = unit_of(call, 0)?;
    // Between two points on the time line no calendar of a zone counts.
    let is_ltz =
        |at: usize| matches!(call.arguments[at].data_type(), DataType::Timestamp(_, Some(_)));
    let zone = if is_ltz(1) && is_ltz(2) { Tz::UTC } else { call.zone };
    let from = Points::of(&call.arguments[1], zone)?;
    let to = Points::of(&call.arguments[2], zone)?;
    let per_second = from.per_second.max(to.per_second);
    let mut out = PrimitiveArray::<Int32Type>::builder(call.rows);
    for row in 0..call.rows {
        out.append_option(match (from.get(row), to.get(row)) {
            (Some(a), Some(b)) => {
                let a = i128::from(a) * i128::from(per_second / from.per_second);
                let b = i128::from(b) * i128::from(per_second / to.per_second);
                Some(units_between(&unit, a, b, per_second)? as i32)
            }
            _ => None,
        });
    }
    Ok(Arc::new(out.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time_text::parse_point;

    #[test]
    fn daylight_saving_repeats_and_skips_hours() {
        let zone = chrono_tz::Europe::Berlin;
        let at = |text: &str| parse_point(text).map(|point| point.seconds).unwrap_or_default();
        // 02:30 does not exist on 2026-03-29, and comes twice on 2026-10-25.
        assert_eq!(local_to_utc(zone, at("2026-03-29 02:30:00"), 1), at("2026-03-29 01:30:00"));
        assert_eq!(local_to_utc(zone, at("2026-10-25 02:30:00"), 1), at("2026-10-25 00:30:00"));
        assert_eq!(utc_to_local(zone, at("2026-07-01 00:00:00"), 1), at("2026-07-01 02:00:00"));
    }
}
