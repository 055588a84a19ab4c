//! Where beacons and the browser's own reports arrive.
//!
//! Any page may send: there are no credentials, so `*` gives nothing away. A site that names its origins is answered for those alone.

use std::io::Read as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Payload, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError, web};
use flate2::read::MultiGzDecoder;

use super::connection::Requests;
use super::{Refused, Shared, header as header_text, method_not_allowed};
use crate::accept::{Readers, Received};
use crate::enrich::address::ClientAddress;
use crate::enrich::client_hints::ClientHints;
use crate::enrich::{REPORTS_BYTES_MAX, RequestFacts};
use crate::reject::Reject;
use crate::spool::Gatherer;

/// How long a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a browser may remember the answer to its preflight.
const PREFLIGHT_AGE_S: &str = "86400";

pub(super) fn configure(service: &mut ServiceConfig) {
    for (path, post) in [("/v1/beacon", web::post().to(beacon)), ("/v1/reports", web::post().to(reports))] {
        let resource =
            web::resource(path).route(post).route(web::method(actix_web::http::Method::OPTIONS).to(preflight));
        service.service(resource.default_service(web::to(method_not_allowed)));
    }
}

/// Which site the reports are about.
#[derive(serde::Deserialize)]
struct ReportsQuery {
    site: String,
}

async fn beacon(request: HttpRequest, payload: Payload, shared: Data<Shared>, spool: Data<Gatherer>) -> HttpResponse {
    let body = match read_body(&request, payload, shared.config.http.body_bytes_max).await {
        Ok(body) => body,
        Err(reject) => {
            shared.metrics.beacons_received.add(1);
            shared.metrics.beacon_rejected(reject);
            return answer(&request, Err(reject), Readers::Anyone);
        }
    };
    to_the_end(async move {
        let (result, readers) = shared.accept.beacon(&received(&request, &body, &shared), &spool).await;
        answer(&request, result, readers)
    })
    .await
}

/// Runs to its end also when the client goes away meanwhile: a snapshot whose rows are on their way to the disk must be remembered as taken, or its
/// sender could send it again.
async fn to_the_end(work: impl Future<Output = HttpResponse> + 'static) -> HttpResponse {
    match actix_web::rt::spawn(work).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Refused(Reject::Internal).error_response(),
        },
    }
}

async fn reports(
    request: HttpRequest,
    payload: Payload,
    query: Option<Query<ReportsQuery>>,
    shared: Data<Shared>,
    spool: Data<Gatherer>,
) -> HttpResponse {
    let body = match read_body(&request, payload, REPORTS_BYTES_MAX).await {
        Ok(body) => body,
        Err(reject) => {
            shared.metrics.request_refused(reject);
            return answer(&request, Err(reject), Readers::Anyone);
        }
    };
    let site = query.as_ref().map_or("", |query| &query.site);
    let (result, readers) = shared.accept.reports(site, &received(&request, &body, &shared), &spool).await;
    answer(&request, result, readers)
}

async fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "POST"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE_S))
        .finish()
}

/// The whole body, within its limits of size and time.
pub(super) async fn read_body(request: &HttpRequest, payload: Payload, bytes_max: usize) -> Result<web::Bytes, Reject> {
    let announced = header_text(request, "content-length").and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|announced| announced > bytes_max) {
        return Err(Reject::TooLarge);
    }
    let is_gzip = match header_text(request, "content-encoding") {
        None => false,
        Some(encoding) if encoding.eq_ignore_ascii_case("identity") => false,
        Some(encoding) if encoding.eq_ignore_ascii_case("gzip") => true,
        Some(_) => return Err(Reject::UnsupportedEncoding),
    };
    match actix_web::rt::time::timeout(BODY_TIME_MAX, payload.to_bytes_limited(bytes_max)).await {
        Ok(Ok(Ok(body))) => {
            if let Some(requests) = request.conn_data::<Requests>() {
                requests.body_is_whole();
            }
            if is_gzip { unpack_gzip(&body, bytes_max) } else { Ok(body) }
        }
        Ok(Ok(Err(_))) => Err(Reject::BodyIncomplete),
        Ok(Err(_)) => Err(Reject::TooLarge),
        Err(_) => Err(Reject::BodyTooSlow),
    }
}

