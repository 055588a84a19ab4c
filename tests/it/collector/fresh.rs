//! A beacon is in the answer of every live view soon after its acknowledgement.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tests::collector::CollectorProcess;
use time::OffsetDateTime;

use super::outage::{behind_proxy, server};
use super::sample::{binary, full};

const VISIBLE_MAX: Duration = Duration::from_secs(3);

/// Views that one beacon does not change: each compares, and has nothing to say of it.
const SILENT: [&str; 25] = [
    "cube_check",        // rows only where the cube is wrong
    "network_errors",    // browsers send those by themselves
    "experiment_effect", // needs an experiment of the configuration
    "change_between",    // needs two sides; the next two ask it
    "vitals_change",
    "release_change",
    // Of slots and days that are over; and they have a row for a site without any beacon.
    "volume_alarms",
    "volume_alarms_between",
    "volume_alarms_by_minute",
    "page_volume_alarms",
    "page_volume_alarms_between",
    "order_alarms",
    "order_alarms_between",
    "error_alarms",
    "error_alarms_between",
    "speed_alarms",
    "speed_alarms_between",
    "speed_drift",
    "network_alarms",
    "incident_loss",
    "incident_slowness_loss",
    "risks", // of one view there are none
    // Of what the watch and people write.
    "alarms_open",
    "incident_totals",
    "incidents_between",
];

/// The parameters that a view takes: `{name:Type}` in its text.
fn parameters(create: &str) -> BTreeSet<&str> {
    let starts = create.split('{').skip(1);
    starts.filter_map(|rest| rest.split_once(':').map(|(name, _)| name)).filter(|name| !name.contains(' ')).collect()
}

/// How the view is asked about today.
fn question(view: &str, create: &str) -> String {
    let today = OffsetDateTime::now_utc().date();
    let known: BTreeMap<&str, String> = [
        ("site", "'shop'".to_owned()),
        ("from_day", format!("'{}'", today - Duration::from_hours(24))),
        ("to_day", format!("'{}'", today + Duration::from_hours(24))),
        ("target_ms", "2500".to_owned()),
        ("dimension", "'country'".to_owned()),
    ]
    .into();
    let arguments: Vec<String> = parameters(create)
        .into_iter()
        .map(|name| format!("{name} = {}", known.get(name).unwrap_or_else(|| panic!("{view} takes {name}"))))
        .collect();
    format!("SELECT count() FROM {view}({})", arguments.join(", "))
}

fn live_views(collector: &CollectorProcess) -> Vec<(String, String)> {
    let sql = format!(
        "SELECT name, create_table_query FROM system.tables WHERE database = '{}' AND engine = 'View' ORDER BY name FORMAT JSONCompactEachRow",
        collector.database()
    );
    let views = collector.query(&sql);
    views
        .lines()
        .map(|line| serde_json::from_str::<(String, String)>(line).expect("a name and a statement"))
        .filter(|(name, _)| !SILENT.contains(&&**name))
        .collect()
}

#[test]
fn a_beacon_is_in_every_live_view_within_three_seconds() {
    let (proxy, database) = behind_proxy("fresh");
    // As it is where nothing is configured.
    let collector = server(&proxy, &database, &[("writer.age_max_ms", "1000")]);
    collector.wait_until_ready();
    let views = live_views(&collector);
    assert!(views.len() > 35, "{views:?}");
    let rows = |(name, create): &(String, String)| collector.query(&question(name, create));
    let with_rows: Vec<&str> = views.iter().filter(|view| rows(view) != "0").map(|(name, _)| &**name).collect();
    assert!(with_rows.is_empty(), "these have rows without any beacon: {with_rows:?}");

    let mut beacon = full();
    beacon.context.experiment_arm = "small".into();
    assert_eq!(collector.send(&binary(&beacon)).status, 204);
    let acknowledged = Instant::now();
    // Every view is computed from these when it is asked.
    let tables = [
        "page_views",
        "resource_timings",
        "goals",
        "page_errors",
        "loss_cube",
        "variant_cube",
        "goals_daily",
        "beat_5m",
        "beat_pages_5m",
        "beat_1m",
    ];
    let counts: Vec<String> = tables.iter().map(|table| format!("(SELECT count() FROM {table}) > 0")).collect();
    let is_there = format!("SELECT {}", counts.join(" AND "));
    collector.wait_until("it is in ClickHouse", || collector.query(&is_there) == "1");
    let took = acknowledged.elapsed();
    println!("a lone beacon was in all tables that {} live views ask {took:?} after its acknowledgement", views.len());
    assert!(took < VISIBLE_MAX, "{took:?}");
    let without: Vec<&str> = views.iter().filter(|view| rows(view) == "0").map(|(name, _)| &**name).collect();
    assert!(without.is_empty(), "the beacon is not in {without:?}");
}
