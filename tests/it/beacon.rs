//! The beacon in real Chromium, on pages that are made for one purpose each, against web-vitals on the same page. A node script stands in for the
//! collector and keeps the beacons as they came; here they are decoded.

use std::collections::BTreeMap;
use std::process::Command;

use beacon_format::{Beacon, Context, NavigationType, PageName, PageView, Reason};
use serde::Deserialize;
use serde_json::Value;
use tests::embedded::workspace;

use crate::recorded;

/// What `beacon.mjs` tells of one scenario.
#[derive(Deserialize)]
struct Report {
    scenario: String,
    /// Bodies, in hexadecimal.
    beacons: Vec<String>,
    /// Errors that a page saw.
    failures: Vec<String>,
    /// Errors in the console.
    console: Vec<String>,
    #[serde(default)]
    oracle: Oracle,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

/// What web-vitals said last.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Oracle {
    #[serde(rename = "TTFB")]
    ttfb: Option<f64>,
    #[serde(rename = "FCP")]
    fcp: Option<f64>,
    #[serde(rename = "LCP")]
    lcp: Option<f64>,
    target: String,
    url: String,
}

impl Report {
    fn bodies(&self) -> Vec<Vec<u8>> {
        self.beacons.iter().map(|body| recorded::body(body)).collect()
    }

    fn decoded<'b>(&self, bodies: &'b [Vec<u8>]) -> Vec<Beacon<'b>> {
        recorded::decoded(&self.scenario, bodies)
    }

    fn assert_quiet(&self) {
        assert_eq!((&self.failures, &self.console), (&vec![], &vec![]), "{}: errors in the page", self.scenario);
    }
}

