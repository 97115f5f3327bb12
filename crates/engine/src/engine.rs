//! [`Engine`]: a session, and what a program registers with it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, SchemaRef};
use chrono_tz::Tz;
use millstream_connectors::memory::{MemoryTable, PushInput, push_table};
use millstream_expr::Registry;
use millstream_expr::aggregates::{UserAggregate, UserAggregateState};
use millstream_expr::function::UserFunction;
use millstream_plan::Table;
use millstream_plan::function::TableFunction;
use millstream_plan::table::Handle;
use millstream_runtime::JobOptions;
use millstream_runtime::metrics::Counters;
use millstream_sql::catalog::Entry;
use millstream_sql::{Catalog, Script, SqlError};
use millstream_types::Result as RunResult;

use crate::error::Error;
use crate::http::{Http, Token};
use crate::query::{Job, Query};
use crate::rows::{IntoRow, batch};
use crate::statement::Outcome;

/// A session: tables, views, functions and settings. Clones share all of it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    catalog: Mutex<Catalog>,
    /// Held by who changes the catalog, from looking at it to replacing it.
    changing: Mutex<()>,
    functions: Mutex<UserFunctions>,
    options: JobOptions,
    /// What the last queries count, oldest first.
    queries: Mutex<VecDeque<Arc<Counters>>>,
    http: Http,
}

/// An engine that may be gone.
pub(crate) struct WeakEngine(Weak<Inner>);

impl WeakEngine {
    pub fn upgrade(&self) -> Option<Engine> {
        Some(Engine { inner: self.0.upgrade()? })
    }
}

/// How many queries are remembered for what they tell of themselves.
const QUERIES_MAX: usize = 16;

/// What the program registered, kept to be registered again when the time zone changes.
#[derive(Default)]
struct UserFunctions {
    scalars: Vec<UserFunction>,
    aggregates: Vec<Arc<UserAggregate>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

/// Settings of an [`Engine`] that stay.
#[derive(Debug, Default)]
pub struct EngineBuilder {
    parallelism: Option<usize>,
    pieces_per_epoch: Option<usize>,
    listen: Option<String>,
    token: Option<Token>,
    no_server: bool,
}

impl EngineBuilder {
    /// How many cores a query uses; all of them when it is not said.
    #[must_use]
    pub fn parallelism(mut self, cores: usize) -> Self {
        self.parallelism = Some(cores);
        self
    }

    /// The most pieces that each source gives to an epoch, of about a megabyte each.
    #[must_use]
    pub fn pieces_per_epoch(mut self, pieces: usize) -> Self {
        self.pieces_per_epoch = Some(pieces);
        self
    }

    /// Where tables of `http-server` are posted to: `127.0.0.1:7171` when it is not said. Port 0 takes any
    /// that is free; [`Engine::address`] tells which.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// Does not listen by itself: what is posted to tables comes by [`Engine::post`].
    #[must_use]
    pub fn without_server(mut self) -> Self {
        self.no_server = true;
        self
    }

    /// What requests have to show as a bearer token. An address that is open to other machines needs one.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token(token.into()));
        self
    }

