//! Batches that are reduced before they are dealt out to shards give what their rows give, one by one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use millstream_operators::reduce::Reducer;
use millstream_operators::window_aggregate::WindowAggregate;
use millstream_operators::window_table::WindowAggregateSpec;
use millstream_operators::{Dropped, Operator, OperatorTime, Output};
use millstream_plan::{
    AggregateCall, AggregateFunction, TimeWindow, WindowColumns, WindowKind, WindowOutput,
};
use millstream_testing::Random;
use millstream_testing::notation::{schema, text};
use millstream_types::{ChangeBatch, Epoch, Watermark};

const TIME: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);
const SHARDS: usize = 3;

fn spec(kind: WindowKind, keys: Vec<usize>) -> Arc<WindowAggregateSpec> {
    let window = TimeWindow { kind, zone: None, processing_time: false };
    let call = |function, arguments: Vec<usize>, filter| AggregateCall {
        function,
        distinct: false,
        arguments,
        filter,
        result: DataType::Int64,
    };
    let input = schema(&[
        ("ts", TIME),
        ("k", DataType::Utf8),
        ("n", DataType::Int64),
        ("f", DataType::Boolean),
    ]);
    let mut columns = vec![("window_start", TIME), ("window_end", TIME)];
    columns.extend(keys.iter().map(|key| ("key", input.field(*key).data_type().clone())));
    columns.extend(["c", "f", "s", "l", "m"].map(|name| (name, DataType::Int64)));
    Arc::new(WindowAggregateSpec {
        window: WindowColumns::Rowtime { rowtime: 0, window },
        output: [WindowOutput::Start, WindowOutput::End]
            .into_iter()
            .chain((0..keys.len()).map(WindowOutput::Key))
            .collect(),
        keys,
        aggregates: vec![
            call(AggregateFunction::Count, vec![], None),
            call(AggregateFunction::Count, vec![2], Some(3)),
            call(AggregateFunction::Sum, vec![2], None),
            call(AggregateFunction::Min, vec![2], Some(3)),
            call(AggregateFunction::Max, vec![2], None),
        ],
        emit: None,
        removes: false,
        schema: schema(&columns),
        input,
    })
}

/// Rows of about a time: few keys, some of them NULL.
fn rows(random: &mut Random, input: &SchemaRef, about: i64, count: usize) -> ChangeBatch {
    let mut maybe = |below: u64| (random.below(5) > 0).then(|| random.below(below) as i64);
    let keys: Vec<Option<i64>> = (0..count).map(|_| maybe(4)).collect();
    let numbers: Vec<Option<i64>> = (0..count).map(|_| maybe(100)).collect();
    let flags: Vec<Option<bool>> = (0..count).map(|_| maybe(2).map(|n| n == 1)).collect();
    let times = (0..count).map(|_| about + random.below(25) as i64);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(TimestampMillisecondArray::from_iter_values(times)),
        Arc::new(keys.iter().map(|key| key.map(|key| format!("k{key}"))).collect::<StringArray>()),
        Arc::new(Int64Array::from(numbers)),
        Arc::new(BooleanArray::from(flags)),
    ];
    ChangeBatch::insert(RecordBatch::try_new(Arc::clone(input), columns).unwrap())
}

fn end(operators: &mut [WindowAggregate], watermark: i64) -> Vec<String> {
    let epoch = Epoch { number: 0, clock_ms: 0 };
    let time = OperatorTime { epoch, watermark: Watermark(watermark) };
    let mut out = Output::default();
    operators.iter_mut().for_each(|operator| operator.end_epoch(&time, &mut out).unwrap());
    let text: String = out.into_batches().iter().map(text).collect();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn groups_that_are_dealt_out_are_those_of_their_rows() {
    let kinds = [
        WindowKind::Tumble { size_ms: 10, offset_ms: 3 },
        WindowKind::Hop { size_ms: 30, slide_ms: 5, offset_ms: 0 },
        WindowKind::Cumulate { size_ms: 20, step_ms: 5, offset_ms: 0 },
    ];
    let (mut reduced, mut groups) = (0, 0);
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let keys = [vec![1], vec![2], vec![1, 2]][seed as usize % 3].clone();
        let spec = spec(kinds[(seed / 3) as usize % 3], keys);
        let dropped = Arc::new(Dropped::new("WindowAggregate", Some(0), None));
        let shard = || WindowAggregate::new(Arc::clone(&spec), Arc::clone(&dropped)).unwrap();
        let mut plain = vec![shard()];
        let mut shards: Vec<WindowAggregate> = (0..SHARDS).map(|_| shard()).collect();
        let reducer = Reducer::new(&spec).unwrap();
        for step in 0..12 {
            let count = random.below(60) as usize;
            let batch = rows(&mut random, &spec.input, step * 10, count);
            plain[0].process(0, batch.clone(), &mut Output::default()).unwrap();
            let parts =
                reducer.reduce(&batch, SHARDS).unwrap().expect("few rows are always reduced");
            assert_eq!(parts.len(), SHARDS);
            for (shard, part) in shards.iter_mut().zip(parts) {
                groups += part.slices.iter().map(|slice| slice.groups).sum::<usize>();
                shard.merge(part).unwrap();
            }
            reduced += count;
            let watermark = if step == 11 { i64::MAX } else { step * 10 - 1 };
            assert_eq!(end(&mut shards, watermark), end(&mut plain, watermark), "seed {seed}");
        }
    }
    assert!(groups < reduced, "{groups} groups of {reduced} rows");
}

#[test]
fn rows_that_may_be_late_or_are_taken_back_are_dealt_out_one_by_one() {
    let spec = spec(WindowKind::Tumble { size_ms: 10, offset_ms: 0 }, vec![1]);
    let reducer = Reducer::new(&spec).unwrap();
    let batch = rows(&mut Random::new(1), &spec.input, 0, 20);
    assert!(reducer.reduce(&batch, SHARDS).unwrap().is_some());
    let late = ChangeBatch { reached: Some(Int64Array::from(vec![5; 20])), ..batch.clone() };
    assert!(reducer.reduce(&late, SHARDS).unwrap().is_none());
    let weighted = ChangeBatch { weights: Some(Int64Array::from(vec![1; 20])), ..batch };
    assert!(reducer.reduce(&weighted, SHARDS).unwrap().is_none());
}

#[test]
fn keys_that_hardly_repeat_are_let_by_after_a_while() {
    let spec = spec(WindowKind::Tumble { size_ms: 10, offset_ms: 0 }, vec![2]);
    let reducer = Reducer::new(&spec).unwrap();
    let count = 10_000;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(TimestampMillisecondArray::from_iter_values(vec![1; count])),
        Arc::new(StringArray::from(vec!["k"; count])),
        Arc::new(Int64Array::from_iter_values(0..count as i64)),
        Arc::new(BooleanArray::from(vec![true; count])),
    ];
    let batch =
        ChangeBatch::insert(RecordBatch::try_new(Arc::clone(&spec.input), columns).unwrap());
    let reduces = |_| reducer.reduce(&batch, SHARDS).unwrap().is_some();
    assert_eq!((0..4).map(reduces).collect::<Vec<_>>(), [true, true, false, false]);
    // It is looked again later.
    assert!((0..200).any(reduces));
}
