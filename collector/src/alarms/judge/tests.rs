use proptest::prelude::*;

use super::super::alarm::{Urgency, fingerprint};
use super::super::hold::{Silence, Window};
use super::super::incident::{Kind as IncidentKind, TOGETHER_S};
use super::*;
use crate::config::MaintenanceConfig;

/// 2026-12-01 12:00:00 UTC, a Tuesday.
const NOON: i64 = 1_796_126_400;
const SLOT: i64 = 300;
const REPEAT: i64 = 4 * 3600;

/// A site under test, and what is around it.
struct World {
    watch: SiteWatch,
    silences: Vec<Silence>,
    maintenance: Vec<Window>,
    holidays: Holidays,
    probe_fails: bool,
    told: Vec<Notification>,
    /// What the table says that each rule has judged.
    written: BTreeMap<Rule, i64>,
}

impl World {
    fn new() -> Self {
        Self {
            watch: SiteWatch { site: "shop".to_owned(), ..SiteWatch::default() },
            silences: Vec::new(),
            maintenance: Vec::new(),
            holidays: Holidays::default(),
            probe_fails: false,
            told: Vec::new(),
            written: BTreeMap::new(),
        }
    }

    /// Judges rows at a time; what was told, as `rule country page what`.
    fn judge(&mut self, now: i64, rows: &[Observation]) -> Vec<String> {
        let outcome = self.outcome(now, rows);
        let told = outcome.notifications.iter().map(short).collect();
        self.told.extend(outcome.notifications);
        told
    }

    fn outcome(&mut self, now: i64, rows: &[Observation]) -> Outcome {
        let rules = Rule::ALL.into_iter().filter(|rule| rows.iter().any(|row| row.key.rule == *rule));
        let of = |rule: Rule| rows.iter().filter(|row| row.key.rule == rule).cloned().collect();
        let judged = rules.map(|rule| Judged { rule, observations: of(rule) }).collect();
        let holds =
            Holds { now, silences: &self.silences, maintenance: &self.maintenance, probe_fails: self.probe_fails };
        let circumstances =
            Circumstances { holds, holidays: &self.holidays, repeat_s: REPEAT, report_url: "https://rum.example.com" };
        let outcome = self.watch.judge(judged, &circumstances);
        for alarm in &outcome.alarms {
            let at = self.written.entry(alarm.rule).or_insert(i64::MIN);
            *at = alarm.judged_at.max(*at);
        }
        outcome
    }

    /// As after a restart: what is not in the tables is forgotten.
    fn restart(&mut self) {
        for alarm in &mut self.watch.alarms {
            (alarm.calm, alarm.window_s) = (Calm::default(), 0);
        }
        self.watch.judged = self.written.clone();
    }
}

fn short(it: &Notification) -> String {
    let what = it.id.rsplit_once(&format!("{}-", it.started_at)).unwrap().1;
    format!("{} {}{} {what}", it.rule, it.country, it.page_group)
}

/// A row `slots` after noon: of a drop so many of 100 that are expected.
fn row(rule: Rule, place: &str, slots: i64, verdict: Verdict, observed: f64) -> Observation {
    let (country, page_group) = if place.starts_with('/') { ("", place) } else { (place, "") };
    Observation {
        key: Key::new(rule, country, page_group),
        at: NOON + slots * SLOT,
        verdict,
        urgency: if rule == Rule::Drift { Urgency::Ticket } else { Urgency::Page },
        window_s: SLOT,
        observed,
        expected: 100.0,
        lo: 50.0,
        hi: 150.0,
        z: -9.0,
        detail: String::new(),
    }
}

fn bad(rule: Rule, place: &str, slots: i64) -> Observation {
    row(rule, place, slots, Verdict::Firing, 5.0)
}

fn good(rule: Rule, place: &str, slots: i64) -> Observation {
    row(rule, place, slots, Verdict::Ok, 100.0)
}

/// A minute after the end of a slot.
fn at(slots: i64) -> i64 {
    NOON + slots * SLOT + 63
}

