//! Where the values of a JSON text stand, without building any of them.
//!
//! The scan checks that the text is JSON; a value is given as its raw bytes and read later, if at all.

use memchr::memchr2;
use millstream_types::json_text::push_plain_string;
use millstream_types::text::push_double;

/// The kind of a value, known from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A string without escapes: the bytes between its quotes.
    Plain,
    /// A string with escapes: the bytes between its quotes.
    Escaped,
    /// `{…}`
    Object,
    /// `[…]`
    Array,
}

/// A value by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Its text; without the quotes for strings.
    pub text: &'a str,
}

/// What is wrong with a text, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The byte, counted from 0.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
}

/// The deepest nesting that is read.
const DEPTH_MAX: usize = 200;

/// Walks through a JSON text.
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// At the start of a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The byte it stands at.
    pub fn position(&self) -> usize {
        self.at
    }

    fn peek(&self) -> u8 {
        // A zero byte is not valid JSON, so it stands for the end too.
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn broken<T>(&self, expected: &'static str) -> Result<T, Broken> {
        Err(Broken { at: self.at, expected })
    }

    /// Passes over blanks and gives the next byte, 0 at the end.
    pub fn next_byte(&mut self) -> u8 {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        self.peek()
    }

    /// Takes a byte that must come next.
    ///
    /// # Errors
    /// When another one does.
    pub fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), Broken> {
        if self.next_byte() != byte || self.at >= self.text.len() {
            return self.broken(expected);
        }
        self.at += 1;
        Ok(())
    }

    /// Whether nothing but blanks is left.
    pub fn at_end(&mut self) -> bool {
        self.next_byte();
        self.at >= self.text.len()
    }

    /// Walks the members of an object, calling `member` with key and value of each.
    ///
    /// # Errors
    /// When it is no object.
    pub fn object(
        &mut self,
        depth: usize,
        mut member: impl FnMut(Raw<'a>, Raw<'a>),
    ) -> Result<(), Broken> {
        self.take(b'{', "'{'")?;
        if self.next_byte() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.next_byte() != b'"' {
                return self.broken("a key in quotes");
            }
            let key = self.string()?;
            self.take(b':', "':'")?;
            let value = self.value(depth + 1)?;
            member(key, value);
            match self.next_byte() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.broken("',' or '}'"),
            }
        }
    }

    /// Walks the elements of an array, calling `element` with each.
    ///
    /// # Errors
    /// When it is no array.
    pub fn array(&mut self, depth: usize, mut element: impl FnMut(Raw<'a>)) -> Result<(), Broken> {
        self.take(b'[', "'['")?;
        if self.next_byte() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            element(self.value(depth + 1)?);
            match self.next_byte() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.broken("',' or ']'"),
            }
        }
    }

    /// The value that comes next.
    ///
    /// # Errors
    /// When there is none, or it is nested too deeply.
    pub fn value(&mut self, depth: usize) -> Result<Raw<'a>, Broken> {
        if depth > DEPTH_MAX {
            return self.broken("less nesting");
        }
        let first = self.next_byte();
        let start = self.at;
        let kind = match first {
            b'"' => return self.string(),
            b'{' => {
                self.object(depth, |_, _| {})?;
                Kind::Object
            }
            b'[' => {
                self.array(depth, |_| {})?;
                Kind::Array
            }
            b't' => self.word("true", Kind::Boolean)?,
            b'f' => self.word("false", Kind::Boolean)?,
            b'n' => self.word("null", Kind::Null)?,
            b'-' | b'0'..=b'9' => {
                self.number()?;
                Kind::Number
            }
            _ => return self.broken("a value"),
        };
        Ok(Raw { kind, text: &self.text[start..self.at] })
    }

    fn word(&mut self, word: &'static str, kind: Kind) -> Result<Kind, Broken> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return self.broken("a value");
        }
        self.at += word.len();
        Ok(kind)
    }

    fn digits(&mut self) -> Result<(), Broken> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { self.broken("a digit") } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), Broken> {
        if self.peek() == b'-' {
            self.at += 1;
        }
        if self.peek() == b'0' {
            self.at += 1;
            if self.peek().is_ascii_digit() {
                return self.broken("no leading zero");
            }
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Raw<'a>, Broken> {
        self.at += 1;
        let start = self.at;
        let mut kind = Kind::Plain;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            match memchr2(b'"', b'\\', rest) {
                Some(found) if rest[found] == b'"' => {
                    let text = &self.text[start..self.at + found];
                    self.at += found + 1;
                    return Ok(Raw { kind, text });
                }
                Some(found) => {
                    kind = Kind::Escaped;
                    self.at += found + 2;
                    if self.at > self.text.len() || !self.text.is_char_boundary(self.at) {
                        self.at -= 1;
                        return self.broken("an escape");
                    }
                }
                None => {
                    self.at = self.text.len();
                    return self.broken("a closing quote");
                }
            }
        }
    }
}

