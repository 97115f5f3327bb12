//! Command line, exit codes, styles of output, files that are written.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use crate::{csv, millstream, root, run};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn exit_codes_tell_what_happened() {
    assert_eq!(run("SELECT 1", &[]).status.code(), Some(0));
    assert_eq!(run("SELECT 1 / (CHAR_LENGTH('') + 0)", &[]).status.code(), Some(1));
    assert_eq!(run("SELECT 1", &["--parallelism", "0"]).status.code(), Some(2));
    assert_eq!(run("SELECT", &[]).status.code(), Some(3));
    let missing = millstream().args(["run", "no-such.sql"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("no-such.sql"));
}

#[test]
fn deep_and_long_statements_do_not_end_the_program() {
    let deep = format!("SELECT {} AS s FROM (VALUES (1)) AS t(x)", vec!["x"; 3_000].join("+"));
    let output = run(&deep, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("nested deeper"), "{}", text(&output.stderr));
    let long = vec!["SELECT 1 AS a"; 300].join(" UNION ALL ");
    assert_eq!(csv(&long).lines().count(), 301);
    let nested = format!("SELECT {}1{}", "(".repeat(3_000), ")".repeat(3_000));
    assert_eq!(run(&nested, &[]).status.code(), Some(3));
}

#[test]
fn a_pipe_is_run_as_a_script() {
    let mut child = millstream()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .args(["-o", "csv"])
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"SELECT 1 AS a; SELECT 'x' AS b").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), "a\n1\nb\nx\n");
}

#[test]
fn values_are_spelled_as_promised() {
    let sql = "SELECT * FROM (VALUES ('a,\"b\"', CAST(NULL AS INT), '', TIMESTAMP '2026-01-31 12:00:00.123', \
               TRUE, 1.50, ARRAY[1, 2], CAST(1e10 AS DOUBLE))) AS t(s, n, e, ts, b, d, a, f)";
    assert_eq!(
        csv(sql),
        "s,n,e,ts,b,d,a,f\n\"a,\"\"b\"\"\",,\"\",2026-01-31 12:00:00.123,true,1.50,\"[1, 2]\",1.0E10\n"
    );
    let json = run(sql, &["-o", "json"]);
    assert_eq!(
        text(&json.stdout),
        "{\"s\":\"a,\\\"b\\\"\",\"n\":null,\"e\":\"\",\"ts\":\"2026-01-31 12:00:00.123\",\"b\":true,\"d\":1.5,\
         \"a\":[1,2],\"f\":1.0E10}\n"
    );
}

#[test]
fn data_does_not_steer_the_terminal() {
    let shown = run("SELECT 'a' || CHR(27) || '[31m' || CHR(10) AS x", &[]);
    let table = "+---------------+\n| x             |\n+---------------+\n\
                 | a\\u001B[31m\\n |\n+---------------+\n";
    assert_eq!(text(&shown.stdout), table);
    let failed = run("SELECT CAST('a' || CHR(27) || '[31m' AS INT) AS x", &[]);
    let message = text(&failed.stderr);
    assert!(message.contains("a\\u001B[31m") && !message.contains('\x1b'), "{message}");
}

#[test]
fn changes_have_their_kind_first() {
    let sql = "SELECT k, COUNT(*) AS c FROM (VALUES ('a'), ('a'), ('b')) AS t(k) GROUP BY k";
    let output = run(sql, &["-o", "csv", "--changelog", "--parallelism", "1"]);
    assert_eq!(text(&output.stdout), "op,k,c\n+I,a,2\n+I,b,1\n");
}

