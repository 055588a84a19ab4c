//! The places that a site has for page groups, and who holds them: the groups that it uses most.
//!
//! The first to come take the places that are free. When none is, newcomers are counted apart, by the space-saving algorithm (Metwally,
//! Agrawal, El Abbadi: Efficient computation of frequent and top-k elements in data streams, 2005): so many counters, and who has none takes the
//! one with the smallest count, which from then on is the counter's error. A newcomer whose count without its error is more than twice the
//! uses of the least used group, and [`Sizes::lead`] more, takes that group's place. Counts are halved with each day (UTC), so that what
//! was used once gives way to what is used now.
//!
//! Names that come once or twice change nothing, however many they are. A newcomer among them is seen for certain when more than one in
//! [`Sizes::counters`] of their uses is its. In a day at most [`Sizes::replaced_max`] places change hands; so at most that many groups and
//! [`Sizes::places`] are told apart in a day, by one process.
//!
//! A use of a group that holds a place costs a look into a table and an addition. One of another group takes a lock and an ordered tree's
//! step; the places are looked through only when a newcomer may take one, and that once for two of its uses at most.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Mutex, PoisonError, RwLock};

use crate::store::rows::UnixMs;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// How much of everything there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Groups that are told apart.
    pub(super) places: usize,
    /// Newcomers that are counted; of each 40 bytes are kept, and not its name.
    pub(super) counters: usize,
    /// By how many uses a newcomer must be ahead.
    pub(super) lead: u64,
    /// Places that change hands in a day.
    pub(super) replaced_max: usize,
}

/// The places of one site.
#[derive(Debug)]
pub(super) struct Places {
    sizes: Sizes,
    /// Uses by group.
    held: RwLock<HashMap<Box<str>, AtomicU64>>,
    newcomers: Mutex<Newcomers>,
    /// The day of the counts, since 1970; the earliest before the first use.
    day: AtomicI64,
}

#[derive(Debug)]
struct Newcomers {
    counters: Counters,
    /// No group is used less.
    uses_min: u64,
    /// Places that changed hands today.
    replaced: usize,
}

impl Places {
    pub(super) fn new(sizes: Sizes) -> Self {
        let newcomers = Newcomers { counters: Counters::new(sizes.counters), uses_min: 0, replaced: 0 };
        Self { sizes, held: RwLock::default(), newcomers: Mutex::new(newcomers), day: AtomicI64::new(i64::MIN) }
    }

    /// Whether a group that is used now has a place, or gets one. Time that runs back leaves the day as it is.
    pub(super) fn admit(&self, group: &str, now: UnixMs) -> bool {
        let day = now.div_euclid(DAY_MS);
        if day > self.day.load(Relaxed) {
            self.begin(day);
        }
        if self.use_held(group) {
            return true;
        }
        let mut newcomers = self.newcomers.lock().unwrap_or_else(PoisonError::into_inner);
        // Places are given with the lock held: another may have given it one meanwhile.
        self.use_held(group) || self.take_free(group) || self.take_least_used(group, &mut newcomers)
    }

    fn use_held(&self, group: &str) -> bool {
        // Whoever panicked with a lock held left its table whole: each change of it is one call.
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.get(group).is_some_and(|uses| uses.fetch_add(1, Relaxed) < u64::MAX)
    }

