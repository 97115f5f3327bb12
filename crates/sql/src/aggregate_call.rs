//! From the call of an aggregate by name to the function, with what is constant in it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Schema};
use datafusion_common::{DFSchema, ScalarValue};
use datafusion_expr::Expr;
use datafusion_expr::expr::NullTreatment;
use millstream_expr::ScalarExpr;
use millstream_expr::aggregates::{SINGLE_VALUE, UserDeclaration, WINDOW_NAMES};
use millstream_plan::{AggregateFunction, BitmapOf};

use crate::diagnostics::{Result, SqlError};

/// A function by its name. Constants among its arguments become part of it.
///
/// # Errors
/// When there is none of that name, or it needs OVER.
pub(crate) fn aggregate_function(
    name: &str,
    arguments: &[Expr],
    user: Option<&UserDeclaration>,
) -> Result<AggregateFunction> {
    let variance = |sample: bool, root: bool| AggregateFunction::Variance { sample, root };
    let bitmap = |of: BitmapOf, counted: bool| AggregateFunction::Bitmap { of, counted };
    Ok(match name {
        _ if user.is_some() => match user {
            Some(user) => AggregateFunction::User(Arc::clone(user.aggregate())),
            None => return Err(SqlError::unsupported(name)),
        },
        "COUNT" => AggregateFunction::Count,
        "SUM" => AggregateFunction::Sum,
        "AVG" => AggregateFunction::Avg,
        "MIN" => AggregateFunction::Min,
        "MAX" => AggregateFunction::Max,
        "STDDEV_POP" => variance(false, true),
        "STDDEV_SAMP" | "STDDEV" => variance(true, true),
        "VAR_POP" => variance(false, false),
        "VAR_SAMP" | "VARIANCE" => variance(true, false),
        "FIRST_VALUE" => AggregateFunction::FirstValue,
        "LAST_VALUE" => AggregateFunction::LastValue,
        "ARRAY_AGG" => AggregateFunction::ArrayAgg { ignore_nulls: false },
        SINGLE_VALUE => AggregateFunction::SingleValue,
        "COLLECT" => AggregateFunction::Collect,
        "BITMAP_BUILD_AGG" => bitmap(BitmapOf::Integers, false),
        "BITMAP_BUILD_CARDINALITY_AGG" => bitmap(BitmapOf::Integers, true),
        "BITMAP_AND_AGG" => bitmap(BitmapOf::And, false),
        "BITMAP_AND_CARDINALITY_AGG" => bitmap(BitmapOf::And, true),
        "BITMAP_OR_AGG" => bitmap(BitmapOf::Or, false),
        "BITMAP_OR_CARDINALITY_AGG" => bitmap(BitmapOf::Or, true),
        "BITMAP_XOR_AGG" => bitmap(BitmapOf::Xor, false),
        "BITMAP_XOR_CARDINALITY_AGG" => bitmap(BitmapOf::Xor, true),
        // It counts exactly: what is saved by less would be paid for with changes that cannot be taken back.
        "APPROX_COUNT_DISTINCT" => AggregateFunction::Count,
        "JSON_OBJECTAGG" => AggregateFunction::JsonObject { absent: is_absent(arguments) },
        "JSON_ARRAYAGG" => AggregateFunction::JsonArray { absent: is_absent(arguments) },
        "PERCENTILE" => percentile(arguments)?,
        "LISTAGG" => AggregateFunction::ListAgg {
            separator: match arguments.get(1).map(|argument| argument.clone().unalias()) {
                None => ",".to_owned(),
                Some(Expr::Literal(ScalarValue::Utf8(Some(separator)), _)) => separator,
                Some(_) => {
                    return Err(SqlError::new("the separator of LISTAGG is a text")
                        .hint("write LISTAGG(value, ', ')")
                        .about("LISTAGG"));
                }
            },
        },
        name if WINDOW_NAMES.contains(&name) => {
            return Err(SqlError::new(format!("{name} stands without OVER"))
                .hint(format!("write {name}(…) OVER (PARTITION BY key ORDER BY ts)"))
                .about(name));
        }
        _ => return Err(SqlError::unsupported(format!("the aggregate {name}")).about(name)),
    })
}

/// A function with what `IGNORE NULLS` or `RESPECT NULLS` says of it.
///
/// # Errors
/// When it takes NULLs another way only.
pub(crate) fn null_treatment(
    name: &str,
    function: AggregateFunction,
    treatment: Option<NullTreatment>,
) -> Result<AggregateFunction> {
    Ok(match (function, treatment) {
        (AggregateFunction::ArrayAgg { .. }, Some(NullTreatment::IgnoreNulls)) => {
            AggregateFunction::ArrayAgg { ignore_nulls: true }
        }
        (
            AggregateFunction::FirstValue | AggregateFunction::LastValue,
            Some(NullTreatment::RespectNulls),
        ) => {
            return Err(SqlError::unsupported(format!("{name} RESPECT NULLS"))
                .hint("NULLs are passed over")
                .about(name));
        }
        (function, _) => function,
    })
}

/// The arguments of a call that are read from the rows; the others are constants.
pub(crate) fn read_arguments<'a>(name: &str, all: &'a [Expr]) -> Vec<&'a Expr> {
    let constant = |at: usize| match name {
        "LISTAGG" | "JSON_ARRAYAGG" | "LAG" | "LEAD" => at > 0,
        "JSON_OBJECTAGG" => at > 1,
        "PERCENTILE" => at == 1,
        _ => false,
    };
    all.iter().enumerate().filter(|(at, _)| !constant(*at)).map(|(_, argument)| argument).collect()
}

/// Whether `ABSENT ON NULL` was written, which stands as the last argument.
fn is_absent(arguments: &[Expr]) -> bool {
    matches!(arguments.last(), Some(Expr::Literal(ScalarValue::Utf8(Some(word)), _)) if word == "ABSENT")
}

fn percentile(arguments: &[Expr]) -> Result<AggregateFunction> {
    let wrong = || {
        SqlError::new(
            "the second argument of PERCENTILE is a constant from 0 to 1, or an array of them",
        )
        .hint("write PERCENTILE(value, 0.5) or PERCENTILE(value, ARRAY[0.25, 0.75])")
        .about("PERCENTILE")
    };
    let nothing = DFSchema::empty();
    let value = arguments.get(1).and_then(|given| ScalarExpr::bind(given, &nothing).ok());
    let one_row = crate::translate::empty_rows(&Arc::new(Schema::empty()), 1)?;
    let value = value.and_then(|value| value.evaluate(&one_row).ok()).ok_or_else(wrong)?;
    let (values, many) = match value.as_list_opt::<i32>() {
        Some(list) => (ArrayRef::clone(list.values()), true),
        None => (value, false),
    };
    let shares = arrow::compute::cast(&values, &DataType::Float64).map_err(|_| wrong())?;
    let shares = shares.as_primitive::<Float64Type>();
    if shares.null_count() > 0 || shares.values().iter().any(|share| !(0.0..=1.0).contains(share)) {
        return Err(wrong());
    }
    Ok(AggregateFunction::Percentile { shares: shares.values().to_vec(), many })
}
