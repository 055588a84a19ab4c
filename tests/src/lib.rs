//! What the tests share.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "what fails here fails the test that uses it")]

pub mod collector;
pub mod embedded;
pub mod fault_proxy;
pub mod http;
pub mod loss_reference;
pub mod receiver;
pub mod schema;
pub mod vectors;
