//! What a restart and a second collector change: nothing that is told.

use super::{RECOVERED, World, wait_until_judging, wait_until_watching};

const TOLD: [&str; 2] = ["shop volume DE fired", "shop volume DE resolved"];

#[test]
fn a_collector_that_is_killed_in_the_middle_tells_nothing_twice() {
    let world = World::new("killed");
    let mut collector = world.collector(&[]);
    world.fill(&collector, "shop");
    wait_until_watching(&collector);
    // Nobody takes it, so that it is the next one that has to tell it.
    world.receiver.set_down(true);
    world.judge(&[&collector], 1);
    collector.kill9();
    world.receiver.set_down(false);
    let collector = collector.restart();
    // The claim of the one that was killed has to run out first.
    wait_until_judging(&collector);
    world.judge(&[&collector], 2);
    assert_eq!(world.receiver.told(&[&collector]), TOLD[..1]);
    world.judge(&[&collector], RECOVERED);
    let collector = collector.restart();
    wait_until_judging(&collector);
    // What was well before is counted anew: three slots more.
    for slots in RECOVERED + 1..RECOVERED + 3 {
        world.judge(&[&collector], slots);
        assert_eq!(world.receiver.told(&[&collector]), TOLD[..1]);
    }
    world.judge(&[&collector], RECOVERED + 3);
    assert_eq!(world.receiver.told(&[&collector]), TOLD);
    assert_eq!(collector.query("SELECT count() FROM alarms FINAL"), "1");
    assert_eq!(
        collector.query("SELECT countIf(resolved_at IS NOT NULL), count() FROM incidents FINAL FORMAT TSV"),
        "1\t1"
    );
}

#[test]
fn of_two_collectors_one_tells_and_the_other_takes_over_when_it_is_killed() {
    let world = World::new("two");
    let mut first = world.collector(&[]);
    world.fill(&first, "shop");
    wait_until_watching(&first);
    let second = world.collector(&[]);
    world.judge(&[&first, &second], 1);
    world.judge(&[&first, &second], 2);
    assert_eq!(world.receiver.told(&[&first, &second]), TOLD[..1]);
    assert_eq!(second.metric("slowtax_alarm_evaluations_total"), 0);
    assert_eq!(second.metric("slowtax_alarm_lease_held"), 0);
    first.kill9();
    let left = first.log();
    wait_until_judging(&second);
    world.judge(&[&second], 3);
    world.recover(&[&second]);
    assert_eq!(world.receiver.told_by(&[&left, &second.log()]), TOLD);
    assert_eq!(second.query("SELECT count(), countIf(state = 'resolved') FROM alarms FINAL FORMAT TSV"), "1\t1");
}

#[test]
fn a_collector_that_is_stopped_lets_go_of_the_lease_at_once() {
    let world = World::new("stopped");
    let mut first = world.collector(&[]);
    wait_until_watching(&first);
    assert_eq!(first.stop().code(), Some(0));
    let holding = "SELECT count() FROM (SELECT claim FROM watch_claims GROUP BY claim HAVING max(until) > now64(3) AND min(until > claimed_at))";
    let second = world.collector(&[("alarms.enabled", "false")]);
    assert_eq!(second.query("SELECT uniqExact(claim) FROM watch_claims"), "1");
    assert_eq!(second.query(holding), "0");
}
