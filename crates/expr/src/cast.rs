//! `CAST` and `TRY_CAST`, between every pair of types between which Flink casts.
//!
//! A cast that fails is an error, `TRY_CAST` gives NULL instead. Narrowing between integers wraps,
//! a floating point number saturates on its way to an integer, a DECIMAL that does not fit is NULL.
//! Source: Flink, "CAST function" and `BinaryStringDataUtil`.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryBuilder, BooleanArray, ListArray, MapArray,
    PrimitiveArray, StringBuilder, StructArray, new_null_array,
};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, FieldRef, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use chrono_tz::Tz;
use datafusion_common::{DataFusionError, Result as DfResult};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use millstream_types::number::{decimal, floating};
use millstream_types::sql_type::{SqlType, type_name, units_per_second};
use millstream_types::text::{TextColumn, timestamp_values};
use millstream_types::time::{PointInTime, parse_date, parse_time, parse_timestamp};
use millstream_types::{Error, Result};

use crate::decimal::rescale_i128;
use crate::function::{external, invoke};
use crate::temporal::{local_to_utc, utc_to_local};

/// `CAST(value AS type)` as a function that DataFusion can call.
#[derive(Debug)]
pub struct Cast {
    target: FieldRef,
    try_cast: bool,
    zone: Tz,
    signature: Signature,
}

impl Cast {
    /// A cast to the type of a field, in a session's time zone.
    pub fn new(target: FieldRef, try_cast: bool, zone: Tz) -> Self {
        Self { target, try_cast, zone, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl PartialEq for Cast {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target && self.try_cast == other.try_cast && self.zone == other.zone
    }
}

impl Eq for Cast {}

impl Hash for Cast {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.target.hash(state);
        self.try_cast.hash(state);
    }
}

impl ScalarUDFImpl for Cast {
    fn name(&self) -> &str {
        if self.try_cast { "TRY_CAST" } else { "CAST" }
    }

