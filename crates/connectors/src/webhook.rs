//! `'connector' = 'webhook'`: rows that are posted to somebody else's server.
//!
//! At the end of an epoch its rows are sent one request after the other, in their order, and the epoch ends
//! when the last one was taken. So order is kept, memory is bounded by the epoch, and a receiver that
//! is down holds the job up until it is back. What is not taken after so many tries goes to a table of
//! dead letters, or ends the job.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use millstream_formats::Format;
use millstream_plan::Table;
use millstream_types::json_text::{JsonStyle, JsonValue, json_string, write_object};
use millstream_types::{ChangeBatch, Error, Result, for_each_change};
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::connector::{Connector, Sink, duration, number};
use crate::dead_letters::{DeadLetter, DeadLetters};
use crate::ending::{self, Ending};
use crate::peer::Peer;

/// `'connector' = 'webhook'`
pub const CONNECTOR: Connector = Connector {
    name: "webhook",
    keys: &[
        "url",
        "method",
        "header.*",
        "tls.ca",
        "changelog",
        "batch.max-rows",
        "timeout",
        "retry.max-attempts",
        "retry.initial-backoff",
        "retry.max-backoff",
        "dead-letter.path",
        "dead-letter.table",
        ending::KEY,
    ],
    has_format: true,
    metadata: &[],
    source: None,
    sink: Some(|table| Ok(Box::new(Webhook::new(table)?))),
};

/// Checks a table's options.
///
/// # Errors
/// When they make no sense.
pub fn validate(table: &Table) -> Result<()> {
    Ending::of(table)?;
    Settings::of(table).map(|_| ())
}

/// What a table's options say.
struct Settings {
    name: String,
    url: String,
    /// The server, as messages name it: without what a URL may keep secret.
    server: String,
    put: bool,
    headers: Vec<(String, String)>,
    /// Who is trusted; those that Mozilla trusts when it is not said.
    roots: Option<RootCerts>,
    changelog: bool,
    /// Rows a request; `None` sends each alone, and not in an array.
    batch: Option<usize>,
    timeout: Duration,
    attempts_max: u32,
    first_wait: Duration,
    longest_wait: Duration,
    style: JsonStyle,
}

impl Settings {
    fn of(table: &Table) -> Result<Self> {
        let option = |key: &str| table.options.get(key).map(String::as_str);
        let Some(url) = option("url") else {
            return Err(Error::options(
                "a webhook table needs a 'url'",
                "'url' = 'https://example.org/hook' is what its rows are posted to",
            ));
        };
        let wrong = || {
            Error::options(
                "'url' of a webhook table starts with http:// or https:// and names a server",
                "write it as in 'https://example.org/hook'",
            )
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let parsed = url.parse::<ureq::http::Uri>();
        if !matches!(scheme, "http" | "https") || host.is_empty() || parsed.is_err() {
            return Err(wrong());
        }
        // The library would take the scheme's own port for one that is none.
        let port =
            host.rsplit(']').next().and_then(|end| end.split_once(':')).map(|(_, port)| port);
        if let Some(port) = port.filter(|port| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Err(Error::options(
                format!("'url' of a webhook table has the port '{port}'"),
                "a port is a number from 1 to 65535",
            ));
        }
        let wait = |key: &str, default_ms: i64| duration(table, key, 1, default_ms);
        let put = match option("method") {
            None | Some("POST") => false,
            Some("PUT") => true,
            Some(other) => {
                return Err(Error::options(
                    format!("'method' cannot be '{other}'"),
                    "it is 'POST' or 'PUT'",
                ));
            }
        };
        let style = match Format::from_options(option("format").unwrap_or("json"), &table.options)?
        {
            Format::Json(options) => options.message_style(),
            other => {
                return Err(Error::options(
                    format!("'format' = '{}' is not sent over HTTP", other.name()),
                    "it is json, and may be left out",
                ));
            }
        };
        Ok(Self {
            name: table.name.clone(),
            url: url.to_owned(),
            server: format!("{scheme}://{host}"),
            put,
            headers: headers(table)?,
            roots: roots(table, scheme)?,
            changelog: millstream_formats::options::flag(&table.options, "changelog")?,
            batch: number(table, "batch.max-rows", 1, 100_000)?.map(|rows| rows as usize),
            timeout: wait("timeout", 10_000)?,
            attempts_max: number(table, "retry.max-attempts", 1, 1_000_000)?.unwrap_or(20) as u32,
            first_wait: wait("retry.initial-backoff", 100)?,
            longest_wait: wait("retry.max-backoff", 10_000)?,
            style,
        })
    }
}

/// The certificates of a file, which are trusted.
fn roots(table: &Table, scheme: &str) -> Result<Option<RootCerts>> {
    let Some(path) = table.options.get("tls.ca") else { return Ok(None) };
    if scheme != "https" {
        return Err(Error::options(
            "'tls.ca' says who is trusted, and 'url' starts with http://",
            "leave it out, or write https://",
        ));
    }
    let text = std::fs::read(path).map_err(|error| Error::io("cannot read", path, error))?;
    let items = parse_pem(&text).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = items.collect();
    if certificates.is_empty() {
        return Err(Error::options(
            format!("'tls.ca' = '{path}' holds no certificate"),
            "it is a PEM file: -----BEGIN CERTIFICATE-----, and so on",
        ));
    }
    Ok(Some(RootCerts::new_with_certs(&certificates)))
}

/// The lines of a header that say how a request is sent, or which one it is.
const OWN_HEADERS: [&str; 6] =
    ["Content-Length", "Transfer-Encoding", "Connection", "Host", "Expect", "Idempotency-Key"];

fn headers(table: &Table) -> Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    for (key, value) in &table.options {
        let Some(name) = key.strip_prefix("header.") else { continue };
        let fits = name.parse::<ureq::http::HeaderName>().is_ok()
            && value.parse::<ureq::http::HeaderValue>().is_ok();
        if !fits {
            return Err(Error::options(
                format!("'{key}' is no line of a header"),
                "name and value are plain text, as in 'header.Authorization' = 'Bearer ${env:TOKEN}'",
            ));
        }
        if OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            return Err(Error::options(
                format!("'{key}' is set for each request by the webhook itself"),
                "leave it out",
            ));
        }
        headers.push((name.to_owned(), value.clone()));
    }
    Ok(headers)
}

