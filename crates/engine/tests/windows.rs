//! Windows, sessions, ranks, joins and OVER against simulations that take one row after the other: the same
//! final table and the same number of late rows, however the input is batched and cut into epochs, and at
//! any parallelism.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit, TimestampMillisecondType};
use millstream::Engine;
use millstream_testing::Random;

const DELAY: i64 = 300;

#[derive(Debug, Clone, Copy)]
struct Row {
    id: i64,
    key: Option<i64>,
    value: Option<i64>,
    ts: i64,
}

/// A row of a result; NULL is `None`.
type Line = Vec<Option<i64>>;
/// How often each line is in a result.
type Table = BTreeMap<Line, i64>;

fn rows(random: &mut Random) -> Vec<Row> {
    let count = 100 + random.below(400);
    let disorder = [0, 200, 500, 4_000][random.below(4) as usize];
    let step = 1 + random.below(60);
    let row = |id: u64| Row {
        id: id as i64,
        key: (random.below(12) > 0).then(|| random.below(4) as i64),
        value: (random.below(8) > 0).then(|| random.below(9) as i64),
        // After 1970: before it Flink's clean-up of keys is another.
        ts: 10_000_000 + (id * step) as i64 - random.below(disorder + 1) as i64,
    };
    (0..count).map(row).collect()
}

fn schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("key", DataType::Int64, true),
        Field::new("v", DataType::Int64, true),
        Field::new("ts", DataType::Timestamp(TimeUnit::Millisecond, None), true),
    ]))
}

fn batch(rows: &[Row]) -> RecordBatch {
    let ids = Int64Array::from_iter_values(rows.iter().map(|row| row.id));
    let keys: Int64Array = rows.iter().map(|row| row.key).collect();
    let values: Int64Array = rows.iter().map(|row| row.value).collect();
    let times = TimestampMillisecondArray::from_iter_values(rows.iter().map(|row| row.ts));
    let columns: Vec<Arc<dyn Array>> =
        vec![Arc::new(ids), Arc::new(keys), Arc::new(values), Arc::new(times)];
    RecordBatch::try_new(schema(), columns).unwrap()
}

/// The final table of a query over rows, and how many were late.
async fn run(sql: &str, rows: &[Row], parallelism: usize, random: &mut Random) -> (Table, u64) {
    let most = [1, 3, 40, 5_000][random.below(4) as usize];
    let mut batches = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let length = (1 + random.below(most) as usize).min(rest.len());
        batches.push(batch(&rest[..length]));
        rest = &rest[length..];
    }
    let pieces = 1 + random.below(9) as usize;
    let engine = Engine::builder().parallelism(parallelism).pieces_per_epoch(pieces).build();
    engine.register_batches("t", batches).unwrap();
    engine.declare_watermark("t", "ts", "ts - INTERVAL '0.3' SECOND").unwrap();
    let mut query = engine.sql(sql).await.unwrap();
    let mut table = Table::new();
    while let Some(changes) = query.next().await {
        let changes = changes.unwrap();
        for row in 0..changes.num_rows() {
            let cell = |column: &Arc<dyn Array>| -> Option<i64> {
                if column.is_null(row) {
                    return None;
                }
                Some(match column.data_type() {
                    DataType::Int64 => column.as_primitive::<Int64Type>().value(row),
                    _ => column.as_primitive::<TimestampMillisecondType>().value(row),
                })
            };
            let line: Line = changes.rows.columns().iter().map(cell).collect();
            *table.entry(line).or_default() += changes.weight(row);
        }
        assert!(table.values().all(|copies| *copies >= 0), "a row left that was not there");
        table.retain(|_, copies| *copies != 0);
    }
    (table, query.metrics().late)
}

/// Runs a query in many ways and compares it with a simulation.
async fn check(sql: &str, simulate: impl Fn(&[Row]) -> (Table, u64)) {
    check_coarse(sql, 1, simulate).await;
}

