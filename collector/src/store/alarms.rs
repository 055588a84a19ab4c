//! Rows of the watch's tables as JSON, and the statements of its lease.
//!
//! These tables have few rows, so they travel as JSON, each by its columns' names: what is asked and written stands with those who mean it (`crate::alarms`).

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{INSERT_SETTINGS, QueryLimits, SEND_TIME_MAX, STATEMENT_TIME_MAX, Store, StoreError, within};

/// Longest wait for what is about the lease: it is of use for a moment only.
const LEASE_TIME_MAX: Duration = Duration::from_secs(10);

/// Claims that hold, by ClickHouse's time: each with its begin.
const HOLDING: &str = "SELECT claim AS name, min(claimed_at) AS since FROM watch_claims GROUP BY name \
     HAVING max(until) > now64(3) AND min(until > claimed_at)";

impl Store {
    /// The answer to a question as rows; see [`Self::query_bytes`].
    pub async fn ask_rows<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: &[(&str, String)],
        limits: QueryLimits,
    ) -> Result<Vec<T>, StoreError> {
        let answer = self.query_bytes(sql, parameters, "JSONEachRow", limits).await?;
        let rows = serde_json::Deserializer::from_slice(&answer).into_iter::<T>();
        rows.collect::<Result<_, _>>().map_err(|error| StoreError::not_understood(&error))
    }

    /// Inserts rows that serialise as objects, by the names of the table's columns.
    pub async fn insert_json<T: Serialize>(&self, table: &str, rows: &[T]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut text, row).map_err(|error| StoreError::not_understood(&error))?;
            text.push(b'\n');
        }
        let mut insert = self
            .client
            .insert_formatted_with(format!("INSERT INTO `{table}` FORMAT JSONEachRow"))
            .with_timeouts(Some(SEND_TIME_MAX), Some(STATEMENT_TIME_MAX));
        for (setting, value) in INSERT_SETTINGS {
            insert = insert.with_setting(setting, value);
        }
        insert.send(text.into()).await?;
        Ok(insert.end().await?)
    }

    /// The claim that wins, the earliest of those that hold; empty where none does.
    pub async fn winning_claim(&self) -> Result<String, StoreError> {
        let sql =
            format!("SELECT ifNull(any(name), '') FROM (SELECT name FROM ({HOLDING}) ORDER BY since, name LIMIT 1)");
        within(LEASE_TIME_MAX, self.client.query_raw(&sql).fetch_one::<String>()).await
    }

    /// Makes a claim that holds for so long. Names are letters, digits and hyphens.
    pub async fn claim(&self, claim: &str, holder: &str, held: Duration) -> Result<(), StoreError> {
        let ms = held.as_millis();
        self.lease(&format!(
            "INSERT INTO watch_claims (claim, holder, claimed_at, until) SELECT '{claim}', '{holder}', now64(3) AS now, now + toIntervalMillisecond({ms})"
        ))
        .await
    }

    /// Lets a claim hold for so long from now on, if it still holds: one that does not hold any more must not come to life again. `judged_s`: when its holder has judged last, Unix
    /// seconds; 0 when it has not.
    pub async fn renew_claim(
        &self,
        claim: &str,
        holder: &str,
        held: Duration,
        judged_s: u64,
    ) -> Result<(), StoreError> {
        let ms = held.as_millis();
        self.lease(&format!(
            "INSERT INTO watch_claims (claim, holder, claimed_at, until, judged_at)
             SELECT name, '{holder}', since, now64(3) + toIntervalMillisecond({ms}), toDateTime64({judged_s}, 3) FROM ({HOLDING}) WHERE name = '{claim}'"
        ))
        .await
    }

    /// Ends a claim.
    pub async fn release_claim(&self, claim: &str, holder: &str) -> Result<(), StoreError> {
        self.lease(&format!(
            "INSERT INTO watch_claims (claim, holder, claimed_at, until) SELECT name, '{holder}', since, since FROM ({HOLDING}) WHERE name = '{claim}'"
        ))
        .await
    }

    async fn lease(&self, sql: &str) -> Result<(), StoreError> {
        let mut statement = self.client.query_raw(sql);
        for (setting, value) in INSERT_SETTINGS {
            statement = statement.with_setting(setting, value);
        }
        within(LEASE_TIME_MAX, statement.execute()).await
    }
}
