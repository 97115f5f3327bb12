//! Scripts under `tests/flink` and `tests/sql`: SQL in, table out. The results under `tests/flink` are
//! those of Flink 2.3, in the spelling of `-o csv`, and are never rewritten from the program; `BLESS=1`
//! writes what the program gives for the others. A `.late` file beside a script says how many rows are late,
//! by a simulation that reads the script's data on its own.

use std::path::Path;

use millstream_testing::sorted_lines;

use crate::{millstream, root};

fn check(
    folder: &Path,
    parallelism: &str,
    blessed: bool,
    variables: &[(&str, &str)],
) -> Vec<String> {
    let mut failures = Vec::new();
    let mut scripts: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    scripts.sort();
    assert!(!scripts.is_empty());
    for script in scripts {
        let name = script.file_stem().unwrap().to_string_lossy().into_owned();
        let written = tempfile::tempdir().unwrap();
        let output = millstream()
            .arg("run")
            .arg(&script)
            .args(["-o", "csv", "--parallelism", parallelism])
            .envs(variables.iter().copied())
            .args(["--param", &format!("out={}", written.path().display())])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            failures.push(format!("{name}: {errors}"));
            continue;
        }
        let given = sorted_lines(&String::from_utf8(output.stdout).unwrap());
        let expected = script.with_extension("out");
        let known = std::fs::read_to_string(&expected).unwrap_or_default();
        let due = match blessed && std::env::var_os("BLESS").is_some() {
            true if sorted_lines(&known) != given => {
                std::fs::write(&expected, &given).unwrap();
                given.clone()
            }
            _ => known,
        };
        if sorted_lines(&due) != given {
            failures.push(format!("{name}: expected\n{due}but got\n{given}"));
        }
        if let Ok(due) = std::fs::read_to_string(script.with_extension("late")) {
            let late = late_rows(&errors);
            if due.trim() != late.to_string() {
                failures.push(format!("{name}: {late} rows were late, {} are due", due.trim()));
            }
        }
    }
    failures
}

/// How many rows the notes on standard error say came too late, over all statements.
fn late_rows(errors: &str) -> u64 {
    let counts = errors.lines().filter_map(|line| {
        let (count, rest) = line.strip_prefix("note: ")?.split_once(' ')?;
        rest.contains("came too late").then(|| count.parse::<u64>().ok()).flatten()
    });
    counts.sum()
}

#[test]
fn scripts_give_what_flink_gives_at_any_parallelism() {
    for parallelism in ["1", "3"] {
        let failures = check(&root().join("tests/flink"), parallelism, false, &[]);
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}

#[test]
fn scripts_give_the_same_whatever_is_only_faster() {
    let ways = [
        [("MILLSTREAM_BATCH_ROWS", "1"), ("MILLSTREAM_PLAIN", "0")],
        [("MILLSTREAM_BATCH_ROWS", "7"), ("MILLSTREAM_PLAIN", "1")],
    ];
    for variables in &ways {
        let failures = check(&root().join("tests/flink"), "2", false, variables);
        assert!(failures.is_empty(), "{variables:?}: {}", failures.join("\n"));
    }
}

#[test]
fn scripts_give_what_they_gave() {
    let failures = check(&root().join("tests/sql"), "2", true, &[]);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
