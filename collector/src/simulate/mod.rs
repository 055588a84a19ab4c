//! Simulated visits: a history for the demo, and live beacons over HTTP.

use crate::config::Config;

/// What `slowtax simulate` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {}

/// Why simulating failed.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {}

/// Runs `slowtax simulate`.
pub async fn run(_config: &Config, _arguments: &Arguments) -> Result<(), SimulateError> {
    Ok(())
}
