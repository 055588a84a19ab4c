//! What holds an alarm back: maintenance, a silence, the collector's own failure, an alarm above it.
//!
//! Nothing here ends an alarm, and what was told once is told when it is over, silence or not: whoever was called must hear that it is past.

use std::collections::BTreeMap;

use serde::Deserialize;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, Time, Weekday};

use super::alarm::{Alarm, Key, Urgency, fingerprint};
use super::rule::Rule;
use crate::config::MaintenanceConfig;

/// In the place of what holds it back: a maintenance window.
pub const MAINTENANCE: &str = "maintenance";
/// Before the name of a silence.
const SILENCE: &str = "silence:";
const DAY_S: i64 = 86_400;

/// A row of `silences`. An empty rule, country or page group is any. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Silence {
    /// Its name.
    pub silence_id: String,
    /// The rule's name.
    pub rule: String,
    /// The country.
    pub country: String,
    /// The page group.
    pub page_group: String,
    /// From when on.
    pub from_at: i64,
    /// Until when, itself left out.
    pub until_at: i64,
}

impl Silence {
    fn covers(&self, alarm: &Alarm, now: i64) -> bool {
        let is = |any: &str, one: &str| any.is_empty() || any == one;
        (self.from_at..self.until_at).contains(&now)
            && is(&self.rule, alarm.rule.name())
            && is(&self.country, &alarm.country)
            && is(&self.page_group, &alarm.page_group)
    }
}

/// A maintenance window, understood. Times are UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    site: String,
    span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Span {
    /// Unix seconds.
    Once { from: i64, until: i64 },
    /// Seconds of the week from Monday on; `until` may lie in the next one.
    Weekly { from: i64, until: i64 },
    /// Seconds of the day; `until` may lie in the next one.
    Daily { from: i64, until: i64 },
}

impl Window {
    /// Understands one of the configuration's; `None` where it does not fit.
    pub fn parse(config: &MaintenanceConfig) -> Option<Self> {
        let span = if config.every.is_empty() {
            let at = |text: &str| Some(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp());
            let (from, until) = (at(&config.from)?, at(&config.until)?);
            (from < until).then_some(Span::Once { from, until })?
        } else {
            let (from, until) = (of_day(&config.from)?, of_day(&config.until)?);
            let length = (until - from - 1).rem_euclid(DAY_S) + 1;
            if config.every == "day" {
                Span::Daily { from, until: from + length }
            } else {
                let from = weekday(&config.every)? * DAY_S + from;
                Span::Weekly { from, until: from + length }
            }
        };
        Some(Self { site: config.site.clone(), span })
    }

    /// Whether it is on, at a site.
    pub fn covers(&self, site: &str, now: i64) -> bool {
        let within = |from: i64, until: i64, period: i64, phase: i64| {
            let now = (now - phase).rem_euclid(period);
            (from..until).contains(&now) || (from..until).contains(&(now + period))
        };
        let is_on = match self.span {
            Span::Once { from, until } => (from..until).contains(&now),
            Span::Daily { from, until } => within(from, until, DAY_S, 0),
            // 1970-01-05 was a Monday.
            Span::Weekly { from, until } => within(from, until, 7 * DAY_S, 4 * DAY_S),
        };
        is_on && (self.site.is_empty() || self.site == site)
    }
}

/// `02:30` as seconds of a day.
fn of_day(text: &str) -> Option<i64> {
    let format = time::macros::format_description!("[hour]:[minute]");
    let time = Time::parse(text, format).ok()?;
    Some(i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60)
}

/// Days after Monday.
fn weekday(text: &str) -> Option<i64> {
    let mut day = Weekday::Monday;
    (0..7).find(|_| {
        let is_it = day.to_string().to_lowercase() == text;
        day = day.next();
        is_it
    })
}

/// What may hold alarms of a site back at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Holds<'a> {
    /// Unix seconds.
    pub now: i64,
    /// The site's silences.
    pub silences: &'a [Silence],
    /// All maintenance windows.
    pub maintenance: &'a [Window],
    /// The collector's own probe fails, so that nobody knows whether views stay away.
    pub probe_fails: bool,
}

/// Open alarms by what they are about, to look up those above another one.
pub(super) struct Above<'a>(BTreeMap<Key, (&'a str, Urgency)>);

impl<'a> Above<'a> {
    pub(super) fn new(alarms: &'a [Alarm]) -> Self {
        let open = alarms.iter().filter(|alarm| alarm.is_open());
        Self(open.map(|alarm| (alarm.key(), (alarm.fingerprint.as_str(), alarm.urgency))).collect())
    }

