//! The stub's own form: `{"s":[...]}`, what the browser's script knows when its page is hidden before the wasm core is there.
//!
//! The stub must be tiny, so it computes nothing, cleans nothing and names nothing: it tells a list of raw values, the browser's
//! navigation entry among them. This is where they become a beacon. In the browser `beacon-wasm/js/core.js` does the same with the
//! same list, and a browser test holds the two against each other.
//!
//! **The list**, in order. Times are milliseconds with fractions after the document's time origin; `?` may be `null`.
//! The navigation entry; when the view began (0 unless it was restored from the back/forward cache); now; the site; the begin in Unix
//! milliseconds; session id; view id; seq; reason; path; page name?; the referrer's host?; number in the session; first hidden?;
//! the LCP that an earlier snapshot told?; the previous view?; FCP?; LCP?; goals (name, -, value, time, earlier views); settings (key,
//! value, -, -), the latest first; errors (message, -, -, time).
//! An earlier view: begin in Unix milliseconds, page name?, path, number in the session, LCP.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::types::{
    Beacon, Context, DeliveryType, EarlierView, ErrorKind, Goal, Head, Id, Nav, NavigationTiming, NavigationType,
    PageError, PageName, PageView, Reason, Resources, WebVitals,
};
use crate::{DecodeError, limits};

/// What a body in this form begins with.
pub(crate) const START: &[u8] = b"{\"s\":[";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    s: List,
}

#[derive(Deserialize)]
struct List(
    Entry,
    f64,
    f64,
    String,
    f64,
    Id,
    Id,
    f64,
    u8,
    String,
    Option<String>,
    Option<String>,
    f64,
    Option<f64>,
    Option<f64>,
    Option<Earlier>,
    Option<f64>,
    Option<f64>,
    Vec<GoalCall>,
    Vec<SettingCall>,
    Vec<ErrorCall>,
);

/// Name, -, value, time, earlier views.
#[derive(Deserialize)]
struct GoalCall(String, IgnoredAny, Option<f64>, f64, Vec<Earlier>);

/// Key, value, -, -.
#[derive(Deserialize)]
struct SettingCall(String, String, IgnoredAny, IgnoredAny);

/// Message, -, -, time.
#[derive(Deserialize)]
struct ErrorCall(String, IgnoredAny, IgnoredAny, f64);

#[derive(Deserialize)]
struct Earlier(f64, Option<String>, String, f64, f64);

/// `PerformanceNavigationTiming.toJSON()`. What is not named here is left alone: browsers add to it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    activation_start: f64,
    redirect_start: f64,
    redirect_end: f64,
    worker_start: f64,
    fetch_start: f64,
    domain_lookup_start: f64,
    domain_lookup_end: f64,
    connect_start: f64,
    secure_connection_start: f64,
    connect_end: f64,
    request_start: f64,
    first_interim_response_start: f64,
    response_start: f64,
    response_end: f64,
    dom_interactive: f64,
    dom_content_loaded_event_start: f64,
    dom_content_loaded_event_end: f64,
    dom_complete: f64,
    load_event_start: f64,
    load_event_end: f64,
    redirect_count: f64,
    transfer_size: f64,
    encoded_body_size: f64,
    decoded_body_size: f64,
    response_status: f64,
    next_hop_protocol: String,
    delivery_type: String,
    r#type: String,
}

