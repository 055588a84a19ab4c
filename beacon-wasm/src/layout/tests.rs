//! The tables against the format's own types, by decoding what they write.

use beacon_format::{
    Beacon, Confidence, ConnectionType, Context, DeliveryType, EarlierView, EffectiveType, ErrorKind, Goal, Head,
    HostTotal, Id, Initiator, InteractionKind, LongFrame, LongFrames, Nav, NavigationTiming, NavigationType, PageError,
    PageLife, PageName, PageView, Reason, ResourceTiming, ResourceTotal, Resources, ServerTiming, TypeTotal,
    UserTiming, WebVitals, decode,
};

use super::*;
use crate::told::Told;

fn encoded(told: &Told) -> Vec<u8> {
    let mut buffer = [0; limits::BEACON_BYTES_SENT_MAX];
    let mut encoder = Encoder::new(&mut buffer);
    beacon(&mut told.fields(), &mut encoder);
    let length = encoder.finish();
    buffer[..length].to_vec()
}

/// Where the sections of what there may be much of begin.
const MANY: usize = 8;

/// The sections, each as an array of rows, and how the view was used.
fn sections(first: [Vec<Vec<Told>>; MANY], many: [Vec<Vec<Told>>; 6]) -> Told {
    let life = [2220.4, 61.6, 1.0, 2.0, 7.0, 3.0, 1500.2, 9000.0].map(Told::from);
    let all = first.into_iter().chain(many).chain([vec![life.to_vec()]]);
    let all: Vec<_> = all.map(|rows| Told::List(rows.into_iter().map(Told::List).collect())).collect();
    Told::top(&all)
}

fn earlier(started: f64, named: f64, page: &str, nav: f64, lcp: f64) -> Told {
    Told::List(vec![started.into(), named.into(), page.into(), nav.into(), lcp.into()])
}

fn first_view(started_ms: u64) -> EarlierView<'static> {
    EarlierView { started_ms, page: PageName::Path("/".into()), nav: Nav::Entry, lcp_ms: 1235 }
}

const STARTED: f64 = 1_795_432_825_113.4;

fn told_in_full() -> Told {
    let marks = (1..=20).map(|mark| Told::from(f64::from(mark) * 10.5));
    let sizes = [1.0, 3000.0, 2700.0, 9_000_000_000.0].map(Told::from);
    let navigation = marks.chain(sizes).chain(["h2".into(), 2.0.into(), 2.0.into()]);
    let server = Told::List(vec![Told::List(vec!["db".into(), 12.6.into(), "a query".into()])]);
    let navigation = navigation.chain([server]).collect();
    let head = ["shop".into(), STARTED.into(), 2220.4.into(), "1a20822c9c4b94b0".into(), "1A20822C9C4F8FB3".into()];
    let view = ["/a".into(), "item".into(), "a.example".into(), 2.0.into(), 2.0.into(), 70_000.0.into(), 200.0.into()];
    let first = [
        vec![[head.to_vec(), vec![3.0.into(), 2.0.into(), 1.0.into(), 0.0.into()]].concat()],
        vec![
            [
                view.to_vec(),
                vec![
                    1.0.into(),
                    3813.5.into(),
                    208.4.into(),
                    Told::List(vec![earlier(STARTED, 0.0, "/", 1.0, 1234.5)]),
                ],
            ]
            .concat(),
        ],
        vec![
            [46.4, 0.0, 1500.5, 128.0, 18.2]
                .map(Told::from)
                .into_iter()
                .chain(["#hero".into(), "/i.png".into()])
                .chain([12.3, 400.2, 900.3, 153.9, 1000.0, 0.4, 100.2, 27.4, 2.0].map(Told::from))
                .chain(["#late".into(), 3.0.into(), 17.0.into(), 2999.4.into(), "#d".into()])
                .collect(),
        ],
        vec![vec![
            "order".into(),
            49.9.into(),
            1549.6.into(),
            Told::List(vec![earlier(STARTED, 0.0, "/", 1.0, 1234.5), earlier(STARTED + 1.0, 1.0, "item", 2.0, 0.0)]),
        ]],
        vec![navigation],
        vec![
            [
                4.0.into(),
                100.0.into(),
                1300.0.into(),
                1.0.into(),
                8192.0.into(),
                8.0.into(),
                390.0.into(),
                844.0.into(),
            ]
            .into_iter()
            .chain([133.3.into(), "pt-BR".into(), "r1".into(), "b".into()])
            .chain([Told::List(vec![Told::List(vec!["team".into(), "blue".into()])]), 5.0.into()])
            .collect(),
        ],
        vec![vec![
            4.0.into(),
            5.0.into(),
            "Error: x".into(),
            "".into(),
            0.0.into(),
            0.0.into(),
            1.0.into(),
            6.0.into(),
        ]],
        vec![vec![17.0.into()]],
    ];
    let total = [2.0, 1.0, 0.0, 1.0, 0.0, 60.4, 100.0, 9e9, 9.5e9].map(Told::from);
    let times = (1..=10).map(|time| Told::from(f64::from(time)));
    let resource = ["https://a.example/x.png".into(), 4.0.into()].into_iter().chain(times);
    let resource = resource.chain([100.0, 90.0, 80.0, 304.0, 3.0].map(Told::from)).chain(["h3".into(), 1.0.into()]);
    let frame = [10.0, 60.0, 50.0, 5.0, 40.0, 4.0].map(Told::from).into_iter();
    let frame = frame.chain(["https://a.example/x.js".into(), "run".into(), "BUTTON.onclick".into()]);
    sections(
        first,
        [
            vec![[9.0, 450.4, 60.0, 0.0].map(Told::from).to_vec()],
            vec![[&[4.0.into()], &total[..]].concat()],
            vec![vec![1.0.into(), 5.0.into(), 7.0.into(), "step".into()]],
            vec![frame.collect()],
            vec![[&["a.example".into()], &total[..]].concat()],
            vec![resource.collect()],
        ],
    )
}

