//! [`KeyIndex`]: from the values of key columns to a dense slot number, many rows at a time.
//!
//! One integer-like column is kept as integers; anything else as the bytes of arrow's row format.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::row::{RowConverter, SortField};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use millstream_types::Result;
use std::hash::BuildHasher;

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
    Integer {
        table: HashTable<(i64, u32)>,
        values: Vec<i64>,
        null: Option<u32>,
    },
    Rows {
        converter: RowConverter,
        table: HashTable<u32>,
        bytes: Vec<u8>,
        ends: Vec<usize>,
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
            [one] if is_integer_like(one) => {
                Keys::Integer { table: HashTable::new(), values: Vec::new(), null: None }
            }
            _ => Keys::Rows {
                converter: converter(types)?,
                table: HashTable::new(),
                bytes: Vec::new(),
                ends: Vec::new(),
            },
        };
        Ok(Self { types: types.to_vec(), keys, hasher: FixedState::with_seed(SEED) })
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        match &self.keys {
            Keys::One { present } => usize::from(*present),
            Keys::Integer { values, .. } => values.len(),
            Keys::Rows { ends, .. } => ends.len(),
        }
    }

    /// Whether there is no key yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
            Keys::Integer { table, values, null } => {
                let keys = integers(&columns[0])?;
                let hash_of = |entry: &(i64, u32)| hasher.hash_one(entry.0);
                let mut find = |key: i64, values: &mut Vec<i64>| {
                    let entry = table.entry(hasher.hash_one(key), |entry| entry.0 == key, hash_of);
                    entry
                        .or_insert_with(|| {
                            values.push(key);
                            (key, values.len() as u32 - 1)
                        })
                        .get()
                        .1
                };
                if keys.null_count() == 0 {
                    slots.extend(keys.values().iter().map(|key| find(*key, values)));
                } else {
                    for key in &keys {
                        slots.push(match key {
                            Some(key) => find(key, values),
                            None => *null.get_or_insert_with(|| {
                                values.push(0);
                                values.len() as u32 - 1
                            }),
                        });
                    }
                }
            }
            Keys::Rows { converter, table, bytes, ends } => {
                let encoded = converter.convert_columns(columns)?;
                for row in encoded.iter() {
                    let key = row.as_ref();
                    let hash = hasher.hash_one(key);
                    let found = table.find(hash, |slot| key_at(bytes, ends, *slot) == key);
                    slots.push(match found {
                        Some(slot) => *slot,
                        None => {
                            let slot = ends.len() as u32;
                            bytes.extend_from_slice(key);
                            ends.push(bytes.len());
                            table.insert_unique(hash, slot, |slot| {
                                hasher.hash_one(key_at(bytes, ends, *slot))
                            });
                            slot
                        }
                    });
                }
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
            Keys::Integer { values, null, .. } => {
                let keys = slots.map(|slot| (Some(slot) != *null).then(|| values[slot as usize]));
                let keys: Int64Array = keys.collect();
                Ok(vec![from_integers(&keys, &self.types[0])?])
            }
            Keys::Rows { converter, bytes, ends, .. } => {
                let parser = converter.parser();
                let rows = slots.map(|slot| parser.parse(key_at(bytes, ends, slot)));
                Ok(converter.convert_rows(rows)?)
            }
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match &self.keys {
            Keys::One { .. } => 0,
            Keys::Integer { table, values, .. } => table.allocation_size() + values.capacity() * 8,
            Keys::Rows { table, bytes, ends, .. } => {
                table.allocation_size() + bytes.capacity() + ends.capacity() * 8
            }
        }
    }
}

/// Fixed, so that rows are exchanged the same way in every run.
const SEED: u64 = 0x6d69_6c6c_7374_7265;

fn key_at<'a>(bytes: &'a [u8], ends: &[usize], slot: u32) -> &'a [u8] {
    let slot = slot as usize;
    let start = if slot == 0 { 0 } else { ends[slot - 1] };
    &bytes[start..ends[slot]]
}

fn converter(types: &[DataType]) -> Result<RowConverter> {
    Ok(RowConverter::new(types.iter().cloned().map(SortField::new).collect())?)
}

fn is_integer_like(data_type: &DataType) -> bool {
    data_type.is_signed_integer()
        || matches!(data_type, DataType::Date32 | DataType::Timestamp(..) | DataType::Time32(_))
}

fn integers(column: &ArrayRef) -> Result<Int64Array> {
    let narrow = match column.data_type() {
        DataType::Int64 => return Ok(column.as_primitive().clone()),
        DataType::Date32 | DataType::Time32(_) => cast(column, &DataType::Int32)?,
        _ => ArrayRef::clone(column),
    };
    Ok(cast(&narrow, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

fn from_integers(keys: &Int64Array, to: &DataType) -> Result<ArrayRef> {
    Ok(match to {
        DataType::Date32 | DataType::Time32(_) => cast(&cast(keys, &DataType::Int32)?, to)?,
        _ => cast(keys, to)?,
    })
}

/// One hash a row over key columns, for choosing a shard: the same for equal keys in every batch.
///
/// # Errors
/// When a type cannot be a key.
pub fn hash_rows(columns: &[ArrayRef], rows: usize) -> Result<Vec<u64>> {
    let hasher = FixedState::with_seed(!SEED);
    match columns {
        [] => Ok(vec![0; rows]),
        [one] if is_integer_like(one.data_type()) => {
            let keys = integers(one)?;
            Ok((0..rows)
                .map(|row| if keys.is_null(row) { 0 } else { hasher.hash_one(keys.value(row)) })
                .collect())
        }
        _ => {
            let types: Vec<DataType> =
                columns.iter().map(|column| column.data_type().clone()).collect();
            let encoded = converter(&types)?.convert_columns(columns)?;
            Ok(encoded.iter().map(|row| hasher.hash_one(row.as_ref())).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, StringArray};
    use std::sync::Arc;

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
        check(vec![], &[]);
    }
}
