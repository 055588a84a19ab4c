//! The loss cut in other ways than by country: each view against the figures of the independent computation, or of a view that is held against them.

use std::collections::{BTreeMap, BTreeSet};

use clickhouse::{Client, Row};
use serde::Deserialize;
use tests::loss_reference::{self, CubeRow, EDGES_MS, Loss, Method};
use tests::vectors::Vector;
use time::{Date, Duration, OffsetDateTime};

use crate::database::{database, execute, first_day, insert_cube, insert_goals, lines};
use crate::loss::{CountryRow, by_country};

/// The window of every test: 30 days from [`first_day`].
fn window(site: &str) -> String {
    format!("site = '{site}', from_day = '{}', to_day = '{}'", first_day(), first_day() + Duration::days(30))
}

fn assert_close(actual: f64, expected: f64, what: &str) {
    assert!((actual - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{what}: {actual}, expected {expected}");
}

/// A database with vector 2 as the site `v2`: the one with sparse corners, and countries of both methods. Its 7 days lie in the last 28.
async fn with_vector_2(name: &str) -> (Client, Vector) {
    let client = database(name).await;
    let mut vector = Vector::read("v2").unwrap();
    vector.move_to(first_day() + Duration::days(20));
    insert_cube(&client, "v2", &vector.cube).await;
    insert_goals(&client, "v2", first_day(), &vector.goals).await;
    (client, vector)
}

/// What the views that have one row for each of something have in common.
#[derive(Clone, Debug, Row, Deserialize)]
struct Figures {
    name: String,
    views: i64,
    k: i64,
    method: String,
    est_lost: f64,
    half_width: Option<f64>,
    time_lost_s: f64,
    verdict: String,
}

async fn figures(client: &Client, name: &str, view: &str, site: &str, target_ms: u32) -> Vec<Figures> {
    let sql = format!(
        "SELECT toString({name}) AS name, views, k, method, est_lost, hi - est_lost AS half_width, time_lost_s, verdict \
         FROM {view}({}, target_ms = {target_ms}) ORDER BY name",
        window(site)
    );
    client.query(&sql).fetch_all().await.unwrap()
}

/// Direct and pooled loss, slow views and those compared, by a page group, of all countries.
fn of_page(loss: &Loss, page_group: &str) -> (f64, f64, f64, f64) {
    let cells = loss.cells.iter().filter(|cell| cell.page_group == page_group);
    cells.fold((0.0, 0.0, 0.0, 0.0), |sums, cell| {
        (
            sums.0 + cell.lost_direct,
            sums.1 + cell.lost_pooled,
            sums.2 + cell.slow_views,
            sums.3 + cell.slow_views_compared,
        )
    })
}

/// The half-width of a pooled figure by leaving out each day in turn and computing all again.
fn jackknife_half_width(cube: &[CubeRow], target_ms: u32, figure: impl Fn(&Loss) -> (f64, f64)) -> f64 {
    let mut days: Vec<Date> = cube.iter().map(|row| row.day).collect();
    days.sort_unstable();
    days.dedup();
    let phi = |(k, lost): (f64, f64)| if k + lost > 0.0 { lost / (k + lost) } else { 0.0 };
    let without = |day: Date| -> Vec<CubeRow> { cube.iter().filter(|row| row.day != day).cloned().collect() };
    let phis: Vec<f64> =
        days.iter().map(|day| phi(figure(&loss_reference::compute(&without(*day), &[], target_ms)))).collect();
    let count = phis.len() as f64;
    let mean = phis.iter().sum::<f64>() / count;
    let se = ((count - 1.0) / count * phis.iter().map(|phi| (phi - mean).powi(2)).sum::<f64>()).sqrt();
    let (k, lost) = figure(&loss_reference::compute(cube, &[], target_ms));
    let t = 1.96 + 2.4 / (count - 1.0) + 2.8 / (count - 1.0).powi(2);
    t * k / (1.0 - phi((k, lost))).powi(2) * se
}

#[tokio::test]
async fn pages_add_up_what_their_countries_lose_and_have_the_interval_of_leaving_out_days() {
    let (client, vector) = with_vector_2("loss_by_page").await;
    let mut methods = BTreeSet::new();
    // At 500 ms there is too little to compare with.
    for target_ms in [500, 2500] {
        let loss = loss_reference::compute(&vector.cube, &vector.goals, target_ms);
        let rows = figures(&client, "page_group", "loss_by_page", "v2", target_ms).await;
        let names: BTreeSet<&str> = loss.cells.iter().map(|cell| &*cell.page_group).collect();
        assert_eq!(rows.iter().map(|row| &*row.name).collect::<Vec<_>>(), names.into_iter().collect::<Vec<_>>());
        for row in &rows {
            let (lost_direct, lost_pooled, slow, compared) = of_page(&loss, &row.name);
            let cells = || loss.cells.iter().filter(|cell| cell.page_group == row.name);
            let k: f64 = cells().map(|cell| cell.k).sum();
            let is_direct = compared / slow >= 0.9 && k >= 200.0;
            assert_eq!((row.k as f64, row.method == "direct"), (k, is_direct), "{row:?}");
            assert_close(row.est_lost, if is_direct { lost_direct } else { lost_pooled }, &row.name);
            let half_width = if is_direct {
                1.96 * cells().map(|cell| cell.var_direct).sum::<f64>().sqrt()
            } else {
                jackknife_half_width(&vector.cube, target_ms, |loss| {
                    let cells = loss.cells.iter().filter(|cell| cell.page_group == row.name);
                    cells.fold((0.0, 0.0), |(k, lost), cell| (k + cell.k, lost + cell.lost_pooled))
                })
            };
            assert_close(row.half_width.unwrap(), half_width, &format!("half-width of {}", row.name));
            assert_close(row.time_lost_s, cells().map(|cell| cell.time_lost_s).sum(), &row.name);
            methods.insert(row.method.clone());
        }
    }
    assert_eq!(methods.len(), 2, "both ways are to be seen: {methods:?}");

    let loss = loss_reference::compute(&vector.cube, &vector.goals, 2500);
    let cells = figures(&client, "concat(country, ' ', page_group)", "loss_by_country_pages", "v2", 2500).await;
    assert_eq!(cells.len(), loss.cells.len());
    for (row, cell) in cells.iter().zip(&loss.cells) {
        assert_eq!(row.name, format!("{} {}", cell.country, cell.page_group));
        let is_direct = row.method == "direct";
        assert_close(row.est_lost, if is_direct { cell.lost_direct } else { cell.lost_pooled }, &row.name);
        assert_eq!(row.verdict == "insufficient", row.k < 30 || row.half_width.is_none(), "{row:?}");
    }
}

#[tokio::test]
async fn the_sites_total_has_an_interval_where_no_country_is_pooled() {
    let (client, _) = with_vector_2("total_of_direct").await;
    let countries =
        format!("SELECT country FROM loss_by_country({}, target_ms = 2500) WHERE method = 'direct'", window("v2"));
    for table in ["loss_cube", "goals_daily"] {
        execute(
            &client,
            &format!("INSERT INTO {table} SELECT * REPLACE ('direct' AS site) FROM (SELECT * FROM {table} WHERE site = 'v2' AND country IN ({countries}))"),
        )
        .await;
    }
    let overview = collector::http::api::question("overview").unwrap();
    let ask = async |site: &str| {
        let days = [first_day(), first_day() + Duration::days(30)].map(|day| format!("toDate('{day}')"));
        let sql = overview.replace("{site:String}", &format!("'{site}'")).replace("{target_ms:UInt32}", "2500");
        let sql = sql.replace("{from_day:Date}", &days[0]).replace("{to_day:Date}", &days[1]);
        lines(&client, &format!("SELECT est_lost, hi - est_lost, verdict FROM ({sql})")).await.remove(0)
    };
    let of_countries = lines(
        &client,
        &format!(
            "SELECT sum(est_lost), sqrt(sum(pow(hi - est_lost, 2))), countIf(method = 'direct') = count() FROM loss_by_country({}, target_ms = 2500)",
            window("direct")
        ),
    )
    .await
    .remove(0);
    let numbers = |line: &str| line.split('\t').take(2).map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>();
    assert!(of_countries.ends_with("\t1"), "{of_countries}");
    let total = ask("direct").await;
    for (actual, expected) in numbers(&total).into_iter().zip(numbers(&of_countries)) {
        assert_close(actual, expected, "the total");
    }
    assert!(!total.ends_with("insufficient"), "{total}");
}

#[tokio::test]
async fn devices_add_up_to_all_of_them() {
    let (client, vector) = with_vector_2("loss_by_device").await;
    let loss = loss_reference::compute(&vector.cube, &vector.goals, 2500);
    let sql =
        format!("SELECT sum(lost_direct), sum(lost_pooled) FROM loss_by_device({}, target_ms = 2500)", window("v2"));
    let sums: Vec<f64> = lines(&client, &sql).await[0].split('\t').map(|sum| sum.parse().unwrap()).collect();
    assert_close(sums[0], loss.total.lost_direct, "direct");
    assert_close(sums[1], loss.total.lost_pooled, "pooled");
    let rows = figures(&client, "device", "loss_by_device", "v2", 2500).await;
    for row in &rows {
        let cube = || vector.cube.iter().filter(|cell| cell.device == row.name);
        assert_eq!((row.views, row.k), (cube().map(|cell| cell.n).sum(), cube().map(|cell| cell.k).sum()));
    }
    assert!(rows.len() > 1);
}

#[tokio::test]
async fn days_add_up_to_the_window() {
    let (client, vector) = with_vector_2("loss_by_day").await;
    let countries = by_country(&client, "v2", 2500).await;
    let sql = format!(
        "SELECT toString(day), views, k, est_lost, hi - est_lost, est_lost_revenue, time_lost_s \
         FROM loss_by_day({}, target_ms = 2500) ORDER BY day",
        window("v2")
    );
    let rows: Vec<Vec<String>> =
        lines(&client, &sql).await.iter().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    let sum = |column: usize| rows.iter().map(|row| row[column].parse::<f64>().unwrap()).sum::<f64>();
    assert_close(sum(3), countries.iter().map(|row| row.est_lost).sum(), "est_lost");
    assert_close(sum(5), countries.iter().map(|row| row.est_lost_revenue).sum(), "revenue");
    assert_close(sum(6), countries.iter().map(|row| row.time_lost_s).sum(), "time");
    let mut days: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for cell in &vector.cube {
        let day = days.entry(cell.day.to_string()).or_default();
        *day = (day.0 + cell.n, day.1 + cell.k);
    }
    assert_eq!(rows.len(), days.len());
    for (row, (day, (n, k))) in rows.iter().zip(days) {
        assert_eq!(row[..3], [day, n.to_string(), k.to_string()]);
        assert!(row[4].parse::<f64>().unwrap() > 0.0, "a day has an interval: {row:?}");
    }
}

#[tokio::test]
async fn what_if_is_the_shown_figure_at_every_target() {
    let (client, _) = with_vector_2("loss_what_if").await;
    let sql = format!(
        "SELECT country, target_ms, method, est_lost, est_lost_revenue, est_lost_pct, time_lost_s FROM loss_what_if({}) ORDER BY target_ms, country",
        window("v2")
    );
    let all = lines(&client, &sql).await;
    let mut seen = 0;
    for target_ms in EDGES_MS {
        for expected in by_country(&client, "v2", target_ms).await {
            let start = format!("{}\t{target_ms}\t{}\t", expected.country, expected.method);
            let row = all.iter().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("no {start}"));
            let figures: Vec<f64> = row.split('\t').map(|figure| figure.parse().unwrap()).collect();
            for (figure, expected) in figures.iter().zip([
                expected.est_lost,
                expected.est_lost_revenue,
                expected.est_lost_pct,
                expected.time_lost_s,
            ]) {
                assert_close(*figure, expected, &start);
            }
            seen += 1;
        }
    }
    assert_eq!(seen, all.len());
}

#[tokio::test]
async fn page_flow_is_the_loss_with_going_on_in_the_place_of_converting() {
    let (client, _) = with_vector_2("page_flow").await;
    // As many views go on as converted: all figures must then be the same.
    let columns = "day, country, page_group, device, nav, bucket";
    execute(
        &client,
        &format!(
            "INSERT INTO loss_cube (site, {columns}, n, k, exits, t_ms) \
             SELECT 'flow', {columns}, sum(n), 0, sum(n) - sum(k), sum(t_ms) FROM loss_cube WHERE site = 'v2' GROUP BY {columns}"
        ),
    )
    .await;
    execute(&client, "INSERT INTO goals_daily SELECT 'flow', day, country, orders, revenue FROM goals_daily").await;
    let pages = figures(&client, "page_group", "loss_by_page", "v2", 2500).await;
    let pages: Vec<_> = pages.into_iter().map(|row| (row.name, row.est_lost, row.half_width)).collect();
    let countries = by_country(&client, "v2", 2500).await;
    let countries =
        countries.into_iter().map(|row| (row.country, row.est_lost, row.hi.map(|hi| hi - row.est_lost))).collect();
    for (name, flow, expected) in
        [("page_group", "page_flow_by_page", pages), ("country", "page_flow_by_country", countries)]
    {
        let sql = format!(
            "SELECT toString({name}), views, continued, method, est_lost_continuations, hi - est_lost_continuations, orders_per_continuation, \
             est_lost_orders_upper, claim FROM {flow}({}, target_ms = 2500) ORDER BY 1",
            window("flow")
        );
        let rows = lines(&client, &sql).await;
        assert_eq!(rows.len(), expected.len());
        let sites = lines(&client, "SELECT (SELECT sum(orders) FROM goals_daily WHERE site = 'v2') / (SELECT sum(k) FROM loss_cube WHERE site = 'v2')").await;
        let ratio: f64 = sites[0].parse().unwrap();
        for (row, (name, lost, half_width)) in rows.iter().zip(expected) {
            let cells: Vec<&str> = row.split('\t').collect();
            assert_eq!((cells[0], cells[8]), (&*name, "association, upper figure"));
            assert_close(cells[4].parse().unwrap(), lost, &name);
            assert_close(cells[5].parse().unwrap(), half_width.unwrap(), &format!("half-width of {name}"));
            assert_close(cells[6].parse().unwrap(), ratio, "orders per continuation");
            assert_close(cells[7].parse().unwrap(), lost * ratio, &format!("orders of {name}"));
        }
    }
}

#[tokio::test]
async fn a_release_and_an_arm_are_compared_with_their_own_fast_views() {
    let (client, vector) = with_vector_2("loss_variants").await;
    let loss = loss_reference::compute(&vector.cube, &vector.goals, 2500);
    let columns = "day, country, page_group, device, nav, bucket";
    // Release 1 is the vector; release 2 converts half as often and loses half as much, which must change nothing of release 1.
    for (release, divisor) in [("1", 1), ("2", 2)] {
        execute(
            &client,
            &format!(
                "INSERT INTO variant_cube (site, release, experiment_arm, {columns}, n, k, exits, t_ms) \
                 SELECT site, '{release}', 'arm {release}', {columns}, sum(n), intDiv(sum(k), {divisor}), 0, sum(t_ms) \
                 FROM loss_cube GROUP BY site, {columns}"
            ),
        )
        .await;
    }
    for (name, view, first) in
        [("release", "loss_by_release", "1"), ("experiment_arm", "loss_by_experiment_arm", "arm 1")]
    {
        let rows = figures(&client, name, view, "v2", 2500).await;
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].name, first);
        let coverage = loss
            .cells
            .iter()
            .fold((0.0, 0.0), |sums, cell| (sums.0 + cell.slow_views_compared, sums.1 + cell.slow_views));
        let is_direct = coverage.0 / coverage.1 >= 0.9;
        assert_eq!(rows[0].method == "direct", is_direct);
        let expected = if is_direct { loss.total.lost_direct } else { loss.total.lost_pooled };
        assert_close(rows[0].est_lost, expected, name);
        assert!(rows[1].est_lost < expected);
    }
}

