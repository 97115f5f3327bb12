//! The quick walk through a line of JSON: lines that look like the one before, which is most of them.
//!
//! It takes what it knows: an object on one line, whose keys have no escapes. At anything else it gives
//! up, and the line is read again from its start by the [`Scanner`], which also knows what is wrong
//! with it. So the two give the same values, and only one of them has errors.

use std::collections::HashMap;

use crate::digits::end_of_digits;
use crate::json_scan::{Kind, Raw, Scanner};
use crate::marks::Marks;

/// A walk through the lines of a text.
pub struct Quick<'a> {
    text: &'a str,
    /// Quotes, backslashes and line ends.
    marks: Marks<'a, 3>,
    /// For the n-th member of an object: the key last seen there, and its column.
    guesses: Vec<Guess<'a>>,
}

/// A key, and the bytes that stand for it.
struct Guess<'a> {
    key: &'a str,
    column: Option<usize>,
    /// The key with its quotes and colon, when they are 16 bytes at most.
    bytes: [u64; 2],
    /// Which of the 16 bytes count.
    mask: [u64; 2],
}

/// The two halves of 16 bytes.
#[inline]
fn halves(bytes: u128) -> [u64; 2] {
    [bytes as u64, (bytes >> 64) as u64]
}

impl<'a> Guess<'a> {
    fn new(key: &'a str, column: Option<usize>) -> Self {
        let mut bytes = [0; 16];
        let length = key.len() + 3;
        let mut mask = 0_u128;
        if length <= 16 {
            bytes[0] = b'"';
            bytes[1..=key.len()].copy_from_slice(key.as_bytes());
            bytes[key.len() + 1..length].copy_from_slice(b"\":");
            mask = u128::MAX >> (8 * (16 - length));
        }
        Self { key, column, bytes: halves(u128::from_le_bytes(bytes)), mask: halves(mask) }
    }

    /// Where the value starts, when the key stands at a place, with its colon right behind it.
    #[inline]
    fn passed(&self, bytes: &[u8], at: usize) -> Option<usize> {
        if self.mask[0] != 0
            && let Some(found) = bytes.get(at..).and_then(|rest| rest.first_chunk())
        {
            let found = halves(u128::from_le_bytes(*found));
            let other = (found[0] ^ self.bytes[0]) & self.mask[0]
                | (found[1] ^ self.bytes[1]) & self.mask[1];
            return (other == 0).then_some(at + self.key.len() + 3);
        }
        let rest = bytes.get(at..)?.strip_prefix(b"\"")?;
        let rest = rest.strip_prefix(self.key.as_bytes())?.strip_prefix(b"\":")?;
        Some(bytes.len() - rest.len())
    }
}

impl<'a> Quick<'a> {
    /// At the start of a text.
    pub fn new(text: &'a str) -> Self {
        let marks = Marks::new(text.as_bytes(), [b'"', b'\\', b'\n']);
        Self { text, marks, guesses: Vec::new() }
    }

    /// Finds the values of the line that starts at a place, and the end of the line; `None` where it
    /// gives up.
    pub fn line(
        &mut self,
        start: usize,
        columns: &HashMap<String, usize>,
        found: &mut [Option<Raw<'a>>],
    ) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if *bytes.get(start)? != b'{' {
            return None;
        }
        found.fill(None);
        let mut at = start + 1;
        let mut ordinal = 0;
        loop {
            let guessed = self.guesses.get(ordinal).and_then(|guess| guess.passed(bytes, at));
            let (value, column) = match guessed {
                Some(value) => (value, self.guesses[ordinal].column),
                None => self.key(at, ordinal, columns)?,
            };
            ordinal += 1;
            let (raw, end) = self.value(blank(bytes, value))?;
            if let Some(column) = column {
                found[column] = Some(raw);
            }
            at = blank(bytes, end);
            match *bytes.get(at)? {
                b',' => at = blank(bytes, at + 1),
                b'}' => break,
                _ => return None,
            }
        }
        at += 1;
        if bytes.get(at) == Some(&b'\r') {
            at += 1;
        }
        matches!(bytes.get(at), None | Some(b'\n')).then_some(at)
    }

    /// A key that is another one than expected: where its value starts, and its column.
    fn key(
        &mut self,
        at: usize,
        ordinal: usize,
        columns: &HashMap<String, usize>,
    ) -> Option<(usize, Option<usize>)> {
        let bytes = self.text.as_bytes();
        if *bytes.get(at)? != b'"' {
            return None;
        }
        let end = self.marks.next(at + 1).filter(|end| bytes[*end] == b'"')?;
        let key = self.text.get(at + 1..end)?;
        let colon = blank(bytes, end + 1);
        if *bytes.get(colon)? != b':' {
            return None;
        }
        let column = columns.get(key).copied();
        let guess = Guess::new(key, column);
        match self.guesses.get_mut(ordinal) {
            Some(known) => *known = guess,
            None => self.guesses.push(guess),
        }
        Some((colon + 1, column))
    }

    #[inline]
    fn value(&mut self, at: usize) -> Option<(Raw<'a>, usize)> {
        let (kind, end) = match *self.text.as_bytes().get(at)? {
            b'"' => return self.string(at + 1),
            b'-' | b'0'..=b'9' => (Kind::Number, self.number(at)?),
            b't' => (Kind::Boolean, self.word(at, "true")?),
            b'f' => (Kind::Boolean, self.word(at, "false")?),
            b'n' => (Kind::Null, self.word(at, "null")?),
            b'{' | b'[' => return self.nested(at),
            _ => return None,
        };
        Some((Raw { kind, text: self.text.get(at..end)? }, end))
    }

    #[inline]
    fn string(&mut self, start: usize) -> Option<(Raw<'a>, usize)> {
        let bytes = self.text.as_bytes();
        let mut kind = Kind::Plain;
        let mut end = self.marks.next(start)?;
        while bytes[end] == b'\\' {
            kind = Kind::Escaped;
            // A record ends with its line, an escape is one character long.
            if bytes.get(end + 1) == Some(&b'\n') || !self.text.is_char_boundary(end + 2) {
                return None;
            }
            end = self.marks.next(end + 2)?;
        }
        (bytes[end] == b'"').then_some((Raw { kind, text: self.text.get(start..end)? }, end + 1))
    }

    #[inline]
    fn number(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let first = start + usize::from(bytes[start] == b'-');
        let mut at = end_of_digits(bytes, first);
        let leading_zero = bytes.get(first) == Some(&b'0') && at > first + 1;
        if at == first || leading_zero {
            return None;
        }
        if bytes.get(at) == Some(&b'.') {
            let fraction = at + 1;
            at = end_of_digits(bytes, fraction);
            if at == fraction {
                return None;
            }
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let signed = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
            let exponent = at + 1 + usize::from(signed);
            at = end_of_digits(bytes, exponent);
            if at == exponent {
                return None;
            }
        }
        Some(at)
    }

    fn word(&self, at: usize, word: &str) -> Option<usize> {
        self.text.as_bytes()[at..].starts_with(word.as_bytes()).then_some(at + word.len())
    }

    fn nested(&self, at: usize) -> Option<(Raw<'a>, usize)> {
        let raw = Scanner::new(self.text.get(at..)?).value(1).ok()?;
        // A record ends with its line, whatever the scanner takes for blank.
        let one_line = memchr::memchr(b'\n', raw.text.as_bytes()).is_none();
        one_line.then_some((raw, at + raw.text.len()))
    }
}

/// The next position that is not blank, on the same line.
#[inline]
fn blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}
