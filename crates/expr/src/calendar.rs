//! Arithmetic on calendar readings: units of time extracted, rounded to, added and counted.
//!
//! A reading is a count of units of 1/`per_second` s since 1970-01-01 00:00. Units go by their names in
//! capitals and the singular.

use millstream_types::time::{civil_from_days, days_from_civil};
use millstream_types::{Error, Result};

/// One unit of a point in time counted in units of 1/`per_second` s.
///
/// # Errors
/// When there is no such unit.
pub fn extract_one(unit: &str, value: i64, per_second: i64) -> Result<i64> {
    let seconds = value.div_euclid(per_second);
    let days = seconds.div_euclid(86_400);
    let of_day = seconds.rem_euclid(86_400);
    let fraction = value.rem_euclid(per_second);
    let (year, month, day) = civil_from_days(days);
    // 1970-01-01 was a Thursday.
    let weekday_from_sunday = (days + 4).rem_euclid(7);
    let day_of_year = days - days_from_civil(year, 1, 1).unwrap_or(days) + 1;
    Ok(match unit {
        "YEAR" => year,
        "QUARTER" => i64::from((month - 1) / 3 + 1),
        "MONTH" => i64::from(month),
        "WEEK" => iso_week(days).1,
        "ISOYEAR" => iso_week(days).0,
        "DAY" => i64::from(day),
        "DOY" => day_of_year,
        "DOW" => weekday_from_sunday + 1,
        "ISODOW" => (weekday_from_sunday + 6) % 7 + 1,
        "HOUR" => of_day / 3_600,
        "MINUTE" => of_day / 60 % 60,
        "SECOND" => of_day % 60,
        "MILLISECOND" => fraction * 1_000 / per_second,
        "MICROSECOND" => (i128::from(fraction) * 1_000_000 / i128::from(per_second)) as i64,
        "NANOSECOND" => fraction * (1_000_000_000 / per_second),
        "EPOCH" => seconds,
        "DECADE" => year.div_euclid(10),
        "CENTURY" => (year + 99).div_euclid(100),
        "MILLENNIUM" => (year + 999).div_euclid(1_000),
        other => {
            return Err(Error::Evaluation(format!(
                "\"{other}\" is not a unit of time; YEAR, QUARTER, MONTH, WEEK, DAY, DOY, DOW, HOUR, \
                 MINUTE and SECOND are"
            )));
        }
    })
}

/// Year and week of the ISO calendar: weeks start on Monday, the first has the year's first Thursday.
fn iso_week(days: i64) -> (i64, i64) {
    let thursday = days - (days + 3).rem_euclid(7) + 3;
    let (year, _, _) = civil_from_days(thursday);
    let first = days_from_civil(year, 1, 1).unwrap_or(thursday);
    (year, (thursday - first) / 7 + 1)
}

/// The start of the unit that a point in time lies in.
///
/// # Errors
/// When there is no such unit.
pub fn floor_to(unit: &str, value: i64, per_second: i64) -> Result<i64> {
    let day = 86_400 * per_second;
    let days = value.div_euclid(day);
    let (year, month, _) = civil_from_days(days);
    let start = |year: i64, month: u32| {
        let days = days_from_civil(year, month, 1).unwrap_or(days);
        days.checked_mul(day).ok_or_else(out_of_range)
    };
    let times = |count: i64, size: i64| count.checked_mul(size).ok_or_else(out_of_range);
    let down = |size: i64| times(value.div_euclid(size), size);
    Ok(match unit {
        "MILLENNIUM" => start((year - 1).div_euclid(1_000) * 1_000 + 1, 1)?,
        "CENTURY" => start((year - 1).div_euclid(100) * 100 + 1, 1)?,
        "DECADE" => start(year.div_euclid(10) * 10, 1)?,
        "YEAR" => start(year, 1)?,
        "QUARTER" => start(year, (month - 1) / 3 * 3 + 1)?,
        "MONTH" => start(year, month)?,
        // Weeks start on Sunday here, as in Flink.
        "WEEK" => times(days - (days + 4).rem_euclid(7), day)?,
        "DAY" => times(days, day)?,
        "HOUR" => down(3_600 * per_second)?,
        "MINUTE" => down(60 * per_second)?,
        "SECOND" => down(per_second)?,
        "MILLISECOND" if per_second >= 1_000 => down(per_second / 1_000)?,
        "MICROSECOND" if per_second >= 1_000_000 => down(per_second / 1_000_000)?,
        "MILLISECOND" | "MICROSECOND" => value,
        other => {
            return Err(Error::Evaluation(format!("\"{other}\" is not a unit to round time to")));
        }
    })
}

/// The start of the unit after one that starts there.
///
/// # Errors
/// When there is no such unit.
pub fn next_unit(unit: &str, start: i64, per_second: i64) -> Result<i64> {
    let months = match unit {
        "MILLENNIUM" => 12_000,
        "CENTURY" => 1_200,
        "DECADE" => 120,
        "YEAR" => 12,
        "QUARTER" => 3,
        "MONTH" => 1,
        _ => return add_units(unit, 1, start, per_second),
    };
    add_months(start, months, per_second).ok_or_else(out_of_range)
}

fn out_of_range() -> Error {
    Error::Evaluation(
        "the result is no point in time that can be told apart from others".to_owned(),
    )
}

