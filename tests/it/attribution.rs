//! The views over what page views tell beside their vitals: resources by type and host, what LCP, INP and CLS are made of, scripts, timings,
//! abandonment, frustration, connections, the beacon's own cost; and `errors_by_message`.
//!
//! Every table of results is computed by hand from the rows above it. All views take the same window, leave bots out and weigh, so each
//! test has a bot and a view of another day that would be seen, and a view of weight 3.

use clickhouse::Client;
use time::{Date, Duration};

use crate::database::{database, execute, first_day, lines};

/// Inserts page views of `shop` on `day`: columns beside the usual ones, and their values, which begin with view id, weight and whether
/// it is a bot's.
async fn insert_on(client: &Client, day: Date, columns: &str, values: &[&str]) {
    let rows: Vec<String> = values.iter().map(|values| format!("('shop', '{day} 10:00:00', {values})")).collect();
    let sql =
        format!("INSERT INTO page_views (site, ts, view_id, weight, is_bot, {columns}) VALUES {}", rows.join(","));
    execute(client, &sql).await;
}

/// Inserts them on the first day of the window, and `outside` as a bot's there and as somebody's on the days before and after.
async fn insert(client: &Client, columns: &str, values: &[&str], outside: &str) {
    insert_on(client, first_day(), columns, values).await;
    insert_on(client, first_day(), columns, &[&format!("100, 1000, true, {outside}")]).await;
    for day in [first_day() - Duration::days(1), first_day() + Duration::days(2)] {
        insert_on(client, day, columns, &[&format!("101, 1000, false, {outside}")]).await;
    }
}

async fn ask(client: &Client, view: &str) -> Vec<String> {
    let sql = format!(
        "SELECT * FROM {view}(site = 'shop', from_day = '{}', to_day = '{}') ORDER BY 1, 2, 3",
        first_day(),
        first_day() + Duration::days(2)
    );
    lines(client, &sql).await
}

const TOTALS: [&str; 9] =
    ["count", "cached", "blocking", "opaque", "failed", "slowest_ms", "duration_ms", "transfer_bytes", "decoded_bytes"];

/// The columns of a group of totals, and the same numbers for each of `keys`, times 1, 2, ...
fn totals(group: &str, key: &str, keys: &[&str], numbers: [u32; 9]) -> (String, String) {
    let columns: Vec<String> = TOTALS.iter().map(|part| format!("`{group}.{part}`")).collect();
    let times = |number: &u32| (1..).zip(keys).map(|(nth, _)| (number * nth).to_string()).collect::<Vec<_>>().join(",");
    let values: Vec<String> = numbers.iter().map(|number| format!("[{}]", times(number))).collect();
    let keys: Vec<String> = keys.iter().map(|key| format!("'{key}'")).collect();
    (format!("`{group}.{key}`, {}", columns.join(", ")), format!("[{}], {}", keys.join(","), values.join(", ")))
}

#[tokio::test]
async fn resources_add_up_by_type() {
    let client = database("attribution_types").await;
    let (columns, both) =
        totals("types", "initiator", &["script", "image"], [10, 4, 2, 1, 1, 900, 3000, 500_000, 8000]);
    let (_, script) = totals("types", "initiator", &["script"], [1, 0, 0, 0, 0, 2000, 2000, 70, 80]);
    let rows = [
        format!("1, 1, false, {both}"),
        format!("2, 3, false, {script}"),
        "3, 1, false, [], [], [], [], [], [], [], [], [], []".to_owned(),
    ];
    insert(&client, &columns, &rows.each_ref().map(String::as_str), &both).await;
    // initiator, views, requests, bytes, decoded_bytes, cached, blocking, opaque, failed, slowest_ms, total_duration_s
    let expected =
        ["script\t4\t13\t500210\t8240\t4\t2\t1\t1\t2000\t9", "image\t1\t20\t1000000\t16000\t8\t4\t2\t2\t1800\t6"];
    assert_eq!(ask(&client, "resource_types").await, expected);
}

