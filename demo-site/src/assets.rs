//! Everything under `/cdn/`: style, script, pictures, and the tiny extra resources.
//!
//! An address with the current version (`v=`) may be cached for good; one without it is asked for again each time; one with a knob
//! on it (`delay`, `kb`) is never stored, so that the knob works each time. `kb` pads a JPEG with comment segments, which
//! decoders skip, so the picture stays a valid one of realistic, incompressible bytes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::LazyLock;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::catalogue::{self, HERO};
use crate::knobs::{DELAY_MS_MAX, IMAGE_KB_MAX, RESOURCES_MAX, whole_number};
use crate::visit::QUERY_BYTES_MAX;

/// A text, also ready-made in gzip.
struct Text {
    kind: &'static str,
    plain: &'static str,
    gzip: Vec<u8>,
}

impl Text {
    fn new(kind: &'static str, plain: &'static str) -> Text {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing into memory does not fail; if it did, browsers would still get the plain text.
        let gzip = encoder.write_all(plain.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
        Text { kind, plain, gzip }
    }
}

static STYLE: LazyLock<Text> =
    LazyLock::new(|| Text::new("text/css; charset=utf-8", include_str!("../static/shop.css")));
static SCRIPT: LazyLock<Text> =
    LazyLock::new(|| Text::new("text/javascript; charset=utf-8", include_str!("../static/shop.js")));
static METRICS_SCRIPT: LazyLock<Text> =
    LazyLock::new(|| Text::new("text/javascript; charset=utf-8", include_str!("../static/metrics.js")));
static ICON: LazyLock<Text> = LazyLock::new(|| Text::new("image/svg+xml", include_str!("../static/favicon.svg")));

/// A transparent GIF of one pixel.
const PIXEL: &[u8; 43] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// What the addresses of this build's assets carry: changes when any of them does.
pub(crate) fn version() -> &'static str {
    &VERSION
}

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    (STYLE.plain, SCRIPT.plain, METRICS_SCRIPT.plain, HERO.len()).hash(&mut hasher);
    for (_, item) in catalogue::items() {
        (item.slug, item.picture.len(), item.card.len()).hash(&mut hasher);
    }
    format!("{:08x}", hasher.finish() >> 32)
});

/// What an asset's query string asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    delay_ms: u32,
    kb: u32,
    versioned: bool,
    tao: bool,
}

impl Wish {
    /// The error names the parameter that is out of its bounds.
    fn read(query: &str) -> Result<Wish, &'static str> {
        if query.len() > QUERY_BYTES_MAX {
            return Err("the query string is too long");
        }
        let mut wish = Wish::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "delay" => wish.delay_ms = whole_number(&value, DELAY_MS_MAX).ok_or("delay takes 0 to 30000 (ms)")?,
                "kb" => wish.kb = whole_number(&value, IMAGE_KB_MAX).ok_or("kb takes 0 to 10240 (kB)")?,
                "v" => wish.versioned = value == version(),
                "tao" => wish.tao = value == "1",
                _ => {}
            }
        }
        Ok(wish)
    }

    fn caching(&self) -> &'static str {
        match self {
            Wish { delay_ms: 1.., .. } | Wish { kb: 1.., .. } => "no-store",
            Wish { versioned: true, .. } => "public, max-age=31536000, immutable",
            _ => "no-cache",
        }
    }
}

/// `GET /cdn/{name}`.
pub(crate) async fn serve(Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let wish = match Wish::read(query.as_deref().unwrap_or_default()) {
        Ok(wish) => wish,
        Err(reason) => return (StatusCode::BAD_REQUEST, reason).into_response(),
    };
    tokio::time::sleep(Duration::from_millis(wish.delay_ms.into())).await;
    let mut response = match &*name {
        "shop.css" => text(&STYLE, &headers),
        "shop.js" => text(&SCRIPT, &headers),
        "metrics.js" => text(&METRICS_SCRIPT, &headers),
        "favicon.svg" => text(&ICON, &headers),
        _ => match raster(&name, &wish) {
            Some(response) => response,
            None => (StatusCode::NOT_FOUND, "there is no such asset").into_response(),
        },
    };
    let caching = if name.starts_with("extra/") { "no-store" } else { wish.caching() };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if wish.tao {
        response.headers_mut().insert("timing-allow-origin", HeaderValue::from_static("*"));
    }
    response
}

