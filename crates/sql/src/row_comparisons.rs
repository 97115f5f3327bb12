//! Comparisons of rows that are written as such, in terms of their values.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query, SetExpr,
    TableFactor, UnaryOperator,
};

use crate::diagnostics::SqlError;

/// The values of a row that is written as one.
fn values_of_row(row: &Expr) -> Option<Vec<&Expr>> {
    let Expr::Function(function) = row else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    if !function.name.to_string().eq_ignore_ascii_case("ROW") {
        return None;
    }
    let values = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some(value),
        _ => None,
    });
    values.collect()
}

/// Rows that are written as such are equal when their values are, where NULL makes that unknown; rows in
/// columns are compared as wholes.
pub(crate) fn equal_rows(left: &Expr, right: &Expr) -> Option<Expr> {
    let (left, right) = (values_of_row(left)?, values_of_row(right)?);
    if left.len() != right.len() {
        return None;
    }
    let pairs = left.into_iter().zip(right);
    let equal = pairs.map(|(left, right)| binary(left.clone(), BinaryOperator::Eq, right.clone()));
    equal.reduce(|all, one| binary(all, BinaryOperator::And, one)).map(nested)
}

/// The longest list of rows that is compared value by value. A longer one is searched for whole rows, where
/// NULL is equal to NULL: planning so many comparisons takes longer than anybody waits.
const ROWS_MAX: usize = 64;

/// `(a, b) IN ((1, 2), (3, 4))`
pub(crate) fn row_in_list(row: &Expr, list: &[Expr], negated: bool) -> Option<Expr> {
    if list.len() > ROWS_MAX {
        return None;
    }
    let equal: Option<Vec<Expr>> = list.iter().map(|item| equal_rows(row, item)).collect();
    let among = equal?.into_iter().reduce(|all, one| binary(all, BinaryOperator::Or, one))?;
    Some(match negated {
        true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(nested(among)) },
        false => nested(among),
    })
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

/// `(a, b) IN (SELECT x, y …)` with one column on both sides: a row.
pub(crate) fn rows_in(
    row: &Expr,
    subquery: &Query,
    negated: bool,
) -> Result<Option<Expr>, SqlError> {
    let Some(values) = values_of_row(row) else { return Ok(None) };
    let columns: Vec<String> = (0..values.len()).map(|at| format!("`${at}`")).collect();
    let columns = columns.join(", ");
    let shape = format!("x IN (SELECT ROW({columns}) FROM (SELECT 1) AS `$rows` ({columns}))");
    let mut among = crate::parser::parse_expression(&shape)?;
    if let Expr::InSubquery { expr, subquery: around, negated: not } = &mut among
        && let SetExpr::Select(select) = around.body.as_mut()
        && let TableFactor::Derived { subquery: inner, .. } = &mut select.from[0].relation
    {
        **inner = subquery.clone();
        **expr = row.clone();
        *not = negated;
    }
    Ok(Some(among))
}
