//! Device, browser, operating system, and bots, from the `User-Agent` header, by the rules of uap-core; and from client hints where they say
//! more.
//!
//! Results are kept for the last [`CACHED_MAX`] user agents with what came beside them; a header longer than [`KEY_BYTES_MAX`] is read as if it
//! ended there.

use std::sync::Arc;

use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use ua_parser::{Extractor, Regexes};

use super::client_hints::ClientHints;
use super::text::{cut, one_line};
use crate::store::rows::Device;

/// User agents whose result is kept.
const CACHED_MAX: usize = 10_000;
/// Longest part of the header that is read.
const KEY_BYTES_MAX: usize = 512;
/// Longest name of a browser or system; longer ones are cut.
const NAME_BYTES_MAX: usize = 64;

/// The rules as JSON, embedded; empty when they were nowhere to be found at build time.
static RULES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/user_agents.json"));

/// Words that only robots have in their user agent, in lower case, besides what uap-core knows.
const BOT_WORDS: [&str; 14] = [
    "headlesschrome",
    "phantomjs",
    "bot/",
    "crawler",
    "spider",
    "lighthouse",
    "pagespeed",
    "gtmetrix",
    "pingdom",
    "curl/",
    "wget/",
    "python-requests",
    "go-http-client",
    "okhttp",
];

/// Why somebody is taken for a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotReason {
    /// No user agent at all.
    NoUserAgent,
    /// A browser without a window.
    Headless,
    /// uap-core knows it as a spider.
    Spider,
    /// A word that only robots and programs use.
    KnownWord,
}

impl BotReason {
    /// Its name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoUserAgent => "no_user_agent",
            Self::Headless => "headless",
            Self::Spider => "spider",
            Self::KnownWord => "known_word",
        }
    }
}

/// Why user agents cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UserAgentError {
    /// The program was built without the rules.
    #[error(
        "this program was built without the rules for user agents: run `cargo xtask build`, which fetches them, and build it again"
    )]
    NotBuilt,
    /// The rules are not what the parser understands.
    #[error("the embedded rules for user agents are not understood: {0}")]
    Bad(String),
}

/// What a user agent says.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct UserAgent {
    /// Kind of device.
    pub device: Device,
    /// Browser family; empty when not known.
    pub browser: String,
    /// Its major version; 0 when not known.
    pub browser_version: u16,
    /// Operating system family; empty when not known.
    pub os: String,
    /// Why it is taken for a bot, if it is.
    pub bot_reason: Option<BotReason>,
}

/// Reads user agents.
pub struct UserAgents {
    extractor: Extractor<'static>,
    cache: Cache<Key, Arc<UserAgent>>,
}

/// What a result is kept by.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    user_agent: Box<str>,
    /// Brands, mobile, platform and form factors; nothing where nothing was told.
    hints: Option<Box<[Box<str>; 4]>>,
}

/// A [`Key`] as it is asked for, without copies.
#[derive(Clone, Copy, Hash)]
struct Asked<'a> {
    user_agent: &'a str,
    hints: Option<[&'a str; 4]>,
}

impl<'a> Asked<'a> {
    fn new(user_agent: &'a str, hints: &ClientHints<'a>) -> Self {
        let ClientHints { brands, mobile, platform, form_factors } = *hints;
        let hints = if hints.is_empty() { None } else { Some([brands, mobile, platform, form_factors]) };
        Self { user_agent, hints }
    }

    fn key(&self) -> Key {
        Key { user_agent: self.user_agent.into(), hints: self.hints.map(|hints| Box::new(hints.map(Box::from))) }
    }
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        let hints = match (&self.hints, &key.hints) {
            (None, None) => true,
            (Some(asked), Some(kept)) => asked.iter().zip(kept.iter()).all(|(asked, kept)| *asked == &**kept),
            _ => false,
        };
        hints && self.user_agent == &*key.user_agent
    }
}

impl UserAgents {
    /// With the embedded rules. Takes a moment: some thousand expressions are compiled.
    pub fn new() -> Result<Self, UserAgentError> {
        if RULES.is_empty() {
            return Err(UserAgentError::NotBuilt);
        }
        let bad = |error: &dyn std::fmt::Display| UserAgentError::Bad(error.to_string());
        let regexes: Regexes = serde_json::from_slice(RULES).map_err(|error| bad(&error))?;
        let extractor = Extractor::try_from(regexes).map_err(|error| bad(&error))?;
        Ok(Self { extractor, cache: Cache::new(CACHED_MAX) })
    }

    /// What the header says.
    pub fn classify(&self, header: &str) -> Arc<UserAgent> {
        self.classify_hinted(header, &ClientHints::default())
    }

    /// What the header and the hints say.
    pub fn classify_hinted(&self, header: &str, hints: &ClientHints) -> Arc<UserAgent> {
        let header = cut(header, KEY_BYTES_MAX);
        let hints = hints.cut();
        let asked = Asked::new(header, &hints);
        if let Some(known) = self.cache.get(&asked) {
            return known;
        }
        let mut read = self.read(header);
        hints.refine(&mut read);
        let read = Arc::new(read);
        self.cache.insert(asked.key(), read.clone());
        read
    }

