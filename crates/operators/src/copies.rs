//! Functions of all values of a group and how many copies of each there are: COLLECT and PERCENTILE, and
//! MIN, MAX and the variances where rows are taken back.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int32Array, ListArray, MapArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::row::{RowConverter, Rows, SortField};
use millstream_types::{Error, Result};

use crate::aggregate::{Aggregate, Groups, GroupsAggregate};
use crate::variance::{in_type, variance_of};

/// What becomes of the values.
pub enum Of {
    /// The smallest one.
    Least,
    /// The largest one.
    Greatest,
    /// All of them, as a multiset of this type.
    Multiset(DataType),
    /// Their variance, or the root of it, as this type.
    Variance {
        /// Whether the rows are a sample of more.
        sample: bool,
        /// Whether its root is taken.
        root: bool,
        /// The type of the result.
        result: DataType,
    },
    /// The values at some shares of the way through all of them, from 0 to 1; as an array if `many`.
    Percentiles {
        /// The shares.
        shares: Vec<f64>,
        /// Whether the result is an array.
        many: bool,
    },
}

/// All values and their copies; arrow's row format has the order of the values.
struct AllValues {
    converter: RowConverter,
    of: Of,
}

/// The state of a function of all values of a type.
///
/// # Errors
/// For types without an order.
pub fn copies(argument: &DataType, of: Of) -> Result<Box<dyn GroupsAggregate>> {
    let argument = match of {
        Of::Percentiles { .. } | Of::Variance { .. } => &DataType::Float64,
        _ => argument,
    };
    let converter = RowConverter::new(vec![SortField::new(argument.clone())])?;
    Ok(Groups::of(AllValues { converter, of }))
}

type Bytes = Box<[u8]>;

/// The values of one group.
#[derive(Clone, Default)]
pub struct Copies {
    values: BTreeMap<Bytes, i64>,
    bytes: usize,
}

impl Copies {
    fn take(&mut self, value: &[u8], weight: i64) {
        let Some(copies) = self.values.get_mut(value) else {
            self.bytes += value.len();
            self.values.insert(value.into(), weight);
            return;
        };
        *copies = copies.saturating_add(weight);
        if *copies == 0 {
            self.values.remove(value);
            self.bytes -= value.len();
        }
    }
}

/// Values in row format, and how often each row counts.
pub struct Counted {
    rows: Rows,
    frequencies: Option<ArrayRef>,
}

impl Aggregate for AllValues {
    type State = Copies;
    type Input = Counted;
    type Value = Vec<(Bytes, i64)>;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Counted> {
        let percentile = matches!(self.of, Of::Percentiles { .. });
        let doubles = percentile || matches!(self.of, Of::Variance { .. });
        let values = match doubles {
            true => cast(&arguments[0], &DataType::Float64)?,
            false => ArrayRef::clone(&arguments[0]),
        };
        let frequencies = arguments.get(1).filter(|_| percentile);
        Ok(Counted {
            rows: self.converter.convert_columns(&[values])?,
            frequencies: frequencies.map(|f| cast(f, &DataType::Int64)).transpose()?,
        })
    }

    fn add(&self, state: &mut Copies, from: &Counted, row: usize, weight: i64, _: u64) {
        let frequency = from.frequencies.as_ref().map_or(1, |frequencies| {
            let frequencies = frequencies.as_primitive::<Int64Type>();
            if frequencies.is_null(row) { 0 } else { frequencies.value(row).max(0) }
        });
        if frequency != 0 {
            state.take(from.rows.row(row).as_ref(), weight.saturating_mul(frequency));
        }
    }

    fn merge(&self, into: &mut Copies, from: &Copies) -> Result<()> {
        from.values.iter().for_each(|(value, copies)| into.take(value, *copies));
        Ok(())
    }

    fn value(&self, state: &Copies) -> Self::Value {
        let mut present = state.values.iter().filter(|(_, copies)| **copies > 0);
        let owned = |(value, copies): (&Bytes, &i64)| (value.clone(), *copies);
        match self.of {
            Of::Greatest => present.next_back().map(owned).into_iter().collect(),
            Of::Least => present.next().map(owned).into_iter().collect(),
            _ => present.map(owned).collect(),
        }
    }

