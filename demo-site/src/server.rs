//! The server: binds in [`Shop::build`], serves in [`Shop::run_until`].

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::connections::{BoundedListener, CONNECTIONS_MAX};
use crate::site::{Site, is_site_name};
use crate::visit::Visit;
use crate::{assets, pages};

/// How long connections may go on with what they are sending after the stop.
const GRACE: Duration = Duration::from_secs(2);

/// What a shop needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where pages are served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the assets are served a second time, as another origin; none by default.
    pub cdn_listen: Option<SocketAddr>,
    /// The collector's address, such as `http://127.0.0.1:8080`. Nothing needs to answer there.
    pub collector: String,
    /// `data-site` of the embedded beacon: 1 to 64 of `a-z A-Z 0-9 . _ -`.
    pub site: String,
}

impl Config {
    /// A shop on a free port of the loopback interface, without a second origin.
    pub fn on_loopback(collector: impl Into<String>, site: impl Into<String>) -> Config {
        Config {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            cdn_listen: None,
            collector: collector.into(),
            site: site.into(),
        }
    }
}

/// Why a shop did not start, or stopped on its own.
#[derive(Debug, Error)]
pub enum ShopError {
    /// The address is in use, or not one of this machine's.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Not an address of a collector.
    #[error("the collector's address must look like http://127.0.0.1:8080, without a query; it is {0:?}")]
    Collector(String),
    /// Not a name of a site.
    #[error("a site's name is 1 to 64 of a-z A-Z 0-9 . _ -; it is {0:?}")]
    SiteName(String),
    /// Serving failed.
    #[error("serving failed: {0}")]
    Serve(#[from] io::Error),
}

/// A shop that has its ports, and does not serve yet: connections wait until [`Shop::run_until`].
#[derive(Debug)]
pub struct Shop {
    listener: TcpListener,
    address: SocketAddr,
    cdn: Option<(TcpListener, SocketAddr)>,
    site: Arc<Site>,
}

impl Shop {
    /// Checks the configuration and binds the ports.
    pub async fn build(config: Config) -> Result<Shop, ShopError> {
        if !is_site_name(&config.site) {
            return Err(ShopError::SiteName(config.site));
        }
        let (listener, address) = listen(config.listen).await?;
        let cdn = match config.cdn_listen {
            Some(wanted) => Some(listen(wanted).await?),
            None => None,
        };
        let cdn_url = cdn.as_ref().map(|(_, address)| url_of(*address));
        let site = Site::new(&config.collector, config.site, cdn_url).ok_or(ShopError::Collector(config.collector))?;
        Ok(Shop { listener, address, cdn, site: Arc::new(site) })
    }

    /// The shop's address without a slash at its end, such as `http://127.0.0.1:8081`. Where it listens on every interface, this is
    /// the loopback one.
    pub fn url(&self) -> String {
        url_of(self.address)
    }

    /// The port of the pages.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address of the second origin, if there is one.
    pub fn cdn_url(&self) -> Option<String> {
        self.site.cdn.clone()
    }

    /// Serves until `stop` is done, then closes: idle connections at once, busy ones when they are through, at most two seconds later.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), ShopError> {
        let (stopping, stopped) = watch::channel(());
        let pages = serve(self.listener, shop_router(self.site), stopped.clone());
        let cdn = async {
            match self.cdn {
                Some((listener, _)) => serve(listener, cdn_router(), stopped).await,
                None => Ok(()),
            }
        };
        let mut serving = Box::pin(async { tokio::try_join!(pages, cdn).map(|_| ()) });
        tokio::select! {
            ended = &mut serving => return Ok(ended?),
            () = stop => drop(stopping),
        }
        // What is still being sent after the grace (a delay of 30 s, say) is cut off when the runtime ends.
        tokio::time::timeout(GRACE, serving).await.unwrap_or(Ok(()))?;
        Ok(())
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ShopError> {
    let failed = |source| ShopError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn url_of(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    format!("http://{address}")
}

async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<()>) -> io::Result<()> {
    let listener = BoundedListener::new(listener, CONNECTIONS_MAX);
    // The channel says "stop" by closing; no value is ever sent.
    let stop = async move { while stopped.changed().await.is_ok() {} };
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

/// Pages and assets.
pub(crate) fn shop_router(site: Arc<Site>) -> Router {
    cdn_router().route("/favicon.ico", get(assets::icon)).fallback_service(get(document).with_state(site))
}

fn cdn_router() -> Router {
    Router::new().route("/cdn/{*name}", get(assets::serve))
}

/// Any page: the knobs that work before the first byte, then the page.
async fn document(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let visit = match Visit::read(Arc::clone(&site), &uri) {
        Ok(visit) => visit,
        Err(error) => return pages::bad_knobs(&error).into_response(&Visit::without_query(site, &uri)),
    };
    if let Some(next) = visit.redirect() {
        let headers = [(header::LOCATION, next), (header::CACHE_CONTROL, "no-store".to_owned())];
        return (StatusCode::FOUND, headers).into_response();
    }
    tokio::time::sleep(visit.knobs.delay_document).await;
    pages::page_at(&visit).into_response(&visit)
}

#[cfg(test)]
mod tests;
