//! [`IntervalJoin`]: joins rows of two inputs whose times are at most so far apart.
//!
//! A row is kept until no row of the other input that is on time can belong to it any more. A row that
//! comes later than that finds no partner: what belongs together follows from the watermark that each
//! row met, not from how rows were batched. The result follows time later than its inputs, by as much
//! as a row may wait.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, UInt32Array};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{RowConverter, SortField};
use millstream_expr::ScalarExpr;
use millstream_plan::JoinKind;
use millstream_state::KeyIndex;
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

type Bytes = Box<[u8]>;

struct Entry {
    time: i64,
    row: Bytes,
    matched: bool,
}

/// The rows of one side that wait for partners.
struct Side {
    keys: KeyIndex,
    converter: RowConverter,
    /// By the slot of the key, in the order of time.
    rows: Vec<VecDeque<Entry>>,
    /// The slots that have rows of a time.
    by_time: BTreeMap<i64, Vec<u32>>,
    live: usize,
    bytes: usize,
}

/// So few keys are not worth being numbered anew.
const KEYS_MIN: usize = 1_024;

impl Side {
    fn new(spec: &IntervalJoinSpec, side: usize) -> Result<Self> {
        let fields = spec.inputs[side].fields().iter();
        let fields = fields.map(|field| SortField::new(field.data_type().clone()));
        Ok(Self {
            keys: KeyIndex::new(&spec.key_types(side))?,
            converter: RowConverter::new(fields.collect())?,
            rows: Vec::new(),
            by_time: BTreeMap::new(),
            live: 0,
            bytes: 0,
        })
    }

    fn insert(&mut self, slot: u32, entry: Entry) {
        self.bytes += entry.row.len() + size_of::<Entry>() + size_of::<u32>();
        self.by_time.entry(entry.time).or_default().push(slot);
        let rows = &mut self.rows[slot as usize];
        self.live += usize::from(rows.is_empty());
        let at = match rows.back() {
            Some(last) if last.time > entry.time => {
                rows.partition_point(|known| known.time <= entry.time)
            }
            _ => rows.len(),
        };
        rows.insert(at, entry);
    }

    /// Gives up the rows up to a time, and returns those that found no partner.
    fn expire(&mut self, until: i64) -> Vec<Bytes> {
        let mut alone = Vec::new();
        while let Some(first) = self.by_time.first_entry()
            && *first.key() <= until
        {
            let time = *first.key();
            for slot in first.remove() {
                let rows = &mut self.rows[slot as usize];
                while rows.front().is_some_and(|entry| entry.time <= time) {
                    let Some(entry) = rows.pop_front() else { break };
                    self.bytes -= entry.row.len() + size_of::<Entry>() + size_of::<u32>();
                    self.live -= usize::from(rows.is_empty());
                    if !entry.matched {
                        alone.push(entry.row);
                    }
                }
            }
        }
        alone
    }

    /// Numbers the keys anew once most have no rows any more.
    fn compact(&mut self, spec: &IntervalJoinSpec, side: usize) -> Result<()> {
        let known = self.keys.len();
        if known <= 2 * self.live + KEYS_MIN && (self.live > 0 || known == 0) {
            return Ok(());
        }
        let live = (0..self.rows.len() as u32).filter(|slot| !self.rows[*slot as usize].is_empty());
        let live: Vec<u32> = live.collect();
        self.keys = renumbered(&self.keys, &live, KeyIndex::new(&spec.key_types(side))?)?;
        self.rows =
            live.iter().map(|slot| std::mem::take(&mut self.rows[*slot as usize])).collect();
        self.by_time.clear();
        for (slot, rows) in (0..).zip(&self.rows) {
            for entry in rows {
                self.by_time.entry(entry.time).or_default().push(slot);
            }
        }
        Ok(())
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
    sides: [Side; 2],
    both: SchemaRef,
    dropped: Arc<Dropped>,
}

impl IntervalJoin {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be a key or be remembered.
    pub fn new(spec: Arc<IntervalJoinSpec>, dropped: Arc<Dropped>) -> Result<Self> {
        let sides = [Side::new(&spec, 0)?, Side::new(&spec, 1)?];
        Ok(Self { both: both(&spec.inputs), sides, spec, dropped })
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
        let parser = other.converter.parser();
        let partner = |pair: &Pair| &other.rows[pair.slot as usize][pair.place as usize].row;
        let others = pairs.iter().map(|pair| parser.parse(partner(pair)));
        let others = other.converter.convert_rows(others)?;
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
        let (mut own, mut other) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (at, slots) in [(side, &mut own), (1 - side, &mut other)] {
            let index = &mut self.sides[at];
            index.keys.slots(&keys, count, slots)?;
            index.rows.resize_with(index.keys.len(), VecDeque::new);
        }
        let meets = |row: usize| spec.equal_nulls || keys.iter().all(|column| column.is_valid(row));
        let met = |row: usize| changes.reached.as_ref().map_or(i64::MIN, |met| met.value(row));
        let (least, most) = spec.bounds(side);
        // How long rows of the other side are waited for by, and how long they wait.
        let (_, other_waits) = spec.bounds(1 - side);
        let mut matched = vec![false; count];
        let mut pairs = Vec::new();
        for row in (0..count).filter(|row| meets(*row)) {
            let (time, slot) = (times.value(row), other[row]);
            let rows = &self.sides[1 - side].rows[slot as usize];
            // What no row on time could have met any more is gone for late rows, too.
            let oldest = met(row).saturating_sub(other_waits);
            let from = time.saturating_add(least).max(oldest);
            let to = time.saturating_add(most);
            let first = rows.partition_point(|entry| entry.time < from);
            let partners = rows.iter().enumerate().skip(first);
            for (place, _) in partners.take_while(|(_, entry)| entry.time <= to) {
                pairs.push(Pair { row: row as u32, slot, place: place as u32 });
            }
            if pairs.len() >= PAIRS {
                self.meet(side, &changes, std::mem::take(&mut pairs), &mut matched, out)?;
            }
        }
        if !pairs.is_empty() {
            self.meet(side, &changes, pairs, &mut matched, out)?;
        }
        let encoded = self.sides[side].converter.convert_columns(changes.rows.columns())?;
        let (mut alone, mut late) = (Vec::new(), Vec::new());
        for row in 0..count {
            let time = times.value(row);
            if meets(row) && met(row) < time.saturating_add(most) {
                let row_bytes = encoded.row(row).as_ref().into();
                let entry = Entry { time, row: row_bytes, matched: matched[row] };
                self.sides[side].insert(own[row], entry);
            } else if !matched[row] && spec.keeps(side) {
                alone.push(row as u32);
            } else if !matched[row] && meets(row) {
                late.push(row);
            }
        }
        self.dropped.add(Reason::Late, &changes, &late, None);
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
            let until = match time.watermark.0 {
                i64::MAX => i64::MAX,
                watermark => watermark.saturating_sub(most).saturating_sub(1),
            };
            let alone = self.sides[side].expire(until);
            if spec.keeps(side) && !alone.is_empty() {
                let converter = &self.sides[side].converter;
                let parser = converter.parser();
                let own = converter.convert_rows(alone.iter().map(|row| parser.parse(row)))?;
                let columns = beside(side, own, nulls(&spec.inputs[1 - side], alone.len()));
                self.emit(columns, alone.len(), None, out)?;
            }
            self.sides[side].compact(&spec, side)?;
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.sides.iter().map(|side| side.keys.bytes() + side.bytes).sum()
    }
}
