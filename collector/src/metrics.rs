//! What is counted, and how `/metrics` shows it: Prometheus' text format, version 0.0.4.

mod alarms;
mod histogram;
mod notifications;
pub mod process;
mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use alarms::AlarmMetrics;
pub use histogram::Histogram;
pub use notifications::{Notifications, Outcomes};
use text::Text;

use crate::reject::Reject;
use crate::store::ErrorClass;
use crate::writer::BreakerState;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// What it stands at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that stands until another is put in its place.
#[derive(Debug, Default)]
pub struct Level(AtomicU64);

impl Level {
    /// Puts another in its place.
    pub fn set(&self, level: u64) {
        self.0.store(level, Ordering::Relaxed);
    }

    /// One more, unless it stands at `max` or above; whether it is.
    pub fn rise(&self, max: u64) -> bool {
        let next = |level: u64| (level < max).then_some(level + 1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    /// One less, after a rise.
    pub fn fall(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// What it stands at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number for each value of a label.
#[derive(Debug)]
struct Counters<const COUNT: usize>([Counter; COUNT]);

impl<const COUNT: usize> Default for Counters<COUNT> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Counter::default()))
    }
}

/// All counters of one collector, from its start.
///
/// `received = accepted + rejected`, for beacons: each one received ends in exactly one of the two.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Beacons that arrived at `POST /v1/beacon`.
    pub beacons_received: Counter,
    /// Beacons whose rows were queued.
    pub beacons_accepted: Counter,
    /// Records put into the spool: one for each beacon, and one for each batch of browser reports. For the ledger.
    pub records_accepted: Counter,
    /// Of the sessions that begin now one of 2 to this power is kept.
    pub shed_level: Level,
    beacons_rejected: Counters<{ Reject::ALL.len() }>,
    requests_refused: Counters<{ Reject::ALL.len() }>,
    reports_rejected: Counters<{ Reject::ALL.len() }>,
    /// Connections that are open.
    pub connections: Level,
    /// Browser reports whose rows were queued.
    pub reports_accepted: Counter,
    /// Rows that ClickHouse has stored.
    pub rows_stored: Counter,
    /// Segments of which ClickHouse has stored every row.
    pub segments_stored: Counter,
    /// Rows that ClickHouse has refused, and that were put into quarantine.
    pub rows_quarantined: Counter,
    /// Segments of the spool that could not be read, and were put aside.
    pub segments_damaged: Counter,
    insert_failures: Counters<{ ErrorClass::ALL.len() }>,
    /// INSERTs that were sent again, because their segment was not stored the time before.
    pub insert_retries: Counter,
    /// How long INSERTs took that succeeded.
    pub inserts_stored: Histogram,
    /// How long INSERTs took that failed.
    pub inserts_failed: Histogram,
    /// Segments that may be on their way to ClickHouse at once.
    pub insert_concurrency: Level,
    /// Segments that are on their way.
    pub segments_in_flight: Level,
    /// Segments that are set aside, because ClickHouse refuses rows of them.
    pub segments_aside: Level,
    /// The writer's breaker: the place of its state in [`BreakerState::ALL`].
    pub breaker: Level,
    /// The embedded ClickHouse's process id while it runs; else 0.
    pub engine_pid: Level,
    /// When the collector was started, in Unix seconds.
    pub started_s: Level,
    /// Pages put into `(other)` because their site has too many groups.
    pub page_groups_other: Counter,
    /// Earlier views left out of a beacon because they began too long ago or in the future.
    pub earlier_views_dropped: Counter,
    /// Starts of the embedded ClickHouse after the first.
    pub engine_restarts: Counter,
    /// When the GeoIP database in use was built, in Unix seconds; 0 without one.
    pub geo_built_s: Level,
    /// GeoIP databases that took the place of the one in use.
    pub geo_reloads: Counter,
    /// GeoIP databases that were to, and could not be used.
    pub geo_reload_failures: Counter,
    /// The watch.
    pub alarms: AlarmMetrics,
    /// Alarms on their way.
    pub notifications: Notifications,
    /// Beacons of the collector's own, through the public address.
    pub probes: Outcomes,
    /// The place of what the last of them has shown in [`crate::alarms::probe::ProbeState::NAMES`].
    pub probe_state: Level,
    /// Dead man's pings.
    pub heartbeats: Outcomes,
}

