//! The embedded ClickHouse: started as a process of its own, started again when it dies, stopped when the collector stops.
//!
//! It ends with the collector however that ends: its standard input is a pipe whose other end only this process holds
//! (`--exit-with-parent`). It is in a process group of its own, so that Ctrl-C reaches the collector alone, which then stops it last.

use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::config::Config;
use crate::metrics::Metrics;

/// How long a predecessor that is still shutting down is waited for.
const PREDECESSOR_TIME_MAX: Duration = Duration::from_secs(20);
/// How long a start may take: a large database loads its tables.
const START_TIME_MAX: Duration = Duration::from_mins(2);
/// How long a stop may take before the process is killed.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);
/// Pauses between restarts: the first, and the longest.
const RESTART_PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// A process that ran this long is taken for sound: its end is the first failure again.
const SOUND_AFTER: Duration = Duration::from_mins(1);
/// Longest line of its output that is kept together.
const LINE_BYTES_MAX: u64 = 8 * 1024;

/// Why there is no embedded ClickHouse.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A file that it needs is missing.
    #[error("{what} is missing: there is no file {path} (set {key}, or run `cargo xtask build`)")]
    Missing {
        /// What it is.
        what: &'static str,
        /// Where it was looked for.
        path: PathBuf,
        /// The key that says where it is.
        key: &'static str,
    },
    /// Another process listens where it should.
    #[error("the port of the embedded ClickHouse, {0}, is in use by another process (set clickhouse.url)")]
    PortInUse(SocketAddr),
    /// Another process has its data.
    #[error("the data directory of the embedded ClickHouse, {0}, is locked by another process")]
    Locked(PathBuf),
    /// It cannot be started at all.
    #[error("{path} cannot be started: {error}")]
    NotStarted {
        /// The program.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It ended before it was ready.
    #[error("the embedded ClickHouse does not start ({status}): {last_words}")]
    NotReady {
        /// How it ended.
        status: String,
        /// The last line that it wrote.
        last_words: String,
    },
}

/// How to start it.
#[derive(Debug)]
pub struct Engine {
    binary: PathBuf,
    library: Option<PathBuf>,
    data: PathBuf,
    listen: SocketAddr,
    user: String,
    password_file: Option<PathBuf>,
    metrics: Arc<Metrics>,
}

