//! [`OverAggregate`]: values over the rows before each row, in the order of time.
//!
//! Rows wait until the watermark has passed their time, then they are taken in the order of time and, at
//! the same time, of arrival. For each key the aggregates take rows that come into its frame and give up
//! those that leave it. Lateness follows Flink's two rules: with a frame that goes back to the start a row
//! is late when it is not ahead of the watermark, with a bounded one when a row of its key has been emitted
//! that is not earlier. A row that is behind the watermark and taken all the same comes out with the
//! watermark it met, for a window above may be complete by then.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, UInt32Array};
use arrow::datatypes::{DataType, SchemaRef};
use millstream_plan::{Frame, OrderKey, OverCall};
use millstream_state::{KeyIndex, RowStore};
use millstream_types::{ChangeBatch, Result};

use crate::aggregate::{GroupsAggregate, Rows, Step, create};
use crate::dropped::{Dropped, Reason};
use crate::operator::{NextWindow, Operator, OperatorTime, Output};
use crate::over_frames::{Frames, Held};
use crate::over_queue::{Due, Entry, Queue};
use crate::pairs::{batch, taken};
use crate::session_aggregate::renumbered;
use crate::watermark::{ahead_of, milliseconds};
use crate::window_rank::{compare, order_rows};
use crate::window_table::pick;
use crate::window_table_function::with_rowtimes;

/// What the operator is told; shared by its shards.
pub struct OverAggregateSpec {
    /// The time attribute.
    pub time: usize,
    /// Whether that is processing time.
    pub processing_time: bool,
    /// The columns of the partition.
    pub partition: Vec<usize>,
    /// The order of rows of the same time; those that are equal in it stay as they came.
    pub ties: Vec<OrderKey>,
    /// The values.
    pub calls: Vec<OverCall>,
    /// The columns of the input.
    pub input: SchemaRef,
    /// The columns that come out: the input's, then the values.
    pub schema: SchemaRef,
}

impl OverAggregateSpec {
    fn types_of(&self, columns: &[usize]) -> Vec<DataType> {
        columns.iter().map(|column| self.input.field(*column).data_type().clone()).collect()
    }
}

/// When something happens to a key.
#[derive(Debug, Clone, Copy)]
struct Look {
    /// The watermark that must be reached.
    at: i64,
    /// The watermark when that was arranged; it takes a later one.
    since: i64,
}

/// One shard of an OVER aggregate.
pub struct OverAggregate {
    spec: Arc<OverAggregateSpec>,
    keys: KeyIndex,
    /// The distinct frames of the calls.
    frames: Vec<Frames>,
    /// For each call its state and the position of its frame in `frames`.
    aggregates: Vec<(Box<dyn GroupsAggregate>, usize)>,
    /// The rows that wait or are in some frame.
    store: RowStore,
    held: Held,
    /// The rows that wait for the watermark.
    waiting: Queue,
    /// By row: where it stands among those that are looked at; memory to work with.
    places: Vec<u32>,
    /// By slot the time of the last row that was emitted.
    emitted: Vec<i64>,
    /// By slot the watermark at which a key is forgotten, where time makes rows leave their frames.
    forget_at: Vec<i64>,
    /// By slot the times of the rows that wait, where lateness depends on them.
    waiting_times: Vec<VecDeque<Look>>,
    /// By slot when a key was last forgotten, until a row of it is emitted.
    forgotten: Vec<i64>,
    /// By slot the times at which that is looked at: each of them counts as an emitted row, as in Flink.
    looks: Vec<VecDeque<Look>>,
    /// The longest of those frames in ms.
    range: Option<i64>,
    dropped: Arc<Dropped>,
    watermark: i64,
    /// How many rows have been taken.
    rows: u64,
    /// How many keys there may be before those without any row are forgotten.
    keys_max: usize,
}

