//! The schema's migrations: at once, from an older database, after a crash, and refused.

use collector::Config;
use collector::store::migrate::{MIGRATIONS, MigrateError, Migration, migrate};
use collector::store::rows::{PageErrorRow, PageViewRow};
use collector::store::{QueryLimits, Store};
use tests::collector::{CollectorProcess, Setup};
use tests::embedded::EmbeddedClickHouse;

use super::rows::{migrated, page_error, page_view, store, today};

#[tokio::test]
async fn two_migrations_at_once_end_with_one_schema() {
    let (first, second) = (store("twice"), store_again("twice"));
    let (one, other) = tokio::join!(migrate(&first), migrate(&second));
    one.unwrap();
    other.unwrap();
    let sql = "SELECT count(), uniqExact(version), min(version) FROM schema_migrations FINAL";
    let answer = String::from_utf8(first.query_bytes(sql, &[], "TSV", QueryLimits::default()).await.unwrap()).unwrap();
    let count = MIGRATIONS.len();
    assert_eq!(answer, format!("{count}\t{count}\t1\n"));
    assert_eq!(migrate(&first).await.unwrap(), 0);
}

/// Another store on a database that is there.
fn store_again(test: &str) -> Store {
    let url = EmbeddedClickHouse::shared().url();
    let toml = format!("[clickhouse]\nmode = 'server'\nurl = '{url}'\ndatabase = 'collector_{test}'");
    Store::new(&Config::parse(&toml, []).unwrap().clickhouse)
}

#[tokio::test]
async fn a_database_of_a_newer_program_or_a_changed_migration_is_refused() {
    let store = migrated("newer").await;
    store
        .execute("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'future', 'x')")
        .await
        .unwrap();
    let refused = migrate(&store).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Newer { version: 9999, .. }));
    assert!(refused.to_string().contains("9999_future") && refused.to_string().contains("newer slowtax"), "{refused}");
    let store = migrated("changed").await;
    store
        .execute("INSERT INTO schema_migrations (version, name, checksum) VALUES (1, 'page_views', 'other')")
        .await
        .unwrap();
    let refused = migrate(&store).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Changed { version: 1, .. }), "{refused}");
}

/// A database as a slowtax left it that had only the first migrations.
async fn migrated_to(test: &str, version: u32) -> Store {
    let store = store(test);
    store
        .execute(
            "CREATE TABLE schema_migrations (version UInt32, name String, checksum String, \
             applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')) ENGINE = ReplacingMergeTree ORDER BY version",
        )
        .await
        .unwrap();
    for migration in MIGRATIONS.iter().filter(|migration| migration.version <= version) {
        store.execute(migration.sql).await.unwrap();
        let Migration { version, name, checksum, .. } = migration;
        let record = format!(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES ({version}, '{name}', '{checksum}')"
        );
        store.execute(&record).await.unwrap();
    }
    store
}

