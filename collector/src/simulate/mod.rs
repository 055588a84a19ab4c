//! Simulated visits: a history for the demo with a known loss, and live beacons over HTTP. Both draw the same visits; what is known of
//! them, and how, stands in [`session`].
//!
//! All of it is marked: `is_simulated` in every row, and the report says so.

mod beacon;
mod cases;
mod client;
mod country;
mod history;
mod kept;
mod live;
mod post;
mod random;
mod resources;
mod session;
mod shop;
mod truth;
mod usage;
mod vitals;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::macros::format_description;
use time::{Date, UtcDateTime};

use crate::config::Config;
use crate::enrich::Tools;
use crate::enrich::geo::{GeoDatabase, GeoError};
use crate::enrich::user_agent::{UserAgentError, UserAgents};
use crate::metrics::Metrics;
use crate::reject::Reject;
use crate::site::Site;
use crate::store::{ErrorClass, Store, StoreError};
use cases::Case;
use history::{Outcome, Plan};
use truth::Truth;

/// What `slowtax simulate` takes.
#[derive(Clone, Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["history", "live"])))]
pub struct Arguments {
    /// Put this many past days of visits with a known loss into ClickHouse; days that are there already are left alone. At most 89, since
    /// rows older than 90 days are not kept
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=89))]
    history: Option<u16>,
    /// About how many page views a day of the history has
    #[arg(long, value_name = "N", default_value_t = 10_000, requires = "history", value_parser = clap::value_parser!(u32).range(1..=200_000))]
    views_per_day: u32,
    /// The history ends before this day (YYYY-MM-DD, UTC); default: today
    #[arg(long, value_name = "DAY", requires = "history", value_parser = parse_day)]
    end: Option<Date>,
    /// For `cargo xtask bench truth`: visits of a kind by which the estimate is measured, instead of the demo's. What is true of them is
    /// printed as a line of JSON, too
    #[arg(long, value_name = "NAME", requires = "history", conflicts_with = "live", value_parser = cases::find)]
    case: Option<&'static Case>,
    /// For `cargo xtask bench truth`: send the days over HTTP, as beacons that browsers have kept until now, instead of inserting them. No
    /// view may be older than 48 hours
    #[arg(long, requires = "history", group = "sends")]
    kept: bool,
    /// Send visits as they happen, as real beacons over HTTP, until Ctrl-C. The collector must trust this machine as a proxy, or all
    /// visits come from here
    #[arg(long, group = "sends")]
    live: bool,
    /// Page views a second
    #[arg(long, value_name = "N", default_value_t = 2.0, requires = "live", value_parser = parse_rate)]
    rate: f64,
    /// Stop after this many seconds
    #[arg(long = "for", value_name = "SECONDS", requires = "live")]
    seconds: Option<u64>,
    /// Where the collector is; default: the address that the configuration has it listen on
    #[arg(long, requires = "sends")]
    url: Option<String>,
    /// The site's key; default: the only site of the configuration
    #[arg(long, value_name = "KEY")]
    site: Option<String>,
    /// The same seed makes the same history
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn parse_day(text: &str) -> Result<Date, String> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| "expected a day such as 2026-11-23".to_owned())
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.01..=1000.0).contains(rate));
    rate.ok_or_else(|| "expected a number of page views a second, 0.01 to 1000".to_owned())
}

