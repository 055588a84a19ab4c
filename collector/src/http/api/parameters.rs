//! The parameters of a question, from the query string into types.

use actix_web::web::Query;
use beacon_format::limits;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, UtcDateTime};

use super::refusal::Refusal;
use super::reports::{Report, Time};

/// The edges of the LCP buckets, milliseconds: the targets that can be asked for.
pub(super) const TARGETS_MS: [u32; 14] =
    [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10_000, 15_000, 30_000, 60_000];
/// The target when none is asked for: the limit of a good LCP.
const TARGET_MS: u32 = 2500;
/// Days before today when none are asked for.
const DAYS: i64 = 28;
/// Longest window.
const DAYS_MAX: i64 = 400;
/// Longest name of a release or a page group that is looked for.
pub(super) const NAME_BYTES_MAX: usize = 500;
/// Longest identifier of an incident or a silence that is looked for.
const ID_BYTES_MAX: usize = 64;

pub(super) const DEVICES: [&str; 4] = ["mobile", "desktop", "tablet", "other"];
pub(super) const NAVS: [&str; 2] = ["entry", "inner"];
pub(super) const DIMENSIONS: [&str; 7] =
    ["site", "country", "page_group", "device", "browser", "connection", "release"];

pub(super) const SITE: (&str, &str) = ("site", "the key of a site, see /api/v1/sites");
pub(super) const FROM_DAY: (&str, &str) =
    ("from_day", "a day before to_day, such as 2026-11-01, at most 400 days before it");
pub(super) const TO_DAY: (&str, &str) = ("to_day", "the day after the last one, such as 2026-12-01");
pub(super) const UNKNOWN: (&str, &str) = ("(unknown)", "only the parameters that this report has, each once");

/// A parameter that some tables take, beside site and days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Target,
    Country,
    PageGroup,
    Device,
    Nav,
    Release,
    Dimension,
    BeforeRelease,
    AfterRelease,
    At,
    Incident,
}

impl Parameter {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Target => "target_ms",
            Self::Country => "country",
            Self::PageGroup => "page_group",
            Self::Device => "device",
            Self::Nav => "nav",
            Self::Release => "release",
            Self::Dimension => "dimension",
            Self::BeforeRelease => "before_release",
            Self::AfterRelease => "after_release",
            Self::At => "at",
            Self::Incident => "incident",
        }
    }

    /// What fits, for whoever gave something else.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Target => {
                "one of 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000"
            }
            Self::Country => "two capital letters, ISO 3166-1 alpha-2, such as BR",
            Self::PageGroup => "a page group, such as /item/*, at most 500 bytes",
            Self::Device => "one of mobile, desktop, tablet, other",
            Self::Nav => "entry or inner",
            Self::Release => "a release, at most 500 bytes",
            Self::Dimension => "one of site, country, page_group, device, browser, connection, release",
            Self::BeforeRelease | Self::AfterRelease => "a release, see /api/v1/releases",
            Self::At => {
                "an instant from 2000 on that is not to come, such as 2026-11-25T12:06:00Z; left out: this minute"
            }
            Self::Incident => "the incident_id of an incident of the site, see /api/v1/incidents",
        }
    }

    /// It has no default.
    pub(super) fn is_required(self) -> bool {
        matches!(self, Self::Dimension | Self::BeforeRelease | Self::AfterRelease | Self::Incident)
    }

    fn fits(self, text: &str, now: UtcDateTime) -> bool {
        match self {
            Self::Target => text.parse().is_ok_and(|target| TARGETS_MS.contains(&target)),
            Self::Country => is_country(text),
            Self::Device => text.is_empty() || DEVICES.contains(&text),
            Self::Nav => text.is_empty() || NAVS.contains(&text),
            Self::PageGroup | Self::Release => is_name(text),
            Self::Dimension => DIMENSIONS.contains(&text),
            Self::BeforeRelease | Self::AfterRelease => is_name(text) && !text.is_empty(),
            Self::At => instant(text).is_some_and(|at| at.year() >= 2000 && at <= now),
            Self::Incident => is_id(text),
        }
    }

    /// What stands for it where it is not given.
    fn default(self, now: UtcDateTime) -> Option<String> {
        match self {
            Self::Target => Some(TARGET_MS.to_string()),
            // The same for a minute, in which the answer is hardly another one.
            Self::At => Some(rfc3339(now.truncate_to_minute())),
            _ if self.is_required() => None,
            _ => Some(String::new()),
        }
    }

    /// A text that fits, as it is asked with.
    fn written(self, text: &str) -> String {
        match self {
            Self::At => instant(text).map(rfc3339).unwrap_or_default(),
            _ => text.to_owned(),
        }
    }

    pub(super) fn refuse(self) -> Refusal {
        Refusal::parameter(self.name(), self.expected())
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    /// `None`: the only one.
    pub(super) site: Option<String>,
    /// The first day and the one after the last, of tables of days.
    pub(super) days: Option<(Date, Date)>,
    /// Each one that the table takes; what was left out is its default, which is '' but for the target and the instant.
    pub(super) values: Vec<(Parameter, String)>,
}

