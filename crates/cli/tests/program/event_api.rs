//! The example of an API of events, as it is told in its own text, over real sockets.

use rusqlite::Connection;

use crate::receiver::{Mood, Receiver};
use crate::root;
use crate::service::{Service, until};

/// The requests that the text shows: path and body, in their order.
fn shown(script: &str) -> Vec<(String, Option<String>)> {
    let lines =
        script.lines().filter_map(|line| line.trim_start_matches('-').trim().strip_prefix("curl "));
    let parts = lines.map(|line| {
        let path = line.rsplit_once("127.0.0.1:7171").unwrap().1.to_owned();
        let body =
            line.strip_prefix("-d '").map(|rest| rest.split('\'').next().unwrap().to_owned());
        (path, body)
    });
    parts.collect()
}

#[test]
fn an_api_of_events_does_what_its_text_says() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| Mood::Answers(200));
    let text = std::fs::read_to_string(root().join("docs/examples/event-api.sql")).unwrap();
    let script = folder.path().join("event-api.sql");
    std::fs::write(&script, text.replace("http://127.0.0.1:7171/large", &receiver.url)).unwrap();
    let service = Service::start_file(&script, folder.path()).ready("/event");
    let requests = shown(&text);
    let [(changes, None), (event, Some(first)), (_, Some(second))] = &requests[..] else {
        panic!("{requests:?}");
    };
    let table = changes.strip_prefix("/tables/").unwrap().strip_suffix("/changes").unwrap();
    let mut totals = service.follow(table);
    let row = |id: &str, customer: &str, orders: u32, total: &str| {
        format!(r#"{{"id":"{id}","customer":"{customer}","orders":{orders},"total":{total}}}"#)
    };
    let reply = service.post(event, first);
    assert_eq!(
        (reply.status, &reply.body[..]),
        (200, &*format!(r#"{{"result":"success","rows":[{}]}}"#, row("o-1", "ann", 1, "12.5")))
    );
    let reply = service.post(event, second);
    assert_eq!(reply.status, 200, "{reply:?}");
    for due in [row("o-2", "ann", 2, "1512.5"), row("o-3", "bob", 1, "3")] {
        assert!(reply.body.contains(&due), "{due} is not in {}", reply.body);
    }
    // It was answered, so all of it is where it belongs.
    assert_eq!(receiver.bodies(), [r#"{"id":"o-2","customer":"ann","amount":1500}"#]);
    let connection = Connection::open(folder.path().join("event-api.db")).unwrap();
    let one = |sql: &str| -> String { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(one("SELECT group_concat(id, ' ') FROM orders"), "o-1 o-2 o-3");
    let total =
        "SELECT minute || ' ' || customer || ' ' || orders || ' ' || total FROM minute_totals";
    assert_eq!(one(total), "2026-01-31 12:00:00.000 ann 2 1512.50");
    assert_eq!(
        totals.next(),
        r#"{"op":"+I","minute":"2026-01-31 12:00:00","customer":"ann","orders":2,"total":1512.5}"#
    );
    assert_eq!(service.post(event, first).status, 200);
    assert_eq!(one("SELECT CAST(COUNT(*) AS TEXT) FROM orders"), "3");
    let wrong = service.post(event, r#"{"id":"o-4","customer":"ann","at":"2026-01-31 12:01:10"}"#);
    assert!(wrong.status == 400 && wrong.body.contains("\"column\":\"amount\""), "{wrong:?}");
    let (code, said) = service.end("-TERM");
    assert_eq!(code, Some(143), "{said}");
}

#[test]
fn the_example_is_its_own_webhook() {
    let folder = tempfile::tempdir().unwrap();
    // The port of the text may be taken: this one is free.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = std::fs::read_to_string(root().join("docs/examples/event-api.sql")).unwrap();
    let script = folder.path().join("event-api.sql");
    let text = format!(
        "SET 'http.listen' = '{free}';\n{}",
        text.replace("127.0.0.1:7171", &free.to_string())
    );
    std::fs::write(&script, text).unwrap();
    let service = Service::start_at(&script, folder.path()).ready("/large");
    let large = r#"{"id": "o-9", "customer": "eve", "amount": 5000, "at": "2026-01-31 12:00:05"}"#;
    assert_eq!(service.post("/event", large).status, 200);
    let path = folder.path().join("event-api.db");
    until("the webhook has come back", || {
        let connection = Connection::open(&path).unwrap();
        connection
            .query_row("SELECT id FROM pushed", [], |row| row.get::<_, String>(0))
            .is_ok_and(|id| id == "o-9")
    });
}
