//! The tables of the report: what each asks ClickHouse, and which parameters it takes.

use super::parameters::Parameter::{
    self, AfterRelease, BeforeRelease, Country, Device, Dimension, Nav, PageGroup, Release, Target,
};

use Narrowed::{Always, ByOthersThan};

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

/// One table.
pub(super) struct Report {
    /// Its name in the address.
    pub(super) name: &'static str,
    /// What it answers, in a sentence.
    pub(super) about: &'static str,
    pub(super) question: Question,
    /// The parameters beside site, `from_day` and `to_day`.
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
pub(super) static REPORTS: [Report; 17] = [
    Report {
        name: "overview",
        about: "The site in one row: what slowness costs in all, how sure that is, and what it was computed from",
        question: sql::OVERVIEW,
        takes: LOSS,
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "countries",
        about: "Every country with what slowness costs there, those that surely lose most first",
        question: sql::COUNTRIES,
        takes: LOSS,
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "pages",
        about: "Every page group with what slowness costs on it, those that surely lose most first",
        question: sql::PAGES,
        takes: LOSS,
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "country-pages",
        about: "Page groups of countries with what slowness costs there, those that surely lose most first",
        question: sql::COUNTRY_PAGES,
        takes: LOSS_IN_SCOPE,
        narrowed: ByOthersThan(&[Target, Country, PageGroup]),
    },
    Report {
        name: "curve",
        about: "Views and conversion rate by LCP bucket, as counted and in the same mix of strata, beside the reference",
        question: sql::CURVE,
        takes: LOSS_IN_SCOPE,
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "what-if",
        about: "What slowness costs in each country at each of the fourteen targets, without intervals",
        question: sql::WHAT_IF,
        takes: CAUSE,
        narrowed: ByOthersThan(&[]),
    },
    Report {
        name: "trend",
        about: "From day to day: what slowness costs, how fast pages are, and which releases were first seen",
        question: sql::TREND,
        takes: LOSS_IN_SCOPE,
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "phases-by-country",
        about: "Where the time of a document request goes in each country, in milliseconds",
        question: sql::PHASES_BY_COUNTRY,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "phases-by-page",
        about: "Where the time of a document request goes on each page group, in milliseconds",
        question: sql::PHASES_BY_PAGE,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "hosts",
        about: "The hosts that pages load from, longest total first",
        question: sql::HOSTS,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "vitals",
        about: "Web vitals by one dimension",
        question: sql::VITALS,
        takes: &[Dimension, Country, PageGroup, Device, Nav, Release],
        narrowed: ByOthersThan(&[Dimension]),
    },
    Report {
        name: "lcp-elements",
        about: "The largest elements, and where the time goes until they are painted, in milliseconds",
        question: sql::LCP_ELEMENTS,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "inp-targets",
        about: "What visitors touch when the page is slow to answer, in milliseconds",
        question: sql::INP_TARGETS,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "slow-scripts",
        about: "The scripts that hold up pages, in milliseconds",
        question: sql::SLOW_SCRIPTS,
        takes: CAUSE,
        narrowed: Always,
    },
    Report {
        name: "errors",
        about: "The errors that pages meet, those in most views first",
        question: sql::ERRORS,
        takes: CAUSE,
        narrowed: ByOthersThan(&[]),
    },
    Report {
        name: "releases",
        about: "The releases: when, what slowness costs in each and how fast it is",
        question: sql::RELEASES,
        takes: &[Target],
        narrowed: ByOthersThan(&[Target]),
    },
    Report {
        name: "release-change",
        about: "Whether one release is faster than another, by page group and vital, with intervals",
        question: sql::RELEASE_CHANGE,
        takes: &[BeforeRelease, AfterRelease],
        narrowed: ByOthersThan(&[BeforeRelease, AfterRelease]),
    },
];
