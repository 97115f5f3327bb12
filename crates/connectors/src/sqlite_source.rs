//! Reads a SQLite table from its first row to its last, all of one moment.
//!
//! Rows become lines of JSON on the source's thread, a megabyte at a time, and those are decoded on any
//! core. One read transaction is open from the first row on. Pages go on behind the last rowid; a view and
//! a table without rowids are read at once.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use base64::Engine;
use millstream_formats::json::{JsonDecoder, JsonOptions};
use millstream_formats::{Chunk, Decoder, ErrorPolicy};
use millstream_plan::Table;
use millstream_types::Result;
use millstream_types::json_text::{json_string, push_json_string};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::connector::{Each, Piece, Source, SourceEvent};
use crate::sqlite::{Place, quoted};

/// How many bytes are handed over at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// A table that is read.
pub struct SqliteSource {
    place: Place,
    connection: Connection,
    schema: SchemaRef,
    keys: Vec<String>,
    decoder: Arc<dyn Decoder>,
    /// The row behind which the next page starts; `None` before the first.
    after: Option<i64>,
    /// Whether rows are numbered, so that they can be read in pages.
    paged: bool,
    chunks: VecDeque<Chunk>,
    rows: u64,
    ended: bool,
}

impl SqliteSource {
    /// Opens some physical columns of a table.
    ///
    /// # Errors
    /// When file, table or a column is not there.
    pub fn new(table: &Table, columns: &[usize]) -> Result<Self> {
        let place = Place::of(table)?;
        let connection = place.read()?;
        Self::over(table, place, connection, columns)
    }

    /// As [`Self::new`], with a connection that is there already.
    pub(crate) fn over(
        table: &Table,
        place: Place,
        connection: Connection,
        columns: &[usize],
    ) -> Result<Self> {
        let schema: SchemaRef = Arc::new(table.physical.project(columns)?);
        place.check(&connection, &schema)?;
        let own = "SELECT 1 FROM pragma_table_list(?1) WHERE type = 'table' AND wr = 0";
        let numbered = connection
            .prepare(own)
            .and_then(|mut statement| statement.exists([&place.table]))
            .map_err(|error| place.error(&error))?;
        let shadowed = place.columns(&connection)?;
        let paged = numbered && !shadowed.iter().any(|name| name.eq_ignore_ascii_case("_rowid_"));
        let policy = ErrorPolicy::of(&table.options, "json")?;
        let ignore_parse_errors = policy == ErrorPolicy::Skip;
        let strict_decimals = !ignore_parse_errors;
        let options =
            JsonOptions { ignore_parse_errors, strict_decimals, ..JsonOptions::default() };
        let decoder = Arc::new(JsonDecoder::new(&table.physical, columns, options)?);
        Ok(Self {
            keys: schema.fields().iter().map(|field| json_string(field.name())).collect(),
            decoder: policy.applied(decoder),
            place,
            connection,
            schema,
            after: None,
            paged,
            chunks: VecDeque::new(),
            rows: 0,
            ended: false,
        })
    }

    /// The connection, once everything was read.
    pub(crate) fn into_connection(self) -> Connection {
        self.connection
    }

    fn sql(&self) -> String {
        let columns = self.schema.fields().iter().map(|field| quoted(field.name()));
        let number = if self.paged { "_rowid_" } else { "0" };
        let columns: Vec<String> = std::iter::once(number.to_owned()).chain(columns).collect();
        let mut sql = format!("SELECT {} FROM {}", columns.join(", "), quoted(&self.place.table));
        if self.paged {
            let from =
                if self.after.is_some() { " WHERE _rowid_ > ?1" } else { " WHERE ?1 IS NULL" };
            sql.push_str(from);
            sql.push_str(" ORDER BY _rowid_");
        }
        sql
    }

