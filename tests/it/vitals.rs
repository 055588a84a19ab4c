//! The views on vitals, `phases_by_country` and `slow_hosts`; in the modules, what busy days and changes are answered from.

mod change;
mod daily;

use clickhouse::Client;
use time::{Date, Duration};

use crate::database::{database, execute, first_day, lines, refusal};

/// The arguments of the views: `shop`, the day of [`first_day`] and the next.
fn arguments() -> String {
    format!("(site = 'shop', from_day = '{}', to_day = '{}')", first_day(), first_day() + Duration::days(2))
}

/// Inserts page views of `shop`: columns beside the usual ones, and their values.
async fn insert_views(client: &Client, columns: &str, values: &[&str]) {
    let rows: Vec<String> =
        values.iter().map(|values| format!("('shop', '{} 10:00:00', {values})", first_day())).collect();
    execute(client, &format!("INSERT INTO page_views (site, ts, {columns}) VALUES {}", rows.join(","))).await;
}

async fn ask(client: &Client, columns: &str, view: &str) -> Vec<String> {
    lines(client, &format!("SELECT {columns} FROM {view}{} ORDER BY 1", arguments())).await
}

#[tokio::test]
async fn the_last_snapshot_of_a_view_counts_before_and_after_parts_merge() {
    let client = database("vitals_snapshots").await;
    execute(&client, "SYSTEM STOP MERGES page_views").await;
    insert_views(
        &client,
        "country, view_id, seq, weight, lcp_ms, inp_ms",
        &["'DE', 1, 0, 1, 1000, NULL", "'DE', 2, 0, 1, 900, NULL"],
    )
    .await;
    insert_views(&client, "country, view_id, seq, weight, lcp_ms, inp_ms", &["'DE', 1, 2, 1, 5000, 48"]).await;
    insert_views(&client, "country, view_id, seq, weight, lcp_ms, inp_ms", &["'DE', 1, 1, 1, 3000, 40"]).await;
    let columns = "country, views, lcp_measured, lcp_p50_ms, lcp_p95_ms, lcp_poor_share, inp_measured, inp_p75_ms";
    let expected = ["DE\t2\t2\t900\t5000\t0.5\t1\t48"];
    assert_eq!(ask(&client, columns, "web_vitals_by_country").await, expected);
    execute(&client, "SYSTEM START MERGES page_views").await;
    execute(&client, "OPTIMIZE TABLE page_views FINAL").await;
    assert_eq!(ask(&client, columns, "web_vitals_by_country").await, expected);
}

#[tokio::test]
async fn thresholds_belong_to_the_better_side() {
    let client = database("vitals_thresholds").await;
    // A row at each threshold and one just over it: 2 good, 2 that need improvement, 1 poor.
    let thresholds = [
        ("lcp_ms", ["0", "2500", "2501", "4000", "4001"]),
        ("fcp_ms", ["0", "1800", "1801", "3000", "3001"]),
        ("ttfb_ms", ["0", "800", "801", "1800", "1801"]),
        ("inp_ms", ["0", "200", "201", "500", "501"]),
        ("cls", ["0", "0.1", "0.1001", "0.25", "0.2501"]),
    ];
    for (column, values) in thresholds {
        let name = column.trim_end_matches("_ms");
        for (index, value) in values.iter().enumerate() {
            let row = format!("'{name}', 'DE', {index}, 1, {value}");
            insert_views(&client, &format!("page_group, country, view_id, weight, {column}"), &[&row]).await;
        }
        execute(&client, "OPTIMIZE TABLE page_views FINAL").await;
        let columns = format!(
            "page_group, {name}_measured, {name}_good_share, {name}_needs_improvement_share, {name}_poor_share"
        );
        let rows = ask(&client, &columns, "web_vitals_by_page").await;
        assert_eq!(rows, [format!("{name}\t5\t0.4\t0.4\t0.2")]);
        execute(&client, "TRUNCATE TABLE page_views").await;
    }
}

#[tokio::test]
async fn what_is_not_known_is_neither_0_nor_good() {
    let client = database("vitals_unknown").await;
    insert_views(
        &client,
        "page_group, country, view_id, weight, lcp_ms, cls",
        &[
            "'/', 'DE', 1, 1, NULL, NULL",
            "'/', 'DE', 2, 1, 0, 0",
            "'/', 'DE', 3, 1, NULL, NULL",
            "'/b', 'FR', 4, 1, NULL, NULL",
        ],
    )
    .await;
    let columns = "views, lcp_measured, lcp_p50_ms, lcp_p75_ms, lcp_p95_ms, lcp_good_share, lcp_needs_improvement_share, lcp_poor_share, cls_p75";
    let unknown = ["\\N"; 7].join("\t");
    for (view, key, names) in
        [("web_vitals_by_country", "country", ["DE", "FR"]), ("web_vitals_by_page", "page_group", ["/", "/b"])]
    {
        let rows = ask(&client, &format!("{key}, {columns}"), view).await;
        assert_eq!(
            rows,
            [format!("{}\t3\t1\t0\t0\t0\t1\t0\t0\t0", names[0]), format!("{}\t1\t0\t{unknown}", names[1])]
        );
    }
}

