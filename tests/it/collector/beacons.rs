//! Beacons in, rows out; and what is no beacon.

use beacon_format::{Beacon, limits};
use collector::Reject;
use tests::collector::{Answer, CollectorProcess, DESKTOP, request};
use tests::embedded::EmbeddedClickHouse;

use super::sample::{binary, fresh_id, full, json, now_ms, plain};

fn collector(test: &str, overrides: &[(&str, &str)]) -> CollectorProcess {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = clickhouse.database(&format!("collector_{test}"));
    CollectorProcess::start_on(&clickhouse.url(), database.name(), overrides)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, body).unwrap();
    encoder.finish().unwrap()
}

/// The columns that say when, which and on what a beacon came; all others must not depend on its encoding.
const OWN: &str = "EXCEPT (session_id, view_id, ts, received_at, previous_ts)";

#[test]
fn binary_json_and_packed_beacons_become_the_same_rows() {
    let collector = collector("encodings", &[]);
    for encode in [binary, json] {
        assert_eq!(collector.send_from("200.160.2.3", &encode(&full())).status, 204);
    }
    let headers = [("User-Agent", DESKTOP), ("X-Forwarded-For", "200.160.2.3"), ("Content-Encoding", "gzip")];
    assert_eq!(collector.request("POST", "/v1/beacon", &headers, &gzip(&json(&full()))).status, 204);
    collector.wait_until_stored();
    let count = |table: &str, columns: &str| {
        collector.query(&format!(
            "SELECT count(), uniqExact(t) FROM (SELECT toString(tuple(* {columns})) AS t FROM {table})"
        ))
    };
    assert_eq!(count("page_views", OWN), "3\t1");
    assert_eq!(count("resource_timings", "EXCEPT (session_id, view_id, ts)"), "3\t1");
    assert_eq!(count("goals", "EXCEPT (session_id, view_id, ts, earlier_ts)"), "3\t1");
    assert_eq!(count("page_errors", "EXCEPT (session_id, view_id, ts)"), "3\t1");
    let row = collector.query(
        "SELECT country, page_group, path, device, browser, browser_version, os, is_bot, weight, reason, nav, lcp_ms, cls, dns_ms, tcp_ms, \
         tls_ms, request_ms, response_ms, load_ms, protocol, previous_page_group, previous_lcp_ms, dimensions \
         FROM page_views LIMIT 1",
    );
    let expected = "BR\t/item/:id\t/item/4711.html\tdesktop\tChrome\t130\tWindows\tfalse\t4\thidden\tinner\t1250\t0.1234\t20\t30\t\
                    40\t204\t40\t1510\th2\t/\t900\t{'plan':'gold'}";
    assert_eq!(row, expected);
    let goal = "SELECT name, is_conversion, value, page_group, earlier_page_group, earlier_nav, earlier_lcp_ms FROM goals LIMIT 1";
    let expected = "order\ttrue\t49.9\t/item/:id\t['/','/search']\t['entry','inner']\t[900,3100]";
    assert_eq!(collector.query(goal), expected);
    let error = "SELECT kind, message, line, count, release FROM page_errors LIMIT 1";
    assert_eq!(collector.query(error), "uncaught\tx is undefined at main\t12\t3\t2026.11.3");
    let resource =
        "SELECT host, initiator, start_ms, duration_ms, request_ms, response_ms, dns_ms FROM resource_timings LIMIT 1";
    assert_eq!(collector.query(resource), "cdn.example.com\tscript\t350\t120\t60\t50\t\\N");
}

