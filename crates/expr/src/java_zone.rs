//! [`JavaZone`]: time zones by the names that `java.util.TimeZone` knows, for which CONVERT_TZ is specified.

use chrono_tz::Tz;

use crate::temporal::{local_to_last_utc, utc_to_local};

/// A time zone, or a distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JavaZone {
    /// One of the IANA database.
    Named(Tz),
    /// So many seconds ahead of UTC.
    Ahead(i64),
}

/// The names of three letters that Java keeps, and what they stand for.
const SHORT: [(&str, Tz); 25] = [
    ("ACT", Tz::Australia__Darwin),
    ("AET", Tz::Australia__Sydney),
    ("AGT", Tz::America__Argentina__Buenos_Aires),
    ("ART", Tz::Africa__Cairo),
    ("AST", Tz::America__Anchorage),
    ("BET", Tz::America__Sao_Paulo),
    ("BST", Tz::Asia__Dhaka),
    ("CAT", Tz::Africa__Harare),
    ("CNT", Tz::America__St_Johns),
    ("CST", Tz::America__Chicago),
    ("CTT", Tz::Asia__Shanghai),
    ("EAT", Tz::Africa__Addis_Ababa),
    ("ECT", Tz::Europe__Paris),
    ("IET", Tz::America__Indiana__Indianapolis),
    ("IST", Tz::Asia__Kolkata),
    ("JST", Tz::Asia__Tokyo),
    ("MIT", Tz::Pacific__Apia),
    ("NET", Tz::Asia__Yerevan),
    ("NST", Tz::Pacific__Auckland),
    ("PLT", Tz::Asia__Karachi),
    ("PNT", Tz::America__Phoenix),
    ("PRT", Tz::America__Puerto_Rico),
    ("PST", Tz::America__Los_Angeles),
    ("SST", Tz::Pacific__Guadalcanal),
    ("VST", Tz::Asia__Ho_Chi_Minh),
];

impl JavaZone {
    /// The zone of a name; UTC for one that is none, as Java has it.
    pub fn named(name: &str) -> Self {
        let short = SHORT.iter().find(|(short, _)| *short == name).map(|(_, zone)| *zone);
        let zone = short.or_else(|| name.parse().ok());
        zone.map_or_else(|| Self::Ahead(ahead(name).unwrap_or(0)), Self::Named)
    }

    /// The point of the UTC time line at which the zone's calendar shows a reading, both in seconds.
    pub fn to_utc(self, seconds: i64) -> i64 {
        match self {
            Self::Named(zone) => local_to_last_utc(zone, seconds, 1),
            Self::Ahead(ahead) => seconds - ahead,
        }
    }

    /// What the zone's calendar shows at a point of the UTC time line.
    pub fn to_local(self, seconds: i64) -> i64 {
        match self {
            Self::Named(zone) => utc_to_local(zone, seconds, 1),
            Self::Ahead(ahead) => seconds + ahead,
        }
    }
}

/// The seconds of `GMT+8`, `GMT-08:30` and `GMT+0830`.
fn ahead(name: &str) -> Option<i64> {
    let rest = name.strip_prefix("GMT")?;
    let sign = match rest.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let rest = &rest[1..];
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if rest.len() > 2 => rest.split_at_checked(rest.len() - 2)?,
        None => (rest, "0"),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=2).contains(&hours.len()) || !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_read_as_java_reads_them() {
        let minutes = |name: &str| match JavaZone::named(name) {
            JavaZone::Ahead(seconds) => seconds / 60,
            JavaZone::Named(zone) => panic!("{zone}"),
        };
        let due = [
            ("GMT+8", 480),
            ("GMT-3", -180),
            ("GMT+08:00", 480),
            ("GMT+8:30", 510),
            ("GMT+123", 83),
            ("GMT+0830", 510),
            ("GMT+24", 0),
            ("GMT+8:3", 0),
            ("GMT+é", 0),
            ("GMT+", 0),
            ("UTC+8", 0),
            ("+08:00", 0),
            ("nonsense", 0),
            ("", 0),
        ];
        for (name, due) in due {
            assert_eq!(minutes(name), due, "{name}");
        }
        assert_eq!(JavaZone::named("PST"), JavaZone::Named(Tz::America__Los_Angeles));
    }
}
