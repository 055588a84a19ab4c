//! What the collector does while ClickHouse is away for ten minutes at full load, and afterwards: `tests/load/outage.mjs`.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::build;
use crate::workspace::Workspace;

/// How long ClickHouse is away; in minutes, up to [`MINUTES_MAX`]. Ten when it is not set.
const MINUTES: &str = "SLOWTAX_OUTAGE_MINUTES";
const MINUTES_MAX: u64 = 60;

/// An error when memory grows, the backlog drains too slowly, or not all that was acknowledged is stored.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let minutes = match std::env::var(MINUTES) {
        Ok(text) => text.parse().with_context(|| format!("{MINUTES} wants whole minutes, not `{text}`"))?,
        Err(_) => 10,
    };
    if !(1..=MINUTES_MAX).contains(&minutes) {
        bail!("{MINUTES} wants 1 to {MINUTES_MAX} minutes");
    }
    build::build(workspace, None)?;
    // The outage, at most ten minutes more than that to drain, and the start and the end.
    let limit = Duration::from_mins(2 * minutes + 15);
    let script = workspace.program("outage", "node", limit).arg("tests/load/outage.mjs").arg(minutes.to_string());
    script.unlabelled().run(&workspace.stop)
}
