//! [`SqlError`]: what is wrong with a statement, where, and what would work.

use std::fmt;

use datafusion_common::{Column, DataFusionError, SchemaError};
use millstream_types::sql_type::in_sql_names;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use crate::inner_messages::replaced;

pub use millstream_types::similar::nearest;

/// The result of reading or planning a statement.
pub type Result<T, E = SqlError> = std::result::Result<T, E>;

/// An error of a statement's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SqlError {
    /// What is wrong.
    pub message: String,
    /// What would work.
    pub hint: Option<String>,
    /// Where: line and column counted from 1, and how many characters are meant.
    pub position: Option<Position>,
    /// A word of the statement that the error is about, for finding the position.
    subject: Option<String>,
}

/// The most characters of a line that are shown.
const LINE_SHOWN: usize = 240;

/// A place in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Counted from 1.
    pub line: u64,
    /// Counted from 1, in characters.
    pub column: u64,
    /// How many characters are meant, at least 1.
    pub length: u64,
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl SqlError {
    /// An error without a position so far.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, position: None, subject: None }
    }

    /// What is understood but not there yet.
    pub fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(format!("{what} is not supported"))
    }

    /// Adds what would work.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names the word of the statement that the error is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Adds the place of a token, unless there is a place already.
    #[must_use]
    pub fn at(mut self, token: &TokenWithSpan) -> Self {
        if self.position.is_none() && token.span.start.line > 0 {
            self.position = Some(position_of(token));
        }
        self
    }

    /// Finds the place of the error among the tokens of its statement.
    #[must_use]
    pub fn locate(mut self, tokens: &[TokenWithSpan]) -> Self {
        if self.position.is_some() {
            return self;
        }
        let named = self.subject.as_ref().and_then(|subject| {
            let last = subject.rsplit('.').next().unwrap_or(subject);
            let is = |token: &&TokenWithSpan, exactly: bool| match &token.token {
                Token::Word(word) if exactly => word.value == last,
                Token::Word(word) => word.value.eq_ignore_ascii_case(last),
                Token::SingleQuotedString(text) | Token::Number(text, _) => text == subject,
                _ => false,
            };
            tokens.iter().find(|t| is(t, true)).or_else(|| tokens.iter().find(|t| is(t, false)))
        });
        let visible =
            |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_) | Token::EOF);
        let at_end = self.message.contains("the end of the statement");
        let place = match at_end {
            true => tokens.iter().rev().find(visible),
            false => tokens.iter().find(visible),
        };
        self.position = named.or(place).map(position_of);
        self
    }

    /// The error with the lines around it, as shown to a person.
    ///
    /// ```text
    /// error: column "pirce" not found in table "bid"
    ///  --> jobs/q7.sql:3:7
    ///   |
    /// 3 |   MAX(pirce)
    ///   |       ^^^^^
    /// hint: a column with a similar name exists: "price"
    /// ```
    pub fn render(&self, source_name: &str, text: &str) -> String {
        self.render_as("error", source_name, text)
    }

    /// As [`Self::render`], with another word before the message.
    pub fn render_as(&self, kind: &str, source_name: &str, text: &str) -> String {
        use fmt::Write;
        let mut out = format!("{kind}: {}\n", self.message);
        // Writing into a String cannot fail.
        if let Some(position) = self.position {
            let whole = text.lines().nth(position.line as usize - 1).unwrap_or("");
            let number = position.line.to_string();
            let margin = " ".repeat(number.len());
            let _ =
                writeln!(out, "{margin}--> {source_name}:{}:{}", position.line, position.column);
            // Of a very long line only the part around the place is shown.
            let column = position.column as usize - 1;
            let skipped =
                if whole.chars().count() > LINE_SHOWN { column.saturating_sub(40) } else { 0 };
            let line: String = whole.chars().skip(skipped).take(LINE_SHOWN).collect();
            let blank = |c: char| if c == '\t' { '\t' } else { ' ' };
            let before: String = line.chars().take(column - skipped).map(blank).collect();
            let rest = line.chars().count().saturating_sub(column - skipped).max(1);
            let carets = "^".repeat((position.length as usize).clamp(1, rest));
            let _ = writeln!(out, "{margin} |\n{number} | {line}\n{margin} | {before}{carets}");
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(out, "hint: {hint}");
        }
        out
    }
}

/// The place of a token.
pub fn position_of(token: &TokenWithSpan) -> Position {
    let Location { line, column } = token.span.start;
    let length = if token.span.end.line == line {
        token.span.end.column.saturating_sub(column).max(1)
    } else {
        1
    };
    Position { line, column, length }
}

impl From<ParserError> for SqlError {
    fn from(error: ParserError) -> Self {
        let text = match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
            ParserError::RecursionLimitExceeded => {
                return Self::new("the statement is nested too deeply")
                    .hint("give inner queries names by WITH or CREATE VIEW");
            }
        };
        // The library writes the place at the end: `… at Line: 3, Column: 7`.
        let (message, place) = match text.split_once(" at Line: ") {
            Some((message, place)) => (message.to_owned(), Some(place)),
            None => (text, None),
        };
        let position = place.and_then(|place| {
            let (line, column) = place.split_once(", Column: ")?;
            let column = column.split(|c: char| !c.is_ascii_digit()).next()?;
            let (line, column) = (line.trim().parse().ok()?, column.parse().ok()?);
            (line > 0 && column > 0).then_some(Position { line, column, length: 1 })
        });
        let message = message
            .replace("Expected: ", "expected ")
            .replace(", found: ", ", found ")
            .replace("found EOF", "found the end of the statement");
        Self { message, hint: None, position, subject: None }
    }
}

