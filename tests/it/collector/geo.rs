//! The GeoIP database changes while the collector runs.

use std::fs;
use std::path::{Path, PathBuf};

use collector::enrich::geo::GeoDatabase;
use rustix::process::{Pid, Signal, kill_process};
use tests::collector::{CollectorProcess, Setup, countries};
use tests::embedded::EmbeddedClickHouse;

use super::sample::{binary, plain};

const BUILT: &str = "slowtax_geo_build_timestamp_seconds";
const RELOADS: &str = "slowtax_geo_reloads_total";
const FAILURES: &str = "slowtax_geo_reload_failures_total";

/// What happens to a file.
type Change = fn(&Path);

/// A directory with a file of its own, that is the database of countries at first.
fn copy() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("countries.mmdb");
    fs::copy(countries(), &file).unwrap();
    (directory, file)
}

/// The database of the same maker that has addresses of the fourth version only.
fn only_ipv4() -> PathBuf {
    let all = countries();
    all.with_file_name(all.file_name().unwrap().to_str().unwrap().replace(".mmdb", "-ipv4.mmdb"))
}

fn built(file: &Path) -> u64 {
    GeoDatabase::new(file, fs::read(file).unwrap()).unwrap().describe().1
}

/// Writes over the file's middle, in place.
fn damage(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    bytes[2_000_000..2_000_600].fill(0xFF);
    fs::write(file, bytes).unwrap();
}

/// Makes it a sound database that tells no countries, in place.
fn rename_the_key(file: &Path) {
    let mut bytes = fs::read(countries()).unwrap();
    let key = b"country_code";
    let at = bytes.windows(key.len()).position(|window| window == key).expect("records have a country");
    bytes[at..at + key.len()].copy_from_slice(b"timezone_key");
    fs::write(file, bytes).unwrap();
}

/// One that writes into an empty database of the shared ClickHouse, ready.
fn collector(test: &str, geo: &str) -> CollectorProcess {
    let clickhouse = EmbeddedClickHouse::shared();
    let name = format!("collector_geo_{test}");
    clickhouse.database(&name);
    CollectorProcess::start_on(&clickhouse.url(), &name, &[("geo.database", geo)])
}

fn hang_up(collector: &CollectorProcess) {
    let pid = Pid::from_raw(i32::try_from(collector.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
}

fn wait_for_metric(collector: &CollectorProcess, name: &str, value: u64) {
    collector.wait_until(&format!("{name} is {value}"), || collector.metric(name) == value);
}

/// The country that a view from this address has in its row.
fn country(collector: &CollectorProcess, address: &str) -> String {
    let beacon = plain();
    assert_eq!(collector.send_from(address, &binary(&beacon)).status, 204);
    collector.wait_until_stored();
    collector.query(&format!("SELECT country FROM page_views WHERE view_id = {}", beacon.head.view_id.0))
}

#[test]
fn a_file_that_has_changed_is_used_when_it_is_sound_and_not_when_it_is_not() {
    let (_directory, file) = copy();
    let collector = collector("changes", file.to_str().unwrap());
    let (whole, smaller) = (built(&countries()), built(&only_ipv4()));
    assert_eq!(collector.metric(BUILT), whole);
    assert_eq!(country(&collector, "2003::1"), "DE");

    // With a signal, because that is faster, and without.
    let changes: [(Change, bool); 4] = [
        (damage, false),
        (rename_the_key, true),
        (|file| fs::write(file, &fs::read(countries()).unwrap()[..3_000_000]).unwrap(), true),
        (|file| fs::remove_file(file).unwrap(), false),
    ];
    for ((change, is_asked), failures) in changes.iter().zip(1..) {
        change(&file);
        if *is_asked {
            hang_up(&collector);
        }
        wait_for_metric(&collector, FAILURES, failures);
        assert_eq!(country(&collector, "2003::1"), "DE", "after change {failures}");
        assert_eq!((collector.metric(RELOADS), collector.metric(BUILT)), (0, whole));
    }
    let log = collector.log();
    let told = |reason: &str| log.lines().filter(|line| line.contains("ERROR") && line.contains(reason)).count();
    let path = file.display();
    for (reason, times) in [("is corrupt", 2), ("tells no countries", 1), ("cannot be read", 1)] {
        assert_eq!(told(reason), times, "{reason}\n{log}");
    }
    assert_eq!(told(&format!("the GeoIP database {path}")), 4, "{log}");

    // As an update does it: beside the file, and then at once in its place.
    let beside = file.with_extension("new");
    fs::copy(only_ipv4(), &beside).unwrap();
    fs::rename(&beside, &file).unwrap();
    wait_for_metric(&collector, RELOADS, 1);
    assert_eq!(collector.metric(BUILT), smaller);
    assert_eq!(country(&collector, "194.25.0.1"), "DE");
    assert_eq!(country(&collector, "2003::1"), "ZZ");
    assert!(collector.log().contains(&format!("built_unix_s={smaller}")), "{}", collector.log());

    fs::copy(countries(), &file).unwrap();
    wait_for_metric(&collector, RELOADS, 2);
    assert_eq!(collector.metric(BUILT), whole);
    assert_eq!(country(&collector, "2003::1"), "DE");
    assert_eq!(collector.metric(FAILURES), 4);
}

#[test]
fn sighup_reads_a_file_that_has_not_changed_and_a_file_is_read_once_for_a_change() {
    let (_directory, file) = copy();
    let collector = collector("hangup", file.to_str().unwrap());
    // Nothing but the signal can be the cause.
    hang_up(&collector);
    wait_for_metric(&collector, RELOADS, 1);
    damage(&file);
    wait_for_metric(&collector, FAILURES, 1);
    hang_up(&collector);
    wait_for_metric(&collector, FAILURES, 2);
    fs::copy(countries(), &file).unwrap();
    hang_up(&collector);
    wait_for_metric(&collector, RELOADS, 2);
    // More than one look later.
    damage(&file);
    wait_for_metric(&collector, FAILURES, 3);
    assert_eq!(collector.metric(RELOADS), 2, "{}", collector.log());
    assert_eq!(country(&collector, "2003::1"), "DE");
}

#[test]
fn sighup_ends_no_collector_that_has_no_database() {
    let mut collector = collector("none", "");
    hang_up(&collector);
    collector.wait_until("the signal is told", || collector.log().contains("SIGHUP: geo.database is not set"));
    assert_eq!(country(&collector, "2003::1"), "ZZ");
    let text = collector.get("/metrics").text();
    for name in [BUILT, RELOADS, FAILURES] {
        assert!(text.lines().any(|line| line == format!("{name} 0")), "{name} is not 0 in\n{text}");
    }
    assert!(collector.stop().success());
}

#[test]
fn a_database_that_would_be_refused_later_is_refused_at_the_start() {
    let (_directory, file) = copy();
    for (change, reason) in [(damage as Change, "is corrupt"), (rename_the_key, "tells no countries")] {
        change(&file);
        let output = Setup::new(&[("geo.database", file.to_str().unwrap())]).run(&["serve"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(reason), "{said}");
    }
}
