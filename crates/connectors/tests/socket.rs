//! A source that waits for its server can be ended from another thread.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema};
use millstream_connectors::open_source;
use millstream_plan::Table;

#[test]
fn a_source_that_waits_can_be_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int32, true)]));
    let options = [
        ("connector", "socket"),
        ("hostname", "127.0.0.1"),
        ("port", port.as_str()),
        ("format", "json"),
    ];
    let options = options.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let table = Table { options, ..Table::new("t", schema) };
    let mut source = open_source(&table, &[0]).unwrap();
    let attachment = source.attach(&Arc::default(), false).unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(source.next().is_err()));
    // It is connected, and nothing comes.
    let (_stream, _) = listener.accept().unwrap();
    drop(attachment);
    assert!(receiver.recv_timeout(Duration::from_secs(30)).unwrap());
}
