//! A materialized view whose query is changed, and what ClickHouse then takes it for.
//!
//! With `deduplicate_blocks_in_dependent_materialized_views` the token that a view's block has in the table that it feeds is a hash of the INSERT's
//! token and of the view's name. But after `ALTER TABLE view MODIFY QUERY` it is a hash of the view's UUID, until ClickHouse is started again (seen
//! in 26.7: both hashes were computed and found in the table's deduplication log). An INSERT that was not answered before that start and is
//! repeated after it is then no duplicate for the view: the rollup counts its rows twice. A view that is renamed has its name for the hash again,
//! so each such view is given another name and its own again at once.
//!
//! **A crash** in between leaves the other name; the migration has no record then, and begins with giving the name back.
//!
//! **Limit.** For the moment of the two renames an INSERT may find no view. The collector that migrates does not write yet; another one on the same
//! server should not write either while a migration changes a view's query.

use std::time::Duration;

use super::{Store, StoreError};

/// What the view's other name ends with.
const ASIDE: &str = "_aside";
/// How often it is tried, and a fifth of the longest pause in between.
const ATTEMPTS: u32 = 30;
const PAUSE_STEP: Duration = Duration::from_millis(40);

/// Runs a migration's statement, such that a view whose query it changes keeps its tokens over ClickHouse's next start.
///
/// Two that migrate at once may take the name from each other in the middle: each then gives it back and begins again.
pub(super) async fn execute(store: &Store, sql: &str) -> Result<(), StoreError> {
    let Some(view) = changed_view(sql) else { return store.execute(sql).await };
    let mut left = ATTEMPTS;
    loop {
        left -= 1;
        match change(store, sql, view).await {
            // Most often 60 or 57: a table that is not there, or already there.
            Err(error) if left > 0 && error.code.is_some() => {
                tokio::time::sleep(PAUSE_STEP * rand::random_range(1..=5)).await;
            }
            done => return done,
        }
    }
}

async fn change(store: &Store, sql: &str, view: &str) -> Result<(), StoreError> {
    let aside = format!("{view}{ASIDE}");
    let rename = async |from: &str, to: &str| store.execute(&format!("RENAME TABLE IF EXISTS {from} TO {to}")).await;
    rename(&aside, view).await?;
    store.execute(sql).await?;
    rename(view, &aside).await?;
    rename(&aside, view).await
}

/// The view whose query a statement changes, as it is written there.
fn changed_view(sql: &str) -> Option<&str> {
    let mut lines = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    let line = lines.find(|line| !line.trim().is_empty())?;
    match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["ALTER", "TABLE", view, "MODIFY", "QUERY", ..] => Some(view),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::migrate::MIGRATIONS;
    use super::*;

    #[test]
    fn views_whose_query_a_migration_changes_are_found() {
        let found: Vec<&str> = MIGRATIONS.iter().filter_map(|migration| changed_view(migration.sql)).collect();
        let changed = MIGRATIONS.iter().filter(|migration| {
            let statement: String = migration.sql.lines().filter(|line| !line.starts_with("--")).collect();
            statement.contains("MODIFY QUERY")
        });
        assert_eq!(found.len(), changed.count(), "MODIFY QUERY stands on the statement's first line");
        assert!(found.contains(&"beat_5m_from_page_errors"), "{found:?}");
    }

    #[test]
    fn other_statements_change_no_view() {
        for sql in [
            "",
            "-- ALTER TABLE v MODIFY QUERY",
            "ALTER TABLE t\n    ADD COLUMN c UInt8",
            "ALTER TABLE t MODIFY SETTING a = 1",
        ] {
            assert_eq!(changed_view(sql), None, "{sql:?}");
        }
        assert_eq!(changed_view("-- Why.\n\nALTER TABLE v MODIFY QUERY\nSELECT 1"), Some("v"));
    }
}
