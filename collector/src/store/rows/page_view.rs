//! `page_views`, as a type.

use beacon_format::{
    Confidence, ConnectionType, DeliveryType, EffectiveType, Initiator, InteractionKind, Nav, NavigationType, Reason,
};
use clickhouse::Row;
use serde::{Deserialize, Serialize};

use super::{Device, RawRow, UnixMs, enum8};

/// `page_views`: one snapshot of one page view. Columns whose names have a dot are arrays, as long as the others
/// of their group; those of `frames` are `worst_frames_*` here, beside the sums over all frames.
#[expect(missing_docs, reason = "each column's meaning and unit is its comment in sql/migrations")]
#[expect(clippy::struct_excessive_bools, reason = "the table's columns")]
#[derive(Clone, Debug, PartialEq, Default, Row, Serialize, Deserialize)]
pub struct PageViewRow {
    pub site: String,
    pub ts: UnixMs,
    pub received_at: UnixMs,
    pub clock_skew_ms: i64,
    pub session_id: u64,
    pub view_id: u64,
    pub seq: u16,
    #[serde(with = "enum8::reason")]
    pub reason: Reason,
    pub weight: u32,
    pub is_simulated: bool,
    pub is_bot: bool,
    pub bot_reason: String,
    pub country: String,
    pub page_group: String,
    pub path: String,
    pub page_name: String,
    pub referrer_host: String,
    #[serde(with = "enum8::device")]
    pub device: Device,
    pub browser: String,
    pub browser_version: u16,
    pub os: String,
    #[serde(with = "enum8::nav")]
    pub nav: Nav,
    #[serde(with = "enum8::navigation_type")]
    pub navigation_type: NavigationType,
    pub view_number: u16,
    pub http_status: u16,
    pub hidden_at_start: bool,
    pub hidden_at_ms: Option<u32>,
    pub counted_lcp_ms: Option<u32>,
    pub previous_ts: Option<UnixMs>,
    pub previous_page_group: String,
    #[serde(with = "enum8::nav")]
    pub previous_nav: Nav,
    pub previous_lcp_ms: u32,
    pub ttfb_ms: Option<u32>,
    pub fcp_ms: Option<u32>,
    pub lcp_ms: Option<u32>,
    pub inp_ms: Option<u32>,
    pub cls: Option<f32>,
    pub lcp_element: String,
    pub lcp_url: String,
    pub activation_ms: u32,
    pub redirect_ms: Option<u32>,
    pub worker_ms: Option<u32>,
    pub dns_ms: Option<u32>,
    pub tcp_ms: Option<u32>,
    pub tls_ms: Option<u32>,
    pub request_ms: Option<u32>,
    pub response_ms: Option<u32>,
    pub dom_interactive_ms: Option<u32>,
    pub dom_content_loaded_ms: Option<u32>,
    pub dom_complete_ms: Option<u32>,
    pub load_ms: Option<u32>,
    pub early_hints_ms: Option<u32>,
    pub redirect_count: u8,
    pub protocol: String,
    #[serde(with = "enum8::delivery_type")]
    pub delivery_type: DeliveryType,
    pub transfer_bytes: u64,
    pub encoded_bytes: u64,
    pub decoded_bytes: u64,
    pub resources_seen: u32,
    #[serde(with = "enum8::effective_type")]
    pub effective_type: EffectiveType,
    pub rtt_ms: u32,
    pub downlink_kbps: u32,
    pub save_data: bool,
    pub device_memory_mib: u32,
    pub cores: u16,
    pub viewport_width: u32,
    pub viewport_height: u32,
    pub pixel_ratio: f32,
    pub language: String,
    pub release: String,
    pub experiment_arm: String,
    pub dimensions: Vec<(String, String)>,
    pub fp_ms: Option<u32>,
    pub lcp_load_delay_ms: Option<u32>,
    pub lcp_load_duration_ms: Option<u32>,
    pub lcp_render_delay_ms: Option<u32>,
    pub inp_at_ms: Option<u32>,
    pub inp_input_delay_ms: Option<u32>,
    pub inp_processing_ms: Option<u32>,
    pub inp_presentation_ms: Option<u32>,
    #[serde(with = "enum8::inp_kind")]
    pub inp_kind: InteractionKind,
    pub inp_element: String,
    pub interactions: u32,
    pub cls_largest: Option<f32>,
    pub cls_largest_at_ms: Option<u32>,
    pub cls_element: String,
    pub visible_ms: u32,
    pub scroll_depth_pct: u8,
    pub rage_clicks: u32,
    pub dead_clicks: u32,
    pub dropped_entries: u32,
    pub truncated: u32,
    pub own_cpu_us: u32,
    pub own_bytes: u32,
    #[serde(with = "enum8::connection")]
    pub connection: ConnectionType,
    #[serde(with = "enum8::confidence")]
    pub confidence: Confidence,
    pub kept_ms: u32,
    pub frames_count: u32,
    pub frames_blocking_ms: u32,
    pub frames_longest_ms: u32,
    pub frames_are_tasks: bool,
    #[serde(rename = "server_timings.name")]
    pub server_timings_name: Vec<String>,
    #[serde(rename = "server_timings.duration_ms")]
    pub server_timings_duration_ms: Vec<u32>,
    #[serde(rename = "server_timings.description")]
    pub server_timings_description: Vec<String>,
    #[serde(rename = "types.initiator", with = "enum8::initiators")]
    pub types_initiator: Vec<Initiator>,
    #[serde(rename = "types.count")]
    pub types_count: Vec<u32>,
    #[serde(rename = "types.cached")]
    pub types_cached: Vec<u32>,
    #[serde(rename = "types.blocking")]
    pub types_blocking: Vec<u32>,
    #[serde(rename = "types.opaque")]
    pub types_opaque: Vec<u32>,
    #[serde(rename = "types.failed")]
    pub types_failed: Vec<u32>,
    #[serde(rename = "types.slowest_ms")]
    pub types_slowest_ms: Vec<u32>,
    #[serde(rename = "types.duration_ms")]
    pub types_duration_ms: Vec<u32>,
    #[serde(rename = "types.transfer_bytes")]
    pub types_transfer_bytes: Vec<u64>,
    #[serde(rename = "types.decoded_bytes")]
    pub types_decoded_bytes: Vec<u64>,
    #[serde(rename = "hosts.host")]
    pub hosts_host: Vec<String>,
    #[serde(rename = "hosts.count")]
    pub hosts_count: Vec<u32>,
    #[serde(rename = "hosts.cached")]
    pub hosts_cached: Vec<u32>,
    #[serde(rename = "hosts.blocking")]
    pub hosts_blocking: Vec<u32>,
    #[serde(rename = "hosts.opaque")]
    pub hosts_opaque: Vec<u32>,
    #[serde(rename = "hosts.failed")]
    pub hosts_failed: Vec<u32>,
    #[serde(rename = "hosts.slowest_ms")]
    pub hosts_slowest_ms: Vec<u32>,
    #[serde(rename = "hosts.duration_ms")]
    pub hosts_duration_ms: Vec<u32>,
    #[serde(rename = "hosts.transfer_bytes")]
    pub hosts_transfer_bytes: Vec<u64>,
    #[serde(rename = "hosts.decoded_bytes")]
    pub hosts_decoded_bytes: Vec<u64>,
    #[serde(rename = "frames.start_ms")]
    pub worst_frames_start_ms: Vec<u32>,
    #[serde(rename = "frames.duration_ms")]
    pub worst_frames_duration_ms: Vec<u32>,
    #[serde(rename = "frames.blocking_ms")]
    pub worst_frames_blocking_ms: Vec<u32>,
    #[serde(rename = "frames.layout_ms")]
    pub worst_frames_layout_ms: Vec<u32>,
    #[serde(rename = "frames.script_ms")]
    pub worst_frames_script_ms: Vec<u32>,
    #[serde(rename = "frames.forced_layout_ms")]
    pub worst_frames_forced_layout_ms: Vec<u32>,
    #[serde(rename = "frames.script_url")]
    pub worst_frames_script_url: Vec<String>,
    #[serde(rename = "frames.function")]
    pub worst_frames_function: Vec<String>,
    #[serde(rename = "frames.invoker")]
    pub worst_frames_invoker: Vec<String>,
    #[serde(rename = "timings.name")]
    pub timings_name: Vec<String>,
    #[serde(rename = "timings.is_measure")]
    pub timings_is_measure: Vec<bool>,
    #[serde(rename = "timings.start_ms")]
    pub timings_start_ms: Vec<u32>,
    #[serde(rename = "timings.duration_ms")]
    pub timings_duration_ms: Vec<u32>,
    /// Days since 1970-01-01.
    pub geo_built: u16,
}

impl RawRow for PageViewRow {
    const TABLE: &'static str = "page_views";
}
