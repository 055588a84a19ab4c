//! `/api/v1`: what ClickHouse says, as JSON and CSV, and what is refused.

use serde_json::{Value, json};
use tests::collector::{CollectorProcess, Setup};
use tests::embedded::workspace;

use super::{add_history, collector, rows, same};

const WINDOW: [(&str, &str); 3] = [("from_day", "2026-10-26"), ("to_day", "2026-11-24"), ("target_ms", "3000")];
const QUERY: &str = "site=shop&from_day=2026-10-26&to_day=2026-11-24&target_ms=3000";

/// The tables, and the file of each in sql/reports.
const TABLES: [(&str, &str); 4] =
    [("overview", "overview"), ("countries", "countries"), ("pages", "pages"), ("country-pages", "country_pages")];

/// What the file's SELECT says, asked without the collector.
fn directly(collector: &CollectorProcess, file: &str, country: &str) -> Vec<Value> {
    let path = workspace().join("sql/reports").join(file).with_extension("sql");
    let mut sql = std::fs::read_to_string(&path).unwrap();
    for (name, value) in WINDOW.into_iter().chain([("site", "shop"), ("country", country)]) {
        for kind in ["String", "Date", "UInt32"] {
            sql = sql.replace(&format!("{{{name}:{kind}}}"), &format!("CAST('{value}', '{kind}')"));
        }
    }
    let settings = "SETTINGS output_format_json_quote_64bit_integers = 0, date_time_output_format = 'iso'";
    let lines = collector.query(&format!("{sql} FORMAT JSONEachRow {settings}"));
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_table_is_what_its_sql_says_in_json_and_in_csv() {
    let collector = collector("tables", &[]);
    let output = crate::simulate::simulate(
        collector.setup(),
        &["--history", "28", "--views-per-day", "900", "--end", "2026-11-23"],
    );
    assert!(output.status.success());
    for (table, file) in TABLES {
        for country in ["BR", ""] {
            let query = match (table, country) {
                ("country-pages", "BR") => format!("{QUERY}&country=BR"),
                (_, "BR") => continue,
                _ => QUERY.to_owned(),
            };
            let path = format!("/api/v1/{table}?{query}");
            let truth = directly(&collector, file, country);
            assert!(!truth.is_empty(), "{table}");
            let answer = Value::Array(rows(&collector, &path));
            assert!(same(&answer, &Value::Array(truth.clone())), "{table} {country}\n{answer}\n{truth:?}");

            let answer = collector.get(&path);
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("content-type"), "application/json");
            let head: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!((&head["site"], &head["from_day"]), (&json!("shop"), &json!("2026-10-26")));
            assert_eq!((&head["to_day"], &head["target_ms"]), (&json!("2026-11-24"), &json!(3000)));

            let csv = collector.request("GET", &path, &[("Accept", "text/csv")], b"");
            assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8; header=present"));
            let text = csv.text();
            let names: Vec<&str> = text.lines().next().unwrap().split(',').map(|name| name.trim_matches('"')).collect();
            let known: Vec<&String> = truth[0].as_object().unwrap().keys().collect();
            assert_eq!(names.len(), known.len());
            assert!(names.iter().all(|name| known.iter().any(|known| known == name)), "{names:?}");
            assert_eq!(text.lines().count(), truth.len() + 1);
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
    // The site's total is the sum over the countries.
    let sum: f64 = rows(&collector, &format!("/api/v1/countries?{QUERY}"))
        .iter()
        .map(|row| row["est_lost"].as_f64().unwrap())
        .sum();
    let total = rows(&collector, &format!("/api/v1/overview?{QUERY}"))[0]["est_lost"].as_f64().unwrap();
    assert!((sum - total).abs() < 1e-9, "{sum} {total}");
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
    for (table, _) in TABLES {
        for query in ["from_day=2001-01-01&to_day=2001-01-02", "target_ms=60000", "target_ms=500", ""] {
            rows(&collector, &format!("/api/v1/{table}?{query}"));
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
    assert_eq!(collector.metric("slowtax_requests_refused_total{reason=\"bad_parameter\"}"), 7);
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
