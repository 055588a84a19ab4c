//! Starts that cannot work end with a message that names what is wrong, and starts that can wait do wait. The other commands.

use std::process::Output;

use tests::collector::{CollectorProcess, Setup, countries, free_port};
use tests::embedded::EmbeddedClickHouse;

use super::sample::{binary, plain};

/// What a command says when it fails, which it must.
fn failure(setup: &Setup, words: &[&str]) -> String {
    let Output { status, stderr, .. } = setup.run(words);
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(1), "{said}");
    said.lines().last().unwrap_or_default().to_owned()
}

/// A collector that would start, on a ClickHouse that nobody answers for.
fn serverless(overrides: &[(&str, &str)]) -> Setup {
    let mut all = vec![("clickhouse.mode", "server"), ("clickhouse.url", "http://127.0.0.1:9")];
    all.extend_from_slice(overrides);
    Setup::new(&all)
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = failure(&serverless(&[("http.listen", &address)]), &["serve"]);
    assert!(said.contains(&format!("{address} is in use by another process")), "{said}");
}

#[test]
fn a_missing_engine_and_a_missing_program_are_named() {
    let said = failure(&Setup::new(&[("clickhouse.embedded.library", "no/libchdb.so")]), &["serve"]);
    assert!(
        said.contains("libchdb") && said.contains("no/libchdb.so") && said.contains("clickhouse.embedded.library"),
        "{said}"
    );
    let said = failure(&Setup::new(&[("clickhouse.embedded.binary", "no/clickhouse-embedded")]), &["serve"]);
    assert!(said.contains("no/clickhouse-embedded") && said.contains("clickhouse.embedded.binary"), "{said}");
}

#[test]
fn an_engine_that_does_not_load_is_told_in_its_own_words() {
    let setup = Setup::new(&[]);
    let no_library = setup.config_file().with_file_name("libchdb.so");
    std::fs::write(&no_library, "not a library").unwrap();
    let broken = Setup::new(&[("clickhouse.embedded.library", no_library.to_str().unwrap())]);
    let said = failure(&broken, &["serve"]);
    assert!(said.contains("the embedded ClickHouse does not start") && said.contains("libchdb.so"), "{said}");
}

#[test]
fn a_geoip_database_that_is_missing_unreadable_or_corrupt_is_named() {
    let setup = serverless(&[]);
    let directory = setup.config_file().with_file_name("directory.mmdb");
    std::fs::create_dir(&directory).unwrap();
    let corrupt = setup.config_file().with_file_name("corrupt.mmdb");
    let whole = std::fs::read(countries()).unwrap();
    std::fs::write(&corrupt, &whole[..whole.len() / 3]).unwrap();
    let cases = [
        ("no/such.mmdb", "cannot be read"),
        (directory.to_str().unwrap(), "cannot be read"),
        (corrupt.to_str().unwrap(), "corrupt"),
    ];
    for (path, expected) in cases {
        for words in [["serve"], ["check-config"]] {
            let said = failure(&serverless(&[("geo.database", path)]), &words);
            assert!(said.contains("GeoIP database") && said.contains(path) && said.contains(expected), "{said}");
        }
    }
}

#[test]
fn an_unknown_key_and_a_bad_value_are_named_with_what_was_meant() {
    let setup = serverless(&[]);
    std::fs::write(setup.config_file(), "[http]\nlissten = '127.0.0.1:0'\n[writer]\nrows_max = 0\n").unwrap();
    let output = setup.run(&["serve"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("slowtax.toml") && said.contains("2 problems"), "{said}");
    assert!(said.contains("http.lissten: there is no such key; the nearest is http.listen"), "{said}");
    assert!(said.contains("writer.rows_max: 0 does not fit; expected a whole number from 1 to 1000000"), "{said}");
    std::fs::remove_file(setup.config_file()).unwrap();
    let said = failure(&setup, &["serve"]);
    assert!(said.contains("slowtax.toml cannot be read"), "{said}");
}

#[test]
fn a_data_directory_is_one_collectors() {
    let mut first = CollectorProcess::start_unready(serverless(&[]));
    let data = first.setup().data_dir();
    let second = serverless(&[("data_dir", data.to_str().unwrap())]);
    let said = failure(&second, &["serve"]);
    assert!(said.contains("is locked") && said.contains(data.to_str().unwrap()), "{said}");
    first.kill9();
    let again = serverless(&[("data_dir", data.to_str().unwrap())]);
    let _starts = CollectorProcess::start_unready(again);
}

#[test]
fn somebody_else_at_the_engines_port_or_data_is_waited_for_and_then_named() {
    let other = EmbeddedClickHouse::start();
    let port_taken = Setup::new(&[("clickhouse.url", &other.url())]);
    let data_taken = Setup::new(&[]);
    // Where the collector's engine has its data: another engine already works there.
    let data = data_taken.data_dir().join("clickhouse");
    let _owner = EmbeddedClickHouse::start_in(&data, &[]);
    let said = std::thread::scope(|scope| {
        [&port_taken, &data_taken]
            .map(|setup| scope.spawn(|| failure(setup, &["serve"])))
            .map(|said| said.join().unwrap())
    });
    assert!(said[0].contains("the port of the embedded ClickHouse") && said[0].contains("is in use"), "{}", said[0]);
    assert!(
        said[1].contains("the data directory of the embedded ClickHouse") && said[1].contains("is locked"),
        "{}",
        said[1]
    );
    assert_eq!(
        other.query("SELECT count() FROM system.databases WHERE name = 'slowtax'").unwrap(),
        "0",
        "it is not ours"
    );
}

#[test]
fn check_config_shows_what_is_in_force_without_the_password() {
    let setup = serverless(&[("clickhouse.password", "opensesame"), ("http.workers", "3")]);
    let output = setup.run(&["check-config"]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        shown.contains("workers = 3") && shown.contains("[sites.shop]") && shown.contains("# geo.database is sound"),
        "{shown}"
    );
    assert!(!shown.contains("opensesame") && shown.contains("password = \"***\""), "{shown}");
}

#[test]
fn health_tells_whether_a_collector_is_ready() {
    let listen = format!("127.0.0.1:{}", free_port());
    let nobody = serverless(&[("http.listen", &listen)]);
    let said = failure(&nobody, &["health"]);
    assert!(said.contains(&format!("no collector answers at {listen}")), "{said}");
    let waiting = CollectorProcess::start_unready(nobody);
    let output = waiting.setup().run(&["health"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("clickhouse_unreachable"));
    drop(waiting);
    let clickhouse = EmbeddedClickHouse::shared();
    let database = clickhouse.database("collector_health");
    let ready = CollectorProcess::start_on(&clickhouse.url(), database.name(), &[("http.listen", &listen)]);
    assert!(ready.setup().run(&["health"]).status.success());
}

#[test]
fn migrate_starts_and_stops_the_embedded_engine_for_itself() {
    let setup = Setup::new(&[]);
    for expected in ["migrations applied", "0 migrations applied"] {
        let output = setup.run(&["migrate"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(expected), "{said}");
    }
    let collector = CollectorProcess::start_unready(setup);
    collector.wait_until_ready();
    assert_eq!(collector.send(&binary(&plain())).status, 204);
    collector.wait_until_stored();
    assert_eq!(collector.query("SELECT count() FROM page_views"), "1");
}

#[test]
fn every_command_has_its_help() {
    let setup = serverless(&[]);
    for command in ["serve", "migrate", "check-config", "health", "audit", "replay", "forget", "simulate"] {
        let output = setup.run(&[command, "--help"]);
        assert!(output.status.success(), "{command}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("--config"), "{command}");
    }
}
