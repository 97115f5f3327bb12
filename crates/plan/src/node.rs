//! What each operator is told by the plan. Columns are named by their position in the input.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use chrono_tz::Tz;
use millstream_expr::ScalarExpr;
use millstream_expr::aggregates::UserAggregate;

use crate::function::TableFunction;
use crate::table::Table;

/// What an operator does.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// Reads a table. `columns` are positions among the table's physical columns; nothing else is
    /// decoded.
    Source {
        /// The table.
        table: Arc<Table>,
        /// The physical columns that are read.
        columns: Vec<usize>,
    },
    /// Gives rows that stand in the statement itself.
    Values {
        /// The rows.
        rows: RecordBatch,
    },
    /// Gives each row the watermark that the rows before it had reached.
    WatermarkAssigner {
        /// The rowtime.
        rowtime: usize,
        /// The watermark that a row stands for.
        watermark: ScalarExpr,
    },
    /// Keeps the rows for which a condition is TRUE and computes columns from them.
    Calc {
        /// The condition; `None` keeps all rows.
        condition: Option<ScalarExpr>,
        /// One expression an output column; `None` keeps the columns as they are.
        projection: Option<Vec<ScalarExpr>>,
    },
    /// All rows of all inputs.
    Union,
    /// Appends window_start, window_end and window_time to each row; NULL rowtimes are dropped.
    WindowTableFunction {
        /// The rowtime.
        rowtime: usize,
        /// The kind of window.
        window: TimeWindow,
    },
    /// Groups rows by time window and key; a group's row comes when its window is complete.
    WindowAggregate {
        /// Where a row's window stands.
        window: WindowColumns,
        /// The columns of the key.
        keys: Vec<usize>,
        /// The aggregates.
        aggregates: Vec<AggregateCall>,
        /// What stands before the aggregates in each row that comes out.
        output: Vec<WindowOutput>,
    },
    /// Groups rows by key; a group's row is replaced when it changes.
    GroupAggregate {
        /// The columns of the key; none makes one group of all rows.
        keys: Vec<usize>,
        /// The aggregates.
        aggregates: Vec<AggregateCall>,
    },
    /// Joins each row with the rows that a table function makes of it.
    Correlate {
        /// The function.
        function: TableFunction,
        /// Its arguments, over the input.
        arguments: Vec<ScalarExpr>,
        /// Whether a row without any stays, with NULLs beside it.
        outer: bool,
    },
    /// The first rows, in the order of the stream.
    Limit {
        /// How many rows are passed over.
        skip: usize,
        /// How many rows follow; `None` is all of them.
        fetch: Option<usize>,
    },
    /// Writes into a table.
    Sink {
        /// The table.
        table: Arc<Table>,
    },
    /// Hands the changes to whoever asked.
    Result,
}

impl NodeKind {
    /// The operator's name, as EXPLAIN and metrics show it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Source { .. } => "Source",
            Self::Values { .. } => "Values",
            Self::WatermarkAssigner { .. } => "WatermarkAssigner",
            Self::Calc { .. } => "Calc",
            Self::Union => "Union",
            Self::WindowTableFunction { .. } => "WindowTableFunction",
            Self::WindowAggregate { .. } => "WindowAggregate",
            Self::GroupAggregate { .. } => "GroupAggregate",
            Self::Correlate { .. } => "Correlate",
            Self::Limit { .. } => "Limit",
            Self::Sink { .. } => "Sink",
            Self::Result => "Result",
        }
    }
}

/// How rows are assigned to windows of event time. Sizes are in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeWindow {
    /// Windows of one size, one after the other.
    Tumble {
        /// The length of a window, at least 1.
        size_ms: i64,
        /// How far the first window of all starts after 1970-01-01 00:00.
        offset_ms: i64,
        /// The calendar that windows follow: that of the session for a TIMESTAMP_LTZ.
        zone: Option<Tz>,
    },
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tumble { size_ms, offset_ms, zone } => {
                write!(f, "TUMBLE(size={}", duration(*size_ms))?;
                if *offset_ms != 0 {
                    write!(f, ", offset={}", duration(*offset_ms))?;
                }
                if let Some(zone) = zone {
                    write!(f, ", zone={zone}")?;
                }
                f.write_str(")")
            }
        }
    }
}

/// A length of time in the largest unit that divides it.
pub fn duration(ms: i64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    match units.iter().find(|(size, _)| ms % size == 0) {
        Some((size, unit)) => format!("{} {unit}", ms / size),
        None => format!("{ms} ms"),
    }
}

/// Where a row's window stands.
#[derive(Debug, Clone)]
pub enum WindowColumns {
    /// It follows from the rowtime.
    Rowtime {
        /// The rowtime.
        rowtime: usize,
        /// The kind of window.
        window: TimeWindow,
    },
    /// It was assigned before, and stands in two columns.
    Attached {
        /// window_start
        start: usize,
        /// window_end
        end: usize,
        /// The calendar in which the bounds are shown.
        zone: Option<Tz>,
    },
}

/// A column that a window aggregate puts before its aggregates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowOutput {
    /// window_start
    Start,
    /// window_end
    End,
    /// window_time, the last ms of the window.
    Time,
    /// A column of the key, by its position among them.
    Key(usize),
}

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
    /// A function of the embedding program.
    User(Arc<UserAggregate>),
}

impl AggregateFunction {
    /// Whether rows can be taken back from it.
    pub fn retracts(&self) -> bool {
        matches!(self, Self::Count | Self::Sum | Self::Avg)
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
            Self::User(function) => &function.name,
        })
    }
}
