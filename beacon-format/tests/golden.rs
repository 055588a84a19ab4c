//! Golden beacons: bytes that were sent once decode to the same for ever. A change of the format that breaks one needs a new version.
//!
//! `golden/NAME.hex` is the binary beacon, `golden/NAME.json` what it says.
#![cfg(feature = "decode")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may stop at once")]

use beacon_format::{decode, encode_json};
use serde_json::Value;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Whether `says` holds all of `said`: fields that were added since may stand beside it.
fn contains(says: &Value, said: &Value) -> bool {
    match (says, said) {
        (Value::Object(says), Value::Object(said)) => {
            said.iter().all(|(key, said)| says.get(key).is_some_and(|says| contains(says, said)))
        }
        (Value::Array(says), Value::Array(said)) => {
            says.len() == said.len() && says.iter().zip(said).all(|(says, said)| contains(says, said))
        }
        _ => says == said,
    }
}

fn check(hex: &str, json: &str) {
    let body = bytes(hex);
    let beacon = decode(&body).expect("a golden beacon decodes");
    let says: Value = serde_json::from_slice(&encode_json(&beacon)).unwrap();
    let said: Value = serde_json::from_str(json).unwrap();
    assert!(contains(&says, &said), "the binary form says something else now: {says}");
    assert_eq!(decode(json.trim().as_bytes()).as_ref(), Ok(&beacon), "the JSON form says something else now");
}

#[test]
fn a_page_view_with_everything() {
    check(include_str!("golden/page_view.hex"), include_str!("golden/page_view.json"));
}

#[test]
fn an_order_with_its_earlier_views() {
    check(include_str!("golden/order.hex"), include_str!("golden/order.json"));
}

#[test]
fn a_page_view_with_all_that_is_captured() {
    check(include_str!("golden/capture.hex"), include_str!("golden/capture.json"));
}
