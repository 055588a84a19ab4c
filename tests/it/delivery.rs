//! Whether what pages tell arrives: visits in real Chromium that are left in every way that people leave pages. A node script stands in for the
//! collector and drives the browsers; here its beacons are counted. `SLOWTAX_VISITS` says how many visits there are.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use beacon_format::decode;
use serde::Deserialize;
use tests::embedded::workspace;

use crate::recorded;

const VISITS: &str = "120";
/// A page that the browser has killed tells only what it told before. The first snapshot is due that long after the page has loaded.
const SETTLED_AFTER_LOAD_MS: f64 = 2000.0;
/// It may come that much later, on a machine that is busy with other pages.
const SETTLED_LATE_MS: f64 = 1000.0;

/// At most one visit in so many may end without the page being told: with more the machine is too busy to prove anything.
const UNHEARD_ONE_IN: usize = 50;

/// What `delivery.mjs` tells of one visit. Milliseconds after the document was made.
#[derive(Deserialize)]
struct Visit {
    path: String,
    way: String,
    /// When the page was to be left.
    planned_ms: f64,
    /// When the stub had run.
    registered: Option<f64>,
    loaded: Option<f64>,
    /// Whether the page was told that it is closed, if it was closed. One that has no time for that, on a busy machine, is ended without.
    heard: Option<bool>,
    /// When the page was left.
    lived_ms: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Visit(Visit),
    End(End),
}

#[derive(Deserialize)]
struct End {
    /// Bodies, in hexadecimal.
    beacons: Vec<String>,
    /// Paths of the pages in which another script had taken what keepalive requests may have in flight.
    contended: BTreeSet<String>,
}

/// How often each snapshot of a view came, by path.
type Arrivals = BTreeMap<String, BTreeMap<(u64, u16), usize>>;

fn visit_pages(visits: &str) -> (Vec<Visit>, End) {
    let script = workspace().join("tests/browser/delivery.mjs");
    let output = Command::new("node").arg(script).arg(visits).output().expect("node can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut visits, mut end) = (Vec::new(), None);
    for line in String::from_utf8(output.stdout).expect("JSON is UTF-8").lines() {
        match serde_json::from_str(line).expect("a line of the script's") {
            Line::Visit(visit) => visits.push(visit),
            Line::End(last) => end = Some(last),
        }
    }
    (visits, end.expect("the script came to its end"))
}

fn count(hexadecimal: &str, arrivals: &mut Arrivals) {
    let body = recorded::body(hexadecimal);
    let beacon = decode(&body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&body)));
    let path = beacon.view.expect("a view").path.into_owned();
    *arrivals.entry(path).or_default().entry((beacon.head.view_id.0, beacon.head.seq)).or_default() += 1;
}

impl Visit {
    /// Whether a beacon must have come; `None` where it may have.
    fn must_arrive(&self) -> Option<bool> {
        let told_for = self.lived_ms - self.loaded.unwrap_or(f64::INFINITY) - SETTLED_AFTER_LOAD_MS;
        match (self.registered, &*self.way) {
            (None, _) => None,
            (Some(_), _) if self.heard == Some(false) => None,
            (Some(_), "crashed") => match told_for {
                ..0.0 => Some(false),
                ..SETTLED_LATE_MS => None,
                _ => Some(true),
            },
            (Some(_), _) => Some(true),
        }
    }
}

/// One line of the table: visits that have something in common.
#[derive(Default)]
struct Row {
    visits: usize,
    registered: usize,
    unheard: usize,
    due: usize,
    arrived: usize,
    beacons: usize,
    repeats: usize,
}

impl Row {
    fn add(&mut self, visit: &Visit, told: Option<&BTreeMap<(u64, u16), usize>>) {
        self.visits += 1;
        self.registered += usize::from(visit.registered.is_some());
        self.unheard += usize::from(visit.heard == Some(false));
        self.due += usize::from(visit.must_arrive() == Some(true));
        self.arrived += usize::from(told.is_some());
        let came: usize = told.map_or(0, |snapshots| snapshots.values().sum());
        self.beacons += came;
        self.repeats += came - told.map_or(0, BTreeMap::len);
    }

