//! Files that the program carries: the beacon's, and the report's. Compressed when they were built, never here.

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, guard, web};

use super::access::turned_away;
use super::{Refused, Shared, header as header_text, method_not_allowed, not_found, refuse};
use crate::reject::Reject;

/// One file.
struct Asset {
    /// Its path below its folder.
    name: &'static str,
    bytes: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
    /// Of the bytes as they are; the `ETag`.
    hash: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Names that carry a hash of their content: for good.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// The one name that pages embed: soon after a new version, and while it is fetched the old one serves.
const SHORT: &str = "public, max-age=300, stale-while-revalidate=86400";
/// The report: always asked for, answered with 304.
const REVALIDATE: &str = "no-cache";
/// The report's page.
const INDEX: &str = "index.html";
/// What the report may do: nothing but what came with it.
pub(super) const REPORT_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub(super) fn configure(service: &mut ServiceConfig) {
    let get = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    service
        .service(
            web::resource("/{file:slowtax[^/]*}")
                .route(get().to(beacon_file))
                .default_service(web::to(method_not_allowed)),
        )
        .service(web::resource("/").route(get().to(report_index)).default_service(web::to(method_not_allowed)))
        .service(
            web::resource("/report/{file:.*}")
                .route(get().to(report_file))
                .default_service(web::to(method_not_allowed)),
        )
        .service(web::resource("/report").route(get().to(report_index)).default_service(web::to(not_found)));
}

async fn beacon_file(request: HttpRequest, file: Path<String>, shared: Data<Shared>) -> Result<HttpResponse, Refused> {
    let asset = find(BEACON, &file).map_err(|reject| refuse(&shared, reject))?;
    let caching = if asset.name == "slowtax.js" { SHORT } else { IMMUTABLE };
    let mut response = serve(&request, asset, caching);
    let headers = response.headers_mut();
    // Any page may load it, with CORS (modules, integrity hashes) and without, also one that isolates itself.
    set(headers, "access-control-allow-origin", "*");
    set(headers, "cross-origin-resource-policy", "cross-origin");
    set(headers, "timing-allow-origin", "*");
    Ok(response)
}

async fn report_index(request: HttpRequest, shared: Data<Shared>) -> Result<HttpResponse, Refused> {
    report(&request, INDEX, &shared)
}

async fn report_file(request: HttpRequest, file: Path<String>, shared: Data<Shared>) -> Result<HttpResponse, Refused> {
    report(&request, if file.is_empty() { INDEX } else { &file }, &shared)
}

fn report(request: &HttpRequest, file: &str, shared: &Shared) -> Result<HttpResponse, Refused> {
    if let Some(answer) = turned_away(request, shared, file == INDEX) {
        return Ok(answer);
    }
    let asset = find(REPORT, file).map_err(|reject| refuse(shared, reject))?;
    let mut response = serve(request, asset, REVALIDATE);
    let headers = response.headers_mut();
    set(headers, "content-security-policy", REPORT_POLICY);
    // Nothing to others; and a form that logs out says that it comes from here, which with `no-referrer` it would not.
    set(headers, "referrer-policy", "same-origin");
    Ok(response)
}

fn find(assets: &'static [Asset], name: &str) -> Result<&'static Asset, Reject> {
    if assets.is_empty() {
        return Err(Reject::AssetsNotBuilt);
    }
    assets.iter().find(|asset| asset.name == name).ok_or(Reject::NotFound)
}

/// The file as the client can read it best, or 304 when it has it.
fn serve(request: &HttpRequest, asset: &'static Asset, caching: &'static str) -> HttpResponse {
    let accepted = header_text(request, "accept-encoding").unwrap_or_default();
    let (encoding, bytes) = match (asset.brotli, asset.gzip) {
        (Some(brotli), _) if accepts(accepted, "br") => (Some("br"), brotli),
        (_, Some(gzip)) if accepts(accepted, "gzip") => (Some("gzip"), gzip),
        _ => (None, asset.bytes),
    };
    // Each form has its own tag: bytes that differ must not share one.
    let tag = format!("\"{}{}\"", asset.hash, encoding.map(|encoding| format!("-{encoding}")).unwrap_or_default());
    let is_known = header_text(request, "if-none-match").is_some_and(|known| matches_tag(known, &tag));
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::ETAG, tag))
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if is_known {
        return response.finish();
    }
    if let Some(encoding) = encoding {
        response.insert_header((header::CONTENT_ENCODING, encoding));
    }
    response.content_type(content_type(asset.name)).body(bytes)
}

