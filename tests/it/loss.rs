//! `loss_by_country` and `loss_by_country_page`: the vectors' figures, and what they answer where there is little or nothing to say.

use std::collections::BTreeMap;

use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::Value;
use tests::loss_reference::{CubeRow, GoalRow};
use tests::vectors::Vector;
use time::{Date, Duration};

use crate::database::{database, execute, first_day, insert_cube, insert_goals, lines, refusal};

/// A row of `loss_by_country`, all its columns.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub(crate) struct CountryRow {
    pub(crate) country: String,
    pub(crate) views: i64,
    pub(crate) orders: i64,
    pub(crate) method: String,
    pub(crate) est_lost: f64,
    pub(crate) lo: Option<f64>,
    pub(crate) hi: Option<f64>,
    pub(crate) est_lost_revenue: f64,
    pub(crate) est_lost_pct: f64,
    pub(crate) time_lost_s: f64,
    pub(crate) verdict: String,
    pub(crate) claim: String,
    pub(crate) lost_direct: f64,
    pub(crate) se_direct: f64,
    pub(crate) direct_coverage: Option<f64>,
    pub(crate) lost_pooled: f64,
    pub(crate) se_pooled: Option<f64>,
}

impl CountryRow {
    /// The figures by name.
    pub(crate) fn figures(&self) -> [(&'static str, Option<f64>); 11] {
        [
            ("est_lost", Some(self.est_lost)),
            ("lo", self.lo),
            ("hi", self.hi),
            ("est_lost_revenue", Some(self.est_lost_revenue)),
            ("est_lost_pct", Some(self.est_lost_pct)),
            ("time_lost_s", Some(self.time_lost_s)),
            ("lost_direct", Some(self.lost_direct)),
            ("se_direct", Some(self.se_direct)),
            ("direct_coverage", self.direct_coverage),
            ("lost_pooled", Some(self.lost_pooled)),
            ("se_pooled", self.se_pooled),
        ]
    }
}

/// A row of `loss_by_country_page`, all its columns.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub(crate) struct PageRow {
    pub(crate) country: String,
    pub(crate) page_group: String,
    pub(crate) views: i64,
    pub(crate) k: i64,
    pub(crate) lost_direct: f64,
    pub(crate) var_direct: f64,
    pub(crate) lost_pooled: f64,
    pub(crate) direct_coverage: Option<f64>,
    pub(crate) time_lost_s: f64,
}

/// The arguments of a view: `site`, 30 days from [`first_day`], `target_ms`.
fn arguments(site: &str, target_ms: u32) -> String {
    let (from_day, to_day) = (first_day(), first_day() + Duration::days(30));
    format!("(site = '{site}', from_day = '{from_day}', to_day = '{to_day}', target_ms = {target_ms})")
}

/// Asks `loss_by_country`, in order of the countries' codes.
pub(crate) async fn by_country(client: &Client, site: &str, target_ms: u32) -> Vec<CountryRow> {
    let sql = format!("SELECT ?fields FROM loss_by_country{} ORDER BY country", arguments(site, target_ms));
    client.query(&sql).fetch_all().await.unwrap()
}

/// Asks `loss_by_country_page`, in order of country and page group.
pub(crate) async fn by_country_page(client: &Client, site: &str, target_ms: u32) -> Vec<PageRow> {
    let arguments = arguments(site, target_ms);
    let sql = format!("SELECT ?fields FROM loss_by_country_page{arguments} ORDER BY country, page_group");
    client.query(&sql).fetch_all().await.unwrap()
}

fn assert_close(actual: Option<f64>, expected: &Value, what: &str) {
    let expected = expected.as_f64();
    let is_close = match (actual, expected) {
        (Some(actual), Some(expected)) => (actual - expected).abs() <= 1e-12 * expected.abs(),
        (None, None) => true,
        _ => false,
    };
    assert!(is_close, "{what}: {actual:?}, expected {expected:?}");
}

fn check_countries(rows: &[CountryRow], expected: &Value) {
    let expected = expected["countries"].as_object().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| &*row.country).collect();
    assert_eq!(names, expected.keys().collect::<Vec<_>>());
    for row in rows {
        let expected = &expected[&row.country];
        assert_eq!(Some(row.orders), expected["orders"].as_i64());
        assert_eq!(Some(&*row.method), expected["method"].as_str());
        assert_eq!(row.claim, "association");
        for (name, figure) in row.figures() {
            assert_close(figure, &expected[name], &format!("{} {name}", row.country));
        }
    }
}

