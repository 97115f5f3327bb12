//! [`FirstPresent`]: COALESCE and IFNULL whose later arguments are only evaluated for the rows that the ones
//! before leave NULL, as in Flink: `COALESCE(a, 1 / b)` divides where `a` is NULL.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{filter_record_batch, is_not_null, is_null, take};
use arrow::datatypes::{DataType, Schema};
use datafusion_common::Result as DfResult;
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr::PhysicalExpr;

use crate::guarded::read_alone;

/// The first of several values that is not NULL.
#[derive(Debug, Clone, Eq)]
pub(crate) struct FirstPresent {
    first: Arc<dyn PhysicalExpr>,
    others: Vec<Other>,
}

/// A value that is only needed for some rows.
#[derive(Debug, Clone)]
struct Other {
    whole: Arc<dyn PhysicalExpr>,
    /// The columns that it reads, and itself over these alone: found once it is evaluated, as expressions are
    /// put together again many times before.
    alone: OnceLock<(Vec<usize>, Arc<dyn PhysicalExpr>)>,
}

impl FirstPresent {
    pub(crate) fn new(
        first: Arc<dyn PhysicalExpr>,
        others: impl IntoIterator<Item = Arc<dyn PhysicalExpr>>,
    ) -> Self {
        let others = others.into_iter().map(|whole| Other { whole, alone: OnceLock::new() });
        Self { first, others: others.collect() }
    }

    /// What is evaluated for every row.
    pub(crate) fn first(&self) -> &Arc<dyn PhysicalExpr> {
        &self.first
    }
}

impl Eq for Other {}

// Derived, these would compare pointers to traits, which they cannot.
impl PartialEq for Other {
    fn eq(&self, other: &Self) -> bool {
        self.whole.eq(&other.whole)
    }
}

impl Hash for Other {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.whole.hash(state);
    }
}

impl PartialEq for FirstPresent {
    fn eq(&self, other: &Self) -> bool {
        self.first.eq(&other.first) && self.others == other.others
    }
}

impl Hash for FirstPresent {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.first.hash(state);
        self.others.hash(state);
    }
}

impl fmt::Display for FirstPresent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "COALESCE({}", self.first)?;
        self.others.iter().try_for_each(|other| write!(f, ", {}", other.whole))?;
        f.write_str(")")
    }
}

impl PhysicalExpr for FirstPresent {
    fn data_type(&self, schema: &Schema) -> DfResult<DataType> {
        self.first.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> DfResult<bool> {
        let mut nullable = self.first.nullable(schema)?;
        for other in &self.others {
            nullable &= other.whole.nullable(schema)?;
        }
        Ok(nullable)
    }

    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        let rows = batch.num_rows();
        let mut result: ArrayRef = self.first.evaluate(batch)?.into_array(rows)?;
        for other in &self.others {
            if result.null_count() == 0 {
                break;
            }
            let open = is_null(&result)?;
            let (read, over_read) = match other.alone.get() {
                Some(known) => known,
                None => {
                    let found = read_alone(&other.whole)?;
                    other.alone.get_or_init(|| found)
                }
            };
            let alone = filter_record_batch(&batch.project(read)?, &open)?;
            let found = over_read.evaluate(&alone)?.into_array(alone.num_rows())?;
            let mut next = 0;
            let places: UInt32Array = open
                .values()
                .iter()
                .map(|open| {
                    next += u32::from(open);
                    open.then(|| next - 1)
                })
                .collect();
            let found = take(&found, &places, None)?;
            result = zip(&is_not_null(&result)?, &result, &found)?;
        }
        Ok(ColumnarValue::Array(result))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        std::iter::once(&self.first).chain(self.others.iter().map(|other| &other.whole)).collect()
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> DfResult<Arc<dyn PhysicalExpr>> {
        let mut children = children.into_iter();
        match children.next() {
            Some(first) => Ok(Arc::new(Self::new(first, children))),
            None => Ok(self),
        }
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
