//! The benchmarks that `cargo xtask bench NAME` can run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::build;
use crate::output::say;
use crate::workspace::Workspace;

struct Bench {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> Result<()>,
}

/// One line for each; a new benchmark is a new entry.
const BENCHES: [Bench; 1] =
    [Bench { name: "size", about: "what the beacon costs a page: bytes, raw and compressed", run: size }];

/// Runs the named benchmark, or lists all.
pub(crate) fn bench(workspace: &Workspace, name: Option<&str>) -> Result<()> {
    let Some(name) = name else {
        say("benchmarks, each `cargo xtask bench NAME`:");
        for bench in &BENCHES {
            say(&format!("  {:<8} {}", bench.name, bench.about));
        }
        return Ok(());
    };
    let Some(bench) = BENCHES.iter().find(|bench| bench.name == name) else {
        let known: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!("there is no benchmark `{name}`; there are: {}", known.join(", "));
    };
    (bench.run)(workspace)
}

fn size(workspace: &Workspace) -> Result<()> {
    build::build(workspace, Some("beacon"))?;
    say(&size_table(&workspace.assets().join("beacon"))?);
    Ok(())
}

/// Raw, gzip and brotli bytes of every file that has compressed siblings, and their sums.
pub(crate) fn size_table(dir: &Path) -> Result<String> {
    let mut sizes: Vec<(String, [u64; 3])> = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (gzip, brotli) = (dir.join(format!("{name}.gz")), dir.join(format!("{name}.br")));
        if gzip.is_file() && brotli.is_file() {
            sizes.push((name, [path.metadata()?.len(), gzip.metadata()?.len(), brotli.metadata()?.len()]));
        }
    }
    sizes.sort();
    let sum = |column: usize| sizes.iter().map(|(_, size)| size[column]).sum();
    sizes.push(("in all".to_owned(), [sum(0), sum(1), sum(2)]));
    let head = format!("{:<26} {:>9} {:>9} {:>9}", "bytes", "raw", "gzip", "brotli");
    let line = |(name, size): &(String, [u64; 3])| format!("\n{name:<26} {:>9} {:>9} {:>9}", size[0], size[1], size[2]);
    Ok(sizes.iter().fold(head, |text, entry| text + &line(entry)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_sums_what_is_served() {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, bytes) in [("a.js", 10), ("a.js.gz", 7), ("a.js.br", 6), ("b.wasm", 5), ("b.wasm.gz", 4)] {
            fs::write(dir.path().join(name), vec![0_u8; bytes]).expect("written");
        }
        fs::write(dir.path().join("b.wasm.br"), [0_u8; 3]).expect("written");
        let table = size_table(dir.path()).expect("readable");
        let last: Vec<&str> = table.lines().last().expect("a sum").split_whitespace().collect();
        assert_eq!(last, ["in", "all", "15", "11", "9"]);
        assert_eq!(table.lines().count(), 4);
    }
}
