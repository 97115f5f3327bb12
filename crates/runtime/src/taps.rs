//! [`Taps`]: whoever follows what a running job writes into a table.
//!
//! Who follows a table first gets what it holds after an epoch, and from then on what each epoch changes: no
//! change is lost, and none comes twice. Nobody is waited for: who does not keep up is told so, and left
//! behind.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use arrow::array::RecordBatch;
use millstream_operators::consolidate::net;
use millstream_plan::{NodeId, NodeKind, Plan, Table};
use millstream_types::{ChangeBatch, Error, Result};
use tokio::sync::{mpsc, oneshot};

use crate::content::{Content, Open, Reading, bytes_of, open};
use crate::feed::Bell;

/// How many bytes of changes wait for one who follows. An epoch is told whole: one may go beyond.
const QUEUE_BYTES: usize = 16 << 20;

/// The tables that a job writes, and who wants to follow them.
#[derive(Debug)]
pub struct Taps {
    tables: Vec<Arc<Table>>,
    waiting: Mutex<Vec<Follower>>,
    bell: Arc<Bell>,
    ended: AtomicBool,
}

/// What all jobs that run write.
#[derive(Debug, Default)]
pub struct RunningTaps(Mutex<Vec<Arc<Taps>>>);

impl RunningTaps {
    /// Adds a job, before anything is let into it.
    pub(crate) fn add(&self, taps: &Arc<Taps>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|taps| taps.is_running());
        known.push(Arc::clone(taps));
    }

    /// What a table holds, and then what becomes of it; `None` when no job writes it.
    pub fn follow(&self, table: &Table) -> Option<Following> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.iter().find_map(|taps| taps.follow(table))
    }
}

/// What one who follows is told.
enum Told {
    /// What the table held comes first.
    Content(oneshot::Receiver<Content>),
    /// Changes, and how many bytes they count for.
    Changes(ChangeBatch, usize),
    /// Nothing more comes, and why.
    Failed(Error),
}

/// One who follows a table, on the side of the dataflow.
#[derive(Debug)]
struct Follower {
    /// Its place among the tables of the job.
    table: usize,
    sender: mpsc::UnboundedSender<Told>,
    /// How many bytes wait for it.
    waiting: Arc<AtomicUsize>,
}

/// What a table holds, and then what becomes of it.
#[derive(Debug)]
pub struct Following {
    told: mpsc::UnboundedReceiver<Told>,
    waiting: Arc<AtomicUsize>,
    /// The content, while it is read.
    reading: Option<oneshot::Receiver<Content>>,
    /// The content, and how many of its batches were given.
    content: Option<(Arc<Vec<RecordBatch>>, usize)>,
}

impl Taps {
    pub(crate) fn new(plan: &Plan, bell: Arc<Bell>) -> Self {
        let tables = plan.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Sink { table, .. } => Some(Arc::clone(table)),
            _ => None,
        });
        let (tables, waiting) = (tables.collect(), Mutex::default());
        Self { tables, waiting, bell, ended: AtomicBool::new(false) }
    }

    /// Whether the job runs still.
    pub fn is_running(&self) -> bool {
        !self.ended.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) {
        let mut waiting = self.waiting();
        self.ended.store(true, Ordering::Relaxed);
        waiting.clear();
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Follower>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a table holds, and then what becomes of it; `None` when the job does not write it.
    pub fn follow(&self, table: &Table) -> Option<Following> {
        let same = |known: &&Arc<Table>| is_same(known, table);
        let known = self.tables.iter().position(|known| same(&known))?;
        let (sender, told) = mpsc::unbounded_channel();
        let bytes = Arc::new(AtomicUsize::new(0));
        let mut waiting = self.waiting();
        // Nobody would take in one who comes after the end.
        if !self.is_running() {
            return None;
        }
        waiting.push(Follower { table: known, sender, waiting: Arc::clone(&bytes) });
        drop(waiting);
        self.bell.ring();
        Some(Following { told, waiting: bytes, reading: None, content: None })
    }
}

