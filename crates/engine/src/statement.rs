//! What a statement does to a session, and what it starts.

use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use millstream_connectors::memory::MemoryTable;
use millstream_connectors::secrets::fill_options;
use millstream_connectors::{files, filesystem, nexmark};
use millstream_plan::table::Options;
use millstream_plan::{ChangelogMode, NodeKind, Plan, Table, explain};
use millstream_runtime::deep::on_deep_stack;
use millstream_runtime::metrics::Counters;
use millstream_runtime::{JobOptions, job};
use millstream_sql::catalog::{Entry, View};
use millstream_sql::diagnostics::position_of;
use millstream_sql::parser::parts_of;
use millstream_sql::statement::{CreateTable, Insert, Statement};
use millstream_sql::{Catalog, Planner, SqlError, time_settings};
use sqlparser::tokenizer::{Token, TokenWithSpan};
use tokio::sync::mpsc;

use crate::alter::alter;
use crate::engine::Engine;
use crate::error::Error;
use crate::query::{Analysis, Job, Query, Started};
use crate::{observe, settings, show};

/// What came of a statement.
#[derive(Debug)]
pub enum Outcome {
    /// It is done, and there is nothing to show.
    Done,
    /// It is done, and this is what it shows.
    Table(RecordBatch),
    /// It is done, and this is what it shows, as plain text.
    Text(String),
    /// It runs, and its changes are to be shown.
    Query(Box<Query>),
    /// It runs, and writes into tables.
    Job(Job),
    /// It runs to be explained.
    Analysis(Box<Analysis>),
}

/// How many batches of a result wait before the query has to.
const RESULT_QUEUE: usize = 8;

impl Engine {
    /// Runs one statement of a script; `tokens` are its own, `text` is the whole script.
    ///
    /// # Errors
    /// When the statement is wrong or cannot be started.
    pub fn run(&self, tokens: &[TokenWithSpan], text: &str) -> Result<Outcome, Error> {
        on_deep_stack(|| self.run_here(tokens, text))?
    }