#[tokio::test]
async fn resources_add_up_by_host_with_the_share_of_views_that_use_it() {
    let client = database("attribution_hosts").await;
    let (columns, both) = totals("hosts", "host", &["a.example", ""], [2, 1, 0, 2, 0, 100, 150, 0, 0]);
    let (_, one) = totals("hosts", "host", &["a.example"], [1, 0, 1, 0, 1, 40, 40, 7, 9]);
    let (_, none) = totals("hosts", "host", &[], [0; 9]);
    let rows = [format!("1, 1, false, {both}"), format!("2, 3, false, {one}"), format!("3, 4, false, {none}")];
    insert(&client, &columns, &rows.each_ref().map(String::as_str), &both).await;
    // host, views, views_share, requests, bytes, decoded_bytes, cached, blocking, opaque, failed, slowest_ms, total_duration_s, is_first_party
    let expected =
        ["\t1\t0.125\t4\t0\t0\t2\t0\t4\t0\t200\t0.3\t\\N", "a.example\t4\t0.5\t5\t21\t27\t1\t3\t2\t3\t100\t0.27\t\\N"];
    assert_eq!(ask(&client, "resource_hosts").await, expected);
    let inner = "nav, referrer_host, `hosts.host`, `hosts.count`, `hosts.cached`, `hosts.blocking`, `hosts.opaque`, `hosts.failed`, \
                 `hosts.slowest_ms`, `hosts.duration_ms`, `hosts.transfer_bytes`, `hosts.decoded_bytes`";
    let hosts =
        "['cdn.a.example', 'b.example'], [1, 1], [0, 0], [0, 0], [0, 0], [0, 0], [9, 9], [9, 9], [0, 0], [0, 0]";
    insert(
        &client,
        inner,
        &[&format!("4, 1, false, 'inner', 'www.a.example', {hosts}")],
        &format!("'inner', 'b.example', {hosts}"),
    )
    .await;
    let rows = ask(&client, "resource_hosts").await;
    let parties: Vec<(&str, &str)> =
        rows.iter().map(|row| (row.split('\t').next().unwrap(), row.rsplit('\t').next().unwrap())).collect();
    for expected in [("", "\\N"), ("a.example", "1"), ("cdn.a.example", "1"), ("b.example", "0")] {
        assert!(parties.contains(&expected), "{parties:?}");
    }
}

#[tokio::test]
async fn lcp_is_told_with_its_element_and_parts() {
    let client = database("attribution_lcp").await;
    let columns = "lcp_element, lcp_url, lcp_ms, ttfb_ms, lcp_load_delay_ms, lcp_load_duration_ms, lcp_render_delay_ms";
    insert(
        &client,
        columns,
        &[
            "1, 1, false, 'img', '/a.png', 1000, 100, 200, 600, 100",
            "2, 3, false, 'img', '/a.png', 2000, 300, 100, 1500, 100",
            "3, 1, false, 'h1', '', 800, NULL, 0, 0, 800",
            "4, 1, false, '', '', NULL, 100, NULL, NULL, NULL",
        ],
        "'img', '/a.png', 9000, 9000, 9000, 9000, 9000",
    )
    .await;
    let expected = ["h1\t\t1\t800\t\\N\t0\t0\t800", "img\t/a.png\t4\t2000\t300\t100\t1500\t100"];
    assert_eq!(ask(&client, "lcp_elements").await, expected);
}

#[tokio::test]
async fn inp_is_told_with_its_target_and_parts() {
    let client = database("attribution_inp").await;
    insert(
        &client,
        "inp_element, inp_kind, inp_ms, inp_input_delay_ms, inp_processing_ms, inp_presentation_ms",
        &[
            "1, 1, false, 'button', 'pointer', 400, 10, 350, 40",
            "2, 3, false, 'button', 'pointer', 200, 20, 100, 80",
            "3, 1, false, 'button', 'keyboard', 48, 8, 30, 10",
            "4, 1, false, '', 'unknown', NULL, NULL, NULL, NULL",
        ],
        "'button', 'pointer', 9000, 9000, 9000, 9000",
    )
    .await;
    // Three of four are at 200: the 75th percentile is still there.
    let expected = ["button\tpointer\t4\t200\t20\t100\t80", "button\tkeyboard\t1\t48\t8\t30\t10"];
    assert_eq!(ask(&client, "inp_targets").await, expected);
}

#[tokio::test]
async fn cls_is_told_with_what_moved() {
    let client = database("attribution_cls").await;
    insert(
        &client,
        "cls_element, cls, cls_largest, cls_largest_at_ms",
        &[
            "1, 1, false, 'footer', 0.3, 0.2, 5000",
            "2, 3, false, 'footer', 0.1, 0.05, 900",
            "3, 1, false, '', 0, NULL, NULL",
        ],
        "'footer', 0.9, 0.9, 9",
    )
    .await;
    assert_eq!(ask(&client, "cls_elements").await, ["footer\t4\t0.1\t0.05\t900"]);
}

