//! The performance loss without SQL: what the views `loss_by_country` and `loss_by_country_page` must answer, computed another way.
//!
//! The terms (unit, stratum, bucket, reference, D1 and D2) are explained in `sql/README.md`. Nothing here shares code, arrays or order of
//! work with the views: maps of cells, and for the jackknife the whole computation again without each day.
//!
//! Where the figures are not defined, this says what they are: a country without orders has an average order value of 0; without slow
//! views its coverage is `None`; without conversions, or with fewer than 5 days, D2 has no interval.

mod figures;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use time::Date;

pub use figures::{CellLoss, CountryLoss, CubeRow, GoalRow, Loss, Method, TotalLoss};

/// Upper ends of the LCP buckets, milliseconds; right-closed. A longer LCP is in the last.
pub const EDGES_MS: [u32; 14] = [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000];

/// Conversions that a page group needs on either side of the target to be compared by itself.
const CONVERSIONS_MIN: f64 = 400.0;
/// Views that a stratum needs at or under the target to be compared directly.
const REFERENCE_MIN: f64 = 30.0;
/// The kept range of a Mantel-Haenszel ratio.
const RATIO_RANGE: (f64, f64) = (0.05, 20.0);
/// Days that a jackknife needs.
const DAYS_MIN: usize = 5;

/// Computes everything. `cube` and `goals` are those of one site and window.
///
/// # Panics
/// When `target_ms` is not one of [`EDGES_MS`].
pub fn compute(cube: &[CubeRow], goals: &[GoalRow], target_ms: u32) -> Loss {
    let Some(target_bucket) = (0..).zip(EDGES_MS).find_map(|(bucket, edge)| (edge == target_ms).then_some(bucket))
    else {
        panic!("{target_ms} ms is not the end of a bucket");
    };
    let cells = DailyCells::new(cube, Target { ms: f64::from(target_ms), bucket: target_bucket });
    let whole = cells.point(None);
    let days = cells.days();
    let replicates: Vec<Point> =
        if days.len() < DAYS_MIN { Vec::new() } else { days.iter().map(|day| cells.point(Some(*day))).collect() };
    let countries: Vec<CountryLoss> = whole
        .by_country()
        .iter()
        .map(|sums| country(sums, &replicates, orders_of(goals, |row| row.country == sums.country)))
        .collect();
    let total = total(&whole, &countries, &replicates, orders_of(goals, |_| true));
    Loss { countries, total, cells: whole.cells.into_values().collect(), ratios: whole.ratios }
}

#[derive(Clone, Copy)]
struct Target {
    ms: f64,
    bucket: u8,
}

impl Target {
    /// 0 for the reference, all buckets at or under the target as one; the bucket for those beyond.
    fn step(self, bucket: u8) -> u8 {
        if bucket <= self.bucket { 0 } else { bucket }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stratum<'a> {
    country: &'a str,
    page_group: &'a str,
    device: &'a str,
    nav: &'a str,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    n: f64,
    k: f64,
    t_ms: f64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.n += other.n;
        self.k += other.k;
        self.t_ms += other.t_ms;
    }
}

/// A stratum's counts by step: 0 is the reference.
type Steps = BTreeMap<u8, Counts>;

/// The cube by day, its rows of the same key added up. What corrections brought back to nothing is left out.
struct DailyCells<'a> {
    target: Target,
    counts: BTreeMap<(Date, Stratum<'a>, u8), Counts>,
}

impl<'a> DailyCells<'a> {
    fn new(cube: &'a [CubeRow], target: Target) -> Self {
        let mut counts: BTreeMap<_, Counts> = BTreeMap::new();
        for row in cube {
            let stratum =
                Stratum { country: &row.country, page_group: &row.page_group, device: &row.device, nav: &row.nav };
            counts.entry((row.day, stratum, target.step(row.bucket))).or_default().add(Counts {
                n: row.n as f64,
                k: row.k as f64,
                t_ms: row.t_ms as f64,
            });
        }
        counts.retain(|_, counts| counts.n != 0.0 || counts.k != 0.0);
        Self { target, counts }
    }

    fn days(&self) -> BTreeSet<Date> {
        self.counts.keys().map(|(day, ..)| *day).collect()
    }

    /// The figures without intervals, of all days or of all but one.
    fn point(&self, without: Option<Date>) -> Point {
        let mut strata: BTreeMap<Stratum, Steps> = BTreeMap::new();
        for ((day, stratum, step), counts) in &self.counts {
            if Some(*day) != without {
                strata.entry(*stratum).or_default().entry(*step).or_default().add(*counts);
            }
        }
        Point::new(&strata, self.target)
    }
}

/// Figures without intervals.
struct Point {
    cells: BTreeMap<(String, String), CellLoss>,
    ratios: BTreeMap<(String, u8), f64>,
    reference: Counts,
}

