//! What browsers tell of themselves in `Sec-CH-UA` headers (User-Agent Client Hints, WICG), where they say more than the user agent.
//!
//! Chromium's browsers send brands, mobile and platform with each request to a secure origin, without being asked; form factors where the collector's origin asks for
//! them (`Accept-CH`, or the page's permissions policy). None of them needs a preflight. Model and platform version are not read: no column holds what they say.
//!
//! Headers are structured fields (RFC 9651). A header that is none says nothing; longer ones than [`BYTES_MAX`] are cut, and so are none.

use super::text::cut;
use super::user_agent::{BotReason, UserAgent};
use crate::store::rows::Device;

/// Longest header that is read.
pub const BYTES_MAX: usize = 256;
/// Most members of a list that are read.
const MEMBERS_MAX: usize = 16;

/// The headers as they came; empty where there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientHints<'a> {
    /// `Sec-CH-UA`: `"Chromium";v="130", "Microsoft Edge";v="130", "Not?A_Brand";v="99"`.
    pub brands: &'a str,
    /// `Sec-CH-UA-Mobile`: `?1` or `?0`.
    pub mobile: &'a str,
    /// `Sec-CH-UA-Platform`: `"Windows"`.
    pub platform: &'a str,
    /// `Sec-CH-UA-Form-Factors`: `"Tablet"`, `"Desktop", "XR"`.
    pub form_factors: &'a str,
}

/// A browser by its brand.
struct Brand {
    told: &'static str,
    /// The name that uap-core has for it; on a phone more may stand behind that.
    browser: &'static str,
    /// Others build on it and name it too, so its user agent may say more.
    is_base: bool,
}

const fn brand(told: &'static str, browser: &'static str) -> Brand {
    Brand { told, browser, is_base: false }
}

const fn base(told: &'static str, browser: &'static str) -> Brand {
    Brand { told, browser, is_base: true }
}

/// Of several that a browser names, the first of these is what it is. Invented brands (`Not?A_Brand`) are none of them.
const BRANDS: [Brand; 14] = [
    brand("HeadlessChrome", "HeadlessChrome"),
    brand("Microsoft Edge", "Edge"),
    brand("Microsoft Edge WebView2", "Edge"),
    brand("Opera", "Opera"),
    brand("Opera GX", "Opera"),
    brand("Brave", "Brave"),
    brand("Samsung Internet", "Samsung Internet"),
    brand("Vivaldi", "Vivaldi"),
    brand("YaBrowser", "Yandex Browser"),
    brand("Yandex", "Yandex Browser"),
    brand("DuckDuckGo", "DuckDuckGo"),
    base("Google Chrome", "Chrome"),
    base("Android WebView", "Chrome Mobile WebView"),
    base("Chromium", "Chromium"),
];

/// Platforms, and the names that uap-core has for them.
const PLATFORMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("macOS", "Mac OS X"),
    ("Android", "Android"),
    ("iOS", "iOS"),
    ("Chrome OS", "Chrome OS"),
    ("Chromium OS", "Chrome OS"),
    ("Linux", "Linux"),
];

impl<'a> ClientHints<'a> {
    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Each cut to what is read.
    pub(super) fn cut(self) -> Self {
        let Self { brands, mobile, platform, form_factors } = self;
        let cut = |header: &'a str| cut(header, BYTES_MAX);
        Self { brands: cut(brands), mobile: cut(mobile), platform: cut(platform), form_factors: cut(form_factors) }
    }

    /// Puts what is told here in place of what the user agent says less of.
    pub(super) fn refine(&self, read: &mut UserAgent) {
        // A program that claims to be a browser is none.
        if read.bot_reason.is_some() {
            return;
        }
        self.refine_os(read);
        self.refine_device(read);
        self.refine_browser(read);
    }

    fn refine_os(&self, read: &mut UserAgent) {
        let platform = Members(self.platform.trim()).next();
        let platform = platform.and_then(|told| PLATFORMS.iter().find(|(platform, _)| told.text == *platform));
        let Some((_, os)) = platform else { return };
        // A user agent may name which Linux it is.
        let says_more = *os == "Linux" && !PLATFORMS.iter().any(|(_, other)| read.os == *other);
        if !says_more || read.os.is_empty() {
            (*os).clone_into(&mut read.os);
        }
    }

    fn refine_device(&self, read: &mut UserAgent) {
        let form = Members(self.form_factors.trim()).take(MEMBERS_MAX).find_map(|form| match &*form.text {
            "Desktop" => Some(Device::Desktop),
            "Mobile" => Some(Device::Mobile),
            "Tablet" => Some(Device::Tablet),
            "Automotive" | "XR" | "EInk" | "Watch" => Some(Device::Other),
            _ => None,
        });
        if let Some(device) = form {
            read.device = device;
        } else if self.mobile.trim() == "?1" && read.device != Device::Tablet {
            read.device = Device::Mobile;
        } else if self.mobile.trim() == "?0" && read.os == "Android" && read.device == Device::Desktop {
            // The user agent of a tablet that asks for desktops' pages.
            read.device = Device::Tablet;
        }
    }

