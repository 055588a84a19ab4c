//! Numbers, money, times and days in English, with as many digits as mean something.

use time::Date;

use super::Week;

/// Longest name of a page that is shown, in characters.
const NAME_CHARS_MAX: usize = 60;

/// A whole number with commas: 1,234.
pub(super) fn count(value: f64) -> String {
    let digits = format!("{:.0}", value.abs().round());
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    // There is no minus nought.
    let is_negative = value < 0.0 && digits.bytes().any(|digit| digit != b'0');
    if is_negative { format!("\u{2212}{grouped}") } else { grouped }
}

/// An estimate: to a tenth below ten.
pub(super) fn estimate(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    if tenths == 0.0 || tenths.abs() >= 10.0 {
        return count(value);
    }
    let sign = if tenths < 0.0 { "\u{2212}" } else { "" };
    format!("{sign}{:.1}", tenths.abs())
}

/// An interval.
pub(super) fn interval(lo: f64, hi: f64) -> String {
    format!("{} to {}", estimate(lo), estimate(hi))
}

/// Money, without cents from a hundred on.
pub(super) fn money(value: f64, currency: &str) -> String {
    let amount = if value.abs() >= 99.995 {
        count(value)
    } else {
        let sign = if value <= -0.005 { "\u{2212}" } else { "" };
        format!("{sign}{:.2}", value.abs())
    };
    format!("{currency}\u{a0}{amount}")
}

/// Seconds, as hours, or minutes where they are few.
pub(super) fn hours(seconds: f64) -> String {
    match seconds.abs() {
        few if few < 3600.0 => format!("{}\u{a0}min", count(seconds / 60.0)),
        _ => format!("{}\u{a0}h", estimate(seconds / 3600.0)),
    }
}

/// A share of 1.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", share * 100.0)
}

/// Milliseconds, as seconds.
pub(super) fn seconds(milliseconds: f64) -> String {
    format!("{:.2}\u{a0}s", milliseconds / 1000.0)
}

/// A week's days: 16 to 22 November 2026.
pub(super) fn days(week: Week) -> String {
    let (first, last) = (week.monday(), week.sunday());
    let day = |day: Date| format!("{} {}", day.day(), day.month());
    let first = match (first.year() == last.year(), first.month() == last.month()) {
        (true, true) => first.day().to_string(),
        (true, false) => day(first),
        (false, _) => format!("{} {}", day(first), first.year()),
    };
    format!("{first} to {} {}", day(last), last.year())
}

/// A name out of beacons on one line, without what would change how its surroundings are read, and not too long.
pub(super) fn name(text: &str) -> String {
    // Marks that turn the direction of what follows.
    let turns = |character: char| matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_break = |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
    let mut plain = text.chars().filter(|character| !turns(*character));
    let mut name: String =
        plain.by_ref().take(NAME_CHARS_MAX).map(|one| if is_break(one) { ' ' } else { one }).collect();
    if plain.next().is_some() {
        name.pop();
        name.push('\u{2026}');
    }
    name
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_mean_something() {
        for (value, text) in
            [(0.0, "0"), (-0.4, "0"), (999.6, "1,000"), (1_234_567.0, "1,234,567"), (-1234.0, "\u{2212}1,234")]
        {
            assert_eq!(count(value), text);
        }
        for (value, text) in [
            (0.04, "0"),
            (-0.04, "0"),
            (0.05, "0.1"),
            (9.94, "9.9"),
            (9.96, "10"),
            (-3.21, "\u{2212}3.2"),
            (123.4, "123"),
        ] {
            assert_eq!(estimate(value), text, "{value}");
        }
        assert_eq!(interval(-1.5, 20.0), "\u{2212}1.5 to 20");
        for (value, text) in [
            (0.0, "0.00"),
            (-0.001, "0.00"),
            (99.99, "99.99"),
            (99.999, "100"),
            (-5.5, "\u{2212}5.50"),
            (12_345.6, "12,346"),
        ] {
            assert_eq!(money(value, "EUR"), format!("EUR\u{a0}{text}"));
        }
        assert_eq!(
            (hours(3599.0).as_str(), hours(3600.0).as_str(), hours(360_000.0).as_str()),
            ("60\u{a0}min", "1.0\u{a0}h", "100\u{a0}h")
        );
        assert_eq!((percent(0.7654).as_str(), seconds(2345.0).as_str()), ("76.5\u{a0}%", "2.35\u{a0}s"));
    }

    #[test]
    fn days_name_a_month_and_a_year_once_where_once_is_enough() {
        let of = |day: &str| days(Week::of(day, date!(2030 - 01 - 01)).unwrap());
        assert_eq!(of("2026-11-18"), "16 to 22 November 2026");
        assert_eq!(of("2026-12-01"), "30 November to 6 December 2026");
        assert_eq!(of("2026-12-31"), "28 December 2026 to 3 January 2027");
    }

    #[test]
    fn a_name_is_one_line_of_at_most_60_characters_and_turns_nothing_around() {
        assert_eq!(name("/item/*"), "/item/*");
        assert_eq!(name("a\r\nb\u{202e}c\u{2028}d"), "a  bc d");
        assert_eq!(name("/\u{645}\u{646}"), "/\u{645}\u{646}");
        assert_eq!(name(&"x".repeat(60)), "x".repeat(60));
        assert_eq!(name(&"x".repeat(61)), format!("{}\u{2026}", "x".repeat(59)));
    }
}