/// How one try to send something ended.
enum Sent {
    Taken,
    /// It may be taken another time; after so long, where the receiver says that.
    Later(String, Option<Duration>),
    /// It will never be taken.
    Never(String),
}

/// So much of an answer is read.
const ANSWER_BYTES: u64 = 64 << 10;

struct Webhook {
    settings: Settings,
    agent: Agent,
    dead: Option<DeadLetters>,
    /// What tells the keys of this run from those of others.
    run: u64,
    keys: Vec<String>,
    /// The columns of which each value has at most one row, where that is known.
    key: Option<Vec<usize>>,
    rows: Vec<String>,
    ending: Ending,
    /// Why the last try failed before the job had to end: then nothing is sent any more.
    given_up: Option<String>,
    peer: Arc<Peer>,
}

impl Webhook {
    fn new(table: &Table) -> Result<Self> {
        let settings = Settings::of(table)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Whoever is named gets the rows, and nobody else.
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(settings.timeout))
            .user_agent(concat!("millstream/", env!("CARGO_PKG_VERSION")));
        let config = match settings.roots.clone() {
            Some(roots) => config.tls_config(TlsConfig::builder().root_certs(roots).build()),
            None => config,
        };
        let config = config.build();
        let names = table.physical.fields().iter();
        Ok(Self {
            agent: config.new_agent(),
            dead: DeadLetters::of(table)?,
            run: rand::random(),
            keys: names.map(|field| json_string(field.name())).collect(),
            key: table.key(),
            rows: Vec::new(),
            ending: Ending::of(table)?,
            given_up: None,
            peer: Arc::new(Peer::new(&settings.name, settings.server.clone())),
            settings,
        })
    }

    /// One request.
    fn send(&self, body: &str, key: &str) -> Sent {
        let request = match self.settings.put {
            true => self.agent.put(&self.settings.url),
            false => self.agent.post(&self.settings.url),
        };
        let mut request =
            request.header("Content-Type", "application/json").header("Idempotency-Key", key);
        for (name, value) in &self.settings.headers {
            request = request.header(name, value);
        }
        let limit = self.ending.limit().map(|limit| limit.min(self.settings.timeout));
        let request = match limit {
            Some(_) => request.config().timeout_global(limit).build(),
            None => request,
        };
        let mut response = match request.send(body) {
            Ok(response) => response,
            Err(error) => return Sent::Later(reason(&error), None),
        };
        // An answer that was read leaves its connection for the next request; what it says does not matter.
        let _ = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        let status = response.status().as_u16();
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let wait = wait.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        match status {
            200..=299 => Sent::Taken,
            408 | 425 | 429 | 500..=599 => Sent::Later(format!("it answers {status}"), wait),
            _ => Sent::Never(format!("it answers {status}")),
        }
    }

    /// Sends rows until they are taken, or tried often enough.
    fn deliver(&mut self, rows: &[String], epoch: u64, first: usize) -> Result<()> {
        let settings = &self.settings;
        let body = match settings.batch {
            None => rows.concat(),
            Some(_) => format!("[{}]", rows.join(",")),
        };
        let key = |at: usize| format!("{}-{:016x}-{epoch}-{at}", settings.name, self.run);
        let mut attempt = 1;
        let reason = loop {
            if let Some(reason) = &self.given_up {
                attempt = 0;
                break reason.clone();
            }
            match self.send(&body, &key(first)) {
                Sent::Taken => {
                    self.peer.works();
                    return Ok(());
                }
                Sent::Never(reason) => {
                    self.peer.works();
                    break reason;
                }
                Sent::Later(reason, _) if self.ending.is_over() => {
                    self.given_up = Some(reason.clone());
                    break reason;
                }
                Sent::Later(reason, _) if attempt >= settings.attempts_max => break reason,
                Sent::Later(reason, wait) => {
                    self.peer.fails(&reason);
                    let wait = self.wait(attempt, wait);
                    self.ending.wait(wait);
                    attempt += 1;
                }
            }
        };
        // What is kept is read by others.
        let reason = self.peer.hide(&reason);
        let letters = rows.iter().enumerate().map(|(at, row)| DeadLetter {
            key: key(first + at),
            body: row,
            attempts: attempt,
            reason: &reason,
        });
        match &mut self.dead {
            Some(dead) => {
                dead.keep(&settings.name, letters)?;
                self.peer.gives_up(rows.len());
                Ok(())
            }
            None => Err(Error::Data {
                location: format!("{}, table \"{}\"", settings.server, settings.name),
                message: format!(
                    "{} not taken after {attempt} {}: {reason}; 'dead-letter.path' keeps what is not taken",
                    if rows.len() == 1 {
                        "a row was".to_owned()
                    } else {
                        format!("{} rows were", rows.len())
                    },
                    if attempt == 1 { "try" } else { "tries" },
                ),
            }),
        }
    }

    /// How long is waited after a try: twice as long each time, and not as long as others do.
    fn wait(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.settings.first_wait.saturating_mul(1 << (attempt - 1).min(20));
        let most = doubled.min(self.settings.longest_wait);
        let jittered = most.mul_f64(0.5 + rand::random::<f64>() / 2.0);
        asked.map_or(jittered, |asked| asked.min(self.settings.longest_wait).max(jittered))
    }
}

