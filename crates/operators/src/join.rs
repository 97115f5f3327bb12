//! [`Join`]: rows of two inputs that belong together, kept right as both change.
//!
//! Each side keeps its rows by key, with the number of partners that each has on the other side. A change of
//! one side meets the rows that the other side has at that moment; in an epoch all that comes of it is put
//! together, so that a row that finds and loses a partner within it leaves no trace.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{RowConverter, SortField};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use millstream_expr::ScalarExpr;
use millstream_plan::JoinKind;
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::operator::{Operator, OperatorTime, Output};
use crate::pairs::{PAIRS, batch, beside, both, holds, nulls, taken};
use crate::session_aggregate::renumbered;
use crate::window_table::pick;

/// What the operator is told; shared by its shards.
pub struct JoinSpec {
    /// Which rows come out.
    pub kind: JoinKind,
    /// For each input the columns that must be equal to those of the other.
    pub keys: [Vec<usize>; 2],
    /// Whether NULL is equal to NULL in them.
    pub equal_nulls: bool,
    /// The columns of NOT IN, left and right: they are taken for equal if one of them is NULL.
    pub null_aware: Option<(usize, usize)>,
    /// What must hold beside that, over the columns of both.
    pub condition: Option<ScalarExpr>,
    /// The columns of both inputs.
    pub inputs: [SchemaRef; 2],
    /// The columns that come out.
    pub schema: SchemaRef,
    /// Whether rows are only ever added, to both inputs and to the result.
    pub appends: bool,
    /// For each input how long a row is kept, in ms; `None` is for ever.
    pub ttl: [Option<i64>; 2],
}

impl JoinSpec {
    fn key_types(&self, side: usize) -> Vec<DataType> {
        let columns = self.keys[side].iter();
        columns.map(|column| self.inputs[side].field(*column).data_type().clone()).collect()
    }

    /// Whether a row of a side comes out without a partner, too.
    fn keeps(&self, side: usize) -> bool {
        match self.kind {
            JoinKind::Left => side == 0,
            JoinKind::Right => side == 1,
            JoinKind::Full => true,
            _ => false,
        }
    }

    /// Whether only left rows come out, and whether those with a partner.
    fn one_sided(&self) -> Option<bool> {
        match self.kind {
            JoinKind::Semi => Some(true),
            JoinKind::Anti => Some(false),
            _ => None,
        }
    }
}

type Bytes = Box<[u8]>;

/// A row of one side.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    /// How many copies of it there are.
    copies: i64,
    /// How many rows of the other side belong to each copy.
    partners: i64,
    /// When it was last written, by the clock in ms.
    written: i64,
}

/// The rows of one side.
struct Side {
    keys: KeyIndex,
    converter: RowConverter,
    /// By the slot of the key: rows in arrow's row format.
    rows: Vec<HashMap<Bytes, Entry, FixedState>>,
    /// How many slots have rows.
    live: usize,
    /// How long a row is kept, in ms.
    ttl: Option<i64>,
    now: i64,
    /// Rows by the time they were written, which may not have been the last one.
    queue: VecDeque<(i64, u32, Bytes)>,
    bytes: usize,
}

impl Side {
    fn new(spec: &JoinSpec, side: usize) -> Result<Self> {
        let fields = spec.inputs[side].fields().iter();
        let fields = fields.map(|field| SortField::new(field.data_type().clone()));
        Ok(Self {
            keys: KeyIndex::new(&spec.key_types(side))?,
            converter: RowConverter::new(fields.collect())?,
            rows: Vec::new(),
            live: 0,
            ttl: spec.ttl[side],
            now: 0,
            queue: VecDeque::new(),
            bytes: 0,
        })
    }

