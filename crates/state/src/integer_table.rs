//! [`IntegerTable`]: from whole numbers to slots, by open addressing.
//!
//! Key and slot stand side by side in a table at most half full, so that a look-up mostly touches one line of
//! memory.

/// Slots by number.
#[derive(Debug, Default)]
pub struct IntegerTable {
    /// A power of two of them, or none; a slot of [`EMPTY`] says that there is no key.
    entries: Vec<(i64, u32)>,
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

impl IntegerTable {
    /// The slot of a key; `next` becomes that of one that was not there, and is returned with TRUE.
    #[inline]
    pub fn slot(&mut self, key: i64, next: u32) -> (u32, bool) {
        if self.len * 2 >= self.entries.len() {
            self.grow();
        }
        let mask = self.entries.len() - 1;
        let mut at = mixed(key as u64) as usize & mask;
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

    #[cold]
    fn grow(&mut self) {
        let length = (self.entries.len() * 2).max(16);
        let old = std::mem::replace(&mut self.entries, vec![(0, EMPTY); length]);
        for (key, slot) in old.into_iter().filter(|(_, slot)| *slot != EMPTY) {
            let mut at = mixed(key as u64) as usize & (length - 1);
            while self.entries[at].1 != EMPTY {
                at = (at + 1) & (length - 1);
            }
            self.entries[at] = (key, slot);
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<(i64, u32)>()
    }
}