/// The answer to a question, as lines of values with tabs between them.
async fn answer(store: &Store, sql: &str) -> String {
    String::from_utf8(store.query_bytes(sql, &[], "TSV", QueryLimits::default()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_database_with_rows_of_the_first_release_is_brought_up_to_date_and_keeps_them() {
    let store = migrated_to("upgrade", 14).await;
    let ts = today(0);
    // Two parts, of which one has a snapshot that the other replaces.
    for (view_id, seq, lcp) in [(1, 0, "2400"), (2, 0, "NULL"), (1, 1, "2600")] {
        let counted = if seq == 1 { "2400" } else { "NULL" };
        let row = format!(
            "INSERT INTO page_views (site, ts, view_id, seq, weight, country, http_status, lcp_ms, counted_lcp_ms, hidden_at_ms, request_ms) \
             VALUES ('shop', fromUnixTimestamp64Milli({ts}), {view_id}, {seq}, 1, 'DE', 200, {lcp}, {counted}, 900, 40)"
        );
        store.execute(&row).await.unwrap();
    }
    let error = format!(
        "INSERT INTO page_errors (site, ts, view_id, weight, country, message, count) \
         VALUES ('shop', fromUnixTimestamp64Milli({ts}), 1, 1, 'DE', 'x', 3)"
    );
    store.execute(&error).await.unwrap();
    let rollups =
        "SELECT (SELECT sum(n) FROM loss_cube), (SELECT sum(t_ms) FROM loss_cube), (SELECT sum(errors) FROM beat_5m)";
    assert_eq!(answer(&store, rollups).await, "1\t2600\t1\n");

    let later = MIGRATIONS.len() - 14;
    assert_eq!(migrate(&store).await.unwrap(), later);
    // What is new is empty in them; what follows from what was known is there.
    let old = "SELECT view_id, lcp_ms, fp_ms, visible_ms, inp_kind, connection, inp_element, length(hosts.host), length(hosts.count), \
               length(timings.name), abandoned_before_load, abandoned_before_lcp FROM page_views FINAL ORDER BY view_id";
    let expected = "1\t2600\t\\N\t0\tunknown\tunknown\t\t0\t0\t0\ttrue\tfalse\n\
                    2\t\\N\t\\N\t0\tunknown\tunknown\t\t0\t0\t0\ttrue\ttrue\n";
    assert_eq!(answer(&store, old).await, expected);
    assert_eq!(answer(&store, "SELECT message, count, counted FROM page_errors").await, "x\t3\t0\n");
    assert_eq!(answer(&store, rollups).await, "1\t2600\t1\n");

    // New rows beside the old ones, which they also replace, before and after parts merge.
    let view = PageViewRow { view_id: 2, ts, is_bot: false, ..page_view() };
    store.insert_rows(std::slice::from_ref(&view), "new").await.unwrap();
    let again = PageErrorRow { is_bot: false, ..page_error() };
    let first = PageErrorRow { counted: 0, ..again.clone() };
    store.insert_rows(&[again, first], "new").await.unwrap();
    let new = "SELECT view_id, hosts.host, types.initiator, frames.function FROM page_views FINAL ORDER BY view_id";
    let expected = "1\t[]\t[]\t[]\n2\t['cdn.example.com:8443','']\t['beacon','other']\t['render']\n";
    assert_eq!(answer(&store, new).await, expected);
    store.execute("OPTIMIZE TABLE page_views FINAL").await.unwrap();
    assert_eq!(answer(&store, new).await, expected);
    // One error more, of weight 3: the row that tells of it again counts nothing.
    assert_eq!(answer(&store, "SELECT sum(errors) FROM beat_5m").await, "4\n");
    assert_eq!(migrate(&store).await.unwrap(), 0);
}

#[tokio::test]
async fn a_start_that_died_before_it_recorded_a_migration_is_made_good_by_the_next() {
    let store = migrated("unrecorded").await;
    let columns = "SELECT name, type FROM system.columns WHERE database = currentDatabase() ORDER BY table, name";
    let before = answer(&store, columns).await;
    store.execute("ALTER TABLE schema_migrations DELETE WHERE version > 14 SETTINGS mutations_sync = 1").await.unwrap();
    assert_eq!(migrate(&store).await.unwrap(), MIGRATIONS.len() - 14);
    assert_eq!(answer(&store, columns).await, before);
}

#[tokio::test]
async fn an_older_program_leaves_the_views_of_a_newer_one_alone_and_does_not_run() {
    let store = migrated("newer_views").await;
    store.execute("CREATE OR REPLACE VIEW slow_hosts AS SELECT 'newer' AS made_by").await.unwrap();
    let record = "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'future', 'x')";
    store.execute(record).await.unwrap();
    let url = EmbeddedClickHouse::shared().url();
    let overrides =
        [("clickhouse.mode", "server"), ("clickhouse.url", &url), ("clickhouse.database", "collector_newer_views")];
    for command in ["migrate", "serve"] {
        let output = Setup::new(&overrides).run(&[command]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("9999_future") && said.contains("migrated by a newer slowtax"), "{said}");
        assert_eq!(answer(&store, "SELECT made_by FROM slow_hosts").await, "newer\n", "{command}");
    }
    // And a program that fits puts its own there.
    store
        .execute("ALTER TABLE schema_migrations DELETE WHERE version = 9999 SETTINGS mutations_sync = 1")
        .await
        .unwrap();
    migrate(&store).await.unwrap();
    assert!(store.query_bytes("SELECT made_by FROM slow_hosts", &[], "TSV", QueryLimits::default()).await.is_err());
}

#[tokio::test]
async fn a_start_makes_only_the_views_that_are_not_as_they_should_be() {
    let store = migrated("same_views").await;
    let made =
        "SELECT name, uuid FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%View' ORDER BY name";
    let before = answer(&store, made).await;
    assert_eq!(migrate(&store).await.unwrap(), 0);
    assert_eq!(answer(&store, made).await, before);
    store.execute("DROP VIEW slow_hosts").await.unwrap();
    store.execute("DROP VIEW loss_replicates_refresh").await.unwrap();
    migrate(&store).await.unwrap();
    let after = answer(&store, made).await;
    let [before, after]: [Vec<&str>; 2] = [&before, &after].map(|text| text.lines().collect());
    assert_eq!(after.len(), before.len());
    let anew: Vec<&str> = after.into_iter().filter(|line| !before.contains(line)).collect();
    assert!(
        matches!(anew[..], [first, second] if first.starts_with("loss_replicates_refresh\t") && second.starts_with("slow_hosts\t")),
        "{anew:?}"
    );
}

/// How many views there are, and how many of them run with the rights of who made them.
const DEFINED: &str = "SELECT count(), countIf(create_table_query LIKE '%DEFINER = default SQL SECURITY DEFINER%') FROM system.tables \
                       WHERE database = currentDatabase() AND engine = 'View'";

#[tokio::test]
async fn on_a_server_views_run_with_the_rights_of_who_made_them_and_still_answer() {
    let store = migrated("definer").await;
    let counts = answer(&store, DEFINED).await;
    let (all, defined) = counts.trim().split_once('\t').unwrap();
    assert!(all == defined && all != "0", "{counts}");
    let view = PageViewRow { is_bot: false, ts: today(0), country: "DE".to_owned(), ..page_view() };
    store.insert_rows(&[view], "one").await.unwrap();
    let sql = "SELECT country, views FROM web_vitals_by_country(site = 'shop', from_day = '2020-01-01', to_day = '2100-01-01')";
    assert_eq!(answer(&store, sql).await, "DE\t1000000\n");
    // A view that asks views.
    let sql = "SELECT count() FROM loss_by_country(site = 'shop', from_day = '2026-01-01', to_day = '2026-03-01', target_ms = 2500)";
    assert_eq!(answer(&store, sql).await, "0\n");
}

#[test]
fn in_the_embedded_clickhouse_views_have_no_definer() {
    let collector = CollectorProcess::start(&[]);
    let counts = collector.query(DEFINED);
    assert!(counts.ends_with("\t0") && !counts.starts_with("0\t"), "{counts}");
}

#[tokio::test]
async fn a_question_has_its_memory_and_not_more() {
    let store = store("memory");
    let limits = QueryLimits { memory_bytes_max: 100_000_000, ..QueryLimits::default() };
    let held = |numbers: u64| format!("SELECT length(groupArray(number)) FROM numbers({numbers})");
    assert!(store.query_bytes(&held(1_000_000), &[], "TSV", limits).await.is_ok());
    let refused = store.query_bytes(&held(50_000_000), &[], "TSV", limits).await.unwrap_err();
    assert_eq!(refused.code, Some(241), "{refused}");
    for (bytes, code) in [("67108863", 1), ("67108864", 0), ("1099511627776", 0), ("1099511627777", 1)] {
        let output = Setup::new(&[("clickhouse.report_memory_bytes_max", bytes)]).run(&["check-config"]);
        assert_eq!(output.status.code(), Some(code), "{bytes}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
