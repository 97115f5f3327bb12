//! What a job counts while it runs, and what it tells of itself between epochs.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use arrow::array::RecordBatch;
use millstream_connectors::peer::Peer;
use millstream_formats::{BadRecord, Decoded};
use millstream_operators::{Dropped, NextWindow, Reason};
use millstream_plan::Plan;
use millstream_types::ChangeBatch;

/// Counters that the dataflow writes and anyone reads.
#[derive(Debug)]
pub struct Counters {
    /// The number of the job in this process, from 1.
    pub number: u64,
    /// When it was started.
    pub started: Instant,
    /// Rows decoded by all sources.
    pub rows_in: AtomicU64,
    /// Changes given to sinks and results.
    pub rows_out: AtomicU64,
    /// Records left out because they could not be read.
    pub skipped: AtomicU64,
    /// Fields that became NULL because they could not be read.
    pub nulled: AtomicU64,
    /// The least watermark of all sources, in ms; `i64::MIN` before the first.
    pub watermark: AtomicI64,
    /// Epochs that have ended.
    pub epochs: AtomicU64,
    /// Time spent in epochs, in ns.
    pub epoch_nanos: AtomicU64,
    /// How long the last epoch took, in ns.
    pub last_epoch_nanos: AtomicU64,
    /// Bytes of state after the last epoch.
    pub state_bytes: AtomicU64,
    /// For each node of the plan what it did.
    pub nodes: Vec<NodeCounters>,
    /// For each node of the plan what it left out.
    pub dropped: Vec<Arc<Dropped>>,
    peers: Mutex<Vec<Arc<Peer>>>,
    kept: Mutex<Kept>,
    status: Mutex<Status>,
    ended: AtomicBool,
}

/// How many bytes of records that could not be read one job keeps.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// What a record costs beside its bytes.
const RECORD_BYTES: usize = 256;

#[derive(Debug, Default)]
struct Kept {
    records: VecDeque<KeptRecord>,
    bytes: usize,
}

/// A record that could not be read, and when it came from where.
#[derive(Debug, Clone)]
pub struct KeptRecord {
    /// The source.
    pub source: String,
    /// The clock, in ms.
    pub at_ms: i64,
    /// The record.
    pub record: BadRecord,
}

/// What one node of a plan did.
#[derive(Debug, Default)]
pub struct NodeCounters {
    /// Rows it gave.
    pub rows: AtomicU64,
    /// Time spent in it, over all cores, in ns.
    pub nanos: AtomicU64,
    /// Bytes of state after the last epoch.
    pub state_bytes: AtomicU64,
    /// The most bytes of state after any epoch.
    pub state_peak: AtomicU64,
}

impl NodeCounters {
    /// Adds rows and time.
    pub fn add(&self, rows: usize, time: std::time::Duration) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.nanos.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }
}

/// How far event time has come, after the last epoch.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// The splits of the sources whose event time the query follows.
    pub splits: Vec<SplitStatus>,
    /// What operators wait for.
    pub waits: Vec<Wait>,
}

/// How far one split of a source has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitStatus {
    /// The table.
    pub table: String,
    /// The split.
    pub split: String,
    /// The watermark it has reached, in ms; `None` before the first.
    pub watermark: Option<i64>,
    /// Whether it may still give rows and is waited for.
    pub state: SplitState,
    /// When rows last came, by the clock, in ms.
    pub active_ms: i64,
    /// Whether it is the one that holds the watermark back.
    pub holds_back: bool,
    /// Whether it is not read for now, because it is too far ahead of the sources it is aligned with.
    pub paused: bool,
}

/// What may be expected of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitState {
    /// Rows may come, and the others wait for it.
    Active,
    /// It has been silent for so long that the others go on without it.
    Idle,
    /// It has no more rows.
    Ended,
}

impl SplitState {
    /// As people read it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Idle => "idle",
            Self::Ended => "ended",
        }
    }
}

/// An operator with a window open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// The operator.
    pub operator: &'static str,
    /// The next window to be complete.
    pub window: NextWindow,
    /// The watermark it has, in ms; `None` before the first.
    pub watermark: Option<i64>,
    /// Whether it follows the clock and not event time.
    pub processing_time: bool,
}

