//! Texts from outside, made fit for a column. The browser side does all this too; here nobody is believed.

/// A URL or path without query and fragment.
pub(super) fn without_query(url: &str) -> &str {
    url.find(['?', '#']).map_or(url, |end| &url[..end])
}

/// A name that may be a URL (what called a script, what a page calls a measure): then without query and fragment. Other names keep their
/// `#`, as in `BUTTON#buy.onclick`.
pub(super) fn name_without_query(name: &str) -> &str {
    if name.contains("://") { without_query(name) } else { name }
}

/// A host with its port, in lower case; what may stand around it in a URL goes.
pub(super) fn host_alone(told: &str) -> String {
    let authority = told.split_once("://").map_or(told, |(_, rest)| rest);
    let authority = &authority[..authority.find(['/', '?', '#']).unwrap_or(authority.len())];
    authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_lowercase()
}

/// The host of a URL in lower case, without user and port; empty where there is none (`data:`, a relative URL).
pub(super) fn host(url: &str) -> String {
    let Some((_, rest)) = url.split_once("://") else {
        return String::new();
    };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // An IPv6 address stands in brackets and has colons of its own.
    let end = if host.starts_with('[') { host.find(']').map(|at| at + 1) } else { host.find(':') };
    host[..end.unwrap_or(host.len())].to_lowercase()
}

/// A text as one line: control characters are spaces, and none stand at its ends.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
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
        assert_eq!(without_query("/a"), "/a");
    }

    #[test]
    fn hosts_are_found_in_urls() {
        assert_eq!(host("https://CDN.example.com:8443/x/y.js"), "cdn.example.com");
        assert_eq!(host("https://user:secret@example.com/"), "example.com");
        assert_eq!(host("http://[2001:DB8::1]:80/x"), "[2001:db8::1]");
        assert_eq!(host("https://example.com"), "example.com");
        assert_eq!(host("data:image/png;base64,AAAA"), "");
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
    fn messages_become_one_line() {
        assert_eq!(one_line("\n first\r\nsecond\t"), "first  second");
    }

    #[test]
    fn a_cut_is_at_a_characters_boundary() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("abc", 0), "");
    }
}
