//! `beacon-wasm/size.snap`: what the beacon's files weighed when somebody last looked, so that a change of it is seen in review.
//!
//! Layout: a comment, then per file, and per sum of what one page loads, a name and brotli bytes. Written by `cargo xtask bench size --write`
//! alone: a text that is not what would be written for its own figures is refused, so that no sum in it can be wrong.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::bench::size::{KINDS, STUB, SUMS, Sizes, measure};
use crate::output::say;
use crate::steps::Done;
use crate::workspace::Workspace;

const UPDATE: &str = "cargo xtask bench size --write";

/// Of `slowtax.js`, which the page's calls wait for.
const STUB_BROTLI_BYTES_MAX: u64 = 1_500;
/// Of all that a page loads. The best full client of others weighs more (lux, 9,851), and captures less.
const PAGE_BROTLI_BYTES_MAX: u64 = 8_000;

/// Compilers of different makes and ages give files that differ by a few bytes: what differs by no more than either of these is the same.
const SAME_BYTES_MAX: u64 = 16;
const SAME_PERCENT_MAX: u64 = 1;

fn place(workspace: &Workspace) -> PathBuf {
    workspace.at("beacon-wasm/size.snap")
}

/// Holds the built beacon to its limits and to what is written down.
pub(crate) fn hold(workspace: &Workspace) -> Result<Done> {
    let sizes = measure(&workspace.assets().join("beacon"))?.brotli();
    let path = place(workspace);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let found = [over_limits(&sizes), differences(&sizes, &read(&text)?)].concat();
    if !found.is_empty() {
        bail!("{}", found.join("; "));
    }
    Ok(Done::Made)
}

/// Writes the sizes down. An error when they are over the limits: written down they are all the same, for who looks at the difference.
pub(crate) fn write(workspace: &Workspace, sizes: Sizes<u64>) -> Result<()> {
    let path = place(workspace);
    fs::write(&path, told(&sizes)).with_context(|| format!("cannot write {}", path.display()))?;
    say("written to beacon-wasm/size.snap");
    let over = over_limits(&sizes);
    if !over.is_empty() {
        bail!("{}", over.join("; "));
    }
    Ok(())
}

fn over_limits(sizes: &Sizes<u64>) -> Vec<String> {
    let limits = [
        (KINDS[STUB], sizes.0[STUB], STUB_BROTLI_BYTES_MAX),
        ("what a page loads", sizes.sum(SUMS[0].1), PAGE_BROTLI_BYTES_MAX),
    ];
    let complaint = |(name, bytes, limit): (&str, Option<u64>, u64)| match bytes {
        Some(bytes) if bytes <= limit => None,
        Some(bytes) => Some(format!("{name} weighs {bytes} bytes of brotli, more than {limit}")),
        None => Some(format!("the size of {name} is not known: a file is missing")),
    };
    limits.into_iter().filter_map(complaint).collect()
}

fn differences(sizes: &Sizes<u64>, told: &Sizes<u64>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (name, (size, told)) in KINDS.iter().zip(sizes.0.iter().zip(told.0)) {
        match (*size, told) {
            (Some(size), Some(told)) if !is_same(size, told) => {
                found.push(format!("{name} weighs {size} bytes of brotli, and {told} in beacon-wasm/size.snap"));
            }
            (Some(size), None) => found.push(format!("{name} ({size} bytes) is not in beacon-wasm/size.snap")),
            (None, Some(_)) => found.push(format!("{name} is in beacon-wasm/size.snap, and is not built")),
            _ => {}
        }
    }
    if let Some(last) = found.last_mut() {
        last.push_str(". If that is meant, type `");
        last.push_str(UPDATE);
        last.push_str("` and commit the file");
    }
    found
}

fn is_same(size: u64, told: u64) -> bool {
    let difference = size.abs_diff(told);
    difference <= SAME_BYTES_MAX || difference * 100 <= told * SAME_PERCENT_MAX
}