impl OverAggregate {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be a key, or a function does not take its arguments.
    pub fn new(spec: Arc<OverAggregateSpec>, dropped: Arc<Dropped>) -> Result<Self> {
        let mut frames: Vec<Frames> = Vec::new();
        let mut aggregates = Vec::with_capacity(spec.calls.len());
        for over in &spec.calls {
            let frame = match over.frame {
                // By the clock each row has a time of its own.
                Frame::Range(None) if spec.processing_time => Frame::Rows(None),
                frame => frame,
            };
            let at = frames.iter().position(|known| known.frame == frame);
            let at = at.unwrap_or_else(|| {
                frames.push(Frames::new(frame));
                frames.len() - 1
            });
            let types = spec.types_of(&over.call.arguments);
            aggregates.push((create(&over.call, &types, over.frame.is_bounded())?, at));
        }
        Ok(Self {
            keys: KeyIndex::new(&spec.types_of(&spec.partition))?,
            frames,
            aggregates,
            store: RowStore::new(Arc::clone(&spec.input)),
            held: Held::default(),
            waiting: Queue::default(),
            places: Vec::new(),
            emitted: Vec::new(),
            forget_at: Vec::new(),
            looks: Vec::new(),
            waiting_times: Vec::new(),
            forgotten: Vec::new(),
            range: range_of(&spec),
            dropped,
            watermark: i64::MIN,
            rows: 0,
            keys_max: KEYS_MIN,
            spec,
        })
    }

    /// Makes room for all keys.
    fn resize(&mut self) {
        let keys = self.keys.len();
        self.emitted.resize(keys, i64::MIN);
        self.forget_at.resize(keys, i64::MIN);
        self.looks.resize_with(keys, VecDeque::new);
        self.waiting_times.resize_with(keys, VecDeque::new);
        self.forgotten.resize(keys, i64::MIN);
        self.frames.iter_mut().for_each(|frames| frames.resize(keys));
        self.aggregates.iter_mut().for_each(|(aggregate, _)| aggregate.resize(keys));
    }

    /// How far a key has come at a watermark: the time of its last row that is emitted by then.
    fn come_to(&self, slot: u32, watermark: i64) -> i64 {
        let waiting = &self.waiting_times[slot as usize];
        let due = waiting.partition_point(|look| look.at <= watermark);
        let mut due = waiting.range(..due).rev().filter(|look| look.since < watermark);
        let due = due.next().map(|look| look.at);
        due.unwrap_or(i64::MIN).max(self.emitted[slot as usize])
    }

    /// Remembers that a key has a row of a time, and until when.
    fn touch(&mut self, slot: u32, time: i64, since: i64, watermark: i64) {
        if self.follows_keys() {
            let waiting = &mut self.waiting_times[slot as usize];
            let place = waiting.partition_point(|look| look.at <= time);
            waiting.insert(place, Look { at: time, since });
        }
        let Some(range) = self.range else { return };
        // As Flink does it: not with each row, and not before one and a half times the frame.
        let forget_at = &mut self.forget_at[slot as usize];
        if *forget_at == i64::MIN || *forget_at < time.saturating_add(range).saturating_add(1) {
            *forget_at = time.saturating_add(range + range / 2).saturating_add(1);
            self.looks[slot as usize].push_back(Look { at: *forget_at, since: watermark });
        }
    }

    /// Looks at a key before a row of it comes that met a watermark: whether its time has come to be
    /// forgotten. What is in its frames is out of those of all rows ahead of the watermark by then.
    fn look(&mut self, slot: u32, watermark: i64) {
        let at = slot as usize;
        let is_due = |look: &mut Look| look.at <= watermark && look.since < watermark;
        while let Some(Look { at: look, .. }) = self.looks[at].pop_front_if(is_due) {
            if self.forget_at[at] > look {
                self.emitted[at] = self.emitted[at].max(look);
            } else {
                self.forget_at[at] = i64::MIN;
                self.emitted[at] = i64::MIN;
                self.forgotten[at] = look;
            }
        }
    }

    /// Empties the frames of a key that has been forgotten, before a late row of it is its first.
    fn empty(&mut self, slot: u32) {
        let at = slot as usize;
        let forgotten = std::mem::replace(&mut self.forgotten[at], i64::MIN);
        if forgotten == i64::MIN {
            return;
        }
        let last = self.frames.iter().filter_map(|frames| frames.rows.get(at)?.back());
        if last.max().is_some_and(|row| self.held.times[*row as usize] > forgotten) {
            return;
        }
        for frames in &mut self.frames {
            if let Some(rows) = frames.rows.get_mut(at) {
                rows.drain(..).for_each(|row| self.held.release(row));
            }
        }
        self.aggregates.iter_mut().for_each(|(aggregate, _)| aggregate.clear(&[slot]));
    }

    /// Whether a row that is not ahead of the watermark is still taken if its key has not come as far.
    fn follows_keys(&self) -> bool {
        self.frames.iter().all(|frames| frames.frame.is_bounded())
    }

