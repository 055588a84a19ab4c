//! One simulated session, and what slowness costs it.
//!
//! A session is first drawn as it would be if every page were fast: its pages, their LCP, whether it orders. Then slowness takes its
//! toll: every visitor has some patience, spread evenly between none and [`PATIENCE_MS_MAX`]; each view spends what its LCP is beyond
//! [`TARGET_MS`], and whoever has spent it all leaves. That is the whole effect of speed, so the orders lost to it are known: a
//! session that would have ordered loses `min(1, time beyond the target over all its views / PATIENCE_MS_MAX)` of an order. The sum over
//! all sessions is the truth that the report's estimate is held against. (That the shares of several views add up, instead of
//! compounding, is what an estimate per view can see.)
//!
//! LCP depends on country, device, page and place in the session, and on nothing else that conversion depends on: within a stratum of
//! the loss model, speed is as good as random. Real visits are not so kind; the simulation shows that the estimate is right where
//! its assumption holds, not that the assumption holds.

use std::net::Ipv4Addr;

use beacon_format::Id;

use super::client::{self, Client};
use super::country::Country;
use super::random::{Random, whole};
use super::shop::Page;

/// What the most patient visitor endures in one session, beyond the target: a second of it costs an eighth of the orders.
const PATIENCE_MS_MAX: f64 = 8_000.0;
/// Up to here slowness costs nothing.
pub(super) const TARGET_MS: u32 = 2500;
/// Longest session.
const VIEWS_MAX: usize = 40;
/// Share of the views that begin in a hidden tab: their LCP is not known, and nobody waits for them.
const HIDDEN_AT_START: f64 = 0.02;
/// Share of the last views that are left before LCP.
const LEFT_BEFORE_LCP: f64 = 0.012;
/// Spread of LCP within a stratum.
const LCP_SIGMA: f64 = 0.48;
/// LCP of a later view against that of the first: connections are open, files are cached.
pub(super) const INNER_FACTOR: f64 = 0.60;
/// Spread of the value of orders.
pub(super) const VALUE_SIGMA: f64 = 0.55;
/// How long a page is read, median, after its LCP.
const READING_MS: f64 = 14_000.0;

/// One page view.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) id: Id,
    pub(super) page: Page,
    /// Which category or item of the shop; 0 for other pages.
    pub(super) choice: u32,
    /// Unix milliseconds.
    pub(super) started_ms: u64,
    /// From 1.
    pub(super) number: u16,
    /// When its largest element is painted, were it visible until then.
    pub(super) ready_ms: u32,
    /// The same, as measured: `None` when the view was hidden first.
    pub(super) lcp_ms: Option<u32>,
    pub(super) hidden_at_start: bool,
    /// When the page is left, after its start.
    pub(super) hidden_at_ms: u32,
    /// What is derived from the view alone (phases, resources, errors) is drawn from this.
    pub(super) seed: u64,
}

/// One session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: Id,
    pub(super) country: &'static Country,
    pub(super) client: &'static Client,
    pub(super) address: Ipv4Addr,
    /// At least one. The last one is the thank-you page when there is an order.
    pub(super) views: Vec<View>,
    /// Value of the order, if there is one.
    pub(super) order: Option<f64>,
    /// Expected orders that slowness cost this session: 0 to 1.
    pub(super) lost: f64,
    /// The same, view by view: what it would gain if one of its views were fast and the others as they are, added up.
    pub(super) lost_singly: f64,
    /// The value of the order it makes, or would have made.
    pub(super) value: f64,
}

impl View {
    /// Draws the view of a page with this number in its session, which begins then: its LCP about a median, and how long it is read.
    pub(super) fn draw(
        page: Page,
        (number, started_ms): (u16, u64),
        median_ms: f64,
        reading_pace: f64,
        random: &mut Random,
    ) -> Self {
        let ready_ms = whole(random.log_normal(median_ms, LCP_SIGMA).clamp(180.0, 59_000.0));
        let hidden_at_start = random.chance(HIDDEN_AT_START);
        let hidden_at_ms =
            ready_ms + whole((random.log_normal(READING_MS, 0.8) * reading_pace).clamp(1_500.0, 900_000.0));
        Self {
            id: Id::new(started_ms, random.bits()),
            page,
            choice: random.bits(),
            started_ms,
            number,
            ready_ms,
            lcp_ms: (!hidden_at_start).then_some(ready_ms),
            hidden_at_start,
            hidden_at_ms,
            seed: (u64::from(random.bits()) << 32) | u64::from(random.bits()),
        }
    }

