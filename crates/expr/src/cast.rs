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
    PrimitiveArray, StringBuilder, StructArray, UInt32Array, new_null_array,
};
use arrow::datatypes::{
    DataType, Decimal128Type, FieldRef, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type,
};
use chrono_tz::Tz;
use datafusion_common::{DataFusionError, Result as DfResult};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use millstream_types::number::{decimal, floating, trimmed};
use millstream_types::sql_type::{SqlType, UNLIMITED, is_bitmap, is_opaque, type_name};
use millstream_types::text::{TextColumn, shortened};
use millstream_types::{Error, Result};

use crate::cast_time::{to_date, to_time, to_timestamp};
use crate::decimal::rescale_i128;
use crate::function::{Call, external, invoke};
use crate::strings::MOST_BYTES;

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
            let how = How::of(self.try_cast, self.zone, call);
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
        (Null, _) => true,
        (from, to) if from == to => true,
        (bitmap, Utf8) if is_bitmap(bitmap) => true,
        // What a JSON value holds is taken out of its text.
        (from, to) if is_opaque(from) || is_opaque(to) => false,
        (_, Utf8) => true,
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
    /// How many digits of a second the text of a point in time has, where its type says more than its unit.
    pub digits: Option<u8>,
}

impl How {
    /// The cast of the first argument of a call.
    pub fn of(try_cast: bool, zone: Tz, call: &Call<'_>) -> Self {
        let from = call.fields.first().and_then(|field| SqlType::of_field(field));
        let digits = match from.map(|from| from.sql_type) {
            Some(SqlType::Timestamp(digits) | SqlType::TimestampLtz(digits)) => Some(digits),
            _ => None,
        };
        Self { try_cast, zone, digits }
    }
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
        SqlType::Binary(length) => {
            // Every value takes the whole length.
            let (each, all) = (*length as usize, i32::MAX as usize);
            if each > MOST_BYTES || each.saturating_mul(from.len()) > all {
                return Err(Error::Evaluation(format!(
                    "{to} fills up every value, which takes too much memory for {} rows; VARBINARY does not",
                    from.len()
                )));
            }
            Ok(to_binary(from, each, true))
        }
        SqlType::VarBinary(length) => Ok(to_binary(from, *length as usize, false)),
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
        SqlType::Array(_) | SqlType::Map(..) | SqlType::Row(_) if how.try_cast => {
            whole_or_null(from, to, how)
        }
        SqlType::Array(_) | SqlType::Map(..) | SqlType::Row(_) => to_nested(from, to, how),
        SqlType::IntervalYearMonth
        | SqlType::IntervalDaySecond
        | SqlType::Multiset(_)
        | SqlType::Variant
        | SqlType::Bitmap
        | SqlType::Null => Ok(arrow::compute::cast(from, &to.arrow())?),
    }
}

/// The error of a value that cannot be cast, or `None` for a `TRY_CAST`.
pub(crate) fn refuse<T>(text: &str, to: &SqlType, how: &How) -> Result<Option<T>> {
    if how.try_cast {
        return Ok(None);
    }
    Err(Error::Evaluation(format!(
        "cannot cast '{}' to {to}; TRY_CAST gives NULL where a value does not fit",
        shortened(text)
    )))
}

/// Reads each text of a column; what `read` has no value for is refused.
pub(crate) fn parse_texts<T: ArrowPrimitiveType>(
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
        let text: ArrayRef = Arc::new(out.finish());
        return to_text(&text, to, how);
    }
    if matches!(from.data_type(), DataType::Utf8) && unlimited {
        return Ok(Arc::clone(from));
    }
    let texts = TextColumn::of_cast(from, how.zone, how.digits)?;
    let mut out = StringBuilder::with_capacity(from.len(), from.len() * 8);
    let mut text = String::new();
    for row in 0..from.len() {
        if texts.is_null(row) {
            out.append_null();
            continue;
        }
        text.clear();
        texts.write(row, &mut text);
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

/// The bytes of a text, or bytes, cut to a length; filled up with 0 where they are to be as long.
fn to_binary(from: &ArrayRef, length: usize, pad: bool) -> ArrayRef {
    if matches!(from.data_type(), DataType::Binary) && length == UNLIMITED as usize {
        return Arc::clone(from);
    }
    let mut out = BinaryBuilder::new();
    let mut add = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) if pad && bytes.len() < length => {
            let zeros = std::iter::repeat_n(0, length - bytes.len());
            out.append_value(bytes.iter().copied().chain(zeros).collect::<Vec<u8>>());
        }
        Some(bytes) => out.append_value(&bytes[..bytes.len().min(length)]),
        None => out.append_null(),
    };
    match from.data_type() {
        DataType::Utf8 => from.as_string::<i32>().iter().for_each(|t| add(t.map(str::as_bytes))),
        _ => from.as_binary::<i32>().iter().for_each(add),
    }
    Arc::new(out.finish())
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
    let text = trimmed(text);
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

pub(crate) fn unsupported(from: &DataType, to: &SqlType) -> Error {
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
        DataType::Decimal128(_, scale) => {
            let values = from.as_primitive::<Decimal128Type>().iter();
            let nearest =
                values.map(|value| value.map(|value| num_like::FromF64::of_decimal(value, *scale)));
            Ok(Arc::new(nearest.collect::<PrimitiveArray<T>>()))
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
        /// The nearest value to a decimal.
        fn of_decimal(value: i128, scale: i8) -> Self;
    }
    impl FromF64 for f32 {
        fn cut(value: f64) -> Self {
            value as Self
        }
        fn of_decimal(value: i128, scale: i8) -> Self {
            format!("{value}e{}", -scale).parse().unwrap_or(Self::NAN)
        }
    }
    impl FromF64 for f64 {
        fn cut(value: f64) -> Self {
            value
        }
        fn of_decimal(value: i128, scale: i8) -> Self {
            // Both are exact up to here, so that their quotient is rounded only once.
            if value.unsigned_abs() <= 1 << 53 && (0..=22).contains(&scale) {
                return value as Self / Self::powi(10.0, scale.into());
            }
            format!("{value}e{}", -scale).parse().unwrap_or(Self::NAN)
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
            // By way of the shortest text of a DOUBLE, so that 0.1 is one tenth, as Java's BigDecimal has it.
            let wide = arrow::compute::cast(from, &DataType::Float64)?;
            let texts = TextColumn::new(&wide, how.zone, None)?;
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

/// A collection or row is NULL as a whole where a value in it cannot be cast: the half with the failing one
/// is halved until it stands alone.
fn whole_or_null(from: &ArrayRef, to: &SqlType, how: &How) -> Result<ArrayRef> {
    let strict = How { try_cast: false, ..*how };
    if let Ok(all) = to_nested(from, to, &strict) {
        return Ok(all);
    }
    let rows = from.len() as u32;
    if rows == 1 {
        return Ok(new_null_array(&to.arrow(), 1));
    }
    // A slice of lists would have all their values with it.
    let half = |range: std::ops::Range<u32>| {
        let alone = arrow::compute::take(from, &UInt32Array::from_iter_values(range), None)?;
        whole_or_null(&alone, to, how)
    };
    let (first, second) = (half(0..rows / 2)?, half(rows / 2..rows)?);
    Ok(arrow::compute::concat(&[&*first, &*second])?)
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
