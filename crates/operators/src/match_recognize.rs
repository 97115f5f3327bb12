//! [`MatchRecognize`]: sequences of rows that fit a pattern.
//!
//! Rows wait until the watermark has passed their time and are then taken in the order of time, of the
//! other columns of ORDER BY, and of arrival. Each key has an automaton of its own
//! (`match_nfa`); what it does with a row is in `match_key`.
//!
//! A condition that only reads the row itself is a column of it. One that reads rows before it is
//! evaluated for many keys at once: due rows are taken in rounds, the first row of each key, then the
//! second of each, and in a round each condition is computed once, for all partial matches that ask for
//! it.
//!
//! What comes out does not depend on that: it is put into the order of the rows that ended the matches.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::{DataType, SchemaRef};
use millstream_plan::{MatchRecognize as Plan, PatternCondition};
use millstream_state::{KeyIndex, RowStore};
use millstream_types::{ChangeBatch, Result};

use crate::dropped::{Dropped, Reason};
use crate::match_heap::Starts;
use crate::match_key::{Key, Partial, Step, Whole};
use crate::match_nfa::Nfa;
use crate::match_values::{Matched, Values};
use crate::operator::{NextWindow, Operator, OperatorTime, Output};
use crate::over_queue::{Due, Entry, Queue};
use crate::pairs::batch;
use crate::session_aggregate::renumbered;
use crate::watermark::milliseconds;
use crate::window_rank::{compare, order_rows};
use crate::window_table::pick;
use crate::window_table_function::with_rowtimes;

/// What the operator is told; shared by its shards.
pub struct MatchRecognizeSpec {
    plan: Plan,
    nfa: Nfa,
    /// The columns of the input.
    input: SchemaRef,
    /// The columns that come out.
    schema: SchemaRef,
    /// The variables whose conditions read other rows too, by their bits.
    asking: u64,
}

impl MatchRecognizeSpec {
    /// Of a plan's node, with the columns that come in and those that come out.
    pub fn new(plan: Plan, input: SchemaRef, schema: SchemaRef) -> Self {
        let asks =
            |condition: &PatternCondition| matches!(condition, PatternCondition::Values { .. });
        let variables = plan.pattern.variables.iter().enumerate();
        let asking = variables.filter(|(_, variable)| asks(&variable.condition));
        let asking = asking.fold(0, |bits, (variable, _)| bits | 1 << variable);
        Self { nfa: Nfa::new(&plan.pattern), plan, input, schema, asking }
    }

    fn empty_index(&self) -> Result<KeyIndex> {
        let types = self.plan.partition.iter();
        let types: Vec<DataType> =
            types.map(|column| self.input.field(*column).data_type().clone()).collect();
        KeyIndex::new(&types)
    }
}

/// A row whose time has come.
#[derive(Clone, Copy)]
struct DueRow {
    stored: u32,
    slot: u32,
    step: Step,
}

/// A partial match that asks whether a condition is TRUE for a row.
struct Question {
    slot: u32,
    /// What it would be with the row.
    cuts: Vec<u64>,
    step: Step,
    /// Where the answer goes.
    answer: usize,
}

/// A match that was found.
struct Found {
    slot: u32,
    rows: Whole,
    time: i64,
    /// The position of the row that ended it among those that were due.
    at: usize,
}

/// One shard of the operator.
pub struct MatchRecognize {
    spec: Arc<MatchRecognizeSpec>,
    index: KeyIndex,
    /// By slot.
    keys: Vec<Key>,
    /// The rows that wait or that some match needs.
    store: RowStore,
    /// By row: its time.
    times: Vec<i64>,
    /// By row: whether it is needed.
    held: Vec<bool>,
    live: usize,
    /// The rows that wait for the watermark.
    waiting: Queue,
    /// By variable: what its condition reads, where that is other rows too.
    reads: Vec<Option<Values>>,
    /// What comes out of a match.
    values: Values,
    /// When partial matches of keys expire.
    alarms: BinaryHeap<Reverse<(i64, u32)>>,
    found: Vec<Found>,
    dropped: Arc<Dropped>,
    watermark: i64,
    /// How many keys there may be before those that nothing is known of are forgotten.
    keys_max: usize,
    /// Memory to work with.
    spare: Vec<Partial>,
}

