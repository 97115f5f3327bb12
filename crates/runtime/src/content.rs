//! [`Reading`]: what a table holds when somebody begins to follow it, read on a thread of its own.
//!
//! Between two epochs the table is only opened, and its moment fixed ([`Source::hold`]); its rows are read
//! while the job goes on. All who come until that is done share them:
//!
//! ```text
//! epochs          1   2   3   4
//! a reading         [2···········]      holds what epochs 1 and 2 wrote
//! one who comes     ^                   is told the rows, then epochs 3, 4, …
//! another one             ^             is told the same rows, then epochs 3, 4, …
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Int64Array, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::row::{Row, RowConverter, SortField};
use millstream_connectors::{Source, SourceEvent, open_source};
use millstream_plan::Table;
use millstream_types::{ChangeBatch, Error, Result};
use tokio::sync::oneshot;

/// How many rows a table may hold for its content to be told.
const ROWS_MAX: usize = 100_000;

/// How many bytes they may take.
const BYTES_MAX: usize = 128 << 20;

/// What came of a reading; a failure is a text, because several are told of it.
pub(crate) type Content = std::result::Result<Arc<Vec<RecordBatch>>, String>;

/// Opens a table for its content; `None` when it holds none that could be told.
pub(crate) type Open = Box<dyn Fn(&Table) -> Option<Box<dyn Source>> + Send>;

/// A table that is being read, as of the end of an epoch.
pub(crate) struct Reading {
    /// The place of the table among those of the job.
    pub table: usize,
    /// What the epochs since then have changed.
    pub since: Vec<ChangeBatch>,
    /// How many bytes that is.
    pub since_bytes: usize,
    awaited: Arc<Mutex<Awaited>>,
}

/// Those who wait for the rows; `None` once they were given.
type Awaited = Option<Vec<oneshot::Sender<Content>>>;

impl Reading {
    /// Begins to read what a source holds now, and awaits it.
    ///
    /// # Errors
    /// When its moment cannot be fixed, or no thread can be had.
    pub fn start(
        table: usize,
        name: &str,
        mut source: Box<dyn Source>,
    ) -> Result<(Self, oneshot::Receiver<Content>)> {
        source.hold()?;
        let (sender, receiver) = oneshot::channel();
        let awaited = Arc::new(Mutex::new(Some(vec![sender])));
        let (reads, name) = (Arc::clone(&awaited), name.to_owned());
        std::thread::Builder::new()
            .name("content".to_owned())
            .spawn(move || {
                let content = read(source.as_mut(), &name, &reads);
                let content = content.map(Arc::new).map_err(|error| error.to_string());
                let followers = lock(&reads).take().unwrap_or_default();
                for follower in followers {
                    // It may have gone meanwhile.
                    let _ = follower.send(content.clone());
                }
            })
            .map_err(|error| Error::Internal(format!("no thread to read a table: {error}")))?;
        Ok((Self { table, since: Vec::new(), since_bytes: 0, awaited }, receiver))
    }

    /// Awaits the rows; `None` when the reading is over.
    pub fn join(&self) -> Option<oneshot::Receiver<Content>> {
        let (sender, receiver) = oneshot::channel();
        lock(&self.awaited).as_mut()?.push(sender);
        Some(receiver)
    }

    /// Whether the rows were given.
    pub fn is_over(&self) -> bool {
        lock(&self.awaited).is_none()
    }
}

fn lock(awaited: &Mutex<Awaited>) -> std::sync::MutexGuard<'_, Awaited> {
    awaited.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a source to its end, as long as anybody waits for it.
fn read(source: &mut dyn Source, name: &str, awaited: &Mutex<Awaited>) -> Result<Vec<RecordBatch>> {
    let (mut batches, mut weights, mut rows, mut bytes) = (Vec::new(), Vec::new(), 0, 0);
    while let Some(event) = source.next()? {
        let SourceEvent::Rows { piece, .. } = event else { continue };
        piece.decode(&mut |decoded| {
            rows += decoded.rows.num_rows();
            bytes += bytes_of(&decoded.rows);
            if rows > ROWS_MAX || bytes > BYTES_MAX {
                let mib = BYTES_MAX >> 20;
                return Err(Error::Evaluation(format!(
                    "table \"{name}\" holds more than is told: {ROWS_MAX} rows, or {mib} MiB"
                )));
            }
            let of_rows = decoded.weights.as_ref().map(Int64Array::values);
            weights
                .extend((0..decoded.rows.num_rows()).map(|row| of_rows.map_or(1, |all| all[row])));
            batches.push(decoded.rows);
            Ok(())
        })?;
        let mut awaited = lock(awaited);
        if awaited.as_ref().is_none_or(|all| all.iter().all(oneshot::Sender::is_closed)) {
            // Whoever comes from now on begins another one.
            *awaited = None;
            return Err(Error::Cancelled);
        }
    }
    match weights.iter().all(|weight| *weight == 1) {
        true => Ok(batches),
        false => net(&batches, &weights),
    }
}

/// The rows that are left of changes.
fn net(batches: &[RecordBatch], weights: &[i64]) -> Result<Vec<RecordBatch>> {
    let Some(first) = batches.first() else { return Ok(Vec::new()) };
    let all = concat_batches(&first.schema(), batches)?;
    let fields = all.schema();
    let fields = fields.fields().iter().map(|field| SortField::new(field.data_type().clone()));
    let converter = RowConverter::new(fields.collect())?;
    let encoded = converter.convert_columns(all.columns())?;
    let mut there: HashMap<Row<'_>, Vec<usize>> = HashMap::new();
    let mut kept = vec![false; all.num_rows()];
    for (row, weight) in weights.iter().enumerate() {
        let copies = there.entry(encoded.row(row)).or_default();
        if *weight > 0 {
            kept[row] = true;
            copies.push(row);
        } else if let Some(gone) = copies.pop() {
            kept[gone] = false;
        }
    }
    Ok(vec![filter_record_batch(&all, &kept.into())?])
}

/// How many bytes the values of some rows take.
pub(crate) fn bytes_of(rows: &RecordBatch) -> usize {
    let columns = rows.columns().iter();
    columns.map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum()
}

/// Opens a table that is read without waiting for anybody and has an end. What is not there yet, or is only
/// written, holds nothing that could be told.
pub(crate) fn open(table: &Table) -> Option<Box<dyn Source>> {
    let option = |key: &str| table.options.get(key).map(String::as_str);
    let at_hand = match option("connector") {
        Some("sqlite") => true,
        Some("filesystem") => option("path") != Some("-"),
        _ => false,
    };
    let columns: Vec<usize> = (0..table.physical.fields().len()).collect();
    let source = if at_hand { open_source(table, &columns).ok() } else { None };
    source.filter(|source| source.is_bounded())
}
