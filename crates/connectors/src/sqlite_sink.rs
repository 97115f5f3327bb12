//! Writes a SQLite table: each epoch is one transaction, and its number stands beside it.
//!
//! Without a PRIMARY KEY rows are inserted. With one, the net changes of an epoch are applied: a key whose
//! row is gone is deleted, and a key that has a row gets it in place of the one before.

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef};
use chrono_tz::Tz;
use millstream_operators::consolidate::net;
use millstream_plan::Table;
use millstream_types::json_text::{JsonStyle, JsonValue};
use millstream_types::text::TextColumn;
use millstream_types::{ChangeBatch, Error, Result};
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, params_from_iter};

use crate::connector::Sink;
use crate::sqlite::{Place, column_type, quoted};

/// Which epoch each of our tables in a file has come to; its name is [`crate::sqlite::EPOCHS`].
const EPOCHS: &str = "CREATE TABLE IF NOT EXISTS millstream_epochs (
    table_name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, committed_at TEXT NOT NULL)";

const SET_EPOCH: &str = "INSERT INTO millstream_epochs
    VALUES (?1, ?2, strftime('%Y-%m-%d %H:%M:%fZ', 'now'))
    ON CONFLICT (table_name) DO UPDATE SET epoch = excluded.epoch, committed_at = excluded.committed_at";

/// A table that is written.
pub struct SqliteSink {
    place: Place,
    connection: Connection,
    schema: SchemaRef,
    key: Vec<usize>,
    insert: String,
    delete: String,
    /// The changes of the epoch, where they are put together at its end.
    changes: Vec<ChangeBatch>,
}

