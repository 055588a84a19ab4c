//! Compiles the browser side to wasm, with whichever toolchain can.
//!
//! The standard library is compiled along, for size (5,109 against 3,275 bytes, brotli, for a module that does nothing but start), so that the
//! beacon weighs the same wherever it is built. That needs the library's sources and, with a stable compiler, `RUSTC_BOOTSTRAP`:
//!
//! 1. The toolchain in use has the sources (`rustup component add rust-src` was done): used as it is.
//! 2. Debian's `rustc-web`, `cargo-web` and `rust-web-src` are installed. Preferred to 3, since it needs no download.
//! 3. `rustup component add rust-src` works.
//! 4. The Debian packages can be installed.
//!
//! Debian's compiler brings no wasm linker; rustup's toolchains carry `rust-lld`, which is one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command::{is_executable, on_path};
use crate::install::{apt_install, can_apt_install};
use crate::output::say;
use crate::workspace::Workspace;

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const QUERY_LIMIT: Duration = Duration::from_secs(30);
const RUSTUP_LIMIT: Duration = Duration::from_mins(2);

/// What Chromium, Firefox and Safari have shared for years. The compiler may use these, and `wasm-opt` may assume them. Reference
/// types, which the compiler would use by itself, make wasm-bindgen's part larger here, and wasm2js does not know them.
///
/// The stack of 1 MiB that the linker gives otherwise would be memory of the host page's: 16 KiB are plenty.
const FLAGS: &str = "-Ctarget-feature=+bulk-memory,+mutable-globals,+nontrapping-fptoint,+sign-ext,-reference-types,-multivalue \
                     -Clink-arg=-zstack-size=16384";

/// The compiler that can make wasm here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The one in use.
    InUse,
    /// Debian's.
    Debian { linker: PathBuf },
}

/// Finds or installs a toolchain.
pub(crate) fn find_or_install(workspace: &Workspace) -> Result<Toolchain> {
    if let Some(found) = find(workspace)? {
        return Ok(found);
    }
    if on_path("rustup").is_some() {
        let added = workspace.program("wasm-rust", "rustup", RUSTUP_LIMIT).args(["component", "add", "rust-src"]);
        match added.run(&workspace.stop) {
            Ok(()) if has_sources(workspace)? => return Ok(Toolchain::InUse),
            Ok(()) => say("  wasm-rust | rustup added the sources to another toolchain than the one in use"),
            Err(error) => say(&format!("  wasm-rust | {error:#}; trying Debian's packages")),
        }
    }
    if !can_apt_install() {
        bail!(
            "no Rust compiler here can make wasm. Type `rustup component add rust-src`, or on Debian, as root, \
             `apt-get install --no-install-recommends {}`",
            DEBIAN_PACKAGES.join(" ")
        );
    }
    apt_install(workspace, "wasm-rust", &DEBIAN_PACKAGES)?;
    find(workspace)?.context("Debian's packages are installed, and yet their compiler was not found")
}

fn find(workspace: &Workspace) -> Result<Option<Toolchain>> {
    if has_sources(workspace)? {
        return Ok(Some(Toolchain::InUse));
    }
    find_debian(workspace)
}

/// Whether the compiler in use has the standard library's sources.
fn has_sources(workspace: &Workspace) -> Result<bool> {
    let query = workspace.program("wasm-rust", "rustc", QUERY_LIMIT).args(["--print", "sysroot"]);
    Ok(holds_sources(Path::new(&query.read(&workspace.stop)?)))
}

fn holds_sources(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
}

fn find_debian(workspace: &Workspace) -> Result<Option<Toolchain>> {
    if !is_executable(Path::new("/usr/bin/cargo")) || !is_executable(Path::new("/usr/bin/rustc")) {
        return Ok(None);
    }
    let sysroot = debian(workspace.program("wasm-rust", "/usr/bin/rustc", QUERY_LIMIT)).args(["--print", "sysroot"]);
    if !holds_sources(Path::new(&sysroot.read(&workspace.stop)?)) {
        return Ok(None);
    }
    let linker = find_linker(workspace)?;
    Ok(Some(Toolchain::Debian { linker }))
}

fn find_linker(workspace: &Workspace) -> Result<PathBuf> {
    let rustc = |what: [&str; 2]| workspace.program("wasm-rust", "rustc", QUERY_LIMIT).args(what).read(&workspace.stop);
    let (sysroot, host) = (rustc(["--print", "sysroot"])?, rustc(["--print", "host-tuple"])?);
    let bundled = Path::new(&sysroot).join("lib/rustlib").join(host).join("bin/rust-lld");
    let candidates = [Some(bundled), on_path("rust-lld"), on_path("wasm-ld")];
    let found = candidates.into_iter().flatten().find(|path| is_executable(path));
    found.context("no linker for wasm was found. Type `apt-get install --no-install-recommends lld`")
}

/// Without what rustup's wrapper and the running cargo put into the environment for their own toolchain.
fn debian(program: crate::command::Program) -> crate::command::Program {
    let foreign = ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "RUSTC_WRAPPER"];
    foreign.into_iter().fold(program, crate::command::Program::without_env)
}

/// Compiles `beacon-wasm` and gives the module's path. Its own target directory: no waiting for other builds' locks.
pub(crate) fn compile(workspace: &Workspace, toolchain: &Toolchain) -> Result<PathBuf> {
    let target_dir = workspace.built("wasm-build");
    let program = match toolchain {
        Toolchain::InUse => workspace.cargo("wasm"),
        Toolchain::Debian { linker } => {
            let cargo = workspace.program("wasm", "/usr/bin/cargo", crate::workspace::COMPILE_LIMIT);
            debian(cargo).env("RUSTC", "/usr/bin/rustc").env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        }
    };
    let program = program
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", format!("{FLAGS} -Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none"))
        .args(["build", "--package", "beacon-wasm", "--lib", "--profile", "wasm", "--target", TARGET])
        .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
        .arg("--target-dir")
        .arg(&target_dir);
    program.run(&workspace.stop)?;
    Ok(target_dir.join(TARGET).join("wasm/beacon_wasm.wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_counts_only_with_the_sources_of_its_library() {
        let sysroot = tempfile::tempdir().expect("a directory");
        assert!(!holds_sources(sysroot.path()));
        let library = sysroot.path().join("lib/rustlib/src/rust/library/std");
        std::fs::create_dir_all(&library).expect("made");
        assert!(!holds_sources(sysroot.path()));
        std::fs::write(library.join("Cargo.toml"), "").expect("written");
        assert!(holds_sources(sysroot.path()));
    }
}
