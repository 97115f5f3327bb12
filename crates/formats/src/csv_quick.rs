//! Where the fields of CSV stand, found by the marks between them: what most files are made of. Anything else
//! is for the reader that goes character by character.

use memchr::{memchr, memchr2, memrchr};

use crate::csv::CsvOptions;
use crate::marks::{BLOCK, Marks};

/// Splits records of one line whose quotes, if any, stand around whole fields.
///
/// At anything else it gives up, and the record is read again from its start.
pub(crate) struct Quick<'a> {
    bytes: &'a [u8],
    /// Delimiters, line ends, quotes.
    marks: Marks<'a, 3>,
    delimiter: u8,
    quote: Option<u8>,
    /// Where the marks stand that are taken next.
    at: usize,
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
            at: 0,
        })
    }

    /// Where the fields stand that are asked for, of the record that starts at a place, and the start of
    /// the next one; `None` where it gives up, as it does on a record with more or fewer fields than
    /// `targets`.
    #[inline]
    pub(crate) fn record(
        &mut self,
        start: usize,
        targets: &[Option<usize>],
        found: &mut [(usize, usize)],
    ) -> Option<usize> {
        if start != self.at {
            self.marks.seek(start);
        }
        // Where it gives up, marks of this record may be left.
        self.at = usize::MAX;
        let (mut at, mut field) = (start, 0);
        loop {
            let (from, mut to, end) = self.field(at)?;
            let last = self.bytes[end] != self.delimiter;
            // A return belongs to the end of the line.
            to -= usize::from(last && to == end && to > from && self.bytes[to - 1] == b'\r');
            match targets.get(field) {
                Some(Some(column)) => found[*column] = (from, to),
                Some(None) => {}
                // A delimiter may stand behind the last field, too.
                None if last && field == targets.len() && from == to => {}
                None => return None,
            }
            (at, field) = (end + 1, field + 1);
            if last {
                self.at = at;
                return (field >= targets.len()).then_some(at);
            }
        }
    }

    /// Where a field starts and ends, and where the delimiter or the end of the line behind it stands.
    #[inline]
    fn field(&mut self, at: usize) -> Option<(usize, usize, usize)> {
        let mut end = self.marks.take()?;
        if self.quote.is_none_or(|quote| self.bytes[end] != quote) {
            return Some((at, end, end));
        }
        if end > at {
            // A quote inside of a field is a character like any other.
            while self.bytes[end] != self.delimiter && self.bytes[end] != b'\n' {
                end = self.marks.take()?;
            }
            return Some((at, end, end));
        }
        let mut close = self.marks.take()?;
        while self.bytes[close] != self.bytes[at] {
            if self.bytes[close] == b'\n' {
                return None;
            }
            close = self.marks.take()?;
        }
        end = self.marks.take()?;
        (end == close + 1 && self.bytes[end] != self.bytes[at]).then_some((at + 1, close, end))
    }
}

/// The end of the last line outside of quotes, block by block: a quote opens or closes, whichever the one
/// before did not. `None` where a quote opens that is not the first character of a field.
fn last_line_end_by_blocks(bytes: &[u8], delimiter: u8, quote: u8) -> Option<usize> {
    let (mut end, mut inside) = (0, 0);
    // Whether the byte before the block may stand before a quote that opens: one that is doubled, too.
    let mut before = 1;
    for (block, kinds) in Marks::blocks(bytes, [quote, b'\n', delimiter]).enumerate() {
        let [quotes, line_ends, delimiters] = kinds;
        // A bit is set when so many quotes up to it, and with it, are odd.
        let mut odd = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            odd ^= odd << shift;
        }
        let within = odd ^ inside;
        let separators = quotes | line_ends | delimiters;
        if quotes & within & !(separators << 1 | before) != 0 {
            return None;
        }
        let ends = line_ends & !within;
        if ends != 0 {
            end = block * BLOCK + (u64::BITS - ends.leading_zeros()) as usize;
        }
        inside = if within >> 63 == 1 { u64::MAX } else { 0 };
        before = separators >> 63;
    }
    Some(end)
}

/// The end of the last line outside of quotes.
pub(crate) fn last_line_end(bytes: &[u8], delimiter: u8, quote: u8) -> usize {
    let quick = last_line_end_by_blocks(bytes, delimiter, quote);
    quick.unwrap_or_else(|| last_line_end_by_quotes(bytes, delimiter, quote))
}

/// The end of the last line outside of quotes: from one quote to the next, of which only those count
/// that open a field.
fn last_line_end_by_quotes(bytes: &[u8], delimiter: u8, quote: u8) -> usize {
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

#[cfg(test)]
mod tests {
    use millstream_testing::Random;

    use super::*;

    #[test]
    fn lines_end_where_they_do_whichever_way_that_is_found() {
        let mut random = Random::new(11);
        let parts =
            ["a", "bc", ",", ",", "\n", "\"", "\"\"", "\"x,y\"", "\"long text\n of two lines\","];
        let mut quick = 0;
        for _ in 0..50_000 {
            let count = random.below(60);
            let text: String =
                (0..count).map(|_| parts[random.below(parts.len() as u64) as usize]).collect();
            if let Some(end) = last_line_end_by_blocks(text.as_bytes(), b',', b'"') {
                quick += 1;
                assert_eq!(end, last_line_end_by_quotes(text.as_bytes(), b',', b'"'), "{text:?}");
            }
        }
        assert!(quick > 5_000, "{quick}");
    }
}
