//! `vitals_change` and `release_change`: what has changed is found, what has not is not, and what cannot be known is said so.

use clickhouse::Client;
use time::Duration;

use crate::database::{database, execute, first_day, lines, refusal};

/// Adds `sessions` sessions of three views a day, from the day `from` (counted from the first) on for `days` days. Their LCP is spread around
/// `lcp_ms`, alike within a session; every other vital stays unknown.
async fn add(client: &Client, (from, days): (u32, u32), sessions: u32, lcp_ms: u32, release: &str) {
    let first = first_day();
    let sql = format!(
        "INSERT INTO page_views (site, ts, session_id, view_id, weight, page_group, release, lcp_ms)
         WITH {from} + intDiv(number, 3 * {sessions}) AS day, intDiv(number, 3) AS session, cityHash64(session, '{release}', {from}) AS hash
         SELECT 'shop', toDateTime64('{first} 12:00:00', 3, 'UTC') + toIntervalDay(day), hash, cityHash64(number, '{release}', {from}), 1 + hash % 3,
            '/', '{release}', toUInt32({lcp_ms} * (0.5 + hash % 1000 / 1000) + cityHash64(number, 1) % 50)
         FROM numbers({days} * 3 * {sessions})"
    );
    execute(client, &sql).await;
}

fn windows(before: (i64, i64), after: (i64, i64)) -> String {
    let day = |offset| first_day() + Duration::days(offset);
    format!(
        "vitals_change(site = 'shop', before_from = '{}', before_to = '{}', after_from = '{}', after_to = '{}')",
        day(before.0),
        day(before.1),
        day(after.0),
        day(after.1)
    )
}

async fn verdicts(client: &Client, from: &str) -> Vec<String> {
    lines(client, &format!("SELECT page_group, vital, verdict, clusters FROM {from} ORDER BY 1, 2")).await
}

#[tokio::test]
async fn a_change_is_found_with_its_direction_and_an_interval_that_holds_it() {
    let client = database("change_known").await;
    add(&client, (0, 2), 300, 2000, "a").await;
    add(&client, (2, 2), 300, 3000, "b").await;
    let slower = windows((0, 2), (2, 4));
    assert_eq!(verdicts(&client, &slower).await, ["\tlcp\tworse\tsessions", "/\tlcp\tworse\tsessions"]);
    // The p75 of 0.5 to 1.5 times the middle is 1.25 times it. The share up to 2500 ms: 0.75 and 0.33.
    let holds = "p75_change BETWEEN 1100 AND 1400, p75_change_lo BETWEEN 900 AND 1250, p75_change_hi BETWEEN 1250 AND 1600,
                 good_share_change_lo BETWEEN -0.55 AND -0.42, good_share_change_hi BETWEEN -0.42 AND -0.25, measured_before > 3000, measured_after > 3000";
    assert_eq!(
        lines(&client, &format!("SELECT {holds} FROM {slower} WHERE page_group = ''")).await,
        ["1\t1\t1\t1\t1\t1\t1"]
    );
    assert_eq!(
        verdicts(&client, &windows((2, 4), (0, 2))).await,
        ["\tlcp\tbetter\tsessions", "/\tlcp\tbetter\tsessions"]
    );
    let release = |before: &str, after: &str| {
        let (from, to) = (first_day(), first_day() + Duration::days(4));
        format!(
            "release_change(site = 'shop', from_day = '{from}', to_day = '{to}', before_release = '{before}', after_release = '{after}')"
        )
    };
    assert_eq!(verdicts(&client, &release("a", "b")).await, ["\tlcp\tworse\tsessions", "/\tlcp\tworse\tsessions"]);
    assert_eq!(verdicts(&client, &release("b", "a")).await, ["\tlcp\tbetter\tsessions", "/\tlcp\tbetter\tsessions"]);
    assert_eq!(
        verdicts(&client, &release("a", "none")).await,
        ["\tlcp\tinsufficient\tsessions", "/\tlcp\tinsufficient\tsessions"]
    );
    assert!(refusal(&client, &format!("SELECT * FROM {}", release("a", "a"))).await.contains("compared with itself"));
}

