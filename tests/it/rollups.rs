//! The materialized views: what raw rows add to `loss_cube`, `goals_daily` and `beat_5m`.

use clickhouse::Client;
use time::{Date, Duration};

use crate::database::{database, execute, first_day, lines};

/// A snapshot of a page view; what it does not say is 0, empty or NULL.
struct Snapshot {
    day: Date,
    time: &'static str,
    view_id: u64,
    seq: u16,
    weight: u32,
    country: &'static str,
    nav: &'static str,
    navigation_type: &'static str,
    http_status: u16,
    is_bot: bool,
    hidden_at_start: bool,
    lcp_ms: Option<u32>,
    counted_lcp_ms: Option<u32>,
    /// Start, page group, nav and LCP of the measured view before it.
    previous: Option<(Date, &'static str, &'static str, u32)>,
}

impl Snapshot {
    fn new(view_id: u64, lcp_ms: Option<u32>) -> Self {
        Self {
            day: first_day(),
            time: "10:02:03.456",
            view_id,
            seq: 0,
            weight: 1,
            country: "DE",
            nav: "entry",
            navigation_type: "navigate",
            http_status: 200,
            is_bot: false,
            hidden_at_start: false,
            lcp_ms,
            counted_lcp_ms: None,
            previous: None,
        }
    }

    /// The next snapshot of a view, which told `counted_lcp_ms` before.
    fn later(view_id: u64, seq: u16, counted_lcp_ms: Option<u32>, lcp_ms: Option<u32>) -> Self {
        Self { seq, counted_lcp_ms, ..Self::new(view_id, lcp_ms) }
    }

    fn values(&self) -> String {
        let Self { day, time, view_id, seq, weight, country, nav, navigation_type, .. } = self;
        let Self { http_status, is_bot, hidden_at_start, .. } = self;
        let (lcp_ms, counted_lcp_ms) = (or_null(self.lcp_ms), or_null(self.counted_lcp_ms));
        let previous = self.previous.map_or_else(
            || "NULL, '', 'entry', 0".to_owned(),
            |(day, page_group, nav, lcp_ms)| format!("'{day} 23:59:59.999', '{page_group}', '{nav}', {lcp_ms}"),
        );
        format!(
            "('shop', '{day} {time}', {view_id}, {seq}, {weight}, '{country}', '/', 'mobile', '{nav}', '{navigation_type}', {http_status}, \
             {is_bot}, {hidden_at_start}, {lcp_ms}, {counted_lcp_ms}, {previous})"
        )
    }
}

fn or_null(value: Option<u32>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| value.to_string())
}

/// The statement that inserts snapshots.
fn insert_of(snapshots: &[Snapshot]) -> String {
    let values: Vec<String> = snapshots.iter().map(Snapshot::values).collect();
    format!(
        "INSERT INTO page_views (site, ts, view_id, seq, weight, country, page_group, device, nav, navigation_type, http_status, is_bot, \
         hidden_at_start, lcp_ms, counted_lcp_ms, previous_ts, previous_page_group, previous_nav, previous_lcp_ms) VALUES {}",
        values.join(",")
    )
}

async fn insert_views(client: &Client, snapshots: &[Snapshot]) {
    execute(client, &insert_of(snapshots)).await;
}

/// A database in which minutes of long ago are kept, too.
async fn kept(name: &str) -> Client {
    let client = database(name).await;
    execute(&client, "ALTER TABLE beat_1m REMOVE TTL").await;
    client
}

/// The cube's cells that are not all 0, as `days after first_day, page group, nav, bucket | n k exits t_ms`.
async fn cube(client: &Client) -> Vec<String> {
    let sql = format!(
        "SELECT concat(toString(day - toDate('{}')), ' ', page_group, ' ', toString(nav), ' ', toString(bucket), ' | ', \
         toString(sum(n) AS views), ' ', toString(sum(k) AS conversions), ' ', toString(sum(exits) AS ends), ' ', toString(sum(t_ms) AS t)) \
         FROM loss_cube GROUP BY site, day, country, page_group, device, nav, bucket \
         HAVING views != 0 OR conversions != 0 OR ends != 0 OR t != 0 ORDER BY day, page_group, nav, bucket, country",
        first_day()
    );
    lines(client, &sql).await
}

