//! The outbox's file.
//!
//! **Constraints.** What [`Journal::append`] has returned from is there after any end of the process and of the machine. What cannot be read holds up nothing.
//!
//! **Layout.** `journal` in the outbox's directory: lines, each the CRC-32C of the rest as eight hexadecimal digits, a space, and a [`Record`] as JSON.
//!
//! **Operation.** Records are written behind what is there, and synced. Where that would make the file long, or after a write that failed, a new file is written
//! of what stands at the moment, synced, and put in the place of the old one: half a line never has another behind it.
//!
//! **Recovery.** Lines that are torn or damaged are left out and counted, and a copy of the file is kept beside it (`damaged-<unix seconds>`, the last
//! [`DAMAGED_MAX`] of them).

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::state::Record;

/// Longest line that is read: the largest record takes less than half of it.
const LINE_BYTES_MAX: u64 = 16 << 20;
/// Length at which a new file is written, unless what stands takes half of it; then at twice that.
const LENGTH_MAX: u64 = 4 << 20;
/// A file beyond that is none of ours: what can wait takes less.
const READ_BYTES_MAX: u64 = 512 << 20;
/// Copies of damaged files that are kept.
const DAMAGED_MAX: usize = 5;

const NAME: &str = "journal";
const NEW: &str = "journal.new";
const DAMAGED: &str = "damaged-";

/// The file, open behind its last line.
#[derive(Debug)]
pub(super) struct Journal {
    directory: PathBuf,
    file: File,
    length: u64,
    rewrite_at: u64,
    /// What is in it is not known for certain: a new one must be written.
    is_suspect: bool,
}

impl Journal {
    /// Opens it, or makes it and the directory; with what it tells, and how many lines could not be read.
    pub(super) fn open(directory: &Path) -> io::Result<(Self, Vec<Record>, usize)> {
        fs::create_dir_all(directory)?;
        let path = directory.join(NAME);
        let is_foreign = fs::metadata(&path).is_ok_and(|file| file.len() > READ_BYTES_MAX);
        if is_foreign {
            fs::rename(&path, directory.join(damaged_name()))?;
        }
        let (records, damaged) = if path.exists() { read(File::open(&path)?)? } else { (Vec::new(), 0) };
        if damaged > 0 {
            keep_copy(directory, &path);
        }
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        // The file's name, and the directory's own.
        for directory in [Some(directory), directory.parent()].into_iter().flatten() {
            let path = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            File::open(path)?.sync_all()?;
        }
        let length = file.metadata()?.len();
        let journal = Self {
            directory: directory.to_owned(),
            file,
            length,
            rewrite_at: LENGTH_MAX.max(2 * length),
            is_suspect: damaged > 0,
        };
        Ok((journal, records, damaged + usize::from(is_foreign)))
    }

    /// Writes records, on disk when it returns. `standing`: what stands without them, for where a new file is due.
    pub(super) fn append(&mut self, records: &[Record], standing: impl FnOnce() -> Vec<Record>) -> io::Result<()> {
        let bytes = lines(records)?;
        let is_long = self.length + bytes.len() as u64 > self.rewrite_at;
        if self.is_suspect || is_long {
            match self.rewrite(&bytes, &standing()) {
                Ok(()) => return Ok(()),
                // The old file goes on: a disk that has no room for two may have some for a line.
                Err(error) if !self.is_suspect => {
                    tracing::warn!(%error, "the outbox cannot be written anew; it grows on");
                    self.rewrite_at = self.length * 2;
                }
                Err(error) => return Err(error),
            }
        }
        if let Err(error) = self.file.write_all(&bytes).and_then(|()| self.file.sync_data()) {
            self.is_suspect = true;
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Has the next append write a new file.
    #[cfg(test)]
    pub(super) fn suspect(&mut self) {
        self.is_suspect = true;
    }

    /// Puts a new file in the place of the old one.
    fn rewrite(&mut self, last: &[u8], standing: &[Record]) -> io::Result<()> {
        let new = self.directory.join(NEW);
        let mut bytes = lines(standing)?;
        bytes.extend_from_slice(last);
        let mut file = File::create(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.directory.join(NAME))?;
        // From here on the old file is gone: what is appended must go to the new one.
        self.file = OpenOptions::new().append(true).open(self.directory.join(NAME))?;
        self.length = bytes.len() as u64;
        self.rewrite_at = LENGTH_MAX.max(2 * self.length);
        self.is_suspect = true;
        File::open(&self.directory)?.sync_all()?;
        self.is_suspect = false;
        Ok(())
    }
}

fn lines(records: &[Record]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for record in records {
        let json = serde_json::to_vec(record)?;
        write!(bytes, "{:08x} ", crc32c::crc32c(&json))?;
        bytes.extend_from_slice(&json);
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// The records of a file in their order, and how many of its lines are none.
fn read(file: File) -> io::Result<(Vec<Record>, usize)> {
    let mut reader = BufReader::new(file);
    let (mut records, mut damaged, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        if reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok((records, damaged));
        }
        match record(&line) {
            Some(record) => records.push(record),
            None => damaged += 1,
        }
    }
}

fn record(line: &[u8]) -> Option<Record> {
    let line = line.strip_suffix(b"\n")?;
    let (crc, json) = line.split_at_checked(9)?;
    let crc = u32::from_str_radix(str::from_utf8(crc).ok()?.strip_suffix(' ')?, 16).ok()?;
    (crc == crc32c::crc32c(json)).then(|| serde_json::from_slice(json).ok()).flatten()
}

/// For whoever wants to know what was lost; without it nothing else is.
fn keep_copy(directory: &Path, path: &Path) {
    let copied = fs::copy(path, directory.join(damaged_name())).and_then(|_| {
        let mut names: Vec<_> = fs::read_dir(directory)?.flatten().map(|entry| entry.file_name()).collect();
        names.retain(|name| name.to_str().is_some_and(|name| name.starts_with(DAMAGED)));
        names.sort();
        let old = names.len().saturating_sub(DAMAGED_MAX);
        names[..old].iter().try_for_each(|name| fs::remove_file(directory.join(name)))
    });
    if let Err(error) = copied {
        tracing::warn!(%error, "the outbox's damaged file cannot be kept");
    }
}

fn damaged_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{DAMAGED}{:010}", now.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(batch: u64) -> Record {
        Record::Next { batch }
    }

    fn open(directory: &Path) -> (Journal, Vec<Record>, usize) {
        Journal::open(directory).unwrap()
    }

    #[test]
    fn what_was_appended_is_read_in_its_order() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("made/anew");
        let (mut journal, records, damaged) = open(&place);
        assert_eq!((records, damaged), (vec![], 0));
        journal.append(&[gone(1), gone(2)], Vec::new).unwrap();
        journal.append(&[gone(3)], Vec::new).unwrap();
        drop(journal);
        assert_eq!(open(&place).1, [gone(1), gone(2), gone(3)]);
    }

