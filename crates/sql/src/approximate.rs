//! Where floating point meets DECIMAL in BETWEEN, IN and CASE: they meet in DOUBLE, as in Flink; the library
//! below would make all of them decimals, which many numbers do not fit.

use arrow::datatypes::{DataType, Field};
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DFSchema, Result as DfResult};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::utils::merge_schema;
use datafusion_expr::{Cast, Expr, ExprSchemable, LogicalPlan};

/// Casts decimals that stand beside floating point numbers.
///
/// # Errors
/// When a type cannot be told.
pub fn in_double(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let rewritten = plan.transform_up_with_subqueries(|plan| {
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

fn cast(mut expr: Expr, schema: &DFSchema) -> DfResult<Transformed<Expr>> {
    let together: Vec<&mut Expr> = match &mut expr {
        Expr::Between(between) => vec![&mut between.expr, &mut between.low, &mut between.high],
        Expr::InList(list) => std::iter::once(list.expr.as_mut()).chain(&mut list.list).collect(),
        Expr::Case(case) => {
            let results = case.when_then_expr.iter_mut().map(|(_, then)| then.as_mut());
            results.chain(case.else_expr.as_deref_mut()).collect()
        }
        _ => return Ok(Transformed::no(expr)),
    };
    let types = together.iter().map(|value| value.get_type(schema));
    // What cannot be typed here is typed, or refused, later.
    let Ok(types) = types.collect::<DfResult<Vec<_>>>() else { return Ok(Transformed::no(expr)) };
    let decimal = |of: &DataType| matches!(of, DataType::Decimal128(..));
    if !types.iter().any(DataType::is_floating) || !types.iter().any(decimal) {
        return Ok(Transformed::no(expr));
    }
    for (value, data_type) in together.into_iter().zip(types) {
        if data_type != DataType::Float64 && !data_type.is_null() {
            let field = Field::new("", DataType::Float64, true).into();
            *value = Expr::Cast(Cast { expr: Box::new(value.clone()), field });
        }
    }
    Ok(Transformed::yes(expr))
}
