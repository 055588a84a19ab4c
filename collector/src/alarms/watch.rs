//! The loop: each minute, while this collector has the lease, every site's views are asked, judged, and what comes of it is told and written.
//!
//! **Order.** Notifications go into the outbox, which has them on disk, and then the alarms into ClickHouse. A crash in between judges the same rows again and makes
//! the same identifiers, which the outbox has had. What is judged becomes what stands only when both are done.
//!
//! **A rule** is asked when a new slot is over, twice at once at most, each within 20 seconds; one that fails is counted, does not stop the others, and is asked again
//! a minute later. One whose view is not there is told once. Those that late rows look like are left out while rows wait in the spool for over a minute.

mod site;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::alarm::State;
use super::clock::Clock;
use super::hold::{Holds, Window};
use super::holidays::Holidays;
use super::judge::Circumstances;
use super::lease::{Lease, Term, Times};
use super::notification::Notification;
use super::outbox::Outbox;
use super::questions::Question;
use super::records;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::store::{Store, StoreError};
use site::{Site, probe};

/// What the watch needs of the collector around it.
pub struct Around {
    /// ClickHouse, over connections of its own.
    pub store: Store,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How long the oldest row has waited in the spool.
    pub oldest_age: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// Where notifications go.
    pub outbox: Arc<Outbox>,
    /// For how many seconds the collector's own probe through its public URL has failed; `None` while it does not, and where there is none.
    pub failing_for: Arc<dyn Fn() -> Option<u64> + Send + Sync>,
    /// Called after each judgement of all sites that came to an end.
    pub judged: Arc<dyn Fn() + Send + Sync>,
    /// This run's name, in which no other collector's is.
    pub holder: String,
}

/// What is configured.
#[derive(Clone, Debug)]
pub struct Setup {
    sites: Vec<String>,
    error_objective: f64,
    maintenance: Vec<Window>,
    holidays: Holidays,
    report_url: String,
    memory_bytes_max: u64,
}

impl Setup {
    /// Of a configuration and its holidays file.
    pub fn new(config: &Config, holidays: Holidays) -> Self {
        Self {
            sites: config.sites.keys().cloned().collect(),
            error_objective: config.alarms.error_objective,
            // What does not fit is refused with the configuration.
            maintenance: config.alarms.maintenance.iter().filter_map(Window::parse).collect(),
            holidays,
            report_url: config.report.url.clone(),
            memory_bytes_max: config.clickhouse.report_memory_bytes_max,
        }
    }

    /// What a site is asked at an instant.
    pub(super) fn question(&self, site: &str, at: i64) -> Question {
        Question {
            site: site.to_owned(),
            at,
            error_objective: self.error_objective,
            memory_bytes_max: self.memory_bytes_max,
        }
    }

    /// The sites that are watched.
    pub(super) fn sites(&self) -> &[String] {
        &self.sites
    }

    /// What the judgement depends on beside rows.
    pub(super) fn circumstances<'a>(&'a self, holds: Holds<'a>, repeat_s: i64) -> Circumstances<'a> {
        Circumstances { holds, holidays: &self.holidays, repeat_s, report_url: &self.report_url }
    }

    /// All maintenance windows.
    pub(super) fn maintenance(&self) -> &[Window] {
        &self.maintenance
    }
}