fn run(scenarios: &[&str], core: &str) -> BTreeMap<String, Report> {
    let output = Command::new("node")
        .arg(workspace().join("tests/browser/beacon.mjs"))
        .args(scenarios)
        .env("SLOWTAX_CORE", core)
        .output()
        .expect("node can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let reports = lines.lines().map(|line| serde_json::from_str::<Report>(line).expect("a report"));
    reports.map(|report| (report.scenario.clone(), report)).collect()
}

fn agree(scenario: &str, what: &str, told: Option<u32>, oracle: Option<f64>) {
    println!(
        "{scenario:>26} {what:>5} {:>9} {:>9.1}",
        told.map_or("-".to_owned(), |ms| ms.to_string()),
        oracle.unwrap_or(f64::NAN)
    );
    let close = match (told, oracle) {
        (Some(told), Some(oracle)) => (f64::from(told) - oracle).abs() <= 1.0,
        (None, None) => true,
        _ => false,
    };
    assert!(close, "{scenario}: {what} is told as {told:?}, and is {oracle:?}");
}

/// A URL or a selector of web-vitals', as it may be told.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

const VITALS: [&str; 9] = [
    "text",
    "image",
    "late_image",
    "slow_document",
    "removed",
    "input_before_late_image",
    "hidden_before_late_image",
    "hidden_at_start",
    "prerendered",
];

#[test]
fn vitals_agree_with_web_vitals_to_the_millisecond() {
    println!("{:>26} {:>5} {:>9} {:>9}", "page", "", "beacon", "oracle");
    for (name, report) in run(&VITALS, "present") {
        report.assert_quiet();
        let bodies = report.bodies();
        let beacons = report.decoded(&bodies);
        let last = beacons.last().expect("at least one beacon");
        let (vitals, oracle) = (&last.vitals, &report.oracle);
        agree(&name, "TTFB", vitals.ttfb_ms, oracle.ttfb);
        agree(&name, "FCP", vitals.fcp_ms, oracle.fcp);
        agree(&name, "LCP", vitals.lcp_ms, oracle.lcp);
        assert_eq!(vitals.lcp_element, oracle.target, "{name}");
        assert_eq!(vitals.lcp_url, without_query(&oracle.url), "{name}");
        let view = last.view.as_ref().expect("a view");
        assert_eq!(view.hidden_at_start, name == "hidden_at_start");
        assert_eq!(view.navigation_type == NavigationType::Prerender, name == "prerendered");
        assert!(last.navigation.is_some() && view.http_status == 200, "{name}");
    }
}

#[test]
fn vitals_agree_too_where_the_wasm_never_comes() {
    let scenarios = ["text", "late_image", "input_before_late_image", "hidden_before_late_image"];
    for (name, report) in run(&scenarios, "absent") {
        assert_eq!(report.failures, Vec::<String>::new(), "{name}");
        let bodies = report.bodies();
        let beacons = report.decoded(&bodies);
        let (last, oracle) = (beacons.last().expect("a beacon"), &report.oracle);
        assert_eq!(last.head.reason, Reason::Stub);
        agree(&name, "TTFB", last.vitals.ttfb_ms, oracle.ttfb);
        agree(&name, "FCP", last.vitals.fcp_ms, oracle.fcp);
        agree(&name, "LCP", last.vitals.lcp_ms, oracle.lcp);
        let marks = last.navigation.as_ref().expect("navigation timing");
        assert!(marks.response_start > 0 && marks.response_end <= marks.dom_interactive, "{marks:?}");
    }
}

/// The earlier views that the goals of a name carried, in order.
fn carried(beacons: &[Beacon], name: &str) -> Vec<Vec<String>> {
    let goals = beacons.iter().flat_map(|beacon| &beacon.goals).filter(|goal| goal.name == name);
    let page = |page: &PageName| match page {
        PageName::Path(path) | PageName::Name(path) => path.clone().into_owned(),
    };
    goals.map(|goal| goal.earlier_views.iter().map(|view| page(&view.page)).collect()).collect()
}

/// A session of five pages, one of them not found; an order on the fourth, an order and a sign-up on the fifth.
fn check_session(report: &Report, is_told_by_stub: bool) {
    assert_eq!(report.failures, Vec::<String>::new());
    let bodies = report.bodies();
    let beacons = report.decoded(&bodies);
    let mut views = BTreeMap::<_, Vec<&Beacon>>::new();
    for beacon in &beacons {
        views.entry(beacon.head.view_id).or_default().push(beacon);
    }
    let firsts: Vec<_> = views.values().map(|snapshots| snapshots[0].view.as_ref().expect("a view")).collect();
    let told: Vec<_> = firsts.iter().map(|view| (&*view.path, view.view_number, view.http_status)).collect();
    assert_eq!(
        told,
        [("/text", 1, 200), ("/missing", 2, 404), ("/image", 3, 200), ("/other", 4, 200), ("/text", 5, 200)]
    );
    // Each measured view is told once, by the next view: the one that was not found is none.
    let previous: Vec<_> =
        firsts.iter().map(|view| view.previous.as_ref().map(|previous| previous.started_ms)).collect();
    let began = |index: usize| views.values().nth(index).map(|snapshots| snapshots[0].head.time_origin_ms);
    assert_eq!(previous, [None, began(0), None, began(2), began(3)]);
    for snapshots in views.values() {
        for (index, beacon) in snapshots.iter().enumerate() {
            assert_eq!(usize::from(beacon.head.seq), index, "snapshots are numbered without gaps");
            assert_eq!(beacon.head.session_id, beacons[0].head.session_id);
            assert_eq!(beacon.head.reason == Reason::Stub, is_told_by_stub);
            let counted = beacon.view.as_ref().expect("a view").counted_lcp_ms;
            assert_eq!(counted, index.checked_sub(1).and_then(|before| snapshots[before].vitals.lcp_ms));
        }
    }
    assert_eq!(carried(&beacons, "order"), [vec!["/text", "/image"], vec!["/other"]]);
    assert_eq!(carried(&beacons, "sign-up"), [["/text", "/image", "/other"]]);
    // What is carried is what was counted.
    let last_lcp = |path: &str| {
        let is_it = |view: &PageView| view.path == path && view.view_number < 5;
        beacons.iter().rfind(|beacon| beacon.view.as_ref().is_some_and(is_it)).expect("it was told").vitals.lcp_ms
    };
    for view in beacons.iter().flat_map(|beacon| &beacon.goals).flat_map(|goal| &goal.earlier_views) {
        let PageName::Path(path) = &view.page else { panic!("no page was named") };
        assert_eq!(Some(view.lcp_ms), last_lcp(path), "{path}");
    }
    let kept = &report.more["kept"];
    assert_eq!((&kept["cookie"], kept["session"].as_array().map(Vec::len)), (&Value::from(""), Some(5)));
    assert_eq!(report.more["globals"], Value::from(vec!["slowtax"]));
}

#[test]
fn a_goal_carries_the_sessions_measured_views_once() {
    check_session(&run(&["session"], "present")["session"], false);
}

#[test]
fn a_session_is_the_same_where_the_wasm_never_comes() {
    check_session(&run(&["session"], "absent")["session"], true);
}

/// What the page said of itself in all its beacons: goals, errors, the last settings and names.
fn said(report: &Report) -> String {
    let bodies = report.bodies();
    let beacons = report.decoded(&bodies);
    let mut goals: Vec<_> =
        beacons.iter().flat_map(|beacon| &beacon.goals).map(|goal| (&goal.name, goal.value)).collect();
    goals.sort_by_key(|(name, _)| (*name).clone());
    let errors = beacons.iter().flat_map(|beacon| &beacon.errors);
    let mut errors: Vec<_> = errors
        .map(|error| (error.kind, &error.message, error.source.rsplit('/').next(), error.line, error.count))
        .collect();
    errors.sort_by_key(|(_, message, ..)| (*message).clone());
    let last = beacons.last().expect("a beacon");
    let Context { release, experiment_arm, dimensions, .. } = &last.context;
    let mut dimensions = dimensions.clone();
    dimensions.sort();
    let view = last.view.as_ref().expect("a view");
    let view = (&view.name, &view.path, view.nav, view.view_number, &view.referrer_host, view.http_status);
    format!("{goals:?} {errors:?} {release} {experiment_arm} {dimensions:?} {view:?}")
}

#[test]
fn the_stub_and_the_core_tell_the_same() {
    let told = ["present", "absent"].map(|core| said(&run(&["names"], core)["names"]));
    assert_eq!(told[0], told[1]);
    assert!(told[0].contains("no luck") && told[0].contains("sign-up"), "{}", told[0]);
}

#[test]
fn names_settings_and_errors_are_told_and_cleaned() {
    let report = &run(&["names"], "present")["names"];
    report.assert_quiet();
    let bodies = report.bodies();
    let beacons = report.decoded(&bodies);
    for beacon in &beacons {
        let context = &beacon.context;
        assert_eq!((&*context.release, &*context.experiment_arm), ("2026.12", "b"));
        let mut dimensions = context.dimensions.clone();
        dimensions.sort();
        assert_eq!(dimensions, [("constructor".into(), "x".into()), ("team".into(), "blue".into())]);
        let name = beacon.view.as_ref().and_then(|view| view.name.clone()).expect("a name");
        assert!(name.starts_with("na me 😀na me 😀") && name.len() <= 100, "{name}");
        assert_eq!((context.viewport_width > 0, context.cores > 0, context.language.is_empty()), (true, true, false));
    }
    let reasons: Vec<_> = beacons.iter().map(|beacon| beacon.head.reason).collect();
    assert_eq!(reasons, [Reason::Goal, Reason::Settled, Reason::Hidden]);
    let values: Vec<_> = beacons[0].goals.iter().map(|goal| (&*goal.name, goal.value.to_string())).collect();
    assert_eq!(values, [("odd", "0".to_owned()), ("sign-up", "1000000000".to_owned())], "within the limit");
    let errors: Vec<_> = beacons.iter().map(|beacon| beacon.errors.len()).collect();
    assert_eq!((errors, &*beacons[0].errors[0].message), (vec![1, 0, 0], "TypeError: no luck"));
}

#[test]
fn nothing_is_stored_or_sent_without_consent_or_against_the_visitors_wish() {
    let reports = run(&["consent", "privacy_control"], "present");
    let consent = &reports["consent"];
    consent.assert_quiet();
    let told = |moment: &str| (consent.more[moment]["beacons"].as_u64(), consent.more[moment]["stored"].clone());
    assert_eq!(told("before"), (Some(0), Value::Array(vec![])));
    assert_eq!(told("given"), (Some(2), Value::from(vec!["slowtax"])));
    assert_eq!(told("withdrawn"), (Some(2), Value::Array(vec![])), "what was kept is deleted, and nothing follows");
    let bodies = consent.bodies();
    assert_eq!(consent.decoded(&bodies)[0].goals.len(), 1, "what was called before consent is told after it");

    let refused = &reports["privacy_control"];
    refused.assert_quiet();
    assert_eq!((refused.beacons.len(), &refused.more["stored"]), (0, &Value::Array(vec![])));
    assert_eq!(refused.more["called"], "undefined", "the page may call all the same");
    assert_eq!(refused.more["asked"], Value::from(vec!["/slowtax.js"]));
}

#[test]
fn pages_that_lack_something_are_measured_all_the_same() {
    for (name, report) in run(&["no_storage", "no_crypto_no_beacon", "beacon_refused", "twice"], "present") {
        report.assert_quiet();
        let bodies = report.bodies();
        let beacons = report.decoded(&bodies);
        let snapshots = if name == "twice" { 1 } else { 2 };
        assert_eq!(beacons.len(), snapshots, "{name}");
        assert!(beacons.iter().all(|beacon| beacon.vitals.lcp_ms.is_some() && beacon.resources.seen > 0), "{name}");
    }
}

#[test]
fn a_page_without_a_collector_has_only_the_networks_own_messages() {
    let report = &run(&["dead_collector"], "present")["dead_collector"];
    assert_eq!((report.failures.len(), report.beacons.len()), (0, 0));
    assert!(report.console.iter().all(|line| line.contains("net::ERR")), "{:?}", report.console);
}

#[test]
fn snapshots_are_sent_when_there_is_something_to_tell() {
    let reports = run(&["hidden_often", "many_resources", "closed_at_once", "own_endpoint"], "present");
    let told = |name: &str| {
        let report = &reports[name];
        report.assert_quiet();
        let bodies = report.bodies();
        let told = report.decoded(&bodies).into_iter().map(|beacon| {
            (
                beacon.head.reason,
                beacon.head.seq,
                beacon.resources.seen,
                beacon.resources.entries.len(),
                beacon.errors.len(),
            )
        });
        told.collect::<Vec<_>>()
    };
    let often = told("hidden_often");
    assert_eq!(
        often.iter().map(|beacon| (beacon.0, beacon.1, beacon.4)).collect::<Vec<_>>(),
        [(Reason::Settled, 0, 0), (Reason::Hidden, 1, 0), (Reason::Hidden, 2, 1)]
    );
    // Sixty pictures, and the beacon's own three files; then three more.
    assert_eq!(told("many_resources"), [(Reason::Settled, 0, 63, 20, 0), (Reason::Hidden, 1, 66, 3, 0)]);
    let closed = told("closed_at_once");
    assert!(closed.len() == 1 && matches!(closed[0].0, Reason::Hidden | Reason::Stub), "{closed:?}");
    assert_eq!(reports["own_endpoint"].more["paths"], Value::from(vec!["/rum"]));
}

#[test]
fn a_page_that_is_restored_is_a_view_of_its_own() {
    let report = &run(&["restored"], "present")["restored"];
    report.assert_quiet();
    let bodies = report.bodies();
    let beacons = report.decoded(&bodies);
    let restored: Vec<_> =
        beacons.iter().filter(|beacon| beacon.view.as_ref().is_some_and(|view| view.view_number == 3)).collect();
    assert!(restored.len() >= 2 && beacons.iter().all(|beacon| beacon.head.view_id <= restored[0].head.view_id));
    for beacon in &restored {
        let view = beacon.view.as_ref().expect("a view");
        assert_eq!((view.navigation_type, &*view.path), (NavigationType::BackForwardCache, "/text"));
        let vitals = &beacon.vitals;
        assert!(beacon.navigation.is_none() && vitals.ttfb_ms.is_none());
        assert_eq!((vitals.fcp_ms, vitals.cls_e4), (vitals.lcp_ms, Some(0)));
        assert!(beacon.head.time_origin_ms > beacons[0].head.time_origin_ms + 2000);
    }
    let previous = restored[0].view.as_ref().and_then(|view| view.previous.as_ref()).expect("a previous view");
    assert_eq!(previous.page, PageName::Path("/other".into()));
    assert_eq!(carried(&beacons, "order"), [["/text", "/other"]]);
}

#[test]
fn a_goal_right_behind_a_soft_navigation_is_the_new_views_though_the_page_is_hidden_at_once() {
    let report = &run(&["hidden_right_behind_a_soft_navigation"], "present")["hidden_right_behind_a_soft_navigation"];
    report.assert_quiet();
    let bodies = report.bodies();
    let beacons = report.decoded(&bodies);
    let told: Vec<_> = beacons
        .iter()
        .map(|beacon| {
            let view = beacon.view.as_ref().expect("a view");
            let goals: Vec<_> = beacon.goals.iter().map(|goal| (&*goal.name, goal.value)).collect();
            (&*view.path, view.name.as_deref(), beacon.head.reason, goals)
        })
        .collect();
    let left = told.iter().filter(|(path, ..)| *path == "/text").collect::<Vec<_>>();
    assert!(left.iter().all(|(_, name, _, goals)| name.is_none() && goals.is_empty()), "{told:?}");
    assert_eq!(left.last().map(|(_, _, reason, _)| *reason), Some(Reason::Hidden), "{told:?}");
    let behind: Vec<_> = told.iter().filter(|(path, ..)| *path == "/behind").collect();
    assert!(behind.iter().all(|(_, name, ..)| *name == Some("behind")), "{told:?}");
    let goals: Vec<_> = behind.iter().flat_map(|(.., goals)| goals).collect();
    assert_eq!((goals, left.len() + behind.len()), (vec![&("order", 5.0)], told.len()), "{told:?}");
}
