//! The older windows: `GROUP BY TUMBLE(ts, INTERVAL …)`, `HOP` and `SESSION`, with `TUMBLE_START`, `_END`
//! and `_ROWTIME`.
//!
//! They mean a grouping over the window table function, and become one: the auxiliary functions are
//! markers that the planner replaces by the window's own columns.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, DataFusionError, Result as DfResult, ScalarValue};
use datafusion_expr::logical_plan::Aggregate;
use datafusion_expr::{
    ColumnarValue, Expr, Extension, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};

use millstream_plan::WindowKind;

use crate::context::external;
use crate::diagnostics::SqlError;
use crate::window::{WINDOW_COLUMNS, WindowNode, window_kind};

/// The windows that a query can be grouped by.
pub const GROUP_WINDOWS: [&str; 3] = ["TUMBLE", "HOP", "SESSION"];

/// What can be asked of the window of a group, in the order of [`WINDOW_COLUMNS`].
pub const PROPERTIES: [&str; 3] = ["_START", "_END", "_ROWTIME"];

/// The window and the property that a name such as `HOP_END` stands for, by their positions.
fn parts(name: &str) -> Option<(usize, usize)> {
    let upper = name.to_ascii_uppercase();
    let window = GROUP_WINDOWS.iter().position(|window| upper.starts_with(window))?;
    let rest = &upper[GROUP_WINDOWS[window].len()..];
    Some((window, PROPERTIES.iter().position(|property| *property == rest)?))
}

