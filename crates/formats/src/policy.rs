//! [`ErrorPolicy`]: what becomes of a record that cannot be read, the same in every format.
//!
//! `fail` ends the job with its place. `skip` is Flink's `ignore-parse-errors`: a field that cannot be
//! read is NULL, a record that cannot be read is left out. `table` leaves out every record with anything
//! wrong in it, and keeps its bytes. `Keeping` does that to a decoder that fails: it halves the records
//! of a chunk until those that are wrong stand alone, so that a chunk without any costs nothing.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, Int64Array};
use arrow::compute::{concat, concat_batches};
use millstream_types::{Error, Result};

use crate::decoder::{BadRecord, Chunk, Decoded, Decoder, Rejected};

/// The option.
pub const KEY: &str = "errors.policy";

/// What becomes of a record that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorPolicy {
    /// The job fails.
    Fail,
    /// It is left out, or its fields are NULL; both are counted.
    Skip,
    /// It is left out, counted and kept.
    Table,
}

impl ErrorPolicy {
    /// What a table's options say of a format.
    ///
    /// # Errors
    /// When the policy is none, or is not that of the format's own option.
    pub fn of(options: &BTreeMap<String, String>, format: &str) -> Result<Self> {
        let own = format!("{format}.ignore-parse-errors");
        let ignores = options.get(&own).is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let policy = match options.get(KEY).map(String::as_str) {
            None if ignores => Self::Skip,
            None | Some("fail") => Self::Fail,
            Some("skip") => Self::Skip,
            Some("table") => Self::Table,
            Some(other) => {
                return Err(Error::options(
                    format!("'{KEY}' cannot be '{other}'"),
                    "it is 'fail', 'skip', or 'table', which keeps records in millstream.rejected_records",
                ));
            }
        };
        if ignores && policy != Self::Skip {
            return Err(Error::options(
                format!("'{own}' means 'skip', and '{KEY}' is another"),
                "leave one of them out",
            ));
        }
        Ok(policy)
    }

    /// A decoder that follows the policy, of one that fails or, for `skip`, that leaves out.
    pub fn applied(self, decoder: Arc<dyn Decoder>) -> Arc<dyn Decoder> {
        match self {
            Self::Table => Arc::new(Keeping(decoder)),
            Self::Fail | Self::Skip => decoder,
        }
    }
}

/// A decoder that keeps what it cannot read.
struct Keeping(Arc<dyn Decoder>);

/// A record that is longer than this before its end is found is taken to be broken.
const OPEN_BYTES_MAX: usize = 64 << 10;

/// And so is one of so many lines: each of them is looked at again with the next.
const OPEN_LINES_MAX: u64 = 64;

impl Decoder for Keeping {
    fn whole(&self, bytes: &[u8]) -> usize {
        self.0.whole(bytes)
    }

    fn is_by_line(&self) -> bool {
        self.0.is_by_line()
    }

    fn decode(&self, chunk: &Chunk) -> Result<Decoded> {
        match self.0.decode(chunk) {
            Err(Error::Data { .. }) => {}
            decoded => return decoded,
        }
        let mut sorted = Sorted::default();
        self.sort(chunk, &records_of(self.0.as_ref(), chunk), &mut sorted)?;
        sorted.decoded(self.0.decode(&chunk.part(0..0, chunk.first_line))?)
    }
}

/// Where one record of a chunk stands.
#[derive(Debug)]
pub struct Record {
    /// Its bytes in the chunk, with the line break at its end.
    pub bytes: Range<usize>,
    /// The number of its first line.
    pub line: u64,
}

/// Where the records of a chunk stand.
pub fn records_of(decoder: &dyn Decoder, chunk: &Chunk) -> Vec<Record> {
    let (mut records, mut start, mut line) = (Vec::new(), 0, chunk.first_line);
    let mut lines = 0;
    for end in memchr::memchr_iter(b'\n', &chunk.bytes).map(|at| at + 1) {
        let open = &chunk.bytes[start..end];
        lines += 1;
        let gives_up = open.len() > OPEN_BYTES_MAX || lines > OPEN_LINES_MAX;
        if gives_up || decoder.whole(open) == open.len() {
            records.push(Record { bytes: start..end, line });
            line += lines;
            (start, lines) = (end, 0);
        }
    }
    if start < chunk.bytes.len() {
        records.push(Record { bytes: start..chunk.bytes.len(), line });
    }
    records
}

