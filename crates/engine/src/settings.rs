//! The keys of SET: which ones there are, and which of Flink's would change results and are refused.

use chrono_tz::Tz;
use millstream_expr::temporal::zone_named;
use millstream_sql::{SqlError, time_settings};

use crate::http::socket_address;

/// The time zone in which TIMESTAMP and TIMESTAMP_LTZ meet.
pub const ZONE: &str = "table.local-time-zone";
/// Where the server listens, from its start on.
pub const LISTEN: &str = "http.listen";
/// What requests to the server have to show.
pub const TOKEN: &str = "http.token";
/// How many cores a job uses.
pub const PARALLELISM: &str = "parallelism.default";

/// Keys that are known, completed in the shell.
pub const KEYS: [&str; 14] = [
    time_settings::STATE_TTL,
    PARALLELISM,
    ZONE,
    LISTEN,
    TOKEN,
    "execution.runtime-mode",
    time_settings::IDLE,
    time_settings::SESSION_FUTURE_SKEW,
    time_settings::EARLY,
    time_settings::EARLY_DELAY,
    time_settings::LATE,
    time_settings::LATE_DELAY,
    time_settings::LATENESS,
    time_settings::NOT_NULL,
];

/// Flink's keys that are accepted and change nothing here: they tune what works otherwise, or choose
/// among ways to the same final result.
const WITHOUT_EFFECT: [&str; 41] = [
    "execution.runtime-mode",
    "execution.checkpointing.",
    "execution.savepoint.",
    "execution.attached",
    "state.",
    "restart-strategy",
    "parallelism.max",
    "metrics.",
    "rest.",
    "table.exec.deduplicate.",
    "table.exec.rank.",
    "table.exec.operator-fusion-codegen.",
    "table.exec.simplify-operator-name-enabled",
    "table.exec.source.cdc-events-duplicate",
    "table.exec.uid.",
    "pipeline.",
    "sql-client.",
    "table.exec.mini-batch.",
    "table.exec.resource.",
    "table.exec.async-",
    "table.optimizer.",
    "table.plan.",
    "table.dml-sync",
    "table.exec.sink.",
    "table.exec.window-agg.",
    "table.exec.spill-",
    "table.exec.sort.",
    "table.exec.disabled-operators",
    "table.display.",
    "table.rtas-ctas.",
    "table.dynamic-table-options.enabled",
    "execution.target",
    "execution.shutdown-",
    "taskmanager.",
    "jobmanager.",
    "high-availability",
    "kubernetes.",
    "yarn.",
    "client.",
    "cluster.",
    "env.",
];

/// Checks a setting.
///
/// # Errors
/// When the key is not known, would change results in a way that is not supported, or its value makes
/// no sense.
pub fn check(key: &str, value: &str) -> Result<(), SqlError> {
    match key {
        ZONE => zone(value).map(|_| ()),
        LISTEN => socket_address(value).map(|_| ()),
        TOKEN if value.starts_with("${env:") || value.starts_with("${file:") => Ok(()),
        TOKEN => Err(SqlError::new(format!("'{TOKEN}' is a secret, which no script holds"))
            .hint("name where it stands: '${env:NAME}' or '${file:PATH}'")
            .about(TOKEN)),
        time_settings::NOT_NULL => match value.to_ascii_uppercase().as_str() {
            "ERROR" | "DROP" => Ok(()),
            _ => Err(SqlError::new(format!("'{key}' cannot be '{value}'"))
                .hint("it is 'ERROR' or 'DROP'")
                .about(value)),
        },
        "table.sql-dialect" if value.eq_ignore_ascii_case("default") => Ok(()),
        "table.exec.legacy-cast-behaviour" if value.eq_ignore_ascii_case("disabled") => Ok(()),
        PARALLELISM => match value.parse::<usize>() {
            Ok(1..=1_024) => Ok(()),
            _ => Err(SqlError::new(format!("'{PARALLELISM}' cannot be '{value}'"))
                .hint("it is a number from 1 to 1024")
                .about(value)),
        },
        _ if time_settings::DURATIONS.contains(&key) => {
            time_settings::duration_of(key, value).map(|_| ())
        }
        _ if time_settings::SWITCHES.contains(&key) => match value {
            "true" | "false" => Ok(()),
            _ => Err(SqlError::new(format!("'{key}' cannot be '{value}'"))
                .hint("it is 'true' or 'false'")
                .about(value)),
        },
        _ if WITHOUT_EFFECT.iter().any(|known| key.starts_with(known)) => Ok(()),
        _ if ["table.", "execution.", "state.", "restart-strategy"]
            .iter()
            .any(|start| key.starts_with(start)) =>
        {
            let error = SqlError::unsupported(format!("the setting '{key}'")).about(key);
            Err(match millstream_sql::diagnostics::nearest(key, KEYS.into_iter()) {
                Some(near) => error.hint(format!("a setting with a similar name exists: '{near}'")),
                None => error,
            })
        }
        _ => Err(match millstream_sql::diagnostics::nearest(key, KEYS.into_iter()) {
            Some(near) => SqlError::new(format!("setting '{key}' not found"))
                .hint(format!("a setting with a similar name exists: '{near}'")),
            None => SqlError::new(format!("setting '{key}' not found"))
                .hint(format!("the settings are {}", KEYS.join(", "))),
        }
        .about(key)),
    }
}

/// A time zone by its name in the IANA database, or UTC.
///
/// # Errors
/// When there is none of that name.
pub fn zone(name: &str) -> Result<Tz, SqlError> {
    match name {
        "default" | "Z" | "UTC" => Ok(Tz::UTC),
        _ => zone_named(name).ok_or_else(|| {
            SqlError::new(format!("time zone '{name}' not found"))
                .hint("names are as in 'Europe/Berlin', or whole hours as in 'GMT-08:00'")
                .about(name)
        }),
    }
}
