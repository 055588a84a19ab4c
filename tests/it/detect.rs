//! The alarms' views: what fires, what does not, one under and one over each limit.
//!
//! The weeks are those before a Wednesday in June 2025 in which no clock of the views changes, unless a test says otherwise; so nothing depends on when it runs.

use clickhouse::Client;

use crate::database::{database, execute, lines, refusal};

/// What an instant judges ends here.
const END: &str = "2025-06-18 12:00:00";
/// When it is asked.
const AT: &str = "2025-06-18 12:01:00";
/// A history of five weeks and three days.
const SLOTS: u32 = 38 * 288;

/// A database in which old slots are kept.
async fn pulse(name: &str) -> Client {
    let client = database(&format!("detect_{name}")).await;
    execute(&client, "ALTER TABLE beat_5m REMOVE TTL").await;
    execute(&client, "ALTER TABLE beat_pages_5m REMOVE TTL").await;
    execute(&client, "ALTER TABLE beat_1m REMOVE TTL").await;
    client
}

/// Fills minutes before and after [`END`]: `lag` is a minute's number back from the last before it, 0, and below 0 behind it.
async fn fill_minutes(client: &Client, country: &str, lags: (i32, i32), views: &str) {
    let (from, to) = lags;
    let sql = format!(
        "INSERT INTO beat_1m (site, country, minute, views)
         SELECT 'shop', '{country}', toDateTime('{END}', 'UTC') - 60 * (lag + 1) AS minute, {views}
         FROM (SELECT toInt64(number) + {from} AS lag FROM numbers({}))",
        to - from
    );
    execute(client, &sql).await;
}

/// Fills slots before [`END`]: `lag` is a slot's number back from the last, 0, and `values` says views, errors, orders and slow ones, as SQL.
async fn fill(client: &Client, country: &str, lags: (u32, u32), values: &str) {
    let (from, to) = lags;
    let sql = format!(
        "INSERT INTO beat_5m (site, country, slot, views, errors, orders, slow)
         SELECT 'shop', '{country}', toDateTime('{END}', 'UTC') - 300 * (number + 1) AS slot, {values}
         FROM (SELECT toInt64(number) AS number, number AS lag FROM numbers({from}, {}))",
        to - from
    );
    execute(client, &sql).await;
}

async fn one(client: &Client, sql: &str) -> String {
    lines(client, sql).await.join(" ")
}

/// The windows of a country that fire, in minutes, and its states.
async fn firing(client: &Client, view: &str, country: &str) -> String {
    let sql = format!(
        "SELECT groupArrayIf(window_min, firing), arraySort(groupUniqArray(state)) FROM
         (SELECT * FROM {view}(site = 'shop', at = '{AT}') WHERE country = '{country}' ORDER BY window_min)"
    );
    one(client, &sql).await
}

#[tokio::test]
async fn a_country_that_stops_fires_after_one_slot_and_the_others_do_not() {
    let client = pulse("outage").await;
    fill(&client, "DE", (1, SLOTS), "40, 0, 0, 0").await;
    fill(&client, "FR", (0, SLOTS), "40, 0, 0, 0").await;
    assert_eq!(firing(&client, "volume_alarms", "DE").await, "[5]\t['firing','ok']");
    assert_eq!(firing(&client, "volume_alarms", "FR").await, "[]\t['ok']");
    // All together have lost half, which is not yet beyond chance.
    let total =
        "SELECT observed, round(expected), level, firing FROM volume_alarms(site = 'shop', at = '2025-06-18 12:01:00')
                 WHERE country = '' ORDER BY window_min";
    assert_eq!(lines(&client, total).await, ["40\t80\t1\t0", "200\t240\t1\t0", "920\t960\t1\t0"]);
    // Not before its slot is over, nor in the minute after.
    for (at, expected) in
        [("11:55:59", "0"), ("11:58:00", "0"), ("12:00:59", "0"), ("12:01:00", "1"), ("12:05:59", "1")]
    {
        let sql = format!("SELECT max(firing) FROM volume_alarms(site = 'shop', at = '2025-06-18 {at}')");
        assert_eq!(one(&client, &sql).await, expected, "{at}");
    }
}

