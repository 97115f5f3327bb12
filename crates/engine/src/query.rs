//! [`Query`], [`Job`] and [`Analysis`]: what runs.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use arrow::datatypes::SchemaRef;
use chrono_tz::Tz;
use millstream_operators::Reason;
use millstream_plan::Plan;
use millstream_plan::explain::explain_with;
use millstream_runtime::metrics::Counters;
use millstream_runtime::{Metrics, job};
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
    pub(crate) key: Option<Vec<usize>>,
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

    /// The columns of which each value has at most one row at a time, where that is known.
    pub fn key(&self) -> Option<&[usize]> {
        self.key.as_deref()
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

    /// Asks it to end in order: the stream ends behind the changes of the last epoch.
    pub fn stop(&self) {
        self.job.stop();
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
    bounded: bool,
}

impl Job {
    pub(crate) fn new(inner: job::Job, bounded: bool) -> Self {
        Self { inner, bounded }
    }

    /// Whether it ends by itself.
    pub fn is_bounded(&self) -> bool {
        self.bounded
    }

    /// Waits for its end and gives what it counted.
    ///
    /// # Errors
    /// What ended it before its input did.
    pub async fn join(&mut self) -> Result<Metrics, Error> {
        self.inner.join().await.map_err(Error::from)
    }

    /// What it has counted so far.
    pub fn metrics(&self) -> Metrics {
        self.inner.metrics()
    }

    /// A handle that only reads what it counts.
    pub fn counters(&self) -> Arc<Counters> {
        self.inner.counters()
    }

    /// Asks it to end in order: nothing more is let in, the epoch and what was let in go their way, and what
    /// sinks wrote is made visible. Windows that are open stay so.
    pub fn stop(&self) {
        self.inner.stop();
    }

    /// Asks it to stop after its current epoch; what sinks wrote without committing it is given up.
    pub fn cancel(&self) {
        self.inner.cancel();
    }
}

/// What an [`Analysis`] runs.
#[derive(Debug)]
pub(crate) enum Started {
    /// A query, whose result nobody sees.
    Query(Query),
    /// An INSERT or statement set.
    Job(Job),
}

/// A statement that runs to be explained: EXPLAIN ANALYZE. Dropping it cancels it.
#[derive(Debug)]
pub struct Analysis {
    pub(crate) plan: Plan,
    pub(crate) job: Started,
}

impl Analysis {
    /// Waits for its end.
    ///
    /// # Errors
    /// What ended it before its input did.
    pub async fn join(&mut self) -> Result<(), Error> {
        match &mut self.job {
            Started::Query(query) => {
                while let Some(changes) = query.next().await {
                    changes?;
                }
                Ok(())
            }
            Started::Job(job) => job.join().await.map(|_| ()),
        }
    }

    /// A handle that reads what it counts.
    pub fn counters(&self) -> Arc<Counters> {
        match &self.job {
            Started::Query(query) => query.counters(),
            Started::Job(job) => job.counters(),
        }
    }

    /// Asks it to stop after its current epoch.
    pub fn cancel(&self) {
        match &self.job {
            Started::Query(query) => query.cancel(),
            Started::Job(job) => job.cancel(),
        }
    }

    /// The plan with the rows, time and state of each operator so far.
    pub fn text(&self) -> String {
        let counters = self.counters();
        explain_with(&self.plan, |id| {
            let node = &counters.nodes[id];
            let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            let ms = of(&node.nanos) as f64 / 1e6;
            let mut text = format!(" | {} rows, {ms:.1} ms", of(&node.rows));
            if of(&node.state_peak) > 0 {
                let (now, peak) = (of(&node.state_bytes), of(&node.state_peak));
                text.push_str(&format!(", {now} bytes of state, {peak} at most"));
            }
            let dropped = &counters.dropped[id];
            for reason in Reason::ALL {
                if dropped.of(reason) > 0 {
                    text.push_str(&format!(", {} {}", dropped.of(reason), reason.text()));
                }
            }
            text
        })
    }
}
