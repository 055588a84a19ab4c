//! HTTP: the only folder that names the web framework.
//!
//! | route | |
//! |---|---|
//! | `POST /v1/beacon`, `POST /v1/reports?site=KEY` | [`beacon`] |
//! | `GET /slowtax.js`, `/slowtax-HASH.wasm`, `/slowtax-HASH.js`, `/`, `/report/...` | [`assets`] |
//! | `GET /health/live`, `/health/ready`, `/metrics` | [`health`] |
//! | `GET /api/v1/...` | [`api`] |
//!
//! Whatever is refused is answered with its status and one line of JSON, `{"error":"<reason>"}`, reasons being those of [`Reject`].

pub mod api;
mod assets;
mod beacon;
mod health;
mod refused;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use tokio::task::JoinHandle;

use crate::accept::Accept;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::reject::Reject;
use crate::spool::Spool;
use crate::store::Store;

pub use refused::Refused;

/// How long requests in flight may take once the collector stops.
const STOP_TIME_S: u64 = 10;
/// How long a request's head may take to arrive.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a connection may be idle.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);

/// What handlers share; they take it as `web::Data<Shared>`.
pub struct Shared {
    /// The configuration in force.
    pub config: Config,
    /// ClickHouse, for questions.
    pub store: Store,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What is missing.
    pub readiness: Readiness,
    /// The queue before ClickHouse.
    pub spool: Arc<Spool>,
    /// What happens to beacons.
    pub accept: Accept,
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
    /// Takes the configured address.
    pub fn bind(shared: Arc<Shared>) -> Result<Self, BindError> {
        let address = shared.config.http.listen;
        let bound = TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
        match bound {
            Ok((addr, listener)) => Ok(Self { listener, addr, shared }),
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
        let shared = web::Data::from(self.shared);
        let server = HttpServer::new(move || App::new().app_data(shared.clone()).configure(routes))
            .workers(workers)
            .client_request_timeout(HEAD_TIME_MAX)
            .keep_alive(IDLE_TIME_MAX)
            .shutdown_timeout(STOP_TIME_S)
            .disable_signals()
            .listen(self.listener)?
            .run();
        Ok((Stop(server.handle()), tokio::spawn(server)))
    }
}

fn routes(service: &mut web::ServiceConfig) {
    service
        .configure(beacon::configure)
        .configure(health::configure)
        .service(
            web::scope("/api/v1")
                .configure(api::configure)
                .default_service(web::to(not_found))
                .wrap(from_fn(when_open)),
        )
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

/// Lets the API answer only while the report is open.
async fn when_open(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_open = request.app_data::<web::Data<Shared>>().is_some_and(|shared| shared.config.http.report_open);
    if is_open {
        return next.call(request).await;
    }
    if let Some(shared) = request.app_data::<web::Data<Shared>>() {
        shared.metrics.request_refused(Reject::ReportClosed);
    }
    Err(Refused(Reject::ReportClosed).into())
}

/// A header's value, if it is there and text.
fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
