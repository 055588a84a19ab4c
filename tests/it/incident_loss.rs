//! What incidents cost: `incident_loss` and `incident_slowness_loss` against simulated incidents whose loss is known, by hand where nothing is left to chance, and at
//! the edges. The weeks end in June 2025, in which no clock of the views changes, unless a test says otherwise. More of them: `cargo xtask bench detect`.

use std::fmt::Write as _;

use clickhouse::{Client, Row};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;

use crate::database::{database, execute, lines, refusal};

/// When incidents of constant histories end.
const END: &str = "2025-06-18 12:00:00";

/// A database in which old rows are kept.
async fn kept(name: &str) -> Client {
    let client = database(&format!("incident_{name}")).await;
    for table in ["page_views", "goals", "beat_5m", "beat_pages_5m", "loss_cube", "goals_daily"] {
        execute(&client, &format!("ALTER TABLE {table} REMOVE TTL")).await;
    }
    client
}

/// Rows of a table that holds counts by slot, of 39 days: `number` is a slot's place before [`END`], from 0, and below 0 after it, of which there are `after`.
async fn fill(client: &Client, into: &str, after: u32, values: &str) {
    let sql = format!(
        "INSERT INTO {into} SELECT 'shop', toDateTime('{END}', 'UTC') - 300 * (number + 1) AS slot, {values}
         FROM (SELECT toInt64(number) - {after} AS number FROM numbers({} + {after}))",
        39 * 288
    );
    execute(client, &sql).await;
}

async fn one(client: &Client, columns: &str, country: &str, page_group: &str, from: &str, to: &str) -> String {
    let sql = format!(
        "SELECT {columns} FROM incident_loss(site = 'shop', country = '{country}', page_group = '{page_group}', from_at = '{from}', to_at = '{to}')"
    );
    lines(client, &sql).await.join(" ")
}

#[tokio::test]
async fn an_outage_costs_what_came_in_the_weeks_before_and_what_comes_later_is_its_rebound() {
    let client = kept("outage").await;
    // Two orders a slot; none in the last hour, then ten more than usual.
    fill(
        &client,
        "beat_5m (site, slot, country, views, orders)",
        300,
        "'DE', 40, if(number >= 0 AND number < 12, 0, 2)",
    )
    .await;
    execute(&client, &format!("INSERT INTO beat_5m (site, slot, country, orders) VALUES ('shop', toDateTime('{END}', 'UTC') + 3600, 'DE', 10)")).await;
    execute(
        &client,
        "INSERT INTO goals_daily VALUES ('shop', '2025-06-10', 'DE', 10, 500), ('shop', '2025-06-18', 'DE', 10, 9999)",
    )
    .await;
    let columns = "method, expected_orders, actual_orders, gross_lost, rebound_orders, net_lost, gross_lost_revenue, net_lost_revenue, level, weeks, is_final";
    let expected = "orders\t24\t0\t24\t10\t14\t1200\t700\t1\t5\t1";
    assert_eq!(one(&client, columns, "DE", "", "2025-06-18 11:00:00", END).await, expected);
    // All countries are this one; and a time within slots is that of the whole slots.
    assert_eq!(one(&client, columns, "", "", "2025-06-18 11:02:10", "2025-06-18 11:57:01").await, expected);
    let band = one(
        &client,
        "gross_lo > 10 AND gross_lo < 20, gross_hi > 28 AND gross_hi < 50, net_lo < 14 AND net_hi > 14",
        "DE",
        "",
        "2025-06-18 11:00:00",
        END,
    )
    .await;
    assert_eq!(band, "1\t1\t1");
    // One slot; a time in which nothing was wrong.
    assert_eq!(
        one(&client, "expected_orders, gross_lost", "DE", "", "2025-06-18 11:00:00", "2025-06-18 11:05:00").await,
        "2\t2"
    );
    assert_eq!(
        one(&client, "gross_lost, gross_lo < 0, gross_hi > 0", "DE", "", "2025-06-17 11:00:00", "2025-06-17 12:00:00")
            .await,
        "0\t1\t1"
    );
}

