//! Windows and a filter over the same bids as JSON lines, CSV, Parquet, and in memory.
//!
//! The files are written once, by the engine, from its generator. In memory all columns are there
//! before the clock starts, read from the Parquet files. `peers/run.py` runs the same over other
//! engines.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::child::{self, Measurement, QueryTask, Task};
use crate::error::Error;
use crate::load::Load;
use crate::parameters::quoted;
use crate::report::{self, Case, Speed};
use crate::table::grouped;
use crate::{Common, root, show};

/// What is asked for.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Queries [default: all].
    #[arg(value_enum, value_name = "QUERY")]
    queries: Vec<Query>,
    /// Where the bids come from.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "json,csv,parquet,memory")]
    format: Vec<Format>,
    /// How many bids there are.
    #[arg(long, default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    events: u64,
    /// Where the files are, or are to be written [default: target/bench-data/EVENTS].
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Only writes the files that are missing.
    #[arg(long)]
    prepare: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Query {
    /// Windows of 10 s of each auction: a key of many values, a number.
    T1,
    /// Windows of 10 s of each channel: half of the bids have one of four texts.
    T2,
    /// As T2, counting distinct bidders.
    T3,
    /// A filter that a third of the bids pass.
    F1,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Json,
    Csv,
    Parquet,
    Memory,
}

impl Query {
    const ALL: [Self; 4] = [Self::T1, Self::T2, Self::T3, Self::F1];

    fn name(self) -> &'static str {
        match self {
            Self::T1 => "T1",
            Self::T2 => "T2",
            Self::T3 => "T3",
            Self::F1 => "F1",
        }
    }

    fn sql(self) -> String {
        let (key, aggregate) = match self {
            Self::T1 => ("auction", "SUM(price)"),
            Self::T2 => ("channel", "SUM(price)"),
            Self::T3 => ("channel", "COUNT(DISTINCT bidder)"),
            Self::F1 => return "SELECT auction, price FROM bid WHERE price > 1000000".to_owned(),
        };
        format!(
            "SELECT window_start, window_end, {key}, COUNT(*), {aggregate}, MAX(price) \
             FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND)) \
             WHERE price > 1000 GROUP BY window_start, window_end, {key}"
        )
    }
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Memory => "memory",
        }
    }

    /// The format of the files that it takes.
    fn files(self) -> &'static str {
        match self {
            Self::Memory => Self::Parquet.name(),
            format => format.name(),
        }
    }
}

/// What names a case.
const NAMES: [&str; 2] = ["query", "format"];
/// The event time of bids.
pub const ROWTIME: &str = "dateTime";
/// The watermark of bids.
pub const WATERMARK: &str = "`dateTime` - INTERVAL '4' SECOND";

/// The statement that declares the bids in a folder as a table.
pub fn table(name: &str, folder: &Path, format: &str) -> String {
    let path = quoted(&folder.join(format).display().to_string());
    format!(
        "CREATE TABLE {name} (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, \
         url STRING, extra STRING, `{ROWTIME}` TIMESTAMP(3), \
         WATERMARK FOR `{ROWTIME}` AS {WATERMARK}) \
         WITH ('connector'='filesystem', 'path'='{path}', 'format'='{format}');\n"
    )
}

/// Measures the queries, after the files are written that are missing.
///
/// # Errors
/// When a query fails, or the files hold other bids than asked for.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let bids = arguments.events;
    let folder = match &arguments.data {
        Some(folder) => folder.clone(),
        None => root().join("target/bench-data").join(bids.to_string()),
    };
    let folder = std::path::absolute(&folder).map_err(Error::at(&folder))?;
    for format in &arguments.format {
        prepare(&folder, format.files(), bids)?;
    }
    if arguments.prepare {
        return Ok(());
    }
    let queries = match arguments.queries.as_slice() {
        [] => Query::ALL.as_slice(),
        some => some,
    };
    let mut cases = Vec::new();
    for query in queries {
        let case = |format: &Format| case(arguments, &folder, *query, *format);
        cases.extend(arguments.format.iter().map(case));
    }
    report::run(&mut cases, arguments.common.runs)?;
    show(&report::table(&NAMES, Speed::MillionsPerSecond("rows"), &cases))?;
    report::save(arguments.common.json.as_deref(), &report::json(&NAMES, &cases)?)
}

fn case(arguments: &Arguments, folder: &Path, query: Query, format: Format) -> Case {
    let (load, declaration) = match format {
        Format::Memory => (Some(Load::Bids(folder.to_owned())), String::new()),
        _ => (None, table("bid", folder, format.name())),
    };
    let names = vec![query.name().to_owned(), format.name().to_owned()];
    Case {
        task: QueryTask {
            name: names.join(" over "),
            parallelism: arguments.common.parallelism(),
            load,
            script: format!("{declaration}{};\n", query.sql()),
        },
        names,
        size: arguments.events,
        rows_in: Some(arguments.events),
        runs: Vec::new(),
    }
}

/// Writes the bids in a format, where there are none yet.
fn prepare(folder: &Path, format: &str, bids: u64) -> Result<(), Error> {
    // The engine's sink shows its files when all are written, so what is there is whole.
    let shown = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| !entry.file_name().to_string_lossy().starts_with(['.', '_']))
    };
    let path = folder.join(format);
    if std::fs::read_dir(&path).is_ok_and(|mut entries| entries.any(shown)) {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(Error::at(folder))?;
    let script = format!(
        "CREATE TABLE generated (WATERMARK FOR `{ROWTIME}` AS {WATERMARK}) \
         WITH ('connector'='nexmark', 'table'='bid', 'events.num'='{}');\n{}\
         INSERT INTO bid SELECT auction, bidder, price, channel, url, extra, `{ROWTIME}` \
         FROM generated;\n",
        events_of(bids),
        table("bid", folder, format),
    );
    let task = QueryTask { name: format!("writing {format}"), parallelism: 1, load: None, script };
    let written: Measurement = child::run(&Task::Query(task))?;
    let rows = grouped(written.rows_out);
    eprintln!("wrote {rows} bids to {} in {:.1} s", path.display(), written.wall_s);
    Ok(())
}

/// How many events hold so many bids: of every 50 the last 46 are bids.
fn events_of(bids: u64) -> u64 {
    match (bids / 46, bids % 46) {
        (cycles, 0) => cycles * 50,
        (cycles, rest) => cycles * 50 + 4 + rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_bids_as_asked_for() {
        let events = [1, 45, 46, 47, 92, 1_000_000].map(events_of);
        assert_eq!(events, [5, 49, 50, 55, 100, 1_086_960]);
    }

    #[test]
    fn paths_with_quotes_stay_within_theirs() {
        let sql = table("bid", Path::new("/it's"), "csv");
        assert!(sql.contains("'path'='/it''s/csv', 'format'='csv'"), "{sql}");
    }
}