#[test]
fn an_alarm_is_told_at_once_and_once_and_its_end_once() {
    let mut world = World::new();
    assert_eq!(world.judge(at(0), &[good(Rule::Volume, "DE", 0)]), Vec::<String>::new());
    assert_eq!(world.judge(at(1), &[bad(Rule::Volume, "DE", 1)]), ["volume DE fired"]);
    assert_eq!(world.judge(at(1) + 60, &[bad(Rule::Volume, "DE", 1)]), Vec::<String>::new());
    assert_eq!(world.judge(at(2), &[bad(Rule::Volume, "DE", 2)]), Vec::<String>::new());
    for slot in 3..5 {
        assert_eq!(world.judge(at(slot), &[good(Rule::Volume, "DE", slot)]), Vec::<String>::new());
        assert_eq!(world.watch.alarms.len(), 1);
    }
    assert_eq!(world.judge(at(5), &[good(Rule::Volume, "DE", 5)]), ["volume DE resolved"]);
    assert_eq!(world.judge(at(6), &[good(Rule::Volume, "DE", 6)]), Vec::<String>::new());
    assert!(world.watch.alarms.is_empty());
    let [fired, resolved] = &world.told[..] else { panic!("{:?}", world.told) };
    let name = fingerprint("shop", &Key::new(Rule::Volume, "DE", ""));
    assert_eq!(fired.id, format!("{name}-{}-fired", NOON + SLOT));
    assert_eq!(fired.link, "https://rum.example.com/?site=shop&country=DE");
    assert_eq!(fired.summary, "Page views stay away in DE: 5 came, 100 were expected (50 to 150)");
    assert_eq!((resolved.started_at, resolved.ended_at), (NOON + SLOT, Some(NOON + 3 * SLOT)));
    assert_eq!(resolved.summary, "Page views are back in DE: 100 came, 100 were expected (50 to 150)");
    assert!(!fired.incident_id.is_empty() && fired.incident_id == resolved.incident_id);
}

#[test]
fn three_distinct_instants_in_a_row_end_it_and_no_evaluations_of_the_same() {
    let mut world = World::new();
    world.judge(at(0), &[bad(Rule::Volume, "", 0)]);
    for minute in 0..5 {
        assert!(world.judge(at(1) + minute * 60, &[good(Rule::Volume, "", 1)]).is_empty());
    }
    assert!(world.judge(at(2), &[good(Rule::Volume, "", 2)]).is_empty());
    // Not in a row.
    assert!(world.judge(at(3), &[bad(Rule::Volume, "", 3)]).is_empty());
    assert!(world.judge(at(4), &[good(Rule::Volume, "", 4)]).is_empty());
    assert!(world.judge(at(5), &[good(Rule::Volume, "", 5)]).is_empty());
    // Well, and yet too little of what is expected; at the limit; learning says nothing.
    assert!(world.judge(at(6), &[row(Rule::Volume, "", 6, Verdict::Ok, 79.0)]).is_empty());
    assert!(world.judge(at(7), &[row(Rule::Volume, "", 7, Verdict::Ok, 80.0)]).is_empty());
    assert!(world.judge(at(8), &[row(Rule::Volume, "", 8, Verdict::Learning, 0.0)]).is_empty());
    assert!(world.judge(at(9), &[row(Rule::Volume, "", 9, Verdict::Ok, 80.0)]).is_empty());
    assert_eq!(world.judge(at(10), &[row(Rule::Volume, "", 10, Verdict::Ok, 80.0)]), ["volume  resolved"]);
    // Of errors nothing is expected to come back.
    world.judge(at(11), &[bad(Rule::Errors, "", 11)]);
    for slot in 12..14 {
        assert!(world.judge(at(slot), &[row(Rule::Errors, "", slot, Verdict::Ok, 1.0)]).is_empty());
    }
    assert_eq!(world.judge(at(14), &[row(Rule::Errors, "", 14, Verdict::Ok, 1.0)]), ["errors  resolved"]);
}