    /// The fingerprint of the topmost open alarm above one. A less urgent one holds nothing back: a ticket that stays open for days must not keep a page quiet.
    fn of(&self, alarm: &Alarm) -> Option<&'a str> {
        let key = alarm.key();
        let find = |above: Key| {
            let (fingerprint, urgency) = self.0.get(&above)?;
            (above != key && *urgency <= alarm.urgency).then_some(*fingerprint)
        };
        let family = key.rule.family();
        find(Key::new(Rule::Probe, "", "")).filter(|_| key.rule.is_drop()).or_else(|| {
            let total = find(Key::new(family, "", ""));
            match key.rule {
                Rule::VolumePages => total.or_else(|| self.of_a_country(alarm)),
                // Who does not come does not buy.
                Rule::Orders => find(Key::new(Rule::Volume, "", ""))
                    .or(total)
                    .or_else(|| find(Key::new(Rule::Volume, &key.country, ""))),
                _ => total,
            }
        })
    }

    /// Of a page group: the first country whose views stay away.
    fn of_a_country(&self, alarm: &Alarm) -> Option<&'a str> {
        let mut countries = self.0.iter().filter(|(key, _)| key.rule == Rule::Volume && !key.country.is_empty());
        countries.find(|(_, (_, urgency))| *urgency <= alarm.urgency).map(|(_, (fingerprint, _))| *fingerprint)
    }
}

/// What holds an alarm back; empty where nothing does.
pub(super) fn held_back_by(site: &str, alarm: &Alarm, above: &Above<'_>, holds: &Holds<'_>) -> String {
    if holds.maintenance.iter().any(|window| window.covers(site, holds.now)) {
        return MAINTENANCE.to_owned();
    }
    if let Some(silence) = holds.silences.iter().find(|silence| silence.covers(alarm, holds.now)) {
        return format!("{SILENCE}{}", silence.silence_id);
    }
    if holds.probe_fails && alarm.rule.is_drop() {
        return fingerprint(site, &Key::new(Rule::Probe, "", ""));
    }
    above.of(alarm).unwrap_or_default().to_owned()
}

/// Whether it is an alarm above that holds back.
pub(super) fn is_alarm(held_back_by: &str) -> bool {
    !held_back_by.is_empty() && held_back_by != MAINTENANCE && !held_back_by.starts_with(SILENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(every: &str, from: &str, until: &str) -> Option<Window> {
        let [every, from, until] = [every, from, until].map(str::to_owned);
        Window::parse(&MaintenanceConfig { site: "shop".to_owned(), every, from, until })
    }

    fn at(text: &str) -> i64 {
        OffsetDateTime::parse(text, &Rfc3339).unwrap().unix_timestamp()
    }

    #[test]
    fn a_window_is_on_from_its_begin_until_its_end_and_there_alone() {
        let once = window("", "2026-12-01T02:00:00Z", "2026-12-01T05:00:00+01:00").unwrap();
        let weekly = window("sunday", "23:30", "01:00").unwrap();
        let daily = window("day", "04:00", "04:00").unwrap();
        for (window, on, off) in [
            (
                &once,
                ["2026-12-01T02:00:00Z", "2026-12-01T03:59:59Z"],
                ["2026-12-01T01:59:59Z", "2026-12-01T04:00:00Z", "2026-12-08T03:00:00Z"],
            ),
            (
                &weekly,
                ["2026-11-29T23:30:00Z", "2026-11-30T00:59:59Z"],
                ["2026-11-29T23:29:59Z", "2026-11-30T01:00:00Z", "2026-11-29T00:30:00Z"],
            ),
        ] {
            assert!(on.iter().all(|on| window.covers("shop", at(on))), "{window:?}");
            assert!(!off.iter().any(|off| window.covers("shop", at(off))), "{window:?}");
            assert!(!window.covers("other", at(on[0])));
        }
        // From four to four is the whole day.
        assert!((0..48).all(|hour| daily.covers("shop", at("2026-11-29T00:30:00Z") + hour * 3600)));
    }

    #[test]
    fn what_is_no_window_is_none() {
        for (every, from, until) in [
            ("", "2026-12-01T02:00:00Z", "2026-12-01T02:00:00Z"),
            ("", "2026-12-01", "2026-12-02"),
            ("", "02:00", "04:00"),
            ("sunday", "2", "4"),
            ("sunday", "24:00", "25:00"),
            ("Sunday", "02:00", "04:00"),
            ("weekday", "02:00", "04:00"),
        ] {
            assert_eq!(window(every, from, until), None, "{every} {from} {until}");
        }
    }
}
