//! [`GroupAggregate`]: groups rows by key; a group's row is replaced when it changes.
//!
//! In each epoch a key that changed emits one net change: its row before, taken back, and its row
//! after. A key whose rows are all gone leaves. What a row was before is what its aggregates give when
//! the key is first touched in an epoch, so nothing that was emitted has to be kept.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{SortOptions, concat, take};
use arrow::datatypes::{DataType, SchemaRef};
use hashbrown::HashMap;
use millstream_plan::AggregateCall;
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::aggregate::{GroupsAggregate, Rows, create};
use crate::expiry::Expiry;
use crate::operator::{Operator, OperatorTime, Output};
use crate::session_aggregate::renumbered;
use crate::window_table::pick;

/// What the operator is told; shared by its shards.
pub struct GroupAggregateSpec {
    /// The columns of the key.
    pub keys: Vec<usize>,
    /// The aggregates.
    pub aggregates: Vec<AggregateCall>,
    /// Whether rows are also taken back.
    pub removes: bool,
    /// How long a group is kept that does not change, in ms; `None` is for ever.
    pub ttl: Option<i64>,
    /// The columns of the input.
    pub input: SchemaRef,
    /// The columns that come out: the key, then the aggregates.
    pub schema: SchemaRef,
}

/// One shard of a group aggregate.
pub struct GroupAggregate {
    spec: Arc<GroupAggregateSpec>,
    keys: KeyIndex,
    aggregates: Vec<Box<dyn GroupsAggregate>>,
    /// How many rows each group has.
    rows: Vec<i64>,
    /// The slots that changed in this epoch.
    changed: Vec<u32>,
    /// For each of them where its values before that stand in `before`, if it had rows.
    before_at: Vec<Option<u32>>,
    /// The aggregates' values before this epoch, in parts; one column an aggregate.
    before: Vec<Vec<ArrayRef>>,
    is_changed: Vec<bool>,
    slots: Vec<u32>,
    /// How many groups have rows.
    live: usize,
    expiry: Expiry,
    /// How many rows have come.
    taken: u64,
    /// How many values stand in `before`.
    known: u32,
}

impl GroupAggregate {
    /// A shard without any group.
    ///
    /// # Errors
    /// When a column of the key or an argument is of a type that cannot be one.
    pub fn new(spec: Arc<GroupAggregateSpec>) -> Result<Self> {
        let types = |columns: &[usize]| -> Vec<DataType> {
            columns.iter().map(|column| spec.input.field(*column).data_type().clone()).collect()
        };
        let keys = KeyIndex::new(&types(&spec.keys))?;
        let aggregates = spec.aggregates.iter();
        let aggregates = aggregates
            .map(|call| create(call, &types(&call.arguments), spec.removes))
            .collect::<Result<_>>()?;
        let expiry = Expiry::new(spec.ttl);
        Ok(Self {
            keys,
            aggregates,
            spec,
            rows: Vec::new(),
            changed: Vec::new(),
            before_at: Vec::new(),
            before: Vec::new(),
            is_changed: Vec::new(),
            slots: Vec::new(),
            live: 0,
            expiry,
            taken: 0,
            known: 0,
        })
    }
}

/// So few groups are not worth being numbered anew.
const GROUPS_MIN: usize = 1_024;

impl GroupAggregate {
    /// Without the rows that are taken back from groups that have expired.
    fn without_unknown(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        if !self.expiry.is_on() || changes.weights.is_none() {
            return Ok(changes);
        }
        let mut rows: HashMap<u32, i64> = HashMap::new();
        let known = self.slots.iter().enumerate().map(|(row, slot)| {
            let before = self.rows.get(*slot as usize).copied().unwrap_or(0);
            let count = rows.entry(*slot).or_insert(before);
            let counts = *count + changes.weight(row) >= 0;
            *count += if counts { changes.weight(row) } else { 0 };
            Some(counts)
        });
        changes.filter(&known.collect())
    }

    /// The values of some groups, one column an aggregate.
    fn values(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        self.aggregates.iter().map(|aggregate| aggregate.values(slots)).collect()
    }

    /// Numbers the groups anew once most have no rows any more.
    fn compact(&mut self) -> Result<()> {
        let groups = self.keys.len();
        if groups <= 2 * self.live + GROUPS_MIN && (self.live > 0 || groups == 0) {
            return Ok(());
        }
        let live: Vec<u32> =
            (0..groups as u32).filter(|slot| self.rows[*slot as usize] > 0).collect();
        let types = self.spec.keys.iter();
        let types = types.map(|column| self.spec.input.field(*column).data_type().clone());
        let empty = KeyIndex::new(&types.collect::<Vec<_>>())?;
        self.keys = renumbered(&self.keys, &live, empty)?;
        self.aggregates.iter_mut().for_each(|aggregate| aggregate.retain(&live));
        self.rows = live.iter().map(|slot| self.rows[*slot as usize]).collect();
        self.is_changed = vec![false; live.len()];
        self.expiry.retain(&live);
        Ok(())
    }
}