/// All of `beat_5m` that is not 0, as `time country | views errors orders slow`. `beat_1m` must say the same of minutes, but for the slow ones.
async fn beat(client: &Client) -> Vec<String> {
    let of = |slot: &str, table: &str| {
        format!(
            "SELECT site, {slot} AS slot, country, sum(views) AS v, sum(errors) AS e, sum(orders) AS o FROM {table} GROUP BY ALL
             HAVING v != 0 OR e != 0 OR o != 0 ORDER BY ALL"
        )
    };
    let minutes = lines(client, &of("toStartOfFiveMinutes(minute)", "beat_1m")).await;
    assert_eq!(minutes, lines(client, &of("beat_5m.slot", "beat_5m")).await);
    let sql = "SELECT concat(formatDateTime(slot, '%H:%i:%S'), ' ', country, ' | ', toString(sum(views) AS v), ' ', toString(sum(errors) AS e), ' ', \
         toString(sum(orders) AS o), ' ', toString(sum(slow) AS s)) \
         FROM beat_5m GROUP BY site, slot, country HAVING v != 0 OR e != 0 OR o != 0 OR s != 0 ORDER BY slot, country";
    lines(client, sql).await
}

async fn one(client: &Client, sql: &str) -> String {
    lines(client, sql).await.concat()
}

#[tokio::test]
async fn two_snapshots_in_one_insert_count_the_view_once_with_its_final_lcp() {
    let client = kept("rollups_one_insert").await;
    insert_views(&client, &[Snapshot::new(1, Some(2400)), Snapshot::later(1, 1, Some(2400), Some(2600))]).await;
    assert_eq!(cube(&client).await, ["0 / entry 5 | 1 0 1 2600"]);
    assert_eq!(beat(&client).await, ["10:00:00 DE | 1 0 0 1"]);
    assert_eq!(one(&client, "SELECT count(), any(seq), any(lcp_ms) FROM page_views FINAL").await, "1\t1\t2600");
}

#[tokio::test]
async fn later_snapshots_correct_what_earlier_ones_counted() {
    let client = kept("rollups_later").await;
    insert_views(&client, &[Snapshot::new(1, None)]).await;
    assert!(cube(&client).await.is_empty());
    insert_views(&client, &[Snapshot::later(1, 1, None, Some(400))]).await;
    assert_eq!(cube(&client).await, ["0 / entry 0 | 1 0 1 400"]);
    // The same bucket, another bucket, back again.
    insert_views(&client, &[Snapshot::later(1, 2, Some(400), Some(450))]).await;
    assert_eq!(cube(&client).await, ["0 / entry 0 | 1 0 1 450"]);
    insert_views(&client, &[Snapshot::later(1, 3, Some(450), Some(70_000))]).await;
    assert_eq!(cube(&client).await, ["0 / entry 13 | 1 0 1 60000"]);
    assert_eq!(beat(&client).await, ["10:00:00 DE | 1 0 0 1"]);
    insert_views(&client, &[Snapshot::later(1, 4, Some(70_000), Some(90_000))]).await;
    assert_eq!(cube(&client).await, ["0 / entry 13 | 1 0 1 60000"]);
    insert_views(&client, &[Snapshot::later(1, 5, Some(90_000), Some(1200))]).await;
    assert_eq!(cube(&client).await, ["0 / entry 2 | 1 0 1 1200"]);
    assert_eq!(beat(&client).await, ["10:00:00 DE | 1 0 0 0"]);
}

#[tokio::test]
async fn views_that_are_alike_count_each() {
    let client = kept("rollups_alike").await;
    for view_id in 1..=3 {
        insert_views(&client, &[Snapshot::new(view_id, Some(900))]).await;
    }
    assert_eq!(cube(&client).await, ["0 / entry 1 | 3 0 3 2700"]);
}

