//! Reports that browsers send by themselves: the Reporting API's JSON, an array of objects with `type`, `age`, `url` and `body`.

use beacon_format::limits::{NAME_BYTES_MAX, TOKEN_BYTES_MAX, URL_BYTES_MAX};
use serde_json::Value;

use super::text::{cut, one_line, without_query};
use super::{RequestFacts, Tools, single};
use crate::reject::Reject;
use crate::site::Site;
use crate::store::rows::BrowserReportRow;

/// Most reports in one request.
const REPORTS_MAX: usize = 100;
/// Oldest report that is taken: browsers keep them while they cannot be sent.
const AGE_MS_MAX: i64 = 48 * 3600 * 1000;

/// Makes rows of a body in the Reporting API's format (`application/reports+json`), of at most 100 reports. What a report lacks is empty or
/// 0; a report older than 48 h refuses them all.
pub fn enrich_reports(
    body: &[u8],
    facts: &RequestFacts,
    site: &Site,
    tools: &Tools,
) -> Result<Vec<BrowserReportRow>, Reject> {
    if body.is_empty() {
        return Err(Reject::Empty);
    }
    let reports: Vec<Value> = serde_json::from_slice(body).map_err(|_| Reject::BadJson)?;
    if reports.len() > REPORTS_MAX {
        return Err(Reject::OutOfRange);
    }
    let (country, _) = tools.locate(facts.client);
    let user_agent = tools.user_agents.classify_hinted(facts.user_agent, &facts.hints);
    reports
        .iter()
        .map(|report| {
            let report = report.as_object().ok_or(Reject::BadJson)?;
            let age_ms = report.get("age").map_or(Ok(0), age_ms)?;
            let null = Value::Null;
            let body = report.get("body").unwrap_or(&null);
            let error = ["type", "reason", "id", "effectiveDirective"].iter().find_map(|key| body[*key].as_str());
            Ok(BrowserReportRow {
                site: site.key.clone(),
                ts: facts.received_ms - age_ms,
                is_bot: user_agent.bot_reason.is_some(),
                country: country.code().to_owned(),
                device: user_agent.device,
                browser: user_agent.browser.clone(),
                report_type: text(report.get("type"), NAME_BYTES_MAX),
                url: url(report.get("url")),
                phase: text(body.get("phase"), NAME_BYTES_MAX),
                error: one_line(cut(error.unwrap_or_default(), NAME_BYTES_MAX)),
                http_status: number(body.get("status_code")).and_then(|status| u16::try_from(status).ok()).unwrap_or(0),
                protocol: text(body.get("protocol"), TOKEN_BYTES_MAX),
                elapsed_ms: number(body.get("elapsed_time"))
                    .and_then(|elapsed| u32::try_from(elapsed).ok())
                    .unwrap_or(0),
                sampling_fraction: sampling_fraction(body),
            })
        })
        .collect()
}

/// How long ago it was, in whole milliseconds; some browsers tell fractions. What is negative or no number is now.
fn age_ms(age: &Value) -> Result<i64, Reject> {
    let age = age.as_f64().unwrap_or(0.0).clamp(0.0, 1e15);
    #[expect(clippy::cast_possible_truncation, reason = "the range is held, and the fraction does not matter")]
    let age = age as i64;
    if age <= AGE_MS_MAX { Ok(age) } else { Err(Reject::TooOld) }
}

fn text(value: Option<&Value>, bytes_max: usize) -> String {
    one_line(cut(value.and_then(Value::as_str).unwrap_or_default(), bytes_max))
}

fn url(value: Option<&Value>) -> String {
    one_line(cut(without_query(value.and_then(Value::as_str).unwrap_or_default()), URL_BYTES_MAX))
}

fn number(value: Option<&Value>) -> Option<u64> {
    value.and_then(Value::as_u64)
}

/// The share of such events that browsers report; counts are divided by it, so it is never 0.
fn sampling_fraction(body: &Value) -> f32 {
    match body["sampling_fraction"].as_f64() {
        Some(fraction) if (1e-6..=1.0).contains(&fraction) => single(fraction),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reports_url_is_one_line_without_a_query_and_within_its_limit() {
        let told = |text: &str| url(Some(&Value::from(text)));
        assert_eq!(told("https://a.example/b\nc\u{0}?d#e"), "https://a.example/b c");
        assert_eq!(told(&"a".repeat(URL_BYTES_MAX)).len(), URL_BYTES_MAX);
        assert_eq!(told(&"a".repeat(URL_BYTES_MAX + 1)).len(), URL_BYTES_MAX);
        assert_eq!((url(None), url(Some(&Value::Null))), (String::new(), String::new()));
    }
}
