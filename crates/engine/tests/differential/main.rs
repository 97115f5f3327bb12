//! Random queries over random tables: what is streamed must be what a batch engine gives.
//!
//! The batch engine is SQLite, and not DataFusion, whose planner crates are our front end: an
//! oracle that shares them shares their mistakes. SQLite evaluates a correlated subquery by a
//! nested loop, once for each row outside, and so knows no rule by which we make joins of them.
//!
//! A query is a tree of the test's own (`ast`), random and well typed (`generate`, `expressions`),
//! and written in both dialects (`render`). Tables are small, full of NULLs and of equal rows
//! (`tables`); some change while the query runs, and SQLite sees what remains. Batches, epochs and
//! parallelism are random (`run`). What fails is made smaller (`shrink`) before it is shown.
//!
//! ```sh
//! MILLSTREAM_QUERIES=20000 cargo test -p millstream --test differential
//! MILLSTREAM_SEED=17 cargo test -p millstream --test differential -- --nocapture
//! ```
//!
//! `MILLSTREAM_FIRST` is the first seed, `MILLSTREAM_FAILURES` how many failures of a kind are made
//! smaller and shown.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "fields of a test's own tree are named for what they are")]
#![allow(clippy::print_stdout, reason = "it tells what it found")]

mod ast;
mod expressions;
mod generate;
mod oracle;
mod render;
mod result;
mod run;
mod shrink;
mod tables;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::run::{Case, Failure, Outcome};

/// Messages of queries that are refused, as documented, and why that is so.
pub const REFUSALS: [(&str, &str); 1] = [(
    "NOT IN of a row of several columns",
    "it says what to write instead: NOT EXISTS, which means the same where nothing is NULL",
)];

/// The most refused queries of a thousand.
const REFUSED_MAX: u64 = 20;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// What all queries came to.
#[derive(Default)]
struct Tally {
    with_rows: u64,
    without_rows: u64,
    skipped: u64,
    refused: BTreeMap<&'static str, u64>,
    failed: Vec<(Case, Failure)>,
}

#[test]
fn streamed_queries_give_what_a_batch_engine_gives() {
    if let Some(seed) = number("MILLSTREAM_SEED") {
        return one(seed);
    }
    quiet();
    let first = number("MILLSTREAM_FIRST").unwrap_or(0);
    let count = number("MILLSTREAM_QUERIES").unwrap_or(2_000);
    let (next, tally) = (AtomicU64::new(first), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let runtime = runtime();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    let case = Case::random(seed);
                    let outcome = case.run(&runtime);
                    let mut tally = tally.lock().unwrap();
                    match outcome {
                        Outcome::Same(0) => tally.without_rows += 1,
                        Outcome::Same(_) => tally.with_rows += 1,
                        Outcome::Skipped => tally.skipped += 1,
                        Outcome::Refused(why) => *tally.refused.entry(why).or_default() += 1,
                        Outcome::Failed(failure) => tally.failed.push((case, failure)),
                    }
                }
            });
        }
    });
    judge(tally.into_inner().unwrap(), count);
}

/// Panics of the engine's threads become errors, which are told with their query.
fn quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        if name.contains("streamed_queries") || name.is_empty() {
            usual(panic);
        }
    }));
}

fn judge(mut tally: Tally, count: u64) {
    let refused: u64 = tally.refused.values().sum();
    println!(
        "{count} queries: {} with rows, {} without, {} too long, {refused} refused, {} failed",
        tally.with_rows,
        tally.without_rows,
        tally.skipped,
        tally.failed.len()
    );
    for (why, times) in &tally.refused {
        println!("  {times} x {why}");
    }
    let most = number("MILLSTREAM_FAILURES").unwrap_or(2) as usize;
    tally.failed.sort_by_key(|(case, _)| case.seed);
    let mut kinds: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (case, failure) in &tally.failed {
        let with = if case.query.has_subqueries() { "" } else { "without a subquery, " };
        kinds.entry(format!("{with}{}", failure.kind())).or_default().push(case.seed);
    }
    kinds.iter().for_each(|(kind, seeds)| println!("  {} x {kind}: {seeds:?}", seeds.len()));
    let failed = tally.failed.len();
    let runtime = runtime();
    let mut of_kind: BTreeMap<String, usize> = BTreeMap::new();
    for (case, failure) in tally.failed {
        let shown_already = of_kind.entry(failure.kind()).or_default();
        *shown_already += 1;
        if *shown_already > most {
            continue;
        }
        let (case, failure) = shrink::shrink(&case, failure, &runtime);
        println!("{}", shown(&case, &failure));
    }
    assert_eq!(failed, 0, "queries with another result than SQLite's");
    assert!(refused * 1_000 <= count * REFUSED_MAX, "too many queries are refused");
}

/// Runs the query of one seed and shows all of it.
fn one(seed: u64) {
    let case = Case::random(seed);
    let runtime = runtime();
    let outcome = case.run(&runtime);
    println!("{}", described(&case));
    match outcome {
        Outcome::Failed(failure) => {
            println!("{}", told(&failure, true));
            let (case, failure) = shrink::shrink(&case, failure, &runtime);
            panic!("{}", shown(&case, &failure));
        }
        other => println!("{other:?}"),
    }
}

fn described(case: &Case) -> String {
    let tables: String = case.tables.iter().map(|table| format!("  {}\n", table.text())).collect();
    format!(
        "seed {}, parallelism {}, {} pieces an epoch\n{tables}  millstream: {}\n  SQLite: {}",
        case.seed,
        case.parallelism,
        case.pieces,
        render::flink(&case.query),
        render::sqlite(&case.query)
    )
}

fn shown(case: &Case, failure: &Failure) -> String {
    format!("--- {}\n{}", described(case), told(failure, false))
}

fn told(failure: &Failure, whole: bool) -> String {
    match failure {
        Failure::Oracle(message) => format!("  SQLite refuses: {message}"),
        Failure::Error(message) => format!("  error: {message}"),
        Failure::Negative(rows) => format!("  rows below zero:\n{}", result::all(rows)),
        Failure::Different { given, due } if whole => {
            format!("  given:\n{}  due:\n{}", result::all(given), result::all(due))
        }
        Failure::Different { given, due } => format!(
            "  missing:\n{}  too much:\n{}",
            result::without(due, given),
            result::without(given, due)
        ),
    }
}
