//! Joins, ranks and LIMIT against direct computations, over inputs that are added to and inputs that change.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use millstream::Engine;
use millstream_testing::Random;

/// A key and a value; NULL is `None`.
type Row = (Option<i64>, Option<i64>);
/// How often each line is in a result.
type Table = BTreeMap<Vec<Option<i64>>, i64>;

fn rows(random: &mut Random, count: u64) -> Vec<Row> {
    let cell =
        |random: &mut Random, most: u64| (random.below(7) > 0).then(|| random.below(most) as i64);
    (0..count).map(|_| (cell(random, 6), cell(random, 9))).collect()
}

fn batches(random: &mut Random, rows: &[Row]) -> Vec<RecordBatch> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("k", DataType::Int64, true),
        Field::new("v", DataType::Int64, true),
    ]));
    let most = [1, 4, 1_000][random.below(3) as usize];
    let mut made = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() || made.is_empty() {
        let length = (1 + random.below(most) as usize).min(rest.len());
        let keys: Int64Array = rest[..length].iter().map(|row| row.0).collect();
        let values: Int64Array = rest[..length].iter().map(|row| row.1).collect();
        let columns: Vec<Arc<dyn Array>> = vec![Arc::new(keys), Arc::new(values)];
        made.push(RecordBatch::try_new(Arc::clone(&schema), columns).unwrap());
        rest = &rest[length..];
    }
    made
}

async fn run(sql: &str, tables: [Vec<RecordBatch>; 2], parallelism: usize, pieces: usize) -> Table {
    let engine = Engine::builder().parallelism(parallelism).pieces_per_epoch(pieces).build();
    let [a, b] = tables;
    engine.register_batches("a", a).unwrap();
    engine.register_batches("b", b).unwrap();
    let mut query = engine.sql(sql).await.unwrap();
    let appends = query.appends();
    let mut table = Table::new();
    while let Some(changes) = query.next().await {
        let changes = changes.unwrap();
        for row in 0..changes.num_rows() {
            let cell = |column: &Arc<dyn Array>| {
                (!column.is_null(row)).then(|| column.as_primitive::<Int64Type>().value(row))
            };
            let line = changes.rows.columns().iter().map(cell).collect();
            assert!(!appends || changes.weight(row) == 1, "a row was taken back");
            *table.entry(line).or_default() += changes.weight(row);
        }
        table.retain(|_, copies| *copies != 0);
    }
    assert!(table.values().all(|copies| *copies > 0), "{sql}: {table:?}");
    table
}

/// Runs a query over two random tables in many ways and compares it with a direct computation.
async fn check(sql: &str, direct: impl Fn(&[Row], &[Row]) -> Table) {
    for seed in 0..10 {
        let mut random = Random::new(seed * 31 + sql.len() as u64);
        let counts = [random.below(60), random.below(60)];
        let (a, b) = (rows(&mut random, counts[0]), rows(&mut random, counts[1]));
        let due = direct(&a, &b);
        for parallelism in [1, 2, 4] {
            let tables = [batches(&mut random, &a), batches(&mut random, &b)];
            let pieces = 1 + random.below(5) as usize;
            let given = run(sql, tables, parallelism, pieces).await;
            assert!(
                given == due,
                "{sql}\nseed {seed}, parallelism {parallelism}\nmissing {:?}\ntoo much {:?}",
                due.iter().filter(|line| given.get(line.0) != Some(line.1)).collect::<Vec<_>>(),
                given.iter().filter(|line| due.get(line.0) != Some(line.1)).collect::<Vec<_>>()
            );
        }
    }
}

/// A nested loop: pairs for which `test` holds, and rows without a partner of the sides that are kept.
fn nested(
    left: &[Row],
    right: &[Row],
    keeps: [bool; 2],
    test: impl Fn(&Row, &Row) -> bool,
) -> Table {
    let mut table = Table::new();
    let mut add = |line: Vec<Option<i64>>| *table.entry(line).or_default() += 1;
    for l in left {
        for r in right.iter().filter(|r| test(l, r)) {
            add(vec![l.0, l.1, r.0, r.1]);
        }
        if keeps[0] && !right.iter().any(|r| test(l, r)) {
            add(vec![l.0, l.1, None, None]);
        }
    }
    for r in right.iter().filter(|r| keeps[1] && !left.iter().any(|l| test(l, r))) {
        add(vec![None, None, r.0, r.1]);
    }
    table
}

