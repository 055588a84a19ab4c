//! Visits of known kinds, by which the estimate of the loss is measured: `cargo xtask bench truth`.
//!
//! The truth is what the model expects: orders if no measured view were slow, minus orders as it is, given the LCP that the views have. The
//! estimate is made view by view: how much less often an order follows a slow view than it follows the fast ones of its stratum, added up. It can
//! see what the session would gain if one of its views were fast and the others as they are ([`Session::lost_singly`]). Both are the same where
//! one measured view decides, and where what several views take away adds up; where that compounds, the truth is more than the sum.
//!
//! - *Deciding* sessions tell of one view before the order, so that a view followed by an order is an order. Where that is an inner one, what came
//!   before was never told, as happens to visitors who are offline for a while.
//! - *Browsing* sessions have many measured views, each of which takes its share of the session's probability to order. One order then makes as
//!   many views "followed by an order" as there were; what each of them lost is still a share of one order. Those who buy look at more pages, and
//!   pages after the first are faster.
//!
//! LCP depends on country, device, page and place in the session only, with one exception: [`Warmth::Growing`], which the strata cannot see.

use beacon_format::Id;

use super::client::{self, Client};
use super::country::Country;
use super::random::Random;
use super::session::{INNER_FACTOR, Session, TARGET_MS, VALUE_SIGMA, View};
use super::shop::Page;

/// One kind of visits.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    /// How readily visitors of a country buy, against 1.0.
    buying: fn(&Country) -> f64,
    /// What share of the orders that would follow it a view takes away whose LCP is that many seconds beyond the target.
    taken: fn(&Country, f64) -> f64,
    browsing: Option<Browsing>,
}

/// Sessions of many measured views.
#[derive(Clone, Copy, Debug)]
struct Browsing {
    warmth: Warmth,
    /// Whether a view takes its share of what the others have left, instead of one of the whole.
    compounds: bool,
}

/// How much faster later pages of a session are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Warmth {
    /// All that are not the first alike.
    Inner,
    /// The more pages came before, the more: within the stratum of inner views, buyers then have faster ones.
    Growing,
}

/// The slower the view, the fewer orders follow, by the same share everywhere: three tenths of what is left for each second.
fn common(_: &Country, over_s: f64) -> f64 {
    1.0 - 0.7_f64.powf(over_s)
}

/// At most a quarter, so that several views of a session together seldom take more than there is.
fn bounded(_: &Country, over_s: f64) -> f64 {
    0.25 * (1.0 - 0.4_f64.powf(over_s))
}

fn nothing(_: &Country, _: f64) -> f64 {
    0.0
}

/// Whoever is used to slow pages minds them less.
fn less_where_slow(country: &Country, over_s: f64) -> f64 {
    let kept_per_s: f64 = match country.lcp_median_ms {
        ..1700.0 => 0.6,
        ..2500.0 => 0.7,
        _ => 0.85,
    };
    1.0 - kept_per_s.powf(over_s)
}

fn own_buying(country: &Country) -> f64 {
    country.buying
}

fn more_where_slow(country: &Country) -> f64 {
    country.lcp_median_ms / 2200.0
}

const DECIDING: Case = Case { name: "common", buying: own_buying, taken: common, browsing: None };
const BROWSING: Browsing = Browsing { warmth: Warmth::Inner, compounds: false };

/// All of them.
static CASES: [Case; 8] = [
    DECIDING,
    Case { name: "none", taken: nothing, ..DECIDING },
    Case { name: "by_country", taken: less_where_slow, ..DECIDING },
    Case { name: "simpson", buying: more_where_slow, ..DECIDING },
    Case { name: "browsers", taken: bounded, browsing: Some(BROWSING), ..DECIDING },
    Case { name: "browsers_none", taken: nothing, browsing: Some(BROWSING), ..DECIDING },
    Case { name: "compounding", browsing: Some(Browsing { compounds: true, ..BROWSING }), ..DECIDING },
    Case {
        name: "warming_none",
        taken: nothing,
        browsing: Some(Browsing { warmth: Warmth::Growing, ..BROWSING }),
        ..DECIDING
    },
];

/// The case of that name, or the names that there are.
pub(super) fn find(name: &str) -> Result<&'static Case, String> {
    let names = || CASES.iter().map(|case| case.name).collect::<Vec<_>>().join(", ");
    CASES.iter().find(|case| case.name == name).ok_or_else(|| format!("there is no such case; there are: {}", names()))
}

/// Deciding sessions of which the deciding view is the first.
const ENTRIES: f64 = 0.65;
const FIRST_PAGES: [(Page, f64); 3] = [(Page::Home, 0.42), (Page::Category, 0.26), (Page::Item, 0.32)];
const LATER_PAGES: [(Page, f64); 4] =
    [(Page::Home, 0.10), (Page::Category, 0.25), (Page::Item, 0.45), (Page::Cart, 0.20)];
