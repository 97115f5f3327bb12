//! `'connector' = 'socket'`: records over TCP, read from a server or written to one.
//!
//! A source and a sink connect, and connect again when the connection is lost, twice as long after each
//! try that fails. What was on its way when it was lost is not asked for again: there is nobody to ask.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use millstream_formats::encode::Encoder;
use millstream_formats::{Chunk, Decoder, ErrorPolicy, Format};
use millstream_plan::Table;
use millstream_types::{ChangeBatch, Error, Result};

use crate::connector::{
    Attachment, Connector, Each, Piece, Sink, Source, SourceEvent, duration, number,
};
use crate::ending::{self, Ending};
use crate::filesystem::before_of;
use crate::http_inlet::Inlets;
use crate::peer::Peer;

/// `'connector' = 'socket'`
pub const CONNECTOR: Connector = Connector {
    name: "socket",
    keys: &[
        "hostname",
        "port",
        "connect.timeout",
        "reconnect.max-attempts",
        "reconnect.initial-backoff",
        "reconnect.max-backoff",
        "scan.bounded",
        ending::KEY,
    ],
    has_format: true,
    metadata: &[],
    source: Some(|table, columns| Ok(Box::new(SocketSource::new(table, columns)?))),
    sink: Some(|table| Ok(Box::new(SocketSink::new(table)?))),
};

/// How many bytes are read at a time.
const READ_BYTES: usize = 64 << 10;

/// The longest record.
const RECORD_BYTES_MAX: usize = 16 << 20;

/// How long a write may take before the connection is taken to be lost.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often it is looked whether that goes on.
const WRITE_STEP: Duration = Duration::from_millis(250);

/// Checks a table's options.
///
/// # Errors
/// When they make no sense.
pub fn validate(table: &Table) -> Result<()> {
    Ending::of(table)?;
    let (_, format) = (Settings::of(table)?, text_format(table)?);
    let columns: Vec<usize> = (0..table.physical.fields().len()).collect();
    format.decoder(&table.physical, &columns).map(|_| ())
}

/// Where to, and how often it is tried.
struct Settings {
    hostname: String,
    port: u16,
    timeout: Duration,
    attempts_max: u64,
    first_wait: Duration,
    longest_wait: Duration,
    /// Whether the end of the connection is that of the table.
    bounded: bool,
}

fn text_format(table: &Table) -> Result<Format> {
    let Some(name) = table.options.get("format") else {
        return Err(Error::options(
            "a socket table needs a 'format'",
            "it is json, csv or debezium-json",
        ));
    };
    match Format::from_options(name, &table.options)? {
        Format::Parquet => Err(Error::options(
            "'format' = 'parquet' is not sent over a socket",
            "its index stands at the end; json, csv and debezium-json are lines",
        )),
        format => Ok(format.before(before_of(table))),
    }
}

impl Settings {
    fn of(table: &Table) -> Result<Self> {
        let option = |key: &str| table.options.get(key).map(String::as_str);
        let port = number(table, "port", 1, 65_535)?;
        let (Some(hostname), Some(port)) = (option("hostname"), port) else {
            return Err(Error::options(
                "a socket table needs a 'hostname' and a 'port'",
                "they are those of the server that it connects to",
            ));
        };
        let wait = |key: &str, default_ms: i64| duration(table, key, 1, default_ms);
        Ok(Self {
            hostname: hostname.to_owned(),
            port: port as u16,
            timeout: wait("connect.timeout", 10_000)?,
            attempts_max: number(table, "reconnect.max-attempts", 0, i64::MAX)?.unwrap_or(20)
                as u64,
            first_wait: wait("reconnect.initial-backoff", 100)?,
            longest_wait: wait("reconnect.max-backoff", 10_000)?,
            bounded: millstream_formats::options::flag(&table.options, "scan.bounded")?,
        })
    }

    fn name(&self) -> String {
        format!("{}:{}", self.hostname, self.port)
    }

