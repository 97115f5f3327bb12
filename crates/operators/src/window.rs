//! Which window a point in time falls into.

use arrow::array::{ArrayRef, TimestampMillisecondArray};
use chrono_tz::Tz;
use millstream_expr::temporal::{local_to_utc, utc_to_local};
use millstream_plan::TimeWindow;
use std::sync::Arc;

/// Assigns windows to points in time. A window is known by its start, in ms; starts and ends are
/// readings of the calendar that the windows follow.
#[derive(Debug, Clone, Copy)]
pub struct Assigner {
    size_ms: i64,
    offset_ms: i64,
    zone: Option<Tz>,
}

impl Assigner {
    /// For a kind of window.
    pub fn new(window: TimeWindow) -> Self {
        let TimeWindow::Tumble { size_ms, offset_ms, zone } = window;
        Self { size_ms, offset_ms, zone: zone.filter(|zone| *zone != Tz::UTC) }
    }

    /// The start of the window of a point in time.
    pub fn start(&self, ms: i64) -> i64 {
        let local = self.zone.map_or(ms, |zone| utc_to_local(zone, ms, 1_000));
        local.saturating_sub(local.saturating_sub(self.offset_ms).rem_euclid(self.size_ms))
    }

    /// The end of the window that starts there.
    pub fn end(&self, start: i64) -> i64 {
        start.saturating_add(self.size_ms)
    }
}

/// The last ms that belongs to a window, on the UTC time line: what the watermark must reach.
pub fn last_ms(end: i64, zone: Option<Tz>) -> i64 {
    match zone.filter(|zone| *zone != Tz::UTC) {
        Some(zone) => local_to_utc(zone, end.saturating_sub(1), 1_000),
        None => end.saturating_sub(1),
    }
}

/// A column of calendar readings in ms.
pub fn timestamps(values: Vec<i64>) -> ArrayRef {
    Arc::new(TimestampMillisecondArray::from(values))
}

/// A column of window_time, which is a TIMESTAMP_LTZ where the rowtime was one.
pub fn window_times(values: Vec<i64>, zone: Option<Tz>) -> ArrayRef {
    let times = TimestampMillisecondArray::from(values);
    match zone {
        Some(_) => Arc::new(times.with_timezone(millstream_types::sql_type::LTZ_ZONE)),
        None => Arc::new(times),
    }
}
