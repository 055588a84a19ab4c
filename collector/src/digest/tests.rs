use time::macros::date;

use super::figures::{Estimate, Figures, Overview, Place, Verdict};
use super::page::{About, write};
use super::*;

const EVIL: &str = "/<img src=x onerror=alert(1)>&amp;\"'";

fn estimate(est_lost: f64, half: f64, verdict: Verdict) -> Estimate {
    Estimate {
        est_lost: Some(est_lost),
        lo: Some(est_lost - half),
        hi: Some(est_lost + half),
        est_lost_revenue: Some(est_lost * 50.0),
        verdict,
    }
}

fn place(name: &str, est_lost: f64, half: f64, verdict: Verdict) -> Place {
    let estimate = estimate(est_lost, half, verdict);
    Place { name: name.to_owned(), estimate, method: "direct".to_owned(), views: 1000.0, lcp_p75_ms: Some(3456.0) }
}

fn overview(verdict: Verdict) -> Overview {
    Overview {
        estimate: estimate(123.4, 20.0, verdict),
        views: 12_345.0,
        days_with_data: 7.0,
        orders: Some(29.0),
        time_lost_s: Some(36_000.0),
        lcp_good_share: Some(0.812),
        simulated_share: Some(0.0),
    }
}

fn figures(verdict: Verdict) -> Figures {
    Figures {
        overview: Some(overview(verdict)),
        countries: vec![
            place("BR", 40.0, 10.0, Verdict::Loss),
            place("IN", 60.0, 40.0, Verdict::Loss),
            place("DE", 50.0, 5.0, Verdict::Loss),
            place("FR", 30.0, 1.0, Verdict::Loss),
            place("US", 500.0, 1.0, Verdict::Insufficient),
        ],
        pages: vec![place(EVIL, 10.0, 5.0, Verdict::Loss), place("/", 10.0, 50.0, Verdict::NotDistinguishable)],
    }
}

fn digest(now: &Figures, then: &Figures, url: &str) -> Digest {
    let config = Config::parse("[sites.shop]\nname = 'Demo & shop'\ncurrency = 'EUR'", []).unwrap();
    let week = Week::of("2026-11-18", date!(2026 - 12 - 01)).unwrap();
    write(&About { key: "shop", site: &config.sites["shop"], week, url }, now, then).unwrap()
}

#[test]
fn it_tells_the_figures_with_their_intervals_and_who_surely_loses_most() {
    let digest = digest(&figures(Verdict::Loss), &figures(Verdict::Loss), "");
    assert_eq!(digest.subject, "Demo & shop, week 47: about 123 lost orders");
    for text in [
        "Week 47, 16 to 22 November 2026",
        "Lost orders: 123 (103 to 143). Week before: 123.",
        "Lost revenue: EUR\u{a0}6,170. Week before: EUR\u{a0}6,170.",
        "Time waited: 10\u{a0}h",
        "Good LCP: 81.2\u{a0}% (of 12,345 views)",
        "more than chance",
        "- Germany: at least 45 orders; about 50 (45 to 55), EUR\u{a0}2,500, p75 LCP 3.46\u{a0}s\n- Brazil: at least 30 orders",
        "No country and no page has changed by more than chance.",
        "an association, not proof",
    ] {
        assert!(digest.text.contains(text), "{text} is not in\n{}", digest.text);
    }
    assert!(digest.text.contains("- France: at least 29 orders"), "{}", digest.text);
    for text in ["India", "United States", "http", "simulated"] {
        assert!(!digest.text.contains(text), "{text} is in\n{}", digest.text);
    }
    assert!(digest.html.contains("Demo &amp; shop: what slowness cost") && digest.html.contains("Brazil"));
}

