//! `slowtax audit`: what became of every beacon, and whether all that say so agree.

use std::process::Output;

use tests::collector::{CollectorProcess, Setup};
use tests::embedded::EmbeddedClickHouse;

use super::sample::{binary, full, plain};

fn audit(collector: &CollectorProcess) -> (bool, String) {
    outcome(&collector.setup().run(&["audit"]))
}

fn outcome(output: &Output) -> (bool, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// One on the shared ClickHouse, with an empty database.
fn started(test: &str) -> CollectorProcess {
    let clickhouse = EmbeddedClickHouse::shared();
    let name = format!("collector_{test}");
    clickhouse.database(&name);
    CollectorProcess::start_on(&clickhouse.url(), &name, &[("writer.age_max_ms", "20")])
}

fn send(collector: &CollectorProcess, count: usize) {
    for _ in 0..count {
        assert_eq!(collector.send(&binary(&full())).status, 204);
    }
}

#[test]
fn what_was_received_is_accounted_for_through_ends_of_all_kinds() {
    let mut collector = started("audited");
    send(&collector, 20);
    assert_eq!(collector.send(b"nonsense").status, 400);
    let again = binary(&plain());
    assert_eq!([collector.send(&again).status, collector.send(&again).status], [204, 204]);
    collector.wait_until_stored();
    let (is_sound, text) = audit(&collector);
    assert!(is_sound && text.contains("everything fits"), "{text}");

    // An end in order: its count must fit exactly.
    assert_eq!(collector.stop().code(), Some(0));
    let (is_sound, text) = audit(&collector);
    assert!(is_sound, "{text}");
    let run = text.lines().nth(1).unwrap();
    assert_eq!(run.split_whitespace().collect::<Vec<_>>(), ["1", "23", "21", "2", "21", "0", "in", "order"], "{text}");
    assert!(text.contains(" 1 unknown_version\n") && text.contains(" 1 duplicate\n"), "{text}");
    let goals = text.lines().find(|line| line.starts_with("goals")).unwrap();
    assert_eq!(goals.split_whitespace().collect::<Vec<_>>(), ["goals", "20", "0", "20", "0", "0"], "{text}");

    // One without: what it had acknowledged is there all the same.
    collector = collector.restart();
    send(&collector, 20);
    collector.kill9();
    let (is_sound, text) = audit(&collector);
    assert!(is_sound, "{text}");
    collector = collector.restart();
    collector.wait_until_stored();
    send(&collector, 1);
    let (is_sound, text) = audit(&collector);
    assert!(is_sound, "{text}");
    assert!(collector.query("SELECT countIf(segment = '') FROM page_views") == "0");
}

#[test]
fn rows_in_quarantine_and_rows_that_were_put_back_are_accounted_for() {
    let mut collector = started("audited_poison");
    collector.query("ALTER TABLE goals ADD CONSTRAINT no_poison CHECK name != 'poison'");
    send(&collector, 5);
    let mut poison = full();
    poison.goals[0].name = "poison".into();
    assert_eq!(collector.send(&binary(&poison)).status, 204);
    collector.wait_until_stored();
    let (is_sound, text) = audit(&collector);
    assert!(is_sound && text.contains("1 rows in quarantine, 0 put back"), "{text}");

    collector.query("ALTER TABLE goals DROP CONSTRAINT no_poison");
    assert_eq!(collector.stop().code(), Some(0));
    assert!(collector.setup().run(&["replay"]).status.success());
    let (is_sound, text) = audit(&collector);
    assert!(is_sound && text.contains("0 rows in quarantine, 1 put back"), "{text}");
    let collector = collector.restart();
    collector.wait_until_stored();
    let (is_sound, text) = audit(&collector);
    assert!(is_sound, "{text}");
    assert_eq!(collector.query("SELECT count() FROM goals"), "6");
}

#[test]
fn what_is_missing_or_there_twice_is_told_by_its_segment() {
    let mut collector = started("audited_loss");
    send(&collector, 5);
    collector.wait_until_stored();
    assert_eq!(collector.stop().code(), Some(0));
    let segment = collector.query("SELECT DISTINCT segment FROM goals LIMIT 1");
    let count: u64 =
        collector.query(&format!("SELECT count() FROM goals WHERE segment = '{segment}'")).parse().unwrap();

    collector.query(&format!("INSERT INTO goals SELECT * FROM goals WHERE segment = '{segment}'"));
    let (is_sound, text) = audit(&collector);
    let told = format!("DIFFERENCE {segment}: {count} rows of goals were stored, and ClickHouse has {}\n", 2 * count);
    assert!(!is_sound && text.contains(&told), "{text}");

    collector.query("TRUNCATE TABLE goals");
    let (is_sound, text) = audit(&collector);
    let told = format!("DIFFERENCE {segment}: {count} rows of goals were stored, and ClickHouse has 0\n");
    assert!(!is_sound && text.contains(&told), "{text}");
}

#[test]
fn the_embedded_clickhouse_is_started_for_it_and_who_never_ran_is_told() {
    let fresh = Setup::new(&[]);
    let (is_sound, text) = outcome(&fresh.run(&["audit"]));
    assert!(!is_sound && text.contains("no collector has run on"), "{text}");

    let mut collector = CollectorProcess::start(&[]);
    send(&collector, 3);
    assert_eq!(collector.stop().code(), Some(0));
    let (is_sound, text) = audit(&collector);
    assert!(is_sound && text.contains("everything fits"), "{text}");
}

#[test]
fn a_beacon_that_is_sent_again_after_a_kill_is_known() {
    let clickhouse = EmbeddedClickHouse::shared();
    let name = "collector_again";
    clickhouse.database(name);
    // Nothing is old enough to be stored.
    let mut collector = CollectorProcess::start_on(&clickhouse.url(), name, &[("writer.age_max_ms", "60000")]);
    let beacon = binary(&full());
    assert_eq!(collector.send(&beacon).status, 204);
    collector.kill9();
    let collector = collector.restart();
    // As by a sender who was not told that it is safe.
    assert_eq!(collector.send(&beacon).status, 204);
    assert_eq!(collector.metric("slowtax_beacons_rejected_total{reason=\"duplicate\"}"), 1);
    collector.wait_until_stored();
    assert_eq!(collector.query("SELECT sum(orders) FROM goals_daily"), "4");
}
