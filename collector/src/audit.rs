//! `slowtax audit`: what became of every beacon. Three witnesses are held against each other:
//!
//! - what each **run** of this collector counted: received = accepted + rejected, and as many records accepted as its segments hold;
//! - what the **disk** says: the segments that wait, the rows in quarantine, and the ledger of those that are stored;
//! - what **ClickHouse** has of each segment, table by table: as many rows as the segment brought, without those in quarantine, and those that `slowtax
//!   forget` wrote into the ledger before it deleted them.
//!
//! Pure: what the witnesses say comes in, and [`Audit`] goes out. To be asked in this order, while the collector may run: what the runs counted, the disk,
//! the ledger's segments, ClickHouse. A segment that is stored meanwhile is then still seen where it was, and one that is made meanwhile is
//! [left out](Auditor::clickhouse_has) as newer than all that is known.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use crate::ledger::{RunCount, StoredSegment, Told};
use crate::spool::{Kept, SegmentName, Surveyed};
use crate::store::SegmentRows;

/// Differences that are told one by one; the others are counted.
const TOLD_MAX: usize = 20;

/// How many rows of one table there are, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableCount {
    /// That the segments in the ledger brought.
    pub brought: u64,
    /// Of these, those that ClickHouse refuses.
    pub quarantined: u64,
    /// That ClickHouse has of these segments.
    pub stored: u64,
    /// That are missing there since they were to be forgotten.
    pub forgotten: u64,
    /// In segments that wait.
    pub waiting: u64,
}

/// What became of what one run received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunAudit {
    /// What it counted; `None` where the ledger does not say.
    pub count: Option<RunCount>,
    /// Records in its segments that are stored.
    pub stored: u64,
    /// Records in those that wait.
    pub waiting: u64,
}

/// The outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// By the run's number.
    pub runs: BTreeMap<u64, RunAudit>,
    /// By the table's name.
    pub tables: BTreeMap<String, TableCount>,
    /// Segments in the ledger, and those that wait.
    pub segments: (usize, usize),
    /// Rows in quarantine now, and those that were put back from there.
    pub quarantine: (u64, u64),
    /// What does not fit, one sentence each; at most 20.
    pub differences: Vec<String>,
    /// How many differences there are.
    pub differences_count: usize,
}

/// Takes in what the witnesses say.
#[derive(Debug)]
pub struct Auditor {
    node: String,
    told: Told,
    waiting: HashMap<String, Surveyed>,
    /// What ClickHouse has of the segments in the ledger.
    stored: HashMap<String, BTreeMap<String, u64>>,
    /// The newest segment that is known of, by run.
    newest: BTreeMap<u64, u64>,
    /// The first run of which the ledger says something.
    oldest_run: u64,
    audit: Audit,
}

impl Auditor {
    /// For the collector `node`, with what lies in its spool and what its ledger tells.
    pub fn new(node: &str, disk: Vec<Surveyed>, told: Told) -> Self {
        let mut audit = Audit::default();
        let mut waiting = HashMap::new();
        let mut quarantined: BTreeMap<String, u64> = BTreeMap::new();
        for file in disk {
            match file.kept {
                Kept::Quarantined => {
                    audit.quarantine.0 += file.rows.values().sum::<u64>();
                    for (table, rows) in file.rows {
                        *quarantined.entry(table).or_default() += rows;
                    }
                }
                // Stored, and its file not removed yet.
                Kept::Waiting if told.segments.contains_key(&file.name) => {}
                Kept::Waiting => {
                    waiting.insert(file.name.clone(), file);
                }
                Kept::Damaged => {}
            }
        }
        let mut auditor = Self {
            node: node.to_owned(),
            told,
            waiting,
            stored: HashMap::new(),
            newest: BTreeMap::new(),
            oldest_run: 0,
            audit,
        };
        auditor.newest = auditor.newest_by_run();
        auditor.oldest_run = auditor.newest.keys().next().copied().unwrap_or(u64::MAX);
        auditor.check_quarantine(&quarantined);
        auditor
    }

