//! Event time and epochs, and the calendar text of points in time.
//!
//! Inside the engine a point in event time is an `i64` in milliseconds since 1970-01-01 00:00 UTC.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

/// How far event time has come: no row with a rowtime at or before it is expected any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Watermark(pub i64);

impl Watermark {
    /// Before any row.
    pub const MIN: Self = Self(i64::MIN);
    /// After the last row of a bounded input: everything is complete.
    pub const MAX: Self = Self(i64::MAX);
}

impl fmt::Display for Watermark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MIN => f.write_str("none yet"),
            Self::MAX => f.write_str("end of input"),
            Self(ms) => f.write_str(&timestamp_text(ms, 1_000, 3)),
        }
    }
}

/// One step of a dataflow: its number and the wall clock it was given.
#[derive(Debug, Clone, Copy)]
pub struct Epoch {
    /// Counts from 0.
    pub number: u64,
    /// The reading of the clock for this epoch, in ms since 1970 UTC.
    pub clock_ms: i64,
}

/// `value` counted in units of 1/`per_second` s as `yyyy-MM-dd HH:mm:ss` with `digits` of fraction.
pub fn timestamp_text(value: i64, per_second: i64, digits: usize) -> String {
    let mut out = String::with_capacity(29);
    push_timestamp(&mut out, value, per_second, digits);
    out
}

/// Appends what [`timestamp_text`] gives.
pub fn push_timestamp(out: &mut String, value: i64, per_second: i64, digits: usize) {
    let seconds = value.div_euclid(per_second);
    push_date(out, seconds.div_euclid(86_400));
    out.push(' ');
    push_time(out, value.rem_euclid(86_400 * per_second), per_second, digits);
}

/// Appends days since 1970-01-01 as `yyyy-MM-dd`.
pub fn push_date(out: &mut String, days: i64) {
    let (year, month, day) = civil_from_days(days);
    if (0..=9_999).contains(&year) {
        push_padded(out, year.unsigned_abs(), 4);
    } else {
        out.push(if year < 0 { '-' } else { '+' });
        push_padded(out, year.unsigned_abs(), 4);
    }
    out.push('-');
    push_padded(out, u64::from(month), 2);
    out.push('-');
    push_padded(out, u64::from(day), 2);
}

/// Appends a time of day counted in units of 1/`per_second` s as `HH:mm:ss` with a fraction.
pub fn push_time(out: &mut String, value: i64, per_second: i64, digits: usize) {
    let seconds = value.div_euclid(per_second);
    push_padded(out, (seconds / 3_600).unsigned_abs(), 2);
    out.push(':');
    push_padded(out, (seconds / 60 % 60).unsigned_abs(), 2);
    out.push(':');
    push_padded(out, (seconds % 60).unsigned_abs(), 2);
    if digits > 0 {
        let nanos = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
        out.push('.');
        push_padded(out, (nanos / 10_i64.pow(9 - digits as u32)).unsigned_abs(), digits);
    }
}

