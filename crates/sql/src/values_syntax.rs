//! Rows of VALUES without parentheses, `VALUES 1, 2`, which sqlparser does not read: each is put in its own.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// The tokens with parentheses around each row of VALUES that has none.
pub fn rows_in_parentheses(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(is_values) {
        return tokens;
    }
    let mut out = Vec::with_capacity(tokens.len() + 2);
    let mut at = 0;
    while at < tokens.len() {
        out.push(tokens[at].clone());
        at += 1;
        if is_values(&out[out.len() - 1]) && !is_name(&tokens, at - 1) {
            at = rows(&tokens, at, &mut out);
        }
    }
    out
}

/// Whether the word VALUES at a place is the name of a column: it stands behind a point or in a list, or
/// nothing follows that could be a row.
fn is_name(tokens: &[TokenWithSpan], at: usize) -> bool {
    let solid = |token: &&TokenWithSpan| !is_blank(&token.token);
    let before = tokens[..at].iter().rev().find(solid).map(|token| &token.token);
    let behind = tokens[at + 1..].iter().find(solid).map(|token| &token.token);
    let word = |token: Option<&Token>, keyword: Keyword| match token {
        Some(Token::Word(word)) => word.keyword == keyword,
        _ => false,
    };
    matches!(before, Some(Token::Period | Token::Comma))
        || word(before, Keyword::SELECT)
        || word(behind, Keyword::FROM)
        || matches!(
            behind,
            None | Some(
                Token::Comma
                    | Token::RParen
                    | Token::Period
                    | Token::Eq
                    | Token::SemiColon
                    | Token::EOF
            )
        )
}

fn is_values(token: &TokenWithSpan) -> bool {
    matches!(&token.token, Token::Word(word) if word.keyword == Keyword::VALUES && word.quote_style.is_none())
}

/// Writes the rows that begin at a position, and gives the position behind them.
fn rows(tokens: &[TokenWithSpan], mut at: usize, out: &mut Vec<TokenWithSpan>) -> usize {
    loop {
        let end = row_end(tokens, at);
        // What is inside of a row may have rows of its own.
        let row = rows_in_parentheses(tokens[at..end].to_vec());
        if has_parentheses(&row) {
            out.extend(row);
        } else {
            let around = |token, like: &TokenWithSpan| TokenWithSpan { token, span: like.span };
            let (first, last) = (row[0].clone(), row[row.len() - 1].clone());
            out.push(around(Token::LParen, &first));
            out.extend(row);
            out.push(around(Token::RParen, &last));
        }
        match tokens.get(end) {
            Some(comma) if comma.token == Token::Comma => {
                out.push(comma.clone());
                at = end + 1;
            }
            _ => return end,
        }
    }
}

/// Where a row ends: a comma, a closing parenthesis or a clause that is not inside of anything.
fn row_end(tokens: &[TokenWithSpan], start: usize) -> usize {
    let mut open = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match &token.token {
            Token::LParen | Token::LBracket => open += 1,
            Token::RParen | Token::RBracket if open == 0 => return at,
            Token::RParen | Token::RBracket => open -= 1,
            Token::Comma | Token::SemiColon | Token::EOF if open == 0 => return at,
            Token::Word(word) if open == 0 && word.quote_style.is_none() && ends(word.keyword) => {
                return at;
            }
            _ => {}
        }
    }
    tokens.len()
}

/// Whether a word begins what may follow the rows of VALUES.
fn ends(keyword: Keyword) -> bool {
    use Keyword::{EXCEPT, FETCH, INTERSECT, LIMIT, OFFSET, ON, ORDER, UNION};
    matches!(keyword, ORDER | LIMIT | OFFSET | FETCH | UNION | EXCEPT | INTERSECT | ON)
}

/// Whether a row needs no parentheses: it is all inside of one pair, or empty, which the parser refuses.
fn has_parentheses(row: &[TokenWithSpan]) -> bool {
    let words: Vec<&Token> =
        row.iter().map(|token| &token.token).filter(|token| !is_blank(token)).collect();
    let inside = match words.as_slice() {
        [] => return true,
        [Token::Word(word), rest @ ..] if word.keyword == Keyword::ROW => rest,
        all => all,
    };
    if inside.first() != Some(&&Token::LParen) {
        return false;
    }
    let mut open = 0_usize;
    let closed = inside.iter().position(|token| {
        match token {
            Token::LParen => open += 1,
            Token::RParen => open -= 1,
            _ => {}
        }
        open == 0
    });
    // What is not closed at all is for the parser to say.
    closed.is_none_or(|at| at + 1 == inside.len())
}

fn is_blank(token: &Token) -> bool {
    matches!(token, Token::Whitespace(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::tokenize;

    fn written(text: &str) -> String {
        let tokens = tokenize(text).unwrap();
        let tokens = rows_in_parentheses(tokens);
        let words = tokens.iter().filter(|token| token.token != Token::EOF);
        words.map(|token| token.token.to_string()).collect()
    }

    #[test]
    fn a_row_without_parentheses_is_put_in_its_own() {
        let cases = [
            ("VALUES (1, 2), (3, 4)", "VALUES (1, 2), (3, 4)"),
            ("VALUES (1 + 2) * 3", "VALUES( (1 + 2) * 3)"),
            ("VALUES ROW(1, 2)", "VALUES ROW(1, 2)"),
            ("SELECT `VALUES`, 1", "SELECT `VALUES`, 1"),
            (
                "SELECT t.values FROM t WHERE t.values = 1",
                "SELECT t.values FROM t WHERE t.values = 1",
            ),
            (
                "SELECT a, values FROM t GROUP BY a, values",
                "SELECT a, values FROM t GROUP BY a, values",
            ),
            (
                "SELECT * FROM (VALUES f(1, 2), ARRAY[1, 2]) AS t(x)",
                "SELECT * FROM (VALUES( f(1, 2)),( ARRAY[1, 2])) AS t(x)",
            ),
            ("VALUES 1, 2 UNION ALL VALUES 3", "VALUES( 1),( 2 )UNION ALL VALUES( 3)"),
            ("VALUES ", "VALUES "),
        ];
        for (given, expected) in cases {
            assert_eq!(written(given), expected, "{given}");
        }
    }
}
