//! Everything else that the collector serves.

use std::path::Path;

use tests::collector::{CollectorProcess, DESKTOP, Setup};
use tests::embedded::{EmbeddedClickHouse, workspace};

use super::sample::{binary, plain};

fn collector(test: &str, overrides: &[(&str, &str)]) -> CollectorProcess {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = clickhouse.database(&format!("collector_{test}"));
    CollectorProcess::start_on(&clickhouse.url(), database.name(), overrides)
}

/// A port that nobody answers at: for what needs no ClickHouse.
fn without_clickhouse(overrides: &[(&str, &str)]) -> CollectorProcess {
    let mut all = vec![("clickhouse.mode", "server"), ("clickhouse.url", "http://127.0.0.1:9")];
    all.extend_from_slice(overrides);
    CollectorProcess::start_unready(Setup::new(&all))
}

#[test]
fn what_is_not_there_is_answered_in_one_line_and_counted() {
    let collector = without_clickhouse(&[]);
    for path in ["/nothing", "/v1", "/v1/beacon/", "/slowtax-0000.wasm.map", "/health", "/api/v2/x"] {
        let answer = collector.get(path);
        assert!(matches!(answer.status, 404 | 503), "{path}: {}", answer.status);
        assert!(answer.text().starts_with("{\"error\":\""), "{path}: {}", answer.text());
    }
    let answer = collector.get("/nothing");
    assert_eq!((answer.status, answer.text().as_str()), (404, "{\"error\":\"not_found\"}\n"));
    assert!(collector.metric("slowtax_requests_refused_total{reason=\"not_found\"}") >= 5);
}

#[test]
fn methods_that_a_route_does_not_take_are_refused() {
    let collector = without_clickhouse(&[]);
    let wrong = [
        ("GET", "/v1/beacon"),
        ("PUT", "/v1/beacon"),
        ("GET", "/v1/reports"),
        ("POST", "/metrics"),
        ("POST", "/slowtax.js"),
        ("POST", "/"),
    ];
    for (method, path) in wrong {
        let answer = collector.request(method, path, &[], b"");
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (405, "{\"error\":\"method_not_allowed\"}\n"),
            "{method} {path}"
        );
    }
    assert_eq!(collector.metric("slowtax_requests_refused_total{reason=\"method_not_allowed\"}"), 6);
    assert_eq!(collector.metric("slowtax_beacons_received_total"), 0);
}

#[test]
fn alive_and_ready_are_two_things() {
    let collector = without_clickhouse(&[]);
    assert_eq!(collector.get("/health/live").status, 200);
    let ready = collector.get("/health/ready");
    let text = ready.text();
    assert_eq!(ready.status, 503);
    assert!(
        text.starts_with("{\"ready\":false,\"reasons\":[\"clickhouse_unreachable\"],\"details\":[{\"reason\":"),
        "{text}"
    );
    assert!(text.ends_with(",\"rows_waiting\":0,\"oldest_age_s\":0}"), "{text}");
    assert_eq!(collector.metric("slowtax_ready"), 0);
}

#[test]
fn the_report_and_its_api_are_closed_unless_the_configuration_opens_them() {
    let closed = without_clickhouse(&[]);
    for path in ["/", "/report/", "/report/main.js"] {
        let answer = closed.get(path);
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text().contains("report_open = true"), "{}", answer.text());
    }
    for path in ["/api/v1/loss_by_country", "/api/v1/", "/api/v1/nothing"] {
        let answer = closed.get(path);
        assert_eq!((answer.status, answer.text().as_str()), (403, "{\"error\":\"report_closed\"}\n"), "{path}");
    }
    let open = without_clickhouse(&[("http.report_open", "true")]);
    assert_ne!(open.get("/").status, 403);
    assert_eq!(open.get("/api/v1/nothing").status, 404);
}

/// The built files of the beacon or the report, or none: then the collector must say so.
fn built(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(workspace().join("target/assets").join(folder)).into_iter().flatten().flatten();
    let served = files.map(|file| file.path()).filter(|path| !has_extension(path, "br") && !has_extension(path, "gz"));
    served.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}

fn has_extension(path: impl AsRef<Path>, extension: &str) -> bool {
    path.as_ref().extension().is_some_and(|found| found == extension)
}