#[tokio::test]
async fn a_day_that_is_busier_is_expected_to_lose_more_and_one_bad_week_changes_nothing() {
    let client = kept("level").await;
    // Days differ, and the whole of each: 20, 22 or 18 an hour by turns. The last one has half as many again, and an hour without any.
    let day = "intDiv(number + 144, 288)";
    let usual = format!("multiIf({day} % 3 = 0, 20, {day} % 3 = 1, 22, 18)");
    let now = format!("if(number >= 0 AND number < 12, 0, if(number < 150, 30, {usual}))");
    fill(&client, "beat_5m (site, slot, country, views, orders)", 0, &format!("'DE', 10 * ({now}), {now}")).await;
    let bad = format!("if(number >= 2016 AND number < 2028, 0, {now})");
    fill(&client, "beat_5m (site, slot, country, views, orders)", 0, &format!("'FR', 10 * ({bad}), {bad}")).await;
    for country in ["DE", "FR"] {
        let row = one(
            &client,
            "gross_lost BETWEEN 325 AND 385, level BETWEEN 1.4 AND 1.6",
            country,
            "",
            "2025-06-18 11:00:00",
            END,
        )
        .await;
        assert_eq!(row, "1\t1", "{country}: {}", one(&client, "*", country, "", "2025-06-18 11:00:00", END).await);
    }
}

#[tokio::test]
async fn what_is_not_known_is_null_and_what_cannot_be_asked_is_refused() {
    let client = kept("edges").await;
    let (from, to) = ("2025-06-18 11:00:00", END);
    let nulls = "expected_orders, gross_lost, gross_lo, gross_hi, rebound_orders, net_lost, net_lo, net_hi, gross_lost_revenue, level";
    let null = ["\\N"; 10].join("\t");
    assert_eq!(one(&client, nulls, "", "", from, to).await, null);
    assert_eq!(one(&client, nulls, "", "/a", from, to).await, null);
    assert_eq!(one(&client, nulls, "DE", "/a", from, to).await, null);
    // Views and no orders: nothing is lost. Twenty days: too few weeks.
    fill(&client, "beat_5m (site, slot, country, views, orders)", 0, "'DE', 40, 0").await;
    execute(&client, "INSERT INTO beat_5m (site, slot, country, views, orders) SELECT site, slot, 'FR', 40, 2 FROM beat_5m WHERE slot >= '2025-05-29 00:00:00'").await;
    assert_eq!(
        one(&client, "expected_orders, gross_lost, gross_lo, gross_hi < 2, gross_lost_revenue", "DE", "", from, to)
            .await,
        "0\t0\t0\t1\t\\N"
    );
    for country in ["FR", "XX", "no such"] {
        assert_eq!(one(&client, nulls, country, "", from, to).await, null, "{country}");
    }
    for (from, to, says) in [
        (to, from, "from_at must be before to_at"),
        (to, to, "from_at must be before to_at"),
        ("2025-06-01 00:00:00", "2025-06-08 00:00:01", "at most 7 days"),
    ] {
        for view in ["incident_loss", "incident_slowness_loss"] {
            let sql = format!(
                "SELECT * FROM {view}(site = 'shop', country = '', page_group = '', from_at = '{from}', to_at = '{to}')"
            );
            let said = refusal(&client, &sql).await;
            assert!(said.contains(says), "{said}");
        }
    }
    assert_eq!(one(&client, "weeks", "DE", "", "2025-06-11 00:00:00", "2025-06-18 00:00:00").await, "4");
    // What is to come is not known.
    assert_eq!(one(&client, nulls, "DE", "", "2090-01-01 00:00:00", "2090-01-01 01:00:00").await, null);
}

#[tokio::test]
async fn an_incident_that_is_still_open_is_priced_up_to_now() {
    let client = kept("open").await;
    execute(
        &client,
        "INSERT INTO beat_5m (site, slot, country, views, orders)
         SELECT 'shop', toStartOfFiveMinutes(now()) - 300 * toInt64(number) AS slot, 'DE', 40, if(number <= 12, 0, 2) FROM numbers(39 * 288)",
    )
    .await;
    let sql = "SELECT expected_orders IN (20, 22, 24), actual_orders, rebound_orders, net_lost = gross_lost, is_final
         FROM incident_loss(site = 'shop', country = 'DE', page_group = '', from_at = toStartOfFiveMinutes(now()) - 3600, to_at = toDateTime('2100-01-01 00:00:00', 'UTC'))";
    assert_eq!(lines(&client, sql).await, ["1\t0\t0\t1\t0"]);
}