/// A row of the replicates of `v2` in the window, as if a refresh had found another spread.
#[tokio::test]
async fn stored_replicates_give_the_interval_as_long_as_they_are_of_nearly_the_same_orders() {
    let (client, vector) = with_vector_2("loss_stored").await;
    let live = by_country(&client, "v2", 2500).await;
    let pooled = live.iter().position(|row| row.method == Method::Pooled.name()).expect("a pooled country");
    let orders: i64 = vector.goals.iter().map(|row| row.orders).sum();
    // The point of it is to be recognised: a country whose 6 replicates are all the same has an interval of no width.
    let (from, to) = (first_day(), first_day() + Duration::days(30));
    let columns = "site, from_day, to_day, target_ms, country, page_group, conversions_jk, lost_pooled_jk, window_orders, computed_at";
    execute(
        &client,
        &format!(
            "INSERT INTO loss_replicates ({columns}) SELECT 'v2', '{from}', '{to}', 2500, country, page_group, arrayWithConstant(7, 100.), \
             arrayWithConstant(7, 10.), {orders}, now() FROM loss_by_country_page({}, target_ms = 2500)",
            window("v2")
        ),
    )
    .await;
    let stored = by_country(&client, "v2", 2500).await;
    let width = |rows: &[CountryRow]| rows[pooled].se_pooled.unwrap();
    assert!(width(&stored) < 1e-9, "the stored replicates are used");
    assert_close(stored[pooled].est_lost, live[pooled].est_lost, "the figure itself is live");
    assert_eq!(by_country(&client, "v2", 4000).await.len(), live.len(), "another target has none and is computed");

    // Up to 2 % more orders they still hold; beyond, they are of other data.
    let (few, more) = (orders * 2 / 100, orders / 100);
    let day = first_day();
    execute(&client, &format!("INSERT INTO goals_daily VALUES ('v2', '{day}', 'ZZ', {few}, 0)")).await;
    assert!(width(&by_country(&client, "v2", 2500).await) < 1e-9);
    execute(&client, &format!("INSERT INTO goals_daily VALUES ('v2', '{day}', 'ZZ', {more}, 0)")).await;
    let again = by_country(&client, "v2", 2500).await;
    assert_close(width(&again), width(&live), "computed again");
}

