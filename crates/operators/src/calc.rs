//! [`Calc`]: WHERE and SELECT without aggregation.

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use millstream_expr::ScalarExpr;
use millstream_types::{ChangeBatch, Result};

use crate::operator::Transform;

/// Keeps the rows for which a condition is TRUE and computes columns from them.
#[derive(Debug)]
pub struct Calc {
    condition: Option<ScalarExpr>,
    /// The columns that the projection reads, so that a filter copies no others.
    read: Option<Vec<usize>>,
    projection: Option<Vec<ScalarExpr>>,
    schema: SchemaRef,
}

impl Calc {
    /// A Calc that gives the columns of `schema`.
    ///
    /// # Errors
    /// When an expression cannot be rebuilt over the columns that are kept.
    pub fn new(
        condition: Option<ScalarExpr>,
        projection: Option<Vec<ScalarExpr>>,
        schema: SchemaRef,
    ) -> Result<Self> {
        let values = match (&condition, projection) {
            (Some(_), Some(values)) => values,
            (_, projection) => return Ok(Self { condition, read: None, projection, schema }),
        };
        let mut read: Vec<usize> = values.iter().flat_map(ScalarExpr::columns).collect();
        read.sort_unstable();
        read.dedup();
        let position =
            |column: usize| read.iter().position(|known| *known == column).unwrap_or_default();
        let moved = values.iter().map(|value| value.remap(position)).collect::<Result<_>>()?;
        Ok(Self { condition, read: Some(read), projection: Some(moved), schema })
    }
}

impl Transform for Calc {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let mut changes = changes;
        if let Some(condition) = &self.condition {
            let mask = condition.evaluate_condition(&changes.rows)?;
            if let Some(read) = &self.read {
                changes.rows = changes.rows.project(read)?;
            }
            if mask.true_count() < mask.len() {
                changes = changes.filter(&mask)?;
            }
        }
        let columns = match &self.projection {
            Some(values) => {
                values.iter().map(|value| value.evaluate(&changes.rows)).collect::<Result<_>>()?
            }
            None => changes.rows.columns().to_vec(),
        };
        let options = RecordBatchOptions::new().with_row_count(Some(changes.num_rows()));
        let rows = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?;
        Ok(ChangeBatch { rows, ..changes })
    }
}
