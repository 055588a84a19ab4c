//! The tables of the report: what each asks ClickHouse, and which parameters it takes.

use super::parameters::Parameter::{
    self, AfterRelease, At, BeforeRelease, Country, Device, Dimension, Incident, Nav, PageGroup, Release, Target,
};

use Narrowed::{Always, ByOthersThan};
use Time::{Around, Days, Now};

/// One question of `sql/reports`, as `collector/build/sql.rs` makes it.
pub(crate) struct Question {
    /// As it stands in its file: views are called by name.
    pub(crate) asked: &'static str,
    /// With the views in their places, which ClickHouse answers sooner.
    pub(crate) whole: &'static str,
    /// The same, narrowed by country, page group, device, nav and release, as far as its views know them; '' is all.
    pub(crate) narrowed: &'static str,
}

/// `sql/reports`.
pub(crate) mod sql {
    use super::Question;

    include!(concat!(env!("OUT_DIR"), "/reports.rs"));
}

/// When a question is asked narrowed.
pub(super) enum Narrowed {
    /// When a parameter is given that is none of these, which it takes as it stands in its file.
    ByOthersThan(&'static [Parameter]),
    /// Always: it is about causes, and looks at the latest days alone, see `since_day`.
    Always,
}

/// What time a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// The days in [`from_day`, `to_day`), which it takes.
    Days,
    /// That in which it is asked, or what its own parameters say.
    Now,
    /// From before its incident to after it: its question has `from_at` and `to_at`, which are of the incident and not asked for.
    Around,
}

/// One table.
pub(super) struct Report {
    /// Its name in the address.
    pub(super) name: &'static str,
    /// What it answers, in a sentence.
    pub(super) about: &'static str,
    pub(super) question: Question,
    pub(super) time: Time,
    /// The parameters beside site and days.
    pub(super) takes: &'static [Parameter],
    /// When it is asked narrowed.
    pub(super) narrowed: Narrowed,
}

impl Report {
    /// The SQL for these parameters that are given, and whether it is narrowed.
    pub(super) fn sql(&self, given: impl IntoIterator<Item = Parameter>) -> (&'static str, bool) {
        let is_narrowed = match self.narrowed {
            Narrowed::ByOthersThan(plain) => given.into_iter().any(|parameter| !plain.contains(&parameter)),
            Narrowed::Always => true,
        };
        (if is_narrowed { self.question.narrowed } else { self.question.whole }, is_narrowed)
    }
}

const LOSS: &[Parameter] = &[Target, Device, Nav];
const LOSS_IN_SCOPE: &[Parameter] = &[Target, Country, PageGroup, Device, Nav];
const CAUSE: &[Parameter] = &[Country, PageGroup, Device, Nav];

