//! The schema: numbered migrations, applied once each and in order, then the views, replaced at every start.
//!
//! **Constraints.** What was applied must not change: its SHA-256 is kept in `schema_migrations` and compared at every start. A database
//! that a newer program has migrated is refused. A migration is one statement.
//!
//! **Two at once.** ClickHouse has no transaction over DDL. Before each migration the table of applied ones is read again; a `CREATE` that
//! fails because the object exists (code 57) counts as applied by the other one, when the other one then also says so within a few
//! seconds. Both may record the same migration: the table keeps one row per version.
//!
//! **A crash** between a statement and its record leaves an object without a record. The next start finds it existing, waits as above, and
//! then takes it as applied by a start that died, since migrations only create what no one else does. A statement that changes an object
//! is one that may run twice: `ADD COLUMN IF NOT EXISTS`, or one that says the whole outcome (`MODIFY QUERY`, `COMMENT COLUMN`).
//!
//! **Views** have no number. The check for a newer program's migrations comes before each of them, so an older program leaves a newer one's views alone;
//! of two with the same migrations the one that started last decides. On a server they run with the rights of who made them (`SQL SECURITY DEFINER`),
//! so that whoever only reads needs no right on tables (`sql/readonly.sql`). Not in the embedded engine, which has one user, and not over a cluster's
//! Distributed tables, which ClickHouse asks with the reader's rights all the same (its issue 72133).

use std::collections::HashSet;
use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{STATEMENT_TIME_MAX, Store, StoreError, view_names, within};
use crate::config::ClickHouseMode;

/// One numbered step.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number, from 1 without gaps.
    pub version: u32,
    /// Its name: the file's, without number.
    pub name: &'static str,
    /// SHA-256 of the file, hexadecimal.
    pub checksum: &'static str,
    /// One statement. `{{database}}` stands for the database's name.
    pub sql: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/sql.rs"));

/// Where the database's name goes.
const DATABASE: &str = "{{database}}";
/// The table of applied migrations.
pub(super) const SCHEMA_MIGRATIONS: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
     (version UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')) \
     ENGINE = ReplacingMergeTree ORDER BY version \
     COMMENT 'Migrations applied to this database, with the SHA-256 of their files'";
/// How a view begins that is refreshed by the clock.
const REPLACE_MATERIALIZED_VIEW: &str = "CREATE OR REPLACE MATERIALIZED VIEW ";
/// How often a view is tried, and a fifth of the longest pause in between.
const VIEW_ATTEMPTS: u32 = 15;
const VIEW_PAUSE_STEP: Duration = Duration::from_millis(60);
/// ClickHouse's code for a table that exists already.
const TABLE_ALREADY_EXISTS: u32 = 57;
/// How often, and how far apart, another one's record is looked for.
const RECORD_LOOKS: u32 = 10;
const RECORD_PAUSE: Duration = Duration::from_millis(300);

/// Why the schema is not as this program needs it.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// ClickHouse failed.
    #[error("the schema cannot be brought up to date ({step}): {error}")]
    Store {
        /// What was being done.
        step: String,
        /// What it said.
        error: StoreError,
    },
    /// An applied migration is not the one that this program has.
    #[error(
        "migration {version}_{name} was changed after it had been applied to this database: applied {applied}, here {here}. \
         Migrations are never edited; use the program that fits this database"
    )]
    Changed {
        /// The migration's number.
        version: u32,
        /// Its name.
        name: String,
        /// The checksum in the database.
        applied: String,
        /// The checksum here.
        here: String,
    },
    /// The database was migrated by a newer program.
    #[error(
        "this database has migration {version}_{name}, which this program does not know: it was migrated by a newer slowtax"
    )]
    Newer {
        /// The migration's number.
        version: u32,
        /// Its name.
        name: String,
    },
}

impl MigrateError {
    /// Trying again later may help; otherwise somebody has to act.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store { .. })
    }
}

#[derive(Debug, Row, Deserialize)]
struct Applied {
    version: u32,
    name: String,
    checksum: String,
}

