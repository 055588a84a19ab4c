//! `[report]` and `[mail]`: what the digest needs.

use serde::Serialize;
use url::{Host, Url};

use super::Secret;
use super::reader::Reader;

/// `[report]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportConfig {
    /// Where readers reach the report, without a final slash; empty: links are left out.
    pub url: String,
}

/// `[mail]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MailConfig {
    /// The server that takes mail; empty: none is sent.
    pub smtp_url: Secret,
    /// Whom mail is from.
    pub from: String,
}

impl ReportConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let expected = "the URL at which readers reach the report, such as https://rum.example.com, or nothing";
        Self { url: reader.parsed("report.url", "", expected, report_url) }
    }
}

impl MailConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let smtp_expected = "smtps://user:password@mail.example.com, or smtp://...?tls=required; without TLS only to this machine, or without a password";
        let smtp_url = reader.parsed("mail.smtp_url", "", smtp_expected, |text| {
            (text.is_empty() || is_smtp_url(text)).then(|| Secret(text.to_owned()))
        });
        let from_expected = "an address, such as \"Slowtax <slowtax@example.com>\"";
        let from = reader.parsed("mail.from", "", from_expected, |text| {
            (text.is_empty() || crate::digest::is_mailbox(text)).then(|| text.to_owned())
        });
        if from.is_empty() && !smtp_url.reveal().is_empty() {
            reader.missing("mail.from", from_expected);
        }
        Self { smtp_url, from }
    }
}

fn report_url(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some(String::new());
    }
    let url = Url::parse(text).ok()?;
    let plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    (plain && matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| text.trim_end_matches('/').to_owned())
}

/// A server's URL; a password never goes to another machine in the clear.
fn is_smtp_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let is_here = match url.host() {
        None => return false,
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name == "127.0.0.1",
    };
    let is_safe = url.scheme() == "smtps" || url.query() == Some("tls=required");
    let is_known = matches!(
        (url.scheme(), url.query()),
        ("smtps", None) | ("smtp", None | Some("tls=required" | "tls=opportunistic"))
    );
    is_known && url.fragment().is_none() && (is_safe || is_here || url.username().is_empty())
}
