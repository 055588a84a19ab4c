//! The page in real Chromium: what it shows is what the API says, which is what ClickHouse says.

use std::io::{BufRead, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use beacon_format::limits::BEACON_BYTES_SENT_MAX;
use beacon_format::{Beacon, Head, Id, Nav, PageView, WebVitals};
use collector::credentials::PasswordHash;
use serde_json::{Value, json};
use tests::collector::CollectorProcess;
use tests::embedded::{EmbeddedClickHouse, workspace};
use tests::fault_proxy::FaultProxy;
use time::OffsetDateTime;

use super::{add_history, close, collector, rows};
use crate::simulate::{said, simulate};

/// A browser that looks at the report as it is told.
pub(super) struct Reader {
    node: Child,
    stdin: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Reader {
    fn start() -> Self {
        Self::told_by("report.mjs")
    }

    /// One that understands what this script of `tests/browser` does.
    pub(super) fn told_by(script: &str) -> Self {
        let mut node = Command::new("node")
            .arg(workspace().join("tests/browser").join(script))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = node.stdin.take();
        let answers = BufReader::new(node.stdout.take().unwrap()).lines();
        Self { node, stdin, answers }
    }

    /// Does it, and looks. Errors in the console are failures.
    pub(super) fn then(&mut self, command: &Value) -> Value {
        let seen = self.whatever(command);
        assert_eq!(seen["console"], json!([]), "after {command}");
        assert_eq!((&seen["attacked"], &seen["images"]), (&json!(false), &json!(0)), "after {command}");
        seen
    }

    /// As `then`, where errors in the console are expected.
    fn whatever(&mut self, command: &Value) -> Value {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{command}").unwrap();
        let line = self.answers.next().unwrap_or_else(|| panic!("the browser ended at {command}")).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It ends with its input; a browser that hangs is ended with it.
        if std::thread::panicking() {
            let _ = self.node.kill();
        }
        let _ = self.node.wait();
    }
}

/// The answer to what the page asked of this table about its period: what it asks of the days before, to compare with, begins earlier.
fn asked(collector: &CollectorProcess, seen: &Value, table: &str) -> Vec<Value> {
    let start = format!("/api/v1/{table}?");
    let target = format!("target_ms={}", seen["controls"]["target"].as_str().unwrap());
    let is_it = |path: &&str| path.starts_with(&start) && (!path.contains("target_ms=") || path.contains(&target));
    let paths = seen["asked"].as_array().unwrap().iter().filter_map(Value::as_str).filter(is_it);
    let path = paths.max_by_key(|path| parameter(path, "from_day").to_owned());
    rows(collector, path.unwrap_or_else(|| panic!("{table} in {}", seen["asked"])))
}

fn parameter<'path>(path: &'path str, name: &str) -> &'path str {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
}

fn check_number(what: &str, shown: &Value, truth: &Value) {
    let text = shown["value"].as_str().unwrap_or_else(|| panic!("{what}: {shown}"));
    match truth.as_f64() {
        Some(truth) => assert!(text.parse().is_ok_and(|shown| close(shown, truth)), "{what}: {text}, in truth {truth}"),
        None => assert_eq!(text, "", "{what}"),
    }
}

/// Numbers that mean nothing are not shown.
fn known(row: &Value, name: &str) -> Value {
    if row["verdict"] == "insufficient" { Value::Null } else { row[name].clone() }
}

fn check_figures(collector: &CollectorProcess, seen: &Value) {
    let overview = asked(collector, seen, "overview").remove(0);
    let figures = &seen["figures"];
    check_number("lost orders", &figures["lost-orders"], &known(&overview, "est_lost"));
    check_number("lost revenue", &figures["lost-revenue"], &known(&overview, "est_lost_revenue"));
    check_number("time lost", &figures["time-lost"], &overview["time_lost_s"]);
    check_number("views", &figures["views"], &overview["measured_views"]);
    let text = figures["lost-orders"]["text"].as_str().unwrap();
    if overview["verdict"] == "insufficient" {
        assert!(text.contains("Too little data"), "{text}");
    } else {
        assert_eq!(figures["lost-orders"]["verdict"], overview["verdict"]);
        assert!(text.contains("95\u{a0}% interval ["), "{text}");
    }
}

