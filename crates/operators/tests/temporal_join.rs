//! Left rows with the versions that were valid at their times, however many keys there are, and what is
//! remembered of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use millstream_operators::temporal_join::{TemporalJoin, TemporalJoinSpec};
use millstream_operators::{Dropped, Operator, OperatorTime, Output};
use millstream_testing::Random;
use millstream_testing::notation::{changes, schema, text};
use millstream_types::{Epoch, Watermark};

const TIME: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

fn input() -> SchemaRef {
    schema(&[("k", DataType::Int64), ("ts", TIME)])
}

fn join(left_goes: bool) -> TemporalJoin {
    let spec = TemporalJoinSpec {
        outer: true,
        keys: [vec![0], vec![0]],
        times: [1, 1],
        ascending: false,
        left_goes,
        condition: None,
        inputs: [input(), input()],
        schema: schema(&[
            ("k", DataType::Int64),
            ("ts", TIME),
            ("k2", DataType::Int64),
            ("since", TIME),
        ]),
    };
    TemporalJoin::new(Arc::new(spec), Arc::new(Dropped::new("TemporalJoin", Some(1), None)))
        .unwrap()
}

/// One epoch: what comes out of left and right rows by a watermark.
fn epoch(operator: &mut TemporalJoin, sides: [&str; 2], watermark: i64) -> Vec<String> {
    let mut out = Output::default();
    for (side, rows) in sides.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
        operator.process(side, changes(&input(), rows), &mut out).unwrap();
    }
    let epoch = Epoch { number: 0, clock_ms: 0 };
    operator.end_epoch(&OperatorTime { epoch, watermark: Watermark(watermark) }, &mut out).unwrap();
    let text: String = out.into_batches().iter().map(text).collect();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn left_keys_are_forgotten_with_their_rows() {
    let mut operator = join(false);
    let versions: String = (0..10).map(|key| format!("+1 | {key} | 0\n")).collect();
    epoch(&mut operator, ["", &versions], 0);
    let mut most = 0;
    for round in 1..30_i64 {
        // Half of the rows wait for the next epoch.
        let keys = round * 2_000..round * 2_000 + 2_000;
        let row = |key: i64| format!("+1 | {key} | {}\n", round * 100 + key % 2 * 100);
        let rows: String = keys.chain([3]).map(row).collect();
        let given = epoch(&mut operator, [&rows, ""], round * 100);
        let partners = given.iter().filter(|line| line.ends_with("| 3 | 0")).count();
        // The row with a partner is one of those that wait.
        assert_eq!((given.len(), partners), if round == 1 { (1_000, 0) } else { (2_001, 1) });
        match round {
            ..10 => most = most.max(operator.state_bytes()),
            _ => assert!(operator.state_bytes() <= most, "{round}: more than {most} bytes"),
        }
    }
}

#[test]
fn a_left_row_that_goes_takes_back_what_it_gave_however_late() {
    let mut operator = join(true);
    let given = epoch(&mut operator, ["+1 | 7 | 20", "+1 | 7 | 10\n+1 | 7 | 30"], 25);
    assert_eq!(given, ["+1 | 7 | 20 | 7 | 10"]);
    assert_eq!(epoch(&mut operator, ["+1 | 8 | 90", "+1 | 7 | 50"], 100), ["+1 | 8 | 90 | - | -"]);
    let given = epoch(&mut operator, ["-1 | 7 | 20\n+1 | 7 | 40\n-1 | 8 | 90", ""], 200);
    assert_eq!(given, ["+1 | 7 | 40 | 7 | 30", "-1 | 7 | 20 | 7 | 10", "-1 | 8 | 90 | - | -"]);
}

#[test]
fn versions_are_found_whatever_keys_come_and_go() {
    for seed in 0..4 {
        let mut random = Random::new(seed);
        let mut operator = join(false);
        let mut versions: BTreeMap<i64, BTreeMap<i64, bool>> = BTreeMap::new();
        let mut waiting: Vec<(i64, i64)> = Vec::new();
        for round in 0..60_i64 {
            let (mut left, mut right) = (String::new(), String::new());
            for _ in 0..300 {
                let key =
                    random.below(40) as i64 + if random.below(2) == 0 { round * 150 } else { 0 };
                let time = round * 100 + random.below(150) as i64;
                if random.below(3) > 0 {
                    left.push_str(&format!("+1 | {key} | {time}\n"));
                    waiting.push((key, time));
                    continue;
                }
                // A deletion ends a version; at one time the last of both counts.
                let comes = random.below(3) > 0;
                right.push_str(&format!("{}1 | {key} | {time}\n", if comes { '+' } else { '-' }));
                if !comes {
                    right.push_str("+1 | -1 | 0\n");
                }
                versions.entry(key).or_default().insert(time, comes);
            }
            versions.entry(-1).or_default().insert(0, true);
            let watermark = if round == 59 { i64::MAX } else { round * 100 + 50 };
            let (due, later) = waiting.into_iter().partition(|(_, time)| *time <= watermark);
            waiting = later;
            let due: Vec<(i64, i64)> = due;
            let line = |(key, time): (i64, i64)| {
                let version = versions.get(&key).and_then(|known| known.range(..=time).next_back());
                match version {
                    Some((since, true)) => format!("+1 | {key} | {time} | {key} | {since}"),
                    _ => format!("+1 | {key} | {time} | - | -"),
                }
            };
            let mut due: Vec<String> = due.into_iter().map(line).collect();
            due.sort();
            assert_eq!(epoch(&mut operator, [&left, &right], watermark), due, "{seed}, {round}");
        }
    }
}
