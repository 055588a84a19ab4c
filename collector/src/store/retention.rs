//! How long rows are kept: the configuration's limits into the tables' TTL.
//!
//! A table is changed only where it says otherwise, and only where its TTL has the form that the migrations gave it: one that somebody has made by hand
//! (`TO VOLUME`, `WHERE`, none at all) is left to them. Of two collectors with different limits the one that started last decides.
//!
//! Parts remember until when their rows are kept, and are dropped whole (`ttl_only_drop_parts`), by what they remember: without a recalculation a longer
//! limit would still lose, and a shorter one would still keep, all that is there. So the change recalculates it (`materialize_ttl_after_modify`): in the
//! background, and of large parts only the column of time is read and written.

use clickhouse::Row;
use serde::Deserialize;

use super::migrate::MigrateError;
use super::{STATEMENT_TIME_MAX, Store, within};
use crate::config::RetentionConfig;

/// Which of the limits holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Raw,
    Beat,
    Cube,
}

/// The tables whose age is limited: the name, from what time on it counts, and the limit.
const TABLES: &[(&str, &str, Limit)] = &[
    ("page_views", "toDateTime(ts)", Limit::Raw),
    ("resource_timings", "toDateTime(ts)", Limit::Raw),
    ("goals", "toDateTime(ts)", Limit::Raw),
    ("page_errors", "toDateTime(ts)", Limit::Raw),
    ("browser_reports", "toDateTime(ts)", Limit::Raw),
    ("beat_5m", "slot", Limit::Beat),
    ("beat_pages_5m", "slot", Limit::Beat),
    ("loss_cube", "day", Limit::Cube),
    ("goals_daily", "day", Limit::Cube),
    ("variant_cube", "day", Limit::Cube),
    ("loss_placebos", "to_day", Limit::Cube),
    ("alarms", "opened_at", Limit::Cube),
    ("incidents", "started_at", Limit::Cube),
    ("incident_edits", "toDateTime(intDiv(version, 1000))", Limit::Cube),
    ("silences", "from_at", Limit::Cube),
    // Made of page views, and asked in their place.
    ("vitals_daily", "day", Limit::Raw),
];

impl Limit {
    /// How many, and of what, as in an INTERVAL.
    fn of(self, config: &RetentionConfig) -> (u32, &'static str) {
        match self {
            Self::Raw => (config.raw_days, "DAY"),
            Self::Beat => (config.beat_days, "DAY"),
            Self::Cube => (config.cube_months, "MONTH"),
        }
    }
}

#[derive(Debug, Row, Deserialize)]
struct Table {
    name: String,
    engine: String,
    engine_full: String,
}

/// What there is to be done about a table.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Changed to a TTL, from the present one.
    Modify { table: String, ttl: String, present: String },
    /// A cluster's, for which somebody has to run a statement.
    OnCluster { table: String, run: String },
    /// Its TTL is no one of ours.
    ByHand { table: String, present: String },
}

/// Brings the tables' TTL to what the configuration says. Returns how many were changed.
pub async fn apply_retention(store: &Store, config: &RetentionConfig) -> Result<usize, MigrateError> {
    let failed = |error| MigrateError::Store { step: "retention".to_owned(), error };
    let sql = "SELECT name, engine, engine_full FROM system.tables \
               WHERE database = currentDatabase() AND (engine LIKE '%MergeTree' OR engine = 'Distributed')";
    let tables = within(STATEMENT_TIME_MAX, store.client.query_raw(sql).fetch_all::<Table>()).await.map_err(failed)?;
    let mut changed = 0;
    for step in steps(&tables, config, store.database()) {
        match step {
            Step::Modify { table, ttl, present } => {
                let alter = store
                    .client
                    .query_raw(&format!("ALTER TABLE `{table}` MODIFY TTL {ttl}"))
                    .with_setting("materialize_ttl_after_modify", "1")
                    .with_setting("mutations_sync", "0");
                within(STATEMENT_TIME_MAX, alter.execute()).await.map_err(failed)?;
                tracing::info!(table, ttl, present, "a table's rows are kept for another time from now on");
                changed += 1;
            }
            Step::OnCluster { table, run } => {
                tracing::warn!(
                    table,
                    run,
                    "a cluster's table keeps its rows for another time than the configuration says; run this there"
                );
            }
            Step::ByHand { table, present } => {
                tracing::warn!(table, present, "a table's TTL was made by hand, and is left as it is");
            }
        }
    }
    Ok(changed)
}

/// What is to be done, in the order of [`TABLES`]. A table that is not there is one that a later migration makes.
fn steps(tables: &[Table], config: &RetentionConfig, database: &str) -> Vec<Step> {
    let find = |name: &str| tables.iter().find(|table| table.name == name);
    let mut steps = Vec::new();
    for (name, time, limit) in TABLES {
        let Some(table) = find(name) else { continue };
        let is_distributed = table.engine == "Distributed";
        let Some(kept) = (if is_distributed { find(&format!("{name}_local")) } else { Some(table) }) else { continue };
        let present = ttl_of(&kept.engine_full);
        let (count, unit) = limit.of(config);
        match is_kept(present, time, count, unit) {
            Some(true) => {}
            Some(false) => {
                let ttl = format!("{time} + INTERVAL {count} {unit}");
                steps.push(if is_distributed {
                    Step::OnCluster {
                        table: kept.name.clone(),
                        run: on_cluster(database, table, &format!("MODIFY TTL {ttl}")),
                    }
                } else {
                    Step::Modify { table: kept.name.clone(), ttl, present: present.to_owned() }
                });
            }
            None => steps.push(Step::ByHand { table: kept.name.clone(), present: present.to_owned() }),
        }
    }
    steps
}

