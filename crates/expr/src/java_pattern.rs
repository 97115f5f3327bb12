//! Date and time patterns of Java's `DateTimeFormatter` and of its older `SimpleDateFormat`, for reading and
//! writing text.

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;
use millstream_types::far_years::in_known_year;
use millstream_types::time::{civil_from_days, days_from_civil, naive, push_padded};
use millstream_types::{Error, Result};

/// A compiled pattern such as `yyyy-MM-dd HH:mm:ss.SSS`.
#[derive(Debug)]
pub struct Pattern {
    /// As `SimpleDateFormat` takes it: brackets are text.
    parts: Vec<Part>,
    /// As `DateTimeFormatter` takes it: with what stands in brackets, and then without some of it. None where
    /// there are no brackets.
    choices: Vec<Vec<Part>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(char),
    Field(char, usize),
    /// A bracket outside of quotes, around what is optional.
    Open,
    Close,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The Sunday on which the week of a day begins.
fn sunday(days: i64) -> i64 {
    days - (days + 4).rem_euclid(7)
}

/// The year that a week belongs to, and its number there: the first one has the first of January, as in the
/// locale en_US, which Java takes where none is set.
fn week_of(days: i64) -> (i64, i64) {
    let begins = sunday(days);
    let (year, _, _) = civil_from_days(begins + 6);
    let first = days_from_civil(year, 1, 1).unwrap_or(begins);
    (year, (begins - sunday(first)) / 7 + 1)
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When it has a letter that stands for nothing we know, or an open quote.
    pub fn compile(text: &str) -> Result<Self> {
        let characters: Vec<char> = text.chars().collect();
        let mut parts = Vec::new();
        let mut at = 0;
        while at < characters.len() {
            let character = characters[at];
            if character == '\'' {
                let empty = characters.get(at + 1) == Some(&'\'');
                loop {
                    let rest = &characters[at + 1..];
                    let Some(end) = rest.iter().position(|c| *c == '\'') else {
                        return Err(Error::Evaluation(format!(
                            "the quote in format '{text}' is open"
                        )));
                    };
                    parts.extend(rest[..end].iter().copied().map(Part::Literal));
                    at += end + 2;
                    // Two of them are one, inside of quotes and outside.
                    let doubled = !empty && characters.get(at) == Some(&'\'');
                    if doubled || empty {
                        parts.push(Part::Literal('\''));
                    }
                    if !doubled {
                        break;
                    }
                }
            } else if character.is_ascii_alphabetic() {
                let count = characters[at..].iter().take_while(|c| **c == character).count();
                if !"yuYMLdDHhKkmsSnaAEecNGQqwWzZXxV".contains(character) {
                    return Err(Error::Evaluation(format!(
                        "the letter {character} in format '{text}' stands for nothing; letters are \
                         y M d H h m s S a E D Y w, other text goes in quotes"
                    )));
                }
                parts.push(Part::Field(character, count));
                at += count;
            } else {
                parts.push(match character {
                    '[' => Part::Open,
                    ']' => Part::Close,
                    other => Part::Literal(other),
                });
                at += 1;
            }
        }
        let choices = match parts.contains(&Part::Open) && is_balanced(&parts) {
            true => choices(&mut parts.iter()),
            false => Vec::new(),
        };
        for part in &mut parts {
            match part {
                Part::Open => *part = Part::Literal('['),
                Part::Close => *part = Part::Literal(']'),
                Part::Literal(_) | Part::Field(..) => {}
            }
        }
        Ok(Self { parts, choices })
    }

    /// A calendar reading as text; `None` where the pattern asks for what a reading does not have.
    pub fn format(&self, seconds: i64, nanos: i64, zone: Tz) -> Option<String> {
        let parts = self.choices.first().unwrap_or(&self.parts);
        format(parts, seconds, nanos, zone, false)
    }

    /// The same as `SimpleDateFormat` writes it, which knows how far the zone is ahead of UTC.
    pub fn format_simply(&self, seconds: i64, zone: Tz) -> Option<String> {
        format(&self.parts, seconds, 0, zone, true)
    }

    /// Reads a text as a calendar reading in seconds and nanoseconds; `None` where it does not match
    /// the whole pattern or is no date.
    pub fn parse(&self, text: &str) -> Option<(i64, i64)> {
        match self.choices.as_slice() {
            [] => parse(&self.parts, text),
            choices => choices.iter().find_map(|parts| parse(parts, text)),
        }
    }
}

/// A reading as text, as one of the two classes has it.
fn format(parts: &[Part], seconds: i64, nanos: i64, zone: Tz, simply: bool) -> Option<String> {
    let days = seconds.div_euclid(86_400);
    let of_day = seconds.rem_euclid(86_400);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    let weekday = (days + 4).rem_euclid(7) as usize;
    let mut out = String::with_capacity(24);
    let number =
        |out: &mut String, value: i64, width| push_padded(out, value.unsigned_abs(), width);
    for part in parts {
        let (letter, count) = match *part {
            Part::Literal(character) => {
                out.push(character);
                continue;
            }
            Part::Field(letter, count) => (letter, count),
            Part::Open | Part::Close => continue,
        };
        match (letter, count) {
            ('u', _) if simply => number(&mut out, (weekday as i64 + 6) % 7 + 1, count),
            ('Z' | 'X', _) if simply => push_offset(&mut out, zone, seconds, letter, count),
            ('Y', 2) => number(&mut out, week_of(days).0.rem_euclid(100), 2),
            ('Y', _) => number(&mut out, week_of(days).0, count),
            ('w', _) => number(&mut out, week_of(days).1, count),
            ('W', _) => {
                let first = days - i64::from(day) + 1;
                number(&mut out, (days - sunday(first)) / 7 + 1, count);
            }
            ('G', 1..=3) => out.push_str(if year > 0 { "AD" } else { "BC" }),
            ('G', _) => out.push_str(if year > 0 { "Anno Domini" } else { "Before Christ" }),
            ('A', _) => number(&mut out, of_day * 1_000 + nanos / 1_000_000, count),
            ('N', _) => number(&mut out, of_day * 1_000_000_000 + nanos, count),
            ('y' | 'u', 2) => number(&mut out, year.rem_euclid(100), 2),
            ('y' | 'u', _) => {
                if year < 0 {
                    out.push('-');
                }
                number(&mut out, year, count);
            }
            ('M' | 'L', 1 | 2) => number(&mut out, month.into(), count),
            ('M' | 'L', 3) => out.push_str(&MONTHS[month as usize - 1][..3]),
            ('M' | 'L', _) => out.push_str(MONTHS[month as usize - 1]),
            ('d', _) => number(&mut out, day.into(), count),
            ('D', _) => number(&mut out, days - days_from_civil(year, 1, 1)? + 1, count),
            ('H', _) => number(&mut out, hour, count),
            ('k', _) => number(&mut out, if hour == 0 { 24 } else { hour }, count),
            ('K', _) => number(&mut out, hour % 12, count),
            ('h', _) => number(&mut out, if hour % 12 == 0 { 12 } else { hour % 12 }, count),
            ('m', _) => number(&mut out, minute, count),
            ('s', _) => number(&mut out, second, count),
            ('S', _) => {
                let digits = format!("{nanos:09}");
                out.push_str(&format!("{digits:0<count$}")[..count]);
            }
            ('n', _) => number(&mut out, nanos, count),
            ('a', _) => out.push_str(if hour < 12 { "AM" } else { "PM" }),
            ('E', 1..=3) => out.push_str(&DAYS[weekday][..3]),
            ('E', _) => out.push_str(DAYS[weekday]),
            ('e' | 'c', _) => number(&mut out, weekday as i64 + 1, count),
            ('Q' | 'q', 3) => out.push_str(&format!("Q{}", (month - 1) / 3 + 1)),
            ('Q' | 'q', 4) => {
                const NAMES: [&str; 4] = ["1st", "2nd", "3rd", "4th"];
                out.push_str(NAMES[((month - 1) / 3) as usize & 3]);
                out.push_str(" quarter");
            }
            ('Q' | 'q', 5) => number(&mut out, i64::from(month - 1) / 3 + 1, 1),
            ('Q' | 'q', _) => number(&mut out, i64::from(month - 1) / 3 + 1, count),
            ('z', _) => push_zone(&mut out, zone, seconds),
            ('V', _) => out.push_str(zone.name()),
            _ => return None,
        }
    }
    Some(out)
}

/// Reads a text by the parts of a pattern.
fn parse(parts: &[Part], text: &str) -> Option<(i64, i64)> {
    let (mut year, mut month, mut day) = (1970, 1, 1);
    let mut of_year = None;
    let (mut hour, mut minute, mut second, mut nanos) = (0, 0, 0, 0_i64);
    let mut afternoon = None;
    let mut rest = text;
    for (index, part) in parts.iter().enumerate() {
        let (letter, count) = match *part {
            Part::Literal(character) => {
                rest = rest.strip_prefix(character)?;
                continue;
            }
            Part::Field(letter, count) => (letter, count),
            Part::Open | Part::Close => continue,
        };
        // A field right before another one takes exactly its own digits.
        let adjacent = matches!(parts.get(index + 1), Some(Part::Field(..)));
        let mut digits = |most: usize| {
            let most = if adjacent { count } else { most.max(count) };
            let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
            if length < count.min(most) {
                return None;
            }
            let value: i64 = rest[..length].parse().ok()?;
            rest = &rest[length..];
            Some((value, length))
        };
        match letter {
            'y' | 'u' if count == 2 => year = 2000 + digits(2)?.0,
            // Four letters take no fifth digit.
            'y' | 'u' => year = digits(if count == 4 { 4 } else { 9 })?.0,
            'M' | 'L' if count <= 2 => month = digits(2)?.0,
            'M' | 'L' => {
                let name = |name: &str| {
                    if count == 3 { name[..3].to_owned() } else { name.to_owned() }
                };
                let found = MONTHS.iter().position(|month| rest.starts_with(&name(month)))?;
                rest = &rest[name(MONTHS[found]).len()..];
                month = found as i64 + 1;
            }
            'd' => day = digits(2)?.0,
            'D' => of_year = Some(digits(3)?.0),
            'H' | 'k' => hour = digits(2)?.0 % if letter == 'k' { 24 } else { i64::MAX },
            'h' | 'K' => hour = digits(2)?.0 % 12,
            'm' => minute = digits(2)?.0,
            's' => second = digits(2)?.0,
            'S' => {
                let (value, length) = digits(9)?;
                nanos = value * 10_i64.pow(9 - length.min(9) as u32);
            }
            'a' => {
                let half = rest.get(..2)?.to_ascii_uppercase();
                afternoon = Some(match half.as_str() {
                    "AM" => 0,
                    "PM" => 12,
                    _ => return None,
                });
                rest = &rest[2..];
            }
            'E' => {
                let name = |name: &str| {
                    if count <= 3 { name[..3].to_owned() } else { name.to_owned() }
                };
                let found = DAYS.iter().find(|day| rest.starts_with(&name(day)))?;
                rest = &rest[name(found).len()..];
            }
            // The reading is that of the text, wherever its zone is.
            'X' | 'x' | 'Z' => _ = offset(&mut rest, letter)?,
            'z' | 'V' => {
                let part = |c: char| c.is_ascii_alphanumeric() || "/_+-:".contains(c);
                let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
                rest = rest.get(length..).filter(|_| length > 0)?;
            }
            _ => return None,
        }
    }
    hour += afternoon.unwrap_or(0);
    if !rest.is_empty() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = match of_year {
        Some(day) => {
            let days = days_from_civil(year, 1, 1)? + day - 1;
            Some(days).filter(|days| civil_from_days(*days).0 == year)?
        }
        None => days_from_civil(year, month.try_into().ok()?, day.try_into().ok()?)?,
    };
    Some((days * 86_400 + hour * 3_600 + minute * 60 + second, nanos))
}

/// More choices than these are not looked at.
const CHOICES_MAX: usize = 64;

/// Brackets that are deeper are text.
const DEPTH_MAX: usize = 16;

/// Whether each bracket that opens is closed, and none is too deep.
fn is_balanced(parts: &[Part]) -> bool {
    let mut depth = 0_usize;
    for part in parts {
        depth = match part {
            Part::Open if depth < DEPTH_MAX => depth + 1,
            Part::Close if depth > 0 => depth - 1,
            Part::Open | Part::Close => return false,
            Part::Literal(_) | Part::Field(..) => depth,
        };
    }
    depth == 0
}

/// The ways to read a pattern with optional parts, up to the bracket that closes it: with each of them, and
/// without.
fn choices(parts: &mut std::slice::Iter<'_, Part>) -> Vec<Vec<Part>> {
    let mut all = vec![Vec::new()];
    while let Some(part) = parts.next() {
        match part {
            Part::Close => break,
            Part::Open => {
                let inner = choices(parts);
                let with = |before: &Vec<Part>| {
                    let each = inner.iter().map(|inner| [before.as_slice(), inner].concat());
                    each.chain([before.clone()]).collect::<Vec<_>>()
                };
                all = all.iter().flat_map(with).take(CHOICES_MAX).collect();
            }
            part => all.iter_mut().for_each(|choice| choice.push(part.clone())),
        }
    }
    all
}

impl Pattern {
    /// Reads the start of a text as Java's `SimpleDateFormat` does, in seconds: blanks before a number do not
    /// count, nor does what follows, and a field may be larger than its place, as in month 13.
    pub fn parse_lenient(&self, text: &str) -> Option<i64> {
        Some(self.parse_zoned(text)?.0)
    }

