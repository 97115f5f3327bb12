//! [`Decoder`]: what a text format does to a chunk of bytes.

use std::sync::Arc;

use arrow::array::RecordBatch;
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

/// What became of a chunk.
#[derive(Debug)]
pub struct Decoded {
    /// The rows.
    pub rows: RecordBatch,
    /// Records that were left out because they could not be read.
    pub skipped: u64,
    /// Fields that became NULL because they could not be read.
    pub nulled: u64,
}

/// A text format.
pub trait Decoder: Send + Sync {
    /// The end of the last whole record in some bytes that start with one; 0 when there is none.
    fn whole(&self, bytes: &[u8]) -> usize;

    /// Decodes the records of a chunk.
    ///
    /// # Errors
    /// When a record cannot be read and errors are not ignored, with its place.
    fn decode(&self, chunk: &Chunk) -> Result<Decoded>;
}
