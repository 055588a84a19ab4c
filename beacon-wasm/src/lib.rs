//! The browser side of Slowtax: what its scripts encode and send with.
//!
//! Without the standard library, without allocation, and without a panic that could be reached, so that the module is small. All
//! state is one static value of fixed size.

#![cfg_attr(target_arch = "wasm32", no_std)]

pub mod exports;
mod fields;
mod layout;

#[cfg(test)]
mod told;
