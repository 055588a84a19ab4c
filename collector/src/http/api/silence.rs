//! `POST /api/v1/silences` and `POST /api/v1/silences/{id}/end`: what nobody is to be told of for a while.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::change::{Change, done, failed, now_ms, turn, unix_s, within_time};
use super::fields::{Fields, Given, Text};
use super::parameters::{NAME_BYTES_MAX, is_country, is_id, is_name};
use super::refusal::Refusal;
use crate::alarms::rule::Rule;
use crate::http::Shared;
use crate::reject::Reject;
use crate::store::incidents::Silence;

/// A body's fields.
pub(super) const FIELDS: [&str; 5] = ["rule", "country", "page_group", "until_at", "reason"];
/// Most silences of a site that hold at a time: each alarm is held against all of them.
const SILENCES_MAX: u64 = 200;
/// How long a silence may hold from now on, in seconds.
const LENGTH_S_MIN: u32 = 60;
const LENGTH_S_MAX: u32 = 30 * 86_400;

const RULE: &str = "one of volume, volume_pages, orders, errors, speed, drift, network, probe; '' or left out: any";
const COUNTRY: &str = "two capital letters, ISO 3166-1 alpha-2, such as BR; '' or left out: any";
const PAGE_GROUP: &str = "a page group, such as /item/*, at most 500 bytes; '' or left out: any";
const UNTIL_AT: (&str, &str) =
    ("until_at", "an instant from a minute to 30 days from now, such as 2026-11-25T14:30:00Z");
const REASON: Text = Text {
    chars_max: 500,
    has_lines: false,
    expected: "why, in 1 to 500 characters on one line, without control characters",
};

