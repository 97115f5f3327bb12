//! Dates, times and points in time from text, each by the rule that Flink reads it with: casts are strict
//! about what stands around the fields, a DATE takes less than three of them, and what a format does not
//! match is read once more as the text of a SQL timestamp.

use millstream_types::time::{PointInTime, days_from_civil};

/// A point in time as CAST reads it: `yyyy-M-d[ H:m:s[.fraction]]`, with one or two digits in each field
/// behind the year, and 24:00:00 for the end of a day.
pub fn parse_point(text: &str) -> Option<PointInTime> {
    let (date, time) = match text.split_once(' ') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let days = plain_date(date).filter(|(year, _)| *year > 0)?.1;
    let Some(time) = time else { return Some(PointInTime { seconds: days * 86_400, nanos: 0 }) };
    let (hour, rest) = time.split_once(':')?;
    let (minute, rest) = rest.split_once(':')?;
    let (second, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let [hour, minute, second] = [field(hour)?, field(minute)?, field(second)?];
    let nanos = nanos(fraction)?;
    let end_of_day = (hour, minute, second, nanos) == (24, 0, 0, 0);
    if (hour > 23 && !end_of_day) || minute > 59 || second > 59 {
        return None;
    }
    Some(PointInTime { seconds: days * 86_400 + hour * 3_600 + minute * 60 + second, nanos })
}

/// A date as CAST reads it, as days since 1970-01-01: `yyyy[-M[-d]]` with blanks around each field; what
/// follows a blank behind it does not count.
pub fn parse_date(text: &str) -> Option<i64> {
    let text = match text.find(' ') {
        Some(at) if at > 0 => &text[..at],
        _ => text,
    };
    let mut parts = text.splitn(3, '-').map(number);
    let (year, month, day) = (parts.next()??, parts.next(), parts.next());
    let (month, day) = (month.unwrap_or(Some(1))?, day.unwrap_or(Some(1))?);
    let days = days_from_civil(year, month.try_into().ok()?, day.try_into().ok()?)?;
    (year <= 9_999).then_some(days)
}

/// A time of day as CAST reads it, in seconds and nanoseconds: `H[:m[:s[.fraction]]]` with blanks around each
/// field, in ms at most.
pub fn parse_time(text: &str) -> Option<(i64, u32)> {
    let mut parts = text.splitn(3, ':');
    let hour = number(parts.next()?)?;
    let minute = parts.next().map_or(Some(0), number)?;
    let (second, fraction) = match parts.next() {
        Some(rest) => rest.split_once('.').unwrap_or((rest, "")),
        None => ("0", ""),
    };
    let second = number(second)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let digits = fraction.trim().bytes().map(|b| if b.is_ascii_digit() { b - b'0' } else { 0 });
    let digits: Vec<u32> = digits.take(4).map(u32::from).collect();
    let digit = |at: usize| digits.get(at).copied().unwrap_or(0);
    let ms = digit(0) * 100 + digit(1) * 10 + digit(2) + u32::from(digit(3) >= 5);
    let seconds = hour * 3_600 + minute * 60 + second + i64::from(ms / 1_000);
    Some((seconds, ms % 1_000 * 1_000_000))
}

/// What a format did not match as the text of a SQL timestamp, `yyyy-M-d[ H:m:s[.fraction]]`; hours, minutes
/// and seconds may be any number of them.
pub fn parse_sql_text(text: &str) -> Option<PointInTime> {
    let text = text.trim();
    let Some((date, time)) = text.split_once(' ') else {
        return Some(PointInTime { seconds: plain_date(text)?.1 * 86_400, nanos: 0 });
    };
    let days = plain_date(date).filter(|(year, _)| *year > 0)?.1;
    let (hour, rest) = time.split_once(':')?;
    let (minute, rest) = rest.split_once(':')?;
    let (second, fraction) = match rest.split_once('.') {
        Some((_, "")) => return None,
        Some((second, fraction)) => (second, fraction),
        None => (rest, ""),
    };
    let [hour, minute, second] = [digits(hour)?, digits(minute)?, digits(second)?];
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(PointInTime { seconds, nanos: nanos(fraction)? })
}

/// Year, and days since 1970-01-01, of `yyyy-M-d`.
fn plain_date(text: &str) -> Option<(i64, i64)> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let year = digits(year).filter(|_| year.len() == 4)?;
    let days = days_from_civil(year, field(month)? as u32, field(day)? as u32)?;
    Some((year, days))
}

/// One or two digits.
fn field(text: &str) -> Option<i64> {
    digits(text).filter(|_| text.len() <= 2)
}

/// Digits and nothing else, nine of them at most.
fn digits(text: &str) -> Option<i64> {
    let plain = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// Digits with blanks around them.
fn number(text: &str) -> Option<i64> {
    digits(text.trim())
}

/// Nanoseconds of the digits behind a point, nine of them at most.
fn nanos(fraction: &str) -> Option<u32> {
    if fraction.is_empty() {
        return Some(0);
    }
    let value = u32::try_from(digits(fraction)?).ok()?;
    Some(value * 10_u32.pow(9 - fraction.len() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_are_strict_about_what_stands_around() {
        let at = |text: &str| parse_point(text).map(|point| (point.seconds, point.nanos));
        assert_eq!(at("1970-1-2 0:0:1.5"), Some((86_401, 500_000_000)));
        assert_eq!(at("1970-01-01 24:00:00"), Some((86_400, 0)));
        assert_eq!(at("1970-01-01"), Some((0, 0)));
        for text in
            ["", " 1970-01-01", "1970-01-01 12:34", "70-01-01", "1970-02-30", "1970-01-01T00:00:00"]
        {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn dates_and_times_take_less() {
        assert_eq!(parse_date("1970"), Some(0));
        assert_eq!(parse_date("1970-02 x"), Some(31));
        assert_eq!(parse_date("1970-02-30"), None);
        assert_eq!(parse_time(" 1 : 2 "), Some((3_720, 0)));
        assert_eq!(parse_time("0:0:1.9996"), Some((2, 0)));
        assert_eq!(parse_time("25"), None);
    }

    #[test]
    fn what_a_format_does_not_match_is_read_once_more() {
        let at = |text: &str| parse_sql_text(text).map(|point| (point.seconds, point.nanos));
        assert_eq!(at(" 1970-1-1 25:0:0.25 "), Some((90_000, 250_000_000)));
        assert_eq!(at("1970-1-2"), Some((86_400, 0)));
        assert_eq!(at("1970-1-2 0:0:0."), None);
        assert_eq!(at("31.01.1970"), None);
    }
}