    /// As [`Self::parse_lenient`], with how many seconds the zone of the text is ahead of UTC, if it names
    /// one.
    pub fn parse_zoned(&self, text: &str) -> Option<(i64, Option<i64>)> {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        let (mut seconds, mut ms, mut afternoon) = (0, 0, 0);
        let (mut rest, mut zoned) = (text, None);
        for (index, part) in self.parts.iter().enumerate() {
            let (letter, count) = match *part {
                Part::Literal(character) => {
                    rest = rest.strip_prefix(character)?;
                    continue;
                }
                Part::Field(letter, count) => (letter, count),
                Part::Open | Part::Close => continue,
            };
            rest = rest.trim_start_matches([' ', '\t']);
            match (letter, count) {
                ('M' | 'L', 3..) => {
                    let (found, length) = named(&MONTHS, rest)?;
                    (month, rest) = (found + 1, &rest[length..]);
                    continue;
                }
                ('E', _) => {
                    rest = &rest[named(&DAYS, rest)?.1..];
                    continue;
                }
                ('X' | 'Z' | 'z', _) => {
                    zoned = Some(offset(&mut rest, letter)?);
                    continue;
                }
                ('a', _) => {
                    let (half, behind) = rest.split_at_checked(2)?;
                    afternoon = match half.to_ascii_uppercase().as_str() {
                        "AM" => 0,
                        "PM" => 12 * 3_600,
                        _ => return None,
                    };
                    rest = behind;
                    continue;
                }
                _ => {}
            }
            // A field right before another one takes its own digits, any other one all there are.
            let adjacent = matches!(self.parts.get(index + 1), Some(Part::Field(..)));
            let most = if adjacent { count } else { 9 };
            let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
            let value: i64 = rest[..length].parse().ok()?;
            rest = &rest[length..];
            match letter {
                'y' | 'u' if count <= 2 && length == 2 => year = 2000 + value,
                'y' | 'u' => year = value,
                'M' | 'L' => month = value,
                'd' => day = value,
                'H' => seconds += value * 3_600,
                'k' => seconds += value % 24 * 3_600,
                'h' | 'K' => seconds += value % 12 * 3_600,
                'm' => seconds += value * 60,
                's' => seconds += value,
                'S' => ms = value,
                _ => return None,
            }
        }
        let months = year * 12 + month - 1;
        let first = days_from_civil(months.div_euclid(12), months.rem_euclid(12) as u32 + 1, 1)?;
        let local = (first + day - 1) * 86_400 + seconds + afternoon + ms / 1_000;
        Some((local, zoned))
    }
}

/// Takes how far a zone is ahead of UTC, in seconds: `+0100`, `+01:00` and `+01`, `Z` for the letter X, for z
/// UTC and GMT with or without such a difference.
fn offset(rest: &mut &str, letter: char) -> Option<i64> {
    let named = ["GMT", "UTC"].iter().find_map(|name| rest.strip_prefix(name));
    if let ('z' | 'Z', Some(behind)) = (letter, named) {
        *rest = behind;
        if !behind.starts_with(['+', '-']) {
            return Some(0);
        }
    }
    if let ('X', Some(behind)) = (letter, rest.strip_prefix('Z')) {
        *rest = behind;
        return Some(0);
    }
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let two = |text: &str| -> Option<i64> {
        let digits = text.get(..2).filter(|two| two.bytes().all(|byte| byte.is_ascii_digit()));
        digits?.parse().ok()
    };
    let hours = two(&rest[1..])?;
    *rest = &rest[3..];
    let minutes = rest.strip_prefix(':').unwrap_or(rest);
    let Some(behind) = two(minutes) else { return Some(sign * hours * 3_600) };
    *rest = &minutes[2..];
    Some(sign * (hours * 3_600 + behind * 60))
}

/// How far a zone is ahead of UTC at a calendar reading: `+0100` for the letter Z, `+01`, `+0100` or `+01:00`
/// for so many letters X, or Z where it is not ahead.
fn push_offset(out: &mut String, zone: Tz, seconds: i64, letter: char, count: usize) {
    let reading = naive(in_known_year(zone, seconds), 0).unwrap_or_default();
    let ahead = zone.offset_from_local_datetime(&reading).earliest();
    let ahead = ahead.map_or(0, |offset| offset.fix().local_minus_utc());
    if letter == 'X' && ahead == 0 {
        return out.push('Z');
    }
    let (sign, minutes) = (if ahead < 0 { '-' } else { '+' }, ahead.abs() / 60);
    out.push_str(&match (letter, count) {
        ('X', 1) => format!("{sign}{:02}", minutes / 60),
        ('X', 3..) => format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60),
        _ => format!("{sign}{:02}{:02}", minutes / 60, minutes % 60),
    });
}