impl Parameters {
    /// Reads a query string of this table.
    pub(super) fn parse(query: &str, report: &Report, now: UtcDateTime) -> Result<Self, Refusal> {
        let has_days = report.time == Time::Days;
        let pairs = Query::<Vec<(String, String)>>::from_query(query).map_err(|_| refuse(UNKNOWN))?.into_inner();
        let one = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let known = |key: &str| match key {
            "site" => true,
            "from_day" | "to_day" => has_days,
            _ => report.takes.iter().any(|parameter| parameter.name() == key),
        };
        let repeats = |at: usize| pairs[..at].iter().any(|(key, _)| *key == pairs[at].0);
        if (0..pairs.len()).any(|at| !known(&pairs[at].0) || repeats(at)) {
            return Err(refuse(UNKNOWN));
        }
        let value = |parameter: &Parameter| match one(parameter.name()) {
            Some(text) if parameter.fits(text, now) => Ok((*parameter, parameter.written(text))),
            None => parameter.default(now).map(|value| (*parameter, value)).ok_or_else(|| parameter.refuse()),
            Some(_) => Err(parameter.refuse()),
        };
        Ok(Self {
            days: has_days.then(|| days(one("from_day"), one("to_day"), now)).transpose()?,
            site: one("site").map(site).transpose()?,
            values: report.takes.iter().map(value).collect::<Result<_, _>>()?,
        })
    }

    /// Those that are given: what is '' asks for all.
    pub(super) fn given(&self) -> impl Iterator<Item = Parameter> {
        self.values.iter().filter(|(_, value)| !value.is_empty()).map(|(parameter, _)| *parameter)
    }
}

fn refuse((name, expected): (&'static str, &'static str)) -> Refusal {
    Refusal::parameter(name, expected)
}

pub(super) fn unknown_site() -> Refusal {
    refuse(SITE)
}

pub(super) fn site(text: &str) -> Result<String, Refusal> {
    let fits = (1..=limits::SITE_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(refuse(SITE)) }
}

/// The window that is asked for, or the last days and today.
fn days(from_day: Option<&str>, to_day: Option<&str>, now: UtcDateTime) -> Result<(Date, Date), Refusal> {
    let to_day = day(to_day, TO_DAY)?.or_else(|| now.date().next_day()).ok_or_else(|| refuse(TO_DAY))?;
    let from_day = match day(from_day, FROM_DAY)? {
        Some(day) => day,
        None => to_day.checked_sub(Duration::days(DAYS + 1)).ok_or_else(|| refuse(TO_DAY))?,
    };
    if !(1..=DAYS_MAX).contains(&(to_day - from_day).whole_days()) {
        return Err(refuse(FROM_DAY));
    }
    Ok((from_day, to_day))
}

/// An instant as RFC 3339 writes it.
pub(super) fn instant(text: &str) -> Option<UtcDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::to_utc)
}

/// The same the other way round, to the second.
pub(super) fn rfc3339(at: UtcDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    // Years of four digits always have that form.
    at.format(format).unwrap_or_default()
}

/// Whether a text may be the identifier of an incident or a silence.
pub(super) fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A country by its code, or none.
pub(super) fn is_country(text: &str) -> bool {
    text.is_empty() || (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// A name that fits into a column, and a line.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX && !text.chars().any(char::is_control)
}

/// A day from 1970 to 2149, which is what a `Date` of ClickHouse holds.
fn day(text: Option<&str>, which: (&'static str, &'static str)) -> Result<Option<Date>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let format = format_description!("[year]-[month]-[day]");
    let day = Date::parse(text, format).ok().filter(|day| (1970..2149).contains(&day.year()));
    day.map(Some).ok_or_else(|| refuse(which))
}