#[tokio::test]
async fn what_is_no_unit_is_not_in_the_cube() {
    let client = kept("rollups_units").await;
    let lcp_ms = Some(3000);
    insert_views(
        &client,
        &[
            Snapshot { is_bot: true, ..Snapshot::new(1, lcp_ms) },
            Snapshot { http_status: 400, ..Snapshot::new(2, lcp_ms) },
            Snapshot { http_status: 503, ..Snapshot::new(3, lcp_ms) },
            Snapshot { navigation_type: "prerender", ..Snapshot::new(4, lcp_ms) },
            Snapshot { navigation_type: "back_forward_cache", ..Snapshot::new(5, lcp_ms) },
            Snapshot { hidden_at_start: true, ..Snapshot::new(6, lcp_ms) },
            Snapshot::new(7, None),
        ],
    )
    .await;
    assert!(cube(&client).await.is_empty());
    // Each of them is a view that arrived, but for the bot.
    assert_eq!(beat(&client).await, ["10:00:00 DE | 6 0 0 0"]);
    // Nor do they take back what they cannot have counted.
    let not_ok = Snapshot { http_status: 404, ..Snapshot::later(2, 1, Some(3000), Some(3100)) };
    insert_views(&client, &[not_ok, Snapshot { is_bot: true, ..Snapshot::later(1, 1, Some(3000), Some(3100)) }]).await;
    assert!(cube(&client).await.is_empty());
}

#[tokio::test]
async fn every_other_view_is_a_unit() {
    let client = kept("rollups_other_units").await;
    let kinds = ["navigate", "reload", "back_forward", "soft"];
    let views: Vec<Snapshot> = (0..)
        .zip(kinds)
        .map(|(view_id, navigation_type)| Snapshot { navigation_type, ..Snapshot::new(view_id, Some(0)) })
        .chain(
            [0, 200, 304, 399]
                .map(|http_status| Snapshot { http_status, ..Snapshot::new(100 + u64::from(http_status), Some(0)) }),
        )
        .collect();
    insert_views(&client, &views).await;
    assert_eq!(cube(&client).await, ["0 / entry 0 | 8 0 8 0"]);
}

#[tokio::test]
async fn buckets_are_closed_on_the_right() {
    let client = kept("rollups_buckets").await;
    let edges = tests::loss_reference::EDGES_MS;
    // Each edge belongs to the bucket that it ends, one more to the next; over the last edge there is no other bucket.
    for (view_id, edge) in (0..).zip(edges) {
        insert_views(
            &client,
            &[Snapshot::new(2 * view_id, Some(edge)), Snapshot::new(2 * view_id + 1, Some(edge + 1))],
        )
        .await;
    }
    let mut expected = Vec::new();
    for (bucket, edge) in edges.iter().enumerate() {
        let before = if bucket == 0 { None } else { Some(edges[bucket - 1] + 1) };
        let after = if bucket == 13 { Some(60_000) } else { None };
        let lcps: Vec<u32> = [before, Some(*edge), after].into_iter().flatten().collect();
        expected.push(format!("0 / entry {bucket} | {0} 0 {0} {1}", lcps.len(), lcps.iter().sum::<u32>()));
    }
    assert_eq!(cube(&client).await, expected);

    // The views that goals carry fall into the same buckets.
    for edge in edges {
        insert_goal(
            &client,
            &Goal { earlier: vec![(0, "/", "entry", edge), (0, "/", "entry", edge + 1)], ..Goal::new() },
        )
        .await;
    }
    let views_and_conversions = "SELECT countIf(views != conversions), count() FROM \
        (SELECT sum(n) AS views, sum(k) AS conversions FROM loss_cube GROUP BY bucket)";
    assert_eq!(one(&client, views_and_conversions).await, "0\t14");
}

#[tokio::test]
async fn a_view_is_an_exit_until_the_next_one_tells_of_it() {
    let client = kept("rollups_exits").await;
    let (yesterday, today) = (first_day(), first_day() + Duration::days(1));
    // The first view ends at 23:59:59.999, its page is /a; it came to 1200 ms.
    let next = Snapshot {
        day: today,
        nav: "inner",
        previous: Some((yesterday, "/a", "entry", 1200)),
        ..Snapshot::new(2, Some(700))
    };
    insert_views(&client, &[next]).await;
    assert_eq!(cube(&client).await, ["0 /a entry 2 | 0 0 -1 0", "1 / inner 1 | 1 0 1 700"]);
    // The second snapshot of the next view moves its own exit, and tells nothing of the one before.
    let later = Snapshot { day: today, nav: "inner", ..Snapshot::later(2, 1, Some(700), Some(1700)) };
    insert_views(&client, &[later]).await;
    assert_eq!(cube(&client).await, ["0 /a entry 2 | 0 0 -1 0", "1 / inner 3 | 1 0 1 1700"]);
}

