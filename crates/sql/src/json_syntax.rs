//! Reads the calls of JSON functions, whose clauses are words: each becomes a call with texts in their place.

use sqlparser::ast::{Expr, Ident, UnaryOperator, Value};
use sqlparser::dialect::Dialect;
use sqlparser::dialect::Precedence;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use crate::dialect::{FlinkDialect, call};
use crate::types::parse_plain;

type Read = fn(&mut Parser<'_>) -> Result<Expr, ParserError>;

/// What reads the call of a function with clauses.
pub fn call_of(name: &str) -> Option<Read> {
    Some(match name {
        "JSON_EXISTS" => exists,
        "JSON_VALUE" => value,
        "JSON_QUERY" => query,
        "JSON_OBJECT" | "JSON_OBJECTAGG" => object,
        "JSON_ARRAY" | "JSON_ARRAYAGG" => array,
        _ => return None,
    })
}

fn is(token: &Token, text: &str) -> bool {
    matches!(token, Token::Word(word)
        if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

/// Takes words if they follow.
fn words(parser: &mut Parser<'_>, words: &str) -> bool {
    let words: Vec<&str> = words.split(' ').collect();
    let follow =
        words.iter().enumerate().all(|(at, word)| is(&parser.peek_nth_token(at).token, word));
    if follow {
        words.iter().for_each(|_| parser.advance_token());
    }
    follow
}

fn text(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).with_empty_span())
}

fn null() -> Expr {
    Expr::Value(Value::Null.with_empty_span())
}

/// Whether `IS [NOT] JSON` follows, and whether with NOT.
pub fn is_json(parser: &Parser<'_>) -> Option<bool> {
    let tokens: [Token; 3] = parser.peek_tokens();
    let negated = is(&tokens[1], "NOT");
    (is(&tokens[0], "IS") && is(&tokens[1 + usize::from(negated)], "JSON")).then_some(negated)
}

/// `left IS [NOT] JSON [kind]`
///
/// # Errors
/// When the words are others.
pub fn is_json_of(
    parser: &mut Parser<'_>,
    left: &Expr,
    negated: bool,
) -> Result<Expr, ParserError> {
    (0..2 + usize::from(negated)).for_each(|_| parser.advance_token());
    let kinds = ["VALUE", "SCALAR", "ARRAY", "OBJECT"];
    let kind = kinds.into_iter().find(|kind| words(parser, kind)).unwrap_or("VALUE");
    let is = call(Ident::new("IS_JSON"), vec![left.clone(), text(kind)]);
    Ok(match negated {
        true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(is) },
        false => is,
    })
}

/// The text and the path.
fn start(parser: &mut Parser<'_>) -> Result<Vec<Expr>, ParserError> {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    let value = parser.parse_expr()?;
    parser.expect_token(&Token::Comma)?;
    Ok(vec![value, parser.parse_expr()?])
}

fn exists(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let mut arguments = start(parser)?;
    let behaviors = ["TRUE", "FALSE", "UNKNOWN", "ERROR"];
    let behavior = behaviors.into_iter().find(|word| words(parser, &format!("{word} ON ERROR")));
    arguments.push(text(behavior.unwrap_or("FALSE")));
    parser.expect_token(&Token::RParen)?;
    Ok(call(Ident::new("JSON_EXISTS"), arguments))
}

fn value(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let mut arguments = start(parser)?;
    let mut name = "JSON_VALUE";
    if words(parser, "RETURNING") {
        let given = parser.peek_token();
        name = match parse_plain(parser)?.to_string().as_str() {
            "BOOLEAN" => "JSON_VALUE_BOOLEAN",
            "INT" => "JSON_VALUE_INTEGER",
            "DOUBLE" => "JSON_VALUE_DOUBLE",
            "STRING" => name,
            other if other.starts_with("VARCHAR") => name,
            _ => return parser.expected("STRING, BOOLEAN, INTEGER or DOUBLE", given),
        };
    }
    let (mut empty, mut error) = ((text("NULL"), null()), (text("NULL"), null()));
    loop {
        let behavior = if words(parser, "NULL") {
            (text("NULL"), null())
        } else if words(parser, "ERROR") {
            (text("ERROR"), null())
        } else if words(parser, "DEFAULT") {
            let precedence = FlinkDialect.prec_value(Precedence::Or);
            (text("DEFAULT"), parser.parse_subexpr(precedence)?)
        } else {
            break;
        };
        if words(parser, "ON EMPTY") {
            empty = behavior;
        } else if words(parser, "ON ERROR") {
            error = behavior;
        } else {
            return parser.expected("ON EMPTY or ON ERROR", parser.peek_token());
        }
    }
    parser.expect_token(&Token::RParen)?;
    arguments.extend([empty.0, empty.1, error.0, error.1]);
    Ok(call(Ident::new(name), arguments))
}

