//! The examples of all functions, whose answers are Flink's, and the reference that is made of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::path::Path;

use millstream::Engine;
use millstream_expr::reference::{Entry, entries, examples};
use millstream_types::text::TextColumn;

/// The only value of a query, as text.
async fn value(engine: &Engine, sql: &str) -> String {
    let query = engine.sql(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let batches = query.collect().await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut values = Vec::new();
    for changes in batches {
        let column = TextColumn::new(changes.rows.column(0), chrono_tz::Tz::UTC, None).unwrap();
        for row in 0..changes.num_rows() {
            let mut text = String::new();
            column.write_or(row, "NULL", &mut text);
            values.push((changes.weight(row), text));
        }
    }
    assert_eq!(values.len(), 1, "{sql} gives one value, not {values:?}");
    values.remove(0).1
}

#[tokio::test]
async fn examples_give_what_flink_gives() {
    let engine = Engine::builder().build();
    let mut failures = Vec::new();
    for example in examples() {
        let is_query = example.sql.to_ascii_uppercase().starts_with("SELECT");
        let sql = match is_query {
            true => example.sql.to_owned(),
            false => format!("SELECT {}", example.sql),
        };
        let given = value(&engine, &sql).await;
        let alike =
            given.eq_ignore_ascii_case(example.value) && matches!(&*given, "TRUE" | "FALSE");
        if given != example.value && !alike {
            failures.push(format!("{}: {given} instead of {}", example.sql, example.value));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_reference_is_that_of_the_functions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/functions.md");
    let due = reference();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &due).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == due, "docs/reference/functions.md is not up to date; BLESS=1 writes it anew");
}

fn reference() -> String {
    let mut out = String::from(
        "# Functions and operators\n\n\
         Names and rules are Flink's; so are the answers of the examples. `SHOW FUNCTIONS` lists what there\n\
         is, `DESCRIBE FUNCTION name` shows one. This page is generated from the program.\n",
    );
    let entries = entries();
    let mut family = "";
    for entry in &entries {
        if entry.family != family {
            family = entry.family;
            write!(out, "\n## {family}\n").unwrap();
        }
        write!(out, "\n### {}\n\n", entry.name).unwrap();
        write_entry(&mut out, entry);
    }
    out
}

fn write_entry(out: &mut String, entry: &Entry) {
    writeln!(out, "`{}`\n\n{}", entry.usage, entry.about).unwrap();
    let examples: Vec<_> = examples().filter(|example| example.name == entry.name).collect();
    if examples.is_empty() {
        return;
    }
    out.push_str("\n```text\n");
    for example in examples.iter().take(4) {
        writeln!(out, "{} → {}", example.sql, example.value).unwrap();
    }
    out.push_str("```\n");
}
