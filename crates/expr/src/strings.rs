//! Functions over text. Positions count characters from 1, as in SQL.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, StringArray, StringBuilder,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use base64::Engine;
use millstream_types::{Error, Result};

use crate::function::{Builtin, Call, Typing, function, typing};
use crate::pattern::{rows2, text_rows3, texts};
use crate::string_search::{instr, position, split_index};

const TEXT: DataType = DataType::Utf8;
const INT: DataType = DataType::Int32;

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    function!("UPPER", "UPPER(text)", "The text in capitals.", text1, |call| {
        in_case(call, u8::to_ascii_uppercase, str::to_uppercase)
    }),
    function!("LOWER", "LOWER(text)", "The text in small letters.", text1, |call| {
        in_case(call, u8::to_ascii_lowercase, str::to_lowercase)
    }),
    function!("REVERSE", "REVERSE(text)", "The characters in the opposite order.", text1, |call| {
        map(call, |text| text.chars().rev().collect())
    }),
    function!("INITCAP", "INITCAP(text)", "Each word with a capital first.", text1, |call| map(
        call, initcap
    )),
    function!(
        "TO_BASE64",
        "TO_BASE64(text or bytes)",
        "The bytes, or those of the text, in base 64.",
        |given| match given {
            [DataType::Binary] => Ok(Typing { arguments: given.to_vec(), result: TEXT }),
            _ => text1(given),
        },
        |call| match call.arguments[0].data_type() {
            DataType::Binary => {
                let bytes = call.arguments[0].as_binary::<i32>().iter();
                let encode = |bytes| base64::engine::general_purpose::STANDARD.encode(bytes);
                Ok(Arc::new(bytes.map(|bytes| bytes.map(encode)).collect::<StringArray>()))
            }
            _ => map(call, |text| base64::engine::general_purpose::STANDARD.encode(text)),
        }
    ),
    function!(
        "FROM_BASE64",
        "FROM_BASE64(text)",
        "The text that base 64 stands for.",
        text1,
        |call| {
            try_map(call, |text| {
                let bytes = base64::engine::general_purpose::STANDARD_NO_PAD
                    .decode(text.trim_end_matches('='))
                    .ok()?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            })
        }
    ),
    function!(
        "CHAR_LENGTH",
        "CHAR_LENGTH(text)",
        "The number of characters.",
        |g| { typing::exact(g, &[TEXT], INT) },
        length
    ),
    function!(
        "CHARACTER_LENGTH",
        "CHARACTER_LENGTH(text)",
        "The number of characters.",
        |g| { typing::exact(g, &[TEXT], INT) },
        length
    ),
    function!(
        "ASCII",
        "ASCII(text)",
        "The code of the first character.",
        |g| { typing::exact(g, &[TEXT], INT) },
        |call| {
            let codes = call.arguments[0].as_string::<i32>().iter();
            let codes = codes
                .map(|text| text.map(|text| text.bytes().next().map_or(0, |b| b as i8 as i32)));
            Ok(Arc::new(codes.collect::<Int32Array>()))
        }
    ),
    function!(
        "CHR",
        "CHR(code)",
        "The character of a code.",
        |g| { typing::exact(g, &[DataType::Int64], TEXT) },
        |call| {
            let codes = call.arguments[0].as_primitive::<Int64Type>();
            let mut out = StringBuilder::new();
            for code in codes {
                out.append_option(code.map(|code| match code {
                    ..0 => String::new(),
                    code => char::from((code & 0xff) as u8).to_string(),
                }));
            }
            Ok(Arc::new(out.finish()))
        }
    ),
    function!(
        "CONCAT",
        "CONCAT(text, …)",
        "All texts in a row; NULL when any is.",
        |g| { typing::all(g, 1, TEXT, TEXT) },
        concat
    ),
    function!(
        "CONCAT_WS",
        "CONCAT_WS(separator, text, …)",
        "All texts that are not NULL, separated.",
        |g| { typing::all(g, 1, TEXT, TEXT) },
        concat_ws
    ),
    function!(
        "SUBSTRING",
        "SUBSTRING(text FROM start [FOR length])",
        "A part of the text.",
        substring_typing,
        substring
    ),
    function!(
        "SUBSTR",
        "SUBSTR(text, start[, length])",
        "A part of the text.",
        substring_typing,
        substring
    ),
    function!("LEFT", "LEFT(text, length)", "The first characters.", text_int, |call| {
        rows_text_int(call, |text, length| Some(take(text, length)))
    }),
    function!("RIGHT", "RIGHT(text, length)", "The last characters.", text_int, |call| {
        rows_text_int(call, |text, length| {
            let skip = (text.chars().count() as i64 - i64::from(length.max(0))).max(0);
            Some(text.chars().skip(skip as usize).collect())
        })
    }),
    function!("REPEAT", "REPEAT(text, times)", "The text many times over.", text_int, |call| {
        rows_text_int(call, |text, times| {
            let times = times.max(0) as usize;
            (text.len().saturating_mul(times) <= MOST_BYTES).then(|| text.repeat(times))
        })
    }),
    function!(
        "SPLIT_INDEX",
        "SPLIT_INDEX(text, separator or its code, index)",
        "The part at an index, counted from 0; an empty separator stands for a blank of any kind.",
        |g| match g {
            [_, code, _] if code.is_integer() => typing::exact(g, &[TEXT, INT, INT], TEXT),
            _ => typing::exact(g, &[TEXT, TEXT, INT], TEXT),
        },
        split_index
    ),
    function!(
        "POSITION",
        "POSITION(part IN text)",
        "Where the part first stands; 0 when it does not.",
        |g| { typing::exact(g, &texts::<2>(), INT) },
        |call| {
            let found = rows2(call, |part, text| Ok(position(text, part, 1)))?;
            Ok(Arc::new(Int32Array::from(found)))
        }
    ),
    function!(
        "LOCATE",
        "LOCATE(part, text[, start])",
        "Where the part stands from a start on; 0 when it does not.",
        |g| { typing::between(g, &[TEXT, TEXT, INT], 2, INT) },
        |call| {
            let [parts, texts] = [0, 1].map(|at: usize| call.arguments[at].as_string::<i32>());
            let starts = call.arguments.get(2).map(|starts| starts.as_primitive::<Int32Type>());
            let found = parts.iter().zip(texts).enumerate().map(|(row, (part, text))| {
                let start = match starts {
                    Some(starts) => starts.is_valid(row).then(|| starts.value(row))?,
                    None => 1,
                };
                Some(position(text?, part?, start))
            });
            Ok(Arc::new(found.collect::<Int32Array>()))
        }
    ),
    function!(
        "INSTR",
        "INSTR(text, part[, start[, occurrence]])",
        "Where the part stands, from a start on (from the end if below 0); 0 when it does not.",
        |g| { typing::between(g, &[TEXT, TEXT, INT, INT], 2, INT) },
        instr
    ),
    function!(
        "REPLACE",
        "REPLACE(text, part, by)",
        "The text with every such part replaced.",
        |g| { typing::exact(g, &texts::<3>(), TEXT) },
        |call| text_rows3(call, |text, part, by| {
            let longer = by.len() > part.len();
            let parts = if longer { text.matches(part).count() } else { 0 };
            let fits = text.len().saturating_add(parts.saturating_mul(by.len())) <= MOST_BYTES;
            match !longer || fits {
                true => Ok(Some(text.replace(part, by))),
                false => Err(too_long()),
            }
        })
    ),
    function!(
        "TRANSLATE",
        "TRANSLATE(text, from, to)",
        "The text with characters replaced one by one.",
        |g| { typing::exact(g, &texts::<3>(), TEXT) },
        |call| {
            // Without characters there is nothing to replace, or nothing to put in their place.
            let [texts, from, to] =
                [0, 1, 2].map(|at: usize| call.arguments[at].as_string::<i32>());
            let replaced = texts.iter().zip(from).zip(to).map(|((text, from), to)| {
                let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
                let to: Vec<char> = to.chars().collect();
                let each = |c: char| match from.chars().position(|f| f == c) {
                    Some(at) => to.get(at).copied(),
                    None => Some(c),
                };
                text.map(|text| text.chars().filter_map(each).collect::<String>())
            });
            Ok(Arc::new(replaced.collect::<StringArray>()))
        }
    ),
    function!(
        "OVERLAY",
        "OVERLAY(text PLACING by FROM start [FOR length])",
        "The text with a part replaced.",
        |g| { typing::between(g, &[TEXT, TEXT, INT, INT], 3, TEXT) },
        overlay
    ),
    function!(
        "LPAD",
        "LPAD(text, length, pad)",
        "The text filled up at the left, or cut.",
        |g| { typing::exact(g, &[TEXT, INT, TEXT], TEXT) },
        |call| pad(call, true)
    ),
    function!(
        "RPAD",
        "RPAD(text, length, pad)",
        "The text filled up at the right, or cut.",
        |g| { typing::exact(g, &[TEXT, INT, TEXT], TEXT) },
        |call| pad(call, false)
    ),
    function!(
        "TRIM",
        "TRIM([BOTH | LEADING | TRAILING] [characters FROM] text)",
        "The text without blanks around it.",
        text1_or_2,
        |call| trim(call, true, true)
    ),
    function!(
        "BTRIM",
        "BTRIM(text[, characters])",
        "The text without blanks, or those characters, around it.",
        text1_or_2,
        |call| trim(call, true, true)
    ),
    function!(
        "LTRIM",
        "LTRIM(text[, characters])",
        "The text without blanks, or those characters, before it.",
        text1_or_2,
        |call| trim(call, true, false)
    ),
    function!(
        "RTRIM",
        "RTRIM(text[, characters])",
        "The text without blanks, or those characters, after it.",
        text1_or_2,
        |call| trim(call, false, true)
    ),
    function!(
        "STARTSWITH",
        "STARTSWITH(text, start)",
        "Whether the text starts so.",
        |g| { typing::exact(g, &texts::<2>(), DataType::Boolean) },
        |call| Ok(Arc::new(BooleanArray::from(rows2(call, |text, part| Ok(
            text.starts_with(part)
        ))?)))
    ),
    function!(
        "ENDSWITH",
        "ENDSWITH(text, end)",
        "Whether the text ends so.",
        |g| { typing::exact(g, &texts::<2>(), DataType::Boolean) },
        |call| Ok(Arc::new(BooleanArray::from(rows2(
            call,
            |text, part| Ok(text.ends_with(part))
        )?)))
    ),
    function!(
        "ELT",
        "ELT(index, text, …)",
        "The text at an index, counted from 1.",
        |g| {
            let mut typing = typing::all(g, 2, TEXT, TEXT)?;
            typing.arguments[0] = DataType::Int64;
            Ok(typing)
        },
        |call| {
            let indexes = call.arguments[0].as_primitive::<Int64Type>();
            let mut out = StringBuilder::new();
            for (row, index) in indexes.iter().enumerate() {
                let index = index.filter(|index| *index > 0);
                let chosen = index.and_then(|at| call.arguments.get(usize::try_from(at).ok()?));
                let chosen = chosen
                    .map(|texts| texts.as_string::<i32>())
                    .filter(|texts| texts.is_valid(row));
                out.append_option(chosen.map(|texts| texts.value(row)));
            }
            Ok(Arc::new(out.finish()))
        }
    ),
];