#[test]
fn what_is_learning_does_not_fire_and_what_is_missing_for_a_day_is_closed() {
    let mut world = World::new();
    assert!(world.judge(at(0), &[row(Rule::Volume, "DE", 0, Verdict::Learning, 0.0)]).is_empty());
    world.judge(at(1), &[bad(Rule::Volume, "DE", 1), good(Rule::Volume, "", 1)]);
    assert_eq!(world.judge(at(288), &[good(Rule::Volume, "", 288)]), ["volume DE again-1"]);
    // 24 hours after its last row.
    assert_eq!(world.judge(at(289), &[good(Rule::Volume, "", 289)]), ["volume DE resolved"]);
    assert_eq!(world.told[2].summary, "Page views are back in DE: nothing to compare with any more");
    // A rule that has no row at all any more: the others tell the time.
    world.judge(at(290), &[bad(Rule::VolumePages, "/a", 290)]);
    assert_eq!(world.judge(at(600), &[good(Rule::Errors, "", 600)]), ["volume_pages /a resolved"]);
}

#[test]
fn a_total_holds_countries_back_countries_pages_and_all_of_them_orders() {
    let mut world = World::new();
    let all = |slots| {
        vec![
            bad(Rule::Orders, "FR", slots),
            bad(Rule::Orders, "", slots),
            bad(Rule::VolumePages, "/a", slots),
            bad(Rule::Volume, "DE", slots),
            bad(Rule::Volume, "", slots),
            bad(Rule::Errors, "DE", slots),
            bad(Rule::Speed, "DE", slots),
        ]
    };
    assert_eq!(world.judge(at(0), &all(0)), ["volume  fired", "errors DE fired", "speed DE fired"]);
    let above = fingerprint("shop", &Key::new(Rule::Volume, "", ""));
    let held: Vec<_> = world.watch.alarms.iter().filter(|alarm| alarm.held_back_by == above).map(Alarm::key).collect();
    assert_eq!(held.len(), 4, "{held:?}");
    let incident = &world.watch.incidents[..];
    assert_eq!((incident.len(), incident[0].alarms, incident[0].kind), (1, 7, IncidentKind::Outage));
    // The total is over, a country and what hangs on it are not.
    for slot in 1..4 {
        let mut rows = all(slot);
        rows[4] = good(Rule::Volume, "", slot);
        rows[1] = good(Rule::Orders, "", slot);
        let told = world.judge(at(slot), &rows);
        assert_eq!(
            told,
            if slot == 3 { vec!["volume  resolved", "volume DE fired", "orders FR fired"] } else { vec![] }
        );
    }
    let page = world.watch.alarms.iter().find(|alarm| alarm.rule == Rule::VolumePages).unwrap();
    assert_eq!(
        (page.state, page.held_back_by.as_str()),
        (State::Pending, fingerprint("shop", &Key::new(Rule::Volume, "DE", "")).as_str())
    );
    // Orders of a country wait for its views, and of another one do not.
    let mut world = World::new();
    let rows = [bad(Rule::Volume, "DE", 0), bad(Rule::Orders, "DE", 0), bad(Rule::Orders, "FR", 0)];
    assert_eq!(world.judge(at(0), &rows), ["volume DE fired", "orders FR fired"]);
}

#[test]
fn what_was_held_back_and_is_over_is_never_told() {
    let mut world = World::new();
    world.judge(at(0), &[bad(Rule::Volume, "", 0), bad(Rule::Volume, "DE", 0)]);
    for slot in 1..3 {
        assert!(world.judge(at(slot), &[good(Rule::Volume, "", slot), bad(Rule::Volume, "DE", slot)]).is_empty());
    }
    // The country is on its way back when the total ends: it is not told for two slots' sake.
    assert_eq!(world.judge(at(3), &[good(Rule::Volume, "", 3), good(Rule::Volume, "DE", 3)]), ["volume  resolved"]);
    for slot in 4..6 {
        assert!(world.judge(at(slot), &[good(Rule::Volume, "", slot), good(Rule::Volume, "DE", slot)]).is_empty());
    }
    assert!(world.watch.alarms.is_empty() && !world.watch.incidents[0].is_open());
}