#[tokio::test]
async fn scripts_are_told_with_what_they_held_up() {
    let client = database("attribution_scripts").await;
    let columns = "`frames.script_url`, `frames.function`, `frames.invoker`, `frames.start_ms`, `frames.duration_ms`, `frames.blocking_ms`, \
                   `frames.layout_ms`, `frames.script_ms`, `frames.forced_layout_ms`";
    insert(
        &client,
        columns,
        &[
            "1, 1, false, ['/a.js', '/a.js', ''], ['f', 'f', ''], ['x', 'x', ''], [1, 2, 3], [100, 200, 60], [50, 150, 10], [0, 0, 0], [90, 180, 0], [5, 6, 0]",
            "2, 3, false, ['/a.js'], ['f'], ['x'], [1], [300], [250], [9], [240], [1]",
            "3, 1, false, [], [], [], [], [], [], [], [], []",
        ],
        "['/a.js'], ['f'], ['x'], [1], [9000], [9000], [0], [9000], [9000]",
    )
    .await;
    // script_url, function, invoker, frames, blocking_ms, script_ms, forced_layout_ms, script_p75_ms
    let expected = ["\t\t\t1\t10\t0\t0\t0", "/a.js\tf\tx\t5\t950\t990\t14\t240"];
    assert_eq!(ask(&client, "slow_scripts").await, expected);
}

#[tokio::test]
async fn measures_have_durations_and_marks_have_times() {
    let client = database("attribution_timings").await;
    insert(
        &client,
        "`timings.name`, `timings.is_measure`, `timings.start_ms`, `timings.duration_ms`",
        &[
            "1, 1, false, ['a', 'a', 'a'], [true, true, false], [10, 20, 500], [100, 300, 0]",
            "2, 3, false, ['a'], [true], [10], [200]",
            "3, 1, false, [], [], [], []",
        ],
        "['a'], [true], [1], [9000]",
    )
    .await;
    // name, is_measure, views, timings, p50_ms, p75_ms, p95_ms
    assert_eq!(ask(&client, "user_timings").await, ["a\tfalse\t1\t1\t500\t500\t500", "a\ttrue\t4\t5\t200\t200\t300"]);
}

#[tokio::test]
async fn the_server_tells_of_its_work() {
    let client = database("attribution_server").await;
    insert(
        &client,
        "`server_timings.name`, `server_timings.duration_ms`, `server_timings.description`",
        &[
            "1, 1, false, ['cache', 'db'], [1, 80], ['miss', '']",
            "2, 3, false, ['cache', 'db'], [0, 40], ['hit', '']",
            "3, 1, false, [], [], []",
        ],
        "['db'], [9000], ['']",
    )
    .await;
    let expected = ["cache\thit\t3\t0\t0\t0", "cache\tmiss\t1\t1\t1\t1", "db\t\t4\t40\t40\t80"];
    assert_eq!(ask(&client, "server_timings").await, expected);
}

/// What a view that was left early has in `abandoned_before_load` and `abandoned_before_lcp`.
async fn abandoned(client: &Client, columns: &str, values: &str) -> String {
    execute(client, "TRUNCATE TABLE page_views").await;
    insert_on(client, first_day(), columns, &[&format!("1, 1, false, {values}")]).await;
    lines(client, "SELECT abandoned_before_load, abandoned_before_lcp FROM page_views FINAL").await.concat()
}

#[tokio::test]
async fn a_view_is_abandoned_when_it_is_hidden_first() {
    let client = database("attribution_abandoned").await;
    let columns = "navigation_type, hidden_at_start, hidden_at_ms, request_ms, load_ms, activation_ms, lcp_ms";
    for (values, expected, why) in [
        ("'navigate', false, 1000, 50, NULL, 0, NULL", "true\ttrue", "neither was there"),
        ("'navigate', false, 1000, 50, 1001, 0, 700", "true\tfalse", "loaded behind, after it was hidden"),
        ("'navigate', false, 1000, 50, 1000, 0, 700", "false\tfalse", "loaded in the same millisecond"),
        ("'navigate', false, NULL, 50, NULL, 0, NULL", "false\tfalse", "still looked at"),
        ("'navigate', false, 1000, NULL, NULL, 0, 700", "false\tfalse", "its marks are not known"),
        ("'navigate', true, 0, 50, NULL, 0, NULL", "false\tfalse", "hidden at start: nobody waits"),
        ("'back_forward_cache', false, 10, NULL, NULL, 0, NULL", "false\tfalse", "restored"),
        ("'soft', false, 10, NULL, NULL, 0, NULL", "false\tfalse", "within the document"),
        ("'prerender', false, 5000, 50, 900, 4000, 100", "false\tfalse", "load is after activation: 900 + 4000"),
        ("'prerender', false, 4800, 50, 900, 4000, NULL", "true\ttrue", "hidden 800 ms after activation"),
    ] {
        assert_eq!(abandoned(&client, columns, values).await, expected, "{why}: {values}");
    }
}

