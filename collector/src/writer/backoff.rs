//! How long to wait before the next try.

use std::time::Duration;

use crate::store::ErrorClass;

/// Failures beyond which a pause grows no more, whatever the class.
const FAILURES_MAX: u32 = 10;

/// Doubles from failure to failure up to a bound that the kind of failure sets, and scatters over the upper half of that, so that several
/// collectors do not come back at once.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one more failure. `random` decides where in the scatter.
    pub(super) fn next(&mut self, class: ErrorClass, random: u32) -> Duration {
        let (first_ms, last_ms) = match class {
            ErrorClass::Passing => (100_u64, 5_000),
            ErrorClass::TooManyParts => (2_000, 60_000),
            ErrorClass::Setup => (1_000, 30_000),
            ErrorClass::Poison => (30_000, 600_000),
        };
        let whole = last_ms.min(first_ms << self.failures);
        self.failures = (self.failures + 1).min(FAILURES_MAX);
        Duration::from_millis(whole / 2 + u64::from(random) % (whole / 2 + 1))
    }

    /// Takes one failure back.
    pub(super) fn ease(&mut self) {
        self.failures = self.failures.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound_and_scatter_over_the_upper_half() {
        let mut backoff = Backoff::default();
        let longest: Vec<u128> = (0..8).map(|_| backoff.next(ErrorClass::Passing, 0).as_millis() * 2).collect();
        assert_eq!(longest, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        for random in [0, 1, 2499, 2500, u32::MAX] {
            let pause = backoff.next(ErrorClass::Passing, random).as_millis();
            assert!((2500..=5000).contains(&pause), "{pause}");
        }
    }

    #[test]
    fn every_class_reaches_its_bound_and_comes_back_from_it() {
        for (class, bound_s) in ErrorClass::ALL.into_iter().zip([5, 60, 30, 600]) {
            let mut backoff = Backoff::default();
            let first = backoff.next(class, 0);
            for _ in 0..100 {
                backoff.next(class, u32::MAX);
            }
            assert_eq!(backoff.next(class, 0) * 2, Duration::from_secs(bound_s), "{class:?}");
            (0..FAILURES_MAX).for_each(|_| backoff.ease());
            backoff.ease();
            assert_eq!(backoff.next(class, 0), first, "{class:?}");
        }
    }
}
