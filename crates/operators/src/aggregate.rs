//! Aggregate functions over many groups at once.
//!
//! A group is a slot number. A function says what it knows of one group ([`Aggregate::State`]) and how
//! rows and other states are added to that; [`Groups`] keeps the states of many groups in a column
//! indexed by slot and does everything else.

use std::any::Any;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array};
use arrow::datatypes::DataType;
use millstream_plan::{AggregateCall, AggregateFunction};
use millstream_types::{Error, Result};

use crate::bitmaps::bitmaps;
use crate::copies::{Of, copies};
use crate::distinct::distinct;
use crate::extreme::extreme;
use crate::float_sum::float_sum;
use crate::ordered::{Ordered, Pick};
use crate::rank_number::rank_number;
use crate::sums::{Count, avg, sum};
use crate::user::User;
use crate::variance::variance;

/// One aggregate over many groups.
pub trait GroupsAggregate: Send {
    /// Takes rows: the slot, the arguments and the weight of each. A row counts when it is selected.
    ///
    /// # Errors
    /// When a function of the embedding program fails.
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()>;

    /// Takes rows and gives them up again step by step; the values that [`Step::Value`] asks for.
    ///
    /// # Errors
    /// When the function cannot do that.
    fn run(&mut self, steps: &[Step], rows: &Rows<'_>) -> Result<ArrayRef>;

    /// Adds groups of another aggregate of the same call: its `from` to `into` of this one.
    ///
    /// # Errors
    /// When the function cannot be merged.
    fn merge(&mut self, other: &dyn GroupsAggregate, from: &[u32], into: &[u32]) -> Result<()>;

    /// Adds one group to another.
    ///
    /// # Errors
    /// When the function cannot be merged.
    fn fold(&mut self, from: u32, into: u32) -> Result<()>;

    /// Empties some slots.
    fn clear(&mut self, slots: &[u32]);

    /// Keeps some slots, which are numbered anew in the order given.
    fn retain(&mut self, slots: &[u32]);

    /// Makes room for slots up to a number; new ones are empty.
    fn resize(&mut self, slots: usize);

    /// The values of some slots, in the order given.
    ///
    /// # Errors
    /// When a function of the embedding program fails.
    fn values(&self, slots: &[u32]) -> Result<ArrayRef>;

    /// Bytes held.
    fn bytes(&self) -> usize;

    /// Itself, for [`Self::merge`].
    fn as_any(&self) -> &dyn Any;
}

/// Rows on their way into an aggregate.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// The slot of each row.
    pub slots: &'a [u32],
    /// The arguments, one value a row.
    pub arguments: &'a [ArrayRef],
    /// Which rows count; `None` is all of them.
    pub selected: Option<&'a BooleanArray>,
    /// The weight of each row; `None` is +1.
    pub weights: Option<&'a Int64Array>,
    /// The number of the first row of the batch among all that have come.
    pub first: u64,
    /// The positions of the rows in that batch; `None` when it is all of it.
    pub positions: Option<&'a [u32]>,
}

impl Rows<'_> {
    /// Calls `take` with row, slot and weight for each selected row, whose first argument is present
    /// unless NULLs count too.
    pub fn each(&self, nulls_count: bool, mut take: impl FnMut(usize, usize, i64)) {
        let nulls = self.arguments.first().and_then(|argument| argument.nulls());
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0 && !nulls_count);
        if nulls.is_none() && self.selected.is_none() && self.weights.is_none() {
            for (row, slot) in self.slots.iter().enumerate() {
                take(row, *slot as usize, 1);
            }
            return;
        }
        for (row, slot) in self.slots.iter().enumerate() {
            if self.counts(row, nulls_count) {
                take(row, *slot as usize, self.weights.map_or(1, |weights| weights.value(row)));
            }
        }
    }

    /// The number of a row among all that have come: greater for those that came later.
    pub fn order(&self, row: usize) -> u64 {
        self.first + self.positions.map_or(row as u64, |positions| u64::from(positions[row]))
    }

    /// Whether a row counts.
    pub fn counts(&self, row: usize, nulls_count: bool) -> bool {
        let nulls = self.arguments.first().and_then(|argument| argument.nulls());
        (nulls_count || nulls.is_none_or(|nulls| nulls.is_valid(row)))
            && self.selected.is_none_or(|mask| mask.is_valid(row) && mask.value(row))
    }
}

