//! A `slowtax serve` process for tests: the real program, on a free port, in a directory of its own.
//!
//! [`CollectorProcess::start`] has a ClickHouse of its own, embedded and supervised as in production; [`CollectorProcess::start_on`] uses
//! the shared one and a database of the test's. Configuration keys are overridden by their path: `("http.report_open", "true")`.
//!
//! The process watches its standard input, whose other end this value holds: it goes with the test process, however that ends.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use crate::embedded::{library, workspace};
pub use crate::http::{Answer, request};

/// How long anything may take that a test waits for: a start, a stop, a row.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// What every test's collector has: the site `shop`, and the test as a trusted proxy, so that it can come from any country, and as often as it likes. It watches for
/// alarms where a test says so.
const BASE: &str = r#"
[http]
listen = "127.0.0.1:0"
trusted_proxies = ["127.0.0.0/8"]
network_rate_max = 0
[writer]
age_max_ms = 50
[alarms]
enabled = false
[sites.shop]
name = "Test shop"
currency = "EUR"
"#;

/// A user agent that is no bot.
pub const DESKTOP: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";

/// A running `slowtax serve`.
pub struct CollectorProcess {
    child: Child,
    stdin: Option<ChildStdin>,
    addr: SocketAddr,
    clickhouse_url: String,
    database: String,
    setup: Setup,
}

/// What a `slowtax` is started with.
pub struct Setup {
    /// Its configuration file and its data directory lie here.
    directory: tempfile::TempDir,
    overrides: Vec<(String, String)>,
}

impl Setup {
    /// A fresh directory, and keys over those that every test's collector has. The embedded ClickHouse is that of this build.
    pub fn new(overrides: &[(&str, &str)]) -> Self {
        std::fs::create_dir_all(scratch()).expect("the scratch directory can be made");
        let directory = tempfile::tempdir_in(scratch()).expect("a directory can be made");
        std::fs::write(directory.path().join("slowtax.toml"), BASE).expect("a file can be written");
        let mut all = vec![
            ("data_dir".to_owned(), directory.path().join("data").display().to_string()),
            ("clickhouse.url".to_owned(), format!("http://127.0.0.1:{}", free_port())),
            ("clickhouse.embedded.binary".to_owned(), program("clickhouse-embedded").display().to_string()),
            ("clickhouse.embedded.library".to_owned(), library().display().to_string()),
            ("geo.database".to_owned(), countries().display().to_string()),
        ];
        for (key, value) in overrides {
            all.retain(|(known, _)| known != key);
            all.push(((*key).to_owned(), (*value).to_owned()));
        }
        Self { directory, overrides: all }
    }

    /// Where the configuration lies; write to it before the start.
    pub fn config_file(&self) -> PathBuf {
        self.directory.path().join("slowtax.toml")
    }

