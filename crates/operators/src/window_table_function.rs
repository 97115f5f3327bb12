//! [`WindowTableFunction`]: appends window_start, window_end and window_time to each row.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use chrono_tz::Tz;
use millstream_plan::TimeWindow;
use millstream_types::{ChangeBatch, Result};

use crate::operator::{Dropped, Transform};
use crate::watermark::milliseconds;
use crate::window::{Assigner, last_ms, timestamps, window_times};

/// Late rows pass: it is the aggregation above that drops them. Rows without a rowtime belong to no
/// window; they are dropped and counted.
#[derive(Debug)]
pub struct WindowTableFunction {
    rowtime: usize,
    assigner: Assigner,
    zone: Option<Tz>,
    schema: SchemaRef,
    dropped: Arc<Dropped>,
}

impl WindowTableFunction {
    /// Windows over the rowtime at a position; `schema` is the input's with three more columns.
    pub fn new(
        rowtime: usize,
        window: TimeWindow,
        schema: SchemaRef,
        dropped: Arc<Dropped>,
    ) -> Self {
        let TimeWindow::Tumble { zone, .. } = window;
        Self { rowtime, assigner: Assigner::new(window), zone, schema, dropped }
    }
}

impl Transform for WindowTableFunction {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let mut changes = changes;
        let rowtime = changes.rows.column(self.rowtime);
        if rowtime.null_count() > 0 {
            self.dropped.add_null_rowtime(rowtime.null_count() as u64);
            let present = arrow::compute::is_not_null(rowtime)?;
            changes = changes.filter(&present)?;
        }
        let times = milliseconds(changes.rows.column(self.rowtime))?;
        let starts: Vec<i64> = times.values().iter().map(|ms| self.assigner.start(*ms)).collect();
        let ends: Vec<i64> = starts.iter().map(|start| self.assigner.end(*start)).collect();
        let last: Vec<i64> = ends.iter().map(|end| last_ms(*end, self.zone)).collect();
        let mut columns = changes.rows.columns().to_vec();
        columns.extend([timestamps(starts), timestamps(ends), window_times(last, self.zone)]);
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        Ok(ChangeBatch { rows, ..changes })
    }
}
