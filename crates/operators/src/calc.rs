//! [`Calc`]: WHERE and SELECT without aggregation.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use millstream_expr::ScalarExpr;
use millstream_expr::clock::HeldClock;
use millstream_expr::shared::shared;
use millstream_types::{ChangeBatch, Result, plain_paths};

use crate::operator::Transform;

/// Keeps the rows for which a condition is TRUE and computes columns from them.
#[derive(Debug)]
pub struct Calc {
    /// What both the condition and the projection read, computed first: columns before those of the input.
    shared: Vec<ScalarExpr>,
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
            (_, projection) => {
                return Ok(Self { shared: Vec::new(), condition, read: None, projection, schema });
            }
        };
        let shared = match &condition {
            Some(condition) if !plain_paths() => shared(condition, &values),
            _ => Vec::new(),
        };
        let behind = |expr: &ScalarExpr| expr.behind(&shared);
        let condition = condition.as_ref().map(behind).transpose()?;
        let values = values.iter().map(behind).collect::<Result<Vec<_>>>()?;
        let mut read: Vec<usize> = values.iter().flat_map(ScalarExpr::columns).collect();
        read.sort_unstable();
        read.dedup();
        let position =
            |column: usize| read.iter().position(|known| *known == column).unwrap_or_default();
        let moved = values.iter().map(|value| value.remap(position)).collect::<Result<_>>()?;
        Ok(Self { shared, condition, read: Some(read), projection: Some(moved), schema })
    }

    /// A batch with what is shared before its columns.
    fn with_shared(&self, rows: RecordBatch) -> Result<RecordBatch> {
        if self.shared.is_empty() {
            return Ok(rows);
        }
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for value in &self.shared {
            let column = value.evaluate(&rows)?;
            fields.push(Arc::new(Field::new("", column.data_type().clone(), true)));
            columns.push(column);
        }
        fields.extend(rows.schema_ref().fields().iter().cloned());
        columns.extend(rows.columns().iter().cloned());
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
    }
}

impl Transform for Calc {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let _clock = HeldClock::new();
        let mut changes = changes;
        if let Some(condition) = &self.condition {
            changes.rows = self.with_shared(changes.rows)?;
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