/// The columns with numbers, whether they are estimates, and that of the answer they show.
const COUNTRY_COLUMNS: [(&str, bool); 7] = [
    ("est_lost_revenue", true),
    ("est_lost_pct", true),
    ("orders", false),
    ("views", false),
    ("lcp_p75_ms", false),
    ("lcp_good_share", false),
    ("time_lost_s", false),
];
const PAGE_COLUMNS: [(&str, bool); 6] = [
    ("est_lost_revenue", true),
    ("k", false),
    ("views", false),
    ("lcp_p75_ms", false),
    ("lcp_good_share", false),
    ("time_lost_s", false),
];

/// A table on the page against the rows of the answer, in their order.
fn check_table(shown: &Value, truth: &[Value], key: &str, columns: &[(&str, bool)]) {
    let shown = shown["rows"].as_array().unwrap();
    let keys = |rows: &[Value], name: &str| rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(keys(shown, "key"), keys(truth, key));
    for (shown, truth) in shown.iter().zip(truth) {
        let what = truth[key].to_string();
        for (name, is_estimate) in columns {
            let truth = if *is_estimate { known(truth, name) } else { truth[*name].clone() };
            let cell = &shown["cells"][name];
            // A dash where there is nothing.
            if cell["value"].is_null() {
                assert_eq!((&truth, &cell["text"]), (&Value::Null, &json!("\u{2013}")), "{what} {name}");
            } else {
                check_number(&format!("{what} {name}"), cell, &truth);
            }
        }
        if truth["verdict"] == "insufficient" {
            assert_eq!(shown["cells"]["lo"]["text"], "\u{2013}", "{what}");
        } else {
            check_number(&format!("{what} est_lost"), &shown["cells"]["lo"], &truth["est_lost"]);
        }
        assert_eq!(shown["cells"]["verdict"]["verdict"], truth["verdict"], "{what}");
    }
}

fn check_all(collector: &CollectorProcess, seen: &Value) {
    check_figures(collector, seen);
    check_table(&seen["tables"]["countries"], &asked(collector, seen, "countries"), "country", &COUNTRY_COLUMNS);
    check_table(&seen["tables"]["pages"], &asked(collector, seen, "pages"), "page_group", &PAGE_COLUMNS);
}

const ATTACK: &str = "<img src=x onerror=\"window.attacked=true\"><script>window.attacked=true</script>";

/// A view, just now, of a page that calls itself an attack.
fn send_attack(collector: &CollectorProcess) {
    let now_ms = u64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap();
    let beacon = Beacon {
        head: Head {
            site: "shop".into(),
            time_origin_ms: now_ms - 3000,
            sent_after_ms: 3000,
            session_id: Id::new(now_ms, 1),
            view_id: Id::new(now_ms, 2),
            weight: 1,
            ..Head::default()
        },
        view: Some(PageView {
            path: "/attack".into(),
            name: Some(ATTACK.into()),
            nav: Nav::Entry,
            view_number: 1,
            http_status: 200,
            ..PageView::default()
        }),
        vitals: WebVitals { lcp_ms: Some(2000), ..WebVitals::default() },
        ..Beacon::default()
    };
    let mut bytes = vec![0; BEACON_BYTES_SENT_MAX];
    let length = beacon_format::encode(&beacon, &mut bytes);
    assert_eq!(collector.send_from("200.160.2.3", &bytes[..length]).status, 204);
    collector.wait_until_stored();
}