impl Following {
    /// The next changes; `None` when the job has ended. Behind an error comes nothing more.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ChangeBatch>>> {
        loop {
            if let Some((batches, given)) = &mut self.content {
                if let Some(rows) = batches.get(*given) {
                    *given += 1;
                    return Poll::Ready(Some(Ok(ChangeBatch::insert(rows.clone()))));
                }
                self.content = None;
            }
            if let Some(reading) = &mut self.reading {
                let content = ready!(std::pin::Pin::new(reading).poll(context));
                self.reading = None;
                match content {
                    Ok(Ok(batches)) => self.content = Some((batches, 0)),
                    Ok(Err(text)) => return Poll::Ready(Some(Err(Error::Evaluation(text)))),
                    Err(_) => {
                        let message = "the content of a table was not read to its end".to_owned();
                        return Poll::Ready(Some(Err(Error::Internal(message))));
                    }
                }
                continue;
            }
            match ready!(self.told.poll_recv(context)) {
                Some(Told::Content(reading)) => self.reading = Some(reading),
                Some(Told::Changes(changes, bytes)) => {
                    self.waiting.fetch_sub(bytes, Ordering::Relaxed);
                    return Poll::Ready(Some(Ok(changes)));
                }
                Some(Told::Failed(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Follower {
    /// Tells what an epoch changed; false when it is of no use any more.
    fn tell(&self, changes: &[ChangeBatch]) -> bool {
        if self.waiting.load(Ordering::Relaxed) >= QUEUE_BYTES {
            let mib = QUEUE_BYTES >> 20;
            self.fail(Error::Evaluation(format!(
                "left behind: more than {mib} MiB of changes were not taken in time; ask again"
            )));
            return false;
        }
        changes.iter().all(|changes| {
            let bytes = bytes_of(&changes.rows);
            self.waiting.fetch_add(bytes, Ordering::Relaxed);
            self.sender.send(Told::Changes(changes.clone(), bytes)).is_ok()
        })
    }

    fn fail(&self, error: Error) {
        // It may have gone.
        let _ = self.sender.send(Told::Failed(error));
    }
}

/// Those who follow, on the side of the dataflow.
pub(crate) struct Followers {
    taps: Arc<Taps>,
    known: Vec<Follower>,
    /// The tables that are being read for some of them.
    readings: Vec<Reading>,
    /// What this epoch wrote, by sink.
    told: Vec<(NodeId, ChangeBatch)>,
    open: Open,
}

impl Followers {
    pub fn new(taps: Arc<Taps>) -> Self {
        Self::with(taps, Box::new(open))
    }

    fn with(taps: Arc<Taps>, open: Open) -> Self {
        Self { taps, known: Vec::new(), readings: Vec::new(), told: Vec::new(), open }
    }

    /// Takes in whoever came, between two epochs.
    pub fn welcome(&mut self) {
        let came = std::mem::take(&mut *self.taps.waiting());
        for follower in came {
            match self.begin(&follower) {
                Ok(true) => self.known.push(follower),
                Ok(false) => {}
                Err(error) => follower.fail(error),
            }
        }
        self.readings.retain(|reading| !reading.is_over());
    }

    /// Lets one have what its table holds, and what was changed since that is read; false when it has gone.
    fn begin(&mut self, follower: &Follower) -> Result<bool> {
        let shared = self.readings.iter().find_map(|reading| {
            let fits = reading.table == follower.table && reading.since_bytes < QUEUE_BYTES;
            fits.then(|| Some((reading.join()?, &reading.since[..])))?
        });
        let (content, since) = match shared {
            Some(shared) => shared,
            None => {
                let Some(table) = self.taps.tables.get(follower.table) else { return Ok(false) };
                let Some(source) = (self.open)(table) else { return Ok(true) };
                let (reading, content) = Reading::start(follower.table, &table.name, source)?;
                self.readings.push(reading);
                (content, &[][..])
            }
        };
        let goes_on = follower.sender.send(Told::Content(content)).is_ok();
        Ok(goes_on && follower.tell(since))
    }

    /// Takes what a sink was given.
    pub fn take(&mut self, sink: NodeId, changes: &ChangeBatch) {
        // One who comes while a table is read is told what was changed since.
        if !self.known.is_empty() || !self.readings.is_empty() {
            self.told.push((sink, changes.clone()));
        }
    }

    /// Tells what the epoch changed, once all sinks have ended it. Whatever goes wrong here is the followers'
    /// matter: what the sinks have ended stays.
    pub fn tell(&mut self, plan: &Plan) {
        let told = std::mem::take(&mut self.told);
        if told.is_empty() {
            return;
        }
        let taps = Arc::clone(&self.taps);
        for (at, table) in taps.tables.iter().enumerate() {
            let follows = self.known.iter().any(|follower| follower.table == at);
            if !follows && !self.readings.iter().any(|reading| reading.table == at) {
                continue;
            }
            let of_table = told.iter().filter(|(sink, _)| match &plan.nodes[*sink].kind {
                NodeKind::Sink { table: written, .. } => is_same(written, table),
                _ => false,
            });
            let changes: Vec<ChangeBatch> = of_table.map(|(_, changes)| changes.clone()).collect();
            // A key has one row in the end, whatever came in between.
            let changes = if table.primary_key.is_empty() { Ok(changes) } else { net(changes) };
            match changes {
                Ok(changes) => self.tell_of(at, &changes),
                Err(error) => {
                    let text = error.to_string();
                    for follower in self.known.extract_if(.., |follower| follower.table == at) {
                        follower.fail(Error::Evaluation(text.clone()));
                    }
                    self.readings.retain(|reading| reading.table != at);
                }
            }
        }
    }

    fn tell_of(&mut self, table: usize, changes: &[ChangeBatch]) {
        self.known.retain(|follower| follower.table != table || follower.tell(changes));
        for reading in self.readings.iter_mut().filter(|reading| reading.table == table) {
            reading.since_bytes +=
                changes.iter().map(|changes| bytes_of(&changes.rows)).sum::<usize>();
            if reading.since_bytes < QUEUE_BYTES {
                reading.since.extend_from_slice(changes);
            } else {
                // Nobody joins it any more.
                reading.since.clear();
            }
        }
    }
}

/// Whether two declarations are of one table: tables of two databases may share a name.
fn is_same(one: &Table, other: &Table) -> bool {
    one.name == other.name && one.options == other.options
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::task::Waker;
    use std::time::{Duration, Instant};

    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::{Int64Type, Schema, SchemaRef};
    use millstream_connectors::connector::{Ready, Source, SourceEvent};
    use millstream_plan::{ChangelogMode, Node};

    use super::*;

    fn rows(values: &[i64]) -> RecordBatch {
        let column = Arc::new(Int64Array::from(values.to_vec()));
        RecordBatch::try_from_iter([("n", column as arrow::array::ArrayRef)]).unwrap()
    }

    /// A table whose rows come when they are let go.
    struct Slow(Receiver<i64>);

    impl Source for Slow {
        fn is_bounded(&self) -> bool {
            true
        }

        fn next(&mut self) -> Result<Option<SourceEvent>> {
            let next = self.0.recv().ok();
            let piece = |n| SourceEvent::Rows { split: 0, piece: Box::new(Ready(rows(&[n]))) };
            Ok(next.map(piece))
        }
    }

    fn plan(key: &[&str]) -> Plan {
        let schema: SchemaRef = Arc::new(Schema::clone(&rows(&[]).schema()));
        let primary_key = key.iter().map(|name| (*name).to_owned()).collect();
        let table = Table { primary_key, ..Table::new("t", Arc::clone(&schema)) };
        let kind = NodeKind::Sink { table: Arc::new(table), drops_nulls: false };
        let node = Node {
            kind,
            inputs: Vec::new(),
            schema,
            rowtimes: Vec::new(),
            proctimes: Vec::new(),
            changelog: ChangelogMode::Append,
        };
        Plan { nodes: vec![node], ..Plan::default() }
    }

    fn table(plan: &Plan) -> Arc<Table> {
        match &plan.nodes[0].kind {
            NodeKind::Sink { table, .. } => Arc::clone(table),
            _ => unreachable!("it is a sink"),
        }
    }

    fn epoch(followers: &mut Followers, plan: &Plan, changes: ChangeBatch) {
        followers.welcome();
        followers.take(0, &changes);
        followers.tell(plan);
    }

    /// The numbers that one is told, up to the end or to so many.
    fn told(following: &mut Following, most: usize) -> Vec<std::result::Result<i64, String>> {
        let mut context = Context::from_waker(Waker::noop());
        let (mut told, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(20));
        while told.len() < most {
            match following.poll_next(&mut context) {
                Poll::Ready(Some(Ok(changes))) => {
                    let values = changes.rows.column(0).as_primitive::<Int64Type>();
                    told.extend(values.values().iter().map(|value| Ok(*value)));
                }
                Poll::Ready(Some(Err(error))) => told.push(Err(error.to_string())),
                Poll::Ready(None) => break,
                Poll::Pending => {
                    assert!(Instant::now() < deadline, "only {told:?} came");
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        told
    }

    /// Followers of a table that can be read once, and gives the rows that are sent.
    fn reading_slowly(taps: &Arc<Taps>) -> (Sender<i64>, Followers) {
        let (lets_go, source) = channel();
        let source = Mutex::new(Some(Slow(source)));
        let once = move |_: &Table| -> Option<Box<dyn Source>> {
            Some(Box::new(source.lock().unwrap().take().expect("it is read once")))
        };
        (lets_go, Followers::with(Arc::clone(taps), Box::new(once)))
    }

    #[test]
    fn a_table_is_read_beside_the_epochs_and_once_for_all_who_come() {
        let plan = plan(&[]);
        let taps = Arc::new(Taps::new(&plan, Arc::default()));
        let (lets_go, mut followers) = reading_slowly(&taps);
        let mut first = taps.follow(&table(&plan)).unwrap();
        let insert = |n: i64| ChangeBatch::insert(rows(&[n]));
        // None of these waits for the rows.
        epoch(&mut followers, &plan, insert(10));
        let mut second = taps.follow(&table(&plan)).unwrap();
        epoch(&mut followers, &plan, insert(11));
        let mut third = taps.follow(&table(&plan)).unwrap();
        epoch(&mut followers, &plan, insert(12));
        lets_go.send(1).unwrap();
        lets_go.send(2).unwrap();
        drop(lets_go);
        for following in [&mut first, &mut second, &mut third] {
            assert_eq!(told(following, 5), [1, 2, 10, 11, 12].map(Ok));
        }
    }

    #[test]
    fn a_reading_that_nobody_waits_for_any_more_can_be_joined() {
        let plan = plan(&[]);
        let taps = Arc::new(Taps::new(&plan, Arc::default()));
        let (lets_go, mut followers) = reading_slowly(&taps);
        let first = taps.follow(&table(&plan)).unwrap();
        followers.welcome();
        drop(first);
        let insert = |n: i64| ChangeBatch::insert(rows(&[n]));
        (10..13).for_each(|n| epoch(&mut followers, &plan, insert(n)));
        let mut second = taps.follow(&table(&plan)).unwrap();
        epoch(&mut followers, &plan, insert(13));
        lets_go.send(1).unwrap();
        drop(lets_go);
        assert_eq!(told(&mut second, 5), [1, 10, 11, 12, 13].map(Ok));
    }

    #[test]
    fn who_is_left_behind_hears_of_it_last() {
        let plan = plan(&[]);
        let taps = Arc::new(Taps::new(&plan, Arc::default()));
        let mut followers = Followers::with(Arc::clone(&taps), Box::new(|_| None));
        let mut slow = taps.follow(&table(&plan)).unwrap();
        let large = ChangeBatch::insert(rows(&vec![7; QUEUE_BYTES / 8 / 2]));
        let mut quick = taps.follow(&table(&plan)).unwrap();
        for _ in 0..3 {
            epoch(&mut followers, &plan, large.clone());
            assert_eq!(told(&mut quick, large.num_rows()).len(), large.num_rows());
        }
        let told = told(&mut slow, usize::MAX);
        assert_eq!(told.len(), QUEUE_BYTES / 8 + 1);
        let last = told.last().unwrap().as_ref().unwrap_err();
        assert!(last.starts_with("left behind: more than 16 MiB"), "{last}");
    }

    #[test]
    fn what_cannot_be_told_is_the_followers_matter() {
        let plan = plan(&["n"]);
        let taps = Arc::new(Taps::new(&plan, Arc::default()));
        let mut followers = Followers::with(Arc::clone(&taps), Box::new(|_| None));
        let mut one = taps.follow(&table(&plan)).unwrap();
        followers.welcome();
        // Two batches of one table cannot have different columns.
        let other = RecordBatch::try_from_iter([(
            "n",
            Arc::new(arrow::array::StringArray::from(vec!["x"])) as arrow::array::ArrayRef,
        )]);
        let minus = ChangeBatch::weighted(rows(&[1]), Int64Array::from(vec![-1]));
        followers.take(0, &minus);
        followers.take(0, &ChangeBatch::insert(other.unwrap()));
        followers.tell(&plan);
        assert!(matches!(&told(&mut one, usize::MAX)[..], [Err(_)]));
    }

    #[test]
    fn nobody_follows_a_job_that_has_ended() {
        let plan = plan(&[]);
        let taps = Taps::new(&plan, Arc::default());
        let mut came = taps.follow(&table(&plan)).unwrap();
        taps.end();
        assert!(taps.follow(&table(&plan)).is_none());
        assert_eq!(told(&mut came, 1), []);
    }
}
