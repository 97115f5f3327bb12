//! Tables that are asked for their rows while others come: any whose source ends.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use millstream_formats::Decoded;
use millstream_operators::lookup_join::LookupTable;
use millstream_plan::Table;
use millstream_types::time::parse_duration;
use millstream_types::{Error, Result};
use rusqlite::Connection;

use crate::connector::{Source, SourceEvent, open_source};
use crate::files::list;
use crate::secrets::{self, Secrets};
use crate::sqlite::Place;
use crate::sqlite_source::SqliteSource;

/// The number of a state and its rows; `None` where that is the state that is known.
type State = Option<(u64, Vec<RecordBatch>)>;

/// Told of each batch that is read, to count what could not be: as often as it is read.
pub type LeftOut = Arc<dyn Fn(&mut Decoded) + Send + Sync>;

/// How long rows are taken as they are before the table is looked at again.
const RELOAD: &str = "lookup.full-cache.periodic-reload.interval";

/// A table that is read as a whole; files and databases are read again when they have changed.
struct WholeTable {
    table: Arc<Table>,
    columns: Vec<usize>,
    interval: Duration,
    looked: Mutex<Option<Instant>>,
    left_out: LeftOut,
    /// What places must not show.
    secrets: Secrets,
    /// Where a SQLite table is; its file stays open, because only so it tells that it has changed.
    database: Option<Mutex<Database>>,
}

/// The file that a SQLite table is in.
#[derive(Default)]
struct Database {
    open: Option<Open>,
    /// How often it was opened: what a connection tells of changes holds for itself alone.
    opened: u64,
}

struct Open {
    connection: Connection,
    /// Which file it is, whatever its path names later.
    file: Option<FileNumber>,
}

/// The device of a file, and its number there.
type FileNumber = (u64, u64);

/// Makes a table ready to be asked for some of its physical columns.
///
/// # Errors
/// When it never ends, or its options make no sense.
pub fn open_lookup(
    table: &Arc<Table>,
    columns: &[usize],
    left_out: LeftOut,
) -> Result<Box<dyn LookupTable>> {
    let (filled, secrets) = secrets::fill_table(table)?;
    let opened = open(&Arc::new(filled.into_owned()), columns, left_out, &secrets);
    let opened = opened.map_err(|error| secrets.hide_error(error))?;
    Ok(secrets::lookup(opened, secrets))
}

fn open(
    table: &Arc<Table>,
    columns: &[usize],
    left_out: LeftOut,
    secrets: &Secrets,
) -> Result<Box<dyn LookupTable>> {
    if !open_source(table, columns)?.is_bounded() {
        return Err(Error::options(
            format!("table \"{}\" cannot be asked for its rows: it has no end", table.name),
            "FOR SYSTEM_TIME AS OF takes a table of files or of SQLite, or another one with an end",
        ));
    }
    let interval = match table.options.get(RELOAD) {
        Some(text) => parse_duration(text).ok_or_else(|| {
            Error::options(format!("'{RELOAD}' = '{text}' is no duration"), "write it as in '10 s'")
        })?,
        None => 0,
    };
    Ok(Box::new(WholeTable {
        table: Arc::clone(table),
        columns: columns.to_vec(),
        interval: Duration::from_millis(interval.max(0) as u64),
        looked: Mutex::new(None),
        left_out,
        secrets: secrets.clone(),
        database: (table.connector() == Some("sqlite")).then(Mutex::default),
    }))
}

impl WholeTable {
    /// Reads a SQLite table, if others have written since the number that is known, or have put another file
    /// in its place.
    fn database(&self, known: Option<u64>, database: &Mutex<Database>) -> Result<State> {
        let place = Place::of(&self.table)?;
        let mut database = database.lock().unwrap_or_else(PoisonError::into_inner);
        let file = std::fs::metadata(&place.path).ok().map(|about| (about.dev(), about.ino()));
        let open = match database.open.take() {
            // While there is none, the one that was there is the last that is known.
            Some(open) if file.is_none() || open.file == file => open,
            _ => {
                database.opened += 1;
                Open { connection: place.read()?, file }
            }
        };
        let Open { connection, file } = open;
        let version = connection.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0));
        let version = version.map_err(|error| place.error(&error))? as u64;
        let version = database.opened << 40 | version & ((1 << 40) - 1);
        if known == Some(version) {
            database.open = Some(Open { connection, file });
            return Ok(None);
        }
        let mut source = SqliteSource::over(&self.table, place, connection, &self.columns)?;
        let batches = self.all(&mut source)?;
        database.open = Some(Open { connection: source.into_connection(), file });
        Ok(Some((version, batches)))
    }

    /// All rows of a source.
    fn all(&self, source: &mut dyn Source) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        while let Some(event) = source.next()? {
            let SourceEvent::Rows { piece, .. } = event else { continue };
            piece.decode(&mut |mut decoded| {
                secrets::hide_places(&mut decoded, &self.secrets)?;
                (self.left_out)(&mut decoded);
                batches.push(decoded.rows);
                Ok(())
            })?;
        }
        Ok(batches)
    }

    /// A number that is another one when the files are.
    fn version(&self) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        if let (Some("filesystem"), Some(path)) =
            (self.table.connector(), self.table.options.get("path"))
        {
            let pattern = self.table.options.get("source.path.regex-pattern");
            for file in list(path, pattern.map(String::as_str))? {
                let about = std::fs::metadata(&file);
                let about = about.map_err(|error| Error::io("cannot look at", &file, error))?;
                file.hash(&mut hasher);
                about.len().hash(&mut hasher);
                about.modified().ok().hash(&mut hasher);
            }
        }
        Ok(hasher.finish())
    }
}

impl LookupTable for WholeTable {
    fn rows(&self, known: Option<u64>) -> Result<State> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_some() && looked.is_some_and(|at| at.elapsed() < self.interval) {
            return Ok(None);
        }
        *looked = Some(Instant::now());
        if let Some(database) = &self.database {
            return self.database(known, database);
        }
        let version = self.version()?;
        if known == Some(version) {
            return Ok(None);
        }
        let mut source = open_source(&self.table, &self.columns)?;
        Ok(Some((version, self.all(source.as_mut())?)))
    }
}