/// Whether `Accept-Encoding` takes this encoding: named, or by `*`, and not with weight 0.
fn accepts(header: &str, encoding: &str) -> bool {
    let weight_of = |name: &str| {
        header.split(',').find_map(|item| {
            let (coding, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse::<f32>().ok());
            coding.trim().eq_ignore_ascii_case(name).then_some(weight.unwrap_or(0.0))
        })
    };
    weight_of(encoding).or_else(|| weight_of("*")).is_some_and(|weight| weight > 0.0)
}

/// Whether `If-None-Match` names the tag. Weak or strong is the same here (RFC 9110, 13.1.2).
fn matches_tag(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &'static str) {
    headers.insert(header::HeaderName::from_static(name), header::HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_taken_by_name_by_star_and_not_with_weight_0() {
        assert!(accepts("gzip, deflate, br, zstd", "br"));
        assert!(accepts("gzip;q=0.5, BR ; q=1", "br"));
        assert!(accepts("*", "gzip"));
        assert!(!accepts("br;q=0, *", "br"));
        assert!(!accepts("*;q=0", "br"));
        assert!(!accepts("gzip", "br"));
        assert!(!accepts("", "gzip"));
        assert!(!accepts("brotli", "br"));
    }

    static FILE: Asset =
        Asset { name: "slowtax-0123.wasm", bytes: b"plain", brotli: Some(b"br"), gzip: Some(b"gz"), hash: "0123" };

    async fn served(headers: &[(&str, &str)]) -> (u16, String, String, Vec<u8>) {
        let mut request = actix_web::test::TestRequest::default();
        for header in headers {
            request = request.insert_header(*header);
        }
        let response = serve(&request.to_http_request(), &FILE, IMMUTABLE);
        let text = |name: &str| response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let (status, encoding, tag) = (response.status().as_u16(), text("content-encoding"), text("etag"));
        assert_eq!((text("cache-control").as_str(), text("vary").as_str()), (IMMUTABLE, "Accept-Encoding"));
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        (status, encoding, tag, body.to_vec())
    }

    #[tokio::test]
    async fn a_file_is_served_in_the_best_form_that_the_client_takes() {
        for (accepted, encoding, tag, body) in [
            ("gzip, deflate, br", "br", "\"0123-br\"", "br"),
            ("gzip", "gzip", "\"0123-gzip\"", "gz"),
            ("br;q=0", "", "\"0123\"", "plain"),
            ("identity", "", "\"0123\"", "plain"),
        ] {
            let (status, as_encoding, as_tag, as_body) = served(&[("accept-encoding", accepted)]).await;
            assert_eq!((status, as_encoding.as_str(), as_tag.as_str()), (200, encoding, tag), "{accepted}");
            assert_eq!(as_body, body.as_bytes(), "{accepted}");
        }
    }

    #[tokio::test]
    async fn a_client_that_has_the_file_in_this_form_is_told_so() {
        let known = served(&[("accept-encoding", "br"), ("if-none-match", "\"0123-br\"")]).await;
        assert_eq!((known.0, known.3.len()), (304, 0));
        let other_form = served(&[("accept-encoding", "br"), ("if-none-match", "\"0123\"")]).await;
        assert_eq!(other_form.0, 200);
    }

    #[test]
    fn tags_match_as_the_rfc_says() {
        assert!(matches_tag("\"a\", W/\"b\"", "\"b\""));
        assert!(matches_tag("*", "\"b\""));
        assert!(!matches_tag("\"ab\"", "\"b\""));
    }

    #[test]
    fn the_report_weighs_at_most_200_kb() {
        let weight: usize = REPORT.iter().map(|asset| asset.brotli.map_or(asset.bytes.len(), <[u8]>::len)).sum();
        assert!((1..=200_000).contains(&weight), "{weight} bytes of brotli");
    }
}
