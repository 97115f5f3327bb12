//! The watermark that each row met.
//!
//! A row is late against the watermark that the rows *before it in its split* had reached, so that is
//! what every row must know. The work is split so that it runs on many batches at once:
//! [`WatermarkSpec::observe`] looks at one batch alone, then the batches are [`Progress::stamp`]ed one after
//! the other, which for rows in order costs nothing.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use millstream_expr::ScalarExpr;
use millstream_plan::{Stamps, WatermarkOptions};
use millstream_types::{ChangeBatch, Result};

use crate::dropped::{Dropped, Reason};

/// What one batch does to the watermark.
#[derive(Debug)]
pub struct Observation {
    /// The batch.
    changes: ChangeBatch,
    /// Its rowtimes in ms.
    rowtimes: Int64Array,
    /// The watermark that each row stands for.
    watermarks: Watermarks,
    /// The least rowtime.
    least_rowtime: i64,
    /// The greatest watermark.
    greatest: i64,
    /// Whether some row is behind the watermark that earlier rows of the batch had reached.
    behind: bool,
}

/// The watermarks that rows stand for, in ms.
#[derive(Debug)]
enum Watermarks {
    /// Each on its own.
    Each(Int64Array),
    /// So long after the rowtime, which all rows have.
    Moved(i64),
}

/// What a source's watermark follows from.
#[derive(Debug)]
pub struct WatermarkSpec {
    /// The rowtime.
    pub rowtime: usize,
    /// The watermark that a row stands for.
    pub value: ScalarExpr,
    /// How splits and rows are treated that are out of the ordinary.
    pub options: WatermarkOptions,
    /// Where rows are counted that are too far ahead of the clock.
    pub dropped: Arc<Dropped>,
}

impl WatermarkSpec {
    /// How far ahead of the watermark a row must be for its batch not to be stamped.
    fn slack(&self) -> i64 {
        match self.options.stamps {
            Stamps::Behind => 0,
            Stamps::Touching => 1,
            Stamps::All => i64::MAX,
        }
    }

    /// Computes what a batch does to the watermark; reads nothing but the batch and the clock.
    ///
    /// # Errors
    /// When the watermark's expression fails.
    pub fn observe(&self, changes: ChangeBatch, clock_ms: i64) -> Result<Observation> {
        let rowtimes = milliseconds(changes.rows.column(self.rowtime))?;
        let moves = self.moves(changes.rows.column(self.rowtime));
        if let Some(spans) = moves.and_then(|by| Spans::of(&rowtimes, by)) {
            return Ok(self.observe_moved(changes, rowtimes, &spans));
        }
        let mut watermarks = milliseconds(&self.value.evaluate(&changes.rows)?)?;
        if let Some(skew) = self.options.future_skew {
            let most = clock_ms.saturating_add(skew);
            let ahead = |row: &usize| rowtimes.is_valid(*row) && rowtimes.value(*row) > most;
            let ahead: Vec<usize> = (0..rowtimes.len()).filter(ahead).collect();
            if !ahead.is_empty() {
                self.dropped.add(Reason::TooFarAhead, &changes, &ahead, None);
                let mut kept: Vec<Option<i64>> = watermarks.iter().collect();
                ahead.into_iter().for_each(|row| kept[row] = None);
                watermarks = kept.into();
            }
        }
        let slack = self.slack();
        let (mut least_rowtime, mut greatest, mut behind) = (i64::MAX, i64::MIN, false);
        let whole = rowtimes.null_count() == 0 && watermarks.null_count() == 0;
        if whole {
            for (value, watermark) in rowtimes.values().iter().zip(watermarks.values()) {
                least_rowtime = least_rowtime.min(*value);
                behind |= value.saturating_sub(slack) <= greatest;
                greatest = greatest.max(*watermark);
            }
        }
        for row in (0..changes.num_rows()).filter(|_| !whole) {
            if rowtimes.is_valid(row) {
                let value = rowtimes.value(row);
                least_rowtime = least_rowtime.min(value);
                behind |= value.saturating_sub(slack) <= greatest;
            }
            if watermarks.is_valid(row) {
                greatest = greatest.max(watermarks.value(row));
            }
        }
        let watermarks = Watermarks::Each(watermarks);
        Ok(Observation { changes, rowtimes, watermarks, least_rowtime, greatest, behind })
    }

