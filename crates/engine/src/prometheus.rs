//! What jobs count, as Prometheus reads it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use millstream_connectors::peer::Peer;
use millstream_operators::Reason;
use millstream_runtime::metrics::Counters;

/// Name, kind and meaning of a figure of a job.
type Figure<'a> = (&'a str, &'a str, &'a str, &'a dyn Fn(&Job<'_>) -> Option<f64>);

/// One job, and how many rows came a second since it was last asked.
struct Job<'a> {
    number: u64,
    counters: &'a Counters,
    rows_per_second: f64,
}

fn of(counter: &AtomicU64) -> f64 {
    counter.load(Ordering::Relaxed) as f64
}

fn seconds(nanos: &AtomicU64) -> f64 {
    of(nanos) / 1e9
}

/// The text for jobs that run or ran. `rates` is what was told before, by job.
pub(crate) fn text(
    jobs: &[Arc<Counters>],
    rates: &mut HashMap<u64, (Instant, u64)>,
    answered: &BTreeMap<(String, u16), u64>,
) -> String {
    let now = Instant::now();
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let jobs: Vec<Job<'_>> = jobs
        .iter()
        .map(|counters| {
            let rows = counters.rows_in.load(Ordering::Relaxed);
            let before = rates.insert(counters.number, (now, rows));
            let (at, known) = before.unwrap_or((counters.started, 0));
            let elapsed = now.saturating_duration_since(at).as_secs_f64().max(1e-3);
            let rows_per_second = rows.saturating_sub(known) as f64 / elapsed;
            Job { number: counters.number, counters, rows_per_second }
        })
        .collect();
    rates.retain(|number, _| jobs.iter().any(|job| job.number == *number));
    let watermark = |job: &Job<'_>| job.counters.read().watermark.filter(|ms| *ms < i64::MAX);
    let figures: [Figure<'_>; 14] = [
        ("job_running", "gauge", "whether the job runs", &|job| {
            Some(f64::from(u8::from(job.counters.is_running())))
        }),
        ("rows_in_total", "counter", "rows that sources gave", &|job| {
            Some(of(&job.counters.rows_in))
        }),
        ("rows_out_total", "counter", "changes that sinks and results got", &|job| {
            Some(of(&job.counters.rows_out))
        }),
        ("rows_per_second", "gauge", "rows that came since this was last read", &|job| {
            Some(job.rows_per_second)
        }),
        ("watermark_seconds", "gauge", "how far event time has come", &|job| {
            watermark(job).map(|ms| ms as f64 / 1e3)
        }),
        ("watermark_lag_seconds", "gauge", "how far event time is behind the clock", &|job| {
            watermark(job).map(|ms| clock - ms as f64 / 1e3)
        }),
        ("late_rows_total", "counter", "rows that came too late", &|job| {
            Some(job.counters.read().late as f64)
        }),
        ("null_rowtime_rows_total", "counter", "rows without a rowtime", &|job| {
            Some(job.counters.read().null_rowtime as f64)
        }),
        ("rejected_rows_total", "counter", "records that could not be read", &|job| {
            Some(of(&job.counters.skipped))
        }),
        ("nulled_fields_total", "counter", "fields that could not be read", &|job| {
            Some(of(&job.counters.nulled))
        }),
        ("state_bytes", "gauge", "bytes of state", &|job| Some(of(&job.counters.state_bytes))),
        ("epochs_total", "counter", "epochs that have ended", &|job| {
            Some(of(&job.counters.epochs))
        }),
        ("epoch_seconds_total", "counter", "time spent in epochs", &|job| {
            Some(seconds(&job.counters.epoch_nanos))
        }),
        ("last_epoch_seconds", "gauge", "how long the last epoch took", &|job| {
            Some(seconds(&job.counters.last_epoch_nanos))
        }),
    ];
    let mut text = String::new();
    for (name, kind, meaning, value) in figures {
        head(&mut text, name, kind, meaning);
        for job in &jobs {
            if let Some(value) = value(job) {
                // Writing into a String cannot fail.
                let _ = writeln!(text, "millstream_{name}{{job=\"{}\"}} {value}", job.number);
            }
        }
    }
    operators(&mut text, &jobs);
    peers(&mut text, &jobs);
    head(&mut text, "http_requests_total", "counter", "requests that were answered");
    for ((table, status), count) in answered {
        let table = label(table);
        let _ = writeln!(
            text,
            "millstream_http_requests_total{{table=\"{table}\",status=\"{status}\"}} {count}"
        );
    }
    text
}

fn head(text: &mut String, name: &str, kind: &str, meaning: &str) {
    let _ = writeln!(text, "# HELP millstream_{name} {meaning}");
    let _ = writeln!(text, "# TYPE millstream_{name} {kind}");
}

/// A text as the value of a label.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ")
}

/// The servers that jobs which run talk to.
fn peers(text: &mut String, jobs: &[Job<'_>]) {
    type OfPeer = fn(&Peer) -> u64;
    let figures: [(&str, &str, &str, OfPeer); 3] = [
        ("peer_away", "gauge", "whether the server of a sink or source is away", |peer| {
            u64::from(peer.is_away())
        }),
        ("peer_failed_tries_total", "counter", "tries to reach it that failed", |peer| {
            peer.failed_tries()
        }),
        (
            "dead_letters_total",
            "counter",
            "rows that it did not take, and that were kept",
            |peer| peer.dead_letters(),
        ),
    ];
    for (name, kind, meaning, value) in figures {
        head(text, name, kind, meaning);
        for Job { number, counters, .. } in jobs.iter().filter(|job| job.counters.is_running()) {
            for peer in counters.peers() {
                let (table, value) = (label(peer.table()), value(&peer));
                let _ = writeln!(
                    text,
                    "millstream_{name}{{job=\"{number}\",table=\"{table}\"}} {value}"
                );
            }
        }
    }
}

fn operators(text: &mut String, jobs: &[Job<'_>]) {
    type OfNode = fn(&Counters, usize) -> f64;
    let figures: [(&str, &str, &str, OfNode); 4] = [
        ("operator_rows_total", "counter", "rows that an operator gave", |job, at| {
            of(&job.nodes[at].rows)
        }),
        ("operator_seconds_total", "counter", "time spent in an operator, over all cores", {
            |job, at| seconds(&job.nodes[at].nanos)
        }),
        ("operator_state_bytes", "gauge", "bytes of an operator's state", |job, at| {
            of(&job.nodes[at].state_bytes)
        }),
        ("operator_dropped_rows_total", "counter", "rows that an operator left out", |job, at| {
            Reason::ALL.iter().map(|reason| job.dropped[at].of(*reason)).sum::<u64>() as f64
        }),
    ];
    for (name, kind, meaning, value) in figures {
        head(text, name, kind, meaning);
        for Job { number, counters, .. } in jobs {
            for (at, dropped) in counters.dropped.iter().enumerate() {
                let operator = label(dropped.operator());
                let value = value(counters, at);
                let _ = writeln!(
                    text,
                    "millstream_{name}{{job=\"{number}\",node=\"{at}\",operator=\"{operator}\"}} {value}"
                );
            }
        }
    }
}