pub(crate) fn decode_stub(body: &[u8]) -> Result<Beacon<'static>, DecodeError> {
    let told: Told = serde_json::from_slice(&whole_characters(body)).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => DecodeError::Truncated,
        _ => DecodeError::BadJson,
    })?;
    let List(
        entry,
        zero,
        now,
        site,
        started,
        session_id,
        view_id,
        seq,
        reason,
        path,
        name,
        referrer_host,
        number,
        hidden_at,
        counted,
        previous,
        fcp,
        lcp,
        goals,
        settings,
        errors,
    ) = told.s;
    let after_activation = |time: f64| ms(time - entry.activation_start);
    // Browsers have been seen to give 0, negative and future values.
    let is_sound = zero == 0.0 && entry.response_start > 0.0 && entry.response_start < now;
    let ms_of_view = |time: f64| ms(time - zero);
    Ok(Beacon {
        head: Head {
            site: clean(site, limits::SITE_BYTES_MAX),
            time_origin_ms: large(started),
            sent_after_ms: ms_of_view(now),
            session_id,
            view_id,
            seq: small(seq),
            reason: Reason::from_byte(reason).ok_or(DecodeError::OutOfRange)?,
            weight: 1,
            simulated: false,
        },
        view: Some(PageView {
            path: named(path, limits::PATH_BYTES_MAX),
            name: name.map(|name| named(name, limits::NAME_BYTES_MAX)),
            referrer_host: clean(referrer_host.unwrap_or_default(), limits::HOST_BYTES_MAX),
            nav: nav(number),
            navigation_type: entry.navigation_type(zero),
            view_number: small(number).max(1),
            http_status: small(entry.response_status),
            hidden_at_start: hidden_at.is_some_and(|time| time <= zero),
            hidden_at_ms: hidden_at.map(ms_of_view),
            counted_lcp_ms: counted.map(after_activation),
            previous: previous.map(earlier_view),
        }),
        vitals: WebVitals {
            ttfb_ms: is_sound.then(|| after_activation(entry.response_start)),
            fcp_ms: fcp.map(after_activation),
            lcp_ms: lcp.map(after_activation),
            ..WebVitals::default()
        },
        goals: goals
            .into_iter()
            .map(|GoalCall(name, _, value, time, views)| Goal {
                name: named(name, limits::NAME_BYTES_MAX),
                value: value.unwrap_or_default().clamp(-limits::GOAL_VALUE_MAX, limits::GOAL_VALUE_MAX),
                at_ms: ms_of_view(time),
                earlier_views: views.into_iter().map(earlier_view).collect(),
            })
            .collect(),
        navigation: is_sound.then(|| entry.timing()),
        context: context(settings),
        errors: errors
            .into_iter()
            .map(|ErrorCall(message, _, _, time)| PageError {
                kind: ErrorKind::Reported,
                at_ms: ms_of_view(time),
                message: clean(message, limits::MESSAGE_BYTES_MAX),
                count: 1,
                ..PageError::default()
            })
            .collect(),
        resources: Resources::default(),
    })
}

impl Entry {
    fn navigation_type(&self, zero: f64) -> NavigationType {
        match self.r#type.as_str() {
            _ if zero > 0.0 => NavigationType::BackForwardCache,
            _ if self.activation_start > 0.0 => NavigationType::Prerender,
            "reload" => NavigationType::Reload,
            "back_forward" => NavigationType::BackForward,
            _ => NavigationType::Navigate,
        }
    }

    fn timing(&self) -> NavigationTiming<'static> {
        NavigationTiming {
            activation_start: ms(self.activation_start),
            redirect_start: ms(self.redirect_start),
            redirect_end: ms(self.redirect_end),
            worker_start: ms(self.worker_start),
            fetch_start: ms(self.fetch_start),
            domain_lookup_start: ms(self.domain_lookup_start),
            domain_lookup_end: ms(self.domain_lookup_end),
            connect_start: ms(self.connect_start),
            secure_connection_start: ms(self.secure_connection_start),
            connect_end: ms(self.connect_end),
            request_start: ms(self.request_start),
            first_interim_response_start: ms(self.first_interim_response_start),
            response_start: ms(self.response_start),
            response_end: ms(self.response_end),
            dom_interactive: ms(self.dom_interactive),
            dom_content_loaded_start: ms(self.dom_content_loaded_event_start),
            dom_content_loaded_end: ms(self.dom_content_loaded_event_end),
            dom_complete: ms(self.dom_complete),
            load_event_start: ms(self.load_event_start),
            load_event_end: ms(self.load_event_end),
            redirect_count: u8::try_from(small(self.redirect_count)).unwrap_or(u8::MAX),
            transfer_bytes: large(self.transfer_size),
            encoded_bytes: large(self.encoded_body_size),
            decoded_bytes: large(self.decoded_body_size),
            protocol: clean(self.next_hop_protocol.clone(), limits::TOKEN_BYTES_MAX),
            delivery_type: match self.delivery_type.as_str() {
                "cache" => DeliveryType::Cache,
                "navigational-prefetch" => DeliveryType::NavigationalPrefetch,
                _ => DeliveryType::Network,
            },
        }
    }
}

