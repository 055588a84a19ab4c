//! The whole way of the data on real input: Chromium walks through the demo shop from five countries, and ClickHouse has what it did.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};
use tests::collector::{CollectorProcess, program};
use tests::embedded::{EmbeddedClickHouse, workspace};
use tests::loss_reference::{CubeRow, GoalRow, compute};
use time::{Duration, OffsetDateTime};

use crate::loss::CountryRow;
use crate::loss_random::check_country;

/// The pages of a walk, in order: what the path begins with, and the page group.
const PAGES: [(&str, &str); 5] = [
    ("/", "/"),
    ("/category/", "/category/tableware"),
    ("/item/", "/item/:id"),
    ("/cart", "/cart"),
    ("/thank-you", "/thank-you"),
];

/// Addresses and their countries. Only ever a header's value: nothing is sent there.
const BRAZIL: (&str, &str) = ("200.160.2.3", "BR");
const GERMANY: (&str, &str) = ("193.99.144.80", "DE");
const JAPAN: (&str, &str) = ("202.232.2.164", "JP");
const KENYA: (&str, &str) = ("197.136.1.1", "KE");
const USA: (&str, &str) = ("8.8.8.8", "US");

/// What `walk.mjs` tells of one visitor.
#[derive(Debug, Deserialize)]
struct Walk {
    address: String,
    device: String,
    pages: Vec<Page>,
    order: Order,
    console: Vec<String>,
    wasm: u32,
}

/// What the browser and web-vitals say of one page.
#[derive(Debug, Deserialize)]
struct Page {
    path: String,
    navigation: Value,
    resources: Vec<String>,
    requested: Vec<String>,
    ttfb: f64,
    fcp: f64,
    lcp: f64,
}

#[derive(Debug, Deserialize)]
struct Order {
    value: f64,
}

/// A row of `page_views`, as ClickHouse writes it in JSON.
#[derive(Debug, Deserialize)]
struct View {
    path: String,
    #[serde(rename = "page_group")]
    group: String,
    nav: String,
    #[serde(rename = "view_number")]
    number: u16,
    device: String,
    reason: String,
    browser: String,
    is_bot: bool,
    http_status: u16,
    #[serde(rename = "view_id")]
    id: u64,
    session_id: u64,
    ttfb_ms: Option<f64>,
    fcp_ms: Option<f64>,
    lcp_ms: Option<f64>,
    tls_ms: Option<f64>,
    dns_ms: Option<f64>,
    tcp_ms: Option<f64>,
    request_ms: Option<f64>,
    response_ms: Option<f64>,
    dom_interactive_ms: Option<f64>,
    dom_content_loaded_ms: Option<f64>,
    dom_complete_ms: Option<f64>,
    load_ms: Option<f64>,
    decoded_bytes: u64,
    protocol: String,
}

fn walk_through(collector: &CollectorProcess, wasm_delay_ms: u32, walks: &Value) -> Vec<Walk> {
    let plan = json!({
        "collector": collector.url(), "shop": program("demo-shop"), "site": "shop", "wasm_delay_ms": wasm_delay_ms, "walks": walks,
    });
    let mut node = Command::new("node")
        .arg(workspace().join("tests/browser/walk.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node can be started");
    node.stdin.take().expect("piped").write_all(plan.to_string().as_bytes()).expect("the plan is read");
    let output = node.wait_with_output().expect("the walk ends");
    assert!(output.status.success(), "the walk failed");
    let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).expect("a walk's line")).collect()
}