#[test]
fn the_beacons_files_are_served_as_they_were_built() {
    let collector = without_clickhouse(&[]);
    let first = collector.get("/slowtax.js");
    if first.status == 503 {
        assert_eq!(first.text(), "{\"error\":\"assets_not_built\"}\n");
        assert_eq!(built("beacon"), Vec::<String>::new());
        return;
    }
    assert_eq!(first.status, 200);
    for name in built("beacon") {
        let path = workspace().join("target/assets/beacon").join(&name);
        let served = collector.get(&format!("/{name}"));
        assert_eq!(served.body, std::fs::read(&path).unwrap(), "{name}");
        assert_eq!(served.header("access-control-allow-origin"), "*");
        assert_eq!(served.header("cross-origin-resource-policy"), "cross-origin");
        assert_eq!(served.header("timing-allow-origin"), "*");
        assert_eq!(served.header("vary"), "Accept-Encoding");
        let kind = if has_extension(&name, "wasm") { "application/wasm" } else { "text/javascript; charset=utf-8" };
        assert_eq!(served.header("content-type"), kind, "{name}");
        let immutable = served.header("cache-control").contains("immutable");
        assert_eq!(immutable, name != "slowtax.js", "{name}");
        let brotli = collector.request("GET", &format!("/{name}"), &[("Accept-Encoding", "gzip, br")], b"");
        assert_eq!(brotli.header("content-encoding"), "br", "{name}");
        assert_eq!(brotli.body, std::fs::read(format!("{}.br", path.display())).unwrap(), "{name}");
        assert_ne!(brotli.header("etag"), served.header("etag"));
        let head = collector.request("HEAD", &format!("/{name}"), &[], b"");
        assert_eq!((head.status, head.body.len()), (200, 0), "{name}");
        let known = collector.request("GET", &format!("/{name}"), &[("If-None-Match", served.header("etag"))], b"");
        assert_eq!((known.status, known.body.len()), (304, 0), "{name}");
    }
}

#[test]
fn the_reports_files_are_served_as_they_were_built_and_may_load_nothing_else() {
    let collector = without_clickhouse(&[("http.report_open", "true")]);
    let index = collector.get("/");
    if index.status == 503 {
        assert_eq!(index.text(), "{\"error\":\"assets_not_built\"}\n");
        assert_eq!(built("report"), Vec::<String>::new());
        return;
    }
    assert_eq!(index.body, collector.get("/report/").body);
    for name in built("report") {
        let path = workspace().join("target/assets/report").join(&name);
        let served = collector.get(&format!("/report/{name}"));
        assert_eq!((served.status, &served.body), (200, &std::fs::read(&path).unwrap()), "{name}");
        assert!(served.header("content-security-policy").starts_with("default-src 'self'"), "{name}");
        let brotli = collector.request("GET", &format!("/report/{name}"), &[("Accept-Encoding", "br")], b"");
        assert_eq!(brotli.body, std::fs::read(format!("{}.br", path.display())).unwrap(), "{name}");
    }
    assert_eq!(collector.get("/report/../slowtax.toml").status, 404);
    assert_eq!(collector.get("/report/nothing.js").status, 404);
}

const REPORTS: &str = r#"[
  {"type":"network-error","age":5000,"url":"https://ann:pass@shop.example.com/item/1?token=secret",
   "body":{"phase":"connection","type":"tcp.timed_out","status_code":0,"protocol":"h2","elapsed_time":30000,"sampling_fraction":0.5,
           "method":"GET","referrer":"https://shop.example.com/list?q=secret","server_ip":"192.0.2.7"}},
  {"type":"csp-violation","url":"https://shop.example.com/","body":{"effectiveDirective":"script-src"}},
  {"type":"crash","age":10,"url":"https://shop.example.com/","body":{"reason":"oom"}}
]"#;

