//! The sites that beacons are taken for, ready for use.

use std::collections::HashMap;

use crate::config::{Config, SiteConfig};
use crate::enrich::page_group::PageGroups;

/// The key under which the collector's own probes arrive. No site of the configuration may have it.
pub const PROBE_SITE: &str = "_probe";

/// One configured site.
#[derive(Debug)]
pub struct Site {
    /// Its number among the sites, for compact keys.
    pub index: u32,
    /// Its key.
    pub key: String,
    /// The goal by which its loss is measured.
    pub conversion_goal: String,
    /// Origins that may send; none: all.
    pub allowed_origins: Vec<String>,
    /// What makes page groups of its pages.
    pub page_groups: PageGroups,
}

impl Site {
    /// A site by its configuration.
    pub fn new(index: u32, key: &str, config: &SiteConfig) -> Self {
        Self {
            index,
            key: key.to_owned(),
            conversion_goal: config.conversion_goal.clone(),
            allowed_origins: config.allowed_origins.clone(),
            page_groups: PageGroups::new(&config.page_groups),
        }
    }

    /// Whether a page of this origin may send. A request without an origin comes from no page: a server, a test.
    pub fn allows(&self, origin: Option<&str>) -> bool {
        match origin {
            _ if self.allowed_origins.is_empty() => true,
            None => true,
            Some(origin) => self.allowed_origins.iter().any(|allowed| allowed == origin),
        }
    }
}

/// All configured sites.
#[derive(Debug)]
pub struct Sites(HashMap<String, Site>);

impl Sites {
    /// The sites of a configuration, and [`PROBE_SITE`] where the collector probes itself.
    pub fn new(config: &Config) -> Self {
        let probe = (!config.alarms.probe_url.is_empty()).then(|| (PROBE_SITE.to_owned(), SiteConfig::of_probe()));
        let configured = config.sites.iter().map(|(key, site)| (key.clone(), site.clone()));
        let sites = configured.chain(probe).zip(0_u32..);
        Self(sites.map(|((key, config), index)| (key.clone(), Site::new(index, &key, &config))).collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The site with this key.
    pub fn get(&self, key: &str) -> Option<&Site> {
        self.0.get(key)
    }
}
