//! The `millstream` program: a shell on a terminal, and a runner of scripts.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 failed while
//! running, 2 wrong usage, 3 an error in the SQL, 130 interrupted, 143 terminated.

mod completion;
mod output;
mod progress;
mod repl;
mod runner;

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use millstream::Engine;

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
        #[arg(short, long, value_name = "SQL", conflicts_with = "files")]
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
    let filter = tracing_subscriber::EnvFilter::try_from_env("MILLSTREAM_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("error: cannot start: {error}");
                return ExitCode::from(Exit::Failed as u8);
            }
        };
    let exit = match cli.command {
        Some(Command::Run { files, command, common }) => {
            let common = common.over(cli.common);
            runtime.block_on(run(&files, command.as_deref(), &common))
        }
        None if std::io::stdin().is_terminal() => repl::run(&runtime, &runner(&cli.common, true)),
        None => runtime.block_on(run(&[PathBuf::from("-")], None, &cli.common)),
    };
    // A source may still wait for standard input; the program need not.
    runtime.shutdown_background();
    ExitCode::from(exit as u8)
}

fn runner(common: &Common, interactive: bool) -> Runner {
    let mut builder = Engine::builder();
    if let Some(parallelism) = common.parallelism {
        builder = builder.parallelism(parallelism.into());
    }
    Runner::new(
        builder.build(),
        common.output.unwrap_or(Style::Table),
        common.changelog,
        common.parameters.clone(),
        interactive,
    )
}

async fn run(files: &[PathBuf], command: Option<&str>, common: &Common) -> Exit {
    let runner = runner(common, false);
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
                eprintln!("error: cannot read \"{name}\": {error}");
                return Exit::Usage;
            }
        };
        let exit = runner.script(&name, &text).await;
        if exit != Exit::Done {
            return exit;
        }
    }
    Exit::Done
}
