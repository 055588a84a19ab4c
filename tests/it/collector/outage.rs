//! ClickHouse away, killed, cut off; the collector stopped and killed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::RngExt as _;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tests::collector::{CollectorProcess, Setup, wait_for};
use tests::embedded::EmbeddedClickHouse;
use tests::fault_proxy::FaultProxy;

use super::disk::begun_long_ago;
use super::faults::send_until;
use super::sample::{binary, full, plain};

fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

/// A ClickHouse behind a proxy, and a database that is empty.
pub(super) fn behind_proxy(test: &str) -> (FaultProxy, String) {
    let clickhouse = EmbeddedClickHouse::shared();
    let name = format!("collector_{test}");
    clickhouse.database(&name);
    let proxy = FaultProxy::start(clickhouse.url().trim_start_matches("http://").parse().unwrap());
    (proxy, name)
}

pub(super) fn server(proxy: &FaultProxy, database: &str, overrides: &[(&str, &str)]) -> CollectorProcess {
    let url = proxy.url();
    let mut all =
        vec![("clickhouse.mode", "server"), ("clickhouse.url", url.as_str()), ("clickhouse.database", database)];
    all.extend_from_slice(overrides);
    CollectorProcess::start_unready(Setup::new(&all))
}

/// What must hold after any trouble: every acknowledged beacon is stored once, in the raw tables and in the rollups. Prints the counts.
pub(super) fn assert_exactly_once(collector: &CollectorProcess, acknowledged: &HashSet<u64>) {
    let count = acknowledged.len();
    let stored: HashSet<u64> =
        collector.query("SELECT view_id FROM page_views").lines().map(|id| id.parse().unwrap()).collect();
    let raw: Vec<String> = ["page_views", "resource_timings", "goals", "page_errors"]
        .map(|table| collector.query(&format!("SELECT count(), uniqExact(view_id) FROM {table}")))
        .into();
    let [cube, goals, beat] = [
        "SELECT sum(n), sum(k), sum(exits), sum(t_ms) FROM loss_cube",
        "SELECT sum(orders) FROM goals_daily",
        "SELECT sum(views), sum(errors), sum(orders), sum(slow) FROM beat_5m",
    ]
    .map(|sql| collector.query(sql));
    println!(
        "{}: {count} beacons acknowledged, {} of them not stored, {} stored that were not; page_views {}; loss_cube n {}, goals_daily orders {goals}, \
         beat_5m views {}, each 4 a beacon",
        collector.database(),
        acknowledged.difference(&stored).count(),
        stored.difference(acknowledged).count(),
        raw[0].replace('\t', " rows, different views "),
        cube.split('\t').next().unwrap_or_default(),
        beat.split('\t').next().unwrap_or_default(),
    );
    assert!(stored == *acknowledged);
    assert_eq!(raw, vec![format!("{count}\t{count}"); 4]);
    // Each beacon stands for 4 sessions with an LCP of 1250 ms, an order after 2 measured views, and an error; the view before it was no exit.
    let weighed = 4 * count;
    assert_eq!(cube, format!("{weighed}\t{}\t0\t{}", 2 * weighed, 1250 * weighed));
    // All of them tell a release.
    assert_eq!(collector.query("SELECT sum(n), sum(k), sum(exits), sum(t_ms) FROM variant_cube"), cube);
    assert_eq!(goals, weighed.to_string());
    assert_eq!(beat, format!("{weighed}\t{weighed}\t{weighed}\t0"));
}

#[test]
fn serve_starts_without_clickhouse_and_writes_when_it_comes() {
    let (proxy, database) = behind_proxy("late");
    proxy.cut();
    let collector = server(&proxy, &database, &[]);
    let mut acknowledged = HashSet::new();
    for _ in 0..20 {
        let beacon = full();
        assert_eq!(collector.send(&binary(&beacon)).status, 204);
        acknowledged.insert(beacon.head.view_id.0);
    }
    assert_eq!(collector.get("/health/ready").status, 503);
    assert_eq!(collector.metric("slowtax_queue_rows"), 80);
    proxy.restore();
    collector.wait_until_ready();
    collector.wait_until_stored();
    assert_exactly_once(&collector, &acknowledged);
}

#[test]
fn a_full_queue_refuses_with_a_time_to_come_back_and_takes_again_when_it_drains() {
    let (proxy, database) = behind_proxy("full_queue");
    proxy.cut();
    let collector = server(&proxy, &database, &[("spool.bytes_max", "300000")]);
    let mut acknowledged = HashSet::new();
    let (refused, answer) = loop {
        let beacon = begun_long_ago();
        let answer = collector.send(&binary(&beacon));
        if answer.status != 204 {
            break (beacon, answer);
        }
        acknowledged.insert(beacon.head.view_id.0);
        assert!(acknowledged.len() < 1000, "the limit is not held");
    };
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    assert_eq!((answer.status, answer.text().as_str()), (503, "{\"error\":\"queue_full\"}\n"));
    assert_eq!(answer.header("retry-after"), "5");
    assert!(collector.get("/health/ready").text().contains("queue_full"));
    proxy.restore();
    collector.wait_until_stored();
    collector.wait_until_ready();
    // The refused one was not remembered as taken: its sender may come back.
    assert_eq!(collector.send(&binary(&refused)).status, 204);
    acknowledged.insert(refused.head.view_id.0);
    collector.wait_until_stored();
    assert_exactly_once(&collector, &acknowledged);
}

