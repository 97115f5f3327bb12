//! Rows that are posted: what is taken, what is answered and when, and what is refused.

use std::io::Write;

use rusqlite::Connection;

use crate::receiver::{Mood, Receiver};
use crate::service::{Service, until};
use crate::{csv, millstream};

/// A table of events that are written to SQLite as they are.
fn script(folder: &std::path::Path, options: &str) -> String {
    format!(
        "CREATE TABLE events (id INT NOT NULL, price DECIMAL(10, 2), name STRING) WITH (
             'connector' = 'http-server', 'path' = '/event', {options});
         CREATE TABLE kept (id INT, price DECIMAL(10, 2), name STRING) WITH (
             'connector' = 'sqlite', 'path' = '{}/kept.db');
         INSERT INTO kept SELECT * FROM events;",
        folder.display()
    )
}

fn ids(folder: &std::path::Path) -> Vec<i64> {
    let connection = Connection::open(folder.join("kept.db")).unwrap();
    let mut statement = connection.prepare("SELECT id FROM kept ORDER BY rowid").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn what_was_answered_is_in_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&script(folder.path(), "'format' = 'json'")).ready("/event");
    let reply = service.post("/event", r#"{"id": 1, "price": 1.5, "name": "a"}"#);
    assert_eq!((reply.status, &reply.body[..]), (200, r#"{"result":"success","count":1}"#));
    assert!(reply.head.contains("x-request-id: "), "{}", reply.head);
    // The answer came when the sink had the row.
    assert_eq!(ids(folder.path()), [1]);
    let array = "[\n  {\"id\": 2},\n  {\"id\": 3, \"name\": \"]}\"}\n]";
    assert_eq!(service.post("/event", array).body, r#"{"result":"success","count":2}"#);
    assert_eq!(service.post("/event", "{\"id\":4}\n{\"id\":5}\n").status, 200);
    let packed = gzip(b"{\"id\":6}");
    assert_eq!(service.post_with("/event", "Content-Encoding: gzip\r\n", packed).status, 200);
    assert_eq!(ids(folder.path()), [1, 2, 3, 4, 5, 6]);
    let (code, said) = service.end("-TERM");
    assert_eq!(code, Some(143), "{said}");
    assert!(said.contains("stopping after this epoch") && said.contains("interrupted"), "{said}");
}

#[test]
fn a_batch_enters_wholly_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&script(folder.path(), "'format' = 'json'")).ready("/event");
    let reply = service
        .post("/event", r#"[{"id":1},{"id":"x"},{"id":3},{"price":1},{"id":5,"price":"y"}]"#);
    assert_eq!(reply.status, 400);
    assert_eq!(
        reply.body,
        "{\"result\":\"error\",\"error\":\"no row was taken, because some are wrong\",\"rows\":[\
         {\"row\":2,\"column\":\"id\",\"reason\":\"\\\"x\\\" does not fit INT\"},\
         {\"row\":4,\"column\":\"id\",\"reason\":\"the column is NOT NULL and has no value\"},\
         {\"row\":5,\"column\":\"price\",\"reason\":\"\\\"y\\\" does not fit DECIMAL(10, 2)\"}]}"
    );
    let reply = service.post("/event", r#"[{"id":1},{"name":"no id"}]"#);
    assert_eq!(reply.status, 400);
    assert!(
        reply.body.contains("{\"row\":2,\"column\":\"id\",\"reason\":\"the column is NOT NULL"),
        "{reply:?}"
    );
    for (body, due) in [
        ("", "no rows"),
        ("[]", "no rows"),
        ("{\"id\":1", "not closed"),
        ("{\"id\":1}}", "expected a JSON object"),
        ("{\"id\":1,}", "not JSON"),
        ("nonsense", "expected a JSON object"),
    ] {
        let reply = service.post("/event", body);
        assert!(reply.status == 400 && reply.body.contains(due), "{body}: {reply:?}");
    }
    assert_eq!(ids(folder.path()), [] as [i64; 0]);
    assert_eq!(service.post("/event", "{\"id\":7}").status, 200);
    assert_eq!(ids(folder.path()), [7]);
}

#[test]
fn more_rows_than_a_queue_holds_are_refused_before_they_are_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let options = "'format' = 'json', 'queue.max-rows' = '1000'";
    let service = Service::start(&script(folder.path(), options)).ready("/event");
    // A few kilobytes that would be millions of rows.
    let packed = gzip("{}".repeat(2_000_000).as_bytes());
    let reply = service.post_with("/event", "Content-Encoding: gzip\r\n", packed);
    assert_eq!(reply.status, 413, "{reply:?}");
    assert!(reply.body.contains("more rows than the 1000"), "{reply:?}");
    assert_eq!(service.post("/event", "{\"id\":1}").status, 200);
    assert_eq!(ids(folder.path()), [1]);
}

#[test]
fn files_are_there_whole_when_an_answer_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let script = |format: &str, ack: &str| {
        format!(
            "CREATE TABLE events (id INT) WITH ('connector' = 'http-server', 'path' = '/event', \
             'format' = 'json'{ack});
             CREATE TABLE kept (id INT) WITH ('connector' = 'filesystem', 'path' = '{}/{format}{}', \
             'format' = '{format}');
             INSERT INTO kept SELECT id FROM events WHERE id > 0;",
            folder.path().display(),
            ack.len()
        )
    };
    let parts = |name: &str| -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(folder.path().join(name)) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut parts: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        parts.sort();
        parts
    };
    for format in ["json", "parquet"] {
        let name = format!("{format}0");
        let service = Service::start(&script(format, "")).ready("/event");
        for id in 1..=12 {
            assert_eq!(service.post("/event", format!("{{\"id\":{id}}}")).status, 200);
            assert_eq!(parts(&name).len(), id, "{format}");
        }
        // An epoch without rows leaves none.
        assert_eq!(service.post("/event", "{\"id\":0}").status, 200);
        assert_eq!(parts(&name).len(), 12);
        let read = format!(
            "CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = '{}/{name}', \
             'format' = '{format}'); SELECT id FROM t",
            folder.path().display()
        );
        let due: String = (1..=12).map(|id| format!("{id}\n")).collect();
        assert_eq!(csv(&read), format!("id\n{due}"));
        // What was answered stays when the program is killed.
        drop(service);
        assert_eq!(csv(&read), format!("id\n{due}"));
    }
    let accepted = ", 'ack' = 'accepted'";
    let service = Service::start(&script("json", accepted)).ready("/event");
    for id in 1..=3 {
        assert_eq!(service.post("/event", format!("{{\"id\":{id}}}")).status, 202);
    }
    let name = format!("json{}", accepted.len());
    assert_eq!(parts(&name).len(), 0);
    let (code, said) = service.end("-TERM");
    assert_eq!(code, Some(143), "{said}");
    assert_eq!(parts(&name).len(), 1);
}

