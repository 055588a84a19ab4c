//! The parameters of a question, from the query string into types.

use actix_web::web::Query;
use time::macros::format_description;
use time::{Date, Duration};

use super::refusal::Refusal;

/// The edges of the LCP buckets, milliseconds: the targets that can be asked for.
const TARGETS_MS: [u32; 14] =
    [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10_000, 15_000, 30_000, 60_000];
/// The target when none is asked for: the limit of a good LCP.
const TARGET_MS: u32 = 2500;
/// Days before today when none are asked for.
const DAYS: i64 = 28;
/// Longest window.
const DAYS_MAX: i64 = 400;

const SITE: (&str, &str) = ("site", "the key of a site, see /api/v1/sites");
const FROM_DAY: (&str, &str) = ("from_day", "a day before to_day, such as 2026-11-01, at most 400 days before it");
const TO_DAY: (&str, &str) = ("to_day", "the day after the last one, such as 2026-12-01");
const TARGET: (&str, &str) =
    ("target_ms", "one of 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000");
const COUNTRY: (&str, &str) = ("country", "two capital letters, ISO 3166-1 alpha-2, such as BR");
const UNKNOWN: (&str, &str) = ("(unknown)", "only the parameters that this report has, each once");

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    /// `None`: the only one.
    pub(super) site: Option<String>,
    pub(super) from_day: Date,
    pub(super) to_day: Date,
    pub(super) target_ms: u32,
    /// `None`: every country.
    pub(super) country: Option<String>,
}

impl Parameters {
    /// Reads a query string. `has_country`: whether this report takes that one. `now` is today in UTC.
    pub(super) fn parse(query: &str, has_country: bool, now: Date) -> Result<Self, Refusal> {
        let pairs = Query::<Vec<(String, String)>>::from_query(query).map_err(|_| refuse(UNKNOWN))?.into_inner();
        let one = |name: &'static str| -> Option<&str> {
            pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
        };
        let known = |key: &str| {
            matches!(key, "site" | "from_day" | "to_day" | "target_ms") || (has_country && key == "country")
        };
        let repeats = |at: usize| pairs[..at].iter().any(|(key, _)| *key == pairs[at].0);
        if (0..pairs.len()).any(|at| !known(&pairs[at].0) || repeats(at)) {
            return Err(refuse(UNKNOWN));
        }
        let to_day = day(one("to_day"), TO_DAY)?.or_else(|| now.next_day()).ok_or_else(|| refuse(TO_DAY))?;
        let from_day = match day(one("from_day"), FROM_DAY)? {
            Some(day) => day,
            None => to_day.checked_sub(Duration::days(DAYS + 1)).ok_or_else(|| refuse(TO_DAY))?,
        };
        if !(1..=DAYS_MAX).contains(&(to_day - from_day).whole_days()) {
            return Err(refuse(FROM_DAY));
        }
        Ok(Self {
            site: one("site").map(site).transpose()?,
            from_day,
            to_day,
            target_ms: one("target_ms").map_or(Ok(TARGET_MS), target)?,
            country: one("country").map(country).transpose()?,
        })
    }
}

fn refuse((name, expected): (&'static str, &'static str)) -> Refusal {
    Refusal::parameter(name, expected)
}

pub(super) fn unknown_site() -> Refusal {
    refuse(SITE)
}

fn site(text: &str) -> Result<String, Refusal> {
    let fits = (1..=beacon_format::limits::SITE_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(refuse(SITE)) }
}

/// A day from 1970 to 2149, which is what a `Date` of ClickHouse holds.
fn day(text: Option<&str>, which: (&'static str, &'static str)) -> Result<Option<Date>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let format = format_description!("[year]-[month]-[day]");
    let day = Date::parse(text, format).ok().filter(|day| (1970..2149).contains(&day.year()));
    day.map(Some).ok_or_else(|| refuse(which))
}

fn target(text: &str) -> Result<u32, Refusal> {
    let target = text.parse().ok().filter(|target| TARGETS_MS.contains(target));
    target.ok_or_else(|| refuse(TARGET))
}

fn country(text: &str) -> Result<String, Refusal> {
    let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits { Ok(text.to_owned()) } else { Err(refuse(COUNTRY)) }
}