/// The same over times that are the last ms of as many: many are equal, to the watermark and the last ms of a
/// window, too.
async fn check_coarse(sql: &str, every: i64, simulate: impl Fn(&[Row]) -> (Table, u64)) {
    for seed in 0..6 {
        let mut random = Random::new(seed * 77 + sql.len() as u64);
        let mut rows = rows(&mut random);
        rows.iter_mut().for_each(|row| row.ts += every - 1 - row.ts % every);
        let due = simulate(&rows);
        for parallelism in 1..=4 {
            let given = run(sql, &rows, parallelism, &mut random).await;
            assert!(
                given == due,
                "{sql}\nseed {seed}, parallelism {parallelism}, late {} due {}\nmissing {:?}\ntoo much {:?}",
                given.1,
                due.1,
                due.0.iter().filter(|line| given.0.get(line.0) != Some(line.1)).collect::<Vec<_>>(),
                given.0.iter().filter(|line| due.0.get(line.0) != Some(line.1)).collect::<Vec<_>>()
            );
        }
    }
}

/// The rows of each window and key.
type Groups = BTreeMap<(i64, i64, Option<i64>), Vec<Row>>;

/// An open session: its bounds and rows.
type Open = (i64, i64, Vec<Row>);

/// Rows by window and key, each put into those of its windows that are open; how many had none.
fn by_window(
    rows: &[Row],
    windows: impl Fn(i64) -> Vec<(i64, i64)>,
    key: impl Fn(&Row) -> Option<i64>,
) -> (Groups, u64, u64) {
    let mut groups = Groups::new();
    let (mut watermark, mut late, mut late_pairs) = (i64::MIN, 0, 0);
    for row in rows {
        let (mut open, mut all) = (0, 0);
        for (start, end) in windows(row.ts) {
            all += 1;
            if end - 1 > watermark {
                open += 1;
                groups.entry((start, end, key(row))).or_default().push(*row);
            }
        }
        late_pairs += all - open;
        late += u64::from(all > 0 && open == 0);
        watermark = watermark.max(row.ts - DELAY);
    }
    (groups, late, late_pairs)
}

/// COUNT(*), SUM(v), COUNT(DISTINCT v), MIN(v), FIRST_VALUE(v), LAST_VALUE(v)
fn aggregates(rows: &[Row]) -> Vec<Option<i64>> {
    let present: Vec<i64> = rows.iter().filter_map(|row| row.value).collect();
    let distinct = present.iter().collect::<BTreeSet<_>>().len() as i64;
    let sum = (!present.is_empty()).then(|| present.iter().sum());
    let (min, first, last) =
        (present.iter().min(), present.first().copied(), present.last().copied());
    vec![Some(rows.len() as i64), sum, Some(distinct), min.copied(), first, last]
}

const AGGREGATES: &str =
    "COUNT(*), SUM(v), COUNT(DISTINCT v), MIN(v), FIRST_VALUE(v), LAST_VALUE(v)";

fn grouped(groups: Groups) -> Table {
    let line = |((start, end, key), rows): ((i64, i64, Option<i64>), Vec<Row>)| {
        let mut line = vec![Some(start), Some(end), key];
        line.extend(aggregates(&rows));
        (line, 1)
    };
    groups.into_iter().map(line).collect()
}

fn hops(size: i64, slide: i64, offset: i64) -> impl Fn(i64) -> Vec<(i64, i64)> {
    move |ts| {
        let first = (ts - offset - size).div_euclid(slide) * slide + offset;
        let starts = (0..).map(move |at| first + at * slide).take_while(move |start| *start <= ts);
        starts.filter(|start| start + size > ts).map(|start| (start, start + size)).collect()
    }
}

fn steps(size: i64, step: i64) -> impl Fn(i64) -> Vec<(i64, i64)> {
    move |ts| {
        let start = ts.div_euclid(size) * size;
        let ends = (1..=size / step).map(move |at| start + at * step);
        ends.filter(|end| *end > ts).map(|end| (start, end)).collect()
    }
}

