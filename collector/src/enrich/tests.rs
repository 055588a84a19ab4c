use std::sync::{Arc, LazyLock};

use beacon_format::{
    Beacon, Confidence, EarlierView, Goal, Head, HostTotal, Id, Initiator, InteractionKind, LongFrame, LongFrames, Nav,
    NavigationTiming, NavigationType, PageError, PageLife, PageName, PageView, Reason, ResourceTiming, ResourceTotal,
    Resources, ServerTiming, TypeTotal, UserTiming, WebVitals,
};

use super::client_hints::ClientHints;
use super::user_agent::UserAgents;
use super::{RequestFacts, Rows, Tools, enrich};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::reject::Reject;
use crate::site::Site;
use crate::store::rows::Tables;

/// The clock of every test here.
const NOW: i64 = 1_795_000_000_000;
const BEGAN: u64 = 1_794_999_998_000;

static TOOLS: LazyLock<Tools> = LazyLock::new(|| Tools {
    geo: None,
    user_agents: UserAgents::new().expect("npm packages are installed by cargo xtask"),
    metrics: Arc::new(Metrics::default()),
});

fn site() -> Site {
    let config = Config::parse("[sites.shop]\nconversion_goal = 'signup'", []).unwrap();
    Site::new(0, "shop", &config.sites["shop"])
}

fn beacon() -> Beacon<'static> {
    let (session_id, view_id) = (Id(1), Id(2));
    Beacon {
        head: Head {
            site: "shop".into(),
            time_origin_ms: BEGAN,
            sent_after_ms: 2000,
            session_id,
            view_id,
            weight: 1,
            ..Head::default()
        },
        view: Some(PageView { path: "/a".into(), view_number: 1, ..PageView::default() }),
        navigation: Some(NavigationTiming {
            request_start: 10,
            response_start: 100,
            response_end: 120,
            ..Default::default()
        }),
        vitals: WebVitals {
            ttfb_ms: Some(100),
            fcp_ms: Some(500),
            lcp_ms: Some(900),
            cls_e4: Some(5000),
            lcp_url: "https://x/hero.png?v=1".into(),
            ..WebVitals::default()
        },
        ..Beacon::default()
    }
}

fn rows_of(beacon: &Beacon, user_agent: &str) -> Rows {
    let facts = RequestFacts { client: None, user_agent, hints: ClientHints::default(), received_ms: NOW };
    enrich(beacon, &facts, &site(), &TOOLS).unwrap()
}

fn rows(beacon: &Beacon) -> Rows {
    rows_of(beacon, "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")
}

#[test]
fn a_plain_view_becomes_one_row() {
    let rows = rows(&beacon());
    let view = rows.page_view.clone().unwrap();
    assert_eq!((view.ts, view.received_at, view.clock_skew_ms), (NOW - 2000, NOW, 0));
    assert_eq!((view.session_id, view.view_id, view.country.as_str()), (1, 2, "ZZ"));
    assert_eq!((view.ttfb_ms, view.fcp_ms, view.lcp_ms, view.cls), (Some(100), Some(500), Some(900), Some(0.5)));
    assert_eq!((view.request_ms, view.response_ms, view.dns_ms), (Some(90), Some(20), None));
    assert_eq!(view.lcp_url, "https://x/hero.png");
    assert_eq!(Tables::from(rows).rows(), 1);
}

#[test]
fn paints_of_a_view_that_began_hidden_are_not_known_nor_is_what_was_counted_of_them() {
    let mut beacon = beacon();
    let view = beacon.view.as_mut().unwrap();
    view.hidden_at_start = true;
    view.counted_lcp_ms = Some(900);
    beacon.vitals.fp_ms = Some(400);
    beacon.vitals.lcp_load_delay_ms = Some(100);
    beacon.vitals.lcp_load_duration_ms = Some(600);
    beacon.vitals.lcp_render_delay_ms = Some(100);
    let shown = rows(&{
        let mut shown = beacon.clone();
        shown.view.as_mut().unwrap().hidden_at_start = false;
        shown
    });
    let shown = shown.page_view.unwrap();
    assert_eq!((shown.fp_ms, shown.lcp_load_delay_ms), (Some(400), Some(100)));
    assert_eq!((shown.lcp_load_duration_ms, shown.lcp_render_delay_ms), (Some(600), Some(100)));
    let view = rows(&beacon).page_view.unwrap();
    assert_eq!((view.fp_ms, view.fcp_ms, view.lcp_ms, view.counted_lcp_ms), (None, None, None, None));
    let parts = [view.lcp_load_delay_ms, view.lcp_load_duration_ms, view.lcp_render_delay_ms];
    assert_eq!(parts, [None; 3]);
    assert_eq!((view.lcp_url.as_str(), view.ttfb_ms), ("", Some(100)));
}

#[test]
fn a_view_that_fetched_nothing_has_paints_and_no_first_byte_or_phases() {
    for kind in [NavigationType::BackForwardCache, NavigationType::Soft] {
        let mut beacon = beacon();
        beacon.view.as_mut().unwrap().navigation_type = kind;
        let view = rows(&beacon).page_view.unwrap();
        assert_eq!((view.ttfb_ms, view.request_ms, view.lcp_ms), (None, None, Some(900)), "{kind:?}");
    }
}

