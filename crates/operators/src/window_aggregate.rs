//! [`WindowAggregate`]: groups rows by time window and key; a group's row comes out once, when the
//! watermark has passed its window.
//!
//! Each open window has its own keys and accumulators, so closing it drops it whole. A row is late
//! when the watermark it met had passed its window already: it is dropped and counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, SchemaRef};
use chrono_tz::Tz;
use millstream_plan::{AggregateCall, TimeWindow, WindowColumns, WindowOutput};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::aggregate::{GroupsAggregate, Rows, create};
use crate::operator::{Dropped, Operator, OperatorTime, Output};
use crate::watermark::milliseconds;
use crate::window::{Assigner, last_ms, timestamps, window_times};

/// The most rows of one batch that comes out.
const ROWS_MAX: usize = 8_192;

/// What the operator is told; shared by its shards.
pub struct WindowAggregateSpec {
    /// Where a row's window stands.
    pub window: WindowColumns,
    /// The columns of the key.
    pub keys: Vec<usize>,
    /// The aggregates.
    pub aggregates: Vec<AggregateCall>,
    /// What stands before the aggregates in each row that comes out.
    pub output: Vec<WindowOutput>,
    /// The columns of the input.
    pub input: SchemaRef,
    /// The columns that come out.
    pub schema: SchemaRef,
}

impl WindowAggregateSpec {
    fn zone(&self) -> Option<Tz> {
        match self.window {
            WindowColumns::Rowtime { window: TimeWindow::Tumble { zone, .. }, .. }
            | WindowColumns::Attached { zone, .. } => zone,
        }
    }

    fn types_of(&self, columns: &[usize]) -> Vec<DataType> {
        columns.iter().map(|column| self.input.field(*column).data_type().clone()).collect()
    }
}

/// Start and end of a window, ordered by end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Bounds {
    end: i64,
    start: i64,
}

struct OpenWindow {
    keys: KeyIndex,
    aggregates: Vec<Box<dyn GroupsAggregate>>,
}

/// One shard of a window aggregate.
pub struct WindowAggregate {
    spec: Arc<WindowAggregateSpec>,
    open: BTreeMap<Bounds, OpenWindow>,
    dropped: Arc<Dropped>,
    slots: Vec<u32>,
}

impl WindowAggregate {
    /// A shard without any window.
    pub fn new(spec: Arc<WindowAggregateSpec>, dropped: Arc<Dropped>) -> Self {
        Self { spec, open: BTreeMap::new(), dropped, slots: Vec::new() }
    }

    /// The window of each row.
    fn bounds(&self, changes: &ChangeBatch) -> Result<Vec<Bounds>> {
        Ok(match &self.spec.window {
            WindowColumns::Rowtime { rowtime, window } => {
                let assigner = Assigner::new(*window);
                let times = milliseconds(changes.rows.column(*rowtime))?;
                let assign = |ms: &i64| {
                    let start = assigner.start(*ms);
                    Bounds { end: assigner.end(start), start }
                };
                times.values().iter().map(assign).collect()
            }
            WindowColumns::Attached { start, end, .. } => {
                let starts = milliseconds(changes.rows.column(*start))?;
                let ends = milliseconds(changes.rows.column(*end))?;
                let pairs = starts.values().iter().zip(ends.values());
                pairs.map(|(start, end)| Bounds { end: *end, start: *start }).collect()
            }
        })
    }

    fn without_null_rowtimes(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let column = match &self.spec.window {
            WindowColumns::Rowtime { rowtime, .. } => *rowtime,
            WindowColumns::Attached { end, .. } => *end,
        };
        let nulls = changes.rows.column(column).null_count();
        if nulls == 0 {
            return Ok(changes);
        }
        self.dropped.add_null_rowtime(nulls as u64);
        changes.filter(&arrow::compute::is_not_null(changes.rows.column(column))?)
    }

    /// Without the rows that are late, which are counted.
    fn without_late(&self, changes: ChangeBatch, bounds: &mut Vec<Bounds>) -> Result<ChangeBatch> {
        let Some(reached) = &changes.reached else { return Ok(changes) };
        let zone = self.spec.zone();
        let in_time =
            |row: &u32| last_ms(bounds[*row as usize].end, zone) > reached.value(*row as usize);
        let kept: Vec<u32> = (0..bounds.len() as u32).filter(in_time).collect();
        if kept.len() == bounds.len() {
            return Ok(changes);
        }
        self.dropped.add_late((bounds.len() - kept.len()) as u64);
        *bounds = kept.iter().map(|row| bounds[*row as usize]).collect();
        changes.take(&UInt32Array::from(kept))
    }