    /// The collector's data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.value("data_dir").into()
    }

    /// What a key is overridden with; empty when it is not.
    pub fn value(&self, key: &str) -> String {
        self.overrides.iter().find(|(known, _)| known == key).map_or_else(String::new, |(_, value)| value.clone())
    }

    /// `slowtax` with these words.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program("slowtax"));
        command.args(words).arg("--config").arg(self.config_file()).env("SLOWTAX_EXIT_ON_STDIN_EOF", "1");
        for (key, value) in &self.overrides {
            command.env(format!("SLOWTAX_{}", key.to_uppercase().replace('.', "__")), value);
        }
        command
    }

    /// Runs `slowtax` with these words to its end, which must come by itself.
    pub fn run(&self, words: &[&str]) -> Output {
        let mut child = self
            .command(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("slowtax can be started");
        let deadline = Instant::now() + WAIT_MAX;
        // Its pipes are large enough for what it says before it ends.
        while child.try_wait().expect("the process can be asked").is_none() {
            if Instant::now() >= deadline {
                child.kill().expect("the process can be killed");
                let output = child.wait_with_output().expect("the process can be awaited");
                panic!("slowtax {words:?} does not end:\n{}", String::from_utf8_lossy(&output.stderr));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.wait_with_output().expect("the process can be awaited")
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("log")
    }
}

impl CollectorProcess {
    /// One with an embedded ClickHouse of its own, ready.
    pub fn start(overrides: &[(&str, &str)]) -> Self {
        let started = Self::start_unready(Setup::new(overrides));
        started.wait_until_ready();
        started
    }

    /// One that writes into a database of a ClickHouse that somebody else runs, ready.
    pub fn start_on(clickhouse_url: &str, database: &str, overrides: &[(&str, &str)]) -> Self {
        let mut all =
            vec![("clickhouse.mode", "server"), ("clickhouse.url", clickhouse_url), ("clickhouse.database", database)];
        all.extend_from_slice(overrides);
        let started = Self::start_unready(Setup::new(&all));
        started.wait_until_ready();
        started
    }

    /// One that listens, and may wait for ClickHouse.
    pub fn start_unready(setup: Setup) -> Self {
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(setup.log_file()).expect("a log can be written");
        let mut child = setup
            .command(&["serve"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("slowtax can be started");
        let addr = listening_line(&mut child)
            .and_then(|line| line.trim().strip_prefix("slowtax: listening on http://")?.parse().ok())
            .unwrap_or_else(|| {
                let _ = child.kill();
                let _ = child.wait();
                panic!("slowtax did not start:\n{}", std::fs::read_to_string(setup.log_file()).unwrap_or_default())
            });
        let database = match setup.value("clickhouse.database") {
            none if none.is_empty() => "slowtax".to_owned(),
            database => database,
        };
        Self { stdin: child.stdin.take(), child, addr, clickhouse_url: setup.value("clickhouse.url"), database, setup }
    }

    /// `http://127.0.0.1:PORT`, without a final slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// ClickHouse's URL, without a final slash.
    pub fn clickhouse_url(&self) -> &str {
        &self.clickhouse_url
    }

    /// The database that it writes into.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The id of the embedded ClickHouse, as the log has it last.
    pub fn engine_pid(&self) -> Option<u32> {
        let log = self.log();
        let (_, rest) = log.rsplit_once("clickhouse-embedded: ready on")?;
        let (_, pid) = rest.split_once("pid=")?;
        pid.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
    }

    /// What it has written to standard error, without colours.
    pub fn log(&self) -> String {
        without_colours(&std::fs::read_to_string(self.setup.log_file()).unwrap_or_default())
    }

    /// What it was started with.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Sends SIGTERM and waits for the end.
    pub fn stop(&mut self) -> ExitStatus {
        let pid = i32::try_from(self.pid()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("the process runs");
        self.wait()
    }

    /// Lets go of its standard input, as a parent that dies does, and waits for the end.
    pub fn abandon(&mut self) -> ExitStatus {
        drop(self.stdin.take());
        self.wait()
    }

    /// Kills it at once.
    pub fn kill9(&mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process can be awaited");
    }

    /// Starts it again in the same directory, after an end of any kind; ready.
    #[must_use]
    pub fn restart(self) -> Self {
        let started = self.restart_unready();
        started.wait_until_ready();
        started
    }

    /// The same; it listens, and may wait for ClickHouse.
    #[must_use]
    pub fn restart_unready(mut self) -> Self {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let overrides: Vec<(String, String)> = std::mem::take(&mut self.setup.overrides);
        let directory =
            std::mem::replace(&mut self.setup.directory, tempfile::tempdir_in(scratch()).expect("a directory"));
        Self::start_unready(Setup { directory, overrides })
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be asked") {
                return status;
            }
            assert!(Instant::now() < deadline, "slowtax does not end; its log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until `/health/ready` says so.
    pub fn wait_until_ready(&self) {
        self.wait_until("it is ready", || self.get("/health/ready").status == 200);
    }

    /// Waits until something holds; panics with the log when it does not in a minute.
    pub fn wait_until(&self, what: &str, holds: impl FnMut() -> bool) {
        assert!(wait_for(holds), "waited in vain until {what}; the log:\n{}", self.log());
    }

    /// One request over a connection of its own.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        request(self.addr, method, path, headers, body).expect("the collector answers")
    }

    /// `GET`, without more headers.
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], b"")
    }

    /// Sends a beacon, or what is meant to be one, as a browser does that is no bot.
    pub fn send(&self, body: &[u8]) -> Answer {
        self.request("POST", "/v1/beacon", &[("User-Agent", DESKTOP)], body)
    }

    /// Sends a beacon from an address of the caller's choice.
    pub fn send_from(&self, address: &str, body: &[u8]) -> Answer {
        self.request("POST", "/v1/beacon", &[("User-Agent", DESKTOP), ("X-Forwarded-For", address)], body)
    }

    /// A counter or gauge of `/metrics`, by its name with labels as it stands there; 0 when there is none.
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().expect("a metric is a number"))
    }

    /// Waits until every row that was accepted is stored.
    pub fn wait_until_stored(&self) {
        self.wait_until("every row is stored", || self.metric("slowtax_queue_rows") == 0);
    }

    /// Asks ClickHouse, in the collector's database; the answer without the last line end.
    pub fn query(&self, sql: &str) -> String {
        let addr: SocketAddr = self.clickhouse_url.trim_start_matches("http://").parse().expect("an address");
        let path = format!("/?database={}", self.database);
        let answer = request(addr, "POST", &path, &[], sql.as_bytes()).expect("ClickHouse answers");
        assert_eq!(answer.status, 200, "{sql}\n{}", answer.text());
        answer.text().trim_end_matches('\n').to_owned()
    }
}

impl Drop for CollectorProcess {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the collector's log:\n{}", self.log());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again, for at most a minute.
pub fn wait_for(mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + WAIT_MAX;
    while Instant::now() < deadline {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// A port that is free at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    listener.local_addr().expect("it has an address").port()
}

/// One of the workspace's programs, beside the directory of the test's own.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its program");
    let directory = test.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
    let program = directory.join(name);
    assert!(
        program.is_file(),
        "{} is missing: run `cargo build -p collector -p clickhouse-embedded`",
        program.display()
    );
    program
}

/// The database of countries, as npm installs it.
pub fn countries() -> PathBuf {
    workspace().join("node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb")
}

fn listening_line(child: &mut Child) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let _ = sender.send(line);
    });
    receiver.recv_timeout(WAIT_MAX).ok()
}

fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = escape.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

fn scratch() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its program");
    let target = test.ancestors().nth(3).expect("tests lie in target/PROFILE/deps");
    target.join("tmp").join("collector")
}
