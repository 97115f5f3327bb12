//! A script cut into statements at its semicolons, with the position of every token.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, TokenizerError, Whitespace};

use crate::diagnostics::{Position, Result, SqlError};
use crate::dialect::FlinkDialect;

/// A text of any number of statements.
#[derive(Debug)]
pub struct Script<'a> {
    text: &'a str,
    statements: Vec<Vec<TokenWithSpan>>,
}

impl<'a> Script<'a> {
    /// Cuts a text.
    ///
    /// # Errors
    /// When a quote or comment is left open.
    pub fn new(text: &'a str) -> Result<Self> {
        let tokens = tokenize(text).map_err(|TokenizerError { message, location }| {
            let mut error = SqlError::new(lower_first(&message));
            if location.line > 0 {
                let (line, column) = (location.line, location.column.max(1));
                error.position = Some(Position { line, column, length: 1 });
            }
            error
        })?;
        Ok(Self { text, statements: cut(tokens) })
    }

    /// The tokens of each statement.
    pub fn statements(&self) -> &[Vec<TokenWithSpan>] {
        &self.statements
    }

    /// The text of a statement, as it was written.
    pub fn text_of(&self, statement: &[TokenWithSpan]) -> String {
        let visible =
            |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_) | Token::EOF);
        let (Some(first), Some(last)) =
            (statement.iter().find(visible), statement.iter().rev().find(visible))
        else {
            return String::new();
        };
        text_between(self.text, first, last)
    }

    /// Whether the text ends with a whole statement: what a shell waits for.
    pub fn is_complete(text: &str) -> bool {
        match tokenize(text) {
            Ok(tokens) => {
                let end = tokens
                    .iter()
                    .rposition(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
                match end {
                    None => true,
                    Some(end) if tokens[end].token != Token::SemiColon => false,
                    // The semicolons inside a statement set do not end it.
                    Some(_) => !cut(tokens).last().is_some_and(|last| in_open_set(last)),
                }
            }
            Err(_) => false,
        }
    }
}

/// The tokens of a text. `>>` is two tokens, for it only ever closes two types.
///
/// # Errors
/// When a quote or comment is left open.
pub fn tokenize(text: &str) -> std::result::Result<Vec<TokenWithSpan>, TokenizerError> {
    let tokens = Tokenizer::new(&FlinkDialect, text).tokenize_with_location()?;
    let mut out = Vec::with_capacity(tokens.len());
    for token in tokens {
        if token.token == Token::ShiftRight {
            out.push(TokenWithSpan { token: Token::Gt, span: token.span });
            out.push(TokenWithSpan { token: Token::Gt, span: token.span });
        } else {
            out.push(token);
        }
    }
    Ok(out)
}

/// The text from one token to another, both included.
pub fn text_between(text: &str, first: &TokenWithSpan, last: &TokenWithSpan) -> String {
    let start = offset(text, first.span.start.line, first.span.start.column);
    let end = offset(text, last.span.end.line, last.span.end.column);
    text.get(start..end).unwrap_or_default().to_owned()
}

fn offset(text: &str, line: u64, column: u64) -> usize {
    let mut start = 0;
    for _ in 1..line {
        start += text[start..].find('\n').map_or(text.len() - start, |at| at + 1);
    }
    let inside = text[start..].char_indices().nth(column as usize - 1);
    inside.map_or(text.len(), |(at, _)| start + at)
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |c| c.to_lowercase().chain(characters).collect())
}

fn cut(tokens: Vec<TokenWithSpan>) -> Vec<Vec<TokenWithSpan>> {
    let mut statements = Vec::new();
    let mut current: Vec<TokenWithSpan> = Vec::new();
    for token in tokens {
        if token.token == Token::SemiColon && !in_open_set(&current) {
            push(&mut statements, &mut current);
        } else if token.token != Token::EOF {
            current.push(token);
        }
    }
    push(&mut statements, &mut current);
    statements
}

fn push(statements: &mut Vec<Vec<TokenWithSpan>>, current: &mut Vec<TokenWithSpan>) {
    let statement = std::mem::take(current);
    let visible = |token: &TokenWithSpan| match &token.token {
        Token::Whitespace(Whitespace::MultiLineComment(text)) => text.starts_with('+'),
        Token::Whitespace(_) => false,
        _ => true,
    };
    if statement.iter().any(visible) {
        statements.push(statement);
    }
}

/// Whether tokens are the start of an EXECUTE STATEMENT SET, or the older BEGIN, without its END.
fn in_open_set(tokens: &[TokenWithSpan]) -> bool {
    let word = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    };
    let visible: Vec<_> =
        tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let keyword = |at: usize| visible.get(at).and_then(|token| word(token));
    let set = |at: &usize| {
        keyword(*at) == Some(Keyword::STATEMENT) && keyword(*at + 1) == Some(Keyword::SET)
    };
    // Between EXPLAIN and what is explained may stand what is to be told.
    let most = if keyword(0) == Some(Keyword::EXPLAIN) { visible.len() } else { 2 };
    let Some(set) = (0..most).find(set) else { return false };
    let begins = |token: &&TokenWithSpan| word(token) == Some(Keyword::BEGIN);
    let older = set.checked_sub(1).is_some_and(|at| begins(&visible[at]));
    let opens = older || visible[set..].iter().any(begins);
    let count = |wanted: Keyword| visible.iter().filter(|t| word(t) == Some(wanted)).count();
    // Each CASE has an END of its own.
    opens && count(Keyword::END) <= count(Keyword::CASE)
}
