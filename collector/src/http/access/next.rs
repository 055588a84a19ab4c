//! Where a login leads to: a path of this origin, and nowhere else.

use url::{Position, Url};

/// Longest address that is kept over a login.
const BYTES_MAX: usize = 2048;
/// Where one is led who asked for nothing, or for something else.
const HOME: &str = "/";

/// The path, query and fragment of `asked` where that is an address within this origin; else `/`. What is returned begins with one slash and has no
/// character that a header could not have.
pub(super) fn within_origin(asked: &str) -> String {
    resolved(asked).unwrap_or_else(|| HOME.to_owned())
}

fn resolved(asked: &str) -> Option<String> {
    if !asked.starts_with('/') || asked.len() > BYTES_MAX {
        return None;
    }
    // As a browser would read it, which takes \ for / and leaves out line ends.
    let here = Url::parse("http://slowtax.invalid/").ok()?;
    let there = here.join(asked).ok()?;
    let path = &there[Position::BeforePath..];
    let is_own = there.origin() == here.origin() && !path.starts_with("//") && !path.contains('\\');
    // A login that leads to a login, or out again, is none.
    let is_login = matches!(there.path(), "/login" | "/logout");
    (is_own && !is_login).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_of_this_origin_are_followed_with_their_query() {
        for path in ["/", "/report/", "/?site=shop&days=7&country=BR", "/report/#top", "/a%20b?c=%2F%2Fd"] {
            assert_eq!(within_origin(path), path);
        }
        assert_eq!(within_origin("/a b?c=\"<"), "/a%20b?c=%22%3C");
        assert_eq!(within_origin("/a/../b"), "/b");
    }

    #[test]
    fn everything_else_leads_home() {
        for elsewhere in [
            "",
            "report",
            "https://evil.example/",
            "//evil.example/",
            "///evil.example/",
            "/\\evil.example/",
            "\\\\evil.example/",
            "/\t/evil.example/",
            "/\r\n/evil.example/",
            "\t//evil.example/",
            "/.//evil.example/",
            "/..//evil.example/",
            "/a/..//evil.example/",
            "/%2e//evil.example/",
            "javascript:alert(1)",
            "http:/evil.example/",
            "/login?next=/login",
            "/logout",
            "/./login",
        ] {
            assert_eq!(within_origin(elsewhere), "/", "{elsewhere:?}");
        }
        assert_eq!(within_origin(&format!("/{}", "x".repeat(BYTES_MAX - 1))).len(), BYTES_MAX);
        assert_eq!(within_origin(&format!("/{}", "x".repeat(BYTES_MAX))), "/");
    }

    proptest! {
        #[test]
        fn a_browser_that_follows_it_stays_here(asked in "[/\\\\.a-z:@?#%\\t\\n -]{0,20}") {
            let browser = Url::parse("https://rum.example.com/login").unwrap();
            let there = browser.join(&within_origin(&asked)).unwrap();
            prop_assert_eq!(there.origin(), browser.origin());
        }

        #[test]
        fn it_fits_a_header(asked in "/.{0,100}") {
            prop_assert!(within_origin(&asked).bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
