//! What an alarm is called in Alertmanager's data model, which webhooks share.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::alarms::notification::Notification;

/// Labels or annotations. Empty ones are left out, as Alertmanager leaves them out.
pub(super) type Pairs = BTreeMap<&'static str, String>;

fn pairs<const COUNT: usize>(all: [(&'static str, &str); COUNT]) -> Pairs {
    all.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.to_owned())).collect()
}

/// What tells an alarm from all others.
pub(super) fn labels(notification: &Notification) -> Pairs {
    pairs([
        ("alertname", &alert_name(&notification.rule)),
        ("site", &notification.site),
        ("rule", &notification.rule),
        ("country", &notification.country),
        ("page_group", &notification.page_group),
        ("severity", &notification.urgency),
        ("fingerprint", &notification.fingerprint),
    ])
}

/// What is said of it.
pub(super) fn annotations(notification: &Notification) -> Pairs {
    pairs([("summary", &notification.summary), ("link", &notification.link), ("incident", &notification.incident_id)])
}

/// `SlowtaxVolume` of the rule `volume`.
fn alert_name(rule: &str) -> String {
    let mut rest = rule.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    format!("Slowtax{}{}", first.map(String::from).unwrap_or_default(), rest.as_str())
}

/// Unix seconds as RFC 3339 has them; the beginning of time where they are out of range.
pub(super) fn rfc3339(unix_s: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(unix_s).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}

/// The same for the same ids, by which a receiver knows a message that comes again.
pub(super) fn idempotency_key(notifications: &[Notification]) -> String {
    let ids: Vec<&str> = notifications.iter().map(|notification| notification.id.as_str()).collect();
    let hash = Sha256::digest(ids.join("\n"));
    hex(&hash[..16])
}

/// Two digits for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::notification::Kind;
    use crate::alarms::notification::tests::notification;

    #[test]
    fn the_key_depends_on_the_ids_and_their_order_alone() {
        let (a, b) = (notification(Kind::Fired, 1, 300), notification(Kind::Fired, 2, 300));
        let key = idempotency_key(&[a.clone(), b.clone()]);
        assert_eq!(key.len(), 32);
        assert_eq!(key, idempotency_key(&[Notification { summary: String::new(), ..a.clone() }, b.clone()]));
        assert_ne!(key, idempotency_key(&[b, a.clone()]));
        assert_ne!(key, idempotency_key(&[a]));
    }

    #[test]
    fn names_and_times_are_as_alertmanager_wants_them() {
        assert_eq!((alert_name("page_drift"), alert_name("")), ("SlowtaxPage_drift".to_owned(), "Slowtax".to_owned()));
        assert_eq!(rfc3339(1_795_000_000), "2026-11-18T11:06:40Z");
        assert_eq!(rfc3339(i64::MAX), "1970-01-01T00:00:00Z");
    }
}
