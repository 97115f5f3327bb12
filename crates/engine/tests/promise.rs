//! The promise of the runtime: the final result, and what counts as late, do not depend on how the input
//! was batched, on how epochs were cut, or on parallelism; and both equal a direct computation.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, AsArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit, TimestampMillisecondType};
use millstream::Engine;
use millstream_testing::Random;

const SIZE_MS: i64 = 1_000;
const DELAY_MS: i64 = 300;

#[derive(Clone)]
struct Row {
    key: Option<String>,
    value: Option<i64>,
    ts: i64,
}

fn rows(random: &mut Random, count: usize, disorder_ms: u64) -> Vec<Row> {
    (0..count)
        .map(|at| Row {
            key: (random.below(10) > 0).then(|| format!("k{}", random.below(7))),
            value: (random.below(8) > 0).then(|| random.below(1_000) as i64 - 500),
            // Around 1970 on purpose: windows start below zero too.
            ts: at as i64 * 20 - 2_000 - random.below(disorder_ms + 1) as i64,
        })
        .collect()
}

type Group = (i64, Option<String>);
type Groups = BTreeMap<Group, (i64, Option<i64>, i64)>;

/// Count, sum and number of distinct values of each window and key, and how many rows are late.
fn direct(rows: &[Row]) -> (Groups, u64) {
    let mut groups: BTreeMap<Group, Vec<Option<i64>>> = BTreeMap::new();
    let (mut watermark, mut late) = (i64::MIN, 0);
    for row in rows {
        let start = row.ts.div_euclid(SIZE_MS) * SIZE_MS;
        if start + SIZE_MS - 1 <= watermark {
            late += 1;
        } else {
            groups.entry((start, row.key.clone())).or_default().push(row.value);
        }
        watermark = watermark.max(row.ts - DELAY_MS);
    }
    let fold = |values: Vec<Option<i64>>| {
        let present: Vec<i64> = values.iter().flatten().copied().collect();
        let distinct = present.iter().collect::<BTreeSet<_>>().len() as i64;
        (values.len() as i64, (!present.is_empty()).then(|| present.iter().sum()), distinct)
    };
    (groups.into_iter().map(|(group, values)| (group, fold(values))).collect(), late)
}

fn batch(schema: &Arc<Schema>, rows: &[Row]) -> RecordBatch {
    let keys: StringArray = rows.iter().map(|row| row.key.clone()).collect();
    let values: Int64Array = rows.iter().map(|row| row.value).collect();
    let times = TimestampMillisecondArray::from_iter_values(rows.iter().map(|row| row.ts));
    RecordBatch::try_new(
        Arc::clone(schema),
        vec![Arc::new(keys), Arc::new(values), Arc::new(times)],
    )
    .unwrap()
}

