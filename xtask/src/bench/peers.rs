//! The clients that the beacon is measured beside. They are in a package of their own, `tests/peers`, which only what needs them installs.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::assets;
use crate::bench::size::{Bytes, compressed_files};
use crate::stamp::Inputs;
use crate::workspace::Workspace;

const NPM_LIMIT: Duration = Duration::from_mins(5);
const BUNDLE_LIMIT: Duration = Duration::from_mins(2);

/// One client's script.
pub(crate) struct Peer {
    pub(crate) package: String,
    pub(crate) version: String,
    /// What of it, and how it is set up.
    pub(crate) about: String,
    pub(crate) bytes: Bytes,
}

/// `npm ci` in `tests/peers` when its lock file changed.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    let _lock = workspace.lock()?;
    let home = workspace.at("tests/peers");
    let stamp = workspace.stamp("peers");
    let inputs = Inputs::default().path(&home.join("package.json"))?.path(&home.join("package-lock.json"))?.finish();
    if stamp.is_fresh(&inputs) {
        return Ok(());
    }
    let npm = workspace.program("peers", "npm", NPM_LIMIT).in_directory(&home);
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).run(&workspace.stop)?;
    // npm writes this file last, with all that it installed.
    stamp.write(&inputs, &[home.join("node_modules/.package-lock.json")])
}

/// Bundles all of them and compresses them as the beacon is. The project's own npm packages and the asset tool must be there.
pub(crate) fn measure(workspace: &Workspace) -> Result<Vec<Peer>> {
    install(workspace)?;
    let scratch = workspace.scratch("peers")?;
    let bundle = workspace.program("peers", "node", BUNDLE_LIMIT).arg("tests/peers/bundle.mjs").arg(&scratch);
    let list = bundle.read(&workspace.stop)?;
    assets::compress(workspace, "peers", &scratch)?;
    let sizes = compressed_files(&scratch)?;
    list.lines().map(|line| peer(line, &sizes).with_context(|| format!("bundle.mjs printed `{line}`"))).collect()
}

/// From a line of the script: FILE, package, version, what it is.
fn peer(line: &str, sizes: &[(String, Bytes)]) -> Option<Peer> {
    let mut fields = line.split('\t').map(str::to_owned);
    let (file, package, version, about) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (_, bytes) = sizes.iter().find(|(name, _)| *name == file)?;
    Some(Peer { package, version, about, bytes: *bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_line_of_the_script_and_the_size_of_its_file() {
        let sizes = [("lux.js".to_owned(), [3, 2, 1])];
        let found = peer("lux.js\t@speedcurve/lux\t4.4.3\tas shipped", &sizes).expect("a peer");
        assert_eq!((found.package.as_str(), found.bytes), ("@speedcurve/lux", [3, 2, 1]));
        assert!(peer("other.js\tother\t1\tas shipped", &sizes).is_none());
        assert!(peer("lux.js\t@speedcurve/lux", &sizes).is_none());
    }
}
