//! Whether pages can reach this collector: every 30 s a beacon goes the way that theirs go, from outside, by the address of the configuration.
//!
//! It is a beacon like any other: of one page view, in the browser's own format, for the site [`PROBE_SITE`], which no configuration can have. So it takes part in everything that can
//! fail (names, TLS, proxies, the collector, its disk, ClickHouse) and counts nowhere: no question of the report is about that site, and its rows are marked as a bot's by its
//! user agent. What answers is the collector at that address, which may be another one than this; `alarms.probe_url` must be set there, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use beacon_format::{Beacon, Head, Id, Nav, PageView, Reason, encode};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::client::{Answer, Client, Message, Target};
use super::clock::Clock;
use crate::metrics::Metrics;
use crate::site::PROBE_SITE;
use crate::supervise::stopped;

/// What the beacon is sent as: a word that only robots use marks its rows.
const USER_AGENT: &str = concat!("slowtax-probe-bot/", env!("CARGO_PKG_VERSION"));
/// A probe's beacon takes less.
const BEACON_BYTES_MAX: usize = 512;

/// What the last probe has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeState {
    /// Nothing is probed.
    Off,
    /// Beacons arrive; or no probe is back yet.
    Ok,
    /// They do not.
    Failing {
        /// Since the first probe that failed, Unix seconds by the system's clock.
        since: i64,
    },
}

impl ProbeState {
    /// Every name, for `/metrics`.
    pub const NAMES: [&'static str; 3] = ["off", "ok", "failing"];

    /// Its place among them.
    pub fn place(self) -> u64 {
        match self {
            Self::Off => 0,
            Self::Ok => 1,
            Self::Failing { .. } => 2,
        }
    }
}

const OFF: i64 = i64::MIN;
const OK: i64 = i64::MAX;

/// What the collector knows of its own reachability. Shared by who probes and who asks.
#[derive(Debug)]
pub struct SelfHealth(AtomicI64);

impl SelfHealth {
    /// `is_probed`: whether there is an address to probe.
    pub fn new(is_probed: bool) -> Self {
        Self(AtomicI64::new(if is_probed { OK } else { OFF }))
    }

    /// What the last probe has shown.
    pub fn state(&self) -> ProbeState {
        match self.0.load(Ordering::Relaxed) {
            OFF => ProbeState::Off,
            OK => ProbeState::Ok,
            since => ProbeState::Failing { since },
        }
    }

    /// A probe that began at `now` is back; whether that changes anything.
    fn probed(&self, arrived: bool, now: i64) -> bool {
        let was = self.state();
        match (arrived, was) {
            (true, _) => self.0.store(OK, Ordering::Relaxed),
            (false, ProbeState::Failing { .. }) => {}
            (false, _) => self.0.store(now, Ordering::Relaxed),
        }
        was.place() != self.state().place()
    }
}

/// Probes until it is to stop. Without an address it does nothing.
pub async fn probe(
    health: Arc<SelfHealth>,
    url: &str,
    client: Client,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) {
    metrics.probe_state.set(health.state().place());
    let Some(target) = Target::new(url).and_then(|target| target.below("/v1/beacon")) else { return };
    let mut ticks = interval(Clock::from_environment().patience().probe_pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            _ = ticks.tick() => {}
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let message = message(u64::try_from(now.as_millis()).unwrap_or_default(), rand::random());
        let failure = failure(client.send(&target, &message).await);
        metrics.probes.count(failure.is_none());
        let is_news = health.probed(failure.is_none(), i64::try_from(now.as_secs()).unwrap_or_default());
        metrics.probe_state.set(health.state().place());
        match failure {
            None if is_news => tracing::info!("probes arrive again"),
            Some(reason) if is_news => tracing::warn!(reason, "a probe through alarms.probe_url did not arrive"),
            _ => {}
        }
    }
}

/// Why a probe did not arrive. 202 is the collector's answer where it leaves sessions out: it is there.
fn failure(answer: Result<Answer, String>) -> Option<String> {
    match answer {
        Ok(Answer { status: 202 | 204, .. }) => None,
        Ok(Answer { status, text, .. }) => Some(format!("{status} {text}").trim_end().to_owned()),
        Err(reason) => Some(reason),
    }
}

/// A view that is a session of its own.
fn message(now_ms: u64, random: u32) -> Message {
    let id = Id::new(now_ms, random);
    let beacon = Beacon {
        head: Head {
            site: PROBE_SITE.into(),
            time_origin_ms: now_ms,
            session_id: id,
            view_id: id,
            reason: Reason::Settled,
            weight: 1,
            ..Head::default()
        },
        view: Some(PageView { path: "/".into(), nav: Nav::Entry, view_number: 1, ..PageView::default() }),
        ..Beacon::default()
    };
    let mut bytes = vec![0; BEACON_BYTES_MAX];
    let length = encode(&beacon, &mut bytes);
    bytes.truncate(length);
    let headers = vec![("content-type", "application/octet-stream".to_owned()), ("user-agent", USER_AGENT.to_owned())];
    Message { body: Some(bytes), headers }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SiteConfig;
    use crate::enrich::client_hints::ClientHints;
    use crate::enrich::user_agent::UserAgents;
    use crate::enrich::{RequestFacts, Tools, enrich};
    use crate::site::Site;

    #[test]
    fn a_probe_is_a_view_of_its_own_site_and_a_bots() {
        let message = message(1_795_000_000_123, 7);
        let body = message.body.unwrap();
        let beacon = beacon_format::decode(&body).unwrap();
        assert_eq!(beacon.head.site, PROBE_SITE);
        let user_agents = UserAgents::new().expect("npm packages are installed by cargo xtask");
        let tools = Tools { geo: None, user_agents, metrics: Arc::default() };
        let facts = RequestFacts {
            client: None,
            user_agent: USER_AGENT,
            hints: ClientHints::default(),
            received_ms: 1_795_000_000_200,
        };
        let site = Site::new(0, PROBE_SITE, &SiteConfig::of_probe());
        let view = enrich(&beacon, &facts, &site, &tools).unwrap().page_view.unwrap();
        assert_eq!((view.site.as_str(), view.is_bot), (PROBE_SITE, true));
    }

    #[test]
    fn it_fails_since_the_first_probe_that_did_and_is_well_with_the_next_that_arrives() {
        let health = SelfHealth::new(true);
        assert_eq!(health.state(), ProbeState::Ok);
        assert!(!health.probed(true, 10));
        assert!(health.probed(false, 40) && !health.probed(false, 70));
        assert_eq!(health.state(), ProbeState::Failing { since: 40 });
        assert!(health.probed(true, 100));
        assert_eq!(health.state(), ProbeState::Ok);
        assert_eq!(SelfHealth::new(false).state(), ProbeState::Off);
    }

    #[test]
    fn only_the_collectors_own_answers_count() {
        let answer = |status| failure(Ok(Answer { status, retry_after: None, text: String::new() }));
        assert_eq!((answer(204), answer(202)), (None, None));
        for status in [200, 301, 403, 429, 502, 503] {
            assert_eq!(answer(status), Some(status.to_string()), "a proxy's page is no arrival");
        }
        assert!(failure(Err("no answer".to_owned())).is_some());
    }
}
