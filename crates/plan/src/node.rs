//! What each operator is told by the plan. Columns are named by their position in the input.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use millstream_expr::ScalarExpr;
use millstream_types::ChangeOp;

use crate::aggregate::AggregateCall;
use crate::function::TableFunction;
use crate::over::{OverCall, SortedCall};
use crate::pattern::MatchRecognize;
use crate::table::Table;
use crate::watermark::WatermarkOptions;
use crate::window::TimeWindow;

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
        /// How it treats splits and rows that are out of the ordinary.
        options: WatermarkOptions,
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
    /// Appends window_start, window_end and window_time to each row once its session is complete.
    SessionWindow {
        /// The rowtime.
        rowtime: usize,
        /// The columns of the key: each has sessions of its own.
        keys: Vec<usize>,
        /// The kind of window.
        window: TimeWindow,
    },
    /// Appends the watermark that each row met.
    CurrentWatermark,
    /// Gives each row once for each grouping set.
    Expand {
        /// The columns of each set.
        sets: Vec<Vec<ExpandColumn>>,
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
        /// When a window's rows come, if not only once when it is complete.
        emit: Option<EmitPolicy>,
    },
    /// Numbers the rows of each time window and keeps some of them.
    WindowRank {
        /// window_start
        start: usize,
        /// window_end
        end: usize,
        /// The kind of window.
        window: TimeWindow,
        /// The columns beside the window's of which each value is numbered on its own.
        partition: Vec<usize>,
        /// The order of the numbers.
        order: Vec<OrderKey>,
        /// How equal rows are numbered.
        function: RankFunction,
        /// The first number that is kept, from 1 on.
        least: u64,
        /// The last number that is kept.
        most: u64,
        /// Whether the number is a column of the result, the last one.
        numbered: bool,
        /// Whether of equal rows the last one to come has the first number.
        last_wins: bool,
    },
    /// Numbers the rows of each partition and keeps some of them, as rows come and go.
    Rank {
        /// The columns of which each value is numbered on its own.
        partition: Vec<usize>,
        /// The order of the numbers.
        order: Vec<OrderKey>,
        /// How equal rows are numbered.
        function: RankFunction,
        /// The first number that is kept, from 1 on.
        least: u64,
        /// The last number that is kept.
        most: u64,
        /// Whether the number is a column of the result, the last one.
        numbered: bool,
        /// Whether of equal rows the last one to come has the first number.
        last_wins: bool,
    },
    /// Keeps the first row of each partition in event time.
    Deduplicate {
        /// The columns of which each value has a first row.
        partition: Vec<usize>,
        /// The time attribute that it is the first by.
        rowtime: usize,
    },
    /// Joins the rows of two inputs that fall into the same window.
    WindowJoin {
        /// Which rows come out.
        kind: JoinKind,
        /// window_start and window_end of the left input.
        left: [usize; 2],
        /// Those of the right input.
        right: [usize; 2],
        /// The kind of window of both.
        window: TimeWindow,
        /// Pairs of columns, left and right, that must be equal.
        on: Vec<(usize, usize)>,
        /// Whether NULL is equal to NULL in them.
        equal_nulls: bool,
        /// The pair of NOT IN: where a comparison with NULL leaves it open whether they are equal, they
        /// are taken for equal.
        null_aware: Option<(usize, usize)>,
        /// What must hold beside that, over the columns of both.
        condition: Option<ScalarExpr>,
    },
    /// Joins the rows of two inputs, whenever they came.
    Join {
        /// Which rows come out.
        kind: JoinKind,
        /// Pairs of columns, left and right, that must be equal.
        on: Vec<(usize, usize)>,
        /// Whether NULL is equal to NULL in them.
        equal_nulls: bool,
        /// The pair of NOT IN, as in [`Self::WindowJoin`].
        null_aware: Option<(usize, usize)>,
        /// What must hold beside that, over the columns of both.
        condition: Option<ScalarExpr>,
    },
    /// Joins rows of two inputs whose times are at most so far apart.
    IntervalJoin {
        /// Which rows come out.
        kind: JoinKind,
        /// Pairs of columns, left and right, that must be equal.
        on: Vec<(usize, usize)>,
        /// Whether NULL is equal to NULL in them.
        equal_nulls: bool,
        /// The time of each input.
        times: (usize, usize),
        /// Whether that is processing time.
        processing_time: bool,
        /// How many ms later than the left row the right row of a pair is, at least.
        least: i64,
        /// And at most.
        most: i64,
        /// What must hold beside that, over the columns of both.
        condition: Option<ScalarExpr>,
    },
    /// Joins each left row with the version of a right row that was valid at its time.
    TemporalJoin {
        /// Whether left rows without a version come out.
        outer: bool,
        /// Pairs of columns, left and right, that must be equal.
        on: Vec<(usize, usize)>,
        /// The rowtime of each input.
        times: (usize, usize),
        /// Whether a version counts only if it is not earlier than those of its key that came before.
        ascending: bool,
        /// What must hold beside that, over the columns of both.
        condition: Option<ScalarExpr>,
    },
    /// Joins each row with the rows that a table has when it comes.
    LookupJoin {
        /// Whether rows without any come out.
        outer: bool,
        /// Pairs of columns, of the input and of the table's rows, that must be equal.
        on: Vec<(usize, usize)>,
        /// The table.
        lookup: Lookup,
        /// What must hold beside that, over the columns of both.
        condition: Option<ScalarExpr>,
    },
    /// Values over the rows before each row, in the order of time.
    OverAggregate {
        /// The time attribute.
        time: usize,
        /// Whether that is processing time: rows are in order as they come.
        processing_time: bool,
        /// The columns of the partition.
        partition: Vec<usize>,
        /// The order of rows of the same time; those that are equal in it stay as they came.
        ties: Vec<OrderKey>,
        /// The values, which come behind the columns of the input.
        calls: Vec<OverCall>,
    },
    /// Values over rows around each row in any order, as rows come and go.
    SortedOver {
        /// The columns of the partition.
        partition: Vec<usize>,
        /// The order; rows that are equal in it stand as they came.
        order: Vec<OrderKey>,
        /// The values, which come behind the columns of the input.
        calls: Vec<SortedCall>,
    },
    /// All rows in some order, once the input has ended; those that are equal in it stay as they came.
    Sort {
        /// The order.
        order: Vec<OrderKey>,
    },
    /// Finds sequences of rows, and gives the columns of the partition and values of each.
    MatchRecognize(MatchRecognize),
    /// The rows that both inputs have, or that only the first one has.
    SetOperation {
        /// Whether it is INTERSECT rather than EXCEPT.
        intersect: bool,
        /// Whether copies of a row count.
        all: bool,
    },
    /// Makes full changes of rows that replace the one before of their key.
    ChangelogNormalize {
        /// The columns of the key.
        key: Vec<usize>,
    },
    /// Makes a row of each change, with the code of its kind before the columns.
    ToChangelog {
        /// The codes; changes of other kinds are left out.
        codes: ChangeCodes,
        /// The columns of which each value has one row at a time, where they are known.
        key: Option<Vec<usize>>,
    },
    /// Makes a change of each row, whose kind the code in a column tells.
    FromChangelog {
        /// The column, which goes.
        column: usize,
        /// The codes.
        codes: ChangeCodes,
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
        /// Whether rows with NULL in a column that is NOT NULL are left out; otherwise they are an error.
        drops_nulls: bool,
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
            Self::SessionWindow { .. } => "SessionWindow",
            Self::CurrentWatermark => "CurrentWatermark",
            Self::Expand { .. } => "Expand",
            Self::Deduplicate { .. } => "Deduplicate",
            Self::WindowRank { most: 1, .. } => "WindowDeduplicate",
            Self::WindowRank { .. } => "WindowRank",
            Self::WindowJoin { .. } => "WindowJoin",
            Self::Join { .. } => "Join",
            Self::IntervalJoin { .. } => "IntervalJoin",
            Self::TemporalJoin { .. } => "TemporalJoin",
            Self::LookupJoin { .. } => "LookupJoin",
            Self::Rank { .. } => "Rank",
            Self::OverAggregate { calls, .. } if calls.is_empty() => "TemporalSort",
            Self::OverAggregate { .. } => "OverAggregate",
            Self::SortedOver { .. } => "SortedOver",
            Self::Sort { .. } => "Sort",
            Self::MatchRecognize(_) => "MatchRecognize",
            Self::SetOperation { intersect: true, .. } => "Intersect",
            Self::SetOperation { .. } => "Except",
            Self::WindowAggregate { .. } => "WindowAggregate",
            Self::GroupAggregate { .. } => "GroupAggregate",
            Self::ChangelogNormalize { .. } => "ChangelogNormalize",
            Self::ToChangelog { .. } => "ToChangelog",
            Self::FromChangelog { .. } => "FromChangelog",
            Self::Correlate { .. } => "Correlate",
            Self::Limit { .. } => "Limit",
            Self::Sink { .. } => "Sink",
            Self::Result => "Result",
        }
    }
}

