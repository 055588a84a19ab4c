//! `clickhouse-embedded`, the real program, against clients that nobody here wrote.

use tests::embedded::EmbeddedClickHouse;

#[test]
fn a_statement_is_answered() {
    let server = EmbeddedClickHouse::shared();
    assert_eq!(server.query("SELECT 1").as_deref(), Ok("1"));
    let database = server.database("a_statement_is_answered");
    database.query("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a").unwrap();
    database.query("INSERT INTO t VALUES (1), (2)").unwrap();
    assert_eq!(database.query("SELECT sum(a) FROM t").as_deref(), Ok("3"));
    assert!(database.query("SELECT nope FROM t").unwrap_err().starts_with("Code: 47. DB::Exception: "));
}
