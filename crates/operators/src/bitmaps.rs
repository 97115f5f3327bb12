//! Aggregates that make sets of integers, and that make one set of several.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use millstream_expr::bitmaps::{column, member, sets};
use millstream_plan::BitmapOf;
use millstream_types::Result;
use roaring::RoaringBitmap;

use crate::aggregate::{Aggregate, Groups, GroupsAggregate};

/// What becomes of the rows of a group.
struct Bitmaps {
    of: BitmapOf,
    /// Whether the value is how many integers are in the set.
    counted: bool,
    /// Whether rows are taken back, so that it must be known how often an integer came.
    removes: bool,
}

/// The set of a group as far as its rows have come.
#[derive(Clone, Default)]
struct Set {
    /// The set, where no row is taken back.
    all: RoaringBitmap,
    /// In how many rows an integer is, where rows are taken back.
    rows_with: BTreeMap<u32, i64>,
    rows: i64,
    bytes: usize,
}

/// About the bytes that an integer takes in a set, and with a number of rows.
const MEMBER_BYTES: usize = 2;
const COUNTED_BYTES: usize = 16;

/// An aggregate of the kind over many groups.
pub fn bitmaps(of: BitmapOf, counted: bool, removes: bool) -> Box<dyn GroupsAggregate> {
    Groups::of(Bitmaps { of, counted, removes })
}

impl Bitmaps {
    fn put(&self, state: &mut Set, given: &RoaringBitmap) {
        let before = state.all.len();
        match self.of {
            _ if state.rows == 0 => state.all.clone_from(given),
            BitmapOf::Integers | BitmapOf::Or => state.all |= given,
            BitmapOf::And => state.all &= given,
            BitmapOf::Xor => state.all ^= given,
        }
        let change = state.all.len() as i64 - before as i64;
        state.bytes = state.bytes.saturating_add_signed(change as isize * MEMBER_BYTES as isize);
    }

    fn count(state: &mut Set, member: u32, weight: i64) {
        let rows = state.rows_with.entry(member).or_insert_with(|| {
            state.bytes += COUNTED_BYTES;
            0
        });
        *rows += weight;
        if *rows == 0 {
            state.rows_with.remove(&member);
            state.bytes -= COUNTED_BYTES;
        }
    }

    /// Whether an integer that is in some of the rows is in the set.
    fn is_in(&self, state: &Set, rows_with: i64) -> bool {
        match self.of {
            BitmapOf::Integers | BitmapOf::Or => rows_with > 0,
            BitmapOf::And => rows_with == state.rows,
            BitmapOf::Xor => rows_with % 2 != 0,
        }
    }
}

/// The rows of a batch: integers, or sets.
enum Given {
    Integers(arrow::array::Int32Array),
    Sets(Vec<RoaringBitmap>),
}

impl Aggregate for Bitmaps {
    type State = Set;
    type Input = Given;
    type Value = Option<RoaringBitmap>;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Given> {
        Ok(match self.of {
            BitmapOf::Integers => {
                let integers = cast(&arguments[0], &DataType::Int32)?;
                Given::Integers(integers.as_primitive::<Int32Type>().clone())
            }
            // Rows without a set do not count.
            _ => Given::Sets(
                sets(&arguments[0])
                    .map(|set| Ok(set?.unwrap_or_default()))
                    .collect::<Result<_>>()?,
            ),
        })
    }

    fn add(&self, state: &mut Set, from: &Given, row: usize, weight: i64, _: u64) {
        match (from, self.removes) {
            (Given::Integers(integers), true) => {
                Self::count(state, member(integers.value(row)), weight);
            }
            (Given::Integers(integers), false) => {
                if state.all.insert(member(integers.value(row))) {
                    state.bytes += MEMBER_BYTES;
                }
            }
            (Given::Sets(sets), true) => {
                sets[row].iter().for_each(|member| Self::count(state, member, weight));
            }
            (Given::Sets(sets), false) => {
                for _ in 0..weight {
                    self.put(state, &sets[row]);
                    state.rows += 1;
                }
                return;
            }
        }
        state.rows += weight;
    }

    fn merge(&self, into: &mut Set, from: &Set) -> Result<()> {
        for (member, rows) in &from.rows_with {
            Self::count(into, *member, *rows);
        }
        if !self.removes && from.rows > 0 {
            self.put(into, &from.all);
        }
        into.rows += from.rows;
        Ok(())
    }

    fn value(&self, state: &Set) -> Option<RoaringBitmap> {
        if state.rows == 0 {
            return None;
        }
        if !self.removes {
            return Some(state.all.clone());
        }
        let members = state.rows_with.iter().filter(|(_, rows)| self.is_in(state, **rows));
        Some(members.map(|(member, _)| *member).collect())
    }

    fn column(&self, values: Vec<Option<RoaringBitmap>>) -> Result<ArrayRef> {
        if self.counted {
            let counts = values.iter().map(|set| set.as_ref().map(|set| set.len() as i64));
            return Ok(Arc::new(counts.collect::<Int64Array>()));
        }
        column(values.into_iter().map(Ok))
    }

    fn heap(&self, state: &Set) -> usize {
        state.bytes
    }
}
