//! `'connector' = 'http-server'`: rows that are posted to a path of the program's own server.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMillisecondArray, new_null_array};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use millstream_plan::Table;
use millstream_plan::table::Options;
use millstream_types::sql_type::{LTZ_ZONE, type_name};
use millstream_types::{Error, Result};

use crate::connector::{Attachment, Connector, Source, SourceEvent, duration, number};
use crate::http_body::BodyReader;
use crate::http_inlet::Inlets;
use crate::http_queue::Queue;

/// `'connector' = 'http-server'`
pub const CONNECTOR: Connector = Connector {
    name: "http-server",
    keys: &[
        "path",
        "ack",
        "response",
        "timeout",
        "idempotency.window",
        "queue.max-rows",
        "body.max-unpacked-bytes",
    ],
    has_format: true,
    metadata: &[REQUEST_ID, RECEIVED_AT, IDEMPOTENCY_KEY],
    source: Some(|table, columns| Ok(Box::new(HttpSource::new(table, columns)?))),
    sink: None,
};

/// The number of a request, the same for all its rows.
pub(crate) const REQUEST_ID: &str = "request_id";
const RECEIVED_AT: &str = "received_at";
const IDEMPOTENCY_KEY: &str = "idempotency_key";

/// Paths that the server keeps for itself.
const RESERVED: [&str; 3] = ["/health", "/metrics", "/tables"];

/// How many bytes of rows wait for a job.
const QUEUE_BYTES: usize = 32 << 20;

/// When a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ack {
    /// When its rows have gone through all jobs that read them.
    Processed,
    /// When its rows wait to be read.
    Accepted,
}

/// A table that is posted to, as it is declared.
#[derive(Clone)]
pub(crate) struct HttpTable {
    pub name: String,
    pub path: String,
    pub ack: Ack,
    /// Whether the answer is rows of another table.
    pub responds: bool,
    pub timeout: Duration,
    pub window: Duration,
    pub unpacked_bytes_max: usize,
    pub body: Arc<BodyReader>,
    rows_max: usize,
    schema: SchemaRef,
    /// For each column where its values come from: the body's column, or a metadata key.
    origins: Vec<Origin>,
    options: Options,
}

#[derive(Clone)]
enum Origin {
    Body(usize),
    Metadata(String),
}

/// Checks a table's options.
///
/// # Errors
/// When they make no sense.
pub fn validate(table: &Table) -> Result<()> {
    HttpTable::of(table).map(|_| ())
}

