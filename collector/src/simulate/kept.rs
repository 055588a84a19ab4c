//! Past days over HTTP: every view sends the beacons that a browser would, which say that they were kept in the browser until now. The collector
//! then places them where they were, as it does for visitors who were offline; not for longer than 48 hours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::Uri;
use tokio::task::JoinSet;

use super::beacon::{Setting, Snapshot, beacon, encoded, settled_at_ms};
use super::history::Plan;
use super::live::unix_ms;
use super::post::{Answer, Post};
use super::session::{Session, View};
use super::truth::Truth;
use super::{SimulateError, say, tell_case};

/// Sessions that are sent at a time.
const SESSIONS_MAX: usize = 64;
/// How often, and after which pause, a beacon is sent again that the collector had no time for.
const RETRIES_MAX: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Sends all days of the plan, and says what is true of them. An error as soon as a beacon is not taken.
pub(super) async fn send(plan: Plan, site: &str, endpoint: Uri) -> Result<(), SimulateError> {
    let post = Post::new(endpoint);
    let (mut truth, taken) = (Truth::default(), Arc::new(AtomicU64::new(0)));
    let mut sending = JoinSet::new();
    for session in plan.days().flat_map(|day| plan.sessions(day)) {
        truth.add(&session);
        while sending.len() >= SESSIONS_MAX {
            ended(sending.join_next().await)?;
        }
        sending.spawn(send_session(post.clone(), site.to_owned(), session, Arc::clone(&taken)));
    }
    while !sending.is_empty() {
        ended(sending.join_next().await)?;
    }
    say(&format!("{} beacons of {} views taken", taken.load(Ordering::Relaxed), truth.total().views));
    tell_case(plan, &truth);
    Ok(())
}

type Ended = Option<Result<Result<(), SimulateError>, tokio::task::JoinError>>;

fn ended(session: Ended) -> Result<(), SimulateError> {
    session.map_or(Ok(()), |session| session.map_err(SimulateError::Panicked)?)
}

async fn send_session(post: Post, site: String, session: Session, taken: Arc<AtomicU64>) -> Result<(), SimulateError> {
    for view in &session.views {
        let snapshots: &[Snapshot] =
            if settled_at_ms(view).is_some() { &[Snapshot::Settled, Snapshot::Hidden] } else { &[Snapshot::Whole] };
        for snapshot in snapshots {
            send_beacon(&post, &site, &session, (view, *snapshot)).await?;
            taken.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

async fn send_beacon(
    post: &Post,
    site: &str,
    session: &Session,
    (view, snapshot): (&View, Snapshot),
) -> Result<(), SimulateError> {
    let mut beacon = beacon(session, view, snapshot, Setting { site, history: "", resources: true });
    for _ in 0..=RETRIES_MAX {
        let told_ms = view.started_ms + u64::from(beacon.head.sent_after_ms);
        beacon.head.kept_ms = u32::try_from(unix_ms().saturating_sub(told_ms)).unwrap_or(u32::MAX);
        match post.send(encoded(&beacon), session.address, session.client.user_agent).await {
            Answer::Taken => return Ok(()),
            Answer::Busy(_) => tokio::time::sleep(PAUSE).await,
            Answer::Refused { status, text } => return Err(SimulateError::NotTaken { status, answer: text }),
            Answer::Unreachable(error) => return Err(SimulateError::Unreachable { url: post.url(), error }),
        }
    }
    Err(SimulateError::NotTaken { status: 503, answer: "it has too much to do".to_owned() })
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::simulate::cases;
    use crate::simulate::post::endpoint;

    #[tokio::test]
    async fn a_collector_that_is_not_there_ends_it() {
        // Nobody listens at a port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (case, end) = (Some(cases::find("common").unwrap()), date!(2026 - 11 - 23));
        let plan = Plan { days: 1, views_per_day: 100, seed: 1, end, case };
        let failure = send(plan, "shop", endpoint(&format!("http://127.0.0.1:{port}")).unwrap()).await.unwrap_err();
        assert!(matches!(failure, SimulateError::Unreachable { .. }), "{failure}");
    }
}
