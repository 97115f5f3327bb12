//! The engine's own server: when it listens, and the pages that tell how the engine does.

use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use millstream_connectors::Inlets;
use millstream_connectors::http_inlet::{Answer, Request};
use millstream_connectors::secrets::Secrets;
use millstream_plan::{NodeKind, Plan};
use millstream_runtime::serve::{Bodies, Page, Pages, Server, ServerOptions};
use millstream_sql::{Catalog, SqlError};

use crate::changes;
use crate::engine::{Engine, WeakEngine};
use crate::error::Error;
use crate::prometheus;
use crate::settings;

/// Where the server listens when nothing is said.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:7171";

/// How long answers that are on their way are waited for at the end.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// The server of an engine, and what it was told of it.
#[derive(Debug, Default)]
pub(crate) struct Http {
    pub inlets: Arc<Inlets>,
    /// What the program says.
    pub listen: Option<String>,
    pub token: Option<Token>,
    /// Whether the program has a server of its own.
    pub off: bool,
    /// What comes by [`Engine::post`].
    bodies: Arc<Bodies>,
    server: Mutex<Option<Server>>,
}

impl Http {
    pub fn new(listen: Option<String>, token: Option<Token>, off: bool) -> Self {
        Self { listen, token, off, ..Self::default() }
    }
}

/// What requests have to show.
pub(crate) struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Engine {
    /// Starts the server that tables of `http-server` are posted to, if it does not listen yet, and tells
    /// its address. It starts by itself with the first job that reads such a table.
    ///
    /// # Errors
    /// When the address cannot be had, or is open to other machines and no token is set.
    pub fn listen(&self) -> Result<SocketAddr, Error> {
        let address = self.listen_as(&self.catalog())?;
        self.open_server();
        Ok(address)
    }

    /// Where the server listens, once it does.
    pub fn address(&self) -> Option<SocketAddr> {
        let server = self.http().server.lock().unwrap_or_else(PoisonError::into_inner);
        server.as_ref().map(Server::address)
    }

    /// Brings rows to the table of a path as a POST to it does, for programs that have a server of their own.
    /// The answer is what the table's own server would give: status, body, and after how many seconds
    /// it may be tried again. Bodies have the same bounds, and large ones are decoded on a blocking thread of
    /// the caller's tokio runtime.
    pub async fn post(&self, path: &str, request: Request) -> Answer {
        let Some(inlet) = self.http().inlets.find(path) else {
            return Answer::error(404, &format!("no table is posted to {path}"));
        };
        self.http().bodies.post(request, &inlet).await
    }

    /// Stops listening, when the answers that are on their way have been given.
    pub fn stop_listening(&self) {
        let server = self.http().server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            server.stop(LAST_ANSWERS);
        }
    }

    fn listen_as(&self, catalog: &Catalog) -> Result<SocketAddr, Error> {
        let http = self.http();
        let mut server = http.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = server.as_ref() {
            return Ok(server.address());
        }
        let set = |key: &str| catalog.settings.get(key).map(String::as_str);
        let address = http.listen.as_deref().or(set(settings::LISTEN)).unwrap_or(DEFAULT_ADDRESS);
        let mut options = ServerOptions::new(socket_address(address)?);
        options.token = match (&http.token, set(settings::TOKEN)) {
            (Some(token), _) => Some(token.0.clone()),
            (None, Some(text)) => Some(Secrets::default().fill(text)?),
            (None, None) => None,
        };
        let (engine, rates, streams) = (self.downgrade(), Mutex::default(), Arc::default());
        let pages = Arc::new(EnginePages { engine, rates, streams });
        let started = Server::start(options, Arc::clone(&http.inlets), pages)?;
        let address = started.address();
        *server = Some(started);
        Ok(address)
    }

    /// Lets in who connects to the server, if there is one.
    pub(crate) fn open_server(&self) {
        let server = self.http().server.lock().unwrap_or_else(PoisonError::into_inner);
        server.iter().for_each(Server::open);
    }

    /// Starts the server when a plan needs it. It opens when the job is there, so that nobody is told that
    /// there is no such table.
    pub(crate) fn listen_for(&self, plan: &Plan, catalog: &Catalog) -> Result<(), Error> {
        let posted = plan.nodes.iter().any(|node| match &node.kind {
            NodeKind::Source { table, .. } => table.connector() == Some("http-server"),
            _ => false,
        });
        if posted && !self.http().off {
            self.listen_as(catalog)?;
        }
        Ok(())
    }
}

/// An address as it is written: `127.0.0.1:7171`, `localhost:7171` or `:7171`.
pub(crate) fn socket_address(text: &str) -> Result<SocketAddr, SqlError> {
    let whole = if text.starts_with(':') { format!("127.0.0.1{text}") } else { text.to_owned() };
    let found = whole.to_socket_addrs().ok().and_then(|mut found| found.next());
    found.ok_or_else(|| {
        SqlError::new(format!("'{text}' is no address to listen at"))
            .hint(format!("write address and port, as in {DEFAULT_ADDRESS}"))
            .about(text)
    })
}

/// What the server shows of an engine.
struct EnginePages {
    engine: WeakEngine,
    /// For each job what it had counted when it was last asked, and when that was.
    rates: Mutex<HashMap<u64, (Instant, u64)>>,
    /// How many streams of changes there are.
    streams: Arc<AtomicUsize>,
}

impl Pages for EnginePages {
    fn page(&self, path: &str) -> Option<Page> {
        let engine = self.engine.upgrade()?;
        match path {
            "/health" => {
                let running = engine.queries().iter().filter(|job| job.is_running()).count();
                Some(Page::Text {
                    status: 200,
                    content_type: "application/json",
                    body: format!("{{\"status\":\"ok\",\"jobs\":{running}}}\n"),
                })
            }
            "/metrics" => {
                let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
                Some(Page::Text {
                    status: 200,
                    content_type: "text/plain; version=0.0.4",
                    body: prometheus::text(
                        &engine.queries(),
                        &mut rates,
                        &engine.http().inlets.answered(),
                    ),
                })
            }
            _ => changes::page(&engine, path, &self.streams),
        }
    }
}
