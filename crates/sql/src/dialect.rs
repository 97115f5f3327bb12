//! [`FlinkDialect`]: how sqlparser is steered to read Flink's expressions.
//!
//! What sqlparser would read differently, or not at all, is caught at the start of an expression and
//! written down in terms it has: a type as its own text, an interval as a count of milliseconds or
//! months, a unit of time as a string.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DateTimeField, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, Interval, ObjectName, Value,
    ValueWithSpan,
};
use sqlparser::dialect::{Dialect, Precedence};
use sqlparser::keywords::{Keyword, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_IDENTIFIER};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token, Word};

use crate::cast::{CAST, TRY_CAST};
use crate::json_syntax;
use crate::text_syntax::{position, trim_blanks};
use crate::time_syntax::{difference, is_difference};
use crate::types::parse_type;

/// Flink's SQL, as sqlparser sees it.
#[derive(Debug)]
pub struct FlinkDialect;

impl Dialect for FlinkDialect {
    fn is_delimited_identifier_start(&self, character: char) -> bool {
        character == '`'
    }

    fn is_identifier_start(&self, character: char) -> bool {
        character.is_alphabetic() || character == '_' || character == '$'
    }

    fn is_identifier_part(&self, character: char) -> bool {
        character.is_alphanumeric() || character == '_' || character == '$'
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_named_fn_args_with_rarrow_operator(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    fn supports_comment_optimizer_hint(&self) -> bool {
        true
    }

    fn supports_table_versioning(&self) -> bool {
        true
    }

    fn supports_values_as_table_factor(&self) -> bool {
        false
    }

    fn is_column_alias(&self, keyword: &Keyword, _: &mut Parser<'_>) -> bool {
        // `SELECT 1 ON CONFLICT …`
        *keyword != Keyword::ON && !RESERVED_FOR_COLUMN_ALIAS.contains(keyword)
    }

    fn is_reserved_for_identifier(&self, word: Keyword) -> bool {
        // What does not read as the word says is an error: to read it again as a name would double the time
        // with each level that words are nested.
        use Keyword::{ARRAY, CASE, CONVERT, EXTRACT, NOT, OVERLAY, POSITION, SUBSTRING};
        matches!(word, ARRAY | CASE | CONVERT | EXTRACT | NOT | OVERLAY | POSITION | SUBSTRING)
            || RESERVED_FOR_IDENTIFIER.contains(&word)
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let [first, second] = parser.peek_tokens_ref();
        let Token::Word(word) = &first.token else { return None };
        if word.quote_style.is_some() {
            return None;
        }
        let name = word.value.to_ascii_uppercase();
        match (name.as_str(), &second.token) {
            ("TABLE", Token::Word(_)) => {
                parser.next_token();
                Some(table(parser))
            }
            // As the table of a window function; elsewhere a query stands in parentheses.
            ("SELECT", _) => Some(parser.parse_query().map(Expr::Subquery)),
            ("CAST" | "TRY_CAST", Token::LParen) => Some(cast(parser)),
            ("INTERVAL", Token::SingleQuotedString(_) | Token::Minus | Token::Plus) => {
                Some(interval(parser))
            }
            ("DATE" | "TIME" | "TIMESTAMP", Token::SingleQuotedString(text)) => {
                let typed = typed_literal(&name, text, first.span);
                parser.next_token();
                parser.next_token();
                Some(Ok(typed))
            }
            ("FLOOR" | "CEIL" | "CEILING", Token::LParen) => Some(round(parser)),
            ("TIMESTAMPADD" | "TIMESTAMPDIFF", Token::LParen) => Some(with_unit(parser)),
            ("TRIM", Token::LParen) => trim_blanks(parser),
            ("SUBSTR", Token::LParen) => Some(parser.parse_substring()),
            ("POSITION", Token::LParen) => Some(position(parser)),
            ("MAP", Token::LBracket) => Some(map(parser)),
            ("CASE", Token::Word(word)) if word.keyword == Keyword::WHEN => None,
            ("CASE", _) => Some(case_of_values(parser)),
            (name, Token::LParen) => json_syntax::call_of(name).map(|read| read(parser)),
            _ => None,
        }
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        if is_overlaps(parser) {
            return Some(Ok(self.prec_value(Precedence::Between)));
        }
        if is_difference(parser) {
            return Some(Ok(self.prec_value(Precedence::Period)));
        }
        is_partition_by(parser).then(|| Ok(self.prec_value(Precedence::Or)))
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        left: &Expr,
        _precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        if is_partition_by(parser) {
            return Some(partitioned(parser, left));
        }
        if let Some(negated) = is_distinct_from(parser) {
            return Some(distinct_from(parser, left, negated));
        }
        if let Some(negated) = json_syntax::is_json(parser) {
            return Some(json_syntax::is_json_of(parser, left, negated));
        }
        if is_overlaps(parser) {
            return Some(overlaps(parser, left));
        }
        if is_difference(parser) {
            return Some(difference(parser, left));
        }
        let words: [Token; 3] = parser.peek_tokens();
        let is = |at: usize, text: &str| match &words[at] {
            Token::Word(word) => word.value.eq_ignore_ascii_case(text),
            _ => false,
        };
        let negated = is(0, "NOT");
        let at = usize::from(negated);
        let symmetric = is(at + 1, "SYMMETRIC");
        if !is(at, "BETWEEN") || !(symmetric || is(at + 1, "ASYMMETRIC")) {
            return None;
        }
        (0..at + 2).for_each(|_| parser.advance_token());
        Some(between(parser, left, negated, symmetric))
    }
}

fn is_partition_by(parser: &Parser<'_>) -> bool {
    let words: [Token; 2] = parser.peek_tokens();
    let is = |at: usize, text: &str| match &words[at] {
        Token::Word(word) => word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text),
        _ => false,
    };
    is(0, "PARTITION") && is(1, "BY")
}

/// The name of the call that `TABLE t /*+ OPTIONS(…) */` becomes: the table, then the options.
pub const HINTED: &str = "$HINTED";

/// What follows `TABLE` as an argument; hints have become `WITH (…)` by now.
fn table(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let name = parser.parse_object_name(false)?;
    let parts = name.0.into_iter().filter_map(|part| part.as_ident().cloned());
    let table = Expr::CompoundIdentifier(parts.collect());
    let [first, second] = parser.peek_tokens_ref();
    let hinted = matches!(&first.token, Token::Word(word) if word.keyword == Keyword::WITH);
    if !hinted || second.token != Token::LParen {
        return Ok(table);
    }
    parser.next_token();
    parser.expect_token(&Token::LParen)?;
    let options = parser.parse_comma_separated(Parser::parse_expr)?;
    parser.expect_token(&Token::RParen)?;
    Ok(call(Ident::new(HINTED), std::iter::once(table).chain(options).collect()))
}

/// Whether `IS [NOT] DISTINCT FROM` follows, and whether with NOT.
fn is_distinct_from(parser: &Parser<'_>) -> Option<bool> {
    let words: [Token; 4] = parser.peek_tokens();
    let is = |at: usize, text: &str| match &words[at] {
        Token::Word(word) => word.value.eq_ignore_ascii_case(text),
        _ => false,
    };
    let negated = is(1, "NOT");
    let at = 1 + usize::from(negated);
    (is(0, "IS") && is(at, "DISTINCT") && is(at + 1, "FROM")).then_some(negated)
}

/// What follows binds as tightly as behind `=`; sqlparser would take all that follows.
fn distinct_from(parser: &mut Parser<'_>, left: &Expr, negated: bool) -> Result<Expr, ParserError> {
    (0..3 + usize::from(negated)).for_each(|_| parser.advance_token());
    let right = parser.parse_subexpr(FlinkDialect.prec_value(Precedence::Is))?;
    let (left, right) = (Box::new(left.clone()), Box::new(right));
    Ok(match negated {
        true => Expr::IsNotDistinctFrom(left, right),
        false => Expr::IsDistinctFrom(left, right),
    })
}

fn is_overlaps(parser: &Parser<'_>) -> bool {
    matches!(&parser.peek_token_ref().token, Token::Word(word)
        if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("OVERLAPS"))
}

/// `(start, end) OVERLAPS (start, end)` as a call of four arguments.
fn overlaps(parser: &mut Parser<'_>, left: &Expr) -> Result<Expr, ParserError> {
    parser.advance_token();
    let right = parser.parse_subexpr(FlinkDialect.prec_value(Precedence::Between))?;
    match (left, right) {
        (Expr::Tuple(left), Expr::Tuple(right)) if left.len() == 2 && right.len() == 2 => {
            Ok(call(Ident::new("OVERLAPS"), [left.clone(), right].concat()))
        }
        _ => Err(ParserError::ParserError(
            "OVERLAPS stands between two periods, as in (a, b) OVERLAPS (c, INTERVAL '1' HOUR)"
                .to_owned(),
        )),
    }
}

/// The name of the call that `TABLE t PARTITION BY k` becomes: the relation, then the columns.
pub const PARTITIONED: &str = "$PARTITIONED";

/// `relation PARTITION BY column` or `(column, …)`
fn partitioned(parser: &mut Parser<'_>, relation: &Expr) -> Result<Expr, ParserError> {
    parser.expect_keywords(&[Keyword::PARTITION, Keyword::BY])?;
    let columns = if parser.consume_token(&Token::LParen) {
        let columns = parser.parse_comma_separated(Parser::parse_identifier)?;
        parser.expect_token(&Token::RParen)?;
        columns
    } else {
        vec![parser.parse_identifier()?]
    };
    let columns = columns.into_iter().map(Expr::Identifier);
    Ok(call(Ident::new(PARTITIONED), std::iter::once(relation.clone()).chain(columns).collect()))
}

fn between(
    parser: &mut Parser<'_>,
    left: &Expr,
    negated: bool,
    symmetric: bool,
) -> Result<Expr, ParserError> {
    let precedence = FlinkDialect.prec_value(Precedence::Between);
    let low = parser.parse_subexpr(precedence)?;
    parser.expect_keyword(Keyword::AND)?;
    let high = parser.parse_subexpr(precedence)?;
    let plain = |low: Expr, high: Expr| Expr::Between {
        expr: Box::new(left.clone()),
        negated,
        low: Box::new(low),
        high: Box::new(high),
    };
    let one = plain(low.clone(), high.clone());
    if !symmetric {
        return Ok(one);
    }
    let op = if negated { BinaryOperator::And } else { BinaryOperator::Or };
    let either = Expr::BinaryOp { left: Box::new(one), op, right: Box::new(plain(high, low)) };
    Ok(Expr::Nested(Box::new(either)))
}

fn cast(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let kind = match parser.next_token().token {
        Token::Word(Word { keyword: Keyword::TRY_CAST, .. }) => CastKind::TryCast,
        _ => CastKind::Cast,
    };
    parser.expect_token(&Token::LParen)?;
    let value = parser.parse_expr()?;
    parser.expect_keyword(Keyword::AS)?;
    let column = parse_type(parser)?;
    parser.expect_token(&Token::RParen)?;
    Ok(cast_to(value, kind, &column.sql_type.to_string()))
}

/// A cast to a type that travels as its text.
pub fn cast_to(value: Expr, kind: CastKind, type_text: &str) -> Expr {
    let name = if kind == CastKind::TryCast { TRY_CAST } else { CAST };
    let to = Value::SingleQuotedString(type_text.to_owned()).with_empty_span();
    call(Ident::new(name), vec![value, Expr::Value(to)])
}

fn typed_literal(name: &str, text: &str, span: Span) -> Expr {
    let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.trim().len().min(9));
    let to = match name {
        "TIMESTAMP" => format!("TIMESTAMP({digits})"),
        "TIME" => format!("TIME({})", digits.min(3)),
        _ => "DATE".to_owned(),
    };
    let value =
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text.to_owned()), span });
    cast_to(value, CastKind::Cast, &to)
}

