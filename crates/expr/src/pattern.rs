//! Patterns over text: `LIKE`, `SIMILAR TO` and regular expressions.
//!
//! Regular expressions are Java's in Flink, with backreferences and lookaround; a pattern that is the
//! same for all rows is compiled once a batch.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListBuilder, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type};
use fancy_regex::{Captures, Match, Regex};
use memchr::memmem::Finder;
use millstream_types::{Error, Result};

use crate::function::{Builtin, Call, typing};
use crate::regex_text::{of_java, of_similar};
use crate::strings::{MOST_BYTES, too_long};

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "LIKE",
        usage: "text LIKE pattern [ESCAPE character]",
        about: "Whether the whole text matches, `%` for any run and `_` for any character.",
        volatile: false,
        typing: |given| typing::between(given, &texts::<3>(), 2, DataType::Boolean),
        body: like,
    },
    Builtin {
        name: "SIMILAR",
        usage: "text SIMILAR TO pattern [ESCAPE character]",
        about: "Whether the whole text matches a SQL regular expression.",
        volatile: false,
        typing: |given| typing::between(given, &texts::<3>(), 2, DataType::Boolean),
        body: similar,
    },
    Builtin {
        name: "REGEXP",
        usage: "REGEXP(text, regex)",
        about: "Whether any part of the text matches.",
        volatile: false,
        typing: |given| typing::exact(given, &texts::<2>(), DataType::Boolean),
        body: |call| {
            let mut cache = Cache::default();
            let found = rows2(call, |text, regex| match cache.get(regex) {
                // An empty expression matches nothing here.
                Some(found) if !regex.is_empty() => found.is_match(text).map_err(failed),
                _ => Ok(false),
            })?;
            Ok(Arc::new(BooleanArray::from(found)))
        },
    },
    Builtin {
        name: "REGEXP_REPLACE",
        usage: "REGEXP_REPLACE(text, regex, replacement)",
        about: "The text with every match replaced, the replacement taken literally.",
        volatile: false,
        typing: |given| typing::exact(given, &texts::<3>(), DataType::Utf8),
        body: |call| {
            let mut cache = Cache::default();
            text_rows3(call, |text, regex, replacement| {
                let Some(regex) = cache.get(regex) else { return Ok(None) };
                let (mut replaced, mut from) = (String::new(), 0);
                for found in matches(regex, text) {
                    let found = found?;
                    replaced.push_str(&text[from..found.start()]);
                    replaced.push_str(replacement);
                    from = found.end();
                    if replaced.len() > MOST_BYTES {
                        return Err(too_long());
                    }
                }
                replaced.push_str(&text[from..]);
                Ok(Some(replaced))
            })
        },
    },
    Builtin {
        name: "REGEXP_EXTRACT",
        usage: "REGEXP_EXTRACT(text, regex[, group])",
        about: "The first match, or the group of it; NULL when there is none.",
        volatile: false,
        typing: |given| {
            typing::between(
                given,
                &[DataType::Utf8, DataType::Utf8, DataType::Int32],
                2,
                DataType::Utf8,
            )
        },
        body: extract,
    },
    Builtin {
        name: "REGEXP_EXTRACT_ALL",
        usage: "REGEXP_EXTRACT_ALL(text, regex[, group])",
        about: "All matches of a group, the first one unless said otherwise; group 0 is the whole match.",
        volatile: false,
        typing: |given| {
            let list = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
            typing::between(given, &[DataType::Utf8, DataType::Utf8, DataType::Int32], 2, list)
        },
        body: extract_all,
    },
    Builtin {
        name: "REGEXP_COUNT",
        usage: "REGEXP_COUNT(text, regex)",
        about: "How many matches there are.",
        volatile: false,
        typing: |given| typing::exact(given, &texts::<2>(), DataType::Int32),
        body: |call| {
            let mut cache = Cache::default();
            let found = rows2(call, |text, regex| {
                let Some(regex) = cache.get(regex) else { return Ok(None) };
                let mut count = 0;
                matches(regex, text).try_for_each(|found| found.map(|_| count += 1))?;
                Ok(Some(count))
            })?;
            Ok(Arc::new(found.into_iter().map(Option::flatten).collect::<Int32Array>()))
        },
    },
    Builtin {
        name: "REGEXP_SUBSTR",
        usage: "REGEXP_SUBSTR(text, regex)",
        about: "The first match; NULL when there is none.",
        volatile: false,
        typing: |given| typing::exact(given, &texts::<2>(), DataType::Utf8),
        body: |call| {
            let mut cache = Cache::default();
            let found = rows2(call, |text, regex| {
                let Some(regex) = cache.get(regex) else { return Ok(None) };
                let found = regex.find(text).map_err(failed)?;
                Ok(found.map(|found| found.as_str().to_owned()))
            })?;
            Ok(Arc::new(found.into_iter().map(Option::flatten).collect::<StringArray>()))
        },
    },
    Builtin {
        name: "REGEXP_INSTR",
        usage: "REGEXP_INSTR(text, regex)",
        about: "The position of the first match, counted from 1; 0 when there is none.",
        volatile: false,
        typing: |given| typing::exact(given, &texts::<2>(), DataType::Int32),
        body: |call| {
            let mut cache = Cache::default();
            let found = rows2(call, |text, regex| {
                let Some(regex) = cache.get(regex) else { return Ok(None) };
                let found = regex.find(text).map_err(failed)?;
                Ok(Some(found.map_or(0, |found| text[..found.start()].chars().count() as i32 + 1)))
            })?;
            Ok(Arc::new(found.into_iter().map(Option::flatten).collect::<Int32Array>()))
        },
    },
];

