//! `vitals_daily`: what is answered out of it is what `page_views` says, and what has happened since the last refresh is in every answer.

use std::collections::BTreeMap;
use std::time::Instant;

use clickhouse::Client;
use tests::embedded::EmbeddedClickHouse;
use tests::schema::apply_sql;
use time::{Date, Duration, OffsetDateTime};

use crate::database::{database, execute, lines};

/// Views of a busy day: the fewest that are computed.
const BUSY: u32 = 100_000;
const REFRESHED: &str = "vitals_daily_from_page_views";

fn today() -> Date {
    OffsetDateTime::now_utc().date()
}

/// Adds `count` views of `day`, from its begin until its end or now, with everything that the views on vitals look at; every seventh view
/// has a second snapshot.
async fn add(client: &Client, day: Date, count: u32) {
    let columns = "site, ts, received_at, session_id, view_id, seq, weight, is_simulated, is_bot, country, page_group, device, browser, \
                   effective_type, release, ttfb_ms, fcp_ms, lcp_ms, inp_ms, cls";
    for (seq, only) in [(0, 1), (1, 7)] {
        let sql = format!(
            "INSERT INTO page_views ({columns})
             WITH
                number * {only} AS view,
                cityHash64(view) AS hash,
                toUnixTimestamp64Milli(toDateTime64('{day} 00:00:00', 3, 'UTC')) AS begin,
                least(begin + 86399999, toUnixTimestamp64Milli(now64(3))) AS end,
                begin + intDiv((end - begin) * view, {count}) AS at,
                exp(hash % 1000 / 400) AS factor
             SELECT 'shop', fromUnixTimestamp64Milli(at, 'UTC'), fromUnixTimestamp64Milli(at + 1000 * (1 + {seq}), 'UTC'), intDiv(view, 3),
                bitShiftLeft(toUInt64(at), 20) + hash % 1048576, {seq}, if(hash % 5 = 0, 3, 1), hash % 11 = 0, hash % 13 = 0,
                ['DE', 'FR', 'BR'][1 + hash % 3], ['/', '/item/*', '/cart', '/checkout'][1 + hash % 4], 1 + hash % 4,
                ['Chrome', 'Safari'][1 + hash % 2], hash % 5, ['', '2026.11.1', '2026.11.2'][1 + intDiv(hash, 7) % 3],
                if(hash % 17 = 0, NULL, toUInt32(150 * factor)), toUInt32(600 * factor), if(hash % 19 = 0, NULL, toUInt32((900 + {seq}) * factor)),
                if({seq} = 0, NULL, toUInt32(8 * round(9 * factor))), if(hash % 2 = 0, 0, toUInt32(200 * factor) / 10000)
             FROM numbers(intDiv({count}, {only}))"
        );
        execute(client, &sql).await;
    }
}

async fn refresh(client: &Client) {
    execute(client, &format!("SYSTEM START VIEW {REFRESHED}")).await;
    execute(client, &format!("SYSTEM REFRESH VIEW {REFRESHED}")).await;
    execute(client, &format!("SYSTEM WAIT VIEW {REFRESHED}")).await;
}

/// What every view on vitals says of the days from `from` on, by view, key and column.
async fn answers(client: &Client, from: Date) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let arguments = format!("site = 'shop', from_day = '{from}', to_day = '{}'", today() + Duration::days(2));
    let mut views: Vec<String> = ["country", "page", "device", "browser", "connection", "release"]
        .map(|by| format!("web_vitals_by_{by}({arguments})"))
        .to_vec();
    views.push(format!("web_vitals_by_country_page({arguments})"));
    views.push(format!("vitals_by({arguments}, dimension = 'site')"));
    views.push(format!("lcp_by({arguments}, dimension = 'site')"));
    for view in views {
        let name = view.split('(').next().unwrap();
        for row in lines(client, &format!("SELECT * FROM {view} FORMAT JSONEachRow")).await {
            let row: BTreeMap<String, serde_json::Value> = serde_json::from_str(&row).unwrap();
            let is_key = |column: &String| {
                ["country", "page_group", "device", "browser", "effective_type", "release", "value"]
                    .contains(&column.as_str())
            };
            let key: Vec<String> =
                row.iter().filter(|(column, _)| is_key(column)).map(|(_, value)| value.to_string()).collect();
            for (column, value) in row.iter().filter(|(column, _)| !is_key(column)) {
                all.insert(format!("{name} {} {column}", key.join(" ")), value.to_string());
            }
        }
    }
    all
}