#[test]
fn marks_that_cannot_be_are_left_out_whole_and_the_view_stays() {
    let mut beacon = beacon();
    beacon.navigation.as_mut().unwrap().response_start = 2500;
    let view = rows(&beacon).page_view.unwrap();
    assert_eq!((view.request_ms, view.response_ms, view.lcp_ms), (None, None, Some(900)));
}

#[test]
fn the_view_before_is_told_when_its_time_can_be() {
    let previous =
        |started_ms| EarlierView { started_ms, page: PageName::Name("home".into()), nav: Nav::Entry, lcp_ms: 700 };
    let mut beacon = beacon();
    beacon.view.as_mut().unwrap().previous = Some(previous(BEGAN - 5000));
    let view = rows(&beacon).page_view.unwrap();
    assert_eq!((view.previous_ts, view.previous_page_group.as_str()), (Some(NOW - 7000), "home"));
    assert_eq!(view.previous_lcp_ms, 700);
    beacon.view.as_mut().unwrap().previous = Some(previous(BEGAN - 49 * 3600 * 1000));
    let view = rows(&beacon).page_view.unwrap();
    assert_eq!((view.previous_ts, view.previous_page_group.as_str(), view.previous_lcp_ms), (None, "", 0));
}

#[test]
fn the_sites_goal_is_its_conversion_and_no_other() {
    let mut beacon = beacon();
    let goal = |name: &'static str, at_ms| Goal { name: name.into(), at_ms, ..Goal::default() };
    beacon.goals = vec![goal("signup", 1500), goal("order", 9_000_000)];
    let goals = rows(&beacon).goals;
    assert_eq!((goals[0].is_conversion, goals[0].ts), (true, NOW - 500));
    assert_eq!((goals[1].is_conversion, goals[1].ts), (false, NOW), "nothing happens after it was told");
    assert_eq!(goals[0].page_group, "/a");
}

#[test]
fn texts_lose_queries_line_breaks_and_capitals_of_hosts() {
    let mut beacon = beacon();
    beacon.view.as_mut().unwrap().path = "/a?token=secret".into();
    beacon.view.as_mut().unwrap().referrer_host = "News.Example.ORG".into();
    let url = "https://CDN.example.com/x.js?user=1#y";
    beacon.resources = Resources {
        seen: 1,
        entries: vec![ResourceTiming { url: url.into(), ..Default::default() }],
        hosts: vec![HostTotal { host: "CDN.example.com:8443".into(), ..HostTotal::default() }],
        ..Resources::default()
    };
    beacon.frames.worst = vec![LongFrame { script_url: url.into(), invoker: url.into(), ..LongFrame::default() }];
    beacon.timings = vec![UserTiming { is_measure: false, start: 1, duration: 0, name: url.into() }];
    beacon.errors = vec![PageError { message: "a\nb".into(), source: url.into(), ..PageError::default() }];
    let rows = rows(&beacon);
    let view = rows.page_view.unwrap();
    assert_eq!((view.path.as_str(), view.referrer_host.as_str()), ("/a", "news.example.org"));
    assert_eq!(view.hosts_host, ["cdn.example.com:8443"]);
    for texts in [&view.worst_frames_script_url, &view.worst_frames_invoker, &view.timings_name] {
        assert_eq!(texts, &["https://CDN.example.com/x.js"]);
    }
    assert_eq!(
        (rows.resources[0].url.as_str(), rows.resources[0].host.as_str()),
        ("https://CDN.example.com/x.js", "cdn.example.com")
    );
    assert_eq!(
        (rows.errors[0].message.as_str(), rows.errors[0].source.as_str()),
        ("a b", "https://CDN.example.com/x.js")
    );
}

#[test]
fn a_program_is_a_bot_unless_it_is_the_server_that_tells() {
    let mut beacon = beacon();
    beacon.goals = vec![Goal { name: "signup".into(), ..Goal::default() }];
    for (agent, is_bot_in_page, is_bot_from_server) in [
        ("", true, false),
        ("python-requests/2.32", true, false),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", true, true),
    ] {
        for (reason, expected) in [(Reason::Settled, is_bot_in_page), (Reason::Server, is_bot_from_server)] {
            beacon.head.reason = reason;
            let rows = rows_of(&beacon, agent);
            let view = rows.page_view.unwrap();
            assert_eq!((view.is_bot, rows.goals[0].is_bot), (expected, expected), "{agent} {reason:?}");
            assert_eq!(view.bot_reason.is_empty(), !expected);
        }
    }
}

