//! Flink's SQL types and the Arrow columns that hold them.
//!
//! Most types have an Arrow type of their own. What Arrow cannot say (the length of a `CHAR`, a
//! precision between Arrow's units) stands in the field's metadata under [`TYPE_KEY`], so that a
//! column's SQL type can always be shown as it was declared. Source: Flink, "Data Types".

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};

/// The metadata key under which a field keeps what its Arrow type cannot express.
pub const TYPE_KEY: &str = "sql.type";

/// The time zone of Arrow columns that hold `TIMESTAMP_LTZ`, which are points on the UTC time line.
pub const LTZ_ZONE: &str = "UTC";

/// A SQL type, without its nullability.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the SQL type of its name")]
pub enum SqlType {
    Char(u32),
    /// `VARCHAR(n)`; `STRING` is the longest of them.
    VarChar(u32),
    Boolean,
    Binary(u32),
    /// `VARBINARY(n)`; `BYTES` is the longest of them.
    VarBinary(u32),
    Decimal(u8, i8),
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    Date,
    Time(u8),
    Timestamp(u8),
    TimestampLtz(u8),
    IntervalYearMonth,
    IntervalDaySecond,
    Array(Box<ColumnType>),
    Map(Box<ColumnType>, Box<ColumnType>),
    /// Values and how often each is there: in Arrow a map whose entries are called [`MULTISET`].
    Multiset(Box<ColumnType>),
    Row(Vec<(String, ColumnType)>),
    /// A JSON value: in Arrow a row whose only field is called [`VARIANT`] and holds its text, without
    /// blanks and in the order of its keys.
    Variant,
    /// A set of 32-bit integers: in Arrow a row whose only field is called [`BITMAP`] and holds it as
    /// [`bitmap`](crate::bitmap) writes it.
    Bitmap,
    Null,
}

/// What the field of a row is called that is a JSON value.
pub const VARIANT: &str = "$variant";

/// What the field of a row is called that is a set of integers.
pub const BITMAP: &str = "$bitmap";

/// What the entries of a map are called that is a multiset.
pub const MULTISET: &str = "multiset";

/// The length that makes a `VARCHAR` a `STRING` and a `VARBINARY` a `BYTES`.
pub const UNLIMITED: u32 = i32::MAX as u32;

/// A SQL type with its nullability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnType {
    /// The type.
    pub sql_type: SqlType,
    /// False for `NOT NULL`.
    pub nullable: bool,
}

impl ColumnType {
    /// A type whose values may be NULL.
    pub fn nullable(sql_type: SqlType) -> Self {
        Self { sql_type, nullable: true }
    }

    /// The Arrow field that holds this column.
    pub fn field(&self, name: &str) -> Field {
        let field = Field::new(name, self.sql_type.arrow(), self.nullable);
        match self.sql_type.exact_name() {
            Some(exact) => field.with_metadata(HashMap::from([(TYPE_KEY.to_owned(), exact)])),
            None => field,
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.sql_type, if self.nullable { "" } else { " NOT NULL" })
    }
}

impl SqlType {
    /// `STRING`
    pub const STRING: Self = Self::VarChar(UNLIMITED);

