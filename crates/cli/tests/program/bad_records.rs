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
    // A line that is no JSON is left out alone.
    let reply = service.post("/event", "{\"a\":1}\nno\n{\"a\":\n{\"a\":4}\n{\"a\":\"x\"}");
    assert_eq!(reply.body, r#"{"result":"success","count":2,"rejected":3}"#);
    // A body of which nothing is JSON has no records that could be left out.
    assert_eq!(service.post("/event", r#"{"a":"#).status, 400);
    until("they are counted", || {
        service.get("/metrics").body.contains("millstream_rejected_rows_total{job=\"1\"} 5")
    });
    let skips = Service::start(&script.replace("'table'", "'skip'")).ready("/event");
    let reply = skips.post("/event", r#"[{"a":1},{"a":"x"}]"#);
    assert_eq!(reply.body, r#"{"result":"success","count":2}"#);
}

#[test]
fn rows_that_are_wrong_have_the_numbers_of_the_body() {
    let script = |format: &str| {
        format!(
            "CREATE TABLE events (id INT NOT NULL, s STRING) WITH ('connector' = 'http-server',
                 'path' = '/event', {format});
             CREATE TABLE out (id INT, s STRING) WITH ('connector' = 'blackhole');
             INSERT INTO out SELECT * FROM events"
        )
    };
    let rows = |body: &str| -> Vec<u64> {
        let numbers = body.split("\"row\":").skip(1);
        numbers.map(|text| text.split(',').next().unwrap().parse().unwrap()).collect()
    };
    for policy in ["skip", "table"] {
        let json = format!("'format' = 'json', 'errors.policy' = '{policy}'");
        let service = Service::start(&script(&json)).ready("/event");
        let reply =
            service.post("/event", "no\n{\"id\":1}\n{\"id\":2,}\n{\"s\":\"a\"}\n{\"s\":\"b\"}");
        assert_eq!((reply.status, rows(&reply.body)), (400, vec![4, 5]), "{policy} {reply:?}");
    }
    let csv = "'format' = 'csv', 'csv.header' = 'true', 'csv.null-literal' = ''";
    let csv = |more: &str| Service::start(&script(&format!("{csv}{more}"))).ready("/event");
    let post = |service: &Service, body: &str| {
        let reply = service.post_with("/event", "Content-Type: text/csv\r\n", body);
        (reply.status, rows(&reply.body))
    };
    // A row of CSV has the number of its line, behind the header.
    let service = csv("");
    assert_eq!(post(&service, "id,s\n1,\"a\nb\"\n,c\nx,\"\n\"\n4\n"), (400, vec![3, 4, 6]));
    let service = csv(", 'queue.max-rows' = '2'");
    assert_eq!(post(&service, "id,s\n1,\"a\nb\nc\nd\"\n2,\n"), (200, vec![]));
    assert_eq!(post(&service, "id,s\n1,a\n2,b\n3,c\n"), (413, vec![]));
    let service = csv(", 'errors.policy' = 'table'");
    assert_eq!(post(&service, "id,s\n1,\"a\nb\"\nx,y\n,c\n"), (400, vec![4]));
}

#[test]
fn a_number_that_is_too_large_is_null_in_files_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = |format: &str, text: &str| {
        let path = folder.path().join(format!("x.{format}"));
        std::fs::write(&path, text).unwrap();
        format!(
            "CREATE TABLE t (d DECIMAL(5, 2)) WITH ('connector' = 'filesystem', 'path' = '{}', \
             'format' = '{format}' POLICY);",
            path.display()
        )
    };
    let json = "{\"d\":1.5}\n{\"d\":123456}\n{\"d\":\"1e3\"}\n{\"d\":999.995}\n";
    for table in [file("json", json), file("csv", "1.5\n123456\n1e3\n999.995\n")] {
        for policy in ["", "skip"] {
            assert_eq!(with(policy, &table, "SELECT * FROM t").unwrap(), "d\n1.50\n\n\n\n");
        }
        let notes = run(&format!("{} SELECT * FROM t", table.replace("POLICY", "")), &[]).stderr;
        let notes = String::from_utf8_lossy(&notes).into_owned();
        assert!(notes.contains("3 fields could not be read and became NULL"), "{notes}");
        let kept = "SELECT * FROM t; SELECT reason FROM millstream.rejected_records";
        let kept = with("table", &table, kept).unwrap();
        assert!(kept.starts_with("d\n1.50\nreason\n"), "{kept}");
        assert!(kept.contains("does not fit DECIMAL(5, 2)"), "{kept}");
    }
    let database = folder.path().join("x.db");
    Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE t (d); INSERT INTO t VALUES ('123456.7')")
        .unwrap();
    let table = format!(
        "CREATE TABLE t (d DECIMAL(5, 2)) WITH ('connector' = 'sqlite', 'path' = '{}');",
        database.display()
    );
    let error = with("", &table, "SELECT * FROM t").unwrap_err();
    assert!(error.contains("\"123456.7\" does not fit DECIMAL(5, 2)"), "{error}");
    let script = "CREATE TABLE events (d DECIMAL(5, 2)) WITH ('connector' = 'http-server',
             'path' = '/event', 'format' = 'json');
         CREATE TABLE out (d DECIMAL(5, 2)) WITH ('connector' = 'blackhole');
         INSERT INTO out SELECT * FROM events";
    let service = Service::start(script).ready("/event");
    let reply = service.post("/event", r#"[{"d":1},{"d":123456}]"#);
    let due = r#"{"row":2,"column":"d","reason":"123456 does not fit DECIMAL(5, 2)"}"#;
    assert!(reply.status == 400 && reply.body.contains(due), "{reply:?}");
}

#[test]
fn records_of_tables_that_are_asked_for_rows_are_counted_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known.json");
    std::fs::write(&path, "{\"k\":1,\"n\":1}\n{\"k\":\"x\"}\nno\n").unwrap();
    let script = |policy: &str| {
        format!(
            "CREATE TABLE known (k INT, n INT) WITH ('connector' = 'filesystem', 'format' = 'json',
                 'path' = '{}', 'errors.policy' = '{policy}');
             CREATE TABLE asks (k INT, p AS PROCTIME()) WITH ('connector' = 'datagen',
                 'number-of-rows' = '2', 'fields.k.kind' = 'sequence', 'fields.k.start' = '1',
                 'fields.k.end' = '2');
             SELECT asks.k, n FROM asks LEFT JOIN known FOR SYSTEM_TIME AS OF asks.p ON asks.k = known.k;
             SELECT table_name, place LIKE '%known.json:%' AS there FROM millstream.rejected_records",
            path.display()
        )
    };
    let output = run(&script("table"), &["-o", "csv"]);
    let (given, said) = (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
    let given = String::from_utf8_lossy(&given).into_owned();
    assert!(given.ends_with("table_name,there\nknown,true\nknown,true\n"), "{given} {said}");
    assert!(said.contains("2 records could not be read and were skipped"), "{said}");
    let said = String::from_utf8(run(&script("skip"), &[]).stderr).unwrap();
    assert!(said.contains("1 record could not be read and was skipped"), "{said}");
    assert!(said.contains("1 field could not be read and became NULL"), "{said}");
}
