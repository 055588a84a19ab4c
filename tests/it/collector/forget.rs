//! `slowtax forget`: what is kept of a session or a site is gone, and nothing else is.

use std::collections::BTreeMap;
use std::process::Output;

use beacon_format::{Beacon, Id};
use collector::store::forget::own_tables;
use tests::collector::CollectorProcess;
use tests::embedded::EmbeddedClickHouse;

use super::sample::{binary, fresh_id, full};

/// One on the shared ClickHouse, with an empty database and two sites.
fn started(test: &str, age_max_ms: &str) -> CollectorProcess {
    let clickhouse = EmbeddedClickHouse::shared();
    let name = format!("collector_{test}");
    clickhouse.database(&name);
    let overrides = [("writer.age_max_ms", age_max_ms), ("sites.other.name", "Other")];
    CollectorProcess::start_on(&clickhouse.url(), &name, &overrides)
}

fn outcome(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn forget(collector: &CollectorProcess, words: &[&str]) -> (Option<i32>, String) {
    outcome(&collector.setup().run(&[&["forget"], words].concat()))
}

fn beacon(site: &'static str, session_id: Id) -> Beacon<'static> {
    let mut beacon = full();
    beacon.head.site = site.into();
    beacon.head.session_id = session_id;
    beacon
}

const REPORT: &str = r#"[{"type":"network-error","age":10,"url":"https://shop.example.com/","user_agent":"x",
    "body":{"type":"tcp.timed_out","phase":"connection","sampling_fraction":1}}]"#;

/// Sends two views of each session to the site, and a browser's report.
fn send(collector: &CollectorProcess, site: &'static str, sessions: &[Id]) {
    for session in sessions.iter().chain(sessions) {
        assert_eq!(collector.send(&binary(&beacon(site, *session))).status, 204);
    }
    let path = format!("/v1/reports?site={site}");
    let answer = collector.request("POST", &path, &[("Content-Type", "application/reports+json")], REPORT.as_bytes());
    assert_eq!(answer.status, 204, "{}", answer.text());
    collector.wait_until_stored();
}

/// The tables of the schema that have a column.
fn with_column(collector: &CollectorProcess, column: &str) -> Vec<String> {
    let sql = format!(
        "SELECT DISTINCT table FROM system.columns WHERE database = currentDatabase() AND name = '{column}' AND table IN \
         (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')"
    );
    collector.query(&sql).lines().map(str::to_owned).collect()
}

/// Of each table all its rows that do not fit a condition, as one number.
fn fingerprints(collector: &CollectorProcess, column: &str, gone: &str) -> BTreeMap<String, String> {
    let tables = with_column(collector, "site");
    let condition =
        |table: &String| with_column(collector, column).contains(table).then(|| format!("WHERE {column} != {gone}"));
    tables
        .iter()
        .map(|table| {
            let rows = format!("(SELECT * FROM {table} {})", condition(table).unwrap_or_default());
            (table.clone(), collector.query(&format!("SELECT count(), sum(cityHash64(*)) FROM {rows}")))
        })
        .collect()
}

fn count(collector: &CollectorProcess, table: &str, condition: &str) -> u64 {
    collector.query(&format!("SELECT count() FROM {table} WHERE {condition}")).parse().unwrap()
}

