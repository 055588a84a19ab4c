//! Long results: memory, slow and vanishing clients, and errors in the middle.

use std::io::Read;
use std::time::{Duration, Instant};

use super::http::{Http, post, url};
use tests::embedded::EmbeddedClickHouse;

fn send_query(port: u16, parameters: &[(&str, &str)], query: &str) -> Http {
    let mut http = Http::connect(port);
    let path = url(parameters);
    http.send(
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{query}", query.len()).as_bytes(),
    );
    http
}

/// Waits until the statement with this comment runs, or runs no more.
fn wait_until_running(server: &EmbeddedClickHouse, comment: &str, running: bool) -> Duration {
    let query = format!("SELECT count() FROM system.processes WHERE Settings['log_comment'] = '{comment}'");
    let begin = Instant::now();
    while (server.query(&query).as_deref() == Ok("1")) != running {
        assert!(begin.elapsed() < Duration::from_secs(30), "{comment}: still running is {}", !running);
        std::thread::sleep(Duration::from_millis(5));
    }
    begin.elapsed()
}

#[test]
fn a_gibibyte_goes_through_without_staying() {
    let server = EmbeddedClickHouse::start();
    // What the first statements of a process load and keep is no part of the question.
    assert!(post(server.port(), &[], "SELECT number FROM numbers(1000000) FORMAT RowBinary").complete);
    let before = server.resident_bytes();
    let mut peak = before;
    let begin = Instant::now();
    let mut http = send_query(server.port(), &[], "SELECT number FROM numbers(134217728) FORMAT RowBinary");
    let mut received = 0;
    while received < 1 << 30 {
        let read = http.skip((16 << 20).min((1 << 30) - received));
        assert!(read > 0, "the result ended after {received} bytes");
        received += read;
        peak = peak.max(server.resident_bytes());
    }
    let mib = |bytes: u64| bytes >> 20;
    println!("1 GiB in {:?}: {} MiB before, {} MiB at most", begin.elapsed(), mib(before), mib(peak));
    assert!(peak - before < 128 << 20, "{} MiB before, {} MiB at most", mib(before), mib(peak));
}

#[test]
fn a_slow_client_holds_the_statement_back_instead_of_filling_memory() {
    let server = EmbeddedClickHouse::start();
    assert!(post(server.port(), &[], "SELECT number FROM numbers(1000000) FORMAT RowBinary").complete);
    let before = server.resident_bytes();
    let comment = [("log_comment", "slow")];
    let mut http = send_query(server.port(), &comment, "SELECT number FROM numbers(1000000000) FORMAT RowBinary");
    http.skip(1 << 20);
    let read_rows = || {
        let rows = server.query("SELECT read_rows FROM system.processes WHERE Settings['log_comment'] = 'slow'");
        rows.unwrap().parse::<u64>().unwrap()
    };
    // It goes on until every buffer is full, and then no further.
    let mut last = read_rows();
    let stopped = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(200));
        let now = read_rows();
        std::mem::replace(&mut last, now) == now
    });
    assert!(stopped, "nothing holds it back: {last} rows");
    assert!(last < 20_000_000, "{last} rows were made for a client that took 131072");
    assert!(server.resident_bytes() - before < 128 << 20);
    drop(http);
    wait_until_running(&server, "slow", false);
}

#[test]
fn a_client_that_vanishes_takes_its_query_with_it() {
    let server = EmbeddedClickHouse::shared();
    for (comment, query) in [
        ("vanished while computing", "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 0"),
        ("vanished while sleeping", "SELECT sleep(3) FROM numbers(20) SETTINGS max_block_size = 1"),
        ("vanished while receiving", "SELECT number FROM numbers(1000000000000)"),
    ] {
        let mut http = send_query(server.port(), &[("log_comment", comment)], query);
        wait_until_running(server, comment, true);
        if comment.ends_with("receiving") {
            http.skip(3 << 20);
        }
        drop(http);
        wait_until_running(server, comment, false);
    }
}

