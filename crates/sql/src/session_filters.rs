//! Conditions between sessions and the aggregates over them.
//!
//! As in Flink, rows that `WHERE` drops are in no session of `GROUP BY window_start, window_end`: the window
//! function and the aggregate become one, and the condition comes before both. Where it asks for a column of
//! the window, or no aggregate stands above, sessions are those of all rows.

use std::sync::Arc;

use datafusion_common::Result as DfResult;
use datafusion_common::tree_node::Transformed;
use datafusion_expr::{Expr, Extension, Filter, LogicalPlan};

use crate::window::{WINDOW_COLUMNS, WindowNode};

/// A plan whose sessions are marked as those of filtered rows, where they are.
///
/// # Errors
/// When a node cannot be made again.
pub(crate) fn filter_sessions(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let marked = plan.transform_down_with_subqueries(|plan| {
        let LogicalPlan::Aggregate(aggregate) = &plan else { return Ok(Transformed::no(plan)) };
        let keys: Vec<&str> = aggregate.group_expr.iter().filter_map(name).collect();
        if !WINDOW_COLUMNS[..2].iter().all(|column| keys.contains(column)) {
            return Ok(Transformed::no(plan));
        }
        match marked(&aggregate.input, &keys)? {
            Some(input) => {
                let expressions = plan.expressions();
                Ok(Transformed::yes(plan.with_new_exprs(expressions, vec![input])?))
            }
            None => Ok(Transformed::no(plan)),
        }
    })?;
    Ok(marked.data)
}

fn name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Column(column) => Some(&column.name),
        Expr::Alias(alias) => name(&alias.expr),
        _ => None,
    }
}

fn of_window(expr: &Expr) -> bool {
    expr.column_refs().iter().any(|column| WINDOW_COLUMNS.contains(&column.name.as_str()))
}

/// The input of an aggregate with its sessions marked; `None` where they are those of all rows, or there are
/// none.
fn marked(plan: &LogicalPlan, keys: &[&str]) -> DfResult<Option<LogicalPlan>> {
    match plan {
        LogicalPlan::Filter(filter) if !of_window(&filter.predicate) => {
            let input = marked(&filter.input, keys)?;
            input
                .map(|input| Filter::try_new(filter.predicate.clone(), Arc::new(input)))
                .transpose()
                .map(|filter| filter.map(LogicalPlan::Filter))
        }
        LogicalPlan::Projection(projection) => {
            // Under another name a column of the window would not be known again.
            let kept = |expr: &Expr| {
                !of_window(expr) || name(expr) == Some(expr.schema_name().to_string().as_str())
            };
            let bare = |expr: &Expr| matches!(expr, Expr::Column(_)) || kept(expr);
            if !projection.expr.iter().all(bare) {
                return Ok(None);
            }
            again(plan, marked(&projection.input, keys)?)
        }
        LogicalPlan::SubqueryAlias(alias) => again(plan, marked(&alias.input, keys)?),
        LogicalPlan::Extension(extension) => {
            let window = extension.node.as_any().downcast_ref::<WindowNode>();
            let window = window.filter(|window| !window.kind.is_aligned() && !window.grouping);
            let by_key = |window: &&WindowNode| {
                window.partition.iter().all(|key| name(key).is_some_and(|key| keys.contains(&key)))
            };
            Ok(window.filter(by_key).map(|window| {
                LogicalPlan::Extension(Extension { node: Arc::new(window.filtered()) })
            }))
        }
        _ => Ok(None),
    }
}

fn again(plan: &LogicalPlan, input: Option<LogicalPlan>) -> DfResult<Option<LogicalPlan>> {
    input.map(|input| plan.with_new_exprs(plan.expressions(), vec![input])).transpose()
}
