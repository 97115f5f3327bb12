//! Table functions: from the values of one row to any number of rows.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, SchemaRef};
use millstream_types::Result;

/// A table function given by the embedding program.
#[derive(Clone)]
pub struct TableFunction {
    /// The name it is called by.
    pub name: String,
    /// The types its arguments are cast to.
    pub arguments: Vec<DataType>,
    /// The columns of the rows it gives.
    pub result: SchemaRef,
    /// What it computes.
    pub body: TableBody,
}

/// What a [`TableFunction`] computes: from one array an argument, all of the same length, to rows of
/// the declared columns and, for each of them, the position of the row it was made from, ascending.
pub type TableBody = Arc<dyn Fn(&[ArrayRef]) -> Result<(UInt32Array, RecordBatch)> + Send + Sync>;

impl fmt::Debug for TableFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
