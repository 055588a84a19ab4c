//! Tokens whose rows were never stored: what a kill leaves in the middle of an INSERT, put right before the engine opens the data.
//!
//! A MergeTree table with `non_replicated_deduplication_window` keeps the tokens of its INSERTs in files beside its parts:
//!
//! ```text
//! db/store/UUI/UUID/                             a table
//!   20261127_7_7_0/                              a part: partition, first and last block number, level, perhaps a mutation's number
//!   deduplication_logs/deduplication_log_1.txt   a line for each token: 1 (there) or 2 (dropped), the part, the token's hash; tabs between
//! ```
//!
//! The engine (26.7) writes the line, and then renames the part, which is complete, to its name. Killed between the two, it knows a token whose
//! rows are nowhere: the INSERT is repeated, as nobody has answered it, and is taken for a duplicate. Its rows are lost, in this table and not in
//! the others that it feeds. So, before each start, a token that is the last one of its table and whose part is not there is dropped, as the engine
//! itself writes that it is.
//!
//! **Why only the last one.** Both steps are under one lock of the table, so at most one part is between them. Lines before it may name parts that
//! are gone for good reasons (merged long ago, dropped, expired), and stay. A line that is torn is cut off: the engine would put the next one
//! behind it, and from then on read nothing after the two at any start.
//!
//! **Limits.** A part without a line is left as it is, since it may be of an INSERT without a token: if it has one, its repetition is stored twice.
//! 26.7 leaves such a part only after a loss of power, since it never syncs the lines (ClickHouse's issue 111577); its later versions rename first
//! and then write the line (`MergeTreeSink::commitPart`), so with one of them a kill would do that, and this module could not help. A test holds
//! which of the two the engine does. Tables whose parts are on a disk of their own (`SETTINGS disk = ...`) are not looked at.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What the name of a log is between its number.
const LOG_NAME: (&str, &str) = ("deduplication_log_", ".txt");
/// What a line says of its token.
const THERE: &str = "1";
const DROPPED: &str = "2";

/// Drops the last token of each table if its part is not there. Returns in how many tables.
///
/// To be called while no engine has the data open. A log that cannot be read or written is left as it is, and told to the log.
pub fn forget_unstored(database: &Path) -> usize {
    let mut count = 0;
    // Of Atomic databases, and of Ordinary ones.
    for tables in [database.join("store"), database.join("data")] {
        let groups = directories(&tables).unwrap_or_default();
        for table in groups.iter().flat_map(|group| directories(group).unwrap_or_default()) {
            match forget_last(&table) {
                Ok(None) => {}
                Ok(Some(part)) => {
                    count += 1;
                    tracing::info!(
                        table = %table.display(),
                        part,
                        "the engine was killed in the middle of an INSERT, whose token is forgotten: when it is repeated, it is stored"
                    );
                }
                Err(error) => {
                    tracing::warn!(table = %table.display(), %error, "cannot look for tokens whose rows were never stored");
                }
            }
        }
    }
    count
}

/// The part whose tokens were dropped, if it is not there.
fn forget_last(table: &Path) -> io::Result<Option<String>> {
    let logs = match logs(&table.join("deduplication_logs")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        logs => logs?,
    };
    for path in logs {
        let text = fs::read(&path)?;
        if text.is_empty() {
            // One that was just begun, after the line before.
            continue;
        }
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let (part, tokens) = last_part(&text[..whole]);
        let unstored = match Part::parse(part) {
            Some(parsed) if !tokens.is_empty() && !is_stored(table, &parsed)? => Some(part.to_owned()),
            _ => None,
        };
        if unstored.is_some() || whole < text.len() {
            let mut log = OpenOptions::new().append(true).open(&path)?;
            log.set_len(whole as u64)?;
            if unstored.is_some() {
                let lines = tokens.iter().map(|token| format!("{DROPPED}\t{part}\t{token}\n"));
                log.write_all(lines.collect::<String>().as_bytes())?;
            }
            log.sync_all()?;
        }
        return Ok(unstored);
    }
    Ok(None)
}

/// The part that the last lines are about, and its tokens: an INSERT may have several. No tokens where the last line does not add one.
fn last_part(lines: &[u8]) -> (&str, Vec<&str>) {
    let (mut part, mut tokens) = ("", Vec::new());
    for line in lines.strip_suffix(b"\n").unwrap_or_default().rsplit(|&byte| byte == b'\n') {
        let fields: Vec<&str> = std::str::from_utf8(line).unwrap_or_default().split('\t').collect();
        match fields[..] {
            [THERE, name, token] if tokens.is_empty() || name == part => {
                part = name;
                tokens.push(token);
            }
            _ => break,
        }
    }
    (part, tokens)
}

/// Whether a table has the part, or one that it was merged into.
fn is_stored(table: &Path, part: &Part) -> io::Result<bool> {
    let covers = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.and_then(Part::parse).is_some_and(|other| other.covers(part))
    };
    Ok(directories(table)?.iter().any(covers))
}

/// A part, by its name `partition_first_last_level` or `partition_first_last_level_mutation`. A partition has no `_` in it.
#[derive(Debug, PartialEq, Eq)]
struct Part<'name> {
    partition: &'name str,
    first: u64,
    last: u64,
}

