//! Tables of SQLite files: written by epochs, read, and asked for their rows. SQLite itself is the witness.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::service::Service;
use crate::{csv, run};

fn table(path: &Path, name: &str, columns: &str, more: &str) -> String {
    let path = path.display();
    format!(
        "CREATE TABLE {name} ({columns}) WITH ('connector' = 'sqlite', 'path' = '{path}'{more});"
    )
}

fn rows(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut shown = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let values = (0..columns).map(|at| match row.get_ref(at).unwrap() {
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            ValueRef::Integer(number) => number.to_string(),
            other => format!("{other:?}"),
        });
        shown.push(values.collect::<Vec<_>>().join(" "));
    }
    shown
}

#[test]
fn every_type_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.db");
    let columns = "b BOOLEAN, i TINYINT, n BIGINT, f FLOAT, d DOUBLE, m DECIMAL(20, 4), s STRING, \
                   c CHAR(3), y BYTES, da DATE, ti TIME, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), \
                   l ARRAY<INT>, mp MAP<STRING, INT>, r ROW<a INT, z STRING>";
    let table = table(&path, "t", columns, "");
    let values = "(TRUE, CAST(1 AS TINYINT), 9007199254740993, CAST(0.5 AS FLOAT), 1e300, 12345678901234.5678, \
        'it''s \"ü\"', 'abc', x'00ff', DATE '2026-01-31', TIME '12:30:00', \
        TIMESTAMP '2026-01-31 12:00:00.120', CAST('2026-01-31 12:00:00.120' AS TIMESTAMP_LTZ(3)), \
        ARRAY[1, 2], MAP['k', 3], ROW(1, 'x'))";
    let sql = format!(
        "{table} INSERT INTO t VALUES {values}; INSERT INTO t (n) VALUES (2); SELECT * FROM t"
    );
    assert_eq!(
        csv(&sql),
        "b,i,n,f,d,m,s,c,y,da,ti,ts,tz,l,mp,r\n\
         true,1,9007199254740993,0.5,1.0E300,12345678901234.5678,\"it's \"\"ü\"\"\",abc,x'00ff',2026-01-31,\
         12:30:00,2026-01-31 12:00:00.120,2026-01-31 12:00:00.120,\"[1, 2]\",{k=3},\"(1, x)\"\n\
         ,,2,,,,,,,,,,,,,\n"
    );
    let types = "SELECT typeof(b), typeof(n), typeof(d), typeof(m), typeof(y), ts, tz, l FROM t WHERE n > 2";
    assert_eq!(
        rows(&path, types),
        ["integer integer real text blob 2026-01-31 12:00:00.120 2026-01-31 12:00:00.120Z [1,2]"]
    );
}

#[test]
fn a_key_takes_updates_and_deletes_by_epochs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counts.db");
    let counts = table(&path, "counts", "k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED", "");
    let input = folder.path().join("in.json");
    // The row of b is taken back again by a later change of the same input.
    std::fs::write(
        &input,
        "{\"before\":null,\"after\":{\"id\":1,\"k\":\"a\"},\"op\":\"c\"}\n\
         {\"before\":null,\"after\":{\"id\":2,\"k\":\"b\"},\"op\":\"c\"}\n\
         {\"before\":null,\"after\":{\"id\":3,\"k\":\"a\"},\"op\":\"c\"}\n\
         {\"before\":{\"id\":2,\"k\":\"b\"},\"after\":null,\"op\":\"d\"}\n",
    )
    .unwrap();
    let sql = format!(
        "CREATE TABLE i (id INT, k STRING) WITH ('connector' = 'filesystem', 'path' = '{}', \
         'format' = 'debezium-json'); {counts}
         INSERT INTO counts VALUES ('b', 7), ('old', 1);
         INSERT INTO counts SELECT k, COUNT(*) FROM i GROUP BY k;
         SELECT * FROM counts",
        input.display()
    );
    let given = csv(&sql);
    assert_eq!(millstream_testing::sorted_lines(&given), "k,n\na,2\nb,7\nold,1\n");
    let epochs = rows(&path, "SELECT table_name, epoch >= 0 FROM millstream_epochs");
    assert_eq!(epochs, ["counts 1"]);
}

#[test]
fn large_tables_are_read_in_pages_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.db");
    let connection = Connection::open(&path).unwrap();
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)";
    connection
        .execute_batch(&format!(
            "CREATE TABLE t (id INTEGER, s TEXT); {fill} INSERT INTO t SELECT i, 'text ' || i FROM n;
             DELETE FROM t WHERE id % 10 = 0; CREATE VIEW v AS SELECT id, s FROM t;
             CREATE TABLE w (id INTEGER PRIMARY KEY, s TEXT) WITHOUT ROWID; INSERT INTO w SELECT * FROM t;"
        ))
        .unwrap();
    for name in ["t", "v", "w"] {
        let table = table(&path, name, "id BIGINT, s STRING", "");
        let sql = format!("{table} SELECT COUNT(*) AS n, SUM(id) AS s, MAX(s) AS m FROM {name}");
        assert_eq!(csv(&sql), "n,s,m\n90000,4500000000,text 99999\n", "{name}");
    }
}

