//! What one beacon costs the collector: time by criterion, and instructions by callgrind, `collector/benches/beacon`.
//!
//! Instructions are the same on every machine, so what they were when somebody last looked is kept in `instructions.snap` there, and a change
//! of it is seen in review. Layout: a comment, the compiler, then per kind of beacon and part of the work how many instructions and
//! allocations. Written by `cargo xtask bench beacon --write` alone. Another compiler makes other code: then nothing is compared.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::bench::callgrind::{self, Counts};
use crate::build;
use crate::output::say;
use crate::steps::Done;
use crate::workspace::Workspace;

const UPDATE: &str = "cargo xtask bench beacon --write";
const SNAPSHOT: &str = "collector/benches/beacon/instructions.snap";
/// How the counted program is compiled; said there.
const PROFILE: &str = "collector/benches/beacon/counted.toml";
const QUERY_LIMIT: Duration = Duration::from_secs(30);
/// Twenty measurements of five seconds, and the compilation.
const LIMIT: Duration = Duration::from_mins(30);

/// What is asked of a beacon, all parts together.
const ASKED_NS: f64 = 5_000.0;
/// The kinds of which it is asked: what browsers send.
const ASKED_OF: [&str; 2] = ["view", "order"];

/// What differs by no more than this is the same.
const SAME_PERCENT_MAX: u64 = 3;

/// A part of the work on a kind of beacon, and what it costs each time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cost {
    kind: String,
    part: String,
    instructions: u64,
    allocations: u64,
}

/// Measures both, and prints a table with the ratios last.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    build::build(workspace, Some("uap"))?;
    let counted = count(workspace)?;
    say("measuring the time of each, about two minutes");
    let bench = workspace.cargo("beacon").limit(LIMIT).args(["bench", "--package=collector", "--bench=beacon", "--"]);
    let quick = ["--output-format=bencher", "--warm-up-time=1", "--measurement-time=4"];
    let printed = bench.args(quick).read(&workspace.stop)?;
    let mut ratios = Vec::new();
    say(&format!("\n{:<9}{:<9}{:>12}{:>14}{:>13}{:>12}", "a beacon", "", "ns", "instructions", "allocations", "libc"));
    for (Cost { kind, part, instructions, allocations }, others) in counted {
        let ns =
            time_of(&printed, &kind, &part).with_context(|| format!("criterion has told no time of {kind}/{part}"))?;
        say(&format!("{kind:<9}{part:<9}{ns:>12.0}{instructions:>14}{allocations:>13}{others:>12}"));
        if part == "whole" {
            let asked = if ASKED_OF.contains(&kind.as_str()) { "" } else { ", of which nothing is asked" };
            ratios.push(format!("{kind}: {:.2} us, {:.2} of 5 us{asked}", ns / 1000.0, ns / ASKED_NS));
        }
    }
    say(&format!("(instructions: the collector's own; libc: those of the C library besides)\n\n{}", ratios.join("\n")));
    Ok(())
}

/// Writes the instructions down.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    build::build(workspace, Some("uap"))?;
    let costs: Vec<Cost> = count(workspace)?.into_iter().map(|(cost, _)| cost).collect();
    let text = told(&compiler(workspace)?, &costs);
    fs::write(place(workspace), &text).with_context(|| format!("cannot write {SNAPSHOT}"))?;
    say(&format!("{text}written to {SNAPSHOT}"));
    Ok(())
}

/// Holds the instructions to what is written down. What the collector is compiled of must be there.
pub(crate) fn hold(workspace: &Workspace) -> Result<Done> {
    let text = fs::read_to_string(place(workspace))
        .with_context(|| format!("cannot read {SNAPSHOT}; `{UPDATE}` writes it"))?;
    let (with, written) = read(&text)?;
    let compiler = compiler(workspace)?;
    if with != compiler {
        return Ok(Done::Skipped(format!("{SNAPSHOT} was counted with {with}, and this is {compiler}")));
    }
    let costs: Vec<Cost> = count(workspace)?.into_iter().map(|(cost, _)| cost).collect();
    let found = differences(&costs, &written);
    if !found.is_empty() {
        bail!("{}. If that is meant, type `{UPDATE}` and commit the file", found.join("; "));
    }
    Ok(Done::Made)
}

