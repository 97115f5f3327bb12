//! Aggregate functions over many groups at once.
//!
//! A group is a slot number; what a function knows of its groups stands in columns indexed by slot.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Int64Array, PrimitiveArray,
};
use arrow::datatypes::{
    ArrowNativeTypeOp, DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type,
};
use millstream_expr::aggregates::{UserAggregate, UserAggregateState};
use millstream_expr::decimal::mean;
use millstream_plan::{AggregateCall, AggregateFunction};
use millstream_state::KeyIndex;
use millstream_types::{Error, Result};

use crate::extreme::extreme;

/// One aggregate over many groups.
pub trait GroupsAggregate: Send {
    /// Takes rows: the slot, the arguments and the weight of each. A row counts when it is selected.
    ///
    /// # Errors
    /// When a function of the embedding program fails.
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()>;

    /// Makes room for slots up to a number; new ones are empty.
    fn resize(&mut self, slots: usize);

    /// The values of some slots, in the order given.
    ///
    /// # Errors
    /// When a function of the embedding program fails.
    fn values(&self, slots: &[u32]) -> Result<ArrayRef>;

    /// Bytes held.
    fn bytes(&self) -> usize;
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
}

impl Rows<'_> {
    /// Calls `take` with row, slot and weight for each selected row whose first argument is present.
    pub fn each(&self, mut take: impl FnMut(usize, usize, i64)) {
        let nulls = self.arguments.first().and_then(|argument| argument.nulls());
        if nulls.is_none_or(|nulls| nulls.null_count() == 0)
            && self.selected.is_none()
            && self.weights.is_none()
        {
            for (row, slot) in self.slots.iter().enumerate() {
                take(row, *slot as usize, 1);
            }
            return;
        }
        for (row, slot) in self.slots.iter().enumerate() {
            let present = nulls.is_none_or(|nulls| nulls.is_valid(row));
            let selected = self.selected.is_none_or(|mask| mask.is_valid(row) && mask.value(row));
            if present && selected {
                take(row, *slot as usize, self.weights.map_or(1, |weights| weights.value(row)));
            }
        }
    }
}

/// Makes the state of a call over arguments of the given types.
///
/// # Errors
/// When the arguments are of types that the function does not take.
pub fn create(call: &AggregateCall, arguments: &[DataType]) -> Result<Box<dyn GroupsAggregate>> {
    let plain: Box<dyn GroupsAggregate> = match &call.function {
        AggregateFunction::Count => Box::new(Count::default()),
        AggregateFunction::Sum => sum(&arguments[0], &call.result)?,
        AggregateFunction::Avg => avg(&arguments[0], &call.result)?,
        AggregateFunction::Min => extreme(&arguments[0], false)?,
        AggregateFunction::Max => extreme(&arguments[0], true)?,
        AggregateFunction::User(function) => {
            Box::new(User { function: Arc::clone(function), groups: Vec::new() })
        }
    };
    // MIN and MAX of distinct values are those of all values.
    let matters = !matches!(call.function, AggregateFunction::Min | AggregateFunction::Max);
    if !(call.distinct && matters) {
        return Ok(plain);
    }
    let mut key = vec![DataType::Int64];
    key.extend(arguments.iter().cloned());
    let seen = KeyIndex::new(&key)?;
    Ok(Box::new(Distinct { seen, copies: Vec::new(), inner: plain }))
}

#[derive(Default)]
struct Count {
    counts: Vec<i64>,
}

impl GroupsAggregate for Count {
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()> {
        rows.each(|_, slot, weight| self.counts[slot] += weight);
        Ok(())
    }

    fn resize(&mut self, slots: usize) {
        self.counts.resize(slots, 0);
    }

    fn values(&self, slots: &[u32]) -> Result<ArrayRef> {
        let counts = slots.iter().map(|slot| self.counts[*slot as usize]);
        Ok(Arc::new(Int64Array::from_iter_values(counts)))
    }

    fn bytes(&self) -> usize {
        self.counts.capacity() * 8
    }
}

/// A sum with the number of values in it: NULL when there is none.
struct Sum<T: ArrowPrimitiveType> {
    sums: Vec<T::Native>,
    counts: Vec<i64>,
    result: DataType,
    finish: fn(sum: T::Native, count: i64, result: &DataType) -> Option<T::Native>,
}

impl<T: ArrowPrimitiveType> Sum<T>
where
    T::Native: Weigh,
{
    fn create(
        result: &DataType,
        finish: fn(T::Native, i64, &DataType) -> Option<T::Native>,
    ) -> Box<dyn GroupsAggregate> {
        Box::new(Self { sums: Vec::new(), counts: Vec::new(), result: result.clone(), finish })
    }
}

