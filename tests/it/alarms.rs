//! The watch for alarms, end to end: the program, the real views, a clock that the test holds, and a receiver.
//!
//! The weeks before are put into the rollup that the views read (`beat_5m`), as page views would have made them. The clock lies ten days back, since the views judge no
//! instant that is still to come; so what comes after it may be there from the start.

mod check;
mod lease;
mod receiver;
mod taking_turns;
mod telling;

use std::path::PathBuf;

use tests::collector::CollectorProcess;
use tests::embedded::EmbeddedClickHouse;
use time::OffsetDateTime;

use receiver::Receiver;

/// Five weeks and three days of slots.
const HISTORY_SLOTS: u32 = 38 * 288;
/// What comes after the outage's begin: a day.
const LATER_SLOTS: u32 = 288;
const SLOT_S: i64 = 300;
/// How many slots the outage takes.
const OUTAGE_SLOTS: u32 = 3;
/// From so many slots after its begin on, an hour's window has next to nothing of it.
const RECOVERED: i64 = 20;

/// A database with a site's weeks, in which DE stops at `begin`, a clock and a receiver.
pub(crate) struct World {
    database: String,
    directory: tempfile::TempDir,
    receiver: Receiver,
    /// Unix seconds at which the first slot of the outage begins.
    begin: i64,
}

impl World {
    /// Empty, with the clock not yet set.
    fn new(test: &str) -> Self {
        let database = format!("alarms_{test}");
        EmbeddedClickHouse::shared().database(&database);
        let begin = (OffsetDateTime::now_utc().unix_timestamp() - 10 * 86_400).div_euclid(SLOT_S) * SLOT_S;
        let directory = tempfile::tempdir().unwrap();
        Self { database, directory, receiver: Receiver::start(), begin }
    }

    /// A collector that watches, with more keys than every test's.
    fn collector(&self, more: &[(&str, &str)]) -> CollectorProcess {
        let clock = self.clock_file().display().to_string();
        let url = self.receiver.url();
        let mut overrides = vec![("alarms.enabled", "true"), ("test_clock", clock.as_str())];
        overrides.extend(receiver::overrides(&url));
        overrides.extend_from_slice(more);
        CollectorProcess::start_on(&EmbeddedClickHouse::shared().url(), &self.database, &overrides)
    }

    fn clock_file(&self) -> PathBuf {
        self.directory.path().join("clock")
    }

    /// The weeks of a site: DE stops, FR goes on, and is so many more that all together hardly show it.
    fn fill(&self, collector: &CollectorProcess, site: &str) {
        let Self { begin, .. } = self;
        let slots = HISTORY_SLOTS + LATER_SLOTS;
        for (country, views, kept) in
            [("DE", 40, format!("NOT (lag >= 0 AND lag < {OUTAGE_SLOTS})")), ("FR", 400, "true".to_owned())]
        {
            collector.query(&format!(
                "INSERT INTO beat_5m (site, country, slot, views)
                 SELECT '{site}', '{country}', toDateTime({begin} + {SLOT_S} * lag), {views}
                 FROM (SELECT toInt64(number) - {HISTORY_SLOTS} AS lag FROM numbers({slots})) WHERE {kept}"
            ));
        }
    }

    /// Sets the clock to a minute after the end of a slot after the outage's begin, without waiting.
    fn set_clock(&self, slots: i64, more_s: i64) {
        let at = self.begin + slots * SLOT_S + 65 + more_s;
        let beside = self.directory.path().join("clock.new");
        std::fs::write(&beside, at.to_string()).unwrap();
        std::fs::rename(beside, self.clock_file()).unwrap();
    }

    /// Sets the clock and waits until one of these has judged at it.
    fn judge(&self, watching: &[&CollectorProcess], slots: i64) {
        self.judge_at(watching, slots, 0);
    }

    fn judge_at(&self, watching: &[&CollectorProcess], slots: i64, more_s: i64) {
        let before = evaluations(watching);
        self.set_clock(slots, more_s);
        watching[0].wait_until("the clock's instant is judged", || evaluations(watching) > before);
    }

    /// The outage from before its begin until after its end, seen by one that may be another one each time.
    fn recover(&self, watching: &[&CollectorProcess]) {
        for slots in RECOVERED..RECOVERED + 4 {
            self.judge(watching, slots);
        }
    }
}

fn evaluations(watching: &[&CollectorProcess]) -> u64 {
    watching.iter().map(|collector| collector.metric("slowtax_alarm_evaluations_total")).sum()
}

/// Waits until it has taken the lease and judged what the clock shows.
fn wait_until_judging(collector: &CollectorProcess) {
    collector.wait_until("it judges", || evaluations(&[collector]) > 0);
}

/// Waits until it has the lease.
fn wait_until_watching(collector: &CollectorProcess) {
    collector.wait_until("it watches", || collector.metric("slowtax_alarm_lease_held") == 1);
}
