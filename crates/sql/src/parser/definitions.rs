//! Statements that change or remove what the catalog holds: `ALTER`, `DROP`, and those about catalogs and
//! databases.

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::{Reader, shown};
use crate::diagnostics::{Result, SqlError};
use crate::statement::{Alter, CreateTable, NamePattern, Place, Show, Statement, TableChange};

impl Reader<'_> {
    pub(super) fn alter(&mut self) -> Result<Statement> {
        self.expect("ALTER")?;
        let token = self.parser.peek_token();
        let view = self.word("VIEW");
        if !view && !self.word("TABLE") {
            return Err(SqlError::unsupported(format!("ALTER {}", shown(&token)))
                .hint("ALTER TABLE and ALTER VIEW are")
                .at(&token));
        }
        let if_exists = self.words("IF EXISTS");
        let name = self.name()?;
        if view && self.word("AS") {
            let (query, text) = self.with_text(Parser::parse_query)?;
            return Ok(Statement::Alter(Alter::View { name, query, text }));
        }
        if self.words("RENAME TO") {
            let to = self.name()?;
            return Ok(Statement::Alter(Alter::Rename { view, name, to, if_exists }));
        }
        if view {
            let found = self.parser.peek_token();
            let message = format!("expected RENAME TO or AS, found {}", shown(&found));
            return Err(SqlError::new(message).at(&found));
        }
        let change = self.table_change(&name)?;
        Ok(Statement::Alter(Alter::Table { name, change: Box::new(change), if_exists }))
    }

    fn table_change(&mut self, table: &ObjectName) -> Result<TableChange> {
        let start = self.parser.peek_token();
        if self.word("SET") {
            return Ok(TableChange::Set(self.options()?));
        }
        if self.word("RESET") {
            self.parser.expect_token(&Token::LParen)?;
            let mut keys = vec![self.string("an option's key")?];
            while self.parser.consume_token(&Token::Comma) {
                keys.push(self.string("an option's key")?);
            }
            self.parser.expect_token(&Token::RParen)?;
            return Ok(TableChange::Reset(keys));
        }
        if self.word("RENAME") {
            let from = self.parser.parse_identifier()?;
            self.expect("TO")?;
            return Ok(TableChange::RenameColumn(from, self.parser.parse_identifier()?));
        }
        let adds = self.word("ADD");
        if adds || self.word("MODIFY") {
            return Ok(TableChange::Elements { adds, elements: Box::new(self.elements(table)?) });
        }
        if self.words("DROP PRIMARY KEY") {
            return Ok(TableChange::DropPrimaryKey);
        }
        if self.words("DROP CONSTRAINT") {
            // A table has no other constraint, whatever that is called.
            self.parser.parse_identifier()?;
            return Ok(TableChange::DropPrimaryKey);
        }
        if self.words("DROP WATERMARK") {
            return Ok(TableChange::DropWatermark);
        }
        if self.word("DROP") {
            if !self.parser.consume_token(&Token::LParen) {
                return Ok(TableChange::DropColumns(vec![self.parser.parse_identifier()?]));
            }
            let columns = self.parser.parse_comma_separated(Parser::parse_identifier)?;
            self.parser.expect_token(&Token::RParen)?;
            return Ok(TableChange::DropColumns(columns));
        }
        Err(SqlError::unsupported(format!("ALTER TABLE … {}", shown(&start)))
            .hint("RENAME, SET, RESET, ADD, MODIFY and DROP are")
            .at(&start))
    }

    /// Columns, a watermark and a primary key as they stand in CREATE TABLE, in parentheses where there are
    /// several; a column may say that it comes FIRST, or AFTER another one.
    fn elements(&mut self, table: &ObjectName) -> Result<CreateTable> {
        let mut elements = CreateTable::new(table.clone());
        let several = self.parser.consume_token(&Token::LParen);
        loop {
            let known = elements.columns.len();
            self.table_element(&mut elements)?;
            if let Some(column) = elements.columns.get_mut(known) {
                if self.word("FIRST") {
                    column.place = Place::First;
                } else if self.word("AFTER") {
                    column.place = Place::After(self.parser.parse_identifier()?);
                }
            }
            if !several || !self.parser.consume_token(&Token::Comma) {
                break;
            }
        }
        if several {
            self.parser.expect_token(&Token::RParen)?;
        }
        Ok(elements)
    }

    pub(super) fn drop(&mut self) -> Result<Statement> {
        self.expect("DROP")?;
        self.word("TEMPORARY");
        let token = self.parser.peek_token();
        let kinds = ["VIEW", "TABLE", "DATABASE", "CATALOG"];
        let Some(kind) = kinds.into_iter().find(|kind| self.word(kind)) else {
            return Err(SqlError::unsupported(format!("DROP {}", shown(&token)))
                .hint("DROP TABLE, DROP VIEW, DROP DATABASE and DROP CATALOG are")
                .at(&token));
        };
        let if_exists = self.words("IF EXISTS");
        let name = self.name()?;
        Ok(match kind {
            "DATABASE" => {
                let cascade = self.word("CASCADE");
                if !cascade {
                    self.word("RESTRICT");
                }
                Statement::DropDatabase { name, if_exists, cascade }
            }
            "CATALOG" => Statement::DropCatalog { name, if_exists },
            _ => Statement::Drop { view: kind == "VIEW", name, if_exists },
        })
    }

    /// What stands behind `CREATE DATABASE`.
    pub(super) fn create_database(&mut self) -> Result<Statement> {
        let if_not_exists = self.words("IF NOT EXISTS");
        let name = self.name()?;
        // A database is a name here, and nothing shows what is said of it.
        self.comment()?;
        if self.word("WITH") {
            self.options()?;
        }
        Ok(Statement::CreateDatabase { name, if_not_exists })
    }

    /// What stands behind `CREATE CATALOG`.
    pub(super) fn create_catalog(&mut self) -> Result<Statement> {
        let if_not_exists = self.words("IF NOT EXISTS");
        let name = self.name()?;
        self.comment()?;
        let options = if self.word("WITH") { self.options()? } else { Vec::new() };
        Ok(Statement::CreateCatalog { name, if_not_exists, options })
    }

    /// `[NOT] LIKE pattern`, with ILIKE where capitals do not count.
    pub(super) fn pattern(&mut self) -> Result<Option<NamePattern>> {
        let start = self.parser.peek_token();
        let negated = self.word("NOT");
        let any_case = self.word("ILIKE");
        if any_case || self.word("LIKE") {
            let text = self.string("a pattern")?;
            return Ok(Some(NamePattern { text, negated, any_case }));
        }
        match negated {
            true => Err(SqlError::new("expected LIKE behind NOT").at(&start)),
            false => Ok(None),
        }
    }

    /// `FROM name` or `IN name`
    pub(super) fn within(&mut self) -> Result<Option<ObjectName>> {
        let named = self.word("FROM") || self.word("IN");
        named.then(|| self.name()).transpose()
    }

    pub(super) fn show(&mut self) -> Result<Statement> {
        self.expect("SHOW")?;
        let token = self.parser.peek_token();
        let show = if self.word("TABLES") {
            Show::Tables { of: self.within()?, like: self.pattern()? }
        } else if self.word("VIEWS") {
            Show::Views { of: self.within()?, like: self.pattern()? }
        } else if self.words("USER FUNCTIONS") || self.word("FUNCTIONS") {
            Show::Functions(self.pattern()?)
        } else if self.words("COLUMNS FROM") || self.words("COLUMNS IN") {
            Show::Columns { of: self.name()?, like: self.pattern()? }
        } else if self.words("CREATE TABLE") || self.words("CREATE VIEW") {
            Show::Create(self.name()?)
        } else if self.word("CATALOGS") {
            Show::Catalogs(self.pattern()?)
        } else if self.word("DATABASES") {
            Show::Databases { of: self.within()?, like: self.pattern()? }
        } else if self.words("CURRENT CATALOG") {
            Show::CurrentCatalog
        } else if self.words("CURRENT DATABASE") {
            Show::CurrentDatabase
        } else if self.word("WATERMARKS") {
            Show::Watermarks
        } else {
            return Err(SqlError::unsupported(format!("SHOW {}", shown(&token)))
                .hint(
                    "SHOW TABLES, VIEWS, FUNCTIONS, COLUMNS FROM t, CREATE TABLE t, CATALOGS, \
                     DATABASES, CURRENT CATALOG, CURRENT DATABASE and WATERMARKS are",
                )
                .at(&token));
        };
        Ok(Statement::Show(show))
    }
}