#[tokio::test]
async fn a_view_that_is_not_measured_ends_an_exit_too_and_a_bots_does_not() {
    let client = kept("rollups_exits_unmeasured").await;
    let previous = Some((first_day(), "/a", "inner", 61_000));
    insert_views(
        &client,
        &[
            Snapshot { previous, ..Snapshot::new(1, None) },
            Snapshot { previous, http_status: 404, ..Snapshot::new(2, Some(5)) },
            Snapshot { previous, is_bot: true, ..Snapshot::new(3, Some(5)) },
        ],
    )
    .await;
    assert_eq!(cube(&client).await, ["0 /a inner 13 | 0 0 -2 0"]);
}

#[tokio::test]
async fn days_are_utc_days() {
    let client = kept("rollups_days").await;
    let tomorrow = first_day() + Duration::days(1);
    insert_views(
        &client,
        &[
            Snapshot { time: "23:59:59.999", ..Snapshot::new(1, Some(10)) },
            Snapshot { day: tomorrow, time: "00:00:00.000", ..Snapshot::new(2, Some(20)) },
        ],
    )
    .await;
    assert_eq!(cube(&client).await, ["0 / entry 0 | 1 0 1 10", "1 / entry 0 | 1 0 1 20"]);
    assert_eq!(beat(&client).await, ["23:55:00 DE | 1 0 0 0", "00:00:00 DE | 1 0 0 0"]);
}

#[tokio::test]
async fn weights_multiply_everything() {
    let client = kept("rollups_weights").await;
    let weight = 1_000_000;
    let previous = Some((first_day(), "/a", "entry", 100));
    insert_views(
        &client,
        &[
            Snapshot { weight, previous, ..Snapshot::new(1, Some(9000)) },
            Snapshot { weight, ..Snapshot::later(1, 1, Some(9000), Some(60_001)) },
        ],
    )
    .await;
    insert_goal(&client, &Goal { weight, earlier: vec![(0, "/", "entry", 60_001)], value: 0.25, ..Goal::new() }).await;
    execute(
        &client,
        &format!(
            "INSERT INTO page_errors (site, ts, weight, country) VALUES ('shop', '{} 10:00:00', {weight}, 'DE')",
            first_day()
        ),
    )
    .await;
    assert_eq!(
        cube(&client).await,
        ["0 / entry 13 | 1000000 1000000 1000000 60000000000", "0 /a entry 0 | 0 0 -1000000 0"]
    );
    assert_eq!(one(&client, "SELECT sum(orders), sum(revenue) FROM goals_daily").await, "1000000\t250000");
    assert_eq!(beat(&client).await, ["10:00:00 DE | 1000000 1000000 0 1000000", "10:00:00 DE | 0 0 1000000 0"]);
}

/// A goal; `earlier` are days after [`first_day`], page groups, navs and LCPs.
struct Goal {
    time: &'static str,
    weight: u32,
    is_bot: bool,
    is_conversion: bool,
    value: f64,
    earlier: Vec<(i64, &'static str, &'static str, u32)>,
}

impl Goal {
    fn new() -> Self {
        Self { time: "10:04:59.999", weight: 1, is_bot: false, is_conversion: true, value: 0.0, earlier: Vec::new() }
    }
}

async fn insert_goal(client: &Client, goal: &Goal) {
    let Goal { time, weight, is_bot, is_conversion, value, earlier } = goal;
    let list = |item: fn(&(i64, &str, &str, u32)) -> String| earlier.iter().map(item).collect::<Vec<_>>().join(",");
    let starts = list(|view| format!("'{} 23:59:59.999'", first_day() + Duration::days(view.0)));
    let (pages, navs) = (list(|view| format!("'{}'", view.1)), list(|view| format!("'{}'", view.2)));
    let lcps = list(|view| view.3.to_string());
    let sql = format!(
        "INSERT INTO goals (site, ts, weight, is_bot, is_conversion, value, name, country, device, earlier_ts, earlier_page_group, earlier_nav, \
         earlier_lcp_ms) VALUES ('shop', '{} {time}', {weight}, {is_bot}, {is_conversion}, {value}, 'order', 'DE', 'mobile', \
         [{starts}], [{pages}], [{navs}], [{lcps}])",
        first_day() + Duration::days(1)
    );
    execute(client, &sql).await;
}