    fn read(&self, header: &str) -> UserAgent {
        let (browser, os, device) = self.extractor.extract(header);
        let kind = device.map(|device| device.device.into_owned()).unwrap_or_default();
        let (browser, version) = browser.map_or((String::new(), None), |found| (name(&found.family), found.major));
        let os = os.map(|found| name(&found.os)).unwrap_or_default();
        let bot_reason = bot_reason(header, &kind);
        UserAgent {
            device: if bot_reason == Some(BotReason::Spider) { Device::Other } else { device_of(header, &os, &kind) },
            browser,
            browser_version: version.and_then(|major| major.parse().ok()).unwrap_or(0),
            os,
            bot_reason,
        }
    }
}

/// `Other` is uap-core's way to say that it does not know.
fn name(family: &str) -> String {
    if family == "Other" { String::new() } else { one_line(cut(family, NAME_BYTES_MAX)) }
}

fn bot_reason(header: &str, device: &str) -> Option<BotReason> {
    if header.trim().is_empty() {
        return Some(BotReason::NoUserAgent);
    }
    let lower = header.to_ascii_lowercase();
    match BOT_WORDS.iter().find(|word| lower.contains(**word)) {
        Some(&"headlesschrome" | &"phantomjs") => Some(BotReason::Headless),
        _ if device == "Spider" => Some(BotReason::Spider),
        Some(_) => Some(BotReason::KnownWord),
        None => None,
    }
}

/// uap-core names models, not classes; the class follows from the system and from the words that browsers use for it.
fn device_of(header: &str, os: &str, model: &str) -> Device {
    let has = |word: &str| header.contains(word);
    if model == "iPad" || has("iPad") || has("Tablet") || has("PlayBook") || has("Kindle") || has("Silk/") {
        return Device::Tablet;
    }
    if has("TV") || has("Xbox") || has("PlayStation") || has("Nintendo") || has("CrKey") {
        return Device::Other;
    }
    match os {
        "Android" if has("Mobile") => Device::Mobile,
        // Android's own rule: phones say "Mobile", tablets do not.
        "Android" => Device::Tablet,
        "iOS" | "Windows Phone" | "BlackBerry OS" | "KaiOS" | "Firefox OS" => Device::Mobile,
        "Windows" | "Mac OS X" | "Linux" | "Ubuntu" | "Fedora" | "Debian" | "Chrome OS" | "FreeBSD" | "OpenBSD" => {
            Device::Desktop
        }
        _ if has("Mobile") || has("Mobi") => Device::Mobile,
        _ if has("X11") || has("Windows NT") || has("Macintosh") => Device::Desktop,
        _ => Device::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static AGENTS: LazyLock<UserAgents> =
        LazyLock::new(|| UserAgents::new().expect("npm packages are installed by cargo xtask"));

    fn read(header: &str) -> (Device, String, u16, String, Option<&'static str>) {
        let UserAgent { device, browser, browser_version, os, bot_reason } = (*AGENTS.classify(header)).clone();
        (device, browser, browser_version, os, bot_reason.map(BotReason::name))
    }

    #[test]
    fn common_browsers_are_known() {
        for (header, device, browser, version, os) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
                Device::Desktop,
                "Chrome",
                130,
                "Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
                Device::Mobile,
                "Chrome Mobile",
                130,
                "Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                Device::Mobile,
                "Mobile Safari",
                17,
                "iOS",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 15_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6 Mobile/15E148 Safari/604.1",
                Device::Tablet,
                "Mobile Safari",
                15,
                "iOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
                Device::Tablet,
                "Chrome",
                120,
                "Android",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
                Device::Desktop,
                "Firefox",
                130,
                "Linux",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                Device::Desktop,
                "Safari",
                18,
                "Mac OS X",
            ),
        ] {
            assert_eq!(read(header), (device, browser.to_owned(), version, os.to_owned(), None), "{header}");
        }
    }

    #[test]
    fn bots_are_marked_with_why() {
        let bot = |header: &str| read(header).4;
        assert_eq!(bot(""), Some("no_user_agent"));
        assert_eq!(bot("  "), Some("no_user_agent"));
        assert_eq!(bot("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), Some("spider"));
        assert_eq!(
            bot(
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0.0.0 Safari/537.36"
            ),
            Some("headless")
        );
        assert_eq!(bot("curl/8.5.0"), Some("known_word"));
        assert_eq!(
            bot(
                "Mozilla/5.0 (Linux; Android 11; moto g power) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse"
            ),
            Some("known_word")
        );
    }

    #[test]
    fn hints_are_part_of_what_a_result_is_kept_by() {
        let frozen =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
        let hinted = |brand: &str| {
            let brands = format!(r#""Chromium";v="130", "{brand}";v="130""#);
            let hints = ClientHints { brands: &brands, platform: "\"Linux\"", ..ClientHints::default() };
            let read = AGENTS.classify_hinted(frozen, &hints);
            assert!(Arc::ptr_eq(&read, &AGENTS.classify_hinted(frozen, &hints)), "it was kept");
            read.browser.clone()
        };
        assert_eq!([hinted("Brave"), hinted("Opera"), hinted("Google Chrome")], ["Brave", "Opera", "Chrome"]);
        assert_eq!(AGENTS.classify(frozen).browser, "Chrome");
    }

    #[test]
    fn any_header_is_read_and_the_memory_stays_bounded() {
        let long = "x".repeat(100_000);
        assert_eq!(read(&long), read(&long[..KEY_BYTES_MAX]));
        for index in 0..CACHED_MAX + 500 {
            let brands = format!("\"brand {index}\"");
            let hints = ClientHints { brands: &brands, ..ClientHints::default() };
            AGENTS.cache.insert(Asked::new("agent", &hints).key(), Arc::default());
        }
        assert!(AGENTS.cache.len() <= CACHED_MAX);
    }
}
