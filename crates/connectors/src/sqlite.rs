//! `'connector' = 'sqlite'`: tables of SQLite files, read, written, and asked for their rows.
//!
//! Numbers and booleans are INTEGER and REAL there, bytes are BLOB, and everything else is TEXT in the
//! spelling of the JSON format, so that a DECIMAL keeps its digits and an ARRAY its structure.

use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::datatypes::{DataType, SchemaRef};
use millstream_formats::ErrorPolicy;
use millstream_plan::Table;
use millstream_types::similar::nearest;
use millstream_types::time::parse_duration;
use millstream_types::{Error, Result};
use rusqlite::{Connection, OpenFlags};

use crate::connector::Connector;
use crate::secrets::fill_table;
use crate::sqlite_sink::SqliteSink;
use crate::sqlite_source::SqliteSource;

/// `'connector' = 'sqlite'`
pub const CONNECTOR: Connector = Connector {
    name: "sqlite",
    keys: &[
        "path",
        "url",
        "table",
        "synchronous",
        "busy-timeout",
        "lookup.full-cache.periodic-reload.interval",
    ],
    has_format: false,
    metadata: &[],
    source: Some(|table, columns| Ok(Box::new(SqliteSource::new(table, columns)?))),
    sink: Some(|table| Ok(Box::new(SqliteSink::new(table)?))),
};

/// How long a file that somebody else writes to is waited for.
const BUSY_MS: i64 = 30_000;

/// The table in each file that the epochs of the others stand in.
const EPOCHS: &str = "millstream_epochs";

/// Checks a table that is to be written.
///
/// # Errors
/// When it is one that others keep.
pub fn check_written(table: &Table) -> Result<()> {
    let (table, secrets) = fill_table(table)?;
    let checked = Place::of(&table).and_then(|place| place.check_written());
    checked.map_err(|error| secrets.hide_error(error))
}

/// Which table of which file, and how it is opened.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The file.
    pub path: PathBuf,
    /// The table in it.
    pub table: String,
    /// Whether each epoch waits until the disk has it.
    pub durable: bool,
    busy: Duration,
}

/// Checks a table's options.
///
/// # Errors
/// When they make no sense.
pub fn validate(table: &Table) -> Result<()> {
    ErrorPolicy::of(&table.options, "json")?;
    Place::of(table).map(|_| ())
}

impl Place {
    /// What a table's options say.
    pub fn of(table: &Table) -> Result<Self> {
        let option = |key: &str| table.options.get(key).map(String::as_str);
        let path = match (option("path"), option("url")) {
            (Some(path), None) => path,
            (None, Some(url)) => {
                let plain = url.strip_prefix("jdbc:").unwrap_or(url);
                plain.strip_prefix("sqlite:").ok_or_else(|| {
                    Error::options(
                        format!("'url' = '{url}' is no SQLite file"),
                        "write it as in 'sqlite:orders.db' or 'jdbc:sqlite:/data/orders.db', or use 'path'",
                    )
                })?
            }
            _ => {
                return Err(Error::options(
                    "a sqlite table needs a 'path' or a 'url'",
                    "'path' = 'orders.db' is a file; it is made when a table in it is written",
                ));
            }
        };
        let path = path.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(path);
        if path.is_empty() || path == ":memory:" {
            return Err(Error::options(
                format!("'path' = '{path}' is no file"),
                "a database in memory is gone with its connection; name a file",
            ));
        }
        let durable = match option("synchronous") {
            None | Some("full") => true,
            Some("normal") => false,
            Some(other) => {
                return Err(Error::options(
                    format!("'synchronous' cannot be '{other}'"),
                    "'full' waits for the disk in every epoch, 'normal' leaves the last epochs to the \
                     operating system, which keeps them unless the machine fails",
                ));
            }
        };
        let busy = match option("busy-timeout") {
            None => BUSY_MS,
            Some(text) => parse_duration(text).filter(|ms| *ms >= 0).ok_or_else(|| {
                Error::options(
                    format!("'busy-timeout' = '{text}' is no duration"),
                    "write it as in '10 s'",
                )
            })?,
        };
        Ok(Self {
            path: PathBuf::from(path),
            table: option("table").unwrap_or(&table.name).to_owned(),
            durable,
            busy: Duration::from_millis(busy as u64),
        })
    }