/// Makes the database if it is missing, applies what is missing, and replaces the views that are not as they should be. Returns how many migrations were applied.
pub async fn migrate(store: &Store) -> Result<usize, MigrateError> {
    apply(store, MIGRATIONS, VIEWS).await
}

async fn apply(store: &Store, migrations: &[Migration], views: &[(&str, &str)]) -> Result<usize, MigrateError> {
    create_database(store).await?;
    let mut count = 0;
    for migration in migrations {
        if check(&applied(store).await?, migrations)?.contains(&migration.version) {
            continue;
        }
        apply_one(store, migration).await?;
        count += 1;
    }
    check(&applied(store).await?, migrations)?;
    let with_definer = store.mode == ClickHouseMode::Server && !is_cluster(store).await?;
    let there = view_comments(store).await?;
    for (name, sql) in views {
        let sql = statement(sql, store.database());
        let sql = if with_definer { defined(&sql) } else { sql };
        let comment = view_comment(&sql, migrations);
        if there.contains(&comment) {
            continue;
        }
        check(&applied(store).await?, migrations)?;
        let sql = format!("{sql}\nCOMMENT '{comment}'");
        apply_view(store, &sql).await.map_err(failed(format!("view {name}")))?;
    }
    store.forget_schema().await;
    Ok(count)
}

/// The comments of the views that are there.
async fn view_comments(store: &Store) -> Result<HashSet<String>, MigrateError> {
    let sql = "SELECT comment FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%View'";
    let found = within(STATEMENT_TIME_MAX, store.client.query_raw(sql).fetch_all::<String>()).await;
    Ok(found.map_err(failed("views"))?.into_iter().collect())
}

/// What a view says of itself in ClickHouse: its name, and a digest of its statement and of the last migration. A view whose comment is this one is as it should be,
/// and a start need not take the two seconds that all of them take. After a migration each is made anew, since it may tell the columns of a table.
fn view_comment(sql: &str, migrations: &[Migration]) -> String {
    let mut digest = Sha256::new_with_prefix(sql);
    digest.update(migrations.last().map_or("", |migration| migration.checksum));
    let digest = digest.finalize().first_chunk().map_or(0, |start| u64::from_be_bytes(*start));
    let head = sql.lines().find_map(|line| line.strip_prefix("CREATE OR REPLACE "));
    let name = head.and_then(|head| head.split_once("VIEW ")?.1.split_whitespace().next()).unwrap_or_default();
    format!("{name} of slowtax, see sql/README.md [{digest:016x}]")
}

/// Replaces a view. What ClickHouse refuses is tried again: two that replace the same view at once are in each other's way.
async fn apply_view(store: &Store, sql: &str) -> Result<(), StoreError> {
    let mut left = VIEW_ATTEMPTS;
    loop {
        left -= 1;
        let done = async {
            for statement in replacing(sql) {
                store.execute(&statement).await?;
            }
            Ok(())
        };
        match done.await {
            Err(StoreError { code: Some(_), .. }) if left > 0 => {
                tokio::time::sleep(VIEW_PAUSE_STEP * rand::random_range(1..=5)).await;
            }
            done => return done,
        }
    }
}

/// The statements that replace a view. One that is refreshed is dropped and made: replaced in one step, it is made beside itself under another name, and a
/// table may be the target of one such view only. A crash in between leaves none, and the next start makes it.
fn replacing(sql: &str) -> Vec<String> {
    let Some((before, rest)) = sql.split_once(REPLACE_MATERIALIZED_VIEW) else { return vec![sql.to_owned()] };
    let name = rest.split_whitespace().next().unwrap_or_default();
    vec![format!("DROP VIEW IF EXISTS {name}"), format!("{before}CREATE MATERIALIZED VIEW IF NOT EXISTS {rest}")]
}

fn failed(step: impl Into<String>) -> impl FnOnce(StoreError) -> MigrateError {
    move |error| MigrateError::Store { step: step.into(), error }
}

