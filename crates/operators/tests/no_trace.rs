//! Rows that come and go again, in any order and mixed with others, leave nothing behind: no row
//! of any result and no byte of state, in every operator that takes changes back.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use millstream_operators::group_aggregate::{GroupAggregate, GroupAggregateSpec};
use millstream_operators::join::{Join, JoinSpec};
use millstream_operators::normalize::Normalize;
use millstream_operators::rank::{Rank, RankSpec};
use millstream_operators::set_operation::SetOperation;
use millstream_operators::sorted_over::{SortedOver, SortedOverSpec};
use millstream_operators::{Operator, OperatorTime, Output};
use millstream_plan::{
    AggregateCall, AggregateFunction, BitmapOf, JoinKind, OrderKey, Place, RankFunction,
    SortedCall, Span, SpanUnit,
};
use millstream_testing::Random;
use millstream_testing::notation::{changes, text};
use millstream_types::sql_type::ColumnType;
use millstream_types::{ChangeBatch, Epoch, SqlType, Watermark};

type Make = Box<dyn Fn() -> Box<dyn Operator>>;

fn schema(columns: &[DataType]) -> SchemaRef {
    let fields = columns.iter().enumerate();
    let fields = fields.map(|(at, of)| Field::new(format!("c{at}"), of.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn input() -> SchemaRef {
    schema(&[DataType::Int64, DataType::Int64, DataType::Utf8, DataType::Float64])
}

/// Keys, numbers and texts from few values, so that rows are alike often, and NULL among them.
fn random_row(random: &mut Random) -> String {
    let number = |random: &mut Random, most: u64| match random.below(most) {
        0 => "-".to_owned(),
        other => other.to_string(),
    };
    let (key, value) = (number(random, 4), number(random, 5));
    let text = ["-", "a", "b"][random.below(3) as usize];
    format!(
        "{key} | {value} | {text} | {}",
        ["-", "0.1", "1.0e16", "0.7"][random.below(4) as usize]
    )
}

/// What is left of a changelog; nothing may be taken back that is not there.
fn fold(batches: &[ChangeBatch], rows: &mut BTreeMap<String, i64>) {
    for line in batches.iter().map(text).collect::<String>().lines() {
        let (weight, row) = line.split_once(" | ").unwrap();
        let copies = rows.entry(row.to_owned()).or_default();
        *copies += weight.parse::<i64>().unwrap();
    }
    rows.retain(|_, copies| *copies != 0);
    assert!(rows.values().all(|copies| *copies > 0), "what is not there is taken back: {rows:?}");
}

/// Runs epochs of changes, given by side as lines of text; what is left of the result.
fn run(operator: &mut dyn Operator, epochs: &[Vec<(usize, String)>]) -> BTreeMap<String, i64> {
    let mut rows = BTreeMap::new();
    for (number, epoch) in epochs.iter().enumerate() {
        let mut out = Output::default();
        operator.begin_epoch(0).unwrap();
        for (side, lines) in epoch {
            operator.process(*side, changes(&input(), lines), &mut out).unwrap();
        }
        let epoch = Epoch { number: number as u64, clock_ms: 0 };
        let time = OperatorTime { epoch, watermark: Watermark::MIN };
        operator.end_epoch(&time, &mut out).unwrap();
        fold(&out.into_batches(), &mut rows);
    }
    rows
}

/// Changes of which only `kept` rows of each side remain, cut into batches and epochs at random.
fn comings_and_goings(
    random: &mut Random,
    sides: usize,
    kept: &[Vec<String>],
) -> Vec<Vec<(usize, String)>> {
    let mut pending: Vec<(usize, String, bool)> = Vec::new();
    for (side, kept) in kept.iter().enumerate().take(sides) {
        pending.extend(kept.iter().map(|row| (side, row.clone(), true)));
        pending.extend((0..40).map(|_| (side, random_row(random), false)));
    }
    for at in (1..pending.len()).rev() {
        pending.swap(at, random.below(at as u64 + 1) as usize);
    }
    let mut present: Vec<(usize, String)> = Vec::new();
    let mut lines: Vec<(usize, String)> = Vec::new();
    while !pending.is_empty() || !present.is_empty() {
        if present.is_empty() || (!pending.is_empty() && random.below(3) > 0) {
            let (side, row, stays) = pending.remove(0);
            lines.push((side, format!("+1 | {row}\n")));
            if !stays {
                present.push((side, row));
            }
        } else {
            let (side, row) = present.swap_remove(random.below(present.len() as u64) as usize);
            lines.push((side, format!("-1 | {row}\n")));
        }
    }
    let mut epochs = vec![Vec::new()];
    for line in lines {
        if random.below(4) == 0 {
            epochs.push(Vec::new());
        }
        epochs.last_mut().unwrap().push(line);
    }
    epochs
}

fn check(what: &str, sides: usize, make: &Make) {
    for seed in 0..8 {
        let mut random = Random::new(seed);
        let count = if seed % 2 == 0 { 0 } else { 10 };
        let kept: Vec<Vec<String>> =
            (0..sides).map(|_| (0..count).map(|_| random_row(&mut random)).collect()).collect();
        let mut operator = make();
        let rows = run(operator.as_mut(), &comings_and_goings(&mut random, sides, &kept));
        let only: Vec<(usize, String)> = kept
            .iter()
            .enumerate()
            .flat_map(|(side, rows)| rows.iter().map(move |row| (side, format!("+1 | {row}\n"))))
            .collect();
        let due = run(make().as_mut(), &[only]);
        assert_eq!(rows, due, "{what}, seed {seed}");
        if count == 0 {
            assert!(rows.is_empty(), "{what}, seed {seed}: {rows:?}");
            let before = make().state_bytes();
            assert_eq!(operator.state_bytes(), before, "{what}, seed {seed}: bytes of state");
        }
    }
}

/// Functions whose value does not depend on the order in which rows came.
fn aggregates() -> Vec<AggregateCall> {
    let call = |function: AggregateFunction, column: usize, distinct: bool, result: DataType| {
        AggregateCall { function, distinct, arguments: vec![column], filter: None, result }
    };
    let numbers = [
        AggregateFunction::Count,
        AggregateFunction::Sum,
        AggregateFunction::Avg,
        AggregateFunction::Min,
        AggregateFunction::Max,
        AggregateFunction::Variance { sample: false, root: false },
        AggregateFunction::Variance { sample: true, root: true },
    ];
    let numbers = numbers.into_iter().flat_map(|function| {
        [false, true].map(|distinct| call(function.clone(), 1, distinct, DataType::Int64))
    });
    let element = Box::new(ColumnType::nullable(SqlType::STRING));
    let shares = vec![0.5];
    let doubles = [AggregateFunction::Sum, AggregateFunction::Avg];
    let doubles = doubles.map(|function| call(function, 3, false, DataType::Float64));
    let others = [
        call(AggregateFunction::Min, 2, false, DataType::Utf8),
        call(AggregateFunction::Collect, 2, false, SqlType::Multiset(element).arrow()),
        call(AggregateFunction::Percentile { shares, many: false }, 1, false, DataType::Float64),
        call(
            AggregateFunction::Bitmap { of: BitmapOf::Integers, counted: true },
            1,
            false,
            DataType::Int64,
        ),
    ];
    numbers.chain(others).chain(doubles).collect()
}

#[test]
fn groups_leave_no_trace() {
    for call in aggregates() {
        let what = format!("{call:?}");
        let output = schema(&[DataType::Int64, call.result.clone()]);
        check(
            &what,
            1,
            &(Box::new(move || {
                let spec = GroupAggregateSpec {
                    keys: vec![0],
                    aggregates: vec![call.clone()],
                    removes: true,
                    ttl: None,
                    input: input(),
                    schema: Arc::clone(&output),
                };
                Box::new(GroupAggregate::new(Arc::new(spec)).unwrap()) as Box<dyn Operator>
            }) as Make),
        );
    }
}

#[test]
fn functions_of_the_order_of_rows_leave_no_trace() {
    let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let functions = [
        (AggregateFunction::FirstValue, DataType::Utf8),
        (AggregateFunction::LastValue, DataType::Utf8),
        (AggregateFunction::ListAgg { separator: ",".to_owned() }, DataType::Utf8),
        (AggregateFunction::ArrayAgg { ignore_nulls: false }, list),
        (AggregateFunction::JsonArray { absent: false }, DataType::Utf8),
    ];
    for (function, result) in functions {
        let output = schema(&[DataType::Int64, result.clone()]);
        let make = move || {
            let (function, result) = (function.clone(), result.clone());
            let arguments = vec![2];
            let call = AggregateCall { function, distinct: false, arguments, filter: None, result };
            let spec = GroupAggregateSpec {
                keys: vec![0],
                aggregates: vec![call],
                removes: true,
                ttl: None,
                input: input(),
                schema: Arc::clone(&output),
            };
            Box::new(GroupAggregate::new(Arc::new(spec)).unwrap()) as Box<dyn Operator>
        };
        for seed in 0..8 {
            let mut random = Random::new(seed);
            let epochs = comings_and_goings(&mut random, 1, &[vec![]]);
            let mut operator = make();
            assert!(run(operator.as_mut(), &epochs).is_empty());
            assert_eq!(operator.state_bytes(), make().state_bytes(), "seed {seed}");
        }
    }
}

#[test]
fn values_over_rows_in_order_leave_no_trace() {
    let key = |column: usize, descending: bool| OrderKey { column, descending, nulls_first: true };
    let call = |function: AggregateFunction, arguments: Vec<usize>, result: DataType| {
        AggregateCall { function, distinct: false, arguments, filter: None, result }
    };
    let over = |call: &AggregateCall, unit: SpanUnit, from: Option<i128>, to: Option<i128>| {
        SortedCall::Aggregate { call: call.clone(), span: Span { unit, from, to } }
    };
    let rows = |call: &AggregateCall| over(call, SpanUnit::Rows, None, Some(0));
    let sum = call(AggregateFunction::Sum, vec![1], DataType::Int64);
    let rank = call(AggregateFunction::Rank { dense: false }, vec![1], DataType::Int64);
    let before = AggregateFunction::Lag { offset: 1, default: None };
    let before = call(before, vec![1], DataType::Int64);
    let after = AggregateFunction::Lag { offset: 0, default: None };
    let after = call(after, vec![1], DataType::Int64);
    // Rows that are equal in the order are either alike, or count together.
    let all = vec![key(1, false), key(2, true), key(3, false)];
    let by_row =
        vec![rows(&sum), over(&sum, SpanUnit::Rows, Some(-1), Some(0)), rows(&before), rows(&rank)];
    let ahead = vec![
        over(&sum, SpanUnit::Rows, Some(-1), Some(2)),
        over(&after, SpanUnit::Rows, Some(1), Some(1)),
        over(&sum, SpanUnit::Rows, Some(0), None),
        SortedCall::Place(Place::Ntile(2)),
        SortedCall::Place(Place::CumeDist),
    ];
    let with_peers = vec![over(&sum, SpanUnit::Peers, None, Some(0)), rows(&rank)];
    let distances = vec![
        over(&sum, SpanUnit::Values, Some(-2), Some(1)),
        SortedCall::Place(Place::PercentRank),
    ];
    for (order, calls) in [
        (all.clone(), by_row),
        (all, ahead),
        (vec![key(1, true)], with_peers.clone()),
        (vec![key(1, true)], distances),
        (vec![], with_peers[..1].to_vec()),
    ] {
        let columns =
            input().fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>();
        let results = calls.iter().map(|call| match call {
            SortedCall::Aggregate { call, .. } => call.result.clone(),
            SortedCall::Place(Place::Ntile(_)) => DataType::Int64,
            SortedCall::Place(_) => DataType::Float64,
        });
        let output = schema(&columns.into_iter().chain(results).collect::<Vec<_>>());
        check(
            &format!("{calls:?}"),
            1,
            &(Box::new(move || {
                let spec = SortedOverSpec {
                    partition: vec![0],
                    order: order.clone(),
                    calls: calls.clone(),
                    ttl: None,
                    input: input(),
                    schema: Arc::clone(&output),
                };
                Box::new(SortedOver::new(Arc::new(spec)).unwrap()) as Box<dyn Operator>
            }) as Make),
        );
    }
}

#[test]
fn copies_that_come_together_count_each() {
    let call = AggregateCall {
        function: AggregateFunction::Sum,
        distinct: false,
        arguments: vec![1],
        filter: None,
        result: DataType::Int64,
    };
    let order = OrderKey { column: 1, descending: false, nulls_first: true };
    let columns =
        input().fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>();
    let spec = Arc::new(SortedOverSpec {
        partition: vec![0],
        order: vec![order],
        calls: vec![SortedCall::Aggregate {
            call,
            span: Span { unit: SpanUnit::Peers, from: None, to: Some(0) },
        }],
        ttl: None,
        input: input(),
        schema: schema(&[columns, vec![DataType::Int64]].concat()),
    });
    let line = |weight: &str| vec![(0, format!("{weight} | 1 | 2 | a | -\n"))];
    let make = || SortedOver::new(Arc::clone(&spec)).unwrap();
    let due = run(&mut make(), &[line("+4")]);
    assert_eq!(run(&mut make(), &[line("+1"), line("+1"), line("+2")]), due);
    assert_eq!(run(&mut make(), &[line("+2"), line("+3"), line("-1")]), due);
}

/// The join kinds there are.
const JOINS: [JoinKind; 6] = [
    JoinKind::Inner,
    JoinKind::Left,
    JoinKind::Right,
    JoinKind::Full,
    JoinKind::Semi,
    JoinKind::Anti,
];

fn join(
    kind: JoinKind,
    keyed: bool,
    null_aware: Option<(usize, usize)>,
    ttl: Option<i64>,
) -> Box<dyn Operator> {
    let both = [input().fields().to_vec(), input().fields().to_vec()].concat();
    let one_sided = matches!(kind, JoinKind::Semi | JoinKind::Anti);
    let keys = if keyed { vec![0] } else { vec![] };
    let spec = JoinSpec {
        kind,
        keys: [keys.clone(), keys],
        equal_nulls: false,
        null_aware,
        condition: None,
        inputs: [input(), input()],
        schema: if one_sided { input() } else { Arc::new(Schema::new(both)) },
        removes: [true, true],
        appends: false,
        ttl: [ttl, ttl],
    };
    Box::new(Join::new(Arc::new(spec)).unwrap())
}

#[test]
fn joins_leave_no_trace() {
    for kind in JOINS {
        for keyed in [true, false] {
            for null_aware in [None, Some((1, 1))] {
                if null_aware.is_some() && kind != JoinKind::Anti {
                    continue;
                }
                let make = move || join(kind, keyed, null_aware, None);
                check(&format!("{kind:?} {keyed} {null_aware:?}"), 2, &(Box::new(make) as Make));
            }
        }
    }
}

/// Each epoch brings keys that are gone in the next one, so that the keys are numbered anew again and again
/// while what is left of the rows of the last ones is not.
#[test]
fn joins_take_keys_that_come_and_go() {
    let row = |key: usize| format!(" | {key} | {} | a | -\n", key % 3);
    for kind in JOINS {
        for ttl in [None, Some(1_000_000)] {
            let (mut epochs, mut kept) = (Vec::new(), vec![Vec::new()]);
            for epoch in 0..20 {
                let mut lines: Vec<(usize, String)> = Vec::new();
                for side in [0, 1] {
                    let new = epoch * 1_000 + side * 300..epoch * 1_000 + side * 300 + 400;
                    for key in new {
                        lines.push((side, format!("+1{}", row(key))));
                        if key % 100 == 7 {
                            kept[0].push((side, format!("+1{}", row(key))));
                        } else if let Some(before) = key.checked_sub(1_000) {
                            lines.push((side, format!("-1{}", row(before))));
                        }
                    }
                }
                let of = |side: usize| {
                    let lines = lines.iter().filter(move |(of, _)| *of == side);
                    (side, lines.map(|(_, line)| line.as_str()).collect::<String>())
                };
                epochs.push(vec![of(0), of(1)]);
            }
            // The last of them are taken back, too.
            let last = [0, 1].map(|side| {
                let keys =
                    (19_000 + side * 300..19_000 + side * 300 + 400).filter(|k| k % 100 != 7);
                (side, keys.map(|key| format!("-1{}", row(key))).collect::<String>())
            });
            epochs.push(last.to_vec());
            let rows = run(join(kind, true, None, ttl).as_mut(), &epochs);
            let due = run(join(kind, true, None, ttl).as_mut(), &kept);
            assert_eq!(rows, due, "{kind:?}, ttl {ttl:?}");
        }
    }
}

#[test]
fn ranks_leave_no_trace() {
    for function in [RankFunction::RowNumber, RankFunction::Rank, RankFunction::DenseRank] {
        for (least, most, numbered) in [(1, 1, false), (1, 3, false), (2, 3, true)] {
            let make = move || {
                let order = |column: usize, descending: bool| OrderKey {
                    column,
                    descending,
                    nulls_first: true,
                };
                let mut columns =
                    vec![DataType::Int64, DataType::Int64, DataType::Utf8, DataType::Float64];
                columns.extend(numbered.then_some(DataType::Int64));
                let spec = RankSpec {
                    partition: vec![0],
                    order: vec![order(1, true), order(2, false), order(3, false)],
                    function,
                    least,
                    most,
                    numbered,
                    last_wins: false,
                    removes: true,
                    ttl: None,
                    input: input(),
                    schema: schema(&columns),
                };
                Box::new(Rank::new(Arc::new(spec)).unwrap()) as Box<dyn Operator>
            };
            check(&format!("{function:?} {least} {most}"), 1, &(Box::new(make) as Make));
        }
    }
}

#[test]
fn set_operations_leave_no_trace() {
    for intersect in [true, false] {
        for all in [true, false] {
            let make = move || {
                let operator = SetOperation::new(intersect, all, input(), None);
                Box::new(operator.unwrap()) as Box<dyn Operator>
            };
            check(&format!("{intersect} {all}"), 2, &(Box::new(make) as Make));
        }
    }
}

#[test]
fn rows_by_key_leave_no_trace() {
    let make = || Box::new(Normalize::new(vec![0], input(), None).unwrap()) as Box<dyn Operator>;
    for seed in 0..8 {
        let mut random = Random::new(seed);
        let mut epochs: Vec<Vec<(usize, String)>> = Vec::new();
        for _ in 0..20 {
            let lines = (0..5).map(|_| (0, format!("+1 | {}\n", random_row(&mut random))));
            epochs.push(lines.collect());
        }
        let gone = ["-", "1", "2", "3"].map(|key| (0, format!("-1 | {key} | - | - | -\n")));
        epochs.push(gone.to_vec());
        let mut operator = make();
        assert!(run(operator.as_mut(), &epochs).is_empty());
        assert_eq!(operator.state_bytes(), make().state_bytes(), "seed {seed}");
    }
}
