//! [`FloatCompare`]: floating point numbers compared as IEEE 754 has it. NaN is equal to nothing, itself
//! included, and 0.0 to -0.0; the kernels below order NaN behind all numbers and -0.0 before 0.0.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, RecordBatch,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Schema};
use datafusion_common::Result as DfResult;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_expr::{ColumnarValue, Operator};
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::BinaryExpr;

/// A comparison of two floating point values of the same type.
#[derive(Debug, Clone, Eq)]
pub(crate) struct FloatCompare {
    left: Arc<dyn PhysicalExpr>,
    op: Operator,
    right: Arc<dyn PhysicalExpr>,
}

// Derived, these would compare pointers to traits, which they cannot.
impl PartialEq for FloatCompare {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op && self.left.eq(&other.left) && self.right.eq(&other.right)
    }
}

impl Hash for FloatCompare {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.left.hash(state);
        self.op.hash(state);
        self.right.hash(state);
    }
}

/// An expression in which floating point numbers are compared as numbers.
///
/// # Errors
/// When it cannot be rebuilt.
pub fn numbers_compared(
    expr: Arc<dyn PhysicalExpr>,
    schema: &Schema,
) -> DfResult<Arc<dyn PhysicalExpr>> {
    let compared = expr.transform_up(|node| {
        let Some(binary) = node.downcast_ref::<BinaryExpr>() else {
            return Ok(Transformed::no(node));
        };
        let (left, right) = (binary.left(), binary.right());
        let types = (left.data_type(schema)?, right.data_type(schema)?);
        let compares = matches!(
            binary.op(),
            Operator::Eq
                | Operator::NotEq
                | Operator::Lt
                | Operator::LtEq
                | Operator::Gt
                | Operator::GtEq
        );
        if !compares || !types.0.is_floating() || types.0 != types.1 {
            return Ok(Transformed::no(node));
        }
        let (left, right) = (Arc::clone(left), Arc::clone(right));
        Ok(Transformed::yes(Arc::new(FloatCompare { left, op: *binary.op(), right }) as _))
    })?;
    Ok(compared.data)
}

impl fmt::Display for FloatCompare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.op, self.right)
    }
}

fn compare<T: ArrowPrimitiveType>(
    left: &PrimitiveArray<T>,
    op: Operator,
    right: &PrimitiveArray<T>,
) -> BooleanArray
where
    T::Native: PartialOrd,
{
    let (a, b) = (left.values(), right.values());
    let by = |holds: fn(&T::Native, &T::Native) -> bool| {
        BooleanBuffer::collect_bool(a.len(), |row| holds(&a[row], &b[row]))
    };
    let values = match op {
        Operator::Eq => by(|a, b| a == b),
        Operator::NotEq => by(|a, b| a != b),
        Operator::Lt => by(|a, b| a < b),
        Operator::LtEq => by(|a, b| a <= b),
        Operator::Gt => by(|a, b| a > b),
        _ => by(|a, b| a >= b),
    };
    BooleanArray::new(values, NullBuffer::union(left.nulls(), right.nulls()))
}

/// Columns of FLOAT or of DOUBLE compared as numbers.
pub(crate) fn floats_compared(left: &ArrayRef, op: Operator, right: &ArrayRef) -> BooleanArray {
    match left.data_type() {
        DataType::Float32 => {
            let (a, b) = (left.as_primitive::<Float32Type>(), right.as_primitive());
            compare(a, op, b)
        }
        _ => {
            let (a, b) = (left.as_primitive::<Float64Type>(), right.as_primitive());
            compare(a, op, b)
        }
    }
}

impl PhysicalExpr for FloatCompare {
    fn data_type(&self, _: &Schema) -> DfResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, schema: &Schema) -> DfResult<bool> {
        Ok(self.left.nullable(schema)? || self.right.nullable(schema)?)
    }

    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        let rows = batch.num_rows();
        let left = self.left.evaluate(batch)?.into_array(rows)?;
        let right = self.right.evaluate(batch)?.into_array(rows)?;
        Ok(ColumnarValue::Array(Arc::new(floats_compared(&left, self.op, &right))))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.left, &self.right]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> DfResult<Arc<dyn PhysicalExpr>> {
        let mut children = children.into_iter();
        let (Some(left), Some(right)) = (children.next(), children.next()) else {
            return Ok(self);
        };
        Ok(Arc::new(Self { left, op: self.op, right }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
