//! The figures of the vectors, and cases that have none.

use serde_json::Value;
use time::macros::date;

use super::*;
use crate::vectors::Vector;

fn assert_close(actual: Option<f64>, expected: &Value, what: &str) {
    let expected = expected.as_f64();
    let is_close = match (actual, expected) {
        (Some(actual), Some(expected)) => (actual - expected).abs() <= 1e-12 * expected.abs(),
        (None, None) => true,
        _ => false,
    };
    assert!(is_close, "{what}: {actual:?}, expected {expected:?}");
}

fn check_cells(loss: &Loss, expected: &Value) {
    let expected = expected["cells"].as_array().unwrap();
    assert_eq!(loss.cells.len(), expected.len());
    for (cell, expected) in loss.cells.iter().zip(expected) {
        assert_eq!((&*cell.country, &*cell.page_group), (text(&expected["country"]), text(&expected["page"])));
        assert_close(Some(cell.lost_pooled), &expected["lost"], "lost");
        assert_close(Some(cell.lost_direct), &expected["lost_direct"], "lost_direct");
        assert_close(Some(cell.var_direct), &expected["var_direct"], "var_direct");
        assert_close(cell.direct_coverage(), &expected["direct_coverage"], "direct_coverage");
        assert_close(Some(cell.time_lost_s), &expected["time_lost_s"], "time_lost_s");
    }
}

fn check_countries(loss: &Loss, expected: &Value) {
    let expected = expected["countries"].as_object().unwrap();
    assert_eq!(loss.countries.len(), expected.len());
    for country in &loss.countries {
        let expected = &expected[&country.country];
        assert_eq!(country.method.name(), text(&expected["method"]), "{}", country.country);
        for (name, actual) in [
            ("orders", Some(country.orders)),
            ("est_lost", Some(country.est_lost)),
            ("lo", country.interval.map(|interval| interval.0)),
            ("hi", country.interval.map(|interval| interval.1)),
            ("est_lost_revenue", Some(country.est_lost_revenue)),
            ("est_lost_pct", Some(country.est_lost_pct)),
            ("time_lost_s", Some(country.time_lost_s)),
            ("lost_direct", Some(country.lost_direct)),
            ("se_direct", Some(country.se_direct)),
            ("direct_coverage", country.direct_coverage),
            ("lost_pooled", Some(country.lost_pooled)),
            ("se_pooled", country.se_pooled),
        ] {
            assert_close(actual, &expected[name], &format!("{} {name}", country.country));
        }
    }
}

fn check_total(loss: &Loss, expected: &Value) {
    let total = &loss.total;
    for (name, actual) in [
        ("est_lost", Some(total.est_lost)),
        ("est_lost_revenue", Some(total.est_lost_revenue)),
        ("est_lost_pct", Some(total.est_lost_pct)),
        ("lost_direct", Some(total.lost_direct)),
        ("se_direct", Some(total.se_direct)),
        ("lost_pooled", Some(total.lost_pooled)),
        ("se_pooled", total.se_pooled),
        ("orders", Some(total.orders)),
        ("time_lost_s", Some(total.time_lost_s)),
        ("naive_pooled", Some(total.naive_pooled)),
    ] {
        assert_close(actual, &expected["total"][name], name);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn check_vector(name: &str) {
    let vector = Vector::read(name).unwrap();
    let loss = compute(&vector.cube, &vector.goals, 2500);
    check_cells(&loss, &vector.expected);
    check_countries(&loss, &vector.expected);
    check_total(&loss, &vector.expected);
    let ratios = vector.expected["rr"].as_array().unwrap();
    assert_eq!(loss.ratios.len(), ratios.len());
    for ((key, ratio), expected) in loss.ratios.iter().zip(ratios) {
        assert_eq!((&*key.0, u64::from(key.1)), (text(&expected["page"]), expected["bucket"].as_u64().unwrap()));
        assert_close(Some(*ratio), &expected["rr"], "ratio");
    }
}

#[test]
fn vector_1_made_by_hand() {
    check_vector("v1");
}

#[test]
fn vector_2_with_sparse_corners() {
    check_vector("v2");
}

#[test]
fn vector_3_without_noise() {
    check_vector("v3");
}

fn row(bucket: u8, n: i64, k: i64) -> CubeRow {
    let names = |name: &str| name.to_owned();
    CubeRow {
        day: date!(2026 - 11 - 02),
        country: names("DE"),
        page_group: names("/"),
        device: names("mobile"),
        nav: names("entry"),
        bucket,
        n,
        k,
        t_ms: 0,
    }
}

#[test]
fn nothing_gives_nothing() {
    let loss = compute(&[], &[], 2500);
    assert!(loss.cells.is_empty() && loss.countries.is_empty());
    assert_close(Some(loss.total.est_lost_pct), &Value::from(0.0), "est_lost_pct");
}

#[test]
fn corrections_that_net_to_zero_leave_no_trace() {
    let loss = compute(&[row(3, 5, 0), row(3, -5, 0)], &[], 2500);
    assert!(loss.cells.is_empty());
}

#[test]
fn a_country_without_slow_views_loses_nothing_and_has_no_coverage() {
    let loss = compute(&[row(0, 1000, 300)], &[], 2500);
    let country = &loss.countries[0];
    assert_eq!((country.est_lost, country.direct_coverage, country.method), (0.0, None, Method::Pooled));
    assert_eq!(country.verdict, "insufficient");
}

#[test]
#[should_panic(expected = "not the end of a bucket")]
fn a_target_between_edges_is_refused() {
    compute(&[], &[], 2501);
}
