//! Functions that choose among their arguments.

use std::sync::LazyLock;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt32Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::kernels::cmp;
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use datafusion_expr::Operator;
use fancy_regex::Regex;
use millstream_types::sql_type::{is_opaque, type_name};
use millstream_types::{Error, Result, SqlType};

use crate::cast::{How, cast};
use crate::common_type::common_type;
use crate::float_compare::floats_compared;
use crate::function::{Builtin, Call, Typing, typing};

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "COALESCE",
        usage: "COALESCE(value, …)",
        about: "The first argument that is not NULL.",
        volatile: false,
        typing: |given| common(given, 1),
        body: first_present,
    },
    Builtin {
        name: "IFNULL",
        usage: "IFNULL(value, otherwise)",
        about: "The value, or the other one where it is NULL.",
        volatile: false,
        typing: |given| if given.len() == 2 { common(given, 2) } else { two() },
        body: first_present,
    },
    Builtin {
        name: "NULLIF",
        usage: "NULLIF(value, other)",
        about: "NULL where both are equal, the value elsewhere.",
        volatile: false,
        typing: |given| {
            if given.len() != 2 {
                return two();
            }
            // As `=`: of two floating point types that of the value counts.
            let shared = match given.iter().all(DataType::is_floating) {
                true => given[0].clone(),
                false => common(given, 2)?.result,
            };
            let exact = |of: &DataType| of.is_decimal() || of.is_integer();
            if given.iter().all(exact) {
                return Ok(Typing { arguments: given.to_vec(), result: given[0].clone() });
            }
            // The value keeps its own type; it is compared in the one of both.
            match &given[0] {
                DataType::Null => Ok(Typing { arguments: vec![shared.clone(); 2], result: shared }),
                own => Ok(Typing { arguments: vec![own.clone(), shared], result: own.clone() }),
            }
        },
        body: null_if,
    },
    Builtin {
        name: "GREATEST",
        usage: "GREATEST(value, …)",
        about: "The largest argument; NULL when any is NULL.",
        volatile: false,
        typing: ordered,
        body: |call| extreme(call, true),
    },
    Builtin {
        name: "LEAST",
        usage: "LEAST(value, …)",
        about: "The smallest argument; NULL when any is NULL.",
        volatile: false,
        typing: ordered,
        body: |call| extreme(call, false),
    },
    Builtin {
        name: "IS_ALPHA",
        usage: "IS_ALPHA(text)",
        about: "Whether the text has letters only.",
        volatile: false,
        typing: tested,
        body: |call| test_text(call, |text| text.chars().all(char::is_alphabetic)),
    },
    Builtin {
        name: "IS_DIGIT",
        usage: "IS_DIGIT(text)",
        about: "Whether the text has digits only.",
        volatile: false,
        typing: tested,
        body: |call| {
            test_text(call, |text| text.chars().all(|c| c.is_ascii_digit() || is_other_digit(c)))
        },
    },
    Builtin {
        name: "IS_DECIMAL",
        usage: "IS_DECIMAL(text)",
        about: "Whether the text is a number.",
        volatile: false,
        typing: tested,
        body: |call| test_text(call, |text| millstream_types::number::floating(text).is_some()),
    },
];

fn two<T>() -> Result<T, String> {
    Err("it takes 2 arguments".to_owned())
}

/// One type for all of them, which has an order.
fn ordered(given: &[DataType]) -> Result<Typing, String> {
    match given.iter().find(|given| is_opaque(given)) {
        Some(opaque) => Err(format!("{} has no order", type_name(opaque))),
        None => common(given, 1),
    }
}

/// All arguments are cast to the type that holds them all.
fn common(given: &[DataType], least: usize) -> Result<Typing, String> {
    if given.len() < least {
        return Err(format!("it takes at least {least} arguments"));
    }
    let mut result = given[0].clone();
    for next in &given[1..] {
        result = unite(&result, next).ok_or_else(|| {
            format!("{} and {} have no common type", type_name(&result), type_name(next))
        })?;
    }
    Ok(Typing { arguments: vec![result.clone(); given.len()], result })
}

/// The type that holds the values of both, where one is not the text of the other.
fn unite(left: &DataType, right: &DataType) -> Option<DataType> {
    match (left, right) {
        (DataType::Utf8, other) | (other, DataType::Utf8)
            if other.is_nested() || other.is_numeric() =>
        {
            None
        }
        _ => common_type(left, right),
    }
}

