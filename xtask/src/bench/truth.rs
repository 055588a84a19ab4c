//! What the loss figures are worth where the loss is known: `tests/load/truth.mjs`.

use std::time::Duration;

use anyhow::Result;

use crate::build;
use crate::workspace::Workspace;

/// Some ten minutes on two cores; as many repetitions as `SLOWTAX_TRUTH_REPEATS` can ask for take hours.
const LIMIT: Duration = Duration::from_hours(12);

/// An error when what is shown is further from the truth than it may be, or its intervals hold it less often.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    build::build(workspace, None)?;
    workspace.program("truth", "node", LIMIT).arg("tests/load/truth.mjs").unlabelled().run(&workspace.stop)
}
