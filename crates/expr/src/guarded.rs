//! [`Guarded`]: AND and OR whose right side is only evaluated for the rows that the left one leaves open, as
//! in Flink: `b <> 0 AND 10 / b > 1` never divides by zero. The library below evaluates both for all rows.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, BooleanBuilder, RecordBatch};
use arrow::compute::{and_kleene, filter_record_batch, or_kleene};
use arrow::datatypes::{DataType, Schema};
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{DataFusionError, Result as DfResult};
use datafusion_expr::{ColumnarValue, Operator};
use datafusion_physical_expr::expressions::{
    BinaryExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, LikeExpr, Literal, NotExpr,
};
use datafusion_physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use crate::bound::ScalarExpr;
use crate::first_present::FirstPresent;
use crate::float_compare::FloatCompare;
use crate::function::EVALUATED_IN_TURN;

/// A conjunction or disjunction.
#[derive(Debug, Clone, Eq)]
pub(crate) struct Guarded {
    left: Arc<dyn PhysicalExpr>,
    right: Arc<dyn PhysicalExpr>,
    /// OR rather than AND.
    either: bool,
    /// The columns that the right side reads, and the right side over these alone.
    read: Vec<usize>,
    over_read: Arc<dyn PhysicalExpr>,
}

impl Guarded {
    fn new(
        left: Arc<dyn PhysicalExpr>,
        right: Arc<dyn PhysicalExpr>,
        either: bool,
    ) -> DfResult<Self> {
        let (read, over_read) = read_alone(&right)?;
        Ok(Self { left, right, either, read, over_read })
    }

    /// What is evaluated for every row.
    pub(crate) fn left(&self) -> &Arc<dyn PhysicalExpr> {
        &self.left
    }
}

// Derived, these would compare pointers to traits, which they cannot.
impl PartialEq for Guarded {
    fn eq(&self, other: &Self) -> bool {
        self.either == other.either && self.left.eq(&other.left) && self.right.eq(&other.right)
    }
}

impl Hash for Guarded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.left.hash(state);
        self.right.hash(state);
        self.either.hash(state);
    }
}

/// The columns that an expression reads, and itself over these alone.
pub(crate) fn read_alone(
    expr: &Arc<dyn PhysicalExpr>,
) -> DfResult<(Vec<usize>, Arc<dyn PhysicalExpr>)> {
    let whole = ScalarExpr { physical: Arc::clone(expr) };
    let read: Vec<usize> = whole.columns().into_iter().collect();
    let place = |column| read.iter().position(|known| *known == column).unwrap_or_default();
    let alone = whole.remap(place).map_err(|error| DataFusionError::External(Box::new(error)))?;
    Ok((read, alone.physical))
}

/// An expression in which what may fail comes last in its conjunction or disjunction, and is guarded by what
/// stands before it. Where a query filters what another one has filtered, that makes the inner filter first.
/// In COALESCE, too, what may fail is only evaluated where it is needed.
///
/// # Errors
/// When it cannot be rebuilt.
pub fn guarded(expr: Arc<dyn PhysicalExpr>) -> DfResult<Arc<dyn PhysicalExpr>> {
    let done = expr.transform_down(|node| {
        if let Some(call) = node.downcast_ref::<ScalarFunctionExpr>()
            && EVALUATED_IN_TURN.contains(&call.name())
            && let Some((first, others)) = call.args().split_first()
        {
            let mut fails = false;
            for other in others {
                fails |= may_fail(other)?;
            }
            if fails {
                let others = others.iter().map(|other| guarded(Arc::clone(other)));
                let others = others.collect::<DfResult<Vec<_>>>()?;
                let lazy = FirstPresent::new(guarded(Arc::clone(first))?, others);
                return Ok(Transformed::new(Arc::new(lazy), true, TreeNodeRecursion::Jump));
            }
        }
        let op = node.downcast_ref::<BinaryExpr>().map(|binary| *binary.op());
        let Some(op @ (Operator::And | Operator::Or)) = op else {
            return Ok(Transformed::no(node));
        };
        let (mut plain, mut failing) = (Vec::new(), Vec::new());
        let mut rest = vec![node];
        while let Some(next) = rest.pop() {
            match next.downcast_ref::<BinaryExpr>().filter(|binary| *binary.op() == op) {
                Some(binary) => {
                    rest.extend([Arc::clone(binary.right()), Arc::clone(binary.left())]);
                }
                None if may_fail(&next)? => failing.push(guarded(next)?),
                None => plain.push(next),
            }
        }
        let both =
            |left, right| Arc::new(BinaryExpr::new(left, op, right)) as Arc<dyn PhysicalExpr>;
        let mut operands = failing.into_iter();
        let Some(mut whole) = plain.into_iter().reduce(both).or_else(|| operands.next()) else {
            return Err(DataFusionError::Internal("a conjunction of nothing".to_owned()));
        };
        for operand in operands {
            whole = Arc::new(Guarded::new(whole, operand, op == Operator::Or)?);
        }
        Ok(Transformed::new(whole, true, TreeNodeRecursion::Jump))
    })?;
    Ok(done.data)
}

