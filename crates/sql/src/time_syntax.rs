//! `(later - earlier) DAY TO SECOND`: what lies between two points in time.

use millstream_expr::differences::{DAYS_BETWEEN, MONTHS_BETWEEN};
use sqlparser::ast::{BinaryOperator, Expr, Ident};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::dialect::call;

/// The units that an interval has.
const UNITS: [Keyword; 6] =
    [Keyword::YEAR, Keyword::MONTH, Keyword::DAY, Keyword::HOUR, Keyword::MINUTE, Keyword::SECOND];

fn unit(token: &TokenWithSpan) -> Option<Keyword> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() && UNITS.contains(&word.keyword) => {
            Some(word.keyword)
        }
        _ => None,
    }
}

/// Whether a unit follows on a difference in parentheses, which are not those of a call.
pub(crate) fn is_difference(parser: &Parser<'_>) -> bool {
    let end = parser.get_current_index();
    if unit(parser.peek_token_ref()).is_none() || parser.token_at(end).token != Token::RParen {
        return false;
    }
    let (mut open, mut minus) = (0_usize, false);
    for at in (0..=end).rev() {
        match &parser.token_at(at).token {
            Token::RParen => open += 1,
            Token::LParen => open -= 1,
            Token::Minus if open == 1 => minus = true,
            _ => {}
        }
        if open == 0 {
            let mut before = (0..at).rev().map(|at| &parser.token_at(at).token);
            let before = before.find(|token| !matches!(token, Token::Whitespace(_)));
            return minus && !before.is_some_and(names_call);
        }
    }
    false
}

/// Whether parentheses behind a token are those of a call.
fn names_call(token: &Token) -> bool {
    use Keyword::{
        ALL, AND, AS, BETWEEN, BY, CASE, DISTINCT, ELSE, FROM, HAVING, IN, LIKE, NOT, ON, OR,
        SELECT, THEN, VALUE, VALUES, WHEN, WHERE,
    };
    match token {
        Token::Word(word) if word.quote_style.is_none() => !matches!(
            word.keyword,
            ALL | AND
                | AS
                | BETWEEN
                | BY
                | CASE
                | DISTINCT
                | ELSE
                | FROM
                | HAVING
                | IN
                | LIKE
                | NOT
                | ON
                | OR
                | SELECT
                | THEN
                | VALUE
                | VALUES
                | WHEN
                | WHERE
        ),
        Token::Word(_) => true,
        _ => false,
    }
}

/// The difference as a call.
pub(crate) fn difference(parser: &mut Parser<'_>, left: &Expr) -> Result<Expr, ParserError> {
    let first = parser.next_token();
    if parser.parse_keyword(Keyword::TO) {
        let last = parser.next_token();
        if unit(&last).is_none() {
            return parser.expected("a unit of time", last);
        }
    }
    match left {
        Expr::Nested(inner) => match inner.as_ref() {
            Expr::BinaryOp { left: later, op: BinaryOperator::Minus, right: earlier } => {
                let months = matches!(unit(&first), Some(Keyword::YEAR | Keyword::MONTH));
                let name = if months { MONTHS_BETWEEN } else { DAYS_BETWEEN };
                Ok(call(Ident::new(name), vec![(**later).clone(), (**earlier).clone()]))
            }
            _ => parser.expected("a difference, as in (later - earlier) SECOND", first),
        },
        _ => parser.expected("a difference, as in (later - earlier) SECOND", first),
    }
}
