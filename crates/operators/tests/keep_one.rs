//! A rank of one row a partition gives what the general rank gives, epoch by epoch.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use arrow::array::{Int64Array, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::record_batch::RecordBatch;
use millstream_operators::keep_one::KeepOne;
use millstream_operators::rank::{Rank, RankSpec};
use millstream_operators::{Operator, OperatorTime, Output};
use millstream_plan::{OrderKey, RankFunction};
use millstream_testing::Random;
use millstream_testing::notation::text;
use millstream_types::{ChangeBatch, Epoch, Watermark};

/// What comes out of an epoch, line by line in an order of its own.
fn epoch(operator: &mut dyn Operator, number: u64, input: &[ChangeBatch]) -> Vec<String> {
    let (epoch, mut out) = (Epoch { number, clock_ms: 10 * number as i64 }, Output::default());
    operator.begin_epoch(epoch.clock_ms).unwrap();
    for batch in input {
        operator.process(0, batch.clone(), &mut out).unwrap();
    }
    operator.end_epoch(&OperatorTime { epoch, watermark: Watermark(0) }, &mut out).unwrap();
    let text: String = out.into_batches().iter().map(text).collect();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn one_row_a_partition_is_what_the_general_rank_keeps() {
    let time = DataType::Timestamp(TimeUnit::Millisecond, None);
    let fields = [("k", DataType::Utf8), ("n", DataType::Int64), ("ts", time)];
    let mut fields: Vec<Field> = fields.map(|(name, of)| Field::new(name, of, true)).to_vec();
    let input = Arc::new(Schema::new(fields.clone()));
    fields.push(Field::new("rank", DataType::Int64, false));
    let numbered = Arc::new(Schema::new(fields));
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let key = |random: &mut Random, column: usize| OrderKey {
            column,
            descending: random.below(2) == 0,
            nulls_first: random.below(2) == 0,
        };
        let order = (0..random.below(3)).map(|at| key(&mut random, 2 - at as usize)).collect();
        let shows = random.below(3) == 0;
        let spec = Arc::new(RankSpec {
            partition: if random.below(8) == 0 { vec![] } else { vec![0] },
            order,
            function: RankFunction::RowNumber,
            least: 1,
            most: 1,
            numbered: shows,
            last_wins: random.below(2) == 0,
            removes: false,
            ttl: (random.below(4) == 0).then_some(30),
            input: Arc::clone(&input),
            schema: Arc::clone(if shows { &numbered } else { &input }),
        });
        assert!(KeepOne::fits(&spec));
        let mut kept = KeepOne::new(Arc::clone(&spec)).unwrap();
        let mut rank = Rank::new(Arc::clone(&spec)).unwrap();
        let keys = 1 + random.below(3_000);
        for number in 0..12 {
            let batches = (0..random.below(4)).map(|_| {
                let most = if random.below(6) == 0 { 2_000 } else { 6 };
                let rows = random.below(most);
                let mut value = |below: u64| {
                    let null = random.below(8) == 0;
                    let number = random.below(below) as i64;
                    (!null).then_some(number)
                };
                let text = |number: Option<i64>| number.map(|number| format!("k{number}"));
                let columns: [arrow::array::ArrayRef; 3] = [
                    Arc::new((0..rows).map(|_| text(value(keys))).collect::<StringArray>()),
                    Arc::new((0..rows).map(|_| value(3)).collect::<Int64Array>()),
                    Arc::new((0..rows).map(|_| value(5)).collect::<TimestampMillisecondArray>()),
                ];
                let rows = RecordBatch::try_new(Arc::clone(&input), columns.to_vec()).unwrap();
                ChangeBatch::insert(rows)
            });
            let batches: Vec<ChangeBatch> = batches.collect();
            let due = epoch(&mut rank, number, &batches);
            assert_eq!(epoch(&mut kept, number, &batches), due, "seed {seed}, epoch {number}");
        }
    }
}