/// Whether there is anything beside comparisons of what is there: a call, a cast, arithmetic.
fn may_fail(expr: &Arc<dyn PhysicalExpr>) -> DfResult<bool> {
    expr.exists(|node| {
        let compares = node.downcast_ref::<BinaryExpr>().is_some_and(|binary| {
            use Operator::{
                And, Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq, Or,
            };
            matches!(
                binary.op(),
                And | Or | Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom
            )
        });
        let plain = compares
            || node.is::<Column>()
            || node.is::<Literal>()
            || node.is::<NotExpr>()
            || node.is::<IsNullExpr>()
            || node.is::<IsNotNullExpr>()
            || node.is::<FloatCompare>()
            || node.is::<InListExpr>()
            || node.is::<LikeExpr>();
        Ok(!plain)
    })
}

impl fmt::Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |side: &Arc<dyn PhysicalExpr>| {
            let other_guard = side.downcast_ref::<Self>().map(|guard| guard.either != self.either);
            let other_plain = side.downcast_ref::<BinaryExpr>().map(|binary| match binary.op() {
                Operator::And => self.either,
                Operator::Or => !self.either,
                _ => false,
            });
            match other_guard.or(other_plain) {
                Some(true) => format!("({side})"),
                _ => side.to_string(),
            }
        };
        let word = if self.either { "OR" } else { "AND" };
        write!(f, "{} {word} {}", text(&self.left), text(&self.right))
    }
}

impl PhysicalExpr for Guarded {
    fn data_type(&self, _: &Schema) -> DfResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, schema: &Schema) -> DfResult<bool> {
        Ok(self.left.nullable(schema)? || self.right.nullable(schema)?)
    }

    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        let rows = batch.num_rows();
        let left = self.left.evaluate(batch)?.into_array(rows)?;
        let left = left.as_boolean();
        let decided = |row: usize| left.is_valid(row) && left.value(row) == self.either;
        let open: BooleanArray = (0..rows).map(|row| Some(!decided(row))).collect();
        let count = open.true_count();
        if count == 0 {
            return Ok(ColumnarValue::Array(Arc::new(left.clone())));
        }
        let right = if count == rows {
            let right = self.right.evaluate(batch)?.into_array(rows)?;
            right.as_boolean().clone()
        } else {
            let alone = filter_record_batch(&batch.project(&self.read)?, &open)?;
            let found = self.over_read.evaluate(&alone)?.into_array(count)?;
            let mut found = found.as_boolean().iter();
            let mut right = BooleanBuilder::with_capacity(rows);
            for row in 0..rows {
                right.append_option(if open.value(row) { found.next().flatten() } else { None });
            }
            right.finish()
        };
        let both = if self.either { or_kleene(left, &right) } else { and_kleene(left, &right) };
        Ok(ColumnarValue::Array(Arc::new(both?)))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.left, &self.right]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> DfResult<Arc<dyn PhysicalExpr>> {
        match <[Arc<dyn PhysicalExpr>; 2]>::try_from(children) {
            Ok([left, right]) => Ok(Arc::new(Self::new(left, right, self.either)?)),
            Err(_) => Ok(self),
        }
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