#[test]
fn the_client_is_the_first_address_from_the_right_that_is_no_trusted_proxy() {
    let trusting = collector("forwarded", &[("http.trusted_proxies", "127.0.0.0/8,10.0.0.0/8")]);
    for (forwarded, country) in [
        ("194.25.0.1", "DE"),
        ("6.6.6.6, 202.12.27.33", "JP"),
        ("6.6.6.6, 200.160.2.3, 10.0.0.7, 10.0.0.8", "BR"),
        ("nonsense", "ZZ"),
        ("2003::1", "DE"),
    ] {
        let mut beacon = plain();
        beacon.head.weight = 7;
        assert_eq!(trusting.send_from(forwarded, &binary(&beacon)).status, 204);
        trusting.wait_until_stored();
        let sql = format!("SELECT country FROM page_views WHERE view_id = {}", beacon.head.view_id.0);
        assert_eq!(trusting.query(&sql), country, "{forwarded}");
    }
}

#[test]
fn a_peer_that_is_no_trusted_proxy_cannot_choose_its_country() {
    let doubting = collector("untrusted", &[("http.trusted_proxies", "")]);
    assert_eq!(doubting.send_from("200.160.2.3", &binary(&plain())).status, 204);
    doubting.wait_until_stored();
    assert_eq!(doubting.query("SELECT country FROM page_views"), "ZZ");
}

#[test]
fn no_address_is_in_any_row_or_log_line() {
    let collector = collector("addresses", &[]);
    let address = "200.160.2.77";
    assert_eq!(collector.send_from(address, &binary(&full())).status, 204);
    assert_eq!(collector.send_from(address, b"no beacon").status, 400);
    collector.wait_until_stored();
    for table in ["page_views", "resource_timings", "goals", "page_errors"] {
        let found = collector
            .query(&format!("SELECT countIf(position(toString(tuple(*)), '{address}') > 0), count() FROM {table}"));
        assert_eq!(found, "0\t1", "{table}");
    }
    assert!(!collector.log().contains(address));
    assert!(!collector.get("/metrics").text().contains(address));
}

#[test]
fn a_snapshot_counts_once_and_a_repeat_is_told_that_it_is_safe() {
    let collector = collector("repeats", &[]);
    let mut beacon = full();
    for expected_rows in [1, 1, 2] {
        assert_eq!(collector.send(&binary(&beacon)).status, 204);
        collector.wait_until_stored();
        // page_views replaces earlier snapshots; the others show every one that was taken.
        assert_eq!(collector.query("SELECT count() FROM goals"), expected_rows.to_string());
        if collector.metric("slowtax_beacons_rejected_total{reason=\"duplicate\"}") == 1 {
            beacon.head.seq = 1;
        }
    }
    assert_eq!(collector.query("SELECT count(), max(seq) FROM page_views FINAL"), "1\t1");
}

#[test]
fn bots_are_marked_and_not_dropped() {
    let collector = collector("bots", &[]);
    for agent in [
        "",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0.0.0 Safari/537.36",
    ] {
        assert_eq!(collector.request("POST", "/v1/beacon", &[("User-Agent", agent)], &binary(&plain())).status, 204);
    }
    collector.wait_until_stored();
    let bots = collector.query("SELECT is_bot, bot_reason FROM page_views ORDER BY bot_reason");
    assert_eq!(bots, "true\theadless\ntrue\tno_user_agent");
}

