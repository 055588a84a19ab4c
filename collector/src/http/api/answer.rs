//! Asks ClickHouse and writes its answer.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use time::UtcDateTime;
use tokio::sync::Semaphore;

use super::parameters::{Parameters, unknown_site};
use super::refusal::Refusal;
use crate::http::{Shared, header as header_text};
use crate::reject::Reject;
use crate::store::QueryLimits;

/// How long one question may take, in seconds.
const TIME_S_MAX: u32 = 20;
/// How large its answer may be.
const RESULT_BYTES_MAX: usize = 8 << 20;
/// Longest wait for an answer, with the wait for one's turn.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// Questions that run at a time; more wait for their turn, so that readers of the report cannot starve the inserts.
static TURNS: Semaphore = Semaphore::const_new(4);

/// One table of the report.
pub(super) struct Report {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    /// It takes the parameter `country`.
    pub(super) by_country: bool,
}

/// Answers one table of the report.
pub(super) async fn table(report: &Report, request: &HttpRequest, shared: &Shared) -> Result<HttpResponse, Refusal> {
    let today = UtcDateTime::now().date();
    let parameters = Parameters::parse(request.query_string(), report.by_country, today)?;
    let site = site(parameters.site.clone(), shared).await?;
    let mut places = vec![
        ("site", site.clone()),
        ("from_day", parameters.from_day.to_string()),
        ("to_day", parameters.to_day.to_string()),
        ("target_ms", parameters.target_ms.to_string()),
    ];
    if report.by_country {
        places.push(("country", parameters.country.clone().unwrap_or_default()));
    }
    if wants_csv(request) {
        return Ok(csv(ask(shared, report.name, report.sql, &places, "CSVWithNames").await?));
    }
    let rows = ask(shared, report.name, report.sql, &places, "JSONEachRow").await?;
    let head = Head {
        site: &site,
        from_day: parameters.from_day.to_string(),
        to_day: parameters.to_day.to_string(),
        target_ms: parameters.target_ms,
        country: parameters.country.as_deref(),
    };
    envelope(&head, &rows)
}

/// What a table was asked with, in its answer.
#[derive(Serialize)]
struct Head<'a> {
    site: &'a str,
    from_day: String,
    to_day: String,
    target_ms: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
}

/// The site that is meant: one that is configured, or one that has data from earlier.
async fn site(asked: Option<String>, shared: &Shared) -> Result<String, Refusal> {
    let configured = &shared.config.sites;
    match asked {
        None if configured.len() == 1 => configured.keys().next().cloned().ok_or_else(unknown_site),
        Some(site) if configured.contains_key(&site) => Ok(site),
        Some(site) if sites_with_data(shared).await?.contains_key(&site) => Ok(site),
        _ => Err(unknown_site()),
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
    let answer = ask(shared, "sites", super::sql::SITES, &[], "JSONEachRow").await?;
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
    if wants_csv(request) {
        return Ok(csv(sites_csv(rows).into_bytes()));
    }
    Ok(ok("application/json").json(BTreeMap::from([("rows", rows.collect::<Vec<_>>())])))
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

/// `Accept` names CSV, and no JSON before it.
fn wants_csv(request: &HttpRequest) -> bool {
    let accept = header_text(request, "accept").unwrap_or_default();
    let mut types = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    types.find(|kind| matches!(*kind, "text/csv" | "application/json")) == Some("text/csv")
}

fn ok(content_type: &'static str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "accept"))
        .content_type(content_type);
    response
}

fn csv(rows: Vec<u8>) -> HttpResponse {
    ok("text/csv; charset=utf-8; header=present").body(rows)
}

/// The head's fields and the rows in one object. Rows come one a line; a line break within a value is escaped.
fn envelope(head: &Head, rows: &[u8]) -> Result<HttpResponse, Refusal> {
    let mut body = serde_json::to_vec(head).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Refusal::from(Reject::Internal)
    })?;
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
    Ok(ok("application/json").body(body))
}
