//! The records of a body that is JSON: cut into lines, in whatever layout they came.
//!
//! A body is objects one after the other, or arrays of them. What is no JSON ends the cutting, or, where
//! records may be left out, becomes an empty line: it ends with its line, and the next record begins behind
//! that; an element of an array that is no object ends with itself. Once one was not closed up to the end of
//! the body, each line is a record of its own, so that nothing is looked at more than twice.

use std::ops::Range;

/// What a body was cut into.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// The objects, one a line.
    pub lines: Vec<u8>,
    /// How many lines there are.
    pub count: u64,
    /// What is no object; each has an empty line.
    pub broken: Vec<Broken>,
}

/// A record that is no JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Its number, from 1.
    pub row: u64,
    /// What is wrong.
    pub reason: &'static str,
    /// Where it stands in the body.
    pub bytes: Range<usize>,
}

/// The objects of a JSON text. `leaves_out` says that what is no JSON is left out.
///
/// # Errors
/// The first record that is no JSON, when it is not to be left out.
pub(crate) fn split_json(body: &[u8], leaves_out: bool) -> Result<Records, Broken> {
    let records = Records { lines: Vec::with_capacity(body.len() + 1), ..Records::default() };
    let mut splitter = Splitter { body, at: 0, end: body.len(), leaves_out, records };
    if body.starts_with(b"\xef\xbb\xbf") {
        splitter.at = 3;
    }
    let mut by_lines = false;
    loop {
        splitter.end = body.len();
        let Some(byte) = splitter.next_byte() else { return Ok(splitter.records) };
        if by_lines {
            splitter.end = splitter.line_end(splitter.at);
        }
        let (start, count) = (splitter.at, splitter.records.count);
        let (length, broken) = (splitter.records.lines.len(), splitter.records.broken.len());
        let cut = if byte == b'[' { splitter.array() } else { splitter.object() };
        let Err(reason) = cut else { continue };
        if !leaves_out {
            let (row, bytes) = (splitter.records.count + 1, start..splitter.at);
            return Err(Broken { row, reason, bytes });
        }
        let is_open = splitter.at >= splitter.end;
        by_lines |= is_open;
        let end = splitter.line_end(if is_open { start } else { splitter.at });
        // What was cut out of an array that is none is part of it.
        splitter.records.lines.truncate(length);
        splitter.records.broken.truncate(broken);
        splitter.records.lines.push(b'\n');
        splitter.records.count = count + 1;
        splitter.records.broken.push(Broken { row: count + 1, reason, bytes: start..end });
        splitter.at = end;
    }
}

/// What is said of another value than an object.
const NO_OBJECT: &str = "expected a JSON object";

struct Splitter<'a> {
    body: &'a [u8],
    at: usize,
    /// Where the record must have ended.
    end: usize,
    /// Whether what is no object is left out.
    leaves_out: bool,
    records: Records,
}