#[test]
fn parameters_are_filled_in() {
    let output = run("SELECT '${who}' AS w", &["-o", "csv", "--param", "who=you"]);
    assert_eq!(text(&output.stdout), "w\nyou\n");
    let output = run("SELECT '${when}'", &["--param", "who=you"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("--param when="));
}

#[test]
fn print_shows_changes_as_flink_does() {
    let sql = "CREATE TABLE p (k STRING, v INT, b BOOLEAN) WITH ('connector' = 'print');
               INSERT INTO p VALUES ('a', 1, TRUE), (CAST(NULL AS STRING), 2, FALSE)";
    assert_eq!(text(&run(sql, &[]).stdout), "+I[a, 1, true]\n+I[null, 2, false]\n");
}

#[test]
fn files_appear_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let table = format!(
        "CREATE TABLE o (v INT) WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'csv');",
        out.display()
    );
    let names = || -> Vec<String> {
        let entries =
            std::fs::read_dir(&out).map(|entries| entries.map(|e| e.unwrap().file_name()));
        entries
            .map(|names| names.map(|name| name.to_string_lossy().into_owned()).collect())
            .unwrap_or_default()
    };
    let failed =
        run(&format!("{table} INSERT INTO o SELECT 1 / v FROM (VALUES (1), (0)) AS t(v)"), &[]);
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(names(), Vec::<String>::new());
    let done = run(&format!("{table} INSERT INTO o VALUES (1), (2)"), &[]);
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(names().len(), 1);
    assert!(names()[0].starts_with("part-"), "{:?}", names());
    assert_eq!(csv(&format!("{table} SELECT SUM(v) AS s FROM o")), "s\n3\n");
}

#[test]
fn formats_read_back_what_they_write() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["csv", "json", "parquet"] {
        let table = format!(
            "CREATE TABLE o (i INT, s STRING, d DECIMAL(10, 2), ts TIMESTAMP(3), f DOUBLE, b BOOLEAN, l ARRAY<INT>) \
             WITH ('connector' = 'filesystem', 'path' = '{}/{format}', 'format' = '{format}');",
            folder.path().display()
        );
        let rows = "INSERT INTO o VALUES (1, 'a \"b\", c', 1.50, TIMESTAMP '2026-01-31 12:00:00.120', 1e10, TRUE, \
                    ARRAY[1, 2]), (-2, 'ü', -0.01, TIMESTAMP '1969-12-31 23:59:59.999', 0.5, FALSE, ARRAY[3]);";
        let due = "i,s,d,ts,f,b,l\n-2,ü,-0.01,1969-12-31 23:59:59.999,0.5,false,[3]\n\
                   1,\"a \"\"b\"\", c\",1.50,2026-01-31 12:00:00.120,1.0E10,true,\"[1, 2]\"\n";
        let given = csv(&format!("{table} {rows} SELECT * FROM o"));
        assert_eq!(millstream_testing::sorted_lines(&given), due, "{format}");
    }
}

#[test]
fn files_are_queried_without_a_declaration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    std::fs::write(&path, "name,age\nann,31\nbob,\n").unwrap();
    let sql = format!("SELECT name, age + 1 AS next FROM '{}'", path.display());
    assert_eq!(csv(&sql), "name,next\nann,32\nbob,\n");
    let mut gz = flate2_of(b"{\"a\":1}\n{\"a\":2}\n");
    let path = folder.path().join("x.json.gz");
    std::fs::write(&path, std::mem::take(&mut gz)).unwrap();
    assert_eq!(csv(&format!("SELECT SUM(a) AS s FROM '{}'", path.display())), "s\n3\n");
}