    /// Changes the number of copies of a row; `partners` is how many it has if it is new.
    fn change(&mut self, slot: usize, row: &[u8], weight: i64, partners: i64) {
        let rows = &mut self.rows[slot];
        let was_empty = rows.is_empty();
        let entry = match rows.get_mut(row) {
            Some(entry) => entry,
            None => {
                self.bytes += row.len();
                rows.entry(row.into()).or_insert(Entry { copies: 0, partners, written: i64::MIN })
            }
        };
        entry.copies += weight;
        if self.ttl.is_some() {
            // What is taken back may have expired.
            entry.copies = entry.copies.max(0);
            if std::mem::replace(&mut entry.written, self.now) != self.now {
                self.queue.push_back((self.now, slot as u32, row.into()));
            }
        }
        if entry.copies == 0 {
            rows.remove(row);
            self.bytes -= row.len();
        }
        self.live = self.live + usize::from(was_empty && !rows.is_empty())
            - usize::from(!was_empty && rows.is_empty());
    }

    /// Starts an epoch: rows that have expired are gone.
    fn expire(&mut self, clock_ms: i64) {
        let Some(ttl) = self.ttl else { return };
        self.now = clock_ms;
        while self.queue.front().is_some_and(|(at, ..)| at.saturating_add(ttl) <= clock_ms) {
            let Some((written, slot, row)) = self.queue.pop_front() else { return };
            let rows = &mut self.rows[slot as usize];
            if rows.get(&row).is_some_and(|entry| entry.written == written) {
                rows.remove(&row);
                self.bytes -= row.len();
                self.live -= usize::from(rows.is_empty());
            }
        }
    }

    /// Numbers the keys anew once most have no rows any more.
    fn compact(&mut self, spec: &JoinSpec, side: usize) -> Result<()> {
        let known = self.keys.len();
        if known <= 2 * self.live + KEYS_MIN && (self.live > 0 || known == 0) {
            return Ok(());
        }
        let live = (0..self.rows.len() as u32).filter(|slot| !self.rows[*slot as usize].is_empty());
        let live: Vec<u32> = live.collect();
        self.keys = renumbered(&self.keys, &live, KeyIndex::new(&spec.key_types(side))?)?;
        let taken = |slot: &u32| std::mem::take(&mut self.rows[*slot as usize]);
        self.rows = live.iter().map(taken).collect();
        let moved: HashMap<u32, u32> = live.iter().copied().zip(0..).collect();
        let queue = std::mem::take(&mut self.queue).into_iter();
        let queue = queue.filter_map(|(at, slot, row)| Some((at, *moved.get(&slot)?, row)));
        self.queue = queue.collect();
        Ok(())
    }
}

/// So few keys are not worth being numbered anew.
const KEYS_MIN: usize = 1_024;

/// One shard of a join.
pub struct Join {
    spec: Arc<JoinSpec>,
    sides: [Side; 2],
    /// The columns of both inputs, which the condition is over.
    both: SchemaRef,
    /// What has come of the epoch's changes, where some of it may cancel out.
    changes: HashMap<Bytes, i64, FixedState>,
    result: RowConverter,
}

/// A row of a change and the rows of the other side it meets.
#[derive(Default)]
struct Pairs {
    /// Positions in the batch.
    rows: Vec<u32>,
    /// Slots of the other side, and rows there.
    others: Vec<(u32, Bytes)>,
}

impl Join {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be a key, or be compared.
    pub fn new(spec: Arc<JoinSpec>) -> Result<Self> {
        let both = both(&spec.inputs);
        let result = spec.schema.fields().iter();
        let result = result.map(|field| SortField::new(field.data_type().clone())).collect();
        Ok(Self {
            sides: [Side::new(&spec, 0)?, Side::new(&spec, 1)?],
            both,
            changes: HashMap::default(),
            result: RowConverter::new(result)?,
            spec,
        })
    }

    /// Rows of one side with those of the other, or with NULLs.
    fn columns(
        &self,
        side: usize,
        own: &RecordBatch,
        rows: &UInt32Array,
        others: Option<&[(u32, Bytes)]>,
    ) -> Result<Vec<ArrayRef>> {
        let own = taken(own, rows)?;
        let other = match others {
            Some(others) => {
                let parser = self.sides[1 - side].converter.parser();
                let rows = others.iter().map(|(_, row)| parser.parse(row));
                self.sides[1 - side].converter.convert_rows(rows)?
            }
            None => nulls(&self.spec.inputs[1 - side], rows.len()),
        };
        Ok(beside(side, own, other))
    }

