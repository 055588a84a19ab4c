//! The stub's own form: `{"s":[...]}`, what the browser's script knows when its page is hidden before the wasm core is there.
//!
//! The stub must be tiny, so it computes nothing, cleans nothing and names nothing: it tells a list of raw values, the browser's
//! navigation entry among them. This is where they become a beacon. In the browser `beacon-wasm/js/snapshot.js` does the same with the
//! same list, and a browser test holds the two against each other.
//!
//! **The list**, in order. Times are milliseconds with fractions after the document's time origin; `?` may be `null`.
//! The navigation entry; when the view began (0 unless it was restored from the back/forward cache or is a soft one); now; the site; seq; reason;
//! the referrer's host?; first hidden?; the LCP that an earlier snapshot told?; the document's paint entries; LCP?; kind of navigation where it is
//! not the document's own (4 restored, 5 soft)?; what the beacon took of the main thread; goals (name, -, value?, time) and settings (key, value, -, -) and
//! errors (message, source or stack, line?, time, column?, type of the event?), each the latest first; the session's views, the oldest first and this
//! one last. Of a view: the session's id, its own, its number, its begin and last activity in Unix milliseconds, the session's weight, path, page name?,
//! LCP where it is a unit of the loss model (0 where it is none)?, and the names of its goals that earlier snapshots told.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::types::{
    Beacon, Context, DeliveryType, EarlierView, ErrorKind, Goal, Head, Id, LongFrames, Nav, NavigationTiming,
    NavigationType, PageError, PageLife, PageName, PageView, Reason, Resources, WebVitals,
};
use crate::{DecodeError, limits};

/// Different errors of one view.
const ERRORS_TOLD_MAX: usize = 10;

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
    u8,
    Option<String>,
    Option<f64>,
    Option<f64>,
    Vec<PaintEntry>,
    Option<f64>,
    Option<u8>,
    f64,
    Vec<GoalCall>,
    Vec<SettingCall>,
    Vec<ErrorCall>,
    Vec<Vec<Value>>,
);

/// `PerformancePaintTiming.toJSON()`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaintEntry {
    name: String,
    start_time: f64,
}

/// Name, -, value, time.
#[derive(Deserialize)]
struct GoalCall(String, IgnoredAny, Option<f64>, f64);

/// Key, value, -, -.
#[derive(Deserialize)]
struct SettingCall(String, String, IgnoredAny, IgnoredAny);

