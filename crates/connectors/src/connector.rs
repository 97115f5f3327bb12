//! What a connector is, and the registry of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arrow::array::RecordBatch;
use millstream_formats::options::{FORMATS, keys_of};
use millstream_formats::{Decoded, policy};
use millstream_plan::Table;
use millstream_types::similar::nearest;
use millstream_types::time::parse_duration;
use millstream_types::{ChangeBatch, Error, Result};

use crate::http_inlet::{Inlet, Inlets, Receipt};
use crate::http_queue::Queue;
use crate::peer::Peer;
use crate::socket::Line;
use crate::{
    datagen, filesystem, http_response, http_server, memory, nexmark, print, secrets, socket,
    sqlite, webhook,
};

/// Rows in the order of the stream, from one or more splits.
pub trait Source: Send {
    /// The number of splits. Each has a watermark of its own.
    fn splits(&self) -> usize {
        1
    }

    /// What each split is called.
    fn split_names(&self) -> Vec<String> {
        (0..self.splits()).map(|split| split.to_string()).collect()
    }

    /// Whether the source ends by itself.
    fn is_bounded(&self) -> bool;

    /// Whether `next` may wait for the world outside, so that nobody should wait for it in turn.
    fn may_wait(&self) -> bool {
        !self.is_bounded()
    }

    /// Takes a hold on a source that waits for the world outside, and makes it reachable where its rows are
    /// brought to it. `observes` says that nobody should wait for this reader.
    ///
    /// # Errors
    /// When its place is taken.
    fn attach(&mut self, _: &Arc<Inlets>, _observes: bool) -> Result<Option<Attachment>> {
        Ok(None)
    }

    /// Fixes the moment that is read: what others write from then on is not part of it.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn hold(&mut self) -> Result<()> {
        Ok(())
    }

    /// The server that it reads from, where there is one.
    fn peer(&self) -> Option<Arc<Peer>> {
        None
    }

    /// What comes next; waits for it, and gives `None` at the end.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn next(&mut self) -> Result<Option<SourceEvent>>;
}

/// One step of a source.
pub enum SourceEvent {
    /// Rows of a split, yet to be decoded.
    Rows {
        /// The split.
        split: usize,
        /// The rows.
        piece: Box<dyn Piece>,
    },
    /// A split has no more rows.
    EndOfSplit(usize),
}

/// Rows that are yet to be decoded or generated; that is done on any thread.
pub trait Piece: Send {
    /// Called when an epoch takes the rows, before they are decoded: what their senders wait for.
    fn take(&mut self) -> Vec<Receipt> {
        Vec::new()
    }

    /// Decodes the rows, and hands them over a batch after the other.
    ///
    /// # Errors
    /// When they cannot be read and errors are not ignored, and what `each` says.
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()>;

    /// For how many pieces of about a megabyte it counts in an epoch.
    fn weight(&self) -> usize {
        1
    }
}

/// Takes decoded rows.
pub type Each<'a> = &'a mut dyn FnMut(Decoded) -> Result<()>;

/// Rows that are there already.
pub struct Ready(pub RecordBatch);

impl Piece for Ready {
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        each(Decoded::clean(self.0))
    }
}

/// A hold on a source that waits for the world outside. Dropping this ends it; what waits is given up.
pub struct Attachment {
    door: Option<Door>,
    line: Option<Arc<Line>>,
}

/// Where rows come in.
#[derive(Clone)]
pub struct Door {
    inlet: Arc<Inlet>,
    queue: Arc<Queue>,
}

impl Attachment {
    /// On one that rows are brought to.
    pub(crate) fn new(inlet: Arc<Inlet>, queue: Arc<Queue>) -> Self {
        Self { door: Some(Door { inlet, queue }), line: None }
    }

    /// On one that reads from a connection.
    pub(crate) fn of_line(line: Arc<Line>) -> Self {
        Self { door: None, line: Some(line) }
    }

    /// Where its rows come in, when they are brought to it.
    pub fn door(&self) -> Option<Door> {
        self.door.clone()
    }

    /// Whether it is of a table whose rows are answered when all sinks have them.
    pub fn promises(&self) -> bool {
        let door = self.door.as_ref().filter(|door| !door.queue.observes());
        door.is_some_and(|door| door.inlet.promises())
    }

    /// Whether all that was brought to it has been taken.
    pub fn is_drained(&self) -> bool {
        self.door.as_ref().is_none_or(|door| door.queue.is_empty())
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        if let Some(door) = &self.door {
            door.queue.end();
        }
        if let Some(line) = &self.line {
            line.hang_up();
        }
    }
}

