//! What a statement may cost that only reads: GET, and `readonly=1` or `2`. They are defaults that a request may lower; a higher wish, or none (0), gets
//! the limit, in a URL or a session; in the text of a statement it is refused.
//!
//! They keep a question that grew too large from taking the machine from those who insert. They are no defence: who may also write is not held by them.

use crate::engine::Connection;
use crate::exception::{ErrorCode, Exception};
use crate::statement::Statement;

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Longest execution, in seconds.
    pub time_s: u64,
    /// Most memory.
    pub memory_bytes: u64,
    /// Most rows of a result.
    pub result_rows: u64,
}

impl ReadLimits {
    /// The names of the settings.
    pub const SETTINGS: [&'static str; 3] = ["max_execution_time", "max_memory_usage", "max_result_rows"];

    fn of(&self, setting: &str) -> u64 {
        match setting {
            "max_execution_time" => self.time_s,
            "max_memory_usage" => self.memory_bytes,
            _ => self.result_rows,
        }
    }

    /// Brings a connection's settings down to the limits.
    pub fn apply(&self, connection: &mut Connection) -> Result<(), Exception> {
        let names = Self::SETTINGS.map(|name| format!("'{name}'")).join(", ");
        let query = format!("SELECT name, value FROM system.settings WHERE name IN ({names}) FORMAT TSVRaw");
        let present = connection.query_text(&query)?;
        let over: Vec<String> = present
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter(|(name, value)| !is_within(value.parse().ok(), self.of(name)))
            .map(|(name, _)| format!("{name} = {}", self.of(name)))
            .collect();
        if over.is_empty() {
            return Ok(());
        }
        connection.query_text(&format!("SET {}", over.join(", "))).map(drop)
    }

    /// Refuses a statement whose own settings go beyond the limits.
    pub fn check(&self, statement: &Statement) -> Result<(), Exception> {
        for (name, value) in statement.assigned(&Self::SETTINGS) {
            let limit = self.of(name);
            if !is_within(value, limit) {
                return Err(Exception::new(
                    ErrorCode::SETTING_CONSTRAINT_VIOLATION,
                    format!("Setting {name} must be a number from 1 to {limit} where a statement only reads"),
                ));
            }
        }
        Ok(())
    }
}

fn is_within(value: Option<f64>, limit: u64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "limits are below 2^53, where numbers are exact")]
    value.is_some_and(|value| value > 0.0 && value <= limit as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ReadLimits = ReadLimits { time_s: 60, memory_bytes: 1 << 30, result_rows: 1000 };

    fn code(text: &str) -> Option<i32> {
        let statement = Statement::parse(text.as_bytes()).unwrap();
        LIMITS.check(&statement).err().map(|exception| exception.code)
    }

    #[test]
    fn a_statement_lowers_limits_and_does_not_raise_them() {
        for text in [
            "SELECT 1",
            "SELECT 1 SETTINGS max_execution_time = 60, max_memory_usage = 1073741824, max_result_rows = 1000",
            "SELECT 1 SETTINGS max_execution_time = 0.5, max_threads = 100",
            "SET max_result_rows = '10'",
            "SELECT name FROM system.settings WHERE name = 'max_result_rows' AND max_result_rows = 0",
            "SELECT max_result_rows = 0 AS settings, 2",
        ] {
            assert_eq!(code(text), None, "{text}");
        }
        for text in [
            "SELECT 1 SETTINGS max_execution_time = 61",
            "SELECT 1 settings `max_execution_time`=60.1",
            "SELECT 1 SETTINGS max_memory_usage = 1073741825",
            "SELECT 1 SETTINGS max_result_rows = 1001 FORMAT CSV",
            "SELECT 1 FORMAT CSV SETTINGS max_result_rows = 0",
            "SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)",
            "SET max_threads = 1, max_result_rows = DEFAULT",
            "SET \"max_result_rows\" /* */ = -1",
            "SET max_result_rows = '1001'",
            "SET max_result_rows = {rows:UInt64}",
            "SET max_memory_usage = '1000G'",
            "SET max_memory_usage = 1e100",
        ] {
            assert_eq!(code(text), Some(452), "{text}");
        }
    }
}
