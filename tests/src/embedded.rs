//! A `clickhouse-embedded` process for tests: the real program, on a free port, in a directory of its own.
//!
//! Most tests share one ([`EmbeddedClickHouse::shared`]) and take a database each ([`EmbeddedClickHouse::database`]), so
//! that they run at once. A database goes with the thread of its test, for the engine keeps some 50 MB for each that has
//! the schema in it; a failure leaves its data to look at. Tests that kill or lock start their own.
//!
//! The process watches its standard input, whose other end this value holds: it goes with the test process, however
//! that ends.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How long a start may take: the first on a cold machine reads half a gigabyte of library.
const START_TIME: Duration = Duration::from_mins(1);

/// How long an end may take.
const STOP_TIME: Duration = Duration::from_secs(40);

/// How long one statement of [`EmbeddedClickHouse::query`] may take.
const QUERY_TIME: Duration = Duration::from_mins(2);

static SHARED: OnceLock<EmbeddedClickHouse> = OnceLock::new();

thread_local! {
    /// What this thread has made in [`SHARED`].
    static DATABASES: RefCell<Databases> = const { RefCell::new(Databases(Vec::new())) };

    /// Whether this thread has panicked: the test that it ran has failed.
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Names of databases in [`SHARED`] that go with this value.
struct Databases(Vec<String>);

impl Drop for Databases {
    fn drop(&mut self) {
        let Some(server) = SHARED.get() else { return };
        if PANICKED.get() {
            return;
        }
        for name in &self.0 {
            // A panic here would end the whole test process; an engine that does not answer fails the tests after this one.
            let dropped = std::panic::catch_unwind(AssertUnwindSafe(|| server.query(&drop_statement(name))));
            if !matches!(dropped, Ok(Ok(_))) {
                eprintln!("the database {name} could not be dropped: {dropped:?}");
            }
        }
    }
}

/// The test runner catches the panic of a failed test before the thread's values go.
fn notice_panics() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICKED.set(true);
        others(panic);
    }));
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "\\`"))
}

fn drop_statement(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} SYNC", quoted(name))
}

/// A running `clickhouse-embedded`.
pub struct EmbeddedClickHouse {
    process: Mutex<Process>,
    data: PathBuf,
    arguments: Vec<String>,
    /// Removed with this value; `None` for a directory that somebody else owns.
    directory: Option<tempfile::TempDir>,
}

struct Process {
    child: Child,
    /// The end of this pipe is the process's.
    stdin: Option<ChildStdin>,
    port: u16,
    version: String,
    log: PathBuf,
}

impl EmbeddedClickHouse {
    /// The one that tests share. It ends with the test process.
    pub fn shared() -> &'static Self {
        SHARED.get_or_init(|| {
            notice_panics();
            let parent = scratch().join("shared");
            remove_leftovers(&parent);
            let data = parent.join(std::process::id().to_string());
            Self::start_in(&data, &[])
        })
    }

    /// One of its own, in a fresh directory that goes with it.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One of its own, with further arguments.
    pub fn start_with(arguments: &[&str]) -> Self {
        std::fs::create_dir_all(scratch()).expect("the scratch directory can be made");
        let directory = tempfile::tempdir_in(scratch()).expect("a directory can be made");
        let mut started = Self::start_in(&directory.path().join("data"), arguments);
        started.directory = Some(directory);
        started
    }

    /// One with a data directory that the caller owns.
    pub fn start_in(data: &Path, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let process = Process::start(data, &arguments);
        Self { process: Mutex::new(process), data: data.to_owned(), arguments, directory: None }
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `http://127.0.0.1:PORT`, without a final slash.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// The port. A restart changes it.
    pub fn port(&self) -> u16 {
        self.process().port
    }

    /// The version that it announced.
    pub fn version(&self) -> String {
        self.process().version.clone()
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.process().child.id()
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// What the process has written to standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.process().log).unwrap_or_default()
    }

    /// The process's resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux tells VmRSS");
        let kilobytes: u64 = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number");
        kilobytes * 1024
    }

    /// A new, empty database. Name it after the test. One in the shared engine is dropped when the calling thread ends,
    /// unless that has panicked.
    pub fn database(&self, name: &str) -> Database<'_> {
        self.query(&drop_statement(name)).expect("a database can be dropped");
        self.query(&format!("CREATE DATABASE {}", quoted(name))).expect("a database can be made");
        if SHARED.get().is_some_and(|shared| std::ptr::eq(self, shared)) {
            DATABASES.with_borrow_mut(|databases| databases.0.push(name.to_owned()));
        }
        Database { server: self, name: name.to_owned() }
    }

    /// Runs a statement in the default database; its output, without the last line end, or the error's text.
    pub fn query(&self, sql: &str) -> Result<String, String> {
        self.query_in("default", sql)
    }

    fn query_in(&self, database: &str, sql: &str) -> Result<String, String> {
        let (status, body) = post(self.port(), database, sql.as_bytes());
        let text = String::from_utf8_lossy(&body).trim_end_matches('\n').to_owned();
        if status == 200 { Ok(text) } else { Err(text) }
    }

    /// Ends the process at once, as a crash of the machine's kernel would.
    pub fn kill9(&self) {
        let mut process = self.process();
        process.child.kill().expect("the process can be killed");
        process.child.wait().expect("the process can be awaited");
    }

    /// Starts the process again on the same data, on a new port. If it still runs it is stopped first.
    pub fn restart(&self) {
        let mut process = self.process();
        if process.child.try_wait().expect("the process can be asked").is_none() {
            process.stop();
        }
        *process = Process::start(&self.data, &self.arguments);
    }

    /// Sends SIGTERM and waits for the end.
    pub fn stop(&self) -> ExitStatus {
        self.process().stop()
    }

    /// Lets go of the process's standard input, as a parent that dies does, and waits for the end.
    pub fn abandon(&self) -> ExitStatus {
        let mut process = self.process();
        drop(process.stdin.take());
        process.wait()
    }
}