impl SqliteSink {
    /// Opens a table, which is made from its columns when it is not there.
    ///
    /// # Errors
    /// When the file cannot be written, or the table has other columns.
    pub fn new(table: &Table) -> Result<Self> {
        let place = Place::of(table)?;
        place.check_written()?;
        let schema = table.physical.clone();
        let connection = place.write()?;
        let key: Vec<usize> =
            table.primary_key.iter().filter_map(|name| schema.index_of(name).ok()).collect();
        let made = format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; BEGIN IMMEDIATE; {}; {EPOCHS}; COMMIT",
            if place.durable { "FULL" } else { "NORMAL" },
            create(&place, &schema, &key)
        );
        connection.execute_batch(&made).map_err(|error| place.error(&error))?;
        place.check(&connection, &schema)?;
        let sink = Self {
            insert: insert(&place, &schema, &key),
            delete: delete(&place, &schema, &key),
            place,
            connection,
            schema,
            key,
            changes: Vec::new(),
        };
        sink.prepare()?;
        Ok(sink)
    }

    /// Has SQLite look at both statements, so that a key it does not know is found before the first row.
    fn prepare(&self) -> Result<()> {
        self.connection.prepare_cached(&self.insert).map(|_| ()).map_err(|error| {
            let named = self.key.iter().map(|at| self.schema.field(*at).name().as_str());
            match error.to_string().contains("ON CONFLICT clause") {
                true => Error::options(
                    format!(
                        "{} has no unique index on ({}), which is the PRIMARY KEY here",
                        self.place,
                        named.collect::<Vec<_>>().join(", ")
                    ),
                    "declare the key it has, or make one: CREATE UNIQUE INDEX … ON …",
                ),
                false => self.place.error(&error),
            }
        })
    }

    /// SQLite makes NULL of NaN, and does not say so.
    fn check(&self, values: &[Value]) -> Result<()> {
        let is_nan = |value: &Value| matches!(value, Value::Real(number) if number.is_nan());
        let Some(at) = values.iter().position(is_nan) else { return Ok(()) };
        let name = self.schema.field(at).name();
        Err(Error::Data {
            location: format!("{}, column \"{name}\"", self.place),
            message: format!(
                "SQLite holds no NaN; write CASE WHEN CAST({name} AS STRING) <> 'NaN' THEN {name} END \
                 to have NULL in its place"
            ),
        })
    }

    fn begin(&self) -> rusqlite::Result<()> {
        match self.connection.is_autocommit() {
            true => self.connection.execute_batch("BEGIN IMMEDIATE"),
            false => Ok(()),
        }
    }

    fn apply(&self, changes: &ChangeBatch) -> Result<()> {
        let failed = |error: rusqlite::Error| self.place.error(&error);
        let columns: Vec<Values> =
            changes.rows.columns().iter().map(Values::new).collect::<Result<_>>()?;
        let mut insert = self.connection.prepare_cached(&self.insert).map_err(failed)?;
        let mut delete: Option<CachedStatement<'_>> = None;
        for row in 0..changes.num_rows() {
            let weight = changes.weight(row);
            if weight > 0 {
                let copies = if self.key.is_empty() { weight } else { 1 };
                let values: Vec<Value> = columns.iter().map(|column| column.at(row)).collect();
                self.check(&values)?;
                for _ in 0..copies {
                    insert.execute(params_from_iter(&values)).map_err(failed)?;
                }
            } else {
                if delete.is_none() {
                    delete = Some(self.connection.prepare_cached(&self.delete).map_err(failed)?);
                }
                let values = self.key.iter().map(|at| columns[*at].at(row));
                if let Some(delete) = &mut delete {
                    delete.execute(params_from_iter(values)).map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}

impl Sink for SqliteSink {
    fn write(&mut self, changes: &ChangeBatch) -> Result<()> {
        if !self.key.is_empty() {
            self.changes.push(changes.clone());
            return Ok(());
        }
        if changes.weights.is_some() {
            return Err(Error::Internal(
                "a table without a key takes rows that are added".to_owned(),
            ));
        }
        self.begin().map_err(|error| self.place.error(&error))?;
        self.apply(changes)
    }

    fn end_epoch(&mut self, epoch: u64) -> Result<()> {
        let changes = std::mem::take(&mut self.changes);
        if !changes.is_empty() {
            self.begin().map_err(|error| self.place.error(&error))?;
            for batch in net(changes)? {
                self.apply(&batch)?;
            }
        }
        // An epoch without changes leaves no trace.
        if self.connection.is_autocommit() {
            return Ok(());
        }
        let set = |connection: &Connection| -> rusqlite::Result<()> {
            let number = epoch as i64;
            connection.prepare_cached(SET_EPOCH)?.execute((&self.place.table, number))?;
            connection.execute_batch("COMMIT")
        };
        set(&self.connection).map_err(|error| self.place.error(&error))
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}

fn create(place: &Place, schema: &SchemaRef, key: &[usize]) -> String {
    let columns = schema.fields().iter().map(|field| {
        let null = if field.is_nullable() { "" } else { " NOT NULL" };
        format!("{} {}{null}", quoted(field.name()), column_type(field.data_type()))
    });
    let mut parts: Vec<String> = columns.collect();
    if !key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", names(schema, key)));
    }
    format!("CREATE TABLE IF NOT EXISTS {} ({})", quoted(&place.table), parts.join(", "))
}

fn names(schema: &SchemaRef, columns: &[usize]) -> String {
    let names = columns.iter().map(|at| quoted(schema.field(*at).name()));
    names.collect::<Vec<_>>().join(", ")
}

fn insert(place: &Place, schema: &SchemaRef, key: &[usize]) -> String {
    let all: Vec<usize> = (0..schema.fields().len()).collect();
    let marks: Vec<String> = all.iter().map(|at| format!("?{}", at + 1)).collect();
    let (table, columns) = (quoted(&place.table), names(schema, &all));
    let mut sql = format!("INSERT INTO {table} ({columns}) VALUES ({})", marks.join(", "));
    if !key.is_empty() {
        let others = all.iter().filter(|at| !key.contains(at));
        let set: Vec<String> = others
            .map(|at| quoted(schema.field(*at).name()))
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        sql.push_str(&format!(" ON CONFLICT ({})", names(schema, key)));
        sql.push_str(&match set.is_empty() {
            true => " DO NOTHING".to_owned(),
            false => format!(" DO UPDATE SET {}", set.join(", ")),
        });
    }
    sql
}

fn delete(place: &Place, schema: &SchemaRef, key: &[usize]) -> String {
    let same = key.iter().enumerate();
    let same = same.map(|(at, key)| format!("{} = ?{}", quoted(schema.field(*key).name()), at + 1));
    format!("DELETE FROM {} WHERE {}", quoted(&place.table), same.collect::<Vec<_>>().join(" AND "))
}

/// A column's values as SQLite takes them.
enum Values {
    Integer(Int64Array),
    Real(Float64Array),
    Blob(BinaryArray),
    /// Anything that is plain text, and whether a `Z` stands at its end.
    Text(TextColumn, bool),
    Json(JsonValue, ArrayRef),
}

impl Values {
    fn new(array: &ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Boolean => {
                Self::Integer(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            other if other.is_integer() => {
                Self::Integer(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            DataType::Float32 | DataType::Float64 => {
                Self::Real(cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
            }
            DataType::Binary => Self::Blob(array.as_binary::<i32>().clone()),
            DataType::List(_) | DataType::Map(..) | DataType::Struct(_) => {
                Self::Json(JsonValue::new(array)?, array.clone())
            }
            other => {
                let zoned = matches!(other, DataType::Timestamp(_, Some(_)));
                Self::Text(TextColumn::new(array, Tz::UTC, None)?, zoned)
            }
        })
    }

    fn at(&self, row: usize) -> Value {
        match self {
            Self::Integer(values) if values.is_valid(row) => Value::Integer(values.value(row)),
            Self::Real(values) if values.is_valid(row) => Value::Real(values.value(row)),
            Self::Blob(values) if values.is_valid(row) => Value::Blob(values.value(row).to_vec()),
            Self::Text(values, zoned) if !values.is_null(row) => {
                let mut text = String::new();
                values.write(row, &mut text);
                if *zoned {
                    text.push('Z');
                }
                Value::Text(text)
            }
            Self::Json(values, array) if array.is_valid(row) => {
                let mut text = String::new();
                values.write(row, &JsonStyle::default(), &mut text);
                Value::Text(text)
            }
            _ => Value::Null,
        }
    }
}
