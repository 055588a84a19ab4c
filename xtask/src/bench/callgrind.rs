//! Counts instructions: runs a program under callgrind, and reads what that has written.
//!
//! Only the program's own instructions are counted, not those of the C library, of which there are others on other machines, and in it others
//! for other processors (`memcpy`, `malloc`). How often the program asks that for memory is counted instead.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::install;
use crate::workspace::Workspace;

/// Some ten seconds, of which most are the program's start.
const LIMIT: Duration = Duration::from_mins(5);

/// What was counted, all times together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Instructions of the program's own.
    pub(crate) own: u64,
    /// Those of others: the C library.
    pub(crate) others: u64,
    /// Calls of `malloc` and its like.
    pub(crate) allocations: u64,
}

/// Runs the program, which has the two functions named below, and gives the lines that it has printed, each with what was counted before it.
pub(crate) fn count(workspace: &Workspace, program: &Path) -> Result<Vec<(String, Counts)>> {
    install::valgrind(workspace)?;
    let results = workspace.scratch("callgrind")?;
    let valgrind = workspace.program("callgrind", "valgrind", LIMIT).args(["--quiet", "--tool=callgrind"]);
    let printed = valgrind
        .args(["--compress-strings=no", "--compress-pos=no"])
        .args(["--toggle-collect=*counted_by_callgrind*", "--dump-after=*written_by_callgrind*"])
        .arg(format!("--callgrind-out-file={}", results.join("out").display()))
        .arg(program)
        .read(&workspace.stop)?;
    let lines = printed.lines().zip(1..);
    lines
        .map(|(line, number)| {
            // Of two files the first also has calls from before.
            let path = results.join(format!("out.{}", 2 * number));
            let text = fs::read_to_string(&path).with_context(|| format!("callgrind wrote no {}", path.display()))?;
            Ok((line.to_owned(), read(&text, &program.to_string_lossy())?))
        })
        .collect()
}

/// Adds up a file in callgrind's format, which tells costs by function: `ob=` names the file that a function is in, `cfn=` one that it calls,
/// and behind `calls=` stands what that call has cost, which is told with that function's own. All other numbers are a line and its cost.
fn read(text: &str, program: &str) -> Result<Counts> {
    let mut counts = Counts::default();
    let (mut is_own, mut is_memory, mut is_call) = (false, false, false);
    for line in text.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            is_own = object == program;
        } else if let Some(function) = line.strip_prefix("cfn=") {
            is_memory = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"].contains(&function);
        } else if let Some(calls) = line.strip_prefix("calls=") {
            is_call = true;
            if is_own && is_memory {
                let times = calls.split(' ').next().unwrap_or_default();
                counts.allocations += times.parse::<u64>().with_context(|| format!("no number of calls: `{line}`"))?;
            }
        } else if line.starts_with(|first: char| first.is_ascii_digit()) && !std::mem::take(&mut is_call) {
            let cost = line.split(' ').nth(1).unwrap_or_default();
            let cost: u64 = cost.parse().with_context(|| format!("no cost: `{line}`"))?;
            *(if is_own { &mut counts.own } else { &mut counts.others }) += cost;
        }
    }
    if counts.own == 0 {
        bail!("callgrind has counted nothing in {program}");
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# callgrind format
version: 1
positions: line
events: Ir
summary: 60

ob=/p/instructions
fl=???
fn=work
0 20
cob=/lib/libc.so.6
cfi=???
cfn=malloc
calls=3 0
0 30
cfn=free
calls=2 0
0 4

ob=/lib/libc.so.6
fn=malloc
7 25
cfn=malloc_consolidate
calls=1 0
7 5
fn=free
9 4

fn=malloc_consolidate
0 5
";

    #[test]
    fn own_instructions_are_told_from_others_and_a_call_is_not_counted_twice() {
        let counts = read(TEXT, "/p/instructions").expect("callgrind's format");
        assert_eq!(counts, Counts { own: 20, others: 34, allocations: 3 });
    }

    #[test]
    fn a_program_in_which_nothing_was_counted_is_an_error() {
        assert!(read(TEXT, "/p/other").is_err());
    }
}