impl Door {
    /// Lets nothing more in; what waits still goes its way.
    pub fn close(&self) {
        self.inlet.close(&self.queue);
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

/// Where changes go. Dropping a sink before [`Sink::commit`] gives up what it has written.
pub trait Sink: Send {
    /// Called before the first change when somebody is answered at the end of each epoch: what an epoch wrote
    /// is to be kept from its end on. Most sinks do so anyway.
    fn keep_epochs(&mut self) {}

    /// The server that it writes to, where there is one.
    fn peer(&self) -> Option<Arc<Peer>> {
        None
    }

    /// Called before the first change, with what tells when the job is to end.
    fn heed(&mut self, _: &Arc<AtomicBool>) {}

    /// Called before the first change, with the columns of which each value has at most one row at a time,
    /// where that is known.
    fn keyed_by(&mut self, _: &[usize]) {}

    /// Called before the first change, with those who may wait for what is written.
    fn attach(&mut self, _: &Arc<Inlets>) {}

    /// Takes changes.
    ///
    /// # Errors
    /// When they cannot be written.
    fn write(&mut self, changes: &ChangeBatch) -> Result<()>;

    /// Called when nothing more is expected for a while: gives up what it holds open, as far as it can open
    /// it again.
    ///
    /// # Errors
    /// When what was taken cannot be written.
    fn rest(&mut self) -> Result<()> {
        Ok(())
    }

    /// Whether an epoch is to end even if nothing comes, because something that it wrote is due by the clock.
    fn is_due(&self) -> bool {
        false
    }

    /// Called once an epoch, after all its changes, with its number.
    ///
    /// # Errors
    /// When they cannot be written.
    fn end_epoch(&mut self, _epoch: u64) -> Result<()> {
        Ok(())
    }

    /// Called once an epoch, when all sinks of the job have ended it.
    fn epoch_ended(&mut self) {}

    /// Makes all that was written visible, at the end.
    ///
    /// # Errors
    /// When that fails.
    fn commit(&mut self) -> Result<()>;
}

/// Opens a table for reading some of its physical columns.
pub type OpenSource = fn(&Table, &[usize]) -> Result<Box<dyn Source>>;
/// Opens a table for writing.
pub type OpenSink = fn(&Table) -> Result<Box<dyn Sink>>;

/// A kind of source or sink.
pub struct Connector {
    /// Its name in `'connector' = '…'`.
    pub name: &'static str,
    /// The options it knows beside `connector` and `format`; a `*` stands for any text.
    pub keys: &'static [&'static str],
    /// Whether its tables have a format.
    pub has_format: bool,
    /// What columns that are METADATA may hold.
    pub metadata: &'static [&'static str],
    /// Reads a table; `columns` are positions among its physical columns.
    pub source: Option<OpenSource>,
    /// Writes a table.
    pub sink: Option<OpenSink>,
}

/// All connectors, sorted by name.
pub const CONNECTORS: &[Connector] = &[
    print::BLACKHOLE,
    datagen::CONNECTOR,
    filesystem::CONNECTOR,
    http_response::CONNECTOR,
    http_server::CONNECTOR,
    nexmark::CONNECTOR,
    print::PRINT,
    socket::CONNECTOR,
    sqlite::CONNECTOR,
    webhook::CONNECTOR,
];

fn find(table: &Table) -> Result<&'static Connector> {
    let Some(name) = table.connector() else {
        return Err(Error::options(
            format!("table \"{}\" has no 'connector'", table.name),
            format!("add WITH ('connector' = '…'); there are {}", names()),
        ));
    };
    CONNECTORS.iter().find(|connector| connector.name == name).ok_or_else(|| {
        Error::options(
            format!("connector \"{name}\" not found"),
            format!("the connectors are {}", names()),
        )
    })
}

fn names() -> String {
    CONNECTORS.iter().map(|connector| connector.name).collect::<Vec<_>>().join(", ")
}

/// Options of tables that are read, whatever their connector: how their watermarks are followed.
const WATERMARK_KEYS: [&str; 6] = [
    "scan.watermark.idle-timeout",
    "scan.watermark.max-future-skew",
    "scan.watermark.alignment.group",
    "scan.watermark.alignment.max-drift",
    // These two say how often Flink looks; here every row counts.
    "scan.watermark.alignment.update-interval",
    "scan.watermark.emit.strategy",
];

/// All keys that a table's options may have.
pub fn known_keys(connector: &Connector, format: Option<&str>) -> BTreeSet<&'static str> {
    let mut keys: BTreeSet<&'static str> = connector.keys.iter().copied().collect();
    keys.insert("connector");
    if connector.source.is_some() {
        keys.extend(WATERMARK_KEYS);
        if connector.has_format || connector.name == "sqlite" {
            keys.insert(policy::KEY);
        }
    }
    if connector.has_format {
        keys.insert("format");
        match format {
            Some(format) => keys.extend(keys_of(format)),
            None => FORMATS.iter().for_each(|format| keys.extend(keys_of(format))),
        }
    }
    keys
}