/// The longest text a function makes of a short one, in bytes.
pub(crate) const MOST_BYTES: usize = 64 << 20;

fn text1(given: &[DataType]) -> Result<Typing, String> {
    typing::exact(given, &[TEXT], TEXT)
}

fn text1_or_2(given: &[DataType]) -> Result<Typing, String> {
    typing::between(given, &texts::<2>(), 1, TEXT)
}

fn text_int(given: &[DataType]) -> Result<Typing, String> {
    typing::exact(given, &[TEXT, INT], TEXT)
}

fn substring_typing(given: &[DataType]) -> Result<Typing, String> {
    typing::between(given, &[TEXT, INT, INT], 2, TEXT)
}

/// One text a row from one text.
fn map(call: &Call<'_>, compute: impl Fn(&str) -> String) -> Result<ArrayRef> {
    try_map(call, |text| Some(compute(text)))
}

fn try_map(call: &Call<'_>, compute: impl Fn(&str) -> Option<String>) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>();
    let mut out = StringBuilder::with_capacity(call.rows, texts.values().len());
    for text in texts {
        out.append_option(text.and_then(&compute));
    }
    Ok(Arc::new(out.finish()))
}

pub(crate) fn too_long() -> Error {
    Error::Evaluation(format!("a text of more than {} MiB is asked for", MOST_BYTES >> 20))
}

