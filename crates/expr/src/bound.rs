//! [`ScalarExpr`]: an expression bound to the columns of a batch by position.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{DFSchema, DataFusionError};
use datafusion_expr::Expr;
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_physical_expr::expressions::{Column, Literal};
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};
use millstream_types::sql_type::in_sql_names;
use millstream_types::{Error, Result};

use crate::float_compare::numbers_compared;
use crate::guarded::guarded;
use crate::time_shift::{TimeShift, times_shifted};

/// An expression that reads the columns of a batch and gives one value a row.
#[derive(Clone)]
pub struct ScalarExpr {
    pub(crate) physical: Arc<dyn PhysicalExpr>,
}

impl ScalarExpr {
    /// Binds a logical expression, typed and coerced, to a schema.
    ///
    /// # Errors
    /// When a column is not in the schema or the expression cannot be evaluated row by row.
    pub fn bind(expr: &Expr, schema: &DFSchema) -> Result<Self> {
        let props = ExecutionProps::new();
        let context = PhysicalPlanningContext::default();
        let physical = create_physical_expr(expr, schema, &props, &context).map_err(error)?;
        let physical = numbers_compared(physical, schema.as_arrow()).map_err(error)?;
        let physical = match millstream_types::plain_paths() {
            true => physical,
            false => times_shifted(physical, schema.as_arrow()).map_err(error)?,
        };
        let physical = guarded(physical).map_err(error)?;
        Ok(Self { physical })
    }

    /// The column at a position, as it is.
    pub fn column(name: &str, index: usize) -> Self {
        Self { physical: Arc::new(Column::new(name, index)) }
    }

    /// The position of the column, when the expression is nothing but a column.
    pub fn as_column(&self) -> Option<usize> {
        self.physical.downcast_ref::<Column>().map(Column::index)
    }

    /// By how many of its units the expression moves a column of points in time, if it does nothing
    /// else; 0 for the column itself.
    pub fn moves(&self, column: usize) -> Option<i64> {
        let (moved, by) = match self.physical.downcast_ref::<TimeShift>() {
            Some(shift) => (shift.time(), shift.by()),
            None => (&self.physical, 0),
        };
        (moved.downcast_ref::<Column>()?.index() == column).then_some(by)
    }

    /// Whether the expression is the constant TRUE.
    pub fn is_true(&self) -> bool {
        self.physical.downcast_ref::<Literal>().is_some_and(|literal| {
            *literal.value() == datafusion_common::ScalarValue::Boolean(Some(true))
        })
    }

    /// Whether both are the same, over the same columns.
    pub fn is_same(&self, other: &Self) -> bool {
        self.physical.eq(&other.physical)
    }

    /// The positions of the columns it reads.
    pub fn columns(&self) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        // The visitor below never fails.
        let _ = self.physical.apply(|node| {
            if let Some(column) = node.downcast_ref::<Column>() {
                found.insert(column.index());
            }
            Ok(TreeNodeRecursion::Continue)
        });
        found
    }

    /// The same expression over a schema in which the columns stand elsewhere.
    ///
    /// # Errors
    /// When the expression cannot be rebuilt.
    pub fn remap(&self, position: impl Fn(usize) -> usize) -> Result<Self> {
        let moved = Arc::clone(&self.physical).transform(|node| {
            Ok(match node.downcast_ref::<Column>() {
                Some(column) => {
                    let index = position(column.index());
                    Transformed::yes(Arc::new(Column::new(column.name(), index)) as _)
                }
                None => Transformed::no(node),
            })
        });
        Ok(Self { physical: moved.map_err(error)?.data })
    }

    /// The same expression over what its columns are computed from: `values` stand for the columns.
    ///
    /// # Errors
    /// When the expression cannot be rebuilt.
    pub fn over(&self, values: &[Self]) -> Result<Self> {
        let replaced = Arc::clone(&self.physical).transform_down(|node| {
            let value = node.downcast_ref::<Column>().and_then(|column| values.get(column.index()));
            Ok(match value {
                Some(value) => {
                    Transformed::new(Arc::clone(&value.physical), true, TreeNodeRecursion::Jump)
                }
                None => Transformed::no(node),
            })
        });
        Ok(Self { physical: replaced.map_err(error)?.data })
    }

    /// The type of the values.
    ///
    /// # Errors
    /// When the expression does not fit the schema.
    pub fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.physical.data_type(schema).map_err(error)
    }

    /// One value for each row of the batch.
    ///
    /// # Errors
    /// When a row has no value: a cast that fails, a division by zero.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        if let Some(index) = self.as_column() {
            return Ok(Arc::clone(batch.column(index)));
        }
        let value = self.physical.evaluate(batch).map_err(error)?;
        value.into_array(batch.num_rows()).map_err(error)
    }

    /// For each row whether the condition is TRUE; NULL counts as not.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn evaluate_condition(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let value = self.evaluate(batch)?;
        let mask = value.as_boolean();
        Ok(match mask.nulls() {
            Some(_) => arrow::compute::prep_null_mask_filter(mask),
            None => mask.clone(),
        })
    }
}

