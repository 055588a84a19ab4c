//! The configuration: one TOML file, every key of which `slowtax.example.toml` documents, and environment variables over it.
//!
//! A variable `SLOWTAX_SECTION__KEY` overrides `[section] key`, in lower case (`SLOWTAX_HTTP__LISTEN`, `SLOWTAX_CLICKHOUSE__EMBEDDED__BINARY`);
//! a list is given with commas; `page_groups` cannot be given this way, nor can what belongs to a user whose name has dots or capitals. Unknown keys and values that do not fit are refused, all of
//! them at once, each with its path. Relative paths are relative to the working directory.

mod access;
mod alarms;
mod mail;
mod path;
mod reader;
mod receivers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Serialize;

pub use access::{AccessConfig, TokenConfig, UserConfig};
pub use alarms::{AlarmsConfig, MaintenanceConfig};
pub use mail::{MailConfig, ReportConfig};
pub use reader::Problem;
use reader::Reader;
pub use receivers::{ReceiverConfig, ReceiverKind, Urgency, is_private_v4, is_private_v6};

use crate::spool::Mode;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {path} cannot be read: {error}")]
    Unreadable {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration is not valid TOML: {0}")]
    NotToml(#[from] toml::de::Error),
    /// Keys or values are wrong.
    #[error("the configuration has {} problem{}:\n{}", .0.len(), if .0.len() == 1 { "" } else { "s" }, lines(.0))]
    Problems(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

/// The whole configuration, checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// Where the collector keeps what must survive it. Locked while it runs.
    pub data_dir: PathBuf,
    /// The HTTP side.
    pub http: HttpConfig,
    /// Who may look at the report.
    pub access: AccessConfig,
    /// Where the report is.
    pub report: ReportConfig,
    /// How mail is sent.
    pub mail: MailConfig,
    /// What is watched for.
    pub alarms: AlarmsConfig,
    /// The ClickHouse side.
    pub clickhouse: ClickHouseConfig,
    /// Where countries come from.
    pub geo: GeoConfig,
    /// What is kept on disk until ClickHouse has it.
    pub spool: SpoolConfig,
    /// Batches.
    pub writer: WriterConfig,
    /// How long rows are kept in ClickHouse.
    pub retention: RetentionConfig,
    /// The sites that beacons are taken for, by key.
    pub sites: BTreeMap<String, SiteConfig>,
}

/// `[http]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HttpConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Worker threads; 0 is one per core.
    pub workers: usize,
    /// Connections at a time, of all workers together.
    pub connections_max: usize,
    /// Largest request body.
    pub body_bytes_max: usize,
    /// Beacons a second that are taken for one site, and ten times that at once; 0: as many as come.
    pub site_rate_max: u64,
    /// The same for one network of clients.
    pub network_rate_max: u64,
    /// The report and its API are shown to everybody who can reach them.
    pub report_open: bool,
}

/// Where ClickHouse is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClickHouseMode {
    /// `clickhouse-embedded`, started and supervised by the collector.
    Embedded,
    /// A server that somebody else runs.
    Server,
}

/// `[clickhouse]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClickHouseConfig {
    /// Embedded or a server.
    pub mode: ClickHouseMode,
    /// Its HTTP interface. Embedded: the loopback address that it is told to listen on.
    pub url: String,
    /// The database, made at start where it is missing.
    pub database: String,
    /// User of the HTTP interface.
    pub user: String,
    /// The user's password.
    pub password: Secret,
    /// Most memory that one question of the report may take in ClickHouse.
    pub report_memory_bytes_max: u64,
    /// How to start the embedded one.
    pub embedded: EmbeddedConfig,
}

/// `[clickhouse.embedded]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EmbeddedConfig {
    /// The program; empty: `clickhouse-embedded` beside this one.
    pub binary: PathBuf,
    /// The engine; empty: `libchdb.so` beside the program.
    pub library: PathBuf,
}

/// `[geo]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GeoConfig {
    /// A country database in MaxMind's format; empty: every country is `ZZ`.
    pub database: PathBuf,
}

/// `[spool]`
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpoolConfig {
    /// When a beacon counts as safe, and is acknowledged.
    pub mode: Mode,
    /// Bytes that may wait for ClickHouse; beyond them beacons are refused with 503.
    pub bytes_max: u64,
    /// Bytes of the disk that are left free.
    pub free_bytes_min: u64,
}

/// `[writer]`
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WriterConfig {
    /// Rows at which a segment is sealed.
    pub rows_max: usize,
    /// Bytes at which a segment is sealed.
    pub bytes_max: usize,
    /// Age at which a segment is sealed.
    pub age_max_ms: u64,
}

/// `[retention]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RetentionConfig {
    /// Raw rows: page views and what belongs to them.
    pub raw_days: u32,
    /// The pulse by 5 minutes.
    pub beat_days: u32,
    /// The sums by day.
    pub cube_months: u32,
}

