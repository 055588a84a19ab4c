//! Browsers' own reports, by a real browser: what fails in Chromium arrives in `browser_reports` with its country, through a proxy that ends TLS and a real
//! collector. The certificate is the test's own.

use std::collections::BTreeSet;
use std::process::Command;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde::Deserialize;
use serde_json::{Value, json};
use tests::collector::CollectorProcess;
use tests::embedded::{EmbeddedClickHouse, workspace};

/// What `reports.mjs` saw pass through the proxy.
#[derive(Deserialize)]
struct Seen {
    sent: Vec<Sent>,
    posts: Vec<Post>,
    preflights: Vec<Preflight>,
}

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "type")]
    report_type: String,
    error: String,
    body: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post {
    host: String,
    content_type: String,
    origin: Option<String>,
    status: u16,
}

#[derive(Deserialize)]
struct Preflight {
    method: String,
    headers: String,
    status: u16,
}

/// A certificate of all the test's names, signed by itself, and its key.
fn certificate() -> Value {
    let names = ["shop.test", "closed.test", "reset.test", "strange.test", "rum-jp.test", "rum-br.test"];
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(names.map(str::to_owned)).expect("a certificate can be made");
    json!({ "cert": cert.pem(), "key": signing_key.serialize_pem() })
}

fn provoke(collector: &CollectorProcess) -> Seen {
    let plan = json!({
        "collector": collector.url(),
        "countries": { "jp": "202.12.27.33", "br": "200.160.2.3" },
        "certificate": certificate(),
        "stranger": certificate(),
    });
    let script = workspace().join("tests/browser/reports.mjs");
    let output = Command::new("node").arg(script).arg(plan.to_string()).output().expect("node can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("what the script saw")
}

#[test]
fn what_fails_in_chromium_arrives_with_its_country_and_type() {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = clickhouse.database("reports_chromium");
    let collector = CollectorProcess::start_on(&clickhouse.url(), database.name(), &[]);
    let seen = provoke(&collector);
    collector.wait_until_stored();

    // Browsers ask first whether they may send such a body to another origin; the old form of CSP reports they send without asking.
    assert!(!seen.preflights.is_empty());
    for preflight in &seen.preflights {
        assert_eq!((&*preflight.method, &*preflight.headers, preflight.status), ("POST", "content-type", 204));
    }
    assert!(seen.posts.iter().all(|post| post.status == 204));
    let kinds: BTreeSet<_> = seen.posts.iter().map(|post| (&*post.host, &*post.content_type)).collect();
    let expected = [
        ("rum-br.test", "application/csp-report"),
        ("rum-br.test", "application/reports+json"),
        ("rum-jp.test", "application/reports+json"),
    ];
    assert_eq!(kinds, expected.into());
    // A site that names its origins must name those of its subdomains, too: the origin is that of what failed.
    let origins: BTreeSet<_> = seen.posts.iter().filter_map(|post| post.origin.as_deref()).collect();
    assert!(origins.contains("https://gone.shop.test"), "{origins:?}");

    // None is lost, and none is added.
    let rows = collector.query("SELECT count() FROM browser_reports WHERE site = 'shop'");
    assert_eq!(rows, seen.sent.len().to_string());
    assert_eq!(collector.metric("slowtax_reports_accepted_total"), seen.sent.len() as u64);

    let failures = collector.query(
        "SELECT DISTINCT country, phase, error, http_status, method, url FROM browser_reports WHERE type = 'network-error' AND phase != 'application' OR error = 'http.error' ORDER BY ALL",
    );
    let expected = "BR\tconnection\ttcp.refused\t0\tGET\thttps://closed.test/item/1\n\
                    JP\tapplication\thttp.error\t500\tGET\thttps://shop.test/broken\n\
                    JP\tconnection\ttcp.reset\t0\tGET\thttps://reset.test/item/2\n\
                    JP\tconnection\ttls.cert.authority_invalid\t0\tGET\thttps://strange.test/item/3\n\
                    JP\tdns\tdns.name_not_resolved\t0\tGET\thttps://gone.shop.test/item/4";
    assert_eq!(failures, expected);
    let kinds = "SELECT DISTINCT country, type, error FROM network_errors(site = 'shop', from_day = today() - 1, to_day = today() + 1)
                 WHERE is_failure ORDER BY ALL";
    let expected = "BR\ttcp\ttcp.refused\nJP\tdns\tdns.name_not_resolved\nJP\thttp\thttp.error\nJP\ttcp\ttcp.reset\nJP\ttls\ttls.cert.authority_invalid";
    assert_eq!(collector.query(kinds), expected);

    let policies = "SELECT DISTINCT country, type, error, url, blocked, disposition FROM browser_reports WHERE type = 'csp-violation' ORDER BY ALL";
    let expected = "BR\tcsp-violation\timg-src\thttps://shop.test/old-policy\thttps://shop.test/blocked.png\tenforce\n\
                    JP\tcsp-violation\timg-src\thttps://shop.test/policy\thttps://shop.test/blocked.png\tenforce";
    assert_eq!(collector.query(policies), expected);
    let others = "SELECT DISTINCT country, type, url, source, line > 0, message != '' FROM browser_reports
                  WHERE type IN ('deprecation', 'intervention', 'crash') ORDER BY ALL";
    let expected = "JP\tcrash\thttps://shop.test/policy\t\t0\t0\n\
                    JP\tdeprecation\thttps://shop.test/policy\thttps://shop.test/policy\t1\t1\n\
                    JP\tintervention\thttps://shop.test/policy\thttps://shop.test/policy\t1\t1";
    assert_eq!(collector.query(others), expected);

    keeps_no_secret(&collector, &seen);
}

/// The browser told addresses and queries; nothing of them is kept.
fn keeps_no_secret(collector: &CollectorProcess, seen: &Seen) {
    let network: Vec<_> = seen.sent.iter().filter(|sent| sent.report_type == "network-error").collect();
    assert!(network.iter().any(|sent| sent.body["server_ip"] == "127.0.0.1"), "{:?}", network[0].body);
    assert!(network.iter().any(|sent| sent.error == "http.error"));
    let kept = collector.query("SELECT * FROM browser_reports FORMAT JSONEachRow");
    assert!(!kept.contains("127.0.0.1") && !kept.contains("secret") && !kept.contains("doomed"), "{kept}");
    let browsers = "SELECT DISTINCT is_bot, device, browser, sampling_fraction FROM browser_reports";
    assert_eq!(collector.query(browsers), "false\tdesktop\tChrome\t1");
}
