//! [`common_type`]: the type in which values of two types meet, in a comparison, a choice or a UNION.
//!
//! The library below has such a rule, too, but its DECIMAL beside BIGINT is a digit too wide, it makes a
//! decimal of what meets a floating point number, a TIMESTAMP(9) of a DATE, and knows nothing of sessions
//! with a time zone or of rows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use datafusion_expr::binary::comparison_coercion;
use millstream_types::SqlType;
use millstream_types::sql_type::ColumnType;

use crate::decimal::as_decimal;

/// The most digits of a DECIMAL.
const DIGITS_MAX: i32 = 38;

/// The type that holds the values of both; `None` where there is none.
pub fn common_type(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{Date32, Decimal128, Float64, List, Map, Null, Struct, Time32, Timestamp};
    match (left, right) {
        _ if left == right => Some(left.clone()),
        (Null, other) | (other, Null) => Some(other.clone()),
        _ if is_approximate(left, right) => Some(Float64),
        (Decimal128(..), _) | (_, Decimal128(..))
            if as_decimal(left).and(as_decimal(right)).is_some() =>
        {
            exact(as_decimal(left)?, as_decimal(right)?)
        }
        (Timestamp(a, zone), Timestamp(b, other)) => {
            Some(Timestamp(finer(*a, *b), zone.clone().or_else(|| other.clone())))
        }
        (Time32(a), Time32(b)) => Some(Time32(finer(*a, *b))),
        (Date32, Timestamp(..)) => Some(right.clone()),
        (Timestamp(..), Date32) => Some(left.clone()),
        (List(a), List(b)) => Some(List(common_field(a, b)?)),
        (Map(a, sorted), Map(b, _)) => Some(Map(common_field(a, b)?, *sorted)),
        (Struct(a), Struct(b)) if a.len() == b.len() => {
            let fields = a.iter().zip(b).map(|(a, b)| common_field(a, b));
            Some(Struct(fields.collect::<Option<Fields>>()?))
        }
        _ if left.is_nested() || right.is_nested() => None,
        _ => comparison_coercion(left, right),
    }
}

/// The type of values of two types in CASE, in an array and in a UNION: of FLOAT and DOUBLE the first one
/// counts, as in Flink.
pub fn chosen_type(first: &DataType, next: &DataType) -> Option<DataType> {
    match first.is_floating() && next.is_floating() {
        true => Some(first.clone()),
        false => common_type(first, next),
    }
}

/// Whether one of two types is floating point and the other a decimal, which meet in DOUBLE.
pub fn is_approximate(left: &DataType, right: &DataType) -> bool {
    let decimal = |of: &DataType| matches!(of, DataType::Decimal128(..));
    (left.is_floating() && decimal(right)) || (decimal(left) && right.is_floating())
}

/// The DECIMAL with the digits of both before the point, and after it as far as there is room.
fn exact((p1, s1): (u8, i8), (p2, s2): (u8, i8)) -> Option<DataType> {
    let [p1, s1, p2, s2] = [p1.into(), s1.into(), p2.into(), s2.into()].map(|digits: i32| digits);
    let whole = (p1 - s1).max(p2 - s2).min(DIGITS_MAX);
    let scale = s1.max(s2).min(DIGITS_MAX - whole);
    let precision = (whole + scale).max(1);
    Some(DataType::Decimal128(precision.try_into().ok()?, scale.try_into().ok()?))
}

fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    let rank = |unit: &TimeUnit| millstream_types::sql_type::precision_of(unit);
    if rank(&a) >= rank(&b) { a } else { b }
}

/// The declared type that holds texts, or bytes, of both of two declared lengths.
fn longer(a: &Field, b: &Field) -> Option<ColumnType> {
    use SqlType::{Binary, Char, VarBinary, VarChar};
    let types = (SqlType::of_field(a)?.sql_type, SqlType::of_field(b)?.sql_type);
    Some(ColumnType::nullable(match types {
        (Char(a) | VarChar(a), Char(b) | VarChar(b)) => VarChar(a.max(b)),
        (Binary(a) | VarBinary(a), Binary(b) | VarBinary(b)) => VarBinary(a.max(b)),
        _ => return None,
    }))
}

/// The first one's name with the type of both.
fn common_field(a: &FieldRef, b: &FieldRef) -> Option<FieldRef> {
    let nullable = a.is_nullable() || b.is_nullable();
    if a.data_type() == b.data_type() {
        let metadata = if a.metadata() == b.metadata() {
            a.metadata().clone()
        } else {
            longer(a, b).map(|longer| longer.field("").metadata().clone()).unwrap_or_default()
        };
        let field = Field::new(a.name(), a.data_type().clone(), nullable);
        return Some(Arc::new(field.with_metadata(metadata)));
    }
    let common = common_type(a.data_type(), b.data_type())?;
    Some(Arc::new(Field::new(a.name(), common, nullable)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_meet_in_the_decimal_that_holds_both() {
        let decimal = |precision, scale| DataType::Decimal128(precision, scale);
        for (left, right, due) in [
            (DataType::Int64, decimal(2, 1), decimal(20, 1)),
            (decimal(2, 1), DataType::Int32, decimal(11, 1)),
            (decimal(38, 0), decimal(10, 5), decimal(38, 0)),
            (decimal(5, 5), decimal(3, 0), decimal(8, 5)),
        ] {
            assert_eq!(common_type(&left, &right), Some(due));
        }
        assert_eq!(common_type(&decimal(4, 2), &DataType::Float32), Some(DataType::Float64));
    }

    #[test]
    fn points_in_time_meet_in_the_finer_unit() {
        let (seconds, ms) = (TimeUnit::Second, TimeUnit::Millisecond);
        assert_eq!(
            common_type(&DataType::Time32(seconds), &DataType::Time32(ms)),
            Some(DataType::Time32(ms))
        );
        assert_eq!(
            common_type(&DataType::Timestamp(ms, None), &DataType::Date32),
            Some(DataType::Timestamp(ms, None))
        );
    }
}
