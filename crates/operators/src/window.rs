//! Which windows a point in time falls into, and into which slice.
//!
//! A slice is the longest stretch of time that no window cuts: windows are made of whole slices, so a row
//! is added to its slice once, however many windows share it.

use std::sync::Arc;

use arrow::array::{ArrayRef, TimestampMillisecondArray};
use chrono_tz::Tz;
use millstream_expr::temporal::{local_to_last_utc, local_to_utc, utc_to_local};
use millstream_plan::{TimeWindow, WindowKind};

use crate::operator::NextWindow;

/// Start and end of a window or slice in ms, as readings of the calendar that the windows follow; ordered
/// by end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bounds {
    /// The first ms behind it.
    pub end: i64,
    /// Its first ms.
    pub start: i64,
}

/// The calendar that windows follow.
#[derive(Debug, Clone, Copy)]
pub struct Calendar {
    zone: Option<Tz>,
    /// Whether the time attribute is a TIMESTAMP_LTZ.
    instants: bool,
}

impl Calendar {
    /// That of a kind of window.
    pub fn of(window: TimeWindow) -> Self {
        let zone = window.zone;
        Self { zone: zone.filter(|zone| *zone != Tz::UTC), instants: zone.is_some() }
    }

    /// What the calendar reads at a point in time.
    #[inline]
    pub fn reading(&self, ms: i64) -> i64 {
        self.zone.map_or(ms, |zone| utc_to_local(zone, ms, 1_000))
    }

    /// The last ms before a window's end, on the time line: what the watermark must reach. Of a reading
    /// that daylight saving repeats it is the last time, so that both hours are part of the window.
    #[inline]
    pub fn last_ms(&self, end: i64) -> i64 {
        let last = end.saturating_sub(1);
        self.zone.map_or(last, |zone| local_to_last_utc(zone, last, 1_000))
    }

    /// A window's window_time: its last ms, and of a repeated reading the first time, as Flink has it.
    fn window_time(&self, end: i64) -> i64 {
        let last = end.saturating_sub(1);
        self.zone.map_or(last, |zone| local_to_utc(zone, last, 1_000))
    }

    /// What an operator waits for that has a window open.
    pub fn awaited(&self, window: Bounds) -> NextWindow {
        NextWindow { start: window.start, end: window.end, needs: self.last_ms(window.end) }
    }

    /// A column of window_time, which is a TIMESTAMP_LTZ where the time attribute was one.
    pub fn window_times(&self, ends: impl Iterator<Item = i64>) -> ArrayRef {
        let times =
            TimestampMillisecondArray::from_iter_values(ends.map(|end| self.window_time(end)));
        match self.instants {
            true => Arc::new(times.with_timezone(millstream_types::sql_type::LTZ_ZONE)),
            false => Arc::new(times),
        }
    }
}

/// The start of the stretch that a reading falls into, in stretches of one length.
#[inline]
pub fn floor(reading: i64, length: i64, offset: i64) -> i64 {
    reading.saturating_sub(reading.saturating_sub(offset).rem_euclid(length))
}

/// Assigns aligned windows and slices to calendar readings. For sessions, which are not aligned, a reading
/// is a slice of the length of the gap.
#[derive(Debug, Clone, Copy)]
pub struct Assigner {
    kind: WindowKind,
}

impl Assigner {
    /// For a shape of windows.
    pub fn new(kind: WindowKind) -> Self {
        Self { kind }
    }

    /// The slice of a reading; `None` when it lies between windows.
    #[inline]
    pub fn slice(&self, reading: i64) -> Option<Bounds> {
        Some(match self.kind {
            WindowKind::Tumble { size_ms, offset_ms } => {
                let start = floor(reading, size_ms, offset_ms);
                Bounds { start, end: start.saturating_add(size_ms) }
            }
            WindowKind::Hop { size_ms, slide_ms, offset_ms } => {
                let length = divisor(size_ms, slide_ms);
                let start = floor(reading, length, offset_ms);
                let slice = Bounds { start, end: start.saturating_add(length) };
                (self.last_end(slice) >= slice.end).then_some(slice)?
            }
            WindowKind::Cumulate { size_ms, step_ms, offset_ms } => {
                let first = floor(reading, size_ms, offset_ms);
                let start = floor(reading, step_ms, first);
                let end = start.saturating_add(step_ms).min(first.saturating_add(size_ms));
                Bounds { start, end }
            }
            WindowKind::Session { gap_ms } => {
                Bounds { start: reading, end: reading.saturating_add(gap_ms) }
            }
        })
    }

