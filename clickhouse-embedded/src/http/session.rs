//! Named sessions: `session_id` keeps settings, current database and temporary tables from one request to the next.
//!
//! A session is an engine connection that is put aside between requests. It serves one request at a time, goes when it
//! has been idle for its timeout, and there is a bounded number of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::{Connection, Engine};
use crate::exception::{ErrorCode, Exception};
use crate::limits::SESSIONS_MAX;

/// What a request says of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOptions {
    /// Its name.
    pub id: String,
    /// How long it may be idle from now on.
    pub timeout: Duration,
    /// Whether it must exist already.
    pub must_exist: bool,
    /// Whether it ends with this request.
    pub close: bool,
}

enum Slot {
    Busy,
    Idle { connection: Connection, since: Instant, timeout: Duration },
}

/// The sessions.
#[derive(Default)]
pub struct Sessions {
    slots: Mutex<HashMap<String, Slot>>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a session's connection, making the session if there is none. Blocks, briefly.
    ///
    /// The session ends if what is returned is dropped without [`TakenSession::put_back`].
    pub fn take<'sessions>(
        &'sessions self,
        options: &'sessions SessionOptions,
        engine: &Engine,
    ) -> Result<TakenSession<'sessions>, Exception> {
        let taken = |connection| TakenSession { sessions: self, options, connection: Some(connection) };
        let evicted;
        {
            let mut slots = self.lock();
            if options.must_exist && !slots.contains_key(&options.id) {
                return Err(not_found(&options.id));
            }
            match slots.get_mut(&options.id) {
                Some(Slot::Busy) => {
                    return Err(Exception::new(
                        ErrorCode::SESSION_IS_LOCKED,
                        format!("Session {} is locked by a concurrent client", options.id),
                    ));
                }
                Some(slot) => match std::mem::replace(slot, Slot::Busy) {
                    Slot::Idle { connection, since, timeout } if since.elapsed() < timeout => {
                        return Ok(taken(connection));
                    }
                    expired => evicted = Some(expired),
                },
                None => evicted = make_room(&mut slots)?,
            }
            if options.must_exist {
                slots.remove(&options.id);
                return Err(not_found(&options.id));
            }
            slots.insert(options.id.clone(), Slot::Busy);
        }
        // Outside of the lock: closing and opening a connection takes the engine's locks.
        drop(evicted);
        engine.connect().map(taken).inspect_err(|_| self.forget(&options.id))
    }

    fn forget(&self, id: &str) {
        let slot = self.lock().remove(id);
        drop(slot);
    }

    /// Ends what has been idle for too long. Blocks, briefly.
    pub fn expire(&self) {
        let mut expired = Vec::new();
        self.lock().retain(|_, slot| {
            let keep = !matches!(slot, Slot::Idle { since, timeout, .. } if since.elapsed() >= *timeout);
            if !keep {
                expired.push(std::mem::replace(slot, Slot::Busy));
            }
            keep
        });
    }

    /// Ends all.
    pub fn close_all(&self) {
        let slots = std::mem::take(&mut *self.lock());
        drop(slots);
    }
}

/// A session in use.
pub struct TakenSession<'sessions> {
    sessions: &'sessions Sessions,
    options: &'sessions SessionOptions,
    connection: Option<Connection>,
}

impl TakenSession<'_> {
    /// Its connection.
    pub fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    /// Puts it aside for the next request, or ends it if the request wants that.
    pub fn put_back(mut self) {
        if self.options.close {
            return;
        }
        if let Some(connection) = self.connection.take() {
            let slot = Slot::Idle { connection, since: Instant::now(), timeout: self.options.timeout };
            self.sessions.lock().insert(self.options.id.clone(), slot);
        }
    }
}

impl Drop for TakenSession<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.sessions.forget(&self.options.id);
            drop(connection);
        }
    }
}

fn not_found(id: &str) -> Exception {
    Exception::new(ErrorCode::SESSION_NOT_FOUND, format!("Session {id} not found"))
}

/// Takes out the session that has been idle longest if there are too many.
fn make_room(slots: &mut HashMap<String, Slot>) -> Result<Option<Slot>, Exception> {
    if slots.len() < SESSIONS_MAX {
        return Ok(None);
    }
    let oldest = slots
        .iter()
        .filter_map(|(id, slot)| match slot {
            Slot::Idle { since, .. } => Some((*since, id.clone())),
            Slot::Busy => None,
        })
        .min();
    match oldest {
        Some((_, id)) => Ok(slots.remove(&id)),
        None => Err(Exception::new(
            ErrorCode::TOO_MANY_SIMULTANEOUS_QUERIES,
            format!("Too many sessions: {SESSIONS_MAX} are in use"),
        )),
    }
}
