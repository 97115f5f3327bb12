//! Records over TCP: read from a server and written to one, also when it goes away and comes back.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;

use crate::service::until;
use crate::{millstream, run};

fn table(name: &str, listener: &TcpListener, format: &str, more: &str) -> String {
    let port = listener.local_addr().unwrap().port();
    format!(
        "CREATE TABLE {name} (a INT, s STRING) WITH ('connector' = 'socket', 'hostname' = '127.0.0.1', \
         'port' = '{port}', 'format' = '{format}', 'reconnect.initial-backoff' = '1 ms' {more});"
    )
}

#[test]
fn a_connection_that_ends_is_a_table() {
    for (format, sent) in [
        ("csv", "1,p\n2,\"q\nr\"\n3,s"),
        ("json", "{\"a\":1,\"s\":\"p\"}\n[{\"a\":2},{\"a\":3}]\n"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let table = table("t", &listener, format, ", 'scan.bounded' = 'true'");
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(sent.as_bytes()).unwrap();
        });
        let output =
            run(&format!("{table} SELECT COUNT(*) AS n, SUM(a) AS s FROM t"), &["-o", "csv"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "n,s\n3,6\n", "{output:?}");
        server.join().unwrap();
    }
}

#[test]
fn what_is_lost_is_connected_again() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (source, path) =
        (table("t", &listener, "csv", ", 'csv.header' = 'true'"), folder.path().join("x.db"));
    let script = format!(
        "{source} CREATE TABLE kept (a INT, s STRING) WITH ('connector' = 'sqlite', 'path' = '{}'); \
         INSERT INTO kept SELECT * FROM t",
        path.display()
    );
    let mut child = millstream().args(["run", "-c", &script]).spawn().unwrap();
    let kept = || -> i64 {
        let connection = Connection::open(&path).unwrap();
        connection.query_row("SELECT SUM(a) FROM kept", [], |row| row.get(0)).unwrap_or(0)
    };
    for (number, due) in [(1, 2), (10, 22), (100, 222)] {
        let (mut stream, _) = listener.accept().unwrap();
        // The connection breaks off in the third record.
        let sent = format!("a,s\n{number},x\n{number},y\n9999,");
        stream.write_all(sent.as_bytes()).unwrap();
        until("the whole records are there", || kept() == due);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn rows_are_written_as_lines() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sink = table("t", &listener, "json", "");
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        BufReader::new(stream).lines().map(Result::unwrap).collect::<Vec<_>>()
    });
    let output = run(&format!("{sink} INSERT INTO t VALUES (1, 'p'), (2, 'q')"), &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(server.join().unwrap(), ["{\"a\":1,\"s\":\"p\"}", "{\"a\":2,\"s\":\"q\"}"]);
}

/// A job that writes more than fits between it and its server, which does not read yet.
fn held_up(more: &str) -> (Child, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sink = table("t", &listener, "csv", more);
    let rows: Vec<String> = (0..ROWS).map(|row| format!("({row})")).collect();
    let insert = format!(
        "INSERT INTO t SELECT a, REPEAT('x', 100000) FROM (VALUES {}) AS v(a)",
        rows.join(",")
    );
    let child = millstream()
        .args(["run", "-c", &format!("{sink} {insert}")])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stream, _) = listener.accept().unwrap();
    // It is writing once something has come.
    assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
    (child, stream)
}

const ROWS: usize = 300;

fn terminate(child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}

#[test]
fn a_job_that_ends_by_itself_does_not_wait_for_a_server_once_it_is_to_end() {
    let (child, stream) = held_up(", 'stop.timeout' = '100 ms'");
    terminate(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the job is to end, and the server does not take them"), "{said}");
    drop(stream);
}

#[test]
fn what_is_done_in_spite_of_a_signal_is_no_failure() {
    let (child, stream) = held_up(", 'stop.timeout' = '10 min'");
    terminate(&child);
    let lines = BufReader::new(stream).lines().map(Result::unwrap).count();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), lines), (Some(0), ROWS), "{output:?}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let sink = table("t", &listener, "json", ", 'reconnect.max-attempts' = '2'");
    drop(listener);
    for sql in ["INSERT INTO t VALUES (1, 'p')", "SELECT * FROM t"] {
        let output = run(&format!("{sink} {sql}"), &[]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(&format!("cannot connect to \"127.0.0.1:{port}\"")), "{error}");
    }
    let wrong = run("CREATE TABLE t (a INT) WITH ('connector' = 'socket', 'port' = '1')", &[]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("needs a 'hostname'"));
}
