//! Every error a person can cause has a message with position, cause and what would work. Each script
//! under `tests/errors` fails; its `.err` holds the exit code and what standard error shows. `BLESS=1`
//! writes what the program gives.

use crate::{millstream, root};

#[test]
fn errors_say_where_why_and_what_would_work() {
    let folder = root().join("tests/errors");
    let mut failures = Vec::new();
    let mut scripts: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    scripts.sort();
    for script in scripts {
        let name = format!("errors/{}", script.file_name().unwrap().to_string_lossy());
        let output = millstream().args(["run", &name, "-o", "csv"]).output().unwrap();
        let given = format!(
            "exit {}\n{}",
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_ne!(output.status.code(), Some(0), "{name}");
        assert!(!given.contains("panicked"), "{name}: {given}");
        let expected = script.with_extension("err");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected, &given).unwrap();
        }
        let due = std::fs::read_to_string(&expected).unwrap_or_default();
        if due != given {
            failures.push(format!("{name}: expected\n{due}but got\n{given}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
