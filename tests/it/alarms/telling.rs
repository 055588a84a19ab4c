//! What one collector tells.

use std::time::Duration;

use tests::collector::free_port;
use tests::fault_proxy::FaultProxy;
use time::OffsetDateTime;

use super::{HISTORY_SLOTS, OUTAGE_SLOTS, RECOVERED, SLOT_S, World, wait_until_watching};

#[test]
fn a_country_that_stops_is_told_once_and_so_is_its_end() {
    let world = World::new("told");
    let collector = world.collector(&[("sites.young.name", "No history")]);
    world.fill(&collector, "shop");
    wait_until_watching(&collector);
    world.judge(&[&collector], 0);
    assert_eq!(world.receiver.told(&[&collector]), Vec::<String>::new());
    for slots in 1..4 {
        world.judge(&[&collector], slots);
    }
    // Twice in the same slot, and in the minutes after it.
    world.judge_at(&[&collector], 3, 60);
    assert_eq!(world.receiver.told(&[&collector]), ["shop volume DE fired"]);
    // Of its windows the one that tells most: a quarter of an hour.
    let open = "SELECT site, rule, country, toString(state), observed, expected, held_back_by, notifications, incident_id != '' FROM alarms FINAL FORMAT TSV";
    assert_eq!(collector.query(open), "shop\tvolume\tDE\tfiring\t0\t120\t\t1\t1");
    assert_eq!(collector.metric("slowtax_alarms_open{state=\"firing\"}"), 1);
    // A jump of an hour and more: it resumes there.
    world.recover(&[&collector]);
    assert_eq!(world.receiver.told(&[&collector]), ["shop volume DE fired", "shop volume DE resolved"]);
    let closed = format!(
        "SELECT toString(state), toUnixTimestamp(opened_at) - {0}, toUnixTimestamp(assumeNotNull(resolved_at)) - {0} FROM alarms FINAL FORMAT TSV",
        world.begin
    );
    assert_eq!(collector.query(&closed), format!("resolved\t{SLOT_S}\t{}", RECOVERED * SLOT_S));
    let incident = format!(
        "SELECT toString(kind), title, rules, countries, alarms, toUnixTimestamp(started_at) - {0}, toUnixTimestamp(detected_at) - {0}, resolved_at IS NOT NULL
         FROM incidents FINAL FORMAT TSV",
        world.begin
    );
    assert_eq!(
        collector.query(&incident),
        format!("outage\tPage views stay away in DE\t['volume']\t['DE']\t1\t0\t{}\t1", SLOT_S + 65)
    );
    // The claim of who watches says when that was, by the system's clock, with its next renewal.
    collector.wait_until("it is written when it judged", || {
        collector.query("SELECT max(judged_at) > now() - 600 FROM watch_claims") == "1"
    });
    // The site without history is learning, and says nothing.
    assert_eq!(collector.query("SELECT count() FROM alarms WHERE site = 'young'"), "0");
    assert_eq!(collector.metric("slowtax_alarms_open{state=\"firing\"}"), 0);
    assert_eq!(collector.metric("slowtax_alarm_failures_total"), 0, "{}", collector.log());
}

#[test]
fn a_clock_that_jumps_back_tells_nothing_again() {
    let world = World::new("back");
    let collector = world.collector(&[]);
    world.fill(&collector, "shop");
    wait_until_watching(&collector);
    for slots in [1, RECOVERED, RECOVERED + 1, RECOVERED + 2] {
        world.judge(&[&collector], slots);
    }
    let told = ["shop volume DE fired", "shop volume DE resolved"];
    assert_eq!(world.receiver.told(&[&collector]), told);
    for slots in [2, 3, 4] {
        world.judge(&[&collector], slots);
    }
    assert_eq!(world.receiver.told(&[&collector]), told);
    assert_eq!(collector.query("SELECT count() FROM alarms FINAL"), "1");
}