#[tokio::test]
async fn an_outage_that_begins_between_slots_fires_before_the_next_slot_has_ended() {
    let client = pulse("minutes").await;
    // From 12:02 on nobody comes; the slot from 12:00 has begun.
    fill(&client, "DE", (0, SLOTS), "40, 0, 0, 0").await;
    execute(&client, &format!("INSERT INTO beat_5m (site, country, slot, views) VALUES ('shop', 'DE', '{END}', 16)"))
        .await;
    fill_minutes(&client, "DE", (-2, 600), "8").await;
    let asked = |at: &str| {
        format!(
            "SELECT any(formatDateTime(at, '%H:%i')), max(firing), min(observed), max(expected) FROM volume_alarms(site = 'shop', at = '2025-06-18 {at}')
             WHERE country = 'DE' AND window_min = 5"
        )
    };
    for (at, expected) in [
        ("12:01:30", "12:01\t0\t40\t40"),
        ("12:02:29", "12:01\t0\t40\t40"),
        ("12:02:30", "12:02\t0\t40\t40"),
        ("12:04:30", "12:04\t0\t24\t40"),
        ("12:05:30", "12:05\t0\t16\t40"),
        ("12:06:29", "12:05\t0\t16\t40"),
        ("12:06:30", "12:06\t1\t8\t40"),
        ("12:07:30", "12:07\t1\t0\t40"),
    ] {
        assert_eq!(one(&client, &asked(at)).await, expected, "{at}");
    }
    // By slots it would be known four and a half minutes later.
    let sql = "SELECT min(at) FROM volume_alarms_between(site = 'shop', from_at = '2025-06-18 11:31:00', to_at = '2025-06-18 12:31:00') WHERE firing";
    assert_eq!(one(&client, sql).await, "2025-06-18 12:10:00");
}

#[tokio::test]
async fn what_a_window_between_slots_expects_are_the_shares_of_those_that_it_lies_in() {
    let client = pulse("shares").await;
    // An hour in which each slot brings ten more, and the quarter after it; this week as in all others. Slots are counted back from that after the last.
    let views = |slot: &str| {
        format!("40 + 10 * multiIf({slot} < 13, 13 - toInt64({slot}), {slot} > 2012, 2029 - toInt64({slot}), 0)")
    };
    fill(&client, "DE", (0, SLOTS), &format!("{}, 0, 0, 0", views("(lag + 1) % 2016"))).await;
    fill_minutes(&client, "DE", (0, 600), &format!("intDiv({}, 5)", views("intDiv(lag, 5) + 1"))).await;
    fill_minutes(&client, "DE", (-5, 0), "34").await;
    let expected = |view: &str, times: &str| {
        format!(
            "SELECT window_min, round(expected, 6), round(level, 6) FROM {view}(site = 'shop', {times}) WHERE country = 'DE' ORDER BY ALL"
        )
    };
    let of = async |at: &str| -> Vec<f64> {
        let rows = lines(&client, &expected("volume_alarms", &format!("at = '2025-06-18 {at}'"))).await;
        rows.iter()
            .map(|row| {
                let cells: Vec<&str> = row.split('\t').collect();
                assert_eq!(cells[2], "1", "{at} {row}");
                cells[1].parse().unwrap()
            })
            .collect()
    };
    let (before, after) = (of("12:00:30").await, of("12:05:30").await);
    assert!(before.len() == 3 && after[0] > before[0] + 1.0 && after[2] > before[2] + 1.0, "{before:?} {after:?}");
    for (minute, share) in [(1, 0.2), (2, 0.4), (3, 0.6), (4, 0.8)] {
        let between = of(&format!("12:0{minute}:30")).await;
        for (window, expected) in between.iter().enumerate() {
            let mean = before[window] * (1.0 - share) + after[window] * share;
            assert!((expected - mean).abs() < 1e-4, "{minute} {window}: {expected}, not {mean}");
        }
    }
    // At the end of a slot it is as without minutes, but for the limit of z.
    let columns = "at, country, window_min, observed, expected, level, z, state";
    let between = "from_at = '2025-06-18 12:01:00', to_at = '2025-06-18 12:01:00'";
    let by_slots = format!("SELECT {columns} FROM volume_alarms_between(site = 'shop', {between}) ORDER BY ALL");
    let by_minutes =
        format!("SELECT {columns} FROM volume_alarms(site = 'shop', at = '2025-06-18 12:00:59') ORDER BY ALL");
    assert_eq!(lines(&client, &by_minutes).await, lines(&client, &by_slots).await);
}