/// A value taken as many times as its weight says.
trait Weigh: ArrowNativeTypeOp {
    fn weigh(self, weight: i64) -> Self;
}

macro_rules! weigh {
    ($($native:ty),*) => {$(
        impl Weigh for $native {
            fn weigh(self, weight: i64) -> Self {
                if weight == 1 { self } else { self.mul_wrapping(weight as Self) }
            }
        }
    )*};
}
weigh!(i8, i16, i32, i64, i128, f32, f64);

impl<T: ArrowPrimitiveType> GroupsAggregate for Sum<T>
where
    T::Native: Weigh,
{
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()> {
        let converted;
        let values = match rows.arguments[0].as_primitive_opt::<T>() {
            Some(values) => values,
            // AVG adds in a wider type than it is given.
            None => {
                converted = arrow::compute::cast(&rows.arguments[0], &T::DATA_TYPE)?;
                converted.as_primitive::<T>()
            }
        };
        let values = values.values();
        let (sums, counts) = (&mut self.sums, &mut self.counts);
        rows.each(|row, slot, weight| {
            sums[slot] = sums[slot].add_wrapping(values[row].weigh(weight));
            counts[slot] += weight;
        });
        Ok(())
    }

    fn resize(&mut self, slots: usize) {
        self.sums.resize(slots, T::Native::ZERO);
        self.counts.resize(slots, 0);
    }

    fn values(&self, slots: &[u32]) -> Result<ArrayRef> {
        let values: PrimitiveArray<T> = slots
            .iter()
            .map(|slot| {
                let slot = *slot as usize;
                let count = self.counts[slot];
                if count == 0 { None } else { (self.finish)(self.sums[slot], count, &self.result) }
            })
            .collect();
        match self.result {
            DataType::Decimal128(..) => Ok(Arc::new(values.with_data_type(self.result.clone()))),
            _ if self.result == T::DATA_TYPE => Ok(Arc::new(values)),
            _ => Ok(arrow::compute::cast(&values, &self.result)?),
        }
    }

    fn bytes(&self) -> usize {
        self.sums.capacity() * size_of::<T::Native>() + self.counts.capacity() * 8
    }
}

fn sum(argument: &DataType, result: &DataType) -> Result<Box<dyn GroupsAggregate>> {
    fn same<N>(sum: N, _: i64, _: &DataType) -> Option<N> {
        Some(sum)
    }
    Ok(match argument {
        DataType::Int8 => Sum::<Int8Type>::create(result, same),
        DataType::Int16 => Sum::<Int16Type>::create(result, same),
        DataType::Int32 => Sum::<Int32Type>::create(result, same),
        DataType::Int64 => Sum::<Int64Type>::create(result, same),
        DataType::Float32 => Sum::<Float32Type>::create(result, same),
        DataType::Float64 => Sum::<Float64Type>::create(result, same),
        DataType::Decimal128(..) => Sum::<Decimal128Type>::create(result, |sum, _, result| {
            let DataType::Decimal128(precision, _) = result else { return None };
            (sum.unsigned_abs() < 10_u128.pow(u32::from(*precision))).then_some(sum)
        }),
        other => return Err(Error::Internal(format!("a sum of {other}"))),
    })
}

fn avg(argument: &DataType, result: &DataType) -> Result<Box<dyn GroupsAggregate>> {
    Ok(match argument {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            Sum::<Int64Type>::create(result, |sum, count, _| Some(sum.wrapping_div(count)))
        }
        DataType::Float32 | DataType::Float64 => {
            Sum::<Float64Type>::create(result, |sum, count, _| Some(sum / count as f64))
        }
        DataType::Decimal128(_, scale) => {
            let scale = *scale;
            Box::new(DecimalMean {
                inner: Sum::<Decimal128Type> {
                    sums: Vec::new(),
                    counts: Vec::new(),
                    result: result.clone(),
                    finish: |sum, _, _| Some(sum),
                },
                scale,
            })
        }
        other => return Err(Error::Internal(format!("a mean of {other}"))),
    })
}

/// The mean of decimals, which has a scale of its own.
struct DecimalMean {
    inner: Sum<Decimal128Type>,
    scale: i8,
}

impl GroupsAggregate for DecimalMean {
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()> {
        self.inner.accumulate(rows)
    }

    fn resize(&mut self, slots: usize) {
        self.inner.resize(slots);
    }