#[tokio::test]
async fn weights_count_and_bots_and_other_days_do_not() {
    let client = database("vitals_weights").await;
    insert_views(
        &client,
        "country, view_id, is_bot, weight, lcp_ms, cls",
        &[
            "'DE', 1, false, 1, 1000, 0.1",
            "'DE', 2, false, 98, 2000, 0.2",
            "'DE', 3, false, 1, 9000, 0.3",
            "'DE', 4, true, 1000, 1, 0",
        ],
    )
    .await;
    let on = |day: Date, time: &str, view_id: u32| {
        format!(
            "INSERT INTO page_views (site, ts, country, view_id, weight, lcp_ms) VALUES ('shop', '{day} {time}', 'DE', {view_id}, 1000, 1)"
        )
    };
    execute(&client, &on(first_day() - Duration::days(1), "23:59:59.999", 5)).await;
    execute(&client, &on(first_day() + Duration::days(2), "00:00:00.000", 6)).await;
    let columns =
        "country, views, lcp_measured, lcp_p50_ms, lcp_p75_ms, lcp_p95_ms, lcp_good_share, lcp_poor_share, cls_p50";
    assert_eq!(
        ask(&client, columns, "web_vitals_by_country").await,
        ["DE\t100\t100\t2000\t2000\t2000\t0.99\t0.01\t0.2"]
    );
    execute(&client, &on(first_day() + Duration::days(1), "23:59:59.999", 7)).await;
    assert_eq!(ask(&client, "country, views", "web_vitals_by_country").await, ["DE\t1100"]);
}

#[tokio::test]
async fn phases_are_means_and_percentiles_of_those_that_know_them() {
    let client = database("vitals_phases").await;
    insert_views(
        &client,
        "country, view_id, navigation_type, weight, dns_ms, request_ms",
        &[
            "'DE', 1, 'navigate', 3, 0, 100",
            "'DE', 2, 'navigate', 1, 40, 500",
            "'DE', 3, 'soft', 1, NULL, NULL",
            "'DE', 4, 'prerender', 9, 999, 999",
            "'FR', 5, 'back_forward_cache', 1, NULL, NULL",
        ],
    )
    .await;
    let columns =
        "country, views, measured, dns_avg_ms, dns_p75_ms, request_avg_ms, request_p75_ms, tls_avg_ms, tls_p75_ms";
    let expected = ["DE\t5\t4\t10\t0\t200\t100\t\\N\t\\N", "FR\t1\t0\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N"];
    assert_eq!(ask(&client, columns, "phases_by_country").await, expected);
}

#[tokio::test]
async fn hosts_add_up_by_weight() {
    let client = database("vitals_hosts").await;
    let day = first_day();
    let rows = [
        ("cdn.example.com", 1, false, 100, 5000, 200, false),
        ("cdn.example.com", 2, false, 300, 0, 404, false),
        ("cdn.example.com", 9, true, 9999, 9999, 500, true),
        ("ads.example.net", 4, false, 4_000_000_000_u32, 0, 0, true),
    ];
    for (host, weight, is_bot, duration_ms, transfer_bytes, http_status, is_opaque) in rows {
        execute(
            &client,
            &format!(
                "INSERT INTO resource_timings (site, ts, weight, is_bot, host, duration_ms, transfer_bytes, http_status, is_opaque) \
                 VALUES ('shop', '{day} 10:00:00', {weight}, {is_bot}, '{host}', {duration_ms}, {transfer_bytes}, {http_status}, {is_opaque})"
            ),
        )
        .await;
    }
    let expected =
        ["ads.example.net\t4\t0\t16000000\t4000000000\t0\t4\t\\N", "cdn.example.com\t3\t5000\t0.7\t300\t2\t0\t\\N"];
    assert_eq!(ask(&client, "*", "slow_hosts").await, expected);
    insert_views(&client, "nav, referrer_host, view_id, weight", &["'inner', 'shop.example.com:8443', 1, 1"]).await;
    assert_eq!(ask(&client, "host, is_first_party", "slow_hosts").await, ["ads.example.net\t0", "cdn.example.com\t1"]);
}

#[tokio::test]
async fn own_domains_are_those_that_a_tenth_of_later_views_come_from() {
    let client = database("vitals_own_domains").await;
    insert_views(
        &client,
        "nav, referrer_host, view_id, weight, is_bot",
        &[
            "'inner', 'www.shop.co.uk', 1, 60, false",
            "'inner', 'm.shop.co.uk', 2, 9, false",
            "'inner', '127.0.0.1:8080', 3, 11, false",
            "'inner', 'localhost:8080', 4, 10, false",
            "'inner', 'pay.example.com', 5, 9, false",
            "'inner', 'login.example.net', 6, 1, false",
            "'inner', '', 7, 1000, false",
            "'entry', 'search.example.org', 8, 1000, false",
            "'inner', 'bot.example.org', 9, 1000, true",
        ],
    )
    .await;
    let expected = ["127.0.0.1\t11\t0.11", "localhost\t10\t0.1", "shop.co.uk\t69\t0.69"];
    assert_eq!(ask(&client, "*", "own_domains").await, expected);
}

