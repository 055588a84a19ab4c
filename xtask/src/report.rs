//! Bundles the report page: `collector/report/index.html` and `collector/report/src/main.ts` into `target/assets/report`.
//!
//! In the page, `src/main.ts` and `src/main.css` stand for the bundles; they become `/report/main-HASH.js` and
//! `/report/main-HASH.css`, whose names may be cached for ever.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::assets;
use crate::stamp::Inputs;
use crate::steps::Done;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_mins(2);

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
        .run(&workspace.stop)
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
    fn the_page_names_the_bundles() {
        let page = r#"<link rel="stylesheet" href="src/main.css"><script type="module" src="src/main.ts"></script>"#;
        let bundles = ["main-AB.css".to_owned(), "main-CD.js".to_owned()];
        assert_eq!(
            with_bundles(page, &bundles),
            r#"<link rel="stylesheet" href="/report/main-AB.css"><script type="module" src="/report/main-CD.js"></script>"#
        );
    }
}
