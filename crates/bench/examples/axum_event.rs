//! The handler of `millstream-bench events` written by hand with axum: an event is put into SQLite, in a
//! transaction of its own, and answered.
//!
//! `cargo run --release -p millstream-bench --example axum_event -- 127.0.0.1:5001 events.db`, and then
//! `millstream-bench events --address 127.0.0.1:5001`.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use rusqlite::Connection;

type Database = Arc<Mutex<Connection>>;

fn keep(database: &Mutex<Connection>, body: &[u8]) -> Option<usize> {
    let given: serde_json::Value = serde_json::from_slice(body).ok()?;
    let events = match &given {
        serde_json::Value::Array(events) => &events[..],
        one => std::slice::from_ref(one),
    };
    let connection = database.lock().unwrap_or_else(PoisonError::into_inner);
    let transaction = connection.unchecked_transaction().ok()?;
    for event in events {
        let row = (event["id"].as_i64()?, event["k"].as_str()?, event["v"].as_i64()?);
        let sql = "INSERT INTO kept VALUES (?1, ?2, ?3)
                   ON CONFLICT (id) DO UPDATE SET k = excluded.k, v = excluded.v";
        transaction.prepare_cached(sql).ok()?.execute(row).ok()?;
    }
    transaction.commit().ok()?;
    Some(events.len())
}

async fn event(State(database): State<Database>, body: Bytes) -> (StatusCode, String) {
    let kept = tokio::task::spawn_blocking(move || keep(&database, &body)).await;
    match kept.ok().flatten() {
        Some(count) => (StatusCode::OK, format!("{{\"result\":\"success\",\"count\":{count}}}")),
        None => (StatusCode::BAD_REQUEST, "{\"result\":\"error\"}".to_owned()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(path)) = (arguments.next(), arguments.next()) else {
        return Err("an address and the path of a database are due".into());
    };
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, k TEXT, v INTEGER)",
    )?;
    let database: Database = Arc::new(Mutex::new(connection));
    let app = Router::new().route("/event", post(event)).with_state(database);
    axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?;
    Ok(())
}