/// Whether a TTL says so many of that unit; `None` where it does not have the form that the migrations gave it.
fn is_kept(present: &str, time: &str, count: u32, unit: &str) -> Option<bool> {
    let written = present.strip_prefix(time)?.strip_prefix(" + toInterval")?.strip_suffix(')')?;
    let (of, number) = written.split_once('(')?;
    let number: u32 = number.parse().ok()?;
    Some(of.eq_ignore_ascii_case(unit) && number == count)
}

/// The TTL in `system.tables.engine_full`; empty where there is none.
fn ttl_of(engine_full: &str) -> &str {
    let ttl = engine_full.split_once(" TTL ").map_or("", |(_, ttl)| ttl);
    ttl.split_once(" SETTINGS ").map_or(ttl, |(ttl, _)| ttl)
}

/// The statement that does something to the local tables of a Distributed one.
fn on_cluster(database: &str, table: &Table, what: &str) -> String {
    let arguments = table.engine_full.strip_prefix("Distributed(").unwrap_or_default();
    let cluster = arguments.split(',').next().unwrap_or_default().trim();
    format!("ALTER TABLE `{database}`.`{}_local` ON CLUSTER {cluster} {what}", table.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RetentionConfig = RetentionConfig { raw_days: 90, beat_days: 70, cube_months: 25 };

    fn table(name: &str, engine_full: &str) -> Table {
        let engine = engine_full.split([' ', '(']).next().unwrap_or_default().to_owned();
        Table { name: name.to_owned(), engine, engine_full: engine_full.to_owned() }
    }

    fn raw(name: &str, ttl: &str) -> Table {
        table(
            name,
            &format!("MergeTree PARTITION BY toYYYYMMDD(ts) ORDER BY (site, ts){ttl} SETTINGS ttl_only_drop_parts = 1"),
        )
    }

    fn steps_of(tables: &[Table], config: &RetentionConfig) -> Vec<Step> {
        steps(tables, config, "slowtax")
    }

    #[test]
    fn a_table_is_changed_only_where_it_differs() {
        let tables = [
            raw("goals", " TTL toDateTime(ts) + toIntervalDay(90)"),
            table("loss_cube", "AggregatingMergeTree ORDER BY day TTL day + toIntervalMonth(25)"),
            raw("other", " TTL ts + toIntervalDay(1)"),
        ];
        assert_eq!(steps_of(&tables, &LIMITS), []);
        let modify = |table: &str, ttl: &str, present: &str| Step::Modify {
            table: table.to_owned(),
            ttl: ttl.to_owned(),
            present: present.to_owned(),
        };
        let longer = RetentionConfig { raw_days: 91, cube_months: 26, ..LIMITS };
        let goals = modify("goals", "toDateTime(ts) + INTERVAL 91 DAY", "toDateTime(ts) + toIntervalDay(90)");
        assert_eq!(
            steps_of(&tables, &longer),
            [goals, modify("loss_cube", "day + INTERVAL 26 MONTH", "day + toIntervalMonth(25)")]
        );
        let months = raw("goals", " TTL toDateTime(ts) + toIntervalMonth(90)");
        let goals = modify("goals", "toDateTime(ts) + INTERVAL 90 DAY", "toDateTime(ts) + toIntervalMonth(90)");
        assert_eq!(steps_of(&[months], &LIMITS), [goals]);
    }

    #[test]
    fn a_ttl_of_another_form_is_left_alone() {
        for ttl in [
            "",
            "ts + toIntervalDay(90)",
            "toDateTime(ts) + toIntervalDay(90), toDateTime(ts) + toIntervalDay(9) TO VOLUME 'cold'",
            "toDateTime(ts) + toIntervalDay(30) TO VOLUME 'cold', toDateTime(ts) + toIntervalDay(90)",
            "toDateTime(ts) + toIntervalDay(90) WHERE is_bot",
            "(toDateTime(ts) + toIntervalDay(90)) + toIntervalHour(1)",
        ] {
            let clause = if ttl.is_empty() { String::new() } else { format!(" TTL {ttl}") };
            let by_hand = Step::ByHand { table: "goals".to_owned(), present: ttl.to_owned() };
            assert_eq!(steps_of(&[raw("goals", &clause)], &LIMITS), [by_hand]);
        }
    }

    #[test]
    fn of_a_cluster_the_local_tables_are_told_and_none_is_changed() {
        let distributed = table("goals", "Distributed('mine', 'slowtax', 'goals_local', cityHash64(session_id))");
        let local = raw("goals_local", " TTL toDateTime(ts) + toIntervalDay(90)");
        let tables = [distributed, local];
        assert_eq!(steps_of(&tables, &LIMITS), []);
        let run = "ALTER TABLE `slowtax`.`goals_local` ON CLUSTER 'mine' MODIFY TTL toDateTime(ts) + INTERVAL 9 DAY";
        let step = Step::OnCluster { table: "goals_local".to_owned(), run: run.to_owned() };
        assert_eq!(steps_of(&tables, &RetentionConfig { raw_days: 9, ..LIMITS }), [step]);
    }

    #[test]
    fn every_table_has_a_limit_but_those_with_few_rows_and_the_audit_s_and_what_is_of_use_for_days() {
        const WITHOUT: [&str; 5] = ["ingested", "experiments", "loss_replicates", "beat_1m", "watch_claims"];
        let named: Vec<&str> = TABLES.iter().map(|(name, ..)| *name).collect();
        for table in super::super::forget::own_tables() {
            assert_eq!(
                named.contains(&table),
                !WITHOUT.contains(&table),
                "{table} is in one list too many, or in none"
            );
        }
    }
}