/// The text that a string with escapes stands for; `None` when an escape is none of JSON's.
pub fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = *rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        out.push(match escape {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = hex4(rest)?;
                rest = &rest[4..];
                let low = rest.strip_prefix("\\u").and_then(hex4);
                match low.filter(|low| (0xdc00..0xe000).contains(low)) {
                    Some(low) if (0xd800..0xdc00).contains(&unit) => {
                        rest = &rest[6..];
                        char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))?
                    }
                    // Half of a pair is no character: Java writes a question mark for it.
                    _ => char::from_u32(unit).unwrap_or('?'),
                }
            }
            _ => return None,
        });
    }
    out.push_str(rest);
    Some(out)
}

fn hex4(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// A JSON text as Flink writes it anew: without blanks, with no more escapes than there must be, and numbers
/// that have a fraction or an exponent as a DOUBLE.
pub fn written_anew(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        match next {
            '"' => {
                let end = string_end(rest);
                let inside = &rest[1..end];
                push_plain_string(&mut out, &unescape(inside).unwrap_or_else(|| inside.to_owned()));
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            '-' | '0'..='9' => {
                let part = |c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
                let (number, behind) = rest.split_at(rest.find(part).unwrap_or(rest.len()));
                match fast_float2::parse(number) {
                    Ok(value) if number.contains(['.', 'e', 'E']) && f64::is_finite(value) => {
                        push_double(&mut out, value);
                    }
                    _ => out.push_str(if number == "-0" { "0" } else { number }),
                }
                rest = behind;
            }
            blank => {
                if !matches!(blank, ' ' | '\t' | '\r' | '\n') {
                    out.push(blank);
                }
                rest = &rest[blank.len_utf8()..];
            }
        }
    }
    out
}

/// Where the quote stands that closes the string at the start of a text.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    let closes = |(at, byte): (usize, u8)| {
        let quote = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        (at > 0 && quote).then_some(at)
    };
    // The quote that opens it is no escape.
    text.bytes().enumerate().find_map(closes).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(text: &str) -> bool {
        let mut scanner = Scanner::new(text);
        scanner.value(0).is_ok() && scanner.at_end()
    }

    #[test]
    fn json_is_told_from_what_is_not() {
        for text in [
            "{}",
            "[1, -2.5e+3, \"a\\\"b\", null]",
            "{\"a\":{\"b\":[{}]}}",
            " true ",
            "0",
            "\"\\u00e9\"",
        ] {
            assert!(valid(text), "{text}");
        }
        for text in [
            "", "{", "{\"a\"}", "{\"a\":}", "[1,]", "01", "1.", "tru", "\"a", "\"a\\", "{a:1}",
            "1 2", "-",
        ] {
            assert!(!valid(text), "{text}");
        }
        assert!(!valid(&"[".repeat(100_000)));
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(unescape("a\\n\\u00e9\\ud83d\\ude00b").as_deref(), Some("a\né😀b"));
        // Half of a pair.
        assert_eq!(unescape("\\ud83dx\\ude00\\ud83d").as_deref(), Some("?x??"));
        for broken in ["\\x", "\\u12", "\\"] {
            assert_eq!(unescape(broken), None, "{broken}");
        }
    }

    #[test]
    fn nested_values_are_written_anew() {
        for (given, due) in [
            (
                r#"{"b" : 1.10, "a":"\u00e9\/\u0001\"", "n":[1e2,-0,12345678901234567890, true]}"#,
                r#"{"b":1.1,"a":"é/\u0001\"","n":[100.0,0,12345678901234567890,true]}"#,
            ),
            (r#"["\\", "x y"]"#, r#"["\\","x y"]"#),
        ] {
            assert_eq!(written_anew(given), due);
        }
    }
}
