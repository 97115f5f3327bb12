//! The shell: statements over several lines until `;`, history, completion and colours.

use std::io::stdin;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Editor};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::completion::Assistant;
use crate::runner::{Exit, Runner};

const HELP: &str = "\
Statements end with ;  Tab completes, Ctrl-C stops a query or clears the line, Ctrl-D leaves.

  SELECT * FROM 'flights.json' LIMIT 5;      query a file without any declaration
  SHOW TABLES;  DESCRIBE t;  SHOW FUNCTIONS;  DESCRIBE FUNCTION lpad;
  EXPLAIN SELECT …;                          what a query does
  SET 'table.local-time-zone' = 'Europe/Berlin';
  quit
";

/// Reads and runs statements until the person leaves.
pub fn run(runtime: &Runtime, runner: &Runner) -> Exit {
    let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .auto_add_history(false)
        .max_history_size(10_000)
        .map(|builder| builder.history_ignore_dups(true))
        .and_then(|builder| builder.map(|builder| builder.build()));
    let editor = config.and_then(Editor::<Assistant, DefaultHistory>::with_config);
    let mut editor = match editor {
        Ok(editor) => editor,
        Err(error) => {
            eprintln!("error: the terminal cannot be used: {error}");
            return Exit::Failed;
        }
    };
    editor.set_helper(Some(Assistant::new(runner.engine.clone(), colours)));
    let history = history_file();
    if let Some(file) = &history {
        // There is none the first time.
        let _ = editor.load_history(file);
    }
    let at_prompt = leave_when_told(runtime);
    eprintln!("millstream {}: streaming SQL. Type help for help.", millstream::VERSION);
    loop {
        at_prompt.store(true, Ordering::Relaxed);
        let line = editor.readline("millstream> ");
        at_prompt.store(false, Ordering::Relaxed);
        match line {
            Ok(line) => {
                let text = line.trim();
                match text.trim_end_matches(';').trim().to_ascii_lowercase().as_str() {
                    "" => continue,
                    "quit" | "exit" | "\\q" => break,
                    "help" | "\\?" => {
                        eprint!("{HELP}");
                        continue;
                    }
                    _ => {}
                }
                // A statement is one entry, whichever lines it came in.
                if editor.add_history_entry(text).unwrap_or(false)
                    && let Some(file) = &history
                {
                    let _ = editor.append_history(file);
                }
                if let Exit::Terminated = runtime.block_on(runner.script("input", &line)) {
                    return Exit::Terminated;
                }
            }
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            // Bytes that are no text, as in something pasted.
            Err(ReadlineError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                eprintln!("error: the line is not UTF-8");
                continue;
            }
            Err(error) => {
                eprintln!("error: cannot read from the terminal: {error}");
                return Exit::Failed;
            }
        }
    }
    Exit::Done
}

/// Ends the program on SIGTERM while it waits at the prompt, that is while the result is set, and leaves the
/// terminal as it was found. While a statement runs, that ends first.
fn leave_when_told(runtime: &Runtime) -> Arc<AtomicBool> {
    let at_prompt = Arc::new(AtomicBool::new(false));
    let (waits, modes) = (Arc::clone(&at_prompt), tcgetattr(stdin()));
    runtime.spawn(async move {
        let Ok(mut told) = signal(SignalKind::terminate()) else { return };
        while told.recv().await.is_some() {
            if waits.load(Ordering::Relaxed) {
                if let Ok(modes) = &modes {
                    // Nothing is left to be done about a terminal that is gone.
                    let _ = tcsetattr(stdin(), SetArg::TCSANOW, modes);
                }
                std::process::exit(Exit::Terminated as i32);
            }
        }
    });
    at_prompt
}

/// Where statements are kept between runs: `MILLSTREAM_HISTORY`, or a file in the state folder.
fn history_file() -> Option<PathBuf> {
    if let Some(file) = std::env::var_os("MILLSTREAM_HISTORY") {
        return (!file.is_empty()).then(|| file.into());
    }
    let folder = match std::env::var_os("XDG_STATE_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".local/state"),
    };
    let folder = folder.join("millstream");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}