/// So few keys are not worth being looked through.
const KEYS_MIN: usize = 1_024;

/// So few rows are not worth being numbered anew.
const ROWS_MIN: usize = 1_024;

impl MatchRecognize {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be a key, or an aggregate does not take its arguments.
    pub fn new(spec: Arc<MatchRecognizeSpec>, dropped: Arc<Dropped>) -> Result<Self> {
        let time = spec.input.field(spec.plan.time).data_type();
        let reads = spec.plan.pattern.variables.iter().map(|variable| match &variable.condition {
            PatternCondition::Values { values, .. } => {
                Ok(Some(Values::new(values, &spec.input, time)?))
            }
            _ => Ok(None),
        });
        Ok(Self {
            index: spec.empty_index()?,
            keys: Vec::new(),
            store: RowStore::new(Arc::clone(&spec.input)),
            times: Vec::new(),
            held: Vec::new(),
            live: 0,
            waiting: Queue::default(),
            reads: reads.collect::<Result<_>>()?,
            values: Values::new(&spec.plan.values, &spec.input, time)?,
            alarms: BinaryHeap::new(),
            found: Vec::new(),
            dropped,
            watermark: i64::MIN,
            keys_max: KEYS_MIN,
            spare: Vec::new(),
            spec,
        })
    }

    /// Takes the waiting rows up to a time, and emits the matches that follow.
    fn advance(&mut self, watermark: i64, out: &mut Output) -> Result<()> {
        self.watermark = self.watermark.max(watermark);
        let due = self.due()?;
        let truths = self.truths(&due)?;
        for round in self.rounds(&due) {
            self.take(&round, &due, &truths)?;
        }
        let mut touched: Vec<u32> = due.iter().map(|row| row.slot).collect();
        touched.sort_unstable();
        touched.dedup();
        touched.iter().for_each(|slot| self.watch(*slot));
        self.expire(due.len(), &mut touched)?;
        self.emit(out)?;
        touched.into_iter().for_each(|slot| self.trim(slot));
        self.compact()
    }

    /// The rows whose time has come, in their order.
    fn due(&mut self) -> Result<Vec<DueRow>> {
        let (all, watermark) = (self.spec.plan.processing_time, self.watermark);
        let mut entries: Vec<Entry> = Vec::new();
        let mut same = 0;
        while let Some(entry) = self.waiting.pop(|due| all || due.is_by(watermark)) {
            if entries.last().is_some_and(|last| last.due != entry.due) {
                self.sort_ties(&mut entries[same..])?;
                same = entries.len();
            }
            entries.push(entry);
        }
        self.sort_ties(&mut entries[same..])?;
        let rows = entries.into_iter().map(|Entry { row, slot, .. }| {
            let number = self.keys[slot as usize].push(row);
            let step = Step { row: number, time: self.times[row as usize] };
            DueRow { stored: row, slot, step }
        });
        Ok(rows.collect())
    }