#[test]
fn one_session_is_gone_from_every_table_and_nothing_else_is() {
    let collector = started("forget_session", "20");
    let sessions = [fresh_id(), fresh_id(), fresh_id()];
    send(&collector, "shop", &sessions);
    let session = sessions[1].0.to_string();
    let tables = with_column(&collector, "session_id");
    assert!(tables.len() >= 4, "{tables:?}");
    for table in &tables {
        assert!(count(&collector, table, &format!("session_id = {session}")) > 0, "the test has no row of {table}");
    }
    let before = fingerprints(&collector, "session_id", &session);

    let (code, text) = forget(&collector, &["--session", &session]);
    assert_eq!(code, Some(0), "{text}");
    for table in &tables {
        assert_eq!(count(&collector, table, &format!("session_id = {session}")), 0, "{table}");
        let told = text.lines().find(|line| line.starts_with(&format!("{table} "))).unwrap_or_default();
        assert_eq!(told.split_whitespace().nth(1), Some("2"), "{table} in\n{text}");
    }
    assert_eq!(fingerprints(&collector, "session_id", &session), before);
    assert!(text.contains("no table has a row of it") && text.contains("What it added to sums"), "{text}");
    // No part that is in use has it, and those that had it leave the disk.
    let old = "SELECT count() FROM system.parts WHERE database = currentDatabase() AND NOT active AND table IN ('page_views', 'goals')";
    collector.wait_until("old parts are removed", || collector.query(old) == "0");

    // What was forgotten is not missed.
    let (code, text) = outcome(&collector.setup().run(&["audit"]));
    assert!(code == Some(0) && text.contains("everything fits"), "{text}");

    // Twice is harmless, and a number in hexadecimal is the same.
    let (code, text) = forget(&collector, &["--session", &format!("0x{:x}", sessions[1].0)]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(&format!("no table has a row of session {session}: nothing was deleted")), "{text}");
    assert_eq!(fingerprints(&collector, "session_id", &session), before);
    let hexadecimal = format!("0x{:x}", sessions[0].0);
    assert_eq!(forget(&collector, &["--session", &hexadecimal]).0, Some(0));
    assert_eq!(collector.query("SELECT uniqExact(session_id) FROM page_views"), "1");
}

#[test]
fn a_site_is_gone_from_raw_tables_and_rollups_and_another_is_not() {
    let collector = started("forget_site", "20");
    send(&collector, "shop", &[fresh_id(), fresh_id()]);
    send(&collector, "other", &[fresh_id()]);
    let tables = with_column(&collector, "site");
    let before = fingerprints(&collector, "site", "'shop'");
    // Somebody's own table beside Slowtax's.
    collector.query("CREATE TABLE mine (site String) ENGINE = MergeTree ORDER BY site AS SELECT 'shop' AS site");

    let (code, text) = forget(&collector, &["--site", "shop"]);
    assert!(code == Some(1) && text.contains("say --yes"), "{text}");
    assert!(count(&collector, "page_views", "site = 'shop'") > 0);

    let (code, text) = forget(&collector, &["--site", "shop", "--yes"]);
    assert_eq!(code, Some(0), "{text}");
    for table in &tables {
        assert_eq!(count(&collector, table, "site = 'shop'"), 0, "{table}");
    }
    let (code, audit) = outcome(&collector.setup().run(&["audit"]));
    assert!(code == Some(0) && audit.contains("everything fits"), "{audit}");
    assert_eq!(count(&collector, "mine", "site = 'shop'"), 1);
    assert!(text.contains("The table mine has such a column and is not Slowtax's"), "{text}");
    assert!(text.contains("[sites.shop] is in the configuration: its beacons are still taken"), "{text}");
    collector.query("DROP TABLE mine SYNC");
    assert_eq!(fingerprints(&collector, "site", "'shop'"), before);
    for table in [
        "page_views",
        "resource_timings",
        "goals",
        "page_errors",
        "browser_reports",
        "loss_cube",
        "goals_daily",
        "beat_5m",
        "beat_pages_5m",
        "beat_1m",
    ] {
        assert!(count(&collector, table, "site = 'other'") > 0, "{table}");
    }

    let (code, text) = forget(&collector, &["--site", "shop", "--yes"]);
    assert!(code == Some(1) && text.contains("no table has a row of site shop: nothing was deleted"), "{text}");
    // And it may come again.
    send(&collector, "shop", &[fresh_id()]);
    assert!(count(&collector, "loss_cube", "site = 'shop'") > 0);
}

