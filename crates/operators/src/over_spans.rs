//! The rows that count for each row of an ordered partition: [`bounds`] of spans, and [`Places`].

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use millstream_plan::{Place, Span, SpanUnit};
use millstream_types::Result;

/// What the rows of a partition are ordered by.
pub(crate) struct Ordered<'a> {
    /// Of each row, comparable.
    pub orders: &'a [&'a [u8]],
    /// Of each row its value, less than that of a row before it in no case; empty where no span asks.
    pub values: &'a [Option<i128>],
}

impl Ordered<'_> {
    /// The rows of each group of peers.
    fn peers(&self) -> Vec<Range<usize>> {
        let mut from = 0;
        let groups = self.orders.chunk_by(|one, next| one == next).map(|group| {
            from += group.len();
            from - group.len()..from
        });
        groups.collect()
    }
}

/// The rows that count for each row; neither bound ever goes back.
pub(crate) fn bounds(span: Span, rows: &Ordered<'_>) -> Vec<Range<usize>> {
    let count = rows.orders.len();
    match span.unit {
        SpanUnit::Rows => (0..count)
            .map(|row| {
                let from = span.from.map_or(0, |from| place(row, from, count));
                from..span.to.map_or(count, |to| place(row, to.saturating_add(1), count)).max(from)
            })
            .collect(),
        SpanUnit::Peers => {
            let groups = rows.peers();
            let start = |group: usize| groups.get(group).map_or(count, |group| group.start);
            let mut all = Vec::with_capacity(count);
            for (at, group) in groups.iter().enumerate() {
                let at = |by: i128| start(place(at, by, groups.len()));
                let from = span.from.map_or(0, at);
                let to = span.to.map_or(count, |to| at(to.saturating_add(1)));
                all.extend(group.clone().map(|_| from..to.max(from)));
            }
            all
        }
        SpanUnit::Values => {
            // NULL is at no distance from anything but NULL; all of them stand at one end.
            let first = rows.values.iter().take_while(|value| value.is_none()).count();
            let present = rows.values[first..].iter().take_while(|value| value.is_some()).count();
            let present = first..first + present;
            let nulls = if first > 0 { 0..first } else { present.end..count };
            let least = |value: i128| {
                let values = &rows.values[present.clone()];
                present.start + values.partition_point(|known| *known < Some(value))
            };
            let bounds = rows.values.iter().map(|value| {
                let (from, to) = match *value {
                    None => (nulls.start, nulls.end),
                    Some(value) => (
                        least(value.saturating_add(span.from.unwrap_or(0))),
                        least(value.saturating_add(span.to.unwrap_or(0)).saturating_add(1)),
                    ),
                };
                let from = span.from.map_or(0, |_| from);
                from..span.to.map_or(count, |_| to).max(from)
            });
            bounds.collect()
        }
    }
}

/// So far behind a place, or at an end of what there is.
fn place(at: usize, by: i128, count: usize) -> usize {
    (at as i128).saturating_add(by).clamp(0, count as i128) as usize
}

/// What follows from the place of each row: a call, and its values as far as they were asked for.
pub(crate) enum Places {
    /// The numbers of so many parts.
    Ntile(u64, Vec<i64>),
    /// Shares of rows before.
    PercentRank(Vec<f64>),
    /// Shares of rows up to here.
    CumeDist(Vec<f64>),
}

impl Places {
    /// Of no row yet.
    pub fn new(place: Place) -> Self {
        match place {
            Place::Ntile(most) => Self::Ntile(most, Vec::new()),
            Place::PercentRank => Self::PercentRank(Vec::new()),
            Place::CumeDist => Self::CumeDist(Vec::new()),
        }
    }

    /// Appends those of the rows of a partition.
    pub fn extend(&mut self, rows: &Ordered<'_>) {
        let count = rows.orders.len();
        let peers = || {
            let groups = rows.peers().into_iter();
            groups.flat_map(|group| std::iter::repeat_n(group.clone(), group.len()))
        };
        match self {
            Self::Ntile(most, parts) => {
                parts.extend((0..count).map(|row| part(row as u64, count as u64, *most)));
            }
            Self::PercentRank(shares) => {
                // One row alone has no other rows: none of them stands before it.
                let others = count.saturating_sub(1).max(1) as f64;
                shares.extend(peers().map(|group| group.start as f64 / others));
            }
            Self::CumeDist(shares) => {
                shares.extend(peers().map(|group| group.end as f64 / count as f64));
            }
        }
    }