impl Wait {
    /// How much event time is missing, in ms; `None` before there is any.
    pub fn missing_ms(&self) -> Option<i64> {
        Some(self.window.needs.saturating_sub(self.watermark?).max(0))
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
    /// Rows dropped because what they belong to was complete.
    pub late: u64,
    /// Rows dropped because they had no rowtime.
    pub null_rowtime: u64,
    /// Rows that did not move the watermark, being too far ahead of the clock.
    pub too_far_ahead: u64,
    /// `None` when the query follows no event time, or no row has come.
    pub watermark: Option<i64>,
    pub epochs: u64,
    pub state_bytes: u64,
}

impl Counters {
    /// For the nodes of a plan.
    pub fn new(plan: &Plan) -> Self {
        let dropped = plan.nodes.iter().enumerate().map(|(id, _)| {
            let (operator, rowtime, copy) = plan.drop_place(id);
            Arc::new(Dropped::new(operator, rowtime, copy))
        });
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            started: Instant::now(),
            rows_in: AtomicU64::new(0),
            rows_out: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            nulled: AtomicU64::new(0),
            watermark: AtomicI64::new(i64::MIN),
            epochs: AtomicU64::new(0),
            epoch_nanos: AtomicU64::new(0),
            last_epoch_nanos: AtomicU64::new(0),
            state_bytes: AtomicU64::new(0),
            nodes: plan.nodes.iter().map(|_| NodeCounters::default()).collect(),
            dropped: dropped.collect(),
            peers: Mutex::default(),
            kept: Mutex::default(),
            status: Mutex::default(),
            ended: AtomicBool::new(false),
        }
    }

    /// Remembers a server that the job talks to.
    pub(crate) fn meet(&self, peer: Option<Arc<Peer>>) {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).extend(peer);
    }

    /// The servers that it reads from and writes to.
    pub fn peers(&self) -> Vec<Arc<Peer>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts what could not be read beside some rows, and keeps it as far as that is asked for.
    pub(crate) fn left_out(&self, dropped: &Dropped, source: &str, decoded: &mut Decoded) {
        self.skipped.fetch_add(decoded.skipped, Ordering::Relaxed);
        self.nulled.fetch_add(decoded.nulled, Ordering::Relaxed);
        self.keep(source, std::mem::take(&mut decoded.bad));
        let rejected = decoded.rejected.take();
        let shown = rejected.as_ref().map_or(0, RecordBatch::num_rows);
        dropped.count(Reason::ParseError, decoded.skipped.saturating_sub(shown as u64));
        if let Some(rejected) = rejected {
            let shown: Vec<usize> = (0..shown).collect();
            dropped.add(Reason::ParseError, &ChangeBatch::insert(rejected), &shown, None);
        }
    }

    /// Keeps records that could not be read, up to a bound; the oldest go first.
    pub(crate) fn keep(&self, source: &str, bad: Vec<BadRecord>) {
        if bad.is_empty() {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for record in bad {
            kept.bytes += record.bytes.len() + RECORD_BYTES;
            let (source, at_ms) = (source.to_owned(), now.as_millis() as i64);
            kept.records.push_back(KeptRecord { source, at_ms, record });
            while kept.bytes > KEPT_BYTES_MAX
                && let Some(oldest) = kept.records.pop_front()
            {
                kept.bytes -= oldest.record.bytes.len() + RECORD_BYTES;
            }
        }
    }

    /// The records that could not be read and are kept, oldest first.
    pub fn kept(&self) -> Vec<KeptRecord> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.records.iter().cloned().collect()
    }

    /// Whether it runs still.
    pub fn is_running(&self) -> bool {
        !self.ended.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// How far event time had come after the last epoch.
    pub fn status(&self) -> Status {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_status(&self, status: Status) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// Reads all counters.
    pub fn read(&self) -> Metrics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let watermark = self.watermark.load(Ordering::Relaxed);
        let dropped =
            |reason: Reason| self.dropped.iter().map(|dropped| dropped.of(reason)).sum::<u64>();
        Metrics {
            rows_in: of(&self.rows_in),
            rows_out: of(&self.rows_out),
            skipped: of(&self.skipped),
            nulled: of(&self.nulled),
            late: dropped(Reason::Late),
            null_rowtime: dropped(Reason::NullRowtime),
            too_far_ahead: dropped(Reason::TooFarAhead),
            watermark: (watermark > i64::MIN).then_some(watermark),
            epochs: of(&self.epochs),
            state_bytes: of(&self.state_bytes),
        }
    }
}
