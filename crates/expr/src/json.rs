//! Functions over JSON texts.
//!
//! A text is read as far as its first value goes. Paths are `lax` or `strict` (the default): what a lax
//! path does not find is empty, what a strict one does not find is an error; what follows from either is
//! said by `ON EMPTY` and `ON ERROR`. Source: Flink, "JSON Functions", and the SQL:2016 standard.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, ListBuilder, StringArray,
    StringBuilder,
};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type};
use millstream_types::json_text::{DecimalStyle, JsonStyle, JsonValue, push_plain_string};
use millstream_types::sql_type::is_variant;
use millstream_types::{Error, Result};
use serde_json::Value;

use crate::function::{Builtin, Call, Typing, function, typing};
use crate::json_path::Path;

const TEXT: DataType = DataType::Utf8;

/// The functions of this family. The SQL front end writes the clauses of a call as arguments, in words.
pub const BUILTINS: &[Builtin] = &[
    function!(
        "IS_JSON",
        "text IS [NOT] JSON [VALUE | SCALAR | ARRAY | OBJECT]",
        "Whether the text is JSON, or JSON of that kind.",
        |given| typing::exact(given, &[TEXT, TEXT], DataType::Boolean),
        is_json
    ),
    function!(
        "JSON_EXISTS",
        "JSON_EXISTS(text, path [{TRUE | FALSE | UNKNOWN | ERROR} ON ERROR])",
        "Whether something stands at the path.",
        |given| typing::exact(given, &[TEXT, TEXT, TEXT], DataType::Boolean),
        exists
    ),
    function!(
        "JSON_VALUE",
        "JSON_VALUE(text, path [RETURNING type] [{NULL | ERROR | DEFAULT value} ON EMPTY] [… ON ERROR])",
        "The scalar at the path, as STRING, BOOLEAN, INTEGER or DOUBLE.",
        |given| value_typing(given, TEXT),
        |call| {
            let default =
                |column: &ArrayRef, row: usize| column.as_string::<i32>().value(row).to_owned();
            let values = scalars(call, |value| Some(scalar_text(value)), default)?;
            Ok(Arc::new(StringArray::from(values)))
        }
    ),
    function!(
        "JSON_VALUE_BOOLEAN",
        "",
        "",
        |given| value_typing(given, DataType::Boolean),
        |call| {
            let default = |column: &ArrayRef, row: usize| column.as_boolean().value(row);
            Ok(Arc::new(BooleanArray::from(scalars(call, Value::as_bool, default)?)))
        }
    ),
    function!("JSON_VALUE_INTEGER", "", "", |given| value_typing(given, DataType::Int32), |call| {
        let read = |value: &Value| value.as_i64().and_then(|number| i32::try_from(number).ok());
        let default = |column: &ArrayRef, row: usize| column.as_primitive::<Int32Type>().value(row);
        Ok(Arc::new(Int32Array::from(scalars(call, read, default)?)))
    }),
    function!(
        "JSON_VALUE_DOUBLE",
        "",
        "",
        |given| value_typing(given, DataType::Float64),
        |call| {
            let default =
                |column: &ArrayRef, row: usize| column.as_primitive::<Float64Type>().value(row);
            Ok(Arc::new(Float64Array::from(scalars(call, Value::as_f64, default)?)))
        }
    ),
    function!(
        "JSON_QUERY",
        "JSON_QUERY(text, path [RETURNING type] [{WITHOUT | WITH [CONDITIONAL | UNCONDITIONAL]} [ARRAY] \
         WRAPPER] [{NULL | ERROR | EMPTY ARRAY | EMPTY OBJECT} ON EMPTY] [… ON ERROR])",
        "The object or array at the path, as STRING or ARRAY<STRING>.",
        |given| typing::exact(given, &[TEXT, TEXT, TEXT, TEXT, TEXT], TEXT),
        |call| {
            let mut out = StringBuilder::new();
            query(call, |_| true, |value| out.append_option(value.map(|value| text_of(&value))))?;
            Ok(Arc::new(out.finish()))
        }
    ),
    function!(
        "JSON_QUERY_ARRAY",
        "",
        "",
        |given| {
            let list = DataType::List(Arc::new(Field::new("item", TEXT, true)));
            typing::exact(given, &[TEXT, TEXT, TEXT, TEXT, TEXT], list)
        },
        |call| {
            let mut out = ListBuilder::new(StringBuilder::new());
            query(call, Value::is_array, |value| match value {
                Some(Value::Array(elements)) => {
                    for element in elements {
                        out.values().append_option(match element {
                            Value::Null => None,
                            element if is_scalar(&element) => Some(scalar_text(&element)),
                            element => Some(text_of(&element)),
                        });
                    }
                    out.append(true);
                }
                _ => out.append(false),
            })?;
            Ok(Arc::new(out.finish()))
        }
    ),
    function!(
        "JSON_STRING",
        "JSON_STRING(value)",
        "The value as JSON; NULL for NULL.",
        |given| match given {
            [one] => Ok(Typing { arguments: vec![one.clone()], result: TEXT }),
            _ => Err("it takes 1 argument".to_owned()),
        },
        |call| {
            let given = &call.arguments[0];
            let column = JsonValue::new(&match given.data_type() {
                DataType::Float32 => arrow::compute::cast(given, &DataType::Float64)?,
                _ => ArrayRef::clone(given),
            })?;
            let mut out = StringBuilder::new();
            for row in 0..call.rows {
                if call.arguments[0].is_null(row) {
                    out.append_null();
                    continue;
                }
                let mut text = String::new();
                column.write(row, &STYLE, &mut text);
                if is_variant(given.data_type()) {
                    out.append_value(text);
                    continue;
                }
                out.append_value(parse(&text).map_or(text, |value| text_of(&value)));
            }
            Ok(Arc::new(out.finish()))
        }
    ),
    function!(
        "JSON",
        "JSON(text)",
        "The text as JSON inside JSON_OBJECT and JSON_ARRAY, not as a string.",
        |given| typing::exact(given, &[TEXT], TEXT),
        |call| {
            let texts = call.arguments[0].as_string::<i32>().iter().map(|text| {
                let Some(text) = text else { return Ok(None) };
                match parse(text) {
                    Some(value) => Ok(Some(text_of(&value))),
                    None => Err(failed("JSON", &format!("'{text}' is no JSON"))),
                }
            });
            Ok(Arc::new(texts.collect::<Result<StringArray>>()?))
        }
    ),
    function!(
        "JSON_OBJECT",
        "JSON_OBJECT([[KEY] key VALUE value, …] [{NULL | ABSENT} ON NULL])",
        "An object of keys and values, in the order of the keys.",
        |given| typing::all(given, 1, TEXT, TEXT),
        object
    ),
    function!(
        "JSON_ARRAY",
        "JSON_ARRAY([value, …] [{NULL | ABSENT} ON NULL])",
        "An array of values.",
        |given| typing::all(given, 1, TEXT, TEXT),
        array
    ),
    function!(
        "JSON_QUOTE",
        "JSON_QUOTE(text)",
        "The text as a JSON string, in quotes.",
        |given| typing::exact(given, &[TEXT], TEXT),
        |call| mapped(call, |text| Some(quoted(text)))
    ),
    function!(
        "JSON_UNQUOTE",
        "JSON_UNQUOTE(text)",
        "The text that a JSON string stands for; any other text as it is.",
        |given| typing::exact(given, &[TEXT], TEXT),
        |call| mapped(call, |text| Some(unquoted(text)))
    ),
];

