//! What the beacon weighs: its files by kind, and beside what other clients weigh.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::bench::peers::{self, Peer};
use crate::bench::snap;
use crate::build;
use crate::output::say;
use crate::workspace::Workspace;

/// Raw, gzip and brotli bytes.
pub(crate) type Bytes = [u64; 3];

/// The beacon's files. A hash in a name changes with every change; what the file is does not.
pub(crate) const KINDS: [&str; 5] =
    ["slowtax.js", "slowtax-HASH.js", "slowtax-HASH.wasm", "slowtax-HASH.asm.js", "slowtax-HASH.debug.js"];
pub(crate) const STUB: usize = 0;
const CORE: usize = 1;
const MODULE: usize = 2;
const TRANSLATED: usize = 3;

/// Sums that say what one page loads, of indices into [`KINDS`].
pub(crate) const SUMS: [(&str, [usize; 3]); 2] =
    [("a page loads", [STUB, CORE, MODULE]), ("where wasm is refused", [STUB, CORE, TRANSLATED])];

/// Sizes by kind, in the order of [`KINDS`]; none where the build makes no such file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes<T>(pub(crate) [Option<T>; KINDS.len()]);

/// Builds the beacon and prints both tables.
pub(crate) fn compare(workspace: &Workspace) -> Result<()> {
    build::build(workspace, Some("beacon"))?;
    let ours = measure(&workspace.assets().join("beacon"))?;
    let peers = peers::measure(workspace)?;
    let page = ours.sum(SUMS[0].1).context("a file of the beacon is missing")?;
    say(&format!("\n{}\n\n{}", table(&ours), peer_table(page, &peers)));
    Ok(())
}

/// Builds the beacon and writes `beacon-wasm/size.snap`.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    build::build(workspace, Some("beacon"))?;
    let sizes = measure(&workspace.assets().join("beacon"))?;
    say(&table(&sizes));
    snap::write(workspace, sizes.brotli())
}

/// Sizes of the beacon's files in `dir`, and their sums, as text.
pub(crate) fn size_table(dir: &Path) -> Result<String> {
    Ok(table(&measure(dir)?))
}

/// An error when there is a file that is of no known kind, or a second one of a kind.
pub(crate) fn measure(dir: &Path) -> Result<Sizes<Bytes>> {
    let mut sizes = Sizes::default();
    for (name, bytes) in compressed_files(dir)? {
        let Some(kind) = kind_of(&name) else {
            bail!("{} is of no kind that the size of the beacon is known by", dir.join(name).display());
        };
        if sizes.0[kind].replace(bytes).is_some() {
            bail!("there are two {} in {}", KINDS[kind], dir.display());
        }
    }
    Ok(sizes)
}

/// Every file that has compressed siblings, by name.
pub(crate) fn compressed_files(dir: &Path) -> Result<Vec<(String, Bytes)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (gzip, brotli) = (dir.join(format!("{name}.gz")), dir.join(format!("{name}.br")));
        if gzip.is_file() && brotli.is_file() {
            files.push((name, [path.metadata()?.len(), gzip.metadata()?.len(), brotli.metadata()?.len()]));
        }
    }
    files.sort();
    Ok(files)
}

/// The index in [`KINDS`].
fn kind_of(file: &str) -> Option<usize> {
    let name = match file.strip_prefix("slowtax-").and_then(|rest| rest.split_once('.')) {
        Some((hash, ending)) if hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => format!("slowtax-HASH.{ending}"),
        _ => file.to_owned(),
    };
    KINDS.iter().position(|kind| *kind == name)
}

impl Sizes<Bytes> {
    fn sum(&self, kinds: [usize; 3]) -> Option<Bytes> {
        let [a, b, c] = kinds.map(|kind| self.0[kind]);
        let (a, b, c) = (a?, b?, c?);
        Some([0, 1, 2].map(|column| a[column] + b[column] + c[column]))
    }

    pub(crate) fn brotli(&self) -> Sizes<u64> {
        Sizes(self.0.map(|bytes| bytes.map(|[_, _, brotli]| brotli)))
    }
}

