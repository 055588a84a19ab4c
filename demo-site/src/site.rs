//! What all pages of one running shop have in common: where the collector is, and under which addresses assets are served.

use axum::http::Uri;

use crate::assets;

/// The shop's settings, checked.
#[derive(Debug)]
pub(crate) struct Site {
    /// The collector's address without a slash at its end.
    pub(crate) collector: String,
    /// The same without a path: what a Content-Security-Policy names.
    pub(crate) collector_origin: String,
    /// `data-site` of the embed.
    pub(crate) name: String,
    /// The second origin for pictures, where there is one.
    pub(crate) cdn: Option<String>,
    /// Part of every asset's address, so that it may be cached for good.
    pub(crate) version: &'static str,
}

impl Site {
    /// `None` where the collector's address is not a plain http(s) one.
    pub(crate) fn new(collector: &str, name: String, cdn: Option<String>) -> Option<Site> {
        let collector = collector.trim_end_matches('/');
        let uri: Uri = collector.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        // It becomes part of a header in which these characters separate sources.
        let plain = !collector.contains([';', ',', '\'', '"', '?', '#', '@']);
        if !matches!(scheme, "http" | "https") || !plain {
            return None;
        }
        Some(Site {
            collector_origin: format!("{scheme}://{authority}"),
            collector: collector.to_owned(),
            name,
            cdn,
            version: assets::version(),
        })
    }
}

/// Whether this can be a site's name: 1 to 64 of `a-z A-Z 0-9 . _ -`.
pub(crate) fn is_site_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_an_http_address_without_anything_that_a_policy_would_misread() {
        let origin =
            |url: &str| Site::new(url, "shop".into(), None).map(|site| (site.collector, site.collector_origin));
        let both = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(origin("http://127.0.0.1:8080/"), both("http://127.0.0.1:8080", "http://127.0.0.1:8080"));
        assert_eq!(origin("https://a.example/rum"), both("https://a.example/rum", "https://a.example"));
        for bad in [
            "",
            "127.0.0.1:8080",
            "ftp://a.example",
            "javascript:alert(1)",
            "http://",
            "http://a.example/?x=1",
            "http://a.example; script-src *",
            "http://a.example/\"><b>",
            "http://user:pass@a.example",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_site_name_is_short_and_plain() {
        assert!(is_site_name("shop") && is_site_name(&"x".repeat(64)));
        assert!(!is_site_name("") && !is_site_name(&"x".repeat(65)) && !is_site_name("a b") && !is_site_name("a\"b"));
    }
}
