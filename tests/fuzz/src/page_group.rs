//! Page groups: of any path and name one of bounded length, and only so many of them in a day.

use std::collections::HashSet;

use beacon_format::limits::{NAME_BYTES_MAX, PATH_BYTES_MAX};
use collector::enrich::page_group::{GROUPS_MAX, OTHER, PageGroups, REPLACED_MAX, guess};

use crate::{NOW, SITE};

/// Longest group, in bytes.
const GROUP_BYTES_MAX: usize = 200;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Uses of pages, each in a line: a path, or behind a blank a name that the page gives itself; before it perhaps a tab and a byte that says how
/// often. A line `+` is an hour later.
pub fn page_group(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let groups = PageGroups::new(&[]);
    let (mut now, mut seen) = (NOW, HashSet::new());
    for line in text.split('\n') {
        if line == "+" {
            now += HOUR_MS;
            if now % DAY_MS < HOUR_MS {
                seen.clear();
            }
            continue;
        }
        let (times, line) = match line.strip_prefix('\t').and_then(|rest| rest.split_at_checked(1)) {
            Some((times, rest)) => (times.bytes().map(usize::from).sum(), rest),
            None => (1, line),
        };
        let name = line.strip_prefix(' ').filter(|name| (1..=NAME_BYTES_MAX).contains(&name.len()));
        let path = if name.is_some() || line.len() > PATH_BYTES_MAX { "/" } else { line };
        let guessed = guess(path);
        guess_holds(path, &guessed);
        for _ in 0..times {
            let (group, is_other) = groups.group(name, path, now);
            assert_eq!(group, if is_other { OTHER } else { name.unwrap_or(&guessed) });
            if !is_other && seen.insert(group) {
                assert!(seen.len() <= GROUPS_MAX + REPLACED_MAX);
            }
        }
        // A rule's group is not the page's to choose.
        let (ruled, _) = SITE.page_groups.group(name, path, NOW);
        let is_item = path.strip_prefix("/item/").is_some_and(|rest| !rest.contains(['/', '?', '#']));
        assert!(!is_item || ruled == "item", "{ruled:?}");
    }
}

fn guess_holds(path: &str, guessed: &str) {
    assert!((1..=GROUP_BYTES_MAX).contains(&guessed.len()) && guessed.starts_with('/'), "{guessed:?}");
    assert!(!guessed.contains(['?', '#']), "{guessed:?}");
    // What stands behind the path proper changes nothing.
    assert_eq!(guess(&format!("{path}?a=1#b")), guessed);
}