#[test]
fn csv_is_taken_too() {
    let folder = tempfile::tempdir().unwrap();
    let options = "'format' = 'csv', 'csv.header' = 'true', 'csv.null-literal' = ''";
    let service = Service::start(&script(folder.path(), options)).ready("/event");
    let kind = "Content-Type: text/csv\r\n";
    let reply = service.post_with("/event", kind, "id,price,name\n1,1.5,\"a, b\"\n2,,c\n");
    assert_eq!((reply.status, &reply.body[..]), (200, r#"{"result":"success","count":2}"#));
    let reply = service.post_with("/event", kind, "id,price,name\n1,1.5,a\nx,,c\n");
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("{\"row\":2,\"column\":\"id\""), "{reply:?}");
    let reply = service.post_with("/event", "Content-Type: application/json\r\n", "{}");
    assert_eq!(reply.status, 415);
    assert_eq!(ids(folder.path()), [1, 2]);
}

#[test]
fn a_request_that_comes_again_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&script(folder.path(), "'format' = 'json'")).ready("/event");
    let key = "Idempotency-Key: 4711\r\n";
    let first = service.post_with("/event", key, "{\"id\":1}");
    let again = service.post_with("/event", key, "{\"id\":1}");
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.body, again.body);
    assert_eq!(service.post_with("/event", key, "{\"id\":2}").status, 422);
    // What was refused is not remembered.
    let key = "Idempotency-Key: 4712\r\n";
    assert_eq!(service.post_with("/event", key, "{\"id\":null}").status, 400);
    assert_eq!(service.post_with("/event", key, "{\"id\":3}").status, 200);
    assert_eq!(ids(folder.path()), [1, 3]);
}

