//! What a view says of one key at one instant.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::alarm::{Key, Urgency};

/// What the view makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing is known yet: it neither begins nor ends an alarm.
    Learning,
    /// Nothing is wrong.
    Ok,
    /// Something is.
    Firing,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What it is about.
    pub key: Key,
    /// The judged instant, Unix seconds: the end of a slot or a minute.
    pub at: i64,
    /// What the view makes of it.
    pub verdict: Verdict,
    /// How urgent it would be.
    pub urgency: Urgency,
    /// Seconds before `at` in which what is wrong began, at the earliest.
    pub window_s: i64,
    /// What was observed; see the column of `alarms`.
    pub observed: f64,
    /// What was expected.
    pub expected: f64,
    /// Lower end of what was expected.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// How far from expected; a burn rate of errors.
    pub z: f64,
    /// What kind of failure it is mostly, of the network; else empty.
    pub detail: String,
}

impl Observation {
    /// How much it tells, against another row of its key with the same verdict.
    fn tells(&self) -> f64 {
        if self.z.is_finite() { self.z.abs() } else { 0.0 }
    }

    /// Of a drop: whether as much arrives again as is needed to call it over.
    pub fn has_recovered(&self) -> bool {
        !self.key.rule.is_drop() || self.observed >= RECOVERED_SHARE * self.expected
    }

    /// Of a drop: the lower the observed is, the more it says; of everything else, the higher.
    fn is_telling_more_than(&self, other: &Self) -> bool {
        if self.verdict != other.verdict {
            return self.verdict > other.verdict;
        }
        if self.verdict == Verdict::Firing || !self.key.rule.is_drop() {
            return self.tells() > other.tells();
        }
        // What says least that it is over.
        self.observed * other.expected.max(1.0) < other.observed * self.expected.max(1.0)
    }
}

/// The share of what is expected that must arrive for a drop to be over.
pub const RECOVERED_SHARE: f64 = 0.8;

/// Several rows of a key (windows, pairs of windows) at an instant become one: it fires when any does, at the highest of their urgencies, and began in the shortest
/// of their windows; its numbers are those of the row that tells most. Rows of several instants of a key: the last instant counts.
pub fn fold(rows: impl IntoIterator<Item = Observation>) -> Vec<Observation> {
    let mut folded: BTreeMap<Key, Observation> = BTreeMap::new();
    for row in rows {
        match folded.get_mut(&row.key) {
            None => {
                folded.insert(row.key.clone(), row);
            }
            Some(kept) if row.at != kept.at => {
                if row.at > kept.at {
                    *kept = row;
                }
            }
            Some(kept) => join(kept, row),
        }
    }
    folded.into_values().collect()
}

fn join(kept: &mut Observation, row: Observation) {
    let (urgency, window_s) = match kept.verdict.cmp(&row.verdict) {
        Ordering::Equal => (kept.urgency.min(row.urgency), kept.window_s.min(row.window_s)),
        Ordering::Greater => (kept.urgency, kept.window_s),
        Ordering::Less => (row.urgency, row.window_s),
    };
    if row.is_telling_more_than(kept) {
        *kept = row;
    }
    (kept.urgency, kept.window_s) = (urgency, window_s);
}

#[cfg(test)]
mod tests {
    use super::super::rule::Rule;
    use super::*;

    fn row(verdict: Verdict, window_s: i64, observed: f64, z: f64) -> Observation {
        Observation {
            key: Key::new(Rule::Volume, "DE", ""),
            at: 300,
            verdict,
            urgency: Urgency::Page,
            window_s,
            observed,
            expected: 100.0,
            lo: 50.0,
            hi: 150.0,
            z,
            detail: String::new(),
        }
    }

    #[test]
    fn it_fires_when_any_of_its_windows_does_and_keeps_what_tells_most() {
        let folded = fold([
            row(Verdict::Ok, 300, 90.0, -0.5),
            row(Verdict::Firing, 3600, 40.0, -6.0),
            row(Verdict::Firing, 900, 50.0, -5.0),
            row(Verdict::Learning, 300, 0.0, -9.0),
        ]);
        assert_eq!(folded.len(), 1);
        let it = &folded[0];
        assert_eq!((it.verdict, it.window_s, it.observed), (Verdict::Firing, 900, 40.0));
    }

    #[test]
    fn of_windows_that_are_well_the_one_that_has_least_counts() {
        let folded = fold([row(Verdict::Ok, 300, 90.0, -0.5), row(Verdict::Ok, 3600, 79.0, -0.4)]);
        assert!(!folded[0].has_recovered());
        let folded = fold([row(Verdict::Ok, 300, 80.0, -0.5), row(Verdict::Ok, 3600, 99.0, -3.0)]);
        assert!(folded[0].has_recovered());
    }

    #[test]
    fn a_page_is_a_page_though_a_ticket_tells_more_and_the_last_instant_counts() {
        let errors = |urgency, z| Observation {
            key: Key::new(Rule::Errors, "", ""),
            urgency,
            ..row(Verdict::Firing, 300, 30.0, z)
        };
        let folded = fold([errors(Urgency::Ticket, 20.0), errors(Urgency::Page, 15.0)]);
        assert_eq!((folded[0].urgency, folded[0].z), (Urgency::Page, 20.0));
        let later = Observation { at: 600, ..row(Verdict::Ok, 300, 100.0, 0.0) };
        assert_eq!(fold([later.clone(), row(Verdict::Firing, 300, 0.0, -9.0)]), [later]);
    }
}
