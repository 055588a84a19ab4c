//! What goes into the computation, and what comes out of it.

use std::collections::BTreeMap;

use clickhouse::Row;
use serde::Deserialize;
use time::Date;

/// A row of `loss_cube`, without its site; rows of the same key add up.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct CubeRow {
    /// UTC day.
    #[serde(with = "clickhouse::serde::time::date")]
    pub day: Date,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Group of pages.
    pub page_group: String,
    /// Kind of device.
    pub device: String,
    /// `entry` or `inner`.
    pub nav: String,
    /// 0-based index into [`EDGES_MS`](super::EDGES_MS).
    pub bucket: u8,
    /// Measured views.
    pub n: i64,
    /// Of these, those with a conversion later in the session.
    pub k: i64,
    /// Sum of LCP.
    pub t_ms: i64,
}

impl CubeRow {
    /// Reads the rows of a site; its key is the one argument to bind.
    pub const SELECT: &str = "SELECT day, toString(country) AS country, toString(page_group) AS page_group, \
        toString(device) AS device, toString(nav) AS nav, bucket, \
        sum(c.n) AS n, sum(c.k) AS k, sum(c.t_ms) AS t_ms FROM loss_cube AS c WHERE site = ? GROUP BY ALL";
}

/// Orders of a country in the window; rows of the same country add up.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct GoalRow {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Conversions.
    pub orders: i64,
    /// Their value.
    pub revenue: f64,
}

impl GoalRow {
    /// Reads the rows of a site; its key is the one argument to bind.
    pub const SELECT: &str = "SELECT toString(country) AS country, sum(g.orders) AS orders, sum(g.revenue) AS revenue \
        FROM goals_daily AS g WHERE site = ? GROUP BY ALL";
}

/// Which figure a country shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// D1: each stratum against its own reference.
    Direct,
    /// D2: Mantel-Haenszel ratios over strata.
    Pooled,
}

impl Method {
    /// As the view spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Pooled => "pooled",
        }
    }
}

/// All figures for one cube, target and window.
#[derive(Clone, Debug)]
pub struct Loss {
    /// Per country and page group, in this order.
    pub cells: Vec<CellLoss>,
    /// Per country, in order of its code.
    pub countries: Vec<CountryLoss>,
    /// Of the site.
    pub total: TotalLoss,
    /// D2's ratio by page group and slow bucket; 1 where there is none.
    pub ratios: BTreeMap<(String, u8), f64>,
}

/// A row of `loss_by_country_page`.
#[derive(Clone, Debug, Default)]
pub struct CellLoss {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Group of pages.
    pub page_group: String,
    /// Measured views.
    pub views: f64,
    /// Views with a conversion later in the session.
    pub k: f64,
    /// D1.
    pub lost_direct: f64,
    /// Variance of D1.
    pub var_direct: f64,
    /// D2.
    pub lost_pooled: f64,
    /// Slow views.
    pub slow_views: f64,
    /// Slow views whose stratum has a reference.
    pub slow_views_compared: f64,
    /// Time waited beyond the target, seconds.
    pub time_lost_s: f64,
}

impl CellLoss {
    /// Share of the slow views whose stratum has a reference; `None` without slow views.
    pub fn direct_coverage(&self) -> Option<f64> {
        (self.slow_views != 0.0).then(|| self.slow_views_compared / self.slow_views)
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.views += other.views;
        self.k += other.k;
        self.lost_direct += other.lost_direct;
        self.var_direct += other.var_direct;
        self.lost_pooled += other.lost_pooled;
        self.slow_views += other.slow_views;
        self.slow_views_compared += other.slow_views_compared;
        self.time_lost_s += other.time_lost_s;
    }
}

/// A row of `loss_by_country`.
#[derive(Clone, Debug)]
pub struct CountryLoss {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Measured views.
    pub views: f64,
    /// Conversions.
    pub orders: f64,
    /// Which of the two figures is shown.
    pub method: Method,
    /// The figure shown: lost conversions.
    pub est_lost: f64,
    /// Lower and upper end of its 95 % interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// Lost conversions times the revenue per order.
    pub est_lost_revenue: f64,
    /// Lost conversions as a share of orders and lost conversions, percent.
    pub est_lost_pct: f64,
    /// Time waited beyond the target, seconds.
    pub time_lost_s: f64,
    /// `loss`, `gain`, `not distinguishable` or `insufficient`.
    pub verdict: &'static str,
    /// D1.
    pub lost_direct: f64,
    /// Standard error of D1.
    pub se_direct: f64,
    /// Share of the slow views whose stratum has a reference; `None` without slow views.
    pub direct_coverage: Option<f64>,
    /// D2.
    pub lost_pooled: f64,
    /// Standard error of D2, where the jackknife gives one.
    pub se_pooled: Option<f64>,
}

/// The site.
#[derive(Clone, Debug)]
pub struct TotalLoss {
    /// Sum of the shown figures of the countries.
    pub est_lost: f64,
    /// Sum of the countries' lost revenue.
    pub est_lost_revenue: f64,
    /// Share of potential, percent.
    pub est_lost_pct: f64,
    /// Sum of D1.
    pub lost_direct: f64,
    /// Standard error of D1.
    pub se_direct: f64,
    /// Sum of D2.
    pub lost_pooled: f64,
    /// Standard error of D2, where the jackknife gives one.
    pub se_pooled: Option<f64>,
    /// Conversions, also of countries without views.
    pub orders: f64,
    /// Time waited beyond the target, seconds.
    pub time_lost_s: f64,
    /// For contrast, what comparing all slow views with all fast ones would say.
    pub naive_pooled: f64,
}
