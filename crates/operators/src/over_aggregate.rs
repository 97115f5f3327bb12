//! [`OverAggregate`]: values over the rows before each row, in the order of time.
//!
//! Rows wait until the watermark has passed their time, then they are taken in the order of time and, at
//! the same time, of arrival. For each key the aggregates take rows that come into its frame and give up
//! those that leave it. Lateness follows Flink's two rules: with a frame that goes back to the start a row
//! is late when it is not ahead of the watermark, with a bounded one when a row of its key has been emitted
//! that is not earlier.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, SchemaRef};
use millstream_plan::{Frame, OrderKey, OverCall};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::aggregate::{GroupsAggregate, Rows, Step, create};
use crate::dropped::{Dropped, Reason};
use crate::operator::{NextWindow, Operator, OperatorTime, Output};
use crate::session_aggregate::renumbered;
use crate::watermark::milliseconds;
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

/// The rows that are in a frame now, for each key.
struct Members {
    frame: Frame,
    /// By slot: positions in the kept rows. Not for frames that nothing leaves.
    rows: Vec<VecDeque<u32>>,
}

/// Rows that wait for the watermark.
struct Waiting {
    rows: RecordBatch,
    slots: Vec<u32>,
    /// The watermark they must be behind: that which they met where they were not ahead of it.
    since: Vec<i64>,
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
    members: Vec<Members>,
    /// For each call its state and the position of its frame in `members`.
    aggregates: Vec<(Box<dyn GroupsAggregate>, usize)>,
    /// Rows that wait for the watermark, in the order of arrival.
    waiting: Vec<Waiting>,
    /// Rows that are in some frame, and their times.
    kept: RecordBatch,
    kept_times: Vec<i64>,
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
    /// The earliest time of the rows that wait.
    earliest: Option<i64>,
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
        let mut members: Vec<Members> = Vec::new();
        let mut aggregates = Vec::with_capacity(spec.calls.len());
        for over in &spec.calls {
            let frame = match over.frame {
                // By the clock each row has a time of its own.
                Frame::Range(None) if spec.processing_time => Frame::Rows(None),
                frame => frame,
            };
            let at = members.iter().position(|known| known.frame == frame);
            let at = at.unwrap_or_else(|| {
                members.push(Members { frame, rows: Vec::new() });
                members.len() - 1
            });
            let types = spec.types_of(&over.call.arguments);
            aggregates.push((create(&over.call, &types, over.frame.is_bounded())?, at));
        }
        Ok(Self {
            keys: KeyIndex::new(&spec.types_of(&spec.partition))?,
            members,
            aggregates,
            waiting: Vec::new(),
            kept: RecordBatch::new_empty(Arc::clone(&spec.input)),
            kept_times: Vec::new(),
            emitted: Vec::new(),
            forget_at: Vec::new(),
            looks: Vec::new(),
            waiting_times: Vec::new(),
            forgotten: Vec::new(),
            range: range_of(&spec),
            earliest: None,
            dropped,
            watermark: i64::MIN,
            rows: 0,
            keys_max: KEYS_MIN,
            spec,
        })
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
        let keys = self.keys.len();
        for members in &mut self.members {
            members.rows.resize_with(keys, VecDeque::new);
            let rows = &mut members.rows[at];
            if rows.back().is_some_and(|row| self.kept_times[*row as usize] > forgotten) {
                return;
            }
            rows.clear();
        }
        for (aggregate, _) in &mut self.aggregates {
            aggregate.resize(keys);
            aggregate.clear(&[slot]);
        }
    }

    /// Whether a row that is not ahead of the watermark is still taken if its key has not come as far.
    fn follows_keys(&self) -> bool {
        self.members.iter().all(|members| members.frame.is_bounded())
    }

    /// Takes the waiting rows up to a time and emits them.
    fn advance(&mut self, watermark: i64, out: &mut Output) -> Result<()> {
        self.watermark = self.watermark.max(watermark);
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let rows = concat_batches(&self.spec.input, waiting.iter().map(|waiting| &waiting.rows))?;
        let (mut slots, mut since) = (Vec::new(), Vec::new());
        for waiting in waiting {
            slots.extend(waiting.slots);
            since.extend(waiting.since);
        }
        let times = milliseconds(rows.column(self.spec.time))?;
        let times = times.values();
        let everything = 0..rows.num_rows() as u32;
        let (mut due, later): (Vec<u32>, Vec<u32>) = match self.spec.processing_time {
            true => (everything.collect(), Vec::new()),
            false => everything.partition(|row| {
                let row = *row as usize;
                times[row] <= self.watermark && since[row] < self.watermark
            }),
        };
        self.earliest = later.iter().map(|row| times[*row as usize]).min();
        if !later.is_empty() {
            let slots = later.iter().map(|row| slots[*row as usize]).collect();
            let since = later.iter().map(|row| since[*row as usize]).collect();
            let rows = take_record_batch(&rows, &UInt32Array::from(later))?;
            self.waiting.push(Waiting { rows, slots, since });
        }
        if due.is_empty() {
            return Ok(());
        }
        let ties = order_rows(&self.spec.input, &rows, &self.spec.ties)?;
        if !self.spec.processing_time {
            due.sort_by(|a, b| {
                let (a, b) = (*a as usize, *b as usize);
                times[a].cmp(&times[b]).then_with(|| compare(&ties, a, b))
            });
        }
        let due_slots: Vec<u32> = due.iter().map(|row| slots[*row as usize]).collect();
        let due_times: Vec<i64> = due.iter().map(|row| times[*row as usize]).collect();
        let due = take_record_batch(&rows, &UInt32Array::from(due))?;
        self.emit(&due, &due_slots, &due_times, out)
    }

    /// Takes rows in the order of time, and emits each with its values.
    fn emit(
        &mut self,
        due: &RecordBatch,
        slots: &[u32],
        times: &[i64],
        out: &mut Output,
    ) -> Result<()> {
        let keys = self.keys.len();
        self.emitted.resize(keys, i64::MIN);
        self.forgotten.resize(keys, i64::MIN);
        self.waiting_times.resize_with(keys, VecDeque::new);
        for (slot, time) in slots.iter().zip(times) {
            // They are emitted in the order of time.
            self.waiting_times[*slot as usize].pop_front();
            // A key that was forgotten since forgets what came before that.
            if *time > self.forgotten[*slot as usize] {
                let emitted = &mut self.emitted[*slot as usize];
                *emitted = (*emitted).max(*time);
            }
        }
        let base = self.kept_times.len();
        let rows = concat_batches(&self.spec.input, [&self.kept, due])?;
        self.kept_times.extend(times);
        let steps: Vec<Vec<Step>> = self
            .members
            .iter_mut()
            .map(|members| {
                if members.frame.is_bounded() {
                    members.rows.resize_with(keys, VecDeque::new);
                }
                members.steps(slots, &self.kept_times, base)
            })
            .collect();
        let mut columns = due.columns().to_vec();
        for (over, (aggregate, frame)) in self.spec.calls.iter().zip(&mut self.aggregates) {
            aggregate.resize(keys);
            let call = &over.call;
            columns.push(aggregate.run(
                &steps[*frame],
                &Rows {
                    slots: &[],
                    arguments: &pick(&rows, &call.arguments),
                    selected: call.filter.map(|column| rows.column(column).as_boolean()),
                    weights: None,
                    first: self.rows,
                    positions: None,
                },
            )?);
        }
        self.rows += rows.num_rows() as u64;
        let options = RecordBatchOptions::new().with_row_count(Some(due.num_rows()));
        let schema = Arc::clone(&self.spec.schema);
        let emitted = RecordBatch::try_new_with_options(schema, columns, &options)?;
        out.emit(ChangeBatch::insert(emitted));
        self.keep(&rows)
    }

    /// Keeps of some rows those that are in a frame.
    fn keep(&mut self, rows: &RecordBatch) -> Result<()> {
        let mut needed = vec![false; rows.num_rows()];
        let all = self.members.iter().flat_map(|members| members.rows.iter().flatten());
        all.for_each(|row| needed[*row as usize] = true);
        let mut moved = vec![0; needed.len()];
        let mut kept = Vec::new();
        for (row, needed) in needed.iter().enumerate().filter(|(_, needed)| **needed) {
            debug_assert!(needed);
            moved[row] = kept.len() as u32;
            kept.push(row as u32);
        }
        for members in &mut self.members {
            members.rows.iter_mut().flatten().for_each(|row| *row = moved[*row as usize]);
        }
        self.kept_times = kept.iter().map(|row| self.kept_times[*row as usize]).collect();
        self.kept = take_record_batch(rows, &UInt32Array::from(kept))?;
        Ok(())
    }

    /// Forgets the keys whose rows have all left their frames by now, where time makes them leave.
    fn forget_keys(&mut self) -> Result<()> {
        if self.keys.len() <= self.keys_max {
            return Ok(());
        }
        let mut live = vec![false; self.keys.len()];
        if self.range.is_none() {
            self.keys_max = usize::MAX;
            return Ok(());
        }
        for (live, forget_at) in live.iter_mut().zip(&self.forget_at) {
            *live = *forget_at > self.watermark;
        }
        let waiting = self.waiting.iter().flat_map(|waiting| &waiting.slots);
        waiting.for_each(|slot| live[*slot as usize] = true);
        let kept: Vec<u32> = (0..live.len() as u32).filter(|slot| live[*slot as usize]).collect();
        self.keys_max = 2 * kept.len() + KEYS_MIN;
        let mut moved = vec![0; live.len()];
        (0..).zip(&kept).for_each(|(new, old)| moved[*old as usize] = new);
        for Waiting { slots, .. } in &mut self.waiting {
            slots.iter_mut().for_each(|slot| *slot = moved[*slot as usize]);
        }
        let empty = KeyIndex::new(&self.spec.types_of(&self.spec.partition))?;
        self.keys = renumbered(&self.keys, &kept, empty)?;
        self.emitted.resize(live.len(), i64::MIN);
        self.looks.resize_with(live.len(), VecDeque::new);
        self.emitted = kept.iter().map(|slot| self.emitted[*slot as usize]).collect();
        self.waiting_times.resize_with(live.len(), VecDeque::new);
        let times = |slot: &u32| std::mem::take(&mut self.waiting_times[*slot as usize]);
        self.waiting_times = kept.iter().map(times).collect();
        let looks = |slot: &u32| std::mem::take(&mut self.looks[*slot as usize]);
        self.looks = kept.iter().map(looks).collect();
        self.forgotten.resize(live.len(), i64::MIN);
        self.forgotten = kept.iter().map(|slot| self.forgotten[*slot as usize]).collect();
        self.forget_at = kept.iter().map(|slot| self.forget_at[*slot as usize]).collect();
        for members in &mut self.members {
            members.rows.resize_with(live.len(), VecDeque::new);
            let taken = |slot: &u32| std::mem::take(&mut members.rows[*slot as usize]);
            members.rows = kept.iter().map(taken).collect();
        }
        for (aggregate, _) in &mut self.aggregates {
            aggregate.resize(live.len());
            aggregate.retain(&kept);
        }
        let rows = self.kept.clone();
        self.keep(&rows)
    }
}

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

