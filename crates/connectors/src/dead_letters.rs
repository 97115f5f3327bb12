//! [`DeadLetters`]: rows that nobody took, kept in a table of a SQLite file.

use std::path::PathBuf;
use std::time::Duration;

use millstream_plan::Table;
use millstream_types::{Error, Result};
use rusqlite::Connection;

use crate::sqlite::quoted;

/// How long a file that somebody else writes to is waited for.
const BUSY: Duration = Duration::from_secs(30);

/// A table of rows that were not taken.
pub(crate) struct DeadLetters {
    path: PathBuf,
    insert: String,
    connection: Connection,
}

/// One such row.
pub(crate) struct DeadLetter<'a> {
    /// The key it was sent under.
    pub key: String,
    /// The row as JSON.
    pub body: &'a str,
    /// How often it was sent.
    pub attempts: u32,
    /// Why it was not taken the last time.
    pub reason: &'a str,
}

impl DeadLetters {
    /// Where a table's options say; `None` when they name no file.
    pub fn of(table: &Table) -> Result<Option<Self>> {
        let Some(path) = table.options.get("dead-letter.path") else {
            return match table.options.contains_key("dead-letter.table") {
                true => Err(Error::options(
                    "'dead-letter.table' needs a 'dead-letter.path'",
                    "it is the SQLite file that the table is in",
                )),
                false => Ok(None),
            };
        };
        let name = table.options.get("dead-letter.table").map_or("dead_letters", String::as_str);
        let path = PathBuf::from(path);
        let made = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(BUSY)?;
            connection.execute_batch(&format!(
                "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS {} (
                     at TEXT NOT NULL, table_name TEXT NOT NULL, idempotency_key TEXT NOT NULL,
                     body TEXT NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL)",
                quoted(name)
            ))?;
            Ok(connection)
        };
        let connection = made().map_err(|error| failed(&path, &error))?;
        let insert = format!(
            "INSERT INTO {} VALUES (strftime('%Y-%m-%d %H:%M:%f', 'now'), ?1, ?2, ?3, ?4, ?5)",
            quoted(name)
        );
        Ok(Some(Self { path, insert, connection }))
    }

    /// Keeps rows of a table, all in one transaction.
    pub fn keep<'a>(
        &mut self,
        table: &str,
        letters: impl Iterator<Item = DeadLetter<'a>>,
    ) -> Result<()> {
        let write = || -> rusqlite::Result<()> {
            let transaction = self.connection.unchecked_transaction()?;
            for letter in letters {
                let DeadLetter { key, body, attempts, reason } = letter;
                let row = (table, key, body, attempts, reason);
                transaction.prepare_cached(&self.insert)?.execute(row)?;
            }
            transaction.commit()
        };
        write().map_err(|error| failed(&self.path, &error))
    }
}

fn failed(path: &std::path::Path, error: &rusqlite::Error) -> Error {
    Error::Data { location: format!("\"{}\"", path.display()), message: error.to_string() }
}
