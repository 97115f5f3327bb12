//! Tables that are asked for their rows while others come: any whose source ends.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use millstream_operators::lookup_join::LookupTable;
use millstream_plan::Table;
use millstream_types::time::parse_duration;
use millstream_types::{Error, Result};

use crate::connector::{SourceEvent, open_source};
use crate::files::list;

/// How long rows are taken as they are before the table is looked at again.
const RELOAD: &str = "lookup.full-cache.periodic-reload.interval";

/// A table that is read as a whole; files are read again when they have changed.
struct WholeTable {
    table: Arc<Table>,
    columns: Vec<usize>,
    interval: Duration,
    looked: Mutex<Option<Instant>>,
}

/// Makes a table ready to be asked for some of its physical columns.
///
/// # Errors
/// When it never ends, or its options make no sense.
pub fn open_lookup(table: &Arc<Table>, columns: &[usize]) -> Result<Box<dyn LookupTable>> {
    if !open_source(table, columns)?.is_bounded() {
        return Err(Error::options(
            format!("table \"{}\" cannot be asked for its rows: it has no end", table.name),
            "FOR SYSTEM_TIME AS OF takes a table of files, or one with an end",
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
    }))
}

impl WholeTable {
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
    fn rows(&self, known: Option<u64>) -> Result<Option<(u64, Vec<RecordBatch>)>> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_some() && looked.is_some_and(|at| at.elapsed() < self.interval) {
            return Ok(None);
        }
        *looked = Some(Instant::now());
        let version = self.version()?;
        if known == Some(version) {
            return Ok(None);
        }
        let mut source = open_source(&self.table, &self.columns)?;
        let mut batches = Vec::new();
        while let Some(event) = source.next()? {
            if let SourceEvent::Rows { piece, .. } = event {
                piece.decode(&mut |decoded| {
                    batches.push(decoded.rows);
                    Ok(())
                })?;
            }
        }
        Ok(Some((version, batches)))
    }
}
