//! [`Side`]: the rows of one input of a join, by the slot of their key.
//!
//! Rows stand in a [`RowStore`]; those of one slot are a list through `next`. Where rows are also taken back,
//! or expire, equal rows are one entry with a number of copies, found by a hash of the row; where they only
//! come, an entry is what came, and nothing is ever looked for.

use std::collections::VecDeque;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::{SortOptions, take};
use arrow::datatypes::SchemaRef;
use hashbrown::{HashMap, HashTable};
use millstream_state::{RowStore, hash_rows};
use millstream_types::Result;

/// No entry.
const NONE: u32 = u32::MAX;

/// So few entries are not worth being numbered anew.
const ENTRIES_MIN: usize = 1_024;

/// The rows of one input.
pub(crate) struct Side {
    store: RowStore,
    /// By slot: its last entry.
    heads: Vec<u32>,
    /// By slot: how many rows have come, less those that were taken back.
    totals: Vec<i64>,
    /// How many slots have such rows.
    counted: usize,
    entries: Entries,
    /// How many entries have copies.
    live: usize,
    lookup: Option<Lookup>,
    /// How long a row is kept, in ms.
    ttl: Option<i64>,
    now: i64,
    /// Entries by the time they were written, which may not have been the last one.
    queue: VecDeque<(i64, u32)>,
}

/// What is known of each entry.
#[derive(Default)]
struct Entries {
    slots: Vec<u32>,
    /// The entry before it in its slot.
    next: Vec<u32>,
    copies: Vec<i64>,
    /// How many rows of the other input belong to each copy, where that depends on the row.
    partners: Vec<i64>,
}

/// What it takes to find a row again.
#[derive(Default)]
struct Lookup {
    hashes: Vec<u64>,
    /// The entry behind it in its slot.
    previous: Vec<u32>,
    written: Vec<i64>,
    table: HashTable<u32>,
}

/// Rows on their way into a side.
pub(crate) struct Incoming<'a> {
    pub columns: &'a [ArrayRef],
    /// By row: the slot of its key.
    pub slots: &'a [u32],
    /// By row.
    pub weights: Option<&'a [i64]>,
    /// By row: how many rows of the other input belong to it, where that depends on the row.
    pub partners: Option<&'a [i64]>,
    /// The rows that are kept.
    pub rows: &'a [u32],
}

impl Incoming<'_> {
    fn weight(&self, row: u32) -> i64 {
        self.weights.map_or(1, |weights| weights[row as usize])
    }

    fn partners(&self, row: u32) -> i64 {
        self.partners.map_or(0, |partners| partners[row as usize])
    }
}

impl Side {
    /// Without rows; `removes` says that rows are also taken back.
    pub fn new(schema: SchemaRef, removes: bool, ttl: Option<i64>) -> Self {
        Self {
            store: RowStore::new(schema),
            heads: Vec::new(),
            totals: Vec::new(),
            counted: 0,
            entries: Entries::default(),
            live: 0,
            lookup: (removes || ttl.is_some()).then(Lookup::default),
            ttl,
            now: 0,
            queue: VecDeque::new(),
        }
    }

    /// Makes room for slots up to a number.
    pub fn resize(&mut self, slots: usize) {
        self.heads.resize(slots, NONE);
        self.totals.resize(slots, 0);
    }

    /// How many rows a slot has.
    pub fn total(&self, slot: u32) -> i64 {
        self.totals[slot as usize]
    }

    /// Counts rows of a slot; whether it had rows before, and whether it has rows after.
    pub fn count(&mut self, slot: u32, weight: i64) -> (bool, bool) {
        let total = &mut self.totals[slot as usize];
        let before = *total;
        *total += weight;
        self.counted = self.counted + usize::from(*total != 0) - usize::from(before != 0);
        (before > 0, *total > 0)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.live == 0 && self.counted == 0
    }

    /// Whether a slot has entries or a count.
    pub fn has(&self, slot: u32) -> bool {
        self.heads[slot as usize] != NONE || self.totals[slot as usize] != 0
    }

    /// The first entry of a slot.
    pub fn first(&self, slot: u32) -> Option<u32> {
        Some(self.heads[slot as usize]).filter(|entry| *entry != NONE)
    }

