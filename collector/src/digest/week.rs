//! Whole weeks, Monday to Sunday in UTC (ISO 8601).

use time::macros::format_description;
use time::{Date, Duration};

/// A week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    monday: Date,
}

/// Why there is no such week.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeekError {
    /// The text is no day.
    #[error("{0} is no day such as 2026-11-23")]
    NoDay(String),
    /// Its last day is today, or to come.
    #[error("the week from {0} on is not over yet")]
    NotOver(Date),
    /// At one of the two ends of the calendar.
    #[error("there is no such week")]
    None,
}

impl Week {
    /// The one that a day is in, which must be over. `today` is in UTC.
    pub fn of(day: &str, today: Date) -> Result<Self, WeekError> {
        let parsed = Date::parse(day, format_description!("[year]-[month]-[day]"));
        let parsed = parsed.ok().filter(|day| (1970..2149).contains(&day.year()));
        let week = Self::with(parsed.ok_or_else(|| WeekError::NoDay(day.to_owned()))?)?;
        if today < week.next_monday() { Err(WeekError::NotOver(week.monday)) } else { Ok(week) }
    }

    /// The last one that is over.
    pub fn last_whole(today: Date) -> Result<Self, WeekError> {
        Self::with(today)?.before()
    }

    /// The one before.
    pub fn before(self) -> Result<Self, WeekError> {
        self.monday.checked_sub(Duration::WEEK).map(|monday| Self { monday }).ok_or(WeekError::None)
    }

    fn with(day: Date) -> Result<Self, WeekError> {
        let since_monday = Duration::days(i64::from(day.weekday().number_days_from_monday()));
        day.checked_sub(since_monday).map(|monday| Self { monday }).ok_or(WeekError::None)
    }

    /// Its first day.
    pub fn monday(self) -> Date {
        self.monday
    }

    /// Its last day.
    pub fn sunday(self) -> Date {
        self.monday.saturating_add(Duration::days(6))
    }

    /// The day after it.
    pub fn next_monday(self) -> Date {
        self.monday.saturating_add(Duration::WEEK)
    }

    /// Its number in its year, from 1 to 53.
    pub fn number(self) -> u8 {
        self.monday.iso_week()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn any_day_of_a_week_names_it_from_monday_to_sunday() {
        let today = date!(2026 - 11 - 30);
        for day in ["2026-11-16", "2026-11-18", "2026-11-22"] {
            let week = Week::of(day, today).unwrap();
            assert_eq!((week.monday(), week.sunday()), (date!(2026 - 11 - 16), date!(2026 - 11 - 22)), "{day}");
            assert_eq!((week.next_monday(), week.number()), (date!(2026 - 11 - 23), 47), "{day}");
        }
        assert_eq!(Week::of("2027-01-01", date!(2027 - 02 - 01)).unwrap().monday(), date!(2026 - 12 - 28));
        assert_eq!(Week::of("2027-01-01", date!(2027 - 02 - 01)).unwrap().number(), 53);
    }

    #[test]
    fn a_week_is_over_on_the_monday_after_it() {
        assert_eq!(Week::of("2026-11-16", date!(2026 - 11 - 22)), Err(WeekError::NotOver(date!(2026 - 11 - 16))));
        assert!(Week::of("2026-11-16", date!(2026 - 11 - 23)).is_ok());
        assert_eq!(Week::last_whole(date!(2026 - 11 - 22)).unwrap().monday(), date!(2026 - 11 - 09));
        assert_eq!(Week::last_whole(date!(2026 - 11 - 23)).unwrap().monday(), date!(2026 - 11 - 16));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for day in ["", "last", "2026-02-30", "2026-W47", "1969-12-31", "2149-01-01", "-0001-01-01"] {
            assert_eq!(Week::of(day, date!(2026 - 11 - 23)), Err(WeekError::NoDay(day.to_owned())));
        }
    }
}