fn rows_text_int(
    call: &Call<'_>,
    compute: impl Fn(&str, i32) -> Option<String>,
) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>();
    let numbers = call.arguments[1].as_primitive::<Int32Type>();
    let mut out = StringBuilder::with_capacity(call.rows, texts.values().len());
    for (text, number) in texts.iter().zip(numbers) {
        out.append_option(match text.zip(number) {
            Some((text, number)) => Some(compute(text, number).ok_or_else(too_long)?),
            None => None,
        });
    }
    Ok(Arc::new(out.finish()))
}

fn length(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>();
    let lengths = texts.iter().map(|text| text.map(|text| text.chars().count() as i32));
    Ok(Arc::new(lengths.collect::<Int32Array>()))
}

fn initcap(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for character in text.chars() {
        out.push(if inside {
            character.to_ascii_lowercase()
        } else {
            character.to_ascii_uppercase()
        });
        inside = character.is_ascii_alphanumeric();
    }
    out
}

fn take(text: &str, length: i32) -> String {
    text.chars().take(length.max(0) as usize).collect()
}

fn concat(call: &Call<'_>) -> Result<ArrayRef> {
    let columns: Vec<_> = call.arguments.iter().map(|column| column.as_string::<i32>()).collect();
    let mut out = StringBuilder::with_capacity(call.rows, call.rows * 16);
    let mut text = String::new();
    for row in 0..call.rows {
        if columns.iter().any(|column| column.is_null(row)) {
            out.append_null();
            continue;
        }
        text.clear();
        columns.iter().for_each(|column| text.push_str(column.value(row)));
        out.append_value(&text);
    }
    Ok(Arc::new(out.finish()))
}

