//! [`Correlate`]: each row joined with the rows that a table function makes of it.

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::SchemaRef;
use millstream_expr::ScalarExpr;
use millstream_plan::function::TableFunction;
use millstream_types::{ChangeBatch, Error, Result};

use crate::operator::Transform;

/// The columns of the input, then those of the function.
#[derive(Debug)]
pub struct Correlate {
    /// The function.
    pub function: TableFunction,
    /// Its arguments, over the input.
    pub arguments: Vec<ScalarExpr>,
    /// Whether a row without any stays, with NULLs beside it.
    pub outer: bool,
    /// The columns it gives.
    pub schema: SchemaRef,
}

impl Transform for Correlate {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let arguments: Vec<ArrayRef> = self
            .arguments
            .iter()
            .map(|value| value.evaluate(&changes.rows))
            .collect::<Result<_>>()?;
        let (origins, made) = (self.function.body)(&arguments)?;
        let rows = changes.num_rows() as u32;
        let ascending = origins.values().windows(2).all(|pair| pair[0] <= pair[1]);
        let inside = origins.values().last().is_none_or(|last| *last < rows);
        if origins.len() != made.num_rows() || !ascending || !inside || origins.null_count() > 0 {
            return Err(Error::Evaluation(format!(
                "table function {} gave {} origins for {} rows; each row needs the position of the \
                 row it was made from, ascending",
                self.function.name,
                origins.len(),
                made.num_rows()
            )));
        }
        let (from_input, from_function) = if self.outer {
            self.with_missing(rows, &origins)
        } else {
            (origins, UInt32Array::from_iter_values(0..made.num_rows() as u32))
        };
        let input = changes.take(&from_input)?;
        let mut columns = input.rows.columns().to_vec();
        for column in made.columns() {
            columns.push(take(column, &from_function, None)?);
        }
        Ok(ChangeBatch { rows: RecordBatch::try_new(self.schema.clone(), columns)?, ..input })
    }
}

impl Correlate {
    /// Positions in the input and in the function's rows; rows without any get a NULL.
    fn with_missing(&self, rows: u32, origins: &UInt32Array) -> (UInt32Array, UInt32Array) {
        let (mut from_input, mut from_function) = (Vec::new(), Vec::new());
        let mut next = 0;
        for row in 0..rows {
            let first = next;
            while next < origins.len() && origins.value(next) == row {
                from_input.push(row);
                from_function.push(Some(next as u32));
                next += 1;
            }
            if first == next {
                from_input.push(row);
                from_function.push(None);
            }
        }
        (from_input.into(), from_function.into())
    }
}