/// Why simulating failed.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The site is not in the configuration.
    #[error("the configuration has no site \"{0}\"; it has: {1}")]
    UnknownSite(String, String),
    /// Several sites, and none was named.
    #[error("the configuration has several sites, name one with --site: {0}")]
    WhichSite(String),
    /// No site at all.
    #[error("the configuration has no site: add a [sites.<key>] table")]
    NoSite,
    /// Simulated visitors come from countries.
    #[error("a history needs a GeoIP database, or all of its visitors come from nowhere: set database in [geo]")]
    NoGeo,
    /// The GeoIP file cannot be read.
    #[error("the GeoIP database {0} cannot be read: {1}")]
    GeoUnreadable(PathBuf, std::io::Error),
    /// The GeoIP file is not one.
    #[error(transparent)]
    Geo(#[from] GeoError),
    /// The rules for user agents are missing.
    #[error(transparent)]
    UserAgents(#[from] UserAgentError),
    /// ClickHouse does not answer.
    #[error("ClickHouse at {url} does not answer; is `slowtax serve` running? ({error})")]
    StoreUnavailable {
        /// Where it was looked for.
        url: String,
        /// What happened.
        error: StoreError,
    },
    /// The tables are not there.
    #[error("ClickHouse at {url} has no tables for it; start `slowtax serve` or `slowtax migrate` first ({error})")]
    NoTables {
        /// Where.
        url: String,
        /// What ClickHouse says.
        error: StoreError,
    },
    /// ClickHouse refused.
    #[error("ClickHouse refused: {0}")]
    Store(#[from] StoreError),
    /// A simulated beacon was refused by enriching: a fault of the simulation.
    #[error("a simulated beacon was refused ({})", .0.reason())]
    Refused(Reject),
    /// The making of visits panicked.
    #[error("making the visits failed: {0}")]
    Panicked(tokio::task::JoinError),
    /// The URL is not one.
    #[error("\"{0}\" is not the URL of a collector, such as http://127.0.0.1:8080")]
    BadUrl(String),
    /// The collector is not there, or has gone.
    #[error("the collector at {url} cannot be reached; is `slowtax serve` running there? ({error})")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What happened.
        error: String,
    },
    /// The collector does not take the beacons.
    #[error("the collector refuses the beacons: {status} {answer}")]
    NotTaken {
        /// HTTP status.
        status: u16,
        /// Its answer.
        answer: String,
    },
}

/// Runs `slowtax simulate`.
pub async fn run(config: &Config, arguments: &Arguments) -> Result<(), SimulateError> {
    let site = site(config, arguments.site.as_deref())?;
    match arguments.history {
        Some(days) => {
            let end = arguments.end.unwrap_or_else(|| UtcDateTime::now().date());
            let (views_per_day, seed, case) = (arguments.views_per_day, arguments.seed, arguments.case);
            let plan = Plan { days, views_per_day, seed, end, case };
            if arguments.kept {
                let url = collector_url(config, arguments);
                kept::send(plan, &site.key, post::endpoint(&url).ok_or(SimulateError::BadUrl(url))?).await
            } else {
                make_history(config, site, plan).await
            }
        }
        None => live::run(&live_order(config, &site, arguments)?).await,
    }
}

fn site(config: &Config, key: Option<&str>) -> Result<Site, SimulateError> {
    let known = || config.sites.keys().cloned().collect::<Vec<_>>().join(", ");
    let key = match (key, config.sites.len()) {
        (Some(key), _) => key,
        (None, 0) => return Err(SimulateError::NoSite),
        (None, 1) => config.sites.keys().next().map_or("", String::as_str),
        (None, _) => return Err(SimulateError::WhichSite(known())),
    };
    let site = config.sites.get(key).ok_or_else(|| SimulateError::UnknownSite(key.to_owned(), known()))?;
    Ok(Site::new(0, key, site))
}

fn live_order(config: &Config, site: &Site, arguments: &Arguments) -> Result<live::Order, SimulateError> {
    let url = collector_url(config, arguments);
    Ok(live::Order {
        endpoint: post::endpoint(&url).ok_or(SimulateError::BadUrl(url))?,
        site: site.key.clone(),
        views_per_s: arguments.rate,
        time_max: arguments.seconds.map(Duration::from_secs),
        seed: arguments.seed,
    })
}

fn collector_url(config: &Config, arguments: &Arguments) -> String {
    arguments.url.clone().unwrap_or_else(|| format!("http://{}", config.http.listen))
}

async fn make_history(config: &Config, site: Site, plan: Plan) -> Result<(), SimulateError> {
    let started = Instant::now();
    let store = Store::new(&config.clickhouse);
    let url = config.clickhouse.url.clone();
    let at_store = |error: StoreError| match error.class {
        ErrorClass::Passing if error.code.is_none() => SimulateError::StoreUnavailable { url: url.clone(), error },
        // UNKNOWN_TABLE, UNKNOWN_DATABASE
        _ if matches!(error.code, Some(60 | 81)) => SimulateError::NoTables { url: url.clone(), error },
        _ => SimulateError::Store(error),
    };
    store.ping().await.map_err(at_store)?;
    let (key, currency) = (site.key.clone(), config.sites.get(&site.key).map_or("", |site| &site.currency));
    let tools = tools(config)?;
    let outcome = history::insert(plan, &store, site, tools, say).await.map_err(|error| match error {
        SimulateError::Store(error) => at_store(error),
        other => other,
    })?;
    let (from, to) = (plan.start(), plan.end);
    match outcome {
        Outcome::Other(label) => {
            say(&format!("{key} has another simulated history in these days and keeps it: {label}"));
        }
        Outcome::Complete { inserted: 0, truth } => {
            say(&format!("the history of {key} is there already: {from} to {to} (not included)"));
            truth.tell(currency, say);
            tell_case(plan, &truth);
        }
        Outcome::Complete { inserted, truth } => {
            let seconds = started.elapsed().as_secs_f64();
            say(&format!("{inserted} days of {key} inserted in {seconds:.1} s: {from} to {to} (not included)"));
            truth.tell(currency, say);
            tell_case(plan, &truth);
        }
    }
    Ok(())
}

/// What is true of a case, for a program.
fn tell_case(plan: Plan, truth: &Truth) {
    if let Some(case) = plan.case {
        let (total, countries) = (truth.total(), truth.by_country());
        let known = serde_json::json!({ "case": case.name, "seed": plan.seed, "total": total, "countries": countries });
        say(&known.to_string());
    }
}

fn tools(config: &Config) -> Result<Tools, SimulateError> {
    let path = &config.geo.database;
    if path.as_os_str().is_empty() {
        return Err(SimulateError::NoGeo);
    }
    let bytes = std::fs::read(path).map_err(|error| SimulateError::GeoUnreadable(path.clone(), error))?;
    Ok(Tools {
        geo: Some(GeoDatabase::new(path, bytes)?),
        user_agents: UserAgents::new()?,
        metrics: Arc::new(Metrics::default()),
    })
}

/// Prints a line. A reader that has gone away is no failure of the simulation.
fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
