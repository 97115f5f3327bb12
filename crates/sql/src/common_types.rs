//! Values that stand side by side in the type they have in common: what is compared, chosen from, or brought
//! together by UNION, and the arguments of our functions.
//!
//! The library below would coerce them later by casts of its own, which know no session's time zone and no
//! text of Flink's, and by rules that make decimals of floating point numbers.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use chrono_tz::Tz;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DFSchema, Result as DfResult};
use datafusion_expr::expr::{InSubquery, ScalarFunction, SetComparison};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::logical_plan::Subquery;
use datafusion_expr::utils::merge_schema;
use datafusion_expr::{
    Cast, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, Signature, TypeSignature,
    WindowFrameBound, WindowFrameUnits,
};
use millstream_expr::common_type::{common_type, is_approximate};
use millstream_types::sql_type::{is_opaque, is_variant, type_name};

use crate::context::external;
use crate::diagnostics::SqlError;
use crate::union_types::united;

/// Puts the casts into a plan that its values need to meet. But for those of UNION they are the library's,
/// for the planner to replace by ours.
///
/// # Errors
/// When a plan cannot be rebuilt.
pub fn in_common_types(plan: LogicalPlan, zone: Tz) -> DfResult<LogicalPlan> {
    let rewritten = plan.transform_up_with_subqueries(|plan| {
        let plan = match plan {
            LogicalPlan::Union(union) => LogicalPlan::Union(united(union, zone)?),
            other => other,
        };
        let schema = merge_schema(&plan.inputs());
        let names = NamePreserver::new(&plan);
        let plan = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| cast(expr, &schema))?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?;
        plan.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(rewritten.data)
}

fn as_type(value: Expr, data_type: &DataType) -> Expr {
    let field = Arc::new(Field::new("", data_type.clone(), true));
    Expr::Cast(Cast { expr: Box::new(value), field })
}

/// Calls whose operands have been looked at when they were planned.
const ARITHMETIC: [&str; 7] = [
    "DECIMAL_ADD",
    "DECIMAL_SUBTRACT",
    "DECIMAL_MULTIPLY",
    "DECIMAL_DIVIDE",
    "DECIMAL_MODULO",
    "DIVIDE",
    "MOD",
];

/// An operand, cast to the type that it will have where that is not the one it seems to have: a CASE is
/// taken to be of the type of its first branch until the branches have been brought together. Nothing in it
/// changes, so that it is still the same as where it stands elsewhere, in GROUP BY for one.
///
/// # Errors
/// When it has no type.
pub fn settled(operand: Expr, schema: &DFSchema) -> DfResult<Expr> {
    let is_known = match &operand {
        Expr::BinaryExpr(_) | Expr::Column(_) | Expr::Literal(..) | Expr::Cast(_) => true,
        Expr::ScalarFunction(call) => ARITHMETIC.contains(&call.func.name()),
        _ => false,
    };
    if is_known || !operand.exists(|inner| Ok(matches!(inner, Expr::Case(_))))? {
        return Ok(operand);
    }
    let will = operand.clone().transform_up(|expr| cast(expr, schema))?.data.get_type(schema)?;
    match operand.get_type(schema)? == will {
        true => Ok(operand),
        false => Ok(as_type(operand, &will)),
    }
}

fn cast(mut expr: Expr, schema: &DFSchema) -> DfResult<Transformed<Expr>> {
    let chosen = matches!(expr, Expr::Case(_));
    let among = matches!(expr, Expr::InList(_));
    let together: Vec<&mut Expr> = match &mut expr {
        Expr::BinaryExpr(binary) if is_comparison(binary.op) => {
            vec![&mut binary.left, &mut binary.right]
        }
        Expr::Between(between) => vec![&mut between.expr, &mut between.low, &mut between.high],
        Expr::InList(list) => std::iter::once(list.expr.as_mut()).chain(&mut list.list).collect(),
        Expr::Case(case) => {
            let results = case.when_then_expr.iter_mut().map(|(_, then)| then.as_mut());
            results.chain(case.else_expr.as_deref_mut()).collect()
        }
        Expr::ScalarFunction(function) => return Ok(Transformed::yes(called(function, schema))),
        Expr::InSubquery(among) => return Ok(Transformed::yes(in_rows(among, schema)?)),
        Expr::WindowFunction(call) => {
            // Up to the current row and its peers: which is said without a distance in the order's type, of
            // which some have none.
            let frame = &mut call.params.window_frame;
            if let WindowFrameBound::Preceding(start) = &frame.start_bound
                && start.is_null()
                && frame.end_bound == WindowFrameBound::CurrentRow
                && frame.units == WindowFrameUnits::Range
            {
                frame.units = WindowFrameUnits::Groups;
            }
            return Ok(Transformed::yes(expr));
        }
        Expr::SetComparison(all) => return Ok(Transformed::yes(among_all(all, schema)?)),
        _ => return Ok(Transformed::no(expr)),
    };
    let types = together.iter().map(|value| value.get_type(schema));
    // What cannot be typed here is typed, or refused, later.
    let Ok(types) = types.collect::<DfResult<Vec<_>>>() else { return Ok(Transformed::no(expr)) };
    if among && types[0] == DataType::Utf8 && types.iter().any(|of| *of != DataType::Utf8) {
        // A text is looked for among texts, whatever stands there.
        for (value, data_type) in together.into_iter().zip(types) {
            if data_type != DataType::Utf8 && !data_type.is_null() {
                *value = as_type(value.clone(), &DataType::Utf8);
            }
        }
        return Ok(Transformed::yes(expr));
    }
    if let Some(time) = time_of_texts(&types).filter(|_| !chosen) {
        for (value, data_type) in together.into_iter().zip(types) {
            if data_type == DataType::Utf8 {
                *value = as_type(value.clone(), &time);
            }
        }
        return Ok(Transformed::yes(expr));
    }
    if let Some(wide) = wide_decimal(&types).filter(|_| !chosen) {
        for (value, data_type) in together.into_iter().zip(types) {
            if !data_type.is_null() {
                *value = as_type(value.clone(), &wide);
            }
        }
        return Ok(Transformed::yes(expr));
    }
    let mut given = types.iter().filter(|of| !of.is_null());
    let Some(first) = given.next() else { return Ok(Transformed::no(expr)) };
    let (mut special, mut shared) = (false, Some(first.clone()));
    let numbers = chosen && types.iter().all(|of| of.is_numeric() || of.is_null());
    for next in given {
        let Some(all) = &shared else { break };
        let floats = all.is_floating() && next.is_floating() && all != next;
        if floats && (among || chosen) {
            // Of two floating point types the first one counts: in IN that of the value.
            special = true;
            continue;
        }
        special |= is_special(all, next) || (numbers && all != next);
        shared = common_type(all, next);
    }
    let Some(shared) = shared.filter(|_| special) else { return Ok(Transformed::no(expr)) };
    for (value, data_type) in together.into_iter().zip(types) {
        if data_type != shared && !data_type.is_null() {
            *value = as_type(value.clone(), &shared);
        }
    }
    Ok(Transformed::yes(expr))
}

/// The type of the times among texts that are compared with them, where all are of one type.
fn time_of_texts(types: &[DataType]) -> Option<DataType> {
    let mut given = types.iter().filter(|of| **of != DataType::Utf8 && !of.is_null());
    let time = given.next().filter(|of| {
        matches!(of, DataType::Date32 | DataType::Time32(_) | DataType::Timestamp(..))
    })?;
    (types.contains(&DataType::Utf8) && given.all(|other| other == time)).then(|| time.clone())
}

/// The type in which exact numbers are compared of which no DECIMAL holds all: what has too many digits for
/// the others is not equal to any of them.
fn wide_decimal(types: &[DataType]) -> Option<DataType> {
    let digits = |of: &DataType| match of {
        DataType::Decimal128(precision, scale) => Some((*precision as i8 - scale, *scale)),
        DataType::Int8 => Some((3, 0)),
        DataType::Int16 => Some((5, 0)),
        DataType::Int32 => Some((10, 0)),
        DataType::Int64 => Some((19, 0)),
        DataType::Null => Some((0, 0)),
        _ => None,
    };
    let all = types.iter().map(digits).collect::<Option<Vec<_>>>()?;
    let whole = all.iter().map(|(whole, _)| *whole).max()?;
    let scale = all.iter().map(|(_, scale)| *scale).max()?;
    let differ = types.iter().any(|of| *of != types[0]);
    (differ && whole + scale > 38).then(|| DataType::Decimal256((whole + scale) as u8, scale))
}

fn is_comparison(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

/// Whether the library would not let two types meet as Flink does.
fn is_special(left: &DataType, right: &DataType) -> bool {
    let decimal = |of: &DataType| matches!(of, DataType::Decimal128(..));
    left != right
        && (is_approximate(left, right)
            || (left.is_temporal() || right.is_temporal())
            || (left.is_nested() && right.is_nested())
            || (decimal(left) && right.is_integer())
            || (left.is_integer() && decimal(right)))
}

/// A call with its arguments in the types that the function takes.
fn called(function: &ScalarFunction, schema: &DFSchema) -> Expr {
    let unchanged = || Expr::ScalarFunction(function.clone());
    let Signature { type_signature: TypeSignature::UserDefined, .. } = function.func.signature()
    else {
        return unchanged();
    };
    let given = function.args.iter().map(|value| value.get_type(schema));
    let Ok(given) = given.collect::<DfResult<Vec<_>>>() else { return unchanged() };
    // A call that is not right is refused later.
    let Ok(due) = function.func.coerce_types(&given) else { return unchanged() };
    let arguments = function.args.iter().zip(given.iter().zip(&due));
    let arguments = arguments.map(|(value, (given, due))| {
        // A whole number that does not fit a shorter type is an error, which our cast would wrap.
        let narrower = given.is_integer() && due.is_integer();
        match given == due || given.is_null() || narrower {
            true => value.clone(),
            false => as_type(value.clone(), due),
        }
    });
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&function.func), arguments.collect()))
}

