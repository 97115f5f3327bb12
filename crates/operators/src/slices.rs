//! What is kept of open windows, slice by slice.
//!
//! Rows come into the slice they belong to. When the watermark passes the end of a window, its slices are
//! put together: for CUMULATE the windows of a day share one table that grows, for HOP each window merges
//! its slices, whose groups know their number among the groups of all slices, so that nothing is hashed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use arrow::array::RecordBatch;
use millstream_plan::WindowKind;
use millstream_state::KeyIndex;
use millstream_types::Result;

use crate::aggregate::GroupsAggregate;
use crate::operator::Output;
use crate::reduce::SliceGroups;
use crate::updating::Updating;
use crate::window::{Assigner, Bounds, Calendar, divisor, floor};
use crate::window_table::{From, Table, WindowAggregateSpec};

/// Open windows of one shape.
pub trait Slices: Send {
    /// Adds rows of a slice.
    ///
    /// # Errors
    /// When a function of the program fails.
    fn add(
        &mut self,
        spec: &WindowAggregateSpec,
        slice: Bounds,
        rows: &RecordBatch,
        from: From<'_>,
    ) -> Result<()>;

    /// Adds what rows add that were put together before.
    ///
    /// # Errors
    /// When a function cannot be merged.
    fn merge(&mut self, spec: &WindowAggregateSpec, part: &SliceGroups) -> Result<()>;

    /// Emits the windows that are complete at a watermark, and forgets what no open window needs.
    ///
    /// # Errors
    /// When a function of the program fails.
    fn fire(&mut self, spec: &WindowAggregateSpec, watermark: i64, out: &mut Output) -> Result<()>;

    /// Emits what is due by the clock in ms, at the end of an epoch.
    ///
    /// # Errors
    /// When a function of the program fails.
    fn tick(&mut self, _: &WindowAggregateSpec, _clock_ms: i64, _: &mut Output) -> Result<()> {
        Ok(())
    }

    /// When something is due by the clock in ms.
    fn wakes_at(&self) -> Option<i64> {
        None
    }

    /// The next window to be complete.
    fn next(&self) -> Option<Bounds>;

    /// Bytes held.
    fn bytes(&self) -> usize;
}

/// For a shape of windows.
///
/// # Errors
/// When an argument is of a type that its function does not take.
pub fn create(spec: &WindowAggregateSpec, kind: WindowKind) -> Result<Box<dyn Slices>> {
    let (assigner, calendar) = (Assigner::new(kind), spec.calendar());
    Ok(match kind {
        WindowKind::Hop { size_ms, slide_ms, offset_ms } => Box::new(Hopping {
            assigner,
            calendar,
            slices: BTreeMap::new(),
            blocks: BTreeMap::new(),
            block: (block_ms(size_ms, slide_ms), offset_ms),
            all: spec.key_index()?,
            merged: spec.create_aggregates()?,
            seen: Vec::new(),
            passed: Passed::new(calendar),
            expected: 0,
            slots: Vec::new(),
        }),
        _ => Box::new(Growing {
            assigner,
            calendar,
            periods: BTreeMap::new(),
            passed: Passed::new(calendar),
            expected: 0,
            slots: Vec::new(),
        }),
    })
}

/// Which windows are complete.
#[derive(Debug, Clone, Copy)]
struct Passed {
    calendar: Calendar,
    /// Windows that end up to here have been emitted.
    end: i64,
    /// The watermark up to which all windows have been emitted that had rows.
    watermark: i64,
}

impl Passed {
    fn new(calendar: Calendar) -> Self {
        Self { calendar, end: i64::MIN, watermark: i64::MIN }
    }

    /// Whether a window that ends there is complete, and no row comes into it any more.
    fn covers(&self, end: i64) -> bool {
        end <= self.end || self.calendar.last_ms(end) <= self.watermark
    }

    /// The first window of a slice that ends after a time and is not complete.
    fn next_window(&self, assigner: &Assigner, slice: Bounds, after: i64) -> Option<Bounds> {
        let mut window = assigner.next_window(slice, after.max(self.end))?;
        while self.covers(window.end) {
            window = assigner.next_window(slice, window.end)?;
        }
        Some(window)
    }
}

/// Windows with slices of their own: those that start together grow slice by slice. Tumbling windows are
/// those with one slice.
struct Growing {
    assigner: Assigner,
    calendar: Calendar,
    /// By the end of the last window and the start of all.
    periods: BTreeMap<Bounds, Period>,
    passed: Passed,
    /// How many groups the last slice had that was closed.
    expected: usize,
    slots: Vec<u32>,
}

/// The windows that start together.
#[derive(Default)]
struct Period {
    /// What all slices before the next window's last one hold.
    grown: Option<Table>,
    /// The other slices, by their end.
    slices: BTreeMap<i64, Table>,
}

