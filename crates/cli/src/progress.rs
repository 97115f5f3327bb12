//! A line on standard error that says how far a query has come, when that is a terminal.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use millstream_runtime::metrics::Counters;

/// How often the line is drawn, and how long a query may take without one.
const EVERY: Duration = Duration::from_millis(250);

/// The line of one query.
pub struct Progress {
    counters: Arc<Counters>,
    started: Instant,
    enabled: bool,
    drawn: AtomicBool,
}

impl Progress {
    /// For a query that started at some time.
    pub fn start(counters: Arc<Counters>, started: Instant) -> Self {
        let enabled = std::io::stderr().is_terminal();
        Self { counters, started, enabled, drawn: AtomicBool::new(false) }
    }

    /// Draws the line again and again; never ends.
    pub async fn run(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            if self.enabled {
                self.draw();
            }
        }
    }

    fn draw(&self) {
        let metrics = self.counters.read();
        let rate = metrics.rows_in as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let watermark = match metrics.watermark {
            Some(ms) => format!(", watermark {}", millstream_types::Watermark(ms)),
            None => String::new(),
        };
        let mut line = String::new();
        line.push_str(&format!("{} rows in, {}/s{watermark}", metrics.rows_in, short(rate)));
        self.drawn.store(true, Ordering::Relaxed);
        // A line that cannot be drawn is not worth failing for.
        let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        let _ = std::io::stderr().flush();
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if self.drawn.swap(false, Ordering::Relaxed) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
            let _ = std::io::stderr().flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn short(rate: f64) -> String {
    match rate {
        r if r >= 1e6 => format!("{:.1} M", r / 1e6),
        r if r >= 1e3 => format!("{:.1} k", r / 1e3),
        r => format!("{r:.0}"),
    }
}