/// Timestamps in JSON functions are in the ISO form.
const STYLE: JsonStyle =
    JsonStyle { iso_timestamps: true, ignore_null_fields: false, decimals: DecimalStyle::Full };

fn value_typing(given: &[DataType], result: DataType) -> Result<Typing, String> {
    let arguments = [TEXT, TEXT, TEXT, result.clone(), TEXT, result.clone()];
    // A default is cast to the type that is asked for.
    let mut typing = typing::exact(&given[..given.len().min(3)], &arguments[..3], result)?;
    typing.arguments = arguments.to_vec();
    Ok(typing)
}

fn mapped(call: &Call<'_>, compute: impl Fn(&str) -> Option<String>) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>().iter();
    Ok(Arc::new(texts.map(|text| text.and_then(&compute)).collect::<StringArray>()))
}

/// The first JSON value of a text; behind a number stands a blank, or nothing.
pub fn parse(text: &str) -> Option<Value> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    let value: Value = values.next()?.ok()?;
    let follows = text[values.byte_offset()..].chars().next();
    let stands_alone = follows.is_none_or(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
    (!value.is_number() || stands_alone).then_some(value)
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// A scalar without quotes.
fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => text_of(other),
    }
}

/// A value as JSON.
fn text_of(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, push_number, &mut out);
    out
}