    fn schema_name(&self, arguments: &[datafusion_expr::Expr]) -> DfResult<String> {
        // Two casts to types that only differ in their metadata are still two columns.
        let mut hasher = DefaultHasher::new();
        self.target.hash(&mut hasher);
        let of = arguments[0].schema_name();
        Ok(format!("{}({of} AS {} #{:x})", self.name(), self.target.data_type(), hasher.finish()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(self.target.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let from = args.arg_fields[0].data_type();
        let target = self.target.data_type();
        if !allowed(from, target) {
            return Err(DataFusionError::Plan(format!(
                "a cast from {} to {} is not supported",
                type_name(from),
                type_name(target)
            )));
        }
        Ok(Arc::new(self.target.as_ref().clone().with_nullable(true)))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let to = SqlType::of_field(&self.target).ok_or_else(|| {
            external(Error::Internal("a cast to a type that is not SQL's".into()))
        })?;
        invoke(&call, self.zone, |call| {
            let how = How { try_cast: self.try_cast, zone: self.zone };
            cast(&call.arguments[0], &to.sql_type, &how)
        })
    }
}

/// Whether Flink casts between two types at all.
pub fn allowed(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Binary, Boolean, Date32, Decimal128, List, Map, Null, Struct, Time32, Timestamp, Utf8,
    };
    match (from, to) {
        (Null, _) | (_, Utf8) => true,
        (from, to) if from == to => true,
        (Utf8, to) => !to.is_nested() && !matches!(to, DataType::Interval(_)),
        (Boolean, to) => to.is_numeric(),
        (from, Boolean) => {
            from.is_integer() || matches!(from, Decimal128(..)) || from.is_floating()
        }
        (Timestamp(..), Timestamp(..) | Date32 | Time32(_)) => true,
        (Date32 | Time32(_), Timestamp(..)) | (Time32(_), Time32(_)) => true,
        (List(a), List(b)) => allowed(a.data_type(), b.data_type()),
        (Map(a, _), Map(b, _)) => allowed(a.data_type(), b.data_type()),
        (Struct(a), Struct(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| allowed(a.data_type(), b.data_type()))
        }
        (Binary, _) => false,
        (from, to) => from.is_numeric() && to.is_numeric(),
    }
}

/// How a cast is done.
pub struct How {
    /// NULL instead of an error.
    pub try_cast: bool,
    /// The time zone in which TIMESTAMP and TIMESTAMP_LTZ meet.
    pub zone: Tz,
}

/// Casts a column.
///
/// # Errors
/// When a value cannot be cast, unless it is a `TRY_CAST`.
pub fn cast(from: &ArrayRef, to: &SqlType, how: &How) -> Result<ArrayRef> {
    if matches!(from.data_type(), DataType::Null) {
        return Ok(new_null_array(&to.arrow(), from.len()));
    }
    match to {
        SqlType::Char(_) | SqlType::VarChar(_) => to_text(from, to, how),
        SqlType::Boolean => to_boolean(from, how),
        SqlType::Binary(_) | SqlType::VarBinary(_) => to_binary(from),
        SqlType::TinyInt => to_integer::<Int8Type>(from, to, how),
        SqlType::SmallInt => to_integer::<Int16Type>(from, to, how),
        SqlType::Int => to_integer::<Int32Type>(from, to, how),
        SqlType::BigInt => to_integer::<Int64Type>(from, to, how),
        SqlType::Float => to_floating::<Float32Type>(from, to, how),
        SqlType::Double => to_floating::<Float64Type>(from, to, how),
        SqlType::Decimal(precision, scale) => to_decimal(from, (*precision, *scale), to, how),
        SqlType::Date => to_date(from, to, how),
        SqlType::Time(precision) => to_time(from, *precision, to, how),
        SqlType::Timestamp(precision) => to_timestamp(from, *precision, None, to, how),
        SqlType::TimestampLtz(precision) => to_timestamp(from, *precision, Some(how.zone), to, how),
        SqlType::Array(_) | SqlType::Map(..) | SqlType::Row(_) => to_nested(from, to, how),
        SqlType::IntervalYearMonth
        | SqlType::IntervalDaySecond
        | SqlType::Multiset(_)
        | SqlType::Null => Ok(arrow::compute::cast(from, &to.arrow())?),
    }
}

/// The error of a value that cannot be cast, or `None` for a `TRY_CAST`.
fn refuse<T>(text: &str, to: &SqlType, how: &How) -> Result<Option<T>> {
    if how.try_cast {
        return Ok(None);
    }
    Err(Error::Evaluation(format!(
        "cannot cast '{text}' to {to}; TRY_CAST gives NULL where a value does not fit"
    )))
}

/// Reads each text of a column; what `read` has no value for is refused.
fn parse_texts<T: ArrowPrimitiveType>(
    from: &ArrayRef,
    to: &SqlType,
    how: &How,
    read: impl Fn(&str) -> Option<T::Native>,
) -> Result<ArrayRef> {
    let texts = from.as_string::<i32>();
    let mut values = PrimitiveArray::<T>::builder(texts.len()).with_data_type(to.arrow());
    for text in texts {
        values.append_option(match text {
            Some(text) => match read(text) {
                Some(value) => Some(value),
                None => refuse(text, to, how)?,
            },
            None => None,
        });
    }
    Ok(Arc::new(values.finish()))
}

fn to_text(from: &ArrayRef, to: &SqlType, how: &How) -> Result<ArrayRef> {
    let (length, pad) = match to {
        SqlType::Char(length) => (*length as usize, true),
        SqlType::VarChar(length) => (*length as usize, false),
        _ => (usize::MAX, false),
    };
    let unlimited = length >= i32::MAX as usize;
    if let DataType::Binary = from.data_type() {
        let mut out = StringBuilder::new();
        for bytes in from.as_binary::<i32>() {
            out.append_option(bytes.map(String::from_utf8_lossy));
        }
        return Ok(Arc::new(out.finish()));
    }
    if matches!(from.data_type(), DataType::Utf8) && unlimited {
        return Ok(Arc::clone(from));
    }
    let texts = TextColumn::with_null(from, how.zone, None, "NULL")?;
    let mut out = StringBuilder::with_capacity(from.len(), from.len() * 8);
    let mut text = String::new();
    for row in 0..from.len() {
        if texts.is_null(row) {
            out.append_null();
            continue;
        }
        text.clear();
        texts.write(row, &mut text);
        if matches!(from.data_type(), DataType::Boolean) {
            text.make_ascii_uppercase();
        }
        if !unlimited {
            let characters = text.chars().count();
            if characters > length {
                let end = text.char_indices().nth(length).map_or(text.len(), |(at, _)| at);
                text.truncate(end);
            } else if pad {
                text.extend(std::iter::repeat_n(' ', length - characters));
            }
        }
        out.append_value(&text);
    }
    Ok(Arc::new(out.finish()))
}

/// Reads a BOOLEAN as Flink does; `None` for any other text.
pub fn parse_boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn to_boolean(from: &ArrayRef, how: &How) -> Result<ArrayRef> {
    if let DataType::Utf8 = from.data_type() {
        let read = |text: Option<&str>| match text {
            Some(text) => match parse_boolean(text) {
                Some(value) => Ok(Some(value)),
                None => refuse(text, &SqlType::Boolean, how),
            },
            None => Ok(None),
        };
        let values: Result<BooleanArray> = from.as_string::<i32>().iter().map(read).collect();
        return Ok(Arc::new(values?));
    }
    Ok(match from.data_type() {
        DataType::Decimal128(..) => {
            let values = from.as_primitive::<Decimal128Type>();
            Arc::new(values.iter().map(|value| value.map(|v| v != 0)).collect::<BooleanArray>())
        }
        _ => arrow::compute::cast(from, &DataType::Boolean)?,
    })
}

fn to_binary(from: &ArrayRef) -> Result<ArrayRef> {
    let DataType::Utf8 = from.data_type() else { return Ok(Arc::clone(from)) };
    let mut out = BinaryBuilder::new();
    for text in from.as_string::<i32>() {
        out.append_option(text.map(str::as_bytes));
    }
    Ok(Arc::new(out.finish()))
}

/// An integer type, as casts see it.
trait Integer: ArrowPrimitiveType {
    fn wrap(value: i64) -> Self::Native;
    fn fit(value: i64) -> Option<Self::Native>;
    fn saturate(value: f64) -> Self::Native;
}

macro_rules! integer {
    ($($arrow:ty => $native:ty),*) => {$(
        impl Integer for $arrow {
            fn wrap(value: i64) -> $native {
                value as $native
            }
            fn fit(value: i64) -> Option<$native> {
                value.try_into().ok()
            }
            fn saturate(value: f64) -> $native {
                // Small types go by way of INT, where they wrap.
                if size_of::<$native>() < 4 { value as i32 as $native } else { value as $native }
            }
        }
    )*};
}
integer!(Int8Type => i8, Int16Type => i16, Int32Type => i32, Int64Type => i64);

/// Reads an integer with blanks around it; a fraction is cut off, as Flink does.
pub fn parse_integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match whole.trim_start_matches(['+', '-']) {
        "" => (!fraction.is_empty()).then_some(0),
        _ => whole.parse().ok(),
    }
}

fn to_integer<T: Integer>(from: &ArrayRef, to: &SqlType, how: &How) -> Result<ArrayRef> {
    fn map<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
        from: &ArrayRef,
        convert: impl Fn(F::Native) -> T::Native,
    ) -> ArrayRef {
        Arc::new(from.as_primitive::<F>().unary::<_, T>(convert))
    }
    Ok(match from.data_type() {
        DataType::Utf8 => {
            parse_texts::<T>(from, to, how, |text| parse_integer(text).and_then(T::fit))?
        }
        DataType::Int8 => map::<Int8Type, T>(from, |v| T::wrap(v.into())),
        DataType::Int16 => map::<Int16Type, T>(from, |v| T::wrap(v.into())),
        DataType::Int32 => map::<Int32Type, T>(from, |v| T::wrap(v.into())),
        DataType::Int64 => map::<Int64Type, T>(from, T::wrap),
        DataType::Float32 => map::<Float32Type, T>(from, |v| T::saturate(v.into())),
        DataType::Float64 => map::<Float64Type, T>(from, T::saturate),
        DataType::Decimal128(_, scale) => {
            let power = 10_i128.pow(scale.max(&0).unsigned_abs().into());
            map::<Decimal128Type, T>(from, |v| T::wrap((v / power) as i64))
        }
        other => arrow::compute::cast(&arrow::compute::cast(from, &to.arrow())?, &to.arrow())
            .map_err(|_| unsupported(other, to))?,
    })
}

fn unsupported(from: &DataType, to: &SqlType) -> Error {
    Error::Evaluation(format!("a cast from {} to {to} is not supported", type_name(from)))
}

fn to_floating<T: ArrowPrimitiveType>(from: &ArrayRef, to: &SqlType, how: &How) -> Result<ArrayRef>
where
    T::Native: From<f32> + num_like::FromF64,
{
    match from.data_type() {
        DataType::Utf8 => {
            parse_texts::<T>(from, to, how, |text| floating(text).map(num_like::FromF64::cut))
        }
        _ => Ok(arrow::compute::cast(from, &to.arrow())?),
    }
}

/// The one conversion that `From` does not offer.
mod num_like {
    /// A floating point number of a given width.
    pub trait FromF64 {
        /// The nearest value of this width.
        fn cut(value: f64) -> Self;
    }
    impl FromF64 for f32 {
        fn cut(value: f64) -> Self {
            value as Self
        }
    }
    impl FromF64 for f64 {
        fn cut(value: f64) -> Self {
            value
        }
    }
}

fn to_decimal(
    from: &ArrayRef,
    (precision, scale): (u8, i8),
    to: &SqlType,
    how: &How,
) -> Result<ArrayRef> {
    let limit = 10_u128.pow(u32::from(precision));
    let fit = |value: Option<i128>| value.filter(|value| value.unsigned_abs() < limit);
    let mut out = PrimitiveArray::<Decimal128Type>::builder(from.len()).with_data_type(to.arrow());
    match from.data_type() {
        DataType::Utf8 => {
            for text in from.as_string::<i32>() {
                out.append_option(match text {
                    Some(text) => match decimal(text, precision, scale) {
                        Some(Some(value)) => Some(value),
                        _ => refuse(text, to, how)?,
                    },
                    None => None,
                });
            }
        }
        DataType::Decimal128(_, given) => {
            for value in from.as_primitive::<Decimal128Type>() {
                out.append_option(fit(value.and_then(|value| rescale_i128(value, *given, scale))));
            }
        }
        DataType::Float32 | DataType::Float64 => {
            // By way of the shortest text, so that 0.1 is one tenth, as Java's BigDecimal has it.
            let texts = TextColumn::new(from, how.zone, None)?;
            let mut text = String::new();
            for row in 0..from.len() {
                text.clear();
                texts.write_or(row, "", &mut text);
                out.append_option(decimal(&text, precision, scale).flatten());
            }
        }
        _ => {
            let whole = arrow::compute::cast(from, &DataType::Int64)?;
            for value in whole.as_primitive::<Int64Type>() {
                out.append_option(
                    fit(value.and_then(|value| rescale_i128(value.into(), 0, scale))),
                );
            }
        }
    }
    Ok(Arc::new(out.finish()))
}

fn to_date(from: &ArrayRef, to: &SqlType, how: &How) -> Result<ArrayRef> {
    match from.data_type() {
        DataType::Utf8 => parse_texts::<Date32Type>(from, to, how, |text| {
            let text = text.trim();
            let days = parse_date(text.as_bytes())
                .or_else(|| parse_text_point(text).map(|time| time.seconds.div_euclid(86_400)));
            days.and_then(|days| days.try_into().ok())
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

fn to_time(from: &ArrayRef, precision: u8, to: &SqlType, how: &How) -> Result<ArrayRef> {
    let per_second: i64 = if precision == 0 { 1 } else { 1_000 };
    let read = |text: &str| {
        let (seconds, nanos) = parse_time(text.trim().as_bytes())?;
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

/// A point in time from text, with a blank between date and time.
pub fn parse_text_point(text: &str) -> Option<PointInTime> {
    parse_timestamp(text.trim().as_bytes(), b' ')
}

fn to_timestamp(
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
                        match parse_text_point(text).and_then(|time| time.in_units(per_second)) {
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

fn to_nested(from: &ArrayRef, to: &SqlType, how: &How) -> Result<ArrayRef> {
    match (from.data_type(), to, to.arrow()) {
        (DataType::List(_), SqlType::Array(element), DataType::List(field)) => {
            let list = from.as_list::<i32>();
            let values = cast(list.values(), &element.sql_type, how)?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(field, offsets, values, nulls)?))
        }
        (DataType::Map(..), SqlType::Map(key, value), DataType::Map(entries, _)) => {
            let map = from.as_map();
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(unsupported(from.data_type(), to));
            };
            let keys = cast(map.keys(), &key.sql_type, how)?;
            let values = cast(map.values(), &value.sql_type, how)?;
            let pairs = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Ok(Arc::new(MapArray::try_new(entries, offsets, pairs, nulls, false)?))
        }
        (DataType::Struct(_), SqlType::Row(columns), DataType::Struct(fields)) => {
            let row = from.as_struct();
            let values = row
                .columns()
                .iter()
                .zip(columns)
                .map(|(value, (_, column))| cast(value, &column.sql_type, how))
                .collect::<Result<Vec<_>>>()?;
            Ok(Arc::new(StructArray::try_new(fields, values, row.nulls().cloned())?))
        }
        (other, ..) => Err(unsupported(other, to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_with_blanks_and_cut_fractions() {
        assert_eq!(parse_integer(" 12 "), Some(12));
        assert_eq!(parse_integer("-3.99"), Some(-3));
        assert_eq!(parse_integer("1e3"), None);
        assert_eq!(parse_integer(""), None);
    }
}
