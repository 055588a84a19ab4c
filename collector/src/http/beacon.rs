//! Where beacons and the browser's own reports arrive.
//!
//! Any page may send: there are no credentials, so `*` gives nothing away. A site that names its origins is answered for those alone.

use std::io::Read as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Payload, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError, web};
use flate2::read::MultiGzDecoder;

use super::{Refused, Shared, header as header_text, method_not_allowed};
use crate::accept::{Readers, Received};
use crate::enrich::RequestFacts;
use crate::enrich::address::ClientAddress;
use crate::reject::Reject;

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

async fn beacon(request: HttpRequest, payload: Payload, shared: Data<Shared>) -> HttpResponse {
    let body = match read_body(&request, payload, &shared).await {
        Ok(body) => body,
        Err(reject) => {
            shared.metrics.beacons_received.add(1);
            shared.metrics.beacon_rejected(reject);
            return answer(&request, Err(reject), Readers::Anyone);
        }
    };
    to_the_end(async move {
        let (result, readers) = shared.accept.beacon(&received(&request, &body, &shared)).await;
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
) -> HttpResponse {
    let body = match read_body(&request, payload, &shared).await {
        Ok(body) => body,
        Err(reject) => {
            shared.metrics.request_refused(reject);
            return answer(&request, Err(reject), Readers::Anyone);
        }
    };
    let site = query.as_ref().map_or("", |query| &query.site);
    let (result, readers) = shared.accept.reports(site, &received(&request, &body, &shared)).await;
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
async fn read_body(request: &HttpRequest, payload: Payload, shared: &Shared) -> Result<web::Bytes, Reject> {
    let bytes_max = shared.config.http.body_bytes_max;
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
        Ok(Ok(Ok(body))) if is_gzip => unpacked(&body, bytes_max),
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(_))) | Err(_) => Err(Reject::BodyIncomplete),
        Ok(Err(_)) => Err(Reject::TooLarge),
    }
}

/// What a gzip body unpacks to, which is held to the limit of a body that is not packed: no more than one byte beyond it is ever unpacked.
fn unpacked(body: &[u8], bytes_max: usize) -> Result<web::Bytes, Reject> {
    let mut unpacked = Vec::with_capacity(bytes_max.min(4 * body.len()));
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body).take(limit).read_to_end(&mut unpacked).map_err(|_| Reject::BodyIncomplete)?;
    if unpacked.len() > bytes_max { Err(Reject::TooLarge) } else { Ok(unpacked.into()) }
}

fn received<'a>(request: &'a HttpRequest, body: &'a [u8], shared: &Shared) -> Received<'a> {
    let client = request.peer_addr().map(|peer| {
        let forwarded: Vec<&str> =
            request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
        ClientAddress::find(peer.ip(), forwarded.into_iter(), &shared.config.http.trusted_proxies)
    });
    // A clock before 1970 is a clock that was never set; the beacon's own will then be off by more than is believed.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let received_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let user_agent = header_text(request, "user-agent").unwrap_or_default();
    Received { body, origin: header_text(request, "origin"), facts: RequestFacts { client, user_agent, received_ms } }
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
        assert_eq!(unpacked(&packed(b"beacon"), 6), Ok("beacon".into()));
        assert_eq!(unpacked(&packed(b"beacon"), 5), Err(Reject::TooLarge));
        // A thousand times what it unpacks from.
        let bomb = packed(&vec![0; 64 << 20]);
        assert!(bomb.len() < 1 << 17);
        assert_eq!(unpacked(&bomb, 64 << 10), Err(Reject::TooLarge));
    }

    #[test]
    fn what_is_no_gzip_or_not_whole_is_refused() {
        let whole = packed(&b"beacon".repeat(100));
        for length in 0..whole.len() {
            assert_eq!(unpacked(&whole[..length], 1 << 16), Err(Reject::BodyIncomplete), "{length}");
        }
        assert_eq!(unpacked(b"{\"site\":\"shop\"}", 1 << 16), Err(Reject::BodyIncomplete));
    }
}