/// The code of each kind of change that has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCodes(pub Vec<(String, ChangeOp)>);

impl fmt::Display for ChangeCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (code, kind)) in self.0.iter().enumerate() {
            write!(f, "{}{}={code}", if at > 0 { ", " } else { "" }, kind.letters())?;
        }
        Ok(())
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
        /// The time that the windows were cut by, where the rows still have it: of the copies of a row
        /// that are late only that in its last window counts.
        rowtime: Option<usize>,
        /// The kind of window it is.
        window: TimeWindow,
    },
}

impl WindowColumns {
    /// The kind of window.
    pub fn window(&self) -> TimeWindow {
        match self {
            Self::Rowtime { window, .. } | Self::Attached { window, .. } => *window,
        }
    }
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

/// One column of a grouping set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpandColumn {
    /// A column of the input.
    Column(usize),
    /// NULL in place of a column that the set does not group by.
    Null,
    /// A number that tells the sets apart.
    Number(i64),
}

/// When the rows of a window come, beside once when it is complete. Times are in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmitPolicy {
    /// Before it is complete: how long a change waits at most, by the clock.
    pub early: Option<i64>,
    /// After it is complete: how long a change by a late row waits at most, by the clock.
    pub late: Option<i64>,
    /// How long after the watermark has passed it, in event time, rows still change it.
    pub lateness: i64,
}