#[tokio::test]
async fn after_clocks_have_changed_the_history_is_read_by_the_one_that_fits() {
    let client = kept("clocks").await;
    // As many orders as the hour says by the clock: steep in the morning. Berlin changed on 26 October 2025; Tokyo never does.
    for (country, zone) in [("DE", "Europe/Berlin"), ("JP", "Asia/Tokyo")] {
        let sql = format!(
            "INSERT INTO beat_5m (site, country, slot, views, orders)
             SELECT 'shop', '{country}', slot, toInt64(views), if(slot >= '2025-10-28 06:00:00' AND slot < '2025-10-28 08:00:00', 0, toInt64(views))
             FROM (SELECT toDateTime('2025-09-14 00:00:00', 'UTC') + 300 * toInt64(number) AS slot,
                toHour(toTimeZone(slot, '{zone}')) + toMinute(toTimeZone(slot, '{zone}')) / 60 AS hour,
                60 + 50 * tanh(3 * cos((hour - 15) / 12 * pi())) AS views FROM numbers(47 * 288))"
        );
        execute(&client, &sql).await;
        let truth = lines(&client, &format!("SELECT sum(views) FROM beat_5m WHERE country = '{country}' AND slot >= '2025-10-28 06:00:00' AND slot < '2025-10-28 08:00:00'")).await;
        let lost = one(&client, "gross_lost", country, "", "2025-10-28 06:00:00", "2025-10-28 08:00:00").await;
        let (lost, truth): (f64, f64) = (lost.parse().unwrap(), truth[0].parse().unwrap());
        assert!((lost / truth - 1.0).abs() < 0.02, "{country}: {lost}, {truth}");
    }
}

#[tokio::test]
async fn a_page_group_that_stops_loses_the_orders_that_pass_through_it() {
    let client = kept("page").await;
    fill(&client, "beat_pages_5m (site, slot, page_group, views)", 0, "'/a', if(number >= 0 AND number < 12, 0, 40)")
        .await;
    // 100 orders in 28 days have seen it, 50 others have not; a bot's does not count.
    for (weight, pages, is_bot) in
        [(100, "['/a', '/a']", false), (50, "['/b', '/b']", false), (70, "['/a', '/b']", true)]
    {
        let sql = format!(
            "INSERT INTO goals (site, ts, weight, is_conversion, is_bot, value, country, page_group, earlier_ts, earlier_page_group, earlier_nav, earlier_lcp_ms)
             SELECT 'shop', '2025-06-10 10:00:00', {weight}, true, {is_bot}, 20, 'DE', '/pay', ['2025-06-10 09:00:00', '2025-06-10 09:01:00'], {pages}, ['entry', 'inner'], [900, 900]"
        );
        execute(&client, &sql).await;
    }
    let per_view = 100.0 / (28.0 * 288.0 * 40.0);
    let row = one(
        &client,
        "method, gross_lost, actual_orders, gross_lo < gross_lost AND gross_lost < gross_hi",
        "",
        "/a",
        "2025-06-18 11:00:00",
        END,
    )
    .await;
    let cells: Vec<&str> = row.split('\t').collect();
    assert_eq!((cells[0], cells[2], cells[3]), ("views of the page", "0", "1"), "{row}");
    let lost: f64 = cells[1].parse().unwrap();
    assert!((lost / (12.0 * 40.0 * per_view) - 1.0).abs() < 1e-9, "{lost}");
}

/// A number of that mean with the variance of a Poisson one; over 30 nearly so.
fn poisson(random: &mut StdRng, mean: f64) -> u32 {
    if mean > 30.0 {
        return whole((mean + mean.sqrt() * normal(random)).round());
    }
    let end = (-mean).exp();
    let mut product: f64 = random.random_range(0.0..1.0);
    let mut count = 0;
    while product > end {
        product *= random.random_range(0.0..1.0);
        count += 1;
    }
    count
}

/// Cut to a whole number that is not below 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some thousands at most, and the cast cuts at 0"
)]
fn whole(number: f64) -> u32 {
    number as u32
}

