//! Requests that are answered by rows: running counts, joins, what never answers, and METADATA columns.

use rusqlite::Connection;

use crate::service::Service;
use crate::{csv, run};

const EVENTS: &str = "
    CREATE TABLE events (
        id STRING METADATA FROM 'request_id', k STRING, v INT, p AS PROCTIME(),
        at TIMESTAMP_LTZ(3) METADATA FROM 'received_at' VIRTUAL, idempotency_key STRING METADATA
    ) WITH ('connector' = 'http-server', 'path' = '/event', 'format' = 'json', 'response' = 'rows',
            'timeout' = '2 s');
    CREATE TABLE answers (request_id STRING METADATA, k STRING, n BIGINT)
    WITH ('connector' = 'http-response');";

#[test]
fn an_event_is_answered_with_the_count_of_its_key() {
    let script = format!(
        "{EVENTS} INSERT INTO answers SELECT id, k, COUNT(*) OVER (PARTITION BY k ORDER BY p \
         ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM events WHERE v > 0"
    );
    // Rows of several keys come in an order that depends on where the keys are.
    let service = Service::start_with(&script, &["--parallelism", "1"]).ready("/event");
    for n in 1..=5 {
        let reply = service.post("/event", r#"{"k":"a","v":1}"#);
        let due = format!(r#"{{"result":"success","rows":[{{"k":"a","n":{n}}}]}}"#);
        assert_eq!((reply.status, reply.body), (200, due));
    }
    let reply = service
        .post("/event", r#"[{"k":"b","v":1},{"k":"a","v":1},{"k":"b","v":2},{"k":"b","v":0}]"#);
    assert_eq!(
        reply.body,
        r#"{"result":"success","rows":[{"k":"b","n":1},{"k":"a","n":6},{"k":"b","n":2}]}"#
    );
    // Nothing answers this one. Under its key it does not enter again.
    let key = "Idempotency-Key: quiet\r\n";
    let quiet = service.post_with("/event", key, r#"{"k":"a","v":0}"#);
    assert_eq!(quiet.status, 504);
    let id = quiet.head.split("x-request-id: ").nth(1).unwrap().split('\r').next().unwrap();
    let due = format!("no row answered request {id} of table \\\"events\\\" within 2000 ms");
    assert!(quiet.body.contains(&due), "{}", quiet.body);
    assert_eq!(service.post_with("/event", key, r#"{"k":"a","v":0}"#).body, quiet.body);
    let key = "Idempotency-Key: loud\r\n";
    let first = service.post_with("/event", key, r#"{"k":"a","v":1}"#);
    assert_eq!(first.body, service.post_with("/event", key, r#"{"k":"a","v":1}"#).body);
    assert!(first.body.contains("\"n\":7"), "{}", first.body);
    let reply = service.post("/event", r#"{"k":"a","v":1}"#);
    assert!(reply.body.contains("\"n\":8"), "{}", reply.body);
}

#[test]
fn an_event_is_answered_with_what_is_known_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE known (k TEXT, n INTEGER); INSERT INTO known VALUES ('a', 41)")
        .unwrap();
    let script = format!(
        "{EVENTS} CREATE TABLE known (k STRING, n BIGINT) WITH ('connector' = 'sqlite', 'path' = '{}');
         INSERT INTO answers SELECT id, e.k, n FROM events AS e LEFT JOIN known
         FOR SYSTEM_TIME AS OF e.p ON e.k = known.k",
        path.display()
    );
    let service = Service::start(&script).ready("/event");
    let ask = || service.post("/event", r#"[{"k":"a"},{"k":"b"}]"#).body;
    assert_eq!(ask(), r#"{"result":"success","rows":[{"k":"a","n":41},{"k":"b","n":null}]}"#);
    connection.execute("UPDATE known SET n = 42", ()).unwrap();
    assert_eq!(ask(), r#"{"result":"success","rows":[{"k":"a","n":42},{"k":"b","n":null}]}"#);
}

#[test]
fn an_answer_may_be_an_aggregate_of_its_request() {
    let script = format!(
        "{EVENTS} INSERT INTO answers SELECT id, MAX(k), SUM(v) FROM events \
         WHERE at > TO_TIMESTAMP_LTZ(0, 3) AND idempotency_key IS NULL GROUP BY id"
    );
    let service = Service::start(&script).ready("/event");
    for _ in 0..3 {
        let reply = service.post("/event", r#"[{"k":"a","v":1},{"k":"b","v":2}]"#);
        assert_eq!(reply.body, r#"{"result":"success","rows":[{"k":"b","n":3}]}"#);
    }
}

#[test]
fn an_answer_of_rows_says_how_many_were_left_out() {
    let events =
        EVENTS.replace("'response' = 'rows'", "'response' = 'rows', 'errors.policy' = 'table'");
    let script =
        format!("{events} INSERT INTO answers SELECT id, k, CAST(v AS BIGINT) FROM events");
    let service = Service::start(&script).ready("/event");
    let reply = service.post("/event", "{\"k\":\"a\",\"v\":1}\n{\"v\":\"x\"}\nno");
    assert_eq!(reply.body, r#"{"result":"success","rows":[{"k":"a","n":1}],"rejected":2}"#);
    let reply = service.post("/event", r#"{"v":"x"}"#);
    assert_eq!(reply.body, r#"{"result":"success","rows":[],"rejected":1}"#);
}

#[test]
fn metadata_is_declared_as_it_is() {
    let fails = |sql: &str, due: &str| {
        let output = run(sql, &[]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(3) && error.contains(due), "{sql}\n{error}");
    };
    let http = "WITH ('connector' = 'http-server', 'path' = '/e', 'format' = 'json'";
    fails(&format!("CREATE TABLE t (a INT METADATA) {http})"), "it has request_id, received_at");
    fails(&format!("CREATE TABLE t (request_id INT METADATA, a INT) {http})"), "is STRING");
    fails(
        &format!("CREATE TABLE t (a INT) {http}, 'response' = 'rows')"),
        "request_id STRING METADATA",
    );
    fails("CREATE TABLE t (a INT METADATA) WITH ('connector' = 'print')", "it has none");
    fails(
        "CREATE TABLE t (a INT) WITH ('connector' = 'http-response')",
        "request_id STRING METADATA",
    );
    fails(&format!("CREATE TABLE t (a INT) {http}, 'ack' = 'maybe')"), "'processed'");
    fails(
        "CREATE TABLE t (a INT) WITH ('connector' = 'http-server', 'path' = '/metrics', 'format' = 'json')",
        "own",
    );
    let shown = csv(&format!("{EVENTS} SHOW CREATE TABLE events"));
    assert!(shown.contains("`at` TIMESTAMP_LTZ(3) METADATA FROM 'received_at'"), "{shown}");
}
