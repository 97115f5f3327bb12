//! MATCH_RECOGNIZE as the call of a table function, which the parser has a place for.
//!
//! ```text
//! t MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES A.x AS a PATTERN (A B+) DEFINE B AS B.x > A.x)
//! $MATCH((SELECT * FROM t), $PARTITION(k), $ORDER(ts, ''), $MEASURES(A.x, 'a'),
//!        $PATTERN('A', '1 1 greedy', 'B', '1 - greedy'), $DEFINE('B', B.x > A.x))
//! ```
//!
//! Tokens are moved, not text, so that an error still knows its place.

use millstream_plan::Quantifier;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use crate::diagnostics::{Result, SqlError};
use crate::dialect::FlinkDialect;

/// The name of the call.
pub const MATCH: &str = "$MATCH";
/// The names of its arguments, for each clause.
pub const PARTITION: &str = "$PARTITION";
/// Expressions, each followed by its direction.
pub const ORDER: &str = "$ORDER";
/// Expressions, each followed by its name.
pub const MEASURES: &str = "$MEASURES";
/// FIRST or LAST and a variable, or neither of them.
pub const SKIP: &str = "$SKIP";
/// Variables, each followed by its quantifier.
pub const PATTERN: &str = "$PATTERN";
/// An interval.
pub const WITHIN: &str = "$WITHIN";
/// Variables, each followed by its condition.
pub const DEFINE: &str = "$DEFINE";

/// Rewrites each MATCH_RECOGNIZE of a statement.
///
/// # Errors
/// When a clause is not as it must be, or something in it is not supported.
pub fn matches_as_calls(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>> {
    if !tokens.iter().any(is_match) {
        return Ok(tokens);
    }
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut rest = &tokens[..];
    while let Some((token, behind)) = rest.split_first() {
        let open = behind.iter().position(|token| !is_blank(token));
        let open = open.filter(|at| is_match(token) && behind[*at].token == Token::LParen);
        let Some(open) = open else {
            out.push(token.clone());
            rest = behind;
            continue;
        };
        let close = closing(behind, open)
            .ok_or_else(|| SqlError::new("expected ), found the end of the statement").at(token))?;
        let relation = out.split_off(relation_start(&out));
        if relation.iter().all(is_blank) {
            return Err(SqlError::new("MATCH_RECOGNIZE stands behind a table or a query")
                .hint("write FROM t MATCH_RECOGNIZE (…)")
                .at(token));
        }
        let body = without_final(&behind[open + 1..close])?;
        let mut call = Call { out: &mut out, span: token.span };
        call.relation(relation);
        Clauses::read(&body, token)?.write(&mut call);
        rest = &behind[close + 1..];
    }
    Ok(out)
}

fn is_blank(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_))
}

