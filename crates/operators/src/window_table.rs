//! [`Table`]: the groups of one window or slice.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use millstream_plan::{AggregateCall, EmitPolicy, WindowColumns, WindowKind, WindowOutput};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::aggregate::{Groups, GroupsAggregate, Rows, create};
use crate::operator::Output;
use crate::reduce::SliceGroups;
use crate::sums::Count;
use crate::window::{Assigner, Bounds, Calendar, timestamps};

/// The most rows of one batch that comes out.
const ROWS_MAX: usize = 8_192;

/// What a window aggregate is told; shared by its shards.
pub struct WindowAggregateSpec {
    /// Where a row's window stands.
    pub window: WindowColumns,
    /// The columns of the key.
    pub keys: Vec<usize>,
    /// The aggregates.
    pub aggregates: Vec<AggregateCall>,
    /// What stands before the aggregates in each row that comes out.
    pub output: Vec<WindowOutput>,
    /// When a window's rows come, if not only once when it is complete.
    pub emit: Option<EmitPolicy>,
    /// Whether rows are taken back, too. Behind the aggregates stands a count then: a group without rows is
    /// none.
    pub removes: bool,
    /// The columns of the input.
    pub input: SchemaRef,
    /// The columns that come out.
    pub schema: SchemaRef,
}

impl WindowAggregateSpec {
    /// The calendar of its windows.
    pub fn calendar(&self) -> Calendar {
        Calendar::of(self.window.window())
    }

    /// Which slices rows fall into.
    pub fn assigner(&self) -> Assigner {
        Assigner::new(match &self.window {
            WindowColumns::Rowtime { window, .. } => window.kind,
            // Each row stands for itself in one window: any shape without slices does.
            WindowColumns::Attached { .. } => WindowKind::Tumble { size_ms: 1, offset_ms: 0 },
        })
    }

    /// The column that a row without a value in has no window.
    pub fn time_column(&self) -> usize {
        match &self.window {
            WindowColumns::Rowtime { rowtime, .. } => *rowtime,
            WindowColumns::Attached { end, .. } => *end,
        }
    }

    fn types_of(&self, columns: &[usize]) -> Vec<DataType> {
        columns.iter().map(|column| self.input.field(*column).data_type().clone()).collect()
    }

    /// An index of keys.
    ///
    /// # Errors
    /// When a column cannot be a key.
    pub fn key_index(&self) -> Result<KeyIndex> {
        KeyIndex::new(&self.types_of(&self.keys))
    }

    /// The aggregates, without any group.
    ///
    /// # Errors
    /// When an argument is of a type that its function does not take.
    pub fn create_aggregates(&self) -> Result<Vec<Box<dyn GroupsAggregate>>> {
        let create =
            |call: &AggregateCall| create(call, &self.types_of(&call.arguments), self.removes);
        let count = self.removes.then(|| Ok(Groups::of(Count)));
        self.aggregates.iter().map(create).chain(count).collect()
    }

    /// Adds rows to the groups of their slots.
    ///
    /// # Errors
    /// When a function of the program fails.
    pub fn accumulate(
        &self,
        aggregates: &mut [Box<dyn GroupsAggregate>],
        groups: usize,
        slots: &[u32],
        rows: &RecordBatch,
        from: From<'_>,
    ) -> Result<()> {
        let From { first, positions, weights } = from;
        let mut calls = self.aggregates.iter();
        for aggregate in aggregates {
            let call = calls.next();
            aggregate.resize(groups);
            aggregate.accumulate(&Rows {
                slots,
                arguments: &call.map_or(vec![], |call| pick(rows, &call.arguments)),
                selected: call
                    .and_then(|call| call.filter)
                    .map(|column| rows.column(column).as_boolean()),
                weights,
                first,
                positions,
            })?;
        }
        Ok(())
    }

