//! Operators one by one, called as the runtime calls them, with changes as text.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use millstream_operators::group_aggregate::{GroupAggregate, GroupAggregateSpec};
use millstream_operators::limit::Limit;
use millstream_operators::set_operation::SetOperation;
use millstream_operators::window_aggregate::WindowAggregate;
use millstream_operators::window_table::WindowAggregateSpec;
use millstream_operators::{Dropped, Operator, OperatorTime, Output, Reason};
use millstream_plan::{
    AggregateCall, AggregateFunction, TimeWindow, WindowColumns, WindowKind, WindowOutput,
};
use millstream_testing::notation::{changes, schema, text};
use millstream_types::{ChangeBatch, Epoch, Watermark};

fn call(function: AggregateFunction, arguments: Vec<usize>, distinct: bool) -> AggregateCall {
    AggregateCall { function, distinct, arguments, filter: None, result: DataType::Int64 }
}

/// One epoch: what comes out of some changes and a watermark.
fn epoch(operator: &mut dyn Operator, input: Vec<ChangeBatch>, watermark: i64) -> String {
    let mut out = Output::default();
    for batch in input {
        operator.process(0, batch, &mut out).unwrap();
    }
    let epoch = Epoch { number: 0, clock_ms: 0 };
    operator.end_epoch(&OperatorTime { epoch, watermark: Watermark(watermark) }, &mut out).unwrap();
    out.into_batches().iter().map(text).collect()
}

const TIME: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

fn windows() -> (WindowAggregate, SchemaRef, Arc<Dropped>) {
    let input = schema(&[("ts", TIME), ("k", DataType::Utf8), ("n", DataType::Int64)]);
    let output = schema(&[
        ("window_start", TIME),
        ("k", DataType::Utf8),
        ("c", DataType::Int64),
        ("s", DataType::Int64),
    ]);
    let dropped = Arc::new(Dropped::new("WindowAggregate", Some(0), None));
    let kind = WindowKind::Tumble { size_ms: 10, offset_ms: 0 };
    let window = TimeWindow { kind, zone: None, processing_time: false };
    let spec = WindowAggregateSpec {
        window: WindowColumns::Rowtime { rowtime: 0, window },
        keys: vec![1],
        aggregates: vec![
            call(AggregateFunction::Count, vec![], false),
            call(AggregateFunction::Sum, vec![2], true),
        ],
        output: vec![WindowOutput::Start, WindowOutput::Key(0)],
        emit: None,
        removes: false,
        input: Arc::clone(&input),
        schema: output,
    };
    (WindowAggregate::new(Arc::new(spec), Arc::clone(&dropped)).unwrap(), input, dropped)
}

#[test]
fn a_window_comes_once_when_the_watermark_has_passed_it() {
    let (mut operator, input, _) = windows();
    let first = changes(&input, "+1 | 1 | a | 5\n+1 | 12 | a | 1\n+1 | -3 | - | -\n+1 | 9 | a | 5");
    // The window [0, 10) ends with its millisecond 9.
    assert_eq!(epoch(&mut operator, vec![first], 8), "+1 | -10 | - | 1 | -\n");
    assert_eq!(epoch(&mut operator, vec![], 9), "+1 | 0 | a | 2 | 5\n");
    assert!(operator.state_bytes() > 0);
    assert_eq!(epoch(&mut operator, vec![], i64::MAX), "+1 | 10 | a | 1 | 1\n");
    assert_eq!(operator.state_bytes(), 0);
}

#[test]
fn a_row_is_late_by_the_watermark_it_met() {
    let (mut operator, input, dropped) = windows();
    let mut rows =
        changes(&input, "+1 | 1 | a | 1\n+1 | 2 | a | 2\n+1 | - | a | 3\n+1 | 12 | a | 4");
    rows.reached = Some(Int64Array::from(vec![8, 9, 9, 9]));
    assert_eq!(
        epoch(&mut operator, vec![rows], i64::MAX),
        "+1 | 0 | a | 1 | 1\n+1 | 10 | a | 1 | 4\n"
    );
    assert_eq!((dropped.of(Reason::Late), dropped.of(Reason::NullRowtime)), (1, 1));
    let last: Vec<_> = dropped.last().iter().map(|row| (row.rowtime, row.watermark)).collect();
    assert_eq!(last, [(None, Some(9)), (Some(2), Some(9))]);
}

#[test]
fn a_group_emits_the_net_change_of_an_epoch() {
    let input = schema(&[("k", DataType::Utf8), ("n", DataType::Int64)]);
    let spec = GroupAggregateSpec {
        keys: vec![0],
        aggregates: vec![
            call(AggregateFunction::Count, vec![], false),
            call(AggregateFunction::Sum, vec![1], true),
        ],
        ttl: None,
        removes: true,
        input: Arc::clone(&input),
        schema: schema(&[("k", DataType::Utf8), ("c", DataType::Int64), ("s", DataType::Int64)]),
    };
    let mut operator = GroupAggregate::new(Arc::new(spec)).unwrap();
    let mut run = |text| epoch(&mut operator, vec![changes(&input, text)], 0);
    assert_eq!(run("+1 | a | 2\n+1 | a | 2\n+1 | b | -"), "+1 | a | 2 | 2\n+1 | b | 1 | -\n");
    assert_eq!(run("-1 | a | 2\n+1 | a | 3"), "-1 | a | 2 | 2\n+1 | a | 2 | 5\n");
    // What comes and goes within an epoch was never there.
    assert_eq!(run("+1 | c | 1\n-1 | c | 1\n+1 | a | 9\n-1 | a | 9"), "");
    assert_eq!(run("-1 | b | -\n-1 | a | 2"), "-1 | b | 1 | -\n-1 | a | 2 | 5\n+1 | a | 1 | 3\n");
}

#[test]
fn rows_that_are_only_added_are_added_one_by_one() {
    let input = schema(&[("n", DataType::Int64)]);
    let mut operator = SetOperation::new(true, true, Arc::clone(&input), None).unwrap();
    let mut run = |side: usize, rows: &str| {
        let mut out = Output::default();
        operator.process(side, changes(&input, rows), &mut out).unwrap();
        let epoch = Epoch { number: 0, clock_ms: 0 };
        let time = OperatorTime { epoch, watermark: Watermark::MIN };
        operator.end_epoch(&time, &mut out).unwrap();
        out.into_batches()
    };
    assert!(run(0, "+1 | 1\n+1 | 2\n+1 | 1\n+1 | 1").is_empty());
    let given = run(1, "+1 | 1\n+1 | 2\n+1 | 1");
    assert!(given[0].weights.is_none());
    assert_eq!(text(&given[0]), "+1 | 1\n+1 | 1\n+1 | 2\n");
    // What changes may say how many there are.
    assert_eq!(text(&run(1, "-1 | 1\n-1 | 1")[0]), "-2 | 1\n");
}

#[test]
fn a_limit_counts_over_batches() {
    let input = schema(&[("n", DataType::Int64)]);
    let mut operator = Limit::new(1, Some(3));
    let mut run = |text| epoch(&mut operator, vec![changes(&input, text)], 0);
    assert_eq!(run("+1 | 1\n+1 | 2"), "+1 | 2\n");
    assert_eq!(run("+1 | 3\n+1 | 4\n+1 | 5"), "+1 | 3\n+1 | 4\n");
    assert!(operator.is_done());
}