#[tokio::test]
async fn the_refresh_stores_what_is_computed_live_for_every_site() {
    let client = database("loss_refresh").await;
    let today = OffsetDateTime::now_utc().date();
    let mut vector = Vector::read("v2").unwrap();
    vector.move_to(today - Duration::days(6));
    insert_cube(&client, "v2", &vector.cube).await;
    insert_cube(&client, "other", &vector.cube[..vector.cube.len() / 2]).await;
    insert_goals(&client, "v2", today - Duration::days(3), &vector.goals).await;
    insert_goals(&client, "other", today - Duration::days(3), &vector.goals).await;
    let of = |site: &str, days: i64| {
        let (from, to) = (today - Duration::days(days), today + Duration::days(1));
        format!(
            "SELECT country, method, est_lost, lo, hi FROM loss_by_country(site = '{site}', from_day = '{from}', to_day = '{to}', target_ms = 2500) \
             ORDER BY country"
        )
    };
    let trend = format!(
        "SELECT day, est_lost, lo FROM loss_by_day(site = 'v2', from_day = '{}', to_day = '{}', target_ms = 2500) ORDER BY day",
        today - Duration::days(28),
        today + Duration::days(1)
    );
    let questions = [of("v2", 7), of("v2", 28), of("v2", 90), of("other", 28), trend];
    let mut live = Vec::new();
    for question in &questions {
        live.push(lines(&client, question).await);
    }
    execute(&client, "SYSTEM REFRESH VIEW loss_replicates_refresh").await;
    execute(&client, "SYSTEM WAIT VIEW loss_replicates_refresh").await;
    let stored = lines(
        &client,
        "SELECT site, toUInt32(to_day - from_day), count() > 0 FROM loss_replicates GROUP BY ALL ORDER BY ALL",
    )
    .await;
    assert_eq!(
        stored,
        ["other\t8\t1", "other\t29\t1", "other\t91\t1", "v2\t8\t1", "v2\t29\t1", "v2\t91\t1"],
        "every site and window is there"
    );
    for (question, live) in questions.iter().zip(live) {
        let stored = lines(&client, question).await;
        assert_eq!(stored.len(), live.len());
        for (stored, live) in stored.iter().zip(&live) {
            for (stored, live) in stored.split('\t').zip(live.split('\t')) {
                match (stored.parse::<f64>(), live.parse::<f64>()) {
                    (Ok(stored), Ok(live)) => assert_close(stored, live, question),
                    _ => assert_eq!(stored, live),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_placebo_finds_nothing_where_the_loss_is_plain() {
    let (client, vector) = with_vector_2("loss_placebo").await;
    let sql = format!(
        "SELECT draws, conversions, placebo_mean, placebo_lo, placebo_hi, holds FROM loss_placebo({}, target_ms = 2500)",
        window("v2")
    );
    let rows = lines(&client, &sql).await;
    assert_eq!(rows.len(), 1);
    let cells: Vec<&str> = rows[0].split('\t').collect();
    let conversions: i64 = vector.cube.iter().map(|cell| cell.k).sum();
    assert_eq!(
        (cells[0], cells[1], cells[5]),
        ("40", &*conversions.to_string(), "1"),
        "none is lost by dealing them out"
    );
    let (band_lo, band_hi): (f64, f64) = (cells[3].parse().unwrap(), cells[4].parse().unwrap());
    assert!(band_lo < 0.0 && band_hi > 0.0, "the band contains 0: {rows:?}");
    let lost: f64 = by_country(&client, "v2", 2500).await.iter().map(|row| row.est_lost).sum();
    assert!(lost > band_hi, "what is shown, {lost}, lies above the band {rows:?}");
    assert_eq!(lines(&client, &sql).await, rows, "the same draws each time");
    assert!(lines(&client, &sql.replace("'v2'", "'nobody'")).await.is_empty());

    execute(&client, "SYSTEM REFRESH VIEW loss_placebos_refresh").await;
    execute(&client, "SYSTEM WAIT VIEW loss_placebos_refresh").await;
    execute(&client, "SYSTEM REFRESH VIEW loss_placebos_refresh").await;
    execute(&client, "SYSTEM WAIT VIEW loss_placebos_refresh").await;
    let nights = lines(&client, "SELECT site, draws, count() FROM loss_placebos GROUP BY ALL").await;
    assert_eq!(nights, ["v2\t40\t2"], "each night is kept");
}