/// `FLOOR(number)` or `FLOOR(time TO unit)`
fn round(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let name = parser.parse_identifier()?;
    parser.expect_token(&Token::LParen)?;
    let mut arguments = vec![parser.parse_expr()?];
    if parser.parse_keyword(Keyword::TO) {
        arguments.push(text_of(parser.parse_identifier()?));
    }
    parser.expect_token(&Token::RParen)?;
    Ok(call(name, arguments))
}

/// `TIMESTAMPADD(unit, …)`
fn with_unit(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let name = parser.parse_identifier()?;
    parser.expect_token(&Token::LParen)?;
    let mut arguments = vec![text_of(parser.parse_identifier()?)];
    parser.expect_token(&Token::Comma)?;
    arguments.extend(parser.parse_comma_separated(Parser::parse_expr)?);
    parser.expect_token(&Token::RParen)?;
    Ok(call(name, arguments))
}

/// `CASE value WHEN a, b THEN c …` as a CASE of conditions: that is where values are compared as `=` compares
/// them, 0.0 with -0.0. Any other CASE is left to the parser.
fn case_of_values(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    parser.expect_keyword(Keyword::CASE)?;
    let value = parser.parse_expr()?;
    let mut conditions = Vec::new();
    loop {
        if conditions.is_empty() {
            parser.expect_keyword(Keyword::WHEN)?;
        } else if !parser.parse_keyword(Keyword::WHEN) {
            break;
        }
        let among = parser.parse_comma_separated(Parser::parse_expr)?;
        parser.expect_keyword(Keyword::THEN)?;
        let equal = among.into_iter().map(|one| Expr::BinaryOp {
            left: Box::new(value.clone()),
            op: BinaryOperator::Eq,
            right: Box::new(one),
        });
        let any = equal.reduce(|any, next| Expr::BinaryOp {
            left: Box::new(any),
            op: BinaryOperator::Or,
            right: Box::new(next),
        });
        let result = parser.parse_expr()?;
        conditions.extend(any.map(|condition| CaseWhen { condition, result }));
    }
    let otherwise = parser.parse_keyword(Keyword::ELSE);
    let else_result = otherwise.then(|| parser.parse_expr()).transpose()?.map(Box::new);
    parser.expect_keyword(Keyword::END)?;
    Ok(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions,
        else_result,
    })
}