#[tokio::test]
async fn where_minutes_are_not_known_slots_are_looked_at() {
    let client = pulse("no_minutes").await;
    fill(&client, "DE", (0, SLOTS), "40, 0, 0, 0").await;
    let at = "SELECT formatDateTime(max(at), '%H:%i'), max(firing) FROM volume_alarms(site = 'shop', at = '2025-06-18 11:59:40')";
    assert_eq!(one(&client, at).await, "11:55\t0");
    // Three hours before the minute that is asked about, and a minute less.
    fill_minutes(&client, "DE", (0, 180), "8").await;
    assert_eq!(one(&client, at).await, "11:55\t0");
    fill_minutes(&client, "DE", (180, 181), "8").await;
    assert_eq!(one(&client, at).await, "11:59\t0");
    // Far past, and another site's minutes.
    let past =
        "SELECT formatDateTime(max(at), '%d %H:%i') FROM volume_alarms(site = 'shop', at = '2025-06-17 11:59:40')";
    assert_eq!(one(&client, past).await, "17 11:55");
    let other =
        "SELECT formatDateTime(max(at), '%H:%i') FROM volume_alarms(site = 'other', at = '2025-06-18 11:59:40')";
    assert_eq!(one(&client, other).await, "11:55");
}

#[tokio::test]
async fn all_minutes_at_once_are_answered_as_one_by_one() {
    let client = pulse("by_minute").await;
    let noise = "30 + toInt64(cityHash64(number) % 25)";
    fill(&client, "DE", (1, SLOTS), &format!("{noise}, 0, 0, 0")).await;
    fill(&client, "FR", (0, SLOTS), &format!("{noise}, 0, 0, 0")).await;
    fill_minutes(&client, "DE", (3, 300), "toInt64(cityHash64(lag) % 17)").await;
    fill_minutes(&client, "FR", (0, 300), "toInt64(cityHash64(lag, 1) % 17)").await;
    let columns = "at, country, window_min, observed, round(expected, 6), round(z, 6), state";
    for shift in 0..5 {
        let (from, to) = (format!("11:3{shift}:59"), format!("11:5{shift}:59"));
        let at_once = format!(
            "SELECT {columns} FROM volume_alarms_by_minute(site = 'shop', from_at = '2025-06-18 {from}', to_at = '2025-06-18 {to}') ORDER BY ALL"
        );
        let at_once = lines(&client, &at_once).await;
        let mut singly = Vec::new();
        for minute in (30..=50).step_by(5) {
            let at = format!("2025-06-18 11:{}:59", minute + shift);
            let sql = format!("SELECT {columns} FROM volume_alarms(site = 'shop', at = '{at}') ORDER BY ALL");
            singly.extend(lines(&client, &sql).await);
        }
        assert_eq!(at_once.len(), 5 * 3 * 3);
        assert_eq!(at_once, singly, "{shift}");
    }
}

