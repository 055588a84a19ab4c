//! Named sessions.

use std::time::Duration;

use super::http::post;
use tests::embedded::EmbeddedClickHouse;

fn in_session(id: &str, more: &[(&str, &str)], body: &str) -> super::http::Response {
    let parameters = [&[("session_id", id)], more].concat();
    post(EmbeddedClickHouse::shared().port(), &parameters, body)
}

#[test]
fn a_session_keeps_settings_database_and_temporary_tables() {
    let id = "keeps everything";
    assert_eq!(in_session(id, &[], "SET max_threads = 1").status, 200);
    assert_eq!(in_session(id, &[], "USE system").status, 200);
    assert_eq!(in_session(id, &[], "CREATE TEMPORARY TABLE kept (a UInt8)").status, 200);
    assert_eq!(in_session(id, &[], "INSERT INTO kept VALUES (7)").status, 200);
    let select = "SELECT a, currentDatabase(), getSetting('max_threads') FROM kept";
    assert_eq!(in_session(id, &[], select).text(), "7\tsystem\t1\n");
    assert_eq!(in_session("another", &[], select).exception_code(), 60);
    assert_eq!(in_session(id, &[("close_session", "1")], select).status, 200);
    assert_eq!(in_session(id, &[], select).exception_code(), 60);
}

#[test]
fn what_a_url_sets_holds_for_its_request_only() {
    let id = "url settings";
    let select = "SELECT currentDatabase(), getSetting('max_threads'), getSetting('log_comment')";
    in_session(id, &[], "SET max_threads = 5, log_comment = 'it''s'");
    in_session(id, &[], "USE system");
    let changed = [("max_threads", "2"), ("log_comment", "x"), ("database", "default")];
    assert_eq!(in_session(id, &changed, select).text(), "default\t2\tx\n");
    assert_eq!(in_session(id, &[], select).text(), "system\t5\tit\\'s\n");
    // Also when the statement fails, and when a setting does.
    assert_eq!(in_session(id, &changed, "SELECT nope").exception_code(), 47);
    assert_eq!(in_session(id, &[("max_threads", "2"), ("nosuch", "1")], "SELECT 1").exception_code(), 115);
    assert_eq!(in_session(id, &[], select).text(), "system\t5\tit\\'s\n");
    // A SET wins over the same name in its own URL.
    assert_eq!(in_session(id, &[("max_threads", "2")], "SET max_threads = 3").status, 200);
    assert_eq!(in_session(id, &[], select).text(), "system\t3\tit\\'s\n");
}

#[test]
fn a_session_serves_one_request_at_a_time() {
    let id = "one at a time";
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| in_session(id, &[("log_comment", "holds its session")], "SELECT sleep(2)"));
        let running = "SELECT count() FROM system.processes WHERE Settings['log_comment'] = 'holds its session'";
        while EmbeddedClickHouse::shared().query(running).as_deref() != Ok("1") {
            std::thread::sleep(Duration::from_millis(2));
        }
        let locked = in_session(id, &[], "SELECT 1");
        assert_eq!(locked.exception_code(), 373, "{}", locked.text());
        assert!(locked.text().contains("Session one at a time is locked"), "{}", locked.text());
        assert_eq!(slow.join().unwrap().text(), "0\n");
    });
    assert_eq!(in_session(id, &[], "SELECT 1").text(), "1\n");
}

#[test]
fn requests_of_a_session_may_follow_each_other_at_once() {
    // The session must be free before its client can know that the answer has ended.
    for _ in 0..50 {
        assert_eq!(in_session("quick", &[], "SELECT 1").text(), "1\n");
    }
    for _ in 0..5 {
        let rows = in_session("quick", &[], "SELECT number FROM numbers(500000)");
        assert_eq!((rows.status, rows.complete), (200, true));
    }
}

#[test]
fn an_idle_session_ends_after_its_timeout() {
    let id = "short";
    let timeout = [("session_timeout", "1")];
    assert_eq!(in_session(id, &timeout, "SET max_threads = 1").status, 200);
    let check = [("session_check", "1"), ("session_timeout", "1")];
    assert_eq!(in_session(id, &check, "SELECT 1").text(), "1\n");
    std::thread::sleep(Duration::from_millis(1100));
    let response = in_session(id, &check, "SELECT 1");
    assert_eq!((response.status, response.exception_code()), (500, 372));
    assert_eq!(in_session(id, &[("session_timeout", "100000")], "SELECT 1").exception_code(), 374);
}

#[test]
fn sessions_are_bounded_and_the_one_idle_longest_goes() {
    let server = EmbeddedClickHouse::start();
    let run = |id: &str, check: &str| {
        let parameters = [("session_id", id), ("session_timeout", "3600"), ("session_check", check)];
        post(server.port(), &parameters, "SELECT 1").status
    };
    for number in 0..257 {
        assert_eq!(run(&format!("s{number}"), "0"), 200);
    }
    assert_eq!(run("s0", "1"), 500);
    assert_eq!(run("s1", "1"), 200);
    assert_eq!(run("s256", "1"), 200);
}
