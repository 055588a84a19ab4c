//! What deletes a session or a site: which tables have rows of it, how many, and a deletion that rewrites the parts.
//!
//! Slowtax's tables are those that its migrations create; of these, whichever have the column. A table that is not Slowtax's is told and left alone.

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;

use super::lineage::{REPLACING, SegmentRows};
use super::migrate::MIGRATIONS;
use super::rows::table_columns;
use super::{STATEMENT_TIME_MAX, Store, StoreError, within};

/// Longest wait for a table's parts to be rewritten; ClickHouse goes on with it when we do not.
const DELETE_TIME_MAX: Duration = Duration::from_hours(1);

/// Whose rows are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A session's, by `session_id`.
    Session(u64),
    /// A site's, by its key: letters, digits, `-` and `_`.
    Site(String),
}

impl Whose {
    fn column(&self) -> &'static str {
        match self {
            Self::Session(_) => "session_id",
            Self::Site(_) => "site",
        }
    }

    /// The condition on a row.
    fn condition(&self) -> String {
        match self {
            Self::Session(id) => format!("session_id = {id}"),
            Self::Site(key) => format!("site = '{}'", key.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    }
}

/// A table that may have rows of a session or a site.
#[derive(Clone, Debug, PartialEq, Eq, Row, Deserialize)]
pub struct Holder {
    /// Its name.
    pub name: String,
    /// Its engine with its arguments.
    engine_full: String,
}

/// The tables that have the column that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// Slowtax's.
    pub ours: Vec<Holder>,
    /// Names of others.
    pub others: Vec<String>,
    /// For tables of a cluster: the statements that delete there, which have to be run by hand.
    pub on_cluster: Vec<String>,
}

/// The names of the tables that the migrations create.
pub fn own_tables() -> Vec<&'static str> {
    let statements = MIGRATIONS.iter().flat_map(|migration| migration.sql.lines());
    statements.filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split([' ', '(']).next()).collect()
}

impl Holders {
    fn sort(found: Vec<Holder>, database: &str, whose: &Whose) -> Self {
        let own = own_tables();
        let is_own = |name: &str| own.contains(&name);
        let mut holders = Self::default();
        for holder in found {
            let Holder { name, engine_full } = &holder;
            if name.strip_suffix("_local").is_some_and(is_own) {
                // Told with the Distributed table over it.
            } else if !is_own(name) {
                holders.others.push(name.clone());
            } else if let Some(arguments) = engine_full.strip_prefix("Distributed(") {
                let cluster = arguments.split(',').next().unwrap_or_default().trim();
                let condition = whose.condition();
                holders.on_cluster.push(format!(
                    "ALTER TABLE `{database}`.`{name}_local` ON CLUSTER {cluster} DELETE WHERE {condition} SETTINGS mutations_sync = 2;"
                ));
            } else {
                holders.ours.push(holder);
            }
        }
        holders
    }
}

impl Store {
    /// The tables that have rows of such.
    pub async fn holders(&self, whose: &Whose) -> Result<Holders, StoreError> {
        let sql = format!(
            "SELECT name, engine_full FROM system.tables \
             WHERE database = currentDatabase() AND (engine LIKE '%MergeTree' OR engine = 'Distributed') \
                 AND name IN (SELECT table FROM system.columns WHERE database = currentDatabase() AND name = '{}') \
             ORDER BY name",
            whose.column()
        );
        let found = within(STATEMENT_TIME_MAX, self.client.query_raw(&sql).fetch_all::<Holder>()).await?;
        Ok(Holders::sort(found, &self.database, whose))
    }

    /// How many rows a table has of such; of page views every snapshot that is still there.
    pub async fn rows_of(&self, holder: &Holder, whose: &Whose) -> Result<u64, StoreError> {
        let sql = format!("SELECT count() FROM `{}` WHERE {}", holder.name, whose.condition());
        within(STATEMENT_TIME_MAX, self.client.query_raw(&sql).fetch_one::<u64>()).await
    }