    /// Makes the engine.
    pub fn build(self) -> Engine {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let mut options = JobOptions::new(self.parallelism.unwrap_or_else(cores));
        if let Some(pieces) = self.pieces_per_epoch {
            options.pieces_per_epoch = pieces;
        }
        let http = Http::new(self.listen, self.token, self.no_server);
        options.inlets = Arc::clone(&http.inlets);
        Engine {
            inner: Arc::new(Inner {
                catalog: Mutex::new(Catalog::default()),
                changing: Mutex::default(),
                functions: Mutex::new(UserFunctions::default()),
                options,
                queries: Mutex::default(),
                http,
            }),
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An engine that uses all cores.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// For an engine with settings of its own.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The catalog as it is.
    pub fn catalog(&self) -> Catalog {
        // A panic while it was held cannot have left it half changed: it is only ever replaced.
        self.inner.catalog.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps others from changing the catalog; planning and running go on.
    pub(crate) fn changing(&self) -> MutexGuard<'_, ()> {
        self.inner.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_catalog(&self, mut catalog: Catalog) {
        // They tell how things were when a statement began.
        catalog.system.clear();
        *self.inner.catalog.lock().unwrap_or_else(PoisonError::into_inner) = catalog;
    }

    pub(crate) fn http(&self) -> &Http {
        &self.inner.http
    }

    pub(crate) fn downgrade(&self) -> WeakEngine {
        WeakEngine(Arc::downgrade(&self.inner))
    }

    pub(crate) fn options(&self) -> &JobOptions {
        &self.inner.options
    }

    /// What the last queries count, oldest first.
    pub(crate) fn queries(&self) -> Vec<Arc<Counters>> {
        let queries = self.inner.queries.lock().unwrap_or_else(PoisonError::into_inner);
        queries.iter().cloned().collect()
    }

    /// Remembers a query that was started.
    pub(crate) fn remember(&self, job: &millstream_runtime::Job) {
        let counters = job.counters();
        let mut queries = self.inner.queries.lock().unwrap_or_else(PoisonError::into_inner);
        if queries.len() >= QUERIES_MAX
            && let Some(ended) = queries.iter().position(|query| !query.is_running())
        {
            queries.remove(ended);
        }
        queries.push_back(counters);
    }

    /// The functions of the session in a time zone.
    pub(crate) fn registry(&self, zone: Tz) -> Registry {
        let functions = self.inner.functions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut registry = Registry::new(zone);
        functions.scalars.iter().cloned().for_each(|function| registry.add_scalar(function));
        functions.aggregates.iter().cloned().for_each(|function| registry.add_aggregate(function));
        registry
    }

    /// Starts a query. Its changes are a stream.
    ///
    /// # Errors
    /// When the text is not one query, or it cannot be started.
    pub async fn sql(&self, text: &str) -> Result<Query, Error> {
        match self.one(text)? {
            Outcome::Query(query) => Ok(*query),
            _ => Err(SqlError::new("this is no query")
                .hint("execute() runs other statements")
                .into()),
        }
    }

    /// Runs statements one after the other. An INSERT or statement set is started and given back when
    /// it is the last of them, and awaited when it is not.
    ///
    /// # Errors
    /// When a statement is wrong or fails; those before it are done.
    pub async fn execute(&self, text: &str) -> Result<Option<Job>, Error> {
        let script = Script::new(text)?;
        let mut last = None;
        for statement in script.statements() {
            if let Some(mut job) = last.take() {
                Job::join(&mut job).await?;
            }
            match self.run(statement, text)? {
                Outcome::Job(job) => last = Some(job),
                Outcome::Query(_) => {
                    return Err(SqlError::new("execute() runs no queries")
                        .hint("sql() does")
                        .into());
                }
                _ => {}
            }
        }
        Ok(last)
    }

    fn one(&self, text: &str) -> Result<Outcome, Error> {
        let script = Script::new(text)?;
        match script.statements() {
            [one] => self.run(one, text),
            others => {
                Err(SqlError::new(format!("one statement is due, {} are given", others.len()))
                    .into())
            }
        }
    }

    fn add_table(&self, name: &str, schema: SchemaRef, handle: Handle) -> Result<(), Error> {
        let table = Table { handle: Some(handle), ..Table::new(name, schema) };
        let _changing = self.changing();
        let mut catalog = self.catalog();
        catalog.create(&[name.to_owned()], Entry::Table(Arc::new(table)), false, false)?;
        self.set_catalog(catalog);
        Ok(())
    }

    /// Makes a table of rows of Rust values.
    ///
    /// # Errors
    /// When there is a table of that name, or a column holds values of different types.
    pub fn register_rows<const N: usize, R: IntoRow<N>>(
        &self,
        name: &str,
        columns: [&str; N],
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), Error> {
        let rows = rows.into_iter().map(IntoRow::into_row).collect();
        self.register_batches(name, vec![batch(columns, rows)?])
    }

    /// Makes a table of Arrow batches, which must all have the same columns.
    ///
    /// # Errors
    /// When there is a table of that name, there is no batch, or their columns differ.
    pub fn register_batches(&self, name: &str, batches: Vec<RecordBatch>) -> Result<(), Error> {
        let Some(schema) = batches.first().map(RecordBatch::schema) else {
            return Err(SqlError::new(format!("table \"{name}\" needs at least one batch")).into());
        };
        if batches.iter().any(|batch| batch.schema().fields() != schema.fields()) {
            return Err(
                SqlError::new(format!("the batches of \"{name}\" have different columns")).into()
            );
        }
        self.add_table(name, schema, Arc::new(MemoryTable { batches }))
    }

    /// Makes a table that the program pushes rows into. Pushing waits while the query is behind; the
    /// table ends when the input and its clones are dropped.
    ///
    /// # Errors
    /// When there is a table of that name.
    pub fn register_push(&self, name: &str, schema: SchemaRef) -> Result<PushInput, Error> {
        let (table, input) = push_table(Arc::clone(&schema));
        self.add_table(name, schema, Arc::new(table))?;
        Ok(input)
    }

    /// Declares event time for a registered table: `expression` is the watermark that a row stands for,
    /// as in `ts - INTERVAL '5' SECOND`.
    ///
    /// # Errors
    /// When there is no such table, or the column is no timestamp.
    pub fn declare_watermark(
        &self,
        table: &str,
        column: &str,
        expression: &str,
    ) -> Result<(), Error> {
        let _changing = self.changing();
        let mut catalog = self.catalog();
        let parts = [table.to_owned()];
        let known = catalog.table(&parts)?;
        let mut changed = Table::clone(&known);
        let planner = millstream_sql::Planner::new(&catalog);
        changed.watermark = Some(planner.watermark_for(&known, column, expression)?);
        catalog.create(&parts, Entry::Table(Arc::new(changed)), false, true)?;
        self.set_catalog(catalog);
        Ok(())
    }

    /// Makes a scalar function: `body` takes one array an argument and gives as many values.
    pub fn register_scalar(
        &self,
        name: &str,
        arguments: Vec<DataType>,
        result: DataType,
        body: impl Fn(&[ArrayRef]) -> RunResult<ArrayRef> + Send + Sync + 'static,
    ) {
        let function =
            UserFunction { name: name.to_owned(), arguments, result, body: Arc::new(body) };
        self.with_functions(|functions| functions.scalars.push(function));
    }

    /// Makes an aggregate function: `state` makes what is remembered of a new group.
    pub fn register_aggregate(
        &self,
        name: &str,
        arguments: Vec<DataType>,
        result: DataType,
        state: impl Fn() -> Box<dyn UserAggregateState> + Send + Sync + 'static,
    ) {
        let name = name.to_owned();
        let aggregate = UserAggregate { name, arguments, result, state: Arc::new(state) };
        self.with_functions(|functions| functions.aggregates.push(Arc::new(aggregate)));
    }

    /// Makes a table function: `body` takes one array an argument and gives rows of `result`, with the
    /// position of the row that each was made from.
    pub fn register_table_function(
        &self,
        name: &str,
        arguments: Vec<DataType>,
        result: SchemaRef,
        body: impl Fn(&[ArrayRef]) -> RunResult<(UInt32Array, RecordBatch)> + Send + Sync + 'static,
    ) {
        let function =
            TableFunction { name: name.to_owned(), arguments, result, body: Arc::new(body) };
        let _changing = self.changing();
        let mut catalog = self.catalog();
        catalog.table_functions.insert(name.to_ascii_uppercase(), function);
        self.set_catalog(catalog);
    }

    fn with_functions(&self, change: impl FnOnce(&mut UserFunctions)) {
        let _changing = self.changing();
        change(&mut self.inner.functions.lock().unwrap_or_else(PoisonError::into_inner));
        let mut catalog = self.catalog();
        let zone = catalog.zone();
        catalog.functions = self.registry(zone);
        self.set_catalog(catalog);
    }
}
