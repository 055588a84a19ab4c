//! `slowtax forget`: deletes what is kept of a session, or of a whole site.
//!
//! **A session** is in the raw tables, by its number. Rollups are sums without identifiers, and what it added to them stays until it is too old: of a
//! view whose snapshots have been merged the earlier ones are gone, with the country and the LCP that they were counted by, so what to take back could
//! only be guessed. **A site** goes from raw tables and rollups.
//!
//! Rows that still wait in this collector's spool would come back. So the spool is waited for, and when it does not empty nothing is deleted; rows in
//! quarantine and in damaged files, which only somebody can decide about, are in the way in the same manner. Looked for are the bytes that such a row
//! must have: what has none of it cannot be found by mistake, the other way round a site's key may stand in another column.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use crate::config::Config;
use crate::data_dir::{DataDirError, LEDGER, SPOOL, node_of};
use crate::ledger::{ForgottenRows, Ledger, Line};
use crate::progress::Progress;
use crate::spool::Mode;
use crate::store::forget::{Holder, Holders, Whose};
use crate::store::{Store, StoreError};

/// How long the spool is waited for, beyond the age at which a segment is sealed.
const SPOOL_TIME_MAX: Duration = Duration::from_secs(10);
/// Pause between two looks at it.
const SPOOL_PAUSE: Duration = Duration::from_millis(100);

/// What is to be forgotten.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    #[command(flatten)]
    one: One,
    /// Does not ask before a site is deleted.
    #[arg(long, requires = "site")]
    pub yes: bool,
}

#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
struct One {
    /// The session with this number, as it stands in the column `session_id`: decimal, or hexadecimal with 0x.
    #[arg(long, value_name = "ID", value_parser = session)]
    session: Option<u64>,
    /// The site with this key, all of it.
    #[arg(long, value_name = "KEY", value_parser = site)]
    site: Option<String>,
}

impl Arguments {
    /// Whose rows are meant.
    pub fn whose(&self) -> Option<Whose> {
        let session = self.one.session.map(Whose::Session);
        session.or_else(|| self.one.site.clone().map(Whose::Site))
    }
}

fn session(text: &str) -> Result<u64, String> {
    let is_number = |digits: &str, radix: u32| digits.bytes().all(|byte| char::from(byte).is_digit(radix));
    let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |digits| (digits, 16));
    // A sign would be read, too.
    let number = if is_number(digits, radix) { u64::from_str_radix(digits, radix).ok() } else { None };
    match number {
        None => Err("expected a number of 64 bits, such as 1865347210223616001 or 0x19e3...".to_owned()),
        Some(0) => Err("0 is no session: it stands where none is known".to_owned()),
        Some(number) => Ok(number),
    }
}

fn site(text: &str) -> Result<String, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let fits = is_plain && (1..=beacon_format::limits::SITE_BYTES_MAX).contains(&text.len());
    fits.then(|| text.to_owned()).ok_or_else(|| "expected the key of a site: letters, digits, - and _".to_owned())
}

/// Why nothing was deleted, or not all.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// ClickHouse failed. What had been deleted before is; running it again goes on.
    #[error("{0}; what was deleted before that is gone, and running it again does the rest")]
    Store(#[from] StoreError),
    /// No table has such a row.
    #[error("no table has a row of {0}: nothing was deleted")]
    Unknown(String),
    /// The tables are a cluster's.
    #[error("the tables are a cluster's, and nothing was deleted: run there\n{0}")]
    Cluster(String),
    /// Rows wait in the spool.
    #[error("rows of it wait in {}, and nothing was deleted: they would come back. `slowtax serve` stores what waits while ClickHouse answers", .0.display())]
    Waiting(PathBuf),
    /// Rows that ClickHouse refused, or that were damaged on disk.
    #[error(
        "{} may hold rows of it, and nothing was deleted: `slowtax replay` would bring back what is in quarantine. \
         Replay it first, or remove the file",
        .0.display()
    )]
    SetAside(PathBuf),
    /// What goes could not be written down.
    #[error("the ledger cannot be written, and slowtax audit would miss what goes: {0}")]
    Ledger(io::Error),
    /// The data directory is not this collector's.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The spool cannot be read.
    #[error("the spool in {path} cannot be read: {error}")]
    Spool {
        /// Its directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// What was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    whose: Whose,
    /// Rows by table.
    pub removed: Vec<(String, u64)>,
    /// Rows that came while it was being deleted, and are there.
    pub left: u64,
    /// What the reader should know.
    notes: Vec<String>,
}

