//! Live visits: sessions begin at random moments, and every view sends the beacons that a browser would, when it would.
//!
//! Pages are read faster than people read, so that something is to be seen soon. At most [`SESSIONS_MAX`] sessions go on at a time and at
//! most [`REQUESTS_MAX`] requests; what would exceed them does not begin.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::Uri;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::beacon::{Setting, Snapshot, beacon, encoded, settled_at_ms};
use super::country;
use super::post::{Answer, Post};
use super::random::Random;
use super::session::{Session, View};
use super::{SimulateError, say};

/// Sessions that go on at a time.
const SESSIONS_MAX: usize = 20_000;
/// Requests in flight.
const REQUESTS_MAX: usize = 64;
/// Time for which pages are read, against a person's.
const PACE: f64 = 0.25;
/// Page views of a session, on average: the model's, held by a test.
const VIEWS_PER_SESSION: f64 = 2.5;
/// A collector that was there may be away for this long.
const AWAY_MAX: Duration = Duration::from_mins(1);

/// What to send, and where.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) endpoint: Uri,
    pub(super) site: String,
    pub(super) views_per_s: f64,
    pub(super) time_max: Option<Duration>,
    pub(super) seed: u64,
}

#[derive(Debug, Default)]
struct Counts {
    views: AtomicU64,
    orders: AtomicU64,
    taken: AtomicU64,
    busy: AtomicU64,
    failed: AtomicU64,
    /// Milliseconds after the start at which the collector last took a beacon, plus one; 0 is never.
    last_taken_ms: AtomicU64,
}

impl Counts {
    fn line(&self) -> String {
        let [views, orders, taken, busy, failed] = [&self.views, &self.orders, &self.taken, &self.busy, &self.failed]
            .map(|count| count.load(Ordering::Relaxed));
        let some = |count: u64, what: &str| if count > 0 { format!(", {count} {what}") } else { String::new() };
        let busy = some(busy, "refused because the collector is busy (429 or 503)");
        let failed = some(failed, "not delivered");
        format!("{views} views, {orders} orders; {taken} beacons taken{busy}{failed}")
    }
}

/// What all sessions share.
struct Run {
    post: Post,
    site: String,
    counts: Counts,
    requests: Semaphore,
    started: Instant,
    /// Where a failure goes that ends the run. One is enough.
    fatal: mpsc::Sender<SimulateError>,
}

