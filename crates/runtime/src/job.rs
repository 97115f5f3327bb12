//! [`Job`]: a running dataflow, seen from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use millstream_connectors::{Door, Inlets};
use millstream_plan::Plan;
use millstream_types::{ChangeBatch, Error, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::{mpsc, oneshot};

use crate::dataflow::{Dataflow, Outcome};
use crate::feed::Bell;
use crate::metrics::{Counters, Metrics};
use crate::taps::{RunningTaps, Taps};

/// How a job runs.
#[derive(Debug, Clone)]
pub struct JobOptions {
    /// How many cores it uses, and into how many shards state is split.
    pub parallelism: usize,
    /// The most pieces (about a megabyte each) that a source gives to one epoch.
    pub pieces_per_epoch: usize,
    /// Where rows are brought to it from outside.
    pub inlets: Arc<Inlets>,
    /// Where others find what it writes.
    pub taps: Arc<RunningTaps>,
    /// Whether nobody waits for it, so that it fails when it is behind what is brought to it.
    pub observes: bool,
}

impl JobOptions {
    /// For a number of cores.
    pub fn new(parallelism: usize) -> Self {
        let parallelism = parallelism.max(1);
        let pieces_per_epoch = parallelism * 8;
        let (inlets, taps) = (Arc::default(), Arc::default());
        Self { parallelism, pieces_per_epoch, inlets, taps, observes: false }
    }
}

/// A handle to a running dataflow. Dropping it cancels the dataflow.
#[derive(Debug)]
pub struct Job {
    stop: Arc<Stop>,
    counters: Arc<Counters>,
    doors: Vec<Door>,
    ended: Option<oneshot::Receiver<Result<()>>>,
}

#[derive(Debug, Default)]
struct Stop {
    /// At once, giving up what was not committed.
    asked: AtomicBool,
    /// In order, with what was let in.
    in_order: Arc<AtomicBool>,
    bell: Arc<Bell>,
}

impl Job {
    /// Asks the dataflow to stop after its current epoch, for which sinks that wait for others do not wait
    /// for long.
    pub fn cancel(&self) {
        self.stop.asked.store(true, Ordering::Relaxed);
        self.stop.in_order.store(true, Ordering::Release);
        self.stop.bell.ring();
    }

    /// Asks the dataflow to end in order: nothing more is let in, what was let in goes its way, and what
    /// sinks wrote is made visible. Windows that are open stay so.
    pub fn stop(&self) {
        self.doors.iter().for_each(Door::close);
        self.stop.in_order.store(true, Ordering::Release);
        self.stop.bell.ring();
    }

    /// What it has counted so far.
    pub fn metrics(&self) -> Metrics {
        self.counters.read()
    }

    /// A handle that only reads what the job counts.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// What ended it before its input did; [`Error::Cancelled`] after [`Job::cancel`].
    pub async fn join(&mut self) -> Result<Metrics> {
        if let Some(ended) = &mut self.ended {
            let outcome = ended.await;
            self.ended = None;
            outcome.unwrap_or_else(|_| Err(Error::Internal("the dataflow is gone".to_owned())))?;
        }
        Ok(self.metrics())
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Opens everything a plan needs and starts it on a thread of its own. The changes of its Result node
/// go into `result`, and so does the error that ends it, if one does.
///
/// # Errors
/// When something cannot be opened; nothing was started then.
pub fn start(
    plan: Plan,
    options: &JobOptions,
    result: Option<mpsc::Sender<Result<ChangeBatch>>>,
) -> Result<Job> {
    let no_thread =
        |error: &dyn std::fmt::Display| Error::Internal(format!("no thread for a job: {error}"));
    let pool: ThreadPool = ThreadPoolBuilder::new()
        .num_threads(options.parallelism)
        .thread_name(|at| format!("shard-{at}"))
        .stack_size(STACK_BYTES)
        .build()
        .map_err(|error| no_thread(&error))?;
    let counters = Arc::new(Counters::new(&plan));
    let stop = Arc::new(Stop::default());
    let bell = Arc::clone(&stop.bell);
    let to_result = result.clone();
    let pool = Arc::new(pool);
    let taps = Arc::new(Taps::new(&plan, Arc::clone(&bell)));
    let (counted, tapped) = (Arc::clone(&counters), Arc::clone(&taps));
    // Whoever finds that rows are let in finds what becomes of them, too.
    options.taps.add(&taps);
    let dataflow = Dataflow::new(plan, pool, options, counted, &bell, result, tapped);
    let mut dataflow = dataflow.inspect_err(|_| taps.end())?;
    dataflow.heed(&stop.in_order);
    let doors = dataflow.doors();
    let (sender, ended) = oneshot::channel();
    let asked = Arc::clone(&stop);
    let (ending, last_taps) = (Arc::clone(&counters), taps);
    std::thread::Builder::new()
        .name("dataflow".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // A panic is a bug of ours; it must end one job and not the program.
            let run = std::panic::AssertUnwindSafe(|| run(&mut dataflow, &asked));
            let outcome = std::panic::catch_unwind(run).unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                Err(Error::Internal(text.unwrap_or("a panic without a message").to_owned()))
            });
            // What was not committed is given up before anybody hears of the end.
            drop(dataflow);
            ending.end();
            last_taps.end();
            tracing::debug!(?outcome, "dataflow ended");
            let outcome = match (outcome, to_result) {
                (Err(error), Some(result)) => {
                    // Whoever asked may be gone.
                    let _ = result.blocking_send(Err(error));
                    Ok(())
                }
                (outcome, _) => outcome,
            };
            // Nobody may be waiting.
            let _ = sender.send(outcome);
        })
        .map_err(|error| no_thread(&error))?;
    Ok(Job { stop, counters, doors, ended: Some(ended) })
}

/// Expressions are evaluated recursively, and may be nested as deeply as the front end lets them.
const STACK_BYTES: usize = 16 << 20;

/// How long a dataflow without input sleeps before it looks around.
const IDLE: Duration = Duration::from_millis(100);

fn run(dataflow: &mut Dataflow, stop: &Stop) -> Result<()> {
    // A clock that is put back stands still until it is where it was: windows by it do not open again.
    let mut clock_ms = i64::MIN;
    loop {
        // In this order: whoever cancels asks for both, and must not be taken for one who ends in order.
        let ending = stop.in_order.load(Ordering::Acquire);
        if stop.asked.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        if ending && dataflow.is_drained() {
            return dataflow.commit();
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        clock_ms = clock_ms.max(now.as_millis() as i64);
        match dataflow.run_epoch(clock_ms)? {
            Outcome::Continues => {}
            Outcome::Idle if ending => stop.bell.wait(Duration::from_millis(1)),
            Outcome::Idle => stop.bell.wait(IDLE),
            Outcome::Done => return dataflow.commit(),
        }
    }
}
