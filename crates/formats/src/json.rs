//! JSON lines: one object a line, decoded straight into the columns that are asked for.
//!
//! Each line is scanned once, which finds where the wanted values stand and checks that the rest is
//! JSON too; then the values are read. Reading follows Flink's `json` format: a STRING takes any value
//! as its text, an object or array written anew, numbers may stand in quotes, a missing field is NULL.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, SchemaRef};
use memchr::{memchr, memrchr};
use millstream_types::json_text::{DecimalStyle, JsonStyle};
use millstream_types::sql_type::type_name;
use millstream_types::{Error, Result};

use crate::column::ColumnBuilder;
use crate::decoder::{Chunk, Decoded, Decoder, Rejected};
use crate::json_quick::{Found, Quick, Target};
use crate::json_scan::{Broken, Kind, Scanner, unescape};
use crate::json_values::{Reader, mismatch};

/// The options of the format.
#[derive(Debug, Clone, Default)]
pub struct JsonOptions {
    /// A field that cannot be read is NULL, a line that is no JSON is left out.
    pub ignore_parse_errors: bool,
    /// A missing field is an error.
    pub fail_on_missing_field: bool,
    /// Timestamps are `2026-01-31T12:00:00.123`, not `2026-01-31 12:00:00.123`.
    pub iso_timestamps: bool,
    /// When writing, decimals keep the zeros at their end.
    pub plain_decimals: bool,
    /// When writing, fields that are NULL are left out.
    pub ignore_null_fields: bool,
    /// A number that is too large for its DECIMAL cannot be read; else it is NULL, as in Flink.
    pub strict_decimals: bool,
}

impl JsonOptions {
    /// How values are written to services, which may know no scientific notation.
    pub fn message_style(&self) -> JsonStyle {
        let style = self.style();
        match style.decimals {
            DecimalStyle::Stripped => JsonStyle { decimals: DecimalStyle::Trimmed, ..style },
            _ => style,
        }
    }

    /// How values are written.
    pub fn style(&self) -> JsonStyle {
        JsonStyle {
            iso_timestamps: self.iso_timestamps,
            ignore_null_fields: self.ignore_null_fields,
            decimals: match self.plain_decimals {
                true => DecimalStyle::Full,
                false => DecimalStyle::Stripped,
            },
        }
    }
}

/// Decodes some columns of a table from JSON lines.
pub struct JsonDecoder {
    schema: SchemaRef,
    by_name: HashMap<String, Target>,
    options: JsonOptions,
    separator: u8,
    /// Reads every line by the scanner.
    plain: bool,
}

impl JsonDecoder {
    /// For the columns at some positions of a table's schema.
    ///
    /// # Errors
    /// When a column is of a type that JSON does not hold.
    pub fn new(table: &SchemaRef, columns: &[usize], options: JsonOptions) -> Result<Self> {
        let schema = Arc::new(table.project(columns)?);
        for field in schema.fields() {
            ColumnBuilder::new(field.data_type())?;
        }
        let by_name = schema.fields().iter().enumerate().map(|(column, field)| {
            let integer = matches!(field.data_type(), DataType::Int32 | DataType::Int64);
            (field.name().clone(), Target { column, integer })
        });
        let separator = if options.iso_timestamps { b'T' } else { b' ' };
        let plain = millstream_types::plain_paths();
        Ok(Self { by_name: by_name.collect(), schema, options, separator, plain })
    }
}

impl Decoder for JsonDecoder {
    fn whole(&self, bytes: &[u8]) -> usize {
        memrchr(b'\n', bytes).map_or(0, |at| at + 1)
    }

    fn is_by_line(&self) -> bool {
        true
    }