/// `N` times STRING.
pub const fn texts<const N: usize>() -> [DataType; N] {
    [const { DataType::Utf8 }; N]
}

fn failed(error: fancy_regex::Error) -> Error {
    Error::Evaluation(format!("a regular expression failed: {error}"))
}

/// All matches in a text, one behind the other. As Java has it, one without width may stand where the last
/// one ended: `o*` is found three times in "foo".
fn matches<'t>(regex: &Regex, text: &'t str) -> impl Iterator<Item = Result<Match<'t>>> {
    each(text, |from| regex.find_from_pos(text, from).map_err(failed), Match::range)
}

/// What is found from each end of what was found before, and a character further where that has no width.
fn each<M>(
    text: &str,
    find: impl Fn(usize) -> Result<Option<M>>,
    range: impl Fn(&M) -> Range<usize>,
) -> impl Iterator<Item = Result<M>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let found = find(next.take()?).transpose()?;
        Some(found.inspect(|found| {
            let at = range(found);
            next = match at.is_empty() {
                true => text[at.end..].chars().next().map(|next| at.end + next.len_utf8()),
                false => Some(at.end),
            };
        }))
    })
}

/// Compiled patterns of one call.
#[derive(Default)]
pub struct Cache {
    /// By pattern its place.
    places: HashMap<String, usize>,
    compiled: Vec<(String, Option<Regex>)>,
    /// The place that was asked for last: mostly the pattern is the same in all rows.
    last: usize,
}

impl Cache {
    /// The parts of a text between matches, at most so many; empty ones at the end are left out, as Java
    /// does it where there is no limit.
    ///
    /// # Errors
    /// When the pattern is none.
    pub fn split<'t>(&mut self, pattern: &str, text: &'t str, most: usize) -> Result<Vec<&'t str>> {
        let regex = self.valid(pattern)?;
        let (mut parts, mut from) = (Vec::new(), 0);
        for found in matches(regex, text) {
            let found = found?;
            if parts.len() + 1 >= most {
                break;
            }
            // A match without width at the start does not split.
            if found.end() == 0 {
                continue;
            }
            parts.push(&text[from..found.start()]);
            from = found.end();
        }
        parts.push(&text[from..]);
        while most == usize::MAX && from > 0 && parts.last() == Some(&"") {
            parts.pop();
        }
        Ok(parts)
    }

    /// The expression of a pattern; `None` where it is none, which gives NULL as in Flink.
    fn get(&mut self, pattern: &str) -> Option<&Regex> {
        if self.compiled.get(self.last).is_none_or(|(last, _)| last != pattern) {
            self.last = match self.places.get(pattern) {
                Some(place) => *place,
                None => {
                    self.places.insert(pattern.to_owned(), self.compiled.len());
                    self.compiled.push((pattern.to_owned(), Regex::new(&of_java(pattern)).ok()));
                    self.compiled.len() - 1
                }
            };
        }
        self.compiled.get(self.last)?.1.as_ref()
    }

    /// As [`Self::get`], where something else than NULL is due.
    fn valid(&mut self, pattern: &str) -> Result<&Regex> {
        let wrong = || Error::Evaluation(format!("'{pattern}' is not a regular expression"));
        self.get(pattern).ok_or_else(wrong)
    }
}

