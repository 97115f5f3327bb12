//! MATCH_RECOGNIZE against a search that tries all ways to give the rows of a key to the variables of a
//! pattern: the same matches and the same number of late rows, however the input is cut into batches and
//! epochs, and at any parallelism.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
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

fn rows(random: &mut Random) -> Vec<Row> {
    let disorder = [0, 200, 500, 4_000][random.below(4) as usize];
    let step = 1 + random.below(60);
    let row = |id: u64| Row {
        id: id as i64,
        key: (random.below(12) > 0).then(|| random.below(4) as i64),
        value: (random.below(8) > 0).then(|| random.below(9) as i64),
        ts: 10_000_000 + (id * step) as i64 - random.below(disorder + 1) as i64,
    };
    (0..400).map(row).collect()
}

fn batch(rows: &[Row]) -> RecordBatch {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("key", DataType::Int64, true),
        Field::new("v", DataType::Int64, true),
        Field::new("ts", DataType::Timestamp(TimeUnit::Millisecond, None), true),
    ]));
    let ids = Int64Array::from_iter_values(rows.iter().map(|row| row.id));
    let keys: Int64Array = rows.iter().map(|row| row.key).collect();
    let values: Int64Array = rows.iter().map(|row| row.value).collect();
    let times = TimestampMillisecondArray::from_iter_values(rows.iter().map(|row| row.ts));
    let columns: Vec<Arc<dyn Array>> =
        vec![Arc::new(ids), Arc::new(keys), Arc::new(values), Arc::new(times)];
    RecordBatch::try_new(schema, columns).unwrap()
}

/// The matches that come out, sorted, and how many rows were late.
async fn run(sql: &str, rows: &[Row], parallelism: usize, random: &mut Random) -> (Vec<Line>, u64) {
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
    let mut lines = Vec::new();
    while let Some(changes) = query.next().await {
        let changes = changes.unwrap();
        for row in 0..changes.num_rows() {
            let columns = changes.rows.columns().iter();
            let columns = columns.map(|column| column.as_primitive::<Int64Type>());
            lines.push(columns.map(|c| c.is_valid(row).then(|| c.value(row))).collect());
        }
    }
    lines.sort();
    (lines, query.metrics().late)
}

type Line = Vec<Option<i64>>;

/// The rows of a key, those given to each variable so far, the variable, and the row that is to be one of
/// it.
type Condition = fn(&[Row], &[Vec<usize>], usize, usize) -> bool;

struct Variable {
    quantifier: &'static str,
    least: usize,
    most: usize,
    greedy: bool,
    sql: &'static str,
    holds: Condition,
}

fn variable(quantifier: &'static str, (sql, holds): (&'static str, Condition)) -> Variable {
    let (least, most) = match quantifier.trim_end_matches('?') {
        "" if quantifier.is_empty() => (1, 1),
        "" => (0, 1),
        "*" => (0, usize::MAX),
        "+" => (1, usize::MAX),
        "{2,}" => (2, usize::MAX),
        "{1,3}" => (1, 3),
        other => panic!("the quantifier {other}"),
    };
    // `?` alone takes no precedence.
    let greedy = most > 1 && !quantifier.ends_with('?');
    Variable { quantifier, least, most, greedy, sql, holds }
}

const ANY: (&str, Condition) = ("TRUE", |_, _, _, _| true);
const HIGH: (&str, Condition) = ("v > 3", |rows, _, _, row| rows[row].value > Some(3));
const LOW: (&str, Condition) =
    ("v < 6", |rows, _, _, row| rows[row].value.is_some_and(|value| value < 6));
/// Less than the row before it in the match.
const FALLS: (&str, Condition) = ("v < LAST(v, 1)", |rows, given, _, row| {
    let before = given.iter().flatten().max().and_then(|before| rows[*before].value);
    before.zip(rows[row].value).is_some_and(|(before, value)| value < before)
});
/// With the rows of its variable less than 12 in all.
const FEW: (&str, Condition) = ("SUM($.v) < 12", |rows, given, variable, row| {
    let own = given[variable].iter().chain([&row]).filter_map(|row| rows[*row].value);
    let own: Vec<i64> = own.collect();
    !own.is_empty() && own.iter().sum::<i64>() < 12
});
/// Not less than the first row of the match.
const ABOVE: (&str, Condition) = ("v >= FIRST(v)", |rows, given, _, row| {
    let first = given.iter().flatten().min().copied().unwrap_or(row);
    rows[first].value.zip(rows[row].value).is_some_and(|(first, value)| value >= first)
});

