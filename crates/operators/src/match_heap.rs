//! [`Heap`]: partial matches, the one that starts first in front.
//!
//! Where several start with the same row, which comes first decides which match is found. Flink leaves
//! that to `java.util.PriorityQueue`, whose order among equals is that of a binary heap in which a new
//! element rises and the last one sinks into a gap; this one is the same, so that the same match is
//! found.

/// What starts somewhere.
pub(crate) trait Starts {
    /// The number of its first row; the greatest number where it has none yet.
    fn start(&self) -> u64;
}

/// A binary heap.
#[derive(Debug)]
pub(crate) struct Heap<T>(Vec<T>);

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Starts> Heap<T> {
    /// What starts first.
    pub fn first(&self) -> Option<&T> {
        self.0.first()
    }

    /// All, in the order of the heap.
    pub fn items(&self) -> &[T] {
        &self.0
    }

    /// Takes all out, in the order of the heap; what it held them in is given back later.
    pub fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.0)
    }

    /// Holds what comes in a given vector, which is empty.
    pub fn reuse(&mut self, empty: Vec<T>) {
        debug_assert!(empty.is_empty() && self.0.is_empty());
        self.0 = empty;
    }

    /// Adds one.
    pub fn push(&mut self, item: T) {
        let mut at = self.0.len();
        self.0.push(item);
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.0[at].start() >= self.0[parent].start() {
                break;
            }
            self.0.swap(at, parent);
            at = parent;
        }
    }

    /// Takes out what starts first.
    pub fn pop(&mut self) -> Option<T> {
        let last = self.0.len().checked_sub(1)?;
        self.0.swap(0, last);
        let first = self.0.pop();
        self.sink(0);
        first
    }

    /// Keeps some.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        let before = self.0.len();
        self.0.retain(keep);
        if self.0.len() < before {
            (0..self.0.len() / 2).rev().for_each(|at| self.sink(at));
        }
    }

    fn sink(&mut self, mut at: usize) {
        while 2 * at + 1 < self.0.len() {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let right_first = right < self.0.len() && self.0[left].start() > self.0[right].start();
            let child = if right_first { right } else { left };
            if self.0[at].start() <= self.0[child].start() {
                break;
            }
            self.0.swap(at, child);
            at = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Starts for (u64, char) {
        fn start(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn equals_come_in_the_order_of_the_heap() {
        let mut heap = Heap::default();
        for item in [(5, 'a'), (1, 'b'), (5, 'c'), (1, 'd'), (3, 'e')] {
            heap.push(item);
        }
        assert_eq!(heap.items(), [(1, 'b'), (1, 'd'), (5, 'c'), (5, 'a'), (3, 'e')]);
        assert_eq!(heap.pop(), Some((1, 'b')));
        // The last one sinks into the gap: it was (3, 'e').
        assert_eq!(heap.items(), [(1, 'd'), (3, 'e'), (5, 'c'), (5, 'a')]);
        heap.retain(|item| item.1 != 'd');
        assert_eq!(heap.items(), [(3, 'e'), (5, 'c'), (5, 'a')]);
    }
}