    /// By how many ms the watermark of each row differs from its rowtime, where that is the same for all.
    fn moves(&self, rowtimes: &ArrayRef) -> Option<i64> {
        let milliseconds =
            matches!(rowtimes.data_type(), DataType::Timestamp(TimeUnit::Millisecond, _));
        if !milliseconds || rowtimes.null_count() > 0 || self.options.future_skew.is_some() {
            return None;
        }
        self.value.moves(self.rowtime)
    }

    /// As [`Self::observe`], for watermarks that follow from the rowtime alone.
    fn observe_moved(
        &self,
        changes: ChangeBatch,
        rowtimes: Int64Array,
        spans: &Spans,
    ) -> Observation {
        let (slack, by) = (self.slack(), spans.by);
        let (mut least, mut most, mut behind) = (i64::MAX, i64::MIN, false);
        for (span, times) in spans.spans.iter().zip(rowtimes.values().chunks(SPAN)) {
            let (first, last) = *span;
            // Most stretches are ahead of all watermarks up to their end.
            if first.saturating_sub(slack) <= most.max(last + by) {
                let mut most = most;
                for time in times {
                    behind |= time.saturating_sub(slack) <= most;
                    most = most.max(time + by);
                }
            }
            least = least.min(first);
            most = most.max(last + by);
        }
        let watermarks = Watermarks::Moved(by);
        Observation { changes, rowtimes, watermarks, least_rowtime: least, greatest: most, behind }
    }
}

/// So many rows are looked at together.
const SPAN: usize = 64;

/// The least and the greatest rowtime of each stretch of [`SPAN`] rows, and how far from them watermarks are.
struct Spans {
    spans: Vec<(i64, i64)>,
    by: i64,
}

impl Spans {
    /// `None` where a watermark is out of range: that is an error of its expression.
    fn of(rowtimes: &Int64Array, by: i64) -> Option<Self> {
        let span = |times: &[i64]| {
            let (mut least, mut most) = (i64::MAX, i64::MIN);
            for time in times {
                least = least.min(*time);
                most = most.max(*time);
            }
            (least, most)
        };
        let spans: Vec<(i64, i64)> = rowtimes.values().chunks(SPAN).map(span).collect();
        let fits = |(least, most): &(i64, i64)| {
            least.checked_add(by).is_some() && most.checked_add(by).is_some()
        };
        spans.iter().all(fits).then_some(Self { spans, by })
    }
}

/// How far the splits of a source have come.
#[derive(Debug)]
pub struct Progress {
    splits: Vec<SplitProgress>,
    /// The watermark last given: it never goes back.
    given: i64,
}

/// How far one split has come.
#[derive(Debug, Clone, Copy)]
pub struct SplitProgress {
    /// The watermark it has reached.
    pub reached: i64,
    /// Whether it has no more rows.
    pub ended: bool,
    /// Whether it has been silent for so long that the others go on without it.
    pub idle: bool,
    /// When rows last came, by the clock, in ms.
    pub active_ms: i64,
}

impl SplitProgress {
    /// Whether it holds the others back.
    fn counts(&self) -> bool {
        !self.ended && !self.idle
    }
}

impl Progress {
    /// At the start of all splits.
    pub fn new(splits: usize, clock_ms: i64) -> Self {
        let split =
            SplitProgress { reached: i64::MIN, ended: false, idle: false, active_ms: clock_ms };
        Self { splits: vec![split; splits], given: i64::MIN }
    }