#[test]
fn a_session_whose_rows_wait_in_the_spool_is_waited_for_or_refused() {
    // Sealed after two seconds: at first all of it waits.
    let mut collector = started("forget_spooled", "2000");
    let session = fresh_id();
    assert_eq!(collector.send(&binary(&beacon("shop", session))).status, 204);
    let number = session.0.to_string();
    let (code, text) = forget(&collector, &["--session", &number]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(count(&collector, "page_views", "1"), 0);

    // What ClickHouse refused comes back with replay: not without somebody's word.
    collector.query("ALTER TABLE goals ADD CONSTRAINT no_poison CHECK name != 'poison'");
    let mut poison = beacon("shop", fresh_id());
    let number = poison.head.session_id.0.to_string();
    poison.goals[0].name = "poison".into();
    assert_eq!(collector.send(&binary(&poison)).status, 204);
    collector.wait_until_stored();
    let (code, text) = forget(&collector, &["--session", &number]);
    assert!(code == Some(1) && text.contains("may hold rows of it, and nothing was deleted"), "{text}");
    assert!(count(&collector, "page_views", &format!("session_id = {number}")) > 0);
    // Others are not in that file.
    assert_eq!(collector.send(&binary(&beacon("shop", session))).status, 204);
    assert_eq!(forget(&collector, &["--session", &session.0.to_string()]).0, Some(0));

    // Nobody empties the spool: refused, nothing deleted.
    assert_eq!(collector.send(&binary(&beacon("shop", session))).status, 204);
    collector.kill9();
    let (code, text) = forget(&collector, &["--session", &session.0.to_string()]);
    assert!(code == Some(1) && text.contains("rows of it wait in") && text.contains("nothing was deleted"), "{text}");
}

#[test]
fn the_embedded_clickhouse_is_asked_while_it_runs_and_started_while_it_does_not() {
    let mut collector = CollectorProcess::start(&[]);
    let sessions = [fresh_id(), fresh_id()];
    send(&collector, "shop", &sessions);
    let (code, text) = forget(&collector, &["--session", &sessions[0].0.to_string()]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(collector.query("SELECT uniqExact(session_id) FROM page_views"), "1");
    assert_eq!(collector.stop().code(), Some(0));
    let (code, text) = forget(&collector, &["--session", &sessions[1].0.to_string()]);
    assert_eq!(code, Some(0), "{text}");
    let collector = collector.restart();
    assert_eq!(collector.query("SELECT count() FROM page_views"), "0");
}

#[test]
fn what_is_no_session_and_no_site_is_refused() {
    let collector = started("forget_nonsense", "20");
    for words in [
        &["--session", "abc"][..],
        &["--session", "0"],
        &["--session", "-1"],
        &["--session", "18446744073709551616"],
        &["--session", "1 OR 1"],
        &["--site", ""],
        &["--site", "a b", "--yes"],
        &["--site", "shop' OR '1", "--yes"],
        &["--session", "1", "--site", "shop"],
        &["--yes"],
        &[],
    ] {
        assert_eq!(forget(&collector, words).0, Some(2), "{words:?}");
    }
    let (code, text) = forget(&collector, &["--site", "nowhere", "--yes"]);
    assert!(code == Some(1) && text.contains("no table has a row of site nowhere"), "{text}");
    assert_eq!(forget(&collector, &["--session", "18446744073709551615"]).0, Some(1));
}

/// What has rows of a site says whose by `site`, and what has rows of a session by `session_id`: by these names forget finds them.
#[test]
fn every_table_tells_site_and_session_by_the_columns_that_forget_looks_for() {
    /// How many rows a segment brought, what was migrated, and which collector watches.
    const OF_NO_SITE: [&str; 3] = ["ingested", "schema_migrations", "watch_claims"];
    let collector = started("forget_tables", "20");
    let tables = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'";
    let (sites, sessions) = (with_column(&collector, "site"), with_column(&collector, "session_id"));
    for table in collector.query(tables).lines() {
        assert_eq!(sites.contains(&table.to_owned()), !OF_NO_SITE.contains(&table), "{table}");
        assert!(table == "schema_migrations" || own_tables().contains(&table), "{table} is not one that forget knows");
    }
    let of_views = "SELECT DISTINCT table FROM system.columns WHERE database = currentDatabase() \
                    AND (name LIKE '%session%' OR name = 'view_id') AND table IN \
                    (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')";
    for table in collector.query(of_views).lines() {
        assert!(sessions.contains(&table.to_owned()), "{table} has rows of sessions, and no session_id");
    }
}
