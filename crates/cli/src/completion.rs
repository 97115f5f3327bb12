//! Completion and colours in the shell.

use std::borrow::Cow;

use millstream::{Engine, Script};
use millstream_connectors::connector::{CONNECTORS, known_keys};
use millstream_sql::catalog::Entry;
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

/// The words that start or shape statements.
const KEYWORDS: [&str; 97] = [
    "ALL",
    "ANALYZE",
    "AND",
    "AS",
    "ASC",
    "BEGIN",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CATALOG",
    "COLUMNS",
    "CREATE",
    "CROSS",
    "CUBE",
    "CUMULATE",
    "DATABASE",
    "DESCRIBE",
    "DESCRIPTOR",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "ENFORCED",
    "ESCAPE",
    "EXCEPT",
    "EXECUTE",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FILTER",
    "FOR",
    "FROM",
    "FULL",
    "FUNCTIONS",
    "GROUP",
    "GROUPING",
    "HAVING",
    "HOP",
    "HOUR",
    "IF",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LATERAL",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MINUTE",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OVER",
    "PARTITION",
    "PLAN",
    "PRECEDING",
    "PRIMARY",
    "RANGE",
    "RESET",
    "ROLLUP",
    "ROWS",
    "SECOND",
    "SELECT",
    "SESSION",
    "SET",
    "SETS",
    "SHOW",
    "SIMILAR",
    "STATEMENT",
    "TABLE",
    "TABLES",
    "TEMPORARY",
    "THEN",
    "TRUE",
    "TRY_CAST",
    "TUMBLE",
    "UNBOUNDED",
    "UNION",
    "USE",
    "VALUES",
    "VIEW",
    "VIEWS",
    "WATERMARK",
    "WATERMARKS",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
];

/// What helps a person at the prompt.
pub struct Assistant {
    engine: Engine,
    colours: bool,
}

impl Assistant {
    /// For a session.
    pub fn new(engine: Engine, colours: bool) -> Self {
        Self { engine, colours }
    }

    /// What may stand where a word begins; `quoted` inside single quotes.
    fn candidates(&self, quoted: bool) -> Vec<String> {
        let catalog = self.engine.catalog();
        if quoted {
            let keys = CONNECTORS.iter().flat_map(|connector| known_keys(connector, None));
            let names = CONNECTORS.iter().map(|connector| connector.name);
            let formats = millstream_formats::options::FORMATS.into_iter();
            let settings = millstream::settings::KEYS.into_iter();
            return keys.chain(names).chain(formats).chain(settings).map(str::to_owned).collect();
        }
        let mut all: Vec<String> = KEYWORDS.iter().map(|word| (*word).to_owned()).collect();
        all.extend(catalog.functions.names());
        for name in catalog.names(|_| true) {
            if let Ok(Entry::Table(table)) = catalog.get(std::slice::from_ref(&name)) {
                all.extend(table.schema.fields().iter().map(|field| field.name().clone()));
            }
            all.push(name);
        }
        all
    }
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..at];
        let quoted = before.matches('\'').count() % 2 == 1;
        let part = |c: char| c.is_alphanumeric() || c == '_' || (quoted && "-.*".contains(c));
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, c)| part(*c))
            .last()
            .map_or(at, |(at, _)| at);
        let word = &before[start..];
        if word.is_empty() && !quoted {
            return Ok((at, Vec::new()));
        }
        let lower = word.to_lowercase();
        let small = word.chars().any(char::is_lowercase);
        let mut found: Vec<String> = self
            .candidates(quoted)
            .into_iter()
            .filter(|candidate| candidate.to_lowercase().starts_with(&lower))
            .map(|candidate| {
                // Keywords and functions follow the case that is being typed.
                let upper = candidate.chars().all(|c| !c.is_lowercase());
                if small && upper { candidate.to_lowercase() } else { candidate }
            })
            .collect();
        found.sort();
        found.dedup();
        let pairs = found.into_iter().map(|text| Pair { display: text.clone(), replacement: text });
        Ok((start, pairs.collect()))
    }
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        let command = matches!(input.trim(), "" | "quit" | "exit" | "help" | "\\q" | "\\?");
        let complete = command || Script::is_complete(input);
        Ok(if complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if !self.colours {
            return Cow::Borrowed(line);
        }
        Cow::Owned(highlight(line))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.colours && kind != CmdKind::MoveCursor
    }
}

impl Helper for Assistant {}

/// Keywords bold, texts green, numbers yellow, comments dim.
fn highlight(line: &str) -> String {
    let mut out = String::with_capacity(line.len() * 2);
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (length, colour) = match first {
            '\'' => (rest[1..].find('\'').map_or(rest.len(), |at| at + 2), "32"),
            '`' => (rest[1..].find('`').map_or(rest.len(), |at| at + 2), ""),
            '-' if rest.starts_with("--") => (rest.find('\n').unwrap_or(rest.len()), "2"),
            '/' if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |at| at + 2), "2"),
            c if c.is_ascii_digit() => {
                (rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len()), "33")
            }
            c if c.is_alphabetic() || c == '_' => {
                let length =
                    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let word = rest[..length].to_uppercase();
                (length, if KEYWORDS.contains(&word.as_str()) { "1" } else { "" })
            }
            c => (c.len_utf8(), ""),
        };
        match colour {
            "" => out.push_str(&rest[..length]),
            colour => out.push_str(&format!("\x1b[{colour}m{}\x1b[0m", &rest[..length])),
        }
        rest = &rest[length..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::highlight;

    #[test]
    fn colours_leave_the_text_as_it_is() {
        for line in ["SELECT 'a' -- b", "sel 1.5 /* x", "'open", "`ü` + 1", ""] {
            let plain = highlight(line);
            let mut bare = String::new();
            let mut rest = plain.as_str();
            while let Some(at) = rest.find('\x1b') {
                bare.push_str(&rest[..at]);
                rest = &rest[at + rest[at..].find('m').unwrap() + 1..];
            }
            bare.push_str(rest);
            assert_eq!(bare, line);
        }
    }
}