    /// Refuses to write tables that others keep.
    pub fn check_written(&self) -> Result<()> {
        let name = self.table.to_ascii_lowercase();
        let keeper = match name.as_str() {
            EPOCHS => "this program, for the epochs of the others",
            _ if name.starts_with("sqlite_") => "SQLite",
            _ => return Ok(()),
        };
        Err(Error::options(
            format!("table \"{}\" cannot be written: it is kept by {keeper}", self.table),
            "name another one: 'table' = '…'",
        ))
    }

    /// Opens the file for reading; it must be there.
    pub fn read(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        self.open(flags)
    }

    /// Opens the file for writing; it is made when it is not there.
    pub fn write(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        self.open(flags)
    }

    fn open(&self, flags: OpenFlags) -> Result<Connection> {
        let connection =
            Connection::open_with_flags(&self.path, flags).map_err(|error| match error {
                rusqlite::Error::SqliteFailure(_, _) if !self.path.exists() => {
                    let makes = flags.contains(OpenFlags::SQLITE_OPEN_CREATE);
                    let folder = self.path.parent();
                    let has_folder =
                        folder.is_some_and(|of| of.as_os_str().is_empty() || of.is_dir());
                    let cause = match makes && has_folder {
                        true => "the file is not there, and cannot be made in its folder",
                        false => "no such file",
                    };
                    Error::io("cannot open", &self.path, std::io::Error::other(cause))
                }
                error => self.error(&error),
            })?;
        connection.busy_timeout(self.busy).map_err(|error| self.error(&error))?;
        Ok(connection)
    }

    /// What went wrong, and where.
    pub fn error(&self, error: &rusqlite::Error) -> Error {
        let message = match error {
            rusqlite::Error::SqliteFailure(code, Some(text)) => match code.code {
                rusqlite::ErrorCode::DatabaseBusy => format!(
                    "{text}: somebody has been writing for {} s ('busy-timeout' says how long is waited)",
                    self.busy.as_secs()
                ),
                _ => text.clone(),
            },
            other => other.to_string(),
        };
        Error::Data { location: self.to_string(), message }
    }

    /// Checks that the table is there and has some columns.
    pub fn check(&self, connection: &Connection, schema: &SchemaRef) -> Result<()> {
        let known = self.columns(connection)?;
        if known.is_empty() {
            let tables = self.names(
                connection,
                "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')",
                [],
            )?;
            let hint = match nearest(&self.table, tables.iter().map(String::as_str)) {
                Some(near) => format!("a table with a similar name exists: \"{near}\""),
                None if tables.is_empty() => "it has no tables; a sink makes its own".to_owned(),
                None => format!("its tables are {}", tables.join(", ")),
            };
            return Err(Error::options(
                format!("table \"{}\" not found in \"{}\"", self.table, self.path.display()),
                hint,
            ));
        }
        for field in schema.fields() {
            // SQLite's names are the same in capitals and small letters.
            if !known.iter().any(|name| name.eq_ignore_ascii_case(field.name())) {
                return Err(Error::options(
                    format!("column \"{}\" not found in {self}", field.name()),
                    match nearest(field.name(), known.iter().map(String::as_str)) {
                        Some(near) => format!("a column with a similar name exists: \"{near}\""),
                        None => format!("its columns are {}", known.join(", ")),
                    },
                ));
            }
        }
        Ok(())
    }

    /// The columns of the table; none when it is not there.
    pub fn columns(&self, connection: &Connection) -> Result<Vec<String>> {
        self.names(connection, "SELECT name FROM pragma_table_xinfo(?1)", [&self.table])
    }

    fn names(
        &self,
        connection: &Connection,
        sql: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<String>> {
        let names = || -> rusqlite::Result<Vec<String>> {
            connection.prepare(sql)?.query_map(parameters, |row| row.get(0))?.collect()
        };
        names().map_err(|error| self.error(&error))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\", table \"{}\"", name_of(&self.path), self.table)
    }
}

fn name_of(path: &Path) -> std::path::Display<'_> {
    path.display()
}

/// A name as SQLite reads it, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The type that a column gets in a table that we make.
pub(crate) fn column_type(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "INTEGER",
        other if other.is_integer() => "INTEGER",
        DataType::Float32 | DataType::Float64 => "REAL",
        DataType::Binary => "BLOB",
        _ => "TEXT",
    }
}
