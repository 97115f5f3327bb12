//! Where the fields of CSV stand, found by the marks between them: what most files are made of. Anything else
//! is for the reader that goes character by character.

use memchr::{memchr, memchr2, memrchr};

use crate::csv::CsvOptions;
use crate::marks::Marks;

/// Splits records of one line whose quotes, if any, stand around whole fields.
///
/// At anything else it gives up, and the record is read again from its start.
pub(crate) struct Quick<'a> {
    bytes: &'a [u8],
    /// Delimiters, line ends, quotes.
    marks: Marks<'a, 3>,
    delimiter: u8,
    quote: Option<u8>,
}

impl<'a> Quick<'a> {
    /// `None` for options that it does not know.
    pub(crate) fn new(bytes: &'a [u8], options: &CsvOptions) -> Option<Self> {
        let known = options.escape.is_none() && !options.comments && options.delimiter != b'\n';
        let kinds = [options.delimiter, b'\n', options.quote.unwrap_or(b'\n')];
        let known = known && kinds.iter().all(|kind| *kind != 0 && kind.is_ascii());
        known.then(|| Self {
            bytes,
            marks: Marks::new(bytes, kinds),
            delimiter: options.delimiter,
            quote: options.quote,
        })
    }

    /// Where the fields of the record stand that starts at a place, and the start of the next one.
    #[inline]
    pub(crate) fn record(
        &mut self,
        start: usize,
        fields: &mut Vec<(usize, usize)>,
    ) -> Option<usize> {
        fields.clear();
        let mut at = start;
        loop {
            let (from, to, end) = match self.quote {
                Some(quote) if self.bytes.get(at) == Some(&quote) => self.quoted(at + 1, quote)?,
                _ => self.plain(at)?,
            };
            let last = self.bytes[end] != self.delimiter;
            let returns = last && to > from && self.bytes[to - 1] == b'\r';
            fields.push((from, to - usize::from(returns)));
            at = end + 1;
            if last {
                return Some(at);
            }
        }
    }

    /// Where a field starts and ends, and where the delimiter or the end of the line behind it stands.
    #[inline]
    fn plain(&mut self, at: usize) -> Option<(usize, usize, usize)> {
        let mut end = self.marks.next(at)?;
        while self.bytes[end] != self.delimiter && self.bytes[end] != b'\n' {
            // A quote inside of a field is a character like any other.
            end = self.marks.next(end + 1)?;
        }
        Some((at, end, end))
    }

    fn quoted(&mut self, at: usize, quote: u8) -> Option<(usize, usize, usize)> {
        let mut close = self.marks.next(at)?;
        while self.bytes[close] != quote {
            if self.bytes[close] == b'\n' {
                return None;
            }
            close = self.marks.next(close + 1)?;
        }
        let follows = *self.bytes.get(close + 1)?;
        let simple = follows == self.delimiter || follows == b'\n';
        simple.then_some((at, close, close + 1))
    }
}

/// The end of the last line outside of quotes: from one quote to the next, of which only those count
/// that open a field.
pub(crate) fn last_line_end(bytes: &[u8], delimiter: u8, quote: u8) -> usize {
    let (mut outside, mut end) = (0, 0);
    let line_end =
        |from: usize, to: usize| memrchr(b'\n', &bytes[from..to]).map(|at| from + at + 1);
    let mut at = 0;
    while let Some(open) = memchr(quote, &bytes[at..]).map(|found| at + found) {
        let starts = open == 0 || bytes[open - 1] == delimiter || bytes[open - 1] == b'\n';
        if open < outside || !starts {
            at = open + 1;
            continue;
        }
        end = line_end(outside, open).unwrap_or(end);
        let mut close = open + 1;
        loop {
            let Some(found) = memchr(quote, &bytes[close..]) else { return end };
            close += found + 1;
            match bytes.get(close) {
                Some(next) if *next == quote => close += 1,
                _ => break,
            }
        }
        // What stands between the quote and the delimiter is dropped, quotes too.
        outside = close;
        at = memchr2(delimiter, b'\n', &bytes[close..]).map_or(bytes.len(), |found| close + found);
    }
    line_end(outside, bytes.len()).unwrap_or(end)
}