#[test]
fn connections_that_are_cut_in_the_middle_neither_lose_nor_double() {
    let (proxy, database) = behind_proxy("cuts");
    let collector = server(&proxy, &database, &[("writer.age_max_ms", "20")]);
    collector.wait_until_ready();
    let mut acknowledged = HashSet::new();
    for round in 0..300 {
        let beacon = full();
        assert_eq!(collector.send(&binary(&beacon)).status, 204);
        acknowledged.insert(beacon.head.view_id.0);
        match round % 60 {
            10 => proxy.hiccup(),
            // The INSERTs arrive and are stored, and nobody hears of it.
            20 => proxy.swallow_answers(0),
            45 => proxy.cut(),
            35 | 50 => proxy.restore(),
            _ => {}
        }
    }
    proxy.restore();
    collector.wait_until_stored();
    assert!(collector.metric("slowtax_insert_failures_total{class=\"passing\"}") > 0, "the cuts were felt");
    assert_exactly_once(&collector, &acknowledged);
}

#[test]
fn an_embedded_clickhouse_that_is_killed_thirty_times_under_load_comes_back_and_every_row_arrives_once() {
    // The collector waits longer from restart to restart, up to 10 s; a collector that is new does not.
    const COLLECTORS: usize = 10;
    const KILLS_EACH: usize = 3;
    let mut collector = CollectorProcess::start(&[("writer.age_max_ms", "20"), ("writer.rows_max", "2000")]);
    let mut random = rand::rng();
    let mut acknowledged = HashSet::new();
    let mut killed = HashSet::new();
    for life in 0..COLLECTORS {
        if life > 0 {
            collector = collector.restart();
        }
        let is_over = AtomicBool::new(false);
        acknowledged.extend(std::thread::scope(|scope| {
            let sender = scope.spawn(|| send_until(&collector, || is_over.load(Ordering::SeqCst)));
            for _ in 0..KILLS_EACH {
                collector.wait_until("the engine is up again", || {
                    collector.engine_pid().is_some_and(|id| !killed.contains(&id))
                });
                std::thread::sleep(Duration::from_millis(random.random_range(1..300)));
                let engine = collector.engine_pid().unwrap();
                kill_process(pid(engine), Signal::KILL).unwrap();
                killed.insert(engine);
            }
            is_over.store(true, Ordering::SeqCst);
            sender.join().unwrap()
        }));
        collector.wait_until("every end was noticed", || {
            collector.metric("slowtax_engine_restarts_total") == KILLS_EACH as u64
        });
    }
    collector.wait_until_ready();
    collector.wait_until_stored();
    println!("an embedded ClickHouse that was killed {} times", killed.len());
    assert_eq!(killed.len(), COLLECTORS * KILLS_EACH);
    assert_exactly_once(&collector, &acknowledged);
}

#[test]
fn a_killed_collector_leaves_no_engine_behind_and_starts_again_without_help() {
    let mut collector = CollectorProcess::start(&[]);
    assert_eq!(collector.send(&binary(&full())).status, 204);
    collector.wait_until_stored();
    let engine = collector.engine_pid().unwrap();
    collector.kill9();
    assert!(wait_for(|| test_kill_process(pid(engine)).is_err()), "the engine outlives the collector");
    let collector = collector.restart();
    assert_eq!(collector.query("SELECT count() FROM page_views"), "1");
}

#[test]
fn a_stop_uploads_what_is_queued_and_takes_the_engine_along() {
    let mut collector = CollectorProcess::start(&[("writer.age_max_ms", "60000")]);
    for _ in 0..50 {
        assert_eq!(collector.send(&binary(&full())).status, 204);
    }
    assert_eq!(collector.metric("slowtax_queue_rows"), 200, "nothing is old enough to be written");
    let engine = collector.engine_pid().unwrap();
    assert_eq!(collector.stop().code(), Some(0));
    assert!(collector.log().contains("every acknowledged row is stored"));
    assert!(test_kill_process(pid(engine)).is_err());
    let collector = collector.restart();
    assert_eq!(collector.query("SELECT count() FROM page_views"), "50");
}

#[test]
fn the_end_of_standard_input_is_a_stop() {
    let (proxy, database) = behind_proxy("stdin");
    let mut collector = server(&proxy, &database, &[("writer.age_max_ms", "60000")]);
    collector.wait_until_ready();
    assert_eq!(collector.send(&binary(&plain())).status, 204);
    assert_eq!(collector.abandon().code(), Some(0));
    assert!(collector.log().contains("every acknowledged row is stored"));
}

