//! [`Expand`]: gives each row once for each grouping set.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::SchemaRef;
use millstream_plan::ExpandColumn;
use millstream_types::{ChangeBatch, Result};

use crate::operator::Transform;

/// The copies of a row follow one another, in the order of the sets.
#[derive(Debug)]
pub struct Expand {
    /// The columns of each set.
    pub sets: Vec<Vec<ExpandColumn>>,
    /// The columns it gives.
    pub schema: SchemaRef,
}

impl Transform for Expand {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let (rows, sets) = (changes.num_rows() as u32, self.sets.len() as u32);
        let origins: UInt32Array = (0..rows).flat_map(|row| (0..sets).map(move |_| row)).collect();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for (at, field) in self.schema.fields().iter().enumerate() {
            // All sets one after the other, then row by row.
            let parts = self.sets.iter().map(|set| -> Result<ArrayRef> {
                Ok(match set[at] {
                    ExpandColumn::Column(column) => Arc::clone(changes.rows.column(column)),
                    ExpandColumn::Null => new_null_array(field.data_type(), rows as usize),
                    ExpandColumn::Number(number) => {
                        let numbers = Int64Array::from(vec![number; rows as usize]);
                        cast(&numbers, field.data_type())?
                    }
                })
            });
            let parts = parts.collect::<Result<Vec<_>>>()?;
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            let by_row: UInt32Array =
                (0..rows).flat_map(|row| (0..sets).map(move |set| set * rows + row)).collect();
            columns.push(take(&concat(&parts)?, &by_row, None)?);
        }
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        changes.take_beside(&origins, rows)
    }
}