    /// Takes the waiting rows up to a time and emits them.
    fn advance(&mut self, watermark: i64, out: &mut Output) -> Result<()> {
        self.watermark = self.watermark.max(watermark);
        let (mut due, mut reached, mut late) = (Vec::new(), Vec::new(), false);
        let (all, watermark) = (self.spec.processing_time, self.watermark);
        let ordered = self.spec.ties.is_empty() || all;
        let (mut same, mut last) = (0, None);
        while let Some(entry) = self.waiting.pop(|due| all || due.is_by(watermark)) {
            late |= entry.due.since > i64::MIN;
            // Of a row that was on time, a watermark that it is ahead of.
            reached.push(entry.due.since.max(ahead_of(entry.due.time)));
            if !ordered && last.replace(entry.due) != Some(entry.due) {
                self.sort_ties(&mut due[same..])?;
                same = due.len();
            }
            due.push((entry.row, entry.slot));
        }
        if !ordered {
            self.sort_ties(&mut due[same..])?;
        }
        if due.is_empty() {
            return Ok(());
        }
        self.emit(&due, late.then(|| reached.into()), out)?;
        self.compact()
    }

    /// Puts rows of one time into their order.
    fn sort_ties(&self, rows: &mut [(u32, u32)]) -> Result<()> {
        if rows.len() < 2 {
            return Ok(());
        }
        let numbers: Vec<u32> = rows.iter().map(|(row, _)| *row).collect();
        let stored = batch(&self.spec.input, self.store.columns(&numbers)?, rows.len())?;
        let ties = order_rows(&self.spec.input, &stored, &self.spec.ties)?;
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|a, b| compare(&ties, *a, *b));
        let before = rows.to_vec();
        rows.iter_mut().zip(order).for_each(|(row, at)| *row = before[at]);
        Ok(())
    }

    /// Takes rows, each with its slot, in the order of time, and emits each with its values.
    fn emit(
        &mut self,
        due: &[(u32, u32)],
        reached: Option<Int64Array>,
        out: &mut Output,
    ) -> Result<()> {
        for (row, slot) in due {
            let (time, slot) = (self.held.times[*row as usize], *slot as usize);
            // Those of a key are emitted in the order of time.
            self.waiting_times[slot].pop_front();
            // A key that was forgotten since forgets what came before that.
            if time > self.forgotten[slot] {
                self.emitted[slot] = self.emitted[slot].max(time);
            }
        }
        let held = &mut self.held;
        let frames = self.frames.iter_mut();
        let mut steps: Vec<Vec<Step>> = frames.map(|frames| frames.steps(due, held)).collect();
        due.iter().for_each(|(row, _)| held.release(*row));
        let columns = self.place(due, &mut steps)?;
        let given = columns.iter().map(|column| column.slice(0, due.len()));
        let mut given: Vec<ArrayRef> = given.collect();
        for (over, (aggregate, frame)) in self.spec.calls.iter().zip(&mut self.aggregates) {
            let call = &over.call;
            let arguments = call.arguments.iter().map(|column| Arc::clone(&columns[*column]));
            given.push(aggregate.run(
                &steps[*frame],
                &Rows {
                    slots: &[],
                    arguments: &arguments.collect::<Vec<_>>(),
                    selected: call.filter.map(|column| columns[column].as_boolean()),
                    weights: None,
                    first: self.rows,
                    positions: None,
                },
            )?);
        }
        self.rows += due.len() as u64;
        let emitted = batch(&self.spec.schema, given, due.len())?;
        out.emit(ChangeBatch { reached, ..ChangeBatch::insert(emitted) });
        Ok(())
    }

    /// The columns of rows, and behind them those of rows that leave a frame; steps name rows by their places
    /// in these from then on.
    fn place(&mut self, due: &[(u32, u32)], steps: &mut [Vec<Step>]) -> Result<Vec<ArrayRef>> {
        self.places.resize(self.store.len(), u32::MAX);
        let mut rows: Vec<u32> = due.iter().map(|(row, _)| *row).collect();
        for (place, row) in (0..).zip(&rows) {
            self.places[*row as usize] = place;
        }
        for step in steps.iter_mut().flatten() {
            if let Step::Add { row, .. } | Step::Remove { row, .. } = step {
                let place = &mut self.places[*row as usize];
                if *place == u32::MAX {
                    *place = rows.len() as u32;
                    rows.push(*row);
                }
                *row = *place;
            }
        }
        rows.iter().for_each(|row| self.places[*row as usize] = u32::MAX);
        self.store.columns(&rows)
    }

    /// Numbers the rows anew once most neither wait nor are in a frame.
    fn compact(&mut self) -> Result<()> {
        let (all, live) = (self.store.len(), self.held.live);
        if all <= 2 * live + ROWS_MIN && (live > 0 || all == 0) {
            return Ok(());
        }
        let kept = (0..all as u32).filter(|row| self.held.by[*row as usize] > 0);
        let kept: Vec<u32> = kept.collect();
        self.store.retain(&kept)?;
        let mut moved = vec![u32::MAX; all];
        (0..).zip(&kept).for_each(|(new, old)| moved[*old as usize] = new);
        self.held.times = kept.iter().map(|row| self.held.times[*row as usize]).collect();
        self.held.by = kept.iter().map(|row| self.held.by[*row as usize]).collect();
        self.places = Vec::new();
        let members = self.frames.iter_mut().flat_map(|frames| frames.rows.iter_mut().flatten());
        members.for_each(|row| *row = moved[*row as usize]);
        self.waiting.renumber(|row| moved[row as usize]);
        Ok(())
    }

    /// Forgets the keys whose rows have all left their frames by now, where time makes them leave.
    fn forget_keys(&mut self) -> Result<()> {
        let Some(range) = self.range.filter(|_| self.keys.len() > self.keys_max) else {
            return Ok(());
        };
        let mut live: Vec<bool> = match self.spec.processing_time {
            // Rows that come have a later time than the last epoch's.
            true => (0..self.keys.len())
                .map(|slot| {
                    let last =
                        self.frames.iter().filter_map(|frames| frames.rows.get(slot)?.back());
                    let last = last.map(|row| self.held.times[*row as usize]).max();
                    last.is_some_and(|time| time.saturating_add(range) > self.watermark)
                })
                .collect(),
            false => self.forget_at.iter().map(|forget_at| *forget_at > self.watermark).collect(),
        };
        self.waiting.slots().for_each(|slot| live[*slot as usize] = true);
        let kept: Vec<u32> = (0..live.len() as u32).filter(|slot| live[*slot as usize]).collect();
        self.keys_max = 2 * kept.len() + KEYS_MIN;
        let mut moved = vec![0; live.len()];
        (0..).zip(&kept).for_each(|(new, old)| moved[*old as usize] = new);
        self.waiting.slots().for_each(|slot| *slot = moved[*slot as usize]);
        let empty = KeyIndex::new(&self.spec.types_of(&self.spec.partition))?;
        self.keys = renumbered(&self.keys, &kept, empty)?;
        let numbers = |of: &[i64]| kept.iter().map(|slot| of[*slot as usize]).collect();
        self.emitted = numbers(&self.emitted);
        self.forgotten = numbers(&self.forgotten);
        self.forget_at = numbers(&self.forget_at);
        let looks = |of: &mut [VecDeque<Look>]| {
            kept.iter().map(|slot| std::mem::take(&mut of[*slot as usize])).collect()
        };
        self.waiting_times = looks(&mut self.waiting_times);
        self.looks = looks(&mut self.looks);
        for frames in self.frames.iter_mut().filter(|frames| frames.frame.is_bounded()) {
            let taken = |slot: &u32| std::mem::take(&mut frames.rows[*slot as usize]);
            let rows = kept.iter().map(taken).collect();
            let gone = std::mem::replace(&mut frames.rows, rows);
            gone.into_iter().flatten().for_each(|row| self.held.release(row));
        }
        self.aggregates.iter_mut().for_each(|(aggregate, _)| aggregate.retain(&kept));
        self.compact()
    }
}

