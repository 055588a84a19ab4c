//! What the site or its visitor has chosen, and what becomes of beacons that cannot be sent.

use std::collections::{BTreeMap, BTreeSet};

use beacon_format::{Beacon, Reason};
use serde_json::{Value, json};

use super::{Report, run};

/// What a browser keeps of a site that nothing was stored of.
fn nothing_stored() -> Value {
    json!({ "session": {}, "local": {} })
}

fn path<'b>(beacon: &'b Beacon<'_>) -> &'b str {
    &beacon.view.as_ref().expect("a view").path
}

#[test]
fn global_privacy_control_is_honoured_unless_the_site_says_otherwise() {
    let reports = run(&["control_honoured", "control_ignored"]);
    let honoured = &reports["control_honoured"];
    honoured.assert_quiet();
    assert_eq!((honoured.beacons.len(), &honoured.more["stored"]), (0, &nothing_stored()));
    assert_eq!(honoured.more["asked"], json!(["/slowtax.js"]), "nothing more is loaded");

    let ignored = &reports["control_ignored"];
    ignored.assert_quiet();
    let bodies = ignored.bodies();
    let reasons: Vec<_> = ignored.decoded(&bodies).iter().map(|beacon| beacon.head.reason).collect();
    assert_eq!(reasons, [Reason::Settled, Reason::Goal, Reason::Hidden]);
}

#[test]
fn one_session_in_four_is_told_whole_and_stands_for_four() {
    let report = &run(&["sampled"])["sampled"];
    report.assert_quiet();
    let bodies = report.bodies();
    let beacons = report.decoded(&bodies);
    assert!(beacons.iter().all(|beacon| beacon.head.weight == 4));
    let mut views = BTreeMap::<_, BTreeSet<_>>::new();
    for beacon in &beacons {
        let number = beacon.view.as_ref().expect("a view").view_number;
        views.entry(beacon.head.session_id).or_default().insert(number);
    }
    let (told, sessions) = (views.len(), report.more["sessions"].as_u64().expect("a count"));
    println!("{told} of {sessions} sessions were told");
    assert!(views.values().all(|numbers| *numbers == BTreeSet::from([1, 2])), "both views or none: {views:?}");
    // 50 are to be expected, with a standard deviation of 6.1; this is five of them.
    assert!(sessions == 200 && (20..=80).contains(&told), "{told} of {sessions}");
}

/// The two views of two tabs.
fn check_tabs(report: &Report, is_one_session: bool, is_local: bool) {
    report.assert_quiet();
    let bodies = report.bodies();
    let beacons = report.decoded(&bodies);
    assert!(beacons.iter().all(|beacon| beacon.head.weight == 1));
    let of = |wanted: &str| beacons.iter().find(|beacon| path(beacon) == wanted).expect("it was told");
    let (first, second) = (of("/first"), of("/second"));
    assert_eq!(first.head.session_id == second.head.session_id, is_one_session);
    let number = second.view.as_ref().expect("a view").view_number;
    assert_eq!(number, if is_one_session { 2 } else { 1 });
    let keys = |storage: &str| report.more["stored"][storage].as_object().expect("a storage").len();
    assert_eq!((keys("session"), keys("local")), if is_local { (0, 1) } else { (1, 0) });
}

#[test]
fn a_session_is_a_tabs_or_the_whole_sites() {
    let reports = run(&["session_of_a_tab", "session_of_a_site"]);
    check_tabs(&reports["session_of_a_tab"], false, false);
    check_tabs(&reports["session_of_a_site"], true, true);
}

#[test]
fn what_could_not_be_sent_is_kept_and_sent_with_the_next_page() {
    let report = &run(&["kept"])["kept"];
    report.assert_quiet();
    let offline = &report.more["offline"];
    assert_eq!(offline["beacons"], 1, "offline nothing arrives");
    assert!(offline["kept"].is_string(), "it is kept");
    assert_eq!(report.more["left"], Value::Null, "what was sent is no longer kept");
    let bodies = report.bodies();
    let beacons = report.decoded(&bodies);
    let told: Vec<_> = beacons
        .iter()
        .map(|beacon| (path(beacon), beacon.head.seq, beacon.head.reason, beacon.goals.len(), beacon.head.kept_ms > 0))
        .collect();
    assert_eq!(
        told,
        [
            ("/lost", 0, Reason::Settled, 0, false),
            ("/lost", 1, Reason::Goal, 1, true),
            ("/lost", 2, Reason::Hidden, 0, true),
            ("/found", 0, Reason::Settled, 0, false),
        ]
    );
    // It says when it was told, and how long it was kept since.
    let kept = &beacons[1].head;
    let next = &beacons[3].head;
    let sent_ms = kept.time_origin_ms + u64::from(kept.sent_after_ms) + u64::from(kept.kept_ms);
    assert!((next.time_origin_ms..=next.time_origin_ms + u64::from(next.sent_after_ms)).contains(&sent_ms), "{kept:?}");
}

#[test]
fn what_is_kept_is_bounded() {
    let report = &run(&["kept_bounded"])["kept_bounded"];
    report.assert_quiet();
    let characters = report.more["characters"].as_u64().expect("a count");
    assert!((15_000..=30_000).contains(&characters), "{characters}");
}

#[test]
fn what_is_kept_is_deleted_when_consent_is_withdrawn() {
    let report = &run(&["kept_and_withdrawn"])["kept_and_withdrawn"];
    report.assert_quiet();
    assert_eq!((&report.more["kept"], &report.more["stored"]), (&Value::Bool(true), &nothing_stored()));
    let bodies = report.bodies();
    let beacons = report.decoded(&bodies);
    assert!(beacons.iter().all(|beacon| beacon.goals.is_empty()), "the goal is not told any more");
}
