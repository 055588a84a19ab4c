//! What one collector tells.

use super::{RECOVERED, SLOT_S, World, wait_until_watching};

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