/// One value a row from two texts; NULL where either is.
pub fn rows2<T>(
    call: &Call<'_>,
    mut compute: impl FnMut(&str, &str) -> Result<T>,
) -> Result<Vec<Option<T>>> {
    let (a, b) = (call.arguments[0].as_string::<i32>(), call.arguments[1].as_string::<i32>());
    a.iter().zip(b).map(|(a, b)| a.zip(b).map(|(a, b)| compute(a, b)).transpose()).collect()
}

/// One text a row from three texts; NULL where any is.
pub fn text_rows3(
    call: &Call<'_>,
    mut compute: impl FnMut(&str, &str, &str) -> Result<Option<String>>,
) -> Result<ArrayRef> {
    let [a, b, c] = [0, 1, 2].map(|index| call.arguments[index].as_string::<i32>());
    let mut out = StringBuilder::with_capacity(call.rows, call.rows * 8);
    for ((a, b), c) in a.iter().zip(b).zip(c) {
        out.append_option(match (a, b, c) {
            (Some(a), Some(b), Some(c)) => compute(a, b, c)?,
            _ => None,
        });
    }
    Ok(Arc::new(out.finish()))
}

fn extract(call: &Call<'_>) -> Result<ArrayRef> {
    let mut cache = Cache::default();
    let (texts, regexes) =
        (call.arguments[0].as_string::<i32>(), call.arguments[1].as_string::<i32>());
    let groups = call.arguments.get(2).map(|groups| groups.as_primitive::<Int32Type>());
    let mut out = StringBuilder::new();
    for row in 0..call.rows {
        let group_null = groups.is_some_and(|groups| groups.is_null(row));
        if texts.is_null(row) || regexes.is_null(row) || group_null {
            out.append_null();
            continue;
        }
        let group = groups.map_or(0, |groups| groups.value(row));
        let captures = match cache.get(regexes.value(row)) {
            Some(regex) => regex.captures(texts.value(row)).map_err(failed)?,
            None => None,
        };
        let found = usize::try_from(group)
            .ok()
            .and_then(|group| captures.as_ref().and_then(|captures| captures.get(group)));
        out.append_option(found.map(|found| found.as_str()));
    }
    Ok(Arc::new(out.finish()))
}

fn extract_all(call: &Call<'_>) -> Result<ArrayRef> {
    let mut cache = Cache::default();
    let groups = call.arguments.get(2).map(|groups| groups.as_primitive::<Int32Type>());
    let mut out = ListBuilder::new(StringBuilder::new());
    let (texts, regexes) =
        (call.arguments[0].as_string::<i32>(), call.arguments[1].as_string::<i32>());
    for (row, (text, regex)) in texts.iter().zip(regexes).enumerate() {
        let group = match groups {
            Some(groups) => groups.is_valid(row).then(|| groups.value(row)),
            None => Some(1),
        };
        let group = group.and_then(|group| usize::try_from(group).ok());
        let found = match (text, regex, group) {
            (Some(text), Some(regex), Some(group)) => {
                let regex = cache.get(regex).filter(|regex| group < regex.captures_len());
                let all = |regex: &'_ Regex| {
                    let whole = |found: &Captures<'_>| found.get(0).map_or(0..0, |m| m.range());
                    each(text, |from| regex.captures_from_pos(text, from).map_err(failed), whole)
                        .map(|found| Ok(found?.get(group).map(|found| found.as_str())))
                        .collect::<Result<Vec<_>>>()
                };
                regex.map(all).transpose()?
            }
            _ => None,
        };
        let valid = found.is_some();
        found.into_iter().flatten().for_each(|found| out.values().append_option(found));
        out.append(valid);
    }
    Ok(Arc::new(out.finish()))
}