impl HttpTable {
    /// What a table's options say.
    pub fn of(table: &Table) -> Result<Self> {
        let option = |key: &str| table.options.get(key).map(String::as_str);
        let Some(path) = option("path") else {
            return Err(Error::options(
                "a table of http-server needs a 'path'",
                "'path' = '/event' is what its rows are posted to",
            ));
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
        let reserved = RESERVED.into_iter().find(|known| {
            path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if !path.starts_with('/') || path.len() < 2 || !path.bytes().all(plain) {
            return Err(Error::options(
                format!("'path' cannot be '{path}'"),
                "it starts with / and holds letters, digits and / - _ . ~",
            ));
        }
        if let Some(known) = reserved {
            return Err(Error::options(
                format!("'path' cannot be '{path}'"),
                format!("{known} is the server's own; choose another"),
            ));
        }
        let ack = match option("ack") {
            None | Some("processed") => Ack::Processed,
            Some("accepted") => Ack::Accepted,
            Some(other) => {
                return Err(Error::options(
                    format!("'ack' cannot be '{other}'"),
                    "it is 'processed', when all sinks have the rows, or 'accepted', when they wait to be read",
                ));
            }
        };
        let responds = match option("response") {
            None | Some("count") => false,
            Some("rows") => true,
            Some(other) => {
                return Err(Error::options(
                    format!("'response' cannot be '{other}'"),
                    "it is 'count', or 'rows', those that are written to an http-response table",
                ));
            }
        };
        if responds && ack == Ack::Accepted {
            return Err(Error::options(
                "'response' = 'rows' and 'ack' = 'accepted' cannot go together",
                "rows are there when the request was processed; leave 'ack' out",
            ));
        }
        if responds && !table.metadata.values().any(|key| key == REQUEST_ID) {
            return Err(Error::options(
                "'response' = 'rows' needs to know which request rows came with",
                "declare the column request_id STRING METADATA, and write it to the http-response table",
            ));
        }
        let rows_max = number(table, "queue.max-rows", 1, 10_000_000)?;
        let rows_max = rows_max.map_or(100_000, |rows| rows as usize);
        Ok(Self {
            name: table.name.clone(),
            path: path.to_owned(),
            ack,
            responds,
            timeout: duration(table, "timeout", 0, 30_000)?,
            window: duration(table, "idempotency.window", 0, 600_000)?,
            unpacked_bytes_max: number(table, "body.max-unpacked-bytes", 1, 1 << 30)?
                .map_or(16 << 20, |bytes| bytes as usize),
            body: Arc::new(BodyReader::new(table, rows_max)?),
            rows_max,
            schema: millstream_formats::json::nullable(&table.physical),
            origins: origins(table)?,
            options: table.options.clone(),
        })
    }

    /// Whether another declaration is the same.
    pub fn is_as(&self, other: &Self) -> bool {
        self.name == other.name && self.options == other.options && self.schema == other.schema
    }

    /// The rows of a body with what is known of its request, in the order of the table's columns.
    pub fn with_metadata(
        &self,
        body: &RecordBatch,
        id: &str,
        clock_ms: i64,
        key: Option<&str>,
    ) -> Result<RecordBatch> {
        let rows = body.num_rows();
        let columns = self.origins.iter().map(|origin| -> ArrayRef {
            match origin {
                Origin::Body(at) => Arc::clone(body.column(*at)),
                Origin::Metadata(known) if known == RECEIVED_AT => {
                    let times = TimestampMillisecondArray::from_value(clock_ms, rows);
                    Arc::new(times.with_timezone(LTZ_ZONE))
                }
                Origin::Metadata(known) => {
                    let text = if known == REQUEST_ID { Some(id) } else { key };
                    match text {
                        Some(text) => {
                            let texts = std::iter::repeat_n(text, rows);
                            Arc::new(StringArray::from_iter_values(texts))
                        }
                        None => new_null_array(&DataType::Utf8, rows),
                    }
                }
            }
        });
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns.collect())?)
    }
}

fn origins(table: &Table) -> Result<Vec<Origin>> {
    let mut origins = Vec::new();
    let mut of_body = 0_usize..;
    for field in table.physical.fields() {
        let Some(key) = table.metadata.get(field.name()) else {
            origins.extend(of_body.next().map(Origin::Body));
            continue;
        };
        let due = match key.as_str() {
            RECEIVED_AT => DataType::Timestamp(TimeUnit::Millisecond, Some(LTZ_ZONE.into())),
            _ => DataType::Utf8,
        };
        if *field.data_type() != due {
            return Err(Error::options(
                format!(
                    "metadata column \"{}\" cannot be {}",
                    field.name(),
                    type_name(field.data_type())
                ),
                format!("'{key}' is {}", type_name(&due)),
            ));
        }
        origins.push(Origin::Metadata(key.clone()));
    }
    Ok(origins)
}

/// One reader of a table that is posted to.
struct HttpSource {
    table: HttpTable,
    columns: Vec<usize>,
    queue: Arc<Queue>,
}

impl HttpSource {
    fn new(table: &Table, columns: &[usize]) -> Result<Self> {
        let table = HttpTable::of(table)?;
        let queue = Queue::new(table.rows_max, QUEUE_BYTES, false);
        Ok(Self { table, columns: columns.to_vec(), queue })
    }
}

impl Source for HttpSource {
    fn is_bounded(&self) -> bool {
        false
    }

    fn attach(&mut self, inlets: &Arc<Inlets>, observes: bool) -> Result<Option<Attachment>> {
        if observes {
            self.queue = Queue::new(self.table.rows_max, QUEUE_BYTES, true);
        }
        let inlet = inlets.attach(&self.table, &self.queue)?;
        Ok(Some(Attachment::new(inlet, Arc::clone(&self.queue))))
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        self.queue.next(&self.columns)
    }
}
