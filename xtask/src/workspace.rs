//! Where everything is, and what every step is given.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command::{Program, Stop};
use crate::output::say;
use crate::service::ServiceCommand;
use crate::stamp::Stamp;

/// Longest that one compilation may take.
pub(crate) const COMPILE_LIMIT: Duration = Duration::from_mins(25);

/// The project's folders, the stop signal, and what only one step may do at a time.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    pub(crate) stop: Stop,
    /// Two package managers at once would wait for each other's lock, or give up on it.
    pub(crate) apt: Mutex<()>,
}

impl Workspace {
    pub(crate) fn locate(stop: Stop) -> Result<Self> {
        // cargo sets the variable when it runs this program; the compiled-in path serves a direct call.
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.parent().context("the xtask package has no parent directory")?.to_owned();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target, stop, apt: Mutex::new(()) })
    }

    /// A path in the project.
    pub(crate) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// A path below cargo's target directory.
    pub(crate) fn built(&self, path: impl AsRef<Path>) -> PathBuf {
        self.target.join(path)
    }

    /// Where the assets are that the collector's build script embeds. It looks beside the sources, wherever cargo's
    /// target directory is.
    pub(crate) fn assets(&self) -> PathBuf {
        self.root.join("target/assets")
    }

    pub(crate) fn stamp(&self, name: &str) -> Stamp {
        Stamp::new(&self.built("xtask"), name)
    }

    /// A program that runs at the project's root.
    pub(crate) fn program(&self, label: &str, program: impl AsRef<std::ffi::OsStr>, limit: Duration) -> Program {
        Program::new(label, program, limit).in_directory(&self.root)
    }

    /// A program that keeps running, at the project's root.
    pub(crate) fn service(&self, name: &'static str, program: &Path) -> ServiceCommand {
        ServiceCommand::new(name, program, &self.root)
    }

    /// The cargo that runs this program.
    pub(crate) fn cargo(&self, label: &str) -> Program {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        self.program(label, cargo, COMPILE_LIMIT)
    }

    /// A program that npm installed.
    pub(crate) fn npm_program(&self, label: &str, name: &str, limit: Duration) -> Program {
        self.program(label, self.at("node_modules/.bin").join(name), limit)
    }

    /// An empty directory for a step's intermediate files; what an earlier run left there is removed.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let dir = self.built("xtask").join(name);
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
        }
        fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(dir)
    }

    /// Held while something is built, so that two builds at once do not write the same files.
    pub(crate) fn lock(&self) -> Result<fs::File> {
        let path = self.built("xtask/lock");
        fs::create_dir_all(self.built("xtask")).context("cannot make the directory for stamps")?;
        let file = fs::File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
        if file.try_lock().is_err() {
            say("another `cargo xtask` is building; waiting for it");
            file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        }
        Ok(file)
    }
}