/// A point in time some months later; the 31st of a month without one is its last day. `None` where its
/// number is too large.
pub fn add_months(value: i64, months: i64, per_second: i64) -> Option<i64> {
    let day = 86_400 * per_second;
    let (year, month, of_month) = civil_from_days(value.div_euclid(day));
    let index = (year * 12 + i64::from(month) - 1).checked_add(months)?;
    let (year, month) = (index.div_euclid(12), index.rem_euclid(12) as u32 + 1);
    // The 31st of a month without one is its last day.
    let last = (28..=of_month).rev().chain([of_month.min(28)]);
    // Nobody counts years by millions; beyond them the calendar's own arithmetic would not hold.
    let in_range = year.abs() <= 1_000_000;
    let days = last.into_iter().filter(|_| in_range);
    let days = days.into_iter().find_map(|day| days_from_civil(year, month, day))?;
    days.checked_mul(day)?.checked_add(value.rem_euclid(day))
}

/// Whether a unit is shorter than a day.
pub fn is_within_day(unit: &str) -> bool {
    let unit = unit.to_ascii_uppercase();
    ["HOUR", "MINUTE", "SECOND"].iter().any(|short| unit.contains(short))
}

/// A point in time some units later.
///
/// # Errors
/// When there is no such unit.
pub fn add_units(unit: &str, number: i64, value: i64, per_second: i64) -> Result<i64> {
    let months = match unit {
        "MILLENNIUM" => Some(12_000),
        "CENTURY" => Some(1_200),
        "DECADE" => Some(120),
        "YEAR" => Some(12),
        "QUARTER" => Some(3),
        "MONTH" => Some(1),
        _ => None,
    };
    if let Some(months) = months {
        let months = number.saturating_mul(months);
        return add_months(value, months, per_second).ok_or_else(out_of_range);
    }
    let (count, per) = match unit {
        "WEEK" => (604_800 * per_second, 1),
        "DAY" => (86_400 * per_second, 1),
        "HOUR" => (3_600 * per_second, 1),
        "MINUTE" => (60 * per_second, 1),
        "SECOND" => (per_second, 1),
        "MILLISECOND" => (per_second, 1_000),
        "MICROSECOND" => (per_second, 1_000_000),
        "NANOSECOND" => (per_second, 1_000_000_000),
        other => return Err(Error::Evaluation(format!("\"{other}\" is not a unit of time"))),
    };
    let moved = i128::from(number) * i128::from(count) / per;
    i64::try_from(i128::from(value) + moved).map_err(|_| out_of_range())
}

/// A day some months later.
fn months_after(day: i64, months: i64) -> i64 {
    // In units of a day there is nothing that a number of months between two points leaves.
    add_months(day * 86_400, months, 1).map_or(day, |second| second.div_euclid(86_400))
}

/// How many whole units lie between two points in time.
///
/// # Errors
/// When there is no such unit.
pub fn units_between(unit: &str, from: i128, to: i128, per_second: i64) -> Result<i64> {
    // The days are counted from the earlier one; a time of day that is not reached yet takes a month off,
    // whichever is earlier. Source: Calcite's `subtractMonths`, which Flink uses.
    let months = || {
        let day = i128::from(86_400 * per_second);
        let days = [from, to].map(|point| point.div_euclid(day) as i64);
        let of_day = [from, to].map(|point| point.rem_euclid(day));
        let whole = |early: i64, late: i64| {
            let ((y1, m1, _), (y2, m2, _)) = (civil_from_days(early), civil_from_days(late));
            let months = (y2 - y1) * 12 + i64::from(m2) - i64::from(m1);
            months - i64::from(months_after(early, months) > late)
        };
        let months = match days[0] <= days[1] {
            true => whole(days[0], days[1]),
            false => -whole(days[1], days[0]),
        };
        let reached = months_after(days[0], months) != days[1] || of_day[1] >= of_day[0];
        months - i64::from(!reached)
    };
    let size = match unit {
        "YEAR" => return Ok(months() / 12),
        "QUARTER" => return Ok(months() / 3),
        "MONTH" => return Ok(months()),
        "WEEK" => 604_800 * per_second,
        "DAY" => 86_400 * per_second,
        "HOUR" => 3_600 * per_second,
        "MINUTE" => 60 * per_second,
        "SECOND" => per_second,
        "MILLISECOND" => return Ok(((to - from) * 1_000 / i128::from(per_second)) as i64),
        other => return Err(Error::Evaluation(format!("\"{other}\" is not a unit of time"))),
    };
    Ok(((to - from) / i128::from(size)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time_text::parse_point;

    #[test]
    fn months_end_where_they_end() {
        let at = |text: &str| parse_point(text).map(|point| point.seconds).unwrap_or_default();
        assert_eq!(add_months(at("2024-01-31"), 1, 1), Some(at("2024-02-29")));
        assert_eq!(add_months(at("2024-03-31"), -1, 1), Some(at("2024-02-29")));
        let months = |from: &str, to: &str| {
            units_between("MONTH", at(from).into(), at(to).into(), 1).unwrap()
        };
        assert_eq!(months("2024-01-31", "2024-02-29"), 1);
        assert_eq!(months("2024-03-15 10:00:00", "2024-02-15 09:00:00"), -2);
        assert_eq!(months("2024-03-15 10:00:00", "2024-04-15 09:00:00"), 0);
        assert_eq!(months("2024-03-15 10:00:00", "2024-02-15 10:00:00"), -1);
    }

    #[test]
    fn what_is_too_far_away_is_an_error() {
        for (unit, number) in [("YEAR", i64::MAX), ("MONTH", i64::MIN), ("DAY", i64::MAX)] {
            assert!(add_units(unit, number, 0, 1_000).is_err(), "{unit}");
        }
        assert_eq!(
            add_units("NANOSECOND", 10_000_000_000, 0, 1_000_000_000).ok(),
            Some(10_000_000_000)
        );
        assert!(floor_to("MILLENNIUM", i64::MIN, 1_000_000_000).is_err());
        assert!(next_unit("MILLENNIUM", 0, 1_000_000_000).is_err());
    }
}
