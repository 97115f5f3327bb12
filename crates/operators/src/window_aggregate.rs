//! [`WindowAggregate`]: groups rows by aligned time window and key; a group's row comes out once, when the
//! watermark has passed its window.
//!
//! A row is late when the watermark it met had passed all its windows already: it is dropped and counted.
//! Where only some of them were complete, those are emitted before the row is added.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::UInt32Array;
use millstream_plan::{WindowColumns, WindowKind};
use millstream_types::{ChangeBatch, Result};

use crate::dropped::{Dropped, Reason};
use crate::operator::{NextWindow, Operator, OperatorTime, Output};
use crate::slices::{self, Slices};
use crate::watermark::milliseconds;
use crate::window::{Assigner, Bounds, Calendar};
use crate::window_table::WindowAggregateSpec;
use crate::window_table_function::with_rowtimes;

/// One shard of a window aggregate.
pub struct WindowAggregate {
    spec: Arc<WindowAggregateSpec>,
    assigner: Assigner,
    calendar: Calendar,
    slices: Box<dyn Slices>,
    dropped: Arc<Dropped>,
    /// The watermark at which windows were last emitted.
    watermark: i64,
    /// How many rows have come.
    rows: u64,
}

impl WindowAggregate {
    /// A shard without any window.
    ///
    /// # Errors
    /// When an argument is of a type that its function does not take.
    pub fn new(spec: Arc<WindowAggregateSpec>, dropped: Arc<Dropped>) -> Result<Self> {
        let kind = match &spec.window {
            WindowColumns::Rowtime { window, .. } => window.kind,
            // Each row stands for itself in one window: any shape without slices does.
            WindowColumns::Attached { .. } => WindowKind::Tumble { size_ms: 1, offset_ms: 0 },
        };
        Ok(Self {
            assigner: Assigner::new(kind),
            calendar: spec.calendar(),
            slices: match &spec.window {
                WindowColumns::Rowtime { .. } => slices::create(&spec, kind)?,
                WindowColumns::Attached { .. } => slices::attached(&spec)?,
            },
            spec,
            dropped,
            watermark: i64::MIN,
            rows: 0,
        })
    }

    /// The slice of each row; `None` for those between windows.
    fn slices_of(&self, changes: &ChangeBatch) -> Result<Vec<Option<Bounds>>> {
        Ok(match &self.spec.window {
            WindowColumns::Rowtime { rowtime, .. } => {
                let times = milliseconds(changes.rows.column(*rowtime))?;
                // Rows of one slice mostly follow one another.
                let mut last: Option<Bounds> = None;
                let mut slice = |ms: &i64| {
                    let reading = self.calendar.reading(*ms);
                    let same = |slice: &Bounds| slice.start <= reading && reading < slice.end;
                    if !last.as_ref().is_some_and(same) {
                        last = self.assigner.slice(reading);
                    }
                    last
                };
                times.values().iter().map(&mut slice).collect()
            }
            WindowColumns::Attached { start, end, .. } => {
                let starts = milliseconds(changes.rows.column(*start))?;
                let ends = milliseconds(changes.rows.column(*end))?;
                let pairs = starts.values().iter().zip(ends.values());
                pairs.map(|(start, end)| Some(Bounds { end: *end, start: *start })).collect()
            }
        })
    }

    /// The end of the last window of a slice.
    fn last_end(&self, slice: Bounds) -> i64 {
        match &self.spec.window {
            WindowColumns::Rowtime { .. } => self.assigner.last_end(slice),
            WindowColumns::Attached { .. } => slice.end,
        }
    }

    /// Of late rows that were given once for each window, keeps those in the last of their windows: the row
    /// is late when that is.
    fn keep_last_copies(&self, changes: &ChangeBatch, late: &mut Vec<usize>) -> Result<()> {
        let WindowColumns::Attached { end, rowtime: Some(rowtime), window, .. } = &self.spec.window
        else {
            return Ok(());
        };
        if late.is_empty() || !window.kind.is_aligned() {
            return Ok(());
        }
        let assigner = Assigner::new(window.kind);
        let ends = milliseconds(changes.rows.column(*end))?;
        let times = milliseconds(changes.rows.column(*rowtime))?;
        late.retain(|row| {
            let slice = assigner.slice(self.calendar.reading(times.value(*row)));
            slice.is_none_or(|slice| assigner.last_end(slice) == ends.value(*row))
        });
        Ok(())
    }

