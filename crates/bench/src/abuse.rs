//! A server among clients that mean it harm: how long a healthy request takes meanwhile, and how much
//! memory the program takes for them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::client::{Client, Service, free_address};
use crate::error::Error;
use crate::events::program;
use crate::show;
use crate::table::{Table, rounded};

/// What is asked for.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Clients that send their request byte by byte.
    #[arg(long, default_value_t = 500)]
    slow: usize,
    /// Connections that do nothing.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Requests with a body that is too long, packed or not, and requests that make no sense, of each kind.
    #[arg(long, default_value_t = 100)]
    broken: usize,
    /// Healthy requests while each kind of abuse lasts.
    #[arg(long, default_value_t = 500)]
    requests: usize,
    /// The program [default: the one beside this].
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// When the program does not start, or an answer is not the one that is due.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let folder = tempfile::tempdir().map_err(Error::about("a temporary folder"))?;
    let script = folder.path().join("abuse.sql");
    let sql = format!(
        "CREATE TABLE events (id BIGINT NOT NULL) WITH (
             'connector' = 'http-server', 'path' = '/event', 'format' = 'json');
         CREATE TABLE kept (id BIGINT) WITH ('connector' = 'sqlite', 'path' = '{}');
         INSERT INTO kept SELECT * FROM events;",
        folder.path().join("kept.db").display()
    );
    std::fs::write(&script, sql).map_err(Error::at(&script))?;
    let service =
        Service::start(&program(arguments.program.as_deref())?, &script, free_address()?)?;
    let header = ["meanwhile", "p50 ms", "p99 ms", "max ms", "memory MB"];
    let mut table = Table::new(header.map(str::to_owned).to_vec(), 1);
    healthy(&service, arguments.requests)?;
    table.push(healthy(&service, arguments.requests)?.row("nothing"));

    let slow = connections(service.address, arguments.slow, |at| {
        let head = "POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n";
        // Half of them are slow in their header, half in their body.
        if at % 2 == 0 { head.to_owned() } else { format!("{head}\r\n{{") }
    })?;
    table.push(healthy(&service, arguments.requests)?.row("slow clients"));
    drop(slow);

    let idle = connections(service.address, arguments.idle, |_| String::new())?;
    table.push(healthy(&service, arguments.requests)?.row("idle connections"));
    drop(idle);

    let bomb = bomb()?;
    let measured = std::thread::scope(|scope| -> Result<Measured, Error> {
        let broken =
            scope.spawn(|| (0..arguments.broken).try_for_each(|_| broken(&service, &bomb)));
        let measured = healthy(&service, arguments.requests)?;
        let ended = broken.join();
        ended.map_err(|_| Error::Unexpected("a client panicked".to_owned()))??;
        Ok(measured)
    })?;
    table.push(measured.row("broken requests"));
    table.push(healthy(&service, arguments.requests)?.row("nothing again"));
    show(&table.to_string())
}

/// How healthy requests fared.
struct Measured {
    latencies: Vec<Duration>,
    memory_mb: Option<f64>,
}

impl Measured {
    fn row(mut self, meanwhile: &str) -> Vec<String> {
        self.latencies.sort_unstable();
        let at = |part: f64| {
            let last = self.latencies.len().saturating_sub(1);
            let found = self.latencies.get(((last as f64) * part) as usize);
            rounded(found.map_or(0.0, |latency| latency.as_secs_f64() * 1e3))
        };
        let memory = self.memory_mb.map_or(String::new(), rounded);
        vec![meanwhile.to_owned(), at(0.5), at(0.99), at(1.0), memory]
    }
}

fn healthy(service: &Service, requests: usize) -> Result<Measured, Error> {
    let mut client = Client::new(service.address);
    let mut latencies = Vec::with_capacity(requests);
    for id in 0..requests {
        let started = Instant::now();
        let status = client.post("/event", None, &format!("{{\"id\":{id}}}"));
        let status = status.map_err(Error::about("a healthy request"))?;
        if status != 200 {
            return Err(Error::Unexpected(format!("a healthy request was answered with {status}")));
        }
        latencies.push(started.elapsed());
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(Measured { latencies, memory_mb: service.memory_mb() })
}

/// Connections that have sent something, and go no further.
fn connections(
    address: SocketAddr,
    count: usize,
    sent: impl Fn(usize) -> String,
) -> Result<Vec<TcpStream>, Error> {
    let connect = |at: usize| -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(10))?;
        // It may be turned away at once.
        let _ = stream.write_all(sent(at).as_bytes());
        Ok(stream)
    };
    (0..count).map(|at| connect(at).map_err(Error::about("a connection"))).collect()
}

/// Megabytes of nothing in a few kilobytes.
fn bomb() -> Result<Vec<u8>, Error> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    let packed = (0..256).try_for_each(|_| packer.write_all(&zeros));
    packed.and_then(|()| packer.finish()).map_err(Error::about("a packed body"))
}

/// One request of each kind that is refused.
fn broken(service: &Service, bomb: &[u8]) -> Result<(), Error> {
    let head = "POST /event HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    let gzip = format!("{head}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len());
    let cases: [(u16, Vec<u8>); 5] = [
        (413, [gzip.as_bytes(), bomb].concat()),
        (413, format!("{head}Content-Length: 99999999999\r\n\r\n").into_bytes()),
        (400, format!("{head}Content-Length: 5\r\n\r\nhello").into_bytes()),
        (400, b"GET\r\n\r\n".to_vec()),
        (400, format!("{head}Content-Length: minus\r\n\r\n").into_bytes()),
    ];
    for (due, request) in cases {
        let status = ask(service.address, &request).map_err(Error::about("a broken request"))?;
        if status != due {
            return Err(Error::Unexpected(format!("{due} was due, {status} was the answer")));
        }
    }
    Ok(())
}

fn ask(address: SocketAddr, request: &[u8]) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    // It may be refused before its end.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    Ok(text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0))
}