    /// The Arrow type of a column of this type.
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Char(_) | Self::VarChar(_) => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::Binary(_) | Self::VarBinary(_) => DataType::Binary,
            Self::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale),
            Self::TinyInt => DataType::Int8,
            Self::SmallInt => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Time(0) => DataType::Time32(TimeUnit::Second),
            Self::Time(_) => DataType::Time32(TimeUnit::Millisecond),
            Self::Timestamp(precision) => DataType::Timestamp(unit_for(*precision), None),
            Self::TimestampLtz(precision) => {
                DataType::Timestamp(unit_for(*precision), Some(LTZ_ZONE.into()))
            }
            Self::IntervalYearMonth => DataType::Interval(IntervalUnit::YearMonth),
            Self::IntervalDaySecond => DataType::Interval(IntervalUnit::MonthDayNano),
            Self::Array(element) => DataType::List(Arc::new(element.field("item"))),
            Self::Map(key, value) => {
                let key = Field::new("key", key.sql_type.arrow(), false);
                let entries = Fields::from(vec![key, value.field("value")]);
                DataType::Map(
                    Arc::new(Field::new("entries", DataType::Struct(entries), false)),
                    false,
                )
            }
            Self::Multiset(element) => {
                let key = Field::new("key", element.sql_type.arrow(), false);
                let entries = Fields::from(vec![key, Field::new("value", DataType::Int32, false)]);
                DataType::Map(
                    Arc::new(Field::new(MULTISET, DataType::Struct(entries), false)),
                    false,
                )
            }
            Self::Row(fields) => {
                DataType::Struct(fields.iter().map(|(name, column)| column.field(name)).collect())
            }
            Self::Variant => {
                DataType::Struct(Fields::from(vec![Field::new(VARIANT, DataType::Utf8, true)]))
            }
            Self::Bitmap => {
                DataType::Struct(Fields::from(vec![Field::new(BITMAP, DataType::Binary, true)]))
            }
            Self::Null => DataType::Null,
        }
    }

    /// What the Arrow type loses of this type, as text for the field's metadata.
    fn exact_name(&self) -> Option<String> {
        let lossy = match self {
            Self::Char(_) | Self::Binary(_) => true,
            Self::VarChar(length) | Self::VarBinary(length) => *length != UNLIMITED,
            Self::Time(precision) => !matches!(precision, 0 | 3),
            Self::Timestamp(precision) | Self::TimestampLtz(precision) => precision % 3 != 0,
            _ => false,
        };
        lossy.then(|| self.to_string())
    }

    /// The SQL type of an Arrow field; `None` for Arrow types that no SQL type maps to.
    pub fn of_field(field: &Field) -> Option<ColumnType> {
        let exact = field.metadata().get(TYPE_KEY).and_then(|name| Self::parse_exact(name));
        let sql_type = match exact {
            Some(exact) if exact.arrow() == *field.data_type() => exact,
            _ => Self::of_arrow(field.data_type())?,
        };
        Some(ColumnType { sql_type, nullable: field.is_nullable() })
    }

    /// The SQL type of an Arrow type; `None` where there is none.
    pub fn of_arrow(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::STRING,
            DataType::Boolean => Self::Boolean,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
                Self::VarBinary(UNLIMITED)
            }
            DataType::Decimal128(precision, scale) => Self::Decimal(*precision, *scale),
            DataType::Int8 => Self::TinyInt,
            DataType::Int16 | DataType::UInt8 => Self::SmallInt,
            DataType::Int32 | DataType::UInt16 => Self::Int,
            DataType::Int64 | DataType::UInt32 => Self::BigInt,
            DataType::UInt64 => Self::Decimal(20, 0),
            DataType::Float16 | DataType::Float32 => Self::Float,
            DataType::Float64 => Self::Double,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(TimeUnit::Second) => Self::Time(0),
            DataType::Time32(_) | DataType::Time64(_) => Self::Time(3),
            DataType::Timestamp(unit, None) => Self::Timestamp(precision_of(unit)),
            DataType::Timestamp(unit, Some(_)) => Self::TimestampLtz(precision_of(unit)),
            DataType::Interval(IntervalUnit::YearMonth) => Self::IntervalYearMonth,
            DataType::Interval(_) | DataType::Duration(_) => Self::IntervalDaySecond,
            DataType::List(element) | DataType::LargeList(element) => {
                Self::Array(Box::new(Self::of_field(element)?))
            }
            DataType::Map(entries, _) => {
                let DataType::Struct(pair) = entries.data_type() else { return None };
                let [key, value] = &pair[..] else { return None };
                if entries.name() == MULTISET {
                    return Some(Self::Multiset(Box::new(Self::of_field(key)?)));
                }
                Self::Map(Box::new(Self::of_field(key)?), Box::new(Self::of_field(value)?))
            }
            variant if is_variant(variant) => Self::Variant,
            bitmap if is_bitmap(bitmap) => Self::Bitmap,
            DataType::Struct(fields) => Self::Row(
                fields
                    .iter()
                    .map(|field| Some((field.name().clone(), Self::of_field(field)?)))
                    .collect::<Option<_>>()?,
            ),
            DataType::Null => Self::Null,
            _ => return None,
        })
    }

    /// Reads back what [`Self::exact_name`] wrote.
    fn parse_exact(text: &str) -> Option<Self> {
        let (name, length) = text.strip_suffix(')')?.split_once('(')?;
        let length: u32 = length.parse().ok()?;
        Some(match name {
            "CHAR" => Self::Char(length),
            "VARCHAR" => Self::VarChar(length),
            "BINARY" => Self::Binary(length),
            "VARBINARY" => Self::VarBinary(length),
            "TIME" => Self::Time(length as u8),
            "TIMESTAMP" => Self::Timestamp(length as u8),
            "TIMESTAMP_LTZ" => Self::TimestampLtz(length as u8),
            _ => return None,
        })
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(length) => write!(f, "CHAR({length})"),
            Self::VarChar(UNLIMITED) => f.write_str("STRING"),
            Self::VarChar(length) => write!(f, "VARCHAR({length})"),
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::Binary(length) => write!(f, "BINARY({length})"),
            Self::VarBinary(UNLIMITED) => f.write_str("BYTES"),
            Self::VarBinary(length) => write!(f, "VARBINARY({length})"),
            Self::Decimal(precision, scale) => write!(f, "DECIMAL({precision}, {scale})"),
            Self::TinyInt => f.write_str("TINYINT"),
            Self::SmallInt => f.write_str("SMALLINT"),
            Self::Int => f.write_str("INT"),
            Self::BigInt => f.write_str("BIGINT"),
            Self::Float => f.write_str("FLOAT"),
            Self::Double => f.write_str("DOUBLE"),
            Self::Date => f.write_str("DATE"),
            Self::Time(precision) => write!(f, "TIME({precision})"),
            Self::Timestamp(precision) => write!(f, "TIMESTAMP({precision})"),
            Self::TimestampLtz(precision) => write!(f, "TIMESTAMP_LTZ({precision})"),
            Self::IntervalYearMonth => f.write_str("INTERVAL YEAR TO MONTH"),
            Self::IntervalDaySecond => f.write_str("INTERVAL DAY TO SECOND"),
            Self::Array(element) => write!(f, "ARRAY<{element}>"),
            Self::Map(key, value) => write!(f, "MAP<{key}, {value}>"),
            Self::Multiset(element) => write!(f, "MULTISET<{element}>"),
            Self::Row(fields) => {
                f.write_str("ROW<")?;
                for (index, (name, column)) in fields.iter().enumerate() {
                    write!(f, "{}`{name}` {column}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str(">")
            }
            Self::Variant => f.write_str("VARIANT"),
            Self::Bitmap => f.write_str("BITMAP"),
            Self::Null => f.write_str("NULL"),
        }
    }
}

