//! The quick walk through a line of JSON: lines that look like the one before, which is most of them.
//!
//! It takes what it knows: an object on one line, whose keys have no escapes, with at most one blank behind
//! commas and colons. At anything else it gives up, and the line is read again from its start by the
//! [`Scanner`], which also knows what is wrong with it. So the two give the same values, and only one of them
//! has errors.

use std::collections::HashMap;

use crate::digits::{end_of_digits, leading_number};
use crate::json_scan::{Kind, Raw, Scanner};
use crate::marks::Marks;

/// A column that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its position.
    pub column: usize,
    /// Whether it takes short whole numbers as [`Found::Integer`].
    pub integer: bool,
}

/// What a line has for a column.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// Nothing.
    Missing,
    /// A whole number, read already.
    Integer(i64),
    /// Any other value.
    Raw(Raw<'a>),
}

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
    target: Option<Target>,
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
    fn new(key: &'a str, target: Option<Target>) -> Self {
        let mut bytes = [0; 16];
        let length = key.len() + 3;
        let mut mask = 0_u128;
        if length <= 16 {
            bytes[0] = b'"';
            bytes[1..=key.len()].copy_from_slice(key.as_bytes());
            bytes[key.len() + 1..length].copy_from_slice(b"\":");
            mask = u128::MAX >> (8 * (16 - length));
        }
        Self { key, target, bytes: halves(u128::from_le_bytes(bytes)), mask: halves(mask) }
    }

    /// Where the value starts and its column, when the key stands at a place, with its colon right behind it.
    #[inline]
    fn passed(&self, bytes: &[u8], at: usize) -> Option<(usize, Option<Target>)> {
        if self.mask[0] != 0
            && let Some(found) = bytes.get(at..).and_then(|rest| rest.first_chunk())
        {
            let found = halves(u128::from_le_bytes(*found));
            let other = (found[0] ^ self.bytes[0]) & self.mask[0]
                | (found[1] ^ self.bytes[1]) & self.mask[1];
            return (other == 0).then_some((at + self.key.len() + 3, self.target));
        }
        let rest = bytes.get(at..)?.strip_prefix(b"\"")?;
        let rest = rest.strip_prefix(self.key.as_bytes())?.strip_prefix(b"\":")?;
        Some((bytes.len() - rest.len(), self.target))
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
        columns: &HashMap<String, Target>,
        found: &mut [Found<'a>],
    ) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if *bytes.get(start)? != b'{' {
            return None;
        }
        found.fill(Found::Missing);
        let mut at = start + 1;
        let mut ordinal = 0;
        loop {
            let guess = self.guesses.get(ordinal);
            let (value, target) = match guess.and_then(|guess| guess.passed(bytes, at)) {
                Some(known) => known,
                None => self.key(at, ordinal, columns)?,
            };
            ordinal += 1;
            at = self.value(passed_blank(bytes, value), target, found)?;
            match *bytes.get(at)? {
                b',' => at = passed_blank(bytes, at + 1),
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
    #[cold]
    fn key(
        &mut self,
        at: usize,
        ordinal: usize,
        columns: &HashMap<String, Target>,
    ) -> Option<(usize, Option<Target>)> {
        let bytes = self.text.as_bytes();
        if *bytes.get(at)? != b'"' {
            return None;
        }
        let end = self.marks.next(at + 1).filter(|end| bytes[*end] == b'"')?;
        let key = self.text.get(at + 1..end)?;
        if *bytes.get(end + 1)? != b':' {
            return None;
        }
        let target = columns.get(key).copied();
        let guess = Guess::new(key, target);
        match self.guesses.get_mut(ordinal) {
            Some(known) => *known = guess,
            None => self.guesses.push(guess),
        }
        Some((end + 2, target))
    }

    /// Passes over a value, and keeps it where a column asks for it.
    #[inline]
    fn value(
        &mut self,
        at: usize,
        target: Option<Target>,
        found: &mut [Found<'a>],
    ) -> Option<usize> {
        let (kind, start, text_end, end) = match *self.text.as_bytes().get(at)? {
            b'"' => {
                let (kind, end) = self.string(at + 1)?;
                (kind, at + 1, end, end + 1)
            }
            b'-' | b'0'..=b'9' => {
                let (integer, end) = self.number(at)?;
                if let (Some(Target { column, integer: true }), Some(value)) = (target, integer) {
                    found[column] = Found::Integer(value);
                    return Some(end);
                }
                (Kind::Number, at, end, end)
            }
            b't' => as_written(Kind::Boolean, at, self.word(at, "true")?),
            b'f' => as_written(Kind::Boolean, at, self.word(at, "false")?),
            b'n' => as_written(Kind::Null, at, self.word(at, "null")?),
            b'{' | b'[' => {
                let (kind, end) = self.nested(at)?;
                as_written(kind, at, end)
            }
            _ => return None,
        };
        if let Some(target) = target {
            let text = self.text.get(start..text_end)?;
            found[target.column] = Found::Raw(Raw { kind, text });
        }
        Some(end)
    }

    /// The kind of a string whose text starts at a place, and where its text ends.
    #[inline]
    fn string(&mut self, start: usize) -> Option<(Kind, usize)> {
        let bytes = self.text.as_bytes();
        let mut kind = Kind::Plain;
        let mut end = self.marks.next(start)?;
        while bytes[end] != b'"' {
            kind = Kind::Escaped;
            // A record ends with its line, an escape is one character long.
            if bytes[end] == b'\n'
                || bytes.get(end + 1) == Some(&b'\n')
                || !self.text.is_char_boundary(end + 2)
            {
                return None;
            }
            end = self.marks.next(end + 2)?;
        }
        Some((kind, end))
    }

    /// The end of a number, and what it is if it is a short whole one.
    #[inline]
    fn number(&self, start: usize) -> Option<(Option<i64>, usize)> {
        let bytes = self.text.as_bytes();
        let negative = bytes[start] == b'-';
        let first = start + usize::from(negative);
        let short = leading_number(bytes, first);
        let mut at = short.map_or_else(|| end_of_digits(bytes, first), |(_, end)| end);
        let leading_zero = bytes.get(first) == Some(&b'0') && at > first + 1;
        if at == first || leading_zero {
            return None;
        }
        match bytes.get(at) {
            Some(b'.' | b'e' | b'E') => {}
            _ => {
                let signed = |(value, _)| if negative { -(value as i64) } else { value as i64 };
                return Some((short.map(signed), at));
            }
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
        Some((None, at))
    }

    fn word(&self, at: usize, word: &str) -> Option<usize> {
        self.text.as_bytes()[at..].starts_with(word.as_bytes()).then_some(at + word.len())
    }

    fn nested(&self, at: usize) -> Option<(Kind, usize)> {
        let raw = Scanner::new(self.text.get(at..)?).value(1).ok()?;
        // A record ends with its line, whatever the scanner takes for blank.
        let one_line = memchr::memchr(b'\n', raw.text.as_bytes()).is_none();
        one_line.then_some((raw.kind, at + raw.text.len()))
    }
}

/// A value that is all of its bytes: its kind, and where its text starts and ends, and itself ends.
fn as_written(kind: Kind, start: usize, end: usize) -> (Kind, usize, usize, usize) {
    (kind, start, end, end)
}

/// The place itself or the one behind a blank: most writers put none, some put one behind a comma and a
/// colon.
#[inline]
fn passed_blank(bytes: &[u8], at: usize) -> usize {
    at + usize::from(bytes.get(at) == Some(&b' '))
}
