//! The process: its start, its refusals, its ends, and what is left after a kill.

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::http::{Http, post};
use tests::embedded::{EmbeddedClickHouse, binary, library};

/// Runs the program to its end and expects a failure; its message.
fn refused(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } =
        Command::new(binary()).args(arguments).env_remove("SLOWTAX_LIBCHDB").current_dir("/").output().unwrap();
    assert!(!status.success(), "{arguments:?}");
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8_lossy(&stderr).into_owned()
}

#[test]
fn each_reason_not_to_start_has_its_message() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let data = data.to_str().unwrap();
    let library = library();
    let library = library.to_str().unwrap();
    let free = ["--path", data, "--listen", "127.0.0.1:0"];

    let message = refused(&free);
    assert!(message.contains("libchdb.so, the ClickHouse engine, was not found. Tried:"), "{message}");
    assert!(message.contains("npm install @chdb/"), "{message}");

    let message = refused(&[&free[..], &["--libchdb", "/no/such/file.so"]].concat());
    assert!(message.contains("/no/such/file.so"), "{message}");

    let text = directory.path().join("text.so");
    std::fs::write(&text, "no library").unwrap();
    let message = refused(&[&free[..], &["--libchdb", text.to_str().unwrap()]].concat());
    assert!(message.contains("it cannot be loaded"), "{message}");

    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc = maps.lines().filter_map(|line| line.split_whitespace().nth(5)).find(|path| path.contains("libc.so"));
    let message = refused(&[&free[..], &["--libchdb", libc.unwrap()]].concat());
    assert!(message.contains("it is not a libchdb"), "{message}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let message = refused(&["--path", data, "--libchdb", library, "--listen", &address]);
    assert!(message.contains(&format!("{address} is in use by another process")), "{message}");

    let message = refused(&["--path", data, "--libchdb", library, "--listen", "0.0.0.0:0"]);
    assert!(message.contains("not a loopback address") && message.contains("--allow-remote"), "{message}");

    let below_a_file = text.join("data");
    let message = refused(&["--path", below_a_file.to_str().unwrap(), "--libchdb", library, "--listen", "127.0.0.1:0"]);
    assert!(message.contains("cannot be written"), "{message}");

    let message = refused(&[&free[..], &["--libchdb", library, "--password-file", "/no/such/password"]].concat());
    assert!(message.contains("cannot read the password file /no/such/password"), "{message}");
}

#[test]
fn a_second_process_on_the_same_data_is_refused() {
    let server = EmbeddedClickHouse::start();
    let data = server.data_dir().to_str().unwrap().to_owned();
    let library = library();
    let message = refused(&["--path", &data, "--libchdb", library.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert!(message.contains("is in use by another process"), "{message}");
    assert!(message.contains(&format!("pid {}", server.pid())), "{message}");
    assert_eq!(server.query("SELECT 1").as_deref(), Ok("1"));
}

/// Whether a statement was answered with success by a process that may be killed meanwhile.
fn acknowledges(port: u16, statement: &str) -> bool {
    let Some(mut http) = Http::try_connect(port) else { return false };
    let length = statement.len();
    let head = format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{statement}");
    http.try_send(head.as_bytes()) && http.try_response(false).is_some_and(|response| response.status == 200)
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let server = EmbeddedClickHouse::start();
    server.query("CREATE DATABASE kept").unwrap();
    server.query("CREATE TABLE kept.t (a UInt64) ENGINE = MergeTree ORDER BY a").unwrap();
    server.query("CREATE TABLE kept.sums (k UInt8, s UInt64) ENGINE = SummingMergeTree ORDER BY k").unwrap();
    server.query("CREATE MATERIALIZED VIEW kept.v TO kept.sums AS SELECT 1 AS k, a AS s FROM kept.t").unwrap();
    // Numbers are inserted in order, one a statement.
    let sent = AtomicU64::new(0);
    let acknowledged = Mutex::new(BTreeSet::new());
    let count = || acknowledged.lock().unwrap().len();
    for round in 0..20 {
        let port = server.port();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Acquire) {
                    let number = sent.fetch_add(1, Ordering::AcqRel) + 1;
                    let insert = format!("INSERT INTO kept.t VALUES ({number})");
                    if !acknowledges(port, &insert) {
                        return;
                    }
                    acknowledged.lock().unwrap().insert(number);
                }
            });
            let before = count();
            while count() < before + 3 + round % 7 {
                std::thread::sleep(Duration::from_micros(500));
            }
            server.kill9();
            stop.store(true, Ordering::Release);
        });
        server.restart();
        let stored = server.query("SELECT a FROM kept.t").unwrap();
        let stored: BTreeSet<u64> = stored.lines().map(|line| line.parse().unwrap()).collect();
        let lost: Vec<_> = acknowledged.lock().unwrap().difference(&stored).copied().collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} were acknowledged and are lost");
        let doubled = server.query("SELECT count() - uniqExact(a) FROM kept.t").unwrap();
        assert_eq!(doubled, "0", "round {round}");
        let sums = server.query("SELECT (SELECT sum(a) FROM kept.t) - (SELECT sum(s) FROM kept.sums)").unwrap();
        println!("round {round}: {} acknowledged, {} stored, the view lacks {sums}", count(), stored.len());
    }
}

