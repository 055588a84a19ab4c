//! The body of a request that changes something: one object of JSON, its fields taken by name into types.

use serde_json::{Map, Value};
use time::UtcDateTime;

use super::parameters::instant;
use super::refusal::Refusal;
use crate::reject::Reject;

/// Largest body, packed or not, in bytes.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;
/// What is told of a field's name that is none of ours.
const NAME_CHARS_MAX: usize = 64;
const UNKNOWN: &str = "only the fields that /api/v1/openapi.json names";

/// An object's fields, all of which are known by name.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

/// What a text may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    /// Most characters, Unicode scalar values, without space at either end.
    pub(super) chars_max: usize,
    /// Whether it may have line breaks and tabs; a line break is then always one line feed.
    pub(super) has_lines: bool,
    /// What fits, for whoever gave something else.
    pub(super) expected: &'static str,
}

/// What a field says that may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given<T> {
    LeftOut,
    Null,
    Value(T),
}

impl Fields {
    /// Reads a body that may have these fields.
    pub(super) fn parse(body: &[u8], known: &[&str]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Err(Reject::Empty.into());
        }
        let fields: Map<String, Value> = serde_json::from_slice(body).map_err(|_| Reject::BadJson)?;
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(Refusal::parameter(name.chars().take(NAME_CHARS_MAX).collect::<String>(), UNKNOWN)),
            None => Ok(Self(fields)),
        }
    }

    /// A field's text, without space at its ends.
    pub(super) fn text(&self, name: &'static str, allowed: Text) -> Result<Option<String>, Refusal> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let refusal = || Refusal::parameter(name, allowed.expected);
        let text = value.as_str().ok_or_else(refusal)?.replace("\r\n", "\n").trim().to_owned();
        let is_allowed = |character: char| !character.is_control() || allowed.has_lines && "\n\t".contains(character);
        let fits = text.chars().count() <= allowed.chars_max && text.chars().all(is_allowed);
        if fits { Ok(Some(text)) } else { Err(refusal()) }
    }

    /// A field that says no more than that it is there.
    pub(super) fn is_true(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.0.get(name) {
            None => Ok(false),
            Some(Value::Bool(true)) => Ok(true),
            Some(_) => Err(Refusal::parameter(name, "true, or no such field")),
        }
    }

    /// An instant, or null.
    pub(super) fn instant(&self, name: &'static str, expected: &'static str) -> Result<Given<UtcDateTime>, Refusal> {
        match self.0.get(name) {
            None => Ok(Given::LeftOut),
            Some(Value::Null) => Ok(Given::Null),
            Some(value) => {
                let at = value.as_str().and_then(instant);
                at.map(Given::Value).ok_or_else(|| Refusal::parameter(name, expected))
            }
        }
    }

    /// A whole number that is not negative.
    pub(super) fn number(&self, name: &'static str, expected: &'static str) -> Result<Option<u64>, Refusal> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        value.as_u64().map(Some).ok_or_else(|| Refusal::parameter(name, expected))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::utc_datetime;

    use super::*;

    const CAUSE: Text = Text { chars_max: 5, has_lines: false, expected: "five" };
    const NOTES: Text = Text { chars_max: 5, has_lines: true, expected: "five" };

    fn fields(body: &str) -> Result<Fields, Refusal> {
        Fields::parse(body.as_bytes(), &["cause", "at", "yes", "version"])
    }

    fn text(body: &str, allowed: Text) -> Option<String> {
        fields(body).unwrap().text("cause", allowed).ok().map(Option::unwrap_or_default)
    }

    #[test]
    fn a_body_is_one_object_of_known_fields() {
        for (body, reject) in [
            ("", Reject::Empty),
            ("{", Reject::BadJson),
            ("[]", Reject::BadJson),
            ("null", Reject::BadJson),
            ("{}{}", Reject::BadJson),
            ("{\"cause\":\"\u{0}\"}", Reject::BadJson),
        ] {
            assert_eq!(fields(body).unwrap_err().reject, reject, "{body}");
        }
        assert!(fields("{}").unwrap().0.is_empty());
        let refusal = fields(r#"{"cause":"a","casue":"b"}"#).unwrap_err();
        assert_eq!((refusal.reject, refusal.parameter.unwrap().0.as_ref()), (Reject::BadParameter, "casue"));
        let long = format!("{{\"{}\":1}}", "ä".repeat(65));
        assert_eq!(fields(&long).unwrap_err().parameter.unwrap().0, "ä".repeat(64));
    }

    #[test]
    fn a_text_is_held_to_its_characters_and_lines() {
        assert_eq!(text(r#"{"cause":"  äöüßé\n "}"#, CAUSE).as_deref(), Some("äöüßé"));
        assert_eq!(text(r#"{"cause":"äöüßéa"}"#, CAUSE), None);
        assert_eq!(text(r#"{"cause":""}"#, CAUSE).as_deref(), Some(""));
        assert_eq!(text(r#"{"cause":"a\r\nb\tc"}"#, NOTES).as_deref(), Some("a\nb\tc"));
        for body in [r#"{"cause":"a\nb"}"#, r#"{"cause":"a\tb"}"#, r#"{"cause":1}"#, r#"{"cause":null}"#] {
            assert_eq!(text(body, CAUSE), None, "{body}");
        }
        for body in
            [r#"{"cause":"a\u0000b"}"#, r#"{"cause":"a\u001bb"}"#, r#"{"cause":"a\u0085b"}"#, r#"{"cause":"a\rb"}"#]
        {
            assert_eq!(text(body, NOTES), None, "{body}");
        }
    }

    #[test]
    fn other_fields_have_their_types() {
        let taken = fields(r#"{"at":"2026-11-25T12:06:00+01:00","yes":true,"version":18446744073709551615}"#).unwrap();
        let at = taken.instant("at", "an instant").unwrap();
        assert_eq!(at, Given::Value(utc_datetime!(2026-11-25 11:06:00)));
        assert!(taken.is_true("yes").unwrap());
        assert_eq!(taken.number("version", "a number").unwrap(), Some(u64::MAX));
        assert_eq!(fields(r#"{"at":null}"#).unwrap().instant("at", "an instant").unwrap(), Given::Null);
        assert_eq!(fields("{}").unwrap().instant("at", "an instant").unwrap(), Given::LeftOut);
        for body in [r#"{"at":"yesterday","yes":false,"version":-1}"#, r#"{"at":1,"yes":1,"version":"1"}"#] {
            let taken = fields(body).unwrap();
            assert!(taken.instant("at", "an instant").is_err() && taken.is_true("yes").is_err(), "{body}");
            assert!(taken.number("version", "a number").is_err(), "{body}");
        }
    }
}
