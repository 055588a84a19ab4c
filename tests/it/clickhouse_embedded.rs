//! `clickhouse-embedded`, the real program, against clients that nobody here wrote and against raw requests.

mod bodies;
mod http;
mod interface;
mod limits;
mod process;
mod python_client;
mod readonly;
mod rust_client;
mod sessions;
mod streaming;
mod tokens;
