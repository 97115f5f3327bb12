//! Rows as JSON lines or CSV.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use chrono_tz::Tz;
use millstream_types::Result;
use millstream_types::text::TextColumn;

use crate::csv::CsvOptions;
use crate::json::JsonOptions;

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

    /// Appends one line a row.
    ///
    /// # Errors
    /// When a column has no text form.
    pub fn write(&self, rows: &RecordBatch, out: &mut String) -> Result<()> {
        match &self.format {
            TextFormat::Json(options) => {
                let values =
                    rows.columns().iter().map(JsonValue::new).collect::<Result<Vec<_>>>()?;
                let keys: Vec<String> = self.names.iter().map(|name| json_string(name)).collect();
                for row in 0..rows.num_rows() {
                    write_object(&keys, &values, row, options, out);
                    out.push('\n');
                }
            }
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
                            true => push_csv(out, &text, options),
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

/// Appends a field, in quotes where it needs them.
fn push_csv(out: &mut String, text: &str, options: &CsvOptions) {
    let Some(quote) = options.quote else {
        out.push_str(text);
        return;
    };
    let special = |byte: u8| {
        byte == options.delimiter || byte == quote || matches!(byte, b'\n' | b'\r' | b' ' | b'#')
    };
    if !text.bytes().any(special) {
        out.push_str(text);
        return;
    }
    let quote = char::from(quote);
    out.push(quote);
    for character in text.chars() {
        if character == quote {
            out.push(quote);
        }
        out.push(character);
    }
    out.push(quote);
}

enum CsvValue {
    Plain { text: TextColumn, point: bool, ltz: bool },
    List { offsets: Vec<i32>, values: TextColumn, list: ArrayRef },
}

impl CsvValue {
    fn new(array: &ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                Self::List {
                    offsets: list.value_offsets().to_vec(),
                    values: TextColumn::new(list.values(), Tz::UTC, None)?,
                    list: ArrayRef::clone(array),
                }
            }
            other => Self::Plain {
                text: plain_text(array)?,
                point: matches!(other, DataType::Timestamp(..) | DataType::Decimal128(..)),
                ltz: is_ltz(array),
            },
        })
    }

    /// Writes a value; false for NULL.
    fn write(&self, row: usize, options: &CsvOptions, out: &mut String) -> bool {
        match self {
            Self::Plain { text, point, ltz } => {
                if text.is_null(row) {
                    return false;
                }
                let start = out.len();
                text.write(row, out);
                if *point {
                    trim_fraction(out, start);
                }
                if *ltz {
                    out.push('Z');
                }
                true
            }
            Self::List { offsets, values, list } => {
                if list.is_null(row) {
                    return false;
                }
                for at in offsets[row]..offsets[row + 1] {
                    if at > offsets[row] {
                        out.push_str(&options.element_delimiter);
                    }
                    values.write_or(at as usize, "", out);
                }
                true
            }
        }
    }
}

/// Takes the zeros off the end of a fraction, and the point when nothing is left behind it.
fn trim_fraction(out: &mut String, start: usize) {
    if out[start..].contains('.') {
        let length = out.trim_end_matches('0').trim_end_matches('.').len();
        out.truncate(length);
    }
}

fn is_ltz(array: &ArrayRef) -> bool {
    matches!(array.data_type(), DataType::Timestamp(_, Some(_)))
}

/// Text of plain values: booleans in small letters, bytes in base 64.
fn plain_text(array: &ArrayRef) -> Result<TextColumn> {
    let text: ArrayRef = match array.data_type() {
        DataType::Boolean => {
            let words =
                array.as_boolean().iter().map(|v| v.map(|v| if v { "true" } else { "false" }));
            std::sync::Arc::new(words.collect::<arrow::array::StringArray>())
        }
        DataType::Binary => {
            use base64::Engine;
            let engine = base64::engine::general_purpose::STANDARD;
            let texts =
                array.as_binary::<i32>().iter().map(|bytes| bytes.map(|b| engine.encode(b)));
            std::sync::Arc::new(texts.collect::<arrow::array::StringArray>())
        }
        _ => ArrayRef::clone(array),
    };
    TextColumn::new(&text, Tz::UTC, None)
}

/// A column that is written as JSON.
pub struct JsonValue {
    array: ArrayRef,
    kind: JsonKind,
}