    /// How many rows of such a table has by segment, of the segments whose names begin with `prefix`. Nothing of tables whose rows name none, and of
    /// `page_views`, whose rows are counted as they come.
    pub async fn segments_of(
        &self,
        holder: &Holder,
        whose: &Whose,
        prefix: &str,
    ) -> Result<Vec<SegmentRows>, StoreError> {
        let name = &holder.name;
        let tells_segments = table_columns().iter().any(|table| table.table == *name);
        if !tells_segments || name == REPLACING {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT toString(segment) AS segment, '{name}' AS table, count() AS rows FROM `{name}` \
             WHERE {} AND startsWith(segment, '{prefix}') GROUP BY segment",
            whose.condition()
        );
        within(STATEMENT_TIME_MAX, self.client.query_raw(&sql).fetch_all::<SegmentRows>()).await
    }

    /// Deletes them: when this returns, no part that is in use has them. Parts without such rows stay as they are.
    pub async fn delete_rows_of(&self, holder: &Holder, whose: &Whose) -> Result<(), StoreError> {
        let sql = format!("ALTER TABLE `{}` DELETE WHERE {}", holder.name, whose.condition());
        let alter = self.client.query_raw(&sql).with_setting("mutations_sync", "2");
        within(DELETE_TIME_MAX, alter.execute()).await
    }

    /// How many seconds a part stays on disk after another one has taken its place (`old_parts_lifetime`).
    pub async fn old_parts_lifetime_s(&self) -> Result<u64, StoreError> {
        let sql = "SELECT toUInt64(value) FROM system.merge_tree_settings WHERE name = 'old_parts_lifetime'";
        within(STATEMENT_TIME_MAX, self.client.query_raw(sql).fetch_one::<u64>()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_that_the_migrations_create() {
        let own = own_tables();
        for table in [
            "page_views",
            "resource_timings",
            "goals",
            "page_errors",
            "browser_reports",
            "loss_cube",
            "goals_daily",
            "beat_5m",
            "ingested",
        ] {
            assert!(own.contains(&table), "{table} is not in {own:?}");
        }
        let created = MIGRATIONS.iter().filter(|migration| migration.sql.contains("CREATE TABLE")).count();
        assert_eq!(own.len(), created, "{own:?}");
    }

    #[test]
    fn tables_of_others_are_left_alone_and_those_of_a_cluster_are_for_somebody_to_run() {
        let holder =
            |name: &str, engine_full: &str| Holder { name: name.to_owned(), engine_full: engine_full.to_owned() };
        let found = vec![
            holder("beat_5m", "AggregatingMergeTree ORDER BY site"),
            holder("goals", "Distributed('mine', 'slowtax', 'goals_local', cityHash64(session_id))"),
            holder("goals_local", "ReplicatedMergeTree ORDER BY site"),
            holder("mine_local", "MergeTree ORDER BY site"),
        ];
        let holders = Holders::sort(found, "slowtax", &Whose::Site("shop".to_owned()));
        assert_eq!(holders.ours, [holder("beat_5m", "AggregatingMergeTree ORDER BY site")]);
        assert_eq!(holders.others, ["mine_local"]);
        let run = "ALTER TABLE `slowtax`.`goals_local` ON CLUSTER 'mine' DELETE WHERE site = 'shop' SETTINGS mutations_sync = 2;";
        assert_eq!(holders.on_cluster, [run]);
    }

    #[test]
    fn a_condition_names_one_session_or_one_site() {
        assert_eq!(Whose::Session(u64::MAX).condition(), "session_id = 18446744073709551615");
        assert_eq!(Whose::Site("a-b_1".to_owned()).condition(), "site = 'a-b_1'");
        assert_eq!(Whose::Site("a' OR 1 --\\".to_owned()).condition(), "site = 'a\\' OR 1 --\\\\'");
    }
}
