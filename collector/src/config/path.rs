//! Dotted paths of keys, written as TOML writes them.

use toml::{Table, Value};

/// A key as it stands in a dotted path: in quotes where it has other characters than TOML's bare keys.
pub(super) fn segment(key: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !key.is_empty() && key.bytes().all(is_bare) { key.to_owned() } else { format!("\"{key}\"") }
}

/// The first key of a dotted path, and the rest.
fn split(path: &str) -> (&str, Option<&str>) {
    let quoted = path.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    match quoted {
        Some((key, rest)) => (key, rest.strip_prefix('.')),
        None => path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest))),
    }
}

/// The table at a dotted path.
pub(super) fn table_at<'a>(table: &'a mut Table, path: &str) -> Option<&'a mut Table> {
    let (key, rest) = split(path);
    let inner = table.get_mut(key)?.as_table_mut()?;
    match rest {
        None => Some(inner),
        Some(rest) => table_at(inner, rest),
    }
}

/// Removes the value at a dotted path, and tables that this leaves empty.
pub(super) fn remove(table: &mut Table, path: &str) -> Option<Value> {
    let (section, Some(rest)) = split(path) else {
        return table.remove(split(path).0);
    };
    let inner = table.get_mut(section)?.as_table_mut()?;
    let value = remove(inner, rest);
    if inner.is_empty() {
        table.remove(section);
    }
    value
}

/// The paths of all that is left in a table, but for tables that are empty.
pub(super) fn leaves(table: &Table, prefix: &str, paths: &mut Vec<String>) {
    for (key, value) in table {
        let path = format!("{prefix}{}", segment(key));
        match value {
            Value::Table(inner) => leaves(inner, &format!("{path}."), paths),
            _ => paths.push(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_bare_keys_stand_in_quotes_and_are_found_again() {
        let mut table: Table = "[users.\"ann@example.com\"]\nsites = 1\n[users.bob]\nsites = 2".parse().unwrap();
        let mut paths = Vec::new();
        leaves(&table, "", &mut paths);
        assert_eq!(paths, ["users.\"ann@example.com\".sites", "users.bob.sites"]);
        assert_eq!(remove(&mut table, &paths[0]), Some(Value::Integer(1)));
        assert_eq!(remove(&mut table, &paths[1]), Some(Value::Integer(2)));
        assert!(table.is_empty());
    }
}
