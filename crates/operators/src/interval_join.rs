//! [`IntervalJoin`]: joins rows of two inputs whose times are at most so far apart.
//!
//! A row is kept until no row of the other input that is on time can belong to it any more. What belongs
//! together follows from the watermark that each row met, not from how rows were batched: of two rows the one
//! that met the lower watermark came first, waits if its partners may still be on time, and must not have
//! been given up when the other one comes. A row that comes too late to wait is kept to the end of its
//! epoch, for the rows that came before it and are processed after it. The result follows time later than
//! its inputs, by as much as a row may wait. Source: Flink's `TimeIntervalJoin`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, UInt32Array};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use millstream_expr::ScalarExpr;
use millstream_plan::JoinKind;
use millstream_state::{KeyIndex, RowStore};
use millstream_types::{ChangeBatch, Result};

use crate::dropped::{Dropped, Reason};
use crate::operator::{Operator, OperatorTime, Output};
use crate::pairs::{PAIRS, batch, beside, both, holds, nulls, taken};
use crate::session_aggregate::renumbered;
use crate::watermark::milliseconds;
use crate::window_table::pick;
use crate::window_table_function::with_rowtimes;

/// What the operator is told; shared by its shards. Times are in ms.
pub struct IntervalJoinSpec {
    /// Which rows come out: pairs, and rows without a partner of the sides that are kept.
    pub kind: JoinKind,
    /// For each input the columns that must be equal to those of the other.
    pub keys: [Vec<usize>; 2],
    /// Whether NULL is equal to NULL in them.
    pub equal_nulls: bool,
    /// For each input its time.
    pub times: [usize; 2],
    /// How much later than the left row the right row of a pair is, at least.
    pub least: i64,
    /// And at most.
    pub most: i64,
    /// How far the time of the result is behind that of the inputs: as long as a row may wait.
    pub delay: i64,
    /// What must hold beside that, over the columns of both.
    pub condition: Option<ScalarExpr>,
    /// The columns of both inputs.
    pub inputs: [SchemaRef; 2],
    /// The columns that come out.
    pub schema: SchemaRef,
}

impl IntervalJoinSpec {
    fn keeps(&self, side: usize) -> bool {
        match self.kind {
            JoinKind::Left => side == 0,
            JoinKind::Right => side == 1,
            JoinKind::Full => true,
            _ => false,
        }
    }

    /// How much later the partners of a row of a side are, at least and at most.
    fn bounds(&self, side: usize) -> (i64, i64) {
        if side == 0 { (self.least, self.most) } else { (-self.most, -self.least) }
    }

    fn key_types(&self, side: usize) -> Vec<DataType> {
        let columns = self.keys[side].iter();
        columns.map(|column| self.inputs[side].field(*column).data_type().clone()).collect()
    }
}

struct Entry {
    time: i64,
    /// The watermark that it met.
    met: i64,
    /// Its number in the store.
    row: u32,
    matched: bool,
}

impl Entry {
    /// Whether it waited for partners that are at most so much later.
    fn waits(&self, most: i64) -> bool {
        self.met < self.time.saturating_add(most)
    }

    /// Whether it waited for a row that met a watermark, and was not given up before.
    fn awaits(&self, met: i64, most: i64) -> bool {
        self.met <= met && self.waits(most) && self.time >= met.saturating_sub(most)
    }
}

/// The rows of one side that wait for partners.
struct Side {
    store: RowStore,
    /// By the slot of the key, in the order of time.
    rows: Vec<VecDeque<Entry>>,
    /// The slots that have rows of a time.
    by_time: BTreeMap<i64, Vec<u32>>,
    /// How many rows wait.
    live: usize,
    /// The slots and times of rows that are here to the end of the epoch only.
    passing: Vec<(u32, i64)>,
}

/// So few keys or rows are not worth being numbered anew.
const KEPT_MIN: usize = 1_024;