#[test]
fn the_page_shows_what_the_api_says_for_every_period_and_target() {
    let collector = collector("page", &[]);
    add_history(&collector, "28", "1500");
    send_attack(&collector);
    let mut reader = Reader::start();

    let first = reader.then(&json!({"open": format!("{}/", collector.url())}));
    assert_eq!(first["states"], json!(["simulated"]));
    assert!(first["messages"][0].as_str().unwrap().contains("made up by slowtax simulate"), "{}", first["messages"]);
    assert!(first["claim"].as_str().unwrap().starts_with("Compares slow and fast views of the same country"));
    assert!(first["claim"].as_str().unwrap().ends_with("Run an A/B test to confirm."));
    assert_eq!(
        first["controls"],
        json!({
            "site": "shop", "period": "28", "compare": "previous", "target": "2500", "device": "", "nav": "", "measure": "loss",
        })
    );
    assert_eq!(first["tables"]["countries"]["sorted"], json!([["Lost orders\u{2193}", "descending"]]));
    check_all(&collector, &first);
    // What the beacon called itself is text.
    let pages = first["tables"]["pages"]["rows"].as_array().unwrap();
    let attack = pages.iter().find(|row| row["key"] == ATTACK).unwrap();
    assert_eq!(attack["cells"]["page_group"]["text"], ATTACK);

    let slower = reader.then(&json!({"target": 4000}));
    assert_eq!(slower["url"], "/?target_ms=4000");
    check_all(&collector, &slower);
    assert_ne!(slower["figures"]["time-lost"], first["figures"]["time-lost"]);

    let week = reader.then(&json!({"period": "7"}));
    assert_eq!(week["url"], "/?days=7&target_ms=4000");
    check_all(&collector, &week);
    assert_ne!(week["figures"]["views"], slower["figures"]["views"]);

    let own = reader.then(&json!({"period": "custom"}));
    assert!(own["url"].as_str().unwrap().contains("from="), "{}", own["url"]);
    let yesterday = (OffsetDateTime::now_utc() - time::Duration::days(1)).date();
    let before = yesterday - time::Duration::days(1);
    let two_days = reader.then(&json!({"dates": [before.to_string(), yesterday.to_string()]}));
    assert_eq!(two_days["url"], format!("/?from={before}&to={yesterday}&target_ms=4000"));
    check_all(&collector, &two_days);
    assert!(
        two_days["figures"]["lost-orders"]["text"].as_str().unwrap().contains("Too little data"),
        "two days have no interval"
    );
}

