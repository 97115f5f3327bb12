//! Watermarks when things are not as they should be: silent sources, timestamps from the future, sources
//! that run ahead; and what a query tells of all that.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, Int64Array, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use millstream::{Engine, Outcome, Query, Script};
use millstream_types::ChangeBatch;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("n", DataType::Int64, true),
        Field::new("ts", DataType::Timestamp(TimeUnit::Millisecond, None), true),
    ]))
}

fn rows(rows: &[(i64, Option<i64>)]) -> RecordBatch {
    let numbers = Int64Array::from_iter_values(rows.iter().map(|row| row.0));
    let times: TimestampMillisecondArray = rows.iter().map(|row| row.1).collect();
    RecordBatch::try_new(schema(), vec![Arc::new(numbers), Arc::new(times)]).unwrap()
}

const WATERMARK: &str = "ts - INTERVAL '1' SECOND";

fn numbers(changes: &ChangeBatch, column: usize) -> Vec<i64> {
    changes.rows.column(column).as_primitive::<Int64Type>().values().to_vec()
}

/// What comes within some seconds.
async fn soon(query: &mut Query) -> Option<ChangeBatch> {
    let next = tokio::time::timeout(Duration::from_secs(20), query.next()).await.unwrap();
    next.map(Result::unwrap)
}

fn table(engine: &Engine, sql: &str) -> RecordBatch {
    let script = Script::new(sql).unwrap();
    match engine.run(&script.statements()[0], sql).unwrap() {
        Outcome::Table(rows) => rows,
        other => panic!("{other:?}"),
    }
}

fn text(rows: &RecordBatch) -> String {
    let mut text = String::new();
    for row in 0..rows.num_rows() {
        let cells = rows.columns().iter().map(|column| {
            let column = column.as_string::<i32>();
            if arrow::array::Array::is_null(column, row) { "" } else { column.value(row) }
        });
        text.push_str(&cells.collect::<Vec<_>>().join(" | "));
        text.push('\n');
    }
    text
}