#[tokio::test]
async fn a_slot_fires_below_its_band_and_not_at_it_nor_where_too_little_is_expected() {
    let client = pulse("limits").await;
    for (country, usual, now) in [("AA", 40, 10), ("BB", 40, 11), ("CC", 12, 0), ("DD", 11, 0)] {
        fill(&client, country, (1, SLOTS), &format!("{usual}, 0, 0, 0")).await;
        fill(&client, country, (0, 1), &format!("{now}, 0, 0, 0")).await;
    }
    let sql = "SELECT country, firing, observed < lo FROM volume_alarms(site = 'shop', at = '2025-06-18 12:01:00')
               WHERE window_min = 5 AND country != '' ORDER BY country";
    assert_eq!(lines(&client, sql).await, ["AA\t1\t1", "BB\t0\t0", "CC\t1\t1", "DD\t0\t1"]);
}

#[tokio::test]
async fn a_drop_fires_in_a_longer_window_and_noise_or_a_quiet_day_does_not() {
    let client = pulse("drop").await;
    let noise = "40 + toInt64(cityHash64(number) % 25) - 12, 0, 0, 0";
    fill(&client, "DE", (4, SLOTS), noise).await;
    fill(&client, "DE", (0, 4), "12, 0, 0, 0").await;
    fill(&client, "FR", (0, SLOTS), noise).await;
    // A day of which everything is less.
    fill(&client, "IT", (288, SLOTS), noise).await;
    fill(&client, "IT", (0, 288), "28 + toInt64(cityHash64(number) % 17) - 8, 0, 0, 0").await;
    assert!(firing(&client, "volume_alarms", "DE").await.starts_with("[15"));
    assert_eq!(firing(&client, "volume_alarms", "FR").await, "[]\t['ok']");
    let sql = "SELECT max(firing), count() FROM volume_alarms_between(site = 'shop', from_at = '2025-06-17 15:06:00', to_at = '2025-06-18 12:01:00')
               WHERE country IN ('FR', 'IT')";
    assert_eq!(one(&client, sql).await, "0\t1512");
}

#[tokio::test]
async fn a_level_over_one_is_believed_where_it_is_of_many_and_little_where_it_is_of_few() {
    let client = pulse("level").await;
    for (country, usual) in [("AA", 4), ("BB", 400)] {
        fill(&client, country, (0, 48), &format!("{}, 0, 0, 0", usual * 3 / 2)).await;
        fill(&client, country, (48, SLOTS), &format!("{usual}, 0, 0, 0")).await;
        let other = if usual == 4 { "CC" } else { "DD" };
        fill(&client, other, (0, 48), &format!("{}, 0, 0, 0", usual / 4)).await;
        fill(&client, other, (48, SLOTS), &format!("{usual}, 0, 0, 0")).await;
    }
    let sql = format!(
        "SELECT country, round(level, 3) FROM volume_alarms(site = 'shop', at = '{AT}') WHERE window_min = 5 AND country != '' ORDER BY country"
    );
    // (144 + 100) / (96 + 100), (14400 + 100) / (9600 + 100); less than 0.6 it never is.
    assert_eq!(lines(&client, &sql).await, ["AA\t1.245", "BB\t1.495", "CC\t0.6", "DD\t0.6"]);
}

#[tokio::test]
async fn all_instants_at_once_are_answered_as_one_by_one() {
    let client = pulse("between").await;
    fill(&client, "DE", (1, SLOTS), "30 + toInt64(cityHash64(number) % 25), 0, toInt64(cityHash64(number, 1) % 4), 3")
        .await;
    // Sums of fractions depend on their order in the last digits.
    let columns = [
        ("volume_alarms", "", "at, country, window_min, observed, round(expected, 6), round(z, 6), state"),
        ("order_alarms", "", "at, country, window_min, observed, round(expected, 6), round(z, 6), state"),
        ("speed_alarms", "", "at, country, views, round(expected_share, 6), round(z, 6), slow_slots, state"),
        ("error_alarms", ", objective = 0.99", "*"),
    ];
    for (view, objective, columns) in columns {
        let at_once = format!(
            "SELECT {columns} FROM {view}_between(site = 'shop'{objective}, from_at = '2025-06-18 11:31:00', to_at = '2025-06-18 12:01:00')
             ORDER BY ALL"
        );
        let at_once = lines(&client, &at_once).await;
        let mut singly = Vec::new();
        for at in ["11:31", "11:36", "11:41", "11:46", "11:51", "11:56", "12:01"] {
            let at = format!("2025-06-18 {at}:00");
            let sql = format!("SELECT {columns} FROM {view}(site = 'shop'{objective}, at = '{at}') ORDER BY ALL");
            singly.extend(lines(&client, &sql).await);
        }
        assert_eq!(at_once, singly, "{view}");
    }
    let long = "(site = 'shop', from_at = '2025-05-01 00:00:00', to_at = '2025-06-01 00:00:00')";
    for view in ["volume_alarms", "order_alarms", "speed_alarms"] {
        let said = refusal(&client, &format!("SELECT * FROM {view}_between{long}")).await;
        assert!(said.contains("at most 8640 instants at once"), "{said}");
    }
}

