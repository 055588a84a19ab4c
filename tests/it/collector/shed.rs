//! What is left out when the spool nearly is full.

use tests::collector::CollectorProcess;
use tests::embedded::EmbeddedClickHouse;
use tests::fault_proxy::FaultProxy;

use super::sample::{binary, fresh_id, plain};

#[test]
fn when_room_gets_little_whole_sessions_are_left_out_and_the_others_stand_for_them() {
    let clickhouse = EmbeddedClickHouse::shared();
    let name = "collector_shed";
    clickhouse.database(name);
    let proxy = FaultProxy::start(clickhouse.url().trim_start_matches("http://").parse().unwrap());
    let settings = [("spool.bytes_max", "600000")];
    let collector = CollectorProcess::start_on(&proxy.url(), name, &settings);
    proxy.cut();

    // Until one of eight is kept.
    let (mut sent, mut kept, mut left_out) = (0_u32, 0_u32, 0_u32);
    let mut early = None;
    while collector.metric("slowtax_shed_level") < 3 {
        for _ in 0..20 {
            let mut beacon = plain();
            // It begins now: what began before the room got little is kept as it is.
            beacon.head.time_origin_ms += 2000;
            beacon.head.sent_after_ms = 0;
            let answer = collector.send(&binary(&beacon));
            sent += 1;
            match (answer.status, answer.text().as_str()) {
                (204, "") => kept += 1,
                (202, "{\"error\":\"shed\"}\n") => left_out += 1,
                other => panic!("{other:?}"),
            }
            early.get_or_insert(beacon);
        }
        assert!(sent < 20_000, "it never gets full");
    }
    println!("{sent} sessions, {kept} kept, {left_out} left out");
    assert!(left_out > 50 && kept > 500);
    assert_eq!(collector.metric("slowtax_beacons_rejected_total{reason=\"shed\"}"), u64::from(left_out));

    // A later snapshot of a view that began before is taken, whoever's it is, with the weight that it had.
    let mut later = early.unwrap();
    later.head.seq = 1;
    later.head.sent_after_ms = 60;
    assert_eq!(collector.send(&binary(&later)).status, 204);
    // Further views of a session that is left out are left out, those of one that is kept are kept.
    for _ in 0..20 {
        let session = fresh_id();
        let statuses: Vec<u16> = (0..4)
            .map(|_| {
                let mut beacon = plain();
                beacon.head.session_id = session;
                beacon.head.time_origin_ms += 2000;
                beacon.head.sent_after_ms = 0;
                sent += 1;
                collector.send(&binary(&beacon)).status
            })
            .collect();
        assert!(statuses.iter().all(|status| *status == statuses[0]), "{statuses:?}");
    }

    proxy.restore();
    collector.wait_until_stored();
    assert_eq!(
        collector.query(&format!("SELECT weight FROM page_views FINAL WHERE view_id = {}", later.head.view_id.0)),
        "1"
    );
    let stood_for: u32 = collector.query("SELECT sum(weight) FROM page_views FINAL").parse().unwrap();
    println!("{stood_for} stand for {sent}");
    // Six standard deviations of what chance makes of it, as if all had been left out at one of eight.
    let bound = 6.0 * (f64::from(left_out) * 7.0).sqrt() + 80.0;
    assert!(f64::from(stood_for.abs_diff(sent)) < bound, "{stood_for} stand for {sent}, {bound}");
}
