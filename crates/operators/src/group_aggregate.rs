//! [`GroupAggregate`]: groups rows by key; a group's row is replaced when it changes.
//!
//! In each epoch a key that changed emits one net change: its row before, taken back, and its row
//! after. A key whose rows are all gone leaves.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
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
    /// The aggregates' values as last emitted, in arrow's row format; `None` before the first time.
    emitted: Vec<Option<OwnedRow>>,
    converter: RowConverter,
    /// The slots that changed in this epoch.
    changed: Vec<u32>,
    is_changed: Vec<bool>,
    slots: Vec<u32>,
    /// How many groups have rows.
    live: usize,
    expiry: Expiry,
    /// How many rows have come.
    taken: u64,
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
        let values = spec.schema.fields().iter().skip(spec.keys.len());
        let values = values.map(|field| SortField::new(field.data_type().clone()));
        Ok(Self {
            converter: RowConverter::new(values.collect())?,
            keys,
            aggregates,
            spec,
            rows: Vec::new(),
            emitted: Vec::new(),
            changed: Vec::new(),
            is_changed: Vec::new(),
            slots: Vec::new(),
            live: 0,
            expiry,
            taken: 0,
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
        self.emitted = live.iter().map(|slot| self.emitted[*slot as usize].take()).collect();
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
            self.emitted[slot] = None;
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
        self.emitted.resize(groups, None);
        self.is_changed.resize(groups, false);
        for (row, slot) in self.slots.iter().enumerate() {
            let count = &mut self.rows[*slot as usize];
            let before = *count > 0;
            *count += changes.weight(row);
            self.live = self.live + usize::from(*count > 0) - usize::from(before);
            self.expiry.touch(*slot);
            if !std::mem::replace(&mut self.is_changed[*slot as usize], true) {
                self.changed.push(*slot);
            }
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
        if changed.is_empty() {
            return Ok(());
        }
        changed.iter().for_each(|slot| self.is_changed[*slot as usize] = false);
        let gone = changed.iter().copied().filter(|slot| self.rows[*slot as usize] == 0);
        let gone: Vec<u32> = gone.collect();
        let values = self
            .aggregates
            .iter()
            .map(|aggregate| aggregate.values(&changed))
            .collect::<Result<Vec<_>>>()?;
        let after = match values.is_empty() {
            true => None,
            false => Some(self.converter.convert_columns(&values)?),
        };
        // Old rows first, then new ones; the order below puts each pair together.
        let (mut old_rows, mut order, mut weights, mut slots) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut old_at = Vec::new();
        for (at, slot) in changed.iter().enumerate() {
            let index = *slot as usize;
            let new = (self.rows[index] > 0).then(|| match &after {
                Some(after) => after.row(at).owned(),
                None => self.converter_row(),
            });
            let old = self.emitted[index].take();
            if old != new {
                if let Some(old) = &old {
                    old_at.push((old_rows.len(), weights.len()));
                    old_rows.push(old.clone());
                    order.push(0);
                    weights.push(-1);
                    slots.push(*slot);
                }
                if new.is_some() {
                    order.push(at as u32);
                    weights.push(1);
                    slots.push(*slot);
                }
            }
            self.emitted[index] = new;
        }
        // What has no rows is as it was before the first one came.
        self.aggregates.iter_mut().for_each(|aggregate| aggregate.clear(&gone));
        if weights.is_empty() {
            return self.compact();
        }
        let new_count = changed.len() as u32;
        old_at.iter().for_each(|(old, at)| order[*at] = new_count + *old as u32);
        let old_values = if values.is_empty() {
            Vec::new()
        } else {
            self.converter.convert_rows(old_rows.iter().map(OwnedRow::row))?
        };
        let order = UInt32Array::from(order);
        let mut columns = self.keys.columns(slots.into_iter())?;
        for (new, old) in values.iter().zip(&old_values) {
            let both: [&dyn Array; 2] = [new, old];
            columns.push(take(&concat(&both)?, &order, None)?);
        }
        let rows = RecordBatch::try_new(Arc::clone(&self.spec.schema), columns)?;
        out.emit(ChangeBatch::weighted(rows, Int64Array::from(weights)));
        self.compact()
    }

    fn state_bytes(&self) -> usize {
        let emitted: usize = self.emitted.iter().flatten().map(|row| row.as_ref().len()).sum();
        self.keys.bytes()
            + self.expiry.bytes()
            + self.aggregates.iter().map(|aggregate| aggregate.bytes()).sum::<usize>()
            + self.rows.capacity() * 8
            + self.emitted.capacity() * size_of::<Option<OwnedRow>>()
            + emitted
    }
}

impl GroupAggregate {
    /// The row of no aggregates at all, for SELECT DISTINCT.
    fn converter_row(&self) -> OwnedRow {
        self.converter.parser().parse(&[]).owned()
    }
}
