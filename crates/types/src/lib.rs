//! The vocabulary every other crate speaks: changes to relations, event time, SQL types, how values
//! are spelled, and the errors of running queries.
//!
//! | module | what it holds |
//! |---|---|
//! | [`changes`] | [`ChangeBatch`]: rows with weights, and the watermark each row met |
//! | [`time`] | [`Watermark`], [`Epoch`], calendar text |
//! | [`number`] | numbers from text |
//! | [`sql_type`] | Flink's SQL types and their Arrow columns |
//! | [`text`] | values as text, in Flink's spelling |
//! | [`json_text`] | values as JSON |
//! | [`similar`] | which known name was meant |
//! | [`error`] | what can go wrong while a query runs |

pub mod changes;
pub mod error;
pub mod json_text;
pub mod number;
pub mod similar;
pub mod sql_type;
pub mod text;
pub mod time;

pub use changes::{ChangeBatch, ChangeOp};
pub use error::{Error, Result};
pub use sql_type::SqlType;
pub use time::{Epoch, Watermark};