#[test]
fn parts_of_what_is_not_known_are_not_known() {
    let mut beacon = beacon();
    beacon.vitals = WebVitals {
        lcp_load_delay_ms: Some(1),
        inp_at_ms: Some(2),
        inp_input_delay_ms: Some(3),
        inp_kind: InteractionKind::Pointer,
        inp_element: "a".into(),
        interactions: 1,
        ..WebVitals::default()
    };
    let view = rows(&beacon).page_view.unwrap();
    assert_eq!((view.lcp_load_delay_ms, view.inp_at_ms, view.inp_input_delay_ms), (None, None, None));
    assert_eq!((view.inp_kind, view.inp_element.as_str(), view.interactions), (InteractionKind::Unknown, "", 1));
    beacon.vitals.inp_ms = Some(40);
    let view = rows(&beacon).page_view.unwrap();
    assert_eq!((view.inp_at_ms, view.inp_input_delay_ms), (Some(2), Some(3)));
    assert_eq!((view.inp_kind, view.inp_element.as_str()), (InteractionKind::Pointer, "a"));
}

#[test]
fn what_the_navigation_tells_goes_with_its_marks() {
    let mut beacon = beacon();
    let navigation = beacon.navigation.as_mut().unwrap();
    navigation.confidence = Confidence::Low;
    navigation.server_timings = vec![
        ServerTiming { name: "db".into(), duration_ms: 53, description: "orders".into() },
        ServerTiming { name: "edge".into(), ..ServerTiming::default() },
    ];
    let view = rows(&beacon).page_view.unwrap();
    assert_eq!((view.confidence, view.server_timings_duration_ms), (Confidence::Low, vec![53, 0]));
    assert_eq!(
        (view.server_timings_name, view.server_timings_description),
        (texts(["db", "edge"]), texts(["orders", ""]))
    );
    beacon.view.as_mut().unwrap().navigation_type = NavigationType::Soft;
    let view = rows(&beacon).page_view.unwrap();
    assert_eq!((view.confidence, view.server_timings_name.len()), (Confidence::Unknown, 0));
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

#[test]
fn sums_lists_and_the_life_of_a_view_are_taken_as_they_are_told() {
    let mut beacon = beacon();
    beacon.life =
        PageLife { visible_ms: 1900, scroll_depth_pct: 100, rage_clicks: 1, truncated: 7, ..PageLife::default() };
    beacon.frames = LongFrames {
        count: 9,
        blocking_ms: 300,
        longest_ms: 250,
        are_tasks: true,
        worst: vec![LongFrame { start: 1, duration: 250, blocking: 200, ..LongFrame::default() }; 2],
    };
    let total = ResourceTotal { count: 3, opaque: 1, transfer_bytes: u64::MAX, ..ResourceTotal::default() };
    beacon.resources.types = vec![TypeTotal { initiator: Initiator::Image, total }];
    beacon.resources.hosts = vec![HostTotal { host: "a.example".into(), total }, HostTotal { host: "".into(), total }];
    beacon.timings = vec![UserTiming { is_measure: true, start: 5, duration: 6, name: "search".into() }];
    let view = rows(&beacon).page_view.unwrap();
    assert_eq!((view.visible_ms, view.scroll_depth_pct, view.rage_clicks, view.truncated), (1900, 100, 1, 7));
    assert_eq!((view.frames_count, view.frames_blocking_ms, view.frames_longest_ms), (9, 300, 250));
    assert_eq!((view.frames_are_tasks, view.worst_frames_blocking_ms), (true, vec![200, 200]));
    assert_eq!((view.types_initiator, view.types_count, view.types_opaque), (vec![Initiator::Image], vec![3], vec![1]));
    assert_eq!((view.hosts_host, view.hosts_transfer_bytes), (texts(["a.example", ""]), vec![u64::MAX; 2]));
    assert_eq!(
        (view.timings_is_measure, view.timings_start_ms, view.timings_duration_ms),
        (vec![true], vec![5], vec![6])
    );
}

#[test]
fn an_error_that_is_told_again_says_so() {
    let mut beacon = beacon();
    beacon.errors = vec![PageError { message: "x".into(), count: 2, counted: 3, ..PageError::default() }];
    let errors = rows(&beacon).errors;
    assert_eq!((errors[0].count, errors[0].counted), (2, 3));
}

#[test]
fn a_beacon_that_was_kept_is_placed_when_it_was_told() {
    let mut beacon = beacon();
    beacon.head.time_origin_ms = BEGAN - 20 * 60 * 1000;
    beacon.head.kept_ms = 20 * 60 * 1000;
    let view = rows(&beacon).page_view.unwrap();
    assert_eq!((view.ts, view.clock_skew_ms, view.kept_ms), (NOW - 2000 - 20 * 60 * 1000, 0, 20 * 60 * 1000));
}

#[test]
fn a_view_of_three_days_ago_is_refused() {
    let mut beacon = beacon();
    beacon.head.time_origin_ms = BEGAN - 72 * 3600 * 1000;
    beacon.head.sent_after_ms = 72 * 3600 * 1000 + 2000;
    let facts = RequestFacts { client: None, user_agent: "x", hints: ClientHints::default(), received_ms: NOW };
    assert_eq!(enrich(&beacon, &facts, &site(), &TOOLS), Err(Reject::TooOld));
}
