//! The rows of a request's body: unpacked, cut into records, decoded, and checked as a whole.
//!
//! A body is JSON (one object, an array of them, or one after the other) or CSV. Either all its rows are
//! good, or it is answered with what is wrong with them.

use std::io::Read;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use millstream_formats::{Chunk, Decoded, Decoder, ErrorPolicy, Format};
use millstream_plan::Table;
use millstream_types::{Error, Result};

/// How many rows an answer says something about.
const SHOWN: usize = 20;

/// A row that is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Its number in the body, from 1; for CSV that of its line, without the header.
    pub row: u64,
    /// The column, where it is one that is wrong.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// Why a body is not taken.
#[derive(Debug)]
pub enum Refused {
    /// Some rows are wrong; the first of them.
    Rows(Vec<BadRow>),
    /// It has no rows.
    Empty,
    /// It is longer than is taken when unpacked, in bytes.
    TooLong(usize),
    /// It has more rows than are taken.
    TooMany(usize),
    /// It is not what its header says.
    Packing(String),
}

/// Reads bodies for one table.
pub struct BodyReader {
    csv_header: bool,
    json: bool,
    schema: SchemaRef,
    decoder: Arc<dyn Decoder>,
    rows_max: usize,
}

impl BodyReader {
    /// For the columns of a table that are in the data, and bodies of so many rows.
    ///
    /// # Errors
    /// When the format is none of JSON and CSV, or does not hold a column.
    pub fn new(table: &Table, rows_max: usize) -> Result<Self> {
        let Some(name) = table.options.get("format") else {
            return Err(Error::options(
                "a table of http-server needs a 'format'",
                "it is json or csv",
            ));
        };
        let format = Format::from_options(name, &table.options)?;
        if !matches!(format, Format::Json(_) | Format::Csv(_)) {
            return Err(Error::options(
                format!("'format' = '{name}' is not taken over HTTP"),
                "it is json or csv",
            ));
        }
        let own = table.physical.fields().iter();
        let own = own.filter(|field| !table.metadata.contains_key(field.name())).cloned();
        let schema: SchemaRef = Arc::new(Schema::new(own.collect::<Vec<_>>()));
        let columns: Vec<usize> = (0..schema.fields().len()).collect();
        let policy = ErrorPolicy::of(&table.options, name)?;
        let decoder = format.decoder(&schema, &columns)?.map(|decoder| policy.applied(decoder));
        let decoder = decoder.ok_or_else(|| Error::Internal("json and csv are text".to_owned()))?;
        Ok(Self {
            csv_header: format.has_header(),
            json: matches!(format, Format::Json(_)),
            schema,
            decoder,
            rows_max,
        })
    }

    /// Whether bodies of a content type are taken; without one the table's format is meant.
    pub fn takes(&self, content_type: &str) -> bool {
        let is_csv = content_type.to_ascii_lowercase().contains("csv");
        let is_json = content_type.to_ascii_lowercase().contains("json");
        if self.json { !is_csv } else { !is_json }
    }

    /// What bodies are, as a message says it.
    pub fn content(&self) -> &'static str {
        if self.json { "application/json" } else { "text/csv" }
    }

    /// All rows of the body of a request, or those that can be read where the policy leaves others out.
    ///
    /// # Errors
    /// When a row is wrong, or there is none.
    pub fn rows(&self, body: Vec<u8>, id: &str) -> std::result::Result<Decoded, Refused> {
        let records = match self.json {
            true => split_json(&body).map_err(|bad| Refused::Rows(vec![bad]))?,
            false => without_header(body, self.csv_header),
        };
        // Rows may take a hundred times the memory of their text: they are counted before they are decoded.
        if memchr::memchr_iter(b'\n', &records).count() > self.rows_max {
            return Err(Refused::TooMany(self.rows_max));
        }
        let decoded = match self.decode(records.clone(), id, 1) {
            Ok(decoded) => decoded,
            Err(_) if self.json => return Err(Refused::Rows(self.bad_rows(&records, id))),
            Err(error) => return Err(Refused::Rows(vec![bad_row(&error, id)])),
        };
        if decoded.rows.num_rows() == 0 && decoded.skipped == 0 {
            return Err(Refused::Empty);
        }
        let missing = self.missing(&decoded.rows);
        if missing.is_empty() { Ok(decoded) } else { Err(Refused::Rows(missing)) }
    }

    fn decode(&self, bytes: Vec<u8>, id: &str, first_line: u64) -> Result<Decoded> {
        self.decoder.decode(&Chunk { bytes, source: source(id).into(), first_line })
    }

    /// Decodes record by record, to tell of each that is wrong.
    fn bad_rows(&self, records: &[u8], id: &str) -> Vec<BadRow> {
        let lines = records.split(|byte| *byte == b'\n').enumerate();
        let failed = lines.filter_map(|(at, line)| {
            self.decode(line.to_vec(), id, at as u64 + 1).err().map(|error| bad_row(&error, id))
        });
        failed.take(SHOWN).collect()
    }

    /// Rows without a value where the column is NOT NULL.
    fn missing(&self, rows: &RecordBatch) -> Vec<BadRow> {
        let columns = self.schema.fields().iter().zip(rows.columns());
        let due: Vec<_> = columns
            .filter(|(field, column)| !field.is_nullable() && column.null_count() > 0)
            .collect();
        let places = (0..if due.is_empty() { 0 } else { rows.num_rows() })
            .flat_map(|row| due.iter().map(move |of| (row, of)))
            .filter(|(row, (_, column))| column.is_null(*row));
        let bad = places.map(|(row, (field, _))| BadRow {
            row: row as u64 + 1,
            column: Some(field.name().clone()),
            reason: "the column is NOT NULL and has no value".to_owned(),
        });
        bad.take(SHOWN).collect()
    }
}