#[tokio::test]
async fn without_three_weeks_of_history_it_is_learning_and_does_not_fire() {
    let client = pulse("learning").await;
    // A day is allowed for: 20 days of slots, and one slot less.
    fill(&client, "AA", (1, 20 * 288), "40, 0, 0, 0").await;
    fill(&client, "BB", (1, 20 * 288 - 1), "40, 0, 0, 0").await;
    assert_eq!(firing(&client, "volume_alarms", "AA").await, "[5]\t['firing','ok']");
    assert_eq!(firing(&client, "volume_alarms", "BB").await, "[]\t['learning']");
    for view in ["volume_alarms", "order_alarms", "speed_alarms", "speed_drift"] {
        let sql = format!(
            "SELECT groupUniqArray(state), max(firing), groupUniqArray(country) FROM {view}(site = 'nobody', at = '{AT}')"
        );
        assert_eq!(one(&client, &sql).await, "['learning']\t0\t['']", "{view}");
    }
    let errors = format!(
        "SELECT groupUniqArray(state), max(firing) FROM error_alarms(site = 'nobody', objective = 0.99, at = '{AT}')"
    );
    assert_eq!(one(&client, &errors).await, "['learning']\t0");
}

#[tokio::test]
async fn slots_that_are_missing_are_zeros_and_one_lost_week_changes_nothing() {
    let client = pulse("missing").await;
    // DE lacks a day in one of the weeks, FR in three of five, IT has views in every other slot.
    for (country, weeks) in [("DE", "(2)"), ("FR", "(1, 3, 5)"), ("IT", "(9)")] {
        let skipped = if country == "IT" { "if(number % 2 = 0, 80, 0)" } else { "40" };
        let lost = format!("intDiv(number + 144, 2016) IN {weeks} AND (number + 144) % 2016 < 288");
        fill(&client, country, (0, SLOTS), &format!("if({lost}, 0, {skipped}), 0, 0, 0")).await;
    }
    execute(&client, "DELETE FROM beat_5m WHERE views = 0").await;
    let sql = format!(
        "SELECT country, expected FROM volume_alarms(site = 'shop', at = '{AT}') WHERE window_min = 60 AND country IN ('DE', 'FR') ORDER BY country"
    );
    assert_eq!(lines(&client, &sql).await, ["DE\t480", "FR\t0"]);
    let sql = format!("SELECT max(firing) FROM volume_alarms(site = 'shop', at = '{AT}')");
    assert_eq!(one(&client, &sql).await, "0");
}

#[tokio::test]
async fn an_instant_that_is_to_come_is_now_and_one_before_all_history_is_learning() {
    let client = pulse("jumps").await;
    execute(
        &client,
        "INSERT INTO beat_5m (site, country, slot, views)
         SELECT 'shop', 'DE', toStartOfFiveMinutes(now()) - 300 * toInt64(number), 40 FROM numbers(11000)",
    )
    .await;
    for at in ["now() + INTERVAL 1 DAY", "toDateTime('2100-01-01 00:00:00', 'UTC')", "now()"] {
        let sql = format!(
            "SELECT max(firing), max(at) <= now(), max(at) > now() - 400 FROM volume_alarms(site = 'shop', at = {at})"
        );
        assert_eq!(one(&client, &sql).await, "0\t1\t1", "{at}");
    }
    for at in ["1970-03-01 00:00:00", "2001-01-01 00:00:00"] {
        let sql = format!("SELECT groupUniqArray(state) FROM volume_alarms(site = 'shop', at = '{at}')");
        assert_eq!(one(&client, &sql).await, "['learning']", "{at}");
    }
}

