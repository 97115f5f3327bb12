//! [`CurrentWatermark`]: appends the watermark that each row met, for `CURRENT_WATERMARK`.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{DataType, SchemaRef};
use millstream_types::{ChangeBatch, Error, Result};

use crate::operator::Transform;

/// NULL before there is a watermark.
#[derive(Debug)]
pub struct CurrentWatermark {
    /// The input's columns, and a timestamp.
    pub schema: SchemaRef,
}

impl Transform for CurrentWatermark {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let Some(field) = self.schema.fields().last() else {
            return Err(Error::Internal("the watermark has no column".to_owned()));
        };
        let rows = changes.num_rows();
        let times: TimestampMillisecondArray = (0..rows)
            .map(|row| {
                let reached = changes.reached.as_ref().map(|reached| reached.value(row));
                reached.filter(|ms| *ms > i64::MIN)
            })
            .collect();
        let times = match field.data_type() {
            DataType::Timestamp(_, Some(zone)) => times.with_timezone(Arc::clone(zone)),
            _ => times,
        };
        let mut columns = changes.rows.columns().to_vec();
        columns.push(Arc::new(times) as ArrayRef);
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        Ok(ChangeBatch { rows, ..changes })
    }
}
