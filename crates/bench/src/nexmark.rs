//! The Nexmark queries over the generator, in the texts of `tests/nexmark`.
//!
//! The generator makes only the columns that a query reads, inside the query, so its work is part of what
//! is measured. Speed is told of the events of all kinds, of which 46 in 50 are bids.

use std::fs::read_to_string;

use clap::Args;
use tempfile::TempDir;

use crate::child::QueryTask;
use crate::error::Error;
use crate::parameters::{fill, quoted};
use crate::report::{self, Case, Speed};
use crate::{Common, root, show};

/// What is asked for.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Queries, as in q0 q4 [default: q0 to q22].
    #[arg(value_name = "QUERY", value_parser = query)]
    queries: Vec<String>,
    /// Events of all kinds.
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    events: u64,
    /// Events in a second of event time.
    #[arg(long, value_name = "EVENTS_PER_SECOND", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    rate: u64,
    #[command(flatten)]
    common: Common,
}

/// What names a case.
const NAMES: [&str; 1] = ["query"];

fn query(text: &str) -> Result<String, String> {
    let number = text.strip_prefix('q').and_then(|number| number.parse::<u32>().ok());
    match number {
        Some(number @ 0..=22) => Ok(format!("q{number}")),
        _ => Err("the queries are q0 to q22".to_owned()),
    }
}

/// Measures the queries.
///
/// # Errors
/// When one fails.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let queries = match arguments.queries.is_empty() {
        true => (0..=22).map(|number| format!("q{number}")).collect(),
        false => arguments.queries.clone(),
    };
    // Whatever queries write goes when they are done.
    let out = TempDir::new().map_err(Error::about("temporary folder"))?;
    let case = |query: &String| case(arguments, query, &out);
    let mut cases = queries.iter().map(case).collect::<Result<Vec<_>, _>>()?;
    report::run(&mut cases, arguments.common.runs)?;
    show(&report::table(&NAMES, Speed::MillionsPerSecond("events"), &cases))?;
    report::save(arguments.common.json.as_deref(), &report::json(&NAMES, &cases)?)
}

fn case(arguments: &Arguments, query: &str, out: &TempDir) -> Result<Case, Error> {
    let folder = root().join("tests/nexmark");
    let read = |name: &str| {
        let path = folder.join(name);
        read_to_string(&path).map_err(Error::at(&path))
    };
    let script = read("source.sql")? + &read(&format!("{query}.sql"))?;
    let (events, rate) = (arguments.events.to_string(), arguments.rate.to_string());
    let out = quoted(&out.path().display().to_string());
    let parameters = [("events", events.as_str()), ("rate", &rate), ("out", &out)];
    Ok(Case {
        names: vec![query.to_owned()],
        task: QueryTask {
            name: query.to_owned(),
            parallelism: arguments.common.parallelism(),
            load: None,
            script: fill(&script, &parameters)?,
        },
        size: arguments.events,
        rows_in: None,
        runs: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_known_by_their_names() {
        assert_eq!(query("q22"), Ok("q22".to_owned()));
        assert!(["q23", "5", "q", "t1"].into_iter().all(|name| query(name).is_err()));
    }
}
