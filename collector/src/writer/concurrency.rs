//! How many segments may be on their way at once.

/// Most segments at once.
const LIMIT_MAX: usize = 8;
/// Most bytes of segments at once, as they are in the spool: two of 16 MiB, each of which takes several times that while it is sent. One segment may always go,
/// however large it is.
const BYTES_MAX: u64 = 40 << 20;

/// Grows by one with every round of inserts that succeed while a backlog waits, halves when a round meets trouble, and goes back to one when nothing
/// waits: the additive increase and multiplicative decrease by which many senders share what they cannot see. It starts at one.
#[derive(Debug)]
pub(super) struct Concurrency {
    limit: usize,
    /// Since the limit was changed.
    successes: usize,
    round: u32,
}

/// When an attempt began: troubles of one round are one trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round(u32);

impl Default for Concurrency {
    fn default() -> Self {
        Self { limit: 1, successes: 0, round: 0 }
    }
}

impl Concurrency {
    /// From 1 to 8.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether a segment of `bytes` may go beside `running` others of `running_bytes` together.
    pub(super) fn admits(&self, running: usize, running_bytes: u64, bytes: u64) -> bool {
        running == 0 || (running < self.limit && running_bytes.saturating_add(bytes) <= BYTES_MAX)
    }

    /// An attempt begins.
    pub(super) fn begin(&self) -> Round {
        Round(self.round)
    }

    /// An attempt has succeeded.
    pub(super) fn succeeded(&mut self, has_backlog: bool) {
        if !has_backlog {
            self.limit = self.limit.saturating_sub(1).max(1);
            self.successes = 0;
            return;
        }
        self.successes += 1;
        if self.successes >= self.limit {
            self.limit = (self.limit + 1).min(LIMIT_MAX);
            self.successes = 0;
        }
    }

    /// An attempt has met trouble of a kind to which less at a time may be the answer.
    pub(super) fn failed(&mut self, Round(round): Round) {
        if round != self.round {
            return;
        }
        self.limit = (self.limit / 2).max(1);
        self.successes = 0;
        self.round = self.round.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_backlog_is_met_step_by_step_and_its_end_too() {
        let mut concurrency = Concurrency::default();
        let mut limits = Vec::new();
        for _ in 0..36 {
            limits.push(concurrency.limit());
            concurrency.succeeded(true);
        }
        let expected: Vec<usize> = (1..8).flat_map(|limit| std::iter::repeat_n(limit, limit)).chain([8; 8]).collect();
        assert_eq!(limits, expected, "each limit for as many successes as it is high");
        for _ in 0..10 {
            concurrency.succeeded(false);
        }
        assert_eq!(concurrency.limit(), 1);
    }

    #[test]
    fn all_failures_of_a_round_halve_once() {
        let mut concurrency = Concurrency::default();
        (0..100).for_each(|_| concurrency.succeeded(true));
        let round = concurrency.begin();
        (0..8).for_each(|_| concurrency.failed(round));
        assert_eq!(concurrency.limit(), 4);
        concurrency.failed(concurrency.begin());
        concurrency.failed(concurrency.begin());
        concurrency.failed(concurrency.begin());
        assert_eq!(concurrency.limit(), 1);
    }

    #[test]
    fn bytes_bound_it_too_but_one_may_always_go() {
        let mut concurrency = Concurrency::default();
        (0..100).for_each(|_| concurrency.succeeded(true));
        assert!(concurrency.admits(0, 0, u64::MAX));
        assert!(concurrency.admits(1, 24 << 20, 16 << 20));
        assert!(!concurrency.admits(1, 24 << 20, (16 << 20) + 1));
        assert!(!concurrency.admits(1, u64::MAX, 1));
        assert!(concurrency.admits(7, 7, 1) && !concurrency.admits(8, 8, 1));
    }

    proptest! {
        #[test]
        fn it_stays_in_its_bounds_and_never_jumps_up(events in prop::collection::vec(0..3, 0..300)) {
            let mut concurrency = Concurrency::default();
            for event in events {
                let before = concurrency.limit();
                match event {
                    0 => concurrency.succeeded(true),
                    1 => concurrency.succeeded(false),
                    _ => concurrency.failed(concurrency.begin()),
                }
                let after = concurrency.limit();
                prop_assert!((1..=LIMIT_MAX).contains(&after) && after <= before + 1, "{} to {}", before, after);
                prop_assert!(event != 2 || after == (before / 2).max(1));
                prop_assert!(concurrency.admits(0, 0, 1) && !concurrency.admits(after, 0, 1));
            }
        }
    }
}
