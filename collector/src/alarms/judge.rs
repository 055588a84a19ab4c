//! The heart: what is observed, and what stood before, make what stands now and what is told. No I/O, no clock.
//!
//! - An alarm **begins** with an instant that fires. It is told at once, unless something holds it back ([`super::hold`]).
//! - It **ends** after [`CALM_INSTANTS`] distinct instants in a row that do not fire, over [`Rule::calm_s`] at least; of a drop each with [`RECOVERED_SHARE`](super::observation::RECOVERED_SHARE)
//!   or more of what is expected. Its end is the first of them.
//! - What is *learning* neither begins nor ends one. Neither does a missing row; after [`GONE_S`] without one there is nothing to compare with, and it ends.
//! - An instant is judged once for each rule. One that lies before the last is passed over, unless it lies further back than [`JUMP_S`]: then the last one was of a
//!   clock that was wrong, and what is open goes on from here.

use std::collections::{BTreeMap, HashMap};

use url::form_urlencoded;

use super::alarm::{Alarm, Calm, Key, State, fingerprint};
use super::hold::{Above, Holds, held_back_by, is_alarm};
use super::holidays::Holidays;
use super::incident::{Incident, begin, makes_incidents};
use super::notification::{Kind, Notification};
use super::observation::{Observation, Verdict, fold};
use super::rule::Rule;
use super::summary;

/// Instants in a row that must be well for an alarm to end.
pub const CALM_INSTANTS: u32 = 3;
/// Seconds without a row after which an alarm ends.
pub const GONE_S: i64 = 86_400;
/// Most open alarms of a site.
pub const OPEN_MAX: usize = 1000;
/// On a holiday a drop fires where less than this share of what is expected arrives.
pub const HOLIDAY_SHARE: f64 = 0.1;
/// A jump back of the clock that is waited for.
pub const JUMP_S: i64 = 86_400;
/// Most incidents that are kept in mind: open ones, and those whose loss is not final.
pub const INCIDENTS_MAX: usize = 1000;
/// For so long after its end an incident is kept in mind, so that its loss becomes final.
const PRICED_S: i64 = 3 * 86_400;

/// What one rule was found to say.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The rule.
    pub rule: Rule,
    /// Its rows.
    pub observations: Vec<Observation>,
}

/// What the judgement depends on beside rows.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// What may hold back, and the time.
    pub holds: Holds<'a>,
    /// Days on which drops are usual.
    pub holidays: &'a Holidays,
    /// Seconds after which an alarm that still fires is told again.
    pub repeat_s: i64,
    /// Where the report is; empty: nowhere.
    pub report_url: &'a str,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What is to be told.
    pub notifications: Vec<Notification>,
    /// Alarms that are new or have changed.
    pub alarms: Vec<Alarm>,
    /// Incidents that are new or have changed.
    pub incidents: Vec<Incident>,
    /// Alarms that did not begin, because too many are open.
    pub dropped: usize,
}

/// All that stands of a site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SiteWatch {
    /// Its key.
    pub site: String,
    /// Open alarms.
    pub alarms: Vec<Alarm>,
    /// Open incidents, and those whose loss is not final.
    pub incidents: Vec<Incident>,
    /// The last instant that each rule has judged.
    pub judged: BTreeMap<Rule, i64>,
}

impl SiteWatch {
    /// Judges, and is what stands afterwards. Nothing of it is true before it is written: keep the one before until then.
    pub fn judge(&mut self, judged: Vec<Judged>, circumstances: &Circumstances<'_>) -> Outcome {
        let before = self.clone();
        let now = circumstances.holds.now;
        let rows = judged.iter().filter(|judged| judged.rule != Rule::Probe).flat_map(|judged| &judged.observations);
        let present = rows.map(|row| row.at).max();
        let mut fresh: Vec<Observation> =
            judged.into_iter().flat_map(|judged| self.fresh(judged.rule, judged.observations)).collect();
        // Those above others first: they are to have a place where places are few.
        fresh.sort_by_key(|it| (!it.key.is_total(), it.key.clone()));
        let dropped = self.observe(&fresh, circumstances.holidays);
        if let Some(present) = present {
            self.end_what_is_gone(present);
        }
        self.hold(&circumstances.holds);
        let notifications = self.tell(&before, circumstances);
        self.end_incidents();
        let (alarms, incidents) = self.changes(&before, now);
        self.alarms.retain(Alarm::is_open);
        self.forget_incidents(now);
        Outcome { notifications, alarms, incidents, dropped }
    }

