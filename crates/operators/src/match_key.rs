//! [`Key`]: the partial matches of one key, and what becomes of them with each row.
//!
//! The rows of a key are numbered as they are taken. A match is without gaps and its variables come in
//! order, so where each of them begins says which rows it has: partial matches share the rows and hold a
//! few numbers each.

use std::collections::VecDeque;
use std::ops::Range;

use millstream_plan::{AfterMatch, Pattern};
use millstream_types::{Error, Result};

use crate::match_heap::{Heap, Starts};
use crate::match_nfa::Nfa;

/// The first rows of a match.
#[derive(Debug, Clone)]
pub(crate) struct Partial {
    /// The state that waits for the next row.
    pub state: usize,
    /// The time of the first row.
    pub since: i64,
    /// The number of the first row of each variable up to that of the last row.
    pub cuts: Vec<u64>,
}

impl Partial {
    /// The cuts when a row becomes one of a variable.
    pub fn with(&self, variable: usize, row: u64) -> Vec<u64> {
        let mut cuts = Vec::with_capacity(variable + 1);
        cuts.extend_from_slice(&self.cuts);
        cuts.resize(variable + 1, row);
        cuts
    }
}

impl Starts for Partial {
    fn start(&self) -> u64 {
        self.cuts.first().copied().unwrap_or(u64::MAX)
    }
}

/// All rows of a match.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    /// The number of the first row of each variable up to that of the last row.
    pub cuts: Vec<u64>,
    /// The number behind that of the last row.
    pub end: u64,
}

impl Starts for Whole {
    fn start(&self) -> u64 {
        self.cuts.first().copied().unwrap_or(u64::MAX)
    }
}

/// The numbers of the rows of a variable; of all of them without one.
pub(crate) fn range(cuts: &[u64], end: u64, variable: Option<usize>) -> Range<u64> {
    let from = |at: usize| cuts.get(at).copied().unwrap_or(end);
    match variable {
        Some(variable) => from(variable)..from(variable + 1),
        None => from(0)..end,
    }
}

/// A row that a key takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Its number among those of the key.
    pub row: u64,
    /// Its time.
    pub time: i64,
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its rows, by their numbers in the store, that some match needs or that have not been taken yet.
    rows: VecDeque<u32>,
    /// The number of the first of them.
    first: u64,
    /// Matches that are under way, among them the one that waits for a first row.
    pub partial: Heap<Partial>,
    /// Matches that are complete while one that starts before them is still under way.
    whole: Heap<Whole>,
    /// When the operator looks at the key again.
    pub alarm: Option<i64>,
}

impl Key {
    /// Without rows.
    pub fn new(nfa: &Nfa) -> Self {
        let mut partial = Heap::default();
        partial.push(Partial { state: nfa.start, since: i64::MAX, cuts: Vec::new() });
        Self { rows: VecDeque::new(), first: 0, partial, whole: Heap::default(), alarm: None }
    }

    /// Whether nothing is known of it that a new key would not have.
    pub fn is_idle(&self) -> bool {
        self.rows.is_empty() && self.partial.items().len() == 1 && self.whole.first().is_none()
    }

    /// Adds a row to those that are to be taken; its number.
    pub fn push(&mut self, stored: u32) -> u64 {
        self.rows.push_back(stored);
        self.first + self.rows.len() as u64 - 1
    }

    /// The place of a row in the store.
    pub fn stored(&self, row: u64) -> Option<u32> {
        self.rows.get(row.checked_sub(self.first)? as usize).copied()
    }

    /// Numbers the rows of the store anew.
    pub fn renumber(&mut self, moved: &[u32]) {
        self.rows.iter_mut().for_each(|row| *row = moved[*row as usize]);
    }

    /// Gives up the rows that no match needs any more.
    pub fn trim(&mut self, mut release: impl FnMut(u32)) {
        let partial = self.partial.first().map_or(u64::MAX, Starts::start);
        let needed = self.whole.first().map_or(u64::MAX, Starts::start).min(partial);
        while self.first < needed
            && let Some(row) = self.rows.pop_front()
        {
            release(row);
            self.first += 1;
        }
    }

    /// When the first of the partial matches comes too late to be completed.
    pub fn deadline(&self, within: i64) -> Option<i64> {
        let first = self.partial.first().filter(|first| !first.cuts.is_empty())?;
        Some(first.since.saturating_add(within))
    }