    fn refine_browser(&self, read: &mut UserAgent) {
        let told: Vec<Member> = Members(self.brands.trim()).take(MEMBERS_MAX).collect();
        let known = BRANDS.iter().find_map(|brand| Some((brand, told.iter().find(|told| told.text == brand.told)?)));
        let Some((brand, Member { version, .. })) = known else { return };
        if brand.browser == "HeadlessChrome" {
            read.bot_reason = Some(BotReason::Headless);
        }
        // `Chrome Mobile` is what a phone's Chrome is called, and more than `Chrome`.
        let is_same = read.browser.starts_with(brand.browser);
        let is_chrome = brand.is_base && read.browser.starts_with("Chrom");
        if brand.is_base && !is_same && !is_chrome && !read.browser.is_empty() {
            return;
        }
        if !is_same && !is_chrome {
            brand.browser.clone_into(&mut read.browser);
        }
        if *version > 0 {
            read.browser_version = *version;
        }
    }
}

/// A member of a list: a string, and the whole number that its parameter `v` begins with.
#[derive(Debug, PartialEq, Eq)]
struct Member {
    text: String,
    /// 0 when there is none, or no such number.
    version: u16,
}

/// The members of a list of strings with parameters; ends where it is none.
struct Members<'a>(&'a str);

impl Iterator for Members<'_> {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        let (text, mut rest) = string(self.0)?;
        let mut version = 0;
        while let Some(parameter) = rest.trim_start_matches(' ').strip_prefix(';') {
            let (key, after) = key(parameter.trim_start_matches(' '))?;
            let (value, after) = match after.strip_prefix('=') {
                Some(value) => value_of(value)?,
                None => (String::new(), after),
            };
            if key == "v" {
                version = value.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
            }
            rest = after;
        }
        let rest = rest.trim_matches([' ', '\t']);
        self.0 = match rest.strip_prefix(',') {
            Some(next) => next.trim_start_matches([' ', '\t']),
            None if rest.is_empty() => "",
            None => return None,
        };
        Some(Member { text, version })
    }
}

/// A string in quotes, in which a backslash goes before quotes and backslashes; and what follows.
fn string(text: &str) -> Option<(String, &str)> {
    let quoted = text.strip_prefix('"')?;
    let mut read = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((read, quoted.get(at + 1..)?)),
            '\\' => read.push(characters.next().map(|(_, next)| next).filter(|next| matches!(next, '"' | '\\'))?),
            ' '..='~' => read.push(character),
            _ => return None,
        }
    }
    None
}

fn key(text: &str) -> Option<(&str, &str)> {
    let is_part =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.' | b'*');
    let end = text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len());
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'*');
    begins.then(|| text.split_at(end))
}