#[tokio::test]
async fn aligned_windows_are_right() {
    type Windows = Box<dyn Fn(i64) -> Vec<(i64, i64)>>;
    let second = "INTERVAL '1' SECOND";
    let kinds: [(&str, String, Windows); 4] = [
        ("TUMBLE", second.to_owned(), Box::new(hops(1_000, 1_000, 0))),
        ("HOP", format!("INTERVAL '0.2' SECOND, {second}"), Box::new(hops(1_000, 200, 0))),
        (
            "HOP",
            format!("INTERVAL '0.5' SECOND, {second}, INTERVAL '0.3' SECOND"),
            Box::new(hops(1_000, 500, 300)),
        ),
        ("CUMULATE", format!("INTERVAL '0.2' SECOND, {second}"), Box::new(steps(1_000, 200))),
    ];
    for (name, arguments, windows) in kinds {
        let from = format!("FROM TABLE({name}(TABLE t, DESCRIPTOR(ts), {arguments}))");
        let sql = format!(
            "SELECT window_start, window_end, key, {AGGREGATES} {from} \
             GROUP BY window_start, window_end, key"
        );
        check(&sql, |rows| {
            let (groups, late, _) = by_window(rows, &windows, |row| row.key);
            (grouped(groups), late)
        })
        .await;
        let sql = format!(
            "SELECT window_start, window_end, key, COUNT(*), SUM(id), GROUPING(key) {from} \
             GROUP BY window_start, window_end, ROLLUP (key)"
        );
        check(&sql, |rows| {
            let (groups, late, _) = by_window(rows, &windows, |row| row.key);
            let mut table = Table::new();
            let mut totals: BTreeMap<(i64, i64), Vec<Row>> = BTreeMap::new();
            let sum = |rows: &[Row]| Some(rows.iter().map(|row| row.id).sum());
            for ((start, end, key), rows) in groups {
                let count = Some(rows.len() as i64);
                let line = vec![Some(start), Some(end), key, count, sum(&rows), Some(0)];
                *table.entry(line).or_default() += 1;
                totals.entry((start, end)).or_default().extend(rows);
            }
            for ((start, end), rows) in totals {
                let count = Some(rows.len() as i64);
                let line = vec![Some(start), Some(end), None, count, sum(&rows), Some(1)];
                *table.entry(line).or_default() += 1;
            }
            (table, late)
        })
        .await;
    }
}

#[tokio::test]
async fn sessions_are_right() {
    const GAP: i64 = 150;
    let simulate = |rows: &[Row], of_group: bool| {
        let mut open: BTreeMap<Option<i64>, Vec<Open>> = BTreeMap::new();
        let (mut watermark, mut late, mut closed) = (i64::MIN, 0, Vec::new());
        for row in rows {
            for (key, sessions) in &mut open {
                sessions.retain_mut(|session| {
                    let over = session.1 - 1 <= watermark;
                    if over {
                        closed.push((*key, session.clone()));
                    }
                    !over
                });
            }
            let sessions = open.entry(row.key).or_default();
            let mut merged = (row.ts, row.ts + GAP, Vec::new());
            let touches = |session: &Open| session.0 <= row.ts + GAP && session.1 >= row.ts;
            for session in sessions.iter().filter(|session| touches(session)) {
                merged.0 = merged.0.min(session.0);
                merged.1 = merged.1.max(session.1);
                merged.2.extend(session.2.clone());
            }
            if watermark > i64::MIN && merged.1 - 1 <= watermark {
                late += 1;
            } else {
                sessions.retain(|session| !touches(session));
                merged.2.push(*row);
                sessions.push(merged);
            }
            watermark = watermark.max(row.ts - DELAY);
        }
        for (key, sessions) in open {
            closed.extend(sessions.into_iter().map(|session| (key, session)));
        }
        let mut table = Table::new();
        for (key, (start, end, mut rows)) in closed {
            rows.sort_by_key(|row| row.id);
            let mut line = vec![Some(start), Some(end)];
            if of_group {
                line.push(key);
                line.extend(aggregates(&rows));
                *table.entry(line).or_default() += 1;
            } else {
                for row in rows {
                    let line = [line.clone(), vec![Some(row.id)]].concat();
                    *table.entry(line).or_default() += 1;
                }
            }
        }
        (table, late)
    };
    let from =
        "FROM TABLE(SESSION(TABLE t PARTITION BY key, DESCRIPTOR(ts), INTERVAL '0.15' SECOND))";
    let sql = format!(
        "SELECT window_start, window_end, key, {AGGREGATES} {from} \
         GROUP BY window_start, window_end, key"
    );
    check(&sql, |rows| simulate(rows, true)).await;
    check(&format!("SELECT window_start, window_end, id {from}"), |rows| simulate(rows, false))
        .await;
    let sql = format!(
        "SELECT SESSION_START(ts, INTERVAL '0.15' SECOND), SESSION_END(ts, INTERVAL '0.15' SECOND), \
         key, {AGGREGATES} FROM t GROUP BY key, SESSION(ts, INTERVAL '0.15' SECOND)"
    );
    check(&sql, |rows| simulate(rows, true)).await;
}

