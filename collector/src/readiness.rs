//! What the collector waits for, and says so at `/health/ready`.

use std::sync::atomic::{AtomicBool, Ordering};

/// What is there and what is not.
#[derive(Debug, Default)]
pub struct Readiness {
    has_schema: AtomicBool,
    is_reachable: AtomicBool,
    is_stopping: AtomicBool,
}

impl Readiness {
    /// The schema is up to date.
    pub fn schema_is_there(&self) {
        self.has_schema.store(true, Ordering::Relaxed);
    }

    /// Whether ClickHouse answered when it was last asked. Says whether this is news.
    pub fn clickhouse_answers(&self, answers: bool) -> bool {
        self.is_reachable.swap(answers, Ordering::Relaxed) != answers
    }

    /// Whether ClickHouse answered when it was last asked.
    pub fn is_reachable(&self) -> bool {
        self.is_reachable.load(Ordering::Relaxed)
    }

    /// The collector is on its way out.
    pub fn stopping(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Why it is not ready; empty when it is. Beacons are taken for as long as the queue has room, ready or not.
    pub fn reasons(&self, queue_is_full: bool) -> Vec<&'static str> {
        let is_reachable = self.is_reachable();
        let reasons = [
            (self.is_stopping.load(Ordering::Relaxed), "stopping"),
            (!is_reachable, "clickhouse_unreachable"),
            (is_reachable && !self.has_schema.load(Ordering::Relaxed), "schema_not_applied"),
            (queue_is_full, "queue_full"),
        ];
        reasons.into_iter().filter_map(|(holds, reason)| holds.then_some(reason)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_everything_that_is_missing() {
        let readiness = Readiness::default();
        assert_eq!(readiness.reasons(false), ["clickhouse_unreachable"]);
        assert!(readiness.clickhouse_answers(true));
        assert_eq!(readiness.reasons(false), ["schema_not_applied"]);
        readiness.schema_is_there();
        assert!(readiness.reasons(false).is_empty());
        assert!(!readiness.clickhouse_answers(true), "no news");
        readiness.stopping();
        assert_eq!(readiness.reasons(true), ["stopping", "queue_full"]);
    }
}
