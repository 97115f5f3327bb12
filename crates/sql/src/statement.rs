//! What a statement says, before names are resolved.

use millstream_types::sql_type::ColumnType;
use sqlparser::ast::{Expr, Ident, ObjectName, Query};

/// Options in the order they were written.
pub type OptionList = Vec<(String, String)>;

/// One statement.
#[derive(Debug, Clone)]
pub enum Statement {
    /// `CREATE [TEMPORARY] TABLE`
    CreateTable(Box<CreateTable>),
    /// `CREATE [OR REPLACE] [TEMPORARY] VIEW name [(columns)] AS query`
    CreateView {
        /// Its name.
        name: ObjectName,
        /// New names for the query's columns.
        columns: Vec<Ident>,
        /// What it shows.
        query: Box<Query>,
        /// The query as it was written.
        text: String,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
        /// `OR REPLACE`
        or_replace: bool,
        /// `COMMENT 'text'`
        comment: Option<String>,
    },
    /// `ALTER TABLE | VIEW`
    Alter(Alter),
    /// `DROP [TEMPORARY] TABLE | VIEW [IF EXISTS]`
    Drop {
        /// Whether it is a view.
        view: bool,
        /// Its name.
        name: ObjectName,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// `CREATE DATABASE [IF NOT EXISTS]`
    CreateDatabase {
        /// Its name.
        name: ObjectName,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
    },
    /// `DROP DATABASE [IF EXISTS] name [RESTRICT | CASCADE]`
    DropDatabase {
        /// Its name.
        name: ObjectName,
        /// `IF EXISTS`
        if_exists: bool,
        /// Whether its tables are dropped, too.
        cascade: bool,
    },
    /// `CREATE CATALOG [IF NOT EXISTS] name WITH (…)`
    CreateCatalog {
        /// Its name.
        name: ObjectName,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
        /// `WITH (…)`
        options: OptionList,
    },
    /// `DROP CATALOG [IF EXISTS] name`
    DropCatalog {
        /// Its name.
        name: ObjectName,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// A query whose changes are shown.
    Query(Box<Query>),
    /// One `INSERT INTO`, or all of a statement set.
    Insert(Vec<Insert>),
    /// `EXPLAIN [ANALYZE]`
    Explain {
        /// Whether it is run, too.
        analyze: bool,
        /// What is explained.
        statement: Box<Statement>,
    },
    /// `SHOW …`
    Show(Show),
    /// `SET ['key' = 'value']`; without a key it lists.
    Set(Option<(String, String)>),
    /// `RESET ['key']`
    Reset(Option<String>),
    /// `USE [CATALOG] name`
    Use {
        /// Whether a catalog is named.
        catalog: bool,
        /// The name.
        name: ObjectName,
    },
}

/// `INSERT INTO table [(columns)] query`
#[derive(Debug, Clone)]
pub struct Insert {
    /// The table.
    pub table: ObjectName,
    /// The columns that are given; empty means all.
    pub columns: Vec<Ident>,
    /// `PARTITION (column = value)`: columns with the same value in all rows.
    pub partition: Vec<(Ident, Expr)>,
    /// Options for this statement only.
    pub options: OptionList,
    /// The rows.
    pub query: Box<Query>,
    /// `ON CONFLICT DO …`: which of several rows with one primary key is kept.
    pub conflict: Option<Conflict>,
}

/// What becomes of rows with one primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The last one is kept, and the one before it again when that is taken back.
    Deduplicate,
    /// The first one is kept.
    Nothing,
}

/// `CREATE TABLE`
#[derive(Debug, Clone)]
pub struct CreateTable {
    /// Its name.
    pub name: ObjectName,
    /// Its columns; none means that they are inferred.
    pub columns: Vec<Column>,
    /// `WATERMARK FOR column AS expression`, with the expression as written.
    pub watermark: Option<(Ident, Expr, String)>,
    /// The columns of the primary key.
    pub primary_key: Vec<Ident>,
    /// `PARTITIONED BY (…)`
    pub partitioned_by: Vec<Ident>,
    /// `WITH (…)`
    pub options: OptionList,
    /// `LIKE table`
    pub like: Option<Like>,
    /// `AS query`
    pub query: Option<Box<Query>>,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// `OR REPLACE`
    pub or_replace: bool,
    /// `COMMENT 'text'`
    pub comment: Option<String>,
}

impl CreateTable {
    /// A table of which nothing is said yet.
    pub fn new(name: ObjectName) -> Self {
        Self {
            name,
            columns: Vec::new(),
            watermark: None,
            primary_key: Vec::new(),
            partitioned_by: Vec::new(),
            options: Vec::new(),
            like: None,
            query: None,
            if_not_exists: false,
            or_replace: false,
            comment: None,
        }
    }
}

/// `ALTER TABLE | VIEW`
#[derive(Debug, Clone)]
pub enum Alter {
    /// `RENAME TO`
    Rename {
        /// Whether it is a view.
        view: bool,
        /// Its name.
        name: ObjectName,
        /// The name that it gets, in the same database unless that is named, too.
        to: ObjectName,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// A table's columns or options.
    Table {
        /// Its name.
        name: ObjectName,
        /// What is changed.
        change: Box<TableChange>,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// `ALTER VIEW name AS query`
    View {
        /// Its name.
        name: ObjectName,
        /// What it shows.
        query: Box<Query>,
        /// The query as it was written.
        text: String,
    },
}

/// What `ALTER TABLE` changes.
#[derive(Debug, Clone)]
pub enum TableChange {
    /// `SET ('key' = 'value', …)`
    Set(OptionList),
    /// `RESET ('key', …)`
    Reset(Vec<String>),
    /// `RENAME column TO name`
    RenameColumn(Ident, Ident),
    /// `ADD` or `MODIFY` of columns, a watermark and a primary key.
    Elements {
        /// Whether they are new.
        adds: bool,
        /// What they are.
        elements: Box<CreateTable>,
    },
    /// `DROP column` or `DROP (column, …)`
    DropColumns(Vec<Ident>),
    /// `DROP PRIMARY KEY`
    DropPrimaryKey,
    /// `DROP WATERMARK`
    DropWatermark,
}

/// A declared column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// What it is.
    pub kind: ColumnKind,
    /// Where `ALTER TABLE` puts it.
    pub place: Place,
    /// `COMMENT 'text'`
    pub comment: Option<String>,
}

/// Where a column comes to stand.
#[derive(Debug, Clone)]
pub enum Place {
    /// Behind the others, or, where it is there already, where it is.
    Last,
    /// `FIRST`
    First,
    /// `AFTER column`
    After(Ident),
}

/// What a column is.
#[derive(Debug, Clone)]
pub enum ColumnKind {
    /// Read from the data.
    Physical(ColumnType),
    /// `METADATA [FROM 'key']`: known to the connector beside the data, under a key.
    Metadata(ColumnType, String),
    /// Computed from other columns, with the expression as written.
    Computed(Box<Expr>, String),
}

/// `LIKE table [(INCLUDING | EXCLUDING …)]`
#[derive(Debug, Clone)]
pub struct Like {
    /// The table that is copied.
    pub table: ObjectName,
    /// Whether its watermark is left out.
    pub excluding_watermarks: bool,
    /// Whether its options are left out.
    pub excluding_options: bool,
    /// Whether its computed columns are left out.
    pub excluding_generated: bool,
    /// Whether its primary key is left out.
    pub excluding_constraints: bool,
    /// Whether what it is partitioned by is left out.
    pub excluding_partitions: bool,
}

/// `[NOT] LIKE pattern`, over names.
#[derive(Debug, Clone)]
pub struct NamePattern {
    /// The pattern.
    pub text: String,
    /// Whether those are meant that do not match.
    pub negated: bool,
    /// Whether capitals do not count.
    pub any_case: bool,
}

/// `SHOW …` and `DESCRIBE`
#[derive(Debug, Clone)]
pub enum Show {
    /// `SHOW TABLES [FROM database] [[NOT] LIKE pattern]`
    Tables {
        /// The database, if it is not the current one.
        of: Option<ObjectName>,
        /// Which of them.
        like: Option<NamePattern>,
    },
    /// `SHOW VIEWS [FROM database] [[NOT] LIKE pattern]`
    Views {
        /// The database, if it is not the current one.
        of: Option<ObjectName>,
        /// Which of them.
        like: Option<NamePattern>,
    },
    /// `SHOW FUNCTIONS [[NOT] LIKE pattern]`
    Functions(Option<NamePattern>),
    /// `SHOW COLUMNS FROM table [[NOT] LIKE pattern]`, `DESCRIBE table`
    Columns {
        /// The table.
        of: ObjectName,
        /// Which of them.
        like: Option<NamePattern>,
    },
    /// `SHOW CREATE TABLE | VIEW name`
    Create(ObjectName),
    /// `SHOW CATALOGS [[NOT] LIKE pattern]`
    Catalogs(Option<NamePattern>),
    /// `SHOW DATABASES [FROM catalog] [[NOT] LIKE pattern]`
    Databases {
        /// The catalog, if it is not the current one.
        of: Option<ObjectName>,
        /// Which of them.
        like: Option<NamePattern>,
    },
    /// `SHOW CURRENT CATALOG`
    CurrentCatalog,
    /// `SHOW CURRENT DATABASE`
    CurrentDatabase,
    /// `SHOW WATERMARKS`
    Watermarks,
    /// `DESCRIBE FUNCTION name`
    Function(String),
}
