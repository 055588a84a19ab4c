//! What a page view weighs in ClickHouse, and how long questions take at growing numbers of them: `tests/load/query.mjs`.

use std::time::Duration;

use anyhow::Result;

use crate::build;
use crate::workspace::Workspace;

/// Ten million page views took 14 minutes on two cores; a hundred million were never run to the end.
const LIMIT: Duration = Duration::from_hours(4);

/// An error when a report query, a refresh or a page view's bytes are more than they may be.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    build::build(workspace, None)?;
    workspace.program("query", "node", LIMIT).arg("tests/load/query.mjs").unlabelled().run(&workspace.stop)
}
