//! The task of one receiver: its messages one after the other, in their order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::{Outcome, Receiver, alertmanager};
use crate::alarms::client::Client;
use crate::alarms::notification::Notification;
use crate::alarms::outbox::{BATCH_MAX, Batch, Outbox, Why};
use crate::config::ReceiverKind;
use crate::metrics::Metrics;
use crate::supervise::stopped;

/// How often a message goes that its receiver refuses.
pub const REFUSALS_MAX: u32 = 4;
/// The pause after a message that was not taken: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));
/// The pause after a message that was refused: each is so many times the one before. A receiver that is being set up anew may refuse for a minute or two.
const REFUSED_PAUSE: (Duration, u32) = (Duration::from_secs(5), 5);
/// How often nothing new is looked for.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);

/// How long to wait before the next message.
#[derive(Debug, Default)]
struct Backoff {
    /// In a row.
    failures: u32,
    /// In a row, of one message.
    refusals: u32,
}

impl Backoff {
    /// After one more message that was not taken. `random` scatters it over the upper half, so that several collectors do not come at once.
    fn later(&mut self, asked: Option<Duration>, random: u32) -> Duration {
        let whole = PAUSE.1.min(PAUSE.0 * 2_u32.saturating_pow(self.failures.min(20)));
        self.failures = self.failures.saturating_add(1);
        let half = u32::try_from(whole.as_millis() / 2).unwrap_or(u32::MAX);
        let scattered = Duration::from_millis(u64::from(half) + u64::from(random % (half + 1)));
        scattered.max(asked.unwrap_or_default().min(PAUSE.1))
    }

    /// After one more refusal; `None` when it was the last.
    fn refused(&mut self) -> Option<Duration> {
        self.refusals += 1;
        let pause = REFUSED_PAUSE.0 * REFUSED_PAUSE.1.saturating_pow(self.refusals - 1);
        if self.refusals < REFUSALS_MAX { Some(pause.min(PAUSE.1)) } else { None }
    }
}

/// See the module.
pub(super) struct Delivery {
    outbox: Arc<Outbox>,
    receiver: Arc<Receiver>,
    client: Client,
    metrics: Arc<Metrics>,
    backoff: Backoff,
    /// When open alarms are to be told again.
    repeat_at: Instant,
    /// Nothing goes before that.
    not_before: Instant,
}