    /// The entry of the same slot behind an entry.
    pub fn after(&self, entry: u32) -> Option<u32> {
        Some(self.entries.next[entry as usize]).filter(|entry| *entry != NONE)
    }

    /// The entries of a slot.
    pub fn of_slot(&self, slot: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(self.first(slot), |entry| self.after(*entry))
    }

    /// How many copies an entry has.
    pub fn copies(&self, entry: u32) -> i64 {
        self.entries.copies[entry as usize]
    }

    /// Gives an entry more partners; how many it had, and how many it has.
    pub fn meet(&mut self, entry: u32, weight: i64) -> (i64, i64) {
        let partners = &mut self.entries.partners[entry as usize];
        let before = *partners;
        *partners += weight;
        (before, *partners)
    }

    /// The columns of some entries.
    pub fn columns(&self, entries: &[u32]) -> Result<Vec<ArrayRef>> {
        self.store.columns(entries)
    }

    /// Gives up all entries of a slot, where rows only come.
    pub fn forget(&mut self, slot: u32) {
        let mut at = std::mem::replace(&mut self.heads[slot as usize], NONE);
        while at != NONE {
            self.live -= 1;
            self.entries.copies[at as usize] = 0;
            if let Some(lookup) = &mut self.lookup {
                lookup.forget(at);
            }
            at = self.entries.next[at as usize];
        }
    }

    /// Takes rows.
    ///
    /// # Errors
    /// When rows cannot be compared.
    pub fn add(&mut self, incoming: &Incoming<'_>) -> Result<()> {
        if incoming.rows.is_empty() {
            return Ok(());
        }
        if self.lookup.is_some() {
            return self.change(incoming);
        }
        let first = self.store.len() as u32;
        self.append(incoming, incoming.rows)?;
        for (entry, row) in (first..).zip(incoming.rows) {
            let slot = incoming.slots[*row as usize];
            self.entries.push(slot, incoming.weight(*row), incoming.partners);
            if let Some(last) = self.entries.partners.last_mut() {
                *last = incoming.partners(*row);
            }
            self.entries.next[entry as usize] =
                std::mem::replace(&mut self.heads[slot as usize], entry);
            self.live += 1;
        }
        Ok(())
    }

    fn append(&mut self, incoming: &Incoming<'_>, rows: &[u32]) -> Result<()> {
        if rows.len() == incoming.slots.len() {
            return self.store.append(incoming.columns, rows.len());
        }
        let positions = UInt32Array::from(rows.to_vec());
        let columns = incoming.columns.iter().map(|column| take(column, &positions, None));
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
        self.store.append(&columns, rows.len())
    }

    /// Takes rows that may be there already, or are taken back.
    fn change(&mut self, incoming: &Incoming<'_>) -> Result<()> {
        let hashes = hash_rows(incoming.columns, incoming.slots.len())?;
        let comes = |row: &u32| incoming.weight(*row) > 0;
        // All rows that come are stored; those that turn out to be there already are never linked.
        let added: Vec<u32> = incoming.rows.iter().copied().filter(comes).collect();
        let mut next = self.unlinked(incoming, &hashes, &added)?;
        let mut same = Same { columns: incoming.columns, by_batch: HashMap::default() };
        for row in incoming.rows {
            let weight = incoming.weight(*row);
            let mut entry = comes(row).then_some(next);
            next += u32::from(entry.is_some());
            let known = self.known(incoming, *row, hashes[*row as usize], &mut same)?;
            // What is taken back may have expired. If not, it is yet to come.
            if known.is_none() && entry.is_none() {
                if self.ttl.is_some() {
                    continue;
                }
                entry = Some(self.unlinked(incoming, &hashes, &[*row])?);
                same.by_batch.clear();
            }
            if let (None, Some(entry)) = (known, entry) {
                self.link(entry, incoming.slots[*row as usize], incoming.partners(*row));
            }
            if let Some(entry) = known.or(entry) {
                self.weigh(entry, weight);
            }
        }
        Ok(())
    }