#[test]
fn the_browsers_own_reports_are_stored() {
    let collector = collector("reports", &[]);
    let preflight =
        collector.request("OPTIONS", "/v1/reports?site=shop", &[("Origin", "https://shop.example.com")], b"");
    assert_eq!((preflight.status, preflight.header("access-control-allow-headers")), (204, "Content-Type"));
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    let headers =
        [("User-Agent", DESKTOP), ("Content-Type", "application/reports+json"), ("X-Forwarded-For", "202.12.27.33")];
    assert_eq!(collector.request("POST", "/v1/reports?site=shop", &headers, REPORTS.as_bytes()).status, 204);
    collector.wait_until_stored();
    let rows = collector.query(
        "SELECT site, country, browser, type, url, phase, error, protocol, elapsed_ms, sampling_fraction \
         FROM browser_reports ORDER BY type",
    );
    let expected = "shop\tJP\tChrome\tcrash\thttps://shop.example.com/\t\toom\t\t0\t1\n\
                    shop\tJP\tChrome\tcsp-violation\thttps://shop.example.com/\t\tscript-src\t\t0\t1\n\
                    shop\tJP\tChrome\tnetwork-error\thttps://shop.example.com/item/1\tconnection\ttcp.timed_out\th2\t30000\t0.5";
    assert_eq!(rows, expected);
    let age = "SELECT dateDiff('second', min(ts), max(ts)) FROM browser_reports";
    assert_eq!(collector.query(age), "5");
    assert_eq!(collector.metric("slowtax_reports_accepted_total"), 3);
    let network = "SELECT method, referrer FROM browser_reports WHERE type = 'network-error'";
    assert_eq!(collector.query(network), "GET\thttps://shop.example.com/list");
    let kept = collector.query("SELECT * FROM browser_reports FORMAT JSONEachRow");
    assert!(["secret", "pass", "192.0.2.7", "202.12.27.33"].iter().all(|told| !kept.contains(told)), "{kept}");
}