#[tokio::test]
async fn abandonment_is_a_share_of_the_views_that_could_tell() {
    let client = database("attribution_abandonment").await;
    insert(
        &client,
        "country, page_group, browser, browser_version, navigation_type, hidden_at_start, hidden_at_ms, request_ms, load_ms, lcp_ms",
        &[
            "1, 3, false, 'DE', '/', 'Chrome', 156, 'navigate', false, 400, 50, NULL, NULL",
            "2, 1, false, 'DE', '/', 'Chrome', 156, 'navigate', false, 9000, 50, 1000, 800",
            "3, 4, false, 'DE', '/a', 'Chrome', 156, 'navigate', false, 900, 50, 1000, 800",
            // Told no LCP anywhere: it counts for load alone.
            "4, 8, false, 'DE', '/', 'Safari', 17, 'navigate', false, 9000, 50, 1000, NULL",
            // Told LCP elsewhere: this one was left before.
            "5, 1, false, 'FR', '/', 'Chrome', 156, 'navigate', false, 100, 50, NULL, NULL",
            "6, 9, false, 'FR', '/', 'Chrome', 156, 'soft', false, 100, NULL, NULL, NULL",
            "7, 9, false, 'FR', '/', 'Chrome', 156, 'navigate', true, 0, 50, NULL, NULL",
            "8, 2, false, 'BR', '/b', 'Safari', 17, 'navigate', false, 9000, 50, 1000, NULL",
        ],
        "'DE', '/', 'Chrome', 156, 'navigate', false, 1, 50, NULL, NULL",
    )
    .await;
    // views, abandoned_before_load, its share, lcp_views, abandoned_before_lcp, its share
    let by_country = ["BR\t2\t0\t0\t0\t0\t\\N", "DE\t16\t7\t0.4375\t8\t3\t0.375", "FR\t1\t1\t1\t1\t1\t1"];
    assert_eq!(ask(&client, "abandonment_by_country").await, by_country);
    let by_page = ["/\t13\t4\t0.3076923076923077\t5\t4\t0.8", "/a\t4\t4\t1\t4\t0\t0", "/b\t2\t0\t0\t0\t0\t\\N"];
    assert_eq!(ask(&client, "abandonment_by_page").await, by_page);
}

#[tokio::test]
async fn frustration_is_told_of_views_that_were_seen() {
    let client = database("attribution_frustration").await;
    insert(
        &client,
        "page_group, visible_ms, scroll_depth_pct, rage_clicks, dead_clicks",
        &[
            "1, 1, false, '/', 60000, 100, 2, 0",
            "2, 3, false, '/', 8000, 40, 0, 1",
            "3, 4, false, '/', 0, 0, 0, 0",
            "4, 1, false, '/a', 0, 0, 0, 0",
        ],
        "'/', 1, 1, 99, 99",
    )
    .await;
    // page_group, views, measured, rage_clicks, dead_clicks, per 1000 each, scroll_depth_p50_pct, visible_p50_ms
    let expected = ["/\t8\t4\t2\t3\t500\t750\t40\t8000", "/a\t1\t0\t0\t0\t\\N\t\\N\t\\N\t\\N"];
    assert_eq!(ask(&client, "frustration_by_page").await, expected);
}

#[tokio::test]
async fn connections_have_their_lcp() {
    let client = database("attribution_connections").await;
    insert(
        &client,
        "connection, effective_type, lcp_ms",
        &[
            "1, 1, false, 'cellular', '3g', 4000",
            "2, 3, false, 'cellular', '3g', 2000",
            "3, 1, false, 'cellular', '4g', NULL",
            "4, 1, false, 'unknown', 'unknown', 500",
        ],
        "'cellular', '3g', 9000",
    )
    .await;
    let expected = ["unknown\tunknown\t1\t1\t500", "cellular\t3g\t4\t4\t2000", "cellular\t4g\t1\t0\t\\N"];
    assert_eq!(ask(&client, "connections").await, expected);
}

