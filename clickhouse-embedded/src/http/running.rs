//! The statements that run, and how one is stopped whose client is gone.
//!
//! The engine names its statements itself, so a statement is known here by the thread that runs it: that thread runs
//! nothing else meanwhile, and `system.processes` lists it. To stop another's statement by mistake is ruled out by
//! the phase's lock, which is held while the engine is asked and which the thread needs to go on to its next statement.
//!
//! As on a server, a client that goes away stops what only reads. What writes runs to its end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::engine::Engine;
use crate::exception::{ErrorCode, Exception};
use crate::limits::KILL_ATTEMPTS_MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its text is being read, or it waits for its turn.
    Waiting,
    /// The engine runs it on this thread.
    Executing { thread: i32, reads_only: bool },
    /// It is over.
    Finished,
}

/// A statement, from its request to its end.
#[derive(Debug)]
pub struct Running {
    phase: Mutex<Phase>,
    abandoned: AtomicBool,
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calling thread is about to run the statement, as long as what is returned lives. Refused when nobody waits for
    /// its result any more.
    pub fn begin(&self, reads_only: bool) -> Result<Executing<'_>, Exception> {
        let mut phase = self.lock();
        if reads_only && self.abandoned.load(Ordering::Acquire) {
            return Err(Exception::new(ErrorCode::QUERY_WAS_CANCELLED, "The client is gone"));
        }
        *phase = Phase::Executing { thread: rustix::thread::gettid().as_raw_nonzero().get(), reads_only };
        Ok(Executing(self))
    }

    /// The statement is over: its thread goes on to other ones, which are not to be stopped in its place.
    fn end(&self) {
        *self.lock() = Phase::Finished;
    }

    /// Asks the engine to stop the statement if it only reads, or whatever it does. Returns whether it is over.
    fn stop_once(&self, engine: &Engine, also_writes: bool) -> bool {
        let phase = self.lock();
        match *phase {
            Phase::Executing { thread, reads_only } if reads_only || also_writes => {
                if let Err(error) = engine.kill_statement_of(thread) {
                    tracing::warn!(%error, "a statement cannot be stopped");
                }
                false
            }
            // What writes is left alone.
            Phase::Executing { .. } | Phase::Finished => true,
            Phase::Waiting => false,
        }
    }

    fn stop(&self, engine: &Engine) {
        let mut pause = Duration::from_millis(20);
        for _ in 0..KILL_ATTEMPTS_MAX {
            if self.stop_once(engine, false) {
                return;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(1));
        }
        tracing::warn!("a statement whose client is gone does not stop");
    }
}

/// A statement that its thread runs.
pub struct Executing<'running>(&'running Running);

impl Drop for Executing<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// All statements, by the identifier that their clients know.
pub struct Registry {
    engine: Arc<Engine>,
    statements: Mutex<HashMap<String, Arc<Running>>>,
}

/// A place in the registry, given up when dropped.
pub struct Entry {
    registry: Arc<Registry>,
    query_id: String,
    running: Arc<Running>,
}

impl Registry {
    /// An empty one.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, statements: Mutex::new(HashMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Running>>> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a statement. Two with one identifier cannot run at once.
    pub fn enter(self: &Arc<Self>, query_id: &str) -> Result<Entry, Exception> {
        let running = Arc::new(Running { phase: Mutex::new(Phase::Waiting), abandoned: AtomicBool::new(false) });
        let mut statements = self.lock();
        if statements.contains_key(query_id) {
            return Err(Exception::new(
                ErrorCode::QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
                format!("Query with id = {query_id} is already running."),
            ));
        }
        statements.insert(query_id.to_owned(), running.clone());
        Ok(Entry { registry: self.clone(), query_id: query_id.to_owned(), running })
    }

    /// The engine's own identifier of a statement that clients know by another.
    pub fn engine_query_id(&self, query_id: &str) -> Result<Option<String>, Exception> {
        let running = self.lock().get(query_id).cloned();
        let phase = running.map(|running| *running.lock());
        match phase {
            Some(Phase::Executing { thread, .. }) => self.engine.query_id_of(thread),
            Some(Phase::Waiting | Phase::Finished) | None => Ok(None),
        }
    }

    /// How many have not ended.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Asks the engine to stop everything, also what writes.
    pub fn stop_all(&self) {
        let all: Vec<Arc<Running>> = self.lock().values().cloned().collect();
        for running in all {
            running.abandoned.store(true, Ordering::Release);
            running.stop_once(&self.engine, true);
        }
    }
}

impl Entry {
    /// The identifier that the client knows.
    pub fn query_id(&self) -> &str {
        &self.query_id
    }

    /// The statement.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Stops the statement when dropped unreleased.
    pub fn guard(&self) -> AbandonGuard {
        AbandonGuard { running: Some(self.running.clone()), engine: self.registry.engine.clone() }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.running.end();
        self.registry.lock().remove(&self.query_id);
    }
}

/// Held by whoever waits for a statement's result.
pub struct AbandonGuard {
    running: Option<Arc<Running>>,
    engine: Arc<Engine>,
}

impl AbandonGuard {
    /// The result was received.
    pub fn release(mut self) {
        self.running = None;
    }
}

impl Drop for AbandonGuard {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.abandoned.store(true, Ordering::Release);
        let engine = self.engine.clone();
        if *running.lock() != Phase::Finished
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn_blocking(move || running.stop(&engine));
        }
    }
}
