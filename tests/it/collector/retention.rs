//! How long rows are kept: from the configuration into the tables.

use std::io::Write;

use tests::collector::{CollectorProcess, Setup, wait_for};
use tests::embedded::EmbeddedClickHouse;

/// One on the shared ClickHouse, with an empty database.
fn started(test: &str) -> CollectorProcess {
    let clickhouse = EmbeddedClickHouse::shared();
    let name = format!("collector_{test}");
    clickhouse.database(&name);
    CollectorProcess::start_on(&clickhouse.url(), &name, &[])
}

/// Stops it, replaces what its configuration says of retention, and starts it again.
fn restarted(mut collector: CollectorProcess, retention: &str) -> CollectorProcess {
    assert_eq!(collector.stop().code(), Some(0));
    configure(collector.setup(), retention);
    collector.restart()
}

fn configure(setup: &Setup, retention: &str) {
    let text = std::fs::read_to_string(setup.config_file()).unwrap();
    let before = text.split("[retention]").next().unwrap();
    let mut file = std::fs::File::create(setup.config_file()).unwrap();
    write!(file, "{before}[retention]\n{retention}\n").unwrap();
}

const TTL: &str = "SELECT name || ' ' || extract(engine_full, ' TTL (.*?) SETTINGS') FROM system.tables \
                   WHERE database = currentDatabase() AND engine_full LIKE '% TTL %' ORDER BY name";

const WHOLE_PARTS: &str = "SELECT arraySort(groupArray(name)) FROM system.tables \
                           WHERE database = currentDatabase() AND engine_full LIKE '%ttl_only_drop_parts = 1%'";

const CHANGED: &str = "kept for another time";

#[test]
fn the_defaults_are_what_the_migrations_say_and_change_nothing() {
    let collector = started("retention_defaults");
    let modified = "SELECT groupArray((name, metadata_modification_time)) FROM \
                    (SELECT * FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name)";
    let before = collector.query(modified);
    let collector = restarted(collector, "raw_days = 90\nbeat_days = 70\ncube_months = 25");
    assert_eq!(collector.query(modified), before);
    assert!(!collector.log().contains(CHANGED), "{}", collector.log());
    let ttl = collector.query(TTL);
    for expected in [
        "page_views toDateTime(ts) + toIntervalDay(90)",
        "beat_5m slot + toIntervalDay(70)",
        "beat_pages_5m slot + toIntervalDay(70)",
        "loss_cube day + toIntervalMonth(25)",
    ] {
        assert!(ttl.lines().any(|line| line == expected), "{expected} is not in\n{ttl}");
    }
}

#[test]
fn other_limits_arrive_in_all_tables_and_the_defaults_come_back() {
    let collector = started("retention_changed");
    let (before, whole_parts) = (collector.query(TTL), collector.query(WHOLE_PARTS));
    let collector = restarted(collector, "raw_days = 30\nbeat_days = 36\ncube_months = 1");
    let ttl = collector.query(TTL);
    // Each but `ingested`, which is the audit's, and minutes and claims, of which nobody needs more.
    let expected = before
        .replace("toIntervalDay(90)", "toIntervalDay(30)")
        .replace("toIntervalDay(70)", "toIntervalDay(36)")
        .replace("toIntervalMonth(25)", "toIntervalMonth(1)");
    assert_eq!(ttl, expected);
    assert_eq!(collector.log().matches(CHANGED).count(), before.lines().count() - 3, "{}", collector.log());
    assert_eq!(collector.query(WHOLE_PARTS), whole_parts);
    // And by the command that only does that.
    configure(collector.setup(), "");
    let output = collector.setup().run(&["migrate"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(collector.query(TTL), before);
}

/// A goal so many days ago, by itself in its part.
fn insert(collector: &CollectorProcess, days: u32) {
    collector
        .query(&format!("INSERT INTO goals (site, ts, name) VALUES ('shop', now() - INTERVAL {days} DAY, '{days}')"));
}

fn goals(collector: &CollectorProcess) -> String {
    collector.query("SELECT arraySort(groupArray(toUInt32(name))) FROM goals")
}

#[test]
fn a_shorter_limit_takes_what_is_there_and_a_longer_one_keeps_it() {
    let collector = started("retention_rows");
    for days in [0, 29, 31, 80] {
        insert(&collector, days);
    }
    let collector = restarted(collector, "raw_days = 30");
    assert!(
        wait_for(|| {
            collector.query("OPTIMIZE TABLE goals FINAL");
            goals(&collector) == "[0,29]"
        }),
        "{}",
        goals(&collector)
    );

    // Parts remember their limit: what is there must get the longer one before the shorter one would have taken it.
    let collector = restarted(collector, "raw_days = 60");
    let limits = "SELECT countIf(delete_ttl_info_max < now() + INTERVAL 30 DAY), count() FROM system.parts \
                  WHERE database = currentDatabase() AND table = 'goals' AND active AND rows > 0";
    assert!(wait_for(|| collector.query(limits) == "0\t2"), "{}", collector.query(limits));
    collector.query("OPTIMIZE TABLE goals FINAL");
    assert_eq!(goals(&collector), "[0,29]");
}

#[test]
fn a_ttl_that_was_made_by_hand_is_left_alone_and_told() {
    let collector = started("retention_by_hand");
    collector.query("ALTER TABLE goals MODIFY TTL toDateTime(ts) + INTERVAL 10 DAY WHERE is_bot");
    collector.query("ALTER TABLE page_errors REMOVE TTL");
    let by_hand = collector.query(TTL);
    let collector = restarted(collector, "raw_days = 90");
    assert_eq!(collector.query(TTL), by_hand);
    let log = collector.log();
    for table in ["goals", "page_errors"] {
        assert!(log.contains("made by hand") && log.contains(&format!("table=\"{table}\"")), "{log}");
    }
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    for (key, fits, refused) in
        [("raw_days", [3, 3650], [2, 3651]), ("beat_days", [36, 3650], [35, 3651]), ("cube_months", [1, 240], [0, 241])]
    {
        let check = |value: i32| {
            let setup = Setup::new(&[]);
            configure(&setup, &format!("{key} = {value}"));
            let output = setup.run(&["check-config"]);
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        for value in fits {
            assert!(check(value).0, "{key} = {value}");
        }
        for value in refused {
            let (ok, text) = check(value);
            assert!(!ok && text.contains(&format!("retention.{key}: {value} does not fit")), "{text}");
        }
    }
    let setup = Setup::new(&[]);
    configure(&setup, "raw_day = 90");
    let text = String::from_utf8(setup.run(&["check-config"]).stderr).unwrap();
    assert!(text.contains("retention.raw_day: there is no such key; the nearest is retention.raw_days"), "{text}");
}
