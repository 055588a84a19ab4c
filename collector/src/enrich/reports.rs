//! Reports that browsers send by themselves: the Reporting API's JSON, an array of objects with `type`, `age`, `url`, `user_agent` and `body`
//! (W3C Reporting API; bodies: Network Error Logging, CSP Level 3, deprecation, intervention, crash), and the older form of a CSP report, one object
//! with `csp-report`.
//!
//! What bodies have and no row has: the server's address (`server_ip`), headers of requests and answers, a script's `sample`, a crash's `stack`,
//! a policy's text.

use std::sync::Arc;

use beacon_format::limits::{MESSAGE_BYTES_MAX, NAME_BYTES_MAX, TOKEN_BYTES_MAX, URL_BYTES_MAX};
use serde_json::Value;

use super::text::{cut, one_line, without_query};
use super::user_agent::UserAgent;
use super::{RequestFacts, Tools, single};
use crate::reject::Reject;
use crate::site::Site;
use crate::store::rows::{BrowserReportRow, UnixMs};

/// Most reports in one request; browsers keep no more than that.
const REPORTS_MAX: usize = 100;
/// Largest body, in bytes: a hundred reports with all that a row takes of them. The spool takes the rows of one in one record.
pub const REPORTS_BYTES_MAX: usize = 256 * 1024;
/// Oldest report that is taken: browsers keep them while they cannot be sent.
const AGE_MS_MAX: i64 = 48 * 3600 * 1000;
/// A report stands for at most a thousand failures, or a single invented one would be an outage.
const SAMPLING_FRACTION_MIN: f64 = 0.001;

/// What became of a batch: each of its reports is in one of the two.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reports {
    /// A row for each report that was taken, in their order.
    pub rows: Vec<BrowserReportRow>,
    /// Why others were not: [`Reject::BadJson`] what is no report, [`Reject::TooOld`] one of more than 48 h ago.
    pub refused: Vec<Reject>,
}

/// Makes rows of a body: an array of at most 100 reports, a single report, or the older form of a CSP report. A report that makes no sense is left out
/// alone. What one lacks is empty or 0.
///
/// Refused as a whole is what is empty ([`Reject::Empty`]), no JSON or neither array nor object ([`Reject::BadJson`]), or has more than 100
/// reports ([`Reject::OutOfRange`]).
pub fn enrich_reports(body: &[u8], facts: &RequestFacts, site: &Site, tools: &Tools) -> Result<Reports, Reject> {
    if body.is_empty() {
        return Err(Reject::Empty);
    }
    let told = match serde_json::from_slice(body).map_err(|_| Reject::BadJson)? {
        Value::Array(told) => told,
        one @ Value::Object(_) => vec![one],
        _ => return Err(Reject::BadJson),
    };
    if told.len() > REPORTS_MAX {
        return Err(Reject::OutOfRange);
    }
    let (country, _) = tools.locate(facts.client);
    let sender = (facts.user_agent, tools.user_agents.classify_hinted(facts.user_agent, &facts.hints));
    let mut reports = Reports::default();
    for report in &told {
        match row(report, facts.received_ms, &sender, tools) {
            Ok(mut row) => {
                row.site.clone_from(&site.key);
                country.code().clone_into(&mut row.country);
                reports.rows.push(row);
            }
            Err(reject) => reports.refused.push(reject),
        }
    }
    Ok(reports)
}

/// One report's row, without what all of a batch share.
fn row(
    report: &Value,
    received_ms: UnixMs,
    (header, sender): &(&str, Arc<UserAgent>),
    tools: &Tools,
) -> Result<BrowserReportRow, Reject> {
    let report = report.as_object().ok_or(Reject::BadJson)?;
    let old_csp = report.get("csp-report").filter(|body| body.is_object());
    let report_type = match old_csp {
        Some(_) => "csp-violation".to_owned(),
        None => text(report.get("type"), NAME_BYTES_MAX),
    };
    if report_type.is_empty() {
        return Err(Reject::BadJson);
    }
    let age_ms = report.get("age").map_or(Ok(0), age_ms)?;
    let body = Body(old_csp.or_else(|| report.get("body")).unwrap_or(&Value::Null));
    // That of the visit, where it is another one than the sender's: browsers are renewed, and show some sites another user agent.
    let user_agent = match report.get("user_agent").and_then(Value::as_str) {
        Some(told) if !told.is_empty() && told != *header => tools.user_agents.classify(told),
        _ => sender.clone(),
    };
    Ok(BrowserReportRow {
        ts: received_ms - age_ms,
        is_bot: user_agent.bot_reason.is_some() || sender.bot_reason.is_some(),
        device: user_agent.device,
        browser: user_agent.browser.clone(),
        report_type,
        url: url(report.get("url").or_else(|| body.find(&["documentURL", "document-uri"]))),
        phase: text(body.find(&["phase"]), NAME_BYTES_MAX),
        error: body.error(),
        http_status: body.number(&["status_code", "statusCode", "status-code"]),
        protocol: text(body.find(&["protocol"]), TOKEN_BYTES_MAX),
        elapsed_ms: body.number(&["elapsed_time"]),
        sampling_fraction: body.sampling_fraction(),
        method: text(body.find(&["method"]), TOKEN_BYTES_MAX),
        referrer: url(body.find(&["referrer"])),
        blocked: url(body.find(&["blockedURL", "blocked-uri"])),
        source: url(body.find(&["sourceFile", "source-file"])),
        line: body.number(&["lineNumber", "line-number"]),
        disposition: text(body.find(&["disposition"]), TOKEN_BYTES_MAX),
        message: text(body.find(&["message"]), MESSAGE_BYTES_MAX),
        ..BrowserReportRow::default()
    })
}

