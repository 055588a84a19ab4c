//! What watches for alarms, put together.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;

use crate::alarms::dispatch::Dispatch;
use crate::alarms::probe::ProbeState;
use crate::alarms::watch::{self as alarm_watch, Around, Setup};
use crate::http::Shared;
use crate::store::Store;

/// What the watch needs of everything else.
pub(super) fn around(shared: &Shared, holder: String, dispatch: &Dispatch) -> Around {
    let spool = shared.spool.clone();
    let health = dispatch.health.clone();
    let heartbeat = dispatch.heartbeat.clone();
    Around {
        // Connections of its own: those of the web server's threads end with them.
        store: Store::new(&shared.config.clickhouse),
        metrics: shared.metrics.clone(),
        oldest_age: Arc::new(move || spool.fill().oldest_age(SystemTime::now())),
        outbox: dispatch.outbox.clone(),
        failing_for: Arc::new(move || failing_for(health.state(), SystemTime::now())),
        judged: Arc::new(move || heartbeat.beat()),
        holder,
    }
}

/// For how many seconds the probe has failed.
fn failing_for(state: ProbeState, now: SystemTime) -> Option<u64> {
    let ProbeState::Failing { since } = state else { return None };
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    Some(now.saturating_sub(u64::try_from(since).unwrap_or_default()))
}

/// Watches from the moment that there are tables, where it is to.
pub(super) async fn watch_alarms(
    around: Option<Around>,
    setup: Setup,
    mut schema: watch::Receiver<bool>,
    mut stop: watch::Receiver<bool>,
) {
    let Some(around) = around else { return };
    tokio::select! {
        ready = schema.wait_for(|ready| *ready) => if ready.is_err() { return },
        _ = stop.wait_for(|stop| *stop) => return,
    }
    alarm_watch::run(around, setup, stop).await;
}
