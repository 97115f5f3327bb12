//! One policy for records that cannot be read, in every format and connector.

use rusqlite::Connection;

use crate::service::{Service, until};
use crate::{csv, run};

/// What a script with a policy gives: output, or the error.
fn with(policy: &str, table: &str, select: &str) -> Result<String, String> {
    let policy =
        if policy.is_empty() { String::new() } else { format!(", 'errors.policy' = '{policy}'") };
    let output = run(&format!("{} {select}", table.replace("POLICY", &policy)), &["-o", "csv"]);
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

#[test]
fn every_format_follows_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("x.sqlite");
    Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE t (a, s); INSERT INTO t VALUES (1, 'p'), ('x', 'q'), (3, 'r')")
        .unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let file = |format: &str, text: &str| {
        format!(
            "CREATE TABLE t (a INT, s STRING) WITH ('connector' = 'filesystem', 'path' = '{}', \
             'format' = '{format}' POLICY);",
            write(&format!("x.{format}"), text)
        )
    };
    let change = |row: &str| format!("{{\"before\":null,\"after\":{row},\"op\":\"c\"}}\n");
    let changes = ["{\"a\":1,\"s\":\"p\"}", "{\"a\":\"x\",\"s\":\"q\"}", "{\"a\":3,\"s\":\"r\"}"]
        .map(change)
        .concat();
    let tables = [
        (
            file(
                "json",
                "{\"a\":1,\"s\":\"p\"}\n{\"a\":\"x\",\"s\":\"q\"}\n{\"a\":3,\"s\":\"r\"}\n",
            ),
            "{\"a\":\"x\",\"s\":\"q\"}",
        ),
        (file("csv", "1,p\nx,q\n3,r\n"), "x,q"),
        (file("debezium-json", &changes), changes.lines().nth(1).unwrap()),
        (
            format!(
                "CREATE TABLE t (a INT, s STRING) WITH ('connector' = 'sqlite', 'path' = '{}' POLICY);",
                database.display()
            ),
            "{\"a\":\"x\",\"s\":\"q\"}",
        ),
    ];
    for (table, bad) in &tables {
        let select = "SELECT * FROM t;";
        for policy in ["", "fail"] {
            let error = with(policy, table, select).unwrap_err();
            assert!(error.contains("does not fit "), "{error}");
        }
        assert_eq!(with("skip", table, select).unwrap(), "a,s\n1,p\n,q\n3,r\n");
        let rejected = format!(
            "{select} SELECT table_name, place LIKE '%:2%' AS there, reason, DECODE(record, 'UTF-8') = '{bad}' AS same \
             FROM millstream.rejected_records;"
        );
        let given = with("table", table, &rejected).unwrap();
        let due = if table.contains("debezium") { "ROW" } else { "INT" };
        let (rows, kept) = given.split_once("table_name").unwrap();
        assert_eq!(rows, "a,s\n1,p\n3,r\n");
        assert!(
            kept.starts_with(",there,reason,same\nt,true,")
                && kept.contains(due)
                && kept.ends_with(",true\n"),
            "{given}"
        );
    }
    let counted = tables[0].0.replace("POLICY", ", 'errors.policy' = 'table'");
    let notes = String::from_utf8(run(&format!("{counted} SELECT * FROM t"), &[]).stderr).unwrap();
    assert!(notes.contains("1 record could not be read and was skipped"), "{notes}");
    assert_eq!(
        csv(&format!("{counted} SELECT * FROM t; SELECT reason FROM millstream.dropped_rows"))
            .lines()
            .last(),
        Some("parse error")
    );
    for (wrong, due) in [
        (with("maybe", &tables[0].0, ""), "it is 'fail', 'skip', or 'table'"),
        (
            with(
                "fail",
                &tables[0].0.replace("POLICY", "POLICY, 'json.ignore-parse-errors' = 'true'"),
                "",
            ),
            "leave one of them out",
        ),
        (
            with("skip", &tables[0].0.replace("'format' = 'json'", "'format' = 'parquet'"), ""),
            "Parquet has none",
        ),
    ] {
        assert!(wrong.as_ref().unwrap_err().contains(due), "{wrong:?}");
    }
}

#[test]
fn requests_follow_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "CREATE TABLE events (a INT, s STRING) WITH ('connector' = 'http-server', 'path' = '/event', \
             'format' = 'json', 'errors.policy' = 'table');
         CREATE TABLE kept (a INT, s STRING) WITH ('connector' = 'sqlite', 'path' = '{}/x.db');
         INSERT INTO kept SELECT * FROM events",
        folder.path().display()
    );
    let service = Service::start(&script).ready("/event");
    let reply = service.post("/event", r#"[{"a":1},{"a":"x"},{"a":3}]"#);
    assert_eq!(
        (reply.status, &reply.body[..]),
        (200, r#"{"result":"success","count":2,"rejected":1}"#)
    );
    let reply = service.post("/event", r#"{"a":"x"}"#);
    assert_eq!(reply.body, r#"{"result":"success","count":0,"rejected":1}"#);
    // A body that is no JSON has no records that could be left out.
    assert_eq!(service.post("/event", r#"{"a":"#).status, 400);
    until("they are counted", || {
        service.get("/metrics").body.contains("millstream_rejected_rows_total{job=\"1\"} 2")
    });
    let skips = Service::start(&script.replace("'table'", "'skip'")).ready("/event");
    let reply = skips.post("/event", r#"[{"a":1},{"a":"x"}]"#);
    assert_eq!(reply.body, r#"{"result":"success","count":2}"#);
}