/// What went wrong on the way, without the address.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it does not answer in time".to_owned(),
        // What TLS says of a connection comes as an error of reading.
        ureq::Error::Io(error) if error.to_string().contains("certificate") => {
            format!("there is no trust: {error} ('tls.ca' says who is trusted)")
        }
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::HostNotFound => "its name is not found".to_owned(),
        ureq::Error::ConnectionFailed => "there is no connection to it".to_owned(),
        ureq::Error::Tls(text) => format!("there is no trust: {text}"),
        ureq::Error::Rustls(error) => format!("there is no trust: {error}"),
        ureq::Error::Protocol(error) => format!("its answer is not HTTP: {error}"),
        _ => "the request failed".to_owned(),
    }
}

impl Sink for Webhook {
    fn peer(&self) -> Option<Arc<Peer>> {
        Some(Arc::clone(&self.peer))
    }

    fn heed(&mut self, asked: &Arc<AtomicBool>) {
        self.ending.heed(asked);
    }

    fn keyed_by(&mut self, key: &[usize]) {
        self.key = Some(key.to_vec());
    }

    fn write(&mut self, changes: &ChangeBatch) -> Result<()> {
        let columns =
            changes.rows.columns().iter().map(JsonValue::new).collect::<Result<Vec<_>>>()?;
        let (keys, style, changelog) = (&self.keys, &self.settings.style, self.settings.changelog);
        for_each_change(changes, self.key.as_deref(), |op, row| {
            let mut text = String::new();
            write_object(keys, &columns, row, style, &mut text);
            if changelog {
                let comma = if text == "{}" { "" } else { "," };
                text.insert_str(1, &format!("\"op\":\"{}\"{comma}", op.letters()));
            }
            self.rows.push(text);
        });
        Ok(())
    }

    fn end_epoch(&mut self, epoch: u64) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let size = self.settings.batch.unwrap_or(1);
        for (at, rows) in rows.chunks(size).enumerate() {
            self.deliver(rows, epoch, at * size)?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}
