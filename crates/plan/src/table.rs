//! [`Table`]: a table of the catalog, as plans and connectors refer to it.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use millstream_expr::ScalarExpr;

/// Options of a table: keys in Flink's spelling, in the order of their names.
pub type Options = BTreeMap<String, String>;

/// A table: where its rows come from or go to, and what they look like.
#[derive(Clone)]
pub struct Table {
    /// The name it was created under.
    pub name: String,
    /// All columns, computed ones too, in declared order.
    pub schema: SchemaRef,
    /// For each column of `schema` that is computed: its expression over the physical columns.
    pub computed: BTreeMap<usize, Computed>,
    /// The columns that the connector reads or writes.
    pub physical: SchemaRef,
    /// How event time advances, where the table has a rowtime.
    pub watermark: Option<WatermarkSpec>,
    /// The names of the primary key's columns.
    pub primary_key: Vec<String>,
    /// What stands in `WITH (…)`.
    pub options: Options,
    /// What the embedding program gave, for connectors that hold no text options.
    pub handle: Option<Handle>,
}

/// A value that only the table's connector looks into.
pub type Handle = Arc<dyn Any + Send + Sync>;

/// A computed column.
#[derive(Debug, Clone)]
pub struct Computed {
    /// Its value, over the physical columns.
    pub value: ScalarExpr,
    /// As it was written.
    pub text: String,
    /// Whether it is `PROCTIME()`.
    pub processing_time: bool,
}

/// `WATERMARK FOR rowtime AS expression`
#[derive(Debug, Clone)]
pub struct WatermarkSpec {
    /// The position of the rowtime in the table's schema.
    pub rowtime: usize,
    /// The watermark that a row stands for, over all columns of the table.
    pub value: ScalarExpr,
    /// As it was written.
    pub text: String,
}

impl Table {
    /// The connector's name; `None` when the table declares none.
    pub fn connector(&self) -> Option<&str> {
        self.options.get("connector").map(String::as_str)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name).finish_non_exhaustive()
    }
}