    /// The names that ClickHouse is to be asked for begin with this.
    pub fn prefix(&self) -> String {
        format!("{}-", self.node)
    }

    fn newest_by_run(&self) -> BTreeMap<u64, u64> {
        let mut newest: BTreeMap<u64, u64> = BTreeMap::new();
        let names = self.told.segments.keys().chain(self.waiting.keys());
        for name in names.filter_map(|name| of_received(name)) {
            let last = newest.entry(name.run).or_default();
            *last = (*last).max(name.number);
        }
        newest
    }

    /// Takes in what ClickHouse has of a segment.
    pub fn clickhouse_has(&mut self, found: SegmentRows) {
        if self.told.segments.contains_key(&found.segment) {
            *self.stored.entry(found.segment).or_default().entry(found.table).or_default() += found.rows;
            return;
        }
        // It waits, and is stored in part; or it was made after the disk was looked at; or the ledger has forgotten it.
        let Some(name) = SegmentName::parse(&found.segment) else { return };
        let is_forgotten = name.run < self.oldest_run;
        let is_newer = self.newest.get(&name.run).is_none_or(|newest| name.number > *newest);
        if !self.waiting.contains_key(&found.segment)
            && !is_forgotten
            && !is_newer
            && !name.is_replay
            && self.is_complete(name.run)
        {
            let SegmentRows { segment, table, rows } = found;
            self.differs(format!("{segment}: ClickHouse has {rows} rows of {table}, and neither the spool nor the ledger knows the segment"));
        }
    }

    /// Whether the ledger has all of a run.
    fn is_complete(&self, run: u64) -> bool {
        self.told.runs.get(&format!("{}-{run}", self.node)).is_some_and(|count| count.began)
    }

    fn differs(&mut self, what: String) {
        self.audit.differences_count += 1;
        if self.audit.differences.len() < TOLD_MAX {
            self.audit.differences.push(what);
        }
    }

    /// What was put into quarantine is there, or was put back into the spool.
    fn check_quarantine(&mut self, there: &BTreeMap<String, u64>) {
        let mut refused: BTreeMap<String, u64> = BTreeMap::new();
        for (table, rows) in self.told.segments.values().flat_map(|segment| &segment.quarantined) {
            *refused.entry(table.clone()).or_default() += rows;
        }
        let is_replay = |name: &str| SegmentName::parse(name).is_some_and(|name| name.is_replay);
        let stored = self.told.segments.iter().filter(|(name, _)| is_replay(name)).map(|(_, segment)| &segment.rows);
        let waiting = self.waiting.iter().filter(|(name, _)| is_replay(name)).map(|(_, file)| &file.rows);
        let mut replayed: BTreeMap<String, u64> = BTreeMap::new();
        for (table, rows) in stored.chain(waiting).flatten() {
            *replayed.entry(table.clone()).or_default() += rows;
        }
        self.audit.quarantine.1 = replayed.values().sum();
        for (table, refused) in refused {
            let count = |rows: &BTreeMap<String, u64>| rows.get(&table).copied().unwrap_or(0);
            let (there, replayed) = (count(there), count(&replayed));
            if there + replayed < refused {
                self.differs(format!("{refused} rows of {table} were put into quarantine: {there} are there, and {replayed} were put back"));
            }
        }
    }

    /// Holds everything against everything.
    pub fn finish(mut self) -> Audit {
        self.audit.segments = (self.told.segments.len(), self.waiting.len());
        for file in self.waiting.values() {
            for (table, rows) in &file.rows {
                self.audit.tables.entry(table.clone()).or_default().waiting += rows;
            }
        }
        let mut segments: Vec<StoredSegment> = self.told.segments.values().cloned().collect();
        segments.sort_by(|one, other| one.segment.cmp(&other.segment));
        for segment in segments {
            self.check_segment(&segment);
        }
        self.check_runs();
        self.audit
    }

