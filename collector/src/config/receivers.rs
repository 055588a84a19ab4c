//! `[alarms.receivers.<name>]`: whom alarms are told; and what other addresses of `[alarms]` have in common with theirs.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;
use url::{Host, Url};

use super::Secret;
use super::path::segment;
use super::reader::{Reader, is_site_key};

/// Most receivers.
const RECEIVERS_MAX: usize = 20;
/// Longest name of a receiver.
const NAME_BYTES_MAX: usize = 64;
/// Longest address.
const URL_BYTES_MAX: usize = 2048;
/// Bytes of what messages are signed with: fewer could be guessed.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=1024;

/// How a receiver wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiverKind {
    /// Prometheus' Alertmanager, by its API v2.
    Alertmanager,
    /// Anything that takes what Alertmanager posts to webhooks, signed.
    Webhook,
    /// Slack's incoming webhooks, and what is compatible with them.
    Slack,
}

impl ReceiverKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Alertmanager, Self::Webhook, Self::Slack];

    /// A fixed name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
        }
    }
}

/// From which urgency on a receiver is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Of what cannot wait, alone.
    Page,
    /// Of everything.
    Ticket,
}

/// One receiver.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReceiverConfig {
    /// How it wants to be told.
    pub kind: ReceiverKind,
    /// Where. An Alertmanager's is that of its start page; the others' is what is posted to.
    pub url: Secret,
    /// What messages are signed with; empty but for a webhook.
    pub secret: Secret,
    /// The sites that it is told of; none: all.
    pub sites: Vec<String>,
    /// From which urgency on.
    pub urgency: Urgency,
    /// Hours after which it is told again of an alarm that has not ended. An Alertmanager does that by itself.
    pub repeat_h: u32,
}

pub(super) fn read(reader: &mut Reader) -> BTreeMap<String, ReceiverConfig> {
    const SECTION: &str = "alarms.receivers";
    let expected =
        format!("at most {RECEIVERS_MAX} receivers with names of 1 to {NAME_BYTES_MAX} letters, digits, '-', '_'");
    let is_name = |name: &str| {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        is_plain && (1..=NAME_BYTES_MAX).contains(&name.len())
    };
    let names = reader.names(SECTION, RECEIVERS_MAX, &expected, is_name);
    let read_one = |name: String| {
        let value = receiver(reader, &format!("{SECTION}.{}", segment(&name)));
        (name, value)
    };
    names.into_iter().map(read_one).collect()
}

fn receiver(reader: &mut Reader, path: &str) -> ReceiverConfig {
    let at = |key: &str| format!("{path}.{key}");
    let kind_expected = "alertmanager, webhook or slack";
    // Empty where it is not written, which no kind is called.
    let kind = reader.parsed(&at("kind"), "", kind_expected, |text| {
        let kind = ReceiverKind::ALL.into_iter().find(|kind| kind.name() == text);
        (kind.is_some() || text.is_empty()).then_some(kind)
    });
    if kind.is_none() {
        reader.missing(&at("kind"), kind_expected);
    }
    let kind = kind.unwrap_or(ReceiverKind::Slack);
    let url = address(reader, &at("url"));
    if url.reveal().is_empty() {
        reader.missing(&at("url"), ADDRESS_EXPECTED);
    }
    let is_signed = kind == ReceiverKind::Webhook;
    let secret_expected = if is_signed { "16 to 1024 bytes" } else { "nothing: only what goes to a webhook is signed" };
    let secret = reader.parsed(&at("secret"), "", secret_expected, |text| {
        let fits = text.is_empty() || is_signed && SECRET_BYTES.contains(&text.len());
        fits.then(|| Secret(text.to_owned()))
    });
    if is_signed && secret.reveal().is_empty() {
        reader.missing(&at("secret"), secret_expected);
    }
    let sites = reader.list(&at("sites"), "keys of sites, such as [\"shop\"]; left out or empty: every site", |text| {
        is_site_key(text).then(|| text.to_owned())
    });
    let urgency = reader.parsed(&at("urgency"), "ticket", "page or ticket", |text| match text {
        "page" => Some(Urgency::Page),
        "ticket" => Some(Urgency::Ticket),
        _ => None,
    });
    ReceiverConfig { kind, url, secret, sites, urgency, repeat_h: reader.integer(&at("repeat_h"), 4, 1..=168) }
}

const ADDRESS_EXPECTED: &str = "an https:// address, or http:// to this machine or a private network";

/// An address that requests go to, or nothing. In the clear they go to this machine and to private networks alone: where the host is a name, that is held when
/// it is looked up.
pub(super) fn address(reader: &mut Reader, path: &str) -> Secret {
    let parse = |text: &str| (text.is_empty() || is_address(text)).then(|| Secret(text.to_owned()));
    reader.parsed(path, "", ADDRESS_EXPECTED, parse)
}

/// The public address of the collector, without a final slash, or nothing.
pub(super) fn probe_url(reader: &mut Reader, path: &str) -> String {
    let expected = "the address at which pages reach this collector, such as https://rum.example.com, or nothing";
    reader.parsed(path, "", expected, |text| {
        let url = Url::parse(text).ok();
        let is_plain = |url: Url| url.query().is_none() && url.username().is_empty() && url.password().is_none();
        let fits = text.is_empty() || is_address(text) && url.is_some_and(is_plain);
        fits.then(|| text.trim_end_matches('/').to_owned())
    })
}

fn is_address(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let is_safe = match (url.scheme(), url.host()) {
        ("https", Some(_)) | ("http", Some(Host::Domain(_))) => true,
        ("http", Some(Host::Ipv4(address))) => is_private_v4(address),
        ("http", Some(Host::Ipv6(address))) => is_private_v6(address),
        _ => false,
    };
    is_safe && url.fragment().is_none() && text.len() <= URL_BYTES_MAX
}

/// This machine, or a network that is not part of the Internet (RFC 1918, RFC 3927).
pub fn is_private_v4(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_private() || address.is_link_local()
}

/// The same of IPv6 (RFC 4193, RFC 4291).
pub fn is_private_v6(address: Ipv6Addr) -> bool {
    let mapped = address.to_ipv4_mapped().is_some_and(is_private_v4);
    mapped || address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_clear_nothing_goes_to_a_public_address() {
        for good in [
            "https://hooks.example.com/services/T0/B0/x",
            "https://me:word@alerts.example.com/prefix",
            "http://127.0.0.1:9093",
            "http://10.1.2.3/",
            "http://172.31.255.255/",
            "http://192.168.0.1:1/hook?a=b",
            "http://169.254.1.1/",
            "http://[::1]:9093",
            "http://[fd00::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://alertmanager:9093",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "hooks.example.com",
            "ftp://10.0.0.1/",
            "http://8.8.8.8/",
            "http://172.32.0.1/",
            "http://[2001:db8::1]/",
            "http://[::ffff:8.8.8.8]/",
            "https://",
            "https://a.example/#b",
            "file:///etc/passwd",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(is_address(&format!("https://a.example/{}", "b".repeat(URL_BYTES_MAX - 18))));
        assert!(!is_address(&format!("https://a.example/{}", "b".repeat(URL_BYTES_MAX - 17))));
    }
}
