//! Embeds what the program carries: the browser's files and the report (`target/assets/{beacon,report}`, made by `cargo xtask build`), the
//! user agent rules (`target/assets/uap`, or npm's copy), and the SQL. What is not there is embedded as empty, so that a bare
//! `cargo build` works; the program says what it lacks when it is asked for it.

#[path = "build/sql.rs"]
mod sql;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha2::{Digest, Sha256};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build/sql.rs");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("..").canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR").unwrap_or_default());
    let assets = root.join("target/assets");
    let mut code = String::new();
    for (name, directory) in [("BEACON", "beacon"), ("REPORT", "report")] {
        write_assets(&mut code, name, &assets.join(directory))?;
    }
    fs::write(out.join("assets.rs"), code)?;
    fs::write(out.join("sql.rs"), sql::schema(&root.join("sql"))?)?;
    fs::write(out.join("reports.rs"), sql::reports(&root.join("sql"))?)?;
    fs::write(out.join("user_agents.json"), user_agent_rules(&root, &assets)?)
}

/// All files below `directory`, as paths relative to it, in order. The directory is made where it is missing: cargo watches only what exists.
fn watched_files(directory: &Path) -> io::Result<Vec<String>> {
    fs::create_dir_all(directory)?;
    println!("cargo::rerun-if-changed={}", directory.display());
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(current) = directories.pop() {
        for entry in fs::read_dir(&current)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else if let Some(name) = path.strip_prefix(directory).ok().and_then(Path::to_str) {
                files.push(name.replace('\\', "/"));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn write_assets(code: &mut String, name: &str, directory: &Path) -> io::Result<()> {
    let files = watched_files(directory)?;
    let mut items = String::new();
    for file in files.iter().filter(|file| !is_compressed(file)) {
        let path = directory.join(file);
        let hash = hex(&Sha256::digest(fs::read(&path)?)[..8]);
        let compressed = |extension: &str| {
            let beside = format!("{file}.{extension}");
            let path = directory.join(&beside);
            if files.contains(&beside) { format!("Some(include_bytes!({}))", quoted(&path)) } else { "None".to_owned() }
        };
        let (brotli, gzip, path) = (compressed("br"), compressed("gz"), quoted(&path));
        let _ = writeln!(
            items,
            "    Asset {{ name: {file:?}, bytes: include_bytes!({path}), brotli: {brotli}, gzip: {gzip}, hash: {hash:?} }},"
        );
    }
    let _ = writeln!(code, "/// Files of `{}`.\nstatic {name}: &[Asset] = &[\n{items}];", name.to_lowercase());
    Ok(())
}

fn is_compressed(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "br" || extension == "gz")
}

/// uap-core's rules as JSON, which the program reads faster than YAML and without a YAML reader; empty when they are nowhere.
fn user_agent_rules(root: &Path, assets: &Path) -> io::Result<Vec<u8>> {
    watched_files(&assets.join("uap"))?;
    let places = [assets.join("uap/regexes.yaml"), root.join("node_modules/uap-core/regexes.yaml")];
    let Some(path) = places.iter().find(|path| path.is_file()) else {
        return Ok(Vec::new());
    };
    println!("cargo::rerun-if-changed={}", path.display());
    let rules: serde_json::Value = serde_yaml_ng::from_str(&fs::read_to_string(path)?).map_err(io::Error::other)?;
    Ok(serde_json::to_vec(&rules)?)
}

/// A path as a string literal.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
