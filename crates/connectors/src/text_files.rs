//! Text files: their bytes on the way to a decoder.
//!
//! A file is read where it is decoded, on any core, into memory that is in its cache. One whose records are
//! lines is cut into ranges, which do not wait for each other. Where only reading tells where a record ends,
//! as in CSV with quotes, its chunks are read one after the other. Files that are compressed and those that
//! somebody still writes are read ahead here; only the decoding is on all cores then.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use millstream_formats::{Chunk, Decoded, Decoder};
use millstream_types::{Error, Result};

use crate::connector::{Each, Piece, Source, SourceEvent};
use crate::files::{STANDARD, is_packed, open};
use crate::line_file::{LineFile, too_long};

/// How many bytes are read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// The longest record.
pub const RECORD_BYTES_MAX: usize = 256 << 20;

/// Text files, one after the other.
pub struct TextFiles {
    files: std::vec::IntoIter<(usize, PathBuf)>,
    names: Vec<String>,
    decoder: Arc<dyn Decoder>,
    buffers: Arc<Buffers>,
    header: bool,
    /// Whether somebody still writes: standard input, or a pipe with a name.
    waits: bool,
    current: Option<(usize, Current)>,
}

/// The file that is being read.
enum Current {
    /// Read here, from its start to its end.
    Whole(OpenFile),
    /// Read where it is decoded, a chunk after the other: the numbers that are to be given out.
    Shared(Arc<SharedFile>, Range<usize>),
    /// Read where it is decoded, and given out up to a byte.
    Lines(Arc<LineFile>, u64),
}

impl TextFiles {
    /// Reads files whose first lines may be headers, which are passed over.
    pub fn new(files: Vec<PathBuf>, decoder: Arc<dyn Decoder>, header: bool) -> Self {
        Self {
            names: files.iter().map(|file| file.display().to_string()).collect(),
            waits: files.iter().any(|file| file == Path::new(STANDARD) || is_stream(file)),
            files: files.into_iter().enumerate().collect::<Vec<_>>().into_iter(),
            decoder,
            buffers: Arc::default(),
            header,
            current: None,
        }
    }

    fn open(&self, path: PathBuf) -> Result<Current> {
        let plain = !self.waits && !is_packed(&path);
        if plain
            && self.decoder.is_by_line()
            && let Some(lines) = LineFile::open(&path)?
        {
            return Ok(Current::Lines(Arc::new(lines), 0));
        }
        let metadata = std::fs::metadata(&path).ok().filter(|found| plain && found.is_file());
        let file = OpenFile::new(path, self.header)?;
        let Some(length) = metadata.map(|found| found.len() as usize).filter(|length| *length > 0)
        else {
            return Ok(Current::Whole(file));
        };
        Ok(Current::Shared(Arc::new(SharedFile::new(file)), 0..length.div_ceil(CHUNK_BYTES)))
    }

    /// The next piece of the file that is being read; `None` at its end.
    fn piece(&mut self) -> Result<Option<Box<dyn Piece>>> {
        let (decoder, buffers) = (Arc::clone(&self.decoder), Arc::clone(&self.buffers));
        match &mut self.current {
            Some((_, Current::Whole(file))) => {
                let chunk = file.chunk(decoder.as_ref(), &buffers, self.waits)?;
                Ok(chunk.map(|chunk| Box::new(TextPiece { decoder, buffers, chunk }) as _))
            }
            Some((_, Current::Shared(file, numbers))) => {
                let Some(number) = numbers.next() else { return Ok(None) };
                let (file, is_last) = (Arc::clone(file), number + 1 == numbers.end);
                Ok(Some(Box::new(SharedPiece { decoder, buffers, file, number, is_last })))
            }
            Some((_, Current::Lines(file, given))) if *given < file.length => {
                let range = *given..file.length.min(*given + CHUNK_BYTES as u64);
                *given = range.end;
                let file = Arc::clone(file);
                Ok(Some(Box::new(LinesPiece { decoder, buffers, file, range })))
            }
            _ => Ok(None),
        }
    }
}

/// Whether a file is one that somebody writes while it is read.
fn is_stream(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
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

    fn give(&self, buffer: Vec<u8>) {
        // A record of many megabytes is no reason to keep as many.
        if let Ok(mut free) = self.free.lock()
            && buffer.capacity() <= 2 * CHUNK_BYTES
        {
            free.push(buffer);
        }
    }
}

