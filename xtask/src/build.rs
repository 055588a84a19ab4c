//! The plan that `build`, `run` and `test` share, and the release binaries.

use std::sync::OnceLock;

use anyhow::{Context, Result};

use crate::steps::{Done, OnFailure, Plan, Step};
use crate::workspace::Workspace;
use crate::{assets, beacon, install, report, wasm};

/// What later steps are told by earlier ones.
#[derive(Default)]
pub(crate) struct Findings {
    beacon_is_fresh: OnceLock<bool>,
    toolchain: OnceLock<wasm::Toolchain>,
    module: OnceLock<std::path::PathBuf>,
}

impl Findings {
    /// Asked by several steps, answered once: the answer must not change while they run.
    fn beacon_is_fresh(&self, workspace: &Workspace) -> Result<bool> {
        if let Some(known) = self.beacon_is_fresh.get() {
            return Ok(*known);
        }
        let fresh = beacon::is_fresh(workspace)?;
        Ok(*self.beacon_is_fresh.get_or_init(|| fresh))
    }
}

/// The steps up to and including everything in `target/assets`.
pub(crate) fn asset_steps<'a>(workspace: &'a Workspace, findings: &'a Findings) -> Vec<Step<'a>> {
    vec![
        Step::new("node", || install::check_node(workspace)),
        Step::new("npm", || install::npm_packages(workspace)).needs(&["node"]),
        Step::new("asset-tool", || assets::build_tool(workspace)),
        Step::new("wasm-rust", || find_toolchain(workspace, findings)),
        Step::new("wasm", || compile_wasm(workspace, findings)).needs(&["wasm-rust"]),
        Step::new("beacon", || make_beacon(workspace, findings)).needs(&["npm", "asset-tool", "wasm"]),
        Step::new("report", || report::build(workspace)).needs(&["npm", "asset-tool"]),
        Step::new("uap", || assets::publish_user_agents(workspace)).needs(&["npm"]),
    ]
}

fn find_toolchain(workspace: &Workspace, findings: &Findings) -> Result<Done> {
    if findings.beacon_is_fresh(workspace)? {
        return Ok(Done::Skipped("the beacon is fresh".to_owned()));
    }
    let toolchain = wasm::find_or_install(workspace)?;
    findings.toolchain.get_or_init(|| toolchain);
    Ok(Done::Made)
}

fn compile_wasm(workspace: &Workspace, findings: &Findings) -> Result<Done> {
    if findings.beacon_is_fresh(workspace)? {
        return Ok(Done::Fresh);
    }
    let toolchain = findings.toolchain.get().context("no toolchain was found")?;
    let module = wasm::compile(workspace, toolchain)?;
    findings.module.get_or_init(|| module);
    Ok(Done::Made)
}

fn make_beacon(workspace: &Workspace, findings: &Findings) -> Result<Done> {
    if findings.beacon_is_fresh(workspace)? {
        return Ok(Done::Fresh);
    }
    beacon::assemble(workspace, findings.module.get().context("no module was compiled")?)
}

/// `cargo xtask build`: the assets and the release binaries.
pub(crate) fn build(workspace: &Workspace, only: Option<&str>) -> Result<()> {
    let _lock = workspace.lock()?;
    let findings = Findings::default();
    let mut steps = asset_steps(workspace, &findings);
    // What does not embed assets compiles while they are made; the selection of packages is the same in both, so that
    // cargo unites the same features and compiles a shared dependency once.
    steps.push(Step::new("engine", || release(workspace, "engine", &["clickhouse-embedded", "demo-shop"])));
    steps.push(
        Step::new("collector", || release(workspace, "collector", &["slowtax"]))
            .needs(&["beacon", "report", "uap"])
            .after(&["engine"]),
    );
    let plan = Plan::new(steps)?;
    let plan = match only {
        Some(name) => plan.only(name)?,
        None => plan,
    };
    plan.run("build", OnFailure::StopAll, &workspace.stop)
}

fn release(workspace: &Workspace, label: &str, binaries: &[&str]) -> Result<Done> {
    let packages = ["--package=clickhouse-embedded", "--package=demo-site", "--package=collector"];
    let binaries = binaries.iter().map(|name| format!("--bin={name}"));
    workspace.cargo(label).args(["build", "--release"]).args(packages).args(binaries).run(&workspace.stop)?;
    Ok(Done::Made)
}
