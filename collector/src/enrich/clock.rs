//! Whose clock to believe. A beacon tells when its view began by the client's clock, and how long after that it was sent; the collector
//! knows when it arrived. Transit is not told apart from skew: it is far below the tolerance. A beacon that could not be sent at once says for
//! how long the browser kept it; that is taken off first.

use beacon_format::Head;

use crate::reject::Reject;
use crate::store::rows::UnixMs;

/// Largest difference of the clocks at which the client's is believed.
const SKEW_MS_MAX: i64 = 5 * 60 * 1000;
/// Oldest view that is taken, and oldest earlier view that one may name.
const AGE_MS_MAX: i64 = 48 * 3600 * 1000;

/// The times of one view, by our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewClock {
    /// When the view began.
    pub ts: UnixMs,
    /// The client's clock minus ours, where it is too large to be believed; else 0.
    pub skew_ms: i64,
    received_ms: UnixMs,
    sent_after_ms: u32,
}

impl ViewClock {
    /// The clock of a view whose beacon says when it began by the client's clock, how long after that it was told, and how long it was
    /// kept then. Refuses a view that began more than 48 h before it was received.
    pub fn new(head: &Head, received_ms: UnixMs) -> Result<Self, Reject> {
        let time_origin = i64::try_from(head.time_origin_ms).map_err(|_| Reject::OutOfRange)?;
        let difference = time_origin + i64::from(head.sent_after_ms) + i64::from(head.kept_ms) - received_ms;
        let skew_ms = if difference.abs() <= SKEW_MS_MAX { 0 } else { difference };
        let ts = time_origin - skew_ms;
        if received_ms - ts > AGE_MS_MAX {
            return Err(Reject::TooOld);
        }
        Ok(Self { ts, skew_ms, received_ms, sent_after_ms: head.sent_after_ms })
    }

    /// When something happened that the view tells as an offset. Nothing happens after it was told.
    pub fn at(&self, offset_ms: u32) -> UnixMs {
        self.ts + i64::from(offset_ms.min(self.sent_after_ms))
    }

    /// When an earlier view of the session began, told by the client's clock; `None` when that is not within the window. Unbounded times
    /// would make a partition each.
    pub fn earlier(&self, client_ms: u64) -> Option<UnixMs> {
        let ts = i64::try_from(client_ms).ok()? - self.skew_ms;
        let age = self.received_ms - ts;
        (-SKEW_MS_MAX..=AGE_MS_MAX).contains(&age).then_some(ts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    fn clock(began: i64, sent_after: u32) -> Result<ViewClock, Reject> {
        kept(began, sent_after, 0)
    }

    fn kept(began: i64, sent_after_ms: u32, kept_ms: u32) -> Result<ViewClock, Reject> {
        ViewClock::new(&Head { time_origin_ms: began.unsigned_abs(), sent_after_ms, kept_ms, ..Head::default() }, NOW)
    }

    #[test]
    fn within_five_minutes_the_client_is_believed() {
        for difference in [-SKEW_MS_MAX, -1, 0, 1, SKEW_MS_MAX] {
            let clock = clock(NOW - 4000 + difference, 4000).unwrap();
            assert_eq!((clock.ts, clock.skew_ms), (NOW - 4000 + difference, 0), "{difference}");
        }
    }

    #[test]
    fn beyond_it_the_view_is_placed_by_our_clock_and_the_skew_is_kept() {
        for difference in [-SKEW_MS_MAX - 1, SKEW_MS_MAX + 1, 400 * 24 * 3600 * 1000, -400 * 24 * 3600 * 1000] {
            let clock = clock(NOW - 4000 + difference, 4000).unwrap();
            assert_eq!((clock.ts, clock.skew_ms), (NOW - 4000, difference), "{difference}");
        }
    }

    #[test]
    fn a_view_older_than_48_hours_is_refused() {
        let two_days = 48 * 3600 * 1000_u32;
        assert!(clock(NOW - i64::from(two_days), two_days).is_ok());
        assert_eq!(clock(NOW - i64::from(two_days) - 1, two_days + 1), Err(Reject::TooOld));
        // With the client's clock off by a year it is its own count of time that says so.
        assert_eq!(clock(NOW - 400 * 24 * 3600 * 1000, two_days + 1), Err(Reject::TooOld));
    }

    #[test]
    fn a_beacon_that_was_kept_is_not_one_of_a_wrong_clock() {
        const KEPT: u32 = 20 * 60 * 1000;
        let began = NOW - 4000 - i64::from(KEPT);
        for difference in [-SKEW_MS_MAX, 0, SKEW_MS_MAX] {
            let clock = kept(began + difference, 4000, KEPT).unwrap();
            assert_eq!((clock.ts, clock.skew_ms), (began + difference, 0), "{difference}");
        }
        for difference in [-SKEW_MS_MAX - 1, SKEW_MS_MAX + 1] {
            let clock = kept(began + difference, 4000, KEPT).unwrap();
            assert_eq!((clock.ts, clock.skew_ms), (began, difference), "{difference}");
        }
        // Told to have been sent at once, it is.
        assert_eq!(clock(began, 4000).unwrap().skew_ms, -i64::from(KEPT));
    }

    #[test]
    fn being_kept_counts_towards_the_48_hours() {
        let age = u32::try_from(AGE_MS_MAX).unwrap();
        assert_eq!(kept(NOW - AGE_MS_MAX, 4000, age - 4000).unwrap().ts, NOW - AGE_MS_MAX);
        assert_eq!(kept(NOW - AGE_MS_MAX - 1, 4000, age - 4000 + 1), Err(Reject::TooOld));
        assert_eq!(kept(NOW - 400 * 24 * 3600 * 1000, 4000, age), Err(Reject::TooOld));
        // The largest values that the format has.
        assert_eq!(
            kept(NOW, beacon_format::limits::MILLISECONDS_MAX, beacon_format::limits::MILLISECONDS_MAX),
            Err(Reject::TooOld)
        );
    }

    #[test]
    fn what_happened_before_a_beacon_was_kept_happened_then() {
        let clock = kept(NOW - 4000 - 600_000, 4000, 600_000).unwrap();
        assert_eq!(clock.at(1500), NOW - 2500 - 600_000);
        assert_eq!(clock.at(4_000_000), NOW - 600_000);
    }

    #[test]
    fn earlier_times_move_with_the_view_and_must_be_within_the_window() {
        let skew = 3600 * 1000;
        let skewed = clock(NOW + skew - 4000, 4000).unwrap();
        assert_eq!(skewed.earlier((NOW + skew - 60_000).unsigned_abs()), Some(NOW - 60_000));
        let exact = clock(NOW - 4000, 4000).unwrap();
        assert_eq!(exact.earlier((NOW - AGE_MS_MAX).unsigned_abs()), Some(NOW - AGE_MS_MAX));
        assert_eq!(exact.earlier((NOW - AGE_MS_MAX - 1).unsigned_abs()), None);
        assert_eq!(exact.earlier((NOW + SKEW_MS_MAX).unsigned_abs()), Some(NOW + SKEW_MS_MAX));
        assert_eq!(exact.earlier((NOW + SKEW_MS_MAX + 1).unsigned_abs()), None);
    }

    #[test]
    fn nothing_happens_after_it_was_told() {
        let clock = clock(NOW - 4000, 4000).unwrap();
        assert_eq!(clock.at(1500), NOW - 2500);
        assert_eq!(clock.at(4_000_000), NOW);
    }
}
