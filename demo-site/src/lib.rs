//! The demo shop: looks like a small shop, and its pages can be made slow, shaky or broken on purpose.
//!
//! It has two uses. People click through it to see Slowtax measure something, and browser tests drive it to prove the beacon:
//! every page takes *knobs* from its query string (`/item/101?delay_image=2000&shift=late`), listed in `demo-site/README.md`.
//! So two things matter beyond good looks: without knobs a page is fast and does not shift, and everything about a page
//! (pictures, bytes, texts, order of requests) is the same on every machine and in every run.
//!
//! Nothing is stored on the server: the cart lives in the tab's `sessionStorage`. Nothing is loaded from elsewhere but the beacon,
//! and a shop whose collector is not there works just as well.
//!
//! ```no_run
//! # async fn demo() -> Result<(), demo_site::ShopError> {
//! let config = demo_site::Config::on_loopback("http://127.0.0.1:8080", "shop");
//! let shop = demo_site::Shop::build(config).await?;
//! println!("{}", shop.url());
//! shop.run_until(std::future::pending()).await
//! # }
//! ```

mod assets;
mod catalogue;
mod connections;
mod icons;
mod knobs;
mod layout;
mod pages;
mod policy;
mod server;
mod site;
mod visit;

pub use server::{Config, Shop, ShopError};