impl Slices for Growing {
    fn add(
        &mut self,
        spec: &WindowAggregateSpec,
        slice: Bounds,
        rows: &RecordBatch,
        from: From<'_>,
    ) -> Result<()> {
        let mut slots = std::mem::take(&mut self.slots);
        let added = self.table(spec, slice)?.add(spec, rows, from, &mut slots);
        self.slots = slots;
        added
    }

    fn merge(&mut self, spec: &WindowAggregateSpec, part: &SliceGroups) -> Result<()> {
        self.table(spec, part.slice)?.merge_reduced(part)
    }

    fn fire(&mut self, spec: &WindowAggregateSpec, watermark: i64, out: &mut Output) -> Result<()> {
        // Windows that are complete already must not hold up those behind them.
        while let Some(first) = self.periods.first_entry()
            && self.passed.covers(first.key().end)
        {
            first.remove();
        }
        while let Some(next) = self.next().filter(|n| self.calendar.last_ms(n.end) <= watermark) {
            self.fire_window(spec, next, out)?;
        }
        self.passed.watermark = self.passed.watermark.max(watermark);
        Ok(())
    }

    fn next(&self) -> Option<Bounds> {
        // Windows that start together end before those that start later.
        let (period, open) = self.periods.first_key_value()?;
        let least = match (&open.grown, open.slices.keys().next()) {
            (Some(_), _) => i64::MIN,
            // Before its first row a period has no window.
            (None, Some(end)) => end - 1,
            (None, None) => return None,
        };
        self.passed.next_window(&self.assigner, self.assigner.slice(period.start)?, least)
    }

    fn bytes(&self) -> usize {
        let of = |period: &Period| {
            let slices: usize = period.slices.values().map(Table::bytes).sum();
            slices + period.grown.as_ref().map_or(0, Table::bytes)
        };
        self.periods.values().map(of).sum()
    }
}

impl Growing {
    /// Where the rows of a slice go.
    fn table(&mut self, spec: &WindowAggregateSpec, slice: Bounds) -> Result<&mut Table> {
        let end = self.assigner.last_end(slice);
        let start = self.assigner.next_window(slice, i64::MIN).map_or(slice.start, |w| w.start);
        let period = self.periods.entry(Bounds { end, start }).or_default();
        // A slice that some window has been emitted with is part of what has grown.
        Ok(if self.passed.covers(slice.end) {
            period.grown.get_or_insert(Table::new(spec)?)
        } else {
            match period.slices.entry(slice.end) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(Table::with_room(spec, self.expected)?),
            }
        })
    }

    fn fire_window(
        &mut self,
        spec: &WindowAggregateSpec,
        window: Bounds,
        out: &mut Output,
    ) -> Result<()> {
        let Some(mut entry) = self.periods.first_entry() else { return Ok(()) };
        let (end, open) = (entry.key().end, entry.get_mut());
        while let Some(entry) = open.slices.first_entry().filter(|entry| *entry.key() <= window.end)
        {
            let slice = entry.remove();
            self.expected = slice.keys.len();
            match &mut open.grown {
                Some(grown) => grown.merge(&slice)?,
                None => open.grown = Some(slice),
            }
        }
        if let Some(grown) = &open.grown {
            grown.emit(spec, window, out)?;
        }
        self.passed.end = self.passed.end.max(window.end);
        if window.end >= end {
            entry.remove();
        }
        Ok(())
    }
}

/// Windows that were assigned before: each has a table of its own.
struct Attached {
    calendar: Calendar,
    windows: BTreeMap<Bounds, Table>,
    slots: Vec<u32>,
}

/// For rows that know their window.
///
/// # Errors
/// When an aggregate's value cannot be remembered.
pub fn attached(spec: &WindowAggregateSpec) -> Result<Box<dyn Slices>> {
    let calendar = spec.calendar();
    if let Some(policy) = spec.emit {
        return Ok(Box::new(Updating::new(spec, policy)?));
    }
    Ok(Box::new(Attached { calendar, windows: BTreeMap::new(), slots: Vec::new() }))
}

impl Slices for Attached {
    fn add(
        &mut self,
        spec: &WindowAggregateSpec,
        window: Bounds,
        rows: &RecordBatch,
        from: From<'_>,
    ) -> Result<()> {
        let table = match self.windows.entry(window) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Table::new(spec)?),
        };
        table.add(spec, rows, from, &mut self.slots)
    }

    fn merge(&mut self, spec: &WindowAggregateSpec, part: &SliceGroups) -> Result<()> {
        match self.windows.entry(part.slice) {
            Entry::Occupied(known) => known.into_mut().merge_reduced(part),
            Entry::Vacant(new) => new.insert(Table::new(spec)?).merge_reduced(part),
        }
    }

    fn fire(&mut self, spec: &WindowAggregateSpec, watermark: i64, out: &mut Output) -> Result<()> {
        while let Some(first) = self.windows.first_entry()
            && self.calendar.last_ms(first.key().end) <= watermark
        {
            let (window, table) = first.remove_entry();
            table.emit(spec, window, out)?;
        }
        Ok(())
    }

    fn next(&self) -> Option<Bounds> {
        self.windows.keys().next().copied()
    }

    fn bytes(&self) -> usize {
        self.windows.values().map(Table::bytes).sum()
    }
}