/// Deletes. `may_wait`: a collector may be running that empties the spool.
pub async fn forget(config: &Config, store: &Store, whose: Whose, may_wait: bool) -> Result<Forgotten, ForgetError> {
    let holders = store.holders(&whose).await?;
    if !holders.on_cluster.is_empty() {
        return Err(ForgetError::Cluster(holders.on_cluster.join("\n")));
    }
    let spool = Spool { path: config.data_dir.join(SPOOL), trace: trace(&whose) };
    let patience =
        if may_wait { SPOOL_TIME_MAX + Duration::from_millis(config.writer.age_max_ms) } else { Duration::ZERO };
    spool.wait_until_stored(patience).await?;
    let mut forgotten = Forgotten { notes: notes(config, &whose, &holders), whose, removed: Vec::new(), left: 0 };
    {
        let progress = Progress::new("deleting from the tables");
        for holder in &holders.ours {
            let rows = store.rows_of(holder, &forgotten.whose).await?;
            if rows > 0 {
                tell_ledger(config, store, holder, &forgotten.whose).await?;
                store.delete_rows_of(holder, &forgotten.whose).await?;
            }
            forgotten.removed.push((holder.name.clone(), rows));
            progress.one_of(holders.ours.len());
        }
    }
    if forgotten.removed.iter().all(|(_, rows)| *rows == 0) {
        return Err(ForgetError::Unknown(forgotten.whose.to_string()));
    }
    for holder in &holders.ours {
        forgotten.left += store.rows_of(holder, &forgotten.whose).await?;
    }
    let lifetime_s = store.old_parts_lifetime_s().await?;
    forgotten.notes.push(format!(
        "ClickHouse removes the parts that had the rows from its disk {lifetime_s} s later; backups are not looked at."
    ));
    Ok(forgotten)
}

/// Writes into the ledger which rows of which segments are about to go, so that `slowtax audit` does not miss them.
async fn tell_ledger(config: &Config, store: &Store, holder: &Holder, whose: &Whose) -> Result<(), ForgetError> {
    let Some(node) = node_of(&config.data_dir)? else { return Ok(()) };
    let gone = store.segments_of(holder, whose, &format!("{node}-")).await?;
    let lines = gone.into_iter().map(|rows| {
        let forgotten = BTreeMap::from([(rows.table, rows.rows)]);
        Line::Forgotten(ForgottenRows { segment: rows.segment, forgotten })
    });
    let lines: Vec<Line> = lines.collect();
    let told = if lines.is_empty() {
        Ok(())
    } else {
        Ledger::open(&config.data_dir.join(LEDGER)).write_all(&lines, OffsetDateTime::now_utc())
    };
    told.map_err(ForgetError::Ledger)
}

fn notes(config: &Config, whose: &Whose, holders: &Holders) -> Vec<String> {
    let mut notes = Vec::new();
    match whose {
        Whose::Session(_) => {
            notes.push(
                "What it added to sums by day and by 5 minutes stays until it is too old: they have no identifiers."
                    .to_owned(),
            );
            notes.push(
                "browser_reports names no session, so none of its rows can be told to be of this one.".to_owned(),
            );
        }
        Whose::Site(key) if config.sites.contains_key(key) => {
            notes.push(format!("[sites.{key}] is in the configuration: its beacons are still taken."));
        }
        Whose::Site(_) => {}
    }
    if config.spool.mode == Mode::Memory {
        notes.push(
            "spool.mode is memory: what a running collector has not stored yet could not be looked at.".to_owned(),
        );
    }
    for table in &holders.others {
        notes.push(format!("The table {table} has such a column and is not Slowtax's: it was left alone."));
    }
    notes.push("The spools of other collectors were not looked at, and their `slowtax audit` misses these rows while their ledgers name the segments.".to_owned());
    notes
}

/// The bytes that a row of it has in a segment: RowBinary, a number little-endian, a text behind its length.
fn trace(whose: &Whose) -> Vec<u8> {
    match whose {
        Whose::Session(id) => id.to_le_bytes().to_vec(),
        // Shorter than 128 bytes, so its length is one byte.
        Whose::Site(key) => [&[u8::try_from(key.len()).unwrap_or(u8::MAX)], key.as_bytes()].concat(),
    }
}

/// The spool's directory, looked at from outside.
struct Spool {
    path: PathBuf,
    trace: Vec<u8>,
}

