//! A receiver of alarms for tests: a real HTTP server that does what a test says, and keeps what it was sent.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Largest body that is read.
const BODY_BYTES_MAX: usize = 16 << 20;
/// Pause between the pieces of an endless answer.
const PIECE_PAUSE: Duration = Duration::from_millis(50);

/// What it does with a request, once it has read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers with this status.
    Answer(u16),
    /// Answers with 302, to itself at another path.
    Redirect,
    /// Answers nothing, and keeps the connection open.
    Hang,
    /// Answers with 200 and a body that never ends.
    Endless,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Method and path.
    pub line: String,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Arrived {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// A header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Listens until it is dropped.
pub struct Receiver {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    arrived: Mutex<Vec<Arrived>>,
    is_over: AtomicBool,
}

impl Receiver {
    /// On a free port.
    pub fn start(behaviour: Behaviour) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), behaviour)
    }

    /// On a port of the caller's choice.
    pub fn start_at(addr: SocketAddr, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind(addr).expect("the port can be had");
        let addr = listener.local_addr().expect("it has an address");
        let (arrived, is_over) = (Mutex::default(), AtomicBool::new(false));
        let shared = Arc::new(Shared { behaviour: Mutex::new(behaviour), arrived, is_over });
        let serving = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let serving = serving.clone();
                // A client that goes away ends its connection alone.
                thread::spawn(move || drop(serving.serve(stream)));
            }
        });
        Self { addr, shared }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What it does from the next request on.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.shared.behaviour) = behaviour;
    }

    /// What has arrived so far, in its order.
    pub fn arrived(&self) -> Vec<Arrived> {
        lock(&self.shared.arrived).clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // So that it looks.
        let _ = TcpStream::connect(self.addr);
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        while let Some(request) = read(&mut reader)? {
            let behaviour = *lock(&self.behaviour);
            lock(&self.arrived).push(request);
            match behaviour {
                Behaviour::Answer(status) => {
                    write!(stream, "HTTP/1.1 {status} Said\r\nContent-Length: 4\r\n\r\nsaid")?;
                }
                Behaviour::Redirect => {
                    write!(stream, "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")?;
                }
                Behaviour::Hang => {
                    // Until the client goes.
                    return reader.read_to_end(&mut Vec::new()).map(|_| ());
                }
                Behaviour::Endless => {
                    write!(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                    while !self.is_over.load(Ordering::SeqCst) {
                        write!(stream, "400\r\n{}\r\n", "x".repeat(1024))?;
                        thread::sleep(PIECE_PAUSE);
                    }
                }
            }
        }
        Ok(())
    }
}

/// `None` at the connection's end.
fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Arrived>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        match header.split_once(':') {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; BODY_BYTES_MAX.min(length)];
    reader.read_exact(&mut body)?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    Ok(Some(Arrived { line, headers, body }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
