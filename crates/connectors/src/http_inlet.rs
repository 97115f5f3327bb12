//! [`Inlets`]: the paths that tables are posted to, and what becomes of a request.
//!
//! ```text
//! request ── admit ──> rows ──> a queue for each job that reads the table ──> epochs
//!    │                                                                          │
//!    └─ waiting.answer() <── delivery <── a receipt for each queue, given back when all sinks of
//!                                         the job have ended the epoch that the rows were in
//! ```
//!
//! The rows of a request enter all queues or none. Nothing here listens or spawns: the runtime's server
//! calls [`Inlet::admit`] and awaits what it gives.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use millstream_formats::Decoded;
use millstream_types::json_text::json_string;
use millstream_types::{Error, Result};

use crate::http_body::{BadRow, Refused, unpacked};
use crate::http_once::{Begun, Coming, Once, Ticket};
use crate::http_queue::{Full, Queue};
use crate::http_server::{Ack, HttpTable};

/// A request, as far as a table is concerned.
#[derive(Debug, Default)]
pub struct Request {
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Content-Encoding`
    pub content_encoding: Option<String>,
    /// `Idempotency-Key`
    pub idempotency_key: Option<String>,
    /// The body, as it came.
    pub body: Vec<u8>,
}

/// An answer, whose body is JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// After how many seconds it may be tried again.
    pub retry_after: Option<u32>,
    /// The number of the request.
    pub request_id: String,
}

impl Answer {
    /// An answer without a number.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), retry_after: None, request_id: String::new() }
    }

    /// 200
    pub fn ok(body: &str) -> Self {
        Self::new(200, body)
    }

    /// Something that was not done, and why.
    pub fn error(status: u16, message: &str) -> Self {
        Self::new(status, format!("{{\"result\":\"error\",\"error\":{}}}", json_string(message)))
    }

    /// Something that may be done if it is tried again.
    pub fn later(status: u16, message: &str) -> Self {
        Self { retry_after: Some(1), ..Self::error(status, message) }
    }
}

/// The paths that tables are posted to, and the requests that wait for rows.
#[derive(Default)]
pub struct Inlets {
    paths: Mutex<BTreeMap<String, Arc<Inlet>>>,
    waiting: Mutex<Unanswered>,
    /// How many requests were answered, by table and status.
    answered: Mutex<BTreeMap<(String, u16), u64>>,
}

impl std::fmt::Debug for Inlets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inlets").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inlets {
    /// The table that is posted to a path.
    pub fn find(&self, path: &str) -> Option<Arc<Inlet>> {
        lock(&self.paths).get(path).cloned()
    }

    /// Whether any table is posted to.
    pub fn is_empty(&self) -> bool {
        lock(&self.paths).is_empty()
    }

    /// How many requests were answered so far, by table and status.
    pub fn answered(&self) -> BTreeMap<(String, u16), u64> {
        lock(&self.answered).clone()
    }

    /// Adds a reader of a table.
    pub(crate) fn attach(
        self: &Arc<Self>,
        table: &HttpTable,
        queue: &Arc<Queue>,
    ) -> Result<Arc<Inlet>> {
        let mut paths = lock(&self.paths);
        if let Some(inlet) = paths.get(&table.path) {
            let mut readers = lock(&inlet.readers);
            readers.retain(|reader| !reader.is_ended());
            if inlet.table.is_as(table) {
                readers.push(Arc::clone(queue));
                return Ok(Arc::clone(inlet));
            }
            if !readers.is_empty() {
                return Err(Error::options(
                    format!("'path' = '{}' belongs to table \"{}\"", table.path, inlet.table.name),
                    "a path is that of one table; give this one another",
                ));
            }
        }
        let inlet = Arc::new(Inlet {
            table: table.clone(),
            readers: Mutex::new(vec![Arc::clone(queue)]),
            once: Once::new(table.window),
            inlets: Arc::clone(self),
        });
        paths.insert(table.path.clone(), Arc::clone(&inlet));
        Ok(inlet)
    }

    /// Gives the rows that answer a request, each as JSON; false when nobody waits for it.
    pub(crate) fn respond(&self, request_id: &str, rows: &[String]) -> bool {
        let delivery = lock(&self.waiting).remove(request_id);
        let Some(delivery) = delivery else { return false };
        let answer = answer_of(&rows.join(","), delivery.rejected);
        let mut pending = lock(&delivery.pending);
        if pending.left > 0 {
            // Others that read the table are not through.
            pending.answer = Some(answer);
            return true;
        }
        drop(pending);
        delivery.finish(answer, true);
        true
    }
}

/// One table that is posted to.
pub struct Inlet {
    table: HttpTable,
    readers: Mutex<Vec<Arc<Queue>>>,
    once: Arc<Once>,
    inlets: Arc<Inlets>,
}

/// What became of a request at once.
pub enum Admitted {
    /// It is answered.
    Now(Answer),
    /// Its rows are on their way.
    Later(Waiting),
}

impl Inlet {
    /// Whether an answer says that all sinks have the rows.
    pub(crate) fn promises(&self) -> bool {
        self.table.ack == Ack::Processed
    }

    /// Counts an answer that was given.
    pub fn count(&self, answer: &Answer) {
        let place = (self.table.name.clone(), answer.status);
        *lock(&self.inlets.answered).entry(place).or_default() += 1;
    }

    /// Lets nothing more into a queue. No request is half way in when this returns.
    pub(crate) fn close(&self, queue: &Queue) {
        let _nobody_enters = lock(&self.readers);
        queue.close();
    }

    /// Takes the rows of a request, or says why not. This decodes the body: it takes time, and waits
    /// for nothing.
    pub fn admit(&self, request: Request) -> Admitted {
        let id = format!("{:032x}", rand::random::<u128>());
        let answer = |answer: Answer| Admitted::Now(Answer { request_id: id.clone(), ..answer });
        if let Some(given) = &request.content_type
            && !self.table.body.takes(given)
        {
            let due = self.table.body.content();
            let message = format!("Content-Type \"{given}\" is not taken, {due} is");
            return answer(Answer::error(415, &message));
        }
        let key = request.idempotency_key.as_deref();
        if key.is_some_and(|key| key.is_empty() || key.len() > 255) {
            return answer(Answer::error(400, "an Idempotency-Key has 1 to 255 characters"));
        }
        let mut hasher = DefaultHasher::new();
        request.body.hash(&mut hasher);
        let (ticket, coming) = match self.once.begin(key, hasher.finish()) {
            Begun::First(ticket, coming) => (ticket, coming),
            Begun::Again(coming) => return Admitted::Later(self.waiting(id, coming)),
            Begun::Other => {
                let message = "this Idempotency-Key was used for another body";
                return answer(Answer::error(422, message));
            }
        };
        let entered = match self.decoded(request, &id) {
            Ok(decoded) => self.enter(&decoded, &id, ticket),
            Err(refused) => Err((refused, ticket)),
        };
        match entered {
            Ok(()) => Admitted::Later(self.waiting(id, coming)),
            Err((refused, ticket)) => {
                let refused = Answer { request_id: id, ..refused };
                ticket.finish(refused.clone(), false);
                Admitted::Now(refused)
            }
        }
    }

    fn waiting(&self, id: String, coming: Coming) -> Waiting {
        let (table, timeout) = (self.table.name.clone(), self.table.timeout);
        let inlets = self.table.responds.then(|| Arc::clone(&self.inlets));
        Waiting { id, table, timeout, coming, inlets }
    }

    /// The rows of a request, with what is known of it.
    fn decoded(&self, request: Request, id: &str) -> std::result::Result<Decoded, Answer> {
        let most = self.table.unpacked_bytes_max;
        let plain = unpacked(request.body, request.content_encoding.as_deref(), most);
        let decoded = plain.and_then(|plain| self.table.body.rows(plain, id)).map_err(refusal)?;
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (clock_ms, key) = (clock.as_millis() as i64, request.idempotency_key.as_deref());
        let rows = self.table.with_metadata(&decoded.rows, id, clock_ms, key);
        let rows = rows.map_err(|error| Answer::error(500, &error.to_string()))?;
        Ok(Decoded { rows: tight(rows), ..decoded })
    }

    /// Puts rows into all queues, or none.
    fn enter(
        &self,
        decoded: &Decoded,
        id: &str,
        ticket: Ticket,
    ) -> std::result::Result<(), (Answer, Ticket)> {
        let mut readers = lock(&self.readers);
        readers.retain(|reader| !reader.is_ended());
        let awaited: Vec<_> = readers.iter().filter(|reader| !reader.observes()).collect();
        if awaited.is_empty() || awaited.iter().any(|reader| reader.is_closed()) {
            let message = format!("no job reads table \"{}\" at the moment", self.table.name);
            return Err((Answer::later(503, &message), ticket));
        }
        let count = decoded.rows.num_rows();
        for reader in &awaited {
            let message = match reader.room_for(decoded) {
                Ok(()) => continue,
                Err(Full::Ever(most)) => {
                    let message =
                        format!("{count} rows are more than the {most} that a queue holds");
                    return Err((Answer::error(413, &message), ticket));
                }
                Err(Full::Now) => format!("the queue of table \"{}\" is full", self.table.name),
            };
            return Err((Answer::later(429, &message), ticket));
        }
        let delivery = Arc::new(Delivery {
            id: id.to_owned(),
            pending: Mutex::new(Pending { left: awaited.len(), answer: None }),
            count: counted(count, decoded.skipped),
            rejected: decoded.skipped,
            responds: self.table.responds,
            ticket: Mutex::new(Some(ticket)),
        });
        if self.table.ack == Ack::Accepted {
            let body = format!("{{\"result\":\"accepted\",{}}}", delivery.count);
            delivery.finish(Answer::new(202, body), true);
        } else if self.table.responds && count == 0 {
            delivery.finish(answer_of("", decoded.skipped), true);
        } else if self.table.responds {
            lock(&self.inlets.waiting).insert(&delivery, self.table.timeout);
        }
        for reader in readers.iter() {
            let receipt = (!reader.observes()).then(|| Receipt(Some(Arc::clone(&delivery))));
            reader.push(decoded.clone(), receipt);
        }
        Ok(())
    }
}

/// A copy of a few rows that takes no more memory than they need: they were decoded into much more.
fn tight(rows: RecordBatch) -> RecordBatch {
    match rows.num_rows() as u32 {
        few @ 1..=256 => {
            let all = UInt32Array::from_iter_values(0..few);
            take_record_batch(&rows, &all).unwrap_or(rows)
        }
        _ => rows,
    }
}

/// Requests that wait for rows.
#[derive(Default)]
struct Unanswered {
    by_id: HashMap<String, (Instant, Arc<Delivery>)>,
    /// How many there may be before those are looked for that nobody waits for.
    most: usize,
}

impl Unanswered {
    fn insert(&mut self, delivery: &Arc<Delivery>, timeout: Duration) {
        if self.by_id.len() >= self.most {
            self.by_id.retain(|_, (until, _)| *until > Instant::now());
            self.most = 2 * self.by_id.len() + 64;
        }
        let until = Instant::now() + timeout;
        self.by_id.insert(delivery.id.clone(), (until, Arc::clone(delivery)));
    }

    fn remove(&mut self, id: &str) -> Option<Arc<Delivery>> {
        self.by_id.remove(id).map(|(_, delivery)| delivery)
    }
}

/// An answer that is rows, with how many were left out, if any.
fn answer_of(rows: &str, left_out: u64) -> Answer {
    let rejected = if left_out == 0 { String::new() } else { format!(",\"rejected\":{left_out}") };
    Answer::new(200, format!("{{\"result\":\"success\",\"rows\":[{rows}]{rejected}}}"))
}

/// How many rows were taken, and how many left out, if any.
fn counted(rows: usize, left_out: u64) -> String {
    match left_out {
        0 => format!("\"count\":{rows}"),
        left_out => format!("\"count\":{rows},\"rejected\":{left_out}"),
    }
}

fn refusal(refused: Refused) -> Answer {
    match refused {
        Refused::Rows(bad) => rejected(&bad),
        Refused::Empty => Answer::error(400, "the body has no rows"),
        Refused::TooLong(most) => {
            Answer::error(413, &format!("the body is longer than {most} bytes when unpacked"))
        }
        Refused::TooMany(most) => Answer::error(
            413,
            &format!("the body has more rows than the {most} that a queue holds"),
        ),
        Refused::Packing(reason) => Answer::error(400, &reason),
    }
}

fn rejected(bad: &[BadRow]) -> Answer {
    let rows = bad.iter().map(|bad| {
        let column = bad.column.as_deref().map_or("null".to_owned(), json_string);
        let reason = json_string(&bad.reason);
        format!("{{\"row\":{},\"column\":{column},\"reason\":{reason}}}", bad.row)
    });
    let rows = rows.collect::<Vec<_>>().join(",");
    let message = "no row was taken, because some are wrong";
    Answer::new(400, format!("{{\"result\":\"error\",\"error\":\"{message}\",\"rows\":[{rows}]}}"))
}

/// The rows of a request on their way through all jobs that read them.
pub(crate) struct Delivery {
    id: String,
    pending: Mutex<Pending>,
    /// How many they are, as the answer says it.
    count: String,
    /// How many records were left out.
    rejected: u64,
    /// Whether rows are the answer, and not the end of the epoch.
    responds: bool,
    ticket: Mutex<Option<Ticket>>,
}

/// What a request still waits for.
struct Pending {
    /// How many jobs still have its rows.
    left: usize,
    /// The rows that answer it, when they are there before all jobs are through.
    answer: Option<Answer>,
}

impl Delivery {
    fn finish(&self, answer: Answer, keeps: bool) {
        if let Some(ticket) = lock(&self.ticket).take() {
            ticket.finish(Answer { request_id: self.id.clone(), ..answer }, keeps);
        }
    }
}

/// What a job gives back for rows: [`Receipt::done`] when all its sinks have ended the epoch they were
/// in. One that is dropped says that they did not get so far.
pub struct Receipt(Option<Arc<Delivery>>);

impl Receipt {
    /// The rows have gone through the whole job.
    pub fn done(mut self) {
        let Some(delivery) = self.0.take() else { return };
        let mut pending = lock(&delivery.pending);
        pending.left -= 1;
        if pending.left > 0 {
            return;
        }
        let answer = match delivery.responds {
            true => pending.answer.take(),
            false => {
                let body = format!("{{\"result\":\"success\",{}}}", delivery.count);
                Some(Answer::new(200, body))
            }
        };
        drop(pending);
        if let Some(answer) = answer {
            delivery.finish(answer, true);
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(delivery) = self.0.take() {
            let message = "the job ended before the rows were through; send them again";
            delivery.finish(Answer::later(503, message), false);
        }
    }
}

/// A request whose answer is yet to come.
pub struct Waiting {
    id: String,
    table: String,
    timeout: Duration,
    coming: Coming,
    /// Where its answer would come from, when that is rows.
    inlets: Option<Arc<Inlets>>,
}

impl Waiting {
    /// Waits for the answer, as long as the table says.
    pub async fn answer(mut self) -> Answer {
        let waited = async {
            let answer = self.coming.wait_for(Option::is_some).await;
            answer.ok().and_then(|answer| answer.clone())
        };
        match tokio::time::timeout(self.timeout, waited).await {
            Ok(Some(answer)) => answer,
            // The job ended, or the request was refused while this one waited for its answer.
            Ok(None) => Answer {
                request_id: self.id,
                ..Answer::later(503, "the request was given up; send it again")
            },
            Err(_) => self.late(),
        }
    }

    fn late(self) -> Answer {
        let (id, table, ms) = (&self.id, &self.table, self.timeout.as_millis());
        // One that rows have answered is not there any more, and waits for other jobs.
        let unanswered =
            self.inlets.as_ref().and_then(|inlets| lock(&inlets.waiting).remove(&self.id));
        let what = match &unanswered {
            Some(_) => format!("no row answered request {id} of table \"{table}\" within {ms} ms"),
            None => format!("request {id} of table \"{table}\" was not through within {ms} ms"),
        };
        let answer = Answer { request_id: self.id.clone(), ..Answer::error(504, &what) };
        if let Some(delivery) = unanswered {
            // Its rows were taken: under the same key they are not taken again.
            delivery.finish(answer.clone(), true);
        }
        answer
    }
}