#[tokio::test]
async fn where_nothing_has_changed_nothing_is_found_and_the_percentiles_are_those_of_the_other_views() {
    let client = database("change_none").await;
    add(&client, (0, 14), 60, 2000, "a").await;
    let weeks = windows((0, 7), (7, 14));
    let expected = ["\tlcp\tnot distinguishable\tdays", "/\tlcp\tnot distinguishable\tdays"];
    assert_eq!(verdicts(&client, &weeks).await, expected);
    let contains = "p75_change_lo < 0, p75_change_hi > 0, good_share_change_lo < 0, good_share_change_hi > 0";
    assert_eq!(lines(&client, &format!("SELECT {contains} FROM {weeks} WHERE page_group = ''")).await, ["1\t1\t1\t1"]);
    let (from, to) = (first_day(), first_day() + Duration::days(7));
    let same = format!(
        "SELECT p75_before = lcp_p75_ms, abs(good_share_before - lcp_good_share) < 1e-9, measured_before = lcp_measured
         FROM {weeks} AS changed
         INNER JOIN web_vitals_by_page(site = 'shop', from_day = '{from}', to_day = '{to}') AS vitals ON changed.page_group = vitals.page_group"
    );
    assert_eq!(lines(&client, &same).await, ["1\t1\t1"]);
}

#[tokio::test]
async fn fewer_than_7_days_on_a_side_are_clustered_by_session() {
    let client = database("change_days").await;
    add(&client, (0, 14), 60, 2000, "a").await;
    assert_eq!(verdicts(&client, &windows((0, 6), (6, 14))).await[0], "\tlcp\tnot distinguishable\tsessions");
}

#[tokio::test]
async fn sessions_and_not_views_are_what_is_counted() {
    let client = database("change_clusters").await;
    // Ten sessions of 300 equal views on either side: as views they would be plenty, as sessions they say nothing.
    for (day, middle) in [(0, 2000), (1, 2400)] {
        let day = first_day() + Duration::days(day);
        execute(
            &client,
            &format!(
                "INSERT INTO page_views (site, ts, session_id, view_id, weight, page_group, lcp_ms)
                 SELECT 'shop', '{day} 12:00:00', number % 10, number, 1, '/', {middle} + 100 * (number % 10) FROM numbers(3000)"
            ),
        )
        .await;
    }
    assert_eq!(verdicts(&client, &windows((0, 1), (1, 2))).await[0], "\tlcp\tinsufficient\tsessions");
}

#[tokio::test]
async fn a_hundred_views_are_the_fewest_and_overlapping_windows_are_refused() {
    let client = database("change_limits").await;
    // As many sessions as views.
    let views = |day: i64, count: u32| {
        let day = first_day() + Duration::days(day);
        format!(
            "INSERT INTO page_views (site, ts, session_id, view_id, weight, page_group, lcp_ms)
             SELECT 'shop', '{day} 12:00:00', number, number, 1, '/', 1000 + number FROM numbers({count})"
        )
    };
    for (day, count) in [(0, 100), (1, 100), (2, 99)] {
        execute(&client, &views(day, count)).await;
    }
    assert_eq!(verdicts(&client, &windows((0, 1), (1, 2))).await[0], "\tlcp\tnot distinguishable\tsessions");
    assert_eq!(verdicts(&client, &windows((1, 2), (2, 3))).await[0], "\tlcp\tinsufficient\tsessions");
    assert!(verdicts(&client, &windows((5, 6), (6, 7))).await.is_empty());
    let refused = refusal(&client, &format!("SELECT * FROM {}", windows((0, 2), (1, 3)))).await;
    assert!(refused.contains("the windows overlap"), "{refused}");
}
