//! [`Sort`]: all rows in some order, once their input has ended.

use std::iter::repeat_n;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use millstream_plan::OrderKey;
use millstream_types::{ChangeBatch, Result, Watermark};

use crate::consolidate::Changes;
use crate::operator::{Operator, OperatorTime, Output};
use crate::pairs::{batch, taken};
use crate::window_rank::{compare, order_rows};

/// Keeps all rows until there are no more; those that are equal in the order come out as they came.
pub struct Sort {
    order: Vec<OrderKey>,
    schema: SchemaRef,
    changes: Changes,
    /// How many changes are kept, and how many there may be before those that cancel out are looked for.
    kept: usize,
    most: usize,
    bytes: usize,
}

/// So few changes are not worth being looked through.
const CHANGES_MIN: usize = 1 << 16;

/// The most rows of a batch that comes out.
const ROWS_MAX: usize = 8_192;

impl Sort {
    /// For rows of a schema.
    pub fn new(order: Vec<OrderKey>, schema: SchemaRef) -> Self {
        let changes = Changes::default();
        Self { order, schema, changes, kept: 0, most: CHANGES_MIN, bytes: 0 }
    }

    fn keep(&mut self, changes: &ChangeBatch) {
        let weights = (0..changes.num_rows()).map(|row| changes.weight(row)).collect();
        self.kept += changes.num_rows();
        self.bytes += changes.rows.get_array_memory_size();
        self.changes.add(changes.rows.columns().to_vec(), weights);
    }

    /// Puts changes together of which some are taken back.
    fn compact(&mut self) -> Result<()> {
        if self.kept < self.most {
            return Ok(());
        }
        let net = self.changes.net(&self.schema)?;
        (self.kept, self.bytes) = (0, 0);
        net.iter().for_each(|changes| self.keep(changes));
        self.most = 2 * self.kept + CHANGES_MIN;
        Ok(())
    }
}

impl Operator for Sort {
    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        self.keep(&changes);
        Ok(())
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        if time.watermark != Watermark::MAX {
            return self.compact();
        }
        let net = self.changes.net(&self.schema)?;
        (self.kept, self.bytes) = (0, 0);
        let batches: Vec<&RecordBatch> = net.iter().map(|changes| &changes.rows).collect();
        let rows = concat_batches(&self.schema, batches)?;
        let copies = net.iter().flat_map(|part| (0..part.num_rows()).map(|row| part.weight(row)));
        let copies: Vec<usize> = copies.map(|copies| copies.max(0) as usize).collect();
        let order = order_rows(&self.schema, &rows, &self.order)?;
        let mut sorted: Vec<usize> = (0..rows.num_rows()).collect();
        sorted.sort_by(|a, b| compare(&order, *a, *b));
        let sorted = sorted.into_iter().flat_map(|row| repeat_n(row as u32, copies[row]));
        let sorted: Vec<u32> = sorted.collect();
        for part in sorted.chunks(ROWS_MAX) {
            let columns = taken(&rows, &UInt32Array::from(part.to_vec()))?;
            out.emit(ChangeBatch::insert(batch(&self.schema, columns, part.len())?));
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.bytes
    }
}
