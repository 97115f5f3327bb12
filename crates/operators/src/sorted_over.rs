//! [`SortedOver`]: values over rows around each row in any order, as rows come and go.
//!
//! A row that comes in the midst of its partition changes the values of others. So the rows of a partition
//! are kept in their order, each with the values it was emitted with; after an epoch those of a partition
//! that changed are computed again, and the difference is emitted. Where rows only came behind all others
//! and no value looks ahead, as running totals over ascending numbers have it, the aggregates go on from
//! where they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{RowConverter, SortField};
use millstream_plan::{AggregateCall, OrderKey, Place, SortedCall, Span, SpanUnit};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::aggregate::{GroupsAggregate, Rows, Step, create};
use crate::consolidate::difference;
use crate::expiry::Expiry;
use crate::operator::{Operator, OperatorTime, Output};
use crate::over_spans::{Ordered, Places, bounds, order_values};
use crate::session_aggregate::renumbered;
use crate::window_rank::order_rows;
use crate::window_table::pick;

/// What the operator is told; shared by its shards.
pub struct SortedOverSpec {
    /// The columns of the partition.
    pub partition: Vec<usize>,
    /// The order; rows that are equal in it stand as they came.
    pub order: Vec<OrderKey>,
    /// The values.
    pub calls: Vec<SortedCall>,
    /// How long a partition is kept that does not change, in ms; `None` is for ever.
    pub ttl: Option<i64>,
    /// The columns of the input.
    pub input: SchemaRef,
    /// The columns that come out: the input's, then the values.
    pub schema: SchemaRef,
}

impl SortedOverSpec {
    fn types_of(&self, columns: &[usize]) -> Vec<DataType> {
        columns.iter().map(|column| self.input.field(*column).data_type().clone()).collect()
    }

    fn key_index(&self) -> Result<KeyIndex> {
        KeyIndex::new(&self.types_of(&self.partition))
    }
}

/// Where a row stands: by the values it is ordered by, then as it came.
type Position = (Box<[u8]>, u64);

/// A row, in arrow's row format.
struct Held {
    row: Arc<[u8]>,
    /// The values it was emitted with.
    values: Option<Arc<[u8]>>,
}

/// The rows of one partition.
#[derive(Default)]
struct Partition {
    rows: BTreeMap<Position, Held>,
    /// The first of the rows that came behind all others in this epoch, where nothing else changed.
    behind: Option<Position>,
    is_changed: bool,
}

impl Partition {
    /// The rows whose values are to be computed.
    fn changed(&self) -> impl Iterator<Item = (&Position, &Held)> {
        let from = self.behind.clone().unwrap_or_else(|| (Box::default(), 0));
        self.rows.range(from..)
    }
}

/// How the values of a call are found.
enum Calculation {
    /// By an aggregate of the rows in a span.
    Aggregate {
        call: AggregateCall,
        state: Box<dyn GroupsAggregate>,
        /// The position of the span among all.
        span: usize,
    },
    /// By where the rows stand.
    Place(Place),
}

/// A row that is emitted or taken back: itself, and its values.
type Emitted = (Arc<[u8]>, Arc<[u8]>);

/// One shard of an OVER in any order.
pub struct SortedOver {
    spec: Arc<SortedOverSpec>,
    keys: KeyIndex,
    rows: RowConverter,
    values: RowConverter,
    calculations: Vec<Calculation>,
    /// The distinct spans of the calls.
    spans: Vec<Span>,
    /// Whether the aggregates can go on behind the last row.
    goes_on: bool,
    partitions: Vec<Partition>,
    changed: Vec<u32>,
    /// Rows that are gone, as they were emitted.
    gone: Vec<Emitted>,
    expiry: Expiry,
    /// How many partitions have rows.
    live: usize,
    arrivals: u64,
    /// How many rows the aggregates have taken.
    computed: u64,
    bytes: usize,
}

/// So few keys are not worth being numbered anew.
const KEYS_MIN: usize = 1_024;

/// About so many rows are computed together.
const ROWS_MAX: usize = 1 << 16;

/// What a row takes beside its own bytes.
const ROW_BYTES: usize = size_of::<Position>() + size_of::<Held>() + 2 * size_of::<[usize; 2]>();

