//! [`shared`]: what a condition and the values behind it both compute, so that it is computed once.

use std::sync::Arc;

use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_expr::Operator;
use datafusion_physical_expr::expressions::{BinaryExpr, CaseExpr, Column};
use datafusion_physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use millstream_types::Result;

use crate::bound::{ScalarExpr, error};
use crate::first_present::FirstPresent;
use crate::guarded::Guarded;

/// Calls that a condition needs for every row, and that some value makes, too. A call that is only made for
/// some rows, behind AND, OR or CASE, is not among them: it might fail for the others, or take longer than
/// it saves.
pub fn shared(condition: &ScalarExpr, values: &[ScalarExpr]) -> Vec<ScalarExpr> {
    let mut found = Vec::new();
    find(&condition.physical, values, &mut found);
    found
}

fn find(node: &Arc<dyn PhysicalExpr>, values: &[ScalarExpr], found: &mut Vec<ScalarExpr>) {
    if let Some(binary) = node.downcast_ref::<BinaryExpr>()
        && matches!(binary.op(), Operator::And | Operator::Or)
    {
        return find(binary.left(), values, found);
    }
    if let Some(guarded) = node.downcast_ref::<Guarded>() {
        return find(guarded.left(), values, found);
    }
    if let Some(coalesce) = node.downcast_ref::<FirstPresent>() {
        return find(coalesce.first(), values, found);
    }
    if node.is::<CaseExpr>() {
        return;
    }
    if let Some(call) = node.downcast_ref::<ScalarFunctionExpr>() {
        if call.fun().short_circuits() {
            return;
        }
        let is = |inner: &Arc<dyn PhysicalExpr>| inner.eq(node);
        let makes = |value: &ScalarExpr| value.physical.exists(|inner| Ok(is(inner)));
        let volatile = node.exists(|inner| Ok(inner.is_volatile_node())).unwrap_or(true);
        if !volatile && values.iter().any(|value| makes(value).unwrap_or(false)) {
            let known = found.iter().any(|known| known.physical.eq(node));
            if !known {
                found.push(ScalarExpr { physical: Arc::clone(node) });
            }
            return;
        }
    }
    node.children().into_iter().for_each(|child| find(child, values, found));
}

/// What a column is called that holds the value of a call.
pub fn carried_name(at: usize) -> String {
    format!("${}", at + 1)
}

impl ScalarExpr {
    /// The same expression, with columns from `first` on in the place of `calls`; those are over what the
    /// columns of this one are computed from, by `values`.
    ///
    /// # Errors
    /// When the expression cannot be rebuilt.
    pub fn with_calls(&self, calls: &[Self], values: &[Self], first: usize) -> Result<Self> {
        let replaced = Arc::clone(&self.physical).transform_down(|node| {
            let below = Self { physical: Arc::clone(&node) }
                .over(values)
                .map_err(|error| datafusion_common::DataFusionError::External(Box::new(error)))?;
            Ok(match calls.iter().position(|call| call.is_same(&below)) {
                Some(at) => {
                    let column = Arc::new(Column::new(&carried_name(at), first + at)) as _;
                    Transformed::new(column, true, TreeNodeRecursion::Jump)
                }
                None => Transformed::no(node),
            })
        });
        Ok(Self { physical: replaced.map_err(error)?.data })
    }

    /// The same expression over a schema in which columns that hold what is `shared` stand before all others.
    ///
    /// # Errors
    /// When the expression cannot be rebuilt.
    pub fn behind(&self, shared: &[Self]) -> Result<Self> {
        let replaced = Arc::clone(&self.physical).transform_down(|node| {
            let known = shared.iter().position(|known| known.physical.eq(&node));
            let (name, index) = match (known, node.downcast_ref::<Column>()) {
                (Some(at), _) => (node.to_string(), at),
                (None, Some(column)) => (column.name().to_owned(), column.index() + shared.len()),
                (None, None) => return Ok(Transformed::no(node)),
            };
            let column = Arc::new(Column::new(&name, index)) as _;
            Ok(Transformed::new(column, true, TreeNodeRecursion::Jump))
        });
        Ok(Self { physical: replaced.map_err(error)?.data })
    }
}
