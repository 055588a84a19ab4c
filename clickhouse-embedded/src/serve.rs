//! The process: start, accept, and an end that leaves nothing undone.
//!
//! The end: no new connections and no new statements; running ones have a grace period, then they are stopped; sessions
//! and the engine are closed; the process exits. Leaving the engine open would crash it (a refreshable view's thread
//! outlives what it uses).

use std::convert::Infallible;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

use crate::http::Server;
use crate::http::flush::{Flushes, Watched};
use crate::limits::{IDLE_TIMEOUT, REQUEST_HEAD_BYTES_MAX, REQUEST_HEADERS_MAX};

/// How often idle sessions are looked at.
const SESSION_CHECK_PERIOD: Duration = Duration::from_secs(1);

/// After the grace period, how long stopped statements may take to notice.
const STOP_TIME: Duration = Duration::from_secs(10);

/// Accepts connections until `stop` is ready, then lets the running ones end.
///
/// Returns whether every statement has ended; only then may the engine be closed.
pub async fn serve(
    server: Arc<Server>,
    listener: TcpListener,
    connections_max: usize,
    grace: Duration,
    stop: impl Future<Output = ()>,
) -> bool {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(connections_max));
    let sessions = tokio::spawn(expire_sessions(server.clone()));
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = tokio::select! {
            () = &mut stop => break,
            place = places.clone().acquire_owned() => place,
        };
        // Never closed.
        let Ok(place) = place else { break };
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, or a connection that was gone before it was accepted.
                    tracing::warn!(%error, "a connection cannot be accepted");
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let connection = graceful.watch(connection(server.clone(), stream));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    sessions.abort();
    end(&server, graceful, grace).await
}

fn connection(
    server: Arc<Server>,
    stream: TcpStream,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    // Small responses are not to wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let flushes = Arc::new(Flushes::default());
    let stream = Watched::new(stream, flushes.clone());
    let service = service_fn(move |request| {
        let answer = server.clone().answer(request, flushes.clone());
        async move { Ok::<_, Infallible>(answer.await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIMEOUT)
        .max_headers(REQUEST_HEADERS_MAX)
        .max_buf_size(REQUEST_HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
}

async fn expire_sessions(server: Arc<Server>) {
    loop {
        sleep(SESSION_CHECK_PERIOD).await;
        let server = server.clone();
        let _ = tokio::task::spawn_blocking(move || server.sessions.expire()).await;
    }
}

async fn end(server: &Arc<Server>, graceful: GracefulShutdown, grace: Duration) -> bool {
    server.close();
    let running = server.registry.count();
    if running > 0 {
        tracing::info!(running, grace_s = grace.as_secs(), "waiting for running statements");
    }
    let deadline = Instant::now() + grace;
    let answered = timeout_at(deadline, graceful.shutdown()).await.is_ok();
    // Statements that write may run on without a connection.
    if !ended(server, deadline).await || !answered {
        tracing::warn!(running = server.registry.count(), "stopping statements that are still running");
        let stopping = server.clone();
        let _ = tokio::task::spawn_blocking(move || stopping.registry.stop_all()).await;
    }
    ended(server, Instant::now() + STOP_TIME).await
}

/// Waits for the last statement.
async fn ended(server: &Server, deadline: Instant) -> bool {
    while server.registry.count() > 0 {
        if Instant::now() >= deadline {
            return false;
        }
        sleep(Duration::from_millis(10)).await;
    }
    true
}

/// Why a port cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Other machines could reach it.
    #[error(
        "{0} is not a loopback address: other machines could reach the data. Add --allow-remote if they should, and \
         --password-file"
    )]
    NotLoopback(SocketAddr),
    /// Somebody else listens there.
    #[error("{0} is in use by another process. Choose another with --listen, or port 0 for a free one")]
    InUse(SocketAddr),
    /// Something else.
    #[error("cannot listen on {0}: {1}")]
    Other(SocketAddr, #[source] io::Error),
}

/// Takes the port.
pub async fn listen(address: SocketAddr, allow_remote: bool) -> Result<TcpListener, ListenError> {
    if !address.ip().is_loopback() && !allow_remote {
        return Err(ListenError::NotLoopback(address));
    }
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse(address),
        _ => ListenError::Other(address, error),
    })
}

/// SIGTERM and SIGINT, caught from their installation on.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Catches the signals. To be called in the runtime's context, before readiness is told: whoever starts this process
    /// may stop it at once.
    pub fn install() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for a signal or, if asked for, the end of standard input.
    pub async fn wait(mut self, with_parent: bool) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("SIGTERM: shutting down"),
            _ = self.interrupt.recv() => tracing::info!("SIGINT: shutting down"),
            () = parent_gone(with_parent) => tracing::info!("standard input has ended: shutting down with the parent"),
        }
    }
}

async fn parent_gone(is_watched: bool) {
    if !is_watched {
        return std::future::pending().await;
    }
    let (gone, is_gone) = oneshot::channel();
    // A thread of its own: a blocked read of standard input cannot be cancelled, and must not keep the runtime alive.
    let thread = std::thread::Builder::new().name("parent".to_owned()).spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut ignored = [0; 256];
        loop {
            match stdin.read(&mut ignored) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let _ = gone.send(());
    });
    match thread {
        Ok(_) => {
            let _ = is_gone.await;
        }
        Err(error) => {
            tracing::error!(%error, "the parent cannot be watched");
            std::future::pending::<()>().await;
        }
    }
}
