use actix_web::ResponseError;
use actix_web::http::StatusCode;
use time::macros::{date, utc_datetime};

use super::parameters::{Parameter, Parameters};
use super::refusal::Refusal;
use super::reports::{Narrowed, REPORTS, Report, Time};
use crate::reject::Reject;
use crate::store::{ErrorClass, StoreError};

const NOW: time::UtcDateTime = utc_datetime!(2026 - 11 - 23 14:05:59);

fn table(name: &str) -> &'static Report {
    REPORTS.iter().find(|report| report.name == name).expect(name)
}

fn parse_for(name: &str, query: &str) -> Result<Parameters, Refusal> {
    Parameters::parse(query, table(name), NOW)
}

/// Of a table that takes target, country, page group and device.
fn parse(query: &str) -> Result<Parameters, Refusal> {
    parse_for("trend", query)
}

fn value(parameters: &Parameters, of: Parameter) -> &str {
    &parameters.values.iter().find(|(parameter, _)| *parameter == of).expect("it is taken").1
}

fn refused_by(name: &str, query: &str) -> String {
    parse_for(name, query).expect_err(query).parameter.expect("a parameter").0.into_owned()
}

fn refused(query: &str) -> String {
    refused_by("trend", query)
}

#[test]
fn without_parameters_it_is_the_last_28_days_and_today_at_2500_ms() {
    let all = parse("").unwrap();
    assert_eq!(all.days, Some((date!(2026 - 10 - 26), date!(2026 - 11 - 24))));
    assert_eq!(
        (value(&all, Parameter::Target), all.site.as_deref(), value(&all, Parameter::Country)),
        ("2500", None, "")
    );
    assert_eq!(all.given().collect::<Vec<_>>(), [Parameter::Target]);
}

#[test]
fn parameters_are_read_into_types() {
    let some = parse("site=my%20shop&from_day=2026-11-01&to_day=2026-11-02&target_ms=4000&country=BR").unwrap();
    assert_eq!(some.days, Some((date!(2026 - 11 - 01), date!(2026 - 11 - 02))));
    assert_eq!((value(&some, Parameter::Target), some.site.as_deref()), ("4000", Some("my shop")));
    assert_eq!(value(&some, Parameter::Country), "BR");
}

#[test]
fn each_parameter_that_does_not_fit_is_named() {
    for (query, parameter) in [
        ("site=", "site"),
        ("site=a%0Ab", "site"),
        ("from_day=yesterday", "from_day"),
        ("from_day=2026-02-30", "from_day"),
        ("to_day=2026-11-1", "to_day"),
        ("to_day=1969-12-31", "to_day"),
        ("to_day=2149-01-01", "to_day"),
        ("from_day=2026-11-02&to_day=2026-11-02", "from_day"),
        ("from_day=2026-11-03&to_day=2026-11-02", "from_day"),
        ("from_day=2025-10-20&to_day=2026-11-25", "from_day"),
        ("target_ms=2400", "target_ms"),
        ("target_ms=2500.0", "target_ms"),
        ("target_ms=-500", "target_ms"),
        ("country=br", "country"),
        ("country=BRA", "country"),
        ("device=phone", "device"),
        ("page_group=a%0Ab", "page_group"),
        ("release=1", "(unknown)"),
        ("county=BR", "(unknown)"),
        ("target_ms=2500&target_ms=3000", "(unknown)"),
    ] {
        assert_eq!(refused(query), parameter, "{query}");
    }
    assert!(parse_for("releases", "country=BR").is_err(), "only where the report has countries to choose from");
}

#[test]
fn a_window_has_at_most_400_days() {
    assert!(parse("from_day=2025-10-20&to_day=2026-11-24").is_ok());
    assert_eq!(refused("from_day=2025-10-19&to_day=2026-11-24"), "from_day");
}

