//! Types as they are written: `DECIMAL(10, 2)`, `ROW<a INT NOT NULL, b ARRAY<STRING>>`.

use millstream_types::SqlType;
use millstream_types::sql_type::{ColumnType, UNLIMITED};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use crate::dialect::FlinkDialect;
use crate::script::tokenize;

/// Reads a type with its nullability.
///
/// # Errors
/// When the next tokens are no type.
pub fn parse_type(parser: &mut Parser<'_>) -> Result<ColumnType, ParserError> {
    nested_type(parser, 0)
}

/// Types are taken apart level by level, so there are not to be too many.
const DEPTH_MAX: usize = 100;

fn check_depth(parser: &Parser<'_>, depth: usize) -> Result<(), ParserError> {
    if depth <= DEPTH_MAX {
        return Ok(());
    }
    let place = place(parser.peek_token_ref());
    Err(ParserError::ParserError(format!("the type is nested too deeply at {place}")))
}

/// A type inside of so many others.
fn nested_type(parser: &mut Parser<'_>, depth: usize) -> Result<ColumnType, ParserError> {
    check_depth(parser, depth)?;
    let mut sql_type = plain_type(parser, depth)?;
    // `INT ARRAY` is the standard's spelling of ARRAY<INT>.
    let mut depth = depth;
    while parser.parse_keyword(Keyword::ARRAY) {
        depth += 1;
        check_depth(parser, depth)?;
        sql_type = SqlType::Array(Box::new(ColumnType::nullable(sql_type)));
    }
    let nullable = !parser.parse_keywords(&[Keyword::NOT, Keyword::NULL]);
    if nullable {
        let _ = parser.parse_keyword(Keyword::NULL);
    }
    Ok(ColumnType { sql_type, nullable })
}

/// Reads a type from text.
///
/// # Errors
/// When the text is no type.
pub fn parse_type_text(text: &str) -> Result<ColumnType, ParserError> {
    let tokens = tokenize(text)?;
    parse_type(&mut Parser::new(&FlinkDialect).with_tokens_with_locations(tokens))
}

pub(crate) fn parse_plain(parser: &mut Parser<'_>) -> Result<SqlType, ParserError> {
    plain_type(parser, 0)
}

fn plain_type(parser: &mut Parser<'_>, depth: usize) -> Result<SqlType, ParserError> {
    let token = parser.next_token();
    let name = match &token.token {
        Token::Word(word) => word.value.to_ascii_uppercase(),
        _ => String::new(),
    };
    Ok(match name.as_str() {
        "CHAR" | "CHARACTER" if parser.parse_keyword(Keyword::VARYING) => {
            SqlType::VarChar(length(parser, 1, UNLIMITED)?)
        }
        "CHAR" | "CHARACTER" => SqlType::Char(length(parser, 1, UNLIMITED)?),
        "VARCHAR" => SqlType::VarChar(length(parser, 1, UNLIMITED)?),
        "STRING" => SqlType::STRING,
        "BOOLEAN" => SqlType::Boolean,
        "BINARY" if parser.parse_keyword(Keyword::VARYING) => {
            SqlType::VarBinary(length(parser, 1, UNLIMITED)?)
        }
        "BINARY" => SqlType::Binary(length(parser, 1, UNLIMITED)?),
        "VARBINARY" => SqlType::VarBinary(length(parser, 1, UNLIMITED)?),
        "BYTES" => SqlType::VarBinary(UNLIMITED),
        "DECIMAL" | "DEC" | "NUMERIC" => {
            let (mut precision, mut scale) = (10, 0);
            if parser.consume_token(&Token::LParen) {
                precision = number(parser, 1, 38)?;
                if parser.consume_token(&Token::Comma) {
                    scale = number(parser, 0, precision)?;
                }
                parser.expect_token(&Token::RParen)?;
            }
            SqlType::Decimal(precision as u8, scale as i8)
        }
        "TINYINT" => SqlType::TinyInt,
        "SMALLINT" => SqlType::SmallInt,
        "INT" | "INTEGER" => SqlType::Int,
        "BIGINT" => SqlType::BigInt,
        "FLOAT" | "REAL" => SqlType::Float,
        "DOUBLE" => {
            let _ = parser.parse_keyword(Keyword::PRECISION);
            SqlType::Double
        }
        "DATE" => SqlType::Date,
        "TIME" => {
            let precision = precision(parser, 0)?;
            let _ = parser.parse_keywords(&[Keyword::WITHOUT, Keyword::TIME, Keyword::ZONE]);
            SqlType::Time(precision.min(3))
        }
        "TIMESTAMP" => timestamp(parser)?,
        "TIMESTAMP_LTZ" => SqlType::TimestampLtz(precision(parser, 6)?),
        "INTERVAL" => interval(parser)?,
        "ARRAY" => {
            parser.expect_token(&Token::Lt)?;
            let element = nested_type(parser, depth + 1)?;
            close(parser)?;
            SqlType::Array(Box::new(element))
        }
        "MAP" => {
            parser.expect_token(&Token::Lt)?;
            let key = nested_type(parser, depth + 1)?;
            parser.expect_token(&Token::Comma)?;
            let value = nested_type(parser, depth + 1)?;
            close(parser)?;
            SqlType::Map(Box::new(key), Box::new(value))
        }
        "ROW" => row(parser, depth + 1)?,
        "VARIANT" => SqlType::Variant,
        "BITMAP" => SqlType::Bitmap,
        "NULL" => SqlType::Null,
        "MULTISET" | "RAW" => {
            return Err(ParserError::ParserError(format!(
                "the type {name} is not supported at {}",
                place(&token)
            )));
        }
        _ => {
            return parser
                .expected("a type such as STRING, INT, DECIMAL(10, 2) or TIMESTAMP(3)", token);
        }
    })
}

