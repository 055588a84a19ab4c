//! Alarms, incidents, silences and risks over the API: what is read.

use serde_json::{Value, json};
use tests::collector::{Answer, CollectorProcess};

use super::api::directly;
use super::{collector, rows, same};

/// The incident that the tables about one are asked for.
pub(super) const ONE: &str = "20261125-1405-00b0";
/// The tables, and what each is asked with.
pub(super) const TABLES: [(&str, &str); 9] = [
    ("pulse", "site=shop"),
    ("watch", "site=shop"),
    ("alarms", "site=shop"),
    ("incidents", "site=shop"),
    ("incident-alarms", "site=shop&incident=20261125-1405-00b0"),
    ("incident-pulse", "site=shop&incident=20261125-1405-00b0"),
    ("incident-totals", "site=shop"),
    ("risks", "site=shop&target_ms=3000"),
    ("silences", "site=shop"),
];
pub(super) const HOUR: i64 = 3600;
pub(super) const DAY: i64 = 24 * HOUR;

/// Unix seconds, as ClickHouse has them.
pub(super) fn now(collector: &CollectorProcess) -> i64 {
    collector.query("SELECT toUnixTimestamp(now())").parse().unwrap()
}

/// Adds an incident of a site: `resolved` and `lost` as SQL.
pub(super) fn add_incident(
    collector: &CollectorProcess,
    site: &str,
    id: &str,
    started: i64,
    resolved: &str,
    lost: &str,
) {
    let detected = started + 360;
    collector.query(&format!(
        "INSERT INTO incidents (site, incident_id, kind, started_at, detected_at, resolved_at, title, rules, countries, alarms, net_lost, net_lost_revenue, version)
         VALUES ('{site}', '{id}', 'outage', {started}, {detected}, {resolved}, 'Views stay away', ['volume'], ['BR', 'DE'], 2, {lost}, {lost} * 50, 1)"
    ));
}

/// The incident that the tables about one are asked for, as one that lasted for an hour, and its alarms.
pub(super) fn add_one(collector: &CollectorProcess) {
    let started = now(collector) - 26 * HOUR;
    add_incident(collector, "shop", ONE, started, &(started + HOUR).to_string(), "120");
    add_alarm(collector, "shop", "b", started, "resolved", "BR", ONE);
    add_alarm(collector, "shop", "c", started + 60, "resolved", "DE", ONE);
}

/// Adds an alarm that, where it is over, lasted for an hour.
fn add_alarm(
    collector: &CollectorProcess,
    site: &str,
    fingerprint: &str,
    opened: i64,
    state: &str,
    country: &str,
    incident: &str,
) {
    let fired = if state == "pending" { "NULL".to_owned() } else { (opened + 360).to_string() };
    let resolved = if state == "resolved" { (opened + HOUR).to_string() } else { "NULL".to_owned() };
    collector.query(&format!(
        "INSERT INTO alarms (site, fingerprint, opened_at, rule, country, urgency, state, fired_at, resolved_at, judged_at, observed, expected, lo, hi, z, summary, incident_id, version)
         VALUES ('{site}', '{fingerprint}', {opened}, 'volume', '{country}', 'page', '{state}', {fired}, {resolved}, {opened}, 3, 40, 18, 85, -7.5, 'Few views', '{incident}', 1)"
    ));
}

/// Five weeks and three days of views in each 5 minutes, of this country.
fn add_views(collector: &CollectorProcess, country: &str, views: u32) {
    collector.query(&format!(
        "INSERT INTO beat_5m (site, slot, country, views)
         SELECT 'shop', toStartOfFiveMinutes(now()) - 300 * number, '{country}', {views} + cityHash64(number, '{country}') % 5 FROM numbers(38 * 288)"
    ));
}

pub(super) fn told(answer: &Answer) -> (u16, Value) {
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
    let body = serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.text()));
    (answer.status, body)
}

/// What is told of the incident that the tables about one are asked for.
pub(super) fn one(collector: &CollectorProcess) -> Value {
    let incidents = rows(collector, "/api/v1/incidents?site=shop");
    incidents.into_iter().find(|row| row["incident_id"] == ONE).expect("it is there")
}

