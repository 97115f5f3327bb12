//! What MATCH_RECOGNIZE looks for: pattern variables, how often each may come, and what a row of each
//! must be.

use std::fmt;

use arrow::datatypes::SchemaRef;
use millstream_expr::ScalarExpr;

use crate::aggregate::AggregateCall;
use crate::node::OrderKey;

/// What the operator is told.
#[derive(Debug, Clone)]
pub struct MatchRecognize {
    /// The time attribute.
    pub time: usize,
    /// Whether that is processing time: rows are in order as they come.
    pub processing_time: bool,
    /// The columns of the partition.
    pub partition: Vec<usize>,
    /// The order of rows of the same time; those that are equal in it stay as they came.
    pub ties: Vec<OrderKey>,
    /// What is looked for.
    pub pattern: Pattern,
    /// The values of a match, which come behind the columns of the partition.
    pub values: Vec<MatchValue>,
}

/// A sequence of pattern variables, and what follows a match.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The variables, in order; the rows of each stand one behind the other.
    pub variables: Vec<PatternVariable>,
    /// All rows of a match are less than so many ms behind its first one.
    pub within: Option<i64>,
    /// Where the next match may start.
    pub skip: AfterMatch,
}

/// The most variables that a pattern may have: conditions are looked up in the bits of a number.
pub const VARIABLES_MAX: usize = 64;

/// A pattern variable.
#[derive(Debug, Clone)]
pub struct PatternVariable {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub quantifier: Quantifier,
    /// What a row of it must be.
    pub condition: PatternCondition,
}

/// How many rows a variable has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantifier {
    /// At least.
    pub least: u32,
    /// At most; `None` is any number.
    pub most: Option<u32>,
    /// Whether a row that may be of it is of no variable behind it.
    pub greedy: bool,
}

impl Quantifier {
    /// One row.
    pub const ONE: Self = Self { least: 1, most: Some(1), greedy: true };

    /// Whether a greedy quantifier takes rows that the next variable could have.
    pub fn insists(self) -> bool {
        self.greedy && self.most != Some(self.least) && (self.least, self.most) != (0, Some(1))
    }
}

impl fmt::Display for Quantifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (1, Some(1)) => Ok(()),
            (0, None) => f.write_str("*"),
            (1, None) => f.write_str("+"),
            (0, Some(1)) => f.write_str("?"),
            (least, None) => write!(f, "{{{least},}}"),
            (least, Some(most)) if least == most => write!(f, "{{{least}}}"),
            (least, Some(most)) => write!(f, "{{{least},{most}}}"),
        }?;
        f.write_str(if self.greedy { "" } else { "?" })
    }
}

/// What a row of a variable must be.
#[derive(Debug, Clone)]
pub enum PatternCondition {
    /// Anything.
    Always,
    /// A boolean column of the row is TRUE.
    Column(usize),
    /// A condition over values of the rows that have been matched, the row itself the last of its variable.
    Values {
        /// The values.
        values: Vec<MatchValue>,
        /// The condition over them.
        condition: ScalarExpr,
        /// What the condition reads, a column for each value.
        schema: SchemaRef,
    },
}

/// A value of the rows of a match, or of those that have been matched so far.
#[derive(Debug, Clone)]
pub enum MatchValue {
    /// A column of one of the rows of a variable; NULL where it has too few.
    Row {
        /// The variable; `None` is all of them.
        variable: Option<usize>,
        /// Whether it is counted from the last one back, rather than from the first one on.
        last: bool,
        /// How many rows are passed over.
        offset: usize,
        /// The column.
        column: usize,
    },
    /// An aggregate of the rows of a variable.
    Aggregate {
        /// The variable; `None` is all of them.
        variable: Option<usize>,
        /// The aggregate.
        call: AggregateCall,
    },
    /// When the match was found: the time of the row that ended it.
    Time,
}

/// Where the next match may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterMatch {
    /// Behind the last row of the match.
    PastLastRow,
    /// Behind its first row.
    ToNextRow,
    /// With the first row of a variable.
    ToFirst(usize),
    /// With the last row of a variable.
    ToLast(usize),
}
