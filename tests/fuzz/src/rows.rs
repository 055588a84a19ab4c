//! The way of a body through `enrich`: what is refused is refused with a reason, and what is taken becomes rows within their limits.

use beacon_format::decode;
use collector::Reject;
use collector::enrich::client_hints::ClientHints;
use collector::enrich::{RequestFacts, enrich, enrich_reports};
use collector::store::rows::Tables;

use crate::{NOW, SITE, TOOLS, first_line, row_limits};

/// A user agent in the first line, and a beacon in any encoding behind it.
pub fn beacon(input: &[u8]) {
    let (user_agent, body) = first_line(input);
    let Ok(beacon) = decode(body) else { return };
    let user_agent = String::from_utf8_lossy(user_agent);
    let facts = RequestFacts { client: None, user_agent: &user_agent, hints: ClientHints::default(), received_ms: NOW };
    match enrich(&beacon, &facts, &SITE, &TOOLS) {
        Ok(rows) => {
            assert_eq!(rows.page_view.is_some(), beacon.view.is_some());
            assert_eq!(rows.resources.len(), beacon.resources.entries.len());
            assert_eq!((rows.goals.len(), rows.errors.len()), (beacon.goals.len(), beacon.errors.len()));
            row_limits::hold(&rows.into());
        }
        Err(reject) => assert_eq!(reject, Reject::TooOld),
    }
}

/// A body in the format of browsers' own reports.
pub fn reports(input: &[u8]) {
    let facts = RequestFacts { client: None, user_agent: "", hints: ClientHints::default(), received_ms: NOW };
    match enrich_reports(input, &facts, &SITE, &TOOLS) {
        Ok(rows) => {
            assert!(rows.len() <= 100);
            assert!(rows.iter().all(|row| row.sampling_fraction > 0.0 && row.sampling_fraction <= 1.0));
            row_limits::hold(&Tables { browser_reports: rows, ..Tables::default() });
        }
        Err(Reject::Empty) => assert!(input.is_empty()),
        Err(reject) => assert!(matches!(reject, Reject::BadJson | Reject::OutOfRange | Reject::TooOld), "{reject:?}"),
    }
}
