//! The older windows: `GROUP BY TUMBLE(ts, INTERVAL …)` with `TUMBLE_START`, `_END` and `_ROWTIME`.
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

use crate::context::external;
use crate::diagnostics::SqlError;
use crate::window::{WINDOW_COLUMNS, WindowNode};

const PROPERTIES: [&str; 3] = ["TUMBLE_START", "TUMBLE_END", "TUMBLE_ROWTIME"];

/// The marker function of a name, if it is one.
pub fn marker(name: &str) -> Option<Arc<ScalarUDF>> {
    let known = PROPERTIES.iter().find(|property| name.eq_ignore_ascii_case(property))?;
    Some(Arc::new(ScalarUDF::new_from_impl(Property {
        name: known,
        signature: Signature::user_defined(Volatility::Immutable),
    })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Property {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for Property {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        let zone = match types.first() {
            Some(DataType::Timestamp(_, zone)) => {
                zone.clone().filter(|_| self.name == PROPERTIES[2])
            }
            _ => None,
        };
        Ok(DataType::Timestamp(TimeUnit::Millisecond, zone))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        Err(misplaced(self.name))
    }
}

fn misplaced(name: &str) -> DataFusionError {
    external(
        SqlError::new(format!("{name} stands outside of a query with GROUP BY TUMBLE(…)"))
            .hint("group by TUMBLE with the same time column and interval")
            .about(name),
    )
}

fn property_of(expr: &Expr) -> Option<(usize, &[Expr])> {
    let Expr::ScalarFunction(call) = expr else { return None };
    let at = PROPERTIES.iter().position(|property| *property == call.name())?;
    Some((at, &call.args))
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
                Some((at, _)) => Err(misplaced(PROPERTIES[at])),
                None => Ok(TreeNodeRecursion::Continue),
            })?;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(expanded.data)
}

fn expand_aggregate(aggregate: &Aggregate) -> DfResult<Option<LogicalPlan>> {
    let Some((_, arguments)) = aggregate.group_expr.iter().find_map(property_of) else {
        return Ok(None);
    };
    let (rowtime, size_ms, offset_ms) = read(arguments)?;
    let window = WindowNode::new(aggregate.input.as_ref().clone(), rowtime, size_ms, offset_ms)?;
    let input = LogicalPlan::Extension(Extension { node: Arc::new(window) });
    let keys: Vec<Expr> = aggregate
        .group_expr
        .iter()
        .map(|key| match property_of(key) {
            Some((at, _)) => Expr::Column(Column::from_name(WINDOW_COLUMNS[at])),
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

fn read(arguments: &[Expr]) -> DfResult<(Expr, i64, i64)> {
    let wrong = |what: &str| {
        external(
            SqlError::new(what.to_owned())
                .hint("write GROUP BY TUMBLE(time column, INTERVAL '10' MINUTE)")
                .about("TUMBLE"),
        )
    };
    let (Some(rowtime @ Expr::Column(_)), Some(size)) = (arguments.first(), arguments.get(1))
    else {
        return Err(wrong("TUMBLE takes a time column and an interval"));
    };
    let size = interval_ms(size).filter(|ms| *ms > 0);
    let Some(size_ms) = size else {
        return Err(wrong("the size of TUMBLE must be an INTERVAL of days to seconds"));
    };
    let offset_ms = match arguments.get(2) {
        Some(offset) => {
            interval_ms(offset).ok_or_else(|| wrong("the offset must be an INTERVAL"))?
        }
        None => 0,
    };
    Ok((rowtime.clone(), size_ms, offset_ms))
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
