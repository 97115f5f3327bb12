//! [`Values`]: values of the rows of many matches at once, a column for each value.

use arrow::array::{ArrayRef, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use millstream_plan::{AggregateCall, MatchValue};
use millstream_state::RowStore;
use millstream_types::Result;
use std::sync::Arc;

use arrow::array::{AsArray, Int64Array};

use crate::aggregate::{GroupsAggregate, Rows, create};
use crate::match_key::{Key, range};

/// A match, or what there is of it.
pub(crate) struct Matched<'a> {
    /// The key.
    pub key: &'a Key,
    /// The number of the first row of each variable.
    pub cuts: &'a [u64],
    /// The number behind that of the last row.
    pub end: u64,
    /// When it was found.
    pub time: i64,
}

/// Values, with what is needed to compute them.
pub(crate) struct Values {
    values: Vec<Value>,
}

enum Value {
    Row { variable: Option<usize>, last: bool, offset: u64, column: usize },
    Aggregate { variable: Option<usize>, call: AggregateCall, state: Box<dyn GroupsAggregate> },
    Time { result: DataType },
}

impl Values {
    /// Of rows with certain columns; `time` is the type of the time attribute.
    ///
    /// # Errors
    /// When an aggregate does not take its arguments.
    pub fn new(values: &[MatchValue], input: &SchemaRef, time: &DataType) -> Result<Self> {
        let values = values.iter().map(|value| {
            Ok(match value {
                MatchValue::Row { variable, last, offset, column } => Value::Row {
                    variable: *variable,
                    last: *last,
                    offset: *offset as u64,
                    column: *column,
                },
                MatchValue::Aggregate { variable, call } => {
                    let types = call.arguments.iter();
                    let types: Vec<DataType> =
                        types.map(|column| input.field(*column).data_type().clone()).collect();
                    let state = create(call, &types, false)?;
                    Value::Aggregate { variable: *variable, call: call.clone(), state }
                }
                MatchValue::Time => Value::Time { result: time.clone() },
            })
        });
        Ok(Self { values: values.collect::<Result<_>>()? })
    }

    /// A column for each value, a row for each match.
    ///
    /// # Errors
    /// When an aggregate cannot be computed.
    pub fn of(&mut self, store: &RowStore, matches: &[Matched<'_>]) -> Result<Vec<ArrayRef>> {
        self.values.iter_mut().map(|value| value.of(store, matches)).collect()
    }
}

impl Value {
    fn of(&mut self, store: &RowStore, matches: &[Matched<'_>]) -> Result<ArrayRef> {
        let rows = |found: &Matched<'_>, of: Option<usize>| range(found.cuts, found.end, of);
        match self {
            Self::Row { variable, last, offset, column } => {
                let stored = matches.iter().map(|found| {
                    let mut rows = rows(found, *variable);
                    let skipped = *offset as usize;
                    let row = if *last { rows.nth_back(skipped) } else { rows.nth(skipped) };
                    row.and_then(|row| found.key.stored(row))
                });
                store.column(*column, &stored.collect::<Vec<_>>())
            }
            Self::Aggregate { variable, call, state } => {
                let (mut slots, mut stored) = (Vec::new(), Vec::new());
                for (slot, found) in (0..).zip(matches) {
                    for row in rows(found, *variable) {
                        slots.push(slot);
                        stored.push(found.key.stored(row));
                    }
                }
                let arguments = call.arguments.iter().map(|column| store.column(*column, &stored));
                state.resize(matches.len());
                state.accumulate(&Rows {
                    slots: &slots,
                    arguments: &arguments.collect::<Result<Vec<_>>>()?,
                    selected: None,
                    weights: None,
                    first: 0,
                    positions: None,
                })?;
                let all: Vec<u32> = (0..matches.len() as u32).collect();
                let values = state.values(&all)?;
                state.clear(&all);
                Ok(values)
            }
            Self::Time { result } => {
                let times = matches.iter().map(|found| found.time);
                points_in_time(times, result)
            }
        }
    }
}

/// Times in ms as a column of a type.
fn points_in_time(times: impl Iterator<Item = i64>, result: &DataType) -> Result<ArrayRef> {
    let times: Int64Array = times.collect::<Vec<_>>().into();
    let ms = cast(&times, &DataType::Timestamp(TimeUnit::Millisecond, None))?;
    Ok(match result {
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            let ms = ms.as_primitive::<arrow::datatypes::TimestampMillisecondType>().clone();
            Arc::new(ms.with_timezone_opt(zone.clone()))
        }
        other => cast(&ms, other).unwrap_or_else(|_| new_null_array(other, times.len())),
    })
}