/// `x IN (SELECT y …)` with x, and y where need be, in their common type.
fn in_rows(among: &InSubquery, schema: &DFSchema) -> DfResult<Expr> {
    let mut among = among.clone();
    if let Some((expr, subquery)) = with_rows(&among.expr, &among.subquery, true, schema)? {
        (*among.expr, among.subquery) = (expr, subquery);
    }
    Ok(Expr::InSubquery(among))
}

/// `x = ANY (SELECT y …)`, as [`in_rows`].
fn among_all(compared: &SetComparison, schema: &DFSchema) -> DfResult<Expr> {
    let mut compared = compared.clone();
    if let Ok(own) = compared.expr.get_type(schema) {
        comparable(&own, compared.subquery.subquery.schema().field(0).data_type())?;
    }
    // Where an order is asked for, the least or greatest of the rows is found, which takes types of SQL.
    let equal = matches!(compared.op, Operator::Eq | Operator::NotEq);
    if let Some((expr, subquery)) = with_rows(&compared.expr, &compared.subquery, equal, schema)? {
        (*compared.expr, compared.subquery) = (expr, subquery);
    }
    Ok(Expr::SetComparison(compared))
}

/// A value and the rows of a subquery in their common type, which may be wider than any of SQL where they are
/// only looked at for being equal; `None` where the library lets them meet so.
fn with_rows(
    value: &Expr,
    of: &Subquery,
    equal: bool,
    schema: &DFSchema,
) -> DfResult<Option<(Expr, Subquery)>> {
    let (Ok(own), Some(column)) = (value.get_type(schema), of.subquery.schema().columns().pop())
    else {
        return Ok(None);
    };
    let theirs = of.subquery.schema().field(0).data_type();
    let wide = wide_decimal(&[own.clone(), theirs.clone()]).filter(|_| equal);
    if wide.is_none() && (!is_special(&own, theirs) || own.is_nested()) {
        return Ok(None);
    }
    let Some(shared) = wide.or_else(|| common_type(&own, theirs)) else { return Ok(None) };
    let value = if own == shared { value.clone() } else { as_type(value.clone(), &shared) };
    let mut of = of.clone();
    if *theirs != shared {
        let row = as_type(Expr::Column(column.clone()), &shared).alias(column.name);
        let rows = LogicalPlanBuilder::from(of.subquery.as_ref().clone()).project(vec![row])?;
        of.subquery = Arc::new(rows.build()?);
    }
    Ok(Some((value, of)))
}