fn query(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let mut arguments = start(parser)?;
    let mut name = "JSON_QUERY";
    if words(parser, "RETURNING") {
        let given = parser.peek_token();
        name = match parse_plain(parser)?.to_string().as_str() {
            "ARRAY<STRING>" => "JSON_QUERY_ARRAY",
            "STRING" => name,
            other if other.starts_with("VARCHAR") => name,
            _ => return parser.expected("STRING or ARRAY<STRING>", given),
        };
    }
    let mut wrapper = "WITHOUT";
    if words(parser, "WITHOUT") || words(parser, "WITH") {
        let with = is(&parser.get_current_token().token, "WITH");
        wrapper = match with {
            true if words(parser, "CONDITIONAL") => "CONDITIONAL",
            true => {
                words(parser, "UNCONDITIONAL");
                "UNCONDITIONAL"
            }
            false => wrapper,
        };
        words(parser, "ARRAY");
        if !words(parser, "WRAPPER") {
            return parser.expected("WRAPPER", parser.peek_token());
        }
    }
    let (mut empty, mut error) = ("NULL", "NULL");
    loop {
        let behaviors = ["NULL", "ERROR", "EMPTY ARRAY", "EMPTY OBJECT"];
        let Some(behavior) = behaviors.into_iter().find(|given| words(parser, given)) else {
            break;
        };
        if words(parser, "ON EMPTY") {
            empty = behavior;
        } else if words(parser, "ON ERROR") {
            error = behavior;
        } else {
            return parser.expected("ON EMPTY or ON ERROR", parser.peek_token());
        }
    }
    parser.expect_token(&Token::RParen)?;
    arguments.extend([text(wrapper), text(empty), text(error)]);
    Ok(call(Ident::new(name), arguments))
}

/// A value inside an object or array: JSON as it is, anything else written as JSON.
fn inner(value: Expr) -> Expr {
    let is_json = match &value {
        Expr::Function(function) => {
            let name = function.name.to_string().to_ascii_uppercase();
            let raw = ["JSON", "JSON_OBJECT", "JSON_ARRAY", "JSON_OBJECTAGG", "JSON_ARRAYAGG"];
            raw.contains(&name.as_str())
        }
        _ => false,
    };
    if is_json { value } else { call(Ident::new("JSON_STRING"), vec![value]) }
}

/// `NULL ON NULL` or `ABSENT ON NULL`
fn on_null(parser: &mut Parser<'_>, usual: &str) -> Expr {
    if words(parser, "NULL ON NULL") {
        text("NULL")
    } else if words(parser, "ABSENT ON NULL") {
        text("ABSENT")
    } else {
        text(usual)
    }
}

fn ends(parser: &Parser<'_>) -> bool {
    let tokens: [Token; 3] = parser.peek_tokens();
    let on_null = is(&tokens[1], "ON") && is(&tokens[2], "NULL");
    tokens[0] == Token::RParen || on_null
}

fn object(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let name = parser.parse_identifier()?;
    parser.expect_token(&Token::LParen)?;
    let mut arguments = Vec::new();
    while !ends(parser) {
        if !arguments.is_empty() {
            parser.expect_token(&Token::Comma)?;
        }
        let after = parser.peek_nth_token(1).token;
        if !is(&after, "VALUE") && !matches!(after, Token::Colon | Token::Comma | Token::Period) {
            words(parser, "KEY");
        }
        arguments.push(parser.parse_expr()?);
        if !words(parser, "VALUE") && !parser.consume_token(&Token::Colon) {
            return parser.expected("VALUE", parser.peek_token());
        }
        arguments.push(inner(parser.parse_expr()?));
    }
    let on_null = on_null(parser, "NULL");
    parser.expect_token(&Token::RParen)?;
    arguments.insert(if is_aggregate(&name) { arguments.len() } else { 0 }, on_null);
    Ok(call(Ident::new(name.value.to_ascii_uppercase()), arguments))
}

fn array(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let name = parser.parse_identifier()?;
    parser.expect_token(&Token::LParen)?;
    let mut arguments = Vec::new();
    while !ends(parser) {
        if !arguments.is_empty() {
            parser.expect_token(&Token::Comma)?;
        }
        arguments.push(inner(parser.parse_expr()?));
    }
    let on_null = on_null(parser, "ABSENT");
    parser.expect_token(&Token::RParen)?;
    arguments.insert(if is_aggregate(&name) { arguments.len() } else { 0 }, on_null);
    Ok(call(Ident::new(name.value.to_ascii_uppercase()), arguments))
}

/// What an aggregate groups comes first among its arguments.
fn is_aggregate(name: &Ident) -> bool {
    name.value.to_ascii_uppercase().ends_with("AGG")
}
