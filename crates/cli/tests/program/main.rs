//! Drives the real program: scripts with expected results, error messages, exit codes, the shell in a
//! pseudo-terminal, and the rules that the house keeps.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod abuse;
mod bad_records;
mod errors;
mod event_api;
mod house;
mod http_changes;
mod http_in;
mod http_out;
mod http_response;
mod nexmark;
mod program;
mod receiver;
mod scripts;
mod service;
mod shell;
mod socket;
mod sqlite;

use std::path::PathBuf;
use std::process::{Command, Output};

/// The top of the repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The program, to be run in the folder of the tests.
fn millstream() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millstream"));
    command.current_dir(root().join("tests")).stdin(std::process::Stdio::null());
    command
}

/// Runs a statement and gives what came of it.
fn run(sql: &str, arguments: &[&str]) -> Output {
    millstream().args(["run", "-c", sql]).args(arguments).output().unwrap()
}

/// Standard output of a statement that must succeed.
fn csv(sql: &str) -> String {
    let output = run(sql, &["-o", "csv"]);
    assert!(output.status.success(), "{sql}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
