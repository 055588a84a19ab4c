//! Whether a thousand visits arrive, in real Chromium: the test `delivery::` with more visits than a test has time for.

use std::time::Duration;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{build, install};

const VISITS: &str = "1000";
/// Some five minutes on two cores, and the test's own compilation.
const LIMIT: Duration = Duration::from_mins(25);

/// An error when a view is missing that must have come, or came twice.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    build::build(workspace, Some("beacon"))?;
    install::chromium(workspace)?;
    let test =
        workspace.cargo("delivery").limit(LIMIT).env("SLOWTAX_VISITS", VISITS).args(["test", "--package", "tests"]);
    test.args(["--test", "it", "--", "--nocapture", "delivery::"]).unlabelled().run(&workspace.stop)
}
