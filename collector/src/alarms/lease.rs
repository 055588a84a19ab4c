//! Which of several collectors of one database watches: a lease in ClickHouse.
//!
//! **Claims** are rows of `watch_claims`, with ClickHouse's own time: no two machines need agree on what time it is. The earliest claim that holds wins.
//!
//! **To take it**: where no claim holds, one is made; two seconds after its acknowledgement the winner is read, and if it is another one this one is let go of. A
//! claim whose INSERT took over a second is given up. So whoever reads two seconds later sees every claim that is earlier and was not given up.
//!
//! **To keep it**: each minute its holder lets it hold for 150 seconds more, and reads the winner again. A claim that has run out cannot be renewed, however late
//! the statement arrives. The holder acts for 120 seconds after it *began* to renew, by a clock that nobody sets; ClickHouse lets the claim hold for 150
//! after it was *done*. So there are 30 seconds in which nobody watches, for what was on its way.
//!
//! **What it does not do**: an INSERT that the holder sent in time and that ClickHouse finishes a long time later is not kept from the table. It would be an alarm's
//! row of an older version than the next holder's. And an outbox is its collector's own: one that dies between telling and writing leaves the next to tell it once more, by the same
//! identifier; what it has told and its receivers have not taken yet waits until it is started again, or until the alarm is told again.
//!
//! A cluster's servers do not see each other's rows at once: there, let one collector watch (`alarms.enabled = false` elsewhere).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::metrics::Metrics;
use crate::store::{Store, StoreError};

/// How long things take; see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// For so long a claim holds in ClickHouse.
    pub held: Duration,
    /// For so long its holder acts.
    pub safe: Duration,
    /// Pause between renewals.
    pub renew: Duration,
    /// Between a claim and the look at who wins.
    pub settle: Duration,
    /// Longest INSERT of a claim.
    pub insert_max: Duration,
}

impl Times {
    /// In earnest.
    pub const USUAL: Self = Self {
        held: Duration::from_secs(150),
        safe: Duration::from_mins(2),
        renew: Duration::from_mins(1),
        settle: Duration::from_secs(2),
        insert_max: Duration::from_secs(1),
    };

    /// A tenth of it, where a test holds the clock and waits.
    pub const SHORT: Self = Self {
        held: Duration::from_secs(15),
        safe: Duration::from_secs(12),
        renew: Duration::from_secs(3),
        ..Self::USUAL
    };

    /// Pause before another attempt to take it, or to renew it after a failure.
    fn retry(self) -> Duration {
        self.renew / 6
    }
}

/// A time in which this collector watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its claim.
    pub claim: String,
    /// When the last renewal began.
    pub renewed: Instant,
}

impl Term {
    /// Whether its holder may act.
    pub fn is_safe(&self, times: Times) -> bool {
        self.renewed.elapsed() < times.safe
    }
}

/// Takes the lease, keeps it and takes it again, until `stop`; then lets go of it. `terms` says whether it is held.
pub struct Lease {
    /// ClickHouse, over connections of its own.
    pub store: Store,
    /// Who claims: letters, digits and hyphens.
    pub holder: String,
    /// How long things take.
    pub times: Times,
    /// Has when all sites were judged last, which is told with each renewal.
    pub metrics: Arc<Metrics>,
    /// The present term.
    pub terms: watch::Sender<Option<Term>>,
}

impl Lease {
    /// See the type.
    pub async fn keep(self, mut stop: watch::Receiver<bool>) {
        let mut number = 0_u64;
        loop {
            let next = async {
                let held = self.terms.borrow().clone();
                let pause = match held {
                    None => {
                        number += 1;
                        self.take(format!("{}-{number}", self.holder)).await
                    }
                    Some(term) => self.renew(term).await,
                };
                sleep(pause).await;
            };
            tokio::select! {
                () = next => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        let held = self.terms.send_replace(None);
        let claim = held.map_or_else(|| format!("{}-{number}", self.holder), |term| term.claim);
        let _ = self.store.release_claim(&claim, &self.holder).await;
    }

    /// Tries to take it. Returns the pause until the next step.
    async fn take(&self, claim: String) -> Duration {
        match self.claimed(&claim).await {
            Ok(Some(renewed)) => {
                tracing::info!(claim, "watching for alarms");
                self.terms.send_replace(Some(Term { claim, renewed }));
                self.times.renew
            }
            Ok(None) => self.times.retry(),
            Err(error) => {
                tracing::debug!(%error, "the lease of the watch cannot be claimed");
                // It may have been made all the same. Should this fail, too, it runs out.
                let _ = self.store.release_claim(&claim, &self.holder).await;
                self.times.retry()
            }
        }
    }

    /// Claims. When the claim was begun, if it wins.
    async fn claimed(&self, claim: &str) -> Result<Option<Instant>, StoreError> {
        if !self.store.winning_claim().await?.is_empty() {
            return Ok(None);
        }
        let began = Instant::now();
        self.store.claim(claim, &self.holder, self.times.held).await?;
        let was_quick = began.elapsed() <= self.times.insert_max;
        if was_quick {
            sleep(self.times.settle).await;
            if self.store.winning_claim().await? == claim && began.elapsed() < self.times.safe {
                return Ok(Some(began));
            }
        }
        self.store.release_claim(claim, &self.holder).await?;
        Ok(None)
    }

    /// Renews it, or gives it up. Returns the pause until the next step.
    async fn renew(&self, term: Term) -> Duration {
        let began = Instant::now();
        let left = self.times.safe.saturating_sub(term.renewed.elapsed());
        let judged_s = self.metrics.alarms.last_evaluation_s.get();
        let renewal = async {
            self.store.renew_claim(&term.claim, &self.holder, self.times.held, judged_s).await?;
            self.store.winning_claim().await
        };
        match timeout(left, renewal).await {
            Ok(Ok(winner)) if winner == term.claim => {
                self.terms.send_replace(Some(Term { renewed: began, ..term }));
                self.times.renew
            }
            Ok(Err(error)) if term.is_safe(self.times) => {
                tracing::debug!(%error, "the lease of the watch cannot be renewed");
                self.times.retry()
            }
            _ => {
                tracing::warn!(
                    claim = term.claim,
                    "watching for alarms no longer: the lease could not be renewed in time, or another collector has it"
                );
                self.terms.send_replace(None);
                self.times.retry()
            }
        }
    }
}
