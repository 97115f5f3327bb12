//! A client that posts over one connection, and the program as a service that it posts to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::Error;

/// How long an answer, or the start of the program, may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that keeps its connection.
pub struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of a server.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Posts a body and gives the status of the answer.
    ///
    /// # Errors
    /// When there is no answer; the next request is on a new connection.
    pub fn post(&mut self, path: &str, key: Option<&str>, body: &str) -> std::io::Result<u16> {
        let key = key.map_or(String::new(), |key| format!("Idempotency-Key: {key}\r\n"));
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{key}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                BufReader::new(stream)
            }
        };
        stream.get_mut().write_all(request.as_bytes())?;
        let (status, closes) = answer(&mut stream)?;
        if !closes {
            self.stream = Some(stream);
        }
        Ok(status)
    }
}

/// Reads one answer: its status, and whether the connection ends with it.
fn answer(stream: &mut BufReader<TcpStream>) -> std::io::Result<(u16, bool)> {
    let broken = || std::io::Error::other("the answer is no HTTP");
    let (mut line, mut status, mut length, mut closes) = (String::new(), None, 0, false);
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(broken());
        }
        let text = line.trim_end();
        if status.is_none() {
            status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
            closes = text.starts_with("HTTP/1.0");
        } else if text.is_empty() {
            break;
        } else if let Some((name, value)) = text.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().map_err(|_| broken())?,
                "connection" => closes = value.trim().eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
    }
    std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink())?;
    Ok((status.ok_or_else(broken)?, closes))
}

/// The program while it runs a script.
pub struct Service {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Service {
    /// Starts a script, with its server at an address, and waits until a table is posted to at `/event`.
    ///
    /// # Errors
    /// When the program does not start, or does not listen.
    pub fn start(program: &Path, script: &Path, address: SocketAddr) -> Result<Self, Error> {
        let child = Command::new(program)
            .args(["run", "--listen", &address.to_string()])
            .arg(script)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::at(program))?;
        let service = Self { child, address };
        let deadline = Instant::now() + PATIENCE;
        // An empty body is refused as soon as somebody reads the table.
        while Client::new(address).post("/event", None, "").ok() != Some(400) {
            if Instant::now() > deadline {
                return Err(Error::Unexpected("the program does not listen".to_owned()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(service)
    }

    /// Resident memory, in MB (10^6 bytes), where the system tells it.
    pub fn memory_mb(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1_024.0 / 1e6)
    }
}

impl Drop for Service {
    /// Kills it, which leaves it no time to do anything in order.
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of this machine that nobody has.
///
/// # Errors
/// When there is none.
pub fn free_address() -> Result<SocketAddr, Error> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0");
    listener.and_then(|listener| listener.local_addr()).map_err(Error::about("127.0.0.1"))
}