/// Nine weeks of a country by its clock, up to Sunday 2025-11-30: many by day, few by night, and steep in between.
async fn by_clock(client: &Client, country: &str, zone: &str, kept: &str) {
    let sql = format!(
        "INSERT INTO beat_5m (site, country, slot, views)
         SELECT 'shop', '{country}', slot, toInt64(views) FROM
         (SELECT toDateTime('2025-09-14 00:00:00', 'UTC') + 300 * toInt64(number) AS slot,
             toHour(toTimeZone(slot, '{zone}')) + toMinute(toTimeZone(slot, '{zone}')) / 60 AS hour,
             60 + 50 * tanh(3 * cos((hour - 15) / 12 * pi())) AS views
          FROM numbers(77 * 288))
         WHERE {kept}"
    );
    execute(client, &sql).await;
}

#[tokio::test]
async fn the_weeks_after_clocks_changed_do_not_fire_but_for_an_outage() {
    let client = pulse("clocks").await;
    by_clock(&client, "DE", "Europe/Berlin", "true").await;
    by_clock(&client, "US", "America/New_York", "true").await;
    by_clock(&client, "JP", "Asia/Tokyo", "true").await;
    by_clock(&client, "AT", "Europe/Vienna", "NOT (slot >= '2025-10-28 06:00:00' AND slot < '2025-10-28 07:00:00')")
        .await;
    // Berlin changed on 26 October, New York on 2 November.
    for (from, to) in [("10-24", "11-07"), ("11-07", "11-29")] {
        let sql = format!(
            "SELECT country, min(at), max(at) FROM volume_alarms_between(site = 'shop', from_at = '2025-{from} 00:00:00', to_at = '2025-{to} 00:00:00')
             WHERE firing GROUP BY country ORDER BY country"
        );
        let found = lines(&client, &sql).await;
        assert_eq!(found.len(), usize::from(from == "10-24"), "{found:?}");
        assert!(found.iter().all(|row| row.starts_with("AT\t2025-10-28 06:05:00")), "{found:?}");
    }
}

#[tokio::test]
async fn orders_that_stop_fire_though_views_go_on() {
    let client = pulse("orders").await;
    fill(&client, "DE", (0, SLOTS), "40, 0, if(lag < 12, 0, lag % 2), 0").await;
    // As rare, and going on; so rare that nothing can be said.
    fill(&client, "FR", (0, SLOTS), "40, 0, lag % 2, 0").await;
    fill(&client, "IT", (0, SLOTS), "40, 0, if(lag < 12, 0, lag % 5 = 0), 0").await;
    fill(&client, "ES", (0, SLOTS), "40, 0, if(lag < 12, 0, 2), 0").await;
    assert_eq!(firing(&client, "order_alarms", "ES").await, "[60]\t['firing','ok']");
    for country in ["FR", "IT"] {
        assert_eq!(firing(&client, "order_alarms", country).await, "[]\t['ok']", "{country}");
    }
    let sql = format!(
        "SELECT window_min, observed, expected FROM order_alarms(site = 'shop', at = '{AT}') WHERE country = 'ES' ORDER BY window_min"
    );
    assert_eq!(lines(&client, &sql).await, ["15\t0\t6", "60\t0\t24", "180\t48\t72"]);
    assert_eq!(one(&client, &format!("SELECT max(firing) FROM volume_alarms(site = 'shop', at = '{AT}')")).await, "0");
}

