//! What an INSERT's token is worth when ClickHouse was started again before the INSERT is repeated, by whatever end the one before came to.

use collector::Config;
use collector::store::Store;
use collector::store::migrate::migrate;
use collector::store::rows::{GoalRow, PageErrorRow, PageViewRow, Tables};
use tests::embedded::EmbeddedClickHouse;

use super::rows::{page_error, page_view, today};

fn store(clickhouse: &EmbeddedClickHouse) -> Store {
    let toml = format!("[clickhouse]\nmode = 'server'\nurl = '{}'\ndatabase = 'kept'", clickhouse.url());
    Store::new(&Config::parse(&toml, []).unwrap().clickhouse)
}

/// Rows that count in every rollup.
fn tables() -> Tables {
    let view =
        PageViewRow { is_bot: false, seq: 0, counted_lcp_ms: None, experiment_arm: "fast".to_owned(), ..page_view() };
    let goal = GoalRow {
        site: "shop".to_owned(),
        ts: today(4),
        weight: 3,
        name: "order".to_owned(),
        is_conversion: true,
        country: "BR".to_owned(),
        experiment_arm: "fast".to_owned(),
        ..GoalRow::default()
    };
    let error = PageErrorRow { is_bot: false, counted: 0, ..page_error() };
    Tables { page_views: vec![view], goals: vec![goal], page_errors: vec![error], ..Tables::default() }
}

/// What each table has that feeds a rollup at every INSERT, and each rollup: the sums of its summed columns, or how many rows.
fn contents(clickhouse: &EmbeddedClickHouse) -> Vec<String> {
    let sums = "SELECT table, arrayStringConcat(groupArrayIf(concat('sum(', name, ')'), type LIKE 'SimpleAggregateFunction(sum,%'), ', ') \
                FROM system.columns WHERE database = 'kept' AND table IN ( \
                    SELECT arrayJoin(splitByString('_from_', name)) FROM system.tables \
                    WHERE database = 'kept' AND engine = 'MaterializedView' AND create_table_query NOT LIKE '% REFRESH %' \
                ) GROUP BY table ORDER BY table";
    let content = |line: &str| {
        let (table, sums) = line.split_once('\t').unwrap();
        let what = if sums.is_empty() { "count()" } else { sums };
        format!("{table}: {}", clickhouse.query(&format!("SELECT {what} FROM kept.{table}")).unwrap())
    };
    clickhouse.query(sums).unwrap().lines().map(content).collect()
}

#[tokio::test]
async fn an_insert_that_is_repeated_after_clickhouse_was_started_again_changes_nothing() {
    let clickhouse = EmbeddedClickHouse::start();
    // This process of ClickHouse has changed a materialized view's query, which the next one finds as it is.
    migrate(&store(&clickhouse)).await.unwrap();
    store(&clickhouse).insert_tables(&tables(), "run-1-0").await.unwrap();
    let once = contents(&clickhouse);
    println!("{once:#?}");
    for rollup in ["beat_1m", "beat_5m", "beat_pages_5m", "goals_daily", "ingested", "loss_cube", "variant_cube"] {
        let is_fed = |content: &String| {
            let values = content.strip_prefix(rollup).and_then(|rest| rest.strip_prefix(": "));
            values.is_some_and(|values| values.split('\t').any(|value| value != "0"))
        };
        assert!(once.iter().any(is_fed), "{rollup} is fed");
    }
    clickhouse.kill9();
    clickhouse.restart();
    store(&clickhouse).insert_tables(&tables(), "run-1-0").await.unwrap();
    assert_eq!(contents(&clickhouse), once);
    store(&clickhouse).insert_tables(&tables(), "run-1-1").await.unwrap();
    assert_ne!(contents(&clickhouse), once, "another token is stored");
}

#[tokio::test]
async fn a_migration_that_died_while_a_view_had_its_other_name_is_made_good_by_the_next() {
    let clickhouse = EmbeddedClickHouse::start();
    migrate(&store(&clickhouse)).await.unwrap();
    let query = |sql: &str| clickhouse.query(sql).unwrap();
    let views =
        "SELECT name, uuid FROM system.tables WHERE database = 'kept' AND name LIKE '%\\_from\\_%' ORDER BY name";
    let before = query(views);
    query("RENAME TABLE kept.beat_5m_from_page_errors TO kept.beat_5m_from_page_errors_aside");
    query("ALTER TABLE kept.schema_migrations DELETE WHERE version = 18 SETTINGS mutations_sync = 1");
    assert_eq!(migrate(&store(&clickhouse)).await.unwrap(), 1);
    assert_eq!(query(views), before);
}