    /// Puts rows of one time into their order.
    fn sort_ties(&self, rows: &mut [Entry]) -> Result<()> {
        let (input, ties) = (&self.spec.input, &self.spec.plan.ties);
        if rows.len() < 2 || ties.is_empty() {
            return Ok(());
        }
        let numbers: Vec<u32> = rows.iter().map(|entry| entry.row).collect();
        let stored = batch(input, self.store.columns(&numbers)?, rows.len())?;
        let ties = order_rows(input, &stored, ties)?;
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|a, b| compare(&ties, *a, *b));
        let before = rows.to_vec();
        rows.iter_mut().zip(order).for_each(|(row, at)| *row = before[at]);
        Ok(())
    }

    /// For each row the conditions that are TRUE and only read the row itself, by the bits of their
    /// variables.
    fn truths(&self, due: &[DueRow]) -> Result<Vec<u64>> {
        let mut truths = vec![0; due.len()];
        let stored: Vec<Option<u32>> = due.iter().map(|row| Some(row.stored)).collect();
        for (variable, of) in self.spec.plan.pattern.variables.iter().enumerate() {
            let bit = 1 << variable;
            match &of.condition {
                PatternCondition::Always => truths.iter_mut().for_each(|truths| *truths |= bit),
                PatternCondition::Column(column) => {
                    let column = self.store.column(*column, &stored)?;
                    set(&mut truths, column.as_boolean(), bit);
                }
                PatternCondition::Values { .. } => {}
            }
        }
        Ok(truths)
    }

    /// The rows that are taken together: one of each key, if any condition is worth that.
    fn rounds(&self, due: &[DueRow]) -> Vec<Vec<usize>> {
        if self.spec.asking == 0 {
            return vec![(0..due.len()).collect()];
        }
        let mut turns = vec![0_usize; self.keys.len()];
        let mut rounds: Vec<Vec<usize>> = Vec::new();
        for (at, row) in due.iter().enumerate() {
            let turn = &mut turns[row.slot as usize];
            if *turn == rounds.len() {
                rounds.push(Vec::new());
            }
            rounds[*turn].push(at);
            *turn += 1;
        }
        rounds
    }

    /// Takes rows. Each is of another key, or no condition reads other rows.
    fn take(&mut self, round: &[usize], due: &[DueRow], truths: &[u64]) -> Result<()> {
        let answers = self.ask(round, due)?;
        let mut answers = answers.as_deref();
        let spec = Arc::clone(&self.spec);
        for at in round {
            let DueRow { slot, step, .. } = due[*at];
            self.let_expire(slot, step.time, *at)?;
            let key = &mut self.keys[slot as usize];
            let (mine, others) = answers.map_or((&[][..], None), |answers| {
                let (mine, others) = answers.split_at(key.partial.items().len());
                (mine, Some(others))
            });
            answers = others;
            let known = truths[*at];
            let truths = |partial: usize| known | mine.get(partial).copied().unwrap_or(0);
            key.step(&spec.nfa, step, truths, &mut self.spare);
            while let Some(rows) = key.release(&spec.plan.pattern)? {
                self.found.push(Found { slot, rows, time: step.time, at: *at });
            }
        }
        Ok(())
    }

    /// For each partial match of each row the conditions that read other rows and are TRUE; `None`
    /// without any.
    fn ask(&mut self, round: &[usize], due: &[DueRow]) -> Result<Option<Vec<u64>>> {
        let spec = Arc::clone(&self.spec);
        if spec.asking == 0 {
            return Ok(None);
        }
        let mut answers: Vec<u64> = Vec::new();
        let mut questions: Vec<Vec<Question>> = Vec::new();
        questions.resize_with(self.reads.len(), Vec::new);
        for at in round {
            let DueRow { slot, step, .. } = due[*at];
            self.let_expire(slot, step.time, *at)?;
            for partial in self.keys[slot as usize].partial.items() {
                let mut asks = spec.nfa.states[partial.state].asks & spec.asking;
                while asks > 0 {
                    let variable = asks.trailing_zeros() as usize;
                    let cuts = partial.with(variable, step.row);
                    questions[variable].push(Question { slot, cuts, step, answer: answers.len() });
                    asks &= asks - 1;
                }
                answers.push(0);
            }
        }
        for (variable, questions) in questions.iter().enumerate().filter(|(_, q)| !q.is_empty()) {
            let condition = &spec.plan.pattern.variables[variable].condition;
            let (PatternCondition::Values { condition, schema, .. }, Some(reads)) =
                (condition, &mut self.reads[variable])
            else {
                continue;
            };
            let matched = questions.iter().map(|question| Matched {
                key: &self.keys[question.slot as usize],
                cuts: &question.cuts,
                end: question.step.row + 1,
                time: question.step.time,
            });
            let columns = reads.of(&self.store, &matched.collect::<Vec<_>>())?;
            let holds = condition.evaluate_condition(&batch(schema, columns, questions.len())?)?;
            for (question, holds) in questions.iter().zip(holds.values()) {
                answers[question.answer] |= u64::from(holds) << variable;
            }
        }
        Ok(Some(answers))
    }

    /// Gives up the partial matches of a key that come too late at a time, and takes out what waited for
    /// them.
    fn let_expire(&mut self, slot: u32, time: i64, at: usize) -> Result<()> {
        let Some(within) = self.spec.plan.pattern.within else { return Ok(()) };
        let key = &mut self.keys[slot as usize];
        let gone = key.expire(time, within);
        if gone.is_empty() {
            return Ok(());
        }
        while let Some(rows) = key.release(&self.spec.plan.pattern)? {
            // It was found when the last of those that start before it was given up.
            let before = gone.iter().filter(|(start, _)| *start < rows.start());
            let freed = before.map(|(_, deadline)| *deadline).max();
            self.found.push(Found { slot, rows, time: freed.unwrap_or(time), at });
        }
        Ok(())
    }

    /// Gives up what the watermark has made too late, of keys without a row for it.
    fn expire(&mut self, at: usize, touched: &mut Vec<u32>) -> Result<()> {
        while let Some(Reverse((deadline, slot))) = self.alarms.peek().copied()
            && deadline <= self.watermark
        {
            self.alarms.pop();
            self.keys[slot as usize].alarm = None;
            self.let_expire(slot, self.watermark, at)?;
            self.watch(slot);
            touched.push(slot);
        }
        Ok(())
    }

    /// Emits the matches that were found, in the order of the rows that ended them.
    fn emit(&mut self, out: &mut Output) -> Result<()> {
        let mut found = std::mem::take(&mut self.found);
        if found.is_empty() {
            return Ok(());
        }
        found.sort_by_key(|found| (found.time, found.at));
        let matched: Vec<Matched<'_>> = found
            .iter()
            .map(|found| Matched {
                key: &self.keys[found.slot as usize],
                cuts: &found.rows.cuts,
                end: found.rows.end,
                time: found.time,
            })
            .collect();
        let first = |found: &Matched<'_>| found.key.stored(found.cuts[0]);
        let firsts: Vec<Option<u32>> = matched.iter().map(first).collect();
        let partition = self.spec.plan.partition.iter();
        let partition = partition.map(|column| self.store.column(*column, &firsts));
        let mut columns: Vec<ArrayRef> = partition.collect::<Result<_>>()?;
        columns.extend(self.values.of(&self.store, &matched)?);
        let rows = batch(&self.spec.schema, columns, found.len())?;
        out.emit(ChangeBatch::insert(rows));
        Ok(())
    }

    /// Sees to it that a key is looked at when the first of its partial matches expires.
    fn watch(&mut self, slot: u32) {
        let Some(within) = self.spec.plan.pattern.within else { return };
        let key = &mut self.keys[slot as usize];
        if key.alarm.is_none()
            && let Some(deadline) = key.deadline(within)
        {
            key.alarm = Some(deadline);
            self.alarms.push(Reverse((deadline, slot)));
        }
    }

    /// Gives up the rows of a key that no match needs.
    fn trim(&mut self, slot: u32) {
        let (held, live) = (&mut self.held, &mut self.live);
        self.keys[slot as usize].trim(|row| {
            held[row as usize] = false;
            *live -= 1;
        });
    }

    /// Numbers the rows anew once most are not needed.
    fn compact(&mut self) -> Result<()> {
        let (all, live) = (self.store.len(), self.live);
        if all <= 2 * live + ROWS_MIN && (live > 0 || all == 0) {
            return Ok(());
        }
        let kept: Vec<u32> = (0..all as u32).filter(|row| self.held[*row as usize]).collect();
        self.store.retain(&kept)?;
        let mut moved = vec![u32::MAX; all];
        (0..).zip(&kept).for_each(|(new, old)| moved[*old as usize] = new);
        self.times = kept.iter().map(|row| self.times[*row as usize]).collect();
        self.held = vec![true; kept.len()];
        self.keys.iter_mut().for_each(|key| key.renumber(&moved));
        self.waiting.renumber(|row| moved[row as usize]);
        Ok(())
    }

    /// Forgets the keys that nothing is known of.
    fn forget_keys(&mut self) -> Result<()> {
        if self.keys.len() <= self.keys_max {
            return Ok(());
        }
        let mut live: Vec<bool> = self.keys.iter().map(|key| !key.is_idle()).collect();
        self.waiting.slots().for_each(|slot| live[*slot as usize] = true);
        let kept: Vec<u32> = (0..live.len() as u32).filter(|slot| live[*slot as usize]).collect();
        self.keys_max = 2 * kept.len() + KEYS_MIN;
        let mut moved = vec![0; live.len()];
        (0..).zip(&kept).for_each(|(new, old)| moved[*old as usize] = new);
        self.waiting.slots().for_each(|slot| *slot = moved[*slot as usize]);
        self.index = renumbered(&self.index, &kept, self.spec.empty_index()?)?;
        let mut of_live = live.iter();
        self.keys.retain(|_| of_live.next().is_some_and(|live| *live));
        let alarms = std::mem::take(&mut self.alarms).into_iter();
        let alarms = alarms.filter(|Reverse((_, slot))| live[*slot as usize]);
        self.alarms =
            alarms.map(|Reverse((at, slot))| Reverse((at, moved[slot as usize]))).collect();
        Ok(())
    }
}

