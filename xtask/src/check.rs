//! `cargo xtask test` and `cargo xtask deny`: everything that is run before a change lands.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::build::{Findings, asset_steps};
use crate::output::say;
use crate::stamp::list_files;
use crate::steps::{Done, OnFailure, Plan, Step};
use crate::workspace::Workspace;
use crate::{bench, fuzz, install};

const TEST_LIMIT: Duration = Duration::from_mins(70);
const SCRIPT_LIMIT: Duration = Duration::from_mins(5);
/// Of `cargo-deny`, which is not a dependency but a tool.
const DENY_VERSION: &str = "0.20.2";

/// Where scripts have tests beside them.
const SCRIPTS: [&str; 3] = ["beacon-wasm", "collector/report", "tests/browser"];

/// Everything but the browser's crate, which has a target of its own.
const WORKSPACE: [&str; 3] = ["--workspace", "--exclude", "beacon-wasm"];

/// Runs all tests, or the Rust tests whose name contains `filter`. Goes on after a failure, to show them all.
pub(crate) fn test(workspace: &Workspace, filter: Option<&str>) -> Result<()> {
    let _lock = workspace.lock()?;
    let findings = Findings::default();
    let mut steps = asset_steps(workspace, &findings);
    steps.extend([
        Step::new("chromium", || install::chromium(workspace)),
        Step::new("python", || install::python_clients(workspace)),
        Step::new("compile", || compile(workspace)).needs(&["beacon", "report", "uap"]),
    ]);
    if filter.is_none() {
        steps.extend([
            Step::new("size", || bench::hold(workspace)).needs(&["beacon"]),
            Step::new("tsc", || check_types(workspace)).needs(&["npm"]).after(&["compile"]),
            Step::new("js-tests", || script_tests(workspace)).needs(&["npm"]).after(&["compile"]),
            Step::new("beacon-host", || beacon_on_host(workspace)).after(&["compile"]),
            Step::new("c++", || install::cpp_compiler(workspace)),
            Step::new("fuzz", || fuzz::smoke(workspace)).needs(&["compile", "c++"]).after(&["beacon-host"]),
            Step::new("instructions", || bench::hold_instructions(workspace))
                .needs(&["compile"])
                .after(&["beacon-host"]),
        ]);
        steps.push(
            Step::new("rust-tests", move || rust_tests(workspace, filter))
                .needs(&["compile", "chromium", "python"])
                .after(&["tsc", "js-tests", "beacon-host", "fuzz", "instructions"]),
        );
    } else {
        let rust = Step::new("rust-tests", move || rust_tests(workspace, filter));
        steps.push(rust.needs(&["compile", "chromium", "python"]));
    }
    Plan::new(steps)?.run("test", OnFailure::GoOn, &workspace.stop)
}

/// Everything that `cargo test` needs, the binaries that integration tests start included.
fn compile(workspace: &Workspace) -> Result<Done> {
    let targets = ["--lib", "--bins", "--tests", "--examples"];
    workspace.cargo("compile").arg("build").args(WORKSPACE).args(targets).run(&workspace.stop)?;
    Ok(Done::Made)
}

/// Last and alone: some of these drive a browser, and have the machine to themselves.
fn rust_tests(workspace: &Workspace, filter: Option<&str>) -> Result<Done> {
    let tests = workspace.cargo("rust-tests").limit(TEST_LIMIT).args(["test", "--no-fail-fast"]).args(WORKSPACE);
    tests.args(filter).unlabelled().run(&workspace.stop)?;
    Ok(Done::Made)
}

/// The part of the beacon that is plain Rust is tested where it was compiled.
fn beacon_on_host(workspace: &Workspace) -> Result<Done> {
    workspace.cargo("beacon-host").args(["test", "--package", "beacon-wasm"]).run(&workspace.stop)?;
    Ok(Done::Made)
}

