//! Comparisons in terms that later rules get right: rows with rows, lists with columns in them, keys
//! that stand twice.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use chrono_tz::Tz;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DFSchema, Result as DfResult, Spans};
use datafusion_expr::expr::{Exists, InList, InSubquery};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::logical_plan::{Aggregate, Filter, Join, Subquery};
use datafusion_expr::utils::{conjunction, merge_schema};
use datafusion_expr::{Expr, ExprSchemable, GroupingSet, LogicalPlan, lit, when};
use millstream_expr::common_type::common_type;
use millstream_types::sql_type::{is_opaque, is_variant, type_name};
use sqlparser::ast::BinaryOperator;

use crate::cast::to_field;
use crate::common_types::comparable;
use crate::context::external;
use crate::decorrelate::{as_outer, projection, rejoined};
use crate::diagnostics::SqlError;
use crate::subqueries::null;
use crate::translate_join::set_operation;

/// Comparisons of rows, `(a, b) IN (S)`, as what they mean: whether a row is there that is equal, and
/// whether one is that may be. A list of IN with columns is a chain of OR: the library's rules take
/// lists for constants. Keys of a grouping that stand twice stand once.
///
/// # Errors
/// When a plan cannot be rebuilt.
pub fn normalize_comparisons(plan: LogicalPlan, zone: Tz) -> DfResult<LogicalPlan> {
    let compared = plan.transform_up_with_subqueries(|plan| {
        let plan = match plan {
            LogicalPlan::Aggregate(of) => LogicalPlan::Aggregate(distinct_keys(of)?),
            LogicalPlan::Join(of) if set_operation(&of).is_some() => of_one_type(of, zone)?,
            other => other,
        };
        ordered(&plan)?;
        let compares = |expr: &Expr| {
            let of = |expr: &Expr| Ok(matches!(expr, Expr::InSubquery(_) | Expr::InList(_)));
            expr.exists(of).unwrap_or(false)
        };
        if !plan.expressions().iter().any(compares) {
            return Ok(Transformed::no(plan));
        }
        let schema = merge_schema(&plan.inputs());
        let names = NamePreserver::new(&plan);
        let normal = |expr: Expr| -> DfResult<Expr> {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| {
                row_among(expr, &schema)?.transform_data(|expr| Ok(among_columns(expr)))
            })?;
            Ok(name.restore(expr.data))
        };
        let plan = plan.map_expressions(|expr| {
            // Of grouping sets the keys have names, not the sets.
            Ok(Transformed::yes(match expr {
                Expr::GroupingSet(sets) => Expr::GroupingSet(in_sets(sets, &normal)?),
                expr => normal(expr)?,
            }))
        })?;
        Ok(Transformed::yes(plan.data))
    });
    Ok(compared?.data)
}

/// Refuses an order by what has none.
fn ordered(plan: &LogicalPlan) -> DfResult<()> {
    let keys = match plan {
        LogicalPlan::Sort(sort) => sort.expr.iter().collect(),
        LogicalPlan::Window(window) => {
            let calls = window.window_expr.iter().map(|call| match call.clone().unalias() {
                Expr::WindowFunction(call) => call.params.order_by,
                _ => Vec::new(),
            });
            return calls.flatten().try_for_each(|key| has_order(&key.expr, window.input.schema()));
        }
        _ => Vec::new(),
    };
    let schema = merge_schema(&plan.inputs());
    keys.into_iter().try_for_each(|key: &datafusion_expr::SortExpr| has_order(&key.expr, &schema))
}

fn has_order(key: &Expr, schema: &DFSchema) -> DfResult<()> {
    // What cannot be typed here is refused later.
    key.get_type(schema).map_or(Ok(()), |data_type| has_order_of(&data_type))
}

/// Refuses an order of values that have none.
pub(crate) fn has_order_of(data_type: &DataType) -> DfResult<()> {
    if !is_opaque(data_type) {
        return Ok(());
    }
    let hint = match is_variant(data_type) {
        true => {
            "its text has one, JSON_STRING(v), and so has a part of it as a number, CAST(JSON_STRING(v['a']) AS INT)"
        }
        false => {
            "the numbers in it can be counted, BITMAP_CARDINALITY(b), and listed, BITMAP_TO_ARRAY(b)"
        }
    };
    Err(external(SqlError::new(format!("{} has no order", type_name(data_type))).hint(hint)))
}

fn in_sets(sets: GroupingSet, normal: &impl Fn(Expr) -> DfResult<Expr>) -> DfResult<GroupingSet> {
    let all = |keys: Vec<Expr>| keys.into_iter().map(normal).collect::<DfResult<Vec<_>>>();
    Ok(match sets {
        GroupingSet::Rollup(keys) => GroupingSet::Rollup(all(keys)?),
        GroupingSet::Cube(keys) => GroupingSet::Cube(all(keys)?),
        GroupingSet::GroupingSets(sets) => {
            GroupingSet::GroupingSets(sets.into_iter().map(all).collect::<DfResult<_>>()?)
        }
    })
}

