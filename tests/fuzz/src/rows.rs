//! The way of a body through `enrich`: what is refused is refused with a reason, and what is taken becomes rows within their limits.

use beacon_format::decode;
use collector::Reject;
use collector::enrich::client_hints::ClientHints;
use collector::enrich::{Reports, RequestFacts, enrich, enrich_reports};
use collector::store::rows::Tables;
use serde_json::Value;

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

/// A body in the format of browsers' own reports. Each report becomes what it would have become alone: none takes another one with it.
pub fn reports(input: &[u8]) {
    let facts = RequestFacts { client: None, user_agent: "", hints: ClientHints::default(), received_ms: NOW };
    let told = |body: &[u8]| enrich_reports(body, &facts, &SITE, &TOOLS);
    match told(input) {
        Ok(reports) => {
            assert!(reports.rows.len() + reports.refused.len() <= 100);
            assert!(reports.rows.iter().all(|row| (0.001..=1.0).contains(&row.sampling_fraction)));
            assert!(reports.rows.iter().all(|row| !row.report_type.is_empty()));
            assert!(reports.refused.iter().all(|reject| matches!(reject, Reject::BadJson | Reject::TooOld)));
            let mut singly = Reports::default();
            for report in serde_json::from_slice::<Vec<Value>>(input).into_iter().flatten() {
                match told(Value::Array(vec![report]).to_string().as_bytes()) {
                    Ok(mut one) => {
                        singly.rows.append(&mut one.rows);
                        singly.refused.append(&mut one.refused);
                    }
                    Err(reject) => unreachable!("{reject:?}: an array of one report is refused as a whole"),
                }
            }
            let is_array = input.trim_ascii_start().first() == Some(&b'[');
            assert!(!is_array || singly == reports);
            assert!(is_array || reports.rows.len() + reports.refused.len() == 1);
            row_limits::hold(&Tables { browser_reports: reports.rows, ..Tables::default() });
        }
        Err(Reject::Empty) => assert!(input.is_empty()),
        Err(reject) => assert!(matches!(reject, Reject::BadJson | Reject::OutOfRange), "{reject:?}"),
    }
}
