//! [`WindowAggregate`]: groups rows by aligned time window and key; a group's row comes out once, when the
//! watermark has passed its window.
//!
//! Rows may be taken back while their window is open; a group without rows is none.
//!
//! A row is late when the watermark it met had passed all its windows already: it is dropped and counted.
//! Where only some of them were complete, those are emitted before the row is added.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Int64Array, UInt32Array};
use millstream_plan::WindowColumns;
use millstream_types::{ChangeBatch, Result};

use crate::dropped::{Dropped, Reason};
use crate::operator::{NextWindow, Operator, OperatorTime, Output};
use crate::reduce::Reduced;
use crate::runs::{Run, push, runs};
use crate::slices::{self, Slices};
use crate::watermark::milliseconds;
use crate::window::{Assigner, Bounds, Calendar};
use crate::window_table::{From, WindowAggregateSpec};
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
        Ok(Self {
            assigner: spec.assigner(),
            calendar: spec.calendar(),
            slices: match &spec.window {
                WindowColumns::Rowtime { window, .. } => slices::create(&spec, window.kind)?,
                WindowColumns::Attached { .. } => slices::attached(&spec)?,
            },
            spec,
            dropped,
            watermark: i64::MIN,
            rows: 0,
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

    /// Adds runs of rows, none of which is late.
    fn add(&mut self, changes: &ChangeBatch, runs: &[Run]) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let mut by_slice: BTreeMap<Bounds, Vec<&Run>> = BTreeMap::new();
        for run in runs {
            if let Some(slice) = run.slice {
                by_slice.entry(slice).or_default().push(run);
            }
        }
        for (slice, runs) in by_slice {
            if let [run] = runs[..] {
                let rows = changes.rows.slice(run.from, run.to - run.from);
                let weights = changes.weights.as_ref();
                let weights = weights.map(|weights| weights.slice(run.from, run.to - run.from));
                let first = self.rows + run.from as u64;
                let from = From { first, positions: None, weights: weights.as_ref() };
                self.slices.add(&spec, slice, &rows, from)?;
                continue;
            }
            let positions = runs.iter().flat_map(|run| run.from as u32..run.to as u32);
            let picked: UInt32Array = positions.collect::<Vec<_>>().into();
            let rows = changes.take(&picked)?;
            let from = From {
                first: self.rows,
                positions: Some(&picked.values()[..]),
                weights: rows.weights.as_ref(),
            };
            self.slices.add(&spec, slice, &rows.rows, from)?;
        }
        Ok(())
    }

    /// Takes late rows out of runs, and adds rows before those that come when windows are complete; the runs
    /// that are yet to be added.
    fn met(
        &mut self,
        changes: &ChangeBatch,
        reached: &Int64Array,
        runs: Vec<Run>,
        late: &mut Vec<usize>,
        out: &mut Output,
    ) -> Result<Vec<Run>> {
        let lateness = self.spec.emit.map_or(0, |emit| emit.lateness);
        let mut left: Vec<Run> = Vec::with_capacity(runs.len());
        for run in runs {
            let Some(slice) = run.slice else { continue };
            let last = self.calendar.last_ms(self.last_end(slice));
            let end = self.calendar.last_ms(slice.end);
            for row in run.from..run.to {
                let met = reached.value(row).max(self.watermark).saturating_sub(lateness);
                if last <= met {
                    late.push(row);
                    continue;
                }
                if met > self.watermark && end <= met {
                    // Some of its windows were complete before it came.
                    self.add(changes, &std::mem::take(&mut left))?;
                    self.fire(met, out)?;
                }
                push(&mut left, run.slice, row);
            }
        }
        Ok(left)
    }

    /// Takes out the runs of rows that did not say that they are late, and are.
    fn leave_out_passed(&self, runs: &mut Vec<Run>, late: &mut Vec<usize>) {
        let lateness = self.spec.emit.map_or(0, |emit| emit.lateness);
        let watermark = self.watermark.saturating_sub(lateness);
        runs.retain(|run| {
            let last = run.slice.map(|slice| self.calendar.last_ms(self.last_end(slice)));
            let passed = last.is_some_and(|last| last <= watermark);
            late.extend((run.from..run.to).filter(|_| passed));
            !passed
        });
    }

    fn fire(&mut self, watermark: i64, out: &mut Output) -> Result<()> {
        self.watermark = self.watermark.max(watermark);
        let spec = Arc::clone(&self.spec);
        self.slices.fire(&spec, self.watermark, out)
    }
}

impl Operator for WindowAggregate {
    fn process(&mut self, _: usize, changes: ChangeBatch, out: &mut Output) -> Result<()> {
        let changes = with_rowtimes(changes, self.spec.time_column(), &self.dropped)?;
        let mut runs = runs(&self.spec, &changes.rows)?;
        let mut late = Vec::new();
        match &changes.reached {
            Some(reached) => runs = self.met(&changes, reached, runs, &mut late, out)?,
            None => self.leave_out_passed(&mut runs, &mut late),
        }
        self.add(&changes, &runs)?;
        self.keep_last_copies(&changes, &mut late)?;
        self.dropped.add(Reason::Late, &changes, &late, None);
        self.rows += changes.num_rows() as u64;
        Ok(())
    }

    fn merge(&mut self, reduced: Reduced) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        reduced.slices.iter().try_for_each(|part| self.slices.merge(&spec, part))
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
