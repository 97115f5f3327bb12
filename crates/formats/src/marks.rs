//! [`Marks`]: where bytes of a few kinds stand in a text, found 64 bytes at a time.
//!
//! A text of short fields is mostly searched for its next quote or delimiter. One comparison of a whole
//! block gives a bit for each of its bytes; the searches within the block then only look at those bits.

use wide::u8x16;

/// Finds the next of `N` kinds of bytes, none of which is 0.
pub struct Marks<'a, const N: usize> {
    bytes: &'a [u8],
    kinds: [u8x16; N],
    /// The block that `found` is of.
    block: usize,
    /// A bit for each byte of the block.
    found: u64,
    /// Those that were not taken yet.
    left: u64,
}

/// How many bytes are looked at together.
pub const BLOCK: usize = 64;

impl<'a, const N: usize> Marks<'a, N> {
    /// For the bytes of some kinds in a text.
    pub fn new(bytes: &'a [u8], kinds: [u8; N]) -> Self {
        let mut marks = Self { bytes, kinds: kinds.map(u8x16::splat), block: 0, found: 0, left: 0 };
        marks.look_at(0);
        marks
    }

    /// The position of the next of them, at `from` or behind it.
    #[inline]
    pub fn next(&mut self, from: usize) -> Option<usize> {
        let block = from / BLOCK;
        if block != self.block {
            if from >= self.bytes.len() {
                return None;
            }
            self.look_at(block);
        }
        let mut found = self.found & (u64::MAX << (from % BLOCK));
        while found == 0 {
            if (self.block + 1) * BLOCK >= self.bytes.len() {
                return None;
            }
            self.look_at(self.block + 1);
            found = self.found;
        }
        Some(self.block * BLOCK + found.trailing_zeros() as usize)
    }

    #[inline]
    fn look_at(&mut self, block: usize) {
        self.block = block;
        let rest = &self.bytes[block * BLOCK..];
        self.found = match rest.first_chunk::<BLOCK>() {
            Some(whole) => self.bits(whole),
            None => {
                let mut padded = [0; BLOCK];
                padded[..rest.len()].copy_from_slice(rest);
                self.bits(&padded)
            }
        };
        self.left = self.found;
    }

    /// Takes the next of them, wherever it stands.
    #[inline]
    pub fn take(&mut self) -> Option<usize> {
        while self.left == 0 {
            if (self.block + 1) * BLOCK >= self.bytes.len() {
                return None;
            }
            self.look_at(self.block + 1);
        }
        let at = self.block * BLOCK + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(at)
    }

    /// Goes to a place: what is at it or behind it is taken next.
    pub fn seek(&mut self, at: usize) {
        if at / BLOCK * BLOCK <= self.bytes.len() {
            self.look_at(at / BLOCK);
            self.left &= u64::MAX << (at % BLOCK);
        }
    }

    /// The bits of each kind in all blocks, one block after the other; behind the end there is none.
    pub fn blocks(bytes: &'a [u8], kinds: [u8; N]) -> impl Iterator<Item = [u64; N]> {
        let kinds = kinds.map(u8x16::splat);
        let (whole, rest) = bytes.as_chunks::<BLOCK>();
        let mut padded = [0; BLOCK];
        padded[..rest.len()].copy_from_slice(rest);
        let rest = (!rest.is_empty()).then_some(padded);
        let each = move |block: &[u8; BLOCK]| kinds.map(|kind| equal(block, &[kind]));
        whole.iter().map(each).chain(rest.map(move |rest| each(&rest)))
    }

    #[inline]
    fn bits(&self, block: &[u8; BLOCK]) -> u64 {
        equal(block, &self.kinds)
    }
}

/// A bit for each byte of a block that is of one of some kinds.
#[inline]
fn equal<const N: usize>(block: &[u8; BLOCK], kinds: &[u8x16; N]) -> u64 {
    let (quarters, _) = block.as_chunks::<16>();
    let mut bits = 0;
    for (at, quarter) in quarters.iter().enumerate() {
        let quarter = u8x16::new(*quarter);
        let mut equal = u8x16::ZERO;
        for kind in kinds {
            equal |= quarter.simd_eq(*kind);
        }
        bits |= u64::from(equal.to_bitmask()) << (at * 16);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_found_from_everywhere() {
        for length in [0, 1, 15, 16, 63, 64, 65, 127, 128, 200] {
            let bytes: Vec<u8> =
                (0..length).map(|at: usize| b"a,b\"cd\nefgh"[at * at % 11]).collect();
            let mut marks = Marks::new(&bytes, [b',', b'"', b'\n']);
            for from in (0..length + 70).chain((0..length).rev()) {
                let due = (from..length).find(|at| matches!(bytes[*at], b',' | b'"' | b'\n'));
                assert_eq!(marks.next(from), due, "{length} bytes from {from}");
            }
            for from in 0..=length {
                marks.seek(from);
                let taken: Vec<usize> = std::iter::from_fn(|| marks.take()).collect();
                let due = (from..length).filter(|at| matches!(bytes[*at], b',' | b'"' | b'\n'));
                assert_eq!(taken, due.collect::<Vec<_>>(), "{length} bytes from {from}");
            }
        }
    }
}
