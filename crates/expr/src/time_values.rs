//! Points in time to and from text and numbers: the bodies of `DATE_FORMAT`, `TO_TIMESTAMP` and their like.
//!
//! Flink reads by two libraries of Java's. `TO_TIMESTAMP` takes a format strictly, and what does not match it
//! once more as a SQL timestamp; `TO_DATE`, `UNIX_TIMESTAMP`, `CONVERT_TZ` and `DATE_FORMAT` of a text take
//! theirs leniently. Where the latter give nonsense for what they cannot read, NULL is given here.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, PrimitiveArray, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimeUnit};
use chrono_tz::Tz;
use millstream_types::sql_type::{precision_of, units_per_second};
use millstream_types::time::timestamp_text;
use millstream_types::{Error, Result};

use crate::cast_time::timestamps;
use crate::clock::now_ms;
use crate::function::Call;
use crate::java_pattern::Pattern;
use crate::java_zone::JavaZone;
use crate::temporal::{Points, local_to_last_utc, local_to_utc, utc_to_local, zone_named};
use crate::time_text::{parse_date, parse_point, parse_sql_text};

/// The format where none is given.
const FORMAT: &str = "yyyy-MM-dd HH:mm:ss";

/// The seconds of UTC from the year 0 to the end of 9999, in which a count may lie.
const SECONDS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;

/// The formats of a call: compiled once where they are the same for all rows.
struct Formats<'a> {
    texts: Option<&'a StringArray>,
    compiled: Option<(String, Pattern)>,
    default: &'static str,
}

impl<'a> Formats<'a> {
    fn of(call: &Call<'a>, argument: usize, default: &'static str) -> Self {
        let texts = call.arguments.get(argument).map(|texts| texts.as_string::<i32>());
        Self { texts, compiled: None, default }
    }

    fn at(&mut self, row: usize) -> Result<Option<&Pattern>> {
        let text = match self.texts {
            Some(texts) if texts.is_null(row) => return Ok(None),
            Some(texts) => texts.value(row),
            None => self.default,
        };
        if self.compiled.as_ref().is_none_or(|(compiled, _)| compiled != text) {
            self.compiled = Some((text.to_owned(), Pattern::compile(text)?));
        }
        Ok(self.compiled.as_ref().map(|(_, pattern)| pattern))
    }
}

/// `DATE_FORMAT(timestamp or text, format)`
pub(crate) fn date_format(call: &Call<'_>) -> Result<ArrayRef> {
    let mut formats = Formats::of(call, 1, "");
    let mut out = StringBuilder::with_capacity(call.rows, call.rows * 16);
    if let DataType::Utf8 = call.arguments[0].data_type() {
        let reads = Pattern::compile(FORMAT)?;
        for (row, text) in call.arguments[0].as_string::<i32>().iter().enumerate() {
            let seconds = text.and_then(|text| reads.parse_lenient(text));
            out.append_option(match (seconds, formats.at(row)?) {
                (Some(seconds), Some(format)) => format.format(seconds, 0, call.zone),
                _ => None,
            });
        }
        return Ok(Arc::new(out.finish()));
    }
    let points = Points::of(&call.arguments[0], call.zone)?;
    for row in 0..call.rows {
        out.append_option(match (points.get(row), formats.at(row)?) {
            (Some(value), Some(format)) => {
                let nanos =
                    value.rem_euclid(points.per_second) * (1_000_000_000 / points.per_second);
                format.format(value.div_euclid(points.per_second), nanos, call.zone)
            }
            _ => None,
        });
    }
    Ok(Arc::new(out.finish()))
}

/// Reads each text of the first argument, by the format of the second if there is one.
fn read<T>(
    call: &Call<'_>,
    plain: impl Fn(&str) -> Option<T>,
    formatted: impl Fn(&Pattern, &str) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let texts = call.arguments[0].as_string::<i32>();
    let mut formats = Formats::of(call, 1, FORMAT);
    let mut values = Vec::with_capacity(call.rows);
    for (row, text) in texts.iter().enumerate() {
        values.push(match text {
            Some(text) if call.arguments.len() == 1 => plain(text),
            Some(text) => formats.at(row)?.and_then(|format| formatted(format, text)),
            None => None,
        });
    }
    Ok(values)
}

/// Points in time in ms, of the first argument by the format of the second if there is one.
fn points_ms(call: &Call<'_>) -> Result<Vec<Option<i64>>> {
    let plain = |text: &str| parse_point(text)?.in_units(1_000);
    read(call, plain, |format, text| match format.parse(text) {
        Some((seconds, nanos)) => Some(seconds * 1_000 + nanos / 1_000_000),
        None => parse_sql_text(text)?.in_units(1_000),
    })
}

/// `TO_TIMESTAMP(text[, format])`
pub(crate) fn to_timestamp(call: &Call<'_>) -> Result<ArrayRef> {
    Ok(timestamps(points_ms(call)?.into_iter(), &TimeUnit::Millisecond, false))
}

/// `TO_DATE(text[, format])`
pub(crate) fn to_date(call: &Call<'_>) -> Result<ArrayRef> {
    let lenient =
        |format: &Pattern, text: &str| Some(format.parse_lenient(text)?.div_euclid(86_400));
    let days = read(call, parse_date, lenient)?;
    let days = days.into_iter().map(|days| days.and_then(|days| i32::try_from(days).ok()));
    Ok(Arc::new(days.collect::<PrimitiveArray<Date32Type>>()))
}

