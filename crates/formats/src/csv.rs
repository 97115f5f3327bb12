//! CSV after RFC 4180, with the options of Flink's `csv` format.
//!
//! A quote counts only as the first character of a field; inside quotes a doubled quote is one, and
//! line breaks are part of the value.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, SchemaRef};
use memchr::{memchr, memrchr};
use millstream_types::sql_type::type_name;
use millstream_types::text::shortened;
use millstream_types::{Error, Result};

use crate::column::ColumnBuilder;
use crate::csv_fields::{End, Field, Fields};
use crate::csv_quick::{Quick, last_line_end};
use crate::decoder::{Chunk, Decoded, Decoder, Rejected};
use crate::digits::short_integer;
use crate::json::nullable;

/// The options of the format.
#[derive(Debug, Clone)]
pub struct CsvOptions {
    /// Between fields.
    pub delimiter: u8,
    /// Around fields that hold a delimiter; `None` when no character is.
    pub quote: Option<u8>,
    /// Takes away the meaning of the next character.
    pub escape: Option<u8>,
    /// Lines that start with `#` are left out.
    pub comments: bool,
    /// A field that cannot be read is NULL, a record with too many fields is left out.
    pub ignore_parse_errors: bool,
    /// Between the elements of an array.
    pub element_delimiter: String,
    /// The text that stands for NULL.
    pub null_literal: Option<String>,
    /// The first line of a file names the columns and is passed over.
    pub header: bool,
    /// A number that is too large for its DECIMAL cannot be read; else it is NULL, as in Flink.
    pub strict_decimals: bool,
}

/// Decodes some columns of a table from CSV.
pub struct CsvDecoder {
    schema: SchemaRef,
    /// For each field of a record, the column it goes to.
    targets: Vec<Option<usize>>,
    options: CsvOptions,
    /// Splits every record character by character.
    plain: bool,
}

impl CsvDecoder {
    /// For the columns at some positions of a table's schema, in which fields stand in order.
    ///
    /// # Errors
    /// When a column is of a type that CSV does not hold.
    pub fn new(table: &SchemaRef, columns: &[usize], options: CsvOptions) -> Result<Self> {
        let schema = Arc::new(table.project(columns)?);
        for field in schema.fields() {
            ColumnBuilder::new(field.data_type())?;
            if matches!(field.data_type(), DataType::Map(..)) {
                return Err(Error::options(
                    format!("column \"{}\" is a MAP, which CSV does not hold", field.name()),
                    "use 'format' = 'json'",
                ));
            }
        }
        let targets = (0..table.fields().len())
            .map(|at| columns.iter().position(|column| *column == at))
            .collect();
        Ok(Self { schema, targets, options, plain: millstream_types::plain_paths() })
    }

    fn quick<'a>(&self, bytes: &'a [u8]) -> Option<Quick<'a>> {
        if self.plain { None } else { Quick::new(bytes, &self.options) }
    }

    /// Where the last record that is not open ends, in bytes that start outside of quotes.
    fn last_end(&self, bytes: &[u8]) -> usize {
        if let (Some(quote), false) = (self.options.quote, self.plain)
            && self.options.escape.is_none()
            && !self.options.comments
        {
            return last_line_end(bytes, self.options.delimiter, quote);
        }
        let mut scanner = Fields { bytes, at: 0, options: &self.options, line: 0, stray: false };
        let mut end = 0;
        while scanner.at < bytes.len() {
            match scanner.skip_record() {
                true => end = scanner.at,
                false => break,
            }
        }
        end
    }
}

impl Decoder for CsvDecoder {
    fn whole(&self, bytes: &[u8]) -> usize {
        match self.options.quote {
            Some(quote) if memchr(quote, bytes).is_some() => self.last_end(bytes),
            _ => memrchr(b'\n', bytes).map_or(0, |at| at + 1),
        }
    }