/// The short name of a zone at a calendar reading, such as CET or CEST.
fn push_zone(out: &mut String, zone: Tz, seconds: i64) {
    use chrono_tz::OffsetName;
    let reading = naive(in_known_year(zone, seconds), 0).unwrap_or_default();
    match zone.offset_from_local_datetime(&reading).earliest() {
        Some(offset) => match offset.abbreviation() {
            Some(name) if name.starts_with(|c: char| c.is_ascii_alphabetic()) => out.push_str(name),
            _ => out.push_str(zone.name()),
        },
        None => out.push_str(zone.name()),
    }
}

/// Which of some names a text starts with, in full or by its first three letters, and how long it is there.
fn named(names: &[&str], text: &str) -> Option<(i64, usize)> {
    let starts =
        |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    names.iter().zip(0..).find_map(|(name, at)| match () {
        () if starts(name) => Some((at, name.len())),
        () if starts(&name[..3]) => Some((at, 3)),
        () => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_read_what_they_write() {
        for pattern in [
            "yyyy-MM-dd HH:mm:ss",
            "yyyy/MM/dd hh:mm:ss a",
            "yyyyMMddHHmmss",
            "d MMM yyyy 'at' H:m:s",
        ] {
            let compiled = Pattern::compile(pattern).unwrap();
            for seconds in [0, 86_399, 1_700_000_000, -1, 951_782_400] {
                let text = compiled.format(seconds, 0, Tz::UTC).unwrap();
                assert_eq!(compiled.parse(&text), Some((seconds, 0)), "{pattern}: {text}");
            }
        }
    }

    #[test]
    fn simple_formats_are_lenient() {
        let pattern = Pattern::compile("yyyy-MM-dd HH:mm:ss").unwrap();
        let read = |text: &str| pattern.parse_lenient(text);
        assert_eq!(read(" 1970-1- 2 0:0:1 and more"), Some(86_401));
        assert_eq!(read("1970-01-01 25:00:00"), Some(90_000));
        assert_eq!(read("1969-13-01 00:00:00"), Some(0));
        assert_eq!(read("1970-01-01"), None);
        let names = Pattern::compile("d MMM yyyy, h a").unwrap();
        assert_eq!(names.parse_lenient("2 january 1970, 1 pm"), Some(86_400 + 13 * 3_600));
    }

    #[test]
    fn what_does_not_match_is_nothing() {
        let pattern = Pattern::compile("yyyy/MM/dd HH:mm").unwrap();
        assert_eq!(pattern.parse("2001/01/01 00:47"), Some((978_310_020, 0)));
        for text in
            ["2001-01-01 00:47", "2001/02/30 00:00", "2001/01/01 24:00", "2001/01/01 00:47x", ""]
        {
            assert_eq!(pattern.parse(text), None, "{text}");
        }
        let optional = Pattern::compile("yyyy[-MM[-dd]][ HH:mm[:ss]]").unwrap();
        for (text, due) in [
            ("1970", Some(0)),
            ("1970-02", Some(31 * 86_400)),
            ("1970-01-02 00:01", Some(86_460)),
            ("1970-01-02 00:01:01", Some(86_461)),
            ("1970 01:00", Some(3_600)),
            ("1970-01-", None),
        ] {
            assert_eq!(optional.parse(text).map(|(seconds, _)| seconds), due, "{text}");
        }
        assert_eq!(optional.format(0, 0, Tz::UTC).unwrap(), "1970-01-01 00:00:00");
        for text in ["'['yyyy']'", "[yyyy", "yyyy]"] {
            let plain = Pattern::compile(text).unwrap();
            let due = text.replace('\'', "").replace("yyyy", "1970");
            assert_eq!(plain.format(0, 0, Tz::UTC).unwrap(), due);
            assert_eq!(plain.parse(&due), Some((0, 0)), "{text}");
        }
        assert!(Pattern::compile(&"[".repeat(100_000)).is_ok());
        assert!(Pattern::compile("bbb").is_err());
        assert!(Pattern::compile("'open").is_err());
    }
}
