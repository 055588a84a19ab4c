//! Where `libchdb.so` is looked for.
//!
//! In this order: the file named on the command line, the file named by `SLOWTAX_LIBCHDB`, beside this program, and in
//! `node_modules` of the working directory or of a directory above it (npm's own rule). A named file is taken or
//! refused; it is never silently replaced by another one.

use std::fmt;
use std::path::{Path, PathBuf};

/// The environment variable that names the library.
pub const LIBRARY_VARIABLE: &str = "SLOWTAX_LIBCHDB";

/// The name of the npm package that has the library for this platform.
pub const NPM_PACKAGE: Option<&str> = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    Some("@chdb/lib-linux-x64-gnu")
} else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
    Some("@chdb/lib-linux-arm64-gnu")
} else {
    None
};

/// Nothing was found: every place that was tried.
#[derive(Debug)]
pub struct NotFound {
    tried: Vec<PathBuf>,
}

impl fmt::Display for NotFound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "libchdb.so, the ClickHouse engine, was not found. Tried:")?;
        for path in &self.tried {
            writeln!(formatter, "  {}", path.display())?;
        }
        match NPM_PACKAGE {
            Some(package) => write!(
                formatter,
                "Get it with `npm install {package}`, or name the file with --libchdb FILE or {LIBRARY_VARIABLE}=FILE."
            ),
            None => write!(formatter, "Name the file with --libchdb FILE or {LIBRARY_VARIABLE}=FILE."),
        }
    }
}

impl std::error::Error for NotFound {}

/// Finds the library. `named` is the command line's file, `variable` the environment's.
pub fn find(
    named: Option<&Path>,
    variable: Option<&Path>,
    executable: Option<&Path>,
    working_directory: &Path,
) -> Result<PathBuf, NotFound> {
    let mut candidates = Vec::new();
    if let Some(path) = named.or(variable) {
        candidates.push(path.to_owned());
    } else {
        if let Some(directory) = executable.and_then(Path::parent) {
            candidates.push(directory.join("libchdb.so"));
        }
        if let Some(package) = NPM_PACKAGE {
            candidates.extend(
                working_directory
                    .ancestors()
                    .map(|directory| directory.join("node_modules").join(package).join("libchdb.so")),
            );
        }
    }
    match candidates.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(NotFound { tried: candidates }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_named_file_is_never_replaced_by_another() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("libchdb.so"), b"").unwrap();
        let executable = directory.path().join("program");
        let missing = directory.path().join("missing.so");
        let error = find(Some(&missing), None, Some(&executable), directory.path()).unwrap_err();
        assert_eq!(error.tried, [missing]);
    }

    #[test]
    fn the_library_beside_the_program_comes_before_node_modules() {
        let directory = tempfile::tempdir().unwrap();
        let beside = directory.path().join("libchdb.so");
        fs::write(&beside, b"").unwrap();
        let installed = directory.path().join("node_modules").join(NPM_PACKAGE.unwrap());
        fs::create_dir_all(&installed).unwrap();
        fs::write(installed.join("libchdb.so"), b"").unwrap();
        let below = directory.path().join("a/b");
        let executable = directory.path().join("program");
        assert_eq!(find(None, None, Some(&executable), &below).unwrap(), beside);
        assert_eq!(find(None, None, None, &below).unwrap(), installed.join("libchdb.so"));
    }

    #[test]
    fn the_message_names_every_place_and_the_remedy() {
        let error = find(None, None, None, Path::new("/nowhere/here")).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("/nowhere/here/node_modules/@chdb/"), "{message}");
        assert!(message.contains("/nowhere/node_modules/@chdb/"), "{message}");
        assert!(message.contains("npm install @chdb/"), "{message}");
    }
}