#[test]
fn what_beacons_supplied_is_no_markup_in_the_html() {
    let digest = digest(&figures(Verdict::Loss), &figures(Verdict::Loss), "https://rum.example.com");
    assert!(
        !digest.html.contains("<img")
            && digest.html.contains("&lt;img src=x onerror=alert(1)&gt;&amp;amp;&quot;&#x27;")
    );
    assert!(digest.text.contains(EVIL));
    for forbidden in ["<script", "<style", "src=\"", "class="] {
        assert!(!digest.html.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn too_little_data_is_said_and_no_number_shown() {
    let digest = digest(&figures(Verdict::Insufficient), &figures(Verdict::Insufficient), "");
    assert_eq!(digest.subject, "Demo & shop, week 47: too little data for a figure");
    assert!(
        digest.text.contains("Lost orders: too little data (29 orders in the week). Week before: too little data.")
    );
    assert!(digest.text.contains("Lost revenue: too little data."));
    for body in [&digest.text, &digest.html] {
        assert!(!body.contains("123") && !body.contains("6,170"), "{body}");
    }
}

#[test]
fn a_week_without_views_says_so_and_no_more() {
    let none = Figures {
        overview: Some(Overview { views: 0.0, ..overview(Verdict::Insufficient) }),
        countries: vec![],
        pages: vec![],
    };
    let empty = digest(&none, &figures(Verdict::Loss), "https://rum.example.com");
    assert_eq!(empty.subject, "Demo & shop, week 47: nothing was measured");
    assert!(empty.text.contains("No view was measured in this week.") && !empty.text.contains("Lost orders"));
    let first = digest(&figures(Verdict::Loss), &none, "");
    assert!(
        first.text.contains("Week before: not measured.") && first.text.contains("The week before was not measured.")
    );
}

#[test]
fn what_surely_changed_most_is_told_with_the_least_that_it_changed_by() {
    let mut then = figures(Verdict::Loss);
    then.countries[3] = place("FR", 5.0, 1.0, Verdict::Loss);
    let digest = digest(&figures(Verdict::Loss), &then, "");
    assert!(
        digest.text.contains("France: 30 lost orders, after 5.0 in the week before. That is more by at least 2"),
        "{}",
        digest.text
    );
}

#[test]
fn links_lead_to_the_week_in_the_report() {
    let digest = digest(&figures(Verdict::Loss), &figures(Verdict::Loss), "https://rum.example.com/slow");
    assert!(digest.text.contains("https://rum.example.com/slow/?site=shop&from=2026-11-16&to=2026-11-22\n"));
    let country =
        "href=\"https://rum.example.com/slow/?site=shop&amp;from=2026-11-16&amp;to=2026-11-22&amp;country=DE\"";
    assert!(digest.html.contains(country), "{}", digest.html);
    let page = "to=2026-11-22&amp;page=%2F%3Cimg+src%3Dx+onerror%3Dalert%281%29%3E%26amp%3B%22%27\"";
    assert!(digest.html.contains(page), "{}", digest.html);
}

#[test]
fn days_without_data_are_told() {
    let mut then = figures(Verdict::Loss);
    assert!(!digest(&then, &then, "").text.contains("There is data of"));
    then.overview.as_mut().unwrap().days_with_data = 2.0;
    let whole = figures(Verdict::Loss);
    assert!(
        digest(&whole, &then, "").text.contains("There is data of 7 days of this week, and of 2 of the week before.")
    );
    assert!(
        digest(&then, &whole, "").html.contains("There is data of 2 days of this week, and of 7 of the week before.")
    );
}

#[test]
fn simulated_views_are_told() {
    let mut now = figures(Verdict::Loss);
    now.overview.as_mut().unwrap().simulated_share = Some(1.0);
    assert!(digest(&now, &now, "").html.contains("100.0\u{a0}% of the views are simulated."));
}

#[test]
fn an_order_is_held_against_the_configuration_first() {
    let config = Config::parse("[sites.shop]\n[sites.blog]\n", []).unwrap();
    let order = |site: &str, to: Option<&str>, week: Option<&str>| {
        let arguments = Arguments { site: site.to_owned(), to: to.map(str::to_owned), week: week.map(str::to_owned) };
        Order::new(&config, &arguments, date!(2026 - 11 - 27)).map_err(|error| error.to_string())
    };
    assert!(order("shop", None, None).is_ok());
    assert_eq!(order("shp", None, None).unwrap_err(), "there is no site shp in the configuration; it has: blog, shop");
    assert_eq!(order("shop", None, Some("2026-11-23")).unwrap_err(), "the week from 2026-11-23 on is not over yet");
    assert!(order("shop", Some("nobody"), None).unwrap_err().contains("nobody is no mail address"));
    assert!(
        order("shop", Some("ann@example.com"), None).unwrap_err().contains("mail.smtp_url and mail.from are not set")
    );
}
