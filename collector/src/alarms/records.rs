//! What stands of a site in ClickHouse, read and written. One collector writes; all of it is read when that begins to watch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::alarm::Alarm;
use super::hold::Silence;
use super::incident::Incident;
use super::judge::{INCIDENTS_MAX, OPEN_MAX, Outcome, SiteWatch};
use super::price::FINAL_S;
use super::questions::date_time;
use super::rule::Rule;
use crate::store::{QueryLimits, Store, StoreError};

/// Most silences of a site that are looked at.
const SILENCES_MAX: usize = 1000;
/// What one of these questions may cost: the tables are small.
const LIMITS: QueryLimits = QueryLimits { time_s: 20, result_bytes_max: 16 << 20, memory_bytes_max: 1 << 30 };

/// A row with its site.
#[derive(Serialize)]
struct OfSite<'a, T> {
    site: &'a str,
    #[serde(flatten)]
    row: &'a T,
}

#[derive(Deserialize)]
struct Last {
    name: String,
    at: i64,
}

/// What the alarms of an incident say that the incident's row does not.
#[derive(Deserialize)]
struct Bounds {
    incident_id: String,
    began: i64,
    last_end: i64,
}

/// Reads what stands of a site.
pub async fn load(store: &Store, site: &str) -> Result<SiteWatch, StoreError> {
    let parameters = [("site", site.to_owned())];
    let alarms: Vec<Alarm> = store.ask_rows(&open_alarms(), &parameters, LIMITS).await?;
    let mut incidents: Vec<Incident> = store.ask_rows(&incidents_in_mind(), &parameters, LIMITS).await?;
    // The earliest first.
    incidents.reverse();
    let bounds: Vec<Bounds> = store.ask_rows(BOUNDS, &parameters, LIMITS).await?;
    let bounds: BTreeMap<&str, &Bounds> = bounds.iter().map(|bounds| (bounds.incident_id.as_str(), bounds)).collect();
    for incident in &mut incidents {
        let of = bounds.get(incident.incident_id.as_str());
        incident.began = of.map_or(incident.started_at, |bounds| bounds.began);
        incident.last_end = of.map_or(i64::MIN, |bounds| bounds.last_end);
    }
    let last: Vec<Last> = store.ask_rows(LAST_JUDGED, &parameters, LIMITS).await?;
    let judged = last.into_iter().filter_map(|last| Some((Rule::named(&last.name)?, last.at))).collect();
    Ok(SiteWatch { site: site.to_owned(), alarms, incidents, judged })
}

/// The silences of a site that hold at `now`.
pub async fn silences(store: &Store, site: &str, now: i64) -> Result<Vec<Silence>, StoreError> {
    let sql = format!(
        "SELECT silence_id, rule, country, page_group, toUnixTimestamp(from_at) AS from_at, toUnixTimestamp(until_at) AS until_at FROM \
         (SELECT * FROM silences FINAL WHERE site = {{site:String}}) AS kept \
         WHERE kept.from_at <= {{now:DateTime('UTC')}} AND kept.until_at > {{now:DateTime('UTC')}} ORDER BY silence_id LIMIT {SILENCES_MAX}"
    );
    store.ask_rows(&sql, &[("site", site.to_owned()), ("now", date_time(now))], LIMITS).await
}

/// Writes what has changed. Alarms first: an incident without them would end at once.
pub async fn save(store: &Store, site: &str, outcome: &Outcome) -> Result<(), StoreError> {
    let alarms: Vec<_> = outcome.alarms.iter().map(|row| OfSite { site, row }).collect();
    store.insert_json("alarms", &alarms).await?;
    save_incidents(store, site, &outcome.incidents).await
}

/// Writes incidents.
pub async fn save_incidents(store: &Store, site: &str, incidents: &[Incident]) -> Result<(), StoreError> {
    let rows: Vec<_> = incidents.iter().map(|row| OfSite { site, row }).collect();
    store.insert_json("incidents", &rows).await
}

fn open_alarms() -> String {
    let seconds = ["opened_at", "fired_at", "resolved_at", "judged_at", "notified_at"];
    let columns = seconds.map(|column| format!("toUnixTimestamp(kept.{column}) AS {column}")).join(", ");
    format!(
        "SELECT fingerprint, toString(rule) AS rule, country, page_group, urgency, state, observed, expected, lo, hi, z, summary, incident_id, \
         held_back_by, notifications, version, {columns} FROM \
         (SELECT * FROM alarms FINAL WHERE site = {{site:String}}) AS kept \
         WHERE kept.state != 'resolved' AND kept.rule IN ({}) ORDER BY kept.opened_at, fingerprint LIMIT {OPEN_MAX}",
        known_rules()
    )
}

/// Open ones, and those whose loss may still have to become final.
fn incidents_in_mind() -> String {
    let seconds = ["started_at", "detected_at", "resolved_at", "priced_at"];
    let columns = seconds.map(|column| format!("toUnixTimestamp(kept.{column}) AS {column}")).join(", ");
    format!(
        "SELECT incident_id, kind, title, arrayFilter(rule -> rule IN ({}), kept.rules) AS rules, countries, page_groups, alarms, loss_method, expected_orders, actual_orders, gross_lost, gross_lo, \
         gross_hi, net_lost, net_lo, net_hi, gross_lost_revenue, net_lost_revenue, version, {columns} FROM \
         (SELECT * FROM incidents FINAL WHERE site = {{site:String}}) AS kept \
         WHERE kept.resolved_at IS NULL OR kept.priced_at IS NULL OR kept.priced_at < kept.resolved_at + {FINAL_S} \
         ORDER BY kept.started_at DESC LIMIT {INCIDENTS_MAX}",
        known_rules()
    )
}

/// As [`super::incident::begin`] says of an alarm.
const BOUNDS: &str = "SELECT incident_id, \
         min(if(abs(toInt64(toUnixTimestamp(assumeNotNull(fired_at))) - toUnixTimestamp(opened_at)) <= 600, toInt64(toUnixTimestamp(opened_at)), \
             toInt64(toUnixTimestamp(assumeNotNull(fired_at))))) AS began, \
         max(toInt64(toUnixTimestamp(ifNull(resolved_at, toDateTime(0, 'UTC'))))) AS last_end \
     FROM alarms FINAL \
     WHERE site = {site:String} AND fired_at IS NOT NULL \
         AND incident_id IN (SELECT incident_id FROM incidents FINAL WHERE site = {site:String} AND resolved_at IS NULL) \
     GROUP BY incident_id";

const LAST_JUDGED: &str = "SELECT toString(rule) AS name, max(toUnixTimestamp(judged_at)) AS at FROM alarms FINAL \
     WHERE site = {site:String} GROUP BY name";

/// A newer version may have written others: they are left to it.
fn known_rules() -> String {
    Rule::ALL.map(|rule| format!("'{}'", rule.name())).join(", ")
}