fn place(workspace: &Workspace) -> PathBuf {
    workspace.at(SNAPSHOT)
}

/// Version and platform, as the compiler tells them.
fn compiler(workspace: &Workspace) -> Result<String> {
    let told =
        workspace.program("rustc", "rustc", QUERY_LIMIT).args(["--version", "--verbose"]).read(&workspace.stop)?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc tells no host")?;
    let version = told.lines().next().unwrap_or_default();
    Ok(format!("{version} {host}"))
}

/// Compiles the program and counts; each cost with the instructions of others.
fn count(workspace: &Workspace) -> Result<Vec<(Cost, u64)>> {
    let build = workspace.cargo("beacon").args(["build", "--package=collector", "--example=instructions"]);
    // The parts of a crate that are compiled apart, and so what is inlined, must be the same each time.
    let build = build.arg("--config").arg(PROFILE).env("CARGO_INCREMENTAL", "0").without_env("RUSTFLAGS");
    build.run(&workspace.stop)?;
    let program = workspace.built("debug/examples/instructions");
    let program = program.canonicalize().with_context(|| format!("{} was not made", program.display()))?;
    let counted = callgrind::count(workspace, &program)?;
    counted.iter().map(|(line, counts)| cost(line, *counts).with_context(|| format!("it printed `{line}`"))).collect()
}

/// From a line of the program: kind, part, how often.
fn cost(line: &str, counts: Counts) -> Option<(Cost, u64)> {
    let mut words = line.split(' ');
    let (kind, part) = (words.next()?.to_owned(), words.next()?.to_owned());
    let times: u64 = words.next()?.parse().ok().filter(|times| *times > 0)?;
    let Counts { own, others, allocations } = counts;
    Some((Cost { kind, part, instructions: own / times, allocations: allocations / times }, others / times))
}

/// Nanoseconds, from `test KIND/PART ... bench:       2,744 ns/iter (+/- 88)`.
fn time_of(printed: &str, kind: &str, part: &str) -> Option<f64> {
    let begin = format!("test {kind}/{part} ... bench:");
    let rest = printed.lines().find_map(|line| line.trim().strip_prefix(&begin))?;
    rest.trim().split_once(" ns/iter")?.0.replace(',', "").parse().ok()
}

fn differences(costs: &[Cost], written: &[Cost]) -> Vec<String> {
    let mut found = Vec::new();
    for cost in costs {
        let Cost { kind, part, instructions, allocations } = cost;
        match written.iter().find(|written| (&written.kind, &written.part) == (kind, part)) {
            None => found.push(format!("{kind} {part} is not in {SNAPSHOT}")),
            Some(written) => {
                let both = [
                    ("instructions", *instructions, written.instructions),
                    ("allocations", *allocations, written.allocations),
                ];
                let differs = both.into_iter().filter(|(_, is, was)| !is_same(*is, *was));
                found.extend(
                    differs.map(|(what, is, was)| format!("{kind} {part} takes {is} {what}, and {was} in {SNAPSHOT}")),
                );
            }
        }
    }
    let gone = written
        .iter()
        .filter(|written| !costs.iter().any(|cost| (&cost.kind, &cost.part) == (&written.kind, &written.part)));
    found.extend(gone.map(|gone| format!("{} {} is in {SNAPSHOT}, and is not counted", gone.kind, gone.part)));
    found
}

fn is_same(is: u64, was: u64) -> bool {
    is.abs_diff(was) * 100 <= was * SAME_PERCENT_MAX
}

