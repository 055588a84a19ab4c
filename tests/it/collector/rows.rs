//! Every raw table through the collector's own row types, validation on; tokens; questions.

use std::fmt::Debug;

use beacon_format::{
    Confidence, ConnectionType, DeliveryType, EffectiveType, ErrorKind, Initiator, InteractionKind, Nav,
    NavigationType, Reason,
};
use clickhouse::RowRead;
use collector::Config;
use collector::store::migrate::migrate;
use collector::store::rows::{
    BrowserReportRow, Device, GoalRow, PageErrorRow, PageViewRow, RawRow, ResourceTimingRow, Tables, UnixMs,
};
use collector::store::{ErrorClass, QueryLimits, Store};
use tests::embedded::EmbeddedClickHouse;

use super::sample::now_ms;

/// A store on an empty database of the shared ClickHouse.
pub(super) fn store(test: &str) -> Store {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = format!("collector_{test}");
    clickhouse.database(&database);
    let toml = format!("[clickhouse]\nmode = 'server'\nurl = '{}'\ndatabase = '{database}'", clickhouse.url());
    Store::new(&Config::parse(&toml, []).unwrap().clickhouse)
}

pub(super) async fn migrated(test: &str) -> Store {
    let store = store(test);
    migrate(&store).await.unwrap();
    store
}

/// Not older than what the tables keep.
pub(super) fn today(offset_ms: i64) -> UnixMs {
    i64::try_from(now_ms()).unwrap() - 60_000 + offset_ms
}

/// A row that no column of which is its type's default.
pub(super) fn page_view() -> PageViewRow {
    PageViewRow {
        site: "shop".to_owned(),
        ts: today(1),
        received_at: today(2002),
        clock_skew_ms: -86_400_123,
        session_id: u64::MAX,
        view_id: 1 << 63,
        seq: u16::MAX,
        reason: Reason::Server,
        weight: 1_000_000,
        is_simulated: true,
        is_bot: true,
        bot_reason: "headless".to_owned(),
        country: "XK".to_owned(),
        page_group: "/item/:id".to_owned(),
        path: "/item/ü".to_owned(),
        page_name: "item".to_owned(),
        referrer_host: "example.org".to_owned(),
        device: Device::Other,
        browser: "Chrome".to_owned(),
        browser_version: 130,
        os: "Windows".to_owned(),
        nav: Nav::Inner,
        navigation_type: NavigationType::Soft,
        view_number: 2,
        http_status: 200,
        hidden_at_start: true,
        hidden_at_ms: Some(0),
        counted_lcp_ms: Some(u32::MAX),
        previous_ts: Some(today(-5)),
        previous_page_group: "/".to_owned(),
        previous_nav: Nav::Inner,
        previous_lcp_ms: 900,
        ttfb_ms: Some(1),
        fcp_ms: Some(2),
        lcp_ms: Some(3),
        inp_ms: Some(4),
        cls: Some(0.125),
        lcp_element: "img".to_owned(),
        lcp_url: "https://x/y".to_owned(),
        activation_ms: 5,
        redirect_ms: Some(6),
        worker_ms: Some(7),
        dns_ms: Some(8),
        tcp_ms: Some(9),
        tls_ms: Some(10),
        request_ms: Some(11),
        response_ms: Some(12),
        dom_interactive_ms: Some(13),
        dom_content_loaded_ms: Some(14),
        dom_complete_ms: Some(15),
        load_ms: Some(16),
        early_hints_ms: Some(17),
        redirect_count: 255,
        protocol: "h3".to_owned(),
        delivery_type: DeliveryType::NavigationalPrefetch,
        transfer_bytes: u64::MAX,
        encoded_bytes: 18,
        decoded_bytes: 19,
        resources_seen: 20,
        effective_type: EffectiveType::FourG,
        rtt_ms: 21,
        downlink_kbps: 22,
        save_data: true,
        device_memory_mib: 8192,
        cores: 16,
        viewport_width: 1920,
        viewport_height: 1080,
        pixel_ratio: 1.5,
        language: "de-DE".to_owned(),
        release: "1.2".to_owned(),
        experiment_arm: "b".to_owned(),
        dimensions: vec![("plan".to_owned(), "gold".to_owned()), ("tier".to_owned(), String::new())],
        ..attribution()
    }
}

