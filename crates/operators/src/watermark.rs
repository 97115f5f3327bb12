//! The watermark that each row met.
//!
//! A row is late against the watermark that the rows *before it in its split* had reached, so that is
//! what every row must know. The work is split so that it runs on many batches at once: [`observe`]
//! looks at one batch alone, then the batches are [`Progress::stamp`]ed one after the other, which for
//! rows in order costs nothing.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use millstream_expr::ScalarExpr;
use millstream_types::{ChangeBatch, Result};

/// What one batch does to the watermark.
#[derive(Debug)]
pub struct Observation {
    /// The batch.
    changes: ChangeBatch,
    /// Its rowtimes in ms.
    rowtimes: Int64Array,
    /// The watermark that each row stands for, in ms.
    watermarks: Int64Array,
    /// The least rowtime.
    least_rowtime: i64,
    /// The greatest watermark.
    greatest: i64,
    /// Whether some row is behind the watermark that earlier rows of the batch had reached.
    behind: bool,
}

/// Computes what a batch does to the watermark; reads nothing but the batch.
///
/// # Errors
/// When the watermark's expression fails.
pub fn observe(
    changes: ChangeBatch,
    rowtime: usize,
    watermark: &ScalarExpr,
) -> Result<Observation> {
    let rowtimes = milliseconds(changes.rows.column(rowtime))?;
    let watermarks = milliseconds(&watermark.evaluate(&changes.rows)?)?;
    let (mut least_rowtime, mut greatest, mut behind) = (i64::MAX, i64::MIN, false);
    for row in 0..changes.num_rows() {
        if rowtimes.is_valid(row) {
            let value = rowtimes.value(row);
            least_rowtime = least_rowtime.min(value);
            behind |= value <= greatest;
        }
        if watermarks.is_valid(row) {
            greatest = greatest.max(watermarks.value(row));
        }
    }
    Ok(Observation { changes, rowtimes, watermarks, least_rowtime, greatest, behind })
}

/// How far the splits of a source have come.
#[derive(Debug)]
pub struct Progress {
    /// For each split the watermark it has reached; `None` once it has ended.
    splits: Vec<Option<i64>>,
}

impl Progress {
    /// At the start of all splits.
    pub fn new(splits: usize) -> Self {
        Self { splits: vec![Some(i64::MIN); splits] }
    }

    /// The watermark: the least of all splits that have not ended, `i64::MAX` once all have.
    pub fn watermark(&self) -> i64 {
        self.splits.iter().flatten().copied().min().unwrap_or(i64::MAX)
    }

    /// Marks a split as ended.
    pub fn end_split(&mut self, split: usize) {
        self.splits[split] = None;
    }

    /// Gives the rows of a batch the watermarks they met, and moves on by them.
    pub fn stamp(&mut self, split: usize, observed: Observation) -> ChangeBatch {
        let others = self.splits.iter().enumerate().filter(|(other, _)| *other != split);
        let others = others.filter_map(|(_, reached)| *reached).min().unwrap_or(i64::MAX);
        let mut reached = self.splits[split].unwrap_or(i64::MAX);
        let Observation { mut changes, rowtimes, watermarks, least_rowtime, greatest, behind } =
            observed;
        self.splits[split] = Some(reached.max(greatest));
        if (behind || least_rowtime <= reached) && others > i64::MIN {
            let mut met = Vec::with_capacity(rowtimes.len());
            for row in 0..rowtimes.len() {
                met.push(reached.min(others));
                if watermarks.is_valid(row) {
                    reached = reached.max(watermarks.value(row));
                }
            }
            changes.reached = Some(Int64Array::from(met));
        }
        changes
    }
}

/// A column of points in time in ms since the epoch; finer digits are cut off below.
///
/// # Errors
/// When the column holds no points in time.
pub fn milliseconds(column: &ArrayRef) -> Result<Int64Array> {
    let DataType::Timestamp(unit, _) = column.data_type() else {
        return Ok(cast(column, &DataType::Int64)?.as_primitive::<Int64Type>().clone());
    };
    let whole = cast(column, &DataType::Int64)?;
    let values = whole.as_primitive::<Int64Type>();
    Ok(match unit {
        TimeUnit::Millisecond => values.clone(),
        TimeUnit::Second => values.unary(|value| value.saturating_mul(1_000)),
        TimeUnit::Microsecond => values.unary(|value: i64| value.div_euclid(1_000)),
        TimeUnit::Nanosecond => values.unary(|value: i64| value.div_euclid(1_000_000)),
    })
}