fn check_types(workspace: &Workspace) -> Result<Done> {
    if !workspace.at("collector/report/tsconfig.json").is_file() {
        return Ok(Done::Skipped("there is no collector/report/tsconfig.json".to_owned()));
    }
    let tsc = workspace.npm_program("tsc", "tsc", SCRIPT_LIMIT);
    tsc.args(["--noEmit", "--project", "collector/report"]).run(&workspace.stop)?;
    Ok(Done::Made)
}

/// Node's own test runner over every `*.test.*`. TypeScript is bundled first: Node 20 does not read it.
fn script_tests(workspace: &Workspace) -> Result<Done> {
    let mut files = Vec::new();
    for folder in SCRIPTS {
        list_files(&workspace.at(folder), &mut files)?;
    }
    files.retain(|file| is_script_test(&file.to_string_lossy()));
    files.sort();
    let (typed, mut runnable): (Vec<PathBuf>, Vec<PathBuf>) =
        files.into_iter().partition(|file| file.extension().is_some_and(|extension| extension == "ts"));
    if !typed.is_empty() {
        let bundles = workspace.scratch("script-tests")?;
        workspace
            .npm_program("js-tests", "esbuild", SCRIPT_LIMIT)
            .args(&typed)
            .args(["--bundle", "--platform=node", "--format=esm", "--out-extension:.js=.mjs", "--log-level=warning"])
            .arg(format!("--outdir={}", bundles.display()))
            .run(&workspace.stop)?;
        list_files(&bundles, &mut runnable)?;
    }
    if runnable.is_empty() {
        return Ok(Done::Skipped(format!("there is no *.test.* in {}", SCRIPTS.join(", "))));
    }
    workspace.program("js-tests", "node", SCRIPT_LIMIT).arg("--test").args(&runnable).run(&workspace.stop)?;
    Ok(Done::Made)
}

fn is_script_test(path: &str) -> bool {
    [".test.js", ".test.mjs", ".test.ts"].iter().any(|ending| path.ends_with(ending))
}

/// Licences, bans and sources; advisories where their database can be fetched, and a word about it where it cannot.
pub(crate) fn deny(workspace: &Workspace) -> Result<()> {
    let tool = install_deny(workspace)?;
    let run = |words: &[&str]| workspace.program("deny", &tool, SCRIPT_LIMIT).args(words).run(&workspace.stop);
    run(&["check", "--hide-inclusion-graph", "licenses", "bans", "sources"])?;
    if let Err(error) = run(&["fetch", "db"]) {
        say(&format!("       deny | ADVISORIES NOT CHECKED: their database cannot be fetched here ({error:#})"));
        return Ok(());
    }
    run(&["check", "--disable-fetch", "advisories"])
}

/// Compiled without optimisation: it runs for a second, and would compile for minutes.
fn install_deny(workspace: &Workspace) -> Result<PathBuf> {
    let place = workspace.built("tools");
    let tool = place.join("bin/cargo-deny");
    let version = workspace.program("deny", &tool, SCRIPT_LIMIT).arg("--version").read(&workspace.stop);
    if version.is_ok_and(|version| version.ends_with(DENY_VERSION)) {
        return Ok(tool);
    }
    let install = workspace.cargo("deny").args(["install", "cargo-deny", "--locked", "--debug", "--force"]);
    install.args(["--version", DENY_VERSION, "--root"]).arg(&place).run(&workspace.stop)?;
    if !tool.is_file() {
        bail!("cargo-deny was installed, and yet {} is not there", tool.display());
    }
    Ok(tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_tests_are_known_by_their_names() {
        assert!(is_script_test("beacon-wasm/js/session.test.js"));
        assert!(is_script_test("collector/report/src/format.test.ts"));
        assert!(!is_script_test("collector/report/src/format.ts"));
        assert!(!is_script_test("collector/report/src/latest.ts"));
        assert!(!is_script_test("a.test.json"));
    }
}
