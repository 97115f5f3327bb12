//! [`KeyIndex`]: from the values of key columns to a dense slot number, many rows at a time.
//!
//! One or two integer-like columns are kept as integers, one of text as its bytes; anything else as the bytes
//! of arrow's row format.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use foldhash::fast::FixedState;
use millstream_types::Result;
use std::hash::BuildHasher;

use crate::integer_keys::{IntegerKeys, integers, is_integer_like};
use crate::integer_table::mixed;
use crate::text_keys::{Bytes, TextKeys};

/// Finds the slot of a key, giving new keys the next number.
pub struct KeyIndex {
    types: Vec<DataType>,
    keys: Keys,
    hasher: FixedState,
}

enum Keys {
    /// No columns: all rows have the same key.
    One {
        present: bool,
    },
    Integer(IntegerKeys<1>),
    Integers(IntegerKeys<2>),
    Text(TextKeys),
    Rows {
        converter: RowConverter,
        known: Bytes,
    },
}

impl KeyIndex {
    /// An empty index over key columns of these types.
    ///
    /// # Errors
    /// When a type has no order and so cannot be a key.
    pub fn new(types: &[DataType]) -> Result<Self> {
        let keys = match types {
            [] => Keys::One { present: false },
            [one] if is_integer_like(one) => Keys::Integer(IntegerKeys::default()),
            [one, other] if is_integer_like(one) && is_integer_like(other) => {
                Keys::Integers(IntegerKeys::default())
            }
            [DataType::Utf8] => Keys::Text(TextKeys::default()),
            _ => Keys::Rows { converter: converter(types)?, known: Bytes::default() },
        };
        Ok(Self { types: types.to_vec(), keys, hasher: FixedState::with_seed(SEED) })
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        match &self.keys {
            Keys::One { present } => usize::from(*present),
            Keys::Integer(keys) => keys.len(),
            Keys::Integers(keys) => keys.len(),
            Keys::Text(keys) => keys.len(),
            Keys::Rows { known, .. } => known.len(),
        }
    }

    /// Whether there is no key yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for so many keys.
    pub fn reserve(&mut self, keys: usize) {
        match &mut self.keys {
            Keys::One { .. } => {}
            Keys::Integer(known) => known.reserve(keys),
            Keys::Integers(known) => known.reserve(keys),
            Keys::Text(known) => known.reserve(keys),
            Keys::Rows { known, .. } => known.reserve(keys, &self.hasher),
        }
    }

    /// Writes the slot of each of `rows` rows into `slots`, adding the keys that are new.
    ///
    /// # Errors
    /// When the columns are not of the declared types.
    pub fn slots(&mut self, columns: &[ArrayRef], rows: usize, slots: &mut Vec<u32>) -> Result<()> {
        slots.clear();
        let hasher = &self.hasher;
        match &mut self.keys {
            Keys::One { present } => {
                *present |= rows > 0;
                slots.resize(rows, 0);
            }
            Keys::Integer(keys) => keys.slots(columns, slots)?,
            Keys::Integers(keys) => keys.slots(columns, slots)?,
            Keys::Text(keys) => keys.slots(columns[0].as_string(), hasher, slots),
            Keys::Rows { converter, known } => {
                let encoded = converter.convert_columns(columns)?;
                slots.extend(encoded.iter().map(|row| known.slot(row.as_ref(), hasher)));
            }
        }
        Ok(())
    }

