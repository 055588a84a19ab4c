//! The collector, killed at random moments under load: what it has acknowledged is in ClickHouse once, whatever else it was doing.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use rand::RngExt as _;
use rustix::process::{Pid, Signal, kill_process};
use tests::collector::{CollectorProcess, DESKTOP};
use tests::embedded::EmbeddedClickHouse;
use tests::http::request;

use super::sample::{binary, full};

const KILLS: usize = 100;
const SENDERS: usize = 4;
/// When it is killed after it is ready.
const LIVES_MS: std::ops::Range<u64> = 1..150;

/// Sends until nobody answers. What was acknowledged, and the one of which nobody knows.
fn send(addr: SocketAddr) -> (Vec<u64>, u64) {
    let mut acknowledged = Vec::new();
    loop {
        let beacon = full();
        let id = beacon.head.view_id.0;
        match request(addr, "POST", "/v1/beacon", &[("User-Agent", DESKTOP)], &binary(&beacon)) {
            Ok(answer) if answer.status == 204 => acknowledged.push(id),
            _ => return (acknowledged, id),
        }
    }
}

#[test]
fn killed_a_hundred_times_under_load_it_loses_nothing_and_stores_nothing_twice() {
    let clickhouse = EmbeddedClickHouse::shared();
    let name = "collector_killed";
    clickhouse.database(name);
    let settings = [("writer.age_max_ms", "20"), ("writer.rows_max", "500")];
    let mut collector = CollectorProcess::start_on(&clickhouse.url(), name, &settings);
    let mut random = rand::rng();
    let (mut acknowledged, mut unknown) = (HashSet::new(), HashSet::new());
    for _ in 0..KILLS {
        let addr: SocketAddr = collector.url().trim_start_matches("http://").parse().unwrap();
        let pid = Pid::from_raw(i32::try_from(collector.pid()).unwrap()).unwrap();
        let lives = Duration::from_millis(random.random_range(LIVES_MS));
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(|| send(addr))).collect();
            std::thread::sleep(lives);
            kill_process(pid, Signal::KILL).unwrap();
            for sender in senders {
                let (taken, last) = sender.join().unwrap();
                acknowledged.extend(taken);
                unknown.insert(last);
            }
        });
        collector = collector.restart();
    }
    collector.wait_until_stored();

    let stored: HashSet<u64> =
        collector.query("SELECT view_id FROM page_views").lines().map(|id| id.parse().unwrap()).collect();
    let lost = acknowledged.difference(&stored).count();
    let unasked = stored.iter().filter(|id| !acknowledged.contains(*id) && !unknown.contains(*id)).count();
    println!(
        "{KILLS} kills: {} beacons acknowledged, {lost} lost; {} more were stored of {} that nobody was told of",
        acknowledged.len(),
        stored.len() - (acknowledged.len() - lost),
        unknown.len()
    );
    assert_eq!((lost, unasked), (0, 0));
    assert!(acknowledged.len() > 10 * KILLS, "there was load");
    let count = stored.len();
    for table in ["page_views", "resource_timings", "goals", "page_errors"] {
        let counted = collector.query(&format!("SELECT count(), uniqExact(view_id) FROM {table}"));
        assert_eq!(counted, format!("{count}\t{count}"), "{table}");
    }
    // Each beacon stands for 4 sessions and has an order.
    assert_eq!(collector.query("SELECT sum(orders) FROM goals_daily"), (4 * count).to_string());
    let audit = collector.setup().run(&["audit"]);
    let text = String::from_utf8_lossy(&audit.stdout);
    assert!(audit.status.success(), "{text}");
    println!("{}", text.lines().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
}