#[test]
fn accepted_rows_are_there_after_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let options = "'format' = 'json', 'ack' = 'accepted'";
    let service = Service::start(&script(folder.path(), options)).ready("/event");
    for id in 0..50 {
        let reply = service.post("/event", format!("{{\"id\":{id}}}"));
        assert_eq!((reply.status, &reply.body[..]), (202, r#"{"result":"accepted","count":1}"#));
    }
    let (code, said) = service.end("-INT");
    assert_eq!(code, Some(130), "{said}");
    assert_eq!(ids(folder.path()), (0..50).collect::<Vec<_>>());
}

#[test]
fn a_full_queue_says_when_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let options = "'format' = 'json', 'ack' = 'accepted', 'queue.max-rows' = '3'";
    let service = Service::start(&script(folder.path(), options)).ready("/event");
    assert_eq!(service.post("/event", "{\"id\":1}{\"id\":1}{\"id\":1}{\"id\":1}").status, 413);
    // Somebody else writes, so that the job cannot go on.
    let locked = Connection::open(folder.path().join("kept.db")).unwrap();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut taken = 0;
    let mut full = None;
    until("the queue is full", || {
        let reply = service.post("/event", "{\"id\":1}");
        match reply.status {
            202 => taken += 1,
            429 => full = Some(reply),
            other => panic!("{other}"),
        }
        full.is_some()
    });
    let full = full.unwrap();
    assert!(full.head.contains("retry-after: 1"), "{}", full.head);
    assert!(full.body.contains("the queue of table \\\"events\\\" is full"), "{}", full.body);
    locked.execute_batch("COMMIT").unwrap();
    until("what was taken is written", || ids(folder.path()).len() == taken);
    assert_eq!(service.post("/event", "{\"id\":1}").status, 202);
}

#[test]
fn an_answer_waits_for_all_that_a_job_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let script = format!(
        "CREATE TABLE events (k STRING) WITH ('connector' = 'http-server', 'path' = '/event', 'format' = 'json');
         CREATE TABLE a (k STRING) WITH ('connector' = 'sqlite', 'path' = '{path}/a.db');
         CREATE TABLE b (k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH (
             'connector' = 'sqlite', 'path' = '{path}/b.db');
         EXECUTE STATEMENT SET BEGIN
             INSERT INTO a SELECT k FROM events;
             INSERT INTO b SELECT k, COUNT(*) FROM events GROUP BY k;
         END"
    );
    let service = Service::start(&script).ready("/event");
    let count = |file: &str, sql: &str| -> i64 {
        let connection = Connection::open(folder.path().join(file)).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    for n in 1..=20 {
        assert_eq!(service.post("/event", r#"{"k":"x"}"#).status, 200);
        assert_eq!(count("a.db", "SELECT COUNT(*) FROM a"), n);
        assert_eq!(count("b.db", "SELECT n FROM b WHERE k = 'x'"), n);
    }
}

#[test]
fn a_job_that_fails_says_that_rows_were_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "CREATE TABLE events (n INT) WITH ('connector' = 'http-server', 'path' = '/event', 'format' = 'json');
         CREATE TABLE kept (n INT) WITH ('connector' = 'sqlite', 'path' = '{}/kept.db');
         INSERT INTO kept SELECT 10 / n FROM events",
        folder.path().display()
    );
    let service = Service::start(&script).ready("/event");
    assert_eq!(service.post("/event", "{\"n\":5}").status, 200);
    let reply = service.post("/event", "{\"n\":0}");
    assert!(reply.status == 503 && reply.body.contains("send them again"), "{reply:?}");
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&script(folder.path(), "'format' = 'json'")).ready("/event");
    assert_eq!(service.get("/event").status, 405);
    assert_eq!(service.get("/nothing").status, 404);
    assert_eq!(service.post("/nothing", "{}").status, 404);
    assert_eq!(service.post("/health", "{}").status, 405);
    let head =
        service.send(b"HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!((head.status, &head.body[..]), (200, ""));
    assert_eq!(service.send(b"BREW / HTTP/9.9\r\n\r\n").status, 400);
    assert_eq!(
        service
            .send(b"POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n")
            .status,
        400
    );
    assert_eq!(service.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").status, 400);
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    assert_eq!(service.send(long.as_bytes()).status, 431);
    let huge = b"POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n{";
    assert_eq!(service.send(huge).status, 413);
    // Chunks do not say how long they will be.
    let mut chunked =
        b"POST /event HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..9 {
        chunked.extend(b"100000\r\n");
        chunked.extend(vec![b' '; 1 << 20]);
        chunked.extend(b"\r\n");
    }
    assert_eq!(service.send(&chunked).status, 413);
    let bomb = gzip(&vec![b' '; 64 << 20]);
    let reply = service.post_with("/event", "Content-Encoding: gzip\r\n", bomb);
    assert!(reply.status == 413 && reply.body.contains("when unpacked"), "{reply:?}");
    assert_eq!(service.post_with("/event", "Content-Encoding: br\r\n", "x").status, 400);
    // A page in a browser reaches this machine, but may not write to it.
    assert_eq!(
        service.post_with("/event", "Origin: http://evil.example\r\n", "{\"id\":1}").status,
        403
    );
    assert_eq!(
        service
            .send(b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
            .status,
        421
    );
    assert_eq!(service.post("/event", "{\"id\":1}").status, 200);
    assert_eq!(ids(folder.path()), [1]);
}

#[test]
fn health_and_metrics_tell_how_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "CREATE TABLE events (k STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH (
             'connector' = 'http-server', 'path' = '/event', 'format' = 'json');
         CREATE TABLE totals (k STRING, n BIGINT) WITH ('connector' = 'sqlite', 'path' = '{}/t.db');
         INSERT INTO totals SELECT k, COUNT(*) FROM TABLE(
             TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY k, window_start, window_end",
        folder.path().display()
    );
    let service = Service::start_with(&script, &["--log-format", "json"]).ready("/event");
    let event = |at: &str| format!("{{\"k\":\"a\",\"ts\":\"2026-01-01 00:{at}\"}}");
    assert_eq!(service.post("/event", event("00:01")).status, 200);
    assert_eq!(service.post("/event", event("02:00")).status, 200);
    assert_eq!(service.post("/event", event("00:02")).status, 200);
    let health = service.get("/health");
    assert_eq!((health.status, &health.body[..]), (200, "{\"status\":\"ok\",\"jobs\":1}"));
    until("the figures are there", || {
        service.get("/metrics").body.contains("millstream_epochs_total")
    });
    let metrics = service.get("/metrics").body;
    for due in [
        "millstream_rows_in_total{job=\"1\"} 3",
        "millstream_rows_out_total{job=\"1\"} 1",
        "millstream_late_rows_total{job=\"1\"} 1",
        "millstream_rejected_rows_total{job=\"1\"} 0",
        "millstream_watermark_seconds{job=\"1\"} 17672257",
        "millstream_watermark_lag_seconds{job=\"1\"}",
        "millstream_state_bytes{job=\"1\"}",
        "millstream_last_epoch_seconds{job=\"1\"}",
        "millstream_operator_seconds_total{job=\"1\",node=\"0\",operator=\"Source(events)\"}",
        "# TYPE millstream_rows_per_second gauge",
    ] {
        assert!(metrics.contains(due), "{due} is not in\n{metrics}");
    }
    let (code, said) = service.end("-TERM");
    assert_eq!(code, Some(143));
    for line in said.lines() {
        assert!(line.starts_with("{\"timestamp\":\"20") && line.ends_with("\"}"), "{line}");
    }
    assert!(said.contains("\"message\":\"interrupted\""), "{said}");
}

