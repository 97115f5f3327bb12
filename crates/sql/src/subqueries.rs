//! Subqueries in IN, EXISTS, ANY and ALL where they are values: in SELECT, in CASE, beside OR.
//!
//! As a condition beside AND such a subquery becomes a join. Anywhere else it is written as what it means: a
//! comparison with how many rows there are, how many are equal and how many are NULL.

use std::ops::ControlFlow;

use millstream_expr::aggregates::NAMES;
use sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Query, Select, SelectItem, SetExpr, TableFactor,
    UnaryOperator, VisitMut, VisitorMut, visit_expressions, visit_expressions_mut,
};

use crate::diagnostics::{Result, SqlError};
use crate::parser::parse_expression;

/// Rewrites the subqueries of one SELECT, those inside of them left aside.
///
/// # Errors
/// When one is compared in a way that is not supported.
pub fn rewrite_subqueries(select: &mut Select) -> Result<()> {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            as_values(expr)?;
        }
    }
    for condition in select.selection.iter_mut().chain(&mut select.having) {
        conjuncts(condition)?;
    }
    Ok(())
}

/// Conditions beside AND may be joins; in all others subqueries are values.
fn conjuncts(condition: &mut Expr) -> Result<()> {
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left)?;
            conjuncts(right)
        }
        Expr::Nested(inner) => conjuncts(inner),
        Expr::UnaryOp { op: UnaryOperator::Not, expr }
            if is_join(expr) && !is_of_constant(expr) =>
        {
            Ok(())
        }
        // Of a constant the join would not know any more what is NULL.
        constant if is_of_constant(constant) => as_values(constant),
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
            let Expr::Subquery(subquery) = right.as_ref() else { return Ok(()) };
            let (expr, subquery) = (left.clone(), subquery.clone());
            *condition = Expr::InSubquery { expr, subquery, negated: false };
            Ok(())
        }
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => {
            let Expr::Subquery(subquery) = right.as_ref() else { return Ok(()) };
            let (expr, subquery) = (left.clone(), subquery.clone());
            *condition = Expr::InSubquery { expr, subquery, negated: true };
            Ok(())
        }
        Expr::Exists { subquery, .. } if has_always_a_row(subquery) => as_values(condition),
        direct if is_join(direct) => Ok(()),
        other => as_values(other),
    }
}

fn is_join(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_join(inner),
        _ => matches!(expr, Expr::Exists { .. } | Expr::InSubquery { .. }),
    }
}

/// Whether it is IN of a value without columns.
fn is_of_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_of_constant(inner),
        Expr::InSubquery { expr, .. } => {
            let column = |expr: &Expr| match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            };
            visit_expressions(expr.as_ref(), column).is_continue()
        }
        _ => false,
    }
}

