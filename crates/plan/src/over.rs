//! Values with OVER: which rows around a row count, and what becomes of them.

use std::fmt;

use crate::aggregate::AggregateCall;
use crate::window::duration;

/// A value over the rows before each row, in the order of time.
#[derive(Debug, Clone)]
pub struct OverCall {
    /// The aggregate of those rows.
    pub call: AggregateCall,
    /// Which rows they are.
    pub frame: Frame,
}

/// The rows before a row that count, itself among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// So many rows before it; `None` is all of them.
    Rows(Option<u64>),
    /// The rows of so many ms before it, and all of its own time; `None` is all of them.
    Range(Option<i64>),
}

impl Frame {
    /// Whether rows leave the frame again.
    pub fn is_bounded(self) -> bool {
        matches!(self, Self::Rows(Some(_)) | Self::Range(Some(_)))
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(None) => f.write_str("ROWS UNBOUNDED PRECEDING"),
            Self::Rows(Some(rows)) => write!(f, "ROWS {rows} PRECEDING"),
            Self::Range(None) => f.write_str("RANGE UNBOUNDED PRECEDING"),
            Self::Range(Some(ms)) => write!(f, "RANGE {} PRECEDING", duration(*ms)),
        }
    }
}

/// A value of each row of a partition in any order.
#[derive(Debug, Clone)]
pub enum SortedCall {
    /// An aggregate of rows around it.
    Aggregate {
        /// The aggregate.
        call: AggregateCall,
        /// Which rows they are.
        span: Span,
    },
    /// What follows from its place alone.
    Place(Place),
}

/// What follows from the place of a row among the others of its partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `NTILE(n)`: which of so many parts it is in, from 1; the first parts are those with one row more.
    Ntile(u64),
    /// `PERCENT_RANK()`: the share of the other rows that stand before its peers.
    PercentRank,
    /// `CUME_DIST()`: the share of rows that are not behind its peers.
    CumeDist,
}

/// Which rows around a row count: those from one place to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// What the bounds count.
    pub unit: SpanUnit,
    /// How far behind the row it begins, less than 0 where that is before it; `None` is at the first row.
    pub from: Option<i128>,
    /// How far behind the row it ends; `None` is at the last row.
    pub to: Option<i128>,
}

/// What the bounds of a [`Span`] count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanUnit {
    /// Rows.
    Rows,
    /// Rows that are equal in the order, as one.
    Peers,
    /// What the rows are ordered by, in the least digits or units of its type.
    Values,
}

impl Span {
    /// The rows up to a row.
    pub const ROWS_BEFORE: Self = Self { unit: SpanUnit::Rows, from: None, to: Some(0) };

    /// Whether it only grows from row to row, and does not depend on rows behind a row and its peers.
    pub fn goes_on(self) -> bool {
        self.from.is_none() && self.unit != SpanUnit::Values && self.to == Some(0)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = |at: Option<i128>, none: &str| match at {
            None => format!("UNBOUNDED {none}"),
            Some(0) => "CURRENT ROW".to_owned(),
            Some(rows) if rows < 0 => format!("{} PRECEDING", rows.unsigned_abs()),
            Some(rows) => format!("{rows} FOLLOWING"),
        };
        let distance = |at: Option<i128>| at.is_some_and(|at| at != 0);
        let unit = match self.unit {
            SpanUnit::Rows => "ROWS",
            SpanUnit::Peers if distance(self.from) || distance(self.to) => "GROUPS",
            SpanUnit::Peers | SpanUnit::Values => "RANGE",
        };
        let from = bound(self.from, "PRECEDING");
        match self.to {
            Some(0) => write!(f, "{unit} {from}"),
            to => write!(f, "{unit} BETWEEN {from} AND {}", bound(to, "FOLLOWING")),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ntile(parts) => write!(f, "NTILE({parts})"),
            Self::PercentRank => f.write_str("PERCENT_RANK()"),
            Self::CumeDist => f.write_str("CUME_DIST()"),
        }
    }
}
