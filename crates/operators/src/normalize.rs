//! [`Normalize`]: full changes from changes by key. Each row replaces the one before of its key; what is
//! taken back of a key is the row it has, whatever the change says it was.
//!
//! Each row is passed on alone, not only what an epoch comes to: a row is late or not by what it met, and
//! what replaces another row is behind those that came before it.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{RowConverter, SortField};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::expiry::Expiry;
use crate::operator::{Operator, OperatorTime, Output};
use crate::session_aggregate::renumbered;
use crate::window_table::pick;

type Bytes = Box<[u8]>;

/// One shard of a normalization.
pub struct Normalize {
    /// The columns of the key.
    key: Vec<usize>,
    schema: SchemaRef,
    keys: KeyIndex,
    converter: RowConverter,
    /// By the slot of the key: the row it has.
    rows: Vec<Option<Bytes>>,
    live: usize,
    bytes: usize,
    expiry: Expiry,
}

/// So few keys are not worth being numbered anew.
const KEYS_MIN: usize = 1_024;

impl Normalize {
    /// A shard without any row; what does not change is kept for `ttl` ms.
    ///
    /// # Errors
    /// When a column cannot be a key or be remembered.
    pub fn new(key: Vec<usize>, schema: SchemaRef, ttl: Option<i64>) -> Result<Self> {
        let fields = schema.fields().iter();
        let fields = fields.map(|field| SortField::new(field.data_type().clone())).collect();
        Ok(Self {
            keys: Self::index(&key, &schema)?,
            converter: RowConverter::new(fields)?,
            key,
            schema,
            rows: Vec::new(),
            live: 0,
            bytes: 0,
            expiry: Expiry::new(ttl),
        })
    }

    fn index(key: &[usize], schema: &SchemaRef) -> Result<KeyIndex> {
        let types = key.iter().map(|column| schema.field(*column).data_type().clone());
        KeyIndex::new(&types.collect::<Vec<DataType>>())
    }

    fn compact(&mut self) -> Result<()> {
        let known = self.keys.len();
        if known <= 2 * self.live + KEYS_MIN && (self.live > 0 || known == 0) {
            return Ok(());
        }
        let live = (0..known as u32).filter(|slot| self.rows[*slot as usize].is_some());
        let live: Vec<u32> = live.collect();
        self.keys = renumbered(&self.keys, &live, Self::index(&self.key, &self.schema)?)?;
        self.rows =
            live.iter().map(|slot| std::mem::take(&mut self.rows[*slot as usize])).collect();
        self.expiry.retain(&live);
        Ok(())
    }
}

impl Operator for Normalize {
    fn begin_epoch(&mut self, clock_ms: i64) -> Result<()> {
        for slot in self.expiry.begin(clock_ms) {
            let row = self.rows[slot as usize].take();
            self.live -= usize::from(row.is_some());
            self.bytes -= row.map_or(0, |row| row.len());
        }
        self.compact()
    }

    fn process(&mut self, _: usize, changes: ChangeBatch, out: &mut Output) -> Result<()> {
        let mut slots = Vec::with_capacity(changes.num_rows());
        self.keys.slots(&pick(&changes.rows, &self.key), changes.num_rows(), &mut slots)?;
        self.rows.resize_with(self.keys.len(), Default::default);
        let encoded = self.converter.convert_columns(changes.rows.columns())?;
        // What comes out: rows that are taken back, and those of the batch; and which row brought it about.
        let mut gone: Vec<Bytes> = Vec::new();
        let (mut places, mut weights, mut causes) = (Vec::new(), Vec::new(), Vec::new());
        for (row, slot) in slots.into_iter().enumerate() {
            self.expiry.touch(slot);
            let kept = &mut self.rows[slot as usize];
            let comes = changes.weight(row) > 0;
            if comes && kept.as_deref() == Some(encoded.row(row).as_ref()) {
                continue;
            }
            let new: Option<Bytes> = comes.then(|| encoded.row(row).as_ref().into());
            self.live += usize::from(new.is_some());
            self.bytes += new.as_ref().map_or(0, |row| row.len());
            if let Some(old) = std::mem::replace(kept, new) {
                self.live -= 1;
                self.bytes -= old.len();
                places.push((0, gone.len()));
                weights.push(-1);
                causes.push(row as u32);
                gone.push(old);
            }
            if comes {
                places.push((1, row));
                weights.push(1);
                causes.push(row as u32);
            }
        }
        let parser = self.converter.parser();
        let gone = self.converter.convert_rows(gone.iter().map(|row| parser.parse(row)))?;
        let columns = gone.iter().zip(changes.rows.columns());
        let columns = columns.map(|(old, new)| interleave(&[old, new], &places));
        let columns = columns.collect::<std::result::Result<Vec<ArrayRef>, _>>()?;
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        let of_cause = changes.take_beside(&UInt32Array::from(causes), rows)?;
        out.emit(ChangeBatch { weights: Some(Int64Array::from(weights)), ..of_cause });
        Ok(())
    }

    fn end_epoch(&mut self, _: &OperatorTime, _: &mut Output) -> Result<()> {
        self.compact()
    }

    fn state_bytes(&self) -> usize {
        let slots = self.rows.capacity() * size_of::<Option<Bytes>>();
        self.keys.bytes() + self.expiry.bytes() + self.bytes + slots
    }
}
