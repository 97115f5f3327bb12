//! [`Dropped`]: what an operator left out, counted by reason, and the last of it kept to be looked at.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use arrow::array::{Array, Int64Array, RecordBatch};
use millstream_types::ChangeBatch;

use crate::watermark::milliseconds;

/// Why a row is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It came after what it belongs to was complete.
    Late,
    /// It has no rowtime.
    NullRowtime,
    /// It is too far ahead of the clock to move the watermark; it is kept otherwise.
    TooFarAhead,
    /// It could not be read.
    ParseError,
    /// It has NULL in a column that is NOT NULL.
    NullValue,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 5] =
        [Self::Late, Self::NullRowtime, Self::TooFarAhead, Self::ParseError, Self::NullValue];

    /// As people read it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::NullRowtime => "null rowtime",
            Self::TooFarAhead => "too far ahead",
            Self::ParseError => "parse error",
            Self::NullValue => "null in a column that is not null",
        }
    }
}

/// How many rows of each operator are kept to be looked at.
const KEPT: usize = 100;

/// What one operator left out. Shared by all shards of it.
#[derive(Debug)]
pub struct Dropped {
    operator: String,
    /// The position of the rowtime among the columns of the rows, where they have one.
    rowtime: Option<usize>,
    /// A column of numbers: only rows with 0 count, the others are copies of them.
    copy: Option<usize>,
    counts: [AtomicU64; Reason::ALL.len()],
    last: Mutex<VecDeque<DroppedRow>>,
}

/// A row that was left out.
#[derive(Debug, Clone)]
pub struct DroppedRow {
    /// Why.
    pub reason: Reason,
    /// Its rowtime in ms.
    pub rowtime: Option<i64>,
    /// The watermark it met in ms.
    pub watermark: Option<i64>,
    /// The row itself, alone.
    pub row: RecordBatch,
}

impl Dropped {
    /// Of an operator of some name.
    pub fn new(operator: impl Into<String>, rowtime: Option<usize>, copy: Option<usize>) -> Self {
        let counts = [const { AtomicU64::new(0) }; Reason::ALL.len()];
        Self { operator: operator.into(), rowtime, copy, counts, last: Mutex::default() }
    }

    /// Counts rows of a batch, and keeps the last of them. `watermark` is the one they met, where the
    /// batch does not say it.
    pub fn add(&self, reason: Reason, batch: &ChangeBatch, rows: &[usize], watermark: Option<i64>) {
        if rows.is_empty() {
            return;
        }
        let copies =
            self.copy.and_then(|column| milliseconds(batch.rows.columns().get(column)?).ok());
        let originals: Vec<usize>;
        let rows = match copies {
            Some(copies) => {
                originals = rows.iter().copied().filter(|row| copies.value(*row) == 0).collect();
                &originals[..]
            }
            None => rows,
        };
        self.count(reason, rows.len() as u64);
        let times: Option<Int64Array> =
            self.rowtime.and_then(|column| milliseconds(batch.rows.columns().get(column)?).ok());
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        for row in &rows[rows.len().saturating_sub(KEPT)..] {
            let reached = batch.reached.as_ref().map(|reached| reached.value(*row));
            if last.len() == KEPT {
                last.pop_front();
            }
            last.push_back(DroppedRow {
                reason,
                rowtime: times.as_ref().filter(|t| t.is_valid(*row)).map(|t| t.value(*row)),
                watermark: reached.or(watermark).filter(|ms| *ms > i64::MIN),
                row: alone(&batch.rows, *row),
            });
        }
    }

    /// Counts rows that cannot be shown.
    pub fn count(&self, reason: Reason, rows: u64) {
        self.counts[reason as usize].fetch_add(rows, Ordering::Relaxed);
    }

    /// How many rows were left out for a reason.
    pub fn of(&self, reason: Reason) -> u64 {
        self.counts[reason as usize].load(Ordering::Relaxed)
    }

    /// The name of the operator.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// The last rows that were left out, oldest first.
    pub fn last(&self) -> Vec<DroppedRow> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// A copy of one row, which does not keep its batch in memory.
fn alone(rows: &RecordBatch, row: usize) -> RecordBatch {
    let position = arrow::array::UInt32Array::from(vec![row as u32]);
    arrow::compute::take_record_batch(rows, &position).unwrap_or_else(|_| rows.slice(row, 1))
}
