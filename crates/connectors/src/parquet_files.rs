//! Parquet files: row groups, and parts of them, on the way to a decoder.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use millstream_formats::Decoded;
use millstream_formats::parquet_file::{RowGroup, RowGroupReader, RowRange, row_groups};
use millstream_types::Result;

use crate::connector::{Each, Piece, Ready, Source, SourceEvent};

/// Parquet files, a row group after the other.
pub struct ParquetFiles {
    names: Vec<String>,
    groups: std::iter::Peekable<std::vec::IntoIter<(usize, RowGroup)>>,
    schema: SchemaRef,
    /// What is left of the current row group, where it can be decoded in parts on any core.
    ranges: std::vec::IntoIter<(usize, RowRange)>,
    /// The current row group, where it is decoded here.
    current: Option<(usize, RowGroupReader)>,
    ended: usize,
}

impl ParquetFiles {
    /// Reads files whose columns have a schema. Every file is looked at before the first row is read, so
    /// that a broken one is found early.
    ///
    /// # Errors
    /// When a file cannot be read or is no Parquet.
    pub fn new(files: &[PathBuf], schema: SchemaRef) -> Result<Self> {
        let mut groups = Vec::new();
        for (split, file) in files.iter().enumerate() {
            groups.extend(row_groups(file)?.into_iter().map(|group| (split, group)));
        }
        Ok(Self {
            names: files.iter().map(|file| file.display().to_string()).collect(),
            groups: groups.into_iter().peekable(),
            schema,
            ranges: Vec::new().into_iter(),
            current: None,
            ended: 0,
        })
    }
}

/// Pieces beyond that many bytes are large.
const LARGE_BYTES: usize = 4 << 20;

struct ParquetPiece {
    range: RowRange,
    schema: SchemaRef,
}

impl Piece for ParquetPiece {
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        let mut reader = self.range.read(&self.schema)?;
        while let Some(rows) = reader.next_rows()? {
            each(Decoded::clean(rows))?;
        }
        Ok(())
    }

    fn weight(&self) -> usize {
        // A few large ones are enough to keep all cores busy.
        if self.range.bytes() > LARGE_BYTES { 8 } else { 2 }
    }
}

impl Source for ParquetFiles {
    fn splits(&self) -> usize {
        self.names.len()
    }

    fn split_names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        loop {
            if let Some((split, range)) = self.ranges.next() {
                let piece = Box::new(ParquetPiece { range, schema: Arc::clone(&self.schema) });
                return Ok(Some(SourceEvent::Rows { split, piece }));
            }
            if let Some((split, reader)) = &mut self.current {
                if let Some(rows) = reader.next_rows()? {
                    return Ok(Some(SourceEvent::Rows {
                        split: *split,
                        piece: Box::new(Ready(rows)),
                    }));
                }
                self.current = None;
            }
            let next_split = self.groups.peek().map_or(self.names.len(), |(split, _)| *split);
            if self.ended < next_split {
                self.ended += 1;
                return Ok(Some(SourceEvent::EndOfSplit(self.ended - 1)));
            }
            match self.groups.next() {
                Some((split, group)) => match group.ranges(&self.schema) {
                    Some(ranges) => {
                        let ranges = ranges.into_iter().map(|range| (split, range));
                        self.ranges = ranges.collect::<Vec<_>>().into_iter();
                    }
                    None => self.current = Some((split, group.read(&self.schema)?)),
                },
                None => return Ok(None),
            }
        }
    }
}