    fn check_segment(&mut self, segment: &StoredSegment) {
        if segment.damaged {
            self.differs(format!(
                "{}: it was damaged on disk, and what could not be read of it is lost",
                segment.segment
            ));
        }
        let stored = self.stored.remove(&segment.segment).unwrap_or_default();
        let tables: HashSet<&String> = segment.rows.keys().chain(stored.keys()).collect();
        let mut tables: Vec<&String> = tables.into_iter().collect();
        tables.sort();
        for table in tables {
            let count = |rows: &BTreeMap<String, u64>| rows.get(table).copied().unwrap_or(0);
            let (brought, quarantined, stored) = (count(&segment.rows), count(&segment.quarantined), count(&stored));
            let all = self.audit.tables.entry(table.clone()).or_default();
            all.brought += brought;
            all.quarantined += quarantined;
            all.stored += stored;
            let expected = brought.saturating_sub(quarantined);
            let forgotten = self.told.forgotten.get(&segment.segment).map_or(0, count);
            all.forgotten += forgotten.min(expected.saturating_sub(stored));
            // Somebody who wanted to forget them may not have come to the end.
            if stored > expected || stored + forgotten < expected {
                self.differs(format!(
                    "{}: {expected} rows of {table} were stored, and ClickHouse has {stored}",
                    segment.segment
                ));
            }
        }
    }

    fn check_runs(&mut self) {
        let mut runs: BTreeMap<u64, RunAudit> = BTreeMap::new();
        for (name, segment) in &self.told.segments {
            if let Some(name) = of_received(name) {
                runs.entry(name.run).or_default().stored += segment.records;
            }
        }
        for (name, file) in &self.waiting {
            if let Some(name) = of_received(name) {
                runs.entry(name.run).or_default().waiting += file.records;
            }
        }
        for count in self.told.runs.values() {
            let number = count.run.strip_prefix(&self.prefix()).and_then(|number| number.parse().ok());
            if let Some(number) = number {
                runs.entry(number).or_default().count = Some(count.clone());
            }
        }
        for (number, run) in &runs {
            for difference in run.differences(*number) {
                self.differs(difference);
            }
        }
        self.audit.runs = runs;
    }
}

/// The parts of a segment's name, if it is of what a run received.
fn of_received(name: &str) -> Option<SegmentName<'_>> {
    SegmentName::parse(name).filter(|name| !name.is_replay)
}

impl RunAudit {
    fn differences(&self, number: u64) -> Vec<String> {
        // Of a run that began before the ledger, segments may be forgotten.
        let Some(count) = self.count.as_ref().filter(|count| count.began) else { return Vec::new() };
        let mut found = Vec::new();
        let there = self.stored + self.waiting;
        let rejected: u64 = count.rejected.values().sum();
        if count.ended && count.received != count.accepted + rejected {
            let RunCount { received, accepted, .. } = count;
            found.push(format!(
                "run {number}: {received} beacons were received, {accepted} acknowledged and {rejected} rejected"
            ));
        }
        // A run that was killed, or goes on, has put more into its spool than it had counted.
        if there < count.records || (count.ended && there != count.records) {
            found.push(format!(
                "run {number}: {} records were acknowledged, and its segments hold {there}",
                count.records
            ));
        }
        found
    }
}