#[test]
fn a_ticket_holds_no_page_back_makes_no_incident_and_becomes_one_when_it_is_a_page() {
    let mut world = World::new();
    let ticket = |place, slots| Observation { urgency: Urgency::Ticket, ..bad(Rule::Errors, place, slots) };
    assert_eq!(world.judge(at(0), &[ticket("", 0), bad(Rule::Drift, "", 0)]), ["errors  fired", "drift  fired"]);
    assert!(world.watch.incidents.is_empty() && world.told.iter().all(|told| told.incident_id.is_empty()));
    assert_eq!(world.judge(at(1), &[ticket("", 1), bad(Rule::Errors, "DE", 1)]), ["errors DE fired"]);
    assert_eq!(world.judge(at(2), &[bad(Rule::Errors, "", 2)]), ["errors  again-1"]);
    assert_eq!(
        world.told.last().map(|told| (told.urgency.as_str(), told.incident_id.is_empty())),
        Some(("page", false))
    );
    // Less urgent again, it stays what it was.
    assert!(world.judge(at(3), &[ticket("", 3)]).is_empty());
    assert_eq!(world.watch.alarms[0].urgency, Urgency::Page);
}

#[test]
fn what_goes_on_is_told_again_after_the_repeat_and_not_before() {
    let mut world = World::new();
    world.judge(at(0), &[bad(Rule::Volume, "", 0)]);
    assert!(world.judge(at(0) + REPEAT - 1, &[]).is_empty());
    assert_eq!(world.judge(at(0) + REPEAT, &[]), ["volume  again-1"]);
    assert!(world.judge(at(0) + REPEAT + 60, &[]).is_empty());
    assert_eq!(world.judge(at(0) + 2 * REPEAT, &[]), ["volume  again-2"]);
    // Not while it is on its way back.
    world.judge(at(100), &[good(Rule::Volume, "", 100)]);
    assert!(world.judge(at(0) + 4 * REPEAT, &[]).is_empty());
}

fn silence(rule: &str, country: &str, from_at: i64, until_at: i64) -> Silence {
    let [silence_id, rule, country] = ["s1", rule, country].map(str::to_owned);
    Silence { silence_id, rule, country, page_group: String::new(), from_at, until_at }
}

#[test]
fn a_silence_holds_back_until_it_ends_and_what_was_told_is_told_when_it_is_over() {
    let mut world = World::new();
    world.silences = vec![silence("volume", "DE", NOON, at(2))];
    assert_eq!(world.judge(at(0), &[bad(Rule::Volume, "DE", 0), bad(Rule::Volume, "FR", 0)]), ["volume FR fired"]);
    assert_eq!(world.watch.alarms[0].held_back_by, "silence:s1");
    assert!(world.watch.alarms[0].incident_id.is_empty());
    assert!(world.judge(at(2) - 1, &[]).is_empty());
    // Its end, and the time until which it is, itself left out.
    assert_eq!(world.judge(at(2), &[]), ["volume DE fired"]);
    world.silences = vec![silence("", "", at(3), at(900))];
    assert!(world.judge(at(3) + REPEAT, &[]).is_empty());
    for slot in 100..102 {
        assert!(world.judge(at(slot), &[good(Rule::Volume, "DE", slot)]).is_empty());
    }
    assert_eq!(world.judge(at(102), &[good(Rule::Volume, "DE", 102)]), ["volume DE resolved"]);
}

