//! [`WindowTableFunction`]: gives each row once for each window it falls into, with window_start,
//! window_end and window_time behind its columns.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, UInt32Array};
use arrow::datatypes::SchemaRef;
use millstream_plan::TimeWindow;
use millstream_types::{ChangeBatch, Result};

use crate::dropped::{Dropped, Reason};
use crate::operator::Transform;
use crate::watermark::milliseconds;
use crate::window::{Assigner, Bounds, Calendar, timestamps};

/// Late rows pass: it is the aggregation above that drops them. Rows without a rowtime belong to no
/// window; they are dropped and counted.
#[derive(Debug)]
pub struct WindowTableFunction {
    rowtime: usize,
    assigner: Assigner,
    calendar: Calendar,
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
        let (assigner, calendar) = (Assigner::new(window.kind), Calendar::of(window));
        Self { rowtime, assigner, calendar, schema, dropped }
    }
}

impl Transform for WindowTableFunction {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let changes = with_rowtimes(changes, self.rowtime, &self.dropped)?;
        let times = milliseconds(changes.rows.column(self.rowtime))?;
        let (mut rows, mut windows) = (Vec::new(), Vec::new());
        for (row, ms) in times.values().iter().enumerate() {
            for window in self.assigner.windows(self.calendar.reading(*ms)) {
                rows.push(row as u32);
                windows.push(window);
            }
        }
        let once = rows.len() == changes.num_rows()
            && rows.iter().enumerate().all(|(at, row)| at == *row as usize);
        let changes = if once { changes } else { changes.take(&UInt32Array::from(rows))? };
        with_windows(changes, &windows, &self.calendar, &self.schema)
    }
}

/// The rows that have a rowtime; the others are counted.
///
/// # Errors
/// When columns cannot be filtered.
pub fn with_rowtimes(
    changes: ChangeBatch,
    rowtime: usize,
    dropped: &Dropped,
) -> Result<ChangeBatch> {
    let times = changes.rows.column(rowtime);
    if times.null_count() == 0 {
        return Ok(changes);
    }
    let present = arrow::compute::is_not_null(times)?;
    let missing = (0..present.len()).filter(|row| !present.value(*row)).collect::<Vec<_>>();
    dropped.add(Reason::NullRowtime, &changes, &missing, None);
    changes.filter(&present)
}

/// Rows with the bounds of one window each behind their columns.
///
/// # Errors
/// When the columns do not fit the schema.
pub fn with_windows(
    changes: ChangeBatch,
    windows: &[Bounds],
    calendar: &Calendar,
    schema: &SchemaRef,
) -> Result<ChangeBatch> {
    let mut columns = changes.rows.columns().to_vec();
    columns.push(timestamps(windows.iter().map(|window| window.start)));
    columns.push(timestamps(windows.iter().map(|window| window.end)));
    columns.push(calendar.window_times(windows.iter().map(|window| window.end)));
    let rows = RecordBatch::try_new(Arc::clone(schema), columns)?;
    Ok(ChangeBatch { rows, ..changes })
}
