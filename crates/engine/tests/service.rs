//! The example of an API of events inside of a program that has a server of its own, made with axum.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use millstream::{Engine, Request};

/// What the program does with an order that is posted to it.
async fn order(State(engine): State<Engine>, body: Bytes) -> (StatusCode, String) {
    let answer = engine.post("/event", Request { body: body.to_vec(), ..Request::default() }).await;
    (StatusCode::from_u16(answer.status).unwrap(), answer.body)
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn posted(body: &str) -> String {
    let length = body.len();
    let head = "POST /orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length:";
    format!("{head} {length}\r\n\r\n{body}")
}

/// The script of the example, in a folder, without the webhook that it has for a demonstration.
fn script(folder: &std::path::Path) -> String {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/examples/event-api.sql"
    ));
    text.unwrap().replace("event-api.db", &folder.join("orders.db").display().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_for_all_jobs_that_read_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let engine = Engine::builder().without_server().parallelism(1).build();
    let tables = format!(
        "CREATE TABLE events (n INT) WITH ('connector' = 'http-server', 'path' = '/e', 'format' = 'json',
             'timeout' = '500 ms');
         CREATE TABLE a (n INT) WITH ('connector' = 'sqlite', 'path' = '{}');
         CREATE TABLE b (n INT) WITH ('connector' = 'sqlite', 'path' = '{}');",
        path("a.db"),
        path("b.db")
    );
    engine.execute(&tables).await.unwrap();
    let post = async |n: i64| {
        let request = Request { body: format!("{{\"n\":{n}}}").into_bytes(), ..Request::default() };
        engine.post("/e", request).await
    };
    assert_eq!(post(0).await.status, 404);
    let _first = engine.execute("INSERT INTO a SELECT n FROM events").await.unwrap().unwrap();
    let mut second =
        engine.execute("INSERT INTO b SELECT 10 / n FROM events").await.unwrap().unwrap();
    let rows = |name: &str| {
        let connection = rusqlite::Connection::open(path(&format!("{name}.db"))).unwrap();
        connection
            .query_row(&format!("SELECT COUNT(*) FROM {name}"), [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    for n in 1..=10 {
        assert_eq!(post(n).await.status, 200);
        assert_eq!((rows("a"), rows("b")), (n, n));
    }
    // One of them cannot go on: the request is not through.
    let locked = rusqlite::Connection::open(path("b.db")).unwrap();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let late = post(5).await;
    assert_eq!(late.status, 504, "{late:?}");
    locked.execute_batch("COMMIT").unwrap();
    // One of them fails: the rows did not get through all of it.
    let failed = post(0).await;
    assert_eq!(failed.status, 503, "{failed:?}");
    assert!(second.join().await.is_err());
    assert_eq!(post(1).await.status, 200);
    assert_eq!((rows("a"), rows("b")), (13, 11));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_answer_when_all_jobs_are_through() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.db");
    let engine = Engine::builder().without_server().parallelism(1).build();
    let tables = format!(
        "CREATE TABLE events (id STRING METADATA FROM 'request_id', n INT) WITH ('connector' = 'http-server',
             'path' = '/e', 'format' = 'json', 'response' = 'rows', 'timeout' = '1 s');
         CREATE TABLE answers (request_id STRING METADATA, n INT) WITH ('connector' = 'http-response');
         CREATE TABLE b (n INT) WITH ('connector' = 'sqlite', 'path' = '{}');",
        path.display()
    );
    engine.execute(&tables).await.unwrap();
    let _answers = engine.execute("INSERT INTO answers SELECT id, n FROM events").await.unwrap();
    let _kept = engine.execute("INSERT INTO b SELECT n FROM events").await.unwrap();
    let post = async |n: i64, key: Option<&str>| {
        let body = format!("{{\"n\":{n}}}").into_bytes();
        let idempotency_key = key.map(str::to_owned);
        engine.post("/e", Request { body, idempotency_key, ..Request::default() }).await
    };
    let count = || -> i64 {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.query_row("SELECT COUNT(*) FROM b", [], |row| row.get(0)).unwrap()
    };
    for n in 1..=10 {
        let answer = post(n, None).await;
        let due = format!("{{\"result\":\"success\",\"rows\":[{{\"n\":{n}}}]}}");
        assert_eq!((answer.status, answer.body), (200, due));
        assert_eq!(count(), n);
    }
    // One of them cannot go on: the rows are there, and are given when it can.
    let locked = rusqlite::Connection::open(&path).unwrap();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let late = post(11, Some("key")).await;
    assert!(late.status == 504 && late.body.contains("was not through"), "{late:?}");
    locked.execute_batch("COMMIT").unwrap();
    let again = post(11, Some("key")).await;
    assert_eq!(again.body, "{\"result\":\"success\",\"rows\":[{\"n\":11}]}");
    assert_eq!(count(), 11);
    let long = Request { body: vec![b' '; (8 << 20) + 1], ..Request::default() };
    assert_eq!(engine.post("/e", long).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_axum_application_answers_by_sql() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().without_server().build();
    let job = engine.execute(&script(folder.path())).await.unwrap().unwrap();
    assert_eq!(engine.address(), None);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new()
        .route("/orders", post(order))
        .route("/", get(|| async { "orders are posted to /orders" }))
        .with_state(engine.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let asked = tokio::task::spawn_blocking(move || {
        let body =
            r#"{"id": "o-1", "customer": "ann", "amount": 2.5, "at": "2026-01-31 12:00:05"}"#;
        [
            posted(body),
            posted(&body.replace("o-1", "o-2")),
            posted("{}"),
            "GET / HTTP/1.0\r\n\r\n".to_owned(),
        ]
        .map(|request| ask(address, &request))
    });
    let [first, second, wrong, page] = asked.await.unwrap();
    assert!(first.ends_with(
        "{\"result\":\"success\",\"rows\":[{\"id\":\"o-1\",\"customer\":\"ann\",\"orders\":1,\"total\":2.5}]}"
    ), "{first}");
    assert!(second.contains("\"orders\":2,\"total\":5}"), "{second}");
    assert!(
        wrong.starts_with("HTTP/1.1 400") && wrong.contains("\"column\":\"amount\""),
        "{wrong}"
    );
    assert!(page.ends_with("orders are posted to /orders"), "{page}");

    // The results are tables, for this engine and for others.
    let kept = engine.sql("SELECT id FROM kept_orders").await.unwrap().collect().await.unwrap();
    assert_eq!(kept.iter().map(|changes| changes.num_rows()).sum::<usize>(), 2);
    let mut job = job;
    job.stop();
    let metrics = job.join().await.unwrap();
    assert_eq!(metrics.rows_in, 2);
}
