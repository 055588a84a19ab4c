//! GET and `readonly` only read, and nothing talks them out of it.

use super::http::{get, post};
use tests::embedded::EmbeddedClickHouse;

#[test]
fn get_changes_settings_but_no_data() {
    let server = EmbeddedClickHouse::shared();
    let port = server.port();
    let database = server.database("get_changes_settings_but_no_data");
    database.query("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a").unwrap();
    let get = |query: &str| get(port, &[("database", database.name()), ("query", query)]);
    for query in [
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t SELECT 1",
        "INSERT INTO t SELECT 1 SETTINGS readonly = DEFAULT",
        "INSERT INTO t SETTINGS `readonly` /* */ = default VALUES (1)",
        "INSERT INTO t SETTINGS readonly = 0 VALUES (1)",
        "CREATE TABLE u (a UInt32) ENGINE = Memory",
        "CREATE TABLE u ENGINE = Memory AS SELECT 1 SETTINGS readonly = DEFAULT",
        "DROP TABLE t",
        "TRUNCATE TABLE t",
        "ALTER TABLE t ADD COLUMN b String",
        "SYSTEM STOP MERGES",
        "KILL QUERY WHERE 1",
        "EXECUTE AS default INSERT INTO t SELECT 1",
        "SET readonly = 0",
        "SET readonly = DEFAULT",
    ] {
        let response = get(query);
        assert_eq!(response.exception_code(), 164, "{query}: {}", response.text());
    }
    assert_eq!(get("SELECT 1; DROP TABLE t").exception_code(), 62);
    for query in [
        "SELECT 1",
        "SELECT 1 SETTINGS max_threads = 1",
        "SET max_threads = 1",
        "USE system",
        "SHOW TABLES",
        "DESCRIBE TABLE t",
        "EXPLAIN SELECT 1",
        "WITH 1 AS x SELECT x",
        "SELECT count() FROM system.settings WHERE readonly = 1",
    ] {
        let response = get(query);
        assert_eq!(response.status, 200, "{query}: {}", response.text());
    }
    assert_eq!(database.query("SELECT count() FROM t").as_deref(), Ok("0"));
    assert_eq!(database.query("SHOW TABLES").as_deref(), Ok("t"));
}

#[test]
fn the_readonly_parameter_holds_for_post() {
    let port = EmbeddedClickHouse::shared().port();
    let strictly = |query: &str| post(port, &[("readonly", "1")], query);
    assert_eq!(strictly("SELECT 1").text(), "1\n");
    for query in ["SET max_threads = 1", "SELECT 1 SETTINGS max_threads = 1", "CREATE TEMPORARY TABLE t (a Int8)"] {
        assert_eq!(strictly(query).exception_code(), 164, "{query}");
    }
    let but_settings = |query: &str| post(port, &[("readonly", "2"), ("max_threads", "1")], query);
    assert_eq!(but_settings("SELECT getSetting('max_threads')").text(), "1\n");
    assert_eq!(but_settings("CREATE TABLE t (a Int8) ENGINE = Memory").exception_code(), 164);
    assert_eq!(get(port, &[("readonly", "0"), ("query", "SELECT 1")]).exception_code(), 164);
}

#[test]
fn a_session_is_read_only_for_get_and_writes_again_for_post() {
    let server = EmbeddedClickHouse::shared();
    let port = server.port();
    let database = server.database("a_session_is_read_only_for_get");
    let session = [("session_id", "reads then writes"), ("database", database.name())];
    let select = [&session[..], &[("query", "SELECT getSetting('readonly')")]].concat();
    let create = "CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a";
    assert_eq!(get(port, &select).text(), "2\n");
    let create_by_get = [&session[..], &[("query", create)]].concat();
    assert_eq!(get(port, &create_by_get).exception_code(), 164);
    assert_eq!(post(port, &session, create).status, 200);
    let strictly = [&session[..], &[("readonly", "1")]].concat();
    assert_eq!(post(port, &strictly, "DROP TABLE t").exception_code(), 164);
    assert_eq!(post(port, &session, "SELECT getSetting('readonly')").text(), "0\n");
    assert_eq!(post(port, &session, "INSERT INTO t VALUES (1)").status, 200);
}
