//! Years that the tables of time zones do not know: they end with 2099.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::time::{civil_from_days, days_from_civil};

/// 2100-01-01 00:00:00, where the tables end.
const END: i64 = 4_102_444_800;

/// A point in time, in s, at which a zone is as far from UTC as at another one: the same one before 2100.
/// From then on the rules of zones that have summer time go on, and those of a year with the same calendar
/// stand for it.
pub fn in_known_year(zone: Tz, seconds: i64) -> i64 {
    if seconds < END || !changes_clocks(zone) {
        return seconds;
    }
    let start = |year: i64| days_from_civil(year, 1, 1).unwrap_or_default();
    let year = civil_from_days(seconds.div_euclid(86_400)).0;
    let length = |year: i64| start(year + 1) - start(year);
    // Weekdays of the years of a century come back after 28 years, leap years with them; the last such year
    // is behind most of what single years have rules for.
    let alike =
        |known: &i64| (start(year) - start(*known)) % 7 == 0 && length(*known) == length(year);
    let known = (2072..2100).rev().find(alike).unwrap_or(year);
    seconds - (start(year) - start(known)) * 86_400
}

/// Whether a zone still has summer time at the end of its table.
fn changes_clocks(zone: Tz) -> bool {
    let offset = |days_before: i64| {
        let point = DateTime::from_timestamp(END - days_before * 86_400, 0).unwrap_or_default();
        zone.offset_from_utc_datetime(&point.naive_utc()).fix()
    };
    offset(1) != offset(184)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_year_has_the_calendar_of_a_known_one() {
        let zone = Tz::Europe__Paris;
        assert_eq!(in_known_year(zone, END - 1), END - 1);
        for year in 2100..2600 {
            let point = days_from_civil(year, 7, 14).unwrap() * 86_400 + 5;
            let known = in_known_year(zone, point);
            let (other, month, day) = civil_from_days(known.div_euclid(86_400));
            assert_eq!(((2072..2100).contains(&other), month, day), (true, 7, 14), "{year}");
            assert_eq!((point - known) % (7 * 86_400), 0, "{year}");
        }
    }

    #[test]
    fn zones_are_in_a_far_year_as_far_from_utc_as_in_the_last_one_they_know() {
        let offset = |zone: Tz, seconds: i64| {
            let point = DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            zone.offset_from_utc_datetime(&point).fix()
        };
        for zone in chrono_tz::TZ_VARIANTS {
            for (month, day) in [(1, 15), (7, 15), (8, 1), (12, 15)] {
                let at = |year: i64| days_from_civil(year, month, day).unwrap() * 86_400;
                let far = offset(zone, in_known_year(zone, at(2110)));
                assert_eq!(far, offset(zone, at(2099)), "{zone} on {month}-{day}");
            }
        }
    }
}