/// The marker function of a name, if it is one.
pub fn marker(name: &str) -> Option<Arc<ScalarUDF>> {
    let (window, property) = parts(name)?;
    Some(Arc::new(ScalarUDF::new_from_impl(Property {
        name: format!("{}{}", GROUP_WINDOWS[window], PROPERTIES[property]),
        is_rowtime: property == 2,
        signature: Signature::user_defined(Volatility::Immutable),
    })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Property {
    name: String,
    is_rowtime: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Property {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        let zone = match types.first() {
            Some(DataType::Timestamp(_, zone)) => zone.clone().filter(|_| self.is_rowtime),
            _ => None,
        };
        Ok(DataType::Timestamp(TimeUnit::Millisecond, zone))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        Err(misplaced(&self.name))
    }
}

fn misplaced(name: &str) -> DataFusionError {
    let window = parts(name).map_or("TUMBLE", |(window, _)| GROUP_WINDOWS[window]);
    external(
        SqlError::new(format!("{name} stands outside of a query with GROUP BY {window}(…)"))
            .hint(format!("group by {window} with the same time column and intervals"))
            .about(name),
    )
}

/// The window and the property of a marker, by their positions, and its arguments.
fn property_of(expr: &Expr) -> Option<((usize, usize), &[Expr])> {
    let Expr::ScalarFunction(call) = expr else { return None };
    call.func.inner().downcast_ref::<Property>()?;
    Some((parts(call.name())?, &call.args))
}

/// Replaces the markers in a plan.
///
/// # Errors
/// When one stands outside of such a grouping, or its arguments are no time column and interval.
pub fn expand(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let expanded = plan.transform_up_with_subqueries(|plan| match &plan {
        LogicalPlan::Aggregate(aggregate) => match expand_aggregate(aggregate)? {
            Some(plan) => Ok(Transformed::yes(plan)),
            None => Ok(Transformed::no(plan)),
        },
        _ => Ok(Transformed::no(plan)),
    })?;
    expanded.data.apply_with_subqueries(|plan| {
        for expr in plan.expressions() {
            expr.apply(|expr| match property_of(expr) {
                Some(((window, property), _)) => {
                    let (window, property) = (GROUP_WINDOWS[window], PROPERTIES[property]);
                    Err(misplaced(&format!("{window}{property}")))
                }
                None => Ok(TreeNodeRecursion::Continue),
            })?;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(expanded.data)
}

fn expand_aggregate(aggregate: &Aggregate) -> DfResult<Option<LogicalPlan>> {
    let in_sets = |key: &Expr| match key {
        Expr::GroupingSet(set) => {
            set.distinct_expr().into_iter().any(|key| property_of(key).is_some())
        }
        _ => false,
    };
    if aggregate.group_expr.iter().any(in_sets) {
        return Err(external(
            SqlError::unsupported("GROUPING SETS, CUBE or ROLLUP beside a window of GROUP BY")
                .hint("use a window table function: FROM TABLE(TUMBLE(…)) GROUP BY window_start, …")
                .about("GROUP"),
        ));
    }
    let Some(((window, _), arguments)) = aggregate.group_expr.iter().find_map(property_of) else {
        return Ok(None);
    };
    let others = aggregate.group_expr.iter().filter_map(property_of);
    if others.into_iter().any(|((other, _), given)| other != window || given != arguments) {
        return Err(external(
            SqlError::new("a query is grouped by one window only")
                .hint("group by one here, and by the other in a query around it")
                .about(GROUP_WINDOWS[window]),
        ));
    }
    let (rowtime, kind) = read(GROUP_WINDOWS[window], arguments)?;
    let keys = aggregate.group_expr.iter().filter(|key| property_of(key).is_none()).cloned();
    let partition = if kind.is_aligned() { Vec::new() } else { keys.collect() };
    let input = aggregate.input.as_ref().clone();
    let mut window = WindowNode::new(input, rowtime, kind, partition)?;
    window.grouping = true;
    let input = LogicalPlan::Extension(Extension { node: Arc::new(window) });
    let keys: Vec<Expr> = aggregate
        .group_expr
        .iter()
        .map(|key| match property_of(key) {
            Some(((_, at), _)) => Expr::Column(Column::from_name(WINDOW_COLUMNS[at])),
            None => key.clone(),
        })
        .collect();
    let grouped = Aggregate::try_new(Arc::new(input), keys, aggregate.aggr_expr.clone())?;
    // Everything above goes by the names that the grouping had.
    let names = aggregate.schema.iter();
    let renamed: Vec<Expr> = grouped
        .schema
        .columns()
        .into_iter()
        .zip(names)
        .map(|(column, (table, field))| {
            if column.relation.as_ref() == table && column.name == *field.name() {
                Expr::Column(column)
            } else {
                Expr::Column(column).alias_qualified(table.cloned(), field.name())
            }
        })
        .collect();
    Ok(Some(LogicalPlanBuilder::from(LogicalPlan::Aggregate(grouped)).project(renamed)?.build()?))
}

fn read(name: &str, arguments: &[Expr]) -> DfResult<(Expr, WindowKind)> {
    let usage = match name {
        "HOP" => "HOP(time column, INTERVAL '5' MINUTE, INTERVAL '10' MINUTE)",
        "SESSION" => "SESSION(time column, INTERVAL '5' MINUTE)",
        _ => "TUMBLE(time column, INTERVAL '10' MINUTE)",
    };
    let wrong = |what: String| {
        external(SqlError::new(what).hint(format!("write GROUP BY {usage}")).about(name))
    };
    let Some(rowtime @ Expr::Column(_)) = arguments.first() else {
        return Err(wrong(format!("{name} takes a time column and intervals")));
    };
    let most = if name == "SESSION" { 2 } else { 4 };
    if arguments.len() > most {
        return Err(wrong(format!("{name} takes no {} arguments", arguments.len())));
    }
    let mut intervals = Vec::new();
    for argument in &arguments[1..] {
        let interval = interval_ms(argument);
        intervals.push(Some(interval.ok_or_else(|| {
            wrong(format!("the intervals of {name} must be INTERVALs of days to seconds"))
        })?));
    }
    let kind = window_kind(name, &intervals, false).map_err(wrong)?;
    Ok((rowtime.clone(), kind))
}

fn interval_ms(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _)
            if interval.months == 0 =>
        {
            Some(i64::from(interval.days) * 86_400_000 + interval.nanoseconds / 1_000_000)
        }
        _ => None,
    }
}
