//! From a beacon to rows. Pure: beacon + what the request tells + the time it arrived -> rows. No I/O and no clock; the tools hold only
//! memory (caches, the groups a site has), all of it bounded.

pub mod address;
pub mod client_hints;
pub mod clock;
pub mod geo;
mod goals;
pub mod page_group;
pub mod phases;
mod places;
mod reports;
mod resources;
#[cfg(test)]
mod tests;
mod text;
pub mod user_agent;
mod view;

use std::sync::Arc;

use beacon_format::{Beacon, PageName, Reason};

use crate::metrics::Metrics;
use crate::reject::Reject;
use crate::site::Site;
use crate::store::rows::{BrowserReportRow, GoalRow, PageErrorRow, PageViewRow, ResourceTimingRow, Tables, UnixMs};
use address::ClientAddress;
use client_hints::ClientHints;
use clock::ViewClock;
use geo::{Country, GeoDatabase};
pub use reports::{REPORTS_BYTES_MAX, Reports, enrich_reports};
use user_agent::{BotReason, UserAgent, UserAgents};

/// What the request tells beside its body.
#[derive(Clone, Copy)]
pub struct RequestFacts<'a> {
    /// Whose request it is; used for the country and nothing else.
    pub client: Option<ClientAddress>,
    /// The `User-Agent` header; empty when there was none.
    pub user_agent: &'a str,
    /// What the browser tells of itself besides.
    pub hints: ClientHints<'a>,
    /// When it arrived, by our clock.
    pub received_ms: UnixMs,
}

/// What enriching needs besides.
pub struct Tools {
    /// Countries by address; without it all are `ZZ`.
    pub geo: Option<GeoDatabase>,
    /// Devices, browsers and bots by user agent.
    pub user_agents: UserAgents,
    /// Where left-out things are counted.
    pub metrics: Arc<Metrics>,
}

impl Tools {
    /// A client's country, and the day (since 1970-01-01) on which the database was built that it is from.
    fn locate(&self, client: Option<ClientAddress>) -> (Country, u16) {
        match (&self.geo, client) {
            (Some(geo), Some(client)) => geo.locate(&client),
            _ => (Country::UNKNOWN, 0),
        }
    }
}

/// What one beacon becomes.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Rows {
    /// The view's snapshot, if the beacon has one.
    pub page_view: Option<PageViewRow>,
    /// Resources of the view.
    pub resources: Vec<ResourceTimingRow>,
    /// Goals reached.
    pub goals: Vec<GoalRow>,
    /// Errors met.
    pub errors: Vec<PageErrorRow>,
    /// Reports of the browser's own; no beacon carries any.
    pub reports: Vec<BrowserReportRow>,
}

impl From<Rows> for Tables {
    fn from(rows: Rows) -> Self {
        Self {
            page_views: rows.page_view.into_iter().collect(),
            resource_timings: rows.resources,
            goals: rows.goals,
            page_errors: rows.errors,
            browser_reports: rows.reports,
        }
    }
}

/// What all rows of one beacon share.
struct Shared<'a> {
    beacon: &'a Beacon<'a>,
    site: &'a Site,
    clock: ViewClock,
    received_ms: UnixMs,
    country: Country,
    /// Days since 1970-01-01; 0 without a database.
    geo_built: u16,
    user_agent: Arc<UserAgent>,
    bot_reason: Option<BotReason>,
    /// The view's group; empty without a view.
    page_group: String,
    metrics: &'a Metrics,
}

impl Shared<'_> {
    fn group(&self, page: &PageName) -> String {
        let (name, path) = match page {
            PageName::Name(name) => (Some(&**name), ""),
            PageName::Path(path) => (None, &**path),
        };
        self.group_of(name, path)
    }

    fn group_of(&self, name: Option<&str>, path: &str) -> String {
        let (group, is_other) = self.site.page_groups.group(name, path, self.received_ms);
        if is_other {
            self.metrics.page_groups_other.add(1);
        }
        group
    }
}

/// Why a beacon is taken for a bot's. One that a server tells has the server's user agent, whose being a program says nothing of the
/// visitor.
fn bot_reason(user_agent: &UserAgent, reason: Reason) -> Option<BotReason> {
    let by_program = [BotReason::NoUserAgent, BotReason::KnownWord];
    user_agent.bot_reason.filter(|bot| reason != Reason::Server || !by_program.contains(bot))
}

/// A number as its column holds it: the nearest of single precision.
#[expect(clippy::cast_possible_truncation, reason = "the nearest one is what is wanted")]
fn single(number: f64) -> f32 {
    number as f32
}

/// Makes a decoded beacon's rows. Refuses only a view that began too long ago ([`Reject::TooOld`]); whatever else makes no sense becomes
/// "not known".
pub fn enrich(beacon: &Beacon, facts: &RequestFacts, site: &Site, tools: &Tools) -> Result<Rows, Reject> {
    let clock = ViewClock::new(&beacon.head, facts.received_ms)?;
    let user_agent = tools.user_agents.classify_hinted(facts.user_agent, &facts.hints);
    let (country, geo_built) = tools.locate(facts.client);
    let mut shared = Shared {
        beacon,
        site,
        clock,
        received_ms: facts.received_ms,
        country,
        geo_built,
        bot_reason: bot_reason(&user_agent, beacon.head.reason),
        user_agent,
        page_group: String::new(),
        metrics: &tools.metrics,
    };
    if let Some(view) = &beacon.view {
        shared.page_group = shared.group_of(view.name.as_deref(), &view.path);
    }
    Ok(Rows {
        page_view: beacon.view.as_ref().map(|view| view::page_view(&shared, view, facts.received_ms)),
        resources: resources::rows(&shared),
        goals: goals::goals(&shared),
        errors: goals::errors(&shared),
        reports: Vec::new(),
    })
}
