//! [`Server`]: the address that tables are posted to, and that tells how the engine does.
//!
//! ```text
//! listener ── Connections (bounded) ── serve_request ──> an inlet of a table, or a page of the engine
//! ```
//!
//! It runs on threads of its own, so that it answers whatever the embedding program does. Nobody can hold
//! it up: headers and bodies have to come in time, connections and the bytes of bodies are bounded, and of
//! connections that do nothing the one that has done so for longest makes room for a new one.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use millstream_connectors::Inlets;
use millstream_types::{Error, Result};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub use crate::serve_bodies::{Bodies, BodyLimits};
use crate::serve_connections::{Connections, Slot};
use crate::serve_request::{Gate, respond};
use crate::serve_writes::TimedWrites;

/// What the engine tells of itself.
pub trait Pages: Send + Sync {
    /// The page of a path; it may take time. `None` where there is none.
    fn page(&self, path: &str) -> Option<Page>;
}

/// An answer of the engine.
pub enum Page {
    /// A text.
    Text {
        /// The status.
        status: u16,
        /// Its `Content-Type`.
        content_type: &'static str,
        /// The text.
        body: String,
    },
    /// Server-sent events.
    Events(Box<dyn Events>),
}

/// Server-sent events as they come.
pub trait Events: Send {
    /// The next ones, when there are some; `None` at the end.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Encode>>;
}

/// Writes events as they go over the wire, on a thread where that may take long. An `Err` is the last one.
pub type Encode = Box<dyn FnOnce() -> std::result::Result<String, String> + Send>;

/// Where and how a [`Server`] listens.
#[derive(Clone)]
pub struct ServerOptions {
    /// The address; port 0 takes any that is free.
    pub address: SocketAddr,
    /// What requests have to show as a bearer token.
    pub token: Option<String>,
    /// How many connections there are at most.
    pub connections_max: usize,
    /// How long a header may take, and a connection be without a request.
    pub header_timeout: Duration,
    /// How large bodies may be, and how long they may take.
    pub bodies: BodyLimits,
}

impl ServerOptions {
    /// At an address, with the usual bounds.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            token: None,
            // Most systems give a process a thousand open files.
            connections_max: 800,
            header_timeout: Duration::from_secs(10),
            bodies: BodyLimits::default(),
        }
    }
}

impl std::fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is nobody's business.
        f.debug_struct("ServerOptions").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A server that listens. Dropping it ends it.
pub struct Server {
    address: SocketAddr,
    runtime: Option<Runtime>,
    opening: watch::Sender<bool>,
    stopping: watch::Sender<bool>,
    connections: Arc<Connections>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// How many threads it has; what takes long is not done on them.
const THREADS: usize = 2;

impl Server {
    /// Listens. Who connects waits until the server [opens](Self::open).
    ///
    /// # Errors
    /// When the address cannot be had, or is not of this machine alone and no token is given.
    pub fn start(
        options: ServerOptions,
        inlets: Arc<Inlets>,
        pages: Arc<dyn Pages>,
    ) -> Result<Self> {
        let wanted = options.address;
        if !is_loopback(wanted.ip()) && options.token.is_none() {
            return Err(Error::options(
                format!("{wanted} is open to other machines, and no token is set"),
                "set one: MILLSTREAM_TOKEN in the environment, --token-file, or SET 'http.token' = \
                 '${env:NAME}'; or listen at 127.0.0.1",
            ));
        }
        let failed = |error| Error::io("cannot listen at", wanted.to_string(), error);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("server")
            .enable_all()
            .build()
            .map_err(failed)?;
        let listener = std::net::TcpListener::bind(wanted).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener).map_err(failed)?
        };
        let (opening, opened) = watch::channel(false);
        let (stopping, stopped) = watch::channel(false);
        let connections = Connections::new(options.connections_max);
        let gate = Arc::new(Gate::new(options, inlets, pages));
        runtime.spawn(accept(listener, gate, Arc::clone(&connections), opened, stopped));
        Ok(Self { address, runtime: Some(runtime), opening, stopping, connections })
    }

    /// Lets connections in, once the tables are there that are posted to.
    pub fn open(&self) {
        // Whoever was to be told may be gone.
        let _ = self.opening.send(true);
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, and waits some time for the answers that are on their way.
    pub fn stop(&self, most: Duration) {
        // Whoever was to be told may be gone.
        let _ = self.stopping.send(true);
        self.connections.wait_until_quiet(most);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.is_loopback()
}

async fn accept(
    listener: TcpListener,
    gate: Arc<Gate>,
    connections: Arc<Connections>,
    mut opened: watch::Receiver<bool>,
    mut stopped: watch::Receiver<bool>,
) {
    tokio::select! {
        opened = opened.wait_for(|opened| *opened) => if opened.is_err() { return },
        _ = stopped.wait_for(|stopped| *stopped) => return,
    }
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Mostly too many open files: others have to close first.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        match Connections::enter(&connections) {
            Some(slot) => {
                tokio::spawn(serve(stream, slot, Arc::clone(&gate), stopped.clone()));
            }
            None => {
                tokio::spawn(turn_away(stream));
            }
        }
    }
}

/// A client that takes nothing of an answer for so long is given up.
const UNTAKEN: Duration = Duration::from_secs(20);

/// Tells a client that all connections are busy.
async fn turn_away(mut stream: TcpStream) {
    let answer = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
                  Content-Length: 0\r\n\r\n";
    // It may be gone already.
    let written = tokio::time::timeout(Duration::from_secs(1), stream.write_all(answer.as_bytes()));
    let _ = written.await;
}

async fn serve(stream: TcpStream, slot: Slot, gate: Arc<Gate>, mut stopped: watch::Receiver<bool>) {
    // Small answers are not held back; a socket that refuses that works all the same.
    let _ = stream.set_nodelay(true);
    let connection = slot.connection();
    let service = service_fn(|request| {
        let (gate, connection) = (Arc::clone(&gate), Arc::clone(&connection));
        async move { Ok::<_, std::convert::Infallible>(respond(request, &gate, &connection).await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(gate.options.header_timeout)
        .max_buf_size(64 << 10);
    let served = builder.serve_connection(TokioIo::new(TimedWrites::new(stream, UNTAKEN)), service);
    let mut served = std::pin::pin!(served);
    let mut ending = false;
    loop {
        tokio::select! {
            outcome = &mut served => {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "a connection ended");
                }
                return;
            }
            // It has done nothing for longest, and another one wants in.
            () = connection.evicted() => return,
            _ = stopped.wait_for(|stopped| *stopped), if !ending => {
                served.as_mut().graceful_shutdown();
                ending = true;
            }
        }
    }
}
