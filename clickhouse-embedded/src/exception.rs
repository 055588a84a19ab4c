//! Errors as a ClickHouse server words them: `Code: 62. DB::Exception: Syntax error: ... (SYNTAX_ERROR) (version V)`.
//!
//! Most come from the engine as text and are only brought into the server's form; the ones found before the engine is
//! asked (a locked session, a bad checksum) are made here, with the code and the name that a server uses.

use std::fmt;

/// A code of `system.errors` that this program raises by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    /// The number.
    pub number: i32,
    /// The name in parentheses.
    pub name: &'static str,
}

macro_rules! codes {
    ($($name:ident = $number:literal,)*) => {
        impl ErrorCode {
            $(#[doc = concat!("Code ", $number, ".")]
            pub const $name: Self = Self { number: $number, name: stringify!($name) };)*
        }
    };
}

codes! {
    ATTEMPT_TO_READ_AFTER_EOF = 32,
    CANNOT_READ_ALL_DATA = 33,
    BAD_ARGUMENTS = 36,
    TOO_LARGE_SIZE_COMPRESSED = 39,
    CHECKSUM_DOESNT_MATCH = 40,
    NOT_IMPLEMENTED = 48,
    SYNTAX_ERROR = 62,
    UNKNOWN_COMPRESSION_METHOD = 89,
    UNKNOWN_SETTING = 115,
    READONLY = 164,
    REQUIRED_PASSWORD = 194,
    TOO_MANY_SIMULTANEOUS_QUERIES = 202,
    SOCKET_TIMEOUT = 209,
    NETWORK_ERROR = 210,
    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING = 216,
    QUERY_IS_TOO_LARGE = 229,
    CANNOT_DECOMPRESS = 271,
    ZLIB_INFLATE_FAILED = 354,
    INTO_OUTFILE_NOT_ALLOWED = 358,
    SESSION_NOT_FOUND = 372,
    SESSION_IS_LOCKED = 373,
    INVALID_SESSION_TIMEOUT = 374,
    HTTP_LENGTH_REQUIRED = 381,
    QUERY_WAS_CANCELLED = 394,
    TOO_MANY_ROWS_OR_BYTES = 396,
    BROTLI_READ_FAILED = 448,
    SETTING_CONSTRAINT_VIOLATION = 452,
    ACCESS_DENIED = 497,
    AUTHENTICATION_FAILED = 516,
    ZSTD_DECODER_FAILED = 561,
    LZ4_DECODER_FAILED = 618,
    POCO_EXCEPTION = 1000,
}

/// An error with its code, in a server's words but without the version that ends them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The code, as the `X-ClickHouse-Exception-Code` header has it.
    pub code: i32,
    text: String,
}

impl Exception {
    /// An error raised by this program.
    pub fn new(code: ErrorCode, message: impl fmt::Display) -> Self {
        let mut text = format!("Code: {}. DB::Exception: {message}", code.number);
        // As ClickHouse does: the name comes after a full stop, and there is one only.
        if !text.ends_with('.') {
            text.push('.');
        }
        Self { code: code.number, text: format!("{text} ({})", code.name) }
    }

    /// An error that the engine gave as text.
    ///
    /// The engine wraps some errors in themselves (`Code: 73. DB::Exception: Code: 73. DB::Exception: ...`) and adds its
    /// version to some only: the innermost is kept and every version cut, as [`Self::render`] adds one to all.
    pub fn from_engine(text: &str) -> Self {
        let text = text.trim_end();
        let mut rest = text;
        let mut depth = 0_usize;
        while let Some(inner) = after_prefix(rest).filter(|inner| after_prefix(inner).is_some()) {
            rest = inner;
            depth += 1;
        }
        let Some(code) = code_of(rest) else {
            return Self::new(ErrorCode::POCO_EXCEPTION, text);
        };
        let mut kept = rest;
        for _ in 0..depth {
            // Each wrapping ended with ". (NAME)" of its own, after the inner version.
            kept = kept.rsplit_once(". (").map_or(kept, |(inner, _)| inner);
            kept = cut_version(kept);
        }
        Self { code, text: cut_version(kept).to_owned() }
    }