/// What happens to a group, one thing after the other.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// A row comes into a slot.
    Add {
        /// The row.
        row: u32,
        /// The slot.
        slot: u32,
    },
    /// A row leaves a slot.
    Remove {
        /// The row.
        row: u32,
        /// The slot.
        slot: u32,
    },
    /// The value of a slot is asked for.
    Value {
        /// The slot.
        slot: u32,
    },
}

/// An aggregate function: what it knows of one group.
pub trait Aggregate: Send + 'static {
    /// What is known of one group.
    type State: Default + Clone + Send;
    /// The arguments of a batch, ready to be read row by row.
    type Input;
    /// The value of a group, before it becomes part of a column.
    type Value;

    /// Makes arguments ready.
    ///
    /// # Errors
    /// When they are not of the declared types.
    fn input(&self, arguments: &[ArrayRef]) -> Result<Self::Input>;

    /// Takes a row: `weight` times, or gives it up where that is negative. `order` is greater for rows
    /// that came later.
    fn add(&self, state: &mut Self::State, from: &Self::Input, row: usize, weight: i64, order: u64);

    /// Takes all that another state has taken.
    ///
    /// # Errors
    /// When a value cannot be taken.
    fn merge(&self, into: &mut Self::State, from: &Self::State) -> Result<()>;

    /// The value of a group.
    fn value(&self, state: &Self::State) -> Self::Value;

    /// Values as a column.
    ///
    /// # Errors
    /// When they do not fit the type.
    fn column(&self, values: Vec<Self::Value>) -> Result<ArrayRef>;

    /// Whether rows count whose first argument is NULL.
    fn nulls_count(&self) -> bool {
        false
    }

    /// Bytes held beyond the state itself; found in constant time.
    fn heap(&self, _: &Self::State) -> usize {
        0
    }
}

/// The states of many groups.
pub struct Groups<A: Aggregate> {
    function: A,
    states: Vec<A::State>,
    heap: usize,
}

impl<A: Aggregate> Groups<A> {
    /// No groups yet.
    pub fn of(function: A) -> Box<dyn GroupsAggregate> {
        Box::new(Self { function, states: Vec::new(), heap: 0 })
    }

    /// Changes a state and keeps count of its bytes.
    #[inline]
    fn change<R>(&mut self, slot: usize, change: impl FnOnce(&A, &mut A::State) -> R) -> R {
        let state = &mut self.states[slot];
        let before = self.function.heap(state);
        let result = change(&self.function, state);
        self.heap = self.heap + self.function.heap(state) - before;
        result
    }
}

impl<A: Aggregate> GroupsAggregate for Groups<A> {
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()> {
        let input = self.function.input(rows.arguments)?;
        rows.each(self.function.nulls_count(), |row, slot, weight| {
            let order = rows.order(row);
            self.change(slot, |function, state| function.add(state, &input, row, weight, order));
        });
        Ok(())
    }

    fn run(&mut self, steps: &[Step], rows: &Rows<'_>) -> Result<ArrayRef> {
        let input = self.function.input(rows.arguments)?;
        let nulls_count = self.function.nulls_count();
        let mut values = Vec::new();
        for step in steps {
            let (row, slot, weight) = match *step {
                Step::Add { row, slot } => (row, slot, 1),
                Step::Remove { row, slot } => (row, slot, -1),
                Step::Value { slot } => {
                    values.push(self.function.value(&self.states[slot as usize]));
                    continue;
                }
            };
            let row = row as usize;
            if rows.counts(row, nulls_count) {
                let order = rows.order(row);
                self.change(slot as usize, |function, state| {
                    function.add(state, &input, row, weight, order);
                });
            }
        }
        self.function.column(values)
    }

    fn merge(&mut self, other: &dyn GroupsAggregate, from: &[u32], into: &[u32]) -> Result<()> {
        let Some(other) = other.as_any().downcast_ref::<Self>() else {
            return Err(Error::Internal(
                "aggregates of different kinds cannot be merged".to_owned(),
            ));
        };
        for (from, into) in from.iter().zip(into) {
            let from = &other.states[*from as usize];
            self.change(*into as usize, |function, state| function.merge(state, from))?;
        }
        Ok(())
    }