/// What stands at a moment; told by whoever asks for the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauges {
    /// Rows accepted and not yet stored.
    pub queue_rows: usize,
    /// Their bytes.
    pub spool_bytes: u64,
    /// Segments sealed and not yet stored.
    pub queue_segments: usize,
    /// How long the oldest of the rows has waited.
    pub oldest_age: Duration,
    /// Everything is there that a beacon needs on its way.
    pub is_ready: bool,
    /// The time, in Unix seconds.
    pub now_s: u64,
    /// Physical memory of this process, where the system tells it.
    pub resident_bytes: Option<u64>,
    /// That of the embedded ClickHouse, where there is one.
    pub engine_resident_bytes: Option<u64>,
}

impl Metrics {
    /// Counts a beacon that was not taken.
    pub fn beacon_rejected(&self, reject: Reject) {
        self.beacons_rejected.0[reject as usize].add(1);
    }

    /// Counts a request of another kind that was refused.
    pub fn request_refused(&self, reject: Reject) {
        self.requests_refused.0[reject as usize].add(1);
    }

    /// Counts a browser's report that was not taken, whatever became of the others of its batch.
    pub fn report_rejected(&self, reject: Reject) {
        self.reports_rejected.0[reject as usize].add(1);
    }

    /// Counts an INSERT that failed.
    pub fn insert_failed(&self, class: ErrorClass) {
        self.insert_failures.0[class as usize].add(1);
    }

    /// How many beacons were rejected for this reason.
    pub fn rejected(&self, reject: Reject) -> u64 {
        self.beacons_rejected.0[reject as usize].get()
    }

    /// The text that `/metrics` answers.
    pub fn render(&self, gauges: Gauges) -> String {
        let mut text = Text::new();
        self.render_counters(&mut text);
        self.render_writer(&mut text);
        self.alarms.render(&mut text, gauges.now_s);
        self.notifications.render(&mut text);
        self.probes.render(&mut text, ("slowtax_probes_total", "Probes through the public address"));
        notifications::render_probe(&mut text, &self.probe_state);
        self.heartbeats.render(&mut text, ("slowtax_heartbeats_total", "Dead man's pings"));
        let mut gauge = |name: &str, help: &str, value: u64| text.one(name, "gauge", help, value);
        let shed = "One of 2 to this power of the sessions is kept";
        gauge("slowtax_shed_level", shed, self.shed_level.get());
        gauge("slowtax_connections", "Connections that are open", self.connections.get());
        gauge("slowtax_queue_rows", "Rows accepted and not yet stored", gauges.queue_rows as u64);
        gauge("slowtax_spool_bytes", "Bytes accepted and not yet stored", gauges.spool_bytes);
        gauge("slowtax_queue_segments", "Segments sealed and not yet stored", gauges.queue_segments as u64);
        gauge("slowtax_ready", "1 when ready", u64::from(gauges.is_ready));
        let built = "When the GeoIP database in use was built";
        gauge("slowtax_geo_build_timestamp_seconds", built, self.geo_built_s.get());
        gauge("process_start_time_seconds", "When the collector was started, Unix time", self.started_s.get());
        if let Some(bytes) = gauges.resident_bytes {
            gauge("process_resident_memory_bytes", "Physical memory of the collector", bytes);
        }
        if let Some(bytes) = gauges.engine_resident_bytes {
            gauge("slowtax_engine_resident_memory_bytes", "Physical memory of the embedded ClickHouse", bytes);
        }
        text.one(
            "slowtax_spool_oldest_age_seconds",
            "gauge",
            "How long the oldest row has waited that is not stored; 0 when there is none",
            gauges.oldest_age.as_secs_f64(),
        );
        text.labelled(("slowtax_build_info", "gauge", "What runs"), "version", [(env!("CARGO_PKG_VERSION"), 1)]);
        text.into_string()
    }

