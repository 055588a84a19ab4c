//! Risks: each kind is found where it is, with the orders that pass through it, and not just below its limit.

use clickhouse::Client;
use time::{Date, Duration};

use crate::database::{database, execute, first_day, lines, refusal};

/// Views of each page group and country in the fixtures.
const VIEWS: u32 = 1000;

/// The day on which all raw views begin, at noon; the window ends with it.
fn day() -> Date {
    first_day() + Duration::days(20)
}

fn window() -> String {
    format!("site = 'shop', from_day = '{}', to_day = '{}', target_ms = 2500", first_day(), day() + Duration::days(1))
}

/// `VIEWS` page views at noon of `day`, with further columns as SQL.
async fn views(client: &Client, day: Date, country: &str, page_group: &str, columns: &str, values: &str) {
    let sql = format!(
        "INSERT INTO page_views (site, ts, view_id, weight, country, page_group{columns})
         SELECT 'shop', toDateTime('{day} 12:00:00', 'UTC') + number AS at, bitShiftLeft(toUInt64(toUnixTimestamp(at)) * 1000, 20) + cityHash64('{country}', '{page_group}') % 1000000,
            1, '{country}', '{page_group}'{values} FROM numbers({VIEWS})"
    );
    execute(client, &sql).await;
}

/// Orders of a country that have passed through page groups.
async fn orders(client: &Client, day: Date, country: &str, weight: u32, pages: &str) {
    let sql = format!(
        "INSERT INTO goals (site, ts, weight, is_conversion, value, country, page_group, earlier_ts, earlier_page_group, earlier_nav, earlier_lcp_ms)
         WITH {pages} AS pages
         SELECT 'shop', '{day} 13:00:00', {weight}, true, 20, '{country}', '/pay', arrayMap(page -> toDateTime64('{day} 12:00:00', 3, 'UTC'), pages), pages,
            arrayMap(page -> 'inner', pages), arrayMap(page -> 1000, pages)"
    );
    execute(client, &sql).await;
}

async fn found(client: &Client, risk: &str) -> Vec<String> {
    let sql = format!(
        "SELECT subject, country, page_group, round(orders_at_risk, 2), round(revenue_at_risk, 2), evidence FROM risks({}) WHERE risk = '{risk}'",
        window()
    );
    lines(client, &sql).await
}

#[tokio::test]
async fn hosts_on_which_pages_hang_and_hosts_that_tell_nothing_are_risks_by_the_orders_through_the_page() {
    let client = database("risks_hosts").await;
    let columns = ", nav, referrer_host, lcp_ms, lcp_url, lcp_load_duration_ms, hosts.host, hosts.count, hosts.cached, hosts.blocking, hosts.opaque, hosts.failed, hosts.slowest_ms, hosts.duration_ms, hosts.transfer_bytes, hosts.decoded_bytes";
    let values = |blocks: &str, lcp_url: &str| {
        format!(
            ", 'inner', 'www.shop.example', 2000, '{lcp_url}', 1200, ['tags.example', 'cdn.shop.example', 'ads.example'], [2, 3, 1], [0, 0, 0], [{blocks}, 1, 0], [0, 0, 1], [0, 0, 0],
             [900, 10, 10], [900, 10, 10], [0, 0, 0], [0, 0, 0]"
        )
    };
    views(&client, day(), "DE", "/half", columns, &values("number % 2", "")).await;
    views(&client, day(), "DE", "/less", columns, &values("number % 2 * (number > 1)", "")).await;
    views(&client, day(), "DE", "/image", columns, &values("0", "https://tags.example/a.avif")).await;
    orders(&client, day(), "DE", 100, "['/half', '/half', '/image']").await;
    orders(&client, day(), "DE", 40, "['/half']").await;
    orders(&client, day(), "DE", 7, "['/less']").await;
    let hanging = found(&client, "single_host").await;
    assert_eq!(
        hanging,
        [
            "tags.example\t\t/image\t100\t2000\t100 % of views hang on it: it blocks rendering in 0 %, and is most of the LCP in 100 %; its slowest request took 900 ms",
            "tags.example\t\t/half\t70\t1400\t50 % of views hang on it: it blocks rendering in 50 %, and is most of the LCP in 0 %; its slowest request took 900 ms"
        ]
    );
    assert_eq!(
        found(&client, "opaque_host").await,
        [
            "ads.example\t\t/half\t140\t2800\t100 % of 3000 requests do not tell what they cost (no Timing-Allow-Origin); 100 % of the views of the page group use it"
        ]
    );
    let all = format!("SELECT count(), uniqExact(risk) FROM risks({})", window());
    assert_eq!(lines(&client, &all).await, ["3\t2"]);
}

