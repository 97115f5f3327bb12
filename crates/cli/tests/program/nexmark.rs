//! The Nexmark queries over the generator and over files: 2,000 events against the results of Flink 2.3.

use std::path::Path;

use millstream_testing::sorted_lines;

use crate::{millstream, root};

/// Runs scripts in one session and gives what the last SELECT prints, sorted.
fn run(scripts: &[&Path], data: &Path, parallelism: &str) -> String {
    let out = tempfile::tempdir().unwrap();
    let output = millstream()
        .arg("run")
        .args(scripts)
        .args(["-o", "csv", "--parallelism", parallelism])
        .args(["--param", "events=2000", "--param", "rate=50"])
        .args(["--param", &format!("data={}", data.display())])
        .args(["--param", &format!("out={}", out.path().display())])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{scripts:?}: {errors}");
    sorted_lines(&String::from_utf8(output.stdout).unwrap())
}

#[test]
fn nexmark_gives_what_flink_gives() {
    let folder = root().join("tests/nexmark");
    let (source, files) = (folder.join("source.sql"), folder.join("files.sql"));
    let data = tempfile::tempdir().unwrap();
    run(&[&source, &folder.join("write_files.sql")], data.path(), "1");
    for number in 0..=22 {
        let query = folder.join(format!("q{number}.sql"));
        let from_files = run(&[&files, &query], data.path(), "3");
        let generated = run(&[&source, &query], data.path(), "1");
        assert_eq!(from_files, generated, "q{number}");
        // Flink cannot run q6.
        let due = std::fs::read_to_string(folder.join(format!("q{number}.out")));
        assert_eq!(due.is_err(), number == 6);
        if let Ok(due) = due {
            assert_eq!(generated, sorted_lines(&due), "q{number}");
        }
    }
}
