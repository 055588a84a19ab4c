//! Questions: read-only, limited in time and size, answered as bytes in any of ClickHouse's formats.

use std::time::Duration;

use super::{Store, StoreError, within};

/// How long an answer may take beyond its execution: to be sent, and for a ClickHouse that does not hold its own limit.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// What a question may cost. ClickHouse holds the memory and the time, and we the time should it not; we hold the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Longest execution, in seconds.
    pub time_s: u32,
    /// Largest answer.
    pub result_bytes_max: usize,
    /// Most memory in ClickHouse; beyond it the question fails with code 241.
    pub memory_bytes_max: u64,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self { time_s: 30, result_bytes_max: 16 << 20, memory_bytes_max: 4 << 30 }
    }
}

impl Store {
    /// Asks `sql` in read-only mode, with `parameters` for its `{name:Type}` places, and returns the whole answer in `format`
    /// (`JSONEachRow`, `JSONCompact`, `CSVWithNames`, ...). 64-bit integers are JSON numbers; dates follow ISO 8601.
    pub async fn query_bytes(
        &self,
        sql: &str,
        parameters: &[(&str, String)],
        format: &str,
        limits: QueryLimits,
    ) -> Result<Vec<u8>, StoreError> {
        let mut query = self
            .client
            .query_raw(sql)
            .with_setting("readonly", "1")
            .with_setting("max_execution_time", limits.time_s.to_string())
            .with_setting("max_memory_usage", limits.memory_bytes_max.to_string())
            .with_setting("output_format_json_quote_64bit_integers", "0")
            .with_setting("date_time_output_format", "iso");
        for (name, value) in parameters {
            query = query.param(name, value);
        }
        let mut cursor = query.fetch_bytes(format)?;
        let whole = async {
            let mut answer = Vec::new();
            while let Some(chunk) = cursor.next().await? {
                answer.extend_from_slice(&chunk);
                if answer.len() > limits.result_bytes_max {
                    return Ok(None);
                }
            }
            Ok(Some(answer))
        };
        let time_max = Duration::from_secs(u64::from(limits.time_s)) + ANSWER_TIME_MAX;
        within(time_max, whole).await?.ok_or_else(|| StoreError::too_large(limits.result_bytes_max))
    }
}
