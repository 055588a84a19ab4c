//! What one beacon costs, in time: `cargo bench -p collector --bench beacon`, or `cargo xtask bench beacon`, which also says how that stands
//! to the five microseconds that are asked. Nothing here fails for being slow.

mod workload;

use anyhow::Result;
use criterion::Criterion;

use workload::Workload;

fn main() -> Result<()> {
    let workload = Workload::load()?;
    let mut criterion = Criterion::default().configure_from_args();
    for kind in &workload.kinds {
        let mut group = criterion.benchmark_group(kind.name);
        for (part, work) in workload.parts(kind)? {
            group.bench_function(part, |bencher| bencher.iter(&work));
        }
    }
    criterion.final_summary();
    Ok(())
}
