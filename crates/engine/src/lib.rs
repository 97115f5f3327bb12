//! millstream: streaming SQL in one process.
//!
//! ```
//! # async fn example() -> Result<(), millstream::Error> {
//! use millstream::Engine;
//!
//! let engine = Engine::new();
//! engine.register_rows("t", ["key", "value"], [("a", 1), ("b", 2), ("c", 3)])?;
//! let mut query = engine.sql("SELECT key, `value` + 1 AS next FROM t").await?;
//! while let Some(changes) = query.next().await {
//!     println!("{:?}", changes?.rows);
//! }
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`engine`] | [`Engine`]: a session, and what a program registers with it |
//! | [`statement`] | what a statement does |
//! | [`query`] | [`Query`] and [`Job`]: what runs |
//! | [`observe`] | what running queries tell of themselves |
//! | [`http`], `prometheus`, `changes` | the server that tables are posted to, and what it tells |
//! | [`rows`] | rows of Rust values |
//! | [`show`] | the tables that SHOW and DESCRIBE give |
//! | [`settings`] | the keys of SET |
//! | [`error`] | [`Error`] |

mod alter;
mod changes;
pub mod engine;
pub mod error;
pub mod http;
pub mod observe;
mod prometheus;
pub mod query;
pub mod rows;
pub mod settings;
pub mod show;
pub mod statement;

pub use engine::{Engine, EngineBuilder};
pub use error::Error;
pub use query::{Analysis, Job, Query};
pub use rows::Value;
pub use statement::Outcome;

pub use millstream_connectors::http_inlet::{Answer, Request};
pub use millstream_connectors::memory::PushInput;
pub use millstream_connectors::peer::TARGET as NOTICES;
pub use millstream_expr::aggregates::UserAggregateState;
pub use millstream_runtime::Metrics;
pub use millstream_sql::{Script, SqlError};
pub use millstream_types::json_text::{JsonStyle, JsonValue, json_string};
pub use millstream_types::{ChangeBatch, ChangeOp, for_each_change};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