impl Members {
    /// What happens to the frames of rows that stand behind `base` kept ones; `times` are those of all.
    fn steps(&mut self, slots: &[u32], times: &[i64], base: usize) -> Vec<Step> {
        let mut steps = Vec::with_capacity(slots.len() * 3);
        let mut from = 0;
        while from < slots.len() {
            // With RANGE the rows of one time come into the frame together.
            let run = match self.frame {
                Frame::Rows(_) => 1,
                Frame::Range(_) => {
                    let time = times[base + from];
                    times[base + from..].iter().take_while(|other| **other == time).count()
                }
            };
            for (at, slot) in (from..).zip(&slots[from..from + run]) {
                let (slot, row) = (*slot, (base + at) as u32);
                if self.frame.is_bounded() {
                    let rows = &mut self.rows[slot as usize];
                    let leaves = |rows: &VecDeque<u32>| match (self.frame, rows.front()) {
                        (_, None) => false,
                        (Frame::Rows(most), _) => most.is_some_and(|most| rows.len() as u64 > most),
                        (Frame::Range(back), Some(first)) => {
                            let least =
                                times[row as usize].saturating_sub(back.unwrap_or(i64::MAX));
                            times[*first as usize] < least
                        }
                    };
                    while leaves(rows)
                        && let Some(row) = rows.pop_front()
                    {
                        steps.push(Step::Remove { row, slot });
                    }
                    rows.push_back(row);
                }
                steps.push(Step::Add { row, slot });
            }
            steps.extend(slots[from..from + run].iter().map(|slot| Step::Value { slot: *slot }));
            from += run;
        }
        steps
    }
}

