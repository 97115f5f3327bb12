//! [`Error`]: what a statement can end with.

use millstream_sql::SqlError;

/// What a statement can end with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is wrong; nothing was started.
    #[error("{0}")]
    Sql(#[from] SqlError),
    /// Something failed while it was started or ran.
    #[error("{source}")]
    Run {
        /// What failed.
        source: millstream_types::Error,
        /// Where its statement stands.
        position: Option<millstream_sql::diagnostics::Position>,
    },
}

impl From<millstream_types::Error> for Error {
    fn from(source: millstream_types::Error) -> Self {
        Self::Run { source, position: None }
    }
}

impl Error {
    /// Whether it was cancelled, by whoever started it.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Run { source: millstream_types::Error::Cancelled, .. })
    }

    /// The error as shown to a person, with the lines of the script around it.
    pub fn render(&self, source_name: &str, text: &str) -> String {
        match self {
            Self::Sql(error) => error.render(source_name, text),
            Self::Run { source, position } => {
                let mut shown = SqlError::new(source.to_string());
                shown.position = *position;
                shown.hint = source.hint().map(str::to_owned);
                shown.render(source_name, text)
            }
        }
    }
}