/// Share of the browsing visitors who came to buy, what share of them orders, and of the others.
const BUYERS: f64 = 0.25;
const BUYERS_ORDERING: f64 = 0.4;
const OTHERS_ORDERING: f64 = 0.01;
/// How likely a visitor of either kind looks at one more page.
const BUYERS_GO_ON: f64 = 0.75;
const OTHERS_GO_ON: f64 = 0.4;
const VIEWS_MAX: usize = 20;
/// LCP of a page against the one before where pages go on to grow warmer.
const WARMER: f64 = 0.93;

/// Orders that follow a fast view of the page, per view, of a visitor who buys as readily as 1.0 says. A shop that sells well: chance then moves the
/// figures less, and fewer repetitions tell.
fn ordering(page: Page) -> f64 {
    match page {
        Page::Home => 0.06,
        Page::Category => 0.08,
        Page::Item => 0.12,
        Page::Cart => 0.4,
        Page::ThankYou => 0.0,
    }
}

impl Case {
    /// Draws the session of a visitor from `country` that begins at `started_ms`.
    pub(super) fn draw(&self, country: &'static Country, started_ms: u64, random: &mut Random) -> Session {
        let client = client::pick(random, country.mobile_share);
        let visitor = (country, client);
        let address = country.address(random);
        let readiness = (self.buying)(country) * client.device.buying();
        let value = (random.log_normal(country.order_value, VALUE_SIGMA) * 100.0).round().max(100.0) / 100.0;
        let (mut views, ordering) = match self.browsing {
            None => deciding(visitor, started_ms, random),
            Some(Browsing { warmth, .. }) => browsing(warmth, visitor, started_ms, random),
        };
        let taken: Vec<f64> = views.iter().map(|view| self.taken_by(country, view)).collect();
        let kept = |without: Option<usize>| {
            let taken = taken.iter().enumerate().filter(|(place, _)| Some(*place) != without).map(|(_, taken)| taken);
            match self.browsing {
                Some(Browsing { compounds: true, .. }) => taken.map(|taken| 1.0 - taken).product(),
                _ => (1.0 - taken.sum::<f64>()).max(0.0),
            }
        };
        let (would_order, kept_of_it) = ((ordering * readiness).min(1.0), kept(None));
        let order = random.chance(would_order * kept_of_it).then_some(value);
        let lost = would_order * (1.0 - kept_of_it);
        let lost_singly = (0..taken.len()).map(|place| would_order * (kept(Some(place)) - kept_of_it)).sum();
        if order.is_some() {
            views.push(next_view(&views, Page::ThankYou, INNER_FACTOR, visitor, random));
        }
        let id = Id::new(started_ms, random.bits());
        Session { id, country, client, address, views, order, lost, lost_singly, value }
    }

    fn taken_by(&self, country: &Country, view: &View) -> f64 {
        let over_ms = view.lcp_ms.unwrap_or(0).saturating_sub(TARGET_MS);
        (self.taken)(country, f64::from(over_ms) / 1000.0)
    }
}

/// Views before the order, and how likely the visitor orders when nothing is slow.
fn deciding(visitor: (&Country, &Client), started_ms: u64, random: &mut Random) -> (Vec<View>, f64) {
    let view = if random.chance(ENTRIES) {
        draw_view((1, started_ms), first_page(random), 1.0, visitor, random)
    } else {
        draw_view((2, started_ms), later_page(random), INNER_FACTOR, visitor, random)
    };
    let ordering = ordering(view.page);
    (vec![view], ordering)
}

fn browsing(warmth: Warmth, visitor: (&Country, &Client), started_ms: u64, random: &mut Random) -> (Vec<View>, f64) {
    let (ordering, goes_on) =
        if random.chance(BUYERS) { (BUYERS_ORDERING, BUYERS_GO_ON) } else { (OTHERS_ORDERING, OTHERS_GO_ON) };
    let mut views = vec![draw_view((1, started_ms), first_page(random), 1.0, visitor, random)];
    let mut factor = INNER_FACTOR;
    while views.len() < VIEWS_MAX && random.chance(goes_on) {
        views.push(next_view(&views, later_page(random), factor, visitor, random));
        if warmth == Warmth::Growing {
            factor *= WARMER;
        }
    }
    (views, ordering)
}

fn first_page(random: &mut Random) -> Page {
    random.pick(&FIRST_PAGES, |(_, share)| *share).map_or(Page::Home, |(page, _)| *page)
}