/// What a gzip body unpacks to, which is held to the limit of a body that is not packed: no more than one byte beyond it is ever unpacked.
/// [`Reject::TooLarge`] where it is more, [`Reject::BodyIncomplete`] where it is no gzip, or not whole.
pub fn unpack_gzip(body: &[u8], bytes_max: usize) -> Result<web::Bytes, Reject> {
    let mut unpacked = Vec::with_capacity(bytes_max.min(4 * body.len()));
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body).take(limit).read_to_end(&mut unpacked).map_err(|_| Reject::BodyIncomplete)?;
    if unpacked.len() > bytes_max { Err(Reject::TooLarge) } else { Ok(unpacked.into()) }
}

/// The client behind the trusted proxies.
pub(super) fn client_of(request: &HttpRequest, shared: &Shared) -> Option<ClientAddress> {
    // Bytes that are no text spoil the entry that they are in, and no other.
    let forwarded = request.headers().get_all("x-forwarded-for");
    let forwarded: Vec<_> = forwarded.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let forwarded = forwarded.iter().map(|value| &**value);
    let peer = request.peer_addr()?;
    Some(ClientAddress::find(peer.ip(), forwarded, &shared.config.http.trusted_proxies))
}

fn received<'a>(request: &'a HttpRequest, body: &'a [u8], shared: &Shared) -> Received<'a> {
    let client = client_of(request, shared);
    // A clock before 1970 is a clock that was never set; the beacon's own will then be off by more than is believed.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let received_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let user_agent = text_of(request, header::USER_AGENT);
    let facts = RequestFacts { client, user_agent, hints: client_hints(request), received_ms };
    // An origin that is no text is an origin all the same, and nobody's.
    let origin = request.headers().get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    Received { body, origin, facts }
}

/// A header's value, up to where it is no UTF-8; empty when it is not there.
fn text_of(request: &HttpRequest, name: header::HeaderName) -> &str {
    let chunk = request.headers().get(name).and_then(|value| value.as_bytes().utf8_chunks().next());
    chunk.map_or("", |chunk| chunk.valid())
}

/// Brands are told by everybody who tells anything: without them there is no more to look for.
fn client_hints(request: &HttpRequest) -> ClientHints<'_> {
    let text = |name: &str| header_text(request, name).unwrap_or_default();
    let brands = text("sec-ch-ua");
    if brands.is_empty() {
        return ClientHints::default();
    }
    ClientHints {
        brands,
        mobile: text("sec-ch-ua-mobile"),
        platform: text("sec-ch-ua-platform"),
        form_factors: text("sec-ch-ua-form-factors"),
    }
}

fn answer(request: &HttpRequest, result: Result<(), Reject>, readers: Readers) -> HttpResponse {
    let mut response = match result {
        Ok(()) => HttpResponseBuilder::new(actix_web::http::StatusCode::NO_CONTENT).finish(),
        Err(reject) => Refused(reject).error_response(),
    };
    let origin = match readers {
        Readers::Anyone => Some(HeaderValue::from_static("*")),
        Readers::SameOrigin => request.headers().get(header::ORIGIN).cloned(),
        Readers::NoOne => None,
    };
    if let Some(origin) = origin {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    if readers != Readers::Anyone {
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_gzip_body_is_unpacked_up_to_the_limit_and_not_beyond() {
        assert_eq!(unpack_gzip(&packed(b"beacon"), 6), Ok("beacon".into()));
        assert_eq!(unpack_gzip(&packed(b"beacon"), 5), Err(Reject::TooLarge));
        // A thousand times what it unpacks from.
        let bomb = packed(&vec![0; 64 << 20]);
        assert!(bomb.len() < 1 << 17);
        assert_eq!(unpack_gzip(&bomb, 64 << 10), Err(Reject::TooLarge));
    }

    #[test]
    fn what_is_no_gzip_or_not_whole_is_refused() {
        let whole = packed(&b"beacon".repeat(100));
        for length in 0..whole.len() {
            assert_eq!(unpack_gzip(&whole[..length], 1 << 16), Err(Reject::BodyIncomplete), "{length}");
        }
        assert_eq!(unpack_gzip(b"{\"site\":\"shop\"}", 1 << 16), Err(Reject::BodyIncomplete));
    }
}