impl Audit {
    /// Whether everything fits.
    pub fn is_sound(&self) -> bool {
        self.differences_count == 0
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            to,
            "{:>5} {:>12} {:>12} {:>10} {:>12} {:>12}  ended",
            "run", "received", "acknowledged", "rejected", "stored", "spooled"
        )?;
        for (number, run) in &self.runs {
            match &run.count {
                None => writeln!(
                    to,
                    "{number:>5} {:>12} {:>12} {:>10} {:>12} {:>12}  not known",
                    "?", "?", "?", run.stored, run.waiting
                )?,
                Some(count) => {
                    let rejected: u64 = count.rejected.values().sum();
                    let ended = if count.ended { "in order" } else { "no" };
                    let RunCount { received, accepted, .. } = count;
                    writeln!(
                        to,
                        "{number:>5} {received:>12} {accepted:>12} {rejected:>10} {:>12} {:>12}  {ended}",
                        run.stored, run.waiting
                    )?;
                    for (reason, count) in count.rejected.iter().filter(|(_, count)| **count > 0) {
                        writeln!(to, "{:>5} {:>37} {reason}", "", count)?;
                    }
                }
            }
        }
        writeln!(
            to,
            "\n{:<18} {:>12} {:>12} {:>14} {:>12} {:>12}",
            "rows of", "stored", "quarantined", "in ClickHouse", "forgotten", "spooled"
        )?;
        for (table, count) in &self.tables {
            let TableCount { brought, quarantined, stored, forgotten, waiting } = count;
            writeln!(
                to,
                "{table:<18} {:>12} {quarantined:>12} {stored:>14} {forgotten:>12} {waiting:>12}",
                brought.saturating_sub(*quarantined)
            )?;
        }
        let (stored, waiting) = self.segments;
        let (quarantined, replayed) = self.quarantine;
        writeln!(
            to,
            "\n{stored} segments stored, {waiting} waiting; {quarantined} rows in quarantine, {replayed} put back from there"
        )?;
        for difference in &self.differences {
            writeln!(to, "DIFFERENCE {difference}")?;
        }
        let more = self.differences_count - self.differences.len();
        if more > 0 {
            writeln!(to, "DIFFERENCE and {more} more")?;
        }
        if self.is_sound() {
            write!(to, "everything fits")
        } else {
            write!(to, "{} differences", self.differences_count)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    fn rows(goals: u64) -> BTreeMap<String, u64> {
        BTreeMap::from([("goals".to_owned(), goals)])
    }

    fn stored(name: &str, goals: u64) -> StoredSegment {
        StoredSegment { segment: name.to_owned(), records: goals, rows: rows(goals), ..StoredSegment::default() }
    }

    fn file(name: &str, kept: Kept, goals: u64) -> Surveyed {
        Surveyed { name: name.to_owned(), kept, records: goals, rows: rows(goals) }
    }

    fn run(number: u64, accepted: u64, ended: bool) -> RunCount {
        let rejected = BTreeMap::from([("too_old".to_owned(), 2)]);
        RunCount {
            run: format!("n-{number}"),
            received: accepted + 2,
            accepted,
            rejected,
            records: accepted,
            began: true,
            ended,
        }
    }

    fn has(segment: &str, rows: u64) -> SegmentRows {
        SegmentRows { segment: segment.to_owned(), table: "goals".to_owned(), rows }
    }

    fn audit(segments: &[StoredSegment], runs: &[RunCount], disk: &[Surveyed], found: &[SegmentRows]) -> Audit {
        let segments = segments.iter().map(|segment| (segment.segment.clone(), segment.clone())).collect();
        let runs = runs.iter().map(|run| (run.run.clone(), run.clone())).collect();
        let mut auditor = Auditor::new("n", disk.to_vec(), Told { segments, runs, ..Told::default() });
        assert_eq!(auditor.prefix(), "n-");
        for found in found {
            auditor.clickhouse_has(found.clone());
        }
        auditor.finish()
    }

    #[test]
    fn rows_that_were_forgotten_are_not_missed_and_others_are() {
        let segment = stored("n-1-0", 5);
        let audit = |forgotten: u64, found: u64| {
            let told = Told {
                segments: [(segment.segment.clone(), segment.clone())].into(),
                forgotten: [(segment.segment.clone(), rows(forgotten))].into(),
                ..Told::default()
            };
            let mut auditor = Auditor::new("n", Vec::new(), told);
            auditor.clickhouse_has(has("n-1-0", found));
            auditor.finish()
        };
        for (forgotten, found, is_sound) in [(2, 3, true), (2, 5, true), (4, 3, true), (2, 2, false), (2, 6, false)] {
            let audit = audit(forgotten, found);
            assert_eq!(audit.is_sound(), is_sound, "{forgotten} {found}");
        }
        assert_eq!(audit(4, 3).tables["goals"].forgotten, 2);
    }

    #[test]
    fn what_fits_is_sound() {
        let refused = StoredSegment { quarantined: rows(1), ..stored("n-1-00000001", 4) };
        let found = audit(
            &[stored("n-1-00000000", 3), refused, stored("n-2-r0000000", 1)],
            &[run(1, 7, true), run(2, 5, false)],
            // The first is stored and not removed yet; the last is stored in part.
            &[file("n-1-00000000", Kept::Waiting, 3), file("n-2-00000000", Kept::Waiting, 6)],
            // One that was made after the disk was looked at, and one of a run that the ledger has forgotten.
            &[
                has("n-1-00000000", 3),
                has("n-1-00000001", 3),
                has("n-2-00000000", 6),
                has("n-2-r0000000", 1),
                has("n-2-00000001", 9),
                has("n-0-00000005", 9),
            ],
        );
        assert_eq!(found.differences, Vec::<String>::new());
        assert!(found.is_sound());
        assert_eq!(
            found.tables["goals"],
            TableCount { brought: 8, quarantined: 1, stored: 7, forgotten: 0, waiting: 6 }
        );
        assert_eq!((found.segments, found.quarantine), ((3, 1), (0, 1)));
        assert!(found.to_string().ends_with("everything fits"), "{found}");
    }

    #[test]
    fn each_witness_can_contradict() {
        let one = |segments: &[StoredSegment], runs: &[RunCount], disk: &[Surveyed], found: &[SegmentRows]| {
            let audit = audit(segments, runs, disk, found);
            assert_eq!(audit.differences_count, 1, "{audit}");
            audit.differences[0].clone()
        };
        let (segment, name) = (stored("n-1-00000000", 3), "n-1-00000000");
        let whole = [run(1, 3, true)];
        assert_eq!(
            one(from_ref(&segment), &whole, &[], &[has(name, 2)]),
            "n-1-00000000: 3 rows of goals were stored, and ClickHouse has 2"
        );
        assert_eq!(
            one(from_ref(&segment), &whole, &[], &[has(name, 6)]),
            "n-1-00000000: 3 rows of goals were stored, and ClickHouse has 6"
        );
        assert_eq!(
            one(from_ref(&segment), &whole, &[], &[]),
            "n-1-00000000: 3 rows of goals were stored, and ClickHouse has 0"
        );
        assert_eq!(
            one(from_ref(&segment), &[run(1, 4, false)], &[], &[has(name, 3)]),
            "run 1: 4 records were acknowledged, and its segments hold 3"
        );
        assert_eq!(
            one(from_ref(&segment), &[run(1, 2, true)], &[], &[has(name, 3)]),
            "run 1: 2 records were acknowledged, and its segments hold 3"
        );
        let lost = RunCount { received: 9, ..run(1, 3, true) };
        assert_eq!(
            one(from_ref(&segment), &[lost], &[], &[has(name, 3)]),
            "run 1: 9 beacons were received, 3 acknowledged and 2 rejected"
        );
        assert_eq!(
            one(
                &[segment.clone(), stored("n-1-00000002", 1)],
                &[run(1, 4, true)],
                &[],
                &[has(name, 3), has("n-1-00000002", 1), has("n-1-00000001", 5)]
            ),
            "n-1-00000001: ClickHouse has 5 rows of goals, and neither the spool nor the ledger knows the segment"
        );
        let refused = StoredSegment { quarantined: rows(2), ..segment.clone() };
        assert_eq!(
            one(from_ref(&refused), &whole, &[file("n-1-00000000-goals", Kept::Quarantined, 1)], &[has(name, 1)]),
            "2 rows of goals were put into quarantine: 1 are there, and 0 were put back"
        );
        assert!(
            audit(&[refused], &whole, &[file("n-1-00000000-goals", Kept::Quarantined, 2)], &[has(name, 1)]).is_sound()
        );
        let damaged = StoredSegment { damaged: true, ..segment };
        assert!(one(&[damaged], &whole, &[], &[has(name, 3)]).contains("damaged"));
    }

    #[test]
    fn twenty_differences_are_told_and_the_others_counted() {
        let segments: Vec<_> = (0..30).map(|number| stored(&format!("n-1-{number:08}"), 1)).collect();
        let found = audit(&segments, &[run(1, 30, true)], &[], &[]);
        assert_eq!((found.differences.len(), found.differences_count), (20, 30));
        assert!(found.to_string().contains("DIFFERENCE and 10 more"));
    }
}