fn check_pages(rows: &[PageRow], expected: &Value) {
    let expected = expected["cells"].as_array().unwrap();
    assert_eq!(rows.len(), expected.len());
    for (row, expected) in rows.iter().zip(expected) {
        let name = format!("{} {}", row.country, row.page_group);
        assert_eq!(Some(&*row.country), expected["country"].as_str());
        assert_eq!(Some(&*row.page_group), expected["page"].as_str());
        assert_close(Some(row.lost_pooled), &expected["lost"], &name);
        assert_close(Some(row.lost_direct), &expected["lost_direct"], &name);
        assert_close(Some(row.var_direct), &expected["var_direct"], &name);
        assert_close(row.direct_coverage, &expected["direct_coverage"], &name);
        assert_close(Some(row.time_lost_s), &expected["time_lost_s"], &name);
    }
}

/// The site's figures are sums over the countries.
fn check_total(rows: &[CountryRow], expected: &Value) {
    let sum = |figure: fn(&CountryRow) -> f64| rows.iter().map(figure).sum::<f64>();
    for (name, figure) in [
        ("est_lost", sum(|row| row.est_lost)),
        ("est_lost_revenue", sum(|row| row.est_lost_revenue)),
        ("lost_direct", sum(|row| row.lost_direct)),
        ("se_direct", sum(|row| row.se_direct.powi(2)).sqrt()),
        ("lost_pooled", sum(|row| row.lost_pooled)),
        ("orders", sum(|row| row.orders as f64)),
        ("time_lost_s", sum(|row| row.time_lost_s)),
    ] {
        assert_close(Some(figure), &expected["total"][name], name);
    }
}

/// Every figure of a vector.
async fn check_vector(name: &str) {
    let client = database(&format!("loss_vector_{name}")).await;
    let mut vector = Vector::read(name).unwrap();
    vector.move_to(first_day());
    insert_cube(&client, name, &vector.cube).await;
    insert_goals(&client, name, first_day(), &vector.goals).await;

    let countries = by_country(&client, name, 2500).await;
    check_countries(&countries, &vector.expected);
    check_total(&countries, &vector.expected);
    check_pages(&by_country_page(&client, name, 2500).await, &vector.expected);
    for row in &countries {
        let sums = vector.cube.iter().filter(|cell| cell.country == row.country).map(|cell| cell.n);
        assert_eq!(row.views, sums.sum::<i64>());
    }
}

#[tokio::test]
async fn vector_1_made_by_hand_comes_out() {
    check_vector("v1").await;
}

#[tokio::test]
async fn vector_2_with_sparse_corners_comes_out() {
    check_vector("v2").await;
}

#[tokio::test]
async fn vector_3_without_noise_comes_out() {
    check_vector("v3").await;
}

#[tokio::test]
async fn the_views_have_the_columns_of_the_contract() {
    let client = database("loss_columns").await;
    for (view, columns) in [
        (
            "loss_by_country",
            "country views orders method est_lost lo hi est_lost_revenue est_lost_pct time_lost_s verdict claim lost_direct se_direct \
             direct_coverage lost_pooled se_pooled k",
        ),
        (
            "loss_by_country_page",
            "country page_group views k lost_direct var_direct lost_pooled direct_coverage time_lost_s",
        ),
    ] {
        let described = lines(&client, &format!("DESCRIBE (SELECT * FROM {view}{})", arguments("shop", 2500))).await;
        let names: Vec<&str> = described.iter().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(names.join(" "), columns, "{view}");
    }
}

/// A stratum of DE with reference and slow views on one day.
fn day_of_views(day: Date, reference: (i64, i64), slow: (i64, i64)) -> [CubeRow; 2] {
    let row = |bucket, (n, k), lcp_ms| CubeRow {
        day,
        country: "DE".to_owned(),
        page_group: "/".to_owned(),
        device: "mobile".to_owned(),
        nav: "entry".to_owned(),
        bucket,
        n,
        k,
        t_ms: n * lcp_ms,
    };
    [row(1, reference, 900), row(6, slow, 3500)]
}

