//! [`KeepFirst`]: the first row of each partition in event time: deduplication that only adds rows.
//!
//! A row comes out when the watermark has reached its time, for no earlier one can come then: a row behind
//! the watermark is late, dropped and counted. So a partition's row never changes, and its time stays a time
//! attribute. One whose time the watermark had reached when it came says so: what is above drops it where it
//! is late by that.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, UInt32Array};
use arrow::datatypes::SchemaRef;
use millstream_state::{KeyIndex, RowStore};
use millstream_types::{ChangeBatch, Result};

use crate::dropped::{Dropped, Reason};
use crate::expiry::Expiry;
use crate::operator::{Operator, OperatorTime, Output};
use crate::pairs::taken;
use crate::session_aggregate::renumbered;
use crate::watermark::{ahead_of, milliseconds};
use crate::window_table::pick;
use crate::window_table_function::with_rowtimes;

/// So few rows or keys are not worth being numbered anew.
const KEPT_MIN: usize = 1_024;

/// What the operator is told; shared by its shards.
#[derive(Debug)]
pub struct KeepFirstSpec {
    /// The columns of which each value has a first row.
    pub partition: Vec<usize>,
    /// The time that it is the first by.
    pub rowtime: usize,
    /// How long a partition is remembered, in ms by the clock; `None` is for ever.
    pub ttl: Option<i64>,
    /// The columns, of the input and of what comes out.
    pub input: SchemaRef,
}

impl KeepFirstSpec {
    fn key_index(&self) -> Result<KeyIndex> {
        let columns = self.partition.iter();
        let types = columns.map(|column| self.input.field(*column).data_type().clone());
        KeyIndex::new(&types.collect::<Vec<_>>())
    }
}

/// What is known of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// Nothing.
    Unknown,
    /// A row of a time, and its number in the store, while an earlier one may come; and whether the watermark
    /// had reached that time when it came.
    Waits(i64, u32, bool),
    /// Its row came out.
    Known,
}

/// One shard.
pub struct KeepFirst {
    spec: Arc<KeepFirstSpec>,
    keys: KeyIndex,
    store: RowStore,
    /// By slot.
    firsts: Vec<First>,
    /// The slots whose rows wait, by time; some may wait for an earlier one by now.
    by_time: BTreeMap<i64, Vec<u32>>,
    /// How many rows wait.
    waiting: usize,
    /// How many slots are known or wait.
    live: usize,
    expiry: Expiry,
    dropped: Arc<Dropped>,
    slots: Vec<u32>,
}

impl KeepFirst {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be a key.
    pub fn new(spec: Arc<KeepFirstSpec>, dropped: Arc<Dropped>) -> Result<Self> {
        Ok(Self {
            keys: spec.key_index()?,
            store: RowStore::new(Arc::clone(&spec.input)),
            firsts: Vec::new(),
            by_time: BTreeMap::new(),
            waiting: 0,
            live: 0,
            expiry: Expiry::new(spec.ttl),
            dropped,
            slots: Vec::new(),
            spec,
        })
    }

    /// Numbers rows and keys anew once most are not needed any more.
    fn compact(&mut self) -> Result<()> {
        if self.store.len() > 2 * self.waiting + KEPT_MIN {
            // Rows stay in the order in which they came.
            let mut waiting: Vec<(u32, &mut u32)> = Vec::with_capacity(self.waiting);
            waiting.extend(self.firsts.iter_mut().filter_map(|first| match first {
                First::Waits(_, row, _) => Some((*row, row)),
                _ => None,
            }));
            waiting.sort_unstable_by_key(|(row, _)| *row);
            let kept: Vec<u32> = waiting.iter().map(|(row, _)| *row).collect();
            for (next, (_, row)) in (0..).zip(waiting) {
                *row = next;
            }
            self.store.retain(&kept)?;
        }
        let known = self.keys.len();
        if known <= 2 * self.live + KEPT_MIN {
            return Ok(());
        }
        let is_live = |slot: &u32| self.firsts[*slot as usize] != First::Unknown;
        let live: Vec<u32> = (0..known as u32).filter(is_live).collect();
        self.keys = renumbered(&self.keys, &live, self.spec.key_index()?)?;
        self.firsts = live.iter().map(|slot| self.firsts[*slot as usize]).collect();
        self.expiry.retain(&live);
        self.by_time.clear();
        for (slot, first) in (0..).zip(&self.firsts) {
            if let First::Waits(time, ..) = first {
                self.by_time.entry(*time).or_default().push(slot);
            }
        }
        Ok(())
    }
}

