//! Bundles the report page: `collector/report/index.html` and `collector/report/src/main.ts` into `target/assets/report`.
//!
//! In the page, `src/main.ts` and `src/main.css` stand for the bundles; they become `/report/main-HASH.js` and
//! `/report/main-HASH.css`, whose names may be cached for ever.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::assets;
use crate::stamp::Inputs;
use crate::steps::Done;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_mins(2);
/// Where esbuild lists what it has bundled.
const METAFILE: &str = "meta.json";

/// Makes the report's files when their sources changed.
pub(crate) fn build(workspace: &Workspace) -> Result<Done> {
    let sources = workspace.at("collector/report");
    if !sources.join("src/main.ts").is_file() {
        return Ok(Done::Skipped("there is no collector/report/src/main.ts".to_owned()));
    }
    let stamp = workspace.stamp("report");
    let inputs = Inputs::default()
        .text(include_str!("report.rs"))
        .path(&sources)?
        .path(&workspace.at("xtask/assets/src"))?
        .path(&workspace.at("package-lock.json"))?
        .finish();
    if stamp.is_fresh(&inputs) {
        return Ok(Done::Fresh);
    }
    let staged = workspace.scratch("report")?;
    bundle(workspace, &staged)?;
    write_notices(workspace, &staged)?;
    let page = fs::read_to_string(sources.join("index.html")).context("cannot read collector/report/index.html")?;
    fs::write(staged.join("index.html"), with_bundles(&page, &names(&staged)?)).context("cannot write index.html")?;
    assets::compress(workspace, "report", &staged)?;
    stamp.write(&inputs, &assets::publish(workspace, &staged, "report")?)?;
    Ok(Done::Made)
}

fn bundle(workspace: &Workspace, staged: &Path) -> Result<()> {
    workspace
        .npm_program("report", "esbuild", LIMIT)
        .arg("collector/report/src/main.ts")
        .args([
            "--bundle",
            "--minify",
            "--format=esm",
            "--target=es2022",
            "--legal-comments=none",
            "--log-level=warning",
        ])
        .arg("--entry-names=[name]-[hash]")
        .arg(format!("--outdir={}", staged.display()))
        .arg(format!("--metafile={}", staged.join(METAFILE).display()))
        .run(&workspace.stop)
}

/// The licences of the packages that are in the bundles, which go along with them: `notices.txt`, in place of esbuild's list of what it has put in.
fn write_notices(workspace: &Workspace, staged: &Path) -> Result<()> {
    let metafile = staged.join(METAFILE);
    let listed = fs::read_to_string(&metafile).context("cannot read the list of what was bundled")?;
    let mut notices =
        "Slowtax's report page contains the packages below. Slowtax itself: MIT or Apache-2.0.\n".to_owned();
    for package in packages(&listed) {
        let directory = workspace.at("node_modules").join(&package);
        let licence = names(&directory)?.into_iter().find(|name| name.to_lowercase().starts_with("licen"));
        let licence = licence.with_context(|| format!("the package {package} has no licence"))?;
        let text = fs::read_to_string(directory.join(licence))
            .with_context(|| format!("cannot read the licence of {package}"))?;
        let _ = write!(notices, "\n\n{package}\n{}\n\n{}\n", "-".repeat(package.len()), text.trim());
    }
    fs::write(staged.join("notices.txt"), notices).context("cannot write notices.txt")?;
    fs::remove_file(metafile).context("cannot remove the list of what was bundled")
}

/// The npm packages that esbuild's metafile names as inputs.
fn packages(metafile: &str) -> BTreeSet<String> {
    const FOLDER: &str = "\"node_modules/";
    let inputs = metafile.match_indices(FOLDER).map(|(at, _)| &metafile[at + FOLDER.len()..]);
    let names = inputs.map(|input| {
        let parts = if input.starts_with('@') { 2 } else { 1 };
        input.split('/').take(parts).collect::<Vec<_>>().join("/")
    });
    names.collect()
}

fn names(dir: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// The page with the sources' names replaced by the bundles'.
fn with_bundles(page: &str, bundles: &[String]) -> String {
    let replace = |page: String, source: &str, extension: &str| {
        let is_bundle = |name: &&String| name.starts_with("main-") && name.ends_with(extension);
        match bundles.iter().find(is_bundle) {
            Some(bundle) => page.replace(source, &format!("/report/{bundle}")),
            None => page,
        }
    };
    let page = replace(page.to_owned(), "src/main.ts", ".js");
    replace(page, "src/main.css", ".css")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_what_inputs_are_of() {
        let metafile = r#"{"inputs":{"node_modules/d3-array/src/ascending.js":{"imports":[{"path":"node_modules/d3-array/src/x.js"}]},
            "node_modules/@observablehq/plot/src/plot.js":{},"collector/report/src/main.ts":{}}}"#;
        assert_eq!(packages(metafile).into_iter().collect::<Vec<_>>(), ["@observablehq/plot", "d3-array"]);
    }

    #[test]
    fn the_page_names_the_bundles() {
        let page = r#"<link rel="stylesheet" href="src/main.css"><script type="module" src="src/main.ts"></script>"#;
        let bundles = ["main-AB.css".to_owned(), "main-CD.js".to_owned()];
        assert_eq!(
            with_bundles(page, &bundles),
            r#"<link rel="stylesheet" href="/report/main-AB.css"><script type="module" src="/report/main-CD.js"></script>"#
        );
    }
}
