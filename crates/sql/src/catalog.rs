//! [`Catalog`]: the tables and views a session knows, the names they go by, and its settings.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use chrono_tz::Tz;
use millstream_expr::Registry;
use millstream_plan::Table;
use millstream_plan::function::TableFunction;
use sqlparser::ast::Query;

use crate::diagnostics::{SqlError, nearest};
use crate::planner::Planner;

/// The catalog that a session starts in.
pub const DEFAULT_CATALOG: &str = "default_catalog";
/// The database that a session starts in.
pub const DEFAULT_DATABASE: &str = "default_database";

/// A table or a view.
#[derive(Clone)]
pub enum Entry {
    /// A table.
    Table(Arc<Table>),
    /// A view.
    View(Arc<View>),
}

/// A view: a query with a name.
#[derive(Debug, Clone)]
pub struct View {
    /// The name it was created under.
    pub name: String,
    /// New names for the query's columns; empty keeps them.
    pub columns: Vec<String>,
    /// The names of the query's columns when it was made; empty keeps whatever they are.
    pub made_with: Vec<String>,
    /// The query.
    pub query: Query,
    /// The query as it was written.
    pub text: String,
    /// What was said of it.
    pub comment: Option<String>,
}

/// Catalog, database and name.
type FullName = (String, String, String);

/// A table that is made when a statement reads it.
pub type SystemTable =
    Arc<LazyLock<Result<Entry, SqlError>, Box<dyn FnOnce() -> Result<Entry, SqlError> + Send>>>;

/// What a session knows.
#[derive(Clone)]
pub struct Catalog {
    entries: BTreeMap<FullName, Entry>,
    databases: Vec<(String, String)>,
    current: (String, String),
    /// Tables that describe the engine itself, by their database and name.
    pub system: BTreeMap<(String, String), SystemTable>,
    /// The files that are queried without a table, by their path.
    pub files: BTreeMap<String, Arc<Table>>,
    /// Settings by key.
    pub settings: BTreeMap<String, String>,
    /// Scalar and aggregate functions.
    pub functions: Registry,
    /// Table functions by name in capitals.
    pub table_functions: BTreeMap<String, TableFunction>,
    zone: Tz,
}

impl Default for Catalog {
    fn default() -> Self {
        let start = (DEFAULT_CATALOG.to_owned(), DEFAULT_DATABASE.to_owned());
        Self {
            entries: BTreeMap::new(),
            databases: vec![start.clone()],
            current: start,
            system: BTreeMap::new(),
            files: BTreeMap::new(),
            settings: BTreeMap::new(),
            functions: Registry::new(Tz::UTC),
            table_functions: BTreeMap::new(),
            zone: Tz::UTC,
        }
    }
}

impl Catalog {
    /// The session's time zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Changes the session's time zone, with functions that follow it and what tables compute by them.
    ///
    /// # Errors
    /// When what a table computes cannot be planned any more.
    pub fn set_zone(&mut self, zone: Tz, functions: Registry) -> Result<(), SqlError> {
        self.zone = zone;
        self.functions = functions;
        let planner = Planner::new(self);
        let mut changed = Vec::new();
        for (name, entry) in &self.entries {
            if let Entry::Table(table) = entry
                && let Some(table) = planner.computed_anew(table).map_err(|error| {
                    SqlError::new(format!("table \"{}\": {}", table.name, error.message))
                })?
            {
                changed.push((name.clone(), Entry::Table(Arc::new(table))));
            }
        }
        self.entries.extend(changed);
        Ok(())
    }

    /// The catalog and database that names are looked up in.
    pub fn current(&self) -> (&str, &str) {
        (&self.current.0, &self.current.1)
    }

    /// The catalogs, sorted.
    pub fn catalogs(&self) -> Vec<String> {
        let mut names: Vec<_> = self.databases.iter().map(|(catalog, _)| catalog.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The databases of a catalog, or of the current one, sorted.
    ///
    /// # Errors
    /// When there is no such catalog.
    pub fn databases(&self, of: Option<&str>) -> Result<Vec<String>, SqlError> {
        let of = of.unwrap_or(&self.current.0);
        let mine = self.databases.iter().filter(|(catalog, _)| catalog == of);
        let mut names: Vec<_> = mine.map(|(_, database)| database.clone()).collect();
        names.sort();
        match names.is_empty() {
            true => Err(SqlError::new(format!("catalog \"{of}\" not found"))
                .hint(format!("there is {}", self.catalogs().join(", ")))
                .about(of)),
            false => Ok(names),
        }
    }

    /// Adds a database to the current catalog, or to the one named before it.
    ///
    /// # Errors
    /// When there is one of that name.
    pub fn create_database(
        &mut self,
        parts: &[String],
        if_not_exists: bool,
    ) -> Result<(), SqlError> {
        let (catalog, database) = self.database_of(parts)?;
        if self.databases.contains(&(catalog.clone(), database.clone())) {
            let error =
                SqlError::new(format!("database \"{database}\" exists already")).about(&database);
            return if if_not_exists { Ok(()) } else { Err(error.hint("add IF NOT EXISTS")) };
        }
        self.databases.push((catalog, database));
        Ok(())
    }

    /// Makes a database the current one.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn use_database(&mut self, parts: &[String]) -> Result<(), SqlError> {
        let wanted = self.database_of(parts)?;
        if !self.databases.contains(&wanted) {
            return Err(
                SqlError::new(format!("database \"{}\" not found", wanted.1)).about(&wanted.1)
            );
        }
        self.current = wanted;
        Ok(())
    }

    /// Makes a catalog the current one.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn use_catalog(&mut self, name: &str) -> Result<(), SqlError> {
        let Some((catalog, database)) = self.databases.iter().find(|(catalog, _)| catalog == name)
        else {
            return Err(SqlError::new(format!("catalog \"{name}\" not found"))
                .hint(format!("there is {}", self.catalogs().join(", ")))
                .about(name));
        };
        self.current = (catalog.clone(), database.clone());
        Ok(())
    }

