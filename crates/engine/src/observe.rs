//! What running queries tell of themselves: the rows they left out, how far event time has come, and why
//! nothing comes.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arrow::array::{ArrayRef, BinaryArray, RecordBatch, StringArray, TimestampMillisecondArray};
use millstream_formats::encode::Encoder;
use millstream_formats::json::JsonOptions;
use millstream_operators::Reason;
use millstream_plan::window::duration;
use millstream_runtime::metrics::{Counters, KeptRecord, SplitState, SplitStatus, Status, Wait};
use millstream_types::sql_type::LTZ_ZONE;
use millstream_types::{Result, Watermark};

/// The database of the tables that describe the engine itself.
pub const DATABASE: &str = "millstream";
/// The table of the rows that were left out.
pub const DROPPED_ROWS: &str = "dropped_rows";
/// The table of the records that could not be read.
pub const REJECTED_RECORDS: &str = "rejected_records";

/// The last rows that some queries left out: operator, reason, rowtime, watermark and the row as JSON.
///
/// # Errors
/// When a row has no JSON form.
pub fn dropped_rows(queries: &[Arc<Counters>]) -> Result<RecordBatch> {
    let (mut operators, mut reasons, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rowtimes, mut watermarks) = (Vec::new(), Vec::new());
    for counters in queries {
        for dropped in &counters.dropped {
            for row in dropped.last() {
                let mut text = String::new();
                let encoder = Encoder::json(&row.row.schema(), JsonOptions::default());
                encoder.write(&row.row, &mut text)?;
                operators.push(dropped.operator().to_owned());
                reasons.push(row.reason.text());
                rowtimes.push(row.rowtime);
                watermarks.push(row.watermark);
                texts.push(text.trim_end().to_owned());
            }
        }
    }
    let strings = |values: Vec<String>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let times = |values: Vec<Option<i64>>| -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from(values))
    };
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("operator", strings(operators), true),
        ("reason", Arc::new(StringArray::from(reasons)) as ArrayRef, true),
        ("rowtime", times(rowtimes), true),
        ("watermark", times(watermarks), true),
        ("row", strings(texts), true),
    ])?)
}

/// The records that could not be read and that `'errors.policy' = 'table'` keeps: when they came, from which
/// table, where they stood, what is wrong with them, and themselves.
///
/// # Errors
/// Never: the columns are of one length.
pub fn rejected_records(queries: &[Arc<Counters>]) -> Result<RecordBatch> {
    let kept: Vec<_> = queries.iter().flat_map(|counters| counters.kept()).collect();
    let text = |of: fn(&KeptRecord) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(kept.iter().map(of)))
    };
    let times = TimestampMillisecondArray::from_iter_values(kept.iter().map(|kept| kept.at_ms));
    let table = |kept: &KeptRecord| {
        let name = kept.source.strip_prefix("Source(").and_then(|name| name.strip_suffix(')'));
        name.unwrap_or(&kept.source).to_owned()
    };
    let bytes = BinaryArray::from_iter_values(kept.iter().map(|kept| &kept.record.bytes));
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("at", Arc::new(times.with_timezone(LTZ_ZONE)) as ArrayRef, true),
        ("table_name", text(table), true),
        ("place", text(|kept| kept.record.place.clone()), true),
        ("reason", text(|kept| kept.record.reason.clone()), true),
        ("record", Arc::new(bytes) as ArrayRef, true),
    ])?)
}

/// How many rows each operator of a query left out, by reason.
pub fn dropped_counts(counters: &Counters) -> Vec<(String, Reason, u64)> {
    let of = |reason: Reason| {
        let places = counters.dropped.iter();
        places.map(move |dropped| (dropped.operator().to_owned(), reason, dropped.of(reason)))
    };
    Reason::ALL.into_iter().flat_map(of).filter(|(_, _, rows)| *rows > 0).collect()
}

/// A length of time as people read it.
fn span(ms: i64) -> String {
    match ms {
        ms if ms >= 10_000 => duration(ms - ms % 1_000),
        ms if ms >= 1_000 => format!("{:.1} s", ms as f64 / 1_000.0),
        ms => format!("{ms} ms"),
    }
}

fn point(ms: Option<i64>) -> String {
    Watermark(ms.unwrap_or(i64::MIN)).to_string()
}

fn clock_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_millis() as i64
}

/// The columns of SHOW WATERMARKS.
pub const WATERMARK_COLUMNS: [&str; 5] =
    ["operator", "split", "watermark", "status", "event time still needed"];