impl Side {
    fn new(spec: &IntervalJoinSpec, side: usize) -> Self {
        let fields = spec.inputs[side].fields().iter();
        let fields = fields.map(|field| field.as_ref().clone().with_nullable(true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Self {
            store: RowStore::new(schema),
            rows: Vec::new(),
            by_time: BTreeMap::new(),
            live: 0,
            passing: Vec::new(),
        }
    }

    fn insert(&mut self, slot: u32, entry: Entry, waits: bool) {
        self.live += 1;
        match waits {
            true => self.by_time.entry(entry.time).or_default().push(slot),
            false => self.passing.push((slot, entry.time)),
        }
        let rows = &mut self.rows[slot as usize];
        let at = match rows.back() {
            Some(last) if last.time > entry.time => {
                rows.partition_point(|known| known.time <= entry.time)
            }
            _ => rows.len(),
        };
        rows.insert(at, entry);
    }

    /// Gives up the rows up to a time, and returns those that found no partner.
    fn expire(&mut self, until: i64) -> Vec<u32> {
        let mut alone = Vec::new();
        while let Some(first) = self.by_time.first_entry()
            && *first.key() <= until
        {
            let time = *first.key();
            for slot in first.remove() {
                let rows = &mut self.rows[slot as usize];
                while rows.front().is_some_and(|entry| entry.time <= time) {
                    let Some(entry) = rows.pop_front() else { break };
                    self.live -= 1;
                    if !entry.matched {
                        alone.push(entry.row);
                    }
                }
            }
        }
        alone
    }

    /// Gives up the rows that came too late to wait, and returns those that found no partner.
    fn pass(&mut self, most: i64) -> Vec<Entry> {
        let mut alone = Vec::new();
        for (slot, time) in std::mem::take(&mut self.passing) {
            let rows = &mut self.rows[slot as usize];
            let mut at = rows.partition_point(|entry| entry.time < time);
            while rows.get(at).is_some_and(|entry| entry.time == time) {
                if rows[at].waits(most) {
                    at += 1;
                    continue;
                }
                let Some(entry) = rows.remove(at) else { break };
                self.live -= 1;
                if !entry.matched {
                    alone.push(entry);
                }
            }
        }
        alone
    }

    /// Numbers the rows anew once most do not wait any more.
    fn compact(&mut self) -> Result<()> {
        let all = self.store.len();
        if all <= 2 * self.live + KEPT_MIN && (self.live > 0 || all == 0) {
            return Ok(());
        }
        let mut kept: Vec<u32> = self.rows.iter().flatten().map(|entry| entry.row).collect();
        kept.sort_unstable();
        self.store.retain(&kept)?;
        for entry in self.rows.iter_mut().flatten() {
            entry.row = kept.partition_point(|row| *row < entry.row) as u32;
        }
        Ok(())
    }

    /// Keeps some slots, which are numbered anew in the order given; the others have no rows.
    fn retain_slots(&mut self, slots: &[u32]) {
        self.rows =
            slots.iter().map(|slot| std::mem::take(&mut self.rows[*slot as usize])).collect();
        self.by_time.clear();
        for (slot, rows) in (0..).zip(&self.rows) {
            for entry in rows {
                self.by_time.entry(entry.time).or_default().push(slot);
            }
        }
    }

    fn bytes(&self) -> usize {
        self.store.bytes() + self.live * (size_of::<Entry>() + size_of::<u32>())
    }
}

/// A row of a batch and a row of the other side, by its slot and place.
struct Pair {
    row: u32,
    slot: u32,
    place: u32,
}

/// One shard of an interval join.
pub struct IntervalJoin {
    spec: Arc<IntervalJoinSpec>,
    keys: KeyIndex,
    sides: [Side; 2],
    /// So many keys are looked through for those that are not needed any more.
    keys_most: usize,
    both: SchemaRef,
    dropped: Arc<Dropped>,
}

impl IntervalJoin {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be a key or be remembered.
    pub fn new(spec: Arc<IntervalJoinSpec>, dropped: Arc<Dropped>) -> Result<Self> {
        let sides = [Side::new(&spec, 0), Side::new(&spec, 1)];
        let keys = KeyIndex::new(&spec.key_types(0))?;
        Ok(Self { both: both(&spec.inputs), keys, sides, keys_most: KEPT_MIN, spec, dropped })
    }

    /// Forgets keys that no row waits for any more, once that may be most of them.
    fn compact_keys(&mut self) -> Result<()> {
        let known = self.keys.len();
        let empty = self.sides.iter().all(|side| side.live == 0);
        if (known <= self.keys_most && !empty) || known == 0 {
            return Ok(());
        }
        let is_live =
            |slot: &u32| self.sides.iter().any(|side| !side.rows[*slot as usize].is_empty());
        let live: Vec<u32> = (0..known as u32).filter(is_live).collect();
        self.keys_most = (2 * live.len()).max(KEPT_MIN);
        if live.len() < known {
            let empty = KeyIndex::new(&self.spec.key_types(0))?;
            self.keys = renumbered(&self.keys, &live, empty)?;
            self.sides.iter_mut().for_each(|side| side.retain_slots(&live));
        }
        Ok(())
    }

    /// Emits the pairs for which the condition holds, and marks their rows.
    fn meet(
        &mut self,
        side: usize,
        changes: &ChangeBatch,
        pairs: Vec<Pair>,
        matched: &mut [bool],
        out: &mut Output,
    ) -> Result<()> {
        let rows = UInt32Array::from_iter_values(pairs.iter().map(|pair| pair.row));
        let other = &mut self.sides[1 - side];
        let partner = |pair: &Pair| other.rows[pair.slot as usize][pair.place as usize].row;
        let others = other.store.columns(&pairs.iter().map(partner).collect::<Vec<_>>())?;
        let columns = beside(side, taken(&changes.rows, &rows)?, others);
        let holds = holds(self.spec.condition.as_ref(), &self.both, &columns, rows.len())?;
        let kept = (0..pairs.len() as u32)
            .filter(|at| holds.as_ref().is_none_or(|holds| holds.value(*at as usize)));
        let kept: UInt32Array = kept.collect::<Vec<_>>().into();
        let mut reached = Vec::with_capacity(kept.len());
        for at in kept.values() {
            let pair = &pairs[*at as usize];
            matched[pair.row as usize] = true;
            other.rows[pair.slot as usize][pair.place as usize].matched = true;
            reached.push(changes.reached.as_ref().map(|met| met.value(pair.row as usize)));
        }
        let columns = match kept.len() == rows.len() {
            true => columns,
            false => taken(&batch(&self.both, columns, rows.len())?, &kept)?,
        };
        self.emit(columns, kept.len(), reached.into_iter().collect(), out)
    }

    /// Takes leave of rows that came too late to wait and found no partner.
    fn too_late(&self, side: usize, entries: &[Entry], out: &mut Output) -> Result<()> {
        let rows: Vec<u32> = entries.iter().map(|entry| entry.row).collect();
        let own = self.sides[side].store.columns(&rows)?;
        let met: Vec<i64> = entries.iter().map(|entry| entry.met).collect();
        if self.spec.keeps(side) {
            let columns = beside(side, own, nulls(&self.spec.inputs[1 - side], rows.len()));
            return self.emit(columns, rows.len(), Some(met), out);
        }
        let rows = batch(&self.spec.inputs[side], own, rows.len())?;
        let all: Vec<usize> = (0..rows.num_rows()).collect();
        let changes =
            ChangeBatch { reached: Some(Int64Array::from(met)), ..ChangeBatch::insert(rows) };
        self.dropped.add(Reason::Late, &changes, &all, None);
        Ok(())
    }

    /// Emits rows; those that were late on their way in still are.
    fn emit(
        &self,
        columns: Vec<ArrayRef>,
        rows: usize,
        reached: Option<Vec<i64>>,
        out: &mut Output,
    ) -> Result<()> {
        let rows = batch(&self.spec.schema, columns, rows)?;
        let delay = self.spec.delay;
        let reached = reached
            .map(|met| Int64Array::from_iter_values(met.iter().map(|ms| ms.saturating_sub(delay))));
        out.emit(ChangeBatch { reached, ..ChangeBatch::insert(rows) });
        Ok(())
    }
}

impl Operator for IntervalJoin {
    fn process(&mut self, side: usize, changes: ChangeBatch, out: &mut Output) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let changes = with_rowtimes(changes, spec.times[side], &self.dropped)?;
        let count = changes.num_rows();
        let times = milliseconds(changes.rows.column(spec.times[side]))?;
        let keys = pick(&changes.rows, &spec.keys[side]);
        let mut slots = Vec::with_capacity(count);
        self.keys.slots(&keys, count, &mut slots)?;
        let known = self.keys.len();
        self.sides.iter_mut().for_each(|side| side.rows.resize_with(known, VecDeque::new));
        let meets = |row: usize| spec.equal_nulls || keys.iter().all(|column| column.is_valid(row));
        let met = |row: usize| changes.reached.as_ref().map_or(i64::MIN, |met| met.value(row));
        let (least, most) = spec.bounds(side);
        let (_, others_most) = spec.bounds(1 - side);
        let entry =
            |row: usize| Entry { time: times.value(row), met: met(row), row: 0, matched: false };
        let mut matched = vec![false; count];
        let mut pairs = Vec::new();
        for row in (0..count).filter(|row| meets(*row)) {
            let (own, slot) = (entry(row), slots[row]);
            let rows = &self.sides[1 - side].rows[slot as usize];
            let (from, to) = (own.time.saturating_add(least), own.time.saturating_add(most));
            let first = rows.partition_point(|entry| entry.time < from);
            let partners = rows.iter().enumerate().skip(first);
            for (place, other) in partners.take_while(|(_, entry)| entry.time <= to) {
                if other.awaits(own.met, others_most) || own.awaits(other.met, most) {
                    pairs.push(Pair { row: row as u32, slot, place: place as u32 });
                }
            }
            if pairs.len() >= PAIRS {
                self.meet(side, &changes, std::mem::take(&mut pairs), &mut matched, out)?;
            }
        }
        if !pairs.is_empty() {
            self.meet(side, &changes, pairs, &mut matched, out)?;
        }
        let (mut kept, mut alone) = (Vec::new(), Vec::new());
        for row in 0..count {
            if meets(row) {
                kept.push(row as u32);
            } else if spec.keeps(side) {
                alone.push(row as u32);
            }
        }
        let own = &mut self.sides[side];
        let first = own.store.len() as u32;
        match kept.len() == count {
            true => own.store.append(changes.rows.columns(), count)?,
            false => {
                let columns = taken(&changes.rows, &UInt32Array::from(kept.clone()))?;
                own.store.append(&columns, kept.len())?;
            }
        }
        for (number, row) in (first..).zip(kept) {
            let row = row as usize;
            let entry = Entry { row: number, matched: matched[row], ..entry(row) };
            let waits = entry.waits(most);
            own.insert(slots[row], entry, waits);
        }
        if alone.is_empty() {
            return Ok(());
        }
        let positions = UInt32Array::from(alone);
        let columns = taken(&changes.rows, &positions)?;
        let columns = beside(side, columns, nulls(&spec.inputs[1 - side], positions.len()));
        let reached = changes.reached.as_ref();
        let reached = reached.map(|met| {
            positions.values().iter().map(|row| met.value(*row as usize)).collect::<Vec<i64>>()
        });
        self.emit(columns, positions.len(), reached, out)
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        for side in [0, 1] {
            let (_, most) = spec.bounds(side);
            let late = self.sides[side].pass(most);
            if !late.is_empty() {
                self.too_late(side, &late, out)?;
            }
            let until = match time.watermark.0 {
                i64::MAX => i64::MAX,
                watermark => watermark.saturating_sub(most).saturating_sub(1),
            };
            let alone = self.sides[side].expire(until);
            if spec.keeps(side) && !alone.is_empty() {
                let own = self.sides[side].store.columns(&alone)?;
                let columns = beside(side, own, nulls(&spec.inputs[1 - side], alone.len()));
                self.emit(columns, alone.len(), None, out)?;
            }
            self.sides[side].compact()?;
        }
        self.compact_keys()
    }

    fn state_bytes(&self) -> usize {
        self.keys.bytes() + self.sides.iter().map(Side::bytes).sum::<usize>()
    }
}
