//! The group of a page: `/item/12345.html` and `/item/67890.html` are one kind of page. In this order: the site's own rules, the name that
//! the page gave itself, and a heuristic that replaces what looks like data in a path by what kind of data it is.
//!
//! A site has at most [`GROUPS_MAX`] groups at a time besides those of its rules: those that it uses most ([`super::places`]). Everything else
//! is `(other)`, so that no one can fill the tables' dictionaries with invented paths, nor keep a site's own pages out of them.

use regex::{RegexSet, RegexSetBuilder};

use super::places::{Places, Sizes};
use super::text::{cut, without_query};
use crate::config::PageGroupRule;
use crate::store::rows::UnixMs;

/// Groups of one site at a time, without those of its rules.
pub const GROUPS_MAX: usize = 500;
/// Groups that take another's place in a day (UTC). As many as there are, so that a site whose places were taken by invented names, after a start, has its
/// own within a day. With those that are there when the day begins, a site has at most 1,000 groups in a day.
pub const REPLACED_MAX: usize = 500;
/// Groups that wait for a place and are counted.
const COUNTERS: usize = 500;
/// Uses by which a group must be ahead of twice those of the least used, to take its place: what comes once or twice never is.
const LEAD: u64 = 16;
/// The group of pages whose own has no place.
pub const OTHER: &str = "(other)";
/// Path segments that a group keeps.
const SEGMENTS_MAX: usize = 5;
/// Longest group.
const GROUP_BYTES_MAX: usize = 200;

/// Makes the groups of one site's pages.
#[derive(Debug)]
pub struct PageGroups {
    patterns: RegexSet,
    groups: Vec<String>,
    places: Places,
}

impl PageGroups {
    /// With the site's rules, which the configuration has checked. A rule set that is too large to compile is left out.
    pub fn new(rules: &[PageGroupRule]) -> Self {
        let patterns = RegexSetBuilder::new(rules.iter().map(|rule| expression(&rule.pattern))).build();
        let patterns = patterns.unwrap_or_else(|error| {
            tracing::error!(%error, "the page group rules are too large and are left out");
            RegexSet::empty()
        });
        let groups = rules.iter().map(|rule| rule.group.clone()).collect();
        let sizes = Sizes { places: GROUPS_MAX, counters: COUNTERS, lead: LEAD, replaced_max: REPLACED_MAX };
        Self { patterns, groups, places: Places::new(sizes) }
    }

    /// The group of a page that is used now, and whether it is `(other)` for want of room.
    pub fn group(&self, name: Option<&str>, path: &str, now: UnixMs) -> (String, bool) {
        let path = without_query(path);
        if let Some(rule) = self.patterns.matches(path).iter().next() {
            return (self.groups[rule].clone(), false);
        }
        let group = match name {
            Some(name) => name.to_owned(),
            None => guess(path),
        };
        if self.places.admit(&group, now) { (group, false) } else { (OTHER.to_owned(), true) }
    }
}

/// A rule's pattern as a regular expression: `**` is anything, `*` anything but `/`.
fn expression(pattern: &str) -> String {
    let parts: Vec<String> =
        pattern.split("**").map(|part| part.split('*').map(regex::escape).collect::<Vec<_>>().join("[^/]*")).collect();
    format!("(?s)^{}$", parts.join(".*"))
}

/// The group of a path by what its segments look like.
pub fn guess(path: &str) -> String {
    let mut group = String::new();
    let mut segments = without_query(path).split('/').filter(|segment| !segment.is_empty());
    for (index, segment) in segments.by_ref().take(SEGMENTS_MAX).enumerate() {
        group.push('/');
        group.push_str(&kind(segment, index == 0));
    }
    if segments.next().is_some() {
        group.push_str("/*");
    }
    if group.is_empty() {
        group.push('/');
    }
    cut(&group, GROUP_BYTES_MAX).to_owned()
}

/// A segment, or the kind of data that it is.
fn kind(segment: &str, is_first: bool) -> String {
    let segment = without_extension(segment);
    let lower = segment.to_lowercase();
    let kind = match lower.as_str() {
        text if !text.is_ascii() || text.contains('%') => ":text",
        text if is_first && is_language(text) => ":lang",
        text if is_all(text, |byte| byte.is_ascii_digit()) => ":id",
        text if is_uuid(text) => ":uuid",
        text if is_date(text) => ":date",
        text if text.contains('@') => ":email",
        text if text.len() >= 16 && is_all(text, |byte| byte.is_ascii_hexdigit()) => ":hash",
        text if is_slug(text) => ":slug",
        text if is_code(text) => ":code",
        text if text.len() > 40 => ":text",
        _ => return lower,
    };
    kind.to_owned()
}

/// The extensions of pages say how a site is built, not what a page is.
fn without_extension(segment: &str) -> &str {
    const EXTENSIONS: [&str; 8] = [".html", ".htm", ".xhtml", ".php", ".asp", ".aspx", ".jsp", ".shtml"];
    let extension = segment.rfind('.').filter(|at| *at > 0).map(|at| (at, segment[at..].to_ascii_lowercase()));
    match extension {
        Some((at, extension)) if EXTENSIONS.contains(&extension.as_str()) => &segment[..at],
        _ => segment,
    }
}

