//! What keeps web pages out.
//!
//! On loopback and without a password, the interface trusts every program of this machine; a browser is one, and runs
//! the code of strangers. So requests that a browser marks as another site's are refused, and so are names that are not
//! this machine's (a page may point its own name at 127.0.0.1). Clients that are no browsers send no such headers.

use hyper::header::{HOST, HeaderMap, ORIGIN};

/// Refuses requests that a page of another site caused. `allow_remote` permits any `Host`.
pub(super) fn check(headers: &HeaderMap, allow_remote: bool) -> Result<(), &'static str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST.as_str());
    if !allow_remote && !host.is_none_or(is_this_machine) {
        return Err("This Host is not a name of this machine.\n");
    }
    if matches!(text("sec-fetch-site"), Some("cross-site" | "same-site")) {
        return Err("Requests from pages of other sites are refused.\n");
    }
    let foreign_origin = text(ORIGIN.as_str()).is_some_and(|origin| {
        let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
        Some(authority) != host
    });
    if foreign_origin {
        return Err("Requests from pages of other sites are refused.\n");
    }
    Ok(())
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn checked(headers: &[(&'static str, &'static str)], allow_remote: bool) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        check(&map, allow_remote).is_ok()
    }

    #[test]
    fn programs_come_in_and_pages_of_other_sites_do_not() {
        assert!(checked(&[], false));
        for host in ["127.0.0.1:8123", "localhost", "LOCALHOST:1", "[::1]:8123", "db.localhost:8123", "127.9.9.9"] {
            assert!(checked(&[("host", host)], false), "{host}");
        }
        for host in ["evil.example", "evil.example:8123", "127.0.0.1.evil.example", "192.168.0.1", "[fe80::1]", ""] {
            assert!(!checked(&[("host", host)], false), "{host}");
            assert!(checked(&[("host", host)], true), "{host}");
        }
        let here = ("host", "localhost:8123");
        assert!(checked(&[here, ("origin", "http://localhost:8123"), ("sec-fetch-site", "same-origin")], false));
        assert!(!checked(&[here, ("origin", "http://localhost:9000")], false));
        assert!(!checked(&[here, ("origin", "null")], true));
        assert!(!checked(&[here, ("sec-fetch-site", "cross-site")], true));
    }
}