pub(super) fn refused(collector: &CollectorProcess, reason: &str) -> u64 {
    collector.metric(&format!("slowtax_requests_refused_total{{reason=\"{reason}\"}}"))
}

pub(super) fn keys<'a>(rows: &'a [Value], column: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row[column].as_str().unwrap_or_else(|| panic!("{column} of {row}"))).collect()
}

#[test]
fn every_table_is_what_the_sql_that_it_shows_says_in_json_and_in_csv() {
    let collector = collector("incident_tables", &[]);
    add_one(&collector);
    add_views(&collector, "BR", 40);
    add_views(&collector, "DE", 20);
    let until = now(&collector) + HOUR;
    collector.query(&format!(
        "INSERT INTO silences (site, silence_id, from_at, until_at, reason, version) VALUES ('shop', '1', {until} - 7200, {until}, 'x', 1)"
    ));
    for (table, query) in TABLES {
        // Both within the same minute, so that they are asked of the same one.
        let at = if table == "pulse" { "&at=".to_owned() + &judged_at(&collector) } else { String::new() };
        let path = format!("/api/v1/{table}?{query}{at}");
        let truth = directly(&collector, &path);
        let answer = Value::Array(rows(&collector, &path));
        // Whether a view is there for risks, this test does not say.
        assert_eq!(truth.is_empty(), table == "risks", "{path}");
        assert!(same(&answer, &Value::Array(truth.clone())), "{path}\n{answer}\n{truth:?}");
        let csv = collector.request("GET", &path, &[("Accept", "text/csv")], b"");
        assert_eq!((csv.status, csv.text().lines().count()), (200, truth.len() + 1), "{path}");
    }
}

/// An instant that has been judged, a minute or more ago.
fn judged_at(collector: &CollectorProcess) -> String {
    collector.query("SELECT formatDateTime(toStartOfFiveMinutes(now('UTC') - 60) + 60, '%Y-%m-%dT%H:%i:%SZ')")
}

#[test]
fn the_pulse_is_the_volume_of_the_total_and_of_the_11_largest_countries() {
    let collector = collector("incident_pulse", &[]);
    // Of another instant than below, since an answer is given again for a moment.
    let before = collector.query("SELECT formatDateTime(now('UTC') - 7200, '%Y-%m-%dT%H:%i:%SZ')");
    assert_eq!(
        keys(&rows(&collector, &format!("/api/v1/pulse?at={before}")), "country"),
        [""; 36],
        "the total is always there"
    );
    let countries = ["AA", "BB", "CC", "DD", "EE", "FF", "GG", "HH", "II", "JJ", "KK", "LL", "MM"];
    for (country, views) in countries.iter().zip((10..).step_by(10)) {
        add_views(&collector, country, views);
    }
    let at = judged_at(&collector);
    let pulse = rows(&collector, &format!("/api/v1/pulse?at={at}"));
    let mut shown: Vec<&str> = keys(&pulse, "country");
    shown.dedup();
    // The total first, then by views.
    assert_eq!(shown, ["", "MM", "LL", "KK", "JJ", "II", "HH", "GG", "FF", "EE", "DD", "CC"]);
    assert_eq!(pulse.len(), 12 * 36);
    assert!(pulse.iter().all(|row| row["state"] == "ok"));
    let sql = format!(
        "SELECT country, at, observed, expected, lo, hi, state
         FROM volume_alarms_between(site = 'shop', from_at = parseDateTimeBestEffort('{at}') - 10500, to_at = parseDateTimeBestEffort('{at}'))
         WHERE window_min = 5 AND country = 'MM' ORDER BY at FORMAT JSONEachRow
         SETTINGS output_format_json_quote_64bit_integers = 0, date_time_output_format = 'iso'"
    );
    let view: Vec<Value> = collector.query(&sql).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(same(&Value::Array(pulse[36..72].to_vec()), &Value::Array(view.clone())), "{view:?}");
    // A minute after its end, and not before.
    let judged = |at: &str, less_s: u32| {
        let sql = format!("SELECT formatDateTime(parseDateTimeBestEffort('{at}') - {less_s}, '%Y-%m-%dT%H:%i:%SZ')");
        let path = format!("/api/v1/pulse?at={}", collector.query(&sql));
        rows(&collector, &path)[35]["at"].as_str().unwrap().to_owned()
    };
    let ended = |less_s: u32| {
        collector.query(&format!(
            "SELECT formatDateTime(parseDateTimeBestEffort('{at}') - 60 - {less_s}, '%Y-%m-%dT%H:%i:%SZ')"
        ))
    };
    assert_eq!((judged(&at, 0), judged(&at, 1)), (ended(0), ended(300)));
}

