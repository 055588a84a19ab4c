//! `slowtax serve`: everything put together, started in order and stopped in order.
//!
//! Start: lock the data directory, read what enriching needs, take the port, check the embedded ClickHouse; any of these failing ends the
//! start with a message. Then, side by side: HTTP, the embedded ClickHouse, the schema, the writer, the watch for alarms. ClickHouse may come at any time later.
//!
//! The GeoIP database is read anew at SIGHUP, and when its file has changed and stayed so for one look.
//!
//! Stop: no new requests, the ones in flight are answered, the open segment is sealed, the spool is uploaded until a deadline, the embedded
//! ClickHouse is stopped.

mod alarms;
mod count;
mod geo;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use crate::accept::Accept;
use crate::alarms::dispatch::{Dispatch, DispatchError};
use crate::alarms::holidays::{Holidays, HolidaysError};
use crate::alarms::watch::Setup;
use crate::config::{ClickHouseMode, Config};
use crate::data_dir::{DataDir, DataDirError};
use crate::enrich::Tools;
use crate::enrich::geo::GeoError;
use crate::enrich::user_agent::{UserAgentError, UserAgents};
use crate::http::access::{Access, KeyError};
use crate::http::{BindError, Server, Shared};
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::rate::RateLimits;
use crate::readiness::Readiness;
use crate::site::Sites;
use crate::spool::{Mode, Opened, SealedSegments, Spool, SpoolError};
use crate::store::Store;
use crate::store::experiments::apply_experiments;
use crate::store::migrate::{MigrateError, migrate};
use crate::store::retention::apply_retention;
use crate::supervise::{self, Engine, EngineError};
use crate::writer::Writer;
use alarms::{around, watch_alarms};
use count::{Count, Moment, keep_count};
pub use geo::load_geo;
use geo::{GeoFile, geo_in_use, keep_geo};

/// How long the spool may be uploaded after the last request.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(10);
/// How long the watch may take to let go of its lease.
const WATCH_TIME_MAX: Duration = Duration::from_secs(2);
/// Pauses between looks at ClickHouse: until it answers, and from then on.
const LOOK_PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

