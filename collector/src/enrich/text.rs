//! Texts from outside, made fit for a column. The browser side does all this too; here nobody is believed.

use beacon_format::limits::HOST_BYTES_MAX;

/// A URL or path without query and fragment.
pub(super) fn without_query(url: &str) -> &str {
    // Nearly none has any. That is asked of all bytes without a way out, and of each character alone, because processors then answer for
    // sixteen at once.
    let (mut has_query, mut has_fragment) = (false, false);
    for byte in url.bytes() {
        has_query |= byte == b'?';
        has_fragment |= byte == b'#';
    }
    if !(has_query || has_fragment) {
        return url;
    }
    url.bytes().position(|byte| matches!(byte, b'?' | b'#')).map_or(url, |end| &url[..end])
}

/// A name that may be a URL (what called a script, what a page calls a measure): then without query and fragment. Other names keep their
/// `#`, as in `BUTTON#buy.onclick`.
pub(super) fn name_without_query(name: &str) -> &str {
    if after_scheme(name).is_some() { without_query(name) } else { name }
}

/// What stands behind the first `://`. (Searching for a text costs hundreds of instructions before its first character is looked at.)
fn after_scheme(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        rest = &rest[colon + 1..];
        if let Some(found) = rest.strip_prefix("//") {
            return Some(found);
        }
    }
    None
}

/// A URL without what is before `rest` and behind its host and port.
fn authority(rest: &str) -> &str {
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    &rest[..end.unwrap_or(rest.len())]
}

/// A host in lower case, cut to what a host's name may have: in lower case some letters take more bytes.
pub(super) fn lower_host(host: &str) -> String {
    let mut lower = host.to_lowercase();
    lower.truncate(cut(&lower, HOST_BYTES_MAX).len());
    lower
}

/// A host with its port, in lower case; what may stand around it in a URL goes.
pub(super) fn host_alone(told: &str) -> String {
    let authority = authority(after_scheme(told).unwrap_or(told));
    lower_host(authority.rsplit_once('@').map_or(authority, |(_, host)| host))
}

/// The host of a URL in lower case, without user and port; empty where there is none (`data:`, a relative URL).
pub(super) fn host(url: &str) -> String {
    let Some(rest) = after_scheme(url) else {
        return String::new();
    };
    let authority = authority(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // An IPv6 address stands in brackets and has colons of its own.
    let end = if host.starts_with('[') { host.find(']').map(|at| at + 1) } else { host.find(':') };
    lower_host(&host[..end.unwrap_or(host.len())])
}

/// A text as one line: control characters are spaces, and none stand at its ends.
pub(super) fn one_line(text: &str) -> String {
    // As in `without_query`: the bytes of control characters, or the first of those that have two.
    let mut may_have_control = false;
    for byte in text.bytes() {
        may_have_control |= byte < b' ';
        may_have_control |= byte == 0x7F;
        may_have_control |= byte == 0xC2;
    }
    if may_have_control { text.replace(char::is_control, " ").trim().to_owned() } else { text.trim().to_owned() }
}

/// At most `bytes_max` bytes of a text, cut at a character's boundary.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_fragments_go() {
        assert_eq!(without_query("/a/b?c=1#d"), "/a/b");
        assert_eq!(without_query("/a#?"), "/a");
        assert_eq!(without_query("?"), "");
        assert_eq!(without_query(&format!("/{}/é#x", "a".repeat(100))), format!("/{}/é", "a".repeat(100)));
        assert_eq!(without_query("/a"), "/a");
    }

    #[test]
    fn hosts_are_found_in_urls() {
        assert_eq!(host("https://CDN.example.com:8443/x/y.js"), "cdn.example.com");
        assert_eq!(host("https://user:secret@example.com/"), "example.com");
        assert_eq!(host("http://[2001:DB8::1]:80/x"), "[2001:db8::1]");
        assert_eq!(host("https://example.com"), "example.com");
        assert_eq!(host("data:image/png;base64,AAAA"), "");
        assert_eq!(host("blob:https://example.com/0a"), "example.com");
        assert_eq!(host("a:b:/c"), "");
        assert_eq!(host("/local.js"), "");
    }

    #[test]
    fn names_lose_a_query_only_where_they_are_urls() {
        assert_eq!(name_without_query("https://x/y.js?user=1"), "https://x/y.js");
        assert_eq!(name_without_query("BUTTON#buy.onclick"), "BUTTON#buy.onclick");
        assert_eq!(name_without_query("which?"), "which?");
    }

    #[test]
    fn a_host_is_told_alone() {
        assert_eq!(host_alone("CDN.example.com:8443"), "cdn.example.com:8443");
        assert_eq!(host_alone("https://user@example.com/path?x=1"), "example.com");
        assert_eq!(host_alone("example.com?x"), "example.com");
        assert_eq!(host_alone(""), "");
    }

    #[test]
    fn a_host_stays_within_its_limit_in_lower_case() {
        // Two bytes each, and three in lower case.
        let upper = "\u{23a}".repeat(HOST_BYTES_MAX / 2);
        assert_eq!(lower_host(&upper).len(), HOST_BYTES_MAX / 3 * 3);
        assert!(host_alone(&upper).len() <= HOST_BYTES_MAX);
        assert_eq!(host(&format!("https://{}/", "a".repeat(HOST_BYTES_MAX))).len(), HOST_BYTES_MAX);
        assert_eq!(host(&format!("https://{}/", "a".repeat(HOST_BYTES_MAX + 1))).len(), HOST_BYTES_MAX);
    }

    #[test]
    fn messages_become_one_line() {
        assert_eq!(one_line("\n first\r\nsecond\t"), "first  second");
        assert_eq!(one_line("a\u{7f}b\u{85}c"), "a b c");
        assert_eq!(one_line(" £ 5 "), "£ 5");
    }

    #[test]
    fn a_cut_is_at_a_characters_boundary() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("abc", 0), "");
    }
}