#[test]
fn instants_and_incidents_that_do_not_fit_are_refused_by_name() {
    let collector = collector("incident_parameters", &[]);
    add_one(&collector);
    let started = now(&collector) - DAY;
    add_incident(&collector, "other", "of-another-site", started, "NULL", "1");
    for (path, parameter) in [
        ("pulse?at=yesterday", "at"),
        ("pulse?at=2999-01-01T00:00:00Z", "at"),
        ("pulse?from_day=2026-11-01", "(unknown)"),
        ("alarms?to_day=2026-11-01", "(unknown)"),
        ("incidents?at=2026-11-01T00:00:00Z", "(unknown)"),
        ("incident-alarms", "incident"),
        ("incident-pulse?incident=", "incident"),
        ("incident-pulse?incident=20261125-1405-ffff", "incident"),
        ("incident-alarms?incident=of-another-site", "incident"),
        ("risks?target_ms=1", "target_ms"),
        ("silences?site=shoop", "site"),
    ] {
        let (status, body) = told(&collector.get(&format!("/api/v1/{path}")));
        assert_eq!(
            (status, &body["error"], &body["parameter"]),
            (400, &json!("bad_parameter"), &json!(parameter)),
            "{path}"
        );
        assert!(body["expected"].as_str().is_some_and(|expected| !expected.is_empty()));
    }
    assert_eq!(refused(&collector, "bad_parameter"), 11);
}

#[test]
fn incidents_come_open_ones_first_and_then_by_what_they_cost() {
    let collector = collector("incident_list", &[]);
    let now = now(&collector);
    for (id, ago, lasted, lost) in [
        ("small", DAY, Some(HOUR), "30"),
        ("unpriced", DAY, Some(HOUR), "NULL"),
        ("large", 2 * DAY, Some(2 * HOUR), "300.5"),
        ("open", 40 * DAY, None, "NULL"),
        ("open-priced", HOUR, None, "7"),
        ("old", 40 * DAY, Some(HOUR), "9999"),
        ("into", 40 * DAY, Some(39 * DAY), "1"),
    ] {
        let started = now - ago;
        let resolved = lasted.map_or_else(|| "NULL".to_owned(), |lasted| (started + lasted).to_string());
        add_incident(&collector, "shop", id, started, &resolved, lost);
    }
    add_incident(&collector, "other", "other", now - DAY, "NULL", "99999");
    // A later version of a row counts.
    collector.query("INSERT INTO incidents SELECT * REPLACE (31 AS net_lost, 2 AS version) FROM incidents FINAL WHERE incident_id = 'small'");
    let incidents = rows(&collector, "/api/v1/incidents?site=shop");
    assert_eq!(keys(&incidents, "incident_id"), ["open-priced", "open", "large", "small", "into", "unpriced"]);
    let small = &incidents[3];
    assert_eq!((&small["net_lost"], &small["is_open"], &small["kind"]), (&json!(31), &json!(false), &json!("outage")));
    assert_eq!(
        (&small["discover_s"], &small["respond_s"], &small["recover_s"]),
        (&json!(360), &Value::Null, &json!(3600))
    );
    assert_eq!(
        (&small["countries"], &small["cause"], &small["version"]),
        (&json!(["BR", "DE"]), &json!(""), &json!(0))
    );
    assert_eq!((&incidents[0]["recover_s"], &incidents[0]["is_open"]), (&Value::Null, &json!(true)));
    collector.query(&format!(
        "INSERT INTO incident_edits (site, incident_id, acknowledged_at, mitigated_at, cause, notes, edited_by, version)
         VALUES ('shop', 'small', {0} + 500, {0} + 900, 'dns', 'n', 'ann', 1782900000005), ('other', 'small', {0}, {0}, 'x', 'x', 'x', 1782900000009)",
        now - DAY
    ));
    let small = rows(&collector, "/api/v1/incidents?site=shop").remove(3);
    assert_eq!(
        (&small["respond_s"], &small["cause"], &small["edited_by"]),
        (&json!(140), &json!("dns"), &json!("ann"))
    );
    assert_eq!(&small["version"], &json!(1_782_900_000_005_u64));
}

