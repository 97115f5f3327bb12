//! A line on standard error that says how far a query has come, when that is a terminal; and when nothing
//! has come of a query for some seconds, why.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use millstream::observe::why_nothing_comes;
use millstream_runtime::metrics::Counters;

/// How often the line is drawn, and how long a query may take without one.
const EVERY: Duration = Duration::from_millis(250);

/// How long nothing may come before it is said why.
const SILENCE: Duration = Duration::from_secs(3);

/// How long a reason is not said again while it is the same but for its figures.
const PATIENCE: Duration = Duration::from_secs(30);

/// The line of one query.
pub struct Progress {
    counters: Arc<Counters>,
    started: Instant,
    enabled: bool,
    drawn: AtomicBool,
    silence: Mutex<Silence>,
}

/// Since when nothing has come, and what was said about it.
struct Silence {
    rows_out: u64,
    since: Instant,
    said: Option<Instant>,
}

impl Progress {
    /// For a query that started at some time.
    pub fn start(counters: Arc<Counters>, started: Instant) -> Self {
        let enabled = std::io::stderr().is_terminal();
        let silence = Mutex::new(Silence { rows_out: 0, since: Instant::now(), said: None });
        Self { counters, started, enabled, drawn: AtomicBool::new(false), silence }
    }

    /// Draws the line again and again; never ends.
    pub async fn run(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            if self.enabled {
                self.explain();
                self.draw();
            }
        }
    }

    /// Says why nothing comes, once it has been so for a while.
    fn explain(&self) {
        let rows_out = self.counters.read().rows_out;
        let mut silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        if rows_out != silence.rows_out {
            *silence = Silence { rows_out, since: Instant::now(), said: None };
            return;
        }
        let said_lately = silence.said.is_some_and(|said| said.elapsed() < PATIENCE);
        if silence.since.elapsed() < SILENCE || said_lately {
            return;
        }
        if let Some(text) = why_nothing_comes(&self.counters) {
            self.clear();
            // A line that cannot be written is not worth failing for.
            let _ = writeln!(std::io::stderr(), "{text}");
            silence.said = Some(Instant::now());
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