impl Splitter<'_> {
    fn line_end(&self, from: usize) -> usize {
        memchr::memchr(b'\n', &self.body[from..]).map_or(self.body.len(), |at| from + at)
    }

    fn byte(&self) -> Option<u8> {
        self.body[..self.end].get(self.at).copied()
    }

    /// The next byte that is no white space, which is not passed.
    fn next_byte(&mut self) -> Option<u8> {
        while self.byte().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        self.byte()
    }

    fn array(&mut self) -> Result<(), &'static str> {
        self.at += 1;
        if self.next_byte() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            match self.byte() {
                Some(b'{') | None => self.object()?,
                Some(_) if self.leaves_out => self.other(),
                Some(_) => return Err(NO_OBJECT),
            }
            match self.next_byte() {
                Some(b',') => {
                    self.at += 1;
                    self.next_byte();
                }
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err("expected , or ] behind the object"),
            }
        }
    }

    /// Passes an element of an array that is no object: up to what stands behind it.
    fn other(&mut self) {
        let start = self.at;
        let (mut depth, mut inside, mut escaped) = (0_usize, false, false);
        while let Some(byte) = self.byte() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if inside => escaped = true,
                b'"' => inside = !inside,
                _ if inside => {}
                b',' | b']' if depth == 0 => break,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
        }
        self.records.lines.push(b'\n');
        self.records.count += 1;
        let row = self.records.count;
        self.records.broken.push(Broken { row, reason: NO_OBJECT, bytes: start..self.at });
    }

    /// Passes an object; what is inside of it the decoder looks at.
    fn object(&mut self) -> Result<(), &'static str> {
        if self.byte() != Some(b'{') {
            return Err(NO_OBJECT);
        }
        let (mut depth, mut inside, mut escaped) = (0_usize, false, false);
        while let Some(byte) = self.byte() {
            match byte {
                b'\n' | b'\r' if inside => {
                    return Err("a string holds a line break; write it as \\n");
                }
                b'\n' | b'\r' => self.records.lines.push(b' '),
                _ => self.records.lines.push(byte),
            }
            self.at += 1;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if inside => escaped = true,
                b'"' => inside = !inside,
                b'{' | b'[' if !inside => depth += 1,
                b'}' | b']' if !inside => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                self.records.lines.push(b'\n');
                self.records.count += 1;
                return Ok(());
            }
        }
        Err("the object is not closed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &str) -> Result<String, (u64, &'static str)> {
        let records = split_json(body.as_bytes(), false);
        records
            .map(|records| String::from_utf8(records.lines).unwrap())
            .map_err(|broken| (broken.row, broken.reason))
    }

    #[test]
    fn objects_are_found_in_any_layout() {
        assert_eq!(lines("{\"a\":1}").unwrap(), "{\"a\":1}\n");
        assert_eq!(lines("{\n \"a\" : 1\n}\n").unwrap(), "{  \"a\" : 1 }\n");
        assert_eq!(
            lines("[{\"a\":\"]}\\\"\"} , {\"b\":[{}]}]").unwrap(),
            "{\"a\":\"]}\\\"\"}\n{\"b\":[{}]}\n"
        );
        assert_eq!(lines("{\"a\":1}\n{\"a\":2}\r\n").unwrap(), "{\"a\":1}\n{\"a\":2}\n");
        assert_eq!(lines(" [] ").unwrap(), "");
        for (body, row, reason) in [
            ("{\"a\":1} x", 2, "expected a JSON object"),
            ("[{\"a\":1},{\"a\":", 2, "the object is not closed"),
            ("[{}", 2, "expected , or ] behind the object"),
            ("[{},]", 2, "expected a JSON object"),
            ("{\"a\":\"x\ny\"}", 1, "a string holds a line break; write it as \\n"),
            ("[[{}]]", 1, "expected a JSON object"),
        ] {
            assert_eq!(lines(body), Err((row, reason)), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_left_out_with_its_line() {
        for (body, lines, left_out) in [
            ("{\"a\":1}\nno\n{\"a\":3}", "{\"a\":1}\n\n{\"a\":3}\n", "2 no"),
            ("no\r\n{\n\"a\":2\n}\n", "\n{ \"a\":2 }\n", "1 no\r"),
            ("{\"a\":1}\n{\"a\":\n{\"a\":3}\n", "{\"a\":1}\n\n{\"a\":3}\n", "2 {\"a\":"),
            ("{\"a\":\"x\n{\"a\":2}", "\n{\"a\":2}\n", "1 {\"a\":\"x"),
            ("[{\"a\":1},no]\n{\"a\":2}", "{\"a\":1}\n\n{\"a\":2}\n", "2 no"),
            ("[{\"a\":1},\n5,\n{\"a\":2}]", "{\"a\":1}\n\n{\"a\":2}\n", "2 5"),
            ("[\"x,]\\\"\",[{},2],{\"a\":2}]", "\n\n{\"a\":2}\n", "1 \"x,]\\\"\"|2 [{},2]"),
            ("[{\"a\":1},]", "{\"a\":1}\n\n", "2 "),
            ("{\"a\":1}} x\n{}", "{\"a\":1}\n\n{}\n", "2 } x"),
            ("[{\"a\":1},\n{\"a\":", "\n\n", "1 [{\"a\":1},|2 {\"a\":"),
        ] {
            let records = split_json(body.as_bytes(), true).unwrap();
            assert_eq!(String::from_utf8_lossy(&records.lines), lines, "{body}");
            let broken = records.broken.iter();
            let broken = broken.map(|one| format!("{} {}", one.row, &body[one.bytes.clone()]));
            assert_eq!(broken.collect::<Vec<_>>().join("|"), left_out, "{body}");
            assert_eq!(records.count as usize, lines.matches('\n').count(), "{body}");
        }
    }

    #[test]
    fn a_body_of_open_objects_is_looked_at_once() {
        let started = std::time::Instant::now();
        let body = "{\n".repeat(1 << 20);
        assert_eq!(split_json(body.as_bytes(), true).unwrap().broken.len(), 1 << 20);
        assert!(started.elapsed().as_secs() < 20);
    }
}