/// The marks are told as multiples of 10.5.
fn navigation_in_full() -> NavigationTiming<'static> {
    let ten = |mark: u32| (mark * 21).div_ceil(2);
    NavigationTiming {
        activation_start: ten(1),
        redirect_start: ten(2),
        redirect_end: ten(3),
        worker_start: ten(4),
        fetch_start: ten(5),
        domain_lookup_start: ten(6),
        domain_lookup_end: ten(7),
        connect_start: ten(8),
        secure_connection_start: ten(9),
        connect_end: ten(10),
        request_start: ten(11),
        first_interim_response_start: ten(12),
        response_start: ten(13),
        response_end: ten(14),
        dom_interactive: ten(15),
        dom_content_loaded_start: ten(16),
        dom_content_loaded_end: ten(17),
        dom_complete: ten(18),
        load_event_start: ten(19),
        load_event_end: ten(20),
        redirect_count: 1,
        transfer_bytes: 3000,
        encoded_bytes: 2700,
        decoded_bytes: 9_000_000_000,
        protocol: "h2".into(),
        delivery_type: DeliveryType::NavigationalPrefetch,
        confidence: Confidence::Low,
        server_timings: vec![ServerTiming { name: "db".into(), duration_ms: 13, description: "a query".into() }],
    }
}

fn beacon_in_full() -> Beacon<'static> {
    Beacon {
        head: Head {
            site: "shop".into(),
            time_origin_ms: 1_795_432_825_113,
            sent_after_ms: 2220,
            session_id: Id(0x1a20_822c_9c4b_94b0),
            view_id: Id(0x1a20_822c_9c4f_8fb3),
            seq: 3,
            reason: Reason::Goal,
            weight: 1,
            simulated: false,
            kept_ms: 0,
        },
        view: Some(PageView {
            path: "/a".into(),
            name: Some("item".into()),
            referrer_host: "a.example".into(),
            nav: Nav::Inner,
            navigation_type: NavigationType::BackForward,
            view_number: u16::MAX,
            http_status: 200,
            hidden_at_start: true,
            hidden_at_ms: Some(3814),
            counted_lcp_ms: Some(208),
            previous: Some(first_view(1_795_432_825_113)),
        }),
        navigation: Some(navigation_in_full()),
        vitals: vitals_in_full(),
        context: Context {
            effective_type: EffectiveType::FourG,
            rtt_ms: 100,
            downlink_kbps: 1300,
            save_data: true,
            device_memory_mib: 8192,
            cores: 8,
            viewport_width: 390,
            viewport_height: 844,
            pixel_ratio_e2: 133,
            language: "pt-BR".into(),
            release: "r1".into(),
            experiment_arm: "b".into(),
            dimensions: vec![("team".into(), "blue".into())],
            connection: ConnectionType::Wifi,
        },
        life: used(),
        resources: Resources {
            seen: 17,
            types: vec![TypeTotal { initiator: Initiator::Image, total: total() }],
            hosts: vec![HostTotal { host: "a.example".into(), total: total() }],
            entries: vec![resource_in_full()],
        },
        frames: LongFrames {
            count: 9,
            blocking_ms: 450,
            longest_ms: 60,
            are_tasks: false,
            worst: vec![LongFrame {
                start: 10,
                duration: 60,
                blocking: 50,
                layout: 5,
                script_ms: 40,
                forced_layout_ms: 4,
                script_url: "https://a.example/x.js".into(),
                function: "run".into(),
                invoker: "BUTTON.onclick".into(),
            }],
        },
        timings: vec![UserTiming { is_measure: true, start: 5, duration: 7, name: "step".into() }],
        errors: vec![PageError {
            kind: ErrorKind::Reported,
            at_ms: 5,
            message: "Error: x".into(),
            count: 1,
            counted: 6,
            ..PageError::default()
        }],
        goals: vec![Goal {
            name: "order".into(),
            value: 49.9,
            at_ms: 1550,
            earlier_views: vec![
                first_view(1_795_432_825_113),
                EarlierView {
                    started_ms: 1_795_432_825_114,
                    page: PageName::Name("item".into()),
                    nav: Nav::Inner,
                    lcp_ms: 0,
                },
            ],
        }],
    }
}

