use std::time::Duration;

use proptest::prelude::*;

use super::*;

const MIB: u64 = 1 << 20;

fn segment(number: usize, bytes: u64) -> Sealed {
    Sealed::new(&format!("n-1-{number:08}"), 1, 1, bytes)
}

fn error(class: ErrorClass) -> StoreError {
    StoreError { class, code: Some(7), message: String::new() }
}

/// Takes and begins all that may be.
fn fill(flow: &mut Flow, now: Instant, count: &mut usize) -> Vec<(Job, Ticket)> {
    let mut begun = Vec::new();
    loop {
        begun.extend(std::iter::from_fn(|| flow.begin(now)));
        if !flow.wants_more(now) {
            return begun;
        }
        flow.take(segment(*count, MIB), now);
        *count += 1;
    }
}

/// One that has seen enough success with a backlog to send eight at once.
fn at_full_speed(now: Instant, count: &mut usize) -> Flow {
    let mut flow = Flow::new(now);
    for _ in 0..40 {
        for (job, ticket) in fill(&mut flow, now, count) {
            flow.stored(&job, ticket, true);
        }
    }
    assert_eq!(flow.concurrency(), 8);
    flow
}

#[test]
fn without_a_backlog_one_goes_after_the_other() {
    let now = Instant::now();
    let (mut flow, mut count) = (Flow::new(now), 0);
    for number in 0..100 {
        let begun = fill(&mut flow, now, &mut count);
        let [(job, ticket)] = &begun[..] else { panic!("{begun:?}") };
        assert_eq!(job.segment.name, format!("n-1-{number:08}"));
        flow.stored(job, *ticket, false);
    }
}

#[test]
fn too_many_parts_stop_everything_and_then_one_tries_for_all() {
    let (mut now, mut count) = (Instant::now(), 0);
    let mut flow = at_full_speed(now, &mut count);
    let begun = fill(&mut flow, now, &mut count);
    assert_eq!((begun.len(), flow.running()), (8, 8));
    for (job, ticket) in begun {
        flow.refused(job, ticket, &error(ErrorClass::TooManyParts), now, 0);
    }
    assert_eq!(flow.concurrency(), 4, "eight failures of one round");
    assert_eq!(flow.trouble(ErrorClass::TooManyParts), Some((ErrorClass::TooManyParts, Some(7))));
    for pause_ms in [1000, 2000, 4000, 8000] {
        let opens = now + Duration::from_millis(pause_ms);
        let before = opens - Duration::from_millis(1);
        assert!(fill(&mut flow, before, &mut count).is_empty());
        assert!(flow.wakes_at(before).is_some_and(|wake| wake <= opens), "it looks again in time");
        now = opens;
        let mut trial = fill(&mut flow, now, &mut count);
        let (Some((job, ticket)), 0) = (trial.pop(), trial.len()) else { panic!("one, not {}", trial.len() + 1) };
        assert_eq!(flow.breaker(), BreakerState::HalfOpen);
        flow.refused(job, ticket, &error(ErrorClass::TooManyParts), now, 0);
    }
    now += Duration::from_mins(2);
    let (job, ticket) = fill(&mut flow, now, &mut count).pop().unwrap();
    flow.stored(&job, ticket, true);
    assert_eq!((flow.breaker(), flow.concurrency()), (BreakerState::Closed, 2), "down to one, and up again");
    assert!(flow.trouble(ErrorClass::TooManyParts).is_some(), "seven others wait for the same reason still");
}

#[test]
fn a_segment_that_fails_for_a_reason_of_its_own_is_not_overtaken_by_more_than_clickhouse_remembers() {
    let (mut now, mut count) = (Instant::now(), 0);
    let mut flow = at_full_speed(now, &mut count);
    let odd = format!("n-1-{count:08}");
    let mut passed = 0;
    for _ in 0..2000 {
        for (job, ticket) in fill(&mut flow, now, &mut count) {
            if job.segment.name == odd {
                flow.refused(job, ticket, &error(ErrorClass::Passing), now, 0);
            } else {
                flow.stored(&job, ticket, true);
                passed += 1;
            }
        }
        now += Duration::from_millis(50);
    }
    assert_eq!(passed, OVERTAKING_MAX - 1);
}

