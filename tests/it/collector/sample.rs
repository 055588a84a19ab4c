//! Beacons to send.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use beacon_format::{
    Beacon, Confidence, ConnectionType, Context, EarlierView, ErrorKind, Goal, Head, HostTotal, Id, Initiator,
    InteractionKind, LongFrame, LongFrames, Nav, NavigationTiming, PageError, PageLife, PageName, PageView, Reason,
    ResourceTiming, ResourceTotal, Resources, ServerTiming, TypeTotal, UserTiming, WebVitals, encode, encode_json,
    limits,
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
        confidence: Confidence::High,
        server_timings: vec![ServerTiming { name: "db".into(), duration_ms: 53, description: "orders".into() }],
        ..NavigationTiming::default()
    });
    beacon.vitals = vitals();
    add_use(&mut beacon);
    beacon.context = Context {
        rtt_ms: 50,
        language: "de-DE".into(),
        release: "2026.11.3".into(),
        dimensions: vec![("plan".into(), "gold".into())],
        connection: ConnectionType::Wifi,
        ..Context::default()
    };
    let total = ResourceTotal {
        count: 7,
        blocking: 1,
        slowest_ms: 120,
        duration_ms: 400,
        transfer_bytes: 9000,
        ..ResourceTotal::default()
    };
    beacon.resources = Resources {
        seen: 7,
        entries: vec![resource("https://cdn.example.com/app.js")],
        types: vec![TypeTotal { initiator: Initiator::Script, total }],
        hosts: vec![HostTotal { host: "cdn.example.com".into(), total }],
    };
    beacon.errors = vec![PageError {
        kind: ErrorKind::Uncaught,
        at_ms: 800,
        message: "x is undefined\nat main".into(),
        source: "https://cdn.example.com/app.js".into(),
        line: 12,
        column: 7,
        count: 3,
        counted: 0,
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

fn vitals() -> WebVitals<'static> {
    WebVitals {
        ttfb_ms: Some(300),
        fcp_ms: Some(700),
        lcp_ms: Some(1250),
        inp_ms: Some(64),
        cls_e4: Some(1234),
        lcp_element: "main>img".into(),
        lcp_url: "https://cdn.example.com/hero.webp".into(),
        fp_ms: Some(650),
        lcp_load_delay_ms: Some(120),
        lcp_load_duration_ms: Some(800),
        lcp_render_delay_ms: Some(30),
        inp_at_ms: Some(1300),
        inp_input_delay_ms: Some(8),
        inp_processing_ms: Some(40),
        inp_presentation_ms: Some(16),
        inp_kind: InteractionKind::Pointer,
        inp_element: "button#buy".into(),
        interactions: 2,
        cls_largest_e4: Some(1000),
        cls_largest_at_ms: Some(900),
        cls_element: "main>p".into(),
    }
}

/// How it was used, and what its page did meanwhile.
fn add_use(beacon: &mut Beacon<'static>) {
    beacon.life = PageLife {
        visible_ms: 1900,
        scroll_depth_pct: 80,
        rage_clicks: 1,
        dead_clicks: 2,
        dropped_entries: 3,
        truncated: 4,
        own_cpu_us: 5500,
        own_bytes: 6000,
    };
    beacon.frames = LongFrames {
        count: 2,
        blocking_ms: 90,
        longest_ms: 120,
        are_tasks: false,
        worst: vec![LongFrame {
            start: 1290,
            duration: 120,
            blocking: 70,
            layout: 9,
            script_ms: 80,
            forced_layout_ms: 4,
            script_url: "https://cdn.example.com/app.js".into(),
            function: "render".into(),
            invoker: "BUTTON#buy.onclick".into(),
        }],
    };
    beacon.timings = vec![UserTiming { is_measure: true, start: 500, duration: 250, name: "search".into() }];
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