fn as_values(expr: &mut Expr) -> Result<()> {
    match expr.visit(&mut Values { queries: 0 }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Values {
    /// How many queries the current expression is inside of.
    queries: usize,
}

impl VisitorMut for Values {
    type Break = SqlError;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<SqlError> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<SqlError> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        if self.queries > 0 {
            return ControlFlow::Continue(());
        }
        match value_of(expr) {
            Ok(Some(value)) => *expr = value,
            Ok(None) => {}
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }
}

const UNKNOWN: &str = "CAST(NULL AS BOOLEAN)";

fn value_of(expr: &Expr) -> Result<Option<Expr>> {
    let (shape, value, query, negated) = match expr {
        Expr::Exists { subquery, negated } if has_always_a_row(subquery) => {
            return Ok(Some(parse_expression(if *negated { "FALSE" } else { "TRUE" })?));
        }
        Expr::Exists { subquery, negated } => {
            ("COALESCE(`$rows`, 0) > 0".to_owned(), None, subquery, *negated)
        }
        Expr::InSubquery { expr, subquery, negated } => (among(), Some(expr), subquery, *negated),
        Expr::AnyOp { left, compare_op, right, .. } | Expr::AllOp { left, compare_op, right } => {
            let Expr::Subquery(subquery) = right.as_ref() else { return Ok(None) };
            let all = matches!(expr, Expr::AllOp { .. });
            match (compare_op, all) {
                (BinaryOperator::Eq, false) => (among(), Some(left), subquery, false),
                (BinaryOperator::NotEq, true) => (among(), Some(left), subquery, true),
                (op, _) => (ordered(op, all)?, Some(left), subquery, false),
            }
        }
        _ => return Ok(None),
    };
    let mut filled = parse_expression(&format!("({shape})"))?;
    let value = value.map(|value| value.as_ref().clone());
    let mut failed = None;
    let _ = replace(&mut filled, &mut |name| {
        let part = match name {
            "$x" => return value.clone(),
            "$rows" => selected(query, "COUNT(*)", None),
            "$nulls" => selected(query, "COUNT(*) - COUNT(`$c`)", None),
            "$equal" => selected(query, "COUNT(*)", value.clone()),
            "$least" => selected(query, "MIN(`$c`)", None),
            "$greatest" => selected(query, "MAX(`$c`)", None),
            _ => return None,
        };
        part.map_err(|error| failed = Some(error)).ok()
    });
    if let Some(error) = failed {
        return Err(error);
    }
    Ok(Some(match negated {
        true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(filled) },
        false => filled,
    }))
}

fn among() -> String {
    format!(
        "CASE WHEN COALESCE(`$equal`, 0) > 0 THEN TRUE WHEN COALESCE(`$rows`, 0) = 0 THEN FALSE \
         WHEN `$x` IS NULL THEN {UNKNOWN} WHEN COALESCE(`$nulls`, 0) > 0 THEN {UNKNOWN} ELSE FALSE END"
    )
}

/// A comparison with all rows, or any: with the greatest or the least of them.
fn ordered(op: &BinaryOperator, all: bool) -> Result<String> {
    let extreme = match (op, all) {
        (BinaryOperator::Gt | BinaryOperator::GtEq, true)
        | (BinaryOperator::Lt | BinaryOperator::LtEq, false) => "$greatest",
        (BinaryOperator::Lt | BinaryOperator::LtEq, true)
        | (BinaryOperator::Gt | BinaryOperator::GtEq, false) => "$least",
        _ => {
            let word = if all { "ALL" } else { "ANY" };
            return Err(SqlError::unsupported(format!("{op} {word}")).about(word));
        }
    };
    let (none, holds, found, otherwise) = match all {
        true => ("TRUE", format!("NOT (`$x` {op} `{extreme}`)"), "FALSE", "TRUE"),
        false => ("FALSE", format!("`$x` {op} `{extreme}`"), "TRUE", "FALSE"),
    };
    Ok(format!(
        "CASE WHEN COALESCE(`$rows`, 0) = 0 THEN {none} WHEN `$x` IS NULL THEN {UNKNOWN} \
         WHEN {holds} THEN {found} WHEN COALESCE(`$nulls`, 0) > 0 THEN {UNKNOWN} ELSE {otherwise} END"
    ))
}

/// Puts expressions into the places that names hold.
fn replace(expr: &mut Expr, by: &mut impl FnMut(&str) -> Option<Expr>) -> ControlFlow<()> {
    visit_expressions_mut(expr, |expr| {
        if let Expr::Identifier(name) = &*expr
            && name.value.starts_with('$')
            && let Some(value) = by(&name.value)
        {
            *expr = value;
        }
        ControlFlow::Continue(())
    })
}

/// The only column of a query that is nothing but rows filtered: what is asked of them can be asked in it, so
/// that what it takes from around it stays in reach.
fn plain_column(query: &Query) -> Option<Expr> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    let limited = query.limit_clause.is_some() || query.with.is_some();
    if grouped || limited || select.having.is_some() || select.distinct.is_some() {
        return None;
    }
    let column = match &select.projection[..] {
        [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => expr.clone(),
        // EXISTS does not look at columns.
        _ => parse_expression("1").ok()?,
    };
    (!has_aggregate(&column)).then_some(column)
}

fn has_aggregate(expr: &Expr) -> bool {
    let found = visit_expressions(expr, |expr| match expr {
        Expr::Function(function) => {
            let name = function.name.to_string().to_ascii_uppercase();
            match NAMES.contains(&name.as_str()) || function.over.is_some() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// Whether a query is an aggregate of all rows, which has a row even of none.
fn has_always_a_row(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    let mut items = select.projection.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    });
    !grouped && select.having.is_none() && query.limit_clause.is_none() && items.any(has_aggregate)
}

/// A value of a query's rows as a subquery: `item` over its column `$c`, of those equal to a value if one is
/// given.
fn selected(query: &Query, item: &str, equal_to: Option<Expr>) -> Result<Expr> {
    let equals = |column: Expr, value: Expr| Expr::BinaryOp {
        left: Box::new(column),
        op: BinaryOperator::Eq,
        right: Box::new(value),
    };
    let mut item = parse_expression(item)?;
    // A name without its table would mean a column of the query.
    let captured = equal_to.as_ref().is_some_and(|value| {
        let bare = |expr: &Expr| match expr {
            Expr::Identifier(_) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        visit_expressions(value, bare).is_break()
    });
    let Some(column) = plain_column(query).filter(|_| !captured) else {
        let columns = if query_width(query) == Some(1) { "(`$c`)" } else { "" };
        let shape = format!("(SELECT 1 FROM (SELECT 1) AS `$s` {columns} WHERE TRUE)");
        let mut around = parse_expression(&shape)?;
        if let Expr::Subquery(outer) = &mut around
            && let SetExpr::Select(select) = outer.body.as_mut()
            && let TableFactor::Derived { subquery, .. } = &mut select.from[0].relation
        {
            **subquery = query.clone();
            select.projection = vec![SelectItem::UnnamedExpr(item)];
            select.selection = match equal_to {
                Some(value) => Some(equals(parse_expression("`$s`.`$c`")?, value)),
                None => None,
            };
        }
        return Ok(around);
    };
    let _ = replace(&mut item, &mut |name| (name == "$c").then(|| column.clone()));
    let mut query = query.clone();
    // The order of rows that are counted makes no difference.
    query.order_by = None;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = vec![SelectItem::UnnamedExpr(item)];
        if let Some(value) = equal_to {
            let equal = equals(column, value);
            select.selection = Some(match select.selection.take() {
                Some(known) => Expr::BinaryOp {
                    left: Box::new(Expr::Nested(Box::new(known))),
                    op: BinaryOperator::And,
                    right: Box::new(equal),
                },
                None => equal,
            });
        }
    }
    Ok(Expr::Subquery(Box::new(query)))
}

/// How many columns a query has, where its text says so.
fn query_width(query: &Query) -> Option<usize> {
    fn of(body: &SetExpr) -> Option<usize> {
        match body {
            SetExpr::Select(select) => {
                let wild = |item: &SelectItem| {
                    matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
                };
                (!select.projection.iter().any(wild)).then_some(select.projection.len())
            }
            SetExpr::Query(query) => of(&query.body),
            SetExpr::SetOperation { left, .. } => of(left),
            SetExpr::Values(values) => values.rows.first().map(|row| row.len()),
            _ => None,
        }
    }
    of(&query.body)
}