#[test]
fn maintenance_holds_a_site_back_and_the_probe_what_it_could_not_see() {
    let mut world = World::new();
    let (from, until) = ("2026-12-01T12:00:00Z".to_owned(), "2026-12-01T12:10:00Z".to_owned());
    let config = MaintenanceConfig { site: "shop".to_owned(), every: String::new(), from, until };
    world.maintenance = vec![Window::parse(&config).unwrap()];
    assert!(world.judge(at(0), &[bad(Rule::Volume, "", 0), bad(Rule::Errors, "", 0)]).is_empty());
    assert!(world.watch.alarms.iter().all(|alarm| alarm.held_back_by == "maintenance"));
    assert_eq!(world.judge(at(2), &[]), ["volume  fired", "errors  fired"]);

    let mut world = World::new();
    world.probe_fails = true;
    assert_eq!(world.judge(at(0), &[bad(Rule::Orders, "DE", 0), bad(Rule::Errors, "DE", 0)]), ["errors DE fired"]);
    let probe = Observation { at: at(0) + 57, observed: 95.0, ..bad(Rule::Probe, "", 0) };
    assert_eq!(world.judge(at(0) + 60, std::slice::from_ref(&probe)), ["probe  fired"]);
    let kinds = |world: &World| world.watch.incidents.iter().map(|incident| incident.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&world), [IncidentKind::Errors, IncidentKind::Own]);
    // Its alarm holds back for as long as it is open, which is longer than the probe fails.
    world.probe_fails = false;
    assert!(world.judge(at(1), &[bad(Rule::Orders, "DE", 1)]).is_empty());
    let well = |minute: i64| Observation { verdict: Verdict::Ok, at: probe.at + minute * 60, ..probe.clone() };
    assert!(world.judge(at(2), &[well(1)]).is_empty() && world.judge(at(2), &[well(2)]).is_empty());
    assert_eq!(world.judge(at(2), &[well(3)]), ["probe  resolved", "orders DE fired"]);
    assert_eq!(
        kinds(&world),
        [IncidentKind::Outage, IncidentKind::Own],
        "it joins what else is wrong, and not the collector"
    );

    // By itself it is an incident that begins when somebody could see again.
    let mut world = World::new();
    world.probe_fails = true;
    assert!(world.judge(at(0), &[bad(Rule::Orders, "DE", 0)]).is_empty());
    assert!(world.judge(at(1), &[bad(Rule::Orders, "DE", 1)]).is_empty());
    world.probe_fails = false;
    assert_eq!(world.judge(at(2), &[bad(Rule::Orders, "DE", 2)]), ["orders DE fired"]);
    assert_eq!(world.watch.incidents[0].started_at, world.watch.alarms[0].judged_at);
}

#[test]
fn on_a_holiday_only_next_to_nothing_is_a_drop() {
    let mut world = World::new();
    world.holidays = Holidays::parse("2026-12-01,DE,a day off").unwrap();
    let some = |rule, place, slots, observed| row(rule, place, slots, Verdict::Firing, observed);
    let rows = [
        some(Rule::Volume, "DE", 0, 10.0),
        some(Rule::Orders, "DE", 0, 30.0),
        some(Rule::Volume, "FR", 0, 10.0),
        some(Rule::Errors, "DE", 0, 30.0),
    ];
    assert_eq!(world.judge(at(0), &rows), ["volume FR fired", "errors DE fired"]);
    assert_eq!(world.judge(at(1), &[some(Rule::Volume, "DE", 1, 9.9)]), ["volume DE fired"]);
    // What is excused does not end it either, for it is too little.
    for slot in 2..9 {
        assert!(world.judge(at(slot), &[some(Rule::Volume, "DE", slot, 50.0)]).is_empty());
    }
    assert_eq!(world.watch.alarms.iter().filter(|alarm| alarm.country == "DE").count(), 2);
}

#[test]
fn alarms_that_begin_together_are_one_incident_which_ends_with_the_last_of_them() {
    let mut world = World::new();
    world.judge(at(0), &[bad(Rule::Volume, "DE", 0)]);
    world.judge(at(3), &[bad(Rule::Errors, "FR", 3)]);
    assert_eq!(3 * SLOT, TOGETHER_S);
    world.judge(at(4), &[bad(Rule::Speed, "IT", 4)]);
    let [first, second] = &world.watch.incidents[..] else { panic!("{:?}", world.watch.incidents) };
    assert_eq!(
        (first.alarms, first.rules.as_slice(), first.kind),
        (2, &[Rule::Volume, Rule::Errors][..], IncidentKind::Outage)
    );
    assert_eq!((first.started_at, first.detected_at), (NOON - SLOT, at(0)));
    assert_eq!(first.title, "Page views stay away in DE, FR");
    assert!(first.incident_id.starts_with("20261201-1155-") && first.incident_id.len() == 18, "{}", first.incident_id);
    assert_eq!((second.kind, second.alarms), (IncidentKind::Slowness, 1));
    for slot in 5..8 {
        world.judge(at(slot), &[good(Rule::Volume, "DE", slot)]);
    }
    assert!(world.watch.incidents[0].is_open());
    for slot in 8..11 {
        world.judge(at(slot), &[good(Rule::Errors, "FR", slot)]);
    }
    assert_eq!(world.watch.incidents[0].resolved_at, Some(NOON + 8 * SLOT));
    assert!(world.watch.incidents[1].is_open());
    // What comes afterwards is another one, however soon.
    world.judge(at(11), &[bad(Rule::Volume, "DE", 11)]);
    assert_eq!(world.watch.incidents.len(), 3);
}