pub(super) async fn make(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, Refusal> {
    let answer = within_time(store_new(&request, payload, &shared)).await;
    answer.inspect_err(|refusal| shared.metrics.request_refused(refusal.reject))
}

async fn store_new(request: &HttpRequest, payload: Payload, shared: &Shared) -> Result<HttpResponse, Refusal> {
    let Change { site, by, fields } = Change::read(request, payload, shared, &FIELDS).await?;
    let silence = silence(site, by, &fields, now_ms(), rand::random())?;
    let _turn = turn().await;
    let held = shared.store.silences_that_hold(&silence.site, silence.from_at).await.map_err(|error| failed(&error))?;
    if held >= SILENCES_MAX {
        return Err(Reject::TooManySilences.into());
    }
    shared.store.write_silence(&silence).await.map_err(|error| failed(&error))?;
    Ok(done(json!({ "silence_id": silence.silence_id })))
}

pub(super) async fn end(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    shared: Data<Shared>,
) -> Result<HttpResponse, Refusal> {
    let answer = within_time(store_end(&request, payload, &id, &shared)).await;
    answer.inspect_err(|refusal| shared.metrics.request_refused(refusal.reject))
}

async fn store_end(
    request: &HttpRequest,
    payload: Payload,
    id: &str,
    shared: &Shared,
) -> Result<HttpResponse, Refusal> {
    let Change { site, by, .. } = Change::read(request, payload, shared, &[]).await?;
    if !is_id(id) {
        return Err(Reject::NotFound.into());
    }
    let _turn = turn().await;
    let silence = shared.store.silence(&site, id).await.map_err(|error| failed(&error))?.ok_or(Reject::NotFound)?;
    if let Some(ended) = ended(&silence, now_ms()) {
        shared.store.write_silence(&ended).await.map_err(|error| failed(&error))?;
        tracing::info!(site, silence = id, by, "a silence was ended");
    }
    Ok(done(json!({})))
}

/// The silence that the fields ask for, from now on.
fn silence(site: String, made_by: String, fields: &Fields, now_ms: u64, random: u64) -> Result<Silence, Refusal> {
    let name = |name: &'static str, expected: &'static str, fits: fn(&str) -> bool| {
        let text = Text { chars_max: NAME_BYTES_MAX, has_lines: false, expected };
        let given = fields.text(name, text)?.unwrap_or_default();
        if fits(&given) { Ok(given) } else { Err(Refusal::parameter(name, expected)) }
    };
    let now = unix_s(now_ms);
    let rule = name("rule", RULE, |rule| rule.is_empty() || Rule::named(rule).is_some())?;
    let country = name("country", COUNTRY, is_country)?;
    let page_group = name("page_group", PAGE_GROUP, is_name)?;
    let until_at = match fields.instant(UNTIL_AT.0, UNTIL_AT.1)? {
        Given::Value(at) => u32::try_from(at.unix_timestamp()).ok(),
        Given::LeftOut | Given::Null => None,
    };
    let until_at =
        until_at.filter(|at| (now.saturating_add(LENGTH_S_MIN)..=now.saturating_add(LENGTH_S_MAX)).contains(at));
    let until_at = until_at.ok_or_else(|| Refusal::parameter(UNTIL_AT.0, UNTIL_AT.1))?;
    let reason = fields.text("reason", REASON)?.filter(|reason| !reason.is_empty());
    let reason = reason.ok_or_else(|| Refusal::parameter("reason", REASON.expected))?;
    let silence_id = format!("{random:016x}");
    Ok(Silence {
        site,
        silence_id,
        rule,
        country,
        page_group,
        from_at: now,
        until_at,
        reason,
        made_by,
        version: now_ms,
    })
}

/// The same silence, over now; nothing where it is over already.
fn ended(silence: &Silence, now_ms: u64) -> Option<Silence> {
    let now = unix_s(now_ms);
    let version = now_ms.max(silence.version + 1);
    (silence.until_at > now).then(|| Silence { until_at: now.max(silence.from_at), version, ..silence.clone() })
}

#[cfg(test)]
mod tests {
    use time::UtcDateTime;

    use super::super::parameters::rfc3339;
    use super::*;

    const NOW_MS: u64 = 1_800_000_000_999;
    const NOW: u32 = 1_800_000_000;

    fn made(body: &str) -> Result<Silence, Refusal> {
        let fields = Fields::parse(body.as_bytes(), &FIELDS).unwrap();
        silence("shop".to_owned(), "ann".to_owned(), &fields, NOW_MS, 0xAB)
    }

    fn until(seconds: u32) -> String {
        rfc3339(UtcDateTime::from_unix_timestamp(i64::from(NOW + seconds)).unwrap())
    }

    fn refused(body: &str) -> String {
        made(body).expect_err(body).parameter.expect(body).0.into_owned()
    }

    #[test]
    fn a_silence_is_of_what_it_names_and_begins_now() {
        let body = format!(
            r#"{{"rule":"volume","country":"BR","page_group":"/item/*","until_at":"{}","reason":" a deploy "}}"#,
            until(3600)
        );
        let silence = made(&body).unwrap();
        assert_eq!(
            (silence.rule.as_str(), silence.country.as_str(), silence.page_group.as_str()),
            ("volume", "BR", "/item/*")
        );
        assert_eq!((silence.from_at, silence.until_at, silence.version), (NOW, NOW + 3600, NOW_MS));
        assert_eq!((silence.reason.as_str(), silence.made_by.as_str()), ("a deploy", "ann"));
        assert_eq!(silence.silence_id, "00000000000000ab");
        let any = made(&format!(r#"{{"until_at":"{}","reason":"x"}}"#, until(3600))).unwrap();
        assert_eq!((any.rule.as_str(), any.country.as_str(), any.page_group.as_str()), ("", "", ""));
    }

    #[test]
    fn it_holds_for_a_minute_to_30_days() {
        let made = |seconds| made(&format!(r#"{{"until_at":"{}","reason":"x"}}"#, until(seconds)));
        assert!(made(59).is_err() && made(60).is_ok());
        assert!(made(30 * 86_400).is_ok() && made(30 * 86_400 + 1).is_err());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let with = |more: &str| format!(r#"{{"until_at":"{}","reason":"x"{more}}}"#, until(3600));
        for (more, name) in [
            (r#","rule":"weather""#, "rule"),
            (r#","country":"br""#, "country"),
            (r#","country":"BRA""#, "country"),
            (r#","country":7"#, "country"),
            (r#","page_group":"a\u0007b""#, "page_group"),
        ] {
            assert_eq!(refused(&with(more)), name, "{more}");
        }
        let group = |bytes: usize| with(&format!(r#","page_group":"{}""#, "a".repeat(bytes)));
        assert!(made(&group(500)).is_ok());
        assert_eq!(refused(&group(501)), "page_group");
        let reason =
            |characters: usize| format!(r#"{{"until_at":"{}","reason":"{}"}}"#, until(3600), "ä".repeat(characters));
        assert!(made(&reason(1)).is_ok() && made(&reason(500)).is_ok());
        for body in [reason(0), reason(501), format!(r#"{{"until_at":"{}"}}"#, until(3600))] {
            assert_eq!(refused(&body), "reason");
        }
        for body in
            [r#"{"reason":"x"}"#, r#"{"reason":"x","until_at":null}"#, r#"{"reason":"x","until_at":"tomorrow"}"#]
        {
            assert_eq!(refused(body), "until_at", "{body}");
        }
    }

    #[test]
    fn a_silence_ends_once() {
        let held = made(&format!(r#"{{"until_at":"{}","reason":"x"}}"#, until(3600))).unwrap();
        let over = ended(&held, NOW_MS + 5000).unwrap();
        assert_eq!((over.until_at, over.version, over.from_at), (NOW + 5, NOW_MS + 5000, NOW));
        assert_eq!(ended(&over, NOW_MS + 5000), None);
        assert_eq!(ended(&held, NOW_MS).unwrap().version, NOW_MS + 1, "newer in the same millisecond, too");
    }
}