/// The text of the file.
fn told(sizes: &Sizes<u64>) -> String {
    let files = KINDS.iter().copied().zip(sizes.0);
    let sums = SUMS.map(|(name, kinds)| (name, sizes.sum(kinds)));
    let start =
        format!("# Brotli bytes of the beacon's files, written by `{UPDATE}` and held by `cargo xtask test`.\n");
    files
        .chain(sums)
        .filter_map(|(name, bytes)| Some((name, bytes?)))
        .fold(start, |text, (name, bytes)| text + &format!("{name:<24}{bytes:>6}\n"))
}

fn read(text: &str) -> Result<Sizes<u64>> {
    let mut sizes = Sizes::default();
    for line in text.lines() {
        let Some((name, bytes)) = line.rsplit_once(' ') else { continue };
        if let Some(kind) = KINDS.iter().position(|kind| *kind == name.trim_end()) {
            sizes.0[kind] = bytes.parse().ok();
        }
    }
    if told(&sizes) != text {
        bail!("beacon-wasm/size.snap is not as `{UPDATE}` writes it; type that");
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Sizes<u64> = Sizes([Some(1_457), Some(2_000), Some(1_927), None, None]);

    #[test]
    fn what_is_written_is_read_again() {
        let all = Sizes([Some(1_457), Some(2_000), Some(1_927), Some(3_268), Some(900)]);
        for sizes in [PLAIN, all] {
            assert_eq!(read(&told(&sizes)).expect("as written"), sizes);
        }
        assert!(told(&PLAIN).ends_with("a page loads              5384\n"), "{}", told(&PLAIN));
        assert!(told(&all).ends_with("where wasm is refused     6725\n"), "{}", told(&all));
    }

    #[test]
    fn a_sum_that_is_wrong_is_refused() {
        let error = read(&told(&PLAIN).replace("5384", "5383")).expect_err("a sum that is none");
        assert!(error.to_string().contains(UPDATE));
    }

    #[test]
    fn a_difference_counts_past_16_bytes_and_past_one_percent() {
        assert!(is_same(116, 100) && is_same(84, 100));
        assert!(!is_same(117, 100) && !is_same(83, 100));
        assert!(is_same(2_020, 2_000) && is_same(1_980, 2_000));
        assert!(!is_same(2_021, 2_000) && !is_same(1_979, 2_000));
    }

    #[test]
    fn what_differs_is_named_with_what_to_type() {
        assert!(differences(&PLAIN, &PLAIN).is_empty());
        let mut heavier = PLAIN;
        heavier.0[1] = Some(2_100);
        heavier.0[3] = Some(3_000);
        let found = differences(&heavier, &PLAIN).join("; ");
        assert!(found.contains("slowtax-HASH.js weighs 2100") && found.contains("and 2000 in"), "{found}");
        assert!(found.contains("slowtax-HASH.asm.js (3000 bytes) is not in") && found.contains(UPDATE), "{found}");
        assert!(
            differences(&PLAIN, &heavier).join("; ").contains("asm.js is in beacon-wasm/size.snap, and is not built")
        );
    }

    #[test]
    fn the_limits_themselves_are_allowed_and_one_byte_more_is_not() {
        let mut sizes = Sizes([Some(1_500), Some(5_200), Some(1_300), None, None]);
        assert!(over_limits(&sizes).is_empty());
        sizes.0[1] = Some(5_201);
        assert_eq!(over_limits(&sizes), ["what a page loads weighs 8001 bytes of brotli, more than 8000"]);
        sizes.0[..2].copy_from_slice(&[Some(1_501), Some(2_000)]);
        assert_eq!(over_limits(&sizes), ["slowtax.js weighs 1501 bytes of brotli, more than 1500"]);
        sizes.0[2] = None;
        assert_eq!(over_limits(&sizes).len(), 2);
    }
}