fn earlier_view(Earlier(started, name, path, number, lcp): Earlier) -> EarlierView<'static> {
    EarlierView {
        started_ms: large(started),
        page: match name {
            Some(name) => PageName::Name(named(name, limits::NAME_BYTES_MAX)),
            None => PageName::Path(named(path, limits::PATH_BYTES_MAX)),
        },
        nav: nav(number),
        lcp_ms: ms(lcp),
    }
}

fn nav(number: f64) -> Nav {
    if number > 1.0 { Nav::Inner } else { Nav::Entry }
}

/// The release, the experiment's arm, and all other settings as dimensions. Of equal keys the latest counts, which comes first.
fn context(settings: Vec<SettingCall>) -> Context<'static> {
    let mut context = Context::default();
    let mut seen = BTreeSet::new();
    for SettingCall(key, value, _, _) in settings {
        let (key, value) = (named(key, limits::NAME_BYTES_MAX), clean(value, limits::NAME_BYTES_MAX));
        if !seen.insert(key.clone()) {
            continue;
        }
        match &*key {
            "release" => context.release = value,
            "experiment_arm" => context.experiment_arm = value,
            _ if context.dimensions.len() < limits::DIMENSIONS_MAX => context.dimensions.push((key, value)),
            _ => {}
        }
    }
    context
}

/// Without control characters, and cut at a character's boundary.
fn clean(text: String, bytes_max: usize) -> Cow<'static, str> {
    let mut text = text;
    text.truncate(text.floor_char_boundary(bytes_max));
    if text.contains(char::is_control) {
        text = text.replace(char::is_control, " ");
    }
    Cow::Owned(text)
}

/// The format knows no empty names.
fn named(text: String, bytes_max: usize) -> Cow<'static, str> {
    if text.is_empty() { Cow::Borrowed("-") } else { clean(text, bytes_max) }
}

