//! Asks ClickHouse and writes its answer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::UtcDateTime;
use tokio::sync::Semaphore;

use super::kept::Kept;
use super::parameters::{Parameter, Parameters, rfc3339, unknown_site};
use super::refusal::Refusal;
use super::reports::{Report, Time, sql::SITES};
use super::sql_text;
use crate::http::access::{Viewer, viewer};
use crate::http::{Shared, header as header_text};
use crate::reject::Reject;
use crate::store::QueryLimits;

/// How long one question may take, in seconds.
const TIME_S_MAX: u32 = 20;
/// How large its answer may be.
const RESULT_BYTES_MAX: usize = 8 << 20;
/// Longest wait for an answer, with the wait for one's turn.
pub(super) const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// What is shown before an incident and after it, and at most.
const AROUND: time::Duration = time::Duration::hours(3);
const AROUND_MAX: time::Duration = time::Duration::days(2);
/// Questions that run at a time; more wait for their turn, so that readers of the report cannot starve the inserts.
static TURNS: Semaphore = Semaphore::const_new(4);
static KEPT: Kept = Kept::new();

/// Answers one table of the report.
pub(super) async fn table(report: &Report, request: &HttpRequest, shared: &Shared) -> Result<HttpResponse, Refusal> {
    let now = UtcDateTime::now();
    let parameters = Parameters::parse(request.query_string(), report, now)?;
    let site = site(parameters.site.clone(), shared, &viewer(request)).await?;
    let (sql, is_narrowed) = report.sql(parameters.given());
    let around = around(report, &parameters, &site, shared, now).await?;
    let mut places = vec![("site", site)];
    if let Some((from_day, to_day)) = parameters.days {
        places.extend([("from_day", from_day.to_string()), ("to_day", to_day.to_string())]);
    }
    places.extend(parameters.values.into_iter().map(|(parameter, value)| (parameter.name(), value)));
    if let Some((from_at, to_at)) = around {
        places.extend([("from_at", rfc3339(from_at)), ("to_at", rfc3339(to_at))]);
    }
    if is_narrowed {
        // Views may know parameters of which the table takes none.
        for parameter in
            [Parameter::Country, Parameter::PageGroup, Parameter::Device, Parameter::Nav, Parameter::Release]
        {
            if !report.takes.contains(&parameter) {
                places.push((parameter.name(), String::new()));
            }
        }
    }
    match wanted(request) {
        Wanted::Sql => {
            let sql = if is_narrowed { sql } else { report.question.asked };
            Ok(answer(request, "application/sql; charset=utf-8", sql_text::filled_in(sql, &places).into_bytes()))
        }
        Wanted::Csv => Ok(answer(request, CSV, ask_or_kept(shared, report, sql, &places, "CSVWithNames").await?)),
        Wanted::Json => {
            let rows = ask_or_kept(shared, report, sql, &places, "JSONEachRow").await?;
            Ok(answer(request, JSON, envelope(&places, &rows)?))
        }
    }
}

/// The time around the incident that a table is about; nothing where it is about none. An incident that there is not is a parameter that does not fit.
async fn around(
    report: &Report,
    parameters: &Parameters,
    site: &str,
    shared: &Shared,
    now: UtcDateTime,
) -> Result<Option<(UtcDateTime, UtcDateTime)>, Refusal> {
    let Some((_, id)) = parameters.values.iter().find(|(parameter, _)| *parameter == Parameter::Incident) else {
        return Ok(None);
    };
    let found = tokio::time::timeout(ANSWER_TIME_MAX, shared.store.incident(site, id)).await;
    let found = found.map_err(|_| Refusal::from(Reject::StoreTooSlow))?;
    let incident = found.map_err(|error| Refusal::store(report.name, &error))?;
    let incident = incident.ok_or_else(|| Parameter::Incident.refuse())?;
    Ok((report.time == Time::Around).then(|| span(incident.started_at, incident.resolved_at, now)))
}

