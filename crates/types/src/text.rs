//! Values as text, as results show them: in Flink's spelling.

use std::borrow::Cow;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BooleanArray, PrimitiveArray,
    StringArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
    Time32MillisecondType, Time32SecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use chrono::{Offset, TimeZone};
use chrono_tz::Tz;

use crate::bitmap;
use crate::error::{Error, Result};
use crate::far_years::in_known_year;
use crate::java_float::Digits;
use crate::sql_type::{is_bitmap, is_variant, precision_of, type_name, units_per_second};
use crate::time::{naive, push_date, push_time, push_timestamp};

/// Writes the values of one column as text.
pub struct TextColumn {
    column: Column,
    /// How NULL is spelled inside arrays, maps and rows.
    inner_null: &'static str,
    nulls: Option<arrow::buffer::NullBuffer>,
}

enum Column {
    Null,
    Boolean(BooleanArray, [&'static str; 2]),
    Int8(PrimitiveArray<Int8Type>),
    Int16(PrimitiveArray<Int16Type>),
    Int32(PrimitiveArray<Int32Type>),
    Int64(PrimitiveArray<Int64Type>),
    Float32(PrimitiveArray<Float32Type>),
    Float64(PrimitiveArray<Float64Type>),
    Decimal(PrimitiveArray<Decimal128Type>, i8),
    Text(StringArray),
    Bytes(BinaryArray),
    Date(PrimitiveArray<Date32Type>),
    Time { values: Vec<i64>, per_second: i64, digits: usize, cast: bool },
    Timestamp { values: Vec<i64>, per_second: i64, digits: usize, zone: Option<Tz> },
    Months(PrimitiveArray<IntervalYearMonthType>),
    DayTime(PrimitiveArray<IntervalMonthDayNanoType>),
    List(Vec<i32>, Box<TextColumn>),
    Map(Vec<i32>, Box<TextColumn>, Box<TextColumn>),
    Row(Vec<TextColumn>),
}

impl TextColumn {
    /// Prepares a column. `zone` is the session's time zone, in which `TIMESTAMP_LTZ` is shown;
    /// `digits` overrides how many digits of fraction a timestamp shows.
    ///
    /// # Errors
    /// For Arrow types that no SQL type maps to.
    pub fn new(array: &ArrayRef, zone: Tz, digits: Option<u8>) -> Result<Self> {
        Self::spelled(array, zone, digits, false)
    }

    /// As CAST writes them: NULL inside of arrays, maps and rows is `NULL`, booleans are in capitals, and
    /// of a time of day's fraction the zeros at the end are left out, but for the first digit.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_cast(array: &ArrayRef, zone: Tz, digits: Option<u8>) -> Result<Self> {
        Self::spelled(array, zone, digits, true)
    }

    fn spelled(array: &ArrayRef, zone: Tz, digits: Option<u8>, cast: bool) -> Result<Self> {
        let inner_null = if cast { "NULL" } else { "null" };
        let inner = |array: &ArrayRef| Self::spelled(array, zone, None, cast);
        let column = match array.data_type() {
            DataType::Null => Column::Null,
            DataType::Boolean => {
                let spelled = if cast { ["FALSE", "TRUE"] } else { ["false", "true"] };
                Column::Boolean(array.as_boolean().clone(), spelled)
            }
            DataType::Int8 => Column::Int8(array.as_primitive().clone()),
            DataType::Int16 => Column::Int16(array.as_primitive().clone()),
            DataType::Int32 => Column::Int32(array.as_primitive().clone()),
            DataType::Int64 => Column::Int64(array.as_primitive().clone()),
            DataType::Float32 => Column::Float32(array.as_primitive().clone()),
            DataType::Float64 => Column::Float64(array.as_primitive().clone()),
            DataType::Decimal128(_, scale) => Column::Decimal(array.as_primitive().clone(), *scale),
            DataType::Utf8 => Column::Text(array.as_string().clone()),
            DataType::Binary => Column::Bytes(array.as_binary().clone()),
            DataType::Date32 => Column::Date(array.as_primitive().clone()),
            DataType::Time32(unit) => Column::Time {
                values: time_values(array, unit),
                per_second: units_per_second(unit),
                digits: usize::from(digits.unwrap_or(precision_of(unit))),
                cast,
            },
            DataType::Timestamp(unit, ltz) => Column::Timestamp {
                values: timestamp_values(array, unit),
                per_second: units_per_second(unit),
                digits: usize::from(digits.unwrap_or(precision_of(unit))),
                zone: ltz.as_ref().map(|_| zone),
            },
            DataType::Interval(IntervalUnit::YearMonth) => {
                Column::Months(array.as_primitive().clone())
            }
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                Column::DayTime(array.as_primitive().clone())
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let values = inner(list.values())?;
                Column::List(list.value_offsets().to_vec(), Box::new(values))
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let keys = inner(map.keys())?;
                let values = inner(map.values())?;
                Column::Map(map.value_offsets().to_vec(), Box::new(keys), Box::new(values))
            }
            variant if is_variant(variant) => {
                Column::Text(array.as_struct().column(0).as_string().clone())
            }
            bitmap if is_bitmap(bitmap) => {
                let sets = array.as_struct().column(0).as_binary::<i32>();
                let texts = sets.iter().map(|bytes| {
                    bytes.map(|bytes| Ok(bitmap::text(&bitmap::held(bytes)?))).transpose()
                });
                Column::Text(texts.collect::<Result<_>>()?)
            }
            DataType::Struct(_) => {
                let fields = array.as_struct().columns().iter();
                Column::Row(fields.map(inner).collect::<Result<_>>()?)
            }
            other => {
                let name = type_name(other);
                return Err(Error::Internal(format!("a column of type {name} has no text form")));
            }
        };
        Ok(Self { column, inner_null, nulls: array.logical_nulls() })
    }