    /// Removes a database.
    ///
    /// # Errors
    /// When there is none, it is the current one, or has tables that are not dropped with it.
    pub fn drop_database(
        &mut self,
        parts: &[String],
        if_exists: bool,
        cascade: bool,
    ) -> Result<(), SqlError> {
        let wanted = self.database_of(parts)?;
        let name = wanted.1.clone();
        if !self.databases.contains(&wanted) {
            let error = SqlError::new(format!("database \"{name}\" not found")).about(&name);
            return if if_exists { Ok(()) } else { Err(error.hint("add IF EXISTS")) };
        }
        if wanted == self.current {
            return Err(SqlError::new(format!("database \"{name}\" is the current one"))
                .hint("USE another one first")
                .about(&name));
        }
        let within =
            |(catalog, database, _): &FullName| (catalog, database) == (&wanted.0, &wanted.1);
        if !cascade && self.entries.keys().any(within) {
            return Err(SqlError::new(format!("database \"{name}\" is not empty"))
                .hint("CASCADE drops its tables and views, too")
                .about(&name));
        }
        self.entries.retain(|full, _| !within(full));
        self.databases.retain(|known| *known != wanted);
        Ok(())
    }

    /// Adds a catalog with one database.
    ///
    /// # Errors
    /// When there is one of that name.
    pub fn create_catalog(
        &mut self,
        name: &str,
        database: &str,
        if_not_exists: bool,
    ) -> Result<(), SqlError> {
        if self.databases.iter().any(|(catalog, _)| catalog == name) {
            let error = SqlError::new(format!("catalog \"{name}\" exists already")).about(name);
            return if if_not_exists { Ok(()) } else { Err(error.hint("add IF NOT EXISTS")) };
        }
        self.databases.push((name.to_owned(), database.to_owned()));
        Ok(())
    }

    /// Removes a catalog with all that is in it.
    ///
    /// # Errors
    /// When there is none, or it is the current one.
    pub fn drop_catalog(&mut self, name: &str, if_exists: bool) -> Result<(), SqlError> {
        if !self.databases.iter().any(|(catalog, _)| catalog == name) {
            let error = SqlError::new(format!("catalog \"{name}\" not found")).about(name);
            return if if_exists { Ok(()) } else { Err(error.hint("add IF EXISTS")) };
        }
        if self.current.0 == name {
            return Err(SqlError::new(format!("catalog \"{name}\" is the current one"))
                .hint("USE CATALOG another one first")
                .about(name));
        }
        self.entries.retain(|(catalog, ..), _| catalog != name);
        self.databases.retain(|(catalog, _)| catalog != name);
        Ok(())
    }

    fn database_of(&self, parts: &[String]) -> Result<(String, String), SqlError> {
        match parts {
            [database] => Ok((self.current.0.clone(), database.clone())),
            [catalog, database] => Ok((catalog.clone(), database.clone())),
            _ => Err(SqlError::new("a database is named database or catalog.database")),
        }
    }

    fn full(&self, parts: &[String]) -> FullName {
        let (catalog, database) = self.current.clone();
        match parts {
            [name] => (catalog, database, name.clone()),
            [database, name] => (catalog, database.clone(), name.clone()),
            [catalog, database, name] => (catalog.clone(), database.clone(), name.clone()),
            other => (catalog, database, other.join(".")),
        }
    }

