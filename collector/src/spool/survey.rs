//! What lies in a spool's directory, for `slowtax audit`: looked at from outside, while a collector runs on it or none does.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::appender::{OPEN, SEALED};
use super::disk::{Directory, Disk};
use super::recover::DAMAGED;
use super::{QUARANTINED, SpoolError, read_segment};
use crate::store::rows::parts;

/// Node, run and number of a segment, as they stand in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentName<'n> {
    /// Which collector.
    pub node: &'n str,
    /// Which of its runs.
    pub run: u64,
    /// Made of rows that had been in quarantine, and not of what was received.
    pub is_replay: bool,
    /// Its number in the run.
    pub number: u64,
}

impl<'n> SegmentName<'n> {
    /// Takes a name apart; `None` where it is none.
    pub fn parse(name: &'n str) -> Option<Self> {
        let mut parts = name.splitn(3, '-');
        let (node, run, last) = (parts.next()?, parts.next()?, parts.next()?);
        let number = last.strip_prefix('r');
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let digits = number.unwrap_or(last);
        (is_number(run) && is_number(digits)).then(|| {
            Some(Self { node, run: run.parse().ok()?, is_replay: number.is_some(), number: digits.parse().ok()? })
        })?
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A segment that waits for ClickHouse, or is still open.
    Waiting,
    /// Rows that ClickHouse refuses.
    Quarantined,
    /// What could not be read.
    Damaged,
}

/// A file of a spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// The segment's name; of rows in quarantine that of the segment they were in, with the table's behind it.
    pub name: String,
    /// What it is.
    pub kept: Kept,
    /// Its records, as far as they are whole.
    pub records: u64,
    /// Their rows by table.
    pub rows: BTreeMap<String, u64>,
}

/// Looks at all files of a spool. One that is sealed meanwhile is found by its other name; one that goes away was stored, and is left out. Calls `looked` after each with how many there are.
pub fn survey(directory: &Path, mut looked: impl FnMut(usize)) -> Result<Vec<Surveyed>, SpoolError> {
    let fail = |error| SpoolError { path: directory.display().to_string(), error };
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let disk = Directory::open(directory).map_err(fail)?;
    let names = disk.list().map_err(fail)?;
    let mut found = Vec::new();
    for path in &names {
        match find(&disk, path) {
            Ok(file) => found.extend(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
        looked(names.len());
    }
    Ok(found)
}

/// What was listed under `path`, and may have been sealed since.
fn find(disk: &Directory, path: &str) -> io::Result<Option<Surveyed>> {
    look(disk, path).or_else(|error| match path.strip_suffix(OPEN) {
        Some(name) if error.kind() == io::ErrorKind::NotFound => look(disk, &format!("{name}{SEALED}")),
        _ => Err(error),
    })
}

fn look(disk: &Directory, path: &str) -> io::Result<Option<Surveyed>> {
    let kinds =
        [(DAMAGED, Kept::Damaged), (QUARANTINED, Kept::Quarantined), (SEALED, Kept::Waiting), (OPEN, Kept::Waiting)];
    let kind = kinds.into_iter().find_map(|(ending, kept)| Some((path.strip_suffix(ending)?, kept)));
    let Some((name, kept)) = kind else { return Ok(None) };
    let bytes = disk.read(path)?;
    let mut rows = BTreeMap::new();
    let mut records = 0;
    if let Ok(contents) = read_segment(&bytes) {
        records = contents.records.len() as u64;
        for part in contents.records.iter().flat_map(|record| parts(record)) {
            if let Some(table) = contents.tables.get(part.table) {
                *rows.entry(table.table.clone()).or_default() += part.rows as u64;
            }
        }
    }
    Ok(Some(Surveyed { name: name.to_owned(), kept, records, rows }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::format;

    #[test]
    fn a_segment_that_is_sealed_after_it_was_listed_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let mut bytes = Vec::new();
        format::write_header(&format::Header { name: "n-1-0".to_owned(), tables: Vec::new() }, &mut bytes);
        format::write_record(&[1], &mut bytes);
        std::fs::write(directory.path().join("n-1-0.segment"), bytes).unwrap();
        let disk = Directory::open(directory.path()).unwrap();
        let found = find(&disk, "n-1-0.open").unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.kept, found.records), ("n-1-0", Kept::Waiting, 1));
        for gone in ["n-1-1.open", "n-1-1.segment"] {
            assert_eq!(find(&disk, gone).unwrap_err().kind(), io::ErrorKind::NotFound, "{gone}");
        }
    }

    #[test]
    fn names_are_taken_apart() {
        let name = |run, is_replay, number| Some(SegmentName { node: "00c0ffee", run, is_replay, number });
        for (text, expected) in [
            ("00c0ffee-12-00000345", name(12, false, 345)),
            ("00c0ffee-12-r0000003", name(12, true, 3)),
            ("00c0ffee-12-100000000", name(12, false, 100_000_000)),
            ("00c0ffee-12-00000345-page_views", None),
            ("00c0ffee-12-", None),
            ("00c0ffee-12-r", None),
            ("00c0ffee--1", None),
            ("00c0ffee-12", None),
            ("00c0ffee-12-+1", None),
            ("", None),
        ] {
            assert_eq!(SegmentName::parse(text), expected, "{text}");
        }
    }
}
