//! What an OVER aggregate remembers, and what it says that it waits for.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::Range;
use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use millstream_operators::over_aggregate::{OverAggregate, OverAggregateSpec};
use millstream_operators::{Dropped, Operator, OperatorTime, Output, Reason};
use millstream_plan::{AggregateCall, AggregateFunction, Frame, OverCall};
use millstream_testing::notation::{changes, schema, text};
use millstream_types::{Epoch, Watermark};

const TIME: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

fn input() -> SchemaRef {
    schema(&[("k", DataType::Int64), ("ts", TIME)])
}

/// How many rows of a key there are in the last 1,000 ms.
fn counts(processing_time: bool) -> (OverAggregate, Arc<Dropped>) {
    let function = AggregateFunction::Count;
    let call = AggregateCall {
        function,
        distinct: false,
        arguments: vec![],
        filter: None,
        result: DataType::Int64,
    };
    let spec = OverAggregateSpec {
        time: 1,
        processing_time,
        partition: vec![0],
        ties: vec![],
        calls: vec![OverCall { call, frame: Frame::Range(Some(1_000)) }],
        input: input(),
        schema: schema(&[("k", DataType::Int64), ("ts", TIME), ("c", DataType::Int64)]),
    };
    let dropped = Arc::new(Dropped::new("OverAggregate", Some(1), None));
    (OverAggregate::new(Arc::new(spec), Arc::clone(&dropped)).unwrap(), dropped)
}

/// One epoch: what comes out of rows, each with the watermark it met, by the watermark at the end.
fn epoch(
    operator: &mut OverAggregate,
    rows: &str,
    reached: Option<Vec<i64>>,
    watermark: i64,
) -> String {
    let mut out = Output::default();
    if !rows.is_empty() {
        let mut rows = changes(&input(), rows);
        rows.reached = reached.map(Int64Array::from);
        operator.process(0, rows, &mut out).unwrap();
    }
    let epoch = Epoch { number: 0, clock_ms: watermark.saturating_add(1) };
    operator.end_epoch(&OperatorTime { epoch, watermark: Watermark(watermark) }, &mut out).unwrap();
    out.into_batches().iter().map(text).collect()
}

/// A row at a time of each of some keys.
fn of(keys: Range<i64>, time: i64) -> String {
    keys.map(|key| format!("+1 | {key} | {time}\n")).collect()
}

#[test]
fn many_keys_are_remembered_for_as_long_as_their_frames() {
    for processing_time in [true, false] {
        let (mut operator, _) = counts(processing_time);
        let mut count = |keys: Range<i64>, time: i64, count: usize| {
            let given = epoch(&mut operator, &of(keys.clone(), time), None, time);
            let end = format!(" | {count}");
            let right = given.lines().filter(|line| line.ends_with(&end)).count();
            assert_eq!(right as i64, keys.end - keys.start, "at {time}");
            operator.state_bytes()
        };
        count(0..3_000, 10_000, 1);
        count(0..3_000, 10_600, 2);
        let full = count(0..3_000, 11_200, 2);
        // The frames of all others are empty by now, and with so many new ones they are looked through.
        count(3_000..8_000, 20_000, 1);
        count(3_000..8_000, 20_900, 2);
        count(0..3_000, 21_000, 1);
        let mut last = 0;
        for round in 0..20 {
            last = count(10_000..10_010 + round % 2 * 8_000, 30_000 + round * 2_000, 1);
        }
        assert!(last < 8 * full, "{last} bytes, {full} at first");
    }
}

#[test]
fn what_comes_late_says_so_and_is_not_waited_for() {
    let (mut operator, dropped) = counts(false);
    let given = epoch(&mut operator, "+1 | 1 | 10\n+1 | 1 | 70", None, 70);
    assert_eq!(given, "+1 | 1 | 10 | 1\n+1 | 1 | 70 | 2\n");
    // A row of a key that has come as far is late. Nothing waits for its time.
    assert_eq!(epoch(&mut operator, "+1 | 1 | 20", Some(vec![70]), 70), "");
    assert_eq!(dropped.of(Reason::Late), 1);
    assert_eq!(operator.next_window(), None);
    // That of another key is not; it is taken with the next watermark.
    let mut out = Output::default();
    let mut late = changes(&input(), "+1 | 2 | 20\n+1 | 2 | 90");
    late.reached = Some(Int64Array::from(vec![70, 70]));
    operator.process(0, late, &mut out).unwrap();
    let needs = operator.next_window().map(|window| window.needs);
    assert_eq!(needs, Some(71));
    let time = OperatorTime { epoch: Epoch { number: 0, clock_ms: 0 }, watermark: Watermark(90) };
    operator.end_epoch(&time, &mut out).unwrap();
    let batches = out.into_batches();
    assert_eq!(batches.iter().map(text).collect::<String>(), "+1 | 2 | 20 | 1\n+1 | 2 | 90 | 2\n");
    let reached = batches[0].reached.clone().unwrap();
    assert!(reached.value(0) == 70 && reached.value(1) < 90, "{reached:?}");
    assert_eq!(operator.next_window(), None);
}
