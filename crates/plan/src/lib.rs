//! The stream plan: what a query does, operator by operator, with the properties that decide whether
//! it may run. Nothing here knows how SQL is parsed or how operators are built.
//!
//! | module | what it holds |
//! |---|---|
//! | [`graph`] | [`Plan`]: nodes, their inputs and derived properties |
//! | [`node`], [`aggregate`] | what each operator is told, and the aggregates among it |
//! | `key`, `partition` | the key of a node's rows, and how they are spread over shards |
//! | [`pattern`] | what MATCH_RECOGNIZE looks for |
//! | [`watermark`] | how watermarks are assigned |
//! | [`window`] | [`TimeWindow`]: how rows are assigned to windows |
//! | [`table`] | [`Table`]: a table of the catalog, as plans refer to it |
//! | [`function`] | table functions |
//! | [`explain`] | a plan as text |

pub mod aggregate;
pub mod explain;
mod explain_pattern;
pub mod function;
pub mod graph;
pub mod key;
pub mod node;
pub mod over;
mod partition;
pub mod pattern;
pub mod table;
pub mod watermark;
pub mod window;

pub use aggregate::{AggregateCall, AggregateFunction, BitmapOf};
pub use graph::{ChangelogMode, Node, NodeId, Plan};
pub use node::{
    ChangeCodes, EmitPolicy, ExpandColumn, JoinKind, Lookup, NodeKind, OrderKey, RankFunction,
    WindowColumns, WindowOutput,
};
pub use over::{Frame, OverCall, Place, SortedCall, Span, SpanUnit};
pub use pattern::{
    AfterMatch, MatchRecognize, MatchValue, Pattern, PatternCondition, PatternVariable, Quantifier,
    VARIABLES_MAX,
};
pub use table::{Rows, Table, WatermarkSpec};
pub use watermark::{Stamps, WatermarkOptions};
pub use window::{TimeWindow, WindowKind};
