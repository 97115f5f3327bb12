//! The physical operators: synchronous state machines over changes. They know no clock, channel,
//! thread or file.
//!
//! | module | what it holds |
//! |---|---|
//! | [`operator`] | the traits: [`Operator`] with state, [`Transform`] without |
//! | [`aggregate`] | aggregate functions over many groups at once |
//! | [`calc`], [`window_table_function`], [`correlate`], [`not_null`] | transforms |
//! | [`window_aggregate`], [`group_aggregate`], [`limit`] | operators with state |
//! | [`watermark`] | the watermark that each row met |

pub mod aggregate;
pub mod calc;
pub mod correlate;
pub mod extreme;
pub mod group_aggregate;
pub mod limit;
pub mod not_null;
pub mod operator;
pub mod watermark;
pub mod window;
pub mod window_aggregate;
pub mod window_table_function;

pub use operator::{Dropped, Operator, OperatorTime, Output, Transform};