struct Search<'a> {
    rows: &'a [Row],
    pattern: &'a [Variable],
    within: i64,
    /// The last row and the rows of each variable, of the match that ends first.
    best: Option<(usize, Vec<Vec<usize>>)>,
    /// How many matches end with that row.
    ties: usize,
    /// Whether more rows could make a match.
    open: bool,
}

impl Search<'_> {
    /// Whether a row may be of a variable behind others that are passed over: of none that insists on it.
    fn passes(&self, given: &[Vec<usize>], from: Option<usize>, to: usize, row: usize) -> bool {
        (from.unwrap_or(0)..to).all(|over| {
            !(self.pattern[over].greedy && (self.pattern[over].holds)(self.rows, given, over, row))
        })
    }

    fn optional(&self, variables: std::ops::Range<usize>) -> bool {
        self.pattern[variables].iter().all(|variable| variable.least == 0)
    }

    /// Gives the next row to each variable that may have it.
    fn extend(
        &mut self,
        start: usize,
        row: usize,
        given: &mut Vec<Vec<usize>>,
        last: Option<usize>,
    ) {
        if self.best.as_ref().is_some_and(|(end, _)| row > *end) {
            return;
        }
        let Some(next) = self.rows.get(row) else {
            self.open = true;
            return;
        };
        if next.ts - self.rows[start].ts >= self.within {
            return;
        }
        let from = last.map_or(0, |last| last);
        for variable in from..self.pattern.len() {
            let of = &self.pattern[variable];
            let again = last == Some(variable);
            let may = match last {
                Some(last) if again => given[last].len() < of.most,
                Some(last) => {
                    given[last].len() >= self.pattern[last].least
                        && self.optional(last + 1..variable)
                        && self.passes(given, Some(last), variable, row)
                }
                None => self.optional(0..variable) && self.passes(given, None, variable, row),
            };
            if !may || !(of.holds)(self.rows, given, variable, row) {
                continue;
            }
            let behind = variable + 1..self.pattern.len();
            let ends = given[variable].len() + 1 >= of.least
                && self.optional(behind.clone())
                && (behind.is_empty()
                    || self.passes(given, Some(variable), self.pattern.len() - 1, row));
            given[variable].push(row);
            if ends {
                match &self.best {
                    Some((end, _)) if *end == row => self.ties += 1,
                    _ => (self.best, self.ties) = (Some((row, given.clone())), 1),
                }
            }
            if given[variable].len() < of.most || variable + 1 < self.pattern.len() {
                self.extend(start, row + 1, given, Some(variable));
            }
            given[variable].pop();
        }
    }
}

/// The matches of one key; `None` when several of them end first.
fn matches(
    rows: &[Row],
    pattern: &[Variable],
    within: Option<i64>,
    past: bool,
) -> Option<Vec<Line>> {
    let (mut lines, mut start) = (Vec::new(), 0);
    while start < rows.len() {
        let within = within.unwrap_or(i64::MAX);
        let mut search = Search { rows, pattern, within, best: None, ties: 0, open: false };
        search.extend(start, start, &mut vec![Vec::new(); pattern.len()], None);
        let Some((end, given)) = search.best else {
            // Without a bound in time it stays under way, and what starts later waits for it.
            if search.open && within == i64::MAX {
                break;
            }
            start += 1;
            continue;
        };
        if search.ties > 1 {
            return None;
        }
        let ids = given.iter().flat_map(|rows_of| {
            let id = |row: Option<&usize>| row.map(|row| rows[*row].id);
            [id(rows_of.first()), id(rows_of.last()), Some(rows_of.len() as i64)]
        });
        lines.push(std::iter::once(rows[start].key).chain(ids).collect());
        start = if past { end + 1 } else { start + 1 };
    }
    Some(lines)
}

