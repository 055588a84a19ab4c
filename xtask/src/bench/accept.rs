//! How many beacons a second the collector acknowledges, beside nginx that only logs them: `tests/load/accept.mjs`.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::build;
use crate::command::on_path;
use crate::install::{apt_install, can_apt_install};
use crate::workspace::Workspace;

const PACKAGES: [&str; 3] = ["nginx", "libnginx-mod-http-lua", "wrk"];
const LUA_MODULE: &str = "/usr/lib/nginx/modules/ngx_http_lua_module.so";
/// Eighteen loads of eight seconds, and what is between them.
const LIMIT: Duration = Duration::from_mins(9);

/// An error when the collector is slower than its README promises.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let is_there = || on_path("nginx").is_some() && on_path("wrk").is_some() && Path::new(LUA_MODULE).is_file();
    if !is_there() {
        if !can_apt_install() {
            bail!("type as root: apt-get install --no-install-recommends {}", PACKAGES.join(" "));
        }
        apt_install(workspace, "accept", &PACKAGES)?;
    }
    build::build(workspace, None)?;
    let script = workspace.program("accept", "node", LIMIT).arg("tests/load/accept.mjs");
    script.unlabelled().run(&workspace.stop)
}
