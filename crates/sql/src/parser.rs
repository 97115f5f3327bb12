//! One statement from its tokens.

mod definitions;

use sqlparser::ast::{Expr, Ident, ObjectName};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::diagnostics::{Result, SqlError, nearest};
use crate::dialect::FlinkDialect;
use crate::hints::hints_as_options;
use crate::match_syntax::matches_as_calls;
use crate::script::{text_between, tokenize};
use crate::statement::{
    Column, ColumnKind, Conflict, CreateTable, Insert, Like, OptionList, Place, Show, Statement,
};
use crate::types::parse_type;
use crate::values_syntax::rows_in_parentheses;

/// How deep a statement may be nested, in calls of the library's parser: one or two a level.
const DEPTH_MAX: usize = 500;

fn parser<'a>(tokens: Vec<TokenWithSpan>) -> Parser<'a> {
    Parser::new(&FlinkDialect).with_recursion_limit(DEPTH_MAX).with_tokens_with_locations(tokens)
}

/// Reads one statement of a script.
///
/// # Errors
/// When it is no statement of the dialect, with the position.
pub fn parse(tokens: &[TokenWithSpan], text: &str) -> Result<Statement> {
    let written = tokens;
    let tokens = rows_in_parentheses(matches_as_calls(hints_as_options(tokens)?)?);
    let mut reader = Reader { parser: parser(tokens), text };
    let statement = reader.statement().map_err(|error| error.locate(written))?;
    let next = reader.parser.peek_token();
    if next.token != Token::EOF {
        let error = SqlError::new(format!("expected the end of the statement, found {next}"));
        return Err(error.at(&next));
    }
    Ok(statement)
}

/// Reads an expression that stands alone, such as a computed column's.
///
/// # Errors
/// When the text is no expression.
pub fn parse_expression(text: &str) -> Result<Expr> {
    let tokens = tokenize(text).map_err(|error| SqlError::new(error.message))?;
    Ok(parser(tokens).parse_expr()?)
}

struct Reader<'a> {
    parser: Parser<'a>,
    text: &'a str,
}

const STATEMENTS: [&str; 15] = [
    "SELECT", "INSERT", "CREATE", "ALTER", "DROP", "EXPLAIN", "SHOW", "DESCRIBE", "SET", "RESET",
    "USE", "WITH", "VALUES", "EXECUTE", "BEGIN",
];

impl<'a> Reader<'a> {
    fn statement(&mut self) -> Result<Statement> {
        let first = self.parser.peek_token();
        let word = match &first.token {
            Token::Word(word) => word.value.to_ascii_uppercase(),
            _ => String::new(),
        };
        match word.as_str() {
            "SELECT" | "WITH" | "VALUES" => Ok(Statement::Query(self.parser.parse_query()?)),
            "TABLE" => self.explicit_table(),
            _ if first.token == Token::LParen => Ok(Statement::Query(self.parser.parse_query()?)),
            "INSERT" => Ok(Statement::Insert(vec![self.insert()?])),
            "EXECUTE" | "BEGIN" => self.execute(),
            "CREATE" => self.create(),
            "ALTER" => self.alter(),
            "DROP" => self.drop(),
            "EXPLAIN" => self.explain(),
            "SHOW" => self.show(),
            "DESCRIBE" | "DESC" => self.describe(),
            "SET" => self.set(),
            "RESET" => self.reset(),
            "USE" => self.use_(),
            "STOP" | "ADD" | "REMOVE" | "UPDATE" | "DELETE" | "TRUNCATE" | "ANALYZE" | "CALL"
            | "LOAD" | "UNLOAD" | "COMPILE" => {
                Err(SqlError::unsupported(format!("the statement {word}")).at(&first))
            }
            _ => {
                let error = SqlError::new(format!("{first} does not start a statement")).at(&first);
                Err(match nearest(&word, STATEMENTS.iter().copied()) {
                    Some(near) => error.hint(format!("did you mean {near}?")),
                    None => error.hint("SELECT, INSERT INTO, CREATE TABLE and SHOW TABLES do"),
                })
            }
        }
    }