#[test]
fn sigterm_ends_cleanly_also_with_a_refreshable_view() {
    let server = EmbeddedClickHouse::start();
    server.query("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a").unwrap();
    server.query("INSERT INTO t VALUES (1)").unwrap();
    server
        .query("CREATE MATERIALIZED VIEW r REFRESH EVERY 1 SECOND ENGINE = Memory AS SELECT count() AS c FROM t")
        .unwrap();
    server.query("SYSTEM REFRESH VIEW r").unwrap();
    server.query("SYSTEM WAIT VIEW r").unwrap();
    assert_eq!(server.query("SELECT c FROM r").as_deref(), Ok("1"));
    assert_eq!(post(server.port(), &[("session_id", "open")], "SELECT 1").status, 200);
    let idle = Http::connect(server.port());
    let begin = Instant::now();
    let status = server.stop();
    assert_eq!(status.code(), Some(0), "{status}: {}", server.log());
    assert!(begin.elapsed() < Duration::from_secs(5), "an idle end took {:?}", begin.elapsed());
    assert!(server.log().contains("the engine is closed"), "{}", server.log());
    drop(idle);
    server.restart();
    assert_eq!(server.query("SELECT count() FROM t").as_deref(), Ok("1"));
    server.query("SYSTEM WAIT VIEW r").unwrap();
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn running_statements_have_time_to_end_and_then_are_stopped() {
    let server = EmbeddedClickHouse::start_with(&["--shutdown-timeout", "2"]);
    let port = server.port();
    let run = |query: &'static str| std::thread::spawn(move || post(port, &[], query));
    let short = run("SELECT sleep(1)");
    let endless = run("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 0");
    while server.query("SELECT count() FROM system.processes").as_deref() != Ok("3") {
        std::thread::sleep(Duration::from_millis(5));
    }
    let begin = Instant::now();
    assert_eq!(server.stop().code(), Some(0), "{}", server.log());
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert_eq!(short.join().unwrap().text(), "0\n");
    // Stopped: its client had an error or no answer at all.
    assert!(endless.join().map_or(true, |response| response.status != 200));
}

#[test]
fn a_parent_that_dies_takes_the_process_with_it() {
    let server = EmbeddedClickHouse::start();
    assert_eq!(server.abandon().code(), Some(0), "{}", server.log());
    assert!(server.log().contains("standard input has ended"), "{}", server.log());
}

#[test]
fn sql_reaches_no_files_and_no_commands() {
    let server = EmbeddedClickHouse::shared();
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret.csv");
    std::fs::write(&secret, "1\n").unwrap();
    let secret = secret.to_str().unwrap();
    let written = directory.path().join("written");
    let written = written.to_str().unwrap();
    let source = |source: &str| {
        format!(
            "CREATE DICTIONARY IF NOT EXISTS secrets (a String) PRIMARY KEY a SOURCE({source}) \
             LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)"
        )
    };
    // The SQL user's grants do not cover the function file(): that is the kernel's part, from Linux 5.19 on.
    let confined = !server.log().contains("this kernel cannot confine");
    for statement in [
        format!("SELECT * FROM file('{secret}', 'CSV', 'a UInt8')"),
        format!("SELECT * FROM url('file://{secret}', 'CSV', 'a UInt8')"),
        format!("SELECT * FROM sqlite('{secret}', 't')"),
        format!("INSERT INTO FUNCTION file('{written}', 'CSV', 'a UInt8') VALUES (1)"),
        format!("CREATE TABLE f (a UInt8) ENGINE = File(CSV, '{written}')"),
        format!("CREATE TABLE r (k String, v String) ENGINE = EmbeddedRocksDB(0, '{written}') PRIMARY KEY k"),
        format!("CREATE TABLE l (a String) ENGINE = FileLog('{secret}', 'CSV')"),
        format!("BACKUP DATABASE default TO File('{written}')"),
        source(&format!("EXECUTABLE(command 'cat {secret}' format 'CSV')")),
    ] {
        assert!(server.query(&statement).is_err(), "{statement}");
    }
    for function in
        [format!("file('{secret}')"), format!("`file`('{secret}')"), "file('/proc/self/environ')".to_owned()]
    {
        assert_eq!(server.query(&format!("SELECT {function}")).is_err(), confined, "{function}");
    }
    server.query(&source(&format!("FILE(path '{secret}' format 'CSV')"))).unwrap();
    assert!(server.query("SELECT * FROM secrets").is_err());
    assert!(!std::path::Path::new(written).exists());
}

#[test]
fn the_start_is_quick_and_says_so_in_one_line() {
    let begin = Instant::now();
    let server = EmbeddedClickHouse::start();
    println!("ready after {:?}, {} MiB resident", begin.elapsed(), server.resident_bytes() >> 20);
    assert_eq!(server.query("SELECT version()").unwrap(), server.version());
    let output = Command::new(binary()).args(["--path", "/tmp", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for option in
        ["--path", "--listen", "--libchdb", "--max-connections", "--max-memory", "--print-port", "--exit-with-parent"]
    {
        assert!(help.contains(option), "{option}");
    }
}
