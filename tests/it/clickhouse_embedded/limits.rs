//! What a statement may cost that only reads, and the rights of who only reads on a server.

use std::sync::OnceLock;

use super::http::{Response, get, post};
use tests::embedded::{EmbeddedClickHouse, workspace};

/// One with small limits: 2 seconds, 100 MB, 1000 rows.
fn port() -> u16 {
    static SERVER: OnceLock<EmbeddedClickHouse> = OnceLock::new();
    let limits = ["--max-read-time", "2", "--max-read-memory", "100000000", "--max-read-rows", "1000"];
    SERVER.get_or_init(|| EmbeddedClickHouse::start_with(&limits)).port()
}

fn rows(count: u32) -> String {
    format!("SELECT number FROM numbers({count})")
}

fn assert_answered(response: &Response) {
    assert_eq!(response.status, 200, "{}", response.text());
}

const PRESENT: &str =
    "SELECT getSetting('max_execution_time'), getSetting('max_memory_usage'), getSetting('max_result_rows')";

#[test]
fn what_only_reads_is_limited_and_what_may_write_is_not() {
    let port = port();
    assert_eq!(get(port, &[("query", PRESENT)]).text(), "2\t100000000\t1000\n");
    for readonly in ["1", "2"] {
        assert_eq!(post(port, &[("readonly", readonly)], PRESENT).text(), "2\t100000000\t1000\n");
    }
    assert_eq!(post(port, &[], PRESENT).text(), "0\t0\t0\n");
}

#[test]
fn rows_memory_and_time_are_enough_at_the_limit_and_refused_past_it() {
    let port = port();
    let strictly = |query: &str| post(port, &[("readonly", "1")], query);
    assert_answered(&strictly(&rows(1000)));
    assert_eq!(strictly(&rows(1001)).exception_code(), 396);
    assert_answered(&post(port, &[], rows(1001)));

    let held = |numbers: u64| format!("SELECT length(groupArray(number)) FROM numbers({numbers})");
    assert_answered(&strictly(&held(1_000_000)));
    assert_eq!(strictly(&held(50_000_000)).exception_code(), 241);
    assert_answered(&post(port, &[], held(50_000_000)));

    let slept = |times: u32| format!("SELECT sum(sleepEachRow(0.1)) FROM numbers({times}) SETTINGS max_block_size = 1");
    assert_answered(&get(port, &[("query", &slept(5))]));
    assert_eq!(get(port, &[("query", &slept(60))]).exception_code(), 159);
}

#[test]
fn a_request_lowers_a_limit_and_does_not_raise_it() {
    let port = port();
    let asked = |rows_max: &str, query: &str| post(port, &[("readonly", "1"), ("max_result_rows", rows_max)], query);
    assert_answered(&asked("10", &rows(10)));
    assert_eq!(asked("10", &rows(11)).exception_code(), 396);
    assert_answered(&asked("1000", &rows(1000)));
    for higher in ["1001", "0", "18446744073709551615"] {
        assert_answered(&asked(higher, &rows(1000)));
        assert_eq!(asked(higher, &rows(1001)).exception_code(), 396, "{higher}");
    }
    let own = |setting: &str, query: &str| get(port, &[("query", &format!("{query} SETTINGS {setting}"))]);
    assert_answered(&own("max_result_rows = 10", &rows(10)));
    assert_eq!(own("max_result_rows = 10", &rows(11)).exception_code(), 396);
    assert_answered(&own("max_result_rows = 1000, max_execution_time = 2", &rows(1000)));
    for higher in
        ["max_result_rows = 1001", "max_result_rows = 0", "max_execution_time = 3", "max_memory_usage = DEFAULT"]
    {
        assert_eq!(own(higher, &rows(1)).exception_code(), 452, "{higher}");
    }
    let inner = format!("SELECT count() FROM ({} SETTINGS max_execution_time = 0)", rows(1));
    assert_eq!(get(port, &[("query", &inner)]).exception_code(), 452);
    assert_answered(&post(port, &[], format!("{} SETTINGS max_result_rows = 0", rows(1001))));
}

#[test]
fn a_session_keeps_its_own_settings_and_is_limited_while_it_reads() {
    let port = port();
    let session = [("session_id", "limited while it reads")];
    let read = |query: &str| get(port, &[&session[..], &[("query", query)]].concat());
    assert_answered(&post(port, &session, "SET max_result_rows = 5000, max_execution_time = 1"));
    // The higher one is brought down, the lower one holds.
    assert_eq!(read(PRESENT).text(), "1\t100000000\t1000\n");
    assert_eq!(post(port, &session, PRESENT).text(), "1\t0\t5000\n");
    // What is set while reading lasts; the limits do not.
    assert_answered(&read("SET max_threads = 1"));
    assert_eq!(read("SET max_result_rows = 1001").exception_code(), 452);
    assert_eq!(post(port, &session, PRESENT).text(), "1\t0\t5000\n");
    assert_eq!(post(port, &session, "SELECT getSetting('max_threads')").text(), "1\n");
}

#[test]
fn limits_that_are_none_are_refused_at_the_start() {
    for argument in ["--max-read-time=0", "--max-read-time=86401", "--max-read-memory=1048575", "--max-read-rows=0"] {
        let output =
            std::process::Command::new(tests::embedded::binary()).args(["--path", "/nowhere", argument]).output();
        assert_eq!(output.unwrap().status.code(), Some(2), "{argument}");
    }
}

#[test]
fn the_statements_for_a_reader_are_clickhouse_s_and_name_every_view() {
    let clickhouse = EmbeddedClickHouse::shared();
    let sql = std::fs::read_to_string(workspace().join("sql/readonly.sql")).unwrap();
    let code: Vec<&str> = sql.lines().filter(|line| !line.starts_with("--")).collect();
    let code = code.join("\n");
    let statements: Vec<&str> = code.split(';').map(str::trim).filter(|statement| !statement.is_empty()).collect();
    for statement in &statements {
        clickhouse.query(&format!("EXPLAIN AST {statement}")).unwrap_or_else(|error| panic!("{statement}\n{error}"));
    }
    let granted: Vec<&str> = statements
        .iter()
        .filter_map(|statement| statement.strip_prefix("GRANT SELECT ON slowtax.")?.strip_suffix(" TO slowtax_reading"))
        .collect();
    let mut views: Vec<String> = std::fs::read_dir(workspace().join("sql/views"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| file.contains(".sql"))
        .map(|file| std::fs::read_to_string(workspace().join("sql/views").join(file)).unwrap())
        .filter_map(|sql| {
            let head = sql.lines().find(|line| line.starts_with("CREATE OR REPLACE "))?;
            // Materialized ones fill tables, which nobody else asks for.
            Some(head.strip_prefix("CREATE OR REPLACE VIEW ")?.strip_suffix(" AS")?.to_owned())
        })
        .collect();
    views.sort();
    for view in &views {
        assert!(
            granted.contains(&view.as_str()),
            "sql/readonly.sql has no GRANT SELECT ON slowtax.{view} TO slowtax_reading"
        );
    }
    assert_eq!(granted.len(), views.len(), "a grant in sql/readonly.sql is for no view");
}
