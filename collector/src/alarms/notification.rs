//! What is told of an alarm.

use serde::{Deserialize, Deserializer, Serialize};

/// Why it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The alarm has begun.
    Fired,
    /// It has not ended yet.
    Again,
    /// It has ended.
    Resolved,
}

impl Kind {
    /// A fixed name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Again => "again",
            Self::Resolved => "resolved",
        }
    }
}

/// What is told of an alarm, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Unique: the same is never sent twice to a receiver. `<fingerprint>-<opened_at unix>-<fired|again-N|resolved>`.
    pub id: String,
    /// Why it is told.
    pub kind: Kind,
    /// The site's key.
    pub site: String,
    /// The rule's name, such as `volume`.
    pub rule: String,
    /// ISO 3166 code; empty: all countries together.
    pub country: String,
    /// Empty: all pages together.
    pub page_group: String,
    /// `page`: somebody must look now; `ticket`: somebody must look.
    pub urgency: String,
    /// Which alarm of all, 16 hexadecimal digits.
    pub fingerprint: String,
    /// The incident that the alarm belongs to.
    pub incident_id: String,
    /// One sentence, plain text.
    pub summary: String,
    /// When it began, Unix seconds.
    pub started_at: i64,
    /// The instant that was judged, Unix seconds.
    pub judged_at: i64,
    /// When it ended, Unix seconds.
    pub ended_at: Option<i64>,
    /// What was seen.
    #[serde(deserialize_with = "number_or_unknown")]
    pub observed: f64,
    /// What was to be expected.
    #[serde(deserialize_with = "number_or_unknown")]
    pub expected: f64,
    /// The lower end of what would have been usual.
    #[serde(deserialize_with = "number_or_unknown")]
    pub lo: f64,
    /// The upper end.
    #[serde(deserialize_with = "number_or_unknown")]
    pub hi: f64,
    /// Address of the report, or empty.
    pub link: String,
}

/// JSON has no word for what is no number, and writes null.
fn number_or_unknown<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One of an alarm of site `shop` on `volume` in Germany.
    pub(crate) fn notification(kind: Kind, fingerprint: u64, judged_at: i64) -> Notification {
        let suffix = match kind {
            Kind::Again => format!("again-{judged_at}"),
            other => other.name().to_owned(),
        };
        Notification {
            id: format!("{fingerprint:016x}-1795000000-{suffix}"),
            kind,
            site: "shop".to_owned(),
            rule: "volume".to_owned(),
            country: "DE".to_owned(),
            page_group: String::new(),
            urgency: "page".to_owned(),
            fingerprint: format!("{fingerprint:016x}"),
            incident_id: "20261118-0826-1a2b".to_owned(),
            summary: "Page views from Germany: 3 in 5 minutes, where 40 are usual".to_owned(),
            started_at: 1_795_000_000,
            judged_at,
            ended_at: (kind == Kind::Resolved).then_some(judged_at),
            observed: 3.0,
            expected: 40.5,
            lo: 29.0,
            hi: 54.0,
            link: "https://rum.example.com/?site=shop".to_owned(),
        }
    }

    #[test]
    fn what_is_no_number_is_read_back_as_not_known() {
        let told =
            Notification { expected: f64::NAN, hi: f64::INFINITY, ..notification(Kind::Fired, 1, 1_795_000_300) };
        let read: Notification = serde_json::from_str(&serde_json::to_string(&told).unwrap()).unwrap();
        assert!(read.expected.is_nan() && read.hi.is_nan());
        assert_eq!(
            Notification { expected: 40.5, hi: 54.0, ..read },
            Notification { expected: 40.5, hi: 54.0, ..told }
        );
    }
}
