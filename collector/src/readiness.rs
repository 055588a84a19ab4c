//! What the collector waits for, and says so at `/health/ready`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::store::ErrorClass;

/// What is there and what is not.
#[derive(Debug)]
pub struct Readiness {
    has_schema: AtomicBool,
    unreachable: Condition,
    stopping: Condition,
    /// One for each class of errors, by its place in [`ErrorClass::ALL`]: rows wait because of it.
    troubles: [Condition; ErrorClass::ALL.len()],
    /// ClickHouse's error code of each; 0 where it has none.
    codes: [AtomicU64; ErrorClass::ALL.len()],
}

/// Something that keeps the collector from being ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// A fixed name.
    pub reason: &'static str,
    /// Since when, where that is known.
    pub since: Option<SystemTime>,
    /// ClickHouse's error code, where it is one that rows wait for.
    pub code: Option<u64>,
}

/// Holds or does not; where it does, since when.
#[derive(Debug, Default)]
struct Condition {
    /// Unix milliseconds; 0 while it does not hold.
    since_ms: AtomicU64,
}

impl Condition {
    /// Says whether this is news.
    fn set(&self, holds: bool, now: SystemTime) -> bool {
        if !holds {
            return self.since_ms.swap(0, Ordering::Relaxed) != 0;
        }
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX).max(1);
        self.since_ms.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn since(&self) -> Option<SystemTime> {
        let since = self.since_ms.load(Ordering::Relaxed);
        (since != 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_millis(since))
    }
}

impl Readiness {
    /// Of a collector that has just been started: nothing is there yet.
    pub fn new(now: SystemTime) -> Self {
        let new = Self {
            has_schema: AtomicBool::new(false),
            unreachable: Condition::default(),
            stopping: Condition::default(),
            troubles: Default::default(),
            codes: Default::default(),
        };
        new.unreachable.set(true, now);
        new
    }

    /// The schema is up to date.
    pub fn schema_is_there(&self) {
        self.has_schema.store(true, Ordering::Relaxed);
    }

    /// Whether ClickHouse answered when it was last asked. Says whether this is news.
    pub fn clickhouse_answers(&self, answers: bool, now: SystemTime) -> bool {
        self.unreachable.set(!answers, now)
    }

    /// Whether ClickHouse answered when it was last asked.
    pub fn is_reachable(&self) -> bool {
        self.unreachable.since().is_none()
    }

    /// Rows wait because ClickHouse does not take them, for an error of this class and perhaps with this code; or they do not any more.
    pub fn rows_wait(&self, class: ErrorClass, they_do: bool, code: Option<u32>, now: SystemTime) {
        self.codes[class as usize].store(code.unwrap_or_default().into(), Ordering::Relaxed);
        self.troubles[class as usize].set(they_do, now);
    }

    /// The collector is on its way out.
    pub fn stopping(&self, now: SystemTime) {
        self.stopping.set(true, now);
    }

    /// Why it is not ready; empty when it is. Beacons are taken for as long as the queue has room, ready or not.
    pub fn missing(&self, queue_is_full: bool) -> Vec<Missing> {
        let condition = |condition: &Condition, reason, code| {
            let since = condition.since()?;
            Some(Missing { reason, since: Some(since), code })
        };
        let unknown = |holds: bool, reason| holds.then_some(Missing { reason, since: None, code: None });
        let has_no_schema = self.is_reachable() && !self.has_schema.load(Ordering::Relaxed);
        let troubles = ErrorClass::ALL.into_iter().filter_map(|class| {
            let code = self.codes[class as usize].load(Ordering::Relaxed);
            condition(&self.troubles[class as usize], trouble(class), (code != 0).then_some(code))
        });
        [
            condition(&self.stopping, "stopping", None),
            condition(&self.unreachable, "clickhouse_unreachable", None),
            unknown(has_no_schema, "schema_not_applied"),
        ]
        .into_iter()
        .flatten()
        .chain(troubles)
        .chain(unknown(queue_is_full, "queue_full"))
        .collect()
    }
}

/// The reason that rows wait.
fn trouble(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Passing => "inserts_fail",
        ErrorClass::TooManyParts => "too_many_parts",
        ErrorClass::Setup => "clickhouse_refuses",
        ErrorClass::Poison => "rows_refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(s)
    }

    fn reasons(readiness: &Readiness, queue_is_full: bool) -> Vec<&'static str> {
        readiness.missing(queue_is_full).iter().map(|missing| missing.reason).collect()
    }

    #[test]
    fn it_says_everything_that_is_missing() {
        let readiness = Readiness::new(at(1));
        assert_eq!(reasons(&readiness, false), ["clickhouse_unreachable"]);
        assert!(readiness.clickhouse_answers(true, at(2)));
        assert_eq!(reasons(&readiness, false), ["schema_not_applied"]);
        readiness.schema_is_there();
        assert!(readiness.missing(false).is_empty());
        assert!(!readiness.clickhouse_answers(true, at(3)), "no news");
        readiness.stopping(at(4));
        for class in ErrorClass::ALL {
            readiness.rows_wait(class, true, None, at(5));
        }
        let all = ["stopping", "inserts_fail", "too_many_parts", "clickhouse_refuses", "rows_refused", "queue_full"];
        assert_eq!(reasons(&readiness, true), all);
    }

    #[test]
    fn it_says_since_when_and_forgets_when_it_is_over() {
        let readiness = Readiness::new(at(1));
        readiness.schema_is_there();
        assert!(!readiness.clickhouse_answers(false, at(10)), "as at the start");
        assert_eq!(readiness.missing(false)[0].since, Some(at(1)));
        assert!(readiness.clickhouse_answers(true, at(11)) && readiness.clickhouse_answers(false, at(12)));
        assert_eq!(readiness.missing(false)[0].since, Some(at(12)));
        readiness.clickhouse_answers(true, at(13));
        readiness.rows_wait(ErrorClass::Setup, true, Some(60), at(20));
        readiness.rows_wait(ErrorClass::Setup, true, Some(516), at(30));
        let missing = Missing { reason: "clickhouse_refuses", since: Some(at(20)), code: Some(516) };
        assert_eq!(readiness.missing(false), [missing]);
        readiness.rows_wait(ErrorClass::Setup, false, None, at(40));
        assert!(readiness.missing(false).is_empty());
    }
}
