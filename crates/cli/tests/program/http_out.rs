//! Rows that are posted to others, who may be slow, broken or away; and secrets, which nobody gets to see.

use std::net::TcpListener;

use rusqlite::Connection;

use crate::receiver::{Mood, Receiver, certificate};
use crate::service::{Service, until};
use crate::{millstream, run};

/// Events that are passed on as they are.
fn script(receiver: &Receiver, options: &str) -> String {
    format!(
        "CREATE TABLE events (k STRING, n INT) WITH (
             'connector' = 'http-server', 'path' = '/event', 'format' = 'json', 'ack' = 'accepted');
         CREATE TABLE hook (k STRING, n INT) WITH ('connector' = 'webhook', 'url' = '{}',
             'retry.initial-backoff' = '1 ms', 'retry.max-backoff' = '20 ms' {options});
         INSERT INTO hook SELECT * FROM events",
        receiver.url
    )
}

#[test]
fn rows_arrive_in_their_order_each_under_a_key_of_its_own() {
    let receiver = Receiver::start(|_| Mood::Answers(200));
    let service = Service::start(&script(&receiver, ", 'header.X-Team' = 'blue'")).ready("/event");
    for n in 0..20 {
        assert_eq!(service.post("/event", format!("{{\"k\":\"a\",\"n\":{n}}}")).status, 202);
    }
    until("all have arrived", || receiver.taken().len() == 20);
    let taken = receiver.taken();
    let due: Vec<String> = (0..20).map(|n| format!("{{\"k\":\"a\",\"n\":{n}}}")).collect();
    assert_eq!(receiver.bodies(), due);
    let mut keys: Vec<_> = taken.iter().map(|t| t.header("Idempotency-Key").unwrap()).collect();
    assert!(keys.iter().all(|key| key.starts_with("hook-")), "{keys:?}");
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 20);
    assert!(taken.iter().all(|taken| taken.header("X-Team") == Some("blue")));
}

#[test]
fn nothing_is_lost_when_the_receiver_fails() {
    // It fails in every way it can, and comes to itself again each time.
    let receiver = Receiver::start(|number| match number % 5 {
        0 => Mood::Answers(500),
        1 => Mood::Closes,
        2 if number < 10 => Mood::Hangs,
        3 => Mood::Answers(429),
        _ => Mood::Answers(200),
    });
    let service = Service::start(&script(&receiver, ", 'timeout' = '300 ms'")).ready("/event");
    for n in 0..30 {
        assert_eq!(service.post("/event", format!("{{\"n\":{n}}}")).status, 202);
    }
    until("all have arrived", || receiver.taken().len() == 30);
    let due: Vec<String> = (0..30).map(|n| format!("{{\"k\":null,\"n\":{n}}}")).collect();
    assert_eq!(receiver.bodies(), due);
}

