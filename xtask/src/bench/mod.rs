//! The benchmarks that `cargo xtask bench NAME` can run. None of them is a test: what a machine is doing besides must fail nothing.

mod accept;
mod beacon;
mod callgrind;
mod cost;
mod delivery;
mod detect;
mod outage;
mod page;
mod peers;
mod query;
mod size;
mod snap;
mod truth;

use anyhow::{Result, bail};

pub(crate) use crate::bench::beacon::hold as hold_instructions;
pub(crate) use crate::bench::size::size_table;
pub(crate) use crate::bench::snap::hold;
use crate::output::say;
use crate::workspace::Workspace;

struct Bench {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> Result<()>,
}

/// One line for each; a new benchmark is a new entry.
const BENCHES: [Bench; 10] = [
    Bench { name: "size", about: "the beacon's bytes, raw and compressed, beside other clients'", run: size::compare },
    Bench {
        name: "cost",
        about: "the beacon's time on a page's main thread, beside lux and web-vitals",
        run: cost::run,
    },
    Bench { name: "beacon", about: "the collector's time and instructions for one beacon", run: beacon::run },
    Bench { name: "accept", about: "beacons a second that the collector acknowledges, beside nginx", run: accept::run },
    Bench {
        name: "outage",
        about: "ClickHouse away for ten minutes (SLOWTAX_OUTAGE_MINUTES), and the way back",
        run: outage::run,
    },
    Bench {
        name: "truth",
        about: "the loss figures beside the known loss of simulated sites (SLOWTAX_TRUTH_REPEATS)",
        run: truth::run,
    },
    Bench {
        name: "query",
        about: "bytes of a page view and times of queries, up to 100 million (SLOWTAX_QUERY_VIEWS)",
        run: query::run,
    },
    Bench {
        name: "page",
        about: "how soon the report page answers, on ten million page views (SLOWTAX_PAGE_VIEWS)",
        run: page::run,
    },
    Bench {
        name: "detect",
        about: "false alarms, delays and the price of incidents in simulated weeks (SLOWTAX_DETECT_COUNTRIES)",
        run: detect::run,
    },
    Bench { name: "delivery", about: "whether a thousand visits arrive, however they end", run: delivery::run },
];

/// Runs the named benchmark, or lists all. `write`: `size` and `beacon` write down what they measure instead.
pub(crate) fn bench(workspace: &Workspace, name: Option<&str>, write: bool) -> Result<()> {
    let Some(name) = name else {
        say("benchmarks, each `cargo xtask bench NAME`:");
        for bench in &BENCHES {
            say(&format!("  {:<9} {}", bench.name, bench.about));
        }
        return Ok(());
    };
    let Some(bench) = BENCHES.iter().find(|bench| bench.name == name) else {
        let known: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!("there is no benchmark `{name}`; there are: {}", known.join(", "));
    };
    match (write, name) {
        (false, _) => (bench.run)(workspace),
        (true, "size") => size::write(workspace),
        (true, "beacon") => beacon::write(workspace),
        (true, _) => bail!("`{name}` writes nothing down; only `size` and `beacon` do"),
    }
}
