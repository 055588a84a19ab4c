//! Whether a form was sent by a page of ours, and whether it came by https.

use actix_web::HttpRequest;
use url::Url;

use super::Access;
use crate::http::header;

/// What browsers say of where a request comes from.
#[derive(Clone, Copy, Debug, Default)]
struct Sender<'a> {
    /// `Sec-Fetch-Site`: current browsers, on https and on loopback.
    site: Option<&'a str>,
    /// `Origin`: every browser, of every form that it sends.
    origin: Option<&'a str>,
}

impl Access {
    /// Whether a page of ours, or no page at all, sends this request. A browser can be made to send another's form; what is no browser brings nobody's
    /// cookies, and need not say where it comes from.
    pub(super) fn is_sent_by_us(&self, request: &HttpRequest) -> bool {
        let sender = Sender { site: header(request, "sec-fetch-site"), origin: header(request, "origin") };
        if request.headers().contains_key("origin") && sender.origin.is_none() {
            return false;
        }
        let forwarded = header(request, "x-forwarded-host").filter(|_| self.trusts_peer_of(request));
        let hosts = [header(request, "host"), forwarded, host_of(&self.report_url)];
        is_ours(sender, hosts.into_iter().flatten())
    }

    /// Whether the client speaks https, as a trusted proxy says.
    pub(super) fn is_secure(&self, request: &HttpRequest) -> bool {
        let told = header(request, "x-forwarded-proto").filter(|_| self.trusts_peer_of(request));
        let is_https = told.is_some_and(|told| told.split(',').any(|one| one.trim().eq_ignore_ascii_case("https")));
        is_https || self.config.cookie_secure
    }
}

fn is_ours<'a>(sender: Sender, mut hosts: impl Iterator<Item = &'a str>) -> bool {
    match (sender.site, sender.origin) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, None) => true,
        (None, Some(origin)) => host_of(origin).is_some_and(|ours| hosts.any(|host| host.eq_ignore_ascii_case(ours))),
    }
}

/// Host and port of an origin or URL as they stand there.
fn host_of(url: &str) -> Option<&str> {
    Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    url.split_once("://")?.1.split(['/', '?', '#']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(site: Option<&str>, origin: Option<&str>) -> bool {
        is_ours(Sender { site, origin }, ["10.0.0.5:8080", "rum.example.com"].into_iter())
    }

    #[test]
    fn what_a_browser_says_of_the_sender_decides() {
        assert!(from(Some("same-origin"), Some("https://elsewhere.example")));
        assert!(from(Some("none"), None));
        for site in ["cross-site", "same-site", "", "same-origin, none"] {
            assert!(!from(Some(site), Some("https://rum.example.com")), "{site}");
        }
    }

    #[test]
    fn an_older_browser_is_known_by_its_origin() {
        assert!(from(None, Some("https://rum.example.com")));
        assert!(from(None, Some("https://RUM.example.com")));
        assert!(from(None, Some("http://10.0.0.5:8080")));
        for origin in [
            "null",
            "",
            "https://evil.example",
            "https://rum.example.com.evil.example",
            "https://rum.example.com:8443",
            "http://10.0.0.5",
            "ftp://rum.example.com",
        ] {
            assert!(!from(None, Some(origin)), "{origin}");
        }
        assert!(from(None, None), "no browser");
    }
}
