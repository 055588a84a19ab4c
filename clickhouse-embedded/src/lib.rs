//! The ClickHouse engine of `libchdb` behind ClickHouse's own HTTP interface, as a small process on loopback.
//!
//! This is a library only so that its parts can be tested; the program is the product. Its README tells how to use it.

pub mod cli;
pub mod confinement;
pub mod data_dir;
pub mod deduplication;
pub mod engine;
pub mod exception;
pub mod frame;
pub mod http;
pub mod library;
pub mod limits;
pub mod serve;
pub mod statement;
