//! Notifications on their way: what was put is on disk, and waits there for each of its receivers until that has it.
//!
//! A batch is what was put at once: one message to each of its receivers. They are independent of each other: one that is dead keeps its own batches
//! waiting, in their order.
//!
//! **Sent once, or known to be sent twice.** An id that was had is not taken again for 7 days. Between a receiver's answer and the note of it ([`Outbox::note`]) there is
//! one write to the disk: only a crash in that moment, or an answer that was lost on its way, makes a message go again. It then has the same ids,
//! and the same idempotency key, by which its receiver can tell.
//!
//! **Bounds.** [`WAITING_MAX`] notifications wait, each for [`WAIT_S_MAX`] at most; [`HAD_MAX`] ids are remembered, and [`OPEN_MAX`] open alarms. What is
//! dropped is counted by reason, and told in the log.
//!
//! Time is that of the system at the start, and counts on evenly from there: a clock that is set drops nothing.

mod journal;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::notification::Notification;
use crate::config::{ReceiverConfig, ReceiverKind};
use journal::Journal;
pub use state::{BATCH_MAX, HAD_MAX, HAD_S_MAX, OPEN_MAX, WAIT_S_MAX, WAITING_MAX, Why};
use state::{Gone, Record, State};

/// Where no receiver says otherwise, an alarm that still fires is told again after four hours, in seconds.
pub const DEFAULT_REPEAT_S: i64 = 4 * 3600;
/// Longest id.
const ID_BYTES_MAX: usize = 200;
/// Longest summary, in characters, and longest of the other texts; what is longer is cut.
const SUMMARY_CHARS_MAX: usize = 1000;
/// See [`SUMMARY_CHARS_MAX`].
const TEXT_CHARS_MAX: usize = 200;
/// Longest link in bytes; a longer one is left out, since half of one leads nowhere.
const LINK_BYTES_MAX: usize = 2000;

/// A receiver's first message.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its number, for [`Outbox::note`].
    pub number: u64,
    /// What it tells, in the order in which it was put.
    pub notifications: Vec<Notification>,
}

/// What waits at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Notifications.
    pub waiting: usize,
    /// How long the oldest of them has waited; 0 when there is none.
    pub oldest_age: Duration,
}

/// Lost notifications, by the kind of their receiver (none where that is not configured any more) and the reason.
pub type Lost = BTreeMap<(Option<ReceiverKind>, Why), usize>;

/// See the module. Its methods wait for the disk.
#[derive(Debug)]
pub struct Outbox {
    receivers: BTreeMap<String, ReceiverConfig>,
    core: Mutex<Core>,
    /// Unix seconds at the start, and the start.
    started: (i64, Instant),
    /// Sent whenever something was put.
    puts: watch::Sender<u64>,
}

#[derive(Debug)]
struct Core {
    state: State,
    journal: Journal,
    lost: Lost,
    /// Lines of the journal that could not be read.
    damaged: usize,
}

