//! A server for tests that rows are posted to: it keeps what it takes, and fails when it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How it treats a request.
#[derive(Debug, Clone, Copy)]
pub enum Mood {
    /// It answers with a status, and takes what it answers with 200.
    Answers(u16),
    /// It says nothing.
    Hangs,
    /// It closes the connection.
    Closes,
}

/// A request that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub head: String,
    pub body: String,
}

impl Taken {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .next()
    }
}

pub struct Receiver {
    pub url: String,
    taken: Arc<Mutex<Vec<Taken>>>,
    asked: Arc<Mutex<usize>>,
}

impl Receiver {
    /// One whose mood depends on how many requests came before.
    pub fn start(mood: impl Fn(usize) -> Mood + Send + Sync + 'static) -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").unwrap(), mood)
    }

    pub fn at(listener: TcpListener, mood: impl Fn(usize) -> Mood + Send + Sync + 'static) -> Self {
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (taken, asked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let receiver = Self { url, taken: Arc::clone(&taken), asked: Arc::clone(&asked) };
        let mood = Arc::new(mood);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (taken, asked, mood) =
                    (Arc::clone(&taken), Arc::clone(&asked), Arc::clone(&mood));
                std::thread::spawn(move || serve(stream, &taken, &asked, mood.as_ref()));
            }
        });
        receiver
    }

    /// One that takes everything, over TLS.
    pub fn with_tls(config: Arc<rustls::ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/hook", listener.local_addr().unwrap());
        let (taken, asked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let receiver = Self { url, taken: Arc::clone(&taken), asked: Arc::clone(&asked) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let stream = rustls::StreamOwned::new(session, stream);
                serve(stream, &taken, &asked, &|_| Mood::Answers(200));
            }
        });
        receiver
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    pub fn bodies(&self) -> Vec<String> {
        self.taken().into_iter().map(|taken| taken.body).collect()
    }

    /// How many requests came, taken or not.
    pub fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

/// A certificate for this machine that nobody else knows, as PEM, and what a server needs to show it.
pub fn certificate() -> (String, Arc<rustls::ServerConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (made.cert.pem(), Arc::new(config))
}

fn serve(
    stream: impl Read + Write,
    taken: &Mutex<Vec<Taken>>,
    asked: &Mutex<usize>,
    mood: &(impl Fn(usize) -> Mood + ?Sized),
) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let mut request = Taken { head, body: String::new() };
        let length = request.header("content-length").map_or(0, |text| text.parse().unwrap());
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        request.body = String::from_utf8(body).unwrap();
        let number = {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            *asked - 1
        };
        match mood(number) {
            Mood::Answers(status) => {
                if status == 200 {
                    taken.lock().unwrap().push(request);
                }
                let answer = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n");
                if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
            Mood::Hangs => {
                std::thread::sleep(Duration::from_secs(30));
                return;
            }
            Mood::Closes => return,
        }
    }
}