    fn column(&self, groups: Vec<Self::Value>) -> Result<ArrayRef> {
        if let Of::Least | Of::Greatest = self.of {
            let best = groups.into_iter().map(|group| group.into_iter().next().map(|(v, _)| v));
            return crate::ordered::column(&self.converter, &best.collect::<Vec<_>>());
        }
        let parser = self.converter.parser();
        let rows = groups.iter().flatten().map(|(value, _)| parser.parse(value));
        let values = self.converter.convert_rows(rows)?.pop();
        let values = values.ok_or_else(|| Error::Internal("no column".to_owned()))?;
        match &self.of {
            Of::Multiset(result) => multisets(result, &groups, values),
            Of::Percentiles { shares, many } => {
                percentiles(shares, *many, &groups, values.as_primitive::<Float64Type>())
            }
            Of::Variance { sample, root, result } => {
                let values = values.as_primitive::<Float64Type>();
                let mut from = 0;
                let of_group = |group: &Vec<(Bytes, i64)>| {
                    let of = &values.values()[from..from + group.len()];
                    from += group.len();
                    let counted = of.iter().copied().zip(group.iter().map(|(_, copies)| *copies));
                    let variance = variance_of(&counted.collect::<Vec<_>>(), *sample)?;
                    Some(if *root { variance.sqrt() } else { variance })
                };
                in_type(groups.iter().map(of_group).collect(), result)
            }
            Of::Least | Of::Greatest => Ok(values),
        }
    }

    fn heap(&self, state: &Copies) -> usize {
        state.bytes + state.values.len() * size_of::<(Bytes, i64)>()
    }
}

fn multisets(
    result: &DataType,
    groups: &[Vec<(Bytes, i64)>],
    values: ArrayRef,
) -> Result<ArrayRef> {
    let wrong = || Error::Internal(format!("{result} is no multiset"));
    let DataType::Map(entries, _) = result else { return Err(wrong()) };
    let DataType::Struct(pair) = entries.data_type() else { return Err(wrong()) };
    let counts =
        groups.iter().flatten().map(|(_, copies)| (*copies).min(i64::from(i32::MAX)) as i32);
    let counts: ArrayRef = Arc::new(counts.collect::<Int32Array>());
    let offsets = OffsetBuffer::from_lengths(groups.iter().map(Vec::len));
    let pairs = StructArray::try_new(pair.clone(), vec![values, counts], None)?;
    Ok(Arc::new(MapArray::try_new(Arc::clone(entries), offsets, pairs, None, false)?))
}

fn percentiles(
    shares: &[f64],
    many: bool,
    groups: &[Vec<(Bytes, i64)>],
    values: &Float64Array,
) -> Result<ArrayRef> {
    let mut from = 0;
    let mut found = Vec::with_capacity(groups.len() * shares.len());
    for group in groups {
        let of = &values.values()[from..from + group.len()];
        from += group.len();
        for share in shares {
            found.push(percentile(*share, group, of));
        }
    }
    let found: ArrayRef = Arc::new(Float64Array::from(found));
    if !many {
        return Ok(found);
    }
    let field = arrow::datatypes::Field::new_list_field(DataType::Float64, true);
    let offsets = OffsetBuffer::from_lengths(groups.iter().map(|_| shares.len()));
    let present = NullBuffer::from_iter(groups.iter().map(|group| !group.is_empty()));
    Ok(Arc::new(ListArray::try_new(Arc::new(field), offsets, found, Some(present))?))
}

/// The value at a share of the way, on a straight line between the two values next to it.
fn percentile(share: f64, group: &[(Bytes, i64)], values: &[f64]) -> Option<f64> {
    let total: i128 = group.iter().map(|(_, copies)| i128::from(*copies)).sum();
    if total == 0 {
        return None;
    }
    let position = share * (total - 1) as f64;
    let at = |index: i128| {
        let mut passed = 0_i128;
        let found = group.iter().zip(values).find(|((_, copies), _)| {
            passed += i128::from(*copies);
            passed > index
        });
        found.map(|(_, value)| *value)
    };
    let (low, high) = (at(position.floor() as i128)?, at(position.ceil() as i128)?);
    if position.fract() == 0.0 || low == high {
        return Some(low);
    }
    Some((position.ceil() - position) * low + (position - position.floor()) * high)
}