/// Checks a table's options as far as that goes without opening anything.
///
/// # Errors
/// When the connector is not known or an option is not one of its own.
pub fn validate(table: &Table) -> Result<()> {
    if table.handle.is_some() {
        return Ok(());
    }
    let connector = find(table)?;
    let format = table.options.get("format").map(String::as_str);
    let known = known_keys(connector, format);
    for key in table.options.keys() {
        let matches = |pattern: &&str| match pattern.split_once('*') {
            Some((start, end)) => {
                key.len() > start.len() + end.len() && key.starts_with(start) && key.ends_with(end)
            }
            None => pattern == key,
        };
        if !known.iter().any(matches) {
            let list: Vec<_> = known.iter().copied().collect();
            let hint = match nearest(key, list.iter().copied()) {
                Some(near) => format!("an option with a similar name exists: '{near}'"),
                None => format!("its options are {}", list.join(", ")),
            };
            return Err(Error::options(
                format!("option '{key}' is not known to connector \"{}\"", connector.name),
                hint,
            ));
        }
    }
    if !table.partitioned_by.is_empty() && connector.name != "filesystem" {
        return Err(Error::options(
            format!("a table of connector \"{}\" cannot be PARTITIONED BY", connector.name),
            "filesystem tables can: they have a folder for each value",
        ));
    }
    for (column, key) in &table.metadata {
        if !connector.metadata.contains(&key.as_str()) {
            let message = format!(
                "'{key}' is no metadata of connector \"{}\" (\"{column}\")",
                connector.name
            );
            return Err(Error::options(
                message,
                match connector.metadata {
                    [] => "it has none".to_owned(),
                    known => format!("it has {}", known.join(", ")),
                },
            ));
        }
    }
    let (filled, secrets) = secrets::fill_table(table)?;
    let table = filled.as_ref();
    let valid = match connector.name {
        "filesystem" => filesystem::validate(table),
        "http-response" => http_response::validate(table),
        "http-server" => http_server::validate(table),
        "datagen" => datagen::validate(table),
        "nexmark" => nexmark::validate(table),
        "socket" => socket::validate(table),
        "sqlite" => sqlite::validate(table),
        "webhook" => webhook::validate(table),
        _ => Ok(()),
    };
    valid.map_err(|error| secrets.hide_error(error))
}

/// Checks a table that is to be written, as far as that goes without opening anything.
///
/// # Errors
/// When it is one that cannot be written.
pub fn validate_written(table: &Table) -> Result<()> {
    match table.connector() {
        Some("sqlite") => sqlite::check_written(table),
        _ => Ok(()),
    }
}

/// Opens a table for reading.
///
/// # Errors
/// When it cannot be read, or what it reads cannot be opened.
pub fn open_source(table: &Table, columns: &[usize]) -> Result<Box<dyn Source>> {
    if let Some(handle) = &table.handle {
        return memory::source(table, handle, columns);
    }
    let connector = find(table)?;
    match connector.source {
        Some(open) => {
            let (table, secrets) = secrets::fill_table(table)?;
            let opened = open(&table, columns).map_err(|error| secrets.hide_error(error))?;
            Ok(secrets::source(opened, secrets))
        }
        None => Err(Error::options(
            format!(
                "table \"{}\" cannot be read: connector \"{}\" only writes",
                table.name, connector.name
            ),
            "read from the table that it is written from",
        )),
    }
}

/// Opens a table for writing.
///
/// # Errors
/// When it cannot be written, or what it writes cannot be opened.
pub fn open_sink(table: &Table) -> Result<Box<dyn Sink>> {
    if table.handle.is_some() {
        return Err(Error::options(
            format!("table \"{}\" is given by the program and cannot be written", table.name),
            "take the changes of a query instead",
        ));
    }
    let connector = find(table)?;
    match connector.sink {
        Some(open) => {
            let (table, secrets) = secrets::fill_table(table)?;
            let opened = open(&table).map_err(|error| secrets.hide_error(error))?;
            Ok(secrets::sink(opened, secrets))
        }
        None => Err(Error::options(
            format!(
                "table \"{}\" cannot be written: connector \"{}\" only reads",
                table.name, connector.name
            ),
            "write to filesystem, sqlite, webhook, socket, http-response, print or blackhole",
        )),
    }
}

/// An option that is a duration of at least some ms, or what it is without.
///
/// # Errors
/// When it is none.
pub fn duration(table: &Table, key: &str, least_ms: i64, default_ms: i64) -> Result<Duration> {
    let ms = match table.options.get(key) {
        None => default_ms,
        Some(text) => match parse_duration(text) {
            Some(ms) if ms >= least_ms => ms,
            Some(_) => {
                return Err(Error::options(
                    format!("'{key}' = '{text}' is too short"),
                    format!("it is at least {least_ms} ms"),
                ));
            }
            None => {
                return Err(Error::options(
                    format!("'{key}' = '{text}' is no duration"),
                    "write it as in '500 ms' or '10 s'",
                ));
            }
        },
    };
    Ok(Duration::from_millis(ms as u64))
}

/// A number in an option.
///
/// # Errors
/// When it is none, or not within the bounds.
pub fn number(table: &Table, key: &str, least: i64, most: i64) -> Result<Option<i64>> {
    let Some(text) = table.options.get(key) else { return Ok(None) };
    match text.trim().parse() {
        Ok(value) if (least..=most).contains(&value) => Ok(Some(value)),
        _ => Err(Error::options(
            format!("'{key}' of table \"{}\" cannot be '{text}'", table.name),
            format!("it is a number from {least} to {most}"),
        )),
    }
}
