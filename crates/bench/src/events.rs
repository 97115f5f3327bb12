//! Events that many clients post, each until it is answered: how many a second, how long an answer takes, and
//! whether every event is in the database once, also when the program is killed in between.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use rusqlite::Connection;

use crate::client::{Client, Service, free_address};
use crate::error::Error;
use crate::show;
use crate::table::{Table, grouped, rounded};

/// What is asked for.
#[derive(Debug, Args)]
pub struct Arguments {
    /// How many events are posted.
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// How many clients post them.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    clients: u64,
    /// How many events a request has.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    batch: u64,
    /// How often the program is killed in between.
    #[arg(long, default_value_t = 0)]
    kills: u64,
    /// When a request is answered: processed or accepted.
    #[arg(long, default_value = "processed")]
    ack: String,
    /// Whether each epoch waits for the disk: full or normal.
    #[arg(long, default_value = "full")]
    synchronous: String,
    /// The program [default: the one beside this].
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Measures another server, which is there already and answers POST /event.
    #[arg(long, value_name = "ADDRESS:PORT")]
    address: Option<SocketAddr>,
}

/// How long a client waits before it tries again.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs it.
///
/// # Errors
/// When the program does not start, or an event is missing or there twice.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let folder = tempfile::tempdir().map_err(Error::about("a temporary folder"))?;
    let database = folder.path().join("events.db");
    let script = folder.path().join("events.sql");
    std::fs::write(&script, sql(arguments, &database)).map_err(Error::at(&script))?;
    let program = program(arguments.program.as_deref())?;
    let address = match arguments.address {
        Some(address) => address,
        None => free_address()?,
    };
    let start = || Service::start(&program, &script, address);
    let mut service = arguments.address.is_none().then(start).transpose()?;
    let (answered, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let started = Instant::now();
    let mut latencies = std::thread::scope(|scope| -> Result<Vec<Duration>, Error> {
        let clients: Vec<_> = (0..arguments.clients)
            .map(|client| {
                let (answered, failed) = (&answered, &failed);
                scope.spawn(move || {
                    let done = post_all(arguments, client, address, answered);
                    failed.fetch_or(done.is_err(), Ordering::Relaxed);
                    done
                })
            })
            .collect();
        for kill in 1..=arguments.kills {
            let due = arguments.events * kill / (arguments.kills + 1);
            while answered.load(Ordering::Relaxed) < due && !failed.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
            }
            // The old one is gone before the new one is started.
            service = None;
            service = Some(start()?);
        }
        let mut latencies = Vec::new();
        for client in clients {
            let done = client.join();
            let done = done.map_err(|_| Error::Unexpected("a client panicked".to_owned()))?;
            latencies.extend(done?);
        }
        Ok(latencies)
    })?;
    let elapsed = started.elapsed().as_secs_f64();
    drop(service);
    if arguments.address.is_none() && arguments.ack == "processed" {
        check(&database, arguments.events)?;
    }
    latencies.sort_unstable();
    let at = |part: f64| {
        let at = (latencies.len() as f64 * part) as usize;
        let found = latencies.get(at.min(latencies.len().saturating_sub(1)));
        rounded(found.map_or(0.0, |latency| latency.as_secs_f64() * 1e3))
    };
    let header = ["clients", "batch", "kills", "events", "events/s", "p50 ms", "p99 ms", "max ms"];
    let mut table = Table::new(header.map(str::to_owned).to_vec(), 3);
    table.push(vec![
        arguments.clients.to_string(),
        arguments.batch.to_string(),
        arguments.kills.to_string(),
        grouped(arguments.events),
        grouped((arguments.events as f64 / elapsed) as u64),
        at(0.5),
        at(0.99),
        at(1.0),
    ]);
    show(&table.to_string())
}

/// The program beside this one.
pub fn program(given: Option<&Path>) -> Result<PathBuf, Error> {
    match given {
        Some(path) => Ok(path.to_owned()),
        None => {
            let here = std::env::current_exe().map_err(Error::about("this program"))?;
            Ok(here.with_file_name("millstream"))
        }
    }
}

fn sql(arguments: &Arguments, database: &Path) -> String {
    let Arguments { ack, synchronous, .. } = arguments;
    format!(
        "CREATE TABLE events (id BIGINT NOT NULL, k STRING, v INT) WITH (
             'connector' = 'http-server', 'path' = '/event', 'format' = 'json', 'ack' = '{ack}');
         CREATE TABLE kept (id BIGINT, k STRING, v INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
             'connector' = 'sqlite', 'path' = '{}', 'synchronous' = '{synchronous}');
         INSERT INTO kept SELECT * FROM events;",
        database.display()
    )
}

/// Posts one client's part of all events, each request until it is answered, and gives how long that took.
fn post_all(
    arguments: &Arguments,
    client: u64,
    address: SocketAddr,
    answered: &AtomicU64,
) -> Result<Vec<Duration>, Error> {
    let ids: Vec<u64> = (client..arguments.events).step_by(arguments.clients as usize).collect();
    let mut latencies = Vec::with_capacity(ids.len());
    let mut http = Client::new(address);
    for ids in ids.chunks(arguments.batch as usize) {
        let rows =
            ids.iter().map(|id| format!("{{\"id\":{id},\"k\":\"k{}\",\"v\":{id}}}", id % 100));
        let rows = rows.collect::<Vec<_>>().join(",");
        let body = if arguments.batch == 1 { rows } else { format!("[{rows}]") };
        let key = format!("event-{}", ids[0]);
        let started = Instant::now();
        loop {
            match http.post("/event", Some(&key), &body) {
                Ok(200..=299) => break,
                Ok(status @ (400..=428 | 430..=499)) => {
                    return Err(Error::Unexpected(format!("a request was answered with {status}")));
                }
                // The queue is full, or the program is just being killed.
                _ => std::thread::sleep(PAUSE),
            }
        }
        latencies.push(started.elapsed());
        answered.fetch_add(ids.len() as u64, Ordering::Relaxed);
    }
    Ok(latencies)
}

/// Whether every event is there once.
fn check(database: &Path, events: u64) -> Result<(), Error> {
    let read = || -> rusqlite::Result<(i64, i64, i64)> {
        let sql = "SELECT COUNT(*), COUNT(DISTINCT id), SUM(id = v) FROM kept";
        Connection::open(database)?
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    };
    let found = read().map_err(|error| Error::Unexpected(format!("the database: {error}")))?;
    let due = events as i64;
    match found == (due, due, due) {
        true => Ok(()),
        false => {
            Err(Error::Unexpected(format!("{events} events were answered, {found:?} are there")))
        }
    }
}
