//! A global aggregate of what is known to be empty before anything is read: `WHERE FALSE`, `LIMIT 0`.
//!
//! In a stream a global aggregate gives its first row with the first row that it takes. Where none can come,
//! Flink's planner computes the row itself, for those functions of which it knows the value: COUNT is 0; SUM,
//! MIN and MAX are NULL.

use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{Result as DfResult, ScalarValue};
use datafusion_expr::logical_plan::{Aggregate, FetchType, Values};
use datafusion_expr::{Expr, JoinType, LogicalPlan};

use crate::subqueries::ALL_ROWS;

/// A plan in which such aggregates are values.
pub(crate) fn values_of_nothing(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let plan = plan.transform_up(|node| match &node {
        LogicalPlan::Aggregate(aggregate)
            if aggregate.group_expr.iter().all(is_of_all_rows)
                && gives_nothing(&aggregate.input) =>
        {
            Ok(match values(aggregate)? {
                Some(values) => Transformed::yes(LogicalPlan::Values(values)),
                None => Transformed::no(node),
            })
        }
        _ => Ok(Transformed::no(node)),
    })?;
    Ok(plan.data)
}

/// Whether a key is that of a group of all rows.
fn is_of_all_rows(key: &Expr) -> bool {
    matches!(key, Expr::Alias(alias) if alias.name == ALL_ROWS)
}

/// Whether a plan is known to give no row.
fn gives_nothing(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::EmptyRelation(empty) => !empty.produce_one_row,
        LogicalPlan::Limit(limit) => {
            matches!(limit.get_fetch_type(), Ok(FetchType::Literal(Some(0))))
                || gives_nothing(&limit.input)
        }
        LogicalPlan::Filter(filter) => {
            let never = ScalarValue::Boolean(Some(false));
            matches!(&filter.predicate, Expr::Literal(value, _) if *value == never)
                || gives_nothing(&filter.input)
        }
        LogicalPlan::Aggregate(aggregate) => gives_nothing(&aggregate.input),
        LogicalPlan::Projection(projection) => gives_nothing(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => gives_nothing(&alias.input),
        LogicalPlan::Sort(sort) => gives_nothing(&sort.input),
        LogicalPlan::Union(union) => union.inputs.iter().all(|input| gives_nothing(input)),
        LogicalPlan::Join(join) => {
            let (left, right) = (gives_nothing(&join.left), gives_nothing(&join.right));
            match join.join_type {
                JoinType::Inner | JoinType::LeftSemi => left || right,
                JoinType::Left | JoinType::LeftAnti => left,
                JoinType::Right => right,
                JoinType::Full => left && right,
                _ => false,
            }
        }
        _ => false,
    }
}

/// The row of an aggregate of no rows, where the value of each function is known.
fn values(aggregate: &Aggregate) -> DfResult<Option<Values>> {
    let mut row: Vec<Expr> = aggregate.group_expr.iter().cloned().map(Expr::unalias).collect();
    let fields = aggregate.schema.fields().iter().skip(row.len());
    for (expr, field) in aggregate.aggr_expr.iter().zip(fields) {
        let Expr::AggregateFunction(call) = expr.clone().unalias() else { return Ok(None) };
        let value = match call.func.name() {
            "COUNT" => ScalarValue::new_zero(field.data_type())?,
            "SUM" | "MIN" | "MAX" => ScalarValue::try_new_null(field.data_type())?,
            _ => return Ok(None),
        };
        row.push(Expr::Literal(value, None));
    }
    let schema = std::sync::Arc::clone(&aggregate.schema);
    Ok((!row.is_empty()).then(|| Values { schema, values: vec![row] }))
}