/// Why the collector does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// SIGHUP would end the process.
    #[error("SIGHUP cannot be received: {0}")]
    Signal(std::io::Error),
    /// The GeoIP database.
    #[error(transparent)]
    Geo(#[from] GeoError),
    /// The rules for user agents.
    #[error(transparent)]
    UserAgent(#[from] UserAgentError),
    /// What sessions are sealed with.
    #[error(transparent)]
    SessionKey(#[from] KeyError),
    /// The holidays file.
    #[error(transparent)]
    Holidays(#[from] HolidaysError),
    /// The port.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The embedded ClickHouse.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The schema.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The spool's directory.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// What delivers alarms.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    /// The spool's disk cannot be relied on.
    #[error("{0}; what was acknowledged before is kept, and nothing more is taken")]
    SpoolFailed(String),
    /// Nothing is stored any more: the writer has panicked.
    #[error(
        "the writer has ended, by a fault that stands above; what was acknowledged is kept, and the next start stores it"
    )]
    WriterEnded,
    /// The web server ended by itself.
    #[error("the web server ended: {0}")]
    Http(std::io::Error),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Rows that were acknowledged and could not be stored before the deadline: they wait for the next start, or are lost where the spool is in
    /// memory.
    pub rows_left: usize,
}

/// A collector that has its port and everything else that it needs, and does not serve yet.
pub struct Collector {
    server: Server,
    shared: Arc<Shared>,
    engine: Option<Engine>,
    sealed: SealedSegments,
    geo: Option<GeoFile>,
    hangup: Signal,
    ledger: Arc<Ledger>,
    watch: Setup,
    dispatch: Dispatch,
    /// Held until the end.
    data_dir: DataDir,
}

impl Collector {
    /// Takes everything that a run needs; see the module. Must be called within a tokio runtime.
    pub fn build(config: Config) -> Result<Self, ServeError> {
        let hangup = signal(SignalKind::hangup()).map_err(ServeError::Signal)?;
        let data_dir = DataDir::open(&config.data_dir, rand::random())?;
        let metrics = Arc::new(Metrics::default());
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        metrics.started_s.set(now.as_secs());
        let geo = GeoFile::open(&config.geo.database)?;
        let tools = Tools {
            geo: geo.as_ref().map(|file| file.database.clone()),
            user_agents: UserAgents::new()?,
            metrics: metrics.clone(),
        };
        warn_about_gaps(&config, &tools);
        let watch = Setup::new(&config, Holidays::load(&config.alarms.holidays)?);
        let engine = match config.clickhouse.mode {
            ClickHouseMode::Embedded => Some(Engine::new(&config, metrics.clone())?),
            ClickHouseMode::Server => None,
        };
        let Opened { spool, sealed, snapshots } =
            Spool::open(&data_dir.spool(), data_dir.run_name(), &config.spool, &config.writer)?;
        let sites = Sites::new(&config);
        let rates =
            RateLimits::new(sites.count(), config.http.site_rate_max, config.http.network_rate_max, Instant::now());
        let accept = Accept::new(sites, rates, tools, spool.clone(), &snapshots);
        let dispatch = Dispatch::open(&config.alarms, &data_dir.outbox(), metrics.clone())?;
        let store = Store::new(&config.clickhouse);
        let readiness = Arc::new(Readiness::new(SystemTime::now()));
        let access = Access::new(&config, data_dir.path(), Instant::now(), rand::random())?;
        let shared = Arc::new(Shared { config, store, metrics, readiness, spool, accept, access });
        let server = Server::bind(shared.clone())?;
        let ledger = Arc::new(Ledger::open(&data_dir.ledger()));
        Ok(Self { server, shared, engine, sealed, geo, hangup, ledger, watch, dispatch, data_dir })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Serves until `stop` is ready or something fails for good, and then stops in order.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<Ended, ServeError> {
        let Self { server, shared, engine, sealed, geo, hangup, ledger, watch: setup, dispatch, data_dir } = self;
        let count = Count { run: data_dir.run_name(), metrics: shared.metrics.clone(), ledger };
        count.tell(Moment::Began).await;
        let (http, mut serving) = server.start().map_err(ServeError::Http)?;
        let (stop_engine, engine_stops) = watch::channel(false);
        let (schema_ready, schema_is_ready) = watch::channel(false);
        // A server is whatever answers at its URL; the embedded one must be the one that was started.
        let (engine_ready, engine_is_ready) = watch::channel(engine.is_none());
        let mut engine = tokio::spawn(run_engine(engine, engine_stops, engine_ready));
        let mut schema = tokio::spawn(bring_up(shared.clone(), engine_is_ready, schema_ready));
        let (stop_watch, watch_stops) = watch::channel(false);
        let around = around(&shared, data_dir.run_name(), &dispatch);
        let is_watching = shared.config.alarms.enabled;
        let watching =
            tokio::spawn(watch_alarms(is_watching.then_some(around), setup, schema_is_ready.clone(), watch_stops));
        // Told when the writer ends, however that comes.
        let (alive, writer_ends) = oneshot::channel::<()>();
        let writer = {
            let writing = write(shared.clone(), sealed, count.ledger.clone(), schema_is_ready);
            tokio::spawn(async move {
                let _alive = alive;
                writing.await;
            })
        };
        let geo = tokio::spawn(keep_geo(geo, hangup, shared.metrics.clone()));
        let counting = tokio::spawn(keep_count(count.clone()));
        let (stop_dispatch, dispatch_stops) = watch::channel(false);
        let dispatching = tokio::spawn(dispatch.run(dispatch_stops));
        let failure = tokio::select! {
            // Of several that happen at once the cause comes first.
            biased;
            () = stop => None,
            ended = &mut engine => flatten(ended).err().map(ServeError::from),
            ended = &mut schema => flatten(ended).err().map(ServeError::from),
            failure = shared.spool.failure() => Some(ServeError::SpoolFailed(failure)),
            ended = &mut serving => Some(ServeError::Http(flatten(ended).err().unwrap_or_else(|| std::io::Error::other("stopped")))),
            _ = writer_ends => Some(ServeError::WriterEnded),
        };
        shared.readiness.stopping(SystemTime::now());
        geo.abort();
        counting.abort();
        let _ = stop_watch.send(true);
        // A message that is on its way is awaited meanwhile.
        stop_dispatch.send_replace(true);
        http.stop().await;
        let spool = shared.spool.clone();
        // A panic in there is told by the runtime.
        let _ = spawn_blocking(move || spool.close()).await;
        let ended = upload(&shared, writer).await;
        // A panic in there is told by the runtime.
        let _ = dispatching.await;
        let abort = watching.abort_handle();
        if timeout(WATCH_TIME_MAX, watching).await.is_err() {
            abort.abort();
        }
        count.tell(Moment::Ended).await;
        schema.abort();
        // Nobody listens when it has ended already.
        let _ = stop_engine.send(true);
        if !engine.is_finished() {
            let _ = engine.await;
        }
        drop(data_dir);
        failure.map_or(Ok(ended), Err)
    }
}

/// A task's own result; a panic in it goes on here.
fn flatten<T, E>(joined: Result<Result<T, E>, tokio::task::JoinError>) -> Result<T, E> {
    match joined {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("a task was cancelled that nobody cancels: {error}"),
        },
    }
}

fn warn_about_gaps(config: &Config, tools: &Tools) {
    match &tools.geo {
        None => tracing::warn!("geo.database is not set: every country will be ZZ"),
        Some(geo) => geo_in_use(&config.geo.database, geo, &tools.metrics),
    }
    if config.http.report_open && !config.http.listen.ip().is_loopback() {
        tracing::warn!(listen = %config.http.listen, "the report is open to everybody who can reach this address");
    }
    if config.sites.is_empty() {
        tracing::warn!("no site is configured: every beacon will be refused");
    }
}

async fn run_engine(
    engine: Option<Engine>,
    mut stop: watch::Receiver<bool>,
    ready: watch::Sender<bool>,
) -> Result<(), EngineError> {
    if let Some(engine) = engine {
        return engine.run(stop, ready).await;
    }
    // A server is somebody else's: it is always taken to be there, and `ready` must not be dropped before the end.
    supervise::stopped(&mut stop).await;
    drop(ready);
    Ok(())
}

/// Brings the schema up to date as soon as ClickHouse answers, and from then on looks whether it still does. Ends only when the schema
/// cannot be used.
async fn bring_up(
    shared: Arc<Shared>,
    mut engine: watch::Receiver<bool>,
    ready: watch::Sender<bool>,
) -> Result<(), MigrateError> {
    let mut has_schema = false;
    loop {
        if !*engine.borrow() {
            shared.readiness.clickhouse_answers(false, SystemTime::now());
            if engine.wait_for(|is_up| *is_up).await.is_err() {
                // It is not coming back: the collector is ending.
                std::future::pending::<()>().await;
            }
        }
        look(&shared).await;
        if shared.readiness.is_reachable() && !has_schema {
            let done = async {
                let applied = migrate(&shared.store).await?;
                apply_retention(&shared.store, &shared.config.retention).await?;
                apply_experiments(&shared.store, &shared.config.sites).await?;
                Ok::<_, MigrateError>(applied)
            };
            match done.await {
                Ok(applied) => {
                    tracing::info!(applied, "the schema is up to date");
                    has_schema = true;
                    shared.readiness.schema_is_there();
                    let _ = ready.send(true);
                }
                Err(error) if error.is_passing() => {
                    tracing::warn!(%error, "the schema is not up to date yet; trying again");
                }
                Err(error) => return Err(error),
            }
        }
        let pause = sleep(if has_schema { LOOK_PAUSE.1 } else { LOOK_PAUSE.0 });
        tokio::select! {
            () = pause => {}
            // The sender lives as long as the engine's task; without it, looking on harms nothing.
            Ok(()) = engine.changed() => {}
        }
    }
}

/// Asks ClickHouse whether it is there; says so when that is news.
async fn look(shared: &Shared) {
    let answer = shared.store.ping().await;
    if shared.readiness.clickhouse_answers(answer.is_ok(), SystemTime::now()) {
        match answer {
            Ok(()) => tracing::info!("ClickHouse answers"),
            Err(error) => tracing::warn!(%error, "ClickHouse does not answer; rows wait in the spool"),
        }
    }
}

/// Writes from the moment that there are tables.
async fn write(shared: Arc<Shared>, sealed: SealedSegments, ledger: Arc<Ledger>, mut schema: watch::Receiver<bool>) {
    if schema.wait_for(|ready| *ready).await.is_err() {
        return;
    }
    // Connections of its own: those of the web server's threads end with them.
    let store = Store::new(&shared.config.clickhouse);
    let (spool, metrics, readiness) = (shared.spool.clone(), shared.metrics.clone(), shared.readiness.clone());
    Writer { store, spool, metrics, readiness, ledger }.run(sealed).await;
}

/// Lets the writer finish until the deadline, and says what it could not store.
async fn upload(shared: &Shared, writer: JoinHandle<()>) -> Ended {
    let abort = writer.abort_handle();
    if timeout(UPLOAD_TIME_MAX, writer).await.is_err() {
        abort.abort();
    }
    let rows_left = shared.spool.fill().rows;
    if rows_left == 0 {
        tracing::info!("every acknowledged row is stored");
    } else if shared.config.spool.mode == Mode::Memory {
        tracing::error!(
            rows_lost = rows_left,
            "acknowledged rows are lost: ClickHouse did not take them before the deadline"
        );
    } else {
        tracing::warn!(
            rows_left,
            "ClickHouse did not take all rows before the deadline: the next start stores the rest"
        );
    }
    Ended { rows_left }
}
