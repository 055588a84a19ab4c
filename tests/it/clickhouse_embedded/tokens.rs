//! An INSERT that a kill has cut off between its token and its rows. A kill comes between the two too seldom for a test, so what it leaves is made
//! by hand.

use std::fs;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use rustix::fs::inotify;
use tests::embedded::EmbeddedClickHouse;

use super::http::{Response, post};

/// A table with a token for each INSERT, and one that a materialized view feeds.
const TABLES: [&str; 3] = [
    "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100",
    "CREATE TABLE sums (k UInt8, s UInt64) ENGINE = SummingMergeTree ORDER BY k SETTINGS non_replicated_deduplication_window = 100",
    "CREATE MATERIALIZED VIEW v TO sums AS SELECT 1 AS k, a AS s FROM t",
];

fn started(arguments: &[&str]) -> EmbeddedClickHouse {
    let server = EmbeddedClickHouse::start_with(arguments);
    for statement in TABLES {
        server.query(statement).unwrap();
    }
    server
}

fn insert(server: &EmbeddedClickHouse, number: u64) -> Response {
    let token = format!("token-{number}");
    let settings =
        [("insert_deduplication_token", token.as_str()), ("deduplicate_blocks_in_dependent_materialized_views", "1")];
    post(server.port(), &settings, format!("INSERT INTO t VALUES ({number})"))
}

fn stored(server: &EmbeddedClickHouse) -> String {
    server.query("SELECT (SELECT groupArray(a) FROM (SELECT a FROM t ORDER BY a)), (SELECT sum(s) FROM sums)").unwrap()
}

fn directory(server: &EmbeddedClickHouse, table: &str) -> PathBuf {
    let path = server.query(&format!("SELECT data_paths[1] FROM system.tables WHERE name = '{table}'")).unwrap();
    PathBuf::from(path)
}

/// Takes a part back to what it is before the engine gives it its name.
fn take_back(table: &Path, part: &str) {
    fs::rename(table.join(part), table.join(format!("tmp_insert_{part}"))).unwrap();
}

#[test]
fn an_insert_whose_token_was_kept_and_whose_rows_were_not_is_stored_when_it_is_repeated() {
    for (table, part) in [("t", "all_2_2_0"), ("sums", "all_2_2_1")] {
        let server = started(&[]);
        for number in [1, 10] {
            assert_eq!(insert(&server, number).status, 200);
        }
        assert_eq!(stored(&server), "[1,10]\t11");
        let directory = directory(&server, table);
        server.kill9();
        take_back(&directory, part);
        server.restart();
        let without = if table == "t" { "[1]\t11" } else { "[1,10]\t1" };
        assert_eq!(stored(&server), without, "{table}");
        for _ in 0..2 {
            for number in [1, 10] {
                assert_eq!(insert(&server, number).status, 200);
            }
            assert_eq!(stored(&server), "[1,10]\t11", "{table}");
        }
        assert!(server.log().contains("when it is repeated, it is stored"), "{}", server.log());
        // Its rows are there now, merged with others: the next start leaves the token alone.
        server.query(&format!("OPTIMIZE TABLE {table} FINAL")).unwrap();
        let told = server.log().matches("when it is repeated").count();
        server.kill9();
        server.restart();
        assert_eq!(insert(&server, 10).status, 200);
        assert_eq!(
            (stored(&server).as_str(), server.log().matches("when it is repeated").count()),
            ("[1,10]\t11", told)
        );
    }
}

#[test]
fn a_torn_line_of_the_log_does_not_make_the_engine_forget_the_tokens_after_it() {
    let server = started(&[]);
    assert_eq!(insert(&server, 1).status, 200);
    let log = directory(&server, "t").join("deduplication_logs/deduplication_log_1.txt");
    server.kill9();
    let mut text = fs::read_to_string(&log).unwrap();
    text.push_str("1\tall_2_2_0\tall_123");
    fs::write(&log, text).unwrap();
    server.restart();
    assert_eq!(insert(&server, 10).status, 200);
    // The start after it reads what was written behind the torn line.
    server.restart();
    for number in [1, 10] {
        assert_eq!(insert(&server, number).status, 200);
    }
    assert_eq!(stored(&server), "[1,10]\t11");
}

/// What a kill leaves, and what `clickhouse_embedded::deduplication` mends, follows from this order. Should a later engine store the rows first, a
/// kill leaves rows without a token.
#[test]
fn the_engine_keeps_the_token_before_it_stores_the_rows() {
    let server = started(&[]);
    let table = directory(&server, "t");
    let changes = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&changes, &table, inotify::WatchFlags::MOVED_TO).unwrap();
    inotify::add_watch(&changes, table.join("deduplication_logs"), inotify::WatchFlags::MODIFY).unwrap();
    assert_eq!(insert(&server, 1).status, 200);
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(&changes, &mut buffer);
    let mut names = Vec::new();
    while let Ok(event) = reader.next() {
        names.extend(event.file_name().map(|name| name.to_str().unwrap().to_owned()));
    }
    assert_eq!(names, ["deduplication_log_1.txt", "all_1_1_0"]);
}
