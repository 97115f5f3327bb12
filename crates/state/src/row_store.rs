//! [`RowStore`]: rows that are kept as they came, column by column, and found again by number.
//!
//! A row's number is its place among all rows ever added; what is not needed any more goes when most of them
//! are not. Rows stand in segments of one size, so that a number says where its row is; those that are not a
//! whole segment yet stand in pieces that are put together as they grow.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::compute::{concat_batches, interleave, take};
use arrow::datatypes::SchemaRef;
use millstream_types::Result;

/// Rows by number.
#[derive(Debug)]
pub struct RowStore {
    schema: SchemaRef,
    /// Segments of [`SEGMENT`] rows each.
    segments: Vec<RecordBatch>,
    /// What comes behind them, with the number of each piece's first row; of pieces that are shorter than
    /// [`PIECE`] each is less than half as long as the one before it, or else they are put together.
    pieces: Vec<(usize, RecordBatch)>,
    rows: usize,
    bytes: usize,
}

/// Pieces of so many rows are put together only once, into a segment.
const PIECE: usize = 1 << 11;

/// How many rows a segment has.
const SEGMENT: usize = 1 << 16;

impl RowStore {
    /// Without rows.
    pub fn new(schema: SchemaRef) -> Self {
        Self { schema, segments: Vec::new(), pieces: Vec::new(), rows: 0, bytes: 0 }
    }

    /// How many rows were added, which is the number of the next one.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether none was added.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When their columns are not those of the schema.
    pub fn append(&mut self, columns: &[ArrayRef], rows: usize) -> Result<()> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns.to_vec(),
            &options,
        )?;
        let mut at = 0;
        while at < rows {
            let open = self.segments.len() * SEGMENT;
            let length = (open + SEGMENT - self.rows).min(rows - at);
            self.push(batch.slice(at, length))?;
            at += length;
        }
        Ok(())
    }

    fn push(&mut self, piece: RecordBatch) -> Result<()> {
        let first = self.rows;
        self.rows += piece.num_rows();
        self.pieces.push((first, piece));
        let full = self.rows == (self.segments.len() + 1) * SEGMENT;
        let mut together = 1;
        let mut length = self.pieces[self.pieces.len() - 1].1.num_rows();
        for (_, before) in self.pieces.iter().rev().skip(1) {
            if !full && (length >= PIECE || before.num_rows() > 2 * length) {
                break;
            }
            together += 1;
            length += before.num_rows();
        }
        let from = self.pieces.len() - together;
        if together > 1 {
            let first = self.pieces[from].0;
            let merged =
                concat_batches(&self.schema, self.pieces[from..].iter().map(|(_, piece)| piece))?;
            self.pieces.truncate(from);
            self.pieces.push((first, merged));
        }
        if full && let Some((_, segment)) = self.pieces.pop() {
            self.bytes += memory(&segment);
            self.segments.push(segment);
        }
        Ok(())
    }

    /// The batch that a row is in, its number among all batches and the row's place in it.
    pub fn find(&self, row: u32) -> (usize, &RecordBatch, usize) {
        let row = row as usize;
        let segment = row / SEGMENT;
        if let Some(batch) = self.segments.get(segment) {
            return (segment, batch, row % SEGMENT);
        }
        let piece = self.pieces.partition_point(|(first, _)| *first <= row).saturating_sub(1);
        let (first, batch) = &self.pieces[piece];
        (self.segments.len() + piece, batch, row - first)
    }

    /// How many batches there are.
    pub fn batches(&self) -> usize {
        self.segments.len() + self.pieces.len()
    }

    /// The columns of some rows, in the order given.
    ///
    /// # Errors
    /// Never, for rows that were added.
    pub fn columns(&self, rows: &[u32]) -> Result<Vec<ArrayRef>> {
        if let Some(only) = self.only() {
            let positions = UInt32Array::from(rows.to_vec());
            let taken = only.columns().iter().map(|column| Ok(take(column, &positions, None)?));
            return taken.collect();
        }
        // Only the batches that are needed, by the order in which they are first needed.
        let mut places = vec![usize::MAX; self.batches()];
        let mut used: Vec<&RecordBatch> = Vec::new();
        let places = rows.iter().map(|row| {
            let (batch, found, at) = self.find(*row);
            if places[batch] == usize::MAX {
                places[batch] = used.len();
                used.push(found);
            }
            (places[batch], at)
        });
        let places: Vec<(usize, usize)> = places.collect();
        if used.is_empty() {
            let fields = self.schema.fields().iter();
            return Ok(fields.map(|f| arrow::array::new_empty_array(f.data_type())).collect());
        }
        (0..self.schema.fields().len())
            .map(|column| {
                let arrays: Vec<&dyn Array> =
                    used.iter().map(|batch| batch.column(column).as_ref()).collect();
                Ok(interleave(&arrays, &places)?)
            })
            .collect()
    }

    /// One column of some rows, in the order given; NULL stands for a row that is none.
    ///
    /// # Errors
    /// Never, for rows that were added.
    pub fn column(&self, column: usize, rows: &[Option<u32>]) -> Result<ArrayRef> {
        if let Some(only) = self.only() {
            return Ok(take(only.column(column), &UInt32Array::from(rows.to_vec()), None)?);
        }
        let nothing = new_null_array(self.schema.field(column).data_type(), 1);
        let mut arrays: Vec<&dyn Array> = vec![nothing.as_ref()];
        let mut places = vec![0; self.batches()];
        let places = rows.iter().map(|row| {
            let Some(row) = row else { return (0, 0) };
            let (batch, found, at) = self.find(*row);
            if places[batch] == 0 {
                places[batch] = arrays.len();
                arrays.push(found.column(column).as_ref());
            }
            (places[batch], at)
        });
        let places: Vec<(usize, usize)> = places.collect();
        Ok(interleave(&arrays, &places)?)
    }

    /// The batch that all rows are in, where it is one.
    fn only(&self) -> Option<&RecordBatch> {
        match (&self.segments[..], &self.pieces[..]) {
            ([only], []) => Some(only),
            ([], [(_, only)]) => Some(only),
            _ => None,
        }
    }

    /// Keeps some rows, which are numbered anew in the order given.
    ///
    /// # Errors
    /// As [`Self::columns`].
    pub fn retain(&mut self, rows: &[u32]) -> Result<()> {
        let mut kept = Self::new(Arc::clone(&self.schema));
        for rows in rows.chunks(SEGMENT) {
            kept.append(&self.columns(rows)?, rows.len())?;
        }
        *self = kept;
        Ok(())
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes + self.pieces.iter().map(|(_, piece)| memory(piece)).sum::<usize>()
    }
}

