//! Whether ClickHouse is to be asked at all.
//!
//! Closed, INSERTs go. What more of them would make worse, or what fails again and again, opens it: none goes for a pause that grows and is
//! scattered. Then it is half open: one segment tries, for all. If that is taken, it is closed.

use tokio::time::Instant;

use super::backoff::Backoff;
use crate::store::ErrorClass;

/// Failures in a row that may pass by themselves before it opens.
const PASSING_MAX: u32 = 3;

/// What a breaker is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// INSERTs go.
    Closed,
    /// One segment tries.
    HalfOpen,
    /// None goes for a while.
    Open,
}

impl BreakerState {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Closed, Self::HalfOpen, Self::Open];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// See the module. Reads no clock: `now` must not go back.
#[derive(Debug)]
pub(super) struct Breaker {
    state: BreakerState,
    /// While it is open.
    until: Instant,
    backoff: Backoff,
    /// What the pauses grow for.
    class: ErrorClass,
    passing_in_a_row: u32,
    opening: u32,
}

/// Since how many openings an attempt is under way: what began before the last one says nothing about the time since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opening(u32);

impl Breaker {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            state: BreakerState::Closed,
            until: now,
            backoff: Backoff::default(),
            class: ErrorClass::Passing,
            passing_in_a_row: 0,
            opening: 0,
        }
    }

    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    /// Whether an attempt may begin.
    pub(super) fn admits(&self, now: Instant) -> bool {
        match self.state {
            BreakerState::Closed => true,
            BreakerState::HalfOpen => false,
            BreakerState::Open => now >= self.until,
        }
    }

    /// When an attempt may begin, if the time decides that.
    pub(super) fn opens_up_at(&self) -> Option<Instant> {
        (self.state == BreakerState::Open).then_some(self.until)
    }

    /// An attempt begins, which must have been admitted.
    pub(super) fn begin(&mut self) -> Opening {
        if self.state == BreakerState::Open {
            self.state = BreakerState::HalfOpen;
        }
        Opening(self.opening)
    }

    /// An attempt has ended, and ClickHouse has taken the rows, or has said that it is they that are wrong.
    pub(super) fn succeeded(&mut self, opening: Opening) {
        if opening != Opening(self.opening) || self.state == BreakerState::Open {
            return;
        }
        self.state = BreakerState::Closed;
        self.passing_in_a_row = 0;
        // Not all at once: what fails again right afterwards is given a longer pause than the first time.
        self.backoff.ease();
    }

    /// An attempt has ended for a reason of our own.
    pub(super) fn came_to_nothing(&mut self, opening: Opening, now: Instant) {
        if self.state == BreakerState::HalfOpen && opening == Opening(self.opening) {
            self.state = BreakerState::Open;
            self.until = now;
        }
    }

    /// An attempt has failed. `random` scatters the pause.
    pub(super) fn failed(&mut self, opening: Opening, class: ErrorClass, now: Instant, random: u32) {
        if opening != Opening(self.opening) || self.state == BreakerState::Open {
            return;
        }
        let opens = match class {
            ErrorClass::Poison => return self.succeeded(opening),
            ErrorClass::TooManyParts | ErrorClass::Setup => true,
            ErrorClass::Passing => {
                self.passing_in_a_row = self.passing_in_a_row.saturating_add(1);
                self.state == BreakerState::HalfOpen || self.passing_in_a_row >= PASSING_MAX
            }
        };
        if std::mem::replace(&mut self.class, class) != class {
            self.backoff = Backoff::default();
        }
        let pause = self.backoff.next(class, random);
        if opens {
            self.state = BreakerState::Open;
            self.until = now + pause;
            self.opening = self.opening.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use ErrorClass::{Passing, Poison, Setup, TooManyParts};

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn too_many_parts_open_it_at_once_and_one_trial_closes_it() {
        let start = Instant::now();
        let mut breaker = Breaker::new(start);
        let (first, second) = (breaker.begin(), breaker.begin());
        breaker.failed(first, TooManyParts, start, 0);
        assert_eq!((breaker.state(), breaker.opens_up_at()), (BreakerState::Open, Some(at(start, 1000))));
        assert!(!breaker.admits(at(start, 999)) && breaker.admits(at(start, 1000)));
        breaker.succeeded(second);
        assert_eq!(breaker.state(), BreakerState::Open, "what began before says nothing");
        let trial = breaker.begin();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!(!breaker.admits(at(start, 5000)), "one is enough");
        breaker.failed(second, TooManyParts, at(start, 1000), 0);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        breaker.succeeded(trial);
        assert!(breaker.state() == BreakerState::Closed && breaker.admits(start) && breaker.opens_up_at().is_none());
    }

    #[test]
    fn pauses_grow_and_a_success_takes_only_one_step_back() {
        let mut now = Instant::now();
        let mut breaker = Breaker::new(now);
        let mut pauses = Vec::new();
        for closes in [false, false, false, true, false, false, false, false] {
            let trial = breaker.begin();
            if closes {
                breaker.succeeded(trial);
                continue;
            }
            breaker.failed(trial, TooManyParts, now, 0);
            let until = breaker.opens_up_at().unwrap();
            pauses.push((until - now).as_secs());
            now = until;
        }
        assert_eq!(pauses, [1, 2, 4, 4, 8, 16, 30]);
    }

    #[test]
    fn a_long_outage_does_not_make_the_pause_long_for_another_reason() {
        let now = Instant::now();
        let mut breaker = Breaker::new(now);
        for _ in 0..50 {
            let trial = breaker.begin();
            breaker.failed(trial, Passing, now, u32::MAX);
        }
        let trial = breaker.begin();
        breaker.failed(trial, TooManyParts, now, 0);
        assert_eq!(breaker.opens_up_at(), Some(at(now, 1000)));
    }

    #[test]
    fn passing_failures_open_it_in_a_row_only() {
        let now = Instant::now();
        let mut breaker = Breaker::new(now);
        for _ in 0..10 {
            for _ in 1..PASSING_MAX {
                let attempt = breaker.begin();
                breaker.failed(attempt, Passing, now, 0);
            }
            assert_eq!(breaker.state(), BreakerState::Closed);
            let attempt = breaker.begin();
            breaker.succeeded(attempt);
        }
        for _ in 0..PASSING_MAX {
            let attempt = breaker.begin();
            breaker.failed(attempt, Passing, now, 0);
        }
        assert_eq!(breaker.state(), BreakerState::Open);
        let trial = breaker.begin();
        breaker.failed(trial, Passing, now, 0);
        assert_eq!(breaker.state(), BreakerState::Open, "a trial is the last of them");
    }

    #[test]
    fn refused_rows_are_an_answer_and_a_trial_that_was_none_may_be_repeated_at_once() {
        let now = Instant::now();
        let mut breaker = Breaker::new(now);
        let attempt = breaker.begin();
        breaker.failed(attempt, Setup, now, 0);
        let later = breaker.opens_up_at().unwrap();
        let trial = breaker.begin();
        breaker.came_to_nothing(trial, later);
        assert!(breaker.state() == BreakerState::Open && breaker.admits(later));
        let trial = breaker.begin();
        breaker.failed(trial, Poison, later, 0);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    proptest! {
        /// Whatever happens in whatever order: at most one attempt is under way that began since it opened, pauses are bounded, and it can
        /// always be closed again.
        #[test]
        fn it_never_sticks(events in prop::collection::vec((0..6_usize, any::<u32>(), 0_u64..40_000), 0..200)) {
            let mut now = Instant::now();
            let mut breaker = Breaker::new(now);
            let mut under_way = Vec::new();
            for (event, random, ms) in events {
                now += Duration::from_millis(ms);
                let was = breaker.state();
                if event == 0 {
                    if breaker.admits(now) {
                        under_way.push(breaker.begin());
                    }
                } else if !under_way.is_empty() {
                    let attempt = under_way.remove(random as usize % under_way.len());
                    match event {
                        1 => breaker.succeeded(attempt),
                        2 => breaker.came_to_nothing(attempt, now),
                        _ => breaker.failed(attempt, [Passing, TooManyParts, Setup][event - 3], now, random),
                    }
                }
                let trials = under_way.iter().filter(|attempt| **attempt == Opening(breaker.opening)).count();
                match breaker.state() {
                    BreakerState::Closed => prop_assert!(breaker.admits(now)),
                    BreakerState::HalfOpen => prop_assert_eq!(trials, 1),
                    BreakerState::Open => {
                        prop_assert_eq!(trials, 0);
                        let pause = breaker.opens_up_at().unwrap().saturating_duration_since(now);
                        prop_assert!(pause <= Duration::from_mins(1), "{:?} from {:?}", pause, was);
                    }
                }
            }
            while breaker.state() != BreakerState::Closed {
                let trial = under_way.iter().find(|attempt| **attempt == Opening(breaker.opening));
                let trial = if let Some(trial) = trial {
                    *trial
                } else {
                    now = now.max(breaker.opens_up_at().unwrap());
                    prop_assert!(breaker.admits(now));
                    breaker.begin()
                };
                breaker.succeeded(trial);
            }
        }
    }
}
