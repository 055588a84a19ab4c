//! `loss_by_country` and `loss_by_country_page` against the reference, on cubes made at random: sparse strata, gaps between days, single
//! days, corrections, countries without orders, and every target.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tests::loss_reference::{CountryLoss, CubeRow, EDGES_MS, GoalRow, Loss, compute};
use time::{Date, Duration};

use crate::database::{database, first_day, insert_cube, insert_goals};
use crate::loss::{CountryRow, PageRow, by_country, by_country_page};

/// Two cases for each target.
const CASES: usize = 2 * EDGES_MS.len();

struct Case {
    target_ms: u32,
    cube: Vec<CubeRow>,
    goals: Vec<GoalRow>,
}

impl Case {
    fn new(index: usize) -> Self {
        let mut random = StdRng::seed_from_u64(index as u64);
        let cube = cube(&mut random);
        let mut goals = Vec::new();
        for country in ["AA", "BB", "CC", "XX"] {
            if random.random_bool(0.7) {
                let orders = random.random_range(1..200);
                goals.push(GoalRow { country: country.to_owned(), orders, revenue: random.random_range(0.0..1e4) });
            }
        }
        Self { target_ms: EDGES_MS[index % EDGES_MS.len()], cube, goals }
    }
}

/// Up to 9 days of up to 3 countries and 3 page groups.
fn cube(random: &mut StdRng) -> Vec<CubeRow> {
    let days = [1, 3, 5, 7, 9][random.random_range(0..5)];
    let traffic = Traffic {
        density: random.random_range(0.1..0.9),
        views_max: [20, 300, 5000][random.random_range(0..3)],
        slope_pct: random.random_range(50..110),
    };
    let mut rows = Vec::new();
    for day in 0..days {
        let day = first_day() + Duration::days(day * 3);
        for country in ["AA", "BB", "CC"].into_iter().take(random.random_range(1..=3)) {
            for page_group in ["/", "/item/*", "/cart"] {
                for (device, nav) in [("mobile", "entry"), ("mobile", "inner"), ("desktop", "inner")] {
                    rows.extend(traffic.cells(random, day, [country, page_group, device, nav]));
                }
            }
        }
    }
    corrected(random, rows)
}

/// How full strata are, how large, and how well slow views convert against fast ones.
struct Traffic {
    density: f64,
    views_max: i64,
    slope_pct: i64,
}

impl Traffic {
    /// The cells of one stratum on one day.
    fn cells(&self, random: &mut StdRng, day: Date, stratum: [&str; 4]) -> Vec<CubeRow> {
        let mut cells = Vec::new();
        let mut rate_per_mille = 200;
        for (bucket, edge_ms) in (0..).zip(EDGES_MS) {
            rate_per_mille = (rate_per_mille * self.slope_pct / 100).min(200);
            if random.random_bool(self.density) {
                let n = random.random_range(0..self.views_max);
                let k = n * rate_per_mille * random.random_range(0..15) / 10_000;
                let t_ms = n * i64::from(edge_ms) - random.random_range(0..=100 * n);
                let [country, page_group, device, nav] = stratum.map(str::to_owned);
                cells.push(CubeRow { day, country, page_group, device, nav, bucket, n, k, t_ms });
            }
        }
        cells
    }
}

/// Every tenth row in two: what was counted first, and the difference to what it came to; some of them came to nothing.
fn corrected(random: &mut StdRng, rows: Vec<CubeRow>) -> Vec<CubeRow> {
    let mut corrected = Vec::new();
    for row in rows {
        if !random.random_bool(0.1) {
            corrected.push(row);
            continue;
        }
        let first = CubeRow { n: row.n + 7, t_ms: row.t_ms + 7000, k: 0, ..row.clone() };
        let (n, k, t_ms) = if random.random_bool(0.3) { (0, 0, 0) } else { (row.n, row.k, row.t_ms) };
        corrected.push(CubeRow { n: n - first.n, k, t_ms: t_ms - first.t_ms, ..row });
        corrected.push(first);
    }
    corrected
}

fn is_close(actual: Option<f64>, expected: Option<f64>) -> bool {
    match (actual, expected) {
        (Some(actual), Some(expected)) => (actual - expected).abs() <= 1e-9 * (1.0 + expected.abs()),
        (None, None) => true,
        _ => false,
    }
}

