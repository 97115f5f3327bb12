//! Rows as JSON lines or CSV.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use chrono_tz::Tz;
use millstream_types::json_text::{
    JsonValue, is_ltz, json_string, plain_text, trim_fraction, write_object,
};
use millstream_types::text::TextColumn;
use millstream_types::{ChangeBatch, Error, Result};

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
    /// Changes, as JSON lines.
    Debezium(JsonOptions),
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

    /// Whether it writes rows that are taken back, too.
    pub fn takes_changes(&self) -> bool {
        matches!(self.format, TextFormat::Debezium(_))
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