/// A LIKE pattern made ready: most patterns are a search for a part, an end or the whole.
enum Like {
    Equal(String),
    Prefix(String),
    Suffix(String),
    Contains(Box<Finder<'static>>),
    Pattern(Vec<Part>),
}

enum Part {
    AnyRun,
    AnyCharacter,
    Exactly(char),
}

impl Like {
    fn compile(pattern: &str, escape: Option<char>) -> Result<Self> {
        let mut parts = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            parts.push(match character {
                c if Some(c) == escape => match characters.next() {
                    Some(next) if next == '%' || next == '_' || Some(next) == escape => {
                        Part::Exactly(next)
                    }
                    _ => {
                        return Err(Error::Evaluation(format!(
                            "the escape character of LIKE '{pattern}' stands before \
                             something else than %, _ or itself"
                        )));
                    }
                },
                '%' => Part::AnyRun,
                '_' => Part::AnyCharacter,
                c => Part::Exactly(c),
            });
        }
        let literal = |parts: &[Part]| -> Option<String> {
            parts
                .iter()
                .map(|part| if let Part::Exactly(c) = part { Some(*c) } else { None })
                .collect()
        };
        let whole = literal(&parts);
        if let Some(text) = whole {
            return Ok(Self::Equal(text));
        }
        Ok(match &parts[..] {
            [Part::AnyRun, middle @ .., Part::AnyRun] if literal(middle).is_some() => {
                Self::Contains(Box::new(
                    Finder::new(&literal(middle).unwrap_or_default()).into_owned(),
                ))
            }
            [start @ .., Part::AnyRun] if literal(start).is_some() => {
                Self::Prefix(literal(start).unwrap_or_default())
            }
            [Part::AnyRun, end @ ..] if literal(end).is_some() => {
                Self::Suffix(literal(end).unwrap_or_default())
            }
            _ => Self::Pattern(parts),
        })
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Equal(whole) => text == whole,
            Self::Prefix(start) => text.starts_with(start),
            Self::Suffix(end) => text.ends_with(end),
            Self::Contains(finder) => finder.find(text.as_bytes()).is_some(),
            Self::Pattern(parts) => match_parts(parts, text),
        }
    }
}

/// Greedy matching with one point to fall back to, the last `%`: linear in practice.
fn match_parts(parts: &[Part], text: &str) -> bool {
    let (mut part, mut rest) = (0, text);
    let mut fallback: Option<(usize, &str)> = None;
    loop {
        let next = rest.chars().next();
        let step = match (parts.get(part), next) {
            (Some(Part::AnyRun), _) => {
                fallback = Some((part + 1, rest));
                part += 1;
                continue;
            }
            (None, None) => return true,
            (Some(Part::AnyCharacter), Some(_)) => true,
            (Some(Part::Exactly(due)), Some(given)) => *due == given,
            _ => false,
        };
        if step {
            part += 1;
            rest = &rest[next.map_or(0, char::len_utf8)..];
            continue;
        }
        let Some((after, from)) = fallback else { return false };
        let Some(skipped) = from.chars().next() else { return false };
        fallback = Some((after, &from[skipped.len_utf8()..]));
        (part, rest) = (after, &from[skipped.len_utf8()..]);
    }
}

fn escape_of(call: &Call<'_>, row: usize) -> Result<Option<char>> {
    let Some(escapes) = call.arguments.get(2) else { return Ok(None) };
    let mut characters = escapes.as_string::<i32>().value(row).chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) => Ok(Some(one)),
        _ => Err(Error::Evaluation("ESCAPE takes exactly one character".to_owned())),
    }
}

fn like(call: &Call<'_>) -> Result<ArrayRef> {
    let constant = call.constant[1..].iter().all(|constant| *constant);
    let once = match (constant && call.rows > 0, call.arguments[1].as_string::<i32>()) {
        (true, patterns) if !patterns.is_null(0) => {
            Some(Like::compile(patterns.value(0), escape_of(call, 0)?)?)
        }
        _ => None,
    };
    let mut row = 0;
    let found = rows2(call, |text, pattern| {
        row += 1;
        match &once {
            Some(like) => Ok(like.matches(text)),
            None => Ok(Like::compile(pattern, escape_of(call, row - 1)?)?.matches(text)),
        }
    })?;
    Ok(Arc::new(BooleanArray::from(found)))
}

fn similar(call: &Call<'_>) -> Result<ArrayRef> {
    let mut cache = Cache::default();
    let found = rows2(call, |text, pattern| {
        let escape = if call.rows > 0 { escape_of(call, 0)? } else { None };
        cache.valid(&of_similar(pattern, escape))?.is_match(text).map_err(failed)
    })?;
    Ok(Arc::new(BooleanArray::from(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_matches_as_sql_says() {
        let like = |text: &str, pattern: &str, escape| {
            Like::compile(pattern, escape).is_ok_and(|like| like.matches(text))
        };
        for (text, pattern, due) in [
            ("millstream", "mill%", true),
            ("millstream", "%stream", true),
            ("millstream", "%lst%", true),
            ("millstream", "m%s_r%m", true),
            ("millstream", "m_llstrea", false),
            ("", "%", true),
            ("ü", "_", true),
            ("a\\b", "a\\b", true),
            ("aab", "%ab", true),
            ("abcabd", "%ab_%d", true),
        ] {
            assert_eq!(like(text, pattern, None), due, "{text} LIKE {pattern}");
        }
        assert!(like("50%", "50!%", Some('!')));
        assert!(!like("500", "50!%", Some('!')));
    }
}