/// Appends a value as JSON without blanks; `number` spells its numbers.
pub fn write_value(value: &Value, number: fn(&str, &mut String), out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(given) => number(&given.to_string(), out),
        Value::String(text) => push_plain_string(out, text),
        Value::Array(elements) => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(element, number, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            // Members come in the order of their keys.
            let members: BTreeMap<&String, &Value> = object.iter().collect();
            for (at, (key, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_plain_string(out, key);
                out.push(':');
                write_value(value, number, out);
            }
            out.push('}');
        }
    }
}

/// A number in the spelling of Java's BigDecimal: its digits are kept, an exponent is shown where there
/// are zeros left out at the end, or more than six behind the point.
fn push_number(text: &str, out: &mut String) {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Ok(exponent) = exponent.parse::<i64>() else { return out.push_str(text) };
    let scale = fraction.len() as i64 - exponent;
    let digits = format!("{whole}{fraction}");
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    if negative && digits != "0" {
        out.push('-');
    }
    let first = digits.len() as i64 - 1 - scale;
    if scale >= 0 && first >= -6 {
        let width = scale as usize + 1;
        let digits = format!("{digits:0>width$}");
        let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
        out.push_str(whole);
        if scale > 0 {
            out.push('.');
            out.push_str(fraction);
        }
        return;
    }
    out.push_str(&digits[..1]);
    if digits.len() > 1 {
        out.push('.');
        out.push_str(&digits[1..]);
    }
    if first != 0 {
        out.push_str(&format!("E{first:+}"));
    }
}

/// What a path leads to.
enum Found {
    Nothing,
    Error,
    Value { lax: bool, value: Value },
}

/// The paths of a call, each read once.
#[derive(Default)]
struct Paths {
    known: HashMap<String, Option<Path>>,
}

impl Paths {
    fn find(&mut self, text: &str, path: &str) -> Found {
        if !self.known.contains_key(path) {
            self.known.insert(path.to_owned(), Path::parse(path));
        }
        let Some(Some(path)) = self.known.get(path) else { return Found::Error };
        let lax = path.lax;
        match parse(text) {
            None if lax => Found::Nothing,
            None => Found::Error,
            Some(Value::Null) => Found::Error,
            Some(root) => match path.read(&root) {
                Some(Value::Null) if lax => Found::Nothing,
                Some(Value::Null) => Found::Error,
                Some(value) => Found::Value { lax, value },
                None if lax => Found::Nothing,
                None => Found::Error,
            },
        }
    }
}

/// The text and the path of each row; `None` where one is NULL.
fn texts_and_paths<'a>(
    call: &'a Call<'_>,
) -> impl Iterator<Item = Option<(&'a str, &'a str)>> + use<'a> {
    let texts = call.arguments[0].as_string::<i32>();
    let paths = call.arguments[1].as_string::<i32>();
    texts.iter().zip(paths).map(|(text, path)| text.zip(path))
}