    /// Stores rows without copies, in no list yet; the entry of the first.
    fn unlinked(&mut self, incoming: &Incoming<'_>, hashes: &[u64], rows: &[u32]) -> Result<u32> {
        let first = self.store.len() as u32;
        if !rows.is_empty() {
            self.append(incoming, rows)?;
        }
        for row in rows {
            self.entries.push(incoming.slots[*row as usize], 0, incoming.partners);
            if let Some(lookup) = &mut self.lookup {
                lookup.push(hashes[*row as usize]);
            }
        }
        Ok(first)
    }

    /// The entry of a row, if it is there.
    fn known(
        &self,
        incoming: &Incoming<'_>,
        row: u32,
        hash: u64,
        same: &mut Same<'_>,
    ) -> Result<Option<u32>> {
        let Some(lookup) = &self.lookup else { return Ok(None) };
        let slot = incoming.slots[row as usize];
        let mut failed = None;
        let known = lookup.table.find(hash, |known| {
            lookup.hashes[*known as usize] == hash
                && self.entries.slots[*known as usize] == slot
                && same.as_row(&self.store, *known, row as usize).unwrap_or_else(|error| {
                    failed = Some(error);
                    false
                })
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(known.copied()),
        }
    }

    /// Makes an entry one of its slot.
    fn link(&mut self, entry: u32, slot: u32, partners: i64) {
        let at = entry as usize;
        let head = std::mem::replace(&mut self.heads[slot as usize], entry);
        self.entries.next[at] = head;
        if let Some(known) = self.entries.partners.get_mut(at) {
            *known = partners;
        }
        self.live += 1;
        let Some(lookup) = &mut self.lookup else { return };
        if head != NONE {
            lookup.previous[head as usize] = entry;
        }
        let Lookup { hashes, table, .. } = lookup;
        table.insert_unique(hashes[at], entry, |entry| hashes[*entry as usize]);
    }

    /// Changes the number of copies of an entry, which is gone with the last of them.
    fn weigh(&mut self, entry: u32, weight: i64) {
        let at = entry as usize;
        self.entries.copies[at] += weight;
        let Some(lookup) = &mut self.lookup else { return };
        if self.ttl.is_some() {
            self.entries.copies[at] = self.entries.copies[at].max(0);
            if std::mem::replace(&mut lookup.written[at], self.now) != self.now {
                self.queue.push_back((self.now, entry));
            }
        }
        if self.entries.copies[at] == 0 {
            self.unlink(entry);
        }
    }

    fn unlink(&mut self, entry: u32) {
        let at = entry as usize;
        let Some(lookup) = &mut self.lookup else { return };
        let (next, previous) = (self.entries.next[at], lookup.previous[at]);
        match previous {
            NONE => self.heads[self.entries.slots[at] as usize] = next,
            previous => self.entries.next[previous as usize] = next,
        }
        if next != NONE {
            lookup.previous[next as usize] = previous;
        }
        lookup.forget(entry);
        self.live -= 1;
    }

    /// Starts an epoch: rows that have expired are gone.
    pub fn expire(&mut self, clock_ms: i64) {
        let Some(ttl) = self.ttl else { return };
        self.now = clock_ms;
        while self.queue.front().is_some_and(|(at, _)| at.saturating_add(ttl) <= clock_ms) {
            let Some((written, entry)) = self.queue.pop_front() else { return };
            let at = entry as usize;
            let last = self.lookup.as_ref().map(|lookup| lookup.written[at]);
            if self.entries.copies[at] != 0 && last == Some(written) {
                self.entries.copies[at] = 0;
                self.unlink(entry);
            }
        }
    }

    /// Numbers the entries anew once most have no copies any more.
    ///
    /// # Errors
    /// Never: they are its own.
    pub fn compact(&mut self) -> Result<()> {
        let all = self.store.len();
        if all <= 2 * self.live + ENTRIES_MIN && (self.live > 0 || all == 0) {
            return Ok(());
        }
        let kept: Vec<u32> = (0..all as u32).filter(|entry| self.copies(*entry) != 0).collect();
        self.store.retain(&kept)?;
        let old = std::mem::take(&mut self.entries);
        let lookup = self.lookup.take();
        self.lookup = lookup.is_some().then(Lookup::default);
        self.heads.fill(NONE);
        self.live = 0;
        let mut moved = HashMap::new();
        for (entry, was) in (0..).zip(kept) {
            let at = was as usize;
            let partners = old.partners.get(at).copied();
            let partners = partners.as_ref().map(std::slice::from_ref);
            self.entries.push(old.slots[at], old.copies[at], partners);
            if let (Some(new), Some(old)) = (&mut self.lookup, &lookup) {
                new.push(old.hashes[at]);
                new.written[entry as usize] = old.written[at];
            }
            let partners = partners.map_or(0, |partners| partners[0]);
            self.link(entry, old.slots[at], partners);
            if self.ttl.is_some() {
                moved.insert(was, entry);
            }
        }
        let queue = std::mem::take(&mut self.queue).into_iter();
        self.queue = queue.filter_map(|(at, entry)| Some((at, *moved.get(&entry)?))).collect();
        if self.live == 0 {
            self.entries = Entries::default();
        }
        Ok(())
    }

    /// Keeps some slots, which are numbered anew in the order given; the others have neither entries nor
    /// a count.
    pub fn retain_slots(&mut self, slots: &[u32]) {
        let mut moved = vec![NONE; self.heads.len()];
        for (new, old) in (0..).zip(slots) {
            moved[*old as usize] = new;
        }
        self.heads = slots.iter().map(|slot| self.heads[*slot as usize]).collect();
        self.totals = slots.iter().map(|slot| self.totals[*slot as usize]).collect();
        // Entries without copies wait to be numbered anew themselves, and may be of a slot that is gone.
        let entries = self.entries.slots.iter_mut().zip(&self.entries.copies);
        for (slot, _) in entries.filter(|(_, copies)| **copies != 0) {
            *slot = moved[*slot as usize];
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let entries = &self.entries;
        let of_entries = (entries.slots.capacity() + entries.next.capacity()) * 4
            + (entries.copies.capacity() + entries.partners.capacity()) * 8;
        let lookup = self.lookup.as_ref().map_or(0, |lookup| {
            (lookup.hashes.capacity() + lookup.written.capacity()) * 8
                + lookup.previous.capacity() * 4
                + lookup.table.allocation_size()
        });
        let slots = self.heads.capacity() * 4 + self.totals.capacity() * 8;
        self.store.bytes() + of_entries + lookup + slots + self.queue.capacity() * 16
    }
}

impl Entries {
    /// An entry that is in no list yet; partners are counted where there are any to be counted.
    fn push(&mut self, slot: u32, copies: i64, partners: Option<&[i64]>) {
        self.slots.push(slot);
        self.next.push(NONE);
        self.copies.push(copies);
        if partners.is_some() {
            self.partners.push(0);
        }
    }
}

impl Lookup {
    fn push(&mut self, hash: u64) {
        self.hashes.push(hash);
        self.previous.push(NONE);
        self.written.push(i64::MIN);
    }

    fn forget(&mut self, entry: u32) {
        let hash = self.hashes[entry as usize];
        if let Ok(found) = self.table.find_entry(hash, |known| *known == entry) {
            found.remove();
        }
    }
}

type Comparators = Vec<arrow::array::DynComparator>;

/// Compares rows of a batch with those that are stored.
struct Same<'a> {
    columns: &'a [ArrayRef],
    /// By the number of a stored batch.
    by_batch: HashMap<usize, Comparators>,
}

impl Same<'_> {
    fn as_row(&mut self, store: &RowStore, entry: u32, row: usize) -> Result<bool> {
        let (number, batch, at) = store.find(entry);
        if !self.by_batch.contains_key(&number) {
            let pairs = self.columns.iter().zip(batch.columns());
            let comparators = pairs.map(|(own, stored)| {
                arrow::array::make_comparator(own, stored, SortOptions::default())
            });
            let comparators = comparators.collect::<std::result::Result<_, _>>()?;
            self.by_batch.insert(number, comparators);
        }
        let comparators = &self.by_batch[&number];
        Ok(comparators.iter().all(|compare| compare(row, at).is_eq()))
    }
}
