//! How long something takes, as Prometheus counts it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets: a batch takes tens of milliseconds, and is given up after three minutes.
const BOUNDS: [Duration; 13] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(90),
];

/// Durations from 5 ms to 90 s in buckets, and one for longer ones.
#[derive(Debug, Default)]
pub struct Histogram {
    /// Those up to each bound and above the one before it; the last has no bound.
    counts: [AtomicU64; BOUNDS.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&self, duration: Duration) {
        let bucket = BOUNDS.partition_point(|bound| *bound < duration);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// For each bound, in seconds and as Prometheus writes it, how many there are up to it.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (String, u64)> {
        let bounds =
            BOUNDS.iter().map(|bound| bound.as_secs_f64().to_string()).chain(std::iter::once("+Inf".to_owned()));
        bounds.zip(&self.counts).scan(0, |total, (bound, count)| {
            *total += count.load(Ordering::Relaxed);
            Some((bound, *total))
        })
    }

    /// All of them together, in seconds.
    pub(super) fn sum_s(&self) -> f64 {
        Duration::from_micros(self.sum_us.load(Ordering::Relaxed)).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_duration_is_in_the_buckets_from_its_own_bound_on() {
        let histogram = Histogram::default();
        for duration in [5, 6, 1000, 91_000] {
            histogram.observe(Duration::from_millis(duration));
        }
        let found: Vec<_> = histogram.cumulative().collect();
        let at = |bound: &str| found.iter().find(|(found, _)| found == bound).unwrap().1;
        assert_eq!((at("0.005"), at("0.01"), at("0.5"), at("1"), at("90"), at("+Inf")), (1, 2, 2, 3, 3, 4));
        assert!((histogram.sum_s() - 92.011).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn each_is_counted_once_and_the_counts_never_fall(durations in prop::collection::vec(0_u64..200_000, 0..50)) {
            let histogram = Histogram::default();
            for duration in &durations {
                histogram.observe(Duration::from_millis(*duration));
            }
            let counts: Vec<u64> = histogram.cumulative().map(|(_, count)| count).collect();
            prop_assert!(counts.is_sorted());
            prop_assert_eq!(counts.last(), Some(&(durations.len() as u64)));
        }
    }
}
