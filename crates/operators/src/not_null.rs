//! [`NotNull`]: holds rows to what their table promises.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray};
use arrow::datatypes::SchemaRef;
use millstream_types::{ChangeBatch, Error, Result};

use crate::dropped::{Dropped, Reason};
use crate::operator::Transform;

/// Fails when a column that is NOT NULL holds a NULL, or leaves such rows out and counts them.
#[derive(Debug)]
pub struct NotNull {
    table: String,
    columns: Vec<(usize, String)>,
    /// Where rows are counted that are left out; without it they are an error.
    dropped: Option<Arc<Dropped>>,
}

impl NotNull {
    /// For the columns of a table; `None` when all of them may be NULL.
    pub fn new(table: &str, schema: &SchemaRef) -> Option<Self> {
        let columns = schema.fields().iter().enumerate().filter(|(_, field)| !field.is_nullable());
        let columns: Vec<_> = columns.map(|(at, field)| (at, field.name().clone())).collect();
        (!columns.is_empty()).then(|| Self { table: table.to_owned(), columns, dropped: None })
    }

    /// The same, leaving rows out.
    pub fn dropping(self, dropped: &Arc<Dropped>) -> Self {
        Self { dropped: Some(Arc::clone(dropped)), ..self }
    }
}

impl Transform for NotNull {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let missing = |(at, _): &&(usize, String)| changes.rows.column(*at).null_count() > 0;
        match (self.columns.iter().find(missing), &self.dropped) {
            (None, _) => Ok(changes),
            (Some(_), Some(dropped)) => {
                let present = |row: &usize| {
                    self.columns.iter().all(|(at, _)| changes.rows.column(*at).is_valid(*row))
                };
                let (kept, left_out): (Vec<usize>, Vec<usize>) =
                    (0..changes.num_rows()).partition(present);
                dropped.add(Reason::NullValue, &changes, &left_out, None);
                let mut mask = vec![false; changes.num_rows()];
                kept.into_iter().for_each(|row| mask[row] = true);
                changes.filter(&BooleanArray::from(mask))
            }
            (Some((_, name)), None) => Err(Error::Data {
                location: format!("table \"{}\", column \"{name}\"", self.table),
                message: "the column is NOT NULL, and a value is missing".to_owned(),
            }),
        }
    }
}
