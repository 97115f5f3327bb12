//! How long after the event that ends a window its result is there.
//!
//! Events are pushed at a steady rate with the time at which they are due as their event time, a
//! millisecond's worth at once. An event is due whether or not those before it were taken, so a query that
//! stops for a while shows that in all windows it keeps waiting. The event that ends a window is the first
//! behind it; from pushing it until the last batch of the window has been received is the latency.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arrow::array::{AsArray, Int64Array, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMillisecondType};
use clap::Args;
use millstream::{Engine, PushInput, Query};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};

use crate::child::{self, Task};
use crate::error::Error;
use crate::report;
use crate::table::{Table, grouped, rounded};
use crate::{Common, show};

/// What is asked for.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Events pushed in a second.
    #[arg(long, value_name = "EVENTS_PER_SECOND", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    rate: u64,
    /// How long they are pushed.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    #[command(flatten)]
    common: Common,
}

/// What is pushed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Load {
    /// Events in a second.
    pub rate: u64,
    /// For how long.
    pub seconds: u64,
    /// How many cores the query uses.
    pub parallelism: usize,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figures {
    /// Windows that ended while events were pushed.
    pub windows: u64,
    /// Events that came too late for their window: there should be none.
    pub late: u64,
    /// How many events were pushed in a second.
    pub rate: f64,
    /// Latencies in ms, from the least to the most.
    pub latencies_ms: Vec<f64>,
}

const WINDOW_MS: i64 = 100;
const QUERY: &str = "SELECT window_end, k, COUNT(*) AS n, SUM(x) AS s \
                     FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '0.1' SECOND)) \
                     GROUP BY window_start, window_end, k";
const KEYS: u64 = 100;
/// How far events of one batch may be apart.
const TICK: Duration = Duration::from_millis(1);

/// Measures and shows latencies, a line a run.
///
/// # Errors
/// When the query fails.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let load = Load {
        rate: arguments.rate,
        seconds: arguments.seconds,
        parallelism: arguments.common.parallelism(),
    };
    let header = ["run", "events/s", "windows", "p50 ms", "p90 ms", "p99 ms", "max ms", "late"];
    let mut table = Table::new(header.map(str::to_owned).to_vec(), 1);
    let mut all = Vec::new();
    for run in 1..=arguments.common.runs {
        let figures: Figures = child::run(&Task::Latency(load.clone()))?;
        let of = |share: f64| rounded(percentile(&figures.latencies_ms, share));
        table.push(vec![
            run.to_string(),
            grouped(figures.rate as u64),
            grouped(figures.windows),
            of(0.5),
            of(0.9),
            of(0.99),
            of(1.0),
            grouped(figures.late),
        ]);
        all.push(serde_json::to_value(&figures)?);
    }
    show(&table.to_string())?;
    report::save(arguments.common.json.as_deref(), &all.into())
}

/// The least of some sorted figures that a share of them does not exceed.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

/// Pushes events and takes results; the latencies are those of windows that ended before the input did.
///
/// # Errors
/// When the query fails.
pub async fn measure(load: &Load) -> Result<Figures, Error> {
    let engine = Engine::builder().parallelism(load.parallelism).build();
    let schema = schema();
    let input = engine.register_push("events", Arc::clone(&schema))?;
    // Several events have the time of the last one: it does not end their millisecond.
    engine.declare_watermark("events", "ts", "ts - INTERVAL '0.001' SECOND")?;
    let mut query = engine.sql(QUERY).await?;
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (first_ms, started) = (clock.as_millis() as i64, Instant::now());
    let pushing = push(load, input, schema, first_ms, started);
    let (pushed, received) = tokio::join!(pushing, receive(&mut query));
    let ((pushed, took), received) = (pushed?, received?);
    let mut latencies_ms: Vec<f64> = pushed
        .iter()
        .filter_map(|(end, pushed)| Some(received.get(end)?.duration_since(*pushed)))
        .map(|latency| latency.as_secs_f64() * 1e3)
        .collect();
    latencies_ms.sort_by(f64::total_cmp);
    let events = load.rate * load.seconds;
    Ok(Figures {
        windows: latencies_ms.len() as u64,
        late: query.metrics().late,
        rate: events as f64 / took.as_secs_f64(),
        latencies_ms,
    })
}

fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Millisecond, None);
    Arc::new(Schema::new(vec![
        Field::new("k", DataType::Int64, true),
        Field::new("x", DataType::Int64, true),
        Field::new("ts", time, true),
    ]))
}

/// When an event was pushed that ended a window, or the last batch of a window came, by window end.
type Moments = BTreeMap<i64, Instant>;

/// Pushes all events when they are due; gives when windows were ended, and how long it all took.
async fn push(
    load: &Load,
    input: PushInput,
    schema: SchemaRef,
    first_ms: i64,
    started: Instant,
) -> Result<(Moments, Duration), Error> {
    let (mut moments, mut sent, mut tick) = (Moments::new(), 0, started);
    let due_ms = |event: u64| first_ms + (u128::from(event) * 1_000 / u128::from(load.rate)) as i64;
    let mut end = first_ms.div_euclid(WINDOW_MS) * WINDOW_MS + WINDOW_MS;
    let all = load.rate * load.seconds;
    while sent < all {
        tick += TICK;
        sleep_until(tick).await;
        let due = (started.elapsed().as_secs_f64() * load.rate as f64) as u64;
        let events = sent..due.min(all);
        if events.is_empty() {
            continue;
        }
        sent = events.end;
        let rows = batch(&schema, events, due_ms)?;
        let now = Instant::now();
        while due_ms(sent - 1) >= end {
            moments.insert(end, now);
            end += WINDOW_MS;
        }
        input.push(rows).await?;
    }
    Ok((moments, started.elapsed()))
}

fn batch(
    schema: &SchemaRef,
    events: std::ops::Range<u64>,
    due_ms: impl Fn(u64) -> i64,
) -> Result<RecordBatch, Error> {
    let numbers = |of: &dyn Fn(u64) -> u64| {
        Arc::new(Int64Array::from_iter_values(events.clone().map(|event| of(event) as i64)))
    };
    let times = TimestampMillisecondArray::from_iter_values(events.clone().map(due_ms));
    let columns: Vec<arrow::array::ArrayRef> =
        vec![numbers(&|event| event % KEYS), numbers(&|event| event), Arc::new(times)];
    let rows = RecordBatch::try_new(Arc::clone(schema), columns);
    Ok(rows.map_err(millstream_types::Error::from)?)
}

async fn receive(query: &mut Query) -> Result<Moments, Error> {
    let mut moments = Moments::new();
    while let Some(changes) = query.next().await {
        let (changes, now) = (changes?, Instant::now());
        let ends = changes.rows.column(0).as_primitive::<TimestampMillisecondType>();
        ends.values().iter().for_each(|end| {
            moments.insert(*end, now);
        });
    }
    Ok(moments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_figures_that_were_seen() {
        let figures: Vec<f64> = (1..=10).map(f64::from).collect();
        let of = [0.0, 0.5, 0.9, 0.99, 1.0].map(|share| percentile(&figures, share));
        assert_eq!(of, [1.0, 5.0, 9.0, 10.0, 10.0]);
        assert!(percentile(&[], 0.5).is_nan());
    }

    #[test]
    fn each_window_that_ended_is_timed() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let load = Load { rate: 2_000, seconds: 1, parallelism: 2 };
        let figures = runtime.block_on(measure(&load)).unwrap();
        assert_eq!(figures.late, 0);
        assert!((9..=10).contains(&figures.windows), "{} windows", figures.windows);
        assert_eq!(figures.latencies_ms.len() as u64, figures.windows);
    }
}