impl Point {
    fn new(strata: &BTreeMap<Stratum, Steps>, target: Target) -> Self {
        let ratios = ratios(strata, target);
        let mut cells: BTreeMap<(String, String), CellLoss> = BTreeMap::new();
        let mut reference = Counts::default();
        for (stratum, steps) in strata {
            reference.add(reference_of(steps));
            let key = (stratum.country.to_owned(), stratum.page_group.to_owned());
            let figures = stratum_figures(stratum, steps, target, &ratios);
            cells.entry(key).or_default().add(&figures);
        }
        for ((country, page_group), cell) in &mut cells {
            cell.country.clone_from(country);
            cell.page_group.clone_from(page_group);
        }
        Self { cells, ratios, reference }
    }

    fn by_country(&self) -> Vec<CellLoss> {
        let mut countries: BTreeMap<&str, CellLoss> = BTreeMap::new();
        for cell in self.cells.values() {
            let sums = countries.entry(&cell.country).or_default();
            sums.country.clone_from(&cell.country);
            sums.add(cell);
        }
        countries.into_values().collect()
    }

    /// Sums over the cells of one country, or over all.
    fn sums(&self, country: Option<&str>) -> CellLoss {
        let mut sums = CellLoss::default();
        for cell in self.cells.values().filter(|cell| country.is_none_or(|country| cell.country == country)) {
            sums.add(cell);
        }
        sums
    }
}

fn reference_of(steps: &Steps) -> Counts {
    steps.get(&0).copied().unwrap_or_default()
}

fn slow_of(steps: &Steps) -> impl Iterator<Item = (u8, Counts)> {
    steps.iter().filter(|(step, _)| **step > 0).map(|(step, counts)| (*step, *counts))
}

/// What one stratum adds to its country and page group.
fn stratum_figures(stratum: &Stratum, steps: &Steps, target: Target, ratios: &BTreeMap<(String, u8), f64>) -> CellLoss {
    let reference = reference_of(steps);
    let mut slow = Counts::default();
    let mut lost_pooled = 0.0;
    for (bucket, counts) in slow_of(steps) {
        slow.add(counts);
        let ratio = ratios.get(&(stratum.page_group.to_owned(), bucket)).copied().unwrap_or(1.0);
        lost_pooled += counts.k * (1.0 / ratio - 1.0);
    }
    let mut figures = CellLoss {
        views: reference.n + slow.n,
        k: reference.k + slow.k,
        lost_pooled,
        slow_views: slow.n,
        time_lost_s: (slow.t_ms - slow.n * target.ms) / 1000.0,
        ..CellLoss::default()
    };
    if reference.n >= REFERENCE_MIN && slow.n != 0.0 {
        let rate = reference.k / reference.n;
        figures.lost_direct = slow.n * rate - slow.k;
        figures.var_direct = slow.n * slow.n * rate * (1.0 - rate) / reference.n + slow.k * (1.0 - slow.k / slow.n);
        figures.slow_views_compared = slow.n;
    }
    figures
}

/// The two sums of a Mantel-Haenszel ratio: slow conversions against reference conversions, as if both sides had the same views.
#[derive(Clone, Copy, Default)]
struct RatioSums {
    slow: f64,
    reference: f64,
}

impl RatioSums {
    fn add(&mut self, other: Self) {
        self.slow += other.slow;
        self.reference += other.reference;
    }

    fn of(slow: Counts, reference: Counts) -> Self {
        let n = slow.n + reference.n;
        if n > 0.0 {
            Self { slow: slow.k * reference.n / n, reference: reference.k * slow.n / n }
        } else {
            Self::default()
        }
    }

    fn ratio(self) -> f64 {
        if self.slow > 0.0 && self.reference > 0.0 {
            (self.slow / self.reference).clamp(RATIO_RANGE.0, RATIO_RANGE.1)
        } else {
            1.0
        }
    }
}

/// D2's ratio of every page group and slow bucket: the page group's own if it has conversions enough on either side, else that of all.
fn ratios(strata: &BTreeMap<Stratum, Steps>, target: Target) -> BTreeMap<(String, u8), f64> {
    let mut own: BTreeMap<(&str, u8), RatioSums> = BTreeMap::new();
    let mut all: BTreeMap<u8, RatioSums> = BTreeMap::new();
    let mut conversions: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (stratum, steps) in strata {
        let reference = reference_of(steps);
        let sides = conversions.entry(stratum.page_group).or_default();
        sides.0 += reference.k;
        for (bucket, slow) in slow_of(steps) {
            sides.1 += slow.k;
            let sums = RatioSums::of(slow, reference);
            own.entry((stratum.page_group, bucket)).or_default().add(sums);
            all.entry(bucket).or_default().add(sums);
        }
    }
    let mut ratios = BTreeMap::new();
    for (page_group, (reference_k, slow_k)) in conversions {
        for (bucket, _) in (0..).zip(EDGES_MS).skip(usize::from(target.bucket) + 1) {
            let by_itself = reference_k >= CONVERSIONS_MIN && slow_k >= CONVERSIONS_MIN;
            let sums = if by_itself { own.get(&(page_group, bucket)) } else { all.get(&bucket) };
            ratios.insert((page_group.to_owned(), bucket), sums.copied().unwrap_or_default().ratio());
        }
    }
    ratios
}