#[test]
fn a_clock_that_jumps_back_judges_nothing_twice_and_ends_nothing_early() {
    let mut world = World::new();
    world.judge(at(10), &[bad(Rule::Volume, "DE", 10), bad(Rule::Volume, "FR", 10)]);
    for slot in 11..14 {
        world.judge(at(slot), &[good(Rule::Volume, "DE", slot), bad(Rule::Volume, "FR", slot)]);
    }
    let stands = world.watch.clone();
    for slot in 1..14 {
        let rows = [bad(Rule::Volume, "DE", slot), good(Rule::Volume, "FR", slot)];
        assert!(world.judge(at(slot), &rows).is_empty(), "{slot}");
        assert_eq!(world.watch.alarms, stands.alarms);
    }
    assert_eq!(world.judge(at(14), &[bad(Rule::Volume, "DE", 14)]), ["volume DE fired"]);
}

#[test]
fn a_clock_that_was_far_ahead_is_forgotten_and_what_is_open_goes_on() {
    let mut world = World::new();
    world.judge(at(0), &[bad(Rule::Volume, "DE", 0), bad(Rule::Errors, "", 0)]);
    let far = 3_000_000;
    // Far ahead there is no history: nothing fires, nothing ends, and it is told again once.
    let learning =
        [row(Rule::Volume, "DE", far, Verdict::Learning, 0.0), row(Rule::Errors, "", far, Verdict::Learning, 0.0)];
    assert_eq!(world.judge(at(far), &learning), ["errors  again-1", "volume DE again-1"]);
    // Back again.
    for slot in 1..3 {
        let rows = [good(Rule::Volume, "DE", slot), bad(Rule::Errors, "", slot)];
        assert!(world.judge(at(slot), &rows).is_empty(), "{slot}");
    }
    assert_eq!(world.judge(at(3), &[good(Rule::Volume, "DE", 3)]), ["volume DE resolved"]);
    // The time until it is told again counts from when the clock was right again.
    assert_eq!(world.judge(at(1) + REPEAT, &[]), ["errors  again-2"]);
}

#[test]
fn a_restart_ends_nothing_early_and_tells_nothing_twice() {
    let mut world = World::new();
    world.judge(at(0), &[bad(Rule::Volume, "DE", 0)]);
    world.restart();
    assert!(world.judge(at(0) + 60, &[bad(Rule::Volume, "DE", 0)]).is_empty());
    for slot in 1..3 {
        assert!(world.judge(at(slot), &[good(Rule::Volume, "DE", slot)]).is_empty());
    }
    world.restart();
    for slot in 3..5 {
        assert!(world.judge(at(slot), &[good(Rule::Volume, "DE", slot)]).is_empty());
    }
    assert_eq!(world.judge(at(5), &[good(Rule::Volume, "DE", 5)]), ["volume DE resolved"]);
}

#[test]
fn of_too_many_alarms_those_above_the_others_begin_and_the_rest_is_counted() {
    let mut world = World::new();
    let mut rows: Vec<Observation> = (0..10_000).map(|page| bad(Rule::VolumePages, &format!("/{page}"), 0)).collect();
    rows.push(bad(Rule::Errors, "", 0));
    let outcome = world.outcome(at(0), &rows);
    assert_eq!((outcome.alarms.len(), outcome.dropped), (OPEN_MAX, 10_001 - OPEN_MAX));
    assert!(outcome.alarms.iter().any(|alarm| alarm.rule == Rule::Errors));
    assert_eq!(outcome.notifications.len(), OPEN_MAX);
    assert_eq!((outcome.incidents.len(), outcome.incidents[0].alarms as usize), (1, OPEN_MAX));
    assert!(outcome.incidents[0].page_groups.len() <= 300);
}