/// Windows that overlap.
struct Hopping {
    assigner: Assigner,
    calendar: Calendar,
    slices: BTreeMap<Bounds, Slice>,
    /// Neighbouring slices put together, by their start: a window takes whole blocks where it can.
    blocks: BTreeMap<i64, Slice>,
    /// The length of a block in ms, and where the first of all starts.
    block: (i64, i64),
    /// The keys of all slices.
    all: KeyIndex,
    /// The groups of the window that is being put together, by the slots of `all`.
    merged: Vec<Box<dyn GroupsAggregate>>,
    /// Which slots of `all` the window has.
    seen: Vec<bool>,
    passed: Passed,
    /// How many groups the last slice had that was given up.
    expected: usize,
    slots: Vec<u32>,
}

struct Slice {
    table: Table,
    /// For each group its slot in [`Hopping::all`].
    among_all: Vec<u32>,
}

/// A part of a window.
enum Part {
    /// Slices put together, by their start.
    Block(i64),
    /// A slice.
    Slice(Bounds),
}

impl Slice {
    /// Finds the groups that are new among all keys.
    fn number(&mut self, all: &mut KeyIndex) -> Result<()> {
        let (known, groups) = (self.among_all.len(), self.table.keys.len());
        if known < groups {
            let new = self.table.keys.columns(known as u32..groups as u32)?;
            let mut slots = Vec::with_capacity(groups - known);
            all.slots(&new, groups - known, &mut slots)?;
            self.among_all.extend(slots);
        }
        Ok(())
    }
}

impl Slices for Hopping {
    fn add(
        &mut self,
        spec: &WindowAggregateSpec,
        slice: Bounds,
        rows: &RecordBatch,
        from: From<'_>,
    ) -> Result<()> {
        let mut slots = std::mem::take(&mut self.slots);
        let added = self.change(spec, slice, |table| table.add(spec, rows, from, &mut slots));
        self.slots = slots;
        added
    }

    fn merge(&mut self, spec: &WindowAggregateSpec, part: &SliceGroups) -> Result<()> {
        self.change(spec, part.slice, |table| table.merge_reduced(part))
    }

    fn fire(&mut self, spec: &WindowAggregateSpec, watermark: i64, out: &mut Output) -> Result<()> {
        // Windows that are complete already must not hold up those behind them.
        self.forget_passed();
        while let Some(window) =
            self.next().filter(|window| self.calendar.last_ms(window.end) <= watermark)
        {
            self.emit(spec, window, out)?;
            self.passed.end = window.end;
            self.forget_passed();
            // No later window has all of a block that starts with this one, or before.
            self.blocks = self.blocks.split_off(&window.start.saturating_add(1));
        }
        self.passed.watermark = self.passed.watermark.max(watermark);
        self.forget_keys(spec)
    }

    fn next(&self) -> Option<Bounds> {
        // The first slice is the first to be part of a window that is open.
        let first = self.slices.keys().next()?;
        self.passed.next_window(&self.assigner, *first, i64::MIN)
    }

    fn bytes(&self) -> usize {
        let slices = self.slices.values().chain(self.blocks.values());
        let slices: usize = slices.map(|s| s.table.bytes() + s.among_all.capacity() * 4).sum();
        let merged: usize = self.merged.iter().map(|aggregate| aggregate.bytes()).sum();
        slices + merged + self.all.bytes() + self.seen.capacity()
    }
}

impl Hopping {
    /// Gives up slices that are part of no window any more.
    fn forget_passed(&mut self) {
        let (assigner, passed) = (self.assigner, self.passed);
        while let Some(first) = self.slices.first_entry()
            && passed.covers(assigner.last_end(*first.key()))
        {
            self.expected = first.remove().table.keys.len();
        }
    }