/// What views tell beside their vitals, since `0015_page_views_capture`.
fn attribution() -> PageViewRow {
    PageViewRow {
        fp_ms: Some(23),
        lcp_load_delay_ms: Some(24),
        lcp_load_duration_ms: Some(25),
        lcp_render_delay_ms: Some(26),
        inp_at_ms: Some(27),
        inp_input_delay_ms: Some(28),
        inp_processing_ms: Some(29),
        inp_presentation_ms: Some(30),
        inp_kind: InteractionKind::Keyboard,
        inp_element: "button#buy".to_owned(),
        interactions: 31,
        cls_largest: Some(0.0625),
        cls_largest_at_ms: Some(32),
        cls_element: "main>p".to_owned(),
        visible_ms: 33,
        scroll_depth_pct: 100,
        rage_clicks: 34,
        dead_clicks: 35,
        dropped_entries: 36,
        truncated: 37,
        own_cpu_us: 38,
        own_bytes: 39,
        connection: ConnectionType::Mixed,
        confidence: Confidence::Low,
        kept_ms: 40,
        frames_count: 41,
        frames_blocking_ms: 42,
        frames_longest_ms: 43,
        frames_are_tasks: true,
        server_timings_name: vec!["db".to_owned(), "edge".to_owned()],
        server_timings_duration_ms: vec![44, 0],
        server_timings_description: vec![String::new(), "hit, FRA".to_owned()],
        types_initiator: vec![Initiator::Beacon, Initiator::Other],
        types_count: vec![50, u32::MAX],
        types_cached: vec![51, u32::MAX],
        types_blocking: vec![52, u32::MAX],
        types_opaque: vec![53, u32::MAX],
        types_failed: vec![54, u32::MAX],
        types_slowest_ms: vec![55, u32::MAX],
        types_duration_ms: vec![56, u32::MAX],
        types_transfer_bytes: vec![57, u64::MAX],
        types_decoded_bytes: vec![58, u64::MAX],
        hosts_host: vec!["cdn.example.com:8443".to_owned(), String::new()],
        hosts_count: vec![60, u32::MAX],
        hosts_cached: vec![61, u32::MAX],
        hosts_blocking: vec![62, u32::MAX],
        hosts_opaque: vec![63, u32::MAX],
        hosts_failed: vec![64, u32::MAX],
        hosts_slowest_ms: vec![65, u32::MAX],
        hosts_duration_ms: vec![66, u32::MAX],
        hosts_transfer_bytes: vec![67, u64::MAX],
        hosts_decoded_bytes: vec![68, u64::MAX],
        worst_frames_start_ms: vec![70],
        worst_frames_duration_ms: vec![71],
        worst_frames_blocking_ms: vec![72],
        worst_frames_layout_ms: vec![73],
        worst_frames_script_ms: vec![74],
        worst_frames_forced_layout_ms: vec![75],
        worst_frames_script_url: vec!["https://x/y.js".to_owned()],
        worst_frames_function: vec!["render".to_owned()],
        worst_frames_invoker: vec!["BUTTON#buy.onclick".to_owned()],
        timings_name: vec!["ready".to_owned(), "search".to_owned(), "ü".to_owned()],
        timings_is_measure: vec![false, true, true],
        timings_start_ms: vec![80, 81, 82],
        timings_duration_ms: vec![0, 83, 84],
        ..PageViewRow::default()
    }
}

fn resource_timing() -> ResourceTimingRow {
    ResourceTimingRow {
        site: "shop".to_owned(),
        ts: today(3),
        session_id: 1,
        view_id: 2,
        weight: 3,
        is_simulated: true,
        is_bot: true,
        country: "DE".to_owned(),
        page_group: "/".to_owned(),
        device: Device::Tablet,
        host: "cdn.example.com".to_owned(),
        url: "https://cdn.example.com/x".to_owned(),
        initiator: Initiator::Beacon,
        start_ms: 4,
        duration_ms: 5,
        dns_ms: Some(6),
        tcp_ms: Some(7),
        tls_ms: Some(8),
        request_ms: Some(9),
        response_ms: Some(10),
        transfer_bytes: 11,
        encoded_bytes: 12,
        decoded_bytes: 13,
        http_status: 404,
        render_blocking: true,
        is_opaque: true,
        protocol: "h2".to_owned(),
        delivery_type: DeliveryType::Cache,
    }
}

fn goal() -> GoalRow {
    GoalRow {
        site: "shop".to_owned(),
        ts: today(4),
        session_id: 1,
        view_id: 2,
        weight: 3,
        is_simulated: true,
        is_bot: false,
        name: "order".to_owned(),
        is_conversion: true,
        value: -49.9,
        country: "BR".to_owned(),
        page_group: "/".to_owned(),
        device: Device::Mobile,
        earlier_ts: vec![today(-10), today(-20)],
        earlier_page_group: vec!["/".to_owned(), "/search".to_owned()],
        earlier_nav: vec![Nav::Entry, Nav::Inner],
        earlier_lcp_ms: vec![100, 200],
        release: "2026.11.3".to_owned(),
        experiment_arm: "fast".to_owned(),
    }
}

pub(super) fn page_error() -> PageErrorRow {
    PageErrorRow {
        site: "shop".to_owned(),
        ts: today(5),
        session_id: 1,
        view_id: 2,
        weight: 3,
        is_simulated: true,
        is_bot: true,
        country: "DE".to_owned(),
        page_group: "/".to_owned(),
        device: Device::Desktop,
        browser: "Firefox".to_owned(),
        release: "1".to_owned(),
        kind: ErrorKind::Reported,
        message: "quoted 'text'\tand \\".to_owned(),
        source: "https://x/y.js".to_owned(),
        line: 4,
        column: 5,
        count: 6,
        counted: 7,
    }
}