impl Spool {
    async fn wait_until_stored(&self, patience: Duration) -> Result<(), ForgetError> {
        let deadline = Instant::now() + patience;
        let progress = Progress::new("waiting until what is in the spool is stored");
        loop {
            let found = self.find().map_err(|error| ForgetError::Spool { path: self.path.clone(), error })?;
            let Some(path) = found else { return Ok(()) };
            if is_set_aside(&path) {
                return Err(ForgetError::SetAside(path));
            }
            if Instant::now() >= deadline {
                return Err(ForgetError::Waiting(path));
            }
            sleep(SPOOL_PAUSE).await;
            progress.one();
        }
    }

    /// A file that may have rows of it; one that waits comes last.
    fn find(&self) -> io::Result<Option<PathBuf>> {
        let mut waiting = None;
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if !self.is_in(&path)? {
                continue;
            }
            if is_set_aside(&path) {
                return Ok(Some(path));
            }
            waiting = Some(path);
        }
        Ok(waiting)
    }

    fn is_in(&self, path: &Path) -> io::Result<bool> {
        match fs::read(path) {
            Ok(bytes) => Ok(bytes.windows(self.trace.len()).any(|window| window == self.trace)),
            // Sealed since it was listed, or stored.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let sealed = path.with_extension("segment");
                if sealed == path { Ok(false) } else { self.is_in(&sealed) }
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether a file of the spool is none that serve stores by itself.
fn is_set_aside(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "quarantined" || extension == "damaged")
}

impl fmt::Display for Whose {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(to, "session {id}"),
            Self::Site(key) => write!(to, "site {key}"),
        }
    }
}

impl fmt::Display for Forgotten {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{:<18} {:>12}", "rows of", "removed")?;
        for (table, rows) in &self.removed {
            writeln!(to, "{table:<18} {rows:>12}")?;
        }
        writeln!(to)?;
        for note in &self.notes {
            writeln!(to, "{note}")?;
        }
        match self.left {
            0 => write!(to, "{}: no table has a row of it", self.whose),
            left => write!(to, "{}: {left} rows came meanwhile; run it again", self.whose),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_numbers_of_64_bits_and_sites_are_keys() {
        assert_eq!(session("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(session("0xffffffffffffffff"), Ok(u64::MAX));
        assert_eq!(session("0x10"), Ok(16));
        for text in
            ["", "0", "0x", "0x0", "-1", "+1", "18446744073709551616", "0x10000000000000000", "ff", "1 OR 1", "0x+1"]
        {
            assert!(session(text).is_err(), "{text}");
        }
        let longest = "a".repeat(beacon_format::limits::SITE_BYTES_MAX);
        assert_eq!(site(&longest), Ok(longest.clone()));
        for text in ["", "a b", "a'b", "ä", &format!("{longest}a")] {
            assert!(site(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_row_in_the_spool_is_found_wherever_it_lies() {
        let directory = tempfile::tempdir().unwrap();
        let found = |whose: &Whose| {
            let spool = Spool { path: directory.path().to_owned(), trace: trace(whose) };
            spool.find().unwrap().map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        };
        let (one, shop) = (Whose::Session(0x0102_0304_0506_0708), Whose::Site("shop".to_owned()));
        assert_eq!(found(&one), None);
        fs::write(directory.path().join("a-1-0.open"), [9, 8, 7, 6, 5, 4, 3, 2, 1, 9]).unwrap();
        fs::write(directory.path().join("a-1-1.segment"), b"x\x04shopx").unwrap();
        assert_eq!(found(&one).as_deref(), Some("a-1-0.open"));
        assert_eq!(found(&shop).as_deref(), Some("a-1-1.segment"));
        assert_eq!(found(&Whose::Site("sho".to_owned())), None);
        // What nobody stores by itself comes first.
        fs::write(directory.path().join("a-1-2-goals.quarantined"), b"\x04shop").unwrap();
        assert_eq!(found(&shop).as_deref(), Some("a-1-2-goals.quarantined"));
        // Sealed since it was listed.
        fs::rename(directory.path().join("a-1-0.open"), directory.path().join("a-1-0.segment")).unwrap();
        let spool = Spool { path: directory.path().to_owned(), trace: trace(&one) };
        assert!(spool.is_in(&directory.path().join("a-1-0.open")).unwrap());
        assert!(!spool.is_in(&directory.path().join("a-1-9.open")).unwrap());
    }
}