fn concat_ws(call: &Call<'_>) -> Result<ArrayRef> {
    let columns: Vec<_> = call.arguments.iter().map(|column| column.as_string::<i32>()).collect();
    let mut out = StringBuilder::with_capacity(call.rows, call.rows * 16);
    for row in 0..call.rows {
        if columns[0].is_null(row) {
            out.append_null();
            continue;
        }
        let present = columns[1..].iter().filter(|column| column.is_valid(row));
        let parts: Vec<&str> = present.map(|column| column.value(row)).collect();
        out.append_value(parts.join(columns[0].value(row)));
    }
    Ok(Arc::new(out.finish()))
}

/// The characters from `start` on: 1 is the first, -1 the last, 0 counts as 1.
fn part(text: &str, start: i32, length: Option<i32>) -> String {
    let characters = text.chars().count() as i64;
    let start = i64::from(start);
    let first = match start {
        1.. => start - 1,
        0 => 0,
        _ => characters + start,
    };
    if first < 0 || first >= characters {
        return String::new();
    }
    let length = length.map_or(characters, |length| i64::from(length.max(0)));
    text.chars().skip(first as usize).take(length as usize).collect()
}

fn substring(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>();
    let starts = call.arguments[1].as_primitive::<Int32Type>();
    let lengths = call.arguments.get(2).map(|lengths| lengths.as_primitive::<Int32Type>());
    let mut out = StringBuilder::with_capacity(call.rows, texts.values().len());
    for row in 0..call.rows {
        let null = lengths.is_some_and(|lengths| lengths.is_null(row));
        if null || texts.is_null(row) || starts.is_null(row) {
            out.append_null();
        } else {
            let length = lengths.map(|lengths| lengths.value(row));
            // A length below zero leaves nothing, not even an empty text.
            let due = length.is_none_or(|length| length >= 0);
            out.append_option(due.then(|| part(texts.value(row), starts.value(row), length)));
        }
    }
    Ok(Arc::new(out.finish()))
}

