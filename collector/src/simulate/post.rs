//! Sends beacons to a collector, as a browser behind a proxy would.

use std::net::Ipv4Addr;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Longest wait for a connection, and for an answer.
const TIME_MAX: Duration = Duration::from_secs(10);
/// Longest answer that is shown.
const ANSWER_BYTES_MAX: usize = 512;

/// Where beacons go, from the collector's URL. Plain HTTP only: this is for the machine itself or a network of one's own.
pub(super) fn endpoint(url: &str) -> Option<Uri> {
    let uri: Uri = format!("{}/v1/beacon", url.trim_end_matches('/')).parse().ok()?;
    (uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty()) && uri.query().is_none())
        .then_some(uri)
}

/// What became of a beacon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is safe.
    Taken,
    /// The collector has too much to do, or cannot store at the moment.
    Busy(u16),
    /// The collector does not want it.
    Refused {
        status: u16,
        /// The beginning of what it said.
        text: String,
    },
    /// There was no answer.
    Unreachable(String),
}

/// A client with a pool of connections; clones share it.
#[derive(Clone)]
pub(super) struct Post {
    client: Client<HttpConnector, Full<Bytes>>,
    endpoint: Uri,
}

impl Post {
    pub(super) fn new(endpoint: Uri) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(TIME_MAX));
        connector.set_nodelay(true);
        Self { client: Client::builder(TokioExecutor::new()).build(connector), endpoint }
    }

    /// Where it sends to.
    pub(super) fn url(&self) -> String {
        self.endpoint.to_string()
    }

    /// Sends one beacon for the client at `address`.
    pub(super) async fn send(&self, beacon: Vec<u8>, address: Ipv4Addr, user_agent: &'static str) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.endpoint.clone())
            .header("content-type", "application/octet-stream")
            .header("user-agent", user_agent)
            .header("x-forwarded-for", address.to_string())
            .body(Full::new(Bytes::from(beacon)));
        let request = match request {
            Ok(request) => request,
            Err(error) => return Answer::Unreachable(error.to_string()),
        };
        match tokio::time::timeout(TIME_MAX, self.answer(request)).await {
            Ok(answer) => answer,
            Err(_) => Answer::Unreachable(format!("no answer within {} s", TIME_MAX.as_secs())),
        }
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Answer {
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => return Answer::Unreachable(with_causes(&error)),
        };
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        match status {
            200..=299 => Answer::Taken,
            429 | 503 => Answer::Busy(status),
            _ => {
                let text =
                    body.map(|body| String::from_utf8_lossy(&body.to_bytes()).trim().to_owned()).unwrap_or_default();
                Answer::Refused { status, text }
            }
        }
    }
}

/// An error with what lies below it: the client's own message says only that it could not connect.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_below_a_plain_http_url() {
        let text = |url: &str| endpoint(url).map(|uri| uri.to_string());
        assert_eq!(text("http://127.0.0.1:8080").as_deref(), Some("http://127.0.0.1:8080/v1/beacon"));
        assert_eq!(text("http://rum.example/base/").as_deref(), Some("http://rum.example/base/v1/beacon"));
        for bad in ["", "127.0.0.1:8080", "https://rum.example", "http://", "http://x/?a=b", "nonsense"] {
            assert_eq!(text(bad), None, "{bad}");
        }
    }
}
