//! What is watched for.

use serde::{Deserialize, Serialize};

/// A rule: a view that says whether something is wrong, or the collector's own probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The collector cannot be reached from outside.
    Probe,
    /// Page views stay away, of a country or of all.
    Volume,
    /// Page views of a page group stay away.
    VolumePages,
    /// Orders stay away.
    Orders,
    /// Browsers do not reach the site.
    Network,
    /// Errors burn what the objective allows.
    Errors,
    /// More views are slow than usual.
    Speed,
    /// Views become slower by little and little.
    Drift,
}

impl Rule {
    /// Every rule, those first that hold others back.
    pub const ALL: [Self; 8] = [
        Self::Probe,
        Self::Volume,
        Self::VolumePages,
        Self::Orders,
        Self::Network,
        Self::Errors,
        Self::Speed,
        Self::Drift,
    ];

    /// Its name in tables, notifications and silences.
    pub fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Volume => "volume",
            Self::VolumePages => "volume_pages",
            Self::Orders => "orders",
            Self::Network => "network",
            Self::Errors => "errors",
            Self::Speed => "speed",
            Self::Drift => "drift",
        }
    }

    /// The rule with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// Whether it says that less arrives than should.
    pub fn is_drop(self) -> bool {
        matches!(self, Self::Volume | Self::VolumePages | Self::Orders)
    }

    /// Whether rows that ClickHouse does not have yet look like what it watches for.
    pub fn suffers_from_late_rows(self) -> bool {
        self.is_drop() || self == Self::Speed
    }

    /// Seconds between two instants that it judges.
    pub fn pace_s(self) -> i64 {
        match self {
            Self::Probe | Self::Volume => 60,
            Self::Drift => 3600,
            _ => 300,
        }
    }

    /// Seconds after its end from which on an instant is judged, see the views.
    pub fn settle_s(self) -> i64 {
        match self {
            Self::Drift => 0,
            Self::Volume => 30,
            _ => 60,
        }
    }

    /// Seconds for which all must be well before an alarm ends: what judges by the minute looks at the same views again and again.
    pub fn calm_s(self) -> i64 {
        match self {
            Self::Probe => 120,
            Self::Drift => 7200,
            _ => 600,
        }
    }

    /// The rules whose alarms are of one family: one of these that is of more holds back those that are of less.
    #[must_use]
    pub fn family(self) -> Self {
        if self == Self::VolumePages { Self::Volume } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_written_by_its_name() {
        for rule in Rule::ALL {
            assert_eq!(serde_json::to_string(&rule).unwrap(), format!("\"{}\"", rule.name()));
            assert_eq!(Rule::named(rule.name()), Some(rule));
        }
        assert_eq!(Rule::named("Volume"), None);
    }
}
