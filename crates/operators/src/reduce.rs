//! [`Reducer`]: puts the rows of a batch together by window and key on the core that has them, so that
//! groups and not rows are dealt out to shards.
//!
//! Only where nothing depends on the order in which rows come, or on how they are put together: sums of
//! floating-point numbers, for one, do. A batch with a row that may be late is not reduced.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef};
use millstream_plan::{AggregateCall, AggregateFunction};
use millstream_state::{hash_rows, shard_of};
use millstream_types::{ChangeBatch, Result, plain_paths};

use crate::aggregate::GroupsAggregate;
use crate::runs::runs;
use crate::window::Bounds;
use crate::window_table::{From, Table, WindowAggregateSpec};

/// What a batch adds to the groups of one shard.
pub struct Reduced {
    /// The groups, slice by slice.
    pub slices: Vec<SliceGroups>,
}

/// What rows add to groups of one slice, or of one window where rows know theirs.
pub struct SliceGroups {
    /// The slice.
    pub slice: Bounds,
    /// The keys of the groups.
    pub keys: Vec<ArrayRef>,
    /// What the rows add, in the order of the keys.
    pub aggregates: Vec<Box<dyn GroupsAggregate>>,
    /// The number of groups.
    pub groups: usize,
}

/// Reduces batches before they are dealt out.
pub struct Reducer {
    spec: Arc<WindowAggregateSpec>,
    /// How many rows are still to be let by, after some that did not become fewer.
    let_by: AtomicUsize,
    /// How many rows were looked at since it was last asked whether that pays, and their groups.
    looked_at: [AtomicUsize; 2],
    /// How many groups the last slice had.
    groups: AtomicUsize,
}

/// Each group must have so many rows on average, or else finding it twice costs more than it saves.
const SHARE: usize = 4;

/// After so many rows it is asked whether they are worth it.
const LOOK: usize = 1 << 14;

/// After rows that hardly share keys, so many are not looked at.
const LET_BY: usize = 32 * LOOK;

/// Whether the value of a call does not depend on the order of rows, and its states are small.
fn is_reducible(call: &AggregateCall, spec: &WindowAggregateSpec) -> bool {
    let floating = |column: &usize| spec.input.field(*column).data_type().is_floating();
    match call.function {
        AggregateFunction::Min | AggregateFunction::Max => true,
        AggregateFunction::Count => !call.distinct,
        AggregateFunction::Sum | AggregateFunction::Avg => {
            !call.distinct && !call.arguments.iter().any(floating)
        }
        _ => false,
    }
}

impl Reducer {
    /// For a window aggregate; `None` where rows are to come one by one.
    pub fn new(spec: &Arc<WindowAggregateSpec>) -> Option<Self> {
        let reduces = !plain_paths()
            && spec.emit.is_none()
            && !spec.removes
            && !spec.keys.is_empty()
            && spec.aggregates.iter().all(|call| is_reducible(call, spec));
        reduces.then(|| Self {
            spec: Arc::clone(spec),
            let_by: AtomicUsize::new(0),
            looked_at: Default::default(),
            groups: AtomicUsize::new(0),
        })
    }

    /// What a batch adds to the groups of each shard; `None` where its rows are to be dealt out.
    ///
    /// # Errors
    /// When a value cannot be computed.
    pub fn reduce(&self, changes: &ChangeBatch, shards: usize) -> Result<Option<Vec<Reduced>>> {
        let times = changes.rows.column(self.spec.time_column());
        if changes.reached.is_some() || changes.weights.is_some() || times.null_count() > 0 {
            return Ok(None);
        }
        let count = changes.num_rows();
        let fewer = |left: usize| (left > 0).then(|| left.saturating_sub(count));
        if self.let_by.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok() {
            return Ok(None);
        }
        let mut tables: BTreeMap<Bounds, Table> = BTreeMap::new();
        let mut slots = Vec::new();
        for run in runs(&self.spec, &changes.rows)? {
            let Some(slice) = run.slice else { continue };
            let rows = changes.rows.slice(run.from, run.to - run.from);
            let table = match tables.entry(slice) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(new) => {
                    let expected = self.groups.load(Ordering::Relaxed).min(rows.num_rows());
                    new.insert(Table::with_room(&self.spec, expected)?)
                }
            };
            // No function asks for the order of rows.
            table.add(&self.spec, &rows, From::default(), &mut slots)?;
        }
        let groups: usize = tables.values().map(|table| table.keys.len()).sum();
        self.ask(count, groups);
        let most = tables.values().map(|table| table.keys.len()).max();
        self.groups.store(most.unwrap_or_default(), Ordering::Relaxed);
        let mut dealt: Vec<Reduced> = (0..shards).map(|_| Reduced { slices: Vec::new() }).collect();
        for (slice, table) in tables {
            for (shard, groups) in self.deal(slice, &table, shards)?.into_iter().enumerate() {
                dealt[shard].slices.extend((groups.groups > 0).then_some(groups));
            }
        }
        Ok(Some(dealt))
    }

    /// Whether it pays: rows are let by for a while where there are too many groups.
    fn ask(&self, rows: usize, groups: usize) {
        let [all_rows, all_groups] = &self.looked_at;
        let rows = all_rows.fetch_add(rows, Ordering::Relaxed) + rows;
        let groups = all_groups.fetch_add(groups, Ordering::Relaxed) + groups;
        if rows < LOOK {
            return;
        }
        all_rows.store(0, Ordering::Relaxed);
        all_groups.store(0, Ordering::Relaxed);
        if groups * SHARE > rows {
            self.let_by.store(LET_BY, Ordering::Relaxed);
        }
    }

    /// The groups of a table, for each shard its own.
    fn deal(&self, slice: Bounds, table: &Table, shards: usize) -> Result<Vec<SliceGroups>> {
        let all = table.keys.len();
        let keys = table.keys.columns(0..all as u32)?;
        let mut slots: Vec<Vec<u32>> = vec![Vec::new(); shards];
        for (slot, hash) in hash_rows(&keys, all)?.into_iter().enumerate() {
            slots[shard_of(hash, shards)].push(slot as u32);
        }
        let groups = |slots: Vec<u32>| -> Result<SliceGroups> {
            let groups = slots.len();
            let into: Vec<u32> = (0..groups as u32).collect();
            let mut aggregates = self.spec.create_aggregates()?;
            for (aggregate, whole) in aggregates.iter_mut().zip(&table.aggregates) {
                aggregate.resize(groups);
                aggregate.merge(whole.as_ref(), &slots, &into)?;
            }
            let keys = table.keys.columns(slots.into_iter())?;
            Ok(SliceGroups { slice, keys, aggregates, groups })
        };
        slots.into_iter().map(groups).collect()
    }
}
