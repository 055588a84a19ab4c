//! `[access]`: who may look at the report and its API.

use std::collections::BTreeMap;

use serde::Serialize;

use super::HttpConfig;
use super::path::segment;
use super::reader::{Reader, is_site_key};
use crate::credentials::{PasswordHash, TokenHash};

/// Most users, and most tokens.
const NAMES_MAX: usize = 1000;
/// Longest name of a user or token, and of a header.
const NAME_BYTES_MAX: usize = 128;

/// `[access]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccessConfig {
    /// The header in which a trusted proxy names its user, in lower case; empty: none is believed.
    pub proxy_user_header: String,
    /// How long a login lasts.
    pub session_hours: u32,
    /// The session's cookie is for https only, also where no proxy tells that it was https.
    pub cookie_secure: bool,
    /// People, by name.
    pub users: BTreeMap<String, UserConfig>,
    /// API clients, by name.
    pub tokens: BTreeMap<String, TokenConfig>,
}

/// `[access.users.<key>]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserConfig {
    /// None: only the proxy can say that it is this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<PasswordHash>,
    /// The sites that the user may see; none: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sites: Option<Vec<String>>,
}

/// `[access.tokens.<key>]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenConfig {
    /// None only where the configuration is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_hash: Option<TokenHash>,
    /// The sites that its holder may see; none: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sites: Option<Vec<String>>,
}

impl AccessConfig {
    pub(super) fn read(reader: &mut Reader, http: &HttpConfig) -> Self {
        let proxy_user_header = proxy_user_header(reader, http);
        Self {
            session_hours: reader.integer("access.session_hours", 12, 1..=720),
            cookie_secure: reader.boolean("access.cookie_secure", false),
            users: users(reader, !proxy_user_header.is_empty()),
            tokens: tokens(reader),
            proxy_user_header,
        }
    }

    /// Whether anybody may look who proves who it is.
    pub fn lets_anybody_in(&self) -> bool {
        !(self.users.is_empty() && self.tokens.is_empty() && self.proxy_user_header.is_empty())
    }

    /// Sites that users or tokens are limited to, each with the key that names it.
    pub fn named_sites(&self) -> impl Iterator<Item = (String, &str)> {
        let users = self.users.iter().map(|(name, user)| ("users", name, &user.sites));
        let tokens = self.tokens.iter().map(|(name, token)| ("tokens", name, &token.sites));
        users.chain(tokens).flat_map(|(kind, name, sites)| {
            let path = format!("access.{kind}.{}.sites", segment(name));
            sites.iter().flatten().map(move |site| (path.clone(), site.as_str()))
        })
    }
}

fn proxy_user_header(reader: &mut Reader, http: &HttpConfig) -> String {
    const PATH: &str = "access.proxy_user_header";
    let header = reader.parsed(PATH, "", "the name of a header, such as X-Remote-User", |text| {
        let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (is_name && text.len() <= NAME_BYTES_MAX).then(|| text.to_ascii_lowercase())
    });
    if !header.is_empty() && http.trusted_proxies.is_empty() {
        let expected = "http.trusted_proxies to name the proxy: nobody else is believed";
        reader.refuse(PATH, &header.clone().into(), expected);
    }
    header
}

fn users(reader: &mut Reader, has_proxy: bool) -> BTreeMap<String, UserConfig> {
    let expected = "the hash that `slowtax hash-password` prints: argon2id, version 19, 7 to 256 MiB ($argon2id$v=19$m=19456,t=2,p=1$...)";
    names(reader, "access.users", |reader, path| {
        let password_hash = reader.parsed(&format!("{path}.password_hash"), "", expected, |text| {
            if text.is_empty() { Some(None) } else { PasswordHash::parse(text).map(Some) }
        });
        if password_hash.is_none() && !has_proxy {
            reader.missing(&format!("{path}.password_hash"), expected);
        }
        UserConfig { password_hash, sites: sites(reader, path) }
    })
}

fn tokens(reader: &mut Reader) -> BTreeMap<String, TokenConfig> {
    let expected = "the hash that `slowtax new-token` prints, 64 hexadecimal digits";
    names(reader, "access.tokens", |reader, path| {
        let token_hash = reader.parsed(&format!("{path}.token_hash"), "", expected, |text| {
            if text.is_empty() { Some(None) } else { TokenHash::parse(text).map(Some) }
        });
        if token_hash.is_none() {
            reader.missing(&format!("{path}.token_hash"), expected);
        }
        TokenConfig { token_hash, sites: sites(reader, path) }
    })
}

fn names<T>(reader: &mut Reader, section: &str, mut read: impl FnMut(&mut Reader, &str) -> T) -> BTreeMap<String, T> {
    let expected = format!(
        "at most {NAMES_MAX} names of 1 to {NAME_BYTES_MAX} bytes, without quotes, '\\' and control characters"
    );
    let is_name = |name: &str| {
        let is_plain = !name.chars().any(|character| character.is_control() || matches!(character, '"' | '\\'));
        is_plain && (1..=NAME_BYTES_MAX).contains(&name.len())
    };
    let names = reader.names(section, NAMES_MAX, &expected, is_name);
    let read_one = |name: String| {
        let value = read(reader, &format!("{section}.{}", segment(&name)));
        (name, value)
    };
    names.into_iter().map(read_one).collect()
}

/// An empty list would be everything to one who takes it for "no limit", and nothing to everybody else.
fn sites(reader: &mut Reader, path: &str) -> Option<Vec<String>> {
    let path = format!("{path}.sites");
    let expected = "keys of sites, such as [\"shop\"]; left out: every site";
    let sites = reader.list_if_there(&path, expected, |text| is_site_key(text).then(|| text.to_owned()))?;
    if sites.is_empty() {
        reader.missing(&path, expected);
    }
    Some(sites)
}
