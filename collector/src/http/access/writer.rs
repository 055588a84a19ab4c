//! Who may change something over the API: say what caused an incident, make a silence.
//!
//! Whoever may look at a site may change what people say of it. Beyond that:
//!
//! - what a browser sends by itself (a cookie, a proxy's word) counts for requests of our own pages alone ([`super::origin`]); a token is sent by nobody who does not mean it;
//! - where the report is open to everybody, those who prove who they are may change what they may see, as where it is closed, and of the others those alone who sit at this
//!   machine: whoever can reach an open report could otherwise silence its alarms.
//!
//! **At this machine** is whose connection comes from a loopback address and is no proxy's, as far as its headers tell, and who asks for a loopback name: a page elsewhere can
//! let its own name lead to 127.0.0.1, and a browser would then take it for one of ours. A proxy on this machine that adds no header at all cannot be told apart: with such a one,
//! do not open the report.

use std::time::SystemTime;

use actix_web::HttpRequest;
use url::{Host, Url};

use super::{Access, Proofs, Viewer, unix_s};
use crate::http::{Shared, header};
use crate::reject::Reject;

/// Headers by which a proxy shows itself.
const OF_PROXIES: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Who wants to change something, or why that is not for them. [`Viewer::may_see`] says of which sites they may.
pub(in crate::http) fn writer(request: &HttpRequest, shared: &Shared) -> Result<Viewer, Reject> {
    let access = &shared.access;
    let proofs = access.proofs(request);
    if proofs.token.is_none() && !access.is_sent_by_us(request) {
        return Err(Reject::OriginNotAllowed);
    }
    access.writer(&proofs, unix_s(SystemTime::now()), || is_at_this_machine(request))
}

impl Access {
    pub(super) fn writer(&self, proofs: &Proofs, now_s: u64, is_here: impl FnOnce() -> bool) -> Result<Viewer, Reject> {
        let is_claimed = proofs.token.is_some() || proofs.proxy_user.is_some();
        match self.proved(proofs, now_s) {
            Some(viewer) => Ok(viewer),
            None if !self.is_open => Err(self.refusal()),
            // Who says who he is, and is not, is nobody.
            None if is_claimed => Err(Reject::LoginRequired),
            None if is_here() => Ok(Viewer::default()),
            None => Err(Reject::WriterUnknown),
        }
    }
}

fn is_at_this_machine(request: &HttpRequest) -> bool {
    let is_near = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let is_direct = !OF_PROXIES.iter().any(|name| request.headers().contains_key(*name));
    is_near && is_direct && header(request, "host").is_some_and(is_loopback_name)
}

/// Whether a `Host` is a name that leads to this machine and to no other.
fn is_loopback_name(host: &str) -> bool {
    match Url::parse(&format!("http://{host}/")).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn is_here(peer: &str, host: &str, more: &[(&str, &str)]) -> bool {
        let request = TestRequest::post().peer_addr(peer.parse().unwrap()).insert_header(("host", host));
        let request = more.iter().fold(request, |request, header| request.insert_header(*header));
        is_at_this_machine(&request.to_http_request())
    }

    #[test]
    fn at_this_machine_is_who_comes_from_loopback_and_asks_for_it() {
        for (peer, host) in [
            ("127.0.0.1:40000", "127.0.0.1:8080"),
            ("127.0.0.1:40000", "localhost:8080"),
            ("127.8.9.10:40000", "LOCALHOST"),
            ("[::1]:40000", "[::1]:8080"),
            ("[::ffff:127.0.0.1]:40000", "localhost"),
        ] {
            assert!(is_here(peer, host, &[]), "{peer} {host}");
        }
        for (peer, host) in [
            ("192.168.1.7:40000", "127.0.0.1:8080"),
            ("172.17.0.1:40000", "localhost:8080"),
            ("[2001:db8::1]:40000", "localhost:8080"),
            ("127.0.0.1:40000", "evil.example:8080"),
            ("127.0.0.1:40000", "localhost.evil.example"),
            ("127.0.0.1:40000", "127.0.0.1.evil.example"),
            ("127.0.0.1:40000", "192.168.1.7:8080"),
            ("127.0.0.1:40000", "localhost@evil.example"),
            ("127.0.0.1:40000", ""),
        ] {
            assert!(!is_here(peer, host, &[]), "{peer} {host}");
        }
    }

    #[test]
    fn what_a_proxy_passes_on_does_not_come_from_this_machine() {
        for name in OF_PROXIES {
            assert!(!is_here("127.0.0.1:40000", "localhost", &[(name, "x")]), "{name}");
        }
        assert!(is_here("127.0.0.1:40000", "localhost", &[("x-something", "x")]));
    }
}
