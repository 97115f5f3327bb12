//! The rows of a request's body: unpacked, cut into records, decoded, and checked as a whole.
//!
//! A body is JSON (one object, an array of them, or one after the other) or CSV. Either all its rows are
//! good, or it is answered with what is wrong with them.

use std::io::Read;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use millstream_formats::decoder::Rejected;
use millstream_formats::policy::{Record, records_of};
use millstream_formats::{BadRecord, Chunk, Decoded, Decoder, ErrorPolicy, Format};
use millstream_plan::Table;
use millstream_types::{Error, Result};

use crate::http_records::{Broken, Records, split_json};

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
    policy: ErrorPolicy,
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
        // Whoever posts a number can be told that it does not fit; a file could not be asked again.
        let format = match policy {
            ErrorPolicy::Fail => format.with_strict_decimals(),
            _ => format,
        };
        let decoder = format.decoder(&schema, &columns)?.map(|decoder| policy.applied(decoder));
        let decoder = decoder.ok_or_else(|| Error::Internal("json and csv are text".to_owned()))?;
        Ok(Self {
            csv_header: format.has_header(),
            json: matches!(format, Format::Json(_)),
            schema,
            policy,
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
        let source: Arc<str> = source(id).into();
        let records = match self.json {
            true => split_json(&body, self.policy != ErrorPolicy::Fail)
                .map_err(|broken| Refused::Rows(vec![broken_row(&broken)]))?,
            false => Records::default(),
        };
        let Records { lines, count, broken } = records;
        // A body of which nothing is JSON has no records that could be left out.
        if !broken.is_empty() && broken.len() as u64 == count {
            return Err(Refused::Rows(broken.iter().take(SHOWN).map(broken_row).collect()));
        }
        let (bytes, body) = match self.json {
            true => (lines, body),
            false => (without_header(body, self.csv_header), Vec::new()),
        };
        let chunk = Chunk { bytes, source: Arc::clone(&source), first_line: 1 };
        // Rows may take a hundred times the memory of their text: they are counted before they are decoded.
        if memchr::memchr_iter(b'\n', &chunk.bytes).count() > self.rows_max
            && (self.json || records_of(self.decoder.as_ref(), &chunk).len() > self.rows_max)
        {
            return Err(Refused::TooMany(self.rows_max));
        }
        let decoded = match self.decoder.decode(&chunk) {
            Ok(decoded) if self.missing(&decoded.rows).next().is_none() => decoded,
            decoded => {
                let records = records_of(self.decoder.as_ref(), &chunk);
                let mut bad = Vec::new();
                self.look(&chunk, &records, &mut bad);
                if let (true, Err(error)) = (bad.is_empty(), &decoded) {
                    bad.push(bad_row(error, &source));
                }
                return Err(Refused::Rows(bad));
            }
        };
        let left_out = self.left_out(decoded, &body, &broken, &source);
        let decoded = left_out.map_err(|error| Refused::Rows(vec![bad_row(&error, &source)]))?;
        let is_empty = decoded.rows.num_rows() == 0 && decoded.skipped == 0;
        if is_empty { Err(Refused::Empty) } else { Ok(decoded) }
    }

    /// Tells of each record that is wrong: halves them until such a one stands alone.
    fn look(&self, chunk: &Chunk, records: &[Record], bad: &mut Vec<BadRow>) {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return };
        if bad.len() >= SHOWN {
            return;
        }
        let part = chunk.part(first.bytes.start..last.bytes.end, first.line);
        match (self.decoder.decode(&part), records) {
            (Ok(decoded), [one]) => bad.extend(self.missing(&decoded.rows).map(|column| BadRow {
                row: one.line,
                column: Some(column.to_owned()),
                reason: "the column is NOT NULL and has no value".to_owned(),
            })),
            (Err(error), [_]) => bad.push(bad_row(&error, &chunk.source)),
            (Ok(decoded), _) if self.missing(&decoded.rows).next().is_none() => {}
            _ => {
                let (before, behind) = records.split_at(records.len() / 2);
                self.look(chunk, before, bad);
                self.look(chunk, behind, bad);
            }
        }
    }

    /// The columns that are NOT NULL and have no value in some row.
    fn missing(&self, rows: &RecordBatch) -> impl Iterator<Item = &str> {
        let nulls: Vec<bool> = rows.columns().iter().map(|c| c.null_count() > 0).collect();
        let columns = self.schema.fields().iter().zip(nulls);
        let due = columns.filter(|(field, has_null)| !field.is_nullable() && *has_null);
        due.map(|(field, _)| field.name().as_str())
    }

    /// Rows with the records beside them that are no JSON.
    fn left_out(
        &self,
        decoded: Decoded,
        body: &[u8],
        broken: &[Broken],
        source: &str,
    ) -> Result<Decoded> {
        if broken.is_empty() {
            return Ok(decoded);
        }
        let (mut rejected, mut bad) = (Rejected::default(), decoded.bad);
        for one in broken {
            let (bytes, place) = (&body[one.bytes.clone()], format!("{source}:{}", one.row));
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            rejected.push(place.clone(), one.reason.to_owned(), bytes);
            if self.policy == ErrorPolicy::Table {
                bad.push(BadRecord { place, reason: one.reason.to_owned(), bytes: bytes.to_vec() });
            }
        }
        let all: Vec<RecordBatch> = decoded.rejected.into_iter().chain(rejected.rows()?).collect();
        Ok(Decoded {
            skipped: decoded.skipped + broken.len() as u64,
            rejected: all.first().map(|one| concat_batches(&one.schema(), &all)).transpose()?,
            bad,
            ..decoded
        })
    }
}

/// What a body is called where records of it are named.
fn source(id: &str) -> String {
    format!("request {id}")
}

fn broken_row(broken: &Broken) -> BadRow {
    BadRow { row: broken.row, column: None, reason: broken.reason.to_owned() }
}

/// What a decoder says of a record, taken apart: `request 5f…:3, column "price"`.
fn bad_row(error: &Error, source: &str) -> BadRow {
    let Error::Data { location, message } = error else {
        return BadRow { row: 1, column: None, reason: error.to_string() };
    };
    let place = location.strip_prefix(source).unwrap_or(location).trim_start_matches(':');
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

#[cfg(test)]
mod tests {
    use super::*;

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
