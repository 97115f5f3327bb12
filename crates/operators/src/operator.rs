//! What an operator is.

use millstream_types::{ChangeBatch, Epoch, Error, Result, Watermark};

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

/// Where an operator emits to.
#[derive(Debug, Default)]
pub struct Output {
    batches: Vec<ChangeBatch>,
}

impl Output {
    /// Emits changes; nothing happens for an empty batch.
    pub fn emit(&mut self, changes: ChangeBatch) {
        if changes.num_rows() > 0 {
            self.batches.push(changes);
        }
    }

    /// What was emitted, in order.
    pub fn into_batches(self) -> Vec<ChangeBatch> {
        self.batches
    }
}
