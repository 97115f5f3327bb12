//! [`Decoder`]: what a text format does to a chunk of bytes.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use millstream_types::Result;

/// Whole records of one file or stream.
#[derive(Debug)]
pub struct Chunk {
    /// The records.
    pub bytes: Vec<u8>,
    /// The file, as messages name it.
    pub source: Arc<str>,
    /// The number of the first line in the file, counted from 1.
    pub first_line: u64,
}

impl Chunk {
    /// Some whole records of it, of which the first line has a number.
    pub fn part(&self, bytes: Range<usize>, first_line: u64) -> Self {
        let source = Arc::clone(&self.source);
        Self { bytes: self.bytes[bytes].to_vec(), source, first_line }
    }
}

/// What became of a chunk.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The rows.
    pub rows: RecordBatch,
    /// The weight of each row, in formats of changes; `None` is +1.
    pub weights: Option<Int64Array>,
    /// Records that were left out because they could not be read.
    pub skipped: u64,
    /// Fields that became NULL because they could not be read.
    pub nulled: u64,
    /// The last of the records that were left out: place, reason and record as text columns.
    pub rejected: Option<RecordBatch>,
    /// All records that were left out, where they are to be kept.
    pub bad: Vec<BadRecord>,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// Where it stands.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
    /// The record itself.
    pub bytes: Vec<u8>,
}

impl Decoded {
    /// Rows of which none was left out.
    pub fn clean(rows: RecordBatch) -> Self {
        Self { rows, weights: None, skipped: 0, nulled: 0, rejected: None, bad: Vec::new() }
    }
}

/// The last records of a chunk that could not be read.
#[derive(Debug, Default)]
pub struct Rejected {
    last: VecDeque<[String; 3]>,
}

impl Rejected {
    /// How many records of a chunk are kept to be looked at.
    const KEPT: usize = 100;

    /// Keeps a record, with its place and the reason.
    pub fn push(&mut self, place: String, reason: String, record: &[u8]) {
        if self.last.len() == Self::KEPT {
            self.last.pop_front();
        }
        self.last.push_back([place, reason, String::from_utf8_lossy(record).into_owned()]);
    }

    /// The records as columns; `None` without any.
    ///
    /// # Errors
    /// Never: the columns are of one length.
    pub fn rows(&self) -> Result<Option<RecordBatch>> {
        if self.last.is_empty() {
            return Ok(None);
        }
        let column = |at: usize| -> ArrayRef {
            let values = self.last.iter().map(|record| record[at].as_str());
            Arc::new(StringArray::from_iter_values(values))
        };
        let columns = [("place", column(0)), ("reason", column(1)), ("record", column(2))];
        Ok(Some(RecordBatch::try_from_iter(columns)?))
    }
}

/// A text format.
pub trait Decoder: Send + Sync {
    /// The end of the last whole record in some bytes that start with one; 0 when there is none.
    fn whole(&self, bytes: &[u8]) -> usize;

    /// Whether every end of a line is the end of a record.
    fn is_by_line(&self) -> bool {
        false
    }

    /// Decodes the records of a chunk.
    ///
    /// # Errors
    /// When a record cannot be read and errors are not ignored, with its place.
    fn decode(&self, chunk: &Chunk) -> Result<Decoded>;
}