impl Sizes<u64> {
    pub(crate) fn sum(&self, kinds: [usize; 3]) -> Option<u64> {
        kinds.iter().map(|kind| self.0[*kind]).sum()
    }
}

fn table(sizes: &Sizes<Bytes>) -> String {
    let files = KINDS.iter().copied().zip(sizes.0);
    let sums = SUMS.map(|(name, kinds)| (name, sizes.sum(kinds)));
    files
        .chain(sums)
        .filter_map(|(name, bytes)| Some((name, bytes?)))
        .fold(head(26), |text, (name, bytes)| text + &format!("\n{name:<26}{}", cells(bytes)))
}

/// Each client with how many times as heavy it is as what a page loads of the beacon, in brotli.
fn peer_table(ours: Bytes, peers: &[Peer]) -> String {
    let first = format!("{}      times\n{:<36}{} {:>10}", head(36), "slowtax", cells(ours), "1.00");
    peers.iter().fold(first, |text, Peer { package, version, about, bytes }| {
        let hundredths = bytes[2] * 100 / ours[2].max(1);
        let times = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        let name = format!("{package} {version}");
        text + &format!("\n{name:<36}{} {times:>10}  {about}", cells(*bytes))
    })
}

fn head(width: usize) -> String {
    format!("{:<width$}{:>10}{:>10}{:>10}", "bytes", "raw", "gzip", "brotli")
}

fn cells([raw, gzip, brotli]: Bytes) -> String {
    format!("{raw:>10}{gzip:>10}{brotli:>10}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(dir: &Path, name: &str, [raw, gzip, brotli]: [usize; 3]) {
        for (ending, bytes) in [("", raw), (".gz", gzip), (".br", brotli)] {
            fs::write(dir.join(format!("{name}{ending}")), vec![0_u8; bytes]).expect("written");
        }
    }

    fn last_line(text: &str) -> Vec<&str> {
        text.lines().last().expect("a line").split_whitespace().collect()
    }

    #[test]
    fn the_table_sums_what_a_page_loads() {
        let dir = tempfile::tempdir().expect("a directory");
        serve(dir.path(), "slowtax.js", [10, 7, 6]);
        serve(dir.path(), "slowtax-00ff.js", [20, 10, 9]);
        serve(dir.path(), "slowtax-00ff.wasm", [30, 20, 18]);
        fs::write(dir.path().join("slowtax-00ff.js.map"), "not served compressed").expect("written");
        let table = size_table(dir.path()).expect("readable");
        assert_eq!(last_line(&table), ["a", "page", "loads", "60", "37", "33"]);
        assert_eq!(table.lines().count(), 5);

        serve(dir.path(), "slowtax-00ff.debug.js", [100, 100, 100]);
        serve(dir.path(), "slowtax-00ff.asm.js", [40, 30, 28]);
        let table = size_table(dir.path()).expect("readable");
        assert_eq!(last_line(&table), ["where", "wasm", "is", "refused", "70", "47", "43"]);
        assert!(table.contains("\na page loads                      60        37        33\n"), "{table}");
    }

    #[test]
    fn a_file_of_no_known_kind_and_a_second_of_a_kind_are_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        serve(dir.path(), "slowtax-00ff.js", [1, 1, 1]);
        serve(dir.path(), "slowtax-00fe.js", [1, 1, 1]);
        assert!(measure(dir.path()).expect_err("two cores").to_string().contains("two slowtax-HASH.js"));
        serve(dir.path(), "other.js", [1, 1, 1]);
        assert!(measure(dir.path()).expect_err("unknown").to_string().contains("other.js is of no kind"));
        assert_eq!(kind_of("slowtax-zz.js"), None);
        assert_eq!(kind_of("slowtax-0f.asm.js"), Some(TRANSLATED));
    }

    #[test]
    fn peers_are_told_in_times_of_ours() {
        let peer =
            Peer { package: "lux".into(), version: "4.4".into(), about: "as shipped".into(), bytes: [9, 8, 1051] };
        let table = peer_table([9, 8, 100], &[peer]);
        assert_eq!(last_line(&table), ["lux", "4.4", "9", "8", "1051", "10.51", "as", "shipped"]);
    }
}
