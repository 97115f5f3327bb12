//! [`Join`]: rows of two inputs that belong together, kept right as both change.
//!
//! Each side keeps its rows by key. A change of one side meets the rows that the other side has at that
//! moment; in an epoch all that comes of it is put together, so that a row that finds and loses a
//! partner within it leaves no trace.
//!
//! Whether a row has partners decides whether it comes out with NULLs, or at all. Where all rows of a key are
//! partners, the number of rows of the key on the other side tells; where a condition decides, each row has
//! its own number. A side of which nothing but that is asked, the right one of EXISTS, keeps no rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use millstream_expr::ScalarExpr;
use millstream_plan::JoinKind;
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::consolidate::Changes;
use crate::join_side::{Incoming, Side};
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
    /// Whether rows are also taken back, for each input.
    pub removes: [bool; 2],
    /// Whether rows are only ever added to the result.
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

    /// With which sign a row of a side comes out or goes, when it had partners and has some now.
    fn turns(&self, side: usize, had: bool, has: bool) -> Option<i64> {
        if had == has {
            return None;
        }
        match self.one_sided() {
            Some(with) if side == 0 => Some(if has == with { 1 } else { -1 }),
            Some(_) => None,
            None => self.keeps(side).then_some(if has { -1 } else { 1 }),
        }
    }

    /// Whether a left row that has a partner has one for ever, and nothing more comes of it.
    fn settles(&self) -> bool {
        self.one_sided().is_some() && !self.removes[1]
    }

    /// Whether it matters how many partners a row has: an INNER join puts out pairs and nothing else.
    fn counts(&self) -> bool {
        self.kind != JoinKind::Inner
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

/// So few keys are not worth being numbered anew.
const KEYS_MIN: usize = 1_024;

/// One shard of a join.
pub struct Join {
    spec: Arc<JoinSpec>,
    keys: KeyIndex,
    sides: [Side; 2],
    /// Whether all rows of a key are partners of each other.
    by_key: bool,
    /// The columns of both inputs, which the condition is over.
    both: SchemaRef,
    /// What has come of the epoch's changes, where some of it may cancel out.
    changes: Changes,
    slots: Vec<u32>,
    /// So many keys are looked through for those that are not needed any more.
    keys_most: usize,
}

/// A batch of one side on its way.
struct Batch<'a> {
    side: usize,
    changes: &'a ChangeBatch,
    /// By row: the slot of its key.
    slots: &'a [u32],
    /// By row: whether it can have partners.
    meets: Option<Vec<bool>>,
}

impl Batch<'_> {
    fn meets(&self, row: usize) -> bool {
        self.meets.as_ref().is_none_or(|meets| meets[row])
    }
}

/// Rows of a batch and entries of the other side that they meet.
#[derive(Default)]
struct Pairs {
    rows: Vec<u32>,
    entries: Vec<u32>,
}

/// Rows of the result that one side's rows become or stop being, with their weights.
#[derive(Default)]
struct Turned {
    entries: Vec<u32>,
    weights: Vec<i64>,
}

impl Join {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be a key, or be compared.
    pub fn new(spec: Arc<JoinSpec>) -> Result<Self> {
        let both = both(&spec.inputs);
        let by_key =
            spec.condition.is_none() && spec.null_aware.is_none() && spec.ttl == [None, None];
        let side = |side: usize| {
            let fields = spec.inputs[side].fields().iter();
            let fields = fields.map(|field| field.as_ref().clone().with_nullable(true));
            let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
            Side::new(schema, spec.removes[side], spec.ttl[side])
        };
        Ok(Self {
            keys: KeyIndex::new(&spec.key_types(0))?,
            sides: [side(0), side(1)],
            by_key,
            both,
            changes: Changes::default(),
            slots: Vec::new(),
            keys_most: KEYS_MIN,
            spec,
        })
    }

    /// Takes rows of the result with their weights.
    fn emit(&mut self, columns: Vec<ArrayRef>, weights: Vec<i64>, out: &mut Output) -> Result<()> {
        if weights.is_empty() {
            return Ok(());
        }
        if !self.spec.appends {
            self.changes.add(columns, weights);
            return Ok(());
        }
        // Rows that are only added carry no weights: copies follow one another.
        let columns = if weights.iter().all(|weight| *weight == 1) {
            columns
        } else {
            let copies = weights.iter().enumerate();
            let copies: UInt32Array =
                copies.flat_map(|(row, w)| std::iter::repeat_n(row as u32, *w as usize)).collect();
            let columns = columns.iter().map(|column| take(column, &copies, None));
            columns.collect::<Result<_, _>>()?
        };
        let rows = weights.iter().sum::<i64>() as usize;
        out.emit(ChangeBatch::insert(batch(&self.spec.schema, columns, rows)?));
        Ok(())
    }

