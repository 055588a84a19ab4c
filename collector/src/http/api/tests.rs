use actix_web::ResponseError;
use actix_web::http::StatusCode;
use time::macros::date;

use super::parameters::{Parameter, Parameters};
use super::refusal::Refusal;
use super::reports::{Narrowed, REPORTS};
use crate::reject::Reject;
use crate::store::{ErrorClass, StoreError};

const TODAY: time::Date = date!(2026 - 11 - 23);

fn parse(query: &str) -> Result<Parameters, Refusal> {
    Parameters::parse(query, &[Parameter::Target, Parameter::Country, Parameter::Device, Parameter::PageGroup], TODAY)
}

fn value(parameters: &Parameters, of: Parameter) -> &str {
    &parameters.values.iter().find(|(parameter, _)| *parameter == of).expect("it is taken").1
}

fn refused(query: &str) -> &'static str {
    parse(query).expect_err(query).parameter.expect("a parameter").0
}

#[test]
fn without_parameters_it_is_the_last_28_days_and_today_at_2500_ms() {
    let all = parse("").unwrap();
    assert_eq!((all.from_day, all.to_day), (date!(2026 - 10 - 26), date!(2026 - 11 - 24)));
    assert_eq!(
        (value(&all, Parameter::Target), all.site.as_deref(), value(&all, Parameter::Country)),
        ("2500", None, "")
    );
    assert_eq!(all.given().collect::<Vec<_>>(), [Parameter::Target]);
}

#[test]
fn parameters_are_read_into_types() {
    let some = parse("site=my%20shop&from_day=2026-11-01&to_day=2026-11-02&target_ms=4000&country=BR").unwrap();
    assert_eq!((some.from_day, some.to_day), (date!(2026 - 11 - 01), date!(2026 - 11 - 02)));
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
        ("nav=entry", "(unknown)"),
        ("county=BR", "(unknown)"),
        ("target_ms=2500&target_ms=3000", "(unknown)"),
    ] {
        assert_eq!(refused(query), parameter, "{query}");
    }
    assert!(
        Parameters::parse("country=BR", &[Parameter::Target], TODAY).is_err(),
        "only where the report has countries to choose from"
    );
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
    let asks = |query| Parameters::parse(query, &[Parameter::Dimension, Parameter::Nav], TODAY);
    assert_eq!(asks("").expect_err("dimension").parameter.expect("a parameter").0, "dimension");
    assert_eq!(asks("dimension=weather").expect_err("dimension").parameter.expect("a parameter").0, "dimension");
    assert_eq!(asks("dimension=device&nav=inner").unwrap().given().count(), 2);
}

#[test]
fn questions_have_their_views_in_place() {
    for report in &REPORTS {
        for sql in [report.question.whole, report.question.narrowed] {
            let calls = sql.lines().filter(|line| !line.trim_start().starts_with("--") && line.contains("(site = "));
            assert_eq!(calls.collect::<Vec<_>>(), Vec::<&str>::new(), "{}", report.name);
            assert!(sql.contains("WHERE site = {site:String}") && !sql.contains("{{"), "{}", report.name);
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
fn the_description_names_every_table_and_all_of_its_columns() {
    let document = super::openapi::document();
    for table in REPORTS.iter().map(|report| report.name).chain(["sites"]) {
        let path = &document["paths"][format!("/api/v1/{table}")]["get"]["responses"]["200"]["content"];
        let columns = &path["application/json"]["schema"]["properties"]["rows"]["items"]["properties"];
        assert!(columns.as_object().is_some_and(|columns| !columns.is_empty()), "{table}");
    }
}
