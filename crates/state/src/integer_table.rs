//! [`IntegerTable`]: from one or several whole numbers to slots, by open addressing.
//!
//! Key and slot stand side by side in a table at most half full, so that a look-up mostly touches one line of
//! memory.

/// Slots by keys of `N` numbers.
#[derive(Debug)]
pub struct IntegerTable<const N: usize> {
    /// A power of two of them, or none; a slot of [`EMPTY`] says that there is no key.
    entries: Vec<([i64; N], u32)>,
    len: usize,
}

const EMPTY: u32 = u32::MAX;

/// Multiplies to twice the width and folds the halves: all bits of a number reach all bits of the result.
#[inline]
pub fn mixed(number: u64) -> u64 {
    let product =
        u128::from(number ^ 0x2d35_8dcc_aa6c_78a5) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
    (product as u64) ^ (product >> 64) as u64
}

#[inline]
fn place<const N: usize>(key: &[i64; N], mask: usize) -> usize {
    // Numbers that change places give another hash.
    key.iter().fold(0, |hash: u64, part| mixed(hash.rotate_left(1) ^ *part as u64)) as usize & mask
}

impl<const N: usize> Default for IntegerTable<N> {
    fn default() -> Self {
        Self { entries: Vec::new(), len: 0 }
    }
}

impl<const N: usize> IntegerTable<N> {
    /// The slot of a key; `next` becomes that of one that was not there, and is returned with TRUE.
    #[inline]
    pub fn slot(&mut self, key: [i64; N], next: u32) -> (u32, bool) {
        if self.len * 2 >= self.entries.len() {
            self.grow((self.entries.len() * 2).max(16));
        }
        let mask = self.entries.len() - 1;
        let mut at = place(&key, mask);
        loop {
            let (known, slot) = self.entries[at];
            if slot == EMPTY {
                self.entries[at] = (key, next);
                self.len += 1;
                return (next, true);
            }
            if known == key {
                return (slot, false);
            }
            at = (at + 1) & mask;
        }
    }

    /// Makes room for so many keys.
    pub fn reserve(&mut self, keys: usize) {
        let length = (keys * 2 + 2).next_power_of_two();
        if length > self.entries.len() {
            self.grow(length);
        }
    }

    #[cold]
    fn grow(&mut self, length: usize) {
        let old = std::mem::replace(&mut self.entries, vec![([0; N], EMPTY); length]);
        for (key, slot) in old.into_iter().filter(|(_, slot)| *slot != EMPTY) {
            let mut at = place(&key, length - 1);
            while self.entries[at].1 != EMPTY {
                at = (at + 1) & (length - 1);
            }
            self.entries[at] = (key, slot);
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<([i64; N], u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn keys_are_found_again_however_many_there_are() {
        let (mut table, mut due) = (IntegerTable::<2>::default(), HashMap::new());
        for round in 0..3_i64 {
            for number in 0..20_000_i64 {
                let key = [number % (round + 2), number * 7_919 % 5_003];
                let next = due.len() as u32;
                let slot = *due.entry(key).or_insert(next);
                assert_eq!(table.slot(key, next), (slot, slot == next && due.len() as u32 > next));
            }
        }
        // The same numbers the other way round are another key.
        assert!(table.slot([5_002, 1], due.len() as u32).1);
    }
}