/// Sets a bit where a condition is TRUE.
fn set(truths: &mut [u64], holds: &BooleanArray, bit: u64) {
    for (row, truths) in truths.iter_mut().enumerate() {
        if holds.is_valid(row) && holds.value(row) {
            *truths |= bit;
        }
    }
}

impl Operator for MatchRecognize {
    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let time = self.spec.plan.time;
        let changes = with_rowtimes(changes, time, &self.dropped)?;
        let times = milliseconds(changes.rows.column(time))?;
        let changes = match &changes.reached {
            Some(reached) if !self.spec.plan.processing_time => {
                let met = |row: usize| reached.value(row).max(self.watermark);
                let ahead = |row: usize| times.value(row) > met(row);
                let rows = 0..changes.num_rows();
                let late: Vec<usize> = rows.clone().filter(|row| !ahead(*row)).collect();
                self.dropped.add(Reason::Late, &changes, &late, None);
                match late.is_empty() {
                    true => changes,
                    false => changes.filter(&rows.map(ahead).collect::<Vec<_>>().into())?,
                }
            }
            _ => changes,
        };
        let rows = changes.num_rows();
        let mut slots = Vec::with_capacity(rows);
        self.index.slots(&pick(&changes.rows, &self.spec.plan.partition), rows, &mut slots)?;
        self.keys.resize_with(self.index.len(), || Key::new(&self.spec.nfa));
        let first = self.store.len() as u32;
        self.store.append(changes.rows.columns(), rows)?;
        let times = milliseconds(changes.rows.column(time))?;
        for (row, (slot, time)) in (first..).zip(slots.into_iter().zip(times.values())) {
            // By the clock all rows of an epoch are due, as they came.
            let at = if self.spec.plan.processing_time { i64::MIN } else { *time };
            let due = Due { at, since: i64::MIN, time: at };
            self.waiting.push(Entry { due, row, slot });
            self.times.push(*time);
            self.held.push(true);
        }
        self.live += rows;
        Ok(())
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        if time.watermark.0 > self.watermark || self.spec.plan.processing_time {
            self.advance(time.watermark.0, out)?;
        }
        self.forget_keys()
    }

    fn next_window(&self) -> Option<NextWindow> {
        let due = self.waiting.first().filter(|_| !self.spec.plan.processing_time)?.due;
        Some(NextWindow { start: due.at, end: due.at, needs: due.at })
    }

    fn wakes_at(&self) -> Option<i64> {
        let alarm = self.alarms.peek().filter(|_| self.spec.plan.processing_time)?;
        Some(alarm.0.0)
    }

    fn state_bytes(&self) -> usize {
        let of_keys: usize = self.keys.iter().map(Key::bytes).sum();
        let of_rows = self.times.capacity() * 9 + self.waiting.bytes() + self.store.bytes();
        of_keys + of_rows + self.index.bytes() + self.alarms.len() * size_of::<(i64, u32)>()
    }
}
