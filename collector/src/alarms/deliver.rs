//! From the outbox to receivers: one task for each, so that a dead one holds up no other, and nobody who puts.
//!
//! A message that is not answered, or is answered with 408, 429 or 5xx, goes again after growing pauses, up to 5 minutes, until it is taken or has waited too long. What a
//! receiver refuses otherwise, or redirects, goes [`REFUSALS_MAX`] times in all.

pub(super) mod alert;
mod alertmanager;
mod receiver;
mod slack;
mod webhook;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use super::client::{Answer, Client, Message, Target};
use super::notification::Notification;
use super::outbox::Outbox;
use crate::config::{ReceiverConfig, ReceiverKind};
use crate::metrics::Metrics;
use crate::supervise::stopped;
use receiver::Delivery;
pub use receiver::REFUSALS_MAX;

/// Pause between looks at what has waited too long.
const LOOK_PAUSE: Duration = Duration::from_secs(5);

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Taken,
    /// It does not at the moment; when to try again, where it says so.
    Later(String, Option<Duration>),
    /// It does not want it.
    Refused(String),
}

impl Outcome {
    fn of(answer: Result<Answer, String>) -> Self {
        match answer {
            Err(reason) => Self::Later(reason, None),
            Ok(Answer { status, text, retry_after }) => {
                let told = if text.is_empty() { status.to_string() } else { format!("{status} {text}") };
                match status {
                    200..=299 => Self::Taken,
                    408 | 429 | 500..=599 => Self::Later(told, retry_after),
                    _ => Self::Refused(told),
                }
            }
        }
    }
}

/// A receiver, ready to be told.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Its name in the configuration.
    pub name: String,
    /// How it wants to be told.
    pub kind: ReceiverKind,
    target: Target,
    secret: String,
}

impl Receiver {
    /// One of the configuration; `None` where its address is none, which the configuration refuses.
    pub fn new(name: &str, config: &ReceiverConfig) -> Option<Self> {
        let target = Target::new(config.url.reveal())?;
        let target = if config.kind == ReceiverKind::Alertmanager { target.below(alertmanager::PATH)? } else { target };
        let secret = config.secret.reveal().to_owned();
        Some(Self { name: name.to_owned(), kind: config.kind, target, secret })
    }

    /// Sends one message that tells these.
    pub async fn tell(&self, client: &Client, notifications: &[Notification]) -> Outcome {
        Outcome::of(client.send(&self.target, &self.message(notifications, now_s())).await)
    }

    fn message(&self, notifications: &[Notification], now: i64) -> Message {
        match self.kind {
            ReceiverKind::Alertmanager => alertmanager::message(notifications, now),
            ReceiverKind::Webhook => webhook::message(&self.name, &self.secret, notifications, now),
            ReceiverKind::Slack => slack::message(notifications),
        }
    }
}

fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// Delivers until it is to stop; a message that is on its way then is still awaited, for [`super::client::TIME_MAX`] at most.
pub async fn deliver(outbox: Arc<Outbox>, client: Client, metrics: Arc<Metrics>, stop: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    for (name, config) in outbox.receivers() {
        if let Some(receiver) = Receiver::new(name, config) {
            let delivery = Delivery::new(outbox.clone(), receiver, client.clone(), metrics.clone());
            tasks.spawn(delivery.run(stop.clone()));
        } else {
            tracing::error!(receiver = name, "the receiver's address is none: it is told of nothing");
        }
    }
    tasks.spawn(keep(outbox, metrics, stop));
    while let Some(ended) = tasks.join_next().await {
        if ended.is_err() {
            // The runtime has told of the panic.
            tracing::error!("a receiver is told of nothing any more, by a fault that stands above");
        }
    }
}

/// Drops what has waited too long, and tells `/metrics` what waits.
async fn keep(outbox: Arc<Outbox>, metrics: Arc<Metrics>, mut stop: watch::Receiver<bool>) {
    let mut puts = outbox.puts();
    loop {
        look(&outbox, &metrics).await;
        tokio::select! {
            () = stopped(&mut stop) => return look(&outbox, &metrics).await,
            () = sleep(LOOK_PAUSE) => {}
            // The outbox lives as long as this.
            Ok(()) = puts.changed() => {}
        }
    }
}

async fn look(outbox: &Arc<Outbox>, metrics: &Metrics) {
    let asked = outbox.clone();
    let looked = spawn_blocking(move || {
        if let Err(error) = asked.let_go() {
            tracing::warn!(%error, "the outbox cannot be written");
        }
        (asked.standing(), asked.take_lost())
    });
    if let Ok((standing, (lost, damaged))) = looked.await {
        let counted = &metrics.notifications;
        counted.waiting.set(standing.waiting as u64);
        counted.oldest_age_s.set(standing.oldest_age.as_secs());
        counted.damaged.add(damaged);
        for ((kind, why), count) in lost {
            counted.lost(kind, why, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_repeated_or_given_up_by_its_status() {
        let outcome = |status| {
            Outcome::of(Ok(Answer { status, retry_after: Some(Duration::from_secs(7)), text: "said".to_owned() }))
        };
        for status in [200, 202, 204, 299] {
            assert_eq!(outcome(status), Outcome::Taken);
        }
        for status in [408, 429, 500, 502, 503, 599] {
            assert_eq!(outcome(status), Outcome::Later(format!("{status} said"), Some(Duration::from_secs(7))));
        }
        for status in [300, 302, 307, 400, 401, 403, 404, 407, 409, 410, 428, 430, 499, 600] {
            assert_eq!(outcome(status), Outcome::Refused(format!("{status} said")));
        }
        assert_eq!(Outcome::of(Err("no answer".to_owned())), Outcome::Later("no answer".to_owned(), None));
    }
}
