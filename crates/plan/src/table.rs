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
    /// For each column of `physical` that is METADATA: what the connector knows it as.
    pub metadata: BTreeMap<String, String>,
    /// How event time advances, where the table has a rowtime.
    pub watermark: Option<WatermarkSpec>,
    /// The names of the primary key's columns.
    pub primary_key: Vec<String>,
    /// The names of the columns that it is `PARTITIONED BY`.
    pub partitioned_by: Vec<String>,
    /// What stands in `WITH (…)`.
    pub options: Options,
    /// What was said of it in `COMMENT`.
    pub comment: Option<String>,
    /// The same of its columns, by name.
    pub column_comments: BTreeMap<String, String>,
    /// What the embedding program gave, for connectors that hold no text options.
    pub handle: Option<Handle>,
    /// Of a row that is updated, what it is after that is read only: what is taken back is deleted then.
    pub after_only: bool,
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

/// What the rows of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Rows that are added.
    Added,
    /// Changes: the row before and the row after.
    Changes,
    /// Rows that each replace the one before of their key.
    Replacing,
}

impl Table {
    /// A table of physical columns and nothing else; what more it has is set on it.
    pub fn new(name: impl Into<String>, schema: SchemaRef) -> Self {
        Self {
            name: name.into(),
            schema: Arc::clone(&schema),
            computed: BTreeMap::new(),
            physical: schema,
            metadata: BTreeMap::new(),
            watermark: None,
            primary_key: Vec::new(),
            partitioned_by: Vec::new(),
            options: Options::new(),
            comment: None,
            column_comments: BTreeMap::new(),
            handle: None,
            after_only: false,
        }
    }

    /// What its rows are, as its options say; `Err` is what is wrong with them.
    ///
    /// # Errors
    /// When the mode is none, or needs a key.
    pub fn rows(&self) -> Result<Rows, String> {
        let mode = self.options.get("scan.changelog-mode").map(String::as_str);
        match (self.options.get("format").map(String::as_str), mode) {
            (Some("debezium-json"), None) => Ok(Rows::Changes),
            (Some("debezium-json"), Some(_)) => {
                Err("'scan.changelog-mode' is for formats that hold rows, not changes".to_owned())
            }
            (_, None | Some("append")) => Ok(Rows::Added),
            (_, Some("upsert")) if self.primary_key.is_empty() => {
                Err("'scan.changelog-mode' = 'upsert' needs a PRIMARY KEY".to_owned())
            }
            (_, Some("upsert")) => Ok(Rows::Replacing),
            (_, Some(other)) => {
                Err(format!("'scan.changelog-mode' cannot be '{other}', it is append or upsert"))
            }
        }
    }

    /// The positions of the columns of its PRIMARY KEY among the physical ones; `None` without one.
    pub fn key(&self) -> Option<Vec<usize>> {
        let place = |name: &String| self.physical.index_of(name).ok();
        let key: Option<Vec<usize>> = self.primary_key.iter().map(place).collect();
        key.filter(|key| !key.is_empty())
    }

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
