//! `millstream-bench`: measures the engine through its embedding API.
//!
//! Every query runs in a process of its own, so that none finds memory or caches that another has
//! warmed, and its peak of memory is its own. The program starts itself for that, with the task as
//! an argument.
//!
//! | module | what it measures, or what it helps with |
//! |---|---|
//! | [`nexmark`] | the Nexmark queries over the generator |
//! | [`files`] | windows and a filter over JSON, CSV, Parquet and memory |
//! | [`latency`] | how long after its last event a window comes |
//! | [`scale`] | the cost of an event as keys and overlapping windows grow |
//! | [`events`] | events that are posted by many clients, with the program being killed in between |
//! | [`abuse`] | a server among clients that mean it harm |
//! | [`client`] | a client, and the program as a service |
//! | [`child`] | the process that runs one query |
//! | [`load`] | tables that are in memory before the clock starts |
//! | [`process`] | CPU time and memory of this process |
//! | [`report`], [`table`] | medians, and how they are shown |
//! | [`parameters`] | `${key}` in scripts |
//! | [`error`] | what can go wrong |

mod abuse;
mod child;
mod client;
mod error;
mod events;
mod files;
mod latency;
mod load;
mod nexmark;
mod parameters;
mod process;
mod report;
mod scale;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::error::Error;

/// Measures millstream.
#[derive(Debug, Parser)]
#[command(name = "millstream-bench", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The Nexmark queries over the generator.
    Nexmark(nexmark::Arguments),
    /// Windows and a filter over bids in files and in memory.
    Files(files::Arguments),
    /// How long after the event that ends a window its result comes.
    Latency(latency::Arguments),
    /// The cost of an event as keys and overlapping windows grow.
    Scale(scale::Arguments),
    /// Events that are posted by many clients.
    Events(events::Arguments),
    /// A server among clients that mean it harm.
    Abuse(abuse::Arguments),
    /// Runs one task and prints what it took.
    #[command(hide = true, name = child::SUBCOMMAND)]
    Child {
        /// The task, as JSON.
        task: String,
    },
}

/// What all benchmarks are asked.
#[derive(Debug, Clone, Args)]
struct Common {
    /// How many cores a query uses [default: all].
    #[arg(long, value_name = "CORES", value_parser = clap::value_parser!(u16).range(1..=1024))]
    parallelism: Option<u16>,
    /// How often each query runs; the median is shown.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Writes the figures of all runs into a file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Common {
    fn parallelism(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.parallelism.map_or_else(cores, usize::from)
    }
}

/// The folder of the project.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Nexmark(arguments) => nexmark::run(&arguments),
        Command::Files(arguments) => files::run(&arguments),
        Command::Latency(arguments) => latency::run(&arguments),
        Command::Scale(arguments) => scale::run(&arguments),
        Command::Events(arguments) => events::run(&arguments),
        Command::Abuse(arguments) => abuse::run(&arguments),
        Command::Child { task } => child::main(&task),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Shows a text on standard output.
fn show(text: &str) -> Result<(), Error> {
    use std::io::Write;
    std::io::stdout().write_all(text.as_bytes()).map_err(Error::about("standard output"))
}
