//! Subqueries that are values, made sure to have one row, and aggregates that have none.

use std::sync::Arc;

use datafusion_common::Result as DfResult;
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::logical_plan::{Aggregate, Projection, Sort, Subquery};
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use millstream_expr::Registry;
use millstream_expr::aggregates::SINGLE_VALUE;

/// Makes sure of subqueries of which nothing says that they have one row at most: they fail when they get a
/// second one. Those in GROUP BY, ORDER BY and the arguments of aggregates are computed below.
///
/// # Errors
/// When a plan cannot be rebuilt.
pub fn prepare(plan: LogicalPlan, functions: &Registry) -> DfResult<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|plan| {
        let names = NamePreserver::new(&plan);
        let plan = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| single(expr, functions))?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?;
        plan.transform_data(below)
    })?;
    Ok(plan.data)
}

fn single(expr: Expr, functions: &Registry) -> DfResult<Transformed<Expr>> {
    let Expr::ScalarSubquery(subquery) = &expr else { return Ok(Transformed::no(expr)) };
    let proven = subquery.subquery.max_rows().is_some_and(|rows| rows <= 1);
    let columns = subquery.subquery.schema().columns();
    let (false, [column], Some(function)) =
        (proven || is_one_row(&subquery.subquery), &columns[..], functions.aggregate(SINGLE_VALUE))
    else {
        return Ok(Transformed::no(expr));
    };
    let value = function.call(vec![Expr::Column(column.clone())]);
    let plan = LogicalPlanBuilder::from(subquery.subquery.as_ref().clone());
    let plan = plan.aggregate(Vec::<Expr>::new(), vec![value])?.build()?;
    let checked = Subquery { subquery: Arc::new(plan), ..subquery.clone() };
    Ok(Transformed::yes(Expr::ScalarSubquery(checked)))
}

/// Whether a plan is a global aggregate, with what is computed from its row.
fn is_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => is_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_one_row(&alias.input),
        LogicalPlan::Filter(filter) => is_one_row(&filter.input),
        _ => false,
    }
}

fn has_subquery(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(matches!(expr, Expr::ScalarSubquery(_)))).unwrap_or(false)
}

/// Computes the subqueries of an aggregate or a sort in a projection below it.
fn below(plan: LogicalPlan) -> DfResult<Transformed<LogicalPlan>> {
    match plan {
        LogicalPlan::Aggregate(aggregate)
            if aggregate.group_expr.iter().chain(&aggregate.aggr_expr).any(has_subquery) =>
        {
            let mut found = Vec::new();
            let mut moved = |exprs: Vec<Expr>| -> DfResult<Vec<Expr>> {
                exprs.into_iter().map(|expr| columns_for(expr, &mut found)).collect()
            };
            let (group, aggregates) = (moved(aggregate.group_expr)?, moved(aggregate.aggr_expr)?);
            let input = with_values(&aggregate.input, found)?;
            let aggregate = Aggregate::try_new(Arc::new(input), group, aggregates)?;
            Ok(Transformed::yes(LogicalPlan::Aggregate(aggregate)))
        }
        LogicalPlan::Sort(sort) if sort.expr.iter().any(|key| has_subquery(&key.expr)) => {
            let columns = sort.input.schema().columns();
            let mut found = Vec::new();
            let mut keys = Vec::with_capacity(sort.expr.len());
            for key in sort.expr {
                let expr = columns_for(key.expr, &mut found)?.unalias();
                keys.push(datafusion_expr::SortExpr { expr, ..key });
            }
            let input = Arc::new(with_values(&sort.input, found)?);
            let sorted = LogicalPlan::Sort(Sort { expr: keys, input, fetch: sort.fetch });
            let columns = columns.into_iter().map(Expr::Column).collect();
            let projection = Projection::try_new(columns, Arc::new(sorted))?;
            Ok(Transformed::yes(LogicalPlan::Projection(projection)))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// An expression with columns in the place of its subqueries, under the name that it had.
fn columns_for(expr: Expr, found: &mut Vec<Expr>) -> DfResult<Expr> {
    if !has_subquery(&expr) {
        return Ok(expr);
    }
    let name = expr.schema_name().to_string();
    let replaced = expr.transform_up(|expr| {
        Ok(match expr {
            Expr::ScalarSubquery(_) => {
                let name = format!("$value_{}", found.len());
                found.push(expr.alias(&name));
                Transformed::yes(Expr::Column(datafusion_common::Column::new_unqualified(name)))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(replaced.data.alias(name))
}

fn with_values(input: &LogicalPlan, values: Vec<Expr>) -> DfResult<LogicalPlan> {
    let columns = input.schema().columns().into_iter().map(Expr::Column);
    let all = columns.chain(values).collect();
    Ok(LogicalPlan::Projection(Projection::try_new(all, Arc::new(input.clone()))?))
}

/// How many relations of a plan are one row that says nothing.
pub fn constant_rows(plan: &LogicalPlan) -> usize {
    let mut rows = 0;
    // The closure never fails.
    let _ = plan.apply_with_subqueries(|plan| {
        let is_one = matches!(plan, LogicalPlan::EmptyRelation(empty) if empty.produce_one_row);
        rows += usize::from(is_one);
        Ok(TreeNodeRecursion::Continue)
    });
    rows
}

/// Aggregates of all rows, whose values are read even where nobody asks for them: there is a row only where
/// rows are aggregated.
///
/// # Errors
/// When a plan cannot be rebuilt.
pub fn with_aggregates_read(plan: LogicalPlan, functions: &Registry) -> DfResult<LogicalPlan> {
    let read = plan.transform_up(|plan| {
        let LogicalPlan::Aggregate(aggregate) = &plan else { return Ok(Transformed::no(plan)) };
        let columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let (true, Some(first), Some(type_of)) =
            (aggregate.group_expr.is_empty(), columns.first().cloned(), functions.scalar("TYPEOF"))
        else {
            return Ok(Transformed::no(plan));
        };
        // It is true of any value, and nothing but its row tells so.
        let read = type_of.call(vec![first]).not_eq(datafusion_expr::lit(""));
        let filtered = LogicalPlanBuilder::from(plan).filter(read)?;
        Ok(Transformed::yes(filtered.project(columns)?.build()?))
    })?;
    Ok(read.data)
}
