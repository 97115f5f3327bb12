//! From text to stream plan.
//!
//! The life of a statement:
//!
//! 1. [`script`] cuts the text into statements, keeping the position of every token;
//! 2. [`parser`] reads one statement; expressions and queries are sqlparser's, steered by [`dialect`],
//!    everything that is Flink's own (`CREATE TABLE`, types, hints) is read here;
//! 3. [`rewrite`] turns Flink's spelling of an expression into one that means the same below;
//! 4. [`planner`] resolves names and types by DataFusion's `SqlToRel`, with tables from [`catalog`] and
//!    windows, casts and decimals from [`context`], then analyses and optimises the logical plan;
//! 5. [`translate`] makes the stream plan of it, or says what is not supported;
//! 6. [`diagnostics`] puts a position and a hint on whatever went wrong.

mod aggregate_call;
pub mod cast;
pub mod catalog;
mod changelog;
mod common_types;
mod comparisons;
pub mod context;
pub mod correlate;
mod current_database;
mod current_watermark;
mod decorrelate;
mod decorrelate_operators;
pub mod diagnostics;
pub mod dialect;
pub mod group_by;
mod group_window;
mod grouping;
mod hints;
mod inner_messages;
mod json_syntax;
mod literals;
mod match_names;
mod match_node;
mod match_pattern;
mod match_plan;
mod match_syntax;
mod names;
mod optimize;
mod over_frame;
mod over_syntax;
pub mod parser;
pub mod planner;
pub mod rewrite;
mod row_comparisons;
pub mod script;
mod session_filters;
pub mod statement;
mod subqueries;
mod subquery_values;
pub mod temporal;
mod text_syntax;
mod tidy;
pub mod time_settings;
mod time_syntax;
pub mod translate;
mod translate_aggregate;
mod translate_join;
mod translate_match;
mod translate_over;
mod translate_source;
mod translate_temporal;
mod translate_window;
pub mod types;
mod union_types;
mod unnest;
mod using;
mod values_syntax;
mod values_types;
mod views;
pub mod window;

pub use catalog::Catalog;
pub use diagnostics::SqlError;
pub use parser::parse;
pub use planner::Planner;
pub use script::Script;
pub use statement::Statement;
