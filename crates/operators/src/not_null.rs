//! [`NotNull`]: holds rows to what their table promises.

use arrow::array::Array;
use arrow::datatypes::SchemaRef;
use millstream_types::{ChangeBatch, Error, Result};

use crate::operator::Transform;

/// Fails when a column that is NOT NULL holds a NULL.
#[derive(Debug)]
pub struct NotNull {
    table: String,
    columns: Vec<(usize, String)>,
}

impl NotNull {
    /// For the columns of a table; `None` when all of them may be NULL.
    pub fn new(table: &str, schema: &SchemaRef) -> Option<Self> {
        let columns = schema.fields().iter().enumerate().filter(|(_, field)| !field.is_nullable());
        let columns: Vec<_> = columns.map(|(at, field)| (at, field.name().clone())).collect();
        (!columns.is_empty()).then(|| Self { table: table.to_owned(), columns })
    }
}

impl Transform for NotNull {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        match self.columns.iter().find(|(at, _)| changes.rows.column(*at).null_count() > 0) {
            None => Ok(changes),
            Some((_, name)) => Err(Error::Data {
                location: format!("table \"{}\", column \"{name}\"", self.table),
                message: "the column is NOT NULL, and a value is missing".to_owned(),
            }),
        }
    }
}
