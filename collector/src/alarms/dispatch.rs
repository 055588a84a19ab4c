//! Everything of alarms that runs beside whoever judges: receivers, the probe, the dead man's ping.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use super::client::{Client, ClientError};
use super::deliver::deliver;
use super::heartbeat::Heartbeat;
use super::outbox::Outbox;
use super::probe::{SelfHealth, probe};
use crate::config::AlarmsConfig;
use crate::metrics::Metrics;

/// Why alarms cannot be delivered.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The outbox's directory.
    #[error("the outbox {path} cannot be used: {error}")]
    Outbox {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is no client.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What whoever judges needs, and what runs beside it.
#[derive(Debug)]
pub struct Dispatch {
    /// Where notifications are put.
    pub outbox: Arc<Outbox>,
    /// Whether pages can reach this collector.
    pub health: Arc<SelfHealth>,
    /// To be called after each judgement.
    pub heartbeat: Arc<Heartbeat>,
    client: Client,
    probe_url: String,
    metrics: Arc<Metrics>,
}

impl Dispatch {
    /// Opens the outbox in a directory; nothing is sent yet.
    pub fn open(config: &AlarmsConfig, outbox: &Path, metrics: Arc<Metrics>) -> Result<Self, DispatchError> {
        let client = Client::new(&config.ca_file)?;
        let unusable = |error| DispatchError::Outbox { path: outbox.to_owned(), error };
        let outbox = Arc::new(Outbox::open(outbox, &config.receivers).map_err(unusable)?);
        let health = Arc::new(SelfHealth::new(!config.probe_url.is_empty()));
        let heartbeat = Arc::new(Heartbeat::new(&config.heartbeat_url, client.clone(), metrics.clone()));
        Ok(Self { outbox, health, heartbeat, client, probe_url: config.probe_url.clone(), metrics })
    }

    /// Delivers and probes until it is to stop.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let Self { outbox, health, client, probe_url, metrics, .. } = self;
        let delivering = deliver(outbox, client.clone(), metrics.clone(), stop.clone());
        tokio::join!(delivering, probe(health, &probe_url, client, metrics, stop));
    }
}
