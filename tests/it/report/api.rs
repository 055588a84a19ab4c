//! `/api/v1`: what ClickHouse says, as JSON and CSV, and what is refused.

use serde_json::{Value, json};
use tests::collector::{CollectorProcess, Setup};
use tests::embedded::workspace;

use super::{add_history, collector, incidents, rows, same};

const QUERY: &str = "site=shop&from_day=2026-10-26&to_day=2026-11-24";

/// The tables, and what each is asked with beside site and days: as it is, and narrowed.
const TABLES: [(&str, &[&str]); 17] = [
    ("overview", &["target_ms=3000", "device=mobile", "nav=inner&target_ms=1500"]),
    ("countries", &["target_ms=3000", "device=desktop&nav=entry"]),
    ("pages", &["target_ms=3000", "nav=entry"]),
    ("country-pages", &["target_ms=3000", "country=BR", "page_group=/", "country=BR&device=mobile"]),
    ("curve", &["target_ms=3000", "country=BR", "page_group=/&nav=entry"]),
    ("what-if", &["", "country=BR", "page_group=/", "country=BR&page_group=/"]),
    ("trend", &["target_ms=3000", "country=BR", "page_group=/", "device=mobile"]),
    ("phases-by-country", &["", "page_group=/"]),
    ("phases-by-page", &["", "country=BR&device=mobile"]),
    ("hosts", &["", "country=BR", "nav=entry"]),
    (
        "vitals",
        &[
            "dimension=device",
            "dimension=browser&country=BR",
            "dimension=site&nav=entry",
            "dimension=page_group&release=none",
        ],
    ),
    ("lcp-elements", &["", "country=BR"]),
    ("inp-targets", &["", "page_group=/"]),
    ("slow-scripts", &["", "device=mobile"]),
    ("errors", &["", "country=BR&nav=inner"]),
    ("releases", &["target_ms=3000"]),
    ("release-change", &["before_release=1&after_release=2"]),
];

/// What the SQL that a table shows says, asked without the collector.
pub(super) fn directly(collector: &CollectorProcess, path: &str) -> Vec<Value> {
    let sql = collector.request("GET", path, &[("Accept", "application/sql")], b"");
    assert_eq!((sql.status, sql.header("content-type")), (200, "application/sql; charset=utf-8"), "{path}");
    let settings = "SETTINGS output_format_json_quote_64bit_integers = 0, date_time_output_format = 'iso'";
    let lines = collector.query(&format!("{} FORMAT JSONEachRow {settings}", sql.text()));
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A collector with a history of four weeks up to 23 November 2026.
fn with_history(test: &str) -> CollectorProcess {
    let collector = collector(test, &[]);
    let output = crate::simulate::simulate(
        collector.setup(),
        &["--history", "28", "--views-per-day", "900", "--end", "2026-11-23"],
    );
    assert!(output.status.success());
    collector
}

#[test]
fn every_table_is_what_the_sql_that_it_shows_says_in_json_and_in_csv() {
    let collector = with_history("tables");
    for (table, queries) in TABLES {
        for query in queries {
            let path = format!("/api/v1/{table}?{QUERY}&{query}");
            let truth = directly(&collector, &path);
            let answer = Value::Array(rows(&collector, &path));
            assert!(same(&answer, &Value::Array(truth.clone())), "{path}\n{answer}\n{truth:?}");
            // The history has no such releases.
            let is_bare = query.contains("release=");
            assert_eq!(truth.is_empty(), is_bare, "{path}");
            if *query == queries[0] {
                check_answer(&collector, &path, &truth);
            }
        }
    }
    check_sites(&collector);
    // The order is the rank: by the lower bound, those with too little data last.
    let countries = rows(&collector, &format!("/api/v1/countries?{QUERY}"));
    let judged = |row: &Value| row["verdict"] != "insufficient";
    let lower: Vec<f64> =
        countries.iter().take_while(|row| judged(row)).map(|row| row["lo"].as_f64().unwrap()).collect();
    assert!(lower.len() > 3 && lower.is_sorted_by(|a, b| a >= b), "{lower:?}");
    assert!(!countries[lower.len()..].iter().any(judged));
}

/// Head, types, CSV and `ETag` of an answer.
fn check_answer(collector: &CollectorProcess, path: &str, truth: &[Value]) {
    let answer = collector.get(path);
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert_eq!(answer.header("content-type"), "application/json");
    let head: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&head["site"], &head["from_day"]), (&json!("shop"), &json!("2026-10-26")));
    assert_eq!(&head["to_day"], &json!("2026-11-24"));
    assert_eq!(head["target_ms"] == json!(3000), path.contains("target_ms=3000"));

    let csv = collector.request("GET", path, &[("Accept", "text/csv")], b"");
    assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8; header=present"));
    let text = csv.text();
    let Some(first) = truth.first() else {
        assert_eq!(text.lines().count(), 1, "{text}");
        return;
    };
    let names: Vec<&str> = text.lines().next().unwrap().split(',').map(|name| name.trim_matches('"')).collect();
    let known: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), known.len());
    assert!(names.iter().all(|name| known.iter().any(|known| known == name)), "{names:?}");
    assert_eq!(text.lines().count(), truth.len() + 1);
}

