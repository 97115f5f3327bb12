//! The fields of CSV one after the other, character by character: whatever quotes and escapes they have.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::csv::CsvOptions;

/// A field as it stands in the file.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    /// What is between its delimiters, without quotes and escapes.
    pub text: Cow<'a, [u8]>,
}

/// Walks through records.
pub(crate) struct Fields<'a> {
    /// The text.
    pub bytes: &'a [u8],
    /// Where the next field starts.
    pub at: usize,
    /// How fields are separated and quoted.
    pub options: &'a CsvOptions,
    /// Line breaks passed.
    pub line: u64,
    /// Whether text stood between a quote that closed and what separates its field from the next.
    pub stray: bool,
}

/// How a field ended.
#[derive(PartialEq)]
pub(crate) enum End {
    /// Another field of the record stands behind it.
    Field,
    /// The record ends with it.
    Record,
    /// A quote was never closed.
    Open,
}

impl<'a> Fields<'a> {
    /// Passes over one record; false when its quotes or its last line are not closed.
    pub fn skip_record(&mut self) -> bool {
        if self.options.comments && self.bytes[self.at] == b'#' {
            return self.skip_line();
        }
        loop {
            match self.field().1 {
                End::Field => {}
                End::Record => return self.at > 0 && self.bytes[self.at - 1] == b'\n',
                End::Open => return false,
            }
            if self.at >= self.bytes.len() {
                return false;
            }
        }
    }

    /// Passes over a line; false when it is the last one and not closed.
    pub fn skip_line(&mut self) -> bool {
        match memchr(b'\n', &self.bytes[self.at..]) {
            Some(length) => {
                self.at += length + 1;
                self.line += 1;
                true
            }
            None => {
                self.at = self.bytes.len();
                false
            }
        }
    }

    /// The next field and what stands behind it.
    pub fn field(&mut self) -> (Field<'a>, End) {
        match self.options.quote {
            Some(quote) if self.bytes.get(self.at) == Some(&quote) => self.quoted(quote),
            _ => self.plain(),
        }
    }

    fn plain(&mut self) -> (Field<'a>, End) {
        let rest = &self.bytes[self.at..];
        let mut length = memchr2(self.options.delimiter, b'\n', rest).unwrap_or(rest.len());
        let mut text = Cow::Borrowed(&rest[..length]);
        if let Some(escape) =
            self.options.escape.filter(|escape| memchr(*escape, &rest[..length]).is_some())
        {
            let mut unescaped = Vec::with_capacity(length);
            length = 0;
            while length < rest.len()
                && rest[length] != self.options.delimiter
                && rest[length] != b'\n'
            {
                let escaped = rest[length] == escape && length + 1 < rest.len();
                length += usize::from(escaped);
                unescaped.push(if escaped { meant(rest[length]) } else { rest[length] });
                length += 1;
            }
            text = Cow::Owned(unescaped);
        }
        self.at += length;
        let end = self.separator();
        if end == End::Record && text.last() == Some(&b'\r') {
            text = match text {
                Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..bytes.len() - 1]),
                Cow::Owned(mut bytes) => {
                    bytes.pop();
                    Cow::Owned(bytes)
                }
            };
        }
        (Field { text }, end)
    }

    fn quoted(&mut self, quote: u8) -> (Field<'a>, End) {
        self.at += 1;
        let start = self.at;
        let mut owned: Option<Vec<u8>> = None;
        let escape = self.options.escape.unwrap_or(quote);
        loop {
            let rest = &self.bytes[self.at..];
            let Some(length) = memchr2(quote, escape, rest) else {
                self.at = self.bytes.len();
                return (Field { text: Cow::Borrowed(&[]) }, End::Open);
            };
            let found = rest[length];
            let doubled = found == quote && rest.get(length + 1) == Some(&quote);
            let escaped = found == escape && escape != quote;
            if doubled || (escaped && rest.len() > length + 1) {
                let so_far = owned.get_or_insert_with(|| self.bytes[start..self.at].to_vec());
                so_far.extend_from_slice(&rest[..length]);
                so_far.push(if escaped { meant(rest[length + 1]) } else { quote });
                self.at += length + 2;
                continue;
            }
            if escaped {
                self.at = self.bytes.len();
                return (Field { text: Cow::Borrowed(&[]) }, End::Open);
            }
            let text = match owned {
                Some(mut so_far) => {
                    so_far.extend_from_slice(&rest[..length]);
                    Cow::Owned(so_far)
                }
                None => Cow::Borrowed(&self.bytes[start..self.at + length]),
            };
            self.line += memchr::memchr_iter(b'\n', &text).count() as u64;
            self.at += length + 1;
            // Blanks between the quote and what separates it are dropped.
            let rest = &self.bytes[self.at..];
            let length = memchr2(self.options.delimiter, b'\n', rest).unwrap_or(rest.len());
            self.stray |= rest[..length].iter().any(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
            self.at += length;
            let end = self.separator();
            return (Field { text }, end);
        }
    }

    fn separator(&mut self) -> End {
        match self.bytes.get(self.at) {
            Some(byte) if *byte == self.options.delimiter => {
                self.at += 1;
                End::Field
            }
            Some(_) => {
                self.at += 1;
                self.line += 1;
                End::Record
            }
            None => End::Record,
        }
    }
}

/// What a byte behind an escape character stands for.
fn meant(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'0' => 0,
        other => other,
    }
}
