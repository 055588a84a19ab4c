//! What time it is for the watch.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Names a file with an instant, RFC 3339 or Unix seconds: the watch then judges whenever that changes, and its lease is short. For tests alone.
const HELD: &str = "SLOWTAX_TEST_CLOCK";
/// Judged is so long after the minute's begin: page views of the minute before are judged half a minute after it ([`super::rule::Rule::settle_s`]).
const AFTER_MINUTE: Duration = Duration::from_secs(31);
/// Pause between two looks at a held clock.
const HELD_PAUSE: Duration = Duration::from_millis(100);

/// How long the watch waits for what happens in the world, which goes on whatever a held clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Pause between two probes.
    pub probe_pause: Duration,
    /// The probe must have failed for so long, in seconds.
    pub probe_fails_s: u64,
    /// Rows that have waited longer in the spool look as if they had not come.
    pub late: Duration,
}

impl Patience {
    const USUAL: Self = Self { probe_pause: Duration::from_secs(30), probe_fails_s: 90, late: Duration::from_mins(1) };

    /// Much less, where a test holds the clock and waits.
    const SHORT: Self = Self { probe_pause: Duration::from_secs(1), probe_fails_s: 3, late: Duration::from_secs(6) };
}

/// The system's clock, or one that a test holds.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's.
    System,
    /// One in a file.
    Held(PathBuf),
}

impl Clock {
    /// By the environment.
    pub fn from_environment() -> Self {
        std::env::var_os(HELD).map_or(Self::System, |path| Self::Held(path.into()))
    }

    /// Whether a test holds it.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// See [`Patience`].
    pub fn patience(&self) -> Patience {
        if self.is_held() { Patience::SHORT } else { Patience::USUAL }
    }

    /// Unix seconds; `None` where a held clock shows nothing yet.
    pub fn now(&self) -> Option<i64> {
        match self {
            Self::System => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(now.as_secs()).ok()
            }
            Self::Held(path) => instant(std::fs::read_to_string(path).ok()?.trim()),
        }
    }

    /// How long to wait before the next judgement, or look at a held clock.
    pub fn pause(&self) -> Duration {
        match self {
            Self::System => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                until_next(now)
            }
            Self::Held(_) => HELD_PAUSE,
        }
    }
}

/// Until [`AFTER_MINUTE`] into the next minute, at least a second.
fn until_next(now: Duration) -> Duration {
    let (minute_ms, after_ms) = (Duration::from_mins(1).as_millis(), AFTER_MINUTE.as_millis());
    let into_ms = (now.as_millis() + minute_ms - after_ms) % minute_ms;
    let left_ms = u64::try_from(minute_ms - into_ms).unwrap_or(0);
    Duration::from_millis(left_ms).max(Duration::from_secs(1))
}

/// An instant as somebody writes it: RFC 3339, or Unix seconds.
pub fn instant(text: &str) -> Option<i64> {
    let rfc3339 = || Some(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp());
    text.parse().ok().or_else(rfc3339)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_until_half_a_minute_is_over() {
        for (now_s, expected_s) in [(0, 31), (30, 1), (31, 60), (32, 59), (90, 1), (91, 60)] {
            assert_eq!(until_next(Duration::from_secs(now_s)), Duration::from_secs(expected_s), "{now_s}");
        }
        assert_eq!(until_next(Duration::from_millis(30_900)), Duration::from_secs(1));
    }

    #[test]
    fn an_instant_is_written_in_either_way() {
        assert_eq!(instant("1798156800"), Some(1_798_156_800));
        assert_eq!(instant("2026-12-25T00:00:00Z"), Some(1_798_156_800));
        assert_eq!(instant("Christmas"), None);
    }
}