/// `UNIX_TIMESTAMP([text[, format]])`
pub(crate) fn unix_timestamp(call: &Call<'_>) -> Result<ArrayRef> {
    if call.arguments.is_empty() {
        return Ok(Arc::new(Int64Array::from_value(now_ms() / 1_000, call.rows)));
    }
    let default = Pattern::compile(FORMAT)?;
    let plain = |text: &str| {
        let local =
            default.parse_lenient(text).or_else(|| parse_point(text).map(|point| point.seconds));
        Some(local_to_last_utc(call.zone, local?, 1))
    };
    let formatted = |format: &Pattern, text: &str| {
        let (local, zoned) = format.parse_zoned(text)?;
        Some(zoned.map_or_else(|| local_to_last_utc(call.zone, local, 1), |ahead| local - ahead))
    };
    Ok(Arc::new(read(call, plain, formatted)?.into_iter().collect::<Int64Array>()))
}

/// `FROM_UNIXTIME(seconds[, format])`
pub(crate) fn from_unixtime(call: &Call<'_>) -> Result<ArrayRef> {
    let seconds = call.arguments[0].as_primitive::<Int64Type>();
    let mut formats = Formats::of(call, 1, FORMAT);
    let mut out = StringBuilder::new();
    for (row, seconds) in seconds.iter().enumerate() {
        out.append_option(match (seconds, formats.at(row)?) {
            (Some(seconds), Some(format)) => {
                format.format_simply(utc_to_local(call.zone, seconds, 1), call.zone)
            }
            _ => None,
        });
    }
    Ok(Arc::new(out.finish()))
}

/// `CONVERT_TZ(text, from zone, to zone)`
pub(crate) fn convert_tz(call: &Call<'_>) -> Result<ArrayRef> {
    let format = Pattern::compile(FORMAT)?;
    crate::pattern::text_rows3(call, |text, from, to| {
        Ok(format.parse_lenient(text).map(|seconds| {
            let utc = JavaZone::named(from).to_utc(seconds);
            timestamp_text(JavaZone::named(to).to_local(utc), 1, 0)
        }))
    })
}

/// `TO_TIMESTAMP_LTZ(number[, precision])` or `TO_TIMESTAMP_LTZ(text[, format[, zone]])`
pub(crate) fn to_timestamp_ltz(call: &Call<'_>) -> Result<ArrayRef> {
    let DataType::Timestamp(unit, _) = call.result else {
        return Err(Error::Internal("a point in time that is none".to_owned()));
    };
    let values = match call.arguments[0].data_type() {
        DataType::Utf8 => in_zones(call)?,
        _ => counted(call, units_per_second(unit)),
    };
    Ok(timestamps(values.into_iter(), unit, true))
}

fn in_zones(call: &Call<'_>) -> Result<Vec<Option<i64>>> {
    let zones = call.arguments.get(2).map(|zones| zones.as_string::<i32>());
    let in_zone = |(row, ms): (usize, Option<i64>)| {
        let zone = match zones {
            Some(zones) if zones.is_null(row) => return Ok(None),
            Some(zones) => zone_named(zones.value(row)).ok_or_else(|| {
                Error::Evaluation(format!(
                    "'{}' is no time zone; names are as in 'Europe/Berlin'",
                    zones.value(row)
                ))
            })?,
            None => Tz::UTC,
        };
        Ok(ms.map(|ms| local_to_utc(zone, ms, 1_000)))
    };
    points_ms(call)?.into_iter().enumerate().map(in_zone).collect()
}

/// Counts of parts of a second in units of the result.
fn counted(call: &Call<'_>, per_second: i64) -> Vec<Option<i64>> {
    let precisions = call.arguments.get(1).map(|p| p.as_primitive::<Int32Type>());
    let fractions = call.arguments[0].as_primitive_opt::<Float64Type>();
    let read = |(row, number): (usize, Option<i64>)| {
        let precision = match precisions {
            Some(precisions) => precisions.is_valid(row).then(|| precisions.value(row))?,
            None => i32::from(precision_of(&TimeUnit::Millisecond)),
        };
        let parts = 10_i64.checked_pow(u32::try_from(precision).ok().filter(|p| *p <= 9)?)?;
        if let Some(parts_of_seconds) = fractions {
            let ms = parts_of_seconds.is_valid(row).then(|| parts_of_seconds.value(row))?;
            let ms = ms * 1_000.0 / parts as f64;
            let is_time = ms.is_finite() && SECONDS.contains(&((ms / 1_000.0).floor() as i64));
            return is_time.then_some(ms.floor() as i64)?.checked_mul(per_second / 1_000);
        }
        let number = number.filter(|number| SECONDS.contains(&number.div_euclid(parts)))?;
        match per_second >= parts {
            true => number.checked_mul(per_second / parts),
            false => Some(number.div_euclid(parts / per_second)),
        }
    };
    match call.arguments[0].as_primitive_opt::<Int64Type>() {
        Some(numbers) => numbers.iter().enumerate().map(read).collect(),
        None => (0..call.rows).map(|row| read((row, None))).collect(),
    }
}
