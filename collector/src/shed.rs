//! What is left out when the spool nearly is full: whole sessions, by chance, and those that are kept stand for the others.
//!
//! To refuse whatever comes when there is no room would lose what comes at the busiest time, from the busiest countries. So from a quarter of the room on
//! one session of two is kept, then one of four, eight and sixteen; its weight is raised by as much, so that sums of weights stay what they would have
//! been (Horvitz and Thompson 1952). Chance is a hash of the session's id: all collectors and all beacons of a session decide alike.
//!
//! A view must be told with one weight, whichever snapshot tells it, since later snapshots take back in the rollups what earlier ones put there. So the
//! level that holds is that of the moment at which the view began. What began before is kept as it is; a start forgets the levels of the run before.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{PoisonError, RwLock};

use crate::store::rows::UnixMs;

/// Shares of the room, in thousandths, below which the levels 1, 2, 3 and 4 hold.
const ROOM_BELOW: [u32; 4] = [250, 150, 80, 40];
/// A level is left when there is so much more room than where it began, in thousandths.
const ROOM_BACK: u32 = 50;
/// A level holds so long at least, unless a higher one must.
const DWELL_MS: UnixMs = 10_000;
/// Changes that are remembered: of views that began before the oldest, nothing is left out. With [`DWELL_MS`] an hour at least.
const CHANGES_MAX: usize = 512;

/// Which level held from when on.
#[derive(Debug, Default)]
struct History {
    changes: VecDeque<(UnixMs, u32)>,
}

impl History {
    fn at(&self, moment: UnixMs) -> u32 {
        self.changes.iter().rev().find(|(from, _)| *from <= moment).map_or(0, |(_, level)| *level)
    }
}

/// Decides what is left out.
#[derive(Debug, Default)]
pub struct Shedding {
    /// The level that holds now; 0: nothing is left out.
    level: AtomicU32,
    /// Whether it ever was another than 0.
    has_history: AtomicBool,
    history: RwLock<History>,
}

impl Shedding {
    /// The level that holds now: one session of 2 to its power is kept.
    pub fn level(&self) -> u32 {
        self.level.load(Relaxed)
    }

    /// Takes in how much room there is, in thousandths of all that there could be. Says whether the level has changed.
    pub fn observe(&self, room: u32, now: UnixMs) -> bool {
        let level = self.level();
        let wanted = wanted(level, room);
        if wanted == level {
            return false;
        }
        let mut history = self.history.write().unwrap_or_else(PoisonError::into_inner);
        let since = history.changes.back().map_or(UnixMs::MIN, |(from, _)| *from);
        // Somebody else was faster, or it must hold a while.
        if self.level() != level || (wanted < level && now < since.saturating_add(DWELL_MS)) {
            return false;
        }
        if history.changes.len() == CHANGES_MAX {
            history.changes.pop_front();
        }
        // A clock that was set back must not undo the order.
        history.changes.push_back((now.max(since), wanted));
        self.level.store(wanted, Relaxed);
        self.has_history.store(true, Relaxed);
        true
    }

    /// Whether nothing was ever left out: nearly always, and then every factor is 1.
    pub fn is_idle(&self) -> bool {
        !self.has_history.load(Relaxed)
    }

    /// By what the weight of a view is multiplied that began at `began`; `None` when its session is left out.
    pub fn factor(&self, session_id: u64, began: UnixMs) -> Option<u32> {
        let level = self.history.read().unwrap_or_else(PoisonError::into_inner).at(began);
        let kept_of = 1_u32 << level;
        (mixed(session_id) & u64::from(kept_of - 1) == 0).then_some(kept_of)
    }
}

fn wanted(level: u32, room: u32) -> u32 {
    let below =
        |more: u32| (1_u32..).zip(ROOM_BELOW).filter(|(_, limit)| room < limit + more).map(|(level, _)| level).max();
    let (least, most) = (below(0).unwrap_or(0), below(ROOM_BACK).unwrap_or(0));
    level.clamp(least, most)
}

/// Every bit of a number into every bit of the answer (the finaliser of `SplitMix64`, Steele et al. 2014): an id is mostly time.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMs = 1_795_000_000_000;

    #[test]
    fn levels_rise_at_once_with_less_room_and_fall_slowly_with_more() {
        let shedding = Shedding::default();
        let mut now = NOW;
        let mut level = |room: u32, after: UnixMs| {
            now += after;
            shedding.observe(room, now);
            shedding.level()
        };
        assert_eq!(
            [level(1000, 0), level(250, 1), level(249, 1), level(149, 1), level(79, 1), level(0, 1)],
            [0, 0, 1, 2, 3, 4]
        );
        assert_eq!(level(89, DWELL_MS), 4, "not much more room");
        assert_eq!(level(90, DWELL_MS - 1), 3, "long enough since the last change, at the room that is asked");
        assert_eq!(level(1000, DWELL_MS - 1), 3, "not long enough");
        assert_eq!(level(1000, 1), 0);
    }

    #[test]
    fn a_view_has_the_level_of_its_beginning_whenever_it_is_told() {
        let shedding = Shedding::default();
        assert_eq!((shedding.is_idle(), shedding.factor(7, NOW)), (true, Some(1)));
        shedding.observe(200, NOW);
        assert!(!shedding.is_idle());
        shedding.observe(100, NOW + 60_000);
        shedding.observe(1000, NOW + 120_000);
        let kept = |began: UnixMs| {
            let factors: Vec<_> = (0..4096).filter_map(|session| shedding.factor(session << 20, began)).collect();
            (factors.len(), factors[0])
        };
        assert_eq!(kept(NOW - 1), (4096, 1));
        assert_eq!(kept(NOW + 120_000), (4096, 1));
        let (halves, factor) = kept(NOW + 59_999);
        assert!((1900..2200).contains(&halves) && factor == 2, "{halves}");
        let (quarters, factor) = kept(NOW + 60_000);
        assert!((900..1150).contains(&quarters) && factor == 4, "{quarters}");
    }

    proptest! {
        #[test]
        fn who_is_kept_at_a_level_is_kept_at_every_lower_one(session: u64, room in 0_u32..300, more in 0_u32..700) {
            let of = |room: u32| {
                let shedding = Shedding::default();
                shedding.observe(room, NOW);
                shedding.factor(session, NOW)
            };
            if let Some(factor) = of(room) {
                prop_assert!(of(room + more).is_some_and(|lower| lower <= factor));
            }
        }

        /// What is kept stands for all, to within what chance makes of it.
        #[test]
        fn sums_of_weights_stay(room in 0_u32..250, first: u32) {
            let shedding = Shedding::default();
            shedding.observe(room, NOW);
            let sessions = u64::from(first)..u64::from(first) + 40_000;
            let sum: u64 = sessions.filter_map(|session| shedding.factor(session * 1_048_583, NOW)).map(u64::from).sum();
            // Six standard deviations at one of sixteen: 6 sqrt(15 * 40,000).
            prop_assert!(sum.abs_diff(40_000) < 4_700, "{}", sum);
        }

        #[test]
        fn changes_are_bounded_and_in_order(steps in prop::collection::vec((0_u32..1000, -20_000_i64..20_000), 1..2000)) {
            let shedding = Shedding::default();
            let mut now = NOW;
            for (room, after) in steps {
                now += after;
                shedding.observe(room, now);
                prop_assert!(shedding.level() <= 4);
            }
            let history = shedding.history.read().unwrap();
            prop_assert!(history.changes.len() <= CHANGES_MAX);
            prop_assert!(history.changes.iter().is_sorted_by_key(|(from, _)| *from));
        }
    }
}