#[test]
fn segments_that_are_set_aside_are_passed_until_there_are_too_many_of_them() {
    let (now, mut count) = (Instant::now(), 0);
    let mut flow = Flow::new(now);
    for aside in 1..=ASIDE_MAX {
        let (job, ticket) = fill(&mut flow, now, &mut count).pop().unwrap();
        flow.refused(job, ticket, &error(ErrorClass::Poison), now, 0);
        assert_eq!((flow.aside(), flow.breaker()), (aside, BreakerState::Closed));
        if aside < ASIDE_MAX {
            for _ in 0..200 {
                let (job, ticket) = fill(&mut flow, now, &mut count).pop().unwrap();
                flow.stored(&job, ticket, false);
            }
        }
    }
    assert!(fill(&mut flow, now, &mut count).is_empty());
    let due = flow.wakes_at(now).unwrap();
    let (job, ticket) = fill(&mut flow, due, &mut count).pop().unwrap();
    assert_eq!(job.segment.name, "n-1-00000000");
    flow.stored(&job, ticket, false);
    assert_eq!(flow.aside(), ASIDE_MAX - 1);
}

#[test]
fn a_trouble_of_the_disk_is_not_clickhouses() {
    let (now, mut count) = (Instant::now(), 0);
    let mut flow = Flow::new(now);
    let (job, ticket) = fill(&mut flow, now, &mut count).pop().unwrap();
    flow.came_to_nothing(job, ticket, now, 0);
    assert_eq!(flow.breaker(), BreakerState::Closed);
    assert!(ErrorClass::ALL.into_iter().all(|class| flow.trouble(class).is_none()));
    assert_eq!(fill(&mut flow, now, &mut count).len(), 1, "others go on");
}

proptest! {
    /// Segments of any size, answers of any kind after any time: the bounds hold, nobody is asked while the breaker is open, and once ClickHouse
    /// takes everything every segment is stored, once.
    #[test]
    fn whatever_happens_every_segment_is_stored_once(
        sizes in prop::collection::vec(1..40_u64, 1..120),
        answers in prop::collection::vec((0..7_usize, 1..5_000_u64, any::<u32>()), 0..150),
    ) {
        let mut now = Instant::now();
        let mut flow = Flow::new(now);
        let mut spool: Vec<Sealed> = sizes.iter().enumerate().rev().map(|(number, mib)| segment(number, mib * MIB)).collect();
        let mut answers = answers.into_iter();
        let mut running: Vec<(Instant, usize, u32, Job, Ticket)> = Vec::new();
        let mut stored = Vec::new();
        for step in 0.. {
            prop_assert!(step < 20_000, "it ends");
            while let Some((job, ticket)) = flow.begin(now) {
                let (answer, ms, random) = answers.next().unwrap_or((0, 10, 0));
                running.push((now + Duration::from_millis(ms), answer, random, job, ticket));
                let bytes: u64 = running.iter().map(|(.., job, _)| job.segment.bytes).sum();
                prop_assert!(running.len() == 1 || (running.len() <= 8 && bytes <= 64 * MIB), "{} of {}", running.len(), bytes);
                prop_assert!(flow.breaker() != BreakerState::Open);
            }
            prop_assert_eq!(running.len(), flow.running());
            if flow.wants_more(now) && let Some(segment) = spool.pop() {
                flow.take(segment, now);
                continue;
            }
            if flow.is_empty() && spool.is_empty() {
                break;
            }
            let ends = running.iter().map(|(end, ..)| *end).min();
            let next = ends.into_iter().chain(flow.wakes_at(now)).min();
            prop_assert!(next.is_some(), "it waits for nothing: {:?}", flow);
            now = next.unwrap();
            let Some(place) = running.iter().position(|(end, ..)| *end <= now) else { continue };
            let (_, answer, random, job, ticket) = running.swap_remove(place);
            match answer {
                0..=2 => {
                    stored.push(job.segment.name.clone());
                    flow.stored(&job, ticket, spool.len() >= 2);
                }
                3 => flow.came_to_nothing(job, ticket, now, random),
                _ => {
                    let class = [ErrorClass::Passing, ErrorClass::TooManyParts, ErrorClass::Setup, ErrorClass::Poison][random as usize % 4];
                    flow.refused(job, ticket, &error(class), now, random);
                }
            }
        }
        stored.sort();
        let all: Vec<String> = (0..sizes.len()).map(|number| segment(number, 0).name).collect();
        prop_assert_eq!(stored, all);
        prop_assert!(ErrorClass::ALL.into_iter().all(|class| flow.refused_as(class).is_none()));
    }
}
