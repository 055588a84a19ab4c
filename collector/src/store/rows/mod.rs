//! The rows of the raw tables, as types. Fields are in the order of the table's columns, and are named like them; the ClickHouse client
//! checks both against the server's schema at every insert and every read.
//!
//! Instants are Unix milliseconds ([`UnixMs`], `DateTime64(3)`); `None` is "not known", never 0.

mod encoded;
mod enum8;
mod page_view;

use beacon_format::{DeliveryType, ErrorKind, Initiator, Nav};
use clickhouse::Row;
use serde::{Deserialize, Serialize};

pub use encoded::{
    Batch, EncodedRows, Part, SnapshotId, TableColumns, batches, parts, rows_of, snapshot_of, table_columns,
};
pub use page_view::PageViewRow;

/// Milliseconds since 1970-01-01 UTC.
pub type UnixMs = i64;

/// A row of one raw table.
pub trait RawRow: clickhouse::RowOwned + clickhouse::RowWrite + Send + Sync {
    /// The table that it belongs to.
    const TABLE: &'static str;
}

/// Kind of device, from the user agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Device {
    /// A phone.
    Mobile = 1,
    /// A computer.
    Desktop = 2,
    /// A tablet.
    Tablet = 3,
    /// Anything else, or not known.
    #[default]
    Other = 4,
}

impl Device {
    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Mobile, Self::Desktop, Self::Tablet, Self::Other].into_iter().find(|device| *device as u8 == byte)
    }
}

/// `resource_timings`: one resource of a page view.
#[expect(
    missing_docs,
    reason = "each column's meaning and unit is its comment in sql/migrations/0002_resource_timings.sql"
)]
#[expect(clippy::struct_excessive_bools, reason = "the table's columns")]
#[derive(Clone, Debug, PartialEq, Default, Row, Serialize, Deserialize)]
pub struct ResourceTimingRow {
    pub site: String,
    pub ts: UnixMs,
    pub session_id: u64,
    pub view_id: u64,
    pub weight: u32,
    pub is_simulated: bool,
    pub is_bot: bool,
    pub country: String,
    pub page_group: String,
    #[serde(with = "enum8::device")]
    pub device: Device,
    pub host: String,
    pub url: String,
    #[serde(with = "enum8::initiator")]
    pub initiator: Initiator,
    pub start_ms: u32,
    pub duration_ms: u32,
    pub dns_ms: Option<u32>,
    pub tcp_ms: Option<u32>,
    pub tls_ms: Option<u32>,
    pub request_ms: Option<u32>,
    pub response_ms: Option<u32>,
    pub transfer_bytes: u64,
    pub encoded_bytes: u64,
    pub decoded_bytes: u64,
    pub http_status: u16,
    pub render_blocking: bool,
    pub is_opaque: bool,
    pub protocol: String,
    #[serde(with = "enum8::delivery_type")]
    pub delivery_type: DeliveryType,
}

/// `goals`: one goal reached. The four `earlier_` arrays have the same length.
#[expect(missing_docs, reason = "each column's meaning and unit is its comment in sql/migrations/0003_goals.sql")]
#[derive(Clone, Debug, PartialEq, Default, Row, Serialize, Deserialize)]
pub struct GoalRow {
    pub site: String,
    pub ts: UnixMs,
    pub session_id: u64,
    pub view_id: u64,
    pub weight: u32,
    pub is_simulated: bool,
    pub is_bot: bool,
    pub name: String,
    pub is_conversion: bool,
    pub value: f64,
    pub country: String,
    pub page_group: String,
    #[serde(with = "enum8::device")]
    pub device: Device,
    pub earlier_ts: Vec<UnixMs>,
    pub earlier_page_group: Vec<String>,
    #[serde(with = "enum8::navs")]
    pub earlier_nav: Vec<Nav>,
    pub earlier_lcp_ms: Vec<u32>,
    pub release: String,
    pub experiment_arm: String,
}

/// `page_errors`: what one snapshot tells of a distinct error of a page view.
#[expect(missing_docs, reason = "each column's meaning and unit is its comment in sql/migrations")]
#[derive(Clone, Debug, PartialEq, Default, Row, Serialize, Deserialize)]
pub struct PageErrorRow {
    pub site: String,
    pub ts: UnixMs,
    pub session_id: u64,
    pub view_id: u64,
    pub weight: u32,
    pub is_simulated: bool,
    pub is_bot: bool,
    pub country: String,
    pub page_group: String,
    #[serde(with = "enum8::device")]
    pub device: Device,
    pub browser: String,
    pub release: String,
    #[serde(with = "enum8::error_kind")]
    pub kind: ErrorKind,
    pub message: String,
    pub source: String,
    pub line: u32,
    pub column: u32,
    pub count: u32,
    pub counted: u32,
}

/// `browser_reports`: one report that a browser sent by itself.
#[expect(
    missing_docs,
    reason = "each column's meaning and unit is its comment in sql/migrations, 0005_browser_reports.sql and 0057_browser_reports_bodies.sql"
)]
#[derive(Clone, Debug, PartialEq, Default, Row, Serialize, Deserialize)]
pub struct BrowserReportRow {
    pub site: String,
    pub ts: UnixMs,
    pub is_bot: bool,
    pub country: String,
    #[serde(with = "enum8::device")]
    pub device: Device,
    pub browser: String,
    #[serde(rename = "type")]
    pub report_type: String,
    pub url: String,
    pub phase: String,
    pub error: String,
    pub http_status: u16,
    pub protocol: String,
    pub elapsed_ms: u32,
    pub sampling_fraction: f32,
    pub method: String,
    pub referrer: String,
    pub blocked: String,
    pub source: String,
    pub line: u32,
    pub disposition: String,
    pub message: String,
}

impl RawRow for ResourceTimingRow {
    const TABLE: &'static str = "resource_timings";
}

impl RawRow for GoalRow {
    const TABLE: &'static str = "goals";
}

impl RawRow for PageErrorRow {
    const TABLE: &'static str = "page_errors";
}

impl RawRow for BrowserReportRow {
    const TABLE: &'static str = "browser_reports";
}

/// Rows for every raw table: what one beacon becomes.
#[expect(missing_docs, reason = "each field is named like its table")]
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Tables {
    pub page_views: Vec<PageViewRow>,
    pub resource_timings: Vec<ResourceTimingRow>,
    pub goals: Vec<GoalRow>,
    pub page_errors: Vec<PageErrorRow>,
    pub browser_reports: Vec<BrowserReportRow>,
}

impl Tables {
    /// How many rows there are in all tables together.
    pub fn rows(&self) -> usize {
        self.page_views.len()
            + self.resource_timings.len()
            + self.goals.len()
            + self.page_errors.len()
            + self.browser_reports.len()
    }
}