/// Panics unless both say the same: quantiles within 1/256, all else exactly. Returns the largest difference of a quantile, as a share.
fn assert_same(exact: &BTreeMap<String, String>, rounded: &BTreeMap<String, String>) -> f64 {
    assert_eq!(exact.keys().collect::<Vec<_>>(), rounded.keys().collect::<Vec<_>>());
    let mut worst: f64 = 0.0;
    for (key, exact) in exact {
        let (rounded, column) = (&rounded[key], key.rsplit(' ').next().unwrap());
        if ["_p50", "_p75", "_p95"].iter().any(|quantile| column.contains(quantile)) && exact != rounded {
            let (a, b): (f64, f64) = (exact.parse().unwrap(), rounded.parse().unwrap());
            assert!((a - b).abs() <= a / 256.0 + 1e-9, "{key}: {a} and {b}");
            worst = worst.max((a - b).abs() / a);
        } else {
            assert_eq!(exact, rounded, "{key}");
        }
    }
    worst
}

#[tokio::test]
async fn out_of_vitals_daily_the_answers_are_those_of_page_views() {
    let client = database("daily_same").await;
    execute(&client, &format!("SYSTEM STOP VIEW {REFRESHED}")).await;
    let busy = today() - Duration::days(3);
    // Weights and bots leave about 1.3 views for each.
    add(&client, busy, BUSY).await;
    add(&client, busy + Duration::DAY, 2000).await;
    add(&client, today(), BUSY).await;
    let exact = answers(&client, busy).await;
    assert!(exact.len() > 500, "{}", exact.len());
    refresh(&client).await;

    let days = "SELECT day, uniqExact(dimension), max(covered_view_id) FROM vitals_daily GROUP BY day ORDER BY day";
    let rows = lines(&client, days).await;
    assert_eq!(rows[0], format!("{busy}\t8\t18446744073709551615"));
    // For the first 15 minutes of a day nothing of it is covered.
    assert!(rows.len() <= 2 && rows.iter().skip(1).all(|row| row.starts_with(&today().to_string())), "{rows:?}");
    let rounded = answers(&client, busy).await;
    let worst = assert_same(&exact, &rounded);
    assert!(worst > 0.0, "nothing was read from vitals_daily");

    // A second version of the same, and merged.
    refresh(&client).await;
    assert_same(&exact, &answers(&client, busy).await);
    execute(&client, "OPTIMIZE TABLE vitals_daily FINAL").await;
    assert_same(&exact, &answers(&client, busy).await);
}

#[tokio::test]
async fn a_view_that_begins_now_is_in_every_answer_at_once() {
    let client = database("daily_fresh").await;
    add(&client, today(), BUSY).await;
    add(&client, today() - Duration::DAY, BUSY).await;
    refresh(&client).await;
    let from = today() - Duration::DAY;
    let before = answers(&client, from).await;
    execute(
        &client,
        "INSERT INTO page_views (site, ts, received_at, view_id, weight, country, page_group, device, browser, effective_type, release, lcp_ms)
         WITH toUnixTimestamp64Milli(now64(3)) AS now
         SELECT 'shop', now64(3), now64(3), bitShiftLeft(toUInt64(now), 20), 1, 'DE', '/', 'mobile', 'Chrome', '4g', '2026.11.1', 1000",
    )
    .await;
    let after = answers(&client, from).await;
    let grown: Vec<&String> =
        after.keys().filter(|key| key.ends_with(" views") && after[*key] != before[*key]).collect();
    // One value of each of the eight dimensions, and one of them twice.
    assert_eq!(grown.len(), 9, "{grown:?}");
    for key in grown {
        let [before, after] = [&before[key], &after[key]].map(|views| views.trim_matches('"').parse::<u64>().unwrap());
        assert_eq!(after, before + 1, "{key}");
    }
}