/// Which values are equal, as `=` says it: numbers as numbers, rows by their fields.
fn equal(left: &ArrayRef, right: &ArrayRef) -> Result<BooleanArray> {
    let of = left.data_type();
    if of.is_floating() {
        return Ok(floats_compared(left, Operator::Eq, right));
    }
    if !of.is_nested() {
        return Ok(cmp::eq(left, right)?);
    }
    let converter = RowConverter::new(vec![SortField::new(of.clone())])?;
    let (a, b) = (
        converter.convert_columns(std::slice::from_ref(left))?,
        converter.convert_columns(std::slice::from_ref(right))?,
    );
    let values = BooleanBuffer::collect_bool(left.len(), |row| a.row(row) == b.row(row));
    Ok(BooleanArray::new(values, NullBuffer::union(left.nulls(), right.nulls())))
}

fn null_if(call: &Call<'_>) -> Result<ArrayRef> {
    let (value, other) = (&call.arguments[0], &call.arguments[1]);
    let exact = |of: &ArrayRef| of.data_type().is_decimal() || of.data_type().is_integer();
    let equal = if value.data_type() == other.data_type() {
        equal(value, other)?
    } else if exact(value) && exact(other) {
        // As many digits as both may have together.
        let wide = DataType::Decimal256(76, 38);
        let [a, b] = [value, other].map(|of| arrow::compute::cast(of, &wide));
        cmp::eq(&a?, &b?)?
    } else {
        let to = SqlType::of_arrow(other.data_type())
            .ok_or_else(|| Error::Internal(format!("{} is no SQL type", other.data_type())))?;
        let compared = cast(value, &to, &How { try_cast: true, zone: call.zone, digits: None })?;
        equal(&compared, other)?
    };
    Ok(arrow::compute::nullif(value, &equal)?)
}

fn first_present(call: &Call<'_>) -> Result<ArrayRef> {
    let mut result = ArrayRef::clone(&call.arguments[0]);
    for next in &call.arguments[1..] {
        if result.null_count() == 0 {
            break;
        }
        let present = arrow::compute::is_not_null(&result)?;
        result = zip(&present, &result, next)?;
    }
    Ok(result)
}

fn extreme(call: &Call<'_>, greatest: bool) -> Result<ArrayRef> {
    let mut result = ArrayRef::clone(&call.arguments[0]);
    for next in &call.arguments[1..] {
        let keep = if greatest { cmp::gt_eq(&result, next)? } else { cmp::lt_eq(&result, next)? };
        let known = arrow::compute::is_not_null(&keep)?;
        let chosen = zip(&mask(&keep), &result, next)?;
        let positions: UInt32Array =
            (0..call.rows as u32).map(|row| known.value(row as usize).then_some(row)).collect();
        result = arrow::compute::take(&chosen, &positions, None)?;
    }
    Ok(result)
}

/// A text, or a number as its text.
fn tested(given: &[DataType]) -> Result<Typing, String> {
    let arguments = vec![DataType::Utf8];
    match given {
        [one] if one.is_numeric() => Ok(Typing { arguments, result: DataType::Boolean }),
        _ => typing::exact(given, &arguments, DataType::Boolean),
    }
}

/// Whether a character is a decimal digit of another script than Latin.
fn is_other_digit(character: char) -> bool {
    static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Nd}$").ok());
    let mut bytes = [0; 4];
    let text: &str = character.encode_utf8(&mut bytes);
    match DIGIT.as_ref() {
        Some(digit) => !character.is_ascii() && matches!(digit.is_match(text), Ok(true)),
        None => false,
    }
}

fn test_text(call: &Call<'_>, test: impl Fn(&str) -> bool) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>();
    let values: BooleanArray = texts
        .iter()
        .map(|text| Some(text.is_some_and(|text| !text.is_empty() && test(text))))
        .collect();
    Ok(std::sync::Arc::new(values))
}

/// TRUE where the condition is TRUE, FALSE where it is FALSE or NULL.
fn mask(condition: &BooleanArray) -> BooleanArray {
    match condition.nulls() {
        Some(_) => arrow::compute::prep_null_mask_filter(condition),
        None => condition.clone(),
    }
}
