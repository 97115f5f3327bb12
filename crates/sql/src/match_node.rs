//! [`MatchNode`]: MATCH_RECOGNIZE in the logical plan.
//!
//! Its expressions are spread over the plan, so that they are typed, coerced and folded as all others
//! are: what is computed of single rows is a projection below it, what is computed of a match is one
//! above it, and conditions that read several rows are a second input: a projection of values, of which
//! no row ever comes.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_common::{DFSchemaRef, DataFusionError, Result as DfResult};
use datafusion_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use millstream_plan::{AfterMatch, AggregateFunction, Quantifier};

/// A match of rows: the columns of the partition, then values of each.
#[derive(Clone)]
pub struct MatchNode {
    /// The rows.
    pub input: LogicalPlan,
    /// A column for each condition that reads other rows, over a column for each value it reads.
    pub conditions: LogicalPlan,
    /// How many columns of [`Self::columns`] are those of the partition; they come first.
    pub partition: usize,
    /// For each column of the order, which come next: whether it is descending, and whether NULL comes
    /// first.
    pub order: Vec<(bool, bool)>,
    /// The columns of the input that are read; behind those above come what values and conditions read.
    pub columns: Vec<Expr>,
    /// What is looked for.
    pub spec: Arc<MatchSpec>,
    /// The columns that come out.
    pub schema: DFSchemaRef,
}

/// What is looked for. Columns are named by their position in [`MatchNode::columns`].
#[derive(Debug)]
pub struct MatchSpec {
    /// The variables in order.
    pub variables: Vec<(String, Quantifier, Condition)>,
    /// How long a match is at most, in ms.
    pub within: Option<i64>,
    /// Where the next match may start.
    pub skip: AfterMatch,
    /// What the conditions read that are over other rows.
    pub reads: Vec<Value>,
    /// What comes out behind the partition.
    pub values: Vec<Value>,
}

/// What a row of a variable must be.
#[derive(Debug, Clone, Copy)]
pub enum Condition {
    /// Anything.
    Always,
    /// A column of the row is TRUE.
    Column(usize),
    /// A column of the conditions is TRUE.
    Computed(usize),
}

impl Value {
    /// Whether two values that are written alike read the same.
    pub fn reads_as(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Row { variable, last, offset, column },
                Self::Row { variable: v, last: l, offset: o, column: c },
            ) => (variable, last, offset, column) == (v, l, o, c),
            (
                Self::Aggregate { variable, arguments, .. },
                Self::Aggregate { variable: v, arguments: a, .. },
            ) => (variable, arguments) == (v, a),
            (Self::Time, Self::Time) => true,
            _ => false,
        }
    }
}

/// A value of the rows of a variable; of all rows without one.
#[derive(Debug, Clone)]
pub enum Value {
    /// A column of one row.
    Row { variable: Option<usize>, last: bool, offset: usize, column: usize },
    /// An aggregate of all.
    Aggregate {
        variable: Option<usize>,
        function: AggregateFunction,
        arguments: Vec<usize>,
        result: DataType,
    },
    /// When the match was found.
    Time,
}

impl fmt::Debug for MatchNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_for_explain(f)
    }
}

impl PartialEq for MatchNode {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.spec, &other.spec)
            && self.columns == other.columns
            && self.input == other.input
            && self.conditions == other.conditions
    }
}

impl Eq for MatchNode {}

impl Hash for MatchNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.columns.hash(state);
        self.conditions.hash(state);
    }
}

impl PartialOrd for MatchNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for MatchNode {
    fn name(&self) -> &str {
        "MatchRecognize"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input, &self.conditions]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.columns.clone()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        // Whether a row is part of a match depends on the rows beside it.
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatchRecognize: {:?}", self.columns)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let [input, conditions] = <[LogicalPlan; 2]>::try_from(inputs)
            .map_err(|_| DataFusionError::Internal("a match has two inputs".to_owned()))?;
        Ok(Self { input, conditions, columns: exprs, ..self.clone() })
    }

    fn necessary_children_exprs(&self, _: &[usize]) -> Option<Vec<Vec<usize>>> {
        let mut needed = Vec::with_capacity(self.columns.len());
        for column in self.columns.iter().flat_map(Expr::column_refs) {
            needed.push(self.input.schema().index_of_column(column).ok()?);
        }
        needed.sort_unstable();
        needed.dedup();
        Some(vec![needed, (0..self.conditions.schema().fields().len()).collect()])
    }
}
