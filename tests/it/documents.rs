//! The documents name what is there.

use std::path::Path;

use tests::embedded::workspace;

const DOCUMENTS: [&str; 8] = [
    "README.md",
    "ARCHITECTURE.md",
    "sql/README.md",
    "beacon-format/README.md",
    "beacon-wasm/README.md",
    "clickhouse-embedded/README.md",
    "demo-site/README.md",
    "deploy/README.md",
];

/// What stands between an opening and a closing mark, for each pair of them.
fn between<'text>(mut text: &'text str, open: &str, close: &str) -> Vec<&'text str> {
    let mut found = Vec::new();
    while let Some((inner, rest)) = text.split_once(open).and_then(|(_, rest)| rest.split_once(close)) {
        found.push(inner);
        text = rest;
    }
    found
}

#[test]
fn links_between_documents_lead_to_files() {
    for document in DOCUMENTS {
        let path = workspace().join(document);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"));
        let folder = path.parent().expect("a file lies in a folder");
        for link in between(&text, "](", ")") {
            let file = link.split('#').next().unwrap_or_default();
            let is_local = !file.is_empty() && !file.contains("://") && !file.starts_with('/');
            assert!(!is_local || folder.join(file).exists(), "{document} links to {file}, which is not there");
        }
    }
}

#[test]
fn the_map_names_folders_and_files_that_exist() {
    let map = std::fs::read_to_string(workspace().join("ARCHITECTURE.md")).expect("the map is there");
    let mut named = 0;
    for row in map.lines().filter(|line| line.starts_with("| `")) {
        let (folder, cell) = row.trim_start_matches("| `").split_once('`').expect("a row names a folder first");
        for path in std::iter::once("").chain(between(cell, "`", "`")) {
            // In the second cell stand paths within the folder, beside names of programs and features.
            let is_path = path.is_empty() || path.contains('/') && !path.contains(' ');
            let path = if path.is_empty() { folder.into() } else { Path::new(folder).join(path) };
            assert!(!is_path || workspace().join(&path).exists(), "ARCHITECTURE.md names {}", path.display());
            named += usize::from(is_path);
        }
    }
    assert!(named > 15, "the map's table was read: {named} paths");
    for path in between(&map, "(`", "`)") {
        assert!(workspace().join(path).exists(), "ARCHITECTURE.md names {path}");
    }
}