    /// A rule's rows, one for each key, of an instant that was not judged yet.
    fn fresh(&mut self, rule: Rule, rows: Vec<Observation>) -> Vec<Observation> {
        let mut rows = fold(rows);
        let Some(latest) = rows.iter().map(|row| row.at).max() else { return rows };
        let judged = self.judged.entry(rule).or_insert(i64::MIN);
        if latest < judged.saturating_sub(JUMP_S) {
            *judged = i64::MIN;
            for alarm in self.alarms.iter_mut().filter(|alarm| alarm.rule == rule && alarm.judged_at > latest) {
                alarm.judged_at = latest - 1;
                alarm.calm = Calm::default();
            }
        }
        rows.retain(|row| row.at > *judged);
        *judged = latest.max(*judged);
        rows
    }

    /// Begins, goes on with and ends alarms. Returns how many could not begin.
    fn observe(&mut self, fresh: &[Observation], holidays: &Holidays) -> usize {
        let mut places: HashMap<Key, usize> =
            self.alarms.iter().enumerate().map(|(place, alarm)| (alarm.key(), place)).collect();
        let mut dropped = 0;
        for row in fresh {
            let verdict = if is_excused(row, holidays) { Verdict::Ok } else { row.verdict };
            match places.get(&row.key) {
                Some(place) => observed(&mut self.alarms[*place], row, verdict),
                None if verdict != Verdict::Firing => {}
                None if self.alarms.len() >= OPEN_MAX => dropped += 1,
                None => {
                    places.insert(row.key.clone(), self.alarms.len());
                    self.alarms.push(opened(&self.site, row));
                }
            }
        }
        dropped
    }

    /// Ends alarms whose keys have had no row for a day. What time it is the rows say that there are.
    fn end_what_is_gone(&mut self, present: i64) {
        for alarm in self.alarms.iter_mut().filter(|alarm| alarm.is_open() && alarm.rule != Rule::Probe) {
            if present.saturating_sub(alarm.judged_at) >= GONE_S {
                alarm.summary = summary::gone(alarm);
                end(alarm, present);
            }
        }
    }

    fn hold(&mut self, holds: &Holds<'_>) {
        let above = Above::new(&self.alarms);
        let held = |alarm: &Alarm| {
            if alarm.is_open() { held_back_by(&self.site, alarm, &above, holds) } else { String::new() }
        };
        let held: Vec<String> = self.alarms.iter().map(held).collect();
        for (alarm, held) in self.alarms.iter_mut().zip(held) {
            alarm.held_back_by = held;
        }
    }

    /// Tells what there is to tell, and puts alarms into incidents as they are told.
    fn tell(&mut self, before: &Self, circumstances: &Circumstances<'_>) -> Vec<Notification> {
        let now = circumstances.holds.now;
        let mut order: Vec<usize> = (0..self.alarms.len()).collect();
        order.sort_by_key(|place| {
            let key = self.alarms[*place].key();
            (!key.is_total(), key)
        });
        let stood: HashMap<(i64, &str), &Alarm> =
            before.alarms.iter().map(|alarm| ((alarm.opened_at, alarm.fingerprint.as_str()), alarm)).collect();
        let probe = fingerprint(&self.site, &Key::new(Rule::Probe, "", ""));
        let mut notifications = Vec::new();
        for place in &order {
            let alarm = &mut self.alarms[*place];
            let was = stood.get(&(alarm.opened_at, alarm.fingerprint.as_str()));
            let is_more_urgent = was.is_some_and(|was| alarm.urgency < was.urgency);
            let was_unseen = was.is_some_and(|was| was.held_back_by == probe);
            let Some(kind) = step(alarm, is_more_urgent, now, circumstances.repeat_s) else { continue };
            if kind != Kind::Resolved {
                self.put_into_incident(*place, was_unseen, now);
            }
            notifications.push(notification(&self.site, &self.alarms[*place], kind, circumstances.report_url));
        }
        for place in order {
            self.follow(place);
        }
        notifications
    }