    /// Changes all tables that hold the rows of a slice.
    fn change(
        &mut self,
        spec: &WindowAggregateSpec,
        slice: Bounds,
        mut change: impl FnMut(&mut Table) -> Result<()>,
    ) -> Result<()> {
        let start = floor(slice.start, self.block.0, self.block.1);
        let slice = match self.slices.entry(slice) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let table = Table::with_room(spec, self.expected)?;
                new.insert(Slice { table, among_all: Vec::with_capacity(self.expected) })
            }
        };
        change(&mut slice.table)?;
        slice.number(&mut self.all)?;
        // A late row is part of what was put together before it came.
        if let Some(block) = self.blocks.get_mut(&start) {
            change(&mut block.table)?;
            block.number(&mut self.all)?;
        }
        Ok(())
    }

    /// Puts the slices of a window together and emits its groups.
    fn emit(&mut self, spec: &WindowAggregateSpec, window: Bounds, out: &mut Output) -> Result<()> {
        let parts = self.parts(spec, window)?;
        let groups = self.all.len();
        let (mut seen, mut all) =
            (std::mem::take(&mut self.seen), std::mem::take(&mut self.merged));
        let part = |part: &Part| match part {
            Part::Block(start) => self.blocks.get(start),
            Part::Slice(slice) => self.slices.get(slice),
        };
        let within: Vec<&Slice> = parts.iter().filter_map(part).collect();
        if let [only] = within[..] {
            only.table.emit(spec, window, out)?;
            (self.seen, self.merged) = (seen, all);
            return Ok(());
        }
        seen.resize(groups, false);
        let mut slots = Vec::new();
        for part in &within {
            for slot in &part.among_all {
                if !std::mem::replace(&mut seen[*slot as usize], true) {
                    slots.push(*slot);
                }
            }
            let from: Vec<u32> = (0..part.among_all.len() as u32).collect();
            for (merged, aggregate) in all.iter_mut().zip(&part.table.aggregates) {
                merged.resize(groups);
                merged.merge(aggregate.as_ref(), &from, &part.among_all)?;
            }
        }
        spec.emit(window, &slots, &self.all, &all, out)?;
        slots.iter().for_each(|slot| seen[*slot as usize] = false);
        all.iter_mut().for_each(|merged| merged.clear(&slots));
        (self.seen, self.merged) = (seen, all);
        Ok(())
    }

    /// The blocks and slices that a window consists of, in order; blocks are put together when they are first
    /// asked for.
    fn parts(&mut self, spec: &WindowAggregateSpec, window: Bounds) -> Result<Vec<Part>> {
        let (length, offset) = self.block;
        let mut parts = Vec::new();
        let mut from = window.start;
        while let Some(slice) = self.slice_from(from).filter(|slice| slice.end <= window.end) {
            let start = floor(slice.start, length, offset);
            let end = start.saturating_add(length);
            let whole = start >= window.start && end <= window.end;
            if whole && self.has_block(spec, start, end)? {
                parts.push(Part::Block(start));
                from = end;
            } else {
                parts.push(Part::Slice(slice));
                from = slice.end;
            }
        }
        Ok(parts)
    }

    /// The first slice that starts at a time or later.
    fn slice_from(&self, start: i64) -> Option<Bounds> {
        let least = Bounds { end: start.saturating_add(1), start };
        self.slices.range(least..).next().map(|(slice, _)| *slice)
    }

    /// Whether there is a block; it is put together where it has more than one slice.
    fn has_block(&mut self, spec: &WindowAggregateSpec, start: i64, end: i64) -> Result<bool> {
        if self.blocks.contains_key(&start) {
            return Ok(true);
        }
        let least = Bounds { end: start.saturating_add(1), start };
        let within = self.slices.range(least..).take_while(|(slice, _)| slice.end <= end);
        let within: Vec<&Slice> = within.map(|(_, slice)| slice).collect();
        if within.len() < 2 {
            return Ok(false);
        }
        let mut table = Table::new(spec)?;
        within.into_iter().try_for_each(|slice| table.merge(&slice.table))?;
        let mut block = Slice { table, among_all: Vec::new() };
        block.number(&mut self.all)?;
        self.blocks.insert(start, block);
        Ok(true)
    }

    /// Numbers the keys anew once most of them are those of no slice any more.
    fn forget_keys(&mut self, spec: &WindowAggregateSpec) -> Result<()> {
        let parts = self.slices.values().chain(self.blocks.values());
        let live: usize = parts.map(|part| part.among_all.len()).sum();
        if self.all.len() <= 2 * live + KEYS_MIN {
            return Ok(());
        }
        self.all = spec.key_index()?;
        self.merged = spec.create_aggregates()?;
        self.seen = Vec::new();
        for slice in self.slices.values_mut().chain(self.blocks.values_mut()) {
            slice.among_all.clear();
            slice.number(&mut self.all)?;
        }
        Ok(())
    }
}

/// The length of a block: about the square root of the number of slices of a window, so that the blocks
/// of a window are about as many as the slices beside them.
fn block_ms(size_ms: i64, slide_ms: i64) -> i64 {
    let length = divisor(size_ms, slide_ms);
    length.saturating_mul((size_ms / length).isqrt().max(1))
}

/// So few keys are not worth being numbered anew.
const KEYS_MIN: usize = 1_024;
