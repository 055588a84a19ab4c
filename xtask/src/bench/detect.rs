//! How often alarms are false, how soon incidents are found, and whether they are priced as they should, in simulated weeks: `tests/load/detect.mjs`.

use std::time::Duration;

use anyhow::Result;

use crate::build;
use crate::workspace::Workspace;

/// Some minutes on two cores; as many countries as `SLOWTAX_DETECT_COUNTRIES` can ask for take hours.
const LIMIT: Duration = Duration::from_hours(4);

/// An error when the alarms miss what is asked of them.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    build::build(workspace, None)?;
    workspace.program("detect", "node", LIMIT).arg("tests/load/detect.mjs").unlabelled().run(&workspace.stop)
}