fn normal(random: &mut StdRng) -> f64 {
    let (one, other): (f64, f64) = (random.random_range(0.0..1.0), random.random_range(0.0..1.0));
    (-2.0 * (1.0 - one).ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

/// Slot, and views and orders of each.
type Slots = Vec<(i64, u32, u32)>;

/// The hours of 37 days around the same time, with days, hours and slots that differ. In the last ones, from `begin` for `seconds`, a share stays away. Returns the rows and the orders lost.
fn weeks(random: &mut StdRng, volume: f64, begin: i64, seconds: i64, away: f64) -> (Slots, u32) {
    let (mut rows, mut lost) = (Vec::new(), 0);
    for day in (0..37).rev() {
        let shift = day * 86_400;
        let level = (0.1 * normal(random)).exp();
        let mut hour = 0.0;
        for slot in ((begin - 8 * 3600) / 300 * 300..begin + seconds + 1200).step_by(300) {
            hour = 0.92 * hour + 0.39 * 0.05 * normal(random);
            // Nearly gamma: of variance 0.02.
            let mean = volume * pattern(slot - shift) * level * (hour + 0.14 * normal(random)).exp();
            let views = poisson(random, mean);
            let orders = poisson(random, f64::from(views) * 0.03);
            let within = (slot + 300).min(begin + seconds) - slot.max(begin);
            let share = if day == 0 && within > 0 { away * within as f64 / 300.0 } else { 0.0 };
            let missing: u32 = (0..orders).map(|_| u32::from(random.random_bool(share))).sum();
            lost += missing;
            rows.push((slot - shift, whole(f64::from(views) * (1.0 - share)), orders - missing));
        }
    }
    (rows, lost)
}

/// Few by night, and more at weekends.
fn pattern(at: i64) -> f64 {
    let hour = (at % 86_400) as f64 / 3600.0;
    let weekend = matches!((at / 86_400 + 4) % 7, 0 | 6);
    (1.0 + 0.65 * ((hour - 17.0) / 24.0 * std::f64::consts::TAU).cos()) * if weekend { 1.15 } else { 0.95 }
}

/// Rows for `page_views` and `goals`, which are put in at once: an INSERT makes a part for every day.
#[derive(Default)]
struct Arrivals {
    views: String,
    goals: String,
    number: u32,
}

impl Arrivals {
    /// Rows with a weight for all of a slot.
    fn push(&mut self, country: &str, rows: &Slots) {
        for (slot, views, orders) in rows {
            self.measured(country, *slot, (*views, *orders), None);
        }
    }

    /// So many views, with so many orders after them, of an LCP.
    fn measured(&mut self, country: &str, at: i64, (views, orders): (u32, u32), lcp_ms: Option<u32>) {
        self.number += 1;
        let number = self.number;
        let lcp = lcp_ms.map_or("\\N".to_owned(), |lcp_ms| lcp_ms.to_string());
        if views > 0 {
            let _ = writeln!(self.views, "shop\t{at}\t{number}\t{views}\t{country}\t/\t{lcp}");
        }
        let earlier =
            lcp_ms.map_or("[]\t[]\t[]\t[]".to_owned(), |lcp_ms| format!("['{at}.000']\t['/']\t['entry']\t[{lcp_ms}]"));
        if orders > 0 {
            let _ = writeln!(self.goals, "shop\t{at}\t{orders}\t1\t50\t{country}\t/\t{earlier}");
        }
    }

    async fn arrive(&mut self, client: &Client) {
        let views = "page_views (site, ts, view_id, weight, country, page_group, lcp_ms)";
        let goals = "goals (site, ts, weight, is_conversion, value, country, page_group, earlier_ts, earlier_page_group, earlier_nav, earlier_lcp_ms)";
        for (into, rows) in [(views, &mut self.views), (goals, &mut self.goals)] {
            execute(client, &format!("INSERT INTO {into} FORMAT TabSeparated\n{rows}")).await;
            rows.clear();
        }
    }
}

#[derive(Debug, Row, Deserialize)]
struct Priced {
    lost: f64,
    lo: f64,
    hi: f64,
}

async fn priced(client: &Client, view: &str, country: &str, from: i64, to: i64) -> Priced {
    let sql = format!(
        "SELECT assumeNotNull(gross_lost) AS lost, assumeNotNull(gross_lo) AS lo, assumeNotNull(gross_hi) AS hi
         FROM {view}(site = 'shop', country = '{country}', page_group = '', from_at = fromUnixTimestamp({from}), to_at = fromUnixTimestamp({to}))"
    );
    client.query(&sql).fetch_one().await.unwrap()
}

/// How far off all of them together are, and how many intervals hold the truth.
fn held(priced: &[(Priced, f64)]) -> (f64, usize) {
    let shown: f64 = priced.iter().map(|(row, _)| row.lost).sum();
    let truth: f64 = priced.iter().map(|(_, truth)| truth).sum();
    (shown / truth - 1.0, priced.iter().filter(|(row, truth)| row.lo <= *truth && *truth <= row.hi).count())
}

#[tokio::test]
async fn outages_cost_within_a_tenth_of_what_they_took_and_intervals_hold_it() {
    let client = kept("simulated").await;
    let mut random = StdRng::seed_from_u64(7);
    let (mut arrivals, mut incidents, mut all) = (Arrivals::default(), Vec::new(), Vec::new());
    for number in 0..16 {
        let volume = [100.0, 400.0, 1500.0][number % 3];
        let (seconds, away) = [(3600, 1.0), (7200, 0.6), (14_400, 1.0), (5000, 1.0)][number % 4];
        // Any second of the week of 16 June 2025.
        let begin = 1_750_032_000 + random.random_range(0..6 * 86_400);
        let (rows, lost) = weeks(&mut random, volume, begin, seconds, away);
        let country = format!("C{number}");
        arrivals.push(&country, &rows);
        incidents.push((country, begin, seconds, lost));
    }
    arrivals.arrive(&client).await;
    for (country, begin, seconds, lost) in incidents {
        all.push((priced(&client, "incident_loss", &country, begin, begin + seconds).await, f64::from(lost)));
    }
    let (off, covered) = held(&all);
    assert!(off.abs() < 0.1, "{off}: {all:?}");
    // 88 in 100 are asked; of 16, 13 are within what chance makes of that.
    assert!(covered >= 13, "{covered}: {all:?}");
}

/// The curve of the simulated slow-downs: how often an order follows, against a fast view.
const CURVE: [f64; 14] = [1.0, 1.0, 1.0, 1.0, 1.0, 0.93, 0.86, 0.78, 0.7, 0.6, 0.5, 0.42, 0.35, 0.3];
const EDGES_MS: [u32; 14] = [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10_000, 15_000, 30_000, 40_000];
/// Shares of buckets on a usual day, and in an incident.
const USUAL: [f64; 14] = [0.05, 0.15, 0.2, 0.2, 0.12, 0.08, 0.08, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002];
const SLOW: [f64; 14] = [0.0, 0.01, 0.04, 0.08, 0.12, 0.15, 0.2, 0.15, 0.1, 0.08, 0.04, 0.02, 0.007, 0.003];

/// A stratum's views at a time, by those shares of buckets; returns how many orders these cost.
fn measured(
    arrivals: &mut Arrivals,
    random: &mut StdRng,
    country: &str,
    (at, views): (i64, f64),
    shares: &[f64; 14],
) -> u32 {
    let rate = 0.05 * (0.05 * normal(random)).exp();
    let mut missing = 0.0;
    for bucket in 0..14 {
        let count = poisson(random, views * shares[bucket]);
        let orders = poisson(random, f64::from(count) * rate * CURVE[bucket]).min(count);
        missing += views * rate * (USUAL[bucket] - shares[bucket]) * CURVE[bucket];
        arrivals.measured(country, at, (count, orders), Some(EDGES_MS[bucket]));
    }
    if shares == &USUAL { 0 } else { poisson(random, missing) }
}

#[tokio::test]
async fn slow_downs_cost_within_a_fifth_of_what_they_took_and_intervals_hold_it() {
    let client = kept("slow").await;
    let mut random = StdRng::seed_from_u64(11);
    let first = 1_750_032_000_i64;
    let (mut arrivals, mut incidents, mut all) = (Arrivals::default(), Vec::new(), Vec::new());
    for (number, country) in (0_i64..).zip(["C0", "C1", "C2", "C3", "C4"]) {
        for day in 1..=28 {
            let views = 20_000.0 * (0.1 * normal(&mut random)).exp();
            measured(&mut arrivals, &mut random, country, (first - day * 86_400 + 43_200, views), &USUAL);
        }
        let begin = first + 3600 * (8 + number);
        incidents.push((country, begin, measured(&mut arrivals, &mut random, country, (begin + 60, 8000.0), &SLOW)));
    }
    arrivals.arrive(&client).await;
    for (country, begin, lost) in incidents {
        all.push((priced(&client, "incident_slowness_loss", country, begin, begin + 3600).await, f64::from(lost)));
    }
    let (off, covered) = held(&all);
    assert!(off.abs() < 0.2, "{off}: {all:?}");
    assert!(covered >= 4, "{covered}: {all:?}");
    let at = |from: &str, to: &str, country: &str| {
        format!(
            "SELECT views, gross_lost, gross_lo, gross_lost_revenue / 50 = gross_lost FROM incident_slowness_loss(site = 'shop', country = '{country}', page_group = '', from_at = '{from}', to_at = '{to}')"
        )
    };
    // Nobody was there: nothing was lost; a site without a history: nobody knows.
    assert_eq!(lines(&client, &at("2025-06-16 03:00:00", "2025-06-16 04:00:00", "C1")).await, ["0\t0\t0\t1"]);
    assert_eq!(lines(&client, &at("2025-03-16 03:00:00", "2025-03-16 04:00:00", "")).await, ["0\t\\N\t\\N\t\\N"]);
    // A day as any other costs nothing that is beyond chance.
    let usual = "SELECT gross_lo < 0, gross_hi > 0, abs(slow_share - usual_slow_share) < 0.02 FROM
        incident_slowness_loss(site = 'shop', country = '', page_group = '/', from_at = '2025-06-15 00:00:00', to_at = '2025-06-16 00:00:00')";
    assert_eq!(lines(&client, usual).await, ["1\t1\t1"]);
}
