//! [`Queue`]: the rows of an OVER aggregate that wait for the watermark, in the order in which they come out.
//!
//! Most rows come in that order and stand one behind the other; the others are sorted in.

use std::collections::{BTreeMap, VecDeque};

/// When a row that waits is emitted. Rows come out in this order: one that was late behind all those that the
/// watermark it met had passed, and before the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    /// Its time, or the watermark it met where it was not ahead of it.
    pub at: i64,
    /// The watermark it met where it was not ahead of it; it takes a later one.
    pub since: i64,
    /// Its time.
    pub time: i64,
}

impl Due {
    /// Whether it is emitted at a watermark.
    pub fn is_by(&self, watermark: i64) -> bool {
        watermark == i64::MAX || (self.at <= watermark && self.since < watermark)
    }
}

/// A row that waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub due: Due,
    /// Its number, which is greater for rows that came later.
    pub row: u32,
    /// The slot of its key.
    pub slot: u32,
}

/// Rows that wait.
#[derive(Default)]
pub(crate) struct Queue {
    ordered: VecDeque<Entry>,
    /// By when they are due and their numbers, their slots.
    others: BTreeMap<(Due, u32), u32>,
}

impl Queue {
    /// Adds a row, whose number is greater than that of all others.
    pub fn push(&mut self, entry: Entry) {
        match self.ordered.back() {
            Some(last) if last.due > entry.due => {
                self.others.insert((entry.due, entry.row), entry.slot);
            }
            _ => self.ordered.push_back(entry),
        }
    }

    /// The first row.
    pub fn first(&self) -> Option<Entry> {
        let other = self.others.first_key_value();
        let other = other.map(|((due, row), slot)| Entry { due: *due, row: *row, slot: *slot });
        match (self.ordered.front().copied(), other) {
            (Some(one), Some(other)) if (one.due, one.row) > (other.due, other.row) => Some(other),
            (one, other) => one.or(other),
        }
    }

    /// Takes out the first row, if it is due.
    pub fn pop(&mut self, is_due: impl Fn(&Due) -> bool) -> Option<Entry> {
        let first = self.first().filter(|first| is_due(&first.due))?;
        if self.others.is_empty() || self.others.remove(&(first.due, first.row)).is_none() {
            self.ordered.pop_front();
        }
        Some(first)
    }

    /// The slots of the rows.
    pub fn slots(&mut self) -> impl Iterator<Item = &mut u32> {
        self.ordered.iter_mut().map(|entry| &mut entry.slot).chain(self.others.values_mut())
    }

    /// Numbers the rows anew, in the same order.
    pub fn renumber(&mut self, moved: impl Fn(u32) -> u32) {
        self.ordered.iter_mut().for_each(|entry| entry.row = moved(entry.row));
        let others = std::mem::take(&mut self.others).into_iter();
        self.others = others.map(|((due, row), slot)| ((due, moved(row)), slot)).collect();
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        (self.ordered.capacity() + self.others.len()) * size_of::<Entry>()
    }
}

#[cfg(test)]
mod tests {
    use millstream_testing::Random;

    use super::*;

    #[test]
    fn rows_come_out_in_order_however_they_came() {
        let mut random = Random::new(3);
        let (mut queue, mut due, mut watermark) = (Queue::default(), Vec::new(), 0);
        let mut given = Vec::new();
        for row in 0..5_000 {
            let time = i64::from(row) / 10 - random.below(30) as i64;
            let since = if time > watermark { i64::MIN } else { watermark };
            let when = Due { at: time.max(since), since, time };
            queue.push(Entry { due: when, row, slot: row });
            due.push((when, row));
            if row % 700 == 0 {
                watermark = i64::from(row) / 10 - 10;
                given.extend(std::iter::from_fn(|| queue.pop(|due| due.is_by(watermark))));
            }
        }
        given.extend(std::iter::from_fn(|| queue.pop(|due| due.is_by(i64::MAX))));
        due.sort();
        assert!(given.iter().map(|entry| (entry.due, entry.row)).eq(due));
        assert!(given.iter().all(|entry| entry.row == entry.slot));
    }
}
