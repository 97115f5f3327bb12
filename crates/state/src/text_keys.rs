//! [`TextKeys`]: keys of one text, and [`Bytes`]: keys as bytes.
//!
//! Most texts that are grouped by are short. Those of up to 15 bytes are looked up as two numbers, in a table
//! where key and slot stand side by side; longer ones by their hash.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray, StringBuilder};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use millstream_types::{Error, Result};

use crate::integer_table::IntegerTable;

/// Keys as bytes, one after the other.
#[derive(Default)]
pub(crate) struct Bytes {
    /// The slots of those that were asked for by [`Self::slot`].
    table: HashTable<u32>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Bytes {
    /// The slot of a key, which may be new.
    #[inline]
    pub fn slot(&mut self, key: &[u8], hasher: &FixedState) -> u32 {
        let Self { table, bytes, ends } = self;
        let hash = hasher.hash_one(key);
        if let Some(slot) = table.find(hash, |slot| key_at(bytes, ends, *slot) == key) {
            return *slot;
        }
        let slot = self.push(key);
        let Self { table, bytes, ends } = self;
        table.insert_unique(hash, slot, |slot| hasher.hash_one(key_at(bytes, ends, *slot)));
        slot
    }

    /// Gives a key the next slot, without looking for it.
    fn push(&mut self, key: &[u8]) -> u32 {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
        self.ends.len() as u32 - 1
    }

    /// The key of a slot.
    pub fn key(&self, slot: u32) -> &[u8] {
        key_at(&self.bytes, &self.ends, slot)
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Makes room for so many keys.
    pub fn reserve(&mut self, keys: usize, hasher: &FixedState) {
        let Self { table, bytes, ends } = self;
        table.reserve(keys, |slot| hasher.hash_one(key_at(bytes, ends, *slot)));
        ends.reserve(keys);
    }

    pub fn held(&self) -> usize {
        self.table.allocation_size() + self.bytes.capacity() + self.ends.capacity() * 8
    }
}

fn key_at<'a>(bytes: &'a [u8], ends: &[usize], slot: u32) -> &'a [u8] {
    let slot = slot as usize;
    let start = if slot == 0 { 0 } else { ends[slot - 1] };
    &bytes[start..ends[slot]]
}

/// Slots by texts; NULL is a key like any other.
#[derive(Default)]
pub(crate) struct TextKeys {
    /// All keys; the longer ones are looked up here.
    known: Bytes,
    short: IntegerTable<2>,
    null: Option<u32>,
}

/// The longest text that is looked up as two numbers: the last byte of them is its length.
const SHORT_MAX: usize = 15;

/// A text of up to [`SHORT_MAX`] bytes as two numbers.
#[inline]
fn packed(bytes: &[u8], start: usize, length: usize) -> [i64; 2] {
    let text = match bytes[start..].first_chunk::<16>() {
        Some(chunk) => u128::from_le_bytes(*chunk) & ((1 << (8 * length)) - 1),
        None => {
            let mut padded = [0; 16];
            padded[..length].copy_from_slice(&bytes[start..start + length]);
            u128::from_le_bytes(padded)
        }
    };
    let key = text | (length as u128) << 120;
    [key as i64, (key >> 64) as i64]
}

impl TextKeys {
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Makes room for so many keys.
    pub fn reserve(&mut self, keys: usize) {
        self.known.ends.reserve(keys);
        self.short.reserve(keys);
    }

    /// Adds the slot of each text to `slots`.
    pub fn slots(&mut self, texts: &StringArray, hasher: &FixedState, slots: &mut Vec<u32>) {
        let (bytes, offsets) = (texts.value_data(), texts.value_offsets());
        let nulls = texts.nulls().filter(|nulls| nulls.null_count() > 0);
        slots.extend(offsets.windows(2).enumerate().map(|(row, ends)| {
            let (start, end) = (ends[0] as usize, ends[1] as usize);
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                return *self.null.get_or_insert_with(|| self.known.push(&[]));
            }
            let length = end - start;
            if length > SHORT_MAX {
                return self.known.slot(&bytes[start..end], hasher);
            }
            let next = self.known.len() as u32;
            let (slot, is_new) = self.short.slot(packed(bytes, start, length), next);
            if is_new {
                self.known.push(&bytes[start..end]);
            }
            slot
        }));
    }

    /// The texts of some slots.
    ///
    /// # Errors
    /// Never, for slots of its own.
    pub fn column(&self, slots: impl Iterator<Item = u32>) -> Result<ArrayRef> {
        let mut texts = StringBuilder::new();
        for slot in slots {
            if Some(slot) == self.null {
                texts.append_null();
                continue;
            }
            let text = std::str::from_utf8(self.known.key(slot));
            texts.append_value(text.map_err(|error| Error::Internal(error.to_string()))?);
        }
        Ok(Arc::new(texts.finish()))
    }

    pub fn held(&self) -> usize {
        self.known.held() + self.short.bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arrow::array::AsArray;
    use millstream_testing::Random;

    use super::*;

    #[test]
    fn texts_of_all_lengths_are_found_again() {
        let mut random = Random::new(17);
        let (mut keys, mut due) = (TextKeys::default(), HashMap::new());
        let hasher = FixedState::with_seed(1);
        for _ in 0..200 {
            let mut some = || {
                let length = random.below(20) as usize;
                let text: String =
                    (0..length).map(|_| ["a", "\0", "é"][random.below(3) as usize]).collect();
                (random.below(9) > 0).then_some(text)
            };
            let texts: Vec<Option<String>> = (0..50).map(|_| some()).collect();
            let column = StringArray::from(texts.clone());
            let mut slots = Vec::new();
            keys.slots(&column.slice(3, 40), &hasher, &mut slots);
            for (text, slot) in texts[3..43].iter().zip(&slots) {
                let next = due.len() as u32;
                assert_eq!(*due.entry(text.clone()).or_insert(next), *slot, "{text:?}");
            }
            let again = keys.column(slots.into_iter()).unwrap();
            assert_eq!(again.as_string::<i32>(), &column.slice(3, 40));
        }
        assert_eq!(keys.len(), due.len());
    }
}
