//! What became of every segment, for `slowtax audit`: how many rows of each table it brought, and what the run counted that made it.
//!
//! **Layout.** In `ledger/` of the data directory one file a day (UTC), `2026-11-27.jsonl`, of one JSON object a line ([`Line`]), about 150 bytes for a segment.
//! **Operation.** A segment's line is written, and synced, when ClickHouse has all of it and before its file is removed; a run's when it begins, every
//! ten seconds while it counts, and when it has ended. The ledger decides nothing: what it cannot write now it writes later, and a collector whose disk is full
//! stores on. **Recovery.** A line that a crash has torn is skipped and told; its segment is stored again, and told again: the last line of a name holds.
//! **Bounds.** Files are kept for [`DAYS`] days; [`PENDING_MAX`] lines wait in memory.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime, macros::format_description};

/// Days whose files are kept, today's included.
pub const DAYS: i64 = 14;
/// Lines that may wait for room on the disk; the oldest are dropped, and told.
const PENDING_MAX: usize = 10_000;
const ENDING: &str = ".jsonl";

/// A segment of which ClickHouse has every row that it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSegment {
    /// Its name.
    pub segment: String,
    /// Beacons, and batches of browser reports, that were accepted into it.
    pub records: u64,
    /// Its rows by table.
    pub rows: BTreeMap<String, u64>,
    /// Those of them that ClickHouse refuses.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub quarantined: BTreeMap<String, u64>,
    /// Not all of it could be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
}

/// What a run of the collector has counted so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCount {
    /// The run's name: node and number.
    pub run: String,
    /// Beacons that arrived.
    pub received: u64,
    /// Those of them that were acknowledged.
    pub accepted: u64,
    /// Those that were not, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Records that were put into the spool: one for each beacon, and one for each batch of browser reports.
    pub records: u64,
    /// This is the run's first line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub began: bool,
    /// Nothing was counted after this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

/// Rows of a segment that `slowtax forget` has deleted, or was about to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgottenRows {
    /// The segment's name.
    pub segment: String,
    /// How many, by table.
    pub forgotten: BTreeMap<String, u64>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// Of a segment.
    Stored(StoredSegment),
    /// Of a run.
    Run(RunCount),
    /// Of a deletion.
    Forgotten(ForgottenRows),
}

#[derive(Debug, Default)]
struct State {
    /// The day whose file is open.
    open: Option<(Date, File)>,
    pending: Vec<String>,
}

/// The ledger, to be written to. Shared by whoever has something to tell.
#[derive(Debug)]
pub struct Ledger {
    directory: PathBuf,
    state: Mutex<State>,
}

impl Ledger {
    /// Makes the directory where it is missing. Never fails: what cannot be written is told in the log.
    pub fn open(directory: &Path) -> Self {
        if let Err(error) = fs::create_dir_all(directory) {
            tracing::error!(directory = %directory.display(), %error, "the ledger's directory cannot be made: slowtax audit will miss what is stored");
        }
        Self { directory: directory.to_owned(), state: Mutex::default() }
    }