    fn run_here(&self, tokens: &[TokenWithSpan], text: &str) -> Result<Outcome, Error> {
        let first = tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_)));
        let position = first.map(position_of);
        let outcome = millstream_sql::parse(tokens, text)
            .map_err(Error::from)
            .and_then(|statement| self.run_statement(&statement));
        outcome.map_err(|error| match error {
            Error::Sql(error) => Error::Sql(error.locate(tokens)),
            Error::Run { source, .. } => {
                let located = about(&source).locate(tokens);
                Error::Run { source, position: located.position.or(position) }
            }
        })
    }

    fn run_statement(&self, statement: &Statement) -> Result<Outcome, Error> {
        let changes = !matches!(
            statement,
            Statement::Show(_)
                | Statement::Explain { .. }
                | Statement::Query(_)
                | Statement::Insert(_)
        );
        let _changing = changes.then(|| self.changing());
        let mut catalog = self.catalog();
        self.observed(&mut catalog);
        find_files(&mut catalog, statement)?;
        match statement {
            Statement::CreateTable(create) => return self.create_table(create, catalog),
            Statement::CreateView {
                name,
                columns,
                query,
                text,
                if_not_exists,
                or_replace,
                comment,
            } => {
                let parts = parts_of(name);
                let view = View {
                    name: parts.last().cloned().unwrap_or_default(),
                    columns: columns.iter().map(|column| column.value.clone()).collect(),
                    made_with: Vec::new(),
                    query: query.as_ref().clone(),
                    text: text.clone(),
                    comment: comment.clone(),
                };
                create_view(&mut catalog, &parts, view, *if_not_exists, *or_replace)?;
            }
            Statement::Alter(change) => alter(&mut catalog, change)?,
            Statement::Drop { view, name, if_exists } => {
                catalog.drop(&parts_of(name), *view, *if_exists)?
            }
            Statement::CreateDatabase { name, if_not_exists } => {
                catalog.create_database(&parts_of(name), *if_not_exists)?;
            }
            Statement::DropDatabase { name, if_exists, cascade } => {
                catalog.drop_database(&parts_of(name), *if_exists, *cascade)?;
            }
            Statement::CreateCatalog { name, if_not_exists, options } => {
                create_catalog(&mut catalog, &parts_of(name).join("."), *if_not_exists, options)?;
            }
            Statement::DropCatalog { name, if_exists } => {
                catalog.drop_catalog(&parts_of(name).join("."), *if_exists)?;
            }
            Statement::Use { catalog: true, name } => {
                catalog.use_catalog(&parts_of(name).join("."))?
            }
            Statement::Use { catalog: false, name } => catalog.use_database(&parts_of(name))?,
            Statement::Set(Some((key, value))) => {
                settings::check(key, value)?;
                catalog.settings.insert(key.clone(), value.clone());
                self.apply_zone(&mut catalog)?;
            }
            Statement::Set(None) => {
                let settings: Vec<_> = catalog
                    .settings
                    .iter()
                    .map(|(key, value)| format!("'{key}' = '{value}'"))
                    .collect();
                let column = settings.into_iter().map(Some).collect();
                return Ok(Outcome::Table(show::table(&["setting"], vec![column])?));
            }
            Statement::Reset(Some(key)) => {
                catalog.settings.remove(key);
                self.apply_zone(&mut catalog)?;
            }
            Statement::Reset(None) => {
                catalog.settings.clear();
                self.apply_zone(&mut catalog)?;
            }
            Statement::Show(show) => {
                return Ok(Outcome::Table(show::show(&catalog, &self.queries(), show)?));
            }
            Statement::Explain { analyze, statement: inner } => {
                let plan = match inner.as_ref() {
                    Statement::Query(query) => Planner::new(&catalog).query(query)?,
                    Statement::Insert(inserts) => Planner::new(&catalog).inserts(inserts)?,
                    _ => {
                        return Err(SqlError::unsupported("EXPLAIN of this statement")
                            .hint("a query, INSERT INTO or a statement set can be explained")
                            .into());
                    }
                };
                check_options(&plan)?;
                if sorts(&plan) {
                    check_end(&plan, is_bounded(&plan)?)?;
                }
                if !analyze {
                    return Ok(Outcome::Text(explain::explain(&plan)));
                }
                let job = match inner.as_ref() {
                    Statement::Query(_) => {
                        Started::Query(self.start_query(plan.clone(), &catalog)?)
                    }
                    _ => Started::Job(self.start_job(plan.clone(), &catalog)?),
                };
                return Ok(Outcome::Analysis(Box::new(Analysis { plan, job })));
            }
            Statement::Query(query) => {
                let plan = Planner::new(&catalog).query(query)?;
                return Ok(Outcome::Query(Box::new(self.start_query(plan, &catalog)?)));
            }
            Statement::Insert(inserts) => {
                let plan = Planner::new(&catalog).inserts(inserts)?;
                return Ok(Outcome::Job(self.start_job(plan, &catalog)?));
            }
        }
        self.set_catalog(catalog);
        Ok(Outcome::Done)
    }

    /// Adds the tables of what the engine tells of itself.
    pub(crate) fn observed(&self, catalog: &mut Catalog) {
        type Rows = fn(&[Arc<Counters>]) -> millstream_types::Result<RecordBatch>;
        let tables: [(&str, Rows); 2] = [
            (observe::DROPPED_ROWS, observe::dropped_rows),
            (observe::REJECTED_RECORDS, observe::rejected_records),
        ];
        for (name, rows) in tables {
            let queries = self.queries();
            let make = move || match rows(&queries) {
                Ok(rows) => Ok(system_table(name, rows)),
                Err(error) => Err(SqlError::new(error.to_string())),
            };
            let full = (observe::DATABASE.to_owned(), name.to_owned());
            catalog.system.insert(full, Arc::new(LazyLock::new(Box::new(make))));
        }
    }

    fn apply_zone(&self, catalog: &mut Catalog) -> Result<(), Error> {
        let zone = catalog.settings.get(settings::ZONE).map_or("UTC", String::as_str);
        let zone = settings::zone(zone)?;
        if zone != catalog.zone() {
            let functions = self.registry(zone);
            catalog.set_zone(zone, functions)?;
        }
        Ok(())
    }

    fn job_options(&self, catalog: &Catalog) -> JobOptions {
        let mut options = self.options().clone();
        let set = catalog.settings.get(settings::PARALLELISM).and_then(|text| text.parse().ok());
        if let Some(parallelism) = set {
            let JobOptions { inlets, taps, .. } = options;
            options = JobOptions { inlets, taps, ..JobOptions::new(parallelism) };
        }
        options
    }

    /// Starts a query that nobody should wait for: it fails when it is behind what is brought to it.
    pub(crate) fn observe(&self, text: &str) -> Result<Query, Error> {
        let script = millstream_sql::Script::new(text)?;
        let mut catalog = self.catalog();
        self.observed(&mut catalog);
        let [tokens] = script.statements() else {
            return Err(SqlError::new("one query is due").into());
        };
        on_deep_stack(|| {
            let statement = millstream_sql::parse(tokens, text)?;
            let Statement::Query(query) = &statement else {
                return Err(SqlError::new("this is no query").into());
            };
            let mut catalog = catalog;
            find_files(&mut catalog, &statement)?;
            let plan = Planner::new(&catalog).query(query)?;
            let options = self.job_options(&catalog);
            self.start_query_with(plan, &catalog, &JobOptions { observes: true, ..options })
        })?
    }

    fn start_query(&self, plan: Plan, catalog: &Catalog) -> Result<Query, Error> {
        self.start_query_with(plan, catalog, &self.job_options(catalog))
    }

    fn start_query_with(
        &self,
        plan: Plan,
        catalog: &Catalog,
        options: &JobOptions,
    ) -> Result<Query, Error> {
        check_options(&plan)?;
        let result = plan.nodes.iter().position(|node| matches!(node.kind, NodeKind::Result));
        let Some(result) = result else {
            return Err(SqlError::new("a query has a result").into());
        };
        let (node, key) = (&plan.nodes[result], plan.key(result));
        let (schema, appends) = (Arc::clone(&node.schema), node.changelog == ChangelogMode::Append);
        let bounded = is_bounded(&plan)?;
        check_end(&plan, bounded)?;
        self.listen_for(&plan, catalog)?;
        let (sender, changes) = mpsc::channel(RESULT_QUEUE);
        let job = job::start(plan, options, Some(sender));
        self.open_server();
        let job = job?;
        self.remember(&job);
        let job = Job::new(job, bounded);
        Ok(Query { job, changes, schema, bounded, appends, key, zone: catalog.zone() })
    }

    fn start_job(&self, plan: Plan, catalog: &Catalog) -> Result<Job, Error> {
        check_options(&plan)?;
        let bounded = is_bounded(&plan)?;
        check_end(&plan, bounded)?;
        self.listen_for(&plan, catalog)?;
        let job = job::start(plan, &self.job_options(catalog), None);
        self.open_server();
        let job = job?;
        self.remember(&job);
        Ok(Job::new(job, bounded))
    }

    fn create_table(&self, create: &CreateTable, catalog: Catalog) -> Result<Outcome, Error> {
        let mut catalog = catalog;
        let parts = parts_of(&create.name);
        if create.if_not_exists && catalog.contains(&parts) {
            return Ok(Outcome::Done);
        }
        let mut create = create.clone();
        let mut options: Options = create.options.iter().cloned().collect();
        let declares = create.columns.iter().any(|column| {
            matches!(column.kind, millstream_sql::statement::ColumnKind::Physical(_))
        });
        let inferred = match &create.query {
            Some(query) => Some(Planner::new(&catalog).schema_of(query)?),
            None if !declares && create.like.is_none() => infer(&mut options)?,
            None => None,
        };
        create.options = options.into_iter().collect();
        let table = declared(&catalog, &create, inferred)?;
        catalog.create(
            &parts,
            Entry::Table(Arc::new(table)),
            create.if_not_exists,
            create.or_replace,
        )?;
        let Some(query) = create.query else {
            self.set_catalog(catalog);
            return Ok(Outcome::Done);
        };
        let insert = Insert {
            table: create.name,
            columns: vec![],
            partition: vec![],
            options: vec![],
            query,
            conflict: None,
        };
        let plan = Planner::new(&catalog).inserts(&[insert])?;
        let job = self.start_job(plan, &catalog)?;
        self.set_catalog(catalog);
        Ok(Outcome::Job(job))
    }
}

