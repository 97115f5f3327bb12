//! Values of JSON by their places, read into columns.

use std::borrow::Cow;

use arrow::datatypes::DataType;
use millstream_types::sql_type::type_name;
use millstream_types::text::shortened;

use crate::column::ColumnBuilder;
use crate::digits::short_integer;
use crate::json_scan::{Kind, Raw, Scanner, unescape, written_anew};

/// Why a value is none of a column.
pub(crate) fn mismatch(raw: Raw<'_>, due: &DataType) -> String {
    let (shown, due) = (shortened(raw.text), type_name(due));
    match raw.kind {
        Kind::Plain | Kind::Escaped => format!("\"{shown}\" does not fit {due}"),
        _ => format!("{shown} does not fit {due}"),
    }
}

/// Reads values into columns.
pub(crate) struct Reader {
    /// What stands between date and time of a timestamp.
    pub separator: u8,
    /// Inside arrays, maps and rows a value that cannot be read is NULL.
    pub lenient: bool,
    /// A field of a row that is missing is an error.
    pub all_due: bool,
}

impl Reader {
    /// Adds a value; false, and nothing added, where it does not fit the column.
    pub fn append(&self, builder: &mut ColumnBuilder, raw: Raw<'_>, nulled: &mut u64) -> bool {
        if raw.kind == Kind::Null {
            builder.append_null();
            return true;
        }
        match builder {
            ColumnBuilder::List { .. } | ColumnBuilder::Map { .. } | ColumnBuilder::Row { .. } => {
                self.append_nested(builder, raw, nulled)
            }
            ColumnBuilder::Text(text) => {
                match raw.kind {
                    Kind::Escaped => match unescape(raw.text) {
                        Some(value) => text.append_value(value),
                        None => return false,
                    },
                    Kind::Object | Kind::Array => text.append_value(written_anew(raw.text)),
                    _ => text.append_value(raw.text),
                }
                true
            }
            ColumnBuilder::Boolean(_) => match raw.kind {
                Kind::Escaped => unescape(raw.text)
                    .is_some_and(|text| builder.append_text(&text, self.separator)),
                _ => builder.append_text(raw.text, self.separator),
            },
            _ => match raw.kind {
                Kind::Number => self.append_number(builder, raw.text),
                Kind::Plain => builder.append_text(raw.text, self.separator),
                Kind::Escaped => unescape(raw.text)
                    .is_some_and(|text| builder.append_text(&text, self.separator)),
                _ => false,
            },
        }
    }

    fn append_number(&self, builder: &mut ColumnBuilder, text: &str) -> bool {
        match builder {
            ColumnBuilder::Int32(column) => {
                match whole(text).and_then(|value| value.try_into().ok()) {
                    Some(value) => column.append_value(value),
                    None => return false,
                }
            }
            ColumnBuilder::Int64(column) => match whole(text) {
                Some(value) => column.append_value(value),
                None => return false,
            },
            ColumnBuilder::Date(_)
            | ColumnBuilder::TimeSeconds(_)
            | ColumnBuilder::TimeMillis(_)
            | ColumnBuilder::Timestamp(_)
            | ColumnBuilder::Bytes(_) => return false,
            _ => return builder.append_text(text, self.separator),
        }
        true
    }

    fn append_nested(&self, builder: &mut ColumnBuilder, raw: Raw<'_>, nulled: &mut u64) -> bool {
        let mut add = |builder: &mut ColumnBuilder, raw: Raw<'_>| {
            if self.append(builder, raw, nulled) {
                return true;
            }
            // Something must be added to keep columns aligned, even when the row then fails.
            *nulled += 1;
            builder.append_null();
            self.lenient
        };
        let mut scanner = Scanner::new(raw.text);
        let mut fits = true;
        match (builder, raw.kind) {
            (ColumnBuilder::List { values, ends, present, .. }, Kind::Array) => {
                let mut length = ends.last().copied().unwrap_or(0);
                let _ = scanner.array(0, |element| {
                    fits &= add(values, element);
                    length += 1;
                });
                ends.push(length);
                present.push(true);
            }
            (ColumnBuilder::Map { keys, values, ends, present, .. }, Kind::Object) => {
                let mut members: Vec<(Raw<'_>, Raw<'_>)> = Vec::new();
                let _ = scanner.object(0, |key, value| {
                    let same = |known: &Raw<'_>| key_text(*known) == key_text(key);
                    match members.iter_mut().find(|(known, _)| same(known)) {
                        Some(known) => known.1 = value,
                        None => members.push((key, value)),
                    }
                });
                for (key, value) in &members {
                    fits &= add(keys, *key);
                    fits &= add(values, *value);
                }
                ends.push(ends.last().copied().unwrap_or(0) + members.len() as i32);
                present.push(true);
            }
            (ColumnBuilder::Row { columns, fields, present }, Kind::Object) => {
                let mut found: Vec<Option<Raw<'_>>> = vec![None; columns.len()];
                let _ = scanner.object(0, |key, value| {
                    if let Some((at, _)) = key_text(key).and_then(|key| fields.find(&key)) {
                        found[at] = Some(value);
                    }
                });
                for (column, value) in columns.iter_mut().zip(found) {
                    match value {
                        Some(value) => fits &= add(column, value),
                        None => {
                            column.append_null();
                            fits &= !self.all_due;
                        }
                    }
                }
                present.push(true);
            }
            _ => return false,
        }
        // The value was added either way; a row that does not fit fails as a whole.
        fits
    }
}

/// A key without its escapes; `None` where they are none.
fn key_text(key: Raw<'_>) -> Option<Cow<'_, str>> {
    match key.kind {
        Kind::Escaped => unescape(key.text).map(Cow::Owned),
        _ => Some(Cow::Borrowed(key.text)),
    }
}

/// The whole part of a number, if it fits.
fn whole(text: &str) -> Option<i64> {
    if let Some(value) = short_integer(text.as_bytes()).or_else(|| text.parse().ok()) {
        return Some(value);
    }
    // 2^63 is the first value that no longer fits.
    const LIMIT: f64 = 2.0 * (1_u64 << 62) as f64;
    let value: f64 = fast_float2::parse(text).ok()?;
    let value = value.trunc();
    (-LIMIT..LIMIT).contains(&value).then_some(value as i64)
}