struct OpenFile {
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
        let split = match &self.current {
            Some((split, _)) => *split,
            None => {
                let Some((split, path)) = self.files.next() else { return Ok(None) };
                self.current = Some((split, self.open(path)?));
                split
            }
        };
        Ok(Some(match self.piece()? {
            Some(piece) => SourceEvent::Rows { split, piece },
            None => {
                self.current = None;
                SourceEvent::EndOfSplit(split)
            }
        }))
    }
}

impl OpenFile {
    fn new(path: PathBuf, skip_line: bool) -> Result<Self> {
        let standard = path == Path::new(STANDARD);
        let reader: Box<dyn Read + Send> =
            if standard { Box::new(std::io::stdin()) } else { open(&path)? };
        let source =
            if standard { "standard input".into() } else { path.display().to_string().into() };
        Ok(Self { path, source, reader, rest: Vec::new(), line: 1, skip_line, ended: false })
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
        bytes.clear();
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
                return Err(too_long(&self.source, self.line));
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

/// A file whose chunks are read by whoever decodes them: the end of one is only known once it was read.
struct SharedFile(Mutex<Reading>);

struct Reading {
    file: OpenFile,
    /// Whether nothing comes any more: it was read to its end, or could not be.
    ended: bool,
    /// The number of the next chunk.
    next: usize,
    /// Chunks that were read on the way to a later one.
    read: BTreeMap<usize, Chunk>,
}

impl SharedFile {
    fn new(file: OpenFile) -> Self {
        Self(Mutex::new(Reading { file, ended: false, next: 0, read: BTreeMap::new() }))
    }

    /// A chunk by its number; `None` behind the end.
    fn chunk(
        &self,
        number: usize,
        decoder: &dyn Decoder,
        buffers: &Buffers,
    ) -> Result<Option<Chunk>> {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Reading { file, ended, next, read } = &mut *reading;
        while *next <= number && !*ended {
            match file.chunk(decoder, buffers, false) {
                Ok(Some(chunk)) => {
                    read.insert(*next, chunk);
                    *next += 1;
                }
                // Behind a failure nothing is known to start with a record.
                end => {
                    *ended = true;
                    end?;
                }
            }
        }
        Ok(read.remove(&number))
    }
}

struct SharedPiece {
    decoder: Arc<dyn Decoder>,
    buffers: Arc<Buffers>,
    file: Arc<SharedFile>,
    number: usize,
    /// Whether it takes what is left, too: chunks end with records, and are a little shorter than they may.
    is_last: bool,
}

impl Piece for SharedPiece {
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        let mut number = self.number;
        while let Some(chunk) = self.file.chunk(number, self.decoder.as_ref(), &self.buffers)? {
            let (decoder, buffers) = (Arc::clone(&self.decoder), Arc::clone(&self.buffers));
            Box::new(TextPiece { decoder, buffers, chunk }).decode(each)?;
            if !self.is_last {
                break;
            }
            number += 1;
        }
        Ok(())
    }
}

/// The lines that start in a range of a file.
struct LinesPiece {
    decoder: Arc<dyn Decoder>,
    buffers: Arc<Buffers>,
    file: Arc<LineFile>,
    range: Range<u64>,
}

impl LinesPiece {
    /// Reads and decodes them; `None` when no line starts there.
    fn decoded(&self, buffer: Vec<u8>) -> Result<(Vec<u8>, Option<Decoded>)> {
        let mut bytes = buffer;
        let start = self.file.lines(self.range.clone(), &mut bytes)?;
        if bytes.is_empty() {
            return Ok((bytes, None));
        }
        let mut chunk = Chunk { bytes, source: Arc::clone(&self.file.source), first_line: 1 };
        let decoded = self.decoder.decode(&chunk);
        // Which number a line has is found out when there is something to tell of it.
        let told = match &decoded {
            Ok(decoded) => decoded.skipped > 0 || decoded.rejected.is_some(),
            Err(_) => true,
        };
        if !told || start == 0 {
            return Ok((chunk.bytes, Some(decoded?)));
        }
        chunk.first_line = self.file.number(start)?;
        let decoded = self.decoder.decode(&chunk)?;
        Ok((chunk.bytes, Some(decoded)))
    }
}

impl Piece for LinesPiece {
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        let (buffer, decoded) = self.decoded(self.buffers.take())?;
        self.buffers.give(buffer);
        decoded.map_or(Ok(()), each)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use arrow::array::AsArray;
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use millstream_formats::Format;

