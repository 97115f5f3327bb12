//! [`Frames`]: which rows are in the frame of each key of an OVER aggregate, and what happens to it as rows
//! come in the order of time.
//!
//! Rows are numbers in the operator's store. A row that leaves all frames is needed no more: [`Held`] counts.

use std::collections::VecDeque;

use millstream_plan::Frame;

use crate::aggregate::Step;

/// The rows that are in a frame now, for each key.
pub(crate) struct Frames {
    pub frame: Frame,
    /// By slot: the numbers of rows. Not for frames that nothing leaves.
    pub rows: Vec<VecDeque<u32>>,
}

/// What is known of each stored row.
#[derive(Default)]
pub(crate) struct Held {
    /// Its time.
    pub times: Vec<i64>,
    /// In how many frames it is; a row that waits counts as being in one more.
    pub by: Vec<u32>,
    /// How many rows are in some.
    pub live: usize,
}

impl Held {
    /// A row comes, and waits.
    pub fn push(&mut self, time: i64) {
        self.times.push(time);
        self.by.push(1);
        self.live += 1;
    }

    /// A row is in one frame less, or does not wait any more.
    pub fn release(&mut self, row: u32) {
        let by = &mut self.by[row as usize];
        *by -= 1;
        self.live -= usize::from(*by == 0);
    }
}

impl Frames {
    /// Of no key yet.
    pub fn new(frame: Frame) -> Self {
        Self { frame, rows: Vec::new() }
    }

    /// Makes room for slots up to a number.
    pub fn resize(&mut self, slots: usize) {
        if self.frame.is_bounded() {
            self.rows.resize_with(slots, VecDeque::new);
        }
    }

    /// What happens to the frames of rows, each with its slot, that come one after the other.
    pub fn steps(&mut self, due: &[(u32, u32)], held: &mut Held) -> Vec<Step> {
        let mut steps = Vec::with_capacity(due.len() * 3);
        let mut from = 0;
        while from < due.len() {
            // With RANGE the rows of one time come into the frame together.
            let run = match self.frame {
                Frame::Rows(_) => 1,
                Frame::Range(_) => {
                    let time = held.times[due[from].0 as usize];
                    due[from..]
                        .iter()
                        .take_while(|(row, _)| held.times[*row as usize] == time)
                        .count()
                }
            };
            let run = &due[from..from + run];
            for (row, slot) in run {
                self.enter(*row, *slot, held, &mut steps);
            }
            steps.extend(run.iter().map(|(_, slot)| Step::Value { slot: *slot }));
            from += run.len();
        }
        steps
    }

    fn enter(&mut self, row: u32, slot: u32, held: &mut Held, steps: &mut Vec<Step>) {
        if self.frame.is_bounded() {
            let rows = &mut self.rows[slot as usize];
            let time = held.times[row as usize];
            let leaves = |rows: &VecDeque<u32>, held: &Held| match (self.frame, rows.front()) {
                (_, None) => false,
                (Frame::Rows(most), _) => most.is_some_and(|most| rows.len() as u64 > most),
                (Frame::Range(back), Some(first)) => {
                    let least = time.saturating_sub(back.unwrap_or(i64::MAX));
                    held.times[*first as usize] < least
                }
            };
            while leaves(rows, held)
                && let Some(row) = rows.pop_front()
            {
                held.release(row);
                steps.push(Step::Remove { row, slot });
            }
            held.by[row as usize] += 1;
            rows.push_back(row);
        }
        steps.push(Step::Add { row, slot });
    }
}
