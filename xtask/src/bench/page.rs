//! How soon the report page shows its answers on many page views: `tests/load/page.mjs`.

use std::time::Duration;

use anyhow::Result;

use crate::build;
use crate::workspace::Workspace;

/// Most of it is the filling.
const LIMIT: Duration = Duration::from_hours(1);

/// An error when the first view or a move of the slider takes longer than it may.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    build::build(workspace, None)?;
    workspace.program("page", "node", LIMIT).arg("tests/load/page.mjs").unlabelled().run(&workspace.stop)
}