/// What a report says beside its envelope; each type has names of its own, and an older form others.
struct Body<'a>(&'a Value);

impl<'a> Body<'a> {
    /// The first of these that is there.
    fn find(&self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| self.0.get(name))
    }

    /// The word that tells one kind of trouble from others of its type. A directive of the oldest CSP reports has its values behind it.
    fn error(&self) -> String {
        const NAMES: [&str; 8] = [
            "type",
            "effectiveDirective",
            "effective-directive",
            "violated-directive",
            "featureId",
            "policyId",
            "id",
            "reason",
        ];
        let error = NAMES.iter().find_map(|name| self.0.get(name)?.as_str()).unwrap_or_default();
        one_line(cut(error.split_whitespace().next().unwrap_or_default(), NAME_BYTES_MAX))
    }

    /// A whole number, also of one that was told with a fraction; 0 where it is none, or does not fit.
    fn number<N: TryFrom<u64> + Default>(&self, names: &[&str]) -> N {
        let told = self.find(names).and_then(|value| value.as_u64().or_else(|| value.as_f64().and_then(whole)));
        told.and_then(|number| N::try_from(number).ok()).unwrap_or_default()
    }

    /// The share of such events that browsers report; counts are divided by it, so it is never 0.
    fn sampling_fraction(&self) -> f32 {
        match self.0.get("sampling_fraction").and_then(Value::as_f64) {
            Some(fraction) if fraction > 0.0 && fraction <= 1.0 => single(fraction.max(SAMPLING_FRACTION_MIN)),
            _ => 1.0,
        }
    }
}

/// How long ago it was, in whole milliseconds; some browsers tell fractions. What is negative or no number is now.
fn age_ms(age: &Value) -> Result<i64, Reject> {
    let age = age.as_f64().map_or(0.0, |age| age.clamp(0.0, 1e15));
    let age = whole(age).and_then(|age| i64::try_from(age).ok()).unwrap_or_default();
    if age <= AGE_MS_MAX { Ok(age) } else { Err(Reject::TooOld) }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is held, and the fraction does not matter"
)]
fn whole(number: f64) -> Option<u64> {
    (0.0..=1e15).contains(&number).then_some(number as u64)
}

fn text(value: Option<&Value>, bytes_max: usize) -> String {
    one_line(cut(value.and_then(Value::as_str).unwrap_or_default(), bytes_max))
}

/// A URL without query, fragment, and what may stand before its host: a user and a password.
fn url(value: Option<&Value>) -> String {
    let told = without_query(value.and_then(Value::as_str).unwrap_or_default());
    let (scheme, rest) = told.split_once("://").map_or(("", told), |(scheme, rest)| (&told[..scheme.len() + 3], rest));
    let host_end = rest.find('/').unwrap_or(rest.len());
    let host_at = if scheme.is_empty() { 0 } else { rest[..host_end].rfind('@').map_or(0, |at| at + 1) };
    one_line(cut(&[scheme, &rest[host_at..]].concat(), URL_BYTES_MAX))
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

    #[test]
    fn a_reports_url_names_no_user() {
        let told = |text: &str| url(Some(&Value::from(text)));
        assert_eq!(told("https://ann:secret@a.example/b@c"), "https://a.example/b@c");
        assert_eq!(told("https://a@b@c.example"), "https://c.example");
        assert_eq!(told("https://c.example/?next=https://d@e"), "https://c.example/");
        for same in ["inline", "eval", "data", "/a@b", "https://a.example/x/@scope/y.js"] {
            assert_eq!(told(same), same);
        }
    }

    fn body(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_type_has_its_own_name_for_what_went_wrong() {
        for (json, error) in [
            (r#"{"type":"dns.name_not_resolved","phase":"dns"}"#, "dns.name_not_resolved"),
            (r#"{"effectiveDirective":"script-src-elem"}"#, "script-src-elem"),
            (r#"{"violated-directive":"img-src 'self' https://a.example"}"#, "img-src"),
            (r#"{"effective-directive":"img-src","violated-directive":"default-src 'none'"}"#, "img-src"),
            (r#"{"featureId":"geolocation"}"#, "geolocation"),
            (r#"{"id":"XHRSync","message":"..."}"#, "XHRSync"),
            (r#"{"reason":"oom","stack":"..."}"#, "oom"),
            (r#"{"type":7,"reason":"oom"}"#, "oom"),
            ("null", ""),
            ("[]", ""),
        ] {
            assert_eq!(Body(&body(json)).error(), error, "{json}");
        }
    }

    #[test]
    fn numbers_are_whole_and_those_that_do_not_fit_are_0() {
        for (json, status) in
            [("500", 500), ("500.9", 500), ("65535", 65535), ("65536", 0), ("-1", 0), ("\"500\"", 0), ("1e300", 0)]
        {
            let body = body(&format!(r#"{{"status_code":{json}}}"#));
            assert_eq!(Body(&body).number::<u16>(&["status_code"]), status, "{json}");
        }
    }

    #[test]
    fn a_report_stands_for_at_least_one_failure_and_for_at_most_a_thousand() {
        for (json, fraction) in [
            ("1", 1.0),
            ("0.25", 0.25),
            ("0.001", 0.001),
            ("0.0001", 0.001),
            ("0", 1.0),
            ("-1", 1.0),
            ("2", 1.0),
            ("\"1\"", 1.0),
            ("null", 1.0),
        ] {
            let body = body(&format!(r#"{{"sampling_fraction":{json}}}"#));
            let told = Body(&body).sampling_fraction();
            assert!((told - fraction).abs() < 1e-9, "{json}: {told}");
        }
    }
}
