//! A request's database and settings on a connection, and a session's put back afterwards.
//!
//! Settings in a URL hold for that request. On a fresh connection that is all there is to it; a session's connection
//! lives on, so what the URL changes is read before and restored after.

use crate::engine::Connection;
use crate::exception::{ErrorCode, Exception};
use crate::http::external::ExternalTable;
use crate::http::read_limits::ReadLimits;
use crate::http::request::{QueryRequest, ReadOnly};
use crate::statement::Leading;

/// Puts a request's database, settings, tables, limits and read-only mode on a connection, in this order. `limits` hold where it only reads; a SET, which
/// costs nothing and is meant to last, has none.
pub fn apply(
    connection: &mut Connection,
    request: &QueryRequest,
    tables: &[ExternalTable],
    limits: Option<&ReadLimits>,
) -> Result<(), Exception> {
    if let Some(database) = &request.database {
        connection.query_text(&format!("USE {}", quoted_name(database)))?;
    }
    set(connection, &request.settings)?;
    tables.iter().try_for_each(|table| table.create(connection))?;
    if request.read_only != ReadOnly::No {
        limits.map_or(Ok(()), |limits| limits.apply(connection))?;
        connection.query_text(&format!("SET readonly = {}", request.read_only.value()))?;
    }
    Ok(())
}

fn set(connection: &mut Connection, settings: &[(String, String)]) -> Result<(), Exception> {
    if settings.is_empty() {
        return Ok(());
    }
    let mut assignments = Vec::with_capacity(settings.len());
    for (name, value) in settings {
        assignments.push(format!("{name} = {}", quoted_text(value)));
    }
    connection.query_text(&format!("SET {}", assignments.join(", "))).map(drop)
}

/// Names of settings go into statements as they are, so they may be nothing but names. To be called first.
pub fn check_names(request: &QueryRequest) -> Result<(), Exception> {
    request.settings.iter().try_for_each(|(name, _)| check_name(name))
}

fn check_name(name: &str) -> Result<(), Exception> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && !name.is_empty() && !name.as_bytes()[0].is_ascii_digit() {
        return Ok(());
    }
    Err(Exception::new(ErrorCode::UNKNOWN_SETTING, format!("Unknown setting '{name}'.")))
}

fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A name in backticks.
pub fn quoted_name(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// What a request's URL changes in a session, as it was before.
pub struct Saved {
    database: Option<String>,
    /// Names and values; `None` for one that is at its default.
    settings: Vec<(String, Option<String>)>,
}

impl Saved {
    /// Reads what the request will change.
    pub fn of(connection: &mut Connection, request: &QueryRequest) -> Result<Self, Exception> {
        let database = match &request.database {
            Some(_) => Some(connection.query_text("SELECT currentDatabase() FORMAT TSVRaw")?),
            None => None,
        };
        let mut names: Vec<&str> = request.settings.iter().map(|(name, _)| name.as_str()).collect();
        if request.read_only != ReadOnly::No {
            names.push("readonly");
            names.extend(ReadLimits::SETTINGS);
            names.sort_unstable();
            names.dedup();
        }
        if names.is_empty() {
            return Ok(Self { database, settings: Vec::new() });
        }
        let list: Vec<String> = names.iter().map(|name| quoted_text(name)).collect();
        let rows = connection.query_text(&format!(
            "SELECT name, changed, hex(value) FROM system.settings WHERE name IN ({}) FORMAT TSVRaw",
            list.join(", ")
        ))?;
        let settings = rows.lines().filter_map(saved_setting).collect();
        Ok(Self { database, settings })
    }

    /// Puts everything back but what the statement itself was about.
    pub fn restore(self, connection: &mut Connection, leading: Leading) -> Result<(), Exception> {
        // First, as nothing else can be set in read-only mode. Its default is 0, so this lifts what the request set.
        if self.settings.iter().any(|(name, value)| name == "readonly" && value.is_none()) {
            connection.query_text("SET readonly = DEFAULT")?;
        }
        if let Some(database) = self.database.filter(|_| leading != Leading::Use) {
            connection.query_text(&format!("USE {}", quoted_name(&database)))?;
        }
        let others = self.settings.into_iter().filter(|(name, _)| name != "readonly");
        // A SET statement is meant to last; it wins over the same name in its own URL.
        for (name, value) in others.filter(|_| leading != Leading::Set) {
            let value = value.map_or_else(|| "DEFAULT".to_owned(), |value| quoted_text(&value));
            connection.query_text(&format!("SET {name} = {value}"))?;
        }
        Ok(())
    }
}

/// A line of name, whether it is changed, and its value in hexadecimal digits.
fn saved_setting(line: &str) -> Option<(String, Option<String>)> {
    let mut fields = line.split('\t');
    let (name, changed, digits) = (fields.next()?, fields.next()?, fields.next()?);
    if changed != "1" {
        return Some((name.to_owned(), None));
    }
    let bytes: Option<Vec<u8>> = (0..digits.len() / 2)
        .map(|at| digits.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    Some((name.to_owned(), Some(String::from_utf8_lossy(&bytes?).into_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_leaves_no_way_out() {
        assert_eq!(quoted_text(r"a'b\"), r"'a\'b\\'");
        assert_eq!(quoted_name(r"a`b\"), r"`a\`b\\`");
        for name in ["", "a b", "a=1,b", "a'", "1a", "a.b", "a;", "ä"] {
            assert_eq!(check_name(name).map_err(|error| error.code), Err(115), "{name}");
        }
        assert_eq!(check_name("max_threads"), Ok(()));
    }

    #[test]
    fn saved_values_are_read_back() {
        assert_eq!(saved_setting("a\t0\t31"), Some(("a".to_owned(), None)));
        assert_eq!(saved_setting("a\t1\t31275C"), Some(("a".to_owned(), Some("1'\\".to_owned()))));
        assert_eq!(saved_setting("a\t1\t"), Some(("a".to_owned(), Some(String::new()))));
        assert_eq!(saved_setting("a"), None);
    }
}