#[derive(Clone, Copy)]
struct Orders {
    count: f64,
    revenue: f64,
}

fn orders_of(goals: &[GoalRow], is_meant: impl Fn(&GoalRow) -> bool) -> Orders {
    goals.iter().filter(|row| is_meant(row)).fold(Orders { count: 0.0, revenue: 0.0 }, |sum, row| Orders {
        count: sum.count + row.orders as f64,
        revenue: sum.revenue + row.revenue,
    })
}

fn country(sums: &CellLoss, replicates: &[Point], orders: Orders) -> CountryLoss {
    let direct_coverage = sums.direct_coverage();
    let se_direct = sums.var_direct.max(0.0).sqrt();
    let se_pooled = jackknife(sums, replicates, Some(&sums.country));
    let is_direct = direct_coverage.is_some_and(|coverage| coverage >= 0.9) && sums.k >= 200.0;
    let (method, est_lost, half_width) = if is_direct {
        (Method::Direct, sums.lost_direct, Some(1.96 * se_direct))
    } else {
        (Method::Pooled, sums.lost_pooled, se_pooled.map(|se| t_quantile(replicates.len()) * se))
    };
    let interval = half_width.map(|half| (est_lost - half, est_lost + half));
    CountryLoss {
        country: sums.country.clone(),
        views: sums.views,
        orders: orders.count,
        method,
        est_lost,
        interval,
        est_lost_revenue: if orders.count == 0.0 { 0.0 } else { est_lost * (orders.revenue / orders.count) },
        est_lost_pct: share_of_potential(est_lost, orders.count),
        time_lost_s: sums.time_lost_s,
        verdict: verdict(orders.count, interval),
        lost_direct: sums.lost_direct,
        se_direct,
        direct_coverage,
        lost_pooled: sums.lost_pooled,
        se_pooled,
    }
}

fn total(whole: &Point, countries: &[CountryLoss], replicates: &[Point], orders: Orders) -> TotalLoss {
    let sums = whole.sums(None);
    let est_lost = countries.iter().map(|country| country.est_lost).sum();
    let reference = whole.reference;
    TotalLoss {
        est_lost,
        est_lost_revenue: countries.iter().map(|country| country.est_lost_revenue).sum(),
        est_lost_pct: share_of_potential(est_lost, orders.count),
        lost_direct: sums.lost_direct,
        se_direct: sums.var_direct.max(0.0).sqrt(),
        lost_pooled: sums.lost_pooled,
        se_pooled: jackknife(&sums, replicates, None),
        orders: orders.count,
        time_lost_s: sums.time_lost_s,
        naive_pooled: if reference.n == 0.0 {
            0.0
        } else {
            sums.slow_views * reference.k / reference.n - (sums.k - reference.k)
        },
    }
}

fn share_of_potential(lost: f64, orders: f64) -> f64 {
    if orders + lost == 0.0 { 0.0 } else { 100.0 * lost / (orders + lost) }
}

fn verdict(orders: f64, interval: Option<(f64, f64)>) -> &'static str {
    match interval {
        None => "insufficient",
        Some(_) if orders < 30.0 => "insufficient",
        Some((lo, _)) if lo > 0.0 => "loss",
        Some((_, hi)) if hi < 0.0 => "gain",
        Some(_) => "not distinguishable",
    }
}

/// phi = L / (K + L), the share of the potential conversions that is lost.
fn phi(sums: &CellLoss) -> f64 {
    let potential = sums.k + sums.lost_pooled;
    if potential > 0.0 { sums.lost_pooled / potential } else { 0.0 }
}

/// Standard error of D2 from figures that leave out one day each, of one country or of all: taken on phi, and turned back into lost
/// conversions by the derivative of L = K phi / (1 - phi).
fn jackknife(sums: &CellLoss, replicates: &[Point], country: Option<&str>) -> Option<f64> {
    if replicates.is_empty() || sums.k <= 0.0 {
        return None;
    }
    let phis: Vec<f64> = replicates.iter().map(|point| phi(&point.sums(country))).collect();
    let count = phis.len() as f64;
    let mean = phis.iter().sum::<f64>() / count;
    let spread: f64 = phis.iter().map(|phi| (phi - mean).powi(2)).sum();
    let se_phi = ((count - 1.0) / count * spread).sqrt();
    Some(sums.k / (1.0 - phi(sums)).powi(2) * se_phi)
}

/// The t quantile for 95 % at `days - 1` degrees of freedom.
fn t_quantile(days: usize) -> f64 {
    let freedom = days as f64 - 1.0;
    1.96 + 2.4 / freedom + 2.8 / freedom.powi(2)
}
