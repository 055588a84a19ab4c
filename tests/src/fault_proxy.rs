//! A TCP proxy that can be cut and restored: what a network does to a connection between the collector and ClickHouse.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Most connections that are cut at once.
const CONNECTIONS_MAX: usize = 1000;

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
            connections: Mutex::default(),
        });
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.is_open.load(Ordering::SeqCst) {
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
        self.state.answer_bytes_max.store(bytes_max, Ordering::SeqCst);
        self.state.cut_all();
    }

    /// Forwards everything again.
    pub fn restore(&self) {
        self.state.answer_bytes_max.store(usize::MAX, Ordering::SeqCst);
        self.state.is_open.store(true, Ordering::SeqCst);
        self.state.cut_all();
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.cut();
    }
}

impl State {
    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut_all(&self) {
        for connection in self.connections().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn forward(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        let server = TcpStream::connect(self.target)?;
        {
            let mut connections = self.connections();
            connections.retain(|connection| connection.peer_addr().is_ok());
            assert!(connections.len() < CONNECTIONS_MAX, "a test makes no more connections than that");
            connections.extend([client.try_clone()?, server.try_clone()?]);
        }
        let (requests, answers) = ((client.try_clone()?, server.try_clone()?), (server, client));
        thread::spawn(move || copy(requests.0, requests.1, usize::MAX));
        let bytes_max = self.answer_bytes_max.load(Ordering::SeqCst);
        thread::spawn(move || copy(answers.0, answers.1, bytes_max));
        Ok(())
    }
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