#[tokio::test]
async fn ranks_and_joins_of_windows_are_right() {
    let hop = "TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '0.5' SECOND, INTERVAL '1' SECOND))";
    let sql = format!(
        "SELECT window_start, key, id, rn FROM (SELECT *, ROW_NUMBER() OVER \
         (PARTITION BY window_start, window_end, key ORDER BY v DESC, id) AS rn FROM {hop}) \
         WHERE rn BETWEEN 2 AND 3"
    );
    check(&sql, |rows| {
        let (groups, _, late_pairs) = by_window(rows, hops(1_000, 500, 0), |row| row.key);
        let mut table = Table::new();
        for ((start, _, key), mut rows) in groups {
            rows.sort_by_key(|row| (std::cmp::Reverse(row.value), row.id));
            for (at, row) in rows.iter().enumerate().skip(1).take(2) {
                table.insert(vec![Some(start), key, Some(row.id), Some(at as i64 + 1)], 1);
            }
        }
        (table, late_pairs)
    })
    .await;
    // Both sides come from the same table, so that what is late is the same at any cut of epochs.
    let tumble = "(SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' SECOND)))";
    for kind in ["INNER", "LEFT", "RIGHT", "FULL"] {
        let sql = format!(
            "SELECT L.id, R.id FROM {tumble} L {kind} JOIN {tumble} R ON L.key = R.v AND L.id < R.id \
             AND L.window_start = R.window_start AND L.window_end = R.window_end"
        );
        check(&sql, |rows| {
            let (windows, late, _) = by_window(rows, hops(1_000, 1_000, 0), |_| None);
            let mut table = Table::new();
            for rows in windows.values() {
                let pairs = |a: &Row, b: &Row| a.key.is_some() && a.key == b.value && a.id < b.id;
                for left in rows {
                    for right in rows.iter().filter(|right| pairs(left, right)) {
                        *table.entry(vec![Some(left.id), Some(right.id)]).or_default() += 1;
                    }
                    if matches!(kind, "LEFT" | "FULL") && !rows.iter().any(|r| pairs(left, r)) {
                        *table.entry(vec![Some(left.id), None]).or_default() += 1;
                    }
                    if matches!(kind, "RIGHT" | "FULL") && !rows.iter().any(|l| pairs(l, left)) {
                        *table.entry(vec![None, Some(left.id)]).or_default() += 1;
                    }
                }
            }
            // Each side leaves its late rows out.
            (table, 2 * late)
        })
        .await;
    }
}

/// A row that an OVER aggregate takes, the rows of its frame, and the watermark that what is above has seen
/// when it comes.
type Framed = (Row, Vec<Row>, i64);

/// The rows that an OVER aggregate takes, and how many are late. `back` is how far a frame goes: rows, or ms,
/// or nothing for all.
fn over(rows: &[Row], back_rows: Option<usize>, back_ms: Option<i64>) -> (Vec<Framed>, u64) {
    #[derive(Default)]
    struct Key {
        waiting: BTreeMap<i64, Vec<Row>>,
        frame: Vec<Row>,
        last: Option<i64>,
        forget: Option<i64>,
    }
    let bounded = back_rows.is_some() || back_ms.is_some();
    let mut keys: BTreeMap<Option<i64>, Key> = BTreeMap::new();
    let mut timers: BTreeSet<(i64, Option<i64>)> = BTreeSet::new();
    let (mut watermark, mut late, mut out) = (i64::MIN, 0, Vec::new());
    let mut fire = |keys: &mut BTreeMap<_, Key>, timers: &mut BTreeSet<_>, met, watermark: i64| {
        while let Some((time, name)) =
            timers.first().copied().filter(|(time, _)| *time <= watermark)
        {
            timers.remove(&(time, name));
            let Some(key) = keys.get_mut(&name) else { continue };
            if key.forget.is_some_and(|forget| forget <= time) {
                keys.remove(&name);
                continue;
            }
            if let Some(now) = key.waiting.remove(&time) {
                match back_rows {
                    Some(back) => {
                        for row in now {
                            key.frame.push(row);
                            let first = key.frame.len().saturating_sub(back + 1);
                            key.frame.drain(..first);
                            out.push((row, key.frame.clone(), met));
                        }
                    }
                    None => {
                        key.frame.extend(&now);
                        key.frame.retain(|row| back_ms.is_none_or(|ms| row.ts >= time - ms));
                        out.extend(now.into_iter().map(|row| (row, key.frame.clone(), met)));
                    }
                }
            }
            key.last = Some(time);
        }
    };
    for row in rows {
        let key = keys.entry(row.key).or_default();
        let taken = match bounded {
            true => key.last.is_none_or(|last| row.ts > last),
            false => row.ts > watermark,
        };
        if taken {
            key.waiting.entry(row.ts).or_default().push(*row);
            timers.insert((row.ts, row.key));
            if let Some(ms) = back_ms
                && key.forget.is_none_or(|forget| forget < row.ts + ms + 1)
            {
                let forget = row.ts + ms + ms / 2 + 1;
                key.forget = Some(forget);
                timers.insert((forget, row.key));
            }
        } else {
            late += 1;
        }
        if row.ts - DELAY > watermark {
            let met = std::mem::replace(&mut watermark, row.ts - DELAY);
            fire(&mut keys, &mut timers, met, watermark);
        }
    }
    fire(&mut keys, &mut timers, watermark, i64::MAX);
    (out, late)
}