/// Appends a number with leading zeros up to `width` digits.
pub fn push_padded(out: &mut String, value: u64, width: usize) {
    (20..width).for_each(|_| out.push('0'));
    let width = width.min(20);
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    let mut rest = value;
    while rest > 0 || digits.len() - at < width {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    for digit in &digits[at..] {
        out.push(char::from(*digit));
    }
}

/// Year, month and day of a count of days since 1970-01-01 (proleptic Gregorian, any year).
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    // Howard Hinnant's "chrono-compatible low-level date algorithms": eras of 400 years from March 1.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_index + 2) / 5 + 1) as u32;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days since 1970-01-01 of a date, the inverse of [`civil_from_days`]; `None` for no such date.
pub fn days_from_civil(year: i64, month: u32, day: u32) -> Option<i64> {
    const LENGTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = *LENGTHS.get((month as usize).wrapping_sub(1))?;
    if day < 1 || day > length + u32::from(leap && month == 2) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let month_index = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_index + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// A point in time read from text, in nanoseconds' detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointInTime {
    /// Whole seconds since 1970-01-01 00:00.
    pub seconds: i64,
    /// Nanoseconds into that second.
    pub nanos: u32,
}

impl PointInTime {
    /// The count of units of 1/`per_second` s, cut off below; `None` when it does not fit.
    pub fn in_units(self, per_second: i64) -> Option<i64> {
        let nanos = i64::from(self.nanos);
        // Division by a constant is a multiplication.
        let fraction = match per_second {
            1_000 => nanos / 1_000_000,
            1_000_000 => nanos / 1_000,
            _ => nanos / (1_000_000_000 / per_second),
        };
        self.seconds.checked_mul(per_second)?.checked_add(fraction)
    }
}

/// Reads `yyyy-MM-dd[ HH:mm[:ss[.fraction]]]`; `separator` stands between date and time (` ` in SQL,
/// `T` in ISO-8601). `None` when the text is anything else.
pub fn parse_timestamp(text: &[u8], separator: u8) -> Option<PointInTime> {
    let (days, rest) = parse_date_prefix(text)?;
    if rest.is_empty() {
        return Some(PointInTime { seconds: days * 86_400, nanos: 0 });
    }
    if rest[0] != separator {
        return None;
    }
    let (seconds, nanos) = parse_time(&rest[1..])?;
    Some(PointInTime { seconds: days * 86_400 + seconds, nanos })
}

/// Reads a date `yyyy-MM-dd` as days since 1970-01-01.
pub fn parse_date(text: &[u8]) -> Option<i64> {
    match parse_date_prefix(text)? {
        (days, []) => Some(days),
        _ => None,
    }
}

fn parse_date_prefix(text: &[u8]) -> Option<(i64, &[u8])> {
    let (negative, text) = match text.first()? {
        b'-' => (true, &text[1..]),
        _ => (false, text),
    };
    let (year, text) = parse_digits(text, 1, 6)?;
    let (month, text) = parse_digits(text.strip_prefix(b"-")?, 1, 2)?;
    let (day, text) = parse_digits(text.strip_prefix(b"-")?, 1, 2)?;
    let year = if negative { -year } else { year };
    Some((days_from_civil(year, month as u32, day as u32)?, text))
}

/// Reads `HH:mm[:ss[.fraction]]` as seconds and nanoseconds of the day.
pub fn parse_time(text: &[u8]) -> Option<(i64, u32)> {
    let (hour, text) = parse_digits(text, 1, 2)?;
    let (minute, text) = parse_digits(text.strip_prefix(b":")?, 1, 2)?;
    let (second, text) = match text.strip_prefix(b":") {
        Some(rest) => parse_digits(rest, 1, 2)?,
        None => (0, text),
    };
    let nanos = match text.strip_prefix(b".") {
        Some(fraction) => parse_fraction(fraction)?,
        None if text.is_empty() => 0,
        None => return None,
    };
    (hour < 24 && minute < 60 && second < 60)
        .then_some((hour * 3_600 + minute * 60 + second, nanos))
}

fn parse_fraction(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    Some(value * 10_u32.pow(9 - digits.len() as u32))
}

fn parse_digits(text: &[u8], least: usize, most: usize) -> Option<(i64, &[u8])> {
    let length = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    if length < least {
        return None;
    }
    let value = text[..length].iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some((value, &text[length..]))
}

/// A length of time as Flink's options have it, in ms: `10 s`, `5min`, `1 h`, `2 days`, `250`.
pub fn parse_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let amount: i64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    amount.checked_mul(unit)
}

/// The calendar reading of seconds since 1970, where chrono can represent it.
pub fn naive(seconds: i64, nanos: u32) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(seconds, nanos).map(|time| time.naive_utc())
}

/// Seconds since 1970 and nanoseconds of a calendar reading.
pub fn point(time: NaiveDateTime) -> PointInTime {
    let days = days_since_1970(time.date());
    let seconds = i64::from(time.time().num_seconds_from_midnight());
    PointInTime { seconds: days * 86_400 + seconds, nanos: time.time().nanosecond() }
}

fn days_since_1970(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

/// Local midnight, for those that need a whole date as a point in time.
pub fn midnight(date: NaiveDate) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_are_inverse_over_all_eras() {
        for days in (-1_000_000..1_000_000).step_by(37) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), Some(days));
        }
        assert_eq!(days_from_civil(2026, 2, 29), None);
        assert_eq!(days_from_civil(2000, 2, 29), Some(11_016));
    }

    #[test]
    fn lengths_of_time_are_read_as_flink_writes_them() {
        for (text, due) in [
            ("10 s", Some(10_000)),
            ("5min", Some(300_000)),
            (" 1 H ", Some(3_600_000)),
            ("2 days", Some(172_800_000)),
            ("250", Some(250)),
            ("-1 s", None),
            ("1 fortnight", None),
            ("", None),
            ("9999999999999999999 s", None),
        ] {
            assert_eq!(parse_duration(text), due, "{text}");
        }
    }

    #[test]
    fn text_of_points_in_time_reads_back() {
        let read =
            |text: &str| parse_timestamp(text.as_bytes(), b' ').and_then(|t| t.in_units(1_000));
        for ms in [-1, 0, 1, 1_700_000_000_123, -62_135_596_800_000, -86_400_001] {
            assert_eq!(read(&timestamp_text(ms, 1_000, 3)), Some(ms));
        }
        assert_eq!(read("2026-02-30 00:00:00"), None);
        assert_eq!(read("2026-01-01 24:00:00"), None);
        assert_eq!(read("2026-01-01T00:00:00"), None);
        assert_eq!(read("2026-01-01"), Some(1_767_225_600_000));
    }
}