/// Whether a column is one of JSON values.
pub fn is_variant(data_type: &DataType) -> bool {
    is_row_of(data_type, VARIANT, &DataType::Utf8)
}

/// Whether a column is one of sets of integers.
pub fn is_bitmap(data_type: &DataType) -> bool {
    is_row_of(data_type, BITMAP, &DataType::Binary)
}

/// Whether a column is a row in Arrow alone: its values are wholes without fields and without an order.
pub fn is_opaque(data_type: &DataType) -> bool {
    is_variant(data_type) || is_bitmap(data_type)
}

fn is_row_of(data_type: &DataType, name: &str, of: &DataType) -> bool {
    let DataType::Struct(fields) = data_type else { return false };
    matches!(&fields[..], [only] if only.name() == name && only.data_type() == of)
}

/// The coarsest Arrow unit that holds a precision.
pub fn unit_for(precision: u8) -> TimeUnit {
    match precision {
        0 => TimeUnit::Second,
        1..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

/// The digits of fraction a unit shows.
pub fn precision_of(unit: &TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

/// How many of a unit make a second.
pub fn units_per_second(unit: &TimeUnit) -> i64 {
    10_i64.pow(u32::from(precision_of(unit)))
}

/// A type as a message or listing names it, from an Arrow type.
pub fn type_name(data_type: &DataType) -> String {
    SqlType::of_arrow(data_type).map_or_else(|| data_type.to_string(), |sql| sql.to_string())
}

/// A column's type as a listing shows it, from its field.
pub fn field_type_name(field: &FieldRef) -> String {
    SqlType::of_field(field)
        .map_or_else(|| field.data_type().to_string(), |c| c.sql_type.to_string())
}

/// A message of the libraries below with SQL's names of types in place of Arrow's.
pub fn in_sql_names(message: &str) -> String {
    const NAMES: [(&str, &str); 14] = [
        ("Int8", "TINYINT"),
        ("Int16", "SMALLINT"),
        ("Int32", "INT"),
        ("Int64", "BIGINT"),
        ("Float32", "FLOAT"),
        ("Float64", "DOUBLE"),
        ("Utf8", "STRING"),
        ("Boolean", "BOOLEAN"),
        ("Binary", "BYTES"),
        ("Date32", "DATE"),
        ("Decimal128", "DECIMAL"),
        ("Decimal256", "DECIMAL"),
        ("Time32(s)", "TIME(0)"),
        ("Time32(ms)", "TIME(3)"),
    ];
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let message = message
        .replace("Struct(\"$variant\": Utf8)", "VARIANT")
        .replace("Struct(\"$bitmap\": Binary)", "BITMAP");
    let message =
        ["s", "ms", "µs", "ns"].iter().zip([0, 3, 6, 9]).fold(message, |text, (unit, digits)| {
            text.replace(
                &format!("Timestamp({unit}, \"UTC\")"),
                &format!("TIMESTAMP_LTZ({digits})"),
            )
            .replace(&format!("Timestamp({unit})"), &format!("TIMESTAMP({digits})"))
        });
    let message = message.as_str();
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(next) = rest.chars().next() {
        let named = NAMES.iter().find_map(|(name, sql)| {
            let behind = rest.strip_prefix(name).filter(|behind| !behind.starts_with(inside))?;
            Some((*sql, behind))
        });
        match named.filter(|_| !out.ends_with(inside)) {
            Some((sql, behind)) => {
                out.push_str(sql);
                rest = behind;
            }
            None => {
                out.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_types_as_sql_does() {
        let message = "t.Int32x of Int32 = Time32(ms), Decimal128(5, 2)";
        assert_eq!(in_sql_names(message), "t.Int32x of INT = TIME(3), DECIMAL(5, 2)");
    }
}
