//! The shop from outside, without sockets: every page, every link, every knob.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use tokio::time::Instant;
use tower::ServiceExt;

use super::*;

const CDN: &str = "http://127.0.0.1:9999";
const EMBED: &str = "<script>window.slowtax=window.slowtax||function(){(slowtax.q=slowtax.q||[]).push(arguments)}</script>\
                     <script async src=\"http://127.0.0.1:8080/slowtax.js\" data-site=\"shop\"></script>";
const PAGES: [&str; 12] = [
    "/",
    "/category/tableware",
    "/category/tableware?page=2",
    "/item/101",
    "/cart",
    "/thank-you?order=1&value=49.9",
    "/search",
    "/search?q=lamp",
    "/knobs",
    "/metrics",
    "/metrics/evening",
    "/category/living?sort=-price",
];

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

fn router() -> Router {
    let site = Site::new("http://127.0.0.1:8080", "shop".into(), Some(CDN.into())).expect("a good address");
    shop_router(Arc::new(site))
}

async fn ask(request: Request<Body>) -> Answer {
    let response = router().oneshot(request).await.expect("no error");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn get(address: &str) -> Answer {
    ask(Request::get(address).body(Body::empty()).expect("a good address")).await
}

/// The values of `href`, `src`, `action`, `formaction` and `data-picture`, unescaped.
fn addresses(html: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for name in [" href=\"", " src=\"", " action=\"", " formaction=\"", " data-picture=\"", " data-href=\""] {
        for part in html.split(name).skip(1) {
            let value = part.split('"').next().unwrap_or_default();
            found.insert(value.replace("&amp;", "&"));
        }
    }
    found
}

async fn crawl(start: &[&str]) -> BTreeSet<String> {
    let mut waiting: Vec<String> = start.iter().map(|&address| address.to_owned()).collect();
    let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
    while let Some(address) = waiting.pop() {
        assert!(seen.len() < 3000, "the shop does not end");
        let answer = get(&address).await;
        let on_purpose = match address.split('?').next() {
            Some("/not-there") => StatusCode::NOT_FOUND,
            Some("/broken") => StatusCode::INTERNAL_SERVER_ERROR,
            _ if address.contains("redirect=") => StatusCode::FOUND,
            _ if address.contains("status=503") => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        };
        assert_eq!(answer.status, on_purpose, "{address}");
        if answer.header("content-type").starts_with("text/html") {
            for next in addresses(&answer.text()) {
                if next.starts_with('/') && seen.insert(next.clone()) {
                    waiting.push(next);
                }
            }
        }
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn every_page_answers_and_every_link_and_asset_resolves() {
    let seen = crawl(&["/"]).await;
    for (_, item) in crate::catalogue::items() {
        assert!(seen.contains(&format!("/item/{}", item.id)), "nothing links to {}", item.name);
    }
    for address in PAGES {
        assert_eq!(get(address).await.status, StatusCode::OK, "{address}");
    }
}

#[tokio::test]
async fn nothing_is_loaded_from_elsewhere_but_the_beacon() {
    for address in PAGES {
        for found in addresses(&get(address).await.text()) {
            let local = found.starts_with('/') && !found.starts_with("//") || found.starts_with('#');
            let beacon = ["http://127.0.0.1:8080/slowtax.js", "http://127.0.0.1:8080/"].contains(&found.as_str());
            assert!(local || beacon, "{address} names {found}");
        }
    }
}

#[tokio::test]
async fn every_page_embeds_the_beacon_exactly_and_says_what_it_is() {
    for address in PAGES.into_iter().chain(["/nope", "/broken", "/?delay_css=x"]) {
        let html = get(address).await.text();
        assert_eq!(html.matches(EMBED).count(), 1, "{address}");
        assert!(html.contains("This is the Slowtax demo shop; its report is at <a href=\"http://127.0.0.1:8080/\""));
        assert!(!html.contains("data-shift") && !html.contains("data-handler-ms") && !html.contains("data-page-name"));
    }
}

#[tokio::test]
async fn the_embed_follows_its_knobs() {
    let without = get("/?beacon=off").await.text();
    assert!(!without.contains("slowtax.js") && !without.contains("slowtax.q"));
    let no_queue = get("/?inline_queue=off").await.text();
    assert!(no_queue.contains("slowtax.js") && !no_queue.contains("slowtax.q"));
    assert!(get("/item/101?named=1").await.text().contains("data-page-name=\"item\""));
}

#[tokio::test]
async fn the_metrics_page_has_a_section_for_each_metric_and_is_linked() {
    let html = get("/metrics").await.text();
    for id in ["lcp", "paints", "cls", "inp", "frames", "soft", "errors", "timings", "clicks", "goal"] {
        assert_eq!(html.matches(&format!("<section class=\"metric\" id=\"{id}\"")).count(), 1, "{id}");
        assert!(html.contains(&format!("href=\"#{id}\"")), "nothing leads to {id}");
    }
    assert!(!html.contains(" onclick=") && html.matches("<script").count() == 4);
    let script = addresses(&html).into_iter().find(|address| address.starts_with("/cdn/metrics.js?v="));
    assert_eq!(get(&script.expect("its script")).await.header("content-type"), "text/javascript; charset=utf-8");
    for page in ["/", "/knobs"] {
        assert!(addresses(&get(page).await.text()).contains("/metrics"), "{page}");
    }
    assert!(get("/metrics/evening").await.text().contains("One lamp, one table"));
    assert!(!get("/").await.text().contains("metrics.js"));
}

#[tokio::test]
async fn the_metrics_page_makes_the_beacon_speak_when_asked() {
    let debugged = "data-site=\"shop\" data-debug></script>";
    for address in ["/metrics?debug", "/metrics/morning?debug=", "/metrics?debug=1&server_timing=1"] {
        assert!(get(address).await.text().contains(debugged), "{address}");
    }
    for address in ["/metrics", "/?debug", "/metrics?debug&beacon=off"] {
        assert!(!get(address).await.text().contains(debugged), "{address}");
    }
}

#[tokio::test]
async fn policies_allow_the_collector_and_nothing_inline() {
    let strict = get("/?csp=strict").await;
    let policy = strict.header("content-security-policy");
    assert!(policy.contains("script-src 'self' http://127.0.0.1:8080;") && !policy.contains("wasm"), "{policy}");
    assert!(policy.contains("connect-src 'self' http://127.0.0.1:8080;"), "{policy}");
    assert!(!strict.text().contains("<script>"), "an inline script under a policy that forbids it");
    let wasm = get("/?csp=wasm").await;
    let policy = wasm.header("content-security-policy");
    assert!(policy.contains("script-src 'self' http://127.0.0.1:8080 'wasm-unsafe-eval';"), "{policy}");
    let violating = get("/?error=csp").await;
    assert!(!violating.header("content-security-policy").is_empty());
    assert!(violating.text().contains("<script>document.documentElement.dataset.inlineRan"));
    assert_eq!(get("/").await.header("content-security-policy"), "");
}

#[tokio::test]
async fn statuses_are_what_they_should_be() {
    let status = async |address: &str| get(address).await.status.as_u16();
    for missing in [
        "/nope",
        "/item/100",
        "/item/0101",
        "/item/+101",
        "/item/x",
        "/item/65537",
        "/item/101/",
        "/category/nope",
        "/category/tableware?page=3",
        "/category/tableware?page=0",
        "/category/tableware?page=x",
        "/metrics/",
        "/metrics/noon",
        "/cdn/nope.js",
        "/cdn/pictures/nope.jpg",
        "/cdn/pictures/../shop.css",
        "/cdn/extra/5001.gif",
        "/%00",
        "/%ff",
    ] {
        assert_eq!(status(missing).await, 404, "{missing}");
    }
    assert_eq!(status("/broken").await, 500);
    assert_eq!(status("/item/101?status=404").await, 404);
    assert_eq!(status("/nope?status=200").await, 200);
    for bad in [
        "/?delay_document=30001",
        "/?status=302",
        "/?redirect=6",
        "/?resources=5001",
        "/?shift=1&shift=2",
        "/cdn/shop.js?delay=30001",
    ] {
        assert_eq!(status(bad).await, 400, "{bad}");
    }
    assert_eq!(status(&format!("/?q={}", "x".repeat(5000))).await, 400);
    let posted = ask(Request::post("/cart").body(Body::empty()).expect("a request")).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(start_paused = true)]
async fn delays_hold_back_what_they_name() {
    let took = async |address: &str| {
        let start = Instant::now();
        assert_eq!(get(address).await.status, StatusCode::OK, "{address}");
        start.elapsed()
    };
    assert!(took("/item/101").await < Duration::from_millis(100));
    assert!(took("/item/101?delay_document=30000").await >= Duration::from_secs(30));
    let html = get("/item/101?delay_image=1100&delay_script=1200&delay_css=1300").await.text();
    for (name, delay) in [("/cdn/pictures/dawn-mug.jpg", 1100), ("/cdn/shop.js", 1200), ("/cdn/shop.css", 1300)] {
        let address = addresses(&html).into_iter().find(|address| address.starts_with(name)).expect("an asset");
        assert!(took(&address).await >= Duration::from_millis(delay), "{address}");
    }
    // Only the main picture waits.
    assert_eq!(html.matches("delay=1100").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn delay_body_sends_the_head_at_once_and_the_rest_later() {
    let request = Request::get("/item/101?delay_body=2000").body(Body::empty()).expect("a request");
    let start = Instant::now();
    let mut body = router().oneshot(request).await.expect("no error").into_body();
    let mut parts = Vec::new();
    while let Some(frame) = body.frame().await {
        let text = frame.expect("no error").into_data().expect("data").to_vec();
        parts.push((start.elapsed(), String::from_utf8(text).expect("UTF-8")));
    }
    let [(at_once, head), (later, rest)] = &parts[..] else { panic!("{} parts", parts.len()) };
    assert!(head.starts_with("<!DOCTYPE html>") && head.ends_with("</head>") && *at_once < Duration::from_millis(100));
    assert!(rest.starts_with("<body>") && rest.ends_with("</html>") && *later >= Duration::from_secs(2));
}

#[tokio::test]
async fn redirects_lead_to_the_page_and_are_as_many_as_asked() {
    let mut address = "/item/101?redirect=5&server_timing=1".to_owned();
    for _ in 0..5 {
        let answer = get(&address).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::FOUND, "no-store"));
        answer.header("location").clone_into(&mut address);
    }
    let page = get(&address).await;
    assert_eq!((page.status, address.as_str()), (StatusCode::OK, "/item/101?server_timing=1"));
}

#[tokio::test]
async fn headers_follow_their_knobs() {
    assert_eq!(get("/").await.header("cache-control"), "no-store");
    assert_eq!(get("/?cache=1").await.header("cache-control"), "private, max-age=60");
    assert_eq!(get("/").await.header("server-timing"), "");
    assert!(get("/?server_timing=1").await.header("server-timing").starts_with("catalogue;dur=12.5;"));
    assert_eq!(get("/cdn/pictures/hero.jpg").await.header("timing-allow-origin"), "");
    assert_eq!(get("/cdn/pictures/hero.jpg?tao=1").await.header("timing-allow-origin"), "*");
    let html = get("/").await.text();
    for address in addresses(&html).iter().filter(|address| address.starts_with("/cdn/")) {
        assert!(get(address).await.header("cache-control").contains("immutable"), "{address}");
    }
}

#[tokio::test]
async fn pages_hold_what_their_knobs_ask_for() {
    assert_eq!(get("/?resources=5000").await.text().matches("/cdn/extra/").count(), 5000);
    assert!(get("/?iframe=1").await.text().contains("<iframe src=\"/frame\""));
    let frame = get("/frame").await.text();
    assert!(!frame.contains("slowtax") && !frame.contains("shop.js") && !frame.contains("site-header"));
    for page in ["/", "/item/101", "/category/living"] {
        let plain = get(page).await.text();
        assert!(plain.contains("id=\"main-picture\"") && !plain.contains("id=\"main-text\""), "{page}");
        let text = get(&format!("{page}?lcp=text")).await.text();
        assert!(!text.contains("id=\"main-picture\"") && text.contains("id=\"main-text\""), "{page}");
        assert!(get(&format!("{page}?lcp=removed")).await.text().contains("data-lcp=\"removed\""), "{page}");
    }
    for (knob, attribute) in [
        ("shift=two", "data-shift=\"two\""),
        ("handler_ms=300", "data-handler-ms=\"300\""),
        ("error=throw", "data-error=\"throw\""),
        ("error=reject", "data-error=\"reject\""),
        ("error=resource", "src=\"/cdn/pictures/missing.jpg\""),
    ] {
        assert!(get(&format!("/item/101?{knob}")).await.text().contains(attribute), "{knob}");
    }
    let plain = get("/?cdn=plain").await.text();
    assert!(plain.contains(&format!("src=\"{CDN}/cdn/pictures/hero.jpg")) && !plain.contains("src=\"/cdn/pictures"));
    let tao = get("/item/101?cdn=tao&image_kb=400").await.text();
    let main = addresses(&tao).into_iter().find(|address| address.contains("kb=400")).expect("a main picture");
    let answer = get(main.strip_prefix(CDN).expect("the second origin")).await;
    assert_eq!((answer.body.len(), answer.header("timing-allow-origin")), (400_000, "*"));
}

#[tokio::test]
async fn a_cdn_knob_without_a_second_origin_is_refused() {
    let site = Site::new("http://127.0.0.1:8080", "shop".into(), None).expect("a good address");
    let request = Request::get("/?cdn=tao").body(Body::empty()).expect("a request");
    let response = shop_router(Arc::new(site)).oneshot(request).await.expect("no error");
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn sticky_knobs_stay_on_every_link_and_form_of_the_shop() {
    let html = get("/item/101?knobs=sticky&server_timing=1&utm_source=x").await.text();
    for address in addresses(&html) {
        let page = address.starts_with('/') && !address.starts_with("/cdn/") && address != "/knobs";
        let form = ["/search", "/cart"].contains(&address.as_str());
        assert!(!page || form || address.ends_with("knobs=sticky&server_timing=1"), "{address}");
    }
    assert_eq!(html.matches("<input type=\"hidden\" name=\"server_timing\" value=\"1\">").count(), 2);
    assert!(!html.contains("utm_source"));
    // And the links so made work.
    crawl(&["/category/tableware?knobs=sticky&cache=1"]).await;
}

#[tokio::test]
async fn what_visitors_write_is_escaped() {
    let attack = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%3C%2Fhead%3E%27%26";
    for address in [
        format!("/search?q={attack}"),
        format!("/thank-you?order={attack}&value={attack}"),
        format!("/?shift={attack}"),
        format!("/{attack}"),
        format!("/?knobs=sticky&{attack}={attack}"),
        format!("/category/tableware?sort={attack}"),
    ] {
        let html = get(&address).await.text();
        assert!(!html.contains("<script>alert"), "{address}");
        assert_eq!(html.matches("</head>").count(), 1, "{address}");
    }
    let shown = get("/search?q=%22%3Cb%3E%22").await.text();
    assert!(shown.contains("value=\"&quot;&lt;b&gt;&quot;\"") && !shown.contains("<b>"));
}

#[tokio::test]
async fn orders_say_their_number_and_value_within_bounds() {
    let html = get("/thank-you?order=L-1&value=49.9").await.text();
    assert!(html.contains("data-order=\"L-1\" data-value=\"49.90\"") && html.contains("€49.90"));
    for bad in ["100000", "-1", "NaN", "1e9", "49,90"] {
        let html = get(&format!("/thank-you?order=L-1&value={bad}")).await.text();
        assert!(html.contains("data-order=\"L-1\"") && !html.contains("data-value"), "{bad}");
    }
    assert!(!get("/thank-you?value=5").await.text().contains("data-order"));
    let long = get(&format!("/thank-you?order={}", "ä".repeat(500))).await.text();
    assert!(long.contains(&format!("data-order=\"{}\"", "ä".repeat(64))));
}

#[tokio::test(start_paused = true)]
async fn nonsense_gets_a_page_and_never_a_panic() {
    let pieces = [
        "/",
        "item",
        "category",
        "101",
        "cdn",
        "extra",
        "pictures",
        ".jpg",
        "?",
        "&",
        "=",
        "%",
        "%zz",
        "%ff",
        "..",
        "shift",
        "early",
        "delay_image",
        "9999999999999999999999",
        "-1",
        "kb",
        "q",
        "knobs",
        "sticky",
        "%E2%80%AE",
        ";",
        "+",
        "\\",
        "page",
        "*",
        "redirect",
    ];
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound as u64).expect("a small number")
    };
    let mut asked = 0;
    for _ in 0..3000 {
        let address: String = (0..next(12)).map(|_| pieces[next(pieces.len())]).collect();
        let Ok(request) = Request::get(format!("/{address}")).body(Body::empty()) else { continue };
        let answer = ask(request).await;
        asked += 1;
        assert!([200, 302, 400, 404, 500].contains(&answer.status.as_u16()), "/{address}: {}", answer.status);
    }
    assert!(asked > 2000, "{asked}");
}

#[tokio::test]
async fn texts_come_in_gzip_to_whom_accepts_it() {
    let request =
        Request::get("/cdn/shop.css").header("accept-encoding", "br, gzip").body(Body::empty()).expect("a request");
    let small = ask(request).await;
    let plain = get("/cdn/shop.css").await;
    assert_eq!((small.header("content-encoding"), plain.header("content-encoding")), ("gzip", ""));
    assert!(small.body.len() * 2 < plain.body.len() && small.body.starts_with(&[0x1f, 0x8b]));
}

#[tokio::test]
async fn a_shop_stops_in_time_although_a_page_is_still_being_held_back() {
    let shop = Shop::build(Config::on_loopback("http://127.0.0.1:9", "shop")).await.expect("a shop");
    let mut client = tokio::net::TcpStream::connect(("127.0.0.1", shop.port())).await.expect("a connection");
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(shop.run_until(async move { drop(told.await) }));
    let request = b"GET /?delay_body=30000 HTTP/1.1\r\nhost: a\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut client, request).await.expect("sent");
    // The head's first bytes: the page is being sent now.
    tokio::io::AsyncReadExt::read_u8(&mut client).await.expect("a byte");
    tell.send(()).expect("still running");
    let ended = tokio::time::timeout(GRACE + Duration::from_secs(8), running).await.expect("in time");
    ended.expect("no panic").expect("no error");
}