fn rows<T: for<'de> Deserialize<'de>>(collector: &CollectorProcess, sql: &str) -> Vec<T> {
    let lines =
        collector.query(&format!("{sql} FORMAT JSONEachRow SETTINGS output_format_json_quote_64bit_integers = 0"));
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The last snapshot of each view of a country, in the order of the walk.
fn views(collector: &CollectorProcess, country: &str) -> Vec<View> {
    rows(collector, &format!("SELECT * FROM page_views FINAL WHERE country = '{country}' ORDER BY view_number"))
}

fn close(what: &str, stored: Option<f64>, truth: f64) {
    let stored = stored.unwrap_or_else(|| panic!("{what} is not known; it is {truth}"));
    assert!((stored - truth).abs() <= 1.0, "{what}: stored {stored}, in truth {truth}");
}

/// One page against what the browser said of it.
fn check_view(view: &View, page: &Page, index: usize, device: &str) {
    let (path, group) = PAGES[index];
    assert!(page.path.starts_with(path) && view.path == page.path, "{} for {path}", view.path);
    assert_eq!((view.group.as_str(), view.device.as_str()), (group, device), "{view:?}");
    assert_eq!(usize::from(view.number), index + 1);
    assert_eq!(view.nav, if index == 0 { "entry" } else { "inner" });
    assert_eq!((view.http_status, view.is_bot), (200, false), "{view:?}");
    assert!(view.browser.starts_with("Chrome"), "{}", view.browser);

    close("TTFB", view.ttfb_ms, page.ttfb);
    close("FCP", view.fcp_ms, page.fcp);
    close("LCP", view.lcp_ms, page.lcp);
    let mark = |name: &str| page.navigation[name].as_f64().expect("a mark");
    close("request", view.request_ms, mark("responseStart") - mark("requestStart"));
    close("response", view.response_ms, mark("responseEnd") - mark("responseStart"));
    close("domInteractive", view.dom_interactive_ms, mark("domInteractive"));
    close("loadEventEnd", view.load_ms, mark("loadEventEnd"));

    // The phases, in their order. Over plain HTTP there is no TLS.
    assert_eq!(view.tls_ms, None);
    let phases: f64 = [view.dns_ms, view.tcp_ms, view.request_ms, view.response_ms].into_iter().flatten().sum();
    assert!(view.dns_ms.is_some() && view.tcp_ms.is_some() && phases <= mark("responseEnd") + 3.0, "{view:?}");
    let marks = [view.ttfb_ms, view.dom_interactive_ms, view.dom_content_loaded_ms, view.dom_complete_ms, view.load_ms];
    let marks: Vec<f64> = marks.into_iter().map(|mark| mark.expect("a loaded page has it")).collect();
    assert!(marks.is_sorted(), "{marks:?}");
    assert!(view.fcp_ms <= view.lcp_ms && view.ttfb_ms <= view.fcp_ms);
    assert!(view.decoded_bytes > 1000 && view.protocol == "http/1.1", "{view:?}");
}

/// The resources of a page against what the browser said it loaded.
fn check_resources(collector: &CollectorProcess, view: &View, page: &Page) {
    let told: Vec<String> = rows::<Value>(
        collector,
        &format!(
            "SELECT url, duration_ms, decoded_bytes, is_opaque FROM resource_timings WHERE view_id = {} AND NOT is_bot",
            view.id
        ),
    )
    .iter()
    .map(|row| row["url"].as_str().expect("a URL").to_owned())
    .collect();
    assert!(told.len() >= page.resources.len().min(5), "{}: told {told:?} of {:?}", page.path, page.resources);
    for url in &told {
        let asked_for = page.resources.contains(url) || page.requested.contains(url) || url.contains("/slowtax-");
        assert!(asked_for, "{url} was not loaded by {}", page.path);
    }
    assert!(told.iter().any(|url| url.contains("/cdn/")), "the shop's own resources are among {told:?}");
}

/// All that a visit of one country left in ClickHouse.
fn check_walk(collector: &CollectorProcess, walk: &Walk, country: &str) -> Vec<View> {
    assert_eq!(walk.console, Vec::<String>::new(), "nothing in the console");
    let views = views(collector, country);
    assert_eq!(views.len(), PAGES.len(), "{country}: {views:?}");
    for (index, (view, page)) in views.iter().zip(&walk.pages).enumerate() {
        check_view(view, page, index, &walk.device);
    }
    assert!(views.iter().all(|view| view.session_id == views[0].session_id), "one session");

    let goals = collector.query(&format!(
        "SELECT name, is_conversion, value, session_id, length(earlier_ts), earlier_page_group FROM goals WHERE country = '{country}'"
    ));
    let expected = format!(
        "order\ttrue\t{}\t{}\t4\t['/','/category/tableware','/item/:id','/cart']",
        walk.order.value, views[0].session_id
    );
    assert_eq!(goals, expected, "{country}");
    let cube = format!("SELECT sum(n), sum(k), sum(exits) FROM loss_cube WHERE country = '{country}'");
    assert_eq!(collector.query(&cube), "5\t4\t1", "{country}: five views, four before the order, one exit");
    let lcp: f64 = views.iter().filter_map(|view| view.lcp_ms).sum();
    assert_eq!(
        collector.query(&format!("SELECT sum(t_ms) FROM loss_cube WHERE country = '{country}'")),
        lcp.to_string()
    );
    let daily = format!("SELECT sum(orders), sum(revenue) FROM goals_daily WHERE country = '{country}'");
    assert_eq!(collector.query(&daily), format!("1\t{}", walk.order.value), "{country}");
    let pulse = format!("SELECT sum(views), sum(orders), sum(errors) FROM beat_5m WHERE country = '{country}'");
    assert_eq!(collector.query(&pulse), "5\t1\t0", "{country}");
    views
}

/// `loss_by_country` against the reference, computed from the very rows that the visits made.
async fn check_loss(collector: &CollectorProcess) {
    let database =
        clickhouse::Client::default().with_url(collector.clickhouse_url()).with_database(collector.database());
    let cube: Vec<CubeRow> = database.query(CubeRow::SELECT).bind("shop").fetch_all().await.unwrap();
    let orders: Vec<GoalRow> = database.query(GoalRow::SELECT).bind("shop").fetch_all().await.unwrap();
    let reference = compute(&cube, &orders, 2500);
    let now = OffsetDateTime::now_utc().date();
    let (from_day, to_day) = (now - Duration::DAY, now + Duration::DAY);
    let sql = format!(
        "SELECT ?fields FROM loss_by_country(site = 'shop', from_day = '{from_day}', to_day = '{to_day}', target_ms = 2500) ORDER BY country"
    );
    let answered: Vec<CountryRow> = database.query(&sql).fetch_all().await.unwrap();
    assert_eq!(answered.len(), reference.countries.len());
    for (row, expected) in answered.iter().zip(&reference.countries) {
        check_country(row, expected, "the walks");
    }
}

fn collector(test: &str) -> CollectorProcess {
    let clickhouse = EmbeddedClickHouse::shared();
    CollectorProcess::start_on(&clickhouse.url(), clickhouse.database(test).name(), &[])
}

/// Waits for every visitor's order and last page; what is late is late by the spool's and the browser's leisure.
fn wait_for_visits(collector: &CollectorProcess, visits: usize) {
    collector.wait_until("all visits are told", || {
        let told = collector.query("SELECT uniqExact(view_id), (SELECT count() FROM goals) FROM page_views");
        told == format!("{}\t{visits}", visits * PAGES.len())
    });
    // The last snapshot of each last page: it is hidden by leaving.
    collector.wait_until("the last pages were left", || {
        let left = "SELECT uniqExact(view_id) FROM page_views WHERE page_group = '/thank-you' AND reason IN ('hidden', 'stub')";
        collector.query(left) == visits.to_string()
    });
    collector.wait_until_stored();
}

#[tokio::test]
async fn a_walk_through_the_shop_from_five_countries_ends_as_a_loss_figure() {
    let collector = collector("walk_five_countries");
    let walks = walk_through(
        &collector,
        0,
        &json!([
            { "address": BRAZIL.0, "device": "mobile", "dwell_ms": 2500, "query": "?delay_image=3000&knobs=sticky" },
            { "address": GERMANY.0, "device": "desktop", "dwell_ms": 3500 },
            { "address": JAPAN.0, "device": "desktop", "dwell_ms": 1500 },
            { "address": KENYA.0, "device": "mobile", "dwell_ms": 1500 },
            { "address": USA.0, "device": "desktop", "dwell_ms": 200 },
        ]),
    );
    wait_for_visits(&collector, 5);
    for (address, country) in [BRAZIL, GERMANY, JAPAN, KENYA, USA] {
        let walk = walks.iter().find(|walk| walk.address == address).expect("a walk of each");
        let views = check_walk(&collector, walk, country);
        if country == "DE" {
            for (view, page) in views.iter().zip(&walk.pages) {
                check_resources(&collector, view, page);
            }
        }
    }
    assert_eq!(collector.query("SELECT count() FROM page_views WHERE country = 'ZZ'"), "0");
    let slow = "SELECT sumIf(n, bucket > 4), sumIf(k, bucket > 4) FROM loss_cube WHERE country = 'BR'";
    assert_eq!(collector.query(slow), "3\t3", "the three pages with a picture that came late");
    check_loss(&collector).await;
}

#[tokio::test]
async fn nothing_is_lost_when_the_wasm_file_takes_five_seconds() {
    let collector = collector("walk_wasm_delayed");
    let walks = walk_through(
        &collector,
        5000,
        &json!([
            { "address": GERMANY.0, "device": "desktop", "dwell_ms": 200 },
            { "address": KENYA.0, "device": "mobile", "dwell_ms": 6000 },
        ]),
    );
    wait_for_visits(&collector, 2);
    for (address, country, by_stub) in [(GERMANY.0, "DE", true), (KENYA.0, "KE", false)] {
        let walk = walks.iter().find(|walk| walk.address == address).expect("a walk of each");
        assert!(walk.wasm > 0, "the wasm file was asked for, and held back");
        let views = check_walk(&collector, walk, country);
        for view in &views[..4] {
            assert_eq!(view.reason == "stub", by_stub, "{country}: {view:?}");
        }
    }
    check_loss(&collector).await;
}
