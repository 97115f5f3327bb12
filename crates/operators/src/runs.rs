//! [`Run`]: rows that follow one another and belong to one slice. Times ascend for the most part, so that a
//! batch is a few runs.

use arrow::array::RecordBatch;
use millstream_plan::WindowColumns;
use millstream_types::Result;

use crate::watermark::milliseconds;
use crate::window::Bounds;
use crate::window_table::WindowAggregateSpec;

/// Rows that follow one another and belong to one slice; `None` is between windows.
#[derive(Debug)]
pub(crate) struct Run {
    pub slice: Option<Bounds>,
    pub from: usize,
    pub to: usize,
}

/// Adds a row to the last run, or begins one.
pub(crate) fn push(runs: &mut Vec<Run>, slice: Option<Bounds>, row: usize) {
    match runs.last_mut() {
        Some(run) if run.to == row && run.slice == slice => run.to = row + 1,
        _ => runs.push(Run { slice, from: row, to: row + 1 }),
    }
}

/// The slices that rows belong to, one run of rows after the other. All have a rowtime.
///
/// # Errors
/// When the column of times holds none.
pub(crate) fn runs(spec: &WindowAggregateSpec, rows: &RecordBatch) -> Result<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::new();
    let count = rows.num_rows();
    match &spec.window {
        WindowColumns::Rowtime { rowtime, .. } => {
            let (assigner, calendar) = (spec.assigner(), spec.calendar());
            let times = milliseconds(rows.column(*rowtime))?;
            let times = times.values();
            while runs.last().map_or(0, |run| run.to) < count {
                let from = runs.last().map_or(0, |run| run.to);
                let reading = |row: usize| calendar.reading(times[row]);
                let slice = assigner.slice(reading(from));
                let belongs = |row: &usize| match &slice {
                    Some(slice) => slice.start <= reading(*row) && reading(*row) < slice.end,
                    None => *row == from,
                };
                let to = (from..count).find(|row| !belongs(row)).unwrap_or(count);
                runs.push(Run { slice, from, to });
            }
        }
        WindowColumns::Attached { start, end, .. } => {
            let starts = milliseconds(rows.column(*start))?;
            let ends = milliseconds(rows.column(*end))?;
            for (row, (start, end)) in starts.values().iter().zip(ends.values()).enumerate() {
                push(&mut runs, Some(Bounds { end: *end, start: *start }), row);
            }
        }
    }
    Ok(runs)
}
