//! Sealed segments into ClickHouse: at most one INSERT per table and segment, repeated with the same rows, order and token until it is
//! stored, and only then removed from the spool. Nothing is dropped here, whatever the error; what cannot be stored waits on disk, and is counted.
//!
//! Segments go one at a time, the tables of each side by side. While a backlog waits several segments go at once ([`concurrency`]). Their order does
//! not matter to ClickHouse: snapshots of a view replace each other by their number, the other raw tables hold rows as they came, and rollups are
//! sums of signed contributions, each made of its own row alone.
//!
//! When ClickHouse is in trouble, one segment at a time asks whether it still is ([`breaker`]). One whose rows ClickHouse refuses is set aside, so that
//! the others pass it, and is tried again slowly. What of a segment is stored already is known in memory only: after a restart all of it is sent
//! again, and ClickHouse knows it by its tokens.

mod alarm;
mod attempt;
mod backoff;
mod breaker;
mod concurrency;
mod flow;
mod job;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::SystemTime;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::spool::{SealedSegments, Spool};
use crate::store::rows::Batch;
use crate::store::{ErrorClass, Store, StoreError};
use alarm::Alarm;
use attempt::Failure;
pub use breaker::BreakerState;
use flow::{Flow, Ticket};
use job::Job;

/// Sealed segments that are a backlog: while one waits, the spool makes the next one larger, which helps more than to send it beside the others.
const BACKLOG_MIN: usize = 2;

/// Where batches go.
pub trait Destination: Clone + Send + Sync + 'static {
    /// Inserts a batch. The same token again changes nothing.
    fn insert(&self, batch: &Batch, token: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl Destination for Store {
    async fn insert(&self, batch: &Batch, token: &str) -> Result<(), StoreError> {
        self.insert_batch(batch, token).await
    }
}

/// Moves segments.
#[derive(Clone)]
pub struct Writer<D = Store> {
    /// Where to.
    pub store: D,
    /// Where from; told what is stored.
    pub spool: Arc<Spool>,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
    /// Told what rows wait for.
    pub readiness: Arc<Readiness>,
    /// Told what is stored.
    pub ledger: Arc<Ledger>,
}

/// An attempt that has ended.
struct Ended {
    job: Job,
    ticket: Ticket,
    result: Result<(), Failure>,
}

impl<D: Destination> Writer<D> {
    /// Stores segments until the spool is closed and every one of them is stored. May be dropped at any time: what is under way then is sent again
    /// by the next run.
    pub async fn run(self, mut sealed: SealedSegments) {
        let mut flow = Flow::new(Instant::now());
        let mut alarms = Alarms::default();
        let mut attempts = JoinSet::new();
        let mut is_closed = false;
        loop {
            let now = Instant::now();
            while let Some((job, ticket)) = flow.begin(now) {
                let writer = self.clone();
                attempts.spawn(async move {
                    let mut job = job;
                    let result = writer.attempt(&mut job).await;
                    Ended { job, ticket, result }
                });
            }
            self.show(&flow);
            if is_closed && flow.is_empty() {
                return;
            }
            let wake = flow.wakes_at(now);
            tokio::select! {
                Some(ended) = attempts.join_next() => {
                    self.account(&mut flow, &mut alarms, ended, sealed.waiting() >= BACKLOG_MIN);
                }
                segment = sealed.next(), if !is_closed && flow.wants_more(now) => match segment {
                    Some(segment) => flow.take(segment, Instant::now()),
                    None => is_closed = true,
                },
                () = sleep_until(wake.unwrap_or(now)), if wake.is_some() => {}
            }
        }
    }

    /// Draws the conclusions from an attempt.
    fn account(&self, flow: &mut Flow, alarms: &mut Alarms, ended: Result<Ended, JoinError>, has_backlog: bool) {
        let Ended { job, ticket, result } = match ended {
            Ok(ended) => ended,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let (now, random) = (Instant::now(), rand::random());
        match result {
            Ok(()) => flow.stored(&job, ticket, has_backlog),
            Err(Failure::Disk(error)) => {
                tracing::error!(segment = %job.segment.name, %error, "a segment cannot be read, or refused rows not be kept; it is tried again");
                flow.came_to_nothing(job, ticket, now, random);
            }
            Err(Failure::Refused(error)) => {
                alarms.tell(&job, &error, now);
                // After the log line: who sees the count finds it there.
                self.metrics.insert_failed(error.class);
                let was_closed = flow.breaker() == BreakerState::Closed;
                flow.refused(job, ticket, &error, now, random);
                if was_closed && flow.breaker() == BreakerState::Open {
                    tracing::warn!(
                        class = error.class.name(),
                        "rows are kept back for a while; then one segment tries for all"
                    );
                }
            }
        }
        for class in ErrorClass::ALL {
            let trouble = flow.trouble(class);
            let code = trouble.and_then(|(_, code)| code);
            self.readiness.rows_wait(class, trouble.is_some(), code, SystemTime::now());
            if flow.refused_as(class).is_none() {
                alarms.is_over(class);
            }
        }
    }

    fn show(&self, flow: &Flow) {
        self.metrics.breaker.set(flow.breaker() as u64);
        self.metrics.insert_concurrency.set(flow.concurrency() as u64);
        self.metrics.segments_in_flight.set(flow.running() as u64);
        self.metrics.segments_aside.set(flow.aside() as u64);
    }
}

/// One for each class of errors, by its place in [`ErrorClass::ALL`].
#[derive(Default)]
struct Alarms([Alarm; ErrorClass::ALL.len()]);

impl Alarms {
    fn tell(&mut self, job: &Job, error: &StoreError, now: Instant) {
        let Some(untold) = self.0[error.class as usize].felt(now) else { return };
        let (segment, rows, class) = (&job.segment.name, job.segment.rows, error.class.name());
        if matches!(error.class, ErrorClass::Setup | ErrorClass::Poison) {
            tracing::error!(
                %segment, rows, class, untold, %error,
                "a segment is not taken by ClickHouse and will not be until somebody acts; it is kept and tried again"
            );
        } else {
            tracing::warn!(%segment, rows, class, untold, %error, "a segment is not stored yet; it is tried again");
        }
    }

    fn is_over(&mut self, class: ErrorClass) {
        if self.0[class as usize].is_over() {
            tracing::info!(class = class.name(), "ClickHouse takes what it did not take");
        }
    }
}
