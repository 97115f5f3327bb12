//! [`Taps`]: whoever follows what a running job writes into a table.
//!
//! Who follows a table first gets what it holds, read between two epochs, and from then on what each epoch
//! changes. Nobody is waited for: who does not keep up is left behind, and has to begin again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use millstream_connectors::{SourceEvent, open_source};
use millstream_operators::consolidate::net;
use millstream_plan::{NodeId, NodeKind, Plan, Table};
use millstream_types::{ChangeBatch, Error, Result};
use tokio::sync::mpsc;

use crate::feed::Bell;

/// How many batches wait for one who follows.
const QUEUE: usize = 256;

/// How many rows a table may hold for its content to be told.
const CONTENT_ROWS_MAX: usize = 100_000;

/// The tables that a job writes, and who wants to follow them.
#[derive(Debug)]
pub struct Taps {
    tables: Vec<Arc<Table>>,
    waiting: Mutex<Vec<Follower>>,
    bell: Arc<Bell>,
    ended: AtomicBool,
}

/// One who follows a table.
#[derive(Debug)]
struct Follower {
    /// Its place among the tables of the job.
    table: usize,
    sender: mpsc::Sender<Result<ChangeBatch>>,
}

impl Taps {
    pub(crate) fn new(plan: &Plan, bell: Arc<Bell>) -> Self {
        let tables = plan.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Sink { table, .. } => Some(Arc::clone(table)),
            _ => None,
        });
        let (tables, waiting) = (tables.collect(), Mutex::default());
        Self { tables, waiting, bell, ended: AtomicBool::new(false) }
    }

    /// Whether the job runs still.
    pub fn is_running(&self) -> bool {
        !self.ended.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.waiting().clear();
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Follower>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a table holds, and then what becomes of it; `None` when the job does not write it. An error
    /// comes as an item, and ends the stream.
    pub fn follow(&self, table: &Table) -> Option<mpsc::Receiver<Result<ChangeBatch>>> {
        let same = |known: &&Arc<Table>| is_same(known, table);
        let known = self.tables.iter().position(|known| same(&known))?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        self.waiting().push(Follower { table: known, sender });
        self.bell.ring();
        Some(receiver)
    }
}

/// Those who follow, on the side of the dataflow.
#[derive(Debug)]
pub(crate) struct Followers {
    taps: Arc<Taps>,
    known: Vec<Follower>,
    /// What this epoch wrote, by sink.
    told: Vec<(NodeId, ChangeBatch)>,
}

impl Followers {
    pub fn new(taps: Arc<Taps>) -> Self {
        Self { taps, known: Vec::new(), told: Vec::new() }
    }

    /// Takes in whoever came, between two epochs.
    pub fn welcome(&mut self) {
        let came = std::mem::take(&mut *self.taps.waiting());
        for follower in came {
            let table = self.taps.tables.get(follower.table);
            let told = table.map_or(Ok(Vec::new()), |table| content(table));
            let told = match told {
                Ok(batches) => batches.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            let mut goes_on = true;
            for item in told {
                goes_on &= item.is_ok() & follower.sender.try_send(item).is_ok();
            }
            if goes_on {
                self.known.push(follower);
            }
        }
    }

    /// Takes what a sink was given.
    pub fn take(&mut self, sink: NodeId, changes: &ChangeBatch) {
        if !self.known.is_empty() {
            self.told.push((sink, changes.clone()));
        }
    }

    /// Tells what the epoch changed, once all sinks have ended it.
    pub fn tell(&mut self, plan: &Plan) -> Result<()> {
        let told = std::mem::take(&mut self.told);
        if told.is_empty() {
            return Ok(());
        }
        for (at, table) in self.taps.tables.iter().enumerate() {
            if !self.known.iter().any(|follower| follower.table == at) {
                continue;
            }
            let of_table = told.iter().filter(|(sink, _)| match &plan.nodes[*sink].kind {
                NodeKind::Sink { table: written, .. } => is_same(written, table),
                _ => false,
            });
            let changes: Vec<ChangeBatch> = of_table.map(|(_, changes)| changes.clone()).collect();
            // A key has one row in the end, whatever came in between.
            let changes = if table.primary_key.is_empty() { changes } else { net(changes)? };
            self.known.retain(|follower| {
                follower.table != at
                    || changes
                        .iter()
                        .all(|changes| follower.sender.try_send(Ok(changes.clone())).is_ok())
            });
        }
        Ok(())
    }
}

/// Whether two declarations are of one table: tables of two databases may share a name.
fn is_same(one: &Table, other: &Table) -> bool {
    one.name == other.name && one.options == other.options
}

/// What a table holds, where it is read without waiting for anybody and has an end.
fn content(table: &Table) -> Result<Vec<ChangeBatch>> {
    let option = |key: &str| table.options.get(key).map(String::as_str);
    let at_hand = match option("connector") {
        Some("sqlite") => true,
        Some("filesystem") => option("path") != Some("-"),
        _ => false,
    };
    if !at_hand {
        return Ok(Vec::new());
    }
    let columns: Vec<usize> = (0..table.physical.fields().len()).collect();
    // What is not there yet, or is only written, holds nothing that could be told.
    let Ok(mut source) = open_source(table, &columns) else { return Ok(Vec::new()) };
    if !source.is_bounded() {
        return Ok(Vec::new());
    }
    let (mut batches, mut rows) = (Vec::new(), 0);
    while let Some(event) = source.next()? {
        let SourceEvent::Rows { piece, .. } = event else { continue };
        piece.decode(&mut |decoded| {
            rows += decoded.rows.num_rows();
            if rows > CONTENT_ROWS_MAX {
                let name = &table.name;
                let message = format!(
                    "table \"{name}\" holds more than the {CONTENT_ROWS_MAX} rows that are told"
                );
                return Err(Error::Evaluation(message));
            }
            batches.push(ChangeBatch::insert(decoded.rows));
            Ok(())
        })?;
    }
    Ok(batches)
}