    /// When the next view of the session begins.
    pub(super) fn next_ms(&self) -> u64 {
        self.started_ms + u64::from(self.hidden_at_ms) + 60
    }
}

impl Session {
    /// Draws the session of a visitor from `country` that begins at `started_ms`. `pace` stretches the time for which pages are read:
    /// 1.0 is a person's.
    pub(super) fn draw(country: &'static Country, started_ms: u64, pace: f64, random: &mut Random) -> Self {
        let client = client::pick(random, country.mobile_share);
        let address = country.address(random);
        let id = Id::new(started_ms, random.bits());
        let mut views = would_be_views(started_ms, pace, (country, client), random);
        let value = (random.log_normal(country.order_value, VALUE_SIGMA) * 100.0).round().max(100.0) / 100.0;
        let would_order = views.last().is_some_and(|view| view.page == Page::ThankYou);
        let waited_ms: f64 = views.iter().map(beyond_target_ms).sum();
        let lost_of = |waited_ms: f64| if would_order { (waited_ms / PATIENCE_MS_MAX).min(1.0) } else { 0.0 };
        let lost = lost_of(waited_ms);
        let lost_singly = views.iter().map(|view| lost - lost_of(waited_ms - beyond_target_ms(view))).sum();
        leave_when_out_of_patience(&mut views, random.between(0.0, PATIENCE_MS_MAX));
        let ordered = views.last().is_some_and(|view| view.page == Page::ThankYou);
        if !ordered {
            leave_before_lcp(&mut views, random);
        }
        Self { id, country, client, address, views, order: ordered.then_some(value), lost, lost_singly, value }
    }

    /// The measured view before this one: what the beacon tells as `previous`.
    pub(super) fn measured_before(&self, view: &View) -> Option<&View> {
        self.views
            .iter()
            .take_while(|earlier| earlier.number < view.number)
            .last()
            .filter(|earlier| earlier.lcp_ms.is_some())
    }
}

/// What the view costs in patience. Whoever has ordered does not wait any more.
fn beyond_target_ms(view: &View) -> f64 {
    let over_ms = view.lcp_ms.unwrap_or(0).saturating_sub(TARGET_MS);
    if view.page == Page::ThankYou { 0.0 } else { f64::from(over_ms) }
}

fn leave_when_out_of_patience(views: &mut Vec<View>, mut patience_ms: f64) {
    let last = views.iter().position(|view| {
        patience_ms -= beyond_target_ms(view);
        patience_ms < 0.0
    });
    views.truncate(last.map_or(views.len(), |last| last + 1));
}

fn would_be_views(
    started_ms: u64,
    pace: f64,
    (country, client): (&Country, &Client),
    random: &mut Random,
) -> Vec<View> {
    let buying = country.buying * client.device.buying();
    let mut views = Vec::new();
    let mut next = Some(Page::entry(random));
    let mut at_ms = started_ms;
    while let Some(page) = next {
        let number = u16::try_from(views.len() + 1).unwrap_or(u16::MAX);
        let nav_factor = if number == 1 { 1.0 } else { INNER_FACTOR };
        let median = country.lcp_median_ms * client.device.lcp_factor() * page.lcp_factor() * nav_factor;
        let view = View::draw(page, (number, at_ms), median, pace, random);
        at_ms = view.next_ms();
        views.push(view);
        next = if views.len() < VIEWS_MAX { page.next(buying, random) } else { None };
    }
    views
}

/// Some of those who leave do so before the page is there.
fn leave_before_lcp(views: &mut [View], random: &mut Random) {
    let leaves = random.chance(LEFT_BEFORE_LCP);
    let part = random.between(0.3, 0.95);
    if let Some(view) = views.last_mut().filter(|_| leaves)
        && let Some(lcp_ms) = view.lcp_ms.take()
    {
        view.hidden_at_ms = whole(f64::from(lcp_ms) * part);
    }
}
