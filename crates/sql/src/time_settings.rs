//! The options and settings that say how event time is followed and when windows are emitted.

use millstream_plan::{EmitPolicy, Stamps, Table, WatermarkOptions};
use millstream_types::time::parse_duration;

use crate::catalog::Catalog;
use crate::diagnostics::{Result, SqlError};

/// How long a source's split may be silent; for all tables.
pub const IDLE: &str = "table.exec.source.idle-timeout";
/// The same, for one table.
pub const TABLE_IDLE: &str = "scan.watermark.idle-timeout";
/// The sources that a table keeps pace with.
pub const ALIGNMENT_GROUP: &str = "scan.watermark.alignment.group";
/// How far a table may be ahead of them.
pub const ALIGNMENT_DRIFT: &str = "scan.watermark.alignment.max-drift";
/// How far ahead of the clock a row may be and still move the watermark.
pub const FUTURE_SKEW: &str = "scan.watermark.max-future-skew";
/// The same, for all tables.
pub const SESSION_FUTURE_SKEW: &str = "table.exec.source.max-future-skew";
/// Whether windows of GROUP BY come before they are complete.
pub const EARLY: &str = "table.exec.emit.early-fire.enabled";
/// How long a change waits at most before that.
pub const EARLY_DELAY: &str = "table.exec.emit.early-fire.delay";
/// Whether windows of GROUP BY come again when late rows change them.
pub const LATE: &str = "table.exec.emit.late-fire.enabled";
/// How long a change waits at most before that.
pub const LATE_DELAY: &str = "table.exec.emit.late-fire.delay";
/// How late those rows may be.
pub const LATENESS: &str = "table.exec.emit.allow-lateness";

/// How long state is kept that does not change.
pub const STATE_TTL: &str = "table.exec.state.ttl";

/// The settings here that are lengths of time.
pub const DURATIONS: [&str; 6] =
    [IDLE, SESSION_FUTURE_SKEW, EARLY_DELAY, LATE_DELAY, LATENESS, STATE_TTL];
/// The settings here that are switches.
pub const SWITCHES: [&str; 2] = [EARLY, LATE];

/// A length of time in ms.
///
/// # Errors
/// When the text is none.
pub fn duration_of(key: &str, text: &str) -> Result<i64> {
    parse_duration(text).ok_or_else(|| {
        SqlError::new(format!("'{key}' cannot be '{text}'"))
            .hint("it is a length of time such as '10 s', '5 min' or '1 h'")
            .about(text)
    })
}

/// What becomes of NULL in a column of a sink that is NOT NULL.
pub const NOT_NULL: &str = "table.exec.sink.not-null-enforcer";

/// Whether such rows are left out instead of ending the job.
pub fn drops_nulls(catalog: &Catalog) -> bool {
    catalog.settings.get(NOT_NULL).is_some_and(|value| value.eq_ignore_ascii_case("DROP"))
}

/// How long state is kept that does not change, in ms; `None` is for ever.
///
/// # Errors
/// When the setting makes no sense.
pub fn state_ttl(catalog: &Catalog) -> Result<Option<i64>> {
    let text = catalog.settings.get(STATE_TTL);
    text.map(|text| duration_of(STATE_TTL, text)).transpose()
}

/// How a table's watermarks are followed.
///
/// # Errors
/// When an option makes no sense.
pub fn watermark_options(
    catalog: &Catalog,
    table: &Table,
    stamps: Stamps,
) -> Result<WatermarkOptions> {
    let either = |own: &str, of_all: &str| -> Result<Option<i64>> {
        let (key, text) = match table.options.get(own) {
            Some(text) => (own, Some(text)),
            None => (of_all, catalog.settings.get(of_all)),
        };
        let ms = text.map(|text| duration_of(key, text)).transpose()?;
        // 0 is how Flink says never.
        Ok(ms.filter(|ms| *ms > 0))
    };
    let group = table.options.get(ALIGNMENT_GROUP);
    let drift = table.options.get(ALIGNMENT_DRIFT);
    let alignment = match (group, drift) {
        (Some(group), Some(drift)) => Some((group.clone(), duration_of(ALIGNMENT_DRIFT, drift)?)),
        (None, None) => None,
        _ => {
            return Err(SqlError::new(format!(
                "table \"{}\" needs both '{ALIGNMENT_GROUP}' and '{ALIGNMENT_DRIFT}'",
                table.name
            ))
            .hint(format!("as in '{ALIGNMENT_GROUP}' = 'g', '{ALIGNMENT_DRIFT}' = '1 min'"))
            .about(&table.name));
        }
    };
    Ok(WatermarkOptions {
        stamps,
        idle_timeout: either(TABLE_IDLE, IDLE)?,
        future_skew: either(FUTURE_SKEW, SESSION_FUTURE_SKEW)?,
        alignment,
    })
}

/// When the windows of a GROUP BY are emitted, if not only once when they are complete.
///
/// # Errors
/// When the settings do not go together.
pub fn emit_policy(catalog: &Catalog) -> Result<Option<EmitPolicy>> {
    let is_on = |key: &str| catalog.settings.get(key).is_some_and(|on| on == "true");
    let delay = |key: &str| -> Result<Option<i64>> {
        catalog.settings.get(key).map(|text| duration_of(key, text)).transpose()
    };
    let needed = |switch: &str, key: &str| -> Result<Option<i64>> {
        if !is_on(switch) {
            return Ok(None);
        }
        match delay(key)? {
            Some(ms) => Ok(Some(ms)),
            None => Err(SqlError::new(format!("'{switch}' needs '{key}'")).hint(format!(
                "SET '{key}' = '0 s' emits in each epoch in which a window changes"
            ))),
        }
    };
    let (early, late) = (needed(EARLY, EARLY_DELAY)?, needed(LATE, LATE_DELAY)?);
    let lateness = delay(LATENESS)?.filter(|ms| *ms > 0);
    if late.is_some() && lateness.is_none() {
        return Err(SqlError::new(format!("'{LATE}' needs '{LATENESS}'"))
            .hint("it says how late a row may be and still change its window"));
    }
    if early.is_none() && late.is_none() {
        return Ok(None);
    }
    // Without late firing nobody would hear of a late row.
    let lateness = lateness.filter(|_| late.is_some()).unwrap_or(0);
    Ok(Some(EmitPolicy { early, late, lateness }))
}
