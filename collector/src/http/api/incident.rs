//! `POST /api/v1/incidents/{id}`: what people say of an incident.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use time::UtcDateTime;

use super::change::{Change, done, failed, now_ms, turn, unix_s, within_time};
use super::fields::{Fields, Given, Text};
use super::parameters::{is_id, rfc3339};
use super::refusal::Refusal;
use crate::http::Shared;
use crate::reject::Reject;
use crate::store::incidents::{IncidentEdit, IncidentTimes};

/// A body's fields.
pub(super) const FIELDS: [&str; 5] = ["acknowledge", "mitigated_at", "cause", "notes", "version"];
/// How far a clock elsewhere may be ahead of ours: what somebody says to be now is then taken for now.
const AHEAD_S_MAX: u32 = 60;

const CAUSE: Text = Text {
    chars_max: 100,
    has_lines: false,
    expected: "at most 100 characters on one line, without control characters",
};
const NOTES: Text = Text {
    chars_max: 20_000,
    has_lines: true,
    expected: "at most 20000 characters, of control characters only line breaks and tabs",
};
const MITIGATED_AT: (&str, &str) =
    ("mitigated_at", "an instant from the start of the incident until now, such as 2026-11-25T14:30:00Z, or null");
const VERSION: &str = "the version of the row that is changed, 0 before the first change";
const NOTHING: (&str, &str) = ("(body)", "at least one of acknowledge, mitigated_at, cause and notes");

pub(super) async fn edit(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    shared: Data<Shared>,
) -> Result<HttpResponse, Refusal> {
    let answer = within_time(store_edit(&request, payload, &id, &shared)).await;
    answer.inspect_err(|refusal| shared.metrics.request_refused(refusal.reject))
}

async fn store_edit(
    request: &HttpRequest,
    payload: Payload,
    id: &str,
    shared: &Shared,
) -> Result<HttpResponse, Refusal> {
    let Change { site, by, fields } = Change::read(request, payload, shared, &FIELDS).await?;
    if !is_id(id) {
        return Err(Reject::NotFound.into());
    }
    let _turn = turn().await;
    let store = &shared.store;
    let incident = store.incident(&site, id).await.map_err(|error| failed(&error))?.ok_or(Reject::NotFound)?;
    let current = store.incident_edit(&site, id).await.map_err(|error| failed(&error))?;
    let current = current.unwrap_or_else(|| unsaid(&site, id));
    let edited = edited(&current, incident, &fields, now_ms())?;
    if edited == current {
        return Ok(done(json!({ "version": current.version })));
    }
    let edited = IncidentEdit { edited_by: by, version: now_ms().max(current.version + 1), ..edited };
    store.write_incident_edit(&edited).await.map_err(|error| failed(&error))?;
    Ok(done(json!({ "version": edited.version })))
}

/// What people have said of an incident of which nobody has said anything.
fn unsaid(site: &str, id: &str) -> IncidentEdit {
    IncidentEdit {
        site: site.to_owned(),
        incident_id: id.to_owned(),
        acknowledged_at: None,
        mitigated_at: None,
        cause: String::new(),
        notes: String::new(),
        edited_by: String::new(),
        version: 0,
    }
}

/// The row with what the fields change, but for who changes it and its version. An incident that is acknowledged stays so, since when it was first.
fn edited(
    current: &IncidentEdit,
    incident: IncidentTimes,
    fields: &Fields,
    now_ms: u64,
) -> Result<IncidentEdit, Refusal> {
    let now = unix_s(now_ms);
    let version = fields.number("version", VERSION)?;
    let is_acknowledged = fields.is_true("acknowledge")?;
    let mitigated_at = mitigated_at(fields, incident, now)?;
    let (cause, notes) = (fields.text("cause", CAUSE)?, fields.text("notes", NOTES)?);
    if !is_acknowledged && mitigated_at == Given::LeftOut && cause.is_none() && notes.is_none() {
        return Err(Refusal::parameter(NOTHING.0, NOTHING.1));
    }
    if version.is_some_and(|seen| seen != current.version) {
        return Err(Refusal::conflict(told(current)));
    }
    // It was detected by another clock, perhaps.
    let acknowledged_at = is_acknowledged.then(|| now.max(incident.detected_at));
    Ok(IncidentEdit {
        acknowledged_at: current.acknowledged_at.or(acknowledged_at),
        mitigated_at: match mitigated_at {
            Given::LeftOut => current.mitigated_at,
            Given::Null => None,
            Given::Value(at) => Some(at),
        },
        cause: cause.unwrap_or_else(|| current.cause.clone()),
        notes: notes.unwrap_or_else(|| current.notes.clone()),
        ..current.clone()
    })
}

fn mitigated_at(fields: &Fields, incident: IncidentTimes, now: u32) -> Result<Given<u32>, Refusal> {
    let (name, expected) = MITIGATED_AT;
    Ok(match fields.instant(name, expected)? {
        Given::LeftOut => Given::LeftOut,
        Given::Null => Given::Null,
        Given::Value(at) => {
            let at = u32::try_from(at.unix_timestamp()).ok();
            let at = at.filter(|at| (incident.started_at..=now.saturating_add(AHEAD_S_MAX)).contains(at));
            Given::Value(at.ok_or_else(|| Refusal::parameter(name, expected))?.min(now))
        }
    })
}

