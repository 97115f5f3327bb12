//! Functions of texts with words between their arguments that sqlparser does not read: blanks trimmed from
//! one side, and a position from a start on.

use sqlparser::ast::{Expr, Ident, TrimWhereField, Value};
use sqlparser::dialect::{Dialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use crate::dialect::{FlinkDialect, call};

/// `TRIM(LEADING FROM text)`, which takes blanks away; `None` when it says what is to be taken away.
pub(crate) fn trim_blanks(parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    let [_, _, side, from] = parser.peek_tokens();
    let word = |token: Token| match token {
        Token::Word(word) => word.keyword,
        _ => Keyword::NoKeyword,
    };
    let side = match word(side) {
        Keyword::LEADING => TrimWhereField::Leading,
        Keyword::TRAILING => TrimWhereField::Trailing,
        Keyword::BOTH => TrimWhereField::Both,
        _ => return None,
    };
    if word(from) != Keyword::FROM {
        return None;
    }
    (0..4).for_each(|_| parser.advance_token());
    let trimmed = parser.parse_expr().and_then(|text| {
        parser.expect_token(&Token::RParen)?;
        let blank = Expr::Value(Value::SingleQuotedString(" ".to_owned()).with_empty_span());
        Ok(Expr::Trim {
            expr: Box::new(text),
            trim_where: Some(side),
            trim_what: Some(Box::new(blank)),
            trim_characters: None,
        })
    });
    Some(trimmed)
}

/// `POSITION(part IN text)`, and `POSITION(part IN text FROM start)` as `LOCATE(part, text, start)`.
pub(crate) fn position(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    (0..2).for_each(|_| parser.advance_token());
    let part = parser.parse_subexpr(FlinkDialect.prec_value(Precedence::Between))?;
    parser.expect_keyword(Keyword::IN)?;
    let text = parser.parse_expr()?;
    let from = parser.parse_keyword(Keyword::FROM);
    let start = from.then(|| parser.parse_expr()).transpose()?;
    parser.expect_token(&Token::RParen)?;
    Ok(match start {
        Some(start) => call(Ident::new("LOCATE"), vec![part, text, start]),
        None => Expr::Position { expr: Box::new(part), r#in: Box::new(text) },
    })
}
