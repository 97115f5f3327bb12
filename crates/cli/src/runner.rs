//! Runs scripts and shows what comes of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use millstream::{Engine, Error, Job, Metrics, Outcome, Query, Script};
use millstream_sql::SqlError;
use millstream_sql::diagnostics::position_of;
use millstream_types::Error as CoreError;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::log;
use crate::output::{Failure, Printer, Style};
use crate::progress::Progress;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// Something failed while it ran.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A statement is wrong.
    Sql = 3,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

/// A session with the ways to show its results.
pub struct Runner {
    /// The session.
    pub engine: Engine,
    style: Style,
    changelog: bool,
    parameters: Vec<(String, String)>,
    /// Whether a person is there: results are timed and kept short.
    interactive: bool,
    /// Whether it was said where the server listens.
    announced: AtomicBool,
}

impl Runner {
    /// A runner over a session.
    pub fn new(
        engine: Engine,
        style: Style,
        changelog: bool,
        parameters: Vec<(String, String)>,
        interactive: bool,
    ) -> Self {
        let announced = AtomicBool::new(false);
        Self { engine, style, changelog, parameters, interactive, announced }
    }

    /// Runs all statements of a text; errors are shown on standard error.
    pub async fn script(&self, name: &str, text: &str) -> Exit {
        let text = match self.with_parameters(text) {
            Ok(text) => text,
            Err(error) => {
                log::error(format_args!("{}", error.render(name, text).trim_end()));
                return Exit::Sql;
            }
        };
        let script = match Script::new(&text) {
            Ok(script) => script,
            Err(error) => {
                log::error(format_args!("{}", error.render(name, &text).trim_end()));
                return Exit::Sql;
            }
        };
        let mut stop = match StopSignals::listen() {
            Ok(stop) => stop,
            Err(error) => {
                log::error(format_args!("{}", error.render(name, &text).trim_end()));
                return Exit::Failed;
            }
        };
        // Whether whoever read the results has had enough.
        let mut closed = false;
        for (at, statement) in script.statements().iter().enumerate() {
            if closed && shows(statement) {
                continue;
            }
            let (started, mut endless) = (Instant::now(), false);
            let ended = match self.start(statement, &text, &mut stop).await {
                Ok(outcome) => {
                    endless = never_ends(&outcome);
                    if let (true, Some(next)) = (endless, script.statements().get(at + 1)) {
                        let warning = waiting(statement, next);
                        let warning = warning.render_as("warning", name, &text);
                        log::warning(format_args!("{}", warning.trim_end()));
                    }
                    self.show(outcome, started, &mut stop).await
                }
                Err(error) => Err(error.into()),
            };
            let error = match ended {
                Ok(()) => continue,
                Err(Failure::Closed) if endless => return Exit::Done,
                // What else the script does is still to be done.
                Err(Failure::Closed) => {
                    closed = true;
                    continue;
                }
                // Nothing is left that could be given up.
                Err(Failure::AskedTooLate(_)) if at + 1 == script.statements().len() => continue,
                Err(Failure::Interrupted(exit) | Failure::AskedTooLate(exit)) => {
                    log::info(format_args!("interrupted"));
                    return exit;
                }
                Err(Failure::Error(error)) => error,
            };
            let error = match error {
                // A failure of a query that runs has no place yet: that of its statement.
                Error::Run { source, position: None } => {
                    Error::Run { source, position: first_of(statement).map(position_of) }
                }
                other => other,
            };
            log::error(format_args!("{}", error.render(name, &text).trim_end()));
            return if matches!(error, Error::Sql(_)) { Exit::Sql } else { Exit::Failed };
        }
        Exit::Done
    }

    /// Runs a statement as far as it does not go on by itself. To be asked to stop meanwhile ends the
    /// program, in a shell the second time: reading, planning and opening cannot be given up, and no epoch
    /// has ended then.
    async fn start(
        &self,
        statement: &[TokenWithSpan],
        text: &str,
        stop: &mut StopSignals,
    ) -> Result<Outcome, Error> {
        let (engine, statement, text) = (self.engine.clone(), statement.to_vec(), text.to_owned());
        let mut work = tokio::task::spawn_blocking(move || engine.run(&statement, &text));
        let mut warned = !self.interactive;
        loop {
            tokio::select! {
                biased;
                outcome = &mut work => {
                    return outcome.unwrap_or_else(|failed| {
                        Err(CoreError::Internal(failed.to_string()).into())
                    });
                }
                exit = stop.next() => {
                    if warned {
                        log::info(format_args!("interrupted"));
                        std::process::exit(exit as i32);
                    }
                    warned = true;
                    log::info(format_args!(
                        "the statement is still being prepared; a second signal ends the program"
                    ));
                }
            }
        }
    }

