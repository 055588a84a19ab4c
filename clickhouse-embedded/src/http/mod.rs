//! ClickHouse's HTTP interface.

pub mod body;
pub mod encoding;
pub mod external;
pub mod flush;
pub mod job;
pub mod multipart;
pub mod output;
pub mod read_limits;
pub mod request;
pub mod response;
pub mod response_body;
pub mod running;
pub mod session;
pub mod settings;

mod guard;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::{Method, Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use crate::data_dir::random_uuid;
use crate::engine::Engine;
use crate::exception::{ErrorCode, Exception};
use crate::http::body::{BodyReader, reader_of};
use crate::http::flush::Flushes;
use crate::http::job::Job;
use crate::http::output::{OutputOptions, Reply, hold_bytes};
use crate::http::read_limits::ReadLimits;
use crate::http::request::{Access, QueryRequest};
use crate::http::response::{Head, failed, plain, refused};
use crate::http::response_body::ResponseBody;
use crate::http::running::Registry;
use crate::http::session::Sessions;
use crate::limits::{ADMISSION_TIMEOUT, STATEMENTS_WAITING_MAX};

/// What all requests share.
pub struct Server {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Named sessions.
    pub sessions: Sessions,
    /// Running statements.
    pub registry: Arc<Registry>,
    /// Who may come in.
    pub access: Access,
    /// Whether names other than this machine's may be used to reach it.
    pub allow_remote: bool,
    /// What a statement may cost that only reads.
    pub read_limits: ReadLimits,
    temporary: PathBuf,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Server {
    /// A server over a running engine. `statements_max` run at once.
    pub fn new(
        engine: Arc<Engine>,
        access: Access,
        allow_remote: bool,
        read_limits: ReadLimits,
        temporary: PathBuf,
        statements_max: usize,
    ) -> Self {
        Self {
            registry: Arc::new(Registry::new(engine.clone())),
            engine,
            sessions: Sessions::default(),
            access,
            allow_remote,
            read_limits,
            temporary,
            turns: Arc::new(Semaphore::new(statements_max)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Answers a request. `flushes` are those of its connection.
    pub async fn answer(self: Arc<Self>, request: Request<Incoming>, flushes: Arc<Flushes>) -> Response<ResponseBody> {
        let started = Instant::now();
        let method = request.method().clone();
        if let Err(reason) = guard::check(request.headers(), self.allow_remote) {
            return plain(403, reason);
        }
        let mut response = match (&method, request.uri().path()) {
            (&Method::OPTIONS, _) => plain(204, ""),
            (&Method::GET | &Method::HEAD, "/ping" | "/replicas_status") => plain(200, "Ok.\n"),
            (&Method::GET | &Method::HEAD, "/") if asks_nothing(&request) => plain(200, "Ok.\n"),
            (&Method::GET | &Method::HEAD | &Method::POST | &Method::PUT, "/" | "/query") => {
                self.query(request, flushes, started).await
            }
            (_, "/" | "/query" | "/ping" | "/replicas_status") => plain(405, "Use GET or POST.\n"),
            (_, path) => plain(404, &format!("There is no {path} here. Statements go to /, health checks to /ping.\n")),
        };
        response::common_headers(response.headers_mut());
        response
    }

    async fn query(
        self: Arc<Self>,
        request: Request<Incoming>,
        flushes: Arc<Flushes>,
        started: Instant,
    ) -> Response<ResponseBody> {
        let (parts, body) = request.into_parts();
        // The body is read from now on, also if the request is refused: most clients send all before they listen.
        let body = reader_of(body);
        let version = self.engine.version();
        let announced = parts.headers.contains_key(CONTENT_LENGTH) || parts.headers.contains_key(TRANSFER_ENCODING);
        if parts.method == Method::POST && !announced {
            // Poco's servers are strict here, and clients know it.
            let exception = Exception::new(
                ErrorCode::HTTP_LENGTH_REQUIRED,
                "The Transfer-Encoding is not chunked and there is no Content-Length header for POST request",
            );
            return refused(&exception, version);
        }
        let read = QueryRequest::read(&parts.method, &parts.uri, &parts.headers, &self.access, random_uuid);
        match read {
            Ok(request) => match self.clone().run(request, body, flushes, started).await {
                Ok(response) => response,
                Err(exception) => refused(&exception, version),
            },
            Err(exception) => refused(&exception, version),
        }
    }

    async fn run(
        self: Arc<Self>,
        request: QueryRequest,
        body: BodyReader,
        flushes: Arc<Flushes>,
        started: Instant,
    ) -> Result<Response<ResponseBody>, Exception> {
        let entry = self.registry.enter(&request.query_id)?;
        let permit = self.turn().await?;
        let head = Head::of(&request);
        let output = OutputOptions {
            encoding: request.response_encoding,
            level: request.response_level,
            frames: request.compressed_frames,
            wait_for_end: request.wait_for_end,
            hold_bytes: hold_bytes(request.buffer_bytes),
            temporary: self.temporary.clone(),
            exception_tag: head.exception_tag.clone(),
            version: self.engine.version().to_owned(),
        };
        let guard = entry.guard();
        let (reply, answered) = oneshot::channel();
        let job = Job { server: self.clone(), request, body, entry, permit, output, reply };
        tokio::task::spawn_blocking(move || job.run());
        let reply = answered.await.map_err(|_| {
            Exception::new(ErrorCode::POCO_EXCEPTION, "The statement ended without an answer; see the log")
        })?;
        Ok(match reply {
            Reply::Done { body, stats, format } => {
                guard.release();
                head.response(&self.engine, &format, stats, started.elapsed(), ResponseBody::of(body, flushes))
            }
            Reply::Failed { exception, body } => {
                guard.release();
                failed(&exception, &head, started.elapsed(), ResponseBody::whole(body))
            }
            Reply::Streaming { pieces, stats, format } => {
                let body = ResponseBody::pieces(pieces, flushes, Some(guard));
                head.response(&self.engine, &format, stats, started.elapsed(), body)
            }
        })
    }

    /// Waits for a turn among the running statements.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Exception> {
        if let Ok(permit) = self.turns.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let refuse = |what: &str| {
            Exception::new(ErrorCode::TOO_MANY_SIMULTANEOUS_QUERIES, format!("Too many simultaneous queries: {what}"))
        };
        let _waiting = Waiting::among(&self.waiting)
            .ok_or_else(|| refuse(&format!("{STATEMENTS_WAITING_MAX} are waiting already")))?;
        match timeout(ADMISSION_TIMEOUT, self.turns.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_closed)) => Err(refuse("the server is shutting down")),
            Err(_elapsed) => Err(refuse(&format!("none ended within {} s", ADMISSION_TIMEOUT.as_secs()))),
        }
    }

    /// Lets no further statement start.
    pub fn close(&self) {
        self.turns.close();
    }
}

fn asks_nothing(request: &Request<Incoming>) -> bool {
    let has_query = request
        .uri()
        .query()
        .is_some_and(|query| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "query"));
    !has_query && request.body().is_end_stream()
}

/// A place among those who wait.
struct Waiting<'count>(&'count AtomicUsize);

impl<'count> Waiting<'count> {
    fn among(count: &'count AtomicUsize) -> Option<Self> {
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                (waiting < STATEMENTS_WAITING_MAX).then_some(waiting + 1)
            })
            .ok()
            .map(|_| Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
