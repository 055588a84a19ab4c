//! What must hold for the rows of any raw table, whatever they were made of.

use std::collections::HashMap;

use beacon_format::limits::{
    HOST_BYTES_MAX, MESSAGE_BYTES_MAX, NAME_BYTES_MAX, PATH_BYTES_MAX, SELECTOR_BYTES_MAX, TOKEN_BYTES_MAX,
    URL_BYTES_MAX,
};
use collector::store::rows::{Tables, batches, parts, rows_of, table_columns};
use serde::Serialize;
use serde_json::Value;

use crate::NOW;

/// The largest record that the spool takes, in bytes: a beacon whose rows need more could never be accepted.
const RECORD_BYTES_MAX: usize = 1 << 20;
/// Longest page group, in bytes: the heuristic's limit, and more than a page's own name may have.
const GROUP_BYTES_MAX: usize = 200;
/// Oldest and newest times that rows may have, from when they arrived, in milliseconds.
const WINDOW_MS: std::ops::RangeInclusive<i64> = -48 * 3600 * 1000..=300_000;

/// The rows are within their columns' limits, and have a form as bytes that counts and divides them rightly.
#[expect(clippy::expect_used, reason = "that rows have a form is what must hold")]
pub(crate) fn hold(tables: &Tables) {
    tables.page_views.iter().for_each(row_holds);
    tables.resource_timings.iter().for_each(row_holds);
    tables.goals.iter().for_each(row_holds);
    tables.page_errors.iter().for_each(row_holds);
    tables.browser_reports.iter().for_each(row_holds);

    let encoded = tables.encode().expect("rows have a form");
    assert_eq!((encoded.rows, rows_of(&encoded.payload)), (tables.rows(), tables.rows()));
    assert!(encoded.payload.len() <= RECORD_BYTES_MAX, "{} bytes", encoded.payload.len());
    let counts = [
        tables.page_views.len(),
        tables.resource_timings.len(),
        tables.goals.len(),
        tables.page_errors.len(),
        tables.browser_reports.len(),
    ];
    let bytes: usize = parts(&encoded.payload)
        .map(|part| {
            assert_eq!(counts.get(part.table), Some(&part.rows));
            part.bytes.len() + 9
        })
        .sum();
    assert_eq!(bytes, encoded.payload.len());
    let together: usize = batches(table_columns(), [&encoded.payload[..]]).iter().map(|batch| batch.rows).sum();
    assert_eq!(together, tables.rows());
}

/// Arrays whose names begin the same have the same length: they are one table within a row.
#[expect(clippy::expect_used, reason = "that a row has a form is what must hold")]
fn row_holds(row: &impl Serialize) {
    const NESTED: [&str; 6] = ["earlier_", "frames.", "timings.", "types.", "hosts.", "server_timings."];
    let Value::Object(columns) = serde_json::to_value(row).expect("a row is an object") else {
        unreachable!("a row is an object");
    };
    let mut lengths = HashMap::new();
    for (column, value) in &columns {
        value_holds(column, value);
        let nested = NESTED.iter().find(|start| column.starts_with(**start));
        if let (Some(start), Value::Array(values)) = (nested, value) {
            assert_eq!(lengths.entry(*start).or_insert(values.len()), &values.len(), "{column}");
        }
    }
}

fn value_holds(column: &str, value: &Value) {
    match value {
        Value::String(text) => {
            assert!(text.len() <= bytes_max(column), "{column} has {} bytes: {text:?}", text.len());
            assert!(!text.contains(char::is_control), "{column} has control characters: {text:?}");
            let is_url =
                matches!(column, "path" | "url" | "source" | "referrer" | "blocked") || column.ends_with("_url");
            assert!(!is_url || !text.contains(['?', '#']), "{column} has a query: {text:?}");
        }
        Value::Number(number) if column == "ts" || column.ends_with("_ts") => {
            let age = number.as_i64().map(|ts| ts - NOW);
            assert!(age.is_some_and(|age| WINDOW_MS.contains(&age)), "{column} is {number}");
        }
        Value::Array(values) => values.iter().for_each(|value| value_holds(column, value)),
        _ => {}
    }
}

/// How many bytes a text of this column may have.
fn bytes_max(column: &str) -> usize {
    match column {
        "country" => 2,
        "protocol" | "language" | "method" | "disposition" => TOKEN_BYTES_MAX,
        "lcp_element" | "inp_element" | "cls_element" => SELECTOR_BYTES_MAX,
        "referrer_host" | "host" | "hosts.host" => HOST_BYTES_MAX,
        "path" => PATH_BYTES_MAX,
        "message" => MESSAGE_BYTES_MAX,
        "url" | "source" | "referrer" | "blocked" | "lcp_url" | "frames.script_url" => URL_BYTES_MAX,
        group if group.ends_with("page_group") => GROUP_BYTES_MAX,
        _ => NAME_BYTES_MAX,
    }
}