/// A row as it is told to whoever has seen another one.
fn told(edit: &IncidentEdit) -> Value {
    let at =
        |unix_s: Option<u32>| unix_s.and_then(|at| UtcDateTime::from_unix_timestamp(i64::from(at)).ok()).map(rfc3339);
    json!({
        "acknowledged_at": at(edit.acknowledged_at),
        "mitigated_at": at(edit.mitigated_at),
        "cause": edit.cause,
        "notes": edit.notes,
        "edited_by": edit.edited_by,
        "version": edit.version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_800_000_000_123;
    const NOW: u32 = 1_800_000_000;
    const INCIDENT: IncidentTimes =
        IncidentTimes { started_at: NOW - 3600, detected_at: NOW - 3000, resolved_at: None };

    fn change(current: &IncidentEdit, incident: IncidentTimes, body: &str) -> Result<IncidentEdit, Refusal> {
        edited(current, incident, &Fields::parse(body.as_bytes(), &FIELDS).unwrap(), NOW_MS)
    }

    fn changed(body: &str) -> Result<IncidentEdit, Refusal> {
        change(&unsaid("shop", "1"), INCIDENT, body)
    }

    fn refused(body: &str) -> String {
        changed(body).expect_err(body).parameter.expect(body).0.into_owned()
    }

    fn at(unix_s: u32) -> String {
        rfc3339(UtcDateTime::from_unix_timestamp(i64::from(unix_s)).unwrap())
    }

    #[test]
    fn only_what_is_said_changes() {
        let first = changed(r#"{"acknowledge":true,"cause":"a deploy"}"#).unwrap();
        assert_eq!((first.acknowledged_at, first.cause.as_str(), first.notes.as_str()), (Some(NOW), "a deploy", ""));
        let second = change(&first, INCIDENT, r#"{"notes":"one\ntwo"}"#).unwrap();
        assert_eq!(second, IncidentEdit { notes: "one\ntwo".to_owned(), ..first.clone() });
        let third = change(&second, INCIDENT, r#"{"cause":"","notes":""}"#).unwrap();
        assert_eq!((third.acknowledged_at, third.cause.as_str(), third.notes.as_str()), (Some(NOW), "", ""));
    }

    #[test]
    fn it_is_acknowledged_once_and_not_before_it_is_detected() {
        let earlier = IncidentEdit { acknowledged_at: Some(NOW - 100), ..unsaid("shop", "1") };
        assert_eq!(change(&earlier, INCIDENT, r#"{"acknowledge":true}"#), Ok(earlier));
        let ahead = IncidentTimes { detected_at: NOW + 5, ..INCIDENT };
        let acknowledged = change(&unsaid("shop", "1"), ahead, r#"{"acknowledge":true}"#).unwrap();
        assert_eq!(acknowledged.acknowledged_at, Some(NOW + 5));
    }

    #[test]
    fn the_harm_stops_between_the_start_and_now() {
        let mitigated =
            |unix_s| changed(&format!(r#"{{"mitigated_at":"{}"}}"#, at(unix_s))).map(|row| row.mitigated_at);
        assert_eq!(mitigated(NOW - 3600), Ok(Some(NOW - 3600)));
        assert!(mitigated(NOW - 3601).is_err());
        assert_eq!(mitigated(NOW), Ok(Some(NOW)));
        assert_eq!(mitigated(NOW + 60), Ok(Some(NOW)), "a clock that is ahead");
        assert!(mitigated(NOW + 61).is_err());
        for text in ["\"1960-01-01T00:00:00Z\"", "\"2200-01-01T00:00:00Z\"", "\"14:30\"", "0", "true"] {
            assert_eq!(refused(&format!(r#"{{"mitigated_at":{text}}}"#)), "mitigated_at", "{text}");
        }
        let known = IncidentEdit { mitigated_at: Some(NOW - 60), ..unsaid("shop", "1") };
        assert_eq!(change(&known, INCIDENT, r#"{"mitigated_at":null}"#).unwrap().mitigated_at, None);
        assert_eq!(change(&known, INCIDENT, r#"{"cause":"x"}"#).unwrap().mitigated_at, Some(NOW - 60));
    }

    #[test]
    fn texts_are_taken_up_to_their_limits() {
        let body = |name: &str, characters: usize| format!(r#"{{"{name}":"{}"}}"#, "ä".repeat(characters));
        assert!(changed(&body("cause", 100)).is_ok() && changed(&body("notes", 20_000)).is_ok());
        assert_eq!(refused(&body("cause", 101)), "cause");
        assert_eq!(refused(&body("notes", 20_001)), "notes");
        assert_eq!(refused(r#"{"cause":"two\nlines"}"#), "cause");
        for body in ["{}", r#"{"version":0}"#] {
            assert_eq!(refused(body), "(body)");
        }
        assert_eq!(refused(r#"{"acknowledge":false}"#), "acknowledge");
    }

    #[test]
    fn who_has_seen_another_version_is_told_the_present_one() {
        let current =
            IncidentEdit { cause: "dns".to_owned(), edited_by: "ann".to_owned(), version: 7, ..unsaid("shop", "1") };
        assert!(change(&current, INCIDENT, r#"{"cause":"x","version":7}"#).is_ok());
        assert!(change(&current, INCIDENT, r#"{"cause":"x"}"#).is_ok());
        let refusal = change(&current, INCIDENT, r#"{"cause":"x","version":6}"#).unwrap_err();
        assert_eq!(refusal.reject, Reject::Conflict);
        let told = refusal.current.unwrap();
        assert_eq!((&told["cause"], &told["edited_by"], &told["version"]), (&json!("dns"), &json!("ann"), &json!(7)));
    }
}
