//! [`Error`]: what can go wrong while something is measured.

use std::path::Path;

/// What can go wrong while something is measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A statement is wrong or failed.
    #[error("{0}")]
    Engine(#[from] millstream::Error),
    /// A file or process could not be used.
    #[error("{subject}: {source}")]
    Io {
        /// The file or process.
        subject: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Figures that are no JSON of the kind that is due.
    #[error("figures of a run: {0}")]
    Figures(#[from] serde_json::Error),
    /// The process that ran a query failed; it has said why.
    #[error("the run of {0} failed")]
    Child(String),
    /// A `${key}` without a value.
    #[error("parameter \"{0}\" has no value")]
    Parameter(String),
    /// Something else than what was asked for.
    #[error("{0}")]
    Unexpected(String),
}

impl Error {
    /// Makes an error about a file or process of what the system says.
    pub fn about(subject: &str) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let subject = subject.to_owned();
        |source| Self::Io { subject, source }
    }

    /// Makes an error about a file of what the system says.
    pub fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        Self::about(&path.display().to_string())
    }
}

impl From<millstream_types::Error> for Error {
    fn from(error: millstream_types::Error) -> Self {
        Self::Engine(error.into())
    }
}