/// `[sites.<key>]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteConfig {
    /// What the report calls it.
    pub name: String,
    /// ISO 4217 code of what goals' values are in.
    pub currency: String,
    /// The goal by which loss is measured.
    pub conversion_goal: String,
    /// Origins that may send; none: all.
    pub allowed_origins: Vec<String>,
    /// Rules that make a page group of a path, first match first.
    pub page_groups: Vec<PageGroupRule>,
    /// Randomised experiments on the speed of a page group.
    pub experiments: Vec<ExperimentConfig>,
}

/// One of a site's `experiments`: sessions that chance has given one of two arms, told as `experiment_arm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExperimentConfig {
    /// Its name, unique in its site.
    pub name: String,
    /// The pages that one arm makes faster or slower.
    pub page_group: String,
    /// The arm whose pages are faster.
    pub faster_arm: String,
    /// The arm whose pages are slower.
    pub slower_arm: String,
}

/// One rule of `page_groups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageGroupRule {
    /// A path in which `*` stands for anything but `/`, and `**` for anything.
    pub pattern: String,
    /// The group that matching paths get.
    pub group: String,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// For whoever makes one that is not in the configuration.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for whoever must send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_empty() { "(empty)" } else { "***" })
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "***" })
    }
}

impl Config {
    /// Reads the file at `path`, then the overrides in `environment`.
    pub fn load(path: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
        Self::parse(&text, environment)
    }

    /// Reads the configuration from TOML, then the overrides in `environment`.
    pub fn parse(text: &str, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        Self::parse_keys(text, environment).map(|(config, _)| config)
    }

    /// As [`Self::parse`], and the path of every key that there is; `<key>` stands for a site's, a user's or a token's.
    fn parse_keys(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<String>), ConfigError> {
        let mut reader = Reader::new(text.parse()?, environment);
        let http = HttpConfig::read(&mut reader);
        let config = Self {
            data_dir: reader.path("data_dir", "slowtax-data"),
            access: AccessConfig::read(&mut reader, &http),
            http,
            report: ReportConfig::read(&mut reader),
            mail: MailConfig::read(&mut reader),
            alarms: AlarmsConfig::read(&mut reader),
            clickhouse: ClickHouseConfig::read(&mut reader),
            geo: GeoConfig { database: reader.path("geo.database", "") },
            spool: SpoolConfig::read(&mut reader),
            writer: WriterConfig::read(&mut reader),
            retention: RetentionConfig::read(&mut reader),
            sites: reader.sites().into_iter().map(|key| (key.clone(), SiteConfig::read(&mut reader, &key))).collect(),
        };
        let (problems, keys) = reader.finish();
        if problems.is_empty() { Ok((config, keys)) } else { Err(ConfigError::Problems(problems)) }
    }