fn place(token: &sqlparser::tokenizer::TokenWithSpan) -> String {
    format!("Line: {}, Column: {}", token.span.start.line, token.span.start.column)
}

fn timestamp(parser: &mut Parser<'_>) -> Result<SqlType, ParserError> {
    let precision = precision(parser, 6)?;
    if parser.parse_keywords(&[Keyword::WITHOUT, Keyword::TIME, Keyword::ZONE]) {
        return Ok(SqlType::Timestamp(precision));
    }
    if parser.parse_keyword(Keyword::WITH) {
        let local = parser.parse_keyword(Keyword::LOCAL);
        parser.expect_keywords(&[Keyword::TIME, Keyword::ZONE])?;
        if !local {
            return Err(ParserError::ParserError(
                "the type TIMESTAMP WITH TIME ZONE is not supported, TIMESTAMP_LTZ is".to_owned(),
            ));
        }
        return Ok(SqlType::TimestampLtz(precision));
    }
    Ok(SqlType::Timestamp(precision))
}

fn interval(parser: &mut Parser<'_>) -> Result<SqlType, ParserError> {
    let mut months = false;
    loop {
        let token = parser.next_token();
        let Token::Word(word) = &token.token else {
            return parser.expected("a unit of time", token);
        };
        match word.value.to_ascii_uppercase().as_str() {
            "YEAR" | "MONTH" => months = true,
            "DAY" | "HOUR" | "MINUTE" | "SECOND" => {}
            _ => return parser.expected("a unit of time", token),
        }
        precision(parser, 0)?;
        if !parser.parse_keyword(Keyword::TO) {
            return Ok(if months {
                SqlType::IntervalYearMonth
            } else {
                SqlType::IntervalDaySecond
            });
        }
    }
}

fn row(parser: &mut Parser<'_>, depth: usize) -> Result<SqlType, ParserError> {
    let parentheses = parser.consume_token(&Token::LParen);
    if !parentheses {
        parser.expect_token(&Token::Lt)?;
    }
    let mut fields = Vec::new();
    loop {
        let name = parser.parse_identifier()?.value;
        fields.push((name, nested_type(parser, depth)?));
        if let Token::SingleQuotedString(_) = parser.peek_token_ref().token {
            parser.next_token();
        }
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    if parentheses {
        parser.expect_token(&Token::RParen)?;
    } else {
        close(parser)?;
    }
    Ok(SqlType::Row(fields))
}

fn close(parser: &mut Parser<'_>) -> Result<(), ParserError> {
    parser.expect_token(&Token::Gt).map(|_| ())
}

fn length(parser: &mut Parser<'_>, default: u32, most: u32) -> Result<u32, ParserError> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(default);
    }
    let length = number(parser, 1, most)?;
    parser.expect_token(&Token::RParen)?;
    Ok(length)
}

fn precision(parser: &mut Parser<'_>, default: u8) -> Result<u8, ParserError> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(default);
    }
    let precision = number(parser, 0, 9)?;
    parser.expect_token(&Token::RParen)?;
    Ok(precision as u8)
}

fn number(parser: &mut Parser<'_>, least: u32, most: u32) -> Result<u32, ParserError> {
    let token = parser.peek_token();
    let value = parser.parse_literal_uint()?;
    match u32::try_from(value) {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => parser.expected(&format!("a number from {least} to {most}"), token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_back_as_they_are_shown() {
        for text in [
            "INT NOT NULL",
            "DECIMAL(10, 2)",
            "TIMESTAMP(3)",
            "TIMESTAMP_LTZ(9)",
            "ARRAY<ARRAY<INT>>",
            "MAP<STRING, ROW<`a b` INT NOT NULL, `c` ARRAY<VARCHAR(5)>>>",
            "CHAR(3)",
            "BYTES",
        ] {
            assert_eq!(parse_type_text(text).unwrap().to_string(), text);
        }
        assert_eq!(
            parse_type_text("timestamp(3) with local time zone").unwrap().to_string(),
            "TIMESTAMP_LTZ(3)"
        );
        assert!(parse_type_text("DECIMAL(40, 2)").is_err());
        assert!(parse_type_text("QUUX").is_err());
    }
}
