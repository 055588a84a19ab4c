//! `slowtax simulate`: a history whose loss is known, and live visits.

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::collector::{CollectorProcess, Setup, free_port};
use tests::embedded::EmbeddedClickHouse;

/// How long a history of a hundred thousand views may take, unoptimised and beside other tests.
const HISTORY_TIME_MAX: Duration = Duration::from_mins(4);

fn collector(database: &str) -> CollectorProcess {
    let clickhouse = EmbeddedClickHouse::shared();
    clickhouse.database(database);
    CollectorProcess::start_on(&clickhouse.url(), database, &[("http.report_open", "true")])
}

/// Runs `slowtax simulate` with these words to its end.
pub(crate) fn simulate(setup: &Setup, words: &[&str]) -> Output {
    let mut command = setup.command(&["simulate"]);
    let mut child = command
        .args(words)
        .env_remove("SLOWTAX_EXIT_ON_STDIN_EOF")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + HISTORY_TIME_MAX;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() >= deadline {
            child.kill().unwrap();
            panic!("simulate {words:?} does not end:\n{}", said(&child.wait_with_output().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What the simulation says is true of its visits.
struct Known {
    views: u64,
    orders: u64,
    revenue: f64,
    lost: f64,
    lost_revenue: f64,
    /// Views by country.
    countries: Vec<(String, u64)>,
}

impl Known {
    fn read(text: &str) -> Self {
        let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).unwrap();
        let numbers = |line: &str| -> Vec<String> {
            line.split([' ', ';']).filter(|word| word.parse::<f64>().is_ok()).map(str::to_owned).collect()
        };
        let [views, _sessions, orders, revenue] = &numbers(line("known of these visits: "))[..] else {
            panic!("{text}")
        };
        let [lost, lost_revenue] = &numbers(line("known loss at 2500 ms: "))[..] else { panic!("{text}") };
        let table = text.lines().skip_while(|line| !line.starts_with("country ")).skip(1);
        let countries = table.map(|line| {
            let mut words = line.split_whitespace();
            (words.next().unwrap().to_owned(), words.next().unwrap().parse().unwrap())
        });
        let mut countries: Vec<_> = countries.collect();
        countries.sort();
        Self {
            views: views.parse().unwrap(),
            orders: orders.parse().unwrap(),
            revenue: revenue.parse().unwrap(),
            lost: lost.parse().unwrap(),
            lost_revenue: lost_revenue.parse().unwrap(),
            countries,
        }
    }
}

/// The one row of the overview.
fn overview(collector: &CollectorProcess, query: &str) -> Value {
    let answer = collector.get(&format!("/api/v1/overview?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut answer: Value = serde_json::from_slice(&answer.body).unwrap();
    answer["rows"][0].take()
}

fn number(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap_or_else(|| panic!("{name} in {row}"))
}

fn count(collector: &CollectorProcess, sql: &str) -> u64 {
    collector.query(sql).parse().unwrap_or_else(|_| panic!("{sql}"))
}

/// All rows that a history has, in every table that is fed by them.
fn all_rows(collector: &CollectorProcess) -> Vec<u64> {
    let counts = [
        "SELECT count() FROM page_views",
        "SELECT count() FROM resource_timings",
        "SELECT count() FROM goals",
        "SELECT count() FROM page_errors",
        "SELECT sum(n) FROM loss_cube",
        "SELECT sum(k) FROM loss_cube",
        "SELECT sum(orders) FROM goals_daily",
        "SELECT sum(views) FROM beat_5m",
    ];
    counts.iter().map(|sql| count(collector, sql)).collect()
}

/// Every view's rows are there once: what the views say of themselves is what the other tables have.
fn check_whole(collector: &CollectorProcess, known: &Known) {
    assert_eq!(count(collector, "SELECT count() FROM page_views"), known.views);
    assert_eq!(count(collector, "SELECT uniqExact(view_id) FROM page_views"), known.views);
    assert_eq!(count(collector, "SELECT count() FROM goals"), known.orders);
    let [resources, seen] = ["SELECT count() FROM resource_timings", "SELECT sum(resources_seen) FROM page_views"];
    assert_eq!(count(collector, resources), count(collector, seen));
    let [in_cube, measured] = [
        "SELECT sum(n) FROM loss_cube",
        "SELECT count() FROM page_views WHERE lcp_ms IS NOT NULL AND NOT hidden_at_start",
    ];
    assert_eq!(count(collector, in_cube), count(collector, measured));
    let [in_cube, earlier] = ["SELECT sum(k) FROM loss_cube", "SELECT sum(length(earlier_ts)) FROM goals"];
    assert_eq!(count(collector, in_cube), count(collector, earlier));
}

#[test]
fn the_report_recovers_the_known_loss_of_a_history_and_the_naive_figure_does_not() {
    let collector = collector("simulate_known_loss");
    let words = ["--history", "28", "--views-per-day", "4000", "--end", "2026-11-23"];
    let output = simulate(collector.setup(), &words);
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("28 days of shop inserted"), "{text}");
    let known = Known::read(&text);
    assert!(known.views > 100_000 && known.lost > 100.0, "{text}");
    check_whole(&collector, &known);

    let shown = overview(&collector, "from_day=2026-10-26&to_day=2026-11-24");
    assert!((number(&shown, "orders") - known.orders as f64).abs() < 0.5);
    assert!((number(&shown, "revenue") - known.revenue).abs() < 1.0);
    assert_eq!(shown["verdict"], "loss");
    assert!((number(&shown, "simulated_share") - 1.0).abs() < 1e-9);
    let (lost, lo, hi) = (number(&shown, "est_lost"), number(&shown, "lo"), number(&shown, "hi"));
    let standard_error = (hi - lo) / 2.0 / 1.96;
    println!("lost orders: known {:.1}, shown {lost:.1} [{lo:.1}, {hi:.1}]", known.lost);
    assert!((lo..=hi).contains(&known.lost), "known {}, shown {lost} [{lo}, {hi}]", known.lost);
    assert!((lost - known.lost).abs() <= (0.1 * known.lost).max(standard_error), "known {}, shown {lost}", known.lost);
    let lost_revenue = number(&shown, "est_lost_revenue");
    assert!(
        (lost_revenue / known.lost_revenue - 1.0).abs() < 0.25,
        "known {}, shown {lost_revenue}",
        known.lost_revenue
    );

    // Pooled over everything: slow views convert less for many reasons.
    let naive = "SELECT ns * k0 / n0 - ks FROM (SELECT sumIf(n, bucket <= 4) AS n0, sumIf(k, bucket <= 4) AS k0, \
                 sumIf(n, bucket > 4) AS ns, sumIf(k, bucket > 4) AS ks FROM loss_cube)";
    let naive: f64 = collector.query(naive).parse().unwrap();
    println!("the naive figure: {naive:.1}");
    assert!(naive > 4.0 * known.lost, "naive {naive}");

    // The cube as it was streamed, against the raw tables: goals are looked for by session, without what they carry.
    let check = "SELECT count(), sum(abs(n_streamed - n_recounted)), sum(abs(k_streamed - k_recounted)) \
                 FROM cube_check(site = 'shop', from_day = '2026-10-26', to_day = '2026-11-24')";
    assert_eq!(collector.query(check), "0\t0\t0");

    // Every address is in the country that the table of countries says.
    let by_country = collector.query("SELECT country, count() FROM page_views GROUP BY country ORDER BY country");
    let by_country: Vec<(String, u64)> = by_country
        .lines()
        .map(|line| line.split_once('\t').map(|(country, views)| (country.to_owned(), views.parse().unwrap())).unwrap())
        .collect();
    assert_eq!(by_country, known.countries);
    let unmarked = "SELECT countIf(NOT is_simulated) + countIf(is_bot) FROM page_views";
    assert_eq!(count(&collector, unmarked), 0);
    let devices = collector.query("SELECT DISTINCT device FROM page_views ORDER BY device");
    assert_eq!(devices.lines().collect::<Vec<_>>(), ["mobile", "desktop", "tablet"]);
    let phases = "SELECT countIf(dns_ms + tcp_ms + tls_ms + request_ms > ttfb_ms) FROM page_views";
    assert_eq!(count(&collector, phases), 0);

    // Again: nothing is added.
    let before = all_rows(&collector);
    let again = said(&simulate(collector.setup(), &words));
    assert!(again.contains("the history of shop is there already"), "{again}");
    assert!((Known::read(&again).lost - known.lost).abs() < 1e-9);
    // A longer one adds the days that are missing; another one leaves what is there alone.
    let other = simulate(collector.setup(), &["--history", "28", "--views-per-day", "500", "--end", "2026-11-23"]);
    assert!(other.status.success() && said(&other).contains("has another simulated history"), "{}", said(&other));
    assert_eq!(all_rows(&collector), before);
}

#[test]
fn a_history_that_was_interrupted_goes_on_and_has_every_row_once() {
    let collector = collector("simulate_interrupted");
    let words = ["--history", "24", "--views-per-day", "700", "--end", "2026-11-23"];
    let mut command = collector.setup().command(&["simulate"]);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().expect("a batch is stored").unwrap();
    assert!(first.contains("views stored"), "{first}");
    child.kill().unwrap();
    child.wait().unwrap();
    let views = count(&collector, "SELECT count() FROM page_views");

    let output = simulate(collector.setup(), &words);
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    let known = Known::read(&text);
    assert!(views > 0 && views < known.views, "{views} of {} were there", known.views);
    check_whole(&collector, &known);
    assert!(said(&simulate(collector.setup(), &words)).contains("is there already"));

    // The next day the history is a day longer, and nothing else changes.
    let next =
        said(&simulate(collector.setup(), &["--history", "24", "--views-per-day", "700", "--end", "2026-11-24"]));
    assert!(next.contains("1 days of shop inserted"), "{next}");
    let days = count(&collector, "SELECT uniqExact(dimensions['history']) FROM page_views");
    assert_eq!(days, 25);
}

#[test]
fn live_visits_come_over_http_from_their_countries_and_every_view_counts_once() {
    let collector = collector("simulate_live");
    let output = simulate(collector.setup(), &["--live", "--rate", "25", "--for", "9", "--url", &collector.url()]);
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    collector.wait_until_stored();

    let taken = text.split("; ").find_map(|part| part.split(" beacons taken").next()?.trim().parse::<u64>().ok());
    let accepted = collector.metric("slowtax_beacons_accepted_total");
    // What was on its way when it stopped may have been taken without an answer.
    assert!(taken.is_some_and(|taken| taken > 50 && taken <= accepted && accepted - taken < 64), "{text}\n{accepted}");
    let rows = |sql: &str| count(&collector, sql);
    assert_eq!(rows("SELECT countIf(NOT is_simulated) FROM page_views"), 0);
    assert_eq!(rows("SELECT countIf(country = 'ZZ') FROM page_views"), 0);
    assert!(rows("SELECT uniqExact(country) FROM page_views") >= 5, "{text}");
    assert!(rows("SELECT uniqExact(device) FROM page_views") >= 2);
    assert_eq!(rows("SELECT uniqExact(seq) FROM page_views"), 2, "settled and hidden");
    // The language goes with the country, as the address does.
    let wrong = "SELECT countIf(country != substring(language, 4, 2)) FROM page_views";
    assert_eq!(rows(wrong), 0);
    assert_eq!(rows("SELECT countIf(abs(dateDiff('second', ts, received_at)) > 120) FROM page_views"), 0);
    let in_cube = rows("SELECT sum(n) FROM loss_cube");
    let measured = rows("SELECT count() FROM page_views FINAL WHERE lcp_ms IS NOT NULL");
    assert_eq!(in_cube, measured, "each view once, with its last snapshot");
    assert!(rows("SELECT count() FROM resource_timings") > 0);
}

#[test]
fn what_is_in_the_way_is_said_with_what_to_do() {
    let refuse = |setup: &Setup, words: &[&str]| {
        let output = simulate(setup, words);
        assert!(!output.status.success(), "{words:?}\n{}", said(&output));
        said(&output)
    };
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let alone = Setup::new(&[("clickhouse.mode", "server"), ("clickhouse.url", &nowhere)]);
    let text = refuse(&alone, &["--history", "1"]);
    assert!(text.contains(&nowhere) && text.contains("does not answer") && text.contains("slowtax serve"), "{text}");
    let text = refuse(&alone, &["--live", "--url", &nowhere]);
    assert!(text.contains("cannot be reached") && text.contains("slowtax serve"), "{text}");
    let text = refuse(&alone, &["--live", "--url", "nonsense"]);
    assert!(text.contains("\"nonsense\" is not the URL of a collector"), "{text}");
    let text = refuse(&alone, &["--history", "1", "--site", "shoop"]);
    assert!(text.contains("no site \"shoop\"") && text.contains("shop"), "{text}");
    refuse(&alone, &["--history", "1", "--live"]);
    refuse(&alone, &["--history", "90"]);
    refuse(&alone, &[]);

    let clickhouse = EmbeddedClickHouse::shared();
    let empty = "simulate_no_tables";
    clickhouse.database(empty);
    let on_empty =
        [("clickhouse.mode", "server"), ("clickhouse.url", &clickhouse.url()), ("clickhouse.database", empty)];
    let text = refuse(&Setup::new(&on_empty), &["--history", "1"]);
    assert!(text.contains("has no tables") && text.contains("slowtax migrate"), "{text}");
    let mut no_geo = on_empty.to_vec();
    no_geo.push(("geo.database", ""));
    let text = refuse(&Setup::new(&no_geo), &["--history", "1"]);
    assert!(text.contains("GeoIP"), "{text}");

    // A collector that has another site does not want the beacons.
    let running = collector("simulate_refused");
    std::fs::write(alone.config_file(), "[sites.other]\nname = \"Other\"\n").unwrap();
    let text = refuse(&alone, &["--live", "--rate", "50", "--url", &running.url()]);
    assert!(text.contains("refuses the beacons: 403") && text.contains("unknown_site"), "{text}");
}