#[test]
fn what_is_silenced_is_told_when_the_silence_ends_and_no_sooner() {
    let world = World::new("silence");
    let collector = world.collector(&[]);
    world.fill(&collector, "shop");
    let from = world.begin - 3600;
    // Until a moment within the outage's third slot.
    let until = world.begin + 3 * SLOT_S + 100;
    collector.query(&format!(
        "INSERT INTO silences (site, silence_id, rule, country, from_at, until_at, version) VALUES
         ('shop', 'a', 'volume', 'DE', {from}, {from} + 86400, 1), ('shop', 'a', 'volume', 'DE', {from}, {until}, 2),
         ('shop', 'b', 'orders', '', {from}, {from} + 86400, 1), ('other', 'c', '', '', {from}, {from} + 86400, 1)"
    ));
    wait_until_watching(&collector);
    for slots in [1, 2, 3] {
        world.judge(&[&collector], slots);
    }
    assert_eq!(world.receiver.told(&[&collector]), Vec::<String>::new());
    let held = "SELECT toString(state), held_back_by, incident_id FROM alarms FINAL FORMAT TSV";
    assert_eq!(collector.query(held), "pending\tsilence:a\t");
    world.judge_at(&[&collector], 3, 60);
    assert_eq!(world.receiver.told(&[&collector]), ["shop volume DE fired"]);
}

#[test]
fn maintenance_and_holidays_hold_back_what_they_are_for() {
    let world = World::new("maintenance");
    let day = |at: i64| time::OffsetDateTime::from_unix_timestamp(at).unwrap();
    let rfc3339 = |at| day(at).format(&time::format_description::well_known::Rfc3339).unwrap();
    // Views are a tenth of what they should be where DE has a holiday: of the other site, in no maintenance.
    let holidays = world.directory.path().join("holidays.csv");
    std::fs::write(
        &holidays,
        format!("# all of it\n{},DE,x\n{},DE,x\n", day(world.begin).date(), day(world.begin + 3600).date()),
    )
    .unwrap();
    let text = format!(
        "{}\n[alarms]\nenabled = false\nmaintenance = [{{ site = 'shop', from = '{}', until = '{}' }}]\n",
        "[http]\nlisten = \"127.0.0.1:0\"\n[sites.shop]\n[sites.other]",
        rfc3339(world.begin - 60),
        rfc3339(world.begin + 3 * SLOT_S)
    );
    let clock = world.clock_file().display().to_string();
    let (url, holidays) = (world.receiver.url(), holidays.display().to_string());
    let clickhouse = tests::embedded::EmbeddedClickHouse::shared().url();
    let mut overrides = vec![
        ("clickhouse.mode", "server"),
        ("clickhouse.url", clickhouse.as_str()),
        ("clickhouse.database", world.database.as_str()),
        ("alarms.enabled", "true"),
        ("alarms.holidays", holidays.as_str()),
        ("test_clock", clock.as_str()),
    ];
    overrides.extend(super::receiver::overrides(&url));
    let setup = tests::collector::Setup::new(&overrides);
    std::fs::write(setup.config_file(), text).unwrap();
    let collector = tests::collector::CollectorProcess::start_unready(setup);
    collector.wait_until_ready();
    world.fill(&collector, "shop");
    world.fill(&collector, "other");
    // On the other site 5 views come in each slot of the outage: an eighth.
    collector.query(&format!(
        "INSERT INTO beat_5m (site, country, slot, views) SELECT 'other', 'DE', toDateTime({} + {SLOT_S} * toInt64(number)), 5 FROM numbers(3)",
        world.begin
    ));
    wait_until_watching(&collector);
    for slots in [1, 2] {
        world.judge(&[&collector], slots);
    }
    assert_eq!(world.receiver.told(&[&collector]), Vec::<String>::new());
    assert_eq!(collector.query("SELECT site, held_back_by FROM alarms FINAL FORMAT TSV"), "shop\tmaintenance");
    world.judge(&[&collector], 3);
    assert_eq!(world.receiver.told(&[&collector]), ["shop volume DE fired"]);
}