/// Message, source or stack, line, time, column, type of the event. What the page itself reported has neither column nor type.
#[derive(Deserialize)]
struct ErrorCall(String, String, Option<f64>, f64, #[serde(default)] Option<f64>, #[serde(default)] String);

/// A view of the session.
struct View {
    session_id: Id,
    id: Id,
    number: f64,
    started: f64,
    weight: f64,
    path: String,
    page: Option<String>,
    /// Above 0 for a unit.
    lcp: f64,
    goals: Vec<String>,
}

impl View {
    fn new(told: Vec<Value>) -> Option<Self> {
        let mut told = told.into_iter();
        let mut id = || told.next().and_then(|id| serde_json::from_value(id).ok());
        let (session_id, own_id) = (id()?, id()?);
        let mut number = || told.next()?.as_f64();
        let (number, started, _active, weight) = (number()?, number()?, number()?, number()?);
        let path = told.next()?.as_str()?.to_owned();
        let page = told.next().and_then(|page| page.as_str().map(str::to_owned));
        let lcp = told.next().and_then(|lcp| lcp.as_f64()).unwrap_or_default();
        let goals = told.filter_map(|name| name.as_str().map(str::to_owned)).collect();
        Some(Self { session_id, id: own_id, number, started, weight, path, page, lcp, goals })
    }

    /// What later views and goals tell of it, if it is a unit.
    fn unit(&self) -> Option<EarlierView<'static>> {
        (self.lcp > 0.0).then(|| EarlierView {
            started_ms: large(self.started),
            page: match &self.page {
                Some(name) => PageName::Name(named(name.clone(), limits::NAME_BYTES_MAX)),
                None => PageName::Path(named(self.path.clone(), limits::PATH_BYTES_MAX)),
            },
            nav: nav(self.number),
            lcp_ms: ms(self.lcp),
        })
    }
}

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
        seq,
        reason,
        referrer_host,
        hidden_at,
        counted,
        paints,
        lcp,
        kind,
        cost,
        goals,
        settings,
        errors,
        views,
    ) = told.s;
    let views: Option<Vec<View>> = views.into_iter().map(View::new).collect();
    let views = views.ok_or(DecodeError::BadJson)?;
    let Some((view, before)) = views.split_last() else { return Err(DecodeError::BadJson) };
    let goals = goal_list(goals, &views, zero);
    // Of paints after it was hidden nothing can be said.
    let painted = |name: &str| {
        let is_it =
            |paint: &&PaintEntry| paint.name == name && hidden_at.is_none_or(|hidden| paint.start_time < hidden);
        paints.iter().find(is_it).filter(|_| zero == 0.0).map(|paint| paint.start_time)
    };
    let begin = if zero > 0.0 { zero } else { entry.activation_start };
    let after_activation = |time: f64| ms(time - begin);
    // Browsers have been seen to give 0, negative and future values.
    let is_sound = zero == 0.0 && entry.response_start > 0.0 && entry.response_start < now;
    let ms_of_view = |time: f64| ms(time - zero);
    Ok(Beacon {
        head: Head {
            site: clean(site, limits::SITE_BYTES_MAX),
            time_origin_ms: large(view.started),
            sent_after_ms: ms_of_view(now),
            session_id: view.session_id,
            view_id: view.id,
            seq: small(seq),
            reason: Reason::from_byte(reason).ok_or(DecodeError::OutOfRange)?,
            weight: ms(view.weight),
            simulated: false,
            kept_ms: 0,
        },
        view: Some(PageView {
            path: named(view.path.clone(), limits::PATH_BYTES_MAX),
            name: view.page.clone().map(|name| named(name, limits::NAME_BYTES_MAX)),
            referrer_host: clean(referrer_host.unwrap_or_default(), limits::HOST_BYTES_MAX),
            nav: nav(view.number),
            navigation_type: kind
                .filter(|kind| *kind > 0)
                .map_or(Some(entry.navigation_type(zero)), NavigationType::from_byte)
                .ok_or(DecodeError::OutOfRange)?,
            view_number: small(view.number).max(1),
            http_status: small(entry.response_status),
            hidden_at_start: hidden_at.is_some_and(|time| time <= zero),
            hidden_at_ms: hidden_at.map(ms_of_view),
            counted_lcp_ms: counted.map(after_activation),
            previous: before.last().filter(|_| seq == 0.0).and_then(View::unit),
        }),
        vitals: WebVitals {
            ttfb_ms: is_sound.then(|| after_activation(entry.response_start)),
            fp_ms: painted("first-paint").map(after_activation),
            fcp_ms: painted("first-contentful-paint").map(after_activation),
            lcp_ms: lcp.map(after_activation),
            ..WebVitals::default()
        },
        goals,
        navigation: is_sound.then(|| entry.timing()),
        context: context(settings),
        errors: page_errors(errors, zero),
        life: PageLife { own_cpu_us: ms(cost * 1e3), ..PageLife::default() },
        frames: LongFrames::default(),
        timings: Vec::new(),
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
            ..NavigationTiming::default()
        }
    }
}

