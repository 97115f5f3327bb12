//! The physical operators: synchronous state machines over changes. They know no clock, channel,
//! thread or file.
//!
//! | module | what it holds |
//! |---|---|
//! | [`operator`] | the traits: [`Operator`] with state, [`Transform`] without |
//! | [`dropped`] | what operators leave out, counted and kept to be looked at |
//! | [`watermark`] | the watermark that each row met |
//! | [`aggregate`] | aggregate functions over many groups at once |
//! | [`sums`], [`float_sum`], [`variance`], [`extreme`], [`copies`] | functions |
//! | [`ordered`], [`distinct`], `distinct_integers`, [`user`] | functions, too |
//! | [`window`] | which windows and slices a point in time falls into |
//! | [`calc`], [`changelog`], [`correlate`], [`current_watermark`], [`expand`], [`not_null`] | transforms |
//! | [`window_table_function`] | a transform, too: aligned windows without an aggregate |
//! | [`window_aggregate`] | aligned windows |
//! | [`slices`], [`window_table`], [`updating`] | what is kept of them |
//! | [`reduce`], `runs` | what a batch adds to them, found before rows are dealt out |
//! | [`session_aggregate`], [`session_window`] | sessions; which are open: [`sessions`] |
//! | [`window_rank`], [`window_join`] | rows of complete windows |
//! | [`interval_join`], [`temporal_join`], [`lookup_join`] | joins that follow time |
//! | [`pairs`] | what joins have in common; [`consolidate`] puts changes together |
//! | [`over_aggregate`], `over_frames`, `over_queue` | values over the rows before each row |
//! | [`match_recognize`] | rows that fit a pattern |
//! | `match_nfa`, `match_heap`, `match_key`, `match_values` | its automaton, partial matches, and values |
//! | [`expiry`] | state that is given up after some time |
//! | [`group_aggregate`], [`join`], [`rank`], [`set_operation`], [`limit`] | operators without time |
//! | [`sorted_over`], [`sort`] | rows in any order: values over those before, all at the end |
//! | `join_side` | the rows of one input of a join |
//! | [`keep_one`], [`keep_first`] | a rank of one row a partition; by event time, without changes |
//! | [`normalize`] | full changes from changes by key |

pub mod aggregate;
mod bitmaps;
pub mod calc;
pub mod changelog;
pub mod consolidate;
pub mod copies;
pub mod correlate;
pub mod current_watermark;
pub mod distinct;
mod distinct_integers;
pub mod dropped;
pub mod expand;
pub mod expiry;
pub mod extreme;
pub mod float_sum;
pub mod group_aggregate;
pub mod interval_join;
pub mod join;
mod join_side;
pub mod keep_first;
pub mod keep_one;
pub mod limit;
pub mod lookup_join;
mod match_heap;
mod match_key;
mod match_nfa;
pub mod match_recognize;
mod match_values;
pub mod normalize;
pub mod not_null;
pub mod operator;
pub mod ordered;
pub mod over_aggregate;
mod over_frames;
mod over_queue;
mod over_spans;
pub mod pairs;
pub mod rank;
mod rank_number;
pub mod reduce;
mod runs;
pub mod session_aggregate;
pub mod session_window;
pub mod sessions;
pub mod set_operation;
pub mod slices;
pub mod sort;
pub mod sorted_over;
pub mod sums;
pub mod temporal_join;
pub mod updating;
pub mod user;
pub mod variance;
pub mod watermark;
pub mod window;
pub mod window_aggregate;
pub mod window_join;
pub mod window_rank;
pub mod window_table;
pub mod window_table_function;

pub use dropped::{Dropped, DroppedRow, Reason};
pub use operator::{NextWindow, Operator, OperatorTime, Output, Transform};
