//! The digest's words, and the templates that they are put into.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde::Serialize;
use url::form_urlencoded;

use super::change::{Change, largest};
use super::figures::{Estimate, Figures, Overview, Place, TARGET_MS, Verdict};
use super::{Digest, DigestError, Week, country, words};
use crate::config::SiteConfig;

const HTML: &str = include_str!("digest.html");
const TEXT: &str = include_str!("digest.txt");
/// Countries, and pages, that are named.
const PLACES: usize = 3;

/// What the digest is about.
pub(super) struct About<'a> {
    pub(super) key: &'a str,
    pub(super) site: &'a SiteConfig,
    pub(super) week: Week,
    /// The report's; empty: there are no links.
    pub(super) url: &'a str,
}

/// What the templates take. Texts are escaped where they are HTML.
#[derive(Serialize)]
struct Page {
    site: String,
    week: u8,
    days: String,
    /// Nothing was measured: all that follows is empty.
    is_empty: bool,
    simulated: Option<String>,
    figures: Vec<Figure>,
    verdict: &'static str,
    countries: Vec<Loser>,
    pages: Vec<Loser>,
    change: String,
    /// Days that are missing, so that the weeks are not alike.
    partial: Option<String>,
    target: String,
    link: Option<Link>,
}

#[derive(Serialize)]
struct Figure {
    name: &'static str,
    value: String,
    /// Its interval, or what it is made of.
    detail: String,
    before: String,
}

/// A country or page that surely loses.
#[derive(Serialize)]
struct Loser {
    name: String,
    at_least: String,
    detail: String,
    link: Option<Link>,
}

/// An address, for text as it is, and for HTML escaped already: with its slashes as they are, which mail programs find it by.
#[derive(Serialize)]
struct Link {
    text: String,
    html: Value,
}

/// Writes the digest of a week against that of the week before.
pub(super) fn write(about: &About, now: &Figures, then: &Figures) -> Result<Digest, DigestError> {
    let overview = now.overview.as_ref().filter(|overview| overview.views > 0.0);
    let page = Value::from(Serde(page(about, overview, now, then)));
    let mut templates = Environment::new();
    templates.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    Ok(Digest {
        subject: subject(about, overview),
        html: templates.render_named_str("digest.html", HTML, &page)?,
        text: templates.render_named_str("digest.txt", TEXT, &page)?,
    })
}

fn subject(about: &About, overview: Option<&Overview>) -> String {
    let lost = overview.map(|overview| (overview.estimate.verdict, overview.estimate.known()));
    let said = match lost {
        None => "nothing was measured".to_owned(),
        Some((Verdict::Loss, Some((estimate, ..)))) => format!("about {} lost orders", words::estimate(estimate)),
        Some((Verdict::Gain, Some(_))) => "no lost orders".to_owned(),
        Some((_, Some(_))) => "no lost orders beyond chance".to_owned(),
        Some((_, None)) => "too little data for a figure".to_owned(),
    };
    format!("{}, week {}: {said}", about.site.name, about.week.number())
}

fn page(about: &About, overview: Option<&Overview>, now: &Figures, then: &Figures) -> Page {
    let before = then.overview.as_ref().filter(|overview| overview.views > 0.0);
    let change = largest([&now.countries, &then.countries], [&now.pages, &then.pages]);
    let simulated = overview.and_then(|overview| overview.simulated_share).filter(|share| *share > 0.0);
    Page {
        site: about.site.name.clone(),
        week: about.week.number(),
        days: words::days(about.week),
        is_empty: overview.is_none(),
        simulated: simulated.map(words::percent),
        figures: overview.map(|overview| figures(overview, before, &about.site.currency)).unwrap_or_default(),
        verdict: overview.map_or("", |overview| verdict(overview.estimate.verdict)),
        countries: losers(about, &now.countries, true),
        pages: losers(about, &now.pages, false),
        change: sentence(change.as_ref(), before.is_some()),
        partial: overview.and_then(|overview| partial(overview, before)),
        target: format!("{}\u{a0}s", f64::from(TARGET_MS) / 1000.0),
        link: link(about, None),
    }
}

fn figures(now: &Overview, then: Option<&Overview>, currency: &str) -> Vec<Figure> {
    let figure = |name, of: &dyn Fn(&Overview) -> (String, String)| {
        let (value, detail) = of(now);
        let before = then.map_or_else(|| "not measured".to_owned(), |then| of(then).0);
        Figure { name, value, detail, before }
    };
    let share = |overview: &Overview| overview.lcp_good_share.map_or_else(|| "\u{2013}".to_owned(), words::percent);
    vec![
        figure("Lost orders", &lost_orders),
        figure("Lost revenue", &|overview| (lost_revenue(&overview.estimate, currency), String::new())),
        figure("Time waited", &|overview| {
            let time = overview.time_lost_s.map_or_else(|| "\u{2013}".to_owned(), words::hours);
            (time, "by all visitors together, beyond the target".to_owned())
        }),
        figure("Good LCP", &|overview| (share(overview), format!("of {} views", words::count(overview.views)))),
    ]
}