    fn render_counters(&self, text: &mut Text) {
        let mut counter = |name: &str, help: &str, counter: &Counter| text.one(name, "counter", help, counter.get());
        counter("slowtax_beacons_received_total", "Beacons that arrived", &self.beacons_received);
        counter("slowtax_beacons_accepted_total", "Beacons whose rows were queued", &self.beacons_accepted);
        counter("slowtax_reports_accepted_total", "Browser reports whose rows were queued", &self.reports_accepted);
        counter("slowtax_rows_stored_total", "Rows stored in ClickHouse", &self.rows_stored);
        counter("slowtax_segments_stored_total", "Segments stored in ClickHouse", &self.segments_stored);
        counter("slowtax_rows_quarantined_total", "Rows put into quarantine", &self.rows_quarantined);
        counter("slowtax_segments_damaged_total", "Segments put aside unread", &self.segments_damaged);
        counter("slowtax_page_groups_other_total", "Pages put into (other)", &self.page_groups_other);
        let window = "Earlier views outside of the window";
        counter("slowtax_earlier_views_dropped_total", window, &self.earlier_views_dropped);
        counter("slowtax_engine_restarts_total", "Restarts of the embedded ClickHouse", &self.engine_restarts);
        counter("slowtax_geo_reloads_total", "GeoIP databases read anew", &self.geo_reloads);
        let refused = "GeoIP databases refused while another was in use";
        counter("slowtax_geo_reload_failures_total", refused, &self.geo_reload_failures);
        let rejected = ("slowtax_beacons_rejected_total", "Beacons not taken");
        let reasons = Reject::ALL.iter().map(|reject| reject.reason());
        text.counters(rejected, "reason", reasons.clone(), &self.beacons_rejected.0);
        let refused = ("slowtax_requests_refused_total", "Other requests refused");
        text.counters(refused, "reason", reasons.clone(), &self.requests_refused.0);
        let rejected = ("slowtax_reports_rejected_total", "Browser reports not taken");
        text.counters(rejected, "reason", reasons, &self.reports_rejected.0);
    }