/// The word that stands in place of a clause; it is the same for all rows.
fn word<'a>(call: &'a Call<'_>, argument: usize) -> &'a str {
    let words = call.arguments[argument].as_string::<i32>();
    if words.is_empty() || words.is_null(0) { "NULL" } else { words.value(0) }
}

fn failed(function: &str, why: &str) -> Error {
    Error::Evaluation(format!("{function}: {why}"))
}

fn is_json(call: &Call<'_>) -> Result<ArrayRef> {
    let kind = word(call, 1);
    let texts = call.arguments[0].as_string::<i32>().iter();
    let is = |text: &str| {
        parse(text).is_some_and(|value| match kind {
            "ARRAY" => value.is_array(),
            "OBJECT" => value.is_object(),
            "SCALAR" => is_scalar(&value),
            _ => true,
        })
    };
    let texts = texts.map(|text| Some(text.is_some_and(is)));
    Ok(Arc::new(texts.collect::<BooleanArray>()))
}

fn exists(call: &Call<'_>) -> Result<ArrayRef> {
    let on_error = word(call, 2);
    let mut paths = Paths::default();
    let found = texts_and_paths(call).map(|given| {
        let Some((text, path)) = given else { return Ok(None) };
        Ok(match (paths.find(text, path), on_error) {
            (Found::Value { .. }, _) => Some(true),
            (Found::Nothing, _) | (Found::Error, "FALSE") => Some(false),
            (Found::Error, "TRUE") => Some(true),
            (Found::Error, "UNKNOWN") => None,
            (Found::Error, _) => {
                return Err(failed("JSON_EXISTS", &format!("nothing is at {path}")));
            }
        })
    });
    Ok(Arc::new(found.collect::<Result<BooleanArray>>()?))
}

/// One scalar a row: what `read` takes of the value at the path, or the default of its clause.
fn scalars<T>(
    call: &Call<'_>,
    read: impl Fn(&Value) -> Option<T>,
    default: impl Fn(&ArrayRef, usize) -> T,
) -> Result<Vec<Option<T>>> {
    let (on_empty, on_error) = (word(call, 2), word(call, 4));
    let mut paths = Paths::default();
    let values = texts_and_paths(call).enumerate().map(|(row, given)| {
        let Some((text, path)) = given else { return Ok(None) };
        let (empty, value) = match paths.find(text, path) {
            Found::Value { value, .. } if is_scalar(&value) => (false, read(&value)),
            Found::Value { lax: true, .. } | Found::Nothing => (true, None),
            Found::Value { lax: false, .. } | Found::Error => (false, None),
        };
        if value.is_some() {
            return Ok(value);
        }
        let (behavior, defaults) = match empty {
            true => (on_empty, &call.arguments[3]),
            false => (on_error, &call.arguments[5]),
        };
        match behavior {
            "ERROR" => {
                let why = if empty { "nothing is" } else { "no scalar of this type is" };
                Err(failed("JSON_VALUE", &format!("{why} at {path} in '{text}'")))
            }
            "DEFAULT" if defaults.is_valid(row) => Ok(Some(default(defaults, row))),
            _ => Ok(None),
        }
    });
    values.collect()
}