#[tokio::test]
async fn a_conversion_counts_in_the_cells_of_the_views_before_it() {
    let client = kept("rollups_goals").await;
    let earlier = vec![(0, "/", "entry", 500), (0, "/a", "inner", 501), (1, "/a", "inner", 99_999)];
    insert_goal(&client, &Goal { earlier, value: 49.5, ..Goal::new() }).await;
    let cells = ["0 / entry 0 | 0 1 0 0", "0 /a inner 1 | 0 1 0 0", "1 /a inner 13 | 0 1 0 0"];
    assert_eq!(cube(&client).await, cells);
    // Without earlier views it is an order all the same.
    insert_goal(&client, &Goal { value: 0.5, ..Goal::new() }).await;
    assert_eq!(cube(&client).await, cells);
    let daily = format!(
        "SELECT day - toDate('{}'), country, sum(orders), sum(revenue) FROM goals_daily GROUP BY day, country",
        first_day()
    );
    assert_eq!(one(&client, &daily).await, "1\tDE\t2\t50");
    assert_eq!(beat(&client).await, ["10:00:00 DE | 0 0 2 0"]);
}

#[tokio::test]
async fn other_goals_and_those_of_bots_count_nowhere() {
    let client = kept("rollups_other_goals").await;
    let earlier = vec![(0, "/", "entry", 500)];
    insert_goal(&client, &Goal { is_conversion: false, earlier: earlier.clone(), value: 9.0, ..Goal::new() }).await;
    insert_goal(&client, &Goal { is_bot: true, earlier, value: 9.0, ..Goal::new() }).await;
    assert!(cube(&client).await.is_empty());
    assert!(beat(&client).await.is_empty());
    assert_eq!(one(&client, "SELECT count() FROM goals_daily").await, "0");
}

#[tokio::test]
async fn errors_count_once_per_row_and_not_for_bots() {
    let client = kept("rollups_errors").await;
    let day = first_day();
    execute(
        &client,
        &format!(
            "INSERT INTO page_errors (site, ts, view_id, weight, is_bot, country, count) VALUES \
             ('shop', '{day} 10:00:00.000', 1, 1, false, 'DE', 70), ('shop', '{day} 10:04:59.999', 1, 2, false, 'DE', 1), \
             ('shop', '{day} 10:05:00.000', 2, 1, false, 'DE', 1), ('shop', '{day} 10:00:00.000', 3, 1, true, 'DE', 1)"
        ),
    )
    .await;
    assert_eq!(beat(&client).await, ["10:00:00 DE | 0 3 0 0", "10:05:00 DE | 0 1 0 0"]);
}

#[tokio::test]
async fn an_error_that_is_told_again_is_not_another_one() {
    let client = kept("rollups_errors_again").await;
    let day = first_day();
    // Told first by one INSERT, again by the same and by the next.
    let row = |view_id: u32, weight: u32, count: u32, counted: u32| {
        format!("('shop', '{day} 10:00:00.000', {view_id}, {weight}, 'DE', {count}, {counted})")
    };
    let columns = "INSERT INTO page_errors (site, ts, view_id, weight, country, count, counted) VALUES";
    execute(&client, &format!("{columns} {}, {}", row(1, 2, 3, 0), row(1, 2, 1, 3))).await;
    execute(&client, &format!("{columns} {}, {}", row(1, 2, 70, 4), row(2, 1, 1, 0))).await;
    assert_eq!(beat(&client).await, ["10:00:00 DE | 0 3 0 0"]);
    assert_eq!(one(&client, "SELECT sum(count * weight) FROM page_errors").await, "149");
}

/// How many rows each raw table has, and all rollups.
async fn everything(client: &Client) -> Vec<String> {
    let mut all = cube(client).await;
    all.extend(beat(client).await);
    all.push(one(client, "SELECT count() FROM page_views").await);
    all.push(one(client, "SELECT count() FROM goals").await);
    all.push(one(client, "SELECT sum(orders), sum(revenue) FROM goals_daily").await);
    all
}