/// Watches until `stop`, whenever this collector has the lease. Begin it when there are tables.
pub async fn run(around: Around, setup: Setup, mut stop: watch::Receiver<bool>) {
    let clock = Clock::from_environment();
    let times = if clock.is_held() { Times::SHORT } else { Times::USUAL };
    let (sender, terms) = watch::channel(None);
    let (stop_lease, lease_stops) = watch::channel(false);
    let (store, holder, metrics) = (around.store.clone(), around.holder.clone(), around.metrics.clone());
    let lease = Lease { store, holder, times, metrics, terms: sender };
    let keeping = tokio::spawn(lease.keep(lease_stops));
    let mut watch = Watch { around, setup, clock, times, terms, term: None, sites: BTreeMap::new(), is_failing: false };
    tokio::select! {
        () = watch.go_on() => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    // Only now, when nothing of ours is on its way any more.
    let _ = stop_lease.send(true);
    let _ = keeping.await;
    watch.around.metrics.alarms.lease_held.set(0);
}

struct Watch {
    around: Around,
    setup: Setup,
    clock: Clock,
    times: Times,
    terms: watch::Receiver<Option<Term>>,
    /// The claim of the term in which `sites` was read.
    term: Option<String>,
    sites: BTreeMap<String, Site>,
    /// A site could not be judged or written when all were last, which was told.
    is_failing: bool,
}

impl Watch {
    /// Never ends.
    async fn go_on(&mut self) {
        let mut last = None;
        loop {
            sleep(self.clock.pause()).await;
            let term = self.terms.borrow().clone().filter(|term| term.is_safe(self.times));
            self.around.metrics.alarms.lease_held.set(u64::from(term.is_some()));
            let Some(term) = term else {
                // Whoever watches now writes; what stands here does not any more.
                self.sites.clear();
                self.term = None;
                self.count_open();
                continue;
            };
            if self.term.as_ref() != Some(&term.claim) {
                self.sites.clear();
                self.term = Some(term.claim);
                last = None;
            }
            let Some(now) = self.clock.now() else { continue };
            if self.clock.is_held() && last == Some(now) {
                continue;
            }
            if self.evaluate(now).await {
                last = Some(now);
            }
        }
    }

    /// All sites once. Whether every one was judged.
    async fn evaluate(&mut self, now: i64) -> bool {
        let mut all = true;
        for site in self.setup.sites.clone() {
            if !self.may_act() {
                return false;
            }
            let mut of_site = self.sites.remove(&site).unwrap_or_default();
            if let Err(error) = self.evaluate_site(&site, &mut of_site, now).await {
                all = false;
                self.around.metrics.alarms.failures.add(1);
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(site, %error, "a site's alarms could not be judged or written; it is tried again in a minute, and told no more until all can be");
                }
            }
            self.sites.insert(site, of_site);
        }
        self.count_open();
        self.is_failing &= !all;
        if all {
            let alarms = &self.around.metrics.alarms;
            alarms.last_evaluation_s.set(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
            alarms.evaluations.add(1);
            (self.around.judged)();
        }
        all
    }

    /// Whether this collector still has the lease in which it has read what stands.
    fn may_act(&self) -> bool {
        let terms = self.terms.borrow();
        terms.as_ref().is_some_and(|term| Some(&term.claim) == self.term.as_ref() && term.is_safe(self.times))
    }

    async fn evaluate_site(&self, site: &str, of_site: &mut Site, now: i64) -> Result<(), Failure> {
        let store = &self.around.store;
        let patience = self.clock.patience();
        let failing_s = (self.around.failing_for)();
        let is_late = (self.around.oldest_age)() > patience.late;
        if failing_s.is_none() && of_site.due(is_late, now).is_empty() && of_site.is_quiet() {
            return Ok(());
        }
        let before = match &of_site.watch {
            Some(watch) => watch.clone(),
            None => records::load(store, site).await?,
        };
        let silences = records::silences(store, site, now).await?;
        let (mut judged, asked) = of_site.ask(&self.around, is_late, &self.setup.question(site, now)).await;
        judged.extend(probe(failing_s, patience, now));
        let holds =
            Holds { now, silences: &silences, maintenance: &self.setup.maintenance, probe_fails: failing_s.is_some() };
        let mut after = before;
        let outcome = after.judge(judged, &self.setup.circumstances(holds, self.around.outbox.repeat_s()));
        of_site.tell_overfull(&self.around, &after, outcome.dropped);
        self.put(&outcome.notifications).await?;
        if !self.may_act() {
            return Err(Failure::LeaseLost);
        }
        records::save(store, site, &outcome).await?;
        // Now it stands, whatever becomes of the prices.
        let mut incidents = after.incidents.clone();
        of_site.watch = Some(after);
        of_site.asked.extend(asked);
        let priced = of_site.pricer.price(store, site, &mut incidents, now, self.setup.memory_bytes_max).await;
        if !priced.is_empty() && self.may_act() {
            records::save_incidents(store, site, &priced).await?;
            if let Some(watch) = &mut of_site.watch {
                watch.incidents = incidents;
            }
        }
        Ok(())
    }

    /// Into the outbox, which waits for the disk.
    async fn put(&self, notifications: &[Notification]) -> Result<(), Failure> {
        if notifications.is_empty() {
            return Ok(());
        }
        if !self.may_act() {
            return Err(Failure::LeaseLost);
        }
        let (outbox, put) = (self.around.outbox.clone(), notifications.to_vec());
        let done = spawn_blocking(move || outbox.put(&put)).await;
        done.unwrap_or_else(|panic| Err(std::io::Error::other(panic))).map_err(Failure::Outbox)?;
        for Notification { id, kind, site, rule, country, summary, .. } in notifications {
            tracing::info!(site, rule, country, what = kind.name(), id, summary, "an alarm is told");
        }
        Ok(())
    }

    fn count_open(&self) {
        let all = || self.sites.values().filter_map(|site| site.watch.as_ref()).flat_map(|watch| &watch.alarms);
        let count = |state| all().filter(|alarm| alarm.state == state).count() as u64;
        self.around.metrics.alarms.pending.set(count(State::Pending));
        self.around.metrics.alarms.firing.set(count(State::Firing));
    }
}

/// Why a site's judgement does not stand.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the outbox does not take what there is to tell: {0}")]
    Outbox(std::io::Error),
    #[error("another collector watches now, or soon")]
    LeaseLost,
}