#[test]
fn a_receiver_that_is_down_for_ten_minutes_is_told_once_of_all_that_happened() {
    let world = World::new("down");
    let collector = world.collector(&[]);
    world.fill(&collector, "shop");
    wait_until_watching(&collector);
    world.receiver.set_down(true);
    world.judge(&[&collector], 1);
    let refused = "slowtax_notification_failures_total{kind=\"webhook\"}";
    collector.wait_until("it was tried", || collector.metric(refused) > 0);
    // Ten minutes, in which all goes on.
    for minute in 1..=10 {
        world.judge_at(&[&collector], 1, 60 * minute);
    }
    assert_eq!(world.receiver.so_far(), Vec::<String>::new());
    assert_eq!(collector.metric("slowtax_notifications_waiting"), 1);
    world.receiver.set_down(false);
    assert_eq!(world.receiver.told(&[&collector]), ["shop volume DE fired"]);
    // And the end comes while it is down: whoever was told of the one is told of the other.
    world.receiver.set_down(true);
    world.recover(&[&collector]);
    world.receiver.set_down(false);
    assert_eq!(world.receiver.told(&[&collector]), ["shop volume DE fired", "shop volume DE resolved"]);
}

#[test]
fn an_incident_is_priced_while_it_is_open_when_it_ends_and_for_good_a_day_later() {
    let world = World::new("priced");
    let collector = world.collector(&[]);
    world.fill(&collector, "shop");
    let begin = world.begin;
    // Two orders a slot, and views of both countries until the loss is final.
    let slots = |from: i64, until: i64, values: &str, kept: &str| {
        collector.query(&format!(
            "INSERT INTO beat_5m (site, country, slot, views, orders)
             SELECT 'shop', {values} FROM (SELECT {from} + toInt64(number) AS lag, toDateTime({begin} + {SLOT_S} * lag) AS slot FROM numbers({})) WHERE {kept}",
            until - from
        ));
    };
    let last = 400;
    let before = i64::from(HISTORY_SLOTS);
    slots(-before, last, "'DE', slot, 0, 2", &format!("NOT (lag >= 0 AND lag < {OUTAGE_SLOTS})"));
    slots(288, last, "'DE', slot, 40, 0", "true");
    slots(288, last, "'FR', slot, 400, 0", "true");
    let week_before = OffsetDateTime::from_unix_timestamp(begin - 7 * 86_400).unwrap().date();
    collector.query(&format!("INSERT INTO goals_daily VALUES ('shop', '{week_before}', 'DE', 10, 500)"));
    let priced = || {
        collector.query(
            "SELECT loss_method, expected_orders, actual_orders, gross_lost, gross_lo < gross_lost AND gross_lost < gross_hi, gross_lost_revenue, net_lost,
                 toUnixTimestamp(assumeNotNull(priced_at)) - toUnixTimestamp(started_at)
             FROM incidents FINAL FORMAT TSV",
        )
    };
    wait_until_watching(&collector);
    world.judge(&[&collector], 1);
    // Two slots have begun; a minute of the second is over. The view's own clock is the system's, and knows already what did not come back later.
    assert_eq!(priced(), format!("orders\t4\t0\t4\t1\t200\t6\t{}", SLOT_S + 65));
    world.judge_at(&[&collector], 1, 60);
    assert!(priced().ends_with(&format!("\t{}", SLOT_S + 65)), "it is priced once an hour: {}", priced());
    world.recover(&[&collector]);
    let end = RECOVERED * SLOT_S;
    let of_all = format!("orders\t{}\t{}\t6\t1\t300\t6", 2 * RECOVERED, 2 * RECOVERED - 6);
    assert_eq!(priced(), format!("{of_all}\t{}", end + 2 * SLOT_S + 65));
    // Orders of the day after, beyond what is expected: who came back.
    collector.query(&format!(
        "INSERT INTO beat_5m (site, country, slot, orders) VALUES ('shop', 'DE', toDateTime({begin} + {end} + 3600), 2)"
    ));
    world.judge(&[&collector], RECOVERED + 288);
    assert_eq!(priced(), format!("{of_all}\t{}", end + 2 * SLOT_S + 65), "it is not final yet");
    world.judge(&[&collector], RECOVERED + 290);
    let final_s = (RECOVERED + 290) * SLOT_S + 65;
    assert_eq!(priced(), format!("orders\t{}\t{}\t6\t1\t300\t4\t{final_s}", 2 * RECOVERED, 2 * RECOVERED - 6));
    assert_eq!(collector.query("SELECT count() FROM incidents FINAL"), "1");
    assert_eq!(collector.metric("slowtax_alarm_failures_total"), 0, "{}", collector.log());
}

