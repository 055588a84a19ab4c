//! What is counted of alarms on their way.

use super::text::Text;
use super::{Counter, Counters, Level};
use crate::alarms::outbox::Why;
use crate::alarms::probe::ProbeState;
use crate::config::ReceiverKind;

const KINDS: usize = ReceiverKind::ALL.len();
/// What a receiver is called that is not configured any more.
const NO_KIND: &str = "none";

/// Notifications, by the kind of their receiver.
#[derive(Debug, Default)]
pub struct Notifications {
    sent: Counters<KINDS>,
    failed: Counters<KINDS>,
    /// By the place of their reason, and then by kind; the last for receivers that are not configured any more.
    lost: [Counters<{ KINDS + 1 }>; Why::LOST.len()],
    /// Those that wait.
    pub waiting: Level,
    /// How long the oldest of them has waited, in seconds.
    pub oldest_age_s: Level,
    /// Lines of the outbox that could not be read.
    pub damaged: Counter,
}

impl Notifications {
    /// Counts notifications that a receiver has.
    pub fn sent(&self, kind: ReceiverKind, count: usize) {
        self.sent.0[kind as usize].add(count);
    }

    /// Counts a message that a receiver has not taken.
    pub fn failed(&self, kind: ReceiverKind) {
        self.failed.0[kind as usize].add(1);
    }

    /// Counts notifications that a receiver never gets.
    pub fn lost(&self, kind: Option<ReceiverKind>, why: Why, count: usize) {
        if let Some(place) = Why::LOST.iter().position(|known| *known == why) {
            self.lost[place].0[kind.map_or(KINDS, |kind| kind as usize)].add(count);
        }
    }
}

/// Requests that succeed or fail.
#[derive(Debug, Default)]
pub struct Outcomes(Counters<2>);

impl Outcomes {
    /// Counts one.
    pub fn count(&self, succeeded: bool) {
        self.0.0[usize::from(!succeeded)].add(1);
    }

    pub(super) fn render(&self, text: &mut Text, family: (&str, &str)) {
        text.counters(family, "outcome", ["ok", "failed"].into_iter(), &self.0.0);
    }
}

impl Notifications {
    pub(super) fn render(&self, text: &mut Text) {
        let kinds = ReceiverKind::ALL.iter().map(|kind| kind.name());
        let sent = ("slowtax_notifications_sent_total", "Notifications that receivers have");
        text.counters(sent, "kind", kinds.clone(), &self.sent.0);
        let failed = ("slowtax_notification_failures_total", "Messages that receivers have not taken");
        text.counters(failed, "kind", kinds.clone(), &self.failed.0);
        let lost = ("slowtax_notifications_dropped_total", "counter", "Notifications that receivers never get");
        let mut lines = Vec::new();
        for (why, counters) in Why::LOST.iter().zip(&self.lost) {
            let counted = kinds.clone().chain([NO_KIND]).zip(&counters.0);
            lines.extend(counted.map(|(kind, counter)| ([kind, why.name()], counter.get())));
        }
        text.labelled_twice(lost, ["kind", "reason"], lines);
        text.one("slowtax_notifications_waiting", "gauge", "Notifications that wait", self.waiting.get());
        let oldest = "How long the oldest notification has waited; 0 when there is none";
        text.one("slowtax_notification_oldest_age_seconds", "gauge", oldest, self.oldest_age_s.get());
        let damaged = "Lines of the outbox that could not be read";
        text.one("slowtax_outbox_damaged_total", "counter", damaged, self.damaged.get());
    }
}

/// The state of the probe, as a place in [`ProbeState::NAMES`].
pub(super) fn render_probe(text: &mut Text, state: &Level) {
    let is = state.get();
    let family = ("slowtax_probe_state", "gauge", "1 for what the last probe through the public address has shown");
    let lines = (0_u64..).zip(ProbeState::NAMES).map(|(place, name)| (name, u64::from(place == is)));
    text.labelled(family, "state", lines);
}