impl SortedOver {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be a key or be compared, or a function does not take its arguments.
    pub fn new(spec: Arc<SortedOverSpec>) -> Result<Self> {
        let (mut spans, mut calculations) = (Vec::new(), Vec::new());
        for call in &spec.calls {
            calculations.push(match call {
                SortedCall::Place(place) => Calculation::Place(*place),
                SortedCall::Aggregate { call, span } => {
                    let at = spans.iter().position(|known| known == span).unwrap_or(spans.len());
                    if at == spans.len() {
                        spans.push(*span);
                    }
                    let types = spec.types_of(&call.arguments);
                    let state = create(call, &types, span.from.is_some())?;
                    Calculation::Aggregate { call: call.clone(), state, span: at }
                }
            });
        }
        let is_place = |of: &Calculation| matches!(of, Calculation::Place(_));
        let goes_on = spans.iter().all(|span| span.goes_on()) && !calculations.iter().any(is_place);
        let field = |data_type: &DataType| SortField::new(data_type.clone());
        let rows = spec.input.fields().iter().map(|column| field(column.data_type()));
        let values = spec.schema.fields().iter().skip(spec.input.fields().len());
        let values = values.map(|column| field(column.data_type()));
        Ok(Self {
            keys: spec.key_index()?,
            rows: RowConverter::new(rows.collect())?,
            values: RowConverter::new(values.collect())?,
            calculations,
            spans,
            goes_on,
            partitions: Vec::new(),
            changed: Vec::new(),
            gone: Vec::new(),
            expiry: Expiry::new(spec.ttl),
            live: 0,
            arrivals: 0,
            computed: 0,
            bytes: 0,
            spec,
        })
    }

    fn insert(&mut self, slot: u32, order: &[u8], row: &[u8]) {
        let goes_on = self.goes_on;
        let partition = &mut self.partitions[slot as usize];
        self.live += usize::from(partition.rows.is_empty());
        // Behind a row that is equal in the order it would be one of its peers.
        let last = partition.rows.last_key_value();
        let is_behind =
            last.is_none_or(
                |((last, _), held)| {
                    if held.values.is_some() { **last < *order } else { **last <= *order }
                },
            );
        let place = (order.into(), self.arrivals);
        self.arrivals += 1;
        let is_next = partition.behind.is_some() || !partition.is_changed;
        partition.behind = match goes_on && is_behind && is_next {
            true => partition.behind.take().or_else(|| Some(place.clone())),
            false => None,
        };
        self.bytes += order.len() + row.len() + ROW_BYTES;
        partition.rows.insert(place, Held { row: row.into(), values: None });
        self.mark(slot);
    }

    /// Remembers that a partition has changed: each copy of a row counts as a change.
    fn mark(&mut self, slot: u32) {
        if !std::mem::replace(&mut self.partitions[slot as usize].is_changed, true) {
            self.changed.push(slot);
        }
    }

    fn remove(&mut self, slot: u32, order: &[u8], row: &[u8]) {
        let partition = &mut self.partitions[slot as usize];
        // Copies of a row are alike but for their values; the last one is the least to change the others.
        let alike = (order.into(), 0)..=(order.into(), u64::MAX);
        let place = partition.rows.range(alike).rev().find(|(_, held)| *held.row == *row);
        let Some(place) = place.map(|(place, _)| place.clone()) else { return };
        partition.behind = None;
        let Some(held) = partition.rows.remove(&place) else { return };
        self.live -= usize::from(partition.rows.is_empty());
        self.bytes -= order.len() + row.len() + ROW_BYTES;
        if let Some(values) = held.values {
            self.bytes -= values.len();
            self.gone.push((held.row, values));
        }
        self.mark(slot);
    }

    /// What happens to the aggregates of a span for rows of a partition, whose places in the batch begin at
    /// `first`.
    fn steps(span: Span, slot: u32, rows: &Ordered<'_>, first: u32, steps: &mut Vec<Step>) {
        let row = |at: usize| first + at as u32;
        let (mut from, mut to) = (0, 0);
        for span in bounds(span, rows) {
            // Rows leave before others come: what looks at the last that came finds none in an empty span.
            steps.extend((from..span.start.min(to)).map(|at| Step::Remove { row: row(at), slot }));
            steps.extend((to.max(span.start)..span.end).map(|at| Step::Add { row: row(at), slot }));
            steps.push(Step::Value { slot });
            (from, to) = (span.start, to.max(span.end));
        }
    }

