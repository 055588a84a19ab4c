//! What must hold for any input from outside, as functions of bytes.
//!
//! A target panics when something does not hold that must. `cargo test` runs each over its corpus; `cargo xtask fuzz` looks for inputs that are not
//! in there. `tests/fuzz/README.md` says how to go on from one that was found.
#![expect(clippy::missing_panics_doc, reason = "to panic is what a target is for")]

pub mod beacon;
pub mod forwarded;
pub mod gzip;
pub mod page_group;
mod row_limits;
pub mod rows;
pub mod segment;
pub mod store_error;
pub mod user_agent;

use std::sync::{Arc, LazyLock};

use collector::config::Config;
use collector::enrich::Tools;
use collector::enrich::user_agent::UserAgents;
use collector::metrics::Metrics;
use collector::site::Site;

/// A name, and what must hold for any bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target. Its corpus is in `tests/fuzz/corpus`, in a folder of its name.
pub const TARGETS: [Target; 10] = [
    ("beacon", beacon::binary),
    ("json", beacon::json),
    ("rows", rows::beacon),
    ("reports", rows::reports),
    ("forwarded", forwarded::forwarded),
    ("segment", segment::segment),
    ("store_error", store_error::store_error),
    ("page_group", page_group::page_group),
    ("user_agent", user_agent::user_agent),
    ("gzip", gzip::gzip),
];

/// The target of a name.
pub fn target(name: &str) -> Option<fn(&[u8])> {
    TARGETS.into_iter().find(|(known, _)| *known == name).map(|(_, target)| target)
}

/// When every beacon here arrives, in Unix milliseconds.
const NOW: i64 = 1_795_000_000_000;

/// One site, with rules.
const CONFIG: &str = "
[sites.shop]
conversion_goal = 'order'
page_groups = [
    { pattern = '/item/*', group = 'item' },
    { pattern = '/**/help/**', group = 'help' },
]
";

#[expect(clippy::expect_used, reason = "without its site and its tools no target means anything")]
static SITE: LazyLock<Site> = LazyLock::new(|| {
    let config = Config::parse(CONFIG, []).expect("a configuration that is understood");
    let shop = config.sites.get("shop").expect("the one site");
    Site::new(0, "shop", shop)
});

#[expect(clippy::expect_used, reason = "without its site and its tools no target means anything")]
static TOOLS: LazyLock<Tools> = LazyLock::new(|| Tools {
    geo: None,
    user_agents: UserAgents::new().expect("npm packages are installed by cargo xtask"),
    metrics: Arc::new(Metrics::default()),
});

/// What stands before the first line feed, and what behind it; without one, all of it is behind.
fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n');
    at.map_or((&[][..], bytes), |at| (&bytes[..at], &bytes[at + 1..]))
}