impl Operator for KeepFirst {
    fn begin_epoch(&mut self, clock_ms: i64) -> Result<()> {
        for slot in self.expiry.begin(clock_ms) {
            let was = std::mem::replace(&mut self.firsts[slot as usize], First::Unknown);
            self.live -= usize::from(was != First::Unknown);
            self.waiting -= usize::from(matches!(was, First::Waits(..)));
        }
        self.compact()
    }

    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let changes = with_rowtimes(changes, self.spec.rowtime, &self.dropped)?;
        let times = milliseconds(changes.rows.column(self.spec.rowtime))?;
        let mut slots = std::mem::take(&mut self.slots);
        let keys = pick(&changes.rows, &self.spec.partition);
        self.keys.slots(&keys, changes.num_rows(), &mut slots)?;
        self.firsts.resize(self.keys.len(), First::Unknown);
        let (mut late, mut kept) = (Vec::new(), Vec::new());
        let base = self.store.len() as u32;
        for (row, slot) in slots.iter().enumerate() {
            let time = times.value(row);
            let met = changes.reached.as_ref().map_or(i64::MIN, |reached| reached.value(row));
            if time < met {
                late.push(row);
                continue;
            }
            self.expiry.touch(*slot);
            let first = &mut self.firsts[*slot as usize];
            match first {
                First::Known => continue,
                First::Waits(known, ..) if *known <= time => continue,
                First::Waits(..) => {}
                First::Unknown => {
                    self.live += 1;
                    self.waiting += 1;
                }
            }
            *first = First::Waits(time, base + kept.len() as u32, time == met);
            kept.push(row as u32);
            self.by_time.entry(time).or_default().push(*slot);
        }
        self.slots = slots;
        self.dropped.add(Reason::Late, &changes, &late, None);
        let rows = kept.len();
        self.store.append(&taken(&changes.rows, &UInt32Array::from(kept))?, rows)
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        let mut due: Vec<(i64, u32, bool)> = Vec::new();
        while let Some(next) = self.by_time.first_entry()
            && *next.key() <= time.watermark.0
        {
            let (at, slots) = next.remove_entry();
            let before = due.len();
            for slot in slots {
                let first = &mut self.firsts[slot as usize];
                if let First::Waits(known, row, reached) = *first
                    && known == at
                {
                    *first = First::Known;
                    due.push((at, row, reached));
                }
            }
            // As they came, where their times are equal.
            due[before..].sort_unstable();
        }
        if due.is_empty() {
            return Ok(());
        }
        self.waiting -= due.len();
        let rows: Vec<u32> = due.iter().map(|(_, row, _)| *row).collect();
        let columns = self.store.columns(&rows)?;
        let rows = RecordBatch::try_new(Arc::clone(&self.spec.input), columns)?;
        // What is above may have ended with the watermark that such a row met.
        let reached = due.iter().any(|(.., reached)| *reached).then(|| {
            let met =
                |(at, _, reached): &(i64, u32, bool)| if *reached { *at } else { ahead_of(*at) };
            Int64Array::from_iter_values(due.iter().map(met))
        });
        out.emit(ChangeBatch { reached, ..ChangeBatch::insert(rows) });
        self.compact()
    }

    fn state_bytes(&self) -> usize {
        self.keys.bytes()
            + self.expiry.bytes()
            + self.store.bytes()
            + self.firsts.capacity() * size_of::<First>()
            + self.waiting * size_of::<(i64, u32)>()
    }
}