/// One country's row against the reference; `of` says what is being compared.
pub(crate) fn check_country(row: &CountryRow, expected: &CountryLoss, of: &str) {
    let what = format!("{of}: {row:?}, expected {expected:?}");
    assert_eq!(row.country, expected.country, "{what}");
    assert_eq!((row.views as f64, row.orders as f64), (expected.views, expected.orders), "{what}");
    assert_eq!(row.method, expected.method.name(), "{what}");
    let figures = [
        Some(expected.est_lost),
        expected.interval.map(|interval| interval.0),
        expected.interval.map(|interval| interval.1),
        Some(expected.est_lost_revenue),
        Some(expected.est_lost_pct),
        Some(expected.time_lost_s),
        Some(expected.lost_direct),
        Some(expected.se_direct),
        expected.direct_coverage,
        Some(expected.lost_pooled),
        expected.se_pooled,
    ];
    for ((name, actual), expected) in row.figures().into_iter().zip(figures) {
        assert!(is_close(actual, expected), "{name}: {what}");
        assert!(actual.is_none_or(f64::is_finite), "{name}: {what}");
    }
    // An end of the interval that is 0 but for rounding may fall to either side.
    let is_clear = expected.interval.is_none_or(|(lo, hi)| lo.abs() > 1e-9 && hi.abs() > 1e-9);
    assert!(!is_clear || row.verdict == expected.verdict, "{what}");
}

fn check_pages(rows: &[PageRow], expected: &Loss, case: usize) {
    assert_eq!(rows.len(), expected.cells.len(), "case {case}");
    for (row, expected) in rows.iter().zip(&expected.cells) {
        let what = format!("case {case}: {row:?}, expected {expected:?}");
        assert_eq!((&row.country, &row.page_group), (&expected.country, &expected.page_group), "{what}");
        assert_eq!((row.views as f64, row.k as f64), (expected.views, expected.k), "{what}");
        assert!(is_close(Some(row.lost_direct), Some(expected.lost_direct)), "{what}");
        assert!(is_close(Some(row.var_direct), Some(expected.var_direct)), "{what}");
        assert!(is_close(Some(row.lost_pooled), Some(expected.lost_pooled)), "{what}");
        assert!(is_close(row.direct_coverage, expected.direct_coverage()), "{what}");
        assert!(is_close(Some(row.time_lost_s), Some(expected.time_lost_s)), "{what}");
    }
}

#[tokio::test]
async fn random_cubes_give_what_the_reference_gives() {
    let client = database("loss_random").await;
    let mut met: BTreeSet<&str> = BTreeSet::new();
    for index in 0..CASES {
        let case = Case::new(index);
        let site = format!("case{index}");
        insert_cube(&client, &site, &case.cube).await;
        insert_goals(&client, &site, first_day(), &case.goals).await;

        let expected = compute(&case.cube, &case.goals, case.target_ms);
        let rows = by_country(&client, &site, case.target_ms).await;
        assert_eq!(rows.len(), expected.countries.len(), "case {index}");
        for (row, expected) in rows.iter().zip(&expected.countries) {
            check_country(row, expected, &format!("case {index}"));
            met.extend([expected.verdict, expected.method.name()]);
        }
        check_pages(&by_country_page(&client, &site, case.target_ms).await, &expected, index);
        met.extend(what_was_met(&expected));
    }
    // The cases are only worth something if they reach the branches.
    for branch in [
        "loss",
        "gain",
        "not distinguishable",
        "insufficient",
        "direct",
        "pooled",
        "no interval",
        "no orders",
        "no slow views",
        "partly covered",
        "own ratio",
        "ratio of all pages",
    ] {
        assert!(met.contains(branch), "no case with: {branch}");
    }
}

/// Names of the branches that a case takes.
fn what_was_met(loss: &Loss) -> Vec<&'static str> {
    let mut met = Vec::new();
    for country in &loss.countries {
        met.extend(country.interval.is_none().then_some("no interval"));
        met.extend((country.orders == 0.0).then_some("no orders"));
        met.extend(country.direct_coverage.is_none().then_some("no slow views"));
        met.extend(country.direct_coverage.is_some_and(|share| share > 0.0 && share < 1.0).then_some("partly covered"));
    }
    // Page groups that share the ratio of all have the same ones.
    let ratios_of = |page: &str| -> Vec<u64> {
        loss.ratios.iter().filter(|((group, _), _)| group == page).map(|(_, ratio)| ratio.to_bits()).collect()
    };
    let (home, cart) = (ratios_of("/"), ratios_of("/cart"));
    if home.len() > 1 {
        met.push(if home == cart { "ratio of all pages" } else { "own ratio" });
    }
    met
}