fn browser_report() -> BrowserReportRow {
    BrowserReportRow {
        site: "shop".to_owned(),
        ts: today(6),
        is_bot: true,
        country: "JP".to_owned(),
        device: Device::Mobile,
        browser: "Chrome".to_owned(),
        report_type: "network-error".to_owned(),
        url: "https://x/".to_owned(),
        phase: "dns".to_owned(),
        error: "dns.name_not_resolved".to_owned(),
        http_status: 0,
        protocol: "h2".to_owned(),
        elapsed_ms: 30_000,
        sampling_fraction: 0.25,
        method: "GET".to_owned(),
        referrer: "https://shop.example.com/list".to_owned(),
        blocked: "inline".to_owned(),
        source: "https://shop.example.com/app.js".to_owned(),
        line: 7,
        disposition: "report".to_owned(),
        message: "a message".to_owned(),
    }
}

async fn assert_reads_back<T: RawRow + RowRead + PartialEq + Debug>(store: &Store, rows: &[T]) {
    store.insert_rows(rows, &format!("test/{}", T::TABLE)).await.unwrap();
    assert_eq!(store.read_rows::<T>(10).await.unwrap(), rows, "{}", T::TABLE);
}

#[tokio::test]
async fn every_raw_table_takes_its_row_and_gives_it_back() {
    let store = migrated("rows").await;
    // Ordered as the tables order them: by view, the first one first.
    let bare = PageViewRow {
        view_id: 1,
        ts: today(0),
        received_at: today(0),
        weight: 1,
        view_number: 1,
        ..PageViewRow::default()
    };
    assert_reads_back(&store, &[PageViewRow { site: "shop".to_owned(), ..bare }, page_view()]).await;
    assert_reads_back(&store, &[resource_timing()]).await;
    assert_reads_back(&store, &[goal()]).await;
    assert_reads_back(&store, &[page_error()]).await;
    assert_reads_back(&store, &[browser_report()]).await;
}

#[tokio::test]
async fn the_same_token_again_changes_nothing_in_raw_tables_or_rollups() {
    let store = migrated("tokens").await;
    let view =
        PageViewRow { is_bot: false, navigation_type: NavigationType::Navigate, counted_lcp_ms: None, ..page_view() };
    let tables =
        Tables { page_views: vec![view], goals: vec![goal()], page_errors: vec![page_error()], ..Tables::default() };
    let count = async || {
        let sql = "SELECT (SELECT count() FROM page_views), (SELECT count() FROM goals), (SELECT sum(n) FROM loss_cube), \
                   (SELECT sum(orders) FROM goals_daily), (SELECT sum(views) FROM beat_5m)";
        let answer = store.query_bytes(sql, &[], "TSV", QueryLimits::default()).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    store.insert_tables(&tables, "run-1-0").await.unwrap();
    let once = count().await;
    store.insert_tables(&tables, "run-1-0").await.unwrap();
    assert_eq!(count().await, once);
    store.insert_tables(&tables, "run-1-1").await.unwrap();
    assert_ne!(count().await, once);
}

#[tokio::test]
async fn questions_are_read_only_limited_and_take_parameters() {
    let store = migrated("questions").await;
    let limits = QueryLimits::default();
    let parameters = [("text", "a'b\\c\t\u{fc}?".to_owned()), ("number", "42".to_owned())];
    let sql = "SELECT {text:String} AS text, {number:UInt64} AS number, '?' AS mark";
    let answer = store.query_bytes(sql, &parameters, "JSONEachRow", limits).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer, serde_json::json!({ "text": "a'b\\c\tü?", "number": 42, "mark": "?" }));
    let refused = store.query_bytes("INSERT INTO goals (site) VALUES ('x')", &[], "TSV", limits).await.unwrap_err();
    assert_eq!(refused.code, Some(164), "{refused}");
    let slow = "SELECT sum(sleepEachRow(0.5)) FROM numbers(60) SETTINGS max_block_size = 1";
    let limited = QueryLimits { time_s: 1, ..limits };
    let refused = store.query_bytes(slow, &[], "TSV", limited).await.unwrap_err();
    assert!(matches!(refused.code, Some(159 | 164)), "{refused}");
    let large = QueryLimits { result_bytes_max: 1000, ..limits };
    assert!(store.query_bytes("SELECT number FROM numbers(1000)", &[], "TSV", large).await.is_err());
    let unknown = store.query_bytes("SELECT x FROM nowhere", &[], "TSV", limits).await.unwrap_err();
    assert_eq!((unknown.class, unknown.code), (ErrorClass::Setup, Some(60)));
}