/// `count` days of DE in which slow views convert at 3 % and fast ones at 5 %, give or take what differs from day to day.
fn days_of_views(count: i64) -> Vec<CubeRow> {
    let day = |index: i64| first_day() + Duration::days(3 * index);
    (0..count).flat_map(|index| day_of_views(day(index), (1000, 50 + index % 3), (1000, 30 - index % 2))).collect()
}

#[tokio::test]
async fn the_views_answer_out_of_any_database_and_under_join_use_nulls() {
    let client = database("loss_elsewhere").await;
    insert_cube(&client, "shop", &days_of_views(7)).await;
    let here = by_country(&client, "shop", 2500).await;
    assert_eq!(here.len(), 1);

    let outside = client.clone().with_database("default");
    let sql = format!("SELECT ?fields FROM test_loss_elsewhere.loss_by_country{}", arguments("shop", 2500));
    assert_eq!(outside.query(&sql).fetch_all::<CountryRow>().await.unwrap(), here);
    let pages = format!("SELECT country FROM test_loss_elsewhere.loss_by_country_page{}", arguments("shop", 2500));
    assert_eq!(lines(&outside, &pages).await, ["DE"]);

    let orders = format!("SELECT orders, est_lost_revenue FROM loss_by_country{}", arguments("shop", 2500));
    assert_eq!(lines(&client.with_setting("join_use_nulls", "1"), &orders).await, ["0\t0"]);
}

#[tokio::test]
async fn several_targets_can_be_asked_for_at_once() {
    let client = database("loss_several_targets").await;
    insert_cube(&client, "shop", &days_of_views(7)).await;
    let lost = |target_ms| {
        format!("SELECT {target_ms} AS target, est_lost, lo FROM loss_by_country{}", arguments("shop", target_ms))
    };
    let both = format!("SELECT * FROM ({} UNION ALL {}) ORDER BY target", lost(2500), lost(4000));
    let mut each = lines(&client, &lost(2500)).await;
    each.extend(lines(&client, &lost(4000)).await);
    assert_eq!(lines(&client, &both).await, each);
    assert!(each[1].starts_with("4000\t0\t"), "nothing is slower than 4000 ms: {each:?}");
}

#[tokio::test]
async fn a_target_that_ends_no_bucket_is_refused_even_without_data() {
    let client = database("loss_wrong_target").await;
    for view in ["loss_by_country", "loss_by_country_page"] {
        for target_ms in [0, 2501, 60001] {
            let message = refusal(&client, &format!("SELECT * FROM {view}{}", arguments("shop", target_ms))).await;
            assert!(message.contains("Code: 395"), "{message}");
            assert!(message.contains("target_ms must be one of 500, 1000,"), "{message}");
        }
    }
}

#[tokio::test]
async fn an_empty_window_has_no_rows() {
    let client = database("loss_empty").await;
    insert_cube(&client, "shop", &days_of_views(1)).await;
    assert!(by_country(&client, "other", 2500).await.is_empty());
    assert!(by_country_page(&client, "other", 2500).await.is_empty());
    let (first, next) = (first_day(), first_day() + Duration::days(1));
    for (from_day, to_day, rows) in
        [(first, next, 1), (first, first, 0), (next, first, 0), (next, next + Duration::days(9), 0)]
    {
        let window = format!("(site = 'shop', from_day = '{from_day}', to_day = '{to_day}', target_ms = 2500)");
        for view in ["loss_by_country", "loss_by_country_page"] {
            assert_eq!(lines(&client, &format!("SELECT * FROM {view}{window}")).await.len(), rows, "{view}{window}");
        }
    }
}

#[tokio::test]
async fn intervals_of_the_pooled_figure_need_5_days_with_data() {
    let client = database("loss_days").await;
    for days in [1, 4, 5] {
        let site = format!("days{days}");
        // Slow views of a second page group, which has no reference: too little coverage for the direct figure.
        let mut rows = days_of_views(days);
        rows.push(CubeRow { page_group: "/b".to_owned(), n: 2000, k: 10, ..rows[1].clone() });
        insert_cube(&client, &site, &rows).await;
        insert_goals(&client, &site, first_day(), &[goals("DE", 500, 1000.0)]).await;
        let row = &by_country(&client, &site, 2500).await[0];
        assert_eq!(row.method, "pooled");
        assert_eq!((row.lo.is_some(), row.hi.is_some(), row.se_pooled.is_some()), (days == 5, days == 5, days == 5));
        assert_eq!(row.verdict == "insufficient", days < 5, "{row:?}");
    }
}