#[test]
fn totals_are_by_quarter_and_cause_and_what_the_last_year_cost() {
    let collector = collector("incident_totals", &[]);
    let at = |text: &str| {
        collector.query(&format!("SELECT toUnixTimestamp(toDateTime('{text}', 'UTC'))")).parse::<i64>().unwrap()
    };
    for (id, started, lasted, lost, cause) in [
        ("1", "2025-12-31 23:59:59", HOUR, "1000", "dns"),
        ("2", "2026-02-01 12:00:00", HOUR, "100", "dns"),
        ("3", "2026-03-31 23:30:00", 2 * HOUR, "10", "dns"),
        ("4", "2026-04-01 00:00:00", HOUR / 2, "50", "deploy"),
        ("5", "2026-05-01 00:00:00", HOUR, "NULL", "deploy"),
        ("6", "2026-06-30 23:59:59", HOUR, "NULL", ""),
        ("7", "2026-07-01 00:00:00", HOUR, "77", "dns"),
    ] {
        let started = at(started);
        add_incident(&collector, "shop", id, started, &(started + lasted).to_string(), lost);
        if !cause.is_empty() {
            collector.query(&format!(
                "INSERT INTO incident_edits (site, incident_id, cause, version) VALUES ('shop', '{id}', '{cause}', 1782900000000)"
            ));
        }
    }
    let totals = rows(&collector, "/api/v1/incident-totals?site=shop&from_day=2026-01-01&to_day=2026-07-01");
    let figures = |row: &Value| {
        [
            "quarter",
            "cause",
            "incidents",
            "hours",
            "priced",
            "net_lost",
            "net_lost_revenue",
            "year_incidents",
            "year_net_lost",
            "year_net_lost_revenue",
        ]
        .map(|column| row[column].clone())
    };
    assert_eq!(
        totals.iter().map(figures).collect::<Vec<_>>(),
        [
            [
                json!("2026-04-01"),
                json!("deploy"),
                json!(2),
                json!(1.5),
                json!(1),
                json!(50),
                json!(2500),
                json!(2),
                json!(50),
                json!(2500)
            ],
            [
                json!("2026-04-01"),
                json!(""),
                json!(1),
                json!(1),
                json!(0),
                Value::Null,
                Value::Null,
                json!(1),
                Value::Null,
                Value::Null
            ],
            [
                json!("2026-01-01"),
                json!("dns"),
                json!(2),
                json!(3),
                json!(2),
                json!(110),
                json!(5500),
                json!(3),
                json!(1110),
                json!(55500)
            ],
        ]
    );
}