impl Keeping {
    /// Decodes records, and halves them where that fails.
    fn sort(&self, chunk: &Chunk, records: &[Record], sorted: &mut Sorted) -> Result<()> {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
        match self.0.decode(&chunk.part(first.bytes.start..last.bytes.end, first.line)) {
            Ok(decoded) => sorted.good.push(decoded),
            Err(Error::Data { location, message }) if records.len() == 1 => {
                let bytes = chunk.bytes[first.bytes.clone()].trim_ascii_end().to_vec();
                sorted.bad.push(BadRecord { place: location, reason: message, bytes });
            }
            Err(Error::Data { .. }) => {
                let (before, behind) = records.split_at(records.len() / 2);
                self.sort(chunk, before, sorted)?;
                self.sort(chunk, behind, sorted)?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[derive(Default)]
struct Sorted {
    good: Vec<Decoded>,
    bad: Vec<BadRecord>,
}

impl Sorted {
    /// All together; `none` is what no record is decoded to.
    fn decoded(self, none: Decoded) -> Result<Decoded> {
        let mut rejected = Rejected::default();
        for bad in &self.bad {
            rejected.push(bad.place.clone(), bad.reason.clone(), &bad.bytes);
        }
        let rows: Vec<_> = self.good.iter().map(|decoded| decoded.rows.clone()).collect();
        let weights: Vec<&dyn Array> = self
            .good
            .iter()
            .filter_map(|decoded| decoded.weights.as_ref().map(|weights| weights as &dyn Array))
            .collect();
        let weights = match weights.is_empty() {
            true => none.weights,
            false => Some(Int64Array::from(concat(&weights)?.to_data())),
        };
        Ok(Decoded {
            rows: concat_batches(&none.rows.schema(), &rows)?,
            weights,
            skipped: self.bad.len() as u64,
            nulled: self.good.iter().map(|decoded| decoded.nulled).sum(),
            rejected: rejected.rows()?,
            bad: self.bad,
        })
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::Format;

    fn decoded(format: &str, text: &str) -> Decoded {
        let schema = Arc::new(Schema::new(vec![
            Field::new("a", DataType::Int32, true),
            Field::new("s", DataType::Utf8, true),
        ]));
        let options = BTreeMap::from([(KEY.to_owned(), "table".to_owned())]);
        let policy = ErrorPolicy::of(&options, format).unwrap();
        let format = Format::from_options(format, &options).unwrap();
        let decoder = policy.applied(format.decoder(&schema, &[0, 1]).unwrap().unwrap());
        decoder.decode(&Chunk { bytes: text.into(), source: "x".into(), first_line: 1 }).unwrap()
    }

    #[test]
    fn what_is_wrong_stands_alone() {
        for (format, text, due) in [
            (
                "json",
                "{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":3}\nno\n\n{\"a\":5}",
                "x:2, column \"a\" {\"a\":\"x\"}|x:4:1 no",
            ),
            ("csv", "1,a\nx,b\n3,\"c\nd\"\n4\n5,e\n", "x:2, column \"a\" x,b|x:5 4"),
        ] {
            let decoded = decoded(format, text);
            let bad = decoded.bad.iter();
            let bad =
                bad.map(|bad| format!("{} {}", bad.place, String::from_utf8_lossy(&bad.bytes)));
            assert_eq!(bad.collect::<Vec<_>>().join("|"), due, "{format}");
            assert_eq!((decoded.rows.num_rows(), decoded.skipped, decoded.nulled), (3, 2, 0));
            assert_eq!(decoded.rejected.unwrap().num_rows(), 2);
        }
        assert_eq!(decoded("json", "no\nno").rows.num_rows(), 0);
        let open = format!("1,\"{}", "x\n".repeat(200_000));
        assert!(decoded("csv", &open).skipped > 0);
    }
}