    /// The text with `${key}` replaced.
    fn with_parameters(&self, text: &str) -> Result<String, SqlError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        // Without any parameter the text is taken as it is.
        while !self.parameters.is_empty()
            && let Some(at) = rest.find("${")
        {
            out.push_str(&rest[..at]);
            let Some(end) = rest[at..].find('}') else { break };
            let key = &rest[at + 2..at + end];
            if key.starts_with("env:") || key.starts_with("file:") {
                // Filled in when a table is opened, so that no text holds the value.
                out.push_str(&rest[at..=at + end]);
                rest = &rest[at + end + 1..];
                continue;
            }
            match self.parameters.iter().rev().find(|(known, _)| known == key) {
                Some((_, value)) => out.push_str(value),
                None => {
                    return Err(SqlError::new(format!("parameter \"{key}\" has no value"))
                        .hint(format!("give it one: --param {key}=…")));
                }
            }
            rest = &rest[at + end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    /// Says where the server listens, once it does.
    fn announce(&self) {
        if let Some(address) = self.engine.address()
            && !self.announced.swap(true, Ordering::Relaxed)
        {
            log::info(format_args!("listening at http://{address}"));
        }
    }

    async fn show(
        &self,
        outcome: Outcome,
        started: Instant,
        stop: &mut StopSignals,
    ) -> Result<(), Failure> {
        self.announce();
        match outcome {
            Outcome::Done => {
                if self.interactive {
                    eprintln!("ok");
                }
                Ok(())
            }
            Outcome::Text(text) => crate::output::write(&text),
            Outcome::Table(rows) => {
                // A statement is to be read, and used again.
                if let (Style::Table, Some(text)) = (self.style, crate::output::only_text(&rows)) {
                    return crate::output::write(&format!("{text}\n"));
                }
                let mut printer = Printer::rows(self.style, rows.schema(), self.interactive);
                let count = rows.num_rows();
                printer.push(&millstream::ChangeBatch::insert(rows))?;
                printer.finish()?;
                self.summary(Some(count), started);
                Ok(())
            }
            Outcome::Query(query) => self.query(*query, started, stop).await,
            Outcome::Analysis(mut analysis) => {
                let progress = Progress::start(analysis.counters(), started);
                let ended = tokio::select! {
                    ended = analysis.join() => ended.map_err(Failure::from),
                    exit = stop.next() => {
                        analysis.cancel();
                        Err(Failure::Interrupted(exit))
                    }
                    () = progress.run() => unreachable_progress(),
                };
                drop(progress);
                // What it did so far is worth seeing, however it ended.
                crate::output::write(&analysis.text())?;
                ended
            }
            Outcome::Job(mut job) => {
                let progress = Progress::start(job.counters(), started);
                let ended = tokio::select! {
                    ended = job.join() => ended,
                    exit = stop.next() => {
                        drop(progress);
                        return Err(ended_by(exit, &mut job, stop).await);
                    }
                    () = progress.run() => unreachable_progress(),
                };
                drop(progress);
                let metrics = ended?;
                notes(&metrics);
                if self.interactive {
                    eprintln!("{} rows written in {}", metrics.rows_out, elapsed(started));
                }
                Ok(())
            }
        }
    }

    async fn query(
        &self,
        mut query: Query,
        started: Instant,
        stop: &mut StopSignals,
    ) -> Result<(), Failure> {
        let mut printer = Printer::query(self.style, self.changelog, &query, self.interactive);
        let progress = Progress::start(query.counters(), started);
        let mut stopping = None;
        loop {
            let changes = tokio::select! {
                changes = query.next() => changes,
                exit = stop.next() => {
                    if !query.is_bounded() && stopping.replace(exit).is_none() {
                        // It ends behind the changes of its epoch.
                        query.stop();
                        continue;
                    }
                    query.cancel();
                    progress.clear();
                    // What has come so far is shown, not thrown away.
                    printer.finish()?;
                    return Err(Failure::Interrupted(exit));
                }
                () = progress.run() => unreachable_progress(),
            };
            match changes {
                Some(changes) => {
                    progress.clear();
                    printer.push(&changes?)?;
                }
                None => break,
            }
        }
        progress.clear();
        drop(progress);
        let rows = printer.finish()?;
        if let Some(exit) = stopping {
            return Err(Failure::Interrupted(exit));
        }
        notes(&query.metrics());
        self.summary(Some(rows), started);
        Ok(())
    }

    fn summary(&self, rows: Option<usize>, started: Instant) {
        if let Some(rows) = rows.filter(|_| self.interactive) {
            let unit = if rows == 1 { "row" } else { "rows" };
            eprintln!("{rows} {unit} in {}", elapsed(started));
        }
    }
}

/// The first token of a statement that is more than white space.
fn first_of(statement: &[TokenWithSpan]) -> Option<&TokenWithSpan> {
    statement.iter().find(|token| !matches!(token.token, Token::Whitespace(_)))
}

/// Whether a statement does nothing but show something. EXPLAIN may do more: with ANALYZE it
/// runs an INSERT.
fn shows(statement: &[TokenWithSpan]) -> bool {
    use Keyword::{DESC, DESCRIBE, SELECT, SHOW, VALUES, WITH};
    first_of(statement).is_some_and(|first| {
        first.token == Token::LParen
            || [SELECT, WITH, VALUES, SHOW, DESCRIBE, DESC].contains(&keyword_of(first))
    })
}

/// Whether nothing that stands behind it in a script is ever begun.
fn never_ends(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Job(job) => !job.is_bounded(),
        Outcome::Query(query) => !query.is_bounded(),
        _ => false,
    }
}

/// What is said of a statement that stands behind one that never ends.
fn waiting(endless: &[TokenWithSpan], next: &[TokenWithSpan]) -> SqlError {
    let first = |statement| first_of(statement).map_or(Keyword::NoKeyword, keyword_of);
    let line = first_of(endless).map_or(0, |token| token.span.start.line);
    let error = SqlError::new(format!(
        "this statement is not begun: the one at line {line} before it does not end by itself"
    ));
    let runs = |keyword| matches!(keyword, Keyword::INSERT | Keyword::EXECUTE | Keyword::BEGIN);
    let error = match runs(first(endless)) && runs(first(next)) {
        true => {
            error.hint("run both as one job: EXECUTE STATEMENT SET BEGIN INSERT …; INSERT …; END;")
        }
        false => error.hint("put it before that one, or run it in a program of its own"),
    };
    match first_of(next) {
        Some(token) => error.at(token),
        None => error,
    }
}

fn keyword_of(token: &TokenWithSpan) -> Keyword {
    match &token.token {
        Token::Word(word) => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

/// Ends a job after a signal. One that never ends by itself finishes its epoch, with what was let in, and
/// what it wrote is made visible; of one that would have ended all is given up. A second signal ends the
/// program at once.
async fn ended_by(exit: Exit, job: &mut Job, stop: &mut StopSignals) -> Failure {
    let is_bounded = job.is_bounded();
    if is_bounded {
        job.cancel();
    } else {
        log::info(format_args!(
            "stopping after this epoch; a second signal ends the program at once"
        ));
        job.stop();
    }
    tokio::select! {
        ended = job.join() => match ended {
            Ok(metrics) => {
                notes(&metrics);
                if is_bounded {
                    return Failure::AskedTooLate(exit);
                }
            }
            Err(error) if error.is_cancelled() => {}
            Err(error) => return error.into(),
        },
        second = stop.next() => std::process::exit(second as i32),
    }
    Failure::Interrupted(exit)
}

/// The signals that ask the program to stop. They are listened to from the start of a script on: none is
/// lost.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn listen() -> Result<Self, Error> {
        let listen = |kind| {
            signal(kind).map_err(|e| Error::from(CoreError::io("cannot listen to", "signals", e)))
        };
        let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
        Ok(Self { interrupt: listen(interrupt)?, terminate: listen(terminate)? })
    }

    /// Waits for one, and tells how the program ends of it.
    async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
}

/// The progress line is drawn until something else happens, so it never ends by itself.
fn unreachable_progress<T>() -> T {
    unreachable!("the progress line does not end")
}

fn elapsed(started: Instant) -> String {
    let elapsed = started.elapsed();
    if elapsed.as_millis() < 1_000 {
        format!("{} ms", elapsed.as_millis())
    } else {
        format!("{:.2} s", elapsed.as_secs_f64())
    }
}

/// What was dropped on the way, which nobody should have to find out by themselves.
fn notes(metrics: &Metrics) {
    let note = |count: u64, one: &str, many: &str| {
        if count > 0 {
            log::info(format_args!("note: {count} {}", if count == 1 { one } else { many }));
        }
    };
    note(metrics.late, "row came too late and was dropped", "rows came too late and were dropped");
    note(
        metrics.null_rowtime,
        "row had no rowtime and was dropped",
        "rows had no rowtime and were dropped",
    );
    note(
        metrics.too_far_ahead,
        "row was too far ahead of the clock and did not move the watermark",
        "rows were too far ahead of the clock and did not move the watermark",
    );
    note(
        metrics.skipped,
        "record could not be read and was skipped",
        "records could not be read and were skipped",
    );
    note(
        metrics.nulled,
        "field could not be read and became NULL",
        "fields could not be read and became NULL",
    );
}
