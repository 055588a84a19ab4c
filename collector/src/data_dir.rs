//! The collector's own directory: locked while it runs, and the two numbers that make the names of its segments unique.
//!
//! - `lock`: held for as long as the process lives; the kernel lets go of it however that ends.
//! - `node`: eight hexadecimal digits, made once; tells this collector from others that write into the same ClickHouse.
//! - `epoch`: how often a collector has started here; raised under the lock, and on disk before it is used. A name that came from the clock
//!   could come twice, and a name must never name two different batches.
//! - `session.key`: where somebody can log in to the report, see [`crate::http::access`].
//! - `spool/`, `ledger/`, `outbox/`: see [`crate::spool`], [`crate::ledger`] and [`crate::alarms::outbox`].

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The spool's directory in it.
pub const SPOOL: &str = "spool";
/// The ledger's.
pub const LEDGER: &str = "ledger";
/// That of alarms on their way.
pub const OUTBOX: &str = "outbox";

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another collector runs on it.
    #[error("the data directory {0} is locked: another slowtax runs on it")]
    Locked(PathBuf),
    /// It cannot be made, read or written.
    #[error("the data directory {path} cannot be used: {error}")]
    Unusable {
        /// The directory, or the file in it.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// The directory, locked.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    node: String,
    epoch: u64,
    /// Dropping it lets go of the lock.
    _lock: File,
}

impl DataDir {
    /// Makes the directory where it is missing, and locks it. `random` becomes the node's name in a new one.
    pub fn open(path: &Path, random: u32) -> Result<Self, DataDirError> {
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |error| DataDirError::Unusable { path, error }
        };
        fs::create_dir_all(path).map_err(unusable(path))?;
        let lock_path = path.join("lock");
        let lock =
            File::options().create(true).truncate(false).write(true).open(&lock_path).map_err(unusable(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::Locked(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(unusable(&lock_path)(error)),
        }
        let node_path = path.join("node");
        let node = match read(&node_path, is_node).map_err(unusable(&node_path))? {
            Some(node) => node,
            None => replace(&node_path, format!("{random:08x}")).map_err(unusable(&node_path))?,
        };
        let epoch_path = path.join("epoch");
        let last = read(&epoch_path, |text| text.parse::<u64>().is_ok()).map_err(unusable(&epoch_path))?;
        let epoch = last.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) + 1;
        replace(&epoch_path, epoch.to_string()).map_err(unusable(&epoch_path))?;
        Ok(Self { path: path.to_owned(), node, epoch, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the spool is.
    pub fn spool(&self) -> PathBuf {
        self.path.join(SPOOL)
    }

    /// Where the ledger is.
    pub fn ledger(&self) -> PathBuf {
        self.path.join(LEDGER)
    }

    /// Where alarms wait for their receivers.
    pub fn outbox(&self) -> PathBuf {
        self.path.join(OUTBOX)
    }

    /// What the names of this run's segments begin with; no other run's do.
    pub fn run_name(&self) -> String {
        format!("{}-{}", self.node, self.epoch)
    }
}

/// The node of a data directory that somebody else may have locked; `None` where no collector has run yet.
pub fn node_of(path: &Path) -> Result<Option<String>, DataDirError> {
    let node_path = path.join("node");
    read(&node_path, is_node).map_err(|error| DataDirError::Unusable { path: node_path, error })
}

fn is_node(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The text of a file; `None` when it is missing. A text that does not fit is an error and not overwritten: somebody else's file.
fn read(path: &Path, fits: impl Fn(&str) -> bool) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) if fits(text.trim()) => Ok(Some(text.trim().to_owned())),
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "its content is not what slowtax writes there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file so that a crash leaves the old content or the new.
fn replace(path: &Path, text: String) -> io::Result<String> {
    let beside = path.with_extension("new");
    if let Err(error) = write_synced(&beside, &text) {
        // Nobody misses it.
        let _ = fs::remove_file(&beside);
        return if error.kind() == io::ErrorKind::StorageFull { overwrite(path, text) } else { Err(error) };
    }
    fs::rename(&beside, path)?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(text)
}

fn write_synced(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Writes over the start of a file, which takes no more of the disk: a collector must also start where that is full. What is written here never becomes
/// shorter, and lies in one sector.
fn overwrite(path: &Path, text: String) -> io::Result<String> {
    let mut file = File::options().write(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_collector_is_refused_until_the_first_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let first = DataDir::open(directory.path(), 1).unwrap();
        let refused = DataDir::open(directory.path(), 2).unwrap_err().to_string();
        assert!(refused.contains("is locked: another slowtax runs on it"), "{refused}");
        drop(first);
        DataDir::open(directory.path(), 2).unwrap();
    }

    #[test]
    fn every_run_has_a_name_of_its_own_and_the_node_stays() {
        let directory = tempfile::tempdir().unwrap();
        let names: Vec<_> =
            [7, 8, 9].map(|random| DataDir::open(directory.path(), random).unwrap().run_name()).into_iter().collect();
        assert_eq!(names, ["00000007-1", "00000007-2", "00000007-3"]);
    }

    #[test]
    fn where_the_disk_is_full_the_number_is_raised_in_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("epoch");
        for (old, new) in [("8", "9"), ("9", "10"), ("10", "11")] {
            assert!(old == "8" || fs::read_to_string(&path).unwrap() == old);
            fs::write(&path, old).unwrap();
            overwrite(&path, new.to_owned()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), new);
        }
        assert!(overwrite(&directory.path().join("node"), "1".to_owned()).is_err(), "there is nothing to write over");
    }

    #[test]
    fn what_it_does_not_understand_it_does_not_overwrite() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("epoch"), "many").unwrap();
        let refused = DataDir::open(directory.path(), 1).unwrap_err().to_string();
        assert!(refused.contains("epoch"), "{refused}");
        assert_eq!(fs::read_to_string(directory.path().join("epoch")).unwrap(), "many");
    }
}