impl Engine {
    /// Checks that its files are there, and writes the password where it reads it.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Result<Self, EngineError> {
        let (binary, library) = find_files(config)?;
        let data = config.data_dir.join("clickhouse");
        let password_file =
            write_password(config).map_err(|error| EngineError::NotStarted { path: binary.clone(), error })?;
        let listen = listen_address(&config.clickhouse.url);
        Ok(Self { binary, library, data, listen, user: config.clickhouse.user.clone(), password_file, metrics })
    }

    /// Keeps it running until `stop` says so, and then stops it. `ready` is true while it is up: only then is what listens at its address
    /// known to be it. Fails only when it does not start the first time.
    pub async fn run(self, mut stop: watch::Receiver<bool>, ready: watch::Sender<bool>) -> Result<(), EngineError> {
        let mut pause = RESTART_PAUSE.0;
        let mut was_ready = false;
        loop {
            let started = Instant::now();
            let prepared = tokio::select! {
                () = stopped(&mut stop) => return Ok(()),
                prepared = self.wait_for_predecessor() => prepared,
            };
            let end = match prepared {
                Ok(()) => self.run_once(&mut stop, &ready).await,
                Err(error) => Err(error),
            };
            was_ready |= ready.send_replace(false);
            match end {
                Ok(None) => return Ok(()),
                Ok(Some(status)) => tracing::error!(%status, "the embedded ClickHouse ended; starting it again"),
                Err(error) if !was_ready => return Err(error),
                Err(error) => tracing::error!(%error, "the embedded ClickHouse does not start again yet"),
            }
            self.metrics.engine_restarts.add(1);
            if started.elapsed() >= SOUND_AFTER {
                pause = RESTART_PAUSE.0;
            }
            tokio::select! {
                () = stopped(&mut stop) => return Ok(()),
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(RESTART_PAUSE.1);
        }
    }

    /// Waits until nobody holds the port or the data: one that the collector left behind when it was killed is about to end by itself.
    async fn wait_for_predecessor(&self) -> Result<(), EngineError> {
        let deadline = Instant::now() + PREDECESSOR_TIME_MAX;
        loop {
            let taken = if is_locked(&self.data.join("lock")) {
                EngineError::Locked(self.data.clone())
            } else if is_port_taken(self.listen) {
                EngineError::PortInUse(self.listen)
            } else {
                return Ok(());
            };
            if Instant::now() >= deadline {
                return Err(taken);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// One life of the process: how it ended by itself, or `None` when it was stopped.
    async fn run_once(
        &self,
        stop: &mut watch::Receiver<bool>,
        ready: &watch::Sender<bool>,
    ) -> Result<Option<ExitStatus>, EngineError> {
        let not_started = |error| EngineError::NotStarted { path: self.binary.clone(), error };
        let mut child = self.command().spawn().map_err(not_started)?;
        // Held for as long as the process should live.
        let _stdin = child.stdin.take();
        let words = tokio::spawn(relay(child.stderr.take()));
        let first_line = tokio::select! {
            line = first_line(child.stdout.take()) => Some(line),
            () = stopped(stop) => None,
        };
        match first_line {
            None => {
                end(&mut child).await;
                Ok(None)
            }
            Some(None) => {
                let status = end(&mut child).await;
                let last_words = timeout(Duration::from_secs(1), words).await.ok().and_then(Result::ok);
                Err(EngineError::NotReady { status, last_words: last_words.unwrap_or_default() })
            }
            Some(Some(line)) => {
                ready.send_replace(true);
                tracing::info!(pid = child.id(), "{line}");
                self.metrics.engine_pid.set(child.id().unwrap_or_default().into());
                let ended = tokio::select! {
                    status = child.wait() => Ok(Some(status.map_err(not_started)?)),
                    () = stopped(stop) => {
                        end(&mut child).await;
                        Ok(None)
                    }
                };
                self.metrics.engine_pid.set(0);
                ended
            }
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--path").arg(&self.data).arg("--listen").arg(self.listen.to_string()).arg("--exit-with-parent");
        command.arg("--user").arg(&self.user);
        if let Some(library) = &self.library {
            command.arg("--libchdb").arg(library);
        }
        if let Some(file) = &self.password_file {
            command.arg("--password-file").arg(file);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).process_group(0);
        command
    }
}

/// Ready once somebody said stop, or nobody is left who could.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The line by which the process says that it is ready; `None` when it ends or takes too long instead.
async fn first_line(output: Option<ChildStdout>) -> Option<String> {
    let mut output = BufReader::new(output?);
    timeout(START_TIME_MAX, read_line(&mut output)).await.ok()?.ok()?
}

/// The program, and the engine where one is configured (else the program looks for it); both are files.
pub fn find_files(config: &Config) -> Result<(PathBuf, Option<PathBuf>), EngineError> {
    let embedded = &config.clickhouse.embedded;
    let beside = || std::env::current_exe().ok().and_then(|path| Some(path.parent()?.join("clickhouse-embedded")));
    let is_set = |path: &Path| !path.as_os_str().is_empty();
    let binary = if is_set(&embedded.binary) { embedded.binary.clone() } else { beside().unwrap_or_default() };
    if !binary.is_file() {
        let (what, key) = ("the embedded ClickHouse", "clickhouse.embedded.binary");
        return Err(EngineError::Missing { what, path: binary, key });
    }
    let library = is_set(&embedded.library).then(|| embedded.library.clone());
    if let Some(path) = library.clone().filter(|path| !path.is_file()) {
        let (what, key) = ("ClickHouse's engine, libchdb", "clickhouse.embedded.library");
        return Err(EngineError::Missing { what, path, key });
    }
    Ok((binary, library))
}

/// Asks the process to end, and kills it if it does not. How it ended.
async fn end(child: &mut Child) -> String {
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        // It may have ended meanwhile.
        let _ = kill_process(pid, Signal::TERM);
    }
    if timeout(STOP_TIME_MAX, child.wait()).await.is_err() {
        tracing::error!("the embedded ClickHouse does not stop; killing it");
        let _ = child.start_kill();
    }
    child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// Logs every line that the process writes, and returns the last one that is not empty.
async fn relay(stderr: Option<impl AsyncRead + Unpin>) -> String {
    let mut last = String::new();
    let Some(stderr) = stderr else { return last };
    let mut reader = BufReader::new(stderr);
    while let Ok(Some(line)) = read_line(&mut reader).await {
        if !line.is_empty() {
            tracing::info!(target: "clickhouse_embedded", "{line}");
            last = line;
        }
    }
    last
}

/// The next line, without its end, or as much of it as is kept together; `None` at the end.
async fn read_line(reader: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let count = reader.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
    Ok((count > 0).then(|| String::from_utf8_lossy(&line).trim_end().to_owned()))
}

fn is_locked(lock: &Path) -> bool {
    File::open(lock).is_ok_and(|file| matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

fn is_port_taken(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// Where a loopback URL, as the configuration has checked it, points to.
fn listen_address(url: &str) -> SocketAddr {
    let parsed = url::Url::parse(url).ok();
    let port = parsed.as_ref().and_then(url::Url::port).unwrap_or(8123);
    let host = match parsed.as_ref().and_then(url::Url::host) {
        Some(url::Host::Ipv4(address)) => IpAddr::from(address),
        Some(url::Host::Ipv6(address)) => IpAddr::from(address),
        _ => IpAddr::from([127, 0, 0, 1]),
    };
    SocketAddr::new(host, port)
}

/// Writes the password to a file that only this user can read; without a password there is no file.
fn write_password(config: &Config) -> io::Result<Option<PathBuf>> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let password = config.clickhouse.password.reveal();
    if password.is_empty() {
        return Ok(None);
    }
    let path = config.data_dir.join("clickhouse-password");
    let mut file = File::options().create(true).write(true).truncate(true).mode(0o600).open(&path)?;
    file.write_all(password.as_bytes())?;
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_says_where_to_listen() {
        assert_eq!(listen_address("http://127.0.0.1:8123"), "127.0.0.1:8123".parse().unwrap());
        assert_eq!(listen_address("http://[::1]:9000"), "[::1]:9000".parse().unwrap());
        assert_eq!(listen_address("http://localhost:9000"), "127.0.0.1:9000".parse().unwrap());
    }

    #[tokio::test]
    async fn an_endless_line_is_cut_and_lines_are_told_apart() {
        let long = "x".repeat(20_000) + "\nlast words\n\n";
        assert_eq!(relay(Some(long.as_bytes())).await, "last words");
        let mut reader = BufReader::new(long.as_bytes());
        assert_eq!(read_line(&mut reader).await.unwrap().unwrap().len(), 8192);
    }

    #[test]
    fn a_held_lock_is_seen_and_none_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        assert!(!is_locked(&path));
        let held = File::create(&path).unwrap();
        assert!(!is_locked(&path));
        held.lock().unwrap();
        assert!(is_locked(&path));
    }
}