fn later_page(random: &mut Random) -> Page {
    random.pick(&LATER_PAGES, |(_, share)| *share).map_or(Page::Item, |(page, _)| *page)
}

/// The view after those; `factor` is its LCP against that of a first one.
fn next_view(before: &[View], page: Page, factor: f64, visitor: (&Country, &Client), random: &mut Random) -> View {
    let place = before.last().map_or((1, 0), |last| (last.number + 1, last.next_ms()));
    draw_view(place, page, factor, visitor, random)
}

/// `place`: its number in the session, and when it begins.
fn draw_view(
    place: (u16, u64),
    page: Page,
    factor: f64,
    (country, client): (&Country, &Client),
    random: &mut Random,
) -> View {
    let median_ms = country.lcp_median_ms * client.device.lcp_factor() * page.lcp_factor() * factor;
    View::draw(page, place, median_ms, 1.0, random)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::country;

    fn draws(name: &str, count: usize) -> Vec<Session> {
        let (case, mut random) = (find(name).unwrap(), Random::new(3, 0));
        (0..count).map(|_| case.draw(country::pick(&mut random), 1_790_000_000_000, &mut random)).collect()
    }

    fn orders(sessions: &[Session]) -> f64 {
        sessions.iter().filter(|session| session.order.is_some()).count() as f64
    }

    fn lost(sessions: &[Session]) -> f64 {
        sessions.iter().map(|session| session.lost).sum()
    }

    fn lost_singly(sessions: &[Session]) -> f64 {
        sessions.iter().map(|session| session.lost_singly).sum()
    }

    /// Orders of the same visitors, were no view slow: what the case is without its effect. Within five standard deviations of a count.
    #[test]
    fn the_known_loss_is_what_is_missing_beside_the_same_visits_without_an_effect() {
        let cases = [("common", "none"), ("browsers", "browsers_none"), ("compounding", "browsers_none")];
        for (with, without) in cases {
            let (slowed, fast) = (draws(with, 60_000), draws(without, 60_000));
            let (missing, known) = (orders(&fast) - orders(&slowed), lost(&slowed));
            let deviation = (orders(&fast) + orders(&slowed)).sqrt();
            assert!(known > 4.0 * deviation, "{with}: {known} of {}", orders(&slowed));
            assert!((missing - known).abs() < 5.0 * deviation, "{with}: {missing} missing, {known} known");
            assert!(lost(&fast).abs() < 1e-9, "{without}");
        }
    }

    #[test]
    fn view_by_view_as_much_is_lost_unless_it_compounds() {
        let ratio = |name: &str| {
            let sessions = draws(name, 20_000);
            lost_singly(&sessions) / lost(&sessions)
        };
        for name in ["common", "by_country", "simpson"] {
            assert!((ratio(name) - 1.0).abs() < 1e-9, "{name}: {}", ratio(name));
        }
        assert!((0.97..1.0).contains(&ratio("browsers")), "{}", ratio("browsers"));
        assert!(ratio("compounding") < 0.95, "{}", ratio("compounding"));
    }

    #[test]
    fn one_measured_view_decides_and_an_order_names_it() {
        for session in draws("simpson", 5_000) {
            let pages: Vec<Page> = session.views.iter().map(|view| view.page).collect();
            match session.order {
                Some(_) => assert!(pages.len() == 2 && pages[1] == Page::ThankYou && pages[0] != Page::ThankYou),
                None => assert!(pages.len() == 1 && pages[0] != Page::ThankYou),
            }
            let is_slow = session.views[0].lcp_ms.is_some_and(|lcp_ms| lcp_ms > TARGET_MS);
            assert_eq!(session.lost > 0.0, is_slow);
        }
    }

    #[test]
    fn buyers_browse_more_and_later_pages_are_faster() {
        let sessions = draws("browsers", 20_000);
        let (bought, left): (Vec<&Session>, Vec<&Session>) =
            sessions.iter().partition(|session| session.order.is_some());
        let views =
            |of: &[&Session]| of.iter().map(|session| session.views.len()).sum::<usize>() as f64 / of.len() as f64;
        assert!(views(&bought) > 1.5 * views(&left), "{} and {}", views(&bought), views(&left));
        let ready = |is_first: bool| {
            let of: Vec<f64> = sessions
                .iter()
                .flat_map(|session| &session.views)
                .filter(|view| (view.number == 1) == is_first)
                .map(|view| f64::from(view.ready_ms))
                .collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        assert!(ready(true) > 1.3 * ready(false));
    }

    #[test]
    fn a_name_that_is_none_is_answered_with_those_that_are() {
        assert_eq!(find("simpson").unwrap().name, "simpson");
        assert!(find("sampson").unwrap_err().contains("common, none, by_country, simpson, browsers"));
    }
}
