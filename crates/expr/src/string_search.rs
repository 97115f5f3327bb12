//! Where a part stands in a text, and what lies between parts. Positions count characters from 1.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringBuilder};
use arrow::datatypes::{DataType, Int32Type};
use millstream_types::Result;

use crate::function::Call;

pub(crate) fn split_index(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>();
    let separators = &call.arguments[1];
    let indexes = call.arguments[2].as_primitive::<Int32Type>();
    let mut code = [0; 4];
    let mut out = StringBuilder::new();
    for row in 0..call.rows {
        let null = texts.is_null(row) || separators.is_null(row) || indexes.is_null(row);
        let (text, index) = (texts.value(row), usize::try_from(indexes.value(row)));
        let (false, false, Ok(index)) = (null, text.is_empty(), index) else {
            out.append_null();
            continue;
        };
        let separator = match separators.data_type() {
            DataType::Utf8 => Some(separators.as_string::<i32>().value(row)),
            _ => match separators.as_primitive::<Int32Type>().value(row) {
                byte @ 1..=255 => Some(&*char::from(byte as u8).encode_utf8(&mut code)),
                _ => None,
            },
        };
        out.append_option(match separator.map(|separator| (separator, separator.as_bytes())) {
            None => None,
            Some((_, [])) => text.split(char::is_whitespace).nth(index),
            Some((_, [byte])) => part_between(text, *byte, index),
            Some((separator, _)) => text.split(separator).nth(index),
        });
    }
    Ok(Arc::new(out.finish()))
}

/// The part of a number, counted from 0, between bytes that are characters of their own.
fn part_between(text: &str, separator: u8, index: usize) -> Option<&str> {
    let mut ends = memchr::memchr_iter(separator, text.as_bytes());
    let from = match index.checked_sub(1) {
        Some(before) => ends.nth(before)? + 1,
        None => 0,
    };
    Some(&text[from..ends.next().unwrap_or(text.len())])
}

/// Where a part stands in a text from a position on, counted from 1; 0 when it does not.
pub(crate) fn position(text: &str, part: &str, start: i32) -> i32 {
    if part.is_empty() {
        return 1;
    }
    let start = start.max(1);
    let skipped = start as usize - 1;
    let Some(from) = text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(skipped) else {
        return 0;
    };
    match text[from..].find(part) {
        Some(at) => text[from..from + at].chars().count() as i32 + start,
        None => 0,
    }
}

pub(crate) fn instr(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, parts) =
        (call.arguments[0].as_string::<i32>(), call.arguments[1].as_string::<i32>());
    let numbers = |at: usize| call.arguments.get(at).map(|given| given.as_primitive::<Int32Type>());
    let (starts, occurrences) = (numbers(2), numbers(3));
    let found = texts.iter().zip(parts).enumerate().map(|(row, (text, part))| {
        let number = |given: Option<&Int32Array>| match given {
            Some(given) => given.is_valid(row).then(|| given.value(row)),
            None => Some(1),
        };
        let (text, part) = text.zip(part)?;
        Some(occurrence(text, part, number(starts)?, number(occurrences)?))
    });
    Ok(Arc::new(found.collect::<Int32Array>()))
}

/// Where a part stands for the so manieth time, counted from 1; backwards from a start below 0.
fn occurrence(text: &str, part: &str, start: i32, times: i32) -> i32 {
    let (text, part): (Vec<char>, Vec<char>) = (text.chars().collect(), part.chars().collect());
    let is_at = |at: &usize| text[*at..].starts_with(&part);
    let (length, Ok(times)) = (text.len(), usize::try_from(times - 1)) else { return 0 };
    let found = match start {
        0 => None,
        1.. => (start as usize - 1..=length).filter(|at| *at <= length).filter(is_at).nth(times),
        _ => {
            let last = length.checked_sub(start.unsigned_abs() as usize);
            last.and_then(|last| (0..=last).rev().filter(is_at).nth(times))
        }
    };
    found.map_or(0, |at| at as i32 + 1)
}
