//! Trying passwords: how often, how many at a time, and always with the same work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::rate::{Buckets, Rate};

/// Tries of one network of clients: 20 at once, then one in 10 seconds.
const PER_NETWORK: Rate = Rate::at_once(20, 10);
/// Tries of one user's password, from wherever: 10 at once, then one in 20 seconds.
const PER_USER: Rate = Rate::at_once(10, 20);
/// Passwords that are hashed at the same time: each takes a core, and some 20 MiB.
const TURNS: usize = 2;
/// Logins that wait for their turn, beside those that have it.
const WAITING_MAX: usize = 16;
/// When to come back while all places are taken.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What bounds logins.
pub(super) struct Attempts {
    networks: Buckets,
    users: Buckets,
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// A turn, to be kept until the password is hashed: also where its client has gone away meanwhile.
pub(super) struct Turn {
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Attempts {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            networks: Buckets::new(PER_NETWORK, now),
            users: Buckets::new(PER_USER, now),
            turns: Arc::new(Semaphore::new(TURNS)),
            places: Arc::new(Semaphore::new(TURNS + WAITING_MAX)),
        }
    }

    /// Whether a network of clients may try a user's password once more; if not, after how long.
    pub(super) fn take(&self, network: Option<&[u8]>, user: &str, now: Instant) -> Result<(), Duration> {
        if let Some(network) = network {
            self.networks.take(network, now)?;
        }
        self.users.take(user.as_bytes(), now)
    }

    /// Waits for a turn; where too many wait already, says when to come back.
    pub(super) async fn turn(&self) -> Result<Turn, Duration> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| RETRY_AFTER)?;
        // The semaphore is never closed.
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| RETRY_AFTER)?;
        Ok(Turn { _turn: turn, _place: place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_tried_10_times_at_once_from_wherever_and_a_network_tries_20_times_whomever() {
        let now = Instant::now();
        let attempts = Attempts::new(now);
        for network in 0..10_u8 {
            assert_eq!(attempts.take(Some(&[network]), "ann", now), Ok(()), "{network}");
        }
        assert_eq!(attempts.take(Some(&[10]), "ann", now), Err(Duration::from_secs(20)));
        assert_eq!(attempts.take(None, "ann", now + Duration::from_secs(20)), Ok(()));
        for user in 0..20 {
            assert_eq!(attempts.take(Some(&[99]), &user.to_string(), now), Ok(()), "{user}");
        }
        assert_eq!(attempts.take(Some(&[99]), "bob", now), Err(Duration::from_secs(10)));
        assert_eq!(attempts.take(Some(&[98]), "bob", now), Ok(()));
    }

    #[tokio::test]
    async fn two_have_a_turn_16_wait_and_the_next_one_is_turned_away() {
        let attempts = Arc::new(Attempts::new(Instant::now()));
        let first = [attempts.turn().await.unwrap(), attempts.turn().await.unwrap()];
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let attempts = attempts.clone();
                tokio::spawn(async move { attempts.turn().await.map(drop) })
            })
            .collect();
        while attempts.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(attempts.turns.available_permits(), 0);
        assert_eq!(attempts.turn().await.map(drop), Err(RETRY_AFTER));
        drop(first);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Ok(()));
        }
        assert!(attempts.turn().await.is_ok());
    }
}
