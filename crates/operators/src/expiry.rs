//! [`Expiry`]: which slots were not written for as long as state is kept, `table.exec.state.ttl`.
//!
//! Time is the clock at the start of an epoch. State counts from when it was last written; once expired it is
//! gone at once, and nothing is emitted for it.

use std::collections::VecDeque;

/// When slots were last written.
#[derive(Debug)]
pub struct Expiry {
    /// How long state is kept, in ms; `None` is for ever.
    ttl: Option<i64>,
    now: i64,
    /// By slot.
    written: Vec<i64>,
    /// Slots by the time they were written, which may not have been the last one.
    queue: VecDeque<(i64, u32)>,
}

impl Expiry {
    /// For state that is kept some ms, or for ever.
    pub fn new(ttl: Option<i64>) -> Self {
        Self { ttl, now: i64::MIN, written: Vec::new(), queue: VecDeque::new() }
    }

    /// Whether state expires at all.
    pub fn is_on(&self) -> bool {
        self.ttl.is_some()
    }

    /// Starts an epoch; the slots that have expired.
    pub fn begin(&mut self, clock_ms: i64) -> Vec<u32> {
        let Some(ttl) = self.ttl else { return Vec::new() };
        self.now = clock_ms;
        let mut expired = Vec::new();
        while let Some((written, slot)) = self.queue.front().copied()
            && written.saturating_add(ttl) <= clock_ms
        {
            self.queue.pop_front();
            if self.written[slot as usize] == written {
                self.written[slot as usize] = i64::MIN;
                expired.push(slot);
            }
        }
        expired
    }

    /// A slot is written.
    pub fn touch(&mut self, slot: u32) {
        if self.ttl.is_none() {
            return;
        }
        if self.written.len() <= slot as usize {
            self.written.resize(slot as usize + 1, i64::MIN);
        }
        if std::mem::replace(&mut self.written[slot as usize], self.now) != self.now {
            self.queue.push_back((self.now, slot));
        }
    }

    /// Keeps some slots, which are numbered anew in the order given.
    pub fn retain(&mut self, slots: &[u32]) {
        if self.ttl.is_none() {
            return;
        }
        let written = |slot: &u32| self.written.get(*slot as usize).copied().unwrap_or(i64::MIN);
        self.written = slots.iter().map(written).collect();
        let mut queue: Vec<(i64, u32)> = (0..).zip(&self.written).map(|(at, w)| (*w, at)).collect();
        queue.retain(|(written, _)| *written > i64::MIN);
        queue.sort_unstable();
        self.queue = queue.into();
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.written.capacity() * 8 + self.queue.capacity() * size_of::<(i64, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_expire_when_not_written_for_so_long() {
        let mut expiry = Expiry::new(Some(10));
        assert!(expiry.begin(0).is_empty());
        (0..3).for_each(|slot| expiry.touch(slot));
        assert!(expiry.begin(5).is_empty());
        expiry.touch(1);
        assert_eq!(expiry.begin(10), [0, 2]);
        expiry.retain(&[1]);
        assert!(expiry.begin(14).is_empty());
        assert_eq!(expiry.begin(15), [0]);
        assert!(expiry.begin(100).is_empty());
    }
}
