//! What all pages share: head with the beacon's embed, header, footer, and the knobs that work inside a document.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::catalogue::CATEGORIES;
use crate::icons;
use crate::knobs::{Failure, Lcp, Shift};
use crate::policy::content_security_policy;
use crate::visit::Visit;

/// The line that queues calls made before the beacon's script is there, exactly as a site is told to embed it.
const INLINE_QUEUE: &str = "window.slowtax=window.slowtax||function(){(slowtax.q=slowtax.q||[]).push(arguments)}";

/// What `server_timing=1` sends: fixed, so that a test can expect it.
const SERVER_TIMING: &str = r#"catalogue;dur=12.5;desc="Catalogue look-up", render;dur=3.2, cache;desc=miss"#;

/// A page before the shop is put around it.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    /// What `named=1` calls it.
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) content: Markup,
    /// Without header, footer and beacon: for a frame.
    pub(crate) bare: bool,
    /// The script of this page alone, beside the shop's.
    pub(crate) script: Option<&'static str>,
    /// The beacon prints into the console what it sends.
    pub(crate) debug: bool,
}

impl Page {
    pub(crate) fn new(name: &'static str, title: impl Into<String>, content: Markup) -> Page {
        Page { status: StatusCode::OK, name, title: title.into(), content, bare: false, script: None, debug: false }
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Page {
        Page { status, ..self }
    }

    /// The whole document, with the headers and in the pace that the knobs ask for.
    pub(crate) fn into_response(self, visit: &Visit) -> Response {
        let status = visit.knobs.status.unwrap_or(self.status);
        let document = self.document(visit).into_string();
        (status, headers(visit), paced(document, visit)).into_response()
    }

    fn document(&self, visit: &Visit) -> Markup {
        let knobs = &visit.knobs;
        let shift = knobs.shift.map(|shift| match shift {
            Shift::Early => "early",
            Shift::Late => "late",
            Shift::Input => "input",
            Shift::Two => "two",
        });
        let failure = knobs.error.and_then(|failure| match failure {
            Failure::Throw => Some("throw"),
            Failure::Reject => Some("reject"),
            Failure::Resource | Failure::Csp => None,
        });
        html! {
            (DOCTYPE)
            html lang="en"
                data-shift=[shift]
                data-error=[failure]
                data-lcp=[(knobs.lcp == Some(Lcp::Removed)).then_some("removed")]
                data-handler-ms=[(knobs.handler_ms > 0).then_some(knobs.handler_ms)]
                data-page-name=[knobs.named.then_some(self.name)]
            {
                (self.head(visit))
                @if self.bare {
                    body.bare { (self.content) }
                } @else {
                    body { (self.shop(visit)) }
                }
            }
        }
    }

    fn head(&self, visit: &Visit) -> Markup {
        let knobs = &visit.knobs;
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (self.title) " · Lento" }
                @if !self.bare && !knobs.no_beacon { (embed(visit, self.debug)) }
                link rel="stylesheet" href=(visit.asset("shop.css", knobs.delay_css_ms));
                link rel="icon" href=(visit.asset("favicon.svg", 0)) type="image/svg+xml";
                @if !self.bare {
                    meta name="description" content="Lento: well-made things for unhurried homes. The demo shop of Slowtax.";
                    script defer src=(visit.asset("shop.js", knobs.delay_script_ms)) {}
                    @if let Some(script) = self.script { script defer src=(visit.asset(script, 0)) {} }
                }
            }
        }
    }

    fn shop(&self, visit: &Visit) -> Markup {
        html! {
            a.skip href="#main" { "Skip to the content" }
            (site_header(visit))
            main #main data-page=(self.name) { (self.content) }
            (extras(visit))
            (site_footer(visit))
        }
    }
}

/// The beacon, as DESIGN says that a site embeds it. A policy that forbids inline scripts leaves the first line out.
fn embed(visit: &Visit, debug: bool) -> Markup {
    let inline = !visit.knobs.no_inline_queue && content_security_policy(visit).is_none();
    html! {
        @if inline { script { (PreEscaped(INLINE_QUEUE)) } }
        script async src={ (visit.site.collector) "/slowtax.js" } data-site=(visit.site.name) data-debug[debug] {}
    }
}