    #[test]
    fn cut_anywhere_it_tells_what_is_whole_and_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        open(directory.path()).0.append(&[gone(1), gone(2)], Vec::new).unwrap();
        let whole = fs::read(directory.path().join(NAME)).unwrap();
        let line = whole.len() / 2;
        for length in 0..whole.len() {
            fs::write(directory.path().join(NAME), &whole[..length]).unwrap();
            let (mut journal, records, damaged) = open(directory.path());
            let expected = if length < line { vec![] } else { vec![gone(1)] };
            assert_eq!((&records, damaged), (&expected, usize::from(length % line != 0)), "{length}");
            journal.append(&[gone(9)], || records.clone()).unwrap();
            let (_, read, damaged) = open(directory.path());
            assert_eq!((read, damaged), ([expected, vec![gone(9)]].concat(), 0), "{length}");
        }
        let kept = fs::read_dir(directory.path()).unwrap().flatten().map(|entry| entry.file_name());
        let kept = kept.filter(|name| name.to_string_lossy().starts_with(DAMAGED)).count();
        assert!((1..=DAMAGED_MAX).contains(&kept), "{kept}");
    }

    #[test]
    fn a_changed_byte_costs_its_own_line_alone() {
        let directory = tempfile::tempdir().unwrap();
        open(directory.path()).0.append(&[gone(1), gone(2), gone(3)], Vec::new).unwrap();
        let mut bytes = fs::read(directory.path().join(NAME)).unwrap();
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
        fs::write(directory.path().join(NAME), bytes).unwrap();
        let (_, records, damaged) = open(directory.path());
        assert_eq!((records, damaged), (vec![gone(1), gone(3)], 1));
    }

    #[test]
    fn what_is_not_text_at_all_is_set_aside() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(NAME), [0xff; 5000]).unwrap();
        assert_eq!(open(directory.path()).1, []);
    }

    #[test]
    fn a_long_file_gives_way_to_what_stands() {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, ..) = open(directory.path());
        journal.rewrite_at = 100;
        for batch in 0..20 {
            journal.append(&[gone(batch)], || vec![gone(77)]).unwrap();
            journal.rewrite_at = 100;
        }
        drop(journal);
        let (_, records, _) = open(directory.path());
        assert_eq!((records.first(), records.last()), (Some(&gone(77)), Some(&gone(19))));
        assert!(fs::metadata(directory.path().join(NAME)).unwrap().len() < 150);
    }

    #[test]
    fn after_a_write_that_failed_a_new_file_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, ..) = open(directory.path());
        journal.append(&[gone(1)], Vec::new).unwrap();
        // Open for reading alone, so that nothing can be written.
        journal.file = File::open(directory.path().join(NAME)).unwrap();
        assert!(journal.append(&[gone(2)], Vec::new).is_err());
        journal.append(&[gone(3)], || vec![gone(1)]).unwrap();
        drop(journal);
        assert_eq!(open(directory.path()).1, [gone(1), gone(3)]);
    }
}