impl Outbox {
    /// Opens the outbox in a directory, which is made where it is missing. What cannot be read of it is set aside and counted; what waits for receivers that are
    /// not among these is dropped.
    pub fn open(dir: &Path, receivers: &BTreeMap<String, ReceiverConfig>) -> io::Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self::open_at(dir, receivers, i64::try_from(now).unwrap_or(i64::MAX))
    }

    fn open_at(dir: &Path, receivers: &BTreeMap<String, ReceiverConfig>, now: i64) -> io::Result<Self> {
        let (journal, records, damaged) = Journal::open(dir)?;
        if damaged > 0 {
            tracing::warn!(lines = damaged, "lines of the outbox cannot be read, and a copy of its file is kept");
        }
        let mut state = State::default();
        for record in records {
            state.apply(record);
        }
        state.forget(receivers, now);
        let core = Mutex::new(Core { state, journal, lost: Lost::new(), damaged });
        let outbox =
            Self { receivers: receivers.clone(), core, started: (now, Instant::now()), puts: watch::channel(0).0 };
        // A disk that is full is no reason not to start: they go later. After damage anything that is written makes a new file.
        let mended = if damaged > 0 { outbox.lock().write(vec![Record::Next { batch: 0 }], receivers) } else { Ok(()) };
        if let Err(error) = mended.and_then(|()| outbox.let_go()) {
            tracing::warn!(%error, "the outbox cannot be written");
        }
        Ok(outbox)
    }

    /// Takes notifications, on disk when it returns; those whose ids it has had are left out. They go to whom they concern in one message, or in one for each
    /// [`BATCH_MAX`]. An alarm may be in them once. After an error nothing may be lost by putting the same again.
    pub fn put(&self, notifications: &[Notification]) -> io::Result<()> {
        let is_named = |notification: &Notification| (1..=ID_BYTES_MAX).contains(&notification.id.len());
        if notifications.len() > WAITING_MAX || !notifications.iter().all(is_named) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many notifications, or one without an id"));
        }
        let (now, mut core) = (self.now(), self.lock());
        core.state.forget(&self.receivers, now);
        let records = core.state.to_put(notifications.iter().map(cut).collect(), &self.receivers, now);
        if !records.is_empty() {
            core.write(records, &self.receivers)?;
            drop(core);
            self.puts.send_modify(|puts| *puts += 1);
        }
        Ok(())
    }

    /// A receiver's first message that it does not have yet.
    pub fn first(&self, receiver: &str) -> Option<Batch> {
        let (number, notifications) = self.lock().state.first(receiver)?;
        Some(Batch { number, notifications })
    }

    /// Notes what has become of a receiver's message. Where that cannot be written it holds until the end of the run.
    pub fn note(&self, receiver: &str, batch: u64, why: Why) {
        let gone = Record::Gone { batch, receiver: Some(receiver.to_owned()), places: None, why };
        let mut core = self.lock();
        if let Err(error) = core.write(vec![gone.clone()], &self.receivers) {
            tracing::error!(%error, receiver, "the outbox cannot be written: after a restart a message goes again");
            let gone = core.state.apply(gone);
            core.count(gone, &self.receivers);
        }
    }

    /// Alarms that are open at the moment, of those that concern a receiver.
    pub fn open_alarms(&self, receiver: &str) -> Vec<Notification> {
        let receiver = self.receivers.get(receiver);
        receiver.map(|receiver| self.lock().state.open(receiver)).unwrap_or_default()
    }

    /// Drops what has waited too long, and what has no receiver.
    pub fn let_go(&self) -> io::Result<()> {
        let (now, mut core) = (self.now(), self.lock());
        core.state.forget(&self.receivers, now);
        let records = core.state.to_let_go(&self.receivers, now);
        if records.is_empty() { Ok(()) } else { core.write(records, &self.receivers) }
    }

    /// What waits.
    pub fn standing(&self) -> Standing {
        let (now, core) = (self.now(), self.lock());
        let age = core.state.oldest().map_or(0, |oldest| now.saturating_sub(oldest));
        let oldest_age = Duration::from_secs(u64::try_from(age).unwrap_or_default());
        Standing { waiting: core.state.waiting(), oldest_age }
    }

    /// What was lost since this was asked last: notifications, and lines of the journal.
    pub fn take_lost(&self) -> (Lost, usize) {
        let mut core = self.lock();
        (std::mem::take(&mut core.lost), std::mem::take(&mut core.damaged))
    }

    /// Changes whenever something was put.
    pub fn puts(&self) -> watch::Receiver<u64> {
        self.puts.subscribe()
    }

    /// Whom it delivers to, by name.
    pub fn receivers(&self) -> &BTreeMap<String, ReceiverConfig> {
        &self.receivers
    }

    /// Seconds after which an alarm that still fires is told again: the shortest of its receivers', each of which is told no more often than it wants.
    pub fn repeat_s(&self) -> i64 {
        let shortest = self.receivers.values().map(|receiver| i64::from(receiver.repeat_h) * 3600).min();
        shortest.unwrap_or(DEFAULT_REPEAT_S)
    }

    fn now(&self) -> i64 {
        self.started.0.saturating_add(i64::try_from(self.started.1.elapsed().as_secs()).unwrap_or(i64::MAX))
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// First on disk, then in memory: what was not written did not happen.
    fn write(&mut self, records: Vec<Record>, receivers: &BTreeMap<String, ReceiverConfig>) -> io::Result<()> {
        let Self { state, journal, .. } = self;
        journal.append(&records, || state.records())?;
        for record in records {
            let gone = self.state.apply(record);
            self.count(gone, receivers);
        }
        Ok(())
    }

    fn count(&mut self, gone: Vec<Gone>, receivers: &BTreeMap<String, ReceiverConfig>) {
        for (receiver, why, count) in gone {
            if why != Why::Delivered && count > 0 {
                tracing::error!(receiver, reason = why.name(), notifications = count, "notifications are dropped");
                let kind = receivers.get(&receiver).map(|receiver| receiver.kind);
                *self.lost.entry((kind, why)).or_default() += count;
            }
        }
    }
}

/// A notification whose texts are within their limits, and one line each.
fn cut(notification: &Notification) -> Notification {
    let at_most = |text: &str, max: usize| -> String {
        text.chars().take(max).map(|character| if is_unshown(character) { ' ' } else { character }).collect()
    };
    let text = |text: &str| at_most(text, TEXT_CHARS_MAX);
    let link = &notification.link;
    let is_link = link.len() <= LINK_BYTES_MAX && !link.chars().any(|it| it.is_control() || it.is_whitespace());
    Notification {
        site: text(&notification.site),
        rule: text(&notification.rule),
        country: text(&notification.country),
        page_group: text(&notification.page_group),
        urgency: text(&notification.urgency),
        fingerprint: text(&notification.fingerprint),
        incident_id: text(&notification.incident_id),
        summary: at_most(&notification.summary, SUMMARY_CHARS_MAX),
        link: if is_link { link.clone() } else { String::new() },
        ..notification.clone()
    }
}

/// Line ends and their like, and what turns the direction in which the rest is read.
fn is_unshown(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}
