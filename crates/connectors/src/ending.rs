//! [`Ending`]: whether a job is to end, for those of its sinks that wait for the world outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use millstream_plan::Table;
use millstream_types::Result;

use crate::connector::duration;

/// The option that says how long a sink goes on trying once its job is to end.
pub const KEY: &str = "stop.timeout";

/// How long that is when it is not said, in ms.
const GRACE_MS: i64 = 5_000;

/// So long a try takes at least before it is given up.
const TRY_MIN: Duration = Duration::from_secs(1);

/// How often it is looked at while something is waited for.
const STEP: Duration = Duration::from_millis(50);

/// Whether a job is to end.
#[derive(Debug, Default)]
pub struct Ending {
    asked: Arc<AtomicBool>,
    grace: Duration,
    /// When that was first seen.
    since: Option<Instant>,
}

impl Ending {
    /// As a table's options say how long something is tried.
    ///
    /// # Errors
    /// When they say no duration.
    pub fn of(table: &Table) -> Result<Self> {
        Ok(Self { grace: duration(table, KEY, 0, GRACE_MS)?, ..Self::default() })
    }

    /// Heeds a flag.
    pub fn heed(&mut self, asked: &Arc<AtomicBool>) {
        self.asked = Arc::clone(asked);
    }

    /// For how long a try that begins now may go on: as long as it likes, before the job is to end.
    pub fn limit(&self) -> Option<Duration> {
        self.asked.load(Ordering::Acquire).then_some(self.grace.max(TRY_MIN))
    }

    /// Whether it is to end, and has been for so long that nothing is tried again.
    pub fn is_over(&mut self) -> bool {
        if !self.asked.load(Ordering::Acquire) {
            return false;
        }
        self.since.get_or_insert_with(Instant::now).elapsed() >= self.grace
    }

    /// Waits, but no longer than something is tried again.
    pub fn wait(&mut self, most: Duration) {
        let until = Instant::now() + most;
        while let Some(left) = until.checked_duration_since(Instant::now())
            && !self.is_over()
        {
            std::thread::sleep(left.min(STEP));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_over_before_it_was_asked_for() {
        let asked = Arc::new(AtomicBool::new(false));
        let grace = Duration::from_secs(60);
        let mut ending = Ending { grace, ..Ending::default() };
        ending.heed(&asked);
        ending.wait(Duration::from_millis(1));
        assert!(!ending.is_over());
        asked.store(true, Ordering::Release);
        // There is some time left to try again.
        assert!(!ending.is_over());
        ending.since = Instant::now().checked_sub(grace);
        assert!(ending.is_over());
        let started = Instant::now();
        ending.wait(Duration::from_secs(600));
        assert!(started.elapsed() < Duration::from_secs(600));
    }
}
