//! What ClickHouse has of each segment of a spool.

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;

use super::rows::table_columns;
use super::{Store, StoreError};

/// Longest execution of the question, in seconds: it reads one column of every raw table.
const TIME_S_MAX: u64 = 600;
/// The table whose rows replace each other; those of a segment are counted as they come.
pub(super) const REPLACING: &str = "page_views";

/// How many rows of a table a segment has brought.
#[derive(Clone, Debug, PartialEq, Eq, Row, Deserialize)]
pub struct SegmentRows {
    /// The segment's name.
    pub segment: String,
    /// The raw table's.
    pub table: String,
    /// Those that are there; of `page_views` those that ever came.
    pub rows: u64,
}

impl Store {
    /// Calls `each` for every segment whose name begins with `prefix` (letters, digits and hyphens) and every raw table that has rows of it.
    pub async fn rows_by_segment(&self, prefix: &str, mut each: impl FnMut(SegmentRows)) -> Result<(), StoreError> {
        let mut parts = vec![format!(
            "SELECT segment, '{REPLACING}' AS table, sum(rows) AS rows FROM ingested WHERE startsWith(segment, ?) GROUP BY segment"
        )];
        let tables: Vec<String> =
            table_columns().into_iter().map(|table| table.table).filter(|table| table != REPLACING).collect();
        for table in &tables {
            parts.push(format!(
                "SELECT toString(segment) AS segment, '{table}' AS table, count() AS rows FROM {table} WHERE startsWith(segment, ?) GROUP BY segment"
            ));
        }
        let mut query = self
            .client
            .query(&parts.join(" UNION ALL "))
            .with_setting("readonly", "1")
            .with_setting("max_execution_time", TIME_S_MAX.to_string());
        for _ in &parts {
            query = query.bind(prefix);
        }
        let mut cursor = query.fetch::<SegmentRows>()?;
        let all = async {
            while let Some(row) = cursor.next().await? {
                each(row);
            }
            Ok(())
        };
        super::within(Duration::from_secs(TIME_S_MAX) + Duration::from_secs(10), all).await
    }
}