/// What SHOW WATERMARKS says of one query, a line a split and a line an operator with an open window.
pub fn watermarks(status: &Status) -> Vec<[Option<String>; 5]> {
    let now = clock_ms();
    let mut lines = Vec::new();
    for split in &status.splits {
        let mut text = split.state.text().to_owned();
        if split.state == SplitState::Active {
            let _ = write!(text, ", last row {} ago", span((now - split.active_ms).max(0)));
        }
        if split.paused {
            text.push_str(", paused until the sources it is aligned with have come as far");
        }
        if split.holds_back {
            text.push_str(", holds the watermark back");
        }
        lines.push([
            Some(format!("Source({})", split.table)),
            Some(split.split.clone()),
            Some(point(split.watermark)),
            Some(text),
            None,
        ]);
    }
    for wait in &status.waits {
        lines.push([
            Some(wait.operator.to_owned()),
            None,
            Some(point(wait.watermark)),
            Some(format!("waits {}", window(wait))),
            Some(match wait.missing_ms() {
                Some(ms) => format!("{}, to {}", span(ms), point(Some(wait.window.needs))),
                None => format!("all, to {}", point(Some(wait.window.needs))),
            }),
        ]);
    }
    lines
}

fn window(wait: &Wait) -> String {
    if wait.window.start == wait.window.end {
        return format!("with rows of {} and later", point(Some(wait.window.start)));
    }
    format!("for window [{}, {})", point(Some(wait.window.start)), point(Some(wait.window.end)))
}

/// Why a query that runs has nothing to show, and what would help; `None` when it just has nothing yet.
pub fn why_nothing_comes(counters: &Counters) -> Option<String> {
    let (status, metrics) = (counters.status(), counters.read());
    let mut text = String::new();
    let open: Vec<&SplitStatus> =
        status.splits.iter().filter(|split| split.state != SplitState::Ended).collect();
    let wait = status.waits.iter().min_by_key(|wait| wait.window.needs);
    match wait {
        Some(wait) if wait.processing_time => {
            let missing = wait.window.needs - clock_ms();
            let _ = write!(
                text,
                "{} waits {}, which the clock ends in {}",
                wait.operator,
                window(wait),
                span(missing.max(0))
            );
            return Some(text);
        }
        Some(wait) => {
            let _ = write!(text, "{} waits {}", wait.operator, window(wait));
            match wait.missing_ms() {
                Some(ms) => {
                    let _ = write!(
                        text,
                        ": the watermark is {} and must reach {}, {} more",
                        point(wait.watermark),
                        point(Some(wait.window.needs)),
                        span(ms)
                    );
                }
                None => {
                    let _ = write!(
                        text,
                        ": there is no watermark yet, it must reach {}",
                        point(Some(wait.window.needs))
                    );
                }
            }
        }
        None if metrics.rows_in == 0 => {
            text.push_str("no row has come yet");
        }
        None if metrics.rows_in > 0 => {
            let dropped: Vec<String> = dropped_counts(counters)
                .into_iter()
                .map(|(operator, reason, rows)| format!("{rows} {} at {operator}", reason.text()))
                .collect();
            let _ =
                write!(text, "{} rows have come, and nothing follows from them", metrics.rows_in);
            if !dropped.is_empty() {
                let _ = write!(text, "; dropped: {}", dropped.join(", "));
            }
            return Some(text);
        }
        None => return None,
    }
    let now = clock_ms();
    let holding: Vec<&&SplitStatus> = open.iter().filter(|split| split.holds_back).collect();
    if let Some(split) = holding.first() {
        let _ = write!(text, "\n  held back by {}, split {}: ", split.table, split.split);
        let silent = span((now - split.active_ms).max(0));
        let _ = match split.watermark {
            Some(ms) => {
                write!(text, "its watermark is {}, its last row came {silent} ago", point(Some(ms)))
            }
            None => write!(text, "it has given no row for {silent}"),
        };
        if holding.len() > 1 {
            let _ = write!(text, ", and by {} more", holding.len() - 1);
        }
        text.push_str(match open.len() {
            1 => "\n  a later row moves it on; WATERMARK FOR says how far it stays behind",
            _ => {
                "\n  the others go on without it if it is idle: SET 'table.exec.source.idle-timeout' = '5 s'"
            }
        });
    }
    if let Some(split) = open.iter().find(|split| split.paused) {
        let _ = write!(
            text,
            "\n  {} is paused: it is ahead of the sources it is aligned with",
            split.table
        );
    }
    Some(text)
}
