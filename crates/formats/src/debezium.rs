//! `debezium-json`: changes of a database's table, one JSON object a line with the row before and after.
//!
//! `c` and `r` are rows that are added, `u` the row before and the row after, `d` a row that is gone. The row
//! before an update may be missing: then the change is by the table's primary key. What is written is `c` and
//! `d` alone. Source: Flink, "Debezium Format".

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{concat, concat_batches, take};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use millstream_types::json_text::{JsonValue, json_string, write_object};
use millstream_types::{ChangeBatch, Error, Result};

use crate::decoder::{Chunk, Decoded, Decoder, Rejected};
use crate::json::{JsonDecoder, JsonOptions, nullable};

/// Reads changes.
pub struct DebeziumDecoder {
    inner: JsonDecoder,
    /// The columns that come out.
    schema: SchemaRef,
    /// Whether the object stands inside of one with its schema.
    enveloped: bool,
    ignore_errors: bool,
    before: Before,
}

/// What is to be made of the row before an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Before {
    /// It is taken back, so it must be there: no key says which one it is.
    #[default]
    Due,
    /// It is taken back where it is there; the change is by key anyway.
    Optional,
    /// It is left out.
    LeftOut,
}

impl DebeziumDecoder {
    /// For the columns at some positions of a table's schema.
    ///
    /// # Errors
    /// When a column is of a type that JSON does not hold.
    pub fn new(
        table: &SchemaRef,
        columns: &[usize],
        options: JsonOptions,
        enveloped: bool,
    ) -> Result<Self> {
        let schema = nullable(&Arc::new(table.project(columns)?));
        let row = DataType::Struct(schema.fields().clone());
        let change = vec![
            Field::new("before", row.clone(), true),
            Field::new("after", row, true),
            Field::new("op", DataType::Utf8, true),
        ];
        let fields = match enveloped {
            true => {
                vec![Field::new("payload", DataType::Struct(Fields::from(change)), true)]
            }
            false => change,
        };
        let ignore_errors = options.ignore_parse_errors;
        let envelope = Arc::new(Schema::new(fields));
        let all: Vec<usize> = (0..envelope.fields().len()).collect();
        let inner = JsonDecoder::new(&envelope, &all, options)?;
        Ok(Self { inner, schema, enveloped, ignore_errors, before: Before::default() })
    }

    /// What is to be made of the row before an update.
    #[must_use]
    pub fn before(mut self, before: Before) -> Self {
        self.before = before;
        self
    }
}

impl Decoder for DebeziumDecoder {
    fn whole(&self, bytes: &[u8]) -> usize {
        self.inner.whole(bytes)
    }

    fn is_by_line(&self) -> bool {
        self.inner.is_by_line()
    }

    fn decode(&self, chunk: &Chunk) -> Result<Decoded> {
        let mut decoded = self.inner.decode(chunk)?;
        let columns = match self.enveloped {
            true => decoded.rows.column(0).as_struct().columns().to_vec(),
            false => decoded.rows.columns().to_vec(),
        };
        let (before, after, ops) = (&columns[0], &columns[1], columns[2].as_string::<i32>());
        let count = decoded.rows.num_rows() as u32;
        // Rows before stand first among all, those after behind them.
        let (mut positions, mut weights) = (Vec::new(), Vec::new());
        let mut rejected = Rejected::default();
        for row in 0..count {
            let at = row as usize;
            let op = if ops.is_valid(at) { ops.value(at) } else { "" };
            let (gone, come) = match op {
                "c" | "r" => (false, true),
                "u" => match self.before {
                    Before::Due => (true, true),
                    Before::Optional => (before.is_valid(at), true),
                    Before::LeftOut => (false, true),
                },
                "d" => (true, false),
                _ => (false, false),
            };
            let complete = (!gone || before.is_valid(at)) && (!come || after.is_valid(at));
            if !complete || !(gone || come) {
                let change = u64::from(row) + chunk.first_line;
                let location = format!("{}, change {change}", chunk.source);
                let message = match op {
                    "u" if gone && before.is_null(at) => {
                        "a change \"op\" = \"u\" without \"before\", which \
                         a table without PRIMARY KEY needs"
                            .to_owned()
                    }
                    "c" | "r" | "u" | "d" => format!(
                        "a change \"op\" = \"{op}\" without \"{}\"",
                        if gone && before.is_null(at) { "before" } else { "after" }
                    ),
                    other => format!("\"op\" is \"{other}\"; c, r, u and d are changes"),
                };
                if !self.ignore_errors {
                    return Err(Error::Data { location, message });
                }
                // Which bytes it was read from is not known here.
                rejected.push(location, message, b"");
                decoded.skipped += 1;
                continue;
            }
            if gone {
                positions.push(row);
                weights.push(-1);
            }
            if come {
                positions.push(count + row);
                weights.push(1);
            }
        }
        let positions = UInt32Array::from(positions);
        let (before, after) = (before.as_struct(), after.as_struct());
        let pairs = before.columns().iter().zip(after.columns());
        let columns = pairs.map(|(before, after)| -> Result<ArrayRef> {
            let both: [&dyn Array; 2] = [before, after];
            Ok(take(&concat(&both)?, &positions, None)?)
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(positions.len()));
        decoded.rows =
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        decoded.weights = Some(Int64Array::from(weights));
        if let Some(more) = rejected.rows()? {
            decoded.rejected = Some(match decoded.rejected.take() {
                Some(lines) => concat_batches(&more.schema(), [&lines, &more])?,
                None => more,
            });
        }
        Ok(decoded)
    }
}

/// Appends one line a change.
///
/// # Errors
/// When a column has no text form.
pub fn write_changes(
    names: &[String],
    changes: &ChangeBatch,
    options: &JsonOptions,
    out: &mut String,
) -> Result<()> {
    let values = changes.rows.columns().iter().map(JsonValue::new).collect::<Result<Vec<_>>>()?;
    let keys: Vec<String> = names.iter().map(|name| json_string(name)).collect();
    let style = options.style();
    for row in 0..changes.num_rows() {
        let weight = changes.weight(row);
        for _ in 0..weight.unsigned_abs() {
            out.push_str(if weight > 0 { "{\"before\":null,\"after\":" } else { "{\"before\":" });
            write_object(&keys, &values, row, &style, out);
            out.push_str(match weight > 0 {
                true => ",\"op\":\"c\"}\n",
                false => ",\"after\":null,\"op\":\"d\"}\n",
            });
        }
    }
    Ok(())
}