#[test]
fn what_clickhouse_says_becomes_a_reason_and_is_told_to_nobody() {
    let error = |class, code| StoreError { class, code, message: "secret".to_owned() };
    for (error, reject, status) in [
        (error(ErrorClass::Passing, None), Reject::StoreUnavailable, StatusCode::SERVICE_UNAVAILABLE),
        (error(ErrorClass::Setup, Some(46)), Reject::StoreUnavailable, StatusCode::SERVICE_UNAVAILABLE),
        (error(ErrorClass::Setup, Some(60)), Reject::StoreUnavailable, StatusCode::SERVICE_UNAVAILABLE),
        (error(ErrorClass::Passing, Some(159)), Reject::StoreTooSlow, StatusCode::GATEWAY_TIMEOUT),
        (error(ErrorClass::Passing, Some(241)), Reject::StoreTooSlow, StatusCode::GATEWAY_TIMEOUT),
        (error(ErrorClass::Passing, Some(242)), Reject::StoreFailed, StatusCode::BAD_GATEWAY),
        (error(ErrorClass::Setup, Some(47)), Reject::StoreFailed, StatusCode::BAD_GATEWAY),
    ] {
        let refusal = Refusal::store("countries", &error);
        assert_eq!((refusal.reject, refusal.status_code()), (reject, status), "{error:?}");
    }
}

#[test]
fn a_table_whose_parameter_has_no_default_wants_it() {
    assert_eq!(refused_by("vitals", ""), "dimension");
    assert_eq!(refused_by("vitals", "dimension=weather"), "dimension");
    assert_eq!(parse_for("vitals", "dimension=device&nav=inner").unwrap().given().count(), 2);
    assert_eq!(refused_by("incident-alarms", ""), "incident");
}

#[test]
fn an_instant_is_of_the_past_and_this_minute_where_none_is_asked_for() {
    let at = |query| parse_for("pulse", query).map(|parameters| value(&parameters, Parameter::At).to_owned());
    assert_eq!(at("").as_deref(), Ok("2026-11-23T14:05:00Z"));
    assert_eq!(at("at=2026-11-23T14:05:59Z").as_deref(), Ok("2026-11-23T14:05:59Z"));
    assert_eq!(at("at=2026-11-23T15:05:59%2B01:00").as_deref(), Ok("2026-11-23T14:05:59Z"));
    assert_eq!(at("at=2000-01-01T00:00:00Z").as_deref(), Ok("2000-01-01T00:00:00Z"));
    for text in ["2026-11-23T14:06:00Z", "1999-12-31T23:59:59Z", "2026-11-23", "2026-11-23T14:05:00", "now", "", "1"] {
        assert_eq!(refused_by("pulse", &format!("at={text}")), "at", "{text}");
    }
}

#[test]
fn an_incident_is_named_by_what_may_be_an_identifier() {
    let incident = |id: &str| parse_for("incident-pulse", &format!("incident={id}"));
    assert!(incident("20261125-1405-9f3a").is_ok() && incident(&"a".repeat(64)).is_ok());
    for id in ["", "a%27b", "a%20b", &"a".repeat(65)] {
        assert_eq!(refused_by("incident-pulse", &format!("incident={id}")), "incident", "{id}");
    }
}

#[test]
fn tables_that_are_not_of_days_take_none() {
    for report in REPORTS.iter().filter(|report| report.time != Time::Days) {
        let incident = if report.takes.contains(&Parameter::Incident) { "incident=1&" } else { "" };
        assert_eq!(parse_for(report.name, incident).unwrap().days, None, "{}", report.name);
        assert_eq!(refused_by(report.name, &format!("{incident}from_day=2026-11-01")), "(unknown)");
    }
}