    /// Adds rows `from..to`, none of which is late.
    fn add(
        &mut self,
        changes: &ChangeBatch,
        slices: &[Option<Bounds>],
        from: usize,
        to: usize,
    ) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let mut by_slice: BTreeMap<Bounds, Vec<u32>> = BTreeMap::new();
        let mut at = from;
        while at < to {
            // Rows of one slice mostly follow one another.
            let run = slices[at..to].iter().take_while(|slice| **slice == slices[at]).count();
            if let Some(slice) = slices[at] {
                let rows = at as u32..(at + run) as u32;
                by_slice.entry(slice).or_default().extend(rows);
            }
            at += run;
        }
        for (slice, positions) in by_slice {
            let contiguous = positions
                .first()
                .zip(positions.last())
                .filter(|(first, last)| (*last - *first) as usize + 1 == positions.len());
            match contiguous {
                Some((first, _)) => {
                    let rows = changes.rows.slice(*first as usize, positions.len());
                    let order = (self.rows + u64::from(*first), None);
                    self.slices.add(&spec, slice, &rows, order)?;
                }
                None => {
                    let picked = UInt32Array::from(positions);
                    let rows = arrow::compute::take_record_batch(&changes.rows, &picked)?;
                    let order = (self.rows, Some(&picked.values()[..]));
                    self.slices.add(&spec, slice, &rows, order)?;
                }
            }
        }
        Ok(())
    }

    fn fire(&mut self, watermark: i64, out: &mut Output) -> Result<()> {
        self.watermark = self.watermark.max(watermark);
        let spec = Arc::clone(&self.spec);
        self.slices.fire(&spec, self.watermark, out)
    }
}

impl Operator for WindowAggregate {
    fn process(&mut self, _: usize, changes: ChangeBatch, out: &mut Output) -> Result<()> {
        let column = match &self.spec.window {
            WindowColumns::Rowtime { rowtime, .. } => *rowtime,
            WindowColumns::Attached { end, .. } => *end,
        };
        let changes = with_rowtimes(changes, column, &self.dropped)?;
        let mut slices = self.slices_of(&changes)?;
        let mut start = 0;
        let mut late = Vec::new();
        let lateness = self.spec.emit.map_or(0, |emit| emit.lateness);
        if let Some(reached) = &changes.reached {
            for row in 0..slices.len() {
                let Some(slice) = slices[row] else { continue };
                let met = reached.value(row).max(self.watermark);
                let met = met.saturating_sub(lateness);
                if self.calendar.last_ms(self.last_end(slice)) <= met {
                    late.push(row);
                    slices[row] = None;
                } else if met > self.watermark && self.calendar.last_ms(slice.end) <= met {
                    // Some of its windows were complete before it came.
                    self.add(&changes, &slices, start, row)?;
                    self.fire(met, out)?;
                    start = row;
                }
            }
        }
        self.add(&changes, &slices, start, slices.len())?;
        self.keep_last_copies(&changes, &mut late)?;
        self.dropped.add(Reason::Late, &changes, &late, None);
        self.rows += slices.len() as u64;
        Ok(())
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        self.fire(time.watermark.0, out)?;
        let spec = Arc::clone(&self.spec);
        self.slices.tick(&spec, time.epoch.clock_ms, out)
    }

    fn wakes_at(&self) -> Option<i64> {
        self.slices.wakes_at()
    }

    fn state_bytes(&self) -> usize {
        self.slices.bytes()
    }

    fn next_window(&self) -> Option<NextWindow> {
        Some(self.calendar.awaited(self.slices.next()?))
    }
}
