//! Which segment goes next, and when. No I/O, no clock.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::breaker::{Breaker, BreakerState, Opening};
use super::concurrency::{Concurrency, Round};
use super::job::{Job, Refusal};
use crate::spool::Sealed;
use crate::store::{ErrorClass, StoreError};

/// Segments that may have been begun and not be stored yet, besides those that are set aside.
const BEGUN_MAX: usize = 8;
/// Segments that may be set aside; with more, the writer waits.
const ASIDE_MAX: usize = 8;
/// How many segments may be begun after one that is not stored yet. ClickHouse knows a token for as long as the table's window reaches: 10,000
/// insertions of all collectors together, of which a segment makes up to six in a rollup (three views into it, two months). One whose answer was lost must
/// come back before that.
const OVERTAKING_MAX: u64 = 64;

/// An attempt that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    round: Round,
    opening: Opening,
}

/// Of a segment that is under way.
#[derive(Clone, Copy, Debug)]
struct Running {
    bytes: u64,
    /// Why the attempt before this one failed.
    refusal: Option<Refusal>,
}

/// Segments that wait for their turn or are under way.
#[derive(Debug)]
pub(super) struct Flow {
    concurrency: Concurrency,
    breaker: Breaker,
    waiting: Vec<Job>,
    /// By number.
    running: BTreeMap<u64, Running>,
    taken: u64,
}

impl Flow {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            concurrency: Concurrency::default(),
            breaker: Breaker::new(now),
            waiting: Vec::new(),
            running: BTreeMap::new(),
            taken: 0,
        }
    }

    /// Whether one more segment is to be taken out of the spool now.
    pub(super) fn wants_more(&self, now: Instant) -> bool {
        let begun = self.waiting.iter().filter(|job| !job.is_aside());
        let oldest = begun.clone().map(|job| job.number).chain(self.running.keys().copied()).min();
        self.running.len() < self.concurrency.limit()
            && self.breaker.admits(now)
            && !self.waiting.iter().any(|job| job.retry_at <= now)
            && begun.count() + self.running.len() < BEGUN_MAX
            && self.waiting.iter().filter(|job| job.is_aside()).count() < ASIDE_MAX
            && oldest.is_none_or(|oldest| self.taken - oldest < OVERTAKING_MAX)
    }

    /// Takes one more segment.
    pub(super) fn take(&mut self, segment: Sealed, now: Instant) {
        self.waiting.push(Job::new(segment, self.taken, now));
        self.taken += 1;
    }

    /// What is to be attempted now, next to what is under way already. Of those whose time has come the one that has waited longest, so that one that
    /// fails for a reason of its own does not stand before the others.
    pub(super) fn begin(&mut self, now: Instant) -> Option<(Job, Ticket)> {
        if !self.breaker.admits(now) {
            return None;
        }
        let due = self.waiting.iter().enumerate().filter(|(_, job)| job.retry_at <= now);
        let (place, next) = due.min_by_key(|(_, job)| (job.retry_at, job.number))?;
        let running_bytes = self.running.values().map(|running| running.bytes).sum();
        if !self.concurrency.admits(self.running.len(), running_bytes, next.segment.bytes) {
            return None;
        }
        let mut job = self.waiting.swap_remove(place);
        job.attempts = job.attempts.saturating_add(1);
        self.running.insert(job.number, Running { bytes: job.segment.bytes, refusal: job.refusal });
        Some((job, Ticket { round: self.concurrency.begin(), opening: self.breaker.begin() }))
    }

    /// A segment is stored. `has_backlog`: many others wait in the spool.
    pub(super) fn stored(&mut self, job: &Job, ticket: Ticket, has_backlog: bool) {
        self.running.remove(&job.number);
        self.concurrency.succeeded(has_backlog);
        self.breaker.succeeded(ticket.opening);
    }

    /// ClickHouse has not taken a segment, or not all of it.
    pub(super) fn refused(&mut self, mut job: Job, ticket: Ticket, error: &StoreError, now: Instant, random: u32) {
        self.running.remove(&job.number);
        if matches!(error.class, ErrorClass::Passing | ErrorClass::TooManyParts) {
            self.concurrency.failed(ticket.round);
        }
        self.breaker.failed(ticket.opening, error.class, now, random);
        job.refusal = Some((error.class, error.code));
        job.retry_at = now + job.backoff.next(error.class, random);
        self.waiting.push(job);
    }

    /// A segment could not be read, or its refused rows not be written: ClickHouse has nothing to do with that.
    pub(super) fn came_to_nothing(&mut self, mut job: Job, ticket: Ticket, now: Instant, random: u32) {
        self.running.remove(&job.number);
        self.breaker.came_to_nothing(ticket.opening, now);
        job.refusal = None;
        job.retry_at = now + job.backoff.next(ErrorClass::Setup, random);
        self.waiting.push(job);
    }

    /// When to look again, if nothing happens before.
    pub(super) fn wakes_at(&self, now: Instant) -> Option<Instant> {
        let times = self.waiting.iter().map(|job| job.retry_at).chain(self.breaker.opens_up_at());
        times.filter(|time| *time > now).min()
    }

    /// Whether every segment that was taken is stored.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    pub(super) fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    pub(super) fn concurrency(&self) -> usize {
        self.concurrency.limit()
    }

    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    pub(super) fn aside(&self) -> usize {
        self.waiting.iter().filter(|job| job.is_aside()).count()
    }

    /// How a segment was refused that is not stored for this reason.
    pub(super) fn refused_as(&self, class: ErrorClass) -> Option<Refusal> {
        let waiting = self.waiting.iter().filter_map(|job| job.refusal);
        let mut refusals = waiting.chain(self.running.values().filter_map(|running| running.refusal));
        refusals.find(|(refused, _)| *refused == class)
    }

    /// The same, unless it is a failure that may pass by itself and has not happened again and again.
    pub(super) fn trouble(&self, class: ErrorClass) -> Option<Refusal> {
        let may_pass = class == ErrorClass::Passing && self.breaker.state() == BreakerState::Closed;
        if may_pass { None } else { self.refused_as(class) }
    }
}

#[cfg(test)]
mod tests;