/// So few rows are not worth being numbered anew.
const ROWS_MIN: usize = 1_024;

/// So few keys are not worth being looked through.
const KEYS_MIN: usize = 1_024;

/// The longest frame in ms, when time makes rows leave all of them.
fn range_of(spec: &OverAggregateSpec) -> Option<i64> {
    let ranges = spec.calls.iter().map(|over| match over.frame {
        Frame::Range(Some(ms)) => Some(ms),
        _ => None,
    });
    ranges.collect::<Option<Vec<_>>>()?.into_iter().max()
}

impl Operator for OverAggregate {
    fn process(&mut self, _: usize, changes: ChangeBatch, out: &mut Output) -> Result<()> {
        let changes = with_rowtimes(changes, self.spec.time, &self.dropped)?;
        let rows = changes.num_rows();
        let mut slots = Vec::with_capacity(rows);
        self.keys.slots(&pick(&changes.rows, &self.spec.partition), rows, &mut slots)?;
        self.resize();
        let reached = changes.reached.as_ref().filter(|_| !self.spec.processing_time);
        let times = milliseconds(changes.rows.column(self.spec.time))?;
        let Some(reached) = reached else {
            for (slot, time) in slots.iter().zip(times.values()) {
                if !self.spec.processing_time {
                    self.touch(*slot, *time, i64::MIN, i64::MIN);
                }
            }
            return self.wait(changes.rows.columns(), &slots, &times, None);
        };
        let follows_keys = self.follows_keys();
        let (mut late, mut taken_rows) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let (slot, time, met) = (slots[row], times.value(row), reached.value(row));
            let ahead = time > met.max(self.watermark);
            self.look(slot, met);
            if !ahead && self.forgotten[slot as usize] > i64::MIN {
                // What came before the key was forgotten must not be ordered behind this row.
                self.let_wait(&changes, &slots, &times, &mut taken_rows)?;
                if met > self.watermark {
                    self.advance(met, out)?;
                }
                self.empty(slot);
            }
            if ahead || (follows_keys && time > self.come_to(slot, met)) {
                let since = if ahead { i64::MIN } else { met };
                self.touch(slot, time, since, met);
                taken_rows.push((row as u32, since));
            } else {
                late.push(row);
            }
        }
        self.let_wait(&changes, &slots, &times, &mut taken_rows)?;
        self.dropped.add(Reason::Late, &changes, &late, None);
        Ok(())
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        if time.watermark.0 > self.watermark || self.spec.processing_time {
            self.advance(time.watermark.0, out)?;
        }
        self.forget_keys()
    }

    fn next_window(&self) -> Option<NextWindow> {
        let due = self.waiting.first().filter(|_| !self.spec.processing_time)?.due;
        // What was late on its way in waits for a later watermark than it met.
        let needs = if due.since > i64::MIN { due.at.saturating_add(1) } else { due.at };
        Some(NextWindow { start: needs, end: needs, needs })
    }

    fn state_bytes(&self) -> usize {
        let aggregates: usize = self.aggregates.iter().map(|(state, _)| state.bytes()).sum();
        let members = self.frames.iter().flat_map(|frames| &frames.rows);
        let members: usize =
            members.map(|rows| rows.capacity() * 4 + size_of::<VecDeque<u32>>()).sum();
        let looks = self.waiting_times.iter().chain(&self.looks);
        let looks: usize = looks.map(|looks| looks.capacity() * size_of::<Look>()).sum();
        let of_keys =
            self.emitted.capacity() * (3 * size_of::<i64>() + 2 * size_of::<VecDeque<Look>>());
        let of_rows = self.held.times.capacity() * (size_of::<i64>() + 2 * size_of::<u32>());
        let numbers = looks + of_keys + of_rows + self.waiting.bytes();
        numbers + aggregates + members + self.keys.bytes() + self.store.bytes()
    }
}

