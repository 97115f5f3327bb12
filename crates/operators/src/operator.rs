//! What an operator is.

use arrow::compute::concat_batches;
use millstream_types::{ChangeBatch, Epoch, Error, Result, Watermark, batch_rows};

use crate::reduce::Reduced;

/// An operator with state, or one whose result depends on the order of rows.
pub trait Operator: Send {
    /// Takes changes of one input; may emit at once or only remember.
    ///
    /// # Errors
    /// When a value cannot be computed; the query fails with it.
    fn process(&mut self, input: usize, changes: ChangeBatch, out: &mut Output) -> Result<()>;

    /// Takes what rows of its input add that were put together before, see [`crate::reduce`]. It comes in
    /// the place of a batch of which no row is late.
    ///
    /// # Errors
    /// As [`Self::process`].
    fn merge(&mut self, _: Reduced) -> Result<()> {
        Err(Error::Internal("this operator takes rows only".to_owned()))
    }

    /// Called once an epoch, before all input: gives up state that has expired by the clock, in ms.
    ///
    /// # Errors
    /// As [`Self::process`].
    fn begin_epoch(&mut self, _clock_ms: i64) -> Result<()> {
        Ok(())
    }

    /// Called once an epoch, after all input: emits net changes, fires completed event time.
    ///
    /// # Errors
    /// As [`Self::process`].
    fn end_epoch(&mut self, _time: &OperatorTime, _out: &mut Output) -> Result<()> {
        Ok(())
    }

    /// Bytes of state held.
    fn state_bytes(&self) -> usize {
        0
    }

    /// What it waits for: the next window to be complete.
    fn next_window(&self) -> Option<NextWindow> {
        None
    }

    /// When, by the clock in ms, it has something to emit even if no row comes.
    fn wakes_at(&self) -> Option<i64> {
        None
    }

    /// Whether nothing that may still come changes what it emits, so that reading can stop.
    fn is_done(&self) -> bool {
        false
    }
}

/// An operator without state: it may run on any thread, on batches in any order.
pub trait Transform: Send + Sync {
    /// The changes that follow from a batch, in its order.
    ///
    /// # Errors
    /// When a value cannot be computed; the query fails with it.
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch>;
}

/// What time it is for an operator at the end of an epoch.
#[derive(Debug, Clone, Copy)]
pub struct OperatorTime {
    /// The epoch.
    pub epoch: Epoch,
    /// How far event time has come on all its inputs.
    pub watermark: Watermark,
}

/// A window that an operator waits for, or a point in time where it has no length. Times are in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextWindow {
    /// Its first ms, as a reading of the calendar that windows follow.
    pub start: i64,
    /// The first ms behind it, as a reading of that calendar.
    pub end: i64,
    /// What the watermark must reach.
    pub needs: i64,
}

/// What an operator emits in an epoch. Small batches that follow one another are put together, where their
/// rows only come: to what is behind it a batch costs as much as some hundred rows, and as much memory.
#[derive(Debug, Default)]
pub struct Output {
    batches: Vec<ChangeBatch>,
    /// Small batches that will be put together, and their rows.
    small: Vec<ChangeBatch>,
    rows: usize,
}

/// A batch of at most so many rows is put together with those beside it.
const SMALL: usize = 1_024;

/// Together they have at most so many.
const GATHERED: usize = 8_192;

impl Output {
    /// Emits changes; nothing happens for an empty batch.
    pub fn emit(&mut self, changes: ChangeBatch) {
        let rows = changes.num_rows();
        if rows == 0 {
            return;
        }
        let small = rows <= SMALL && changes.weights.is_none() && changes.reached.is_none();
        if !small || self.rows + rows > GATHERED.min(batch_rows()) {
            self.gather();
        }
        if small {
            self.rows += rows;
            self.small.push(changes);
        } else {
            self.batches.push(changes);
        }
    }

    fn gather(&mut self) {
        self.rows = 0;
        match &self.small[..] {
            [] | [_] => self.batches.append(&mut self.small),
            [first, ..] => {
                let parts = self.small.iter().map(|batch| &batch.rows);
                match concat_batches(&first.schema(), parts) {
                    Ok(rows) => {
                        self.batches.push(ChangeBatch::insert(rows));
                        self.small.clear();
                    }
                    // They are right as they are, too.
                    Err(_) => self.batches.append(&mut self.small),
                }
            }
        }
    }

    /// What was emitted, in order.
    pub fn into_batches(mut self) -> Vec<ChangeBatch> {
        self.gather();
        self.batches
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn numbers(from: i64, count: i64) -> ChangeBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + count));
        ChangeBatch::insert(RecordBatch::try_from_iter([("n", column)]).unwrap())
    }

    #[test]
    fn small_batches_are_put_together_in_their_order() {
        let mut out = Output::default();
        let sizes = [1, 2, 5_000, 3, 1, 1_024, 1_025, 4, 4];
        let mut next = 0;
        for size in sizes {
            out.emit(numbers(next, size));
            next += size;
        }
        let one = numbers(next, 1);
        out.emit(ChangeBatch::weighted(one.rows, Int64Array::from_iter_values([-1])));
        out.emit(numbers(next + 1, 1));
        out.emit(numbers(0, 0));
        let batches = out.into_batches();
        let together: Vec<usize> = batches.iter().map(ChangeBatch::num_rows).collect();
        if batch_rows() >= GATHERED {
            assert_eq!(together, [3, 5_000, 1_028, 1_025, 8, 1, 1]);
        }
        let all = batches
            .iter()
            .flat_map(|batch| batch.rows.column(0).as_primitive::<Int64Type>().values().to_vec());
        assert_eq!(all.collect::<Vec<i64>>(), (0..next + 2).collect::<Vec<i64>>());
    }
}
