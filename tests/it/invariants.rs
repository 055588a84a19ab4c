//! What ARCHITECTURE.md promises about the sources, held by reading them.

use std::fs;
use std::path::{Path, PathBuf};

use tests::embedded::workspace;

/// Rust sources below a folder of the workspace, as paths relative to the workspace.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![workspace().join(folder)];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).unwrap_or_else(|error| panic!("{}: {error}", current.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(workspace()).unwrap().to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "there are no sources in {folder}");
    found
}

/// The code of a file, without comments and what stands in quotes: prose may name what it likes.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(workspace().join(path)).unwrap();
    text.lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .map(|line| line.split('"').step_by(2).collect::<Vec<_>>().join("\"\""))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether the code names something, as a whole word.
fn names(code: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The collector's sources that name any of these words and do not lie where they may.
fn strangers(words: &[&str], may: &str) -> Vec<PathBuf> {
    let mut found = sources("collector/src");
    found.retain(|path| !path.starts_with(may) && words.iter().any(|word| names(&code(path), word)));
    found
}

#[test]
fn only_the_http_folder_names_the_web_framework() {
    let words = ["actix_web", "actix_rt", "actix_http", "actix_server", "actix_cors"];
    assert_eq!(strangers(&words, "collector/src/http"), Vec::<PathBuf>::new());
}

#[test]
fn only_the_store_names_the_clickhouse_client() {
    // A field of the configuration is called like the crate; the crate is what has a path behind it.
    let named = |path: &PathBuf| code(path).contains("clickhouse::") || code(path).contains("use clickhouse");
    let mut found = sources("collector/src");
    found.retain(|path| !path.starts_with("collector/src/store") && named(path));
    assert_eq!(found, Vec::<PathBuf>::new());
}

#[test]
fn only_geo_names_the_reader_of_geoip_files() {
    assert_eq!(strangers(&["maxminddb"], "collector/src/enrich/geo.rs"), Vec::<PathBuf>::new());
}

#[test]
fn enriching_does_no_io_and_reads_no_clock() {
    let words = [
        "fs",
        "net::TcpStream",
        "File",
        "SystemTime",
        "Instant",
        "now_utc",
        "tokio",
        "env::var",
        "thread",
        "rand",
        "process",
    ];
    let mut found = Vec::new();
    for path in sources("collector/src/enrich") {
        let whole = code(&path);
        // Tests read vectors and databases.
        let code = whole.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let is_test = path.ends_with("tests.rs");
        found.extend(words.iter().filter(|word| !is_test && names(code, word)).map(|word| (path.clone(), *word)));
    }
    assert_eq!(found, Vec::new());
}

#[test]
fn only_the_embedded_clickhouse_is_unsafe() {
    for folder in ["beacon-format", "beacon-wasm", "collector", "demo-site", "tests", "xtask"] {
        let mut found = sources(folder);
        found.retain(|path| {
            names(&code(path), "unsafe") && path.file_name().is_some_and(|name| name != "invariants.rs")
        });
        assert_eq!(found, Vec::<PathBuf>::new(), "{folder}");
    }
}

#[test]
fn the_web_framework_stays_out_of_everything_but_the_collector() {
    for folder in ["beacon-format", "clickhouse-embedded", "demo-site"] {
        let manifest = fs::read_to_string(workspace().join(folder).join("Cargo.toml")).unwrap();
        assert!(!manifest.contains("actix"), "{folder}");
    }
}