#[tokio::test]
async fn over_is_right() {
    let frames = [
        ("ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", Some(usize::MAX - 1), None, false),
        ("RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", None, None, false),
        ("ROWS BETWEEN 2 PRECEDING AND CURRENT ROW", Some(2), None, true),
        ("RANGE BETWEEN INTERVAL '0.2' SECOND PRECEDING AND CURRENT ROW", None, Some(200), true),
    ];
    for (frame, rows_back, ms_back, bounded) in frames {
        let calls: Vec<String> =
            AGGREGATES.split(", ").map(|call| format!("{call} OVER w")).collect();
        let sql = format!(
            "SELECT id, key, {} FROM t WINDOW w AS (PARTITION BY key ORDER BY ts {frame})",
            calls.join(", ")
        );
        check(&sql, |rows| {
            // An unbounded frame of rows has the lateness of an unbounded one.
            let (taken, late) = match (bounded, rows_back) {
                (false, Some(_)) => {
                    let (taken, late) = over(rows, None, None);
                    let ids: BTreeSet<i64> = taken.iter().map(|(row, ..)| row.id).collect();
                    let rows: Vec<Row> =
                        rows.iter().filter(|row| ids.contains(&row.id)).copied().collect();
                    let mut sorted = rows.clone();
                    sorted.sort_by_key(|row| (row.ts, row.id));
                    let frames = sorted.iter().enumerate().map(|(at, row)| {
                        let before = sorted[..=at].iter().filter(|other| other.key == row.key);
                        (*row, before.copied().collect(), i64::MIN)
                    });
                    (frames.collect(), late)
                }
                _ => over(rows, rows_back, ms_back),
            };
            let line = |(row, frame, _): Framed| {
                let mut line = vec![Some(row.id), row.key];
                line.extend(aggregates(&frame));
                (line, 1)
            };
            (taken.into_iter().map(line).collect(), late)
        })
        .await;
    }
}

/// Windows above something: the rows that come into each, of rows that come with the watermark that has been
/// seen by then; how many are in none.
fn windows_above(
    rows: Vec<(Row, i64)>,
    windows: impl Fn(i64) -> Vec<(i64, i64)>,
) -> (BTreeMap<(i64, i64), Vec<Row>>, u64) {
    let (mut groups, mut late) = (BTreeMap::<_, Vec<Row>>::new(), 0);
    for (row, met) in rows {
        let mut open = windows(row.ts);
        open.retain(|(_, end)| end - 1 > met);
        late += u64::from(open.is_empty());
        for window in open {
            groups.entry(window).or_default().push(row);
        }
    }
    (groups, late)
}

type Windows = Box<dyn Fn(i64) -> Vec<(i64, i64)>>;