#[tokio::test]
async fn results_and_late_rows_do_not_depend_on_how_they_are_computed() {
    let schema = Arc::new(Schema::new(vec![
        Field::new("key", DataType::Utf8, true),
        Field::new("value", DataType::Int64, true),
        Field::new("ts", DataType::Timestamp(TimeUnit::Millisecond, None), true),
    ]));
    let sql = "SELECT window_start, key, COUNT(*) AS n, SUM(`value`) AS s, COUNT(DISTINCT `value`) AS d \
               FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' SECOND)) \
               GROUP BY window_start, window_end, key";
    for seed in 0..24 {
        let mut random = Random::new(seed);
        let count = 200 + random.below(800) as usize;
        let disorder = [0, 200, 400, 3_000][random.below(4) as usize];
        let rows = rows(&mut random, count, disorder);
        let (due, due_late) = direct(&rows);
        for parallelism in 1..=4 {
            let most = [1, 3, 50, 5_000][random.below(4) as usize];
            let mut batches = Vec::new();
            let mut rest = &rows[..];
            while !rest.is_empty() {
                let length = (1 + random.below(most) as usize).min(rest.len());
                batches.push(batch(&schema, &rest[..length]));
                rest = &rest[length..];
            }
            let pieces = 1 + random.below(9) as usize;
            let engine =
                Engine::builder().parallelism(parallelism).pieces_per_epoch(pieces).build();
            engine.register_batches("t", batches).unwrap();
            engine.declare_watermark("t", "ts", "ts - INTERVAL '0.3' SECOND").unwrap();
            let mut query = engine.sql(sql).await.unwrap();
            let mut given = BTreeMap::new();
            while let Some(changes) = query.next().await {
                let rows = changes.unwrap().rows;
                let starts = rows.column(0).as_primitive::<TimestampMillisecondType>();
                let keys = rows.column(1).as_string::<i32>();
                let [n, s, d] = [2, 3, 4].map(|at| rows.column(at).as_primitive::<Int64Type>());
                for row in 0..rows.num_rows() {
                    let group =
                        (starts.value(row), keys.is_valid(row).then(|| keys.value(row).to_owned()));
                    let sum = s.is_valid(row).then(|| s.value(row));
                    let twice = given.insert(group, (n.value(row), sum, d.value(row)));
                    assert!(twice.is_none(), "a group came twice");
                }
            }
            let what = format!(
                "seed {seed}, parallelism {parallelism}, batches of {most}, epochs of {pieces}"
            );
            assert_eq!(given, due, "{what}");
            assert_eq!(query.metrics().late, due_late, "{what}");
        }
    }
}

/// Rows taken back leave no trace: what is grouped twice, once by the changes of the other, is right.
#[tokio::test]
async fn changes_of_changes_are_right_in_every_epoch() {
    let schema = Arc::new(Schema::new(vec![
        Field::new("key", DataType::Int64, true),
        Field::new("value", DataType::Int64, true),
    ]));
    let mut random = Random::new(7);
    let rows: Vec<(i64, i64)> =
        (0..500).map(|_| (random.below(20) as i64, random.below(5) as i64)).collect();
    let batches: Vec<RecordBatch> = rows
        .chunks(13)
        .map(|rows| {
            let keys = Int64Array::from_iter_values(rows.iter().map(|row| row.0));
            let values = Int64Array::from_iter_values(rows.iter().map(|row| row.1));
            RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(keys), Arc::new(values)])
                .unwrap()
        })
        .collect();
    for parallelism in [1, 3] {
        let engine = Engine::builder().parallelism(parallelism).pieces_per_epoch(1).build();
        engine.register_batches("t", batches.clone()).unwrap();
        let sql = "SELECT n, COUNT(*) AS groups, SUM(n) AS total FROM \
                   (SELECT key, COUNT(*) AS n FROM t GROUP BY key) GROUP BY n";
        let mut query = engine.sql(sql).await.unwrap();
        let mut table: BTreeMap<(i64, i64, i64), i64> = BTreeMap::new();
        let mut epochs = 0;
        while let Some(changes) = query.next().await {
            let changes = changes.unwrap();
            let columns = [0, 1, 2].map(|at| changes.rows.column(at).as_primitive::<Int64Type>());
            for row in 0..changes.num_rows() {
                let key = (columns[0].value(row), columns[1].value(row), columns[2].value(row));
                *table.entry(key).or_default() += changes.weight(row);
            }
            assert!(table.values().all(|weight| *weight >= 0) || parallelism > 1);
            table.retain(|_, weight| *weight != 0);
            epochs += 1;
        }
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        rows.iter().for_each(|row| *counts.entry(row.0).or_default() += 1);
        let mut due: BTreeMap<i64, i64> = BTreeMap::new();
        counts.values().for_each(|n| *due.entry(*n).or_default() += 1);
        let due: BTreeMap<_, _> =
            due.into_iter().map(|(n, groups)| ((n, groups, n * groups), 1)).collect();
        assert_eq!(table, due);
        assert!(epochs > 10);
    }
}