/// One object or array a row.
fn query(
    call: &Call<'_>,
    fits: impl Fn(&Value) -> bool,
    mut append: impl FnMut(Option<Value>),
) -> Result<()> {
    let (wrapper, on_empty, on_error) = (word(call, 2), word(call, 3), word(call, 4));
    let mut paths = Paths::default();
    for given in texts_and_paths(call) {
        let Some((text, path)) = given else {
            append(None);
            continue;
        };
        let (empty, value) = match paths.find(text, path) {
            Found::Error => (false, None),
            Found::Nothing => (true, None),
            Found::Value { lax, value } => {
                let wrapped = match wrapper {
                    "UNCONDITIONAL" => Value::Array(vec![value]),
                    "CONDITIONAL" if !value.is_array() => Value::Array(vec![value]),
                    _ => value,
                };
                let taken = !is_scalar(&wrapped) && fits(&wrapped);
                (lax && is_scalar(&wrapped), taken.then_some(wrapped))
            }
        };
        if value.is_some() {
            append(value);
            continue;
        }
        match if empty { on_empty } else { on_error } {
            "ERROR" => {
                let what = if empty { "nothing is" } else { "no object or array is" };
                return Err(failed("JSON_QUERY", &format!("{what} at {path} in '{text}'")));
            }
            "EMPTY ARRAY" => append(Some(Value::Array(Vec::new()))),
            "EMPTY OBJECT" => append(Some(Value::Object(serde_json::Map::new()))),
            _ => append(None),
        }
    }
    Ok(())
}

fn object(call: &Call<'_>) -> Result<ArrayRef> {
    let absent = word(call, 0) == "ABSENT";
    let columns: Vec<_> = call.arguments[1..].iter().map(|c| c.as_string::<i32>()).collect();
    let mut out = StringBuilder::new();
    for row in 0..call.rows {
        let mut members = BTreeMap::new();
        for pair in columns.chunks_exact(2) {
            let (key, value) = (pair[0], pair[1]);
            if key.is_null(row) {
                return Err(failed("JSON_OBJECT", "a key is NULL"));
            }
            let value = match value.is_null(row) {
                true if absent => continue,
                true => "null",
                false => value.value(row),
            };
            // Of equal keys the last value counts.
            members.insert(key.value(row), value);
        }
        let mut text = String::from("{");
        for (at, (key, value)) in members.into_iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            push_plain_string(&mut text, key);
            text.push(':');
            text.push_str(value);
        }
        text.push('}');
        out.append_value(text);
    }
    Ok(Arc::new(out.finish()))
}

fn array(call: &Call<'_>) -> Result<ArrayRef> {
    let absent = word(call, 0) == "ABSENT";
    let columns: Vec<_> = call.arguments[1..].iter().map(|c| c.as_string::<i32>()).collect();
    let mut out = StringBuilder::new();
    for row in 0..call.rows {
        let elements = columns.iter().filter_map(|column| match column.is_null(row) {
            true => (!absent).then_some("null"),
            false => Some(column.value(row)),
        });
        out.append_value(format!("[{}]", elements.collect::<Vec<_>>().join(",")));
    }
    Ok(Arc::new(out.finish()))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ (b'"' | b'\\' | b'/')) => out.extend(['\\', char::from(byte)]),
            Ok(8) => out.push_str("\\b"),
            Ok(12) => out.push_str("\\f"),
            Ok(b'\n') => out.push_str("\\n"),
            Ok(b'\r') => out.push_str("\\r"),
            Ok(b'\t') => out.push_str("\\t"),
            Ok(byte @ b' '..127) => out.push(char::from(byte)),
            // Writing into a String cannot fail.
            _ => write!(out, "\\u{unit:04x}").unwrap_or_default(),
        }
    }
    out.push('"');
    out
}

fn unquoted(text: &str) -> String {
    let is_string = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    match is_string.then(|| serde_json::from_str::<String>(text)) {
        Some(Ok(inner)) => inner,
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let text = |number: &str| {
            let mut out = String::new();
            push_number(number, &mut out);
            out
        };
        let cases = [
            ("1.50", "1.50"),
            ("-0.0", "0.0"),
            ("1e3", "1E+3"),
            ("1E-7", "1E-7"),
            ("0.0000001", "1E-7"),
            ("0.000001", "0.000001"),
            ("1.7976931348623157e309", "1.7976931348623157E+309"),
            ("100000000000000000000.5", "100000000000000000000.5"),
            ("-12", "-12"),
        ];
        cases.iter().for_each(|(given, due)| assert_eq!(text(given), *due));
    }
}