/// From 3 hours before an incident to 3 hours after its end, or until now: at most two days, of which the beginning counts.
pub(super) fn span(started_at: u32, resolved_at: Option<u32>, now: UtcDateTime) -> (UtcDateTime, UtcDateTime) {
    let at = |unix_s: u32| UtcDateTime::from_unix_timestamp(i64::from(unix_s)).unwrap_or(UtcDateTime::UNIX_EPOCH);
    // The same for a minute, in which the answer is hardly another one.
    let now = now.truncate_to_minute();
    let from = at(started_at).saturating_sub(AROUND);
    let to = resolved_at.map_or(now, |resolved| at(resolved).saturating_add(AROUND));
    (from, to.min(now).min(from.saturating_add(AROUND_MAX)).max(from))
}

/// The site that is meant: one that is configured, or one that has data from earlier; without a name the only one that is configured and may be seen.
/// A site that may not be seen is none, whether or not it is there.
pub(super) async fn site(asked: Option<String>, shared: &Shared, viewer: &Viewer) -> Result<String, Refusal> {
    let configured = &shared.config.sites;
    let mut seen = configured.keys().filter(|site| viewer.may_see(site));
    match asked {
        None => seen.next().filter(|_| seen.next().is_none()).cloned().ok_or_else(unknown_site),
        Some(site) if !viewer.may_see(&site) => Err(unknown_site()),
        Some(site) if configured.contains_key(&site) => Ok(site),
        Some(site) if sites_with_data(shared).await?.contains_key(&site) => Ok(site),
        Some(_) => Err(unknown_site()),
    }
}

#[derive(Deserialize)]
struct SiteData {
    site: String,
    views: u64,
    first_day: String,
    last_day: String,
}

async fn sites_with_data(shared: &Shared) -> Result<BTreeMap<String, SiteData>, Refusal> {
    let answer = ask(shared, "sites", SITES.whole, &[], "JSONEachRow").await?;
    let rows = serde_json::Deserializer::from_slice(&answer).into_iter::<SiteData>();
    let sites = rows.map(|row| row.map(|row| (row.site.clone(), row))).collect::<Result<_, _>>();
    sites.map_err(|error| {
        tracing::error!(%error, "the list of sites is not what its SQL says");
        Refusal::from(Reject::Internal)
    })
}

/// A site as `/sites` tells it. One without data has neither first nor last day; one that is not configured any more has no name.
#[derive(Serialize)]
struct SiteRow<'a> {
    site: &'a str,
    name: Option<&'a str>,
    currency: Option<&'a str>,
    conversion_goal: Option<&'a str>,
    views: u64,
    first_day: Option<&'a str>,
    last_day: Option<&'a str>,
}

/// Answers `/sites`.
pub(super) async fn sites(request: &HttpRequest, shared: &Shared) -> Result<HttpResponse, Refusal> {
    if !request.query_string().is_empty() {
        return Err(Refusal::parameter("(unknown)", "no parameters"));
    }
    let data = sites_with_data(shared).await?;
    let configured = &shared.config.sites;
    let mut keys: Vec<&String> = configured.keys().chain(data.keys()).collect();
    let viewer = viewer(request);
    keys.retain(|key| viewer.may_see(key));
    keys.sort_unstable();
    keys.dedup();
    let rows = keys.into_iter().map(|key| {
        let (config, data) = (configured.get(key), data.get(key));
        SiteRow {
            site: key,
            name: config.map(|site| site.name.as_str()),
            currency: config.map(|site| site.currency.as_str()),
            conversion_goal: config.map(|site| site.conversion_goal.as_str()),
            views: data.map_or(0, |data| data.views),
            first_day: data.map(|data| data.first_day.as_str()),
            last_day: data.map(|data| data.last_day.as_str()),
        }
    });
    match wanted(request) {
        Wanted::Sql => {
            Ok(answer(request, "application/sql; charset=utf-8", sql_text::filled_in(SITES.asked, &[]).into_bytes()))
        }
        Wanted::Csv => Ok(answer(request, CSV, sites_csv(rows).into_bytes())),
        Wanted::Json => {
            let body = serde_json::to_vec(&BTreeMap::from([("rows", rows.collect::<Vec<_>>())]));
            Ok(answer(request, JSON, body.map_err(|error| unwritten(&error))?))
        }
    }
}