#[tokio::test]
async fn joins_of_tables_are_right() {
    let kinds = [
        ("INNER", [false, false]),
        ("LEFT", [true, false]),
        ("RIGHT", [false, true]),
        ("FULL", [true, true]),
    ];
    for (kind, keeps) in kinds {
        let equal = |l: &Row, r: &Row| l.0.is_some() && l.0 == r.0;
        let sql = format!("SELECT a.k, a.v, b.k, b.v FROM a {kind} JOIN b ON a.k = b.k");
        check(&sql, |a, b| nested(a, b, keeps, equal)).await;
        let sql = format!("{sql} AND a.v < b.v");
        check(&sql, |a, b| nested(a, b, keeps, |l, r| equal(l, r) && less(l.1, r.1))).await;
        let sql = format!("SELECT a.k, a.v, b.k, b.v FROM a {kind} JOIN b ON a.v < b.k");
        check(&sql, |a, b| nested(a, b, keeps, |l, r| less(l.1, r.0))).await;
    }
    let sql = "SELECT a.k, a.v, b.k, b.v FROM a, b WHERE a.v = b.v AND a.k <> b.k";
    check(sql, |a, b| {
        let differ = |l: &Row, r: &Row| l.0.is_some() && r.0.is_some() && l.0 != r.0;
        nested(a, b, [false, false], |l, r| l.1.is_some() && l.1 == r.1 && differ(l, r))
    })
    .await;
}

fn less(l: Option<i64>, r: Option<i64>) -> bool {
    matches!((l, r), (Some(l), Some(r)) if l < r)
}

#[tokio::test]
async fn rows_with_and_without_a_partner_are_right() {
    let some = |a: &[Row], keeps: &dyn Fn(&Row) -> bool| {
        let mut table = Table::new();
        for row in a.iter().filter(|row| keeps(row)) {
            *table.entry(vec![row.0, row.1]).or_default() += 1;
        }
        table
    };
    let among = |row: &Row, b: &[Row]| row.0.is_some() && b.iter().any(|other| other.0 == row.0);
    check("SELECT k, v FROM a WHERE k IN (SELECT k FROM b)", |a, b| some(a, &|row| among(row, b)))
        .await;
    check(
        "SELECT k, v FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND b.v > a.v)",
        |a, b| some(a, &|row| b.iter().any(|r| r.0.is_some() && r.0 == row.0 && less(row.1, r.1))),
    )
    .await;
    check("SELECT k, v FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.k = a.k)", |a, b| {
        some(a, &|row| !among(row, b))
    })
    .await;
    check("SELECT k, v FROM a WHERE k NOT IN (SELECT k FROM b)", |a, b| {
        let open = b.iter().any(|other| other.0.is_none());
        some(a, &|row| b.is_empty() || (row.0.is_some() && !open && !among(row, b)))
    })
    .await;
}

#[tokio::test]
async fn joins_of_what_changes_are_right() {
    let counts = |rows: &[Row]| -> Vec<Row> {
        let mut counts: BTreeMap<Option<i64>, i64> = BTreeMap::new();
        rows.iter().for_each(|row| *counts.entry(row.0).or_default() += 1);
        counts.into_iter().map(|(k, n)| (k, Some(n))).collect()
    };
    let grouped = |table: &str| format!("(SELECT k, COUNT(*) AS n FROM {table} GROUP BY k)");
    let sql = format!(
        "SELECT l.k, l.n, r.k, r.n FROM {} l FULL JOIN {} r ON l.k = r.k AND l.n <> r.n",
        grouped("a"),
        grouped("b")
    );
    check(&sql, |a, b| {
        let differ = |l: &Row, r: &Row| l.0.is_some() && l.0 == r.0 && l.1 != r.1;
        nested(&counts(a), &counts(b), [true, true], differ)
    })
    .await;
    // A join with itself finds each row again, and a sum over both sides is always even.
    let sql = format!(
        "SELECT l.k, l.n, r.k, r.n FROM {} l LEFT JOIN {} r ON l.k IS NOT DISTINCT FROM r.k",
        grouped("a"),
        grouped("a")
    );
    check(&sql, |a, _| nested(&counts(a), &counts(a), [true, false], |l, r| l.0 == r.0)).await;
}