fn site_header(visit: &Visit) -> Markup {
    html! {
        header.site-header {
            p.notice { "Free delivery in the EU, by bicycle where we can" }
            div.bar {
                a.wordmark href=(visit.link("/")) data-test="home-link" { "Lento" }
                nav.categories aria-label="Categories" {
                    @for category in &CATEGORIES {
                        @let path = format!("/category/{}", category.slug);
                        a href=(visit.link(&path)) aria-current=[visit.path.starts_with(&path).then_some("page")]
                            data-test="category-link" { (category.name) }
                    }
                }
                form.search action="/search" role="search" {
                    label.unseen for="q" { "Search the shop" }
                    (icons::SEARCH)
                    input #q type="search" name="q" placeholder="Search" maxlength="100" autocomplete="off" data-test="search-field";
                    (visit.carried_fields())
                }
                a.cart-link href=(visit.link("/cart")) data-test="cart-link" {
                    (icons::BAG)
                    span { "Cart" }
                    span #cart-count .count data-test="cart-count" { "0" }
                    span.unseen { "items" }
                }
            }
        }
    }
}

fn site_footer(visit: &Visit) -> Markup {
    let report = format!("{}/", visit.site.collector);
    html! {
        footer.site-footer {
            div.columns {
                div {
                    p.wordmark { "Lento" }
                    p { "Well-made things for unhurried homes. Chosen by four people in a former boat shed, and sent to you without haste." }
                }
                nav aria-label="Shop" {
                    h2 { "Shop" }
                    ul {
                        @for category in &CATEGORIES {
                            li { a href=(visit.link(&format!("/category/{}", category.slug))) { (category.name) } }
                        }
                    }
                }
                div {
                    h2 { "Good to know" }
                    ul {
                        li { "Returns within 60 days" }
                        li { "Repairs for as long as we are here" }
                        li { "Packed in paper and wood wool" }
                    }
                }
            }
            p.demo-note {
                "This is the Slowtax demo shop; its report is at " a href=(report) data-test="report-link" { (report) } ". "
                "Nothing here can be bought. " a href="/knobs" data-test="knobs-link" { "Make its pages slow" } ", or "
                a href=(visit.link("/metrics")) data-test="metrics-link" { "see what is measured" } "."
            }
        }
    }
}

/// What some knobs add to the end of the page.
fn extras(visit: &Visit) -> Markup {
    let knobs = &visit.knobs;
    html! {
        @if knobs.iframe {
            aside.framed {
                iframe src="/frame" title="How long delivery takes" data-test="frame" {}
            }
        }
        @if knobs.resources > 0 {
            div.extra-resources hidden {
                @for number in 0..knobs.resources { img src=(visit.extra(number)) alt="" width="1" height="1"; }
            }
        }
        @match knobs.error {
            Some(Failure::Resource) => { img.missing src="/cdn/pictures/missing.jpg" alt="" width="1" height="1"; }
            Some(Failure::Csp) => { script { "document.documentElement.dataset.inlineRan='yes'" } }
            _ => {}
        }
    }
}

fn headers(visit: &Visit) -> HeaderMap {
    let knobs = &visit.knobs;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let caching = if knobs.cache { "private, max-age=60" } else { "no-store" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if knobs.server_timing {
        headers.insert("server-timing", HeaderValue::from_static(SERVER_TIMING));
    }
    // The site's addresses were checked to be fit for a header when the shop was built.
    if let Some(policy) = content_security_policy(visit).and_then(|policy| HeaderValue::try_from(policy).ok()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers
}

/// The document in one piece, or, with `delay_body`, the head first and the rest later.
fn paced(mut document: String, visit: &Visit) -> Body {
    let delay = visit.knobs.delay_body;
    // Texts are escaped, so the first end tag of a head is the head's.
    let Some(end_of_head) = document.find("</head>").filter(|_| !delay.is_zero()) else {
        return Body::from(document);
    };
    let rest = document.split_off(end_of_head + "</head>".len());
    let parts = [(document, None), (rest, Some(delay))].into_iter();
    Body::from_stream(stream::unfold(parts, |mut parts| async move {
        let (part, delay) = parts.next()?;
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        Some((Ok::<Bytes, std::convert::Infallible>(Bytes::from(part)), parts))
    }))
}