#[test]
fn sorting_finding_opening_and_the_address_work_by_keyboard_and_back_button() {
    let collector = collector("address", &[]);
    add_history(&collector, "28", "800");
    let mut reader = Reader::start();
    reader.then(&json!({"open": format!("{}/?target_ms=3000", collector.url())}));

    let by_views = reader.then(&json!({"sort": "views"}));
    assert_eq!(by_views["url"], "/?target_ms=3000&sort.countries=-views");
    assert_eq!(by_views["tables"]["countries"]["sorted"], json!([["Views\u{2193}", "descending"]]));
    assert_eq!(by_views["focus"], "countries-sort-views", "the focus stays where it was");
    let views: Vec<f64> = column(&by_views["tables"]["countries"], "views");
    assert!(views.len() > 20 && views.is_sorted_by(|a, b| a >= b), "{views:?}");
    let by_name = reader.then(&json!({"sort": "country"}));
    let names: Vec<&str> = by_name["tables"]["countries"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["cells"]["country"]["text"].as_str().unwrap())
        .collect();
    assert_eq!((names[0], *names.last().unwrap()), ("Argentina", "Vietnam"));
    let backwards = reader.then(&json!({"sort": "country"}));
    assert_eq!(backwards["url"], "/?target_ms=3000&sort.countries=-country");
    let found = reader.then(&json!({"find": ["countries", "BRAZ"]}));
    assert_eq!(found["tables"]["countries"]["rows"][0]["key"], "BR");
    assert_eq!(found["tables"]["countries"]["rows"].as_array().unwrap().len(), 1);
    assert_eq!(found["url"], "/?target_ms=3000&sort.countries=-country&find.countries=BRAZ");
    reader.then(&json!({"find": ["countries", ""]}));

    let opened = reader.then(&json!({"go": ["countries", "BR"]}));
    assert_eq!(opened["url"], "/?target_ms=3000&country=BR&sort.countries=-country");
    assert_eq!((&opened["heading"], &opened["focus"]), (&json!("Brazil"), &json!("scope-title")));
    let truth = asked(&collector, &opened, "country-pages");
    let mut of_brazil = opened["tables"]["pages-BR"].clone();
    for row in of_brazil["rows"].as_array_mut().unwrap() {
        let page = row["key"].as_str().unwrap().strip_prefix("BR ").unwrap().to_owned();
        row["key"] = json!(page);
    }
    check_table(&of_brazil, &truth, "page_group", &PAGE_COLUMNS);
    assert!(truth.len() > 4);

    // The same address shows the same again.
    let address = opened["url"].as_str().unwrap();
    let again = reader.then(&json!({"open": format!("{}{address}", collector.url())}));
    assert_eq!(texts(&again["tables"]["pages-BR"]), texts(&opened["tables"]["pages-BR"]));
    let all = reader.then(&json!({"press": "[data-focus=crumb-all]"}));
    assert_eq!((&all["heading"], &all["url"]), (&Value::Null, &json!("/?target_ms=3000&sort.countries=-country")));
    let mapped = reader.then(&json!({"map": "DE"}));
    assert_eq!(mapped["heading"], "Germany");
    let back = reader.then(&json!({"back": true}));
    assert_eq!((&back["url"], &back["focus"]), (&all["url"], &json!("map-DE")), "back where it was left");
    let both = reader.then(&json!({"cell": ["BR", "/cart"]}));
    assert_eq!(
        (&both["heading"], &both["url"]),
        (&json!("/cart in Brazil"), &json!("/?target_ms=3000&country=BR&page=%2Fcart&sort.countries=-country"),)
    );
    reader.then(&json!({"back": true}));

    for width in [320, 700, 1000, 2560] {
        let seen = reader.then(&json!({"resize": [width, 900]}));
        assert!(seen["overflow"].as_i64().unwrap() <= 0, "at {width} pixels the page is wider than the window");
    }
}

#[test]
fn the_slider_shows_what_the_table_of_all_targets_says_until_the_exact_answer_is_there() {
    let collector = collector("slider", &[]);
    add_history(&collector, "28", "1500");
    let mut reader = Reader::start();
    let first = reader.then(&json!({"open": format!("{}/", collector.url())}));
    let targets = asked(&collector, &first, "what-if");

    let slid = reader.then(&json!({"slide": 4000}));
    let expected: f64 =
        targets.iter().filter(|row| row["target_ms"] == 4000).filter_map(|row| row["est_lost"].as_f64()).sum();
    let preview: f64 = slid["slide"]["lost_orders"].as_str().unwrap().parse().unwrap();
    assert!(close(preview, expected), "{preview}, in the table {expected}");
    assert!(slid["slide"]["text"].as_str().unwrap().contains("being computed"), "{}", slid["slide"]);
    assert_eq!(slid["url"], "/?target_ms=4000");
    check_all(&collector, &slid);

    let stepped = reader.then(&json!({"target": 3000}));
    assert_eq!((&stepped["focus"], &stepped["url"]), (&json!("target"), &json!("/?target_ms=3000")));
    check_all(&collector, &stepped);
}