    /// Reads the next page, or all rows.
    fn read(&mut self) -> rusqlite::Result<()> {
        if self.connection.is_autocommit() {
            self.connection.execute_batch("BEGIN")?;
        }
        let sql = self.sql();
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = match self.paged {
            true => statement.query([self.after])?,
            false => statement.query([])?,
        };
        let source: Arc<str> = self.place.to_string().into();
        let mut text = String::new();
        let mut first = self.rows + 1;
        let mut chunk = |text: &mut String, first: u64| {
            let bytes = std::mem::take(text).into_bytes();
            self.chunks.push_back(Chunk { bytes, source: Arc::clone(&source), first_line: first });
        };
        self.ended = true;
        while let Some(row) = rows.next()? {
            self.after = Some(row.get(0)?);
            text.push('{');
            let mut separator = "";
            for (at, field) in self.schema.fields().iter().enumerate() {
                let value = row.get_ref(at + 1)?;
                if value != ValueRef::Null {
                    let _ = write!(text, "{separator}{}:", self.keys[at]);
                    if *field.data_type() == DataType::Boolean {
                        push_boolean(&mut text, value, field.name())?;
                    } else {
                        push_value(&mut text, value, field.data_type());
                    }
                    separator = ",";
                }
            }
            text.push_str("}\n");
            self.rows += 1;
            if text.len() >= CHUNK_BYTES {
                chunk(&mut text, first);
                first = self.rows + 1;
                if self.paged {
                    self.ended = false;
                    break;
                }
            }
        }
        if !text.is_empty() {
            chunk(&mut text, first);
        }
        Ok(())
    }
}

/// Appends an integer, which is FALSE where it is 0, or a word as JSON. JSON would take all else for FALSE.
fn push_boolean(text: &mut String, value: ValueRef<'_>, column: &str) -> rusqlite::Result<()> {
    let shown = match value {
        ValueRef::Null => {
            text.push_str("null");
            return Ok(());
        }
        ValueRef::Integer(number) => (number != 0).to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).to_lowercase()
        }
    };
    if !["true", "false"].contains(&shown.as_str()) {
        let misfit = format!("column \"{column}\": \"{shown}\" does not fit BOOLEAN");
        return Err(rusqlite::Error::ToSqlConversionFailure(misfit.into()));
    }
    text.push_str(&shown);
    Ok(())
}

/// Appends a value as JSON, in the spelling that its column is read from.
fn push_value(text: &mut String, value: ValueRef<'_>, due: &DataType) {
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let nested = matches!(due, DataType::List(_) | DataType::Map(..) | DataType::Struct(_));
    match value {
        ValueRef::Null => text.push_str("null"),
        // JSON is read more kindly than this, 1.5 as 1; an array is refused there.
        ValueRef::Real(number) if due.is_integer() && number.fract() != 0.0 => {
            let _ = write!(text, "[{number:?}]");
        }
        ValueRef::Integer(number) => {
            let _ = write!(text, "{number}");
        }
        ValueRef::Real(number) if number.is_finite() => {
            let _ = write!(text, "{number:?}");
        }
        ValueRef::Real(number) => {
            let _ = write!(text, "\"{}Infinity\"", if number < 0.0 { "-" } else { "" });
        }
        // A line break is part of no JSON value but a string, where it is escaped.
        ValueRef::Text(bytes) if nested => {
            text.extend(
                String::from_utf8_lossy(bytes).chars().map(|c| if c == '\n' { ' ' } else { c }),
            );
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) if *due == DataType::Binary => {
            push_json_string(text, &base64(bytes));
        }
        ValueRef::Text(bytes) => push_json_string(text, &String::from_utf8_lossy(bytes)),
        ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(known) => push_json_string(text, known),
            Err(_) => push_json_string(text, &base64(bytes)),
        },
    }
}

struct Rows {
    decoder: Arc<dyn Decoder>,
    chunk: Chunk,
}

impl Piece for Rows {
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        each(self.decoder.decode(&self.chunk)?)
    }
}

impl Source for SqliteSource {
    fn is_bounded(&self) -> bool {
        true
    }

    fn hold(&mut self) -> Result<()> {
        // A transaction has its moment from its first read on.
        let first = format!("SELECT 1 FROM {} LIMIT 1", quoted(&self.place.table));
        let held = || -> rusqlite::Result<bool> {
            self.connection.execute_batch("BEGIN")?;
            self.connection.prepare(&first)?.exists([])
        };
        held().map(|_| ()).map_err(|error| self.place.error(&error))
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        if self.chunks.is_empty() && !self.ended {
            self.read().map_err(|error| self.place.error(&error))?;
        }
        let Some(chunk) = self.chunks.pop_front() else {
            if !self.connection.is_autocommit() {
                let ended = self.connection.execute_batch("COMMIT");
                ended.map_err(|error| self.place.error(&error))?;
            }
            return Ok(None);
        };
        let piece = Box::new(Rows { decoder: Arc::clone(&self.decoder), chunk });
        Ok(Some(SourceEvent::Rows { split: 0, piece }))
    }
}
