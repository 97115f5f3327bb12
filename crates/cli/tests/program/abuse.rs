//! A service that is killed while clients post to it, and one among clients that mean it harm. The
//! commands `millstream-bench events` and `millstream-bench abuse` do the same at full size.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::service::{PATIENCE, Service, post_request};

/// Posts until it is answered, however often the service is killed meanwhile.
fn insist(address: &str, key: &str, body: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let header = format!("Idempotency-Key: {key}\r\n");
        let request = post_request("/event", &header, body.as_bytes());
        let status = TcpStream::connect(address).ok().and_then(|mut stream| {
            stream.write_all(&request).ok()?;
            stream.set_read_timeout(Some(PATIENCE)).ok()?;
            let mut answer = String::new();
            std::io::Read::read_to_string(&mut stream, &mut answer).ok()?;
            answer.split(' ').nth(1)?.parse::<u16>().ok()
        });
        if status == Some(200) {
            return;
        }
        assert!(matches!(status, None | Some(429 | 503)), "{status:?}");
        assert!(Instant::now() < deadline, "{key} was not answered");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn every_event_is_there_once_however_often_the_program_is_killed() {
    const CLIENTS: usize = 8;
    const EACH: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let script = folder.path().join("events.sql");
    let sql = format!(
        "SET 'http.listen' = '{free}';
         CREATE TABLE events (id INT NOT NULL, v INT) WITH (
             'connector' = 'http-server', 'path' = '/event', 'format' = 'json');
         CREATE TABLE kept (id INT, v INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
             'connector' = 'sqlite', 'path' = 'kept.db');
         INSERT INTO kept SELECT * FROM events"
    );
    std::fs::write(&script, sql).unwrap();
    let start = || Service::start_at(&script, folder.path()).ready("/event");
    let mut service = Some(start());
    let address = free.to_string();
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (address, answered) = (&address, &answered);
            scope.spawn(move || {
                for at in 0..EACH {
                    let id = client * EACH + at;
                    insist(address, &format!("event-{id}"), &format!("{{\"id\":{id},\"v\":{id}}}"));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for kill in 1..=4 {
            while answered.load(Ordering::Relaxed) < CLIENTS * EACH * kill / 5 {
                std::thread::sleep(Duration::from_millis(1));
            }
            // Dropping it kills it, which leaves it no time.
            drop(service.take());
            service = Some(start());
        }
    });
    drop(service);
    let connection = Connection::open(folder.path().join("kept.db")).unwrap();
    let sql = "SELECT COUNT(*), COUNT(DISTINCT id), SUM(id = v) FROM kept";
    let found: (i64, i64, i64) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let due = (CLIENTS * EACH) as i64;
    assert_eq!(found, (due, due, due));
}

#[test]
fn slow_and_idle_clients_are_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "CREATE TABLE events (id INT NOT NULL) WITH (
             'connector' = 'http-server', 'path' = '/event', 'format' = 'json');
         CREATE TABLE kept (id INT) WITH ('connector' = 'sqlite', 'path' = '{}/kept.db');
         INSERT INTO kept SELECT * FROM events",
        folder.path().display()
    );
    let service = Service::start(&script).ready("/event");
    let healthy = |service: &Service| {
        for id in 0..20 {
            assert_eq!(service.post("/event", format!("{{\"id\":{id}}}")).status, 200);
        }
    };
    healthy(&service);
    let before = service.memory_mb();
    let slow: Vec<TcpStream> = (0..150)
        .map(|at| {
            let mut stream = TcpStream::connect(&service.address).unwrap();
            let head = "POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n";
            let end = if at % 2 == 0 { "" } else { "\r\n{" };
            stream.write_all(format!("{head}{end}").as_bytes()).unwrap();
            stream
        })
        .collect();
    healthy(&service);
    // More than there are places: those that have done nothing for longest make room.
    let idle: Vec<TcpStream> =
        (0..850).map(|_| TcpStream::connect(&service.address).unwrap()).collect();
    healthy(&service);
    let more = service.memory_mb() - before;
    assert!(more < 64.0, "{more} MB more");
    drop((slow, idle));
    healthy(&service);
    let (code, said) = service.end("-TERM");
    assert_eq!(code, Some(143), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
