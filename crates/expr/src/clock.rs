//! The reading of the clock that the expressions of a row share, as Flink's share one for each record: here
//! it is one for each batch.

use std::cell::Cell;

/// What becomes of the clock on a thread.
#[derive(Clone, Copy)]
enum Held {
    /// It goes on.
    No,
    /// It stands still from its first reading on.
    Unread,
    At(i64),
}

thread_local! {
    static HELD: Cell<Held> = const { Cell::new(Held::No) };
}

/// While it lives, every expression of its thread reads the same time: that of the first one that asks. Where
/// none does the clock is not read at all.
#[must_use = "the clock goes on when it is dropped"]
pub struct HeldClock(());

impl HeldClock {
    /// Holds the clock; one at a time on a thread.
    pub fn new() -> Self {
        HELD.set(Held::Unread);
        Self(())
    }
}

impl Default for HeldClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for HeldClock {
    fn drop(&mut self) {
        HELD.set(Held::No);
    }
}

/// What the clock shows, in ms since 1970 UTC.
pub(crate) fn now_ms() -> i64 {
    if let Held::At(ms) = HELD.get() {
        return ms;
    }
    let ms = chrono::Utc::now().timestamp_millis();
    if let Held::Unread = HELD.get() {
        HELD.set(Held::At(ms));
    }
    ms
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
            assert_eq!(now_ms(), first);
            first
        };
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(now_ms() > first);
    }
}