    /// All values.
    pub fn finish(self) -> ArrayRef {
        match self {
            Self::Ntile(_, parts) => Arc::new(Int64Array::from(parts)),
            Self::PercentRank(shares) | Self::CumeDist(shares) => {
                Arc::new(Float64Array::from(shares))
            }
        }
    }
}

/// Which of `most` parts of `count` rows a row is in: the first parts are those with one row more.
fn part(row: u64, count: u64, most: u64) -> i64 {
    let (rows, larger) = (count / most, count % most);
    let in_larger = larger * (rows + 1);
    let part = match row < in_larger {
        true => row / (rows + 1),
        false => larger + (row - in_larger) / rows.max(1),
    };
    part as i64 + 1
}

/// The values of a column that distances are taken of, in the least digits or units of its type, negated
/// where the order descends.
///
/// # Errors
/// When they are no whole numbers.
pub(crate) fn order_values(column: &ArrayRef, descending: bool) -> Result<Vec<Option<i128>>> {
    let sign = if descending { -1 } else { 1 };
    if let DataType::Decimal128(..) = column.data_type() {
        let values = column.as_primitive::<Decimal128Type>();
        return Ok(values.iter().map(|value| value.map(|value| value * sign)).collect());
    }
    let column = match column.data_type() {
        DataType::Date32 | DataType::Time32(_) => cast(column, &DataType::Int32)?,
        _ => column.clone(),
    };
    let values = cast(&column, &DataType::Int64)?;
    let values = values.as_primitive::<Int64Type>();
    Ok(values.iter().map(|value| value.map(|value| i128::from(value) * sign)).collect())
}

#[cfg(test)]
mod tests {
    use millstream_testing::Random;

    use super::*;

    #[test]
    fn bounds_are_those_that_a_look_at_all_rows_finds() {
        let mut random = Random::new(5);
        for _ in 0..500 {
            let mut values: Vec<Option<i128>> = (0..random.below(12))
                .map(|_| (random.below(4) > 0).then(|| i128::from(random.below(9))))
                .collect();
            values.sort_by_key(|value| (value.is_none(), *value));
            if random.below(2) == 0 {
                values.sort();
            }
            let orders: Vec<Vec<u8>> =
                values.iter().map(|value| value.map_or(vec![], |v| vec![v as u8])).collect();
            let orders: Vec<&[u8]> = orders.iter().map(Vec::as_slice).collect();
            let rows = Ordered { orders: &orders, values: &values };
            let mut bound = || (random.below(4) > 0).then(|| random.below(7) as i128 - 3);
            let (one, other) = (bound(), bound());
            let (from, to) = match (one, other) {
                (Some(one), Some(other)) => (Some(one.min(other)), Some(one.max(other))),
                ends => ends,
            };
            let group =
                |row: usize| orders[..=row].windows(2).filter(|pair| pair[0] != pair[1]).count();
            let within = |distance: i128| {
                from.is_none_or(|from| distance >= from) && to.is_none_or(|to| distance <= to)
            };
            let far = |one: usize, other: usize| other as i128 - one as i128;
            for unit in [SpanUnit::Rows, SpanUnit::Peers, SpanUnit::Values] {
                let found = bounds(Span { unit, from, to }, &rows);
                for (row, found) in found.into_iter().enumerate() {
                    let is_in = |other: &usize| match unit {
                        SpanUnit::Rows => within(far(row, *other)),
                        SpanUnit::Peers => within(far(group(row), group(*other))),
                        SpanUnit::Values => match (values[row], values[*other]) {
                            (Some(one), Some(other)) => within(other - one),
                            (None, None) => true,
                            _ if *other < row => from.is_none(),
                            _ => to.is_none(),
                        },
                    };
                    let due: Vec<usize> = (0..values.len()).filter(is_in).collect();
                    let found: Vec<usize> = found.collect();
                    assert_eq!(found, due, "{unit:?} {from:?} {to:?} {values:?}");
                }
            }
        }
    }

    #[test]
    fn parts_differ_by_one_row_at_most() {
        for count in 1..20 {
            for most in 1..25 {
                let parts: Vec<i64> = (0..count).map(|row| part(row, count, most)).collect();
                let sizes: Vec<usize> =
                    parts.chunk_by(|one, next| one == next).map(<[i64]>::len).collect();
                assert_eq!(sizes.len() as u64, most.min(count), "{parts:?}");
                assert!(sizes.windows(2).all(|pair| pair[0] == pair[1] || pair[0] == pair[1] + 1));
                assert!(sizes[0] - sizes[sizes.len() - 1] <= 1);
            }
        }
    }
}
