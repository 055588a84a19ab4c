//! Installs what is missing, or names the command that does.

use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command::on_path;
use crate::stamp::Inputs;
use crate::steps::Done;
use crate::workspace::Workspace;

const NODE_MAJOR_MIN: u32 = 20;
const QUERY_LIMIT: Duration = Duration::from_secs(30);
const NPM_LIMIT: Duration = Duration::from_mins(10);
const APT_LIMIT: Duration = Duration::from_mins(10);
const PIP_LIMIT: Duration = Duration::from_mins(10);

/// The package whose engine the lock file pins; the other platforms' packages carry the same version.
const ENGINE_PINNED: &str = "@chdb/lib-linux-x64-gnu";

/// Node.js runs npm, esbuild, wasm-opt, tsc and the browser tests.
pub(crate) fn check_node(workspace: &Workspace) -> Result<Done> {
    const ADVICE: &str = "Type `apt-get install nodejs npm` where that gives at least 20 (Debian 13), \
                          else `nvm install 22`, or see nodejs.org/en/download";
    if on_path("node").is_none() || on_path("npm").is_none() {
        bail!("Node.js {NODE_MAJOR_MIN} or newer and npm are needed. {ADVICE}");
    }
    let version = workspace.program("node", "node", QUERY_LIMIT).arg("--version").read(&workspace.stop)?;
    match node_major(&version) {
        Some(major) if major >= NODE_MAJOR_MIN => Ok(Done::Fresh),
        _ => bail!("Node.js {NODE_MAJOR_MIN} or newer is needed, this is {version}. {ADVICE}"),
    }
}

fn node_major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// `npm ci` when the lock file changed. Install scripts stay off: nothing that is used here needs one.
pub(crate) fn npm_packages(workspace: &Workspace) -> Result<Done> {
    let stamp = workspace.stamp("npm");
    let inputs = Inputs::default()
        .path(&workspace.at("package.json"))?
        .path(&workspace.at("package-lock.json"))?
        .text(engine_package())
        .finish();
    if stamp.is_fresh(&inputs) {
        return Ok(Done::Fresh);
    }
    let quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
    workspace.program("npm", "npm", NPM_LIMIT).arg("ci").args(quiet).run(&workspace.stop)?;
    if engine_package() != ENGINE_PINNED {
        let ask = format!("require('./package.json').optionalDependencies['{ENGINE_PINNED}']");
        let version = workspace.program("npm", "node", QUERY_LIMIT).args(["--print", &ask]).read(&workspace.stop)?;
        let package = format!("{}@{version}", engine_package());
        let install = workspace.program("npm", "npm", NPM_LIMIT).args(["install", "--no-save"]).args(quiet);
        install.arg(package).run(&workspace.stop)?;
    }
    // npm writes this file last, with all that it installed.
    stamp.write(&inputs, &[workspace.at("node_modules/.package-lock.json"), engine_library(workspace)])?;
    Ok(Done::Made)
}

/// The npm package with the ClickHouse engine for this platform.
fn engine_package() -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "aarch64") => "@chdb/lib-linux-arm64-gnu",
        ("macos", "aarch64") => "@chdb/lib-darwin-arm64",
        ("macos", _) => "@chdb/lib-darwin-x64",
        _ => ENGINE_PINNED,
    }
}

/// Where the ClickHouse engine's library is, relative to nothing: an absolute path.
pub(crate) fn engine_library(workspace: &Workspace) -> PathBuf {
    workspace.at("node_modules").join(engine_package()).join("libchdb.so")
}

/// Whether this process may install Debian packages.
pub(crate) fn can_apt_install() -> bool {
    rustix::process::geteuid().is_root() && on_path("apt-get").is_some()
}

/// Installs Debian packages. The package lists are fetched only when the first attempt fails without them.
pub(crate) fn apt_install(workspace: &Workspace, label: &str, packages: &[&str]) -> Result<()> {
    let _one_at_a_time = workspace.apt.lock().unwrap_or_else(PoisonError::into_inner);
    let apt = |words: &[&str]| {
        workspace
            .program(label, "apt-get", APT_LIMIT)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"])
            .args(words)
    };
    let install = [&["install", "--yes", "--no-install-recommends"], packages].concat();
    if apt(&install).run(&workspace.stop).is_ok() {
        return Ok(());
    }
    apt(&["update"]).run(&workspace.stop)?;
    apt(&install).run(&workspace.stop)
}

/// Installs Debian packages unless `present` says that what they bring is there already.
fn ensure(workspace: &Workspace, label: &str, packages: &[&str], present: impl Fn() -> bool) -> Result<Done> {
    if present() {
        return Ok(Done::Fresh);
    }
    let command = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !can_apt_install() {
        bail!("missing here. As root on Debian, type `{command}`");
    }
    apt_install(workspace, label, packages)?;
    if !present() {
        bail!("`{command}` went through, and yet what it should bring was not found");
    }
    Ok(Done::Made)
}

/// Chromium for the browser tests. Its driver is not needed: playwright-core speaks to it directly.
pub(crate) fn chromium(workspace: &Workspace) -> Result<Done> {
    ensure(workspace, "chromium", &["chromium"], || on_path("chromium").is_some())
}

/// A compiler of C++, for the fuzzer.
pub(crate) fn cpp_compiler(workspace: &Workspace) -> Result<Done> {
    ensure(workspace, "c++", &["g++"], || on_path("c++").is_some())
}

/// What counts instructions.
pub(crate) fn valgrind(workspace: &Workspace) -> Result<Done> {
    ensure(workspace, "valgrind", &["valgrind"], || on_path("valgrind").is_some())
}

/// The clients in Python that the integration tests use, in an environment of their own: `target/py`.
pub(crate) fn python_clients(workspace: &Workspace) -> Result<Done> {
    let wanted = workspace.at("tests/it/clients/requirements.txt");
    if !wanted.is_file() {
        return Ok(Done::Skipped("no tests/it/clients/requirements.txt".to_owned()));
    }
    let stamp = workspace.stamp("python");
    let inputs = Inputs::default().path(&wanted)?.finish();
    let (environment, python) = (workspace.built("py"), workspace.built("py/bin/python"));
    if stamp.is_fresh(&inputs) {
        return Ok(Done::Fresh);
    }
    let has_venv = || {
        let probe = workspace.program("python", "python3", QUERY_LIMIT).args(["-c", "import venv, ensurepip"]);
        on_path("python3").is_some() && probe.read(&workspace.stop).is_ok()
    };
    ensure(workspace, "python", &["python3-venv"], has_venv)?;
    let create = workspace.program("python", "python3", PIP_LIMIT).args(["-m", "venv", "--clear"]);
    create.arg(&environment).run(&workspace.stop)?;
    let install =
        workspace.program("python", &python, PIP_LIMIT).args(["-m", "pip", "install", "--no-input", "--quiet"]);
    install.args(["--disable-pip-version-check", "--requirement"]).arg(&wanted).run(&workspace.stop)?;
    stamp.write(&inputs, &[python]).context("the environment has no python")?;
    Ok(Done::Made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_node_is_read_from_what_it_prints() {
        assert_eq!(node_major("v20.20.2"), Some(20));
        assert_eq!(node_major("v8.0"), Some(8));
        assert_eq!(node_major("20.1.0"), None);
        assert_eq!(node_major(""), None);
    }
}