    /// Gives up the partial matches that cannot be completed any more at a time. Where a complete match
    /// waits for others: the first row of each that was given up, and its deadline.
    pub fn expire(&mut self, time: i64, within: i64) -> Vec<(u64, i64)> {
        let mut gone = Vec::new();
        if self.deadline(within).is_some_and(|deadline| deadline <= time) {
            let waits = self.whole.first().is_some();
            self.partial.retain(|partial| {
                let deadline = partial.since.saturating_add(within);
                let expires = !partial.cuts.is_empty() && deadline <= time;
                if expires && waits {
                    gone.push((partial.start(), deadline));
                }
                !expires
            });
        }
        gone
    }

    /// Takes a row. `truths` says of each partial match which conditions are TRUE for the row.
    pub fn step(
        &mut self,
        nfa: &Nfa,
        step: Step,
        truths: impl Fn(usize) -> u64,
        spare: &mut Vec<Partial>,
    ) {
        let admits = |partial: &Partial, truths: u64| {
            nfa.states[partial.state].takes.iter().any(|take| take.guard.admits(truths))
        };
        if let [only] = self.partial.items()
            && only.cuts.is_empty()
            && !admits(only, truths(0))
        {
            return;
        }
        let mut before = self.partial.take();
        self.partial.reuse(std::mem::take(spare));
        let mut whole = Heap::default();
        for (at, partial) in before.drain(..).enumerate() {
            let truths = truths(at);
            for take in &nfa.states[partial.state].takes {
                if !take.guard.admits(truths) {
                    continue;
                }
                let cuts = partial.with(take.variable, step.row);
                if take.completes.iter().any(|guard| guard.admits(truths)) {
                    whole.push(Whole { cuts: cuts.clone(), end: step.row + 1 });
                }
                if let Some(state) = take.next {
                    let since = if partial.cuts.is_empty() { step.time } else { partial.since };
                    self.partial.push(Partial { state, since, cuts });
                }
            }
            if partial.cuts.is_empty() {
                self.partial.push(partial);
            }
        }
        whole.take().into_iter().for_each(|found| self.whole.push(found));
        *spare = before;
    }

    /// Takes out a match that is complete, if none that starts before it is under way. Matches that start
    /// before what the clause AFTER MATCH skips to are given up.
    ///
    /// # Errors
    /// When it skips to a row that the match does not have, or to its first one: that would be found
    /// again.
    pub fn release(&mut self, pattern: &Pattern) -> Result<Option<Whole>> {
        let under_way = self.partial.first().map_or(u64::MAX, Starts::start);
        if self.whole.first().is_none_or(|first| first.start() > under_way) {
            return Ok(None);
        }
        let Some(found) = self.whole.pop() else { return Ok(None) };
        let next = next_start(pattern, &found)?;
        self.partial.retain(|partial| partial.start() >= next);
        self.whole.retain(|whole| whole.start() >= next);
        Ok(Some(found))
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let of_partials = self.partial.items().iter();
        let of_partials: usize =
            of_partials.map(|p| size_of::<Partial>() + p.cuts.capacity() * 8).sum();
        let of_whole = self.whole.items().iter();
        let of_whole: usize = of_whole.map(|w| size_of::<Whole>() + w.cuts.capacity() * 8).sum();
        size_of::<Self>() + self.rows.capacity() * 4 + of_partials + of_whole
    }
}

/// The number of the first row that a match may start with after another one.
fn next_start(pattern: &Pattern, found: &Whole) -> Result<u64> {
    let rows = |variable: usize| range(&found.cuts, found.end, Some(variable));
    let (clause, variable, next) = match pattern.skip {
        AfterMatch::PastLastRow => return Ok(found.end),
        AfterMatch::ToNextRow => return Ok(found.start() + 1),
        AfterMatch::ToFirst(variable) => ("FIRST", variable, rows(variable).next()),
        AfterMatch::ToLast(variable) => ("LAST", variable, rows(variable).next_back()),
    };
    let wrong = |why: &str| {
        let name = &pattern.variables[variable].name;
        Err(Error::Evaluation(format!("AFTER MATCH SKIP TO {clause} {name}: {why}")))
    };
    match next {
        None => wrong("a match has no row of that variable"),
        Some(row) if row == found.start() => {
            wrong("that is the first row of a match, which would be found again and again")
        }
        Some(row) => Ok(row),
    }
}