impl<'name> Part<'name> {
    fn parse(name: &'name str) -> Option<Self> {
        let (partition, numbers) = name.split_once('_')?;
        let numbers: Vec<u64> = numbers.split('_').map(|number| number.parse().ok()).collect::<Option<_>>()?;
        match numbers[..] {
            [first, last, _level] | [first, last, _level, _] if first <= last => Some(Self { partition, first, last }),
            _ => None,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        self.partition == other.partition && self.first <= other.first && other.last <= self.last
    }
}

/// A table's logs, the latest first.
fn logs(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_prefix(LOG_NAME.0)?.strip_suffix(LOG_NAME.1)?.parse().ok());
        let number: Option<u64> = number;
        if let Some(number) = number.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            logs.push((number, entry.path()));
        }
    }
    logs.sort_unstable_by(|one, other| other.cmp(one));
    Ok(logs.into_iter().map(|(_, path)| path).collect())
}

fn directories(parent: &Path) -> io::Result<Vec<PathBuf>> {
    let mut directories = Vec::new();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            directories.push(entry.path());
        }
    }
    Ok(directories)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with these parts and logs in a data directory, before and after.
    fn after(parts: &[&str], logs: &[(u32, &str)]) -> (usize, Vec<String>) {
        let database = tempfile::tempdir().unwrap();
        let table = database.path().join("store/abc/abcdef");
        let directory = table.join("deduplication_logs");
        fs::create_dir_all(&directory).unwrap();
        for part in parts {
            fs::create_dir(table.join(part)).unwrap();
        }
        let path = |number| directory.join(format!("deduplication_log_{number}.txt"));
        for (number, text) in logs {
            fs::write(path(*number), text).unwrap();
        }
        let count = forget_unstored(database.path());
        assert_eq!(forget_unstored(database.path()), 0, "once more changes nothing");
        (count, logs.iter().map(|(number, _)| fs::read_to_string(path(*number)).unwrap()).collect())
    }

    fn one(parts: &[&str], log: &str) -> (usize, String) {
        let (count, mut texts) = after(parts, &[(1, log)]);
        (count, texts.remove(0))
    }

    #[test]
    fn a_last_token_without_its_part_is_dropped() {
        let log = "1\t20261127_1_1_0\ta\n1\t20261127_2_2_0\tb\n";
        assert_eq!(one(&["20261127_1_1_0"], log), (1, format!("{log}2\t20261127_2_2_0\tb\n")));
        // What is being written is not there yet. Neither is it in another partition, nor in a part that ends before it or begins after it.
        let log = "1\t202611_7_7_1\ta\n";
        for others in
            [&[][..], &["tmp_insert_202611_7_7_1", "detached"], &["202612_7_7_1", "202611_1_6_2", "202611_8_9_2"]]
        {
            assert_eq!(one(others, log), (1, format!("{log}2\t202611_7_7_1\ta\n")), "{others:?}");
        }
    }

    #[test]
    fn a_last_token_with_its_part_stays_also_when_that_was_merged_or_mutated() {
        let log = "1\t202611_6_6_1\ta\n1\t202611_7_7_1\tb\n";
        for part in ["202611_7_7_1", "202611_1_7_2", "202611_7_9_2", "202611_7_7_1_8", "202611_1_9_3_12"] {
            assert_eq!(one(&[part], log), (0, log.to_owned()), "{part}");
        }
    }

    #[test]
    fn tokens_before_the_last_stay_and_so_does_one_that_was_dropped() {
        let log = "1\tall_1_1_0\ta\n1\tall_2_2_0\tb\n2\tall_1_1_0\ta\n";
        assert_eq!(one(&[], log), (0, log.to_owned()));
        let log = "1\tall_1_1_0\ta\n1\tall_2_2_0\tb\n";
        assert_eq!(one(&["all_2_2_0"], log), (0, log.to_owned()));
    }

    #[test]
    fn all_tokens_of_the_last_part_are_forgotten_together() {
        let log = "1\tall_1_1_0\ta\n1\tall_2_2_0\tb\n1\tall_2_2_0\tc\n";
        assert_eq!(one(&["all_1_1_0"], log), (1, format!("{log}2\tall_2_2_0\tc\n2\tall_2_2_0\tb\n")));
    }

    #[test]
    fn a_torn_line_is_cut_off() {
        for torn in ["1", "1\tall_2_2", "1\tall_2_2_0\tb"] {
            let log = format!("1\tall_1_1_0\ta\n{torn}");
            assert_eq!(one(&["all_1_1_0"], &log), (0, "1\tall_1_1_0\ta\n".to_owned()), "{torn:?}");
            assert_eq!(one(&[], &log), (1, "1\tall_1_1_0\ta\n2\tall_1_1_0\ta\n".to_owned()), "{torn:?}");
        }
        assert_eq!(one(&[], "1\tall_1"), (0, String::new()));
    }

    #[test]
    fn the_last_line_is_that_of_the_latest_log_that_has_one() {
        let (first, second, dropped) = ("1\tall_1_1_0\ta\n", "1\tall_2_2_0\tb\n", "2\tall_2_2_0\tb\n");
        let both = format!("{second}{dropped}");
        assert_eq!(after(&[], &[(9, first), (10, second)]), (1, vec![first.to_owned(), both.clone()]));
        assert_eq!(after(&["all_1_1_0"], &[(9, second), (10, "")]), (1, vec![both, String::new()]));
    }

    #[test]
    fn what_is_no_log_is_left() {
        for log in [
            "\n",
            "1\tall_1_1_0\n",
            "1\tno part\ta\n",
            "1\tall_2_1_0\ta\n",
            "3\tall_1_1_0\ta\n",
            "1\tall_1_1_0\ta\tb\n",
        ] {
            assert_eq!(one(&[], log), (0, log.to_owned()));
        }
        assert_eq!(forget_unstored(Path::new("/no/such/directory")), 0);
    }
}
