//! Columns from a sample of the data, for tables that declare none.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use millstream_types::number::floating;
use millstream_types::{Error, Result};

use crate::column::point;
use crate::csv::{CsvOptions, sample_records};
use crate::json_scan::{Kind, Raw, Scanner, unescape};

/// The most bytes of a file that are looked at.
pub const SAMPLE_BYTES: usize = 1 << 20;

/// The columns of JSON lines, in the order in which their names first come.
///
/// # Errors
/// When no line is a JSON object.
pub fn json(sample: &[u8], source: &str) -> Result<SchemaRef> {
    let text = String::from_utf8_lossy(sample);
    let mut columns: Vec<(String, Option<DataType>)> = Vec::new();
    let mut objects = 0;
    for line in text.lines() {
        let mut scanner = Scanner::new(line.strip_prefix('\u{feff}').unwrap_or(line));
        let mut add = |scanner: &mut Scanner<'_>| {
            let scanned = scanner.object(0, |key, value| {
                let name = unescape(key.text).unwrap_or_else(|| key.text.to_owned());
                let found = json_type(value);
                match columns.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = unite(known.take(), found),
                    None => columns.push((name, found)),
                }
            });
            objects += usize::from(scanned.is_ok());
        };
        match scanner.next_byte() {
            b'{' => add(&mut scanner),
            b'[' => {
                let mut elements = Vec::new();
                if scanner.array(0, |element| elements.push(element.text)).is_ok() {
                    elements.into_iter().for_each(|element| add(&mut Scanner::new(element)));
                }
            }
            _ => {}
        }
    }
    if objects == 0 {
        return Err(Error::options(
            format!("the columns of \"{source}\" cannot be inferred: no line is a JSON object"),
            "one JSON object a line is read",
        ));
    }
    Ok(schema(columns))
}

fn schema(columns: Vec<(String, Option<DataType>)>) -> SchemaRef {
    let fields = columns
        .into_iter()
        .map(|(name, data_type)| Field::new(name, data_type.unwrap_or(DataType::Utf8), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn json_type(value: Raw<'_>) -> Option<DataType> {
    Some(match value.kind {
        Kind::Null => return None,
        Kind::Boolean => DataType::Boolean,
        Kind::Number if value.text.parse::<i64>().is_ok() => DataType::Int64,
        Kind::Number => DataType::Float64,
        Kind::Plain if point(value.text.as_bytes(), b' ').is_some() => {
            DataType::Timestamp(TimeUnit::Millisecond, None)
        }
        Kind::Plain | Kind::Escaped => DataType::Utf8,
        Kind::Array => {
            let mut element = None;
            let _ = Scanner::new(value.text).array(0, |next| {
                element = unite(element.take(), json_type(next));
            });
            DataType::new_list(element.unwrap_or(DataType::Utf8), true)
        }
        Kind::Object => {
            let mut fields: Vec<(String, Option<DataType>)> = Vec::new();
            let _ = Scanner::new(value.text).object(0, |key, next| {
                fields.push((key.text.to_owned(), json_type(next)));
            });
            DataType::Struct(schema(fields).fields().clone())
        }
    })
}

/// The type that holds values of both.
fn unite(known: Option<DataType>, found: Option<DataType>) -> Option<DataType> {
    use DataType::{Float64, Int64, List, Struct, Utf8};
    Some(match (known, found) {
        (None, other) | (other, None) => return other,
        (Some(a), Some(b)) if a == b => a,
        (Some(Int64), Some(Float64)) | (Some(Float64), Some(Int64)) => Float64,
        (Some(List(a)), Some(List(b))) => {
            let element = unite(Some(a.data_type().clone()), Some(b.data_type().clone()));
            DataType::new_list(element.unwrap_or(Utf8), true)
        }
        (Some(Struct(a)), Some(Struct(b))) => {
            let mut fields: Vec<(String, Option<DataType>)> = a
                .iter()
                .map(|field| (field.name().clone(), Some(field.data_type().clone())))
                .collect();
            for field in &b {
                let found = Some(field.data_type().clone());
                match fields.iter_mut().find(|(name, _)| name == field.name()) {
                    Some((_, known)) => *known = unite(known.take(), found),
                    None => fields.push((field.name().clone(), found)),
                }
            }
            Struct(schema(fields).fields().clone())
        }
        _ => Utf8,
    })
}

/// The columns of CSV. Where `header` is not said, the first record names the columns if each of its
/// fields is a word of its own; else they are `f0`, `f1`, … Tells whether there is a header.
///
/// # Errors
/// When the sample is empty.
pub fn csv(
    sample: &[u8],
    source: &str,
    options: &CsvOptions,
    header: Option<bool>,
) -> Result<(SchemaRef, bool)> {
    let records = sample_records(sample, options);
    let Some(first) = records.first() else {
        return Err(Error::options(
            format!("the columns of \"{source}\" cannot be inferred: the file is empty"),
            "declare them in CREATE TABLE",
        ));
    };
    let names_columns = first.iter().enumerate().all(|(at, text)| {
        !text.trim().is_empty()
            && csv_type(text) == Some(DataType::Utf8)
            && !first[..at].contains(text)
    });
    let header = header.unwrap_or(names_columns);
    let columns = first.iter().enumerate().map(|(at, text)| {
        let name = if header { text.trim().to_owned() } else { format!("f{at}") };
        let values = records.iter().skip(usize::from(header)).filter_map(|record| record.get(at));
        let found = values.fold(None, |known, text| unite(known, csv_type(text)));
        (name, found)
    });
    Ok((schema(columns.collect()), header))
}

fn csv_type(text: &str) -> Option<DataType> {
    Some(match text {
        "" => return None,
        "true" | "false" => DataType::Boolean,
        _ if text.parse::<i64>().is_ok() => DataType::Int64,
        _ if text.bytes().any(|b| b.is_ascii_digit()) && floating(text).is_some() => {
            DataType::Float64
        }
        _ if point(text.as_bytes(), b' ').is_some() => {
            DataType::Timestamp(TimeUnit::Millisecond, None)
        }
        _ => DataType::Utf8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(schema: &SchemaRef) -> String {
        let columns = schema.fields().iter().map(|field| {
            format!("{} {}", field.name(), millstream_types::sql_type::type_name(field.data_type()))
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn json_columns_hold_all_values_seen() {
        let sample = b"{\"a\":1,\"t\":\"2026-01-01 00:00:00\"}\n{\"a\":2.5,\"b\":[{\"c\":null}],\"d\":null}\n";
        let schema = json(sample, "x").unwrap();
        assert_eq!(shown(&schema), "a DOUBLE, t TIMESTAMP(3), b ARRAY<ROW<`c` STRING>>, d STRING");
        assert!(json(b"nothing", "x").is_err());
    }

    #[test]
    fn csv_headers_are_words() {
        let (schema, header) =
            csv(b"id,name\n1,a\n2,\n", "x", &CsvOptions::default(), None).unwrap();
        assert_eq!((shown(&schema).as_str(), header), ("id BIGINT, name STRING", true));
        let (schema, header) = csv(b"1,a\n2,b\n", "x", &CsvOptions::default(), None).unwrap();
        assert_eq!((shown(&schema).as_str(), header), ("f0 BIGINT, f1 STRING", false));
    }
}
