//! The program as a service, driven over real sockets: a running script, and requests to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::millstream;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A script that runs, with its server at a port of its own.
pub struct Service {
    child: Child,
    pub address: String,
    errors: BufReader<std::process::ChildStderr>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Service {
    pub fn start(script: &str) -> Self {
        Self::start_with(script, &[])
    }

    /// Starts a script of a file, in a folder.
    pub fn start_file(script: &std::path::Path, folder: &std::path::Path) -> Self {
        let mut command = millstream();
        command.current_dir(folder).args(["run", "--listen", "127.0.0.1:0"]).arg(script);
        Self::listening(command)
    }

    /// Starts a script of a file that says itself where it listens.
    pub fn start_at(script: &std::path::Path, folder: &std::path::Path) -> Self {
        let mut command = millstream();
        command.current_dir(folder).arg("run").arg(script);
        Self::listening(command)
    }

    /// Starts a script with some more arguments, and waits until it listens.
    pub fn start_with(script: &str, arguments: &[&str]) -> Self {
        let mut command = millstream();
        command.args(["run", "--listen", "127.0.0.1:0", "-c", script]).args(arguments);
        Self::listening(command)
    }

    #[allow(clippy::zombie_processes, reason = "who has it waits for it when it is dropped")]
    fn listening(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        loop {
            let start = said.len();
            assert!(errors.read_line(&mut said).unwrap() > 0, "it does not listen: {said}");
            if let Some((_, address)) = said[start..].split_once("http://") {
                let digit = |c: char| c.is_ascii_digit() || c == '.' || c == ':';
                let address: String = address.chars().take_while(|c| digit(*c)).collect();
                return Self { child, address, errors };
            }
        }
    }

    /// Waits until the job takes rows: until then a table is not there.
    pub fn ready(self, path: &str) -> Self {
        let deadline = Instant::now() + PATIENCE;
        while self.get(path).status != 405 {
            assert!(Instant::now() < deadline, "{path} is not there");
            std::thread::sleep(Duration::from_millis(10));
        }
        self
    }

    pub fn send(&self, request: &[u8]) -> Reply {
        send(&self.address, request)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send(
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
    }

    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Reply {
        self.post_with(path, "", body)
    }

    /// Posts a body with more lines of header, each with its end.
    pub fn post_with(&self, path: &str, header: &str, body: impl AsRef<[u8]>) -> Reply {
        send(&self.address, &post_request(path, header, body.as_ref()))
    }

    /// Follows what a table holds and what becomes of it.
    pub fn follow(&self, table: &str) -> Follower {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!("GET /tables/{table}/changes HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut follower = Follower { lines: BufReader::new(stream) };
        follower.until(|line| line == ":");
        follower
    }

    /// Resident memory, in MB.
    pub fn memory_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
    }

    /// Sends a signal.
    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Sends a signal, waits for the end and gives exit code and what was said.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        let mut said = String::new();
        self.errors.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One who follows a table.
pub struct Follower {
    lines: BufReader<TcpStream>,
}

impl Follower {
    fn until(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the stream has ended");
            if wanted(line.trim_end()) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// All that comes up to the end, as it comes over the wire.
    pub fn rest(&mut self) -> String {
        let mut rest = String::new();
        // The last chunk has no bytes.
        while !rest.ends_with("\r\n0\r\n") {
            assert!(self.lines.read_line(&mut rest).unwrap() > 0, "the stream broke off");
        }
        rest
    }

    /// The next change.
    pub fn next(&mut self) -> String {
        self.until(|line| line.starts_with("data: "))["data: ".len()..].to_owned()
    }
}

pub fn post_request(path: &str, header: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n{header}\r\n",
        body.len()
    )
    .into_bytes();
    request.extend(body);
    request
}

/// Sends a request and reads what comes back until the connection closes.
pub fn send(address: &str, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // One that is refused early may not be read to its end.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_ascii_lowercase(), body: body.trim_end().to_owned() }
}

/// Calls a test of a condition until it holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