impl fmt::Debug for ScalarExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ScalarExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some numbers are compared in more digits than SQL has a type for.
        let text = self.physical.to_string().replace("AS Decimal256(", "AS DECIMAL(");
        f.write_str(&readable(&text))
    }
}

/// The text of an expression without the positions of its columns, and with intervals as SQL has them.
fn readable(text: &str) -> String {
    const INTERVAL: &str = "IntervalMonthDayNano { months: ";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let after_name = out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')'));
        if next == '@' && after_name {
            let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                rest = &rest[1 + digits..];
                continue;
            }
        }
        if let Some(interval) = rest.strip_prefix(INTERVAL)
            && let Some((inside, behind)) = interval.split_once(" }")
            && let Some(interval) = interval_text(inside)
        {
            out.push_str(&interval);
            rest = behind;
            continue;
        }
        out.push(next);
        rest = &rest[next.len_utf8()..];
    }
    out
}

/// An interval from `months, days: …, nanoseconds: …`.
fn interval_text(inside: &str) -> Option<String> {
    let mut parts = inside.split([',', ':']).map(str::trim);
    let months: i64 = parts.next()?.parse().ok()?;
    let days: i64 = parts.nth(1)?.parse().ok()?;
    let nanos: i64 = parts.nth(1)?.parse().ok()?;
    if months != 0 {
        return Some(format!("INTERVAL '{months}' MONTH"));
    }
    let ms = days * 86_400_000 + nanos / 1_000_000;
    let units = [(86_400_000, "DAY"), (3_600_000, "HOUR"), (60_000, "MINUTE"), (1_000, "SECOND")];
    Some(match units.iter().find(|(length, _)| ms % length == 0) {
        Some((length, unit)) => format!("INTERVAL '{}' {unit}", ms / length),
        None => format!("INTERVAL '{}' SECOND", ms as f64 / 1_000.0),
    })
}

/// An error of the evaluation, without the wrapping of the library below.
pub fn error(error: DataFusionError) -> Error {
    let root = match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
            return self::error(*inner);
        }
        other => other,
    };
    match root {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => Error::Evaluation(other.to_string()),
        },
        DataFusionError::ArrowError(inner, _) => Error::Evaluation(match *inner {
            arrow::error::ArrowError::DivideByZero => "division by zero".to_owned(),
            arrow::error::ArrowError::ArithmeticOverflow(_) => {
                "a value is out of the range of its type".to_owned()
            }
            arrow::error::ArrowError::ComputeError(text) if text.starts_with("Date arithmetic") => {
                "a date or time is moved out of its range".to_owned()
            }
            other => in_sql_names(&other.to_string()),
        }),
        other => Error::Evaluation(in_sql_names(&other.strip_backtrace())),
    }
}