    /// What is no fault, and may all the same not be what is meant.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let http = &self.http;
        if http.report_open && !http.listen.ip().is_loopback() {
            remarks.push(format!(
                "http.report_open with {}: everybody who can reach that address sees the report",
                http.listen
            ));
        }
        if http.report_open && self.access.lets_anybody_in() {
            remarks.push("http.report_open is true: what [access] says limits nobody".to_owned());
        }
        for (name, receiver) in &self.alarms.receivers {
            let strange = receiver.sites.iter().filter(|site| !self.sites.contains_key(*site));
            remarks.extend(
                strange.map(|site| format!("alarms.receivers.{name}.sites: {site} is no site of this configuration")),
            );
        }
        let strange = self.access.named_sites().filter(|(_, site)| !self.sites.contains_key(*site));
        remarks.extend(strange.map(|(path, site)| format!("{path}: {site} is no site of this configuration")));
        let strange = self.alarms.maintenance.iter().map(|window| &window.site);
        let strange = strange.filter(|site| !site.is_empty() && !self.sites.contains_key(*site));
        remarks.extend(strange.map(|site| format!("alarms.maintenance: {site} is no site of this configuration")));
        remarks
    }

    /// The configuration in force, as TOML, passwords and hashes masked.
    pub fn effective(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

impl HttpConfig {
    fn read(reader: &mut Reader) -> Self {
        Self {
            listen: reader.parsed(
                "http.listen",
                "127.0.0.1:8080",
                "an address and a port, such as 127.0.0.1:8080",
                |text| text.parse().ok(),
            ),
            trusted_proxies: reader.list("http.trusted_proxies", "networks such as 10.0.0.0/8, or addresses", |text| {
                text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
            }),
            workers: reader.integer("http.workers", 0, 0..=512),
            connections_max: reader.integer("http.connections_max", 16_384, 1..=1_000_000),
            body_bytes_max: reader.integer("http.body_bytes_max", 64 * 1024, 1024..=64 * 1024),
            site_rate_max: reader.integer("http.site_rate_max", 0, 0..=100_000),
            network_rate_max: reader.integer("http.network_rate_max", 200, 0..=100_000),
            report_open: reader.boolean("http.report_open", false),
        }
    }
}

impl ClickHouseConfig {
    fn read(reader: &mut Reader) -> Self {
        let mode = reader.parsed("clickhouse.mode", "embedded", "embedded or server", |text| match text {
            "embedded" => Some(ClickHouseMode::Embedded),
            "server" => Some(ClickHouseMode::Server),
            _ => None,
        });
        let expected = match mode {
            ClickHouseMode::Embedded => "a loopback URL with a port, such as http://127.0.0.1:8123",
            ClickHouseMode::Server => "the URL of an HTTP interface, such as https://clickhouse.example.com:8443",
        };
        Self {
            mode,
            url: reader.parsed("clickhouse.url", "http://127.0.0.1:8123", expected, |text| clickhouse_url(mode, text)),
            database: reader.parsed("clickhouse.database", "slowtax", "a name of letters, digits and _", |text| {
                let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                (plain && (1..=64).contains(&text.len()) && !text.as_bytes()[0].is_ascii_digit())
                    .then(|| text.to_owned())
            }),
            user: reader.text("clickhouse.user", "default", 0..=256),
            password: Secret(reader.text("clickhouse.password", "", 0..=1024)),
            report_memory_bytes_max: reader.integer("clickhouse.report_memory_bytes_max", 4 << 30, 64 << 20..=1 << 40),
            embedded: EmbeddedConfig {
                binary: reader.path("clickhouse.embedded.binary", ""),
                library: reader.path("clickhouse.embedded.library", ""),
            },
        }
    }
}

fn clickhouse_url(mode: ClickHouseMode, text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let loopback = match url.host()? {
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
        url::Host::Domain(name) => name == "localhost",
    };
    let plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let fits = match mode {
        ClickHouseMode::Embedded => url.scheme() == "http" && loopback && url.port().is_some() && url.path() == "/",
        ClickHouseMode::Server => matches!(url.scheme(), "http" | "https"),
    };
    (plain && fits).then(|| text.trim_end_matches('/').to_owned())
}

impl SpoolConfig {
    fn read(reader: &mut Reader) -> Self {
        Self {
            mode: reader.parsed("spool.mode", "synced", "synced, written or memory", |text| match text {
                "synced" => Some(Mode::Synced),
                "written" => Some(Mode::Written),
                "memory" => Some(Mode::Memory),
                _ => None,
            }),
            bytes_max: reader.integer("spool.bytes_max", 8 << 30, 64 << 10..=1 << 50),
            free_bytes_min: reader.integer("spool.free_bytes_min", 256 << 20, 0..=1 << 50),
        }
    }
}

impl WriterConfig {
    fn read(reader: &mut Reader) -> Self {
        Self {
            rows_max: reader.integer("writer.rows_max", 50_000, 1..=1_000_000),
            bytes_max: reader.integer("writer.bytes_max", 16 << 20, 64 << 10..=256 << 20),
            age_max_ms: reader.integer("writer.age_max_ms", 1000, 10..=60_000),
        }
    }
}

impl RetentionConfig {
    /// The least: of raw rows, one day more than a beacon may come late, so that none is gone as it arrives; of the pulse, the five weeks that
    /// alarms compare with, and the present day.
    fn read(reader: &mut Reader) -> Self {
        Self {
            raw_days: reader.integer("retention.raw_days", 90, 3..=3650),
            beat_days: reader.integer("retention.beat_days", 70, 36..=3650),
            cube_months: reader.integer("retention.cube_months", 25, 1..=240),
        }
    }
}

impl SiteConfig {
    /// Of the site under which probes arrive.
    pub fn of_probe() -> Self {
        Self {
            name: "Probes".to_owned(),
            currency: "USD".to_owned(),
            conversion_goal: "order".to_owned(),
            allowed_origins: Vec::new(),
            page_groups: Vec::new(),
            experiments: Vec::new(),
        }
    }

    fn read(reader: &mut Reader, key: &str) -> Self {
        let path = |name: &str| format!("sites.{key}.{name}");
        Self {
            name: reader.text(&path("name"), key, 1..=100),
            currency: reader.parsed(&path("currency"), "USD", "an ISO 4217 code such as EUR", |text| {
                (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())).then(|| text.to_owned())
            }),
            conversion_goal: reader.text(&path("conversion_goal"), "order", 1..=beacon_format::limits::NAME_BYTES_MAX),
            allowed_origins: reader.list(&path("allowed_origins"), "origins such as https://shop.example.com", origin),
            page_groups: reader.page_groups(&path("page_groups")),
            experiments: reader.experiments(&path("experiments")),
        }
    }
}

/// An origin as browsers send it: scheme, host, and the port if it is not the scheme's own.
fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let origin = url.origin().ascii_serialization();
    (matches!(url.scheme(), "http" | "https") && origin == text.trim_end_matches('/')).then_some(origin)
}
