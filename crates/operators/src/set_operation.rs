//! [`SetOperation`]: INTERSECT and EXCEPT, with and without ALL.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::operator::{Operator, OperatorTime, Output};

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
}

impl SetOperation {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column has no equality.
    pub fn new(intersect: bool, all: bool, schema: SchemaRef) -> Result<Self> {
        let types: Vec<DataType> =
            schema.fields().iter().map(|field| field.data_type().clone()).collect();
        Ok(Self {
            intersect,
            all,
            rows: KeyIndex::new(&types)?,
            schema,
            copies: Vec::new(),
            emitted: Vec::new(),
            changed: Vec::new(),
            is_changed: Vec::new(),
        })
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
    fn process(&mut self, input: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let mut slots = Vec::with_capacity(changes.num_rows());
        self.rows.slots(changes.rows.columns(), changes.num_rows(), &mut slots)?;
        let known = self.rows.len();
        self.copies.resize(known, [0; 2]);
        self.emitted.resize(known, 0);
        self.is_changed.resize(known, false);
        for (row, slot) in slots.into_iter().enumerate() {
            self.copies[slot as usize][input] += changes.weight(row);
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
            return Ok(());
        }
        let columns = self.rows.columns(slots.into_iter())?;
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        let weights = Int64Array::from(weights);
        let appends = weights.values().iter().all(|weight| *weight == 1);
        out.emit(match appends {
            true => ChangeBatch::insert(rows),
            false => ChangeBatch::weighted(rows, weights),
        });
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.rows.bytes() + self.copies.capacity() * 16 + self.emitted.capacity() * 8
    }
}