impl Drop for EmbeddedClickHouse {
    fn drop(&mut self) {
        // Before its directory goes.
        let process = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = process.child.kill();
        let _ = process.child.wait();
        drop(self.directory.take());
    }
}

/// A database of one test.
pub struct Database<'server> {
    server: &'server EmbeddedClickHouse,
    name: String,
}

impl Database<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's URL, without a final slash.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Runs a statement in this database; its output, without the last line end, or the error's text.
    pub fn query(&self, sql: &str) -> Result<String, String> {
        self.server.query_in(&self.name, sql)
    }
}

impl Process {
    fn start(data: &Path, arguments: &[String]) -> Self {
        std::fs::create_dir_all(data).expect("the data directory can be made");
        let log = data.with_extension("log");
        let stderr = std::fs::OpenOptions::new().create(true).append(true).open(&log).expect("a log can be written");
        let mut child = Command::new(binary())
            .arg("--path")
            .arg(data)
            .args(["--listen", "127.0.0.1:0", "--exit-with-parent"])
            .arg("--libchdb")
            .arg(library())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("clickhouse-embedded can be started");
        let line = ready_line(&mut child, &log);
        let (port, version) = parse_ready(&line).unwrap_or_else(|| panic!("not the line that was promised: {line:?}"));
        Self { stdin: child.stdin.take(), child, port, version, log }
    }

    fn stop(&mut self) -> ExitStatus {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("the process runs");
        self.wait()
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + STOP_TIME;
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be asked") {
                return status;
            }
            assert!(Instant::now() < deadline, "the process does not end; its log:\n{}", self.log_text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// Waits for the line that tells readiness.
fn ready_line(child: &mut Child, log: &Path) -> String {
    let stdout = child.stdout.take().expect("standard output is piped");
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let _ = sender.send(line);
    });
    let line = receiver.recv_timeout(START_TIME).unwrap_or_default();
    if line.is_empty() {
        let _ = child.kill();
        let _ = child.wait();
        panic!("clickhouse-embedded did not start:\n{}", std::fs::read_to_string(log).unwrap_or_default());
    }
    line
}

/// The port and the version in `clickhouse-embedded: ready on http://127.0.0.1:PORT (ClickHouse VERSION)`.
fn parse_ready(line: &str) -> Option<(u16, String)> {
    let rest = line.trim_end().strip_prefix("clickhouse-embedded: ready on http://127.0.0.1:")?;
    let (port, rest) = rest.split_once(' ')?;
    let version = rest.strip_prefix("(ClickHouse ")?.strip_suffix(')')?;
    Some((port.parse().ok()?, version.to_owned()))
}

/// The program, beside the directory of the test's own.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its program");
    let directory = test.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
    let binary = directory.join("clickhouse-embedded");
    assert!(binary.is_file(), "{} is missing: build it with `cargo build -p clickhouse-embedded`", binary.display());
    binary
}

/// The engine, as npm installs it at the workspace's root.
pub fn library() -> PathBuf {
    if let Some(named) = std::env::var_os("SLOWTAX_LIBCHDB") {
        return named.into();
    }
    let package = if cfg!(target_arch = "aarch64") { "lib-linux-arm64-gnu" } else { "lib-linux-x64-gnu" };
    let library = workspace().join("node_modules/@chdb").join(package).join("libchdb.so");
    assert!(library.is_file(), "{} is missing: run `npm ci`, or set SLOWTAX_LIBCHDB", library.display());
    library
}

/// The workspace's root.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the workspace")
}

fn scratch() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its program");
    let target = test.ancestors().nth(3).expect("tests lie in target/PROFILE/deps");
    target.join("tmp").join("embedded")
}

/// Removes what processes left that are gone.
fn remove_leftovers(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.trim_end_matches(".log");
        if !Path::new("/proc").join(pid).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// One statement over one connection. HTTP 1.0, so that the answer ends with the connection.
fn post(port: u16, database: &str, sql: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server accepts");
    stream.set_read_timeout(Some(QUERY_TIME)).expect("a time is no zero");
    let mut request = String::new();
    let database: String = form_urlencoded::byte_serialize(database.as_bytes()).collect();
    write!(request, "POST /?database={database} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n", sql.len())
        .expect("a string takes everything");
    stream.write_all(request.as_bytes()).and_then(|()| stream.write_all(sql)).expect("the server reads");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("the server answers in time");
    let head_end = response.windows(4).position(|window| window == b"\r\n\r\n").expect("the answer has a head");
    let status = std::str::from_utf8(&response[..head_end])
        .ok()
        .and_then(|head| head.split(' ').nth(1))
        .and_then(|status| status.parse().ok())
        .expect("the answer has a status");
    (status, response[head_end + 4..].to_vec())
}
