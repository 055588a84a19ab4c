//! HTTP: the only folder that names the web framework.

pub mod api;
mod refused;

use std::sync::Arc;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::store::Store;

pub use refused::Refused;

/// What handlers share; they take it as `web::Data<Shared>`.
pub struct Shared {
    /// The configuration in force.
    pub config: Arc<Config>,
    /// ClickHouse.
    pub store: Store,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}
