//! What a run counts, written down in the ledger.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::ledger::{Ledger, Line, RunCount};
use crate::metrics::Metrics;
use crate::reject::Reject;

/// Pause between what a run writes down of its count.
const COUNT_PAUSE: Duration = Duration::from_secs(10);

/// A moment of a run at which its count is written down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Began,
    GoesOn,
    Ended,
}

/// What a run counts, and where it is written down.
#[derive(Clone)]
pub(super) struct Count {
    pub(super) run: String,
    pub(super) metrics: Arc<Metrics>,
    pub(super) ledger: Arc<Ledger>,
}

impl Count {
    pub(super) async fn tell(&self, moment: Moment) {
        let (metrics, ledger) = (&self.metrics, self.ledger.clone());
        let reasons = Reject::ALL.iter().map(|reject| (reject.reason().to_owned(), metrics.rejected(*reject)));
        // In this order: what arrives meanwhile has been received, and is not rejected or accepted yet.
        let (records, accepted) = (metrics.records_accepted.get(), metrics.beacons_accepted.get());
        let rejected = reasons.filter(|(_, count)| *count > 0).collect();
        let received = metrics.beacons_received.get();
        let (began, ended) = (moment == Moment::Began, moment == Moment::Ended);
        let line = Line::Run(RunCount { run: self.run.clone(), received, accepted, rejected, records, began, ended });
        // It waits for the disk. A panic in there is told by the runtime.
        let _ = spawn_blocking(move || ledger.tell(&line, OffsetDateTime::now_utc())).await;
    }
}

/// Writes down what is counted, while it changes; never ends.
pub(super) async fn keep_count(count: Count) {
    let mut last = 0;
    loop {
        sleep(COUNT_PAUSE).await;
        let received = count.metrics.beacons_received.get();
        if std::mem::replace(&mut last, received) != received {
            count.tell(Moment::GoesOn).await;
        }
    }
}
