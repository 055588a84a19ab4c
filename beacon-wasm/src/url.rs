//! URLs, cut down to what may be told.

use crate::fields::cut;

/// The URL without query and fragment; of one that carries its content (`data:`) only the scheme.
pub(crate) fn stripped(url: &[u8]) -> &[u8] {
    if let [b'd', b'a', b't', b'a', b':', ..] = url {
        return b"data:";
    }
    cut(cut(url, b'?').0, b'#').0
}

#[cfg(test)]
mod tests {
    use super::stripped;

    #[test]
    fn query_and_fragment_are_left_out() {
        assert_eq!(stripped(b"https://a.example/x/y.png?u=7&e=a@b.example"), b"https://a.example/x/y.png");
        assert_eq!(stripped(b"https://a.example/x#part?not-a-query"), b"https://a.example/x");
        assert_eq!(stripped("https://a.example/ä.png".as_bytes()), "https://a.example/ä.png".as_bytes());
        assert_eq!(stripped(b"?"), b"");
        assert_eq!(stripped(b""), b"");
    }

    #[test]
    fn a_url_that_is_its_own_content_is_not_told() {
        assert_eq!(stripped(b"data:image/png;base64,iVBORw0KGgo="), b"data:");
        assert_eq!(stripped(b"blob:https://a.example/550e8400"), b"blob:https://a.example/550e8400");
    }
}