enum JsonKind {
    Text(TextColumn),
    /// Numbers and booleans, which need no quotes.
    Bare(TextColumn),
    Decimal(TextColumn),
    /// Floating point numbers, which JSON knows only when finite.
    Floating(TextColumn),
    Point {
        text: TextColumn,
        ltz: bool,
    },
    List(Vec<i32>, Box<JsonValue>),
    Map(Vec<i32>, TextColumn, Box<JsonValue>),
    Row(Vec<String>, Vec<JsonValue>),
}

impl JsonValue {
    /// Prepares a column.
    ///
    /// # Errors
    /// When it has no text form.
    pub fn new(array: &ArrayRef) -> Result<Self> {
        let kind = match array.data_type() {
            DataType::Float32 | DataType::Float64 => JsonKind::Floating(plain_text(array)?),
            DataType::Decimal128(..) => JsonKind::Decimal(plain_text(array)?),
            DataType::Boolean | DataType::Null => JsonKind::Bare(plain_text(array)?),
            other if other.is_numeric() => JsonKind::Bare(plain_text(array)?),
            DataType::Timestamp(..) => {
                JsonKind::Point { text: plain_text(array)?, ltz: is_ltz(array) }
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                JsonKind::List(list.value_offsets().to_vec(), Box::new(Self::new(list.values())?))
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let keys = TextColumn::new(map.keys(), Tz::UTC, None)?;
                JsonKind::Map(
                    map.value_offsets().to_vec(),
                    keys,
                    Box::new(Self::new(map.values())?),
                )
            }
            DataType::Struct(fields) => {
                let names = fields.iter().map(|field| json_string(field.name())).collect();
                let columns = array.as_struct().columns();
                JsonKind::Row(names, columns.iter().map(Self::new).collect::<Result<_>>()?)
            }
            _ => JsonKind::Text(plain_text(array)?),
        };
        Ok(Self { array: ArrayRef::clone(array), kind })
    }

    /// Appends the value of a row.
    pub fn write(&self, row: usize, options: &JsonOptions, out: &mut String) {
        if self.array.is_null(row) {
            out.push_str("null");
            return;
        }
        match &self.kind {
            JsonKind::Bare(text) => text.write_or(row, "null", out),
            JsonKind::Decimal(text) => {
                let start = out.len();
                text.write(row, out);
                trim_fraction(out, start);
            }
            JsonKind::Floating(text) => {
                let start = out.len();
                text.write(row, out);
                if out[start..].ends_with(['N', 'y']) {
                    out.insert(start, '"');
                    out.push('"');
                }
            }
            JsonKind::Text(text) => {
                let mut value = String::new();
                text.write(row, &mut value);
                push_json_string(out, &value);
            }
            JsonKind::Point { text, ltz } => {
                let mut value = String::new();
                text.write(row, &mut value);
                trim_fraction(&mut value, 0);
                if options.iso_timestamps {
                    value = value.replacen(' ', "T", 1);
                }
                if *ltz {
                    value.push('Z');
                }
                push_json_string(out, &value);
            }
            JsonKind::List(offsets, values) => {
                out.push('[');
                for at in offsets[row]..offsets[row + 1] {
                    if at > offsets[row] {
                        out.push(',');
                    }
                    values.write(at as usize, options, out);
                }
                out.push(']');
            }
            JsonKind::Map(offsets, keys, values) => {
                out.push('{');
                for at in offsets[row]..offsets[row + 1] {
                    if at > offsets[row] {
                        out.push(',');
                    }
                    let mut key = String::new();
                    keys.write_or(at as usize, "null", &mut key);
                    push_json_string(out, &key);
                    out.push(':');
                    values.write(at as usize, options, out);
                }
                out.push('}');
            }
            JsonKind::Row(names, columns) => write_object(names, columns, row, options, out),
        }
    }
}

fn write_object(
    keys: &[String],
    values: &[JsonValue],
    row: usize,
    options: &JsonOptions,
    out: &mut String,
) {
    out.push('{');
    let mut first = true;
    for (key, value) in keys.iter().zip(values) {
        if options.ignore_null_fields && value.array.is_null(row) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        out.push_str(key);
        out.push(':');
        value.write(row, options, out);
    }
    out.push('}');
}

/// A text as a JSON string.
pub fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_json_string(&mut out, text);
    out
}

fn push_json_string(out: &mut String, text: &str) {
    use std::fmt::Write;
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            // Beyond the basic plane as a pair of surrogates, which every reader takes.
            astral if astral.len_utf16() == 2 => {
                for unit in astral.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
