//! Hints, `/*+ … */`: OPTIONS behind a table, STATE_TTL and LOOKUP behind SELECT.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Value, ValueWithSpan,
};
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

use crate::diagnostics::{Result, SqlError};
use crate::dialect::FlinkDialect;
use crate::parser::parse_expression;
use crate::script::tokenize;

/// The hint that says how long state is kept of a table's rows.
const STATE_TTL: &str = "STATE_TTL";

/// The hint that says how a lookup join asks its table.
const LOOKUP: &str = "LOOKUP";

/// Whether a hint is LOOKUP.
pub fn is_lookup(hint: &str) -> bool {
    hint.get(..LOOKUP.len()).is_some_and(|name| name.eq_ignore_ascii_case(LOOKUP))
}

/// The hints that say how Flink is to join: there is one way here.
const JOIN_STRATEGIES: [&str; 5] =
    ["BROADCAST", "SHUFFLE_HASH", "SHUFFLE_MERGE", "NEST_LOOP", "MULTI_JOIN"];

/// Whether a hint is about how tables are joined, which changes no result.
pub fn is_join_strategy(hint: &str) -> bool {
    let name = hint.split('(').next().unwrap_or(hint).trim();
    JOIN_STRATEGIES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What LOOKUP may say: how many requests are under way makes no difference to a table that is kept here.
///
/// # Errors
/// When it asks for a lookup that is done again when nothing is found.
pub fn check_lookup(hint: &str) -> Result<()> {
    const HARMLESS: [&str; 6] = ["table", "async", "output-mode", "capacity", "timeout", "shuffle"];
    for (key, _) in pairs_of(LOOKUP, hint)? {
        if !HARMLESS.contains(&key.as_str()) {
            return Err(SqlError::unsupported(format!("'{key}' in the hint {LOOKUP}"))
                .hint("a lookup finds what its table has: to wait for a row, join with FOR SYSTEM_TIME AS OF an event time")
                .about(&key));
        }
    }
    Ok(())
}

/// The tables and times of `STATE_TTL('t' = '1 d', …)`.
///
/// # Errors
/// When the hint is written another way.
pub fn state_ttl_of(hint: &str) -> Result<Vec<(String, String)>> {
    pairs_of(STATE_TTL, hint)
}

/// What stands in the parentheses of a hint.
fn pairs_of(name: &str, hint: &str) -> Result<Vec<(String, String)>> {
    let wrong = || {
        SqlError::new(format!("the hint {hint} is not written as {name}('t' = '1 d', …)"))
            .about(name)
    };
    let Expr::Function(call) = parse_expression(hint).map_err(|_| wrong())? else {
        return Err(wrong());
    };
    let FunctionArguments::List(list) = &call.args else { return Err(wrong()) };
    let text = |expr: &Expr| match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => {
            Some(text.clone())
        }
        _ => None,
    };
    let pair = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::BinaryOp {
            left,
            op: BinaryOperator::Eq,
            right,
        })) => text(left).zip(text(right)),
        _ => None,
    };
    list.args.iter().map(|argument| pair(argument).ok_or_else(wrong)).collect()
}

/// Writes `t /*+ OPTIONS('k'='v') */ [AS a]` as `t [AS a] WITH ('k'='v')`, which the parser has a place for.
pub fn hints_as_options(tokens: &[TokenWithSpan]) -> Result<Vec<TokenWithSpan>> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.iter().peekable();
    while let Some(token) = rest.next() {
        let hint = match &token.token {
            Token::Whitespace(Whitespace::MultiLineComment(text)) => text.strip_prefix('+'),
            _ => None,
        };
        let Some(hint) = hint else {
            out.push(token.clone());
            continue;
        };
        let inner = tokenize(hint).map_err(|error| SqlError::new(error.message).at(token))?;
        let mut words =
            inner.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF));
        let name = words.next().map_or(String::new(), |token| token.to_string());
        let behind_select =
            [STATE_TTL, LOOKUP].iter().any(|known| name.eq_ignore_ascii_case(known));
        if behind_select || is_join_strategy(&name) {
            // It stands behind SELECT, where the parser keeps it.
            out.push(token.clone());
            continue;
        }
        if !name.eq_ignore_ascii_case("OPTIONS") {
            return Err(SqlError::unsupported(format!("the hint {name}"))
                .hint("OPTIONS('key' = 'value') after a table, STATE_TTL('table' = '1 d') and LOOKUP('table' = 't') after SELECT are")
                .at(token));
        }
        // The alias comes first.
        while let Some(next) = rest.peek() {
            let alias = match &next.token {
                Token::Whitespace(_) => true,
                Token::Word(word) if matches!(word.keyword, Keyword::VALUES | Keyword::SELECT) => {
                    false
                }
                Token::Word(word) => {
                    word.keyword == Keyword::AS
                        || !FlinkDialect.is_reserved_for_table_alias(word.keyword)
                }
                _ => false,
            };
            if !alias {
                break;
            }
            out.extend(rest.next().cloned());
        }
        let word =
            |text: &str| TokenWithSpan { token: Token::make_keyword(text), span: token.span };
        out.push(word("WITH"));
        out.extend(words.map(|inner| TokenWithSpan { token: inner.token, span: token.span }));
    }
    Ok(out)
}

trait Reserved {
    fn is_reserved_for_table_alias(&self, keyword: Keyword) -> bool;
}

impl Reserved for FlinkDialect {
    fn is_reserved_for_table_alias(&self, keyword: Keyword) -> bool {
        sqlparser::keywords::RESERVED_FOR_TABLE_ALIAS.contains(&keyword)
            || self.is_reserved_for_identifier(keyword)
    }
}
