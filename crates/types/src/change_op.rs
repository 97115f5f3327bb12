//! [`ChangeOp`]: changes in Flink's terms, as they are shown at the edge.

use arrow::array::{DynComparator, make_comparator};
use arrow::compute::SortOptions;

use crate::changes::ChangeBatch;

/// How a change is shown at the edge, in Flink's letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeOp {
    /// `+I`
    Insert,
    /// `-U`, the row before an update.
    UpdateBefore,
    /// `+U`, the row after an update.
    UpdateAfter,
    /// `-D`
    Delete,
}

impl ChangeOp {
    /// The two letters Flink prints.
    pub fn letters(self) -> &'static str {
        match self {
            Self::Insert => "+I",
            Self::UpdateBefore => "-U",
            Self::UpdateAfter => "+U",
            Self::Delete => "-D",
        }
    }
}

/// Calls `take` with each change in Flink's terms: a row taken back right before one of the same key that is
/// added is an update of it. `key` are the columns of which each value has at most one row at a time; where
/// none are known, nothing is an update. A row of weight n comes n times.
pub fn for_each_change(
    changes: &ChangeBatch,
    key: Option<&[usize]>,
    mut take: impl FnMut(ChangeOp, usize),
) {
    let rows = changes.num_rows();
    let columns =
        key.into_iter().flatten().filter_map(|column| changes.rows.columns().get(*column));
    // Without an order columns have no equality either.
    let compare =
        columns.map(|column| make_comparator(column, column, SortOptions::default()).ok());
    let compare: Option<Vec<DynComparator>> = match changes.weights.is_some() && key.is_some() {
        true => compare.collect(),
        false => None,
    };
    let replaces = |row: usize| {
        compare.as_ref().is_some_and(|all| all.iter().all(|compare| compare(row, row + 1).is_eq()))
    };
    let mut row = 0;
    while row < rows {
        let weight = changes.weight(row);
        let updated = weight == -1 && row + 1 < rows && changes.weight(row + 1) == 1;
        if updated && replaces(row) {
            take(ChangeOp::UpdateBefore, row);
            take(ChangeOp::UpdateAfter, row + 1);
            row += 2;
            continue;
        }
        let op = if weight > 0 { ChangeOp::Insert } else { ChangeOp::Delete };
        (0..weight.unsigned_abs()).for_each(|_| take(op, row));
        row += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};

    use super::*;

    /// Changes of counts by name, and what they are called.
    fn ops(key: Option<&[usize]>, rows: &[(i64, Option<&str>, i64)]) -> String {
        let names: StringArray = rows.iter().map(|row| row.1).collect();
        let counts = Int64Array::from_iter_values(rows.iter().map(|row| row.2));
        let columns: [(&str, ArrayRef); 2] = [("k", Arc::new(names)), ("c", Arc::new(counts))];
        let weights = Int64Array::from_iter_values(rows.iter().map(|row| row.0));
        let rows = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true)));
        let mut ops = Vec::new();
        let changes = ChangeBatch::weighted(rows.unwrap(), weights);
        for_each_change(&changes, key, |op, row| ops.push(format!("{}{row}", op.letters())));
        ops.join(" ")
    }

    #[test]
    fn a_row_is_updated_by_one_of_its_key() {
        let rows = [(-1, Some("a"), 1), (1, Some("a"), 2), (-1, Some("b"), 1), (1, Some("c"), 1)];
        assert_eq!(ops(Some(&[0]), &rows), "-U0 +U1 -D2 +I3");
        assert_eq!(ops(None, &rows), "-D0 +I1 -D2 +I3");
        assert_eq!(
            ops(Some(&[0]), &[(-1, None, 1), (1, None, 2), (2, None, 2)]),
            "-U0 +U1 +I2 +I2"
        );
        // One row at a time replaces the one before it.
        assert_eq!(ops(Some(&[]), &[(-1, Some("a"), 1), (1, Some("b"), 2)]), "-U0 +U1");
    }
}
