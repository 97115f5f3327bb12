//! Aggregate functions of the embedding program.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array};
use millstream_expr::aggregates::{UserAggregate, UserAggregateState};
use millstream_types::{Error, Result};

use crate::aggregate::{GroupsAggregate, Rows, Step};

/// One state a group.
pub struct User {
    function: Arc<UserAggregate>,
    groups: Vec<Box<dyn UserAggregateState>>,
}

impl User {
    /// No groups yet.
    pub fn create(function: &Arc<UserAggregate>) -> Box<dyn GroupsAggregate> {
        Box::new(Self { function: Arc::clone(function), groups: Vec::new() })
    }

    fn take(&mut self, slot: u32, rows: Vec<u32>, arguments: &[ArrayRef]) -> Result<()> {
        let rows = UInt32Array::from(rows);
        let arguments = arguments
            .iter()
            .map(|argument| arrow::compute::take(argument, &rows, None))
            .collect::<Result<Vec<_>, _>>()?;
        self.groups[slot as usize].accumulate(&arguments)
    }

    fn value(&self, slot: u32) -> Result<ArrayRef> {
        let value = self.groups[slot as usize].value()?;
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
    }

    fn column(&self, values: &[ArrayRef]) -> Result<ArrayRef> {
        if values.is_empty() {
            return Ok(arrow::array::new_empty_array(&self.function.result));
        }
        let values: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        Ok(arrow::compute::concat(&values)?)
    }
}

/// The planner keeps functions of the program away from where this would be needed.
fn cannot(what: &str) -> Error {
    Error::Internal(format!("a function of the program cannot {what}"))
}

impl GroupsAggregate for User {
    fn accumulate(&mut self, rows: &Rows<'_>) -> Result<()> {
        if rows.weights.is_some() {
            return Err(cannot("take rows back"));
        }
        let mut by_slot: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (row, slot) in rows.slots.iter().enumerate() {
            if rows.counts(row, true) {
                by_slot.entry(*slot).or_default().push(row as u32);
            }
        }
        by_slot
            .into_iter()
            .try_for_each(|(slot, positions)| self.take(slot, positions, rows.arguments))
    }

    fn run(&mut self, steps: &[Step], rows: &Rows<'_>) -> Result<ArrayRef> {
        let mut values = Vec::new();
        for step in steps {
            match *step {
                Step::Add { row, slot } if rows.counts(row as usize, true) => {
                    self.take(slot, vec![row], rows.arguments)?;
                }
                Step::Add { .. } => {}
                Step::Remove { .. } => return Err(cannot("take rows back")),
                Step::Value { slot } => values.push(self.value(slot)?),
            }
        }
        self.column(&values)
    }

    fn merge(&mut self, _: &dyn GroupsAggregate, _: &[u32], _: &[u32]) -> Result<()> {
        Err(cannot("be merged"))
    }

    fn fold(&mut self, _: u32, _: u32) -> Result<()> {
        Err(cannot("be merged"))
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|slot| self.groups[*slot as usize] = (self.function.state)());
    }

    fn retain(&mut self, slots: &[u32]) {
        let fresh = || (self.function.state)();
        let kept = |slot: &u32| std::mem::replace(&mut self.groups[*slot as usize], fresh());
        self.groups = slots.iter().map(kept).collect();
    }

    fn resize(&mut self, slots: usize) {
        if slots > self.groups.len() {
            self.groups.resize_with(slots, || (self.function.state)());
        }
    }

    fn values(&self, slots: &[u32]) -> Result<ArrayRef> {
        let values = slots.iter().map(|slot| self.value(*slot)).collect::<Result<Vec<_>>>()?;
        self.column(&values)
    }

    fn bytes(&self) -> usize {
        self.groups.iter().map(|group| size_of_val(&**group) + group.heap_bytes()).sum()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
