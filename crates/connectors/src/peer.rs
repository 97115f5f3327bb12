//! [`Peer`]: the server that a sink or source talks to, and whether it is away.
//!
//! Whoever runs the program is told once when it goes away, with the reason, and once when it is back: as an
//! event of `tracing` with the target [`TARGET`], which the program shows by default. One that comes and goes
//! all the time is told of every 10 s at most. Nothing that was filled in for a placeholder is shown.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::secrets::Secrets;

/// The target of the events that are for people.
pub const TARGET: &str = "millstream::notice";

/// How long nothing more is said after something was.
const QUIET: Duration = Duration::from_secs(10);

/// The server at the other end.
pub struct Peer {
    table: String,
    server: String,
    secrets: OnceLock<Secrets>,
    failed: AtomicU64,
    dead: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Since when it is away.
    away: Option<Instant>,
    /// How often it was tried since.
    tries: u64,
    /// Whether that was said.
    told: bool,
    /// When it was last said of any.
    told_at: Option<Instant>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What the server is called may be a secret.
        f.debug_struct("Peer").field("table", &self.table).finish_non_exhaustive()
    }
}

impl Peer {
    /// The server of a table.
    pub fn new(table: &str, server: String) -> Self {
        Self {
            table: table.to_owned(),
            server,
            secrets: OnceLock::new(),
            failed: AtomicU64::new(0),
            dead: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    /// What must not be shown.
    pub(crate) fn conceal(&self, secrets: &Secrets) {
        // It is opened once.
        let _ = self.secrets.set(secrets.clone());
    }

    /// A text without what must not be shown.
    pub fn hide(&self, text: &str) -> String {
        self.secrets.get().map_or_else(|| text.to_owned(), |secrets| secrets.hide(text))
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Whether it is away.
    pub fn is_away(&self) -> bool {
        self.state().away.is_some()
    }

    /// How many tries have failed.
    pub fn failed_tries(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// How many rows were given up.
    pub fn dead_letters(&self) -> u64 {
        self.dead.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A try failed, and there will be another one.
    pub fn fails(&self, reason: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let (server, reason) = (self.hide(&self.server), self.hide(reason));
        let table = &self.table;
        tracing::debug!(table, server, reason, "a try failed");
        let mut state = self.state();
        state.away.get_or_insert_with(Instant::now);
        state.tries += 1;
        if state.told || state.told_at.is_some_and(|at| at.elapsed() < QUIET) {
            return;
        }
        (state.told, state.told_at) = (true, Some(Instant::now()));
        drop(state);
        tracing::warn!(target: TARGET, "table \"{table}\": {server} is away: {reason}; it is tried again");
    }

    /// A try did not fail.
    pub fn works(&self) {
        let mut state = self.state();
        let Some(since) = state.away.take() else { return };
        let (tries, told) = (std::mem::take(&mut state.tries), std::mem::take(&mut state.told));
        if told {
            state.told_at = Some(Instant::now());
            drop(state);
            let (table, server, seconds) = (&self.table, &self.server, since.elapsed().as_secs());
            let (server, unit) = (self.hide(server), if tries == 1 { "try" } else { "tries" });
            tracing::info!(target: TARGET, "table \"{table}\": {server} is back, after {seconds} s and {tries} {unit}");
        }
    }

    /// Rows were given up, and kept.
    pub(crate) fn gives_up(&self, rows: usize) {
        self.dead.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_comes_and_goes_is_told_of_once() {
        let peer = Peer::new("t", "127.0.0.1:1".to_owned());
        peer.works();
        assert!(!peer.is_away());
        peer.fails("refused");
        assert!(peer.is_away() && peer.state().told);
        peer.fails("refused");
        peer.works();
        assert!(!peer.is_away() && !peer.state().told);
        peer.fails("refused");
        assert!(peer.is_away() && !peer.state().told);
        // What was not said at once is said later, if it is still so.
        peer.state().told_at = Instant::now().checked_sub(QUIET);
        peer.fails("refused");
        assert!(peer.state().told);
        assert_eq!(peer.failed_tries(), 4);
    }
}
