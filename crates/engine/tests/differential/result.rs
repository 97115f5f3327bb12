//! Rows of a result, and how two results differ.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int32Type, Int64Type};

use crate::ast::Value;

/// How often each row is in a result.
pub type Rows = BTreeMap<Vec<Value>, i64>;

/// A cell of a result of millstream.
pub fn cell(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Null => Value::Null,
        DataType::Int32 => Value::Number(i64::from(column.as_primitive::<Int32Type>().value(row))),
        DataType::Int64 => Value::Number(column.as_primitive::<Int64Type>().value(row)),
        DataType::Boolean => Value::Number(i64::from(column.as_boolean().value(row))),
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row).to_owned()),
        other => Value::Text(format!("a value of {other}")),
    }
}

/// The rows of one result that are missing from another, one a line with their number.
pub fn without(rows: &Rows, others: &Rows) -> String {
    let mut text = String::new();
    for (row, copies) in rows {
        let more = copies - others.get(row).unwrap_or(&0);
        if more > 0 {
            text.push_str(&format!("    {more} x {}\n", line(row)));
        }
    }
    text
}

/// All rows, one a line with their number.
pub fn all(rows: &Rows) -> String {
    rows.iter().map(|(row, copies)| format!("    {copies} x {}\n", line(row))).collect()
}

fn line(row: &[Value]) -> String {
    let cells = row.iter().map(|value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => format!("'{text}'"),
    });
    format!("({})", cells.collect::<Vec<_>>().join(", "))
}
