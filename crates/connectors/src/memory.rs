//! Tables given by the embedding program: rows in memory, or an input that rows are pushed into.

use std::any::Any;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use millstream_plan::Table;
use millstream_plan::table::Handle;
use millstream_types::{Error, Result};
use tokio::sync::mpsc;

use crate::connector::{Ready, Source, SourceEvent};

/// Rows in memory.
pub struct MemoryTable {
    /// The rows, in order.
    pub batches: Vec<RecordBatch>,
}

/// The receiving end of an input that rows are pushed into; one query reads it.
pub struct PushTable {
    receiver: Mutex<Option<mpsc::Receiver<RecordBatch>>>,
}

/// The sending end of a [`PushTable`]. When all are dropped the input has ended.
#[derive(Clone, Debug)]
pub struct PushInput {
    sender: mpsc::Sender<RecordBatch>,
    schema: SchemaRef,
}

/// The most batches that wait to be read before a sender has to wait.
const QUEUE_MAX: usize = 16;

/// Makes both ends of an input with these columns.
pub fn push_table(schema: SchemaRef) -> (PushTable, PushInput) {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    (PushTable { receiver: Mutex::new(Some(receiver)) }, PushInput { sender, schema })
}

impl PushInput {
    /// Hands over rows; waits while the query is behind.
    ///
    /// # Errors
    /// When the rows have other columns than the table, or the query is gone.
    pub async fn push(&self, rows: RecordBatch) -> Result<()> {
        let fits = rows.num_columns() == self.schema.fields().len()
            && rows
                .columns()
                .iter()
                .zip(self.schema.fields())
                .all(|(column, field)| column.data_type() == field.data_type());
        if !fits {
            return Err(Error::options(
                format!("the rows have the columns {}, not those of the table", rows.schema()),
                format!("the table has {}", self.schema),
            ));
        }
        self.sender.send(rows).await.map_err(|_| Error::Cancelled)
    }
}

struct MemorySource {
    batches: std::vec::IntoIter<RecordBatch>,
    columns: Vec<usize>,
    /// What is left of the current batch.
    rest: Option<RecordBatch>,
}

/// Rows are handed over in slices of this many, so that they spread over cores.
const SLICE_ROWS: usize = 65_536;

impl Source for MemorySource {
    fn is_bounded(&self) -> bool {
        true
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        loop {
            match self.rest.take() {
                Some(rest) if rest.num_rows() > SLICE_ROWS => {
                    let slice = rest.slice(0, SLICE_ROWS);
                    self.rest = Some(rest.slice(SLICE_ROWS, rest.num_rows() - SLICE_ROWS));
                    return Ok(Some(SourceEvent::Rows { split: 0, piece: Box::new(Ready(slice)) }));
                }
                Some(rest) if rest.num_rows() > 0 => {
                    return Ok(Some(SourceEvent::Rows { split: 0, piece: Box::new(Ready(rest)) }));
                }
                _ => match self.batches.next() {
                    Some(batch) => self.rest = Some(batch.project(&self.columns)?),
                    None => return Ok(None),
                },
            }
        }
    }
}

struct PushSource {
    receiver: mpsc::Receiver<RecordBatch>,
    columns: Vec<usize>,
}

impl Source for PushSource {
    fn is_bounded(&self) -> bool {
        false
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        match self.receiver.blocking_recv() {
            Some(rows) => {
                let piece = Box::new(Ready(rows.project(&self.columns)?));
                Ok(Some(SourceEvent::Rows { split: 0, piece }))
            }
            None => Ok(None),
        }
    }
}

/// Whether a handle's table ends by itself.
pub fn is_bounded(handle: &Handle) -> bool {
    handle.downcast_ref::<MemoryTable>().is_some()
}

/// Opens a table of the embedding program.
///
/// # Errors
/// When another query reads it already.
pub fn source(table: &Table, handle: &Handle, columns: &[usize]) -> Result<Box<dyn Source>> {
    let any: &(dyn Any + Send + Sync) = Arc::as_ref(handle);
    if let Some(memory) = any.downcast_ref::<MemoryTable>() {
        let (batches, columns) = (memory.batches.clone().into_iter(), columns.to_vec());
        return Ok(Box::new(MemorySource { batches, columns, rest: None }));
    }
    if let Some(push) = any.downcast_ref::<PushTable>() {
        let receiver = push.receiver.lock().ok().and_then(|mut receiver| receiver.take());
        return match receiver {
            Some(receiver) => Ok(Box::new(PushSource { receiver, columns: columns.to_vec() })),
            None => Err(Error::options(
                format!("table \"{}\" is read by a query already", table.name),
                "rows that are pushed go to one query; make one table for each",
            )),
        };
    }
    Err(Error::Internal(format!("table \"{}\" has a handle of another kind", table.name)))
}