    fn decode(&self, chunk: &Chunk) -> Result<Decoded> {
        let builders = self.schema.fields().iter().map(|field| {
            let builder = ColumnBuilder::new(field.data_type())?;
            Ok(builder.strict(self.options.strict_decimals))
        });
        let mut run = Run {
            decoder: self,
            chunk,
            builders: builders.collect::<Result<_>>()?,
            rows: 0,
            skipped: 0,
            nulled: 0,
            rejected: Rejected::default(),
        };
        run.records()?;
        run.nulled += run.builders.iter_mut().map(ColumnBuilder::overflowed).sum::<u64>();
        let arrays = run.builders.into_iter().map(ColumnBuilder::finish).collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(run.rows));
        let rows = RecordBatch::try_new_with_options(nullable(&self.schema), arrays, &options)?;
        let rejected = run.rejected.rows()?;
        Ok(Decoded {
            rows,
            weights: None,
            skipped: run.skipped,
            nulled: run.nulled,
            rejected,
            bad: Vec::new(),
        })
    }
}

struct Run<'a> {
    decoder: &'a CsvDecoder,
    chunk: &'a Chunk,
    builders: Vec<ColumnBuilder>,
    rows: usize,
    skipped: u64,
    nulled: u64,
    rejected: Rejected,
}