    /// `was_unseen`: until now the probe had failed. What did not arrive meanwhile nobody measured, so the incident starts with what was judged last.
    fn put_into_incident(&mut self, place: usize, was_unseen: bool, now: i64) {
        let alarm = &self.alarms[place];
        if !alarm.incident_id.is_empty() || !makes_incidents(alarm) {
            return;
        }
        let begin = begin(alarm, now);
        let is_of = |incident: &&mut Incident| incident.is_of(begin) && incident.takes(alarm.rule);
        let id = if let Some(incident) = self.incidents.iter_mut().rev().find(is_of) {
            incident.join(alarm);
            incident.incident_id.clone()
        } else {
            let started_at = if was_unseen { alarm.judged_at } else { alarm.opened_at - alarm.window_s };
            let incident = Incident::new(&self.site, alarm, started_at, now);
            let id = incident.incident_id.clone();
            self.incidents.push(incident);
            id
        };
        self.alarms[place].incident_id = id;
    }

    /// An alarm that another one holds back is of that one's incident; of none while the probe does.
    fn follow(&mut self, place: usize) {
        let alarm = &self.alarms[place];
        if !alarm.incident_id.is_empty() || !makes_incidents(alarm) || !is_alarm(&alarm.held_back_by) {
            return;
        }
        let above = self.alarms.iter().find(|above| above.is_open() && above.fingerprint == alarm.held_back_by);
        let id = above.map(|above| above.incident_id.clone()).unwrap_or_default();
        let is_of =
            |incident: &&mut Incident| incident.is_open() && incident.incident_id == id && incident.takes(alarm.rule);
        if let Some(incident) = self.incidents.iter_mut().find(is_of) {
            incident.join(alarm);
            self.alarms[place].incident_id = id;
        }
    }

    /// An incident is over when all of its alarms are.
    fn end_incidents(&mut self) {
        for incident in self.incidents.iter_mut().filter(|incident| incident.is_open()) {
            let own = || self.alarms.iter().filter(|alarm| alarm.incident_id == incident.incident_id);
            let last = own().filter_map(|alarm| alarm.resolved_at).max();
            incident.last_end = incident.last_end.max(last.unwrap_or(i64::MIN));
            if !own().any(Alarm::is_open) {
                incident.resolved_at = Some(incident.last_end.max(incident.started_at));
                incident.is_unpriced = true;
            }
        }
    }

    /// What differs from before, each with a version that is higher than the one before.
    fn changes(&mut self, before: &Self, now: i64) -> (Vec<Alarm>, Vec<Incident>) {
        let now_ms = u64::try_from(now.saturating_mul(1000)).unwrap_or(0);
        let alarms: HashMap<(i64, &str), &Alarm> =
            before.alarms.iter().map(|alarm| ((alarm.opened_at, alarm.fingerprint.as_str()), alarm)).collect();
        let mut changed = (Vec::new(), Vec::new());
        for alarm in &mut self.alarms {
            if alarms.get(&(alarm.opened_at, alarm.fingerprint.as_str())).is_none_or(|before| **before != *alarm) {
                alarm.version = now_ms.max(alarm.version + 1);
                changed.0.push(alarm.clone());
            }
        }
        for incident in &mut self.incidents {
            if !before.incidents.contains(incident) {
                incident.version = now_ms.max(incident.version + 1);
                changed.1.push(incident.clone());
            }
        }
        changed
    }

    /// Keeps in mind what is open and what is not priced for good.
    fn forget_incidents(&mut self, now: i64) {
        self.incidents.retain(|incident| incident.resolved_at.is_none_or(|end| now - end < PRICED_S));
        let excess = self.incidents.len().saturating_sub(INCIDENTS_MAX);
        self.incidents.drain(..excess);
    }
}

/// On a holiday only next to nothing is a drop.
fn is_excused(row: &Observation, holidays: &Holidays) -> bool {
    row.key.rule.is_drop()
        && row.observed >= HOLIDAY_SHARE * row.expected
        && holidays.is_holiday(&row.key.country, row.at)
}

fn opened(site: &str, row: &Observation) -> Alarm {
    let mut alarm = Alarm {
        fingerprint: fingerprint(site, &row.key),
        opened_at: row.at,
        rule: row.key.rule,
        country: row.key.country.clone(),
        page_group: row.key.page_group.clone(),
        urgency: row.urgency,
        state: State::Pending,
        fired_at: None,
        resolved_at: None,
        judged_at: row.at,
        observed: 0.0,
        expected: 0.0,
        lo: 0.0,
        hi: 0.0,
        z: 0.0,
        summary: String::new(),
        incident_id: String::new(),
        held_back_by: String::new(),
        notified_at: None,
        notifications: 0,
        version: 0,
        calm: Calm::default(),
        window_s: row.window_s,
    };
    take_numbers(&mut alarm, row);
    alarm.summary = summary::alarm(&alarm, &row.detail);
    alarm
}

