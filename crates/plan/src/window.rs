//! [`TimeWindow`]: how rows are assigned to windows of time.

use std::fmt;

use chrono_tz::Tz;

/// How rows are assigned to windows. Sizes are in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    /// The shape of the windows.
    pub kind: WindowKind,
    /// The calendar that windows follow: that of the session for a TIMESTAMP_LTZ.
    pub zone: Option<Tz>,
    /// Whether they follow processing time.
    pub processing_time: bool,
}

/// The shape of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowKind {
    /// Windows of one size, one after the other.
    Tumble {
        /// The length of a window, at least 1.
        size_ms: i64,
        /// How far the first window of all starts after 1970-01-01 00:00.
        offset_ms: i64,
    },
    /// Windows of one size, one starting every so often.
    Hop {
        /// The length of a window, at least 1.
        size_ms: i64,
        /// From the start of a window to that of the next, at least 1.
        slide_ms: i64,
        /// How far the first window of all starts after 1970-01-01 00:00.
        offset_ms: i64,
    },
    /// Windows that start together and grow step by step up to a size.
    Cumulate {
        /// The length of the longest window, a multiple of the step.
        size_ms: i64,
        /// From the end of a window to that of the next, at least 1.
        step_ms: i64,
        /// How far the first window of all starts after 1970-01-01 00:00.
        offset_ms: i64,
    },
    /// Windows that end when nothing has come for some time.
    Session {
        /// How long that is, at least 1.
        gap_ms: i64,
    },
}

impl WindowKind {
    /// The longest time that a row's window can stay open, from its start; `None` for sessions.
    pub fn size_ms(&self) -> Option<i64> {
        match self {
            Self::Tumble { size_ms, .. }
            | Self::Hop { size_ms, .. }
            | Self::Cumulate { size_ms, .. } => Some(*size_ms),
            Self::Session { .. } => None,
        }
    }

    /// Whether windows are cut at the same times for all rows.
    pub fn is_aligned(&self) -> bool {
        !matches!(self, Self::Session { .. })
    }
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = match self.kind {
            WindowKind::Tumble { size_ms, offset_ms } => {
                write!(f, "TUMBLE(size={}", duration(size_ms))?;
                offset_ms
            }
            WindowKind::Hop { size_ms, slide_ms, offset_ms } => {
                write!(f, "HOP(size={}, slide={}", duration(size_ms), duration(slide_ms))?;
                offset_ms
            }
            WindowKind::Cumulate { size_ms, step_ms, offset_ms } => {
                write!(f, "CUMULATE(max_size={}, step={}", duration(size_ms), duration(step_ms))?;
                offset_ms
            }
            WindowKind::Session { gap_ms } => {
                write!(f, "SESSION(gap={}", duration(gap_ms))?;
                0
            }
        };
        if offset != 0 {
            write!(f, ", offset={}", duration(offset))?;
        }
        if let Some(zone) = self.zone {
            write!(f, ", zone={zone}")?;
        }
        f.write_str(")")
    }
}

/// A length of time in the largest unit that divides it.
pub fn duration(ms: i64) -> String {
    if ms == 0 {
        return "0 s".to_owned();
    }
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    match units.iter().find(|(size, _)| ms % size == 0) {
        Some((size, unit)) => format!("{} {unit}", ms / size),
        None => format!("{ms} ms"),
    }
}
