//! [`Query`] and [`Job`]: what runs.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::datatypes::SchemaRef;
use chrono_tz::Tz;
use millstream_runtime::metrics::Counters;
use millstream_runtime::{Metrics, job};
use millstream_sql::diagnostics::Position;
use millstream_types::ChangeBatch;
use tokio::sync::mpsc;

use crate::error::Error;

/// A running query: its changes are a stream. Dropping it cancels it.
#[derive(Debug)]
pub struct Query {
    pub(crate) job: Job,
    pub(crate) changes: mpsc::Receiver<millstream_types::Result<ChangeBatch>>,
    pub(crate) schema: SchemaRef,
    pub(crate) bounded: bool,
    pub(crate) appends: bool,
    pub(crate) zone: Tz,
}

impl Query {
    /// The columns of the result.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether it ends by itself.
    pub fn is_bounded(&self) -> bool {
        self.bounded
    }

    /// Whether rows are only ever added.
    pub fn appends(&self) -> bool {
        self.appends
    }

    /// The session's time zone when it was started.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The next changes; `None` at the end.
    ///
    /// # Errors
    /// What ended the query before its input did.
    pub async fn next(&mut self) -> Option<Result<ChangeBatch, Error>> {
        Some(self.changes.recv().await?.map_err(Error::from))
    }

    /// All rows of the result, for queries whose rows are only added.
    ///
    /// # Errors
    /// What ended the query before its input did.
    pub async fn collect(mut self) -> Result<Vec<ChangeBatch>, Error> {
        let mut all = Vec::new();
        while let Some(changes) = self.next().await {
            all.push(changes?);
        }
        Ok(all)
    }

    /// What it has counted so far.
    pub fn metrics(&self) -> Metrics {
        self.job.metrics()
    }

    /// A handle that only reads what it counts.
    pub fn counters(&self) -> Arc<Counters> {
        self.job.counters()
    }

    /// Asks it to stop; the stream ends with an error that says so.
    pub fn cancel(&self) {
        self.job.cancel();
    }
}

impl futures_core::Stream for Query {
    type Item = Result<ChangeBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.changes.poll_recv(context).map(|item| item.map(|changes| changes.map_err(Error::from)))
    }
}

/// A running INSERT or statement set. Dropping it cancels it.
#[derive(Debug)]
pub struct Job {
    inner: job::Job,
    position: Option<Position>,
}

impl Job {
    pub(crate) fn new(inner: job::Job, position: Option<Position>) -> Self {
        Self { inner, position }
    }

    /// Waits for its end and gives what it counted.
    ///
    /// # Errors
    /// What ended it before its input did.
    pub async fn join(&mut self) -> Result<Metrics, Error> {
        let position = self.position;
        self.inner.join().await.map_err(|source| Error::Run { source, position })
    }

    /// What it has counted so far.
    pub fn metrics(&self) -> Metrics {
        self.inner.metrics()
    }

    /// A handle that only reads what it counts.
    pub fn counters(&self) -> Arc<Counters> {
        self.inner.counters()
    }

    /// Asks it to stop after its current epoch; what sinks wrote without committing it is given up.
    pub fn cancel(&self) {
        self.inner.cancel();
    }
}
