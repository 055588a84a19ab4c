//! What a start finds.

use std::io;

use super::Sealed;
use super::appender::{OPEN, SEALED};
use super::disk::{Disk, DiskFile};
use super::format::{self, End};
use crate::store::rows::{SnapshotId, rows_of, snapshot_of};

/// Behind the name of a file that was put aside.
pub(super) const DAMAGED: &str = ".damaged";
/// Of how many of the newest segments the snapshots are remembered.
const REMEMBERED_MAX: usize = 2;

/// What earlier runs have left.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Their segments, in the order in which they were made.
    pub(super) segments: Vec<Sealed>,
    /// The snapshots in the newest of them: of some of these the senders were never told that they are safe, and may send them again.
    pub(super) snapshots: Vec<SnapshotId>,
}

/// Makes segments of all that earlier runs have left. A tail that is no whole record was never acknowledged, and is cut off; a file
/// that cannot be read is put aside, and never keeps the collector from starting.
pub(super) fn recover<D: Disk>(disk: &D) -> io::Result<Left> {
    let mut names = disk.list()?;
    names.sort_by(|one, other| by_age(one).cmp(&by_age(other)));
    let mut found = Vec::new();
    for path in names {
        let sealed = if let Some(name) = path.strip_suffix(OPEN) {
            seal_left_open(disk, name)
        } else if let Some(name) = path.strip_suffix(SEALED) {
            look(disk, name)
        } else {
            continue;
        };
        match sealed {
            Ok(Some(sealed)) => found.push(sealed),
            Ok(None) => {}
            Err(error) => put_aside(disk, &path, &error),
        }
    }
    disk.sync_names()?;
    let newest = found.iter().rev().take(REMEMBERED_MAX);
    let snapshots = newest.filter_map(|segment| snapshots(disk, &segment.path).ok()).flatten().collect();
    Ok(Left { segments: found, snapshots })
}

/// A run's number has no leading zeros: of two names the longer one is of a later run.
fn by_age(path: &str) -> (usize, &str) {
    let name = path.split('.').next().unwrap_or(path);
    (name.len(), path)
}

fn snapshots<D: Disk>(disk: &D, path: &str) -> io::Result<Vec<SnapshotId>> {
    let bytes = disk.read(path)?;
    let scanned = format::scan(&bytes).map_err(io::Error::other)?;
    Ok(scanned.records.iter().filter_map(|record| snapshot_of(record)).collect())
}

/// Puts a file where it is not taken for a segment, for somebody to look at.
pub(super) fn put_aside<D: Disk>(disk: &D, path: &str, why: &dyn std::fmt::Display) {
    tracing::error!(file = path, %why, "a segment of the spool is damaged and was put aside: what is whole of it is stored, the rest is not");
    if let Err(error) = disk.rename(path, &format!("{path}{DAMAGED}")) {
        tracing::error!(file = path, %error, "it could not be put aside");
    }
}

fn seal_left_open<D: Disk>(disk: &D, name: &str) -> io::Result<Option<Sealed>> {
    let path = format!("{name}{OPEN}");
    let bytes = disk.read(&path)?;
    let Ok(scanned) = format::scan(&bytes) else {
        // A header is whole before anything is acknowledged.
        tracing::warn!(
            file = path,
            bytes = bytes.len(),
            "a segment without a header is removed: nothing in it was acknowledged"
        );
        disk.remove(&path)?;
        return Ok(None);
    };
    if scanned.records.is_empty() {
        disk.remove(&path)?;
        return Ok(None);
    }
    let rows: usize = scanned.records.iter().map(|record| rows_of(record)).sum();
    let sealed = Sealed::new(name, scanned.records.len() as u64, rows, scanned.length as u64);
    if scanned.end != End::Sealed {
        let cut = bytes.len() - scanned.length;
        tracing::info!(
            segment = name,
            records = scanned.records.len(),
            cut_bytes = cut,
            "a segment that was left open is sealed"
        );
        let mut file = disk.reopen(&path, scanned.length as u64)?;
        let mut footer = Vec::new();
        format::write_footer(scanned.records.len() as u64, rows as u64, &mut footer);
        if let Err(error) = file.write(&footer).and_then(|()| file.sync()) {
            // A full disk, say. It is whole as it is, and can be stored.
            tracing::warn!(segment = name, %error, "it cannot be sealed; it is stored as it is");
            file.cut(scanned.length as u64)?;
            return Ok(Some(Sealed { path, ..sealed }));
        }
    }
    disk.rename(&path, &sealed.path)?;
    Ok(Some(sealed))
}

fn look<D: Disk>(disk: &D, name: &str) -> io::Result<Option<Sealed>> {
    let path = format!("{name}{SEALED}");
    // There may be many of them: the end of each says what the start must know.
    let (end, length) = disk.read_end(&path, format::FOOTER_BYTES)?;
    if let Some((records, rows)) = format::read_footer(&end) {
        return Ok(Some(Sealed::new(name, records, usize::try_from(rows).map_err(io::Error::other)?, length)));
    }
    let bytes = disk.read(&path)?;
    let scanned = format::scan(&bytes).map_err(io::Error::other)?;
    let rows = scanned.records.iter().map(|record| rows_of(record)).sum();
    Ok(Some(Sealed::new(name, scanned.records.len() as u64, rows, scanned.length as u64)))
}
