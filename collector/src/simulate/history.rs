//! A history: days of simulated visits in the past, put into ClickHouse as if the collector had received them then.
//!
//! Every visit is a real beacon, is decoded, and goes through [`enrich`] with the time at which it would have come; only HTTP and the queue are
//! left out, since a collector refuses beacons of days ago. A day is determined by (seed, views a day, case, day) alone.
//!
//! Exactly once: each view carries the custom dimension `history` with what determines its day, and a day whose views are all there is
//! skipped. Views go in last, so a day that has them all has everything. Days are inserted a few at a time, because ClickHouse waits for
//! the disk with each INSERT; the token of a batch is made of what determines its days, so what an interrupted run had stored of it is
//! dropped when the same run is repeated (on the same day, or with the same `--end`).

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use beacon_format::decode;
use serde::Deserialize;
use time::{Date, Duration, UtcDateTime, Weekday};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::SimulateError;
use super::beacon::{Setting, Snapshot, beacon, encoded};
use super::cases::Case;
use super::country;
use super::random::{Random, whole};
use super::session::{Session, View};
use super::truth::Truth;
use crate::enrich::address::ClientAddress;
use crate::enrich::client_hints::ClientHints;
use crate::enrich::{RequestFacts, Tools, enrich};
use crate::site::Site;
use crate::store::rows::{RawRow, Tables};
use crate::store::{QueryLimits, Store, StoreError, table_token};

/// Changes when the model does: days made by another one are another history.
const MODEL: u32 = 2;
/// Most days of one batch, and about how many views it has at most unless a single day has more.
const BATCH_DAYS_MAX: u32 = 7;
const BATCH_VIEWS: u32 = 40_000;
/// Most rows of one INSERT.
const INSERT_ROWS_MAX: usize = 200_000;
/// Batches that may wait for ClickHouse, made and not yet stored.
const WAITING_MAX: usize = 1;
/// Batches that are stored at a time.
const STORING_MAX: usize = 2;
/// From a page's being left to its beacon's arrival.
const TRANSIT_MS: u64 = 45;

/// Which history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) days: u16,
    pub(super) views_per_day: u32,
    pub(super) seed: u64,
    /// The day after the last one.
    pub(super) end: Date,
    /// Visits of this kind, instead of those of the demo.
    pub(super) case: Option<&'static Case>,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// All days are there now.
    Complete {
        /// Days that this run has inserted; the others were there.
        inserted: u16,
        /// What is true of all days together.
        truth: Truth,
    },
    /// The site has another simulated history in these days; nothing was inserted.
    Other(String),
}

impl Plan {
    /// The first day.
    pub(super) fn start(&self) -> Date {
        self.end - Duration::days(i64::from(self.days))
    }

    pub(super) fn days(self) -> impl Iterator<Item = Date> {
        (0..self.days).map(move |day| self.start() + Duration::days(i64::from(day)))
    }

    /// What determines a day: the custom dimension `history` of its views.
    fn label(&self, day: Date) -> String {
        format!("{day}, {}", self.kind())
    }

    /// What the days of a history have in common.
    fn kind(&self) -> String {
        let case = self.case.map_or(String::new(), |case| format!(", case {}", case.name));
        format!("about {} views a day, seed {}, model {MODEL}{case}", self.views_per_day, self.seed)
    }

    /// Which batch a day belongs to. Depends on the day, and not on when the history begins.
    fn batch(&self, day: Date) -> i32 {
        let days = (BATCH_VIEWS / self.views_per_day).clamp(1, BATCH_DAYS_MAX);
        day.to_julian_day() / days.cast_signed()
    }

    /// The sessions that begin on a day.
    pub(super) fn sessions(&self, day: Date) -> Vec<Session> {
        let day_ms = unix_ms(day);
        let mut random = Random::new(self.seed, day_ms);
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let level = if weekend { 1.12 } else { 0.952 } * random.between(0.95, 1.05);
        let views_wanted = whole(f64::from(self.views_per_day) * level) as usize;
        let mut sessions: Vec<Session> = Vec::new();
        let mut views = 0;
        while views < views_wanted {
            let country = country::pick(&mut random);
            let began_ms = country.moment(day_ms, &mut random);
            let session = match self.case {
                Some(case) => case.draw(country, began_ms, &mut random),
                None => Session::draw(country, began_ms, 1.0, &mut random),
            };
            views += session.views.len();
            sessions.push(session);
        }
        sessions
    }
}