    fn render_writer(&self, text: &mut Text) {
        let failures = ("slowtax_insert_failures_total", "INSERTs that failed and are tried again");
        let classes = ErrorClass::ALL.iter().map(|class| class.name());
        text.counters(failures, "class", classes, &self.insert_failures.0);
        let retries = "INSERTs sent again, because their segment was not stored the time before";
        text.one("slowtax_insert_retries_total", "counter", retries, self.insert_retries.get());
        text.histograms(
            ("slowtax_insert_duration_seconds", "How long INSERTs took, by what came of them"),
            "outcome",
            [("stored", &self.inserts_stored), ("failed", &self.inserts_failed)],
        );
        let mut gauge = |name: &str, help: &str, level: &Level| text.one(name, "gauge", help, level.get());
        let allowed = "Segments that may be on their way to ClickHouse at once";
        gauge("slowtax_insert_concurrency", allowed, &self.insert_concurrency);
        gauge("slowtax_segments_in_flight", "Segments on their way to ClickHouse", &self.segments_in_flight);
        gauge("slowtax_segments_aside", "Segments set aside, of which ClickHouse refuses rows", &self.segments_aside);
        let state = self.breaker.get();
        text.labelled(
            ("slowtax_breaker_state", "gauge", "1 for what the breaker before ClickHouse is; open: no INSERT goes"),
            "state",
            (0_u64..).zip(BreakerState::ALL).map(|(place, is)| (is.name(), u64::from(place == state))),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::outbox::Why;
    use crate::config::ReceiverKind;

    #[test]
    fn every_reason_and_class_has_its_own_line() {
        let metrics = Metrics::default();
        metrics.beacon_rejected(Reject::TooOld);
        metrics.request_refused(Reject::NotFound);
        metrics.report_rejected(Reject::BadJson);
        metrics.insert_failed(ErrorClass::Poison);
        metrics.beacons_received.add(3);
        metrics.geo_built_s.set(1_780_000_000);
        metrics.inserts_stored.observe(Duration::from_millis(80));
        metrics.breaker.set(2);
        metrics.notifications.sent(ReceiverKind::Slack, 3);
        metrics.notifications.failed(ReceiverKind::Alertmanager);
        metrics.notifications.lost(Some(ReceiverKind::Webhook), Why::TooOld, 2);
        metrics.notifications.lost(None, Why::ReceiverGone, 1);
        metrics.probe_state.set(2);
        metrics.heartbeats.count(false);
        let gauges = Gauges {
            queue_rows: 7,
            oldest_age: Duration::from_millis(1500),
            resident_bytes: Some(1 << 20),
            ..Gauges::default()
        };
        let text = metrics.render(gauges);
        for line in [
            "slowtax_beacons_received_total 3",
            "slowtax_queue_rows 7",
            "slowtax_geo_build_timestamp_seconds 1780000000",
            "slowtax_geo_reloads_total 0",
            "slowtax_geo_reload_failures_total 0",
            "slowtax_beacons_rejected_total{reason=\"too_old\"} 1",
            "slowtax_beacons_rejected_total{reason=\"empty\"} 0",
            "slowtax_requests_refused_total{reason=\"not_found\"} 1",
            "slowtax_reports_rejected_total{reason=\"bad_json\"} 1",
            "slowtax_insert_failures_total{class=\"poison\"} 1",
            "slowtax_insert_duration_seconds_bucket{outcome=\"stored\",le=\"0.05\"} 0",
            "slowtax_insert_duration_seconds_bucket{outcome=\"stored\",le=\"0.1\"} 1",
            "slowtax_insert_duration_seconds_bucket{outcome=\"stored\",le=\"+Inf\"} 1",
            "slowtax_insert_duration_seconds_sum{outcome=\"stored\"} 0.08",
            "slowtax_insert_duration_seconds_count{outcome=\"stored\"} 1",
            "slowtax_insert_duration_seconds_count{outcome=\"failed\"} 0",
            "slowtax_breaker_state{state=\"closed\"} 0",
            "slowtax_breaker_state{state=\"open\"} 1",
            "slowtax_spool_oldest_age_seconds 1.5",
            "process_resident_memory_bytes 1048576",
            "slowtax_notifications_sent_total{kind=\"slack\"} 3",
            "slowtax_notification_failures_total{kind=\"alertmanager\"} 1",
            "slowtax_notifications_dropped_total{kind=\"webhook\",reason=\"too_old\"} 2",
            "slowtax_notifications_dropped_total{kind=\"none\",reason=\"receiver_gone\"} 1",
            "slowtax_notifications_dropped_total{kind=\"slack\",reason=\"full\"} 0",
            "slowtax_probe_state{state=\"failing\"} 1",
            "slowtax_probe_state{state=\"off\"} 0",
            "slowtax_probes_total{outcome=\"ok\"} 0",
            "slowtax_heartbeats_total{outcome=\"failed\"} 1",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
        }
        let names: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
        assert_eq!(names.len(), 48);
        assert!(!text.contains("slowtax_engine_resident"), "what is not known is not shown");
        let breaker = text.lines().filter(|line| line.starts_with("slowtax_breaker_state")).count();
        assert_eq!(breaker, BreakerState::ALL.len());
    }
}
