//! The shell, in a pseudo-terminal as a person has it.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::root;

struct Shell {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    seen: String,
}

impl Shell {
    fn start(history: &std::path::Path) -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_millstream"));
        command.cwd(root().join("tests"));
        command.env("MILLSTREAM_HISTORY", history);
        command.env("NO_COLOR", "1");
        command.env("TERM", "xterm");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            // Keeps the terminal open as long as it is read.
            let _master = pair.master;
            let mut bytes = [0; 4_096];
            while let Ok(read) = reader.read(&mut bytes) {
                if read == 0 || sender.send(bytes[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut shell = Self { child, writer, output, seen: String::new() };
        shell.expect("millstream> ");
        shell
    }

    fn send(&mut self, text: &str) {
        self.seen.clear();
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    fn expect(&mut self, text: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        while !self.seen.contains(text) {
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("waited for {text:?}, saw {:?}", self.seen),
            }
        }
    }
}

#[test]
fn statements_span_lines_and_queries_are_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history");
    let mut shell = Shell::start(&history);
    shell.send("SELECT 40 +\r");
    shell.send(" 2 AS answer;\r");
    shell.expect("42");
    shell.expect("1 row in");
    shell.expect("millstream> ");
    shell.send("SELEC 1;\r");
    shell.expect("did you mean SELECT?");
    shell.expect("millstream> ");
    // Completion of a function's name.
    shell.send("SELECT char_len\t");
    shell.expect("char_length");
    shell.send("('abc') AS n;\r");
    shell.expect("| 3 |");
    // Ctrl-C stops the query and not the program.
    let endless =
        "CREATE TABLE g (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100');\r";
    shell.send(endless);
    shell.expect("ok");
    shell.expect("millstream> ");
    shell.send("SELECT n FROM g;\r");
    shell.expect("| +I |");
    shell.send("\u{3}");
    shell.expect("interrupted");
    shell.expect("millstream> ");
    shell.send("quit\r");
    assert!(shell.child.wait().unwrap().success());
    let kept = std::fs::read_to_string(&history).unwrap();
    assert!(kept.contains("answer"), "{kept}");
}

#[test]
fn a_shell_that_is_told_to_end_does_so() {
    let folder = tempfile::tempdir().unwrap();
    let endless =
        "CREATE TABLE g (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '9');";
    for statement in [None, Some("SELECT n FROM g;")] {
        let mut shell = Shell::start(&folder.path().join("history"));
        shell.send(&format!("{endless}\r"));
        shell.expect("ok");
        shell.expect("millstream> ");
        if let Some(statement) = statement {
            shell.send(&format!("{statement}\r"));
            shell.expect("| +I |");
        }
        let id = shell.child.process_id().unwrap().to_string();
        let told = std::process::Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.unwrap().success());
        assert_eq!(shell.child.wait().unwrap().exit_code(), 143, "{statement:?}");
    }
}

#[test]
fn a_query_that_is_stuck_says_what_it_waits_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Shell::start(&folder.path().join("history"));
    let mut run = |statement: &str| {
        shell.send(&format!("{statement}\r"));
        shell.expect("ok");
        shell.expect("millstream> ");
    };
    // Its rowtime stands still, far behind.
    run(
        "CREATE TABLE still (n BIGINT, ts AS TO_TIMESTAMP_LTZ(0, 3), WATERMARK FOR ts AS ts - INTERVAL '5' \
         SECOND) WITH ('connector' = 'datagen', 'rows-per-second' = '5');",
    );
    // A pipe with a name that nobody writes to is a split that is silent.
    let pipe = folder.path().join("silent.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let held = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    run(&format!(
        "CREATE TABLE silent (n BIGINT, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts) WITH \
         ('connector' = 'filesystem', 'path' = '{}', 'format' = 'csv');",
        pipe.display()
    ));
    run("CREATE VIEW both_of_them AS SELECT n, ts FROM still UNION ALL SELECT n, ts FROM silent;");
    let stuck = |shell: &mut Shell, table: &str| {
        shell.send(&format!(
            "SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE {table}, DESCRIPTOR(ts), INTERVAL '10' SECOND)) \
             GROUP BY window_start, window_end;\r"
        ));
        shell.expect(
            "WindowAggregate waits for window [1970-01-01 00:00:00.000, 1970-01-01 00:00:10.000)",
        );
    };
    stuck(&mut shell, "still");
    shell.expect("the watermark is 1969-12-31 23:59:55.000 and must reach 1970-01-01 00:00:09.999, 14 s more");
    shell.expect("held back by still, split 0");
    shell.send("\u{3}");
    shell.expect("millstream> ");
    stuck(&mut shell, "both_of_them");
    shell.expect("there is no watermark yet");
    shell.expect("silent.csv: it has given no row for");
    shell.expect("SET 'table.exec.source.idle-timeout'");
    shell.send("\u{3}");
    shell.expect("millstream> ");
    shell.send("quit\r");
    assert!(shell.child.wait().unwrap().success());
    drop(held);
}
