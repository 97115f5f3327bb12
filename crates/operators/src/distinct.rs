//! Aggregates with DISTINCT: each value of a group counts once, however many copies of it there are.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use millstream_plan::{AggregateCall, AggregateFunction};
use millstream_types::Result;

use crate::aggregate::{Aggregate, Groups, GroupsAggregate, create};
use crate::distinct_integers::{DistinctIntegers, is_integer};

/// How many copies of each value a group has; values are in arrow's row format.
type Copies = HashMap<Box<[u8]>, i64, FixedState>;

/// What COUNT(DISTINCT …) knows of a group.
#[derive(Clone, Default)]
struct Seen {
    copies: Copies,
    /// How many values have copies.
    present: i64,
    bytes: usize,
}

impl Seen {
    /// Takes a value; whether its first copy came (+1) or its last one left (-1).
    fn take(&mut self, value: &[u8], weight: i64) -> i64 {
        let copies = match self.copies.get_mut(value) {
            Some(copies) => copies,
            None => {
                self.bytes += value.len();
                self.copies.entry(value.into()).or_insert(0)
            }
        };
        let before = *copies;
        *copies += weight;
        let after = *copies;
        if after == 0 {
            self.bytes -= value.len();
            self.copies.remove(value);
        }
        let change = i64::from(after > 0) - i64::from(before > 0);
        self.present += change;
        change
    }

    fn heap(&self) -> usize {
        self.bytes + self.copies.allocation_size()
    }
}

/// The number of distinct values.
struct DistinctCount {
    converter: RowConverter,
}

impl Aggregate for DistinctCount {
    type State = Seen;
    type Input = Rows;
    type Value = i64;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Rows> {
        Ok(self.converter.convert_columns(arguments)?)
    }

    fn add(&self, state: &mut Seen, from: &Rows, row: usize, weight: i64, _: u64) {
        state.take(from.row(row).as_ref(), weight);
    }

    fn merge(&self, into: &mut Seen, from: &Seen) -> Result<()> {
        from.copies.iter().for_each(|(value, copies)| {
            into.take(value, *copies);
        });
        Ok(())
    }

    fn value(&self, state: &Seen) -> i64 {
        state.present
    }

    fn column(&self, values: Vec<i64>) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(values)))
    }

    fn heap(&self, state: &Seen) -> usize {
        state.heap()
    }
}

/// Lets each distinct value through to another function once.
struct Distinct {
    converter: RowConverter,
    /// Whether NULL is a value.
    nulls: bool,
    function: Box<dyn Fn() -> Result<Box<dyn GroupsAggregate>> + Send>,
}

/// The distinct values in the order in which their first copies came.
#[derive(Clone, Default)]
struct Values {
    seen: Seen,
    order: HashMap<Box<[u8]>, u64, FixedState>,
}

impl Aggregate for Distinct {
    type State = Values;
    type Input = Rows;
    type Value = Vec<Box<[u8]>>;

    fn nulls_count(&self) -> bool {
        self.nulls
    }

    fn input(&self, arguments: &[ArrayRef]) -> Result<Rows> {
        Ok(self.converter.convert_columns(arguments)?)
    }

    fn add(&self, state: &mut Values, from: &Rows, row: usize, weight: i64, order: u64) {
        let value = from.row(row);
        match state.seen.take(value.as_ref(), weight) {
            1 => {
                state.order.insert(value.as_ref().into(), order);
            }
            -1 => {
                state.order.remove(value.as_ref());
            }
            _ => {}
        }
    }

    fn merge(&self, into: &mut Values, from: &Values) -> Result<()> {
        for (value, copies) in &from.seen.copies {
            into.seen.take(value, *copies);
        }
        for (value, order) in &from.order {
            let known = into.order.entry(value.clone()).or_insert(*order);
            *known = (*known).min(*order);
        }
        Ok(())
    }

    fn value(&self, state: &Values) -> Vec<Box<[u8]>> {
        let mut values: Vec<_> = state.order.iter().map(|(value, order)| (*order, value)).collect();
        values.sort_unstable();
        values.into_iter().map(|(_, value)| value.clone()).collect()
    }

    /// The other function's values over the distinct values only.
    fn column(&self, values: Vec<Vec<Box<[u8]>>>) -> Result<ArrayRef> {
        let mut function = (self.function)()?;
        let groups = values.len();
        function.resize(groups);
        let slots = values.iter().enumerate();
        let slots: Vec<u32> = slots.flat_map(|(at, v)| vec![at as u32; v.len()]).collect();
        let parser = self.converter.parser();
        let rows = values.iter().flatten().map(|value| parser.parse(value));
        let arguments = self.converter.convert_rows(rows)?;
        function.accumulate(&crate::aggregate::Rows {
            slots: &slots,
            arguments: &arguments,
            selected: None,
            weights: None,
            first: 0,
            positions: None,
        })?;
        function.values(&(0..groups as u32).collect::<Vec<_>>())
    }

    fn heap(&self, state: &Values) -> usize {
        state.seen.heap() + state.seen.bytes + state.order.allocation_size()
    }
}

/// The state of a call with DISTINCT.
///
/// # Errors
/// When the arguments are of types that have no equality, or that the function does not take.
pub fn distinct(call: &AggregateCall, arguments: &[DataType]) -> Result<Box<dyn GroupsAggregate>> {
    let fields = arguments.iter().take(1).cloned().map(SortField::new).collect();
    let converter = RowConverter::new(fields)?;
    if let AggregateFunction::Count = call.function {
        if is_integer(&arguments[0]) && !millstream_types::plain_paths() {
            return Ok(Groups::of(DistinctIntegers));
        }
        return Ok(Groups::of(DistinctCount { converter }));
    }
    let plain = AggregateCall { distinct: false, ..call.clone() };
    let arguments = arguments[..1].to_vec();
    let function = move || create(&plain, &arguments, false);
    // A type that the function does not take is found out now.
    function()?;
    let nulls = matches!(call.function, AggregateFunction::ArrayAgg { ignore_nulls: false });
    Ok(Groups::of(Distinct { converter, nulls, function: Box::new(function) }))
}
