//! The `millstream` program: a shell on a terminal, and a runner of scripts.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 failed while
//! running, 2 wrong usage, 3 an error in the SQL, 130 interrupted, 143 terminated. `MILLSTREAM_LOG` in the
//! environment says what is told of what happens inside.

mod completion;
mod log;
mod output;
mod progress;
mod repl;
mod runner;

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use millstream::Engine;

use crate::log::LogFormat;
use crate::output::Style;
use crate::runner::{Exit, Runner};

/// Streaming SQL in Flink's dialect, in one process.
#[derive(Debug, Parser)]
#[command(name = "millstream", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the statements of scripts, stopping at the first error.
    Run {
        /// Scripts, run one after the other in one session; - is standard input.
        #[arg(value_name = "FILE", required_unless_present = "command")]
        files: Vec<PathBuf>,
        /// A script given in the command line.
        #[arg(
            short,
            long,
            value_name = "SQL",
            conflicts_with = "files",
            allow_hyphen_values = true
        )]
        command: Option<String>,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Clone, Default, Args)]
struct Common {
    /// How results are shown.
    #[arg(short, long, value_enum, value_name = "STYLE")]
    output: Option<Style>,
    /// Show every change, with its kind in a first column `op`: +I, -U, +U or -D.
    #[arg(long)]
    changelog: bool,
    /// Replaces ${KEY} in scripts by a value.
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// Where tables of http-server are posted to, and /health and /metrics are [default: 127.0.0.1:7171 when
    /// a table needs it]. Another address than this machine's own needs a token.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// A file with the token that requests have to show [default: MILLSTREAM_TOKEN of the environment].
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// How messages on standard error are written. MILLSTREAM_LOG of the environment adds what happens
    /// inside, as in MILLSTREAM_LOG=debug.
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    /// How many cores a query uses [default: all].
    #[arg(long, value_name = "CORES", value_parser = clap::value_parser!(u16).range(1..=1024))]
    parallelism: Option<u16>,
}

impl Common {
    /// What is said after the subcommand counts, what is said before it stands in for it.
    fn over(self, outer: Self) -> Self {
        Self {
            output: self.output.or(outer.output),
            changelog: self.changelog || outer.changelog,
            parameters: outer.parameters.into_iter().chain(self.parameters).collect(),
            listen: self.listen.or(outer.listen),
            token_file: self.token_file.or(outer.token_file),
            log_format: self.log_format.or(outer.log_format),
            parallelism: self.parallelism.or(outer.parallelism),
        }
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a parameter is key=value".to_owned()),
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let (command, common) = match cli.command {
        Some(Command::Run { files, command, common }) => {
            (Some((files, command)), common.over(cli.common))
        }
        None => (None, cli.common),
    };
    log::start(common.log_format.unwrap_or_default());
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                log::error(format_args!("error: cannot start: {error}"));
                return ExitCode::from(Exit::Failed as u8);
            }
        };
    let interactive = command.is_none() && std::io::stdin().is_terminal();
    let exit = match runner(&common, interactive) {
        Err(exit) => exit,
        Ok(runner) => match command {
            Some((files, text)) => runtime.block_on(run(&files, text.as_deref(), &runner)),
            None if interactive => repl::run(&runtime, &runner),
            None => runtime.block_on(run(&[PathBuf::from("-")], None, &runner)),
        },
    };
    // A source may still wait for standard input; the program need not.
    runtime.shutdown_background();
    ExitCode::from(exit as u8)
}

fn runner(common: &Common, interactive: bool) -> Result<Runner, Exit> {
    let mut builder = Engine::builder();
    if let Some(parallelism) = common.parallelism {
        builder = builder.parallelism(parallelism.into());
    }
    if let Some(token) = token(common)? {
        builder = builder.token(token);
    }
    if let Some(address) = &common.listen {
        builder = builder.listen(address);
    }
    let engine = builder.build();
    if common.listen.is_some() {
        engine.listen().map_err(|error| {
            log::error(format_args!("{}", error.render("--listen", "").trim_end()));
            Exit::Usage
        })?;
    }
    Ok(Runner::new(
        engine,
        common.output.unwrap_or(Style::Table),
        common.changelog,
        common.parameters.clone(),
        interactive,
    ))
}

/// The token that requests have to show, from a file or the environment.
fn token(common: &Common) -> Result<Option<String>, Exit> {
    let Some(path) = &common.token_file else {
        return Ok(std::env::var("MILLSTREAM_TOKEN").ok().filter(|token| !token.is_empty()));
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        log::error(format_args!("error: cannot read \"{}\": {error}", path.display()));
        Exit::Usage
    })?;
    match text.trim() {
        "" => {
            log::error(format_args!("error: \"{}\" holds no token", path.display()));
            Err(Exit::Usage)
        }
        token => Ok(Some(token.to_owned())),
    }
}

async fn run(files: &[PathBuf], command: Option<&str>, runner: &Runner) -> Exit {
    let exit = scripts(files, command, runner).await;
    // Whoever waits for an answer gets it.
    runner.engine.stop_listening();
    exit
}

async fn scripts(files: &[PathBuf], command: Option<&str>, runner: &Runner) -> Exit {
    if let Some(text) = command {
        return runner.script("-c", text).await;
    }
    for file in files {
        let (name, text) = if file.as_os_str() == "-" {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text).map(|_| text);
            ("standard input".to_owned(), read)
        } else {
            (file.display().to_string(), std::fs::read_to_string(file))
        };
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                log::error(format_args!("error: cannot read \"{name}\": {error}"));
                return Exit::Usage;
            }
        };
        // Editors of another system put a mark at the start.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let exit = runner.script(&name, text).await;
        if exit != Exit::Done {
            return exit;
        }
    }
    Exit::Done
}
