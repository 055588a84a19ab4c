//! What is said of an alarm and an incident, in a sentence of plain text. Names of pages come from outside: they are text here, and whoever shows it escapes it.

use std::collections::BTreeSet;

use super::alarm::{Alarm, State};
use super::rule::Rule;

/// Most names that are written out.
const NAMES_MAX: usize = 5;
/// Longest name of a page group, in characters.
const NAME_MAX: usize = 100;

/// What an alarm says.
pub(super) fn alarm(alarm: &Alarm, detail: &str) -> String {
    let Alarm { rule, observed, expected, lo, hi, z, .. } = alarm;
    let is_over = alarm.state == State::Resolved;
    let place = place(&alarm.country, &alarm.page_group);
    let subject = if is_over { over(*rule) } else { subject(*rule) };
    let numbers = match rule {
        Rule::Volume | Rule::VolumePages | Rule::Orders => {
            format!(
                "{} came, {} were expected ({} to {})",
                number(*observed),
                number(*expected),
                number(*lo),
                number(*hi)
            )
        }
        Rule::Errors => format!(
            "{} errors where the objective allows {} (burn rate {})",
            number(*observed),
            number(*expected),
            number(*z)
        ),
        Rule::Speed | Rule::Drift => format!(
            "{} % of the views took over 2.5 s, {} % do so usually",
            number(observed * 100.0),
            number(expected * 100.0)
        ),
        Rule::Network => {
            let mostly = if detail.is_empty() { String::new() } else { format!(", mostly {}", plain(detail)) };
            format!("{} failures{mostly}; {} are usual", number(*observed), number(*expected))
        }
        Rule::Probe if is_over => "it is reached again through its public URL".to_owned(),
        Rule::Probe => format!("not reached through its public URL for {} s", number(*observed)),
    };
    format!("{subject}{place}: {numbers}")
}

/// What is said of an alarm whose key has had no row for a day.
pub(super) fn gone(alarm: &Alarm) -> String {
    format!("{}{}: nothing to compare with any more", over(alarm.rule), place(&alarm.country, &alarm.page_group))
}

/// What an incident is called.
pub(super) fn incident(rules: &[Rule], countries: &BTreeSet<String>, page_groups: &BTreeSet<String>) -> String {
    let gravest = rules.iter().min().copied().unwrap_or(Rule::Volume);
    let names = |names: &BTreeSet<String>| {
        let shown: Vec<String> = names.iter().take(NAMES_MAX).map(|name| plain(name)).collect();
        let more = names.len().saturating_sub(NAMES_MAX);
        shown.join(", ") + &(if more > 0 { format!(" and {more} more") } else { String::new() })
    };
    let place = if countries.contains("") {
        String::new()
    } else if !countries.is_empty() {
        format!(" in {}", names(countries))
    } else if !page_groups.is_empty() {
        format!(" on {}", names(page_groups))
    } else {
        String::new()
    };
    subject(gravest).to_owned() + &place
}

fn subject(rule: Rule) -> &'static str {
    match rule {
        Rule::Volume | Rule::VolumePages => "Page views stay away",
        Rule::Orders => "Orders stay away",
        Rule::Errors => "Errors",
        Rule::Speed => "Pages are slow",
        Rule::Drift => "Pages become slower",
        Rule::Network => "Browsers do not reach the site",
        Rule::Probe => "The collector cannot be reached",
    }
}

fn over(rule: Rule) -> &'static str {
    match rule {
        Rule::Volume | Rule::VolumePages => "Page views are back",
        Rule::Orders => "Orders are back",
        Rule::Errors => "Errors are over",
        Rule::Speed | Rule::Drift => "Pages are as fast as usual",
        Rule::Network => "Browsers reach the site again",
        Rule::Probe => "The collector can be reached",
    }
}

fn place(country: &str, page_group: &str) -> String {
    match (country, page_group) {
        ("", "") => String::new(),
        ("", page) => format!(" on {}", plain(page)),
        (country, _) => format!(" in {}", plain(country)),
    }
}

/// One line, without what a terminal would obey.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(NAME_MAX).collect()
}

/// To one digit after the point where it is small.
fn number(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 10.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_precise_as_one_needs() {
        let written: Vec<String> = [0.0, 2.44, 9.96, 12.6, 1234.5].map(number).into_iter().collect();
        assert_eq!(written, ["0", "2.4", "10.0", "13", "1234"]);
    }

    #[test]
    fn an_incident_is_called_by_its_gravest_rule_and_its_places() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let none = set(&[]);
        let title = incident(&[Rule::Orders, Rule::Volume], &set(&["FR", "DE"]), &set(&["/a"]));
        assert_eq!(title, "Page views stay away in DE, FR");
        assert_eq!(incident(&[Rule::Speed], &set(&["", "DE"]), &none), "Pages are slow");
        assert_eq!(incident(&[Rule::VolumePages], &none, &set(&["/a\u{1b}[31m"])), "Page views stay away on /a[31m");
        let many = set(&["A", "B", "C", "D", "E", "F", "G"]);
        assert_eq!(incident(&[Rule::Errors], &many, &none), "Errors in A, B, C, D, E and 2 more");
    }
}