async fn create_database(store: &Store) -> Result<(), MigrateError> {
    let database = store.database();
    // Not in the database that is yet to be made.
    let outside = Store { client: store.client.clone().with_database("default"), ..store.clone() };
    outside.execute(&format!("CREATE DATABASE IF NOT EXISTS `{database}`")).await.map_err(failed("database"))?;
    store.execute(SCHEMA_MIGRATIONS).await.map_err(failed("schema_migrations"))
}

async fn applied(store: &Store) -> Result<Vec<Applied>, MigrateError> {
    let sql = "SELECT version, name, checksum FROM schema_migrations ORDER BY version, applied_at";
    let rows = within(STATEMENT_TIME_MAX, store.client.query_raw(sql).fetch_all::<Applied>()).await;
    rows.map_err(failed("schema_migrations"))
}

/// The versions that are applied, when they are ones that `migrations` has, unchanged.
fn check(applied: &[Applied], migrations: &[Migration]) -> Result<Vec<u32>, MigrateError> {
    for Applied { version, name, checksum } in applied {
        let (version, name) = (*version, name.clone());
        match migrations.iter().find(|migration| migration.version == version) {
            None => return Err(MigrateError::Newer { version, name }),
            Some(here) if here.checksum != checksum => {
                return Err(MigrateError::Changed {
                    version,
                    name,
                    applied: checksum.clone(),
                    here: here.checksum.to_owned(),
                });
            }
            Some(_) => {}
        }
    }
    Ok(applied.iter().map(|applied| applied.version).collect())
}

async fn apply_one(store: &Store, migration: &Migration) -> Result<(), MigrateError> {
    let Migration { version, name, sql, .. } = migration;
    let step = format!("migration {version}_{name}");
    match view_names::execute(store, &statement(sql, store.database())).await {
        Ok(()) => {}
        Err(error) if error.code == Some(TABLE_ALREADY_EXISTS) => {
            if recorded_by_another(store, *version).await? {
                return Ok(());
            }
            tracing::warn!(migration = %step, "a migration's object exists without its record: an earlier start died there; recording it now");
        }
        Err(error) => return Err(failed(step)(error)),
    }
    store.execute(&record("schema_migrations", migration)).await.map_err(failed(step))?;
    tracing::info!(version, name, "applied a migration");
    Ok(())
}

/// Whether somebody else records the migration soon.
async fn recorded_by_another(store: &Store, version: u32) -> Result<bool, MigrateError> {
    for _ in 0..RECORD_LOOKS {
        if applied(store).await?.iter().any(|applied| applied.version == version) {
            return Ok(true);
        }
        tokio::time::sleep(RECORD_PAUSE).await;
    }
    Ok(false)
}

/// The statement that records a migration as applied.
pub(super) fn record(table: &str, migration: &Migration) -> String {
    let Migration { version, name, checksum, .. } = migration;
    format!("INSERT INTO {table} (version, name, checksum) VALUES ({version}, '{name}', '{checksum}')")
}

/// The statement to send: the database's name put in, no semicolon at the end.
pub(super) fn statement(sql: &str, database: &str) -> String {
    sql.replace(DATABASE, &format!("`{database}`")).trim_end().trim_end_matches(';').to_owned()
}

/// Whether the tables are a cluster's, as `slowtax cluster-schema` makes them.
async fn is_cluster(store: &Store) -> Result<bool, MigrateError> {
    let sql = "SELECT toUInt8(count() > 0) FROM system.tables \
               WHERE database = currentDatabase() AND name = 'page_views' AND engine = 'Distributed'";
    let found = within(STATEMENT_TIME_MAX, store.client.query_raw(sql).fetch_one::<u8>()).await;
    Ok(found.map_err(failed("views"))? == 1)
}

