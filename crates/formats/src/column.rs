//! [`ColumnBuilder`]: a column that is being filled from text.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, ListArray, MapArray, PrimitiveBuilder, StringBuilder,
    StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowTimestampType, DataType, Date32Type, Decimal128Type, FieldRef, Fields, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use millstream_types::number::{decimal, floating, integer};
use millstream_types::sql_type::{
    LTZ_ZONE, is_bitmap, is_opaque, is_variant, type_name, units_per_second,
};
use millstream_types::time::{PointInTime, days_from_civil, parse_date, parse_time};
use millstream_types::{Error, Result};

use crate::digits::{seconds_of_day, short_integer};

/// A column under construction. Every append adds exactly one value.
pub enum ColumnBuilder {
    /// BOOLEAN
    Boolean(BooleanBuilder),
    /// TINYINT
    Int8(PrimitiveBuilder<Int8Type>),
    /// SMALLINT
    Int16(PrimitiveBuilder<Int16Type>),
    /// INT
    Int32(PrimitiveBuilder<Int32Type>),
    /// BIGINT
    Int64(PrimitiveBuilder<Int64Type>),
    /// FLOAT
    Float32(PrimitiveBuilder<Float32Type>),
    /// DOUBLE
    Float64(PrimitiveBuilder<Float64Type>),
    /// DECIMAL
    Decimal(DecimalColumn),
    /// CHAR, VARCHAR, STRING
    Text(StringBuilder),
    /// BINARY, VARBINARY, BYTES: base 64 in text
    Bytes(BinaryBuilder),
    /// DATE
    Date(PrimitiveBuilder<Date32Type>),
    /// TIME in seconds
    TimeSeconds(PrimitiveBuilder<Time32SecondType>),
    /// TIME in milliseconds
    TimeMillis(PrimitiveBuilder<Time32MillisecondType>),
    /// TIMESTAMP and TIMESTAMP_LTZ
    Timestamp(TimestampColumn),
    /// ARRAY
    List {
        /// The elements.
        values: Box<ColumnBuilder>,
        /// The elements' field.
        field: FieldRef,
        /// Where each row ends.
        ends: Vec<i32>,
        /// Which rows are present.
        present: Vec<bool>,
    },
    /// MAP
    Map {
        /// The keys.
        keys: Box<ColumnBuilder>,
        /// The values.
        values: Box<ColumnBuilder>,
        /// The entries' field.
        field: FieldRef,
        /// Where each row ends.
        ends: Vec<i32>,
        /// Which rows are present.
        present: Vec<bool>,
    },
    /// ROW
    Row {
        /// One builder a field.
        columns: Vec<ColumnBuilder>,
        /// The fields.
        fields: Fields,
        /// Which rows are present.
        present: Vec<bool>,
    },
}

/// A column of decimals.
pub struct DecimalColumn {
    builder: PrimitiveBuilder<Decimal128Type>,
    precision: u8,
    scale: i8,
    /// Whether a number that is too large is none, and not NULL.
    strict: bool,
    /// How many were NULL because they were too large.
    overflowed: u64,
}

impl DecimalColumn {
    fn append(&mut self, text: &str) -> bool {
        match decimal(text, self.precision, self.scale) {
            Some(Some(value)) => self.builder.append_value(value),
            Some(None) if !self.strict => {
                self.overflowed += 1;
                self.builder.append_null();
            }
            Some(None) | None => return false,
        }
        true
    }
}

/// A column of points in time.
pub struct TimestampColumn {
    values: Vec<i64>,
    present: Vec<bool>,
    absent: bool,
    unit: TimeUnit,
    per_second: i64,
    ltz: bool,
    /// The date that was last read, and its day.
    date: ([u8; 10], i64),
}

impl TimestampColumn {
    fn push(&mut self, value: Option<i64>) {
        self.absent |= value.is_none();
        self.values.push(value.unwrap_or_default());
        self.present.push(value.is_some());
    }

    /// `yyyy-MM-dd HH:mm:ss[.fraction]`, with a `Z` at the end for TIMESTAMP_LTZ; seconds may be left out
    /// after a `T`.
    fn read(&mut self, text: &[u8], separator: u8) -> Option<i64> {
        let text = if self.ltz { text.strip_suffix(b"Z")? } else { text };
        let date = text.first_chunk::<10>()?;
        // Most rows are of the same day as the one before.
        if *date != self.date.0 {
            self.date = (*date, day(date)?);
        }
        point_of_day(self.date.1, text, separator)?.in_units(self.per_second)
    }