#[tokio::test]
async fn the_beacon_tells_what_it_costs() {
    let client = database("attribution_cost").await;
    insert(
        &client,
        "device, own_cpu_us, own_bytes, truncated, dropped_entries, kept_ms",
        &[
            "1, 1, false, 'mobile', 20000, 6000, 5, 0, 0",
            "2, 3, false, 'mobile', 4500, 0, 0, 2, 600000",
            "3, 2, false, 'mobile', 0, 0, 1, 0, 0",
            "4, 1, false, 'desktop', 0, 0, 0, 0, 0",
        ],
        "'mobile', 900000, 900000, 9, 9, 9",
    )
    .await;
    // device, views, measured, own_cpu_p50_ms, own_cpu_p95_ms, own_bytes_avg, truncated, dropped_entries, kept_views
    let expected = ["mobile\t6\t4\t4.5\t20\t1500\t7\t6\t3", "desktop\t1\t0\t\\N\t\\N\t\\N\t0\t0\t0"];
    assert_eq!(ask(&client, "beacon_cost").await, expected);
}

#[tokio::test]
async fn the_last_snapshot_of_a_view_is_the_one_that_counts() {
    let client = database("attribution_snapshots").await;
    execute(&client, "SYSTEM STOP MERGES page_views").await;
    let columns = "seq, `hosts.host`, `hosts.count`, `hosts.cached`, `hosts.blocking`, `hosts.opaque`, `hosts.failed`, `hosts.slowest_ms`, \
                   `hosts.duration_ms`, `hosts.transfer_bytes`, `hosts.decoded_bytes`";
    for (seq, count) in [(0, 3), (2, 8), (1, 5)] {
        let values = format!("1, 1, false, {seq}, ['a'], [{count}], [0], [0], [0], [0], [1], [1], [1], [1]");
        insert_on(&client, first_day(), columns, &[&values]).await;
    }
    assert_eq!(ask(&client, "resource_hosts").await, ["a\t1\t1\t8\t1\t1\t0\t0\t0\t0\t1\t0.001\t\\N"]);
}

#[tokio::test]
async fn errors_count_views_and_how_often_they_met_them() {
    let client = database("attribution_errors").await;
    let day = first_day();
    let row = |time: &str, view_id: u32, weight: u32, is_bot: bool, line: u32, count: u32, counted: u32| {
        format!(
            "('shop', '{time}', {view_id}, {weight}, {is_bot}, 'uncaught', 'boom', '/a.js', {line}, {count}, {counted})"
        )
    };
    let on = |time: &str| format!("{day} {time}");
    let rows = [
        // Told by two snapshots of one view, and by one of another of weight 3.
        row(&on("10:00:00.000"), 1, 1, false, 7, 2, 0),
        row(&on("10:00:00.000"), 1, 1, false, 7, 5, 2),
        row(&on("12:00:00.500"), 2, 3, false, 7, 1, 0),
        row(&on("11:00:00.000"), 1, 1, false, 8, 1, 0),
        row(&on("09:00:00.000"), 3, 9, true, 7, 9, 0),
        row(&format!("{} 23:59:59.999", day - Duration::days(1)), 4, 9, false, 7, 9, 0),
        row(&format!("{} 00:00:00.000", day + Duration::days(2)), 5, 9, false, 7, 9, 0),
    ];
    execute(
        &client,
        &format!(
            "INSERT INTO page_errors (site, ts, view_id, weight, is_bot, kind, message, source, line, count, counted) VALUES {}",
            rows.join(",")
        ),
    )
    .await;
    let sql = format!(
        "SELECT * FROM errors_by_message(site = 'shop', from_day = '{day}', to_day = '{}') ORDER BY line",
        day + Duration::days(2)
    );
    let expected = [
        format!("uncaught\tboom\t/a.js\t7\t4\t10\t{day} 10:00:00.000\t{day} 12:00:00.500"),
        format!("uncaught\tboom\t/a.js\t8\t1\t1\t{day} 11:00:00.000\t{day} 11:00:00.000"),
    ];
    assert_eq!(lines(&client, &sql).await, expected);
}

const VIEWS: [&str; 14] = [
    "resource_types",
    "resource_hosts",
    "lcp_elements",
    "inp_targets",
    "cls_elements",
    "slow_scripts",
    "user_timings",
    "server_timings",
    "abandonment_by_country",
    "abandonment_by_page",
    "frustration_by_page",
    "errors_by_message",
    "connections",
    "beacon_cost",
];

#[tokio::test]
async fn an_empty_site_has_no_rows_and_no_errors() {
    let client = database("attribution_empty").await;
    for view in VIEWS {
        assert!(ask(&client, view).await.is_empty(), "{view}");
    }
}