/// An open alarm and the next row of its key.
fn observed(alarm: &mut Alarm, row: &Observation, verdict: Verdict) {
    if row.at <= alarm.judged_at || !alarm.is_open() {
        return;
    }
    alarm.judged_at = row.at;
    if verdict == Verdict::Learning {
        return;
    }
    take_numbers(alarm, row);
    if verdict == Verdict::Firing {
        alarm.calm = Calm::default();
        alarm.urgency = alarm.urgency.min(row.urgency);
        alarm.summary = summary::alarm(alarm, &row.detail);
        return;
    }
    alarm.calm.is_well = true;
    if !row.has_recovered() {
        alarm.calm.instants = 0;
        return;
    }
    if alarm.calm.instants == 0 {
        alarm.calm.since = row.at;
    }
    alarm.calm.instants += 1;
    if alarm.calm.instants >= CALM_INSTANTS && row.at - alarm.calm.since >= alarm.rule.calm_s() {
        let since = alarm.calm.since;
        end(alarm, since);
        alarm.summary = summary::alarm(alarm, &row.detail);
    }
}

fn take_numbers(alarm: &mut Alarm, row: &Observation) {
    (alarm.observed, alarm.expected, alarm.lo, alarm.hi, alarm.z) = (row.observed, row.expected, row.lo, row.hi, row.z);
}

fn end(alarm: &mut Alarm, at: i64) {
    alarm.state = State::Resolved;
    alarm.resolved_at = Some(at.max(alarm.opened_at));
}

/// What is to be told of an alarm now, and what it is afterwards.
fn step(alarm: &mut Alarm, is_more_urgent: bool, now: i64, repeat_s: i64) -> Option<Kind> {
    let goes_on = alarm.held_back_by.is_empty() && !alarm.calm.is_well;
    match alarm.state {
        State::Resolved => return alarm.was_told().then_some(Kind::Resolved),
        State::Pending if goes_on => {
            alarm.state = State::Firing;
            alarm.fired_at = Some(now);
            (alarm.notified_at, alarm.notifications) = (Some(now), 1);
            return Some(Kind::Fired);
        }
        State::Pending => return None,
        State::Firing => {}
    }
    let told_at = alarm.notified_at.unwrap_or(now);
    if told_at > now + JUMP_S {
        // Of a clock that was wrong: the time until it is told again begins now.
        alarm.notified_at = Some(now);
        return None;
    }
    if !goes_on || !is_more_urgent && now - told_at < repeat_s {
        return None;
    }
    alarm.notified_at = Some(now);
    alarm.notifications = alarm.notifications.saturating_add(1);
    Some(Kind::Again)
}

fn notification(site: &str, alarm: &Alarm, kind: Kind, report_url: &str) -> Notification {
    let what = match kind {
        Kind::Fired => "fired".to_owned(),
        Kind::Again => format!("again-{}", alarm.notifications.saturating_sub(1)),
        Kind::Resolved => "resolved".to_owned(),
    };
    Notification {
        id: format!("{}-{}-{what}", alarm.fingerprint, alarm.opened_at),
        kind,
        site: site.to_owned(),
        rule: alarm.rule.name().to_owned(),
        country: alarm.country.clone(),
        page_group: alarm.page_group.clone(),
        urgency: alarm.urgency.name().to_owned(),
        fingerprint: alarm.fingerprint.clone(),
        incident_id: alarm.incident_id.clone(),
        summary: alarm.summary.clone(),
        started_at: alarm.opened_at,
        judged_at: alarm.judged_at,
        ended_at: alarm.resolved_at,
        observed: alarm.observed,
        expected: alarm.expected,
        lo: alarm.lo,
        hi: alarm.hi,
        link: link(site, alarm, report_url),
    }
}

/// Where the report shows what the alarm is about.
fn link(site: &str, alarm: &Alarm, report_url: &str) -> String {
    if report_url.is_empty() {
        return String::new();
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("site", site);
    for (name, value) in [("country", &alarm.country), ("page", &alarm.page_group)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    format!("{report_url}/?{}", query.finish())
}

#[cfg(test)]
mod tests;