#[tokio::test]
async fn an_insert_retried_with_its_token_changes_nothing() {
    let client = kept("rollups_retry").await;
    let with_token = |token| {
        client
            .clone()
            .with_setting("insert_deduplication_token", token)
            .with_setting("deduplicate_blocks_in_dependent_materialized_views", "1")
            .with_setting("async_insert", "0")
    };
    // Several days and months, snapshots of one view, and views that are alike: several blocks, some of them with equal rollups.
    let batch: Vec<Snapshot> = (0..40_u32)
        .flat_map(|index| {
            let day = first_day() + Duration::days(i64::from(index));
            let previous = Some((first_day(), "/a", "entry", 800));
            [
                Snapshot { day, previous, ..Snapshot::new(u64::from(index), Some(900)) },
                Snapshot { day, ..Snapshot::later(u64::from(index), 1, Some(900), Some(2501)) },
            ]
        })
        .collect();
    insert_views(&with_token("batch-1"), &batch).await;
    let goal = Goal { earlier: vec![(0, "/", "entry", 700), (30, "/", "inner", 800)], value: 10.0, ..Goal::new() };
    insert_goal(&with_token("batch-1-goals"), &goal).await;
    let once = everything(&client).await;
    assert!(once.contains(&"0 /a entry 1 | 0 0 -40 0".to_owned()), "{once:?}");

    for _ in 0..2 {
        insert_views(&with_token("batch-1"), &batch).await;
        insert_goal(&with_token("batch-1-goals"), &goal).await;
        assert_eq!(everything(&client).await, once);
    }

    // The same rows under another token are another batch.
    insert_views(&with_token("batch-2"), &batch).await;
    assert!(cube(&client).await.contains(&"0 /a entry 1 | 0 0 -80 0".to_owned()));
}

#[tokio::test]
async fn the_cube_agrees_with_what_the_raw_tables_say_and_the_check_finds_where_it_does_not() {
    let client = kept("rollups_check").await;
    let day = first_day();
    // Two sessions: views 1 and 2, an order, view 3; and view 4, without an order. The LCP of view 2 grows after it was counted.
    let views: Vec<Snapshot> = vec![
        Snapshot { time: "10:00:00.000", ..Snapshot::new(1, Some(800)) },
        Snapshot { time: "10:01:00.000", nav: "inner", ..Snapshot::new(2, Some(2400)) },
        Snapshot { time: "10:01:00.000", nav: "inner", ..Snapshot::later(2, 1, Some(2400), Some(2600)) },
        Snapshot { time: "10:09:00.000", nav: "inner", ..Snapshot::new(3, Some(800)) },
        Snapshot { time: "10:00:00.000", weight: 3, country: "BR", ..Snapshot::new(4, Some(70_000)) },
        Snapshot { hidden_at_start: true, ..Snapshot::new(5, Some(700)) },
        Snapshot { is_bot: true, ..Snapshot::new(6, Some(700)) },
        Snapshot::new(7, None),
    ];
    insert_views(&client, &views).await;
    execute(
        &client,
        &format!(
            "INSERT INTO goals (site, ts, weight, name, is_conversion, country, device, earlier_ts, earlier_page_group, earlier_nav, earlier_lcp_ms) \
             VALUES ('shop', '{day} 10:05:00', 1, 'order', true, 'AT', 'mobile', ['{day} 10:00:00.000', '{day} 10:01:00.000'], ['/', '/'], \
             ['entry', 'inner'], [800, 2600])"
        ),
    )
    .await;
    // Views 4 to 7 are other people's.
    let check = format!(
        "SELECT day, country, page_group, toString(nav), bucket, n_streamed, n_recounted, k_streamed, k_recounted FROM cube_check(site = 'shop', \
         from_day = '{day}', to_day = '{}') ORDER BY ALL",
        day + Duration::days(1)
    );
    let others = lines(&client, &check).await;
    assert_eq!(others.len(), 1, "view 4 has the session of the others (0) and began before the order: {others:?}");
    assert!(others[0].starts_with(&format!("{day}\tAT\t/\tentry\t13\t0\t0\t0\t3")), "{others:?}");

    execute(&client, "ALTER TABLE page_views DELETE WHERE view_id = 4 SETTINGS mutations_sync = 2").await;
    execute(&client, "INSERT INTO loss_cube SELECT * REPLACE (-n AS n, -exits AS exits, -t_ms AS t_ms) FROM loss_cube WHERE bucket = 13").await;
    assert_eq!(lines(&client, &check).await, Vec::<String>::new(), "they agree");

    execute(
        &client,
        &format!("INSERT INTO loss_cube VALUES ('shop', '{day}', 'DE', '/', 'mobile', 'entry', 1, 2, 1, 0, 1600)"),
    )
    .await;
    let found = lines(&client, &check).await;
    assert_eq!(found, [format!("{day}\tDE\t/\tentry\t1\t3\t1\t1\t0")]);
}
