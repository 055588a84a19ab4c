//! The beacon on pages that make it hard for it, in real Chromium: it arrives or nothing happens, the page goes on, and nothing is kept. A node
//! script stands in for the collector and drives the browser; here its beacons are decoded.

use std::collections::BTreeMap;
use std::process::Command;

use beacon_format::{Beacon, Reason, decode};
use serde::Deserialize;
use serde_json::Value;
use tests::embedded::workspace;

use crate::recorded;

mod choices;

/// How much more of the page's JavaScript heap the beacon may hold on to after 5,000 resources and 10,000 layout shifts.
const HEAP_GROWTH_BYTES_MAX: u64 = 1 << 20;

/// What `robust.mjs` tells of one scenario.
#[derive(Deserialize)]
struct Report {
    scenario: String,
    /// Bodies, in hexadecimal.
    beacons: Vec<String>,
    /// What no page has caught.
    exceptions: Vec<String>,
    /// What scripts wrote into the console.
    written: Vec<String>,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

impl Report {
    fn bodies(&self) -> Vec<Vec<u8>> {
        self.beacons.iter().map(|body| recorded::body(body)).collect()
    }

    fn decoded<'b>(&self, bodies: &'b [Vec<u8>]) -> Vec<Beacon<'b>> {
        recorded::decoded(&self.scenario, bodies)
    }

    fn assert_quiet(&self) {
        assert_eq!((&self.exceptions, &self.written), (&vec![], &vec![]), "{}: errors in the page", self.scenario);
    }
}

fn drive(scenarios: &[&str]) -> String {
    let script = workspace().join("tests/browser/robust.mjs");
    let output = Command::new("node").arg(script).args(scenarios).output().expect("node can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text is UTF-8")
}

fn run(scenarios: &[&str]) -> BTreeMap<String, Report> {
    let lines = drive(scenarios);
    let reports = lines.lines().map(|line| serde_json::from_str::<Report>(line).expect("a report"));
    reports.map(|report| (report.scenario.clone(), report)).collect()
}

/// What one page may find fault with, as a list of sentences.
fn faults(report: &Report) -> Vec<String> {
    let mut faults = Vec::new();
    for (what, lines) in [("uncaught", &report.exceptions), ("written", &report.written)] {
        faults.extend(lines.iter().map(|line| format!("{what}: {line}")));
    }
    let unlooked = report.more["unlooked"].as_array().expect("a list");
    faults.extend(unlooked.iter().map(|line| format!("logged by the browser: {line}")));
    if report.more["marker"] != "went on" {
        faults.push(format!("the page's own script came as far as: {}", report.more["marker"]));
    }
    let list = |name: &str| -> Option<Vec<Reason>> {
        report.more.get(name).map(|reasons| serde_json::from_value(reasons.clone()).expect("reasons"))
    };
    let mut expected = list("expects").expect("a list");
    let views = usize::try_from(report.more["views"].as_u64().expect("a count")).expect("small");
    let bodies = report.bodies();
    let told = match bodies.iter().map(|body| decode(body)).collect::<Result<Vec<_>, _>>() {
        Ok(beacons) => beacons,
        Err(error) => return [faults, vec![format!("what came is no beacon: {error}")]].concat(),
    };
    let reasons: Vec<_> = told.iter().map(|beacon| beacon.head.reason).collect();
    if let Some(instead) = list("or").filter(|instead| reasons == instead.repeat(views)) {
        expected = instead;
    }
    if reasons != expected.repeat(views) {
        faults.push(format!("told {reasons:?}, not {expected:?} in {views} view(s)"));
    }
    let numbers: Vec<_> = told.iter().filter_map(|beacon| beacon.view.as_ref()).map(|view| view.view_number).collect();
    let expected_numbers: Vec<u16> = (1..).take(views).flat_map(|number| vec![number; expected.len()]).collect();
    if numbers != expected_numbers {
        faults.push(format!("views of the session are numbered {numbers:?}, not {expected_numbers:?}"));
    }
    if told.iter().any(|beacon| beacon.head.site != "shop" || beacon.head.session_id != told[0].head.session_id) {
        faults.push("more than one session was told".to_owned());
    }
    // At time 0 no navigation entry can be believed.
    if told.iter().any(|beacon| beacon.head.reason != Reason::Stub && beacon.vitals.ttfb_ms.is_none())
        && report.scenario != "now_stands_still"
    {
        faults.push("no time to first byte".to_owned());
    }
    faults
}

#[test]
fn on_a_hostile_page_the_beacon_arrives_or_nothing_happens() {
    let names = drive(&["hostile"]);
    let reports = run(&names.lines().collect::<Vec<_>>());
    let mut all = Vec::new();
    println!("{:>24} {:>8} {:<24} faults", "page", "beacons", "expected of a view");
    for (name, report) in &reports {
        let faults = faults(report);
        println!("{name:>24} {:>8} {:<24} {}", report.beacons.len(), report.more["expects"].to_string(), faults.len());
        all.extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
    assert_eq!(reports.len(), names.lines().count());
}

#[test]
fn five_thousand_resources_and_ten_thousand_shifts_are_told_in_bounded_memory() {
    let report = &run(&["much"])["much"];
    report.assert_quiet();
    let heap = |page: &str| report.more["heap_bytes"][page].as_u64().expect("bytes");
    let growth = heap("measured").saturating_sub(heap("plain"));
    println!("heap: {} without the beacon, {} with it, {growth} more", heap("plain"), heap("measured"));
    assert!(report.more["shifts"].as_u64() >= Some(10_000) && report.more["resources"] == 5000);
    assert!(growth <= HEAP_GROWTH_BYTES_MAX, "{growth}");
    let bodies = report.bodies();
    assert!(bodies.iter().all(|body| body.len() <= beacon_format::limits::BEACON_BYTES_SENT_MAX));
    let beacons = report.decoded(&bodies);
    let last = beacons.last().expect("a beacon");
    assert_eq!(last.head.reason, Reason::Hidden);
    assert!(last.resources.seen >= 5000, "{}", last.resources.seen);
    assert!(last.vitals.cls_e4 > Some(0), "{:?}", last.vitals);
}

#[test]
fn nodes_that_a_page_removes_are_not_kept() {
    let report = &run(&["nodes"])["nodes"];
    report.assert_quiet();
    assert_eq!((&report.more["nodes"], &report.more["kept"]), (&Value::from(5), &Value::Array(vec![])));
    let bodies = report.bodies();
    let beacons = report.decoded(&bodies);
    let vitals = &beacons.last().expect("a beacon").vitals;
    // Each of them was looked at, and is told.
    assert_eq!(vitals.lcp_element, "#largest");
    assert_eq!((vitals.inp_ms >= Some(100), &*vitals.inp_element), (true, "#target"), "{vitals:?}");
    assert_eq!((vitals.cls_e4 > Some(0), &*vitals.cls_element), (true, "#moved"), "{vitals:?}");
}
