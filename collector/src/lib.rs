//! The collector: beacons in, rows into ClickHouse, the report out.
//!
//! The folders show the one way of the data: [`http`] receives, [`enrich`] turns a beacon into rows, [`spool`] holds them until they are
//! stored, [`writer`] moves sealed segments, [`store`] speaks to ClickHouse. Nothing later in that list knows anything earlier. Beside it [`alarms`]
//! watches what is stored.
//!
//! Who may name what, held by a test: only [`http`] names the web framework, only [`store`] the ClickHouse client, only
//! [`enrich::geo`] the reader of GeoIP files; [`enrich`] does no I/O and reads no clock.

pub mod accept;
pub mod alarms;
pub mod audit;
pub mod config;
pub mod credentials;
pub mod data_dir;
pub mod digest;
pub mod enrich;
pub mod forget;
pub mod http;
pub mod ledger;
pub mod metrics;
pub mod progress;
pub mod rate;
pub mod readiness;
pub mod reject;
pub mod serve;
pub mod shed;
pub mod simulate;
pub mod site;
pub mod spool;
pub mod store;
pub mod supervise;
pub mod writer;

pub use config::Config;
pub use reject::Reject;