    fn try_once(&self) -> std::io::Result<TcpStream> {
        let mut last = std::io::Error::other("the name is not found");
        for address in (self.hostname.as_str(), self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_write_timeout(Some(WRITE_STEP))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// How long is waited before the next try.
    fn wait(&self, failed: u64) -> Duration {
        if failed == 0 {
            return Duration::ZERO;
        }
        let doubled = self.first_wait.saturating_mul(1 << (failed - 1).min(20));
        doubled.min(self.longest_wait).mul_f64(0.5 + rand::random::<f64>() / 2.0)
    }

    /// Connects, as often as that is tried. `failed` counts tries since the last one that was of use;
    /// `wait` waits, and says when nobody wants a connection any more.
    fn connect(
        &self,
        failed: &mut u64,
        peer: &Peer,
        mut wait: impl FnMut(Duration) -> Result<()>,
    ) -> Result<TcpStream> {
        loop {
            wait(self.wait(*failed))?;
            match self.try_once() {
                Ok(stream) => return Ok(stream),
                Err(error) => self.failed(failed, peer, "cannot connect to", error)?,
            }
        }
    }

    /// Counts a try that was of no use.
    fn failed(
        &self,
        failed: &mut u64,
        peer: &Peer,
        what: &'static str,
        error: std::io::Error,
    ) -> Result<()> {
        *failed += 1;
        if *failed > self.attempts_max {
            return Err(Error::io(what, self.name(), error));
        }
        peer.fails(&error.to_string());
        Ok(())
    }
}

/// The connection of a source, to be ended from another thread.
#[derive(Default)]
pub(crate) struct Line {
    state: Mutex<LineState>,
    ended: Condvar,
}

#[derive(Default)]
struct LineState {
    ended: bool,
    stream: Option<TcpStream>,
}

impl Line {
    fn state(&self) -> MutexGuard<'_, LineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the source: whoever reads from the connection finds its end.
    pub fn hang_up(&self) {
        let mut state = self.state();
        state.ended = true;
        if let Some(stream) = state.stream.take() {
            // One that is closed already needs no more.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        self.ended.notify_all();
    }

    fn is_ended(&self) -> bool {
        self.state().ended
    }

    /// Remembers the connection that is read from.
    fn set(&self, stream: &TcpStream) -> bool {
        let mut state = self.state();
        state.stream = stream.try_clone().ok();
        !state.ended && state.stream.is_some()
    }

    /// Waits, unless the source is ended.
    pub fn wait(&self, most: Duration) -> Result<()> {
        let state = self.state();
        let waited = self.ended.wait_timeout_while(state, most, |state| !state.ended);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.ended { Err(Error::Cancelled) } else { Ok(()) }
    }
}

struct SocketSource {
    settings: Settings,
    hold: Arc<Line>,
    decoder: Arc<dyn Decoder>,
    source: Arc<str>,
    stream: Option<TcpStream>,
    /// Bytes that are no whole record yet.
    rest: Vec<u8>,
    /// Whether the first line of a connection names the columns.
    header: bool,
    header_due: bool,
    line: u64,
    failed: u64,
    ended: bool,
    peer: Arc<Peer>,
}

impl SocketSource {
    fn new(table: &Table, columns: &[usize]) -> Result<Self> {
        let (settings, format) = (Settings::of(table)?, text_format(table)?);
        let policy = ErrorPolicy::of(&table.options, format.name())?;
        let decoder = format.decoder(&table.physical, columns)?;
        let decoder =
            decoder.ok_or_else(|| Error::Internal("a text format has a decoder".to_owned()))?;
        let header = format.has_header();
        Ok(Self {
            source: settings.name().into(),
            peer: Arc::new(Peer::new(&table.name, settings.name())),
            settings,
            hold: Arc::default(),
            decoder: policy.applied(decoder),
            stream: None,
            rest: Vec::new(),
            header,
            header_due: header,
            line: 1,
            failed: 0,
            ended: false,
        })
    }

    /// Reads what is there; waits when there is nothing.
    fn read(&mut self) -> Result<()> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                self.header_due = self.header;
                let line = &self.hold;
                let (failed, peer) = (&mut self.failed, &self.peer);
                let stream = self.settings.connect(failed, peer, |most| line.wait(most))?;
                if !line.set(&stream) {
                    return Err(Error::Cancelled);
                }
                peer.works();
                stream
            }
        };
        let start = self.rest.len();
        self.rest.resize(start + READ_BYTES, 0);
        let read = stream.read(&mut self.rest[start..]);
        self.rest.truncate(start + read.as_ref().copied().unwrap_or(0));
        match read {
            _ if self.hold.is_ended() => return Err(Error::Cancelled),
            Ok(0) if self.settings.bounded => self.ended = true,
            Ok(0) => self.lose(std::io::Error::other("the server closed the connection"))?,
            Ok(_) => {
                self.failed = 0;
                self.stream = Some(stream);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                self.stream = Some(stream);
            }
            Err(error) => self.lose(error)?,
        }
        Ok(())
    }

    /// Forgets a connection, with the record that it broke off in.
    fn lose(&mut self, error: std::io::Error) -> Result<()> {
        self.settings.failed(&mut self.failed, &self.peer, "cannot read from", error)?;
        self.rest.clear();
        Ok(())
    }

    /// The whole records that are there.
    fn chunk(&mut self) -> Option<Chunk> {
        if self.header_due
            && let Some(end) = memchr::memchr(b'\n', &self.rest)
        {
            self.rest.drain(..=end);
            self.line += 1;
            self.header_due = false;
        }
        let end = match self.ended {
            true => self.rest.len(),
            false if self.header_due => 0,
            false => self.decoder.whole(&self.rest),
        };
        if end == 0 {
            return None;
        }
        let behind = self.rest.split_off(end);
        let bytes = std::mem::replace(&mut self.rest, behind);
        let chunk = Chunk { source: Arc::clone(&self.source), first_line: self.line, bytes };
        self.line += memchr::memchr_iter(b'\n', &chunk.bytes).count() as u64;
        Some(chunk)
    }
}

struct Records {
    decoder: Arc<dyn Decoder>,
    chunk: Chunk,
}