/// Sends until the time is over, or the collector is not there or does not want the beacons. Without a time it never ends by itself; it
/// may be dropped at any moment.
pub(super) async fn run(order: &Order) -> Result<(), SimulateError> {
    let (fatal, mut failures) = mpsc::channel(1);
    let run = Arc::new(Run {
        post: Post::new(order.endpoint.clone()),
        site: order.site.clone(),
        counts: Counts::default(),
        requests: Semaphore::new(REQUESTS_MAX),
        started: Instant::now(),
        fatal,
    });
    say(&format!("sending about {} page views a second to {}; Ctrl-C stops", order.views_per_s, order.endpoint));
    let _summary = Summary(Arc::clone(&run));
    // Dropped at the end, with all sessions that go on: tabs are closed without a word, as they are in life.
    let mut sessions = JoinSet::new();
    let time_over = async {
        match order.time_max {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = begin_sessions(&run, order, &mut sessions) => Ok(()),
        () = show_progress(&run.counts) => Ok(()),
        () = time_over => Ok(()),
        failure = failures.recv() => failure.map_or(Ok(()), Err),
    }
}

/// Begins sessions for ever, at random moments.
async fn begin_sessions(run: &Arc<Run>, order: &Order, sessions: &mut JoinSet<()>) {
    // Another run sends other visits: a view's identity must not come again.
    let mut random = Random::new(order.seed, unix_ms());
    let mut next = tokio::time::Instant::now();
    loop {
        while sessions.try_join_next().is_some() {}
        if sessions.len() < SESSIONS_MAX {
            let now = unix_ms();
            let country = country::pick_at(now, &mut random);
            let session = Session::draw(country, now, PACE, &mut random);
            sessions.spawn(visit(Arc::clone(run), session));
        }
        next += Duration::from_secs_f64(random.exponential(VIEWS_PER_SESSION / order.views_per_s).min(600.0));
        tokio::time::sleep_until(next).await;
    }
}

async fn visit(run: Arc<Run>, session: Session) {
    for view in &session.views {
        sleep_until(view.started_ms).await;
        run.counts.views.fetch_add(1, Ordering::Relaxed);
        let mut last = Snapshot::Whole;
        if let Some(at_ms) = settled_at_ms(view) {
            sleep_until(view.started_ms + u64::from(at_ms)).await;
            run.send(&session, view, Snapshot::Settled).await;
            last = Snapshot::Hidden;
        }
        sleep_until(view.started_ms + u64::from(view.hidden_at_ms)).await;
        run.send(&session, view, last).await;
    }
}

impl Run {
    async fn send(&self, session: &Session, view: &View, snapshot: Snapshot) {
        let beacon = beacon(session, view, snapshot, Setting { site: &self.site, history: "", resources: true });
        let orders = beacon.goals.len() as u64;
        let Ok(_permit) = self.requests.acquire().await else { return };
        let answer = self.post.send(encoded(&beacon), session.address, session.client.user_agent).await;
        self.count(answer, orders);
    }

    fn count(&self, answer: Answer, orders: u64) {
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last_taken_ms = self.counts.last_taken_ms.load(Ordering::Relaxed);
        let fatal = match answer {
            Answer::Taken => {
                self.counts.taken.fetch_add(1, Ordering::Relaxed);
                self.counts.orders.fetch_add(orders, Ordering::Relaxed);
                self.counts.last_taken_ms.store(elapsed_ms + 1, Ordering::Relaxed);
                None
            }
            Answer::Busy(_) => {
                self.counts.busy.fetch_add(1, Ordering::Relaxed);
                None
            }
            Answer::Refused { status, text } => {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                Some(SimulateError::NotTaken { status, answer: text })
            }
            Answer::Unreachable(error) => {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                let away = Duration::from_millis((elapsed_ms + 1).saturating_sub(last_taken_ms));
                let url = self.post.url();
                (last_taken_ms == 0 || away > AWAY_MAX).then_some(SimulateError::Unreachable { url, error })
            }
        };
        if let Some(error) = fatal {
            // When the place is taken the run is ending already.
            let _ = self.fatal.try_send(error);
        }
    }
}

/// Says how it stands: every second on a terminal, in place; else every ten seconds, a line each.
async fn show_progress(counts: &Counts) {
    let terminal = std::io::stdout().is_terminal();
    let mut ticks = tokio::time::interval(Duration::from_secs(if terminal { 1 } else { 10 }));
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let line = counts.line();
        if terminal {
            // Up, and over the last line.
            say(&format!("\x1b[1A\x1b[2K{line}"));
        } else {
            say(&line);
        }
    }
}

/// Says what was sent when the run ends, however that comes: whoever runs it may just drop it.
struct Summary(Arc<Run>);

impl Drop for Summary {
    fn drop(&mut self) {
        let Self(run) = self;
        say(&format!("sent in {:.0} s: {}", run.started.elapsed().as_secs_f64(), run.counts.line()));
    }
}

pub(super) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

async fn sleep_until(at_unix_ms: u64) {
    tokio::time::sleep(Duration::from_millis(at_unix_ms.saturating_sub(unix_ms()))).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_as_many_views_as_the_rate_assumes() {
        let mut random = Random::new(5, 5);
        let views: usize = (0..4_000)
            .map(|_| Session::draw(country::pick(&mut random), 1_790_000_000_000, PACE, &mut random).views.len())
            .sum();
        let average = views as f64 / 4_000.0;
        assert!((average / VIEWS_PER_SESSION - 1.0).abs() < 0.05, "{average}");
    }
}