    /// Whether the value of a row is NULL.
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Appends the value of a row; NULL is spelled `null`.
    pub fn write_or(&self, row: usize, null: &str, out: &mut String) {
        if self.is_null(row) { out.push_str(null) } else { self.write(row, out) }
    }

    /// Appends the value of a row that is not NULL.
    pub fn write(&self, row: usize, out: &mut String) {
        use std::fmt::Write;
        // Writing into a String cannot fail, so the results of `write!` are let go.
        match &self.column {
            Column::Null => out.push_str("NULL"),
            Column::Boolean(values, spelled) => {
                out.push_str(spelled[usize::from(values.value(row))])
            }
            Column::Int8(values) => push_integer(out, i64::from(values.value(row))),
            Column::Int16(values) => push_integer(out, i64::from(values.value(row))),
            Column::Int32(values) => push_integer(out, i64::from(values.value(row))),
            Column::Int64(values) => push_integer(out, values.value(row)),
            Column::Float32(values) => push_float(out, values.value(row)),
            Column::Float64(values) => push_double(out, values.value(row)),
            Column::Decimal(values, scale) => push_decimal(out, values.value(row), *scale),
            Column::Text(values) => out.push_str(values.value(row)),
            Column::Bytes(values) => {
                out.push_str("x'");
                for byte in values.value(row) {
                    let _ = write!(out, "{byte:02x}");
                }
                out.push('\'');
            }
            Column::Date(values) => push_date(out, i64::from(values.value(row))),
            Column::Time { values, per_second, digits, cast } => {
                push_time(out, values[row], *per_second, *digits);
                if *cast && *digits > 0 {
                    let least = out.len() - (*digits - 1);
                    let kept = out.trim_end_matches('0').len();
                    out.truncate(kept.max(least));
                }
            }
            Column::Timestamp { values, per_second, digits, zone } => {
                let value =
                    values[row] + zone.map_or(0, |z| zone_offset(z, values[row], *per_second));
                push_timestamp(out, value, *per_second, *digits)
            }
            Column::Months(values) => {
                let months = values.value(row);
                let sign = if months < 0 { '-' } else { '+' };
                let _ = write!(out, "{sign}{}-{:02}", months.abs() / 12, months.abs() % 12);
            }
            Column::DayTime(values) => push_day_time(out, values.value(row)),
            Column::List(offsets, values) => {
                out.push('[');
                for (index, at) in (offsets[row]..offsets[row + 1]).enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    values.write_or(at as usize, self.inner_null, out);
                }
                out.push(']');
            }
            Column::Map(offsets, keys, values) => {
                out.push('{');
                for (index, at) in (offsets[row]..offsets[row + 1]).enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    keys.write_or(at as usize, self.inner_null, out);
                    out.push('=');
                    values.write_or(at as usize, self.inner_null, out);
                }
                out.push('}');
            }
            Column::Row(fields) => {
                out.push('(');
                for (index, field) in fields.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    field.write_or(row, self.inner_null, out);
                }
                out.push(')');
            }
        }
    }
}

/// The values of a timestamp column in its own unit; NULL rows hold anything.
pub fn timestamp_values(array: &ArrayRef, unit: &TimeUnit) -> Vec<i64> {
    fn values<T: ArrowPrimitiveType<Native = i64>>(array: &ArrayRef) -> Vec<i64> {
        array.as_primitive::<T>().values().to_vec()
    }
    match unit {
        TimeUnit::Second => values::<TimestampSecondType>(array),
        TimeUnit::Millisecond => values::<TimestampMillisecondType>(array),
        TimeUnit::Microsecond => values::<TimestampMicrosecondType>(array),
        TimeUnit::Nanosecond => values::<TimestampNanosecondType>(array),
    }
}