/// The bytes of a batch's own rows, whatever else stands in the memory they share.
fn memory(batch: &RecordBatch) -> usize {
    let of = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or(0);
    batch.columns().iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use millstream_testing::Random;

    #[test]
    fn rows_are_found_however_they_were_added() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new("s", DataType::Utf8, true),
        ]));
        let mut store = RowStore::new(schema);
        let mut next = 0_i64;
        let mut random = Random::new(7);
        while store.len() < 3 * SEGMENT + 100 {
            let rows = [1, 2, 3, 700, 9_000, 100_000][random.below(6) as usize];
            let numbers: Int64Array = (next..next + rows).map(Some).collect();
            let texts: StringArray = (next..next + rows).map(|n| Some(format!("t{n}"))).collect();
            store.append(&[Arc::new(numbers), Arc::new(texts)], rows as usize).unwrap();
            next += rows;
        }
        assert_eq!(store.len(), next as usize);
        let check = |store: &RowStore, rows: &[u32], due: &dyn Fn(u32) -> i64| {
            let columns = store.columns(rows).unwrap();
            for (at, row) in rows.iter().enumerate() {
                assert_eq!(columns[0].as_primitive::<Int64Type>().value(at), due(*row));
                let text = format!("t{}", due(*row));
                assert_eq!(columns[1].as_string::<i32>().value(at), text);
            }
        };
        let some: Vec<u32> = (0..next as u32).rev().step_by(97).collect();
        check(&store, &some, &i64::from);
        check(&store, &[], &i64::from);
        let gaps: Vec<Option<u32>> =
            some.iter().map(|row| (row % 2 == 0).then_some(*row)).collect();
        let numbers = store.column(0, &gaps).unwrap();
        let due: Int64Array = gaps.iter().map(|row| row.map(i64::from)).collect();
        assert_eq!(numbers.as_primitive::<Int64Type>(), &due);
        let kept: Vec<u32> = (0..next as u32).step_by(3).collect();
        store.retain(&kept).unwrap();
        assert_eq!(store.len(), kept.len());
        let some: Vec<u32> = (0..kept.len() as u32).step_by(31).collect();
        check(&store, &some, &|row| i64::from(row) * 3);
        store.retain(&[]).unwrap();
        assert_eq!((store.len(), store.bytes()), (0, 0));
    }
}