/// For each country its pairs of windows that fire, by the long one.
async fn burning(client: &Client, at: &str, objective: &str) -> Vec<String> {
    let sql = format!(
        "SELECT country, groupArray(long_window_min) FROM
         (SELECT country, long_window_min FROM error_alarms(site = 'shop', objective = {objective}, at = '{at}') WHERE firing ORDER BY ALL)
         WHERE country != '' GROUP BY country ORDER BY country"
    );
    lines(client, &sql).await
}

#[tokio::test]
async fn errors_fire_from_the_burn_rate_and_from_twenty_on_in_both_windows() {
    let client = pulse("errors").await;
    // 1,200 views in the hour, of which 14.4 % may have errors: 173, and 172. Then 20 errors, and 19. Then a burst that is over.
    for (country, views, errors) in [
        ("AA", 100, "if(lag = 0, 19, 14)"),
        ("BB", 100, "if(lag = 0, 18, 14)"),
        ("CC", 8, "if(lag = 0, 8, if(lag = 1, 2, 1))"),
        ("DD", 8, "if(lag = 0, 8, if(lag = 1, 1, 1))"),
        ("EE", 100, "if(lag = 0, 0, 50)"),
    ] {
        fill(&client, country, (0, 12), &format!("{views}, {errors}, 0, 0")).await;
        fill(&client, country, (12, 1500), &format!("{views}, 0, 0, 0")).await;
    }
    let fast: Vec<String> = burning(&client, AT, "0.99").await.into_iter().filter(|row| row.contains("[60")).collect();
    assert_eq!(fast, ["AA\t[60]", "CC\t[60]"]);
    // With half the objective's room BB burns twice as fast.
    assert!(burning(&client, AT, "0.995").await.contains(&"BB\t[60]".to_owned()));
    // A slow burn, for a ticket: 2 % for three days.
    fill(&client, "SS", (0, 1500), "100, 2, 0, 0").await;
    let slow = burning(&client, AT, "0.99").await;
    assert!(slow.contains(&"SS\t[4320]".to_owned()), "{slow:?}");
    // A site that is younger than the long window is learning.
    let sql = "SELECT DISTINCT long_window_min, state
               FROM error_alarms(site = 'shop', objective = 0.99, at = '2025-06-14 00:01:00') ORDER BY ALL";
    assert_eq!(lines(&client, sql).await, ["60\tok", "360\tok", "4320\tlearning"]);
    for objective in ["0", "1", "1.5", "-1"] {
        let sql = format!("SELECT * FROM error_alarms(site = 'shop', objective = {objective}, at = '{AT}')");
        let said = refusal(&client, &sql).await;
        assert!(said.contains("the objective is a share"), "{said}");
    }
}

#[tokio::test]
async fn slow_views_fire_after_three_slots_five_points_and_two_hundred_views() {
    let client = pulse("speed").await;
    // Views and slow ones of the last three slots against a fifth that are slow.
    for (country, slots, views, slow) in [
        ("AA", 3, "100", "50"),
        ("BB", 2, "100", "50"),                 // the third slot is as ever
        ("CC", 3, "if(lag = 0, 66, 67)", "40"), // 200 views
        ("DD", 3, "if(lag = 0, 67, 66)", "40"), // 199
        ("EE", 3, "100000", "25100"),           // 5.1 points
        ("FF", 3, "100000", "24900"),           // 4.9
        ("GG", 3, "100", "25"),                 // chance
    ] {
        let usual = if views == "100000" { 100_000 } else { 100 };
        fill(&client, country, (0, slots), &format!("{views}, 0, 0, {slow}")).await;
        fill(&client, country, (slots, SLOTS), &format!("{usual}, 0, 0, {}", usual / 5)).await;
    }
    let sql = format!(
        "SELECT country, slow_slots, state FROM speed_alarms(site = 'shop', at = '{AT}') WHERE country != '' ORDER BY country"
    );
    assert_eq!(
        lines(&client, &sql).await,
        ["AA\t3\tfiring", "BB\t2\tok", "CC\t3\tfiring", "DD\t3\tok", "EE\t3\tfiring", "FF\t0\tok", "GG\t0\tok"]
    );
    let shares = format!(
        "SELECT round(slow_share, 3), round(expected_share, 3) FROM speed_alarms(site = 'shop', at = '{AT}') WHERE country = 'AA'"
    );
    assert_eq!(one(&client, &shares).await, "0.5\t0.2");
}