/// Windows by the text that makes them of a table.
fn kinds_above() -> [(&'static str, Windows); 3] {
    [
        ("TUMBLE(TABLE o, DESCRIPTOR(ts), INTERVAL '0.2' SECOND)", Box::new(hops(200, 200, 0))),
        (
            "HOP(TABLE o, DESCRIPTOR(ts), INTERVAL '0.2' SECOND, INTERVAL '1' SECOND)",
            Box::new(hops(1_000, 200, 0)),
        ),
        (
            "CUMULATE(TABLE o, DESCRIPTOR(ts), INTERVAL '0.2' SECOND, INTERVAL '1' SECOND)",
            Box::new(steps(1_000, 200)),
        ),
    ]
}

#[tokio::test]
async fn windows_over_values_of_the_rows_before_are_right() {
    let frames = [
        ("ROWS BETWEEN 2 PRECEDING AND CURRENT ROW", Some(2), None),
        ("RANGE BETWEEN INTERVAL '0.2' SECOND PRECEDING AND CURRENT ROW", None, Some(200)),
        ("RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW", None, Some(3_600_000)),
    ];
    for (frame, rows_back, ms_back) in frames {
        for (window, windows) in kinds_above() {
            let sql = format!(
                "WITH o AS (SELECT id, ts, COUNT(*) OVER (PARTITION BY key ORDER BY ts {frame}) AS c FROM t) \
                 SELECT window_start, window_end, COUNT(*), SUM(c), SUM(id) FROM TABLE({window}) \
                 GROUP BY window_start, window_end"
            );
            check(&sql, |rows| {
                let (taken, late) = over(rows, rows_back, ms_back);
                let counts = taken.iter().map(|(row, frame, _)| (row.id, frame.len() as i64));
                let counts: BTreeMap<i64, i64> = counts.collect();
                let taken = taken.into_iter().map(|(row, _, met)| (row, met)).collect();
                let (groups, later) = windows_above(taken, &windows);
                let line = |((start, end), rows): ((i64, i64), Vec<Row>)| {
                    let sum = rows.iter().map(|row| counts[&row.id]).sum();
                    let ids = rows.iter().map(|row| row.id).sum();
                    let numbers = [start, end, rows.len() as i64, sum, ids];
                    (numbers.map(Some).to_vec(), 1)
                };
                (groups.into_iter().map(line).collect(), late + later)
            })
            .await;
        }
    }
}

/// The first row of each of 60 keys by time, each with the watermark that what is above has seen when it
/// comes, and how many rows are late.
fn first_rows(rows: &[Row]) -> (Vec<(Row, i64)>, u64) {
    let (mut firsts, mut known): (BTreeMap<i64, Row>, BTreeSet<i64>) = Default::default();
    let (mut watermark, mut late, mut out) = (i64::MIN, 0, Vec::new());
    let mut fire = |firsts: &mut BTreeMap<i64, Row>, met, watermark| {
        firsts.retain(|_, row| {
            let due = row.ts <= watermark;
            out.extend(due.then_some((*row, met)));
            !due
        });
    };
    for row in rows {
        if row.ts < watermark {
            late += 1;
            continue;
        }
        match firsts.get_mut(&(row.id % 60)) {
            Some(first) if row.ts < first.ts => *first = *row,
            None if known.insert(row.id % 60) => {
                firsts.insert(row.id % 60, *row);
            }
            _ => {}
        }
        if row.ts - DELAY > watermark {
            let met = std::mem::replace(&mut watermark, row.ts - DELAY);
            fire(&mut firsts, met, watermark);
        }
    }
    fire(&mut firsts, watermark, i64::MAX);
    (out, late)
}

#[tokio::test]
async fn windows_over_first_rows_are_right() {
    for (window, windows) in kinds_above() {
        let sql = format!(
            "WITH o AS (SELECT id, ts FROM (SELECT id, ts, ROW_NUMBER() OVER \
             (PARTITION BY MOD(id, 60) ORDER BY ts) AS rn FROM t) WHERE rn = 1) \
             SELECT window_start, window_end, COUNT(*), SUM(id) FROM TABLE({window}) \
             GROUP BY window_start, window_end"
        );
        check_coarse(&sql, 100, |rows| {
            let (firsts, late) = first_rows(rows);
            let (groups, later) = windows_above(firsts, &windows);
            let line = |((start, end), rows): ((i64, i64), Vec<Row>)| {
                let ids = rows.iter().map(|row| row.id).sum();
                ([start, end, rows.len() as i64, ids].map(Some).to_vec(), 1)
            };
            (groups.into_iter().map(line).collect(), late + later)
        })
        .await;
    }
}