    /// The rows of the other side that each row of a batch has as partners, as they are put out; how many
    /// partners each row has, where that depends on the row.
    fn meet_all(&mut self, of: &Batch<'_>, out: &mut Output) -> Result<Vec<i64>> {
        let count = of.changes.num_rows();
        let mut partners = vec![0; if self.by_key { 0 } else { count }];
        let mut pairs = Pairs::default();
        for row in (0..count).filter(|row| of.meets(*row)) {
            let mut next = self.sides[1 - of.side].first(of.slots[row]);
            while let Some(entry) = next {
                pairs.rows.push(row as u32);
                pairs.entries.push(entry);
                next = self.sides[1 - of.side].after(entry);
                if pairs.rows.len() >= PAIRS {
                    self.meet(of, std::mem::take(&mut pairs), &mut partners, out)?;
                }
            }
        }
        if !pairs.rows.is_empty() {
            self.meet(of, pairs, &mut partners, out)?;
        }
        Ok(partners)
    }

    /// Takes pairs: those for which the condition holds are partners of each other.
    fn meet(
        &mut self,
        of: &Batch<'_>,
        pairs: Pairs,
        partners: &mut [i64],
        out: &mut Output,
    ) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let (side, weight) = (of.side, |row: u32| of.changes.weight(row as usize));
        let comes = spec.one_sided().is_none();
        let rows = UInt32Array::from(pairs.rows);
        let columns = || -> Result<Vec<ArrayRef>> {
            let own = taken(&of.changes.rows, &rows)?;
            Ok(beside(side, own, self.sides[1 - side].columns(&pairs.entries)?))
        };
        if self.by_key {
            let columns = columns()?;
            let weights = rows.values().iter().zip(&pairs.entries);
            let weights =
                weights.map(|(row, entry)| weight(*row) * self.sides[1 - side].copies(*entry));
            let weights = weights.collect();
            return self.emit(columns, weights, out);
        }
        let columns = columns()?;
        let holds = self.holds(&columns, rows.len())?;
        let (mut kept, mut weights) = (Vec::new(), Vec::new());
        let mut turned = Turned::default();
        for (at, (row, entry)) in rows.values().iter().zip(&pairs.entries).enumerate() {
            if holds.as_ref().is_some_and(|holds| !holds.value(at)) {
                continue;
            }
            let copies = self.sides[1 - side].copies(*entry);
            if comes {
                kept.push(at as u32);
                weights.push(weight(*row) * copies);
            }
            if !spec.counts() {
                continue;
            }
            partners[*row as usize] += copies;
            let (before, after) = self.sides[1 - side].meet(*entry, weight(*row));
            if let Some(sign) = spec.turns(1 - side, before > 0, after > 0) {
                turned.entries.push(*entry);
                turned.weights.push(sign * copies);
            }
        }
        if !kept.is_empty() {
            let columns = match kept.len() == rows.len() {
                true => columns,
                false => {
                    let kept = UInt32Array::from(kept);
                    let picked = columns.iter().map(|column| take(column, &kept, None));
                    picked.collect::<Result<_, _>>()?
                }
            };
            self.emit(columns, weights, out)?;
        }
        self.turn(1 - side, turned, out)
    }

    /// Puts out rows of a side that come or go because they have no partners, or have some.
    fn turn(&mut self, side: usize, turned: Turned, out: &mut Output) -> Result<()> {
        if turned.weights.is_empty() {
            return Ok(());
        }
        let rows = self.sides[side].columns(&turned.entries)?;
        let columns = match self.spec.one_sided() {
            Some(_) => rows,
            None => beside(side, rows, nulls(&self.spec.inputs[1 - side], turned.weights.len())),
        };
        self.emit(columns, turned.weights, out)
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

    /// Counts a batch's rows by key; rows of the other side turn where a key gets its first row here or loses
    /// its last.
    fn count(&mut self, of: &Batch<'_>, out: &mut Output) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let mut turned = Turned::default();
        for row in (0..of.changes.num_rows()).filter(|row| of.meets(*row)) {
            let slot = of.slots[row];
            let (had, has) = self.sides[of.side].count(slot, of.changes.weight(row));
            let other = &self.sides[1 - of.side];
            if let Some(sign) = spec.turns(1 - of.side, had, has) {
                for entry in other.of_slot(slot) {
                    turned.entries.push(entry);
                    turned.weights.push(sign * other.copies(entry));
                }
            }
            // What has a partner for ever never turns again.
            if !had && has && spec.settles() {
                self.turn(1 - of.side, std::mem::take(&mut turned), out)?;
                self.sides[1 - of.side].forget(slot);
            }
        }
        self.turn(1 - of.side, turned, out)
    }

    /// Forgets keys that no row has any more, once that may be most of them.
    fn compact(&mut self) -> Result<()> {
        for side in &mut self.sides {
            side.compact()?;
        }
        let known = self.keys.len() as u32;
        let empty = self.sides.iter().all(Side::is_empty);
        if (known as usize <= self.keys_most && !empty) || known == 0 {
            return Ok(());
        }
        let is_live = |slot: &u32| self.sides.iter().any(|side| side.has(*slot));
        let live: Vec<u32> = (0..known).filter(is_live).collect();
        self.keys_most = (2 * live.len()).max(KEYS_MIN);
        if live.len() == known as usize {
            return Ok(());
        }
        let empty = KeyIndex::new(&self.spec.key_types(0))?;
        self.keys = renumbered(&self.keys, &live, empty)?;
        self.sides.iter_mut().for_each(|side| side.retain_slots(&live));
        if live.is_empty() {
            self.slots = Vec::new();
        }
        Ok(())
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
        let mut slots = std::mem::take(&mut self.slots);
        self.keys.slots(&keys, count, &mut slots)?;
        self.sides.iter_mut().for_each(|side| side.resize(self.keys.len()));
        let some_null = keys.iter().any(|column| column.null_count() > 0) && !spec.equal_nulls;
        let valid = |row: usize| keys.iter().all(|column| column.is_valid(row));
        let meets = some_null.then(|| (0..count).map(valid).collect());
        let of = Batch { side, changes: &changes, slots: &slots, meets };
        let pairs_matter = !(self.by_key && spec.one_sided().is_some());
        let partners = match pairs_matter {
            true => self.meet_all(&of, out)?,
            false => Vec::new(),
        };
        let has = |row: usize| match self.by_key {
            _ if !spec.counts() => true,
            true => of.meets(row) && self.sides[1 - side].total(of.slots[row]) > 0,
            false => partners[row] > 0,
        };
        // The rows that come out without a partner, or, of one side only, because they have one or none.
        let (mut alone, mut weights) = (Vec::new(), Vec::new());
        // A row without a key has no partner, now or later; nor is a row kept that never turns.
        let mut kept = Vec::new();
        let stores = side == 0 || spec.one_sided().is_none() || !self.by_key;
        for row in 0..count {
            let has = has(row);
            let comes = match spec.one_sided() {
                Some(with) => side == 0 && has == with,
                None => spec.keeps(side) && !has,
            };
            if comes {
                alone.push(row as u32);
                weights.push(changes.weight(row));
            }
            let settled = side == 0 && has && spec.settles() && self.by_key;
            if stores && of.meets(row) && !settled {
                kept.push(row as u32);
            }
        }
        if !alone.is_empty() {
            let alone = UInt32Array::from(alone);
            let own = taken(&changes.rows, &alone)?;
            let columns = match spec.one_sided() {
                Some(_) => own,
                None => beside(side, own, nulls(&spec.inputs[1 - side], alone.len())),
            };
            self.emit(columns, weights, out)?;
        }
        if self.by_key && spec.counts() {
            self.count(&of, out)?;
        }
        self.sides[side].add(&Incoming {
            columns: changes.rows.columns(),
            slots: &slots,
            weights: changes.weights.as_ref().map(|weights| &weights.values()[..]),
            partners: (!self.by_key && spec.counts()).then_some(&partners[..]),
            rows: &kept,
        })?;
        self.slots = slots;
        Ok(())
    }

    fn end_epoch(&mut self, _: &OperatorTime, out: &mut Output) -> Result<()> {
        for changes in self.changes.net(&self.spec.schema)? {
            out.emit(changes);
        }
        self.compact()
    }

    fn state_bytes(&self) -> usize {
        self.keys.bytes() + self.sides.iter().map(Side::bytes).sum::<usize>()
    }
}