fn goals(country: &str, orders: i64, revenue: f64) -> GoalRow {
    GoalRow { country: country.to_owned(), orders, revenue }
}

#[tokio::test]
async fn few_orders_are_insufficient_and_none_lose_no_revenue() {
    let client = database("loss_orders").await;
    let verdicts: BTreeMap<i64, &str> = [(0, "insufficient"), (29, "insufficient"), (30, "loss")].into();
    for (orders, verdict) in verdicts {
        let site = format!("orders{orders}");
        insert_cube(&client, &site, &days_of_views(7)).await;
        if orders > 0 {
            insert_goals(&client, &site, first_day(), &[goals("DE", orders, 10.0 * orders as f64)]).await;
        }
        let row = &by_country(&client, &site, 2500).await[0];
        assert_eq!((&*row.verdict, row.orders), (verdict, orders));
        let revenue = if orders == 0 { 0.0 } else { 10.0 * row.est_lost };
        assert_close(Some(row.est_lost_revenue), &Value::from(revenue), "revenue");
        assert_close(
            Some(row.est_lost_pct),
            &Value::from(100.0 * row.est_lost / (orders as f64 + row.est_lost)),
            "share",
        );
    }
}

#[tokio::test]
async fn without_conversions_there_is_no_interval_and_no_number_that_is_none() {
    let client = database("loss_no_conversions").await;
    let rows: Vec<CubeRow> = days_of_views(7).into_iter().map(|row| CubeRow { k: 0, ..row }).collect();
    insert_cube(&client, "shop", &rows).await;
    insert_goals(&client, "shop", first_day(), &[goals("DE", 50, 100.0)]).await;
    let row = &by_country(&client, "shop", 2500).await[0];
    assert_eq!((row.lo, row.hi, row.se_pooled), (None, None, None));
    assert_eq!((&*row.verdict, &*row.method), ("insufficient", "pooled"));
    assert!(row.figures().iter().all(|(_, figure)| figure.is_none_or(f64::is_finite)), "{row:?}");
    assert_close(Some(row.time_lost_s), &Value::from(7000.0), "a second of each slow view");
}

#[tokio::test]
async fn corrections_that_net_to_zero_leave_no_trace() {
    let client = database("loss_corrections").await;
    insert_cube(&client, "shop", &days_of_views(7)).await;
    let before = (by_country(&client, "shop", 2500).await, by_country_page(&client, "shop", 2500).await);

    // A bucket, a page group, a country and a day that were counted and taken back, in one INSERT and in two.
    let counted = day_of_views(first_day() + Duration::days(25), (3, 0), (2, 0));
    let elsewhere = counted.clone().map(|row| CubeRow { country: "FR".to_owned(), page_group: "/b".to_owned(), ..row });
    let rows: Vec<CubeRow> = counted.into_iter().chain(elsewhere).collect();
    let taken_back: Vec<CubeRow> =
        rows.iter().map(|row| CubeRow { n: -row.n, t_ms: -row.t_ms, ..row.clone() }).collect();
    insert_cube(&client, "shop", &rows).await;
    assert_eq!(by_country(&client, "shop", 2500).await.len(), 2);
    insert_cube(&client, "shop", &taken_back).await;
    insert_cube(&client, "shop", &[rows, taken_back].concat()).await;
    assert_eq!((by_country(&client, "shop", 2500).await, by_country_page(&client, "shop", 2500).await), before);

    execute(&client, "OPTIMIZE TABLE loss_cube FINAL").await;
    assert_eq!((by_country(&client, "shop", 2500).await, by_country_page(&client, "shop", 2500).await), before);
}

/// Asks for DE after one day of reference and slow views on `/`, and of `others`.
async fn germany(
    client: &Client,
    site: &str,
    reference: (i64, i64),
    slow: (i64, i64),
    others: &[CubeRow],
) -> CountryRow {
    insert_cube(client, site, &[&day_of_views(first_day(), reference, slow), others].concat()).await;
    by_country(client, site, 2500).await.swap_remove(0)
}

