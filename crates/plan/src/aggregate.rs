//! Aggregate functions, as a plan calls them.

use std::fmt;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use millstream_expr::aggregates::UserAggregate;

/// One aggregate of a grouping.
#[derive(Debug, Clone)]
pub struct AggregateCall {
    /// The function.
    pub function: AggregateFunction,
    /// Whether equal arguments count once.
    pub distinct: bool,
    /// Its arguments.
    pub arguments: Vec<usize>,
    /// The boolean column that says which rows count.
    pub filter: Option<usize>,
    /// The type of its value.
    pub result: DataType,
}

/// An aggregate function.
#[derive(Clone)]
pub enum AggregateFunction {
    /// Rows, or rows whose arguments are all present.
    Count,
    /// The sum.
    Sum,
    /// The mean.
    Avg,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The variance, or the standard deviation.
    Variance {
        /// Whether the rows are a sample of more.
        sample: bool,
        /// Whether its root is taken.
        root: bool,
    },
    /// The first value that is not NULL.
    FirstValue,
    /// The last value that is not NULL.
    LastValue,
    /// The only value; it fails where there are several.
    SingleValue,
    /// Texts as one.
    ListAgg {
        /// What stands between them.
        separator: String,
    },
    /// Values as an array.
    ArrayAgg {
        /// Whether NULL is left out.
        ignore_nulls: bool,
    },
    /// Pairs of a key and a value in JSON as one object.
    JsonObject {
        /// Whether members whose value is NULL are left out.
        absent: bool,
    },
    /// Values in JSON as one array.
    JsonArray {
        /// Whether NULL is left out.
        absent: bool,
    },
    /// The values and how often each comes, as a multiset.
    Collect,
    /// A set of integers, from integers or from sets of them.
    Bitmap {
        /// What it is made of.
        of: BitmapOf,
        /// Whether the value is how many integers are in it.
        counted: bool,
    },
    /// Values at some shares of the way through all of them, from 0 to 1.
    Percentile {
        /// The shares.
        shares: Vec<f64>,
        /// Whether they come as an array.
        many: bool,
    },
    /// The number of the row in the order of its arguments, in which rows come; only with OVER.
    Rank {
        /// Whether there are no gaps behind equal rows.
        dense: bool,
    },
    /// The value of an earlier row; only with OVER.
    Lag {
        /// How many rows before.
        offset: usize,
        /// The value where there is no such row: an array of one value.
        default: Option<ArrayRef>,
    },
    /// A function of the embedding program.
    User(Arc<UserAggregate>),
}

/// What a set of integers is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitmapOf {
    /// Integers.
    Integers,
    /// What is in all of some sets.
    And,
    /// What is in any of them.
    Or,
    /// What is in an odd number of them.
    Xor,
}

impl AggregateFunction {
    /// Whether rows can be taken back from it.
    pub fn retracts(&self) -> bool {
        !matches!(self, Self::User(_) | Self::Rank { .. })
    }

    /// Whether groups can be put together from parts.
    pub fn merges(&self) -> bool {
        !matches!(self, Self::User(_) | Self::Rank { .. })
    }
}

impl fmt::Debug for AggregateFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Avg => "AVG",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Variance { sample: true, root: true } => "STDDEV_SAMP",
            Self::Variance { sample: true, root: false } => "VAR_SAMP",
            Self::Variance { sample: false, root: true } => "STDDEV_POP",
            Self::Variance { sample: false, root: false } => "VAR_POP",
            Self::FirstValue => "FIRST_VALUE",
            Self::LastValue => "LAST_VALUE",
            Self::SingleValue => "SINGLE_VALUE",
            Self::ListAgg { .. } => "LISTAGG",
            Self::ArrayAgg { .. } => "ARRAY_AGG",
            Self::JsonObject { .. } => "JSON_OBJECTAGG",
            Self::JsonArray { .. } => "JSON_ARRAYAGG",
            Self::Collect => "COLLECT",
            Self::Bitmap { of, counted } => match (of, counted) {
                (BitmapOf::Integers, false) => "BITMAP_BUILD_AGG",
                (BitmapOf::Integers, true) => "BITMAP_BUILD_CARDINALITY_AGG",
                (BitmapOf::And, false) => "BITMAP_AND_AGG",
                (BitmapOf::And, true) => "BITMAP_AND_CARDINALITY_AGG",
                (BitmapOf::Or, false) => "BITMAP_OR_AGG",
                (BitmapOf::Or, true) => "BITMAP_OR_CARDINALITY_AGG",
                (BitmapOf::Xor, false) => "BITMAP_XOR_AGG",
                (BitmapOf::Xor, true) => "BITMAP_XOR_CARDINALITY_AGG",
            },
            Self::Percentile { .. } => "PERCENTILE",
            Self::Rank { dense: false } => "RANK",
            Self::Rank { dense: true } => "DENSE_RANK",
            Self::Lag { .. } => "LAG",
            Self::User(function) => &function.name,
        })
    }
}