/// An estimate with its interval, or that there is too little for one.
fn lost_orders(overview: &Overview) -> (String, String) {
    match (overview.estimate.known(), overview.orders) {
        (Some((estimate, lo, hi)), _) => (words::estimate(estimate), words::interval(lo, hi)),
        (None, Some(orders)) => (insufficient(), format!("{} orders in the week", words::count(orders))),
        (None, None) => (insufficient(), String::new()),
    }
}

fn lost_revenue(estimate: &Estimate, currency: &str) -> String {
    match (estimate.known(), estimate.est_lost_revenue) {
        (Some(_), Some(revenue)) => words::money(revenue, currency),
        _ => insufficient(),
    }
}

fn insufficient() -> String {
    "too little data".to_owned()
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Loss => {
            "Slow views were followed by fewer orders than fast ones of their kind, and that is more than chance."
        }
        Verdict::Gain => "Slow views were followed by more orders than fast ones of their kind: waiting has cost none.",
        Verdict::NotDistinguishable => "The interval has 0 in it: this may be chance.",
        Verdict::Insufficient => "There is too little data to say what slowness has cost.",
    }
}

/// Those that surely lose most: by the lower bound, which must be above 0.
fn losers(about: &About, places: &[Place], are_countries: bool) -> Vec<Loser> {
    let mut sure: Vec<(&Place, (f64, f64, f64))> = places
        .iter()
        .filter(|place| place.estimate.verdict == Verdict::Loss)
        .filter_map(|place| Some((place, place.estimate.known()?)))
        .filter(|(_, (_, lo, _))| *lo > 0.0)
        .collect();
    sure.sort_by(|one, other| other.1.1.total_cmp(&one.1.1));
    let told = sure.into_iter().take(PLACES).map(|(place, (estimate, lo, hi))| {
        let lcp = place.lcp_p75_ms.map(|lcp| format!(", p75 LCP {}", words::seconds(lcp))).unwrap_or_default();
        Loser {
            name: shown_name(place, are_countries),
            at_least: words::estimate(lo),
            detail: format!(
                "about {} ({}), {}{lcp}",
                words::estimate(estimate),
                words::interval(lo, hi),
                lost_revenue(&place.estimate, &about.site.currency)
            ),
            link: link(about, Some((if are_countries { "country" } else { "page" }, &place.name))),
        }
    });
    told.collect()
}

fn shown_name(place: &Place, is_country: bool) -> String {
    words::name(if is_country { country::name(&place.name) } else { &place.name })
}

fn sentence(change: Option<&Change>, has_before: bool) -> String {
    let Some(change) = change else {
        let told = if has_before {
            "No country and no page has changed by more than chance."
        } else {
            "The week before was not measured."
        };
        return told.to_owned();
    };
    let (now, then) = (change.now, change.then);
    let known =
        |place: &Place| place.estimate.known().map_or_else(insufficient, |(estimate, ..)| words::estimate(estimate));
    let is_more = now.estimate.est_lost > then.estimate.est_lost;
    format!(
        "{}: {} lost orders, after {} in the week before. That is {} by at least {}, with {} measured views instead of {}.",
        shown_name(now, change.is_country),
        known(now),
        known(then),
        if is_more { "more" } else { "fewer" },
        words::estimate(change.at_least),
        words::count(now.views),
        words::count(then.views),
    )
}

/// That one of two weeks has not data of seven days.
fn partial(now: &Overview, before: Option<&Overview>) -> Option<String> {
    let days = |overview: &Overview| words::count(overview.days_with_data);
    let is_whole = |overview: &Overview| overview.days_with_data >= 7.0;
    let before = before.filter(|before| !is_whole(now) || !is_whole(before));
    match before {
        Some(before) => Some(format!(
            "There is data of {} days of this week, and of {} of the week before.",
            days(now),
            days(before)
        )),
        None if !is_whole(now) => Some(format!("There is data of {} days of this week.", days(now))),
        None => None,
    }
}

/// The report's address for this site and week (collector/report/src/state.ts), and for a country or page.
fn link(about: &About, place: Option<(&str, &str)>) -> Option<Link> {
    if about.url.is_empty() {
        return None;
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("site", about.key);
    query.append_pair("from", &about.week.monday().to_string()).append_pair("to", &about.week.sunday().to_string());
    if let Some((parameter, name)) = place {
        query.append_pair(parameter, name);
    }
    let text = format!("{}/?{}", about.url, query.finish());
    let html = Value::from_safe_string(text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;"));
    Some(Link { text, html })
}