#[test]
fn while_the_probe_fails_the_collector_is_gone_and_not_its_users() {
    let world = World::new("probe");
    let port = free_port();
    let proxy = FaultProxy::start(([127, 0, 0, 1], port).into());
    let (public, listen) = (proxy.url(), format!("127.0.0.1:{port}"));
    let collector = world.collector(&[("alarms.probe_url", &public), ("http.listen", &listen)]);
    let state = |name: &str| collector.metric(&format!("slowtax_probe_state{{state=\"{name}\"}}")) == 1;
    world.fill(&collector, "shop");
    wait_until_watching(&collector);
    collector.wait_until("a probe has arrived", || state("ok"));
    world.judge(&[&collector], 0);
    proxy.cut();
    collector.wait_until("a probe has failed", || state("failing"));
    // Views stay away, too, as they would.
    world.judge(&[&collector], 1);
    let held = "SELECT rule, toString(state), held_back_by != '' FROM alarms FINAL WHERE rule = 'volume' FORMAT TSV";
    assert_eq!(collector.query(held), "volume\tpending\t1");
    // Three seconds must it have failed where a clock is held.
    std::thread::sleep(Duration::from_secs(4));
    world.judge(&[&collector], 2);
    assert_eq!(world.receiver.told(&[&collector]), ["shop probe  fired"]);
    assert_eq!(collector.query("SELECT toString(kind), rules FROM incidents FINAL FORMAT TSV"), "self\t['probe']");
    // The way is free again, and still no views of DE: now it is they.
    proxy.restore();
    collector.wait_until("a probe has arrived again", || state("ok"));
    for minute in 0..=2 {
        assert_eq!(world.receiver.told(&[&collector]).len(), 1, "the probe's alarm is open");
        world.judge_at(&[&collector], 3, 60 * minute);
    }
    assert_eq!(
        world.receiver.told(&[&collector]),
        ["shop probe  fired", "shop probe  resolved", "shop volume DE fired"]
    );
    let incidents = "SELECT toString(kind), rules, resolved_at IS NULL, loss_method FROM incidents FINAL ORDER BY kind DESC FORMAT TSV";
    assert_eq!(collector.query(incidents), "self\t['probe']\t0\t\noutage\t['volume']\t1\torders");
}

#[test]
fn rows_that_wait_in_the_spool_are_no_views_that_stay_away() {
    let world = World::new("late");
    let collector = world.collector(&[("writer.age_max_ms", "30000")]);
    world.fill(&collector, "shop");
    wait_until_watching(&collector);
    world.judge(&[&collector], 0);
    let now = OffsetDateTime::now_utc().unix_timestamp() * 1000;
    let (id, head) = ("1a205b0a80000001", r#""sent_after_ms":3480,"seq":0"#);
    let head = format!(r#"{{"site":"shop","time_origin_ms":{now},{head},"session_id":"{id}","view_id":"{id}"}}"#);
    let view = r#"{"path":"/","nav":"entry","view_number":1}"#;
    assert_eq!(collector.send(format!(r#"{{"v":1,"head":{head},"view":{view}}}"#).as_bytes()).status, 204);
    // Six seconds may they wait where a clock is held.
    std::thread::sleep(Duration::from_secs(7));
    for slots in [1, 2] {
        world.judge(&[&collector], slots);
    }
    assert_eq!(collector.query("SELECT count() FROM page_views"), "0", "it still waits");
    assert_eq!(collector.query("SELECT count() FROM alarms"), "0");
    collector.wait_until_stored();
    world.judge(&[&collector], 3);
    assert_eq!(world.receiver.told(&[&collector]), ["shop volume DE fired"]);
}