fn time_values(array: &ArrayRef, unit: &TimeUnit) -> Vec<i64> {
    match unit {
        TimeUnit::Second => array
            .as_primitive::<Time32SecondType>()
            .values()
            .iter()
            .map(|v| i64::from(*v))
            .collect(),
        _ => array
            .as_primitive::<Time32MillisecondType>()
            .values()
            .iter()
            .map(|v| i64::from(*v))
            .collect(),
    }
}

/// The start of a text, as much of it as a message takes.
pub fn shortened(text: &str) -> Cow<'_, str> {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// How far a zone is ahead of UTC at a point in time, in the same unit.
pub fn zone_offset(zone: Tz, value: i64, per_second: i64) -> i64 {
    let utc = naive(in_known_year(zone, value.div_euclid(per_second)), 0).unwrap_or_default();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()) * per_second
}

/// Appends an integer.
pub fn push_integer(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    crate::time::push_padded(out, value.unsigned_abs(), 1);
}

/// Appends a decimal with all digits of its scale.
pub fn push_decimal(out: &mut String, value: i128, scale: i8) {
    use std::fmt::Write;
    if value < 0 {
        out.push('-');
    }
    let scale = scale.max(0) as usize;
    let power = 10_u128.pow(scale as u32);
    let digits = value.unsigned_abs();
    let _ = write!(out, "{}", digits / power);
    if scale > 0 {
        let _ = write!(out, ".{:0scale$}", digits % power);
    }
}

/// Appends a DOUBLE as Java's `Double.toString` spells it.
pub fn push_double(out: &mut String, value: f64) {
    if !value.is_finite() || value == 0.0 {
        return push_special(out, value);
    }
    push_java(out, value < 0.0, &Digits::of_double(value));
}

/// Appends a FLOAT as Java's `Float.toString` spells it.
pub fn push_float(out: &mut String, value: f32) {
    if !value.is_finite() || value == 0.0 {
        return push_special(out, f64::from(value));
    }
    push_java(out, value < 0.0, &Digits::of_float(value));
}

fn push_special(out: &mut String, value: f64) {
    out.push_str(match value {
        v if v.is_nan() => "NaN",
        v if v == f64::INFINITY => "Infinity",
        v if v == f64::NEG_INFINITY => "-Infinity",
        v if v.is_sign_negative() => "-0.0",
        _ => "0.0",
    });
}

/// Lays out digits as Java does: plain from 10^-3 up to 10^7, scientific elsewhere.
fn push_java(out: &mut String, negative: bool, number: &Digits) {
    if negative {
        out.push('-');
    }
    let (digits, point) = (number.as_str(), number.point);
    match point {
        1..8 => {
            let whole = (point as usize).min(digits.len());
            out.push_str(&digits[..whole]);
            out.extend(std::iter::repeat_n('0', point as usize - whole));
            out.push('.');
            out.push_str(if digits.len() > whole { &digits[whole..] } else { "0" });
        }
        -2..=0 => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
            out.push_str(digits);
        }
        _ => {
            out.push_str(&digits[..1]);
            out.push('.');
            out.push_str(if digits.len() > 1 { &digits[1..] } else { "0" });
            out.push('E');
            push_integer(out, i64::from(point - 1));
        }
    }
}

fn push_day_time(out: &mut String, value: arrow::datatypes::IntervalMonthDayNano) {
    use std::fmt::Write;
    let nanos = i128::from(value.days) * 86_400_000_000_000 + i128::from(value.nanoseconds);
    let (days, rest) = (nanos.abs() / 86_400_000_000_000, nanos.abs() % 86_400_000_000_000);
    if value.months != 0 {
        let (sign, months) =
            (if value.months < 0 { '-' } else { '+' }, value.months.unsigned_abs());
        let _ = write!(out, "{sign}{}-{:02}", months / 12, months % 12);
        if nanos == 0 {
            return;
        }
        out.push(' ');
    }
    let _ = write!(out, "{}{days} ", if nanos < 0 { '-' } else { '+' });
    push_time(out, (rest / 1_000_000) as i64, 1_000, 3);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(value: f64) -> String {
        let mut out = String::new();
        push_double(&mut out, value);
        out
    }

    #[test]
    fn doubles_are_spelled_as_java_spells_them() {
        for (value, text) in [
            (1.0, "1.0"),
            (100.0, "100.0"),
            (1e7, "1.0E7"),
            (9_999_999.0, "9999999.0"),
            (1e10, "1.0E10"),
            (0.001, "0.001"),
            (0.0009, "9.0E-4"),
            (-123.456, "-123.456"),
            (1.5e300, "1.5E300"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::MAX, "1.7976931348623157E308"),
            (-0.0, "-0.0"),
        ] {
            assert_eq!(double(value), text);
        }
    }

    #[test]
    fn decimals_keep_their_scale() {
        let mut out = String::new();
        push_decimal(&mut out, -5, 2);
        assert_eq!(out, "-0.05");
    }
}
