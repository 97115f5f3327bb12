//! The cost of an event as keys grow, and as more and more windows overlap.
//!
//! The rows are in memory before the clock starts: a scattered number `x` and a time that grows evenly.
//! With ten million keys and as many rows most groups hold a row or two: what is measured then is how a
//! group is made.

use clap::{Args, ValueEnum};

use crate::child::QueryTask;
use crate::error::Error;
use crate::load::Load;
use crate::report::{self, Case, Speed};
use crate::table::grouped;
use crate::{Common, show};

/// What is asked for.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What grows [default: all].
    #[arg(value_enum, value_name = "WHAT")]
    what: Vec<Growth>,
    /// Rows of the input.
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    events: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Growth {
    /// Keys of an aggregate that is updated.
    Group,
    /// Keys of an aggregate of windows.
    Window,
    /// Windows that each row is in.
    Overlap,
}

const KEYS: [u64; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// Divisors of [`HOP_SIZE_S`].
const OVERLAPS: [u64; 7] = [1, 2, 6, 20, 60, 200, 600];
const HOP_SIZE_S: u64 = 600;
const HOP_KEYS: u64 = 100;
/// Windows of the input when keys grow: few, so that keys meet in them.
const WINDOWS: u64 = 4;
const AGGREGATES: &str = "COUNT(*) AS n, SUM(x) AS s, MAX(x) AS m";

impl Growth {
    const ALL: [Self; 3] = [Self::Group, Self::Window, Self::Overlap];

    fn title(self) -> String {
        match self {
            Self::Group => format!("GROUP BY key: {AGGREGATES}"),
            Self::Window => format!("TUMBLE, {WINDOWS} windows of all rows, by key: {AGGREGATES}"),
            Self::Overlap => format!("HOP of {HOP_SIZE_S} s, {HOP_KEYS} keys, over an hour"),
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Group | Self::Window => "keys",
            Self::Overlap => "overlapping windows",
        }
    }

    fn sizes(self) -> &'static [u64] {
        match self {
            Self::Group | Self::Window => &KEYS,
            Self::Overlap => &OVERLAPS,
        }
    }

    /// The event time of the input.
    fn span_ms(self) -> u64 {
        match self {
            Self::Group | Self::Window => WINDOWS * 60_000,
            Self::Overlap => 3_600_000,
        }
    }

    fn sql(self, size: u64) -> String {
        let windows = |function: &str, keys: u64| {
            format!(
                "SELECT window_start, window_end, MOD(x, {keys}) AS k, {AGGREGATES} \
                 FROM TABLE({function}) GROUP BY window_start, window_end, MOD(x, {keys});"
            )
        };
        match self {
            Self::Group => {
                format!(
                    "SELECT MOD(x, {size}) AS k, {AGGREGATES} FROM numbers GROUP BY MOD(x, {size});"
                )
            }
            Self::Window => {
                windows("TUMBLE(TABLE numbers, DESCRIPTOR(ts), INTERVAL '1' MINUTE)", size)
            }
            Self::Overlap => {
                let (slide, size) = (HOP_SIZE_S / size, HOP_SIZE_S);
                let hop = format!(
                    "HOP(TABLE numbers, DESCRIPTOR(ts), INTERVAL '{slide}' SECOND(3), \
                     INTERVAL '{size}' SECOND(3))"
                );
                windows(&hop, HOP_KEYS)
            }
        }
    }
}

/// Measures what is asked for, a table each.
///
/// # Errors
/// When a query fails.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let growths = match arguments.what.as_slice() {
        [] => Growth::ALL.as_slice(),
        some => some,
    };
    let mut all = serde_json::Map::new();
    for growth in growths {
        let case = |size: &u64| case(arguments, *growth, *size);
        let mut cases: Vec<Case> = growth.sizes().iter().map(case).collect();
        report::run(&mut cases, arguments.common.runs)?;
        let names = [growth.column()];
        let table = report::table(&names, Speed::NanosEach("event"), &cases);
        show(&format!("{}\n\n{table}\n", growth.title()))?;
        all.insert(growth.title(), report::json(&names, &cases)?);
    }
    report::save(arguments.common.json.as_deref(), &all.into())
}

fn case(arguments: &Arguments, growth: Growth, size: u64) -> Case {
    let rows = arguments.events;
    Case {
        names: vec![grouped(size)],
        task: QueryTask {
            name: format!("{} {}", grouped(size), growth.column()),
            parallelism: arguments.common.parallelism(),
            load: Some(Load::Numbers { rows, span_ms: growth.span_ms() }),
            script: growth.sql(size),
        },
        size: rows,
        rows_in: Some(rows),
        runs: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_overlap_as_often_as_the_table_says() {
        assert!(OVERLAPS.iter().all(|overlap| HOP_SIZE_S.is_multiple_of(*overlap)));
        assert!(Growth::Overlap.sql(60).contains("INTERVAL '10' SECOND(3), INTERVAL '600'"));
    }
}
