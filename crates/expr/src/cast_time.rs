//! Casts to dates, times and points in time. TIMESTAMP and TIMESTAMP_LTZ meet in the session's time zone.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Date32Type, Int32Type, Time32MillisecondType, Time32SecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use chrono_tz::Tz;
use millstream_types::sql_type::{SqlType, units_per_second};
use millstream_types::text::timestamp_values;
use millstream_types::time::PointInTime;
use millstream_types::{Error, Result};

use crate::cast::{How, parse_texts, refuse, unsupported};
use crate::temporal::{local_to_utc, utc_to_local};
use crate::time_text::{parse_date, parse_point, parse_time};

pub(crate) fn to_date(from: &ArrayRef, to: &SqlType, how: &How) -> Result<ArrayRef> {
    match from.data_type() {
        DataType::Utf8 => parse_texts::<Date32Type>(from, to, how, |text| {
            parse_date(text).and_then(|days| days.try_into().ok())
        }),
        DataType::Timestamp(unit, zone) => {
            let local = local_values(from, unit, zone.is_some(), how.zone);
            let per_day = units_per_second(unit) * 86_400;
            let days = local.iter().map(|value| value.div_euclid(per_day) as i32);
            let days = PrimitiveArray::<Date32Type>::from_iter_values(days);
            Ok(Arc::new(with_nulls(&days, from)))
        }
        _ => Ok(Arc::clone(from)),
    }
}

pub(crate) fn to_time(from: &ArrayRef, precision: u8, to: &SqlType, how: &How) -> Result<ArrayRef> {
    let per_second: i64 = if precision == 0 { 1 } else { 1_000 };
    let read = |text: &str| {
        let (seconds, nanos) = parse_time(text)?;
        PointInTime { seconds, nanos }.in_units(per_second).map(|value| value as i32)
    };
    match from.data_type() {
        DataType::Utf8 if precision == 0 => parse_texts::<Time32SecondType>(from, to, how, read),
        DataType::Utf8 => parse_texts::<Time32MillisecondType>(from, to, how, read),
        DataType::Timestamp(unit, zone) => {
            let local = local_values(from, unit, zone.is_some(), how.zone);
            let from_second = units_per_second(unit);
            let scale = |value: &i64| {
                let of_day = value.rem_euclid(from_second * 86_400);
                (of_day * per_second).div_euclid(from_second) as i32
            };
            let values = local.iter().map(scale);
            Ok(if precision == 0 {
                let times = PrimitiveArray::<Time32SecondType>::from_iter_values(values);
                Arc::new(with_nulls(&times, from))
            } else {
                let times = PrimitiveArray::<Time32MillisecondType>::from_iter_values(values);
                Arc::new(with_nulls(&times, from))
            })
        }
        _ => Ok(arrow::compute::cast(from, &to.arrow())?),
    }
}

/// The values of a timestamp column as its calendar shows them in the session's zone.
fn local_values(from: &ArrayRef, unit: &TimeUnit, ltz: bool, zone: Tz) -> Vec<i64> {
    let mut values = timestamp_values(from, unit);
    if ltz {
        let per_second = units_per_second(unit);
        values.iter_mut().for_each(|value| *value = utc_to_local(zone, *value, per_second));
    }
    values
}

fn with_nulls<T: ArrowPrimitiveType>(
    values: &PrimitiveArray<T>,
    like: &ArrayRef,
) -> PrimitiveArray<T> {
    PrimitiveArray::new(values.values().clone(), like.logical_nulls())
}

pub(crate) fn to_timestamp(
    from: &ArrayRef,
    precision: u8,
    to_zone: Option<Tz>,
    to: &SqlType,
    how: &How,
) -> Result<ArrayRef> {
    let DataType::Timestamp(unit, _) = to.arrow() else {
        return Err(Error::Internal("a timestamp that is none".to_owned()));
    };
    let per_second = units_per_second(&unit);
    // Precisions between Arrow's units are cut to their own digits.
    let step = 10_i64.pow(u32::from((3 - precision % 3) % 3));
    let cut = |value: i64| value.div_euclid(step) * step;
    let to_utc = |value: i64| to_zone.map_or(value, |zone| local_to_utc(zone, value, per_second));
    let mut values: Vec<Option<i64>> = Vec::with_capacity(from.len());
    match from.data_type() {
        DataType::Utf8 => {
            for text in from.as_string::<i32>() {
                values.push(match text {
                    Some(text) => {
                        match parse_point(text).and_then(|time| time.in_units(per_second)) {
                            Some(value) => Some(to_utc(value)),
                            None => refuse(text, to, how)?,
                        }
                    }
                    None => None,
                });
            }
        }
        DataType::Timestamp(given, zone) => {
            let given_per_second = units_per_second(given);
            for (row, value) in timestamp_values(from, given).into_iter().enumerate() {
                let scaled = if given_per_second > per_second {
                    Some(value.div_euclid(given_per_second / per_second))
                } else {
                    value.checked_mul(per_second / given_per_second)
                };
                let moved = scaled.map(|value| match (zone, to_zone) {
                    (None, Some(zone)) => local_to_utc(zone, value, per_second),
                    (Some(_), None) => utc_to_local(how.zone, value, per_second),
                    _ => value,
                });
                values.push(moved.filter(|_| !from.is_null(row)));
            }
        }
        DataType::Date32 => {
            for days in from.as_primitive::<Date32Type>() {
                let value =
                    days.and_then(|days| (i64::from(days) * 86_400).checked_mul(per_second));
                values.push(value.map(to_utc));
            }
        }
        // A time of day is one of the first day of 1970.
        DataType::Time32(unit) => {
            let scale = per_second / units_per_second(unit).min(per_second);
            let cut_off = units_per_second(unit) / per_second.min(units_per_second(unit));
            let wide = arrow::compute::cast(from, &DataType::Int32)?;
            for value in wide.as_primitive::<Int32Type>() {
                let value = value.map(|value| i64::from(value) * scale / cut_off);
                values.push(value.map(to_utc));
            }
        }
        other => return Err(unsupported(other, to)),
    }
    let values = values.into_iter().map(|value| value.map(cut));
    Ok(timestamps(values, &unit, to_zone.is_some()))
}

/// A timestamp column of a unit, on the UTC time line for TIMESTAMP_LTZ.
pub fn timestamps(
    values: impl Iterator<Item = Option<i64>>,
    unit: &TimeUnit,
    ltz: bool,
) -> ArrayRef {
    fn build<T: arrow::datatypes::ArrowTimestampType>(
        values: impl Iterator<Item = Option<i64>>,
        ltz: bool,
    ) -> ArrayRef {
        let array: PrimitiveArray<T> = values.collect();
        if ltz {
            Arc::new(array.with_timezone(millstream_types::sql_type::LTZ_ZONE))
        } else {
            Arc::new(array)
        }
    }
    match unit {
        TimeUnit::Second => build::<TimestampSecondType>(values, ltz),
        TimeUnit::Millisecond => build::<TimestampMillisecondType>(values, ltz),
        TimeUnit::Microsecond => build::<TimestampMicrosecondType>(values, ltz),
        TimeUnit::Nanosecond => build::<TimestampNanosecondType>(values, ltz),
    }
}
