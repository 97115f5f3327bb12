//! JSON values, of Flink's type `VARIANT`: made of texts, and looked into.
//!
//! A value is kept as text without blanks, the members of its objects in the order of their keys and its
//! numbers as they are shown, so that equal values have equal texts and looking into one need not parse it.
//! Source: Flink, "Variant Functions". There 1 and 1.0 are two values that look the same; here they are one.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray, StructArray};
use arrow::datatypes::{DataType, Int64Type};
use chrono_tz::Tz;
use millstream_types::json_text::push_plain_string;
use millstream_types::text::{TextColumn, shortened};
use millstream_types::{Error, Result, SqlType};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::function::{Builtin, Call, Typing, typing};
use crate::json;

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "PARSE_JSON",
        usage: "PARSE_JSON(text [, duplicate_keys])",
        about: "The text as a JSON value; of a key that is there twice the last member, if that is allowed.",
        volatile: false,
        typing: parse_typing,
        body: |call| {
            parse_all(call, |text| {
                Err(Error::Evaluation(format!(
                    "PARSE_JSON: '{}' is no JSON, or has a key twice; TRY_PARSE_JSON gives NULL",
                    shortened(text)
                )))
            })
        },
    },
    Builtin {
        name: "TRY_PARSE_JSON",
        usage: "TRY_PARSE_JSON(text [, duplicate_keys])",
        about: "As PARSE_JSON; NULL where the text is no JSON.",
        volatile: false,
        typing: parse_typing,
        body: |call| parse_all(call, |_| Ok(None)),
    },
];

fn parse_typing(given: &[DataType]) -> Result<Typing, String> {
    let arguments = [DataType::Utf8, DataType::Boolean];
    typing::between(given, &arguments, 1, SqlType::Variant.arrow())
}

fn parse_all(call: &Call<'_>, failed: impl Fn(&str) -> Result<Option<String>>) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>();
    let duplicates = call.arguments.get(1).map(|allowed| allowed.as_boolean());
    let value = |(row, text): (usize, Option<&str>)| {
        let allowed = duplicates.map(|allowed| allowed.is_valid(row).then(|| allowed.value(row)));
        let (Some(text), Some(allowed)) = (text, allowed.unwrap_or(Some(false))) else {
            return Ok(None);
        };
        parse(text, allowed).map_or_else(|| failed(text), |value| Ok(Some(value)))
    };
    let values = texts.iter().enumerate().map(value).collect::<Result<StringArray>>()?;
    of_texts(call, values)
}

fn of_texts(call: &Call<'_>, texts: StringArray) -> Result<ArrayRef> {
    let DataType::Struct(fields) = call.result else {
        return Err(Error::Internal("a JSON value is a row".to_owned()));
    };
    let nulls = texts.nulls().cloned();
    Ok(Arc::new(StructArray::try_new(fields.clone(), vec![Arc::new(texts)], nulls)?))
}

/// The text of the first JSON value in a text.
fn parse(text: &str, duplicates: bool) -> Option<String> {
    let value = json::parse(text)?;
    if !duplicates && text.contains('{') {
        serde_json::Deserializer::from_str(text).into_iter::<Unique>().next()?.ok()?;
    }
    let mut out = String::with_capacity(text.len());
    json::write_value(&value, push_number, &mut out);
    Some(out)
}

/// Any JSON value without a key twice in one object.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = members.next_key::<String>()? {
            // Some numbers are handed over as maps of one member, too.
            if !keys.insert(key) {
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Err(serde::de::Error::custom("a key twice"));
            }
            members.next_value::<Self>()?;
        }
        Ok(self)
    }
}

/// The digits and the scale up to which a number is a decimal.
const DECIMAL_DIGITS: usize = 38;

/// Appends a number: one without exponent that a decimal holds with its digits, but for zeros at the end
/// of the fraction; any other as a DOUBLE.
fn push_number(text: &str, out: &mut String) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.trim_start_matches('-');
    let all = digits.trim_start_matches('0').len() + fraction.len();
    if text.contains(['e', 'E']) || all > DECIMAL_DIGITS {
        let value: ArrayRef = Arc::new(Float64Array::from(vec![text.parse().unwrap_or(f64::NAN)]));
        if let Ok(column) = TextColumn::new(&value, Tz::UTC, None) {
            column.write(0, out);
        }
        return;
    }
    let fraction = fraction.trim_end_matches('0');
    if whole.starts_with('-') && (digits != "0" || !fraction.is_empty()) {
        out.push('-');
    }
    out.push_str(digits);
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
}

/// The element of a JSON array at an index from 1 on, or the member of an object.
///
/// # Errors
/// When a value is no array, or no object.
pub fn item(call: &Call<'_>) -> Result<ArrayRef> {
    let (values, at) = (call.arguments[0].as_struct(), &call.arguments[1]);
    let texts = values.column(0).as_string::<i32>();
    let found = (0..call.rows).map(|row| {
        if values.is_null(row) || at.is_null(row) {
            return Ok(None);
        }
        let text = texts.value(row);
        let (open, due, what) = match at.data_type() {
            DataType::Utf8 => ('{', "an object", "a key"),
            _ => ('[', "an array", "an index"),
        };
        let Some(inside) = text.strip_prefix(open) else {
            return Err(Error::Evaluation(format!("{what} looks into {due}, and {text} is none")));
        };
        Ok(match at.data_type() {
            DataType::Utf8 => {
                let mut key = String::new();
                push_plain_string(&mut key, at.as_string::<i32>().value(row));
                key.push(':');
                parts(inside).find_map(|member| member.strip_prefix(&key))
            }
            _ => usize::try_from(at.as_primitive::<Int64Type>().value(row))
                .ok()
                .and_then(|index| index.checked_sub(1))
                .and_then(|index| parts(inside).nth(index)),
        })
    });
    of_texts(call, found.collect::<Result<StringArray>>()?)
}

/// What stands between the commas of an array or object, whose opening bracket is left away.
fn parts(inside: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(inside).filter(|inside| inside.len() > 1);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        let end = text.bytes().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'[' | b'{' => depth += 1,
                b']' | b'}' | b',' if depth == 0 => return true,
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            false
        })?;
        rest = text[end..].strip_prefix(',');
        Some(&text[..end])
    })
}
