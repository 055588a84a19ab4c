//! Somebody who is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tests::collector::{CollectorProcess, wait_for};

/// Largest body that is read.
const BODY_BYTES_MAX: u64 = 1 << 20;

/// A webhook: takes what Alertmanager would post, and answers 200, or 503 while it is down.
pub(crate) struct Receiver {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_down: AtomicBool,
    /// One for each alert of each message, as `site rule country what`.
    told: Mutex<Vec<String>>,
}

/// The keys that name it.
pub(crate) fn overrides(url: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("alarms.receivers.test.kind", "webhook"),
        ("alarms.receivers.test.url", url),
        ("alarms.receivers.test.secret", "sixteen bytes or more"),
    ]
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = state.clone();
        // Goes with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &shared);
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Refuses what comes, or takes it again.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.state.is_down.store(is_down, Ordering::SeqCst);
    }

    /// What has arrived, in order: `site rule country what`.
    pub(crate) fn so_far(&self) -> Vec<String> {
        self.state.told.lock().unwrap().clone()
    }

    /// What was told so far, by these collectors all together, in order: `site rule country what`. Waits until all of it has arrived.
    pub(crate) fn told(&self, by: &[&CollectorProcess]) -> Vec<String> {
        let logs: Vec<String> = by.iter().map(|collector| collector.log()).collect();
        self.told_by(&logs.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The same, by what they have logged.
    pub(crate) fn told_by(&self, logs: &[impl AsRef<str>]) -> Vec<String> {
        let put: Vec<String> = logs.iter().flat_map(|log| put(log.as_ref())).collect();
        let arrived = wait_for(|| self.so_far().len() >= put.len());
        let told = self.so_far();
        assert!(arrived, "{put:?} were put into the outbox, and {told:?} arrived");
        assert_eq!(told.len(), put.len(), "{told:?}");
        told
    }
}

/// What a log says that was put into the outbox.
fn put(log: &str) -> Vec<String> {
    let lines = log.lines().filter(|line| line.contains("an alarm is told"));
    lines
        .map(|line| {
            format!(
                "{} {} {} {}",
                field(line, "site"),
                field(line, "rule"),
                field(line, "country"),
                field(line, "what")
            )
        })
        .collect()
}

fn field<'line>(line: &'line str, name: &str) -> &'line str {
    let value = line.split(&format!(" {name}=\"")).nth(1);
    value.and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

fn answer(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let (mut line, mut length, mut lines) = (String::new(), 0_u64, 0);
        while reader.read_line(&mut line)? > 2 {
            if let Some((_, value)) =
                line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
            lines += 1;
        }
        if lines == 0 {
            return Ok(());
        }
        let mut body = Vec::new();
        reader.by_ref().take(length.min(BODY_BYTES_MAX)).read_to_end(&mut body)?;
        let is_down = state.is_down.load(Ordering::SeqCst);
        if !is_down {
            state.told.lock().unwrap().extend(alerts(&body));
        }
        let status = if is_down { "503 Service Unavailable" } else { "200 OK" };
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")?;
    }
}

/// The alerts of a message in Alertmanager's v4 shape.
fn alerts(body: &[u8]) -> Vec<String> {
    let message: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let alerts = message["alerts"].as_array().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let line = |alert: &serde_json::Value| {
        let labels = &alert["labels"];
        let what = if alert["status"] == "firing" { "fired" } else { "resolved" };
        format!("{} {} {} {what}", text(&labels["site"]), text(&labels["rule"]), text(&labels["country"]))
    };
    alerts.iter().map(line).collect()
}