#[test]
fn filters_and_comparisons_are_asked_and_what_is_saved_is_what_the_api_has() {
    let collector = collector("filters", &[]);
    add_history(&collector, "60", "800");
    let mut reader = Reader::start();
    reader.then(&json!({"open": format!("{}/", collector.url())}));
    let phones = reader.then(&json!({"choose": ["device", "mobile"]}));
    assert_eq!(phones["url"], "/?device=mobile");
    check_figures(&collector, &phones);
    assert!(phones["figures"]["lost-orders"]["text"].as_str().unwrap().contains("views led to an order"));
    let entries = reader.then(&json!({"choose": ["nav", "entry"]}));
    assert_eq!(entries["url"], "/?device=mobile&nav=entry");
    check_figures(&collector, &entries);

    let saved = reader.then(&json!({"download": "[data-focus=countries-csv]"}));
    let lines = saved["download"]["text"].as_str().unwrap().lines().count();
    assert_eq!(lines, 1 + asked(&collector, &entries, "countries").len());
    let year = reader.then(&json!({"choose": ["compare", "year"]}));
    assert_eq!(year["url"], "/?compare=year&device=mobile&nav=entry");
    assert!(year["figures"]["good-share"]["text"].as_str().unwrap().contains("the same weeks last year"));
}

#[test]
fn nothing_on_the_page_is_hard_to_reach_light_or_dark() {
    let collector = collector("axe", &[]);
    add_history(&collector, "28", "800");
    let mut reader = Reader::start();
    for path in ["/", "/?country=BR", "/?page=%2Fcart", "/?country=BR&page=%2Fcart"] {
        reader.then(&json!({"open": format!("{}{path}", collector.url())}));
        for scheme in ["light", "dark"] {
            let seen = reader.then(&json!({"scheme": scheme, "axe": true}));
            let is_bad = |found: &&Value| found["impact"] == "serious" || found["impact"] == "critical";
            let bad: Vec<_> = seen["axe"].as_array().unwrap().iter().filter(is_bad).collect();
            assert!(bad.is_empty(), "{path} {scheme}: {bad:?}");
        }
    }
}

/// All that a table shows.
fn texts(table: &Value) -> Vec<&str> {
    let cells = table["rows"].as_array().unwrap().iter().flat_map(|row| row["cells"].as_object().unwrap().values());
    cells.map(|cell| cell["text"].as_str().unwrap()).collect()
}