fn map(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let name = parser.parse_identifier()?;
    // The library plans the arguments of what it knows as "map" three times, which three maps in each other
    // make 27 times; under a quoted name it is a function like any other.
    let name = Ident::with_quote('`', name.value.to_ascii_uppercase());
    parser.expect_token(&Token::LBracket)?;
    let arguments = parser.parse_comma_separated(Parser::parse_expr)?;
    parser.expect_token(&Token::RBracket)?;
    Ok(call(name, arguments))
}

fn text_of(ident: Ident) -> Expr {
    Expr::Value(ValueWithSpan {
        value: Value::SingleQuotedString(ident.value.to_ascii_uppercase()),
        span: ident.span,
    })
}

/// A call of a function by position.
pub fn call(name: Ident, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|a| FunctionArg::Unnamed(FunctionArgExpr::Expr(a)));
    Expr::Function(Function {
        name: ObjectName::from(vec![name]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.collect(),
            clauses: vec![],
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}

/// `INTERVAL 'text' unit [TO unit]`
fn interval(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let start = parser.next_token();
    let negative = match parser.next_token().token {
        Token::Minus => {
            parser.next_token();
            true
        }
        Token::Plus => {
            parser.next_token();
            false
        }
        _ => false,
    };
    let text = match &parser.get_current_token().token {
        Token::SingleQuotedString(text) => text.clone(),
        _ => return parser.expected("an interval in quotes", parser.get_current_token().clone()),
    };
    let from = unit(parser)?;
    let to = if parser.parse_keyword(Keyword::TO) { unit(parser)? } else { from };
    let Some((amount, months)) = amount(text.trim(), from, to) else {
        let due = if from == to { from.example() } else { "'1 02:03:04.5' DAY TO SECOND" };
        return Err(ParserError::ParserError(format!(
            "'{text}' is not an interval of these units, {due} is one{}",
            start.span.start
        )));
    };
    let field = if months { DateTimeField::Month } else { DateTimeField::Millisecond };
    let amount = if negative { -amount } else { amount };
    Ok(Expr::Interval(Interval {
        value: Box::new(Expr::Value(ValueWithSpan {
            value: Value::SingleQuotedString(amount.to_string()),
            span: start.span,
        })),
        leading_field: Some(field),
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

impl Unit {
    fn example(self) -> &'static str {
        match self {
            Self::Year => "'1' YEAR",
            Self::Quarter => "'1' QUARTER",
            Self::Month => "'1' MONTH",
            Self::Week => "'1' WEEK",
            Self::Day => "'1' DAY",
            Self::Hour => "'1' HOUR",
            Self::Minute => "'1' MINUTE",
            Self::Second => "'1.5' SECOND",
        }
    }

    fn ms(self) -> i64 {
        match self {
            Self::Week => 604_800_000,
            Self::Day => 86_400_000,
            Self::Hour => 3_600_000,
            Self::Minute => 60_000,
            _ => 1_000,
        }
    }
}

/// A unit, in the singular or plural, with an optional precision.
fn unit(parser: &mut Parser<'_>) -> Result<Unit, ParserError> {
    let token = parser.next_token();
    let name = match &token.token {
        Token::Word(word) => word.value.to_ascii_uppercase(),
        _ => String::new(),
    };
    let unit = match name.trim_end_matches('S') {
        "YEAR" => Unit::Year,
        "QUARTER" => Unit::Quarter,
        "MONTH" => Unit::Month,
        "WEEK" => Unit::Week,
        "DAY" => Unit::Day,
        "HOUR" => Unit::Hour,
        "MINUTE" => Unit::Minute,
        "SECOND" => Unit::Second,
        _ => return parser.expected("a unit of time such as SECOND, MINUTE, HOUR or DAY", token),
    };
    if parser.consume_token(&Token::LParen) {
        parser.parse_comma_separated(Parser::parse_literal_uint)?;
        parser.expect_token(&Token::RParen)?;
    }
    Ok(unit)
}

/// What an interval's text amounts to: months (second is true) or milliseconds.
fn amount(text: &str, from: Unit, to: Unit) -> Option<(i64, bool)> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let sign = if negative { -1 } else { 1 };
    if from <= Unit::Month {
        let months = match (from, to) {
            (Unit::Year, Unit::Month) => {
                let (years, months) = text.split_once('-')?;
                years.parse::<i64>().ok()?.checked_mul(12)? + months.parse::<i64>().ok()?
            }
            (Unit::Year, Unit::Year) => text.parse::<i64>().ok()?.checked_mul(12)?,
            (Unit::Quarter, Unit::Quarter) => text.parse::<i64>().ok()?.checked_mul(3)?,
            (Unit::Month, Unit::Month) => text.parse().ok()?,
            _ => return None,
        };
        return Some((sign * months, true));
    }
    // Days are set off by a blank, the rest by colons, in falling order of units.
    let (days, rest) = match (from, to) {
        (Unit::Day, to) if to > Unit::Day => {
            let (days, rest) = text.split_once(' ')?;
            (days.parse::<i64>().ok()?, rest.trim())
        }
        _ => (0, text),
    };
    let mut total = days.checked_mul(86_400_000)?;
    let units = [Unit::Week, Unit::Day, Unit::Hour, Unit::Minute, Unit::Second];
    let first = if from == Unit::Day && to > Unit::Day { Unit::Hour } else { from };
    let due: Vec<Unit> = units.into_iter().filter(|unit| (first..=to).contains(unit)).collect();
    let parts: Vec<&str> = rest.split(':').collect();
    if parts.len() != due.len() || due.is_empty() {
        return None;
    }
    for (part, unit) in parts.into_iter().zip(due) {
        let (whole, fraction) = part.split_once('.').unwrap_or((part, ""));
        let whole: i64 = whole.parse().ok().filter(|whole| *whole >= 0)?;
        let fraction_ms = match fraction {
            "" => 0,
            digits if unit == Unit::Second && digits.bytes().all(|b| b.is_ascii_digit()) => {
                format!("{digits:0<3}")[..3].parse().ok()?
            }
            _ => return None,
        };
        total = total.checked_add(whole.checked_mul(unit.ms())?)?.checked_add(fraction_ms)?;
    }
    Some((sign * total, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_amount_to_milliseconds_or_months() {
        let ms = |text, from, to| amount(text, from, to);
        assert_eq!(ms("10", Unit::Second, Unit::Second), Some((10_000, false)));
        assert_eq!(ms("0.001", Unit::Second, Unit::Second), Some((1, false)));
        assert_eq!(ms("1 02:03:04.5", Unit::Day, Unit::Second), Some((93_784_500, false)));
        assert_eq!(ms("-1 02", Unit::Day, Unit::Hour), Some((-93_600_000, false)));
        assert_eq!(ms("10:30", Unit::Hour, Unit::Minute), Some((37_800_000, false)));
        assert_eq!(ms("2-3", Unit::Year, Unit::Month), Some((27, true)));
        assert_eq!(ms("abc", Unit::Day, Unit::Day), None);
        assert_eq!(ms("1:2", Unit::Second, Unit::Second), None);
    }
}