#[tokio::test]
async fn days_with_fewer_views_are_left_to_page_views_and_a_day_whose_rows_are_deleted_is_computed_anew() {
    let client = database("daily_due").await;
    let day = today() - Duration::days(20);
    let views = |from: u32, count: u32| {
        format!(
            "INSERT INTO page_views (site, ts, view_id, weight, country, lcp_ms)
             SELECT 'shop', '{day} 12:00:00', number, 1, 'DE', 1000 FROM numbers({from}, {count})"
        )
    };
    let computed =
        || lines(&client, "SELECT day, argMax(views, version) FROM vitals_daily WHERE dimension = 'site' GROUP BY day");
    refresh(&client).await;
    assert!(computed().await.is_empty());
    execute(&client, &views(0, BUSY - 1)).await;
    // Of a day before all page views, because these are kept for a shorter time, only the pulse is left.
    let gone = day - Duration::days(30);
    execute(
        &client,
        &format!(
            "INSERT INTO beat_5m (site, slot, country, views) VALUES ('shop', '{gone} 12:00:00', 'DE', {})",
            2 * BUSY
        ),
    )
    .await;
    refresh(&client).await;
    assert!(computed().await.is_empty());
    execute(&client, &views(BUSY - 1, 1)).await;
    refresh(&client).await;
    assert_eq!(computed().await, [format!("{day}\t{BUSY}")]);
    let failed = format!(
        "SELECT exception FROM system.view_refreshes WHERE database = currentDatabase() AND view = '{REFRESHED}'"
    );
    assert_eq!(lines(&client, &failed).await, [""]);
    // Not again on the same day.
    execute(&client, &views(BUSY, 5)).await;
    refresh(&client).await;
    assert_eq!(computed().await, [format!("{day}\t{BUSY}")]);
    execute(&client, &format!("ALTER TABLE vitals_daily DELETE WHERE day = '{day}' SETTINGS mutations_sync = 1")).await;
    let all = format!(
        "SELECT country, views FROM web_vitals_by_country(site = 'shop', from_day = '{day}', to_day = '{}')",
        day + Duration::DAY
    );
    assert_eq!(lines(&client, &all).await, [format!("DE\t{}", BUSY + 5)]);
    refresh(&client).await;
    assert_eq!(computed().await, [format!("{day}\t{}", BUSY + 5)]);
    assert_eq!(lines(&client, &all).await, [format!("DE\t{}", BUSY + 5)]);
}

#[tokio::test]
async fn the_engine_ends_cleanly_amid_a_refresh_and_goes_on_with_it_after_a_start() {
    let server = EmbeddedClickHouse::start();
    let client = apply_sql(&server.url(), server.database("rum").name()).await.unwrap();
    let day = today() - Duration::days(2);
    add(&client, day, 4 * BUSY).await;
    let ask = |what: &str| {
        server.query(&format!("SELECT {what} FROM system.view_refreshes WHERE view = '{REFRESHED}'")).unwrap()
    };
    for _ in 0..3 {
        let begin = Instant::now();
        while ask("status") != "Running" {
            assert_eq!(ask("exception"), "");
            assert!(begin.elapsed().as_secs() < 60, "it was not seen running");
            server.query(&format!("SYSTEM REFRESH VIEW rum.{REFRESHED}")).unwrap();
        }
        let status = server.stop();
        assert_eq!(status.code(), Some(0), "{status}: {}", server.log());
        server.restart();
    }
    server.query(&format!("SYSTEM REFRESH VIEW rum.{REFRESHED}")).unwrap();
    server.query(&format!("SYSTEM WAIT VIEW rum.{REFRESHED}")).unwrap();
    let sql = "SELECT argMax(views, version) = (SELECT sum(weight) FROM rum.page_views FINAL WHERE NOT is_bot) FROM rum.vitals_daily WHERE dimension = 'site'";
    assert_eq!(server.query(sql).as_deref(), Ok("1"));
    assert_eq!(server.stop().code(), Some(0), "{}", server.log());
}