/// Each report that makes no sense, and why.
const NONSENSE: [(&str, &str); 6] = [
    ("7", "bad_json"),
    ("{}", "bad_json"),
    (r#"{"type":"","body":{}}"#, "bad_json"),
    (r#"{"type":7,"body":{}}"#, "bad_json"),
    (r#"{"csp-report":7}"#, "bad_json"),
    (r#"{"type":"crash","age":172800001}"#, "too_old"),
];

#[test]
fn a_report_that_makes_no_sense_takes_no_other_with_it() {
    let collector = collector("reports_mixed", &[]);
    let good = |id: usize| format!(r#"{{"type":"deprecation","age":172800000,"body":{{"id":"{id}"}}}}"#);
    let mixed: Vec<String> =
        NONSENSE.iter().enumerate().flat_map(|(id, (bad, _))| [(*bad).to_owned(), good(id)]).collect();
    let send =
        |body: &str| collector.request("POST", "/v1/reports?site=shop", &[("User-Agent", DESKTOP)], body.as_bytes());
    assert_eq!(send(&format!("[{}]", mixed.join(","))).status, 204);
    // As many as there may be, and an older browser's, which comes alone.
    let hundred: Vec<String> = (100..200).map(good).collect();
    assert_eq!(send(&format!("[{}]", hundred.join(","))).status, 204);
    let old = r#"{"csp-report":{"document-uri":"https://shop.example.com/?q","violated-directive":"img-src 'self'","blocked-uri":"https://a.example/b.png?c",
        "source-file":"https://shop.example.com/x.js?v=1","line-number":7,"status-code":200,"disposition":"report","script-sample":"secret"}}"#;
    assert_eq!(send(old).status, 204);
    collector.wait_until_stored();
    let ids = "SELECT arraySort(groupArray(toUInt32(error))) = arrayConcat(range(6), range(100, 200)) FROM browser_reports WHERE type = 'deprecation'";
    assert_eq!(collector.query(ids), "1");
    let violation = "SELECT url, error, blocked, source, line, http_status, disposition FROM browser_reports WHERE type = 'csp-violation'";
    assert_eq!(
        collector.query(violation),
        "https://shop.example.com/\timg-src\thttps://a.example/b.png\thttps://shop.example.com/x.js\t7\t200\treport"
    );
    for (reason, count) in [("bad_json", 5), ("too_old", 1)] {
        assert_eq!(
            collector.metric(&format!("slowtax_reports_rejected_total{{reason=\"{reason}\"}}")),
            count,
            "{reason}"
        );
        assert_eq!(collector.metric(&format!("slowtax_requests_refused_total{{reason=\"{reason}\"}}")), 0, "{reason}");
    }
    assert_eq!(collector.metric("slowtax_reports_accepted_total"), 107);
}

#[test]
fn failures_are_weighed_by_how_few_of_them_are_told() {
    let collector = collector("reports_weighed", &[]);
    let report = |error: &str, fraction: &str| {
        format!(
            r#"{{"type":"network-error","url":"https://shop.example.com/","body":{{"type":"{error}","sampling_fraction":{fraction}}}}}"#
        )
    };
    let told = [
        ("dns.name_not_resolved", "0.25"),
        ("dns.name_not_resolved", "1"),
        ("tcp.timed_out", "0.001"),
        ("tls.cert.date_invalid", "1e-9"), // stored as 0.001, and believed a hundredfold, as that
        ("http.error", "0.5"),
        ("h2.ping_failed", "0.5"),
        ("abandoned", "0.5"),
        ("ok", "0.01"), // no failure
    ];
    let body = told.map(|(error, fraction)| report(error, fraction)).join(",");
    let headers = [("User-Agent", DESKTOP), ("X-Forwarded-For", "202.12.27.33")];
    let answer = collector.request("POST", "/v1/reports?site=shop", &headers, format!("[{body}]").as_bytes());
    assert_eq!(answer.status, 204);
    collector.wait_until_stored();
    let sql = "SELECT type, error, reports, round(failures) FROM network_errors(site = 'shop', from_day = today() - 1, to_day = today() + 1)
               WHERE country = 'JP' AND host = 'shop.example.com' ORDER BY type, error";
    let expected = "abandoned\tabandoned\t1\t2\n\
                    dns\tdns.name_not_resolved\t2\t5\n\
                    http\th2.ping_failed\t1\t2\n\
                    http\thttp.error\t1\t2\n\
                    tcp\ttcp.timed_out\t1\t100\n\
                    tls\ttls.cert.date_invalid\t1\t100";
    assert_eq!(collector.query(sql), expected);
}

#[test]
fn what_is_no_report_is_refused() {
    let collector = without_clickhouse(&[]);
    let many = format!("[{}]", vec!["{}"; 101].join(","));
    let old = r#"[{"type":"crash","age":1e12,"body":{}}]"#;
    let too_large = format!("[{}]", " ".repeat(256 * 1024));
    for (path, body, status, reason) in [
        ("/v1/reports?site=shop", "", 400, "empty"),
        ("/v1/reports?site=shop", "{}", 400, "bad_json"),
        ("/v1/reports?site=shop", "7", 400, "bad_json"),
        ("/v1/reports?site=shop", "[{\"type\":\"crash\"", 400, "bad_json"),
        ("/v1/reports?site=shop", too_large.as_str(), 413, "too_large"),
        ("/v1/reports?site=shop", "[1]", 400, "bad_json"),
        ("/v1/reports?site=shop", many.as_str(), 400, "out_of_range"),
        ("/v1/reports?site=shop", old, 400, "too_old"),
        ("/v1/reports?site=nobody", "[]", 403, "unknown_site"),
        ("/v1/reports", "[]", 403, "unknown_site"),
    ] {
        let answer = collector.request("POST", path, &[], body.as_bytes());
        assert_eq!(
            (answer.status, answer.text()),
            (status, format!("{{\"error\":\"{reason}\"}}\n")),
            "{path} {body:.40}"
        );
    }
}

#[test]
fn what_browsers_tell_of_themselves_is_used_where_it_says_more() {
    let collector = collector("client_hints", &[]);
    let edge = r#""Chromium";v="131", "Microsoft Edge";v="131", "Not?A_Brand";v="24""#;
    let headless = r#""HeadlessChrome";v="131", "Chromium";v="131""#;
    let send = |brands: &str, mobile: &str, platform: &str| {
        let headers = [
            ("User-Agent", DESKTOP),
            ("Sec-CH-UA", brands),
            ("Sec-CH-UA-Mobile", mobile),
            ("Sec-CH-UA-Platform", platform),
        ];
        assert_eq!(collector.request("POST", "/v1/beacon", &headers, &binary(&plain())).status, 204);
    };
    send(edge, "?0", "\"Windows\"");
    send(edge, "?1", "\"Android\"");
    send(headless, "?0", "\"Linux\"");
    send("\"no list", "1", "Nonsense");
    collector.wait_until_stored();
    let rows = collector
        .query("SELECT browser, browser_version, device, os, bot_reason FROM page_views ORDER BY browser, os DESC");
    let expected = "Chrome\t130\tdesktop\tWindows\t\nEdge\t131\tdesktop\tWindows\t\nEdge\t131\tmobile\tAndroid\t\n\
                    HeadlessChrome\t131\tdesktop\tLinux\theadless";
    assert_eq!(rows, expected);
}
