//! What a network, and a ClickHouse that is not well, do to what the collector sends it: a proxy between the two.
//!
//! It forwards bytes, and can be cut and restored. Once a test has asked for [`Fault`]s it reads HTTP, hits INSERTs with them, and counts how many
//! it has hit; other requests pass.

mod fault;
mod message;

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use fault::Plan;
pub use fault::{Chance, Fault};
use message::{Message, Unframed};

/// Most connections that are cut at once.
const CONNECTIONS_MAX: usize = 1000;
/// How many pieces a slow message is sent in, and the pause before each.
const SLOW: (usize, Duration) = (20, Duration::from_millis(8));

/// Forwards connections to one address while it is open. Goes with the value, connections included.
pub struct FaultProxy {
    addr: SocketAddr,
    state: Arc<State>,
}

struct State {
    target: SocketAddr,
    is_open: AtomicBool,
    /// Set: answers get no further than so many bytes, each connection's.
    answer_bytes_max: AtomicUsize,
    /// Set: requests are read, and hit by the plan.
    reads_http: AtomicBool,
    plan: Mutex<Plan>,
    injected: [AtomicUsize; Fault::ALL.len()],
    connections: Mutex<Vec<TcpStream>>,
}

impl FaultProxy {
    /// In front of `target`, which need not be there yet; open.
    pub fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
        let addr = listener.local_addr().expect("it has an address");
        let state = Arc::new(State {
            target,
            is_open: AtomicBool::new(true),
            answer_bytes_max: AtomicUsize::new(usize::MAX),
            reads_http: AtomicBool::new(false),
            plan: Mutex::default(),
            injected: Default::default(),
            connections: Mutex::default(),
        });
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if !shared.is_open.load(Ordering::SeqCst) {
                    continue;
                }
                if shared.reads_http.load(Ordering::SeqCst) {
                    let shared = shared.clone();
                    thread::spawn(move || shared.serve(&stream));
                } else {
                    let _ = shared.forward(stream);
                }
            }
        });
        Self { addr, state }
    }

    /// `http://127.0.0.1:PORT`, without a final slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Cuts every connection, and every further one as soon as it is made.
    pub fn cut(&self) {
        self.state.is_open.store(false, Ordering::SeqCst);
        self.state.cut_all();
    }

    /// Cuts every connection; further ones are forwarded.
    pub fn hiccup(&self) {
        self.state.cut_all();
    }

    /// Requests arrive whole, but each connection is cut after so many bytes of answers: the sender cannot know what became of them.
    pub fn swallow_answers(&self, bytes_max: usize) {
        self.state.reads_http.store(false, Ordering::SeqCst);
        self.state.answer_bytes_max.store(bytes_max, Ordering::SeqCst);
        self.state.cut_all();
    }

    /// From now on hits INSERTs, in place of what was asked for before. The same seed draws the same faults; which INSERT meets which also depends on
    /// the order in which they come.
    pub fn inject(&self, seed: u64, chances: &[Chance]) {
        *self.state.plan() = Plan::new(seed, chances);
        if !self.state.reads_http.swap(true, Ordering::SeqCst) {
            self.state.cut_all();
        }
    }

    /// How many INSERTs this fault has hit.
    pub fn injected(&self, fault: Fault) -> usize {
        self.state.injected[fault as usize].load(Ordering::SeqCst)
    }

    /// Forwards everything again.
    pub fn restore(&self) {
        *self.state.plan() = Plan::default();
        let was_whole = self.state.answer_bytes_max.swap(usize::MAX, Ordering::SeqCst) == usize::MAX;
        if !self.state.is_open.swap(true, Ordering::SeqCst) || !was_whole {
            self.state.cut_all();
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.cut();
    }
}

impl State {
    fn connections(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps connections, so that they can be cut.
    fn keep(&self, kept: impl IntoIterator<Item = TcpStream>) {
        let mut connections = self.connections();
        connections.retain(|connection| connection.peer_addr().is_ok());
        connections.extend(kept);
        assert!(connections.len() <= CONNECTIONS_MAX, "a test makes no more connections than that");
    }

    fn cut_all(&self) {
        for connection in self.connections().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn forward(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        let server = TcpStream::connect(self.target)?;
        self.keep([client.try_clone()?, server.try_clone()?]);
        let (requests, answers) = ((client.try_clone()?, server.try_clone()?), (server, client));
        thread::spawn(move || copy(requests.0, requests.1, usize::MAX));
        let bytes_max = self.answer_bytes_max.load(Ordering::SeqCst);
        thread::spawn(move || copy(answers.0, answers.1, bytes_max));
        Ok(())
    }

    /// Answers the requests of one connection, until it ends or a fault ends it.
    fn serve(&self, client: &TcpStream) {
        let _ = self.answer_all(client);
        let _ = client.shutdown(Shutdown::Both);
    }

    fn answer_all(&self, mut client: &TcpStream) -> io::Result<()> {
        self.keep([client.try_clone()?]);
        let mut requests = BufReader::new(client.try_clone()?);
        while let Some(request) = Message::read(&mut requests, Unframed::Empty)? {
            let fault = if request.is_insert() { self.plan().next() } else { None };
            let Some(fault) = fault else {
                client.write_all(&self.ask(&request, false)?)?;
                if request.is_last() {
                    break;
                }
                continue;
            };
            self.injected[fault as usize].fetch_add(1, Ordering::SeqCst);
            let stored =
                if fault.reaches_clickhouse() { self.ask(&request, fault == Fault::Slow)? } else { Vec::new() };
            match (fault, fault.answer()) {
                (_, Some(answer)) => client.write_all(&answer)?,
                (Fault::Slow, _) => write_slowly(client, &stored)?,
                (Fault::HalfAnswer, _) => return client.write_all(&stored[..stored.len() / 2]),
                (Fault::HalfRequest, _) => return self.ask_half(&request),
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// What ClickHouse answers, over a connection of its own.
    fn ask(&self, request: &Message, slowly: bool) -> io::Result<Vec<u8>> {
        let mut server = TcpStream::connect(self.target)?;
        self.keep([server.try_clone()?]);
        if slowly {
            write_slowly(&server, &request.bytes)?;
        } else {
            server.write_all(&request.bytes)?;
        }
        let answer = Message::read(&mut BufReader::new(&server), Unframed::ToTheEnd)?;
        let _ = server.shutdown(Shutdown::Both);
        Ok(answer.ok_or(io::ErrorKind::UnexpectedEof)?.bytes)
    }

    fn ask_half(&self, request: &Message) -> io::Result<()> {
        let mut server = TcpStream::connect(self.target)?;
        server.write_all(&request.bytes[..request.bytes.len() / 2])?;
        server.shutdown(Shutdown::Both)
    }
}

fn write_slowly(mut to: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    let (pieces, pause) = SLOW;
    for piece in bytes.chunks(bytes.len().div_ceil(pieces).max(1)) {
        thread::sleep(pause);
        to.write_all(piece)?;
    }
    Ok(())
}

/// Copies until either end is gone or the bytes are used up, and then ends both.
fn copy(mut from: TcpStream, mut to: TcpStream, bytes_max: usize) {
    let mut buffer = vec![0; 64 * 1024];
    let mut left = bytes_max;
    while left > 0 {
        match from.read(&mut buffer) {
            Ok(count) if count > 0 => {
                let count = count.min(left);
                left -= count;
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            _ => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
