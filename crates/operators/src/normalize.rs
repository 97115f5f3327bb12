//! [`Normalize`]: full changes from changes by key. Each row replaces the one before of its key; what is
//! taken back of a key is the row it has, whatever the change says it was.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
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
    /// By the slot of the key: the row it has, and the one that was emitted.
    rows: Vec<[Option<Bytes>; 2]>,
    changed: Vec<u32>,
    is_changed: Vec<bool>,
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
            changed: Vec::new(),
            is_changed: Vec::new(),
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
        let live = (0..known as u32).filter(|slot| self.rows[*slot as usize][0].is_some());
        let live: Vec<u32> = live.collect();
        self.keys = renumbered(&self.keys, &live, Self::index(&self.key, &self.schema)?)?;
        self.rows =
            live.iter().map(|slot| std::mem::take(&mut self.rows[*slot as usize])).collect();
        self.is_changed = vec![false; live.len()];
        self.expiry.retain(&live);
        Ok(())
    }
}

impl Operator for Normalize {
    fn begin_epoch(&mut self, clock_ms: i64) -> Result<()> {
        for slot in self.expiry.begin(clock_ms) {
            let [row, _] = std::mem::take(&mut self.rows[slot as usize]);
            self.live -= usize::from(row.is_some());
            self.bytes -= row.map_or(0, |row| row.len());
        }
        self.compact()
    }

    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let mut slots = Vec::with_capacity(changes.num_rows());
        self.keys.slots(&pick(&changes.rows, &self.key), changes.num_rows(), &mut slots)?;
        self.rows.resize_with(self.keys.len(), Default::default);
        self.is_changed.resize(self.keys.len(), false);
        let encoded = self.converter.convert_columns(changes.rows.columns())?;
        for (row, slot) in slots.into_iter().enumerate() {
            let new: Option<Bytes> =
                (changes.weight(row) > 0).then(|| encoded.row(row).as_ref().into());
            self.live += usize::from(new.is_some());
            self.bytes += new.as_ref().map_or(0, |row| row.len());
            let old = std::mem::replace(&mut self.rows[slot as usize][0], new);
            self.live -= usize::from(old.is_some());
            self.bytes -= old.map_or(0, |row| row.len());
            self.expiry.touch(slot);
            if !std::mem::replace(&mut self.is_changed[slot as usize], true) {
                self.changed.push(slot);
            }
        }
        Ok(())
    }

    fn end_epoch(&mut self, _: &OperatorTime, out: &mut Output) -> Result<()> {
        let (mut rows, mut weights) = (Vec::new(), Vec::new());
        for slot in std::mem::take(&mut self.changed) {
            self.is_changed[slot as usize] = false;
            let [new, emitted] = &mut self.rows[slot as usize];
            if new == emitted {
                continue;
            }
            let old = std::mem::replace(emitted, new.clone());
            for (row, weight) in [(old, -1), (new.clone(), 1)] {
                if let Some(row) = row {
                    rows.push(row);
                    weights.push(weight);
                }
            }
        }
        if !rows.is_empty() {
            let parser = self.converter.parser();
            let columns: Vec<ArrayRef> =
                self.converter.convert_rows(rows.iter().map(|row| parser.parse(row)))?;
            let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
            out.emit(ChangeBatch::weighted(rows, Int64Array::from(weights)));
        }
        self.compact()
    }

    fn state_bytes(&self) -> usize {
        let slots = self.rows.capacity() * size_of::<[Option<Bytes>; 2]>();
        self.keys.bytes() + self.expiry.bytes() + 2 * self.bytes + slots
    }
}
