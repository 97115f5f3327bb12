//! RANK and DENSE_RANK as values with OVER: rows come in the order they are ranked by.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};
use millstream_types::{Error, Result};

use crate::aggregate::{Aggregate, Groups, GroupsAggregate};

/// The rank of the row that came last.
struct RankNumber {
    dense: bool,
    order: RowConverter,
}

#[derive(Clone, Default)]
struct State {
    rank: i64,
    rows: i64,
    /// What the last row is ordered by.
    last: Option<Box<[u8]>>,
}

/// For rows that are ordered by their arguments.
///
/// # Errors
/// When an argument cannot be compared.
pub fn rank_number(dense: bool, arguments: &[DataType]) -> Result<Box<dyn GroupsAggregate>> {
    let fields = arguments.iter().cloned().map(SortField::new).collect();
    Ok(Groups::of(RankNumber { dense, order: RowConverter::new(fields)? }))
}

impl Aggregate for RankNumber {
    type State = State;
    type Input = Rows;
    type Value = i64;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Rows> {
        Ok(self.order.convert_columns(arguments)?)
    }

    fn add(&self, state: &mut State, from: &Rows, row: usize, weight: i64, _: u64) {
        let order = from.row(row);
        if state.last.as_deref() != Some(order.as_ref()) {
            state.rank = 1 + if self.dense { state.rank } else { state.rows };
            state.last = Some(order.as_ref().into());
        }
        state.rows += weight;
    }

    fn merge(&self, _: &mut State, _: &State) -> Result<()> {
        Err(Error::Internal("ranks cannot be put together".to_owned()))
    }

    fn value(&self, state: &State) -> i64 {
        state.rank
    }

    fn column(&self, values: Vec<i64>) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(values)))
    }

    fn nulls_count(&self) -> bool {
        true
    }

    fn heap(&self, state: &State) -> usize {
        state.last.as_ref().map_or(0, |last| last.len())
    }
}
