//! `slowtax cluster-schema`: the engine parses every statement, and nothing of the single-node schema is missing.
//!
//! A cluster needs servers and Keeper, which an embedded engine has not. So the statements are also run as one server's: without `ON CLUSTER`,
//! with plain engines, and with Merge tables in the place of the Distributed ones, which read the same.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use clickhouse::Client;
use tests::collector::{Setup, program};
use tests::embedded::{Database, EmbeddedClickHouse};

use crate::database::{database, first_day, lines};

/// What the program prints with these words behind `cluster-schema`.
fn cluster_schema(words: &[&str]) -> Output {
    Command::new(program("slowtax")).arg("cluster-schema").args(words).output().unwrap()
}

/// The statements of a text, without the comment that is above each. They end with the lines that end with a semicolon.
fn statements(text: &str) -> Vec<String> {
    let mut statements = vec![String::new()];
    for line in text.lines() {
        let current = statements.last_mut().unwrap();
        if current.is_empty() {
            assert!(
                line.is_empty() || line.starts_with("-- "),
                "above each statement stands what it is made of: {line}"
            );
            current.push_str(if line.is_empty() { "" } else { "\n" });
            continue;
        }
        let is_comment = line.trim_start().starts_with("--");
        current.push_str(line);
        current.push('\n');
        if line.ends_with(';') && !is_comment {
            let whole = current.trim().trim_end_matches(';').to_owned();
            *current = whole;
            statements.push(String::new());
        }
    }
    assert_eq!(statements.pop().as_deref(), Some(""), "the last statement ends with a semicolon");
    statements
}