#[test]
fn an_answer_that_the_asker_has_is_not_sent_again() {
    let collector = with_history("tags");
    let path = format!("/api/v1/vitals?{QUERY}&dimension=device");
    let first = collector.get(&path);
    let tag = first.header("etag");
    assert!(tag.len() == 34 && tag.starts_with('"'), "{tag}");
    for (tags, status) in [(tag.to_owned(), 304), (format!("\"x\", W/{tag}"), 304), ("\"x\"".to_owned(), 200)] {
        let again = collector.request("GET", &path, &[("If-None-Match", &tags)], b"");
        assert_eq!((again.status, again.header("etag")), (status, tag), "{tags}");
        assert_eq!(again.body.is_empty(), status == 304);
    }
}

/// A number of a row.
fn number(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap_or_else(|| panic!("{name} of {row}"))
}

fn sum(rows: &[Value], name: &str) -> f64 {
    rows.iter().map(|row| number(row, name)).sum()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

#[test]
fn tables_agree_with_each_other() {
    let collector = with_history("agree");
    let ask = |table: &str, query: &str| rows(&collector, &format!("/api/v1/{table}?{QUERY}&{query}"));
    let overview = ask("overview", "").remove(0);
    let countries = ask("countries", "");
    assert!(near(sum(&countries, "est_lost"), number(&overview, "est_lost")));
    assert!(near(sum(&countries, "k"), number(&overview, "conversions")));
    // Days add up to the window, and the curve to its views.
    for (query, lost, views) in [
        ("", number(&overview, "est_lost"), number(&overview, "measured_views")),
        ("country=BR", find(&countries, "country", "BR", "est_lost"), find(&countries, "country", "BR", "views")),
    ] {
        assert!(near(sum(&ask("trend", query), "est_lost"), lost), "{query}");
        let curve = ask("curve", query);
        assert!(near(sum(&curve, "views"), views), "{query}");
        assert_eq!(curve.len(), 14);
        assert_eq!(curve[5]["is_slow"], json!(true));
    }
    let pages = ask("pages", "");
    let page = pages[0]["page_group"].as_str().unwrap();
    let in_page = format!("page_group={page}");
    assert!(near(sum(&ask("trend", &in_page), "est_lost"), find(&pages, "page_group", page, "est_lost")), "{page}");
    assert!(near(sum(&ask("curve", &in_page), "views"), find(&pages, "page_group", page, "views")));
    assert!(near(sum(&ask("country-pages", &in_page), "views"), find(&pages, "page_group", page, "views")));
    // The what-if at a target is the loss at that target, of whatever it is of.
    for (query, target) in [("", 2500.0), ("", 4000.0), ("device=mobile", 2500.0), ("nav=entry", 1500.0)] {
        let what_if = ask("what-if", query);
        for country in ask("countries", &format!("{query}&target_ms={target}")) {
            let same = |row: &&Value| row["country"] == country["country"] && near(number(row, "target_ms"), target);
            let row = what_if.iter().find(same).unwrap();
            assert!(near(number(row, "est_lost"), number(&country, "est_lost")), "{row} {country}");
            assert_eq!(row["method"], country["method"]);
        }
    }
    let of_page: Vec<Value> = ask("what-if", &in_page).into_iter().filter(|row| row["target_ms"] == 2500).collect();
    assert!(near(sum(&of_page, "est_lost"), find(&pages, "page_group", page, "est_lost")));
    check_narrowed(&ask, &overview);
}

#[test]
fn causes_on_a_busy_site_are_those_of_the_latest_days() {
    let collector = with_history("latest");
    let ask = |table: &str, query: &str| rows(&collector, &format!("/api/v1/{table}?{QUERY}&{query}"));
    let before = ask("phases-by-country", "");
    assert_eq!(before[0]["since_day"], "2026-10-26");
    // As many views more on one day as are looked at together.
    collector.query(
        "INSERT INTO loss_cube (site, day, country, page_group, device, nav, bucket, n) \
         SELECT 'shop', '2026-11-20', 'US', '/', 'desktop', 'inner', 0, 1999999",
    );
    // With the views of the days after it there are enough without the days before.
    for table in ["phases-by-country", "phases-by-page", "hosts", "lcp-elements", "inp-targets", "slow-scripts"] {
        for query in ["", "country=US"] {
            let rows = ask(table, query);
            assert!(rows.iter().all(|row| row["since_day"] == "2026-11-20"), "{table} {query}");
            assert!(!rows.is_empty(), "{table} {query}");
        }
    }
    let after = ask("phases-by-country", "");
    let days = collector.query("SELECT sum(weight) FROM page_views FINAL WHERE toDate(ts) >= '2026-11-20' AND navigation_type != 'prerender' AND NOT is_bot");
    assert!(near(sum(&after, "views"), days.parse().unwrap()), "{days}");
    assert!(sum(&after, "views") < sum(&before, "views") / 5.0);
    // What costs what is of the whole period as before.
    assert_eq!(ask("trend", "").len(), 28);
}

fn find(rows: &[Value], key: &str, name: &str, column: &str) -> f64 {
    number(rows.iter().find(|row| row[key] == name).unwrap_or_else(|| panic!("{name}")), column)
}

/// What is narrowed to each device, entry or inner, or country, adds up to all.
fn check_narrowed(ask: &impl Fn(&str, &str) -> Vec<Value>, overview: &Value) {
    for (parameter, values) in
        [("device", &["mobile", "desktop", "tablet", "other"] as &[&str]), ("nav", &["entry", "inner"])]
    {
        let parts: Vec<Value> =
            values.iter().map(|value| ask("overview", &format!("{parameter}={value}")).remove(0)).collect();
        for name in ["views", "measured_views", "conversions"] {
            assert!(near(sum(&parts, name), number(overview, name)), "{parameter} {name}");
        }
        assert!(parts.iter().all(|part| part["orders"].is_null() && part["revenue"].is_null()));
    }
    let all = ask("hosts", "");
    let countries = ask("countries", "");
    let parts = countries.iter().flat_map(|row| ask("hosts", &format!("country={}", row["country"].as_str().unwrap())));
    let host = all[0]["host"].as_str().unwrap();
    let requests: f64 = parts.filter(|row| row["host"] == host).map(|row| number(&row, "requests")).sum();
    assert!(near(requests, find(&all, "host", host, "requests")), "{host}");
}

/// The document's columns are what ClickHouse says of the SQL; with `SLOWTAX_WRITE_COLUMNS=1` they are written.
#[test]
fn the_description_has_the_columns_that_the_sql_has() {
    let collector = collector("columns", &[]);
    incidents::add_one(&collector);
    let mut columns = std::collections::BTreeMap::new();
    let of_days = TABLES.iter().map(|(table, queries)| (*table, format!("{QUERY}&{}", queries[0])));
    for (table, query) in of_days.chain(incidents::TABLES.map(|(table, query)| (table, query.to_owned()))) {
        let sql = collector.request("GET", &format!("/api/v1/{table}?{query}"), &[("Accept", "application/sql")], b"");
        let lines = collector.query(&format!("DESCRIBE TABLE (\n{}\n) FORMAT JSONEachRow", sql.text()));
        let described = lines.lines().map(|line| {
            let column: Value = serde_json::from_str(line).unwrap();
            [column["name"].as_str().unwrap().to_owned(), column["type"].as_str().unwrap().to_owned()]
        });
        columns.insert(table, described.collect::<Vec<_>>());
    }
    let optional = "Nullable(String)";
    let sites = [
        ("site", "String"),
        ("name", optional),
        ("currency", optional),
        ("conversion_goal", optional),
        ("views", "UInt64"),
        ("first_day", optional),
        ("last_day", optional),
    ];
    columns.insert("sites", sites.map(|(name, kind)| [name.to_owned(), kind.to_owned()]).to_vec());
    let lines: Vec<String> = columns
        .iter()
        .map(|(table, columns)| format!("  \"{table}\": {}", serde_json::to_string(columns).unwrap()))
        .collect();
    let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
    let file = workspace().join("collector/src/http/api/columns.json");
    if std::env::var_os("SLOWTAX_WRITE_COLUMNS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), text, "SLOWTAX_WRITE_COLUMNS=1 writes it");
    let document: Value = serde_json::from_slice(&collector.get("/api/v1/openapi.json").body).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    // Beside the tables: who looks, the sites, and what changes an incident or ends a silence.
    assert_eq!(document["paths"].as_object().unwrap().len(), TABLES.len() + incidents::TABLES.len() + 4);
}

fn check_sites(collector: &CollectorProcess) {
    let sites = rows(collector, "/api/v1/sites");
    assert_eq!(sites.len(), 1);
    assert_eq!(
        (&sites[0]["site"], &sites[0]["name"], &sites[0]["currency"]),
        (&json!("shop"), &json!("Test shop"), &json!("EUR"))
    );
    assert_eq!((&sites[0]["first_day"], &sites[0]["last_day"]), (&json!("2026-10-26"), &json!("2026-11-22")));
    assert!(sites[0]["views"].as_u64().unwrap() > 5_000);
    let csv = collector.request("GET", "/api/v1/sites", &[("Accept", "text/csv")], b"").text();
    assert!(csv.lines().nth(1).unwrap().starts_with("\"shop\",\"Test shop\",\"EUR\",\"order\","), "{csv}");
}

#[test]
fn a_site_without_data_and_a_window_without_views_have_answers_without_numbers_that_are_none() {
    let collector = collector("empty", &[]);
    let sites = rows(&collector, "/api/v1/sites");
    assert_eq!((&sites[0]["views"], &sites[0]["first_day"]), (&json!(0), &Value::Null));
    // One site is configured, so it need not be named; the days have defaults.
    let row = rows(&collector, "/api/v1/overview").remove(0);
    assert_eq!((&row["views"], &row["verdict"], &row["lo"]), (&json!(0), &json!("insufficient"), &Value::Null));
    assert_eq!((&row["lcp_p75_ms"], &row["simulated_share"]), (&Value::Null, &Value::Null));
    for table in ["countries", "pages", "country-pages"] {
        assert_eq!(rows(&collector, &format!("/api/v1/{table}")), Vec::<Value>::new());
    }
    add_history(&collector, "1", "100");
    for (table, queries) in TABLES {
        for query in queries {
            rows(&collector, &format!("/api/v1/{table}?from_day=2001-01-01&to_day=2001-01-02&{query}"));
            if *query == queries[0] {
                rows(&collector, &format!("/api/v1/{table}?{query}"));
            }
        }
    }
    for target in ["500", "60000"] {
        for table in ["overview", "countries", "pages", "country-pages", "curve", "trend", "releases"] {
            rows(&collector, &format!("/api/v1/{table}?target_ms={target}"));
        }
    }
}

#[test]
fn parameters_that_do_not_fit_are_refused_by_name() {
    let collector = collector("parameters", &[]);
    for (path, parameter) in [
        ("countries?site=shoop", "site"),
        ("overview?from_day=2026-11-02&to_day=2026-11-01", "from_day"),
        ("overview?to_day=tomorrow", "to_day"),
        ("pages?target_ms=2501", "target_ms"),
        ("country-pages?country=brazil", "country"),
        ("pages?country=BR", "(unknown)"),
        ("pages?device=phone", "device"),
        ("vitals", "dimension"),
        ("release-change?before_release=1", "after_release"),
        ("what-if?target_ms=2500", "(unknown)"),
        ("sites?x=1", "(unknown)"),
    ] {
        let answer = collector.get(&format!("/api/v1/{path}"));
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            (answer.status, &body["error"], &body["parameter"]),
            (400, &json!("bad_parameter"), &json!(parameter))
        );
        assert!(body["expected"].as_str().is_some_and(|expected| !expected.is_empty()));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    assert_eq!(collector.metric("slowtax_requests_refused_total{reason=\"bad_parameter\"}"), 11);
    assert_eq!(collector.get("/api/v1/nothing").status, 404);
    assert_eq!(collector.request("POST", "/api/v1/sites", &[], b"").status, 405);
}

#[test]
fn without_clickhouse_the_api_says_so() {
    let nowhere =
        [("clickhouse.mode", "server"), ("clickhouse.url", "http://127.0.0.1:9"), ("http.report_open", "true")];
    let collector = CollectorProcess::start_unready(Setup::new(&nowhere));
    for path in ["sites", "overview", "countries", "pages", "country-pages?country=BR", "overview?site=unknown"] {
        let answer = collector.get(&format!("/api/v1/{path}"));
        assert_eq!((answer.status, answer.text().as_str()), (503, "{\"error\":\"store_unavailable\"}\n"), "{path}");
        assert_eq!(answer.header("retry-after"), "5");
    }
}

#[test]
fn a_closed_report_answers_nobody() {
    let collector = collector("closed", &[("http.report_open", "false")]);
    for path in ["/api/v1/sites", "/api/v1/overview", "/api/v1/nothing"] {
        let answer = collector.get(path);
        assert_eq!((answer.status, answer.text().as_str()), (403, "{\"error\":\"report_closed\"}\n"), "{path}");
    }
}
