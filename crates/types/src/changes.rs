//! A change to a relation: rows with integer weights (a Z-set, Budiu et al., VLDB 2023).
//!
//! A weight of +n inserts a row n times, −n deletes it n times, an update is a −1 and a +1. Streams
//! that only append carry no weights at all. Beside the columns a batch may carry, for each row, the
//! watermark that the rows before it in its split had reached: that is what decides whether the row
//! is late, and it makes lateness independent of how rows were batched.

use arrow::array::{Array, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute;
use arrow::datatypes::SchemaRef;

use crate::error::{Error, Result};

/// A change to a relation.
#[derive(Debug, Clone)]
pub struct ChangeBatch {
    /// The rows, in the order of the stream.
    pub rows: RecordBatch,
    /// One weight a row; `None` means every row is +1.
    pub weights: Option<Int64Array>,
    /// One watermark a row, in ms since the epoch: how far event time had come before it. `None` means
    /// that every row was ahead of the watermark, so that none can be late.
    pub reached: Option<Int64Array>,
}

impl ChangeBatch {
    /// Rows that are inserted once each, all ahead of the watermark.
    pub fn insert(rows: RecordBatch) -> Self {
        Self { rows, weights: None, reached: None }
    }

    /// Rows with a weight each.
    pub fn weighted(rows: RecordBatch, weights: Int64Array) -> Self {
        Self { rows, weights: Some(weights), reached: None }
    }

    /// The number of rows, whatever their weights.
    pub fn num_rows(&self) -> usize {
        self.rows.num_rows()
    }

    /// The schema of the rows.
    pub fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    /// The weight of a row.
    pub fn weight(&self, row: usize) -> i64 {
        self.weights.as_ref().map_or(1, |weights| weights.value(row))
    }

    /// The same weights and watermarks on other columns of the same rows.
    pub fn with_rows(&self, rows: RecordBatch) -> Self {
        Self { rows, weights: self.weights.clone(), reached: self.reached.clone() }
    }

    /// The rows for which the mask is true.
    ///
    /// # Errors
    /// When the mask has another length than the batch.
    pub fn filter(&self, mask: &BooleanArray) -> Result<Self> {
        let keep = |column: &Int64Array| -> Result<Int64Array> {
            Ok(to_int64(compute::filter(column, mask)?.as_ref()))
        };
        if mask.len() != self.num_rows() {
            return Err(Error::Internal("a mask has another length than its batch".to_owned()));
        }
        let positions = UInt32Array::from(set_positions(mask));
        // Where most rows stay, the kernel copies short runs, which is slow for numbers.
        let columns = self.rows.columns().iter().map(|column| match column.data_type() {
            of if of.is_primitive() => compute::take(column, &positions, None),
            _ => compute::filter(column, mask),
        });
        let columns = columns.collect::<std::result::Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(positions.len()));
        Ok(Self {
            rows: RecordBatch::try_new_with_options(self.rows.schema(), columns, &options)?,
            weights: self.weights.as_ref().map(keep).transpose()?,
            reached: self.reached.as_ref().map(keep).transpose()?,
        })
    }

    /// The rows at the given positions, in that order.
    ///
    /// # Errors
    /// When a position is outside the batch.
    pub fn take(&self, positions: &UInt32Array) -> Result<Self> {
        let columns =
            self.rows.columns().iter().map(|column| compute::take(column, positions, None));
        let options = RecordBatchOptions::new().with_row_count(Some(positions.len()));
        let columns = columns.collect::<std::result::Result<_, _>>()?;
        let rows = RecordBatch::try_new_with_options(self.rows.schema(), columns, &options)?;
        self.take_beside(positions, rows)
    }

    /// Other rows, each with the weight and the watermark of the row at a position of this batch.
    ///
    /// # Errors
    /// When a position is outside the batch.
    pub fn take_beside(&self, positions: &UInt32Array, rows: RecordBatch) -> Result<Self> {
        let pick = |column: &Int64Array| -> Result<Int64Array> {
            Ok(to_int64(compute::take(column, positions, None)?.as_ref()))
        };
        Ok(Self {
            rows,
            weights: self.weights.as_ref().map(pick).transpose()?,
            reached: self.reached.as_ref().map(pick).transpose()?,
        })
    }

    /// `length` rows from `offset` on, sharing the memory of this batch.
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            rows: self.rows.slice(offset, length),
            weights: self.weights.as_ref().map(|weights| weights.slice(offset, length)),
            reached: self.reached.as_ref().map(|reached| reached.slice(offset, length)),
        }
    }
}

/// Where a mask is true.
fn set_positions(mask: &BooleanArray) -> Vec<u32> {
    let mut positions = Vec::with_capacity(mask.len());
    let valid = match mask.nulls() {
        Some(nulls) => mask.values() & nulls.inner(),
        None => mask.values().clone(),
    };
    let chunks = valid.bit_chunks();
    for (chunk, mut bits) in chunks.iter_padded().enumerate() {
        let first = (chunk * 64) as u32;
        if bits == u64::MAX {
            positions.extend(first..first + 64);
            continue;
        }
        while bits != 0 {
            positions.push(first + bits.trailing_zeros());
            bits &= bits - 1;
        }
    }
    positions
}

fn to_int64(array: &dyn Array) -> Int64Array {
    arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(array).clone()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;

    /// Rows of numbers, some of them NULL, and texts; a mask in which `every` says how many stay.
    fn rows(every: usize) -> (RecordBatch, BooleanArray) {
        let numbers: Int64Array = (0..300).map(|n| (n % 7 != 3).then_some(n)).collect();
        let texts: StringArray = (0..300).map(|n| (n % 5 != 1).then(|| n.to_string())).collect();
        let columns: [(&str, ArrayRef); 2] = [("n", Arc::new(numbers)), ("s", Arc::new(texts))];
        let mask = (0..300).map(|n| match n % 11 {
            4 => None,
            _ => Some(n < 130 || n * n % every == 0),
        });
        (RecordBatch::try_from_iter(columns).unwrap(), mask.collect())
    }

    #[test]
    fn a_filter_keeps_what_the_kernel_keeps() {
        for every in [1, 2, 3, 50] {
            let (rows, mask) = rows(every);
            for (from, length) in [(0, 300), (1, 299), (63, 130), (120, 0), (200, 64)] {
                let (rows, mask) = (rows.slice(from, length), mask.slice(from, length));
                let due = compute::filter_record_batch(&rows, &mask).unwrap();
                assert_eq!(ChangeBatch::insert(rows).filter(&mask).unwrap().rows, due);
            }
        }
    }

    #[test]
    fn a_mask_of_another_length_is_refused() {
        let (rows, mask) = rows(2);
        assert!(ChangeBatch::insert(rows).filter(&mask.slice(0, 10)).is_err());
    }
}