/// A body, and how it is sent, that is refused for a reason.
struct Refused {
    reject: Reject,
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

fn refused(reject: Reject, body: impl Into<Vec<u8>>) -> Refused {
    Refused { reject, body: body.into(), headers: vec![("User-Agent", DESKTOP.to_owned())] }
}

fn changed(change: impl FnOnce(&mut Beacon)) -> Vec<u8> {
    let mut beacon = plain();
    change(&mut beacon);
    json(&beacon)
}

/// One request for each reason that a beacon can be refused for by itself.
fn every_refusal() -> Vec<Refused> {
    let whole = binary(&full());
    let view_twice = {
        let mut twice = binary(&plain());
        // Version, head's section, then the view's: once more.
        let head_end = 4 + usize::from(u16::from_le_bytes([twice[2], twice[3]]));
        let view_end = head_end + 3 + usize::from(u16::from_le_bytes([twice[head_end + 1], twice[head_end + 2]]));
        let view = twice[head_end..view_end].to_vec();
        twice.extend_from_slice(&view);
        twice
    };
    let headless = [&whole[..1], &[9, 0, 0]].concat();
    let mut encoded = refused(Reject::UnsupportedEncoding, whole.clone());
    encoded.headers.push(("Content-Encoding", "br".to_owned()));
    let mut stranger = refused(Reject::OriginNotAllowed, changed(|beacon| beacon.head.site = "strict".into()));
    stranger.headers.push(("Origin", "https://evil.example.com".to_owned()));
    let mut cut = refused(Reject::BodyIncomplete, &whole[..10]);
    cut.headers.push(("Content-Length", whole.len().to_string()));
    vec![
        refused(Reject::Empty, ""),
        refused(Reject::TooLarge, vec![b' '; 64 * 1024 + 1]),
        cut,
        encoded,
        refused(Reject::UnknownVersion, "garbage"),
        refused(Reject::Truncated, &whole[..whole.len() - 1]),
        refused(Reject::NoHead, headless),
        refused(Reject::Repeated, view_twice),
        refused(Reject::BadText, changed(|beacon| beacon.view.as_mut().unwrap().path = "/a\u{7}b".into())),
        refused(Reject::BadJson, "{\"v\":1,\"head\":5}"),
        refused(Reject::OutOfRange, changed(|beacon| beacon.head.weight = limits::WEIGHT_MAX + 1)),
        refused(Reject::UnknownSite, changed(|beacon| beacon.head.site = "nobody".into())),
        stranger,
        refused(
            Reject::TooOld,
            changed(|beacon| {
                beacon.head.time_origin_ms = now_ms() - 49 * 3600 * 1000;
                beacon.head.sent_after_ms = 49 * 3600 * 1000;
            }),
        ),
    ]
}

#[test]
fn every_reason_to_refuse_a_beacon_has_its_answer_and_its_count() {
    let collector = collector("refusals", &[("sites.strict.allowed_origins", "https://strict.example.com")]);
    let addr = collector.url().trim_start_matches("http://").parse().unwrap();
    let refusals = every_refusal();
    for Refused { reject, body, headers } in &refusals {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if *reject == Reject::BodyIncomplete {
            // The answer may not reach somebody who hangs up in the middle of a body; the count tells.
            let _ = send_cut_short(addr, &headers, body);
            collector.wait_until("the cut body is counted", || rejected(&collector, *reject) == 1);
            continue;
        }
        let answer = request(addr, "POST", "/v1/beacon", &headers, body).unwrap();
        assert_eq!(answer.status, reject.status(), "{}", reject.reason());
        assert_eq!(answer.text(), format!("{{\"error\":\"{}\"}}\n", reject.reason()));
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(rejected(&collector, *reject), 1, "{}", reject.reason());
    }
    // The rest of the list is not about a beacon by itself: tested with repeats, shedding, the queue, rates, hostile clients, routes, and the report, its logins and its API.
    let elsewhere = [
        Reject::Duplicate,
        Reject::Shed,
        Reject::QueueFull,
        Reject::TooMany,
        Reject::TooManyConnections,
        Reject::Malformed,
        Reject::HeadTooLarge,
        Reject::HeadTooSlow,
        Reject::BodyTooSlow,
        Reject::AnswerNotTaken,
        Reject::NotFound,
        Reject::MethodNotAllowed,
        Reject::ReportClosed,
        Reject::LoginRequired,
        Reject::LoginFailed,
        Reject::TooManyLogins,
        Reject::AssetsNotBuilt,
        Reject::BadParameter,
        Reject::NotJson,
        Reject::WriterUnknown,
        Reject::Conflict,
        Reject::TooManySilences,
        Reject::StoreUnavailable,
        Reject::StoreFailed,
        Reject::StoreTooSlow,
        Reject::Internal,
    ];
    let covered =
        |reject: &Reject| elsewhere.contains(reject) || refusals.iter().any(|refused| refused.reject == *reject);
    assert!(Reject::ALL.iter().all(covered), "a reason is tested nowhere");
    assert_eq!(collector.send(&binary(&plain())).status, 204);
    let received = collector.metric("slowtax_beacons_received_total");
    let all_rejected: u64 = Reject::ALL.iter().map(|reject| rejected(&collector, *reject)).sum();
    assert_eq!(received, collector.metric("slowtax_beacons_accepted_total") + all_rejected);
    assert_eq!(received, refusals.len() as u64 + 1);
}

fn rejected(collector: &CollectorProcess, reject: Reject) -> u64 {
    collector.metric(&format!("slowtax_beacons_rejected_total{{reason=\"{}\"}}", reject.reason()))
}

/// Announces more than it sends, and hangs up.
fn send_cut_short(addr: std::net::SocketAddr, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(addr)?;
    write!(stream, "POST /v1/beacon HTTP/1.1\r\nHost: x\r\n")?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n")?;
    stream.write_all(body)
}

#[test]
fn the_largest_body_is_taken_and_one_byte_more_is_not() {
    let collector = collector("sizes", &[("http.body_bytes_max", "2000")]);
    let fitting = |length: usize| {
        let mut body = json(&plain());
        // Spaces before the end change nothing in JSON.
        let end = body.pop().unwrap();
        body.resize(length - 1, b' ');
        body.push(end);
        body
    };
    assert_eq!(collector.send(&fitting(1999)).status, 204);
    assert_eq!(collector.send(&fitting(2000)).status, 204);
    assert_eq!(collector.send(&fitting(2001)).status, 413);
    let chunked = [("Transfer-Encoding", "chunked"), ("Content-Length", "")];
    let body = [format!("{:x}\r\n", 2001).as_bytes(), &fitting(2001), b"\r\n0\r\n\r\n"].concat();
    let answer = collector.request("POST", "/v1/beacon", &chunked[..1], &body);
    assert!(matches!(answer.status, 400 | 413), "a body of unknown length is bounded too: {}", answer.status);
}

#[test]
fn a_packed_body_is_held_to_the_limit_of_what_it_unpacks_to() {
    let collector = collector("packed", &[]);
    let headers = [("User-Agent", DESKTOP), ("Content-Encoding", "gzip")];
    let send = |body: &[u8]| collector.request("POST", "/v1/beacon", &headers, &gzip(body));
    let mut largest = json(&full());
    largest.resize(64 * 1024, b' ');
    assert_eq!(send(&largest).status, 204);
    largest.push(b' ');
    let refused = send(&largest);
    assert_eq!((refused.status, refused.text().as_str()), (413, "{\"error\":\"too_large\"}\n"));
    // 60 KB that would become 60 MB.
    assert_eq!(send(&vec![b' '; 60 << 20]).status, 413);
    assert_eq!(rejected(&collector, Reject::TooLarge), 2);
}

#[test]
fn a_network_and_a_site_that_send_too_much_are_asked_to_wait() {
    let collector = collector("rates", &[("http.network_rate_max", "2"), ("http.site_rate_max", "3")]);
    let send = |address: &str| collector.send_from(address, &binary(&plain())).status;
    let taken = |address: &str| (0..100).take_while(|_| send(address) == 204).count();
    // Ten seconds' worth at once, and what comes meanwhile.
    let of_network = taken("200.160.2.3");
    assert!((20..=40).contains(&of_network), "{of_network}");
    let refused = collector.send_from("200.160.2.77", &binary(&plain()));
    assert_eq!((refused.status, refused.text().as_str()), (429, "{\"error\":\"too_many\"}\n"), "the same network");
    assert_eq!(refused.header("retry-after"), "5");
    let of_site = of_network + taken("193.99.144.80");
    assert!((30..=60).contains(&of_site), "{of_site}");
    assert!(rejected(&collector, Reject::TooMany) >= 3);
    assert!(!collector.log().contains("200.160"));
}

#[test]
fn any_page_may_send_unless_the_site_names_its_origins() {
    let collector = collector("origins", &[("sites.strict.allowed_origins", "https://strict.example.com")]);
    let send = |site: &'static str, origin: Option<&str>| -> Answer {
        let body = changed(|beacon| beacon.head.site = site.into());
        let headers: Vec<(&str, &str)> = origin.map(|origin| ("Origin", origin)).into_iter().collect();
        collector.request("POST", "/v1/beacon", &headers, &body)
    };
    let open = send("shop", Some("https://anything.example.com"));
    assert_eq!((open.status, open.header("access-control-allow-origin"), open.header("vary")), (204, "*", ""));
    let own = send("strict", Some("https://strict.example.com"));
    assert_eq!((own.status, own.header("access-control-allow-origin")), (204, "https://strict.example.com"));
    assert_eq!(own.header("vary"), "Origin");
    assert_eq!(own.header("access-control-allow-credentials"), "");
    let stranger = send("strict", Some("https://strict.example.com.evil.example"));
    assert_eq!((stranger.status, stranger.header("access-control-allow-origin")), (403, ""));
    assert_eq!(send("strict", Some("null")).status, 403);
    assert_eq!(send("strict", None).status, 204, "a server has no origin");
    let preflight = collector.request("OPTIONS", "/v1/beacon", &[("Origin", "https://x.example")], b"");
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, "*"));
    assert_eq!(preflight.header("access-control-allow-methods"), "POST");
}