/// What SHOW WATERMARKS says once it says something.
async fn watermarks(engine: &Engine, due: &str) -> String {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let said = text(&table(engine, "SHOW WATERMARKS"));
        if said.contains(due) {
            return said;
        }
        assert!(Instant::now() < until, "waited for {due}, saw\n{said}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const COUNTS: &str = "SELECT COUNT(*), SUM(n) FROM TABLE(TUMBLE(TABLE both_of_them, DESCRIPTOR(ts), \
                      INTERVAL '10' SECOND)) GROUP BY window_start, window_end";

#[tokio::test]
async fn the_others_go_on_without_a_silent_source() {
    let engine = Engine::builder().parallelism(2).build();
    let busy = engine.register_push("busy", schema()).unwrap();
    let silent = engine.register_push("silent", schema()).unwrap();
    for table in ["busy", "silent"] {
        engine.declare_watermark(table, "ts", WATERMARK).unwrap();
    }
    engine
        .execute(
            "CREATE VIEW both_of_them AS SELECT * FROM busy UNION ALL SELECT * FROM silent; \
             SET 'table.exec.source.idle-timeout' = '300 ms'",
        )
        .await
        .unwrap();
    let mut query = engine.sql(COUNTS).await.unwrap();
    silent.push(rows(&[(1, Some(1_000))])).await.unwrap();
    busy.push(rows(&[(10, Some(2_000)), (20, Some(30_000))])).await.unwrap();
    // The silent source is at 0 s: only once it counts as idle the window [0, 10) is complete.
    let changes = soon(&mut query).await.unwrap();
    assert_eq!((numbers(&changes, 0), numbers(&changes, 1)), (vec![2], vec![11]));
    let said = watermarks(&engine, "Source(silent) | 0 | 1970-01-01 00:00:00.000 | idle").await;
    assert!(said.contains("waits for window [1970-01-01 00:00:30.000"), "{said}");
    assert!(said.contains("10 s, to 1970-01-01 00:00:39.999"), "{said}");
    // A row of it that comes too late is counted, one that is ahead wakes it.
    silent.push(rows(&[(2, Some(3_000)), (4, Some(31_000))])).await.unwrap();
    // Nothing orders the rows of two sources: the busy one waits here until the other has been read.
    watermarks(&engine, "Source(silent) | 0 | 1970-01-01 00:00:30.000").await;
    busy.push(rows(&[(40, Some(60_000))])).await.unwrap();
    let changes = soon(&mut query).await.unwrap();
    assert_eq!((numbers(&changes, 0), numbers(&changes, 1)), (vec![2], vec![24]));
    drop((busy, silent));
    while soon(&mut query).await.is_some() {}
    assert_eq!(query.metrics().late, 1);
}

#[tokio::test]
async fn without_a_timeout_a_silent_source_holds_all_back_and_is_named() {
    let engine = Engine::new();
    let busy = engine.register_push("busy", schema()).unwrap();
    let silent = engine.register_push("silent", schema()).unwrap();
    for table in ["busy", "silent"] {
        engine.declare_watermark(table, "ts", WATERMARK).unwrap();
    }
    let view = "CREATE VIEW both_of_them AS SELECT * FROM busy UNION ALL SELECT * FROM silent";
    engine.execute(view).await.unwrap();
    let query = engine.sql(COUNTS).await.unwrap();
    busy.push(rows(&[(10, Some(2_000)), (20, Some(30_000))])).await.unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while query.metrics().rows_in < 2 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(query.metrics().rows_out, 0);
    let why = millstream::observe::why_nothing_comes(&query.counters()).unwrap();
    assert!(why.contains("WindowAggregate waits for window [1970-01-01 00:00:00.000"), "{why}");
    assert!(why.contains("held back by silent, split 0: it has given no row for"), "{why}");
    assert!(why.contains("SET 'table.exec.source.idle-timeout'"), "{why}");
    let said = text(&table(&engine, "SHOW WATERMARKS"));
    assert!(said.contains("Source(silent) | 0 | none yet | active"), "{said}");
    drop(silent);
}

#[tokio::test]
async fn a_row_from_the_future_does_not_move_the_watermark() {
    let engine = Engine::new();
    let future = 32_503_680_000_000; // the year 3000
    let given = [(1, Some(1_000)), (2, Some(future)), (3, Some(2_000)), (4, None)];
    engine.register_batches("t", vec![rows(&given)]).unwrap();
    engine.declare_watermark("t", "ts", WATERMARK).unwrap();
    let sql = "SELECT SUM(n) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) \
               GROUP BY window_start, window_end";
    // Without a guard it makes everything behind it late.
    let mut query = engine.sql(sql).await.unwrap();
    let mut sums = Vec::new();
    while let Some(changes) = soon(&mut query).await {
        sums.extend(numbers(&changes, 0));
    }
    sums.sort_unstable();
    assert_eq!((sums, query.metrics().late), (vec![1, 2], 1));
    engine.execute("SET 'table.exec.source.max-future-skew' = '1 d'").await.unwrap();
    let mut query = engine.sql(sql).await.unwrap();
    let mut sums = Vec::new();
    while let Some(changes) = soon(&mut query).await {
        sums.extend(numbers(&changes, 0));
    }
    sums.sort_unstable();
    let metrics = query.metrics();
    assert_eq!((sums, metrics.late, metrics.too_far_ahead), (vec![2, 4], 0, 1));
    // What was left out can be looked at, with the reason.
    let sql = "SELECT `row` FROM millstream.dropped_rows WHERE reason = 'too far ahead'";
    let mut dropped = engine.sql(sql).await.unwrap();
    let changes = soon(&mut dropped).await.unwrap();
    let row = changes.rows.column(0).as_string::<i32>().value(0);
    assert_eq!(row, r#"{"n":2,"ts":"3000-01-01 00:00:00"}"#);
    let sql =
        "SELECT operator, reason, COUNT(*) FROM millstream.dropped_rows GROUP BY operator, reason";
    let mut dropped = engine.sql(sql).await.unwrap();
    let mut counts: Vec<(String, String, i64)> = Vec::new();
    while let Some(changes) = soon(&mut dropped).await {
        let texts = [0, 1].map(|at| changes.rows.column(at).as_string::<i32>());
        for (row, count) in numbers(&changes, 2).into_iter().enumerate() {
            counts.push((texts[0].value(row).to_owned(), texts[1].value(row).to_owned(), count));
        }
    }
    counts.sort();
    let due = [
        ("WatermarkAssigner(t)", "too far ahead", 1),
        ("WindowAggregate(t)", "late", 1),
        ("WindowAggregate(t)", "null rowtime", 2),
    ];
    let due = due.map(|(operator, reason, n)| (operator.to_owned(), reason.to_owned(), n));
    assert_eq!(counts, due);
}

#[tokio::test]
async fn an_aligned_source_does_not_run_ahead() {
    let engine = Engine::builder().parallelism(1).pieces_per_epoch(1).build();
    // One second of event time a batch.
    let fast = (0..200).map(|at| rows(&[(1, Some(at * 1_000))])).collect();
    engine.register_batches("fast", fast).unwrap();
    let slow = engine.register_push("slow", schema()).unwrap();
    for table in ["fast", "slow"] {
        engine.declare_watermark(table, "ts", WATERMARK).unwrap();
    }
    let hint = "/*+ OPTIONS('scan.watermark.alignment.group' = 'g', \
                'scan.watermark.alignment.max-drift' = '10 s') */";
    engine
        .execute(&format!(
            "CREATE VIEW both_of_them AS SELECT * FROM fast {hint} UNION ALL SELECT * FROM slow {hint}"
        ))
        .await
        .unwrap();
    let mut query = engine.sql(COUNTS).await.unwrap();
    slow.push(rows(&[(100, Some(5_000))])).await.unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while query.metrics().rows_in < 14 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    // The slow one is at 4 s, so the fast one is at 14 s, and one batch further.
    let read = query.metrics().rows_in;
    assert!((16..=18).contains(&read), "{read}");
    watermarks(&engine, "paused until the sources it is aligned with").await;
    drop(slow);
    let mut total = 0;
    while let Some(changes) = soon(&mut query).await {
        total += numbers(&changes, 0).iter().sum::<i64>();
    }
    assert_eq!((total, query.metrics().late), (201, 0));
}

#[tokio::test]
async fn a_source_that_is_paused_is_not_idle() {
    let engine = Engine::builder().parallelism(1).pieces_per_epoch(1).build();
    let slow = engine.register_push("slow", schema()).unwrap();
    let fast = (0..100).map(|at| rows(&[(1, Some(at * 1_000))])).collect();
    engine.register_batches("fast", fast).unwrap();
    for table in ["fast", "slow"] {
        engine.declare_watermark(table, "ts", WATERMARK).unwrap();
    }
    let hint = "/*+ OPTIONS('scan.watermark.alignment.group' = 'g', \
                'scan.watermark.alignment.max-drift' = '5 s') */";
    engine
        .execute(&format!(
            "SET 'table.exec.source.idle-timeout' = '400 ms'; \
             CREATE VIEW both_of_them AS SELECT * FROM fast {hint} UNION ALL SELECT * FROM slow {hint}"
        ))
        .await
        .unwrap();
    let mut query = engine.sql(COUNTS).await.unwrap();
    // It is never silent for as long as the timeout, and much slower than the other one.
    for at in 0..12 {
        slow.push(rows(&[(100, Some(at * 1_000))])).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(slow);
    let mut total = 0;
    while let Some(changes) = soon(&mut query).await {
        total += numbers(&changes, 0).iter().sum::<i64>();
    }
    assert_eq!((total, query.metrics().late), (112, 0));
}

#[tokio::test]
async fn windows_come_early_and_again_for_late_rows() {
    let engine = Engine::builder().pieces_per_epoch(1).build();
    let input = engine.register_push("t", schema()).unwrap();
    engine.declare_watermark("t", "ts", WATERMARK).unwrap();
    engine
        .execute(
            "SET 'table.exec.emit.early-fire.enabled' = 'true'; \
             SET 'table.exec.emit.early-fire.delay' = '0 s'; \
             SET 'table.exec.emit.late-fire.enabled' = 'true'; \
             SET 'table.exec.emit.late-fire.delay' = '0 s'; \
             SET 'table.exec.emit.allow-lateness' = '20 s'",
        )
        .await
        .unwrap();
    let sql = "SELECT SUM(n) FROM t GROUP BY TUMBLE(ts, INTERVAL '10' SECOND)";
    let mut query = engine.sql(sql).await.unwrap();
    assert!(!query.appends());
    let mut step = async |given: &[(i64, Option<i64>)]| {
        input.push(rows(given)).await.unwrap();
        let changes = soon(&mut query).await.unwrap();
        (0..changes.num_rows())
            .map(|row| (numbers(&changes, 0)[row], changes.weight(row)))
            .collect::<Vec<_>>()
    };
    assert_eq!(step(&[(1, Some(1_000))]).await, [(1, 1)]);
    assert_eq!(step(&[(2, Some(2_000))]).await, [(1, -1), (3, 1)]);
    // The window is complete and stays as it is, the next one comes early.
    assert_eq!(step(&[(5, Some(15_000))]).await, [(5, 1)]);
    // A late row changes it, one that is later than allowed does not.
    assert_eq!(step(&[(4, Some(3_000))]).await, [(3, -1), (7, 1)]);
    assert_eq!(step(&[(8, Some(40_000)), (9, Some(4_000))]).await, [(8, 1)]);
    drop(input);
    while soon(&mut query).await.is_some() {}
    assert_eq!(query.metrics().late, 1);
}

#[tokio::test]
async fn windows_of_processing_time_end_by_the_clock() {
    let engine = Engine::new();
    let input = engine.register_push("t", schema()).unwrap();
    let view = "CREATE VIEW p AS SELECT n, PROCTIME() AS proc FROM t";
    engine.execute(view).await.unwrap();
    let sql = "SELECT SUM(n) FROM TABLE(TUMBLE(TABLE p, DESCRIPTOR(proc), INTERVAL '1' SECOND)) \
               GROUP BY window_start, window_end";
    let mut query = engine.sql(sql).await.unwrap();
    input.push(rows(&[(1, None), (2, None)])).await.unwrap();
    // No row comes any more, and the input has not ended: it is the clock that ends the window.
    let changes = soon(&mut query).await.unwrap();
    assert_eq!(numbers(&changes, 0), [3]);
    drop(input);
    assert!(soon(&mut query).await.is_none());
}

#[tokio::test]
async fn a_query_is_explained_with_what_it_did() {
    let engine = Engine::builder().parallelism(2).build();
    let given: Vec<_> = (0..100).map(|at| (at, Some(at * 1_000))).collect();
    engine.register_batches("t", given.chunks(9).map(rows).collect()).unwrap();
    engine.declare_watermark("t", "ts", WATERMARK).unwrap();
    let sql = "EXPLAIN ANALYZE SELECT n, COUNT(*) FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' \
               SECOND, INTERVAL '10' SECOND)) GROUP BY window_start, window_end, n";
    let script = Script::new(sql).unwrap();
    let Outcome::Analysis(mut analysis) = engine.run(&script.statements()[0], sql).unwrap() else {
        panic!("no analysis");
    };
    analysis.join().await.unwrap();
    let text = analysis.text();
    assert!(
        text.contains("Source(t, connector=in memory, columns=[n, ts]) [I] | 100 rows"),
        "{text}"
    );
    assert!(text.contains("state: keys × open slices (2 of 5 s a window"), "{text}");
    assert!(text.contains("| 200 rows"), "{text}");
    assert!(text.contains("bytes of state"), "{text}");
}

#[tokio::test]
async fn no_row_is_late_by_the_clock() {
    let engine = Engine::builder().pieces_per_epoch(1).build();
    let times = [4_000_000_000_000, 4_000_000_000_000, 1_000];
    let batches = (1..).zip(times).map(|(n, at)| rows(&[(n, Some(at))])).collect();
    engine.register_batches("t", batches).unwrap();
    engine.declare_watermark("t", "ts", "ts").unwrap();
    // What the windows below follow is ahead of the clock by far, and so is the watermark that rows met.
    engine.execute("CREATE VIEW p AS SELECT n, ts, PROCTIME() AS proc FROM t").await.unwrap();
    let tumble = "TABLE(TUMBLE(TABLE p, DESCRIPTOR(proc), INTERVAL '1' SECOND))";
    for sql in [
        format!("SELECT SUM(n), MAX(ts) FROM {tumble} GROUP BY window_start, window_end"),
        format!(
            "SELECT n, ts FROM (SELECT n, ts, ROW_NUMBER() OVER (PARTITION BY window_start, window_end \
             ORDER BY n) AS rn FROM {tumble}) WHERE rn <= 3"
        ),
        "SELECT SUM(n), MAX(ts) FROM TABLE(SESSION(TABLE p, DESCRIPTOR(proc), INTERVAL '1' SECOND)) \
         GROUP BY window_start, window_end"
            .to_owned(),
    ] {
        let mut query = engine.sql(&sql).await.unwrap();
        let mut sum = 0;
        while let Some(changes) = soon(&mut query).await {
            sum += numbers(&changes, 0).into_iter().sum::<i64>();
        }
        assert_eq!((sum, query.metrics().late), (6, 0), "{sql}");
    }
}