    fn take_free(&self, group: &str) -> bool {
        if self.held.read().unwrap_or_else(PoisonError::into_inner).len() >= self.sizes.places {
            return false;
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.insert(group.into(), AtomicU64::new(1)).is_none()
    }

    fn take_least_used(&self, group: &str, newcomers: &mut Newcomers) -> bool {
        let uses = newcomers.counters.count(group);
        let is_ahead = |uses_min: u64| uses > uses_min.saturating_mul(2).saturating_add(self.sizes.lead);
        if newcomers.replaced >= self.sizes.replaced_max || !is_ahead(newcomers.uses_min) {
            return false;
        }
        let least_used = {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            let uses = held.iter().map(|(group, uses)| (uses.load(Relaxed), group));
            uses.min().map(|(uses, group)| (uses, group.clone()))
        };
        let Some((uses_min, least_used)) = least_used else { return false };
        newcomers.uses_min = uses_min;
        if !is_ahead(uses_min) {
            return false;
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.remove(&least_used);
        held.insert(group.into(), AtomicU64::new(uses));
        newcomers.counters.forget(group);
        newcomers.replaced += 1;
        true
    }

    /// A day begins: counts are halved, for each day that has passed.
    fn begin(&self, day: i64) {
        let mut newcomers = self.newcomers.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.day.load(Relaxed);
        if day <= before {
            return;
        }
        self.day.store(day, Relaxed);
        let days = u32::try_from(day.saturating_sub(before)).unwrap_or(u32::MAX).min(63);
        for uses in self.held.read().unwrap_or_else(PoisonError::into_inner).values() {
            // A use that is counted meanwhile may be lost; it is one.
            uses.store(uses.load(Relaxed) >> days, Relaxed);
        }
        newcomers.counters.halve(days);
        newcomers.uses_min >>= days;
        newcomers.replaced = 0;
    }
}

/// The space-saving counters, by a hash of the name whose key no one knows.
#[derive(Debug)]
struct Counters {
    capacity: usize,
    hasher: RandomState,
    by_hash: HashMap<u64, Counter>,
    /// Count and hash of each, the smallest first.
    order: BTreeSet<(u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Counter {
    count: u64,
    /// What of the count may be others'.
    error: u64,
}

impl Counters {
    fn new(capacity: usize) -> Self {
        Self { capacity, hasher: RandomState::new(), by_hash: HashMap::new(), order: BTreeSet::new() }
    }

    /// Counts a use; how many there have been for certain.
    fn count(&mut self, name: &str) -> u64 {
        let hash = self.hasher.hash_one(name);
        let counter = match self.by_hash.get(&hash) {
            Some(Counter { count, error }) => {
                self.order.remove(&(*count, hash));
                Counter { count: count + 1, error: *error }
            }
            None if self.by_hash.len() < self.capacity => Counter { count: 1, error: 0 },
            None => {
                let Some((smallest, of)) = self.order.pop_first() else { return 0 };
                self.by_hash.remove(&of);
                Counter { count: smallest + 1, error: smallest }
            }
        };
        self.by_hash.insert(hash, counter);
        self.order.insert((counter.count, hash));
        counter.count - counter.error
    }

    fn forget(&mut self, name: &str) {
        let hash = self.hasher.hash_one(name);
        if let Some(counter) = self.by_hash.remove(&hash) {
            self.order.remove(&(counter.count, hash));
        }
    }

    fn halve(&mut self, times: u32) {
        self.by_hash.retain(|_, counter| {
            *counter = Counter { count: counter.count >> times, error: counter.error >> times };
            counter.count > 0
        });
        self.order = self.by_hash.iter().map(|(hash, counter)| (counter.count, *hash)).collect();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMs = 1_795_000_000_000;
    const SMALL: Sizes = Sizes { places: 4, counters: 6, lead: 3, replaced_max: 5 };

    impl Places {
        fn groups(&self) -> HashSet<String> {
            self.held.read().unwrap().keys().map(ToString::to_string).collect()
        }
    }

    fn use_times(places: &Places, group: &str, times: usize, now: UnixMs) -> usize {
        (0..times).filter(|_| places.admit(group, now)).count()
    }

    #[test]
    fn the_first_take_what_is_free_and_the_next_wait_until_they_are_clearly_ahead() {
        let places = Places::new(SMALL);
        for group in ["a", "b", "c", "d"] {
            assert_eq!(use_times(&places, group, 10, NOW), 10);
        }
        // 2 x 10 + 3 is not enough, one more is.
        assert_eq!(use_times(&places, "new", 23, NOW), 0);
        assert!(places.admit("new", NOW));
        assert!(!places.groups().contains("a") && places.groups().len() == 4);
        assert_eq!(use_times(&places, "new", 5, NOW), 5);
    }

    #[test]
    fn a_flood_of_invented_names_changes_nothing() {
        let places = Places::new(Sizes { places: 500, counters: 500, lead: 16, replaced_max: 500 });
        let own: HashSet<String> = (0..500).map(|index| format!("own {index}")).collect();
        for group in &own {
            assert!(places.admit(group, NOW));
        }
        for invented in 0..10_000 {
            assert_eq!(use_times(&places, &format!("invented {invented}"), 1 + invented % 2, NOW), 0);
        }
        assert_eq!(places.groups(), own);
        let newcomers = places.newcomers.lock().unwrap();
        assert_eq!((newcomers.counters.by_hash.len(), newcomers.counters.order.len()), (500, 500));
    }

    #[test]
    fn a_group_that_is_used_gets_in_also_during_a_flood() {
        let places = Places::new(Sizes { places: 500, counters: 500, lead: 16, replaced_max: 500 });
        for index in 0..500 {
            assert!(places.admit(&format!("once {index}"), NOW));
        }
        let admitted = (0..20_000).position(|index| {
            places.admit(&format!("invented {index}"), NOW);
            index % 100 == 0 && places.admit("real", NOW)
        });
        assert_eq!(admitted, Some(1800), "its 19th use is more than 2 x 1 + 16");
    }

    #[test]
    fn in_a_day_so_many_places_change_hands_and_no_more() {
        let places = Places::new(SMALL);
        let mut told_apart = HashSet::new();
        for (index, times) in [10; 4].into_iter().chain([100; 4]).chain([1000; 50]).enumerate() {
            let group = format!("group {index}");
            if use_times(&places, &group, times, NOW) > 0 {
                told_apart.insert(group);
            }
        }
        assert_eq!(told_apart.len(), SMALL.places + SMALL.replaced_max);
        assert!(use_times(&places, "the next day", 1000, NOW + DAY_MS) > 0);
    }

    #[test]
    fn what_was_used_long_ago_gives_way() {
        let places = Places::new(SMALL);
        for group in ["a", "b", "c", "d"] {
            use_times(&places, group, 1000, NOW);
        }
        assert_eq!(use_times(&places, "new", 20, NOW), 0);
        assert_eq!(use_times(&places, "new", 20, NOW + 10 * DAY_MS), 20 - 3, "a thousand is none after ten days");
        assert!(places.admit("new", NOW), "a clock that runs back changes nothing");
    }

    /// What the places are to do, said with exact counts and no regard to cost.
    #[derive(Default)]
    struct Model {
        held: BTreeMap<String, u64>,
        newcomers: BTreeMap<String, u64>,
        replaced: usize,
        day: i64,
    }

    impl Model {
        fn admit(&mut self, sizes: Sizes, group: &str, day: i64) -> bool {
            while self.day < day {
                self.day += 1;
                self.replaced = 0;
                self.held.values_mut().chain(self.newcomers.values_mut()).for_each(|uses| *uses /= 2);
            }
            if self.held.contains_key(group) || self.held.len() < sizes.places {
                *self.held.entry(group.to_owned()).or_default() += 1;
                return true;
            }
            let uses = self.newcomers.entry(group.to_owned()).or_default();
            *uses += 1;
            let least_used = self.held.iter().min_by_key(|(group, uses)| (**uses, (*group).clone()));
            let (least_used, uses_min) = least_used.map(|(group, uses)| (group.clone(), *uses)).unwrap();
            if self.replaced == sizes.replaced_max || *uses <= 2 * uses_min + sizes.lead {
                return false;
            }
            self.held.remove(&least_used);
            self.held.insert(group.to_owned(), *uses);
            self.newcomers.remove(group);
            self.replaced += 1;
            true
        }
    }

    proptest! {
        #[test]
        fn with_a_counter_for_every_name_it_is_the_exact_model(
            uses in prop::collection::vec((0_u8..12, 1_usize..12, 0_i64..2), 0..200),
        ) {
            let sizes = Sizes { counters: 12, ..SMALL };
            let (places, mut model, mut day) = (Places::new(sizes), Model::default(), 0);
            for (group, times, days) in uses {
                day += days;
                let group = format!("group {group}");
                for _ in 0..times {
                    prop_assert_eq!(places.admit(&group, day * DAY_MS), model.admit(sizes, &group, day));
                }
            }
            prop_assert_eq!(places.groups(), model.held.keys().cloned().collect());
        }

        #[test]
        fn a_counter_is_never_surer_than_it_may_be(uses in prop::collection::vec(0_u8..40, 0..500)) {
            let (mut counters, mut exact) = (Counters::new(6), HashMap::new());
            for (index, name) in uses.iter().enumerate() {
                let name = format!("name {name}");
                let certain = counters.count(&name);
                let uses = exact.entry(name.clone()).or_insert(0_u64);
                *uses += 1;
                let Counter { count, error } = counters.by_hash[&counters.hasher.hash_one(&name)];
                prop_assert!(certain <= *uses && *uses <= count && count - error == certain);
                prop_assert!(error <= (index as u64 + 1) / 6, "the paper's bound");
                prop_assert!(counters.by_hash.len() <= 6 && counters.order.len() == counters.by_hash.len());
            }
        }

        #[test]
        fn the_places_are_never_more_than_there_are(uses in prop::collection::vec(0_u16..1000, 0..1000)) {
            let places = Places::new(SMALL);
            let mut told_apart = HashSet::new();
            for group in uses {
                let group = format!("group {}", group.leading_zeros());
                if places.admit(&group, NOW) {
                    told_apart.insert(group);
                }
                prop_assert!(places.groups().len() <= SMALL.places);
            }
            prop_assert!(told_apart.len() <= SMALL.places + SMALL.replaced_max);
        }
    }
}
