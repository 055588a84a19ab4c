//! `slowtax alarms test`: one message to each receiver, now, that says that it is a test.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::task::JoinSet;

use super::client::{Client, ClientError};
use super::deliver::{Outcome, Receiver};
use super::notification::{Kind, Notification};
use crate::config::{Config, ReceiverConfig, ReceiverKind, Urgency};

/// Why no test was sent.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// There is nobody to tell.
    #[error("no receiver is configured: see [alarms.receivers.<name>] in slowtax.example.toml")]
    NoReceivers,
    /// There is nobody of that name.
    #[error("there is no receiver {0}; there are: {1}")]
    Unknown(String, String),
    /// There is no client.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What a receiver has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its name.
    pub receiver: String,
    /// How it was told.
    pub kind: ReceiverKind,
    /// What became of it.
    pub outcome: Outcome,
}

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({}): ", self.receiver, self.kind.name())?;
        match &self.outcome {
            Outcome::Taken => formatter.write_str("took the test"),
            Outcome::Later(reason, _) => write!(formatter, "did not take the test: {reason}"),
            Outcome::Refused(reason) => write!(formatter, "refused the test: {reason}"),
        }
    }
}

/// Sends the test to every receiver, or to the one of that name, at the same time; what they answered, by name. What waits for them stays as it is, and a collector may run
/// meanwhile.
pub async fn send_test(config: &Config, only: Option<&str>) -> Result<Vec<Told>, TestError> {
    let receivers = &config.alarms.receivers;
    if receivers.is_empty() {
        return Err(TestError::NoReceivers);
    }
    if let Some(name) = only.filter(|name| !receivers.contains_key(*name)) {
        let known: Vec<&str> = receivers.keys().map(String::as_str).collect();
        return Err(TestError::Unknown(name.to_owned(), known.join(", ")));
    }
    let client = Client::new(&config.alarms.ca_file)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or_default();
    let mut tests = JoinSet::new();
    for (name, config) in receivers.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let Some(receiver) = Receiver::new(name, config) else { continue };
        let (client, notification) = (client.clone(), test(config, now, rand::random()));
        tests.spawn(async move {
            let outcome = receiver.tell(&client, &[notification]).await;
            Told { receiver: receiver.name, kind: receiver.kind, outcome }
        });
    }
    let mut told = tests.join_all().await;
    told.sort_by(|one, other| one.receiver.cmp(&other.receiver));
    Ok(told)
}

/// How long an Alertmanager shows it: longer than it waits for others of its group.
const SHOWN_S: i64 = 120;

fn test(receiver: &ReceiverConfig, now: i64, random: u64) -> Notification {
    let fingerprint = format!("{random:016x}");
    Notification {
        id: format!("{fingerprint}-{now}-fired"),
        kind: Kind::Fired,
        site: receiver.sites.first().cloned().unwrap_or_else(|| "test".to_owned()),
        rule: "test".to_owned(),
        country: String::new(),
        page_group: String::new(),
        urgency: if receiver.urgency == Urgency::Page { "page" } else { "ticket" }.to_owned(),
        fingerprint,
        incident_id: String::new(),
        summary: "TEST: nothing is wrong. This message was sent by `slowtax alarms test`".to_owned(),
        started_at: now,
        judged_at: now,
        ended_at: Some(now + SHOWN_S),
        observed: 0.0,
        expected: 0.0,
        lo: 0.0,
        hi: 0.0,
        link: String::new(),
    }
}
