//! What a job counts while it runs.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Counters that the dataflow writes and anyone reads.
#[derive(Debug)]
pub struct Counters {
    /// Rows decoded by all sources.
    pub rows_in: AtomicU64,
    /// Changes given to sinks and results.
    pub rows_out: AtomicU64,
    /// Records left out because they could not be read.
    pub skipped: AtomicU64,
    /// Fields that became NULL because they could not be read.
    pub nulled: AtomicU64,
    /// Rows dropped because their window was complete.
    pub late: AtomicU64,
    /// Rows dropped because they had no rowtime.
    pub null_rowtime: AtomicU64,
    /// The least watermark of all sources, in ms; `i64::MIN` before the first.
    pub watermark: AtomicI64,
    /// Epochs that have ended.
    pub epochs: AtomicU64,
    /// Bytes of state after the last epoch.
    pub state_bytes: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            rows_in: AtomicU64::new(0),
            rows_out: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            nulled: AtomicU64::new(0),
            late: AtomicU64::new(0),
            null_rowtime: AtomicU64::new(0),
            watermark: AtomicI64::new(i64::MIN),
            epochs: AtomicU64::new(0),
            state_bytes: AtomicU64::new(0),
        }
    }
}

/// A reading of all counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[allow(missing_docs, reason = "each is the counter of its name in `Counters`")]
pub struct Metrics {
    pub rows_in: u64,
    pub rows_out: u64,
    pub skipped: u64,
    pub nulled: u64,
    pub late: u64,
    pub null_rowtime: u64,
    /// `None` when the query follows no event time, or no row has come.
    pub watermark: Option<i64>,
    pub epochs: u64,
    pub state_bytes: u64,
}

impl Counters {
    /// Reads all counters.
    pub fn read(&self) -> Metrics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let watermark = self.watermark.load(Ordering::Relaxed);
        Metrics {
            rows_in: of(&self.rows_in),
            rows_out: of(&self.rows_out),
            skipped: of(&self.skipped),
            nulled: of(&self.nulled),
            late: of(&self.late),
            null_rowtime: of(&self.null_rowtime),
            watermark: (watermark > i64::MIN).then_some(watermark),
            epochs: of(&self.epochs),
            state_bytes: of(&self.state_bytes),
        }
    }
}
