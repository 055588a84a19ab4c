//! What the views are asked, and their rows as observations.

use serde::Deserialize;
use time::OffsetDateTime;

use super::alarm::{Key, Urgency};
use super::observation::{Observation, Verdict};
use super::rule::Rule;
use crate::store::{QueryLimits, Store, StoreError};

/// How long one question may take.
const TIME_S_MAX: u32 = 20;
/// Largest answer: some 50,000 rows.
const RESULT_BYTES_MAX: usize = 16 << 20;

/// What is asked about.
#[derive(Clone, Debug)]
pub struct Question {
    /// Site key.
    pub site: String,
    /// Unix seconds; what has ended and settled before is judged.
    pub at: i64,
    /// The share of views that are to be free of errors.
    pub error_objective: f64,
    /// Most memory in ClickHouse.
    pub memory_bytes_max: u64,
}

/// A row of an answer.
#[derive(Debug, Deserialize)]
struct Row {
    instant: i64,
    #[serde(default)]
    country: String,
    #[serde(default)]
    page_group: String,
    state: String,
    urgency: Option<Urgency>,
    window_s: i64,
    observed: f64,
    expected: f64,
    #[serde(default)]
    lo: f64,
    #[serde(default)]
    hi: f64,
    #[serde(default)]
    z: f64,
    #[serde(default)]
    detail: String,
}

/// What has ended before `now`, has settled, and is judged by a rule: the end of its last slot or minute, by this machine's clock. It says whether there is something to ask;
/// which instant was judged say the rows.
pub fn due(rule: Rule, now: i64) -> i64 {
    (now - rule.settle_s()).div_euclid(rule.pace_s()) * rule.pace_s()
}

/// Asks a rule's view. The probe has none: nothing is asked, and nothing found.
pub async fn ask(store: &Store, rule: Rule, question: &Question) -> Result<Vec<Observation>, StoreError> {
    let Some(sql) = sql(rule) else { return Ok(Vec::new()) };
    let mut parameters = vec![("site", question.site.clone()), ("at", date_time(question.at))];
    if rule == Rule::Errors {
        parameters.push(("objective", question.error_objective.to_string()));
    }
    let limits = QueryLimits {
        time_s: TIME_S_MAX,
        result_bytes_max: RESULT_BYTES_MAX,
        memory_bytes_max: question.memory_bytes_max,
    };
    let rows: Vec<Row> = store.ask_rows(sql, &parameters, limits).await?;
    Ok(rows.into_iter().map(|row| observation(rule, row)).collect())
}

fn observation(rule: Rule, row: Row) -> Observation {
    let verdict = match row.state.as_str() {
        "firing" => Verdict::Firing,
        "ok" => Verdict::Ok,
        // Also what a later version may say that this one does not know.
        _ => Verdict::Learning,
    };
    let usual = if rule == Rule::Drift { Urgency::Ticket } else { Urgency::Page };
    Observation {
        key: Key { rule, country: row.country, page_group: row.page_group },
        at: row.instant,
        verdict,
        urgency: row.urgency.unwrap_or(usual),
        window_s: row.window_s.max(0),
        observed: row.observed,
        expected: row.expected,
        lo: row.lo,
        hi: row.hi,
        z: row.z,
        detail: row.detail,
    }
}

/// An instant as ClickHouse's parameters take it.
pub(super) fn date_time(at: i64) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let at = OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(format).unwrap_or_default()
}

fn sql(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::Probe => return None,
        Rule::Volume => {
            "SELECT toUnixTimestamp(at) AS instant, toString(country) AS country, state, window_min * 60 AS window_s, \
             toFloat64(observed) AS observed, expected, lo, hi, z \
             FROM volume_alarms(site = {site:String}, at = {at:DateTime('UTC')})"
        }
        Rule::VolumePages => {
            "SELECT toUnixTimestamp(at) AS instant, toString(page_group) AS page_group, state, window_min * 60 AS window_s, \
             toFloat64(observed) AS observed, expected, lo, hi, z \
             FROM page_volume_alarms(site = {site:String}, at = {at:DateTime('UTC')})"
        }
        Rule::Orders => {
            "SELECT toUnixTimestamp(at) AS instant, toString(country) AS country, state, window_min * 60 AS window_s, \
             toFloat64(observed) AS observed, expected, lo, hi, z \
             FROM order_alarms(site = {site:String}, at = {at:DateTime('UTC')})"
        }
        Rule::Errors => {
            "SELECT toUnixTimestamp(at) AS instant, toString(country) AS country, state, urgency, short_window_min * 60 AS window_s, \
             toFloat64(errors) AS observed, views * (1 - {objective:Float64}) AS expected, long_burn AS z \
             FROM error_alarms(site = {site:String}, objective = {objective:Float64}, at = {at:DateTime('UTC')})"
        }
        Rule::Speed => {
            "SELECT toUnixTimestamp(at) AS instant, toString(country) AS country, state, 900 AS window_s, \
             ifNull(slow_share, 0) AS observed, ifNull(expected_share, 0) AS expected, z \
             FROM speed_alarms(site = {site:String}, at = {at:DateTime('UTC')})"
        }
        Rule::Drift => {
            "SELECT toUnixTimestamp(toStartOfHour(least({at:DateTime('UTC')}, now('UTC')))) AS instant, toString(country) AS country, state, \
             if(since IS NULL, 0, instant - toUnixTimestamp(toDateTime(since, 'UTC'))) AS window_s, \
             ifNull(slow_share, 0) AS observed, ifNull(expected_share, 0) AS expected, cusum AS z \
             FROM speed_drift(site = {site:String}, at = {at:DateTime('UTC')})"
        }
        Rule::Network => {
            "SELECT toUnixTimestamp(at) AS instant, toString(country) AS country, state, 300 AS window_s, \
             toFloat64(failures) AS observed, toFloat64(ifNull(views * usual_share, 0)) AS expected, toString(type) AS detail \
             FROM network_alarms(site = {site:String}, at = {at:DateTime('UTC')})"
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_due_a_minute_after_its_end_and_a_minute_half_a_minute() {
        assert_eq!((due(Rule::Orders, 659), due(Rule::Orders, 660)), (300, 600));
        assert_eq!((due(Rule::Volume, 689), due(Rule::Volume, 690)), (600, 660));
        assert_eq!(due(Rule::Drift, 7199), 3600);
        assert_eq!(date_time(1_798_156_800), "2026-12-25 00:00:00");
    }

    #[test]
    fn a_state_that_is_not_known_neither_begins_nor_ends_an_alarm() {
        let row = |text: &str| observation(Rule::Errors, serde_json::from_str(text).unwrap());
        let known = row(
            r#"{"instant":300,"country":"DE","state":"firing","urgency":"ticket","window_s":300,"observed":30,"expected":2.5,"z":15}"#,
        );
        assert_eq!((known.verdict, known.urgency), (Verdict::Firing, Urgency::Ticket));
        let unknown = row(r#"{"instant":300,"state":"resting","window_s":300,"observed":30,"expected":2.5}"#);
        assert_eq!((unknown.verdict, unknown.urgency), (Verdict::Learning, Urgency::Page));
    }
}
