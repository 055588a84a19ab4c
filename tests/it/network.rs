//! Failures that browsers report of the network: what fires, one under and one over each limit, and what is told of them.

use clickhouse::Client;

use crate::database::{database, execute, lines};

/// When it is asked; what is judged ends at 12:00.
const AT: &str = "2025-06-18 12:01:00";

/// A database with a week of views of each country, 100 in 5 minutes.
async fn site(name: &str, countries: &[&str], days: u32) -> Client {
    let client = database(&format!("network_{name}")).await;
    for table in ["beat_5m", "browser_reports"] {
        execute(&client, &format!("ALTER TABLE {table} REMOVE TTL")).await;
    }
    for country in countries {
        let sql = format!(
            "INSERT INTO beat_5m (site, slot, country, views)
             SELECT 'shop', toDateTime('2025-06-18 12:00:00', 'UTC') - 300 * (toInt64(number) + 1), '{country}', 100 FROM numbers({})",
            days * 288
        );
        execute(&client, &sql).await;
    }
    client
}

/// `count` reports of a country, `back` minutes before 12:00.
async fn report(client: &Client, country: &str, error: &str, count: u32, back: u32, more: &str) {
    let phase = match error.split('.').next() {
        Some("dns") => "dns",
        Some("tcp" | "tls") => "connection",
        _ => "application",
    };
    let more = if more.is_empty() { "false, 0, 1" } else { more };
    let sql = format!(
        "INSERT INTO browser_reports (site, ts, country, type, phase, error, elapsed_ms, is_bot, http_status, sampling_fraction)
         SELECT 'shop', toDateTime('2025-06-18 12:00:00', 'UTC') - 60 * {back}, '{country}', 'network-error', '{phase}', '{error}', 1000 + number, {more} FROM numbers({count})"
    );
    execute(client, &sql).await;
}

async fn states(client: &Client, at: &str) -> Vec<String> {
    let sql = format!(
        "SELECT country, failures, type, state FROM network_alarms(site = 'shop', at = '{at}') WHERE failures > 0 AND country != '' ORDER BY country"
    );
    lines(client, &sql).await
}

#[tokio::test]
async fn it_fires_at_twenty_failures_two_percent_and_five_times_the_usual_share() {
    let names = ["AA", "BB", "CC", "DD", "EE", "FF", "GG"];
    let client = site("limits", &names, 8).await;
    report(&client, "AA", "dns.name_not_resolved", 20, 1, "").await;
    report(&client, "BB", "dns.name_not_resolved", 19, 1, "").await;
    // 300 views in 15 minutes; with 9,800 more 200 failures are 1.94 %, 210 are 2.04 %.
    for country in ["CC", "DD"] {
        execute(&client, &format!("INSERT INTO beat_5m (site, slot, country, views) VALUES ('shop', '2025-06-18 11:50:00', '{country}', 9800)")).await;
    }
    report(&client, "CC", "tcp.timed_out", 200, 14, "").await;
    report(&client, "DD", "tcp.timed_out", 210, 14, "").await;
    // 30 in 330 are 9.1 %; usual are 1.8 % and 1.9 % of 201,600 views in the week.
    report(&client, "EE", "tls.cert.date_invalid", 30, 5, "").await;
    report(&client, "EE", "tls.cert.date_invalid", 3600, 3000, "").await;
    report(&client, "FF", "tls.cert.date_invalid", 30, 5, "").await;
    report(&client, "FF", "tls.cert.date_invalid", 3900, 3000, "").await;
    // Out of the 15 minutes.
    report(&client, "GG", "dns.unreachable", 500, 16, "").await;
    assert_eq!(
        states(&client, AT).await,
        [
            "AA\t20\tdns\tfiring",
            "BB\t19\tdns\tok",
            "CC\t200\ttcp\tok",
            "DD\t210\ttcp\tfiring",
            "EE\t30\ttls\tfiring",
            "FF\t30\ttls\tok"
        ]
    );
    // Half an hour later nobody fires, and everybody has a row; before the 12:00 slot was over there were none.
    let sql = "SELECT count(), max(firing), groupUniqArray(state) FROM network_alarms(site = 'shop', at = '2025-06-18 12:31:00')";
    assert_eq!(lines(&client, sql).await, ["8\t0\t['ok']"]);
    assert_eq!(states(&client, "2025-06-18 11:45:59").await, [] as [&str; 0]);
    let total = format!(
        "SELECT at, failures, reports, views, round(share, 4) FROM network_alarms(site = 'shop', at = '{AT}') WHERE country = ''"
    );
    assert_eq!(lines(&client, &total).await, ["2025-06-18 12:00:00\t509\t509\t21700\t0.0229"]);
}