/// Texts in capitals or small letters; where all are ASCII, byte by byte.
fn in_case(call: &Call<'_>, ascii: fn(&u8) -> u8, text: fn(&str) -> String) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>();
    if !texts.is_ascii() {
        return map(call, text);
    }
    let offsets = texts.offsets();
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let bytes = &texts.value_data()[first as usize..last as usize];
    let moved: ScalarBuffer<i32> = offsets.iter().map(|offset| offset - first).collect();
    let bytes: Vec<u8> = bytes.iter().map(ascii).collect();
    let cased =
        StringArray::try_new(OffsetBuffer::new(moved), bytes.into(), texts.nulls().cloned());
    Ok(Arc::new(cased?))
}

fn overlay(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, bys) = (call.arguments[0].as_string::<i32>(), call.arguments[1].as_string::<i32>());
    let starts = call.arguments[2].as_primitive::<Int32Type>();
    let lengths = call.arguments.get(3).map(|lengths| lengths.as_primitive::<Int32Type>());
    let mut out = StringBuilder::new();
    for row in 0..call.rows {
        let null = texts.is_null(row) || bys.is_null(row) || starts.is_null(row);
        if null || lengths.is_some_and(|lengths| lengths.is_null(row)) {
            out.append_null();
            continue;
        }
        let (text, by, start) = (texts.value(row), bys.value(row), starts.value(row));
        let replaced = by.chars().count() as i32;
        let length = lengths.map_or(replaced, |lengths| lengths.value(row));
        let characters = text.chars().count() as i32;
        if start < 1 || start > characters {
            out.append_value(text);
            continue;
        }
        // No length, or one beyond the end, replaces all of the rest.
        let after = match length {
            ..=0 => characters,
            _ => (start - 1).saturating_add(length).min(characters),
        };
        let rest: String = text.chars().skip(after as usize).collect();
        out.append_value(take(text, start - 1) + by + &rest);
    }
    Ok(Arc::new(out.finish()))
}

/// The start of a text of at most that many UTF-16 units, in which Java counts.
fn cut(text: &str, units: i32) -> String {
    let mut left = units.max(0) as usize;
    let fits = |c: &char| {
        let fits = c.len_utf16() <= left;
        left = left.saturating_sub(c.len_utf16());
        fits
    };
    text.chars().take_while(fits).collect()
}

fn pad(call: &Call<'_>, left: bool) -> Result<ArrayRef> {
    let (texts, pads) =
        (call.arguments[0].as_string::<i32>(), call.arguments[2].as_string::<i32>());
    let lengths = call.arguments[1].as_primitive::<Int32Type>();
    let mut out = StringBuilder::new();
    for ((text, pad), length) in texts.iter().zip(pads).zip(lengths) {
        out.append_option(match (text, pad, length) {
            (Some(text), Some(pad), Some(length))
                if length >= 0 && length as usize <= MOST_BYTES && !pad.is_empty() =>
            {
                let missing = length - text.encode_utf16().count() as i32;
                if missing <= 0 {
                    Some(cut(text, length))
                } else {
                    let units = pad.encode_utf16().count();
                    let fill = cut(&pad.repeat((missing as usize).div_ceil(units)), missing);
                    Some(if left { fill + text } else { text.to_owned() + &fill })
                }
            }
            _ => None,
        });
    }
    Ok(Arc::new(out.finish()))
}

fn trim(call: &Call<'_>, start: bool, end: bool) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>();
    let sets = call.arguments.get(1).map(|sets| sets.as_string::<i32>());
    let mut out = StringBuilder::with_capacity(call.rows, texts.values().len());
    for row in 0..call.rows {
        if texts.is_null(row) || sets.is_some_and(|sets| sets.is_null(row)) {
            out.append_null();
            continue;
        }
        let set = sets.map_or(" ", |sets| sets.value(row));
        let mut text = texts.value(row);
        if start {
            text = text.trim_start_matches(|c| set.contains(c));
        }
        if end {
            text = text.trim_end_matches(|c| set.contains(c));
        }
        out.append_value(text);
    }
    Ok(Arc::new(out.finish()))
}
