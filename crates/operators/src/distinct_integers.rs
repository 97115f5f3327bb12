//! COUNT(DISTINCT …) of whole numbers: how many copies of each number a group has, by open addressing.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use millstream_types::Result;

use crate::aggregate::Aggregate;

/// The number of distinct whole numbers.
pub(crate) struct DistinctIntegers;

/// Whether a type is one whose values are whole numbers here.
pub(crate) fn is_integer(data_type: &DataType) -> bool {
    data_type.is_signed_integer() || matches!(data_type, DataType::Timestamp(..))
}

/// The numbers of a group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Numbers {
    /// A power of two of places, at most half of them taken: a number and its copies, none where it is free.
    places: Vec<(i64, i64)>,
    taken: usize,
    /// How many numbers have copies; some may have been taken back before they came.
    present: i64,
}

impl Numbers {
    fn place(&self, number: i64) -> usize {
        let mixed = (number as u64 ^ 0x2d35_8dcc_aa6c_78a5).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> (64 - self.places.len().trailing_zeros())) as usize
    }

    /// Where a number stands, or would.
    #[inline]
    fn find(&self, number: i64) -> usize {
        let mut at = self.place(number);
        while self.places[at].1 != 0 && self.places[at].0 != number {
            at = (at + 1) & (self.places.len() - 1);
        }
        at
    }

    #[inline]
    fn take(&mut self, number: i64, weight: i64) {
        if self.taken * 2 >= self.places.len() {
            self.resize();
        }
        let at = self.find(number);
        let before = self.places[at].1;
        let after = before + weight;
        self.places[at] = (number, after);
        self.present += i64::from(after > 0) - i64::from(before > 0);
        self.taken += usize::from(before == 0);
        if after == 0 {
            self.taken -= 1;
            self.close(at);
        }
    }

    /// Moves up what stands behind a place that became free, so that it is still found.
    fn close(&mut self, mut free: usize) {
        if self.taken == 0 {
            self.places = Vec::new();
            return;
        }
        let mask = self.places.len() - 1;
        let mut at = (free + 1) & mask;
        while self.places[at].1 != 0 {
            let home = self.place(self.places[at].0);
            // It may move unless its own place lies between the free one and where it stands.
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(free) & mask {
                self.places[free] = self.places[at];
                self.places[at].1 = 0;
                free = at;
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn resize(&mut self) {
        let length = (self.places.len() * 2).max(4);
        let old = std::mem::replace(&mut self.places, vec![(0, 0); length]);
        for (number, copies) in old.into_iter().filter(|(_, copies)| *copies != 0) {
            let at = self.find(number);
            self.places[at] = (number, copies);
        }
    }
}

impl Aggregate for DistinctIntegers {
    type State = Numbers;
    type Input = Int64Array;
    type Value = i64;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Int64Array> {
        Ok(match arguments[0].as_primitive_opt::<Int64Type>() {
            Some(numbers) => numbers.clone(),
            None => cast(&arguments[0], &DataType::Int64)?.as_primitive::<Int64Type>().clone(),
        })
    }

    #[inline]
    fn add(&self, state: &mut Numbers, from: &Int64Array, row: usize, weight: i64, _: u64) {
        state.take(from.values()[row], weight);
    }

    fn merge(&self, into: &mut Numbers, from: &Numbers) -> Result<()> {
        for (number, copies) in from.places.iter().filter(|(_, copies)| *copies != 0) {
            into.take(*number, *copies);
        }
        Ok(())
    }

    fn value(&self, state: &Numbers) -> i64 {
        state.present
    }

    fn column(&self, values: Vec<i64>) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(values)))
    }

    fn heap(&self, state: &Numbers) -> usize {
        state.places.capacity() * size_of::<(i64, i64)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_testing::Random;
    use std::collections::BTreeMap;

    #[test]
    fn numbers_come_and_go_as_in_a_map() {
        let mut random = Random::new(3);
        let mut random = |below: u64| random.below(below);
        for range in [4, 40, 5_000] {
            let (mut numbers, mut due) = (Numbers::default(), BTreeMap::<i64, i64>::new());
            for _ in 0..4_000 {
                let number = random(range) as i64 * [1, 1 << 32, -7][random(3) as usize];
                let weight = if random(2) == 0 { 1 } else { -1 };
                numbers.take(number, weight);
                *due.entry(number).or_default() += weight;
                due.retain(|_, copies| *copies != 0);
                let present = due.values().filter(|copies| **copies > 0).count();
                assert_eq!((numbers.present, numbers.taken), (present as i64, due.len()));
            }
            for (number, copies) in &due {
                numbers.take(*number, -copies);
            }
            assert_eq!((numbers.present, numbers.places.capacity()), (0, 0));
        }
    }
}
