//! The reading of the clock that the expressions of a row share, as Flink's share one for each record: here
//! it is one for each batch.

use std::cell::Cell;

thread_local! {
    static HELD: Cell<Option<i64>> = const { Cell::new(None) };
}

/// While it lives, every expression of its thread reads the same time: that of its making, or that
/// of one which is held already.
#[must_use = "the clock goes on when it is dropped"]
pub struct HeldClock {
    before: Option<i64>,
}

impl HeldClock {
    /// Holds the clock.
    pub fn new() -> Self {
        let before = HELD.get();
        HELD.set(Some(now_ms()));
        Self { before }
    }
}

impl Default for HeldClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for HeldClock {
    fn drop(&mut self) {
        HELD.set(self.before);
    }
}

/// What the clock shows, in ms since 1970 UTC.
pub(crate) fn now_ms() -> i64 {
    HELD.get().unwrap_or_else(|| chrono::Utc::now().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_stands_still() {
        let first = {
            let _held = HeldClock::new();
            let first = now_ms();
            std::thread::sleep(std::time::Duration::from_millis(2));
            let _again = HeldClock::new();
            assert_eq!(now_ms(), first);
            first
        };
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(now_ms() > first);
    }
}
