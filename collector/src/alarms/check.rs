//! `slowtax alarms check`: what would fire at an instant. Judges once, with nothing open before it, without the lease, and neither writes nor sends.

use std::fmt::Write as _;

use clap::Args;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::clock;
use super::hold::Holds;
use super::judge::{Judged, SiteWatch};
use super::observation::{Observation, Verdict, fold};
use super::outbox::DEFAULT_REPEAT_S;
use super::questions::ask;
use super::records;
use super::rule::Rule;
use super::watch::Setup;
use crate::store::{Store, StoreError};

/// What is to be judged.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The instant, such as 2026-11-27T14:06:00Z, "2026-11-27 14:06" (UTC), or Unix seconds; what has ended and settled before is judged. Without it: now.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<i64>,
    /// The site's key; without it, every site.
    #[arg(long, value_name = "KEY")]
    site: Option<String>,
}

/// Why nothing was judged.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// No such site.
    #[error("there is no site {site} in the configuration; it has: {known}")]
    UnknownSite {
        /// The site that was asked for.
        site: String,
        /// Those that there are.
        known: String,
    },
    /// ClickHouse.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn instant(text: &str) -> Result<i64, String> {
    let format =
        time::macros::format_description!(version = 2, "[year]-[month]-[day] [hour]:[minute][optional [:[second]]]");
    let utc = || Some(PrimitiveDateTime::parse(text, format).ok()?.assume_utc().unix_timestamp());
    let at = clock::instant(text).or_else(utc);
    at.ok_or_else(|| "expected a time such as 2026-11-27T14:06:00Z or \"2026-11-27 14:06\" (UTC)".to_owned())
}

/// Judges, and says what comes of it. `now` is in Unix seconds.
pub async fn check(store: &Store, setup: &Setup, arguments: &Arguments, now: i64) -> Result<String, CheckError> {
    let at = arguments.at.unwrap_or(now);
    let sites: Vec<String> = match &arguments.site {
        None => setup.sites().to_vec(),
        Some(site) if setup.sites().contains(site) => vec![site.clone()],
        Some(site) => {
            return Err(CheckError::UnknownSite { site: site.clone(), known: setup.sites().join(", ") });
        }
    };
    let mut text = String::new();
    for site in sites {
        check_site(store, setup, &site, at, &mut text).await?;
    }
    Ok(text)
}

async fn check_site(store: &Store, setup: &Setup, site: &str, at: i64, text: &mut String) -> Result<(), StoreError> {
    let silences = records::silences(store, site, at).await?;
    let mut lines = Vec::new();
    let mut judged = Vec::new();
    for rule in Rule::ALL.into_iter().filter(|rule| *rule != Rule::Probe) {
        match ask(store, rule, &setup.question(site, at)).await {
            Ok(rows) => {
                let observations = fold(rows);
                lines.push(counts(rule, &observations));
                judged.push(Judged { rule, observations });
            }
            Err(error) if error.is_missing() => lines.push(format!("  {:<13} its view is not there", rule.name())),
            Err(error) => lines.push(format!("  {:<13} failed: {error}", rule.name())),
        }
    }
    let mut watch = SiteWatch { site: site.to_owned(), ..SiteWatch::default() };
    let holds = Holds { now: at, silences: &silences, maintenance: setup.maintenance(), probe_fails: false };
    let outcome = watch.judge(judged, &setup.circumstances(holds, DEFAULT_REPEAT_S));
    // Writing into a string does not fail, here and below.
    let _ = writeln!(
        text,
        "{site} at {}",
        OffsetDateTime::from_unix_timestamp(at).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
    );
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    for alarm in &outcome.alarms {
        let (urgency, summary) = (alarm.urgency.name(), &alarm.summary);
        let held = match alarm.held_back_by.as_str() {
            "" => String::new(),
            held => {
                let above = outcome.alarms.iter().find(|above| above.fingerprint == held);
                format!(" (held back by {})", above.map_or(held, |above| above.summary.as_str()))
            }
        };
        let _ = writeln!(text, "  would fire, {urgency}: {summary}{held}");
    }
    if outcome.alarms.is_empty() {
        let _ = writeln!(text, "  nothing would fire");
    }
    Ok(())
}

/// How many keys of a rule are in which state.
fn counts(rule: Rule, observations: &[Observation]) -> String {
    let count = |verdict| observations.iter().filter(|row| row.verdict == verdict).count();
    let (firing, ok, learning) = (count(Verdict::Firing), count(Verdict::Ok), count(Verdict::Learning));
    format!("  {:<13} {firing} firing, {ok} ok, {learning} learning", rule.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_understood_as_people_write_it() {
        for text in ["2026-12-25T00:00:00Z", "2026-12-25 00:00", "2026-12-25 00:00:00", "1798156800"] {
            assert_eq!(instant(text), Ok(1_798_156_800), "{text}");
        }
        for text in ["", "Christmas", "2026-12-25", "00:00"] {
            assert!(instant(text).is_err(), "{text}");
        }
    }
}