fn column(table: &Value, name: &str) -> Vec<f64> {
    let rows = table["rows"].as_array().unwrap();
    rows.iter().map(|row| row["cells"][name]["value"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn somebody_logs_in_sees_what_they_may_and_logs_out() {
    let hash = PasswordHash::make("correct horse", [7; 16]).unwrap();
    let closed = [
        ("http.report_open", "false"),
        ("access.users.bob.password_hash", hash.reveal()),
        ("access.users.bob.sites", "shop"),
        ("sites.blog.name", "Blog"),
    ];
    let collector = collector("login", &closed);
    let output = simulate(collector.setup(), &["--site", "shop", "--history", "28", "--views-per-day", "500"]);
    assert!(output.status.success(), "{}", said(&output));
    let mut reader = Reader::start();
    reader.then(&json!({"open": format!("{}/?site=shop&country=BR", collector.url())}));
    let form = reader.then(&json!({"axe": true}));
    assert_eq!((&form["title"], &form["axe"]), (&json!("Log in to Slowtax"), &json!([])));
    assert!(form["url"].as_str().unwrap().starts_with("/login?next="), "{}", form["url"]);
    reader.then(&json!({"type": ["#user", "bob"]}));
    let refused = reader.whatever(&json!({"leave": {"keys": ["Tab", "n", "o", "Enter"]}}));
    assert_eq!(refused["url"], "/login", "by keyboard alone: {refused}");
    assert!(refused["problem"].as_str().unwrap().contains("There is no such user"), "{refused}");
    assert_eq!((&refused["focus"], &refused["controls"]["site"]), (&json!("password"), &Value::Null));

    reader.then(&json!({"type": ["#password", "correct horse"]}));
    reader.then(&json!({"leave": {"press": "button[type=submit]"}}));
    // The page's own answers are awaited.
    let page = reader.then(&json!({"forward_s": 1}));
    assert_eq!((&page["url"], &page["user"]), (&json!("/?site=shop&country=BR"), &json!("bob")));
    assert!(page["heading"].as_str().unwrap().contains("Brazil"), "{}", page["heading"]);
    let elsewhere = reader.whatever(&json!({"open": format!("{}/?site=blog", collector.url())}));
    assert!(!elsewhere.to_string().contains("Blog"), "what one may not see does not exist: {elsewhere}");

    reader.then(&json!({"open": format!("{}/", collector.url())}));
    let out = reader.then(&json!({"leave": {"press": "[data-focus=log-out]"}}));
    assert_eq!((&out["url"], &out["title"]), (&json!("/login"), &json!("Log in to Slowtax")));
    let again = reader.then(&json!({"open": format!("{}/", collector.url())}));
    assert_eq!(again["title"], "Log in to Slowtax");
}

#[test]
fn without_data_the_page_shows_what_to_embed_and_notices_the_first_beacon() {
    let collector = collector("no_data", &[]);
    let mut reader = Reader::start();
    let empty = reader.then(&json!({"open": format!("{}/", collector.url())}));
    assert_eq!(empty["states"], json!(["no-data"]));
    let message = empty["messages"][0].as_str().unwrap();
    let snippet = format!("<script async src=\"{}/slowtax.js\" data-site=\"shop\"></script>", collector.url());
    assert!(message.contains("Waiting for the first beacon") && message.contains(&snippet), "{message}");

    send_attack(&collector);
    let first = reader.then(&json!({"forward_s": 6}));
    assert!(!first["states"].as_array().unwrap().contains(&json!("no-data")), "{}", first["states"]);
    assert_eq!(first["figures"]["views"]["value"], "1");
    assert!(first["figures"]["lost-orders"]["text"].as_str().unwrap().contains("Too little data to say: 0 orders"));
    let past = reader.then(&json!({"open": format!("{}/?from=2025-11-01&to=2025-11-02", collector.url())}));
    assert_eq!(past["states"], json!(["empty-period"]));
    let shown = reader.then(&json!({"press": "[data-focus=show-all]"}));
    assert_eq!(shown["figures"]["views"]["value"], "1");
}

#[test]
fn when_clickhouse_is_away_the_page_says_so_and_keeps_what_it_has() {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = clickhouse.database("report_away");
    let proxy = FaultProxy::start(clickhouse.url().trim_start_matches("http://").parse().unwrap());
    let collector = CollectorProcess::start_on(&proxy.url(), database.name(), &[("http.report_open", "true")]);
    add_history(&collector, "6", "600");
    let mut reader = Reader::start();
    let answered = reader.then(&json!({"open": format!("{}/", collector.url())}));

    proxy.cut();
    // The next time that it asks by itself.
    let stale = reader.whatever(&json!({"forward_s": 61}));
    assert_eq!(stale["states"], json!(["stale", "simulated"]));
    let notice = stale["messages"][0].as_str().unwrap();
    assert!(
        notice.contains("ClickHouse does not answer") && notice.contains("What is shown is from 1 minute ago"),
        "{notice}"
    );
    assert_eq!(stale["figures"], answered["figures"]);
    let other = reader.whatever(&json!({"target": 5000}));
    assert_eq!((&other["states"], &other["figures"]), (&json!(["failure"]), &json!({})));

    proxy.restore();
    let mut back = reader.whatever(&json!({"press": "[data-focus=again]"}));
    // What it does not ask at once, or over a connection that had been cut, it asks again by itself, every five seconds.
    for _ in 0..4 {
        if back["states"] == json!(["simulated"]) {
            break;
        }
        back = reader.whatever(&json!({"forward_s": 6}));
    }
    assert_eq!(back["states"], json!(["simulated"]));
    let exact = reader.whatever(&json!({"target": 3000}));
    assert_eq!(exact["states"], json!(["simulated"]));
    check_figures(&collector, &exact);
}