fn is_word(token: &TokenWithSpan, text: &str) -> bool {
    matches!(&token.token, Token::Word(word)
        if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

fn is_match(token: &TokenWithSpan) -> bool {
    is_word(token, "MATCH_RECOGNIZE")
}

/// The parenthesis that closes another one.
fn closing(tokens: &[TokenWithSpan], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Where the relation begins that tokens end with: behind FROM, JOIN, a comma or a parenthesis.
fn relation_start(tokens: &[TokenWithSpan]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().rev() {
        match &token.token {
            Token::RParen => depth += 1,
            Token::LParen if depth == 0 => return at + 1,
            Token::LParen => depth -= 1,
            Token::Comma if depth == 0 => return at + 1,
            Token::Word(word)
                if depth == 0
                    && word.quote_style.is_none()
                    && matches!(word.keyword, Keyword::FROM | Keyword::JOIN) =>
            {
                return at + 1;
            }
            _ => {}
        }
    }
    0
}

/// The clauses without FINAL before a function of a measure, which is what it means without.
fn without_final(body: &[TokenWithSpan]) -> Result<Vec<TokenWithSpan>> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(body.len());
    let mut defines = false;
    for (at, token) in body.iter().enumerate() {
        defines |= is_word(token, "DEFINE");
        let mut behind = body[at + 1..].iter().filter(|token| !is_blank(token));
        let calls = matches!(behind.next(), Some(TokenWithSpan { token: Token::Word(_), .. }))
            && behind.next().is_some_and(|token| token.token == Token::LParen);
        if calls && is_word(token, "RUNNING") || defines && calls && is_word(token, "FINAL") {
            return Err(SqlError::unsupported(format!("{token} before a function"))
                .hint("a measure sees all rows of the match, a condition those up to its own")
                .at(token));
        }
        if !(calls && is_word(token, "FINAL")) {
            out.push(token.clone());
        }
    }
    Ok(out)
}

/// Writes a call as tokens.
struct Call<'a> {
    out: &'a mut Vec<TokenWithSpan>,
    span: Span,
}

impl Call<'_> {
    fn push(&mut self, token: Token) {
        self.out.push(TokenWithSpan { token, span: self.span });
    }

    fn text(&mut self, text: &str) {
        self.push(Token::SingleQuotedString(text.to_owned()));
    }

    /// The start of the call.
    fn relation(&mut self, relation: Vec<TokenWithSpan>) {
        self.push(Token::make_word(MATCH, None));
        self.push(Token::LParen);
        self.push(Token::LParen);
        self.push(Token::make_keyword("SELECT"));
        self.push(Token::Mul);
        self.push(Token::make_keyword("FROM"));
        self.out.extend(relation);
        self.push(Token::RParen);
    }

    /// A clause, each of whose items has two parts.
    fn clause(&mut self, name: &str, items: &[[Item<'_>; 2]]) {
        self.push(Token::Comma);
        self.push(Token::make_word(name, None));
        self.push(Token::LParen);
        for (at, item) in items.iter().flatten().filter(|item| !item.is_nothing()).enumerate() {
            if at > 0 {
                self.push(Token::Comma);
            }
            match item {
                Item::Tokens(tokens) => self.out.extend_from_slice(tokens),
                Item::Text(text) => self.text(text),
                Item::Nothing => {}
            }
        }
        self.push(Token::RParen);
    }
}

/// A part of a clause.
enum Item<'a> {
    Tokens(&'a [TokenWithSpan]),
    Text(String),
    Nothing,
}

impl Item<'_> {
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

type Items<'a> = Vec<[Item<'a>; 2]>;

/// The clauses, each with its items.
struct Clauses<'a>(Vec<(&'static str, Items<'a>)>);

impl<'a> Clauses<'a> {
    fn write(self, call: &mut Call<'_>) {
        for (name, items) in &self.0 {
            call.clause(name, items);
        }
        call.push(Token::RParen);
    }

    fn read(body: &'a [TokenWithSpan], start: &TokenWithSpan) -> Result<Self> {
        let parser = Parser::new(&FlinkDialect).with_tokens_with_locations(body.to_vec());
        let mut reader = Reader { body, parser };
        let mut clauses = Vec::new();
        if reader.words("PARTITION BY") {
            clauses.push((PARTITION, reader.list(|r| Ok([r.expression()?, Item::Nothing]))?));
        }
        if reader.words("ORDER BY") {
            clauses.push((ORDER, reader.list(|r| Ok([r.expression()?, r.direction()?]))?));
        }
        if reader.words("MEASURES") {
            clauses.push((MEASURES, reader.list(Reader::measure)?));
        }
        reader.rows_per_match()?;
        if reader.words("AFTER MATCH") {
            clauses.push((SKIP, vec![reader.skip()?]));
        }
        reader.expect("PATTERN")?;
        clauses.push((PATTERN, reader.pattern()?));
        if reader.words("WITHIN") {
            clauses.push((WITHIN, vec![[reader.expression()?, Item::Nothing]]));
        }
        reader.refuse("SUBSET", "write the condition or the measure for each variable")?;
        if reader.words("DEFINE") {
            clauses.push((DEFINE, reader.list(Reader::definition)?));
        }
        let next = reader.parser.peek_token();
        if next.token != Token::EOF {
            return Err(SqlError::new(format!(
                "expected the end of MATCH_RECOGNIZE, found {next}"
            ))
            .hint(CLAUSES)
            .at(&next));
        }
        if !clauses.iter().any(|(name, _)| *name == ORDER) {
            return Err(SqlError::new("MATCH_RECOGNIZE needs an order of the rows")
                .hint("write ORDER BY ts, where ts is what WATERMARK FOR names, or PROCTIME()")
                .at(start));
        }
        Ok(Self(clauses))
    }
}

const CLAUSES: &str = "its clauses are PARTITION BY, ORDER BY, MEASURES, ONE ROW PER MATCH, \
                       AFTER MATCH SKIP, PATTERN, WITHIN and DEFINE, in this order";

struct Reader<'a> {
    body: &'a [TokenWithSpan],
    parser: Parser<'static>,
}

