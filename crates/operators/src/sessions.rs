//! [`Sessions`]: the open sessions of many keys, without what is remembered of each.
//!
//! A row opens a session of the length of the gap. Sessions of a key that touch or overlap are one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::window::{Bounds, Calendar};

/// The open sessions of many keys. A session has a slot number, under which its owner keeps the rest.
pub struct Sessions {
    calendar: Calendar,
    gap: i64,
    /// For each key its sessions, ordered by time.
    open: Vec<Vec<Session>>,
    /// When keys are to be looked at, by calendar readings; an entry counts if `looks` says the same.
    ends: BinaryHeap<Reverse<(i64, u32)>>,
    /// For each key when it is looked at next: no later than its first session ends.
    looks: Vec<i64>,
    /// Slots that are free again.
    free: Vec<u32>,
    slots: u32,
    live: usize,
}

/// An open session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// From its first row to the gap behind its last one.
    pub window: Bounds,
    /// Its slot.
    pub slot: u32,
}

impl Sessions {
    /// Sessions that end after a gap in ms.
    pub fn new(calendar: Calendar, gap: i64) -> Self {
        Self {
            calendar,
            gap,
            open: Vec::new(),
            ends: BinaryHeap::new(),
            looks: Vec::new(),
            free: Vec::new(),
            slots: 0,
            live: 0,
        }
    }

    /// Assigns a row of a key to a session: its slot, or `None` when the row is late. Sessions that the
    /// row joins to one are put into `joined`, as the slot that is given up and the one that stays; the
    /// former is not used again before [`Self::release`].
    pub fn assign(
        &mut self,
        key: u32,
        ms: i64,
        watermark: i64,
        joined: &mut Vec<(u32, u32)>,
    ) -> Option<u32> {
        if self.open.len() <= key as usize {
            self.open.resize_with(key as usize + 1, Vec::new);
            self.looks.resize(key as usize + 1, i64::MAX);
        }
        let start = self.calendar.reading(ms);
        let mut window = Bounds { start, end: start.saturating_add(self.gap) };
        let sessions = &mut self.open[key as usize];
        let first = sessions.partition_point(|session| session.window.end < window.start);
        let count = sessions[first..]
            .iter()
            .take_while(|session| session.window.start <= window.end)
            .count();
        let touched = &sessions[first..first + count];
        for session in touched {
            window.start = window.start.min(session.window.start);
            window.end = window.end.max(session.window.end);
        }
        if watermark > i64::MIN && self.calendar.last_ms(window.end) <= watermark {
            return None;
        }
        let slot = match touched {
            [] => {
                let slot = self.free.pop().unwrap_or_else(|| {
                    self.slots += 1;
                    self.slots - 1
                });
                sessions.insert(first, Session { window, slot });
                self.live += 1;
                if window.end < self.looks[key as usize] {
                    self.looks[key as usize] = window.end;
                    self.ends.push(Reverse((window.end, key)));
                }
                slot
            }
            [one, others @ ..] => {
                let slot = one.slot;
                joined.extend(others.iter().map(|other| (other.slot, slot)));
                self.live -= others.len();
                sessions[first].window = window;
                sessions.drain(first + 1..first + count);
                slot
            }
        };
        Some(slot)
    }

    /// Whether some session may be complete at a watermark.
    pub fn may_end(&self, watermark: i64) -> bool {
        self.ends.peek().is_some_and(|Reverse((end, _))| self.calendar.last_ms(*end) <= watermark)
    }

    /// Takes out the sessions that are complete at a watermark, each with its key.
    pub fn take_ended(&mut self, watermark: i64) -> Vec<(u32, Session)> {
        let mut ended = Vec::new();
        while let Some(Reverse((end, key))) = self.ends.peek().copied()
            && self.calendar.last_ms(end) <= watermark
        {
            self.ends.pop();
            if self.looks[key as usize] != end {
                continue;
            }
            let sessions = &mut self.open[key as usize];
            let complete = sessions
                .iter()
                .take_while(|session| self.calendar.last_ms(session.window.end) <= watermark)
                .count();
            ended.extend(sessions.drain(..complete).map(|session| (key, session)));
            // A session that has grown is looked at again at its new end.
            let next = sessions.first().map_or(i64::MAX, |session| session.window.end);
            self.looks[key as usize] = next;
            if next < i64::MAX {
                self.ends.push(Reverse((next, key)));
            }
        }
        self.live -= ended.len();
        ended
    }

    /// Makes slots free to be used again.
    pub fn release(&mut self, slots: impl IntoIterator<Item = u32>) {
        self.free.extend(slots);
    }

    /// How many slots there are, free ones among them.
    pub fn slots(&self) -> usize {
        self.slots as usize
    }

    /// Whether no session is open.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// The session to be complete next, as far as that is known without looking at all of them.
    pub fn next(&self) -> Option<Bounds> {
        let Reverse((end, key)) = self.ends.peek()?;
        let first = self.open[*key as usize].first();
        Some(first.map_or(Bounds { start: *end, end: *end }, |session| session.window))
    }

    /// The keys that have sessions, when most have none any more: the owner numbers its keys anew, in
    /// this order.
    pub fn compact(&mut self, keys: usize) -> Option<Vec<u32>> {
        if keys <= 2 * self.live + KEYS_MIN {
            return None;
        }
        let live = (0..self.open.len() as u32).filter(|key| !self.open[*key as usize].is_empty());
        let live: Vec<u32> = live.collect();
        let kept = live.iter().map(|key| std::mem::take(&mut self.open[*key as usize])).collect();
        self.open = kept;
        let first = |sessions: &Vec<Session>| sessions.first().map_or(i64::MAX, |s| s.window.end);
        self.looks = self.open.iter().map(first).collect();
        self.ends = self.looks.iter().zip(0..).map(|(end, key)| Reverse((*end, key))).collect();
        Some(live)
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.open.capacity() * (size_of::<Vec<Session>>() + size_of::<i64>())
            + self.live * size_of::<Session>()
            + self.ends.len() * size_of::<Reverse<(i64, u32)>>()
            + self.free.capacity() * 4
    }
}

/// So few keys are not worth being numbered anew.
const KEYS_MIN: usize = 1_024;
