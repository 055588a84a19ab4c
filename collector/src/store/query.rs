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

/// Rewritings of a question that ClickHouse tries while it analyses it. None is of use in ours, which say what they mean, and of large ones they take a third of
/// the analysis, which takes as long as the computation.
const REWRITINGS: [&str; 15] = [
    "optimize_aggregators_of_group_by_keys",
    "optimize_arithmetic_operations_in_aggregate_functions",
    "optimize_functions_to_subcolumns",
    "optimize_group_by_function_keys",
    "optimize_injective_functions_in_group_by",
    "optimize_injective_functions_inside_uniq",
    "optimize_normalize_count_variants",
    "optimize_or_like_chain",
    "optimize_redundant_functions_in_order_by",
    "optimize_rewrite_aggregate_function_with_if",
    "optimize_rewrite_array_exists_to_has",
    "optimize_rewrite_sum_if_to_count_if",
    "optimize_syntax_fuse_functions",
    "optimize_time_filter_with_preimage",
    "optimize_uniq_to_count",
];

/// The settings that a question is asked with beside its limits, as SQL.
pub fn settings() -> String {
    let settings = REWRITINGS.map(|setting| format!("{setting} = 0"));
    format!("SETTINGS {}", settings.join(", "))
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
        for setting in REWRITINGS {
            query = query.with_setting(setting, "0");
        }
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