fn is_all(text: &str, fits: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(fits)
}

/// `en`, `pt-br`, `zh_cn`: two letters, perhaps two more.
fn is_language(text: &str) -> bool {
    let letters = |part: &str| part.len() == 2 && is_all(part, |byte| byte.is_ascii_lowercase());
    match text.split_once(['-', '_']) {
        Some((language, region)) => letters(language) && letters(region),
        None => letters(text),
    }
}

fn is_uuid(text: &str) -> bool {
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && is_all(text, |byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// `2026-01-05`
fn is_date(text: &str) -> bool {
    text.split('-').map(str::len).eq([4, 2, 2]) && is_all(text, |byte| byte == b'-' || byte.is_ascii_digit())
}

/// Words with hyphens between them: at least four of them, or some with a number of at least three digits.
fn is_slug(text: &str) -> bool {
    let words: Vec<&str> = text.split(['-', '_']).collect();
    let has_number = words.iter().any(|word| word.len() >= 3 && is_all(word, |byte| byte.is_ascii_digit()));
    words.len() >= 4 || (words.len() >= 2 && has_number)
}

/// Letters and digits mixed, such as a product's number: at least six, at least three of them digits.
fn is_code(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() >= 6 && digits >= 3 && is_all(text, |byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    const NOW: UnixMs = 1_795_000_000_000;

    #[derive(Deserialize)]
    struct Vector {
        path: String,
        group: String,
    }

    #[test]
    fn the_vectors_have_their_groups() {
        let vectors: Vec<Vector> =
            serde_json::from_str(include_str!("../../../tests/vectors/page_groups.json")).unwrap();
        assert_eq!(vectors.len(), 25);
        for Vector { path, group } in vectors {
            assert_eq!(guess(&path), group, "{path}");
        }
    }

    fn rules() -> PageGroups {
        let rule = |pattern: &str, group: &str| PageGroupRule { pattern: pattern.to_owned(), group: group.to_owned() };
        PageGroups::new(&[
            rule("/item/*", "item"),
            rule("/help/**", "help"),
            rule("/**/print", "print"),
            rule("/a.b", "dot"),
        ])
    }

    #[test]
    fn rules_come_first_then_the_pages_name_then_the_guess() {
        let groups = rules();
        for (name, path, group) in [
            (Some("x"), "/item/1", "item"),
            (Some("x"), "/item/1?q=/item/2", "item"),
            (None, "/item/1/reviews", "/item/:id/reviews"),
            (None, "/help/a/b", "help"),
            (None, "/help/a/print", "help"),
            (None, "/some/where/print", "print"),
            (Some("special"), "/other", "special"),
            (None, "/a.b", "dot"),
            (None, "/aXb", "/axb"),
        ] {
            assert_eq!(groups.group(name, path, NOW), (group.to_owned(), false), "{path}");
        }
    }

    #[test]
    fn the_501st_group_is_other_until_it_is_used_more_than_another() {
        let groups = rules();
        for index in 0..GROUPS_MAX {
            assert_eq!(groups.group(Some(&format!("page {index}")), "/", NOW), (format!("page {index}"), false));
        }
        assert_eq!(groups.group(Some("one more"), "/", NOW), (OTHER.to_owned(), true));
        assert_eq!(groups.group(None, "/new/path", NOW), (OTHER.to_owned(), true));
        assert_eq!(groups.group(Some("page 499"), "/", NOW), ("page 499".to_owned(), false));
        assert_eq!(groups.group(None, "/item/7", NOW), ("item".to_owned(), false));
        for use_of_it in 2..=18 {
            assert_eq!(groups.group(None, "/new/path", NOW), (OTHER.to_owned(), true), "{use_of_it}");
        }
        assert_eq!(groups.group(None, "/new/path", NOW), ("/new/path".to_owned(), false));
    }

    proptest! {
        #[test]
        fn any_path_has_a_group_and_it_is_bounded(path in ".{0,600}") {
            let group = guess(&path);
            prop_assert!(group.starts_with('/') && group.len() <= GROUP_BYTES_MAX);
            prop_assert!(!group.contains(['?', '#']));
        }

        #[test]
        fn a_query_changes_nothing(path in "(/[a-zA-Z0-9%@._-]{0,20}){0,8}", query in ".{0,40}") {
            prop_assert_eq!(guess(&format!("{path}?{query}")), guess(&path));
        }

        #[test]
        fn numbers_never_make_groups_of_their_own(number in any::<u64>()) {
            prop_assert_eq!(guess(&format!("/item/{number}")), "/item/:id");
        }

        #[test]
        fn any_pattern_compiles(pattern in "/.{0,100}", path in "/.{0,100}") {
            let groups = PageGroups::new(&[PageGroupRule { pattern: pattern.clone(), group: "g".to_owned() }]);
            prop_assert_eq!(groups.patterns.len(), 1);
            groups.group(None, &path, NOW);
        }
    }
}
