//! What is counted, and how `/metrics` shows it: Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::reject::Reject;
use crate::store::ErrorClass;

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

    /// What it stands at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
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
    beacons_rejected: [Counter; Reject::ALL.len()],
    requests_refused: [Counter; Reject::ALL.len()],
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
    insert_failures: [Counter; ErrorClass::ALL.len()],
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
    /// Everything is there that a beacon needs on its way.
    pub is_ready: bool,
}

impl Metrics {
    /// Counts a beacon that was not taken.
    pub fn beacon_rejected(&self, reject: Reject) {
        self.beacons_rejected[reject as usize].add(1);
    }

    /// Counts a request of another kind that was refused.
    pub fn request_refused(&self, reject: Reject) {
        self.requests_refused[reject as usize].add(1);
    }

    /// Counts an INSERT that failed.
    pub fn insert_failed(&self, class: ErrorClass) {
        self.insert_failures[class as usize].add(1);
    }

    /// How many beacons were rejected for this reason.
    pub fn rejected(&self, reject: Reject) -> u64 {
        self.beacons_rejected[reject as usize].get()
    }

    /// The text that `/metrics` answers.
    pub fn render(&self, gauges: Gauges) -> String {
        let mut text = String::with_capacity(4096);
        let mut one = |name: &str, kind: &str, help: &str, value: u64| {
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        };
        one("slowtax_beacons_received_total", "counter", "Beacons that arrived", self.beacons_received.get());
        one("slowtax_beacons_accepted_total", "counter", "Beacons whose rows were queued", self.beacons_accepted.get());
        one(
            "slowtax_reports_accepted_total",
            "counter",
            "Browser reports whose rows were queued",
            self.reports_accepted.get(),
        );
        one("slowtax_rows_stored_total", "counter", "Rows stored in ClickHouse", self.rows_stored.get());
        one("slowtax_segments_stored_total", "counter", "Segments stored in ClickHouse", self.segments_stored.get());
        one("slowtax_rows_quarantined_total", "counter", "Rows put into quarantine", self.rows_quarantined.get());
        one("slowtax_segments_damaged_total", "counter", "Segments put aside unread", self.segments_damaged.get());
        one("slowtax_page_groups_other_total", "counter", "Pages put into (other)", self.page_groups_other.get());
        one(
            "slowtax_earlier_views_dropped_total",
            "counter",
            "Earlier views outside of the window",
            self.earlier_views_dropped.get(),
        );
        one(
            "slowtax_engine_restarts_total",
            "counter",
            "Restarts of the embedded ClickHouse",
            self.engine_restarts.get(),
        );
        one("slowtax_geo_reloads_total", "counter", "GeoIP databases read anew", self.geo_reloads.get());
        one(
            "slowtax_geo_reload_failures_total",
            "counter",
            "GeoIP databases refused while another was in use",
            self.geo_reload_failures.get(),
        );
        one(
            "slowtax_geo_build_timestamp_seconds",
            "gauge",
            "When the GeoIP database in use was built",
            self.geo_built_s.get(),
        );
        one("slowtax_queue_rows", "gauge", "Rows accepted and not yet stored", gauges.queue_rows as u64);
        one("slowtax_spool_bytes", "gauge", "Bytes accepted and not yet stored", gauges.spool_bytes);
        one("slowtax_queue_segments", "gauge", "Segments sealed and not yet stored", gauges.queue_segments as u64);
        one("slowtax_ready", "gauge", "1 when ready", u64::from(gauges.is_ready));
        let reasons = Reject::ALL.iter().map(|reject| reject.reason());
        family(
            &mut text,
            "slowtax_beacons_rejected_total",
            "Beacons not taken",
            "reason",
            reasons.clone(),
            &self.beacons_rejected,
        );
        family(
            &mut text,
            "slowtax_requests_refused_total",
            "Other requests refused",
            "reason",
            reasons,
            &self.requests_refused,
        );
        let classes = ErrorClass::ALL.iter().map(|class| class.name());
        family(
            &mut text,
            "slowtax_insert_failures_total",
            "INSERTs that failed and are tried again",
            "class",
            classes,
            &self.insert_failures,
        );
        text
    }
}

fn family<'a>(
    text: &mut String,
    name: &str,
    help: &str,
    label: &str,
    values: impl Iterator<Item = &'a str>,
    counters: &[Counter],
) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} counter\n");
    for (value, counter) in values.zip(counters) {
        let _ = writeln!(text, "{name}{{{label}=\"{value}\"}} {}", counter.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_and_class_has_its_own_line() {
        let metrics = Metrics::default();
        metrics.beacon_rejected(Reject::TooOld);
        metrics.request_refused(Reject::NotFound);
        metrics.insert_failed(ErrorClass::Poison);
        metrics.beacons_received.add(3);
        metrics.geo_built_s.set(1_780_000_000);
        let text = metrics.render(Gauges { queue_rows: 7, ..Gauges::default() });
        for line in [
            "slowtax_beacons_received_total 3",
            "slowtax_queue_rows 7",
            "slowtax_geo_build_timestamp_seconds 1780000000",
            "slowtax_geo_reloads_total 0",
            "slowtax_geo_reload_failures_total 0",
            "slowtax_beacons_rejected_total{reason=\"too_old\"} 1",
            "slowtax_beacons_rejected_total{reason=\"empty\"} 0",
            "slowtax_requests_refused_total{reason=\"not_found\"} 1",
            "slowtax_insert_failures_total{class=\"poison\"} 1",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
        }
        let names: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
        assert_eq!(names.len(), 20);
    }
}
