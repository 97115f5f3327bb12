//! Money that only moves between accounts sums to zero in every result that is emitted, and a join of a table
//! with itself finds a partner for every row: all branches of a query see the same prefix of the input.
//!
//! `MILLSTREAM_TRANSFERS=1000000` in the environment asks for so many transfers at each size of an epoch.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use millstream::Engine;
use millstream_testing::Random;

const ACCOUNTS: u64 = 10;

fn transfers(random: &mut Random, count: usize, rows_per_epoch: usize) -> Vec<RecordBatch> {
    let fields = ["id", "src", "dst", "amount", "ts"].map(|n| Field::new(n, DataType::Int64, true));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let mut rows: Vec<[i64; 5]> = (0..count)
        .map(|id| {
            let [from, to] = [0; 2].map(|_| random.below(ACCOUNTS) as i64);
            [id as i64, from, to, random.below(1_000) as i64, id as i64]
        })
        .collect();
    // One transfer a ms, each up to 10 s late.
    rows.sort_by_cached_key(|row| row[4] + random.below(10_000) as i64);
    let batch = |rows: &[[i64; 5]]| {
        let column = |at: usize| -> Arc<dyn Array> {
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row[at])))
        };
        let columns = (0..5).map(column).collect();
        RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
    };
    rows.chunks(rows_per_epoch).map(batch).collect()
}

/// How many transfers there are, if not as many as a test takes by itself.
fn asked_for() -> Option<usize> {
    std::env::var("MILLSTREAM_TRANSFERS").ok()?.parse().ok()
}

#[tokio::test]
async fn no_money_is_made_or_lost_in_any_epoch() {
    let sql = "SELECT SUM(balance) AS total FROM (\
               SELECT COALESCE(c.account, d.account) AS account, \
               COALESCE(c.amount, 0) - COALESCE(d.amount, 0) AS balance \
               FROM (SELECT dst AS account, SUM(amount) AS amount FROM t GROUP BY dst) c \
               FULL JOIN (SELECT src AS account, SUM(amount) AS amount FROM t GROUP BY src) d \
               ON c.account = d.account)";
    for (rows_per_epoch, count) in [(1, 2_000), (7, 5_000), (1_000, 50_000), (65_536, 100_000)] {
        let count = asked_for().unwrap_or(count);
        for parallelism in [1, 2, 4] {
            let mut random = Random::new(rows_per_epoch as u64);
            let engine = Engine::builder().parallelism(parallelism).pieces_per_epoch(1).build();
            let batches = transfers(&mut random, count, rows_per_epoch);
            engine.register_batches("t", batches).unwrap();
            let mut query = engine.sql(sql).await.unwrap();
            let mut totals = 0;
            while let Some(changes) = query.next().await {
                let changes = changes.unwrap();
                let column = changes.rows.column(0).as_primitive::<Int64Type>();
                for row in 0..changes.num_rows() {
                    assert_eq!(column.value(row), 0, "{parallelism} {rows_per_epoch}");
                    totals += 1;
                }
            }
            // A total that stays what it is is not given again.
            assert_eq!(totals, 1);
        }
    }
}

#[tokio::test]
async fn a_table_joined_with_itself_has_a_partner_for_each_row_in_every_epoch() {
    let sql = "SELECT l.id, r.id FROM t l LEFT JOIN t r ON l.id = r.id";
    for parallelism in [1, 2, 4] {
        let engine = Engine::builder().parallelism(parallelism).pieces_per_epoch(1).build();
        let batches = transfers(&mut Random::new(3), 3_000, 7);
        engine.register_batches("t", batches).unwrap();
        let mut query = engine.sql(sql).await.unwrap();
        let mut rows: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        while let Some(changes) = query.next().await {
            let changes = changes.unwrap();
            let ids = [0, 1].map(|at| changes.rows.column(at).as_primitive::<Int64Type>());
            assert_eq!(ids[1].null_count(), 0, "a row without its partner");
            for row in 0..changes.num_rows() {
                let key = (ids[0].value(row), ids[1].value(row));
                *rows.entry(key).or_default() += changes.weight(row);
            }
        }
        assert_eq!(rows.len(), 3_000);
        assert!(rows.iter().all(|((left, right), copies)| left == right && *copies == 1));
    }
}