    /// Takes rows of the result with their weights.
    fn emit(&mut self, columns: Vec<ArrayRef>, weights: Vec<i64>, out: &mut Output) -> Result<()> {
        if weights.is_empty() {
            return Ok(());
        }
        if self.spec.appends {
            // Rows that are only added carry no weights: copies follow one another.
            let copies = weights.iter().enumerate();
            let copies: UInt32Array =
                copies.flat_map(|(row, w)| std::iter::repeat_n(row as u32, *w as usize)).collect();
            let columns = columns.iter().map(|column| take(column, &copies, None));
            let columns = columns.collect::<Result<_, _>>()?;
            let rows = batch(&self.spec.schema, columns, copies.len())?;
            out.emit(ChangeBatch::insert(rows));
            return Ok(());
        }
        let rows = self.result.convert_columns(&columns)?;
        for (row, weight) in rows.iter().zip(weights) {
            match self.changes.get_mut(row.as_ref()) {
                Some(known) => *known += weight,
                None => {
                    self.changes.insert(row.as_ref().into(), weight);
                }
            }
        }
        Ok(())
    }

    /// Takes the pairs of a batch: those for which the condition holds are partners of each other.
    fn meet(
        &mut self,
        side: usize,
        changes: &ChangeBatch,
        pairs: Pairs,
        partners: &mut [i64],
        out: &mut Output,
    ) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let rows = UInt32Array::from(pairs.rows);
        let columns = self.columns(side, &changes.rows, &rows, Some(&pairs.others))?;
        let holds = self.holds(&columns, rows.len())?;
        let (mut kept, mut weights) = (Vec::new(), Vec::new());
        let (mut lost, mut lost_weights) = (Vec::new(), Vec::new());
        for (at, (row, (slot, other))) in rows.values().iter().zip(&pairs.others).enumerate() {
            if holds.as_ref().is_some_and(|holds| !holds.value(at)) {
                continue;
            }
            let weight = changes.weight(*row as usize);
            let Some(entry) = self.sides[1 - side].rows[*slot as usize].get_mut(other) else {
                continue;
            };
            partners[*row as usize] += entry.copies;
            let (before, copies) = (entry.partners, entry.copies);
            entry.partners += weight;
            let (had, has) = (before > 0, entry.partners > 0);
            if spec.one_sided().is_none() {
                kept.push(at as u32);
                weights.push(weight * copies);
            }
            if had != has {
                // The row of the other side comes out, or no longer does, without a partner.
                let change = if has { -copies } else { copies };
                let with_nulls = spec.keeps(1 - side).then_some(change);
                let alone = spec.one_sided().filter(|_| side == 1);
                let alone = alone.map(|with| if with { -change } else { change });
                if let Some(change) = with_nulls.or(alone) {
                    lost.push(other.clone());
                    lost_weights.push(change);
                }
            }
        }
        let kept = UInt32Array::from(kept);
        if !kept.is_empty() {
            let picked = columns.iter().map(|column| take(column, &kept, None));
            self.emit(picked.collect::<Result<_, _>>()?, weights, out)?;
        }
        if lost.is_empty() {
            return Ok(());
        }
        let parser = self.sides[1 - side].converter.parser();
        let lost = lost.iter().map(|row| parser.parse(row));
        let lost = self.sides[1 - side].converter.convert_rows(lost)?;
        let columns = match spec.one_sided() {
            Some(_) => lost,
            None => beside(1 - side, lost, nulls(&spec.inputs[side], lost_weights.len())),
        };
        self.emit(columns, lost_weights, out)
    }

    /// For which pairs the condition holds; `None` is all of them.
    fn holds(&self, columns: &[ArrayRef], rows: usize) -> Result<Option<BooleanArray>> {
        let spec = &self.spec;
        let mut holds = holds(spec.condition.as_ref(), &self.both, columns, rows)?;
        if let Some((left, right)) = spec.null_aware {
            let right = spec.inputs[0].fields().len() + right;
            let unequal = arrow::compute::kernels::cmp::neq(&columns[left], &columns[right])?;
            let unequal = match unequal.null_count() {
                0 => unequal,
                _ => arrow::compute::prep_null_mask_filter(&unequal),
            };
            let equal = arrow::compute::not(&unequal)?;
            holds = Some(match holds {
                Some(holds) => arrow::compute::and(&holds, &equal)?,
                None => equal,
            });
        }
        Ok(holds)
    }
}

