//! What the watch counts.

use super::text::Text;
use super::{Counter, Level};

/// Of the watch. Where another collector watches, its levels are 0.
#[derive(Debug, Default)]
pub struct AlarmMetrics {
    /// Alarms that something holds back.
    pub pending: Level,
    /// Alarms that were told and are not over.
    pub firing: Level,
    /// Alarms that did not begin, because too many are open in their site.
    pub dropped: Counter,
    /// How often all sites were judged.
    pub evaluations: Counter,
    /// How often a site could not be judged, or what came of it could not be written.
    pub failures: Counter,
    /// How often a rule of a site could not be asked.
    pub rules_failed: Counter,
    /// When all sites were judged last, in Unix seconds; 0 where that was never.
    pub last_evaluation_s: Level,
    /// 1 while this collector watches.
    pub lease_held: Level,
}

impl AlarmMetrics {
    pub(super) fn render(&self, text: &mut Text, now_s: u64) {
        let states = [("pending", self.pending.get()), ("firing", self.firing.get())];
        text.labelled(("slowtax_alarms_open", "gauge", "Alarms that are not over"), "state", states);
        let mut counter = |name: &str, help: &str, counter: &Counter| text.one(name, "counter", help, counter.get());
        counter("slowtax_alarms_dropped_total", "Alarms that did not begin, because too many are open", &self.dropped);
        counter("slowtax_alarm_evaluations_total", "How often all sites were judged", &self.evaluations);
        counter("slowtax_alarm_rules_failed_total", "Rules that could not be asked", &self.rules_failed);
        counter("slowtax_alarm_failures_total", "Sites that could not be judged or written", &self.failures);
        text.one("slowtax_alarm_lease_held", "gauge", "1 while this collector watches", self.lease_held.get());
        let last = self.last_evaluation_s.get();
        if last > 0 {
            let help = "Seconds since all sites were judged last";
            text.one("slowtax_alarm_last_evaluation_age_seconds", "gauge", help, now_s.saturating_sub(last));
        }
    }
}
