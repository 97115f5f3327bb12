//! [`GroupAggregate`]: groups rows by key; a group's row is replaced when it changes.
//!
//! In each epoch a key that changed emits one net change: its row before, taken back, and its row
//! after. A key whose rows are all gone leaves.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
use millstream_plan::AggregateCall;
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::aggregate::{GroupsAggregate, Rows, create};
use crate::operator::{Operator, OperatorTime, Output};

/// What the operator is told; shared by its shards.
pub struct GroupAggregateSpec {
    /// The columns of the key.
    pub keys: Vec<usize>,
    /// The aggregates.
    pub aggregates: Vec<AggregateCall>,
    /// Whether rows are also taken back.
    pub removes: bool,
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
        let aggregates = spec
            .aggregates
            .iter()
            .map(|call| create(call, &types(&call.arguments), spec.removes))
            .collect::<Result<_>>()?;
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
            taken: 0,
        })
    }
}

impl Operator for GroupAggregate {
    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let rows = &changes.rows;
        let pick = |columns: &[usize]| -> Vec<ArrayRef> {
            columns.iter().map(|column| Arc::clone(rows.column(*column))).collect()
        };
        self.keys.slots(&pick(&self.spec.keys), rows.num_rows(), &mut self.slots)?;
        let groups = self.keys.len();
        self.rows.resize(groups, 0);
        self.emitted.resize(groups, None);
        self.is_changed.resize(groups, false);
        for (row, slot) in self.slots.iter().enumerate() {
            self.rows[*slot as usize] += changes.weight(row);
            if !std::mem::replace(&mut self.is_changed[*slot as usize], true) {
                self.changed.push(*slot);
            }
        }
        for (call, aggregate) in self.spec.aggregates.iter().zip(&mut self.aggregates) {
            aggregate.resize(groups);
            aggregate.accumulate(&Rows {
                slots: &self.slots,
                arguments: &pick(&call.arguments),
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
        if weights.is_empty() {
            return Ok(());
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
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let emitted: usize = self.emitted.iter().flatten().map(|row| row.as_ref().len()).sum();
        self.keys.bytes()
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