    /// Writes lines together, for somebody who wants to know whether they are on disk.
    pub fn write_all(&self, lines: &[Line], now: OffsetDateTime) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pending.extend(lines.iter().filter_map(|line| serde_json::to_string(line).ok()));
        self.write(&mut state, now.date())
    }

    /// Writes a line, and those that could not be written before. Waits for the disk.
    pub fn tell(&self, line: &Line, now: OffsetDateTime) {
        // Texts and numbers always have a form in JSON.
        let Ok(text) = serde_json::to_string(line) else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pending.push(text);
        if let Err(error) = self.write(&mut state, now.date()) {
            if state.pending.len() == 1 {
                tracing::warn!(%error, "the ledger cannot be written; its lines wait");
            }
            state.open = None;
            if state.pending.len() > PENDING_MAX {
                state.pending.remove(0);
                tracing::error!("a line of the ledger is lost: slowtax audit will miss what it told");
            }
        }
    }

    fn write(&self, state: &mut State, today: Date) -> io::Result<()> {
        if state.open.as_ref().is_none_or(|(day, _)| *day != today) {
            state.open = Some((today, self.file_of(today)?));
            self.forget_before(today - Duration::days(DAYS - 1))?;
        }
        let Some((_, file)) = &mut state.open else { return Ok(()) };
        let mut text = state.pending.join("\n");
        text.push('\n');
        let length = file.metadata()?.len();
        if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_data()) {
            // Half a line would swallow the next one.
            let _ = file.set_len(length);
            return Err(error);
        }
        state.pending.clear();
        Ok(())
    }

    fn file_of(&self, day: Date) -> io::Result<File> {
        let path = self.directory.join(format!("{}{ENDING}", name_of(day)));
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        // A crash may have left half a line.
        if fs::read(&path)?.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n")?;
        }
        File::open(&self.directory)?.sync_all()?;
        Ok(file)
    }

    fn forget_before(&self, first: Date) -> io::Result<()> {
        for (day, path) in files(&self.directory)? {
            if day < first {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

fn name_of(day: Date) -> String {
    // Years have four digits for some time to come.
    day.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// The days that there are files of, in order; other files are none of ours.
fn files(directory: &Path) -> io::Result<Vec<(Date, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let day = name.strip_suffix(ENDING);
        if let Some(day) = day.and_then(|day| Date::parse(day, format_description!("[year]-[month]-[day]")).ok()) {
            found.push((day, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// All that a ledger tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Segments by their names.
    pub segments: HashMap<String, StoredSegment>,
    /// The last line of each run, by its name, which also says whether its first line is there.
    pub runs: BTreeMap<String, RunCount>,
    /// Rows that were deleted, by segment and table, as often as somebody was about to.
    pub forgotten: HashMap<String, BTreeMap<String, u64>>,
    /// Lines that a crash has torn.
    pub torn: usize,
}

/// Reads a ledger, `today`'s file and those of the `days - 1` days before it. A directory that is not there tells nothing.
pub fn read(directory: &Path, today: Date, days: i64) -> io::Result<Told> {
    let mut told = Told::default();
    let found = match files(directory) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(told),
        Err(error) => return Err(error),
    };
    for (day, path) in found {
        if day <= today - Duration::days(days) {
            continue;
        }
        for line in fs::read_to_string(path)?.lines().filter(|line| !line.is_empty()) {
            match serde_json::from_str(line) {
                Ok(Line::Stored(segment)) => {
                    told.segments.insert(segment.segment.clone(), segment);
                }
                Ok(Line::Run(count)) => {
                    let began = told.runs.get(&count.run).is_some_and(|last| last.began);
                    told.runs.insert(count.run.clone(), RunCount { began: began || count.began, ..count });
                }
                Ok(Line::Forgotten(rows)) => {
                    let all = told.forgotten.entry(rows.segment).or_default();
                    for (table, rows) in rows.forgotten {
                        *all.entry(table).or_default() += rows;
                    }
                }
                Err(_) => told.torn += 1,
            }
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-27 12:00 UTC);

    fn stored(name: &str, rows: u64) -> StoredSegment {
        let rows = BTreeMap::from([("goals".to_owned(), rows)]);
        StoredSegment { segment: name.to_owned(), records: 1, rows, ..StoredSegment::default() }
    }

    fn run(received: u64, began: bool, ended: bool) -> RunCount {
        RunCount { run: "n-1".to_owned(), received, began, ended, ..RunCount::default() }
    }

    #[test]
    fn what_is_told_is_read_and_the_last_line_of_a_name_holds() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(directory.path());
        for line in [
            Line::Run(run(0, true, false)),
            Line::Stored(stored("n-1-0", 3)),
            Line::Stored(stored("n-1-1", 4)),
            Line::Stored(StoredSegment { damaged: true, ..stored("n-1-1", 2) }),
            Line::Run(run(9, false, true)),
        ] {
            ledger.tell(&line, NOW);
        }
        let told = read(directory.path(), NOW.date(), 1).unwrap();
        assert_eq!(told.segments["n-1-0"], stored("n-1-0", 3));
        assert_eq!(told.segments["n-1-1"], StoredSegment { damaged: true, ..stored("n-1-1", 2) });
        assert_eq!((told.segments.len(), told.runs["n-1"].clone(), told.torn), (2, run(9, true, true), 0));
    }

    #[test]
    fn deletions_add_up() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(directory.path());
        let gone = |table: &str, rows| {
            let forgotten = BTreeMap::from([(table.to_owned(), rows)]);
            Line::Forgotten(ForgottenRows { segment: "n-1-0".to_owned(), forgotten })
        };
        ledger.tell(&Line::Stored(stored("n-1-0", 3)), NOW);
        ledger.write_all(&[gone("goals", 1), gone("page_errors", 5), gone("goals", 2)], NOW).unwrap();
        let told = read(directory.path(), NOW.date(), 1).unwrap();
        let rows = BTreeMap::from([("goals".to_owned(), 3), ("page_errors".to_owned(), 5)]);
        assert_eq!((&told.forgotten["n-1-0"], told.torn, told.segments.len()), (&rows, 0, 1));
    }

    #[test]
    fn a_torn_line_takes_no_other_with_it() {
        let directory = tempfile::tempdir().unwrap();
        Ledger::open(directory.path()).tell(&Line::Stored(stored("n-1-0", 3)), NOW);
        let path = directory.path().join("2026-11-27.jsonl");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], &whole[..whole.len() / 2]].concat()).unwrap();
        Ledger::open(directory.path()).tell(&Line::Stored(stored("n-1-1", 4)), NOW);
        let told = read(directory.path(), NOW.date(), 1).unwrap();
        assert_eq!((told.segments.len(), told.torn), (2, 1));
    }

    #[test]
    fn days_are_files_and_are_kept_for_two_weeks() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(directory.path());
        for day in 0..20 {
            ledger.tell(&Line::Stored(stored(&format!("n-1-{day}"), 1)), NOW + Duration::days(day));
        }
        let today = (NOW + Duration::days(19)).date();
        assert_eq!(files(directory.path()).unwrap().len(), 14);
        for (days, count) in [(1, 1), (2, 2), (14, 14), (100, 14)] {
            assert_eq!(read(directory.path(), today, days).unwrap().segments.len(), count, "{days}");
        }
        assert_eq!(read(&directory.path().join("none"), today, 1).unwrap(), Told::default());
    }

    #[test]
    fn what_cannot_be_written_is_written_when_it_can_be() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("ledger");
        let ledger = Ledger::open(&place);
        fs::remove_dir(&place).unwrap();
        ledger.tell(&Line::Stored(stored("n-1-0", 1)), NOW);
        ledger.tell(&Line::Stored(stored("n-1-1", 1)), NOW);
        fs::create_dir(&place).unwrap();
        ledger.tell(&Line::Stored(stored("n-1-2", 1)), NOW);
        assert_eq!(read(&place, NOW.date(), 1).unwrap().segments.len(), 3);
    }
}
