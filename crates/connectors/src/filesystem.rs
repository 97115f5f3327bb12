//! `'connector' = 'filesystem'`: a file, a folder or a pattern of files, and standard input.
//!
//! Each file is a split. Files are read one after the other in the order of their names, a chunk of
//! whole records at a time; chunks are decoded on all cores.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arrow::datatypes::SchemaRef;
use millstream_formats::parquet_file::{RowGroup, RowGroupReader, RowRange, row_groups, schema_of};
use millstream_formats::{Chunk, Decoded, Decoder, ErrorPolicy, Format, infer};
use millstream_plan::Table;
use millstream_plan::table::Options;
use millstream_types::{Error, Result};

use crate::connector::{Connector, Each, Piece, Ready, Sink, Source, SourceEvent};
use crate::file_sink::FileSink;
use crate::files::{STANDARD, format_of, list, open, sample};

/// `'connector' = 'filesystem'`
pub const CONNECTOR: Connector = Connector {
    name: "filesystem",
    keys: &[
        "path",
        "source.path.regex-pattern",
        "lookup.full-cache.periodic-reload.interval",
        "scan.changelog-mode",
    ],
    has_format: true,
    metadata: &[],
    source: Some(source),
    sink: Some(sink),
};

/// Whether a query reads, or has read, the standard input of the program.
static STANDARD_TAKEN: AtomicBool = AtomicBool::new(false);

/// How many bytes are read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// The longest record.
const RECORD_BYTES_MAX: usize = 256 << 20;

fn path_of(options: &Options) -> Result<&str> {
    options.get("path").map(String::as_str).ok_or_else(|| {
        Error::options(
            "a filesystem table needs a 'path'",
            "it is a file, a folder, a pattern, or - for standard input",
        )
    })
}

fn format_for(options: &Options) -> Result<Format> {
    let path = path_of(options)?;
    let name = match options.get("format") {
        Some(name) => name.as_str(),
        None => format_of(path).ok_or_else(|| {
            Error::options(
                "a filesystem table needs a 'format'",
                "it is csv, json or parquet; it may be left out when the path ends in one of them",
            )
        })?,
    };
    Format::from_options(name, options)
}

/// Checks a table's options.
///
/// # Errors
/// When path or format are missing or make no sense.
pub fn validate(table: &Table) -> Result<()> {
    let format = format_for(&table.options)?;
    let columns: Vec<usize> = (0..table.physical.fields().len()).collect();
    format.decoder(&table.physical, &columns).map(|_| ())
}

/// The columns of a table that declares none, from its data; adds options that were found with them.
///
/// # Errors
/// When there is no data, or it says nothing about its columns.
pub fn infer_columns(options: &mut Options) -> Result<SchemaRef> {
    let path = path_of(options)?.to_owned();
    if path == STANDARD {
        return Err(Error::options(
            "the columns of standard input cannot be inferred",
            "declare them in CREATE TABLE",
        ));
    }
    let format = format_for(options)?;
    let files = list(&path, options.get("source.path.regex-pattern").map(String::as_str))?;
    match format {
        Format::Parquet => schema_of(&files[0]),
        Format::Json(_) => infer::json(&sample(&files[0], infer::SAMPLE_BYTES)?, &path),
        Format::Debezium { .. } => Err(Error::options(
            "the columns of a debezium-json table are not found out from its data",
            "declare them: CREATE TABLE t (id BIGINT, …) WITH (…)",
        )),
        Format::Csv(csv) => {
            let given = options.contains_key("csv.header").then_some(csv.header);
            let bytes = sample(&files[0], infer::SAMPLE_BYTES)?;
            let (schema, header) = infer::csv(&bytes, &path, &csv, given)?;
            options.insert("csv.header".to_owned(), header.to_string());
            // Nobody has said what an empty field means, so it means what it does in every other tool.
            options.entry("csv.null-literal".to_owned()).or_default();
            Ok(schema)
        }
    }
}

