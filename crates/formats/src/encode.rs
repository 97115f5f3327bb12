//! Rows as JSON lines or CSV.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use millstream_types::json_text::{
    JsonValue, is_ltz, json_string, plain_text, strip_decimal, trim_fraction, write_object,
};
use millstream_types::text::TextColumn;
use millstream_types::{ChangeBatch, Error, Result};

use crate::csv::CsvOptions;
use crate::json::JsonOptions;
use crate::raw;

/// Writes rows of one schema.
#[derive(Debug, Clone)]
pub struct Encoder {
    names: Vec<String>,
    format: TextFormat,
}

#[derive(Debug, Clone)]
enum TextFormat {
    Json(JsonOptions),
    Csv(CsvOptions),
    /// Changes, as JSON lines.
    Debezium(JsonOptions),
    /// A line a row.
    Raw,
}

impl Encoder {
    /// JSON lines.
    pub fn json(schema: &SchemaRef, options: JsonOptions) -> Self {
        Self { names: names(schema), format: TextFormat::Json(options) }
    }

    /// CSV.
    pub fn csv(schema: &SchemaRef, options: CsvOptions) -> Self {
        Self { names: names(schema), format: TextFormat::Csv(options) }
    }

    /// Changes as JSON lines.
    pub fn debezium(schema: &SchemaRef, options: JsonOptions) -> Self {
        Self { names: names(schema), format: TextFormat::Debezium(options) }
    }

    /// Lines.
    pub fn raw(schema: &SchemaRef) -> Self {
        Self { names: names(schema), format: TextFormat::Raw }
    }

    /// What stands at the start of a file.
    pub fn header(&self) -> Option<String> {
        match &self.format {
            TextFormat::Csv(options) if options.header => {
                let mut line = String::new();
                for (at, name) in self.names.iter().enumerate() {
                    if at > 0 {
                        line.push(char::from(options.delimiter));
                    }
                    push_csv(&mut line, name, options);
                }
                line.push('\n');
                Some(line)
            }
            _ => None,
        }
    }

    /// Appends one line a change.
    ///
    /// # Errors
    /// When a column has no text form, or the format has no place for rows that are taken back.
    pub fn write_changes(&self, changes: &ChangeBatch, out: &mut String) -> Result<()> {
        match &self.format {
            TextFormat::Debezium(options) => {
                crate::debezium::write_changes(&self.names, changes, options, out)
            }
            _ if changes.weights.is_some() => {
                Err(Error::Internal("a format takes rows that are added only".to_owned()))
            }
            _ => self.write(&changes.rows, out),
        }
    }

    /// Appends one line a row.
    ///
    /// # Errors
    /// When a column has no text form.
    pub fn write(&self, rows: &RecordBatch, out: &mut String) -> Result<()> {
        match &self.format {
            TextFormat::Debezium(_) => {
                self.write_changes(&ChangeBatch::insert(rows.clone()), out)?;
            }
            TextFormat::Json(options) => {
                let values =
                    rows.columns().iter().map(JsonValue::new).collect::<Result<Vec<_>>>()?;
                let keys: Vec<String> = self.names.iter().map(|name| json_string(name)).collect();
                for row in 0..rows.num_rows() {
                    write_object(&keys, &values, row, &options.style(), out);
                    out.push('\n');
                }
            }
            TextFormat::Raw => raw::write(rows, out)?,
            TextFormat::Csv(options) => {
                let values =
                    rows.columns().iter().map(CsvValue::new).collect::<Result<Vec<_>>>()?;
                let mut text = String::new();
                for row in 0..rows.num_rows() {
                    for (at, value) in values.iter().enumerate() {
                        if at > 0 {
                            out.push(char::from(options.delimiter));
                        }
                        text.clear();
                        match value.write(row, options, &mut text) {
                            true if value.is_quoted() => push_csv(out, &text, options),
                            true => out.push_str(&text),
                            false => out.push_str(options.null_literal.as_deref().unwrap_or("")),
                        }
                    }
                    out.push('\n');
                }
            }
        }
        Ok(())
    }
}

