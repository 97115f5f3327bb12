//! One request: who may ask, and where its answer comes from.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use millstream_connectors::Inlets;
use millstream_connectors::http_inlet::Answer;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::serve::{Events, Page, Pages, ServerOptions};
use crate::serve_bodies::Bodies;
use crate::serve_connections::{Busy, Connection};

/// What a server lets in, and where it leads to.
pub(crate) struct Gate {
    pub options: ServerOptions,
    inlets: Arc<Inlets>,
    pages: Arc<dyn Pages>,
    bodies: Arc<Bodies>,
}

impl Gate {
    pub fn new(options: ServerOptions, inlets: Arc<Inlets>, pages: Arc<dyn Pages>) -> Self {
        let bodies = Arc::new(Bodies::new(options.bodies));
        Self { options, inlets, pages, bodies }
    }
}

/// What is answered: a text, or events as they come.
pub(crate) type Reply = Response<Either<Full<Bytes>, EventBody>>;

/// Answers one request. Its connection is busy while the answer is made: not while its body comes, which
/// takes as long as the other side likes.
pub(crate) async fn respond(
    request: hyper::Request<Incoming>,
    gate: &Arc<Gate>,
    connection: &Arc<Connection>,
) -> Reply {
    let path = request.uri().path().to_owned();
    let inlet = gate.inlets.find(&path);
    let counted = |answer: Answer| {
        if let Some(inlet) = &inlet {
            inlet.count(&answer);
        }
        reply(answer)
    };
    if path != "/health"
        && let Err(answer) = may_ask(request.headers(), gate)
    {
        return counted(answer);
    }
    if let Some(inlet) = &inlet {
        if request.method() != Method::POST {
            let mut reply = counted(Answer::error(405, "rows are posted here"));
            reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            return reply;
        }
        return match gate.bodies.read(request).await {
            Ok((request, held)) => {
                let _busy = connection.begin();
                reply(gate.bodies.deliver(request, held, inlet).await)
            }
            Err(answer) => counted(answer),
        };
    }
    if request.method() == Method::POST && gate.inlets.is_empty() {
        return reply(Answer::later(503, "no table is posted to yet"));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let is_page = matches!(&path[..], "/health" | "/metrics") || path.starts_with("/tables/");
        if !is_page {
            return reply(Answer::error(404, &format!("no table is posted to {path}")));
        }
        let mut reply = reply(Answer::error(405, "this is read with GET"));
        reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return reply;
    }
    let busy = connection.begin();
    let pages = Arc::clone(&gate.pages);
    let known = path.clone();
    let page = tokio::task::spawn_blocking(move || pages.page(&known)).await;
    match page.ok().flatten() {
        Some(page) => page_reply(page, busy),
        None => reply(Answer::error(404, &format!("there is nothing at {path}"))),
    }
}

/// Whether whoever asks may: with the token where there is one, and else from this machine and by no web
/// page, since those reach every address that a browser does.
fn may_ask(headers: &HeaderMap, gate: &Gate) -> Result<(), Answer> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match &gate.options.token {
        Some(token) => {
            let given = text(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
            match given {
                Some((scheme, given))
                    if scheme.eq_ignore_ascii_case("Bearer") && same(given.trim(), token) =>
                {
                    Ok(())
                }
                _ => {
                    Err(Answer::error(401, "Authorization: Bearer … is due, with the right token"))
                }
            }
        }
        None if headers.contains_key(header::ORIGIN) => {
            Err(Answer::error(403, "a web page may ask when a token is set, and shown"))
        }
        None => {
            let host = text(header::HOST).unwrap_or("localhost");
            let name = host.rsplit_once(':').map_or(host, |(name, port)| {
                if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
            });
            let name = name.trim_start_matches('[').trim_end_matches(']');
            match name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok() {
                true => Ok(()),
                false => Err(Answer::error(421, "this server has no name; ask for its address")),
            }
        }
    }
}

/// Whether two secrets are the same, in a time that tells nothing of where they differ.
fn same(given: &str, due: &str) -> bool {
    let (given, due) = (Sha256::digest(given), Sha256::digest(due));
    let difference = given.iter().zip(due.iter()).fold(0, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(difference) == 0
}

fn reply(answer: Answer) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(Bytes::from(answer.body + "\n"))));
    *reply.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = answer.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Ok(id) = HeaderValue::from_str(&answer.request_id)
        && !id.is_empty()
    {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    if answer.status == 401 {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    reply
}

fn page_reply(page: Page, busy: Busy) -> Reply {
    match page {
        Page::Text { status, content_type, body } => {
            let mut reply = Response::new(Either::Left(Full::new(Bytes::from(body))));
            *reply.status_mut() =
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            reply
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            reply
        }
        Page::Events(events) => {
            let pulse = tokio::time::interval_at(Instant::now() + PULSE, PULSE);
            let body = EventBody { events, encoding: None, ended: false, pulse, _busy: busy };
            let mut reply = Response::new(Either::Right(body));
            let headers = reply.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            reply
        }
    }
}

/// How often something is sent when nothing happens, so that it is noticed when nobody listens any more.
const PULSE: Duration = Duration::from_secs(15);

/// Events as a body.
pub(crate) struct EventBody {
    events: Box<dyn Events>,
    /// The events that are being written, on a thread of their own.
    encoding: Option<JoinHandle<Result<String, String>>>,
    ended: bool,
    pulse: tokio::time::Interval,
    _busy: Busy,
}

impl EventBody {
    /// The text of the next events; `None` at the end.
    fn poll_text(&mut self, context: &mut Context<'_>) -> Poll<Option<String>> {
        while !self.ended {
            let Some(encoding) = &mut self.encoding else {
                match ready!(self.events.poll_next(context)) {
                    Some(encode) => self.encoding = Some(tokio::task::spawn_blocking(encode)),
                    None => break,
                }
                continue;
            };
            let written = ready!(Pin::new(encoding).poll(context));
            self.encoding = None;
            match written {
                // Changes that come to nothing are no event.
                Ok(Ok(text)) if text.is_empty() => {}
                Ok(Ok(text)) => return Poll::Ready(Some(text)),
                Ok(Err(last)) => {
                    self.ended = true;
                    return Poll::Ready(Some(last));
                }
                Err(_) => break,
            }
        }
        self.ended = true;
        Poll::Ready(None)
    }
}

impl Body for EventBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = |text: String| Some(Ok(Frame::data(Bytes::from(text))));
        if let Poll::Ready(next) = self.poll_text(context) {
            self.pulse.reset();
            return Poll::Ready(next.and_then(frame));
        }
        self.pulse.poll_tick(context).map(|_| frame(":\n\n".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn secrets_are_compared() {
        assert!(same("a secret", "a secret"));
        for other in ["", "a secre", "a secret ", "b secret"] {
            assert!(!same(other, "a secret"), "{other}");
        }
    }
}