    /// The end of the last window that a slice is part of.
    #[inline]
    pub fn last_end(&self, slice: Bounds) -> i64 {
        match self.kind {
            WindowKind::Tumble { .. } | WindowKind::Session { .. } => slice.end,
            WindowKind::Hop { size_ms, slide_ms, offset_ms } => {
                floor(slice.start, slide_ms, offset_ms).saturating_add(size_ms)
            }
            WindowKind::Cumulate { size_ms, offset_ms, .. } => {
                floor(slice.start, size_ms, offset_ms).saturating_add(size_ms)
            }
        }
    }

    /// The first window of which a slice is part and that ends after a time; `None` after the last.
    #[inline]
    pub fn next_window(&self, slice: Bounds, after: i64) -> Option<Bounds> {
        let window = match self.kind {
            WindowKind::Tumble { .. } | WindowKind::Session { .. } => slice,
            WindowKind::Hop { size_ms, slide_ms, offset_ms } => {
                let least = slice.end.max(after.saturating_add(1));
                // The first start on the grid from which a window reaches that far.
                let start = least.saturating_sub(size_ms);
                let on_grid = floor(start, slide_ms, offset_ms);
                let start = if on_grid < start { on_grid.saturating_add(slide_ms) } else { start };
                Bounds { start, end: start.saturating_add(size_ms) }
            }
            WindowKind::Cumulate { size_ms, step_ms, offset_ms } => {
                let start = floor(slice.start, size_ms, offset_ms);
                let least = slice.end.max(after.saturating_add(1));
                let steps = least.saturating_sub(start).saturating_add(step_ms - 1) / step_ms;
                let length = steps.saturating_mul(step_ms).min(size_ms);
                Bounds { start, end: start.saturating_add(length) }
            }
        };
        (window.end > after && window.start <= slice.start).then_some(window)
    }

    /// All windows of a reading, those that end first coming first.
    pub fn windows(&self, reading: i64) -> impl Iterator<Item = Bounds> {
        let (assigner, slice) = (*self, self.slice(reading));
        let next = move |after: i64| slice.and_then(|slice| assigner.next_window(slice, after));
        std::iter::successors(next(i64::MIN), move |window| next(window.end))
    }
}

/// The greatest number that divides both.
pub fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// A column of calendar readings in ms.
pub fn timestamps(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMillisecondArray::from_iter_values(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(kind: WindowKind, reading: i64) -> Vec<(i64, i64)> {
        Assigner::new(kind).windows(reading).map(|window| (window.start, window.end)).collect()
    }

    #[test]
    fn hops_overlap_by_their_slide() {
        let hop = |size_ms, slide_ms, offset_ms| WindowKind::Hop { size_ms, slide_ms, offset_ms };
        assert_eq!(windows(hop(10, 5, 0), 12), [(5, 15), (10, 20)]);
        assert_eq!(windows(hop(10, 5, 0), 5), [(0, 10), (5, 15)]);
        assert_eq!(windows(hop(10, 5, 2), 6), [(-3, 7), (2, 12)]);
        // A size that the slide does not divide, and a slide longer than the size.
        assert_eq!(windows(hop(10, 4, 0), 9), [(0, 10), (4, 14), (8, 18)]);
        assert_eq!(windows(hop(10, 4, 0), 11), [(4, 14), (8, 18)]);
        assert_eq!(windows(hop(2, 5, 0), 6), [(5, 7)]);
        assert_eq!(windows(hop(2, 5, 0), 8), []);
    }

    #[test]
    fn cumulating_windows_start_together() {
        let kind = WindowKind::Cumulate { size_ms: 10, step_ms: 4, offset_ms: 0 };
        assert_eq!(windows(kind, 13), [(10, 14), (10, 18), (10, 20)]);
        assert_eq!(windows(kind, -1), [(-10, 0)]);
        let kind = WindowKind::Cumulate { size_ms: 10, step_ms: 5, offset_ms: -3 };
        assert_eq!(windows(kind, 1), [(-3, 2), (-3, 7)]);
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        for kind in [
            WindowKind::Tumble { size_ms: 7, offset_ms: 3 },
            WindowKind::Hop { size_ms: 9, slide_ms: 3, offset_ms: 0 },
            WindowKind::Cumulate { size_ms: 9, step_ms: 3, offset_ms: 0 },
        ] {
            for reading in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX] {
                assert!(windows(kind, reading).len() <= 3, "{kind:?} {reading}");
            }
        }
    }
}