#[test]
fn rows_are_looked_up_as_they_are_now() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    let people = table(&path, "people", "id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED", "");
    let sql = format!(
        "{people} INSERT INTO people VALUES (1, 'ann'), (2, 'bob');
         CREATE TABLE o (id INT, p AS PROCTIME()) WITH ('connector' = 'datagen', 'number-of-rows' = '4', \
         'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '4');
         SELECT o.id, name FROM o LEFT JOIN people FOR SYSTEM_TIME AS OF o.p ON o.id = people.id"
    );
    assert_eq!(csv(&sql), "id,name\n1,ann\n2,bob\n3,\n4,\n");
}

#[test]
fn a_file_that_another_one_takes_the_place_of_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known.db");
    let write = |path: &Path, n: i64| {
        let sql =
            format!("CREATE TABLE known (k TEXT, n INTEGER); INSERT INTO known VALUES ('a', {n})");
        Connection::open(path).unwrap().execute_batch(&sql).unwrap();
    };
    write(&path, 1);
    let script = format!(
        "CREATE TABLE asks (request_id STRING METADATA, k STRING, p AS PROCTIME()) WITH (
             'connector' = 'http-server', 'path' = '/ask', 'format' = 'json', 'response' = 'rows');
         CREATE TABLE answers (request_id STRING METADATA, n BIGINT) WITH ('connector' = 'http-response');
         {} INSERT INTO answers SELECT request_id, n FROM asks JOIN known
         FOR SYSTEM_TIME AS OF asks.p ON asks.k = known.k",
        table(&path, "known", "k STRING, n BIGINT", "")
    );
    let service = Service::start(&script).ready("/ask");
    let ask = || service.post("/ask", r#"{"k":"a"}"#).body;
    assert_eq!(ask(), r#"{"result":"success","rows":[{"n":1}]}"#);
    for n in 2..5 {
        let other = folder.path().join("other.db");
        write(&other, n);
        std::fs::rename(&other, &path).unwrap();
        assert_eq!(ask(), format!(r#"{{"result":"success","rows":[{{"n":{n}}}]}}"#));
    }
}

#[test]
fn what_is_wrong_with_a_table_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE orders (id INTEGER, price TEXT); INSERT INTO orders VALUES (1, 'dear');
             CREATE TABLE odd (n); INSERT INTO odd VALUES (1.5);
             CREATE TABLE vague (b); INSERT INTO vague VALUES (2), ('TRUE'), (0), ('false'), ('yes')",
        )
        .unwrap();
    let fails = |sql: &str, due: &str| {
        let output = run(sql, &[]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(due), "{sql}\n{error}");
    };
    let select = |table: String, name: &str| format!("{table} SELECT * FROM {name}");
    fails(
        &select(table(&path, "order", "id INT", ""), "`order`"),
        "a table with a similar name exists: \"orders\"",
    );
    fails(&select(table(&path, "orders", "id INT, prise INT", ""), "orders"), "\"price\"");
    fails(&select(table(&path, "orders", "price INT", ""), "orders"), "\"dear\" does not fit INT");
    fails(&select(table(&path, "odd", "n INT", ""), "odd"), "1.5");
    fails(&select(table(&path, "vague", "b BOOLEAN", ""), "vague"), "\"yes\" does not fit BOOLEAN");
    let missing = folder.path().join("missing.db");
    fails(&select(table(&missing, "t", "id INT", ""), "t"), "no such file");
    let keyed = table(&path, "orders", "id INT, price STRING, PRIMARY KEY (id) NOT ENFORCED", "");
    fails(&format!("{keyed} INSERT INTO orders VALUES (1, 'x')"), "no unique index on (id)");
    fails(
        "CREATE TABLE t (id INT) WITH ('connector' = 'sqlite', 'path' = ':memory:')",
        "is no file",
    );
    fails("CREATE TABLE t (id INT) WITH ('connector' = 'sqlite')", "needs a 'path' or a 'url'");
    let numbers = table(&path, "numbers", "id INT, d DOUBLE", "");
    let nan = "SELECT 1, CAST('NaN' AS DOUBLE)";
    fails(&format!("{numbers} INSERT INTO numbers {nan}"), "column \"d\": SQLite holds no NaN");
    let guarded = format!(
        "{numbers} INSERT INTO numbers SELECT id, CASE WHEN CAST(d AS STRING) <> 'NaN' THEN d END \
         FROM (VALUES (1, CAST('NaN' AS DOUBLE)), (2, CAST('Infinity' AS DOUBLE))) AS t(id, d); \
         SELECT * FROM numbers"
    );
    assert_eq!(csv(&guarded), "id,d\n1,\n2,Infinity\n");
    let epochs = table(&path, "e", "table_name STRING", ", 'table' = 'Millstream_Epochs'");
    for statement in ["", "EXPLAIN "] {
        let sql = format!("{epochs} {statement}INSERT INTO e VALUES ('x')");
        fails(&sql, "cannot be written: it is kept by this program");
    }
    assert_eq!(csv(&format!("{epochs} SELECT * FROM e")), "table_name\nnumbers\n");
    let counted = table(&path, "c", "n BIGINT", "");
    fails(
        &format!("{counted} INSERT INTO c SELECT COUNT(*) FROM (VALUES (1)) AS t(x)"),
        "PRIMARY KEY",
    );
}
