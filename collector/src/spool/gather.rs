//! Beacons that one thread takes at the same moment go to the spool's thread as one message, and come back as one: to wake a thread costs more than
//! what it is woken for.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::spawn_local;

use super::format::RECORD_BYTES_MAX;
use super::{Full, Spool};
use crate::store::rows::EncodedRows;

/// Beacons that go together, at most.
const TOGETHER_MAX: usize = 256;

#[derive(Default)]
struct Together {
    records: Vec<EncodedRows>,
    answers: Vec<oneshot::Sender<Result<(), Full>>>,
}

/// One thread's way into the spool. To be used within a `tokio::task::LocalSet`.
#[derive(Clone)]
pub struct Gatherer {
    spool: Arc<Spool>,
    waiting: Rc<RefCell<Together>>,
}

impl Gatherer {
    /// For the thread that calls it.
    pub fn new(spool: Arc<Spool>) -> Self {
        Self { spool, waiting: Rc::default() }
    }

    /// As [`Spool::append`], with those that this thread takes at the same moment. Of these none is there when there is no room for all.
    pub async fn append(&self, encoded: EncodedRows) -> Result<(), Full> {
        if encoded.payload.is_empty() {
            return Ok(());
        }
        if encoded.payload.len() > RECORD_BYTES_MAX {
            return Err(Full);
        }
        let (answer, answered) = oneshot::channel();
        let count = {
            let mut waiting = self.waiting.borrow_mut();
            waiting.records.push(encoded);
            waiting.answers.push(answer);
            waiting.records.len()
        };
        if count == 1 {
            // A task of its own: who waits for it may go away. Those that are ready now run before it.
            spawn_local(self.clone().send());
        } else if count == TOGETHER_MAX {
            spawn_local(self.take().send());
        }
        answered.await.unwrap_or(Err(Full))
    }

    /// One that has what waits here, and nothing is left.
    fn take(&self) -> Self {
        Self { spool: self.spool.clone(), waiting: Rc::new(RefCell::new(self.waiting.take())) }
    }

    async fn send(self) {
        let Together { records, answers } = self.waiting.take();
        let result = self.spool.append_all(records).await;
        for answer in answers {
            // Who has gone away meanwhile may ask again: the same snapshot again changes nothing.
            let _ = answer.send(result);
        }
    }
}
