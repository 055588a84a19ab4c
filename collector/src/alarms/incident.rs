//! Incidents: alarms of a site that began together.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::alarm::{Alarm, Urgency, hex};
use super::rule::Rule;
use super::summary;

/// Alarms that begin within so many seconds are of one incident.
pub const TOGETHER_S: i64 = 15 * 60;
/// Most names of one kind that an incident lists; it counts all of its alarms.
const NAMES_MAX: usize = 300;
/// How late an alarm may have been told and still have begun with its first instant: later, something had held it back.
const TOLD_AT_ONCE_S: i64 = 10 * 60;
/// Longest title, in characters.
const TITLE_MAX: usize = 200;

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Views or orders stay away.
    Outage,
    /// Errors.
    Errors,
    /// Slow pages.
    Slowness,
    /// Browsers do not reach the site.
    Network,
    /// The collector cannot be reached.
    #[serde(rename = "self")]
    Own,
}

impl Kind {
    /// Of the gravest of its rules.
    fn of(rules: &[Rule]) -> Self {
        match rules.iter().min() {
            Some(Rule::Probe) => Self::Own,
            Some(Rule::Network) => Self::Network,
            Some(Rule::Errors) => Self::Errors,
            Some(Rule::Speed | Rule::Drift) => Self::Slowness,
            _ => Self::Outage,
        }
    }
}

/// A row of `incidents`, but for its site. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its start in UTC and four hexadecimal digits.
    pub incident_id: String,
    /// The gravest of its alarms.
    pub kind: Kind,
    /// Begin of the window in which its first alarm saw it.
    pub started_at: i64,
    /// When its first alarm was told.
    pub detected_at: i64,
    /// When the last of its alarms was over.
    pub resolved_at: Option<i64>,
    /// What it is called.
    pub title: String,
    /// Rules of its alarms.
    pub rules: Vec<Rule>,
    /// Countries of its alarms, an empty one for all together.
    pub countries: BTreeSet<String>,
    /// Page groups of its alarms.
    pub page_groups: BTreeSet<String>,
    /// How many alarms it has had.
    pub alarms: u32,
    /// What it cost.
    #[serde(flatten)]
    pub loss: Loss,
    /// When that was computed last.
    pub priced_at: Option<i64>,
    /// Grows with each row that is written.
    pub version: u64,
    /// When the first of its alarms began. Not in the table, and found again from its alarms.
    #[serde(skip)]
    pub began: i64,
    /// When the last of its alarms was over that are. Not in the table either.
    #[serde(skip)]
    pub last_end: i64,
    /// It has ended since its loss was computed. Not in the table: after a restart it is computed when it becomes final.
    #[serde(skip)]
    pub is_unpriced: bool,
}

/// What an incident cost, in orders and in the site's currency; `None` is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the columns of `incidents`, whose comments say it")]
pub struct Loss {
    pub loss_method: String,
    pub expected_orders: Option<f64>,
    pub actual_orders: Option<f64>,
    pub gross_lost: Option<f64>,
    pub gross_lo: Option<f64>,
    pub gross_hi: Option<f64>,
    pub net_lost: Option<f64>,
    pub net_lo: Option<f64>,
    pub net_hi: Option<f64>,
    pub gross_lost_revenue: Option<f64>,
    pub net_lost_revenue: Option<f64>,
}

impl Incident {
    /// Of its first alarm, which is told at `now`.
    pub(super) fn new(site: &str, alarm: &Alarm, started_at: i64, now: i64) -> Self {
        let began = begin(alarm, now);
        let mut new = Self {
            incident_id: incident_id(site, &alarm.fingerprint, started_at, alarm.opened_at),
            kind: Kind::Outage,
            started_at,
            detected_at: now,
            resolved_at: None,
            title: String::new(),
            rules: Vec::new(),
            countries: BTreeSet::new(),
            page_groups: BTreeSet::new(),
            alarms: 0,
            loss: Loss::default(),
            priced_at: None,
            version: 0,
            began,
            last_end: i64::MIN,
            is_unpriced: false,
        };
        new.join(alarm);
        new
    }

    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        self.resolved_at.is_none()
    }

    /// Whether an alarm that begins now is one of it.
    pub(super) fn is_of(&self, begin: i64) -> bool {
        self.is_open() && (begin - self.began).abs() <= TOGETHER_S
    }

    /// Whether alarms of a rule are of it. The collector's own failure is an incident by itself, which costs no orders that anybody could count.
    pub(super) fn takes(&self, rule: Rule) -> bool {
        (self.kind == Kind::Own) == (rule == Rule::Probe)
    }

    /// Counts an alarm in.
    pub(super) fn join(&mut self, alarm: &Alarm) {
        self.alarms = self.alarms.saturating_add(1);
        if !self.rules.contains(&alarm.rule) {
            self.rules.push(alarm.rule);
            self.rules.sort();
        }
        let (names, name) = if alarm.page_group.is_empty() {
            (&mut self.countries, &alarm.country)
        } else {
            (&mut self.page_groups, &alarm.page_group)
        };
        if names.len() < NAMES_MAX {
            names.insert(name.clone());
        }
        self.kind = Kind::of(&self.rules);
        let title = summary::incident(&self.rules, &self.countries, &self.page_groups);
        self.title = title.chars().take(TITLE_MAX).collect();
    }
}

/// When an alarm began that is told at `now`: where something had held it back, now.
pub fn begin(alarm: &Alarm, now: i64) -> i64 {
    let told_at = alarm.fired_at.unwrap_or(now);
    if (told_at - alarm.opened_at).abs() <= TOLD_AT_ONCE_S { alarm.opened_at } else { told_at }
}

/// Tickets are of no incident: they stay open for days, and nobody is called.
pub(super) fn makes_incidents(alarm: &Alarm) -> bool {
    alarm.urgency == Urgency::Page
}

fn incident_id(site: &str, fingerprint: &str, started_at: i64, opened_at: i64) -> String {
    let format = time::macros::format_description!("[year][month][day]-[hour][minute]");
    let start = OffsetDateTime::from_unix_timestamp(started_at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let digest = Sha256::digest(format!("{site}\0{fingerprint}\0{opened_at}"));
    format!("{}-{}", start.format(format).unwrap_or_default(), hex(&digest[..2]))
}