#[tokio::test]
async fn a_stratum_is_compared_directly_from_30_reference_views() {
    let client = database("loss_reference_views").await;
    let row = germany(&client, "with29", (29, 10), (100, 10), &[]).await;
    assert_eq!((row.direct_coverage, row.lost_direct), (Some(0.0), 0.0));
    let row = germany(&client, "with30", (30, 15), (100, 10), &[]).await;
    assert_eq!((row.direct_coverage, row.lost_direct), (Some(1.0), 40.0));
}

#[tokio::test]
async fn the_direct_figure_is_shown_from_200_conversions_and_nine_tenths_of_coverage() {
    let client = database("loss_method").await;
    // Slow views of another stratum, which has no reference: `n` of them.
    let uncovered =
        |n| CubeRow { n, k: 0, page_group: "/b".to_owned(), ..day_of_views(first_day(), (0, 0), (0, 0))[1].clone() };
    for (site, conversions, uncovered_views, method) in
        [("few", 199, 100, "pooled"), ("enough", 200, 100, "direct"), ("uncovered", 200, 101, "pooled")]
    {
        let others = [uncovered(uncovered_views)];
        let row = germany(&client, site, (1000, 150), (900, conversions - 150), &others).await;
        assert_eq!(row.method, method, "{row:?}");
    }
}

#[tokio::test]
async fn a_page_group_has_its_own_ratio_from_400_conversions_on_either_side() {
    let client = database("loss_own_ratio").await;
    // Another page group, on which slow views convert far worse.
    let others = day_of_views(first_day(), (10_000, 1000), (10_000, 100))
        .map(|row| CubeRow { page_group: "/b".to_owned(), ..row });
    for (site, reference_k, slow_k, is_own) in [
        ("both", 500, 400, true),
        ("slow399", 500, 399, false),
        ("fast400", 400, 500, true),
        ("fast399", 399, 500, false),
    ] {
        germany(&client, site, (10_000, reference_k), (10_000, slow_k), &others).await;
        let lost = by_country_page(&client, site, 2500).await[0].lost_pooled;
        // As many views on either side: by its own ratio it loses the difference.
        assert_eq!((lost - (reference_k - slow_k) as f64).abs() < 1e-9, is_own, "{site}: {lost}");
    }
}

#[tokio::test]
async fn ratios_stay_between_a_twentieth_and_20() {
    let client = database("loss_ratio_range").await;
    // Slow views convert a hundred times as well, and a hundredth as well.
    let row = germany(&client, "better", (100_000, 10), (100_000, 1000), &[]).await;
    assert_close(Some(row.lost_pooled), &Value::from(-950.0), "lost");
    let row = germany(&client, "worse", (100_000, 1000), (100_000, 10), &[]).await;
    assert_close(Some(row.lost_pooled), &Value::from(190.0), "lost");
    // Nothing to compare with on one side: no ratio, no loss.
    for (site, reference_k, slow_k) in [("none_fast", 0, 50), ("none_slow", 50, 0)] {
        let row = germany(&client, site, (100_000, reference_k), (100_000, slow_k), &[]).await;
        assert_close(Some(row.lost_pooled), &Value::from(0.0), "lost");
    }
}

#[tokio::test]
async fn more_conversions_than_views_are_no_reason_for_a_number_that_is_none() {
    let client = database("loss_more_k_than_n").await;
    // Goals told of views whose own beacons were lost, in the reference, among the slow, and where no view is left at all.
    let lost_views = [
        day_of_views(first_day(), (40, 60), (10, 300)),
        day_of_views(first_day(), (0, 5), (0, 5)).map(|row| CubeRow { page_group: "/b".to_owned(), ..row }),
        day_of_views(first_day(), (50, 1), (-3, 1)).map(|row| CubeRow { page_group: "/c".to_owned(), ..row }),
    ];
    insert_cube(&client, "shop", &lost_views.concat()).await;
    let row = &by_country(&client, "shop", 2500).await[0];
    assert!(row.figures().iter().all(|(_, figure)| figure.is_none_or(f64::is_finite)), "{row:?}");
    for row in by_country_page(&client, "shop", 2500).await {
        let figures = [Some(row.lost_direct), Some(row.var_direct), Some(row.lost_pooled), row.direct_coverage];
        assert!(figures.iter().all(|figure| figure.is_none_or(f64::is_finite)), "{row:?}");
    }
}