    fn print(&self, name: &str) {
        let Self { visits, registered, unheard, due, arrived, beacons, repeats } = self;
        #[expect(clippy::cast_precision_loss, reason = "visits are counted in thousands")]
        let rate = 100.0 * *arrived as f64 / (*visits).max(1) as f64;
        println!(
            "{name:>20} {visits:>7} {registered:>10} {unheard:>7} {due:>5} {arrived:>8} {rate:>7.1} {beacons:>8} {repeats:>8}"
        );
    }
}

/// What is wrong with how the snapshots of a visit came.
fn fault(visit: &Visit, arrivals: &Arrivals) -> Option<String> {
    let Visit { path, way, registered, loaded, lived_ms, .. } = visit;
    let told = arrivals.get(path);
    let views: BTreeSet<u64> = told.into_iter().flatten().map(|((view, _), _)| *view).collect();
    let numbers: Vec<_> = told.into_iter().flatten().map(|((_, seq), _)| usize::from(*seq)).collect();
    let fault = match visit.must_arrive() {
        Some(true) if told.is_none() => "nothing came",
        Some(false) if told.is_some() => "something came that cannot have been told",
        _ if views.len() > 1 => "more than one view came",
        _ if numbers != (0..numbers.len()).collect::<Vec<_>>() => "a snapshot is missing",
        _ => return None,
    };
    Some(format!("{path}, {way} at {lived_ms}, registered at {registered:?}, loaded at {loaded:?}: {fault}"))
}

#[test]
fn every_view_that_registered_the_stub_arrives_once() {
    let visits = std::env::var("SLOWTAX_VISITS").unwrap_or_else(|_| VISITS.to_owned());
    let (visits, End { beacons, contended }) = visit_pages(&visits);
    let mut arrivals = Arrivals::new();
    for body in &beacons {
        count(body, &mut arrivals);
    }
    let mut rows = BTreeMap::<&str, Row>::new();
    let (mut all, mut asked_early, mut left_early) = (Row::default(), Row::default(), Row::default());
    for visit in &visits {
        let told = arrivals.get(&visit.path);
        rows.entry(&visit.way).or_default().add(visit, told);
        all.add(visit, told);
        if visit.planned_ms < 100.0 {
            asked_early.add(visit, told);
        }
        if visit.lived_ms < 100.0 {
            left_early.add(visit, told);
        }
    }
    println!(
        "{:>20} {:>7} {:>10} {:>7} {:>5} {:>8} {:>7} {:>8} {:>8}",
        "left by", "visits", "registered", "unheard", "due", "arrived", "%", "beacons", "repeats"
    );
    for (way, row) in &rows {
        row.print(way);
    }
    all.print("all");
    // To close a page takes the browser tens of milliseconds, in which the page goes on living.
    asked_early.print("asked before 100 ms");
    left_early.print("gone before 100 ms");

    let faults: Vec<_> = visits.iter().filter_map(|visit| fault(visit, &arrivals)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    // A page that is left at once may go before the other script has taken anything.
    let others: Vec<_> = visits.iter().filter(|visit| visit.way.starts_with("contended")).collect();
    let taken = others.iter().filter(|visit| contended.contains(&visit.path)).count();
    assert!(taken * 4 >= others.len() * 3 && taken == contended.len(), "{taken} of {} were contended", others.len());
    assert_eq!(all.repeats, 0, "no snapshot comes twice");
    assert!(rows.values().all(|row| row.registered > 0), "each way was tried");
    assert!(all.unheard * UNHEARD_ONE_IN <= visits.len(), "{} pages were ended without being told", all.unheard);
}