    /// The key columns of some slots, one row a slot in the order given.
    ///
    /// # Errors
    /// Never, for slots of this index.
    pub fn columns(&self, slots: impl Iterator<Item = u32>) -> Result<Vec<ArrayRef>> {
        match &self.keys {
            Keys::One { .. } => Ok(Vec::new()),
            Keys::Integer(keys) => keys.columns(slots, &self.types),
            Keys::Integers(keys) => keys.columns(slots, &self.types),
            Keys::Text(keys) => Ok(vec![keys.column(slots)?]),
            Keys::Rows { converter, known } => {
                let parser = converter.parser();
                let rows = slots.map(|slot| parser.parse(known.key(slot)));
                Ok(converter.convert_rows(rows)?)
            }
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match &self.keys {
            Keys::One { .. } => 0,
            Keys::Integer(keys) => keys.bytes(),
            Keys::Integers(keys) => keys.bytes(),
            Keys::Text(keys) => keys.held(),
            Keys::Rows { known, .. } => known.held(),
        }
    }
}

/// Fixed, so that rows are exchanged the same way in every run.
const SEED: u64 = 0x6d69_6c6c_7374_7265;

fn converter(types: &[DataType]) -> Result<RowConverter> {
    Ok(RowConverter::new(types.iter().cloned().map(SortField::new).collect())?)
}

/// The shard that a hash belongs to.
#[inline]
pub fn shard_of(hash: u64, shards: usize) -> usize {
    (((hash >> 32) * shards as u64) >> 32) as usize
}

/// One hash a row over some columns: the same for equal rows in every batch.
///
/// # Errors
/// When a type cannot be a key.
pub fn hash_rows(columns: &[ArrayRef], rows: usize) -> Result<Vec<u64>> {
    let hasher = FixedState::with_seed(!SEED);
    let mut hashes = vec![0_u64; rows];
    for column in columns {
        let valid = |row: usize| column.is_valid(row);
        let mut add =
            |row: usize, value: u64| hashes[row] = mixed(hashes[row].rotate_left(5) ^ value);
        if is_integer_like(column.data_type()) {
            let keys = integers(column)?;
            if keys.null_count() == 0 {
                keys.values().iter().enumerate().for_each(|(row, key)| add(row, *key as u64));
            } else {
                (0..rows).for_each(|row| {
                    add(row, if valid(row) { keys.value(row) as u64 } else { SEED })
                });
            }
            continue;
        }
        if let Some(texts) = column.as_string_opt::<i32>() {
            for row in 0..rows {
                let text =
                    if valid(row) { hasher.hash_one(texts.value(row).as_bytes()) } else { SEED };
                add(row, text);
            }
            continue;
        }
        let encoded = converter(&[column.data_type().clone()])?
            .convert_columns(std::slice::from_ref(column))?;
        for (row, key) in encoded.iter().enumerate() {
            add(row, hasher.hash_one(key.as_ref()));
        }
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use arrow::array::{Date32Array, Int64Array, StringArray};

    fn check(columns: Vec<ArrayRef>, due: &[u32]) {
        let types: Vec<DataType> =
            columns.iter().map(|column| column.data_type().clone()).collect();
        let mut index = KeyIndex::new(&types).unwrap();
        let mut slots = Vec::new();
        for _ in 0..2 {
            index.slots(&columns, due.len(), &mut slots).unwrap();
            assert_eq!(slots, due);
        }
        let first = |slot: u32| due.iter().position(|known| *known == slot).unwrap();
        let keys = index.columns(0..index.len() as u32).unwrap();
        for (key, column) in keys.iter().zip(&columns) {
            for slot in 0..index.len() {
                assert_eq!(&key.slice(slot, 1), &column.slice(first(slot as u32), 1));
            }
        }
    }

    #[test]
    fn equal_keys_share_a_slot_and_null_is_a_key() {
        check(
            vec![Arc::new(Int64Array::from(vec![Some(7), None, Some(7), Some(0), None]))],
            &[0, 1, 0, 2, 1],
        );
        check(
            vec![Arc::new(Date32Array::from(vec![Some(1), Some(2), None, Some(1)]))],
            &[0, 1, 2, 0],
        );
        check(
            vec![Arc::new(StringArray::from(vec![Some("a"), Some(""), None, Some("a")]))],
            &[0, 1, 2, 0],
        );
        check(
            vec![
                Arc::new(StringArray::from(vec!["a", "a", "b", "a"])),
                Arc::new(Int64Array::from(vec![1, 2, 1, 1])),
            ],
            &[0, 1, 2, 0],
        );
        check(
            vec![
                Arc::new(Date32Array::from(vec![Some(1), Some(0), None, Some(1), None, Some(0)])),
                Arc::new(Int64Array::from(vec![Some(0), Some(1), Some(0), Some(0), None, Some(1)])),
            ],
            &[0, 1, 2, 0, 3, 1],
        );
        // Close together, or as far apart as can be.
        check(vec![Arc::new(Int64Array::from(vec![5, 3, 5, -2, 3, 6]))], &[0, 1, 0, 2, 1, 3]);
        let far = vec![i64::MAX, i64::MIN, 0, i64::MIN, i64::MAX];
        check(vec![Arc::new(Int64Array::from(far))], &[0, 1, 2, 1, 0]);
        check(vec![], &[]);
    }
}
