//! `cargo xtask fuzz`: looks for inputs for which something does not hold that must. `tests/fuzz/README.md` says what the targets are.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::install;
use crate::output::say;
use crate::steps::Done;
use crate::workspace::Workspace;

/// How long `cargo xtask test` looks, in seconds, all targets together.
pub(crate) const SMOKE_SECONDS: u32 = 30;
/// Where each target has a folder of inputs.
const CORPUS: &str = "tests/fuzz/corpus";
/// Beyond the time to look: the corpus is read, and a thousand expressions are compiled without optimisation.
const START_LIMIT: Duration = Duration::from_mins(2);

/// Looks for `seconds` in all: at one target, or at each for its share. Builds first.
pub(crate) fn fuzz(workspace: &Workspace, target: Option<&str>, seconds: u32) -> Result<()> {
    let targets = chosen(targets(&workspace.at(CORPUS))?, target)?;
    {
        let _lock = workspace.lock()?;
        install::cpp_compiler(workspace)?;
        build(workspace)?;
    }
    look(workspace, &targets, seconds)
}

/// The step of `cargo xtask test`.
pub(crate) fn smoke(workspace: &Workspace) -> Result<Done> {
    build(workspace)?;
    look(workspace, &targets(&workspace.at(CORPUS))?, SMOKE_SECONDS)?;
    Ok(Done::Made)
}

/// The names of all targets: a test holds that each has a folder here.
fn targets(corpus: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(corpus).with_context(|| format!("cannot read {}", corpus.display()))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn chosen(targets: Vec<String>, name: Option<&str>) -> Result<Vec<String>> {
    let Some(name) = name else { return Ok(targets) };
    if targets.iter().any(|target| target == name) {
        return Ok(vec![name.to_owned()]);
    }
    bail!("there is no target `{name}`; there are: {}", targets.join(", "))
}

/// Compiles this workspace's own packages so that they tell what was reached of them; the rest is that of the tests' build.
fn build(workspace: &Workspace) -> Result<()> {
    let cargo = workspace.cargo("fuzz").env("RUSTC_WORKSPACE_WRAPPER", workspace.at("tests/fuzz/rustc-with-coverage"));
    cargo.args(["build", "--package=fuzz", "--features=libfuzzer", "--bin=fuzz"]).run(&workspace.stop)
}

fn look(workspace: &Workspace, targets: &[String], seconds: u32) -> Result<()> {
    let count = u32::try_from(targets.len()).context("more targets than there are numbers")?;
    let share = (seconds / count.max(1)).max(1);
    let failed: Vec<&str> =
        targets.iter().filter(|target| !holds(workspace, target, share)).map(String::as_str).collect();
    if !failed.is_empty() {
        bail!("something does not hold that must: {}", failed.join(", "));
    }
    Ok(())
}

/// Looks at one target, says how it went, and whether all held.
fn holds(workspace: &Workspace, target: &str, seconds: u32) -> bool {
    let Err(error) = run(workspace, target, seconds) else {
        say(&format!("       fuzz | {target} held for {seconds} s"));
        return true;
    };
    let input = newest(&workspace.built("fuzz/found"), target);
    let input = input.map_or_else(|| "INPUT".to_owned(), |path| path.display().to_string());
    say(&format!("{error:#}"));
    say(&format!("       fuzz | FAILED: {target}"));
    say(&format!("       fuzz | the input: {input}"));
    say(&format!("       fuzz | once more: FUZZ_TARGET={target} {} {input}", program(workspace).display()));
    say(&format!("       fuzz | to keep it: cp {input} {CORPUS}/{target}/ && cargo test -p fuzz"));
    false
}

fn program(workspace: &Workspace) -> PathBuf {
    workspace.built("debug/fuzz")
}

/// Inputs that reach something new are kept beside the build, so that the next run begins where this one ends.
fn run(workspace: &Workspace, target: &str, seconds: u32) -> Result<()> {
    let (grown, found) = (workspace.built("fuzz/corpus").join(target), workspace.built("fuzz/found"));
    for folder in [&grown, &found] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let limit = Duration::from_secs(u64::from(seconds)) + START_LIMIT;
    let fuzzer = workspace.program("fuzz", program(workspace), limit).env("FUZZ_TARGET", target);
    let fuzzer = fuzzer.args(["-verbosity=0", "-timeout=10", "-rss_limit_mb=1024"]);
    let fuzzer = fuzzer.arg(format!("-max_total_time={seconds}"));
    let fuzzer = fuzzer.arg(format!("-artifact_prefix={}/{target}-", found.display()));
    fuzzer.arg(grown).arg(workspace.at(CORPUS).join(target)).read(&workspace.stop).map(|_| ())
}

/// The last input that was found for a target.
fn newest(found: &Path, target: &str) -> Option<PathBuf> {
    let is_of_target =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{target}-")));
    let paths = fs::read_dir(found).ok()?.filter_map(|entry| Some(entry.ok()?.path())).filter(is_of_target);
    paths.max_by_key(|path| path.metadata().and_then(|meta| meta.modified()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_known_by_the_folder_of_its_corpus() {
        let corpus = tempfile::tempdir().expect("a directory");
        for name in ["rows", "beacon"] {
            fs::create_dir(corpus.path().join(name)).expect("made");
        }
        let names = targets(corpus.path()).expect("names");
        assert_eq!(names, ["beacon", "rows"]);
        assert_eq!(chosen(names.clone(), None).expect("all"), names);
        assert_eq!(chosen(names.clone(), Some("rows")).expect("one"), ["rows"]);
        let error = chosen(names, Some("row")).expect_err("no such target");
        assert!(error.to_string().contains("`row`") && error.to_string().contains("beacon, rows"));
    }

    #[test]
    fn the_input_that_is_shown_is_the_last_of_its_target() {
        let found = tempfile::tempdir().expect("a directory");
        assert_eq!(newest(found.path(), "rows"), None);
        let first = std::time::UNIX_EPOCH;
        for (name, age) in [("rows-crash-b", 3), ("rows-crash-a", 9), ("beacon-crash-c", 20)] {
            let file = fs::File::create(found.path().join(name)).expect("made");
            file.set_modified(first + Duration::from_secs(age)).expect("dated");
        }
        assert_eq!(newest(found.path(), "rows"), Some(found.path().join("rows-crash-a")));
    }
}