impl OverAggregate {
    /// Lets rows wait, each with the watermark it met where it was not ahead of it.
    fn wait(
        &mut self,
        columns: &[ArrayRef],
        slots: &[u32],
        times: &Int64Array,
        since: Option<&[i64]>,
    ) -> Result<()> {
        let first = self.store.len() as u32;
        self.store.append(columns, slots.len())?;
        for (at, (slot, time)) in slots.iter().zip(times.values()).enumerate() {
            let since = since.map_or(i64::MIN, |since| since[at]);
            let due = match self.spec.processing_time {
                // By the clock all rows of an epoch are due, as they came.
                true => Due { at: i64::MIN, since, time: i64::MIN },
                false => {
                    Due { at: if since > i64::MIN { since } else { *time }, since, time: *time }
                }
            };
            self.held.push(*time);
            self.waiting.push(Entry { due, row: first + at as u32, slot: *slot });
        }
        Ok(())
    }

    /// Lets some rows of a batch wait.
    fn let_wait(
        &mut self,
        changes: &ChangeBatch,
        slots: &[u32],
        times: &Int64Array,
        rows: &mut Vec<(u32, i64)>,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let (rows, since): (Vec<u32>, Vec<i64>) = rows.drain(..).unzip();
        let slots: Vec<u32> = rows.iter().map(|row| slots[*row as usize]).collect();
        let times = rows.iter().map(|row| times.value(*row as usize)).collect::<Int64Array>();
        let columns = taken(&changes.rows, &UInt32Array::from(rows))?;
        self.wait(&columns, &slots, &times, Some(&since))
    }
}