/// What a body is called where records of it are named.
fn source(id: &str) -> String {
    format!("request {id}")
}

/// What a decoder says of a record, taken apart: `request 5f…:3, column "price"`.
fn bad_row(error: &Error, id: &str) -> BadRow {
    let Error::Data { location, message } = error else {
        return BadRow { row: 1, column: None, reason: error.to_string() };
    };
    let place = location.strip_prefix(&source(id)).unwrap_or(location).trim_start_matches(':');
    let digits = place.bytes().take_while(u8::is_ascii_digit).count();
    let column =
        place.split_once("column \"").map(|(_, name)| name.trim_end_matches('"').to_owned());
    BadRow { row: place[..digits].parse().unwrap_or(1), column, reason: message.clone() }
}

fn without_header(mut body: Vec<u8>, header: bool) -> Vec<u8> {
    if header {
        let end = memchr::memchr(b'\n', &body).map_or(body.len(), |at| at + 1);
        body.drain(..end);
    }
    body
}

/// Unpacks a body, up to some bytes.
///
/// # Errors
/// When it is longer, or not packed as its header says.
pub fn unpacked(
    body: Vec<u8>,
    encoding: Option<&str>,
    most: usize,
) -> std::result::Result<Vec<u8>, Refused> {
    match encoding.map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => Ok(body),
        Some("gzip" | "x-gzip") => {
            let mut plain = Vec::new();
            let reader = flate2::read::MultiGzDecoder::new(&body[..]);
            // One byte more than is taken tells that there is more.
            let read = reader.take(most as u64 + 1).read_to_end(&mut plain);
            read.map_err(|error| Refused::Packing(format!("the body is not gzip: {error}")))?;
            if plain.len() > most { Err(Refused::TooLong(most)) } else { Ok(plain) }
        }
        Some(other) => Err(Refused::Packing(format!("Content-Encoding \"{other}\" is not taken"))),
    }
}

/// The objects of a JSON text, one a line: those of an array, or one after the other.
fn split_json(body: &[u8]) -> std::result::Result<Vec<u8>, BadRow> {
    let mut splitter = Splitter { body, at: 0, lines: Vec::with_capacity(body.len() + 1), row: 1 };
    if body.starts_with(b"\xef\xbb\xbf") {
        splitter.at = 3;
    }
    while let Some(byte) = splitter.next_byte() {
        match byte {
            b'[' => splitter.array()?,
            _ => splitter.object()?,
        }
    }
    Ok(splitter.lines)
}

struct Splitter<'a> {
    body: &'a [u8],
    at: usize,
    lines: Vec<u8>,
    row: u64,
}

impl Splitter<'_> {
    /// The next byte that is no white space, which is not passed.
    fn next_byte(&mut self) -> Option<u8> {
        while self.body.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    fn bad(&self, reason: &str) -> BadRow {
        BadRow { row: self.row, column: None, reason: reason.to_owned() }
    }

    fn array(&mut self) -> std::result::Result<(), BadRow> {
        self.at += 1;
        if self.next_byte() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.object()?;
            match self.next_byte() {
                Some(b',') => {
                    self.at += 1;
                    self.next_byte();
                }
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.bad("expected , or ] behind the object")),
            }
        }
    }

    /// Passes an object; what is inside of it the decoder looks at.
    fn object(&mut self) -> std::result::Result<(), BadRow> {
        if self.body.get(self.at) != Some(&b'{') {
            return Err(self.bad("expected a JSON object"));
        }
        let (mut depth, mut inside, mut escaped) = (0_usize, false, false);
        while let Some(byte) = self.body.get(self.at).copied() {
            self.at += 1;
            match byte {
                b'\n' | b'\r' if inside => {
                    return Err(self.bad("a string holds a line break; write it as \\n"));
                }
                b'\n' | b'\r' => self.lines.push(b' '),
                _ => self.lines.push(byte),
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' if inside => escaped = true,
                b'"' => inside = !inside,
                b'{' | b'[' if !inside => depth += 1,
                b'}' | b']' if !inside => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                self.lines.push(b'\n');
                self.row += 1;
                return Ok(());
            }
        }
        Err(self.bad("the object is not closed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &str) -> std::result::Result<String, (u64, String)> {
        split_json(body.as_bytes())
            .map(|lines| String::from_utf8(lines).unwrap())
            .map_err(|bad| (bad.row, bad.reason))
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
            assert_eq!(lines(body), Err((row, reason.to_owned())), "{body}");
        }
    }

    #[test]
    fn a_bomb_is_left_packed() {
        use std::io::Write;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b' '; 1 << 20]).unwrap();
        let bomb = packer.finish().unwrap();
        assert!(matches!(
            unpacked(bomb.clone(), Some("gzip"), 1_000),
            Err(Refused::TooLong(1_000))
        ));
        assert_eq!(unpacked(bomb, Some("gzip"), 1 << 20).unwrap().len(), 1 << 20);
        assert!(matches!(unpacked(vec![1, 2], Some("gzip"), 10), Err(Refused::Packing(_))));
        assert!(matches!(unpacked(vec![], Some("br"), 10), Err(Refused::Packing(_))));
    }
}
