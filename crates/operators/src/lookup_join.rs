//! [`LookupJoin`]: each row with the rows that a table has at the moment it comes.

use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use millstream_expr::ScalarExpr;
use millstream_types::{ChangeBatch, Result};

use crate::calc::Calc;
use crate::operator::Transform;
use crate::pairs::{batch, both, holds, taken};
use crate::window_table::pick;

/// A table that can be asked for its rows.
pub trait LookupTable: Send + Sync {
    /// All rows, with the number of their state; `None` where that is the state that is known.
    ///
    /// # Errors
    /// When they cannot be read.
    fn rows(&self, known: Option<u64>) -> Result<Option<(u64, Vec<RecordBatch>)>>;
}

/// What the operator is told.
pub struct LookupJoin {
    /// The table.
    pub table: Box<dyn LookupTable>,
    /// What is done to its rows before they are joined.
    pub steps: Vec<Calc>,
    /// Whether rows without any of the table come out, with NULLs beside them.
    pub outer: bool,
    /// For the input and the table's rows the columns that must be equal.
    pub keys: [Vec<usize>; 2],
    /// What must hold beside that, over the columns of both.
    pub condition: Option<ScalarExpr>,
    /// The columns of the input and of the table's rows.
    pub inputs: [SchemaRef; 2],
    /// The columns that come out.
    pub schema: SchemaRef,
    /// The rows as they were when last asked for: all of them are kept, by key.
    pub cache: RwLock<Option<Arc<Cache>>>,
}

/// The rows of a table by key.
pub struct Cache {
    version: u64,
    rows: RecordBatch,
    converter: RowConverter,
    by_key: HashMap<Box<[u8]>, Vec<u32>, FixedState>,
}

fn all_present(keys: &[ArrayRef], row: usize) -> bool {
    keys.iter().all(|column| column.is_valid(row))
}

impl LookupJoin {
    /// The rows of the table as they are now.
    fn current(&self) -> Result<Arc<Cache>> {
        let read = || self.cache.read().unwrap_or_else(PoisonError::into_inner).clone();
        let known = read();
        let Some((version, batches)) =
            self.table.rows(known.as_ref().map(|known| known.version))?
        else {
            return match known {
                Some(known) => Ok(known),
                None => self.index(0, Vec::new()),
            };
        };
        self.index(version, batches)
    }

    fn index(&self, version: u64, batches: Vec<RecordBatch>) -> Result<Arc<Cache>> {
        let mut rows = Vec::with_capacity(batches.len());
        for batch in batches {
            let mut changes = ChangeBatch::insert(batch);
            for step in &self.steps {
                changes = step.apply(changes)?;
            }
            rows.push(changes.rows.with_schema(Arc::clone(&self.inputs[1]))?);
        }
        let rows = concat_batches(&self.inputs[1], &rows)?;
        let keys = pick(&rows, &self.keys[1]);
        let fields = keys.iter().map(|column| SortField::new(column.data_type().clone()));
        let converter = RowConverter::new(fields.collect())?;
        let encoded = converter.convert_columns(&keys)?;
        let mut by_key: HashMap<Box<[u8]>, Vec<u32>, FixedState> = HashMap::default();
        for row in (0..rows.num_rows()).filter(|row| all_present(&keys, *row)) {
            by_key.entry(encoded.row(row).as_ref().into()).or_default().push(row as u32);
        }
        let cache = Arc::new(Cache { version, rows, converter, by_key });
        *self.cache.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&cache));
        Ok(cache)
    }
}

impl Transform for LookupJoin {
    fn apply(&self, changes: ChangeBatch) -> Result<ChangeBatch> {
        let cache = self.current()?;
        let keys = pick(&changes.rows, &self.keys[0]);
        let encoded = cache.converter.convert_columns(&keys)?;
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for row in (0..changes.num_rows()).filter(|row| all_present(&keys, *row)) {
            let found = cache.by_key.get(encoded.row(row).as_ref());
            for other in found.into_iter().flatten() {
                own.push(row as u32);
                others.push(Some(*other));
            }
        }
        if self.condition.is_some() {
            let (left, right) = (UInt32Array::from(own.clone()), UInt32Array::from(others.clone()));
            let columns = [taken(&changes.rows, &left)?, taken(&cache.rows, &right)?].concat();
            let both = both(&self.inputs);
            if let Some(holds) = holds(self.condition.as_ref(), &both, &columns, left.len())? {
                let mut kept = holds.values().iter();
                own.retain(|_| kept.next().unwrap_or_default());
                let mut kept = holds.values().iter();
                others.retain(|_| kept.next().unwrap_or_default());
            }
        }
        if self.outer {
            (own, others) = with_missing(changes.num_rows() as u32, &own, &others);
        }
        let (own, others) = (UInt32Array::from(own), UInt32Array::from(others));
        let mut columns = taken(&changes.rows, &own)?;
        for column in cache.rows.columns() {
            columns.push(take(column, &others, None)?);
        }
        changes.take_beside(&own, batch(&self.schema, columns, own.len())?)
    }
}

/// Pairs in the order of the rows; a row without any gets one with nothing.
fn with_missing(rows: u32, own: &[u32], others: &[Option<u32>]) -> (Vec<u32>, Vec<Option<u32>>) {
    let mut pairs = own.iter().copied().zip(others.iter().copied()).peekable();
    let mut all = Vec::with_capacity(own.len());
    for row in 0..rows {
        let before = all.len();
        while let Some(pair) = pairs.next_if(|(own, _)| *own == row) {
            all.push(pair);
        }
        if all.len() == before {
            all.push((row, None));
        }
    }
    all.into_iter().unzip()
}