#[test]
fn other_machines_need_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let script = script(folder.path(), "'format' = 'json'");
    let open = |listen: &str| {
        millstream()
            .args(["run", "--listen", listen, "-c", &script])
            .env_remove("MILLSTREAM_TOKEN")
            .output()
            .unwrap()
    };
    let refused = open("0.0.0.0:0");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("open to other machines") && said.contains("MILLSTREAM_TOKEN"), "{said}");
    assert_eq!(open("nowhere").status.code(), Some(2));

    let token = folder.path().join("token");
    std::fs::write(&token, "open sesame\n").unwrap();
    let token = token.display().to_string();
    let service = Service::start_with(&script, &["--token-file", &token]);
    until("it takes rows", || {
        let reply =
            service.post_with("/event", "Authorization: Bearer open sesame\r\n", "{\"id\":1}");
        reply.status == 200
    });
    for header in ["", "Authorization: Bearer open sesam\r\n", "Authorization: Basic b3Blbg==\r\n"]
    {
        let reply = service.post_with("/event", header, "{\"id\":1}");
        assert_eq!(reply.status, 401, "{header}");
        assert!(reply.head.contains("www-authenticate: bearer"), "{}", reply.head);
    }
    assert_eq!(service.get("/metrics").status, 401);
    assert_eq!(service.get("/tables/events/changes").status, 401);
    assert_eq!(service.get("/health").status, 200);
    // With the token a web page may ask, too.
    let header = "Origin: http://localhost:3000\r\nAuthorization: Bearer open sesame\r\n";
    assert_eq!(service.post_with("/event", header, "{\"id\":2}").status, 200);
}

#[test]
fn a_second_signal_does_not_wait() {
    let receiver = Receiver::start(|_| Mood::Hangs);
    let script = format!(
        "CREATE TABLE events (n INT) WITH ('connector' = 'http-server', 'path' = '/event', \
             'format' = 'json', 'ack' = 'accepted');
         CREATE TABLE hook (n INT) WITH ('connector' = 'webhook', 'url' = '{}', 'timeout' = '1 h');
         INSERT INTO hook SELECT * FROM events",
        receiver.url
    );
    let service = Service::start(&script).ready("/event");
    assert_eq!(service.post("/event", "{\"n\":1}").status, 202);
    until("the receiver was asked", || receiver.asked() == 1);
    service.signal("-TERM");
    until("it lets nothing more in", || service.post("/event", "{\"n\":1}").status == 503);
    let (code, said) = service.end("-INT");
    assert_eq!(code, Some(130), "{said}");
}