/// A gzip stream with one stored block: what any packer may write.
fn flate2_of(bytes: &[u8]) -> Vec<u8> {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let length = bytes.len() as u16;
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(bytes);
    out.extend((!crc).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

#[test]
fn records_that_cannot_be_read_are_counted_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    std::fs::write(&path, "{\"a\":1}\nbroken\n{\"a\":\"x\"}\n").unwrap();
    let sql = format!(
        "CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json', \
         'json.ignore-parse-errors' = 'true'); SELECT * FROM t",
        path.display()
    );
    let output = run(&sql, &["-o", "csv"]);
    assert_eq!(text(&output.stdout), "a\n1\n\"\"\n".replace("\"\"", ""));
    let notes = text(&output.stderr);
    assert!(notes.contains("1 record could not be read and was skipped"), "{notes}");
    assert!(notes.contains("1 field could not be read and became NULL"), "{notes}");
}

#[test]
fn interrupting_an_unbounded_query_ends_it_with_130() {
    let mut child = millstream()
        .args(["run", "-o", "csv", "-c"])
        .arg("CREATE TABLE g (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '50'); SELECT * FROM g")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    assert_eq!(line, "op,n\n");
    line.clear();
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    assert!(line.starts_with("+I,"), "{line}");
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    for _ in 0..200 {
        if let Some(status) = child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(130));
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    panic!("the program did not stop");
}

#[test]
fn the_quickstart_and_the_readme_run() {
    let output = millstream()
        .current_dir(root())
        .args(["run", "docs/examples/quickstart.sql"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("| window_start"), "{}", text(&output.stdout));
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let sql = readme.split("```sql\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let flight = "{\"date\":\"2001/01/01 00:47\",\"delay\":66,\"origin\":\"DTW\"}\n";
    std::fs::write(folder.path().join("flights.json"), flight).unwrap();
    let output = millstream()
        .current_dir(folder.path())
        .args(["run", "-o", "csv", "-c", sql])
        .output()
        .unwrap();
    assert_eq!(
        text(&output.stdout),
        "window_start,origin,flights,delay\n2001-01-01 00:00:00.000,DTW,1,66.0\n",
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_statements_of_the_reference_run() {
    let pages: [(&str, &[&str]); 6] = [
        (
            "tables",
            &["CREATE TABLE `orders` (\n  `id` BIGINT NOT NULL,\n", "old_orders", "archive", "10"],
        ),
        ("event-time", &["so_far", "UNBOUNDED", " rows, ", "event time still needed", "| late"]),
        ("changing-results", &["bidders", "reserve", "place", "kept 1 d and for ever"]),
        ("match-recognize", &["to_price", "1010"]),
        ("sqlite", &["anna", "bob"]),
        ("http", &["Sink(answers, connector=http-response)"]),
    ];
    for (page, due) in pages {
        let path = root().join(format!("docs/reference/{page}.md"));
        let reference = std::fs::read_to_string(path).unwrap();
        let blocks = reference.split("```sql\n").skip(1);
        let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
        let folder = tempfile::tempdir().unwrap();
        // What an example makes, it makes in a folder of its own.
        let named = format!("'path' = '{}/people.db'", folder.path().display());
        let script = blocks.collect::<Vec<_>>().join("\n");
        let script = script.replace("'path' = 'people.db'", &named);
        let output = millstream().args(["run", "-c", &script]).output().unwrap();
        let (out, errors) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{page}: {errors}");
        for due in due {
            assert!(out.contains(due), "{due} is not in\n{out}\n{errors}");
        }
    }
}

#[test]
fn a_statement_that_is_never_begun_is_named() {
    let stops = |sql: &str| {
        let mut child = millstream()
            .args(["run", "-c", sql])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
        let (mut all, mut line) = (String::new(), String::new());
        while !all.contains("hint: ")
            && std::io::BufRead::read_line(&mut said, &mut line).unwrap() > 0
        {
            all.push_str(&std::mem::take(&mut line));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        all
    };
    let tables = "CREATE TABLE s (k STRING) WITH ('connector' = 'datagen', 'rows-per-second' = '1');\n\
                  CREATE TABLE a (k STRING) WITH ('connector' = 'blackhole');\n";
    let insert = "INSERT INTO a SELECT k FROM s;\n";
    let said = stops(&format!("{tables}{insert}{insert}"));
    assert!(
        said.starts_with("warning: this statement is not begun: the one at line 3 before it does not end by itself")
            && said.contains("-c:4:1\n")
            && said.contains("EXECUTE STATEMENT SET BEGIN INSERT"),
        "{said}"
    );
    let said = stops(&format!("{tables}SELECT * FROM s;\nSELECT 1"));
    assert!(said.contains("-c:4:1\n") && said.contains("a program of its own"), "{said}");
}

#[test]
fn what_a_script_does_is_done_when_nobody_reads_its_results() {
    let folder = tempfile::tempdir().unwrap();
    let table = |name: &str| {
        let path = folder.path().join(name);
        format!(
            "CREATE TABLE {name} (n BIGINT) WITH ('connector' = 'filesystem', 'format' = 'csv', 'path' = '{}');",
            path.display()
        )
    };
    let script = format!(
        "CREATE TABLE many (n BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '200000'); {} {} \
         SELECT n FROM many; SELECT n FROM many; INSERT INTO a SELECT n FROM many LIMIT 5; \
         EXPLAIN ANALYZE INSERT INTO b VALUES (1);",
        table("a"),
        table("b")
    );
    let mut child = millstream()
        .args(["run", "-o", "csv", "-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert!(folder.path().join("a").is_dir() && folder.path().join("b").is_dir());
}
