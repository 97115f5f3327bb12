//! The server among clients that do not keep to its times and bounds, which are short here.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::{DataType, Field, Schema};
use millstream_connectors::{Attachment, Inlets, SourceEvent, open_source};
use millstream_plan::Table;
use millstream_runtime::serve::{Page, Pages, Server, ServerOptions};

struct Nothing;

impl Pages for Nothing {
    fn page(&self, path: &str) -> Option<Page> {
        (path == "/health").then(|| Page::Text {
            status: 200,
            content_type: "text/plain",
            body: "well".to_owned(),
        })
    }
}

/// A table that is posted to at `/e`, read by nobody but whoever takes its pieces.
fn table() -> Table {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int32, true)]));
    let options =
        [("connector", "http-server"), ("path", "/e"), ("format", "json"), ("timeout", "200 ms")];
    let options = options.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    Table { options, ..Table::new("t", schema) }
}

fn server(options: impl Fn(&mut ServerOptions)) -> (Server, Arc<Inlets>) {
    let mut given = ServerOptions::new("127.0.0.1:0".parse().unwrap());
    options(&mut given);
    let inlets = Arc::new(Inlets::default());
    let server = Server::start(given, Arc::clone(&inlets), Arc::new(Nothing)).unwrap();
    server.open();
    (server, inlets)
}

/// Somebody who takes what is posted, and gives it back as done.
fn reader(inlets: &Arc<Inlets>) -> Option<Attachment> {
    let mut source = open_source(&table(), &[0]).unwrap();
    let attachment = source.attach(inlets, false).unwrap();
    std::thread::spawn(move || {
        while let Some(SourceEvent::Rows { mut piece, .. }) = source.next().unwrap() {
            piece.take().into_iter().for_each(|receipt| receipt.done());
        }
    });
    attachment
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// What comes until the server closes the connection.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    rest(stream)
}

fn post(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /e HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn what_does_not_come_in_time_is_not_waited_for() {
    let (server, inlets) = server(|options| {
        options.header_timeout = Duration::from_millis(100);
        options.bodies.timeout = Duration::from_millis(100);
    });
    let _reader = reader(&inlets);
    let started = Instant::now();
    // A header that does not end, a connection without one, and one that was of use before.
    assert!(!ask(server.address(), "POST /e HTTP/1.1\r\nHost: loc").contains("200"));
    assert_eq!(rest(connect(server.address())), "");
    let kept = ask(server.address(), "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(kept.starts_with("HTTP/1.1 200") && kept.ends_with("well"), "{kept}");
    let body = ask(server.address(), &post("{\"n\":1}").replace("Length: 7", "Length: 8"));
    assert!(body.starts_with("HTTP/1.1 408") && body.contains("did not come"), "{body}");
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(ask(server.address(), &post("{\"n\":1}")).starts_with("HTTP/1.1 200"));
}

#[test]
fn bodies_are_bounded_one_by_one_and_together() {
    let (server, inlets) = server(|options| {
        options.bodies.bytes_max = 100_000;
        options.bodies.all_bytes_max = 100_000;
        options.bodies.stall_when_full = Duration::from_secs(20);
        options.bodies.stall = Duration::from_secs(20);
    });
    let _reader = reader(&inlets);
    let long = format!("{{\"n\":1{}}}", " ".repeat(100_000));
    assert!(ask(server.address(), &post(&long)).starts_with("HTTP/1.1 413"));
    let fits = format!("{{\"n\":1{}}}", " ".repeat(80_000));
    assert!(ask(server.address(), &post(&fits)).starts_with("HTTP/1.1 200"));
    // One that is half way in leaves no room for another long one.
    let sent = post(&fits);
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut half = loop {
        let mut half = connect(server.address());
        half.write_all(&sent.as_bytes()[..sent.len() - 10]).unwrap();
        // Which of two that come together is in the other's way is not known: this one shall be first.
        std::thread::sleep(Duration::from_millis(20));
        let answer = ask(server.address(), &sent);
        if answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1") {
            break half;
        }
        assert!(Instant::now() < deadline, "{answer}");
    };
    // Short ones are let in all the same.
    assert!(ask(server.address(), &post("{\"n\":1}")).starts_with("HTTP/1.1 200"));
    half.write_all(&sent.as_bytes()[sent.len() - 10..]).unwrap();
    assert!(rest(half).starts_with("HTTP/1.1 200"));
    assert!(ask(server.address(), &post(&fits)).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_body_that_stalls_makes_room_for_others() {
    let (server, inlets) = server(|options| {
        options.bodies.all_bytes_max = 100_000;
        options.bodies.stall_when_full = Duration::from_millis(50);
        options.bodies.stall = Duration::from_secs(600);
        options.bodies.timeout = Duration::from_secs(600);
    });
    let _reader = reader(&inlets);
    let started = Instant::now();
    let sent = post(&format!("{{\"n\":1{}}}", " ".repeat(80_000)));
    let mut half = connect(server.address());
    half.write_all(&sent.as_bytes()[..sent.len() - 10]).unwrap();
    // A small one holds nothing that others need.
    let mut small = connect(server.address());
    small.write_all(post("{\"n\":1}").strip_suffix('}').unwrap().as_bytes()).unwrap();
    let answer = rest(half);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(ask(server.address(), &sent).starts_with("HTTP/1.1 200"));
    small.write_all(b"}").unwrap();
    assert!(rest(small).starts_with("HTTP/1.1 200"));
    assert!(started.elapsed() < Duration::from_secs(300));
}

#[test]
fn who_waits_in_vain_is_told() {
    let (server, inlets) = server(|_| {});
    let mut source = open_source(&table(), &[0]).unwrap();
    let attachment = source.attach(&inlets, false).unwrap();
    // Nobody takes the rows: both requests wait until their time is up.
    let mut busy: Vec<TcpStream> = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(server.address());
        stream.write_all(post("{\"n\":1}").as_bytes()).unwrap();
        busy.push(stream);
    }
    let answers: Vec<String> = busy.into_iter().map(rest).collect();
    for answer in answers {
        assert!(answer.starts_with("HTTP/1.1 504") && answer.contains("within 200 ms"), "{answer}");
    }
    // What is given up is answered, too.
    let mut waiting = connect(server.address());
    waiting.write_all(post("{\"n\":1}").as_bytes()).unwrap();
    drop(attachment);
    let answer = rest(waiting);
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    server.stop(Duration::from_secs(5));
    // The listener may be gone already, or only not answer any more.
    assert!(TcpStream::connect(server.address()).map_or(true, |stream| rest(stream).is_empty()));
}
