//! The vocabulary every other crate speaks: changes to relations, event time, SQL types, how values
//! are spelled, and the errors of running queries.
//!
//! | module | what it holds |
//! |---|---|
//! | [`changes`] | [`ChangeBatch`]: rows with weights, and the watermark each row met |
//! | [`time`] | [`Watermark`], [`Epoch`], calendar text |
//! | [`number`] | numbers from text |
//! | [`sql_type`] | Flink's SQL types and their Arrow columns |
//! | [`text`], `java_float` | values as text, in Flink's spelling |
//! | [`json_text`] | values as JSON |
//! | [`similar`] | which known name was meant |
//! | [`error`] | what can go wrong while a query runs |

pub mod bitmap;
pub mod change_op;
pub mod changes;
pub mod error;
pub mod far_years;
mod java_float;
pub mod json_text;
pub mod number;
pub mod similar;
pub mod sql_type;
pub mod text;
pub mod time;

pub use change_op::{ChangeOp, for_each_change};
pub use changes::ChangeBatch;
pub use error::{Error, Result};
pub use sql_type::SqlType;
pub use time::{Epoch, Watermark};

/// Whether the ways that are only faster are switched off, by `MILLSTREAM_PLAIN=1` in the environment: tests
/// run both, and get the same.
pub fn plain_paths() -> bool {
    static PLAIN: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
        std::env::var_os("MILLSTREAM_PLAIN").is_some_and(|set| set == "1")
    });
    *PLAIN
}

/// The most rows of a batch that comes from a source, by `MILLSTREAM_BATCH_ROWS` in the environment: tests
/// run with several, and get the same. As many as the source likes without it.
pub fn batch_rows() -> usize {
    static ROWS: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| {
        let rows = std::env::var("MILLSTREAM_BATCH_ROWS").ok().and_then(|rows| rows.parse().ok());
        rows.filter(|rows| *rows > 0).unwrap_or(usize::MAX)
    });
    *ROWS
}