fn source(table: &Table, columns: &[usize]) -> Result<Box<dyn Source>> {
    let path = path_of(&table.options)?;
    let format = format_for(&table.options)?;
    let pattern = table.options.get("source.path.regex-pattern").map(String::as_str);
    let files = match path {
        STANDARD if STANDARD_TAKEN.swap(true, Ordering::Relaxed) => {
            return Err(Error::options(
                "standard input has been read already",
                "it can be read once; read it into a table of files first",
            ));
        }
        STANDARD => vec![PathBuf::from(STANDARD)],
        path => list(path, pattern)?,
    };
    let policy = ErrorPolicy::of(&table.options, format.name())?;
    let decoder = format.decoder(&table.physical, columns)?;
    match decoder.map(|decoder| policy.applied(decoder)) {
        Some(decoder) => Ok(Box::new(TextFiles {
            names: names_of(&files),
            header: format.has_header(),
            decoder,
            buffers: Arc::default(),
            current: None,
            waits: path == STANDARD || files.iter().any(|file| is_stream(file)),
            files: files.into_iter().enumerate().collect::<Vec<_>>().into_iter(),
        })),
        None if path == STANDARD => Err(Error::options(
            "Parquet cannot be read from standard input",
            "its index stands at the end; give a file",
        )),
        None => {
            let schema = Arc::new(table.physical.project(columns)?);
            // Every file is looked at before the first row is read, so that a broken one is found early.
            let mut groups = Vec::new();
            for (split, file) in files.iter().enumerate() {
                groups.extend(row_groups(file)?.into_iter().map(|group| (split, group)));
            }
            Ok(Box::new(ParquetFiles {
                names: names_of(&files),
                groups: groups.into_iter().peekable(),
                schema,
                ranges: Vec::new().into_iter(),
                current: None,
                ended: 0,
            }))
        }
    }
}

fn sink(table: &Table) -> Result<Box<dyn Sink>> {
    let path = path_of(&table.options)?;
    let format = format_for(&table.options)?;
    Ok(Box::new(FileSink::new(path, format, Arc::clone(&table.physical))?))
}

/// Whether a file is one that somebody writes while it is read.
fn is_stream(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// What the splits are called: each file is one.
fn names_of(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|file| file.display().to_string()).collect()
}

/// Text files, one after the other.
struct TextFiles {
    files: std::vec::IntoIter<(usize, PathBuf)>,
    names: Vec<String>,
    decoder: Arc<dyn Decoder>,
    buffers: Arc<Buffers>,
    header: bool,
    /// Whether somebody still writes: standard input, or a pipe with a name.
    waits: bool,
    current: Option<OpenFile>,
}

/// Memory that pieces were decoded from, to be read into again.
#[derive(Default)]
struct Buffers {
    free: Mutex<Vec<Vec<u8>>>,
}

impl Buffers {
    fn take(&self) -> Vec<u8> {
        self.free.lock().ok().and_then(|mut free| free.pop()).unwrap_or_default()
    }

    fn give(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        // A record of many megabytes is no reason to keep as many.
        if let Ok(mut free) = self.free.lock()
            && buffer.capacity() <= 2 * CHUNK_BYTES
        {
            free.push(buffer);
        }
    }
}

struct OpenFile {
    split: usize,
    path: PathBuf,
    source: Arc<str>,
    reader: Box<dyn Read + Send>,
    /// Bytes that were read but not handed over.
    rest: Vec<u8>,
    line: u64,
    skip_line: bool,
    ended: bool,
}

impl Source for TextFiles {
    fn splits(&self) -> usize {
        self.names.len()
    }

    fn split_names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn may_wait(&self) -> bool {
        self.waits
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        loop {
            let Some(file) = &mut self.current else {
                let Some((split, path)) = self.files.next() else { return Ok(None) };
                self.current = Some(OpenFile::new(split, path, self.header)?);
                continue;
            };
            match file.chunk(self.decoder.as_ref(), &self.buffers, self.waits)? {
                Some(chunk) => {
                    let (decoder, buffers) = (Arc::clone(&self.decoder), Arc::clone(&self.buffers));
                    let piece = Box::new(TextPiece { decoder, buffers, chunk });
                    return Ok(Some(SourceEvent::Rows { split: file.split, piece }));
                }
                None => {
                    let split = file.split;
                    self.current = None;
                    return Ok(Some(SourceEvent::EndOfSplit(split)));
                }
            }
        }
    }
}

