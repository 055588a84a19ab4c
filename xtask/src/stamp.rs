//! Knows whether a step has to run again: a stamp file holds a hash of everything that went in, and what came out.
//!
//! Constraints: contents decide, never modification times, so that a fresh checkout, a branch switched back and forth
//! or a touched file costs nothing; and a result that was deleted or cut short is made again.
//!
//! Layout of `target/xtask/NAME.stamp`: the hash in hex, then one line per result, `SIZE PATH`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// More files than this under one input are a mistake in the recipe.
const FILES_MAX: usize = 5_000;
/// Never part of an input.
const IGNORED: [&str; 3] = ["target", "node_modules", ".git"];

/// Collects what goes into a step.
#[derive(Default)]
pub(crate) struct Inputs {
    hash: Sha256,
}

impl Inputs {
    /// A word that changes the result: a version, a flag, the recipe itself.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.add("text", text.as_bytes());
        self
    }

    /// A file, or all files below a directory in the order of their names. What does not exist counts as absent, so
    /// that its appearing is a change.
    pub(crate) fn path(mut self, path: &Path) -> Result<Self> {
        let mut files = Vec::new();
        list_files(path, &mut files)?;
        files.sort();
        for file in files {
            let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
            self.add(&name, &bytes);
        }
        Ok(self)
    }

    /// Lengths go in beside the bytes, so that moving a byte from one input to the next changes the hash.
    fn add(&mut self, name: &str, bytes: &[u8]) {
        for part in [name.as_bytes(), bytes] {
            self.hash.update((part.len() as u64).to_le_bytes());
            self.hash.update(part);
        }
    }

    pub(crate) fn finish(self) -> String {
        hex(&self.hash.finalize())
    }
}

/// SHA-256 in hex over several parts, one after the other.
pub(crate) fn sha256_hex(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// All files at or below `path`; none when it does not exist.
pub(crate) fn list_files(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        found.push(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
            let entry = entry?;
            if !IGNORED.iter().any(|name| entry.file_name() == *name) {
                list_files(&entry.path(), found)?;
            }
        }
    }
    if found.len() > FILES_MAX {
        bail!("more than {FILES_MAX} files below {}", path.display());
    }
    Ok(())
}

/// The stamp file of one step.
pub(crate) struct Stamp {
    file: PathBuf,
}

impl Stamp {
    pub(crate) fn new(stamps: &Path, name: &str) -> Self {
        Self { file: stamps.join(format!("{name}.stamp")) }
    }

    /// True when the step ran with these inputs and all that it made is still there in the same size.
    pub(crate) fn is_fresh(&self, inputs: &str) -> bool {
        let Ok(text) = fs::read_to_string(&self.file) else { return false };
        let mut lines = text.lines();
        lines.next() == Some(inputs)
            && lines.all(|line| describe(Path::new(after_space(line))).as_deref() == Some(line))
    }

    /// To be written after the step, with all that it made.
    pub(crate) fn write(&self, inputs: &str, results: &[PathBuf]) -> Result<()> {
        let mut text = format!("{inputs}\n");
        for result in results {
            let line = describe(result).with_context(|| format!("{} was not made", result.display()))?;
            text.push_str(&line);
            text.push('\n');
        }
        if let Some(dir) = self.file.parent() {
            fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        fs::write(&self.file, text).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

fn after_space(line: &str) -> &str {
    line.split_once(' ').map_or("", |(_, path)| path)
}

/// `SIZE PATH`, or nothing when there is no such file.
fn describe(path: &Path) -> Option<String> {
    path.metadata().ok().map(|meta| format!("{} {}", meta.len(), path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(path: &Path) -> String {
        Inputs::default().path(path).expect("readable").finish()
    }

    #[test]
    fn the_hash_follows_contents_and_names_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("a"), "12").expect("written");
        fs::write(dir.path().join("b"), "3").expect("written");
        let first = hash_of(dir.path());

        fs::write(dir.path().join("a"), "12").expect("written again, the same");
        assert_eq!(hash_of(dir.path()), first);

        fs::write(dir.path().join("a"), "1").expect("written");
        fs::write(dir.path().join("b"), "23").expect("written");
        assert_ne!(hash_of(dir.path()), first, "a byte moved from one file to the next");

        fs::create_dir(dir.path().join("target")).expect("made");
        let before = hash_of(dir.path());
        fs::write(dir.path().join("target/x"), "built").expect("written");
        assert_eq!(hash_of(dir.path()), before, "what is built is no input");
    }

    #[test]
    fn an_absent_input_that_appears_is_a_change() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("later");
        let before = hash_of(&file);
        fs::write(&file, "").expect("written");
        assert_ne!(hash_of(&file), before);
    }

    #[test]
    fn a_stamp_is_fresh_until_the_inputs_or_the_results_change() {
        let dir = tempfile::tempdir().expect("a directory");
        let made = dir.path().join("made file");
        fs::write(&made, "12345").expect("written");
        let stamp = Stamp::new(&dir.path().join("stamps"), "step");
        assert!(!stamp.is_fresh("aa"), "never ran");

        stamp.write("aa", std::slice::from_ref(&made)).expect("written");
        assert!(stamp.is_fresh("aa"));
        assert!(!stamp.is_fresh("bb"));

        fs::write(&made, "1234").expect("cut short");
        assert!(!stamp.is_fresh("aa"));
        fs::remove_file(&made).expect("removed");
        assert!(!stamp.is_fresh("aa"));
    }

    #[test]
    fn sha256_is_the_published_one() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(&[b"a", b"bc"]), expected);
    }
}
