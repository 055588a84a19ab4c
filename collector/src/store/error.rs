//! What can go wrong at ClickHouse, sorted by what to do about it.

use std::fmt;

use clickhouse::error::Error;

use super::rowbinary::RowBinaryError;

/// ClickHouse's code for a batch that it has already. No failure.
pub(super) const DEDUPLICATED: u32 = 389;
/// Of ClickHouse's message for a batch whose rows are of more partitions than one INSERT may make.
const TOO_MANY_PARTITIONS: &str = "partitions for single INSERT block";

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The network, a time-out, an overload: the same again, a little later.
    Passing,
    /// Too many parts: the same again, much later.
    TooManyParts,
    /// The schema, the rights or the settings are not as expected: the same again once somebody has mended them.
    Setup,
    /// The rows themselves are refused, and will be again.
    Poison,
}

impl ErrorClass {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Passing, Self::TooManyParts, Self::Setup, Self::Poison];

    /// Its name in metrics and log lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::TooManyParts => "too_many_parts",
            Self::Setup => "setup",
            Self::Poison => "poison",
        }
    }

    /// The class of a ClickHouse error code. Codes that are not named here pass: retrying loses nothing.
    fn of_code(code: u32) -> Self {
        match code {
            // TOO_MANY_PARTS
            252 => Self::TooManyParts,
            // Values that cannot be parsed, converted or placed, that a constraint forbids, and rows that are too large.
            6 | 27 | 33 | 53 | 69 | 117 | 349 | 441 | 469 => Self::Poison,
            // Unknown column, table, database, type, format, function or setting; wrong structure; no rights; read-only.
            8 | 10 | 16 | 20 | 44 | 46 | 47 | 48 | 50 | 60 | 62 | 73 | 81 | 115 | 164 | 192 | 193 | 194 | 195 | 291
            | 452 | 497 | 516 => Self::Setup,
            _ => Self::Passing,
        }
    }

    /// The class of an answer that is no success.
    fn of_response(text: &str, code: Option<u32>) -> Self {
        match code {
            // One code for two things: here the rows are of too many partitions for one INSERT, and waiting helps nothing; fewer rows at a time do.
            Some(252) if text.contains(TOO_MANY_PARTITIONS) => Self::Poison,
            Some(code) => Self::of_code(code),
            // A proxy before ClickHouse that wants somebody to prove who he is.
            None if ["401 ", "403 ", "407 "].iter().any(|status| text.starts_with(status)) => Self::Setup,
            None => Self::Passing,
        }
    }
}

/// A failure at ClickHouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// What to do about it.
    pub class: ErrorClass,
    /// ClickHouse's error code, if it answered with one.
    pub code: Option<u32>,
    /// The whole message; for the log, never for a client of ours.
    pub message: String,
}

impl StoreError {
    pub(super) fn no_form(error: &RowBinaryError) -> Self {
        Self { class: ErrorClass::Setup, code: None, message: error.to_string() }
    }

    pub(super) fn not_understood(error: &serde_json::Error) -> Self {
        Self { class: ErrorClass::Setup, code: None, message: format!("the rows are not as expected: {error}") }
    }

    /// Whether what was asked for is not there: no such table, view or function.
    pub fn is_missing(&self) -> bool {
        matches!(self.code, Some(46 | 60))
    }

    pub(super) fn too_large(bytes_max: usize) -> Self {
        Self { class: ErrorClass::Poison, code: None, message: format!("the answer is larger than {bytes_max} bytes") }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        // The client tells the code in the header only where there is no readable text.
        let (text, code) = match &error {
            Error::BadResponse(text) => (text.as_str(), exception_code(text)),
            _ => ("", None),
        };
        let class = match &error {
            Error::SchemaMismatch(_)
            | Error::InvalidColumnsHeader(_)
            | Error::InvalidParams(_)
            | Error::Unsupported(_) => ErrorClass::Setup,
            _ => ErrorClass::of_response(text, code),
        };
        // A network error says what happened in the errors below it.
        let mut message = error.to_string();
        let mut source = std::error::Error::source(&error).and_then(std::error::Error::source);
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Self { class, code, message }
    }
}

/// The number in `Code: 60. DB::Exception: ...`: the whole number, at the start of the text or of a line.
fn exception_code(text: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let digits = line.trim_start().strip_prefix("Code: ")?;
        let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn class(text: &str) -> ErrorClass {
        StoreError::from(Error::BadResponse(text.to_owned())).class
    }

    #[test]
    fn a_code_is_read_whole() {
        assert_eq!(exception_code("Code: 53. DB::Exception: Type mismatch"), Some(53));
        assert_eq!(exception_code("Code: 539. DB::Exception: ..."), Some(539));
        assert_eq!(exception_code("Code: 60"), Some(60));
        assert_eq!(exception_code("the text 'Code: 60.' in a value"), None);
        assert_eq!(exception_code("Code: many"), None);
        assert_eq!(exception_code("Code: 99999999999999"), None);
        assert_eq!(exception_code("502 Bad Gateway"), None);
    }

    #[test]
    fn classes_follow_the_code() {
        assert_eq!(class("Code: 252. DB::Exception: Too many parts"), ErrorClass::TooManyParts);
        assert_eq!(class("Code: 60. DB::Exception: no table"), ErrorClass::Setup);
        assert_eq!(class("Code: 516. DB::Exception: Authentication failed"), ErrorClass::Setup);
        assert_eq!(class("Code: 53. DB::Exception: Type mismatch"), ErrorClass::Poison);
        assert_eq!(class("Code: 539. DB::Exception: something"), ErrorClass::Passing);
        assert_eq!(class("Code: 241. DB::Exception: Memory limit"), ErrorClass::Passing);
        assert_eq!(class("502 Bad Gateway"), ErrorClass::Passing);
        assert_eq!(StoreError::from(Error::SchemaMismatch("x".to_owned())).class, ErrorClass::Setup);
        assert_eq!(
            class("Code: 252. DB::Exception: Too many partitions for single INSERT block (more than 100)."),
            ErrorClass::Poison
        );
        assert_eq!(class("401 Unauthorized"), ErrorClass::Setup);
        assert_eq!(class("4012"), ErrorClass::Passing);
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in any::<String>(), prefix in "[C\\so\\d:de .]{0,40}") {
            for text in [&text, &prefix, &format!("Code: {text}"), &format!("Code: {prefix}"), &format!("{prefix}\nCode: {text}")] {
                let error = StoreError::from(Error::BadResponse(text.clone()));
                prop_assert!(error.code.is_none() || text.contains("Code: "), "{}", text);
            }
        }

        #[test]
        fn a_code_is_found_at_the_start_of_any_line(code in any::<u32>(), before in "[^C]{0,60}", after in "([^0-9].{0,60})?") {
            prop_assert_eq!(exception_code(&format!("{before}\n  Code: {code}{after}")), Some(code));
        }
    }
}