#[tokio::test]
async fn what_is_no_failure_does_not_count_and_a_sampled_report_counts_for_as_many() {
    let client = site("kinds", &["AA", "BB", "CC", "DD"], 8).await;
    for (error, more) in [("ok", ""), ("abandoned", ""), ("http.error", "false, 404, 1"), ("tcp.reset", "true, 0, 1")] {
        report(&client, "AA", error, 100, 2, more).await;
    }
    execute(&client, "INSERT INTO browser_reports (site, ts, country, type, sampling_fraction) SELECT 'shop', '2025-06-18 11:58:00', 'AA', 'deprecation', 1 FROM numbers(100)").await;
    // One in ten is reported: 5 are 50, and 4 are too few by themselves. What nobody would report so rarely is believed a hundredfold.
    report(&client, "BB", "http.error", 5, 2, "false, 503, 0.1").await;
    report(&client, "CC", "http.protocol.error", 4, 2, "false, 0, 0.000001").await;
    // The kind of most of them.
    report(&client, "DD", "dns.failed", 10, 2, "").await;
    report(&client, "DD", "tcp.refused", 6, 2, "").await;
    report(&client, "DD", "tcp.reset", 6, 3, "").await;
    let sql = format!(
        "SELECT country, round(failures), type, state FROM network_alarms(site = 'shop', at = '{AT}') WHERE country != '' ORDER BY country"
    );
    assert_eq!(
        lines(&client, &sql).await,
        ["AA\t0\t\tok", "BB\t50\thttp\tfiring", "CC\t400\thttp\tok", "DD\t22\ttcp\tfiring"]
    );

    let sql = "SELECT type, phase, error, is_failure, reports, round(failures), elapsed_p50_ms FROM network_errors(site = 'shop', from_day = '2025-06-18', to_day = '2025-06-19')
               WHERE country IN ('AA', 'DD') ORDER BY country, failures DESC, error";
    assert_eq!(
        lines(&client, sql).await,
        [
            "abandoned\tapplication\tabandoned\tfalse\t100\t100\t1050",
            "http\tapplication\thttp.error\tfalse\t100\t100\t1050",
            "dns\tdns\tdns.failed\ttrue\t10\t10\t1005",
            "tcp\tconnection\ttcp.refused\ttrue\t6\t6\t1003",
            "tcp\tconnection\ttcp.reset\ttrue\t6\t6\t1003"
        ]
    );
    let share = "SELECT round(share, 6) FROM network_errors(site = 'shop', from_day = '2025-06-18', to_day = '2025-06-19') WHERE country = 'DD' AND error = 'dns.failed'";
    // Views of the half day until 12:00.
    assert_eq!(lines(&client, share).await, [format!("{:.6}", 10.0 / (14_400.0 + 10.0))]);
}

#[tokio::test]
async fn a_site_that_is_known_for_less_than_three_days_is_learning() {
    for (days, state) in [(3, "firing"), (2, "learning"), (0, "learning")] {
        let client = site(&format!("learning_{days}"), &["AA"], days).await;
        report(&client, "AA", "dns.failed", 100, 1, "").await;
        let sql =
            format!("SELECT country, state, firing FROM network_alarms(site = 'shop', at = '{AT}') ORDER BY country");
        let firing = u8::from(state == "firing");
        assert_eq!(
            lines(&client, &sql).await,
            [format!("\t{state}\t{firing}"), format!("AA\t{state}\t{firing}")],
            "{days}"
        );
        let nobody = format!("SELECT country, state, failures FROM network_alarms(site = 'nobody', at = '{AT}')");
        assert_eq!(lines(&client, &nobody).await, ["\tlearning\t0"]);
    }
}
