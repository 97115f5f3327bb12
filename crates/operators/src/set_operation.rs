//! [`SetOperation`]: INTERSECT and EXCEPT, with and without ALL.

use std::iter::repeat_n;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::expiry::Expiry;
use crate::operator::{Operator, OperatorTime, Output};
use crate::session_aggregate::renumbered;

/// One shard of a set operation: how many copies of each row both inputs have.
pub struct SetOperation {
    intersect: bool,
    all: bool,
    schema: SchemaRef,
    rows: KeyIndex,
    copies: Vec<[i64; 2]>,
    /// How many copies of each row were emitted.
    emitted: Vec<i64>,
    changed: Vec<u32>,
    is_changed: Vec<bool>,
    /// How many rows have copies.
    live: usize,
    expiry: Expiry,
}

/// So few rows are not worth being numbered anew.
const ROWS_MIN: usize = 1_024;

/// The most rows of a batch.
const ROWS_MAX: usize = 1 << 16;

impl SetOperation {
    /// A shard without any row; what does not change is kept for `ttl` ms.
    ///
    /// # Errors
    /// When a column has no equality.
    pub fn new(intersect: bool, all: bool, schema: SchemaRef, ttl: Option<i64>) -> Result<Self> {
        Ok(Self {
            intersect,
            all,
            rows: Self::index(&schema)?,
            schema,
            live: 0,
            expiry: Expiry::new(ttl),
            copies: Vec::new(),
            emitted: Vec::new(),
            changed: Vec::new(),
            is_changed: Vec::new(),
        })
    }

    fn index(schema: &SchemaRef) -> Result<KeyIndex> {
        let types: Vec<DataType> =
            schema.fields().iter().map(|field| field.data_type().clone()).collect();
        KeyIndex::new(&types)
    }

    /// Numbers the rows anew once most have no copies any more.
    fn compact(&mut self) -> Result<()> {
        let known = self.rows.len();
        if known <= 2 * self.live + ROWS_MIN && (self.live > 0 || known == 0) {
            return Ok(());
        }
        let live: Vec<u32> =
            (0..known as u32).filter(|slot| self.copies[*slot as usize] != [0; 2]).collect();
        self.rows = renumbered(&self.rows, &live, Self::index(&self.schema)?)?;
        self.copies = live.iter().map(|slot| self.copies[*slot as usize]).collect();
        self.emitted = live.iter().map(|slot| self.emitted[*slot as usize]).collect();
        self.is_changed = vec![false; live.len()];
        self.expiry.retain(&live);
        Ok(())
    }

    /// How many copies of a row the result has.
    fn due(&self, [left, right]: [i64; 2]) -> i64 {
        match (self.intersect, self.all) {
            (true, true) => left.min(right).max(0),
            (true, false) => i64::from(left > 0 && right > 0),
            (false, true) => (left.max(0) - right.max(0)).max(0),
            (false, false) => i64::from(left > 0 && right <= 0),
        }
    }
}

impl Operator for SetOperation {
    fn begin_epoch(&mut self, clock_ms: i64) -> Result<()> {
        for slot in self.expiry.begin(clock_ms) {
            let slot = slot as usize;
            self.live -= usize::from(self.copies[slot] != [0; 2]);
            (self.copies[slot], self.emitted[slot]) = ([0; 2], 0);
        }
        self.compact()
    }

    fn process(&mut self, input: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let mut slots = Vec::with_capacity(changes.num_rows());
        self.rows.slots(changes.rows.columns(), changes.num_rows(), &mut slots)?;
        let known = self.rows.len();
        self.copies.resize(known, [0; 2]);
        self.emitted.resize(known, 0);
        self.is_changed.resize(known, false);
        for (row, slot) in slots.into_iter().enumerate() {
            let copies = &mut self.copies[slot as usize];
            let before = *copies != [0; 2];
            copies[input] += changes.weight(row);
            if self.expiry.is_on() {
                // What is taken back may have expired.
                copies[input] = copies[input].max(0);
            }
            self.live = self.live + usize::from(*copies != [0; 2]) - usize::from(before);
            self.expiry.touch(slot);
            if !std::mem::replace(&mut self.is_changed[slot as usize], true) {
                self.changed.push(slot);
            }
        }
        Ok(())
    }

    fn end_epoch(&mut self, _: &OperatorTime, out: &mut Output) -> Result<()> {
        let (mut slots, mut weights) = (Vec::new(), Vec::new());
        for slot in std::mem::take(&mut self.changed) {
            let at = slot as usize;
            self.is_changed[at] = false;
            let due = self.due(self.copies[at]);
            if due != self.emitted[at] {
                slots.push(slot);
                weights.push(due - self.emitted[at]);
                self.emitted[at] = due;
            }
        }
        if slots.is_empty() {
            return self.compact();
        }
        // Copies that are only added are rows of their own: what appends has no weights.
        let appends = weights.iter().all(|weight| *weight > 0);
        if appends {
            let copies = slots.into_iter().zip(&weights);
            slots = copies.flat_map(|(slot, copies)| repeat_n(slot, *copies as usize)).collect();
        }
        for (at, slots) in slots.chunks(ROWS_MAX).enumerate() {
            let columns = self.rows.columns(slots.iter().copied())?;
            let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
            let weights = weights.iter().copied().skip(at * ROWS_MAX).take(slots.len());
            out.emit(match appends {
                true => ChangeBatch::insert(rows),
                false => ChangeBatch::weighted(rows, Int64Array::from_iter_values(weights)),
            });
        }
        self.compact()
    }

    fn state_bytes(&self) -> usize {
        self.rows.bytes()
            + self.expiry.bytes()
            + self.copies.capacity() * 16
            + self.emitted.capacity() * 8
    }
}