    /// Computes the values of some partitions' rows, and what of them is new.
    fn compute(&mut self, slots: &[u32], come: &mut Vec<Emitted>) -> Result<()> {
        let mut anew = Vec::new();
        let mut encoded: Vec<Arc<[u8]>> = Vec::new();
        for slot in slots {
            let partition = &self.partitions[*slot as usize];
            if partition.behind.is_none() {
                anew.push(*slot);
            }
            encoded.extend(partition.changed().map(|(_, held)| Arc::clone(&held.row)));
        }
        let parser = self.rows.parser();
        let columns = self.rows.convert_rows(encoded.iter().map(|row| parser.parse(row)))?;
        let distances = match self.spec.order.as_slice() {
            [key] if self.spans.iter().any(|span| span.unit == SpanUnit::Values) => {
                order_values(&columns[key.column], key.descending)?
            }
            _ => Vec::new(),
        };
        let mut steps = vec![Vec::new(); self.spans.len()];
        let places = self.calculations.iter().map(|calculation| match calculation {
            Calculation::Place(place) => Some(Places::new(*place)),
            Calculation::Aggregate { .. } => None,
        });
        let mut places: Vec<_> = places.collect();
        let mut first = 0;
        for slot in slots {
            let changed = self.partitions[*slot as usize].changed();
            let orders: Vec<&[u8]> = changed.map(|((order, _), _)| &**order).collect();
            let values = distances.get(first..first + orders.len()).unwrap_or_default();
            let rows = Ordered { orders: &orders, values };
            for (span, steps) in self.spans.iter().zip(&mut steps) {
                Self::steps(*span, *slot, &rows, first as u32, steps);
            }
            places.iter_mut().flatten().for_each(|places| places.extend(&rows));
            first += orders.len();
        }
        let mut values: Vec<ArrayRef> = Vec::with_capacity(self.calculations.len());
        for (calculation, place) in self.calculations.iter_mut().zip(places) {
            let Calculation::Aggregate { call, state, span } = calculation else {
                values.extend(place.map(Places::finish));
                continue;
            };
            state.resize(self.partitions.len());
            state.clear(&anew);
            let arguments = call.arguments.iter().map(|column| Arc::clone(&columns[*column]));
            let rows = Rows {
                slots: &[],
                arguments: &arguments.collect::<Vec<_>>(),
                selected: call.filter.map(|column| columns[column].as_boolean()),
                weights: None,
                first: self.computed,
                positions: None,
            };
            values.push(state.run(&steps[*span], &rows)?);
        }
        self.computed += first as u64;
        let values = self.values.convert_columns(&values)?;
        let mut values = values.iter();
        for slot in slots {
            let partition = &mut self.partitions[*slot as usize];
            let from = partition.behind.take().unwrap_or_else(|| (Box::default(), 0));
            for ((_, held), value) in partition.rows.range_mut(from..).zip(values.by_ref()) {
                if held.values.as_deref() == Some(value.as_ref()) {
                    continue;
                }
                let value: Arc<[u8]> = value.as_ref().into();
                self.bytes += value.len();
                if let Some(before) = held.values.replace(Arc::clone(&value)) {
                    self.bytes -= before.len();
                    self.gone.push((Arc::clone(&held.row), before));
                }
                come.push((Arc::clone(&held.row), value));
            }
        }
        Ok(())
    }

    /// The states of the aggregates.
    fn states(&mut self) -> impl Iterator<Item = &mut Box<dyn GroupsAggregate>> {
        self.calculations.iter_mut().filter_map(|calculation| match calculation {
            Calculation::Aggregate { state, .. } => Some(state),
            Calculation::Place(_) => None,
        })
    }