    fn finish(self) -> ArrayRef {
        fn build<T: ArrowTimestampType>(column: TimestampColumn) -> ArrayRef {
            let nulls = column.absent.then(|| NullBuffer::from(column.present));
            let array = arrow::array::PrimitiveArray::<T>::new(column.values.into(), nulls);
            if column.ltz { Arc::new(array.with_timezone(LTZ_ZONE)) } else { Arc::new(array) }
        }
        match self.unit {
            TimeUnit::Second => build::<TimestampSecondType>(self),
            TimeUnit::Millisecond => build::<TimestampMillisecondType>(self),
            TimeUnit::Microsecond => build::<TimestampMicrosecondType>(self),
            TimeUnit::Nanosecond => build::<TimestampNanosecondType>(self),
        }
    }
}

impl ColumnBuilder {
    /// A builder for columns of a type.
    ///
    /// # Errors
    /// For types that text formats do not hold.
    pub fn new(data_type: &DataType) -> Result<Self> {
        Ok(match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int8 => Self::Int8(PrimitiveBuilder::new()),
            DataType::Int16 => Self::Int16(PrimitiveBuilder::new()),
            DataType::Int32 => Self::Int32(PrimitiveBuilder::new()),
            DataType::Int64 => Self::Int64(PrimitiveBuilder::new()),
            DataType::Float32 => Self::Float32(PrimitiveBuilder::new()),
            DataType::Float64 => Self::Float64(PrimitiveBuilder::new()),
            DataType::Decimal128(precision, scale) => {
                let builder = PrimitiveBuilder::new().with_data_type(data_type.clone());
                let (precision, scale) = (*precision, *scale);
                Self::Decimal(DecimalColumn {
                    builder,
                    precision,
                    scale,
                    strict: false,
                    overflowed: 0,
                })
            }
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            DataType::Binary => Self::Bytes(BinaryBuilder::new()),
            DataType::Date32 => Self::Date(PrimitiveBuilder::new()),
            DataType::Time32(TimeUnit::Second) => Self::TimeSeconds(PrimitiveBuilder::new()),
            DataType::Time32(_) => Self::TimeMillis(PrimitiveBuilder::new()),
            DataType::Timestamp(unit, zone) => Self::Timestamp(TimestampColumn {
                values: Vec::new(),
                present: Vec::new(),
                absent: false,
                unit: *unit,
                per_second: units_per_second(unit),
                ltz: zone.is_some(),
                date: ([0; 10], 0),
            }),
            DataType::List(field) => Self::List {
                values: Box::new(Self::new(field.data_type())?),
                field: Arc::clone(field),
                ends: Vec::new(),
                present: Vec::new(),
            },
            DataType::Map(field, _) => {
                let DataType::Struct(pair) = field.data_type() else {
                    return Err(unreadable(data_type));
                };
                Self::Map {
                    keys: Box::new(Self::new(pair[0].data_type())?),
                    values: Box::new(Self::new(pair[1].data_type())?),
                    field: Arc::clone(field),
                    ends: Vec::new(),
                    present: Vec::new(),
                }
            }
            opaque if is_opaque(opaque) => return Err(unreadable(opaque)),
            DataType::Struct(fields) => Self::Row {
                columns: fields
                    .iter()
                    .map(|field| Self::new(field.data_type()))
                    .collect::<Result<_>>()?,
                fields: fields.clone(),
                present: Vec::new(),
            },
            other => return Err(unreadable(other)),
        })
    }

    /// Takes a number that is too large for its DECIMAL for none, where it would be NULL as in Flink.
    #[must_use]
    pub fn strict(mut self, is_strict: bool) -> Self {
        self.each_decimal(&mut |column| column.strict = is_strict);
        self
    }

    /// How many numbers were NULL because they were too large for their DECIMAL.
    pub fn overflowed(&mut self) -> u64 {
        let mut overflowed = 0;
        self.each_decimal(&mut |column| overflowed += column.overflowed);
        overflowed
    }

    fn each_decimal(&mut self, each: &mut dyn FnMut(&mut DecimalColumn)) {
        match self {
            Self::Decimal(column) => each(column),
            Self::List { values, .. } => values.each_decimal(each),
            Self::Map { keys, values, .. } => {
                keys.each_decimal(each);
                values.each_decimal(each);
            }
            Self::Row { columns, .. } => {
                columns.iter_mut().for_each(|column| column.each_decimal(each))
            }
            _ => {}
        }
    }

    /// Adds a NULL.
    pub fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Int8(builder) => builder.append_null(),
            Self::Int16(builder) => builder.append_null(),
            Self::Int32(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::Float32(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Decimal(column) => column.builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Bytes(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::TimeSeconds(builder) => builder.append_null(),
            Self::TimeMillis(builder) => builder.append_null(),
            Self::Timestamp(column) => column.push(None),
            Self::List { ends, present, .. } | Self::Map { ends, present, .. } => {
                ends.push(ends.last().copied().unwrap_or(0));
                present.push(false);
            }
            Self::Row { columns, present, .. } => {
                columns.iter_mut().for_each(Self::append_null);
                present.push(false);
            }
        }
    }

    /// Adds a whole number; false, and nothing added, where the column takes no such number.
    #[inline]
    pub fn append_integer(&mut self, value: i64) -> bool {
        match self {
            Self::Int64(builder) => builder.append_value(value),
            Self::Int32(builder) => match value.try_into() {
                Ok(value) => builder.append_value(value),
                Err(_) => return false,
            },
            _ => return false,
        }
        true
    }

    /// Adds the value that a text stands for; false, and nothing added, where it stands for none.
    /// `separator` stands between date and time of a timestamp.
    pub fn append_text(&mut self, text: &str, separator: u8) -> bool {
        fn add<T: arrow::array::ArrowPrimitiveType>(
            builder: &mut PrimitiveBuilder<T>,
            value: Option<T::Native>,
        ) -> bool {
            value.map(|value| builder.append_value(value)).is_some()
        }
        match self {
            Self::Boolean(builder) => {
                builder.append_value(text.trim().eq_ignore_ascii_case("true"));
                true
            }
            Self::Int8(builder) => add(builder, whole_number(text).and_then(|v| v.try_into().ok())),
            Self::Int16(builder) => {
                add(builder, whole_number(text).and_then(|v| v.try_into().ok()))
            }
            Self::Int32(builder) => {
                add(builder, whole_number(text).and_then(|v| v.try_into().ok()))
            }
            Self::Int64(builder) => add(builder, whole_number(text)),
            Self::Float32(builder) => add(builder, floating(text).map(|value| value as f32)),
            Self::Float64(builder) => add(builder, floating(text)),
            Self::Decimal(column) => column.append(text),
            Self::Text(builder) => {
                builder.append_value(text);
                true
            }
            Self::Bytes(builder) => {
                use base64::Engine;
                let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim());
                bytes.map(|bytes| builder.append_value(bytes)).is_ok()
            }
            Self::Date(builder) => {
                add(builder, parse_date(text.as_bytes()).and_then(|days| days.try_into().ok()))
            }
            Self::TimeSeconds(builder) => {
                add(builder, parse_time(text.as_bytes()).map(|(seconds, _)| seconds as i32))
            }
            Self::TimeMillis(builder) => add(
                builder,
                parse_time(text.as_bytes())
                    .map(|(s, nanos)| s as i32 * 1_000 + (nanos / 1_000_000) as i32),
            ),
            Self::Timestamp(column) => match column.read(text.as_bytes(), separator) {
                Some(value) => {
                    column.push(Some(value));
                    true
                }
                None => false,
            },
            Self::List { .. } | Self::Map { .. } | Self::Row { .. } => false,
        }
    }

    /// The finished column.
    ///
    /// # Errors
    /// When parts of a nested column do not fit together, which is a bug.
    pub fn finish(self) -> Result<ArrayRef> {
        let offsets = |ends: Vec<i32>| {
            let starts = std::iter::once(0).chain(ends).collect::<Vec<_>>();
            OffsetBuffer::new(starts.into())
        };
        Ok(match self {
            Self::Boolean(mut builder) => Arc::new(builder.finish()),
            Self::Int8(mut builder) => Arc::new(builder.finish()),
            Self::Int16(mut builder) => Arc::new(builder.finish()),
            Self::Int32(mut builder) => Arc::new(builder.finish()),
            Self::Int64(mut builder) => Arc::new(builder.finish()),
            Self::Float32(mut builder) => Arc::new(builder.finish()),
            Self::Float64(mut builder) => Arc::new(builder.finish()),
            Self::Decimal(mut column) => Arc::new(column.builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Bytes(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::TimeSeconds(mut builder) => Arc::new(builder.finish()),
            Self::TimeMillis(mut builder) => Arc::new(builder.finish()),
            Self::Timestamp(column) => column.finish(),
            Self::List { values, field, ends, present } => Arc::new(ListArray::try_new(
                field,
                offsets(ends),
                values.finish()?,
                Some(present.into()),
            )?),
            Self::Map { keys, values, field, ends, present } => {
                let DataType::Struct(pair) = field.data_type() else {
                    return Err(unreadable(field.data_type()));
                };
                let columns = vec![keys.finish()?, values.finish()?];
                let entries = StructArray::try_new(pair.clone(), columns, None)?;
                Arc::new(MapArray::try_new(
                    field,
                    offsets(ends),
                    entries,
                    Some(present.into()),
                    false,
                )?)
            }
            Self::Row { columns, fields, present } => {
                let columns = columns.into_iter().map(Self::finish).collect::<Result<Vec<_>>>()?;
                let length = present.len();
                let nulls = Some(NullBuffer::from(present));
                Arc::new(StructArray::try_new_with_length(fields, columns, nulls, length)?)
            }
        })
    }
}

fn unreadable(data_type: &DataType) -> Error {
    let hint = if is_variant(data_type) {
        "declare it STRING; PARSE_JSON makes a VARIANT of it, JSON_STRING a text"
    } else if is_bitmap(data_type) {
        "declare it BYTES; BITMAP_FROM_BYTES makes a BITMAP of it, BITMAP_TO_BYTES bytes"
    } else {
        "declare it STRING and cast it"
    };
    Error::options(
        format!("a column of type {} cannot be read from text", type_name(data_type)),
        hint,
    )
}

/// An integer with blanks around it: mostly without, and short.
#[inline]
fn whole_number(text: &str) -> Option<i64> {
    short_integer(text.as_bytes()).or_else(|| integer(text))
}

/// A point in time in exactly that layout.
pub fn point(text: &[u8], separator: u8) -> Option<PointInTime> {
    point_of_day(day(text.first_chunk()?)?, text, separator)
}

/// The number of two digits.
fn two(text: &[u8], at: usize) -> Option<u32> {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// Days since the epoch of `yyyy-MM-dd`.
fn day(date: &[u8; 10]) -> Option<i64> {
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let year = two(date, 0)? * 100 + two(date, 2)?;
    days_from_civil(i64::from(year), two(date, 5)?, two(date, 8)?)
}

/// A point in time whose day is known.
fn point_of_day(days: i64, text: &[u8], separator: u8) -> Option<PointInTime> {
    if *text.get(10)? != separator {
        return None;
    }
    let clock = &text[11..];
    let (of_day, rest) = match clock.split_first_chunk::<8>() {
        Some((seconds, rest)) => (seconds_of_day(*seconds)?, rest),
        // Seconds may be left out.
        None if separator == b'T' && clock.len() == 5 => {
            let mut seconds = *b"00:00:00";
            seconds[..5].copy_from_slice(clock);
            (seconds_of_day(seconds)?, &clock[5..])
        }
        None => return None,
    };
    let nanos = match rest {
        [] => 0,
        // Milliseconds are what most clocks give.
        [b'.', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            let digit = |digit: &u8| u32::from(digit - b'0');
            (digit(a) * 100 + digit(b) * 10 + digit(c)) * 1_000_000
        }
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            let mut value = 0;
            for digit in digits {
                let digit = digit.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                value = value * 10 + u32::from(digit);
            }
            value * 10_u32.pow(9 - digits.len() as u32)
        }
        _ => return None,
    };
    Some(PointInTime { seconds: days * 86_400 + i64::from(of_day), nanos })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_one_layout() {
        let read = |text: &str, separator| {
            point(text.as_bytes(), separator).and_then(|point| point.in_units(1_000))
        };
        assert_eq!(read("1970-01-01 00:00:01.5", b' '), Some(1_500));
        assert_eq!(read("1970-01-01T00:01", b'T'), Some(60_000));
        for wrong in [
            "1970-01-01 00:01",
            "1970-01-01T00:00:01",
            "1970-02-30 00:00:00",
            " 1970-01-01 00:00:00",
        ] {
            assert_eq!(read(wrong, b' '), None, "{wrong}");
        }
    }
}