impl Piece for Records {
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        each(self.decoder.decode(&self.chunk)?)
    }
}

impl Source for SocketSource {
    fn is_bounded(&self) -> bool {
        self.settings.bounded
    }

    fn may_wait(&self) -> bool {
        true
    }

    fn peer(&self) -> Option<Arc<Peer>> {
        Some(Arc::clone(&self.peer))
    }

    fn attach(&mut self, _: &Arc<Inlets>, _observes: bool) -> Result<Option<Attachment>> {
        Ok(Some(Attachment::of_line(Arc::clone(&self.hold))))
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        loop {
            if let Some(chunk) = self.chunk() {
                let piece = Box::new(Records { decoder: Arc::clone(&self.decoder), chunk });
                return Ok(Some(SourceEvent::Rows { split: 0, piece }));
            }
            if self.ended {
                return Ok(None);
            }
            if self.rest.len() > RECORD_BYTES_MAX {
                return Err(Error::Data {
                    location: format!("{}:{}", self.source, self.line),
                    message: format!("a record is longer than {} MiB", RECORD_BYTES_MAX >> 20),
                });
            }
            self.read()?;
        }
    }
}

struct SocketSink {
    settings: Settings,
    encoder: Encoder,
    stream: Option<TcpStream>,
    text: String,
    failed: u64,
    ending: Ending,
    peer: Arc<Peer>,
}

impl SocketSink {
    fn new(table: &Table) -> Result<Self> {
        let (settings, format) = (Settings::of(table)?, text_format(table)?);
        let encoder = format.encoder(&table.physical);
        let encoder =
            encoder.ok_or_else(|| Error::Internal("a text format has an encoder".to_owned()))?;
        Ok(Self {
            peer: Arc::new(Peer::new(&table.name, settings.name())),
            settings,
            encoder,
            stream: None,
            text: String::new(),
            failed: 0,
            ending: Ending::of(table)?,
        })
    }

    fn send(&mut self) -> Result<()> {
        loop {
            let mut stream = match self.stream.take() {
                // A server that closed its end tells so when it is asked, and not when it is written to.
                Some(stream) if is_open(&stream) => stream,
                _ => {
                    let (ending, failed, peer) = (&mut self.ending, &mut self.failed, &self.peer);
                    let name = self.settings.name();
                    let mut stream = self.settings.connect(failed, peer, |most| {
                        ending.wait(most);
                        if ending.is_over() { Err(unsent(&name)) } else { Ok(()) }
                    })?;
                    if let Some(header) = self.encoder.header()
                        && let Err(error) = write_whole(&mut stream, &header, ending)
                    {
                        self.fails(error)?;
                        continue;
                    }
                    stream
                }
            };
            match write_whole(&mut stream, &self.text, &mut self.ending) {
                Ok(()) => {
                    self.stream = Some(stream);
                    self.failed = 0;
                    self.peer.works();
                    self.text.clear();
                    return Ok(());
                }
                Err(error) => self.fails(error)?,
            }
        }
    }

    fn fails(&mut self, error: std::io::Error) -> Result<()> {
        self.settings.failed(&mut self.failed, &self.peer, "cannot write to", error)
    }
}

/// What is told of rows that a job that ends has left.
fn unsent(name: &str) -> Error {
    Error::Data {
        location: name.to_owned(),
        message:
            "the last rows were not sent: the job is to end, and the server does not take them"
                .to_owned(),
    }
}

/// Writes a text, as long as the other end takes some of it now and then.
fn write_whole(stream: &mut TcpStream, text: &str, ending: &mut Ending) -> std::io::Result<()> {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    let (mut rest, mut moved) = (text.as_bytes(), Instant::now());
    while !rest.is_empty() {
        match stream.write(rest) {
            Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
            Ok(written) => (rest, moved) = (&rest[written..], Instant::now()),
            Err(error) if error.kind() == Interrupted => {}
            Err(error) if [TimedOut, WouldBlock].contains(&error.kind()) => {
                if ending.is_over() || moved.elapsed() >= WRITE_TIMEOUT {
                    return Err(std::io::Error::new(TimedOut, "it does not read"));
                }
            }
            Err(error) => return Err(error),
        }
    }
    stream.flush()
}

/// Whether the other end has not closed a connection.
fn is_open(stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    let mut byte = [0];
    let open = match stream.peek(&mut byte) {
        Ok(read) => read > 0,
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    };
    open && stream.set_nonblocking(false).is_ok()
}

impl Sink for SocketSink {
    fn peer(&self) -> Option<Arc<Peer>> {
        Some(Arc::clone(&self.peer))
    }

    fn heed(&mut self, asked: &Arc<AtomicBool>) {
        self.ending.heed(asked);
    }

    fn write(&mut self, changes: &ChangeBatch) -> Result<()> {
        self.encoder.write_changes(changes, &mut self.text)
    }

    fn end_epoch(&mut self, _epoch: u64) -> Result<()> {
        if self.text.is_empty() { Ok(()) } else { self.send() }
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}