    use super::*;

    /// A file of some text, and a reader of it.
    fn reader(
        format: &str,
        text: &str,
        options: &[(&str, &str)],
    ) -> (tempfile::NamedTempFile, TextFiles) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let format = Format::from_options(format, &options.collect()).unwrap();
        let text = Field::new("s", DataType::Utf8, true);
        let schema = Schema::new(vec![Field::new("n", DataType::Int64, true), text]);
        let decoder = format.decoder(&Arc::new(schema), &[0]).unwrap().unwrap();
        let files = TextFiles::new(vec![file.path().to_path_buf()], decoder, format.has_header());
        (file, files)
    }

    /// The rows of a file, and the message of what went wrong.
    fn read(format: &str, text: &str, options: &[(&str, &str)]) -> (usize, Option<String>) {
        let (file, mut files) = reader(format, text, options);
        let mut rows = 0;
        while let Some(event) = files.next().unwrap() {
            let SourceEvent::Rows { piece, .. } = event else { continue };
            let mut count = |decoded: Decoded| {
                rows += decoded.rows.num_rows();
                Ok(())
            };
            if let Err(error) = piece.decode(&mut count) {
                let name = file.path().display().to_string();
                return (rows, Some(error.to_string().replace(&name, "file")));
            }
        }
        (rows, None)
    }

    #[test]
    fn lines_of_all_ranges_are_read_and_have_their_numbers() {
        let good: Vec<String> = (0..200_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        let mut text = good.concat();
        assert!(text.len() > 2 * CHUNK_BYTES);
        assert_eq!(read("json", &text, &[]), (200_000, None));
        text.push_str("{\"n\":\"x\"}");
        let message = "file:200001, column \"n\": \"x\" does not fit BIGINT";
        assert_eq!(read("json", &text, &[]).1.as_deref(), Some(message));
        let skips = [("json.ignore-parse-errors", "true")];
        assert_eq!(read("json", &text, &skips), (200_001, None));
        // One line that is longer than many ranges.
        let long = format!("{{\"s\":\"{}\",\"n\":1}}\n{{\"n\":2}}", "y".repeat(5 * CHUNK_BYTES));
        assert_eq!(read("json", &long, &[]), (2, None));
    }

    #[test]
    fn chunks_follow_from_each_other_in_whatever_order_they_are_decoded() {
        let header = [("csv.header", "true")];
        let mut text = "n,s\n".to_owned();
        // A record has three lines.
        (0..100_000).for_each(|n| text.push_str(&format!("{n},\"a\n\"\"b\"\"\n{n}\"\n")));
        assert!(text.len() > 2 * CHUNK_BYTES);
        assert_eq!(read("csv", &text, &header), (100_000, None));
        let (_file, mut files) = reader("csv", &text, &header);
        let mut numbers = Vec::new();
        loop {
            // As many as are ahead of whoever decodes them.
            let events = (0..7).map_while(|_| files.next().unwrap());
            let pieces = events.filter_map(|event| match event {
                SourceEvent::Rows { piece, .. } => Some(piece),
                SourceEvent::EndOfSplit(_) => None,
            });
            let pieces: Vec<_> = pieces.collect();
            if pieces.is_empty() {
                break;
            }
            let before = numbers.len();
            for piece in pieces.into_iter().rev() {
                let mut part = Vec::new();
                let mut take = |decoded: Decoded| {
                    let column = decoded.rows.column(0).as_primitive::<Int64Type>();
                    part.extend_from_slice(column.values());
                    Ok(())
                };
                piece.decode(&mut take).unwrap();
                numbers.splice(before..before, part);
            }
        }
        assert!(numbers.into_iter().eq(0..100_000));
        text.push_str("x,\"\"\n");
        let message = "file:300002, column \"n\": \"x\" does not fit BIGINT";
        assert_eq!(read("csv", &text, &header).1.as_deref(), Some(message));
    }
}