#[test]
fn a_client_that_vanishes_does_not_stop_what_writes() {
    let server = EmbeddedClickHouse::shared();
    let database = server.database("a_client_that_vanishes_does_not_stop_what_writes");
    database.query("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a").unwrap();
    let parameters = [("database", database.name()), ("log_comment", "writes on")];
    let query = "INSERT INTO t SELECT number + sleepEachRow(0.1) FROM numbers(10) SETTINGS max_block_size = 1";
    let http = send_query(server.port(), &parameters, query);
    wait_until_running(server, "writes on", true);
    drop(http);
    wait_until_running(server, "writes on", false);
    assert_eq!(database.query("SELECT count() FROM t").as_deref(), Ok("10"));
}

/// The message in an exception block at the end of a body.
fn exception_at_the_end(body: &[u8], tag: &str) -> String {
    let text = String::from_utf8_lossy(body).into_owned();
    let begin = format!("\r\n__exception__\r\n{tag}\r\n");
    let at = text.find(&begin).unwrap_or_else(|| panic!("no exception in {} bytes", body.len()));
    let rest = text[at + begin.len()..].strip_suffix(&format!(" {tag}\r\n__exception__\r\n")).unwrap();
    let (message, length) = rest.rsplit_once('\n').unwrap();
    assert_eq!(length, (message.len() + 1).to_string());
    message.to_owned()
}

#[test]
fn an_error_in_the_middle_is_marked_and_breaks_the_response_off() {
    let server = EmbeddedClickHouse::shared();
    let query = "SELECT throwIf(number = 2900000) FROM numbers(3000000)";
    for _ in 0..5 {
        let response = post(server.port(), &[], query);
        assert_eq!((response.status, response.complete), (200, false));
        let tag = response.header("X-ClickHouse-Exception-Tag").unwrap();
        assert_eq!(tag.len(), 16);
        let message = exception_at_the_end(&response.body, tag);
        assert!(message.starts_with("Code: 395. DB::Exception: "), "{message}");
        assert!(message.ends_with(&format!("(version {} (official build))", server.version())), "{message}");
        assert!(response.body.starts_with(b"0\n0\n"));
    }
}

#[test]
fn an_error_in_the_middle_of_an_encoded_response_is_encoded_too() {
    let server = EmbeddedClickHouse::shared();
    let query = "SELECT throwIf(number = 900000), randomString(8) FROM numbers(1000000) FORMAT RowBinary";
    let response = Http::connect(server.port()).request("POST", "/", &[("Accept-Encoding", "gzip")], query.as_bytes());
    assert_eq!((response.status, response.complete), (200, false));
    let mut decoded = Vec::new();
    flate2::read::GzDecoder::new(&response.body[..]).read_to_end(&mut decoded).unwrap();
    let tag = response.header("X-ClickHouse-Exception-Tag").unwrap();
    assert!(exception_at_the_end(&decoded, tag).starts_with("Code: 395. "));
}

#[test]
fn an_error_before_the_first_piece_has_its_status() {
    let port = EmbeddedClickHouse::shared().port();
    let response = post(port, &[], "SELECT throwIf(number = 1000) FROM numbers(2000) SETTINGS max_block_size = 10");
    assert_eq!((response.status, response.exception_code(), response.complete), (500, 395, true));
}

#[test]
fn who_waits_for_the_end_gets_the_true_status_and_counters() {
    let port = EmbeddedClickHouse::shared().port();
    let wait = [("wait_end_of_query", "1")];
    let response = post(port, &wait, "SELECT throwIf(number = 2900000) FROM numbers(3000000)");
    assert_eq!((response.status, response.exception_code(), response.complete), (500, 395, true));
    // More than is kept in memory.
    let response = post(port, &wait, "SELECT number FROM numbers(5000000) FORMAT RowBinary");
    assert_eq!((response.status, response.complete, response.body.len()), (200, true, 40_000_000));
    assert!(response.body.chunks(8).enumerate().all(|(number, row)| row == (number as u64).to_le_bytes()));
    let summary: serde_json::Value = serde_json::from_str(response.header("X-ClickHouse-Summary").unwrap()).unwrap();
    assert_eq!((&summary["read_rows"], &summary["result_rows"]), (&"5000000".into(), &"5000000".into()));
}

#[test]
fn a_statement_without_output_has_an_empty_body() {
    let port = EmbeddedClickHouse::shared().port();
    for query in ["SELECT number FROM numbers(10000000) FORMAT Null", "SELECT 1 WHERE 0", "SET max_threads = 1"] {
        let response = post(port, &[], query);
        assert_eq!((response.status, response.body.len(), response.complete), (200, 0, true), "{query}");
    }
}
