//! What was taken in, by decoding what is told of it.

use beacon_format::{Beacon, Head, Initiator, InteractionKind, ResourceTotal, decode};

use super::*;
use crate::told::Told;

fn take(observed: &mut Observed, told: &[Told]) -> bool {
    observed.take(&mut Told::top(told).fields())
}

/// Hands the beacon of what was observed, with so many interactions, to `look`.
fn told(observed: &mut Observed, interactions: f64, look: impl FnOnce(&Beacon)) {
    let mut buffer = [0; limits::BEACON_BYTES_SENT_MAX];
    let mut encoder = Encoder::new(&mut buffer);
    encoder.head(&Head { site: "s".into(), time_origin_ms: 1_795_432_825_113, weight: 1, ..Head::default() });
    // No sections of the page's own but vitals, of which only what is counted in Rust is known.
    let vitals = [vec![Told::from(interactions), 1.0.into()], vec![Told::Nothing; 9]].concat();
    let lists = [0, 0, 1, 0, 0, 0, 0, 0].map(|count| Told::List(vec![Told::List(vitals.clone()); count]));
    let fields = Told::top(&lists);
    layout::beacon(&mut fields.fields(), observed, &mut encoder);
    let length = encoder.finish();
    look(&decode(&buffer[..length]).expect("a beacon"));
}

fn shift(observed: &mut Observed, value: f64, at: f64, element: &str) {
    if take(observed, &[1.0.into(), value.into(), at.into()]) {
        take(observed, &[2.0.into(), element.into()]);
    }
}

fn event(observed: &mut Observed, id: f64, start: f64, duration: f64, handled: [f64; 2], element: &str) {
    let times = [id, start, duration, handled[0], handled[1], 2.0].map(Told::from);
    take(observed, &[&[3.0.into()][..], &times, &[element.into()]].concat());
}

#[test]
fn shifts_are_summed_in_windows_and_the_largest_window_counts() {
    let mut observed = Observed::NONE;
    for (value, at, element) in [
        (0.05, 100.0, "#a"),
        (0.02, 900.0, "#b"),
        (0.03, 2000.0, "#c"),
        (0.03, 2999.0, "#d"),
        (0.02, 3998.0, "#e"),
        (0.01, 5000.0, "#f"),
    ] {
        shift(&mut observed, value, at, element);
    }
    told(&mut observed, 0.0, |beacon| {
        let vitals = &beacon.vitals;
        assert_eq!((vitals.cls_e4, vitals.cls_largest_e4), (Some(800), Some(300)));
        assert_eq!((vitals.cls_largest_at_ms, &*vitals.cls_element), (Some(2999), "#d"), "of equal ones the later");
    });
}

#[test]
fn a_window_is_shorter_than_five_seconds() {
    let mut observed = Observed::NONE;
    for index in 0..8_u32 {
        shift(&mut observed, 0.01, 100.0 + f64::from(index) * 900.0, "#a");
    }
    told(&mut observed, 0.0, |beacon| assert_eq!(beacon.vitals.cls_e4, Some(600)));
    told(&mut Observed::NONE.clone(), 0.0, |beacon| assert_eq!(beacon.vitals.cls_e4, Some(0)));
}

#[test]
fn the_longest_interaction_is_told_with_the_parts_of_its_frame() {
    let mut observed = Observed::NONE;
    event(&mut observed, 0.0, 995.0, 130.0, [996.0, 1010.0], "");
    event(&mut observed, 7.0, 1000.0, 128.0, [1010.0, 1090.0], "");
    event(&mut observed, 7.0, 1000.0, 128.0, [1090.0, 1100.0], "#late");
    event(&mut observed, 8.0, 2000.0, 48.0, [2001.0, 2040.0], "#other");
    told(&mut observed, 2.0, |beacon| {
        let vitals = &beacon.vitals;
        assert_eq!((vitals.inp_ms, vitals.inp_at_ms, vitals.interactions), (Some(128), Some(1000), 2));
        assert_eq!((vitals.inp_input_delay_ms, vitals.inp_processing_ms), (Some(0), Some(100)));
        assert_eq!((vitals.inp_presentation_ms, &*vitals.inp_element), (Some(28), "#late"));
        assert_eq!(vitals.inp_kind, InteractionKind::Keyboard);
    });
}

#[test]
fn of_every_fifty_interactions_one_is_passed_over() {
    let mut observed = Observed::NONE;
    for index in 1..=120_u32 {
        let start = f64::from(index) * 1000.0;
        event(&mut observed, f64::from(index), start, f64::from((index * 37) % 121) * 8.0, [start, start], "");
    }
    for (count, inp) in [(49.0, 960), (50.0, 952), (120.0, 944), (5000.0, 888)] {
        told(&mut observed, count, |beacon| assert_eq!(beacon.vitals.inp_ms, Some(inp), "{count}"));
    }
    let mut short = Observed::NONE;
    event(&mut short, 3.0, 10.0, 0.0, [10.0, 10.0], "#a");
    told(&mut short, 1.0, |beacon| assert_eq!((beacon.vitals.inp_ms, &*beacon.vitals.inp_element), (Some(0), "#a")));
    told(&mut Observed::NONE.clone(), 3.0, |beacon| {
        assert_eq!((beacon.vitals.inp_ms, beacon.vitals.inp_at_ms), (None, None), "none was long enough to be told");
    });
}

