//! Requests to where the configuration says: receivers of alarms, the probe's own address, the heartbeat's.
//!
//! HTTPS by rustls with Mozilla's authorities, and those of `alarms.ca_file`. Plain HTTP goes to this machine and to private networks alone, whatever a name leads to.
//! Redirects are answers as any other. A request takes [`TIME_MAX`] at most, and no more than [`ANSWER_BYTES_MAX`] of its answer are read.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, timeout_at};
use tower_service::Service;
use url::Url;

use crate::config::{is_private_v4, is_private_v6};

/// How long a request may take, its answer included.
pub const TIME_MAX: Duration = Duration::from_secs(10);
/// How much of an answer is read.
pub const ANSWER_BYTES_MAX: usize = 4096;
/// How much of it is shown.
const SHOWN_CHARS_MAX: usize = 200;
/// How long a connection that is not used is kept.
const IDLE_TIME_MAX: Duration = Duration::from_mins(1);
/// Largest `alarms.ca_file`.
const CA_BYTES_MAX: u64 = 4 << 20;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file of authorities.
    #[error("alarms.ca_file {path} cannot be used: {reason}")]
    Authorities {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// An address that requests go to, with the credentials that stand in it.
#[derive(Clone)]
pub struct Target {
    uri: Uri,
    authorization: Option<HeaderValue>,
}

impl fmt::Debug for Target {
    /// An address may be all that one needs to post there.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Target(***)")
    }
}

impl Target {
    /// Of a URL, with a user and a password as HTTP has it (RFC 7617); `None` where it is no URL of a server.
    pub fn new(url: &str) -> Option<Self> {
        let mut url = Url::parse(url).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"))?;
        let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
        let mut authorization = None;
        if !url.username().is_empty() || url.password().is_some() {
            let user = decoded(url.username());
            let pair = [&user[..], b":", &decoded(url.password().unwrap_or_default())].concat();
            let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
            value.set_sensitive(true);
            authorization = Some(value);
            url.set_username("").ok()?;
            url.set_password(None).ok()?;
        }
        Some(Self { uri: url.as_str().parse().ok()?, authorization })
    }

    /// The same server, below the path that the address has.
    #[must_use]
    pub fn below(&self, path: &str) -> Option<Self> {
        let mut parts = self.uri.clone().into_parts();
        let base = self.uri.path().trim_end_matches('/');
        parts.path_and_query = Some(format!("{base}{path}").parse().ok()?);
        Some(Self { uri: Uri::from_parts(parts).ok()?, authorization: self.authorization.clone() })
    }
}

/// What goes there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `GET` where there is no body, else `POST`.
    pub body: Option<Vec<u8>>,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// When to ask again, where that is told in seconds.
    pub retry_after: Option<Duration>,
    /// Its beginning, one line without control characters.
    pub text: String,
}

/// Sends requests; clones share connections.
#[derive(Clone)]
pub struct Client {
    plain: Pool<HttpConnector<PrivateResolver>, Full<Bytes>>,
    tls: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Client")
    }
}

impl Client {
    /// One that believes Mozilla's authorities, and those in `ca_file` unless that is empty.
    pub fn new(ca_file: &Path) -> Result<Self, ClientError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if !ca_file.as_os_str().is_empty() {
            add_authorities(&mut roots, ca_file)
                .map_err(|reason| ClientError::Authorities { path: ca_file.to_owned(), reason })?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(TIME_MAX));
        let tls = HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1().wrap_connector(http);
        let mut http = HttpConnector::new_with_resolver(PrivateResolver(GaiResolver::new()));
        http.set_connect_timeout(Some(TIME_MAX));
        let mut pool = Pool::builder(TokioExecutor::new());
        pool.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_TIME_MAX).pool_max_idle_per_host(1);
        Ok(Self { plain: pool.build(http), tls: pool.build(tls) })
    }

    /// Sends a message. An error says why there was no answer, without the address.
    pub async fn send(&self, target: &Target, message: &Message) -> Result<Answer, String> {
        let deadline = Instant::now() + TIME_MAX;
        let request = request(target, message).map_err(|error| with_causes(&error))?;
        let is_tls = target.uri.scheme_str() == Some("https");
        let response = if is_tls { self.tls.request(request) } else { self.plain.request(request) };
        match timeout_at(deadline, response).await {
            Ok(Ok(response)) => Ok(answer(response, deadline).await),
            Ok(Err(error)) => Err(with_causes(&error)),
            Err(_) => Err(format!("no answer within {} s", TIME_MAX.as_secs())),
        }
    }
}

fn add_authorities(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > CA_BYTES_MAX {
        return Err(format!("it has more than {CA_BYTES_MAX} bytes"));
    }
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    let before = roots.len();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.len() == before { Err("it has no certificates in PEM".to_owned()) } else { Ok(()) }
}

fn request(target: &Target, message: &Message) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let method = if message.body.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::builder().method(method).uri(target.uri.clone());
    if !message.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")) {
        request = request.header(USER_AGENT, concat!("slowtax/", env!("CARGO_PKG_VERSION")));
    }
    for (name, value) in &message.headers {
        request = request.header(*name, value);
    }
    if let Some(authorization) = &target.authorization {
        request = request.header(AUTHORIZATION, authorization.clone());
    }
    request.body(Full::new(Bytes::from(message.body.clone().unwrap_or_default())))
}

/// The status is the answer; of the rest as much is taken as comes in time.
async fn answer(response: Response<Incoming>, deadline: Instant) -> Answer {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let (mut body, mut bytes) = (response.into_body(), Vec::new());
    while bytes.len() < ANSWER_BYTES_MAX {
        match timeout_at(deadline, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap_or_default();
                bytes.extend_from_slice(&data[..data.len().min(ANSWER_BYTES_MAX - bytes.len())]);
            }
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim().chars().take(SHOWN_CHARS_MAX).map(|it| if it.is_control() { ' ' } else { it }).collect();
    Answer { status, retry_after: retry_after.map(Duration::from_secs), text }
}

/// An error with what lies below it: the client's own message says only that it could not connect.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let causes = std::iter::successors(error.source(), |error| error.source());
    for said in causes.map(ToString::to_string) {
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
    }
    text
}

/// Looks names up, and leaves out whatever is not on this machine or in a private network.
#[derive(Clone, Debug)]
struct PrivateResolver(GaiResolver);

impl Service<Name> for PrivateResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.0.call(name);
        Box::pin(async move {
            let private: Vec<SocketAddr> = found.await?.filter(|address| is_private(address.ip())).collect();
            if private.is_empty() {
                let why = "the name leads to a public address, to which nothing is sent without TLS";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
            }
            Ok(private.into_iter())
        })
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

#[cfg(test)]
mod tests;
