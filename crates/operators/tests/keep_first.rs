//! The first row of each key by event time is what a look at all rows finds, in the order of time and then
//! as rows came, whatever the epochs are.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use millstream_operators::keep_first::{KeepFirst, KeepFirstSpec};
use millstream_operators::{Dropped, Operator, OperatorTime, Output, Reason};
use millstream_testing::Random;
use millstream_types::{ChangeBatch, Epoch, Watermark};

const KEYS: u64 = 3_000;

/// A row: its key and its time.
type Row = (i64, i64);

fn batch(input: &SchemaRef, rows: &[(i64, Row)]) -> RecordBatch {
    let column = |of: fn(&(i64, Row)) -> i64| rows.iter().map(of);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(column(|row| row.0))),
        Arc::new(Int64Array::from_iter_values(column(|row| row.1.0))),
        Arc::new(TimestampMillisecondArray::from_iter_values(column(|row| row.1.1))),
    ];
    RecordBatch::try_new(Arc::clone(input), columns).unwrap()
}

#[test]
fn the_first_of_each_key_comes_once_however_epochs_are_cut() {
    let time = DataType::Timestamp(TimeUnit::Millisecond, None);
    let fields = [("id", DataType::Int64), ("k", DataType::Int64), ("ts", time)];
    let fields = fields.map(|(name, of)| Field::new(name, of, true)).to_vec();
    let input = Arc::new(Schema::new(fields));
    for seed in 0..6 {
        let mut random = Random::new(seed);
        // Times are few, so that many are equal, and ascend with a delay of up to 20.
        let rows: Vec<Row> = (0..9_000)
            .map(|n| (random.below(KEYS) as i64, n / 300 * 10 - random.below(3) as i64 * 10))
            .collect();
        let mut watermark = i64::MIN;
        // A row is late when it is behind the watermark: the greatest time before it less 15.
        let (mut met, mut late) = (Vec::new(), 0);
        let mut firsts: HashMap<i64, (i64, usize)> = HashMap::new();
        for (at, (key, time)) in rows.iter().enumerate() {
            met.push(watermark);
            if *time < watermark {
                late += 1;
            } else {
                let first = firsts.entry(*key).or_insert((*time, at));
                *first = (*first).min((*time, at));
            }
            watermark = watermark.max(*time - 15);
        }
        let mut due: Vec<(i64, usize)> = firsts.into_values().collect();
        due.sort_unstable();
        let due: Vec<i64> = due.into_iter().map(|(_, at)| at as i64).collect();

        let dropped = Arc::new(Dropped::new("Deduplicate", Some(2), None));
        let spec =
            KeepFirstSpec { partition: vec![1], rowtime: 2, ttl: None, input: Arc::clone(&input) };
        let mut operator = KeepFirst::new(Arc::new(spec), Arc::clone(&dropped)).unwrap();
        let (mut given, mut from) = (Vec::new(), 0);
        while from < rows.len() {
            let to = rows.len().min(from + 1 + random.below(1_500) as usize);
            let numbered: Vec<(i64, Row)> = (from..to).map(|at| (at as i64, rows[at])).collect();
            let reached = Some(Int64Array::from(met[from..to].to_vec()));
            let changes = ChangeBatch { reached, ..ChangeBatch::insert(batch(&input, &numbered)) };
            let watermark = if to == rows.len() { i64::MAX } else { met[to] };
            let (mut out, epoch) = (Output::default(), Epoch { number: 0, clock_ms: 0 });
            operator.begin_epoch(0).unwrap();
            operator.process(0, changes, &mut out).unwrap();
            let time = OperatorTime { epoch, watermark: Watermark(watermark) };
            operator.end_epoch(&time, &mut out).unwrap();
            for changes in out.into_batches() {
                assert!(changes.weights.is_none(), "rows only come");
                let ids = changes.rows.column(0).as_primitive::<Int64Type>();
                given.extend_from_slice(ids.values());
            }
            from = to;
        }
        assert_eq!(given, due, "seed {seed}");
        assert_eq!(dropped.of(Reason::Late), late);
        assert!(late > 0, "no row of seed {seed} is late");
    }
}