#[test]
fn an_answer_waits_for_a_receiver_that_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let away = Receiver::start(|_| Mood::Hangs);
    let script = script(&away, "").replace(&away.url, &format!("http://{address}/hook"));
    let script = script.replace("'accepted'", "'processed'").replace(
        "'retry.max-backoff' = '20 ms'",
        "'retry.max-attempts' = '100000', 'retry.max-backoff' = '20 ms'",
    );
    let service = Service::start(&script).ready("/event");
    let asked = std::thread::scope(|scope| {
        let asked = scope.spawn(|| service.post("/event", r#"{"n":1}"#).status);
        let figure = |due: &str| service.get("/metrics").body.contains(due);
        until("it is away", || figure("millstream_peer_away{job=\"1\",table=\"hook\"} 1"));
        assert!(figure("# TYPE millstream_peer_failed_tries_total counter"));
        assert!(!asked.is_finished());
        let receiver = Receiver::at(TcpListener::bind(address).unwrap(), |_| Mood::Answers(200));
        let status = asked.join().unwrap();
        assert_eq!(receiver.bodies(), [r#"{"k":null,"n":1}"#]);
        status
    });
    assert_eq!(asked, 200);
    let metrics = service.get("/metrics").body;
    for due in [
        "millstream_peer_away{job=\"1\",table=\"hook\"} 0\n",
        "millstream_dead_letters_total{job=\"1\",table=\"hook\"} 0\n",
        "millstream_http_requests_total{table=\"events\",status=\"200\"} 1\n",
    ] {
        assert!(metrics.contains(due), "{due} is not in\n{metrics}");
    }
    // Whoever runs it is told once each.
    let (_, said) = service.end("-TERM");
    let told = |text: &str| said.matches(text).count();
    let away = format!("table \"hook\": http://{address} is away: ");
    assert_eq!((told(&away), told("refused")), (1, 1), "{said}");
    assert_eq!(
        told(&format!("table \"hook\": http://{address} is back, after 0 s and ")),
        1,
        "{said}"
    );
}

#[test]
fn what_is_never_taken_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.db");
    let receiver = Receiver::start(|number| match number {
        0 => Mood::Answers(404),
        1..=3 => Mood::Answers(503),
        _ => Mood::Answers(200),
    });
    let options =
        format!(", 'retry.max-attempts' = '3', 'dead-letter.path' = '{}'", path.display());
    let service = Service::start(&script(&receiver, &options)).ready("/event");
    for n in 0..4 {
        assert_eq!(service.post("/event", format!("{{\"n\":{n}}}")).status, 202);
    }
    until("the others have arrived", || receiver.taken().len() == 2);
    assert_eq!(receiver.asked(), 6);
    let connection = Connection::open(&path).unwrap();
    let mut statement =
        connection.prepare("SELECT table_name, body, attempts, reason FROM dead_letters").unwrap();
    let rows = statement.query_map([], |row| {
        Ok(format!(
            "{} {} {} {}",
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, i64>(2)?,
            row.get::<_, String>(3)?
        ))
    });
    let rows: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
    assert_eq!(
        rows,
        [
            "hook {\"k\":null,\"n\":0} 1 it answers 404",
            "hook {\"k\":null,\"n\":1} 3 it answers 503"
        ]
    );
}

#[test]
fn a_job_that_is_to_end_does_not_wait_for_a_receiver_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.db");
    let receiver = Receiver::start(|_| Mood::Answers(503));
    let options = format!(
        ", 'retry.max-attempts' = '1000000', 'stop.timeout' = '100 ms', 'dead-letter.path' = '{}'",
        path.display()
    );
    let service = Service::start(&script(&receiver, &options)).ready("/event");
    for n in 0..3 {
        assert_eq!(service.post("/event", format!("{{\"n\":{n}}}")).status, 202);
    }
    until("it is tried", || receiver.asked() > 2);
    let (code, said) = service.end("-TERM");
    assert_eq!(code, Some(143), "{said}");
    let connection = Connection::open(&path).unwrap();
    let count = "SELECT COUNT(*) FROM dead_letters";
    let kept = connection.query_row(count, [], |row| row.get::<_, i64>(0));
    assert_eq!(kept.unwrap(), 3);
}

#[test]
fn a_receiver_is_trusted_by_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let ((trusted, config), (other, _)) = (certificate(), certificate());
    let receiver = Receiver::with_tls(config);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let script = |options: &str| {
        format!(
            "CREATE TABLE hook (k STRING) WITH ('connector' = 'webhook', 'url' = '{}', \
             'retry.max-attempts' = '1' {options}); INSERT INTO hook VALUES ('a')",
            receiver.url
        )
    };
    let fails = |options: &str, due: &str| {
        let output = run(&script(options), &[]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(due), "{due}: {error}");
    };
    fails("", "there is no trust");
    fails(&format!(", 'tls.ca' = '{}'", file("other", &other)), "there is no trust");
    assert_eq!(receiver.bodies(), [] as [&str; 0]);
    fails(&format!(", 'tls.ca' = '{}'", file("none", "nothing")), "holds no certificate");
    fails(", 'tls.ca' = '/no/such/file'", "cannot read \"/no/such/file\"");
    let output = run(&script(&format!(", 'tls.ca' = '{}'", file("trusted", &trusted))), &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(receiver.bodies(), [r#"{"k":"a"}"#]);
    let plain = "CREATE TABLE t (k STRING) WITH ('connector' = 'webhook', 'url' = 'http://x', 'tls.ca' = 'y')";
    assert!(String::from_utf8_lossy(&run(plain, &[]).stderr).contains("or write https://"));
}

#[test]
fn batches_and_changes_are_sent_when_asked_for() {
    let receiver = Receiver::start(|_| Mood::Answers(200));
    let script = format!(
        "CREATE TABLE hook (k STRING, n BIGINT) WITH ('connector' = 'webhook', 'url' = '{}', \
         'batch.max-rows' = '2', 'changelog' = 'true');
         INSERT INTO hook SELECT k, COUNT(*) FROM (VALUES ('a'), ('b'), ('c')) AS t(k) GROUP BY k",
        receiver.url
    );
    assert!(run(&script, &[]).status.success());
    let bodies = receiver.bodies();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert!(bodies[0].starts_with("[{\"op\":\"+I\",\"k\":"), "{bodies:?}");
    let plain = script.replace(", 'changelog' = 'true'", "");
    let output = run(&plain, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("a webhook with 'changelog'"));
}

#[test]
fn a_job_says_what_was_not_taken() {
    let receiver = Receiver::start(|_| Mood::Answers(400));
    let script = format!(
        "CREATE TABLE hook (k STRING) WITH ('connector' = 'webhook', 'url' = '{}?secret=1');
         INSERT INTO hook VALUES ('a')",
        receiver.url
    );
    let output = run(&script, &[]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("a row was not taken after 1 try: it answers 400"), "{error}");
    assert!(!error.contains("secret=1"), "{error}");
    let away = run("CREATE TABLE t (a INT) WITH ('connector' = 'webhook', 'url' = 'ftp://x')", &[]);
    assert!(String::from_utf8_lossy(&away.stderr).contains("http:// or https://"));
}

#[test]
fn what_is_said_of_servers_shows_no_secret() {
    const CANARY: &str = "127.66.5.9";
    let folder = tempfile::tempdir().unwrap();
    let dead = folder.path().join("dead.db");
    let run = |table: &str, code: i32, due: &str| {
        let columns = "(k STRING)";
        let output = millstream()
            .args([
                "run",
                "-c",
                &format!("CREATE TABLE t {columns} WITH ({table}); INSERT INTO t VALUES ('a')"),
            ])
            .env("CANARY", CANARY)
            .env("CANARY_URL", format!("http://user:canary@{CANARY}:1/canary"))
            .env("MILLSTREAM_LOG", "trace")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        let notice = format!("table \"t\": {due} is away: ");
        assert!(said.contains(&notice) && said.contains("it is tried again"), "{said}");
        assert!(!said.contains(CANARY) && !said.contains("canary"), "{said}");
    };
    let hook =
        "'connector' = 'webhook', 'retry.max-attempts' = '3', 'retry.initial-backoff' = '1 ms'";
    run(&format!("{hook}, 'url' = '${{env:CANARY_URL}}'"), 1, "http://${env:CANARY_URL}");
    run(&format!("{hook}, 'url' = 'http://${{env:CANARY}}:1/x'"), 1, "http://${env:CANARY}:1");
    let kept = format!(
        "{hook}, 'url' = 'http://${{env:CANARY}}:1', 'dead-letter.path' = '{}'",
        dead.display()
    );
    run(&kept, 0, "http://${env:CANARY}:1");
    let reason: String = Connection::open(&dead)
        .unwrap()
        .query_row("SELECT reason FROM dead_letters", [], |row| row.get(0))
        .unwrap();
    assert!(!reason.contains(CANARY), "{reason}");
    let socket = "'connector' = 'socket', 'hostname' = '${env:CANARY}', 'port' = '1', 'format' = 'json', \
                  'reconnect.max-attempts' = '3', 'reconnect.initial-backoff' = '1 ms'";
    run(socket, 1, "${env:CANARY}:1");
}

#[test]
fn secrets_are_sent_and_never_shown() {
    const CANARY: &str = "canary-5e1c";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{CANARY}-file\n")).unwrap();
    let receiver = Receiver::start(|number| Mood::Answers(if number == 0 { 200 } else { 400 }));
    let address = receiver.url.trim_start_matches("http://").trim_end_matches("/hook").to_owned();
    let script = format!(
        "CREATE TABLE hook (k STRING) WITH ('connector' = 'webhook',
             'url' = 'http://${{env:CANARY_USER}}@{address}/${{env:CANARY}}',
             'header.Authorization' = 'Bearer ${{file:{file}}}');
         CREATE TABLE db (k STRING) WITH ('connector' = 'sqlite', 'path' = '{folder}/${{env:CANARY}}/x.db');
         CREATE TABLE lines (k INT) WITH ('connector' = 'filesystem', 'format' = 'json',
             'json.ignore-parse-errors' = 'true', 'path' = '{folder}/${{env:CANARY}}.json');
         SHOW CREATE TABLE hook; SHOW CREATE TABLE lines; DESCRIBE hook;
         EXPLAIN INSERT INTO hook SELECT 'a';
         INSERT INTO hook VALUES ('a');
         SELECT * FROM lines; SELECT * FROM millstream.dropped_rows; SHOW WATERMARKS;
         SET 'http.token' = '${{env:CANARY}}'; SET;",
        file = file.display(),
        folder = folder.path().display()
    );
    std::fs::write(folder.path().join(format!("{CANARY}.json")), "broken\n{\"k\":1}\n").unwrap();
    let shown = |more: &str, code: i32, due: &str| {
        let output = millstream()
            .args(["run", "--param", "a=b", "-c", &format!("{script} {more}")])
            .env("CANARY", CANARY)
            .env("CANARY_USER", format!("{CANARY}-user"))
            .env("MILLSTREAM_LOG", "trace")
            .output()
            .unwrap();
        let all = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{all}");
        assert!(all.contains("${env:CANARY}") && all.contains(due), "{due}: {all}");
        assert!(!all.contains(CANARY), "{all}");
    };
    shown("", 0, "Bearer ${file:");
    let taken = receiver.taken();
    assert_eq!(taken[0].header("Authorization"), Some("Bearer canary-5e1c-file"));
    assert!(taken[0].head.starts_with("POST /canary-5e1c HTTP/1.1"), "{}", taken[0].head);
    shown("SELECT * FROM db", 1, "not taken");
    let lines = "CREATE TABLE strict (k INT) WITH ('connector' = 'filesystem', 'format' = 'json', \
                 'path' = '${env:FOLDER}/${env:CANARY}.json'); SELECT * FROM strict";
    let output = millstream()
        .args(["run", "-c", lines])
        .env("CANARY", CANARY)
        .env("FOLDER", folder.path())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("${env:FOLDER}/${env:CANARY}.json:1:1"), "{error}");
    let unset = run(
        "CREATE TABLE t (a INT) WITH ('connector' = 'webhook', 'url' = '${env:NO_SUCH_ONE}')",
        &[],
    );
    assert!(String::from_utf8_lossy(&unset.stderr).contains("set NO_SUCH_ONE in the environment"));
    let literal = run("SET 'http.token' = 'abc'", &[]);
    assert!(
        String::from_utf8_lossy(&literal.stderr).contains("is a secret, which no script holds")
    );
}