#[test]
fn resources_are_added_up_by_what_asked_for_them_and_by_host() {
    let mut observed = Observed::NONE;
    let mut load = |initiator: &str, host: &str, duration: f64, bytes: f64| {
        let total = [1.0, 0.0, 1.0, 0.0, 1.0, duration, duration, bytes, 2.0 * bytes].map(Told::from);
        let url = format!("https://{host}/x");
        let entry = [url.as_str().into(), initiator.into()].into_iter().chain(vec![Told::from(1.0); 15]);
        let start = [0.0.into(), duration.into(), initiator.into(), host.into()];
        take(
            &mut observed,
            &start.into_iter().chain(total).chain(entry).chain(["".into(), "".into()]).collect::<Vec<_>>(),
        );
    };
    load("img", "a.example", 10.0, 1000.0);
    load("img", "b.example", 30.0, 500.0);
    load("script", "a.example", 20.0, 5e9);
    for index in 0..40 {
        load("fetch", &format!("h{index}.example"), 1.0, 1.0);
    }
    load("fetch", "", 1.0, 1.0);
    told(&mut observed, 0.0, |beacon| {
        let types: Vec<_> = beacon.resources.types.iter().map(|of| (of.initiator, of.total.count)).collect();
        assert_eq!(types, [(Initiator::Script, 1), (Initiator::Image, 2), (Initiator::Fetch, 41)]);
        let hosts = &beacon.resources.hosts;
        let first = ResourceTotal {
            count: 2,
            blocking: 2,
            failed: 2,
            slowest_ms: 20,
            duration_ms: 30,
            transfer_bytes: 5_000_001_000,
            decoded_bytes: 10_000_002_000,
            ..ResourceTotal::default()
        };
        assert_eq!((hosts.len(), &*hosts[0].host, hosts[0].total), (limits::HOST_TOTALS_MAX, "a.example", first));
        let rest = hosts.last().expect("there are hosts");
        assert_eq!((&*rest.host, rest.total.count), ("", 13), "28 of the 40 have a place of their own");
        assert_eq!((beacon.resources.entries.len(), beacon.life.truncated), (20, 24));
    });
    told(&mut observed, 0.0, |beacon| {
        assert_eq!((beacon.resources.entries.len(), beacon.resources.hosts.len()), (0, limits::HOST_TOTALS_MAX));
    });
}

#[test]
fn the_frames_that_blocked_longest_and_the_first_timings_are_told_again_and_again() {
    let mut observed = Observed::NONE;
    for index in 1..=9_u32 {
        let blocking = f64::from(index) * 10.0;
        let sums = [4.0, blocking * 1e6 + 60.0, 60.0, blocking, 0.0].map(Told::from);
        let frame = [blocking, 60.0, blocking, 5.0, 40.0, 3.0].map(Told::from);
        let script = ["https://a.example/x.js?q".into(), "f".into(), "BUTTON#b.onclick".into()];
        take(&mut observed, &sums.into_iter().chain(frame).chain(script).collect::<Vec<_>>());
    }
    for index in 0..25 {
        let name = format!("step {index}");
        take(&mut observed, &[5.0.into(), 1.0.into(), 100.0.into(), 7.0.into(), name.as_str().into()]);
    }
    for _ in 0..2 {
        told(&mut observed, 0.0, |beacon| {
            let frames = &beacon.frames;
            assert_eq!((frames.count, frames.blocking_ms, frames.longest_ms, frames.are_tasks), (9, 450, 60, false));
            let mut blocking: Vec<_> = frames.worst.iter().map(|frame| frame.blocking).collect();
            blocking.sort_unstable();
            assert_eq!(blocking, [50, 60, 70, 80, 90]);
            assert_eq!(&*frames.worst[0].script_url, "https://a.example/x.js");
            let names: Vec<_> = beacon.timings.iter().map(|timing| &*timing.name).collect();
            assert_eq!((names.len(), names[0], names[19]), (20, "step 0", "step 19"));
            assert_eq!(beacon.life.truncated, 4 + 5);
        });
    }
}

#[test]
fn a_selector_is_cut_at_a_character() {
    let selector = Selector::new("é".repeat(80).as_bytes());
    let mut buffer = [0; 200];
    let mut encoder = Encoder::new(&mut buffer);
    selector.write(&mut encoder);
    let length = encoder.finish();
    assert_eq!((length, buffer[1]), (102, 100));
    assert!(Selector::NONE.is_empty() && !selector.is_empty());
}