    /// The table or view of a name.
    ///
    /// # Errors
    /// When there is none, with the most similar name as a hint.
    pub fn get(&self, parts: &[String]) -> Result<&Entry, SqlError> {
        let known = self.entries.get(&self.full(parts));
        if let ([database, name], None) = (parts, known)
            && let Some(table) = self.system.get(&(database.clone(), name.clone()))
        {
            return LazyLock::force(table).as_ref().map_err(SqlError::clone);
        }
        known.ok_or_else(|| {
            let name = parts.join(".");
            let error = SqlError::new(format!("table \"{name}\" not found")).about(&name);
            let known = self.names(|_| true);
            match nearest(&name, known.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("a table with a similar name exists: \"{near}\"")),
                None if known.is_empty() => {
                    error.hint("CREATE TABLE makes one; a file is queried as FROM 'name.json'")
                }
                None => error.hint(format!("the tables are {}", known.join(", "))),
            }
        })
    }

    /// The table of a name, which must not be a view.
    ///
    /// # Errors
    /// When there is none or it is a view.
    pub fn table(&self, parts: &[String]) -> Result<Arc<Table>, SqlError> {
        match self.get(parts)? {
            Entry::Table(table) => Ok(Arc::clone(table)),
            Entry::View(view) => {
                Err(SqlError::new(format!("\"{}\" is a view, not a table", view.name))
                    .about(&view.name))
            }
        }
    }

    /// Adds a table or view.
    ///
    /// # Errors
    /// When there is one of that name and neither flag is set, or the database does not exist.
    pub fn create(
        &mut self,
        parts: &[String],
        entry: Entry,
        if_not_exists: bool,
        or_replace: bool,
    ) -> Result<(), SqlError> {
        let full = self.full(parts);
        if !self
            .databases
            .iter()
            .any(|(catalog, database)| *catalog == full.0 && *database == full.1)
        {
            return Err(SqlError::new(format!("database \"{}\" not found", full.1)).about(&full.1));
        }
        if self.entries.contains_key(&full) && !or_replace {
            let error =
                SqlError::new(format!("table \"{}\" exists already", full.2)).about(&full.2);
            return if if_not_exists {
                Ok(())
            } else {
                Err(error.hint("add IF NOT EXISTS, or drop it first"))
            };
        }
        self.entries.insert(full, entry);
        Ok(())
    }

    /// Whether there is a table or view of a name.
    pub fn contains(&self, parts: &[String]) -> bool {
        self.entries.contains_key(&self.full(parts))
    }

    /// Removes a table or view.
    ///
    /// # Errors
    /// When there is none, or it is the other of both.
    pub fn drop(&mut self, parts: &[String], view: bool, if_exists: bool) -> Result<(), SqlError> {
        match self.get(parts) {
            Err(_) if if_exists => return Ok(()),
            Err(error) => return Err(error),
            Ok(Entry::Table(table)) if view => {
                return Err(SqlError::new(format!("\"{}\" is a table, not a view", table.name))
                    .hint("DROP TABLE drops it"));
            }
            Ok(Entry::View(view_)) if !view => {
                return Err(SqlError::new(format!("\"{}\" is a view, not a table", view_.name))
                    .hint("DROP VIEW drops it"));
            }
            Ok(_) if !self.contains(parts) => {
                let name = parts.join(".");
                return Err(SqlError::new(format!("\"{name}\" is part of the engine, and stays"))
                    .about(parts.last().cloned().unwrap_or_default()));
            }
            Ok(_) => {}
        }
        self.entries.remove(&self.full(parts));
        Ok(())
    }

    /// Gives a table or view another name.
    ///
    /// # Errors
    /// When it is not there or the other of both, or the name is taken.
    pub fn rename(&mut self, parts: &[String], view: bool, to: &[String]) -> Result<(), SqlError> {
        let from = self.full(parts);
        let to = match to {
            [name] => (from.0.clone(), from.1.clone(), name.clone()),
            named => self.full(named),
        };
        let to_parts = [to.0, to.1, to.2];
        if self.contains(&to_parts) {
            let name = &to_parts[2];
            return Err(SqlError::new(format!("table \"{name}\" exists already")).about(name));
        }
        let mut entry = self.get(parts)?.clone();
        match &mut entry {
            Entry::Table(table) => Arc::make_mut(table).name.clone_from(&to_parts[2]),
            Entry::View(view) => Arc::make_mut(view).name.clone_from(&to_parts[2]),
        }
        self.drop(parts, view, false)?;
        self.create(&to_parts, entry, false, false)
    }

    /// The names in a database of the entries that pass a test, sorted.
    ///
    /// # Errors
    /// When there is no such database.
    pub fn names_in(
        &self,
        database: &[String],
        test: impl Fn(&Entry) -> bool,
    ) -> Result<Vec<String>, SqlError> {
        let wanted = self.database_of(database)?;
        if !self.databases.contains(&wanted) {
            let error = SqlError::new(format!("database \"{}\" not found", wanted.1));
            return Err(error.about(&wanted.1));
        }
        Ok(self.names_of(&wanted, test))
    }

    /// The names in the current database of the entries that pass a test, sorted.
    pub fn names(&self, test: impl Fn(&Entry) -> bool) -> Vec<String> {
        self.names_of(&self.current, test)
    }

    fn names_of(
        &self,
        (catalog, database): &(String, String),
        test: impl Fn(&Entry) -> bool,
    ) -> Vec<String> {
        self.entries
            .iter()
            .filter(|((c, d, _), entry)| c == catalog && d == database && test(entry))
            .map(|((_, _, name), _)| name.clone())
            .collect()
    }
}