/// The table of a declaration, checked; columns that it does not declare are `inferred`.
pub(crate) fn declared(
    catalog: &Catalog,
    create: &CreateTable,
    inferred: Option<SchemaRef>,
) -> Result<Table, Error> {
    let table = Planner::new(catalog).table(create, inferred.map(|schema| stored(&schema)))?;
    if table.schema.fields().is_empty() {
        return Err(SqlError::new(format!("table \"{}\" has no columns", table.name))
            .hint("declare them, as in CREATE TABLE t (id BIGINT, name STRING) WITH (…)")
            .about(&table.name)
            .into());
    }
    millstream_connectors::validate(&table).map_err(|error| about(&error))?;
    time_settings::watermark_options(catalog, &table, Default::default())?;
    Ok(table)
}

/// Adds a view. One that cannot be planned is refused now, not when it is first used.
pub(crate) fn create_view(
    catalog: &mut Catalog,
    parts: &[String],
    mut view: View,
    if_not_exists: bool,
    or_replace: bool,
) -> Result<(), Error> {
    let planner = Planner::new(catalog);
    planner.query(&view.query)?;
    let schema = planner.schema_of(&view.query)?;
    let given = schema.fields().len();
    view.made_with = schema.fields().iter().map(|field| field.name().clone()).collect();
    if !view.columns.is_empty() && view.columns.len() != given {
        let (name, due) = (&view.name, view.columns.len());
        let message = format!("view \"{name}\" names {due} columns, its query has {given}");
        return Err(SqlError::new(message).about(name).into());
    }
    let query = view.query.clone();
    catalog.create(parts, Entry::View(Arc::new(view)), if_not_exists, or_replace)?;
    // Now that it has its name, it may be found to read itself.
    Planner::new(catalog).schema_of(&query)?;
    Ok(())
}

