//! [`Queue`]: the rows that one job has yet to take from a table that is posted to.
//!
//! What waits is handed over as a whole: the source gives the dataflow one [`QueuedRows`] when there is
//! something, and that takes everything there is when its epoch begins. So epochs grow under load.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use millstream_formats::Decoded;
use millstream_types::{Error, Result};

use crate::connector::{Each, Piece, SourceEvent};
use crate::http_inlet::Receipt;

/// The rows that one job has yet to take.
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    rows_max: usize,
    bytes_max: usize,
    /// Whether nobody waits for the job: when it is behind, it fails.
    observes: bool,
}

#[derive(Default)]
struct State {
    waiting: Vec<(Decoded, Option<Receipt>)>,
    rows: usize,
    bytes: usize,
    /// Whether the dataflow knows that there is something.
    announced: bool,
    /// Whether nothing more may enter.
    closed: bool,
    ended: bool,
    overrun: bool,
}

/// Why rows do not fit in.
pub(crate) enum Full {
    /// Others are in the way.
    Now,
    /// They are more than the queue ever holds.
    Ever(usize),
}

impl Queue {
    pub fn new(rows_max: usize, bytes_max: usize, observes: bool) -> Arc<Self> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Arc::new(Self { state, changed, rows_max, bytes_max, observes })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn observes(&self) -> bool {
        self.observes
    }

    pub fn is_closed(&self) -> bool {
        self.state().closed && !self.observes
    }

    pub fn is_ended(&self) -> bool {
        self.state().ended
    }

    /// Whether rows fit in, those with them that were left out.
    pub fn room_for(&self, decoded: &Decoded) -> std::result::Result<(), Full> {
        let rows = counted(decoded);
        if rows > self.rows_max {
            return Err(Full::Ever(self.rows_max));
        }
        let state = self.state();
        let fits = state.rows + rows <= self.rows_max && state.bytes < self.bytes_max;
        if fits { Ok(()) } else { Err(Full::Now) }
    }

    pub fn push(&self, decoded: Decoded, receipt: Option<Receipt>) {
        let overruns = self.observes && self.room_for(&decoded).is_err();
        let mut state = self.state();
        if state.ended || overruns {
            state.overrun |= overruns;
        } else {
            state.rows += counted(&decoded);
            state.bytes += memory(&decoded);
            state.waiting.push((decoded, receipt));
        }
        self.changed.notify_all();
    }

    /// Waits for rows; `None` at the end.
    pub fn next(self: &Arc<Self>, columns: &[usize]) -> Result<Option<SourceEvent>> {
        let mut state = self.state();
        loop {
            if state.overrun {
                return Err(Error::Evaluation(
                    "what is read was faster than its reader".to_owned(),
                ));
            }
            if state.ended {
                return Ok(None);
            }
            if !state.waiting.is_empty() && !state.announced {
                state.announced = true;
                let queue = Arc::clone(self);
                let piece = QueuedRows { queue, columns: columns.to_vec(), taken: Vec::new() };
                return Ok(Some(SourceEvent::Rows { split: 0, piece: Box::new(piece) }));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets nothing more in; what waits still goes its way.
    pub fn close(&self) {
        self.state().closed = true;
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        let state = self.state();
        state.waiting.is_empty() && !state.announced
    }

    /// Gives up what waits.
    pub fn end(&self) {
        let mut state = self.state();
        (state.closed, state.ended) = (true, true);
        // Receipts tell others when they are dropped: not while the lock is held.
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
        self.changed.notify_all();
    }
}

fn counted(decoded: &Decoded) -> usize {
    decoded.rows.num_rows() + decoded.skipped as usize
}

/// About how many bytes rows take, and what is kept of those that were left out.
fn memory(decoded: &Decoded) -> usize {
    let rejected = decoded.rejected.as_ref().map_or(0, RecordBatch::get_array_memory_size);
    let bad = decoded.bad.iter().map(|bad| bad.place.len() + bad.reason.len() + bad.bytes.len());
    ENTRY_BYTES + decoded.rows.get_array_memory_size() + rejected + bad.sum::<usize>()
}

/// What an entry takes beside its rows.
const ENTRY_BYTES: usize = 512;

/// All that waits in a queue when an epoch begins.
struct QueuedRows {
    queue: Arc<Queue>,
    columns: Vec<usize>,
    taken: Vec<Decoded>,
}

impl Piece for QueuedRows {
    fn take(&mut self) -> Vec<Receipt> {
        let mut state = self.queue.state();
        let waiting = std::mem::take(&mut state.waiting);
        (state.rows, state.bytes, state.announced) = (0, 0, false);
        drop(state);
        self.queue.changed.notify_all();
        let (taken, receipts): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        self.taken.extend(taken);
        receipts.into_iter().flatten().collect()
    }

    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        let Some(schema) = self.taken.first().map(|first| first.rows.schema()) else {
            return Err(Error::Internal("rows were decoded before they were taken".to_owned()));
        };
        let rows = concat_batches(&schema, self.taken.iter().map(|taken| &taken.rows))?;
        let rejected: Vec<&RecordBatch> =
            self.taken.iter().filter_map(|taken| taken.rejected.as_ref()).collect();
        let rejected = match rejected.first() {
            Some(first) => Some(concat_batches(&first.schema(), rejected.iter().copied())?),
            None => None,
        };
        each(Decoded {
            skipped: self.taken.iter().map(|taken| taken.skipped).sum(),
            nulled: self.taken.iter().map(|taken| taken.nulled).sum(),
            bad: self.taken.into_iter().flat_map(|taken| taken.bad).collect(),
            rejected,
            ..Decoded::clean(rows.project(&self.columns)?)
        })
    }
}