    /// The text without the version, for logs.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text that a client gets, ended by the version as a server does.
    pub fn render(&self, version: &str) -> String {
        format!("{} (version {version} (official build))", self.text)
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Exception {}

/// What follows `Code: N. DB::Exception: `.
fn after_prefix(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("Code: ")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| rest[digits..].strip_prefix(". DB::Exception: ")).flatten()
}

fn code_of(text: &str) -> Option<i32> {
    let rest = text.strip_prefix("Code: ")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}

fn cut_version(text: &str) -> &str {
    match text.rfind(" (version ") {
        Some(start) if text.ends_with(')') => &text[..start],
        _ => text,
    }
}

/// The HTTP status of an error code, as ClickHouse maps them.
pub fn http_status(code: i32) -> u16 {
    match code {
        // REQUIRED_PASSWORD
        194 => 401,
        // UNKNOWN_USER, WRONG_PASSWORD, AUTHENTICATION_FAILED, SET_NON_GRANTED_ROLE
        192 | 193 | 516 | 512 => 403,
        // What cannot be parsed, what does not fit its type, and what is too big or odd as a syntax tree.
        6 | 8 | 15 | 25 | 26 | 27 | 36 | 37 | 38 | 41 | 44 | 53 | 62 | 72 | 117 | 123 | 167 | 168 | 223 | 321 | 376
        | 427 | 441 | 675 | 676 => 400,
        // What does not exist: a function, identifier, type, storage, table, aggregate function, format, kind of query,
        // database, setting, direction of sorting, database engine, role.
        46 | 47 | 50 | 56 | 60 | 63 | 73 | 78 | 81 | 115 | 152 | 336 | 511 => 404,
        // TIMEOUT_EXCEEDED
        159 => 408,
        // HTTP_LENGTH_REQUIRED
        381 => 411,
        // QUERY_IS_TOO_LARGE
        229 => 413,
        // NOT_IMPLEMENTED
        48 => 501,
        // CANNOT_OPEN_FILE, TOO_MANY_SIMULTANEOUS_QUERIES, SOCKET_TIMEOUT, CANNOT_SCHEDULE_TASK
        76 | 202 | 209 | 439 => 503,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_engine_error_keeps_its_words() {
        let exception = Exception::from_engine(
            "Code: 60. DB::Exception: Table default.nope does not exist. Maybe you meant system.one?. (UNKNOWN_TABLE)",
        );
        assert_eq!(exception.code, 60);
        assert_eq!(
            exception.render("26.7.2.1"),
            "Code: 60. DB::Exception: Table default.nope does not exist. Maybe you meant system.one?. (UNKNOWN_TABLE) \
             (version 26.7.2.1 (official build))"
        );
    }

    #[test]
    fn an_error_wrapped_in_itself_is_given_once() {
        let exception = Exception::from_engine(
            "Code: 73. DB::Exception: Code: 73. DB::Exception: Code: 73. DB::Exception: Unknown format Nope. Maybe you \
             meant: ['One','Npy']. (UNKNOWN_FORMAT) (version 26.7.2.1). (UNKNOWN_FORMAT) (version 26.7.2.1). \
             (UNKNOWN_FORMAT)",
        );
        assert_eq!(exception.code, 73);
        assert_eq!(
            exception.text(),
            "Code: 73. DB::Exception: Unknown format Nope. Maybe you meant: ['One','Npy']. (UNKNOWN_FORMAT)"
        );
    }

    #[test]
    fn a_version_of_the_engine_is_not_given_twice() {
        let exception = Exception::from_engine(
            "Code: 33. DB::Exception: Cannot read all data. Bytes read: 3. Bytes expected: 4: (at row 1)\n: While \
             executing BinaryRowInputFormat. (CANNOT_READ_ALL_DATA) (version 26.7.2.1)",
        );
        assert_eq!(exception.code, 33);
        assert!(exception.text().ends_with("(CANNOT_READ_ALL_DATA)"), "{exception}");
    }

    #[test]
    fn text_that_is_no_exception_becomes_one() {
        let exception = Exception::from_engine("Another streaming query or insert is already active");
        assert_eq!(exception.code, 1000);
        assert!(exception.text().starts_with("Code: 1000. DB::Exception: Another streaming"));
    }

    #[test]
    fn the_statuses_are_those_of_a_server() {
        for (code, status) in [
            (62, 400),
            (194, 401),
            (516, 403),
            (60, 404),
            (81, 404),
            (115, 404),
            (159, 408),
            (229, 413),
            (48, 501),
            (202, 503),
            (241, 500),
            (164, 500),
            (395, 500),
        ] {
            assert_eq!(http_status(code), status, "code {code}");
        }
    }
}
