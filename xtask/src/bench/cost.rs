//! What the beacon costs a page's main thread, in real Chromium: `tests/browser/cost.mjs`.

use std::time::Duration;

use anyhow::Result;

use crate::bench::peers;
use crate::workspace::Workspace;
use crate::{build, install};

/// The script begins no round of loads after three minutes.
const LIMIT: Duration = Duration::from_mins(4);

/// An error when the beacon takes longer than its README promises.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    build::build(workspace, Some("beacon"))?;
    install::chromium(workspace)?;
    peers::install(workspace)?;
    let script = workspace.program("cost", "node", LIMIT).arg("tests/browser/cost.mjs");
    script.unlabelled().run(&workspace.stop)
}
