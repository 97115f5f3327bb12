//! The hot decoders and operators one by one: nanoseconds a row and rows a second.
//!
//! `cargo bench -p millstream-bench`, with a part of a name behind it to run only some.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(missing_docs, reason = "a benchmark is named for what it measures")]

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray, UInt32Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use millstream_formats::csv::{CsvDecoder, CsvOptions};
use millstream_formats::decoder::{Chunk, Decoder};
use millstream_formats::json::{JsonDecoder, JsonOptions};
use millstream_operators::group_aggregate::{GroupAggregate, GroupAggregateSpec};
use millstream_operators::join::{Join, JoinSpec};
use millstream_operators::keep_one::KeepOne;
use millstream_operators::rank::{Rank, RankSpec};
use millstream_operators::window_aggregate::WindowAggregate;
use millstream_operators::window_table::WindowAggregateSpec;
use millstream_operators::{Dropped, Operator, OperatorTime, Output};
use millstream_plan::{
    AggregateCall, AggregateFunction, JoinKind, OrderKey, RankFunction, TimeWindow, WindowColumns,
    WindowKind, WindowOutput,
};
use millstream_state::{KeyIndex, RowStore};
use millstream_testing::Random;
use millstream_types::{ChangeBatch, Epoch, Watermark};

fn main() {
    divan::main();
}

/// Rows of a batch.
const ROWS: usize = 16_384;

/// Batches that an operator gets.
const BATCHES: usize = 16;

