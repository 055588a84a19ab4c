//! ClickHouse, over its HTTP interface: the only module that names its client.
//!
//! - [`rows`]: the raw tables' rows as types, checked against the server's schema at every insert and read;
//! - [`Store::insert_rows`], [`Store::insert_tables`]: batches, exactly once by their token;
//! - [`Store::query_bytes`]: read-only questions with limits, answered in any of ClickHouse's formats;
//! - [`migrate`]: the schema; [`cluster`]: the same for a cluster of servers, as text; [`retention`]: how long its rows are kept;
//! - [`forget`]: what deletes a session or a site; [`incidents`]: what people say of incidents, and silences; [`Store::ask_rows`], [`Store::insert_json`]: rows of the watch's tables, and its lease.

mod alarms;
pub mod cluster;
mod error;
pub mod experiments;
pub mod forget;
pub mod incidents;
mod lineage;
pub mod migrate;
mod query;
pub mod retention;
pub mod rowbinary;
pub mod rows;
mod view_names;

use std::sync::Arc;
use std::time::Duration;

use clickhouse::Client;

use crate::config::{ClickHouseConfig, ClickHouseMode};
pub use error::{ErrorClass, StoreError};
pub use lineage::SegmentRows;
pub use query::{QueryLimits, settings};
use rows::{Batch, RawRow, Tables, batches, table_columns};

/// The setting that names a batch.
const TOKEN: &str = "insert_deduplication_token";
/// The setting from which ClickHouse fills the column `segment` (sql/migrations/0021).
const SEGMENT: &str = "log_comment";
/// Of every INSERT: a token holds in the rollups too, and the answer comes when all is stored.
const INSERT_SETTINGS: [(&str, &str); 3] =
    [("deduplicate_blocks_in_dependent_materialized_views", "1"), ("async_insert", "0"), ("wait_end_of_query", "1")];
/// Longest wait for the socket to take a piece of a batch.
const SEND_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest wait for ClickHouse to have stored a batch, rollups included.
const STORE_TIME_MAX: Duration = Duration::from_mins(3);
/// Longest wait for an answer to [`Store::ping`].
const PING_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest wait for any other statement.
const STATEMENT_TIME_MAX: Duration = Duration::from_mins(5);

/// One ClickHouse and one database in it. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Store {
    client: Client,
    database: Arc<str>,
    mode: ClickHouseMode,
}

impl Store {
    /// Speaks to no one yet.
    pub fn new(config: &ClickHouseConfig) -> Self {
        let client = Client::default()
            .with_url(&config.url)
            .with_user(&config.user)
            .with_password(config.password.reveal())
            .with_database(&config.database)
            .with_product_info("slowtax", env!("CARGO_PKG_VERSION"));
        Self { client, database: config.database.as_str().into(), mode: config.mode }
    }

    /// The database's name: letters, digits and `_`.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Whether ClickHouse answers. Says nothing about the database.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let client = self.client.clone().with_database("default");
        within(PING_TIME_MAX, client.query_raw("SELECT 1").fetch_one::<u8>()).await?;
        Ok(())
    }

    /// Runs a statement that has no answer.
    pub async fn execute(&self, sql: &str) -> Result<(), StoreError> {
        within(STATEMENT_TIME_MAX, self.client.query_raw(sql).execute()).await
    }

    /// Inserts rows of one table by one INSERT. `token` names exactly these rows in this order: the same token again changes nothing,
    /// here and in the rollups, for as long as the tables' windows reach (10,000 batches).
    pub async fn insert_rows<T: RawRow>(&self, rows: &[T], token: &str) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        // The first time, this asks for the table's columns.
        let mut insert = within(STATEMENT_TIME_MAX, self.client.insert::<T>(T::TABLE))
            .await?
            .with_setting(TOKEN, token)
            .with_timeouts(Some(SEND_TIME_MAX), Some(STORE_TIME_MAX));
        for (setting, value) in INSERT_SETTINGS {
            insert = insert.with_setting(setting, value);
        }
        for row in rows {
            insert.write(row).await?;
        }
        Ok(insert.end().await?)
    }

    /// Inserts rows that are bytes already, by one INSERT; see [`Self::insert_rows`] for `token`, of which the rows' column `segment` gets what
    /// stands before its first slash.
    pub async fn insert_batch(&self, batch: &Batch, token: &str) -> Result<(), StoreError> {
        let columns: Vec<String> = batch.columns.iter().map(|column| format!("`{column}`")).collect();
        let sql = format!("INSERT INTO `{}` ({}) FORMAT RowBinary", batch.table, columns.join(", "));
        let mut insert = self
            .client
            .insert_formatted_with(sql)
            .with_setting(TOKEN, token)
            .with_setting(SEGMENT, token.split('/').next().unwrap_or_default())
            .with_timeouts(Some(SEND_TIME_MAX), Some(STORE_TIME_MAX));
        for (setting, value) in INSERT_SETTINGS {
            insert = insert.with_setting(setting, value);
        }
        insert.send(batch.bytes.clone()).await?;
        match insert.end().await.map_err(StoreError::from) {
            Err(error) if error.code == Some(error::DEDUPLICATED) => Ok(()),
            result => result,
        }
    }

    /// Inserts rows of all tables, one INSERT each, in a fixed order; the token of each is `token` and the table's name.
    pub async fn insert_tables(&self, tables: &Tables, token: &str) -> Result<(), StoreError> {
        let encoded = tables.encode().map_err(|error| StoreError::no_form(&error))?;
        for batch in batches(table_columns(), [&encoded.payload[..]]) {
            self.insert_batch(&batch, &table_token(token, &batch.table)).await?;
        }
        Ok(())
    }

    /// All rows of a raw table, in its order: for tests and checks, not for large tables.
    pub async fn read_rows<T: RawRow + clickhouse::RowRead>(&self, rows_max: u32) -> Result<Vec<T>, StoreError> {
        let sql = format!("SELECT ?fields FROM {} LIMIT {rows_max}", T::TABLE);
        Ok(self.client.query(&sql).fetch_all::<T>().await?)
    }

    /// Forgets what is known of the tables' columns: to be called after the schema may have changed.
    pub async fn forget_schema(&self) {
        self.client.clear_cached_metadata().await;
    }
}

/// What ClickHouse answers, unless it takes longer than `time_max`.
async fn within<T>(
    time_max: Duration,
    answer: impl Future<Output = clickhouse::error::Result<T>>,
) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(time_max, answer).await;
    Ok(answer.unwrap_or(Err(clickhouse::error::Error::TimedOut))?)
}

/// The token of one table's part of a batch.
pub fn table_token(batch: &str, table: &str) -> String {
    format!("{batch}/{table}")
}

#[cfg(test)]
mod tests;