impl Operator for OverAggregate {
    fn process(&mut self, _: usize, changes: ChangeBatch, out: &mut Output) -> Result<()> {
        let changes = with_rowtimes(changes, self.spec.time, &self.dropped)?;
        let rows = changes.num_rows();
        let mut slots = Vec::with_capacity(rows);
        self.keys.slots(&pick(&changes.rows, &self.spec.partition), rows, &mut slots)?;
        self.emitted.resize(self.keys.len(), i64::MIN);
        self.forget_at.resize(self.keys.len(), i64::MIN);
        self.looks.resize_with(self.keys.len(), VecDeque::new);
        self.waiting_times.resize_with(self.keys.len(), VecDeque::new);
        self.forgotten.resize(self.keys.len(), i64::MIN);
        let reached = changes.reached.as_ref().filter(|_| !self.spec.processing_time);
        let times = milliseconds(changes.rows.column(self.spec.time))?;
        let least = times.values().iter().copied().min();
        self.earliest = self.earliest.into_iter().chain(least).min();
        let Some(reached) = reached else {
            if !self.spec.processing_time {
                for (slot, time) in slots.iter().zip(times.values()) {
                    self.touch(*slot, *time, i64::MIN, i64::MIN);
                }
            }
            if rows > 0 {
                let since = vec![i64::MIN; rows];
                self.waiting.push(Waiting { rows: changes.rows, slots, since });
            }
            return Ok(());
        };
        let follows_keys = self.follows_keys();
        let (mut late, mut taken) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let (slot, time, met) = (slots[row], times.value(row), reached.value(row));
            let ahead = time > met.max(self.watermark);
            self.look(slot, met);
            if !ahead && self.forgotten[slot as usize] > i64::MIN {
                // What came before the key was forgotten must not be ordered behind this row.
                self.wait(&changes.rows, &slots, &mut taken)?;
                if met > self.watermark {
                    self.advance(met, out)?;
                }
                self.empty(slot);
            }
            if ahead || (follows_keys && time > self.come_to(slot, met)) {
                let since = if ahead { i64::MIN } else { met };
                self.touch(slot, time, since, met);
                taken.push((row as u32, since));
            } else {
                late.push(row);
            }
        }
        self.wait(&changes.rows, &slots, &mut taken)?;
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
        let needs = self.earliest.filter(|_| !self.spec.processing_time)?;
        Some(NextWindow { start: needs, end: needs, needs })
    }

    fn state_bytes(&self) -> usize {
        let waiting: usize = self.waiting.iter().map(|w| w.rows.get_array_memory_size()).sum();
        let aggregates: usize = self.aggregates.iter().map(|(state, _)| state.bytes()).sum();
        let members = self.members.iter().flat_map(|members| &members.rows);
        let members: usize = members.map(|rows| rows.capacity() * 4).sum();
        let of_keys =
            self.emitted.capacity() * (3 * size_of::<i64>() + 2 * size_of::<VecDeque<Look>>());
        let kept = self.kept.get_array_memory_size();
        waiting + aggregates + members + of_keys + self.keys.bytes() + kept
    }
}

impl OverAggregate {
    /// Lets some rows of a batch wait.
    fn wait(
        &mut self,
        rows: &RecordBatch,
        slots: &[u32],
        taken: &mut Vec<(u32, i64)>,
    ) -> Result<()> {
        if taken.is_empty() {
            return Ok(());
        }
        let (positions, since): (Vec<u32>, Vec<i64>) = taken.drain(..).unzip();
        let slots = positions.iter().map(|row| slots[*row as usize]).collect();
        let rows = take_record_batch(rows, &UInt32Array::from(positions))?;
        self.waiting.push(Waiting { rows, slots, since });
        Ok(())
    }
}
