//! What one beacon costs, in instructions: an example, so that cargo builds nothing else for it, and run by `cargo xtask` under callgrind.
//! That counts within [`counted_by_callgrind`] alone, and writes down what it has counted whenever [`written_by_callgrind`] returns. Prints a
//! line for each second time that it does: the kind of beacon, the part of the work, and how often that was done.

mod workload;

use anyhow::Result;

use workload::Workload;

/// How often each is done while it is counted.
const TIMES: u32 = 50;

fn main() -> Result<()> {
    let workload = Workload::load()?;
    for kind in &workload.kinds {
        for (part, work) in workload.parts(kind)? {
            // The first time caches are cold, and calls are written that were made when nothing was counted.
            written_by_callgrind(&*work);
            written_by_callgrind(&*work);
            println!("{} {part} {TIMES}", kind.name);
        }
    }
    Ok(())
}

/// Two functions, because callgrind takes one wish for each.
#[inline(never)]
fn written_by_callgrind(work: &dyn Fn()) {
    counted_by_callgrind(work);
    // So that it returns here, and not from the other.
    std::hint::black_box(());
}

#[inline(never)]
fn counted_by_callgrind(work: &dyn Fn()) {
    for _ in 0..TIMES {
        work();
    }
}
