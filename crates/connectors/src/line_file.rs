//! [`LineFile`]: a file whose records are lines, read in ranges from several threads.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use memchr::{memchr, memchr_iter, memrchr};
use millstream_types::{Error, Result};

use crate::text_files::RECORD_BYTES_MAX;

/// How many bytes are first looked at for the end of a line.
const SEARCHED_BYTES: usize = 1 << 10;

/// How many bytes are read at a time to count lines, or to find the end of a long one.
const COUNTED_BYTES: usize = 1 << 20;

/// A file of lines.
pub struct LineFile {
    file: File,
    path: PathBuf,
    /// The file, as messages name it.
    pub source: Arc<str>,
    /// Its bytes when it was opened.
    pub length: u64,
    /// The numbers of lines that start at some bytes, as far as they were asked for.
    numbers: Mutex<BTreeMap<u64, u64>>,
}

impl LineFile {
    /// Opens a plain file; `None` for what only looks like one, as devices and what the system makes up as it
    /// is read.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let failed = |error| Error::io("cannot open", path, error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let plain = metadata.is_file() && metadata.len() > 0;
        Ok(plain.then(|| Self {
            file,
            path: path.to_path_buf(),
            source: path.display().to_string().into(),
            length: metadata.len(),
            numbers: Mutex::new(BTreeMap::from([(0, 1)])),
        }))
    }

    /// Reads the lines that start in a range of bytes, and gives where the first one starts.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is too long.
    pub fn lines(&self, range: Range<u64>, buffer: &mut Vec<u8>) -> Result<u64> {
        let start = match range.start {
            0 => 0,
            // The byte before tells whether a line starts with the range.
            start => self.line_end(start - 1..range.end)?.unwrap_or(range.end),
        };
        self.read(start, (range.end - start) as usize, buffer)?;
        if buffer.last().is_some_and(|last| *last != b'\n') {
            let read = start + buffer.len() as u64;
            let open = start + memrchr(b'\n', buffer).map_or(0, |at| at as u64 + 1);
            let most = open + RECORD_BYTES_MAX as u64;
            let end = self.line_end(read..most.min(self.length).max(read))?;
            if end.is_none() && most < self.length {
                return Err(too_long(&self.source, self.number(open)?));
            }
            let mut rest = Vec::new();
            self.read(read, (end.unwrap_or(self.length) - read) as usize, &mut rest)?;
            buffer.extend_from_slice(&rest);
        }
        Ok(start)
    }

    /// The first byte behind a line break in a range.
    fn line_end(&self, range: Range<u64>) -> Result<Option<u64>> {
        let (mut at, mut step) = (range.start, SEARCHED_BYTES);
        let mut buffer = Vec::new();
        while at < range.end {
            self.read(at, step.min((range.end - at) as usize), &mut buffer)?;
            if let Some(found) = memchr(b'\n', &buffer) {
                return Ok(Some(at + found as u64 + 1));
            }
            if buffer.is_empty() {
                break;
            }
            at += buffer.len() as u64;
            step = (step * 2).min(COUNTED_BYTES);
        }
        Ok(None)
    }

    /// The number of the line that starts at a byte of the file, counted from 1.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn number(&self, start: u64) -> Result<u64> {
        let known = self.numbers.lock().ok().and_then(|numbers| {
            numbers.range(..=start).next_back().map(|(at, number)| (*at, *number))
        });
        let (mut at, mut number) = known.unwrap_or((0, 1));
        let mut buffer = Vec::new();
        while at < start {
            self.read(at, COUNTED_BYTES.min((start - at) as usize), &mut buffer)?;
            if buffer.is_empty() {
                break;
            }
            number += memchr_iter(b'\n', &buffer).count() as u64;
            at += buffer.len() as u64;
        }
        if let Ok(mut numbers) = self.numbers.lock() {
            numbers.insert(start, number);
        }
        Ok(number)
    }

    /// Fills a buffer with the bytes at a place, fewer where the file ends.
    fn read(&self, from: u64, length: usize, buffer: &mut Vec<u8>) -> Result<()> {
        // A buffer that comes back is about as long already: little is to be filled with zeros.
        buffer.resize(length, 0);
        let mut filled = 0;
        while filled < length {
            match self.file.read_at(&mut buffer[filled..], from + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io("cannot read", &self.path, error)),
            }
        }
        buffer.truncate(filled);
        Ok(())
    }
}

/// What is said of a record that does not end.
pub fn too_long(source: &str, line: u64) -> Error {
    Error::Data {
        location: format!("{source}:{line}"),
        message: format!(
            "a record is longer than {} MiB; is a quote never closed?",
            RECORD_BYTES_MAX >> 20
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use millstream_testing::Random;

    use super::*;

    #[test]
    fn ranges_share_out_the_lines_of_a_file() {
        let mut random = Random::new(7);
        for _ in 0..200 {
            let mut text = Vec::new();
            for _ in 0..1 + random.below(40) {
                text.extend(std::iter::repeat_n(b'x', random.below(30) as usize));
                text.push(b'\n');
            }
            if random.below(2) == 0 {
                text.extend(b"without an end");
            }
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&text).unwrap();
            let lines = LineFile::open(file.path()).unwrap().unwrap();
            let (step, mut start) = (1 + random.below(50), 0);
            let (mut found, mut buffer) = (Vec::new(), Vec::new());
            while start < lines.length {
                let end = (start + step).min(lines.length);
                let at = lines.lines(start..end, &mut buffer).unwrap();
                if !buffer.is_empty() {
                    assert_eq!(at, found.len() as u64);
                    let before = memchr_iter(b'\n', &found).count() as u64;
                    assert_eq!(lines.number(at).unwrap(), before + 1);
                }
                found.extend(&buffer);
                start = end;
            }
            assert_eq!(found, text);
        }
    }
}