#[test]
fn clocks_that_are_off_are_set_right_and_views_of_another_day_are_not_believed() {
    let collector = collector("clocks", &[]);
    let mut beacon = full();
    let year_ms = 365 * 24 * 3600 * 1000;
    beacon.head.time_origin_ms -= year_ms;
    beacon.view.as_mut().unwrap().previous.as_mut().unwrap().started_ms -= year_ms;
    beacon.goals[0].earlier_views[0].started_ms -= year_ms;
    // The second stays a year ahead of the others, so it is left out.
    assert_eq!(collector.send(&binary(&beacon)).status, 204);
    collector.wait_until_stored();
    let row = collector.query(
        "SELECT abs(dateDiff('second', ts, now())) < 60, round(clock_skew_ms / 31536000000, 3), \
         dateDiff('second', previous_ts, ts) FROM page_views",
    );
    assert_eq!(row, "1\t-1\t30");
    let goal = "SELECT earlier_page_group, abs(dateDiff('second', ts, now())) < 60 FROM goals";
    assert_eq!(collector.query(goal), "['/']\t1");
    assert_eq!(collector.metric("slowtax_earlier_views_dropped_total"), 1);
}

#[test]
fn many_page_names_become_one_group_and_are_counted() {
    let collector = collector("groups", &[]);
    for index in 0..510 {
        let body = changed(|beacon| beacon.view.as_mut().unwrap().name = Some(format!("page {index}").into()));
        assert_eq!(collector.send(&body).status, 204);
    }
    collector.wait_until_stored();
    assert_eq!(
        collector.query("SELECT uniqExact(page_group), countIf(page_group = '(other)') FROM page_views"),
        "501\t10"
    );
    assert_eq!(collector.metric("slowtax_page_groups_other_total"), 10);
}

#[test]
fn an_error_told_without_a_view_is_kept() {
    let collector = collector("viewless", &[]);
    let mut beacon = full();
    beacon.view = None;
    beacon.head.view_id = fresh_id();
    assert_eq!(collector.send(&binary(&beacon)).status, 204);
    collector.wait_until_stored();
    assert_eq!(
        collector.query("SELECT (SELECT count() FROM page_views), count(), any(page_group) FROM page_errors"),
        "0\t1\t"
    );
}