#[tokio::test]
async fn vitals_are_told_by_each_dimension() {
    let client = database("vitals_dimensions").await;
    insert_views(
        &client,
        "country, page_group, device, browser, effective_type, release, view_id, weight, lcp_ms",
        &[
            "'DE', '/', 'mobile', 'Chrome', '4g', '1.0', 1, 2, 1000",
            "'DE', '/b', 'desktop', 'Chrome', '3g', '1.1', 2, 1, 5000",
            "'FR', '/b', 'desktop', 'Safari', 'unknown', '', 3, 1, NULL",
        ],
    )
    .await;
    for (view, key, expected) in [
        ("web_vitals_by_country", "country", ["DE\t3\t3\t1000\t5000", "FR\t1\t0\t\\N\t\\N"].as_slice()),
        ("web_vitals_by_page", "page_group", &["/\t2\t2\t1000\t1000", "/b\t2\t1\t5000\t5000"]),
        ("web_vitals_by_device", "device", &["desktop\t2\t1\t5000\t5000", "mobile\t2\t2\t1000\t1000"]),
        ("web_vitals_by_browser", "browser", &["Chrome\t3\t3\t1000\t5000", "Safari\t1\t0\t\\N\t\\N"]),
        (
            "web_vitals_by_connection",
            "effective_type",
            &["3g\t1\t1\t5000\t5000", "4g\t2\t2\t1000\t1000", "unknown\t1\t0\t\\N\t\\N"],
        ),
        ("web_vitals_by_release", "release", &["\t1\t0\t\\N\t\\N", "1.0\t2\t2\t1000\t1000", "1.1\t1\t1\t5000\t5000"]),
        (
            "web_vitals_by_country_page",
            "country || page_group",
            &["DE/\t2\t2\t1000\t1000", "DE/b\t1\t1\t5000\t5000", "FR/b\t1\t0\t\\N\t\\N"],
        ),
    ] {
        let rows = ask(&client, &format!("{key}, views, lcp_measured, lcp_p50_ms, lcp_p95_ms"), view).await;
        assert_eq!(rows, expected, "{view}");
    }
    let no_rows = arguments().replace(')', ", dimension = 'site') LIMIT 0 FORMAT TabSeparatedWithNames");
    let columns = lines(&client, &format!("SELECT * FROM lcp_by{no_rows}")).await[0].replace('\t', ", ");
    assert!(columns.starts_with("value, page_group, views") && columns.ends_with("lcp_poor_share"), "{columns}");
    for dimension in
        ["site", "day", "country", "page_group", "device", "browser", "connection", "release", "country_page"]
    {
        let arguments = arguments().replace(')', &format!(", dimension = '{dimension}')"));
        let of = async |view| lines(&client, &format!("SELECT {columns} FROM {view}{arguments} ORDER BY ALL")).await;
        assert_eq!(of("lcp_by").await, of("vitals_by").await, "{dimension}");
    }
    let unknown = format!("SELECT * FROM vitals_by{}", arguments().replace(')', ", dimension = 'os')"));
    assert!(refusal(&client, &unknown).await.contains("there is no such dimension"));
}

#[tokio::test]
async fn parts_of_lcp_are_of_views_that_know_them_all() {
    let client = database("vitals_lcp_parts").await;
    insert_views(
        &client,
        "country, page_group, view_id, weight, is_bot, lcp_ms, ttfb_ms, lcp_load_delay_ms, lcp_load_duration_ms, lcp_render_delay_ms",
        &[
            "'DE', '/', 1, 3, false, 1000, 400, 100, 300, 200",
            "'DE', '/', 2, 1, false, 3000, 800, 1000, 700, 500",
            "'DE', '/', 3, 5, false, 9000, NULL, 0, 0, 9000",
            "'DE', '/', 4, 5, false, NULL, 400, NULL, NULL, NULL",
            "'DE', '/', 5, 5, true, 9000, 9000, 0, 0, 0",
            "'FR', '/b', 6, 1, false, NULL, 400, NULL, NULL, NULL",
        ],
    )
    .await;
    let unknown = ["\\N"; 10].join("\t");
    let known = "14\t4\t1500\t1000\t500\t400\t325\t100\t400\t300\t275\t200";
    assert_eq!(
        ask(&client, "*", "lcp_parts_by_country").await,
        [format!("DE\t{known}"), format!("FR\t1\t0\t{unknown}")]
    );
    assert_eq!(ask(&client, "*", "lcp_parts_by_page").await, [format!("/\t{known}"), format!("/b\t1\t0\t{unknown}")]);
}
