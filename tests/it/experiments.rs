//! Randomised experiments: what `experiment_effect` makes of two arms, and where `loss_by_page` shows it.

use clickhouse::Client;
use time::Duration;

use crate::database::{database, execute, first_day, insert, lines};

fn window() -> String {
    format!("site = 'shop', from_day = '{}', to_day = '{}'", first_day(), first_day() + Duration::days(30))
}

/// Views of `/item/*` in an arm: `n` a day of which `k` convert, with the same LCP each; conversions differ a little from day to day.
async fn arm(client: &Client, arm: &str, country: &str, days: i64, (n, k): (i64, i64), lcp_ms: i64) {
    let bucket = [500, 1000, 1500, 2000, 2500, 3000, 4000].iter().take_while(|edge| **edge < lcp_ms).count();
    let rows: Vec<String> = (0..days)
        .map(|index| {
            let (day, k, t_ms) = (first_day() + Duration::days(index), k + index % 3 - 1, n * lcp_ms);
            format!("('shop', '{day}', '', '{arm}', '{country}', '/item/*', 'mobile', 'inner', {bucket}, {n}, {k}, 0, {t_ms})")
        })
        .collect();
    insert(client, "variant_cube", &rows).await;
    let rows: Vec<String> = rows.iter().map(|row| row.replace(&format!("'', '{arm}', "), "")).collect();
    insert(client, "loss_cube", &rows).await;
}

async fn experiment(client: &Client, active: bool) {
    execute(
        client,
        &format!("INSERT INTO experiments VALUES ('shop', 'hero', '/item/*', 'small', 'large', {active}, now64(3))"),
    )
    .await;
}

async fn numbers(client: &Client, sql: &str) -> Vec<f64> {
    let rows = lines(client, sql).await;
    assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
    rows[0].split('\t').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()
}

#[tokio::test]
async fn what_an_experiment_tells_replaces_what_was_observed_on_its_page() {
    let client = database("experiment").await;
    // Two countries of which one buys more: within each, the slower arm waits 2 s more and converts one time in a hundred less.
    arm(&client, "small", "DE", 12, (1000, 60), 1500).await;
    arm(&client, "large", "DE", 12, (1000, 50), 3500).await;
    arm(&client, "small", "BR", 12, (4000, 80), 1500).await;
    arm(&client, "large", "BR", 12, (4000, 40), 3500).await;
    execute(
        &client,
        &format!(
            "INSERT INTO goals_daily VALUES ('shop', '{}', 'DE', 500, 20000), ('shop', '{}', 'BR', 500, 5000)",
            first_day(),
            first_day()
        ),
    )
    .await;
    let page = format!(
        "SELECT est_lost, lo, hi, est_lost_revenue, time_lost_s, lost_direct FROM loss_by_page({}, target_ms = 2500)",
        window()
    );
    let words = format!("SELECT method, claim, verdict, experiment FROM loss_by_page({}, target_ms = 2500)", window());
    let observed = numbers(&client, &page).await;
    assert_eq!(lines(&client, &words).await, ["direct\tassociation\tloss\t"]);

    experiment(&client, true).await;
    let effect = numbers(
        &client,
        &format!(
            "SELECT rate_lost, slower_by_ms, lost_per_view_s, lost_per_view_s_lo, lost_per_view_s_hi, is_usable, days, faster_views, slower_conversions \
             FROM experiment_effect({})",
            window()
        ),
    )
    .await;
    for (actual, expected) in effect.iter().zip([0.01, 2000.0, 0.005]) {
        assert!((actual / expected - 1.0).abs() < 1e-9, "{effect:?}");
    }
    assert!(effect[3] > 0.0 && effect[3] < 0.005 && effect[4] > 0.005, "{effect:?}");
    assert_eq!(effect[6..], [12.0, 60_000.0, 12.0 * 90.0]);

    assert_eq!(lines(&client, &words).await, ["experiment\trandomised\tloss\thero"]);
    let shown = numbers(&client, &page).await;
    // 60,000 slow views wait 1 s beyond the target.
    let time_lost_s = 60_000.0;
    assert!((shown[4] - time_lost_s).abs() < 1e-6);
    assert!((shown[0] - time_lost_s * 0.005).abs() < 1e-6, "{shown:?}");
    assert!((shown[1] - time_lost_s * effect[3]).abs() < 1e-6 && (shown[2] - time_lost_s * effect[4]).abs() < 1e-6);
    // 12,000 s of DE at 40 an order, 48,000 s of BR at 10.
    assert!((shown[3] - 0.005 * (12_000.0 * 40.0 + 48_000.0 * 10.0)).abs() < 1e-6, "{shown:?}");
    assert!((shown[5] - observed[5]).abs() < 1e-9, "what was observed stays beside it");
    let of_country = format!(
        "SELECT est_lost FROM loss_by_country_pages({}, target_ms = 2500) WHERE country = 'BR' AND method = 'experiment'",
        window()
    );
    assert!((numbers(&client, &of_country).await[0] - 48_000.0 * 0.005).abs() < 1e-6);

    experiment(&client, false).await;
    assert_eq!(
        lines(&client, &words).await,
        ["direct\tassociation\tloss\t"],
        "an experiment that is gone tells nothing"
    );
}

#[tokio::test]
async fn an_experiment_of_too_little_or_without_a_difference_in_speed_replaces_nothing() {
    for (name, days, fast, slow, lcp_ms) in [
        ("days", 4, (1000, 60), (1000, 50), (1500, 3500)),
        ("conversions", 6, (1000, 6), (1000, 4), (1500, 3500)),
        ("speed", 12, (1000, 60), (1000, 50), (3500, 3500)),
        ("order", 12, (1000, 60), (1000, 50), (3500, 1500)),
    ] {
        let client = database(&format!("experiment_{name}")).await;
        arm(&client, "small", "DE", days, fast, lcp_ms.0).await;
        arm(&client, "large", "DE", days, slow, lcp_ms.1).await;
        experiment(&client, true).await;
        let usable = lines(&client, &format!("SELECT is_usable FROM experiment_effect({})", window())).await;
        assert_eq!(usable, ["0"], "{name}");
        let methods =
            lines(&client, &format!("SELECT method, experiment FROM loss_by_page({}, target_ms = 2500)", window()))
                .await;
        assert_eq!(methods.len(), 1);
        assert!(!methods[0].contains("experiment") && methods[0].ends_with('\t'), "{name}: {methods:?}");
    }
}