/// The database of a catalog that names none.
const CATALOG_DATABASE: &str = "default";

/// Adds a catalog that is kept in memory, as all are.
fn create_catalog(
    catalog: &mut Catalog,
    name: &str,
    if_not_exists: bool,
    options: &[(String, String)],
) -> Result<(), SqlError> {
    let mut database = CATALOG_DATABASE;
    for (key, value) in options {
        match key.as_str() {
            "type" if value == "generic_in_memory" => {}
            "type" => {
                return Err(SqlError::unsupported(format!("a catalog of type '{value}'"))
                    .hint("'type' = 'generic_in_memory' is")
                    .about(value));
            }
            "default-database" => database = value,
            _ => {
                return Err(SqlError::new(format!("option '{key}' is not known to catalogs"))
                    .hint("they have 'type' and 'default-database'")
                    .about(key));
            }
        }
    }
    catalog.create_catalog(name, database, if_not_exists)
}

/// A table of what the engine tells of itself.
fn system_table(name: &str, rows: RecordBatch) -> Entry {
    let mut table = table_of(name, Options::default());
    table.schema = rows.schema();
    table.physical = rows.schema();
    table.handle = Some(Arc::new(MemoryTable { batches: vec![rows] }));
    Entry::Table(Arc::new(table))
}

/// An error of a table's options, about the first thing it names in quotes.
fn about(error: &millstream_types::Error) -> SqlError {
    let message = error.to_string();
    let subject = message.split(['\'', '"']).nth(1).unwrap_or_default().to_owned();
    let mut sql = SqlError::new(message).about(subject);
    sql.hint = error.hint().map(str::to_owned);
    sql
}

