//! Beacons to send.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use beacon_format::{
    Beacon, Context, EarlierView, ErrorKind, Goal, Head, Id, Initiator, Nav, NavigationTiming, PageError, PageName,
    PageView, Reason, ResourceTiming, Resources, WebVitals, encode, encode_json, limits,
};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

/// An id that no other beacon of this process has.
pub(super) fn fresh_id() -> Id {
    Id::new(now_ms(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The least that is a beacon: a view of `/`, just begun.
pub(super) fn plain() -> Beacon<'static> {
    Beacon {
        head: Head {
            site: "shop".into(),
            time_origin_ms: now_ms() - 2000,
            sent_after_ms: 2000,
            session_id: fresh_id(),
            view_id: fresh_id(),
            weight: 1,
            ..Head::default()
        },
        view: Some(PageView { path: "/".into(), view_number: 1, ..PageView::default() }),
        ..Beacon::default()
    }
}

/// One with everything.
pub(super) fn full() -> Beacon<'static> {
    let mut beacon = plain();
    let began = beacon.head.time_origin_ms;
    beacon.head.reason = Reason::Hidden;
    beacon.head.weight = 4;
    beacon.view = Some(PageView {
        path: "/item/4711.html".into(),
        referrer_host: "www.example.org".into(),
        nav: Nav::Inner,
        view_number: 2,
        http_status: 200,
        hidden_at_ms: Some(1900),
        previous: Some(earlier(began - 30_000, "/", Nav::Entry, 900)),
        ..PageView::default()
    });
    beacon.navigation = Some(NavigationTiming {
        fetch_start: 3,
        domain_lookup_start: 5,
        domain_lookup_end: 25,
        connect_start: 25,
        secure_connection_start: 55,
        connect_end: 95,
        request_start: 96,
        response_start: 300,
        response_end: 340,
        dom_interactive: 400,
        dom_content_loaded_end: 450,
        dom_complete: 1500,
        load_event_end: 1510,
        transfer_bytes: 12_345,
        encoded_bytes: 12_000,
        decoded_bytes: 40_000,
        protocol: "h2".into(),
        ..NavigationTiming::default()
    });
    beacon.vitals = WebVitals {
        ttfb_ms: Some(300),
        fcp_ms: Some(700),
        lcp_ms: Some(1250),
        inp_ms: Some(64),
        cls_e4: Some(1234),
        lcp_element: "main>img".into(),
        lcp_url: "https://cdn.example.com/hero.webp".into(),
    };
    beacon.context = Context {
        rtt_ms: 50,
        language: "de-DE".into(),
        release: "2026.11.3".into(),
        dimensions: vec![("plan".into(), "gold".into())],
        ..Context::default()
    };
    beacon.resources = Resources { seen: 7, entries: vec![resource("https://cdn.example.com/app.js")] };
    beacon.errors = vec![PageError {
        kind: ErrorKind::Uncaught,
        at_ms: 800,
        message: "x is undefined\nat main".into(),
        source: "https://cdn.example.com/app.js".into(),
        line: 12,
        column: 7,
        count: 3,
    }];
    beacon.goals = vec![Goal {
        name: "order".into(),
        value: 49.9,
        at_ms: 1700,
        earlier_views: vec![
            earlier(began - 30_000, "/", Nav::Entry, 900),
            earlier(began - 15_000, "/search", Nav::Inner, 3100),
        ],
    }];
    beacon
}

fn earlier(started_ms: u64, path: &'static str, nav: Nav, lcp_ms: u32) -> EarlierView<'static> {
    EarlierView { started_ms, page: PageName::Path(path.into()), nav, lcp_ms }
}

fn resource(url: &'static str) -> ResourceTiming<'static> {
    ResourceTiming {
        url: url.into(),
        initiator: Initiator::Script,
        start: 350,
        duration: 120,
        request_start: 360,
        response_start: 420,
        response_end: 470,
        transfer_bytes: 5000,
        protocol: "h3".into(),
        ..ResourceTiming::default()
    }
}

pub(super) fn binary(beacon: &Beacon) -> Vec<u8> {
    let mut buffer = vec![0; limits::BEACON_BYTES_MAX];
    let length = encode(beacon, &mut buffer);
    buffer.truncate(length);
    buffer
}

pub(super) fn json(beacon: &Beacon) -> Vec<u8> {
    encode_json(beacon)
}