#[test]
fn versions_grow_whatever_the_clock_does() {
    let mut world = World::new();
    let first = world.outcome(at(0), &[bad(Rule::Volume, "", 0)]);
    let second = world.outcome(at(-100), &[bad(Rule::Volume, "", 1)]);
    assert!(second.alarms[0].version > first.alarms[0].version);
    assert!(second.incidents.is_empty(), "it has not changed");
}

fn verdicts() -> impl Strategy<Value = Vec<(u8, u8, f64, i64)>> {
    prop::collection::vec((0_u8..6, 0_u8..4, 0.0..120.0_f64, -20_i64..5), 1..60)
}

proptest! {
    /// Whatever comes: at most one open alarm of a key, each told once as firing and once as over, in this order, and never over without three well instants.
    #[test]
    fn whatever_comes_each_alarm_is_told_once_and_its_end_after_it(steps in verdicts(), seed in 0_i64..5) {
        let mut world = World::new();
        let mut slots = 0;
        for (index, (place, verdict, observed, jump)) in steps.into_iter().enumerate() {
            slots += if jump.rem_euclid(7) == seed { jump } else { 1 };
            let (rule, place) = [(Rule::Volume, ""), (Rule::Volume, "DE"), (Rule::VolumePages, "/a"), (Rule::Orders, ""), (Rule::Errors, "DE"), (Rule::Speed, "")][usize::from(place)];
            let verdict = [Verdict::Learning, Verdict::Ok, Verdict::Ok, Verdict::Firing][usize::from(verdict)];
            if index % 17 == 16 {
                world.restart();
            }
            world.judge(at(slots), &[row(rule, place, slots, verdict, observed)]);
            let mut keys: Vec<Key> = world.watch.alarms.iter().map(Alarm::key).collect();
            let open = keys.len();
            keys.sort();
            keys.dedup();
            prop_assert_eq!(open, keys.len());
            for alarm in &world.watch.alarms {
                prop_assert_eq!(alarm.was_told(), alarm.state == State::Firing);
                prop_assert!(alarm.calm.instants < CALM_INSTANTS && alarm.judged_at >= alarm.opened_at);
            }
        }
        let mut ids: Vec<&str> = world.told.iter().map(|told| told.id.as_str()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), all, "an id comes twice: {:?}", world.told);
        for told in world.told.iter().filter(|told| told.kind == Kind::Resolved) {
            let alarm = told.id.trim_end_matches("-resolved");
            let fired = world.told.iter().position(|other| other.id == format!("{alarm}-fired"));
            let resolved = world.told.iter().position(|other| other.id == told.id);
            prop_assert!(fired.is_some() && fired < resolved);
            prop_assert!(told.judged_at >= told.started_at + i64::from(CALM_INSTANTS) * SLOT);
        }
        // Every incident that is open has an open alarm, and every page that was told an incident.
        for incident in world.watch.incidents.iter().filter(|incident| incident.is_open()) {
            prop_assert!(world.watch.alarms.iter().any(|alarm| alarm.incident_id == incident.incident_id));
        }
        prop_assert!(world.told.iter().all(|told| !told.incident_id.is_empty()));
    }

    /// Two collectors that judge the same rows tell the same, by the same identifiers.
    #[test]
    fn the_same_rows_make_the_same_identifiers(places in prop::collection::vec((0_u8..5, any::<bool>()), 1..20), late in 0_i64..50) {
        let (mut one, mut other) = (World::new(), World::new());
        for (slots, (place, is_bad)) in (0..).zip(places) {
            let place = ["", "DE", "FR", "IT", "ES"][usize::from(place)];
            let rows = [if is_bad { bad(Rule::Volume, place, slots) } else { good(Rule::Volume, place, slots) }];
            one.judge(at(slots), &rows);
            other.judge(at(slots) + late, &rows);
        }
        let ids = |world: &World| world.told.iter().map(|told| (told.id.clone(), told.incident_id.clone())).collect::<Vec<_>>();
        prop_assert_eq!(ids(&one), ids(&other));
    }
}
