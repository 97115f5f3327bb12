//! Values as JSON.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use chrono_tz::Tz;

use crate::error::Result;
use crate::sql_type::{is_bitmap, is_variant};
use crate::text::TextColumn;

/// How values are spelled where JSON leaves a choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JsonStyle {
    /// Timestamps are `2026-01-31T12:00:00.123`, not `2026-01-31 12:00:00.123`.
    pub iso_timestamps: bool,
    /// Fields that are NULL are left out.
    pub ignore_null_fields: bool,
    /// What becomes of the zeros at the end of decimals.
    pub decimals: DecimalStyle,
}

/// How decimals are spelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DecimalStyle {
    /// Without the zeros at the end of the fraction: 10.50 is `10.5`, 10.00 is `10`.
    #[default]
    Trimmed,
    /// As Java writes them without zeros at the end: 10.50 is `10.5`, 10.00 is `1E+1`.
    Stripped,
    /// With all digits of their scale.
    Full,
}

/// Takes the zeros off the end of a fraction, and the point when nothing is left behind it.
pub fn trim_fraction(out: &mut String, start: usize) {
    if out[start..].contains('.') {
        let length = out.trim_end_matches('0').trim_end_matches('.').len();
        out.truncate(length);
    }
}

/// Rewrites a plain decimal as Java shows it without the zeros at its end: [`DecimalStyle::Stripped`].
/// Source: `BigDecimal.stripTrailingZeros` and `BigDecimal.toString`.
pub fn strip_decimal(out: &mut String, start: usize) {
    let text = out.split_off(start);
    let unsigned = text.strip_prefix('-').unwrap_or(&text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        out.push('0');
        return;
    }
    if unsigned.len() < text.len() {
        out.push('-');
    }
    let stripped = all.len() - all.trim_end_matches('0').len();
    let scale = fraction.len() as i64 - stripped as i64;
    // The power of ten of the first digit.
    let power = digits.len() as i64 - 1 - scale;
    if scale >= 0 && power >= -6 {
        out.push_str(&unsigned[..unsigned.len() - stripped.min(fraction.len())]);
        if out.ends_with('.') {
            out.pop();
        }
        return;
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    // Writing into a text does not fail.
    let _ = write!(out, "{first}{point}{rest}E{power:+}");
}

/// Whether a column holds points on the time line.
pub fn is_ltz(array: &ArrayRef) -> bool {
    matches!(array.data_type(), DataType::Timestamp(_, Some(_)))
}

/// Text of plain values: booleans in small letters, bytes in base 64.
pub fn plain_text(array: &ArrayRef) -> Result<TextColumn> {
    let text: ArrayRef = match array.data_type() {
        DataType::Boolean => {
            let words =
                array.as_boolean().iter().map(|v| v.map(|v| if v { "true" } else { "false" }));
            Arc::new(words.collect::<arrow::array::StringArray>())
        }
        DataType::Binary => {
            use base64::Engine;
            let engine = base64::engine::general_purpose::STANDARD;
            let texts =
                array.as_binary::<i32>().iter().map(|bytes| bytes.map(|b| engine.encode(b)));
            Arc::new(texts.collect::<arrow::array::StringArray>())
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
    Time(TextColumn),
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
            variant if is_variant(variant) => JsonKind::Bare(plain_text(array)?),
            other if other.is_numeric() => JsonKind::Bare(plain_text(array)?),
            DataType::Time32(_) => JsonKind::Time(plain_text(array)?),
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
            bitmap if is_bitmap(bitmap) => JsonKind::Text(plain_text(array)?),
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
    pub fn write(&self, row: usize, style: &JsonStyle, out: &mut String) {
        if self.array.is_null(row) {
            out.push_str("null");
            return;
        }
        match &self.kind {
            JsonKind::Bare(text) => text.write_or(row, "null", out),
            JsonKind::Decimal(text) => {
                let start = out.len();
                text.write(row, out);
                match style.decimals {
                    DecimalStyle::Trimmed => trim_fraction(out, start),
                    DecimalStyle::Stripped => strip_decimal(out, start),
                    DecimalStyle::Full => {}
                }
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
            JsonKind::Time(text) => {
                let mut value = String::new();
                text.write(row, &mut value);
                trim_fraction(&mut value, 0);
                push_json_string(out, &value);
            }
            JsonKind::Point { text, ltz } => {
                let mut value = String::new();
                text.write(row, &mut value);
                trim_fraction(&mut value, 0);
                if style.iso_timestamps {
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
                    values.write(at as usize, style, out);
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
                    values.write(at as usize, style, out);
                }
                out.push('}');
            }
            JsonKind::Row(names, columns) => write_object(names, columns, row, style, out),
        }
    }
}

/// Appends an object of columns' values in a row, under names that are JSON strings already.
pub fn write_object(
    keys: &[String],
    values: &[JsonValue],
    row: usize,
    style: &JsonStyle,
    out: &mut String,
) {
    out.push('{');
    let mut first = true;
    for (key, value) in keys.iter().zip(values) {
        if style.ignore_null_fields && value.array.is_null(row) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        out.push_str(key);
        out.push(':');
        value.write(row, style, out);
    }
    out.push('}');
}

/// A text as a JSON string.
pub fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_json_string(&mut out, text);
    out
}

/// Appends a text as a JSON string, in the spelling that files have: what is beyond the basic plane as a pair
/// of surrogates, which every reader takes.
pub fn push_json_string(out: &mut String, text: &str) {
    push_quoted(out, text, true);
}

/// Appends a text as a JSON string; all that need not be escaped stands as it is.
pub fn push_plain_string(out: &mut String, text: &str) {
    push_quoted(out, text, false);
}

/// As Jackson writes it, which Flink uses.
fn push_quoted(out: &mut String, text: &str, surrogates: bool) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if control < ' ' => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{:04X}", control as u32);
            }
            astral if surrogates && astral.len_utf16() == 2 => {
                for unit in astral.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
