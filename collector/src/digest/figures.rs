//! What ClickHouse says of a week: the report's own rows.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{DigestError, Week};
use crate::http::api::reports::sql::{COUNTRIES, OVERVIEW, PAGES};
use crate::store::{QueryLimits, Store};

/// The target that the loss is told against: the limit of a good LCP.
pub(super) const TARGET_MS: u32 = 2500;
/// How long one question may take, and how large its answer may be.
const TIME_S_MAX: u32 = 60;
const RESULT_BYTES_MAX: usize = 8 << 20;

/// What the views judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Verdict {
    #[serde(rename = "loss")]
    Loss,
    #[serde(rename = "gain")]
    Gain,
    #[serde(rename = "not distinguishable")]
    NotDistinguishable,
    /// Also what a later version may say that this one does not know: then no number is shown.
    #[serde(rename = "insufficient", other)]
    Insufficient,
}

/// What every estimate of a loss comes with.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Estimate {
    pub(super) est_lost: Option<f64>,
    pub(super) lo: Option<f64>,
    pub(super) hi: Option<f64>,
    pub(super) est_lost_revenue: Option<f64>,
    pub(super) verdict: Verdict,
}

impl Estimate {
    /// The estimate and its interval, where there is enough data for one.
    pub(super) fn known(&self) -> Option<(f64, f64, f64)> {
        match (self.verdict, self.est_lost, self.lo, self.hi) {
            (Verdict::Insufficient, ..) => None,
            (_, Some(estimate), Some(lo), Some(hi)) => Some((estimate, lo, hi)),
            _ => None,
        }
    }
}

/// The site in one row.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Overview {
    #[serde(flatten)]
    pub(super) estimate: Estimate,
    pub(super) views: f64,
    pub(super) days_with_data: f64,
    pub(super) orders: Option<f64>,
    pub(super) time_lost_s: Option<f64>,
    pub(super) lcp_good_share: Option<f64>,
    pub(super) simulated_share: Option<f64>,
}

/// A country, or a page group.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Place {
    /// A country's code, or a page group's name: out of beacons.
    #[serde(alias = "country", alias = "page_group")]
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) estimate: Estimate,
    pub(super) method: String,
    pub(super) views: f64,
    pub(super) lcp_p75_ms: Option<f64>,
}

/// A week's.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) overview: Option<Overview>,
    pub(super) countries: Vec<Place>,
    pub(super) pages: Vec<Place>,
}

impl Figures {
    pub(super) async fn ask(store: &Store, site: &str, week: Week, memory_bytes_max: u64) -> Result<Self, DigestError> {
        let parameters = [
            ("site", site.to_owned()),
            ("from_day", week.monday().to_string()),
            ("to_day", week.next_monday().to_string()),
            ("target_ms", TARGET_MS.to_string()),
        ];
        let limits = QueryLimits { time_s: TIME_S_MAX, result_bytes_max: RESULT_BYTES_MAX, memory_bytes_max };
        let ask = async |question: &'static str, sql: &str| {
            let answer = store.query_bytes(sql, &parameters, "JSONEachRow", limits).await;
            answer.map_err(|error| DigestError::Store { question, error })
        };
        let overview = ask("overview", OVERVIEW.whole).await?;
        let countries = ask("countries", COUNTRIES.whole).await?;
        let pages = ask("pages", PAGES.whole).await?;
        Ok(Self {
            overview: rows("overview", &overview)?.pop(),
            countries: rows("countries", &countries)?,
            pages: rows("pages", &pages)?,
        })
    }
}

fn rows<T: DeserializeOwned>(question: &'static str, answer: &[u8]) -> Result<Vec<T>, DigestError> {
    let rows = serde_json::Deserializer::from_slice(answer).into_iter::<T>();
    rows.collect::<Result<_, _>>().map_err(|error| DigestError::Answer { question, error })
}