    fn decode(&self, chunk: &Chunk) -> Result<Decoded> {
        let columns = self.schema.fields().len();
        let mut run = Run {
            decoder: self,
            chunk,
            line: chunk.first_line,
            builders: self
                .schema
                .fields()
                .iter()
                .map(|field| {
                    let builder = ColumnBuilder::new(field.data_type())?;
                    Ok(builder.strict(self.options.strict_decimals))
                })
                .collect::<Result<_>>()?,
            found: vec![Found::Missing; columns],
            guesses: Vec::new(),
            rows: 0,
            skipped: 0,
            nulled: 0,
            record: &[],
            rejected: Rejected::default(),
        };
        match simdutf8::basic::from_utf8(&chunk.bytes) {
            Ok(text) => run.lines(text)?,
            // Line by line, to find the one that is broken.
            Err(_) => run.byte_lines(&chunk.bytes)?,
        }
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

/// A schema whose columns may hold NULL: what a source promises is not what its data keeps.
pub fn nullable(schema: &SchemaRef) -> SchemaRef {
    if schema.fields().iter().all(|field| field.is_nullable()) {
        return Arc::clone(schema);
    }
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
}

/// One chunk on its way into columns.
struct Run<'a> {
    decoder: &'a JsonDecoder,
    chunk: &'a Chunk,
    line: u64,
    builders: Vec<ColumnBuilder>,
    /// The values of the current row, by column.
    found: Vec<Found<'a>>,
    /// For the n-th member of an object: the key last seen there, and its column.
    guesses: Vec<(&'a str, Option<Target>)>,
    rows: usize,
    skipped: u64,
    nulled: u64,
    /// The line that is being read.
    record: &'a [u8],
    rejected: Rejected,
}

impl<'a> Run<'a> {
    fn lines(&mut self, text: &'a str) -> Result<()> {
        let mut quick = Quick::new(text);
        let mut at = 0;
        while at < text.len() {
            let found = match self.decoder.plain {
                true => None,
                false => quick.line(at, &self.decoder.by_name, &mut self.found),
            };
            let end = match found {
                Some(end) => {
                    self.row()?;
                    end
                }
                None => {
                    let rest = &text[at..];
                    let end = memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
                    self.record = &rest.as_bytes()[..end];
                    self.one_line(&rest[..end])?;
                    at + end
                }
            };
            at = end + 1;
            self.line += 1;
        }
        Ok(())
    }

    fn byte_lines(&mut self, bytes: &'a [u8]) -> Result<()> {
        for line in bytes.split(|byte| *byte == b'\n') {
            self.record = line;
            match std::str::from_utf8(line) {
                Ok(text) => self.one_line(text)?,
                Err(error) => {
                    self.broken_line(error.valid_up_to(), "the text is not UTF-8".to_owned())?
                }
            }
            self.line += 1;
        }
        Ok(())
    }

    fn one_line(&mut self, line: &'a str) -> Result<()> {
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let mut scanner = Scanner::new(line);
        match scanner.next_byte() {
            0 if scanner.at_end() => Ok(()),
            b'{' => match self.scan(&mut scanner) {
                Ok(()) => self.row(),
                Err(broken) => self.not_json(broken),
            },
            b'[' => self.rows_of_array(&mut scanner),
            _ => {
                let at = scanner.position();
                self.broken_line(at, "expected a JSON object".to_owned())
            }
        }
    }

    fn scan(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Broken> {
        let mut ordinal = 0;
        let (found, guesses, by_name) = (&mut self.found, &mut self.guesses, &self.decoder.by_name);
        found.fill(Found::Missing);
        scanner.object(0, |key, value| {
            let target = match guesses.get(ordinal) {
                Some((guess, target)) if *guess == key.text && key.kind == Kind::Plain => *target,
                _ => {
                    let target = match key.kind {
                        Kind::Escaped => {
                            unescape(key.text).and_then(|key| by_name.get(&key).copied())
                        }
                        _ => by_name.get(key.text).copied(),
                    };
                    if key.kind == Kind::Plain {
                        guesses.truncate(ordinal);
                        guesses.push((key.text, target));
                    }
                    target
                }
            };
            ordinal += 1;
            if let Some(target) = target {
                found[target.column] = Found::Raw(value);
            }
        })?;
        if scanner.at_end() {
            return Ok(());
        }
        Err(Broken { at: scanner.position(), expected: "the end of the line after the object" })
    }

    /// A line that is an array has a row in each of its objects.
    fn rows_of_array(&mut self, scanner: &mut Scanner<'a>) -> Result<()> {
        let mut elements = Vec::new();
        let scanned = scanner.array(0, |element| elements.push(element));
        if let Err(broken) = scanned {
            return self.not_json(broken);
        }
        if !scanner.at_end() {
            let at = scanner.position();
            return self.not_json(Broken { at, expected: "the end of the line" });
        }
        for element in elements {
            if element.kind != Kind::Object {
                self.broken_line(0, "expected an array of JSON objects".to_owned())?;
                continue;
            }
            match self.scan(&mut Scanner::new(element.text)) {
                Ok(()) => self.row()?,
                Err(broken) => self.not_json(broken)?,
            }
        }
        Ok(())
    }

    fn not_json(&mut self, broken: Broken) -> Result<()> {
        self.broken_line(broken.at, format!("the line is not JSON: expected {}", broken.expected))
    }

    fn broken_line(&mut self, at: usize, message: String) -> Result<()> {
        let location = format!("{}:{}:{}", self.chunk.source, self.line, at + 1);
        if self.decoder.options.ignore_parse_errors {
            self.skipped += 1;
            self.rejected.push(location, message, self.record);
            return Ok(());
        }
        Err(Error::Data { location, message })
    }

    fn row(&mut self) -> Result<()> {
        let decoder = self.decoder;
        let reader = Reader {
            separator: decoder.separator,
            lenient: decoder.options.ignore_parse_errors,
            all_due: decoder.options.fail_on_missing_field,
        };
        let columns = self.builders.iter_mut().zip(&self.found).zip(decoder.schema.fields());
        for ((builder, found), field) in columns {
            let problem = match *found {
                Found::Missing if reader.all_due => "the field is missing".to_owned(),
                Found::Missing => {
                    builder.append_null();
                    continue;
                }
                Found::Integer(value) => {
                    if builder.append_integer(value) {
                        continue;
                    }
                    format!("{value} does not fit {}", type_name(field.data_type()))
                }
                Found::Raw(raw) => {
                    let mut nulled = 0;
                    if reader.append(builder, raw, &mut nulled) {
                        self.nulled += nulled;
                        continue;
                    }
                    mismatch(raw, field.data_type())
                }
            };
            if decoder.options.ignore_parse_errors {
                self.nulled += 1;
                builder.append_null();
                continue;
            }
            let (source, line, name) = (&self.chunk.source, self.line, field.name());
            return Err(Error::Data {
                location: format!("{source}:{line}, column \"{name}\""),
                message: problem,
            });
        }
        self.rows += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use arrow::datatypes::{Field, Int32Type, Schema};
    use millstream_testing::Random;

    fn decoder(options: JsonOptions) -> JsonDecoder {
        let schema = Arc::new(Schema::new(vec![
            Field::new("i", DataType::Int32, true),
            Field::new("s", DataType::Utf8, true),
            Field::new("a", DataType::new_list(DataType::Int32, true), true),
            Field::new("l", DataType::Int64, true),
        ]));
        JsonDecoder::new(&schema, &[0, 1, 2, 3], options).unwrap()
    }

    fn decode(text: &str, options: JsonOptions) -> Result<Decoded> {
        let chunk =
            Chunk { bytes: text.as_bytes().to_vec(), source: "x.json".into(), first_line: 1 };
        decoder(options).decode(&chunk)
    }

    #[test]
    fn values_are_read_as_their_columns_want_them() {
        let text = "{\"i\":4.9,\"s\":1.50}\n\n{\"s\":{\"x\": [1, \"a b\"]},\"i\":\" 7 \",\"z\":0,\"a\":[1,null]}\n\
                    [{\"i\":1},{\"s\":\"\\u00e9\"}]";
        let rows = decode(text, JsonOptions::default()).unwrap().rows;
        let i: Vec<_> = rows.column(0).as_primitive::<Int32Type>().iter().collect();
        assert_eq!(i, [Some(4), Some(7), Some(1), None]);
        let s: Vec<_> = rows.column(1).as_string::<i32>().iter().collect();
        assert_eq!(s, [Some("1.50"), Some("{\"x\":[1,\"a b\"]}"), None, Some("é")]);
    }

    #[test]
    fn the_quick_walk_gives_what_the_scanner_gives() {
        let lines = [
            "{\"i\":1,\"s\":\"a\",\"a\":[1,2]}",
            "{\"i\": -20, \"s\": \"b\\\"c\", \"other\": {\"x\": [\"\\\\\"]}}",
            "{\"s\":null,\"i\":1.5e3,\"unknown key of some length\":\"text\",\"a\":null}",
            "{\"i\":7,\"s\":true,\"i\":8}\r",
            "{\"i\":2147483648,\"l\":-0}",
            "{\"l\":123456789012345,\"i\":-2147483648,\"s\":12345678}",
            "{\"l\": 1234567890123456, \"i\": 1e2}",
            "{\"l\":12345678,\"s\":\"what is behind it\",\"i\":00}",
            "{\"l\":99999999999999999999}",
            "{}",
            " {\"s\":\"é\\u00e9 long enough to go from one block of bytes to the next one, surely\"}",
        ];
        let mut numbers = Random::new(1);
        let mut random = |below: usize| numbers.below(below as u64) as usize;
        for _ in 0..20_000 {
            let mut text: Vec<u8> = Vec::new();
            for _ in 0..1 + random(4) {
                text.extend(lines[random(lines.len())].as_bytes());
                text.push(b'\n');
            }
            for _ in 0..random(3) {
                let (at, by) = (random(text.len()), b"\"\\{}[]:,\n 0-e.tn\xc3"[random(17)]);
                match random(3) {
                    0 => text[at] = by,
                    1 => text.insert(at, by),
                    _ => drop(text.remove(at)),
                }
            }
            for ignore_parse_errors in [false, true] {
                let options = JsonOptions { ignore_parse_errors, ..JsonOptions::default() };
                let decoded = [false, true].map(|plain| {
                    let mut decoder = decoder(options.clone());
                    decoder.plain = plain;
                    let chunk =
                        Chunk { bytes: text.clone(), source: "x.json".into(), first_line: 1 };
                    format!("{:?}", decoder.decode(&chunk))
                });
                assert_eq!(decoded[0], decoded[1], "{}", String::from_utf8_lossy(&text));
            }
        }
    }

    #[test]
    fn errors_have_a_place() {
        let error = decode("{\"i\":1}\n{\"i\":\"x\"}", JsonOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "x.json:2, column \"i\": \"x\" does not fit INT");
        let error = decode("{\"i\":1}\n{\"i\" 1}", JsonOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "x.json:2:6: the line is not JSON: expected ':'");
        let error = decode("{\"i\":1}\nhello", JsonOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "x.json:2:1: expected a JSON object");
    }

    #[test]
    fn ignored_errors_are_counted() {
        let options = JsonOptions { ignore_parse_errors: true, ..JsonOptions::default() };
        let text = "{\"i\":\"x\",\"s\":\"kept\"}\nbroken\n{\"a\":[1,\"x\",3]}\n{\"a\":3}\n";
        let decoded = decode(text, options).unwrap();
        assert_eq!((decoded.rows.num_rows(), decoded.skipped, decoded.nulled), (3, 1, 3));
        let lists = decoded.rows.column(2).as_list::<i32>();
        assert_eq!(
            lists.value(1).as_primitive::<Int32Type>().iter().collect::<Vec<_>>(),
            [Some(1), None, Some(3)]
        );
        assert!(arrow::array::Array::is_null(lists, 2));
    }
}
