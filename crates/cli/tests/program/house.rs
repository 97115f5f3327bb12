//! The rules of the house: which crate may use which, who may spawn, and how files begin and end.

use std::path::{Path, PathBuf};

use crate::root;

/// Each crate may use only those before it.
const ORDER: [&str; 13] = [
    "types",
    "expr",
    "plan",
    "sql",
    "state",
    "operators",
    "formats",
    "connectors",
    "runtime",
    "engine",
    "cli",
    "bench",
    "testing",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn crates_depend_upwards_only() {
    for (at, name) in ORDER.iter().enumerate() {
        let manifest =
            std::fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        for below in &ORDER[at + 1..] {
            let package = if *below == "engine" {
                "millstream".to_owned()
            } else {
                format!("millstream-{below}")
            };
            let named = dependencies.lines().any(|line| line.starts_with(&format!("{package}.")));
            assert!(!named, "{name} uses {below}");
        }
    }
}

#[test]
fn only_sql_and_expr_name_datafusion_and_only_runtime_spawns() {
    for name in ORDER {
        let folder = root().join("crates").join(name);
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let may_name = ["sql", "expr"].contains(&name);
        assert!(may_name || !manifest.contains("datafusion"), "{name} depends on DataFusion");
        for file in sources(&folder.join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code: String =
                text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            assert!(
                may_name || !code.contains("datafusion"),
                "{} names DataFusion",
                file.display()
            );
            // What measures the program from outside has clients of its own, and the shell hears of signals
            // while it waits for a person.
            let may_spawn =
                ["runtime", "bench"].contains(&name) || file.ends_with("cli/src/repl.rs");
            assert!(may_spawn || !code.contains("spawn("), "{} spawns", file.display());
        }
    }
}

#[test]
fn files_say_what_they_are_and_stay_readable() {
    for name in ORDER {
        for file in sources(&root().join("crates").join(name)) {
            let text = std::fs::read_to_string(&file).unwrap();
            let shown = file.display();
            assert!(text.starts_with("//!"), "{shown} does not say what it is");
            for (at, line) in text.lines().enumerate() {
                // Texts that a person sees are not broken for their length.
                let code = !line.contains('"');
                assert!(!code || line.chars().count() <= 110, "{shown}:{} is too long", at + 1);
            }
            for word in ["todo!(", "unimplemented!("] {
                let is_rule = shown.to_string().ends_with("house.rs");
                assert!(is_rule || !text.contains(word), "{shown} has {word}");
            }
        }
    }
}
