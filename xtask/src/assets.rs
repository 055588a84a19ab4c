//! What ends up in the collector's binary: `target/assets/{beacon,report,uap}`, each served file with its brotli and
//! gzip siblings.
//!
//! A step makes its files in a scratch directory and publishes them from there. Publishing touches only what differs:
//! the collector's build script looks at modification times, and an unchanged asset must not compile it again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::stamp::Inputs;
use crate::steps::Done;
use crate::workspace::Workspace;

/// Compiles the tool with the heavy dependencies. cargo knows whether there is anything to do.
pub(crate) fn build_tool(workspace: &Workspace) -> Result<Done> {
    workspace.cargo("asset-tool").args(["build", "--package", "xtask-assets"]).run(&workspace.stop)?;
    Ok(Done::Made)
}

/// Where the compiled tool is.
pub(crate) fn tool(workspace: &Workspace) -> PathBuf {
    workspace.built("debug/xtask-assets")
}

/// Writes the brotli and gzip siblings of every file in `staged`.
pub(crate) fn compress(workspace: &Workspace, label: &str, staged: &Path) -> Result<()> {
    const LIMIT: Duration = Duration::from_mins(2);
    workspace.program(label, tool(workspace), LIMIT).arg("compress").arg(staged).run(&workspace.stop)
}

/// Makes `target/assets/NAME` equal to `staged`, and gives the files there.
pub(crate) fn publish(workspace: &Workspace, staged: &Path, name: &str) -> Result<Vec<PathBuf>> {
    sync_directory(staged, &workspace.assets().join(name))
}

/// The parsers' table for user agents comes from npm as it is.
pub(crate) fn publish_user_agents(workspace: &Workspace) -> Result<Done> {
    let source = workspace.at("node_modules/uap-core/regexes.yaml");
    let stamp = workspace.stamp("uap");
    let inputs = Inputs::default().path(&source)?.finish();
    if stamp.is_fresh(&inputs) {
        return Ok(Done::Fresh);
    }
    let staged = workspace.scratch("uap")?;
    fs::copy(&source, staged.join("regexes.yaml")).with_context(|| format!("cannot copy {}", source.display()))?;
    stamp.write(&inputs, &publish(workspace, &staged, "uap")?)?;
    Ok(Done::Made)
}

fn sync_directory(from: &Path, to: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let wanted = names(from)?;
    for stale in names(to)?.difference(&wanted) {
        fs::remove_file(to.join(stale)).with_context(|| format!("cannot remove {}", to.join(stale).display()))?;
    }
    let mut published = Vec::new();
    for name in wanted {
        let (source, place) = (from.join(&name), to.join(&name));
        let bytes = fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?;
        if fs::read(&place).ok().as_ref() != Some(&bytes) {
            fs::write(&place, &bytes).with_context(|| format!("cannot write {}", place.display()))?;
        }
        published.push(place);
    }
    Ok(published)
}

fn names(dir: &Path) -> Result<BTreeSet<std::ffi::OsString>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    entries.map(|entry| Ok(entry?.file_name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishing_writes_what_differs_and_removes_what_is_gone() {
        let dir = tempfile::tempdir().expect("a directory");
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir(&from).expect("made");
        fs::write(from.join("same"), "1").expect("written");
        fs::write(from.join("core-aa.js"), "1").expect("written");
        sync_directory(&from, &to).expect("published");
        let first = to.join("same").metadata().and_then(|meta| meta.modified()).expect("a time");

        fs::remove_file(from.join("core-aa.js")).expect("removed");
        fs::write(from.join("core-bb.js"), "2").expect("written");
        let published = sync_directory(&from, &to).expect("published");

        assert_eq!(published, [to.join("core-bb.js"), to.join("same")]);
        assert!(!to.join("core-aa.js").exists());
        let second = to.join("same").metadata().and_then(|meta| meta.modified()).expect("a time");
        assert_eq!(first, second, "an unchanged file must not look changed");
    }
}