    /// The watermark: the least of all splits that are not idle, `i64::MAX` once all have ended. When all
    /// are idle it is the greatest.
    pub fn watermark(&mut self) -> i64 {
        let least = self.splits.iter().filter(|split| split.counts()).map(|split| split.reached);
        let open = self.splits.iter().filter(|split| !split.ended);
        let now = least.min().or(open.map(|split| split.reached).max()).unwrap_or(i64::MAX);
        self.given = self.given.max(now);
        self.given
    }

    /// The splits.
    pub fn splits(&self) -> &[SplitProgress] {
        &self.splits
    }

    /// Whether nothing is to be waited for: all splits that have not ended are idle.
    pub fn is_idle(&self) -> bool {
        let mut open = self.splits.iter().filter(|split| !split.ended).peekable();
        open.peek().is_some() && open.all(|split| split.idle)
    }

    /// Marks a split as ended.
    pub fn end_split(&mut self, split: usize) {
        self.splits[split].ended = true;
    }

    /// Lets the clock stand still: the splits are not silent, they are not read.
    pub fn rest(&mut self, clock_ms: i64) {
        self.splits.iter_mut().for_each(|split| split.active_ms = clock_ms);
    }

    /// Looks at the clock: whether a split became idle by a timeout in ms.
    pub fn tick(&mut self, clock_ms: i64, idle_timeout: i64) -> bool {
        let mut became = false;
        for split in self.splits.iter_mut().filter(|split| split.counts()) {
            split.idle = clock_ms.saturating_sub(split.active_ms) >= idle_timeout;
            became |= split.idle;
        }
        became
    }

    /// Gives the rows of a batch the watermarks they met, and moves on by them.
    pub fn stamp(
        &mut self,
        split: usize,
        observed: Observation,
        spec: &WatermarkSpec,
        clock_ms: i64,
    ) -> ChangeBatch {
        let others = self.splits.iter().enumerate().filter(|(other, _)| *other != split);
        let others = others.filter(|(_, other)| other.counts()).map(|(_, other)| other.reached);
        let others = others.min().unwrap_or(i64::MAX);
        let given = self.given;
        let own = &mut self.splits[split];
        let mut reached = own.reached;
        let Observation { mut changes, rowtimes, watermarks, least_rowtime, greatest, behind } =
            observed;
        own.reached = reached.max(greatest);
        if !rowtimes.is_empty() {
            (own.idle, own.active_ms) = (false, clock_ms);
        }
        let start = reached.max(given);
        let behind = behind || least_rowtime.saturating_sub(spec.slack()) <= start;
        if behind && (others > i64::MIN || given > i64::MIN) {
            let mut met = Vec::with_capacity(rowtimes.len());
            for row in 0..rowtimes.len() {
                met.push(reached.min(others).max(given));
                let watermark = match &watermarks {
                    Watermarks::Moved(by) => Some(rowtimes.value(row) + by),
                    Watermarks::Each(each) => each.is_valid(row).then(|| each.value(row)),
                };
                reached = reached.max(watermark.unwrap_or(i64::MIN));
            }
            changes.reached = Some(Int64Array::from(met));
        }
        changes
    }
}

/// A watermark that a row of a time is ahead of, by so much that no session that is complete by then touches
/// it.
pub fn ahead_of(ms: i64) -> i64 {
    ms.saturating_sub(2)
}

/// A column of points in time in ms since the epoch; finer digits are cut off below.
///
/// # Errors
/// When the column holds no points in time.
pub fn milliseconds(column: &ArrayRef) -> Result<Int64Array> {
    let DataType::Timestamp(unit, _) = column.data_type() else {
        return Ok(cast(column, &DataType::Int64)?.as_primitive::<Int64Type>().clone());
    };
    let whole = cast(column, &DataType::Int64)?;
    let values = whole.as_primitive::<Int64Type>();
    Ok(match unit {
        TimeUnit::Millisecond => values.clone(),
        TimeUnit::Second => values.unary(|value| value.saturating_mul(1_000)),
        TimeUnit::Microsecond => values.unary(|value: i64| value.div_euclid(1_000)),
        TimeUnit::Nanosecond => values.unary(|value: i64| value.div_euclid(1_000_000)),
    })
}