#[test]
fn what_is_shown_around_an_incident_has_an_end() {
    const HOUR: u32 = 3600;
    let started = 1_795_000_000;
    let now = |after_s: u32| time::UtcDateTime::from_unix_timestamp(i64::from(started + after_s)).unwrap();
    let span = |resolved_after: Option<u32>, now_after: u32| {
        let (from, to) = super::answer::span(started, resolved_after.map(|after| started + after), now(now_after));
        (i64::from(started) - from.unix_timestamp(), to.unix_timestamp() - i64::from(started))
    };
    let hour = i64::from(HOUR);
    assert_eq!(span(Some(HOUR), 10 * HOUR), (3 * hour, 4 * hour));
    // Until now, to the minute, where it is open or has ended a little while ago.
    assert_eq!(span(None, HOUR), (3 * hour, hour - i64::from((started + HOUR) % 60)));
    assert_eq!(span(Some(HOUR), 2 * HOUR).1, 2 * hour - i64::from((started + 2 * HOUR) % 60));
    // Two days in all.
    assert_eq!(span(Some(41 * HOUR), 99 * HOUR), (3 * hour, 44 * hour));
    assert_eq!(span(Some(43 * HOUR), 99 * HOUR), (3 * hour, 45 * hour));
    assert_eq!(span(None, 99 * HOUR), (3 * hour, 45 * hour));
}

#[test]
fn questions_have_their_views_in_place() {
    for report in &REPORTS {
        for sql in [report.question.whole, report.question.narrowed] {
            let calls = sql.lines().filter(|line| !line.trim_start().starts_with("--") && line.contains("(site = "));
            assert_eq!(calls.collect::<Vec<_>>(), Vec::<&str>::new(), "{}", report.name);
            // Who watches is of no site.
            let is_of_site = sql.contains("WHERE site = {site:String}") || report.name == "watch";
            assert!(is_of_site && !sql.contains("{{"), "{}", report.name);
        }
    }
}

#[test]
fn a_question_is_narrowed_by_what_is_not_in_its_file() {
    let report = REPORTS.iter().find(|report| report.name == "country-pages").unwrap();
    assert!(!report.sql([Parameter::Target, Parameter::Country]).1);
    assert!(report.sql([Parameter::Target, Parameter::Nav]).1);
    for report in &REPORTS {
        let plain = if let Narrowed::ByOthersThan(plain) = report.narrowed { plain } else { &[] };
        for parameter in report.takes.iter().filter(|parameter| !plain.contains(parameter)) {
            let place = format!("{{{}:String}}", parameter.name());
            assert!(report.question.narrowed.contains(&place), "{} {place}", report.name);
        }
    }
}

#[test]
fn a_refusal_is_one_line_of_json_whatever_a_field_is_called() {
    let refusal = Refusal::parameter("a\"b\n".to_owned(), "only \"these\"");
    let body = refusal.error_response().into_body();
    let body = actix_web::body::MessageBody::try_into_bytes(body).unwrap();
    let line = std::str::from_utf8(&body).unwrap();
    let told: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((told["error"].as_str(), told["parameter"].as_str()), (Some("bad_parameter"), Some("a\"b\n")));
    assert_eq!(line.matches('\n').count(), 1, "{line}");
    let conflict = Refusal::conflict(serde_json::json!({ "version": 7 }));
    assert_eq!((conflict.status_code(), conflict.current.is_some()), (StatusCode::CONFLICT, true));
}

#[test]
fn the_description_has_every_field_that_a_change_takes() {
    let document = super::openapi::document();
    for (path, fields) in [("incidents/{id}", &super::incident::FIELDS), ("silences", &super::silence::FIELDS)] {
        let body = &document["paths"][format!("/api/v1/{path}")]["post"]["requestBody"]["content"]["application/json"];
        let described: Vec<&String> = body["schema"]["properties"].as_object().unwrap().keys().collect();
        let mut known = fields.to_vec();
        known.sort_unstable();
        assert_eq!(described, known, "{path}");
    }
}

#[test]
fn the_description_names_every_table_and_all_of_its_columns() {
    let document = super::openapi::document();
    for table in REPORTS.iter().map(|report| report.name).chain(["sites"]) {
        let path = &document["paths"][format!("/api/v1/{table}")]["get"]["responses"]["200"]["content"];
        let columns = &path["application/json"]["schema"]["properties"]["rows"]["items"]["properties"];
        assert!(columns.as_object().is_some_and(|columns| !columns.is_empty()), "{table}");
    }
}
