//! Integration tests.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "what tests share fails as a test does")]

mod alarm_delivery;
mod alarms;
mod attribution;
mod beacon;
mod clickhouse_embedded;
mod cluster;
mod collector;
mod database;
mod delivery;
mod deploy;
mod detect;
mod dictionary;
mod documents;
mod experiments;
mod incident_loss;
mod invariants;
mod loss;
mod loss_random;
mod loss_views;
mod network;
mod oracle;
mod recorded;
mod report;
mod reports;
mod risks;
mod robust;
mod rollups;
mod simulate;
mod vitals;
mod walk;