const TIME: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields = fields.iter().map(|(name, of)| Field::new(*name, of.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// `ts`, which ascends, a number of `keys`, another number, and a text.
fn bids() -> SchemaRef {
    let of = [("ts", TIME), ("k", DataType::Int64), ("n", DataType::Int64), ("s", DataType::Utf8)];
    schema(&of)
}

fn batches(keys: u64) -> Vec<ChangeBatch> {
    let mut random = Random::new(7);
    let batch = |number: usize| {
        let first = (number * ROWS) as i64;
        let times = (0..ROWS as i64).map(|row| (first + row) / 10);
        let columns: [ArrayRef; 4] = [
            Arc::new(TimestampMillisecondArray::from_iter_values(times)),
            Arc::new((0..ROWS).map(|_| Some(random.below(keys) as i64)).collect::<Int64Array>()),
            Arc::new((0..ROWS).map(|row| Some(row as i64)).collect::<Int64Array>()),
            Arc::new(
                (0..ROWS).map(|row| Some(format!("text of row {row}"))).collect::<StringArray>(),
            ),
        ];
        ChangeBatch::insert(RecordBatch::try_new(bids(), columns.to_vec()).unwrap())
    };
    (0..BATCHES).map(batch).collect()
}

fn call(function: AggregateFunction, arguments: Vec<usize>) -> AggregateCall {
    let result = DataType::Int64;
    AggregateCall { function, distinct: false, arguments, filter: None, result }
}

fn calls() -> Vec<AggregateCall> {
    vec![
        call(AggregateFunction::Count, vec![]),
        call(AggregateFunction::Sum, vec![2]),
        call(AggregateFunction::Max, vec![2]),
    ]
}

/// Feeds a fresh operator all batches, in epochs of four.
fn feed(bencher: Bencher<'_, '_>, keys: u64, make: impl Fn() -> Box<dyn Operator> + Sync) {
    let input = batches(keys);
    let counted = bencher.counter(ItemsCount::new(ROWS * BATCHES));
    counted.with_inputs(&make).bench_local_values(|mut operator| {
        let mut out = Output::default();
        for (number, four) in input.chunks(4).enumerate() {
            operator.begin_epoch(0).unwrap();
            for changes in four {
                operator.process(0, changes.clone(), &mut out).unwrap();
            }
            let epoch = Epoch { number: number as u64, clock_ms: 0 };
            let time =
                OperatorTime { epoch, watermark: Watermark((number * ROWS * 4 / 10) as i64) };
            operator.end_epoch(&time, &mut out).unwrap();
        }
        black_box(out.into_batches().len())
    });
}

fn json_lines() -> Vec<u8> {
    let mut text = String::new();
    for row in 0..ROWS {
        let _ = writeln!(
            text,
            "{{\"k\":{},\"n\":{},\"s\":\"channel-{}\",\"url\":\"https://www.example.com/a/{row}/item.htm\",\"ts\":\
             \"2026-01-31 12:{:02}:{:02}.{:03}\"}}",
            row % 977,
            row * 31,
            row % 100,
            row / 60 % 60,
            row % 60,
            row % 1_000
        );
    }
    text.into_bytes()
}

#[divan::bench]
fn json_three_of_five_fields(bencher: Bencher<'_, '_>) {
    let decoder = JsonDecoder::new(&bids(), &[0, 1, 2], JsonOptions::default()).unwrap();
    let chunk = Chunk { bytes: json_lines(), source: "lines".into(), first_line: 1 };
    let counted = bencher.counter(ItemsCount::new(ROWS));
    counted.bench_local(|| decoder.decode(black_box(&chunk)).unwrap().rows.num_rows());
}

#[divan::bench]
fn csv_three_of_four_fields(bencher: Bencher<'_, '_>) {
    let mut text = String::new();
    for row in 0..ROWS {
        let _ = writeln!(
            text,
            "2026-01-31 12:{:02}:{:02}.{:03},{},{},\"text of row {row}, quoted\"",
            row / 60 % 60,
            row % 60,
            row % 1_000,
            row % 977,
            row * 31
        );
    }
    let decoder = CsvDecoder::new(&bids(), &[0, 1, 2], CsvOptions::default()).unwrap();
    let chunk = Chunk { bytes: text.into_bytes(), source: "lines".into(), first_line: 1 };
    let counted = bencher.counter(ItemsCount::new(ROWS));
    counted.bench_local(|| decoder.decode(black_box(&chunk)).unwrap().rows.num_rows());
}

#[divan::bench(args = [1_000, 1_000_000])]
fn window_aggregate(bencher: Bencher<'_, '_>, keys: u64) {
    let kind = WindowKind::Tumble { size_ms: 10_000, offset_ms: 0 };
    let window = TimeWindow { kind, zone: None, processing_time: false };
    let output = schema(&[
        ("start", TIME),
        ("k", DataType::Int64),
        ("c", DataType::Int64),
        ("s", DataType::Int64),
        ("m", DataType::Int64),
    ]);
    let spec = Arc::new(WindowAggregateSpec {
        window: WindowColumns::Rowtime { rowtime: 0, window },
        keys: vec![1],
        aggregates: calls(),
        output: vec![WindowOutput::Start, WindowOutput::Key(0)],
        emit: None,
        removes: false,
        input: bids(),
        schema: output,
    });
    let dropped = Arc::new(Dropped::new("WindowAggregate", Some(0), None));
    feed(bencher, keys, || {
        Box::new(WindowAggregate::new(Arc::clone(&spec), Arc::clone(&dropped)).unwrap())
    });
}

#[divan::bench(args = [1_000, 1_000_000])]
fn group_aggregate(bencher: Bencher<'_, '_>, keys: u64) {
    let numbers = ["k", "c", "s", "m"].map(|name| (name, DataType::Int64));
    let spec = Arc::new(GroupAggregateSpec {
        keys: vec![1],
        aggregates: calls(),
        ttl: None,
        removes: false,
        input: bids(),
        schema: schema(&numbers),
    });
    feed(bencher, keys, || Box::new(GroupAggregate::new(Arc::clone(&spec)).unwrap()));
}

fn rank(most: u64) -> Arc<RankSpec> {
    Arc::new(RankSpec {
        partition: vec![1],
        order: vec![OrderKey { column: 0, descending: true, nulls_first: false }],
        function: RankFunction::RowNumber,
        least: 1,
        most,
        numbered: false,
        last_wins: most == 1,
        removes: false,
        ttl: None,
        input: bids(),
        schema: bids(),
    })
}

#[divan::bench(args = [1_000, 1_000_000])]
fn last_row_of_each_key(bencher: Bencher<'_, '_>, keys: u64) {
    let spec = rank(1);
    feed(bencher, keys, || Box::new(KeepOne::new(Arc::clone(&spec)).unwrap()));
}

#[divan::bench(args = [1_000])]
fn last_ten_rows_of_each_key(bencher: Bencher<'_, '_>, keys: u64) {
    let spec = rank(10);
    feed(bencher, keys, || Box::new(Rank::new(Arc::clone(&spec)).unwrap()));
}

/// Rows that find one partner each, and are kept.
#[divan::bench]
fn inner_join(bencher: Bencher<'_, '_>) {
    let both = bids().fields().iter().chain(bids().fields()).cloned().collect::<Vec<_>>();
    let spec = Arc::new(JoinSpec {
        kind: JoinKind::Inner,
        keys: [vec![1], vec![1]],
        equal_nulls: false,
        null_aware: None,
        condition: None,
        inputs: [bids(), bids()],
        schema: Arc::new(Schema::new(both)),
        removes: [false, false],
        appends: true,
        ttl: [None, None],
    });
    let once = (0..1_000).collect::<Int64Array>();
    let right = batches(1_000)[0].rows.slice(0, 1_000);
    let mut columns = right.columns().to_vec();
    columns[1] = Arc::new(once);
    let right = ChangeBatch::insert(RecordBatch::try_new(bids(), columns).unwrap());
    feed(bencher, 1_000, || {
        let mut join = Join::new(Arc::clone(&spec)).unwrap();
        join.process(1, right.clone(), &mut Output::default()).unwrap();
        Box::new(join)
    });
}

#[divan::bench(args = [1_000, 1_000_000])]
fn key_index_of_an_integer(bencher: Bencher<'_, '_>, keys: u64) {
    keys_of(bencher, keys, &[1]);
}

#[divan::bench(args = [1_000, 1_000_000])]
fn key_index_of_two_columns(bencher: Bencher<'_, '_>, keys: u64) {
    keys_of(bencher, keys, &[1, 0]);
}

#[divan::bench]
fn key_index_of_a_text(bencher: Bencher<'_, '_>) {
    keys_of(bencher, 1, &[3]);
}

fn keys_of(bencher: Bencher<'_, '_>, keys: u64, columns: &[usize]) {
    let input = batches(keys);
    let types: Vec<DataType> =
        columns.iter().map(|column| bids().field(*column).data_type().clone()).collect();
    let counted = bencher.counter(ItemsCount::new(ROWS * BATCHES));
    counted.bench_local(|| {
        let (mut index, mut slots) = (KeyIndex::new(&types).unwrap(), Vec::new());
        for changes in &input {
            let keys: Vec<ArrayRef> =
                columns.iter().map(|column| Arc::clone(changes.rows.column(*column))).collect();
            index.slots(&keys, ROWS, &mut slots).unwrap();
        }
        index.len()
    });
}

/// Rows are kept, and each is looked up once.
#[divan::bench]
fn row_store(bencher: Bencher<'_, '_>) {
    let input = batches(1_000);
    let counted = bencher.counter(ItemsCount::new(ROWS * BATCHES));
    counted.bench_local(|| {
        let mut store = RowStore::new(bids());
        for changes in &input {
            store.append(changes.rows.columns(), ROWS).unwrap();
        }
        let all: Vec<u32> = (0..store.len() as u32).rev().collect();
        let found = all.chunks(ROWS).map(|rows| store.columns(rows).unwrap().len());
        found.sum::<usize>()
    });
}

/// A batch is dealt out to two shards by position, as an exchange does.
#[divan::bench]
fn take_half_of_the_rows(bencher: Bencher<'_, '_>) {
    let input = batches(1_000).swap_remove(0);
    let half: UInt32Array = (0..ROWS as u32).step_by(2).collect::<Vec<_>>().into();
    let counted = bencher.counter(ItemsCount::new(ROWS / 2));
    counted.bench_local(|| input.take(&half).unwrap().num_rows());
}
