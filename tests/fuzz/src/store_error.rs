//! What ClickHouse says: the class of an error follows from its whole code, and only for what has none, or means two things, from the text.

use clickhouse::error::Error;
use collector::store::{ErrorClass, StoreError};

/// Too many parts, or too many partitions in one INSERT.
const TOO_MANY: u32 = 252;

/// An answer with an error, as ClickHouse or whatever stands in its place may write it.
pub fn store_error(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let error = StoreError::from(Error::BadResponse(text.to_string()));
    assert_eq!(error.code, code(&text));
    assert!(error.message.contains(&*text));
    match (error.code, error.class) {
        (None, ErrorClass::Setup) => assert!(["401 ", "403 ", "407 "].contains(&&text[..4]), "{text:?}"),
        (None, class) => assert_eq!(class, ErrorClass::Passing),
        (Some(TOO_MANY), ErrorClass::Poison) => {
            assert!(text.contains("partitions for single INSERT block"), "{text:?}");
        }
        (Some(code), class) => {
            let plain = StoreError::from(Error::BadResponse(format!("Code: {code}. DB::Exception: something")));
            assert_eq!((plain.code, plain.class), (Some(code), class));
        }
    }
}

/// The number of the first line that begins with `Code: ` and digits that are one.
fn code(text: &str) -> Option<u32> {
    for line in text.split('\n') {
        let Some(rest) = line.trim_start().strip_prefix("Code: ") else { continue };
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(code) = digits.parse() {
            return Some(code);
        }
    }
    None
}