/// The rows of each partition with their numbers in descending order of the value, NULL last.
fn ranked(rows: &[Row], number: impl Fn(&[Row], usize) -> i64) -> Vec<(Row, i64)> {
    let mut partitions: BTreeMap<Option<i64>, Vec<Row>> = BTreeMap::new();
    rows.iter().for_each(|row| partitions.entry(row.0).or_default().push(*row));
    let mut all = Vec::new();
    for mut rows in partitions.into_values() {
        rows.sort_by_key(|row| std::cmp::Reverse(row.1));
        all.extend((0..rows.len()).map(|at| (rows[at], number(&rows, at))));
    }
    all
}

#[tokio::test]
async fn the_first_rows_of_each_key_are_right() {
    type Number = fn(&[Row], usize) -> i64;
    let functions: [(&str, Number); 3] = [
        ("ROW_NUMBER", |_, at| at as i64 + 1),
        ("RANK", |rows, at| rows.iter().position(|row| row.1 == rows[at].1).unwrap() as i64 + 1),
        ("DENSE_RANK", |rows, at| {
            let mut values: Vec<_> = rows[..=at].iter().map(|row| row.1).collect();
            values.dedup();
            values.len() as i64
        }),
    ];
    for (function, number) in functions {
        let from = format!(
            "FROM (SELECT k, v, {function}() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM a)"
        );
        check(&format!("SELECT k, v, n {from} WHERE n BETWEEN 2 AND 3"), |a, _| {
            let mut table = Table::new();
            for (row, n) in ranked(a, number).into_iter().filter(|(_, n)| (2..=3).contains(n)) {
                *table.entry(vec![row.0, row.1, Some(n)]).or_default() += 1;
            }
            table
        })
        .await;
        check(&format!("SELECT k, v {from} WHERE n <= 2"), |a, _| {
            let mut table = Table::new();
            for (row, _) in ranked(a, number).into_iter().filter(|(_, n)| *n <= 2) {
                *table.entry(vec![row.0, row.1]).or_default() += 1;
            }
            table
        })
        .await;
    }
}

#[tokio::test]
async fn the_first_rows_of_what_changes_are_right() {
    let counts = |rows: &[Row]| {
        let mut counts: BTreeMap<Option<i64>, i64> = BTreeMap::new();
        rows.iter().for_each(|row| *counts.entry(row.0).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().map(|(k, n)| (n, k)).collect();
        // NULL is the least key.
        counts.sort_by_key(|(n, k)| (std::cmp::Reverse(*n), *k));
        counts
    };
    let sql = "SELECT k, COUNT(*) AS n FROM a GROUP BY k ORDER BY n DESC, k LIMIT 2 OFFSET 1";
    check(sql, |a, _| {
        let first = counts(a).into_iter().skip(1).take(2);
        first.map(|(n, k)| (vec![k, Some(n)], 1)).collect()
    })
    .await;
    let sql = "SELECT n, k FROM (SELECT n, k, ROW_NUMBER() OVER (PARTITION BY n ORDER BY k) AS place FROM \
               (SELECT k, COUNT(*) AS n FROM a GROUP BY k)) WHERE place = 1";
    check(sql, |a, _| {
        let mut table = Table::new();
        let mut seen = Vec::new();
        for (n, k) in counts(a) {
            if !seen.contains(&n) {
                seen.push(n);
                table.insert(vec![Some(n), k], 1);
            }
        }
        table
    })
    .await;
}
