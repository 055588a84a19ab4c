//! An alarm, as it stands in the table `alarms`.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::rule::Rule;

/// What an alarm is about, in its site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The rule.
    pub rule: Rule,
    /// ISO 3166-1 alpha-2; empty: all together.
    pub country: String,
    /// The page group, as pages call it; empty: all together.
    pub page_group: String,
}

impl Key {
    /// Of a rule, a country and a page group.
    pub fn new(rule: Rule, country: &str, page_group: &str) -> Self {
        Self { rule, country: country.to_owned(), page_group: page_group.to_owned() }
    }

    /// Whether it is of all together.
    pub fn is_total(&self) -> bool {
        self.country.is_empty() && self.page_group.is_empty()
    }
}

/// Names what is watched: 16 hexadecimal digits, the first 8 bytes of the SHA-256 of site, rule, country and page group with NUL between them.
pub fn fingerprint(site: &str, key: &Key) -> String {
    let text = [site, key.rule.name(), &key.country, &key.page_group].join("\0");
    hex(&Sha256::digest(text)[..8])
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How urgent; the more urgent is the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Somebody should look now.
    Page,
    /// Somebody should look one of these days.
    Ticket,
}

impl Urgency {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// Where an alarm stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds, and something holds it back.
    Pending,
    /// It was told.
    Firing,
    /// It is over.
    Resolved,
}

/// A row of `alarms`, but for its site. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// See [`fingerprint`].
    pub fingerprint: String,
    /// The judged instant at which it began.
    pub opened_at: i64,
    /// The rule.
    pub rule: Rule,
    /// The country; empty: all together.
    pub country: String,
    /// The page group; empty: all together.
    pub page_group: String,
    /// The most urgent that it has been.
    pub urgency: Urgency,
    /// Where it stands.
    pub state: State,
    /// When it was first told.
    pub fired_at: Option<i64>,
    /// The first of the instants that were judged well.
    pub resolved_at: Option<i64>,
    /// The last instant that was judged.
    pub judged_at: i64,
    /// What was observed then.
    pub observed: f64,
    /// What was expected.
    pub expected: f64,
    /// Lower end of what was expected.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// How far from expected.
    pub z: f64,
    /// One sentence.
    pub summary: String,
    /// Empty: none.
    pub incident_id: String,
    /// Why it is not told; empty: nothing holds it back.
    pub held_back_by: String,
    /// When it was told last.
    pub notified_at: Option<i64>,
    /// How often it was told, its end left out.
    pub notifications: u32,
    /// Grows with each row that is written.
    pub version: u64,
    /// The instants in a row that were judged well, and the first of them. Not in the table: after a restart they are counted anew, so that an alarm may end some
    /// minutes later, and never earlier.
    #[serde(skip)]
    pub calm: Calm,
    /// Seconds before `opened_at` in which it began, at the earliest. Not in the table.
    #[serde(skip)]
    pub window_s: i64,
}

/// How well the last instants were judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calm {
    /// How many in a row were well enough to count towards the end.
    pub instants: u32,
    /// The first of them.
    pub since: i64,
    /// The last one was no firing one.
    pub is_well: bool,
}

impl Alarm {
    /// What it is about.
    pub fn key(&self) -> Key {
        Key { rule: self.rule, country: self.country.clone(), page_group: self.page_group.clone() }
    }

    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        self.state != State::Resolved
    }

    /// Whether it was told, and its end is to be told, too.
    pub fn was_told(&self) -> bool {
        self.fired_at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_all_four_and_not_of_how_they_are_split() {
        let one = fingerprint("shop", &Key::new(Rule::Volume, "DE", ""));
        assert_eq!(one.len(), 16);
        // printf 'shop\0volume\0DE\0' | sha256sum
        assert_eq!(one, FINGERPRINT);
        let others = [
            fingerprint("shop2", &Key::new(Rule::Volume, "DE", "")),
            fingerprint("shop", &Key::new(Rule::Orders, "DE", "")),
            fingerprint("shop", &Key::new(Rule::Volume, "", "DE")),
            fingerprint("shop", &Key::new(Rule::Volume, "D", "E")),
        ];
        assert!(!others.contains(&one), "{others:?}");
    }

    const FINGERPRINT: &str = "515e24bd1dff8394";

    #[test]
    fn ten_thousand_keys_have_ten_thousand_fingerprints() {
        let keys = (0..10_000).map(|page| Key::new(Rule::VolumePages, "", &format!("/{page}")));
        let all: std::collections::BTreeSet<String> = keys.map(|key| fingerprint("shop", &key)).collect();
        assert_eq!(all.len(), 10_000);
    }
}
