//! The report: who may look, its SQL, its API, its digest and its page, in real Chromium over a simulated history.

mod access;
mod api;
mod changes;
mod digest;
mod incidents;
mod incidents_page;
mod page;

use serde_json::Value;
use tests::collector::CollectorProcess;
use tests::embedded::EmbeddedClickHouse;

use crate::simulate::{said, simulate};

/// A collector whose report is open, in a database of its own; with further keys.
fn collector(test: &str, overrides: &[(&str, &str)]) -> CollectorProcess {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = clickhouse.database(&format!("report_{test}"));
    let mut all = vec![("http.report_open", "true")];
    all.extend_from_slice(overrides);
    CollectorProcess::start_on(&clickhouse.url(), database.name(), &all)
}

/// Adds a small history that ends before today.
fn add_history(collector: &CollectorProcess, days: &str, views_per_day: &str) {
    let output = simulate(collector.setup(), &["--history", days, "--views-per-day", views_per_day]);
    assert!(output.status.success(), "{}", said(&output));
}

/// A table of the API, as the rows of its answer.
fn rows(collector: &CollectorProcess, path: &str) -> Vec<Value> {
    let answer = collector.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let mut answer: Value =
        serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.text()));
    match answer["rows"].take() {
        Value::Array(rows) => rows,
        other => panic!("{path}: {other}"),
    }
}

/// Whether two answers say the same. Sums of many numbers end in other bits each time they are made, by several threads.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (Value::Number(a), Value::Number(b)) => close(a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN)),
        _ => a == b,
    }
}

/// To nine digits, or of nothing.
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}