    fn fold(&mut self, from: u32, into: u32) -> Result<()> {
        let taken = self.change(from as usize, |_, state| std::mem::take(state));
        self.change(into as usize, |function, state| function.merge(state, &taken))
    }

    fn clear(&mut self, slots: &[u32]) {
        for slot in slots {
            self.change(*slot as usize, |_, state| *state = A::State::default());
        }
    }

    fn retain(&mut self, slots: &[u32]) {
        let kept = slots.iter().map(|slot| std::mem::take(&mut self.states[*slot as usize]));
        self.states = kept.collect();
        self.heap = self.states.iter().map(|state| self.function.heap(state)).sum();
    }

    fn resize(&mut self, slots: usize) {
        if slots > self.states.len() {
            self.states.resize_with(slots, A::State::default);
        }
    }

    fn values(&self, slots: &[u32]) -> Result<ArrayRef> {
        let value = |slot: &u32| self.function.value(&self.states[*slot as usize]);
        self.function.column(slots.iter().map(value).collect())
    }

    fn bytes(&self) -> usize {
        self.states.capacity() * size_of::<A::State>() + self.heap
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Makes the state of a call over arguments of the given types. `removes` says that rows may be taken
/// back from it.
///
/// # Errors
/// When the arguments are of types that the function does not take.
pub fn create(
    call: &AggregateCall,
    arguments: &[DataType],
    removes: bool,
) -> Result<Box<dyn GroupsAggregate>> {
    // MIN and MAX of distinct values are those of all values.
    let matters = !matches!(call.function, AggregateFunction::Min | AggregateFunction::Max);
    if call.distinct && matters {
        return distinct(call, arguments);
    }
    let ordered = |pick: Pick| Ordered::create(pick, arguments, &call.result, removes);
    let floating = arguments.first().is_some_and(|argument| argument.is_floating());
    Ok(match &call.function {
        AggregateFunction::Sum if removes && floating => float_sum(&call.result, false),
        AggregateFunction::Avg if removes && floating => float_sum(&call.result, true),
        AggregateFunction::Variance { sample, root } if removes => {
            let (sample, root, result) = (*sample, *root, call.result.clone());
            copies(&arguments[0], Of::Variance { sample, root, result })?
        }
        AggregateFunction::Count => Groups::of(Count),
        AggregateFunction::Sum => sum(&arguments[0], &call.result)?,
        AggregateFunction::Avg => avg(&arguments[0], &call.result)?,
        AggregateFunction::Min => extreme(&arguments[0], false, removes)?,
        AggregateFunction::Max => extreme(&arguments[0], true, removes)?,
        AggregateFunction::Variance { sample, root } => {
            variance(&arguments[0], &call.result, *sample, *root)?
        }
        AggregateFunction::FirstValue => ordered(Pick::First)?,
        AggregateFunction::LastValue => ordered(Pick::Last)?,
        AggregateFunction::SingleValue => ordered(Pick::Only)?,
        AggregateFunction::ListAgg { separator } => ordered(Pick::Joined(separator.clone()))?,
        AggregateFunction::ArrayAgg { ignore_nulls } => {
            ordered(Pick::All { ignore_nulls: *ignore_nulls })?
        }
        AggregateFunction::JsonObject { absent } => ordered(Pick::JsonObject { absent: *absent })?,
        AggregateFunction::JsonArray { absent } => ordered(Pick::JsonArray { absent: *absent })?,
        AggregateFunction::Bitmap { of, counted } => bitmaps(*of, *counted, removes),
        AggregateFunction::Collect => copies(&arguments[0], Of::Multiset(call.result.clone()))?,
        AggregateFunction::Percentile { shares, many } => {
            copies(&arguments[0], Of::Percentiles { shares: shares.clone(), many: *many })?
        }
        AggregateFunction::Rank { dense } => rank_number(*dense, arguments)?,
        AggregateFunction::Lag { offset, default } => {
            Ordered::lag(*offset, default.as_ref(), &arguments[0], &call.result)?
        }
        AggregateFunction::User(function) => User::create(function),
    })
}
