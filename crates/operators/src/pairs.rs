//! What joins have in common: rows of two inputs side by side.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Schema, SchemaRef};
use millstream_expr::ScalarExpr;
use millstream_types::Result;

/// So many pairs are looked at together.
pub const PAIRS: usize = 8_192;

/// The columns of both inputs, any of which may be NULL.
pub fn both(inputs: &[SchemaRef; 2]) -> SchemaRef {
    let fields = inputs.iter().flat_map(|schema| schema.fields());
    let fields = fields.map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The columns of one side and those of the other, the left ones first.
pub fn beside(side: usize, own: Vec<ArrayRef>, other: Vec<ArrayRef>) -> Vec<ArrayRef> {
    if side == 0 { [own, other].concat() } else { [other, own].concat() }
}

/// The rows at some positions, column by column.
///
/// # Errors
/// When a position is outside the batch.
pub fn taken(rows: &RecordBatch, positions: &UInt32Array) -> Result<Vec<ArrayRef>> {
    rows.columns().iter().map(|column| Ok(take(column, positions, None)?)).collect()
}

/// Rows of NULLs.
pub fn nulls(schema: &SchemaRef, rows: usize) -> Vec<ArrayRef> {
    let fields = schema.fields().iter();
    fields.map(|field| arrow::array::new_null_array(field.data_type(), rows)).collect()
}

/// A batch of columns; there may be none.
///
/// # Errors
/// When the columns do not fit the schema.
pub fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// For which pairs a condition over the columns of both is TRUE; `None` is all of them.
///
/// # Errors
/// When it cannot be computed.
pub fn holds(
    condition: Option<&ScalarExpr>,
    both: &SchemaRef,
    columns: &[ArrayRef],
    rows: usize,
) -> Result<Option<BooleanArray>> {
    let Some(condition) = condition else { return Ok(None) };
    Ok(Some(condition.evaluate_condition(&batch(both, columns.to_vec(), rows)?)?))
}