    /// `TABLE t` as a query.
    fn explicit_table(&mut self) -> Result<Statement> {
        self.expect("TABLE")?;
        let all = format!("SELECT * FROM {}", self.name()?);
        let tokens = tokenize(&all).map_err(|error| SqlError::new(error.message))?;
        Ok(Statement::Query(parser(tokens).parse_query()?))
    }

    fn word(&mut self, text: &str) -> bool {
        let is = matches!(&self.parser.peek_token_ref().token,
            Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text));
        if is {
            self.parser.next_token();
        }
        is
    }

    fn words(&mut self, text: &str) -> bool {
        let due: Vec<&str> = text.split(' ').collect();
        let all = due.iter().enumerate().all(|(at, due)| {
            matches!(&self.parser.peek_nth_token_ref(at).token,
                Token::Word(word) if word.value.eq_ignore_ascii_case(due))
        });
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
        Err(SqlError::new(format!("expected {text}, found {}", shown(&found))).at(&found))
    }

    fn name(&mut self) -> Result<ObjectName> {
        Ok(self.parser.parse_object_name(false)?)
    }

    fn string(&mut self, what: &str) -> Result<String> {
        let token = self.parser.next_token();
        match token.token {
            Token::SingleQuotedString(ref text) | Token::UnicodeStringLiteral(ref text) => {
                Ok(text.clone())
            }
            _ => Err(SqlError::new(format!("expected {what} in quotes, found {}", shown(&token)))
                .at(&token)),
        }
    }

    /// What `read` reads, with its text.
    fn with_text<T>(
        &mut self,
        read: impl FnOnce(&mut Parser<'a>) -> std::result::Result<T, ParserError>,
    ) -> Result<(T, String)> {
        let first = self.parser.peek_token();
        let value = read(&mut self.parser)?;
        let last = self.parser.get_current_token().clone();
        Ok((value, text_between(self.text, &first, &last)))
    }

    fn options(&mut self) -> Result<OptionList> {
        self.parser.expect_token(&Token::LParen)?;
        let mut options = Vec::new();
        if self.parser.consume_token(&Token::RParen) {
            return Ok(options);
        }
        loop {
            let key = self.string("an option's key")?;
            self.parser.expect_token(&Token::Eq)?;
            options.push((key, self.string("an option's value")?));
            if !self.parser.consume_token(&Token::Comma) {
                break;
            }
        }
        self.parser.expect_token(&Token::RParen)?;
        Ok(options)
    }

    fn create(&mut self) -> Result<Statement> {
        self.expect("CREATE")?;
        let or_replace = self.words("OR REPLACE");
        let _temporary = self.word("TEMPORARY") || self.word("TEMP");
        let token = self.parser.peek_token();
        if self.word("TABLE") {
            self.create_table(or_replace)
        } else if self.word("VIEW") {
            let if_not_exists = self.words("IF NOT EXISTS");
            let name = self.name()?;
            let columns = if self.parser.peek_token_ref().token == Token::LParen {
                self.parser.parse_parenthesized_column_list(
                    sqlparser::parser::IsOptional::Mandatory,
                    false,
                )?
            } else {
                Vec::new()
            };
            let comment = self.comment()?;
            self.expect("AS")?;
            let (query, text) = self.with_text(Parser::parse_query)?;
            Ok(Statement::CreateView {
                name,
                columns,
                query,
                text,
                if_not_exists,
                or_replace,
                comment,
            })
        } else if self.word("DATABASE") {
            self.create_database()
        } else if self.word("CATALOG") {
            self.create_catalog()
        } else {
            Err(SqlError::unsupported(format!("CREATE {}", shown(&token)))
                .hint("CREATE TABLE, CREATE VIEW, CREATE DATABASE and CREATE CATALOG are")
                .at(&token))
        }
    }

    fn create_table(&mut self, or_replace: bool) -> Result<Statement> {
        let if_not_exists = self.words("IF NOT EXISTS");
        let mut table = CreateTable::new(self.name()?);
        (table.if_not_exists, table.or_replace) = (if_not_exists, or_replace);
        if self.parser.consume_token(&Token::LParen) {
            loop {
                self.table_element(&mut table)?;
                if !self.parser.consume_token(&Token::Comma) {
                    break;
                }
            }
            self.parser.expect_token(&Token::RParen)?;
        }
        table.comment = self.comment()?;
        if self.words("PARTITIONED BY") {
            self.parser.expect_token(&Token::LParen)?;
            table.partitioned_by = self.parser.parse_comma_separated(Parser::parse_identifier)?;
            self.parser.expect_token(&Token::RParen)?;
        }
        if self.word("WITH") {
            table.options = self.options()?;
        }
        if self.word("LIKE") {
            table.like = Some(self.like()?);
        }
        if self.word("AS") {
            table.query = Some(self.parser.parse_query()?);
        }
        Ok(Statement::CreateTable(Box::new(table)))
    }

    fn table_element(&mut self, table: &mut CreateTable) -> Result<()> {
        let start = self.parser.peek_token();
        if self.words("WATERMARK FOR") {
            let column = self.parser.parse_identifier()?;
            self.expect("AS")?;
            let (value, text) = self.with_text(Parser::parse_expr)?;
            if table.watermark.replace((column, value, text)).is_some() {
                return Err(SqlError::new("a table has at most one WATERMARK").at(&start));
            }
            return Ok(());
        }
        if self.word("CONSTRAINT") {
            self.parser.parse_identifier()?;
        }
        if self.words("PRIMARY KEY") {
            self.parser.expect_token(&Token::LParen)?;
            table.primary_key = self.parser.parse_comma_separated(Parser::parse_identifier)?;
            self.parser.expect_token(&Token::RParen)?;
            return self.not_enforced();
        }
        let name = self.parser.parse_identifier()?;
        let kind = if self.word("AS") {
            let (value, text) = self.with_text(Parser::parse_expr)?;
            ColumnKind::Computed(Box::new(value), text)
        } else {
            let column = parse_type(&mut self.parser)?;
            let mut column = column;
            let metadata = match self.word("METADATA") {
                true if self.word("FROM") => Some(self.string("a metadata key")?),
                true => Some(name.value.clone()),
                false => None,
            };
            if metadata.is_some() {
                // Whether a column can be written is its connector's to say.
                self.word("VIRTUAL");
            }
            if self.words("PRIMARY KEY") {
                table.primary_key = vec![name.clone()];
                column.nullable = false;
                self.not_enforced()?;
            }
            match metadata {
                Some(key) => ColumnKind::Metadata(column, key),
                None => ColumnKind::Physical(column),
            }
        };
        let comment = self.comment()?;
        if table.columns.iter().any(|column| column.name.value == name.value) {
            return Err(
                SqlError::new(format!("column \"{}\" is declared twice", name.value)).at(&start)
            );
        }
        table.columns.push(Column { name, kind, place: Place::Last, comment });
        Ok(())
    }

    /// `COMMENT 'text'`, where it stands.
    fn comment(&mut self) -> Result<Option<String>> {
        match self.word("COMMENT") {
            true => self.string("a comment").map(Some),
            false => Ok(None),
        }
    }

    fn not_enforced(&mut self) -> Result<()> {
        if self.words("NOT ENFORCED") {
            return Ok(());
        }
        let found = self.parser.peek_token();
        Err(SqlError::new("a PRIMARY KEY is not checked, so it must say NOT ENFORCED")
            .hint("write PRIMARY KEY (…) NOT ENFORCED")
            .at(&found))
    }

    fn like(&mut self) -> Result<Like> {
        let mut like = Like {
            table: self.name()?,
            excluding_watermarks: false,
            excluding_options: false,
            excluding_generated: false,
            excluding_constraints: false,
            excluding_partitions: false,
        };
        if !self.parser.consume_token(&Token::LParen) {
            return Ok(like);
        }
        while !self.parser.consume_token(&Token::RParen) {
            let excluding = self.word("EXCLUDING");
            if !excluding && !self.word("INCLUDING") {
                self.expect("OVERWRITING")?;
            }
            let what = self.parser.parse_identifier()?.value.to_ascii_uppercase();
            match what.as_str() {
                "WATERMARKS" => like.excluding_watermarks = excluding,
                "OPTIONS" => like.excluding_options = excluding,
                "GENERATED" => like.excluding_generated = excluding,
                "CONSTRAINTS" => like.excluding_constraints = excluding,
                "ALL" => {
                    like.excluding_watermarks = excluding;
                    like.excluding_options = excluding;
                    like.excluding_generated = excluding;
                    like.excluding_constraints = excluding;
                    like.excluding_partitions = excluding;
                }
                "PARTITIONS" => like.excluding_partitions = excluding,
                "METADATA" | "DISTRIBUTION" => {}
                _ => {
                    return Err(
                        SqlError::new(format!("LIKE cannot include or exclude {what}")).about(what)
                    );
                }
            }
        }
        Ok(like)
    }

    fn insert(&mut self) -> Result<Insert> {
        self.expect("INSERT")?;
        let overwrite = self.parser.peek_token();
        if self.word("OVERWRITE") {
            return Err(SqlError::unsupported("INSERT OVERWRITE").at(&overwrite));
        }
        self.expect("INTO")?;
        self.word("TABLE");
        let table = self.name()?;
        let mut options = Vec::new();
        if self.parser.peek_keyword(Keyword::WITH)
            && self.parser.peek_nth_token_ref(1).token == Token::LParen
        {
            self.parser.advance_token();
            options = self.options()?;
        }
        let mut partition = Vec::new();
        if self.word("PARTITION") {
            self.parser.expect_token(&Token::LParen)?;
            loop {
                let column = self.parser.parse_identifier()?;
                self.parser.expect_token(&Token::Eq)?;
                partition.push((column, self.parser.parse_expr()?));
                if !self.parser.consume_token(&Token::Comma) {
                    break;
                }
            }
            self.parser.expect_token(&Token::RParen)?;
        }
        let mut columns = Vec::new();
        let opens_query = matches!(&self.parser.peek_nth_token_ref(1).token,
            Token::Word(word) if matches!(word.keyword, Keyword::SELECT | Keyword::WITH | Keyword::VALUES));
        if self.parser.peek_token_ref().token == Token::LParen && !opens_query {
            columns = self
                .parser
                .parse_parenthesized_column_list(sqlparser::parser::IsOptional::Mandatory, false)?;
        }
        let query = self.parser.parse_query()?;
        let conflict = self.conflict()?;
        Ok(Insert { table, columns, partition, options, query, conflict })
    }

    /// `ON CONFLICT DO …`
    fn conflict(&mut self) -> Result<Option<Conflict>> {
        let start = self.parser.peek_token();
        if !self.words("ON CONFLICT") {
            return Ok(None);
        }
        self.expect("DO")?;
        match () {
            () if self.word("DEDUPLICATE") => Ok(Some(Conflict::Deduplicate)),
            () if self.word("NOTHING") => Ok(Some(Conflict::Nothing)),
            () => Err(SqlError::unsupported("this ON CONFLICT")
                .hint(
                    "ON CONFLICT DO DEDUPLICATE keeps the last row of a key, DO NOTHING the first",
                )
                .at(&start)),
        }
    }

    /// `EXECUTE STATEMENT SET …`, and EXECUTE before a statement that would be executed anyway.
    fn execute(&mut self) -> Result<Statement> {
        let next = match &self.parser.peek_nth_token_ref(1).token {
            Token::Word(word) => word.value.to_ascii_uppercase(),
            _ => String::new(),
        };
        if ["INSERT", "SELECT", "WITH", "VALUES"].contains(&next.as_str()) && self.word("EXECUTE") {
            return self.statement();
        }
        self.statement_set()
    }

    fn statement_set(&mut self) -> Result<Statement> {
        self.word("EXECUTE");
        let began = self.word("BEGIN");
        self.expect("STATEMENT SET")?;
        if began {
            self.parser.expect_token(&Token::SemiColon)?;
        } else {
            self.expect("BEGIN")?;
        }
        let mut inserts = Vec::new();
        while !self.word("END") {
            inserts.push(self.insert()?);
            if !self.parser.consume_token(&Token::SemiColon)
                && !self.parser.peek_keyword(Keyword::END)
            {
                let found = self.parser.peek_token();
                return Err(SqlError::new(format!("expected ';' or END, found {}", shown(&found)))
                    .at(&found));
            }
        }
        if inserts.is_empty() {
            return Err(SqlError::new("a statement set needs at least one INSERT INTO"));
        }
        Ok(Statement::Insert(inserts))
    }

    fn explain(&mut self) -> Result<Statement> {
        self.expect("EXPLAIN")?;
        self.words("PLAN FOR");
        let details = ["ESTIMATED_COST", "CHANGELOG_MODE", "PLAN_ADVICE", "JSON_EXECUTION_PLAN"];
        while details.iter().any(|detail| self.word(detail)) {
            let _ = self.parser.consume_token(&Token::Comma);
        }
        let analyze = self.word("ANALYZE");
        // Flink's spelling: what is explained is not executed.
        let statement = match self.parser.peek_token_ref().token {
            Token::Word(ref word) if word.value.eq_ignore_ascii_case("STATEMENT") => {
                self.statement_set()?
            }
            _ => self.statement()?,
        };
        Ok(Statement::Explain { analyze, statement: Box::new(statement) })
    }

    fn describe(&mut self) -> Result<Statement> {
        self.parser.next_token();
        if self.word("FUNCTION") {
            self.word("EXTENDED");
            let name = self.name()?;
            return Ok(Statement::Show(Show::Function(name.to_string())));
        }
        self.word("TABLE");
        self.word("EXTENDED");
        Ok(Statement::Show(Show::Columns { of: self.name()?, like: None }))
    }

    fn set(&mut self) -> Result<Statement> {
        self.expect("SET")?;
        if self.parser.peek_token_ref().token == Token::EOF {
            return Ok(Statement::Set(None));
        }
        let key = self.key()?;
        self.parser.expect_token(&Token::Eq)?;
        let token = self.parser.next_token();
        let value = match &token.token {
            Token::SingleQuotedString(text) => text.clone(),
            Token::EOF => return Err(SqlError::new("expected a value in quotes").at(&token)),
            other => {
                let mut text = other.to_string();
                while self.parser.peek_token_ref().token != Token::EOF {
                    text.push_str(&self.parser.next_token().token.to_string());
                }
                text
            }
        };
        Ok(Statement::Set(Some((key, value))))
    }

    fn reset(&mut self) -> Result<Statement> {
        self.expect("RESET")?;
        if self.parser.peek_token_ref().token == Token::EOF {
            return Ok(Statement::Reset(None));
        }
        Ok(Statement::Reset(Some(self.key()?)))
    }

    /// A key in quotes, or in plain words with dots and dashes.
    fn key(&mut self) -> Result<String> {
        if let Token::SingleQuotedString(_) = self.parser.peek_token_ref().token {
            return self.string("a key");
        }
        let mut key = String::new();
        while !matches!(self.parser.peek_token_ref().token, Token::Eq | Token::EOF) {
            key.push_str(&self.parser.next_token().token.to_string());
        }
        Ok(key)
    }

    fn use_(&mut self) -> Result<Statement> {
        self.expect("USE")?;
        let catalog = self.word("CATALOG");
        Ok(Statement::Use { catalog, name: self.name()? })
    }
}

/// A token as a message names it.
fn shown(token: &TokenWithSpan) -> String {
    match &token.token {
        Token::EOF => "the end of the statement".to_owned(),
        other => other.to_string(),
    }
}

/// The parts of a name.
pub fn parts_of(name: &ObjectName) -> Vec<String> {
    name.0.iter().filter_map(|part| part.as_ident().map(|ident| ident.value.clone())).collect()
}

/// The name of a file that is queried without a table: `FROM 'bids.json'`.
pub fn file_of(name: &ObjectName) -> Option<&Ident> {
    match &name.0[..] {
        [one] => one.as_ident().filter(|ident| ident.quote_style == Some('\'')),
        _ => None,
    }
}