/// Each goal with the units before it that no earlier goal of its name carried. Of several of a name the latest, which comes first, carries them.
fn goal_list(calls: Vec<GoalCall>, views: &[View], zero: f64) -> Vec<Goal<'static>> {
    let before = views.get(..views.len() - 1).unwrap_or_default();
    let mut carried = BTreeSet::new();
    let mut goals = Vec::new();
    for GoalCall(name, _, value, time) in calls {
        let from = views.iter().rposition(|view| view.goals.contains(&name)).unwrap_or_default();
        let is_first = carried.insert(name.clone());
        let earlier = before.get(from..).filter(|_| is_first).unwrap_or_default();
        goals.push(Goal {
            name: named(name, limits::NAME_BYTES_MAX),
            value: value.unwrap_or_default().clamp(-limits::GOAL_VALUE_MAX, limits::GOAL_VALUE_MAX),
            at_ms: ms(time - zero),
            earlier_views: earlier.iter().filter_map(View::unit).collect(),
        });
    }
    goals
}

/// Each error once, with how often it was met; the latest are kept.
fn page_errors(calls: Vec<ErrorCall>, zero: f64) -> Vec<PageError<'static>> {
    let mut errors: Vec<PageError> = Vec::new();
    for ErrorCall(message, source, line, time, column, event) in calls {
        // What browsers say when nothing is wrong, as often as a page is resized.
        if message.starts_with("ResizeObserver") {
            continue;
        }
        // As JavaScript writes what is not there.
        let (source, place) = if source == "undefined" { ("", None) } else { place_in(&source) };
        let (line, column) = place.unwrap_or_else(|| (line.map_or(0, ms), column.map_or(0, ms)));
        let error = PageError {
            kind: match event.as_str() {
                "" => ErrorKind::Reported,
                "unhandledrejection" => ErrorKind::Rejection,
                _ if line == 0 && !message.contains(' ') => ErrorKind::Resource,
                _ => ErrorKind::Uncaught,
            },
            at_ms: ms(time - zero),
            message: clean(message, limits::MESSAGE_BYTES_MAX),
            source: clean(source.to_owned(), limits::URL_BYTES_MAX),
            line,
            column,
            count: 1,
            counted: 0,
        };
        let is_full = errors.len() >= ERRORS_TOLD_MAX;
        match errors.iter_mut().find(|known| PageError { at_ms: error.at_ms, count: 1, ..(*known).clone() } == error) {
            Some(known) => {
                known.count += 1;
                known.at_ms = known.at_ms.min(error.at_ms);
            }
            None if is_full => {}
            None => errors.push(error),
        }
    }
    errors
}