/// A table that is asked for its rows while others come.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The table.
    pub table: Arc<Table>,
    /// The physical columns that are read of it.
    pub columns: Vec<usize>,
    /// Their schema.
    pub schema: SchemaRef,
    /// What is filtered and computed of its rows: condition, values and schema, one after the other.
    pub steps: Vec<(Option<ScalarExpr>, Option<Vec<ScalarExpr>>, SchemaRef)>,
}

/// A column to order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderKey {
    /// The column.
    pub column: usize,
    /// Whether great values come first.
    pub descending: bool,
    /// Whether NULL comes first.
    pub nulls_first: bool,
}

/// How equal rows are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankFunction {
    /// One after the other, as they came.
    RowNumber,
    /// With the same number, and a gap behind them.
    Rank,
    /// With the same number, and no gap.
    DenseRank,
}

impl RankFunction {
    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::RowNumber => "ROW_NUMBER",
            Self::Rank => "RANK",
            Self::DenseRank => "DENSE_RANK",
        }
    }
}

/// Which rows of a join come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// Pairs.
    Inner,
    /// Pairs, and left rows without any.
    Left,
    /// Pairs, and right rows without any.
    Right,
    /// Pairs, and rows of either side without any.
    Full,
    /// Left rows with a partner.
    Semi,
    /// Left rows without a partner.
    Anti,
}