/// Every table, `/sites` aside, which the configuration has a part in.
pub(super) static REPORTS: [Report; 26] = [
    Report {
        name: "overview",
        about: "The site in one row: what slowness costs in all, how sure that is, and what it was computed from",
        question: sql::OVERVIEW,
        time: Days,
        takes: LOSS,
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "countries",
        about: "Every country with what slowness costs there, those that surely lose most first",
        question: sql::COUNTRIES,
        time: Days,
        takes: LOSS,
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "pages",
        about: "Every page group with what slowness costs on it, those that surely lose most first",
        question: sql::PAGES,
        time: Days,
        takes: LOSS,
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "country-pages",
        about: "Page groups of countries with what slowness costs there, those that surely lose most first",
        question: sql::COUNTRY_PAGES,
        time: Days,
        takes: LOSS_IN_SCOPE,
        narrowed: ByOthersThan(&[Target, Country, PageGroup]),
    },
    Report {
        name: "curve",
        about: "Views and conversion rate by LCP bucket, as counted and in the same mix of strata, beside the reference",
        question: sql::CURVE,
        time: Days,
        takes: LOSS_IN_SCOPE,
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "what-if",
        about: "What slowness costs in each country at each of the fourteen targets, without intervals",
        question: sql::WHAT_IF,
        time: Days,
        takes: CAUSE,
        narrowed: ByOthersThan(&[]),
    },
    Report {
        name: "trend",
        about: "From day to day: what slowness costs, how fast pages are, and which releases were first seen",
        question: sql::TREND,
        time: Days,
        takes: LOSS_IN_SCOPE,
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "phases-by-country",
        about: "Where the time of a document request goes in each country, in milliseconds",
        question: sql::PHASES_BY_COUNTRY,
        time: Days,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "phases-by-page",
        about: "Where the time of a document request goes on each page group, in milliseconds",
        question: sql::PHASES_BY_PAGE,
        time: Days,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "hosts",
        about: "The hosts that pages load from, longest total first",
        question: sql::HOSTS,
        time: Days,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "vitals",
        about: "Web vitals by one dimension",
        question: sql::VITALS,
        time: Days,
        takes: &[Dimension, Country, PageGroup, Device, Nav, Release],
        narrowed: ByOthersThan(&[Dimension]),
    },
    Report {
        name: "lcp-elements",
        about: "The largest elements, and where the time goes until they are painted, in milliseconds",
        question: sql::LCP_ELEMENTS,
        time: Days,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "inp-targets",
        about: "What visitors touch when the page is slow to answer, in milliseconds",
        question: sql::INP_TARGETS,
        time: Days,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "slow-scripts",
        about: "The scripts that hold up pages, in milliseconds",
        question: sql::SLOW_SCRIPTS,
        time: Days,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "errors",
        about: "The errors that pages meet, those in most views first",
        question: sql::ERRORS,
        time: Days,
        takes: CAUSE,
        narrowed: ByOthersThan(&[]),
    },
    Report {
        name: "releases",
        about: "The releases: when, what slowness costs in each and how fast it is",
        question: sql::RELEASES,
        time: Days,
        takes: &[Target],
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "release-change",
        about: "Whether one release is faster than another, by page group and vital, with intervals",
        question: sql::RELEASE_CHANGE,
        time: Days,
        takes: &[BeforeRelease, AfterRelease],
        narrowed: ByOthersThan(&[BeforeRelease, AfterRelease]),
    },
    Report {
        name: "pulse",
        about: "Views in each 5 minutes of the last 3 hours against what is expected, of all countries ('') and of the 11 largest",
        question: sql::PULSE,
        time: Now,
        takes: &[At],
        narrowed: ByOthersThan(&[At]),
    },
    Report {
        name: "watch",
        about: "Whether a collector watches for alarms, and when it judged last; the same for all sites",
        question: sql::WATCH,
        time: Now,
        takes: &[],
        narrowed: ByOthersThan(&[]),
    },
    Report {
        name: "alarms",
        about: "The alarms that are open, and those that were over within the last 7 days",
        question: sql::ALARMS,
        time: Now,
        takes: &[],
        narrowed: ByOthersThan(&[]),
    },
    Report {
        name: "incidents",
        about: "Incidents with what they cost and what people say of them, open ones first, then those that cost most",
        question: sql::INCIDENTS,
        time: Days,
        takes: &[],
        narrowed: ByOthersThan(&[]),
    },
    Report {
        name: "incident-alarms",
        about: "The alarms of one incident, in the order in which they began",
        question: sql::INCIDENT_ALARMS,
        time: Now,
        takes: &[Incident],
        narrowed: ByOthersThan(&[Incident]),
    },
    Report {
        name: "incident-pulse",
        about: "Views in each 5 minutes from 3 hours before an incident to 3 hours after it against what was expected, of its countries",
        question: sql::INCIDENT_PULSE,
        time: Around,
        takes: &[Incident],
        narrowed: ByOthersThan(&[Incident]),
    },
    Report {
        name: "incident-totals",
        about: "What failures cost, by quarter and cause, and what each cause cost in the 365 days before to_day: observed, no promise",
        question: sql::INCIDENT_TOTALS,
        time: Days,
        takes: &[],
        narrowed: ByOthersThan(&[]),
    },
    Report {
        name: "risks",
        about: "What may fail or become slow next, by the orders that depend on it",
        question: sql::RISKS,
        time: Days,
        takes: &[Target],
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "silences",
        about: "Of what nobody is told for a while: silences that hold, and those of the last 30 days",
        question: sql::SILENCES,
        time: Now,
        takes: &[],
        narrowed: ByOthersThan(&[]),
    },
];