/// Of a URL, or of a stack with URLs in it, the first one without query and fragment, and the line and column behind it if it is a stack's.
fn place_in(source: &str) -> (&str, Option<(u32, u32)>) {
    let start = source.find("http").unwrap_or_default();
    let url = source[start..].split([' ', ')', '\n']).next().unwrap_or_default();
    let mut parts = url.rsplitn(3, ':');
    let (column, line, rest) = (parts.next(), parts.next(), parts.next());
    let place = column.and_then(|column| column.parse().ok()).zip(line.and_then(|line| line.parse().ok()));
    let (url, place) = match (place, rest) {
        (Some((column, line)), Some(rest)) => (rest, Some((line, column))),
        _ => (url, None),
    };
    (url.split(['?', '#']).next().unwrap_or_default(), place)
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
    use serde_json::json;

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

    /// A view of the session: its number, path, name, LCP and goals.
    fn row(number: u8, path: &str, page: impl Into<Value>, lcp: impl Into<Value>, goals: &[&str]) -> Value {
        let (page, lcp): (Value, Value) = (page.into(), lcp.into());
        let started = 1_795_432_820_000.6 + 1000.0 * f64::from(number);
        let (session, view) = ("1a20822c9c4b94b0", format!("1a20822c9c4f8fb{number}"));
        let mut row = json!([session, view, number, started, started, 4, path, page, lcp]);
        row.as_array_mut().expect("an array").extend(goals.iter().map(|name| json!(name)));
        row
    }

    fn list() -> Vec<Value> {
        json!([
            entry(),
            0,
            812.3,
            "shop",
            0,
            3,
            "a.example",
            811.9,
            null,
            [
                { "name": "first-paint", "entryType": "paint", "startTime": 200.1, "duration": 0 },
                { "name": "first-contentful-paint", "entryType": "paint", "startTime": 208.2, "duration": 0 }
            ],
            300.5,
            null,
            1.5,
            [["order", "[object Object]", 49.9, 500.4]],
            [["release", "r2", null, 5], ["team", "blue", null, 4], ["release", "r1", null, 3]],
            [["Error: x", "undefined", null, 77.7]],
            [
                row(1, "/", json!("home"), json!(1234.5), &[]),
                row(2, "/cart", Value::Null, json!(0), &[]),
                row(3, "/", Value::Null, json!(900.2), &[]),
                row(4, "/item/7", Value::Null, Value::Null, &[])
            ]
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
        assert_eq!((beacon.head.time_origin_ms, beacon.head.weight), (1_795_432_824_001, 4));
        assert_eq!(
            (beacon.head.session_id, beacon.head.view_id),
            (Id(0x1a20_822c_9c4b_94b0), Id(0x1a20_822c_9c4f_8fb4))
        );
        let view = beacon.view.expect("a view");
        assert_eq!((&*view.path, view.name, &*view.referrer_host), ("/item/7", None, "a.example"));
        assert_eq!((view.nav, view.navigation_type, view.view_number), (Nav::Inner, NavigationType::Reload, 4));
        assert_eq!((view.http_status, view.hidden_at_start, view.hidden_at_ms), (200, false, Some(812)));
        let previous = view.previous.expect("a previous view");
        assert_eq!((previous.started_ms, previous.lcp_ms), (1_795_432_823_001, 900));
        assert_eq!(previous.page, PageName::Path("/".into()));
        let vitals = beacon.vitals;
        assert_eq!((vitals.ttfb_ms, vitals.fp_ms, vitals.fcp_ms), (Some(46), Some(200), Some(208)));
        assert_eq!(vitals.lcp_ms, Some(301));
        let navigation = beacon.navigation.expect("a navigation entry");
        assert_eq!((navigation.fetch_start, navigation.response_end, navigation.load_event_end), (1, 49, 217));
        assert_eq!((navigation.dom_content_loaded_end, navigation.decoded_bytes), (110, 900));
        assert_eq!((&*navigation.protocol, navigation.delivery_type), ("h2", DeliveryType::Network));
        let [goal] = &beacon.goals[..] else { panic!("one goal") };
        assert_eq!((&*goal.name, goal.value, goal.at_ms), ("order", 49.9, 500));
        let carried: Vec<_> = goal.earlier_views.iter().map(|view| (&view.page, view.lcp_ms)).collect();
        assert_eq!(carried, [(&PageName::Name("home".into()), 1235), (&PageName::Path("/".into()), 900)]);
        assert_eq!(&*beacon.context.release, "r2", "the latest comes first");
        assert_eq!(beacon.context.dimensions, [("team".into(), "blue".into())]);
        assert_eq!((&*beacon.errors[0].message, beacon.errors[0].at_ms), ("Error: x", 78));
        assert_eq!(beacon.life.own_cpu_us, 1500);
    }

    /// How many units the goals of a list carry, the latest goal first.
    fn carried(goals: Value, views: Value) -> Vec<usize> {
        let mut list = list();
        list[13] = goals;
        list[16] = views;
        let bytes = body(&list);
        decode(&bytes).expect("a beacon").goals.iter().map(|goal| goal.earlier_views.len()).collect()
    }

    #[test]
    fn a_goal_carries_what_no_earlier_goal_of_its_name_has_carried() {
        let unit = |number, goals: &[&str]| row(number, "/", Value::Null, json!(900), goals);
        let order = |time| json!(["order", "", 1, time]);
        let views = json!([unit(1, &[]), unit(2, &["order", "sign-up"]), unit(3, &[]), unit(4, &[])]);
        assert_eq!(
            carried(json!([order(5), order(3), ["sign-up", "", 0, 2], ["other", "", 0, 1]]), views),
            [2, 0, 2, 3]
        );
        assert_eq!(
            carried(json!([order(5)]), json!([unit(1, &[]), unit(2, &["order"])])),
            [0],
            "told by this very view"
        );
    }

    #[test]
    fn errors_are_told_once_with_their_place_and_their_count() {
        let mut list = list();
        list[15] = json!([
            ["boom", "https://a.example/x.js?v=1", 7, 80.2, 9, "error"],
            ["boom", "https://a.example/x.js?v=2", 7, 60.2, 9, "error"],
            ["ResizeObserver loop completed with undelivered notifications.", "", 0, 1, 0, "error"],
            ["IMG", "https://a.example/x.png?who=me", null, 50, null, "error"],
            [
                "no",
                "Error: no\n    at f (https://a.example/y.js?q:10:5)\n    at g (https://a.example/z.js:1:2)",
                null,
                90,
                null,
                "unhandledrejection"
            ],
            ["Error: x", "undefined", null, 77.7]
        ]);
        let bytes = body(&list);
        let beacon = decode(&bytes).expect("a beacon");
        let told: Vec<_> = beacon
            .errors
            .iter()
            .map(|error| {
                (error.kind, &*error.message, &*error.source, error.line, error.column, error.count, error.at_ms)
            })
            .collect();
        assert_eq!(
            told,
            [
                (ErrorKind::Uncaught, "boom", "https://a.example/x.js", 7, 9, 2, 60),
                (ErrorKind::Resource, "IMG", "https://a.example/x.png", 0, 0, 1, 50),
                (ErrorKind::Rejection, "no", "https://a.example/y.js", 10, 5, 1, 90),
                (ErrorKind::Reported, "Error: x", "", 0, 0, 1, 78),
            ]
        );
    }

    #[test]
    fn of_a_restored_view_the_documents_timing_is_not_told() {
        let mut list = list();
        list[1] = json!(500.0);
        list[7] = json!(null);
        list[11] = json!(4);
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
        let name = |page: Value| {
            let mut list = list();
            list[16][3][7] = page;
            let bytes = body(&list);
            decode(&bytes).expect("a beacon").view.expect("a view").name.map(std::borrow::Cow::into_owned)
        };
        assert_eq!(name(json!("a\nb\u{85}c")).as_deref(), Some("a b c"));
        assert_eq!(name(json!("ä".repeat(300))), Some("ä".repeat(50)));
        assert_eq!(name(json!("")).as_deref(), Some("-"));
    }

    #[test]
    fn half_a_character_does_not_cost_the_beacon() {
        let mut list = list();
        list[16][3][7] = json!("NAME");
        // As `JSON.stringify` writes the first half of a character, a whole one, and a backslash before what only looks like a half.
        let text = String::from_utf8(body(&list)).expect("UTF-8").replace("NAME", r"a\ud83d😀\\ud83d");
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
        assert_eq!(decode(&changed(5, json!(9))), Err(DecodeError::OutOfRange), "no reason");
        assert_eq!(decode(&changed(10, json!(1e12))), Err(DecodeError::OutOfRange), "an LCP of 30 years");
        assert_eq!(decode(&changed(11, json!(9))), Err(DecodeError::OutOfRange), "no kind of navigation");
        assert_eq!(decode(&changed(16, json!([]))), Err(DecodeError::BadJson), "no view");
        assert_eq!(decode(&changed(16, json!([["xyz"]]))), Err(DecodeError::BadJson), "no ids");
        let with = |index: usize, value: Value| {
            let mut list = list();
            list[16][3][index] = value;
            decode(&body(&list)).map(|_| ())
        };
        assert_eq!(with(3, json!(5)), Err(DecodeError::OutOfRange), "a begin in 1970");
        assert_eq!(with(5, json!(0)), Err(DecodeError::OutOfRange), "a session that stands for none");
        let mut views = vec![row(1, "/", Value::Null, json!(900), &[]); limits::EARLIER_VIEWS_MAX + 1];
        views.push(row(4, "/", Value::Null, Value::Null, &[]));
        assert_eq!(decode(&changed(16, json!(views))), Err(DecodeError::OutOfRange), "too many earlier views");
    }
}
