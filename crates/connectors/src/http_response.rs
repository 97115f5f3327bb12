//! `'connector' = 'http-response'`: rows that answer requests of an `http-server` table.
//!
//! The rows of an epoch are given to the requests they name when all sinks of the job have ended it, so that
//! nobody hears of what could still be lost. The first epoch that has rows for a request answers it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::SchemaRef;
use millstream_formats::Format;
use millstream_operators::consolidate::net;
use millstream_plan::Table;
use millstream_types::json_text::{JsonStyle, JsonValue, json_string, write_object};
use millstream_types::{ChangeBatch, Error, Result};

use crate::connector::{Connector, Sink};
use crate::http_inlet::Inlets;
use crate::http_server::REQUEST_ID;

/// `'connector' = 'http-response'`
pub const CONNECTOR: Connector = Connector {
    name: "http-response",
    keys: &[],
    has_format: true,
    metadata: &[REQUEST_ID],
    source: None,
    sink: Some(|table| Ok(Box::new(Responses::new(table)?))),
};

/// Checks a table's options.
///
/// # Errors
/// When they make no sense.
pub fn validate(table: &Table) -> Result<()> {
    Responses::new(table).map(|_| ())
}

struct Responses {
    /// The position of the column that names the request.
    request: usize,
    /// The other columns, and their names as JSON.
    columns: Vec<usize>,
    keys: Vec<String>,
    style: JsonStyle,
    inlets: Option<Arc<Inlets>>,
    changes: Vec<ChangeBatch>,
    /// The rows of the epoch, by request.
    answers: HashMap<String, Vec<String>>,
}

impl Responses {
    fn new(table: &Table) -> Result<Self> {
        let schema: &SchemaRef = &table.physical;
        let named = table.metadata.keys().next();
        let Some(request) = named.and_then(|name| schema.index_of(name).ok()) else {
            return Err(Error::options(
                "a table of http-response needs to know which request a row answers",
                "declare the column request_id STRING METADATA",
            ));
        };
        let style = match table.options.get("format").map(String::as_str) {
            None => JsonStyle::default(),
            Some("json") => match Format::from_options("json", &table.options)? {
                Format::Json(options) => options.message_style(),
                _ => JsonStyle::default(),
            },
            Some(other) => {
                return Err(Error::options(
                    format!("'format' = '{other}' is no form of an answer"),
                    "it is json, and may be left out",
                ));
            }
        };
        if *schema.field(request).data_type() != arrow::datatypes::DataType::Utf8 {
            return Err(Error::options(
                format!("metadata column \"{}\" is not STRING", schema.field(request).name()),
                "declare it as request_id STRING METADATA",
            ));
        }
        let columns: Vec<usize> = (0..schema.fields().len()).filter(|at| *at != request).collect();
        let keys = columns.iter().map(|at| json_string(schema.field(*at).name())).collect();
        let (changes, answers) = (Vec::new(), HashMap::new());
        Ok(Self { request, columns, keys, style, inlets: None, changes, answers })
    }

    fn collect(&mut self, changes: &ChangeBatch) -> Result<()> {
        let requests = changes.rows.column(self.request).as_string::<i32>();
        let columns = self.columns.iter().map(|at| JsonValue::new(changes.rows.column(*at)));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        for row in 0..changes.num_rows() {
            let weight = changes.weight(row);
            // What is taken back of an earlier epoch was answered with already.
            if weight <= 0 || arrow::array::Array::is_null(requests, row) {
                continue;
            }
            let mut text = String::new();
            write_object(&self.keys, &columns, row, &self.style, &mut text);
            let rows = self.answers.entry(requests.value(row).to_owned()).or_default();
            rows.extend(std::iter::repeat_n(text, weight as usize));
        }
        Ok(())
    }
}

impl Sink for Responses {
    fn attach(&mut self, inlets: &Arc<Inlets>) {
        self.inlets = Some(Arc::clone(inlets));
    }

    fn write(&mut self, changes: &ChangeBatch) -> Result<()> {
        self.changes.push(changes.clone());
        Ok(())
    }

    fn end_epoch(&mut self, _epoch: u64) -> Result<()> {
        for batch in net(std::mem::take(&mut self.changes))? {
            self.collect(&batch)?;
        }
        Ok(())
    }

    fn epoch_ended(&mut self) {
        for (request, rows) in self.answers.drain() {
            if let Some(inlets) = &self.inlets {
                // Whoever asked may have waited long enough.
                inlets.respond(&request, &rows);
            }
        }
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}