fn vitals_in_full() -> WebVitals<'static> {
    WebVitals {
        ttfb_ms: Some(46),
        fcp_ms: Some(0),
        lcp_ms: Some(1501),
        cls_e4: Some(18),
        lcp_element: "#hero".into(),
        lcp_url: "/i.png".into(),
        fp_ms: Some(12),
        lcp_load_delay_ms: Some(400),
        lcp_load_duration_ms: Some(900),
        lcp_render_delay_ms: Some(154),
        inp_ms: Some(128),
        inp_at_ms: Some(1000),
        inp_input_delay_ms: Some(0),
        inp_processing_ms: Some(100),
        inp_presentation_ms: Some(27),
        inp_kind: InteractionKind::Keyboard,
        inp_element: "#late".into(),
        interactions: 3,
        cls_largest_e4: Some(17),
        cls_largest_at_ms: Some(2999),
        cls_element: "#d".into(),
    }
}

fn total() -> ResourceTotal {
    ResourceTotal {
        count: 2,
        cached: 1,
        blocking: 0,
        opaque: 1,
        failed: 0,
        slowest_ms: 60,
        duration_ms: 100,
        transfer_bytes: 9_000_000_000,
        decoded_bytes: 9_500_000_000,
    }
}

fn resource_in_full() -> ResourceTiming<'static> {
    ResourceTiming {
        url: "https://a.example/x.png".into(),
        initiator: Initiator::Image,
        start: 1,
        duration: 2,
        domain_lookup_start: 3,
        domain_lookup_end: 4,
        connect_start: 5,
        secure_connection_start: 6,
        connect_end: 7,
        request_start: 8,
        response_start: 9,
        response_end: 10,
        transfer_bytes: 100,
        encoded_bytes: 90,
        decoded_bytes: 80,
        http_status: 304,
        render_blocking: true,
        opaque: true,
        protocol: "h3".into(),
        delivery_type: DeliveryType::Cache,
    }
}

fn used() -> PageLife {
    PageLife {
        visible_ms: 2220,
        scroll_depth_pct: 62,
        rage_clicks: 1,
        dead_clicks: 2,
        dropped_entries: 7,
        truncated: 3,
        own_cpu_us: 1500,
        own_bytes: 9000,
    }
}

#[test]
fn all_that_can_be_told_is_decoded_as_it_was_told() {
    assert_eq!(decode(&encoded(&told_in_full())), Ok(beacon_in_full()));
}

#[test]
fn what_is_not_known_is_told_as_not_known() {
    let nothing = Told::Nothing;
    let told = [
        vec![vec![
            "s".into(),
            STARTED.into(),
            5.0.into(),
            "1".into(),
            "2".into(),
            0.0.into(),
            1.0.into(),
            1.0.into(),
            0.0.into(),
        ]],
        vec![vec![
            "/".into(),
            nothing.clone(),
            nothing.clone(),
            1.0.into(),
            0.0.into(),
            1.0.into(),
            nothing.clone(),
            0.0.into(),
            f64::INFINITY.into(),
            nothing.clone(),
            Told::List(vec![]),
        ]],
        vec![vec![nothing.clone(); 21]],
        vec![],
        vec![],
        vec![[vec![nothing.clone(); 12], vec![Told::List(vec![]), nothing]].concat()],
        vec![],
        vec![vec![0.0.into()]],
    ];
    let told = sections(told, Default::default());
    let bytes = encoded(&told);
    let beacon = decode(&bytes).expect("a beacon");
    let view = beacon.view.expect("a view");
    assert_eq!(
        (view.hidden_at_ms, view.counted_lcp_ms, view.previous, view.name, view.http_status),
        (None, None, None, None, 0)
    );
    assert_eq!(beacon.vitals, WebVitals::default());
    assert_eq!(beacon.context, Context::default());
    assert_eq!((beacon.navigation, beacon.goals.len(), beacon.errors.len()), (None, 0, 0));
}

#[test]
fn a_goal_that_does_not_fit_leaves_room_for_what_does() {
    let views = (0..50).map(|_| earlier(STARTED, 0.0, &"/long".repeat(100), 2.0, 1.0)).collect();
    let goal = |views| vec!["order".into(), 1.0.into(), 1.0.into(), Told::List(views)];
    let told = [
        vec![vec![
            "s".into(),
            STARTED.into(),
            5.0.into(),
            "1".into(),
            "2".into(),
            0.0.into(),
            2.0.into(),
            1.0.into(),
            0.0.into(),
        ]],
        vec![],
        vec![],
        vec![goal(views), goal(vec![])],
        vec![],
        vec![],
        vec![],
        vec![vec![7.0.into()]],
    ];
    let told = sections(told, Default::default());
    let bytes = encoded(&told);
    let beacon = decode(&bytes).expect("a beacon");
    assert_eq!((beacon.goals.len(), beacon.resources.seen), (1, 7));
    let life = PageLife { truncated: used().truncated + 1, ..used() };
    assert_eq!(beacon.life, life, "there is always room for it, and the goal is counted");
}
