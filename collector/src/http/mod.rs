//! HTTP: the only folder that names the web framework.
//!
//! | route | |
//! |---|---|
//! | `POST /v1/beacon`, `POST /v1/reports?site=KEY` | [`beacon`] |
//! | `GET /slowtax.js`, `/slowtax-HASH.wasm`, `/slowtax-HASH.js`, `/`, `/report/...` | [`assets`] |
//! | `GET /health/live`, `/health/ready`, `/metrics` | [`health`] |
//! | `GET /api/v1/...`, `POST /api/v1/incidents/{id}`, `/api/v1/silences`, `/api/v1/silences/{id}/end` | [`api`] |
//! | `GET /api/v1/me`, `GET` and `POST /login`, `POST /logout` | [`access`] |
//!
//! Whatever is refused is answered with its status and one line of JSON, `{"error":"<reason>"}`, reasons being those of [`Reject`].
//!
//! What a connection may do is in [`connection`], how many there may be in [`open_files`]. HTTP/1.1 alone is spoken; other protocols are a proxy's.

pub mod access;
pub mod api;
mod assets;
mod beacon;
mod connection;
mod health;
mod open_files;
mod refused;
mod slot;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive};
use actix_service::{IntoServiceFactory, Service, ServiceFactoryExt, apply_fn_factory, map_config};
use actix_web::dev::{AppConfig, ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpRequest, HttpResponse, web};
use tokio::task::JoinHandle;

use crate::accept::Accept;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::reject::Reject;
use crate::spool::{Gatherer, Spool};
use crate::store::Store;

use access::Access;
pub use beacon::unpack_gzip;
use connection::{Connection, Requests};
pub use refused::Refused;
use slot::{Slot, turn_away};

/// How long requests in flight may take once the collector stops.
const STOP_TIME_S: u64 = 10;
/// How long a connection is read from after its last answer, so that who is still sending a body gets to read the answer.
const LINGER_TIME_MAX: Duration = Duration::from_secs(1);

/// What handlers share; they take it as `web::Data<Shared>`.
pub struct Shared {
    /// The configuration in force.
    pub config: Config,
    /// ClickHouse, for questions.
    pub store: Store,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What is missing.
    pub readiness: Arc<Readiness>,
    /// The queue before ClickHouse.
    pub spool: Arc<Spool>,
    /// What happens to beacons.
    pub accept: Accept,
    /// Who may look.
    pub access: Access,
}

/// Why there is no port.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("{0} is in use by another process (set http.listen; port 0 takes a free one)")]
    InUse(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {address}: {error}")]
    Failed {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

/// The web server, with its port and not serving yet.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    connections_max: u64,
    shared: Arc<Shared>,
}

/// Stops the server.
pub struct Stop(ServerHandle);

impl Stop {
    /// Takes no new connections and waits for the requests in flight.
    pub async fn stop(self) {
        self.0.stop(true).await;
    }
}

impl Server {
    /// Takes the configured address, and as many open files as there may be.
    pub fn bind(shared: Arc<Shared>) -> Result<Self, BindError> {
        let address = shared.config.http.listen;
        let bound = TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
        match bound {
            Ok((addr, listener)) => {
                let connections_max = open_files::connections_max(shared.config.http.connections_max);
                Ok(Self { listener, addr, connections_max, shared })
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(BindError::InUse(address)),
            Err(error) => Err(BindError::Failed { address, error }),
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves; the task ends when it is stopped, or by itself when it cannot go on.
    pub fn start(self) -> io::Result<(Stop, JoinHandle<io::Result<()>>)> {
        let workers = match self.shared.config.http.workers {
            0 => available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let connections_max = self.connections_max;
        let metrics = self.shared.metrics.clone();
        let shared = web::Data::from(self.shared);
        let builder = actix_server::Server::build()
            .workers(workers)
            // For each worker; what counts is the limit of all together.
            .max_concurrent_connections(usize::try_from(connections_max).unwrap_or(usize::MAX).saturating_add(1))
            .shutdown_timeout(STOP_TIME_S)
            .disable_signals();
        let stopping = builder.graceful_shutdown_signal();
        let server = builder
            .listen("http", self.listener, move || {
                let gatherer = web::Data::new(Gatherer::new(shared.spool.clone()));
                let app = App::new()
                    .app_data(shared.clone())
                    .app_data(gatherer)
                    .configure(routes)
                    .wrap_fn(followed)
                    .into_factory();
                let app = app.map_err(|error| error.error_response());
                let stopping = stopping.clone();
                let http = HttpService::build()
                    .client_request_timeout(Duration::ZERO)
                    .client_disconnect_timeout(LINGER_TIME_MAX)
                    .keep_alive(KeepAlive::Os)
                    .graceful_shutdown_signal(move || {
                        let stopping = stopping.clone();
                        async move { stopping.notified().await }
                    })
                    .on_connect_ext(|connection: &Connection<TcpStream>, data| {
                        data.insert(connection.requests());
                    })
                    .h1(map_config(app, |()| AppConfig::default()));
                let metrics = metrics.clone();
                apply_fn_factory(http, move |stream: TcpStream, http| {
                    let running = match Slot::take(&metrics, connections_max) {
                        Some(slot) => {
                            let peer = stream.peer_addr().ok();
                            Some((slot, http.call((Connection::new(stream, metrics.clone()), peer))))
                        }
                        None => turn_away(stream),
                    };
                    async move {
                        match running {
                            Some((slot, running)) => slot.hold(running).await,
                            None => Ok(()),
                        }
                    }
                })
            })?
            .run();
        Ok((Stop(server.handle()), tokio::spawn(server)))
    }
}

/// Tells a request's connection when its handler begins and ends.
fn followed<B, S>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, actix_web::Error>> + use<B, S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    let requests = request.conn_data::<Requests>().cloned();
    let headers = request.headers();
    let has_body = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    if let Some(requests) = &requests {
        requests.begin();
    }
    let response = service.call(request);
    async move {
        let response = response.await;
        if let Some(requests) = requests {
            requests.end(has_body);
        }
        response
    }
}

fn routes(service: &mut web::ServiceConfig) {
    service
        .configure(beacon::configure)
        .configure(health::configure)
        .service(
            web::scope("/api/v1")
                .configure(api::configure)
                .configure(access::configure_api)
                .default_service(web::to(not_found))
                .wrap(from_fn(access::viewers_only)),
        )
        .configure(access::configure)
        .configure(assets::configure)
        .default_service(web::to(not_found));
}

/// Counts and answers a refusal that is no beacon's.
fn refuse(shared: &Shared, reject: Reject) -> Refused {
    shared.metrics.request_refused(reject);
    Refused(reject)
}

async fn not_found(shared: web::Data<Shared>) -> Result<HttpResponse, Refused> {
    Err(refuse(&shared, Reject::NotFound))
}

async fn method_not_allowed(shared: web::Data<Shared>) -> Result<HttpResponse, Refused> {
    Err(refuse(&shared, Reject::MethodNotAllowed))
}

/// A header's value, if it is there and text.
fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