/// `GET /favicon.ico`, which browsers ask for on their own.
pub(crate) async fn icon(headers: HeaderMap) -> Response {
    text(&ICON, &headers)
}

fn text(text: &'static Text, headers: &HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = [(header::CONTENT_TYPE, text.kind), (header::VARY, "accept-encoding")];
    if accepted.split(',').any(|coding| coding.trim() == "gzip") && !text.gzip.is_empty() {
        return (kind, [(header::CONTENT_ENCODING, "gzip")], Bytes::from_static(&text.gzip)).into_response();
    }
    (kind, text.plain).into_response()
}

fn raster(name: &str, wish: &Wish) -> Option<Response> {
    if let Some(number) = name.strip_prefix("extra/").and_then(|name| name.strip_suffix(".gif")) {
        whole_number(number, RESOURCES_MAX)?;
        return Some(([(header::CONTENT_TYPE, "image/gif")], &PIXEL[..]).into_response());
    }
    let jpeg = picture(name.strip_prefix("pictures/")?.strip_suffix(".jpg")?)?;
    let kind = [(header::CONTENT_TYPE, "image/jpeg")];
    let wanted = wish.kb as usize * 1000;
    if wanted <= jpeg.len() {
        return Some((kind, Body::from(Bytes::from_static(jpeg))).into_response());
    }
    Some((kind, padded(jpeg, wanted)).into_response())
}

fn picture(name: &str) -> Option<&'static [u8]> {
    if name == "hero" {
        return Some(HERO);
    }
    let (slug, card) = name.strip_suffix("-card").map_or((name, false), |slug| (slug, true));
    let (_, item) = catalogue::items().find(|(_, item)| item.slug == slug)?;
    Some(if card { item.card } else { item.picture })
}

/// The JPEG with comment segments after its first marker, `wanted` bytes long (up to 4 bytes longer when little is missing).
fn padded(jpeg: &[u8], wanted: usize) -> Vec<u8> {
    /// A segment's length field counts itself, so this much noise fits.
    const NOISE_MAX: usize = 65_533;
    let (start, rest) = jpeg.split_at(2);
    let mut bytes = Vec::with_capacity(wanted + 4);
    bytes.extend_from_slice(start);
    let mut missing = wanted - jpeg.len();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while missing > 0 {
        let noise = missing.saturating_sub(4).min(NOISE_MAX);
        let length = u16::try_from(noise + 2).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&[0xff, 0xfe]);
        bytes.extend_from_slice(&length.to_be_bytes());
        for _ in 0..noise {
            // xorshift: repeatable, and nothing compresses it.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.push(state.to_be_bytes()[0]);
        }
        missing = missing.saturating_sub(noise + 4);
    }
    bytes.extend_from_slice(rest);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_reaches_the_wanted_size_and_keeps_the_picture() {
        for wanted in [HERO.len() + 1, HERO.len() + 4, HERO.len() + 5, 200_000, 200_001, IMAGE_KB_MAX as usize * 1000] {
            let bytes = padded(HERO, wanted);
            assert!((wanted..=wanted + 4).contains(&bytes.len()), "{wanted}: {}", bytes.len());
            // Walk over the comments: what follows them is the picture as it was.
            let mut at = 2;
            while bytes[at..at + 2] == [0xff, 0xfe] {
                at += 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
            }
            assert_eq!(bytes[at..], HERO[2..], "{wanted}");
        }
    }

    #[test]
    fn wishes_have_bounds() {
        assert_eq!(Wish::read("delay=30000&kb=10240&x=1").map(|wish| (wish.delay_ms, wish.kb)), Ok((30_000, 10_240)));
        for bad in ["delay=30001", "delay=-1", "delay=", "kb=10241", "kb=1.5"] {
            assert!(Wish::read(bad).is_err(), "{bad}");
        }
        assert!(Wish::read(&"x".repeat(QUERY_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn only_the_current_version_is_cached_for_good_and_never_with_a_knob() {
        let caching = |query: &str| Wish::read(query).expect("a good wish").caching();
        let current = version();
        assert!(caching(&format!("v={current}")).contains("immutable"));
        assert_eq!(caching(&format!("v={current}&delay=1")), "no-store");
        assert_eq!(caching(&format!("v={current}&kb=1")), "no-store");
        assert_eq!(caching("v=old"), "no-cache");
        assert_eq!(caching(""), "no-cache");
    }
}