impl Operator for GroupAggregate {
    fn begin_epoch(&mut self, clock_ms: i64) -> Result<()> {
        let expired = self.expiry.begin(clock_ms);
        for slot in &expired {
            let slot = *slot as usize;
            self.live -= usize::from(self.rows[slot] > 0);
            self.rows[slot] = 0;
        }
        self.aggregates.iter_mut().for_each(|aggregate| aggregate.clear(&expired));
        self.compact()
    }

    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let keys = pick(&changes.rows, &self.spec.keys);
        self.keys.slots(&keys, changes.num_rows(), &mut self.slots)?;
        let given = changes.num_rows();
        let changes = self.without_unknown(changes)?;
        if changes.num_rows() < given {
            let keys = pick(&changes.rows, &self.spec.keys);
            self.keys.slots(&keys, changes.num_rows(), &mut self.slots)?;
        }
        let rows = &changes.rows;
        let groups = self.keys.len();
        self.rows.resize(groups, 0);
        self.is_changed.resize(groups, false);
        let mut touched = Vec::new();
        for (row, slot) in self.slots.iter().enumerate() {
            let count = &mut self.rows[*slot as usize];
            let before = *count > 0;
            *count += changes.weight(row);
            self.live = self.live + usize::from(*count > 0) - usize::from(before);
            self.expiry.touch(*slot);
            if !std::mem::replace(&mut self.is_changed[*slot as usize], true) {
                self.changed.push(*slot);
                self.before_at.push(before.then_some(self.known));
                if before {
                    self.known += 1;
                    touched.push(*slot);
                }
            }
        }
        if !touched.is_empty() {
            self.before.push(self.values(&touched)?);
        }
        for (call, aggregate) in self.spec.aggregates.iter().zip(&mut self.aggregates) {
            aggregate.resize(groups);
            aggregate.accumulate(&Rows {
                slots: &self.slots,
                arguments: &pick(rows, &call.arguments),
                selected: call.filter.map(|column| rows.column(column).as_boolean()),
                weights: changes.weights.as_ref(),
                first: self.taken,
                positions: None,
            })?;
        }
        self.taken += rows.num_rows() as u64;
        Ok(())
    }

    fn end_epoch(&mut self, _: &OperatorTime, out: &mut Output) -> Result<()> {
        let changed = std::mem::take(&mut self.changed);
        let before_at = std::mem::take(&mut self.before_at);
        let before = std::mem::take(&mut self.before);
        self.known = 0;
        if changed.is_empty() {
            return Ok(());
        }
        changed.iter().for_each(|slot| self.is_changed[*slot as usize] = false);
        let now = self.values(&changed)?;
        // The values now stand first, those before behind them: a position says which is meant.
        let mut values = Vec::with_capacity(now.len());
        for (column, now) in now.iter().enumerate() {
            let parts = before.iter().map(|part| part[column].as_ref());
            let all: Vec<&dyn Array> = std::iter::once(now.as_ref()).chain(parts).collect();
            values.push(concat(&all)?);
        }
        let differs = differing(&values, &before_at)?;
        let (mut order, mut weights, mut slots) = (Vec::new(), Vec::new(), Vec::new());
        let mut gone = Vec::new();
        for (at, slot) in changed.iter().enumerate() {
            let is = self.rows[*slot as usize] > 0;
            if !is {
                gone.push(*slot);
            }
            if is && !differs[at] {
                continue;
            }
            if let Some(before) = before_at[at] {
                order.push(changed.len() as u32 + before);
                weights.push(-1);
                slots.push(*slot);
            }
            if is {
                order.push(at as u32);
                weights.push(1);
                slots.push(*slot);
            }
        }
        // What has no rows is as it was before the first one came.
        self.aggregates.iter_mut().for_each(|aggregate| aggregate.clear(&gone));
        if !weights.is_empty() {
            let order = UInt32Array::from(order);
            let mut columns = self.keys.columns(slots.into_iter())?;
            for values in &values {
                columns.push(take(values, &order, None)?);
            }
            let rows = RecordBatch::try_new(Arc::clone(&self.spec.schema), columns)?;
            out.emit(match weights.contains(&-1) {
                true => ChangeBatch::weighted(rows, Int64Array::from(weights)),
                false => ChangeBatch::insert(rows),
            });
        }
        self.compact()
    }

    fn state_bytes(&self) -> usize {
        self.keys.bytes()
            + self.expiry.bytes()
            + self.aggregates.iter().map(|aggregate| aggregate.bytes()).sum::<usize>()
            + self.rows.capacity() * 8
    }
}

/// For each row that has one before it, at the position given behind all rows, whether the two are different;
/// TRUE for the others.
fn differing(values: &[ArrayRef], before_at: &[Option<u32>]) -> Result<Vec<bool>> {
    let count = before_at.len();
    let mut differs: Vec<bool> = before_at.iter().map(Option::is_none).collect();
    let pairs = before_at.iter().enumerate();
    let pairs = pairs.filter_map(|(at, before)| Some((at as u32, count as u32 + (*before)?)));
    let (now, before): (Vec<u32>, Vec<u32>) = pairs.unzip();
    let (rows, before) = (UInt32Array::from(now), UInt32Array::from(before));
    for values in values {
        if values.data_type().is_nested() {
            let compare = arrow::array::make_comparator(values, values, SortOptions::default())?;
            for (now, before) in rows.values().iter().zip(before.values()) {
                let equal = compare(*now as usize, *before as usize).is_eq();
                differs[*now as usize] |= !equal;
            }
            continue;
        }
        let (now, then) = (take(values, &rows, None)?, take(values, &before, None)?);
        let different = distinct(&now, &then)?;
        for (at, row) in rows.values().iter().enumerate() {
            differs[*row as usize] |= different.value(at);
        }
    }
    Ok(differs)
}