/// Columns as a table keeps them: a column that is always NULL is a STRING.
fn stored(schema: &SchemaRef) -> SchemaRef {
    use arrow::datatypes::{DataType, Field, Schema};
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Null => Field::new(field.name(), DataType::Utf8, true),
        _ => field.as_ref().clone(),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The columns of a table that declares none, where its connector can tell.
fn infer(options: &mut Options) -> Result<Option<SchemaRef>, Error> {
    match options.get("connector").map(String::as_str) {
        Some("filesystem") => {
            let (mut filled, secrets) = fill_options(options)?;
            let schema = filesystem::infer_columns(&mut filled);
            let schema = schema.map_err(|error| secrets.hide_error(error))?;
            // What was found out is kept, and what was filled in is not.
            for (key, value) in filled {
                options.entry(key).or_insert(value);
            }
            Ok(Some(schema))
        }
        Some("nexmark") => {
            let table = table_of("nexmark", options.clone());
            Ok(Some(nexmark::infer_columns(&table)?))
        }
        _ => Ok(None),
    }
}

fn table_of(name: &str, options: Options) -> Table {
    let nothing: SchemaRef = Arc::new(arrow::datatypes::Schema::empty());
    Table { options, ..Table::new(name, nothing) }
}

/// Looks at the files that a statement queries without a table.
fn find_files(catalog: &mut Catalog, statement: &Statement) -> Result<(), Error> {
    for path in Planner::files_of(statement) {
        let table = file_table(&path)?;
        catalog.files.insert(path, Arc::new(table));
    }
    Ok(())
}

/// The table that a file is, when it is queried by its path.
fn file_table(path: &str) -> Result<Table, Error> {
    let Some(format) = files::format_of(path) else {
        return Err(SqlError::new(format!("the format of '{path}' cannot be told from its name"))
            .hint("names end in .json, .csv or .parquet, with .gz or .zst behind; or use CREATE TABLE")
            .about(path)
            .into());
    };
    let pairs = [("connector", "filesystem"), ("path", path), ("format", format)];
    let mut options: Options =
        pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let schema = filesystem::infer_columns(&mut options)?;
    let mut table = table_of(path, options);
    table.schema = Arc::clone(&schema);
    table.physical = schema;
    Ok(table)
}

/// Checks the tables of a plan once more: hints may have changed their options.
fn check_options(plan: &Plan) -> Result<(), Error> {
    for node in &plan.nodes {
        if let NodeKind::Source { table, .. } | NodeKind::Sink { table, .. } = &node.kind {
            millstream_connectors::validate(table).map_err(|error| about(&error))?;
        }
        if let NodeKind::Sink { table, .. } = &node.kind {
            millstream_connectors::validate_written(table).map_err(|error| about(&error))?;
        }
    }
    Ok(())
}

/// Refuses to put in order at its end what has none.
fn check_end(plan: &Plan, bounded: bool) -> Result<(), Error> {
    if bounded || !sorts(plan) {
        return Ok(());
    }
    Err(SqlError::unsupported("ORDER BY that does not start with time ascending")
        .hint("a stream has no end to sort at: order by a time attribute, add LIMIT, or keep the first rows \
               of each window with ROW_NUMBER() OVER (PARTITION BY window_start, window_end …)")
        .about("ORDER")
        .into())
}

/// Whether rows are put in order when the input has ended.
fn sorts(plan: &Plan) -> bool {
    plan.nodes.iter().any(|node| matches!(node.kind, NodeKind::Sort { .. }))
}

/// Whether all sources of a plan end by themselves.
fn is_bounded(plan: &Plan) -> Result<bool, Error> {
    for node in &plan.nodes {
        let NodeKind::Source { table, columns } = &node.kind else { continue };
        let bounded = match &table.handle {
            Some(handle) => millstream_connectors::memory::is_bounded(handle),
            // Files end; they are not opened to find out.
            None if table.connector() == Some("filesystem") => true,
            None => millstream_connectors::open_source(table, columns)?.is_bounded(),
        };
        if !bounded {
            return Ok(false);
        }
    }
    Ok(true)
}