#[test]
fn an_incidents_pulse_is_of_its_countries_from_three_hours_before_to_three_after() {
    let collector = collector("incident_span", &[]);
    add_one(&collector);
    for (country, views) in [("BR", 40), ("DE", 20), ("FR", 90)] {
        add_views(&collector, country, views);
    }
    let answer: Value =
        serde_json::from_slice(&collector.get(&format!("/api/v1/incident-pulse?incident={ONE}")).body).unwrap();
    let pulse = answer["rows"].as_array().unwrap();
    let mut shown = keys(pulse, "country");
    shown.dedup();
    assert_eq!(shown, ["BR", "DE"]);
    // Seven hours, in which every slot is judged.
    assert!([2 * 84, 2 * 85].contains(&pulse.len()), "{}", pulse.len());
    let started = one(&collector)["started_at"].as_str().unwrap().to_owned();
    let hours = collector.query(&format!(
        "SELECT dateDiff('second', parseDateTimeBestEffort('{}'), parseDateTimeBestEffort('{started}')), dateDiff('second', parseDateTimeBestEffort('{started}'), parseDateTimeBestEffort('{}'))",
        answer["from_at"].as_str().unwrap(),
        answer["to_at"].as_str().unwrap()
    ));
    assert_eq!(hours, "10800\t14400");
    // One of no country is of all together.
    collector.query(&format!("INSERT INTO incidents SELECT * REPLACE ([] AS countries, 2 AS version) FROM incidents FINAL WHERE incident_id = '{ONE}'"));
    let pulse = rows(&collector, &format!("/api/v1/incident-pulse?incident={ONE}"));
    assert!(pulse.iter().all(|row| row["country"] == "" && row["observed"].as_i64() > Some(140)), "{pulse:?}");
}

#[test]
fn alarms_are_those_that_are_open_and_those_of_the_last_week() {
    let collector = collector("incident_alarms", &[]);
    add_one(&collector);
    let now = now(&collector);
    add_alarm(&collector, "shop", "firing", now - 30 * DAY, "firing", "", "");
    add_alarm(&collector, "shop", "pending", now - 300, "pending", "US", "");
    add_alarm(&collector, "shop", "week", now - 7 * DAY - HOUR + 60, "resolved", "US", "");
    add_alarm(&collector, "shop", "older", now - 7 * DAY - HOUR - 60, "resolved", "US", "");
    add_alarm(&collector, "other", "other", now - 300, "firing", "US", ONE);
    let alarms = rows(&collector, "/api/v1/alarms?site=shop");
    assert_eq!(keys(&alarms, "fingerprint"), ["firing", "pending", "c", "b", "week"]);
    assert_eq!(
        (&alarms[0]["state"], &alarms[0]["z"], &alarms[0]["resolved_at"]),
        (&json!("firing"), &json!(-7.5), &Value::Null)
    );
    let of_one = rows(&collector, &format!("/api/v1/incident-alarms?site=shop&incident={ONE}"));
    assert_eq!(keys(&of_one, "fingerprint"), ["b", "c"]);
    assert_eq!(
        collector.query("SELECT arraySort(groupArray(fingerprint)) FROM alarms_open(site = 'shop')"),
        "['firing','pending']"
    );
}

#[test]
fn it_is_told_whether_anybody_watches_and_when_all_was_judged_last() {
    let collector = collector("incident_watch", &[]);
    let watch = || rows(&collector, "/api/v1/watch?site=shop");
    let claim = |name: &str, until: &str, judged_s: i64| {
        collector.query(&format!(
            "INSERT INTO watch_claims (claim, holder, claimed_at, until, judged_at) VALUES ('{name}', 'a', now() - 600, {until}, toDateTime64({judged_s}, 3))"
        ));
    };
    assert_eq!(watch(), [json!({"is_watched": false, "judged_at": null})]);
    // Whoever has only just begun has judged nothing yet.
    claim("a", "now() + 100", 0);
    assert_eq!(watch(), [json!({"is_watched": true, "judged_at": null})]);
    claim("a", "now() + 150", 1_795_000_000);
    assert_eq!(watch(), [json!({"is_watched": true, "judged_at": "2026-11-18T11:06:40Z"})]);
    // It lets go.
    claim("a", "now() - 600", 0);
    assert_eq!(watch(), [json!({"is_watched": false, "judged_at": "2026-11-18T11:06:40Z"})]);
    claim("b", "now() - 1", 1_795_000_060);
    assert_eq!(watch(), [json!({"is_watched": false, "judged_at": "2026-11-18T11:07:40Z"})]);
}
