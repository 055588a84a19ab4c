//! What Alertmanager posts to webhooks (its payload's version 4), signed.
//!
//! **Signature.** The header `X-Slowtax-Signature` is `t=<unix seconds>,v1=<hex>`, where hex is HMAC-SHA256 by the receiver's secret over the seconds as they stand
//! there, a dot, and the body's bytes. A message that comes again has another time and the same `Idempotency-Key`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::alert::{Pairs, annotations, hex, idempotency_key, labels, rfc3339};
use crate::alarms::client::Message;
use crate::alarms::notification::{Kind, Notification};

/// What Alertmanager says of an alert that has not ended.
const NO_END: &str = "0001-01-01T00:00:00Z";

/// The message that tells a receiver of these, `now` in Unix seconds.
pub(super) fn message(receiver: &str, secret: &str, notifications: &[Notification], now: i64) -> Message {
    let body = payload(receiver, notifications).to_string().into_bytes();
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("idempotency-key", format!("\"{}\"", idempotency_key(notifications))),
        ("x-slowtax-signature", signature(secret, &body, now)),
    ];
    Message { body: Some(body), headers }
}

fn signature(secret: &str, body: &[u8], now: i64) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    let mac = mac.chain_update(now.to_string()).chain_update(b".").chain_update(body).finalize().into_bytes();
    format!("t={now},v1={}", hex(&mac))
}

fn payload(receiver: &str, notifications: &[Notification]) -> Value {
    let is_firing = notifications.iter().any(|notification| notification.kind != Kind::Resolved);
    let all_labels = shared(notifications, labels);
    let group: Pairs = all_labels.iter().filter(|(name, _)| **name == "site").map(|(k, v)| (*k, v.clone())).collect();
    let key: Vec<String> = group.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    json!({
        "version": "4",
        "groupKey": format!("{{}}:{{{}}}", key.join(",")),
        "truncatedAlerts": 0,
        "status": if is_firing { "firing" } else { "resolved" },
        "receiver": receiver,
        "groupLabels": group,
        "commonLabels": all_labels,
        "commonAnnotations": shared(notifications, told),
        "externalURL": external_url(notifications),
        "alerts": notifications.iter().map(alert).collect::<Vec<_>>(),
    })
}

fn alert(notification: &Notification) -> Value {
    let ended_at = notification.ended_at.unwrap_or(notification.judged_at).max(notification.started_at);
    let is_resolved = notification.kind == Kind::Resolved;
    json!({
        "status": if is_resolved { "resolved" } else { "firing" },
        "labels": labels(notification),
        "annotations": told(notification),
        "startsAt": rfc3339(notification.started_at),
        "endsAt": if is_resolved { rfc3339(ended_at) } else { NO_END.to_owned() },
        "generatorURL": notification.link,
        "fingerprint": notification.fingerprint,
    })
}

/// What a webhook is told beside what Alertmanager is: which notification this is, and the figures.
fn told(notification: &Notification) -> Pairs {
    let mut told = annotations(notification);
    told.insert("notification", notification.kind.name().to_owned());
    told.insert("notification_id", notification.id.clone());
    let figures = [
        ("observed", notification.observed),
        ("expected", notification.expected),
        ("lo", notification.lo),
        ("hi", notification.hi),
    ];
    told.extend(
        figures.into_iter().filter(|(_, value)| value.is_finite()).map(|(name, value)| (name, value.to_string())),
    );
    told
}

/// What all of them have in common.
fn shared(notifications: &[Notification], of: impl Fn(&Notification) -> Pairs) -> Pairs {
    let mut all = notifications.iter().map(of);
    let mut shared = all.next().unwrap_or_default();
    for pairs in all {
        shared.retain(|name, value| pairs.get(name) == Some(value));
    }
    shared
}

