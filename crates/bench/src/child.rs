//! The process that runs one task: it gets the task as JSON and prints one line of figures as JSON.
//!
//! For a query the clock runs from its text to the last batch of its result, so planning, opening files
//! and starting threads are part of it; starting the process, declaring tables and loading are not.

use std::process::{Command, Stdio};
use std::time::Instant;

use millstream::{Engine, Outcome, Script};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::latency;
use crate::load::Load;
use crate::{process, root};

/// The hidden subcommand.
pub const SUBCOMMAND: &str = "child";

/// What a process of its own does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Task {
    /// Measures a query.
    Query(QueryTask),
    /// Measures how long windows take to come.
    Latency(latency::Load),
}

/// A query to be measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueryTask {
    /// How it is called when it fails.
    pub name: String,
    /// How many cores it uses.
    pub parallelism: usize,
    /// A table in memory that there is before the script.
    pub load: Option<Load>,
    /// Statements. The first query or INSERT of them is measured, and is the last that runs.
    pub script: String,
}

/// What one run of a query took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Rows that its sources gave.
    pub rows_in: u64,
    /// Changes of its result, or rows written.
    pub rows_out: u64,
    /// From its text to its end.
    pub wall_s: f64,
    /// CPU time in between, by all threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_s: Option<f64>,
    /// The most resident memory in between, with what was loaded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_mb: Option<f64>,
}

/// Runs a task in a process of its own.
///
/// # Errors
/// When the process cannot be started, fails or gives other figures.
pub fn run<T: DeserializeOwned>(task: &Task) -> Result<T, Error> {
    let name = match task {
        Task::Query(query) => &query.name,
        Task::Latency(_) => "latency",
    };
    let program = std::env::current_exe().map_err(Error::about("the program itself"))?;
    let output = Command::new(program)
        .arg(SUBCOMMAND)
        .arg(serde_json::to_string(task)?)
        // Scripts name files relative to the folder of the tests.
        .current_dir(root().join("tests"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::about(name))?;
    if !output.status.success() {
        return Err(Error::Child(name.to_owned()));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What the process does.
///
/// # Errors
/// When the task is none, or fails.
pub fn main(task: &str) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(Error::about("the thread that reads results"))?;
    let figures = match serde_json::from_str(task)? {
        Task::Query(query) => serde_json::to_string(&runtime.block_on(measure(&query)).map_err(
            |error| match error {
                Error::Engine(error) => {
                    eprint!("{}", error.render(&query.name, &query.script));
                    Error::Child(query.name.clone())
                }
                other => other,
            },
        )?)?,
        Task::Latency(load) => serde_json::to_string(&runtime.block_on(latency::measure(&load))?)?,
    };
    crate::show(&(figures + "\n"))
}

async fn measure(task: &QueryTask) -> Result<Measurement, Error> {
    let engine = Engine::builder().parallelism(task.parallelism).build();
    if let Some(load) = &task.load {
        load.register(&engine).await?;
    }
    let script = Script::new(&task.script).map_err(millstream::Error::from)?;
    for statement in script.statements() {
        process::forget_peak();
        let (started, cpu) = (Instant::now(), process::cpu_s());
        let (rows_in, rows_out) = match engine.run(statement, &task.script)? {
            Outcome::Query(mut query) => {
                let mut rows = 0;
                while let Some(changes) = query.next().await {
                    rows += changes?.num_rows() as u64;
                }
                (query.metrics().rows_in, rows)
            }
            Outcome::Job(mut job) => {
                let metrics = job.join().await?;
                (metrics.rows_in, metrics.rows_out)
            }
            _ => continue,
        };
        let wall_s = started.elapsed().as_secs_f64();
        let cpu_s = process::cpu_s().zip(cpu).map(|(after, before)| after - before);
        return Ok(Measurement { rows_in, rows_out, wall_s, cpu_s, peak_mb: process::peak_mb() });
    }
    Err(Error::Unexpected(format!("{} runs no query", task.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(script: &str) -> QueryTask {
        QueryTask { name: "it".into(), parallelism: 1, load: None, script: script.into() }
    }

    fn figures(script: &str) -> Result<Measurement, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(measure(&task(script)))
    }

    const BIDS: &str =
        "CREATE TABLE bid WITH ('connector'='nexmark', 'table'='bid', 'events.num'='100');";

    #[test]
    fn the_first_query_is_measured() {
        let bids = figures(&format!("{BIDS} SELECT price FROM bid; SELECT 1;")).unwrap();
        assert_eq!((bids.rows_in, bids.rows_out), (92, 92));
        let sink = "CREATE TABLE out (p BIGINT) WITH ('connector'='blackhole');";
        let script = format!("{BIDS} {sink} INSERT INTO out SELECT price FROM bid LIMIT 5;");
        assert_eq!(figures(&script).unwrap().rows_out, 5);
        assert!(figures(BIDS).is_err());
    }

    #[test]
    fn tasks_and_figures_travel_as_json() {
        let text = serde_json::to_string(&Task::Query(task("SELECT 1"))).unwrap();
        let Task::Query(back) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
        assert_eq!(back.script, "SELECT 1");
        let run = Measurement { rows_in: 1, rows_out: 2, wall_s: 0.25, cpu_s: None, peak_mb: None };
        let text = serde_json::to_string(&run).unwrap();
        assert_eq!(text, r#"{"rows_in":1,"rows_out":2,"wall_s":0.25}"#);
        assert_eq!(serde_json::from_str::<Measurement>(&text).unwrap(), run);
    }
}
