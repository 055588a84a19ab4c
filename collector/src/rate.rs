//! How many beacons a second a site, and a client's network, may send; and how often somebody may try to log in.
//!
//! A bucket holds so many tokens as its burst, and gets them back at its rate; a beacon takes one, and is refused where there is none. A bucket is one number, the moment
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

/// Networks, or users, that are remembered. One that is forgotten begins with a full bucket.
const NAMES_MAX: usize = 100_000;
const KEY_AGE_MAX: Duration = Duration::from_hours(1);
/// A bucket holds what comes in so many seconds.
const BURST_S: u64 = 10;
const MICROSECONDS: u64 = 1_000_000;

/// How fast a bucket gets its tokens, and how many it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Microseconds that one token takes.
    each: u64,
    /// Microseconds that all of them take.
    burst: u64,
}

impl Rate {
    /// So many a second, and what comes in ten seconds at once.
    pub const fn per_second(tokens: u64) -> Self {
        Self { each: MICROSECONDS / if tokens == 0 { 1 } else { tokens }, burst: BURST_S * MICROSECONDS }
    }

    /// So many at once, and then one in so many seconds.
    pub const fn at_once(tokens: u64, each_s: u64) -> Self {
        Self { each: each_s * MICROSECONDS, burst: tokens * each_s * MICROSECONDS }
    }
}

/// Full when it is 0, and otherwise at that microsecond.
#[derive(Debug, Default)]
struct Bucket(AtomicU64);

impl Bucket {
    /// Takes a token, `now` microseconds after the start; where there is none, how many microseconds it takes until there is.
    fn take(&self, rate: Rate, now: u64) -> Result<(), u64> {
        let next = |full_at: u64| {
            let then = full_at.max(now) + rate.each;
            (then <= now + rate.burst).then_some(then)
        };
        let taken = self.0.fetch_update(Relaxed, Relaxed, next);
        taken.map(|_| ()).map_err(|full_at| (full_at.max(now) + rate.each).saturating_sub(now + rate.burst))
    }
}

/// The key by which names are hashed, and since when.
#[derive(Debug)]
struct Key {
    hasher: RandomState,
    since: Instant,
}

/// A bucket for each of many names: networks, users. Of a name only a hash is kept.
#[derive(Debug)]
pub struct Buckets {
    rate: Rate,
    by_name: Cache<u64, Arc<Bucket>>,
    key: RwLock<Key>,
    start: Instant,
}

impl Buckets {
    /// Full ones, from `start` on.
    pub fn new(rate: Rate, start: Instant) -> Self {
        let key = RwLock::new(Key { hasher: RandomState::new(), since: start });
        Self { rate, by_name: Cache::new(NAMES_MAX), key, start }
    }

    /// Takes a token of this name's bucket; where there is none, how long it takes until there is.
    pub fn take(&self, name: &[u8], now: Instant) -> Result<(), Duration> {
        let hash = self.hash(name, now);
        let bucket = self.by_name.get_or_insert_with(&hash, || Ok::<_, std::convert::Infallible>(Arc::default()));
        let taken = bucket.map_or(Ok(()), |bucket| bucket.take(self.rate, microseconds(self.start, now)));
        taken.map_err(Duration::from_micros)
    }

    fn hash(&self, name: &[u8], now: Instant) -> u64 {
        {
            let key = self.key.read().unwrap_or_else(PoisonError::into_inner);
            if now.saturating_duration_since(key.since) < KEY_AGE_MAX {
                return key.hasher.hash_one(name);
            }
        }
        let mut key = self.key.write().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(key.since) >= KEY_AGE_MAX {
            // Nothing that was hashed by the old key can be told from the new one.
            *key = Key { hasher: RandomState::new(), since: now };
            self.by_name.clear();
        }
        key.hasher.hash_one(name)
    }
}

fn microseconds(start: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(start).as_micros()).unwrap_or(u64::MAX / 2)
}

/// The buckets of beacons. A rate of 0 is none: everybody may send.
#[derive(Debug)]
pub struct RateLimits {
    per_site: Option<Rate>,
    sites: Vec<Bucket>,
    networks: Option<Buckets>,
    start: Instant,
}

impl RateLimits {
    /// For so many sites, with beacons a second; from `start` on.
    pub fn new(sites: usize, per_site: u64, per_network: u64, start: Instant) -> Self {
        Self {
            per_site: (per_site > 0).then(|| Rate::per_second(per_site)),
            sites: std::iter::repeat_with(Bucket::default).take(sites).collect(),
            networks: (per_network > 0).then(|| Buckets::new(Rate::per_second(per_network), start)),
            start,
        }
    }

    /// Whether a beacon of a site, by its index, may come from a network.
    pub fn allow(&self, site: u32, network: Option<&[u8]>, now: Instant) -> bool {
        let from_network = network.zip(self.networks.as_ref());
        from_network.is_none_or(|(network, buckets)| buckets.take(network, now).is_ok()) && self.allow_site(site, now)
    }

    fn allow_site(&self, site: u32, now: Instant) -> bool {
        let bucket = usize::try_from(site).ok().and_then(|site| self.sites.get(site));
        let limited = bucket.zip(self.per_site);
        limited.is_none_or(|(bucket, rate)| bucket.take(rate, microseconds(self.start, now)).is_ok())
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
    fn a_refusal_says_how_long_it_takes_until_there_is_a_token() {
        let start = Instant::now();
        let buckets = Buckets::new(Rate::at_once(3, 20), start);
        assert_eq!((0..3).filter(|_| buckets.take(b"ann", start).is_ok()).count(), 3);
        assert_eq!(buckets.take(b"ann", start), Err(Duration::from_secs(20)));
        assert_eq!(buckets.take(b"ann", start + Duration::from_secs(5)), Err(Duration::from_secs(15)));
        assert_eq!(buckets.take(b"bob", start), Ok(()), "another name");
        assert_eq!(buckets.take(b"ann", start + Duration::from_secs(20)), Ok(()));
        assert_eq!(buckets.take(b"ann", start + Duration::from_secs(20)), Err(Duration::from_secs(20)));
    }

    #[test]
    fn the_key_is_thrown_away_with_all_that_was_hashed_by_it() {
        let start = Instant::now();
        let buckets = Buckets::new(Rate::per_second(1), start);
        let first = buckets.hash(&[1, 2, 3], start);
        assert_eq!(buckets.hash(&[1, 2, 3], start + Duration::from_mins(59)), first);
        assert_eq!(buckets.take(&[192, 0, 2], start), Ok(()));
        assert_eq!(buckets.by_name.len(), 1);
        assert_ne!(buckets.hash(&[1, 2, 3], start + KEY_AGE_MAX), first);
        assert_eq!(buckets.by_name.len(), 0);
    }

    #[test]
    fn at_most_so_many_networks_are_remembered() {
        let (limits, start) = limits(0, 1);
        for network in 0..150_000_u32 {
            limits.allow(0, Some(&network.to_le_bytes()), start);
        }
        let remembered = limits.networks.map_or(0, |networks| networks.by_name.len());
        assert!((1..=NAMES_MAX).contains(&remembered), "{remembered}");
    }
}