/// A parameter's value: a string, or whatever else up to the next parameter or member.
fn value_of(text: &str) -> Option<(String, &str)> {
    if text.starts_with('"') {
        return string(text);
    }
    let (value, rest) = text.split_at(text.find([';', ',', ' ']).unwrap_or(text.len()));
    (!value.is_empty()).then(|| (value.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members(header: &str) -> Vec<(String, u16)> {
        Members(header).map(|member| (member.text, member.version)).collect()
    }

    #[test]
    fn lists_of_strings_are_read_with_their_versions() {
        let brands = members(r#""Chromium";v="130", "Google Chrome";v="130.0.1", "Not?A_Brand";v="99""#);
        assert_eq!(brands, [("Chromium".into(), 130), ("Google Chrome".into(), 130), ("Not?A_Brand".into(), 99)]);
        assert_eq!(members(r#""a\"b\\c";x=1;v="7";y , "d""#), [("a\"b\\c".into(), 7), ("d".into(), 0)]);
        assert_eq!(members(r#""Windows""#), [("Windows".into(), 0)]);
        for none in ["", "Windows", "\"open", "\"a\\n\"", "\"\u{e9}\"", "\"a\";V=1", "?1", ",", "\"a\" \"b\""] {
            assert_eq!(members(none), [], "{none}");
        }
    }

    fn refined(read: UserAgent, hints: ClientHints) -> UserAgent {
        let mut read = read;
        hints.refine(&mut read);
        read
    }

    fn chrome_on(os: &str, device: Device) -> UserAgent {
        let (browser, os) = ("Chrome".to_owned(), os.to_owned());
        UserAgent { device, browser, browser_version: 130, os, bot_reason: None }
    }

    #[test]
    fn brands_that_hide_behind_chromes_user_agent_are_known() {
        for (brand, browser, version) in [
            ("Microsoft Edge", "Edge", 131),
            ("Opera", "Opera", 131),
            ("Brave", "Brave", 131),
            ("Samsung Internet", "Samsung Internet", 131),
            ("Google Chrome", "Chrome", 131),
            ("Not A;Brand", "Chrome", 130),
        ] {
            let brands = format!(r#""Not/A)Brand";v="8", "Chromium";v="131", "{brand}";v="131""#);
            let brands = if version == 130 { brands.replace("Chromium", "Unheard") } else { brands };
            let hints = ClientHints { brands: &brands, ..ClientHints::default() };
            let read = refined(chrome_on("Windows", Device::Desktop), hints);
            assert_eq!((read.browser.as_str(), read.browser_version), (browser, version), "{brands}");
        }
    }

    #[test]
    fn what_the_user_agent_says_more_of_stays() {
        let webview = r#""Android WebView";v="130", "Chromium";v="130""#;
        let hints = ClientHints { brands: webview, mobile: "?1", platform: "\"Android\"", ..ClientHints::default() };
        let in_app =
            UserAgent { browser: "Facebook".into(), browser_version: 480, ..chrome_on("Android", Device::Mobile) };
        assert_eq!(refined(in_app.clone(), hints), in_app);
        let phone = UserAgent { browser: "Chrome Mobile".into(), ..chrome_on("Android", Device::Mobile) };
        let hints = ClientHints { brands: r#""Google Chrome";v="131""#, ..ClientHints::default() };
        assert_eq!(refined(phone.clone(), hints), UserAgent { browser_version: 131, ..phone });
        let ubuntu = chrome_on("Ubuntu", Device::Desktop);
        let hints = ClientHints { platform: "\"Linux\"", mobile: "?0", ..ClientHints::default() };
        assert_eq!(refined(ubuntu.clone(), hints), ubuntu);
    }

    #[test]
    fn device_and_system_are_what_is_told() {
        let device = |os: &str, before: Device, mobile: &str, platform: &str, form_factors: &str| {
            let read = refined(chrome_on(os, before), ClientHints { mobile, platform, form_factors, brands: "" });
            (read.device, read.os)
        };
        assert_eq!(device("Linux", Device::Desktop, "?1", "\"Android\"", ""), (Device::Mobile, "Android".into()));
        assert_eq!(device("Linux", Device::Desktop, "?0", "\"Android\"", ""), (Device::Tablet, "Android".into()));
        assert_eq!(device("Android", Device::Tablet, "?0", "\"Android\"", ""), (Device::Tablet, "Android".into()));
        assert_eq!(
            device("Android", Device::Mobile, "?0", "", r#""Unheard", "Tablet""#),
            (Device::Tablet, "Android".into())
        );
        assert_eq!(device("", Device::Other, "?0", "\"macOS\"", r#""XR""#), (Device::Other, "Mac OS X".into()));
        assert_eq!(device("Windows", Device::Desktop, "1", "Android", "Mobile"), (Device::Desktop, "Windows".into()));
    }

    #[test]
    fn a_headless_browser_is_a_bot_and_a_bot_stays_what_it_is() {
        let hints = ClientHints { brands: r#""HeadlessChrome";v="130""#, ..ClientHints::default() };
        let read = refined(chrome_on("Linux", Device::Desktop), hints);
        assert_eq!((read.bot_reason, read.browser_version), (Some(BotReason::Headless), 130));
        let spider = UserAgent { bot_reason: Some(BotReason::Spider), ..UserAgent::default() };
        assert_eq!(refined(spider.clone(), hints), spider);
    }

    proptest! {
        #[test]
        fn what_is_written_as_a_list_is_read_as_it(
            list in prop::collection::vec(("[ -~]{0,20}", any::<u16>(), "(;[a-z*][a-z0-9_.*-]{0,5}(=[0-9]{1,3})?){0,2}"), 0..8),
        ) {
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            let written = list.iter().map(|(text, version, more)| format!("\"{}\"{more};v=\"{version}\"", quoted(text)));
            let written = written.collect::<Vec<_>>().join(", ");
            let list: Vec<(String, u16)> = list.into_iter().map(|(text, version, _)| (text, version)).collect();
            prop_assert_eq!(members(&written), list);
        }

        #[test]
        fn any_headers_are_read_and_make_known_names_only(
            brands in ".{0,80}", mobile in ".{0,4}", platform in ".{0,20}", form_factors in "[\"A-Za-z,;=?1 \\\\]{0,60}",
        ) {
            let hints = ClientHints { brands: &brands, mobile: &mobile, platform: &platform, form_factors: &form_factors };
            let read = refined(UserAgent::default(), hints.cut());
            prop_assert!(read.browser.is_empty() || BRANDS.iter().any(|brand| brand.browser == read.browser));
            prop_assert!(read.os.is_empty() || PLATFORMS.iter().any(|(_, os)| *os == read.os));
        }
    }
}