/// Midnight UTC at which a day begins. The days of a history are after 1970.
fn unix_ms(day: Date) -> u64 {
    let seconds = UtcDateTime::new(day, time::Time::MIDNIGHT).unix_timestamp();
    u64::try_from(seconds).unwrap_or(0) * 1000
}

/// Inserts what is missing of the history. `progress` is told of each batch that was stored.
pub(super) async fn insert(
    plan: Plan,
    store: &Store,
    site: Site,
    tools: Tools,
    mut progress: impl FnMut(&str),
) -> Result<Outcome, SimulateError> {
    let stored = stored_views(plan, store, &site.key).await?;
    let ours: Vec<String> = plan.days().map(|day| plan.label(day)).collect();
    if let Some(other) = stored.keys().find(|label| !ours.contains(label)) {
        return Ok(Outcome::Other(other.clone()));
    }
    let (sender, mut batches) = mpsc::channel(WAITING_MAX);
    let maker = tokio::task::spawn_blocking(move || make_batches(plan, &stored, &site, &tools, &sender));
    let (mut storing, mut inserted) = (JoinSet::new(), 0);
    loop {
        let batch = if storing.len() < STORING_MAX { batches.recv().await } else { None };
        if let Some(batch) = batch {
            storing.spawn(store_batch(store.clone(), batch));
        } else if let Some(ended) = storing.join_next().await {
            let (days, line): (u16, String) = ended.map_err(SimulateError::Panicked)??;
            inserted += days;
            progress(&line);
        } else {
            break;
        }
    }
    let truth = maker.await.map_err(SimulateError::Panicked)??;
    Ok(Outcome::Complete { inserted, truth })
}

#[derive(Deserialize)]
struct Stored {
    history: String,
    views: usize,
}

/// How many views there are of each history in the plan's days.
async fn stored_views(plan: Plan, store: &Store, site: &str) -> Result<HashMap<String, usize>, StoreError> {
    // A session that begins before midnight has views after it.
    let sql = "SELECT dimensions['history'] AS history, uniqExact(view_id) AS views FROM page_views \
               WHERE site = {site:String} AND is_simulated AND history != '' \
               AND toDate(session_id_time) >= {from_day:Date} AND toDate(session_id_time) < {to_day:Date} GROUP BY history";
    let sql = sql.replace("session_id_time", "fromUnixTimestamp64Milli(toInt64(bitShiftRight(session_id, 20)), 'UTC')");
    let parameters =
        [("site", site.to_owned()), ("from_day", plan.start().to_string()), ("to_day", plan.end.to_string())];
    let answer = store.query_bytes(&sql, &parameters, "JSONEachRow", QueryLimits::default()).await?;
    let rows = serde_json::Deserializer::from_slice(&answer).into_iter::<Stored>();
    rows.map(|row| row.map(|row| (row.history, row.views))).collect::<Result<_, _>>().map_err(|error| StoreError {
        class: crate::store::ErrorClass::Setup,
        code: None,
        message: error.to_string(),
    })
}

/// Some days, ready to be stored.
#[derive(Default)]
struct Batch {
    days: Vec<Date>,
    /// What determines it.
    token: String,
    tables: Tables,
}

/// Makes the days that are not all there, in their order, and counts what is true of all of them.
fn make_batches(
    plan: Plan,
    stored: &HashMap<String, usize>,
    site: &Site,
    tools: &Tools,
    sender: &mpsc::Sender<Batch>,
) -> Result<Truth, SimulateError> {
    let mut truth = Truth::default();
    let mut batch = Batch::default();
    for day in plan.days() {
        if batch.days.last().is_some_and(|last| plan.batch(*last) != plan.batch(day))
            && sender.blocking_send(std::mem::take(&mut batch)).is_err()
        {
            // Storing failed, and whoever receives tells why.
            return Ok(truth);
        }
        let sessions = plan.sessions(day);
        let mut views = 0;
        for session in &sessions {
            truth.add(session);
            views += session.views.len();
        }
        let label = plan.label(day);
        if stored.get(&label) != Some(&views) {
            batch.add(&sessions, (&label, plan.case.is_none()), site, tools)?;
            batch.days.push(day);
            batch.token = format!("simulate/{}/{}/{}", site.key, plan.kind(), days_token(&batch.days));
        }
    }
    if !batch.days.is_empty() {
        let _ = sender.blocking_send(batch);
    }
    Ok(truth)
}