    fn values(&self, slots: &[u32]) -> Result<ArrayRef> {
        let DataType::Decimal128(_, result_scale) = self.inner.result else {
            return Err(Error::Internal("a mean of decimals is a decimal".to_owned()));
        };
        let values: PrimitiveArray<Decimal128Type> = slots
            .iter()
            .map(|slot| {
                let slot = *slot as usize;
                match self.inner.counts[slot] {
                    0 => None,
                    count => mean(self.inner.sums[slot], self.scale, count, result_scale),
                }
            })
            .collect();
        Ok(Arc::new(values.with_data_type(self.inner.result.clone())))
    }

    fn bytes(&self) -> usize {
        self.inner.bytes()
    }
}

/// Lets each distinct value of a group through once.
struct Distinct {
    /// Slot and value.
    seen: KeyIndex,
    /// How many copies of each are there.
    copies: Vec<i64>,
    inner: Box<dyn GroupsAggregate>,
}

impl GroupsAggregate for Distinct {
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()> {
        let slots = Int64Array::from_iter_values(rows.slots.iter().map(|slot| i64::from(*slot)));
        let mut key: Vec<ArrayRef> = vec![Arc::new(slots)];
        key.extend(rows.arguments.iter().cloned());
        let mut found = Vec::with_capacity(rows.slots.len());
        self.seen.slots(&key, rows.slots.len(), &mut found)?;
        self.copies.resize(self.seen.len(), 0);
        let mut passes = vec![false; rows.slots.len()];
        let mut weights = vec![1; rows.slots.len()];
        rows.each(|row, _, weight| {
            let copies = &mut self.copies[found[row] as usize];
            let before = *copies;
            *copies += weight;
            if (before > 0) != (*copies > 0) {
                passes[row] = true;
                weights[row] = if *copies > 0 { 1 } else { -1 };
            }
        });
        let selected = BooleanArray::from(passes);
        let weights = rows.weights.map(|_| Int64Array::from(weights));
        self.inner.accumulate(&Rows {
            selected: Some(&selected),
            weights: weights.as_ref(),
            ..*rows
        })
    }

    fn resize(&mut self, slots: usize) {
        self.inner.resize(slots);
    }

    fn values(&self, slots: &[u32]) -> Result<ArrayRef> {
        self.inner.values(slots)
    }

    fn bytes(&self) -> usize {
        self.inner.bytes() + self.seen.bytes() + self.copies.capacity() * 8
    }
}

/// A function of the embedding program, one state a group.
struct User {
    function: Arc<UserAggregate>,
    groups: Vec<Box<dyn UserAggregateState>>,
}

impl GroupsAggregate for User {
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()> {
        if rows.weights.is_some() {
            return Err(Error::Internal(
                "rows cannot be taken back from a user's function".to_owned(),
            ));
        }
        let mut by_slot: std::collections::BTreeMap<u32, Vec<u32>> =
            std::collections::BTreeMap::new();
        for (row, slot) in rows.slots.iter().enumerate() {
            if rows.selected.is_none_or(|mask| mask.is_valid(row) && mask.value(row)) {
                by_slot.entry(*slot).or_default().push(row as u32);
            }
        }
        for (slot, positions) in by_slot {
            let positions = arrow::array::UInt32Array::from(positions);
            let arguments = rows
                .arguments
                .iter()
                .map(|argument| arrow::compute::take(argument, &positions, None))
                .collect::<Result<Vec<_>, _>>()?;
            self.groups[slot as usize].accumulate(&arguments)?;
        }
        Ok(())
    }

    fn resize(&mut self, slots: usize) {
        self.groups.resize_with(slots, || (self.function.state)());
    }

    fn values(&self, slots: &[u32]) -> Result<ArrayRef> {
        let values = slots
            .iter()
            .map(|slot| {
                let value = self.groups[*slot as usize].value()?;
                if value.len() == 1 && *value.data_type() == self.function.result {
                    return Ok(value);
                }
                Err(Error::Evaluation(format!(
                    "aggregate {} gave {} values of {} where one of {} was due",
                    self.function.name,
                    value.len(),
                    value.data_type(),
                    self.function.result
                )))
            })
            .collect::<Result<Vec<_>>>()?;
        if values.is_empty() {
            return Ok(arrow::array::new_empty_array(&self.function.result));
        }
        let values: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        Ok(arrow::compute::concat(&values)?)
    }

    fn bytes(&self) -> usize {
        self.groups.iter().map(|group| size_of_val(&**group) + group.heap_bytes()).sum()
    }
}