#[tokio::test]
async fn countries_without_reference_and_pages_near_the_poor_threshold_are_risks() {
    let client = database("risks_speed").await;
    let lcp = |ms: &str| format!(", {ms}");
    // The 75th percentile of 1,000 is the 750th.
    for (country, page, ms) in [
        ("DE", "/near", "if(number < 749, 1000, 3601)"),
        ("DE", "/poor", "if(number < 749, 1000, 4001)"),
        ("DE", "/good", "if(number < 749, 1000, 3600)"),
        ("BR", "/far", "5000"),
    ] {
        views(&client, day(), country, page, ", lcp_ms", &lcp(ms)).await;
    }
    orders(&client, day(), "DE", 30, "['/near', '/good']").await;
    orders(&client, day(), "BR", 5, "['/far']").await;
    assert_eq!(
        found(&client, "near_poor").await,
        ["lcp\t\t/near\t30\t600\tLCP is 3601 ms at the 75th percentile of 1000 views; over 4000 ms is poor"]
    );
    assert_eq!(
        found(&client, "no_reference").await,
        ["BR\tBR\t\t5\t100\t1000 of 1000 slow views have no views at or under the target to be compared with"]
    );
    let said = refusal(&client, &format!("SELECT * FROM risks({})", window().replace("2500", "2600"))).await;
    assert!(said.contains("target_ms must be one of"), "{said}");
    let said = refusal(
        &client,
        "SELECT * FROM risks(site = 'shop', from_day = '2026-01-02', to_day = '2026-01-02', target_ms = 2500)",
    )
    .await;
    assert!(said.contains("from_day must be before to_day"), "{said}");
    let nobody =
        "SELECT count() FROM risks(site = 'nobody', from_day = '2026-01-01', to_day = '2026-02-02', target_ms = 2500)";
    assert_eq!(lines(&client, nobody).await, ["0"]);
}

#[tokio::test]
async fn connections_that_fall_back_are_risks_of_their_country() {
    let client = database("risks_connections").await;
    let week_before = day() - Duration::days(7);
    for (country, before, now) in [
        ("DE", "'h2', 100", "if(number % 10 < 2, 'http/1.1', 'h2'), 100"),
        ("FR", "'h2', 100", "if(number % 100 < 4, 'http/1.1', 'h2'), 100"),
        ("BR", "'h2', 200", "'h2', 300"),
        ("IT", "'h2', 200", "'h2', 299"),
    ] {
        views(&client, week_before, country, "/", ", protocol, tls_ms", &format!(", {before}")).await;
        views(&client, day(), country, "/", ", protocol, tls_ms", &format!(", {now}")).await;
        orders(&client, day(), country, 50, "['/']").await;
    }
    assert_eq!(
        found(&client, "protocol_fallback").await,
        ["http/1\tDE\t\t10\t200\t20 % of views by HTTP/1, 0 % a week before"]
    );
    assert_eq!(
        found(&client, "tls_slower").await,
        ["tls\tBR\t\t50\t1000\tTLS handshakes take 300 ms at the 75th percentile, 200 ms a week before"]
    );
}

#[tokio::test]
async fn errors_that_grow_are_risks_and_there_are_never_more_than_forty_of_a_kind() {
    let client = database("risks_errors").await;
    for at in [day(), day() - Duration::days(8)] {
        views(&client, at, "DE", "/cart", "", "").await;
    }
    orders(&client, day(), "DE", 50, "['/cart']").await;
    let errors = |at: Date, message: &str, count: u32, counted: u32| {
        format!(
            "INSERT INTO page_errors (site, ts, weight, country, page_group, kind, message, counted) SELECT 'shop', '{at} 12:30:00', 1, 'DE', '/cart', 'uncaught', '{message}', {counted} FROM numbers({count})"
        )
    };
    let before = day() - Duration::days(8);
    for (message, then, now) in [("grows", 20, 100), ("stays", 100, 150), ("rare", 0, 19), ("new", 0, 20)] {
        execute(&client, &errors(before, message, then, 0)).await;
        execute(&client, &errors(day(), message, now, 0)).await;
    }
    // Told again by later snapshots of the same views.
    execute(&client, &errors(day(), "rare", 500, 1)).await;
    assert_eq!(
        found(&client, "growing_error").await,
        [
            "uncaught: grows\t\t/cart\t5\t100\t100 views met it in 7 days, 20 in the 7 before",
            "uncaught: new\t\t/cart\t1\t20\t20 views met it in 7 days, 0 in the 7 before"
        ]
    );
    execute(
        &client,
        &format!("INSERT INTO page_errors (site, ts, weight, page_group, kind, message) SELECT 'shop', '{} 12:30:00', 1, '/cart', 'uncaught', toString(number % 60) FROM numbers(6000)", day()),
    )
    .await;
    let sql = format!("SELECT count(), max(length(evidence)) < 200 FROM risks({})", window());
    assert_eq!(lines(&client, &sql).await, ["40\t1"]);
}