/// The days of a batch in few characters: all of them, since one that is left out makes another batch.
fn days_token(days: &[Date]) -> String {
    days.iter().map(|day| day.to_julian_day().to_string()).collect::<Vec<_>>().join("+")
}

impl Batch {
    fn add(
        &mut self,
        sessions: &[Session],
        (label, resources): (&str, bool),
        site: &Site,
        tools: &Tools,
    ) -> Result<(), SimulateError> {
        let setting = Setting { site: &site.key, history: label, resources };
        for session in sessions {
            for view in &session.views {
                let bytes = encoded(&beacon(session, view, Snapshot::Whole, setting));
                let beacon = decode(&bytes).map_err(|error| SimulateError::Refused(error.into()))?;
                let rows = enrich(&beacon, &facts(session, view), site, tools).map_err(SimulateError::Refused)?;
                self.tables.page_views.extend(rows.page_view);
                self.tables.resource_timings.extend(rows.resources);
                self.tables.goals.extend(rows.goals);
                self.tables.page_errors.extend(rows.errors);
            }
        }
        Ok(())
    }
}

fn facts<'a>(session: &Session, view: &View) -> RequestFacts<'a> {
    let left_ms = view.started_ms + u64::from(view.hidden_at_ms);
    RequestFacts {
        client: Some(ClientAddress::find(IpAddr::V4(session.address), std::iter::empty(), &[])),
        user_agent: session.client.user_agent,
        hints: ClientHints::default(),
        received_ms: i64::try_from(left_ms + TRANSIT_MS).unwrap_or(i64::MAX),
    }
}

/// Stores a batch, its views last. Says how many days it had, and how it went.
async fn store_batch(store: Store, Batch { days, token, tables }: Batch) -> Result<(u16, String), StoreError> {
    let started = Instant::now();
    tokio::try_join!(
        store_rows(&store, &tables.resource_timings, &token),
        store_rows(&store, &tables.page_errors, &token),
        store_rows(&store, &tables.goals, &token),
    )?;
    store_rows(&store, &tables.page_views, &token).await?;
    let (views, seconds) = (tables.page_views.len(), started.elapsed().as_secs_f64());
    let which = match days.as_slice() {
        [first, .., last] => format!("{first} to {last}"),
        [day] => day.to_string(),
        [] => String::new(),
    };
    // A batch has at most a week.
    Ok((u16::try_from(days.len()).unwrap_or(0), format!("{which}: {views} views stored in {seconds:.1} s")))
}

async fn store_rows<T: RawRow>(store: &Store, rows: &[T], token: &str) -> Result<(), StoreError> {
    for (number, rows) in rows.chunks(INSERT_ROWS_MAX).enumerate() {
        store.insert_rows(rows, &table_token(&format!("{token}/{number}"), T::TABLE)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::simulate::country::DAY_MS;

    const PLAN: Plan = Plan { days: 3, views_per_day: 2_000, seed: 1, end: date!(2026 - 11 - 23), case: None };

    fn fingerprint(plan: Plan, day: Date) -> Vec<(u64, usize, Option<f64>)> {
        let sessions = plan.sessions(day);
        sessions.iter().map(|session| (session.id.0, session.views.len(), session.order)).collect()
    }

    #[test]
    fn a_day_depends_on_seed_size_and_date_and_on_nothing_else() {
        let day = date!(2026 - 11 - 20);
        let first = fingerprint(PLAN, day);
        let later_end = Plan { days: 28, end: date!(2026 - 12 - 01), ..PLAN };
        assert_eq!(fingerprint(later_end, day), first);
        assert_ne!(fingerprint(Plan { seed: 2, ..PLAN }, day), first);
        assert_ne!(fingerprint(PLAN, date!(2026 - 11 - 21)), first);
    }

    #[test]
    fn sessions_begin_on_their_day_and_views_are_about_as_many_as_asked_for() {
        let mut views = 0;
        for day in PLAN.days() {
            let sessions = PLAN.sessions(day);
            let (from, to) = (unix_ms(day), unix_ms(day) + u64::from(DAY_MS));
            assert!(sessions.iter().all(|session| (from..to).contains(&session.views[0].started_ms)));
            views += sessions.iter().map(|session| session.views.len()).sum::<usize>();
        }
        assert!((5_400..6_900).contains(&views), "{views}");
        let days: Vec<Date> = PLAN.days().collect();
        assert_eq!(days, [date!(2026 - 11 - 20), date!(2026 - 11 - 21), date!(2026 - 11 - 22)]);
    }
}