impl Delivery {
    pub(super) fn new(outbox: Arc<Outbox>, receiver: Receiver, client: Client, metrics: Arc<Metrics>) -> Self {
        let (receiver, now) = (Arc::new(receiver), Instant::now());
        Self { outbox, receiver, client, metrics, backoff: Backoff::default(), repeat_at: now, not_before: now }
    }

    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut puts = self.outbox.puts();
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                () = sleep_until(self.not_before) => {}
            }
            puts.mark_unchanged();
            if self.is_repeat_due() {
                self.repeat().await;
            } else if let Some(batch) = self.first().await {
                self.tell(batch).await;
            } else {
                let idle = Instant::now() + IDLE_TIME_MAX;
                let until = if self.repeats() { idle.min(self.repeat_at) } else { idle };
                tokio::select! {
                    biased;
                    () = stopped(&mut stop) => return,
                    Ok(()) = puts.changed() => {}
                    () = sleep_until(until) => {}
                }
            }
        }
    }

    fn repeats(&self) -> bool {
        self.receiver.kind == ReceiverKind::Alertmanager
    }

    fn is_repeat_due(&self) -> bool {
        self.repeats() && Instant::now() >= self.repeat_at
    }

    async fn first(&self) -> Option<Batch> {
        let (outbox, receiver) = (self.outbox.clone(), self.receiver.clone());
        spawn_blocking(move || outbox.first(&receiver.name)).await.ok().flatten()
    }

    /// Tells of all open alarms. One that fails is not made up for: the next comes in time.
    async fn repeat(&mut self) {
        self.repeat_at = Instant::now() + alertmanager::REPEAT_PAUSE;
        let (outbox, receiver) = (self.outbox.clone(), self.receiver.clone());
        let open = spawn_blocking(move || outbox.open_alarms(&receiver.name)).await.unwrap_or_default();
        for alarms in open.chunks(BATCH_MAX) {
            match self.send(alarms).await {
                Outcome::Taken => {}
                Outcome::Later(_, asked) => {
                    self.not_before = Instant::now() + self.backoff.later(asked, rand::random());
                    return;
                }
                Outcome::Refused(_) => return,
            }
        }
    }

    async fn tell(&mut self, batch: Batch) {
        match self.send(&batch.notifications).await {
            Outcome::Taken => {
                // Noted at once: a crash before that makes it go again.
                self.note(&batch, Why::Delivered).await;
                self.backoff.refusals = 0;
                self.metrics.notifications.sent(self.receiver.kind, batch.notifications.len());
            }
            Outcome::Later(_, asked) => {
                self.not_before = Instant::now() + self.backoff.later(asked, rand::random());
            }
            Outcome::Refused(_) => {
                if let Some(pause) = self.backoff.refused() {
                    self.not_before = Instant::now() + pause;
                } else {
                    self.backoff.refusals = 0;
                    self.note(&batch, Why::Refused).await;
                }
            }
        }
    }

    async fn send(&mut self, notifications: &[Notification]) -> Outcome {
        let outcome = self.receiver.tell(&self.client, notifications).await;
        let Receiver { name, kind, .. } = &*self.receiver;
        match &outcome {
            Outcome::Taken => {
                if self.backoff.failures > 0 {
                    tracing::info!(receiver = name, "the receiver takes notifications again");
                }
                self.backoff.failures = 0;
            }
            Outcome::Later(reason, _) => {
                self.metrics.notifications.failed(*kind);
                tracing::warn!(receiver = name, reason, "notifications were not taken; they go again");
            }
            Outcome::Refused(reason) => {
                self.metrics.notifications.failed(*kind);
                tracing::warn!(receiver = name, reason, "notifications were refused");
            }
        }
        outcome
    }

    async fn note(&self, batch: &Batch, why: Why) {
        let (outbox, receiver, number) = (self.outbox.clone(), self.receiver.clone(), batch.number);
        // A panic in there is told by the runtime.
        let _ = spawn_blocking(move || outbox.note(&receiver.name, number, why)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::alarms::notification::Kind;
    use crate::alarms::notification::tests::notification;
    use crate::alarms::outbox::Lost;
    use crate::config::{ReceiverConfig, Secret, Urgency};

    /// A receiver that answers all requests alike, with how many there were.
    async fn delivery(kind: ReceiverKind, answer: &'static str, directory: &Path) -> (Delivery, Arc<Mutex<usize>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Secret::new(format!("http://{}", listener.local_addr().unwrap()));
        let asked = Arc::new(Mutex::new(0));
        let count = asked.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut vec![0; 64 * 1024]).await;
                *count.lock().unwrap() += 1;
                let _ = stream.write_all(format!("HTTP/1.1 {answer}\r\nConnection: close\r\n\r\n").as_bytes()).await;
            }
        });
        let secret = Secret::new("sixteen bytes ok".to_owned());
        let config = ReceiverConfig { kind, url, secret, sites: Vec::new(), urgency: Urgency::Ticket, repeat_h: 4 };
        let receiver = Receiver::new("ops", &config).unwrap();
        let outbox = Arc::new(Outbox::open(directory, &BTreeMap::from([("ops".to_owned(), config)])).unwrap());
        outbox.put(&[notification(Kind::Fired, 1, 300)]).unwrap();
        let client = Client::new(Path::new("")).unwrap();
        (Delivery::new(outbox, receiver, client, Arc::default()), asked)
    }

    #[tokio::test]
    async fn what_is_refused_four_times_is_dropped_and_the_next_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let (mut delivery, asked) = delivery(ReceiverKind::Webhook, "400 No", directory.path()).await;
        for refusals in 1..=REFUSALS_MAX {
            let batch = delivery.first().await.expect("it waits still");
            delivery.tell(batch).await;
            assert_eq!(*asked.lock().unwrap(), refusals as usize);
        }
        assert_eq!(delivery.first().await, None);
        let lost = Lost::from([((Some(ReceiverKind::Webhook), Why::Refused), 1)]);
        assert_eq!((delivery.outbox.take_lost().0, delivery.backoff.refusals), (lost, 0));
    }

    #[tokio::test]
    async fn what_is_not_taken_waits_however_often_it_was_tried() {
        let directory = tempfile::tempdir().unwrap();
        let (mut delivery, asked) = delivery(ReceiverKind::Slack, "503 Later", directory.path()).await;
        for _ in 0..20 {
            let batch = delivery.first().await.expect("it waits still");
            delivery.tell(batch).await;
        }
        assert_eq!(*asked.lock().unwrap(), 20);
        assert!(delivery.not_before > Instant::now() + Duration::from_secs(140));
        assert_eq!(delivery.outbox.take_lost().0, Lost::new());
    }

    #[tokio::test]
    async fn an_alertmanager_is_told_of_open_alarms_every_four_minutes() {
        let directory = tempfile::tempdir().unwrap();
        let (mut delivery, asked) = delivery(ReceiverKind::Alertmanager, "200 OK", directory.path()).await;
        assert!(delivery.is_repeat_due(), "at the start");
        delivery.repeat().await;
        assert_eq!((*asked.lock().unwrap(), delivery.is_repeat_due()), (1, false));
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(239)).await;
        assert!(!delivery.is_repeat_due());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(delivery.is_repeat_due());
        tokio::time::resume();
        delivery.outbox.put(&[notification(Kind::Resolved, 1, 600)]).unwrap();
        delivery.repeat().await;
        assert_eq!(*asked.lock().unwrap(), 1, "nothing is open");
    }

    #[test]
    fn pauses_double_up_to_five_minutes_and_scatter_over_the_upper_half() {
        let mut backoff = Backoff::default();
        let halves: Vec<u128> = (0..12).map(|_| backoff.later(None, 0).as_millis()).collect();
        assert_eq!(halves[..4], [500, 1000, 2000, 4000]);
        assert_eq!(halves[9..], [150_000, 150_000, 150_000]);
        for random in [0, 1, 150_000, 150_001, u32::MAX] {
            let pause = backoff.later(None, random);
            assert!((Duration::from_secs(150)..=Duration::from_mins(5)).contains(&pause), "{pause:?}");
        }
        backoff.failures = u32::MAX;
        assert_eq!(backoff.later(None, 0), Duration::from_secs(150));
    }

    #[test]
    fn who_says_when_is_heard_up_to_the_longest_pause() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.later(Some(Duration::from_mins(1)), 0), Duration::from_mins(1));
        assert_eq!(backoff.later(Some(Duration::from_hours(24)), 0), Duration::from_mins(5));
        assert_eq!(backoff.later(Some(Duration::ZERO), 0), Duration::from_secs(2));
    }

    #[test]
    fn what_is_refused_goes_four_times_within_three_minutes() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..4).map(|_| backoff.refused().map(|pause| pause.as_secs())).collect();
        assert_eq!(pauses, [Some(5), Some(25), Some(125), None]);
    }
}