impl Run<'_> {
    fn records(&mut self) -> Result<()> {
        let (decoder, chunk) = (self.decoder, self.chunk);
        let bytes = match chunk.first_line {
            1 => chunk.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&chunk.bytes),
            _ => &chunk.bytes,
        };
        let (options, line) = (&decoder.options, chunk.first_line);
        let mut fields = Fields { bytes, at: 0, options, line, stray: false };
        let mut record: Vec<Field<'_>> = Vec::with_capacity(decoder.targets.len());
        // Where all of it is text, parts of it need not be looked at again.
        let text = simdutf8::basic::from_utf8(bytes).ok();
        let mut quick = text.and_then(|_| decoder.quick(bytes));
        let mut found = vec![(0, 0); self.builders.len()];
        let order: Vec<usize> = decoder.targets.iter().flatten().copied().collect();
        while fields.at < bytes.len() {
            if decoder.options.comments && bytes[fields.at] == b'#' {
                fields.skip_line();
                continue;
            }
            // With comments, lines without anything are none either.
            if decoder.options.comments
                && let [b'\n', ..] | [b'\r', b'\n', ..] = bytes[fields.at..]
            {
                fields.skip_line();
                continue;
            }
            let (line, start) = (fields.line, fields.at);
            record.clear();
            if let (Some(text), Some(quick)) = (text, &mut quick)
                && let Some(end) = quick.record(start, &decoder.targets, &mut found)
            {
                (fields.at, fields.line) = (end, line + 1);
                for column in &order {
                    // The places are those of whole characters: what stands around them is ASCII.
                    let (from, to) = found[*column];
                    self.field(line, *column, text.get(from..to).unwrap_or_default())?;
                }
                self.rows += 1;
                continue;
            }
            let end = loop {
                let (field, end) = fields.field();
                record.push(field);
                match end {
                    // A delimiter at the very end stands before one more, empty field.
                    End::Field if fields.at >= bytes.len() => {
                        record.push(Field { text: Cow::Borrowed(&[]) });
                        break End::Record;
                    }
                    End::Field => {}
                    other => break other,
                }
            };
            if end == End::Open {
                let message = "a quote is never closed".to_owned();
                self.problem(line, None, message.clone())?;
                self.skip(line, message, &bytes[start..]);
                continue;
            }
            if std::mem::take(&mut fields.stray) {
                let message = "text stands behind a quote that closes a field".to_owned();
                self.problem(line, None, message.clone())?;
                self.skip(line, message, &bytes[start..fields.at]);
                continue;
            }
            self.record(line, &record, &bytes[start..fields.at])?;
        }
        Ok(())
    }

    fn problem(&self, line: u64, column: Option<usize>, message: String) -> Result<()> {
        if self.decoder.options.ignore_parse_errors {
            return Ok(());
        }
        let column =
            column.map(|at| format!(", column \"{}\"", self.decoder.schema.field(at).name()));
        let location = format!("{}:{line}{}", self.chunk.source, column.unwrap_or_default());
        Err(Error::Data { location, message })
    }

    /// Leaves a record out.
    fn skip(&mut self, line: u64, reason: String, record: &[u8]) {
        self.skipped += 1;
        let place = format!("{}:{line}", self.chunk.source);
        let text = record.strip_suffix(b"\n").unwrap_or(record);
        self.rejected.push(place, reason, text.strip_suffix(b"\r").unwrap_or(text));
    }

    /// Takes a field, or says why not.
    fn field(&mut self, line: u64, column: usize, text: &str) -> Result<()> {
        if self.append(column, text) {
            return Ok(());
        }
        let shown = shortened(text);
        let due = type_name(self.decoder.schema.field(column).data_type());
        self.misfit(line, column, format!("\"{shown}\" does not fit {due}"))
    }

    /// A field that cannot be read is NULL where errors are ignored.
    fn misfit(&mut self, line: u64, column: usize, message: String) -> Result<()> {
        self.problem(line, Some(column), message)?;
        self.nulled += 1;
        self.builders[column].append_null();
        Ok(())
    }

    fn record(&mut self, line: u64, record: &[Field<'_>], bytes: &[u8]) -> Result<()> {
        let due = self.decoder.targets.len();
        // A delimiter may stand behind the last field, too.
        let record = match record {
            [fields @ .., last] if fields.len() == due && last.text.is_empty() => fields,
            _ => record,
        };
        if record.len() != due {
            let fields =
                |count: usize| format!("{count} field{}", if count == 1 { "" } else { "s" });
            let message =
                format!("the record has {}, the table {}", fields(record.len()), fields(due));
            self.problem(line, None, message.clone())?;
            if record.len() > due {
                self.skip(line, message, bytes);
                return Ok(());
            }
            self.nulled += (due - record.len()) as u64;
        }
        for at in 0..due {
            let Some(column) = self.decoder.targets[at] else { continue };
            let Some(field) = record.get(at) else {
                self.builders[column].append_null();
                continue;
            };
            match std::str::from_utf8(&field.text) {
                Ok(text) => self.field(line, column, text)?,
                Err(_) => self.misfit(line, column, "the text is not UTF-8".to_owned())?,
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Adds a field; false, and nothing added, where it does not fit.
    fn append(&mut self, column: usize, text: &str) -> bool {
        let options = &self.decoder.options;
        let builder = &mut self.builders[column];
        let null = options.null_literal.as_deref();
        // In an array or a row the literal stands for what is in it.
        let nested = matches!(builder, ColumnBuilder::List { .. } | ColumnBuilder::Row { .. });
        if null == Some(text) && !nested {
            builder.append_null();
            return true;
        }
        append(builder, text, null, &options.element_delimiter, options.ignore_parse_errors)
    }
}

fn append(
    builder: &mut ColumnBuilder,
    text: &str,
    null: Option<&str>,
    delimiter: &str,
    lenient: bool,
) -> bool {
    // Blanks alone are no element.
    let parts = || match text.trim() {
        "" => Vec::new(),
        _ => text.split(delimiter).collect::<Vec<_>>(),
    };
    match builder {
        ColumnBuilder::List { values, ends, present, .. } => {
            let parts = parts();
            let mut fits = true;
            for part in &parts {
                if null == Some(*part) {
                    values.append_null();
                } else if !values.append_text(part, b' ') {
                    values.append_null();
                    fits &= lenient;
                }
            }
            ends.push(ends.last().copied().unwrap_or(0) + parts.len() as i32);
            present.push(true);
            fits
        }
        ColumnBuilder::Row { .. } if text.is_empty() => {
            builder.append_null();
            true
        }
        ColumnBuilder::Row { columns, present, .. } => {
            let parts = parts();
            let mut fits = parts.len() == columns.len() || lenient;
            for (at, column) in columns.iter_mut().enumerate() {
                if !parts.get(at).is_some_and(|part| column.append_text(part, b' ')) {
                    column.append_null();
                    fits &= lenient;
                }
            }
            present.push(true);
            fits
        }
        ColumnBuilder::Timestamp(_) => builder.append_text(text.trim_start(), b' '),
        ColumnBuilder::Text(_) => builder.append_text(text, b' '),
        ColumnBuilder::Int32(_) | ColumnBuilder::Int64(_) => match short_integer(text.as_bytes()) {
            Some(value) => builder.append_integer(value),
            None => builder.append_text(text.trim(), b' '),
        },
        _ => builder.append_text(text.trim(), b' '),
    }
}

/// The records of a sample, as texts.
pub fn sample_records(bytes: &[u8], options: &CsvOptions) -> Vec<Vec<String>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut fields = Fields { bytes, at: 0, options, line: 1, stray: false };
    let mut records = vec![];
    while fields.at < bytes.len() {
        let mut record = Vec::new();
        loop {
            let (field, end) = fields.field();
            record.push(String::from_utf8_lossy(&field.text).into_owned());
            if end != End::Field {
                break;
            }
        }
        records.push(record);
    }
    records
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: Some(b'"'),
            escape: None,
            comments: false,
            ignore_parse_errors: false,
            element_delimiter: ";".to_owned(),
            null_literal: None,
            header: false,
            strict_decimals: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use arrow::datatypes::Schema;
    use millstream_testing::Random;

    fn decoder(options: CsvOptions) -> CsvDecoder {
        decoder_of(&[0, 1], options)
    }

    fn decoder_of(columns: &[usize], options: CsvOptions) -> CsvDecoder {
        let schema = Arc::new(Schema::new(vec![
            arrow::datatypes::Field::new("s", DataType::Utf8, true),
            arrow::datatypes::Field::new("i", DataType::Int32, true),
        ]));
        CsvDecoder::new(&schema, columns, options).unwrap()
    }

    fn decode(text: &str, options: CsvOptions) -> Result<Decoded> {
        let chunk =
            Chunk { bytes: text.as_bytes().to_vec(), source: "x.csv".into(), first_line: 1 };
        decoder(options).decode(&chunk)
    }

    #[test]
    fn quotes_count_only_at_the_start_of_a_field() {
        let text = "\"a,\"\"b\"\"\n\",1\r\n\"q\" ,2\na\"b, 3\n \"sp\",+4";
        let rows = decode(text, CsvOptions::default()).unwrap().rows;
        let texts: Vec<_> = rows.column(0).as_string::<i32>().iter().flatten().collect();
        assert_eq!(texts, ["a,\"b\"\n", "q", "a\"b", " \"sp\""]);
    }

    #[test]
    fn the_quick_split_gives_what_the_slow_one_gives() {
        let mut numbers = Random::new(1);
        let mut random = |below: usize| numbers.below(below as u64) as usize;
        let pieces = [
            "a",
            ",",
            "\"",
            "\n",
            "\r\n",
            " ",
            "12",
            "\"x\",",
            "é",
            "long text of some length",
            ";",
            "'",
            "N",
            "123456789012",
        ];
        let kinds = [(b',', Some(b'"')), (b';', Some(b'\'')), (b',', None)];
        for round in 0..20_000 {
            let text: String = (0..random(12)).map(|_| pieces[random(pieces.len())]).collect();
            let (delimiter, quote) = kinds[round % kinds.len()];
            let columns: &[usize] = [&[0, 1][..], &[1], &[0], &[1, 0]][random(4)];
            for ignore_parse_errors in [false, true] {
                let null_literal = (round % 2 == 0).then(|| "N".to_owned());
                let options = CsvOptions {
                    ignore_parse_errors,
                    delimiter,
                    quote,
                    null_literal,
                    ..CsvOptions::default()
                };
                let decoded = [false, true].map(|plain| {
                    let decoder = CsvDecoder { plain, ..decoder_of(columns, options.clone()) };
                    let bytes = text.clone().into_bytes();
                    let whole = decoder.whole(&bytes);
                    let chunk = Chunk { bytes, source: "x.csv".into(), first_line: 1 };
                    (whole, format!("{:?}", decoder.decode(&chunk)))
                });
                assert_eq!(decoded[0], decoded[1], "{text:?}");
            }
        }
    }

    #[test]
    fn errors_have_a_place_and_ignored_ones_are_counted() {
        let text = "a,1\nb\nc,x\nd,1,2\n";
        let error = decode(text, CsvOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "x.csv:2: the record has 1 field, the table 2 fields");
        let options = CsvOptions { ignore_parse_errors: true, ..CsvOptions::default() };
        let decoded = decode(text, options).unwrap();
        assert_eq!((decoded.rows.num_rows(), decoded.skipped, decoded.nulled), (3, 1, 2));
        let error = decode("a,1\n\"b,2", CsvOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "x.csv:2: a quote is never closed");
    }

    #[test]
    fn chunks_end_outside_of_quotes() {
        let decoder = decoder(CsvOptions::default());
        assert_eq!(decoder.whole(b"a,1\nb,2\nc"), 8);
        assert_eq!(decoder.whole(b"a,1\n\"b\n\n,2"), 4);
        assert_eq!(decoder.whole(b"a,1\n\"b\n\",2\nx"), 11);
        assert_eq!(decoder.whole(b"a"), 0);
    }
}
