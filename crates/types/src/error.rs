//! What can go wrong while a query runs.

use std::path::PathBuf;

/// The result of anything that runs inside a dataflow.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a running query. Errors of the SQL text itself carry a position in the statement and
/// live in the SQL front end; these carry a position in the data where there is one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A record that cannot be read as its table declares it.
    #[error("{location}: {message}")]
    Data {
        /// Where the record stands, such as `bids.csv:12, column "price"`.
        location: String,
        /// What is wrong with it and what was expected.
        message: String,
    },
    /// A file, folder or stream that cannot be opened, read or written.
    #[error("{action} \"{}\": {source}", path.display())]
    Io {
        /// What was being done, such as `cannot open`.
        action: &'static str,
        /// The path it was done to.
        path: PathBuf,
        /// The reason the operating system gave.
        source: std::io::Error,
    },
    /// An expression that has no value for a row: a failing cast, a division by zero.
    #[error("{0}")]
    Evaluation(String),
    /// A table's options that do not make sense together or to the connector.
    #[error("{message}")]
    Options {
        /// What is wrong.
        message: String,
        /// What would work.
        hint: Option<String>,
    },
    /// A failure below, in the columnar library.
    #[error("{0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The query was cancelled by the person or program that started it.
    #[error("cancelled")]
    Cancelled,
    /// A state that only a bug of ours can reach.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}

impl Error {
    /// An error of a table's options, with what would work.
    pub fn options(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Options { message: message.into(), hint: Some(hint.into()) }
    }

    /// An input or output error with the path it happened to.
    pub fn io(action: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { action, path: path.into(), source }
    }

    /// What would work, where that is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Options { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }
}