    /// Those of some groups that have rows.
    fn present<'a>(
        &self,
        slots: &'a [u32],
        aggregates: &[Box<dyn GroupsAggregate>],
    ) -> Result<Cow<'a, [u32]>> {
        let Some(count) = aggregates.last().filter(|_| self.removes) else {
            return Ok(Cow::Borrowed(slots));
        };
        let counts = count.values(slots)?;
        let counts = counts.as_primitive::<Int64Type>().values();
        let present = slots.iter().zip(counts).filter(|(_, count)| **count != 0);
        Ok(present.map(|(slot, _)| *slot).collect())
    }

    /// The columns of groups, each with its window.
    ///
    /// # Errors
    /// When they do not fit the schema.
    pub fn rows(
        &self,
        windows: &[Bounds],
        keys: &[ArrayRef],
        values: Vec<ArrayRef>,
    ) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for output in &self.output {
            columns.push(match output {
                WindowOutput::Start => timestamps(windows.iter().map(|window| window.start)),
                WindowOutput::End => timestamps(windows.iter().map(|window| window.end)),
                WindowOutput::Time => {
                    self.calendar().window_times(windows.iter().map(|window| window.end))
                }
                WindowOutput::Key(at) => Arc::clone(&keys[*at]),
            });
        }
        columns.extend(values);
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    /// Emits groups of one window by their slots.
    ///
    /// # Errors
    /// When a function of the program fails.
    pub fn emit(
        &self,
        window: Bounds,
        slots: &[u32],
        keys: &KeyIndex,
        aggregates: &[Box<dyn GroupsAggregate>],
        out: &mut Output,
    ) -> Result<()> {
        for slots in self.present(slots, aggregates)?.chunks(ROWS_MAX) {
            let keys = keys.columns(slots.iter().copied())?;
            let values = aggregates
                .iter()
                .take(self.aggregates.len())
                .map(|aggregate| aggregate.values(slots))
                .collect::<Result<_>>()?;
            let windows = vec![window; slots.len()];
            out.emit(ChangeBatch::insert(self.rows(&windows, &keys, values)?));
        }
        Ok(())
    }
}

/// Where rows come from.
#[derive(Debug, Clone, Copy, Default)]
pub struct From<'a> {
    /// The number of the first row of their batch among all that have come.
    pub first: u64,
    /// Where they stand in that batch; `None` is one behind the other from the first on.
    pub positions: Option<&'a [u32]>,
    /// The weight of each; `None` is +1.
    pub weights: Option<&'a Int64Array>,
}

/// Some columns of a batch.
pub fn pick(rows: &RecordBatch, columns: &[usize]) -> Vec<ArrayRef> {
    columns.iter().map(|column| Arc::clone(rows.column(*column))).collect()
}

/// The groups of one window or slice.
pub struct Table {
    /// The keys; a key's slot is that of its group.
    pub keys: KeyIndex,
    /// The aggregates.
    pub aggregates: Vec<Box<dyn GroupsAggregate>>,
}

impl Table {
    /// Without any group.
    ///
    /// # Errors
    /// As [`WindowAggregateSpec::create_aggregates`].
    pub fn new(spec: &WindowAggregateSpec) -> Result<Self> {
        Ok(Self { keys: spec.key_index()?, aggregates: spec.create_aggregates()? })
    }

    /// Without any group, and with room for so many.
    ///
    /// # Errors
    /// As [`WindowAggregateSpec::create_aggregates`].
    pub fn with_room(spec: &WindowAggregateSpec, groups: usize) -> Result<Self> {
        let mut table = Self::new(spec)?;
        table.keys.reserve(groups);
        Ok(table)
    }

    /// Adds rows; `slots` is memory to work with.
    ///
    /// # Errors
    /// When a function of the program fails.
    pub fn add(
        &mut self,
        spec: &WindowAggregateSpec,
        rows: &RecordBatch,
        from: From<'_>,
        slots: &mut Vec<u32>,
    ) -> Result<()> {
        self.keys.slots(&pick(rows, &spec.keys), rows.num_rows(), slots)?;
        spec.accumulate(&mut self.aggregates, self.keys.len(), slots, rows, from)
    }

    /// Adds the groups of another table.
    ///
    /// # Errors
    /// When a function cannot be merged.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let groups = other.keys.len();
        let keys = other.keys.columns(0..groups as u32)?;
        self.merge_groups(&keys, &other.aggregates, groups)
    }

    /// Adds what rows add that were put together before.
    ///
    /// # Errors
    /// When a function cannot be merged.
    pub fn merge_reduced(&mut self, part: &SliceGroups) -> Result<()> {
        self.merge_groups(&part.keys, &part.aggregates, part.groups)
    }

    fn merge_groups(
        &mut self,
        keys: &[ArrayRef],
        aggregates: &[Box<dyn GroupsAggregate>],
        groups: usize,
    ) -> Result<()> {
        let from: Vec<u32> = (0..groups as u32).collect();
        let mut into = Vec::with_capacity(groups);
        self.keys.slots(keys, groups, &mut into)?;
        for (aggregate, other) in self.aggregates.iter_mut().zip(aggregates) {
            aggregate.resize(self.keys.len());
            aggregate.merge(other.as_ref(), &from, &into)?;
        }
        Ok(())
    }

    /// Emits all groups as those of a window.
    ///
    /// # Errors
    /// When a function of the program fails.
    pub fn emit(&self, spec: &WindowAggregateSpec, window: Bounds, out: &mut Output) -> Result<()> {
        let slots: Vec<u32> = (0..self.keys.len() as u32).collect();
        spec.emit(window, &slots, &self.keys, &self.aggregates, out)
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.keys.bytes() + self.aggregates.iter().map(|aggregate| aggregate.bytes()).sum::<usize>()
    }
}