/// To the nearest whole number; what is negative becomes 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
fn ms(number: f64) -> u32 {
    number.round() as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
fn small(number: f64) -> u16 {
    number.round() as u16
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
fn large(number: f64) -> u64 {
    number.round() as u64
}

/// JavaScript cuts a text between the two halves of a character, and `JSON.stringify` writes a half as an escape of its own, which
/// JSON's other readers refuse. Each becomes U+FFFD.
fn whole_characters(body: &[u8]) -> Cow<'_, [u8]> {
    let mut whole = Cow::Borrowed(body);
    let mut at = 0;
    while let Some(offset) = body[at..].iter().position(|byte| *byte == b'\\') {
        at += offset;
        match body[at..] {
            [_, b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..] if body.len() >= at + 6 => {
                whole.to_mut()[at + 2..at + 6].copy_from_slice(b"fffd");
                at += 6;
            }
            _ => at = (at + 2).min(body.len()),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::decode;

    /// As Chromium gives it, shortened.
    fn entry() -> Value {
        json!({
            "name": 0, "entryType": "navigation", "startTime": 0, "duration": 217.2, "initiatorType": "navigation", "deliveryType": "",
            "nextHopProtocol": "h2", "renderBlockingStatus": "non-blocking", "workerStart": 0, "redirectStart": 0, "redirectEnd": 0,
            "fetchStart": 1.4, "domainLookupStart": 1.5, "requestStart": 6.6, "responseStart": 45.9, "responseEnd": 48.5,
            "transferSize": 715, "encodedBodySize": 415, "decodedBodySize": 900, "responseStatus": 200, "serverTiming": 0,
            "unloadEventStart": 0, "domInteractive": 109.7, "domContentLoadedEventStart": 109.8, "domContentLoadedEventEnd": 110.2,
            "loadEventEnd": 217.2, "type": "reload", "redirectCount": 0, "activationStart": 0, "criticalCHRestart": 0,
            "notRestoredReasons": 0, "somethingNew": { "a": [1] }
        })
    }

    fn list() -> Vec<Value> {
        json!([
            entry(),
            0,
            812.3,
            "shop",
            1_795_432_825_113.4,
            "1a20822c9c4b94b0",
            "1a20822c9c4f8fb3",
            0,
            3,
            "/item/7",
            null,
            "a.example",
            2,
            811.9,
            null,
            [1_795_432_820_000.6, null, "/", 1, 1234.5],
            208.2,
            300.5,
            [["order", "[object Object]", 49.9, 500.4, [[1_795_432_820_000.6, "home", "/", 1, 1234.5]]]],
            [["release", "r2", 0, 5], ["team", "blue", 0, 4], ["release", "r1", 0, 3]],
            [["Error: x", "undefined", 0, 77.7]]
        ])
        .as_array()
        .expect("a list")
        .clone()
    }

    fn body(list: &[Value]) -> Vec<u8> {
        json!({ "s": list }).to_string().into_bytes()
    }

    fn changed(index: usize, value: Value) -> Vec<u8> {
        let mut list = list();
        list[index] = value;
        body(&list)
    }

    #[test]
    fn a_list_becomes_a_beacon() {
        let bytes = body(&list());
        let beacon = decode(&bytes).expect("a beacon");
        assert_eq!((beacon.head.seq, beacon.head.reason, beacon.head.sent_after_ms), (0, Reason::Stub, 812));
        assert_eq!((beacon.head.time_origin_ms, beacon.head.view_id), (1_795_432_825_113, Id(0x1a20_822c_9c4f_8fb3)));
        let view = beacon.view.expect("a view");
        assert_eq!((&*view.path, view.name, &*view.referrer_host), ("/item/7", None, "a.example"));
        assert_eq!((view.nav, view.navigation_type, view.view_number), (Nav::Inner, NavigationType::Reload, 2));
        assert_eq!((view.http_status, view.hidden_at_start, view.hidden_at_ms), (200, false, Some(812)));
        let previous = view.previous.expect("a previous view");
        assert_eq!((previous.started_ms, previous.lcp_ms), (1_795_432_820_001, 1235));
        assert_eq!(previous.page, PageName::Path("/".into()));
        let vitals = beacon.vitals;
        assert_eq!((vitals.ttfb_ms, vitals.fcp_ms, vitals.lcp_ms), (Some(46), Some(208), Some(301)));
        let navigation = beacon.navigation.expect("a navigation entry");
        assert_eq!((navigation.fetch_start, navigation.response_end, navigation.load_event_end), (1, 49, 217));
        assert_eq!((navigation.dom_content_loaded_end, navigation.decoded_bytes), (110, 900));
        assert_eq!((&*navigation.protocol, navigation.delivery_type), ("h2", DeliveryType::Network));
        let [goal] = &beacon.goals[..] else { panic!("one goal") };
        assert_eq!((&*goal.name, goal.value, goal.at_ms), ("order", 49.9, 500));
        assert_eq!(goal.earlier_views[0].page, PageName::Name("home".into()));
        assert_eq!(&*beacon.context.release, "r2", "the latest comes first");
        assert_eq!(beacon.context.dimensions, [("team".into(), "blue".into())]);
        assert_eq!((&*beacon.errors[0].message, beacon.errors[0].at_ms), ("Error: x", 78));
    }

    #[test]
    fn of_a_restored_view_the_documents_timing_is_not_told() {
        let mut list = list();
        list[1] = json!(500.0);
        list[13] = json!(null);
        let bytes = body(&list);
        let beacon = decode(&bytes).expect("a beacon");
        assert_eq!((beacon.navigation, beacon.vitals.ttfb_ms, beacon.head.sent_after_ms), (None, None, 312));
        let view = beacon.view.expect("a view");
        assert_eq!((view.navigation_type, view.hidden_at_ms), (NavigationType::BackForwardCache, None));
    }

    #[test]
    fn an_unsound_navigation_entry_is_left_out() {
        for response_start in [0.0, -5.0, 5000.0] {
            let mut entry = entry();
            entry["responseStart"] = json!(response_start);
            let bytes = changed(0, entry);
            let beacon = decode(&bytes).expect("a beacon");
            assert_eq!((beacon.navigation, beacon.vitals.ttfb_ms), (None, None), "{response_start}");
            assert_eq!(beacon.vitals.lcp_ms, Some(301));
        }
        assert!(decode(&changed(0, json!({}))).expect("a beacon").navigation.is_none());
    }

    #[test]
    fn times_of_a_prerendered_page_count_from_its_activation() {
        let mut entry = entry();
        entry["activationStart"] = json!(250.0);
        let bytes = changed(0, entry);
        let beacon = decode(&bytes).expect("a beacon");
        assert_eq!(beacon.view.expect("a view").navigation_type, NavigationType::Prerender);
        assert_eq!((beacon.vitals.ttfb_ms, beacon.vitals.fcp_ms, beacon.vitals.lcp_ms), (Some(0), Some(0), Some(51)));
    }

    #[test]
    fn names_are_cleaned_and_cut_rather_than_refused() {
        let bytes = changed(10, json!("a\nb\u{85}c"));
        assert_eq!(decode(&bytes).expect("a beacon").view.expect("a view").name.as_deref(), Some("a b c"));
        let bytes = changed(10, json!("ä".repeat(300)));
        let name = decode(&bytes).expect("a beacon").view.expect("a view").name.expect("a name");
        assert_eq!(*name, *"ä".repeat(50));
        let bytes = changed(10, json!(""));
        assert_eq!(decode(&bytes).expect("a beacon").view.expect("a view").name.as_deref(), Some("-"));
    }

    #[test]
    fn half_a_character_does_not_cost_the_beacon() {
        // As `JSON.stringify` writes the first half of a character, a whole one, and a backslash before what only looks like a half.
        let text = String::from_utf8(changed(10, json!("NAME"))).expect("UTF-8").replace("NAME", r"a\ud83d😀\\ud83d");
        let beacon = decode(text.as_bytes()).expect("a beacon");
        assert_eq!(beacon.view.expect("a view").name.as_deref(), Some("a\u{fffd}😀\\ud83d"));
        assert_eq!(decode(br#"{"s":["\ud8"#), Err(DecodeError::Truncated));
        assert_eq!(decode(br#"{"s":["\"#), Err(DecodeError::Truncated));
    }

    #[test]
    fn lists_that_no_stub_makes_are_refused() {
        assert_eq!(decode(br#"{"s":[]}"#), Err(DecodeError::BadJson));
        assert_eq!(decode(br#"{"s":[{},0,"#), Err(DecodeError::Truncated));
        assert_eq!(decode(&changed(3, json!(""))), Err(DecodeError::OutOfRange), "no site");
        assert_eq!(decode(&changed(4, json!(5))), Err(DecodeError::OutOfRange), "a begin in 1970");
        assert_eq!(decode(&changed(5, json!("xyz"))), Err(DecodeError::BadJson), "no session id");
        assert_eq!(decode(&changed(8, json!(9))), Err(DecodeError::OutOfRange), "no reason");
        assert_eq!(decode(&changed(17, json!(1e12))), Err(DecodeError::OutOfRange), "an LCP of 30 years");
        let row = json!([1_795_432_820_000.6, null, "/", 1, 1234.5]);
        let goal = json!([["order", "", 1, 1, vec![row; limits::EARLIER_VIEWS_MAX + 1]]]);
        assert_eq!(decode(&changed(18, goal)), Err(DecodeError::OutOfRange), "too many earlier views");
    }
}