impl From<millstream_types::Error> for SqlError {
    fn from(error: millstream_types::Error) -> Self {
        let hint = error.hint().map(str::to_owned);
        let message = error.to_string();
        match replaced(&message) {
            Some(known) if hint.is_none() => known,
            _ => Self { message, hint, position: None, subject: None },
        }
    }
}

impl From<DataFusionError> for SqlError {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
                (*inner).into()
            }
            DataFusionError::SchemaError(error, _) => from_schema(*error),
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(other) => match other.downcast::<millstream_types::Error>() {
                    Ok(ours) => (*ours).into(),
                    Err(other) => Self::new(other.to_string()),
                },
            },
            DataFusionError::SQL(error, _) => (*error).into(),
            DataFusionError::Plan(message) => from_plan(&message),
            DataFusionError::NotImplemented(message) => {
                let message = first_line(&message);
                replaced(&message).unwrap_or_else(|| Self::new(format!("not supported: {message}")))
            }
            DataFusionError::Collection(errors) => match errors.into_iter().next() {
                Some(first) => first.into(),
                None => Self::new("the statement cannot be planned"),
            },
            other => from_plan(&other.strip_backtrace()),
        }
    }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// What a function said of its arguments, without what the library wraps around it.
fn said_by_function(message: &str) -> Option<SqlError> {
    let (before, said) = message.split_once(" user-defined coercion failed with: ")?;
    let name = before.split('\'').nth(1)?;
    let said = said.split(" No function matches").next().unwrap_or(said);
    let said = said.trim_start_matches("External error: ");
    let said = said.trim_start_matches("Error during planning: ").trim_end_matches('.');
    Some(SqlError::new(said).about(name))
}

fn from_plan(message: &str) -> SqlError {
    let message = in_sql_names(&first_line(message));
    if let Some((_, given)) = message.split_once("non-boolean predicate '")
        && let Some((_, of)) = given.split_once("' returning ")
    {
        return SqlError::new(format!("a condition is BOOLEAN, not {of}"))
            .hint("compare it, as in x <> 0")
            .about("WHERE");
    }
    if let Some(error) = said_by_function(&message) {
        return error;
    }
    if message.contains("frame offsets for ROWS") {
        return SqlError::new("ROWS takes a number of rows, 0 or more, before PRECEDING")
            .hint("write ROWS BETWEEN 10 PRECEDING AND CURRENT ROW")
            .about("OVER");
    }
    if message.contains("frame offsets for RANGE") {
        return SqlError::new("RANGE takes a whole number or an interval as a distance")
            .hint("write RANGE BETWEEN 10 PRECEDING AND CURRENT ROW")
            .about("OVER");
    }
    if let Some((_, order)) = message.split_once(" MILLISECOND to ") {
        return SqlError::new(format!("an interval is no distance in an order of {order}"))
            .hint("write RANGE BETWEEN 10 PRECEDING AND CURRENT ROW")
            .about("OVER");
    }
    let message = message.trim_start_matches("Execution error: ");
    let message = message.trim_start_matches("Arrow error: Cast error: ");
    let error = match message.split_once("Invalid function '") {
        Some((_, rest)) => {
            let name = rest.split('\'').next().unwrap_or_default();
            return SqlError::new(format!("function \"{name}\" not found")).about(name);
        }
        None => SqlError::new(message.trim_start_matches("Error during planning: ").to_owned()),
    };
    match message.split_once("Column in SELECT must be in GROUP BY") {
        Some(_) => {
            let quoted = message.split("olumn \"").nth(1).or(message.split("expression \"").nth(1));
            let column = quoted.and_then(|rest| rest.split('"').next());
            let column = column.unwrap_or("an expression");
            SqlError::new(format!(
                "{column} is neither grouped by nor inside an aggregate function"
            ))
            .about(column.to_owned())
            .hint("add it to GROUP BY or wrap it in an aggregate such as MAX(…)")
        }
        None => replaced(message).unwrap_or(error),
    }
}

fn from_schema(error: SchemaError) -> SqlError {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let name = field.name.clone();
            let of_table = match &field.relation {
                Some(relation) => format!(" in \"{}\"", relation.table()),
                None => String::new(),
            };
            let error =
                SqlError::new(format!("column \"{name}\" not found{of_table}")).about(&name);
            let theirs = |column: &&Column| match (&field.relation, &column.relation) {
                (Some(due), Some(known)) => due.table() == known.table(),
                _ => true,
            };
            let known = valid_fields.iter().filter(theirs);
            let mut names: Vec<&str> = known.map(|column| column.name()).collect();
            names.dedup();
            match nearest(&name, names.iter().copied()) {
                Some(near) => {
                    error.hint(format!("a column with a similar name exists: \"{near}\""))
                }
                None if names.is_empty() => error,
                None => {
                    names.truncate(12);
                    error.hint(format!("the columns are {}", names.join(", ")))
                }
            }
        }
        SchemaError::AmbiguousReference { field } => {
            let name = field.name.clone();
            SqlError::new(format!("column \"{name}\" is in more than one table"))
                .about(&name)
                .hint(format!("put the table's name before it, as in t.{name}"))
        }
        other => SqlError::new(first_line(&other.to_string())),
    }
}