impl Operator for Join {
    fn begin_epoch(&mut self, clock_ms: i64) -> Result<()> {
        self.sides.iter_mut().for_each(|side| side.expire(clock_ms));
        Ok(())
    }

    fn process(&mut self, side: usize, changes: ChangeBatch, out: &mut Output) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let count = changes.num_rows();
        let keys = pick(&changes.rows, &spec.keys[side]);
        let (mut own, mut other) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (at, slots) in [(side, &mut own), (1 - side, &mut other)] {
            let index = &mut self.sides[at];
            index.keys.slots(&keys, count, slots)?;
            index.rows.resize_with(index.keys.len(), HashMap::default);
        }
        let meets = |row: usize| spec.equal_nulls || keys.iter().all(|column| column.is_valid(row));
        let mut partners = vec![0; count];
        let mut pairs = Pairs::default();
        for row in (0..count).filter(|row| meets(*row)) {
            let slot = other[row];
            for other in self.sides[1 - side].rows[slot as usize].keys() {
                pairs.rows.push(row as u32);
                pairs.others.push((slot, other.clone()));
            }
            if pairs.rows.len() >= PAIRS {
                self.meet(side, &changes, std::mem::take(&mut pairs), &mut partners, out)?;
            }
        }
        if !pairs.rows.is_empty() {
            self.meet(side, &changes, pairs, &mut partners, out)?;
        }
        let encoded = self.sides[side].converter.convert_columns(changes.rows.columns())?;
        let (mut alone, mut weights) = (Vec::new(), Vec::new());
        for row in 0..count {
            let weight = changes.weight(row);
            // A row without a key has no partner, now or later.
            if meets(row) {
                self.sides[side].change(
                    own[row] as usize,
                    encoded.row(row).as_ref(),
                    weight,
                    partners[row],
                );
            }
            let has = partners[row] > 0;
            let comes = match spec.one_sided() {
                Some(with) => side == 0 && has == with,
                None => spec.keeps(side) && !has,
            };
            if comes {
                alone.push(row as u32);
                weights.push(weight);
            }
        }
        let alone = UInt32Array::from(alone);
        let columns = match spec.one_sided() {
            Some(_) => taken(&changes.rows, &alone)?,
            None => self.columns(side, &changes.rows, &alone, None)?,
        };
        if side == 0 || spec.one_sided().is_none() {
            self.emit(columns, weights, out)?;
        }
        Ok(())
    }

    fn end_epoch(&mut self, _: &OperatorTime, out: &mut Output) -> Result<()> {
        for side in [0, 1] {
            let spec = Arc::clone(&self.spec);
            self.sides[side].compact(&spec, side)?;
        }
        let changes: Vec<(Bytes, i64)> =
            self.changes.drain().filter(|(_, weight)| *weight != 0).collect();
        if changes.is_empty() {
            return Ok(());
        }
        // What is taken back comes first.
        let (gone, come): (Vec<_>, Vec<_>) = changes.into_iter().partition(|(_, w)| *w < 0);
        let changes = [gone, come].concat();
        let parser = self.result.parser();
        let columns = self.result.convert_rows(changes.iter().map(|(row, _)| parser.parse(row)))?;
        let rows = batch(&self.spec.schema, columns, changes.len())?;
        let weights = Int64Array::from_iter_values(changes.iter().map(|(_, weight)| *weight));
        out.emit(ChangeBatch::weighted(rows, weights));
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let of = |side: &Side| {
            let rows = side.rows.iter().map(|rows| rows.allocation_size()).sum::<usize>();
            let queue = side.queue.iter().map(|(_, _, row)| row.len()).sum::<usize>();
            side.keys.bytes() + side.bytes + rows + queue
        };
        self.sides.iter().map(of).sum()
    }
}