    fn window(&mut self, bounds: Bounds) -> Result<&mut OpenWindow> {
        // Not the entry API: making a window may fail.
        if !self.open.contains_key(&bounds) {
            let spec = &self.spec;
            let aggregates = spec
                .aggregates
                .iter()
                .map(|call| create(call, &spec.types_of(&call.arguments)))
                .collect::<Result<_>>()?;
            let keys = KeyIndex::new(&spec.types_of(&spec.keys))?;
            self.open.insert(bounds, OpenWindow { keys, aggregates });
        }
        self.open.get_mut(&bounds).ok_or_else(|| {
            millstream_types::Error::Internal("a window that was just opened is gone".to_owned())
        })
    }

    /// Adds rows that all belong to one window.
    fn add(&mut self, bounds: Bounds, rows: &RecordBatch) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let mut slots = std::mem::take(&mut self.slots);
        let pick = |columns: &[usize]| -> Vec<ArrayRef> {
            columns.iter().map(|column| Arc::clone(rows.column(*column))).collect()
        };
        let window = self.window(bounds)?;
        window.keys.slots(&pick(&spec.keys), rows.num_rows(), &mut slots)?;
        for (call, aggregate) in spec.aggregates.iter().zip(&mut window.aggregates) {
            aggregate.resize(window.keys.len());
            aggregate.accumulate(&Rows {
                slots: &slots,
                arguments: &pick(&call.arguments),
                selected: call.filter.map(|column| rows.column(column).as_boolean()),
                weights: None,
            })?;
        }
        self.slots = slots;
        Ok(())
    }

    fn close(&self, bounds: Bounds, window: &OpenWindow, out: &mut Output) -> Result<()> {
        let zone = self.spec.zone();
        let groups = window.keys.len() as u32;
        for first in (0..groups).step_by(ROWS_MAX) {
            let slots: Vec<u32> = (first..groups.min(first + ROWS_MAX as u32)).collect();
            let keys = window.keys.columns(slots.iter().copied())?;
            let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.spec.schema.fields().len());
            for output in &self.spec.output {
                columns.push(match output {
                    WindowOutput::Start => timestamps(vec![bounds.start; slots.len()]),
                    WindowOutput::End => timestamps(vec![bounds.end; slots.len()]),
                    WindowOutput::Time => {
                        window_times(vec![last_ms(bounds.end, zone); slots.len()], zone)
                    }
                    WindowOutput::Key(at) => Arc::clone(&keys[*at]),
                });
            }
            for aggregate in &window.aggregates {
                columns.push(aggregate.values(&slots)?);
            }
            out.emit(ChangeBatch::insert(RecordBatch::try_new(
                Arc::clone(&self.spec.schema),
                columns,
            )?));
        }
        Ok(())
    }
}

impl Operator for WindowAggregate {
    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let changes = self.without_null_rowtimes(changes)?;
        let mut bounds = self.bounds(&changes)?;
        let changes = self.without_late(changes, &mut bounds)?;
        let Some(first) = bounds.first().copied() else { return Ok(()) };
        if bounds.iter().all(|other| *other == first) {
            return self.add(first, &changes.rows);
        }
        let mut by_window: BTreeMap<Bounds, Vec<u32>> = BTreeMap::new();
        for (row, bounds) in bounds.iter().enumerate() {
            by_window.entry(*bounds).or_default().push(row as u32);
        }
        for (bounds, positions) in by_window {
            let contiguous = positions.last().zip(positions.first());
            let contiguous =
                contiguous.filter(|(last, first)| (*last - *first) as usize + 1 == positions.len());
            let rows = match contiguous {
                Some((_, first)) => changes.rows.slice(*first as usize, positions.len()),
                None => {
                    arrow::compute::take_record_batch(&changes.rows, &UInt32Array::from(positions))?
                }
            };
            self.add(bounds, &rows)?;
        }
        Ok(())
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        let zone = self.spec.zone();
        while let Some(entry) = self.open.first_entry() {
            let bounds = *entry.key();
            if last_ms(bounds.end, zone) > time.watermark.0 {
                break;
            }
            let window = entry.remove();
            self.close(bounds, &window, out)?;
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let of = |window: &OpenWindow| {
            window.keys.bytes()
                + window.aggregates.iter().map(|aggregate| aggregate.bytes()).sum::<usize>()
        };
        self.open.values().map(of).sum()
    }
}