impl<'a> Reader<'a> {
    fn words(&mut self, text: &str) -> bool {
        let due: Vec<&str> = text.split(' ').collect();
        let all = due
            .iter()
            .enumerate()
            .all(|(at, due)| is_word(self.parser.peek_nth_token_ref(at), due));
        if all {
            due.iter().for_each(|_| self.parser.advance_token());
        }
        all
    }

    fn expect(&mut self, text: &str) -> Result<()> {
        if self.words(text) {
            return Ok(());
        }
        let found = self.parser.peek_token();
        let shown = match &found.token {
            Token::EOF => "its end".to_owned(),
            other => other.to_string(),
        };
        let error = SqlError::new(format!("expected {text} in MATCH_RECOGNIZE, found {shown}"));
        Err(error.hint(CLAUSES).at(&found))
    }

    fn refuse(&mut self, text: &str, hint: &str) -> Result<()> {
        let start = self.parser.peek_token();
        match self.words(text) {
            true => Err(SqlError::unsupported(format!("{text} in MATCH_RECOGNIZE"))
                .hint(hint)
                .at(&start)),
            false => Ok(()),
        }
    }

    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![read(self)?];
        while self.parser.consume_token(&Token::Comma) {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// The tokens of an expression.
    fn expression(&mut self) -> Result<Item<'a>> {
        let start = self.parser.index();
        self.parser.parse_expr()?;
        Ok(Item::Tokens(&self.body[start..self.parser.index()]))
    }

