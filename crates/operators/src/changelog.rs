//! [`ToChangelog`] and [`FromChangelog`]: changes as rows, and rows as changes. Source: Flink, "Changelog
//! Conversion".

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, RecordBatchOptions, StringArray, UInt32Array,
};
use arrow::datatypes::SchemaRef;
use millstream_plan::ChangeCodes;
use millstream_types::{ChangeBatch, ChangeOp, Error, Result, for_each_change};

use crate::operator::Transform;

/// Makes a row of each change, with the code of its kind before the columns.
#[derive(Debug)]
pub struct ToChangelog {
    /// The codes; changes of other kinds are left out.
    pub codes: ChangeCodes,
    /// The columns of which each value has one row at a time, where they are known.
    pub key: Option<Vec<usize>>,
    /// The columns that come out.
    pub schema: SchemaRef,
}

impl Transform for ToChangelog {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let (mut codes, mut positions) = (Vec::new(), Vec::new());
        for_each_change(&changes, self.key.as_deref(), |op, row| {
            if let Some((code, _)) = self.codes.0.iter().find(|(_, kind)| *kind == op) {
                codes.push(code.as_str());
                positions.push(row as u32);
            }
        });
        let taken = changes.take(&UInt32Array::from(positions))?;
        let codes: ArrayRef = Arc::new(StringArray::from(codes));
        let columns = std::iter::once(&codes).chain(taken.rows.columns()).cloned().collect();
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        Ok(ChangeBatch { rows, weights: None, reached: taken.reached })
    }
}

/// Makes a change of each row, whose kind the code in a column tells.
#[derive(Debug)]
pub struct FromChangelog {
    /// The column, which goes.
    pub column: usize,
    /// The codes.
    pub codes: ChangeCodes,
    /// The columns that come out.
    pub schema: SchemaRef,
}

impl Transform for FromChangelog {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let given = changes.rows.column(self.column).as_string::<i32>();
        let weight = |row: usize| {
            let code = given.is_valid(row).then(|| given.value(row));
            let kind = self.codes.0.iter().find(|(known, _)| Some(known.as_str()) == code);
            match kind {
                Some((_, ChangeOp::Insert | ChangeOp::UpdateAfter)) => Ok(1),
                Some((_, ChangeOp::Delete | ChangeOp::UpdateBefore)) => Ok(-1),
                None => Err(Error::Evaluation(format!(
                    "FROM_CHANGELOG: {} is no code of a change; op_mapping has {}",
                    code.map_or("NULL".to_owned(), |code| format!("'{code}'")),
                    self.codes
                ))),
            }
        };
        let rows = changes.num_rows();
        let weights = (0..rows).map(weight).collect::<Result<Vec<i64>>>()?;
        let mut columns = changes.rows.columns().to_vec();
        columns.remove(self.column);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let weights = weights.contains(&-1).then(|| Int64Array::from(weights));
        Ok(ChangeBatch { rows, weights, reached: changes.reached })
    }
}