/// A view's statement, such that it runs with the rights of who makes it. Materialized ones do so by themselves.
fn defined(sql: &str) -> String {
    let is_head = |line: &str| line.starts_with("CREATE OR REPLACE VIEW ") && line.ends_with(" AS");
    let lines = sql.split('\n').map(|line| match line.strip_suffix(" AS") {
        Some(head) if is_head(line) => format!("{head} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refreshed_view_is_dropped_and_made_and_any_other_replaced() {
        let refreshed = "-- Why.\nCREATE OR REPLACE MATERIALIZED VIEW v REFRESH EVERY 1 HOUR TO t AS SELECT 1";
        assert_eq!(
            replacing(refreshed),
            [
                "DROP VIEW IF EXISTS v",
                "-- Why.\nCREATE MATERIALIZED VIEW IF NOT EXISTS v REFRESH EVERY 1 HOUR TO t AS SELECT 1"
            ]
        );
        assert_eq!(replacing("CREATE OR REPLACE VIEW v AS SELECT 1"), ["CREATE OR REPLACE VIEW v AS SELECT 1"]);
    }

    #[test]
    fn every_view_can_run_with_the_rights_of_who_makes_it() {
        for (name, sql) in VIEWS {
            let object = name.split_once('_').unwrap().1;
            let made = defined(sql);
            if sql.contains("CREATE OR REPLACE MATERIALIZED VIEW ") {
                assert_eq!(made, *sql);
                continue;
            }
            let head = format!("CREATE OR REPLACE VIEW {object} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS\n");
            assert!(made.starts_with(&head) || made.contains(&format!("\n{head}")), "{made}");
            assert_eq!(made.matches("DEFINER AS").count(), 1, "{made}");
        }
    }

    #[test]
    fn a_views_comment_tells_its_statement_and_the_last_migration() {
        let last = |checksum| [Migration { version: 1, name: "x", checksum, sql: "" }];
        let comment = view_comment("-- Why a VIEW.\nCREATE OR REPLACE VIEW v AS SELECT 1", &last("aa"));
        assert!(comment.starts_with("v of slowtax"), "{comment}");
        assert_eq!(comment, view_comment("-- Why a VIEW.\nCREATE OR REPLACE VIEW v AS SELECT 1", &last("aa")));
        assert_ne!(comment, view_comment("-- Why a VIEW.\nCREATE OR REPLACE VIEW v AS SELECT 2", &last("aa")));
        assert_ne!(comment, view_comment("-- Why a VIEW.\nCREATE OR REPLACE VIEW v AS SELECT 1", &last("bb")));
        let comments: HashSet<String> = VIEWS.iter().map(|(_, sql)| view_comment(sql, MIGRATIONS)).collect();
        assert_eq!(comments.len(), VIEWS.len());
        assert!(comments.iter().all(|comment| !comment.contains(['\'', '\\'])), "{comments:?}");
    }

    fn applied(version: u32, checksum: &str) -> Applied {
        Applied { version, name: "x".to_owned(), checksum: checksum.to_owned() }
    }

    #[test]
    fn migrations_are_numbered_from_1_without_gaps() {
        assert!(!MIGRATIONS.is_empty());
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version as usize, index + 1, "{}", migration.name);
            assert_eq!(migration.checksum.len(), 64);
            assert!(!migration.name.contains('\''));
        }
    }

    #[test]
    fn a_changed_or_newer_migration_is_refused() {
        let here = [Migration { version: 1, name: "x", checksum: "aa", sql: "" }];
        assert_eq!(check(&[], &here).unwrap(), Vec::<u32>::new());
        assert_eq!(check(&[applied(1, "aa")], &here).unwrap(), [1]);
        assert!(matches!(check(&[applied(1, "bb")], &here), Err(MigrateError::Changed { version: 1, .. })));
        assert!(matches!(
            check(&[applied(1, "aa"), applied(2, "cc")], &here),
            Err(MigrateError::Newer { version: 2, .. })
        ));
    }

    #[test]
    fn the_database_is_put_in_and_the_semicolon_left_out() {
        assert_eq!(statement("SELECT 1 FROM {{database}}.t;\n", "slowtax"), "SELECT 1 FROM `slowtax`.t");
    }
}
