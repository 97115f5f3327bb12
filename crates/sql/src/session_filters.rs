//! Conditions between sessions and the aggregates over them.
//!
//! As in Flink, rows that `WHERE` drops are in no session of `GROUP BY window_start, window_end`: the window
//! function and the aggregate become one, and the condition comes before both. Where it asks for a column of
//! the window, or no aggregate stands above, sessions are those of all rows.

use std::sync::Arc;

use datafusion_common::Result as DfResult;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_expr::{Expr, Extension, Filter, LogicalPlan};
use datafusion_optimizer::push_down_filter::PushDownFilter;
use datafusion_optimizer::{Optimizer, OptimizerContext};

use crate::window::{WINDOW_COLUMNS, WindowNode};

/// A plan in which conditions on the rows of sessions stand below them, where they do.
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
        let Some(input) = marked(&aggregate.input, &keys, false)? else {
            return Ok(Transformed::no(plan));
        };
        let below = unmarked(filters_pushed_down(input)?)?;
        let expressions = plan.expressions();
        Ok(Transformed::yes(plan.with_new_exprs(expressions, vec![below])?))
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

/// The input of an aggregate with its sessions marked as those of filtered rows; `None` where they are those
/// of all rows, or there are none. `filters` says whether a condition stands above.
fn marked(plan: &LogicalPlan, keys: &[&str], filters: bool) -> DfResult<Option<LogicalPlan>> {
    match plan {
        LogicalPlan::Filter(filter) if !of_window(&filter.predicate) => {
            let input = marked(&filter.input, keys, true)?;
            input
                .map(|input| Filter::try_new(filter.predicate.clone(), Arc::new(input)))
                .transpose()
                .map(|filter| filter.map(LogicalPlan::Filter))
        }
        LogicalPlan::Projection(projection) => {
            // Under another name a column of the window, or a key, would not be known again.
            let keeps = |expr: &Expr| match expr {
                Expr::Column(_) => true,
                Expr::Alias(alias) => {
                    name(expr) == Some(&alias.name)
                        || (!of_window(expr) && !keys.contains(&alias.name.as_str()))
                }
                other => !of_window(other),
            };
            match projection.expr.iter().all(keeps) {
                true => again(plan, marked(&projection.input, keys, filters)?),
                false => Ok(None),
            }
        }
        LogicalPlan::SubqueryAlias(alias) => again(plan, marked(&alias.input, keys, filters)?),
        LogicalPlan::Extension(extension) => {
            let window = extension.node.as_any().downcast_ref::<WindowNode>();
            let window =
                window.filter(|window| filters && !window.kind.is_aligned() && !window.grouping);
            let by_key = |window: &&WindowNode| {
                window.partition.iter().all(|key| name(key).is_some_and(|key| keys.contains(&key)))
            };
            Ok(window.filter(by_key).map(|window| {
                LogicalPlan::Extension(Extension { node: Arc::new(window.filtered(true)) })
            }))
        }
        _ => Ok(None),
    }
}

fn again(plan: &LogicalPlan, input: Option<LogicalPlan>) -> DfResult<Option<LogicalPlan>> {
    input.map(|input| plan.with_new_exprs(plan.expressions(), vec![input])).transpose()
}

fn filters_pushed_down(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let context = OptimizerContext::new().with_max_passes(1);
    Optimizer::with_rules(vec![Arc::new(PushDownFilter::new())]).optimize(plan, &context, |_, _| {})
}

/// Conditions from above the aggregate are on groups, and stay there.
fn unmarked(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let plan = plan.transform_down(|plan| {
        let LogicalPlan::Extension(extension) = &plan else { return Ok(Transformed::no(plan)) };
        match extension.node.as_any().downcast_ref::<WindowNode>() {
            Some(window) if window.filtered => {
                let node = Arc::new(window.filtered(false));
                Ok(Transformed::yes(LogicalPlan::Extension(Extension { node })))
            }
            _ => Ok(Transformed::no(plan)),
        }
    })?;
    Ok(plan.data)
}
