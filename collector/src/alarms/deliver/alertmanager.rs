//! What Alertmanager's API v2 takes at `POST /api/v2/alerts`: a list of alerts.
//!
//! Alertmanager forgets what is not repeated, so every open alarm is sent again every [`REPEAT_PAUSE`], and each time is said to end five of those later: a collector
//! that is restarted meanwhile ends none. A resolved one is sent once with its end.

use std::time::Duration;

use serde_json::{Value, json};

use super::alert::{annotations, labels, rfc3339};
use crate::alarms::client::Message;
use crate::alarms::notification::{Kind, Notification};

/// How often open alarms are sent again.
pub(super) const REPEAT_PAUSE: Duration = Duration::from_mins(4);
/// How long an alarm is taken for open that is not repeated.
const OPEN_S: i64 = 20 * 60;
/// Where alerts go, below the address of the configuration.
pub(super) const PATH: &str = "/api/v2/alerts";

/// The message that tells these, `now` in Unix seconds.
pub(super) fn message(notifications: &[Notification], now: i64) -> Message {
    let alerts: Vec<Value> = notifications.iter().map(|notification| alert(notification, now)).collect();
    let headers = vec![("content-type", "application/json".to_owned())];
    Message { body: Some(Value::from(alerts).to_string().into_bytes()), headers }
}

fn alert(notification: &Notification, now: i64) -> Value {
    let ends_at = match notification.kind {
        Kind::Fired | Kind::Again => notification.ended_at.unwrap_or(now + OPEN_S),
        // An end that lies ahead would mean that it goes on.
        Kind::Resolved => notification.ended_at.unwrap_or(notification.judged_at).min(now),
    };
    let mut alert = json!({
        "labels": labels(notification),
        "annotations": annotations(notification),
        "startsAt": rfc3339(notification.started_at),
        // An alert that ends before it starts is refused.
        "endsAt": rfc3339(ends_at.max(notification.started_at)),
    });
    if !notification.link.is_empty() {
        alert["generatorURL"] = notification.link.as_str().into();
    }
    alert
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::notification::tests::notification;

    const NOW: i64 = 1_795_000_600;

    fn told(notification: Notification) -> Value {
        let message = message(&[notification], NOW);
        assert_eq!(message.headers, [("content-type", "application/json".to_owned())]);
        serde_json::from_slice(&message.body.unwrap()).unwrap()
    }

    #[test]
    fn an_open_alarm_is_an_alert_that_ends_in_twenty_minutes() {
        let expected = json!([{
            "labels": {
                "alertname": "SlowtaxVolume",
                "site": "shop",
                "rule": "volume",
                "country": "DE",
                "severity": "page",
                "fingerprint": "0000000000000001",
            },
            "annotations": {
                "summary": "Page views from Germany: 3 in 5 minutes, where 40 are usual",
                "link": "https://rum.example.com/?site=shop",
                "incident": "20261118-0826-1a2b",
            },
            "startsAt": "2026-11-18T11:06:40Z",
            "endsAt": "2026-11-18T11:36:40Z",
            "generatorURL": "https://rum.example.com/?site=shop",
        }]);
        assert_eq!(told(notification(Kind::Fired, 1, 1_795_000_300)), expected);
        assert_eq!(told(notification(Kind::Again, 1, 1_795_000_300)), expected, "a reminder is the same alert");
    }

    #[test]
    fn a_resolved_one_ends_when_it_ended_and_never_ahead_or_before_its_start() {
        let resolved = notification(Kind::Resolved, 1, 1_795_000_300);
        assert_eq!(told(resolved.clone())[0]["endsAt"], "2026-11-18T11:11:40Z");
        let ahead = Notification { ended_at: Some(NOW + 1), ..resolved.clone() };
        assert_eq!(told(ahead)[0]["endsAt"], rfc3339(NOW));
        let before = Notification { ended_at: Some(1), ..resolved };
        assert_eq!(told(before)[0]["endsAt"], "2026-11-18T11:06:40Z");
    }

    #[test]
    fn without_a_link_there_is_none() {
        let alerts = told(Notification { link: String::new(), ..notification(Kind::Fired, 1, 1_795_000_300) });
        assert!(alerts[0].get("generatorURL").is_none() && alerts[0]["annotations"].get("link").is_none());
    }
}
