//! [`Bodies`]: the bodies of requests, which are bounded in time and size, each and together, and what
//! becomes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{self, HeaderName};
use millstream_connectors::http_inlet::{Admitted, Answer, Inlet, Request};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How large bodies may be, and how long they may take.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// How long a body may take.
    pub timeout: Duration,
    /// A body of which nothing comes for so long is given up.
    pub stall: Duration,
    /// The same when bodies hold half of what they may.
    pub stall_when_full: Duration,
    /// How long a body may be, in bytes.
    pub bytes_max: usize,
    /// How many bytes of bodies are held at a time.
    pub all_bytes_max: usize,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            stall: Duration::from_secs(5),
            stall_when_full: Duration::from_secs(1),
            bytes_max: 8 << 20,
            all_bytes_max: 32 << 20,
        }
    }
}

/// A body of so many bytes takes longer to look at than others should wait for.
const LARGE_BYTES: usize = 32 << 10;

/// So many bytes of each body always find room.
const SMALL_BYTES: usize = 16 << 10;

/// How many large bodies are looked at together.
const LARGE_AT_A_TIME: usize = 2;

/// How much of a body that is refused is let by, and for how long.
const DRAINED_BYTES: usize = 32 << 20;
const DRAINED: Duration = Duration::from_secs(2);

/// The bodies of requests that are on their way.
#[derive(Debug)]
pub struct Bodies {
    limits: BodyLimits,
    /// The bytes that are held.
    held: Arc<AtomicUsize>,
    /// Bodies that take long are looked at by so many threads at a time.
    workers: Semaphore,
}

impl Default for Bodies {
    fn default() -> Self {
        Self::new(BodyLimits::default())
    }
}

/// Bytes of a body that count as held, until this is dropped.
pub(crate) struct Held {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl Held {
    /// Takes so many bytes more of a body of which `before` have come. The first ones of a body always find
    /// room: large ones are not in the way of small ones.
    fn add(&mut self, bytes: usize, came: usize, most: usize) -> Result<(), Answer> {
        let bytes = (came + bytes).saturating_sub(SMALL_BYTES).min(bytes);
        if bytes == 0 {
            return Ok(());
        }
        let before = self.all.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        match before + bytes > most {
            true => Err(Answer::later(503, "too many bodies are being read; try again")),
            false => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Bodies {
    /// With some limits.
    pub fn new(limits: BodyLimits) -> Self {
        Self { limits, held: Arc::default(), workers: Semaphore::new(LARGE_AT_A_TIME) }
    }

    /// Brings a request whose body is there to a table, and waits for the answer.
    pub async fn post(self: &Arc<Self>, request: Request, inlet: &Arc<Inlet>) -> Answer {
        let mut held = self.hold();
        let refused = match request.body.len() > self.limits.bytes_max {
            true => Err(self.too_long()),
            false => held.add(request.body.len(), 0, self.limits.all_bytes_max),
        };
        match refused {
            Ok(()) => self.deliver(request, held, inlet).await,
            Err(answer) => {
                inlet.count(&answer);
                answer
            }
        }
    }

    fn hold(&self) -> Held {
        Held { all: Arc::clone(&self.held), bytes: 0 }
    }

    fn too_long(&self) -> Answer {
        let most = self.limits.bytes_max;
        Answer::error(413, &format!("the body is longer than {most} bytes"))
    }

    /// Reads a body to its end.
    pub(crate) async fn read(
        &self,
        request: hyper::Request<Incoming>,
    ) -> Result<(Request, Held), Answer> {
        let limits = self.limits;
        if request.body().size_hint().lower() > limits.bytes_max as u64 {
            drain(request.into_body()).await;
            return Err(self.too_long());
        }
        let text = |name: HeaderName| -> Result<Option<String>, Answer> {
            let Some(value) = request.headers().get(&name) else { return Ok(None) };
            let readable = value.to_str().map(str::to_owned);
            readable.map(Some).map_err(|_| Answer::error(400, &format!("{name} is no plain text")))
        };
        let mut read = Request {
            content_type: text(header::CONTENT_TYPE)?,
            content_encoding: text(header::CONTENT_ENCODING)?,
            idempotency_key: text(HeaderName::from_static("idempotency-key"))?,
            body: Vec::new(),
        };
        let mut held = self.hold();
        let mut body = request.into_body();
        let all = async {
            while let Some(frame) = self.frame(&mut body, held.bytes > 0).await? {
                let Ok(data) = frame.into_data() else { continue };
                if read.body.len() + data.len() > limits.bytes_max {
                    return Err(self.too_long());
                }
                held.add(data.len(), read.body.len(), limits.all_bytes_max)?;
                read.body.extend_from_slice(&data);
            }
            Ok(())
        };
        match timeout(limits.timeout, all).await {
            Ok(Ok(())) => Ok((read, held)),
            Ok(Err(answer)) => {
                drop(held);
                drain(body).await;
                Err(answer)
            }
            Err(_) => Err(late(limits.timeout)),
        }
    }

    /// The next part of a body. One that `holds` bytes is given up sooner when others need the room.
    async fn frame(
        &self,
        body: &mut Incoming,
        holds: bool,
    ) -> Result<Option<Frame<Bytes>>, Answer> {
        let BodyLimits { stall, stall_when_full: sooner, all_bytes_max, .. } = self.limits;
        let broken = |_| Answer::error(400, "the body broke off");
        let mut waited = Duration::ZERO;
        while waited < stall {
            let step = sooner.min(stall - waited);
            if let Ok(next) = timeout(step, body.frame()).await {
                return next.transpose().map_err(broken);
            }
            waited += step;
            if holds && self.held.load(Ordering::Relaxed) > all_bytes_max / 2 {
                return Err(late(waited));
            }
        }
        Err(late(stall))
    }

    /// Hands rows over, and waits for what becomes of them.
    pub(crate) async fn deliver(
        self: &Arc<Self>,
        request: Request,
        held: Held,
        inlet: &Arc<Inlet>,
    ) -> Answer {
        let (bodies, inlet) = (Arc::clone(self), Arc::clone(inlet));
        let lost = || Answer::error(500, "internal error: the request was lost");
        let is_large = request.body.len() > LARGE_BYTES || request.content_encoding.is_some();
        // On a task of its own, so that it goes its way when the client does not wait.
        let task = tokio::spawn(async move {
            let table = Arc::clone(&inlet);
            let admitted = match is_large {
                false => inlet.admit(request),
                true => {
                    let Ok(_permit) = bodies.workers.acquire().await else { return lost() };
                    let admitted = tokio::task::spawn_blocking(move || inlet.admit(request)).await;
                    match admitted {
                        Ok(admitted) => admitted,
                        Err(_) => return lost(),
                    }
                }
            };
            drop(held);
            let answer = match admitted {
                Admitted::Now(answer) => answer,
                Admitted::Later(waiting) => waiting.answer().await,
            };
            table.count(&answer);
            answer
        });
        task.await.unwrap_or_else(|_| lost())
    }
}

fn late(limit: Duration) -> Answer {
    let seconds = limit.as_secs_f64();
    Answer::error(408, &format!("the body, or more of it, did not come within {seconds} s"))
}

/// Lets the rest of a body come and go: a connection that is closed before takes the answer with it.
async fn drain(mut body: Incoming) {
    let mut left = DRAINED_BYTES;
    let rest = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    // Whoever sends more than that, or takes longer, may miss the answer.
    let _ = timeout(DRAINED, rest).await;
}