fn names(schema: &SchemaRef) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// The longest text, in UTF-16 units, that is looked through for what would need quotes.
const CHECKED_MAX: usize = 24;

/// Appends a field, in quotes where Jackson's writer, which is Flink's, puts them: around what is longer than
/// [`CHECKED_MAX`], and around what has a character up to the greatest of delimiter, quote and line break.
fn push_csv(out: &mut String, text: &str, options: &CsvOptions) {
    let Some(quote) = options.quote else {
        out.push_str(text);
        return;
    };
    let greatest = options.delimiter.max(quote).max(b'\n');
    let escape = options.escape.unwrap_or(b'\\');
    let special = |byte: u8| byte <= greatest || byte == escape;
    let long = text.len() > CHECKED_MAX && text.encode_utf16().count() > CHECKED_MAX;
    if !long && !text.bytes().any(special) {
        out.push_str(text);
        return;
    }
    let (quote, escape) = (char::from(quote), options.escape.map(char::from));
    out.push(quote);
    for character in text.chars() {
        if character == quote || Some(character) == escape {
            out.push(character);
        }
        out.push(character);
    }
    out.push(quote);
}

/// A column of CSV.
struct CsvValue {
    array: ArrayRef,
    kind: CsvKind,
}

enum CsvKind {
    /// A number or a boolean, which stands without quotes.
    Bare(TextColumn),
    Decimal(TextColumn),
    Text(TextColumn),
    Point {
        text: TextColumn,
        ltz: bool,
    },
    List {
        offsets: Vec<i32>,
        values: Box<CsvValue>,
    },
    Row(Vec<CsvValue>),
}

impl CsvValue {
    fn new(array: &ArrayRef) -> Result<Self> {
        let kind = match array.data_type() {
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let values = Box::new(Self::new(list.values())?);
                CsvKind::List { offsets: list.value_offsets().to_vec(), values }
            }
            DataType::Struct(_) => {
                let columns = array.as_struct().columns().iter();
                CsvKind::Row(columns.map(Self::new).collect::<Result<_>>()?)
            }
            DataType::Decimal128(..) => CsvKind::Decimal(plain_text(array)?),
            DataType::Timestamp(..) | DataType::Time32(_) => {
                CsvKind::Point { text: plain_text(array)?, ltz: is_ltz(array) }
            }
            DataType::Boolean => CsvKind::Bare(plain_text(array)?),
            other if other.is_numeric() => CsvKind::Bare(plain_text(array)?),
            _ => CsvKind::Text(plain_text(array)?),
        };
        Ok(Self { array: ArrayRef::clone(array), kind })
    }

    /// Whether quotes may be needed.
    fn is_quoted(&self) -> bool {
        !matches!(self.kind, CsvKind::Bare(_) | CsvKind::Decimal(_))
    }

    /// Writes a value; false for NULL.
    fn write(&self, row: usize, options: &CsvOptions, out: &mut String) -> bool {
        if self.array.is_null(row) {
            return false;
        }
        let start = out.len();
        match &self.kind {
            CsvKind::Bare(text) | CsvKind::Text(text) => text.write(row, out),
            CsvKind::Decimal(text) => {
                text.write(row, out);
                strip_decimal(out, start);
            }
            CsvKind::Point { text, ltz } => {
                text.write(row, out);
                trim_fraction(out, start);
                if *ltz {
                    out.push('Z');
                }
            }
            CsvKind::List { offsets, values } => {
                let elements = offsets[row] as usize..offsets[row + 1] as usize;
                write_parts(elements.map(|at| (values.as_ref(), at)), options, out);
            }
            CsvKind::Row(columns) => {
                write_parts(columns.iter().map(|column| (column, row)), options, out);
            }
        }
        true
    }
}

/// The parts of an array or a row in one field.
fn write_parts<'a>(
    parts: impl Iterator<Item = (&'a CsvValue, usize)>,
    options: &CsvOptions,
    out: &mut String,
) {
    for (at, (value, row)) in parts.enumerate() {
        if at > 0 {
            out.push_str(&options.element_delimiter);
        }
        if !value.write(row, options, out) {
            out.push_str(options.null_literal.as_deref().unwrap_or(""));
        }
    }
}