    /// Numbers the keys anew once most have no rows any more.
    fn compact(&mut self) -> Result<()> {
        let known = self.keys.len();
        if known <= 2 * self.live + KEYS_MIN && (self.live > 0 || known == 0) {
            return Ok(());
        }
        let live: Vec<u32> = (0..self.partitions.len() as u32)
            .filter(|slot| !self.partitions[*slot as usize].rows.is_empty())
            .collect();
        self.keys = renumbered(&self.keys, &live, self.spec.key_index()?)?;
        let taken = |slot: &u32| std::mem::take(&mut self.partitions[*slot as usize]);
        self.partitions = live.iter().map(taken).collect();
        self.states().for_each(|state| {
            state.resize(known);
            state.retain(&live);
        });
        self.expiry.retain(&live);
        Ok(())
    }
}

impl Operator for SortedOver {
    fn begin_epoch(&mut self, clock_ms: i64) -> Result<()> {
        let expired = self.expiry.begin(clock_ms);
        let known = self.partitions.len();
        self.states().for_each(|state| {
            state.resize(known);
            state.clear(&expired);
        });
        for slot in expired {
            let partition = std::mem::take(&mut self.partitions[slot as usize]);
            self.live -= usize::from(!partition.rows.is_empty());
            let rows = partition.rows.iter();
            let bytes = rows.map(|((order, _), held)| {
                order.len()
                    + held.row.len()
                    + held.values.as_ref().map_or(0, |v| v.len())
                    + ROW_BYTES
            });
            self.bytes -= bytes.sum::<usize>();
        }
        self.compact()
    }

    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let count = changes.num_rows();
        let mut slots = Vec::with_capacity(count);
        self.keys.slots(&pick(&changes.rows, &spec.partition), count, &mut slots)?;
        self.partitions.resize_with(self.keys.len(), Partition::default);
        let order = order_rows(&spec.input, &changes.rows, &spec.order)?;
        let rows = self.rows.convert_columns(changes.rows.columns())?;
        for (at, slot) in slots.into_iter().enumerate() {
            let place = order.as_ref().map(|order| order.row(at));
            let place = place.as_ref().map_or(&[][..], |place| place.as_ref());
            let (row, weight) = (rows.row(at), changes.weight(at));
            self.expiry.touch(slot);
            (0..weight).for_each(|_| self.insert(slot, place, row.as_ref()));
            (weight..0).for_each(|_| self.remove(slot, place, row.as_ref()));
        }
        Ok(())
    }

    fn end_epoch(&mut self, _: &OperatorTime, out: &mut Output) -> Result<()> {
        let mut come = Vec::new();
        let (mut together, mut rows) = (Vec::new(), 0);
        for slot in std::mem::take(&mut self.changed) {
            let partition = &mut self.partitions[slot as usize];
            partition.is_changed = false;
            rows += match &partition.behind {
                Some(_) => partition.changed().count(),
                None => partition.rows.len(),
            };
            together.push(slot);
            if rows >= ROWS_MAX {
                self.compute(&std::mem::take(&mut together), &mut come)?;
                rows = 0;
            }
        }
        if !together.is_empty() {
            self.compute(&together, &mut come)?;
        }
        let (gone, come) = difference(&std::mem::take(&mut self.gone), &come);
        self.compact()?;
        let (only_come, taken) = (gone.is_empty(), gone.len());
        let all = [gone, come].concat();
        for (at, part) in all.chunks(ROWS_MAX).enumerate() {
            let (rows, values) = (self.rows.parser(), self.values.parser());
            let mut columns =
                self.rows.convert_rows(part.iter().map(|(row, _)| rows.parse(row)))?;
            columns.extend(
                self.values.convert_rows(part.iter().map(|(_, value)| values.parse(value)))?,
            );
            let batch = RecordBatch::try_new(Arc::clone(&self.spec.schema), columns)?;
            let places = at * ROWS_MAX..at * ROWS_MAX + part.len();
            let weights = places.map(|place| if place < taken { -1 } else { 1 });
            out.emit(match only_come {
                true => ChangeBatch::insert(batch),
                false => ChangeBatch::weighted(batch, Int64Array::from_iter_values(weights)),
            });
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.keys.bytes()
            + self.expiry.bytes()
            + self.bytes
            + self.partitions.capacity() * size_of::<Partition>()
            + self
                .calculations
                .iter()
                .map(|calculation| match calculation {
                    Calculation::Aggregate { state, .. } => state.bytes(),
                    Calculation::Place(_) => 0,
                })
                .sum::<usize>()
    }
}
