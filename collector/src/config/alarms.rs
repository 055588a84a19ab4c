//! `[alarms]`: what is watched for, whom it is told, and when not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use toml::Value;

use super::Secret;
use super::reader::{Reader, is_site_key};
use super::receivers::{self, ReceiverConfig};
use crate::alarms::hold::Window;

/// Most maintenance windows.
const WINDOWS_MAX: usize = 200;

/// `[alarms]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlarmsConfig {
    /// Whether this collector watches.
    pub enabled: bool,
    /// The share of views that are to be free of errors.
    pub error_objective: f64,
    /// When nothing is told.
    pub maintenance: Vec<MaintenanceConfig>,
    /// The holidays file; empty: none.
    pub holidays: PathBuf,
    /// Where pages reach this collector, without a final slash; empty: it does not look whether it can be reached.
    pub probe_url: String,
    /// What is asked after each judgement; empty: nothing.
    pub heartbeat_url: Secret,
    /// Authorities that are believed besides Mozilla's, in PEM; empty: none.
    pub ca_file: PathBuf,
    /// Whom alarms are told, by name.
    pub receivers: BTreeMap<String, ReceiverConfig>,
}

/// One of `maintenance`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MaintenanceConfig {
    /// Site key; empty: every site.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub site: String,
    /// A day of the week, or `day`; empty: once.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub every: String,
    /// A time of day where it comes again, else an instant.
    pub from: String,
    /// The same of its end.
    pub until: String,
}

impl AlarmsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let each = "{ from = \"2026-12-01T02:00:00Z\", until = \"2026-12-01T04:00:00Z\" } or { every = \"sunday\", from = \"02:00\", until = \"04:00\" } (UTC; \"day\" is every one), \
                    with site = a site's key where it is not all sites'";
        let expected = format!("a list of at most {WINDOWS_MAX} windows, each {each}");
        Self {
            enabled: reader.boolean("alarms.enabled", true),
            error_objective: reader.float("alarms.error_objective", 0.99, 0.5..=0.999_99),
            maintenance: reader.tables("alarms.maintenance", WINDOWS_MAX, &expected, each, maintenance),
            holidays: reader.path("alarms.holidays", ""),
            probe_url: receivers::probe_url(reader, "alarms.probe_url"),
            heartbeat_url: receivers::address(reader, "alarms.heartbeat_url"),
            ca_file: reader.path("alarms.ca_file", ""),
            receivers: receivers::read(reader),
        }
    }
}

fn maintenance(value: &Value) -> Option<MaintenanceConfig> {
    let table = value.as_table()?;
    let known = ["site", "every", "from", "until"];
    if table.keys().any(|key| !known.contains(&key.as_str())) {
        return None;
    }
    let text = |key: &str| match table.get(key) {
        None => Some(String::new()),
        Some(Value::String(text)) => Some(text.clone()),
        // TOML has times of its own, and both are meant.
        Some(Value::Datetime(time)) => Some(time.to_string()),
        Some(_) => None,
    };
    let config =
        MaintenanceConfig { site: text("site")?, every: text("every")?, from: text("from")?, until: text("until")? };
    let is_site = config.site.is_empty() || is_site_key(&config.site);
    (is_site && Window::parse(&config).is_some()).then_some(config)
}
