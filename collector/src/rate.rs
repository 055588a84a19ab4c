//! How many beacons a second a site, and a client's network, may send.
//!
//! A bucket holds so many tokens as its burst, and gets so many a second as its rate; a beacon takes one, and is refused where there is none. A bucket is one number, the moment
//! at which it will be full again (the generic cell rate algorithm, ITU-T I.371 annex A), so that taking a token is one atomic exchange.
//!
//! Of a client only the network is known here (an IPv4 address's first 24 bits, an IPv6 address's first 48), and of that only a hash, whose key is thrown away every hour; it is
//! in memory alone.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

/// Networks that are remembered. One that is forgotten begins with a full bucket.
const NETWORKS_MAX: usize = 100_000;
const KEY_AGE_MAX: Duration = Duration::from_hours(1);
/// A bucket holds what comes in so many seconds.
const BURST_S: u64 = 10;
const MICROSECONDS: u64 = 1_000_000;

/// Full when it is 0, and otherwise at that microsecond.
#[derive(Debug, Default)]
struct Bucket(AtomicU64);

impl Bucket {
    /// Takes a token of a bucket that gets `rate` a second, `now` microseconds after the start.
    fn take(&self, rate: u64, now: u64) -> bool {
        let (each, burst) = (MICROSECONDS / rate.max(1), BURST_S * MICROSECONDS);
        let next = |full_at: u64| {
            let then = full_at.max(now) + each;
            (then <= now + burst).then_some(then)
        };
        self.0.fetch_update(Relaxed, Relaxed, next).is_ok()
    }
}

/// The key by which networks are hashed, and since when.
#[derive(Debug)]
struct Key {
    hasher: RandomState,
    since: Instant,
}

/// All buckets. A rate of 0 is none: everybody may send.
#[derive(Debug)]
pub struct RateLimits {
    per_site: u64,
    per_network: u64,
    sites: Vec<Bucket>,
    networks: Cache<u64, Arc<Bucket>>,
    key: RwLock<Key>,
    start: Instant,
}

impl RateLimits {
    /// For so many sites, with beacons a second; from `start` on.
    pub fn new(sites: usize, per_site: u64, per_network: u64, start: Instant) -> Self {
        Self {
            per_site,
            per_network,
            sites: std::iter::repeat_with(Bucket::default).take(sites).collect(),
            networks: Cache::new(NETWORKS_MAX),
            key: RwLock::new(Key { hasher: RandomState::new(), since: start }),
            start,
        }
    }

    /// Whether a beacon of a site, by its index, may come from a network.
    pub fn allow(&self, site: u32, network: Option<&[u8]>, now: Instant) -> bool {
        let at = u64::try_from(now.saturating_duration_since(self.start).as_micros()).unwrap_or(u64::MAX / 2);
        self.allow_network(network, now, at) && self.allow_site(site, at)
    }

    fn allow_site(&self, site: u32, at: u64) -> bool {
        let bucket = usize::try_from(site).ok().and_then(|site| self.sites.get(site));
        self.per_site == 0 || bucket.is_none_or(|bucket| bucket.take(self.per_site, at))
    }

    fn allow_network(&self, network: Option<&[u8]>, now: Instant, at: u64) -> bool {
        let Some(network) = network.filter(|_| self.per_network > 0) else { return true };
        let hash = self.hash(network, now);
        let bucket = self.networks.get_or_insert_with(&hash, || Ok::<_, std::convert::Infallible>(Arc::default()));
        bucket.is_ok_and(|bucket| bucket.take(self.per_network, at))
    }

    fn hash(&self, network: &[u8], now: Instant) -> u64 {
        {
            let key = self.key.read().unwrap_or_else(PoisonError::into_inner);
            if now.saturating_duration_since(key.since) < KEY_AGE_MAX {
                return key.hasher.hash_one(network);
            }
        }
        let mut key = self.key.write().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(key.since) >= KEY_AGE_MAX {
            // Nothing that was hashed by the old key can be told from the new one.
            *key = Key { hasher: RandomState::new(), since: now };
            self.networks.clear();
        }
        key.hasher.hash_one(network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: Option<&[u8]> = Some(&[192, 0, 2]);

    fn limits(per_site: u64, per_network: u64) -> (RateLimits, Instant) {
        let start = Instant::now();
        (RateLimits::new(2, per_site, per_network, start), start)
    }

    fn allowed(limits: &RateLimits, site: u32, network: Option<&[u8]>, now: Instant, asks: usize) -> usize {
        (0..asks).filter(|_| limits.allow(site, network, now)).count()
    }

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let (limits, start) = limits(0, 5);
        assert_eq!(allowed(&limits, 0, NETWORK, start, 100), 50, "ten seconds' worth");
        for second in 1..20 {
            assert_eq!(allowed(&limits, 0, NETWORK, start + Duration::from_secs(second), 100), 5, "{second}");
        }
        assert_eq!(allowed(&limits, 0, NETWORK, start + Duration::from_mins(5), 100), 50, "rested");
    }

    #[test]
    fn networks_and_sites_have_buckets_of_their_own() {
        let (limits, start) = limits(3, 2);
        assert_eq!(allowed(&limits, 0, NETWORK, start, 100), 20);
        assert_eq!(allowed(&limits, 1, NETWORK, start, 100), 0, "the network has none left");
        assert_eq!(allowed(&limits, 0, Some(&[198, 51, 100]), start, 100), 10, "the site had thirty");
        assert_eq!(allowed(&limits, 1, None, start, 100), 30, "an unknown client is bounded by the site's");
    }

    #[test]
    fn without_a_rate_everybody_may_send() {
        let (limits, start) = limits(0, 0);
        assert_eq!(allowed(&limits, 0, NETWORK, start, 10_000), 10_000);
    }

    #[test]
    fn the_key_is_thrown_away_with_all_that_was_hashed_by_it() {
        let (limits, start) = limits(0, 1);
        let first = limits.hash(&[1, 2, 3], start);
        assert_eq!(limits.hash(&[1, 2, 3], start + Duration::from_mins(59)), first);
        limits.allow(0, NETWORK, start);
        assert_eq!(limits.networks.len(), 1);
        assert_ne!(limits.hash(&[1, 2, 3], start + KEY_AGE_MAX), first);
        assert_eq!(limits.networks.len(), 0);
    }

    #[test]
    fn at_most_so_many_networks_are_remembered() {
        let (limits, start) = limits(0, 1);
        for network in 0..150_000_u32 {
            limits.allow(0, Some(&network.to_le_bytes()), start);
        }
        assert!(limits.networks.len() <= NETWORKS_MAX, "{}", limits.networks.len());
    }
}