/// All matches, sorted, and how many rows are late.
fn simulate(
    rows: &[Row],
    pattern: &[Variable],
    within: Option<i64>,
    past: bool,
) -> Option<(Vec<Line>, u64)> {
    let (mut watermark, mut late) = (i64::MIN, 0);
    let mut keys: BTreeMap<Option<i64>, Vec<Row>> = BTreeMap::new();
    for row in rows {
        match row.ts > watermark {
            true => keys.entry(row.key).or_default().push(*row),
            false => late += 1,
        }
        watermark = watermark.max(row.ts - DELAY);
    }
    let mut lines = Vec::new();
    for rows in keys.values_mut() {
        rows.sort_by_key(|row| row.ts);
        lines.extend(matches(rows, pattern, within, past)?);
    }
    lines.sort();
    Some((lines, late))
}

#[tokio::test]
async fn matches_are_right() {
    let patterns = [
        vec![variable("", HIGH), variable("", LOW)],
        vec![variable("", ANY), variable("+", FALLS), variable("", HIGH)],
        vec![variable("", HIGH), variable("*", LOW), variable("", ABOVE)],
        vec![variable("", LOW), variable("{2,}", FEW), variable("", HIGH)],
        vec![variable("+", LOW), variable("{1,3}", HIGH), variable("", FALLS)],
        vec![variable("", HIGH), variable("?", FALLS), variable("", ABOVE)],
        // Flink refuses what may be left out behind a greedy variable.
        vec![variable("", ANY), variable("+", LOW), variable("?", ABOVE), variable("", HIGH)],
        vec![variable("", LOW), variable("+", FALLS), variable("*", HIGH), variable("", ABOVE)],
        vec![variable("", ANY), variable("+?", FALLS)],
        vec![variable("*", FALLS), variable("", ABOVE), variable("*", FEW), variable("", HIGH)],
        vec![variable("", LOW), variable("{1,3}?", ANY), variable("", HIGH)],
    ];
    let (mut compared, mut found) = (0, 0);
    for (number, pattern) in patterns.iter().enumerate() {
        let names = ["A", "B", "C", "D"];
        let variables = || names.into_iter().zip(pattern);
        let measures = variables().map(|(name, _)| {
            format!("FIRST({name}.id) AS f{name}, LAST({name}.id) AS l{name}, COUNT({name}.id) AS n{name}")
        });
        let text = variables().map(|(name, of)| format!("{name}{}", of.quantifier));
        let define =
            variables().map(|(name, of)| format!("{name} AS {}", of.sql.replace('$', name)));
        let (measures, text, define) = (
            measures.collect::<Vec<_>>().join(", "),
            text.collect::<Vec<_>>().join(" "),
            define.collect::<Vec<_>>().join(", "),
        );
        for (past, within) in [(true, None), (false, None), (true, Some(200)), (false, Some(1_500))]
        {
            let skip = if past { "PAST LAST ROW" } else { "TO NEXT ROW" };
            let limit = within.map_or(String::new(), |ms: i64| {
                format!("WITHIN INTERVAL '{}.{:03}' SECOND", ms / 1_000, ms % 1_000)
            });
            let sql = format!(
                "SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY key ORDER BY ts MEASURES {measures} \
                 AFTER MATCH SKIP {skip} PATTERN ({text}) {limit} DEFINE {define})"
            );
            for seed in 0..4 {
                let mut random = Random::new(seed * 77 + number as u64);
                let rows = rows(&mut random);
                let Some(due) = simulate(&rows, pattern, within, past) else { continue };
                for parallelism in 1..=3 {
                    let given = run(&sql, &rows, parallelism, &mut random).await;
                    assert_eq!(given, due, "{sql}\nseed {seed}, parallelism {parallelism}");
                }
                compared += 1;
                found += due.0.len();
            }
        }
    }
    assert!(compared > 60 && found > 1_000, "{compared} queries compared, {found} matches");
}