fn sites_csv<'a>(rows: impl Iterator<Item = SiteRow<'a>>) -> String {
    let quoted = |text: Option<&str>| match text {
        Some(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        None => "\\N".to_owned(),
    };
    let head = "\"site\",\"name\",\"currency\",\"conversion_goal\",\"views\",\"first_day\",\"last_day\"\n";
    rows.fold(head.to_owned(), |csv, row| {
        let texts = [Some(row.site), row.name, row.currency, row.conversion_goal].map(quoted).join(",");
        csv + &format!("{texts},{},{},{}\n", row.views, quoted(row.first_day), quoted(row.last_day))
    })
}

/// The answer to a table's question, which of a table that is of an instant may be some seconds old.
async fn ask_or_kept(
    shared: &Shared,
    report: &Report,
    sql: &str,
    parameters: &[(&str, String)],
    format: &str,
) -> Result<Vec<u8>, Refusal> {
    if !report.takes.contains(&Parameter::At) {
        return ask(shared, report.name, sql, parameters, format).await;
    }
    let question = format!("{} {format} {parameters:?}", report.name);
    if let Some(answer) = KEPT.find(&question, Instant::now()) {
        return Ok(answer);
    }
    let answer = ask(shared, report.name, sql, parameters, format).await?;
    KEPT.keep(question, &answer, Instant::now());
    Ok(answer)
}

async fn ask(
    shared: &Shared,
    name: &str,
    sql: &str,
    parameters: &[(&str, String)],
    format: &str,
) -> Result<Vec<u8>, Refusal> {
    let limits = QueryLimits {
        time_s: TIME_S_MAX,
        result_bytes_max: RESULT_BYTES_MAX,
        memory_bytes_max: shared.config.clickhouse.report_memory_bytes_max,
    };
    let answer = async {
        // The semaphore is never closed.
        let _turn = TURNS.acquire().await.map_err(|_| Refusal::from(Reject::Internal))?;
        shared.store.query_bytes(sql, parameters, format, limits).await.map_err(|error| Refusal::store(name, &error))
    };
    tokio::time::timeout(ANSWER_TIME_MAX, answer).await.unwrap_or_else(|_| {
        tracing::warn!(report = name, "a question of the report took too long");
        Err(Reject::StoreTooSlow.into())
    })
}

pub(super) const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8; header=present";

enum Wanted {
    Json,
    Csv,
    /// What is asked, instead of the answer.
    Sql,
}

/// The first of the types that `Accept` names and that there are.
fn wanted(request: &HttpRequest) -> Wanted {
    let accept = header_text(request, "accept").unwrap_or_default();
    let types = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    let mut known = types.filter_map(|kind| match kind {
        "text/csv" => Some(Wanted::Csv),
        "application/sql" => Some(Wanted::Sql),
        "application/json" => Some(Wanted::Json),
        _ => None,
    });
    known.next().unwrap_or(Wanted::Json)
}

/// The answer, or that it is the one that the asker has (RFC 9110, section 13.1.2). Nobody between may keep it.
pub(super) fn answer(request: &HttpRequest, content_type: &'static str, body: Vec<u8>) -> HttpResponse {
    let hash = Sha256::digest(&body);
    let number = hash[..16].iter().fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    let tag = format!("\"{number:032x}\"");
    let is_known = header_text(request, "if-none-match")
        .is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, "accept, authorization, cookie"))
        .insert_header((header::ETAG, tag));
    if is_known { response.finish() } else { response.content_type(content_type).body(body) }
}

/// What was asked with and the rows, in one object. Rows come one a line; a line break within a value is escaped.
fn envelope(places: &[(&str, String)], rows: &[u8]) -> Result<Vec<u8>, Refusal> {
    let head: serde_json::Map<String, Value> = places
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            let number = if *name == Parameter::Target.name() { value.parse::<u32>().ok() } else { None };
            ((*name).to_owned(), number.map_or_else(|| Value::from(value.as_str()), Value::from))
        })
        .collect();
    let mut body = serde_json::to_vec(&head).map_err(|error| unwritten(&error))?;
    // The closing brace.
    body.pop();
    body.extend_from_slice(b",\"rows\":[");
    for (number, row) in rows.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()).enumerate() {
        if number > 0 {
            body.push(b',');
        }
        body.extend_from_slice(row);
    }
    body.extend_from_slice(b"]}\n");
    Ok(body)
}

pub(super) fn unwritten(error: &serde_json::Error) -> Refusal {
    tracing::error!(%error, "an answer could not be written");
    Reject::Internal.into()
}
