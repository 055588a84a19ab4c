//! The browser side of Slowtax.