    fn direction(&mut self) -> Result<Item<'a>> {
        let mut text = String::new();
        if self.words("DESC") {
            text.push_str("DESC ");
        } else {
            self.words("ASC");
        }
        if self.words("NULLS FIRST") {
            text.push_str("FIRST");
        } else if self.words("NULLS LAST") {
            text.push_str("LAST");
        }
        Ok(Item::Text(text))
    }

    fn measure(&mut self) -> Result<[Item<'a>; 2]> {
        let value = self.expression()?;
        self.expect("AS")?;
        let name = self.parser.parse_identifier()?.value;
        Ok([value, Item::Text(name)])
    }

    fn definition(&mut self) -> Result<[Item<'a>; 2]> {
        let name = self.parser.parse_identifier()?.value;
        self.expect("AS")?;
        Ok([Item::Text(name), self.expression()?])
    }

    fn rows_per_match(&mut self) -> Result<()> {
        self.refuse("ALL ROWS PER MATCH", "ONE ROW PER MATCH is")?;
        self.words("ONE ROW PER MATCH");
        Ok(())
    }

    fn skip(&mut self) -> Result<[Item<'a>; 2]> {
        self.expect("SKIP")?;
        if self.words("PAST LAST ROW") {
            return Ok([Item::Text("PAST".to_owned()), Item::Nothing]);
        }
        self.expect("TO")?;
        if self.words("NEXT ROW") {
            return Ok([Item::Text("NEXT".to_owned()), Item::Nothing]);
        }
        let first = self.words("FIRST");
        let which = if first { "FIRST" } else { "LAST" };
        if !first {
            self.words("LAST");
        }
        let variable = self.parser.parse_identifier()?.value;
        Ok([Item::Text(which.to_owned()), Item::Text(variable)])
    }

    fn pattern(&mut self) -> Result<Items<'a>> {
        self.parser.expect_token(&Token::LParen)?;
        let mut items = Vec::new();
        self.sequence(&mut items)?;
        Ok(items)
    }

    /// What stands up to the closing parenthesis.
    fn sequence(&mut self, items: &mut Items<'a>) -> Result<()> {
        loop {
            let token = self.parser.next_token();
            let refused = |what: &str, hint: &str| {
                Err(SqlError::unsupported(format!("{what} in PATTERN")).hint(hint).at(&token))
            };
            match &token.token {
                Token::RParen => return Ok(()),
                Token::LParen => {
                    self.sequence(items)?;
                    if let Some(next) = self.quantifier_ahead() {
                        return Err(SqlError::unsupported(
                            "a quantifier behind a group in PATTERN",
                        )
                        .hint("quantifiers stand behind single variables")
                        .at(&next));
                    }
                }
                Token::Pipe => {
                    return refused("an alternation", "write a variable whose condition has OR");
                }
                Token::LBrace => return refused("an exclusion {- -}", "name the rows between"),
                Token::Caret => {
                    return refused("the anchor ^", "a stream has no first row to wait for");
                }
                Token::Word(word) if word.quote_style.is_none() && word.value == "$" => {
                    return refused("the anchor $", "a stream has no last row to wait for");
                }
                Token::Word(word)
                    if word.quote_style.is_none()
                        && word.value.eq_ignore_ascii_case("PERMUTE")
                        && self.parser.peek_token_ref().token == Token::LParen =>
                {
                    return refused("PERMUTE", "write a query for each order, and UNION ALL");
                }
                Token::Word(word) => {
                    let name = word.value.clone();
                    let quantifier = self.quantifier()?;
                    items.push([Item::Text(name), Item::Text(text_of(quantifier))]);
                }
                other => {
                    let shown = match other {
                        Token::EOF => "the end of MATCH_RECOGNIZE".to_owned(),
                        other => other.to_string(),
                    };
                    let error =
                        SqlError::new(format!("expected a pattern variable, found {shown}"));
                    return Err(error
                        .hint("a pattern is written as in (A B+ C{2,3}? D)")
                        .at(&token));
                }
            }
        }
    }

    fn quantifier_ahead(&self) -> Option<TokenWithSpan> {
        let next = self.parser.peek_token();
        let quantifies = matches!(next.token, Token::Mul | Token::Plus | Token::LBrace)
            || matches!(&next.token, Token::Placeholder(text) if text == "?");
        quantifies.then_some(next)
    }

    fn quantifier(&mut self) -> Result<Quantifier> {
        let Some(start) = self.quantifier_ahead() else { return Ok(Quantifier::ONE) };
        // `{- … -}` is an exclusion, which is refused with the next token.
        if self.parser.peek_nth_token_ref(1).token == Token::Minus {
            return Ok(Quantifier::ONE);
        }
        self.parser.next_token();
        let (least, most) = match start.token {
            Token::Mul => (0, None),
            Token::Plus => (1, None),
            Token::LBrace => self.bounds(&start)?,
            _ => (0, Some(1)),
        };
        let reluctant = self.parser.consume_token(&Token::Placeholder("?".to_owned()));
        let wrong = |what: &str, hint: &str| Err(SqlError::new(what).hint(hint).at(&start));
        match most {
            Some(0) => {
                wrong("a variable must be able to have a row", "leave it out, or write {0,1}")
            }
            Some(most) if most < least => wrong(
                "the second number of a quantifier is less than the first one",
                "write {n,m} for n to m rows",
            ),
            _ if reluctant && (least, most) == (0, Some(1)) => {
                Err(SqlError::unsupported("the reluctant quantifier ?? in PATTERN")
                    .hint("use ?, or *? with a condition that only one row can meet")
                    .at(&start))
            }
            most => Ok(Quantifier { least, most, greedy: !reluctant }),
        }
    }

    /// `{n}`, `{n,}`, `{,m}` or `{n,m}`, behind the brace.
    fn bounds(&mut self, start: &TokenWithSpan) -> Result<(u32, Option<u32>)> {
        let least = self.number()?;
        let comma = self.parser.consume_token(&Token::Comma);
        let most = if comma { self.number()? } else { least };
        self.parser.expect_token(&Token::RBrace)?;
        if least.is_none() && most.is_none() {
            return Err(SqlError::new("a quantifier in braces has a number")
                .hint("write {n}, {n,}, {,m} or {n,m}")
                .at(start));
        }
        Ok((least.unwrap_or(0), most))
    }

    fn number(&mut self) -> Result<Option<u32>> {
        let token = self.parser.peek_token();
        let Token::Number(text, _) = &token.token else { return Ok(None) };
        self.parser.next_token();
        match text.parse::<u32>() {
            Ok(number) if number <= ROWS_MAX => Ok(Some(number)),
            _ => Err(SqlError::new(format!(
                "a quantifier's number is at most {ROWS_MAX}, not {text}"
            ))
            .hint("bound a match in time: WITHIN INTERVAL '1' HOUR")
            .at(&token)),
        }
    }
}

/// The greatest number of a quantifier: each row that is counted is a state of the automaton.
const ROWS_MAX: u32 = 1_000;

fn text_of(quantifier: Quantifier) -> String {
    let Quantifier { least, most, greedy } = quantifier;
    let most = most.map_or("-".to_owned(), |most| most.to_string());
    format!("{least} {most} {}", if greedy { "greedy" } else { "reluctant" })
}

/// A quantifier as it is written in an argument of [`PATTERN`].
pub fn quantifier_of(text: &str) -> Option<Quantifier> {
    let mut parts = text.split(' ');
    let (least, most, greedy) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Quantifier {
        least: least.parse().ok()?,
        most: most.parse().ok(),
        greedy: greedy == "greedy",
    })
}