#[test]
fn a_stop_without_clickhouse_ends_in_time_and_leaves_the_rest_for_the_next_start() {
    let (proxy, database) = behind_proxy("left");
    let mut collector = server(&proxy, &database, &[]);
    collector.wait_until_ready();
    proxy.cut();
    for _ in 0..3 {
        assert_eq!(collector.send(&binary(&full())).status, 204);
    }
    let began = Instant::now();
    assert_eq!(collector.stop().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    assert!(collector.log().contains("the next start stores the rest") && collector.log().contains("rows_left=12"));
    proxy.restore();
    let collector = collector.restart();
    collector.wait_until_stored();
    assert_eq!(collector.query("SELECT count(), uniqExact(view_id) FROM page_views"), "3\t3");
}

#[test]
fn a_spool_in_memory_says_what_is_lost() {
    let (proxy, database) = behind_proxy("lost");
    let mut collector = server(&proxy, &database, &[("spool.mode", "memory")]);
    collector.wait_until_ready();
    proxy.cut();
    assert_eq!(collector.send(&binary(&full())).status, 204);
    assert_eq!(collector.stop().code(), Some(0));
    assert!(collector.log().contains("acknowledged rows are lost") && collector.log().contains("rows_lost=4"));
}

#[test]
fn a_lone_beacon_is_visible_within_three_seconds() {
    let (proxy, database) = behind_proxy("lone");
    // As it is where nothing is configured.
    let collector = server(&proxy, &database, &[("writer.age_max_ms", "1000")]);
    collector.wait_until_ready();
    assert_eq!(collector.send(&binary(&plain())).status, 204);
    let acknowledged = Instant::now();
    collector.wait_until("it is in ClickHouse", || collector.query("SELECT count() FROM page_views") == "1");
    let took = acknowledged.elapsed();
    println!("a lone beacon was in ClickHouse {took:?} after its acknowledgement");
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn rows_that_clickhouse_refuses_are_put_into_quarantine_and_the_others_pass() {
    let (proxy, database) = behind_proxy("poison");
    proxy.cut();
    let mut collector = server(&proxy, &database, &[("writer.age_max_ms", "20")]);
    // They wait together, and are one segment or two.
    for number in 0..20 {
        let mut beacon = full();
        if [3, 17].contains(&number) {
            beacon.goals[0].name = "poison".into();
        }
        assert_eq!(collector.send(&binary(&beacon)).status, 204);
    }
    let clickhouse = EmbeddedClickHouse::shared();
    let migrated = Setup::new(&[
        ("clickhouse.mode", "server"),
        ("clickhouse.url", &clickhouse.url()),
        ("clickhouse.database", &database),
    ]);
    assert!(migrated.run(&["migrate"]).status.success());
    let alter = |what: &str| clickhouse.query(&format!("ALTER TABLE `{database}`.goals {what}")).unwrap();
    alter("ADD CONSTRAINT no_poison CHECK name != 'poison'");
    proxy.restore();
    collector.wait_until_ready();
    collector.wait_until_stored();
    assert_eq!(collector.metric("slowtax_rows_quarantined_total"), 2);
    assert_eq!(collector.query("SELECT count(), uniqExact(view_id), countIf(name = 'poison') FROM goals"), "18\t18\t0");
    assert_eq!(collector.query("SELECT count(), uniqExact(view_id) FROM page_views"), "20\t20");
    assert_eq!(collector.query("SELECT sum(orders) FROM goals_daily"), (4 * 18).to_string());
    assert!(collector.log().contains("put into quarantine") && collector.log().contains("no_poison"));

    // Somebody mends it.
    alter("DROP CONSTRAINT no_poison");
    assert_eq!(collector.stop().code(), Some(0));
    let replayed = collector.setup().run(&["replay"]);
    assert_eq!(
        String::from_utf8_lossy(&replayed.stdout),
        "2 rows were put back into the spool; `slowtax serve` stores them\n"
    );
    let collector = collector.restart();
    collector.wait_until_stored();
    assert_eq!(collector.query("SELECT count(), uniqExact(view_id), countIf(name = 'poison') FROM goals"), "20\t20\t2");
}

#[test]
fn a_missing_table_is_an_alarm_and_not_a_loss() {
    let (proxy, database) = behind_proxy("setup");
    let collector = server(&proxy, &database, &[("writer.age_max_ms", "20")]);
    collector.wait_until_ready();
    collector.query("RENAME TABLE page_errors TO away");
    let beacon = full();
    assert_eq!(collector.send(&binary(&beacon)).status, 204);
    collector.wait_until("it is counted", || collector.metric("slowtax_insert_failures_total{class=\"setup\"}") > 0);
    collector.wait_until("it is told", || collector.log().contains("will not be until somebody acts"));
    collector.query("RENAME TABLE away TO page_errors");
    collector.wait_until_stored();
    assert_exactly_once(&collector, &HashSet::from([beacon.head.view_id.0]));
}