/// INTERSECT or EXCEPT with both sides in the types that they have in common: coerced later, its keys would
/// not be the columns any more, which is how it is known.
fn of_one_type(of: Join, zone: Tz) -> DfResult<LogicalPlan> {
    let fields = of.left.schema().fields().iter().zip(of.right.schema().fields());
    let mut types: Vec<Option<DataType>> = Vec::with_capacity(fields.len());
    for (left, right) in fields {
        let (left, right) = (left.data_type(), right.data_type());
        comparable(left, right)?;
        types.push(if left == right { None } else { common_type(left, right) });
    }
    if types.iter().all(Option::is_none) {
        return Ok(LogicalPlan::Join(of));
    }
    let cast = |side: &Arc<LogicalPlan>| -> DfResult<LogicalPlan> {
        let schema = side.schema();
        let columns = schema.columns().into_iter().zip(&types);
        let values = columns.map(|(column, of)| match of {
            Some(of) => {
                let (table, name) = (column.relation.clone(), column.name.clone());
                let field = Arc::new(Field::new(&name, of.clone(), true));
                Ok(to_field(Expr::Column(column), &field, zone).alias_qualified(table, name))
            }
            None => Ok(Expr::Column(column)),
        });
        let values = values.collect::<DfResult<Vec<_>>>()?;
        projection(side.as_ref().clone(), values)
    };
    let (left, right) = (cast(&of.left)?, cast(&of.right)?);
    rejoined(&of, left, right, of.on.clone())
}

fn distinct_keys(of: Aggregate) -> DfResult<Aggregate> {
    let mut keys: Vec<Expr> = Vec::with_capacity(of.group_expr.len());
    for key in &of.group_expr {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    match keys.len() == of.group_expr.len() {
        true => Ok(of),
        false => Aggregate::try_new(of.input, keys, of.aggr_expr),
    }
}

fn among_columns(expr: Expr) -> Transformed<Expr> {
    let Expr::InList(InList { expr: value, list, negated }) = &expr else {
        return Transformed::no(expr);
    };
    if !list.iter().any(|item| item.any_column_refs() || item.contains_outer()) {
        return Transformed::no(expr);
    }
    let equal = list.iter().map(|item| value.as_ref().clone().eq(item.clone()));
    let among = equal.reduce(Expr::or).unwrap_or_else(|| lit(false));
    Transformed::yes(if *negated { !among } else { among })
}

fn row_among(expr: Expr, schema: &DFSchema) -> DfResult<Transformed<Expr>> {
    let Expr::InSubquery(InSubquery { expr: row, subquery, negated }) = &expr else {
        return Ok(Transformed::no(expr));
    };
    let values = |expr: &Expr| match expr.clone().unalias() {
        Expr::ScalarFunction(row) if row.name() == "ROW" => Some(row.args),
        _ => None,
    };
    let rows = match subquery.subquery.as_ref() {
        LogicalPlan::Projection(rows) => Some(rows),
        _ => None,
    };
    let theirs = rows.and_then(|rows| Some((rows, rows.expr.first().and_then(values)?)));
    let (Some(own), Some((rows, theirs))) = (values(row), theirs) else {
        comparable(&row.get_type(schema)?, subquery.subquery.schema().field(0).data_type())?;
        return Ok(Transformed::no(expr));
    };
    let pairs = own.into_iter().zip(theirs);
    let pairs = pairs.map(|(own, theirs)| {
        comparable(&own.get_type(schema)?, &theirs.get_type(rows.input.schema())?)?;
        Ok(theirs.eq(as_outer(own, schema)?))
    });
    let equal = conjunction(pairs.collect::<DfResult<Vec<_>>>()?).unwrap_or_else(|| lit(true));
    let exists = |condition: Expr| -> DfResult<Expr> {
        let plan = Filter::try_new(condition, Arc::clone(&rows.input))?;
        let subquery = Arc::new(LogicalPlan::Filter(plan));
        let outer_ref_columns = subquery.all_out_ref_exprs();
        let subquery = Subquery { subquery, outer_ref_columns, spans: Spans::new() };
        Ok(Expr::Exists(Exists { subquery, negated: false }))
    };
    let among = when(exists(equal.clone())?, lit(true))
        .when(exists(equal.is_not_false())?, null())
        .otherwise(lit(false))?;
    Ok(Transformed::yes(if *negated { !among } else { among }))
}

/// A number compared with itself: as in Flink, NaN is no exception.
pub(crate) fn with_itself(op: &BinaryOperator, value: Expr) -> Expr {
    let unknown = null();
    match op {
        BinaryOperator::Eq | BinaryOperator::LtEq | BinaryOperator::GtEq => {
            value.is_not_null().or(unknown)
        }
        _ => value.is_null().and(unknown),
    }
}
