//! A trouble that lasts is told when it begins, once a minute while it lasts, and when it is over.

use std::time::Duration;

use tokio::time::Instant;

/// Pause between two lines about the same trouble.
const PAUSE: Duration = Duration::from_mins(1);

/// One kind of trouble.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    /// When it was told last, while it lasts.
    told: Option<Instant>,
    untold: u64,
}

impl Alarm {
    /// It is felt (again). If it is to be told now: how often it was felt since it was told last, this time left out.
    pub(super) fn felt(&mut self, now: Instant) -> Option<u64> {
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < PAUSE) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }

    /// It is over. Whether there was any.
    pub(super) fn is_over(&mut self) -> bool {
        self.untold = 0;
        self.told.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_at_its_beginning_every_minute_and_at_its_end() {
        let start = Instant::now();
        let mut alarm = Alarm::default();
        let told: Vec<_> = (0..=150).filter_map(|s| Some((s, alarm.felt(start + Duration::from_secs(s))?))).collect();
        assert_eq!(told, [(0, 0), (60, 59), (120, 59)]);
        assert!(alarm.is_over() && !alarm.is_over());
        assert_eq!(alarm.felt(start + Duration::from_secs(151)), Some(0), "a new one is told at once");
    }
}