fn schema(cluster: &str, database: &str) -> Vec<String> {
    let output = cluster_schema(&["--cluster", cluster, "--database", database]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    statements(&String::from_utf8(output.stdout).unwrap())
}

/// A text as an SQL literal.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The names in `database` of one kind, by a condition on `system.tables`.
async fn names(client: &Client, database: &str, condition: &str) -> BTreeSet<String> {
    let sql = format!("SELECT name FROM system.tables WHERE database = '{database}' AND ({condition})");
    lines(client, &sql).await.into_iter().collect()
}

#[test]
fn the_engine_parses_each_statement_and_each_that_changes_the_schema_is_for_the_cluster() {
    let clickhouse = EmbeddedClickHouse::shared();
    let statements = schema("my-cluster", "rum");
    assert!(statements.len() > 50, "{}", statements.len());
    for statement in &statements {
        clickhouse.query(&format!("EXPLAIN AST {statement}")).unwrap_or_else(|error| panic!("{statement}\n{error}"));
        // As the engine writes it, so that a comment or a text is not taken for the clause.
        let sql = format!("SELECT formatQuerySingleLine({}) FORMAT TSVRaw", literal(statement));
        let written = clickhouse.query(&sql).unwrap_or_else(|error| panic!("{statement}\n{error}"));
        let is_ddl =
            !written.starts_with("INSERT INTO rum.schema_migrations") && !written.starts_with("SELECT throwIf(");
        assert_eq!(written.contains(" ON CLUSTER `my-cluster`"), is_ddl, "{written}");
        let is_replicated = !written.contains("MergeTree") || written.contains("ENGINE = Replicated");
        assert!(is_replicated && !written.contains("non_replicated"), "{written}");
    }
}

#[tokio::test]
async fn every_table_and_view_of_one_server_has_its_counterpart() {
    let client = database("cluster_counterparts").await;
    let one = "test_cluster_counterparts";
    let statements = schema("c", "rum");
    let has = |begin: String| statements.iter().filter(|statement| statement.starts_with(&begin)).count() == 1;
    let tables = names(&client, one, "engine LIKE '%MergeTree'").await;
    // Those that are refreshed by the clock are of one server only.
    let fed =
        names(&client, one, "engine = 'MaterializedView' AND create_table_query NOT LIKE '% REFRESH EVERY %'").await;
    let views = names(&client, one, "engine = 'View'").await;
    assert!(tables.len() >= 8 && fed.len() >= 6 && views.len() >= 20, "{tables:?} {fed:?} {views:?}");
    for table in &tables {
        assert!(has(format!("CREATE TABLE IF NOT EXISTS `rum`.{table}_local ON CLUSTER 'c'\n(")), "{table}_local");
        assert!(
            has(format!("CREATE TABLE IF NOT EXISTS `rum`.{table} ON CLUSTER 'c'\nAS `rum`.{table}_local\n")),
            "{table}"
        );
    }
    for view in &fed {
        assert!(has(format!("CREATE MATERIALIZED VIEW IF NOT EXISTS `rum`.{view} ON CLUSTER 'c' TO `rum`.")), "{view}");
    }
    for view in &views {
        assert!(has(format!("CREATE OR REPLACE VIEW `rum`.{view} ON CLUSTER 'c' AS\n")), "{view}");
    }
    let created = statements.iter().filter(|statement| statement.starts_with("CREATE")).count();
    // Besides: the database, and the table of applied migrations.
    assert_eq!(created, 2 + 2 * tables.len() + fed.len() + views.len());
}

/// The statement as one for a server without Keeper and without a cluster.
fn as_of_one_server(statement: &str) -> Option<String> {
    if statement.starts_with("SELECT throwIf") {
        return None;
    }
    let mut sql = statement.replace(" ON CLUSTER 'c'", "").replace("ENGINE = Replicated", "ENGINE = ");
    for replica in [
        "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'",
        "'/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}'",
    ] {
        sql = sql.replace(&format!("{replica}, "), "").replace(replica, "");
    }
    if let Some((before, after)) = sql.split_once("ENGINE = Distributed(") {
        let (arguments, after) = after.split_once("\nCOMMENT").unwrap();
        let local = arguments.split('\'').nth(5).unwrap();
        sql = format!("{before}ENGINE = Merge(currentDatabase(), '^{local}$')\nCOMMENT{after}");
    }
    let windows = "replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800";
    Some(sql.replace(windows, "non_replicated_deduplication_window = 1000"))
}

fn ask(database: &Database<'_>, sql: &str) -> String {
    database.query(sql).unwrap_or_else(|error| panic!("{sql}\n{error}"))
}

#[tokio::test]
async fn run_twice_the_statements_leave_nothing_to_migrate_have_the_columns_of_one_server_and_feed_its_rollups() {
    let client = database("cluster_one").await;
    let name = "test_cluster_run";
    let database = EmbeddedClickHouse::shared().database(name);
    let statements = schema("c", name);
    for _ in 0..2 {
        for sql in statements.iter().filter_map(|statement| as_of_one_server(statement)) {
            ask(&database, &sql);
        }
    }

    let server =
        [("clickhouse.mode", "server"), ("clickhouse.url", &*database.url()), ("clickhouse.database", database.name())];
    let migrated = Setup::new(&server).run(&["migrate"]);
    assert!(String::from_utf8_lossy(&migrated.stdout).starts_with("0 migrations applied"), "{migrated:?}");

    let columns = |of: &str, ending: &str| {
        format!(
            "SELECT replaceRegexpOne(table, '_local$', '') AS of, name, type, default_kind, comment, compression_codec FROM system.columns
             WHERE database = '{of}' AND table IN
             (SELECT name{ending} FROM system.tables WHERE database = 'test_cluster_one' AND engine LIKE '%MergeTree')
             ORDER BY of, position"
        )
    };
    let expected = lines(&client, &columns("test_cluster_one", "")).await;
    assert!(expected.len() > 200);
    for ending in ["", " || '_local'"] {
        assert_eq!(lines(&client, &columns(name, ending)).await, expected);
    }

    let view = "(site, ts, session_id, view_id, seq, weight, country, page_group, device, nav, http_status, lcp_ms, counted_lcp_ms)";
    let day = first_day();
    let row = format!("'shop', '{day} 12:00:00', 5, 7");
    let at = "'DE', '/', 'mobile', 'entry', 200";
    ask(&database, &format!("INSERT INTO page_views_local {view} VALUES ({row}, 0, 1, {at}, 2400, NULL)"));
    ask(&database, &format!("INSERT INTO page_views_local {view} VALUES ({row}, 1, 1, {at}, 2600, 2400)"));
    let error = "(site, ts, session_id, view_id, weight, count, counted)";
    ask(&database, &format!("INSERT INTO page_errors_local {error} VALUES ({row}, 1, 1, 0), ({row}, 1, 3, 1)"));
    let window = format!("site = 'shop', from_day = '{day}', to_day = '{}'", day + time::Duration::DAY);
    for (sql, expected) in [
        ("SELECT sum(n), sum(exits), sum(t_ms), sumIf(n, bucket = 5) FROM loss_cube".to_owned(), "1\t1\t2600\t1"),
        ("SELECT sum(views), sum(errors), sum(slow) FROM beat_5m".to_owned(), "1\t1\t1"),
        (format!("SELECT country, views, time_lost_s FROM loss_by_country({window}, target_ms = 2500)"), "DE\t1\t0.1"),
        (format!("SELECT country, views, lcp_p75_ms FROM web_vitals_by_country({window})"), "DE\t1\t2600"),
        (format!("SELECT sum(occurrences) FROM errors_by_message({window})"), "4"),
        ("SELECT max(version) = uniqExact(version) FROM schema_migrations".to_owned(), "1"),
    ] {
        assert_eq!(ask(&database, &sql), expected, "{sql}");
    }
}

#[test]
fn names_that_do_not_fit_are_refused_and_nothing_is_printed() {
    for (words, what) in [
        (["--cluster", "", "--database", "rum"], "the cluster's name \"\" does not fit"),
        (["--cluster", "a'b", "--database", "rum"], "the cluster's name \"a'b\" does not fit"),
        (["--cluster", "c", "--database", "a-b"], "the database's name \"a-b\" does not fit"),
    ] {
        let output = cluster_schema(&words);
        assert!(!output.status.success() && output.stdout.is_empty());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn without_a_name_it_is_the_cluster_of_the_servers_macro() {
    let output = cluster_schema(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success()
            && text.contains("ON CLUSTER '{cluster}'")
            && text.contains("Distributed('{cluster}', 'slowtax',")
    );
}