/// Where the report is: links lead there.
fn external_url(notifications: &[Notification]) -> String {
    let link = notifications.iter().map(|notification| notification.link.as_str()).find(|link| !link.is_empty());
    link.unwrap_or_default().split(['?', '#']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::notification::tests::notification;

    #[test]
    fn the_signature_is_that_of_time_and_body() {
        // printf '1795000000.{"a":1}' | openssl dgst -sha256 -hmac 'an HMAC key of 24 bytes!'
        let expected = "t=1795000000,v1=780f7a4ac437453a15851e8a56eb0d580765e849f86fc8ae32566406492c7d64";
        assert_eq!(signature("an HMAC key of 24 bytes!", b"{\"a\":1}", 1_795_000_000), expected);
        assert_ne!(signature("an HMAC key of 24 bytes?", b"{\"a\":1}", 1_795_000_000), expected);
    }

    #[test]
    fn a_message_has_the_shape_of_alertmanagers_own() {
        let fired = notification(Kind::Fired, 1, 1_795_000_300);
        let resolved = Notification { country: "FR".to_owned(), ..notification(Kind::Resolved, 2, 1_795_000_300) };
        let message = message("ops", "an HMAC key of 24 bytes!", &[fired.clone(), resolved.clone()], 1_795_000_310);
        let body = message.body.unwrap();
        let expected = json!({
            "version": "4",
            "groupKey": "{}:{site=\"shop\"}",
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "ops",
            "groupLabels": { "site": "shop" },
            "commonLabels": { "alertname": "SlowtaxVolume", "site": "shop", "rule": "volume", "severity": "page" },
            "commonAnnotations": {
                "summary": fired.summary, "link": fired.link, "incident": fired.incident_id,
                "observed": "3", "expected": "40.5", "lo": "29", "hi": "54",
            },
            "externalURL": "https://rum.example.com/",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {
                        "alertname": "SlowtaxVolume", "site": "shop", "rule": "volume", "country": "DE",
                        "severity": "page", "fingerprint": "0000000000000001",
                    },
                    "annotations": {
                        "summary": fired.summary, "link": fired.link, "incident": fired.incident_id,
                        "observed": "3", "expected": "40.5", "lo": "29", "hi": "54",
                        "notification": "fired", "notification_id": "0000000000000001-1795000000-fired",
                    },
                    "startsAt": "2026-11-18T11:06:40Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": fired.link,
                    "fingerprint": "0000000000000001",
                },
                {
                    "status": "resolved",
                    "labels": {
                        "alertname": "SlowtaxVolume", "site": "shop", "rule": "volume", "country": "FR",
                        "severity": "page", "fingerprint": "0000000000000002",
                    },
                    "annotations": {
                        "summary": fired.summary, "link": fired.link, "incident": fired.incident_id,
                        "observed": "3", "expected": "40.5", "lo": "29", "hi": "54",
                        "notification": "resolved", "notification_id": "0000000000000002-1795000000-resolved",
                    },
                    "startsAt": "2026-11-18T11:06:40Z",
                    "endsAt": "2026-11-18T11:11:40Z",
                    "generatorURL": fired.link,
                    "fingerprint": "0000000000000002",
                },
            ],
        });
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
        let header = |name: &str| message.headers.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        assert_eq!(header("x-slowtax-signature"), signature("an HMAC key of 24 bytes!", &body, 1_795_000_310));
        assert_eq!(header("idempotency-key"), format!("\"{}\"", idempotency_key(&[fired, resolved])));
    }

    #[test]
    fn it_is_resolved_when_all_are_and_of_no_site_when_of_several() {
        let one = notification(Kind::Resolved, 1, 1_795_000_300);
        let other = Notification { site: "blog".to_owned(), expected: f64::NAN, ..one.clone() };
        let payload = payload("ops", &[one, other]);
        assert_eq!((&payload["status"], &payload["groupKey"]), (&json!("resolved"), &json!("{}:{}")));
        assert_eq!(payload["groupLabels"], json!({}));
        assert!(payload["alerts"][1]["annotations"].get("expected").is_none(), "what is not known is not told");
    }
}