#[tokio::test]
async fn a_site_that_becomes_slower_by_little_and_little_drifts() {
    let client = pulse("drift").await;
    // Days lie a point apart by chance; DE gains 0.4 points a day from three weeks ago on, FR nothing, IT one bad day.
    let day = "intDiv(lag + 144, 288)";
    let chance = format!("toInt64(cityHash64({day}) % 3) * 10 - 10");
    for (country, more) in [
        ("DE", format!("greatest(21 - toInt64({day}), 0) * 4")),
        ("FR", "0".to_owned()),
        ("IT", format!("if({day} = 3, 200, 0)")),
    ] {
        fill(&client, country, (0, SLOTS), &format!("1000, 0, 0, 200 + {chance} + {more}")).await;
    }
    fill(&client, "NN", (0, 20 * 288), "1000, 0, 0, 200").await;
    let sql = format!(
        "SELECT country, state FROM speed_drift(site = 'shop', at = '{AT}') WHERE country != '' ORDER BY country"
    );
    assert_eq!(lines(&client, &sql).await, ["DE\tfiring", "FR\tok", "IT\tok", "NN\tlearning"]);
    let sql = format!(
        "SELECT slow_share > expected_share + 0.02, since >= '2025-05-27' AND since <= '2025-06-06' FROM speed_drift(site = 'shop', at = '{AT}') WHERE country = 'DE'"
    );
    assert_eq!(one(&client, &sql).await, "1\t1");
}

#[tokio::test]
async fn page_groups_count_a_view_once_with_its_weight_and_no_bots() {
    let client = pulse("pages").await;
    let day = crate::database::first_day();
    let row = |view_id: u32, seq: u16, weight: u32, page: &str, is_bot: bool| {
        format!("('shop', '{day} 10:02:03.456', {view_id}, {seq}, {weight}, '{page}', {is_bot})")
    };
    let rows =
        [row(1, 0, 3, "/a", false), row(1, 1, 3, "/a", false), row(2, 0, 1, "/a", true), row(3, 0, 2, "/b", false)];
    let columns = "(site, ts, view_id, seq, weight, page_group, is_bot)";
    execute(&client, &format!("INSERT INTO page_views {columns} VALUES {}", rows.join(","))).await;
    execute(&client, &format!("INSERT INTO page_views {columns} VALUES {}", row(1, 2, 3, "/a", false))).await;
    let sql =
        "SELECT formatDateTime(slot, '%H:%i:%S'), page_group, sum(views) FROM beat_pages_5m GROUP BY ALL ORDER BY ALL";
    assert_eq!(lines(&client, sql).await, ["10:00:00\t/a\t3", "10:00:00\t/b\t2"]);
}

#[tokio::test]
async fn a_page_group_that_stops_fires_and_only_the_twenty_with_the_most_views_are_watched() {
    let client = pulse("top_pages").await;
    let sql = format!(
        "INSERT INTO beat_pages_5m (site, slot, page_group, views)
         SELECT 'shop', toDateTime('{END}', 'UTC') - 300 * (toInt64(number) + 1), concat('/', toString(page)), 40 + page
         FROM numbers({SLOTS}) ARRAY JOIN range(25) AS page WHERE NOT (page IN (3, 20) AND number = 0)"
    );
    execute(&client, &sql).await;
    let sql = format!(
        "SELECT uniqExact(page_group), groupArrayIf(page_group, firing), min(toUInt32(substring(page_group, 2))) FROM page_volume_alarms(site = 'shop', at = '{AT}')"
    );
    assert_eq!(one(&client, &sql).await, "20\t['/20']\t5");
}
