//! A question as a text that any ClickHouse client takes: its parameters filled in.

use std::fmt::Write as _;

/// Replaces every `{name:Type}` of these by its value. Strings and days are quoted, numbers are not. What was given is a value wherever it stands.
pub(super) fn filled_in(sql: &str, values: &[(&str, String)]) -> String {
    let mut made = "-- In the database of Slowtax.\n".to_owned();
    let mut rest = sql;
    while let Some((before, from)) = rest.split_once('{') {
        made.push_str(before);
        if let Some((literal, after)) = parameter(from, values) {
            made.push_str(&literal);
            rest = after;
        } else {
            made.push('{');
            rest = from;
        }
    }
    made + rest
}

/// The literal for the parameter that `text` begins within, after its brace, and what follows it.
fn parameter<'a>(text: &'a str, values: &[(&str, String)]) -> Option<(String, &'a str)> {
    let (parameter, after) = text.split_once('}')?;
    let (name, kind) = parameter.split_once(':')?;
    let (_, value) = values.iter().find(|(known, _)| *known == name)?;
    let literal = if kind.starts_with("UInt") { value.clone() } else { quoted(value) };
    Some((literal, after))
}

/// A string literal of ClickHouse (its documentation, "Syntax", "Literals").
fn quoted(text: &str) -> String {
    let mut literal = "'".to_owned();
    for character in text.chars() {
        match character {
            '\'' | '\\' => {
                literal.push('\\');
                literal.push(character);
            }
            control if control.is_control() => {
                let mut bytes = [0; 4];
                for byte in control.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(literal, "\\x{byte:02X}");
                }
            }
            other => literal.push(other),
        }
    }
    literal + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_literals_and_what_is_no_parameter_stays() {
        let values =
            [("site", "a'b\\c\n".to_owned()), ("target_ms", "2500".to_owned()), ("from_day", "2026-11-01".to_owned())];
        let sql = "SELECT '{x}' FROM v(site = {site:String}, from_day = {from_day:Date}, target_ms = {target_ms:UInt32}) -- {site} {";
        assert_eq!(
            filled_in(sql, &values),
            "-- In the database of Slowtax.\nSELECT '{x}' FROM v(site = 'a\\'b\\\\c\\x0A', from_day = '2026-11-01', target_ms = 2500) -- {site} {"
        );
    }

    #[test]
    fn a_value_that_looks_like_a_parameter_is_a_value() {
        let values = [("site", "{country:String}".to_owned()), ("country", "BR".to_owned())];
        assert!(filled_in("{site:String} {country:String}", &values).ends_with("'{country:String}' 'BR'"));
    }
}