impl OpenFile {
    fn new(split: usize, path: PathBuf, skip_line: bool) -> Result<Self> {
        let standard = path == Path::new(STANDARD);
        let reader: Box<dyn Read + Send> =
            if standard { Box::new(std::io::stdin()) } else { open(&path)? };
        let source =
            if standard { "standard input".into() } else { path.display().to_string().into() };
        Ok(Self { split, path, source, reader, rest: Vec::new(), line: 1, skip_line, ended: false })
    }

    /// Reads what is there, and waits only when there is nothing.
    fn read_some(&mut self, bytes: &mut Vec<u8>, wanted: usize) -> Result<()> {
        while !self.ended && bytes.len() < wanted {
            let start = bytes.len();
            bytes.resize(wanted.max(start + 4_096), 0);
            let read = match self.reader.read(&mut bytes[start..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => 0,
                Err(error) => return Err(Error::io("cannot read", &self.path, error)),
                Ok(0) => {
                    self.ended = true;
                    0
                }
                Ok(read) => read,
            };
            bytes.truncate(start + read);
            if read > 0 {
                break;
            }
        }
        Ok(())
    }

    /// The next whole records; `None` at the end. `eager` hands over what is there without waiting for
    /// a full chunk.
    fn chunk(
        &mut self,
        decoder: &dyn Decoder,
        buffers: &Buffers,
        eager: bool,
    ) -> Result<Option<Chunk>> {
        let mut bytes = buffers.take();
        bytes.append(&mut self.rest);
        bytes.reserve(CHUNK_BYTES.saturating_sub(bytes.len()));
        let mut wanted = CHUNK_BYTES;
        loop {
            if eager {
                self.read_some(&mut bytes, wanted)?;
            } else if !self.ended && bytes.len() < wanted {
                // Memory that is read into needs no zeros before.
                let missing = (wanted - bytes.len()) as u64;
                let read = self.reader.by_ref().take(missing).read_to_end(&mut bytes);
                let read = read.map_err(|error| Error::io("cannot read", &self.path, error))?;
                self.ended = (read as u64) < missing;
            }
            if self.skip_line && (self.ended || memchr::memchr(b'\n', &bytes).is_some()) {
                let end = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
                bytes.drain(..end);
                self.line += 1;
                self.skip_line = false;
            }
            if self.ended {
                let (source, first_line) = (Arc::clone(&self.source), self.line);
                return Ok((!bytes.is_empty()).then_some(Chunk { bytes, source, first_line }));
            }
            let end = if self.skip_line { 0 } else { decoder.whole(&bytes) };
            if end > 0 {
                self.rest.extend_from_slice(&bytes[end..]);
                bytes.truncate(end);
                let chunk =
                    Chunk { source: Arc::clone(&self.source), first_line: self.line, bytes };
                self.line += memchr::memchr_iter(b'\n', &chunk.bytes).count() as u64;
                return Ok(Some(chunk));
            }
            if bytes.len() >= RECORD_BYTES_MAX {
                return Err(Error::Data {
                    location: format!("{}:{}", self.source, self.line),
                    message: format!(
                        "a record is longer than {} MiB; is a quote never closed?",
                        RECORD_BYTES_MAX >> 20
                    ),
                });
            }
            wanted = bytes.len() * 2 + CHUNK_BYTES;
        }
    }
}

struct TextPiece {
    decoder: Arc<dyn Decoder>,
    buffers: Arc<Buffers>,
    chunk: Chunk,
}

impl Piece for TextPiece {
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        let decoded = self.decoder.decode(&self.chunk);
        self.buffers.give(self.chunk.bytes);
        each(decoded?)
    }
}

/// Parquet files, a row group after the other.
struct ParquetFiles {
    names: Vec<String>,
    groups: std::iter::Peekable<std::vec::IntoIter<(usize, RowGroup)>>,
    schema: SchemaRef,
    /// What is left of the current row group, where it can be decoded in parts on any core.
    ranges: std::vec::IntoIter<(usize, RowRange)>,
    /// The current row group, where it is decoded here.
    current: Option<(usize, RowGroupReader)>,
    ended: usize,
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
        if self.range.bytes() > LARGE_BYTES { 4 } else { 1 }
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