/// The text of the file.
fn told(compiler: &str, costs: &[Cost]) -> String {
    let start = format!(
        "# A beacon's instructions and allocations, written by `{UPDATE}` and held by `cargo xtask test`.\n{compiler}\n"
    );
    costs.iter().fold(start, |text, Cost { kind, part, instructions, allocations }| {
        text + &format!("{kind:<9}{part:<9}{instructions:>10}{allocations:>7}\n")
    })
}

/// The compiler, and the costs.
fn read(text: &str) -> Result<(String, Vec<Cost>)> {
    let compiler = text.lines().nth(1).unwrap_or_default();
    let costs: Option<Vec<Cost>> = text.lines().skip(2).map(read_line).collect();
    match costs {
        Some(costs) if told(compiler, &costs) == text => Ok((compiler.to_owned(), costs)),
        _ => bail!("{SNAPSHOT} is not as `{UPDATE}` writes it; type that"),
    }
}

fn read_line(line: &str) -> Option<Cost> {
    let mut words = line.split_whitespace();
    let (kind, part) = (words.next()?.to_owned(), words.next()?.to_owned());
    Some(Cost { kind, part, instructions: words.next()?.parse().ok()?, allocations: words.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(instructions: u64, allocations: u64) -> Vec<Cost> {
        let of = |part: &str| Cost { kind: "view".to_owned(), part: part.to_owned(), instructions, allocations };
        vec![of("decode"), of("whole")]
    }

    #[test]
    fn what_is_written_is_read_again_and_nothing_else_is() {
        let text = told("rustc 1.95.0 x86_64", &costs(13_442, 11));
        assert_eq!(read(&text).expect("as written"), ("rustc 1.95.0 x86_64".to_owned(), costs(13_442, 11)));
        assert!(text.ends_with("view     whole         13442     11\n"), "{text}");
        for other in [text.replace("13442", "many"), text.replace("  11", " 11"), String::new()] {
            assert!(read(&other).expect_err("not as written").to_string().contains(UPDATE));
        }
    }

    #[test]
    fn three_percent_are_allowed_in_both_directions_and_one_more_is_not() {
        assert!(differences(&costs(1_030, 100), &costs(1_000, 100)).is_empty());
        assert!(differences(&costs(970, 100), &costs(1_000, 100)).is_empty());
        for (is, allocations) in [(1_031, 100), (969, 100), (1_000, 104), (1_000, 96)] {
            assert_eq!(differences(&costs(is, allocations), &costs(1_000, 100)).len(), 2, "{is} {allocations}");
        }
        let found = differences(&costs(1_031, 100), &costs(1_000, 100)).join("; ");
        assert!(found.contains("view whole takes 1031 instructions, and 1000 in"), "{found}");
    }

    #[test]
    fn what_is_only_counted_or_only_written_is_named() {
        let all = costs(1_000, 10);
        assert!(differences(&all, &all[1..]).join("").contains("view decode is not in"));
        assert!(differences(&all[1..], &all).join("").contains("view decode is in"));
    }

    #[test]
    fn a_line_of_the_program_is_a_cost_of_one_time() {
        let counts = Counts { own: 5_000, others: 500, allocations: 100 };
        let (cost, others) = cost("view whole 50", counts).expect("a line");
        assert_eq!((cost.kind.as_str(), cost.part.as_str(), others), ("view", "whole", 10));
        assert_eq!((cost.instructions, cost.allocations), (100, 2));
        assert!(super::cost("view whole 0", counts).is_none());
        assert!(super::cost("view", counts).is_none());
    }

    #[test]
    fn the_time_is_read_from_criterions_short_form() {
        let printed = "test view/decode ... bench:       2,744 ns/iter (+/- 88)\ntest view/whole ... bench:         9 ns/iter (+/- 1)";
        assert_eq!(time_of(printed, "view", "decode"), Some(2744.0));
        assert_eq!(time_of(printed, "view", "whole"), Some(9.0));
        assert_eq!(time_of(printed, "order", "whole"), None);
    }
}
