//! The experiments of the configuration, in the table `experiments`, where the views find them.
//!
//! A row is written only for what has changed: a new or different experiment, and one of a configured site that is no longer there (`active = 0`). What
//! others have written for sites that this configuration does not have is left alone. Of two collectors with different configurations the one that
//! started last decides.

use std::collections::BTreeMap;
use std::time::SystemTime;

use clickhouse::Row;
use serde::{Deserialize, Serialize};

use super::migrate::MigrateError;
use super::rows::UnixMs;
use super::{INSERT_SETTINGS, STATEMENT_TIME_MAX, Store, within};
use crate::config::{ExperimentConfig, SiteConfig};

/// A row of `experiments`, but for the time at which it is written.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
struct ExperimentRow {
    site: String,
    name: String,
    page_group: String,
    faster_arm: String,
    slower_arm: String,
    active: bool,
    updated_at: UnixMs,
}

impl ExperimentRow {
    fn new(site: &str, experiment: &ExperimentConfig, updated_at: UnixMs) -> Self {
        let ExperimentConfig { name, page_group, faster_arm, slower_arm } = experiment.clone();
        Self { site: site.to_owned(), name, page_group, faster_arm, slower_arm, active: true, updated_at }
    }

    fn is_same_as(&self, other: &Self) -> bool {
        Self { updated_at: other.updated_at, ..self.clone() } == *other
    }
}

/// Writes what of `sites` differs from the table, and returns how many rows that were.
pub async fn apply_experiments(store: &Store, sites: &BTreeMap<String, SiteConfig>) -> Result<usize, MigrateError> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let failed = |error| MigrateError::Store { step: "experiments".to_owned(), error };
    let sql = "SELECT site, name, page_group, faster_arm, slower_arm, active, updated_at \
         FROM experiments FINAL WHERE active ORDER BY site, name";
    let present = store.client.query_raw(sql).fetch_all::<ExperimentRow>();
    let present = within(STATEMENT_TIME_MAX, present).await.map_err(failed)?;
    let rows = changes(&present, sites, now);
    if rows.is_empty() {
        return Ok(0);
    }
    let write = async {
        let mut insert = store.client.insert::<ExperimentRow>("experiments").await?;
        for (setting, value) in INSERT_SETTINGS {
            insert = insert.with_setting(setting, value);
        }
        for row in &rows {
            insert.write(row).await?;
        }
        insert.end().await
    };
    within(STATEMENT_TIME_MAX, write).await.map_err(failed)?;
    tracing::info!(rows = rows.len(), "experiments of the configuration are written");
    Ok(rows.len())
}

/// What is to be written so that the table says of `sites` what they say.
fn changes(present: &[ExperimentRow], sites: &BTreeMap<String, SiteConfig>, now: UnixMs) -> Vec<ExperimentRow> {
    let wanted: Vec<ExperimentRow> = sites
        .iter()
        .flat_map(|(key, site)| site.experiments.iter().map(|experiment| ExperimentRow::new(key, experiment, now)))
        .collect();
    let is_wanted =
        |row: &ExperimentRow| wanted.iter().any(|wanted| (&wanted.site, &wanted.name) == (&row.site, &row.name));
    let gone = present.iter().filter(|row| sites.contains_key(&row.site) && !is_wanted(row)).map(|row| ExperimentRow {
        active: false,
        updated_at: now,
        ..row.clone()
    });
    let new = wanted.iter().filter(|wanted| !present.iter().any(|row| row.is_same_as(wanted))).cloned();
    gone.chain(new).collect()
}
