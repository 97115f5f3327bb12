//! Changes as text, for tests of operators: one change a line, its weight first.
//!
//! ```
//! use arrow::datatypes::DataType;
//! use millstream_testing::notation::{changes, schema, text};
//!
//! let columns = schema(&[("k", DataType::Utf8), ("n", DataType::Int64)]);
//! let batch = changes(&columns, "+1 | a | 3\n-1 | - | 4");
//! assert_eq!(text(&batch), "+1 | a | 3\n-1 | - | 4\n");
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::array_value_to_string;
use millstream_types::ChangeBatch;

/// Columns by their names and types; each may be NULL.
pub fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields = columns.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Reads changes; `-` is NULL. Columns are read as texts and cast.
///
/// # Panics
/// When the text does not fit the schema: the test is wrong then.
#[allow(clippy::expect_used, reason = "a wrong test must fail")]
pub fn changes(schema: &SchemaRef, text: &str) -> ChangeBatch {
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells.len() > 1)
        .collect();
    let weights: Vec<i64> = lines
        .iter()
        .map(|cells| cells[0].parse().expect("a line starts with its weight"))
        .collect();
    let columns = schema.fields().iter().enumerate().map(|(at, field)| {
        let cells: StringArray =
            lines.iter().map(|cells| Some(cells[at + 1]).filter(|cell| *cell != "-")).collect();
        let whole = match field.data_type() {
            DataType::Timestamp(..) => {
                arrow::compute::cast(&cells, &DataType::Int64).expect("a time is its milliseconds")
            }
            _ => Arc::new(cells) as ArrayRef,
        };
        arrow::compute::cast(&whole, field.data_type()).expect("a cell fits its column")
    });
    let rows =
        RecordBatch::try_new(Arc::clone(schema), columns.collect()).expect("rows fit their schema");
    if weights.iter().all(|weight| *weight == 1) {
        return ChangeBatch::insert(rows);
    }
    ChangeBatch::weighted(rows, Int64Array::from(weights))
}

/// Writes changes; times as their milliseconds.
///
/// # Panics
/// When a column has no text form: the test is wrong then.
#[allow(clippy::expect_used, reason = "a wrong test must fail")]
pub fn text(changes: &ChangeBatch) -> String {
    let columns: Vec<ArrayRef> = changes
        .rows
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Timestamp(..) => {
                arrow::compute::cast(column, &DataType::Int64).expect("a time is a number")
            }
            _ => Arc::clone(column),
        })
        .collect();
    let mut out = String::new();
    for row in 0..changes.num_rows() {
        out.push_str(&format!("{:+}", changes.weight(row)));
        for column in &columns {
            let cell = match column.is_null(row) {
                true => "-".to_owned(),
                false => array_value_to_string(column, row).expect("a value has a text"),
            };
            out.push_str(&format!(" | {cell}"));
        }
        out.push('\n');
    }
    out
}