/// Refuses to compare text with numbers and booleans, and a JSON value with anything else.
pub(crate) fn comparable(left: &DataType, right: &DataType) -> DfResult<()> {
    let differ = |a: &DataType, b: &DataType| {
        (matches!(a, DataType::Utf8) && (b.is_numeric() || *b == DataType::Boolean))
            || (is_opaque(a) && a != b && !b.is_null())
    };
    if !differ(left, right) && !differ(right, left) {
        return Ok(());
    }
    let hint = if is_variant(left) || is_variant(right) {
        "compare the text of the value, as in JSON_STRING(v)"
    } else {
        "cast one side, as in CAST(x AS STRING)"
    };
    let (left, right) = (type_name(left), type_name(right));
    Err(external(SqlError::new(format!("{left} and {right} cannot be compared")).hint(hint)))
}

/// Refuses to put what is no text behind a text.
pub(crate) fn texts_only(left: &DataType, right: &DataType) -> DfResult<()> {
    let other = |of: &DataType| {
        of.is_numeric() || of.is_temporal() || *of == DataType::Boolean || is_opaque(of)
    };
    if !other(left) && !other(right) {
        return Ok(());
    }
    let (left, right) = (type_name(left), type_name(right));
    Err(external(
        SqlError::new(format!("|| takes two texts, not {left} and {right}"))
            .hint("cast what is no text, as in CAST(x AS STRING)")
            .about("||"),
    ))
}
