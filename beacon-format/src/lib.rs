//! The beacon: what one browser tells about one page view, at one moment.
//!
//! A page view sends a few *snapshots* of itself, numbered by `seq` from 0: usually one when the page has settled and one when it
//! is hidden, and one more with each goal. A snapshot repeats what is known of the view so far (vitals, navigation timing), and
//! carries what no earlier snapshot carried (resources, errors, goals). `(view_id, seq)` names it, so a repeat is harmless.
//!
//! Two encodings:
//! - **binary**, made in the browser by [`Encoder`]: the layout is stated in [`encode`];
//! - **JSON**, for everyone else: the serde form of [`Beacon`] plus `"v": 1`. What the browser's stub sends before the wasm core is
//!   there is JSON too, but a list of raw values, `{"s":[...]}`.
//!
//! The first byte tells them apart: [`FORMAT_VERSION`] or `{`. Decoding needs the feature `decode`, which only the collector has.
//! All lengths, counts and ranges that outside input can grow stand in [`limits`].

#![cfg_attr(not(feature = "decode"), no_std)]

extern crate alloc;

mod encode;
pub mod limits;
mod types;

#[cfg(feature = "decode")]
mod decode;
#[cfg(feature = "decode")]
mod json;
#[cfg(feature = "decode")]
mod stub;
#[cfg(feature = "decode")]
mod validate;

#[cfg(feature = "decode")]
pub use decode::{DecodeError, decode};
pub use encode::{Encoder, Tag, encode};
#[cfg(feature = "decode")]
pub use json::encode_json;
pub use types::{
    Beacon, Confidence, ConnectionType, Context, DeliveryType, EarlierView, EffectiveType, ErrorKind, Goal, Head,
    HostTotal, Id, Initiator, InteractionKind, LongFrame, LongFrames, Nav, NavigationTiming, NavigationType, PageError,
    PageLife, PageName, PageView, Reason, ResourceTiming, ResourceTotal, Resources, ServerTiming, TypeTotal,
    UserTiming, WebVitals,
};

/// The first byte of a binary beacon.
pub const FORMAT_VERSION: u8 = 1;
